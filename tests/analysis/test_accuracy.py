from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, spatial, stats

from hotspots.analysis.accuracy.scores import (
    compare_forecasts,
    compare_ranks,
    score_areas,
    score_forecast,
    score_ranks,
)
from hotspots.errors import DataError, ParameterError, TooLittleDataError
from hotspots.geography.cells import Cells, make_cells

Floats = npt.NDArray[np.float64]

SIXTHS = [k / 6 for k in range(1, 7)]
PREDICTED = [8, 4, 4, 2, 1, 0]
OBSERVED = [6, 7, 3, 2, 1, 0]


def test_the_published_example_of_the_three_indices() -> None:
    scores = score_forecast(PREDICTED, OBSERVED, area_shares=SIXTHS, predicts_counts=True).scores
    assert [s.n_cells for s in scores] == [1, 2, 3, 4, 5, 6]
    assert [s.pai for s in scores] == pytest.approx([1.8947, 1.4211, 1.6842, 1.4211, 1.2, 1], abs=5e-5)
    assert [s.pei for s in scores] == pytest.approx([0.8571, 0.6923, 1, 1, 1, 1], abs=5e-5)
    assert [s.rri for s in scores] == pytest.approx([1.3333, 1.3333, 1, 1, 1, 1], abs=5e-5)


def test_a_score_by_hand() -> None:
    """The two cells of 4 tie, and the one with 3 incidents is taken first: 9 of 19 in a third of the area."""
    (score,) = score_forecast(PREDICTED, OBSERVED, area_shares=[1 / 3]).scores
    assert (score.n_cells, score.n_hits, score.n_incidents) == (2, 9, 19)
    assert score.hit_rate == pytest.approx(9 / 19)
    assert score.best_hit_rate == pytest.approx(13 / 19)
    assert score.rri is None  # the scale of the prediction was not said to be incidents
    assert score.chance_interval == pytest.approx([k / 19 for k in stats.binom.interval(0.95, 19, 1 / 3)])


@pytest.mark.parametrize(
    ("n_cells", "share", "taken"),
    [
        (3302, 0.01, 33),
        (3302, 0.03, 99),
        (3302, 0.05, 165),
        (3302, 0.10, 330),
        (100, 0.29, 29),
        (10, 0.01, 1),
        (7, 1, 7),
    ],
)
def test_a_share_takes_the_whole_cells_that_fit_and_at_least_one(n_cells: int, share: float, taken: int) -> None:
    (score,) = score_forecast(np.arange(n_cells), np.ones(n_cells), area_shares=[share]).scores
    assert score.n_cells == taken
    assert score.area_share == pytest.approx(taken / n_cells)


def test_a_forecast_that_says_nothing_catches_what_the_emptiest_cells_hold() -> None:
    observed = np.arange(20)
    (score,) = score_forecast(np.zeros(20), observed, area_shares=[0.25]).scores
    assert score.n_hits == 0 + 1 + 2 + 3 + 4
    assert score.hit_rate_interval[0] <= score.area_share


def test_a_prediction_may_be_endless_but_rri_then_has_no_meaning() -> None:
    (score,) = score_forecast([np.inf, -np.inf, 2, 1], [4, 3, 2, 1], area_shares=[0.5]).scores
    assert (score.n_hits, score.rri) == (6, None)
    (missed,) = score_forecast([2, 1], [0, 3], area_shares=[0.5], predicts_counts=True).scores
    assert (missed.hit_rate, missed.pai, missed.pei, missed.rri) == (0, 0, 0, None)


