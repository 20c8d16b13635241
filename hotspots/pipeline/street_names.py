"""The streets that a place lies on: what an officer knows it by where incidents have no text."""

from __future__ import annotations

from collections import defaultdict

import shapely

from hotspots.ingest.reference import Streets

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
