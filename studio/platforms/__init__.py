"""Platforms: where posts go. One file each, listed here; nothing is found by scanning."""

from studio.platforms.base import (
    Comment,
    Connected,
    Draft,
    Fit,
    Journal,
    Later,
    Piece,
    Platform,
    Problem,
    Receipt,
    Render,
    Rendition,
    Secret,
    Verdict,
)
from studio.platforms.bluesky import Bluesky
from studio.platforms.discord import Discord
from studio.platforms.discord_webhook import DiscordWebhook
from studio.platforms.export import Export
from studio.platforms.facebook import Facebook
from studio.platforms.instagram import Instagram
from studio.platforms.linkedin import LinkedIn
from studio.platforms.mastodon import Mastodon
from studio.platforms.matrix import Matrix
from studio.platforms.pixelfed import Pixelfed
from studio.platforms.spec import Connect, Field, MediaRule, PlatformSpec, PostKind, TextRule
from studio.platforms.telegram import Telegram
from studio.platforms.threads import Threads
from studio.platforms.tiktok import TikTok
from studio.platforms.x import X
from studio.platforms.youtube import YouTube

__all__ = [
    "PLATFORMS", "Comment", "Connect", "Connected", "Draft", "Field", "Fit", "Journal", "Later", "MediaRule", "Piece",
    "Platform", "PlatformSpec", "PostKind", "Problem", "Receipt", "Render", "Rendition", "Secret", "TextRule",
    "Verdict",
]  # fmt: skip

PLATFORMS: tuple[Platform, ...] = (
    Export(), Bluesky(), Mastodon(), Pixelfed(), Instagram(), Facebook(), Threads(), X(), LinkedIn(), YouTube(),
    TikTok(), Telegram(), Discord(), DiscordWebhook(), Matrix(),
)  # fmt: skip
