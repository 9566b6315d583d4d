"""Every stage of the starter model's training runs for a moment; the gradients it relies on are checked."""

import os
import random
import time

import numpy as np
import pytest
import torch

pytest.importorskip("dicebear", reason="needs dicebear-core, dicebear-styles and resvg-py")
pytest.importorskip("resvg_py")

from pipelines.starter import classifier
from pipelines.starter.training import autoencoder, classify, denoiser, evaluate, parallel, render, text
from pipelines.starter.training.captions import caption
from pipelines.starter.training.vocabulary import FRAMINGS, HEADS, PROP_WEIGHTS, STYLES, SYNONYMS

MODEL = os.path.join(os.path.dirname(evaluate.__file__), "..", "model")
SECONDS = 1 / 60  # of a minute
CHILDLIKE = {"boy", "girl", "child", "kid", "teen", "teenager", "baby", "schoolgirl", "schoolboy", "loli", "toddler"}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """One thread per process, as in training: two threads crawl on busy cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with 48 renders and their latents from the shipped autoencoder."""
    folder = tmp_path_factory.mktemp("starter")
    render.dataset(str(folder / "train"), 48, seed=5, workers=1)
    vae = autoencoder.load(os.path.join(MODEL, "vae"))
    autoencoder.encode(vae, str(folder / "train"), str(folder / "latents.npy"))
    return folder


def test_the_same_attributes_draw_the_same_picture_in_every_style():
    for style in STYLES:
        a = render.sample(random.Random(3), style)
        one, two = np.asarray(render.render(a)), np.asarray(render.render(a))
        assert one.shape == (256, 256, 3)
        assert (one == two).all()
        assert one.std() > 10


def test_captions_name_the_attributes_and_only_adults():
    r = random.Random(0)
    for _ in range(400):
        a = render.sample(r)
        words = caption(a, r)
        full = caption(a, r, full=True)
        assert not CHILDLIKE & set(words.lower().replace(",", " ").split())
        assert any(w in full for w in SYNONYMS["person"][a["person"]])
        if a["glasses"] != "none":
            assert any(w in full for w in SYNONYMS["glasses"][a["glasses"]])
        assert all(a[k] is None or a[k] in HEADS[k] for k in HEADS)


def test_bf16_gradients_of_the_denoiser_agree_with_fp32():
    """A compiled denoiser once got zero gradients in most inner blocks while its loss looked right."""
    from diffusers import UNet2DConditionModel
    from diffusers.models.attention_processor import AttnProcessor

    unet = UNet2DConditionModel.from_pretrained(os.path.join(MODEL, "unet"), torch_dtype=torch.float32)
    unet.set_attn_processor(AttnProcessor())
    cumulative = denoiser.scheduler().alphas_cumprod.float()
    weights = torch.stack([denoiser.region_weights()[framing] for framing in ("portrait", "half figure")])
    r = torch.Generator().manual_seed(0)
    x, hidden = torch.randn(2, 8, 32, 32, generator=r), torch.randn(2, 64, 256, generator=r)

    def gradients(enabled):
        torch.manual_seed(0)
        unet.zero_grad()
        real = torch.autocast
        try:
            if not enabled:
                torch.autocast = lambda *a, **k: real("cpu", enabled=False)
            denoiser.velocity_loss(unet, x, hidden, cumulative, weights)[0].backward()
        finally:
            torch.autocast = real
        return {k: p.grad.flatten().clone() for k, p in unet.named_parameters()}

    exact, used = gradients(False), gradients(True)
    blocks = {}
    for k, g in exact.items():
        if g.norm() > 1e-8:
            cosine = torch.cosine_similarity(g, used[k], 0).item()
            blocks.setdefault(".".join(k.split(".")[:2]), []).append(cosine)
    assert len(blocks) > 8
    for name, cosines in blocks.items():
        assert np.median(cosines) > 0.9, (name, cosines)


def test_the_autoencoder_trains_and_refines(work):
    data, ranks = str(work / "train"), parallel.Ranks()
    autoencoder.train(ranks, data, str(work / "vae"), 1.5 * SECONDS, bs=2, crop=64)
    shipped = os.path.join(MODEL, "vae")
    blocks = (11, 6, 2, 1)  # more than the shipped decoder has, so that identity blocks are added
    wide, vae = autoencoder.widen(autoencoder.load(shipped), blocks), autoencoder.load(shipped)
    z = torch.randn(1, 8, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(wide.decode(z).sample, vae.decode(z).sample, atol=1e-4, rtol=1e-4)
        crops = autoencoder.decode_crops(vae.decoder, z, [0], [0], 32)
        torch.testing.assert_close(crops, vae.decode(z).sample, atol=1e-4, rtol=1e-4)
    estimate = denoiser.estimator(MODEL, data)
    out = str(work / "vae_refined")
    autoencoder.refine(ranks, data, str(work / "latents.npy"), shipped, out, 2 * SECONDS, estimate, bs=2, blocks=blocks)
    before = autoencoder.load(shipped).encoder.state_dict()
    after = autoencoder.load(out).encoder.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before), "the latents must stay valid"
    fit = autoencoder.latent_rgb(vae, np.load(data + ".npy"), 16)
    assert np.shape(fit["matrix"]) == (8, 3)
    assert np.shape(fit["bias"]) == (3,)


