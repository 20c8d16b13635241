"""Clock times of a table that nobody can have meant: halves of the day that were lost, and times that a form fills in.

Each is judged over the rows of one table, since a table comes from one form, and is the same whatever is read beside
it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hotspots.errors import say_of_all_rows
from hotspots.ingest.incidents.record_schema import Oddity
from hotspots.ingest.incidents.records import TableRecords

Minutes = npt.NDArray[np.int64]

_LEAST_SHARE = 0.25
"""The least share of crime recorded around the clock that begins from 13:00 to 00:59, or from 12:00 to 23:59.

It is a half and more in the files of police forces, and three in five of robberies.
"""

_BEYOND_CHANCE, _UNLIKELY = 1e-5, 1e-2
_LEAST_HOURS = 8
_SMALL_HOURS = (1, 2, 3, 4)
"""Of twelve hours, eight must be there, and three of these: else a table may be one of mornings."""

_HOURS_BESIDE = 3
_FEWEST = 20
_LIMIT_Z = 2.33
"""Counts are taken at the limit that chance passes once in a hundred times."""

_IS_FORM, _MAY_BE_FORM = 0.75, 0.25
"""Shares of the rows at one time that a form has filled in, at the least, to take their hour from them all, and to say
that it may be so."""

_LEAST_OTHERS = 0.1
"""The share of the rows that must be at another minute of the hour than most."""

_N_NAMED = 3


def is_half_lost(minutes: Minutes) -> float | None:
    """The probability that clock times lie on one half of the day by chance; None if they do not look so.

    Args:
        minutes: int (n,), minutes since midnight.
    """
    hours = np.unique(minutes // 60)
    is_half = hours.size >= _LEAST_HOURS and np.isin(_SMALL_HOURS, hours).sum() >= len(_SMALL_HOURS) - 1
    if not is_half or not (hours.max() < 12 or (hours.min() > 0 and hours.max() == 12)):
        return None
    return float((1 - _LEAST_SHARE) ** len(minutes))


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultTime:
    """A time of day that a form seems to fill in.

    Attributes:
        minute: Minutes since midnight.
        n_rows: Rows at it.
        n_expected: Rows that the times beside it lead one to expect there.
        is_certain: Whether three in four of its rows or more are owed to the form. Where all times are rounded alike,
            it can be told of the time of most rows only.
    """

    minute: int
    n_rows: int
    n_expected: float
    is_certain: bool

    @property
    def clock(self) -> str:
        """As a clock shows it."""
        return f"{self.minute // 60:02d}:{self.minute % 60:02d}"


def find_default_times(minutes: Minutes) -> tuple[DefaultTime, ...]:
    """The times of day at which far more rows are than the hours beside them explain, most rows first.

    People round, and more in the evening than in the morning, so a time is compared with its like: the same minute of
    the three hours before and of the three after, as many as there are, and as many in proportion to all rows of its
    own hour. The largest of the three is what is expected. Both counts are taken at the limits of chance, the one low
    and the other high. A time found is left out of what is expected of others. Midnight is no rounding, so it is never
    what another time is compared with.

    If all rows are at one time or two (a date at midnight elsewhere, in summer and in winter), these are no times.

    Args:
        minutes: int (n,), minutes since midnight.
    """
    counts = np.bincount(minutes, minlength=1440).reshape(24, 60)
    filled = np.flatnonzero(counts.ravel())
    if len(filled) <= 2:
        return tuple(
            DefaultTime(minute=int(minute), n_rows=int(counts.flat[minute]), n_expected=0.0, is_certain=True)
            for minute in sorted(filled, key=lambda minute: -counts.flat[minute])
            if len(minutes) >= _FEWEST
        )
    # where all times are rounded, nothing tells a form from an hour that is hot, unless it holds most rows
    can_tell = counts.sum() - counts.sum(axis=0).max() >= _LEAST_OTHERS * counts.sum()
    is_usual = np.ones((24, 60), dtype=bool)
    is_usual[0, 0] = False
    often = [int(minute) for minute in filled if counts.flat[minute] >= _FEWEST]
    found: dict[int, DefaultTime] = {}
    for _ in ("each with all the others", "each without those found"):
        for minute in sorted(often, key=lambda minute: -counts.flat[minute]):
            n_rows = int(counts.flat[minute])
            expected, at_most = _expect(counts, is_usual, minute)
            share = 1 - at_most / max(n_rows - _LIMIT_Z * math.sqrt(n_rows), 1.0)
            if share >= _MAY_BE_FORM:
                is_usual.flat[minute] = False
                is_certain = bool(can_tell or 2 * n_rows > len(minutes)) and share >= _IS_FORM
                found[minute] = DefaultTime(minute=minute, n_rows=n_rows, n_expected=expected, is_certain=is_certain)
    return tuple(sorted(found.values(), key=lambda default: -default.n_rows))


def _expect(counts: npt.NDArray[np.int64], is_usual: npt.NDArray[np.bool_], minute: int) -> tuple[float, float]:
    """Rows expected at a minute of the day, and at most."""
    hour, past = divmod(minute, 60)
    of_hour = counts.sum(axis=1)
    sides = [
        [other % 24 for other in side if is_usual[other % 24, past]]
        for side in (range(hour - _HOURS_BESIDE, hour), range(hour + 1, hour + 1 + _HOURS_BESIDE))
    ]
    alike = [int(counts[side, past].sum()) for side in sides]
    cases = [(n, 1 / len(side)) for n, side in zip(alike, sides, strict=True) if side]
    others = sum(int(of_hour[side].sum()) for side in sides) - sum(alike)
    if others:
        cases.append((sum(alike), float(of_hour[hour] - counts[hour, past]) / others))
    expected = max((n * factor for n, factor in cases), default=0.0)
    # at most so many are expected where n were counted by chance
    return expected, max(((n + _LIMIT_Z * math.sqrt(n + 1) + 2.7) * factor for n, factor in cases), default=0.0)


def doubt_hours(read: TableRecords, *, label: str) -> tuple[TableRecords, tuple[str, ...]]:
    """Take the hour from rows of a table whose clock times cannot be believed, and say what is doubted.

    Such rows keep their day, as those at midnight do. An incident with a beginning and an end that differ was entered
    by somebody who thought of it, so only the others can be at the time of a form.

    Args:
        read: The records of one table.
        label: What to call it.
    """
    records = read.records
    start, end = (records[name].to_numpy().astype("datetime64[m]") for name in ("started_at", "ended_at"))
    oddities = records["oddities"].to_numpy()
    is_timed = np.asarray(pc.equal(records["time_precision"].cast(pa.string()), "minute").fill_null(False))
    is_timed &= np.asarray(pc.is_null(records["reason"]))
    minutes = (start - start.astype("datetime64[D]")).astype(np.int64)
    chance = is_half_lost(minutes[is_timed])
    if chance is not None and chance <= _UNLIKELY:
        is_certain = chance <= _BEYOND_CHANCE
        said = _say_half_lost(label, int(is_timed.sum()), is_certain=is_certain)
        return _take_hours(read, is_timed, Oddity.HALF_LOST) if is_certain else read, (said,)
    end_minutes = (end - end.astype("datetime64[D]")).astype(np.int64)
    is_hour = (oddities & Oddity.HOUR_ONLY.value).astype(bool)
    is_open = np.isnat(end) | np.isin(end_minutes, (0, 1439)) | (end_minutes == minutes)
    judged = is_timed & (is_open | (is_hour & (end - start < np.timedelta64(60, "m"))))
    defaults = find_default_times(minutes[judged])
    certain = [default for default in defaults if default.is_certain and not is_hour.any()]
    taken = judged & np.isin(minutes, [default.minute for default in certain])
    doubts = _say_defaults(label, certain, [default for default in defaults if default not in certain])
    return _take_hours(read, taken, Oddity.DEFAULT_TIME) if taken.any() else read, doubts


def _take_hours(read: TableRecords, rows: npt.NDArray[np.bool_], oddity: Oddity) -> TableRecords:
    records = read.records
    precision = pc.if_else(pa.array(rows), "day", records["time_precision"].cast(pa.string())).dictionary_encode()
    oddities = records["oddities"].to_numpy() | np.where(rows, oddity.value, 0).astype(np.int32)
    changed = {"time_precision": precision, "oddities": pa.chunked_array([oddities])}
    for name, values in changed.items():
        index = records.schema.get_field_index(name)
        records = records.set_column(index, records.schema.field(name), values.cast(records.schema.field(name).type))
    return dataclasses.replace(read, records=records)


def _say_half_lost(label: str, n_rows: int, *, is_certain: bool) -> str:
    rows = say_of_all_rows(label, n_rows, "has", "have")
    if not is_certain:
        return (
            f"{rows} a clock time, and none is in the afternoon or evening: am and pm may have been lost. "
            "Compare a few with the records before you use the hours."
        )
    return (
        f"{rows} a clock time, and none is in the afternoon or evening: am and pm were lost when the file was "
        "saved. The hours are not used; the rows count by their day. Export the times on the 24-hour clock."
    )


def _say_defaults(label: str, certain: Sequence[DefaultTime], doubted: Sequence[DefaultTime]) -> tuple[str, ...]:
    said = []
    if certain:
        n_rows = sum(default.n_rows for default in certain)
        said.append(
            f"{say_of_all_rows(label, n_rows, 'is', 'are')} at {_say_times(certain)}. A form fills that in when nobody "
            "knew the time, so it is read as not known: left out of the hours, but counted elsewhere."
        )
    if doubted:
        n_rows = sum(default.n_rows for default in doubted)
        said.append(
            f"{say_of_all_rows(label, n_rows, 'is', 'are')} at {_say_times(doubted)}. A part of them may be what a "
            "form fills in; they are used as they stand, so do not rest a decision on that hour alone."
        )
    return tuple(said)


def _say_times(defaults: Sequence[DefaultTime]) -> str:
    told = []
    for default in defaults[:_N_NAMED]:
        usual = max(1, round(default.n_expected))
        told.append(f"exactly {default.clock} ({default.n_rows:,}, where about {usual:,} would be usual)")
    more = len(defaults) - len(told)
    return ", ".join(told) + (f" and {more} more times" if more else "")
