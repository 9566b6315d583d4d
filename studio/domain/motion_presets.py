"""What networks take, as data: size, pace, codec, weight and length of a reel. Checked before anything is rendered.

The figures are the networks' own published limits as they stood in November 2026; where sources differ the stricter.
"""

from dataclasses import dataclass

SIZES = {"9:16": (1080, 1920), "4:5": (1080, 1350), "1:1": (1080, 1080), "16:9": (1920, 1080)}
_MB = 1_000_000


@dataclass(frozen=True)
class Preset:
    """One network. `aspects` in order of preference; seconds and bytes are limits, rates thousand bits a second.

    `safe` is the share of the height, top and bottom, that its own buttons and words cover in the app.
    """

    id: str
    name: str
    aspects: tuple[str, ...] = ("9:16", "4:5", "1:1", "16:9")
    fps: int = 30
    video_rate: int = 8000
    audio_rate: int = 192
    shortest: float = 1.0
    longest: float = 600.0
    most_bytes: int = 500 * _MB
    safe: tuple[float, float] = (0.08, 0.12)
    codec: str = "h264"
    note: str = ""


PRESETS: tuple[Preset, ...] = (
    Preset("generic", "Any use", note="H.264 and AAC in MP4: plays everywhere."),
    Preset("instagram", "Instagram Reels", ("9:16", "4:5", "1:1"), shortest=3, longest=900, most_bytes=300 * _MB,
           safe=(0.12, 0.2), note="3 seconds to 15 minutes, 300 MB."),
    Preset("tiktok", "TikTok", ("9:16", "1:1", "16:9"), shortest=3, longest=600, most_bytes=4000 * _MB,
           safe=(0.1, 0.22), note="3 seconds to 10 minutes."),
    Preset("youtube", "YouTube Shorts", ("9:16", "1:1"), video_rate=10000, shortest=1, longest=180,
           most_bytes=2000 * _MB, safe=(0.1, 0.2), note="Up to 3 minutes, upright or square."),
    Preset("facebook", "Facebook Reels", ("9:16",), shortest=3, longest=90, most_bytes=1000 * _MB, safe=(0.12, 0.2),
           note="3 to 90 seconds, upright only."),
    Preset("x", "X", ("9:16", "4:5", "1:1", "16:9"), video_rate=6000, audio_rate=128, shortest=0.5, longest=140,
           most_bytes=512 * _MB, note="Up to 2 minutes 20 seconds, 512 MB."),
    Preset("threads", "Threads", ("9:16", "4:5", "1:1", "16:9"), shortest=1, longest=300, most_bytes=1000 * _MB,
           note="Up to 5 minutes."),
    Preset("linkedin", "LinkedIn", ("9:16", "4:5", "1:1", "16:9"), shortest=3, longest=600, most_bytes=500 * _MB,
           note="3 seconds to 10 minutes."),
)  # fmt: skip
BY_ID = {one.id: one for one in PRESETS}


def even(number: float) -> int:
    """The nearest even whole number, at least 2: video codecs take no odd sides."""
    return max(2, round(number / 2) * 2)


def size_of(aspect: str, longest: int | None = None) -> tuple[int, int]:
    """Pixels of an aspect, or of its small copy whose longer side is `longest`."""
    wide, high = SIZES[aspect]
    if longest is None or longest >= max(wide, high):
        return wide, high
    share = longest / max(wide, high)
    return even(wide * share), even(high * share)