@given(
    cells=st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 6)), min_size=1, max_size=40).filter(
        lambda cells: any(n for _, n in cells)
    ),
    share=st.floats(0.01, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_holds_of_any_forecast(cells: list[tuple[int, int]], share: float, seed: int) -> None:
    predicted, observed = np.array(cells, dtype=np.float64).T
    shares = [share, 1.0]
    part, whole = score_forecast(predicted, observed, area_shares=shares, n_resamples=99).scores
    assert whole.hit_rate == whole.pai == whole.pei == 1
    assert part.pei is not None
    assert 0 <= part.pei <= 1 + 1e-12
    assert part.hit_rate_interval[0] <= part.hit_rate <= part.hit_rate_interval[1]
    assert part.pai == pytest.approx(part.hit_rate * len(cells) / (part.n_cells or 0))
    # neither the order of the cells nor the scale of the prediction matters, ties included
    mixed = np.random.default_rng(seed).permutation(len(cells))
    again = score_forecast(np.exp(predicted)[mixed], observed[mixed], area_shares=shares, n_resamples=99)
    assert again.scores == (part, whole)


def test_independent_incidents_get_the_interval_of_the_binomial() -> None:
    """2,000 cells of one incident each, 600 flagged: resampling cells is resampling incidents."""
    predicted = np.concatenate([np.ones(600), np.zeros(1400)])
    (score,) = score_forecast(predicted, np.ones(2000), area_shares=[0.3], n_resamples=9999).scores
    assert score.hit_rate_interval == pytest.approx(stats.binom.interval(0.95, 2000, 0.3) / np.array(2000), abs=0.002)
    assert score.pai_interval == pytest.approx([limit / 0.3 for limit in score.hit_rate_interval])


def test_incidents_in_clumps_widen_the_interval_as_theory_says() -> None:
    """The variance of a ratio of sums over clusters: sum((inside - rate)² count²) / total²."""
    counts = np.tile([1, 1, 1, 1, 16], 400)
    is_inside = np.tile([1, 0], 1000)
    (score,) = score_forecast(is_inside, counts, area_shares=[0.5], n_resamples=9999).scores
    spread = np.sqrt((((is_inside - score.hit_rate) * counts) ** 2).sum()) / counts.sum()
    low, high = score.hit_rate_interval
    assert high - low == pytest.approx(2 * 1.96 * spread, rel=0.03)
    assert high - low > 3 * 1.96 * np.sqrt(0.25 / counts.sum()) * 2  # more than three times the binomial one


def test_an_interval_of_few_incidents_is_never_closed() -> None:
    """None of 3: Clopper-Pearson ends at 1 - 0.025^(1/3); resampling alone would say exactly 0."""
    (score,) = score_forecast([5, 4, 3, 2], [0, 1, 1, 1], area_shares=[0.25]).scores
    assert score.hit_rate_interval == pytest.approx((0, 1 - 0.025 ** (1 / 3)))


def test_intervals_hold_the_hit_rate_of_the_long_run_where_those_of_single_incidents_do_not() -> None:
    """Repeated test periods over one city: incidents in sixes, the flagged cells the same, 95% intervals."""
    rng = np.random.default_rng(5)
    expected = rng.gamma(0.5, 2, 2000)
    prediction = expected * rng.lognormal(0, 0.7, 2000)
    flagged = np.argsort(-prediction)[:100]
    truth = expected[flagged].sum() / expected.sum()
    held = held_by_singles = 0
    for _ in range(200):
        observed = 6 * rng.poisson(expected / 6)
        (score,) = score_forecast(prediction, observed, area_shares=[0.05], n_resamples=199).scores
        held += score.hit_rate_interval[0] <= truth <= score.hit_rate_interval[1]
        singles = stats.binomtest(score.n_hits, score.n_incidents).proportion_ci()
        held_by_singles += singles.low <= truth <= singles.high
    assert held / 200 > 0.93
    assert held_by_singles / 200 < 0.75


def test_polygons_by_hand() -> None:
    """Three places of 5, 1 and 4 incidents, the first inside; 2 of 20 km² flagged."""
    score = score_areas(
        [True, False, False],
        n_incidents=[5, 1, 4],
        area_inside_km2=2,
        study_area_km2=20,
    )
    assert (score.n_cells, score.n_hits, score.n_incidents) == (None, 5, 10)
    assert (score.hit_rate, score.area_share, score.pai) == pytest.approx((0.5, 0.1, 5))
    assert score.pei is None


def test_cells_scored_as_polygons_get_the_same_score() -> None:
    rng = np.random.default_rng(8)
    predicted, observed = rng.normal(size=200), rng.poisson(1.0, 200)
    (by_cell,) = score_forecast(predicted, observed, area_shares=[0.2]).scores
    by_area = score_areas(
        np.argsort(np.argsort(-predicted)) < 40,
        n_incidents=observed,
        area_inside_km2=40,
        study_area_km2=200,
    )
    assert by_area.hit_rate_interval == by_cell.hit_rate_interval
    assert by_area.pai == pytest.approx(by_cell.pai)


def test_a_comparison_rests_on_the_cells_apart() -> None:
    """Cell 0 is flagged by both; 1 only by the first, 2 only by the second."""
    first, second = [9, 8, 1, 0, 0], [9, 1, 8, 0, 0]
    (result,) = compare_forecasts(first, second, [50, 6, 2, 1, 0], area_shares=[0.4])
    assert (result.first_hit_rate, result.second_hit_rate) == pytest.approx((56 / 59, 52 / 59))
    assert result.difference == pytest.approx(4 / 59)
    assert result.n_cells_apart == 2
    assert result.p_value == 1  # however two coins fall, 6 and 2 differ by 4 or add to 8
    assert result.winner is None


def test_the_toss_of_signs_is_exact_where_it_can_be_counted() -> None:
    """Six cells of one incident, all of them the first's: 2 of 64 ways that six coins fall are as far apart."""
    is_first = np.repeat([1, 0], 6)
    (result,) = compare_forecasts(is_first, 1 - is_first, is_first, area_shares=[0.5], n_resamples=99_999)
    assert result.n_cells_apart == 6
    assert result.p_value == pytest.approx(2 / 64, abs=0.0025)


def test_a_forecast_does_not_beat_itself_and_the_sides_can_be_swapped() -> None:
    rng = np.random.default_rng(2)
    expected = rng.gamma(0.5, 2, 1000)
    observed = rng.poisson(expected)
    poor = rng.normal(size=1000)
    for result in compare_forecasts(expected, expected, observed):
        assert (result.difference, result.difference_interval, result.p_value) == (0, (0, 0), 1)
        assert result.winner is None
    forward, backward = compare_forecasts(expected, poor, observed), compare_forecasts(poor, expected, observed)
    assert [r.winner for r in forward] == ["first"] * 4
    assert [r.winner for r in backward] == ["second"] * 4
    assert [r.difference for r in forward] == pytest.approx([-r.difference for r in backward])


def test_equal_forecasts_are_told_apart_no_more_often_than_chance() -> None:
    rng = np.random.default_rng(9)
    expected = rng.gamma(0.5, 2, 500)
    won = 0
    for _ in range(300):
        first, second = (expected * rng.lognormal(0, 1, 500) for _ in "12")
        (result,) = compare_forecasts(first, second, 3 * rng.poisson(expected / 3), area_shares=[0.1], n_resamples=199)
        won += result.winner is not None
    assert won / 300 < 0.08


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(1)
    predicted, observed = rng.normal(size=300), rng.poisson(0.7, 300)
    assert score_forecast(predicted, observed, seed=3) == score_forecast(predicted, observed, seed=3)
    assert score_forecast(predicted, observed, seed=3) != score_forecast(predicted, observed, seed=4)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=25),
    st.integers(0, 9),
)
@settings(max_examples=25)
def test_ranks_of_the_cells_hit_say_as_much_as_the_whole_forecasts(
    cells: list[tuple[int, int, int]], seed: int
) -> None:
    """By the definition: all cells sorted, the first of them flagged, and the incidents in these counted."""
    first, second, observed = np.array([*cells, (1, 3, 2)]).T
    n_cells, hit = len(observed), np.flatnonzero(observed)
    shares = [n / n_cells for n in range(1, n_cells + 1)]
    n_flagged = np.arange(1, n_cells + 1)
    by_rank = [np.lexsort((observed, -predicted)) for predicted in (first, second)]
    ranks = [np.argsort(order)[hit] for order in by_rank]
    caught = [[observed[order[:n]].sum() for n in n_flagged] for order in by_rank]
    options: dict[str, Any] = {"n_resamples": 99, "seed": seed}

    scores = score_ranks(ranks[0], observed[hit], n_cells=n_cells, n_flagged=n_flagged, **options)
    assert scores == score_forecast(first, observed, area_shares=shares, **options).scores
    assert [score.n_hits for score in scores] == caught[0]
    most = np.cumsum(np.sort(observed)[::-1]) / observed.sum()
    assert [score.best_hit_rate for score in scores] == pytest.approx(most.tolist())

    compared = compare_ranks(ranks[0], ranks[1], observed[hit], area_shares=shares, n_flagged=n_flagged, **options)
    assert compared == compare_forecasts(first, second, observed, area_shares=shares, **options)
    rates = [[one.first_hit_rate, one.second_hit_rate] for one in compared]
    np.testing.assert_allclose(rates, np.transpose(caught) / observed.sum())
    apart = [np.setxor1d(by_rank[0][:n], by_rank[1][:n]) for n in n_flagged]
    assert [one.n_cells_apart for one in compared] == [np.isin(cells_apart, hit).sum() for cells_apart in apart]


