"""Hashtags from what the picture shows and what the character stands for."""

import random
import re
from collections.abc import Iterable, Sequence

from studio.domain.character import Character
from studio.writers.scene import Scene
from studio.writers.taboos import Taboos

MOST = 12
HONEST = ("VirtualCreator", "MadeWithAI")  # said in the tags too, and never dropped for room


def camel(phrase: str) -> str:
    """ "night market" -> "#NightMarket"; letters of any script and digits only. Nothing when nothing is left."""
    words = re.findall(r"[^\W_]+", re.sub(r"['’]", "", phrase))
    tag = "".join(word[0].upper() + word[1:] for word in words)
    return f"#{tag}" if 2 <= len(tag) <= 40 and not tag.isdigit() else ""


def unique(tags: Iterable[str]) -> list[str]:
    """The tags without empty ones and without the same word in other capitals."""
    return list({tag.casefold(): tag for tag in reversed([tag for tag in tags if tag])}.values())[::-1]


def hashtags(character: Character, scenes: Sequence[Scene], taboos: Taboos, rng: random.Random) -> list[str]:
    """At most 12, the picture's own first; more for outgoing characters, fewer for reserved or formal ones."""
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
    return unique([*tags, *honest])
