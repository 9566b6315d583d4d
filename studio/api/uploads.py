"""Uploads: a file as a multipart form or as the bare body, kept on disk only while a service reads it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from studio.errors import BadRequest, StudioError

_CHUNK = 1 << 20
# What Windows takes for a device, whatever ending follows.
_DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in "0123456789¹²³")}


@asynccontextmanager
async def received(request: Request, house: Path, fallback: str) -> AsyncIterator[tuple[Path, dict[str, str]]]:
    """The uploaded file's path, gone after the block, and the form's other fields (the query's for a bare body).

    Raises StudioError without a file. `house` is the folder for temporary files, made when missing; `fallback` names a
    file that came without a name.
    """
    house.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="upload-", dir=house, ignore_cleanup_errors=True) as folder:
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            async with request.form(max_files=1, max_fields=10) as form:
                upload = next((one for one in form.values() if isinstance(one, UploadFile)), None)
                if upload is None:
                    raise StudioError("There is no file in the form.", "Send it as the field `file`.", field="file")
                path = Path(folder) / plain_name(upload.filename or "", fallback)
                with path.open("wb") as file:
                    while chunk := await upload.read(_CHUNK):
                        await run_in_threadpool(file.write, chunk)
                fields = {name: one for name, one in form.items() if isinstance(one, str)}
        else:
            path = Path(folder) / fallback
            with path.open("wb") as file:
                async for chunk in request.stream():
                    await run_in_threadpool(file.write, chunk)
            fields = dict(request.query_params)
        if not path.stat().st_size:
            raise BadRequest("The file is empty.", "Send the file as the body, or as the form field `file`.")
        yield path, fields


def upload(kind: str) -> dict:
    """How an address that takes a file of this media type describes its body."""
    file = {"type": "string", "format": "binary"}
    form = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    return {"requestBody": {"content": {"multipart/form-data": {"schema": form}, kind: {"schema": file}}}}


def plain_name(name: str, fallback: str) -> str:
    """The last part of a name somebody sent, safe as a file name in a fresh folder on every system."""
    last = re.split(r"[/\\]", name)[-1]
    stem, dot, ending = last.rpartition(".")
    stem = re.sub(r"[^\w -]", "", stem if dot else last).strip(" .")[:80]
    ending = re.sub(r"\W", "", ending)[:8] if dot else ""
    if not stem:
        return fallback
    stem = f"_{stem}" if stem.split(".")[0].strip().upper() in _DEVICES else stem
    return f"{stem}.{ending}" if ending else stem
