"""XMP: the packet that tells other programs how a picture came to be."""

import re
from xml.sax.saxutils import escape

from studio import __version__

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CREDIT = "Made with AI"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold

_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:Iptc4xmpCore="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:studio="urn:studio:recipe:1#">
{properties}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def packet(
    *, source_type: str | None = TRAINED, description: str = "", alt_text: str = "", recipe_json: str = ""
) -> str:
    """The XMP packet: origin, credit, program, and what else was given.

    `source_type` is an IPTC digital source type, None for a picture whose origin is unknown; it then gets no credit.
    """
    lines = []
    if source_type:
        lines += [_element("Iptc4xmpExt:DigitalSourceType", source_type), _element("photoshop:Credit", CREDIT)]
    lines.append(_element("xmp:CreatorTool", f"studio {__version__}"))
    if description:
        lines.append(_in_language("dc:description", description))
    if alt_text:
        lines.append(_in_language("Iptc4xmpCore:AltTextAccessibility", alt_text))
    if recipe_json:
        lines.append(_element("studio:Recipe", recipe_json))
    return _PACKET.format(properties="\n".join(lines))


_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&#13;": "\r", "&amp;": "&"}


def recipe_json(text: str) -> str:
    """The recipe in a packet this studio wrote, or nothing. No XML parser: strangers' entities cannot bite."""
    _, _, rest = text.partition("<studio:Recipe>")
    escaped, end, _ = rest.partition("</studio:Recipe>")
    return re.sub("|".join(_ENTITIES), lambda entity: _ENTITIES[entity[0]], escaped) if end else ""


def _element(name: str, text: str) -> str:
    return f"   <{name}>{_safe(text)}</{name}>"


def _in_language(name: str, text: str) -> str:
    return f'   <{name}><rdf:Alt><rdf:li xml:lang="x-default">{_safe(text)}</rdf:li></rdf:Alt></{name}>'


def _safe(text: str) -> str:
    return escape(_FORBIDDEN.sub("", text), {"\r": "&#13;"})
