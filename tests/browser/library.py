"""A data folder with characters and pictures, as if somebody had worked in it: for tests and pictures of the page."""

from pathlib import Path

from studio.domain.asset import Asset, Quality, Recipe
from studio.media.embed import save_png
from studio.paths import Paths
from studio.services.studio import build
from studio.settings import Settings

HOSTILE = "<img src=x onerror=alert(1)>"


def fill(data: Path, number: int, *, hostile: bool = False) -> list[str]:
    """Samples and `number` plain pictures of them in every state, newest last; their ids.

    With `hostile` a character, an ingredient, a look, tags and prompts are HTML.
    """
    from PIL import Image

    paths = Paths(data)
    with build(paths, Settings(paths, {})) as studio:
        characters = studio.characters.add_samples()
        if hostile:
            part = {"name": HOSTILE, "words": HOSTILE}
            characters.append(
                studio.characters.create(
                    {
                        "name": HOSTILE,
                        "bio": HOSTILE,
                        "tags": [HOSTILE],
                        "looks": [part | {"default": True}],
                        "ingredients": [part | {"kind": "wardrobe"}, part | {"kind": "place"}],
                    }
                )  # fmt: skip
            )
        ids = []
        for n in range(number):
            character = characters[n % len(characters)]
            bad = character.name == HOSTILE
            words = HOSTILE if bad else f"{character.name} waving, number {n}"
            recipe = Recipe(
                engine="starter", model="Starter", words="waving", prompt=words, seed=1000 + n, steps=20, guidance=3.5,
                sampler="DDIM", width=256, height=256, character_id=character.id, character_name=character.name,
                look_name=HOSTILE if bad else "Everyday", seconds=2.1,
            )  # fmt: skip
            folder = paths.month(character.id, "2026-11")
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"picture-{n:03}.png"
            save_png(Image.new("RGB", (64, 64), (n * 37 % 256, 90 + n % 120, 200 - n % 150)), path, recipe)
            state = ("approved", "new", "rejected", "new", "new", "trashed", "new")[n % 7]
            asset = studio.store.assets.add(
                Asset(
                    character_id=character.id, file=paths.relative(path), width=64, height=64, recipe=recipe,
                    state=state, previous_state="new" if state == "trashed" else None, starred=n % 9 == 0,
                    tags=[HOSTILE] if bad else ["portrait"], description=HOSTILE if bad else "",
                    rejection_reason="Blurry" if state == "rejected" else "",
                    quality=Quality(score=0.8, sharpness=0.7, exposure=0.9, contrast=0.6, banding=0.9),
                )
            )  # fmt: skip
            ids.append(asset.id)
        return ids
