"""What one command may take of the network: bytes in all, time in all, and how slowly they may come."""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Callable
from typing import Any

from urllib3.connectionpool import HTTPConnectionPool

from hotspots.errors import NetworkError

MAX_BYTES = 16 * 1024**3
"""Room for several archives of all forces, where a network lets no parts of them through."""

MAX_S = 24 * 3600.0
"""All of that comes in a day over a line of 1.6 Mbit a second."""

MIN_BYTES = 1024**2
WINDOW_S = 1800.0
"""What must come in how long: half a kilobyte a second, with half an hour's grace for servers that are busy."""

_AGAIN = "run the same command again: files that are complete are kept."


class Allowance:
    """What is left for one command.

    Args:
        clock: Seconds, which only go forward.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._window_began = clock()
        self._n_bytes = self._n_bytes_in_window = 0

    def take(self, n_bytes: int, host: str) -> None:
        """Count bytes that a host has sent.

        Raises:
            NetworkError: That was too much, or took too long.
        """
        now = self._clock()
        self._n_bytes += n_bytes
        self._n_bytes_in_window += n_bytes
        if self._n_bytes > MAX_BYTES:
            raise NetworkError(
                f"One command may fetch {MAX_BYTES:,} bytes; {host} sent more. To fetch the rest, {_AGAIN} If that "
                "ends here too, ask for less at a time."
            )
        if now - self._began > MAX_S:
            raise NetworkError(
                f"One command may fetch for {MAX_S / 3600:g} hours; after them {host} was still sending. To fetch the "
                f"rest, {_AGAIN} If that ends here too, ask for less at a time."
            )
        if now - self._window_began > WINDOW_S:
            if self._n_bytes_in_window < MIN_BYTES:
                raise NetworkError(
                    f"At least {MIN_BYTES:,} bytes must come in {WINDOW_S / 60:g} minutes; {self._n_bytes_in_window:,} "
                    f"came, lately from {host}. The line or the server is stuck: check the connection, and {_AGAIN} "
                    "Files downloaded by hand can be used as well."
                )
            self._window_began, self._n_bytes_in_window = now, 0


def count_all_bytes(pool: HTTPConnectionPool, allowance: Allowance) -> None:
    """Have an allowance count whatever the connections of a pool receive: statuses and headers as well as data.

    Bytes are counted as they come off the socket: whoever asks for a line, or for many bytes at once, waits as long as
    a server gives one now and then.
    """

    class Response(http.client.HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
            super().__init__(sock, *args, **options)
            received = _Counted(self.fp.detach(), lambda n_bytes: allowance.take(n_bytes, pool.host))
            self.fp = io.BufferedReader(received)

    plain = type(pool).ConnectionCls
    pool.ConnectionCls = type(plain.__name__, (plain,), {"response_class": Response})


class _Counted(io.RawIOBase):
    """A stream that tells how many bytes are read of it."""

    def __init__(self, stream: io.RawIOBase, tell: Callable[[int], None]) -> None:
        super().__init__()
        self._stream = stream
        self._tell = tell

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        n_bytes = self._stream.readinto(buffer)
        self._tell(n_bytes or 0)
        return n_bytes

    def close(self) -> None:
        self._stream.close()
        super().close()