def test_ranks_of_several_forecasts_that_take_turns_are_scored_as_one() -> None:
    """Two of three cells each: of four of the six, the first two of both."""
    ranks, counts = np.array([0, 4, 2]), np.array([5, 1, 3])  # at place 0 and 2 of the first, and 1 of the second
    (score,) = score_ranks(ranks, counts, n_cells=6, n_flagged=np.array([4]), n_resamples=99, seed=0)
    assert (score.n_hits, score.n_incidents) == (8, 9)
    assert score.area_share == pytest.approx(4 / 6)
    assert score.best_hit_rate == 1


def test_ranks_need_resamples_and_a_share_for_each_number() -> None:
    ranks, counts = np.array([0, 1]), np.array([1, 1])
    with pytest.raises(ParameterError, match="needs 99 resamples or more, not 10"):
        score_ranks(ranks, counts, n_cells=2, n_flagged=np.array([1]), n_resamples=10, seed=0)
    with pytest.raises(ValueError, match="shorter"):
        compare_ranks(ranks, ranks, counts, area_shares=[0.5, 1], n_flagged=np.array([1]), n_resamples=99, seed=0)


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(DataError, match="prediction is missing for 1 of 3 cells, the first of them cell 1"):
        score_forecast([1, np.nan, 2], [1, 1, 1])
    with pytest.raises(DataError, match="the prediction has 2 cells, and 3 cells have observations"):
        score_forecast([1, 2], [1, 1, 1])
    with pytest.raises(
        DataError, match=r"2 of 3 counts are not whole numbers of 0 or more, the first at position 1 \(0.5\)"
    ):
        score_forecast([1, 2, 3], [1, 0.5, -1])
    with pytest.raises(DataError, match="in incidents must be finite and 0 or more .*; the lowest here is -1"):
        score_forecast([1, 2, -1], [1, 1, 1], predicts_counts=True)
    with pytest.raises(TooLittleDataError, match="and there are none. Take a longer test period"):
        score_forecast([1, 2, 3], [0, 0, 0])
    with pytest.raises(ParameterError, match="above 0 and at most 1, not 5. 0.05 is 5%"):
        score_forecast([1, 2, 3], [1, 1, 1], area_shares=[5])
    with pytest.raises(ParameterError, match="needs 99 resamples or more, not 10"):
        score_forecast([1, 2, 3], [1, 1, 1], n_resamples=10)
    with pytest.raises(DataError, match="the second prediction is missing for 1 of 2 cells"):
        compare_forecasts([1, 2], [1, np.nan], [1, 1])
    with pytest.raises(DataError, match="`is_inside` must hold true or false for each place; it holds int64"):
        score_areas([0, 1], area_inside_km2=1, study_area_km2=2)
    with pytest.raises(DataError, match="one count of incidents; given 2 and 1"):
        score_areas([True, False], n_incidents=[1], area_inside_km2=1, study_area_km2=2)
    with pytest.raises(ParameterError, match="no larger than the study area; the two are 3 and 2 km². Clip"):
        score_areas([True, False], area_inside_km2=3, study_area_km2=2)


