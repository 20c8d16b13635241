"""Outlines of clusters that do not overlap."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.hotspots.clusters import Clusters, sum_weights
from hotspots.contracts import require_metres
from hotspots.geography import UniquePoints, collapse_points


def label_places(places: UniquePoints, clusters: Clusters) -> npt.NDArray[np.int64]:
    """Int (n_unique,): the cluster of each place, -1 for noise."""
    label = np.full(len(places.easting), -1)
    label[places.inverse] = clusters.cluster_id.fillna(-1).to_numpy(dtype=np.int64)
    return label


def list_members(label: npt.NDArray[np.int64], n_clusters: int) -> list[npt.NDArray[np.intp]]:
    """The places of each cluster, as positions.

    Args:
        label: int (n_unique,), from `label_places`.
        n_clusters: How many there are.
    """
    order = np.argsort(label, kind="stable")
    return np.split(order, np.searchsorted(label[order], np.arange(n_clusters)))[1:]


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
    label = label_places(places, clusters)
    members = list_members(label, clusters.n_clusters)
    sizes = np.array([mass[part].sum() for part in members])
    southernmost = np.array(
        [min(zip(places.northing[part], places.easting[part], strict=True)) for part in members]
    ).reshape(-1, 2)
    # of equal ones the southernmost comes first, then the westernmost, whatever the order of rows
    order = np.lexsort((southernmost[:, 1], southernmost[:, 0], -sizes))
    circles = np.empty(len(label), dtype=object)
    circles[label >= 0] = shapely.buffer(shapely.points(places.coordinates[label >= 0]), clusters.eps_m)
    around = [shapely.union_all(circles[members[cluster]]) for cluster in order]
    outlines = shapely.simplify(shapely.buffer(np.array(around, dtype=object), -clusters.eps_m / 2), 1.0)
    # most lie within the area and meet no other
    shapely.prepare(study_area)
    is_inside = shapely.contains_properly(study_area, outlines)
    later, earlier = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    meets = list_members(np.where(earlier < later, later, -1), len(outlines))
    for index, outline in enumerate(outlines):
        others = outlines[np.sort(earlier[meets[index]])]
        others = others[shapely.intersects(outline, others)]  # as much of them as is left
        left = shapely.difference(outline, shapely.union_all(others)) if len(others) else outline
        left = left if is_inside[index] else shapely.intersection(left, study_area)
        if left.geom_type != "Polygon":
            left = shapely.union_all([piece for piece in shapely.get_parts(left) if piece.geom_type == "Polygon"])
        outlines[index] = left
    return tuple(outlines[~shapely.is_empty(outlines)])
