"""Writers: the built-in one and the servers a person added. Endpoints are documents, their keys are in the keychain.

It looks for servers and tries them only when it is told to; nothing here runs by itself.
"""

import logging
from collections.abc import Sequence

from studio.domain.document import now
from studio.domain.writing import KINDS, Endpoint, EndpointPatch, EndpointRequest, ModelFacts, Usage
from studio.errors import Conflict, NotFound, StudioError
from studio.keychain import Keychain
from studio.settings import Settings
from studio.store import Store
from studio.writers import WRITERS, OpenAIWriter, Writer, finding
from studio.writers.connection import Answer, Connection, WriterTrouble
from studio.writers.openai_protocol import sends

USUAL = "default_writer"
MOST_ENDPOINTS = 30
log = logging.getLogger("studio.writers")


class Writers:
    """Who can write. `built_in` are the writers that need no server."""

    def __init__(
        self, store: Store, settings: Settings, keychain: Keychain | None, built_in: Sequence[Writer] = WRITERS
    ):
        self._store, self._settings, self._keychain = store, settings, keychain
        self._built_in = tuple(one for one in built_in if not isinstance(one, OpenAIWriter))

    # ------------------------------------------------------------------ who writes
    def all(self) -> list[Writer]:
        """The built-in writer, then every endpoint's, oldest first. Keys are read only to write."""
        return [*self._built_in, *(OpenAIWriter(one) for one in self.endpoints())]

    def get(self, writer_id: str = "", kind: str = "caption") -> Writer:
        """The writer with this id, with its key; without one the usual writer, or another that can write this kind.

        Raises NotFound, Conflict when it is not ready or the studio is offline, StudioError when it does not write
        that kind.
        """
        if not writer_id:
            usual = self.usual
            known = [one for one in self.all() if one.spec.id == usual and kind in one.spec.kinds and not one.ready()]
            able = [one for one in self.all() if kind in one.spec.kinds and not one.ready()]
            writer_id = (known or able or self.all())[0].spec.id
        chosen = next((one for one in self._built_in if one.spec.id == writer_id), None)
        if chosen is None and writer_id in self._store.endpoints:
            endpoint = self._store.endpoints.get(writer_id)
            self._allowed(endpoint)
            chosen = OpenAIWriter(endpoint, self._key(writer_id))
        if chosen is None:
            known = ", ".join(one.spec.id for one in self.all())
            raise NotFound(f"There is no writer called “{writer_id[:40]}”.", f"There are: {known}.")
        if kind not in chosen.spec.kinds:
            what = KINDS.get(kind, kind).lower()
            raise StudioError(f"{chosen.spec.name} does not write {what}.", chosen.spec.why_not, field="kind")
        if missing := chosen.ready():
            raise Conflict(f"{chosen.spec.name} is not ready.", missing)
        return chosen

    def described(self) -> list[dict]:
        """Every writer in words: {id, name, summary, kinds, why_not, sends, sees, ready, usual}."""
        usual = self.usual
        return [
            {
                "id": one.spec.id,
                "name": one.spec.name,
                "summary": one.spec.summary,
                "kinds": sorted(one.spec.kinds),
                "why_not": one.spec.why_not,
                "sends": one.spec.sends,
                "sees": one.endpoint.sees_pictures if isinstance(one, OpenAIWriter) else False,
                "ready": one.ready(),
                "usual": one.spec.id == usual,
            }
            for one in self.all()
        ]

    @property
    def usual(self) -> str:
        """The id of the writer that is asked when none is named."""
        chosen = str((self._settings.get("last_choices") or {}).get(USUAL) or "") if self._settings else ""
        return chosen if chosen in self._store.endpoints else self._built_in[0].spec.id

    def use(self, writer_id: str) -> None:
        """Make this writer the usual one. NotFound when there is none."""
        if writer_id not in [one.spec.id for one in self.all()]:
            raise NotFound("There is no such writer.", "Look at the list in System, Writers.")
        self._settings.set("last_choices", {**(self._settings.get("last_choices") or {}), USUAL: writer_id})

    # ------------------------------------------------------------------ endpoints
    def endpoints(self) -> list[Endpoint]:
        return self._store.endpoints.all()

    def endpoint(self, id: str) -> Endpoint:
        return self._store.endpoints.get(id)

    def has_key(self, id: str) -> bool:
        return bool(self._key(id))

    def add(self, wanted: EndpointRequest) -> Endpoint:
        """Keep a new server. The first one becomes the usual writer."""
        if self._store.endpoints.count() >= MOST_ENDPOINTS:
            raise StudioError(f"There are {MOST_ENDPOINTS} servers already.", "Remove one first.")
        fields = wanted.model_dump(exclude={"key"})
        endpoint = Endpoint(**{**fields, "name": fields["name"].strip() or "Language model"})
        if not wanted.name.strip():
            endpoint.name = endpoint.host[:80]
        endpoint = self._store.endpoints.add(endpoint)
        if wanted.key.strip():
            self._keep_key(endpoint.id, wanted.key)
        if self._store.endpoints.count() == 1:
            self.use(endpoint.id)
        return endpoint

    def update(self, id: str, patch: EndpointPatch) -> Endpoint:
        """Change a server. A key stays with the host it was entered for: another host begins without one."""
        changes = patch.model_dump(exclude_none=True, exclude={"key"})
        before = self._store.endpoints.get(id)

        def change(endpoint: Endpoint) -> None:
            for name, value in changes.items():
                setattr(endpoint, name, value)
            if endpoint.address != before.address:
                endpoint.models = {}

        after = self._store.endpoints.update(id, change)
        moved = (after.host, after.address.split(":")[0]) != (before.host, before.address.split(":")[0])
        if patch.key or (patch.key is None and not moved):
            self._keep_key(id, patch.key) if patch.key else None
        elif self._keychain:
            self._keychain.remove(_name(id))
        return after

    def remove(self, id: str) -> None:
        """Forget a server and its key. What it wrote stays in the history."""
        self._store.endpoints.remove(id)
        if self._keychain:
            self._keychain.remove(_name(id))

    # ------------------------------------------------------------------ asking servers
    def find(self) -> list[dict]:
        """Servers on this machine's usual ports: {name, address, models, known, needs_key}."""
        known = {one.address for one in self.endpoints()}
        return [one | {"known": one["address"] in known} for one in finding.servers()]

    def models(self, id: str) -> list[str]:
        """The models a server has. Raises WriterTrouble, Conflict while the studio is offline."""
        endpoint = self.endpoint(id)
        self._allowed(endpoint)
        return [one["id"] for one in Connection(endpoint, self._key(id)).models()]

    def test(self, id: str) -> dict:
        """Try a server: {models, sees, how, answer, seconds}; what it can is remembered. Raises as `models`."""
        import time

        started = time.perf_counter()
        models = self.models(id)
        endpoint = self.endpoint(id)
        if not endpoint.model and models:
            endpoint = self.update(id, EndpointPatch(model=models[0]))
        if not endpoint.model:
            raise WriterTrouble(f"{endpoint.name} has no model.", "Load one in the server first.", reason="unknown")
        link = Connection(endpoint, self._key(id))
        answer = link.chat([{"role": "user", "content": "Say hello in one short sentence."}], most_tokens=200)
        self.count(id, [answer])
        sees = self.learn(id)
        return {
            "models": models,
            "model": endpoint.model,
            "sees": sees,
            "how": self.endpoint(id).models.get(endpoint.model, ModelFacts()).how,
            "answer": answer.text.strip()[:200],
            "seconds": round(time.perf_counter() - started, 2),
        }

    def learn(self, id: str) -> bool | None:
        """Whether the chosen model sees, asked or tried and remembered; None when it could not be found out."""
        endpoint = self.endpoint(id)
        if endpoint.sees != "auto":
            return endpoint.sees == "yes"
        self._allowed(endpoint)
        vision, how = finding.takes_pictures(endpoint, self._key(id))
        if vision is not None:
            self._remember(id, endpoint.model, vision=vision, how=how)
        return vision

    def count(self, id: str, answers: Sequence[Answer]) -> float:
        """Add what was used to the server's month; the cost by its prices."""
        if id not in self._store.endpoints or not answers:
            return 0.0
        endpoint = self.endpoint(id)
        tokens_in, tokens_out = (sum(getattr(one, name) for one in answers) for name in ("tokens_in", "tokens_out"))
        cost = (tokens_in * endpoint.price_in + tokens_out * endpoint.price_out) / 1_000_000

        def change(endpoint: Endpoint) -> None:
            month = now()[:7]
            before = endpoint.usage.get(month, Usage())
            after = Usage(
                calls=before.calls + len(answers),
                tokens_in=before.tokens_in + tokens_in,
                tokens_out=before.tokens_out + tokens_out,
                cost=before.cost + cost,
            )
            endpoint.usage = {**endpoint.usage, month: after}
            if endpoint.model and any(one.schema is False for one in answers):
                facts = endpoint.models.get(endpoint.model, ModelFacts())
                facts = facts.model_copy(update={"schema_output": False})
                endpoint.models = {**endpoint.models, endpoint.model: facts}

        self._store.endpoints.update(id, change)
        return cost

    def view(self, endpoint: Endpoint) -> dict:
        """An endpoint as pages and the API show it: without its key, with what leaves the machine."""
        kept = endpoint.as_json()
        return kept | {
            "has_key": self.has_key(endpoint.id),
            "place": endpoint.place,
            "sees_pictures": endpoint.sees_pictures,
            "sends": sends(endpoint),
            "usual": endpoint.id == self.usual,
            "ready": OpenAIWriter(endpoint).ready(),
        }

    # ------------------------------------------------------------------ inside
    def _allowed(self, endpoint: Endpoint) -> None:
        if endpoint.place != "machine" and self._settings and self._settings.get("offline"):
            raise Conflict(
                f"The studio is offline, and {endpoint.name} is on another machine.",
                "Use a server on this machine, or switch Offline off in System, Settings.",
            )

    def _key(self, id: str) -> str:
        return self._keychain.get(_name(id)) if self._keychain else ""

    def _keep_key(self, id: str, key: str) -> None:
        if self._keychain is None:
            raise StudioError("Keys cannot be kept here.", "Open the studio with a data folder.")
        self._keychain.set(_name(id), key)

    def _remember(self, id: str, model: str, *, vision: bool, how: str) -> None:
        def change(endpoint: Endpoint) -> None:
            facts = endpoint.models.get(model, ModelFacts())
            facts = facts.model_copy(update={"vision": vision, "how": how, "checked_at": now()})
            endpoint.models = {**endpoint.models, model: facts}

        self._store.endpoints.update(id, change)


def _name(id: str) -> str:
    return f"writer-{id}"
