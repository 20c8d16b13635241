"""Holes: for which months a file, a borough or a ward has no rows while the others go on."""

from __future__ import annotations

import collections
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.change import find_silences
from hotspots.ingest.texts import strip_dates

PartKind = Literal["source", "borough", "ward"]

_PARTED = ("source", "ward_code", "category")
_SAME_WARDS_SHARE = 0.5
"""Share of the rows of a file that lie in the wards of the one before, from which it continues that."""
_OWN_SHARE = 0.8
"""Share of a ward's rows that a file must hold for the ward to rest on it; the others are next to nothing."""
_SELDOM = 0.001
_MOSTLY_DAYS = 0.95
_MIN_MONTHS = 6
"""Months with rows from which a file that others overlie is one that speaks for a time of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Months for which a part of the data has no rows while the rest goes on.

    Attributes:
        kind: Whether the part is one or more files that continue each other, a borough or a ward.
        name: Its name; of files that of the last to begin.
        sources: The tables of which it is, if it is one of files; else none.
        ward_codes: The wards of which it is, otherwise.
        wards, resting_codes: Names and codes of the wards that rest on it.
        first_month, last_month: Without rows, or with rows of a part of their days: "2025-07".
        is_start, is_end: Whether the part begins late, or ends early; neither if it stops in between.
        is_of_crime: Whether only the crime is missing that was asked for, and the part has others.
    """

    kind: PartKind
    name: str
    sources: tuple[str, ...]
    ward_codes: tuple[str, ...]
    wards: tuple[str, ...]
    resting_codes: tuple[str, ...]
    first_month: str
    last_month: str
    is_start: bool
    is_end: bool
    is_of_crime: bool

    @property
    def months(self) -> pd.PeriodIndex:
        """The months of the hole."""
        return pd.period_range(self.first_month, self.last_month, freq="M")

    def holds(self, rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Which rows are of the part: bool (n,). Needs `source` and `ward_code`."""
        column, names = ("source", self.sources) if self.kind == "source" else ("ward_code", self.ward_codes)
        held: npt.NDArray[np.bool_] = rows[column].isin(names).to_numpy(dtype=bool)
        return held


def tally_parts(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows by what a hole may be of: `source`, `ward_code` and `category` (text, "" where not known).

    Returns:
        One row each a month (int, as of datetime64[M]): `n_rows`, `n_days` (of them, with a day), `first_day` and
        `last_day`.
    """
    return pd.concat([_tally(table) for table in tables if len(table)] or [_tally(tables[0])], ignore_index=True)


def _tally(table: pd.DataFrame) -> pd.DataFrame:
    day = table["started_at"].to_numpy().astype("datetime64[D]").astype(np.int64)
    has_day = (table["time_precision"] != "month").to_numpy(dtype=bool)
    columns = [pd.Categorical(table[name] if name in table else np.full(len(table), "")) for name in _PARTED]
    # All rows read are sorted once, as one number each; a missing text has the code -1.
    sizes = [len(column.categories) + 1 for column in columns]
    first_day, n_days = (int(day.min()), int(np.ptp(day)) + 1) if len(day) else (0, 1)
    number = np.zeros(len(table), dtype=np.int64)
    for column, size in zip(columns, sizes, strict=True):
        number = number * size + column.codes + 1
    at, number = pd.factorize((number * n_days + day - first_day) * 2 + has_day, sort=True)
    n_rows = np.bincount(at, minlength=len(number))
    number, has_day = np.divmod(number, 2)
    part, day = np.divmod(number, n_days)
    day += first_day
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    starts = np.flatnonzero(np.diff(part, prepend=-1).astype(bool) | np.diff(month, prepend=-1).astype(bool))
    ends = np.append(starts[1:], len(part)) - 1 if len(starts) else starts
    texts = {}
    part = part[starts]
    for name, column, size in reversed(list(zip(_PARTED, columns, sizes, strict=True))):
        part, code = np.divmod(part, size)
        texts[name] = np.array(["", *map(str, column.categories)], dtype=object)[code]
    return pd.DataFrame(
        {
            **{name: texts[name] for name in _PARTED},
            "month": month[starts],
            "n_rows": np.add.reduceat(n_rows, starts) if len(starts) else n_rows,
            "n_days": np.add.reduceat(n_rows * has_day, starts) if len(starts) else n_rows,
            "first_day": day[starts],
            "last_day": day[ends],
        }
    )


def find_holes(
    tally: pd.DataFrame,
    feed_of: Mapping[str, str],
    *,
    wards: pd.DataFrame | None,
    crime: pd.DataFrame | None = None,
) -> tuple[Hole, ...]:
    """Find the months for which a file, a borough or a ward has no rows while the others go on.

    Files that continue each other are one: by their names but for dates, or because one begins in the wards of another
    when that ends. A borough or a ward is not told of where its rows are those of a file that is.

    Args:
        tally: From `tally_parts`, of all crimes.
        feed_of: `name_feeds` of it.
        wards: `ward_name` and `borough` by code; None where they are not known.
        crime: The same tally of one crime, to find holes in that alone: by file, by borough and by wards of which
            several stop at once, as a crime may end in one.
    """
    rows = tally if crime is None else crime
    if rows.empty:
        return ()
    months = pd.period_range(
        pd.Period(ordinal=int(tally["month"].min()), freq="M"), pd.Period(ordinal=int(tally["month"].max()), freq="M")
    )
    borough_of = {} if wards is None else wards["borough"].dropna().astype(str).to_dict()
    names = {} if wards is None else wards["ward_name"].astype(str).to_dict()
    holes: list[Hole] = []
    kinds: tuple[tuple[PartKind, pd.Series], ...] = (
        ("source", rows["source"].map(feed_of)),
        ("borough", rows["ward_code"].map(borough_of)),
        ("ward", rows["ward_code"].where(rows["ward_code"] != "")),
    )
    for kind, part in kinds:
        if part.nunique() < 2:
            continue
        runs = _find_runs(rows, part, months, is_file=kind == "source")
        if kind == "ward" and crime is not None:
            n_at_once = collections.Counter((run[0], run[-1]) for _, run in runs)
            runs = [(name, run) for name, run in runs if n_at_once[run[0], run[-1]] > 1]
        for name, run in runs:
            own = rows[(part == name).to_numpy()]
            if _is_explained(own, run, holes):
                continue
            codes = tuple(sorted(set(own["ward_code"]) - {""}))
            resting = tuple(_list_resting(rows, own, codes))
            files = tuple(source for source, feed in feed_of.items() if feed == name)
            holes.append(
                Hole(
                    kind=kind,
                    name=files[-1] if kind == "source" else names.get(name, name) if kind == "ward" else name,
                    sources=files if kind == "source" else (),
                    ward_codes=codes if kind != "source" else (),
                    wards=tuple(names.get(code, code) for code in resting),
                    resting_codes=resting,
                    first_month=str(run[0]),
                    last_month=str(run[-1]),
                    is_start=run[0] == months[0],
                    is_end=run[-1] == months[-1],
                    is_of_crime=crime is not None,
                )
            )
    return tuple(holes)


def count_uncovered_months(holes: Sequence[Hole], ward_codes: pd.Index, *, months: pd.PeriodIndex) -> pd.Series:
    """For how many of some months each ward rests on a part of the data that has no rows: int, by its code."""
    counts = pd.Series(0, index=ward_codes, dtype=np.int64)
    for code in {code for hole in holes for code in hole.resting_codes} & {*ward_codes}:
        missing = [months.isin(hole.months) for hole in holes if code in hole.resting_codes]
        counts[code] = int(np.logical_or.reduce(missing).sum())
    return counts


def name_feeds(tally: pd.DataFrame) -> dict[str, str]:
    """For each table, in the order of their first rows, the one that stands for all that continue each other.

    Tables continue each other if their names are the same but for dates, or if one begins when the other ends, and
    half of the rows of either lie in wards of the other. Where wards are not known, names must be the same but for
    numbers then: "area 1" and "area 2" of the same months are two, and "part 1" and "part 2" of one year are one.
    """
    spans = tally.groupby("source").agg(first=("first_day", "min"), last=("last_day", "max"))
    spans = spans.sort_values(["first", "last"], kind="stable")
    feed_of = {str(source): str(source) for source in spans.index}
    if len(feed_of) < 2:
        return feed_of
    by_name: dict[str, str] = {}
    for source in feed_of:
        feed_of[source] = by_name.setdefault(strip_dates(source), source)
    placed = tally[tally["ward_code"] != ""]
    n_by_feed = placed.groupby([placed["source"].map(feed_of), "ward_code"])["n_rows"].sum()
    middles = {feed: _find_middle(rows) for feed, rows in tally.groupby(tally["source"].map(feed_of))}
    merged: dict[str, str] = {feed: feed for feed in dict.fromkeys(feed_of.values())}
    order = sorted(merged, key=lambda feed: middles[feed][0])
    for at, later in enumerate(order):
        for earlier in order[:at]:
            if middles[earlier][1] > middles[later][0] or not _are_alike(n_by_feed, earlier, later):
                continue
            one, other = merged[earlier], merged[later]
            merged = {feed: one if to == other else to for feed, to in merged.items()}
    return {source: merged[feed] for source, feed in feed_of.items()}


def _find_middle(rows: pd.DataFrame) -> tuple[float, float]:
    """Days between which nearly all rows of a feed lie, so that a few stragglers do not count."""
    first, last = rows.sort_values("first_day"), rows.sort_values("last_day")
    low = first["first_day"].to_numpy()[np.searchsorted(first["n_rows"].cumsum(), 0.05 * first["n_rows"].sum())]
    high = last["last_day"].to_numpy()[np.searchsorted(last["n_rows"].cumsum(), 0.95 * last["n_rows"].sum())]
    return float(low), float(high)


def _are_alike(n_by_feed: pd.Series, one: str, other: str) -> bool:
    """Whether two feeds are of the same wards or, where those are not known, of one name but for numbers."""
    if not {one, other} <= {*n_by_feed.index.get_level_values(0)}:
        plain = [re.sub(r"\d+", "", strip_dates(name)) for name in (one, other)]
        return plain[0] == plain[1]
    found: list[pd.Series] = [n_by_feed.loc[feed] for feed in (one, other)]
    shares = [float(rows[rows.index.isin(beside.index)].sum() / rows.sum()) for rows, beside in (found, found[::-1])]
    return max(shares) >= _SAME_WARDS_SHARE


def _find_runs(
    rows: pd.DataFrame, part: pd.Series, months: pd.PeriodIndex, *, is_file: bool
) -> list[tuple[str, pd.PeriodIndex]]:
    """The parts that are silent, and when: months without rows, with those of whose days they hold a part."""
    number = rows["month"].to_numpy() - months[0].ordinal
    known = part.notna().to_numpy()
    code, names = pd.factorize(part[known], sort=True)
    counts = np.zeros((len(names), len(months)), dtype=np.int64)
    np.add.at(counts, (code, number[known]), rows["n_rows"].to_numpy()[known])
    table = pd.DataFrame(counts, index=names, columns=months)
    if is_file:  # a few rows more, in a file beside another, are no file that ends
        table = table[(counts > 0).sum(axis=1) >= min(_MIN_MONTHS, len(months) // 2)]
    found = []
    for silence in find_silences(table):
        own = rows[(part == silence.part).to_numpy()]
        first, last = silence.first, silence.last
        if last < months[-1] and _is_cut(own, last + 1, at_start=True):
            last += 1
        if first > months[0] and _is_cut(own, first - 1, at_start=False):
            first -= 1
        found.append((str(silence.part), pd.period_range(first, last, freq="M")))
    return found


def _is_cut(own: pd.DataFrame, month: pd.Period, *, at_start: bool) -> bool:
    """Whether a part begins, or ends, within the month beside a silence, by more than chance."""
    if own["n_days"].sum() < _MOSTLY_DAYS * own["n_rows"].sum():
        return False
    inside = own[(own["month"] == month.ordinal).to_numpy()]
    start, end = (
        int(day.to_datetime64().astype("datetime64[D]").astype(np.int64)) for day in (month.start_time, month.end_time)
    )
    n_silent = int(inside["first_day"].min()) - start if at_start else end - int(inside["last_day"].max())
    usual = float(own.groupby("month")["n_rows"].sum().median()) / month.days_in_month
    return bool(np.exp(-usual * n_silent) < _SELDOM)


def _is_explained(own: pd.DataFrame, run: pd.PeriodIndex, holes: Sequence[Hole]) -> bool:
    """Whether nearly all rows of a part are of those parts that are silent in the same months."""
    of_holes = np.zeros(len(own), dtype=bool)
    for hole in holes:
        if hole.months.isin(run).sum() >= len(run) - 1:
            of_holes |= hole.holds(own)
    return bool(own["n_rows"][of_holes].sum() >= _OWN_SHARE * own["n_rows"].sum())


def _list_resting(rows: pd.DataFrame, own: pd.DataFrame, codes: Sequence[str]) -> list[str]:
    """The wards of which nearly all rows, in the months in which the part has any, are of it."""
    inside = rows[rows["month"].isin(own["month"].unique()).to_numpy()]
    n_all, n_own = (table.groupby("ward_code")["n_rows"].sum() for table in (inside, own))
    return [code for code in codes if n_own[code] >= _OWN_SHARE * n_all[code]]
