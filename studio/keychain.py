"""Secrets of the person's: tokens and keys. In the system's keyring, or in an encrypted file where there is none.

They are never in a document, a log or an export. The file's key lies in the person's own configuration folder, apart
from the data folder: a copied or shared data folder gives nothing away. Whoever can read both reads the secrets.
"""

import json
import logging
import os
import threading
from pathlib import Path

from studio.durable import write_whole
from studio.errors import StudioError
from studio.paths import Paths

SERVICE = "character-studio"
LONGEST = 4000
log = logging.getLogger("studio")


class Keychain:
    """The secrets of one data folder by name. Safe from several threads; what is set is kept when the call returns."""

    def __init__(self, paths: Paths):
        self._file, self._key_file = paths.house / "secrets.bin", paths.key_file
        self._lock = threading.RLock()
        self._ring = None
        self._looked = False

    @property
    def place(self) -> str:
        """Where secrets go on this machine, in words."""
        with self._lock:
            return "the system's keyring" if self._system() else "an encrypted file in the data folder"

    def get(self, name: str) -> str:
        """The secret, "" when there is none or it cannot be read any more."""
        with self._lock:
            if ring := self._system():
                try:
                    if found := ring.get_password(SERVICE, name):
                        return found
                except Exception as error:  # a locked or broken keyring raises what it likes
                    log.warning("The system's keyring could not be read: %s", type(error).__name__)
            return self._read().get(name, "")

    def set(self, name: str, secret: str) -> None:
        """Keep a secret under this name. StudioError when it is empty, too long, or cannot be kept."""
        secret = secret.strip()
        if not secret or len(secret) > LONGEST or not secret.isprintable():
            raise StudioError("This is not a token.", "Paste it whole, without line breaks.", field="token")
        with self._lock:
            if ring := self._system():
                try:
                    ring.set_password(SERVICE, name, secret)
                    self._drop(name)
                    return
                except Exception as error:
                    log.warning("The system's keyring refused a secret: %s", type(error).__name__)
            self._write({**self._read(), name: secret})

    def remove(self, name: str) -> None:
        """Forget a secret, wherever it is. Harmless when there is none."""
        with self._lock:
            if ring := self._system():
                try:
                    ring.delete_password(SERVICE, name)
                except Exception:
                    log.debug("The keyring held no %s.", name)
            self._drop(name)

    # ------------------------------------------------------------------ inside
    def _system(self):
        """The system's keyring, None when this machine has none."""
        if not self._looked:
            self._looked = True
            try:
                import keyring

                found = keyring.get_keyring()
                self._ring = found if found.priority > 0 else None
            except Exception as error:
                log.info("There is no keyring on this machine (%s): secrets go to a file.", type(error).__name__)
        return self._ring

    def _drop(self, name: str) -> None:
        kept = self._read()
        if kept.pop(name, None) is not None:
            self._write(kept)

    def _read(self) -> dict[str, str]:
        if not self._file.exists():
            return {}
        from cryptography.fernet import Fernet, InvalidToken

        try:
            kept = json.loads(Fernet(self._key_file.read_bytes().strip()).decrypt(self._file.read_bytes()))
            return {str(name): str(secret) for name, secret in kept.items()}
        except (OSError, ValueError, InvalidToken, AttributeError):
            log.warning("The secrets of this data folder cannot be read on this machine; enter them again.")
            return {}

    def _write(self, secrets: dict[str, str]) -> None:
        from cryptography.fernet import Fernet

        try:
            sealed = Fernet(self._key()).encrypt(json.dumps(secrets).encode())
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, sealed, before=_only_mine)
        except (OSError, ValueError) as error:
            raise StudioError(
                "The token could not be kept.", f"Check that {self._file.parent} and {self._key_file.parent} can be "
                "written to.", field="token"
            ) from error  # fmt: skip

    def _key(self) -> bytes:
        """The file's key, made on first use and readable by this person only."""
        from cryptography.fernet import Fernet

        if not self._key_file.exists():
            self._key_file.parent.mkdir(parents=True, exist_ok=True)
            made = Fernet.generate_key()
            try:
                handle = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                return self._key_file.read_bytes().strip()  # another studio was quicker
            with os.fdopen(handle, "wb") as file:
                file.write(made)
                file.flush()
                os.fsync(file.fileno())
        return self._key_file.read_bytes().strip()


def _only_mine(path: Path) -> None:
    """Nobody else on this machine may read the file that is about to be replaced or made."""
    for one in (path, *path.parent.glob(f".{path.name}.*")):
        if one.exists():
            os.chmod(one, 0o600)
