"""Reels as files: every frame is there, nothing is black, sound is where it belongs, and words are only words."""

import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import astuple
from pathlib import Path

import numpy
import pytest
from PIL import Image, ImageDraw

from studio.domain.motion import Shot
from studio.domain.timeline import cues, laid_out
from studio.errors import Cancelled, NoSpace, NotFound, StudioError
from studio.media import beats, clips, ffmpeg, lettering, mp4, plates, reel, sound_mix, subtitles
from tests import sounds

SIZE, FPS = (216, 384), 30
COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0), "cyan": (0, 255, 255)}


def grained(colour: str, size=(160, 160)) -> Image.Image:
    """A picture of one colour with marks all over, so that a moving camera changes every frame."""
    image = Image.new("RGB", size, colour)
    draw = ImageDraw.Draw(image)
    for x in range(0, size[0], 8):
        draw.line((x, 0, x, size[1]), fill=tuple(int(one * 0.75) for one in COLOURS[colour]))
        draw.line((0, x, size[0], x), fill=tuple(int(one * 0.75) for one in COLOURS[colour]))
    return image


def scene(shot: Shot, number: int, colour: str, layers=()) -> reel.Scene:
    movement = plates.movement_of(shot.movement, number, (160, 160), SIZE[0] / SIZE[1])
    return reel.Scene(plates.filmed(grained(colour), SIZE, movement, (0.5, 0.4), shot.seconds), shot.transition, layers)


def frames_of(path: Path, size=SIZE) -> "numpy.ndarray":
    """Every frame of a clip: (frames, height, width, 3) uint8."""
    content = ffmpeg.decoded(["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24"],
                             path, 400_000_000)  # fmt: skip
    return numpy.frombuffer(content, numpy.uint8).reshape(-1, size[1], size[0], 3)


def nearest(frame: "numpy.ndarray") -> str:
    mean = frame.reshape(-1, 3).mean(0)
    return min(COLOURS, key=lambda name: numpy.abs(mean - COLOURS[name]).sum())


# ---------------------------------------------------------------------- time
def test_a_reel_is_as_long_as_its_shots_together_whatever_the_transitions_are():
    """Frames are whole, transitions are even and never longer than their shots."""
    rolls = random.Random(4)
    kinds = ["cut", "fade", "zoom", "slide"]
    for _ in range(60):
        shots = [Shot(seconds=round(rolls.uniform(0.4, 4), 2), transition=rolls.choice(kinds),
                      transition_seconds=rolls.uniform(0.1, 2)) for _ in range(rolls.randint(1, 12))]  # fmt: skip
        fps = rolls.choice([10, 15, 24, 30, 60])
        timeline = laid_out(shots, fps)
        assert timeline.frames == round(sum(shot.seconds for shot in shots) * fps)
        for one, after in zip(timeline.spans, timeline.spans[1:], strict=False):
            assert one.last == after.first
            assert one.after == after.before
        assert (
            sum(one.frames for one in timeline.spans) - 2 * sum(one.after for one in timeline.spans) == timeline.frames
        )
        assert all(span.before + span.after < span.last - span.first + 1 for span in timeline.spans)


def test_cuts_move_to_the_nearest_beat_and_leave_shots_long_enough():
    """Beats far away, or none, change nothing."""
    shots = [Shot(seconds=1.0, transition="cut") for _ in range(5)]
    times = [0.1 + 0.6 * number for number in range(12)]
    cuts = laid_out(shots, 30, times).cuts()
    assert all(min(abs(cut - beat) for beat in times) <= 0.5 / 30 + 1e-9 for cut in cuts)
    assert all(after - before > 0.35 for before, after in zip(cuts, cuts[1:], strict=False))
    assert laid_out(shots, 30, [9.0]).cuts() == laid_out(shots, 30).cuts() == [1.0, 2.0, 3.0, 4.0]


def test_captions_follow_the_shots_and_same_words_are_one_subtitle():
    """SRT and VTT say the same, and are read back."""
    shots = [
        Shot(seconds=1, caption="One <b> & --> two"),
        Shot(seconds=1, caption="Same"),
        Shot(seconds=2, caption="Same"),
    ]
    found = cues(shots, laid_out(shots, 30))
    assert [(one.begin, one.end) for one in found] == [(0, 1), (1, 4)]
    text = subtitles.srt(found)
    assert "00:00:01,000 --> 00:00:04,000\r\nSame" in text
    assert text.count("-->") == 2
    assert subtitles.read(text)[1] == found[1] == subtitles.read(subtitles.vtt(found))[1]
    assert subtitles.read(subtitles.vtt(found))[0].text == "One <b> & → two"
    with pytest.raises(StudioError, match="no subtitles"):
        subtitles.read("nothing\n\n1\n")


