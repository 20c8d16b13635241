from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy import stats
from sklearn.cluster import DBSCAN
from support import MakeIncidents

from hotspots.analysis.hotspots.clusters import Clusters, find_clusters
from hotspots.analysis.hotspots.outlines import outline_clusters
from hotspots.analysis.hotspots.stability import measure_stability
from hotspots.errors import DataError, ParameterError

SQUARE = shapely.box(530_000, 180_000, 534_000, 184_000)
DISC = shapely.Point(532_000, 182_000).buffer(60)


def pile(make_incidents: MakeIncidents, places: list[tuple[float, float, int]]) -> gpd.GeoDataFrame:
    repeated = [(532_000 + east, 182_000 + north) for east, north, times in places for _ in range(times)]
    return make_incidents([east for east, _ in repeated], [north for _, north in repeated])


def find(incidents: gpd.GeoDataFrame, min_samples: int, eps_m: float = 100) -> Clusters:
    return find_clusters(incidents, eps_m=eps_m, min_samples=min_samples)


def resample_with_scikit_learn(
    incidents: gpd.GeoDataFrame, outline: shapely.Geometry, clusters: Clusters, *, n_resamples: int, seed: int
) -> float:
    """The definition: draw, cluster what was drawn, and ask whether half of what fell inside is in a cluster."""
    rng = np.random.default_rng(seed)
    points = shapely.get_coordinates(incidents.geometry.array)
    inside = shapely.intersects_xy(outline, points)
    model = DBSCAN(eps=clusters.eps_m, min_samples=clusters.min_samples)
    found = 0
    for _ in range(n_resamples):
        times = rng.poisson(1, len(points))
        drawn, is_inside = np.repeat(points, times, axis=0), np.repeat(inside, times)
        in_cluster = model.fit(drawn).labels_ >= 0
        found += bool(is_inside.any() and in_cluster[is_inside].mean() >= 0.5)
    return found / n_resamples


@pytest.mark.parametrize(("n", "min_samples"), [(10, 10), (35, 35), (100, 100), (12, 10), (8, 10), (30, 10), (3, 10)])
def test_a_single_place_is_found_as_often_as_a_poisson_count_reaches_the_threshold(
    make_incidents: MakeIncidents, n: int, min_samples: int
) -> None:
    incidents = pile(make_incidents, [(0, 0, n)])
    (found,) = measure_stability(incidents, [DISC], find(incidents, min_samples), n_resamples=4000)
    chance = stats.poisson.sf(min_samples - 1, n)
    assert found == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 4000) + 1e-3)
    if n == min_samples:
        assert found == pytest.approx(0.5, abs=0.5 / math.sqrt(n))
    if n == 3 * min_samples:
        assert found > 0.999


@pytest.mark.parametrize("seed", range(6))
def test_it_equals_clustering_each_resample(make_incidents: MakeIncidents, seed: int) -> None:
    """Places of few incidents, most of them near the threshold, with others around that may link them or not."""
    rng = np.random.default_rng(seed)
    places = [(float(e), float(n), int(times)) for (e, n), times in zip(
        rng.uniform(-160, 160, (40, 2)).round(-1), rng.integers(1, 4, 40), strict=True)]  # fmt: skip
    incidents = pile(make_incidents, places)
    clusters = find(incidents, min_samples=8 + seed, eps_m=60)
    outline = shapely.box(531_950, 181_950, 532_050, 182_050)
    (found,) = measure_stability(incidents, [outline], clusters, n_resamples=1000, seed=seed)
    expected = resample_with_scikit_learn(incidents, outline, clusters, n_resamples=1000, seed=seed + 100)
    middle = (found + expected) / 2
    assert found == pytest.approx(expected, abs=3.5 * math.sqrt(middle * (1 - middle) * 2 / 1000) + 2e-3)


def test_a_place_that_draws_nothing_makes_nothing_dense(make_incidents: MakeIncidents) -> None:
    """Two places out of each other's reach, dense only through one incident between them, which is often not drawn."""
    incidents = pile(make_incidents, [(-80, 0, 40), (0, 0, 1), (80, 0, 40)])
    (found,) = measure_stability(incidents, [SQUARE], find(incidents, min_samples=60), n_resamples=4000)
    # the middle is a core point if it draws any and all together reach 60
    draws = np.random.default_rng(5).poisson([40, 1, 40], (200_000, 3))
    chance = float(((draws[:, 1] > 0) & (draws.sum(axis=1) >= 60)).mean())
    assert chance == pytest.approx(1 - math.exp(-1), abs=0.01)
    assert found == pytest.approx(chance, abs=4 * math.sqrt(0.25 / 4000))


def test_the_same_seed_gives_the_same_numbers(make_incidents: MakeIncidents) -> None:
    incidents = pile(make_incidents, [(0, 0, 12), (300, 0, 11), (600, 0, 50)])
    clusters = find(incidents, min_samples=10)
    outlines = outline_clusters(incidents, clusters, study_area=SQUARE)
    first, again, other = (measure_stability(incidents, outlines, clusters, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first.dtype == np.float64
    assert first[0] == 1  # the largest comes first


def test_what_is_far_away_does_not_matter(make_incidents: MakeIncidents) -> None:
    near: list[tuple[float, float, int]] = [(0, 0, 6), (70, 0, 5), (150, 0, 4)]
    alone = pile(make_incidents, near)
    crowded = pile(make_incidents, [*near, (400, 0, 500), (-350, 0, 3)])
    first, second = (
        measure_stability(incidents, [DISC], find(incidents, min_samples=10)) for incidents in (alone, crowded)
    )
    np.testing.assert_array_equal(first, second)
    assert 0 < first[0] < 1


def test_an_outline_without_incidents_is_never_found(make_incidents: MakeIncidents) -> None:
    incidents = pile(make_incidents, [(0, 0, 30)])
    empty = shapely.box(530_000, 180_000, 530_100, 180_100)
    np.testing.assert_array_equal(measure_stability(incidents, [empty, DISC], find(incidents, 10)), [0, 1])
    np.testing.assert_array_equal(measure_stability(incidents, [empty], find(incidents, 10)), [0])
    assert measure_stability(incidents, [], find(incidents, 10)).shape == (0,)
    assert measure_stability(incidents[:0], [DISC], find(incidents, 10)).tolist() == [0]


def test_what_cannot_be_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = pile(make_incidents, [(0, 0, 30)])
    clusters = find(incidents, 10)
    with pytest.raises(ParameterError, match="needs at least 1 resample, not 0. 100 is usual"):
        measure_stability(incidents, [DISC], clusters, n_resamples=0)
    with pytest.raises(DataError, match="projected CRS in metres; the incidents are in WGS 84"):
        measure_stability(incidents.set_crs(4326, allow_override=True), [DISC], clusters)
