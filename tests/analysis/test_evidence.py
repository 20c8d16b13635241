from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from support import MakeIncidents, make_evidence

from hotspots.analysis.hotspots.evidence import Evidence, share_cells, weigh_evidence
from hotspots.analysis.significance.gi_star import Significance, measure_gi_star
from hotspots.analysis.significance.persistence import PERSISTENCE_CATEGORIES, Persistence, measure_trend
from hotspots.analysis.surfaces.drift import Drift
from hotspots.analysis.surfaces.risk import RiskEstimate, estimate_risk, predict_counts
from hotspots.errors import ParameterError
from hotspots.geography.cells import Cells, make_cells
from hotspots.geography.points import collapse_points, find_polygon

ROW = make_cells(shapely.box(0, 0, 400, 100), cell_size_m=100)
"""Four cells in a row."""


def state_risk(
    cells: Cells, expected: list[float], prior: float = 1.0, shape: float = 1.0, drift: Drift | None = None
) -> RiskEstimate:
    """An estimate with the numbers given."""
    n = len(cells)
    return RiskEstimate(
        cells=cells,
        expected=np.array(expected),
        n_incidents=np.zeros(n),
        prior=np.full(n, prior),
        shape=np.full(n, shape),
        possible=np.ones(n),
        variance=np.array(expected) * prior / (shape + prior),
        coefficients=(0.0, 0.0, prior),
        shape_scale=shape,
        shape_power=0.0,
        possible_share=1.0,
        drift=drift,
        bandwidth_m=300.0,
        log_likelihood={300.0: 0.0},
        used_other_crime=False,
    )


def state_test(p: list[float], z: list[float]) -> Significance:
    """A test with the numbers given."""
    adjusted = np.array(p)
    return Significance(
        z=np.array(z),
        p_hot=adjusted / 2,
        p_cold=1 - adjusted / 2,
        p_hot_adjusted=adjusted,
        p_cold_adjusted=np.ones(len(p)),
        is_hot=adjusted <= 0.05,
        is_cold=np.zeros(len(p), dtype=bool),
        false_discovery_rate=0.05,
        n_incidents=10,
    )


def weigh(incidents: gpd.GeoDataFrame, outlines: list[shapely.Geometry], **options: Any) -> tuple[Evidence, ...]:
    given_ = {
        "risk": state_risk(ROW, [8, 1, 2, 4]),
        "cells": ROW,
        "significance": state_test([0.2, 0.01, 0.04, 0.5], [1.0, 3.0, 5.0, -1.0]),
        "stability": np.full(len(outlines), 0.95),
        **options,
    }
    return weigh_evidence(incidents, outlines, **given_)


# --- what is expected


def test_a_cell_that_is_cut_is_shared_by_its_incidents_or_its_centre(make_incidents: MakeIncidents) -> None:
    """Three of the first cell's four incidents lie in the west; the second has none, and its centre in the east."""
    incidents = make_incidents([10, 20, 20, 90, 250], [50, 50, 50, 50, 99])
    west, east = shapely.box(0, 0, 50, 100), shapely.box(50, 0, 260, 90)
    one, other = weigh(incidents, [west, east])
    assert one.expected == pytest.approx(8 * 3 / 4)
    # a quarter of the first, the second, and nothing of the third, whose one incident lies outside
    assert other.expected == pytest.approx(8 / 4 + 1)


