"""Secrets go to the keyring or to an encrypted file, and come back; nothing of them lies open."""

import os
import stat

import pytest

from studio.errors import StudioError
from studio.keychain import Keychain
from studio.paths import Paths

TOKEN = "hf_verySecretValue123"


class Ring:
    """A system keyring; `broken` makes every call raise."""

    priority = 5

    def __init__(self):
        self.kept, self.broken = {}, False

    def _ask(self):
        if self.broken:
            raise RuntimeError("locked")

    def get_password(self, service, name):
        self._ask()
        return self.kept.get((service, name))

    def set_password(self, service, name, secret):
        self._ask()
        self.kept[service, name] = secret

    def delete_password(self, service, name):
        self._ask()
        del self.kept[service, name]


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("APPDATA", str(tmp_path / "config"))
    return Paths(tmp_path / "data")


@pytest.fixture
def ring(monkeypatch):
    import keyring

    found = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: found)
    return found


@pytest.fixture
def no_ring(monkeypatch):
    import keyring
    from keyring.backends import fail

    monkeypatch.setattr(keyring, "get_keyring", lambda: fail.Keyring())


def test_with_a_keyring_nothing_is_on_the_disk(paths, ring):
    """The system's keyring holds it, the data folder does not."""
    keys = Keychain(paths)
    keys.set("huggingface", f"  {TOKEN}\n")
    assert keys.get("huggingface") == TOKEN
    assert not (paths.house / "secrets.bin").exists()
    assert "keyring" in keys.place
    keys.remove("huggingface")
    keys.remove("huggingface")
    assert keys.get("huggingface") == ""


def test_without_a_keyring_the_file_is_sealed(paths, no_ring):
    """The file tells nothing without the key, which lies in another folder; both are this person's alone."""
    keys = Keychain(paths)
    keys.set("huggingface", TOKEN)
    keys.set("other", "x" * 30)
    sealed = paths.house / "secrets.bin"
    assert TOKEN.encode() not in sealed.read_bytes()
    assert paths.data not in paths.key_file.parents
    if os.name != "nt":
        for file in (sealed, paths.key_file):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    again = Keychain(paths)
    assert (again.get("huggingface"), again.get("other")) == (TOKEN, "x" * 30)
    again.remove("other")
    assert (Keychain(paths).get("huggingface"), Keychain(paths).get("other")) == (TOKEN, "")


def test_a_data_folder_on_another_machine_asks_again(paths, no_ring):
    """Without the key, or with a damaged file, there is no secret and no crash; a new one can be set."""
    Keychain(paths).set("huggingface", TOKEN)
    paths.key_file.unlink()
    assert Keychain(paths).get("huggingface") == ""
    Keychain(paths).set("huggingface", TOKEN)
    (paths.house / "secrets.bin").write_bytes(b"gAAAAAB nonsense")
    assert Keychain(paths).get("huggingface") == ""


def test_a_locked_keyring_falls_back_to_the_file(paths, ring):
    """A keyring that raises costs no token."""
    ring.broken = True
    keys = Keychain(paths)
    keys.set("huggingface", TOKEN)
    assert keys.get("huggingface") == TOKEN
    keys.remove("huggingface")
    assert keys.get("huggingface") == ""


@pytest.mark.parametrize("secret", ["", "   ", "a\nb", "x" * 5000])
def test_what_is_no_token_is_refused(paths, no_ring, secret):
    """Empty, broken over lines or endless: nothing is kept."""
    with pytest.raises(StudioError, match="not a token"):
        Keychain(paths).set("huggingface", secret)


def test_a_place_that_cannot_be_written_is_told(paths, no_ring):
    """When the token cannot be kept, the person learns where to look."""
    paths.key_file.parent.parent.mkdir(parents=True, exist_ok=True)
    paths.key_file.parent.write_text("a file where the folder should be")
    with pytest.raises(StudioError, match="could not be kept"):
        Keychain(paths).set("huggingface", TOKEN)
