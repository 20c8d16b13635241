"""When each row began and ended, or why nobody knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hotspots.ingest.formats import Columns, Table
from hotspots.ingest.incidents.coarseness import are_months
from hotspots.ingest.incidents.column_words import says_month
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.incidents.record_schema import (
    FIRST_YEAR,
    IMPLAUSIBLE_DATE,
    LAST_YEAR,
    NO_DATE,
    UNREADABLE_DATE,
    Oddity,
    replace_columns,
)
from hotspots.ingest.texts import (
    Strings,
    TimeForm,
    Times,
    blank,
    count_from_1904,
    find_time_column,
    find_time_form,
    join_columns,
    parse_times,
    repeat_text,
)

_LAST_MINUTE = 23 * 60 + 59
_REST_OF_HOUR = pd.Timedelta(minutes=59)


def find_days(incidents: pd.DataFrame) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.datetime64]]:
    """First and last day on which each incident can have started: a month-only one, its whole month."""
    first = incidents["started_at"].to_numpy().astype("datetime64[D]")
    month = (incidents["time_precision"] == "month").to_numpy()
    next_month = first.astype("datetime64[M]") + np.timedelta64(1, "M")
    last = np.where(month, next_month.astype("datetime64[D]") - np.timedelta64(1, "D"), first)
    return first, last


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeForms:
    """What numbers are in the columns of times of day, as the whole table shows."""

    start: TimeForm
    end: TimeForm


def find_time_forms(table: Table, profile: SourceProfile) -> TimeForms:
    """Find what numbers are in the columns of times of day; all rows are read where the first ones leave it open."""
    return TimeForms(start=_find_form(table, profile.start), end=_find_form(table, profile.end))


def _find_form(table: Table, names: Sequence[str]) -> TimeForm:
    name = find_time_column(names)
    if name is None:
        return "clock"
    first = find_time_form([table.sample({name})[name]])
    # a table may be in the order of its times, and its first rows hold those after midnight only
    return "clock" if first == "clock" else find_time_form(chunk.columns[name] for chunk in table.read({name}))


def read_times(
    columns: Columns, n_rows: int, profile: SourceProfile, *, time_zone: str, forms: TimeForms, is_1904: bool
) -> tuple[tuple[pd.Series, pd.Series, Strings], pd.Series, npt.NDArray[np.int32]]:
    """Start, end and precision of each row; the text of its start; and what is odd about them, as bits of `Oddity`.

    Args:
        columns: Texts (n_rows,) by the name of the column.
        n_rows: Rows, also where the profile names no column.
        profile: Which columns say when, and how they are read.
        time_zone: IANA name of the zone whose wall-clock time is wanted.
        forms: What numbers are in the columns of times of day.
        is_1904: Whether the numbers of days count from 1904.
    """

    def parse(texts: pd.Series) -> Times:
        return parse_times(
            texts,
            date_order=profile.date_order,
            clock=profile.clock,
            time_zone=time_zone,
            is_exchanged=profile.is_exchanged,
        )

    def join(names: Sequence[str], form: TimeForm) -> pd.Series:
        date, *rest = [columns[name] for name in names]
        return join_columns([count_from_1904(date) if is_1904 else date, *rest], time_form=form)

    start_text = join(profile.start, forms.start) if profile.start else repeat_text(str(profile.every_date), n_rows)
    end_text = join(profile.end, forms.end) if profile.end else blank(n_rows)
    start, end = parse(start_text), parse(end_text)
    without_time = np.zeros(n_rows, dtype=bool)
    n_of_day = {2: 1, 4: 3, 5: 3}.get(len(profile.start))
    if n_of_day and start.at.isna().any():
        day = parse(join(profile.start[:n_of_day], "clock"))
        without_time = (start.at.isna() & day.at.notna()).to_numpy()
        start = dataclasses.replace(
            start,
            at=start.at.where(~without_time, day.at),
            precision=np.where(without_time, day.precision, start.precision),
        )
    is_hour = (start.precision == "minute") & (forms.start == "hours")
    if forms.end == "hours":
        end = dataclasses.replace(end, at=end.at.where(end.precision != "minute", end.at + _REST_OF_HOUR))
    is_unreadable = (end_text.notna() & end.at.isna()).to_numpy()
    # an hour says that it began in it
    end = dataclasses.replace(end, at=end.at.mask(is_hour & end.at.isna(), start.at + _REST_OF_HOUR))
    started_at, ended_at, precision, oddities = _settle_times(start, end, end_text)
    oddities[without_time] |= Oddity.TIME_UNREADABLE
    oddities[is_hour] |= Oddity.HOUR_ONLY
    oddities[is_unreadable] |= Oddity.END_UNREADABLE
    if profile.is_reported:
        # the hour is that of the counter or the switchboard
        started_at, ended_at = started_at.dt.normalize(), pd.Series(pd.NaT, index=ended_at.index, dtype=ended_at.dtype)
        precision = np.where(precision == "minute", "day", precision)
        oddities = np.zeros(n_rows, dtype=np.int32)
    if profile.is_monthly and (precision != "month").any():
        month = started_at.to_numpy().astype("datetime64[M]").astype("datetime64[s]")
        started_at = pd.Series(month, index=started_at.index)
        ended_at = pd.Series(pd.NaT, index=started_at.index, dtype="datetime64[s]")
        precision, oddities = np.full(n_rows, None, dtype=object), np.zeros_like(oddities)
        precision[~np.isnat(month)] = "month"
    return (started_at, ended_at, precision), start_text, oddities


def _settle_times(
    start: Times, end: Times, end_text: pd.Series
) -> tuple[pd.Series, pd.Series, npt.NDArray[np.object_], npt.NDArray[np.int32]]:
    """Start, end, precision and oddities of each row, once each is seen beside the other."""
    oddities = np.zeros(len(start.at), dtype=np.int32)
    if end_text.isna().all() and (start.precision != "minute").all():
        return start.at, end.at, start.precision, oddities
    days = _undo_midnight(start)
    if days is not start:
        start, end = days, _undo_midnight(end)
    oddities[start.is_nonexistent | end.is_nonexistent] |= Oddity.NONEXISTENT_TIME
    oddities[start.instant.notna().to_numpy()] |= Oddity.CONVERTED_TIME
    oddities[start.is_ambiguous | end.is_ambiguous] |= Oddity.AMBIGUOUS_TIME
    end_of_day = end.at + pd.Timedelta(minutes=_LAST_MINUTE)
    ended_at = end.at.where(end.precision != "day", end_of_day).where(end.precision != "month")
    oddities[end_text.notna().to_numpy() & ended_at.isna().to_numpy()] |= Oddity.END_UNREADABLE
    ended_at = ended_at.where(start.precision != "month")

    end_minute = ended_at.dt.hour * 60 + ended_at.dt.minute
    start_minute = start.at.dt.hour * 60 + start.at.dt.minute
    backwards = (ended_at < start.at).to_numpy()
    # over the hour that the clock shows twice, an end may show less than its start and be after it
    in_order = (end.instant >= start.instant).to_numpy()
    is_reversed = backwards & ~in_order
    # an end before the start says no more than none does
    open_ended = (ended_at.isna() | (end_minute == 0) | (end_minute == _LAST_MINUTE)).to_numpy() | is_reversed
    at_midnight = (start_minute == 0).to_numpy() & open_ended & (start.precision == "minute")
    oddities[at_midnight] |= Oddity.MIDNIGHT
    precision = np.where(at_midnight, "day", start.precision)
    ended_at = ended_at.where(~(backwards & in_order), start.at)
    oddities[is_reversed] |= Oddity.REVERSED
    ended_at = ended_at.where(~is_reversed)
    return start.at, ended_at, precision, oddities


def _undo_midnight(times: Times) -> Times:
    """Days, where every converted time was midnight: a program has written dates as instants.

    In summer they would become one o'clock, and no longer be known for what they are.
    """
    instant = times.instant.dropna()
    if instant.empty or (instant != instant.dt.normalize()).any():
        return times
    was = times.instant.notna()
    return dataclasses.replace(
        times,
        at=times.at.mask(was, times.instant),
        precision=np.where(was, "day", times.precision),
        instant=times.instant.mask(was),
        is_nonexistent=times.is_nonexistent & ~was.to_numpy(),
        is_ambiguous=times.is_ambiguous & ~was.to_numpy(),
    )


def refuse_dates(
    started_at: pd.Series, texts: pd.Series, profile: SourceProfile
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Why each row cannot be used because of its date, and what it gave instead of one; None where it has one."""
    reason = np.full(len(texts), None, dtype=object)
    reason[~started_at.dt.year.between(FIRST_YEAR, LAST_YEAR).to_numpy()] = IMPLAUSIBLE_DATE
    reason[started_at.isna().to_numpy()] = UNREADABLE_DATE
    reason[texts.isna().to_numpy()] = NO_DATE
    detail = np.full(len(texts), None, dtype=object)
    names = " and ".join(profile.start)
    for index in np.flatnonzero(pd.notna(reason) & texts.notna().to_numpy()).tolist():
        detail[index] = f"{names} {texts.iat[index]}"
    return reason, detail


