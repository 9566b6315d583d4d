"""Model files and folders are told from names and shapes."""

import json

import pytest

from pipelines.recognise import base_of, recognise
from pipelines.weight_file import BadWeights
from tests.weights import UNET, checkpoint, diffusers_folder, kohya, peft, safetensors


@pytest.mark.parametrize(("width", "family"), [(768, "sd15"), (1024, "sd2"), (2048, "sdxl"), (1280, "sdxl-refiner")])
def test_checkpoints_are_told_by_the_width_of_their_text(tmp_path, width, family):
    """The cross-attention's width decides, whatever the file is called."""
    found = recognise(checkpoint(tmp_path / "dreamy_v12_final.safetensors", width))
    assert (found.kind, found.family, found.layout) == ("model", family, "checkpoint")
    assert bool(found.problem) == (family not in ("sd15", "sdxl"))
    assert found.precision == "F16"


def test_an_inpainting_checkpoint_is_told_by_its_channels(tmp_path):
    """Nine channels in means a picture and a mask go in."""
    assert recognise(checkpoint(tmp_path / "a.safetensors", channels=9)).variant == "inpaint"


def test_parts_of_models_are_named(tmp_path):
    """What is no whole model says what it is and what to take instead."""
    parts = {
        "denoiser alone": {f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (8, 768)},
        "ControlNet": {"control_model.time_embed.0.weight": (4, 4)},
        "decoder (VAE)": {"decoder.up_blocks.0.weight": (4,)},
        "text encoder": {"text_model.encoder.layers.0.weight": (4,)},
        "textual inversion": {"emb_params": (2, 768)},
        "FLUX.1": {"double_blocks.0.img_attn.norm.key_norm.scale": (4,)},
        "FLUX.2 klein": {"double_stream_modulation_img.lin.weight": (4, 4), "img_in.weight": (3072, 2)},
        "Z-Image": {"layers.0.adaLN_modulation.0.weight": (4, 4)},
        "Qwen-Image": {"transformer_blocks.0.img_mlp.net.0.proj.weight": (4, 4)},
    }
    for what, shapes in parts.items():
        found = recognise(safetensors(tmp_path / "part.safetensors", shapes))
        assert found.kind == "part", what
        assert found.problem
        if what[0].isupper():
            assert what in found.problem
    assert recognise(safetensors(tmp_path / "x.safetensors", {"what": (1,)})).kind == "unknown"


@pytest.mark.parametrize(("width", "family"), [(768, "sd15"), (2048, "sdxl"), (1024, "sd2"), (256, "starter")])
def test_kohya_loras_are_told_by_the_width_of_their_text(tmp_path, width, family):
    """Whatever the metadata claims, the layers decide."""
    found = recognise(kohya(tmp_path / "a.safetensors", width, 8, {"ss_base_model_version": "sdxl_base_v1-0"}))
    assert (found.kind, found.family, found.problem) == ("lora", family, "")
    assert (found.lora.format, found.lora.rank) == ("kohya", 8)


PEFT = {
    "sd15": {"unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k": (768, 320)},
    "sdxl": {"base_model.model.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v": (2048, 640)},
    "flux1": {"transformer.single_transformer_blocks.0.proj_mlp": (3072, 12288)},
    "flux2-klein": {"transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj": (3072, 27648)},
    "flux2-dev": {"diffusion_model.single_blocks.0.linear1": (6144, 55296)},
    "z-image": {"diffusion_model.layers.0.attention.to_q": (3840, 3840)},
    "qwen-image": {"transformer.transformer_blocks.0.img_mlp.net.0.proj": (3072, 12288)},
    "krea2": {"transformer.transformer_blocks.0.attn.to_gate": (6144, 6144)},
}


@pytest.mark.parametrize("family", PEFT)
def test_peft_loras_are_told_by_their_layers(tmp_path, family):
    """The names and widths of each family's layers."""
    found = recognise(peft(tmp_path / "a.safetensors", PEFT[family]))
    assert (found.kind, found.family, found.lora.format) == ("lora", family, "peft")


def test_flux_loras_of_kohya_differ_by_width(tmp_path):
    """FLUX.1 and FLUX.2 klein share names; how wide their layers are tells them apart."""
    for out, family in ((21504, "flux1"), (27648, "flux2-klein")):
        stem = "lora_unet_single_blocks_0_linear1"
        shapes = {f"{stem}.lora_down.weight": (4, 3072), f"{stem}.lora_up.weight": (out, 4)}
        assert recognise(safetensors(tmp_path / "a.safetensors", shapes)).family == family


def test_the_metadata_helps_where_layers_do_not(tmp_path):
    """A LoRA whose layers occur in several families is what it says it is."""
    path = peft(
        tmp_path / "a.safetensors", {"mystery.linear": (8, 8)}, metadata={"modelspec.architecture": "flux-1-dev/lora"}
    )
    assert recognise(path).family == "flux1"
    found = recognise(peft(tmp_path / "b.safetensors", {"mystery.linear": (8, 8)}))
    assert "which models" in found.problem


def test_what_a_lora_says_of_itself_is_read(tmp_path):
    """Trigger words, tags with counts, title, author and licence; hostile text becomes one harmless line."""
    metadata = {
        "modelspec.trigger_phrase": "ohwx woman,  red\ncoat\u202e ",
        "ss_tag_frequency": json.dumps({"10_a": {"smile": 7, "hat": 2}, "5_b": {"smile": 1, "bad": "x", "neg": -1}}),
        "modelspec.title": "Mira <b>v2</b>",
        "modelspec.license": "CC-BY-4.0",
        "ss_network_alpha": "2.0",
    }
    facts = recognise(kohya(tmp_path / "a.safetensors", metadata=metadata)).lora
    assert facts.triggers == ("ohwx woman", "red coat")
    assert facts.tags == (("smile", 8), ("hat", 2))
    assert (facts.title, facts.licence, facts.alpha) == ("Mira <b>v2</b>", "CC-BY-4.0", 2.0)


