"""The queue before the door: whoever signs in waits for their turn, and keeps no thread from those who read meanwhile.

A password takes a tenth of a second and 64 MB to look at, so that only a few are looked at together. At nine o'clock an
office comes all at once, from one address: those who come first are served first, and nobody has to try again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync

from hotspots.service.people import AT_ONCE, TooManyAttemptsError, group_address

T = TypeVar("T")

MOST_WAITING, MOST_OF_ADDRESS = 300, 150
"""Of one address fewer than of all: one crowd does not keep everybody else outside."""
_AGAIN_S = 10


@dataclass(slots=True)
class _Queue:
    """Who waits, or is being looked at, by address."""

    turns: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_ONCE))
    waiting: Counter[str] = field(default_factory=Counter)


_queue: RunVar[_Queue] = RunVar("sign-ins")
"""Of this event loop."""


async def take_turn(act: Callable[[], T], *, address: str) -> T:
    """Do something in a thread, when those who came before have had their turn.

    Args:
        act: What.
        address: Who waits.

    Raises:
        TooManyAttemptsError: Very many wait already.
    """
    try:
        queue = _queue.get()
    except LookupError:
        _queue.set(queue := _Queue())
    address = group_address(address)
    if queue.waiting.total() >= MOST_WAITING or queue.waiting[address] >= MOST_OF_ADDRESS:
        raise TooManyAttemptsError("Very many are signing in at this moment. Try again soon.", retry_after_s=_AGAIN_S)
    queue.waiting[address] += 1
    try:
        return await run_sync(act, limiter=queue.turns)
    finally:
        queue.waiting[address] -= 1
        queue.waiting += Counter()  # forgets whoever does not wait any more
