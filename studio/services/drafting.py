"""What a platform gets of a post: one target's words, its pictures, and somebody who makes the files it wants."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.post import Frame, Post, Target
from studio.domain.rating import highest, rate_prose
from studio.errors import StudioError
from studio.paths import Paths, safe_name
from studio.platforms import Draft, MediaRule, Piece, Platform, Problem, Rendition
from studio.services.accounts import Accounts, title
from studio.services.ratings import Ratings, level_of
from studio.settings import Settings
from studio.store import Store

DELETED = ("The character of this post was deleted.", "Move the post to the trash, or import the character again.")


class Drafting:
    """Makes drafts of posts and says what is wrong with them."""

    def __init__(self, store: Store, paths: Paths, accounts: Accounts, settings: Settings | None = None):
        self._store, self._paths, self._accounts, self._settings = store, paths, accounts, settings

    def draft(self, post: Post, target: Target, at: str = "") -> Draft:
        """The post with this target's words. A picture that is gone is left out; `problems` says so."""
        character, words = self.whose(post), target.words
        account = self._accounts.get(target.account_id) if self._accounts.has(target.account_id) else None
        caption = post.caption.model_copy(deep=True)
        if words.text is not None:
            caption.text = words.text
        if words.hashtags is not None:
            caption.hashtags = words.hashtags
        caption.alt_text = {**caption.alt_text, **{key: text for key, text in words.alt_text.items() if text.strip()}}
        own = post.model_copy(update={"caption": caption})
        pieces = []
        for asset_id in post.asset_ids:
            if asset_id not in self._store.assets:
                continue
            asset = self._store.assets.get(asset_id)
            pieces.append(
                Piece(
                    asset=asset,
                    source=self._paths.inside(asset.file),
                    name=slug(f"{character.name} {_shown(asset, character)}", "picture", 48),
                    alt_text=caption.alt_text.get(asset_id, ""),
                    ai_made=_made_by_ai(asset),
                )
            )
        return Draft(
            post=own,
            character=character,
            pieces=tuple(pieces),
            hashtags=tuple(f"#{tag.lstrip('#')}" for tag in caption.hashtags if tag.strip("# ")),
            place=self._paths.inside(target.place) if target.place else None,
            ending=post.ending,
            at=at or target.first_at or "",
            by=post.by,
            account=account,
            kind=words.kind,
            render=self._render(post),
            fit=self._fit(post, words.frame),
            rating=highest([rate_prose(caption.text).level, *(level_of(one.asset) for one in pieces)]),
        )

    def problems(self, post: Post) -> list[tuple[Target, Problem]]:
        """What each target objects to, in their order; an account or platform that is gone is an error."""
        found = []
        for target in post.targets:
            if target.state in ("published", "cancelled"):
                continue
            try:
                platform = self.platform(target)
            except StudioError as error:
                found.append((target, Problem(error.message, error.hint, "targets", "error")))
                continue
            several, draft, kept_back = len(post.targets) > 1, self.draft(post, target), []
            if (
                draft.rating == "mature"
                and self._settings
                and (why := Ratings(self._settings).missing(draft.character))
            ):
                kept_back = [Problem(f"The post is mature. {why[0]}", why[1], "asset_ids", "error")]
            for one in [*kept_back, *platform.check(draft)]:
                found.append((target, one if not several else _named(one, self.name(target))))
        return found

    def platform(self, target: Target) -> Platform:
        """The adapter of a target. NotFound when its account was disconnected."""
        return self._accounts.of(self._accounts.get(target.account_id))

    def name(self, target: Target) -> str:
        """What people call a target: the platform, and which of its accounts."""
        if not self._accounts.has(target.account_id):
            return "a removed account"
        account = self._accounts.get(target.account_id)
        spec = self._accounts.of(account).spec
        return spec.name if spec.connect.way == "none" else f"{spec.name} ({title(account)})"

    def whose(self, post: Post) -> Character:
        """The post's character; one without a face when it was deleted since."""
        known = post.character_id in self._store.characters
        return (
            self._store.characters.get(post.character_id) if known else Character(id=post.character_id, name="Unknown")
        )

    def unapproved(self, post: Post) -> int:
        """How many of its pictures nobody has approved, or are gone."""
        states = [self._store.assets.get(one).state if one in self._store.assets else "gone" for one in post.asset_ids]
        return sum(state != "approved" for state in states)

    def forget(self, post: Post) -> None:
        """Remove the files that were made for sending it."""
        folder = self._folder(post)
        if folder.is_dir():
            for path in folder.iterdir():
                path.unlink(missing_ok=True)
            folder.rmdir()

    # ------------------------------------------------------------------ inside
    def _folder(self, post: Post) -> Path:
        return self._paths.house / "renditions" / post.id

    def _render(self, post: Post) -> Callable[[Piece, Path], None]:
        """How pictures are written for a package: with recipe, origin, alt text and disclosure inside."""
        quality = int(self._settings.get("jpeg_quality")) if self._settings else 92

        def render(piece: Piece, path: Path) -> None:
            from studio.media import embed, xmp

            if piece.asset.kind == "clip":  # its recipe and origin are in the file already
                shutil.copyfile(piece.source, path)
                if piece.asset.subtitles_file:
                    beside = self._paths.inside(piece.asset.subtitles_file)
                    if beside.is_file():
                        shutil.copyfile(beside, path.with_suffix(".srt"))
                return
            extra = {
                "asset_id": piece.asset.id,
                "post_id": post.id,
                "alt_text": piece.alt_text,
                "description": post.disclosure,
            }
            options = {"extra": extra, "source_type": xmp.TRAINED if piece.ai_made else None}
            picture = embed.open_picture(piece.source)
            if path.suffix == ".png":
                embed.save_png(picture, path, piece.asset.recipe, **options)
            elif path.suffix == ".webp":
                embed.save_webp(picture, path, piece.asset.recipe, quality, **options)
            else:
                embed.save_jpeg(picture, path, piece.asset.recipe, quality, **options)

        return render

    def _fit(self, post: Post, frame: Frame) -> Callable[[Piece, MediaRule], Rendition]:
        def fit(piece: Piece, rule: MediaRule) -> Rendition:
            from studio.media.renditions import fitted

            path, form, width, height = fitted(
                piece.source,
                self._folder(post),
                formats=rule.formats,
                most_bytes=rule.most_bytes,
                most_side=rule.most_side,
                most_pixels=rule.most_pixels,
                aspects=rule.aspects,
                frame=frame,
                ai_made=piece.ai_made,
                words={"alt_text": piece.alt_text, "description": post.disclosure},
            )
            raw = path.read_bytes()
            return Rendition(path, form, width, height, len(raw), hashlib.sha256(raw).hexdigest())

        return fit


def _named(problem: Problem, name: str) -> Problem:
    """The problem with its target's name, where it does not say it itself."""
    if name.partition(" (")[0] in problem.message and "(" not in name:
        return problem
    return Problem(f"{name}: {problem.message}", problem.hint, problem.field, problem.level)


def _made_by_ai(asset: Asset) -> bool:
    """Pictures made here, and brought-in ones whose recipe names an engine, a model or a seed."""
    recipe = asset.recipe
    return not asset.imported or bool(recipe.engine or recipe.model or recipe.seed is not None)


def _shown(asset: Asset, character: Character) -> str:
    """Outfit and place by name, for a file name; what was brought in has its description."""
    names = []
    for value in (asset.recipe.outfit, asset.recipe.place):
        ingredient = character.ingredient(value) if value else None
        names.append(ingredient.name if ingredient else "" if len(value or "") == 26 else value or "")
    return " ".join(name.split(",")[0] for name in names if name) or asset.description[:40]


def slug(text: str, fallback: str, longest: int) -> str:
    """`text` as one safe word of a file name."""
    words = re.sub(r"[^\w]+", "-", safe_name(text, fallback, 200)).strip("-_")
    return safe_name(words, fallback, longest).strip("-_") or fallback
