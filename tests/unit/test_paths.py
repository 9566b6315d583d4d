"""Paths and file names."""

import os

import pytest

from studio.errors import StudioError
from studio.paths import Paths, is_identifier, safe_name

HOSTILE = [
    "../x",
    "..",
    "a/../../x",
    "/etc/passwd",
    "C:\\x",
    "C:x",
    "\\\\server\\share",
    "..\\x",
    "a\0b",
    "",
    " ",
    "a:b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_leaves_the_data_folder(paths, text):
    """Parents, absolute paths, drives, shares and NUL are refused."""
    with pytest.raises(StudioError):
        paths.inside(text)


@pytest.mark.parametrize(
    "text", [*HOSTILE, "CON", "nul", "exports", ".studio", "_no-character", "x" * 65, "<script>", "ü"]
)
def test_an_id_that_could_not_be_a_folder_is_refused(paths, text):
    """Ids become folder names, so they are checked like ones."""
    assert not is_identifier(text)
    with pytest.raises(StudioError):
        paths.character(text)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_link_that_points_out_is_refused(paths, tmp_path):
    """A symbolic link inside the data folder is no way out of it."""
    (tmp_path / "secret").mkdir()
    paths.data.mkdir()
    (paths.data / "door").symlink_to(tmp_path / "secret")
    with pytest.raises(StudioError):
        paths.inside("door/key.txt")


def test_relative_and_inside_are_each_other_s_reverse(paths):
    """Documents keep relative paths with forward slashes; they lead back to the same file."""
    file = paths.month("mira", "2026-11") / "Mïra – Regen.png"
    assert paths.relative(file) == "outputs/mira/2026-11/Mïra – Regen.png"
    assert paths.inside(paths.relative(file)) == file
    with pytest.raises(StudioError):
        paths.relative(paths.data.parent / "elsewhere.png")


def test_months_are_folders_of_a_character_or_of_none(paths):
    """Pictures without a character have a folder too; a month is yyyy-mm and nothing else."""
    assert paths.month(None, "2026-01").parts[-2:] == ("_no-character", "2026-01")
    for wrong in ("2026-13", "../..", "2026", ""):
        with pytest.raises(StudioError):
            paths.month("mira", wrong)


def test_the_data_folder_may_have_spaces_and_letters_of_any_script(tmp_path):
    """Windows people keep their studio in "Eigene Dateien"."""
    paths = Paths(tmp_path / "Meine Dateien – 画像")
    assert paths.inside("outputs/x.png").parent == paths.outputs


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mira in the rain", "Mira in the rain"),
        ("Léa 画像 Ёлка", "Léa 画像 Ёлка"),
        ("../../etc/passwd", "..-..-etc-passwd"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("lpt9 .png", "_lpt9 .png"),
        ("trailing dots...  ", "trailing dots"),
        ("<script>alert('x')</script>", "-script-alert('x')--script-"),
        ('a:b|c?d*e"f', "a-b-c-d-e-f"),
        ("a\0b\nc\td\x7f", "ab c d"),
        ("gpj\u202e.exe", "gpj.exe"),
        ("", "untitled"),
        ("...", "untitled"),
        ("///", "untitled"),
    ],
)
def test_safe_names(text, name):
    """Every text becomes a name that all systems take, and stays readable."""
    assert safe_name(text) == name.lstrip(".")


def test_long_names_fit_every_file_system():
    """80 characters, and no more bytes than file systems take, whole letters only."""
    assert len(safe_name("x" * 300)) == 80
    assert len(safe_name("画" * 300, longest=200).encode()) <= 180
    assert not safe_name("x" * 79 + " . . .").endswith((" ", "."))
