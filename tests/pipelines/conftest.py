"""Tiny models are made once per session."""

import pytest


@pytest.fixture(scope="session")
def tiny_home(tmp_path_factory):
    """The folder that tests.tiny_models saves into."""
    return tmp_path_factory.mktemp("tiny models é")
