from __future__ import annotations

import datetime as dt
import email.utils
import gzip
import hashlib
import io
import itertools
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_server import LocalServer, Trouble, run_server

from hotspots.errors import NetworkError, NotFoundError
from hotspots.ingest.fetch import download
from hotspots.ingest.fetch.download import (
    ATTEMPTS,
    Connection,
    RangesIgnoredError,
    RemoteFile,
    read_record,
    replace_whole,
    write_record,
)

CONTENT = random.Random(1).randbytes(3_000_000)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with run_server() as local:
        local.files["/file"] = CONTENT
        yield local


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def connection(waits: list[float]) -> Iterator[Connection]:
    with Connection(sleep=waits.append) as opened:
        yield opened


def receive(connection: Connection, server: LocalServer, path: str = "/file", **options: Any) -> bytes:
    sink = io.BytesIO()
    connection.receive(server.address + path, sink, **{"max_bytes": 10_000_000} | options)
    return sink.getvalue()


def test_a_file_arrives_as_it_is(server: LocalServer, connection: Connection) -> None:
    assert receive(connection, server) == CONTENT
    assert receive(connection, server, start=10, stop=20) == CONTENT[10:20]


def test_a_cut_connection_is_taken_up_where_it_broke_off(
    server: LocalServer, connection: Connection, waits: list[float]
) -> None:
    server.troubles = [Trouble(cut_after=1_000_000)]
    assert receive(connection, server) == CONTENT
    first, second = server.seen
    assert first.range is None
    assert second.range is not None
    begin = int(second.range.removeprefix("bytes=").rstrip("-"))
    assert 0 < begin <= 1_000_000
    assert second.headers["If-Range"] == f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert second.n_bytes == len(CONTENT) - begin
    assert len(waits) == 1


def test_a_part_is_taken_up_too(server: LocalServer, connection: Connection) -> None:
    etag = f'"{hashlib.md5(CONTENT).hexdigest()}"'
    server.troubles = [Trouble(cut_after=600_000), Trouble(cut_after=600_000)]
    assert receive(connection, server, start=500_000, stop=2_000_000, validator=etag) == CONTENT[500_000:2_000_000]
    begins = [int(str(request.range).removeprefix("bytes=").split("-")[0]) for request in server.seen]
    assert begins[0] == 500_000
    assert begins == sorted(begins)
    assert begins[2] > begins[1] > begins[0]


def test_a_server_without_ranges_starts_over(server: LocalServer, connection: Connection) -> None:
    server.has_ranges = False
    server.troubles = [Trouble(cut_after=1_000_000)]
    assert receive(connection, server) == CONTENT
    assert server.seen[1].n_bytes == len(CONTENT)
    with pytest.raises(RangesIgnoredError):
        receive(connection, server, stop=1)


def test_a_file_that_changed_between_is_not_pieced_together(server: LocalServer, connection: Connection) -> None:
    server.troubles = [Trouble(cut_after=1_000_000)]
    changed = CONTENT[::-1]
    first = [CONTENT]
    server.answers = [lambda path, query: (first.pop() if first else changed) if path == "/moving" else None]
    assert receive(connection, server, "/moving") == changed


def test_a_part_of_a_file_that_changed_is_refused(server: LocalServer, connection: Connection) -> None:
    with pytest.raises(NetworkError, match=r"/file was replaced while it was being read\. Run the same command again"):
        receive(connection, server, start=5, stop=9, validator='"another"')


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again(
    status: int, server: LocalServer, connection: Connection, waits: list[float]
) -> None:
    server.troubles = [Trouble(status=status), Trouble(status=status)]
    assert receive(connection, server) == CONTENT
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 2.0


def test_failing_for_ever_ends(server: LocalServer, connection: Connection, waits: list[float]) -> None:
    server.always = Trouble(status=500)
    with pytest.raises(NetworkError, match=rf"127\.0\.0\.1 answers HTTP 500, {ATTEMPTS} times in a row\. Check the"):
        receive(connection, server)
    assert len(server.seen) == ATTEMPTS
    assert all(2.0**n / 2 <= wait <= 2.0**n for n, wait in enumerate(waits))


def test_breaking_off_at_the_same_place_for_ever_ends(server: LocalServer, connection: Connection) -> None:
    server.has_ranges = False
    server.always = Trouble(cut_after=1000)
    with pytest.raises(NetworkError, match="broke off"):
        receive(connection, server)


def test_moving_on_by_a_little_each_time_is_not_failing(server: LocalServer, connection: Connection) -> None:
    server.troubles = [Trouble(cut_after=300_000)] * (ATTEMPTS + 2)
    assert receive(connection, server) == CONTENT


