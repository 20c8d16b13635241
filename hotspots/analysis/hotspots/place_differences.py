"""Whether the incidents of a part of the week lie elsewhere than those of the other hours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_LEVEL = 0.05
_SMALLEST = 1e-9
N_PERMUTATIONS = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDifference:
    """Whether the incidents of a shift lie elsewhere than those of the other hours.

    Attributes:
        n_groups: Groups of places that were compared.
        statistic: Sum over groups of (observed - expected)², over its variance; about n_groups - 1 if times and places
            have nothing to do with each other.
        p_value: Of so large a statistic if times were dealt out to incidents at random.
        p_adjusted: The same, allowing for all shifts that were tested (Bonferroni).
        is_different: Whether `p_adjusted` is at most 0.05.
        observed, expected: float (n_groups,), sums of weights of the shift in each group, and what they would be if
            each group had its share of them.
        p_groups: float (n_groups,), of so large a difference, either way, in any group, and in any shift.
        is_busier, is_quieter: bool (n_groups,), groups that hold more or fewer by more than chance; none where
            `is_different` is false.
        n_permutations: How often times were dealt out.
    """

    n_groups: int
    statistic: float
    p_value: float
    p_adjusted: float
    is_different: bool
    observed: Floats
    expected: Floats
    p_groups: Floats
    is_busier: npt.NDArray[np.bool_]
    is_quieter: npt.NDArray[np.bool_]
    n_permutations: int


def compare_places(
    shift_shares: Floats, groups: Integers, *, n_permutations: int = N_PERMUTATIONS, seed: int = 1
) -> tuple[PlaceDifference, ...]:
    """Test whether the incidents of each shift are spread over groups of places as those of all hours are.

    The shares of incidents that fall in the shifts are dealt out anew among the incidents, each keeping its place, and
    the differences that come about are compared with those observed. The statistic sums them over groups, each over its
    variance under such dealing (that of Kruskal and Wallis, on the shares in place of ranks). Where it stands out, the
    groups are named whose own difference is beyond the largest that any group shows in all but 5% of dealings. All
    shifts together are wrong in at most 5% of cases, for Bonferroni's correction holds however the shifts overlap.

    It is conditional on how long the intervals are: incidents of which less is known have even shares, and if there are
    more of them in some places, their hours look different without being so. It takes incidents to be independent: a
    series at one place and hour counts as so many. And it sees places as the groups have them: what moves within one
    group is not seen. Groups must be drawn without regard to the hour, or the test finds what drew them.

    Args:
        shift_shares: float (n_incidents, n_shifts), shares of 0-1; incidents without a clock time left out.
        groups: int (n_incidents,), from 0 and with none left out.
        n_permutations: Dealings.
        seed: Of the generator.

    Returns:
        One for each shift; with fewer than two groups, or shift_shares that are all alike, `p_value` is 1.

    Raises:
        ParameterError: There is not one group for each incident, a group is negative, or dealings are below 1.

    Source: Kruskal, W. H. and Wallis, W. A. (1952), "Use of ranks in one-criterion variance analysis", Journal of the
    American Statistical Association 47(260), doi:10.1080/01621459.1952.10483441; largest difference of any group:
    Westfall, P. H. and Young, S. S. (1993), Resampling-Based Multiple Testing, section 2.3.
    """
    if groups.shape != shift_shares.shape[:1] or (groups < 0).any():
        raise ParameterError(
            f"Each incident needs one group, numbered from 0; there are {len(shift_shares):,} incidents and groups of "
            f"shape {groups.shape}, the lowest {groups.min(initial=0)}. Put incidents outside the hot spots into a "
            "group of their own."
        )
    if n_permutations < 1:
        raise ParameterError(f"The times must be permuted at least once, not {n_permutations} times. 999 is usual.")
    n, n_shifts = shift_shares.shape
    n_groups = int(groups.max(initial=-1)) + 1
    sizes = np.bincount(groups, minlength=n_groups).astype(np.float64)
    order = np.argsort(groups, kind="stable")
    filled = np.flatnonzero(sizes > 0)
    starts = np.concatenate([[0], np.cumsum(sizes[filled])[:-1]]).astype(np.intp)
    expected = sizes[:, None] * shift_shares.sum(axis=0) / max(n, 1)
    spread = ((shift_shares - shift_shares.sum(axis=0) / max(n, 1)) ** 2).sum(axis=0) / max(n - 1, 1)
    variance = spread * sizes[:, None] * (n - sizes[:, None]) / max(n, 1)

    def measure(sums: Floats) -> tuple[Floats, Floats]:
        """The statistic of each shift, and the difference of each group in standard deviations."""
        away = sums - expected[filled]
        with np.errstate(divide="ignore", invalid="ignore"):
            total = np.where(spread > _SMALLEST, (away**2 / sizes[filled, None]).sum(axis=0) / spread, 0.0)
            z = np.where(variance[filled] > _SMALLEST, away / np.sqrt(variance[filled]), 0.0)
        return total, z

    if len(filled) > 1 and n_shifts:
        sums = np.add.reduceat(shift_shares[order], starts, axis=0)
        total, z = measure(sums)
        rng = np.random.default_rng(seed)
        n_total, n_largest = np.ones(n_shifts), np.ones(z.shape)
        for _ in range(n_permutations):
            dealt_total, dealt_z = measure(np.add.reduceat(shift_shares[rng.permutation(n)], starts, axis=0))
            # what is equal but for rounding counts as as extreme
            n_total += dealt_total >= total - _SMALLEST * (1 + total)
            n_largest += np.abs(dealt_z).max(axis=0) >= np.abs(z) - _SMALLEST
        p_value, p_largest = n_total / (n_permutations + 1), n_largest / (n_permutations + 1)
    else:
        sums, total, z = expected[filled], np.zeros(n_shifts), np.zeros((len(filled), n_shifts))
        p_value, p_largest = np.ones(n_shifts), np.ones(z.shape)
    observed, p_groups, direction = (
        np.zeros((n_groups, n_shifts)),
        np.ones((n_groups, n_shifts)),
        np.zeros((n_groups, n_shifts)),
    )
    observed[filled], p_groups[filled], direction[filled] = sums, np.minimum(p_largest * n_shifts, 1.0), np.sign(z)
    p_adjusted = np.minimum(p_value * n_shifts, 1.0)
    stands_out = (p_groups <= _LEVEL) & (p_adjusted <= _LEVEL)
    return tuple(
        PlaceDifference(
            n_groups=len(filled),
            statistic=float(total[shift]),
            p_value=float(p_value[shift]),
            p_adjusted=float(p_adjusted[shift]),
            is_different=bool(p_adjusted[shift] <= _LEVEL),
            observed=observed[:, shift],
            expected=expected[:, shift],
            p_groups=p_groups[:, shift],
            is_busier=stands_out[:, shift] & (direction[:, shift] > 0),
            is_quieter=stands_out[:, shift] & (direction[:, shift] < 0),
            n_permutations=n_permutations,
        )
        for shift in range(n_shifts)
    )
