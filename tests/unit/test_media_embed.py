"""Recipes in pictures: written by us, read by us and by others; and pictures of others read by us."""

import io
import json
import os
import struct
import time
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from studio import durable
from studio.domain.asset import Recipe
from studio.errors import NoSpace, StudioError
from studio.media import embed, xmp

RECIPE = Recipe(
    engine="starter",
    prompt="Mira, red raincoat,\nnight market",
    negative="blurry",
    seed=7,
    steps=20,
    guidance=3.5,
    sampler="DDIM",
    width=32,
    height=32,
    character_id="01abc",
    character_name="Mira",
    look_name="Flat",
    parents=["p1"],
)
FOREIGN = RECIPE.model_copy(update={"prompt": "夜市 — 🦊 <b>&amp;</b> ]]>", "character_name": "Zoë Ünal"})
SAVERS = {"png": embed.save_png, "jpg": embed.save_jpeg, "webp": embed.save_webp}
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def picture(size=(32, 32), mode="RGB"):
    return Image.linear_gradient("L").resize(size).convert(mode)


def png_bytes(**texts: str) -> bytes:
    chunks = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        chunks.add_itxt(name, text)
    buffer = io.BytesIO()
    picture().save(buffer, "PNG", pnginfo=chunks)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", SAVERS)
@pytest.mark.parametrize("recipe", [RECIPE, FOREIGN, Recipe()], ids=["plain", "foreign", "empty"])
def test_the_whole_recipe_comes_back(tmp_path, kind, recipe):
    """Every field survives in every format, in any script."""
    path = tmp_path / f"a.{kind}"
    SAVERS[kind](picture(), path, recipe)
    assert embed.read_recipe(path) == recipe
    assert embed.read_recipe(path.read_bytes()) == recipe
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", SAVERS)
def test_the_same_picture_and_recipe_give_the_same_bytes(tmp_path, kind):
    """Nothing of the moment or the machine is in the file."""
    SAVERS[kind](picture(), tmp_path / f"a.{kind}", RECIPE)
    SAVERS[kind](picture(), tmp_path / f"b.{kind}", RECIPE)
    assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_png_text_is_plain_when_it_can_be_and_international_when_it_must(tmp_path):
    """`parameters` is tEXt for Latin-1 and iTXt beyond; `studio` and XMP stand beside it, all before the pixels."""

    def chunks(recipe):
        embed.save_png(picture(), tmp_path / "a.png", recipe)
        content, at, found = (tmp_path / "a.png").read_bytes(), 8, {}
        while at < len(content):
            size, kind = struct.unpack(">I4s", content[at : at + 8])
            if kind == b"IDAT":
                return found
            if kind in (b"tEXt", b"iTXt"):
                found[content[at + 8 : at + 8 + size].split(b"\0")[0].decode()] = kind
            at += size + 12
        return found

    latin = RECIPE.model_copy(update={"character_name": "Zoë"})
    assert chunks(latin) == {"parameters": b"tEXt", "studio": b"iTXt", "XML:com.adobe.xmp": b"iTXt"}
    assert chunks(FOREIGN)["parameters"] == b"iTXt"


@pytest.mark.parametrize("kind", ["jpg", "webp"])
def test_exif_holds_the_infotext_as_other_readers_expect_it(tmp_path, kind):
    """UserComment is UNICODE and big-endian in a big-endian EXIF, decoded here by hand."""
    SAVERS[kind](picture(), tmp_path / f"a.{kind}", FOREIGN)
    exif = Image.open(tmp_path / f"a.{kind}").info["exif"]
    content = exif[6:] if exif.startswith(b"Exif\0\0") else exif
    assert content[:2] == b"MM"
    count = struct.unpack(">H", content[8:10])[0]
    tags = {struct.unpack(">H", content[10 + 12 * n : 12 + 12 * n])[0]: 10 + 12 * n for n in range(count)}
    sub = struct.unpack(">I", content[tags[0x8769] + 8 : tags[0x8769] + 12])[0]
    tag, _, size, offset = struct.unpack(">HHII", content[sub + 2 : sub + 14])
    assert tag == 0x9286
    comment = content[offset : offset + size]
    assert comment[:8] == b"UNICODE\0"
    assert comment[8:].decode("utf-16-be").startswith("夜市 — 🦊 <b>&amp;</b> ]]>\nNegative prompt: blurry\nSteps: 20")


