"""Recipes other studios leave in their pictures: ComfyUI graphs, InvokeAI, Fooocus and SwarmUI metadata. Best effort.

Everything here comes from strangers' files: nothing is trusted to have a type, and nothing raises.
"""

import json
import re
from collections import deque
from collections.abc import Iterator

from studio.media.infotext import number, whole_number

MOST_CHARACTERS = 8_000_000
MOST_SAMPLERS, MOST_LINKS = 50, 5000  # of a graph that are looked at
_SIZE = re.compile(r"\(?(\d{1,6})\s*[,xX×]\s*(\d{1,6})\)?")


def read(texts: dict[str, str]) -> dict | None:
    """What the named texts of a picture say about its making, under Recipe's field names; None when nothing."""
    for name, reader in _READERS:
        if body := json_object(texts.get(name, "")):
            found = {key: value for key, value in reader(body).items() if value not in (None, "", [], {})}
            if found:
                return found
    return None


def json_object(text: str) -> dict:
    """The JSON object in `text`, or an empty one."""
    text = text.strip()
    if not text.startswith("{") or len(text) > MOST_CHARACTERS:
        return {}
    try:
        body = json.loads(text, parse_constant=lambda name: None)  # NaN and Infinity are no values
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _invoke(body: dict) -> dict:
    """InvokeAI 3 and later."""
    model = _object(body.get("model"))
    loras = []
    for one in _list(body.get("loras")):
        about = _object(_object(one).get("model")) or _object(_object(one).get("lora"))
        if name := _text(about.get("name") or about.get("model_name")):
            loras.append({"name": name, "weight": number(_object(one).get("weight"))})
    return {
        "prompt": _text(body.get("positive_prompt")),
        "negative": _text(body.get("negative_prompt")),
        "seed": whole_number(body.get("seed")),
        "steps": whole_number(body.get("steps")),
        "guidance": number(body.get("cfg_scale") if body.get("cfg_scale") is not None else body.get("guidance")),
        "sampler": _text(body.get("scheduler")),
        "width": whole_number(body.get("width")),
        "height": whole_number(body.get("height")),
        "model": _text(model.get("name") or model.get("model_name")),
        "model_hash": _text(model.get("hash")),
        "loras": loras,
    }


def _old_invoke(body: dict) -> dict:
    """InvokeAI 2, `sd-metadata`."""
    image = _object(body.get("image"))
    prompt = image.get("prompt")
    if isinstance(prompt, list):
        prompt = ", ".join(_text(_object(part).get("prompt")) for part in prompt)
    return {
        "prompt": _text(prompt),
        "seed": whole_number(image.get("seed")),
        "steps": whole_number(image.get("steps")),
        "guidance": number(image.get("cfg_scale")),
        "sampler": _text(image.get("sampler")),
        "width": whole_number(image.get("width")),
        "height": whole_number(image.get("height")),
        "model": _text(body.get("model_weights")),
        "model_hash": _text(body.get("model_hash")),
    }


def _plain_json(body: dict) -> dict:
    """SwarmUI (`sui_image_params`) and Fooocus, which write JSON under `parameters`."""
    body = _object(body.get("sui_image_params")) or body
    first = lambda *names: next((body[name] for name in names if body.get(name) is not None), None)
    found = {
        "prompt": _text(first("prompt", "full_prompt")),
        "negative": _text(first("negativeprompt", "negative_prompt")),
        "seed": whole_number(first("seed")),
        "steps": whole_number(first("steps")),
        "guidance": number(first("cfgscale", "guidance_scale", "cfg_scale")),
        "sampler": _text(first("sampler")),
        "width": whole_number(first("width")),
        "height": whole_number(first("height")),
        "model": _text(first("model", "base_model")),
        "model_hash": _text(first("base_model_hash", "model_hash")),
    }
    if size := _SIZE.fullmatch(_text(first("resolution")).strip()):
        found["width"], found["height"] = int(size[1]), int(size[2])
    return found


def _comfy_prompt(body: dict) -> dict:
    """ComfyUI's API graph: node id -> class_type and inputs, where a link is [node id, output]."""
    nodes = {}
    for key, node in body.items():
        inputs = _object(_object(node).get("inputs"))
        nodes[str(key)] = (_text(_object(node).get("class_type")), inputs)
    return _from_graph(nodes)


def _comfy_workflow(body: dict) -> dict:
    """ComfyUI's editor graph: nodes with widget values in order, and links [id, from, output, to, input, type]."""
    origin = {}
    for link in _list(body.get("links")):
        if isinstance(link, list) and len(link) >= 3:
            origin[str(link[0])] = [str(link[1]), link[2]]
    nodes = {}
    for node in map(_object, _list(body.get("nodes"))):
        kind = _text(node.get("type"))
        widgets = node.get("widgets_values")
        inputs = (
            dict(widgets)
            if isinstance(widgets, dict)
            else dict(zip(_WIDGETS.get(kind, ()), _list(widgets), strict=False))
        )
        for slot in map(_object, _list(node.get("inputs"))):
            if str(slot.get("link")) in origin and slot.get("link") is not None:
                inputs[_text(slot.get("name"))] = origin[str(slot["link"])]
        nodes[str(node.get("id"))] = (kind, inputs)
    return _from_graph(nodes)


