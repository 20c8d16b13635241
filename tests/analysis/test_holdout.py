from __future__ import annotations

import datetime as dt
from types import ModuleType
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.analysis.accuracy import forecasts, holdout
from hotspots.analysis.accuracy.folds import Fold, plan_folds, plan_predecessor
from hotspots.analysis.accuracy.forecasts import MethodName, list_reaches
from hotspots.analysis.accuracy.holdout import Holdout, MethodScore, evaluate_methods
from hotspots.analysis.accuracy.scores import score_forecast
from hotspots.analysis.hotspots.hotspot_areas import HotspotOptions, draw_hotspots
from hotspots.analysis.surfaces.cell_records import CellRecords
from hotspots.analysis.surfaces.density import estimate_density
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography.grid import Grid

SQUARE = shapely.box(530_000, 180_000, 532_000, 182_000)
"""1,600 cells of 50 m."""
YEAR = (dt.date(2025, 1, 1), dt.date(2025, 12, 31))
FOLDS = plan_folds(*YEAR, is_monthly=False)
DAY = dt.timedelta(days=1)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def score(incidents: gpd.GeoDataFrame, other: gpd.GeoDataFrame | None = None, **options: Any) -> Holdout:
    usual: dict[str, Any] = {"study_area": SQUARE, "folds": FOLDS, "n_resamples": 99, **options}
    return evaluate_methods(incidents, other, **usual)


def pick(found: Holdout, method: MethodName) -> MethodScore:
    (one,) = [one for one in found.methods if one.method == method]
    return one


def scatter(make: MakeIncidents, n: int, *, seed: int, width_m: float = 2000) -> gpd.GeoDataFrame:
    """Incidents at random over a square from the south-west, and over the days of 2025; a third of them clumped."""
    rng = np.random.default_rng(seed)
    east, north = 530_000 + rng.uniform(0, width_m, n), 180_000 + rng.uniform(0, width_m, n)
    clump = rng.random(n) < 1 / 3
    east[clump], north[clump] = 530_525 + 100 * rng.integers(0, 4, clump.sum()), 180_525.0
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, n), "D")
    return make(east, north, started_at=days, time_precision="day")


def repeat_monthly(make: MakeIncidents, easting: Any, northing: Any, *, months: Any = range(1, 13)) -> gpd.GeoDataFrame:
    """The same incidents in each month, which is all that is known of their time."""
    months = list(months)
    n = len(easting)
    when = pd.to_datetime([f"2025-{month:02}-01" for month in months for _ in range(n)])
    return make(
        np.tile(easting, len(months)),
        np.tile(northing, len(months)),
        started_at=when,
        time_precision="month",
        location_precision="anonymised",
    )


# --- the plan


@pytest.mark.parametrize(
    ("start", "end", "is_monthly", "windows"),
    [
        pytest.param(
            *("2025-01-01", "2025-12-31", True),
            [("2025-10-01", "2025-10-31"), ("2025-11-01", "2025-11-30"), ("2025-12-01", "2025-12-31")],
            id="12 months: the last three, one by one",
        ),
        pytest.param(
            *("2024-01-01", "2025-12-31", False),
            [("2025-04-01", "2025-06-30"), ("2025-07-01", "2025-09-30"), ("2025-10-01", "2025-12-31")],
            id="24 months: quarters",
        ),
        pytest.param(
            *("2024-02-01", "2025-12-31", True),
            [("2025-07-01", "2025-08-31"), ("2025-09-01", "2025-10-31"), ("2025-11-01", "2025-12-31")],
            id="23 months: an eighth is two and a bit",
        ),
        pytest.param(
            *("2025-03-03", "2025-05-25", False),
            [("2025-05-05", "2025-05-11"), ("2025-05-12", "2025-05-18"), ("2025-05-19", "2025-05-25")],
            id="12 weeks: the last three",
        ),
        pytest.param(
            *("2025-01-01", "2025-01-30", False), [("2025-01-24", "2025-01-30")], id="30 days: one week after 23 days"
        ),
        pytest.param(*("2025-01-01", "2025-01-28", False), [("2025-01-22", "2025-01-28")], id="four weeks just do"),
        pytest.param(
            *("2025-01-01", "2025-08-27", False),
            [("2025-06-05", "2025-07-02"), ("2025-07-03", "2025-07-30"), ("2025-07-31", "2025-08-27")],
            id="239 days: the last that are tested in weeks",
        ),
        pytest.param(
            *("2025-01-01", "2025-08-28", False),
            [("2025-05-01", "2025-05-31"), ("2025-06-01", "2025-06-30"), ("2025-07-01", "2025-07-31")],
            id="240 days: months, and those of August, not whole, are left out",
        ),
        pytest.param(
            *("2024-12-15", "2025-12-31", False),
            [("2025-10-01", "2025-10-31"), ("2025-11-01", "2025-11-30"), ("2025-12-01", "2025-12-31")],
            id="from the middle of a month: the rest of it is fitted to",
        ),
        pytest.param(*("2025-01-01", "2025-04-30", True), [("2025-04-01", "2025-04-30")], id="four months just do"),
        pytest.param(
            *("2025-01-01", "2025-05-31", True),
            [("2025-04-01", "2025-04-30"), ("2025-05-01", "2025-05-31")],
            id="five months: two tests",
        ),
    ],
)
def test_windows_by_hand(start: str, end: str, is_monthly: bool, windows: list[tuple[str, str]]) -> None:
    folds = plan_folds(day(start), day(end), is_monthly=is_monthly)
    assert [(fold.test_start, fold.test_end) for fold in folds] == [(day(first), day(last)) for first, last in windows]
    assert all(fold.fit_start == day(start) and fold.fit_end == fold.test_start - DAY for fold in folds)