def test_a_server_that_falls_silent_is_asked_again(
    server: LocalServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", (5.0, 0.2))
    server.troubles = [Trouble(stall_after=1_000_000)]
    assert receive(connection, server) == CONTENT
    assert server.seen[1].range is not None


def test_nobody_there(connection: Connection) -> None:
    with run_server() as gone:
        address = gone.address
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1 cannot be reached or broke off"):
        connection.receive(f"{address}/file", io.BytesIO(), max_bytes=1)


def test_retry_after_is_honoured(server: LocalServer, connection: Connection, waits: list[float]) -> None:
    in_a_minute = email.utils.format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60), usegmt=True)
    server.troubles = [
        Trouble(status=429, headers={"Retry-After": "7"}),
        Trouble(status=503, headers={"Retry-After": in_a_minute}),
        Trouble(status=503, headers={"Retry-After": "soon"}),
    ]
    assert receive(connection, server) == CONTENT
    assert waits[0] == 7.0
    assert 0.0 < waits[1] <= 60.0
    assert waits[2] <= 4.0


def test_being_asked_to_wait_for_long_is_said(server: LocalServer, connection: Connection) -> None:
    server.troubles = [Trouble(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(NetworkError, match="asks to wait 3,600 seconds"):
        receive(connection, server)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_nothing_there(status: int, server: LocalServer, connection: Connection) -> None:
    server.always = Trouble(status=status)
    with pytest.raises(NotFoundError, match=rf"/file \(HTTP {status}\): it is not published there, or this network"):
        receive(connection, server)
    assert len(server.seen) == 1


def test_a_status_that_means_nothing_here(server: LocalServer, connection: Connection) -> None:
    server.always = Trouble(status=418)
    with pytest.raises(NetworkError, match="/file answers HTTP 418"):
        receive(connection, server)


def test_a_web_page_is_not_data(server: LocalServer, connection: Connection) -> None:
    page = b"<html><head><title>Guest\n Wi-Fi</title></head></html>"
    server.always = Trouble(headers={"Content-Type": "text/html; charset=utf-8"}, body=page)
    with pytest.raises(NetworkError, match='should give data, but gave a web page called "Guest Wi-Fi"'):
        receive(connection, server)


def test_more_than_may_come_is_refused(server: LocalServer, connection: Connection) -> None:
    with pytest.raises(NetworkError, match="/file sends more than the 1,000 bytes allowed"):
        receive(connection, server, max_bytes=1000)
    assert len(server.seen) == 1


def test_redirects_go_to_https_or_within_this_machine_only(server: LocalServer, connection: Connection) -> None:
    server.redirects = {"/moved": f"{server.address}/file", "/away": "http://example.com/file"}
    assert receive(connection, server, "/moved") == CONTENT
    with pytest.raises(NetworkError, match=r"over https only; http://example\.com was given or redirected to"):
        receive(connection, server, "/away")
    with pytest.raises(NetworkError, match=r"over https only; ftp://example\.com"):
        connection.receive("ftp://example.com/file", io.BytesIO(), max_bytes=1)


def test_endless_redirects_end(server: LocalServer, connection: Connection) -> None:
    server.redirects = {"/round": f"{server.address}/round"}
    with pytest.raises(NetworkError, match="/round cannot be fetched: Exceeded 5 redirects"):
        receive(connection, server, "/round")


@pytest.mark.parametrize(
    "target", ["https://[", "//[::1", "https://a b:99999999/", "https://..a/", f"https://{'a' * 300}/", "https://\xff/"]
)
def test_redirects_to_what_is_no_address(target: str, server: LocalServer, connection: Connection) -> None:
    server.redirects = {"/lost": target}
    with pytest.raises(NetworkError, match=r"/lost cannot be fetched: .+\. Check the address and the proxy settings"):
        receive(connection, server, "/lost")


def test_what_comes_with_a_redirect_is_not_read_to_its_end(server: LocalServer, connection: Connection) -> None:
    def redirect() -> Iterator[bytes]:
        yield f"HTTP/1.1 302 Found\r\nLocation: {server.address}/file\r\n\r\n".encode()
        yield from itertools.repeat(b"x" * 10_000, 5000)

    server.troubles = [Trouble(raw=redirect())]
    assert receive(connection, server) == CONTENT
    assert server.seen[0].n_bytes < 20_000_000  # what fits between the two of them


def test_a_size_of_thousands_of_digits_is_no_size(server: LocalServer, connection: Connection) -> None:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + b"9" * 5000
    server.troubles = [Trouble(raw=[head, b"\r\n\r\nabc"])]
    assert receive(connection, server) == b"abc"


def test_what_was_found_is_told_without_the_query(server: LocalServer, connection: Connection) -> None:
    server.redirects = {"/moved": f"{server.address}/file?key=secret"}
    found = connection.receive(f"{server.address}/moved", io.BytesIO(), max_bytes=10_000_000)
    assert found.address == f"{server.address}/file"
    assert found.n_bytes == len(CONTENT)
    assert found.validator == f'"{hashlib.md5(CONTENT).hexdigest()}"'


def test_progress_counts_to_the_end(server: LocalServer, connection: Connection) -> None:
    told: list[tuple[int, int | None]] = []
    receive(connection, server, progress=lambda n_bytes, total: told.append((n_bytes, total)))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def read_json(connection: Connection, server: LocalServer) -> Any:
    document, n_bytes = connection.read_json(
        f"{server.address}/query", {"f": "json"}, is_busy=lambda answer: "busy" in answer
    )
    assert n_bytes >= len(json.dumps(document))
    return document


def test_json_is_read_and_what_breaks_off_or_is_busy_is_read_again(
    server: LocalServer, connection: Connection, waits: list[float]
) -> None:
    server.files["/query"] = b'{"a": 1}'
    server.troubles = [Trouble(body=b'{"a": '), Trouble(body=b'{"busy": true}'), Trouble(cut_after=3)]
    assert read_json(connection, server) == {"a": 1}
    assert len(waits) == 3
    assert server.seen[0].query == {"f": "json"}


def test_packed_json_is_unpacked(server: LocalServer, connection: Connection) -> None:
    packed = gzip.compress(json.dumps({"a": [1] * 1000}).encode())
    server.always = Trouble(headers={"Content-Encoding": "gzip"}, body=packed)
    assert read_json(connection, server) == {"a": [1] * 1000}


def test_a_web_page_under_another_name_is_not_json(server: LocalServer, connection: Connection) -> None:
    server.always = Trouble(headers={"Content-Type": "application/json"}, body=b" <!doctype html>")
    with pytest.raises(NetworkError, match=r"/query should give a JSON document, but gave a web page\. The network"):
        read_json(connection, server)


def test_a_document_that_never_ends_well(server: LocalServer, connection: Connection) -> None:
    server.always = Trouble(body=b'{"a": ')
    with pytest.raises(NetworkError, match="sent a document that breaks off, or is not JSON, 6 times in a row"):
        read_json(connection, server)


@settings(max_examples=25)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([io.SEEK_SET, io.SEEK_CUR, io.SEEK_END]), st.integers(-500, 5000), st.integers(0, 900)
        ),
        max_size=12,
    )
)
@pytest.mark.slow
def test_a_remote_file_reads_like_one_here(steps: list[tuple[int, int, int]]) -> None:
    content = CONTENT[:5000]
    with pytest.MonkeyPatch.context() as patch, run_server() as server, Connection() as connection:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setattr(download, "TAIL_BYTES", 700)
        patch.setattr(download, "BLOCK_BYTES", 300)
        server.files["/file"] = content
        here, there = io.BytesIO(content), RemoteFile(connection, f"{server.address}/file")
        for whence, offset, n_bytes in steps:
            target = {io.SEEK_SET: 0, io.SEEK_CUR: here.tell(), io.SEEK_END: len(content)}[whence] + offset
            assert there.seek(offset, whence) == here.seek(max(target, 0))
            assert there.read(n_bytes) == here.read(n_bytes)
            assert there.tell() == here.tell()


