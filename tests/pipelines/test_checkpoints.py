"""Single-file checkpoints without a hub: the same pictures as from the folder they were made of."""

import json

import pytest

from pipelines import checkpoints, clip_prompts
from pipelines.base import EngineError, ImageInputs, LocalModel
from pipelines.catalog import FAMILIES, family
from tests import tiny_models
from tests.pipelines.test_families import apart


@pytest.fixture(scope="module")
def checkpoint(tiny_home):
    """The path of a tiny single file of this family, in half precision names as people have them."""
    from diffusers import DiffusionPipeline
    from safetensors.torch import save_file

    def make(name, **extra):
        folder = tiny_models.save(name, tiny_home)
        pipe = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
        path = tiny_home / f"{name} checkpoint{''.join(extra)}.safetensors"
        save_file({**tiny_models.as_checkpoint(pipe), **extra}, path)
        return path

    return make


def drawn(engine):
    wanted = ImageInputs("a (red:1.3) fox", "blue", 512, 512, 1, 5.0, "Euler", (7,))
    return engine.run(wanted, lambda *_: None)[0]


@pytest.mark.parametrize("name", ["sd15", "sdxl"])
def test_a_single_file_draws_as_its_folder_does(name, checkpoint, tiny_home, monkeypatch):
    """Same weights, same picture; nothing is fetched: only the shapes in `pipelines/configs` are needed."""
    monkeypatch.setattr(checkpoints, "CONFIGS", tiny_home)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    path, kind = checkpoint(name), family(name)
    models = [
        LocalModel("folder", "Folder", name, tiny_models.save(name, tiny_home), "folder"),
        LocalModel("file", "File", name, path, "checkpoint", kind.variant_of(path)),
    ]
    made = []
    for model in models:
        engine = kind.make(model)
        assert engine.ready() is None
        engine.load("cpu", "float32")
        assert set(engine.footprint()) >= {"unet", "vae", "text_encoder"}
        made.append(drawn(engine))
        engine.unload()
    assert apart(*made) == 0


def test_a_v_prediction_file_is_known_by_its_mark(checkpoint, tiny_home):
    """Makers of such fine-tunes leave an empty tensor in the file; without heeding it pictures are noise."""
    import torch

    path = checkpoint("sd15", v_pred=torch.zeros(1), ztsnr=torch.zeros(1))
    pipe = checkpoints.read(path, "sd15", "StableDiffusionPipeline", torch.float32, tiny_home / "sd15")
    assert pipe.scheduler.config.prediction_type == "v_prediction"
    assert pipe.scheduler.config.rescale_betas_zero_snr


def test_what_is_no_checkpoint_is_refused(tmp_path):
    """A pickle, and a file with other tensors, end in one sentence with what to do."""
    import torch
    from safetensors.torch import save_file

    pickle = tmp_path / "old.ckpt"
    pickle.write_bytes(b"x")
    other = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(3)}, other)
    for path in (pickle, other):
        engine = family("sd15").make(LocalModel("x", "X", "sd15", path, "checkpoint"))
        with pytest.raises(EngineError) as refused:
            engine.load("cpu", "float32")
        assert refused.value.hint


# Parameters of the published models, as their makers count them.
COUNTS = {
    "sd15": {"unet": 859_520_964, "vae": 83_653_863, "text_encoder": 123_060_480},
    "sdxl": {"unet": 2_567_463_684, "vae": 83_653_863, "text_encoder": 123_060_480, "text_encoder_2": 694_659_840},
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_shipped_shapes_are_those_of_the_published_models(name):
    """Built without memory, each part has as many parameters as the original."""
    import diffusers
    import torch
    import transformers

    folder = checkpoints.CONFIGS / name
    index = json.loads((folder / "model_index.json").read_text())
    for part, count in COUNTS[name].items():
        library, kind = index[part]
        cls = getattr({"diffusers": diffusers, "transformers": transformers}[library], kind)
        with torch.device("meta"):
            if library == "diffusers":
                model = cls.from_config(cls.load_config(folder / part))
            else:
                model = cls(cls.config_class.from_pretrained(folder / part))
        assert sum(one.numel() for one in model.parameters()) == count, part


def test_the_shipped_vocabulary_is_clips():
    """Known ids of CLIP's tokenizer, long prompts in pieces, BREAK, and weights per token."""
    tokenizer = clip_prompts.tokenizer()
    assert len(tokenizer) == 49408
    assert tokenizer("a photo of a cat")["input_ids"] == [49406, 320, 1125, 539, 320, 2368, 49407]
    assert tokenizer("A  Photo of a CAT")["input_ids"] == [49406, 320, 1125, 539, 320, 2368, 49407]
    pieces = clip_prompts.pieces(tokenizer, "a cat, " * 50)
    assert [len(each) <= clip_prompts.PIECE for each in pieces] == [True] * len(pieces)
    assert sum(map(len, pieces)) == 150
    assert all(each[0][0] == 320 for each in pieces)  # a phrase is not torn apart
    assert len(clip_prompts.pieces(tokenizer, "a cat BREAK a dog")) == 2
    assert clip_prompts.pieces(tokenizer, "a (cat:1.5)") == [[(320, 1.0), (2368, 1.5)]]
    assert clip_prompts.pieces(tokenizer, "") == [[]]


def test_every_family_knows_its_variants_from_a_folder(tiny_home):
    """What a folder's own files say decides the defaults."""
    for name, kind, variant in (
        ("sd15-inpaint", "sd15", "inpaint"), ("flux1", "flux1", "schnell"), ("flux1-dev", "flux1", "dev"),
        ("flux1-kontext", "flux1", "kontext"), ("flux2-klein", "flux2-klein", "distilled"),
        ("flux2-klein-base", "flux2-klein", "base"), ("krea2", "krea2", "turbo"),
    ):  # fmt: skip
        assert family(kind).variant_of(tiny_models.save(name, tiny_home)) == variant
    for each in FAMILIES:  # also where there is nothing to read
        assert each.variant(each.variant_of(tiny_home / "nothing")) in each.variants
