"""Errors as answers. One shape for all of them: `{"error": {"code", "message", "hint"}}`, sometimes with `field`."""

import logging
import secrets

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.durable import is_full
from studio.errors import BadRequest, NoSpace, StudioError

log = logging.getLogger("studio.api")

# What Starlette and FastAPI raise by themselves, in the studio's words: code, message, hint.
_PLAIN = {
    400: ("bad_request", "The request could not be read.", "See /api/docs for what this address expects."),
    404: ("not_found", "There is nothing at this address.", "See /api/docs for the addresses there are."),
    405: ("method_not_allowed", "This address does not answer that method.", "See /api/docs for the methods it knows."),
    413: ("too_large", "The request is larger than this address accepts.", "Send less at once."),
}


class ErrorPart(BaseModel):
    code: str
    message: str
    hint: str
    field: str | None = None


class ErrorAnswer(BaseModel):
    """What every refused or failed request answers with."""

    error: ErrorPart


def answer(error: StudioError, headers: dict[str, str] | None = None) -> JSONResponse:
    """The error as the API sends it, with its own status."""
    return JSONResponse({"error": error.as_dict()}, error.status, headers)


def from_validation(errors: list[dict]) -> StudioError:
    """The first of pydantic's errors as one sentence. What was sent is never repeated."""
    first = errors[0]
    if first["type"] in ("json_invalid", "json_type"):
        return BadRequest("The body is not valid JSON.", "Send one JSON object, encoded as UTF-8.")
    where = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    said = first["msg"].removeprefix("Value error, ").rstrip(".")
    if not where:
        return StudioError(
            f"The body does not fit: {said}.", "Send one JSON object with the header Content-Type: application/json."
        )
    field = ".".join(where)
    if first["type"] == "missing":
        return StudioError(f"{field} is missing.", f"Send {field} as well.", field=field)
    if first["type"] == "extra_forbidden":
        return StudioError(f"{field} is not a known field.", "Leave it out, or check how it is spelled.", field=field)
    return StudioError(f"{field}: {said}.", f"Change {field} and send it again.", field=field)


def install(api: FastAPI) -> None:
    """Make this app answer every error in the studio's shape."""
    api.add_middleware(BugsBecomeAnswers)

    @api.exception_handler(StudioError)
    def _person_can_mend(request: Request, error: StudioError):
        return answer(error)

    @api.exception_handler(RequestValidationError)
    @api.exception_handler(ValidationError)
    def _does_not_fit(request: Request, error: RequestValidationError | ValidationError):
        return answer(from_validation(error.errors()))

    @api.exception_handler(HTTPException)
    def _from_the_framework(request: Request, error: HTTPException):
        code, message, hint = _PLAIN.get(error.status_code, ("error", str(error.detail), ""))
        body = {"error": {"code": code, "message": message, "hint": hint}}
        return JSONResponse(body, error.status_code, getattr(error, "headers", None))


class BugsBecomeAnswers:
    """Anything unforeseen is logged with a short id, and that id is all the caller learns."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message):
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            log.info("%s %s: the caller left in the middle", scope.get("method"), scope.get("path"))
        except Exception as problem:
            if isinstance(problem, OSError) and is_full(problem) and not started:
                full = NoSpace("The disk is full.", "Make room, for instance by emptying the trash, and try again.")
                return await answer(full)(scope, receive, send)
            short = secrets.token_hex(2)
            log.exception("%s %s broke (%s)", scope.get("method"), scope.get("path"), short)
            if started:
                raise
            body = {"code": "broken", "message": f"Something broke ({short}).", "hint": "Details are in the log."}
            await JSONResponse({"error": body}, 500)(scope, receive, send)
