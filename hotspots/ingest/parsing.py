"""Text to numbers and times, and the reasons for which a row is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

NO_DATE = "no date"
UNREADABLE_DATE = "unreadable date"
IMPLAUSIBLE_DATE = "implausible date"
NO_LOCATION = "no location"
UNREADABLE_LOCATION = "unreadable location"
OUTSIDE_GREAT_BRITAIN = "location outside Great Britain"
REPEATED_ROW = "repeated row"
MALFORMED_ROW = "malformed row"

RECORD_DTYPES = {
    "incident_id": "object",
    "category": "object",
    "subcategory": "object",
    "is_knife": "boolean",
    "started_at": "datetime64[s]",
    "ended_at": "datetime64[s]",
    "time_precision": "object",
    "location": "object",
    "location_kind": "object",
    "easting": "float64",
    "northing": "float64",
    "is_end_unreadable": "boolean",
    "is_flag_unreadable": "boolean",
    "reason": "object",
}
"""What every layout turns a file into, one record a row; `reason` says why a row cannot be used, or is missing."""

FIRST_YEAR, LAST_YEAR = 1990, 2099
"""A date outside is a placeholder or a slip of the pen, and one of them would stretch the period by a century."""

UNFINISHED = frozenset({"draft", "provisional", "schematic", "simulated", "synthetic", "test"})
"""What a file can say of itself that makes its products unfit for decisions."""

_WALL_CLOCK = ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
_WALL_CLOCK_ISO = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
_DAY_ONLY = ("%d/%m/%Y", "%Y-%m-%d")


def blank(like: pd.Series) -> pd.Series:
    """A column of missing text, for one that a file does not have."""
    return pd.Series(pd.Categorical([None] * len(like), categories=pd.Index([], dtype="str")), index=like.index)


def map_unique(texts: pd.Series, convert: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """Convert a categorical column by converting each distinct text once; a missing text stays missing."""
    codes = texts.cat.codes.to_numpy()
    converted = convert(pd.Series(texts.cat.categories, dtype="str").str.strip())
    return converted.reindex(codes).set_axis(texts.index)


def parse_month(texts: pd.Series) -> pd.Series:
    """Text (`2026-09`) to the first day of the month; missing where it is in another form."""

    def convert(unique: pd.Series) -> pd.Series:
        return pd.to_datetime(unique.where(unique.str.match(r"\d")), format="%Y-%m", errors="coerce")

    return map_unique(texts, convert)


def parse_coordinates(texts: pd.Series) -> pd.Series:
    """Text to float; missing where blank, infinite where the text is no number, so the two can be told apart."""

    def convert(unique: pd.Series) -> pd.Series:
        numbers = pd.to_numeric(unique, errors="coerce").astype("float64")
        return numbers.fillna(np.inf).where(unique.ne(""))

    return map_unique(texts, convert).astype("float64")


def parse_wall_clock(texts: pd.Series) -> tuple[pd.Series, npt.NDArray[np.bool_]]:
    """Text to naive local wall-clock times, and whether each text holds a time of day.

    Day-first (`31/12/2025 18:05`) and ISO (`2025-12-31 18:05`) are read, with or without seconds or the time;
    a text in another form is missing in the result.
    """

    def parse_with(formats: Sequence[str]) -> Callable[[pd.Series], pd.Series]:
        def convert(unique: pd.Series) -> pd.Series:
            times = pd.Series(pd.NaT, index=unique.index, dtype="datetime64[s]")
            for form in formats:
                todo = times.isna() & unique.str.match(r"\d")  # pandas takes "today" for a date
                times[todo] = pd.to_datetime(unique[todo], format=form, errors="coerce").astype("datetime64[s]")
                if times.notna().all():
                    break
            return times

        return convert

    with_clock = map_unique(texts, parse_with(_WALL_CLOCK + _WALL_CLOCK_ISO))
    if with_clock.notna().sum() == texts.notna().sum():
        return with_clock, with_clock.notna().to_numpy()
    day_only = map_unique(texts, parse_with(_DAY_ONLY))
    return with_clock.fillna(day_only), with_clock.notna().to_numpy()


def location_reasons(
    first: pd.Series, second: pd.Series, projected: npt.NDArray[np.float64]
) -> npt.NDArray[np.object_]:
    """Why each location cannot be used, or None.

    Args:
        first: One coordinate as given; missing where blank, infinite where no number.
        second: The other.
        projected: The first coordinate after the transformation; NaN where it does not cover the place.
    """
    missing = (first.isna() | second.isna()).to_numpy()
    at_zero = (first.eq(0) & second.eq(0)).to_numpy()
    unreadable = (np.isinf(first) | np.isinf(second)).to_numpy()
    reasons = np.full(len(first), None, dtype=object)
    reasons[np.isnan(projected)] = OUTSIDE_GREAT_BRITAIN
    reasons[unreadable] = UNREADABLE_LOCATION
    reasons[missing | at_zero] = NO_LOCATION
    return reasons


def date_reasons(texts: pd.Series, times: pd.Series) -> npt.NDArray[np.object_]:
    """Why each date cannot be used, or None, given its text and what was read from it."""
    reasons = np.full(len(texts), None, dtype=object)
    reasons[~times.dt.year.between(FIRST_YEAR, LAST_YEAR).to_numpy()] = IMPLAUSIBLE_DATE
    reasons[times.isna().to_numpy()] = UNREADABLE_DATE
    reasons[texts.isna().to_numpy()] = NO_DATE
    return reasons


def first_reason(*reasons: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """The first reason given for each row, or None."""
    found = np.full(len(reasons[0]), None, dtype=object)
    for later in reversed(reasons):
        found = np.where(pd.notna(later), later, found)
    return found


def read_status(texts: pd.Series | None) -> str | None:
    """The words in a column that are in `UNFINISHED`, joined; None where there are none."""
    if texts is None:
        return None
    said = {str(text).strip().casefold() for text in texts.dropna().unique()}
    return ", ".join(sorted(said & UNFINISHED)) or None
