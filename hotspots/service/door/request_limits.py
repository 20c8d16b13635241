"""How many requests are answered: by person, and by address of those who have not signed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from hotspots.service.people import TooManyAttemptsError, group_address

Kind = Literal["person", "stranger", "sign in", "upload", "readiness"]

UPLOAD_PATHS = ("/uploads", "/api/v1/uploads")
"""Where files are sent to; everything else is a form or a question, and small."""
LIMITS: dict[Kind, RateLimitItem] = {
    "person": RateLimitItemPerMinute(1_200),
    "stranger": RateLimitItemPerMinute(600),
    "readiness": RateLimitItemPerMinute(600),
    "sign in": RateLimitItemPerMinute(300),
    "upload": RateLimitItemPerHour(60),
}
"""A page has some 20 files, so that a person may open one each second. Offices have one address: fifty people may sign
in there in the same minute, mistype, and try again. Wrong passwords have rules of their own, which are kept in the
database."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """Counts of the last minute or hour, in the memory of this process."""

    _limiter: SlidingWindowCounterRateLimiter = field(
        default_factory=lambda: SlidingWindowCounterRateLimiter(MemoryStorage())
    )

    def count(self, kind: Kind, who: str) -> None:
        """Count a request.

        Args:
            kind: Of limit.
            who: Id of an account, or an address.

        Raises:
            TooManyAttemptsError: There were too many.
        """
        who = group_address(who) if kind in ("stranger", "sign in") else who
        if not self._limiter.hit(LIMITS[kind], kind, who):
            raise TooManyAttemptsError(
                "Too many requests came from you, or from where you are. Try again a little later.",
                retry_after_s=max(1, int(LIMITS[kind].get_expiry() / 4)),
            )
