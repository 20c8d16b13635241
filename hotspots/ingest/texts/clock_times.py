"""Text to local wall-clock times, and how precise each is."""

from __future__ import annotations

import itertools
import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.errors import ParameterError
from hotspots.ingest.texts.columns import list_distinct
from hotspots.ingest.texts.day_or_month import MIDNIGHT, DateOrder
from hotspots.ingest.texts.spreadsheet_dates import exchange_day_and_month, read_serial_date
from hotspots.ingest.texts.times_of_day import TimeForm, find_time_form, strip_number, write_time

Clock = Literal["stated", "local", "utc"]
Column = TypeVar("Column")
Strings = npt.NDArray[np.object_]

_ISO = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
# Tried first, because they are read at the speed of C; everything else is taken apart below.
_FAST: dict[DateOrder, Sequence[str]] = {
    "day-first": ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", *_ISO, "%d/%m/%Y %I:%M:%S %p"),
    "month-first": ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", *_ISO, "%m/%d/%Y %I:%M:%S %p"),
}
_MONTH_NAMES = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
    *("november", "december"),
)
_MONTHS = {name[:3]: number for number, name in enumerate(_MONTH_NAMES, start=1)}

_SEPARATOR = r"[-/. ]"
_TIME = (
    r"(?P<hour>\d{1,2})(?:[:.h]?(?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<zone>z|utc|gmt|bst|[+-]\d{2}(?::?\d{2})?)?(?:\s*\[?[a-z_]+/[a-z_]+\]?)?"
)
_DAY = (
    rf"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
    rf"(?:(?P<y1>\d{{4}}){_SEPARATOR}(?P<m1>\d{{1,2}}){_SEPARATOR}(?P<d1>\d{{1,2}})"
    rf"|(?P<y2>\d{{4}})(?P<m2>\d{{2}})(?P<d2>\d{{2}})"
    rf"|(?P<a3>\d{{1,2}}){_SEPARATOR}(?P<b3>\d{{1,2}}){_SEPARATOR}(?P<y3>\d{{4}}|\d{{2}})"
    rf"|(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?[-/. ]*(?P<m4>[a-z]{{3,9}})\.?[-/., ]*(?P<y4>\d{{4}}|\d{{2}})"
    rf"|(?P<m5>[a-z]{{3,9}})\.?\s+(?P<d5>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y5>\d{{4}}))"
)
_WHEN = re.compile(rf"{_DAY}(?:(?:t|[, ]\s*(?:at\s+)?){_TIME})?", flags=re.IGNORECASE)
_MONTH_ONLY = re.compile(
    r"(?P<y1>\d{4})(?:[-/. ](?=\d)|(?=\d\d$))(?P<m1>\d{1,2})|(?P<m2>\d{1,2})[-/. ](?P<y2>\d{4})"
    r"|(?P<m3>[a-z]{3,9})\.?[-/ ]*(?P<y3>\d{4}|\d{2})|(?P<y4>\d{4})[-/ ]*(?P<m4>[a-z]{3,9})",
    flags=re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_ISO_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)")
