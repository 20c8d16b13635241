"""Times of pings to instants: millions of texts that are all alike, and the hour that the clock shows twice."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots.errors import ParameterError
from hotspots.ingest.texts import DateOrder, OrderFound, guess_date_order, mask_label, parse_times, to_arrow

Instants = npt.NDArray[np.datetime64]
Integers = npt.NDArray[np.int64]

NO_TIME: Final = "without a time"
UNREADABLE_TIME: Final = "time that cannot be read"
SKIPPED_TIME: Final = "time that the clock skipped"
NO_TIME_OF_DAY: Final = "date without a time of day"
IMPLAUSIBLE: Final = "time of another century"

_ISO: Final = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.]\d{1,9})?)?"
_SLASHED: Final = r"^\d\d/\d\d/\d{4} \d\d:\d\d"
_UNIX: Final = r"^1\d{9}(\d{3})?(\.\d*)?$"
"""Seconds or milliseconds since 1970: from 2001 to 2033."""
_UNIX_DIGITS: Final = 10
_DAY_LETTERS: Final = 10
_CENTURY: Final = (np.datetime64("2000-01-01", "s"), np.datetime64("2100-01-01", "s"))
_BIN_SECONDS: Final = 900
"""Offsets from UTC change at a quarter of an hour at the finest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadInstants:
    """When each text is.

    Attributes:
        instant: datetime64[s] (n_texts,), UTC; NaT where not known. Of a time that the clock shows twice, the first.
        second: Likewise, the other instant of such a time; NaT of any other.
        reason: Why an instant is not known, or None.
    """

    instant: Instants
    second: Instants
    reason: npt.NDArray[np.object_]


def find_zone(time_zone: str) -> zoneinfo.ZoneInfo:
    """The zone of a name.

    Raises:
        ParameterError: It is not known.
    """
    try:
        return zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ParameterError(f'No time zone called "{time_zone}". Give an IANA name such as Europe/London.') from error


def find_day_order(texts: pa.ChunkedArray) -> OrderFound:
    """Whether dates at the beginning of texts put the day first."""
    days = pc.unique(pc.utf8_slice_codeunits(texts, 0, _DAY_LETTERS)).drop_null().to_pylist()
    return guess_date_order([pd.Series(pd.Categorical(days), dtype="category")], is_timed=True)


def find_order(label: str, texts: pa.ChunkedArray, doubts: list[str]) -> DateOrder:
    """Which number of the dates of a table is the day; where no date proves it, that is a doubt."""
    found = find_day_order(texts)
    if not found.is_certain:
        doubts.append(
            f"{mask_label(label)}: the dates are read {found.order}, although none of them proves it. If that is "
            "wrong, export them with the year first."
        )
    return found.order


def as_arrow(texts: pd.Series) -> pa.ChunkedArray:
    """Texts for Arrow; of a categorical series without making each one."""
    if isinstance(texts.dtype, pd.CategoricalDtype):
        words = pa.array(texts.cat.categories.astype("object"), type=pa.large_string(), from_pandas=True)
        codes = pa.array(texts.cat.codes.to_numpy().astype(np.int64), mask=(texts.cat.codes < 0).to_numpy())
        return pa.chunked_array([words.take(codes)])
    return pa.chunked_array([to_arrow(texts)])


