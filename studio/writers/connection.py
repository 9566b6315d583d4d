"""One server that speaks the OpenAI protocol, asked with care: bounded in time and bytes, without tools, redirects or
blind repeats. It knows requests and answers; not what is written or why.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from studio.domain.writing import Endpoint
from studio.errors import StudioError

CONNECT_SECONDS = 5
LIST_SECONDS = 10
MOST_BYTES = 4 * 1024 * 1024  # of one answer as it comes over the wire
MOST_CHARACTERS = 60_000  # of written text
TIMES_SILENCE = 6  # an answer may take this many times the seconds of silence that are borne
LONGEST_WAIT = 10  # seconds that a busy server may ask for
LONGEST_ERROR = 200
log = logging.getLogger("studio.writers")


class WriterTrouble(StudioError):
    """The server of a writer could not be used. `reason` is away, silent, refused, busy, unknown, garbage or broken."""

    code, status = "writer", 502

    def __init__(self, message: str, hint: str = "", *, reason: str = "broken"):
        super().__init__(message, hint)
        self.reason = reason


@dataclass(frozen=True)
class Answer:
    """What a model wrote. Tokens are the server's own count, or about four characters each when it does not count."""

    text: str
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    schema: bool | None = None
    counted: bool = True


class Connection:
    """Requests to one endpoint. The key goes into one header and into nothing else, not even an error."""

    def __init__(self, endpoint: Endpoint, key: str = "", *, pause: Callable[[float], None] = time.sleep):
        self.endpoint, self._key, self._pause = endpoint, key, pause

    # ------------------------------------------------------------------ asking
    def models(self) -> list[dict]:
        """The server's models as {id, owner}, in its order. Asked again once when it is busy."""
        with self._client(LIST_SECONDS) as client:
            found = self._again_if_busy(lambda: self._guarded(lambda: client.models.with_raw_response.list().text))
        import json

        try:
            listed = json.loads(found)
            listed = listed.get("data") if isinstance(listed, dict) else listed
            models = [one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)]
        except (ValueError, TypeError) as problem:
            raise self._garbage() from problem
        return [{"id": one["id"][:200], "owner": str(one.get("owned_by") or "")[:80]} for one in models[:2000]]

    def json(self, path: str, body: dict | None = None) -> dict | None:
        """What the server itself says at an address beside the protocol, None when it does not know it."""
        import httpx2

        root = re.sub(r"/v\d+$", "", self.endpoint.address)
        try:
            with self._http(LIST_SECONDS) as http:
                headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
                answer = http.request("POST" if body else "GET", f"{root}{path}", json=body, headers=headers)
                found = answer.json() if answer.status_code == 200 else None
                return found if isinstance(found, dict) else None
        except (httpx2.HTTPError, ValueError, _TooMuch, RecursionError):
            return None

    def chat(
        self,
        messages: list[dict],
        *,
        temperature: float | None = 0.7,
        most_tokens: int = 1200,
        schema: dict | None = None,
        seed: int | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Answer:
        """One answer, told piece by piece. Raises WriterTrouble; whatever `tell` raises ends the request.

        What a server refuses to understand (a schema, a seed, a count of tokens) is left out and asked once more: a
        refused request has written nothing. A request that began to answer is never repeated.
        """
        asked: dict = {
            "model": self.endpoint.model or "default",
            "messages": messages,
            "temperature": temperature,
            "max_tokens": most_tokens,
            "seed": seed,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        asked = {name: value for name, value in asked.items() if value is not None}
        if schema:
            form = {"name": "answer", "strict": True, "schema": schema}
            asked["response_format"] = {"type": "json_schema", "json_schema": form}
        answer = self._again_if_busy(lambda: self._understood(dict(asked), tell or (lambda text: None)))
        if not answer.text.strip():
            raise WriterTrouble(
                f"{self.endpoint.name} answered with nothing.", "Try again, or choose another model.", reason="garbage"
            )
        return answer

    # ------------------------------------------------------------------ inside
    def _understood(self, asked: dict, tell: Callable[[str], None]) -> Answer:
        """Ask, leaving out what the server says it does not know."""
        for _ in range(6):
            try:
                return self._guarded(lambda: self._once(asked, tell))
            except _NotUnderstood as refusal:
                if not _without(asked, refusal.text):
                    raise self._refused(refusal.text, refusal.status) from refusal
        raise self._refused("", 400)

    def _once(self, asked: dict, tell: Callable[[str], None]) -> Answer:
        pieces, length, model, usage = [], 0, "", None
        with self._client(self.endpoint.timeout, self.endpoint.timeout * TIMES_SILENCE) as client:
            if not asked.get("stream"):
                return self._whole(client, asked)
            with client.chat.completions.create(**asked) as stream:
                for chunk in stream:
                    model = str(getattr(chunk, "model", "") or model)[:200]
                    usage = getattr(chunk, "usage", None) or usage
                    for choice in (getattr(chunk, "choices", None) or [])[:1]:
                        piece = getattr(getattr(choice, "delta", None), "content", None)
                        if isinstance(piece, str) and piece:
                            pieces.append(piece)
                            length += len(piece)
                            tell("".join(pieces))
                    if length > MOST_CHARACTERS:
                        break
            if not pieces and usage is None and not model:  # not a stream at all: some servers answer in one piece
                return self._whole(client, {key: value for key, value in asked.items() if key != "stream_options"})
        return self._answer("".join(pieces), model, usage, asked)

    def _whole(self, client, asked: dict) -> Answer:
        found = client.chat.completions.create(**{**asked, "stream": False})
        choices = getattr(found, "choices", None)
        if not isinstance(choices, list) or not choices:
            raise self._garbage()
        text = getattr(getattr(choices[0], "message", None), "content", None)
        return self._answer(text if isinstance(text, str) else "", str(found.model or ""), found.usage, asked)

    def _answer(self, text: str, model: str, usage, asked: dict) -> Answer:
        counts = [getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
        counted = all(isinstance(one, int) and 0 <= one < 10**9 for one in counts)
        if not counted:
            sent = sum(len(part) for message in asked["messages"] for part in _texts(message))
            counts = [-(-sent // 4), -(-len(text) // 4)]
        schema = "response_format" in asked or None
        return Answer(text[:MOST_CHARACTERS], model[:200], *counts, schema=schema, counted=counted)

    def _again_if_busy(self, ask: Callable[[], object]):
        """Ask; once more when the server is busy and says how soon. Busy servers have done nothing yet."""
        try:
            return ask()
        except _Busy as busy:
            if busy.wait is None or busy.wait > LONGEST_WAIT:
                raise
            log.info("%s is busy: asked again in %.1f s.", self.endpoint.name, busy.wait)
            self._pause(busy.wait)
            return ask()

    @contextmanager
    def _client(self, silence: float, whole: float | None = None) -> Iterator:
        import openai

        with self._http(silence, whole) as http:
            yield openai.OpenAI(
                base_url=self.endpoint.address, api_key=self._key or "none", max_retries=0, http_client=http
            )

    def _http(self, silence: float, whole: float | None = None):
        import httpx2

        class Bounded(httpx2.HTTPTransport):
            def handle_request(self, request):
                answer = super().handle_request(request)
                if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
                    answer.close()
                    raise _TooMuch("packed")  # was asked not to; a small packet may unpack to anything
                answer.stream = _counted(httpx2, answer.stream, time.monotonic() + (whole or silence * 2))
                return answer

        return httpx2.Client(
            transport=Bounded(trust_env=self.endpoint.place != "machine"),
            timeout=httpx2.Timeout(silence, connect=min(CONNECT_SECONDS, silence)),
            follow_redirects=False,  # a key goes to the server it was entered for
            headers={"Accept-Encoding": "identity"},
        )

    def _guarded(self, ask: Callable[[], object]):
        """Whatever goes wrong on the way as one of the studio's own errors."""
        import httpx2
        import openai

        name, endpoint = self.endpoint.name, self.endpoint
        try:
            return ask()
        except (openai.APITimeoutError, httpx2.TimeoutException) as problem:
            if isinstance(problem.__cause__ or problem, httpx2.ConnectTimeout):
                raise self._away() from None
            raise WriterTrouble(
                f"{name} has said nothing for {endpoint.timeout} seconds.",
                "A large model may need longer to begin: raise the seconds in System, Writers.",
                reason="silent",
            ) from None
        except _TooMuch as problem:
            raise self._too_much(str(problem)) from None
        except openai.APIConnectionError as problem:
            cause = problem.__cause__
            if isinstance(cause, _TooMuch):
                raise self._too_much(str(cause)) from None
            if isinstance(cause, httpx2.RemoteProtocolError | httpx2.DecodingError | httpx2.ReadError):
                raise self._garbage() from None
            raise self._away() from None
        except (httpx2.RemoteProtocolError, httpx2.DecodingError, httpx2.ReadError):
            raise self._garbage() from None
        except openai.APIStatusError as problem:
            raise self._from_status(problem) from None
        except openai.APIError as problem:  # an error in the middle of a stream
            raise self._refused(str(problem.message), 500) from None
        except (ValueError, TypeError, AttributeError, KeyError, LookupError, RecursionError) as problem:
            log.info("%s answered outside the protocol: %s", name, type(problem).__name__)
            raise self._garbage() from None

    def _from_status(self, problem) -> Exception:
        status, name = problem.status_code, self.endpoint.name
        text = self._scrubbed(_said(problem))
        if status in (401, 403):
            entered = "Enter it again" if self._key else "Enter one"
            return WriterTrouble(f"{name} refused the key.", f"{entered} in System, Writers.", reason="refused")
        if status in (429, 503):
            return _Busy(f"{name} is busy, or its quota is used up.", text or "Try again later.", _wait(problem))
        if status == 404:
            model = f" “{self.endpoint.model}”" if self.endpoint.model else ""
            return WriterTrouble(
                f"{name} does not know the model{model}, or this is not its address.",
                "Choose a model from its list in System, Writers; most addresses end in /v1.",
                reason="unknown",
            )
        if status in (400, 422):
            return _NotUnderstood(text, status)
        if 300 <= status < 400:
            return self._garbage()
        return self._refused(text, status)

    def _refused(self, text: str, status: int) -> WriterTrouble:
        said = f"It said: {text}" if text else "Its own log may say why."
        return WriterTrouble(f"{self.endpoint.name} could not do it ({status}).", said)

    def _garbage(self) -> WriterTrouble:
        return WriterTrouble(
            f"{self.endpoint.name} did not answer in the OpenAI protocol.",
            "Check the address in System, Writers; most end in /v1.",
            reason="garbage",
        )

    def _away(self) -> WriterTrouble:
        return WriterTrouble(
            f"{self.endpoint.name} does not answer at {self.endpoint.address}.",
            "Start the server, or check its address in System, Writers.",
            reason="away",
        )

    def _too_much(self, what: str) -> WriterTrouble:
        if what == "late":
            most = self.endpoint.timeout * TIMES_SILENCE
            return WriterTrouble(
                f"{self.endpoint.name} was not done after {most} seconds.",
                "Ask for less, or raise the seconds in System, Writers.",
                reason="silent",
            )
        return WriterTrouble(
            f"{self.endpoint.name} answered with far more than was asked for.",
            "Check the address in System, Writers.",
            reason="garbage",
        )

    def _scrubbed(self, text: str) -> str:
        """A server's own words for a person: short, on one line, without anything that looks like a key."""
        text = text.replace(self._key, "…") if self._key else text
        text = re.sub(r"\b(?:sk|pk|key|hf|gsk|Bearer)[-_ ][\w.*…-]{6,}", "…", text)
        text = "".join(one for one in " ".join(text.split()) if one.isprintable())
        return text if len(text) <= LONGEST_ERROR else text[:LONGEST_ERROR].rstrip() + "…"


class _TooMuch(Exception):
    """More bytes, or later ones, than are taken."""


class _NotUnderstood(Exception):
    def __init__(self, text: str, status: int):
        super().__init__(text)
        self.text, self.status = text, status


class _Busy(WriterTrouble):
    def __init__(self, message: str, hint: str, wait: float | None):
        super().__init__(message, hint, reason="busy")
        self.wait = wait


def _counted(httpx2, stream, until: float):
    class Counted(httpx2.SyncByteStream):
        def __iter__(self):
            count = 0
            for piece in stream:
                count += len(piece)
                if count > MOST_BYTES:
                    raise _TooMuch("large")
                if time.monotonic() > until:
                    raise _TooMuch("late")
                yield piece

        def close(self):
            stream.close()

    return Counted()


def _without(asked: dict, text: str) -> bool:
    """Take out of `asked` what the server's refusal names, else the next thing that servers differ in."""
    said = text.lower()
    if "max_completion_tokens" in said and "max_tokens" in asked:
        asked["max_completion_tokens"] = asked.pop("max_tokens")
        return True
    named = [one for one in ("temperature", "seed", "stream_options", "response_format") if one in said]
    named += ["response_format"] if "schema" in said or "grammar" in said else []
    for name in [*named, "response_format", "stream_options", "seed"]:
        if name in asked:
            del asked[name]
            return True
    return False


def _texts(message: dict) -> Iterator[str]:
    content = message.get("content")
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        if part.get("type") == "text":
            yield part["text"]


def _said(problem) -> str:
    body = problem.body
    body = body.get("error", body) if isinstance(body, dict) else body
    found = body.get("message") if isinstance(body, dict) else body
    return found if isinstance(found, str) else ""


def _wait(problem) -> float | None:
    try:
        return max(0.0, float(problem.response.headers.get("retry-after", "")))
    except ValueError:
        return None
