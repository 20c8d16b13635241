"""Sources that seem to hold the same incidents, which would count twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.crimes import UNRECOGNISED
from hotspots.ingest.incidents import find_days

_REACH_M = 150.0
"""How far the published place of an incident can be from the recorded one, since it was moved to a shared point."""

_SAME_SHARE = 0.95
_N_DEALS = 20
_MAX_P = 1e-4
"""As small as this because every pair of files is tested for every crime."""

_N_EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two sources that seem to hold the same incidents.

    Attributes:
        category: Of the incidents.
        sources: The two tables.
        start, end: The days that both cover.
        unit: Whether rows match by the day or by the month.
        n_rows: Rows that the smaller of them has in that time.
        n_matching: How many of them have a row of the other to themselves, at the same place and time.
        n_by_chance: How many would have one if the rows had been dealt out to the two at random.
        examples: The first rows that match, as numbers of rows of the two tables.
    """

    category: str
    sources: tuple[str, str]
    start: dt.date
    end: dt.date
    unit: Literal["day", "month"]
    n_rows: int
    n_matching: int
    n_by_chance: int
    examples: tuple[tuple[int, int], ...]


def find_overlaps(incidents: gpd.GeoDataFrame) -> tuple[Overlap, ...]:
    """Pairs of sources that seem to hold the same incidents, which would count twice.

    Two forces may record the same crime in the same place and month (British Transport Police and the Metropolitan
    Police at a station), and those are different incidents. Two records of the same incidents (an extract, and what
    was published of it, a little moved) agree row by row. So rows of the two sources are matched one to one: of one
    category, on the same day (month where either gives no days), at most 150 m apart, as many as can be. Two sources
    overlap where nearly all rows of the smaller one match and far fewer would if all those rows had been dealt out to
    the two at random. Independent sources are matched no better than such deals, however dense they are: where both
    put many rows on one point, their numbers differ by chance, which those of a copy do not. For deals the incidents
    of both are as likely at each place, which is more alike than two forces are.

    *Misleads* where a file holds a small part of the rows of another that is dense everywhere (months at a few shared
    points): any rows would match there, so nothing is said.

    Args:
        incidents: The incidents table.
    """
    if incidents["source"].nunique() < 2:
        return ()
    first, last = find_days(incidents)
    spans = pd.DataFrame({"source": incidents["source"].array, "first": first, "last": last})
    spans = spans.groupby("source", observed=True).agg({"first": "min", "last": "max"}).sort_values("first")
    if (spans["first"].iloc[1:].to_numpy() > spans["last"].cummax().iloc[:-1].to_numpy()).all():
        return ()  # no two files have a day in common
    table = pd.DataFrame(
        {
            "category": incidents["category"].array,
            "source": incidents["source"].array,
            "row": incidents["source_row"].to_numpy(),
            "first": first,
            "last": last,
            "x": incidents.geometry.x.to_numpy(),
            "y": incidents.geometry.y.to_numpy(),
        }
    )
    # most files are of other days or places than all others, of whatever crime
    beside = {source for one, other, _ in _list_pairs(_part(table, "source")) for source in (one, other)}
    table = table[table["source"].isin(beside) & (table["category"] != UNRECOGNISED)]
    found = []
    for category, rows in _part(table, "category").items():
        parts = _part(rows, "source")
        for one, other, days in _list_pairs(parts):
            if overlap := _compare(parts, (one, other), category=category, days=days):
                found.append(overlap)
    return tuple(found)


def _part(rows: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """The rows by a text that they have, in the order of these."""
    parts = {str(text): part for text, part in rows.groupby(column, observed=True, sort=False)}
    return dict(sorted(parts.items()))


def _list_pairs(parts: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str, tuple[pd.Timestamp, pd.Timestamp]]]:
    """The pairs of sources that can hold the same incidents at all, with the days that both cover.

    Of a year of all police forces there are a hundred thousand pairs, of which few are of one time and place.
    """
    names = list(parts)
    lows = np.array([[part["x"].min(), part["y"].min()] for part in parts.values()]) - _REACH_M
    highs = np.array([[part["x"].max(), part["y"].max()] for part in parts.values()])
    starts = np.array([part["first"].min().to_datetime64() for part in parts.values()])
    ends = np.array([part["last"].max().to_datetime64() for part in parts.values()])
    for at in range(len(names)):
        later = slice(at + 1, None)
        fits = (starts[later] <= ends[at]) & (starts[at] <= ends[later])
        fits &= (lows[later] <= highs[at]).all(axis=1) & (lows[at] <= highs[later]).all(axis=1)
        for other in (np.flatnonzero(fits) + at + 1).tolist():
            days = pd.Timestamp(max(starts[at], starts[other])), pd.Timestamp(min(ends[at], ends[other]))
            yield names[at], names[other], days


def _compare(
    parts: dict[str, pd.DataFrame],
    sources: tuple[str, str],
    *,
    category: str,
    days: tuple[pd.Timestamp, pd.Timestamp],
) -> Overlap | None:
    one, other = (parts[source] for source in sources)
    is_daily = all((part["first"] == part["last"]).all() for part in (one, other))
    unit = "datetime64[D]" if is_daily else "datetime64[M]"
    one, other = (_take_part(part, days, unit) for part in (one, other))
    is_swapped = len(one) > len(other)
    fewer, more = (other, one) if is_swapped else (one, other)
    more = more[more["x"].between(*_widen(fewer["x"])) & more["y"].between(*_widen(fewer["y"]))]
    if fewer.empty or len(more) < _SAME_SHARE * len(fewer):
        return None
    places, places_of_more = _gather(fewer), _gather(more)
    near = _find_near(places.at, places_of_more.at)
    n_matching = _match(places.n_rows, places_of_more.n_rows, near)
    if n_matching < _SAME_SHARE * len(fewer):
        return None
    from scipy import special  # here, as few files get so far and it takes a while

    n_by_chance = _match_by_chance(places, places_of_more, near)
    # rows without a match are about Poisson where the two are independent and nearly all match
    if special.pdtr(len(fewer) - n_matching, len(fewer) - n_by_chance) > _MAX_P:
        return None
    examples = _list_examples(places.first_row, places_of_more.first_row, near)
    return Overlap(
        category=category,
        sources=sources,
        start=days[0].date(),
        end=days[1].date(),
        unit="day" if is_daily else "month",
        n_rows=len(fewer),
        n_matching=n_matching,
        n_by_chance=round(n_by_chance),
        examples=tuple((row[1], row[0]) if is_swapped else row for row in examples),
    )


def _take_part(rows: pd.DataFrame, days: tuple[pd.Timestamp, pd.Timestamp], unit: str) -> pd.DataFrame:
    """The rows of the days, or of their months, with that day or month as a number."""
    start, end = (np.datetime64(day).astype(unit) for day in days)
    time = rows["first"].to_numpy().astype(unit)
    is_inside = (time >= start) & (time <= end)
    taken: pd.DataFrame = rows[is_inside].assign(time=time[is_inside].astype(np.int64))
    return taken


def _widen(values: pd.Series) -> tuple[float, float]:
    return values.min() - _REACH_M, values.max() + _REACH_M


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gathered:
    """Rows by place and time.

    Attributes:
        at: Float (n, 3): x and y in metres, and the time as metres so many that other times are out of reach.
        n_rows: Int (n,), rows there.
        first_row: Int (n,), the number of the first of them in its table.
    """

    at: npt.NDArray[np.float64]
    n_rows: npt.NDArray[np.int64]
    first_row: npt.NDArray[np.int64]


def _gather(rows: pd.DataFrame) -> _Gathered:
    rows = rows[["x", "y", "row"]].assign(time=2 * _REACH_M * rows["time"])
    counted = rows.groupby(["x", "y", "time"], sort=True)["row"].agg(["size", "min"]).reset_index()
    return _Gathered(
        at=counted[["x", "y", "time"]].to_numpy(dtype=np.float64),
        n_rows=counted["size"].to_numpy(dtype=np.int64),
        first_row=counted["min"].to_numpy(dtype=np.int64),
    )


def _find_near(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.void]:
    """Pairs of positions `i` and `j` within reach of each other, with the distance `v`, nearest first."""
    from scipy.spatial import KDTree

    near = KDTree(one).sparse_distance_matrix(KDTree(other), _REACH_M, output_type="ndarray")
    return np.sort(near, order=["v", "i", "j"])


def _match(n_one: npt.NDArray[np.int64], n_other: npt.NDArray[np.int64], near: npt.NDArray[np.void]) -> int:
    """How many rows can be matched one to one: the largest flow from those of one side to those of the other."""
    from scipy import sparse
    from scipy.sparse.csgraph import maximum_flow

    source, sink = len(n_one) + len(n_other), len(n_one) + len(n_other) + 1
    i, j = near["i"], near["j"]
    tails = np.concatenate([np.full(len(n_one), source), i, len(n_one) + np.arange(len(n_other))])
    heads = np.concatenate([np.arange(len(n_one)), len(n_one) + j, np.full(len(n_other), sink)])
    capacity = np.concatenate([n_one, np.minimum(n_one[i], n_other[j]), n_other]).astype(np.int32)
    graph = sparse.csr_array((capacity, (tails, heads)), shape=(sink + 1, sink + 1))
    # older versions of SciPy take no wider positions
    graph.indices, graph.indptr = graph.indices.astype(np.int32), graph.indptr.astype(np.int32)
    return int(maximum_flow(graph, source, sink).flow_value)


def _match_by_chance(one: _Gathered, other: _Gathered, near: npt.NDArray[np.void]) -> float:
    """How many rows match on average where these rows, and those within reach of them, are dealt out at random."""
    within = np.unique(near["j"])
    at = np.concatenate([one.at, other.at[within]])
    n_rows = np.concatenate([one.n_rows, other.n_rows[within]])
    among = _find_near(at, at)
    generator = np.random.default_rng(0)
    n_matching = []
    for _ in range(_N_DEALS):
        dealt = generator.multivariate_hypergeometric(n_rows, min(one.n_rows.sum(), n_rows.sum()), method="marginals")
        n_matching.append(_match(dealt, n_rows - dealt, among))
    return float(np.mean(n_matching))


def _list_examples(
    first_one: npt.NDArray[np.int64], first_other: npt.NDArray[np.int64], near: npt.NDArray[np.void]
) -> list[tuple[int, int]]:
    """The first rows of one side with a row of the other near them, each named once, with the nearest."""
    nearest = pd.DataFrame({"one": first_one[near["i"]], "other": first_other[near["j"]]})
    nearest = nearest.drop_duplicates("one").drop_duplicates("other").sort_values("one").head(_N_EXAMPLES)
    return list(zip(nearest["one"].tolist(), nearest["other"].tolist(), strict=True))
