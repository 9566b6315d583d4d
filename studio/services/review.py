"""Review: the library, judging pictures, taking judgements back, the trash, zips, imports.

Files are named by documents; a document without its file is shown as missing, never hidden.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from studio.domain.asset import Asset, Identity, Rating, Recipe
from studio.domain.requests import AssetFilter, AssetPatch
from studio.durable import replace
from studio.errors import BadRequest, Conflict, NotFound, StudioError
from studio.paths import Paths, safe_name
from studio.services.ranking import ranked
from studio.services.ratings import Ratings, renewed
from studio.services.scoring import scored
from studio.settings import Settings
from studio.store import Page, Store, find_orphans, is_orphan

log = logging.getLogger("studio.review")

FORMATS = ("png", "jpeg", "webp")
MOST_IN_A_ZIP = 2000
MOST_UNDONE = 50
_ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
MOST_RANKED = 200
_KEPT_SECONDS = 3600  # how long a made zip stays for its download


@dataclass(frozen=True)
class _Action:
    """Something that can be taken back: what it was, and the changed fields of each asset as they were."""

    what: str
    before: dict[str, dict]


class Review:
    """`judged` is told of every asset that was approved, `moved` of those that went into the trash, came out of it or
    are gone for good; `measured` gives the identity part of a picture that is brought in. Undo covers the last 50
    changes of this process."""

    def __init__(
        self,
        store: Store,
        paths: Paths,
        settings: Settings,
        judged: Callable[[Asset], None] = lambda asset: None,
        moved: Callable[[list[Asset]], None] = lambda assets: None,
        measured: Callable[..., Identity | None] = lambda image, character_id, **more: None,
    ):
        self.store, self.paths, self.settings, self._judged, self._moved = store, paths, settings, judged, moved
        self._measured = measured
        self._ratings = Ratings(settings)
        self._actions: deque[_Action] = deque(maxlen=MOST_UNDONE)
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ reading
    def search(self, wanted: AssetFilter | None = None, limit: int = 50, cursor: str | None = None) -> Page[Asset]:
        """One page of the library, newest first."""
        return self.store.assets.search(wanted or AssetFilter(), limit=limit, cursor=cursor)

    def get(self, id: str) -> Asset:
        """The asset, also from the trash. Raises NotFound."""
        return self.store.assets.get(id)

    def facets(self) -> dict:
        """Counts by state, tag, character and look, for pickers."""
        return self.store.assets.facets()

    def file(self, id: str) -> Path:
        """The picture's file, which may be missing: whoever opens it says so."""
        return self.paths.inside(self.get(id).file)

    def original(self, id: str) -> Path | None:
        """The engine's own picture when the file was enlarged from it, else None."""
        asset = self.get(id)
        return self.paths.inside(asset.original_file) if asset.original_file else None

    def subtitles(self, id: str) -> Path:
        """The captions that lie beside a clip. Raises NotFound when there are none."""
        beside = self.get(id).subtitles_file
        if not beside or not self.paths.inside(beside).is_file():
            raise NotFound("No captions lie beside this clip.", "Render it with captions beside it.")
        return self.paths.inside(beside)

    def missing(self, asset: Asset) -> bool:
        """Whether the asset's file is gone."""
        return self.store.assets.missing(asset)

    def thumbnail(self, id: str) -> Path:
        """A small WebP, made when first asked for; of a clip the frame it is known by. Raises NotFound when the file is
        missing.
        """
        from studio.media import clips, thumbnails

        asset = self.get(id)
        source, target = self.paths.inside(asset.file), self._thumbnail_path(id)
        if not source.is_file():
            raise NotFound("The file of this picture is missing.", "Put it back, or delete the entry.")
        if asset.kind == "clip":
            return clips.thumbnail(source, target, asset.poster_at)
        return thumbnails.thumbnail(source, target)

    def rank(self, ids: Iterable[str]) -> dict:
        """These pictures, best first: {"by", "items": [{"id", "rank", "points", "why"}]}, see `ranking.ranked`.

        Raises NotFound, and BadRequest for fewer than two or more than 200.
        """
        ids = _each_once(ids)
        if not 2 <= len(ids) <= MOST_RANKED:
            raise BadRequest(f"Ranking takes two to {MOST_RANKED} pictures.", f"{len(ids)} are chosen.")
        return ranked([self.get(id) for id in ids])

    # ------------------------------------------------------------------ judging
    def patch(self, id: str, patch: AssetPatch, by: str = "") -> Asset:
        """Change one asset. It can be undone."""
        return self._apply([id], lambda asset: _patched(asset, patch), _said(patch, 1), by)[0]

    def patch_many(self, ids: Iterable[str], patch: AssetPatch, by: str = "") -> list[Asset]:
        """Change many assets as one action that can be undone as one."""
        ids = _each_once(ids)
        return self._apply(ids, lambda asset: _patched(asset, patch), _said(patch, len(ids)), by)

    def add_tags(self, ids: Iterable[str], tags: Iterable[str]) -> list[Asset]:
        """Tags on top of those each asset has."""
        ids, new = _each_once(ids), _clean_tags(tags)

        def change(asset: Asset) -> dict:
            both = _clean_tags([*asset.tags, *new])
            return {"tags": both, "rating": renewed(asset, both, asset.description)}

        return self._apply(ids, change, f"tagging {_pictures(len(ids))}")

    def trash(self, ids: Iterable[str]) -> list[Asset]:
        """Out of the library into the trash; nothing is lost."""
        return self.patch_many(ids, AssetPatch(state="trashed"))

    def restore(self, ids: Iterable[str]) -> list[Asset]:
        """Back from the trash, to the state each had. Others stay as they are."""
        ids = _each_once(ids)
        change = lambda asset: {"state": asset.previous_state or "new"} if asset.state == "trashed" else {}
        return self._apply(ids, lambda asset: _with_previous(asset, change(asset)), f"restoring {_pictures(len(ids))}")

    def undo(self) -> str | None:
        """Take the last action back and say what it was; None when there is none left."""
        with self._lock:
            while self._actions:
                action = self._actions.pop()
                there = [id for id in action.before if self._exists(id)]
                if there:
                    changed = self._write(there, lambda asset, before=action.before: before[asset.id])
                    if any("previous_state" in fields for fields in action.before.values()):
                        self._moved(changed)
                    return action.what
            return None

    def _apply(self, ids: list[str], change: Callable[[Asset], dict], what: str, by: str = "") -> list[Asset]:
        if not ids:
            raise BadRequest("No picture is chosen.", "Choose one or more first.")
        with self._lock:
            before: dict[str, dict] = {}

            def fields(asset: Asset) -> dict:
                new = change(asset)
                before[asset.id] = {name: getattr(asset, name) for name in new}
                return new

            changed = self._write(ids, fields)
            if any(before.values()):
                self._actions.append(_Action(what, before))
        log.info("Review: %s%s", what, f" by {by}" if by else "")
        if moved := [asset for asset in changed if "previous_state" in before.get(asset.id, {})]:
            self._moved(moved)
        for asset in changed:
            if asset.state == "approved" and before.get(asset.id, {}).get("state") not in (None, "approved"):
                self._judged(asset)
        return changed

    def _write(self, ids: list[str], fields: Callable[[Asset], dict]) -> list[Asset]:
        def change(asset: Asset) -> None:
            for name, value in fields(asset).items():
                setattr(asset, name, value)

        return self.store.assets.update_many(ids, change)

    def _exists(self, id: str) -> bool:
        try:
            self.store.assets.get(id)
        except NotFound:
            return False
        return True

    # ------------------------------------------------------------------ deleting
    def delete_forever(self, ids: Iterable[str]) -> int:
        """Documents and files are gone; how many. Raises Conflict unless all are in the trash."""
        ids = _each_once(ids)
        with self._lock:
            assets = [self.get(id) for id in ids]
            if kept := [asset for asset in assets if asset.state != "trashed"]:
                which = "This picture is" if len(kept) == 1 else f"{len(kept)} of these pictures are"
                raise Conflict(f"{which} not in the trash.", "Only what is in the trash can be deleted for good.")
            # the documents go first: a file without one is offered again, the reverse looks like a loss
            self.store.assets.remove_many(ids)
            for asset in assets:
                for path in (asset.file, asset.original_file, asset.subtitles_file):
                    self._remove_file(path)
                self._thumbnail_path(asset.id).unlink(missing_ok=True)
        if assets:
            self._moved(assets)
        return len(assets)

    def empty_trash(self, older_than_days: int | None = None) -> int:
        """Delete what lies in the trash, or only what has been there longer; how many."""
        gone, cursor = 0, None
        border = time.time() - (older_than_days or 0) * 86400
        while True:
            page = self.search(AssetFilter(state="trashed"), limit=200, cursor=cursor)
            ids = [one.id for one in page.items if older_than_days is None or _seconds(one.updated_at) < border]
            gone += self.delete_forever(ids)
            cursor = page.next_cursor  # a mark by age: it stays good though what lay before it is gone
            if cursor is None:
                return gone

    def _remove_file(self, relative: str | None) -> None:
        try:
            if relative:
                self.paths.inside(relative).unlink(missing_ok=True)
        except (OSError, StudioError) as error:
            # on Windows somebody may be looking at it, then it is found as an orphan later; or the path was edited by
            # hand and leads out of the data folder, where nothing is deleted
            log.warning("%s could not be deleted: %s", relative, error)

    # ------------------------------------------------------------------ bringing in, taking out
    def import_picture(self, path: Path | str, character_id: str | None = None) -> Asset:
        """A picture from outside joins the library, with the recipe it carries if it carries one.

        The file is copied unchanged when it is PNG, JPEG or WebP. Raises StudioError when it is no picture, NotFound
        for an unknown character.
        """
        from studio.media.atomic import write_file
        from studio.media.embed import open_picture, read_recipe, save_png

        path = Path(path)
        character = self.store.characters.get(character_id) if character_id else None
        image = open_picture(path)
        recipe = read_recipe(path) or Recipe(pipeline="import")
        recipe.character_id = character_id
        recipe.character_name = character.name if character else ""
        rating = self._ratings.of_recipe(recipe, character)
        asset = Asset(
            character_id=character_id, file="-", width=image.width, height=image.height, recipe=recipe, imported=True
        )
        kind = {"PNG": ".png", "JPEG": ".jpg", "MPO": ".jpg", "WEBP": ".webp"}.get(image.format or "")
        folder = self.paths.month(character_id, asset.created_at[:7])
        target = folder / f"{safe_name(path.stem, fallback='picture', longest=60)}-{asset.id[-6:]}{kind or '.png'}"
        if kind:
            write_file(target, path.read_bytes())
        else:
            save_png(image, target, recipe, source_type=None)
        try:
            content = target.read_bytes()
            asset.file, asset.bytes = self.paths.relative(target), len(content)
            asset.sha256 = hashlib.sha256(content).hexdigest()
            asset.quality, asset.rating = scored(image, recipe.engine, character), rating
            asset.identity = self._measured(image, character_id, engine=recipe.engine)
            return self.store.assets.add(asset)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def orphans(self) -> list[Path]:
        """Pictures in the outputs folder that have no entry: a crash left them, or somebody copied them in. One that
        another was enlarged from is not named beside it: adopting the other brings it along."""
        found = find_orphans(self.paths, self.store.assets)
        originals = {path.with_name(f"{path.stem}-original.png") for path in found}
        return [path for path in found if path not in originals]

    def adopt(self, path: Path) -> Asset:
        """Give such a picture an entry, where it lies, with the recipe it carries; the picture that it was enlarged
        from, when that lies beside it, comes with it. `path` may be relative to the data folder.

        Raises NotFound without such a file, StudioError for no picture, Conflict when it has an entry.
        """
        from studio.media.embed import open_picture, read_recipe

        relative = self.paths.relative(path) if Path(path).is_absolute() else Path(path).as_posix()
        path = self.paths.inside(relative)
        if not path.is_file():
            raise NotFound("There is no such file in the data folder.", "Look at the list again.")
        known = self.store.assets.files()
        if not is_orphan(path, self.paths, known):
            raise Conflict("This picture has an entry in the library.", "Look for it in Review.")
        if path.suffix.lower() == ".mp4":
            return self._adopt_clip(path, relative)
        image, recipe = open_picture(path), read_recipe(path)
        content = path.read_bytes()
        owner = path.relative_to(self.paths.outputs).parts[0]
        original = path.with_name(f"{path.stem}-original.png")
        owner = owner if owner in self.store.characters else None
        asset = Asset(
            character_id=owner,
            file=relative,
            original_file=self.paths.relative(original) if is_orphan(original, self.paths, known) else None,
            width=image.width,
            height=image.height,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            recipe=recipe or Recipe(pipeline="import"),
            quality=scored(image, recipe.engine if recipe else "", self.store.characters.get(owner) if owner else None),
            identity=self._measured(image, owner, engine=recipe.engine if recipe else ""),
            imported=recipe is None,
            rating=self._ratings.of_recipe(recipe or Recipe(), self.store.characters.get(owner) if owner else None),
        )
        return self.store.assets.add(asset)

    def _adopt_clip(self, path: Path, relative: str) -> Asset:
        """A clip's entry, by what ffmpeg reads of it and the recipe it carries."""
        from studio.media import clips, ffmpeg

        found, recipe = ffmpeg.facts(path), clips.read_recipe(path)
        if not found.video:
            raise StudioError("There is no picture in this clip.", "Choose another file.")
        content, beside = path.read_bytes(), path.with_suffix(".srt")
        owner = path.relative_to(self.paths.outputs).parts[0]
        asset = Asset(
            kind="clip",
            character_id=owner if owner in self.store.characters else None,
            file=relative,
            width=found.width,
            height=found.height,
            seconds=found.seconds,
            fps=found.fps,
            sound=bool(found.audio),
            subtitles_file=self.paths.relative(beside) if beside.is_file() else None,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            recipe=recipe or Recipe(pipeline="import"),
            imported=recipe is None,
        )
        return self.store.assets.add(asset)

    def zip(self, ids: Iterable[str], format: str = "png") -> Path:
        """A zip of these pictures in this format, each with its recipe. It is kept for an hour.

        Raises StudioError for an unknown format or too many, NotFound when none of the files is there.
        """
        if format not in FORMATS:
            raise StudioError(f"“{str(format)[:20]}” is not a format.", f"Choose {', '.join(FORMATS)}.", field="format")
        assets = [self.get(id) for id in _each_once(ids)]
        if not assets:
            raise BadRequest("No picture is chosen.", "Choose one or more first.")
        if len(assets) > MOST_IN_A_ZIP:
            raise StudioError(f"A zip takes at most {MOST_IN_A_ZIP} pictures.", "Choose fewer.")
        folder = self.paths.house / "tmp"
        self.sweep(folder)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"pictures-{assets[0].id[-6:]}-{len(assets)}-{time.time_ns() % 10**9}.zip"
        temporary = target.with_suffix(".part")
        used: set[str] = set()
        try:
            with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
                for asset in assets:
                    self._pack(archive, asset, format, used)
            if not used:
                raise NotFound("The files of these pictures are missing.", "Look into the data folder.")
            replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        return target

    def _pack(self, archive: zipfile.ZipFile, asset: Asset, format: str, used: set[str]) -> None:
        path = self.paths.inside(asset.file)
        if not path.is_file():
            return
        # clips go out as they are: what can be said of their making is in the file
        suffix = path.suffix.lower() if asset.kind == "clip" else _ENDINGS[format]
        stem, number = safe_name(path.stem, fallback="picture"), 2
        name = f"{stem}{suffix}"
        while name.casefold() in used:
            name, number = f"{stem}-{number}{suffix}", number + 1
        used.add(name.casefold())
        if path.suffix.lower() == suffix:
            archive.write(path, name)
            return
        converted = self.paths.house / "tmp" / f"{asset.id}-{time.time_ns() % 10**9}{suffix}"
        try:
            self.convert(asset, converted, format)
            archive.write(converted, name)
        finally:
            converted.unlink(missing_ok=True)

    def convert(self, asset: Asset, target: Path, format: str) -> None:
        """The asset's picture at `target` in another format, with its recipe."""
        from studio.media import embed
        from studio.media.pictures import open_picture

        image = open_picture(self.paths.inside(asset.file))
        quality = int(self.settings.get("jpeg_quality") or 92)
        unknown = {"source_type": None} if asset.imported and not asset.recipe.engine else {}
        if format == "png":
            embed.save_png(image, target, asset.recipe, **unknown)
        elif format == "jpeg":
            embed.save_jpeg(image, target, asset.recipe, quality, **unknown)
        else:
            embed.save_webp(image, target, asset.recipe, quality, **unknown)

    @staticmethod
    def sweep(folder: Path, older_than: float = _KEPT_SECONDS) -> None:
        """Remove what was left in a folder of temporary files."""
        border = time.time() - older_than
        for path in folder.iterdir() if folder.is_dir() else ():
            try:
                if path.is_file() and path.stat().st_mtime < border:
                    path.unlink()
            except OSError as error:  # still being downloaded; the next sweep takes it
                log.info("%s stays for now: %s", path.name, error)

    # ------------------------------------------------------------------ reasons
    def reasons(self) -> list[str]:
        """The short list of reasons offered when rejecting."""
        return list(self.settings.get("rejection_reasons") or [])

    def set_reasons(self, reasons: Iterable[str]) -> list[str]:
        """Replace the list; empty and repeated ones go. Raises StudioError beyond what the setting holds."""
        clean = list(dict.fromkeys(" ".join(one.split()) for one in reasons if one.strip()))
        self.settings.set("rejection_reasons", clean)
        return self.reasons()

    def _thumbnail_path(self, id: str) -> Path:
        return self.paths.house / "thumbnails" / id[-2:] / f"{id}.webp"


def _patched(asset: Asset, patch: AssetPatch) -> dict:
    """The fields that change. A reason belongs to rejecting; leaving that state drops it."""
    new: dict = {}
    if patch.state is not None and patch.state != asset.state:
        new["state"] = patch.state
        if asset.state == "rejected" and patch.state != "trashed":
            new["rejection_reason"] = ""
    if patch.rejection_reason is not None and (patch.state or asset.state) == "rejected":
        new["rejection_reason"] = patch.rejection_reason
    if patch.starred is not None:
        new["starred"] = patch.starred
    if patch.tags is not None:
        new["tags"] = _clean_tags(patch.tags)
    if patch.description is not None:
        new["description"] = patch.description
    if patch.rating is not None:
        new["rating"] = Rating(level=patch.rating, by="person")
    elif "tags" in new or "description" in new:
        new["rating"] = renewed(asset, new.get("tags", asset.tags), new.get("description", asset.description))
    return _with_previous(asset, new)


def _with_previous(asset: Asset, new: dict) -> dict:
    """Going into the trash remembers the state; coming out forgets it."""
    if new.get("state") == "trashed":
        return new | {"previous_state": asset.state}
    if "state" in new and asset.state == "trashed":
        return new | {"previous_state": None}
    return new


def _said(patch: AssetPatch, number: int) -> str:
    """What an action was, as Undo names it."""
    which = _pictures(number)
    if patch.state:
        return {
            "approved": f"approving {which}",
            "rejected": f"rejecting {which}",
            "trashed": f"moving {which} to the trash",
            "new": f"setting {which} back to new",
        }[patch.state]
    if patch.rating:
        return f"rating {which} {patch.rating}"
    if patch.starred is not None:
        return f"{'starring' if patch.starred else 'unstarring'} {which}"
    return f"{'tagging' if patch.tags is not None else 'describing'} {which}"


def _pictures(number: int) -> str:
    return "1 picture" if number == 1 else f"{number} pictures"


def _each_once(ids: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(ids))


def _clean_tags(tags: Iterable[str]) -> list[str]:
    """Trimmed, each once whatever its case, at most 60 characters each."""
    clean: dict[str, str] = {}
    for tag in tags:
        tag = " ".join(str(tag).split())[:60]
        if tag:
            clean.setdefault(tag.casefold(), tag)
    if len(clean) > 60:
        raise StudioError("A picture takes at most 60 tags.", "Remove some.", field="tags")
    return list(clean.values())


def _seconds(moment: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
