"""From clusters to areas that can be patrolled: chains are split, outlines drawn, and none overlaps another."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse
from scipy.spatial import cKDTree

from hotspots.analysis.hotspots.clusters import ClusterMethod, Clusters, choose_min_samples, find_clusters, sum_weights
from hotspots.contracts import require_metres
from hotspots.errors import ParameterError
from hotspots.geography import UniquePoints, collapse_points, find_polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotOptions:
    """How hot spots are drawn.

    Attributes:
        method: Of clustering.
        eps_m: Neighbourhood radius, metres; chosen from the incidents by default.
        min_samples: Incidents that make a neighbourhood dense; chosen by default.
        max_extent_m: The widest that a hot spot may be across.
    """

    method: ClusterMethod = "dbscan"
    eps_m: float | None = None
    min_samples: int | None = None
    max_extent_m: float = 400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotAreas:
    """Hot spots as areas, before anything else is known of them.

    Attributes:
        outlines: Non-overlapping polygons, metres; each holds `clusters.min_samples` incidents or more.
        clusters: What they were drawn around, with the choices made.
        n_split: Clusters that were too long, and were cut.
    """

    outlines: tuple[shapely.Geometry, ...]
    clusters: Clusters
    n_split: int


def draw_hotspots(
    incidents: gpd.GeoDataFrame,
    *,
    study_area: shapely.Geometry,
    options: HotspotOptions | None = None,
    incident_weights: npt.ArrayLike | None = None,
) -> HotspotAreas:
    """Find clusters, cut those that are too long to patrol, and outline them.

    Args:
        incidents: In metres; those just beyond the study area help to find clusters across its boundary, and count
            for nothing else.
        study_area: Polygon or MultiPolygon in the same CRS.
        options: By default `HotspotOptions()`.
        incident_weights: One for each incident, as in `find_clusters`: then `eps_m` must be given, and whatever is
            counted is a sum of weights.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: An option is out of range, or weights are as `find_clusters` refuses them.
    """
    options = options or HotspotOptions()
    clusters = _find(incidents, study_area, options, incident_weights)
    split, n_split = split_clusters(
        incidents, clusters, max_extent_m=options.max_extent_m, incident_weights=incident_weights
    )
    outlines = outline_clusters(incidents, split, study_area=study_area, incident_weights=incident_weights)
    places = collapse_points(incidents)
    inside = find_polygon(places, np.array(outlines, dtype=object))
    mass = sum_weights(places, incident_weights)
    n_inside = np.bincount(inside[inside >= 0], mass[inside >= 0], len(outlines))
    kept = tuple(outlines[index] for index in np.flatnonzero(n_inside >= split.min_samples))
    return HotspotAreas(outlines=kept, clusters=split, n_split=n_split)


def _find(
    incidents: gpd.GeoDataFrame,
    study_area: shapely.Geometry,
    options: HotspotOptions,
    incident_weights: npt.ArrayLike | None,
) -> Clusters:
    """Clusters by the options, with what they leave open chosen for the study area."""
    require_metres(incidents, table="incidents")
    min_samples, reason = options.min_samples, None
    if min_samples is None:
        shapely.prepare(study_area)
        places = collapse_points(incidents)
        is_inside = shapely.contains_xy(study_area, places.easting, places.northing)
        n_inside = round(float(sum_weights(places, incident_weights)[is_inside].sum()))
        min_samples, reason = choose_min_samples(n_inside, study_area_km2=study_area.area / 1e6)
    found = find_clusters(
        incidents,
        method=options.method,
        eps_m=options.eps_m,
        min_samples=min_samples,
        incident_weights=incident_weights,
    )
    return dataclasses.replace(found, min_samples_reason=reason)


def split_clusters(
    incidents: gpd.GeoDataFrame,
    clusters: Clusters,
    *,
    max_extent_m: float = 400.0,
    incident_weights: npt.ArrayLike | None = None,
) -> tuple[Clusters, int]:
    """Cut clusters that are too long to patrol into parts that are not, the densest part first.

    DBSCAN joins any chain of dense places, so the shops of two town centres can be one cluster three kilometres long.
    Of such a cluster the circle around one of its places that holds most incidents is looked at, and the places in it
    that are linked by steps of at most `eps_m` and hold most become a part; then the same of what is left, until no
    circle holds `min_samples` in linked places. What remains is noise: it is not dense enough to be a place of its own.
    The circle is `eps_m` narrower than `max_extent_m`, because an outline reaches half of `eps_m` beyond its places.

    Args:
        incidents: The incidents that the clusters were made from, in metres.
        clusters: `find_clusters(incidents)`.
        max_extent_m: The widest that an outline may be across.
        incident_weights: Those that the clusters were made with.

    Returns:
        The clusters with the parts in their place, and how many were cut.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: `max_extent_m` leaves no room for two places `eps_m` apart.

    Source: greedy circles as in Kulldorff, M. (1997), "A spatial scan statistic", Communications in Statistics: Theory
    and Methods 26(6), doi:10.1080/03610929708831995, by count and without its test; extents after Weisburd, D. (2015),
    "The law of crime concentration and the criminology of place", Criminology 53(2), doi:10.1111/1745-9125.12070.
    """
    require_metres(incidents, table="incidents")
    if not (math.isfinite(max_extent_m) and max_extent_m >= 2 * clusters.eps_m):
        raise ParameterError(
            f"A hot spot must have room for two places {clusters.eps_m:g} m (eps) apart and half of that around them: "
            f"its extent must be {2 * clusters.eps_m:g} m or more, not {max_extent_m:g} m. Choose a larger extent or a "
            "smaller eps."
        )
    places = collapse_points(incidents)
    mass = sum_weights(places, incident_weights)
    label = _label_places(places, clusters)
    radius = (max_extent_m - clusters.eps_m) / 2
    split = np.full(len(label), -1)
    n_clusters = n_split = 0
    for members in _members(label, clusters.n_clusters):
        parts = [members]
        if _measure_extent(places.coordinates[members]) > 2 * radius:
            parts = _cut_into_circles(places, mass, members, radius_m=radius, clusters=clusters)
            n_split += 1
        for part in parts:
            split[part] = n_clusters
            n_clusters += 1
    cluster_id = pd.Series(split[places.inverse], index=incidents.index, dtype="Int64", name="cluster_id")
    return dataclasses.replace(clusters, cluster_id=cluster_id.mask(cluster_id < 0), n_clusters=n_clusters), n_split


def _label_places(places: UniquePoints, clusters: Clusters) -> npt.NDArray[np.int64]:
    """Int (n_unique,): the cluster of each place, -1 for noise."""
    label = np.full(len(places.easting), -1)
    label[places.inverse] = clusters.cluster_id.fillna(-1).to_numpy(dtype=np.int64)
    return label


def _members(label: npt.NDArray[np.int64], n_clusters: int) -> list[npt.NDArray[np.intp]]:
    """The places of each cluster."""
    order = np.argsort(label, kind="stable")
    return np.split(order, np.searchsorted(label[order], np.arange(n_clusters)))[1:]


def _measure_extent(coordinates: npt.NDArray[np.float64]) -> float:
    """Diameter of the smallest circle around all places."""
    return 2 * float(shapely.minimum_bounding_radius(shapely.MultiPoint(coordinates)))


def _cut_into_circles(
    places: UniquePoints,
    mass: npt.NDArray[np.float64],
    members: npt.NDArray[np.intp],
    *,
    radius_m: float,
    clusters: Clusters,
) -> list[npt.NDArray[np.intp]]:
    # from south to north, so that of equal circles the southernmost is taken whatever the order of rows
    members = members[np.lexsort((places.easting[members], places.northing[members]))]
    tree = cKDTree(places.coordinates[members])
    distance = tree.sparse_distance_matrix(tree, radius_m, output_type="coo_matrix")
    within = sparse.csr_array((np.ones(distance.nnz), (distance.row, distance.col)), shape=distance.shape)
    step = tree.sparse_distance_matrix(tree, clusters.eps_m, output_type="coo_matrix")
    linked = sparse.csr_array((np.ones(step.nnz), (step.row, step.col)), shape=step.shape)
    left = mass[members]
    held = np.asarray(within @ left)
    parts = []
    while held.max() >= clusters.min_samples:
        centre = int(held.argmax())
        circle = np.sort(within.indices[within.indptr[centre] : within.indptr[centre + 1]])
        circle = circle[left[circle] > 0]
        _, component = sparse.csgraph.connected_components(linked[circle][:, circle], directed=False)
        heaviest = np.bincount(component, left[circle]).argmax()
        part = circle[component == heaviest]
        if left[part].sum() < clusters.min_samples:
            held[centre] = 0  # its places are not linked, but may be within other circles
            continue
        parts.append(members[part])
        held -= left[part] @ within[part]
        left[part] = 0
    return parts


def outline_clusters(
    incidents: gpd.GeoDataFrame,
    clusters: Clusters,
    *,
    study_area: shapely.Geometry,
    incident_weights: npt.ArrayLike | None = None,
) -> tuple[shapely.Geometry, ...]:
    """Draw non-overlapping outlines around clusters, those with most incidents first.

    An outline closes the gaps between its cluster's places and reaches half of `eps_m` beyond them, within the
    study area. Where two meet, the one with more incidents in its cluster keeps the ground.

    Args:
        incidents: The incidents that the clusters were made from, in metres.
        clusters: `find_clusters(incidents)` or `split_clusters(incidents, ...)`.
        study_area: Polygon or MultiPolygon in the same CRS.
        incident_weights: Those that the clusters were made with.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
    """
    require_metres(incidents, table="incidents")
    places = collapse_points(incidents)
    mass = sum_weights(places, incident_weights)
    label = _label_places(places, clusters)
    members = _members(label, clusters.n_clusters)
    sizes = np.array([mass[part].sum() for part in members])
    southernmost = np.array(
        [min(zip(places.northing[part], places.easting[part], strict=True)) for part in members]
    ).reshape(-1, 2)
    points = shapely.points(places.easting, places.northing)
    outlines: list[shapely.Geometry] = []
    # of equal ones the southernmost comes first, then the westernmost, whatever the order of rows
    for part in (members[cluster] for cluster in np.lexsort((southernmost[:, 1], southernmost[:, 0], -sizes))):
        around = shapely.union_all(shapely.buffer(points[part], clusters.eps_m))
        outline = shapely.simplify(shapely.buffer(around, -clusters.eps_m / 2), 1.0)
        earlier = np.array(outlines, dtype=object)
        taken = shapely.union_all(earlier[shapely.intersects(outline, earlier)])
        outline = shapely.intersection(shapely.difference(outline, taken), study_area)
        outline = shapely.union_all([piece for piece in shapely.get_parts(outline) if piece.geom_type == "Polygon"])
        if not outline.is_empty:
            outlines.append(outline)
    return tuple(outlines)