_CLOCK = re.compile(r"\d[^:]*:")
_UNIX_MILLISECONDS = (10**11, 10**13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What was read from texts.

    Attributes:
        at: datetime64[s], naive local wall-clock time; missing where the text could not be read.
        precision: `minute`, `day` or `month`, or None.
        is_nonexistent: The clock never showed this time: it went forward over it.
        is_ambiguous: The clock showed this time twice, and the text does not say which.
        instant: datetime64[s], UTC, where the text or the column says which instant it was; otherwise missing.
    """

    at: pd.Series
    instant: pd.Series
    precision: Strings
    is_nonexistent: npt.NDArray[np.bool_]
    is_ambiguous: npt.NDArray[np.bool_]


def parse_times(
    texts: pd.Series,
    *,
    date_order: DateOrder = "day-first",
    clock: Clock = "stated",
    time_zone: str = "Europe/London",
    is_exchanged: bool = False,
) -> Times:
    """Read dates and times, each distinct text once.

    Read are ISO forms, numbers in the order given (`31/12/2025`, `31.12.25`), names of months (`31 Dec 2025`), twelve
    hours (`6:05 pm`), `24:00`, `Z` and offsets, months alone (`2025-12`, `Dec 2025`), serial dates of Excel, and
    milliseconds since 1970 as web services give them (UTC).

    Args:
        texts: Categorical text; a blank is missing.
        date_order: Of days and months in numbers.
        clock: See `hotspots.ingest.incidents.profiles.SourceProfile`.
        time_zone: IANA name of the zone whose wall-clock time is wanted.
        is_exchanged: Whether a spreadsheet has exchanged day and month in the dates that it made of texts.

    Raises:
        ParameterError: The time zone is not known.
    """
    try:
        zone = zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ParameterError(f'No time zone called "{time_zone}". Give an IANA name such as Europe/London.') from error
    unique = np.array([str(text).strip() for text in list_distinct(texts)], dtype=object)
    if is_exchanged:
        unique = np.array([*map(exchange_day_and_month, unique)], dtype=object)
    at = np.full(len(unique), "NaT", dtype="datetime64[s]")
    precision = np.full(len(unique), None, dtype=object)
    is_utc = np.full(len(unique), clock == "utc")

    with_offset = np.array([_ISO_OFFSET.fullmatch(text) is not None for text in unique], dtype=bool)
    if with_offset.any():
        at[with_offset] = _read_iso(pd.Series(unique[with_offset]), keep_utc=clock != "local").to_numpy()
        is_utc[with_offset & ~np.isnat(at)] = clock != "local"
    # pandas takes "today" for a date
    may_be_clock = np.array([_CLOCK.match(text) is not None for text in unique], dtype=bool)
    for form in _FAST[date_order]:
        todo = np.isnat(at) & may_be_clock
        if not todo.any():
            break
        at[todo] = pd.to_datetime(pd.Series(unique[todo]), format=form, errors="coerce").to_numpy()
    precision[~np.isnat(at)] = "minute"
    rest = np.flatnonzero(np.isnat(at))
    read = [_read_one(text, date_order) for text in unique[rest]]
    if read:
        shift = [None if clock == "local" else offset for _, _, offset in read]
        slow = np.array([when.to_datetime64() if when else "NaT" for when, _, _ in read], dtype="datetime64[s]")
        at[rest] = slow - np.array([offset or 0 for offset in shift]).astype("timedelta64[m]")
        precision[rest] = np.array([kind for _, kind, _ in read], dtype=object)
        is_utc[rest] |= np.array([offset is not None for offset in shift])
    known = ~np.isnat(at) & (precision == "minute")

    from_utc = known & is_utc
    instant = np.where(from_utc, at, np.datetime64("NaT", "s"))
    if from_utc.any():
        local = pd.Series(at[from_utc]).dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)
        at[from_utc] = local.to_numpy()
    nonexistent, ambiguous = (np.zeros(len(unique), dtype=bool) for _ in range(2))
    if (is_naive := known & ~is_utc).any():
        naive = pd.Series(at[is_naive]).dt
        nonexistent[is_naive] = naive.tz_localize(zone, ambiguous=True, nonexistent="NaT").isna()
        ambiguous[is_naive] = naive.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").isna()

    codes = texts.cat.codes.to_numpy()  # -1 where missing, which reads the last entry

    def spread(distinct: npt.NDArray[np.datetime64]) -> pd.Series:
        return pd.Series(np.append(distinct, np.datetime64("NaT", "s"))[codes], index=texts.index)

    return Times(
        at=spread(at),
        instant=spread(instant),
        precision=np.array([*precision, None], dtype=object)[codes],
        is_nonexistent=np.append(nonexistent, False)[codes],
        is_ambiguous=np.append(ambiguous, False)[codes],
    )


def _read_iso(texts: pd.Series, *, keep_utc: bool) -> pd.Series:
    """ISO times with an offset: in UTC, or as they would be without it."""
    if not keep_utc:
        texts = texts.str.replace(r"(?:Z|[+-]\d\d:?\d\d)$", "", regex=True)
    times = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    return times.dt.tz_localize(None).dt.floor("s").astype("datetime64[s]")


def _read_one(text: str, order: DateOrder) -> tuple[pd.Timestamp | None, str | None, int | None]:
    """One text: the time, its precision, and its offset from UTC in minutes if it carries one."""
    nothing = (None, None, None)
    if len(text) > 60:
        return nothing
    try:
        if match := _WHEN.fullmatch(text):
            return _read_when(match, order)
        if match := _MONTH_ONLY.fullmatch(text):
            parts = match.groupdict()
            year, month = _pick(parts, "y"), _pick(parts, "m")
            return pd.Timestamp(_year(year), _month(month), 1).as_unit("s"), "month", None
        if (when := read_serial_date(text)) is not None:
            return when, "minute" if re.search("[.,]0*[1-9]", text) else "day", None
        if re.fullmatch(r"\d+([.,]\d+)?", text):
            number = float(text.replace(",", "."))
            if _UNIX_MILLISECONDS[0] <= number < _UNIX_MILLISECONDS[1]:
                return pd.Timestamp(int(number), unit="ms").floor("s").as_unit("s"), "minute", 0
    except (ValueError, KeyError, OverflowError):
        pass
    return nothing


def _read_when(match: re.Match[str], order: DateOrder) -> tuple[pd.Timestamp, str, int | None]:
    parts = match.groupdict()
    if parts["a3"]:
        day, month = (parts["a3"], parts["b3"]) if order == "day-first" else (parts["b3"], parts["a3"])
        year = parts["y3"]
    else:
        year, month, day = _pick(parts, "y"), _pick(parts, "m"), _pick(parts, "d")
    date = pd.Timestamp(_year(year), _month(month), int(day))
    if parts["hour"] is None:
        return date.as_unit("s"), "day", None
    if parts["zone"] and parts["zone"][0] == "-" and not (parts["y1"] or parts["y2"]):
        raise ValueError  # 31/01/2025 1800-0200 is from six to two, and no time at an offset
    hour, minute, second = int(parts["hour"]), int(parts["minute"] or 0), int(parts["second"] or 0)
    if parts["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + 12 * (parts["half"][0].lower() == "p")
    elif parts["minute"] is None:
        raise ValueError  # "2025-12-31 18" may be anything
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute or second)):
        raise ValueError
    if hour == 24:
        hour, minute = 23, 59  # the end of a day, which must not become the next
    return (
        (date + pd.Timedelta(hours=hour, minutes=minute, seconds=second)).as_unit("s"),
        "minute",
        _offset(parts["zone"]),
    )


def _pick(parts: dict[str, str | None], kind: str) -> str:
    return next(value for name, value in parts.items() if name[0] == kind and name[1:].isdigit() and value)


def _year(text: str) -> int:
    year = int(text)
    # a year beyond these is implausible all the same, and pandas 2 cannot hold every one
    return min(max(year, 1700), 2200) if len(text) == 4 else 2000 + year if year < 70 else 1900 + year


def _month(text: str) -> int:
    name = text.lower()
    if name.isdigit():
        return int(name)
    if name != "sept" and name not in (name[:3], _MONTH_NAMES[_MONTHS[name[:3]] - 1]):
        raise ValueError  # "decoy" is no December
    return _MONTHS[name[:3]]


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return 60 if zone.lower() == "bst" else 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        raise ValueError  # no zone on Earth
    return (1 if zone[0] == "+" else -1) * (60 * hours + minutes)


def find_time_column(columns: Sequence[Column]) -> Column | None:
    """That of the time of day, or of the hour without minutes, among the columns of `join_columns`, or None.

    Of two columns it may be that of the month.
    """
    return columns[-1] if len(columns) in (2, 4) else None


def join_columns(columns: Sequence[pd.Series], *, time_form: TimeForm | None = None) -> pd.Series:
    """Parts of a date as one text: date and time; year and month; or year, month, day, hour and minute.

    Args:
        columns: Categorical text.
        time_form: What numbers in the column of the time are; by default what these rows of it say.
    """
    if len(columns) == 1:
        return columns[0]
    if time_form is None:
        times = find_time_column(columns)
        time_form = "clock" if times is None else find_time_form([times])
    codes = np.column_stack([column.cat.codes.to_numpy() for column in columns])
    texts_of = [[str(text).strip() for text in list_distinct(column)] for column in columns]
    distinct, position = np.unique(codes, axis=0, return_inverse=True)
    position = position.ravel()  # NumPy 2.0 keeps the axis
    texts = [
        _join([None if code < 0 else known[code] for code, known in zip(row, texts_of, strict=True)], time_form)
        for row in distinct.tolist()
    ]
    unique, distinct_texts = pd.factorize(pd.Series(texts, dtype="object"))
    joined = pd.Categorical.from_codes(
        np.append(unique, -1)[position], categories=pd.Index(distinct_texts, dtype="object")
    )
    return pd.Series(joined, index=columns[0].index)


def _join(parts: Sequence[str | None], time_form: TimeForm) -> str | None:
    if len(parts) == 2:
        day, time = parts
        if day is None or time is None:
            return day
        if _YEAR.fullmatch(strip_number(day)):
            return f"{strip_number(day)} {strip_number(time)}"
        day = _strip_midnight(day)
        return day if ":" in day else f"{day} {write_time(time, time_form)}"
    known = [strip_number(part) for part in itertools.takewhile(bool, parts[:3]) if part]
    if not known:
        return None
    known[:1] = [str(_year(year)) if year.isdigit() and len(year) == 2 else year for year in known[:1]]
    # the month may be a word, which stands between day and year
    date = " ".join(reversed(known)) if len(known) > 1 and known[1].isalpha() else "-".join(known)
    if len(known) < 3 or len(parts) < 4 or parts[3] is None:
        return date
    hour, minute = strip_number(parts[3]), strip_number((parts[4] if len(parts) > 4 else None) or "0")
    if re.fullmatch(r"\d{1,2}", hour) and time_form in ("clock", "hours"):
        return f"{date} {hour.zfill(2)}:{minute.zfill(2)}"
    return f"{date} {write_time(hour, time_form)}"


def _strip_midnight(day: str) -> str:
    """The date alone: programs give it a time of midnight when there is a column for the time, or a serial number."""
    if (serial := read_serial_date(day)) is not None:
        return str(serial.date())
    return MIDNIGHT.sub("", day)