def test_the_length_of_a_window_counts_both_ends() -> None:
    (fold,) = plan_folds(day("2025-01-01"), day("2025-01-30"), is_monthly=False)
    assert (fold.n_fit_days, fold.n_test_days) == (23, 7)


@pytest.mark.parametrize(
    ("start", "end", "is_monthly", "message"),
    [
        ("2025-01-01", "2025-01-27", False, "needs a week to test on and three before it to fit; 2025-01-01 to 202"),
        ("2025-01-01", "2025-03-31", True, "needs a month to test on .*2025-03-31 is too short. Analyse a longer"),
        ("2025-01-02", "2025-04-30", True, "needs a month"),
        ("2025-01-05", "2025-01-20", True, "needs a month"),
        ("2025-01-05", "2025-01-01", False, "needs a week"),
        ("2025-01-05", "2025-01-05", False, "needs a week"),
    ],
)
def test_a_period_that_is_too_short_is_refused(start: str, end: str, is_monthly: bool, message: str) -> None:
    with pytest.raises(TooLittleDataError, match=message):
        plan_folds(day(start), day(end), is_monthly=is_monthly)


@given(
    start=st.dates(dt.date(2010, 1, 1), dt.date(2026, 1, 1)),
    n_days=st.integers(124, 2500) | st.integers(28, 250),
    is_monthly=st.booleans(),
)
def test_each_window_follows_what_it_is_fitted_to_and_the_window_before(
    start: dt.date, n_days: int, is_monthly: bool
) -> None:
    end = start + dt.timedelta(days=n_days - 1)
    try:
        folds = plan_folds(start, end, is_monthly=is_monthly)
    except TooLittleDataError:
        assert is_monthly
        assert n_days < 31 * 5 + 28  # five months or more always hold four whole ones
        return
    in_months = is_monthly or n_days >= 240
    tested = [fold.test_start + dt.timedelta(days=n) for fold in folds for n in range(fold.n_test_days)]
    assert tested == [tested[0] + dt.timedelta(days=n) for n in range(len(tested))]  # without gap, each day once
    assert 1 <= len(folds) <= 3
    for fold in folds:
        assert (fold.fit_start, fold.fit_end) == (start, fold.test_start - DAY)
        assert fold.n_fit_days >= 2.8 * fold.n_test_days  # months are not of one length
        assert fold.n_test_days >= (28 if in_months else 7)
        if in_months:
            assert fold.test_start.day == (fold.test_end + DAY).day == 1
    assert 0 <= (end - folds[-1].test_end).days < (31 if in_months else 1)
    assert in_months or {fold.n_test_days % 7 for fold in folds} == {0}


@pytest.mark.parametrize(
    "days",
    [
        ("2025-01-01", "2025-02-01", "2025-02-01", "2025-02-28"),
        ("2025-01-02", "2025-01-01", "2025-02-01", "2025-02-28"),
        ("2025-01-01", "2025-01-31", "2025-02-02", "2025-02-01"),
    ],
)
def test_a_fold_that_could_see_what_it_is_tested_on_cannot_be_made(days: tuple[str, str, str, str]) -> None:
    first, last, test_first, test_last = map(day, days)
    with pytest.raises(
        ParameterError, match=f"fitted to days before .* {first} to {last} and tested on {test_first} to"
    ):
        Fold(fit_start=first, fit_end=last, test_start=test_first, test_end=test_last)


# --- nothing leaks


def test_what_comes_later_does_not_change_the_first_fold(make_incidents: MakeIncidents) -> None:
    incidents, others = scatter(make_incidents, 900, seed=1), scatter(make_incidents, 2000, seed=2)
    options: dict[str, Any] = {"folds": FOLDS[:1], "hotspot_options": HotspotOptions()}
    before = score(incidents, others, **options)

    def move(table: gpd.GeoDataFrame, *, after: dt.date) -> gpd.GeoDataFrame:
        later = (table["started_at"].dt.date > after).to_numpy()
        assert later.any()
        east, north = table.geometry.get_coordinates().to_numpy().T
        moved = gpd.points_from_xy(np.where(later, 531_990, east), np.where(later, 181_990, north), crs=table.crs)
        return table.set_geometry(moved)

    assert score(move(incidents, after=FOLDS[0].test_end), others, **options) == before
    # other crime is no part of the score, so what came of it from the test window on must make no difference
    assert score(incidents, move(others, after=FOLDS[0].fit_end), **options) == before
    assert score(incidents, move(others, after=FOLDS[0].fit_end - 60 * DAY), **options) != before


def test_no_method_sees_a_day_of_its_test(make_incidents: MakeIncidents, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, list[tuple[dt.date, dt.date]]] = {}

    def watch(module: ModuleType, name: str) -> None:
        function = getattr(module, name)

        def spy(*tables: Any, **options: Any) -> Any:
            for table in tables:
                is_located = isinstance(table, CellRecords)
                days = pd.DatetimeIndex(table.day if is_located else table["started_at"]).date
                seen.setdefault(name, []).append((days.min(), days.max()))
            return function(*tables, **options)

        monkeypatch.setattr(module, name, spy)

    watch(forecasts, "estimate_risk")
    watch(forecasts, "estimate_density")
    watch(holdout, "draw_hotspots")
    incidents = scatter(make_incidents, 3000, seed=3)  # every day has some
    score(incidents, scatter(make_incidents, 3000, seed=4), hotspot_options=HotspotOptions())
    known = [(fold.fit_start, fold.fit_end) for fold in FOLDS]
    assert seen == {
        "estimate_risk": [days for days in known for _ in range(2)],
        "estimate_density": known,
        "draw_hotspots": known,
    }


def test_what_nobody_could_know_is_caught_by_none(make_incidents: MakeIncidents) -> None:
    """All in the west until the test, all in the east from then on; a method that peeked would catch some."""
    rng = np.random.default_rng(5)
    n = 1200
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, n), "D")
    fold = FOLDS[0]
    is_test = days > pd.Timestamp(fold.fit_end)
    east = np.where(is_test, 531_900.0, 530_000 + 50 * rng.integers(0, 8, n) + 25)
    north = 180_025 + 50.0 * rng.integers(0, 40, n)
    incidents = make_incidents(east, north, started_at=days)
    found = score(incidents, incidents, folds=[fold], area_shares=(0.01, 0.02, 0.05), hotspot_options=HotspotOptions())
    assert found.n_incidents == ((days.year == 2025) & (days.month == 10)).sum()
    assert {one.method for one in found.methods} == set(get_args(MethodName))
    assert all(one.n_hits == 0 for method in found.methods for one in method.scores)
    assert found.hotspots is not None
    assert found.hotspots.n_hits == 0


def test_the_last_period_is_the_last_month_for_incidents_dated_to_their_month(make_incidents: MakeIncidents) -> None:
    """March has 31 days and April 30: thirty days before April would begin after 1 March, and see nothing."""
    old = repeat_monthly(make_incidents, [530_025.0] * 40, [180_025.0] * 40, months=(1, 2))
    new = repeat_monthly(make_incidents, [531_025.0] * 40, [181_025.0] * 40, months=(3, 4))
    incidents = gpd.GeoDataFrame(pd.concat([old, new], ignore_index=True), crs=old.crs)
    folds = plan_folds(day("2025-01-01"), day("2025-04-30"), is_monthly=True)
    found = score(incidents, folds=folds, area_shares=(1 / 1600,))
    assert pick(found, "last period").scores[0].n_hits == 40
    assert pick(found, "counts").scores[0].n_hits == 0


