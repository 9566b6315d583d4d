"""Where everything lies. Every path is made here, and none leaves the data folder. Knows nothing of file contents."""

import os
import re
import unicodedata
from pathlib import Path, PureWindowsPath

from studio.errors import BadRequest, StudioError

NO_CHARACTER = "_no-character"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"
}
_MOST_BYTES = 180  # of one file name: file systems take 255, the rest is for numbers, endings and temporary names


def safe_name(text: str, fallback: str = "untitled", longest: int = 80) -> str:
    """`text` as a file name that Windows, macOS and Linux all take, at most `longest` characters.

    Letters of every script stay. Control and direction characters vanish, separators and `<>:"|?*` become `-`,
    device names such as CON get a leading `_`, dots and spaces at the ends go. Nothing left gives `fallback`.
    """
    text = unicodedata.normalize("NFC", str(text))
    text = " ".join(text.split())
    text = "".join(one for one in text if unicodedata.category(one)[0] != "C")
    name = " ".join(_FORBIDDEN.sub("-", text).split()).strip(" .")
    if not name.strip("-_ ."):
        return fallback
    if name.partition(".")[0].rstrip().lower() in _RESERVED:
        name = f"_{name}"
    name = name[: max(longest, 1)]
    while len(name.encode()) > _MOST_BYTES:
        name = name[:-1]
    return name.rstrip(" .") or fallback


class Paths:
    """The folders of one studio. `data` holds characters and outputs, `code` is the repository."""

    def __init__(self, data: Path, code: Path | None = None):
        self.data = Path(data).expanduser().resolve()
        self.code = Path(code).resolve() if code else Path(__file__).resolve().parent.parent
        self.characters = self.data / "characters"
        self.outputs = self.data / "outputs"
        self.wildcards = self.data / "wildcards"
        self.house = self.outputs / ".studio"
        self.log_file = self.house / "studio.log"
        self.settings_file = self.house / "settings.json"
        self.lock_file = self.house / "studio.lock"
        self.key_file = _configuration() / "key"

    def character(self, character_id: str) -> Path:
        """The character's own folder. StudioError when the id could not be a folder's name."""
        return self.characters / _identifier(character_id)

    def references(self, character_id: str) -> Path:
        return self.character(character_id) / "references"

    def looks(self, character_id: str) -> Path:
        """Where what was trained for a character lies."""
        return self.character(character_id) / "looks"

    def month(self, character_id: str | None, month: str) -> Path:
        """Where the media of one character and month lie; `month` is `yyyy-mm`."""
        if not _MONTH.fullmatch(str(month)):
            raise BadRequest(f"“{str(month)[:40]}” is not a month.", "Months are written like 2026-11.")
        return self.outputs / (_identifier(character_id) if character_id else NO_CHARACTER) / month

    def models(self, chosen: str = "") -> Path:
        """Where models are kept: the folder the person chose, else `models/` beside characters and outputs."""
        return Path(os.path.realpath(Path(chosen).expanduser())) if chosen.strip() else self.data / "models"

    def exports(self) -> Path:
        return self.outputs / "exports"

    def inside(self, relative: str) -> Path:
        """The absolute path of something in the data folder.

        StudioError for anything that would leave it: `..`, absolute paths, drives, links that point out.
        """
        text = str(relative)
        pure = PureWindowsPath(text)  # knows both kinds of slash, drives and \\servers
        if not text.strip() or "\0" in text or pure.drive or pure.root or ".." in pure.parts or ":" in text:
            raise BadRequest("This path is not inside the data folder.", "Use a path relative to the data folder.")
        path = self.data.joinpath(*pure.parts)
        if not _within(Path(os.path.realpath(path)), self.data):
            raise BadRequest("This path leads out of the data folder.", "Remove the link, or move the file inside.")
        return path

    def relative(self, path: Path) -> str:
        """`path` as documents keep it: relative to the data folder, with forward slashes."""
        path = Path(path)
        absolute = path if path.is_absolute() else self.data / path
        for candidate in (Path(os.path.normpath(absolute)), Path(os.path.realpath(absolute))):
            if _within(candidate, self.data):
                return candidate.relative_to(self.data).as_posix()
        raise StudioError("This file is not inside the data folder.", f"The data folder is {self.data}.")


def _configuration() -> Path:
    """The person's own configuration folder for this program, apart from any data folder."""
    if os.name == "nt":
        home = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
    else:
        home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "character-studio"


def is_identifier(text: object) -> bool:
    """Whether this can be an id: letters, digits, `-` and `_`, no device name, no folder the studio uses itself."""
    return (
        isinstance(text, str)
        and bool(_ID.fullmatch(text))
        and text.lower() not in _RESERVED
        and text.lower() != "exports"
    )


def _identifier(text: str) -> str:
    if not is_identifier(text):
        raise BadRequest(f"“{str(text)[:40]}” is not a valid id.", "Ids are letters, digits, - and _.")
    return text


def _within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents
