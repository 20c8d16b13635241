"""Whether day and month of the dates of a table are in their places, and what is said where that is in doubt."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.errors import say_of_all_rows
from hotspots.ingest.formats import Columns, Table
from hotspots.ingest.incidents.column_words import says_month
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.texts import (
    MONTH_NAMES,
    DateOrder,
    Exchanged,
    OrderFound,
    are_firsts,
    count_from_1904,
    find_exchanged,
    find_months,
    guess_date_order,
    list_distinct,
    number_month,
    parse_times,
)

_ORDERS: tuple[DateOrder, DateOrder] = ("day-first", "month-first")
_WEEKDAY = r"(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST, _FEWER = 0.95, 0.5
"""Shares of the rows that agree with what else the table says, if dates are read rightly and if they are not."""

_ENOUGH = 10
_MONTH_NUMBERS = {f"{number:{form}}" for number in range(1, 13) for form in ("d", "02d")}


def find_date_order(dates: Sequence[str], table: Table, doubts: list[str], *, is_timed: bool) -> dict[str, Any]:
    """What a profile says of the order of day and month in columns of dates, with what is in doubt.

    Args:
        dates: The columns.
        table: Theirs.
        doubts: Is added to.
        is_timed: Whether other columns give the time of day.
    """
    is_month = all(map(says_month, dates))
    exchanged = _find_exchanged(dates, table, is_timed=is_timed, is_called_month=is_month)
    if exchanged:
        proof = _find_proof(dates, table, is_exchanged=True) if exchanged.stands else None
        if proof:
            exchanged = dataclasses.replace(exchanged, is_certain=True) if proof[0] else None
        if exchanged:
            doubts.append(_doubt_exchanged(exchanged, dates[0], table, proof=proof[1] if proof else None))
    found = guess_date_order(
        (chunk.columns[name] for chunk in table.read(set(dates)) for name in dates),
        is_timed=is_timed,
        is_called_month=is_month,
    )
    order = found.order
    if not found.is_certain:
        proof = _find_proof(dates, table)
        order = _ORDERS[proof[0]] if proof else order
        if proof is None or order != "day-first":
            doubts.append(_doubt_order(found, order, dates[0], table, proof=proof[1] if proof else None))
    values: dict[str, Any] = {"date_order": order} if order != "day-first" else {}
    return values | ({"is_exchanged": True} if exchanged and exchanged.is_certain else {})


def doubt_dates(table: Table, profile: SourceProfile) -> tuple[str, ...]:
    """What could be otherwise of the dates that a given profile reads, in sentences."""
    dates = [names[0] for names in (profile.start, profile.end) if names and names[0] in table.header]
    if profile.is_exchanged or not dates:
        return ()
    exchanged = _find_exchanged(dates, table, is_timed=len(profile.start) > 1, is_called_month=False)
    if exchanged is None:
        return ()
    return (_doubt_exchanged(dataclasses.replace(exchanged, is_certain=False), dates[0], table),)


def _find_exchanged(dates: Sequence[str], table: Table, *, is_timed: bool, is_called_month: bool) -> Exchanged | None:
    first = table.sample(set(dates))
    return find_exchanged(
        [count_days(first[name], table) for name in dates],
        lambda: (count_days(chunk.columns[name], table) for chunk in table.read(set(dates)) for name in dates),
        is_timed=is_timed,
        is_called_month=is_called_month,
    )


def count_days(texts: pd.Series, table: Table) -> pd.Series:
    """Dates with the days of a workbook that counts from 1904 as those of others."""
    return count_from_1904(texts) if table.is_1904 else texts


def _doubt_order(found: OrderFound, order: DateOrder, date: str, table: Table, *, proof: str | None) -> str:
    why = {"day-first": "although none of them proves it", "month-first": "because many make no sense otherwise"}[order]
    other = _ORDERS[1 - _ORDERS.index(order)]
    said = f"{table.label}: the dates in {date} are read {order}, {proof or why}."
    if found.days[order] and found.days[other] and found.days[order] != found.days[other]:
        said += (
            f" Read so, they are {_say_days(found.days[order])}; {other} they would be {_say_days(found.days[other])}."
        )
    return f'{said} If {order} is wrong, set date_order = "{other}" in a source profile.'


def _doubt_exchanged(exchanged: Exchanged, date: str, table: Table, *, proof: str | None = None) -> str:
    day = exchanged.example
    rows = say_of_all_rows(table.label, exchanged.n_rows, "has", "have")
    stands, back = f"{day.day} {day:%B}", f"{day.month} {day.replace(month=day.day, day=1):%B}"
    signs = ""
    if exchanged.stands:
        signs = (
            f"As they stand, all dates are {_say_days(exchanged.stands)}; changed back, {_say_days(exchanged.back)}."
        )
    if exchanged.is_certain:
        why = f"They are, {proof}." if proof else ""
        mixed = "The sign is that no date that it made of a text has a day over 12, and the others were left as text."
        said = " ".join(filter(None, (signs or mixed, why)))
        return (
            f"{rows} a date in {date} of which a spreadsheet had exchanged day and month ({back} had "
            f"become {stands}); they are changed back. {said} If that is wrong, write a source profile without "
            "is_exchanged."
        )
    remedy = "" if exchanged.is_text else ", or set is_exchanged = true in a source profile"
    return (
        f"{rows} a date in {date} of which a spreadsheet may have exchanged day and month ({back} may "
        f"have become {stands}); they are read as they stand. {signs}{' ' if signs else ''}Ask for the file as it was "
        f"before a spreadsheet opened it{remedy}."
    )


def _say_days(days: Collection[dt.date]) -> str:
    """The first and the last of days, for people; of several months that days stand for, these."""
    first, last = min(days), max(days)
    if len(days) > 1 and are_firsts(days):
        return f"the first days of months, {first:%B %Y} to {last:%B %Y}"
    # a year behind the month would be masked, as that of a date of birth is
    said = [f"{day.day} {day:%B}" for day in (first, last)]
    if first.year != last.year:
        said[0] += f" of {first.year}"
    return f"{' to '.join(dict.fromkeys(said))} of {last.year}"


def _find_proof(dates: Sequence[str], table: Table, *, is_exchanged: bool = False) -> tuple[int, str] | None:
    """Which of two readings of dates agrees with what else the table says, and what that is; None if nothing tells.

    What else it says are weekdays and months in other columns, and the months that its file is called by.

    Args:
        dates: The columns.
        table: Theirs.
        is_exchanged: Whether the readings are as they stand and changed back, instead of day-first and month-first.
    """
    columns = table.sample({name for name in table.header if table.header.count(name) == 1})
    texts = count_days(columns[dates[0]], table)
    readings = [
        parse_times(texts, is_exchanged=both).at if is_exchanged else parse_times(texts, date_order=order).at
        for both, order in zip((False, True), _ORDERS, strict=True)
    ]
    stated = _read_months(columns)
    for name in _list_signs(columns, stated):
        agreed = [_agree(at, name, columns[name], stated) for at in readings]
        if name not in dates and (found := _compare(agreed)) is not None:
            return found, f'because only so they agree with "{name}"'
    if (months := find_months(PurePosixPath(table.label).name)) is not None:
        inside = [
            [(months[0] <= month <= months[1]) for month in at.dropna().to_numpy().astype("datetime64[M]")]
            for at in readings
        ]
        if (found := _compare([np.array(flags, dtype=bool) for flags in inside])) is not None:
            return found, "because only so they are of the months that the file is called by"
    return None


def _list_texts(values: pd.Series) -> set[str]:
    return {text.strip().lower() for text in list_distinct(values)}


def _read_months(columns: Columns) -> dict[str, pd.Timestamp]:
    """The texts of all columns that are months.

    They are read together: a table may have a thousand columns, and to read a few texts takes as long as to read many.
    """
    every = pd.Series(sorted(set().union(*map(_list_texts, columns.values()))), dtype="category")
    read = parse_times(every)
    is_month = read.precision == "month"
    return dict(zip(every[is_month], read.at[is_month], strict=True))


def _list_signs(columns: Columns, months: Collection[str]) -> list[str]:
    """The columns with any text that may be a weekday or a month."""
    word = re.compile(rf"{_WEEKDAY}|{MONTH_NAMES}")
    return [
        name
        for name, values in columns.items()
        if any(
            text in months or word.fullmatch(text) or (text in _MONTH_NUMBERS and says_month(name))
            for text in _list_texts(values)
        )
    ]


def _compare(agreed: Sequence[npt.NDArray[np.bool_]]) -> int | None:
    if min(map(len, agreed)) < _ENOUGH:
        return None
    shares = [float(flags.mean()) for flags in agreed]
    return int(np.argmax(shares)) if max(shares) >= _MOST and min(shares) <= _FEWER else None


def _agree(at: pd.Series, name: str, values: pd.Series, months: Mapping[str, pd.Timestamp]) -> npt.NDArray[np.bool_]:
    """For each row that has both, whether its date is on the weekday or in the month that another column says.

    Args:
        at: The dates.
        name: Of the other column.
        values: Its texts.
        months: Those that are months.
    """
    said = values.astype("object").dropna().astype(str).str.strip().str.lower()
    at = at.reindex(said.index).dropna()
    said = said.reindex(at.index)
    if said.empty:
        return np.zeros(0, dtype=bool)
    if said.str.fullmatch(_WEEKDAY).all():
        agreed = said.str[:3].map(_WEEKDAYS.index) == at.dt.day_of_week
    elif said.str.fullmatch(MONTH_NAMES).all():
        agreed = said.map(number_month, na_action="ignore") == at.dt.month
    elif says_month(name) and said.isin(_MONTH_NUMBERS).all():
        agreed = said.astype(int) == at.dt.month
    elif set(said) <= months.keys():
        agreed = said.map(months).dt.to_period("M") == at.dt.to_period("M")
    else:
        return np.zeros(0, dtype=bool)
    flags: npt.NDArray[np.bool_] = agreed.to_numpy(dtype=bool)
    return flags
