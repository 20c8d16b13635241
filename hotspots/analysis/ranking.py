"""Hot spots and wards in order: where most incidents are, and what is known of each."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.clusters import Clusters
from hotspots.analysis.profile import WeeklyProfile, profile_week
from hotspots.geography.points import UniquePoints, collapse_points, find_polygon

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


def rank_hotspots(
    incidents: gpd.GeoDataFrame,
    clusters: Clusters,
    *,
    study_area: shapely.Geometry,
    hours: sparse.csr_array,
) -> tuple[Hotspot, ...]:
    """Draw an outline around each cluster and rank the outlines by the incidents inside.

    The outline closes the gaps between the cluster's places and reaches half of `eps_m` beyond them, within the
    study area. Where two meet, the one with more incidents in its cluster keeps the ground, so no incident is
    in two hot spots; one that is left with fewer than `min_samples` incidents is dropped. Counts are of
    incidents inside the outline: anyone can count them again on a map.

    Args:
        incidents: The incidents that the clusters were made from, with `ward_code`.
        clusters: `find_clusters(incidents)`.
        study_area: Union of the wards analysed.
        hours: `weigh_hours(incidents)`.
    """
    places = collapse_points(incidents)
    outlines = _draw_outlines(places, clusters, study_area=study_area)
    inside = find_polygon(places, outlines)[places.inverse]

    n_inside = np.bincount(inside[inside >= 0], minlength=len(outlines))
    order = sorted(
        np.flatnonzero(n_inside >= clusters.min_samples),
        # by incidents, then the smaller area, then from north to south: no tie is left to chance
        key=lambda index: (
            -n_inside[index],
            shapely.area(outlines[index]),
            -shapely.get_y(shapely.centroid(outlines[index])),
        ),
    )
    hotspots = []
    for rank, index in enumerate(order, start=1):
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


def _draw_outlines(
    places: UniquePoints, clusters: Clusters, *, study_area: shapely.Geometry
) -> npt.NDArray[np.object_]:
    """Non-overlapping outlines, those of the largest clusters first."""
    label = np.full(len(places.easting), -1)
    label[places.inverse] = clusters.cluster_id.fillna(-1).to_numpy(dtype=np.int64)
    sizes = np.bincount(label[label >= 0], places.n_incidents[label >= 0], minlength=clusters.n_clusters)
    points = shapely.points(places.easting, places.northing)
    outlines: list[shapely.Geometry] = []
    taken: shapely.Geometry = shapely.Polygon()
    for cluster in np.argsort(-sizes, kind="stable"):
        around = shapely.union_all(shapely.buffer(points[label == cluster], clusters.eps_m))
        outline = shapely.simplify(shapely.buffer(around, -clusters.eps_m / 2), 1.0)
        outline = shapely.intersection(shapely.difference(outline, taken), study_area)
        outline = shapely.union_all([part for part in shapely.get_parts(outline) if part.geom_type == "Polygon"])
        if not outline.is_empty:
            outlines.append(outline)
            taken = shapely.union(taken, outline)
    return np.array(outlines, dtype=object)


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