@pytest.fixture(scope="module")
def memphis(real_data: Path) -> tuple[Cells, gpd.GeoSeries, Floats]:
    """Cells of the year's robberies, the points of January to June, and the counts of July to December."""
    table = pd.read_csv(real_data / "timestamped" / "memphis_robberies.csv")
    points = gpd.GeoSeries(gpd.points_from_xy(table["longitude"], table["latitude"]), crs=4326).to_crs(32615)
    hull = shapely.convex_hull(shapely.multipoints(points.to_numpy()))
    study_area = shapely.buffer(hull, 250, quad_segs=30)
    west, south, _, _ = shapely.bounds(study_area)
    cells = make_cells(study_area, cell_size_m=500, origin=(west, south))
    is_later = (pd.to_datetime(table["date_utc"]).dt.month > 6).to_numpy()
    assert (len(cells), (~is_later).sum(), is_later.sum()) == (3302, 1083, 1162)
    return cells, points[~is_later], cells.count(points[is_later])


def quartic(cells: Cells, points: gpd.GeoSeries, h: float) -> Floats:
    """The sum of the kernels at each centre, but for the constant, which no order depends on."""
    centres = spatial.cKDTree(np.column_stack([cells.easting, cells.northing]))
    near = spatial.cKDTree(shapely.get_coordinates(points.to_numpy())).sparse_distance_matrix(
        centres, h, output_type="coo_matrix"
    )
    kernel_sum: Floats = np.bincount(near.col, (1 - near.data**2 / h**2) ** 2, len(cells)).astype(np.float64)
    return kernel_sum


