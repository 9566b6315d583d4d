"""The built-in writer's captions: how many share a sentence, how many begin alike, and whether voices differ.

Six personas write `--captions` captions together, a dozen pictures each, every one knowing what it said before. A
classifier (naive Bayes over words, pairs of words and signs) is trained on every second caption and told to name the
persona of the others; names of things (place, clothing, topics, …) are taken out, so that only the voice is left.
"""

import argparse
import math
import random
import re
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from studio.domain.asset import Asset, Recipe
from studio.domain.character import Character, Persona
from studio.domain.writing import WriteRequest
from studio.writers import Desk
from studio.writers.builtin import BuiltIn, opening, sentences

VOICES = (
    ("Mira", "friendly", "upbeat", (0.8, 0.5, 0.4, 0.3, 0.7), ["street food", "night trains", "old maps"]),
    ("Jon", "formal", "informative", (0.3, 0.3, 0.1, 0.95, 0.4), ["city planning", "bridges", "archives"]),
    ("Yuki", "poetic", "dreamy", (0.2, 0.95, 0.2, 0.4, 0.6), ["haiku", "moss", "slow mornings"]),
    ("Dex", "witty", "ironic", (0.6, 0.5, 0.95, 0.3, 0.5), ["bad films", "parking", "sandwiches"]),
    ("Ana", "warm", "cosy", (0.5, 0.4, 0.3, 0.4, 0.95), ["baking", "letters", "wool"]),
    ("Leo", "enthusiastic", "bold", (1.0, 0.6, 0.4, 0.2, 0.5), ["climbing", "drums", "night swims"]),
)
INTERESTS = {
    "Mira": ["photography", "vinyl records"], "Jon": ["chess", "rowing", "model railways"],
    "Dex": ["pinball", "karaoke"], "Ana": ["ceramics", "gardening", "choir"],
    "Yuki": ["tea", "calligraphy"], "Leo": ["surfing", "street art"],
}  # fmt: skip
PLACES = ["night market", "beach", "forest", "library", "corner cafe", "rooftop", "city", "garden", "snow", "harbour"]
OUTFITS = ["red raincoat", "green hoodie", "white shirt", "navy blazer", "yellow sweater", "black dress", "jeans"]
MOODS = ["smiling", "serious", "laughing", "calm", "surprised", "playful"]
TIMES = ["", "morning", "golden hour", "evening", "night", "midday"]
PROPS = ["", "an old map", "a cup of coffee", "a camera", "a book"]
WEATHERS = ["", "", "rain", "fog", ""]


def written(count: int, seed: int) -> list[tuple[str, str]]:
    """(persona, caption) in the order they were written, by turns of five."""
    author, found, said = BuiltIn(), [], {name: [] for name, *_ in VOICES}
    turn = 0
    while len(found) < count:
        for at, (name, style, tone, traits, topics) in enumerate(VOICES):
            keys = ("extroversion", "creativity", "humor", "professionalism", "authenticity")
            persona = Persona(
                **dict(zip(keys, traits, strict=True)), communication_style=style, content_tone=tone, topics=topics
            )
            who = Character(id=name, name=name, interests=INTERESTS[name], persona=persona)
            pick = random.Random(f"{seed} {turn} {name}").choice
            recipe = Recipe(
                engine="starter", place=pick(PLACES), outfit=pick(OUTFITS), mood=pick(MOODS), prop=pick(PROPS) or None,
                time_of_day=pick(TIMES), weather=pick(WEATHERS),
            )  # fmt: skip
            picture = Asset(id=f"a{turn}", file="a.png", width=1, height=1, recipe=recipe)
            day = datetime(2026, 3, 2, 9) + timedelta(days=turn * 5 + at)
            request = WriteRequest(character_id=name, asset_ids=[picture.id], seed=seed + turn)
            texts = [one.text for one in author.write(who, [picture], request, Desk(recent=tuple(said[name]), at=day))]
            said[name] = [*reversed(texts), *said[name]]
            found += [(name, text) for text in texts]
        turn += 1
    return found[:count]


def shared(found: list[tuple[str, str]]) -> tuple[int, Counter]:
    """How many captions have a sentence that another one has too, and which sentences those are."""
    counts = Counter(one for _, text in found for one in sentences(text))
    return sum(any(counts[one] > 1 for one in sentences(text)) for _, text in found), counts


def repeated_openings(found: list[tuple[str, str]]) -> int:
    """Captions that begin like one of the same character's fifty before."""
    said: dict[str, list[str]] = {}
    repeats = 0
    for name, text in found:
        before = said.setdefault(name, [])
        repeats += opening(text) in before[-50:]
        before.append(opening(text))
    return repeats


def features(text: str, without: set[str]) -> list[str]:
    """Words, pairs of words and signs of a caption, without the names of things."""
    words = [one for one in re.findall(r"[a-z']+", text.lower()) if one not in without]
    signs = re.findall(r"[!?…:;–\n]|[^\w\s.,'’\"-]", text)
    length = f"length {min(len(text) // 60, 5)}"
    return [*words, *(f"{a} {b}" for a, b in zip(words, words[1:], strict=False)), *signs, length]


def told_apart(found: list[tuple[str, str]], *, names_of_things: bool = False) -> float:
    """The share of the second half's captions whose persona the classifier names."""
    things = [*PLACES, *OUTFITS, *MOODS, *TIMES, *PROPS, *sum(INTERESTS.values(), []), *(name for name, *_ in VOICES)]
    things += [topic for *_, topics in VOICES for topic in topics]
    without = set() if names_of_things else {word for one in things for word in one.lower().split()}
    without -= {"a", "an", "at", "the", "in"}
    train, test = found[::2], found[1::2]
    counts = {name: Counter(one for who, text in train if who == name for one in features(text, without))
              for name, *_ in VOICES}  # fmt: skip
    known = set().union(*counts.values())
    right = 0
    for name, text in test:
        scores = {
            who: sum(math.log((seen[one] + 0.5) / (seen.total() + 0.5 * len(known))) for one in features(text, without))
            for who, seen in counts.items()
        }
        right += max(scores, key=scores.get) == name
    return right / len(test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--captions", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--show", type=int, default=0, help="print that many captions of each persona")
    given = parser.parse_args()
    for seed in range(given.seeds):
        found = written(given.captions, seed * 1000)
        count, sentence_counts = shared(found)
        print(
            f"seed {seed}: {len(found)} captions, {count / len(found):.1%} share a sentence, "
            f"{repeated_openings(found)} begin like one of the fifty before, told apart {told_apart(found):.1%} "
            f"by voice alone (chance {1 / len(VOICES):.1%}), {told_apart(found, names_of_things=True):.1%} with topics"
        )
        if given.show and not seed:
            print([one for one in sentence_counts.most_common(15) if one[1] > 1])
            for name, *_ in VOICES:
                mine = [text for who, text in found if who == name]
                print(f"\n== {name}", *mine[:: max(1, len(mine) // given.show)][: given.show], sep="\n  - ")


if __name__ == "__main__":
    main()
