"""What the API refuses: one shape, the right status, a sentence and a way on. Nothing hostile gets through."""

import io
import json
import socket
from pathlib import Path

import pytest
from PIL import Image

UNKNOWN = "01h00000000000000000000000"


def refused(answer, status: int) -> dict:
    """The error of an answer that has this status and the one shape."""
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert {"code", "message", "hint"} <= set(error) <= {"code", "message", "hint", "field"}
    assert error["message"].endswith((".", "!", "?", "”"))
    assert "Traceback" not in answer.text
    return error


@pytest.mark.parametrize("kind", ["characters", "jobs", "assets", "posts"])
def test_what_is_not_there_is_404(api, kind):
    """An id that never was, for every kind of thing."""
    assert refused(api.get(f"/api/v1/{kind}/{UNKNOWN}"), 404)["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/api/v1/characters/{id}"),
        ("DELETE", "/api/v1/characters/{id}"),
        ("POST", "/api/v1/characters/{id}/restore"),
        ("GET", "/api/v1/characters/{id}/export"),
        ("GET", "/api/v1/characters/{id}/references/x"),
        ("GET", "/api/v1/jobs/{id}/preview"),
        ("GET", "/api/v1/jobs/{id}/events"),
        ("POST", "/api/v1/jobs/{id}/cancel"),
        ("POST", "/api/v1/jobs/{id}/retry"),
        ("PATCH", "/api/v1/assets/{id}"),
        ("DELETE", "/api/v1/assets/{id}"),
        ("GET", "/api/v1/assets/{id}/file"),
        ("GET", "/api/v1/assets/{id}/thumbnail"),
        ("GET", "/api/v1/assets/{id}/original"),
        ("POST", "/api/v1/posts/{id}/approve"),
        ("POST", "/api/v1/posts/{id}/publish"),
        ("GET", "/api/v1/posts/{id}/files/0"),
        ("GET", "/api/v1/nothing"),
    ],
)
def test_every_address_says_404_for_a_stranger(api, method, path):
    """No address breaks on an unknown id."""
    refused(api.request(method, path.format(id=UNKNOWN), json={} if method == "PATCH" else None), 404)


def test_a_wrong_method_is_405(api):
    """In the same shape."""
    refused(api.put("/api/v1/characters"), 405)


@pytest.mark.parametrize("body", [b"{", b"", b"[1", b"\xff\xfe", b"[" * 5000])
def test_a_body_that_is_no_json_is_refused(api, body):
    """Broken, empty, not UTF-8, absurdly deep: 400 or 422, never a crash."""
    answer = api.post("/api/v1/characters", content=body, headers={"Content-Type": "application/json"})
    refused(answer, answer.status_code if answer.status_code in (400, 422) else 400)


@pytest.mark.parametrize(
    ("request_body", "field"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": 151}, "steps"),
        ({"steps": "many"}, "steps"),
        ({"width": 100_000}, "width"),
        ({"width": 1}, "width"),
        ({"batch": 9}, "batch"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**32}, "seed"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"upscale": 3}, "upscale"),
        ({"promt": "typo"}, "promt"),
        ({"time_of_day": "teatime"}, "time_of_day"),
    ],
    ids=lambda value: next(iter(value.items())).__repr__()[:30] if isinstance(value, dict) else "",
)
def test_a_field_that_does_not_fit_is_named(api, request_body, field):
    """422 with the field, before anything is queued."""
    before = api.get("/api/v1/jobs").json()["total"]
    error = refused(api.post("/api/v1/jobs", json={"request": {"prompt": "x"} | request_body}), 422)
    assert error["field"].endswith(field)
    assert api.get("/api/v1/jobs").json()["total"] == before


@pytest.mark.parametrize(
    "fields",
    [{}, {"name": ""}, {"name": "   "}, {"name": "x" * 81}, {"name": "x", "age": -1}, {"name": "x", "persona": 3}],
    ids=str,
)
def test_a_character_that_does_not_fit_is_422(api, fields):
    """The same rules as in the form."""
    refused(api.post("/api/v1/characters", json=fields), 422)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1e9"])
@pytest.mark.parametrize("kind", ["characters", "jobs", "assets", "posts"])
def test_pages_have_limits(api, kind, limit):
    """1 to 200."""
    assert refused(api.get(f"/api/v1/{kind}", params={"limit": limit}), 422)["field"] == "limit"