def test_training_folders_name_the_trigger(tmp_path):
    """kohya's folder names hold the words when nothing else does."""
    facts = recognise(kohya(tmp_path / "a.safetensors", metadata={"ss_dataset_dirs": '{"10_mira style": {}}'})).lora
    assert facts.triggers == ("mira style",)


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 3}', "nul", '{"a": {"b": true}}', "[" * 50_000])
def test_broken_metadata_says_nothing(tmp_path, text):
    """Metadata is strangers' text: what cannot be read is left out."""
    facts = recognise(kohya(tmp_path / "a.safetensors", metadata={"ss_tag_frequency": text, "ss_dataset_dirs": text}))
    assert facts.lora.tags == ()


def test_relatives_of_loras_are_refused_with_their_name(tmp_path):
    """LoHa and LoKr look alike and are something else."""
    shapes = {"lora_unet_x.hada_w1_a": (4, 4), "lora_unet_x.hada_w1_b": (4, 4)}
    found = recognise(safetensors(tmp_path / "a.safetensors", shapes))
    assert "LoHa" in found.problem


def test_a_lora_with_half_its_layers_is_refused(tmp_path):
    """A down without its up adds nothing to anything."""
    found = recognise(safetensors(tmp_path / "a.safetensors", {"lora_unet_x.lora_down.weight": (4, 768)}))
    assert "halves" in found.problem


def test_a_diffusers_folder_lists_its_weights(tmp_path):
    """Every part's file is found and its header checked."""
    found = recognise(diffusers_folder(tmp_path / "model"))
    assert (found.kind, found.layout, found.pipeline) == ("model", "folder", "StableDiffusionPipeline")
    assert (found.family, found.base, found.problem) == ("sd15", "sd15", "")
    assert len(found.files) == 3
    assert found.bytes == sum((tmp_path / "model" / name).stat().st_size for name in found.files)


def test_what_loras_must_be_made_for_is_read_from_the_denoiser(tmp_path):
    """SD 2 in an SD pipeline, and the larger FLUX.2 klein, take other LoRAs than their families' usual ones."""
    model = diffusers_folder(tmp_path / "sd2")
    (model / "unet" / "config.json").write_text('{"cross_attention_dim": 1024}')
    assert recognise(model).base == "sd2"
    assert base_of(tmp_path, "qwen-image-edit") == "qwen-image"
    klein = tmp_path / "klein"
    (klein / "transformer").mkdir(parents=True)
    (klein / "transformer" / "config.json").write_text('{"num_attention_heads": 32, "attention_head_dim": 128}')
    assert base_of(klein, "flux2-klein") == "flux2-klein-9b"


def test_a_folder_may_lack_its_safety_checker(tmp_path):
    """Parts no picture needs may be missing, as they are in the folders people share."""
    model = diffusers_folder(tmp_path / "model")
    index = json.loads((model / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    (model / "model_index.json").write_text(json.dumps(index))
    assert recognise(model).problem == ""


def test_an_unknown_pipeline_is_told_by_name(tmp_path):
    """A folder no engine takes says which class it wants."""
    assert "MagicPipeline" in recognise(diffusers_folder(tmp_path / "m", "MagicPipeline")).problem


def test_shards_must_all_be_there(tmp_path):
    """A part in several files is whole or refused."""
    model = diffusers_folder(tmp_path / "model")
    (model / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    names = [f"diffusion_pytorch_model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    for name in names:
        safetensors(model / "unet" / name, {name: (4,)})
    index = {"weight_map": {"a": names[0], "b": names[1]}}
    (model / "unet" / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    assert len(recognise(model).files) == 4
    (model / "unet" / names[1]).unlink()
    with pytest.raises(BadWeights, match="00002-of-00002"):
        recognise(model)


@pytest.mark.parametrize("evil", ["../../../etc/passwd", "..\\secret", "/etc/passwd"])
def test_a_folder_cannot_point_out_of_itself(tmp_path, evil):
    """A shard list with paths is refused."""
    model = diffusers_folder(tmp_path / "model")
    (model / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    index = model / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": evil}}))
    with pytest.raises(BadWeights):
        recognise(model)


def test_folders_of_pickles_and_of_nothing_are_refused(tmp_path):
    """A part with only .bin is a pickle; one without anything is missing; a folder without an index is none."""
    model = diffusers_folder(tmp_path / "model")
    weights = model / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(BadWeights, match="pickle"):
        recognise(model)
    weights.with_suffix(".bin").unlink()
    with pytest.raises(BadWeights, match="no weights"):
        recognise(model)
    (model / "model_index.json").write_text("[]")
    with pytest.raises(BadWeights, match="cannot be read"):
        recognise(model)
    with pytest.raises(BadWeights, match="no diffusers folder"):
        recognise(tmp_path)


def test_other_files_are_refused(tmp_path):
    """Anything that is no safetensors file is told so."""
    for name in ("model.gguf", "notes.txt"):
        (tmp_path / name).write_bytes(b"GGUF")
        with pytest.raises(BadWeights, match="not a safetensors"):
            recognise(tmp_path / name)
