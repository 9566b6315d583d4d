"""What can go wrong at a network, by what may be done about it. Adapters raise these and nothing else.

The question that decides: can the post be out? `Unknown` says it can; every other class promises that it is not.
"""

from studio.errors import StudioError


class PlatformError(StudioError):
    """Nothing is out. `wait` is how many seconds the network asked for, None when it did not say."""

    code, status = "platform", 502

    def __init__(self, message: str, hint: str = "", *, field: str | None = None, wait: float | None = None):
        super().__init__(message, hint, field=field)
        self.wait = wait


class Transient(PlatformError):
    """It did not get there, or the network said that it did nothing: trying again is safe."""

    code = "transient"


class RateLimited(Transient):
    """Too many requests just now."""

    code, status = "rate_limited", 429


class QuotaSpent(Transient):
    """No more posts for this account before `wait` is over (a day, when the network does not say)."""

    code, status = "quota", 429


class AuthExpired(PlatformError):
    """The access token has run out and `refresh` may get a new one."""

    code, status = "auth_expired", 409


class AuthRevoked(PlatformError):
    """The network does not let this account in any more: a person has to connect it again."""

    code, status = "auth_revoked", 409


class Rejected(PlatformError):
    """The network refused this post and would refuse it again: something about it has to change."""

    code, status = "rejected", 422


class Unknown(PlatformError):
    """The connection broke after the post may have been taken. Never repeat it; `reconcile` looks."""

    code, status = "unknown", 502
