"""Publishing: the way of a post from draft to published, once. Knows posts, their pictures and the platforms.

What is about to go out is on the disk before it goes; after a crash the platform is asked whether it got there. A post
is never sent twice and never left half way.
"""

from __future__ import annotations

import logging
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path

from studio.domain.account import Account
from studio.domain.asset import Asset
from studio.domain.character import Character
from studio.domain.document import now
from studio.domain.post import DISCLOSURE, Caption, Post, PostEvent
from studio.domain.rating import highest, rate_prose
from studio.domain.requests import PostPatch, PostRequest
from studio.errors import Conflict, StudioError
from studio.paths import Paths, safe_name
from studio.platforms import PLATFORMS, Draft, Piece, Platform, Problem, Receipt, Secret
from studio.services.ratings import Ratings, level_of, refuse_words
from studio.settings import Settings
from studio.store import Store

log = logging.getLogger(__name__)
_BROKEN = {"code": "internal", "message": "Something broke while publishing.", "hint": "Details are in the log."}
_DELETED = ("The character of this post was deleted.", "Move the post to the trash, or import the character again.")
ENDINGS = {"png": "png", "jpeg": "jpg", "jpg": "jpg", "webp": "webp"}


class Publishing:
    """Posts: drafted, approved by a person, published once, remembered."""

    def __init__(
        self, store: Store, paths: Paths, settings: Settings | None = None, platforms: Sequence[Platform] = PLATFORMS
    ):
        self._store, self._paths, self._settings = store, paths, settings
        self._platforms = {one.spec.id: one for one in platforms}
        self._guard = threading.Lock()
        self._busy: dict[str, list] = {}
        self.reconcile()

    # ------------------------------------------------------------------ drafts
    def draft(self, request: PostRequest, by: str = "") -> Post:
        """A new draft. Raises NotFound for an unknown character or asset, StudioError for an unknown target or
        somebody else's picture, Conflict for a picture that was rejected or is in the trash."""
        character = self._store.characters.get(request.character_id)
        if character.trashed_at:
            raise Conflict(f"{character.name} is in the trash.", "Restore the character first.")
        asset_ids = self._usable(request.asset_ids, character)
        refuse_words((request.title, request.caption, *request.alt_text.values()), character.age, "caption")
        post = Post(
            character_id=character.id,
            asset_ids=asset_ids,
            title=request.title,
            caption=Caption(
                text=request.caption,
                hashtags=_tidy_hashtags(request.hashtags),
                alt_text=_alt_for(asset_ids, request.alt_text),
            ),
            disclosure=request.disclosure or self._line(character),
            targets=self._known_targets(request.targets),
            history=[PostEvent(what="Drafted", by=by)],
        )
        return self._store.posts.add(post)

    def update(self, id: str, patch: PostPatch, by: str = "") -> Post:
        """Change a draft. A changed approved or failed post is a draft again; a published one raises Conflict."""
        wanted = patch.model_dump(exclude_none=True)
        character = self._whose(self.get(id))
        said = [wanted.get(name) or "" for name in ("title", "caption")]
        refuse_words((*said, *(wanted.get("alt_text") or {}).values()), character.age, "caption")
        if "asset_ids" in wanted:
            wanted["asset_ids"] = self._usable(wanted["asset_ids"], character)
        if "targets" in wanted:
            wanted["targets"] = self._known_targets(wanted["targets"])
        if "hashtags" in wanted:
            wanted["hashtags"] = _tidy_hashtags(wanted["hashtags"])
        if "disclosure" in wanted:
            wanted["disclosure"] = wanted["disclosure"] or self._line(character)

        def change(post: Post) -> None:
            self._must_rest(post)
            if post.state == "published":
                raise Conflict("A published post cannot be changed.", "Make a new draft from its pictures.")
            before = post.model_dump(exclude={"history"})
            for name, value in wanted.items():
                if name == "caption":
                    post.caption.text = value
                elif name in ("hashtags", "alt_text"):
                    setattr(post.caption, name, value)
                else:
                    setattr(post, name, value)
            post.caption.alt_text = _alt_for(post.asset_ids, post.caption.alt_text)
            if post.model_dump(exclude={"history"}) == before:
                return
            if post.state != "draft":
                post.state, post.error = "draft", None
                post.history.append(PostEvent(what="Changed; back to draft", by=by))

        return self._store.posts.update(id, change)

    def get(self, id: str) -> Post:
        """The post. Raises NotFound."""
        return self._store.posts.get(id)

    def list(self, character_id: str | None = None, state: str | None = None, trashed: bool = False) -> list[Post]:
        """All posts, newest first; of one character, in one state, or those in the trash."""

        def fits(post: dict) -> bool:
            return (
                bool(post.get("trashed_at")) == trashed
                and character_id in (None, post.get("character_id"))
                and state in (None, post.get("state"))
            )

        found, cursor = [], None
        while True:
            page = self._store.posts.find(fits, limit=500, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def trash(self, id: str, by: str = "") -> Post:
        """Put the post aside. Published files stay where they are."""

        def change(post: Post) -> None:
            self._must_rest(post)
            if not post.trashed_at:
                post.trashed_at = now()
                post.history.append(PostEvent(what="Moved to the trash", by=by))

        return self._store.posts.update(id, change)

    def restore(self, id: str, by: str = "") -> Post:
        """Take the post out of the trash, in the state it had."""

        def change(post: Post) -> None:
            if post.trashed_at:
                post.trashed_at = None
                post.history.append(PostEvent(what="Restored", by=by))

        return self._store.posts.update(id, change)

    def delete_forever(self, id: str) -> None:
        """Forget a post that is in the trash. Published files stay where they are."""
        if not self.get(id).trashed_at:
            raise Conflict("Only a post in the trash can be deleted.", "Move it to the trash first.")
        self._store.posts.remove(id)

    # ------------------------------------------------------------------ approval
    def approve(self, id: str, by: str = "") -> Post:
        """A person's yes. Every picture must be approved and no target may object.

        Raises Conflict for pictures that are not approved, StudioError for what a target refuses.
        """
        post = self.get(id)
        self._must_be_here(post)
        if post.state in ("draft", "failed"):
            self._must_be_approved(post)
            self._must_pass(post)
        revision = post.revision

        def change(post: Post) -> None:
            self._must_rest(post)
            self._must_be_here(post)
            if post.state == "approved":
                return
            if post.state == "published":
                raise Conflict("This post is published already.", "There is nothing left to approve.")
            if post.revision != revision:
                raise Conflict("This post was just changed.", "Look at it again, then approve it.")
            post.state, post.error = "approved", None
            post.history.append(PostEvent(what="Approved", by=by))

        post = self._store.posts.update(id, change)
        log.info("Post %s is approved%s.", id, f" by {by}" if by else "")
        return post

    def unapprove(self, id: str, by: str = "") -> Post:
        """Back to draft, as long as it is not published."""

        def change(post: Post) -> None:
            self._must_rest(post)
            if post.state == "published":
                raise Conflict("This post is published already.", "It cannot become a draft again.")
            if post.state != "draft":
                post.state, post.error = "draft", None
                post.history.append(PostEvent(what="Back to draft", by=by))

        return self._store.posts.update(id, change)

    def problems(self, id: str) -> list[Problem]:
        """What stops or weakens the post at its targets; each prints as a sentence, `level` is error or warning."""
        post = self.get(id)
        found = [problem for _, problem in self._problems(post)]
        waiting = self._unapproved(post)
        if waiting:
            found.insert(0, Problem(*_not_approved(waiting, len(post.asset_ids)), "asset_ids", "error"))
        if post.character_id not in self._store.characters:
            found.insert(0, Problem(*_DELETED, level="error"))
        return list(dict.fromkeys(found))

    def disclosure(self, character_id: str) -> str:
        """The line a new post of this character says about AI."""
        return self._line(self._store.characters.get(character_id))

    def platforms(self) -> tuple[Platform, ...]:
        """All platforms; `spec` describes each, `ready()` says what one lacks."""
        return tuple(self._platforms.values())

    # ------------------------------------------------------------------ publishing
    def publish(self, id: str, by: str = "", *, export_format: str = "png") -> Post:
        """Bring an approved post to its targets. One that is published is returned as it is; so publishing again, or
        at the same moment from two pages, is harmless.

        `export_format` is png, jpeg or webp. Raises Conflict when the post, or a picture of it, is not approved, and
        StudioError when a target refuses; the post is then failed, says why, and may be published again.
        """
        ending = ENDINGS.get(export_format.lower())
        if not ending:
            raise StudioError(
                "Pictures are exported as png, jpeg or webp.", "Choose one of these.", field="export_format"
            )
        with self._one_at_a_time(id):
            post = self.get(id)
            if post.state == "published":
                return post
            self._must_be_here(post)
            if post.state == "draft":
                raise Conflict("This post is not approved.", "Approve it first; then it can go out.")
            self._must_be_approved(post)
            self._must_pass(post)
            for target in post.targets:
                if not any(receipt.get("target") == target for receipt in post.receipts):
                    post = self._send(post, target, by, ending)
            post = self._store.posts.update(id, lambda post: self._done(post, by))
            log.info("Post %s is published to %s%s.", id, ", ".join(post.targets), f" by {by}" if by else "")
            return post

    def reconcile(self) -> None:
        """After a start: posts a crash caught half way are finished when they got out, else approved again."""
        caught = self._store.posts.find(lambda post: bool(post.get("intent")), limit=500).items
        for post in caught:
            try:
                self._reconcile(post)
            except (StudioError, OSError) as problem:  # one post must not keep the studio from starting
                log.warning("The post %s could not be looked into: %s", post.id, problem)
        exports = self._paths.exports()
        for half in [*exports.glob(".*.part"), *exports.glob(".*.hold")]:
            shutil.rmtree(half, ignore_errors=True) if half.is_dir() else half.unlink(missing_ok=True)

    # ------------------------------------------------------------------ inside
    def _send(self, post: Post, target: str, by: str, ending: str) -> Post:
        """One target: write down the intent, publish, write down the receipt."""
        platform = self._platforms[target]
        character = self._store.characters.get(post.character_id)
        at = now()
        with self._reserved(post, character, platform, at) as place:
            intent = {"target": target, "place": place, "at": at, "by": by, "ending": ending}

            def begin(post: Post) -> None:
                if post.state not in ("approved", "failed") or post.intent:
                    raise Conflict("This post has just changed.", "Look at it again.")
                post.intent, post.error, post.state = intent, None, "approved"
                post.history.append(PostEvent(at=at, what=f"Publishing to {platform.spec.name}", by=by))

            post = self._store.posts.update(post.id, begin)
            try:
                receipt = platform.submit(self._prepared(post, character, intent), *self._nobody(target), _Quiet())
            except Exception as error:
                problem = error.as_dict() if isinstance(error, StudioError) else dict(_BROKEN)
                self._store.posts.update(post.id, lambda post: _failed(post, problem, by))
                raise
        return self._store.posts.update(post.id, lambda post: self._received(post, receipt))

    def _reconcile(self, post: Post) -> None:
        intent = post.intent or {}
        platform = self._platforms.get(intent.get("target", ""))
        receipt = None
        if platform:
            draft = self._prepared(post, self._whose(post), intent)
            since = str(intent.get("at", ""))
            receipt = platform.reconcile(draft, *self._nobody(platform.spec.id), _Quiet(), since).receipt

        def back(post: Post) -> None:
            post.intent, post.state = None, "approved"
            post.history.append(PostEvent(what="Publishing was interrupted; nothing went out. Approved again"))

        if receipt is None:
            self._store.posts.update(post.id, back)
            return
        post = self._store.posts.update(post.id, lambda post: self._received(post, receipt))
        if all(any(receipt.get("target") == target for receipt in post.receipts) for target in post.targets):
            self._store.posts.update(post.id, lambda post: self._done(post, intent.get("by", "")))

    def _nobody(self, target: str) -> tuple[Account, Secret]:
        """Who needs no account has none."""
        return Account(platform=target), Secret({})

    def _received(self, post: Post, receipt: Receipt) -> None:
        files = [self._paths.relative(path) for path in receipt.files]
        intent = post.intent or {}
        post.receipts.append({"target": intent.get("target"), "at": now(), "files": files, "url": receipt.url})
        post.files = [*post.files, *(name for name in files if name not in post.files)]
        post.intent = None

    def _done(self, post: Post, by: str) -> None:
        if post.state != "published":
            post.state, post.error, post.published_at = "published", None, now()
            post.history.append(PostEvent(at=post.published_at, what="Published", by=by))

    def _prepared(self, post: Post, character: Character, intent: dict | None = None) -> Draft:
        intent = intent or {}
        pieces = []
        for asset_id in post.asset_ids:
            if asset_id not in self._store.assets:
                continue
            asset = self._store.assets.get(asset_id)
            pieces.append(
                Piece(
                    asset=asset,
                    source=self._paths.inside(asset.file),
                    name=_slug(f"{character.name} {_shown(asset, character)}", "picture", 48),
                    alt_text=post.caption.alt_text.get(asset_id, ""),
                    ai_made=_made_by_ai(asset),
                )
            )
        return Draft(
            post=post,
            character=character,
            pieces=tuple(pieces),
            hashtags=tuple(f"#{tag.lstrip('#')}" for tag in post.caption.hashtags if tag.strip("# ")),
            place=self._paths.inside(intent["place"]) if intent.get("place") else None,
            ending=intent.get("ending", "png"),
            at=intent.get("at", ""),
            by=intent.get("by", ""),
            render=self._render(post),
            rating=highest([rate_prose(post.caption.text).level, *(level_of(one.asset) for one in pieces)]),
        )

    def _render(self, post: Post) -> Callable[[Piece, Path], None]:
        """How pictures are written for a target: with recipe, origin, alt text and disclosure inside."""
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

    @contextmanager
    def _one_at_a_time(self, id: str):
        """One thread publishes a post; others wait for it, and then see what it did."""
        with self._guard:
            entry = self._busy.setdefault(id, [threading.Lock(), 0])
            entry[1] += 1
        try:
            with entry[0]:
                yield
        finally:
            with self._guard:
                entry[1] -= 1
                if not entry[1]:
                    self._busy.pop(id, None)

    @contextmanager
    def _reserved(self, post: Post, character: Character, platform: Platform, at: str):
        """A place nobody else has, relative to the data folder; None for a platform that leaves no files."""
        if not platform.spec.files:
            yield None
            return
        words = post.title or " ".join(post.caption.text.split()[:5]) or "post"
        name = f"{at[:10]}_{_slug(character.name, 'character', 32)}_{_slug(words, 'post', 40)}"
        exports = self._paths.exports()
        exports.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            place = exports / (name if number == 1 else f"{name}-{number}")
            number += 1
            if place.exists() or place.with_name(f"{place.name}.zip").exists():
                continue
            try:
                place.with_name(f".{place.name}.hold").mkdir()
                break
            except FileExistsError:
                continue
        try:
            yield self._paths.relative(place)
        finally:
            shutil.rmtree(place.with_name(f".{place.name}.hold"), ignore_errors=True)

    def _problems(self, post: Post) -> list[tuple[Platform, Problem]]:
        draft = self._prepared(post, self._whose(post))
        kept_back = []
        if draft.rating == "mature" and self._settings and (why := Ratings(self._settings).missing(draft.character)):
            kept_back = [Problem(f"The post is mature. {why[0]}", why[1], "asset_ids", "error")]
        return [
            (platform, problem)
            for target in post.targets
            if (platform := self._platforms.get(target))
            for problem in [*kept_back, *platform.check(draft)]
        ]

    def _whose(self, post: Post) -> Character:
        """The post's character; one without a face when it was deleted since."""
        known = post.character_id in self._store.characters
        return (
            self._store.characters.get(post.character_id) if known else Character(id=post.character_id, name="Unknown")
        )

    def _must_pass(self, post: Post) -> None:
        if post.character_id not in self._store.characters:
            raise Conflict(*_DELETED)
        for target in self._known_targets(post.targets):
            if missing := self._platforms[target].ready():
                raise Conflict(f"{self._platforms[target].spec.name} is not ready.", missing, field="targets")
        for _, problem in self._problems(post):
            if problem.level == "error":
                raise StudioError(problem.message, problem.hint, field=problem.field or None)

    def _must_be_approved(self, post: Post) -> None:
        if waiting := self._unapproved(post):
            raise Conflict(*_not_approved(waiting, len(post.asset_ids)), field="asset_ids")

    def _unapproved(self, post: Post) -> int:
        states = [self._store.assets.get(one).state if one in self._store.assets else "gone" for one in post.asset_ids]
        return sum(state != "approved" for state in states)

    def _must_rest(self, post: Post) -> None:
        if post.intent:
            raise Conflict("This post is being published right now.", "Wait until it is done.")

    def _must_be_here(self, post: Post) -> None:
        if post.trashed_at:
            raise Conflict("This post is in the trash.", "Restore it first.")

    def _usable(self, asset_ids: list[str], character: Character) -> list[str]:
        for asset_id in (ids := list(dict.fromkeys(asset_ids))):
            asset = self._store.assets.get(asset_id)
            if asset.character_id not in (None, character.id):
                raise StudioError(f"This picture does not show {character.name}.", "Choose another.", field="asset_ids")
            if asset.state in ("rejected", "trashed"):
                state = "was rejected" if asset.state == "rejected" else "is in the trash"
                raise Conflict(f"This picture {state}.", "Choose another, or restore it in Review.", field="asset_ids")
        return ids

    def _known_targets(self, targets: list[str]) -> list[str]:
        for target in (known := list(dict.fromkeys(targets))):
            if target not in self._platforms:
                hint = f"There are: {', '.join(self._platforms)}."
                raise StudioError(f"There is no target called “{target[:40]}”.", hint, field="targets")
        return known

    def _line(self, character: Character) -> str:
        line = str(self._settings.get("disclosure_line") if self._settings else "") or DISCLOSURE
        return line.replace("{name}", character.name)[:400]


class _Quiet:
    """The journal of a package: its place is in the intent, which is on the disk already."""

    key, handles = "", {}

    def keep(self, **handles) -> None:
        pass

    def begin(self, what: str = "post") -> None:
        pass

    def remote(self, remote_id: str, url: str = "") -> None:
        pass


def _failed(post: Post, error: dict, by: str) -> None:
    post.state, post.error, post.intent = "failed", error, None
    post.history.append(PostEvent(what=f"Publishing failed: {error['message']}", by=by))


def _not_approved(waiting: int, of: int) -> tuple[str, str]:
    what = "The picture is" if of == 1 else f"{waiting} of the {of} pictures {'is' if waiting == 1 else 'are'}"
    return f"{what} not approved.", "Approve in Review (A on the desk), or take out what should not go out."


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


def _slug(text: str, fallback: str, longest: int) -> str:
    """`text` as one safe word of a file name."""
    words = re.sub(r"[^\w]+", "-", safe_name(text, fallback, 200)).strip("-_")
    return safe_name(words, fallback, longest).strip("-_") or fallback


def _tidy_hashtags(tags: list[str]) -> list[str]:
    """Each once, without spaces inside, in the order given."""
    found: dict[str, str] = {}
    for tag in ("".join(tag.split()) for tag in tags):
        if tag.strip("#"):
            found.setdefault(tag.lstrip("#").casefold(), tag)
    return list(found.values())


def _alt_for(asset_ids: list[str], alt_text: dict[str, str]) -> dict[str, str]:
    return {one: alt_text[one].strip() for one in asset_ids if alt_text.get(one, "").strip()}
