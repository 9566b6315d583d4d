"""How large a request's body may be. Everything is small JSON but the uploads."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.api.answers import answer
from studio.errors import TooLarge

MOST_JSON_BYTES = 4 << 20
MOST_UPLOAD_BYTES = 256 << 20  # as much as a picture or a character's zip may have
MOST_FORM_BYTES = 1 << 20  # what a form wraps around it
MOST_LORA_BYTES = 2 << 30
UPLOADS = {
    "/characters/import": MOST_UPLOAD_BYTES,
    "/assets/import": MOST_UPLOAD_BYTES,
    "/inputs": MOST_UPLOAD_BYTES,
    "/motion/sounds": MOST_UPLOAD_BYTES,
    "/loras/import": MOST_LORA_BYTES,
}


class BodyLimit:
    """Refuses a body that says it is too large before reading it, and one that turns out to be while it is read."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        most = next((size + MOST_FORM_BYTES for end, size in UPLOADS.items() if scope["path"].endswith(end)), None)
        most = most or MOST_JSON_BYTES
        told = Headers(scope=scope).get("content-length", "")
        if told.isdigit() and int(told) > most:
            error = TooLarge(f"The body is larger than {most >> 20} MB.", "Send less at once.")
            return await answer(error)(scope, receive, send)
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413)  # the one kind FastAPI lets through while it reads a body
            return message

        await self.app(scope, counted, send)
