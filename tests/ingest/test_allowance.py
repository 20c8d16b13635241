from __future__ import annotations

import io
import itertools
import time
from collections.abc import Callable, Iterator

import pytest
from local_server import LocalServer, Trouble, run_server

from hotspots.errors import NetworkError
from hotspots.ingest.fetch import allowance
from hotspots.ingest.fetch.allowance import MAX_BYTES, MAX_S, MIN_BYTES, WINDOW_S, Allowance
from hotspots.ingest.fetch.download import Connection

OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with run_server() as local:
        local.files["/file"] = bytes(100_000)
        yield local


@pytest.fixture
def receive(server: LocalServer) -> Iterator[Callable[[], object]]:
    with Connection(sleep=lambda seconds: None) as connection:
        yield lambda: connection.receive(f"{server.address}/file", io.BytesIO(), max_bytes=10**9)


def give_slowly(*parts: bytes, size: int = 1) -> Iterator[bytes]:
    """Some bytes at once, and the last of them over and over, as one who does not want to be done."""
    yield from parts[:-1]
    for _ in range(500):
        time.sleep(0.01)
        yield parts[-1] * size


@pytest.mark.parametrize(
    "answer",
    [
        [OK + b"\r\n", b"x" * 10_000],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n", b"3e8\r\n" + b"x" * 1000 + b"\r\n"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
    ],
    ids=["data", "chunks", "statuses"],
)
def test_bytes_in_all_have_a_limit(
    answer: list[bytes], server: LocalServer, receive: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "MAX_BYTES", 300_000)
    server.always = Trouble(raw=itertools.chain(answer[:-1], itertools.repeat(answer[-1])))
    with pytest.raises(
        NetworkError,
        match=r"^One command may fetch 300,000 bytes; 127\.0\.0\.1 sent more\. To fetch the rest, run the same command",
    ):
        receive()
    assert len(server.seen) == 1


def test_files_count_together(
    server: LocalServer, receive: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "MAX_BYTES", 250_000)
    receive()
    receive()
    with pytest.raises(NetworkError, match="One command may fetch 250,000 bytes"):
        receive()


def test_time_in_all_has_a_limit(
    server: LocalServer, receive: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "MAX_S", 0.2)
    server.always = Trouble(raw=give_slowly(OK + b"\r\n", b"x", size=10_000))
    with pytest.raises(NetworkError, match=r"may fetch for .* hours; after them 127\.0\.0\.1 was still sending"):
        receive()


@pytest.mark.parametrize(
    "answer",
    [
        [OK + b"\r\n", b"x"],
        [OK + b"Content-Length: 100000\r\n\r\n", b"x"],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"],
        [b"HTTP/1.1 200 ", b"x"],
        [OK + b"X-Name: ", b"x"],
        [b"HTTP/1.1 302 Found\r\nLocation: /file\r\n\r\n", b"x"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
    ],
    ids=["data", "data of a known size", "chunks", "size of a chunk", "status", "header", "redirect", "statuses"],
)
def test_a_byte_now_and_then_is_too_slow(
    answer: list[bytes], server: LocalServer, receive: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowance, "WINDOW_S", 0.2)
    monkeypatch.setattr(allowance, "MIN_BYTES", 5000)
    server.always = Trouble(raw=give_slowly(*answer))
    begin = time.monotonic()
    with pytest.raises(NetworkError, match=r"At least 5,000 bytes must come in .* minutes; \d+ came, lately from 127"):
        receive()
    assert time.monotonic() - begin < 2.0


def test_a_proxy_counts_as_well(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.address)
    monkeypatch.setattr(allowance, "MAX_BYTES", 300_000)
    server.always = Trouble(raw=itertools.repeat(b"HTTP/1.1 200 " + b"x" * 50_000))
    with (
        Connection(sleep=lambda seconds: None) as connection,
        pytest.raises(NetworkError, match=r"One command may fetch 300,000 bytes; files\.example sent more"),
    ):
        connection.receive("https://files.example/file", io.BytesIO(), max_bytes=10**9)


def test_beginning_anew_for_ever_is_too_slow(
    server: LocalServer, receive: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each attempt brings a little more, so that none of them counts as a failure."""
    monkeypatch.setattr(allowance, "WINDOW_S", 0.2)
    monkeypatch.setattr(allowance, "MIN_BYTES", 10**9)
    server.files["/file"] = bytes(50_000_000)
    server.always = Trouble(cut_after=70_000)
    with pytest.raises(NetworkError, match="At least 1,000,000,000 bytes must come"):
        receive()


def test_slow_lines_bring_what_can_be_asked_for() -> None:
    """Six archives of 2.5 GB each over 2 Mbit/s; and a small fetch over a line at the least speed."""
    now = 0.0
    slow = Allowance(clock=lambda: now)
    for _ in range(6 * 2500):
        now += 8e6 / 2e6
        slow.take(1_000_000, "files.example")
    assert now < MAX_S
    assert MAX_BYTES > 6 * 2.5e9

    now = 0.0
    slowest = Allowance(clock=lambda: now)
    while now < MAX_S - WINDOW_S:
        now += WINDOW_S / 100
        slowest.take(MIN_BYTES // 95, "files.example")


def test_a_pause_is_forgiven_where_enough_came_before_it() -> None:
    now = 0.0
    paused = Allowance(clock=lambda: now)
    paused.take(MIN_BYTES, "files.example")
    now = WINDOW_S + 1
    paused.take(1, "files.example")
    now = 2 * WINDOW_S + 2
    with pytest.raises(
        NetworkError, match=r"At least 1,048,576 bytes must come in 30 minutes; 0 came, lately from fil"
    ):
        paused.take(0, "files.example")
