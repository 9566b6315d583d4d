"""The Hugging Face Hub over HTTP: what a repository holds, and its files byte by byte.

Every request to it leaves through this file, and none while the studio is offline. It knows addresses, tokens and the
Hub's answers; not what is done with the files.
"""

import contextlib
import logging
import os
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from studio import __version__
from studio.domain.document import now
from studio.domain.licences import known_licence
from studio.domain.model import Licence
from studio.errors import Cancelled, NotFound, StudioError
from studio.keychain import Keychain
from studio.paths import safe_name
from studio.settings import Settings

if TYPE_CHECKING:
    import httpx

ENDPOINT = "https://huggingface.co"
TOKEN = "huggingface"
CONNECT_SECONDS, READ_SECONDS = 15, 20
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9][\w./-]{0,99}")
_YES = {"1", "on", "yes", "true"}
log = logging.getLogger("studio.models")


class NeedsToken(StudioError):
    """The page wants to know who is downloading."""

    code, status = "needs_token", 403


class Offline(StudioError):
    code, status = "offline", 409


class NetworkTrouble(StudioError):
    """It may work when tried again. `wait` is how many seconds the other side asked for, None when it did not."""

    code, status = "network", 502

    def __init__(self, message: str, hint: str = "", *, wait: float | None = None):
        super().__init__(message, hint)
        self.wait = wait


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository. `sha256` is of its content for large files, `blob` git's SHA-1 for small ones."""

    path: str
    bytes: int
    sha256: str = ""
    blob: str = ""


@dataclass(frozen=True)
class Repo:
    """A repository at one commit."""

    repo: str
    sha: str
    asks: bool
    licence: Licence
    files: tuple[RemoteFile, ...]
    base: tuple[str, ...] = ()

    def file(self, path: str) -> RemoteFile | None:
        return next((one for one in self.files if one.path == path), None)


class Hub:
    """One per process. `HF_ENDPOINT` names another server of the same kind; `HF_HUB_OFFLINE` counts as the setting."""

    def __init__(self, settings: Settings, keychain: Keychain, environment: Mapping[str, str] = os.environ):
        self.settings, self.keychain, self._environment = settings, keychain, environment
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self.requests, self._stopped = 0, False
        self._open: set[httpx.Response] = set()

    @property
    def endpoint(self) -> str:
        return (self._environment.get("HF_ENDPOINT") or ENDPOINT).rstrip("/")

    @property
    def offline(self) -> bool:
        """Whether no request may be made."""
        return bool(self.settings.get("offline")) or self._environment.get("HF_HUB_OFFLINE", "").lower() in _YES

    @property
    def token(self) -> str:
        """The person's token, from the studio's keychain or from the Hub's own log-in on this machine; "" for none."""
        if kept := self.keychain.get(TOKEN):
            return kept
        if self._environment is os.environ:
            from huggingface_hub import get_token

            return get_token() or ""
        return self._environment.get("HF_TOKEN", "")

    def check_online(self) -> None:
        """Raises Offline while no request may be made, Cancelled once the studio is closing."""
        if self._stopped:
            raise Cancelled
        if self.offline:
            where = "Switch it off in System, Settings" if self.settings.get("offline") else "Unset HF_HUB_OFFLINE"
            raise Offline("The studio is offline: it makes no request.", f"{where}, then try again.")

    def stop(self) -> None:
        """Make no request any more, and break off those under way."""
        with self._lock:
            self._stopped = True
            under_way = list(self._open)
        for answer in under_way:
            hang_up(answer)

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    # ------------------------------------------------------------------ asking
    def look(self, repo: str, revision: str | None = None) -> Repo:
        """What a repository holds now. Raises NeedsToken, NotFound, Offline or NetworkTrouble."""
        self.check_online()
        import httpx
        from huggingface_hub import HfApi, errors

        repo, self.requests = repo_name(repo), self.requests + 1
        if revision and not _REVISION.fullmatch(revision):
            raise StudioError("This is no revision.", "A branch, a tag or a commit.", field="revision")
        api = HfApi(endpoint=self.endpoint, token=self._token_to_send() or False, library_name="character-studio")
        try:
            info = api.model_info(repo, revision=revision or "main", files_metadata=True, timeout=READ_SECONDS)
        except errors.GatedRepoError as error:
            raise self.needs_token(repo) from error
        except errors.RepositoryNotFoundError as error:
            status = getattr(getattr(error, "response", None), "status_code", 404)
            raise (self.needs_token(repo) if status in (401, 403) and self.token else self._nowhere(repo)) from error
        except errors.RevisionNotFoundError as error:
            raise NotFound(f"{repo} has no revision “{revision or 'main'}”.", "Leave the revision out.") from error
        except errors.HfHubHTTPError as error:
            status = getattr(getattr(error, "response", None), "status_code", 0)
            raise self._answered(status, repo, getattr(error, "response", None)) from error
        except (OSError, httpx.HTTPError) as error:
            raise self._trouble(error) from error
        except Exception as error:
            if "httpx" in type(error).__module__ or "httpcore" in type(error).__module__:
                raise self._trouble(error) from error
            if isinstance(error, ValueError | TypeError | KeyError):  # an answer in no shape we know
                raise StudioError(f"{self.endpoint} did not answer with a model.", "Check HF_ENDPOINT.") from error
            raise
        return _repo(repo, info, self.endpoint)

    def read(self, repo: Repo, path: str, longest: int, start: int = 0) -> bytes:
        """Up to `longest` bytes of a file from `start` on. Raises as `open` does."""
        with self.open(repo.repo, repo.sha, path, start, end=start + longest) as answer:
            skip = start if answer.status_code == 200 else 0
            content = bytearray()
            try:
                for piece in answer.iter_bytes(1 << 16):
                    content += piece
                    if len(content) >= skip + longest:
                        break
            except Exception as error:
                raise self._trouble(error) from error
        return bytes(content[skip : skip + longest])

    @contextmanager
    def open(
        self, repo: str, sha: str, path: str, start: int = 0, end: int | None = None
    ) -> Iterator["httpx.Response"]:
        """The answer to a request for a file from byte `start` on: status 206, or 200 when the server sends all of it,
        or 416 when there is nothing after `start`. Raises NeedsToken, NotFound, Offline or NetworkTrouble.
        """
        self.check_online()
        import httpx

        self.requests += 1
        headers = {"Accept-Encoding": "identity"}
        if start or end is not None:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        if token := self._token_to_send():
            headers["Authorization"] = f"Bearer {token}"  # httpx leaves it out when it is sent on to another host
        address = f"{self.endpoint}/{quote(repo)}/resolve/{quote(sha, safe='')}/{quote(path)}"
        try:
            request = self._http().build_request("GET", address, headers=headers)
            answer = self._http().send(request, stream=True)
        except (httpx.HTTPError, OSError) as error:
            raise self._trouble(error) from error
        try:
            with self._lock:
                self._open.add(answer)
            self.check_online()  # it may have been stopped while the answer came
            if answer.status_code not in (200, 206, 416):
                raise self._answered(answer.status_code, repo, answer, path)
            yield answer
        finally:
            with self._lock:
                self._open.discard(answer)
            answer.close()

    def _http(self) -> "httpx.Client":
        import httpx

        with self._lock:
            if self._client is None:
                timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
                agent = {"User-Agent": f"character-studio/{__version__}"}
                self._client = httpx.Client(follow_redirects=True, timeout=timeout, headers=agent)
            return self._client

    def _token_to_send(self) -> str:
        """The token, unless it would travel in the open."""
        parts = urlsplit(self.endpoint)
        safe = parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost", "::1")
        return self.token if safe else ""

    # ------------------------------------------------------------------ answers as errors
    def needs_token(self, repo: str) -> NeedsToken:
        """What to say when a page wants to know who is downloading."""
        page = f"{self.endpoint}/{repo}"
        if self.token:
            return NeedsToken(
                f"{repo} does not let this account in yet.",
                f"Open {page} while logged in, accept its terms, and check that the token may read gated models.",
            )
        return NeedsToken(
            f"{repo} asks who is downloading.",
            f"Accept its terms at {page}, make a token in your account there, and enter it under Models, Add.",
        )

    def _nowhere(self, repo: str) -> NotFound:
        return NotFound(
            f"There is no model {repo} at {self.endpoint}, or it is not open to everyone.",
            "Check the spelling; for a private model enter a token.",
            field="repo",
        )

    def _answered(self, status: int, repo: str, answer, path: str = "") -> StudioError:
        headers = getattr(answer, "headers", {})
        if status in (401, 403):
            return self.needs_token(repo)
        if status == 404:
            if not path:
                return self._nowhere(repo)
            return NotFound(f"{repo} has no {path} any more.", "Remove this download and start it again.")
        wait = headers.get("retry-after", "")
        seconds = min(float(wait), 300.0) if wait.isdecimal() else None
        if status == 429:
            return NetworkTrouble("The server asks to wait: too many requests.", "Try again later.", wait=seconds or 30)
        if status >= 500 or status == 408:
            return NetworkTrouble(f"The server is in trouble ({status}).", "Try again later.", wait=seconds)
        return StudioError(f"The server refused this request ({status}).", "Try again later, or look at the page.")

    def _trouble(self, error: BaseException) -> NetworkTrouble:
        log.info("The Hub could not be reached: %s: %s", type(error).__name__, str(error)[:200])
        host = urlsplit(self.endpoint).hostname or self.endpoint
        return NetworkTrouble(f"{host} could not be reached.", "Check the network, then try again.")


def hang_up(answer: "httpx.Response") -> None:
    """Make whoever waits for more of this answer see a broken line now, and not when the wait is over."""
    stream = answer.extensions.get("network_stream")
    line = stream.get_extra_info("socket") if stream is not None else None
    if line is not None:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def repo_name(text: str) -> str:
    """`owner/name` out of a name or the address of a page. StudioError for anything else."""
    plain = unquote(text.strip())
    if "://" in plain or plain.startswith("huggingface.co/"):
        plain = urlsplit(plain if "://" in plain else f"https://{plain}").path
        plain = "/".join(plain.strip("/").split("/")[:2])
    if not _REPO.fullmatch(plain) or ".." in plain or "--" in plain or plain.endswith((".git", ".ipynb")):
        raise StudioError(
            f"“{text[:80]}” is no model's name.", "Write it as owner/name, or paste its page's address.", field="repo"
        )
    return plain


def safe_path(path: str) -> bool:
    """Whether a stranger's path may become one below a folder of ours, on every system."""
    parts = path.split("/")
    return 0 < len(parts) <= 6 and all(part == safe_name(part, longest=160) for part in parts)


def _repo(name: str, info, endpoint: str) -> Repo:
    files = []
    for one in info.siblings or ():
        lfs = getattr(one, "lfs", None)
        sha256 = getattr(lfs, "sha256", None) or (lfs.get("sha256") if isinstance(lfs, dict) else None) or ""
        files.append(RemoteFile(str(one.rfilename), int(one.size or 0), sha256, str(one.blob_id or "")))
    card = info.card_data.to_dict() if info.card_data is not None else {}
    stated = card.get("license_name") or card.get("license") or ""
    stated = ", ".join(map(str, stated)) if isinstance(stated, list) else str(stated)
    link = str(card.get("license_link") or "")
    base = card.get("base_model") or ()
    return Repo(
        repo=name,
        sha=str(info.sha or ""),
        asks=bool(info.gated),
        licence=known_licence(stated, url=link if link.startswith("https://") else f"{endpoint}/{name}", read_at=now()),
        files=tuple(files),
        base=tuple(map(str, base if isinstance(base, list | tuple) else (base,))),
    )