def test_the_last_period_in_days_is_as_long_as_the_test(make_incidents: MakeIncidents) -> None:
    """Three days before a test of three days: a day earlier all incidents were elsewhere."""
    fold = Fold(
        fit_start=day("2025-01-01"), fit_end=day("2025-01-20"), test_start=day("2025-01-21"), test_end=day("2025-01-23")
    )
    days = pd.to_datetime(np.repeat(["2025-01-17 23:59", "2025-01-18 00:00", "2025-01-23 23:59"], [90, 40, 40]))
    spot = np.repeat([530_025.0, 531_025.0], [90, 80])
    found = score(make_incidents(spot, spot - 350_000, started_at=days), folds=[fold], area_shares=(1 / 1600,))
    assert pick(found, "last period").scores[0].hit_rate == 1
    assert pick(found, "counts").scores[0].hit_rate == 0
    short = dt.date(2025, 1, 17)  # and it does not reach back beyond what is fitted to
    late = Fold(
        fit_start=short + DAY, fit_end=day("2025-01-20"), test_start=day("2025-01-21"), test_end=day("2025-01-28")
    )
    found = score(make_incidents(spot, spot - 350_000, started_at=days), folds=[late], area_shares=(1 / 1600,))
    assert pick(found, "last period").scores == pick(found, "counts").scores


# --- the scores


def test_a_pattern_that_repeats_is_caught_up_to_the_ceiling(make_incidents: MakeIncidents) -> None:
    """Cell i of 20 holds i incidents a month: of 210 the sixteen best, 1% of 1,600 cells, hold 5 + ... + 20 = 200."""
    n = np.arange(1, 21)
    incidents = repeat_monthly(make_incidents, np.repeat(530_025.0 + 100 * (n - 1), n), np.full(210, 181_025.0))
    found = score(incidents, folds=plan_folds(*YEAR, is_monthly=True), area_shares=(0.01, 0.02))
    assert found.n_incidents == 3 * 210
    names: tuple[MethodName, ...] = ("counts", "last period")
    for method in names:
        first, second = pick(found, method).scores
        assert (first.n_cells, first.n_hits) == (3 * 16, 600)
        assert first.area_share == pytest.approx(0.01)
        assert first.hit_rate == first.best_hit_rate == pytest.approx(200 / 210)
        assert (first.pei, second.pei, second.hit_rate) == (1, 1, 1)
    assert all(one.pei is not None and one.pei <= 1 + 1e-12 for method in found.methods for one in method.scores)


def test_the_ceiling_is_that_of_each_fold(make_incidents: MakeIncidents) -> None:
    """Thirty incidents in one window, three in the next, in three cells each: one cell of each holds 10 and 1."""
    spots = np.array([530_025.0, 530_525.0, 531_025.0])
    incidents = gpd.GeoDataFrame(
        pd.concat(
            [
                repeat_monthly(make_incidents, np.repeat(spots, 10), np.full(30, 181_025.0), months=(1, 2, 3, 4)),
                repeat_monthly(make_incidents, spots, np.full(3, 181_025.0), months=[5]),
            ],
            ignore_index=True,
        ),
        crs="EPSG:27700",
    )
    folds = plan_folds(day("2025-01-01"), day("2025-05-31"), is_monthly=True)
    assert len(folds) == 2
    (best,) = pick(score(incidents, folds=folds, methods=["counts"], area_shares=(1 / 1600,)), "counts").scores
    assert (best.n_hits, best.n_incidents) == (11, 33)
    assert best.best_hit_rate == pytest.approx(11 / 33)
    assert best.pei == 1


def test_on_an_even_spread_every_method_is_chance(make_incidents: MakeIncidents) -> None:
    """One incident in each cell each month: whatever is flagged holds its share."""
    axis = np.arange(25, 2000, 50.0)
    east, north = (grid.ravel() for grid in np.meshgrid(530_000 + axis, 180_000 + axis))
    incidents = repeat_monthly(make_incidents, east, north)
    found = score(incidents, incidents, folds=plan_folds(*YEAR, is_monthly=True), area_shares=(0.01, 0.05))
    for method in found.methods:
        for share, one in zip((0.01, 0.05), method.scores, strict=True):
            assert (one.area_share, one.hit_rate, one.best_hit_rate) == pytest.approx((share, share, share))
            assert one.pai == pytest.approx(1)


def test_on_random_places_no_method_is_better_than_chance(make_incidents: MakeIncidents) -> None:
    """Those with ties are worse: among equal cells the empty ones are taken first."""
    rng = np.random.default_rng(11)
    n = 3000
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, n), "D")
    east, north = rng.uniform([[530_000], [180_000]], [[532_000], [182_000]], (2, n))
    found = score(make_incidents(east, north, started_at=days), folds=FOLDS[-1:], area_shares=(0.05, 0.2))
    for method in found.methods:
        for one in method.scores:
            low, high = one.chance_interval
            assert one.hit_rate <= high + 0.01  # one percent for ten looks at once
            assert one.hit_rate >= low - 0.01 or method.method not in ("risk", "density")