def test_a_remote_file_without_ranges_or_without_a_version_is_refused(
    server: LocalServer, connection: Connection
) -> None:
    server.troubles = [Trouble(headers={"ETag": 'W/"weak"'})]
    with pytest.raises(RangesIgnoredError):
        RemoteFile(connection, f"{server.address}/file")
    server.has_ranges = False
    with pytest.raises(RangesIgnoredError):
        RemoteFile(connection, f"{server.address}/file")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"old")

    def break_off() -> None:
        with replace_whole(path) as part:
            part.write_bytes(b"ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert [file.name for file in tmp_path.iterdir()] == ["file.csv"]
    assert path.read_bytes() == b"old"
    with replace_whole(path) as part:
        part.write_bytes(b"new")
        assert part.name.startswith(".")
        assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file.csv"]
    assert path.read_bytes() == b"new"


def test_a_record_holds_as_long_as_its_file_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    assert read_record(path) is None
    path.write_bytes(b"abc")
    assert read_record(path) is None
    write_record(path, {"address": "https://example.com/é"})
    record = read_record(path)
    assert record is not None
    assert record["address"] == "https://example.com/é"
    assert record["n_bytes"] == 3
    # SHA-256 of "abc", FIPS 180-2, appendix B.1
    assert record["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", record["fetched_at"])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["file.csv", "file.csv.source"]
    path.write_bytes(b"abd")
    assert read_record(path) is None
    for damaged in ("[", "[]", "null", "[" * 100_000):
        path.with_name("file.csv.source").write_text(damaged, "utf-8")
        assert read_record(path) is None
