"""The streets that a place lies on, and what places are called by them: what an officer knows a place by."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import geopandas as gpd
import shapely

from hotspots.analysis.hotspots import Hotspot, tell_apart
from hotspots.ingest.reference import Streets

NEAR = "On or near "
"""How police.uk begins the text of a place."""

_LEAST_STREET_M = 25.0
"""Of a street in a place: less of it is a corner."""


def name_streets(streets: Streets | None, outline: shapely.Geometry) -> tuple[str, ...]:
    """Names of the streets in a place, the one with the longest stretch first.

    Args:
        streets: Those that were read; None where none were.
        outline: Of the place, in metres, in the CRS of the streets.

    Returns:
        Empty where streets are not known, or have no names there.
    """
    if streets is None:
        return ()
    near = streets.ways.sindex.query(outline, predicate="intersects")
    lengths = shapely.length(shapely.intersection(streets.ways.geometry.to_numpy()[near], outline))
    metres: defaultdict[str, float] = defaultdict(float)
    for name, length in zip(streets.ways["name"].iloc[near], lengths, strict=True):
        if isinstance(name, str):
            metres[name] += length
    return tuple(
        sorted((name for name in metres if metres[name] >= _LEAST_STREET_M), key=lambda name: (-metres[name], name))
    )


def call_places(
    places: Sequence[Hotspot], wards: gpd.GeoDataFrame, *, streets: Streets | None
) -> list[tuple[str, ...]]:
    """What somebody who writes down a visit may call each place: what products call it, and each of its streets.

    Args:
        places: Hot spots, or places to patrol.
        wards: With `ward_name`, by code.
        streets: Those that were read, for places whose incidents have no text.

    Returns:
        Of each place its names; those that several places have are of none.
    """
    own = [
        [name.removeprefix(NEAR) for name in place.names] or [*name_streets(streets, place.outline)[:2]]
        for place in places
    ]
    named = [at for at, names in enumerate(own) if names]
    joined = [" and ".join(filter(None, (", ".join(own[at][:-1]), own[at][-1]))) for at in named]
    points = shapely.get_coordinates(shapely.point_on_surface([places[at].outline for at in named]))
    within = [wards["ward_name"].get(next(iter(places[at].wards), None)) for at in named]
    for at, title in zip(named, tell_apart(joined, points, wards=within), strict=True):
        own[at] = [*dict.fromkeys((title, *own[at]))]
    return drop_shared(own)


def drop_shared(names: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Of each place the names that no other has, capitals and blanks aside."""
    said = Counter(name for own in names for name in {_fold(name) for name in own})
    return [tuple(name for name in own if said[_fold(name)] == 1) for own in names]


def _fold(name: str) -> str:
    return " ".join(name.split()).casefold()
