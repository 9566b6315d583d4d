"""Hashtags from what the picture shows and what the character stands for."""

import random
import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from studio.domain.character import Character
from studio.writers.scene import Scene
from studio.writers.taboos import Taboos

MOST = 12
HONEST = ("VirtualCreator", "MadeWithAI")  # said in the tags too, dropped last for room


def camel(phrase: str) -> str:
    """ "night market" -> "#NightMarket"; letters of any script and digits only. Nothing when nothing is left."""
    words = re.findall(r"[^\W_]+", re.sub(r"['’]", "", phrase))
    tag = "".join(word[0].upper() + word[1:] for word in words)
    return f"#{tag}" if 2 <= len(tag) <= 40 and not tag.isdigit() else ""


def unique(tags: Iterable[str]) -> list[str]:
    """The tags without empty ones and without the same word in other capitals."""
    found: dict[str, str] = {}
    for tag in tags:
        if tag:
            found.setdefault(tag.casefold(), tag)
    return list(found.values())


def hashtags(
    character: Character,
    scenes: Sequence[Scene],
    taboos: Taboos,
    rng: random.Random,
    networks: Sequence[str] = (),
    chosen_set: str = "",
) -> list[str]:
    """At most 12, the picture's own first; more for outgoing characters, fewer for reserved or formal ones. Where the
    character has a strategy or the networks are known, within these.
    """
    persona = character.persona
    shown: list[str] = []
    for scene in scenes[:3]:
        shown += [scene.bare_place, scene.outfit, scene.prop, scene.time]
        shown += [scene.mood] if len(scene.mood.split()) <= 2 else []
    about = [topic for topic in character.persona.topics if len(topic) <= 40]
    about += [interest for interest in character.interests if len(interest) <= 40]
    rng.shuffle(about)
    own = [character.name, character.location.split(",")[0]]
    wanted = 5 + round(5 * persona.extroversion - 2 * max(persona.professionalism - 0.6, 0) + rng.choice((-1, 0, 1)))
    shown_tags = unique(map(camel, shown))[: max(wanted - 2, 3)]
    about_tags = unique(map(camel, about))
    rest = unique(map(camel, [*own, persona.content_tone]))
    tags = unique([*shown_tags, *about_tags[:3], *rest[:1], *about_tags[3:], *rest[1:]])
    honest = [camel(tag) for tag in HONEST]
    tags = [tag for tag in tags if not taboos.touched_by_tag(tag)][: min(wanted, MOST - len(honest))]
    plan = character.hashtags
    if networks or plan.brand or plan.niche or plan.broad or plan.banned or plan.sets:
        return [tag for tag in planned(character, tags, networks, chosen_set) if not taboos.touched_by_tag(tag)]
    return unique([*tags, *honest])


COUNTS = {
    "x": 2, "threads": 1, "linkedin": 3, "facebook": 3, "youtube": 3, "telegram": 3, "discord": 0, "bluesky": 3,
    "mastodon": 4, "tiktok": 5, "instagram": 8, "pixelfed": 8,
}  # fmt: skip


def wanted_by(character: Character, networks: Sequence[str]) -> int:
    """How many hashtags a post to these networks takes: the character's own count, else the network's usual, 12 at
    most. The most generous network counts; each gets its own part of them when it is published.
    """
    counts = character.hashtags.counts
    found = [max(0, min(int(counts.get(one, COUNTS.get(one, MOST))), MOST)) for one in networks]
    return max(found, default=MOST)


def planned(character: Character, tags: Iterable[str], networks: Sequence[str] = (), chosen_set: str = "") -> list[str]:
    """`tags` (what the picture shows) within the character's strategy: brand first, then its niche or a named set and
    the picture's in turn, one in four for reach, nothing banned. The honest ones stay while any are wanted.
    """
    plan, wanted = character.hashtags, wanted_by(character, networks)
    clean = lambda found: unique(camel(one.lstrip("#")) or "" for one in found)
    banned = {tag.casefold() for tag in clean(plan.banned)}
    honest = [camel(tag) for tag in HONEST]
    own = clean(plan.sets.get(chosen_set) or plan.niche)
    shown = [tag for tag in clean(tags) if tag.casefold() not in {one.casefold() for one in honest}]
    turns = [tag for pair in zip_longest(shown, own, fillvalue="") for tag in pair]
    broad = clean(plan.broad)[: max(1, wanted // 4)]
    room = max(wanted - len(honest), min(wanted, 1))
    inner = unique([*clean(plan.brand), *turns])
    inner = [tag for tag in inner if tag.casefold() not in banned]
    broad = [tag for tag in broad if tag.casefold() not in banned]
    kept = unique([*inner[: max(room - len(broad), 1)], *broad])[:room]
    return unique([*kept, *(tag for tag in honest if tag.casefold() not in banned)])[: max(wanted, 0)]
