"""A 5 s reel of 1080 x 1920 through the studio against bare ffmpeg, in pairs.

    python benchmarks/reel.py [--rounds 3]

Three pictures of 1024 px, cross-fades, a caption and music. "The same command" is the very command the studio runs, on
the plates it made: it writes the same frames, so what the studio adds is everything around it. "By hand" is one
command from the pictures themselves, as somebody would write it: scale, crop, zoompan, xfade, the same encoder. By the
clock and by processor time (which other programs disturb less); the ratio is the median over the pairs. The time of a
preview after a change comes last.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy
from PIL import Image, ImageDraw, ImageFilter

from studio.domain.motion import NewProject, ProjectPatch, ShotPatch
from studio.domain.requests import AssetPatch
from studio.media import ffmpeg, reel
from studio.paths import Paths
from studio.services.studio import build
from studio.settings import Settings
from tests import sounds


def picture(number: int) -> Image.Image:
    """Something like a photograph: soft ground, a figure, grain."""
    noise = numpy.random.default_rng(number).integers(0, 255, (48, 48, 3), dtype=numpy.uint8)
    image = Image.fromarray(noise).resize((1024, 1024), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(6))
    draw = ImageDraw.Draw(image)
    draw.ellipse((360, 160, 660, 520), fill=(235, 200, 170), outline=(30, 30, 30), width=6)
    draw.rectangle((300, 520, 720, 1024), fill=(60 + 40 * number, 90, 140))
    return image


def by_hand(pictures: list[Path], music: Path, target: Path) -> list[str]:
    """The command of a person: 65 frames of each picture, 15 of them shared with the next."""
    words, chains = [], []
    for number, path in enumerate(pictures):
        words += ["-i", str(path)]
        chains.append(
            f"[{number}:v]scale=2160:3840:force_original_aspect_ratio=increase,crop=2160:3840,format=yuv444p,"
            f"zoompan=z='1+0.1*on/64':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d=60:s=1080x1920:fps=30,format=yuv420p[v{number}]"
        )
    chains.append("[v0][v1]xfade=transition=fade:duration=0.5:offset=1.5[x]")
    chains.append("[x][v2]xfade=transition=fade:duration=0.5:offset=3[y]")
    return [
        *words, "-stream_loop", "-1", "-i", str(music), "-filter_complex", ";".join(chains), "-map", "[y]", "-map",
        f"{len(pictures)}:a", "-t", "5", "-c:v", "libx264", "-preset", "veryfast", "-crf", "19", "-maxrate", "8000k",
        "-bufsize", "16000k", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart",
        str(target),
    ]  # fmt: skip


def taken(work) -> tuple[float, float]:
    """Seconds by the clock and by the processor, of this process and its children."""
    used = lambda: sum(
        one.ru_utime + one.ru_stime for one in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    clock, processor = time.perf_counter(), used()
    work()
    return time.perf_counter() - clock, used() - processor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = [folder / f"{number}.png" for number in range(3)]
        for number, path in enumerate(pictures):
            picture(number).save(path)
        music = sounds.write(folder / "music.wav", sounds.clicks(4, [0.25 + 0.5 * beat for beat in range(7)]))
        kept: dict = {}
        real = reel.render

        def keeping(work, target, *words, **more):
            made = real(work, target, *words, **more)
            shutil.copytree(work, folder / "same", dirs_exist_ok=True)
            kept["words"] = [*made[:-1], "again.mp4"]
            return made

        paths = Paths(folder / "data")
        with build(paths, Settings(paths, {})) as studio:
            studio.queue.start()
            ids = [studio.review.import_picture(path).id for path in pictures]
            studio.review.patch_many(ids, AssetPatch(state="approved"))
            sound = studio.motion.sounds.bring_in(music, licence="My own work")
            project = studio.motion.create(NewProject(asset_ids=ids))
            for shot, seconds in zip(project.reel.shots, (1.5, 1.5, 2.0), strict=True):
                studio.motion.patch_shot(project.id, shot.id, ShotPatch(seconds=seconds, caption="A caption"))
            part = {"sound_id": sound.id, "on_beat": False}
            studio.motion.patch(project.id, ProjectPatch(music=part))

            def through_the_studio() -> None:
                job = studio.motion.render(project.id)
                while (view := studio.queue.view(job.id)).state in ("waiting", "running"):
                    time.sleep(0.01)
                if view.state != "succeeded":
                    raise SystemExit(view.error)

            def bare(words: list[str]) -> None:
                command = [ffmpeg.program(), "-v", "error", "-nostdin", "-y", *words]
                subprocess.run(command, check=True, cwd=folder / "same")

            reel.render = keeping
            through_the_studio()
            reel.render = real
            others = {
                "the same command": kept["words"],
                "by hand from the pictures": by_hand(pictures, music, folder / "hand.mp4"),
            }
            found = {name: [] for name in ("studio", *others)}
            for _ in range(rounds):
                found["studio"].append(taken(through_the_studio))
                for name, words in others.items():
                    found[name].append(taken(lambda words=words: bare(words)))
            previews = []
            for number in range(5):
                shot = project.reel.shots[number % 3]
                studio.motion.patch_shot(project.id, shot.id, ShotPatch(text=f"Change {number}"))
                previews.append(taken(lambda: studio.motion.preview(project.id)))
    print(f"{os.cpu_count()} cores, ffmpeg {ffmpeg.version()}, {rounds} rounds\n")
    print("| compared | studio s | bare s | ratio by the clock | ratio by processor time |")
    print("|---|---|---|---|---|")
    middle = statistics.median
    for name in others:
        pairs = list(zip(found["studio"], found[name], strict=True))
        ratios = [middle(mine[at] / other[at] for mine, other in pairs) for at in (0, 1)]
        clock = [middle(one[0] for one in found[which]) for which in ("studio", name)]
        print(f"| {name} | {clock[0]:.1f} | {clock[1]:.1f} | {ratios[0]:.2f} | {ratios[1]:.2f} |")
    for at, how in ((0, "by the clock"), (1, "by processor time")):
        print(f"\nA preview after a change: median {middle(one[at] for one in previews):.2f} s {how}", end="")
    print()


if __name__ == "__main__":
    main()
