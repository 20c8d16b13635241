"""National Grid references ("TQ 3862 7528") to eastings and northings, and back.

Source: Ordnance Survey, "A guide to coordinate systems in Great Britain": two letters name a square of 100 km, the
digits say how far east, and then how far north, of its south-west corner.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyproj

from hotspots.geography.projection import is_national_grid

_LETTERS = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # the grid has no I


def _find_corner(square: str) -> tuple[int, int]:
    """The south-west corner of a square of 100 km, in units of 100 km east and north of the grid's origin.

    The first letter names a square of 500 km and the second a square of 100 km in it. Both run from A in the
    north-west along rows of five, and the origin is the corner of SV.
    """
    row_500, column_500 = divmod(_LETTERS.index(square[0]), 5)
    row_100, column_100 = divmod(_LETTERS.index(square[1]), 5)
    return 5 * (column_500 - 2) + column_100, 5 * (3 - row_500) + (4 - row_100)


_SQUARES = """
HP HT HU HW HX HY HZ NA NB NC ND NF NG NH NJ NK NL NM NN NO NR NS NT NU NW NX NY NZ OV
SC SD SE SH SJ SK SM SN SO SP SR SS ST SU SV SW SX SY SZ TA TF TG TL TM TQ TR TV
"""
_CORNERS = {square: _find_corner(square) for square in _SQUARES.split()}
"""The squares of 100 km in which Great Britain and the Isle of Man lie."""

_LAND = {corner: square for square, corner in _CORNERS.items()}

_BY_LETTERS = re.compile(r"\s*([A-Z])\s*([A-Z])\s*(?:([0-9]{2,10})|([0-9]{1,5})[\s,]+([0-9]{1,5}))\s*", re.IGNORECASE)
_BY_METRES = re.compile(r"\s*([0-9]{5,6})(?:\s*,\s*|\s+)([0-9]{4,7})\s*")

_Square = tuple[float, float, float]
_UNREAD: _Square = (np.nan, np.nan, np.nan)


def parse_grid_references(texts: pd.Series) -> pd.DataFrame:
    """Turn grid references into the centre and the size of the square that each names.

    Two forms are read. By letters: those of a square that Great Britain lies in, then an even number of digits from
    2 (10 km) to 10 (1 m), in either case, with any spaces between letters and digits and between the two halves of
    the digits. By numbers: an easting and a northing in whole metres ("538629, 175288"), which name a square of 1 m.
    Letters alone are not read: in a square of 100 km an incident could be anywhere.

    A reference names a square and not a point. Other programs often return its south-west corner, which for
    "TQ 38 75" is 707 m from the centre that is returned here.

    Args:
        texts: Text (n,), of any dtype; may be missing.

    Returns:
        A table of n rows with the index of `texts`: `easting` and `northing` of the square's centre in metres
        (EPSG:27700) and `square_m`, the length of its side. All three are NaN where a text is missing or unreadable.
    """
    codes, unique = pd.factorize(texts)
    # a missing text has the code -1, and so the last row
    squares = np.array([*(_parse_reference(str(text)) for text in unique), _UNREAD])
    return pd.DataFrame(squares[codes], columns=["easting", "northing", "square_m"], index=texts.index)


def _parse_reference(text: str) -> _Square:
    """Easting and northing of the centre, and the side; NaN where the text is in neither form."""
    if match := _BY_LETTERS.fullmatch(text):
        first, second, digits, east, north = match.groups()
        corner = _CORNERS.get((first + second).upper())
        if digits is not None:
            east, north = digits[: len(digits) // 2], digits[len(digits) // 2 :]
        if corner is None or len(east) != len(north):
            return _UNREAD
        side = 10 ** (5 - len(east))
        return corner[0] * 1e5 + (int(east) + 0.5) * side, corner[1] * 1e5 + (int(north) + 0.5) * side, side
    if match := _BY_METRES.fullmatch(text):
        easting, northing = int(match[1]), int(match[2])
        if (easting // 100_000, northing // 100_000) in _LAND:
            return easting + 0.5, northing + 0.5, 1
    return _UNREAD


def format_grid_reference(easting: float, northing: float, *, crs: pyproj.CRS) -> str | None:
    """The grid reference of the square of 100 m that holds a point ("TQ 342 768"), as walkers' maps explain it.

    Args:
        easting: Metres.
        northing: Metres.
        crs: What they are coordinates of.

    Returns:
        The reference; None where the CRS is not the British National Grid, or the point not in a square of it.
    """
    if not (np.isfinite(easting) and np.isfinite(northing)) or not is_national_grid(crs):
        return None
    (east, east_m), (north, north_m) = (divmod(int(np.floor(value)), 100_000) for value in (easting, northing))
    square = _LAND.get((east, north))
    return square and f"{square} {east_m // 100:03d} {north_m // 100:03d}"
