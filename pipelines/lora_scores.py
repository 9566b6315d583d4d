"""How good is a trained LoRA? Its samples against the training pictures, and against what the bare model made of the
same prompts and seeds.

Likeness asks an identity encoder and, for the starter's drawings, the reader of attributes that came with it; where
neither can answer it says so instead of guessing. The other two look at pixels only. numpy and Pillow; torch when asked
for likeness. It knows nothing of characters, jobs or documents.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from PIL.Image import Image

SIDE = 24  # pictures are compared at this size, pixels
SAME = 0.985  # likeness of two small pictures from which they count as the same picture
WEIGHTS = {"likeness": 0.6, "flexibility": 0.25, "freedom": 0.15}
# What belongs to the person, of the attributes the starter's reader knows.
WHO = ("skin", "hair_color", "hair_length", "headwear", "glasses", "facial_hair", "age")
_ORACLE = Path(__file__).resolve().parent / "starter" / "attribute_classifier.safetensors"
log = logging.getLogger("studio.training")


@dataclass(frozen=True)
class Scores:
    """All from 0 to 1. `identity`: the same person as in the training pictures; `attributes`: share of the person's
    features kept; None where it could not be measured. `flexibility`: how much the samples differ with their prompts,
    1 as much as the bare model's. `overfit`: 0 no nearer to the training pictures than the bare model, 1 copies.
    `score` is the whole. `note` says what could not be measured."""

    score: float
    identity: float | None
    attributes: float | None
    flexibility: float
    overfit: float
    note: str = ""

    def as_json(self) -> dict:
        return asdict(self)


def judge(samples: "Sequence[Image]", bare: "Sequence[Image]", taught: "Sequence[Image]", engine: str) -> Scores:
    """Samples of a LoRA and of the bare model for the same prompts and seeds, and the pictures it was taught."""
    who, note = identity(samples, taught, engine)
    kept = attributes(samples, taught) if engine == "starter" else None
    free = flexibility(samples, bare)
    near = overfit(samples, bare, taught)
    told = [value for value in (who, kept) if value is not None]
    parts = {"flexibility": min(1.0, free), "freedom": 1 - near}
    if told:
        parts["likeness"] = sum(told) / len(told)
    whole = sum(WEIGHTS[name] * value for name, value in parts.items()) / sum(WEIGHTS[name] for name in parts)
    return Scores(round(whole, 4), _short(who), _short(kept), round(free, 4), round(near, 4), note if not told else "")


def best(scores: Sequence[tuple[int, Scores]]) -> tuple[int, str]:
    """(step, why) of the version to use. Where likeness cannot be measured the last one that is still free counts."""
    if any(one.identity is not None or one.attributes is not None for _, one in scores):
        step, top = max(scores, key=lambda pair: (pair[1].score, pair[0]))
        return step, f"It has the best score, {top.score:.2f}."
    free = [step for step, one in scores if one.flexibility >= 0.6 and one.overfit <= 0.5]
    if free:
        return max(free), "Likeness could not be measured: it is the last version that still follows its prompts."
    step, _ = max(scores, key=lambda pair: pair[1].score)
    return step, "Likeness could not be measured, and no version follows its prompts well: it copies least."


# ---------------------------------------------------------------------- likeness
def identity(samples: "Sequence[Image]", taught: "Sequence[Image]", engine: str) -> tuple[float | None, str]:
    """(mean score of the samples against the taught pictures, "") or (None, why not). Nobody to be seen counts 0."""
    try:
        from pipelines import identity as encoders
    except ImportError:
        return None, "Likeness is not measured: this studio has no identity encoder."
    try:
        kind = Counter(encoders.kind_of(one, engine) for one in taught).most_common(1)[0][0]
        if missing := encoders.ready(kind):
            return None, f"Likeness is not measured. {missing}"
        known = [vector for one in taught if (vector := _vector(encoders, one, kind)) is not None]
        if not known:
            return None, "Likeness is not measured: no face was found in the training pictures."
        scores = []
        for one in samples:
            vector = _vector(encoders, one, kind)
            scores.append(0.0 if vector is None else encoders.score(vector, known, kind))
        return sum(scores) / len(scores), ""
    except Exception:  # an opinion: the training must not be lost for it
        log.exception("The identity of samples could not be measured.")
        return None, "Likeness could not be measured. The log says why."


def _vector(encoders, image: "Image", kind: str):
    try:
        return encoders.embed(image, kind)
    except encoders.NoFace:
        return None


def attributes(samples: "Sequence[Image]", taught: "Sequence[Image]") -> float | None:
    """Share of the person's features, as most of the taught pictures show them, that the samples show; None without
    the reader. Features that the taught pictures do not agree on are left out."""
    oracle = _oracle()
    if oracle is None:
        return None
    known, seen = oracle.predict(list(taught)), oracle.predict(list(samples))
    shares = []
    for name in WHO:
        if name not in known:
            continue
        value, count = Counter(known[name]).most_common(1)[0]
        if count * 3 >= len(taught) * 2:
            shares.append(sum(one == value for one in seen[name]) / len(seen[name]))
    return sum(shares) / len(shares) if shares else None


@lru_cache(1)
def _oracle():
    if not _ORACLE.is_file():
        return None
    try:
        from pipelines.starter import classifier

        return classifier.load(_ORACLE)
    except Exception as error:  # weights of another version: there is then no such opinion
        log.info("The starter's reader of attributes cannot be used: %s", str(error).splitlines()[0])
        return None


def forget() -> None:
    """Give back what likeness keeps in memory."""
    _oracle.cache_clear()


# ---------------------------------------------------------------------- pixels
def flexibility(samples: "Sequence[Image]", bare: "Sequence[Image]") -> float:
    """How far the samples are from each other, as a share of how far the bare model's are; 0 when all look alike."""
    if len(samples) < 2:
        return 1.0
    wide = _spread(bare)
    return float(min(1.5, _spread(samples) / wide)) if wide > 1e-6 else 1.0


def overfit(samples: "Sequence[Image]", bare: "Sequence[Image]", taught: "Sequence[Image]") -> float:
    """How near the samples came to single training pictures: 0 as near as the bare model's, 1 the pictures themselves.

    By each sample's nearest training picture.
    """
    known = [small(one) for one in taught]
    nearest = lambda pictures: sum(max(alike(small(one), other) for other in known) for one in pictures) / len(pictures)
    before, after = nearest(bare), nearest(samples)
    return float(min(1.0, max(0.0, (after - before) / max(SAME - before, 1e-6))))


def small(image: "Image") -> "numpy.ndarray":
    """The picture as (SIDE, SIDE, 3) numbers 0-1, by which pictures are compared."""
    import numpy
    from PIL import Image

    picture = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    return numpy.asarray(picture, numpy.float32) / 255


def alike(one: "numpy.ndarray", other: "numpy.ndarray") -> float:
    """1 for the same small picture, about 0.6 for two drawings of one person in two places, 0 for black and white."""
    import numpy

    return float(max(0.0, 1 - 2 * numpy.sqrt(numpy.mean((one - other) ** 2))))


def _spread(pictures: "Sequence[Image]") -> float:
    import itertools

    pairs = list(itertools.combinations([small(one) for one in pictures], 2))
    return sum(1 - alike(*pair) for pair in pairs) / len(pairs)


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
