"""Which counts of a year are told to everybody: of each month of a local authority, and of each of its wards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.errors import ParameterError
from hotspots.geography import MIN_INCIDENTS

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_TABLE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedYear:
    """What is told of one year of one local authority; what is not told is less than ten, or would tell of that.

    Attributes:
        wards: bool (n_wards,), whose count of the year is told.
        months: bool (n_months,), whose count of the authority is told.
        has_total: Whether the year of the authority is told.
    """

    wards: Flags
    months: Flags
    has_total: bool


def state_year(counts: npt.ArrayLike, *, min_incidents: int = MIN_INCIDENTS) -> StatedYear:
    """Choose what to tell of a year, so that whatever can be computed from it is of ten incidents or more.

    Wards are told by year and months by authority, never a month of a ward: the cells of the table stay inside, and
    only its sums are told. Each month is told by its own count alone, because it is published before the year ends.
    None is withheld as well as one to nine, so that nobody learns of a withheld count that there was any. Wards are
    withheld beside others in the order given, and not by their counts, which would tell more to somebody who knows
    this rule.

    *Why no sum tells of too few.* Let the rows, columns and groups of them that can be known hold ten each. Any two
    rows i, k and columns j, l have a table with all these sums and with ten in each of the cells ij and kl. Moving
    ten from these to il and kj keeps every sum. So a sum of cells is either known and made of such groups, or
    eleven values or more of it fit. Years hold different months, so they can be told independently; a year is
    always told alike.

    *Why the rule tells no more.* Who knows it knows that a month that is withheld has nine at most, and may find
    out which wards do. Of two such months with 18 together each has nine. So the total is told only if the months
    that are withheld are none, or have ten to 9 (n - 1) together: then each can have anything from 0 to 9. Of the
    wards the same holds, unless others of ten or more are withheld beside them, which then have nine together above
    ten each. Without a total, wards are withheld until what is told of the others leaves it open. In an authority
    of very few incidents and wards that may be all of them, and then the rule alone can tell that some are few.

    Args:
        counts: int (n_wards, n_months): every ward of the authority, in an order that does not depend on counts, and
            every month of the year.
        min_incidents: The least number that is told.

    Raises:
        ParameterError: The table is not one, or a count is below 0.

    Source: secondary suppression as in Hundepool, A. et al. (2012), Statistical Disclosure Control, chapter 4,
    doi:10.1002/9781118348239; bounds of cells from sums as in Fréchet, M. (1940), and Dobra, A. and Fienberg, S. E.
    (2000), Proceedings of the National Academy of Sciences 97(22), doi:10.1073/pnas.97.22.11885.
    """
    table: Integers = np.asarray(counts, dtype=np.int64)
    if table.ndim != _TABLE or not table.size or (table < 0).any():
        raise ParameterError(
            "Counts of a year must be a table of wards and months, each 0 or more, "
            f"not {table.shape} with a least of {table.min(initial=0)}. Give zeros for months without incidents."
        )
    by_ward, by_month = table.sum(axis=1), table.sum(axis=0)
    months: Flags = np.greater_equal(by_month, min_incidents)
    left, n_left = int(by_month[~months].sum()), int((~months).sum())
    highest = min_incidents - 1
    has_total = not n_left or min_incidents <= left <= highest * (n_left - 1)
    wards: Flags = np.greater_equal(by_ward, min_incidents)
    n_few = int((~wards).sum())
    for n_beside, ward in enumerate(np.flatnonzero(wards)):
        withheld = int(by_ward[~wards].sum())
        if not has_total:
            is_safe = n_beside > 0 and withheld - left >= min_incidents * n_beside
        elif n_beside:
            is_safe = withheld >= min_incidents * n_beside + highest
        else:
            is_safe = not n_few or min_incidents <= withheld <= highest * (n_few - 1)
        if is_safe:
            break
        wards[ward] = False
    return StatedYear(wards=wards, months=months, has_total=has_total)


def list_statements(stated: StatedYear) -> Flags:
    """What is told of a year as sums of cells.

    Returns:
        bool (n_told, n_wards, n_months), the cells that each sum is of: wards, then months, then the total.
    """
    shape = len(stated.wards), len(stated.months)
    told = np.zeros((sum(shape) + 1, *shape), dtype=bool)
    for ward in range(shape[0]):
        told[ward, ward] = True
    for month in range(shape[1]):
        told[shape[0] + month, :, month] = True
    told[-1] = True
    chosen: Flags = told[np.concatenate([stated.wards, stated.months, [stated.has_total]])]
    return chosen
