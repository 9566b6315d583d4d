"""Prompts for CLIP text encoders: any length, in pieces of 75 tokens, with weights. Also the tokenizer itself.

The vocabulary is CLIP's own, shipped in `pipelines/clip`, so that a single checkpoint file needs nothing else.
"""

import gzip
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import prompt_weights

if TYPE_CHECKING:
    import torch

VOCABULARY = Path(__file__).resolve().parent / "clip" / "bpe_simple_vocab_16e6.txt.gz"
PIECE = 75  # tokens beside the start and the end mark
_MERGES = 49152 - 256 - 2


def _byte_letters() -> list[str]:
    """A printable letter for each of the 256 bytes, in CLIP's order: printable ones stand for themselves."""
    own = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(each) for each in own] + [chr(256 + at) for at in range(256 - len(own))]


@lru_cache(maxsize=1)
def vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """(token -> id, merges) of CLIP: 49,408 tokens."""
    lines = gzip.decompress(VOCABULARY.read_bytes()).decode("utf-8").split("\n")
    merges = [tuple(line.split()) for line in lines[1 : _MERGES + 1]]
    letters = _byte_letters()
    tokens = [*letters, *(letter + "</w>" for letter in letters), *("".join(pair) for pair in merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return {token: id for id, token in enumerate(tokens)}, merges


def tokenizer(pad: str = "<|endoftext|>"):
    """CLIP's tokenizer as transformers has it. SDXL's second encoder pads with "!"."""
    from transformers import CLIPTokenizer

    known, merges = vocabulary()
    return CLIPTokenizer(vocab=dict(known), merges=list(merges), pad_token=pad, model_max_length=PIECE + 2)


def pieces(tokenizer, prompt: str) -> list[list[tuple[int, float]]]:
    """The prompt as pieces of at most 75 (token id, weight); BREAK begins a new piece, a comma near the end is kept
    together with its phrase. At least one piece."""
    found: list[list[tuple[int, float]]] = [[]]
    comma = tokenizer.convert_tokens_to_ids(",</w>")
    for text, weight in prompt_weights.parsed(prompt):
        if text == prompt_weights.BREAK:
            found.append([])
            continue
        for id in tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]:
            if len(found[-1]) == PIECE:
                last = max((at for at, (each, _) in enumerate(found[-1]) if each == comma), default=0)
                moved = found[-1][last + 1 :] if PIECE - last <= 20 else []
                found[-1] = found[-1][: PIECE - len(moved)]
                found.append(moved)
            found[-1].append((id, weight))
    return found


def encoded(tokenizer, encoder, prompts: list[str], *, layer: int | None, count: int | None = None) -> tuple:
    """(embeddings, pooled): prompts x (77 pieces) x width in float32, and the pooled output of each first piece.

    `layer` is the hidden layer that counts, from the end (-2 for SDXL); None is the last with its final norm. `count`
    is the least number of pieces; the prompts are padded to the longest.
    """
    import torch

    split = [pieces(tokenizer, prompt) for prompt in prompts]
    longest = max(count or 1, *(len(each) for each in split))
    start, end, pad = tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    ids, weights = [], []
    for each in split:
        for piece in each + [[]] * (longest - len(each)):
            room = PIECE - len(piece)
            # the first end mark is where CLIP pools, whatever follows is padding
            ids.append([start, *(id for id, _ in piece), end, *[pad] * room])
            weights.append([1.0, *(weight for _, weight in piece), *[1.0] * (room + 1)])
    device = next(encoder.parameters()).device if not hasattr(encoder, "_hf_hook") else _hook_device(encoder)
    output = encoder(torch.tensor(ids, device=device), output_hidden_states=layer is not None)
    hidden = output.hidden_states[layer] if layer is not None else output.last_hidden_state
    hidden = hidden.float()
    scale = torch.tensor(weights, device=hidden.device).unsqueeze(-1)
    if bool((scale != 1).any()):
        before = hidden.mean(dim=(1, 2), keepdim=True)
        hidden = hidden * scale
        after = hidden.mean(dim=(1, 2), keepdim=True)
        hidden = hidden * torch.where(after.abs() > 1e-6, before / after, torch.ones_like(after)).clamp(0.2, 5)
    pooled = output[0] if layer is not None and output[0].ndim == 2 else getattr(output, "pooler_output", None)
    pooled = pooled.float().view(len(prompts), longest, -1)[:, 0] if pooled is not None else None
    return hidden.reshape(len(prompts), longest * (PIECE + 2), -1), pooled


def _hook_device(encoder) -> "torch.device":
    import torch

    device = getattr(encoder._hf_hook, "execution_device", None)
    return torch.device(device) if device is not None else next(encoder.parameters()).device
