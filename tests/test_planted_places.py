"""What was planted in the demonstration's streets, candidates and opening hours is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from hotspots.analysis.network import build_network, find_near, measure_walks
from hotspots.analysis.network.street_network import StreetNetwork
from hotspots.ingest.reference import read_streets
from hotspots.pipeline.haven_plan import plan_havens
from hotspots.pipeline.haven_request import HavenRequest, SitingOptions
from hotspots.pipeline.study import Study, load_study
from hotspots.products.summary.haven_plan_summary import summarise_havens


@pytest.fixture(scope="module")
def truth(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((repository / "data" / "truth.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def network(repository: Path, demonstration: Study) -> StreetNetwork:
    return build_network(read_streets([repository / "data/streets"], area=demonstration.area).ways)


def list_spots(truth: dict[str, Any]) -> dict[str, list[float]]:
    return {spot["name"]: [spot["easting"], spot["northing"]] for spot in truth["hot_spots"]}


def list_positions(havens: gpd.GeoDataFrame) -> np.ndarray:
    return np.column_stack([havens.geometry.x, havens.geometry.y])


def test_every_street_is_read_and_the_estate_has_no_way_out(network: StreetNetwork, truth: dict[str, Any]) -> None:
    planted = truth["streets"]
    assert network.length_m / 1000 == pytest.approx(planted["km"], abs=0.1)
    assert network.n_islands == 2
    estate = planted["estate_without_a_way_out"]
    inside = np.array([[estate["easting"], estate["northing"]]], dtype=float)
    spots = np.array(list(list_spots(truth).values()), dtype=float)
    assert np.isinf(measure_walks(inside, spots, network=network)).all()
    assert np.isfinite(measure_walks(spots, spots, network=network)).all()


def test_a_haven_beyond_the_railway_is_near_for_a_crow_only(
    network: StreetNetwork, demonstration: Study, truth: dict[str, Any]
) -> None:
    assert demonstration.havens is not None
    havens = demonstration.havens.havens
    for cut in truth["streets"]["havens_within_400_m_that_are_over_800_m_on_foot"]:
        spot = np.array([list_spots(truth)[cut["hot_spot"]]], dtype=float)
        haven = list_positions(havens[havens["name"] == cut["haven"]])
        assert len(find_near(haven, spot, reach_m=400).origin) == 1
        assert not len(find_near(haven, spot, reach_m=800, network=network).origin)


@pytest.mark.slow
def test_the_best_sites_and_the_evening_gaps_are_those_planted(truth: dict[str, Any]) -> None:
    study = load_study(tables=("havens", "candidates", "term_dates", "streets"))
    plan = plan_havens(study, HavenRequest(crime="robbery", siting=SitingOptions(n_new=3)))
    summary = summarise_havens(plan)
    assert summary.siting is not None
    assert sorted(str(site.label) for site in summary.siting.sites) == truth["candidates"]["best"]
    assert summary.siting.gap_share == 0

    spots = list_spots(truth)
    planted = {gap["hot_spot"] for gap in truth["hot_spots_with_havens_but_none_open_weekdays_20_21"]}
    bare = set(truth["havens"]["hot_spots_without_haven_within_400_m"])
    assert plan.cover is not None
    evenings = [gap for gap in plan.cover.gaps if gap.shift.label == "Evening"]
    middles = [plan.patrol_places[gap.area].outline.centroid for gap in evenings[:3]]
    for middle in middles:
        nearest = min(spots, key=lambda name: float(np.hypot(*(np.array(spots[name]) - [middle.x, middle.y]))))
        assert nearest in planted | bare