def test_equal_predictions_are_ordered_against_the_forecaster(make_incidents: MakeIncidents) -> None:
    """Until the test one incident in each cell; then ten in each of four: a forecast that sorts well catches some."""
    axis = np.arange(25, 2000, 50.0)
    east, north = (grid.ravel() for grid in np.meshgrid(530_000 + axis, 180_000 + axis))
    even = repeat_monthly(make_incidents, east, north, months=(1, 2, 3))
    tested = repeat_monthly(make_incidents, np.repeat(east[:4], 10), np.repeat(north[:4], 10), months=[4])
    incidents = gpd.GeoDataFrame(pd.concat([even, tested], ignore_index=True), crs=even.crs)
    folds = plan_folds(day("2025-01-01"), day("2025-04-30"), is_monthly=True)
    found = score(incidents, folds=folds, methods=["counts", "last period"], area_shares=(0.01, 0.9975, 0.99875))
    for method in found.methods:
        assert [one.n_hits for one in method.scores] == [0, 0, 20]


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), share=st.floats(0.002, 0.4))
def test_the_hits_of_all_folds_are_the_sum_of_those_of_each(
    make_incidents: MakeIncidents, seed: int, share: float
) -> None:
    """On 2,040 cells, of which few shares are a whole number."""
    incidents = scatter(make_incidents, 1200, seed=seed)
    options: dict[str, Any] = {
        "study_area": shapely.box(530_000, 180_000, 532_000, 182_550),
        "area_shares": (share,),
        "methods": ["counts", "last period", "density"],
    }
    pooled, alone = score(incidents, **options), [score(incidents, folds=[fold], **options) for fold in FOLDS]
    assert pooled.n_incidents == sum(one.n_incidents for one in alone)
    for index, method in enumerate(pooled.methods):
        (together,), each = method.scores, [one.methods[index].scores[0] for one in alone]
        assert together.n_hits == sum(one.n_hits for one in each)
        assert together.n_cells == sum(one.n_cells or 0 for one in each)
        assert together.area_share == pytest.approx(each[0].area_share)
        most = sum((one.best_hit_rate or 0) * one.n_incidents for one in each)
        assert (together.best_hit_rate or 0) * together.n_incidents == pytest.approx(most)
        assert together.pei is not None
        assert together.pei <= 1 + 1e-12


def test_the_density_is_that_of_estimate_density(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents, 900, seed=6)
    fold = FOLDS[-1]
    found = score(incidents, folds=[fold], methods=["density"], bandwidths_m=(150, 400))
    grid = Grid(easting_min=530_000, northing_min=180_000, cell_size_m=50, n_rows=40, n_columns=40)
    known = incidents["started_at"] <= pd.Timestamp(fold.fit_end)
    row, column = grid.locate(*(incidents[~known].geometry.get_coordinates().to_numpy().T))
    observed = np.zeros(grid.shape)
    np.add.at(observed, (row, column), 1)
    assert [method.bandwidth_m for method in found.methods] == [150, 400]
    for method in found.methods:
        surface = estimate_density(incidents[known], grid=grid, bandwidth_m=method.bandwidth_m or 0)
        again = score_forecast(surface.density_per_km2.ravel(), observed.ravel(), n_resamples=99)
        assert [one.n_hits for one in method.scores] == [one.n_hits for one in again.scores]
        assert [one.best_hit_rate for one in method.scores] == pytest.approx(
            [one.best_hit_rate for one in again.scores]
        )
        assert [one.hit_rate_interval for one in method.scores] == [one.hit_rate_interval for one in again.scores]


