"""What only the whole of a table shows: that its coordinates are squares, and its dates months.

One coordinate that ends in 00 and one date on the first of a month are chance; a table of them is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

AREA_SQUARE_M = 100.0
"""A square of this side or a larger one is an area: who has only that does not know the place."""

DEGREE_UNIT = 1e-5
"""Of degrees, what a metre is of metres: 100 of them, a thousandth of a degree, are 70 to 111 m in Great Britain."""

_M_PER_DEGREE = 111_195.0
_SQUARES = (100, 200, 250, 500, 1000, 2000, 2500, 5000, 10_000)
_ALL_LIE_AT = 25
_FINER = (1, 2, 5, 10, 20, 25, 50)
"""Steps at which coordinates may be written that still are places."""

_MOST_BY_CHANCE = 1e-6
_MIN_ROWS, _MIN_PLACES = 10, 5
_MOST = 0.95
_IS_WHOLE = 1e-3
_MIN_DATES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Squares:
    """Which places are squares.

    Attributes:
        is_square: bool (n_rows,), whether the place of a row is the corner or the middle of a square.
        side: Of the squares, in the unit of the coordinates, the largest that most of them fit; None where no row is.
    """

    is_square: Flags
    side: int | None


def find_squares(first: Floats, second: Floats) -> Squares:
    """Find places that are rounded to squares of 100 units or more.

    Both coordinates of such a place are multiples of the side, or lie in the middle between two. Among places that are
    written to the unit, one in 10,000 is so by chance; among those written to ten units, one in a hundred. There are
    squares if more distinct places are so than chance gives (p below a millionth), whatever finer step the others are
    written at; distinct, because many incidents can share one shared point that ends in 00.

    Args:
        first: Longitudes or eastings in a unit of which 100 are an area: metres, or `DEGREE_UNIT`; NaN where not
            known.
        second: Latitudes or northings, likewise.
    """
    whole = np.isfinite(first) & np.isfinite(second)
    whole &= (np.abs(first - np.rint(first)) < _IS_WHOLE) & (np.abs(second - np.rint(second)) < _IS_WHOLE)
    is_square = np.zeros(len(first), dtype=bool)
    if whole.sum() < _MIN_ROWS:
        return Squares(is_square=is_square, side=None)
    place_of_row, distinct = pd.factorize(np.rint(first[whole]) + 1j * np.rint(second[whole]))
    places, n_rows = np.column_stack([distinct.real, distinct.imag]), np.bincount(place_of_row)
    # every square has its corners and its middle on the grid of the smallest step, and few other places lie there
    is_near = _lies_at(places, _ALL_LIE_AT, 0)
    near = places[is_near]

    def fit(side: int, at: float) -> Flags:
        on_grid = np.zeros(len(places), dtype=bool)
        on_grid[is_near] = _lies_at(near, side, at)
        return on_grid

    fits = {side: [fit(side, at) for at in (0, side / 2)] for side in _SQUARES}
    found = np.zeros(len(places), dtype=bool)
    for side in reversed(_SQUARES):  # the places of large squares lie on the grids of smaller ones too
        for at, on_grid in zip((0, side / 2), fits[side], strict=True):
            is_open = ~found
            if on_grid.sum() >= _MIN_PLACES and n_rows[on_grid].sum() >= _MIN_ROWS:
                found |= on_grid & _is_beyond_chance(places[is_open], on_grid[is_open], side, at)
    if not found.any():
        return Squares(is_square=is_square, side=None)
    is_square[whole] = found[place_of_row]
    covered = {side: max(grid[found].mean() for grid in grids) for side, grids in fits.items()}
    return Squares(is_square=is_square, side=max((side for side in _SQUARES if covered[side] >= _MOST), default=100))


def _lies_at(places: Floats, side: int, at: float) -> Flags:
    on_grid: Flags = places[:, 0] % side == at
    on_grid[on_grid] = places[on_grid, 1] % side == at  # most are told by one of the two
    return on_grid


def _is_beyond_chance(places: Floats, on_grid: Flags, side: int, at: float) -> bool:
    """Whether more places are on a grid than chance puts there of those on each finer grid that it is part of."""
    for step in _FINER:
        if side % step or at % step:
            continue
        on_finer = _lies_at(places, step, 0)
        n, n_hits, by_chance = int(on_finer.sum()), int((on_grid & on_finer).sum()), (step / side) ** 2
        if _limit_chance(n_hits, n, by_chance) > _MOST_BY_CHANCE:
            return False
    return True


def _limit_chance(n_hits: int, n: int, share: float) -> float:
    """An upper limit of the chance of so many hits or more, of n that each hit with a share.

    Source: Chernoff, H. (1952), "A measure of asymptotic efficiency for tests of a hypothesis based on the sum of
    observations", Annals of Mathematical Statistics 23, doi:10.1214/aoms/1177729330.
    """
    found = n_hits / n if n else 0.0
    if found <= share:
        return 1.0
    divergence = found * math.log(found / share)
    if found < 1:
        divergence += (1 - found) * math.log((1 - found) / (1 - share))
    return math.exp(-n * divergence)


def describe_squares(side: int, *, in_degrees: bool) -> str:
    """What coordinates are rounded to, for people: "100 m", "0.01 degrees (about 1 km)"."""
    side_m = side * DEGREE_UNIT * _M_PER_DEGREE if in_degrees else float(side)
    figures = f"{float(f'{side_m:.1g}') / 1000:g} km" if side_m >= 1000 else f"{float(f'{side_m:.1g}'):g} m"
    if in_degrees:
        return f"{side * DEGREE_UNIT:g} degrees (about {figures})"
    return f"{side_m / 1000:g} km" if side_m >= 1000 else f"{side_m:g} m"


@dataclass(slots=True)
class Stated:
    """The coordinates that the rows of a table give, gathered chunk by chunk; see `locations.Locations`."""

    pairs: list[Floats] = field(default_factory=list)
    in_degrees: list[Flags] = field(default_factory=list)

    def add(self, pairs: Floats, in_degrees: Flags) -> None:
        """Add those of the next rows."""
        self.pairs.append(pairs)
        self.in_degrees.append(in_degrees)

    def add_nothing(self, n_rows: int) -> None:
        """Add rows that give none."""
        self.add(np.full((n_rows, 2), np.nan), np.zeros(n_rows, dtype=bool))

    def find_rounded(self, easting: Floats, northing: Floats) -> tuple[Flags, str | None]:
        """Which rows have rounded coordinates, and to what they are rounded, for people.

        Args:
            easting: Of the same places, in metres of the working CRS: degrees may have been made of squares.
            northing: Likewise.
        """
        is_rounded = np.zeros(len(easting), dtype=bool)
        if not self.pairs:
            return is_rounded, None
        pairs, in_degrees = np.concatenate(self.pairs), np.concatenate(self.in_degrees)
        (first, second), known = pairs.T, np.isfinite(pairs).all(axis=1)
        said = []
        for which, x, y, is_degrees in (
            (known & ~in_degrees, first, second, False),
            (known & in_degrees, first, second, True),
            (known & in_degrees, np.rint(easting), np.rint(northing), False),
        ):
            squares = find_squares(x[which], y[which])
            if squares.side is not None and not is_rounded[which][squares.is_square].all():
                said.append(describe_squares(squares.side, in_degrees=is_degrees))
                is_rounded[which] |= squares.is_square
        return is_rounded, " and ".join(dict.fromkeys(said)) or None


def are_months(started_at: npt.NDArray[np.datetime64], *, is_called_month: bool) -> bool:
    """Whether the days of a table stand for months: all are the first of one.

    Of ten days, all are the first of a month once in 10^14 times. A single month proves nothing, since a file of one
    day may be of the first; unless its column says that it holds months.

    Args:
        started_at: Days, none missing.
        is_called_month: Whether the name of the column says that it holds months.
    """
    if not len(started_at):
        return False
    months = started_at.astype("datetime64[M]")
    if (started_at.astype("datetime64[D]") != months.astype("datetime64[D]")).any():
        return False
    return is_called_month or (len(started_at) >= _MIN_DATES and months.min() != months.max())
