"""`/writers` and `/writing`: who writes, and words of every kind."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from studio.api.live import stream
from studio.api.shapes import REFUSALS, Cursor, Limit, page_json
from studio.domain.document import Request as Body
from studio.domain.writing import Choice, EndpointPatch, EndpointRequest, Kind, WriteRequest, Written
from studio.errors import StudioError


class Text(Body):
    text: str = Field(default="", max_length=70_000)


def event(name: str, data: dict) -> bytes:
    """One server-sent event."""
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))


def router(studio) -> APIRouter:
    """The routes over `studio.writers` and `studio.writing`."""
    routes = APIRouter(tags=["Writers"], responses=REFUSALS)
    writers, writing = studio.writers, studio.writing

    @routes.get("/writers", summary="Who can write, and what")
    def listed():
        """`kinds` are what each writes; `ready` is null or what is missing; `sends` is what leaves this machine."""
        return {"items": writers.described()}

    @routes.post("/writers/find", summary="Look for servers on this machine's usual ports")
    def find():
        """Ollama, LM Studio, vLLM, llama.cpp and others; only on this machine, about two seconds."""
        return {"items": writers.find()}

    @routes.get("/writers/endpoints", summary="The servers that were added")
    def endpoints():
        return {"items": [writers.view(one) for one in writers.endpoints()]}

    @routes.post("/writers/endpoints", status_code=201, summary="Add a server that speaks the OpenAI protocol")
    def add(wanted: EndpointRequest):
        """`key` goes to the keychain and is never told again."""
        return writers.view(writers.add(wanted))

    @routes.get("/writers/endpoints/{endpoint_id}", summary="One server, with what it has used by month")
    def read(endpoint_id: str):
        return writers.view(writers.endpoint(endpoint_id))

    @routes.patch("/writers/endpoints/{endpoint_id}", summary="Change a server")
    def change(endpoint_id: str, patch: EndpointPatch):
        """An empty `key` forgets it; so does another host in `address`, unless a key comes with it."""
        return writers.view(writers.update(endpoint_id, patch))

    @routes.delete("/writers/endpoints/{endpoint_id}", status_code=204, summary="Forget a server and its key")
    def remove(endpoint_id: str):
        writers.remove(endpoint_id)
        return Response(status_code=204)

    @routes.get("/writers/endpoints/{endpoint_id}/models", summary="The models it has")
    def models(endpoint_id: str):
        return {"items": writers.models(endpoint_id)}

    @routes.post("/writers/endpoints/{endpoint_id}/test", summary="Try it: does it answer, does it take pictures")
    def test(endpoint_id: str):
        return writers.test(endpoint_id)

    @routes.post("/writers/{writer_id}/use", status_code=204, summary="Make this the usual writer")
    def use(writer_id: str):
        writers.use(writer_id)
        return Response(status_code=204)

    @routes.get("/writing/kinds", summary="What can be written, and why a writer does not")
    def kinds(writer: Annotated[str, Query(max_length=80)] = ""):
        return {"items": writing.kinds(writer)}

    written = {"response_model": None, "responses": {200: {"model": Written}}}

    @routes.post("/writing", **written, summary="Write: captions, titles, alt text, replies, translations and more")
    def write(wanted: WriteRequest):
        """Waits for the writer. What came is kept in the history; nothing is posted."""
        return writing.write(wanted).as_json()

    @routes.post("/writing/stream", summary="The same, told while it is written")
    def streamed(wanted: WriteRequest):
        """Server-sent events: `begun` with an id, `text` with the variant so far, at last `written` or `error`. Going
        away ends nothing: what is written reaches the history."""

        def messages():
            with writing.stream() as (id, stopped):
                yield event("begun", {"id": id})
                try:
                    for one in writing.follow(wanted, stopped):
                        yield event("text", {"text": one}) if isinstance(one, str) else event("written", one.as_json())
                except StudioError as error:
                    yield event("error", error.as_dict())

        return stream(messages())

    @routes.post("/writing/stream/{stream_id}/stop", status_code=204, summary="Stop one that is being written")
    def stop(stream_id: str):
        writing.stop(stream_id)
        return Response(status_code=204)

    @routes.get("/writing", response_model=None, summary="What was written, newest first")
    def history(character_id: str | None = None, kind: Kind | None = None, limit: Limit = 50, cursor: Cursor = None):
        found = writing.history(character_id, kind, limit, cursor)
        return page_json(found.items, found.next_cursor, found.total)

    @routes.get("/writing/{written_id}", **written, summary="One of them")
    def one(written_id: str):
        return writing.get(written_id).as_json()

    @routes.post("/writing/{written_id}/choose", **written, summary="Remember which variant was taken")
    def choose(written_id: str, choice: Choice):
        """`text` is how it was left; the character's next texts learn from it."""
        return writing.choose(written_id, choice).as_json()

    @routes.delete("/writing/{written_id}", status_code=204, summary="Take one out of the history")
    def forget(written_id: str):
        writing.forget(written_id)
        return Response(status_code=204)

    @routes.post("/writing/lengths", summary="What a text counts for every network")
    def lengths(wanted: Text):
        return {"items": writing.lengths(wanted.text)}

    return routes
