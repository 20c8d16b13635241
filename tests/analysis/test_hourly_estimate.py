"""What is expected at a place by hour: sums that hold, weeks that were planted, and hours that are not known."""

from __future__ import annotations

import numpy as np
import pytest

from hotspots.analysis.hours import HOURS_IN_WEEK
from hotspots.analysis.patrols import estimate_hours
from hotspots.errors import DataError


def test_without_hours_every_hour_has_the_same() -> None:
    found = estimate_hours([168.0, 84.0], None, None)
    assert found.is_flat
    assert np.allclose(found.expected, [[1.0], [0.5]])
    assert (found.own_weight == 0).all()


def test_hours_of_a_place_sum_to_its_week() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.5, (5, HOURS_IN_WEEK)).astype(float)
    weekly = np.array([1.0, 2.0, 3.0, 0.0, 5.0])
    found = estimate_hours(weekly, counts, counts.sum(axis=0))
    assert np.allclose(found.expected.sum(axis=1), weekly)
    assert (found.expected >= 0).all()
    assert ((found.own_weight >= 0) & (found.own_weight <= 1)).all()


def test_a_place_without_timed_incidents_has_the_week_of_the_area() -> None:
    rng = np.random.default_rng(2)
    week = rng.dirichlet(np.ones(HOURS_IN_WEEK))
    counts = np.array([rng.multinomial(200, rng.dirichlet(week * 50)) for _ in range(10)] + [np.zeros(HOURS_IN_WEEK)])
    found = estimate_hours(np.ones(11), counts, counts.sum(axis=0))
    assert found.own_weight[-1] == 0
    shrunk = counts[0] * (1 / (200 + found.n_alike)) + found.expected[-1] * found.n_alike / (200 + found.n_alike)
    assert np.allclose(found.expected[0], shrunk)


@pytest.mark.parametrize("planted", [20.0, 200.0])
def test_how_much_places_differ_is_found_again(planted: float) -> None:
    rng = np.random.default_rng(3)
    week = rng.dirichlet(np.ones(HOURS_IN_WEEK) * 3)
    counts = np.array([rng.multinomial(100, rng.dirichlet(week * planted)) for _ in range(60)])
    found = estimate_hours(np.ones(60), counts, rng.multinomial(100_000, week))
    assert found.n_alike == pytest.approx(planted, rel=0.25)


def test_places_that_differ_by_chance_alone_have_the_week_of_the_area() -> None:
    rng = np.random.default_rng(4)
    week = rng.dirichlet(np.ones(HOURS_IN_WEEK) * 3)
    counts = rng.multinomial(60, week, size=40)
    found = estimate_hours(np.ones(40), counts, rng.multinomial(100_000, week))
    assert found.own_weight.max() < 0.05


@pytest.mark.parametrize(
    ("weekly", "counts", "area"),
    [
        ([np.nan], np.zeros((1, 168)), np.zeros(168)),
        ([1.0], np.full((1, 168), -1.0), np.zeros(168)),
        ([1.0], np.zeros((2, 168)), np.zeros(168)),
        ([1.0], np.zeros((1, 168)), np.zeros(24)),
    ],
)
def test_amounts_that_cannot_be_are_refused(weekly: list[float], counts: object, area: object) -> None:
    with pytest.raises(DataError, match="numbers of 0 or more of shape"):
        estimate_hours(weekly, np.asarray(counts), np.asarray(area))
