"""A local server that speaks the Hub's revision and file endpoints, with ranges, and misbehaves when told to."""

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

SHA = "0123456789abcdef0123456789abcdef01234567"


class HubServer:
    """`add(repo, files)` offers a repository. `requests` lists (method, path, range) of everything that was asked.

    `drop_after`: bytes of one answer after which the connection breaks, as often as `drops` says. `damage`: paths whose
    bytes come out wrong, as often as the number says. `ranges` False answers 200 to every range. `fail` lists status
    codes for the next file requests. `block_s` seconds per 64 kB; `longer` is added to every
    file; `gate` holds files whose path has `held` in it until it is set. `token` opens gated repositories.
    """

    def __init__(self):
        self.repos: dict[str, dict] = {}
        self.requests: list[tuple[str, str, str]] = []
        self.tokens: list[str] = []
        self.drop_after, self.drops, self.damage, self.fail = 0, 0, {}, []
        self.ranges, self.block_s, self.token, self.longer = True, 0.0, "hf_right", b""
        self.gate, self.held = threading.Event(), ""
        self.gate.set()
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer._answer(self)

            do_HEAD = do_GET

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self):
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def add(
        self, repo: str, files: dict[str, bytes], *, licence: str = "apache-2.0", gated=False, lfs_over: int = 1000
    ):
        """Offer these files. Those of more than `lfs_over` bytes have a SHA-256, the others git's own sum."""
        self.repos[repo] = {"files": dict(files), "licence": licence, "gated": gated, "lfs_over": lfs_over}

    def add_folder(self, repo: str, folder: Path, **more):
        files = {
            one.relative_to(folder).as_posix(): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()
        }
        self.add(repo, files, **more)

    # ------------------------------------------------------------------ answers
    def _answer(self, to: BaseHTTPRequestHandler):
        path = unquote(urlsplit(to.path).path)
        with self._lock:
            self.requests.append((to.command, path, to.headers.get("Range", "")))
            self.tokens.append(to.headers.get("Authorization", ""))
        if path.startswith("/api/models/"):
            return self._info(to, path)
        repo, _, rest = path.lstrip("/").partition("/resolve/")
        return self._file(to, repo, rest.partition("/")[2])

    def _allowed(self, to, repo) -> bool:
        return not self.repos[repo]["gated"] or to.headers.get("Authorization") == f"Bearer {self.token}"

    def _info(self, to, path):
        name, _, revision = path.removeprefix("/api/models/").partition("/revision/")
        if name not in self.repos:
            return self._say(to, 401, {"X-Error-Code": "RepoNotFound"})
        if revision not in ("main", SHA):
            return self._say(to, 404, {"X-Error-Code": "RevisionNotFound"})
        kept, siblings = self.repos[name], []
        for file, content in kept["files"].items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            entry = {"rfilename": file, "size": len(content), "blobId": blob}
            if len(content) > kept["lfs_over"]:
                sha256 = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 130}
            siblings.append(entry)
        card = {"license": kept["licence"]}
        body = {"id": name, "sha": SHA, "gated": kept["gated"], "siblings": siblings, "cardData": card, "tags": []}
        return self._say(to, 200, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def _file(self, to, repo, file):
        if self.fail:
            status = self.fail.pop(0)
            return self._say(to, status, {"Retry-After": "0"} if status in (429, 503) else {})
        if repo not in self.repos or file not in self.repos[repo]["files"]:
            return self._say(to, 404, {"X-Error-Code": "EntryNotFound"})
        if not self._allowed(to, repo):
            code = 403 if to.headers.get("Authorization") else 401
            return self._say(to, code, {"X-Error-Code": "GatedRepo"})
        content = self.repos[repo]["files"][file] + self.longer
        whole, first, last, status = len(content), 0, len(content), 200
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": SHA, "Accept-Ranges": "bytes"}
        asked = to.headers.get("Range", "")
        if asked.startswith("bytes=") and self.ranges:
            first_text, _, last_text = asked[6:].partition("-")
            first, last = int(first_text), min(int(last_text) + 1, whole) if last_text else whole
            if first >= whole:
                return self._say(to, 416, {"Content-Range": f"bytes */{whole}"})
            status, headers["Content-Range"] = 206, f"bytes {first}-{last - 1}/{whole}"
        body = bytearray(content[first:last])
        if self.damage.get(file, 0) and body:
            self.damage[file] -= 1
            body[len(body) // 2] ^= 0xFF
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name, value)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        if to.command == "HEAD":
            return None
        return self._send(to, bytes(body), file)

    def _send(self, to, body: bytes, file: str):
        sent = 0
        dropping = self.drops > 0 and len(body) > self.drop_after
        if dropping:
            self.drops -= 1
        while sent < len(body):
            if self.held in file:
                self.gate.wait(20)
            piece = body[sent : sent + 65536]
            if dropping and sent + len(piece) > self.drop_after:
                piece = piece[: self.drop_after - sent]
            try:
                to.wfile.write(piece)
            except OSError:
                break
            sent += len(piece)
            if dropping and sent >= self.drop_after:
                break
            if self.block_s:
                time.sleep(self.block_s)
        if sent < len(body):
            to.close_connection = True

    @staticmethod
    def _say(to, status, headers, body=b""):
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name, value)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        if to.command != "HEAD":
            to.wfile.write(body)
