"""Secondary suppression: of a table whose sums are stated, what must be withheld so that no sum tells of too few."""

from __future__ import annotations

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

    The sums of each row and of each column are taken to be stated. So what the cells shown leave of a row is known, and
    of a column. More is known where some rows hold all that is withheld of some columns: what is left of these columns
    is taken off what is left of the rows, or the other way round. Whatever adds up withheld cells, each once, in such a
    way must be nothing or enough.

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
        few = next((cells for table in left[:-1] for cells in _find_few_sums(table, left[-1], floor)), None)
        if few is None:
            break
        # one more of its rows, or else of its columns, so that the sum is of more
        beside = (shown & few.any(axis=1)[group][:, None], shown & few.any(axis=0), shown)
        choice = next(cells for cells in beside if cells.any())
        shown.flat[int(np.where(choice, size, np.inf).argmin())] = False
    return shown


def _find_few_sums(left: Floats, n_places: Floats, floor: Floor) -> Iterator[Flags]:
    """The sums that can be told of what is withheld, and are of too few, as the cells that they are of.

    Whatever adds and subtracts sums of rows and columns and counts no cell below 0 is a sum of these.
    """
    held = left > _NOTHING
    columns = np.arange(held.shape[1])
    for row in np.flatnonzero(held.any(axis=1)):
        cells = held & (np.arange(len(held)) == row)[:, None]
        if not floor.is_met(left[cells].sum(), n_places[cells].sum()):
            yield cells
    for n_chosen in range(1, len(columns) + 1):
        for chosen in itertools.combinations(columns.tolist(), n_chosen):
            inside = np.isin(columns, chosen)
            has_inside, has_outside = held[:, inside].any(axis=1), held[:, ~inside].any(axis=1)
            # the rows that the columns reach, less the columns; and the columns, less the rows that are all in them
            for rows, part in ((has_inside, ~inside), (has_outside, inside)):
                cells = held & rows[:, None] & part
                if cells.any() and not floor.is_met(left[cells].sum(), n_places[cells].sum()):
                    yield cells
