"""Whether one of several variants is better: counts, intervals, and an honest "not enough to say".

Every variant is made with the same seeds, so variants are compared seed by seed. Among k variants the leader is held
against each other one, at 95 % for all of those together (Bonferroni). It knows numbers only.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist, fmean, stdev

CONFIDENCE = 0.95
FEWEST_PAIRS, FEWEST_CHOICES = 5, 5


@dataclass(frozen=True)
class Verdict:
    """`by` is quality, identity or choice. `winner` is a variant's number, None when there is not enough to say. Per
    variant: `means` of the score (or how often it was chosen), `counts` of what stands behind it, and `intervals`.
    """

    by: str
    winner: int | None
    leader: int | None
    means: list[float | None]
    counts: list[int]
    intervals: list[tuple[float, float] | None]
    text: str

    def as_json(self) -> dict:
        return asdict(self)


def by_score(by: str, scores: Sequence[Sequence[float | None]], names: Sequence[str]) -> Verdict:
    """`scores[variant][seed]`, None where there is none. The leader wins when the mean difference to every other
    variant over the seeds they share is above zero with confidence (paired t interval)."""
    kept = [[one for one in row if one is not None] for row in scores]
    means = [fmean(row) if row else None for row in kept]
    intervals = [mean_interval(row, CONFIDENCE) for row in kept]
    ranked = sorted((at for at, mean in enumerate(means) if mean is not None), key=lambda at: -means[at])
    told = Verdict(by, None, ranked[0] if ranked else None, means, [len(row) for row in kept], intervals, "")
    if len(ranked) < 2:
        return _with(told, f"{by.capitalize()}: not measured for two variants, so nothing can be said.")
    best, level = ranked[0], 1 - (1 - CONFIDENCE) / (len(ranked) - 1)
    for other in ranked[1:]:
        pairs = [a - b for a, b in zip(scores[best], scores[other], strict=True) if a is not None and b is not None]
        if len(pairs) < FEWEST_PAIRS:
            needed = f"it takes {FEWEST_PAIRS} seeds that both have, there are {len(pairs)}"
            return _with(told, f"{by.capitalize()}: not enough to say; {needed}.")
        low, high = mean_interval(pairs, level)
        if low <= 0:
            gap = f"{names[best]} is {fmean(pairs) * 100:+.1f} of 100 against {names[other]}"
            span = f"between {low * 100:+.1f} and {high * 100:+.1f}"
            return _with(told, f"{by.capitalize()}: not enough to say. {gap}, {span} with 95 % confidence.")
    gap = min(means[best] - means[other] for other in ranked[1:])
    words = (
        f"{by.capitalize()}: {names[best]} is better, by {gap * 100:.1f} of 100 or more over {len(kept[best])} seeds."
    )
    return _with(told, words, best)


def by_choice(choices: Sequence[int], count: int, names: Sequence[str]) -> Verdict:
    """`choices` are the variants a person chose, one per seed, -1 where there was no difference. The leader wins when
    its share of the decided seeds is above what chance gives, and above each other's, with confidence (Wilson)."""
    decided = [one for one in choices if 0 <= one < count]
    wins = [decided.count(at) for at in range(count)]
    total, ties = len(decided), len(choices) - len(decided)
    shares = [won / total if total else None for won in wins]
    intervals = [wilson(won, total, CONFIDENCE) if total else None for won in wins]
    leader = max(range(count), key=wins.__getitem__) if total else None
    told = Verdict("choice", None, leader, shares, wins, intervals, "")
    undecided = f", {ties} without a difference" if ties else ""
    if total < FEWEST_CHOICES:
        return _with(told, f"Choice: not enough to say; {total} of {FEWEST_CHOICES} choices are made{undecided}.")
    counted = f"{names[leader]} was chosen {wins[leader]} of {total} times{undecided}"
    low, high = wilson(wins[leader], total, 1 - (1 - CONFIDENCE) / max(1, count - 1))
    rivals = [other for other in range(count) if other != leader]
    beaten = all(
        # of the times one of the two was chosen
        wilson(wins[leader], wins[leader] + wins[other], 1 - (1 - CONFIDENCE) / max(1, count - 1))[0] > 0.5
        for other in rivals
    )
    span = f"between {low * 100:.0f} and {high * 100:.0f} % with 95 % confidence"
    if low > 1 / count and beaten:
        return _with(told, f"Choice: {names[leader]} is better. {counted}, {span}.", leader)
    return _with(told, f"Choice: not enough to say. {counted}, {span}; chance alone gives {100 / count:.0f} %.")


def _with(told: Verdict, text: str, winner: int | None = None) -> Verdict:
    return Verdict(**asdict(told) | {"text": text, "winner": winner})


# ---------------------------------------------------------------------- intervals
def wilson(hits: int, of: int, confidence: float) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927), 0 to 1."""
    if not of:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, spread = hits / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / of + spread / (4 * of)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def mean_interval(values: Sequence[float], confidence: float) -> tuple[float, float] | None:
    """Student's interval of a mean; None for fewer than two values."""
    if len(values) < 2:
        return None
    half = t_quantile(0.5 + confidence / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    middle = fmean(values)
    return middle - half, middle + half


def t_quantile(p: float, freedom: int) -> float:
    """The quantile of Student's t distribution for 0.5 <= p < 1, by halving: exact to six digits."""
    low, high = 0.0, 1.0
    while _t_cumulative(high, freedom) < p:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_cumulative(middle, freedom) < p else (low, middle)
    return (low + high) / 2


def _t_cumulative(t: float, freedom: int) -> float:
    """P(T <= t) for t >= 0: a finite sum over the angle (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan2(t, math.sqrt(freedom))
    cosine = math.cos(angle)
    if freedom % 2:
        total, term = 0.0, cosine
        for at in range(1, freedom - 1, 2):
            total += term
            term *= cosine * cosine * (at + 1) / (at + 2)
        area = 2 / math.pi * (angle + math.sin(angle) * total)
    else:
        total, term = 0.0, 1.0
        for at in range(0, freedom - 1, 2):
            total += term
            term *= cosine * cosine * (at + 1) / (at + 2)
        area = math.sin(angle) * total
    return 0.5 + area / 2