@pytest.mark.parametrize("kind", SAVERS)
def test_a_second_reader_finds_the_ai_origin_in_the_xmp(tmp_path, kind):
    """An XML parser reads digital source type, credit, description and alt text, markup and all."""
    extra = {"description": "Mira & <friends>", "alt_text": "A woman \x07 in “red”", "asset_id": "a1"}
    SAVERS[kind](picture(), tmp_path / f"a.{kind}", FOREIGN, extra=extra)
    image = Image.open(tmp_path / f"a.{kind}")
    packet = image.info["xmp"] if kind != "png" else image.text["XML:com.adobe.xmp"].encode()
    assert b"Iptc4xmpExt:DigitalSourceType" in (tmp_path / f"a.{kind}").read_bytes()
    about = ET.fromstring(packet.decode()).find(f".//{RDF}Description")
    assert about.find("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType").text == xmp.TRAINED
    assert about.find("{http://ns.adobe.com/photoshop/1.0/}Credit").text == "Made with AI"
    description = about.find("{http://purl.org/dc/elements/1.1/}description")
    assert description.find(f".//{RDF}li").text == "Mira & <friends>"
    alt = about.find("{http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/}AltTextAccessibility")
    assert alt.find(f".//{RDF}li").text == "A woman  in “red”"
    assert embed.read_recipe(tmp_path / f"a.{kind}") == FOREIGN


def test_a_picture_of_unknown_origin_is_not_called_ai(tmp_path):
    """Without a source type neither origin nor credit is claimed."""
    embed.save_png(picture(), tmp_path / "a.png", Recipe(), source_type=None)
    packet = Image.open(tmp_path / "a.png").text["XML:com.adobe.xmp"]
    assert "DigitalSourceType" not in packet
    assert "Credit" not in packet


def test_a_recipe_too_long_for_jpeg_still_gives_a_picture_with_its_settings(tmp_path):
    """JPEG segments end at 64 KB: the seed survives a prompt that does not."""
    long = RECIPE.model_copy(update={"prompt": "猫, " * 30_000})
    embed.save_jpeg(picture(), tmp_path / "a.jpg", long)
    found = embed.read_recipe(tmp_path / "a.jpg")
    assert (found.seed, found.steps) == (7, 20)
    assert found.prompt.startswith("猫, 猫")
    embed.save_webp(picture(), tmp_path / "a.webp", long)
    assert embed.read_recipe(tmp_path / "a.webp") == long


def test_transparency_and_colour_profiles_are_kept_where_the_format_can(tmp_path):
    """PNG and WebP keep alpha, JPEG puts white behind; the ICC profile stays."""
    image = picture(mode="RGBA")
    image.putalpha(0)
    image.info["icc_profile"] = b"profile"
    for kind, save in SAVERS.items():
        save(image, tmp_path / f"a.{kind}", RECIPE)
        back = Image.open(tmp_path / f"a.{kind}")
        assert back.info["icc_profile"] == b"profile"
        assert back.mode == ("RGB" if kind == "jpg" else "RGBA")
    assert min(Image.open(tmp_path / "a.jpg").convert("L").getdata()) > 250


def test_other_sizes_of_the_same_text_byte_order_are_read(tmp_path):
    """Little-endian and BOM-marked comments of other programs are understood too."""
    text = "a cat\nSteps: 5, Sampler: Euler, Seed: 9, Size: 8x8"
    for encoded in (text.encode("utf-16-le"), text.encode("utf-16"), text.encode("utf-16-be")):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + encoded
        picture().save(tmp_path / "a.jpg", exif=exif.tobytes())
        found = embed.read_recipe(tmp_path / "a.jpg")
        assert (found.prompt, found.seed) == ("a cat", 9)


