"""Files as answers. A finished file never changes, so a browser may keep it for ever."""

from pathlib import Path

from fastapi import Request
from starlette.responses import FileResponse, Response

from studio.errors import NotFound

KEEP = "private, max-age=31536000, immutable"
_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif",
    ".mp4": "video/mp4", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg",
    ".m4a": "audio/mp4",
}  # fmt: skip


def picture(request: Request, path: Path, *, tag: str, filename: str | None = None) -> Response:
    """The file or the part of it that was asked for, or 304 when the browser has it. `tag` names its content;
    `filename` makes it a download."""
    etag = f'"{tag}"'
    headers = {"ETag": etag, "Cache-Control": KEEP}
    if etag in [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    if not path.is_file():
        raise NotFound("The file is missing from the data folder.", "Put it back, or delete the entry in Review.")
    # Anything that is no picture, clip or sound is only downloaded: a browser runs nothing from the data folder.
    kind = _TYPES.get(path.suffix.lower())
    if kind is None or filename:
        return FileResponse(path, headers=headers, media_type=kind, filename=filename or path.name)
    return FileResponse(path, headers=headers, media_type=kind)