@pytest.mark.parametrize("kind", ["jobs", "assets"])
@pytest.mark.parametrize("cursor", ["x", "../../etc/passwd", "finished:%00", "💥", "waiting:nan"])
def test_a_made_up_cursor_never_breaks(api, kind, cursor):
    """Refused, or an empty page."""
    answer = api.get(f"/api/v1/{kind}", params={"cursor": cursor})
    assert answer.status_code in (200, 400, 422), answer.text


def test_jobs_of_unknown_kinds_characters_and_looks_are_refused(api, mira):
    """Before they are queued."""
    refused(api.post("/api/v1/jobs", json={"kind": "video", "request": {"prompt": "x"}}), 422)
    answer = api.post("/api/v1/jobs", json={"character_id": UNKNOWN, "request": {"prompt": "x"}})
    refused(answer, 404)
    answer = api.post("/api/v1/jobs", json={"character_id": mira["id"], "request": {"prompt": "x", "look": "nope"}})
    assert answer.status_code in (404, 422)
    refused(api.post("/api/v1/jobs", json={"request": {"prompt": ""}}), 422)


def test_posts_need_approved_pictures_and_a_known_target(api, mira, pictures):
    """A new picture cannot be published, nor can anything go to a target that is not there."""
    draft = {"character_id": mira["id"], "asset_ids": [pictures[1]["id"]], "caption": "x", "targets": ["myspace"]}
    answer = api.post("/api/v1/posts", json=draft)
    assert answer.status_code in (404, 409, 422)
    refused(api.post("/api/v1/posts", json=draft | {"asset_ids": [UNKNOWN], "targets": ["export"]}), 404)
    refused(api.post("/api/v1/posts", json=draft | {"asset_ids": []}), 422)


# ---------------------------------------------------------------- uploads


def test_a_picture_is_imported(api, mira):
    """A real PNG, as a form and as the bare body."""
    file = io.BytesIO()
    Image.new("RGB", (320, 240), "teal").save(file, "PNG")
    form = {"files": {"file": ("../../ünï.png", file.getvalue(), "image/png")}, "data": {"character_id": mira["id"]}}
    for sent in (form, {"content": file.getvalue(), "params": {"character_id": mira["id"]}}):
        answer = api.post("/api/v1/assets/import", **sent)
        assert answer.status_code == 201, answer.text
        asset = answer.json()
        assert (asset["width"], asset["height"], asset["imported"]) == (320, 240, True)
        assert asset["character_id"] == mira["id"]
        assert ".." not in asset["file"]
        api.delete(f"/api/v1/assets/{asset['id']}", params={"forever": True})


@pytest.mark.parametrize(
    "content",
    [b"I am a text file, renamed.", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, b"<svg onload='x'/>", b"PK\x03\x04junk", b"\0"],
    ids=["text", "half a png", "svg", "zip", "nought"],
)
def test_a_renamed_file_is_no_picture(api, content):
    """Whatever its name says, it is refused and leaves nothing behind."""
    before = api.get("/api/v1/assets").json()["total"]
    answer = api.post("/api/v1/assets/import", files={"file": ("photo.png", content, "image/png")})
    assert refused(answer, answer.status_code)["message"]
    assert answer.status_code in (400, 413, 422)
    assert api.get("/api/v1/assets").json()["total"] == before


def test_an_empty_upload_is_refused(api):
    """No body, an empty file, a form without one."""
    for sent in ({"content": b""}, {"files": {"file": ("a.png", b"")}}, {"data": {"a": "b"}}):
        answer = api.post("/api/v1/assets/import", **sent)
        assert answer.status_code in (400, 422), answer.text