def read_instants(
    texts: pa.ChunkedArray, *, date_order: DateOrder, clock: Literal["stated", "utc"], time_zone: str
) -> ReadInstants:
    """Read times, each distinct text once: ISO and slashed ones at the speed of C, others as those of incidents.

    Args:
        texts: Text, without blanks around it.
        date_order: Of dates in numbers.
        clock: Whether times without a zone are local ("stated") or UTC.
        time_zone: IANA name of the zone of the local clock.
    """
    encoded = pc.dictionary_encode(texts.combine_chunks())
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    distinct = pc.utf8_trim_whitespace(encoded.dictionary.cast(pa.string()))
    at, is_utc, reason = _read_distinct(distinct, date_order, time_zone)
    is_utc |= clock == "utc"
    first, second = at.copy(), np.full(len(at), "NaT", dtype="datetime64[s]")
    if (is_local := ~is_utc & ~np.isnat(at)).any():
        first[is_local], second[is_local], skipped = find_instants(at[is_local], time_zone)
        reason[np.flatnonzero(is_local)[skipped]] = SKIPPED_TIME
    codes = np.asarray(pc.fill_null(encoded.indices, -1))
    nothing = np.datetime64("NaT", "s")
    return ReadInstants(
        instant=np.append(first, nothing)[codes],
        second=np.append(second, nothing)[codes],
        reason=np.append(reason, np.array([NO_TIME], dtype=object))[codes],
    )


def _read_distinct(
    texts: pa.Array, date_order: DateOrder, time_zone: str
) -> tuple[Instants, npt.NDArray[np.bool_], npt.NDArray[np.object_]]:
    at = np.full(len(texts), "NaT", dtype="datetime64[s]")
    is_utc = np.zeros(len(texts), dtype=bool)
    reason = np.full(len(texts), None, dtype=object)
    day_month = "%d/%m/%Y" if date_order == "day-first" else "%m/%d/%Y"

    def read_zoned(chosen: pa.Array) -> pa.Array:
        return chosen.cast(pa.timestamp("ns", tz="UTC"))

    def read_plain(chosen: pa.Array) -> pa.Array:
        return chosen.cast(pa.timestamp("ns"))

    def read_unix(chosen: pa.Array) -> pa.Array:
        return pc.utf8_slice_codeunits(chosen, 0, _UNIX_DIGITS).cast(pa.int64()).cast(pa.timestamp("s"))

    ways: list[tuple[str, Callable[[pa.Array], pa.Array]]] = [
        (_UNIX, read_unix),
        (rf"{_ISO}(Z|[+-]\d\d:?\d\d)$", read_zoned),
        (rf"{_ISO}$", read_plain),
        (rf"{_SLASHED}:\d\d$", lambda chosen: pc.strptime(chosen, format=f"{day_month} %H:%M:%S", unit="s")),
        (rf"{_SLASHED}$", lambda chosen: pc.strptime(chosen, format=f"{day_month} %H:%M", unit="s")),
    ]
    for pattern, read in ways:
        fits = np.asarray(pc.fill_null(pc.match_substring_regex(texts, pattern), False))
        if not fits.any():
            continue
        try:
            found = read(texts.filter(pa.array(fits)))
        except pa.ArrowInvalid:  # one of them is no day of the calendar
            continue
        at[fits] = found.to_numpy(zero_copy_only=False).astype("datetime64[s]")
        is_utc[fits] = read in (read_zoned, read_unix)
    rest = np.flatnonzero(np.isnat(at))
    if len(rest):
        left = [str(text or "") for text in texts.take(pa.array(rest)).to_pylist()]
        times = parse_times(
            pd.Series(pd.Categorical(left), dtype="category"), date_order=date_order, time_zone=time_zone
        )
        instant = times.instant.to_numpy().astype("datetime64[s]")
        has_zone, is_timed = ~np.isnat(instant), times.precision == "minute"
        local = np.where(is_timed, times.at.to_numpy().astype("datetime64[s]"), np.datetime64("NaT", "s"))
        at[rest] = np.where(has_zone, instant, local)
        is_utc[rest] = has_zone
        reason[rest[np.isnat(at[rest])]] = UNREADABLE_TIME
        reason[rest[times.precision == "day"]] = NO_TIME_OF_DAY
        reason[rest[np.array([not text for text in left], dtype=bool)]] = NO_TIME
    return at, is_utc, reason


def is_of_another_century(instants: Instants) -> npt.NDArray[np.bool_]:
    """Bool (n,): before 2000 or after 2099, when nobody recorded a patrol."""
    is_far: npt.NDArray[np.bool_] = (instants < _CENTURY[0]) | (instants >= _CENTURY[1])
    return is_far