_WIDGETS = {
    "KSampler": ("seed", "after", "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": ("add_noise", "noise_seed", "after", "steps", "cfg", "sampler_name", "scheduler"),
    "RandomNoise": ("noise_seed", "after"),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "KSamplerSelect": ("sampler_name",),
    "FluxGuidance": ("guidance",),
    "CLIPTextEncode": ("text",),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "PrimitiveNode": ("value",),
}


def _from_graph(nodes: dict[str, tuple[str, dict]]) -> dict:
    """Settings from a ComfyUI graph, starting at its sampler with the most steps."""
    samplers = [inputs for kind, inputs in nodes.values() if "positive" in inputs or "guider" in inputs]
    if not samplers:
        return {}
    steps_of = lambda inputs: whole_number(_found(nodes, inputs, "steps")) or 0
    sampler = max(samplers[:MOST_SAMPLERS], key=steps_of)
    guider = _follow(nodes, sampler.get("guider"))
    positive = sampler.get("positive") or guider.get("positive") or guider.get("conditioning")
    negative = sampler.get("negative") or guider.get("negative")
    found = {
        "prompt": _prompt_at(nodes, positive),
        "negative": _prompt_at(nodes, negative),
        "seed": whole_number(_found(nodes, sampler, "seed", "noise_seed")),
        "steps": whole_number(_found(nodes, sampler, "steps")),
        "guidance": number(_found(nodes, {**guider, **sampler}, "cfg", "guidance")),
        "sampler": _text(_found(nodes, sampler, "sampler_name")),
        "width": whole_number(_found(nodes, sampler, "width")),
        "height": whole_number(_found(nodes, sampler, "height")),
        "model": _text(_found(nodes, {**guider, **sampler}, "ckpt_name", "unet_name")),
    }
    found["loras"] = [
        {"name": name, "weight": number(inputs.get("strength_model"))}
        for kind, inputs in nodes.values()
        if kind.startswith("LoraLoader") and (name := _text(inputs.get("lora_name")))
    ]
    return found if found["prompt"] or found["seed"] is not None else {}


def _follow(nodes: dict, link: object) -> dict:
    """The inputs of the node a link points to."""
    if isinstance(link, list) and link and str(link[0]) in nodes:
        return nodes[str(link[0])][1]
    return {}


def _found(nodes: dict, start: dict, *names: str) -> object:
    """The nearest value called one of `names`, going up the links from `start`."""
    for inputs in _upwards(nodes, start):
        for name in names:
            value = inputs.get(name)
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                return value
            if isinstance(value, list) and (there := _follow(nodes, value)):
                for inner in (name, "value", "int", "seed", "text"):
                    if isinstance(there.get(inner), str | int | float):
                        return there[inner]
    return None


def _upwards(nodes: dict, start: dict) -> Iterator[dict]:
    """The inputs of `start`, then of what it is linked to, and so on; each once, and no more than a graph has."""
    waiting, known, links = deque([start]), {id(start)}, 0
    while waiting:
        inputs = waiting.popleft()
        yield inputs
        for value in inputs.values():
            links += 1
            if links > MOST_LINKS:
                return
            there = _follow(nodes, value)
            if there and id(there) not in known:
                known.add(id(there))
                waiting.append(there)


def _prompt_at(nodes: dict, link: object) -> str:
    """The prompt text a conditioning link leads to; several joined texts are all given."""
    texts: dict[str, None] = {}
    waiting, known = deque([_follow(nodes, link)]), set()
    while waiting:
        inputs = waiting.popleft()
        if id(inputs) in known:
            continue
        known.add(id(inputs))
        said = False
        for name in ("text", "text_g", "text_l", "clip_l", "t5xxl", "value", "string", "prompt"):
            value = inputs.get(name)
            if isinstance(value, str) and value.strip():
                said = said or value not in texts
                texts[value] = None
            elif isinstance(value, list):
                waiting.append(_follow(nodes, value))
        if not said:
            wanted = (
                value for name, value in inputs.items() if name.startswith(("conditioning", "positive", "negative"))
            )
            waiting.extend(_follow(nodes, value) for value in wanted)
    return "\n".join(texts)


def _object(value: object) -> dict:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


_READERS = (
    ("prompt", _comfy_prompt),
    ("workflow", _comfy_workflow),
    ("invokeai_metadata", _invoke),
    ("sd-metadata", _old_invoke),
    ("parameters", _plain_json),
    ("Comment", _plain_json),
)
