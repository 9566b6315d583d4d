"""Pretended networks for tests: one file each, listed in CASES. What is listed runs through every promise of
`tests/contracts/test_platforms.py` and every fault of `tests/contracts/test_faults.py`."""

from tests.networks.base import Case, Clock, Faulty, Memory, Network
from tests.networks.example import Example, ExampleNetwork

__all__ = ["CASES", "Case", "Clock", "Faulty", "Memory", "Network"]

CASES: tuple[Case, ...] = (
    *(Case(f"example-{how}", lambda how=how: ExampleNetwork(how), lambda how=how, **on: Example(how, **on))
      for how in ("key", "handle", "read_back", "ask")),
)  # fmt: skip
