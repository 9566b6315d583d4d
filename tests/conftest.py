"""Fixtures every level shares."""

import os

import pytest

from studio.paths import Paths

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"  # no test reaches for the developer's own


@pytest.fixture
def paths(tmp_path):
    """The paths of an empty data folder of the test's own."""
    return Paths(tmp_path / "data")


@pytest.fixture
def store(paths):
    """An open store on the empty data folder."""
    from studio.store import Store

    with Store.open(paths) as opened:
        yield opened
