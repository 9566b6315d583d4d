"""Every fault, on every adapter, through the real sender: never two posts, never a lost one, the right words.

What comes of each is written as a table by `python -m tests.contracts.fault_table`, which is docs/reliability.md.
"""

import pytest

from tests.contracts.fault_table import FAULTS, outcome
from tests.networks import CASES
from tests.networks.house import opened

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


@each
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.replace(" ", "-"))
def test_whatever_happens_it_is_out_once_or_somebody_knows_why_not(case, fault, store, paths, monkeypatch):
    """The promise of every cell: one post at most; published means one; what is not out says what to do."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(paths.data / "config"))
    house = opened(store, paths, case)
    found = outcome(house, case.id, fault)
    assert found.posts <= 1, found
    assert (found.state == "published") <= (found.posts == 1), found
    if found.state == "published":
        return
    assert found.state in ("failed_permanent", "failed_retryable", "missed", "unknown"), found
    assert found.words.rstrip().endswith("."), found
    assert (found.state == "unknown") >= found.posts, found
    if found.state == "unknown":
        assert case.start()[0].spec.idempotency == "ask", found
        house.publishing.resolve(found.post_id, house.accounts[case.id].id, there=bool(found.posts))
        house.run(minutes=5)
        assert house.publishing.get(found.post_id).state == "published"
        assert len(house.networks[case.id].published()) == 1
