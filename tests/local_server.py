"""A server on 127.0.0.1 for tests of fetching: it answers range requests, and misbehaves when told to."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Trouble:
    """What happens to one request instead of the answer."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut_after: int | None = None
    """Send this many bytes of the answer, then drop the connection."""
    stall_after: int | None = None
    """Send this many bytes of the answer, then nothing until the test releases it."""
    raw: Iterable[bytes] | None = None
    """What to send, status and headers too, until the client hangs up."""


@dataclass
class Seen:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    n_bytes: int = 0

    @property
    def range(self) -> str | None:
        return self.headers.get("Range")


@dataclass
class LocalServer:
    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    answers: list[Callable[[str, dict[str, str]], bytes | None]] = field(default_factory=list)
    troubles: list[Trouble | None] = field(default_factory=list)
    """What happens to the coming requests, in order; None is an ordinary answer."""
    always: Trouble | None = None
    redirects: dict[str, str] = field(default_factory=dict)
    has_ranges: bool = True
    content_type: str = "application/octet-stream"
    seen: list[Seen] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def n_bytes(self) -> int:
        return sum(request.n_bytes for request in self.seen)


@contextlib.contextmanager
def run_server() -> Iterator[LocalServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are sent apart, and the second would wait for 40 ms

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def do_GET(self) -> None:
            with contextlib.suppress(OSError):
                self.answer()

        def do_CONNECT(self) -> None:
            """What a proxy is asked."""
            self.do_GET()

        def answer(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
            seen = Seen(parts.path, query, dict(self.headers.items()))
            local.seen.append(seen)
            trouble = local.troubles.pop(0) if local.troubles else None
            trouble = trouble or local.always or Trouble()
            if trouble.raw is not None:
                self.close_connection = True
                for part in trouble.raw:
                    self.wfile.write(part)
                    seen.n_bytes += len(part)
                return
            if trouble.status != 200 or trouble.body:
                self.send(seen, trouble.status, trouble.headers, trouble.body)
                return
            if parts.path in local.redirects:
                self.send(seen, 302, {"Location": local.redirects[parts.path]}, b"")
                return
            body = local.files.get(parts.path)
            for answer in local.answers:
                body = answer(parts.path, query) if body is None else body
            if body is None:
                self.send(seen, 404, {}, b"no such file")
                return
            etag = f'"{hashlib.md5(body).hexdigest()}"'
            headers = {"ETag": etag, "Content-Type": local.content_type}
            status = 200
            wanted = self.headers.get("Range")
            if wanted and local.has_ranges and self.headers.get("If-Range", etag) == etag:
                first, _, last = wanted.removeprefix("bytes=").partition("-")
                begin, end = int(first), min(int(last) if last else len(body) - 1, len(body) - 1)
                headers["Content-Range"] = f"bytes {begin}-{end}/{len(body)}"
                status, body = 206, body[begin : end + 1]
            self.send(seen, status, headers | trouble.headers, body, trouble)

        def send(
            self, seen: Seen, status: int, headers: dict[str, str], body: bytes, trouble: Trouble | None = None
        ) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            trouble = trouble or Trouble()
            stop = trouble.cut_after if trouble.cut_after is not None else trouble.stall_after
            seen.n_bytes = len(body[:stop])
            self.wfile.write(body[:stop])
            self.wfile.flush()
            if trouble.stall_after is not None:
                local.stalled.set()
                local.released.wait(60)
            if stop is not None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that has hung up is what these tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    local = LocalServer(address=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield local
    finally:
        local.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
