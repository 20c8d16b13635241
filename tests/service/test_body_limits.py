"""What a request may bring: bytes, and how fast; without a server, and on one over a socket."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from service_fixtures import run_apart
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from hotspots.service.app import HeaderDeadline
from hotspots.service.door import LEAST_BYTES_PER_S, MAX_FORM_BYTES, UPLOAD_PATHS, BodyLimits
from hotspots.service.state import ServiceSettings

MEGABYTE = 2**20


class Sent:
    """A request that comes in parts, with a pause before each, and its answer."""

    def __init__(self, parts: Sequence[tuple[float, bytes]], *, path: str = "/", headers: dict[str, str] | None = None):
        self.parts = list(parts)
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        }
        self.answers: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self.parts:
            await asyncio.sleep(3_600)
        pause, body = self.parts.pop(0)
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": body, "more_body": bool(self.parts)}

    async def send(self, message: Any) -> None:
        self.answers.append(message)


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers how many bytes it was sent, or with what status it was told to stop."""
    from starlette.exceptions import HTTPException

    n_bytes = 0
    try:
        async for part in Request(scope, receive).stream():
            n_bytes += len(part)
    except HTTPException as error:
        await PlainTextResponse(error.detail, error.status_code, error.headers)(scope, receive, send)
        return
    await PlainTextResponse(str(n_bytes))(scope, receive, send)


def run(sent: Sent, service: ServiceSettings, *, grace_s: float = 5.0) -> tuple[int, str, dict[bytes, bytes]]:
    limits = BodyLimits(read_all, service, grace_s=grace_s)
    run_apart(limits(sent.scope, sent.receive, sent.send))
    begin, *bodies = sent.answers
    return begin["status"], b"".join(one.get("body", b"") for one in bodies).decode(), dict(begin["headers"])


CHUNKED = {"Transfer-Encoding": "chunked"}


@pytest.mark.parametrize("path", ["/", "/sign-in", "/uploads/x/keep", "/uploads2", "/UPLOADS"])
def test_all_but_files_is_small(path: str, service: ServiceSettings) -> None:
    half = b"x" * (MAX_FORM_BYTES // 2)
    assert run(Sent([(0, half), (0, half)], path=path, headers=CHUNKED), service)[:2] == (200, str(MAX_FORM_BYTES))
    status, _, headers = run(Sent([(0, half), (0, half), (0, b"x")], path=path, headers=CHUNKED), service)
    assert (status, headers[b"connection"]) == (413, b"close")


@pytest.mark.parametrize("path", UPLOAD_PATHS)
def test_a_file_may_be_as_large_as_the_settings_say(path: str, service: ServiceSettings) -> None:
    told = service.model_copy(update={"max_upload_mb": 2})
    parts = [(0.0, b"x" * MEGABYTE)] * 2
    assert run(Sent(parts, path=path, headers=CHUNKED), told)[:2] == (200, str(2 * MEGABYTE))
    assert run(Sent([*parts, (0, b"x" * MEGABYTE)], path=path, headers=CHUNKED), told)[0] == 413


def test_what_comes_too_slowly_is_ended_and_what_comes_in_time_is_not(service: ServiceSettings) -> None:
    slow = [(0.05, b"x")] * 10
    status, said, headers = run(Sent(slow, headers=CHUNKED), service, grace_s=0.2)
    assert (status, headers[b"connection"]) == (408, b"close")
    assert "too slowly" in said
    fast = [(0.05, b"x" * int(LEAST_BYTES_PER_S * 0.1))] * 10  # twice as fast as it has to be
    assert run(Sent(fast, headers=CHUNKED), service, grace_s=0.2)[0] == 200
    assert run(Sent([(0, b"x"), (3_600, b"x")], headers=CHUNKED), service, grace_s=0.1)[0] == 408


def test_the_time_that_the_service_takes_is_not_the_senders(service: ServiceSettings) -> None:
    async def read_slowly(scope: Any, receive: Any, send: Any) -> None:
        async for _ in Request(scope, receive).stream():
            await asyncio.sleep(0.1)
        await PlainTextResponse("read")(scope, receive, send)

    sent = Sent([(0, b"x")] * 5, headers=CHUNKED)
    run_apart(BodyLimits(read_slowly, service, grace_s=0.2)(sent.scope, sent.receive, sent.send))
    assert sent.answers[0]["status"] == 200


def test_whoever_only_waits_for_an_answer_is_waited_for(service: ServiceSettings) -> None:
    """After the body one waits for a browser that leaves: an event stream does so for as long as it lasts."""

    async def wait_for_leaving(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.request"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(receive(), 0.3)
        await PlainTextResponse("waited")(scope, receive, send)

    for headers in ({}, {"Content-Length": "1"}):
        sent = Sent([(0, b"x" if headers else b"")], headers=headers)
        run_apart(BodyLimits(wait_for_leaving, service, grace_s=0.1)(sent.scope, sent.receive, sent.send))
        assert sent.answers[0]["status"] == 200


@pytest.mark.slow
@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "pieces",
    [[b""], [b"GET / HT"], [b"GET / HTTP/1.1\r\n"] + [b"X: y\r\n"] * 400],
    ids=["nothing", "half a line", "one header after the other"],
)
def test_a_connection_that_does_not_say_what_it_wants_is_ended(
    pieces: list[bytes], serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HeaderDeadline, "headers_due_s", 0.3)
    host, _, port = serve().partition("://")[2].partition(":")
    began_at = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.01)
            while connection.recv(1_000):
                pass
        except ConnectionError:
            pass
    assert time.monotonic() - began_at < 4


@pytest.mark.slow
@pytest.mark.parametrize("database_address", ["sqlite"], indirect=True)
def test_a_connection_that_is_kept_serves_on(serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeaderDeadline, "headers_due_s", 0.3)
    host, _, port = serve().partition("://")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            received = b""
            while b"alive" not in received:
                part = connection.recv(10_000)
                assert part
                received += part
            time.sleep(0.5)
