"""Hot spots and wards in order: where most incidents are, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.clusters import Clusters
from hotspots.analysis.profile import WeeklyProfile, profile_week
from hotspots.contracts import AREA, require_columns, require_metres
from hotspots.geography.points import collapse_points, find_polygon

_N_TOP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotspot:
    """A ranked area to act on.

    Attributes:
        rank: 1 holds most incidents.
        outline: Polygon or MultiPolygon, metres.
        members: int (n_incidents,), positions of the incidents inside the outline.
        n_incidents: How many they are.
        n_places: Distinct coordinates that they lie on; on snapped data a few points can make a hot spot.
        share: The same as a share of all incidents analysed.
        area_km2: Area of the outline.
        wards: Codes of the wards it lies in, by number of its incidents.
        locations: At most three location texts with their incidents, most first.
        location_kinds: The same for kinds of location; empty where the source has none.
        profile: Its week.
    """

    rank: int
    outline: shapely.Geometry
    members: npt.NDArray[np.intp]
    n_incidents: int
    n_places: int
    share: float
    area_km2: float
    wards: tuple[str, ...]
    locations: tuple[tuple[str, int], ...]
    location_kinds: tuple[tuple[str, int], ...]
    profile: WeeklyProfile

    @property
    def density_per_km2(self) -> float:
        """Incidents per square kilometre inside the outline."""
        return self.n_incidents / self.area_km2


def outline_clusters(
    incidents: gpd.GeoDataFrame, clusters: Clusters, *, study_area: shapely.Geometry
) -> tuple[shapely.Geometry, ...]:
    """Draw non-overlapping outlines around clusters, those with most incidents first.

    An outline closes the gaps between its cluster's places and reaches half of `eps_m` beyond them, within the
    study area. Where two meet, the one with more incidents in its cluster keeps the ground.

    Args:
        incidents: The incidents that the clusters were made from, in metres.
        clusters: `find_clusters(incidents)`.
        study_area: Polygon or MultiPolygon in the same CRS.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
    """
    require_metres(incidents, table="incidents")
    places = collapse_points(incidents)
    label = np.full(len(places.easting), -1)
    label[places.inverse] = clusters.cluster_id.fillna(-1).to_numpy(dtype=np.int64)
    clustered = label >= 0
    sizes = np.bincount(label[clustered], places.n_incidents[clustered], minlength=clusters.n_clusters)
    southernmost = np.full((clusters.n_clusters, 2), np.inf)
    np.minimum.at(southernmost, label[clustered], np.column_stack([places.northing, places.easting])[clustered])
    points = shapely.points(places.easting, places.northing)
    outlines: list[shapely.Geometry] = []
    # of equal ones the southernmost comes first, then the westernmost, whatever the order of rows
    for cluster in np.lexsort((southernmost[:, 1], southernmost[:, 0], -sizes)):
        around = shapely.union_all(shapely.buffer(points[label == cluster], clusters.eps_m))
        outline = shapely.simplify(shapely.buffer(around, -clusters.eps_m / 2), 1.0)
        earlier = np.array(outlines, dtype=object)
        taken = shapely.union_all(earlier[shapely.intersects(outline, earlier)])
        outline = shapely.intersection(shapely.difference(outline, taken), study_area)
        outline = shapely.union_all([part for part in shapely.get_parts(outline) if part.geom_type == "Polygon"])
        if not outline.is_empty:
            outlines.append(outline)
    return tuple(outlines)


def rank_hotspots(
    incidents: gpd.GeoDataFrame,
    outlines: Sequence[shapely.Geometry],
    *,
    hours: sparse.csr_array,
    min_incidents: int = 1,
) -> tuple[Hotspot, ...]:
    """Count the incidents inside each outline, and rank the outlines by them.

    Anyone can count them again on a map. A place on the edge of two outlines counts for the first.

    Args:
        incidents: The incidents analysed, with `ward_code`, `location`, `location_kind` and `location_precision`, in
            metres; those located to an area only are in no outline.
        outlines: `outline_clusters(...)`.
        hours: `weigh_hours(incidents)`.
        min_incidents: Outlines with fewer are left out.

    Raises:
        DataError: The incidents lack a column or are not in a projected CRS in metres.
    """
    require_columns(incidents, ("ward_code", "location", "location_kind", "location_precision"), table="incidents")
    require_metres(incidents, table="incidents")
    places = collapse_points(incidents)
    inside = find_polygon(places, np.array(outlines, dtype=object))[places.inverse]
    inside[(incidents["location_precision"] == AREA).to_numpy()] = -1  # nobody knows where in the area
    n_inside = np.bincount(inside[inside >= 0], minlength=len(outlines))
    bounds = shapely.bounds(np.array(outlines, dtype=object)).reshape(-1, 4).round()
    areas = shapely.area(np.array(outlines, dtype=object)).round()
    # by incidents, then the smaller area, then from south to north and west to east: no tie is left to chance
    order = np.lexsort((bounds[:, 0], bounds[:, 1], areas, -n_inside))
    hotspots = []
    for rank, index in enumerate(order[n_inside[order] >= min_incidents], start=1):
        rows = np.flatnonzero(inside == index)
        members = incidents.iloc[rows]
        hotspots.append(
            Hotspot(
                rank=rank,
                outline=outlines[index],
                members=rows,
                n_incidents=len(rows),
                n_places=len(np.unique(places.inverse[rows])),
                share=len(rows) / len(incidents),
                area_km2=float(shapely.area(outlines[index])) / 1e6,
                wards=tuple(str(code) for code, _ in _most_common(members["ward_code"], limit=None)),
                locations=_most_common(members["location"], limit=_N_TOP),
                location_kinds=_most_common(members["location_kind"], limit=_N_TOP),
                profile=profile_week(members, hours=hours[rows]),
            )
        )
    return tuple(hotspots)


def _most_common(values: pd.Series, *, limit: int | None) -> tuple[tuple[str, int], ...]:
    """Values with their counts, most first, equal counts in alphabetical order."""
    counts = values.dropna().astype("str").value_counts()
    ranked = sorted(((str(value), int(n)) for value, n in counts.items()), key=lambda pair: (-pair[1], pair[0]))
    return tuple(ranked[:limit])


def count_wards(incidents: gpd.GeoDataFrame, wards: gpd.GeoDataFrame) -> pd.DataFrame:
    """Incidents by ward, every ward included, most first.

    Returns:
        Index `ward_code`; `ward_name`, `borough`, `n_incidents`, `area_km2`, `density_per_km2`, `rank` (equal
        counts share the better rank).
    """
    n_incidents = incidents["ward_code"].astype("object").value_counts().reindex(wards.index, fill_value=0)
    table = pd.DataFrame(
        {
            "ward_name": wards["ward_name"],
            "borough": wards["borough"],
            "n_incidents": n_incidents.astype(np.int64),
            "area_km2": wards.geometry.area / 1e6,
        }
    )
    table["density_per_km2"] = table["n_incidents"] / table["area_km2"]
    table["rank"] = table["n_incidents"].rank(method="min", ascending=False).astype(np.int64)
    return table.sort_values(["rank", "ward_name"], kind="stable")
