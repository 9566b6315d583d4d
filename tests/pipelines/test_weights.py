"""Model folders are judged by headers; whatever lies there, the answer is a sentence."""

from pipelines import weights


def test_something_else_in_a_file_s_place_is_named(tmp_path):
    """A folder where weights should be, as a failed unpacking leaves it, is damage and no crash."""
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).mkdir()
        assert name in weights.damage(tmp_path, [name])