def test_the_hot_spots_are_scored_by_their_own_area(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents, 900, seed=7)
    options = HotspotOptions(eps_m=100, min_samples=20)
    found = score(incidents, hotspot_options=options)
    days = incidents["started_at"].dt.date
    n_hits, areas, n_tested = [], [], []
    for fold in FOLDS:
        outlines = draw_hotspots(incidents[days <= fold.fit_end], study_area=SQUARE, options=options).outlines
        tested = incidents[(days >= fold.test_start) & (days <= fold.test_end)]
        n_hits.append(int(tested.intersects(shapely.union_all(outlines)).sum()))
        areas.append(sum(outline.area for outline in outlines) / SQUARE.area)
        n_tested.append(len(tested))
    assert found.hotspots is not None
    assert found.last_hotspots is not None
    assert min(n_hits) > 0
    assert (found.hotspots.n_hits, found.hotspots.n_incidents) == (sum(n_hits), sum(n_tested))
    assert found.hotspots.area_share == pytest.approx(np.dot(areas, n_tested) / sum(n_tested))
    assert (found.last_hotspots.n_hits, found.last_hotspots.n_incidents) == (n_hits[-1], n_tested[-1])
    assert found.last_hotspots.area_share == pytest.approx(areas[-1])
    assert found.hotspots.pai == pytest.approx(found.hotspots.hit_rate / found.hotspots.area_share)
    # and each method at the same share, in whole cells
    for method in found.methods:
        assert method.at_hotspots is not None
        assert 0 <= found.hotspots.area_share - method.at_hotspots.area_share < 1 / 1600
        assert len(method.scores) == len(found.area_shares) == 4


def test_a_fold_without_hot_spots_has_no_score_of_them(make_incidents: MakeIncidents) -> None:
    """Far apart until October, then thirty on one place a month: only the last map has a hot spot, and it holds all."""
    axis = np.arange(100, 2000, 300.0)
    east, north = (grid.ravel() for grid in np.meshgrid(530_000 + axis, 180_000 + axis))
    apart = make_incidents(east, north, started_at=pd.Timestamp("2025-03-01"))
    on_one = repeat_monthly(make_incidents, [531_025.0] * 30, [181_025.0] * 30, months=(10, 11, 12))
    incidents = gpd.GeoDataFrame(pd.concat([apart, on_one], ignore_index=True), crs=apart.crs)
    options: dict[str, Any] = {"hotspot_options": HotspotOptions(eps_m=100, min_samples=10), "methods": ["counts"]}
    found = score(incidents, **options, area_shares=(0.02,))
    assert found.hotspots is None
    assert found.last_hotspots is not None
    assert found.last_hotspots.hit_rate == 1
    assert all(method.at_hotspots is None for method in found.methods)
    last = score(incidents, **options, folds=FOLDS[-1:])
    assert last.hotspots == last.last_hotspots == found.last_hotspots
    without = score(incidents, **options | {"hotspot_options": None}, folds=FOLDS[-1:])
    assert without.hotspots is None
    assert without.last_hotspots is None
    quiet = incidents[incidents["started_at"] < "2025-12-01"]
    assert score(quiet, **options).last_hotspots is None  # nothing came in the last window


def test_incidents_beyond_the_area_help_density_and_hot_spots_and_count_for_nothing(
    make_incidents: MakeIncidents,
) -> None:
    """Two places inside, 150 m apart with six incidents each, are one hot spot by the 48 just beyond the edge."""
    inside = repeat_monthly(make_incidents, [530_010.0] * 2 + [531_525.0] * 3, [180_525.0, 180_675.0] + [181_525.0] * 3)
    outside = repeat_monthly(make_incidents, [529_990.0] * 8, [180_600.0] * 8)
    both = gpd.GeoDataFrame(pd.concat([inside, outside], ignore_index=True), crs=inside.crs)
    fold = Fold(fit_start=YEAR[0], fit_end=day("2025-06-30"), test_start=day("2025-07-01"), test_end=YEAR[1])
    options: dict[str, Any] = {
        "folds": [fold],
        "methods": ["counts", "density"],
        "bandwidths_m": (200,),
        "area_shares": (1 / 1600,),
        "hotspot_options": HotspotOptions(eps_m=100, min_samples=12),
    }
    alone, together = score(inside, **options), score(both, **options)
    assert alone.n_incidents == together.n_incidents == 30
    assert alone.hotspots is not None
    assert together.hotspots is not None
    assert (alone.hotspots.n_hits, together.hotspots.n_hits) == (18, 30)
    # the density is highest between the two places, where no incident is, and counts are what they were
    assert [pick(one, "density").scores[0].n_hits for one in (alone, together)] == [18, 0]
    assert [pick(one, "counts").scores[0].n_hits for one in (alone, together)] == [18, 18]
    with pytest.raises(TooLittleDataError, match="there are 0 and 0"):
        score(outside, **options)


