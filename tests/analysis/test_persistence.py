from __future__ import annotations

import datetime as dt
import itertools
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from support import MakeIncidents

from hotspots.analysis.calendar.periods import count_by_period, make_periods
from hotspots.analysis.significance.persistence import PERSISTENCE_CATEGORIES, classify_persistence, measure_trend
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography.cells import make_cells

CELLS = make_cells(shapely.box(530_000, 180_000, 532_000, 182_000), cell_size_m=500)
days = st.dates(dt.date(2015, 1, 1), dt.date(2026, 12, 31))


# Periods


def test_months_of_a_leap_year() -> None:
    periods = make_periods(first=dt.date(2024, 1, 1), last=dt.date(2024, 12, 31))
    assert len(periods) == 12
    assert (str(periods.first_day[1]), str(periods.last_day[1])) == ("2024-02-01", "2024-02-29")
    assert str(periods.last_day[-1]) == "2024-12-31"
    assert periods.explanation is None


def test_what_is_less_than_a_period_is_left_out_and_said() -> None:
    weeks = make_periods(first=dt.date(2024, 1, 1), last=dt.date(2024, 1, 31), unit="day", length=7)
    assert [str(day) for day in weeks.first_day] == ["2024-01-04", "2024-01-11", "2024-01-18", "2024-01-25"]
    assert [str(day) for day in weeks.last_day] == ["2024-01-10", "2024-01-17", "2024-01-24", "2024-01-31"]
    assert weeks.explanation == "Left out, because shorter than a period of 7 days: 2024-01-01 to 2024-01-03."
    quarters = make_periods(first=dt.date(2024, 1, 2), last=dt.date(2024, 12, 30), length=3)
    assert [str(day) for day in quarters.first_day] == ["2024-03-01", "2024-06-01", "2024-09-01"]
    assert quarters.explanation == (
        "Left out, because shorter than a period of 3 months: 2024-01-02 to 2024-02-29 and 2024-12-01 to 2024-12-30."
    )
    one = make_periods(first=dt.date(2024, 1, 1), last=dt.date(2024, 1, 3), unit="day", length=2)
    assert one.explanation == "Left out, because shorter than a period of 2 days: 2024-01-01."


@given(st.tuples(days, days).map(sorted), st.sampled_from(["month", "day"]), st.integers(1, 40))
def test_periods_are_equal_follow_each_other_and_stay_within(span: list[dt.date], unit: str, length: int) -> None:
    first, last = span
    try:
        periods = make_periods(first=first, last=last, unit=unit, length=length)  # type: ignore[arg-type]
    except TooLittleDataError:
        whole = pd.period_range(first, last, freq="M")
        whole = whole[(whole.start_time >= pd.Timestamp(first)) & (whole.end_time.normalize() <= pd.Timestamp(last))]
        assert length > (len(whole) if unit == "month" else (last - first).days + 1)
        return
    starts, ends = periods.first_day.astype(dt.date), periods.last_day.astype(dt.date)
    one_day = dt.timedelta(days=1)
    assert (starts[1:] == ends[:-1] + one_day).all()
    assert first <= starts[0]
    assert ends[-1] <= last
    if unit == "day":
        assert all((end - start).days + 1 == length for start, end in zip(starts, ends, strict=True))
        assert ends[-1] == last
        assert (starts[0] - first).days < length
    else:
        assert all(day.day == 1 for day in [*starts, *(ends + one_day)])
        months = [12 * (end + one_day).year + (end + one_day).month for end in ends]
        assert set(np.diff(months)) <= {length}
        assert (last - ends[-1]).days < 31
        assert (starts[0] - first).days < 31 * (length + 1)
    assert (periods.explanation is None) == (starts[0] == first and ends[-1] == last)


@given(
    st.lists(st.datetimes(dt.datetime(2023, 11, 1), dt.datetime(2024, 4, 30)), min_size=1, max_size=60),
    st.sampled_from(["month", "day"]),
    st.integers(1, 3),
)
def test_each_incident_is_in_exactly_one_period(
    make_incidents: MakeIncidents, times: list[dt.datetime], unit: str, length: int
) -> None:
    """Compared with the definition, incident by incident; those outside the periods or the cells are counted."""
    rng = np.random.default_rng(len(times))
    east, north = rng.uniform(529_800, 532_200, len(times)), rng.uniform(179_800, 182_200, len(times))
    incidents = make_incidents(east, north, started_at=pd.to_datetime(times).floor("s"))
    periods = make_periods(
        first=dt.date(2023, 12, 5), last=dt.date(2024, 3, 31), unit=unit, length=length  # type: ignore[arg-type]
    )  # fmt: skip
    found = count_by_period(incidents, CELLS, periods=periods)
    expected = np.zeros((len(periods), len(CELLS)), dtype=int)
    outside_periods = outside_cells = 0
    for time, cell in zip(times, CELLS.locate(east, north), strict=True):
        where = [
            p for p in range(len(periods))
            if periods.first_day[p].astype(dt.date) <= time.date() <= periods.last_day[p].astype(dt.date)
        ]  # fmt: skip
        assert len(where) <= 1
        outside_periods += not where
        outside_cells += bool(where) and cell < 0
        if where and cell >= 0:
            expected[where[0], cell] += 1
    np.testing.assert_array_equal(found.counts, expected)
    assert (found.n_outside_periods, found.n_outside_cells) == (outside_periods, outside_cells)
    assert found.counts.sum() + found.n_outside_periods + found.n_outside_cells == len(times)


def test_the_first_and_last_moment_of_a_period_belong_to_it(make_incidents: MakeIncidents) -> None:
    times = ["2023-12-31 23:59:59", "2024-01-01 00:00:00", "2024-01-31 23:59:59", "2024-02-01 00:00:00",
             "2024-02-29 23:59:59", "2024-03-01 00:00:00"]  # fmt: skip
    incidents = make_incidents([530_100.0] * 6, [180_100.0] * 6, started_at=times)
    months = make_periods(first=dt.date(2024, 1, 1), last=dt.date(2024, 2, 29))
    found = count_by_period(incidents, CELLS, periods=months)
    assert found.counts.sum(axis=1).tolist() == [2, 2]
    assert found.n_outside_periods == 2


def test_no_incident_is_lost_between_months_of_a_real_year(real_data: Path) -> None:
    """Memphis, 2019: robberies per month as pandas counts them, and twelve months are not eleven."""
    table = pd.read_csv(real_data / "timestamped" / "memphis_robberies.csv", parse_dates=["date_utc"])
    points = gpd.points_from_xy(table["longitude"], table["latitude"], crs=4326).to_crs(32615)
    incidents = gpd.GeoDataFrame(
        {"started_at": table["date_utc"].dt.tz_localize(None), "time_precision": "minute"}, geometry=points
    )
    cells = make_cells(incidents.union_all().convex_hull.buffer(250), cell_size_m=500)
    periods = make_periods(first=dt.date(2019, 1, 1), last=dt.date(2019, 12, 31))
    found = count_by_period(incidents, cells, periods=periods)
    by_month = incidents["started_at"].dt.month.value_counts().sort_index()
    assert found.counts.sum(axis=1).tolist() == by_month.tolist()
    assert found.counts.sum() == 2_245
    np.testing.assert_array_equal(found.counts.sum(axis=0), cells.count(incidents))


# Trend


@given(
    st.integers(3, 15).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 8).map(float), min_size=n, max_size=n), min_size=1, max_size=5)
    )
)
def test_the_trend_is_that_of_kendall(series: list[list[float]]) -> None:
    """S from scipy's tau-b, the variance with ties from its p, which has no correction for continuity."""
    found = measure_trend(np.array(series).T)
    for values, s, z, p in zip(series, found.s, found.z, found.p, strict=True):
        n = len(values)
        pairs = list(itertools.combinations(values, 2))
        assert s == sum(int(np.sign(later - earlier)) for earlier, later in pairs)
        assert p == pytest.approx(2 * stats.norm.sf(abs(z)))
        if len(set(values)) == 1:
            assert (s, z, p) == (0, 0, 1)
            continue
        theirs = stats.kendalltau(np.arange(n), values, method="asymptotic")
        untied = sum(a != b for a, b in pairs)
        assert s == pytest.approx(theirs.statistic * math.sqrt(len(pairs) * untied))
        if abs(s) > 0:
            uncorrected = stats.norm.isf(theirs.pvalue / 2)
            assert abs(z) == pytest.approx(uncorrected * (abs(s) - 1) / abs(s), abs=1e-6)
            assert np.sign(z) in (0, np.sign(s))


@pytest.mark.parametrize("values", [range(8), [1, 1, 2, 2, 3, 3, 4, 5]])
def test_its_p_is_close_to_that_of_all_orders(values: list[float]) -> None:
    """All 40,320 orders of eight values, as the test's own null hypothesis has it."""
    orders = np.array(list(itertools.permutations(values)), dtype=float).T
    found = measure_trend(orders)
    for s in np.unique(np.abs(found.s)):
        exact = (np.abs(found.s) >= s).mean()
        assert found.p[np.abs(found.s) == s][0] == pytest.approx(exact, abs=0.015 if s else 1e-12)


def test_fewer_than_five_periods_show_no_trend() -> None:
    assert measure_trend(np.arange(4.0)[:, None]).p[0] > 0.05
    assert measure_trend(np.arange(5.0)[:, None]).p[0] < 0.05


def test_missing_values_are_left_out() -> None:
    series = np.array([[1.0, 2, np.nan, 3, 5, np.nan, 4]]).T
    found, without = measure_trend(series), measure_trend(series[~np.isnan(series[:, 0])])
    assert (found.s[0], found.z[0], found.p[0]) == (without.s[0], without.z[0], without.p[0])
    nothing = measure_trend(np.full((6, 1), np.nan))
    assert (nothing.s[0], nothing.z[0], nothing.p[0]) == (0, 0, 1)


# Categories

