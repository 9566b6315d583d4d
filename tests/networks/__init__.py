"""Pretended networks for tests: one file each, listed in CASES. What is listed runs through every promise of
`tests/contracts/test_platforms.py` and every fault of `tests/contracts/test_faults.py`."""

from studio.platforms.bluesky import Bluesky
from studio.platforms.discord import Discord
from studio.platforms.discord_webhook import DiscordWebhook
from studio.platforms.facebook import Facebook
from studio.platforms.instagram import Instagram
from studio.platforms.linkedin import LinkedIn
from studio.platforms.mastodon import Mastodon
from studio.platforms.matrix import Matrix
from studio.platforms.pixelfed import Pixelfed
from studio.platforms.telegram import Telegram
from studio.platforms.threads import Threads
from studio.platforms.tiktok import TikTok
from studio.platforms.x import X
from studio.platforms.youtube import YouTube
from tests.networks.base import Case, Clock, Faulty, Memory, Network, log_in
from tests.networks.bluesky import BlueskyNetwork
from tests.networks.discord import DiscordNetwork, WebhookNetwork
from tests.networks.example import Example, ExampleNetwork
from tests.networks.facebook import FacebookNetwork
from tests.networks.instagram import InstagramNetwork
from tests.networks.linkedin import LinkedInNetwork
from tests.networks.mastodon import MastodonNetwork, PixelfedNetwork
from tests.networks.matrix import MatrixNetwork
from tests.networks.telegram import TelegramNetwork
from tests.networks.threads import ThreadsNetwork
from tests.networks.tiktok import TikTokNetwork
from tests.networks.x import XNetwork
from tests.networks.youtube import YouTubeNetwork

__all__ = ["CASES", "Case", "Clock", "Faulty", "Memory", "Network", "log_in"]

CASES: tuple[Case, ...] = (
    *(Case(f"example-{how}", lambda how=how: ExampleNetwork(how), lambda how=how, **on: Example(how, **on))
      for how in ("key", "handle", "read_back", "ask")),
    Case("bluesky", BlueskyNetwork, Bluesky),
    Case("mastodon", MastodonNetwork, Mastodon),
    Case("pixelfed", PixelfedNetwork, Pixelfed),
    Case("telegram", TelegramNetwork, Telegram),
    Case("discord", DiscordNetwork, Discord),
    Case("discord-webhook", WebhookNetwork, DiscordWebhook),
    Case("matrix", MatrixNetwork, Matrix),
    Case("x", XNetwork, X),
    Case("linkedin", LinkedInNetwork, LinkedIn),
    Case("threads", ThreadsNetwork, Threads),
    Case("instagram", InstagramNetwork, Instagram),
    Case("facebook", FacebookNetwork, Facebook),
    Case("youtube", YouTubeNetwork, YouTube),
    Case("tiktok", TikTokNetwork, TikTok),
)  # fmt: skip
