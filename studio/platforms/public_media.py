"""Media that a network fetches itself, at an address of the person's own.

The person names a folder on this machine and the address under which the world sees it (a tunnel, a synced web space).
A file lies there under a name nobody can guess, is looked at from outside before the network is told, and is taken away
when the network has it; what was forgotten goes after two days.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from studio.errors import StudioError
from studio.platforms.errors import PlatformError, Transient
from studio.platforms.spec import Field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from studio.platforms.wire import Wire

FOLDER = Field(
    "folder",
    "Public folder",
    required=False,
    help="A folder on this machine that your web server, tunnel or sync shows to the world. Needed for pictures.",
)
ADDRESS = Field("address", "Its address", required=False, placeholder="https://media.example.org/studio")
_LEAD, _LASTS_S = "studio-", 2 * 86400


class PublicMedia:
    """One account's folder and its address; `wire` asks from outside."""

    def __init__(self, public: dict[str, str], wire: Wire):
        self.folder, self.address, self._wire = public.get("folder", ""), public.get("address", ""), wire

    def check(self) -> None:
        """A file laid into the folder answers at its address. StudioError when it does not; fine without a folder."""
        if not self.folder:
            return
        self.clean()
        name = self._lay(b"The studio looks whether this folder is public.\n", ".txt")
        try:
            self._answers(name)
        finally:
            self.take([name])

    def place(self, source: Path, ending: str) -> str:
        """Lay a file out; its name. It answers at `url(name)` when this returns."""
        if not self.folder:
            what = f"{self._wire.name} fetches pictures itself, and this account has no public folder."
            raise StudioError(what, "Connect it again with a folder and its address.", field="targets")
        self.clean()
        name = self._lay(source.read_bytes(), ending)
        try:
            self._answers(name)
        except PlatformError:
            self.take([name])
            raise
        return name

    def is_there(self, name: str) -> bool:
        return bool(self.folder) and (Path(self.folder) / name).is_file()

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"

    def take(self, names: Iterable[str]) -> None:
        """Take files away again; names that are not the studio's are left alone."""
        for name in names:
            if name.startswith(_LEAD) and Path(name).name == name:
                (Path(self.folder) / name).unlink(missing_ok=True)

    def clean(self) -> None:
        """Take away what the studio forgot there."""
        for path in Path(self.folder).glob(f"{_LEAD}*"):
            try:
                if time.time() - path.stat().st_mtime > _LASTS_S:
                    path.unlink(missing_ok=True)
            except OSError:
                continue

    def _lay(self, content: bytes, ending: str) -> str:
        name = f"{_LEAD}{secrets.token_urlsafe(24)}{ending}"
        path = Path(self.folder) / name
        try:
            path.with_suffix(".part").write_bytes(content)
            os.replace(path.with_suffix(".part"), path)
        except OSError:
            hint = "Look whether it is there and may be written to."
            raise StudioError("The public folder cannot be written to.", hint, field="targets") from None
        return name

    def _answers(self, name: str) -> None:
        there = hashlib.sha256((Path(self.folder) / name).read_bytes()).digest()
        hint = "Start your web server or tunnel, and look whether the address shows the folder."
        try:
            answer = self._wire.send("GET", self.url(name))
        except PlatformError:
            raise Transient("The public folder does not answer at its address.", hint) from None
        if hashlib.sha256(answer.content).digest() != there:
            raise Transient("The public folder's address shows something else.", hint)


def named(values: dict[str, str]) -> dict[str, str]:
    """Folder and address out of a connect form, checked as far as that goes without a network; both or neither."""
    folder, address = str(values.get("folder") or "").strip(), str(values.get("address") or "").strip().rstrip("/")
    if not folder and not address:
        return {}
    if not folder or not address:
        raise StudioError("A public folder needs both: the folder and its address.", "Fill in both.", field="folder")
    if not Path(folder).expanduser().is_dir():
        raise StudioError("There is no such folder.", "Name one that exists on this machine.", field="folder")
    parts = urlsplit(address)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        hint = "It begins with https:// and is the address of the folder itself."
        raise StudioError("This is not the address of a public folder.", hint, field="address")
    return {"folder": str(Path(folder).expanduser().resolve()), "address": address}