def test_a_zip_that_is_no_character_is_refused(api):
    """Text named zip, and a zip with hostile names."""
    import zipfile

    refused(api.post("/api/v1/characters/import", content=b"no zip"), 422)
    hostile = io.BytesIO()
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr("../../evil.txt", "x")
        archive.writestr("character.json", json.dumps({"name": "x", "references": [{"file": "../../../etc/passwd"}]}))
    answer = api.post("/api/v1/characters/import", content=hostile.getvalue())
    assert answer.status_code in (201, 400, 422)
    if answer.status_code == 201:  # taken without what was hostile
        for one in answer.json()["references"]:
            assert ".." not in one["file"]
        api.delete(f"/api/v1/characters/{answer.json()['id']}")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("Harbour at dawn.png", "Harbour at dawn"), ("a/b\\café.png", "café"), ("CON.png", "_CON"), ("..", "picture")],
)
def test_an_uploaded_file_keeps_its_name(api, sent, kept):
    """Nothing is put before it but where Windows would take it for a device."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(picture, "PNG")
    answer = api.post("/api/v1/assets/import", files={"file": (sent, picture.getvalue(), "image/png")})
    assert answer.status_code == 201, answer.text
    name = answer.json()["file"].rsplit("/", 1)[1]
    assert name.startswith(f"{kept}-")


def test_an_upload_is_bounded_by_what_an_import_accepts(api):
    """A file that says it is larger than any picture or zip may be is refused before it is read."""
    for path in ("/api/v1/assets/import", "/api/v1/characters/import"):
        with socket.create_connection((api.base_url.host, api.base_url.port), 10) as line:
            line.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {300 << 20}\r\n\r\n".encode())
            assert b" 413 " in line.recv(4096).splitlines()[0]


def test_uploads_wait_in_the_data_folder_and_leave_it(api, studio):
    """Large enough for a form to go through a file; nothing stays of it, and nothing went to the system's folder."""
    picture = io.BytesIO()
    Image.effect_noise((1600, 1400), 90).save(picture, "PNG")
    assert len(picture.getvalue()) > 1 << 20
    answer = api.post("/api/v1/assets/import", files={"file": ("noise.png", picture.getvalue(), "image/png")})
    assert answer.status_code == 201
    folder = studio.data / "outputs" / ".studio" / "tmp"
    assert folder.is_dir()
    assert not [path for path in folder.iterdir() if path.name.startswith("upload-")]


def test_a_picture_copied_into_outputs_can_be_adopted(api, studio):
    """It is listed, gets its entry where it lies, and is listed no more."""
    folder = studio.data / "outputs" / "_no-character" / "2026-10"
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30)).save(folder / "copied.png")
    name = "outputs/_no-character/2026-10/copied.png"
    assert name in api.get("/api/v1/assets/orphans").json()["items"]
    adopted = api.post("/api/v1/assets/adopt", json={"file": name})
    assert adopted.status_code == 201, adopted.text
    assert adopted.json()["file"] == name
    assert name not in api.get("/api/v1/assets/orphans").json()["items"]
    refused(api.post("/api/v1/assets/adopt", json={"file": name}), 409)
    refused(api.post("/api/v1/assets/adopt", json={"file": "../secret.png"}), 400)
    refused(api.post("/api/v1/assets/adopt", json={"file": "outputs/nobody.png"}), 404)


def test_too_much_is_413(api):
    """A JSON body over 4 MB, said beforehand or only noticed on the way."""
    huge = b'{"name":"' + b"x" * (5 << 20) + b'"}'
    refused(api.post("/api/v1/characters", content=huge, headers={"Content-Type": "application/json"}), 413)

    def in_pieces():
        for at in range(0, len(huge), 1 << 16):
            yield huge[at : at + (1 << 16)]

    answer = api.post("/api/v1/characters", content=in_pieces(), headers={"Content-Type": "application/json"})
    refused(answer, 413)


# ---------------------------------------------------------------- hostile paths


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/assets/..%2f..%2f..%2fetc%2fpasswd/file",
        "/api/v1/assets/%2e%2e/file",
        "/api/v1/assets/..%5c..%5capp.py/file",
        "/api/v1/assets/CON/thumbnail",
        "/api/v1/assets/%00/file",
        f"/api/v1/assets/{'x' * 300}/file",
        "/api/v1/characters/..%2f..%2fapp.py/export",
        "/api/v1/characters/../../app.py",
        "/api/v1/characters/%3Cscript%3E/references/..%2f..%2fcharacter.json",
        "/api/v1/jobs/..%2f..%2f/preview",
        "/api/v1/posts/..%2fx/files/0",
        "/../app.py",
        "/..%2fapp.py",
        "/app.py",
        "/outputs/.studio/settings.json",
    ],
)
def test_no_path_leaves_the_library(api, path):
    """Dots, slashes of both kinds, device names, nulls, endless names: not found or not valid, never a file."""
    answer = api.get(path)
    assert answer.status_code in (400, 404, 405, 422), (answer.status_code, answer.text[:200])
    assert b"argparse" not in answer.content


