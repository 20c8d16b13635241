"""Whether safe havens are open in each hour of one week."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from hotspots.analysis.hours import HOURS_IN_WEEK, OpeningCalendar, find_open_state
from hotspots.ingest.reference import OpeningRule

OPEN_ALL_HOUR: Final = "o"
OPEN_IN_PART: Final = "p"
CLOSED_ALL_HOUR: Final = "c"
NOT_KNOWN: Final = "?"

_MINUTES = np.arange(2.5, 60, 5)
"""Within each hour: opening hours are written in steps of five minutes."""


def find_week_states(
    rules: Sequence[Sequence[OpeningRule]], week: npt.NDArray[np.datetime64], *, calendar: OpeningCalendar
) -> list[str]:
    """Say of each haven and hour of a week whether it is open.

    Args:
        rules: Of each haven, as `list_opening_rules` gives them; none where it is not known when it is open.
        week: datetime64[D] (7,), the days, Monday first.
        calendar: Bank holidays, school terms and the place of the sun, as far as they are known.

    Returns:
        A text of 168 letters for each haven, Monday 00:00-00:59 first: "o" where it is open all of the hour, "p" where
        it is open in a part of it and closed in the rest, or open at one time of the year and closed at another as the
        sun rises and sets, "c" where it is closed, "?" where any of that is not known.
    """
    days = np.repeat(week, 24 * len(_MINUTES))
    minutes = np.tile((np.arange(24)[:, None] * 60 + _MINUTES).ravel(), len(week))
    longest, shortest = (np.datetime64(f"{week[0].astype('datetime64[Y]')}-{day}") for day in ("06-21", "12-21"))
    suns = [int((day - week[0]).astype(np.int64)) for day in (longest, shortest)]
    over_year = [calendar, *(dataclasses.replace(calendar, sun_after_days=after) for after in suns)]
    said: dict[tuple[OpeningRule, ...], str] = {(): NOT_KNOWN * HOURS_IN_WEEK}
    for one in map(tuple, rules):
        if one not in said:
            calendars = over_year if any(rule.sun_spans for rule in one) else [calendar]
            states = [find_open_state(one, days, minutes, calendar=each) for each in calendars]
            is_open = np.hstack([state.is_open.reshape(HOURS_IN_WEEK, -1) for state in states])
            is_known = np.hstack([state.is_known.reshape(HOURS_IN_WEEK, -1) for state in states])
            hours = np.where(is_open.all(axis=1), OPEN_ALL_HOUR, np.where(is_open.any(axis=1), OPEN_IN_PART, "c"))
            hours[~is_known.all(axis=1)] = NOT_KNOWN
            said[one] = "".join(hours)
    return [said[tuple(one)] for one in rules]
