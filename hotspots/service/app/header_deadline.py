"""Connections that do not say what they want: ended, so that none keeps a place by sending a letter now and then."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_DUE_S = 20.0
"""From the first moment of a connection, or the first byte of its next request, to the end of the headers."""


class HeaderDeadline(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, which itself waits for headers as long as they take."""

    headers_due_s = HEADERS_DUE_S
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._wait_or_stop()

    def data_received(self, data: bytes) -> None:
        """Wait on as long as the headers are not complete."""
        super().data_received(data)
        self._wait_or_stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._stop()

    def _wait_or_stop(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.headers_due_s, self.transport.close)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
