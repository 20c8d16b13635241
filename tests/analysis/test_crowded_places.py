"""Incidents that crowd are brought together in squares, and others are left where they are."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from support import MakeIncidents

from hotspots.analysis.hotspots import HotspotOptions, crowded_places, draw_hotspots
from hotspots.analysis.hotspots.crowded_places import bring_together
from hotspots.analysis.hotspots.neighbourhoods import choose_eps

SQUARE = shapely.box(530_000, 180_000, 531_000, 181_000)


def test_few_places_stay_as_they_are(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_001.0, 530_002.0], [180_001.0, 180_002.0])
    together, side_m = bring_together(incidents)
    assert together is incidents
    assert side_m is None


def test_places_move_to_the_middle_of_their_square(
    make_incidents: MakeIncidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowded_places, "MAX_PAIRS", 4)
    # the first two are in one square of 5 m, the third alone, all within 200 m: two places have four pairs
    incidents = make_incidents([530_001.0, 530_004.0, 530_011.0], [180_001.0, 180_002.0, 180_012.0])
    together, side_m = bring_together(incidents)
    assert side_m == 5
    assert shapely.get_coordinates(together.geometry).tolist() == [
        [530_002.5, 180_002.5],
        [530_002.5, 180_002.5],
        [530_012.5, 180_012.5],
    ]
    monkeypatch.setattr(crowded_places, "MAX_PAIRS", 1)
    assert bring_together(incidents)[1] == 20  # 5 m and 10 m leave two squares


@pytest.mark.parametrize("is_crowded", [False, True])
def test_the_same_hot_spots_are_found(
    make_incidents: MakeIncidents, monkeypatch: pytest.MonkeyPatch, is_crowded: bool
) -> None:
    """Two clusters with a spread of 30 m, among others scattered by chance."""
    random = np.random.default_rng(1)
    centres = np.array([[530_300, 180_300], [530_700, 180_700]])
    points = np.concatenate(
        [
            *(centre + random.normal(0, 30, (300, 2)) for centre in centres),
            np.array([530_000, 180_000]) + random.uniform(0, 1000, (300, 2)),
        ]
    )
    if is_crowded:
        monkeypatch.setattr(crowded_places, "MAX_PAIRS", 50_000)
    found = draw_hotspots(
        make_incidents(*points.T), study_area=SQUARE, options=HotspotOptions(eps_m=50, min_samples=40)
    )
    assert len(found.outlines) == 2
    distances = [min(outline.distance(shapely.Point(centre)) for outline in found.outlines) for centre in centres]
    assert distances == [0, 0]
    reason = found.clusters.eps_reason or ""
    assert ("were taken as one" in reason) == is_crowded


def test_a_part_of_many_places_has_the_same_knee(
    make_incidents: MakeIncidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(2)
    points = np.concatenate([random.normal(500, 40, (2000, 2)), random.uniform(0, 1000, (1000, 2))])
    incidents = make_incidents(*points.T)
    whole = choose_eps(incidents, min_samples=40)
    monkeypatch.setattr("hotspots.analysis.hotspots.neighbourhoods.MAX_SEARCHED", 30_000)
    part = choose_eps(incidents, min_samples=40)
    assert whole.knee_m is not None
    assert part.knee_m != whole.knee_m
    assert part.knee_m == pytest.approx(whole.knee_m, rel=0.1)