def find_instants(local: Instants, time_zone: str) -> tuple[Instants, Instants, npt.NDArray[np.bool_]]:
    """Instants of local times: the first, the second where the clock shows it twice, and which it never shows.

    Args:
        local: datetime64[s] (n,), naive wall-clock time.
        time_zone: IANA name.
    """
    zone = find_zone(time_zone)
    bins, inverse = np.unique(local.astype(np.int64) // _BIN_SECONDS, return_inverse=True)
    starts = pd.Series((bins * _BIN_SECONDS).astype("datetime64[s]")).dt

    def shift(*, is_first: bool) -> Integers:
        chosen = np.full(len(bins), is_first)
        zoned = starts.tz_localize(zone, ambiguous=chosen, nonexistent="NaT")
        utc = zoned.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[s]")
        moved = utc.astype(np.int64) - bins * _BIN_SECONDS
        return np.where(np.isnat(utc), np.iinfo(np.int64).min, moved)

    first, second = shift(is_first=True), shift(is_first=False)
    skipped = first == np.iinfo(np.int64).min
    nothing = np.datetime64("NaT", "s")
    one = local + np.where(skipped, 0, first).astype("timedelta64[s]")[inverse]
    two = local + np.where(skipped, 0, second).astype("timedelta64[s]")[inverse]
    is_twice = (first != second)[inverse]
    return np.where(skipped[inverse], nothing, one), np.where(is_twice, two, nothing), skipped[inverse]


def find_local(instants: Instants, time_zone: str) -> Instants:
    """What the local clock shows at instants, datetime64[s] (n,)."""
    if not len(instants):
        return instants.astype("datetime64[s]")
    zone = find_zone(time_zone)
    bins, inverse = np.unique(instants.astype("datetime64[s]").astype(np.int64) // _BIN_SECONDS, return_inverse=True)
    starts = pd.Series((bins * _BIN_SECONDS).astype("datetime64[s]")).dt.tz_localize("UTC").dt.tz_convert(zone)
    moved = starts.dt.tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64) - bins * _BIN_SECONDS
    local: Instants = instants.astype("datetime64[s]") + moved.astype("timedelta64[s]")[inverse]
    return local


def choose_readings(first: Instants, second: Instants) -> tuple[Instants, int]:
    """Which of two instants the pings of one device mean, in the order in which they were written.

    A device writes its pings as time goes on, or the other way round. Where the clock is put back, the times that it
    shows step back by about an hour, and those after the step are of the second hour. Without such a step nothing
    tells which hour is meant: the first is taken.

    Args:
        first: datetime64[s] (n_pings,), UTC.
        second: Likewise, where the clock showed the time twice; otherwise NaT.

    Returns:
        The instants, and how many of them nothing tells.
    """
    is_twice = ~np.isnat(second)
    if not is_twice.any():
        return first, 0
    # within the hour itself a step back is no sign of the order
    steps = np.diff(first.astype(np.int64))[~(is_twice[1:] & is_twice[:-1])]
    if (steps < 0).sum() > (steps > 0).sum():
        chosen, n_open = choose_readings(first[::-1], second[::-1])
        return chosen[::-1], n_open
    chosen = first.copy()
    twice = np.flatnonzero(is_twice)
    # each clock change by itself: nights a year apart
    nights = np.split(twice, np.flatnonzero(np.diff(first[twice].astype("datetime64[D]")).astype(np.int64)) + 1)
    n_open = 0
    for night in nights:
        shown = first[night].astype(np.int64)
        hour = (second[night[0]] - first[night[0]]).astype(np.int64)
        back = np.flatnonzero(np.diff(shown) < -hour // 4)
        if len(back):
            after = night[back[0] + 1 :]
            chosen[after] = second[after]
        else:
            n_open += len(night)
    return chosen, n_open
