"""Fixtures every level shares."""

import pytest

from studio.paths import Paths


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
