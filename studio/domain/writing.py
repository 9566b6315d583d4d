"""Words that are written: what may be asked for, what came, and the servers that language models answer on."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from studio.domain.document import Document, Part, Request, now

Kind = Literal[
    "caption", "title", "description", "tags", "hashtags", "thumbnail", "alt_text", "reply", "comment", "translation",
    "rewrite", "versions", "prompt", "picture_prompt",
]  # fmt: skip
Shape = Literal["", "short", "story", "question", "list"]
Tone = Literal["", "casual", "professional", "humorous", "inspirational"]
Detail = Literal["plain", "specific"]

KINDS: dict[str, str] = {
    "caption": "Captions",
    "title": "Titles",
    "description": "Descriptions",
    "tags": "Tags",
    "hashtags": "Hashtags",
    "thumbnail": "Thumbnail words",
    "alt_text": "Alt text",
    "reply": "Replies",
    "comment": "Comment drafts",
    "translation": "Translations",
    "rewrite": "Another tone",
    "versions": "Versions for networks",
    "prompt": "A fuller prompt",
    "picture_prompt": "A prompt from a picture",
}
NEEDS_PICTURE = frozenset({"alt_text", "picture_prompt"})
NEEDS_TEXT = {
    "reply": "the comment to answer",
    "comment": "the post to comment on",
    "translation": "the text to translate",
    "rewrite": "the text to change",
    "versions": "the caption to fit",
    "prompt": "a short idea",
}
# The longest text of each kind, in characters: whatever a model sends, no more than this is kept.
LONGEST = {
    "caption": 2200, "title": 100, "description": 5000, "tags": 500, "hashtags": 1000, "thumbnail": 60,
    "alt_text": 1000, "reply": 1000, "comment": 1000, "translation": 10000, "rewrite": 5000, "versions": 5000,
    "prompt": 2000,
    "picture_prompt": 2000,
}  # fmt: skip


class WriteRequest(Request):
    """Words in a character's voice. `text` is what a reply, translation, rewrite, version or prompt begins from.

    `kind` says what is wanted, `shape` a caption's form, `tone` a rewrite's, `detail` an alt text's. `at` is the local
    moment it is for (ISO); today when empty. `networks` names who versions and hashtags are for, `hashtag_set` one of
    the character's sets. `limit` is the most characters of a variant. `writer` is its id; empty takes the usual one.
    `with_picture` None sends the picture when the model can see. The same `seed` gives the same words where the writer
    can.
    """

    character_id: str | None = None
    asset_ids: list[str] = Field(default_factory=list, max_length=20)
    kind: Kind = "caption"
    count: int = Field(default=5, ge=1, le=10)
    seed: int = Field(default=0, ge=0, lt=2**32)
    words: str = Field(default="", max_length=400)
    shape: Shape = ""
    tone: Tone = ""
    detail: Detail = "plain"
    language: str = Field(default="", max_length=40)
    text: str = Field(default="", max_length=10000)
    networks: list[str] = Field(default_factory=list, max_length=20)
    hashtag_set: str = Field(default="", max_length=80)
    limit: int | None = Field(default=None, ge=10, le=65000)
    engine: str | None = Field(default=None, max_length=80)
    writer: str = Field(default="", max_length=80)
    with_picture: bool | None = None
    at: str = Field(default="", max_length=40)


class Choice(Request):
    """Which variant was taken; `text` is how the person left it, the variant's own when empty."""

    index: int = Field(ge=0, le=20)
    text: str = Field(default="", max_length=10000)


class Written(Document):
    """One time that words were written: what was asked, by whom it was written, and what came.

    `variants` are {text, hashtags, alt_text, network}; `chosen` is the one that was taken and `chosen_text` how the
    person left it. `saw` is what the writer had of the pictures ("picture", "recipe" or ""), `sent_to` where it
    went ("" when nothing left the machine). Tokens are as the server counted them, `cost` in the endpoint's currency.
    """

    character_id: str | None = None
    kind: str = "caption"
    request: dict = Field(default_factory=dict)
    writer: str = "builtin"
    writer_name: str = ""
    model: str = ""
    variants: list[dict] = Field(default_factory=list)
    chosen: int | None = None
    chosen_text: str = ""
    chosen_at: str | None = None
    saw: str = ""
    sent_to: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0
    seconds: float = 0