def gi_star(cells: Cells, points: gpd.GeoSeries, _: float) -> Floats:
    """Getis and Ord's z for binary neighbours with the cell itself."""
    counts, n = cells.count(points), len(cells)
    near = cells.neighbours() + sparse.eye_array(n)
    k = near.sum(axis=1)
    z: Floats = (near @ counts - counts.mean() * k) / (counts.std() * np.sqrt((n * k - k**2) / (n - 1)))
    return z


@pytest.mark.parametrize(
    ("forecast", "h", "pai"),
    [
        (lambda cells, points, _: cells.count(points), 0, [8.70, 6.95, 4.70, 3.73]),
        (quartic, 300, [10.25, 6.66, 5.08, 4.00]),
        (quartic, 1000, [9.13, 6.43, 5.32, 4.41]),
        (quartic, 2500, [7.15, 5.11, 4.37, 3.90]),
        (gi_star, 0, [6.72, 5.14, 4.29, 3.84]),
    ],
    ids=["counts", "quartic-300", "quartic-1000", "quartic-2500", "gi-star"],
)
def test_the_hold_out_table_of_memphis(
    memphis: tuple[Cells, gpd.GeoSeries, Floats],
    forecast: Callable[[Cells, gpd.GeoSeries, float], Floats],
    h: float,
    pai: list[float],
) -> None:
    cells, earlier, observed = memphis
    scores = score_forecast(forecast(cells, earlier, h), observed, area_shares=[0.01, 0.03, 0.05, 0.1]).scores
    assert [s.n_cells for s in scores] == [33, 99, 165, 330]
    assert [s.pai for s in scores] == pytest.approx(pai, abs=0.005)
    assert all(s.hit_rate_interval[0] > s.area_share for s in scores)
