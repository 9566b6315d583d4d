"""The fault matrix: what becomes of one post under each fault, on each adapter's pretended network.

`python -m tests.contracts.fault_table` runs every cell through the real sender with a clock that is told to go on, and
writes the table into docs/reliability.md between its marks.
"""

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from studio.domain.post import Post
from studio.services.zones import at
from tests.networks.house import House, opened

DOC = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"

FAULTS: dict[str, str] = {
    "refused": "The network cannot be reached",
    "timeout before": "No answer; it did not get there",
    "timeout after": "No answer; it got there",
    "dropped after": "It got there, then the connection broke",
    "429": "Too many requests, no time said",
    "429 for a while": "Too many requests, wait 90 s",
    "500 before": "Server error; it did not get there",
    "503 before": "Server busy; it did not get there",
    "500 after": "Server error; it got there",
    "unreadable after": "It got there, the answer is garbage",
    "forbidden": "The network refuses the post",
    "expired": "The access token ran out",
    "revoked": "The account was locked out",
    "down all day": "The network is down for 30 hours",
    "asleep": "The machine slept for a day",
    "clock on": "The clock jumps a day ahead while an answer is awaited",
    "clock back": "The clock jumps a day back while an answer is awaited",
    "killed": "The process dies after the request, before the answer",
    "killed early": "The process dies while pictures are uploaded",
}


class Died(BaseException):
    """The process is gone at this point."""


@dataclass(frozen=True)
class Outcome:
    """How it ended: the target's state, how many posts are at the network, and the words a person reads."""

    state: str
    posts: int
    words: str
    post_id: str


def outcome(house: House, case: str, fault: str) -> Outcome:
    """One post to one network, scheduled in two hours, with the fault at the request that publishes; then two days."""
    line, clock = house.lines[case], house.clock
    post = house.post(case)
    house.publishing.schedule(post.id, at_seconds(clock() + 7200))
    if fault in ("down all day",):
        house.run(hours=1.9, step_s=60)
        line.break_with("refused", 100_000, hits=lambda request: True)
        house.run(hours=30, step_s=120)
        line.times = 0
    elif fault == "asleep":
        clock.go(86400)
    elif fault in ("clock on", "clock back"):
        line.break_with("timeout after")
        line.before = lambda request: (
            house.networks[case].publishes(request) and clock.go(86400 if fault == "clock on" else -86400)
        )
        house.run(hours=2.1, step_s=60)
        line.before = lambda request: None
    elif fault in ("killed", "killed early"):
        kill(house, case, fault)
    else:
        line.break_with(fault)
    house.run(hours=6, step_s=120)
    house.run(hours=42, step_s=900)
    return told(house, house.publishing.get(post.id), case)


def kill(house: House, case: str, fault: str) -> None:
    """The process dies at the request; another one starts ten minutes later."""
    network, line = house.networks[case], house.lines[case]
    real, count = network.answer, [0]

    def dies(request):
        publishes = network.publishes(request)
        if fault == "killed" and publishes:
            real(request)
            raise Died
        if fault == "killed early" and request.method == "POST" and house.clock() > start + 7000:
            count[0] += 1
            raise Died
        return real(request)

    start = house.clock()
    house.run(hours=1.9, step_s=60)
    line.network = type("Dying", (), {"answer": staticmethod(dies), "publishes": network.publishes})()
    try:
        house.run(minutes=20, step_s=60)
    except Died:
        pass
    line.network = network
    from studio.services import sending

    process, sending.PROCESS = sending.PROCESS, "another-process"
    try:
        house.clock.go(600)
        house.again()
    finally:
        sending.PROCESS = process
    house.publishing.sender.owner = f"{process}/after"


def told(house: House, post: Post, case: str) -> Outcome:
    target = post.target(house.accounts[case].id)
    words = dict(house.publishing.why(post)).get(target.account_id, "")
    return Outcome(target.state, len(house.networks[case].published()), words, post.id)


def at_seconds(moment: float):
    from datetime import datetime, timezone

    return at(datetime.fromtimestamp(moment, timezone.utc), "UTC")


WORDS = {
    ("published", 1): "out, once",
    ("unknown", 1): "asks the person; never repeated",
    ("unknown", 0): "asks the person; never repeated",
    ("failed_permanent", 0): "stopped, with the reason",
    ("failed_retryable", 0): "waits for its account",
    ("missed", 0): "missed; a person sends it",
}


def table() -> str:
    """The matrix as Markdown, every cell run."""
    from studio.paths import Paths
    from studio.store import Store
    from tests.networks import CASES

    lines = [f"| fault | {' | '.join(case.id for case in CASES)} |", f"|---|{'---|' * len(CASES)}"]
    for fault, words in FAULTS.items():
        cells = []
        for case in CASES:
            with tempfile.TemporaryDirectory() as folder:
                os.environ["XDG_CONFIG_HOME"] = str(Path(folder) / "config")
                paths = Paths(Path(folder) / "data")
                with Store.open(paths) as store:
                    found = outcome(opened(store, paths, case), case.id, fault)
            cells.append(WORDS.get((found.state, found.posts), f"**{found.state}, {found.posts} posts**"))
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    text = DOC.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    DOC.write_text(f"{head}{BEGIN}\n{table()}\n{END}{tail}", encoding="utf-8")
    print(f"{DOC.name} is written.")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    sys.exit(main())
