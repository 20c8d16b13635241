"""The streets that a place lies on: what an officer knows it by where incidents have no text."""

from __future__ import annotations

import pandas as pd
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
    ways = streets.ways.iloc[streets.ways.sindex.query(outline, predicate="intersects")]
    ways = ways[ways["name"].notna()]
    lengths = shapely.length(shapely.intersection(ways.geometry.to_numpy(), outline))
    found = pd.Series(lengths, index=ways["name"].astype(str)).groupby(level=0).sum()
    return tuple(found[found >= _LEAST_STREET_M].sort_values(ascending=False, kind="stable").index)
