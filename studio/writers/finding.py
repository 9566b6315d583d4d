"""Which language models answer on this machine, and whether one takes pictures. Asked only when a person wants it."""

import base64
import io
import random
from concurrent.futures import ThreadPoolExecutor

from studio.domain.writing import Endpoint
from studio.errors import StudioError
from studio.writers.connection import Connection, WriterTrouble

PORTS = {
    11434: "Ollama",
    1234: "LM Studio",
    8000: "vLLM",
    8080: "llama.cpp",
    1337: "Jan",
    5000: "Text generation web UI",
    5001: "KoboldCpp",
    4891: "GPT4All",
}
_OWNERS = {"library": "Ollama", "llamacpp": "llama.cpp", "vllm": "vLLM", "organization_owner": "LM Studio"}
_COLOURS = {"red": (214, 30, 30), "green": (24, 150, 40), "blue": (30, 60, 214), "yellow": (245, 220, 20)}
PORT_SECONDS = 2


def servers(ports=PORTS) -> list[dict]:
    """Servers that answer on the usual ports of this machine: {name, address, models}. Takes about two seconds."""
    with ThreadPoolExecutor(len(ports) or 1, thread_name_prefix="studio-find") as pool:
        found = list(pool.map(lambda port: _at(port, ports[port]), ports))
    return [one for one in found if one]


def _at(port: int, name: str) -> dict | None:
    if not _open(port):
        return None
    endpoint = Endpoint(name=name, address=f"http://127.0.0.1:{port}/v1", timeout=PORT_SECONDS)
    try:
        models = Connection(endpoint).models()
    except WriterTrouble as trouble:
        if trouble.reason != "refused":
            return None
        return {"name": name, "address": endpoint.address, "models": [], "needs_key": True}
    owner = models[0]["owner"] if models else ""
    names = [one["id"] for one in models]
    return {"name": _OWNERS.get(owner, name), "address": endpoint.address, "models": names, "needs_key": False}


def _open(port: int) -> bool:
    import socket

    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False


def takes_pictures(endpoint: Endpoint, key: str = "") -> tuple[bool | None, str]:
    """(whether the chosen model sees, "asked" or "tried"); None when it could not be found out.

    A server that describes its models is asked. Any other is shown two plain colours and has to name both.
    """
    link = Connection(endpoint, key)
    if endpoint.place != "internet":
        shown = link.json("/api/show", {"model": endpoint.model})  # Ollama
        if shown and isinstance(shown.get("capabilities"), list):
            return "vision" in shown["capabilities"], "asked"
        listed = link.json(f"/api/v0/models/{endpoint.model}")  # LM Studio
        if listed and isinstance(listed.get("type"), str):
            return listed["type"] == "vlm", "asked"
        props = link.json("/props")  # llama.cpp
        if props and isinstance(props.get("modalities"), dict):
            return bool(props["modalities"].get("vision")), "asked"
    return _names_colours(link), "tried"


def _names_colours(link: Connection) -> bool | None:
    for colour in random.sample(list(_COLOURS), 2):
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_square(colour)}"}}
        question = {"type": "text", "text": "Which colour fills this picture? Answer with one word."}
        try:
            answer = link.chat([{"role": "user", "content": [question, picture]}], temperature=0, most_tokens=400)
        except WriterTrouble as trouble:
            # a server that takes no pictures refuses them in its own way; one that is away says nothing about that
            return None if trouble.reason in ("away", "silent", "refused", "busy", "unknown") else False
        except StudioError:
            return None
        said = answer.text.lower()
        if colour not in said or sum(one in said for one in _COLOURS) != 1:
            return False
    return True


def _square(colour: str) -> str:
    from PIL import Image

    held = io.BytesIO()
    Image.new("RGB", (96, 96), _COLOURS[colour]).save(held, "PNG")
    return base64.b64encode(held.getvalue()).decode("ascii")
