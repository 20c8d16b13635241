from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from hotspots.analysis.hotspots.hotspot_areas import HotspotOptions
from hotspots.errors import ParameterError
from hotspots.geography.floor import FLOOR, NO_FLOOR
from hotspots.pipeline.request import AnalysisRequest


def ask(**options: Any) -> AnalysisRequest:
    return AnalysisRequest(**{"crime": "robbery", **options})


def test_what_is_left_out_is_the_usual() -> None:
    request = ask()
    assert (request.cell_size_m, request.bandwidth_m, request.kernel, request.harm) == (50, 300, "quartic", None)
    assert request.hotspot_options == HotspotOptions()
    assert request.window is None


def test_options_of_hot_spots_are_handed_on() -> None:
    request = ask(eps_m=90.0, min_samples=70, max_extent_m=333.0)
    assert request.hotspot_options == HotspotOptions(eps_m=90, min_samples=70, max_extent_m=333)


@pytest.mark.parametrize(
    ("options", "is_too_fine"),
    [
        ({}, False),
        ({"min_samples": 10, "cell_size_m": 50.0}, False),
        ({"min_samples": 9}, True),
        ({"cell_size_m": 49.9}, True),
        ({"min_samples": 500, "cell_size_m": 10.0}, True),
    ],
)
def test_what_shows_single_victims_is_not_to_be_shared(options: dict[str, Any], is_too_fine: bool) -> None:
    request = ask(**options)
    assert request.is_too_fine == is_too_fine
    assert request.hotspot_options.floor == request.floor == (NO_FLOOR if is_too_fine else FLOOR)


def test_a_period_to_compare_with_is_one_of_the_methods_that_name_a_run() -> None:
    request = ask(compare=(dt.date(2025, 2, 1), dt.date(2025, 12, 31)))
    assert request.methods == ("compared with 2025-02-01 to 2025-12-31",)


@pytest.mark.parametrize(
    ("option", "name", "highest"),
    [
        ("cell_size_m", "cell size", 5_000),
        ("bandwidth_m", "bandwidth", 20_000),
        ("eps_m", "eps", 2_000),
        ("max_extent_m", "extent of a hot spot", 10_000),
        ("reach_m", "reach", 20_000),
    ],
)
def test_a_distance_must_lie_within_its_limits(option: str, name: str, highest: float) -> None:
    for value in (0.0, -1.0, math.nan, math.inf, highest * 1.001):
        words = rf"The {name} must be above 0 m and at most {highest:,} m, not .*\. Leave `{option}` out for the usual"
        with pytest.raises(ParameterError, match=words):
            ask(**{option: value})
    largest = ask(**{"cell_size_m": 5_000.0, "bandwidth_m": 20_000.0, option: float(highest)})
    assert getattr(largest, option) == highest


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"cell_size_m": 301.0},
            "bandwidth must be at least a cell; 300 m is less than 301 m. Choose smaller cells or",
        ),
        ({"cell_size_m": 2.0}, "may be 100 cells long; 300 m is 150 cells of 2 m. Choose larger cells"),
        ({"kernel": "conical"}, 'No kernel called "conical". Choose one of: quartic, epanechnikov'),
        ({"cell_shape": "triangle"}, 'No cell shape called "triangle". Choose one of: square, hexagon'),
        (
            {"bandwidth_rule": "guess"},
            'No bandwidth rule "guess". Choose one of: likelihood, scott, silverman, adaptive',
        ),
        ({"harm": "points"}, 'No harm called "points". Choose one of: severity, cost'),
        (
            {"start": dt.date(2026, 2, 1), "end": dt.date(2026, 1, 31)},
            "end on or after its first day; this one runs from 2026-02-01 to 2026-01-31. Swap them",
        ),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        ask(**options)


def test_the_limits_themselves_are_allowed() -> None:
    assert ask(cell_size_m=300.0).bandwidth_m == 300
    assert ask(cell_size_m=3.0).cell_size_m == 3
    day = dt.date(2026, 1, 1)
    assert ask(start=day, end=day).end == day


def test_a_bandwidth_that_is_chosen_later_is_not_compared_with_a_cell() -> None:
    assert ask(bandwidth_m=None, cell_size_m=2.0, bandwidth_rule="adaptive").bandwidth_m is None
