"""Secondary suppression: what must be withheld so that no sum or difference of what is told is of too few."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hotspots.geography.floor import Floor

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_NOTHING = 1e-6


def withhold_sums(
    n_incidents: npt.ArrayLike,
    n_places: npt.ArrayLike,
    is_shown: npt.ArrayLike,
    *,
    floor: Floor,
    told_with: npt.ArrayLike | None = None,
) -> Flags:
    """Withhold more cells of a table until no difference of sums tells of too few.

    The sums of each row and of each column are taken to be stated, as far as they are enough by themselves. So what the
    cells shown leave of a row is known, and of a column. More is known where some rows hold all that is withheld of
    some columns: what is left of these columns is taken off what is left of the rows, or the other way round. Whatever
    adds up withheld cells in such a way must be nothing or enough.

    Args:
        n_incidents: float (n_rows, n_columns). Several tables, whose cells are shown or withheld together, are
            (n_tables, n_rows, n_columns).
        n_places: float (n_rows, n_columns), at how many places.
        is_shown: bool (n_rows, n_columns), what would be shown for itself.
        floor: What a sum must rest on.
        told_with: int (n_rows,), rows with the same number are stated as one sum; by default each has its own.

    Returns:
        bool (n_rows, n_columns), what may be shown. Beside a sum of too few the smallest cells are withheld.

    Source: secondary suppression as in Hundepool, A. et al. (2012), Statistical Disclosure Control, chapter 4,
    doi:10.1002/9781118348239.
    """
    shown: Flags = np.array(is_shown, dtype=bool)
    if not floor.is_applied or not shown.size:
        return shown
    tables = np.asarray(n_incidents, dtype=np.float64).reshape(-1, *shown.shape)
    points = np.asarray(n_places, dtype=np.float64)
    _, group = np.unique(np.arange(len(shown)) if told_with is None else np.asarray(told_with), return_inverse=True)
    rows_of = (np.arange(group.max() + 1)[:, None] == group).astype(np.float64)
    size = tables.sum(axis=0)
    while shown.any():
        left = [rows_of @ np.where(shown, 0.0, part) for part in (*tables, points)]
        taken_off: Flags = np.greater(rows_of @ shown, 0)
        few = next((found for table in left[:-1] for found in _find_few(table, left[-1], taken_off, floor)), None)
        if few is None:
            break
        # one more of its rows, if there is one, so that the sum is of more
        cells, counted = few
        used = shown & counted[group]
        in_rows: Flags = np.logical_or.reduce(cells, axis=1)
        beside = used & in_rows[group, np.newaxis]
        shown.flat[int(np.where(beside if beside.any() else used, size, np.inf).argmin())] = False
    return shown


def keep_parts_told(parts: npt.ArrayLike, *, floor: Floor, weight: npt.ArrayLike | None = None) -> Flags:
    """Which parts of a whole may be told with their numbers, beside the number of the whole.

    A reader can add up what is told, and take it away: the incidents of a place less those of its streets are those of
    no street that is listed. Parts may overlap, as streets and kinds of place do. Whatever adds up so that each
    incident counts once or not at all must be nothing or enough. Parts are kept in the order given, each if it tells of
    no fewer beside those before it; so the first are those that are worth most.

    Args:
        parts: bool (n_parts, n_incidents), which incidents of the whole are of each part; at most ten parts.
        floor: What a sum must rest on.
        weight: float (n_incidents,), what each incident counts for; 1 by default.

    Returns:
        bool (n_parts,).
    """
    members = np.asarray(parts, dtype=bool)
    told: Flags = np.ones(len(members), dtype=bool)
    if not floor.is_applied or not told.size:
        return told
    # incidents that are of the same parts are told together
    codes = (1 << np.arange(len(members))) @ members
    kinds, kind = np.unique(codes, return_inverse=True)
    amounts = np.bincount(kind, None if weight is None else np.asarray(weight, dtype=np.float64), len(kinds))
    whole_and_parts = np.vstack([np.ones(len(kinds)), kinds >> np.arange(len(members))[:, None] & 1])
    for part in range(len(members)):
        told[part:] = False
        told[part] = True
        beside = whole_and_parts[np.append(True, told)]
        sums = _list_signs(len(beside)) @ beside
        counted = ((sums == 0) | (sums == 1)).all(axis=1)
        told[part] = not any(map(floor.is_few, sums[counted] @ amounts))
    return told


@functools.cache
def _list_signs(n: int) -> Floats:
    """Every way to add, take away or leave out each of so many sums."""
    return np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=n)))


def _find_few(left: Floats, n_places: Floats, taken_off: Flags, floor: Floor) -> Iterator[tuple[Flags, Flags]]:
    """The sums that can be told of what is withheld, and are of too few: the cells that they are of, and all counted.

    Sums of rows less sums of columns, or the other way round, count the cells that lie in either and not in both. What
    is withheld must lie on one side of the difference for it to be a sum. A sum that can be had so without any cell
    shown is told by the sums of rows and columns alone, whatever is shown.
    """
    held = left > _NOTHING
    has_any = held.any(axis=1)
    sums: dict[bytes, tuple[Flags, Flags]] = {}
    for chosen in itertools.product((False, True), repeat=held.shape[1]):
        inside = np.array(chosen)
        # all rows that the columns reach, and all rows that lie within the columns; without columns, row by row
        reached, within = held[:, inside].any(axis=1), has_any & ~held[:, ~inside].any(axis=1)
        for in_rows in (reached, within) if any(chosen) else np.eye(len(held), dtype=bool)[has_any]:
            # a row of which nothing is withheld adds nothing, whether it counts or not
            adds = np.where(has_any, in_rows, (taken_off & inside).any(axis=1) & ~(taken_off & ~inside).any(axis=1))
            counted = adds[:, None] ^ inside
            cells = held & counted
            if cells.any() and not floor.is_met(left[cells].sum(), n_places[cells].sum()):
                found = sums.get(cells.tobytes())
                if found is None or (taken_off & found[1]).any():
                    sums[cells.tobytes()] = cells, counted
    yield from (found for found in sums.values() if (taken_off & found[1]).any())