def test_the_range_is_that_of_the_shares_of_its_cells(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([10, 20, 20, 90], [50, 50, 50, 50])
    (found,) = weigh(incidents, [shapely.box(0, 0, 50, 100)], risk=state_risk(ROW, [8, 1, 2, 4], prior=3.0))
    # variance of the cell: 8 x 3 / (1 + 3)
    low, high = predict_counts(np.array([6.0]), np.array([6.0 * 9 / 16]))
    assert (found.expected_low, found.expected_high) == (low[0], high[0])
    assert {type(found.expected_low), type(found.rank_low), type(found.expected)} == {int, float}


def test_drift_widens_the_range_and_that_of_the_area_no_rank(make_incidents: MakeIncidents) -> None:
    """Variance 6 x 9/16 of the shares, and the drift times the square of what is expected."""
    incidents = make_incidents([10, 20, 20, 90, 350], [50, 50, 50, 50, 50])
    outlines = [shapely.box(0, 0, 50, 100), shapely.box(300, 0, 400, 100)]
    ranks = []
    for of_places, of_area in ((0.0, 0.0), (0.0, 4.0), (0.5, 0.25)):
        drift = Drift(shape_factor=1.0, of_places=of_places, of_area=of_area)
        found = weigh(incidents, outlines, risk=state_risk(ROW, [8, 1, 2, 4], prior=3.0, drift=drift))
        low, high = predict_counts(np.array([6.0]), np.array([6.0 * 9 / 16 + (of_places + of_area) * 36]))
        assert (found[0].expected_low, found[0].expected_high) == (low[0], high[0])
        ranks.append([(one.rank_low, one.rank_high) for one in found])
    assert ranks[0] == ranks[1]


boxes = st.tuples(st.integers(-100, 1000), st.integers(-100, 1000), st.integers(1, 600), st.integers(1, 600))


@given(sides=st.lists(boxes, min_size=1, max_size=6), seed=st.integers(0, 99))
@settings(max_examples=50)
def test_no_cell_is_given_out_more_than_once(
    make_incidents: MakeIncidents, sides: list[tuple[int, int, int, int]], seed: int
) -> None:
    """Whatever the outlines, overlapping ones included; together they have no more than the cells."""
    cells = make_cells(shapely.box(0, 0, 1000, 1000), cell_size_m=100)
    rng = np.random.default_rng(seed)
    incidents = make_incidents(*rng.integers(-50, 1050, (60, 2)).T)
    outlines = [shapely.box(x, y, x + width, y + height) for x, y, width, height in sides]
    places = collapse_points(incidents)
    risk = state_risk(cells, rng.gamma(1, 2, len(cells)).tolist())
    shares = share_cells(places, find_polygon(places, np.array(outlines, dtype=object)), outlines, risk).toarray()
    assert shares.min() >= 0
    assert shares.sum(axis=0).max() <= 1 + 1e-12
    no_overlap = shapely.area(outlines).sum() == shapely.union_all(outlines).area
    if no_overlap and shapely.union_all(outlines).covers(shapely.box(-100, -100, 1100, 1100)):
        np.testing.assert_allclose(shares.sum(axis=0), 1)


@given(cut=st.integers(1, 999))
@settings(max_examples=20)
def test_outlines_that_part_the_area_have_all_of_it(make_incidents: MakeIncidents, cut: int) -> None:
    cells = make_cells(shapely.box(0, 0, 1000, 1000), cell_size_m=100)
    incidents = make_incidents(*np.random.default_rng(cut).uniform(0, 1000, (80, 2)).T)
    risk = estimate_risk(incidents, cells=cells)
    outlines = [shapely.box(0, 0, cut, 1000), shapely.box(cut, 0, 1000, 1000)]
    found = weigh_evidence(
        incidents,
        outlines,
        risk=risk,
        cells=cells,
        significance=measure_gi_star(cells.count(incidents), cells.neighbours()),
        stability=np.ones(2),
    )
    assert sum(one.expected for one in found) == pytest.approx(risk.expected.sum())


# --- ranks


def test_ranks_are_certain_where_estimates_are_far_apart(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([50, 150, 250, 350], [50] * 4)
    outlines = list(ROW.outlines())
    found = weigh(incidents, outlines, risk=state_risk(ROW, [100, 1000, 1, 10], prior=0.01, shape=100.0))
    assert [(one.rank_low, one.rank_high) for one in found] == [(2, 2), (1, 1), (4, 4), (3, 3)]


def test_ranks_are_open_where_estimates_are_alike(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([50, 150, 250, 350], [50] * 4)
    outlines = list(ROW.outlines())
    found = weigh(incidents, outlines, risk=state_risk(ROW, [5.0] * 4))
    assert [(one.rank_low, one.rank_high) for one in found] == [(1, 4)] * 4
    two_and_two = weigh(incidents, outlines, risk=state_risk(ROW, [5, 5000, 5, 5000], prior=0.1, shape=10.0))
    assert [(one.rank_low, one.rank_high) for one in two_and_two] == [(3, 4), (1, 2)] * 2
    assert two_and_two == weigh(
        incidents, outlines, risk=state_risk(ROW, [5, 5000, 5, 5000], prior=0.1, shape=10.0), seed=1
    )


def test_the_range_of_ranks_holds_the_true_rank_nine_times_in_ten(make_incidents: MakeIncidents) -> None:
    """Rates drawn from the gamma distributions that the estimates state."""
    cells = make_cells(shapely.box(0, 0, 2000, 100), cell_size_m=100)
    expected = np.linspace(5, 20, 20)
    incidents = make_incidents(cells.easting, cells.northing)
    risk = state_risk(cells, expected.tolist(), prior=4.0, shape=2.0)
    found = weigh_evidence(
        incidents,
        list(cells.outlines()),
        risk=risk,
        cells=cells,
        significance=state_test([1.0] * 20, [0.0] * 20),
        stability=np.ones(20),
    )
    low, high = np.array([(one.rank_low, one.rank_high) for one in found]).T
    rng = np.random.default_rng(99)
    rates = rng.gamma(expected**2 / risk.variance, risk.variance / expected, (2000, 20))
    rank = 20 - rates.argsort(axis=1).argsort(axis=1)
    inside = ((low <= rank) & (rank <= high)).mean(axis=0)
    assert (inside > 0.87).all()
    assert inside[8:12].mean() < 0.97  # and not by being as wide as can be


# --- significance, persistence, sureness


def test_the_clearest_cell_speaks_for_the_hot_spot(make_incidents: MakeIncidents) -> None:
    """Of the cells that hold incidents of it: not the second, which it covers, but which holds none."""
    incidents = make_incidents([50, 250, 350], [50, 50, 50])
    one, other = weigh(incidents, [shapely.box(0, 0, 300, 100), shapely.box(300, 0, 400, 100)])
    assert (one.z, one.p_adjusted, one.is_significant) == (5.0, 0.04, True)
    assert (other.z, other.p_adjusted, other.is_significant) == (-1.0, 0.5, False)
    equal = state_test([0.03, 0.03, 0.03, 0.5], [1.0, 2.0, 4.0, 0.0])
    assert weigh(incidents, [shapely.box(0, 0, 300, 100)], significance=equal)[0].z == 4.0


def test_how_it_was_over_time_is_that_of_the_same_cell(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([50, 250, 350], [50, 50, 50])
    outlines = [shapely.box(0, 0, 300, 100), shapely.box(300, 0, 400, 100)]
    persistence = Persistence(
        category=pd.Categorical(["new", "none", "sporadic", "none"], categories=pd.Index(PERSISTENCE_CATEGORIES)),
        n_hot=np.zeros(4, dtype=np.int64),
        n_hot_in_a_row=np.zeros(4, dtype=np.int64),
        trend=measure_trend(np.zeros((4, 4))),
        n_periods=4,
        significance_level=0.05,
    )
    assert [one.persistence for one in weigh(incidents, outlines, persistence=persistence)] == ["sporadic", "none"]
    assert [one.persistence for one in weigh(incidents, outlines)] == [None, None]


def test_a_hot_spot_outside_the_cells_has_no_evidence(make_incidents: MakeIncidents) -> None:
    """Even where the first cell, which has nothing to do with it, is hot."""
    incidents = make_incidents([50, 5050], [50, 50])
    hot_first = state_test([0.001, 1, 1, 1], [9.0, 0, 0, 0])
    far, near = weigh(incidents, [shapely.box(5000, 0, 5100, 100), shapely.box(0, 0, 100, 100)], significance=hot_first)
    assert math.isnan(far.z)
    assert (far.p_adjusted, far.is_significant, far.persistence) == (1.0, False, None)
    assert far.expected < 1e-9
    assert (far.expected_low, far.expected_high, far.rank_low, far.rank_high) == (0, 0, 2, 2)
    assert (near.p_adjusted, near.is_significant, near.rank_low) == (0.001, True, 1)


def test_counts_that_are_the_same_everywhere_have_no_z(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents(ROW.easting, ROW.northing)
    constant = measure_gi_star(ROW.count(incidents), ROW.neighbours())
    found = weigh(incidents, [shapely.box(0, 0, 200, 100)], significance=constant)[0]
    assert math.isnan(found.z)
    assert not found.is_significant


@pytest.mark.parametrize(
    ("stability", "sureness"), [(1.0, "sure"), (0.95, "sure"), (0.94, "likely"), (0.75, "likely"), (0.74, "doubtful")]
)
def test_sureness(stability: float, sureness: str) -> None:
    assert make_evidence(stability=stability).sureness == sureness


def test_no_hot_spots_have_no_evidence(make_incidents: MakeIncidents) -> None:
    assert weigh(make_incidents([50], [50]), []) == ()
    assert len(weigh(make_incidents([], []), [shapely.box(0, 0, 100, 100)])) == 1


def test_what_does_not_belong_together_is_refused(make_incidents: MakeIncidents) -> None:
    with pytest.raises(ParameterError, match="there are 1 outlines and 2 stabilities. Call measure_stability on the"):
        weigh(make_incidents([50], [50]), [shapely.box(0, 0, 100, 100)], stability=np.ones(2))