# ---------------------------------------------------------------------- the camera
def test_the_camera_never_leaves_the_picture_and_never_loses_the_face():
    """Random pictures, points and movements: the point is inside the box from begin to end."""
    rolls = random.Random(7)
    for _ in range(400):
        size = (rolls.randint(20, 3000), rolls.randint(20, 3000))
        aspect = rolls.choice([9 / 16, 1, 16 / 9, 0.8])
        focus = (rolls.uniform(0.05, 0.95), rolls.uniform(0.05, 0.95))
        movement = rolls.choice(["in", "out", "left", "right", "up", "down", "still"])
        begin, end = plates.boxes(size, aspect, movement, focus, rolls.uniform(0.4, 12))
        for along in (0, 0.5, 1):
            ends = zip(astuple(begin), astuple(end), strict=True)
            x, y, w, h = (one + (other - one) * along for one, other in ends)
            assert min(x, y) >= -1e-6
            assert x + w <= size[0] + 1e-6
            assert y + h <= size[1] + 1e-6
            assert abs(w / h - aspect) < 1e-6
            assert x <= focus[0] * size[0] <= x + w
            assert y <= focus[1] * size[1] <= y + h


@pytest.mark.parametrize("fit", ["fill", "whole"])
@pytest.mark.parametrize("size", [(1, 1), (3, 501), (777, 5), (64, 33)])
def test_odd_pictures_become_plates(size, fit):
    """Whatever the sides are, the plate has the reel's proportions and its boxes lie in it."""
    plate = plates.filmed(Image.new("RGB", size, "red"), SIZE, "in", (0.5, 0.4), 2, fit=fit)
    assert abs(plate.image.width / plate.image.height - SIZE[0] / SIZE[1]) < 0.02
    for box in (plate.begin, plate.end):
        assert box.x + box.width <= plate.image.width + 1