COMFY = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 42,
            "steps": 25,
            "cfg": 6.5,
            "sampler_name": "euler",
            "scheduler": "normal",
            "model": ["10", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "dream.safetensors"}},
    "10": {"class_type": "LoraLoader", "inputs": {"lora_name": "mira", "strength_model": 0.7, "model": ["4", 0]}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 640, "height": 832, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["8", 0], "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "ugly", "clip": ["4", 1]}},
    "8": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": "a fox at night"}},
}
WORKFLOW = {
    "nodes": [
        {
            "id": 1,
            "type": "KSampler",
            "widgets_values": [42, "fixed", 25, 6.5, "euler", "normal", 1],
            "inputs": [
                {"name": "model", "link": 4},
                {"name": "positive", "link": 1},
                {"name": "negative", "link": 2},
                {"name": "latent_image", "link": 3},
            ],
        },
        {"id": 2, "type": "CLIPTextEncode", "widgets_values": ["a fox at night"], "inputs": []},
        {"id": 3, "type": "CLIPTextEncode", "widgets_values": ["ugly"], "inputs": []},
        {"id": 4, "type": "EmptyLatentImage", "widgets_values": [640, 832, 1]},
        {"id": 5, "type": "CheckpointLoaderSimple", "widgets_values": ["dream.safetensors"]},
    ],
    "links": [[1, 2, 0, 1, 1, "C"], [2, 3, 0, 1, 2, "C"], [3, 4, 0, 1, 3, "L"], [4, 5, 0, 1, 0, "M"]],
}
INVOKE = {
    "positive_prompt": "a fox at night",
    "negative_prompt": "ugly",
    "seed": 42,
    "steps": 25,
    "cfg_scale": 6.5,
    "scheduler": "euler",
    "width": 640,
    "height": 832,
    "model": {"name": "dream.safetensors", "hash": "blake3:1"},
    "loras": [{"model": {"name": "mira"}, "weight": 0.7}],
}
SWARM = {
    "sui_image_params": {
        "prompt": "a fox at night",
        "negativeprompt": "ugly",
        "seed": 42,
        "steps": 25,
        "cfgscale": 6.5,
        "sampler": "euler",
        "width": 640,
        "height": 832,
        "model": "dream.safetensors",
    }
}


@pytest.mark.parametrize(
    ("name", "body"),
    [("prompt", COMFY), ("workflow", WORKFLOW), ("invokeai_metadata", INVOKE), ("parameters", SWARM)],
)
def test_other_studios_metadata_is_read(name, body):
    """ComfyUI's two graphs, InvokeAI and SwarmUI give the same recipe."""
    found = embed.read_recipe(png_bytes(**{name: json.dumps(body)}))
    assert (found.prompt, found.negative, found.seed, found.steps) == ("a fox at night", "ugly", 42, 25)
    assert (found.guidance, found.sampler, found.width, found.height) == (6.5, "euler", 640, 832)
    assert found.model == "dream.safetensors"


def test_comfyui_keeps_its_graph_in_webp_exif_and_we_find_it(tmp_path):
    """`prompt:{…}` in the camera model field."""
    exif = Image.Exif()
    exif[0x0110] = "prompt:" + json.dumps(COMFY)
    picture().save(tmp_path / "a.webp", exif=exif.tobytes())
    assert embed.read_recipe(tmp_path / "a.webp").seed == 42


def test_our_own_recipe_wins_over_infotext_and_graphs():
    """The exact recipe is preferred; the text is what is left when it is damaged."""
    ours = json.dumps({"studio": 1, "recipe": {"prompt": "ours", "future_field": [1]}})
    text = "theirs\nSteps: 1, Sampler: a, Seed: 2"
    found = embed.read_recipe(png_bytes(studio=ours, parameters=text, prompt=json.dumps(COMFY)))
    assert found.prompt == "ours"
    assert found.model_extra == {"future_field": [1]}
    assert embed.read_recipe(png_bytes(studio="{broken", parameters=text)).prompt == "theirs"


