from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.cluster import DBSCAN
from sklearn.neighbors import NearestNeighbors
from support import MakeIncidents

from hotspots.analysis.hotspots.clusters import find_clusters
from hotspots.analysis.hotspots.neighbourhoods import choose_eps, choose_min_samples, measure_k_distances
from hotspots.errors import DataError, ParameterError
from hotspots.pipeline.study import Study

LATTICE = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=120)
"""Places on a coarse lattice, so that many coincide and many distances are equal."""


def collapse(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    places, inverse, counts = np.unique(raw, axis=0, return_inverse=True, return_counts=True)
    return places, inverse.ravel(), counts


def make_pairs(make_incidents: MakeIncidents, distances: np.ndarray) -> gpd.GeoDataFrame:
    """Two incidents at each distance from each other, and each pair far from the next."""
    away = np.arange(len(distances)) * 5_000.0
    return make_incidents(np.concatenate([away, away + distances]), np.zeros(2 * len(distances)))


# DBSCAN


@given(places=LATTICE, min_samples=st.integers(2, 8))
def test_labels_are_those_of_the_raw_run(
    make_incidents: MakeIncidents, places: list[tuple[int, int]], min_samples: int
) -> None:
    easting = [530_000 + 50 * x for x, _ in places]
    northing = [180_000 + 50 * y for _, y in places]
    found = find_clusters(make_incidents(easting, northing), eps_m=100, min_samples=min_samples)
    raw = DBSCAN(eps=100, min_samples=min_samples).fit(np.column_stack([easting, northing])).labels_
    assert found.cluster_id.fillna(-1).tolist() == raw.tolist()
    assert found.n_clusters == raw.max() + 1


def test_the_clusters_of_memphis(real_data: Path) -> None:
    table = pd.read_csv(real_data / "timestamped" / "memphis_robberies.csv")
    points = gpd.points_from_xy(table["longitude"], table["latitude"], crs="EPSG:4326")
    found = find_clusters(gpd.GeoDataFrame(geometry=points).to_crs("EPSG:32616"), eps_m=1057.21, min_samples=48)
    assert found.cluster_id.value_counts().tolist() == [262, 198, 121, 48]
    assert found.cluster_id.isna().sum() == 1616


def test_noise_is_missing_and_never_a_number(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([0.0] * 5 + [9000.0], [0.0] * 6)
    found = find_clusters(incidents, eps_m=10, min_samples=5)
    assert found.cluster_id.isna().tolist() == [False] * 5 + [True]
    assert found.cluster_id.index.equals(incidents.index)


def test_the_automatic_choice_is_reported(make_incidents: MakeIncidents) -> None:
    few = find_clusters(make_incidents([0.0] * 30, [0.0] * 30))
    assert few.min_samples == 10
    assert (
        few.min_samples_reason
        == "the fewest from which no single victim can be found; 0.5% of 30 incidents would be fewer"
    )
    assert few.eps_m == 50
    assert few.eps_reason == "the smallest value allowed, because there are not two places to measure between"
    many = find_clusters(make_incidents([0.0] * 5001, [0.0] * 5001))
    assert (many.min_samples, many.min_samples_reason) == (26, "0.5% of 5,001 incidents")
    given_both = find_clusters(make_incidents([0.0], [0.0]), eps_m=125, min_samples=3)
    assert (given_both.eps_reason, given_both.min_samples_reason) == (None, None)


def test_dense_is_a_share_or_in_a_large_area_seven_times_the_average_and_never_chance() -> None:
    # 10,000 incidents on 150 km²: 0.0491 km² within 125 m hold 3.27 on average
    assert choose_min_samples(10_000, study_area_km2=150) == (23, "7 times the average density of the area")
    assert choose_min_samples(10_000, study_area_km2=65) == (50, "0.5% of 10,000 incidents")
    assert choose_min_samples(10_000) == (50, "0.5% of 10,000 incidents")
    few, why = choose_min_samples(200, study_area_km2=65)
    assert (few, why) == (
        10,
        "the fewest from which no single victim can be found; 0.5% of 200 incidents would be fewer",
    )
    n, why = choose_min_samples(45_000, study_area_km2=1572)
    assert why == (
        "the smallest number that would not come together by chance; 7 times the average density of the area "
        "would be fewer"
    )
    neighbourhood_km2 = math.pi * 0.125**2
    in_all = [1572 / neighbourhood_km2 * stats.poisson.sf(k - 1, 45_000 * neighbourhood_km2 / 1572) for k in (n - 1, n)]
    assert in_all[0] > 0.05 >= in_all[1]


# k-distances and eps


@given(places=LATTICE, min_samples=st.integers(1, 12), cap=st.sampled_from([2.5, np.inf]))
def test_k_distances_are_those_of_the_raw_points(places: list[tuple[int, int]], min_samples: int, cap: float) -> None:
    raw = np.array(places, dtype=float)
    unique, inverse, counts = collapse(raw)
    found = measure_k_distances(unique, counts, min_samples=min_samples, within_m=cap)[inverse]
    if min_samples > len(raw):
        assert np.isinf(found).all()
        return
    expected = NearestNeighbors(n_neighbors=min_samples).fit(raw).kneighbors(raw)[0][:, -1]
    np.testing.assert_allclose(found, np.where(expected < cap, expected, np.inf))


def test_k_distances_where_many_neighbours_must_be_looked_at() -> None:
    raw = np.random.default_rng(5).integers(0, 80, (3000, 2)).astype(float)
    unique, inverse, counts = collapse(raw)
    expected = NearestNeighbors(n_neighbors=700).fit(raw).kneighbors(raw)[0][:, -1]
    np.testing.assert_allclose(
        measure_k_distances(unique, counts, min_samples=700, within_m=math.inf)[inverse], expected
    )


def test_the_knee_of_a_curve_made_by_hand(make_incidents: MakeIncidents) -> None:
    # 40 pairs from 61 to 100 m, then 10 that rise by 30 m each to 400 m; of 100 incidents the 80th is at the knee,
    # 79/99 of the way along and 39/339 of the way up
    distances = np.concatenate([np.arange(61, 101), np.arange(130, 401, 30)]).astype(float)
    choice = choose_eps(make_pairs(make_incidents, distances[distances < 400]), min_samples=2)
    assert (choice.eps_m, choice.knee_m) == (100, 100)
    assert choice.reason == "the distances to 2 incidents have their knee at 100 m"
    # what lies beyond twice the most moves the knee of the whole curve, not this one
    lonely = make_pairs(make_incidents, np.append(distances, [900.0, 2000.0, 2400.0]))
    assert choose_eps(lonely, min_samples=2).eps_m == 100


def test_the_bounds_decide_where_the_curve_goes_past_them(make_incidents: MakeIncidents) -> None:
    near = make_pairs(make_incidents, np.concatenate([np.arange(1, 31), np.arange(60, 391, 30)]).astype(float))
    low = choose_eps(near, min_samples=2)
    assert (low.eps_m, low.knee_m) == (50, 30)
    assert low.reason == (
        "the smallest value allowed; the data suggest less: the distances to 2 incidents have their knee at 30 m"
    )
    far = make_pairs(make_incidents, np.concatenate([np.arange(201, 241), np.arange(255, 391, 15)]).astype(float))
    high = choose_eps(far, min_samples=2)
    assert (high.eps_m, high.knee_m) == (200, 240)
    assert high.reason.startswith("the largest value that suits a hot spot; the data suggest more: the distances to 2")


def test_without_a_knee_the_spacing_of_the_places_decides(make_incidents: MakeIncidents) -> None:
    straight = np.arange(60, 101).astype(float)
    choice = choose_eps(make_pairs(make_incidents, straight), min_samples=2)
    assert (choice.eps_m, choice.knee_m, choice.spacing_m) == (120, None, 80)
    assert choice.reason == (
        "1.5 times the 80 m between neighbouring places, because the distances to 2 incidents show no clear knee"
    )
    assert choose_eps(make_pairs(make_incidents, 2 * straight), min_samples=2).eps_m == 200
    assert choose_eps(make_pairs(make_incidents, straight / 4), min_samples=2).eps_m == 50
    assert choose_eps(make_pairs(make_incidents, straight), min_samples=500).eps_m == 120  # so many there are not


def test_the_curve_has_one_step_for_each_incident(make_incidents: MakeIncidents) -> None:
    # 10 pairs from 61 to 70 m, 30 that rise by 8 m each to 310 m: the knee lies 10/40 - 9/249 = 0.21 below the line;
    # with 18 incidents at each of the first pairs and 10 at the others, 180/480 - 9/249 = 0.34
    pairs = make_pairs(make_incidents, np.concatenate([np.arange(61, 71), np.arange(78, 311, 8)]).astype(float))
    assert choose_eps(pairs, min_samples=2).knee_m is None
    crowded = pairs.iloc[np.repeat(np.arange(80), np.tile(np.repeat([9, 5], [10, 30]), 2))]
    assert choose_eps(crowded, min_samples=10).knee_m == 70


def test_few_places_are_no_curve(make_incidents: MakeIncidents) -> None:
    bent = np.array([61.0, 62, 63, 64, 65, 66, 67, 68, 69, 300])
    assert choose_eps(make_pairs(make_incidents, bent), min_samples=2).knee_m is None
    assert choose_eps(make_pairs(make_incidents, np.repeat(bent, 2)), min_samples=2).knee_m == 69


def test_copies_alone_make_no_knee(make_incidents: MakeIncidents) -> None:
    """40 of 122 incidents at a distance of 0 would put the knee of the whole curve there."""
    pairs = make_pairs(make_incidents, np.append(np.arange(60, 101), np.full(10, 80)).astype(float))
    is_copied = np.arange(len(pairs)) % 51 >= 41
    incidents = pd.concat([pairs, pairs[is_copied]], ignore_index=True)
    choice = choose_eps(incidents, min_samples=2)
    assert (choice.eps_m, choice.knee_m) == (120, None)


@pytest.mark.slow
def test_planted_clusters_make_a_knee(demonstration: Study) -> None:
    """The demonstration data hold 20 planted clusters of robbery; burglary is spread out."""
    incidents = demonstration.intake.incidents
    robberies = incidents[incidents["category"] == "robbery"]
    assert choose_eps(robberies, min_samples=35).knee_m is not None
    assert choose_eps(incidents[incidents["category"] == "burglary"], min_samples=39).knee_m is None


def test_no_incidents_make_no_clusters(make_incidents: MakeIncidents) -> None:
    found = find_clusters(make_incidents([], []))
    assert found.n_clusters == 0
    assert len(found.cluster_id) == 0
    few = find_clusters(make_incidents([0.0, 0.0, 9.0], [0.0, 0.0, 0.0]), min_samples=5)
    assert few.cluster_id.isna().all()


def test_what_cannot_be_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_000.0, 530_100.0], [180_000.0, 180_000.0])
    with pytest.raises(ParameterError, match="eps must be above 0 m, not -1"):
        find_clusters(incidents, eps_m=-1)
    with pytest.raises(ParameterError, match="eps must be above 0 m, not 0"):
        find_clusters(incidents, eps_m=0)
    with pytest.raises(ParameterError, match="`min_samples` must be 2 or more, not 1: one incident is not a cluster"):
        find_clusters(incidents, min_samples=1)
    with pytest.raises(ParameterError, match="`min_samples` must be 2 or more, not 0"):
        choose_eps(incidents, min_samples=0)
    crowd = np.random.default_rng(2).uniform(530_000, 530_500, (20_000, 2))
    with pytest.raises(ParameterError, match="DBSCAN can take up to 250,000,000 pairs .* makes 400,000,000. Choose"):
        find_clusters(make_incidents(*crowd.T), eps_m=1000)
    for refuse in (find_clusters, partial(choose_eps, min_samples=5)):
        with pytest.raises(DataError, match="projected CRS in metres"):
            refuse(incidents.to_crs(4326))
