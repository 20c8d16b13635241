"""The cells where most is to be expected, as far as they may be shown."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots.analysis.surfaces.risk import RiskEstimate
from hotspots.geography import Floor, count_places, lower_patches

Floats = npt.NDArray[np.float64]

EXPECTED_SHARES = (0.01, 0.02, 0.05)
"""Shares of the area whose cells are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCells:
    """The cells where most is to be expected.

    Attributes:
        place: int (n_cells,), 1 is where most is to be expected.
        within_share: float (n_cells,), the least of `EXPECTED_SHARES` in which the cell may be shown; missing (NaN)
            where it may not, or is not among the first.
        is_told: bool (n_cells,), whether a cell meets the floor alone, so that its own numbers may be told.
        n_withheld: Cells among the first that are not shown.
    """

    place: npt.NDArray[np.int64]
    within_share: Floats
    is_told: npt.NDArray[np.bool_]
    n_withheld: int


def find_first_cells(risk: RiskEstimate, incidents: gpd.GeoDataFrame, *, floor: Floor) -> FirstCells:
    """Find the cells where most is to be expected, in patches that rest on enough to be shown.

    At each share of the area, a patch of cells that share sides or corners and hold too few is left out; with the cells
    of the next share it may be part of a larger patch.

    Args:
        risk: `estimate_risk(incidents, ...)`, on squares.
        incidents: Those that it was made from, with `location_precision`, metres.
        floor: What a patch must hold.
    """
    cells = risk.cells
    n_places = count_places(incidents, cells)
    place = np.empty(len(cells), dtype=np.int64)
    place[np.argsort(-risk.expected, kind="stable")] = np.arange(1, len(cells) + 1)

    def lay(values: npt.NDArray[np.generic], beyond: float) -> Floats:
        laid = np.full((cells.n_rows, cells.n_columns), beyond)
        laid[cells.row, cells.column] = values
        return laid

    n_first = [max(int(share * len(cells)), 1) for share in EXPECTED_SHARES]
    lowered = -lower_patches(
        lay(-place, -np.inf),
        [-float(n) for n in n_first],
        n_incidents=lay(risk.n_incidents, 0.0),
        n_places=lay(n_places, 0.0),
        floor=floor,
    )[cells.row, cells.column]
    shares = np.append(EXPECTED_SHARES, np.nan)
    within_share: Floats = shares[np.searchsorted(n_first, lowered)]
    return FirstCells(
        place=place,
        within_share=within_share,
        is_told=floor.is_met(risk.n_incidents, n_places),
        n_withheld=int(((place <= n_first[-1]) & np.isnan(within_share)).sum()),
    )
