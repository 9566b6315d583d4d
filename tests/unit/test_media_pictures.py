"""Opening pictures from anywhere, and small pictures for lists."""

import io
import os
import struct
import threading
import zlib

import pytest
from PIL import Image

from studio.errors import NotFound, StudioError, TooLarge
from studio.media.embed import open_picture
from studio.media.thumbnails import encoded, thumbnail


def saved(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient(size=(64, 48), mode="RGB"):
    return Image.linear_gradient("L").resize(size).convert(mode)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_usual_formats_open(kind):
    """A usual picture comes back as RGB of its size, with nothing left open."""
    image = open_picture(saved(gradient(), kind))
    assert (image.mode, image.size, image.format) == ("RGB", (64, 48), kind)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_unusual_modes_become_rgb_or_rgba(mode):
    """Grey, palette, CMYK and 16-bit pictures look the same in RGB; alpha stays alpha."""
    kind = "TIFF" if mode == "CMYK" else "PNG"
    source = gradient(mode="L").convert("I;16").point(lambda v: v * 257) if mode == "I;16" else gradient(mode=mode)
    image = open_picture(saved(source, kind))
    assert image.mode == ("RGBA" if mode in ("LA", "RGBA") else "RGB")
    assert image.convert("L").getextrema()[1] > 200


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"just a text file renamed to .png " * 50, "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
        (b"%PDF-1.7\n", "not a picture"),
        (b"\x89PNG\r\n\x1a\n", "damaged|not a picture"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 30, "damaged|not a picture"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "damaged|not a picture"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(tmp_path, content, words):
    """Renamed texts, vector files and fragments never get in, and the name of the file is in the message."""
    path = tmp_path / "holiday.png"
    path.write_bytes(content)
    with pytest.raises(StudioError, match=words) as caught:
        open_picture(path)
    assert caught.value.message.startswith("holiday.png")
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_cut_off_picture_is_refused(kind, part):
    """Half a download is not a picture."""
    noise = Image.effect_noise((128, 128), 60).convert("RGB")
    content = saved(noise, kind)
    with pytest.raises(StudioError):
        open_picture(content[: int(len(content) * part)])


def test_a_small_file_that_unpacks_to_gigapixels_is_refused_before_decoding():
    """The header's size is checked first; nothing is allocated."""
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    for side in (5_000, 60_000):
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9999)))
        with pytest.raises(TooLarge):
            open_picture(bomb + chunk(b"IEND", b""))
    with pytest.raises(TooLarge, match="64 × 48"):
        open_picture(saved(gradient(), "PNG"), most_pixels=64 * 48 - 1)


def test_a_text_chunk_bomb_is_refused():
    """A compressed text of a hundred megabytes in a kilobyte does not fill the memory."""
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    content = saved(gradient(), "PNG")
    bomb = chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a" * 100_000_000, 9))
    with pytest.raises(StudioError):
        open_picture(content[:33] + bomb + content[33:])


def test_a_photograph_lying_on_its_side_is_turned_upright():
    """The EXIF orientation is applied to the pixels and then gone."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = open_picture(saved(gradient((64, 48)), "JPEG", exif=exif.tobytes()))
    assert image.size == (48, 64)
    assert image.getexif().get(0x0112) is None


def test_an_animation_gives_its_first_frame():
    """GIF and WebP animations become one picture."""
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP"):
        image = open_picture(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
        red, _, blue = image.convert("RGB").getpixel((5, 5))
        assert red > 200 > 60 > blue


def test_texts_and_profile_stay_with_the_picture():
    """Opening strips nothing: colour profile and texts are in `.info`."""
    image = open_picture(saved(gradient(), "PNG", icc_profile=b"profile"))
    assert image.info["icc_profile"] == b"profile"


def test_missing_files_and_folders_are_named(tmp_path):
    """A vanished file is not found; a folder is no file."""
    with pytest.raises(NotFound, match="gone.png"):
        open_picture(tmp_path / "gone.png")
    with pytest.raises(StudioError, match="cannot be read"):
        open_picture(tmp_path)


@pytest.mark.parametrize("suffix", ["webp", "jpg"])
def test_a_thumbnail_fits_and_is_made_once(tmp_path, suffix):
    """The longer side is the limit, the shape stays, and a second call does not write."""
    (tmp_path / "a.png").write_bytes(saved(gradient((800, 400)), "PNG"))
    small = thumbnail(tmp_path / "a.png", tmp_path / "t" / f"a.{suffix}", 100)
    assert Image.open(small).size == (100, 50)
    before = small.stat().st_mtime_ns
    assert thumbnail(tmp_path / "a.png", small, 100).stat().st_mtime_ns == before
    os.utime(tmp_path / "a.png", ns=(before + 10**9, before + 10**9))
    assert thumbnail(tmp_path / "a.png", small, 100).stat().st_mtime_ns != before


def test_a_small_picture_is_not_enlarged_and_carries_nothing(tmp_path):
    """A thumbnail of a small picture has its size, and no recipe or EXIF."""
    exif = Image.Exif()
    exif[0x010F] = "secret camera"
    (tmp_path / "a.jpg").write_bytes(saved(gradient((30, 20)), "JPEG", exif=exif.tobytes()))
    small = thumbnail(tmp_path / "a.jpg", tmp_path / "a.thumb.jpg")
    assert Image.open(small).size == (30, 20)
    assert b"secret" not in small.read_bytes()
    image = open_picture(tmp_path / "a.jpg")
    assert b"secret" not in encoded(image)
    assert "exif" in image.info


def test_many_callers_make_one_whole_thumbnail(tmp_path):
    """Eight threads asking at once all get a complete picture and leave no litter."""
    (tmp_path / "a.png").write_bytes(saved(gradient((600, 600)), "PNG"))
    made = []
    ask = lambda: made.append(Image.open(thumbnail(tmp_path / "a.png", tmp_path / "t.webp")).size)
    threads = [threading.Thread(target=ask) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert made == [(384, 384)] * 8
    assert sorted(os.listdir(tmp_path)) == ["a.png", "t.webp"]


def test_a_thumbnail_of_no_picture_says_so(tmp_path):
    """The errors are those of opening."""
    (tmp_path / "a.png").write_text("no")
    with pytest.raises(StudioError):
        thumbnail(tmp_path / "a.png", tmp_path / "t.webp")
    with pytest.raises(NotFound):
        thumbnail(tmp_path / "b.png", tmp_path / "t.webp")
