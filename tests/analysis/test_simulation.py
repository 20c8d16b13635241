"""What is called sure: on shuffled incidents hardly anything, on the demonstration what was planted and nothing else.

The shuffles keep what makes recorded crime hard to test, a few places with many incidents and most with one, and take
away what a hot spot is: that such places lie together.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy import stats

from hotspots.analysis.hotspots.evidence import weigh_evidence
from hotspots.analysis.hotspots.hotspot_areas import HotspotAreas, draw_hotspots
from hotspots.analysis.hotspots.stability import measure_stability
from hotspots.analysis.significance.cell_size import choose_cell_size
from hotspots.analysis.significance.gi_star import Significance, measure_gi_star
from hotspots.analysis.surfaces.risk import RiskEstimate, estimate_risk
from hotspots.geography.cells import Cells, make_cells
from hotspots.geography.points import collapse_points
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.study import Study

N_SHUFFLES = 200
N_OTHERS = 40
"""Shuffles that show what others use to call something significant in more than half; more would say no more."""
STATED_RATE = 0.05
MOST = int(stats.binom.ppf(0.99, N_SHUFFLES, STATED_RATE))
"""Shuffles with anything significant that a rate of 5% exceeds once in a hundred."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Robberies:
    incidents: gpd.GeoDataFrame
    study_area: shapely.Geometry


@pytest.fixture(scope="module")
def robberies(demonstration: Study) -> Robberies:
    selection = select_incidents(demonstration, AnalysisRequest(crime="robbery"))
    area = selection.wards.geometry.union_all()
    shapely.prepare(area)
    return Robberies(incidents=selection.incidents, study_area=area)


def move_places(robberies: Robberies, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Each place with its incidents to anywhere in the study area."""
    times = collapse_points(robberies.incidents).n_incidents
    west, south, east, north = robberies.study_area.bounds
    points = rng.uniform((west, south), (east, north), (4 * len(times), 2))
    points = points[shapely.contains_xy(robberies.study_area, points)][: len(times)]
    assert len(points) == len(times)
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.repeat(points, times, axis=0).T), crs=27700)


def find_significant(
    incidents: gpd.GeoDataFrame,
    areas: HotspotAreas,
    *,
    risk: RiskEstimate,
    cells: Cells,
    test: Significance,
    p: np.ndarray,
) -> list[bool]:
    """Which hot spots are significant, as `hotspots.pipeline.places` has it, with the probabilities given."""
    evidence = weigh_evidence(
        incidents,
        areas.outlines,
        risk=risk,
        cells=cells,
        significance=dataclasses.replace(test, p_hot_adjusted=p, is_hot=p <= STATED_RATE),
        stability=np.ones(len(areas.outlines)),
    )
    return [one.is_significant for one in evidence]


def test_shuffled_places_are_not_called_significant_more_often_than_stated(robberies: Robberies) -> None:
    """The share of shuffles with any significant hot spot, with the exact test and with what others use."""
    n_any = dict.fromkeys(("exact, adjusted", "exact", "normal, adjusted", "normal", "any cell"), 0)
    n_hotspots = 0
    # what is expected has no part in what is significant, so one estimate does for all
    coarse = make_cells(robberies.study_area, cell_size_m=200)
    risk = estimate_risk(robberies.incidents, cells=coarse, bandwidths_m=(1000.0,))
    for seed in range(N_SHUFFLES):
        shuffled = move_places(robberies, np.random.default_rng(seed))
        areas = draw_hotspots(shuffled, study_area=robberies.study_area)
        cells = make_cells(robberies.study_area, cell_size_m=choose_cell_size(shuffled).cell_size_m)
        test = measure_gi_star(cells.count(shuffled), cells.neighbours())
        n_hotspots += len(areas.outlines)
        n_any["any cell"] += bool(test.is_hot.any())
        ways = {"exact, adjusted": test.p_hot_adjusted}
        if seed < N_OTHERS:
            normal = stats.norm.sf(test.z)
            adjusted = stats.false_discovery_control(normal)
            ways |= {"exact": test.p_hot, "normal, adjusted": adjusted, "normal": normal}
        for name, p in ways.items():
            n_any[name] += any(find_significant(shuffled, areas, risk=risk, cells=cells, test=test, p=p))
    assert n_hotspots > N_SHUFFLES  # there is something to be wrong about
    assert n_any["exact, adjusted"] <= MOST, n_any
    assert n_any["any cell"] <= MOST, n_any
    # what the exact test and its adjustment are for
    for name in ("exact", "normal", "normal, adjusted"):
        assert n_any[name] > N_OTHERS / 2, n_any


def test_counts_dealt_to_random_cells_are_hot_no_more_often_than_stated(robberies: Robberies) -> None:
    cells = make_cells(robberies.study_area, cell_size_m=choose_cell_size(robberies.incidents).cell_size_m)
    counts, neighbours = cells.count(robberies.incidents), cells.neighbours()
    n_any = sum(
        bool(measure_gi_star(np.random.default_rng(seed).permutation(counts), neighbours).is_hot.any())
        for seed in range(N_SHUFFLES)
    )
    assert n_any <= MOST


@pytest.fixture(scope="module")
def planted(repository: Path) -> np.ndarray:
    truth: dict[str, Any] = json.loads((repository / "data" / "truth.json").read_text("utf-8"))
    return np.array([[spot["easting"], spot["northing"]] for spot in truth["hot_spots"]])


def test_what_was_planted_is_found_and_nothing_else(robberies: Robberies, planted: np.ndarray) -> None:
    """Precision and recall are both 1: each hot spot within 100 m of one of its own."""
    areas = draw_hotspots(robberies.incidents, study_area=robberies.study_area)
    centres = shapely.get_coordinates(shapely.centroid(np.array(areas.outlines, dtype=object)))
    is_near = np.hypot(*(centres[:, None, :] - planted[None, :, :]).transpose(2, 0, 1)) <= 100
    recall, precision = is_near.any(axis=0).mean(), is_near.any(axis=1).mean()
    assert (len(planted), recall, precision) == (20, 1, 1)
    assert (is_near.sum(axis=0) == 1).all()
    assert (is_near.sum(axis=1) == 1).all()
    assert measure_stability(robberies.incidents, areas.outlines, areas.clusters).min() > 0.9
