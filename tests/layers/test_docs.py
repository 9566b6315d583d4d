"""Lists in the docs follow the code."""

import re
from pathlib import Path

import pytest

from pipelines.catalog import ENGINES
from studio.platforms import PLATFORMS
from studio.settings import SETTINGS
from studio.writers import WRITERS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("one", [*ENGINES, *WRITERS, *PLATFORMS], ids=lambda one: one.spec.id)
def test_every_engine_writer_and_platform_has_a_heading(one):
    """A newcomer finds each by its id in docs/extending.md."""
    assert re.search(rf"^### {re.escape(one.spec.id)}$", (ROOT / "docs/extending.md").read_text("utf-8"), re.M)


@pytest.mark.parametrize("one", [one for one in SETTINGS if not one.hidden], ids=lambda one: one.name)
def test_every_setting_is_explained_with_its_own_words(one):
    """docs/settings.md has a row for each setting, with the help the System tab shows."""
    row = next(line for line in (ROOT / "docs/settings.md").read_text("utf-8").splitlines() if f"`{one.name}`" in line)
    assert one.help in row


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name
)
def test_links_lead_somewhere(page):
    """Every relative link and picture of a page exists in the repository."""
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text("utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing
