from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csgraph
from scipy.spatial.distance import cdist
from support import MakeIncidents

from hotspots.analysis.hotspots.chains import split_clusters
from hotspots.analysis.hotspots.clusters import Clusters, find_clusters
from hotspots.analysis.hotspots.hotspot_areas import HotspotOptions, draw_hotspots
from hotspots.analysis.hotspots.neighbourhoods import choose_min_samples
from hotspots.analysis.hotspots.outlines import outline_clusters
from hotspots.errors import DataError, ParameterError
from hotspots.geography.floor import FLOOR, NO_FLOOR

SQUARE = shapely.box(530_000, 180_000, 534_000, 184_000)


def pile(make_incidents: MakeIncidents, places: Sequence[tuple[float, float, int]]) -> gpd.GeoDataFrame:
    """Incidents from (metres east, metres north, how many) of the middle of the square."""
    repeated = [(532_000 + east, 182_000 + north) for east, north, times in places for _ in range(times)]
    return make_incidents([east for east, _ in repeated], [north for _, north in repeated])


def measure_width(geometry: shapely.Geometry) -> float:
    return 2 * float(shapely.minimum_bounding_radius(geometry))


def is_of(clusters: Clusters, cluster: int) -> np.ndarray:
    return np.asarray(clusters.cluster_id.fillna(-1).to_numpy(dtype=int) == cluster)


def count_inside(incidents: gpd.GeoDataFrame, outline: shapely.Geometry) -> int:
    return int(shapely.intersects_xy(outline, incidents.geometry.x, incidents.geometry.y).sum())


# --- outlines


def test_a_single_place_has_a_disc_of_half_of_eps(make_incidents: MakeIncidents) -> None:
    incidents = pile(make_incidents, [(0, 0, 10), (500, 500, 1)])
    clusters = find_clusters(incidents, eps_m=100, min_samples=5)
    (outline,) = outline_clusters(incidents, clusters, study_area=SQUARE)
    assert outline.distance(shapely.Point(532_000, 182_000)) == 0
    assert outline.area == pytest.approx(math.pi * 50**2, rel=0.05)
    assert measure_width(outline) == pytest.approx(100, rel=0.02)

    half = shapely.box(530_000, 180_000, 532_000, 184_000)
    (outline,) = outline_clusters(incidents, clusters, study_area=half)
    assert outline.area == pytest.approx(math.pi * 50**2 / 2, rel=0.05)
    assert outline_clusters(incidents, clusters, study_area=shapely.box(0, 0, 1, 1)) == ()


def test_the_cluster_with_more_incidents_keeps_the_ground(make_incidents: MakeIncidents) -> None:
    """Two clusters 80 m apart with discs of 50 m: the larger is whole, the smaller lacks what they share."""
    incidents = pile(make_incidents, [(0, 0, 10), (80, 0, 20)])
    clusters = find_clusters(incidents, eps_m=79, min_samples=5)
    clusters = dataclasses.replace(clusters, eps_m=100)
    larger, smaller = outline_clusters(incidents, clusters, study_area=SQUARE)
    assert larger.area == pytest.approx(math.pi * 50**2, rel=0.05)
    lens = 2 * 50**2 * math.acos(0.8) - 40 * math.sqrt(4 * 50**2 - 80**2)
    assert larger.area - smaller.area == pytest.approx(lens, rel=0.2)  # arcs are polygons, simplified by 1 m
    assert larger.intersection(smaller).area < 1e-6


# --- splitting


def test_a_chain_of_three_kilometres_becomes_several(make_incidents: MakeIncidents) -> None:
    incidents = pile(make_incidents, [(east, 0, 5) for east in range(-1500, 1501, 50)])
    clusters = find_clusters(incidents, eps_m=60, min_samples=10)
    assert clusters.n_clusters == 1
    split, n_split = split_clusters(incidents, clusters, max_extent_m=400)
    assert n_split == 1
    assert clusters.n_clusters == 1  # the input is not changed
    # the circle reaches 170 m both ways, so 7 places of 61 each
    sizes = split.cluster_id.value_counts()
    assert sizes.max() == 7 * 5
    assert 8 <= split.n_clusters == len(sizes) <= 16
    assert split.cluster_id.notna().mean() > 0.9
    areas = draw_hotspots(incidents, study_area=SQUARE, options=HotspotOptions(eps_m=60, min_samples=10))
    assert areas.n_split == 1
    assert len(areas.outlines) == split.n_clusters
    assert max(map(measure_width, areas.outlines)) <= 400

    # all circles along the chain are equally full: the southernmost, then the westernmost, in whatever order rows come
    backwards = incidents[::-1]
    again, _ = split_clusters(backwards, find_clusters(backwards, eps_m=60, min_samples=10), max_extent_m=400)
    pd.testing.assert_series_equal(again.cluster_id[::-1], split.cluster_id)


@pytest.mark.parametrize("seed", range(5))
def test_circles_are_taken_from_the_fullest_on(make_incidents: MakeIncidents, seed: int) -> None:
    """Along a chain, 40 m a step, circles of 100 m: each place and two on either side, as far as they are left."""
    counts = np.random.default_rng(seed).choice(np.arange(3, 60), 40, replace=False)
    incidents = pile(make_incidents, [(40 * i - 800, 0, int(n)) for i, n in enumerate(counts)])
    split, _ = split_clusters(incidents, find_clusters(incidents, eps_m=50, min_samples=3), max_extent_m=250)
    left = counts.astype(float)
    expected = np.full(40, -1)
    for part in range(40):
        circles = np.convolve(left, np.ones(5), mode="same")
        if circles.max() == 0:
            break
        centre = int(circles.argmax())
        runs = np.split(np.arange(40), np.flatnonzero(left == 0))  # what is linked
        window = np.arange(max(centre - 2, 0), min(centre + 3, 40))
        linked = max((np.intersect1d(run, window) for run in runs), key=lambda run: left[run].sum())
        linked = linked[left[linked] > 0]
        expected[linked], left[linked] = part, 0
    np.testing.assert_array_equal(split.cluster_id.to_numpy(dtype=int), np.repeat(expected, counts))


def test_a_compact_cluster_stays_whole(make_incidents: MakeIncidents) -> None:
    """Places 50 m apart over 300 by 100 m; 316 m across, and 340 m are left between outlines of 400 m."""
    incidents = pile(make_incidents, [(east, north, 2) for east in range(0, 301, 50) for north in range(0, 101, 50)])
    clusters = find_clusters(incidents, eps_m=60, min_samples=5)
    split, n_split = split_clusters(incidents, clusters, max_extent_m=400)
    assert (n_split, split.n_clusters) == (0, 1)
    pd.testing.assert_series_equal(split.cluster_id, clusters.cluster_id)
    assert split_clusters(incidents, clusters, max_extent_m=376)[1] == 1


def test_the_densest_part_comes_first(make_incidents: MakeIncidents) -> None:
    chain = [(float(east), 0.0, 30 if east in (400, 440) else 3) for east in range(0, 801, 40)]
    incidents = pile(make_incidents, chain)
    split, _ = split_clusters(incidents, find_clusters(incidents, eps_m=50, min_samples=5), max_extent_m=250)
    first = incidents[is_of(split, 0)].geometry.x - 532_000
    assert {400, 440} <= set(first)


def test_places_that_a_circle_does_not_link_are_left_for_others(make_incidents: MakeIncidents) -> None:
    """The fullest circle, around the middle, holds 7 + 1 + 6 incidents that are not linked; beyond both are more."""
    places = [(-140.0, 0.0, 4), (-95.0, 0.0, 7), (0.0, 0.0, 1), (95.0, 0.0, 6), (140.0, 0.0, 6)]
    incidents = pile(make_incidents, places)
    clusters = find_clusters(incidents, eps_m=50, min_samples=10)
    together = dataclasses.replace(clusters, cluster_id=clusters.cluster_id.fillna(0) * 0, n_clusters=1)
    split, n_split = split_clusters(incidents, together, max_extent_m=250)
    assert n_split == 1
    assert split.cluster_id.value_counts().sort_index().tolist() == [12, 11]
    assert split.cluster_id.isna().sum() == 1


crowds = st.lists(
    st.tuples(st.integers(-12, 12), st.integers(-6, 6), st.integers(1, 8)),
    min_size=1,
    max_size=60,
    unique_by=lambda p: p[:2],
)


@given(places=crowds, eps_m=st.integers(45, 120), room=st.floats(2, 6), min_samples=st.integers(3, 15))
@settings(max_examples=60)
def test_parts_are_narrow_linked_and_dense_enough(
    make_incidents: MakeIncidents, places: list[tuple[int, int, int]], eps_m: int, room: float, min_samples: int
) -> None:
    incidents = pile(make_incidents, [(40 * east, 40 * north, n) for east, north, n in places])
    clusters = find_clusters(incidents, eps_m=eps_m, min_samples=min_samples)
    split, n_split = split_clusters(incidents, clusters, max_extent_m=room * eps_m)
    assert n_split <= clusters.n_clusters
    assert set(split.cluster_id.dropna()) == set(range(split.n_clusters))
    assert (split.eps_m, split.min_samples) == (clusters.eps_m, clusters.min_samples)
    for part in range(split.n_clusters):
        members = is_of(split, part)
        of = clusters.cluster_id[members]
        assert of.nunique(dropna=False) == 1  # parts of one cluster
        points = np.unique(shapely.get_coordinates(incidents.geometry[members].array), axis=0)
        n_linked, _ = csgraph.connected_components(cdist(points, points) <= eps_m)
        assert n_linked == 1
        if (members.sum() < is_of(clusters, of.iloc[0]).sum()) or n_split:
            assert measure_width(shapely.MultiPoint(points)) <= (room - 1) * eps_m + 1e-6
        assert members.sum() >= min_samples or n_split < clusters.n_clusters

    outlines = outline_clusters(incidents, split, study_area=SQUARE)
    for outline in outlines:
        assert outline.is_valid
        assert measure_width(outline) <= room * eps_m + 1e-6
    overlaps = [a.intersection(b).area for i, a in enumerate(outlines) for b in outlines[:i]]
    assert max(overlaps, default=0) < 1e-6


@given(
    places=crowds,
    east=st.integers(-300, 300),
    order=st.randoms(use_true_random=False),
    min_samples=st.integers(2, 15),
)
@settings(max_examples=40)
def test_hot_spots_lie_inside_hold_enough_and_do_not_depend_on_the_order(
    make_incidents: MakeIncidents, places: list[tuple[int, int, int]], east: int, order: object, min_samples: int
) -> None:
    """With an odd study area that cuts through the places, and ties between circles and clusters on a lattice."""
    area = shapely.Polygon([(530_000, 181_900), (532_000 + east, 181_700), (533_900, 182_030), (531_900, 183_900)])
    options = HotspotOptions(eps_m=60, min_samples=min_samples, max_extent_m=200)
    repeated = [(40 * e, 40 * n, 1) for e, n, times in places for _ in range(times)]
    incidents = pile(make_incidents, repeated)
    found = draw_hotspots(incidents, study_area=area, options=options)
    for outline in found.outlines:
        assert outline.is_valid
        assert outline.difference(area).area < 1e-6
        assert count_inside(incidents, outline) >= min_samples
        assert measure_width(outline) <= 200 + 1e-6
    overlaps = [a.intersection(b).area for i, a in enumerate(found.outlines) for b in found.outlines[:i]]
    assert max(overlaps, default=0) < 1e-6

    rows = np.random.default_rng(len(places) + east % 7).permutation(len(incidents))
    again = draw_hotspots(incidents.iloc[rows], study_area=area, options=options)
    if not has_shared_border(incidents, found.clusters):
        assert len(again.outlines) == len(found.outlines)
        for one, other in zip(found.outlines, again.outlines, strict=True):
            assert one.symmetric_difference(other).area < 1e-6


def has_shared_border(incidents: gpd.GeoDataFrame, clusters: Clusters) -> bool:
    """Whether a place that is not dense itself is near dense ones of two clusters: DBSCAN gives it to the first."""
    whole = find_clusters(incidents, eps_m=clusters.eps_m, min_samples=clusters.min_samples)
    points, inverse = np.unique(shapely.get_coordinates(incidents.geometry.array), axis=0, return_inverse=True)
    near = cdist(points, points) <= clusters.eps_m
    is_core = near @ np.bincount(inverse.ravel()) >= clusters.min_samples
    label = np.full(len(points), -1)
    label[inverse.ravel()] = whole.cluster_id.fillna(-1).to_numpy(dtype=int)
    return any(len(set(label[near[i] & is_core])) > 1 for i in np.flatnonzero(~is_core))


# --- all together


def test_what_is_left_open_is_chosen_for_the_study_area(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(1)
    inside = rng.uniform((530_000, 180_000), (534_000, 184_000), (300, 2))
    beyond = rng.uniform((534_100, 180_000), (536_000, 184_000), (500, 2))
    crowd = np.repeat([[532_000.0, 182_000.0], [535_000.0, 182_000.0]], 40, axis=0)
    places = np.concatenate([inside, crowd, beyond]).T
    incidents = make_incidents(*places, location_precision="anonymised")
    found = draw_hotspots(incidents, study_area=SQUARE)
    assert (found.clusters.min_samples, found.clusters.min_samples_reason) == choose_min_samples(
        340, study_area_km2=16.0
    )
    (outline,) = found.outlines  # the crowd beyond the edge is not one
    assert outline.contains(shapely.Point(532_000, 182_000))
    given_ = draw_hotspots(incidents, study_area=SQUARE, options=HotspotOptions(min_samples=7))
    assert (given_.clusters.min_samples, given_.clusters.min_samples_reason) == (7, None)


def test_a_cluster_across_the_boundary_needs_enough_inside(make_incidents: MakeIncidents) -> None:
    options = HotspotOptions(eps_m=60, min_samples=10)
    for n_inside, n_found in ((9, 0), (10, 1)):
        incidents = pile(make_incidents, [(-10, 0, n_inside), (20, 0, 50)]).assign(location_precision="anonymised")
        west = shapely.box(530_000, 180_000, 532_000, 184_000)
        assert len(draw_hotspots(incidents, study_area=west, options=options).outlines) == n_found


def test_a_hot_spot_needs_ten_incidents_at_five_places(make_incidents: MakeIncidents) -> None:
    four, five = ([(5 * place, 0, 3) for place in range(n)] for n in (4, 5))
    incidents = pile(make_incidents, [*four, *((x + 1000, y, n) for x, y, n in five)])
    for precision, floor, n_found, n_withheld in (
        ("point", FLOOR, 1, 1),
        ("postcode", FLOOR, 1, 1),
        ("anonymised", FLOOR, 2, 0),  # a point that the source has chosen stands for more addresses than that
        ("point", NO_FLOOR, 2, 0),
    ):
        found = draw_hotspots(
            incidents.assign(location_precision=precision),
            study_area=SQUARE,
            options=HotspotOptions(eps_m=50, floor=floor),
        )
        assert (len(found.outlines), found.n_withheld) == (n_found, n_withheld)
    few = draw_hotspots(incidents.iloc[:9], study_area=SQUARE, options=HotspotOptions(eps_m=50, min_samples=2))
    assert (len(few.outlines), few.n_withheld) == (0, 1)  # whatever makes it dense


def test_nothing_makes_no_hot_spot(make_incidents: MakeIncidents) -> None:
    for incidents in (make_incidents([], []), pile(make_incidents, [(0, 0, 1)])):
        found = draw_hotspots(incidents, study_area=SQUARE)
        assert (found.outlines, found.n_split) == ((), 0)


def test_areas_have_the_size_asked_for(make_incidents: MakeIncidents) -> None:
    rng = np.random.default_rng(2)
    centres = rng.uniform((530_300, 180_300), (533_700, 183_700), (8, 2))
    points = np.concatenate([rng.normal(centre, 90, (60, 2)) for centre in centres]).round(-1)
    incidents = make_incidents(*points.T)
    options = HotspotOptions(min_samples=10, max_extent_m=300)
    found = draw_hotspots(incidents, study_area=SQUARE, options=options)
    assert len(found.outlines) >= 6
    for outline in found.outlines:
        assert measure_width(outline) <= 300 + 1e-6
        assert count_inside(incidents, outline) >= 10


def test_what_cannot_be_is_refused(make_incidents: MakeIncidents) -> None:
    incidents = pile(make_incidents, [(0, 0, 10)])
    clusters = find_clusters(incidents, eps_m=100, min_samples=5)
    for extent in (199.0, math.nan, math.inf):
        with pytest.raises(ParameterError, match=f"places 100 m .* must be 200 m or more, not {extent:g} m. Choose a"):
            split_clusters(incidents, clusters, max_extent_m=extent)
    geographic = incidents.set_crs(4326, allow_override=True)
    with pytest.raises(DataError, match="projected CRS in metres; the incidents are in WGS 84"):
        split_clusters(geographic, clusters)
    with pytest.raises(DataError, match="projected CRS in metres"):
        outline_clusters(geographic, clusters, study_area=SQUARE)
    with pytest.raises(DataError, match="projected CRS in metres"):
        draw_hotspots(geographic, study_area=SQUARE)
