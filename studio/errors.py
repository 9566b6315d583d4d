"""The errors a person can mend. Everything else that is raised is a bug."""


class StudioError(Exception):
    """Something the person can put right.

    `message` says what is wrong in one sentence, `hint` what to do next, `field` the form field it belongs to.
    `code` is stable and machine readable; `status` is the HTTP status the API answers with.
    """

    code = "invalid"
    status = 422

    def __init__(self, message: str, hint: str = "", *, field: str | None = None):
        super().__init__(message)
        self.message, self.hint, self.field = message, hint, field

    def as_dict(self) -> dict:
        """The error as the API sends it and a job document keeps it."""
        body = {"code": self.code, "message": self.message, "hint": self.hint}
        return body | {"field": self.field} if self.field else body


class Refused(StudioError):
    """Never made, whatever the settings: it describes a minor in a suggestive way. What was asked is not repeated."""

    code, status = "refused", 422

    def __init__(self, field: str | None = None):
        super().__init__(
            "This describes a minor in a suggestive way. The studio does not make that.",
            "Take one of the two out of the words. No setting changes this.",
            field=field,
        )


class BadRequest(StudioError):
    code, status = "bad_request", 400


class NotSignedIn(StudioError):
    code, status = "not_signed_in", 401


class NotFound(StudioError):
    code, status = "not_found", 404


class Conflict(StudioError):
    """The thing is in a state, or held by someone, that does not allow this."""

    code, status = "conflict", 409


class TooLarge(StudioError):
    code, status = "too_large", 413


class NoSpace(StudioError):
    code, status = "no_space", 507


class OutOfMemory(StudioError):
    code, status = "out_of_memory", 507


class Cancelled(Exception):
    """Raised out of a running job when its cancellation was asked for. Not an error."""