# ---------------------------------------------------------------------- the file
@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small reel with cuts in a row, transitions, words on a shot, a caption over all, and clicks as its sound."""
    folder = tmp_path_factory.mktemp("reel")
    kinds = ["fade", "cut", "cut", "circle", "cut"]
    shots = [Shot(seconds=0.7 + 0.11 * number, transition=kind) for number, kind in enumerate(kinds)]
    timeline = laid_out(shots, FPS)
    words, at = lettering.overlay(SIZE, 'it\'s: [x];\\ %{n} "é"\n,drawbox', "boxed", "top", (0.1, 0.2))
    caption, down = lettering.overlay(SIZE, "A caption", "caption", "bottom", (0.1, 0.2))
    scenes = [
        scene(shot, number, colour, (reel.Layer(words, at),) if number == 1 else ())
        for number, (shot, colour) in enumerate(zip(shots, COLOURS, strict=True))
    ]
    moments = [0.5, 1.5, 2.5]
    sounds.write(folder / "it's clicks.wav", sounds.clicks(timeline.seconds, moments))
    voice = sound_mix.Track(folder / "it's clicks.wav")
    gain = sound_mix.mixed(folder / "mix.wav", timeline.seconds, None, voice)
    reel.render(
        folder, "out.mp4", scenes, timeline, reel.Look(SIZE), layers=[reel.Layer(caption, down, 60, 90)],
        sounds=reel.Sounds("mix.wav", gain),
    )  # fmt: skip
    return folder / "out.mp4", timeline, moments


def test_every_frame_is_there_and_shows_its_shot(made):
    """The count is exact, each shot shows its picture, cuts are on their frame, and no frame is black or repeated."""
    path, timeline, _ = made
    frames = frames_of(path)
    assert len(frames) == timeline.frames == clips.counted(path)
    assert ffmpeg.facts(path).seconds == pytest.approx(timeline.seconds, abs=0.5 / FPS)
    assert (ffmpeg.facts(path).width, ffmpeg.facts(path).height, ffmpeg.facts(path).fps) == (*SIZE, FPS)
    for span, colour in zip(timeline.spans, COLOURS, strict=True):
        assert nearest(frames[(span.first + span.last) // 2]) == colour
    for number in (2, 3):  # plain cuts: the frame before and the frame itself
        first = timeline.spans[number].first
        assert [nearest(frames[first - 1]), nearest(frames[first])] == [*COLOURS][number - 1 : number + 1]
    assert frames.reshape(len(frames), -1).mean(1).min() > 20
    changes = numpy.abs(frames[1:].astype(int) - frames[:-1]).reshape(len(frames) - 1, -1).mean(1)
    assert changes.min() > 0.05


def test_the_caption_is_seen_for_its_frames_only(made):
    """From its first frame to its last, at the bottom."""
    frames = frames_of(made[0])
    _, (x, y) = lettering.overlay(SIZE, "A caption", "caption", "bottom", (0.1, 0.2))
    block = frames[:, y + 4 : y + 8, x + 12 : x + 28].astype(int).mean((1, 2, 3))
    assert block[60:90].max() < block[50:59].mean() - 20
    assert block[91:94].mean() > block[60:90].max() + 15


def test_sound_is_where_it_belongs(made):
    """Clicks come within 20 ms of their moments, and the track is as long as the picture."""
    path, timeline, moments = made
    heard = sound_mix.samples(path, 48_000)
    assert len(heard) / 48_000 == pytest.approx(timeline.seconds, abs=0.05)
    loud = numpy.abs(heard)
    for moment in moments:
        around = loud[int((moment - 0.1) * 48_000) : int((moment + 0.1) * 48_000)]
        first = int(numpy.argmax(around > 0.25 * around.max())) / 48_000 - 0.1
        assert abs(first) <= 0.02


def test_colours_are_those_of_the_pictures(tmp_path):
    """Red stays red: the file is written, and says it is, BT.709."""
    shots = [Shot(seconds=0.4, transition="cut"), Shot(seconds=0.4)]
    flat = [Image.new("RGB", (90, 160), colour) for colour in ((200, 40, 60), (40, 160, 90))]
    scenes = [reel.Scene(plates.filmed(one, SIZE, "still", (0.5, 0.5), 1), "cut") for one in flat]
    reel.render(tmp_path, "o.mp4", scenes, laid_out(shots, FPS), reel.Look(SIZE))
    for seconds, wanted in ((0.2, (200, 40, 60)), (0.6, (40, 160, 90))):
        seen = clips.frame_at(tmp_path / "o.mp4", seconds).getpixel((100, 180))
        assert max(abs(one - other) for one, other in zip(seen, wanted, strict=True)) <= 6
    assert clips.frame_at(tmp_path / "o.mp4", 99).size == SIZE


def test_origin_and_recipe_are_in_the_file_and_it_still_plays(tmp_path, made):
    """The packet is the last box; players find every frame as before."""
    from studio.domain.asset import Recipe

    copy = tmp_path / "copy.mp4"
    copy.write_bytes(made[0].read_bytes())
    recipe = Recipe(pipeline="reel", words="A <reel> & more", parents=["a", "b"])
    clips.say(copy, recipe, source_type=clips.COMPOSITE)
    assert clips.read_recipe(copy) == recipe
    assert clips.read_recipe(made[0]) is None
    assert clips.COMPOSITE in mp4.xmp(copy)
    assert mp4.boxes(copy)[-1][0] == b"uuid"
    assert clips.counted(copy) == made[1].frames
    (tmp_path / "no.mp4").write_bytes(b"not an MP4 at all")
    with pytest.raises(StudioError, match="no MP4"):
        mp4.xmp(tmp_path / "no.mp4")


# ---------------------------------------------------------------------- sound
def test_the_mix_is_as_loud_as_networks_play_and_ducks_under_the_voice(tmp_path):
    """Music is repeated to the end, is much lower while somebody speaks, and the whole is near -14 LUFS."""
    music = sounds.write(tmp_path / "music.wav", sounds.tone(1.5, 220))
    voice = sounds.write(tmp_path / "voice.wav", sounds.tone(2.0, 1800, 0.5))
    gain = sound_mix.mixed(tmp_path / "mix.wav", 6.0, sound_mix.Track(music), sound_mix.Track(voice, begin=2.0))
    ffmpeg.run(["-i", "mix.wav", "-af", sound_mix.levelled(gain), "-c:a", "pcm_s16le", "out.wav"], tmp_path)
    heard = sound_mix.samples(tmp_path / "out.wav", 8000)
    assert len(heard) == 48_000
    assert numpy.abs(heard).max() <= 0.9

    def music_level(begin: float, end: float) -> float:
        part = heard[int(begin * 8000) : int(end * 8000)]
        spectrum = numpy.abs(numpy.fft.rfft(part * numpy.hanning(len(part)))) / len(part)
        at = round(220 * len(part) / 8000)
        return float(spectrum[at - 2 : at + 3].max())

    assert music_level(2.5, 3.8) < 0.45 * music_level(0.4, 1.8)
    assert music_level(4.6, 5.0) > 1.5 * music_level(2.5, 3.8)
    assert sound_mix.loudness(tmp_path / "out.wav") == pytest.approx(sound_mix.LOUDNESS, abs=1.5)
    assert (
        sound_mix.mixed(
            tmp_path / "no.wav", 1, sound_mix.Track(sounds.write(tmp_path / "s.wav", sounds.tone(1, loud=0))), None
        )
        is None
    )


@pytest.mark.parametrize("tempo", [84, 120, 150])
def test_beats_are_found_where_they_are(tempo):
    """Within 20 ms, and the tempo within 2 %."""
    true = [0.31 + number * 60 / tempo for number in range(int(14 * tempo / 60))]
    found, times = beats.beats(sounds.clicks(14.5, true).astype("f4"))
    assert found == pytest.approx(tempo, rel=0.02)
    assert len(times) >= 0.8 * len(true)
    errors = [min(abs(one - beat) for beat in true) for one in times if one < true[-1] + 0.1]
    assert numpy.percentile(errors, 90) <= 0.02


def test_noise_and_silence_have_no_beats():
    """Nothing is cut to what is no pulse."""
    noise = numpy.random.default_rng(3).normal(0, 0.3, beats.RATE * 8)
    assert beats.beats(noise) == beats.beats(noise * 0) == beats.beats(noise[:999]) == (None, [])


# ---------------------------------------------------------------------- words
def test_words_stay_inside_the_safe_areas_and_are_shortened_to_fit():
    """Also text without spaces, with signs of other scripts, and with control signs."""
    for text in ("A" * 240, "word " * 48, "Ünï çødé Привет", "a\x00b\x1b[31m\u202ec", "\n\n\n", "😀"):
        for style in ("plain", "boxed", "large"):
            for place in ("top", "middle", "bottom"):
                image, (x, y) = lettering.overlay((270, 480), text, style, place, (0.1, 0.2))
                assert x >= 0
                assert x + image.width <= 272
                assert y >= 46
                assert y + image.height <= 0.8 * 480 + 2
    assert lettering.undrawable("Plain words é") == ""
    assert lettering.card((1920, 1080), "Title\nmore", "#ffffff").size == (1920, 1080)


# ---------------------------------------------------------------------- trouble
def _long(folder: Path, report) -> None:
    shots = [Shot(seconds=20, transition="cut"), Shot(seconds=20)]
    scenes = [scene(shot, number, "red") for number, shot in enumerate(shots)]
    reel.render(folder, "long.mp4", scenes, laid_out(shots, 60), reel.Look(SIZE, preset="veryslow"), report=report)


def test_cancelling_stops_ffmpeg_at_once(tmp_path):
    """What is raised out of the report goes through, and the program is gone."""
    asked = []

    def report(frame):
        if frame > 0 or asked:
            asked.append(time.monotonic())
            raise Cancelled

    with pytest.raises(Cancelled):
        _long(tmp_path, report)
    assert time.monotonic() - asked[0] < 1
    assert not _running(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_ffmpeg_is_said_in_words(tmp_path):
    """The person learns that it was stopped from outside, and what to do."""
    processes = []
    start = subprocess.Popen

    class Watched(start):
        def __init__(self, *words, **more):
            super().__init__(*words, **more)
            processes.append(self)

    def report(frame):
        if frame and processes:
            processes[-1].send_signal(signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ffmpeg.subprocess, "Popen", Watched)
        with pytest.raises(StudioError, match="stopped from outside") as caught:
            _long(tmp_path, report)
    assert "Retry" in caught.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_in_words(tmp_path):
    """Every write fails, as on a disk without room."""
    sounds.write(tmp_path / "in.wav", sounds.tone(5))
    with pytest.raises(NoSpace):
        ffmpeg.run(["-i", "in.wav", "-f", "wav", "/dev/full"], tmp_path)


def test_what_is_no_sound_or_clip_is_refused(tmp_path):
    """Empty, cut off, or something else: each with a sentence, none with a hang."""
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp3").write_text("this is no sound")
    (tmp_path / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n")
    for name, words in (("empty.mp4", "empty"), ("text.mp3", "damaged"), ("list.m3u8", "damaged")):
        with pytest.raises(StudioError, match=words):
            ffmpeg.facts(tmp_path / name)
    with pytest.raises(NotFound):
        ffmpeg.facts(tmp_path / "gone.mp4")
    with pytest.raises(StudioError):
        clips.frame_at(tmp_path / "text.mp3")


def _running(folder: Path) -> bool:
    """Whether a program of this folder is alive."""
    import psutil

    return any(
        "ffmpeg" in (one.info["name"] or "") and one.info["cwd"] == str(folder)
        for one in psutil.process_iter(["name", "cwd"])
    )


def test_the_readers_of_ffmpeg_end_with_it(tmp_path):
    """No thread is left behind by many short runs."""
    before = threading.active_count()
    sounds.write(tmp_path / "in.wav", sounds.tone(0.2))
    for _ in range(4):
        ffmpeg.run(["-i", "in.wav", "-f", "null", "-"], tmp_path)
    assert threading.active_count() <= before + 1