def test_the_best_is_what_the_others_are_compared_with(make_incidents: MakeIncidents) -> None:
    incidents, others = scatter(make_incidents, 900, seed=8), scatter(make_incidents, 900, seed=9)
    found = score(
        incidents, others, cell_sizes_m=(50, 100, 50), bandwidths_m=(75, 300), hotspot_options=HotspotOptions()
    )
    for size, n_methods in ((50, 6), (100, 5)):  # 75 m is below a cell of 100 m
        mine = [method for method in found.methods if method.cell_size_m == size]
        assert len(mine) == n_methods
        (best,) = [method for method in mine if method.against_best is None]
        rates = [method.scores[1].hit_rate for method in mine]
        assert best.scores[1].hit_rate == max(rates)
        for method in mine:
            if against := method.against_best:
                assert against.first_hit_rate == best.scores[1].hit_rate
                assert against.second_hit_rate == method.scores[1].hit_rate
                assert 0 < against.p_value <= 1


def test_of_one_area_share_it_is_that_one_that_judges(make_incidents: MakeIncidents) -> None:
    """Not the share of the hot spots, which are scored beside it."""
    incidents = scatter(make_incidents, 900, seed=8)
    found = score(incidents, area_shares=(0.05,), hotspot_options=HotspotOptions())
    best = max(found.methods, key=lambda method: method.scores[0].hit_rate)
    assert best.against_best is None
    assert all(
        method.against_best.second_hit_rate == method.scores[0].hit_rate
        for method in found.methods
        if method.against_best
    )


def test_the_same_seed_gives_the_same_and_inputs_stay_as_they_were(make_incidents: MakeIncidents) -> None:
    incidents, others = scatter(make_incidents, 600, seed=12), scatter(make_incidents, 600, seed=13)
    before, others_before = incidents.copy(), others.copy()
    once, again = (score(incidents, others, seed=3, hotspot_options=HotspotOptions()) for _ in range(2))
    assert once == again
    assert score(incidents, others, seed=4, hotspot_options=HotspotOptions()) != once
    pd.testing.assert_frame_equal(incidents, before)
    pd.testing.assert_frame_equal(others, others_before)


def test_large_cells_have_risk_too(make_incidents: MakeIncidents) -> None:
    """Cells of 1,000 m are as wide as the widest usual reach, which must leave the cell."""
    assert list_reaches(50) == (300, 500, 1000)
    assert list_reaches(400) == (500, 1000)
    assert list_reaches(1000) == (2000,)
    found = score(scatter(make_incidents, 300, seed=14), cell_sizes_m=(1000,), bandwidths_m=(300,))
    assert [method.method for method in found.methods] == ["risk", "counts", "last period", "gi-star"]


