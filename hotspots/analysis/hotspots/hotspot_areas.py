"""From incidents to areas that can be patrolled."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.hotspots.chains import split_clusters
from hotspots.analysis.hotspots.clusters import Clusters, find_clusters, sum_weights
from hotspots.analysis.hotspots.crowded_places import bring_together
from hotspots.analysis.hotspots.neighbourhoods import choose_min_samples
from hotspots.analysis.hotspots.outlines import outline_clusters
from hotspots.contracts import require_metres
from hotspots.geography import FLOOR, Floor, collapse_points, find_polygon, weigh_places


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotOptions:
    """How hot spots are drawn.

    Attributes:
        eps_m: Neighbourhood radius, metres; chosen from the incidents by default.
        min_samples: Incidents that make a neighbourhood dense; chosen by default.
        max_extent_m: The widest that a hot spot may be across.
        floor: What a hot spot must hold to be shown.
    """

    eps_m: float | None = None
    min_samples: int | None = None
    max_extent_m: float = 400.0
    floor: Floor = FLOOR


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotAreas:
    """Hot spots as areas, before they are assessed.

    Attributes:
        outlines: Non-overlapping polygons, metres; each holds `clusters.min_samples` incidents or more.
        clusters: What they were drawn around, with the choices made.
        n_split: Clusters that were too long, and were cut.
        n_withheld: Outlines left out because they hold too few incidents or places to be shown.
    """

    outlines: tuple[shapely.Geometry, ...]
    clusters: Clusters
    n_split: int
    n_withheld: int


def draw_hotspots(
    incidents: gpd.GeoDataFrame,
    *,
    study_area: shapely.Geometry,
    options: HotspotOptions | None = None,
    incident_weights: npt.ArrayLike | None = None,
) -> HotspotAreas:
    """Find clusters, cut those that are too long to patrol, and outline those that hold enough to be shown.

    Args:
        incidents: In metres; those just beyond the study area help to find clusters across its boundary, and count
            for nothing else. Where they crowd, clusters are of small squares: see `bring_together`.
        study_area: Polygon or MultiPolygon in the same CRS.
        options: By default `HotspotOptions()`.
        incident_weights: One for each incident, as in `find_clusters`: then `eps_m` must be given, and whatever is
            counted is a sum of weights.

    Raises:
        DataError: The incidents are not in a projected CRS in metres.
        ParameterError: An option is out of range, or weights are as `find_clusters` refuses them.
    """
    options = options or HotspotOptions()
    together, side_m = bring_together(incidents)
    clusters = _find(together, study_area, options, incident_weights)
    if side_m is not None:
        clusters = dataclasses.replace(clusters, eps_reason=_say_together(clusters.eps_reason, side_m))
    split, n_split = split_clusters(
        together, clusters, max_extent_m=options.max_extent_m, incident_weights=incident_weights
    )
    outlines = outline_clusters(together, split, study_area=study_area, incident_weights=incident_weights)
    places = collapse_points(incidents)
    inside = find_polygon(places, np.array(outlines, dtype=object))
    mass = sum_weights(places, incident_weights)
    n_inside = np.bincount(inside[inside >= 0], mass[inside >= 0], len(outlines))
    is_held = (inside >= 0) & (mass > 0)
    n_places = np.bincount(inside[is_held], weigh_places(incidents, places)[is_held], len(outlines))
    is_shown = options.floor.is_met(n_inside, n_places)
    return HotspotAreas(
        outlines=tuple(outlines[index] for index in np.flatnonzero(is_shown & (n_inside >= split.min_samples))),
        clusters=split,
        n_split=n_split,
        n_withheld=int((~is_shown).sum()),
    )


def _say_together(reason: str | None, side_m: float) -> str:
    said = f"places are so many that those in one square of {side_m:g} m were taken as one"
    return said if reason is None else f"{reason}; {said}"


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
        eps_m=options.eps_m,
        min_samples=min_samples,
        incident_weights=incident_weights,
    )
    return dataclasses.replace(found, min_samples_reason=reason)