FLAT = [0.1, -0.1] * 5
RISE = list(range(10))
FALL = RISE[::-1]


@pytest.mark.parametrize(
    ("hot", "z", "category", "n_in_a_row"),
    [
        ("----------", RISE, "none", 0),
        ("---------#", RISE, "new", 1),
        ("----------", FALL, "none", 0),
        ("##########", RISE, "intensifying", 10),
        ("-#########", RISE, "intensifying", 9),
        ("##########", FALL, "diminishing", 10),
        ("#######-##", FALL, "diminishing", 2),
        ("##########", FLAT, "persistent", 10),
        ("####-#####", FLAT, "persistent", 5),
        ("#########-", FALL, "historical", 0),
        ("#-##-###--", FLAT, "sporadic", 0),
        ("########--", FALL, "sporadic", 0),
        ("-########-", FLAT, "sporadic", 0),  # eight of nine are not 90%
        ("#--------#", RISE, "sporadic", 1),
        ("-#-#-#-#-#", FLAT, "sporadic", 1),
        ("----######", RISE, "new", 6),
        ("--########", RISE, "new", 8),
        ("----#-----", FLAT, "none", 0),
        ("#---------", FALL, "none", 0),
    ],
)
def test_each_category(hot: str, z: list[float], category: str, n_in_a_row: int) -> None:
    is_hot = np.array([[mark == "#"] for mark in hot])
    found = classify_persistence(is_hot, np.array(z, float)[:, None])
    assert list(found.category) == [category]
    assert found.n_hot.tolist() == [hot.count("#")]
    assert found.n_hot_in_a_row.tolist() == [n_in_a_row]
    assert found.n_periods == 10


def test_ninety_percent_is_counted_in_whole_periods() -> None:
    """Nine of ten, 18 of 20, 27 of 30 ... whatever 0.9 times their number is in floating point."""
    for n in range(10, 400, 10):
        is_hot = np.ones((n, 2), dtype=bool)
        is_hot[: n // 10, 0] = is_hot[: n // 10 + 1, 1] = False
        found = classify_persistence(is_hot, np.zeros((n, 2)))
        assert list(found.category) == ["persistent", "new"]


@given(st.integers(2, 25), st.integers(0, 1_000))
def test_categories_hang_together(n_periods: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    is_hot = rng.random((n_periods, 40)) < rng.random(40)
    found = classify_persistence(is_hot, rng.normal(size=is_hot.shape))
    category: npt.NDArray[np.object_] = np.array(found.category, dtype=object)
    assert set(category) <= set(PERSISTENCE_CATEGORIES)
    lasting = np.isin(category, ["intensifying", "diminishing", "persistent"])
    assert is_hot[-1, lasting | (category == "new")].all()
    assert not is_hot[-1, np.isin(category, ["historical", "none"])].any()
    assert (found.n_hot[category == "none"] <= 1).all()
    # A cell that is hot now is always called something, and one that never was is not.
    assert (category[is_hot[-1]] != "none").all()
    assert (category[~is_hot.any(axis=0)] == "none").all()


def test_what_cannot_be_is_refused(make_incidents: MakeIncidents) -> None:
    first, last = dt.date(2024, 1, 1), dt.date(2024, 1, 31)
    with pytest.raises(ParameterError, match='No unit of periods called "week". Choose one of: month, day'):
        make_periods(first=first, last=last, unit="week")  # type: ignore[arg-type]
    for length in (0, -1, 1.5):
        with pytest.raises(ParameterError, match=f"whole number of days, 1 or more, not {length}. One month is usual"):
            make_periods(first=first, last=last, unit="day", length=length)  # type: ignore[arg-type]
    with pytest.raises(
        TooLittleDataError, match="2024-01-01 to 2024-01-31 does not hold 2 whole months. Choose shorter"
    ):
        make_periods(first=first, last=last, length=2)
    with pytest.raises(TooLittleDataError, match="2024-01-31 to 2024-01-01 does not hold 1 whole month"):
        make_periods(first=last, last=first)

    days = make_periods(first=first, last=last, unit="day", length=7)
    incidents = make_incidents([530_100.0] * 2, [180_100.0] * 2, time_precision=["day", "month"])
    with pytest.raises(DataError, match="1 of 2 give only the month, the first i1. Use periods of months"):
        count_by_period(incidents, CELLS, periods=days)
    with pytest.raises(DataError, match="projected CRS in metres; the incidents are in WGS 84"):
        count_by_period(incidents.to_crs(4326), CELLS, periods=days)

    with pytest.raises(ParameterError, match=r"periods by series, not on an array of shape \(5,\)"):
        measure_trend(np.arange(5.0))
    with pytest.raises(ParameterError, match=r"of one shape; their shapes are \(3, 2\) and \(3, 1\). Stack"):
        classify_persistence(np.ones((3, 2), bool), np.ones((3, 1)))
    with pytest.raises(ParameterError, match="needs two periods or more, not 1. Choose shorter"):
        classify_persistence(np.ones((1, 2), bool), np.ones((1, 2)))
