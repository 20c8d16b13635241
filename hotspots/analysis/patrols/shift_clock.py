"""The hours of a shift on the local clock, over midnight and over the change of the clocks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from hotspots.analysis.patrols.patrol_shift import PatrolBreak
from hotspots.errors import ParameterError

Integers = npt.NDArray[np.int64]

BREAK_LEEWAY_MINUTES: Final = 60
"""How much later than stated a break may begin, so that a visit is not cut short for it."""

_HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftClock:
    """When a shift is.

    Attributes:
        begin_at: UTC.
        edges_s: int (n_hours + 1,), where hours of the local clock begin and end, seconds after the shift begins: 0
            first, its length last. A night on which clocks go back has an hour more, and one that they go forward an
            hour less.
        hour_of_week: int (n_hours,), of each on the local clock, Monday 00:00-00:59 being 0.
        zone: Of the local clock.
    """

    begin_at: dt.datetime
    edges_s: Integers
    hour_of_week: Integers
    zone: ZoneInfo

    @property
    def length_s(self) -> int:
        """Of the shift, seconds."""
        return int(self.edges_s[-1])

    def tell(self, seconds: int) -> dt.datetime:
        """The local time, with its zone, so many seconds after the shift begins."""
        return (self.begin_at + dt.timedelta(seconds=int(seconds))).astimezone(self.zone)

    def find(self, time: dt.time) -> int | None:
        """When the local clock first shows a time in the shift, seconds after it begins; None where it never does."""
        first = self.tell(0).replace(tzinfo=None)
        for day in (first.date(), first.date() + dt.timedelta(days=1)):
            at = _find_moment(day, time, self.zone)
            seconds = -1 if at is None else int((at - self.begin_at).total_seconds())
            if 0 <= seconds < self.length_s:
                return seconds
        return None


def read_clock(day: dt.date, begin: dt.time, end: dt.time, *, time_zone: str) -> ShiftClock:
    """The hours of a shift.

    Args:
        day: On which it begins.
        begin: On the local clock.
        end: Likewise; one that is not after the begin is on the next day.
        time_zone: IANA name of the zone of the local clock.

    Raises:
        ParameterError: The clock never shows one of the times on that day, since it goes forward over it.
    """
    zone = ZoneInfo(time_zone)
    last_day = day if end > begin else day + dt.timedelta(days=1)
    moments = []
    for date, time in ((day, begin), (last_day, end)):
        at = _find_moment(date, time, zone)
        if at is None:
            raise ParameterError(
                f"The clock never shows {time:%H:%M} on {date}: it goes forward over that hour. Give `shift` with "
                "another time."
            )
        moments.append(at)
    now, stop = moments
    edges, hours = [0], []
    while now < stop:
        local = now.astimezone(zone)
        hours.append(local.weekday() * 24 + local.hour)
        now = min(now + dt.timedelta(seconds=_HOUR_S - local.minute * 60 - local.second), stop)
        edges.append(int((now - moments[0]).total_seconds()))
    return ShiftClock(
        begin_at=moments[0],
        edges_s=np.array(edges, dtype=np.int64),
        hour_of_week=np.array(hours, dtype=np.int64),
        zone=zone,
    )


def place_breaks(clock: ShiftClock, breaks: tuple[tuple[int, dt.time], ...]) -> tuple[PatrolBreak, ...]:
    """Breaks at times of the local clock; each may begin up to an hour later, and before the next.

    Args:
        clock: The shift.
        breaks: Minutes of each, and when it begins.

    Raises:
        ParameterError: One does not lie in the shift.
    """
    found = []
    for minutes, time in breaks:
        at = clock.find(time)
        if at is None or minutes <= 0:
            raise ParameterError(
                f"A break must last a minute or more and begin in the shift, {clock.tell(0):%H:%M} to "
                f"{clock.tell(clock.length_s):%H:%M}; {minutes}@{time:%H:%M} does not. Correct `breaks`."
            )
        found.append((at, minutes * 60))
    found.sort()
    ends = [*(at for at, _ in found), clock.length_s][1:]
    return tuple(
        PatrolBreak(
            length_s=length,
            earliest_s=at,
            latest_s=max(min(at + BREAK_LEEWAY_MINUTES * 60, end - length), at),
        )
        for (at, length), end in zip(found, ends, strict=True)
    )


def _find_moment(day: dt.date, time: dt.time, zone: ZoneInfo) -> dt.datetime | None:
    """The moment in UTC, the first where the clock shows it twice; None where it never shows it."""
    local = dt.datetime.combine(day, time, tzinfo=zone)
    at = local.astimezone(dt.UTC)
    return at if at.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None) else None
