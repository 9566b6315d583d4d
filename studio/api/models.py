"""`/models` and `/loras`: what there is, what could be, what is on its way, and what may be done with it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, PlainTextResponse, Response

from studio.api.files import picture
from studio.api.shapes import REFUSALS, Cursor, Limit, sliced
from studio.api.uploads import received, upload
from studio.domain.document import Request as Body
from studio.domain.model import DownloadRequest, ImportRequest, Licence, Lora, LoraPatch, Model, ModelPatch
from studio.errors import NotFound


class ModelCard(BaseModel):
    """A model as the tab shows it. `state`: installed, loaded, loading, missing, trashed, available (catalogue)."""

    id: str
    kind: Literal["model", "lora"]
    state: str
    problem: str
    name: str
    family: str
    default: bool
    bytes: int
    licence: Licence
    fit: dict | None


class ModelCards(BaseModel):
    items: list[ModelCard]
    total: int


class Download(BaseModel):
    """A download or copy. `done` and `total` are bytes, `rate` bytes a second; `state`: waiting, running, pausing,
    paused, failed, done."""

    id: str
    kind: Literal["download", "copy"]
    state: str
    name: str
    done: int
    total: int
    rate: float | None
    eta_s: float | None
    note: str
    error: dict | None


class DownloadList(BaseModel):
    items: list[Download]
    total: int


class LoraPage(BaseModel):
    items: list[Lora]
    next_cursor: str | None
    total: int


class Token(Body):
    token: str = Field(min_length=1, max_length=4000)


class Adopt(Body):
    """Something of `/models/found`, by its key."""

    key: str = Field(min_length=1, max_length=40)
    mode: Literal["copy", "reference"] = "reference"


class Preview(Body):
    asset_id: str = Field(min_length=1, max_length=80)


def router(studio) -> APIRouter:
    """The routes over `studio.models`."""
    routes = APIRouter(prefix="/models", tags=["Models"], responses=REFUSALS)
    models = studio.models
    card = {"response_model": None, "responses": {200: {"model": ModelCard}}}
    download = {"response_model": None, "responses": {200: {"model": Download}}}

    def who(request: Request) -> str:
        return request.scope.get("studio.user", "")

    def answer(made) -> dict:
        """A model or LoRA that is there, or the job that brings it."""
        if isinstance(made, Model):
            return {"model": models.card(made.id)}
        if isinstance(made, Lora):
            return {"lora": made.as_json()}
        return {"download": models.downloads.line(made)}

    @routes.get("", response_model=None, responses={200: {"model": ModelCards}}, summary="Installed and offered ones")
    def listed(state: Literal["installed", "available", "trashed"] | None = None):
        """Installed models first, then the catalogue. What that says of licences is a lead until downloaded."""
        if state == "trashed":
            cards = [models.card(one.id) for one in models.installed(trashed=True)]
        else:
            cards = models.cards()
            if state:
                cards = [one for one in cards if (one["state"] == "available") == (state == "available")]
        return {"items": cards, "total": len(cards)}

    @routes.get("/lookup", response_model=None, summary="What a repository would bring, before it is downloaded")
    def look_up(
        repo: Annotated[str | None, Query(max_length=300, description="owner/name, or its page's address")] = None,
        id: Annotated[str | None, Query(max_length=80, description="A catalogue entry instead")] = None,
        revision: Annotated[str | None, Query(max_length=100)] = None,
        file: Annotated[str | None, Query(max_length=400)] = None,
    ):
        """Size, family, licence and fit; `choices` when one of several files has to be named."""
        return models.look_up(DownloadRequest(id=id, repo=repo, revision=revision, file=file))

    @routes.post("/download", status_code=202, response_model=None, responses={202: {"model": Download}})
    def start(wanted: DownloadRequest, request: Request):
        """Download a catalogue entry (`id`) or a repository (`repo`). Answered once the job is safe on disk."""
        return models.downloads.line(models.download(wanted, owner=who(request)))

    @routes.get("/downloads", response_model=None, responses={200: {"model": DownloadList}}, summary="On their way")
    def downloads():
        found = models.downloads.list()
        return {"items": found, "total": len(found)}

    @routes.get("/downloads/{job_id}", **download, summary="One of them")
    def one_download(job_id: str):
        return models.downloads.get(job_id)

    @routes.post("/downloads/{job_id}/{action}", **download, summary="Pause or resume it")
    def act(job_id: str, action: Annotated[Literal["pause", "resume"], Path()]):
        return models.downloads.pause(job_id) if action == "pause" else models.downloads.resume(job_id)

    @routes.delete("/downloads/{job_id}", status_code=204, summary="Stop it and throw its parts away")
    def cancel(job_id: str):
        models.downloads.cancel(job_id)
        return Response(status_code=204)

    @routes.post("/import", response_model=None, summary="A file or folder of this machine")
    def bring_in(wanted: ImportRequest, request: Request, response: Response):
        """201 with `model` or `lora` when it is there at once, 202 with `download` when a job copies it."""
        made = answer(models.import_path(wanted, owner=who(request)))
        response.status_code = 202 if "download" in made else 201
        return made

    @routes.get("/found", response_model=None, summary="Models of other programs that could be added")
    def found(again: Annotated[bool, Query(description="Look around once more")] = False):
        """From the Hugging Face cache and the folders in the setting `model_folders`."""
        if again:
            models.search.begin()
        items = [found_json(one) for one in models.found()]
        return {"items": items, "total": len(items), "looking": models.search.looking}

    @routes.post("/adopt", response_model=None, summary="Add one of them")
    def adopt(wanted: Adopt, request: Request, response: Response):
        made = answer(models.adopt(wanted.key, wanted.mode, owner=who(request)))
        response.status_code = 202 if "download" in made else 201
        return made

    @routes.get("/token", summary="Whether there is a token for models that ask who is downloading")
    def token():
        return {"set": models.token_set(), "place": models.hub.keychain.place}

    @routes.put("/token", status_code=204, summary="Keep a token; it is never told again")
    def set_token(wanted: Token):
        models.set_token(wanted.token)
        return Response(status_code=204)

    @routes.delete("/token", status_code=204, summary="Forget it")
    def remove_token():
        models.remove_token()
        return Response(status_code=204)

    @routes.post("/unload", status_code=204, summary="Give the loaded model's memory back")
    def unload():
        models.unload()
        return Response(status_code=204)

    @routes.get("/{model_id}", **card, summary="Read one")
    def read(model_id: str):
        return models.card(model_id)

    @routes.patch("/{model_id}", **card, summary="Name, notes, variant, defaults")
    def change(model_id: str, patch: ModelPatch):
        models.patch(model_id, patch)
        return models.card(model_id)

    @routes.delete("/{model_id}", status_code=204, summary="Move one to the trash, or delete it there for good")
    def trash(model_id: str, forever: bool = False):
        """Files that other programs keep are never touched."""
        models.delete_forever(model_id) if forever else models.trash(model_id)
        return Response(status_code=204)

    @routes.post("/{model_id}/restore", **card, summary="Back from the trash")
    def restore(model_id: str):
        models.restore(model_id)
        return models.card(model_id)

    @routes.post("/{model_id}/default", **card, summary="Begin the Create tab with it")
    def default(model_id: str):
        models.set_default(model_id)
        return models.card(model_id)

    @routes.post(
        "/{model_id}/load",
        status_code=202,
        response_model=None,
        responses={202: {"model": ModelCard}},
        summary="Bring it into memory now",
    )
    def load(model_id: str):
        models.load(model_id)
        return models.card(model_id)

    @routes.get("/{model_id}/licence", response_class=PlainTextResponse, summary="The licence's own words")
    def licence(model_id: str):
        text = models.licence_text(model_id)
        if not text:
            raise NotFound("No licence text lies beside this model.", "Its page has it.")
        return PlainTextResponse(text)

    return routes


def found_json(seen) -> dict:
    """Something the search saw, as plain values."""
    return {
        "key": seen.key,
        "kind": seen.kind,
        "name": seen.name,
        "family": seen.found.base or seen.found.family,
        "path": str(seen.path),
        "bytes": seen.found.bytes,
        "source": seen.source.kind,
        "problem": seen.problem,
    }


def lora_router(studio) -> APIRouter:
    """The routes over `studio.loras`."""
    routes = APIRouter(prefix="/loras", tags=["LoRAs"], responses=REFUSALS)
    loras = studio.loras
    one = {"response_model": None, "responses": {200: {"model": Lora}}}

    @routes.get("", response_model=None, responses={200: {"model": LoraPage}}, summary="List them by name")
    def listed(
        text: Annotated[str, Query(max_length=200)] = "",
        base: Annotated[str | None, Query(max_length=40, description="Only those made for it, such as sdxl")] = None,
        trashed: bool = False,
        limit: Limit = 50,
        cursor: Cursor = None,
    ):
        found = loras.list(text=text, base=base, trashed=trashed)
        return sliced(found, limit, cursor, lambda one: f"{one.name.casefold()}\t{one.id}", newest_first=False)

    @routes.post(
        "/import",
        status_code=201,
        response_model=None,
        responses={201: {"model": Lora}},
        summary="Bring a .safetensors file in: the form field `file`, or the bare body",
        openapi_extra=upload("application/octet-stream"),
    )
    async def bring_in(request: Request, name: Annotated[str | None, Query(max_length=120)] = None):
        """Files that lie on this machine already are imported by `/models/import`, which takes their path."""
        async with received(request, studio.paths.house / "tmp", "lora.safetensors") as (path, fields):
            name_sent = path.name.lstrip("_")
            if path.suffix.startswith(".safetens"):  # endings of uploads are cut to eight letters
                name_sent = f"{path.stem.lstrip('_')}.safetensors"
            path = path.rename(path.with_name(name_sent or path.name))
            made = await run_in_threadpool(loras.import_path, path, "copy", name or fields.get("name"))
            return made.as_json()

    @routes.get("/{lora_id}", **one, summary="Read one")
    def read(lora_id: str):
        return loras.get(lora_id).as_json()

    @routes.patch("/{lora_id}", **one, summary="Name, trigger words, strength, licence, notes")
    def change(lora_id: str, patch: LoraPatch):
        return loras.patch(lora_id, patch).as_json()

    @routes.delete("/{lora_id}", status_code=204, summary="Move one to the trash, or delete it there for good")
    def trash(lora_id: str, forever: bool = False):
        loras.delete_forever(lora_id) if forever else loras.trash(lora_id)
        return Response(status_code=204)

    @routes.post("/{lora_id}/restore", **one, summary="Back from the trash")
    def restore(lora_id: str):
        return loras.restore(lora_id).as_json()

    @routes.get("/{lora_id}/preview", response_class=FileResponse, summary="Its picture")
    def preview(lora_id: str, request: Request, v: str = ""):
        path = loras.preview(lora_id)
        if path is None:
            raise NotFound("This LoRA has no picture.", "PUT one.")
        return picture(request, path, tag=f"{lora_id}-{path.stat().st_mtime_ns}")

    @routes.put("/{lora_id}/preview", **one, summary="Show a picture of the library for it")
    def set_preview(lora_id: str, wanted: Preview):
        return loras.set_preview(lora_id, studio.review.file(wanted.asset_id)).as_json()

    return routes
