"""The text side: a small byte-pair vocabulary, the text encoder, and heads that make it name the attributes."""

import json
import math
import os
import random
import re
import time

import torch
from torch import nn
from torch.nn import functional as F

from .captions import caption
from .render import sample
from .vocabulary import (
    CLOTH,
    FLAT_HAIR,
    GLASSES_COLOR,
    HEADS,
    INK_HAIR_BLACK,
    INK_HAIR_COLOURED,
    NEGATIVE,
    NEUTRAL,
    PIXEL_HAIR,
    SYNONYMS,
    TOON_HAIR,
)

TOKENS = 64  # length of every tokenised prompt
HIDDEN = 256
HAIR_STYLES = set(FLAT_HAIR) | set(TOON_HAIR) | set(INK_HAIR_BLACK) | set(INK_HAIR_COLOURED) | set(PIXEL_HAIR)
TARGETS = {
    **HEADS,
    "person": ["woman", "man", "person"],
    "headwear_color": ["none", *CLOTH],
    "glasses_color": ["none", *GLASSES_COLOR],
    "hair_style": [*sorted(HAIR_STYLES), "covered"],
}


def make_tokenizer(out, captions=60000, vocabulary=2000):
    """Learn a CLIP byte-pair tokenizer on generated captions and every synonym; writes it to the folder `out`."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import CLIPTokenizer

    r = random.Random(7)
    corpus = [caption(sample(r, r.choice(list(HEADS["style"]))), r) for _ in range(captions)]
    phrases = [p for words in SYNONYMS.values() for options in words.values() for p in options]
    corpus += [" ".join([*re.findall(r"[a-z]+", " ".join(phrases).lower()), *NEUTRAL, *NEGATIVE])] * 60
    clip = CLIPTokenizer().backend_tokenizer
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    learner.normalizer, learner.pre_tokenizer = clip.normalizer, clip.pre_tokenizer
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    learner.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            min_frequency=40,
            end_of_word_suffix="</w>",
            initial_alphabet=letters,
            show_progress=False,
        ),
    )
    merges = [tuple(m) for m in json.loads(learner.to_str())["model"]["merges"]]
    tokens = letters + [c + "</w>" for c in letters] + [a + b for a, b in merges]
    tokens = list(dict.fromkeys(tokens)) + ["<|startoftext|>", "<|endoftext|>"]
    numbers = {t: i for i, t in enumerate(tokens)}
    tokenizer = CLIPTokenizer(vocab=numbers, merges=merges, model_max_length=TOKENS)
    tokenizer.save_pretrained(out)
    write_slow_files(out, numbers, merges)
    return tokenizer


def write_slow_files(folder, numbers, merges):
    """vocab.json and merges.txt beside the fast tokenizer, which older transformers ask for."""
    with open(os.path.join(folder, "vocab.json"), "w") as f:
        json.dump(numbers, f, ensure_ascii=False)
    with open(os.path.join(folder, "merges.txt"), "w") as f:
        f.write("#version: 0.2\n" + "\n".join(" ".join(m) for m in merges) + "\n")


def tokenize(tokenizer, captions, length=TOKENS):
    """List of N captions -> (N,length) token numbers, padded with <|endoftext|>."""
    kw = {"padding": "max_length", "truncation": True, "max_length": length, "return_tensors": "pt"}
    return tokenizer(captions, **kw).input_ids


def new_encoder(tokenizer):
    """An untrained CLIPTextModel: 4 layers of 256."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=768,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=TOKENS,
        projection_dim=HIDDEN,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def with_vocabulary(encoder, old, new):
    """A CLIPTextModel for the tokenizer `new` that reads what `encoder` read with the tokenizer `old`.

    Tokens both know keep their embedding; a new one begins as the mean of the old pieces of its letters.
    """
    fresh = new_encoder(new)
    state, known = fresh.state_dict(), encoder.state_dict()
    name = next(k for k in state if k.endswith("token_embedding.weight"))
    state.update({k: v for k, v in known.items() if k != name})
    numbers = old.get_vocab()
    for token, i in new.get_vocab().items():
        pieces = [numbers[token]] if token in numbers else old(token.removesuffix("</w>")).input_ids[1:-1]
        if pieces:
            state[name][i] = known[name][pieces].mean(0)
    fresh.load_state_dict(state)
    return fresh


class TextHeads(nn.Module):
    """Training only: every position from <|endoftext|> on must reveal the attributes (unnamed ones: their prior)."""

    def __init__(self):
        super().__init__()
        self.m = nn.Linear(HIDDEN, sum(len(v) for v in TARGETS.values()))

    def forward(self, hidden, ids, truth, eos):
        """(B,L,256) hidden states, (B,L) tokens, {target: (B,) class} -> mean cross-entropy, nats per target."""
        first = (ids == eos).int().argmax(1)
        later = first + (torch.rand(len(ids)) * (ids.shape[1] - first)).long()
        rows, sizes, loss = torch.arange(len(ids)), [len(v) for v in TARGETS.values()], 0
        for z in (hidden[rows, first], hidden[rows, later]):
            for name, logits in zip(TARGETS, self.m(z.float()).split(sizes, 1), strict=True):
                loss = loss + F.cross_entropy(logits, truth[name]) / (2 * len(TARGETS))
        return loss


def targets(attributes):
    """Attribute dicts -> {target: (N,) class numbers}."""
    return {k: torch.tensor([v.index(a.get(k) or "none") for a in attributes]) for k, v in TARGETS.items()}


def pretrain(ranks, tokenizer_folder, out, minutes, bs=48, lr=1e-3):
    """Some minutes of caption -> attributes: a head start without which the denoiser ignores the words for long.

    Writes the encoder and `heads.pt` to the folder `out`. bs: captions per step and worker.
    """
    from transformers import CLIPTokenizer

    torch.manual_seed(0)
    tokenizer = CLIPTokenizer.from_pretrained(tokenizer_folder)
    encoder, heads, r = new_encoder(tokenizer), TextHeads(), random.Random(ranks.rank)
    params = [*encoder.parameters(), *heads.parameters()]
    opt = torch.optim.AdamW(params, lr=lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    start, step = time.time(), 0
    while (done := ranks.share((time.time() - start) / (minutes * 60))) < 1:
        for group in opt.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 50) * (0.1 + 0.9 * (0.5 + 0.5 * math.cos(math.pi * done)))
        batch = [sample(r) for _ in range(bs)]
        ids = tokenize(tokenizer, [caption(a, r) for a in batch], TOKENS if step % 4 == 0 else 44)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = encoder(ids)[0]
        loss = heads(hidden, ids, targets(batch), tokenizer.eos_token_id)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        ranks.average(params)
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        step += 1
        if ranks.first and step % 50 == 0:
            print(f"{time.time() - start:5.0f} s  step {step}  loss {loss.item():.3f}", flush=True)
    if ranks.first:
        encoder.save_pretrained(out)
        torch.save(heads.state_dict(), os.path.join(out, "heads.pt"))
