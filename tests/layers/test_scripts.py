"""The page's scripts share one object: no two of them give the same name to different things."""

import re
from collections import defaultdict
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "studio" / "ui" / "static"


def test_no_script_takes_another_s_name():
    """What one file assigns to `studio.<name>` no other file assigns."""
    owners = defaultdict(set)
    for path in sorted(STATIC.glob("*.js")):
        for name in re.findall(r"(?<![\w.])(?:window\.)?studio\.(\w+) = ", path.read_text(encoding="utf-8")):
            owners[name].add(path.name)
    assert len(owners) > 20
    assert {name: files for name, files in owners.items() if len(files) > 1} == {}
