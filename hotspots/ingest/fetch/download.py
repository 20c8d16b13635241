"""HTTP over bad networks: retries, resuming and checks, and files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import hashlib
import io
import json
import os
import re
import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import truststore
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

from hotspots.errors import DataError, NetworkError, NotFoundError
from hotspots.ingest.fetch.allowance import Allowance, count_all_bytes
from hotspots.ingest.fetch.answers import shorten

T = TypeVar("T")

ATTEMPTS = 6
"""How many times in a row a server may fail without giving one byte more."""

MAX_WAIT_S = 120.0
"""How long a server may ask to wait; beyond it the user had better come back later."""

Progress = Callable[[str], None]
"""Called with a line on what is being done."""

MAX_JSON_BYTES = 128 * 1024**2
MAX_PART_BYTES = 512 * 1024**2
"""What is held in memory of a remote file."""

RECORD_SUFFIX = ".source"
"""Not a suffix of data, so that a folder is read as if the records were not there."""

_PART_PREFIX = ".part-"
"""Names that begin with a dot are passed over where a folder is read."""

TIMEOUT_S = (20.0, 60.0)
_CHUNK_BYTES = 64 * 1024
BLOCK_BYTES = 64 * 1024
TAIL_BYTES = 1024**2
_PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_ABSENT_STATUSES = frozenset({403, 404, 410})  # file stores answer 403 for a name that they do not hold
_LOCAL = "127.0.0.1"


class RangesIgnoredError(Exception):
    """The server sends whole files only."""


class _PassingError(Exception):
    """What may be gone at the next attempt."""

    def __init__(self, reason: str, *, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFile:
    """One file that was asked for.

    Attributes:
        path: Where it is.
        n_bytes: Its size.
        is_new: Whether it was fetched now; if not, it was there already.
        attribution: The words that its licence asks for.
    """

    path: Path
    n_bytes: int
    is_new: bool
    attribution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a fetch came to.

    Attributes:
        files: In the order of forces and months, or of boroughs.
        not_submitted: Force and month for which the archive holds no file, although it covers that month.
    """

    files: tuple[FetchedFile, ...]
    not_submitted: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """What a server holds under an address at one moment.

    Attributes:
        address: Where it was found, after redirects, without a query.
        n_bytes: Its size, or None where the server does not tell.
        validator: Its ETag or date of change, which tells it from what may be there later; empty if there is none.
    """

    address: str
    n_bytes: int | None
    validator: str


class _Adapter(HTTPAdapter):
    """Trusts what this machine trusts, as councils inspect TLS with a certificate of their own; counts what comes."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        count_all_bytes(pool, self._allowance)
        return pool

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT), **kwargs)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return super().proxy_manager_for(*args, ssl_context=context, **kwargs)


class _Session(requests.Session):
    """Follows redirects only to https, or within this machine."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is not None:
            _require_safe(urljoin(resp.url, target), is_local_allowed=urlsplit(resp.url).hostname == _LOCAL)
            if not resp.raw.closed:
                # requests would hold all that comes with it; what is short is read, so that the connection can go on
                next(resp.iter_content(_CHUNK_BYTES), b"")
                resp.close()
        return target


def _require_safe(address: str, *, is_local_allowed: bool = True) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == _LOCAL and is_local_allowed):
        return
    raise NetworkError(
        f"Data are fetched over https only; {shorten(f'{parts.scheme}://{parts.hostname}')} was given or "
        "redirected to. Somebody on the network may be in between: ask who runs it."
    )


class Connection:
    """A session with servers that may be slow, busy or cut off, for one command with its allowance.

    Args:
        sleep: Waits between attempts, in seconds.
    """

    def __init__(self, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._session = _Session()
        self._session.max_redirects = 5
        self._session.headers["User-Agent"] = "hotspots"
        adapter = _Adapter(Allowance())
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def read_json(self, url: str, query: Mapping[str, str], *, is_busy: Callable[[Any], bool]) -> tuple[Any, int]:
        """The JSON document under an address, and its size in bytes.

        Args:
            url: The address.
            query: What to ask for.
            is_busy: Whether a document says to try again.

        Raises:
            NotFoundError: Nothing is there.
            NetworkError: The server cannot be reached, stays busy, or sends something else than JSON.
            DataError: It sends JSON that is nested too deep.
        """

        def attempt() -> tuple[Any, int]:
            sink = io.BytesIO()
            self._receive(url, sink, query=query, max_bytes=MAX_JSON_BYTES)
            content = sink.getvalue()
            if content.lstrip()[:1] == b"<":
                raise _not_expected(url, "a JSON document", content)
            try:
                document = json.loads(content, parse_constant=_refuse_constant)
            except ValueError as error:
                raise _PassingError("sent a document that breaks off, or is not JSON") from error
            except RecursionError as error:
                raise DataError(
                    f"JSON can be read to some depth; {url} sent it nested deeper. Run the same command again later."
                ) from error
            if is_busy(document):
                raise _PassingError("says that it is busy")
            return document, len(content)

        return self._persist(url, attempt)

    def receive(
        self,
        url: str,
        sink: BinaryIO,
        *,
        start: int = 0,
        stop: int | None = None,
        validator: str = "",
        max_bytes: int,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Representation:
        """Bytes `start` to `stop` of what is under an address, taken up again where a connection broke off.

        Args:
            url: The address.
            sink: An empty file, which takes the bytes.
            start: The first byte.
            stop: The byte after the last, or None for all.
            validator: What the server must still hold, or empty for whatever it holds.
            max_bytes: The most that may come.
            progress: Called with the number of bytes there, and of all.

        Raises:
            NotFoundError: Nothing is there.
            NetworkError: The server cannot be reached, stays busy, sends a web page or more than it may, or holds
                something else by now.
            RangesIgnoredError: A part was asked for, and the server sends everything.
        """
        held = validator

        def hold(found: Representation) -> None:
            nonlocal held
            held = found.validator or held

        def attempt() -> Representation:
            return self._receive(
                url,
                sink,
                start=start,
                stop=stop,
                validator=held,
                max_bytes=max_bytes,
                started=hold,
                progress=progress,
            )

        return self._persist(url, attempt, reached=lambda: sink.seek(0, io.SEEK_END))

    def _persist(self, url: str, attempt: Callable[[], T], *, reached: Callable[[], int] = lambda: 0) -> T:
        """Try until it works, or until nothing has moved for `ATTEMPTS` attempts."""
        failures, furthest = 0, reached()
        while True:
            try:
                return attempt()
            except _PassingError as trouble:
                if (position := reached()) > furthest:
                    failures, furthest = 0, position
                failures += 1
                if failures == ATTEMPTS:
                    raise NetworkError(
                        f"{urlsplit(url).hostname} {trouble}, {ATTEMPTS} times in a row. Check the connection, and "
                        "HTTPS_PROXY if there is a proxy, and run the same command again: files that are complete are "
                        "kept. Files downloaded by hand can be used as well."
                    ) from trouble
                wait_s = trouble.wait_s
                if wait_s is None:
                    wait_s = 2.0 ** (failures - 1) * secrets.SystemRandom().uniform(0.5, 1.0)
                if wait_s > MAX_WAIT_S:
                    raise NetworkError(
                        f"{urlsplit(url).hostname} asks to wait {wait_s:,.0f} seconds. Run the same command again "
                        "after that: files that are complete are kept."
                    ) from trouble
                self._sleep(wait_s)

    def _receive(
        self,
        url: str,
        sink: BinaryIO,
        *,
        query: Mapping[str, str] | None = None,
        start: int = 0,
        stop: int | None = None,
        validator: str = "",
        max_bytes: int,
        started: Callable[[Representation], None] | None = None,
        progress: Callable[[int, int | None], None] | None = None,
    ) -> Representation:
        """One attempt."""
        _require_safe(url)
        if not validator:
            sink.seek(0)
            sink.truncate()
        position = start + sink.seek(0, io.SEEK_END)
        headers = {} if query else {"Accept-Encoding": "identity"}  # packed bytes have other positions
        if position or stop is not None:
            headers["Range"] = f"bytes={position}-{'' if stop is None else stop - 1}"
            if validator:
                headers["If-Range"] = validator
        try:
            with self._session.get(url, params=query, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
                found = _describe(response)
                if response.status_code == requests.codes.requested_range_not_satisfiable:
                    if position == found.n_bytes:
                        return found  # all was there
                    sink.seek(0)
                    sink.truncate()
                    raise _PassingError("has no such part of the file")
                _refuse_status(url, response)
                if response.headers.get("Content-Type", "").startswith("text/html"):
                    raise _not_expected(url, "data", next(response.iter_content(_CHUNK_BYTES), b""))
                if response.status_code == requests.codes.partial_content:
                    if not response.headers.get("Content-Range", "").startswith(f"bytes {position}-"):
                        raise _PassingError("sent another part of the file than was asked for")
                    if validator and found.validator and found.validator != validator:
                        raise _replaced(url)
                elif start or stop is not None:
                    if not validator:
                        raise RangesIgnoredError
                    if found.validator != validator:
                        raise _replaced(url)
                    raise _PassingError("sent a whole file where a part was asked for")
                elif position:
                    sink.seek(0)
                    sink.truncate()
                    position = 0
                last = found.n_bytes if stop is None else stop
                if response.headers.get("Content-Encoding", "identity") != "identity":
                    last = None  # the length given is that of the packed bytes
                if last is not None and last - start > max_bytes:
                    raise _too_large(url, max_bytes)
                if started:
                    started(found)
                for chunk in response.iter_content(_CHUNK_BYTES):
                    sink.write(chunk)
                    position += len(chunk)
                    if position - start > max_bytes:
                        raise _too_large(url, max_bytes)
                    if progress:
                        progress(position, found.n_bytes)
        except requests.exceptions.SSLError as error:
            reason = _say_cause(error)
            if "certificate" in reason.lower():
                raise NetworkError(
                    f"This machine does not trust the certificate that {urlsplit(url).hostname} shows ({reason}). If "
                    "the network inspects encrypted traffic, ask who runs it to install its certificate here."
                ) from error
            raise _PassingError(f"broke off ({reason})") from error
        except (
            requests.exceptions.ConnectionError,
            requests.exceptions.Timeout,
            requests.exceptions.ChunkedEncodingError,
            requests.exceptions.ContentDecodingError,
        ) as error:
            raise _PassingError(f"cannot be reached or broke off ({_say_cause(error)})") from error
        except (requests.exceptions.RequestException, ValueError) as error:  # the latter: redirected to no address
            raise NetworkError(
                f"{url} cannot be fetched: {_say_cause(error)}. Check the address and the proxy settings."
            ) from error
        if last is not None and position < last:
            raise _PassingError("broke off")
        return found


class RemoteFile(io.RawIOBase):
    """A file on a server that answers range requests, read as if it were here.

    Args:
        connection: The session.
        url: Its address.

    Raises:
        RangesIgnoredError: The server sends whole files only.
        NotFoundError: Nothing is there.
        NetworkError: As for `Connection.receive`.
    """

    def __init__(self, connection: Connection, url: str) -> None:
        super().__init__()
        self._connection = connection
        self._url = url
        self._position = 0
        self._window_start, self._window = 0, b""
        self.found = connection.receive(url, io.BytesIO(), stop=1, max_bytes=1)
        if not self.found.n_bytes or not self.found.validator:
            raise RangesIgnoredError
        self.size = self.found.n_bytes
        self.load(self.size - TAIL_BYTES, self.size)  # where an archive has its directory

    def load(self, start: int, stop: int) -> None:
        """Fetch a part in one request, for what will be read next."""
        start, stop = max(start, 0), min(stop, self.size)
        if stop - start > MAX_PART_BYTES:
            raise _too_large(self._url, MAX_PART_BYTES)
        sink = io.BytesIO()
        self._connection.receive(
            self._url, sink, start=start, stop=stop, validator=self.found.validator, max_bytes=stop - start
        )
        self._window_start, self._window = start, sink.getvalue()

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, from what was loaded or else from the server."""
        n_bytes = min(len(buffer), self.size - self._position)
        if n_bytes <= 0:
            return 0
        begin = self._position - self._window_start
        if begin < 0 or begin + n_bytes > len(self._window):
            self.load(self._position, self._position + max(n_bytes, BLOCK_BYTES))
            begin = 0
        buffer[:n_bytes] = self._window[begin : begin + n_bytes]
        self._position += n_bytes
        return n_bytes


@contextlib.contextmanager
def replace_whole(path: Path) -> Iterator[Path]:
    """A name to write to: what is written there takes the place of a file when it is whole, and goes if it fails."""
    part = path.with_name(f"{_PART_PREFIX}{path.name}")
    part.unlink(missing_ok=True)
    try:
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())
        os.replace(part, path)  # noqa: PTH105
    finally:
        part.unlink(missing_ok=True)


def write_record(path: Path, facts: Mapping[str, Any]) -> None:
    """Write `<name>.source` beside a file: where it came from, when, under what licence, and its SHA-256."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    record = {
        "file": path.name,
        **facts,
        "fetched_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "n_bytes": path.stat().st_size,
        "sha256": sha256,
    }
    text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    with replace_whole(path.with_name(f"{path.name}{RECORD_SUFFIX}")) as part:
        part.write_bytes(text.encode())


def read_record(path: Path) -> dict[str, Any] | None:
    """The record beside a file, or None if there is none or the file is not the one it was written for."""
    try:
        record = json.loads(path.with_name(f"{path.name}{RECORD_SUFFIX}").read_text("utf-8"))
        with path.open("rb") as file:
            is_same = hashlib.file_digest(file, "sha256").hexdigest() == record["sha256"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return record if is_same else None


def describe_present(path: Path, record: dict[str, Any]) -> FetchedFile:
    """A file that was there already, by its record."""
    return FetchedFile(
        path=path, n_bytes=path.stat().st_size, is_new=False, attribution=str(record.get("attribution", ""))
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON, although Python reads it")


def _describe(response: requests.Response) -> Representation:
    headers = response.headers
    size = headers.get("Content-Length")
    if response.status_code in (
        requests.codes.partial_content,
        requests.codes.requested_range_not_satisfiable,
    ):
        size = headers.get("Content-Range", "").rpartition("/")[2]
    validator = headers.get("ETag", "")
    if not validator or validator.startswith("W/"):  # a weak one does not promise the same bytes
        validator = headers.get("Last-Modified", "")
    return Representation(
        address=response.url.partition("?")[0],  # a query may hold a key
        n_bytes=int(size) if size and re.fullmatch(r"[0-9]{1,18}", size) else None,
        validator=validator,
    )


def _refuse_status(url: str, response: requests.Response) -> None:
    status = response.status_code
    if status in _PASSING_STATUSES:
        raise _PassingError(f"answers HTTP {status}", wait_s=_read_wait(response.headers.get("Retry-After")))
    if status in _ABSENT_STATUSES:
        raise NotFoundError(
            f"Nothing can be fetched from {url} (HTTP {status}): it is not published there, or this network blocks it. "
            "Open the address in a browser to see which."
        )
    if status not in (requests.codes.ok, requests.codes.partial_content):
        raise NetworkError(f"{url} answers HTTP {status} {shorten(response.reason)}. Try again later.")


def _read_wait(text: str | None) -> float | None:
    """Seconds that a Retry-After header asks for, as a number or a date."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return max((moment - dt.datetime.now(dt.UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _say_cause(error: BaseException) -> str:
    """What went wrong, out of the errors wrapped around it, which may hold what a server sent."""
    while True:
        inner = getattr(error, "reason", None) or next(
            (arg for arg in error.args if isinstance(arg, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            return shorten(str(error))
        error = inner


def _not_expected(url: str, expected: str, content: bytes) -> NetworkError:
    title = re.search(rb"<title[^>]*>([^<]{1,80})", content, flags=re.IGNORECASE)
    called = f' called "{shorten(title[1].decode("utf-8", "replace"))}"' if title else ""
    return NetworkError(
        f"{url} should give {expected}, but gave a web page{called}. The network may have put its sign-in or block "
        "page in between: open the address in a browser, or ask who runs the network."
    )


def _replaced(url: str) -> NetworkError:
    return NetworkError(f"{url} was replaced while it was being read. Run the same command again.")


def _too_large(url: str, max_bytes: int) -> NetworkError:
    return NetworkError(
        f"{url} sends more than the {max_bytes:,} bytes allowed. Check the address; the data may have moved."
    )