# --- what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"methods": ["risk", "crystal ball"]},
            'No method called "crystal ball". Choose one of: risk, counts, last period',
        ),
        ({"methods": []}, "at least one method; none was given. Leave the argument out"),
        ({"folds": []}, "at least one fold; none was given. Make folds with plan_folds"),
        ({"cell_sizes_m": ()}, "at least one cell size; none"),
        ({"area_shares": ()}, "at least one area share; none"),
        ({"area_shares": (0.01, 0)}, "above 0 and at most 1, not 0"),
        ({"area_shares": (2,)}, "above 0 and at most 1, not 2"),
        ({"bandwidths_m": (300, -5)}, "bandwidth must be above 0 m, not -5. 300 m is usual"),
        ({"bandwidths_m": (float("nan"),)}, "bandwidth must be above 0 m, not nan"),
        (
            {"methods": ["density"], "bandwidths_m": (40,)},
            "bandwidth at least as wide as its cells; none is as wide as 50 m",
        ),
        ({"methods": ["density"], "bandwidths_m": ()}, "bandwidth at least as wide as its cells"),
        ({"cell_sizes_m": (0,)}, "cell size must be above 0 m"),
        ({"n_resamples": 9}, "needs 99 resamples or more"),
        ({"hotspot_options": HotspotOptions(eps_m=100, max_extent_m=150)}, "extent must be 200 m or more, not 150 m"),
    ],
)
def test_options_that_cannot_be_are_refused(
    make_incidents: MakeIncidents, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        score(scatter(make_incidents, 600, seed=15), **options)


def test_too_few_incidents_are_refused(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents, 600, seed=16)
    is_late = incidents["started_at"] >= "2025-10-01"
    with pytest.raises(TooLittleDataError, match="30 incidents to fit and as many to test on; there are 29 and"):
        score(pd.concat([incidents[~is_late][:29], incidents[is_late]]))
    with pytest.raises(TooLittleDataError, match="and 29. Analyse a longer period or a larger area"):
        score(pd.concat([incidents[~is_late], incidents[is_late][:29]]))
    assert score(pd.concat([incidents[~is_late][:30], incidents[is_late][:30]])).n_incidents == 30
    with pytest.raises(TooLittleDataError, match="there are 0 and 0"):
        score(incidents.set_geometry(incidents.translate(1e5)))
    with pytest.raises(TooLittleDataError, match="there are 0 and 0"):
        score(incidents[:0])
    empty = Fold(fit_start=day("2024-01-01"), fit_end=day("2024-12-31"), test_start=YEAR[0], test_end=YEAR[1])
    with pytest.raises(TooLittleDataError, match="there are 0 and"):  # any fold, not the first alone
        score(incidents, folds=[*FOLDS, empty])


def test_degrees_are_refused(make_incidents: MakeIncidents) -> None:
    incidents = scatter(make_incidents, 600, seed=16)
    with pytest.raises(DataError, match="projected CRS in metres; the incidents are in WGS 84"):
        score(incidents.to_crs(4326))


@pytest.mark.parametrize(
    ("start", "end", "is_monthly", "fit_start"),
    [
        ("2026-09-16", "2026-09-29", False, "2026-09-02"),
        ("2026-03-01", "2026-03-31", False, "2026-01-29"),  # 31 days before March
        ("2026-03-01", "2026-03-31", True, "2026-02-01"),
        ("2026-01-01", "2026-02-28", True, "2025-11-01"),
    ],
)
def test_the_period_before_is_as_long(start: str, end: str, is_monthly: bool, fit_start: str) -> None:
    (fold,) = plan_predecessor(day(start), day(end), known_from=day("2025-01-01"), is_monthly=is_monthly)
    assert (fold.fit_start, fold.fit_end) == (day(fit_start), day(start) - dt.timedelta(days=1))
    assert (fold.test_start, fold.test_end) == (day(start), day(end))


def test_a_period_before_that_is_not_known_is_no_test() -> None:
    def plan(known_from: str | None) -> tuple[Fold, ...]:
        first = None if known_from is None else day(known_from)
        return plan_predecessor(day("2026-09-16"), day("2026-09-29"), known_from=first, is_monthly=False)

    assert plan("2026-09-03")  # the first incident need not fall on the first day, within a tenth
    with pytest.raises(TooLittleDataError, match="2026-09-02 to 2026-09-15; the data begin on 2026-09-04. Read"):
        plan("2026-09-04")
    with pytest.raises(TooLittleDataError, match="; the data begin with the period"):
        plan(None)


def test_cells_that_reach_beyond_the_area_count_whole(make_incidents: MakeIncidents) -> None:
    """A square of 950 m takes 100 cells of 100 m, which are more than it: 2% has room for one of them, 1% for none."""
    area = shapely.box(530_000, 180_000, 530_950, 180_950)
    rng = np.random.default_rng(4)
    when = np.datetime64("2025-01-01") + rng.integers(0, 365, 900)
    incidents = make_incidents(
        *(rng.integers(530_000, 530_950, 900), rng.integers(180_000, 180_950, 900)),
        started_at=when.astype("datetime64[s]"),
    )
    found = evaluate_methods(
        incidents,
        study_area=area,
        folds=FOLDS,
        cell_sizes_m=(100.0,),
        methods=("counts",),
        area_shares=(0.01, 0.02, 0.1),
    )
    one = 0.01 / 0.95**2
    taken = [score.area_share for score in found.methods[0].scores]
    assert taken == pytest.approx([one, one, 9 * one])  # 10% has room for nine of 1.1%
    third = found.methods[0].scores[2]
    assert third.pai == pytest.approx(third.hit_rate / third.area_share)
    assert third.chance_interval[0] < third.area_share < third.chance_interval[1]


def test_what_is_expected_is_compared_with_what_came(make_incidents: MakeIncidents) -> None:
    """On one place the same number each day: whoever counts days expects what comes; z is no number of incidents."""
    days = np.datetime64("2025-01-01") + np.repeat(np.arange(365), 3)
    n = len(days)
    incidents = make_incidents(np.full(n, 530_525.0), np.full(n, 180_525.0), started_at=days.astype("datetime64[s]"))
    area = shapely.box(530_000, 180_000, 531_000, 181_000)
    found = evaluate_methods(incidents, study_area=area, folds=FOLDS, bandwidths_m=(50.0,), area_shares=(0.01, 0.1))
    rri = {one.method: [score.rri for score in one.scores] for one in found.methods}
    assert rri["counts"] == pytest.approx([1, 1])
    assert rri["last period"] == pytest.approx([1, 1], rel=0.05)  # months differ by a day
    assert rri["risk"] == pytest.approx([1, 1], rel=0.02)
    assert rri["density"][1] == pytest.approx(1, rel=0.2)  # a kernel of one cell, summed over cell centres
    assert rri["gi-star"] == [None, None]
