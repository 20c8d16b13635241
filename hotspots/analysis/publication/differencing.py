"""What sums that are told give away of what is not: the attack that a publication must stand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from hotspots.analysis.publication.stated_years import StatedYear, list_statements
from hotspots.errors import HotspotsError, ParameterError
from hotspots.geography import MIN_INCIDENTS

Floats = npt.NDArray[np.float64]

_UNBOUNDED = 3
_NEARLY = 1e-6


def find_ranges(
    told: npt.ArrayLike, least: npt.ArrayLike, most: npt.ArrayLike, asked: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """The lowest and the highest value that sums of cells can have, given others.

    Args:
        told: (n_told, n_cells), how often each cell counts in each sum that is told.
        least: float (n_told,), what each is known to be at least.
        most: float (n_told,), and at most; infinite where that is not told.
        asked: (n_asked, n_cells), likewise of the sums that are looked for.

    Returns:
        Two float (n_asked,); the highest is infinite where nothing limits it.

    Raises:
        ParameterError: No table of counts fits what is told.

    Source: the attacker's problem of Fischetti, M. and Salazar, J. J. (2001), Management Science 47(7),
    doi:10.1287/mnsc.47.7.1008.10445, by linear programming (HiGHS).
    """
    sums, lowest, highest = (np.asarray(part, dtype=np.float64) for part in (told, least, most))
    wanted = np.atleast_2d(np.asarray(asked, dtype=np.float64))
    is_exact, is_bounded = lowest == highest, np.isfinite(highest)
    above = sums[~is_exact], lowest[~is_exact]
    below = sums[is_bounded & ~is_exact], highest[is_bounded & ~is_exact]
    limits = {
        "A_ub": np.concatenate([-above[0], below[0]]),
        "b_ub": np.concatenate([-above[1], below[1]]),
        "A_eq": sums[is_exact],
        "b_eq": lowest[is_exact],
        "bounds": (0, None),
        "method": "highs",
    }

    def solve(objective: Floats) -> float:
        found = linprog(objective, **limits)
        if found.status == _UNBOUNDED:
            return -np.inf
        if not found.success:
            raise ParameterError(f"No counts fit what is told: {found.message} Tell counts of the same incidents.")
        return float(found.fun)

    return np.array([solve(one) for one in wanted]), np.array([-solve(-one) for one in wanted])


def audit_year(counts: npt.ArrayLike, stated: StatedYear, *, min_incidents: int = MIN_INCIDENTS) -> None:
    """Refuse to publish a year unless each count under ten that is withheld can still be any of ten numbers.

    The attacker knows what is told and which months and wards have fewer than ten, but where no ward is told.

    Args:
        counts: int (n_wards, n_months), as `state_year` had them.
        stated: What is to be told of them.
        min_incidents: The least number that is told.

    Raises:
        HotspotsError: One can be narrowed down further.
    """
    table = np.asarray(counts, dtype=np.float64)
    told = list_statements(stated)
    by_ward, by_month = table.sum(axis=1), table.sum(axis=0)
    blocks = list_statements(
        StatedYear(wards=np.ones(len(by_ward), dtype=bool), months=np.ones(len(by_month), dtype=bool), has_total=False)
    )
    block_sums = np.concatenate([by_ward, by_month])
    is_withheld = ~np.concatenate([stated.wards, stated.months])
    is_few = block_sums < min_incidents
    asked = is_withheld & is_few
    if not len(told) or not asked.any():
        return
    known = asked.copy() if stated.wards.any() else asked & (np.arange(len(asked)) >= len(by_ward))
    large = is_withheld & ~is_few if stated.wards.any() else np.zeros(len(asked), dtype=bool)
    sums = np.concatenate([told, blocks[known], blocks[large]]).reshape(-1, table.size)
    exact = told.reshape(len(told), -1) @ table.ravel()
    least = np.concatenate([exact, np.zeros(known.sum()), np.full(large.sum(), min_incidents)])
    most = np.concatenate([exact, np.full(known.sum(), min_incidents - 1), np.full(large.sum(), np.inf)])
    low, high = find_ranges(sums, least, most, blocks[asked].reshape(-1, table.size))
    narrow = np.flatnonzero(high - low < min_incidents - 1 - _NEARLY)
    if len(narrow):
        at = int(np.flatnonzero(asked)[narrow[0]])
        kind, number = ("ward", at + 1) if at < len(by_ward) else ("month", at - len(by_ward) + 1)
        raise HotspotsError(
            f"Nothing is published, since what would be told narrows down a count that is withheld: that of {kind} "
            f"{number} in order, of {len(narrow)} such. Each must leave {min_incidents} numbers open. Please report "
            "this with the version."
        )
