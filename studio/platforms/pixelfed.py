"""Pixelfed: pictures first, through the parts of Mastodon's API it has.

It takes uploads at the older address, answers at once, and needs at least one picture. Its versions differ in whether
they heed an idempotency key, so that own posts are read back by their uploads' ids before anything is sent again.
"""

from __future__ import annotations

from dataclasses import replace

from studio.platforms.mastodon import Mastodon
from studio.platforms.spec import Connect, Field, MediaRule, PostKind, TextRule

_IMAGE = MediaRule(("image/jpeg", "image/png"), most_bytes=15_000_000, most_side=4096, aspects=(0.2, 5.0))


class Pixelfed(Mastodon):
    """Albums on the server of the account."""

    spec = replace(
        Mastodon.spec,
        id="pixelfed",
        name="Pixelfed",
        summary="Pictures and albums on your Pixelfed server.",
        kinds=(PostKind("images", "Pictures", (1, 10), text=TextRule(500), image=_IMAGE, alt_longest=1000),),
        connect=Connect(
            steps=(
                "On your server open Settings, Applications, and under Personal Access Tokens choose Create New Token.",
                "Name it after this studio and tick read and write.",
                "Copy the token: it is shown once.",
            ),
            fields=(
                Field("server", "Server", placeholder="https://pixelfed.social"),
                Field("token", "Personal access token", secret=True),
            ),
            scopes=("read", "write"),
        ),
        idempotency="read_back",
        key_lasts_s=0,
        can=frozenset({"delete", "metrics", "comments", "reply"}),
        cannot=(
            ("edit", "Pixelfed's versions change captions differently; edit on its page."),
            ("schedule", "Pixelfed has no scheduler of its own; the studio sends at the time."),
        ),
        hashtags=30,
    )
    _media_path = "/api/v1/media"

    def _is_read(self, server, headers, media) -> bool:
        return True  # an upload that was answered is ready, and some versions cannot be asked
