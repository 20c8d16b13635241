"""Where incidents gather more than by chance: Gi*, with exact probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from hotspots.analysis.significance.permutation import find_tails
from hotspots.distributions import control_false_discoveries
from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


FALSE_DISCOVERY_RATE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Significance:
    """How certain it is that a cell lies among busy, or quiet, cells.

    Attributes:
        z: float (n_cells,), Gi*, for comparison with other tools; nothing else here is derived from it. Missing
            where counts are the same everywhere or the neighbourhood is the whole area.
        p_hot: float (n_cells,), probability of neighbours that hold as many as these or more.
        p_cold: float (n_cells,), the same of as many or fewer.
        p_hot_adjusted, p_cold_adjusted: The same, adjusted for the number of cells (Benjamini-Hochberg).
        is_hot, is_cold: bool (n_cells,), whether the adjusted probability is at most `false_discovery_rate`.
        false_discovery_rate: Share of the cells called hot (and of those called cold) that may be so by chance.
        n_incidents: Sum of the counts.
    """

    z: Floats
    p_hot: Floats
    p_cold: Floats
    p_hot_adjusted: Floats
    p_cold_adjusted: Floats
    is_hot: Flags
    is_cold: Flags
    false_discovery_rate: float
    n_incidents: int


def measure_gi_star(counts: npt.ArrayLike, neighbours: sparse.csr_array) -> Significance:
    """Find the cells whose surroundings hold more, or fewer, incidents than chance would put there.

    The question asked of each cell: given its own count, would its neighbours hold as many as they do if the counts of
    all other cells were dealt out at random? The answer is exact (`find_tails`), where the normal approximation of z
    is far from it: counts of crime are mostly 0 with a few in the hundreds, and z then calls several times as many
    cells significant at 1% as there should be. The probabilities are adjusted over all cells.

    A cell's own count is given, so it does not make the cell hot: a quiet cell between busy ones is, a busy one between
    quiet ones is not. A cell without neighbours has p = 1. The comparison is
    with counts spread without regard to place: streets, people and shops are not, so hot says "more than elsewhere",
    not "more than expected here". On data snapped to shared points, cells smaller than the spacing of the points make
    every busy point light up the cells around it: see `choose_cell_size`.

    Args:
        counts: (n_cells,) incidents in each cell, whole numbers.
        neighbours: Binary (n_cells, n_cells), without the cell itself: `Cells.neighbours()`, or any distance band.

    Raises:
        ParameterError: Counts are negative or not whole, neighbours are not binary or include the cell itself, the
            shapes differ, or sums are too large for the exact test.

    Source: Ord, J. K. and Getis, A. (1995), "Local spatial autocorrelation statistics: distributional issues and an
    application", Geographical Analysis 27(4), doi:10.1111/j.1538-4632.1995.tb00912.x. Benjamini, Y. and Hochberg, Y.
    (1995), "Controlling the false discovery rate", Journal of the Royal Statistical Society B 57(1),
    doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    whole, binary = _check(counts, neighbours)
    n_neighbours, sums = binary @ np.ones_like(whole), binary @ whole
    p_hot, p_cold = find_tails(whole, n_drawn=n_neighbours, sums=sums)
    p_hot_adjusted = control_false_discoveries(p_hot)
    p_cold_adjusted = control_false_discoveries(p_cold)
    return Significance(
        z=standardise_gi_star(whole, n_neighbours, sums),
        p_hot=p_hot,
        p_cold=p_cold,
        p_hot_adjusted=p_hot_adjusted,
        p_cold_adjusted=p_cold_adjusted,
        is_hot=p_hot_adjusted <= FALSE_DISCOVERY_RATE,
        is_cold=p_cold_adjusted <= FALSE_DISCOVERY_RATE,
        false_discovery_rate=FALSE_DISCOVERY_RATE,
        n_incidents=int(whole.sum()),
    )


def standardise_gi_star(counts: Integers, n_neighbours: Integers, sums: Integers) -> Floats:
    """Float (n_cells,): the z of Gi* alone, missing where counts are the same everywhere or all cells are around.

    Args:
        counts: int (n_cells,), incidents in each cell.
        n_neighbours: int (n_cells,), how many neighbours each has.
        sums: int (n_cells,), what they hold.

    Source: as `measure_gi_star`.
    """
    n, spread = len(counts), counts.std()
    n_around = n_neighbours + 1.0
    # Whole numbers in floating point, so that a neighbourhood of all cells gives 0 and nothing close to it.
    room = n * n_around - n_around**2
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(room > 0, spread * np.sqrt(room / (n - 1)), np.nan)
        z: Floats = np.where(spread > 0, (sums + counts - counts.mean() * n_around) / scale, np.nan)
    return z


def _check(counts: npt.ArrayLike, neighbours: sparse.csr_array) -> tuple[Integers, sparse.csr_array]:
    """Counts and neighbours as whole numbers, or the reason why they cannot be."""
    given = np.asarray(counts, dtype=np.float64)
    if given.ndim != 1 or len(given) < 2:
        raise ParameterError(
            f"Counts must be one number per cell, for two cells or more, not an array of shape {given.shape}. Give "
            "Cells.count(incidents)."
        )
    # A comparison that is also false of a missing count.
    wrong = np.flatnonzero(~((given >= 0) & (given < 2**53) & (given == np.floor(given))))
    if len(wrong):
        raise ParameterError(
            f"The exact test deals out whole incidents, so counts must be whole numbers, 0 or more; {len(wrong):,} of "
            f"{len(given):,} are not, the first {given[wrong[0]]:g} in cell {wrong[0]}. Test the unweighted counts; a "
            "sum of severities or other weights can be mapped, but not tested like this."
        )
    if neighbours.shape != (len(given), len(given)):
        raise ParameterError(
            f"Neighbours must be a table of cells by cells; {neighbours.shape[0]:,} by {neighbours.shape[1]:,} does "
            f"not fit {len(given):,} counts. Give Cells.neighbours() of the cells counted."
        )
    odd = neighbours.data[(neighbours.data != 0) & (neighbours.data != 1)]
    if len(odd):
        raise ParameterError(
            f"Neighbours must be binary: 1 or nothing, not {odd[0]:g}. Give Cells.neighbours(), or set each to 1."
        )
    itself = np.flatnonzero(neighbours.diagonal())
    if len(itself):
        raise ParameterError(
            f"A cell must not be its own neighbour (methods add it where they need it); cell {itself[0]} is. Set the "
            "diagonal to 0."
        )
    return given.astype(np.int64), sparse.csr_array(neighbours).astype(np.int64)
