"""Whether a hot spot is one of this crime or busy with all crime: its count beside what other crime leads to expect."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy import special

from hotspots.contracts import require_metres
from hotspots.distributions import control_false_discoveries, negative_binomial_sf, poisson_sf
from hotspots.geography import UniquePoints, collapse_points, find_polygon, make_cells

Floats = npt.NDArray[np.float64]

FALSE_DISCOVERY_RATE = 0.01
"""Of hot spots said to hold more than other crime explains. Less than the usual 5%, as they were drawn where there is
much of this crime: at 5% a map in six would have one where this crime only follows the others, at 1% one in thirty."""
_LEAST_SIDE_M, _MOST_SIDE_M = 100.0, 400.0
_LEAST_EXPECTED = 2.0
_MIN_CELLS = 20
_MEDIAN_OF_SQUARE = 2 * float(special.gammaincinv(0.5, 0.5))
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationQuotients:
    """This crime in each hot spot, beside the share that it has of all crime in the area.

    Attributes:
        ambient: float (n_outlines,), incidents that the other crime there leads one to expect.
        p_adjusted: float (n_outlines,), probability of as many as there are or more, after Benjamini-Hochberg over all.
        is_excess: bool (n_outlines,), whether it is at most `FALSE_DISCOVERY_RATE`.
        dispersion: By how much counts vary more than Poisson counts around what other crime leads one to expect.
        n_cells: Cells that say so.
    """

    ambient: Floats
    p_adjusted: Floats
    is_excess: npt.NDArray[np.bool_]
    dispersion: float
    n_cells: int


def measure_location_quotients(
    incidents: gpd.GeoDataFrame,
    other_incidents: gpd.GeoDataFrame | UniquePoints,
    outlines: Sequence[shapely.Geometry],
    *,
    study_area: shapely.Geometry,
) -> LocationQuotients | None:
    """Find the hot spots that hold more of a crime than the other crime there leads one to expect.

    Crime follows streets, shops and people, so a place where much of everything happens has much of this crime too.
    If this crime had the same share everywhere, a place with A incidents of other crime would have A x N / M of it,
    with N incidents of this crime and M of other crime in the whole area; the count divided by that is a location
    quotient. Shares differ from place to place, so counts vary more than Poisson counts do. How much is taken from the
    cells of the area, as large as the hot spots: the median of (count - expected)² / expected, over that of a
    chi-square. A median, so that the very places with too much do not hide themselves. A hot spot then has a negative
    binomial count of that variance.

    Hot spots are drawn from the same incidents, so their counts are high by selection. That is why the false discovery
    rate is 1%. Where another crime has much the same victims and places (theft from the person beside robbery), it
    explains this one without being its cause.

    Args:
        incidents: Of the crime, in metres.
        other_incidents: All other recorded crime of the same area and time, or `collapse_points` of it.
        outlines: Of the hot spots.
        study_area: Polygon or MultiPolygon, metres.

    Returns:
        None without outlines, or where fewer than 20 cells expect two incidents: nobody knows then how far shares
        differ.

    Raises:
        DataError: The points are not in a projected CRS in metres.

    Source: Brantingham, P. L. and Brantingham, P. J. (1998), "Mapping crime for analytic purposes: location quotients,
    counts, and rates", in Weisburd and McEwen (eds), Crime Mapping and Crime Prevention; dispersion after McCullagh, P.
    and Nelder, J. A. (1989), Generalized Linear Models, section 4.5, with a median.
    """
    require_metres(incidents, table="incidents")
    if not isinstance(other_incidents, UniquePoints):
        require_metres(other_incidents, table="other incidents")
        other_incidents = collapse_points(other_incidents)
    own = collapse_points(incidents)
    if not len(outlines) or not len(own.easting) or not len(other_incidents.easting):
        return None
    side_m = math.sqrt(float(np.median(shapely.area(np.array(outlines, dtype=object)))))
    cells = make_cells(study_area, cell_size_m=min(max(side_m, _LEAST_SIDE_M), _MOST_SIDE_M))
    counts, others = cells.count(own), cells.count(other_incidents)
    share = counts.sum() / max(others.sum(), 1.0)
    expected = others * share
    is_used = expected >= _LEAST_EXPECTED
    if is_used.sum() < _MIN_CELLS:
        return None
    squares = (counts - expected)[is_used] ** 2 / expected[is_used]
    dispersion = max(float(np.median(squares)) / _MEDIAN_OF_SQUARE, 1.0)
    ambient = np.maximum(_count_inside(other_incidents, outlines) * share, _NOTHING)
    p = _find_tails(_count_inside(own, outlines), ambient, dispersion)
    p_adjusted = control_false_discoveries(p)
    return LocationQuotients(
        ambient=ambient,
        p_adjusted=p_adjusted,
        is_excess=p_adjusted <= FALSE_DISCOVERY_RATE,
        dispersion=dispersion,
        n_cells=int(is_used.sum()),
    )


def _count_inside(places: UniquePoints, outlines: Sequence[shapely.Geometry]) -> Floats:
    home = find_polygon(places, np.array(outlines, dtype=object))
    return np.bincount(home[home >= 0], places.n_incidents[home >= 0], len(outlines)).astype(np.float64)


def _find_tails(counts: Floats, expected: Floats, dispersion: float) -> Floats:
    """Float (n,), probability of as many or more, of a count whose variance is `dispersion` times its mean."""
    if dispersion <= 1:
        return poisson_sf(counts - 1, expected)
    return negative_binomial_sf(counts - 1, expected / (dispersion - 1), 1 / dispersion)