def read_as_months(records: pa.Table, profile: SourceProfile) -> pa.Table:
    """The records, with months in the place of days where all of these are the first of one."""
    if "day" not in pc.unique(records["time_precision"].cast(pa.string())).to_pylist():
        return records
    precision = records["time_precision"].to_pandas().astype("object")
    started_at, ended_at = (records[name].to_pandas() for name in ("started_at", "ended_at"))
    dated = started_at.dt.year.between(FIRST_YEAR, LAST_YEAR).to_numpy()
    is_day = dated & (precision == "day").to_numpy()
    after = ended_at[dated].dropna().dt.normalize() + pd.Timedelta(days=1)
    if not is_day.any() or (precision[dated] == "minute").any() or (after.dt.day > 2).any():
        return records
    is_called_month = len(profile.start) == 1 and says_month(profile.start[0])
    if not are_months(started_at.to_numpy()[dated], is_called_month=is_called_month):
        return records
    oddities = np.where(
        is_day,
        (records["oddities"].to_numpy() & ~Oddity.MIDNIGHT.value) | Oddity.FIRST_OF_MONTH.value,
        records["oddities"].to_numpy(),
    ).astype(np.int32)
    return replace_columns(
        records, time_precision=precision.mask(is_day, "month"), ended_at=ended_at.mask(is_day), oddities=oddities
    )
