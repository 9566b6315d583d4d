"""What the Publish tab shows of a post's way: each target's state, why it is not out, and the days of the calendar."""

import html
from datetime import date

from studio.domain.post import Post
from studio.services.studio import Studio
from studio.ui.parts.empty import badge, notice

STATE_WORDS = {
    "draft": "draft", "in_review": "in review", "approved": "approved", "scheduled": "scheduled", "leased": "preparing",
    "submitting": "sending", "remote_pending": "at the network", "published": "published",
    "failed_retryable": "trying again", "failed_permanent": "failed", "unknown": "unknown", "missed": "missed",
    "cancelled": "given up",
}  # fmt: skip
BAD = ("failed", "unknown", "missed")


def way_of(studio: Studio, post: Post | None) -> str:
    """One line per target: state, name, the sentence why it is not out, and where it is."""
    if post is None or (post.state in ("draft", "in_review") and len(post.targets) == 1 and not post.schedule):
        return ""
    why, lines = dict(studio.publishing.why(post)), []
    for target in post.targets:
        words = why.get(target.account_id, "")
        if target.url:
            words = f'<a href="{html.escape(target.url)}" target="_blank" rel="noopener">Look at it</a>'
        else:
            words = html.escape(words)
        kind = {"failed_permanent": "failed", "failed_retryable": "failed"}.get(target.state, target.state)
        lines.append(
            f"<li>{badge(STATE_WORDS[target.state], kind)}"
            f"<strong>{html.escape(studio.publishing.name(target))}</strong>"
            f"<span>{words}</span></li>"
        )
    warned = "".join(notice(one, "warn") for one in studio.calendar.warnings(post))
    return f'<ul class="targets">{"".join(lines)}</ul>{warned}'


def in_question(studio: Studio, post: Post | None) -> list[tuple[str, str]]:
    """(name, account id) of the targets only a person can tell about."""
    if post is None:
        return []
    return [(studio.publishing.name(one), one.account_id) for one in post.targets if one.state == "unknown"]


def planned(studio: Studio, first: str, count: int, zone: str, character_id: str | None) -> dict:
    """The days' posts as the list of posts draws them, by time; each says its day and time."""
    cards = []
    for day in studio.calendar.days(first, count, zone, character_id or None):
        for one in day["posts"]:
            when = f"{date.fromisoformat(one['day']):%a %d %b} {one['time']}"
            thumb = f"/api/v1/assets/{one['asset_id']}/thumbnail" if one["asset_id"] else None
            cards.append({"id": one["id"], "title": one["title"], "state": one["state"], "thumb": thumb, "note": when})
    empty = {"title": "Nothing in these days", "next": "Give a post a time, or take an account's next free slot."}
    return {"posts": cards, "current": None, "empty": empty}