def test_a_smaller_denoiser_grows_without_changing_its_mind():
    from diffusers import UNet2DConditionModel

    small = UNet2DConditionModel(**{**denoiser.UNET, "in_channels": 4, "out_channels": 4, "layers_per_block": 1})
    large = denoiser.grown(small)
    x, hidden, t = torch.randn(1, 8, 32, 32), torch.randn(1, 64, 256), torch.tensor([500])
    x[:, 4:] = 0
    with torch.no_grad():
        before, after = small(x[:, :4], t, hidden).sample, large(x, t, hidden).sample
    torch.testing.assert_close(after[:, :4], before, atol=1e-4, rtol=1e-4)
    assert (after[:, 4:] == 0).all()


def test_an_autoencoder_grows_without_changing_its_latents():
    from diffusers import AutoencoderTiny

    small = AutoencoderTiny(**{**autoencoder.CONFIG, "latent_channels": 4})
    large, x = autoencoder.with_channels(small, 8), torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        before, after = small.encode(x).latents, large.encode(x).latents
        torch.testing.assert_close(after[:, :4], before, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(large.decode(after).sample, small.decode(before).sample, atol=1e-4, rtol=1e-4)


def test_a_new_vocabulary_keeps_what_old_words_meant():
    from transformers import CLIPTokenizer

    old = CLIPTokenizer.from_pretrained(os.path.join(MODEL, "tokenizer"))
    words = [*old.get_vocab()]
    words.insert(40, "umbrella</w>")  # every number after it moves
    merges = [tuple(line.split()) for line in open(os.path.join(MODEL, "tokenizer", "merges.txt")) if " " in line][1:]
    new = CLIPTokenizer(vocab={w: i for i, w in enumerate(words)}, merges=merges, model_max_length=64)
    encoder = text.new_encoder(old).eval()
    moved, prompt = text.with_vocabulary(encoder, old, new).eval(), ["portrait of a woman with red hair"]
    with torch.no_grad():
        before, after = encoder(text.tokenize(old, prompt))[0], moved(text.tokenize(new, prompt))[0]
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("prop", [p for p in PROP_WEIGHTS if p != "none"])
def test_every_prop_is_seen_in_every_style_and_framing(prop):
    for style in STYLES:
        for framing in FRAMINGS:
            a = {**render.sample(random.Random(5), style), "framing": framing}
            without, shown = (np.asarray(render.render({**a, "prop": p}), int) for p in ("none", prop))
            assert (abs(without - shown).max(2) > 40).mean() > 0.01, (style, framing)


def test_the_text_side_learns(work):
    text.make_tokenizer(str(work / "tokenizer"), captions=400, vocabulary=700)
    text.pretrain(parallel.Ranks(), str(work / "tokenizer"), str(work / "text"), 1.5 * SECONDS, bs=8)
    assert (work / "text" / "heads.pt").exists()


def test_two_workers_train_the_denoiser_and_the_run_resumes(work):
    tokenizer = os.path.join(MODEL, "tokenizer")
    common = (str(work / "train"), str(work / "latents.npy"), os.path.join(MODEL, "vae"), tokenizer)
    places = (str(work / "model"), str(work / "state.pt"))
    for workers, steps, expected in ((2, 2, 2), (1, 1, 3)):
        arguments = (*common, *places, time.time() + 600, 600.0, MODEL, None, 2, 1e-4, 0.9, 1, 5, steps)
        parallel.launch(_train, arguments, workers, denoiser.PARAMETERS)
        assert torch.load(places[1], weights_only=True, mmap=True)["step"] == expected
    pipe = evaluate.load_pipeline(places[0])
    picture = evaluate.generate(pipe, ["portrait of a woman"], steps=2)[0]
    assert picture.size == (256, 256)
    evaluate.sheet([("portrait of a woman", picture)], str(work / "sheet.jpg"), 1)


def _train(ranks, *arguments):
    denoiser.train(ranks, *arguments)


def test_the_classifier_trains(work):
    path = str(work / "oracle.safetensors")
    _, steps = classify.train(str(work / "train"), path, 2 * SECONDS, bs=8)
    assert steps > 0
    pictures = np.load(str(work / "train.npy"))[:8]
    truth = classifier.labels(render.attributes(str(work / "train.jsonl"))[:8])
    shares = classify.accuracy(classifier.load(path), pictures, truth)
    assert set(shares) == set(HEADS)
    assert os.path.getsize(path) < 3_000_000