class ModelFacts(Part):
    """What is known of one model on a server. None is not known yet; `how` is asked, tried or said."""

    vision: bool | None = None
    schema_output: bool | None = None
    how: str = ""
    checked_at: str = Field(default_factory=now)


class Usage(Part):
    """What a server has counted. `cost` is from the endpoint's prices."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0


class Endpoint(Document):
    """A server that speaks the OpenAI protocol. Its key is in the keychain, never here.

    `address` ends before `/chat/completions`. `sees` says whether pictures go along: "auto" asks or tries the model
    once and remembers it in `models`. `timeout` is the seconds without a word before it counts as silent. Prices are
    per million tokens. `usage` is by month, as `yyyy-mm`.
    """

    name: str = Field(min_length=1, max_length=80)
    address: str = Field(min_length=1, max_length=400)
    model: str = Field(default="", max_length=200)
    sees: Literal["auto", "yes", "no"] = "auto"
    timeout: int = Field(default=60, ge=2, le=600)
    price_in: float = Field(default=0, ge=0, le=10000)
    price_out: float = Field(default=0, ge=0, le=10000)
    models: dict[str, ModelFacts] = Field(default_factory=dict)
    usage: dict[str, Usage] = Field(default_factory=dict)

    @field_validator("address")
    @classmethod
    def _an_address_is_http(cls, address: str) -> str:
        address = address.strip()
        address = address if "://" in address else f"http://{address}"
        address = address.rstrip("/").removesuffix("/chat/completions")
        try:
            parts = urlsplit(address)
            fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            fits = False
        if not fits or parts.username or parts.password or parts.query or parts.fragment or not address.isprintable():
            raise ValueError("This is not the address of a server, such as http://127.0.0.1:11434/v1.")
        return address if parts.path else f"{address}/v1"

    @property
    def host(self) -> str:
        return urlsplit(self.address).hostname or ""

    @property
    def place(self) -> Literal["machine", "network", "internet"]:
        """Where the server is: this machine, the person's own network, or elsewhere."""
        import ipaddress

        host = self.host.lower()
        if host == "localhost" or host.endswith(".localhost"):
            return "machine"
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return "network" if "." not in host or host.endswith((".local", ".lan", ".home.arpa")) else "internet"
        return "machine" if address.is_loopback else "network" if address.is_private else "internet"

    @property
    def sees_pictures(self) -> bool | None:
        """Whether the chosen model takes pictures; None when nobody has looked yet."""
        if self.sees != "auto":
            return self.sees == "yes"
        return facts.vision if (facts := self.models.get(self.model)) else None


class EndpointRequest(Request):
    """A new server. `key` goes to the keychain."""

    name: str = Field(default="", max_length=80)
    address: str = Field(min_length=1, max_length=400)
    model: str = Field(default="", max_length=200)
    sees: Literal["auto", "yes", "no"] = "auto"
    timeout: int = Field(default=60, ge=2, le=600)
    price_in: float = Field(default=0, ge=0, le=10000)
    price_out: float = Field(default=0, ge=0, le=10000)
    key: str = Field(default="", max_length=4000, repr=False)


class EndpointPatch(Request):
    """A change to a server. None leaves a field as it is; an empty `key` forgets the key."""

    name: str | None = Field(default=None, min_length=1, max_length=80)
    address: str | None = Field(default=None, min_length=1, max_length=400)
    model: str | None = Field(default=None, max_length=200)
    sees: Literal["auto", "yes", "no"] | None = None
    timeout: int | None = Field(default=None, ge=2, le=600)
    price_in: float | None = Field(default=None, ge=0, le=10000)
    price_out: float | None = Field(default=None, ge=0, le=10000)
    key: str | None = Field(default=None, max_length=4000, repr=False)