@pytest.mark.parametrize(
    "prefix", ["/gradio_api/file=", "/gradio_api/file/", "/file=", "/static/", "/assets/", "/svelte/"]
)
def test_gradio_serves_nothing_of_the_house(api, studio, prefix):
    """Its file routes give neither settings nor code nor the system's files, under any spelling."""
    settings = studio.data / "outputs" / ".studio" / "settings.json"
    settings.touch()
    code = studio.data.parent.parent
    for target in (
        str(settings),
        str(studio.data / "outputs" / ".studio" / "studio.log"),
        "/etc/passwd",
        "/etc/hostname",
        "../../../../../../etc/passwd",
        "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "app.py",
        "./app.py",
        "outputs/.studio/settings.json",
        f"file://{settings}",
        str(code / "app.py"),
    ):
        answer = api.get(f"{prefix}{target}")
        assert answer.status_code >= 400, (target, answer.text[:100])
        assert b"root:" not in answer.content


def test_what_is_dropped_on_a_page_stays_in_the_data_folder(api, studio):
    """Gradio's uploads lie in the house, can be read back, and their names lead nowhere."""
    answer = api.post("/gradio_api/upload", files={"files": ("../../../evil.png", b"dropped")})
    path = Path(answer.json()[0])
    assert studio.data / "outputs" / ".studio" / "uploads" in path.parents
    assert api.get(f"/gradio_api/file={path}").content == b"dropped"
    assert api.get(f"/gradio_api/file={path}/../../../settings.json").status_code >= 400


def test_another_sites_page_changes_nothing_on_the_real_server(api):
    """The guard stands before the API and before gradio's own routes."""
    evil = {"Origin": "https://evil.example"}
    refused(api.post("/api/v1/characters", json={"name": "Eve"}, headers=evil), 403)
    refused(api.post("/gradio_api/queue/join", json={}, headers=evil), 403)
    refused(api.post("/gradio_api/upload", files={"files": ("x.png", b"x")}, headers=evil), 403)
    refused(api.get("/", headers={"Host": "evil.example"}), 403)
    form = api.post(
        "/api/v1/characters", content='{"name":"Eve"}', headers={"Content-Type": "text/plain", "Origin": "null"}
    )
    refused(form, 403)


def test_hostile_names_are_only_names(api, studio):
    """Paths, device names, markup and 80 characters of anything: kept as text, no file leaves its folder."""
    for name in ("../../evil", "CON", "<script>alert(1)</script>", "a" * 80, "名前 💃", "x\u202egnp.exe", "NUL.txt "):
        one = api.post("/api/v1/characters", json={"name": name}).json()
        assert one["name"] == " ".join(name.replace("\u202e", "").split())
        assert api.get(f"/api/v1/characters/{one['id']}/export").status_code == 200
        api.delete(f"/api/v1/characters/{one['id']}")
    assert not (studio.data.parent / "evil").exists()
    assert {one.name for one in studio.data.iterdir()} <= {"characters", "outputs", "wildcards"}


def broken_studio(problem: Exception):
    """An API whose characters always fail with this."""
    from types import SimpleNamespace

    from fastapi.testclient import TestClient

    from studio.api.app import create
    from studio.api.live import Live

    def fail(*_, **__):
        raise problem

    class Empty:
        """Every room of a house, with nothing in it."""

        def __getattr__(self, name):
            return Empty()

    house = Empty()
    house.characters = SimpleNamespace(create=fail)
    return TestClient(create(house, Live(None)), raise_server_exceptions=False)


def test_a_bug_is_a_short_id_and_its_details_are_in_the_log(caplog):
    """500 tells nothing of the inside; the log has the same id."""
    error = refused(broken_studio(RuntimeError("secret inside")).post("/v1/characters", json={"name": "x"}), 500)
    assert "secret" not in str(error)
    short = error["message"].split("(")[1].split(")")[0]
    assert len(short) == 4
    assert short in caplog.text


def test_a_full_disk_is_507():
    """Whoever noticed it."""
    import errno

    full = broken_studio(OSError(errno.ENOSPC, "No space left on device"))
    assert refused(full.post("/v1/characters", json={"name": "x"}), 507)["code"] == "no_space"
