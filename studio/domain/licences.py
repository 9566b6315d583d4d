"""Licences by the names model pages give them. A light is a first answer, not advice: the text itself decides."""

import re

from studio.domain.model import Licence, Light

_FREE = "Free for any use, also commercial."
_RAIL = "Free, also commercially, under use restrictions that have to be passed on."
_RAIL_FORBIDS = ["unlawful use", "harming or exploiting minors", "false statements meant to harm", "discrimination"]
_NOT_COMMERCIAL = ["commercial use"]
# (pattern over the page's licence name, light, name for people, terms, what it forbids). The first that matches counts.
_KNOWN: tuple[tuple[str, Light, str, str, list[str]], ...] = (
    (r"flux.*non.?commercial|flux-1-dev|bfl.*non.?commercial", "red", "FLUX Non-Commercial Licence",
     "Not for commercial use; what the pictures may be used for is in its text.", _NOT_COMMERCIAL),
    (r"^krea|krea-2", "amber", "Krea 2 Community Licence",
     "Free below a yearly revenue named in its text.", ["use above its revenue line"]),
    (r"stabilityai|stability-ai|sai-nc|stable-.*community", "amber", "Stability AI Community Licence",
     "Free below one million dollars of yearly revenue.", ["use above its revenue line without a licence"]),
    (r"hunyuan|tencent", "red", "Tencent Hunyuan Community Licence",
     "Not licensed in the European Union, the United Kingdom and South Korea.", ["use in the EU, UK and South Korea"]),
    (r"non.?commercial|\bnc\b|-nc-|by-nc", "red", "", "Not for commercial use.", _NOT_COMMERCIAL),
    (r"^apache-?2", "green", "Apache-2.0", _FREE, []),
    (r"^mit$", "green", "MIT", _FREE, []),
    (r"^bsd", "green", "BSD", _FREE, []),
    (r"^cc0", "green", "CC0", _FREE, []),
    (r"^cc-by-4", "green", "CC BY 4.0", "Free for any use; name the author.", []),
    (r"^cc-by-sa", "amber", "CC BY-SA", "Free; derived works carry the same licence, and the author is named.", []),
    (r"^cc-by-nd", "amber", "CC BY-ND", "Free unchanged; nothing derived may be passed on.", ["changed versions"]),
    (r"openrail\+\+|openrail-?plus|stable-diffusion-xl", "green", "CreativeML OpenRAIL++-M", _RAIL, _RAIL_FORBIDS),
    (r"openrail", "green", "CreativeML OpenRAIL-M", _RAIL, _RAIL_FORBIDS),
    (r"ltx", "amber", "LTX Community Licence", "Free below a yearly revenue named in its text.",
     ["use above its revenue line"]),
)  # fmt: skip


def known_licence(name: str, *, url: str = "", read_at: str | None = None) -> Licence:
    """The licence by the name a model page gives it; an unknown name keeps its own words and an unknown light."""
    plain = " ".join(str(name or "").split())[:200]
    for pattern, light, title, terms, forbids in _KNOWN:
        if re.search(pattern, plain.casefold()):
            return Licence(
                name=title or plain, light=light, terms=terms, forbids=list(forbids), url=url, read_at=read_at
            )
    terms = "The studio does not know this licence: read it before you publish." if plain else "No licence is stated."
    return Licence(name=plain or "Not stated", light="unknown", terms=terms, url=url, read_at=read_at)
