"""A character as one zip: character.json and its reference pictures. What comes from outside is never trusted."""

import io
import json
import secrets
import zipfile
import zlib
from pathlib import Path

from studio.domain.character import Character
from studio.durable import replace
from studio.errors import StudioError, TooLarge

MOST_BYTES = 256 * 1024 * 1024
MOST_UNPACKED = 512 * 1024 * 1024
MOST_DOCUMENT = 4 * 1024 * 1024
MOST_PICTURE = 64 * 1024 * 1024
MOST_ENTRIES = 2000
_HINT = "Choose a zip that Export made."


def pack(character: Character, files: dict[str, Path], target: Path) -> None:
    """Write the zip to `target`. `files` maps a reference's file name to where it lies; missing ones are left out."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            document = json.dumps(character.as_json(), ensure_ascii=False, indent=2)
            archive.writestr("character.json", document.encode())
            for name, path in files.items():
                if path.is_file():
                    archive.write(path, f"references/{name}", zipfile.ZIP_STORED)
        replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def unpack(source: Path | str | bytes) -> tuple[dict, dict[str, bytes]]:
    """(the document's values, bytes by reference file name). Nothing is written; only verified pictures come out.

    Raises StudioError for what is no such zip, TooLarge beyond the limits above.
    """
    content = _content(source)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES or sum(one.file_size for one in entries) > MOST_UNPACKED:
                raise TooLarge("This zip unpacks to more than a character can hold.", _HINT)
            document = _document_entry(entries)
            values = _json(_read(archive, document, MOST_DOCUMENT))
            base = document.filename[: -len("character.json")]
            return values, _pictures(archive, entries, base, values)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        raise StudioError("This file is not a readable zip.", _HINT) from error


def _content(source: Path | str | bytes) -> bytes:
    if isinstance(source, bytes):
        content = source
    else:
        path = Path(source)
        try:
            if path.stat().st_size > MOST_BYTES:
                raise TooLarge(f"The zip is over {MOST_BYTES // 2**20} MB.", _HINT)
            content = path.read_bytes()
        except OSError as error:
            raise StudioError("The file cannot be read.", "Choose it again.") from error
    if len(content) > MOST_BYTES:
        raise TooLarge(f"The zip is over {MOST_BYTES // 2**20} MB.", _HINT)
    return content


def _document_entry(entries: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    """character.json, also inside a folder: people unpack and zip again."""
    named = [
        one for one in entries if one.filename.rsplit("/", 1)[-1] == "character.json" and one.filename.count("/") <= 1
    ]
    if not named:
        raise StudioError("There is no character.json in this zip.", _HINT)
    return min(named, key=lambda one: one.filename.count("/"))


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """The entry's bytes; the size it claims is not believed."""
    with archive.open(entry) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise TooLarge("This zip holds a file that is too large.", _HINT)
    return content


def _json(content: bytes) -> dict:
    try:
        values = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise StudioError("The character.json in this zip is damaged.", _HINT) from error
    if not isinstance(values, dict) or not values.get("name"):
        raise StudioError("The character.json in this zip describes no character.", _HINT)
    return values


def _pictures(archive, entries, base: str, values: dict) -> dict[str, bytes]:
    from studio.media.embed import open_picture

    references = values.get("references")
    wanted = [one.get("file") for one in references if isinstance(one, dict)] if isinstance(references, list) else []
    by_name = {one.filename: one for one in entries}
    pictures, total = {}, 0
    for name in wanted:
        entry = by_name.get(f"{base}references/{name}") if isinstance(name, str) else None
        if entry is None or name in pictures:
            continue
        content = _read(archive, entry, MOST_PICTURE)
        total += len(content)
        if total > MOST_UNPACKED:
            raise TooLarge("This zip unpacks to more than a character can hold.", _HINT)
        open_picture(content).close()
        pictures[name] = content
    return pictures
