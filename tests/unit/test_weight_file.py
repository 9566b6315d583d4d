"""Safetensors headers are read with distrust: whatever lies about itself is refused with the reason."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.weight_file import BadWeights, read_header
from tests.weights import safetensors

ROOT = Path(__file__).resolve().parents[2]


def raw(path, header, body=b"", length=None):
    """A file with exactly this header text and body."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + body)
    return path


def entry(start, end, shape=None, dtype="U8"):
    return {"dtype": dtype, "shape": [end - start] if shape is None else shape, "data_offsets": [start, end]}


def test_an_honest_header_is_read(tmp_path):
    """Names, shapes, metadata, size and the number of parameters come from the header alone."""
    path = safetensors(tmp_path / "a.safetensors", {"a": (2, 3), "b": (5,)}, {"modelspec.title": "Ü 美"})
    header = read_header(path)
    assert header.shape("a") == (2, 3)
    assert header.shape("nothing") == ()
    assert header.parameters == 11
    assert header.metadata == {"modelspec.title": "Ü 美"}
    assert header.size == path.stat().st_size


LIES = {
    "too short": (b"", b"", 0),
    "header longer than the file": ({"a": entry(0, 4)}, b"1234", 10**9),
    "header of many gigabytes": ({"a": entry(0, 4)}, b"1234", 2**63),
    "not json": (b"{not json", b"", None),
    "a list": ([1, 2], b"", None),
    "deeply nested": (b"[" * 200_000, b"", None),
    "no tensors": ({"__metadata__": {"a": "b"}}, b"", None),
    "cut short": ({"a": entry(0, 8)}, b"1234", None),
    "bytes added": ({"a": entry(0, 4)}, b"12345678", None),
    "overlap": ({"a": entry(0, 6), "b": entry(4, 8)}, b"12345678", None),
    "gap": ({"a": entry(0, 2), "b": entry(4, 8)}, b"12345678", None),
    "does not begin at nought": ({"a": entry(2, 4)}, b"1234", None),
    "shape larger than its bytes": ({"a": entry(0, 4, [1000])}, b"1234", None),
    "shape smaller than its bytes": ({"a": entry(0, 4, [1])}, b"1234", None),
    "offsets turned round": ({"a": entry(4, 0, [4])}, b"1234", None),
    "negative": ({"a": {"dtype": "U8", "shape": [-4], "data_offsets": [0, 4]}}, b"1234", None),
    "numbers as text": ({"a": {"dtype": "U8", "shape": ["4"], "data_offsets": [0, 4]}}, b"1234", None),
    "true as a number": ({"a": {"dtype": "U8", "shape": [True], "data_offsets": [0, 1]}}, b"1", None),
    "unknown number format": ({"a": entry(0, 4, [4], "QQ")}, b"1234", None),
    "no offsets": ({"a": {"dtype": "U8", "shape": [4]}}, b"1234", None),
    "the same name twice": (
        b'{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
        b"1234",
        None,
    ),
    "metadata that is no text": ({"__metadata__": {"a": {"b": 1}}, "a": entry(0, 4)}, b"1234", None),
    "overflowing shape": ({"a": entry(0, 4, [2**61, 2**61])}, b"1234", None),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_is_refused_with_the_reason(tmp_path, lie):
    """Sizes, offsets, overlaps, gaps and nonsense end in one sentence and a hint, never in a crash."""
    header, body, length = LIES[lie]
    with pytest.raises(BadWeights) as refused:
        read_header(raw(tmp_path / "evil.safetensors", header, body, length))
    assert refused.value.code == "damaged_file"
    assert "evil.safetensors" in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize("name", ["model.ckpt", "model.PT", "model.bin", "model.pth"])
def test_pickles_are_refused_by_name(tmp_path, name):
    """A pickle is not even opened."""
    with pytest.raises(BadWeights, match="pickle") as refused:
        read_header(tmp_path / name)
    assert refused.value.code == "unsafe_file"


def test_a_renamed_pickle_is_recognised(tmp_path):
    """Pickles and torch's zips are refused under a safetensors name too, and nothing in them runs."""

    class Evil:
        def __reduce__(self):
            return (Path(tmp_path / "ran").touch, ())

    renamed = tmp_path / "model.safetensors"
    for content in (pickle.dumps(Evil()), b"PK\x03\x04" + b"0" * 100):
        renamed.write_bytes(content)
        with pytest.raises(BadWeights, match="pickle"):
            read_header(renamed)
    assert not (tmp_path / "ran").exists()


def test_every_truncation_is_refused(tmp_path):
    """A file cut at any byte is never taken for a whole one."""
    whole = safetensors(tmp_path / "a.safetensors", {"a": (4, 4), "b": (3,)}).read_bytes()
    cut = tmp_path / "cut.safetensors"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        with pytest.raises(BadWeights):
            read_header(cut)


def test_reading_headers_loads_no_torch():
    """Looking at a model costs no heavy library."""
    code = "import sys, pipelines.recognise; print([name for name in ('torch', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
