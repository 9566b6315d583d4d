"""The export package: a folder and a zip with everything a person needs to post by hand.

It is built beside its place and renamed into it, folder last: a package is whole, or it is not there.
"""

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path

from studio.domain.account import Account
from studio.durable import flush_folder, is_full, replace, write_whole
from studio.errors import NoSpace, StudioError
from studio.platforms.base import Draft, Journal, Later, Problem, Receipt, Secret, Verdict, usual_problems
from studio.platforms.spec import Connect, PlatformSpec, PostKind

SCHEMA = 1
_TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


class Export:
    """Publishes into a folder of the data folder. Needs no account and sends nothing."""

    spec = PlatformSpec(
        "export",
        "Export package",
        "A folder and a zip with pictures, caption, alt text and disclosure, ready to post by hand.",
        kinds=(PostKind("package", "Package", takes=frozenset({"image", "clip"}), media=(1, 20), alt_longest=10_000),),
        connect=Connect("none"),
        idempotency="handle",
        files=True,
        forbids=frozenset(),
        sends="nothing",
    )

    def ready(self) -> str | None:
        return None

    def check(self, draft: Draft) -> list[Problem]:
        return usual_problems(self.spec, draft)

    def submit(self, draft: Draft, account: Account, secret: Secret, journal: Journal) -> Receipt:
        """Make `draft.place` and the zip beside it. Raises NoSpace, and StudioError for what a person can mend."""
        place = draft.place
        if place is None or draft.render is None:
            raise ValueError("The export package needs a place, and somebody who writes its pictures.")
        half = _half(place)
        shutil.rmtree(half, ignore_errors=True)
        journal.begin("package")
        try:
            half.mkdir(parents=True)
            self._fill(half, draft)
            _zip(half, place)
            replace(half, place)
            flush_folder(place.parent)
        except OSError as error:
            _sweep(place)
            if is_full(error):
                raise NoSpace("The disk is full.", "Free some space and publish again.") from error
            raise StudioError(
                f"The package cannot be written ({error.strerror or error}).", "Check the rights on the exports folder."
            ) from error
        except BaseException:
            _sweep(place)
            raise
        return _receipt(place)

    def poll(self, draft: Draft, account: Account, secret: Secret, journal: Journal) -> Receipt | Later:
        return _receipt(draft.place)

    def reconcile(self, draft: Draft, account: Account, secret: Secret, journal: Journal, since: str) -> Verdict:
        """The package, when it is whole. A zip that went missing is made again; halves are removed."""
        place = draft.place
        if place is None or not _is_whole(place):
            if place is not None:
                _sweep(place)
            return Verdict("absent", why="There is no whole package.")
        if not _zip_of(place).is_file():
            _zip(place, place)
        shutil.rmtree(_half(place), ignore_errors=True)
        return Verdict("posted", _receipt(place))

    def _fill(self, folder: Path, draft: Draft) -> None:
        pictures = []
        for number, piece in enumerate(draft.pieces, 1):
            ending = piece.source.suffix.lstrip(".").lower() if piece.asset.kind == "clip" else draft.ending
            name = f"{number:02d}_{piece.name}.{ending}"
            draft.render(piece, folder / name)
            pictures.append((name, piece))
        _write(folder / "caption.txt", f"{draft.text}\n")
        described = (f"{name}\n{' '.join(piece.alt_text.split()) or '(no alt text)'}\n" for name, piece in pictures)
        _write(folder / "alt.txt", "\n".join(described))
        files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
        _write(
            folder / "post.json", json.dumps(self._record(draft, pictures, folder, files), ensure_ascii=False, indent=2)
        )

    def _record(self, draft: Draft, pictures: list, folder: Path, files: dict[str, str]) -> dict:
        post = draft.post
        return {
            "schema": SCHEMA,
            "platform": self.spec.id,
            "published_at": draft.at,
            "published_by": draft.by,
            "post": {"id": post.id, "title": post.title, "created_at": post.created_at},
            "character": {"id": draft.character.id, "name": draft.character.name},
            "caption": {"text": post.caption.text, "hashtags": list(draft.hashtags)},
            "disclosure": {
                "line": post.disclosure,
                "in_caption": True,
                "in_metadata": [name for name, piece in pictures if piece.ai_made],
                "digital_source_type": _TRAINED,
            },
            "assets": [
                {
                    "id": piece.asset.id,
                    "file": name,
                    "source": {"sha256": piece.asset.sha256, "created_at": piece.asset.created_at},
                    "bytes": (folder / name).stat().st_size,
                    "sha256": files[name],
                    "width": piece.asset.width,
                    "height": piece.asset.height,
                    "alt_text": piece.alt_text,
                    "ai_made": piece.ai_made,
                    "job_id": piece.asset.job_id,
                    "parents": list(piece.asset.recipe.parents),
                    "recipe": piece.asset.recipe.model_dump(mode="json"),
                }
                for name, piece in pictures
            ],
            "files": files,
            "history": [event.model_dump(mode="json") for event in post.history],
        }


def _half(place: Path) -> Path:
    return place.with_name(f".{place.name}.part")


def _zip_of(place: Path) -> Path:
    return place.with_name(f"{place.name}.zip")


def _is_whole(place: Path) -> bool:
    """Whether the folder has every file of its record, unchanged."""
    try:
        record = json.loads((place / "post.json").read_text(encoding="utf-8"))
        return all(_sha256(place / name) == digest for name, digest in record["files"].items())
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def _receipt(place: Path) -> Receipt:
    files = (*sorted(path for path in place.iterdir() if path.is_file()), _zip_of(place))
    return Receipt(remote_id=place.name, files=files, disclosed=("metadata", "caption"))


def _sweep(place: Path) -> None:
    """Remove what an interrupted run left; a folder at `place` itself is somebody's and stays."""
    shutil.rmtree(_half(place), ignore_errors=True)
    _zip_of(place).with_name(f".{place.name}.zip.part").unlink(missing_ok=True)
    if not place.exists():
        _zip_of(place).unlink(missing_ok=True)


def _zip(folder: Path, place: Path) -> None:
    """Zip `folder` as `place` would be called, beside it. The same files give the same bytes."""
    half = _zip_of(place).with_name(f".{place.name}.zip.part")
    with zipfile.ZipFile(half, "w") as archive:
        for path in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(f"{place.name}/{path.name}")
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if path.suffix in (".txt", ".json") else zipfile.ZIP_STORED
            archive.writestr(entry, path.read_bytes())
    with open(half, "rb+") as file:
        os.fsync(file.fileno())
    replace(half, _zip_of(place))
    flush_folder(place.parent)


def _write(path: Path, text: str) -> None:
    write_whole(path, text.encode("utf-8", "replace"))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
