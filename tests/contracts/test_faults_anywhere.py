"""Every fault at every request of a post's way out, not only at the one that publishes: never two, never lost."""

from dataclasses import replace

import pytest

from studio.platforms import Receipt
from studio.platforms.errors import AuthExpired, AuthRevoked, Rejected, Transient, Unknown
from tests.contracts.test_platforms import connected, fit, what_it_takes
from tests.networks import CASES, Memory

FAULTS = ("refused", "timeout before", "timeout after", "dropped after", "429", "503 before", "500 after",
          "unreadable after", "expired")  # fmt: skip


def way_out(platform, draft, account, secret, journal, clock):
    """What a sender does, as short as it can be: the receipt, or None when only a person can tell."""
    step = platform.submit
    for _ in range(40):
        try:
            found = step(draft, account, secret, journal)
            if isinstance(found, Receipt):
                return found
            clock.go(found.seconds)
        except AuthExpired:
            if not platform.spec.connect.renews:
                return None
            try:
                platform.refresh(account, secret)
            except AuthRevoked:
                return None  # some renew only what still lives
        except Unknown:
            verdict = platform.reconcile(draft, account, secret, journal, clock.iso)
            if verdict.outcome == "posted":
                return verdict.receipt
            if verdict.outcome == "unsure":
                return None
        except Transient as error:
            clock.go(error.wait or 30)
        except Rejected:
            return None
        step = platform.poll if journal.remote_id else platform.submit
    raise AssertionError("It never ended.")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_fault_at_any_request_leaves_one_post(case, tmp_path):
    """The n-th request meets each fault, then a clean line: one whole post, or a question to a person."""
    platform, network, line, clock = case.start()
    account, secret = connected(platform, network)
    line.seen.clear()
    draft = what_it_takes(platform, tmp_path, min(2, platform.spec.most_assets), account=account)
    made = {
        id(piece): fit(piece, platform.spec.kinds[0].image) for piece in draft.pieces if piece.asset.kind == "image"
    }
    draft = replace(draft, fit=lambda piece, rule: made[id(piece)])
    clean = way_out(platform, draft, account, secret, Memory(), clock)
    requests = len(line.seen)
    assert clean
    assert requests >= 1
    for number in range(requests):
        for fault in FAULTS:
            platform, network, line, clock = case.start()
            account, secret = connected(platform, network)
            draft, seen = replace(draft, account=account), []
            hit = lambda request, seen=seen, number=number: seen.append(request) or len(seen) == number + 1
            line.break_with(fault, hits=hit)
            receipt = way_out(platform, draft, account, secret, Memory(), clock)
            where = (case.id, fault, number, [one.url.path for one in line.seen])
            assert len(network.published()) <= 1, where
            if receipt is None:
                asks = platform.spec.idempotency == "ask" or fault == "expired"
                assert asks, where
                continue
            assert len(network.published()) == 1, where
            assert dict(receipt.facts).keys() == dict(clean.facts).keys(), where