def test_texts_behind_the_pixels_are_found():
    """Some programs append their chunks after the picture."""
    content = png_bytes()
    body = b"parameters\0late\nSteps: 1, Sampler: a, Seed: 2"
    chunk = struct.pack(">I", len(body)) + b"tEXt" + body + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    assert embed.read_recipe(content[:-12] + chunk + content[-12:]).prompt == "late"


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"studio": "[]"},
        {"studio": json.dumps({"studio": 1, "recipe": {"seed": "x", "loras": 3}})},
        {"studio": '{"studio":1,"recipe":' + "[" * 50_000},
        {"prompt": json.dumps({"1": {"class_type": 5, "inputs": {"positive": ["1", 0]}}})},
        {"prompt": json.dumps({"1": {"inputs": {"positive": ["1", 0], "text": ["1", 0], "seed": ["1", 0]}}})},
        {"prompt": json.dumps({"1": None, "2": {"inputs": []}})},
        {"workflow": json.dumps({"nodes": [{"id": [1], "type": {}, "inputs": 4}, 7], "links": [1, [2]]})},
        {"invokeai_metadata": json.dumps({"model": [], "loras": [None, {"model": 3}], "seed": True})},
        {"sd-metadata": json.dumps({"image": {"prompt": [None, 4]}})},
        {"parameters": '{"resolution": [1, 2], "prompt": 5}'},
        {"XML:com.adobe.xmp": "<studio:Recipe>&lt;</studio:Recipe>"},
    ],
)
def test_hostile_metadata_means_no_recipe_or_an_emptier_one(texts):
    """Wrong types, loops and bottomless nesting never raise."""
    found = embed.read_recipe(png_bytes(**texts))
    assert found is None or found.seed is None


@pytest.mark.parametrize(
    "texts",
    [
        {"XML:com.adobe.xmp": "<studio:Recipe>" * 60_000},
        {"prompt": json.dumps({"1": {"inputs": {"positive": ["1", 0], **{f"i{n}": ["1", 0] for n in range(60_000)}}}})},
        {"prompt": json.dumps({n: {"inputs": {"positive": [str(n + 1), 0]}} for n in range(20_000)})},
        {"parameters": "a: " + '"\\",: ' * 60_000},
    ],
    ids=["unclosed elements", "a knot of links", "a chain of nodes", "unclosed quotes"],
)
def test_long_metadata_made_to_be_slow_is_read_in_linear_time(texts):
    """A megabyte of it takes well under what a quadratic reader would need (minutes)."""
    content = png_bytes(**texts)
    began = time.process_time()
    embed.read_recipe(content)
    assert time.process_time() - began < 5


def test_infinite_numbers_do_not_get_into_a_recipe():
    """JSON's NaN and a seed of five thousand digits are left out."""
    text = json.dumps({"studio": 1, "recipe": {"prompt": "p", "guidance": 1}}).replace("1}", "NaN}")
    assert embed.read_recipe(png_bytes(studio=text)).guidance is None
    text = json.dumps({**INVOKE, "seed": 0}).replace('"seed": 0', f'"seed": {"9" * 4000}')
    assert embed.read_recipe(png_bytes(invokeai_metadata=text)).seed is None


def test_a_text_file_has_no_recipe_and_says_why():
    """read_recipe refuses what is no picture."""
    with pytest.raises(StudioError, match="not a picture"):
        embed.read_recipe(b"hello there, I am a text")


def test_a_failed_write_leaves_the_old_picture_and_no_litter(tmp_path, monkeypatch):
    """When the disk fills up the previous file stays whole, and the person is told."""
    path = tmp_path / "a.png"
    embed.save_png(picture(), path, RECIPE)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(NoSpace):
        embed.save_png(picture((64, 64)), path, RECIPE)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.png"]


def test_folders_on_the_way_are_made(tmp_path):
    """Saving into a month that does not exist yet works."""
    path = tmp_path / "outputs" / "猫" / "2026-11" / "a.png"
    embed.save_png(picture(), path, RECIPE)
    assert Path(path).is_file()
