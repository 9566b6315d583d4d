"""Loopback servers that speak the OpenAI protocol well, badly or not at all. Real sockets, written by hand."""

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """One server. `answer` is the text it writes, or a function of the request; `heard` are the requests it got.

    `way` is how it behaves: fine, plain (no streaming), hangs, trickles, garbage, no-http, huge, broken-stream,
    no-schema, refuses, busy, busy-once, redirects, 500, tools.
    """

    def __init__(self, answer="", way="fine", sees=False, models=("tiny",)):
        self.answer, self.way, self.sees, self.models = answer, way, sees, list(models)
        self.heard: list[dict] = []
        self.headers: list[dict] = []
        self.paths: list[str] = []
        self.stop = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def text(self, body: dict) -> str:
        if self.sees is not None and _picture(body):
            if not self.sees:
                return "I cannot see."
            return next(name for name, sign in COLOURS.items() if sign in _picture(body))
        return self.answer(body) if callable(self.answer) else self.answer


COLOURS = {"red": "red", "green": "green", "blue": "blue", "yellow": "yellow"}


def _picture(body: dict) -> str:
    """The name of the colour a probe's picture is filled with, "" without a picture."""
    import base64
    import io

    from PIL import Image

    for message in body.get("messages", []):
        for part in message["content"] if isinstance(message["content"], list) else ():
            if part.get("type") == "image_url":
                data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
                red, green, blue = Image.open(io.BytesIO(data)).convert("RGB").resize((1, 1)).getpixel((0, 0))
                if red > 180:
                    return "yellow" if green > 150 else "red"
                return "blue" if blue > 150 else "green"
    return ""


@contextlib.contextmanager
def server(**options):
    """A running Server on a port of its own."""
    one = Server(**options)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def do_GET(self):
            one.paths.append(self.path)
            one.headers.append({name.lower(): value for name, value in self.headers.items()})
            if self.path == "/v1/models":
                if one.way == "refuses":
                    return self.problem(401, f"Incorrect API key provided: {self.headers.get('Authorization')}")
                listed = [{"id": name, "object": "model", "owned_by": "library"} for name in one.models]
                return self.json(200, {"object": "list", "data": listed})
            return self.json(404, {"error": "not here"})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            one.paths.append(self.path)
            if not self.path.endswith("/chat/completions"):
                return self.json(404, {"error": "not here"})
            one.heard.append(body)
            one.headers.append({name.lower(): value for name, value in self.headers.items()})
            getattr(self, f"way_{one.way.replace('-', '_')}", self.way_fine)(body)

        # ------------------------------------------------------------ ways
        def way_fine(self, body):
            if not body.get("stream"):
                return self.whole(body)
            text = one.text(body)
            self.start("text/event-stream")
            for at in range(0, len(text), 7):
                self.event({"choices": [{"index": 0, "delta": {"content": text[at : at + 7]}}]})
            self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
            self.event({"choices": [], "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}})
            self.piece(b"data: [DONE]\n\n")
            self.end()

        def whole(self, body):
            message = {"role": "assistant", "content": one.text(body)}
            usage = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}
            self.json(200, {"id": "1", "object": "chat.completion", "created": 1, "model": "tiny", "usage": usage,
                            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})  # fmt: skip

        def way_plain(self, body):
            self.whole(body)

        def way_tools(self, body):
            self.start("text/event-stream")
            call = {"index": 0, "id": "1", "type": "function", "function": {"name": "publish", "arguments": "{}"}}
            self.event({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
            self.event({"choices": [{"index": 0, "delta": {"content": one.text(body)}}]})
            self.piece(b"data: [DONE]\n\n")
            self.end()

        def way_hangs(self, body):
            one.stop.wait(30)

        def way_trickles(self, body):
            self.start("text/event-stream")
            while not one.stop.wait(0.05):
                self.event({"choices": [{"index": 0, "delta": {"content": "a"}}]})

        def way_garbage(self, body):
            self.start("text/event-stream")
            self.piece(b'data: {"choices": [{"del\xff\xfe\x00\n\ndata: not json at all\n\n')
            self.end()

        def way_no_http(self, body):
            self.wfile.write(b"\x00\x01\x02 hello this is no http \xff\xff")
            self.close_connection = True

        def way_huge(self, body):
            self.start("text/event-stream")
            with contextlib.suppress(OSError):
                for _ in range(400):
                    self.piece(b"data: " + b"x" * 65536)
                self.end()

        def way_broken_stream(self, body):
            self.start("text/event-stream")
            self.event({"choices": [{"index": 0, "delta": {"content": '{"variants": [{"text": "Half a'}}]})
            self.close_connection = True
            self.connection.close()

        def way_no_schema(self, body):
            if "response_format" in body:
                return self.problem(400, "response_format of type json_schema is not supported")
            if "seed" in body:
                return self.problem(400, "Unknown parameter: seed")
            self.way_fine(body)

        def way_refuses(self, body):
            self.problem(401, f"Incorrect API key provided: {self.headers.get('Authorization')}")

        def way_busy(self, body):
            self.problem(429, "quota", {"Retry-After": "3600"})

        def way_busy_once(self, body):
            if len(one.heard) == 1:
                return self.problem(429, "slow down", {"Retry-After": "0.1"})
            self.way_fine(body)

        def way_redirects(self, body):
            self.send_response(307)
            self.send_header("Location", "http://127.0.0.1:9/steal")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def way_500(self, body):
            self.problem(500, "out of memory <script>alert(1)</script>")

        # ------------------------------------------------------------ pieces
        def problem(self, status, message, headers=None):
            self.json(status, {"error": {"message": message, "type": "x", "code": None}}, headers)

        def json(self, status, data, headers=None):
            raw = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        def start(self, kind):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()

        def event(self, data):
            data = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "tiny"} | data
            self.piece(b"data: " + json.dumps(data).encode() + b"\n\n")

        def piece(self, raw):
            try:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(raw), raw))
                self.wfile.flush()
            except OSError:
                one.stop.set()
                self.close_connection = True

        def end(self):
            with contextlib.suppress(OSError):
                self.wfile.write(b"0\r\n\r\n")

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    http = Quiet(("127.0.0.1", 0), Handler)
    one.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.stop.set()
        http.shutdown()
        http.server_close()


def variants(*texts, hashtags=("#Rain",)) -> str:
    """An answer as it should be."""
    return json.dumps({"variants": [{"text": text, "hashtags": list(hashtags)} for text in texts]})
