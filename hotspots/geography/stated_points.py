"""A point that somebody typed: a grid reference, easting and northing, or latitude and longitude."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyproj

from hotspots.errors import ParameterError
from hotspots.geography.grid_references import parse_grid_references
from hotspots.geography.projection import WGS84, is_national_grid, project_coordinates

_PAIR = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*[,; ]\s*([+-]?\d+(?:\.\d+)?)\s*", flags=re.ASCII)
_MOST_DEGREES = (90.0, 180.0)
_COARSEST_M = 100


def parse_point(text: str, *, crs: pyproj.CRS, name: str) -> tuple[float, float]:
    """Easting and northing of a point.

    Two numbers within 90 and 180 are latitude and longitude in WGS84 degrees, others easting and northing. A grid
    reference ("TQ 342 768") is the middle of its square, of 100 m at most.

    Args:
        text: What was typed.
        crs: The working CRS, in metres.
        name: Of the parameter, for the message.

    Raises:
        ParameterError: It is none of these.
    """
    if pair := _PAIR.fullmatch(text):
        first, second = float(pair[1]), float(pair[2])
        if abs(first) <= _MOST_DEGREES[0] and abs(second) <= _MOST_DEGREES[1]:
            easting, northing = project_coordinates([second], [first], source_crs=WGS84, crs=crs)
            if not np.isnan(easting[0]):
                return float(easting[0]), float(northing[0])
            raise ParameterError(f'`{name}` lies outside the working CRS: "{text[:40]}". Write latitude first.')
        return first, second
    if is_national_grid(crs):
        found = parse_grid_references(pd.Series([text])).iloc[0]
        if found["square_m"] <= _COARSEST_M:
            return float(found["easting"]), float(found["northing"])
    raise ParameterError(
        f'`{name}` must be a grid reference of six digits or more, "easting,northing" or "latitude,longitude"; '
        f'"{text[:40]}" is not. Write it as "TQ 342 768", "534200,176800" or "51.4703,-0.0689".'
    )
