"""OAuth 2 as networks speak it: the address of the page that asks, and tokens for a code or for a refresh token."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from studio.platforms.errors import AuthRevoked, PlatformError

if TYPE_CHECKING:
    import httpx

    from studio.platforms.wire import Wire

# what networks answer when a code, a refresh token or the client itself is not good any more
_OVER = frozenset({"invalid_grant", "invalid_request", "invalid_client", "unauthorized_client", "invalid_token",
                   "access_denied", "invalid_scope", "invalid_redirect_uri"})  # fmt: skip


def page(address: str, **asked: str) -> str:
    """The network's page with what it is asked for; empty values are left out."""
    return f"{address}?{urlencode({name: value for name, value in asked.items() if value})}"


def tokens(wire: Wire, url: str, form: dict[str, str], auth: tuple[str, str] | None = None) -> dict[str, str]:
    """Tokens out of the network's token address: access, refresh ("" when none came), expires_at (ISO, UTC, "" when
    it did not say), scopes (as said). Raises AuthRevoked when the network says that what was shown is over."""
    found = wire.json("POST", url, data=form, auth=auth, explain=lambda answer, _: _explained(wire, answer))
    if not isinstance(found, dict) or not isinstance(found.get("access_token"), str):
        if isinstance(found, dict) and str(found.get("error", "")) in _OVER:
            raise _over(wire)  # some answer 200 with an error inside
        raise wire.malformed(mutation=False)
    lasts = found.get("expires_in")
    ends = after(wire, float(lasts)) if isinstance(lasts, int | float) and lasts > 0 else ""
    scopes = str(found.get("scope") or "").replace(",", " ")
    told = {"access": found["access_token"], "refresh": str(found.get("refresh_token") or ""), "expires_at": ends}
    return {**told, "scopes": scopes, "who": str(found.get("open_id") or "")}


def after(wire: Wire, seconds: float) -> str:
    """That many seconds from now, as accounts keep it."""
    return datetime.fromtimestamp(wire.clock() + seconds, timezone.utc).isoformat(timespec="seconds")


def moment(text: object) -> float:
    """A network's ISO time in seconds since 1970, 0 for none."""
    try:
        return datetime.fromisoformat(str(text).replace("Z", "+00:00").replace("+0000", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def _explained(wire: Wire, answer: httpx.Response) -> PlatformError | None:
    try:
        error = answer.json().get("error")
    except (ValueError, AttributeError):
        return None
    return _over(wire) if answer.status_code in (400, 401, 403) and error in _OVER else None


def _over(wire: Wire) -> AuthRevoked:
    return AuthRevoked(f"{wire.name} does not know this log-in any more.", "Connect the account again.")
