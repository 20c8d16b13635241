"""How few places hold the incidents, compared with what equal risk at all places would give."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from hotspots.errors import ParameterError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

INCIDENT_SHARES = (0.25, 0.5, 0.8)
_MAX_CURVE = 200
_FEW_EMPTY = 20
"""Where places are more than so many times the incidents, they are not counted one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceShare:
    """The fewest places that hold a share of the incidents.

    Attributes:
        incident_share: Share of incidents, 0-1: at least so many.
        n_places: The fewest places that hold them.
        place_share: The same as a share of all places (see `Repeats.n_possible_places`).
        by_chance: The median of that share where all places run the same risk.
        by_chance_low, by_chance_high: Between these lie the middle 95% of it.
    """

    incident_share: float
    n_places: int
    place_share: float
    by_chance: float
    by_chance_low: float
    by_chance_high: float


def measure_gini(counts: npt.ArrayLike, *, n_places: int | None = None, is_generalised: bool = True) -> float:
    """Measure how unevenly incidents lie on places, from 0 to 1.

    The ordinary Gini compares with the same number on each place, which cannot be where places outnumber incidents: it
    then is high however they lie. The generalised one compares with at most one on each: G' = 1 - max(places /
    incidents, 1) (1 - G). No correction for few places is made: all on one of n places gives 1 - 1/n by the ordinary.

    Args:
        counts: Whole numbers of incidents at places, 0 or more.
        n_places: All places, those that `counts` leaves out being without incidents; as many as counts by default.
        is_generalised: Whether to allow for places that outnumber incidents.

    Raises:
        ParameterError: Counts that are not whole numbers of 0 or more, none above 0, or more of them than places.

    Source: Bernasco, W. and Steenbeek, W. (2017), "More places than crimes", Journal of Quantitative Criminology 33(3),
    doi:10.1007/s10940-016-9324-7.
    """
    values = np.asarray(counts, dtype=np.float64).ravel()
    is_wrong = ~((values >= 0) & (values == np.round(values)) & np.isfinite(values))
    if is_wrong.any():
        raise ParameterError(
            f"Counts of places must be whole numbers, 0 or more; {values[is_wrong][0]:g} is not. Give numbers of "
            "incidents."
        )
    if not values.any():
        raise ParameterError("Concentration needs at least one incident; no place has any. Give places with incidents.")
    whole = values[values > 0].astype(np.int64)
    n_all = len(values) if n_places is None else n_places
    if n_all < len(whole):
        raise ParameterError(
            f"There are {len(whole):,} places with incidents, more than the {n_all:,} places given. "
            "Give the number of all places."
        )
    return _find_gini(_tabulate(whole), n_all, is_generalised=is_generalised)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frequency:
    """How many places have how many incidents, the busiest first; those without are left out."""

    n_incidents: Integers
    n_places: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A measure of the incidents, beside its values by chance."""

    curve: tuple[Floats, Floats]
    chance_curve: tuple[Floats, Floats]
    place_shares: tuple[PlaceShare, ...]
    gini: float
    gini_by_chance: float
    p_value: float
    n_even: float


def compare_with_chance(
    counts: Integers,
    n_possible: int | None,
    *,
    n_replicates: int,
    rng: np.random.Generator,
) -> Spread:
    """Measure how incidents are spread over places, and how they would be if all places ran the same risk.

    Args:
        counts: int (n_places,), incidents at each place with any.
        n_possible: Places where one could have been; None where that is not known.
        n_replicates: Draws.
        rng: Throws the incidents on the places.
    """
    n, n_places = int(counts.sum()), len(counts)
    n_even = float(n_possible) if n_possible else find_even_places(n_places, n)
    observed = _tabulate(counts)
    drawn = [_throw(n, n_even, rng) for _ in range(n_replicates)]

    def count_places(frequency: _Frequency) -> int:
        return n_possible if n_possible else int(frequency.n_places.sum())

    def measure_pairs(frequency: _Frequency) -> float:
        pairs = float((frequency.n_places * frequency.n_incidents * (frequency.n_incidents - 1)).sum())
        return pairs if n_possible or not pairs else pairs * find_even_places(int(frequency.n_places.sum()), n)

    n_pairs = measure_pairs(observed)
    n_at_least = sum(measure_pairs(frequency) >= n_pairs for frequency in drawn)
    ginis = [_find_gini(frequency, count_places(frequency)) for frequency in drawn]
    typical = drawn[int(np.argsort(ginis, kind="stable")[n_replicates // 2])]
    shares = []
    for share in INCIDENT_SHARES:
        n_holding = _find_fewest(observed, share)
        by_chance = [_find_fewest(frequency, share) / count_places(frequency) for frequency in drawn]
        low, middle, high = np.quantile(by_chance, [0.025, 0.5, 0.975]).tolist()
        shares.append(
            PlaceShare(
                incident_share=float(share),
                n_places=n_holding,
                place_share=n_holding / count_places(observed),
                by_chance=middle,
                by_chance_low=low,
                by_chance_high=high,
            )
        )
    return Spread(
        curve=_draw_curve(observed, count_places(observed)),
        chance_curve=_draw_curve(typical, count_places(typical)),
        place_shares=tuple(shares),
        gini=_find_gini(observed, count_places(observed)),
        gini_by_chance=float(np.median(ginis)),
        p_value=(1 + n_at_least) / (1 + n_replicates),
        n_even=n_even,
    )


def _throw(n: int, n_places: float, rng: np.random.Generator) -> _Frequency:
    """Throw incidents on places at random."""
    if math.isinf(n_places):
        return _Frequency(n_incidents=np.ones(1, dtype=np.int64), n_places=np.array([n]))
    whole = max(round(n_places), 1)
    if whole <= n:
        return _tabulate(rng.multinomial(n, np.full(whole, 1 / whole)))
    thrown = rng.integers(whole, size=n)
    if whole <= _FEW_EMPTY * n:
        return _tabulate(np.bincount(thrown))
    return _tabulate(np.unique(thrown, return_counts=True)[1])


def _tabulate(counts: npt.NDArray[np.integer]) -> _Frequency:
    values, n_places = np.unique(counts[counts > 0], return_counts=True)
    return _Frequency(n_incidents=values[::-1].astype(np.int64), n_places=n_places[::-1].astype(np.int64))


def expect_occupied(n_places: float, n: int) -> float:
    """How many of so many places have any incident, on average, if all run the same risk."""
    if n_places <= 1:
        return float(n_places)
    return float(-n_places * np.expm1(n * np.log1p(-1 / n_places)))


def find_even_places(n_occupied: int, n: int) -> float:
    """How many places of equal risk leave so many with any; infinite where no place has two."""
    if n_occupied >= n:
        return math.inf
    if n_occupied == 1:
        return 1.0
    # One repeat among n incidents stands for some n^2 / 2 places.
    return float(optimize.brentq(lambda places: expect_occupied(places, n) - n_occupied, n_occupied, float(n) * n + 2))


def _find_fewest(frequency: _Frequency, share: float) -> int:
    """The fewest whole places that hold at least a share of the incidents."""
    held = np.cumsum(frequency.n_incidents * frequency.n_places)
    target = math.ceil(share * held[-1] - 1e-9)
    level = int(np.searchsorted(held, target))
    before, n_before = (held[level - 1], frequency.n_places[:level].sum()) if level else (0, 0)
    return int(n_before) - int((before - target) // frequency.n_incidents[level])


def _draw_curve(frequency: _Frequency, n_places: int) -> tuple[Floats, Floats]:
    """The corners of the curve: share of places, the busiest first, and share of incidents at them."""
    held = np.cumsum(frequency.n_incidents * frequency.n_places)
    across = np.concatenate([[0.0], np.cumsum(frequency.n_places) / n_places])
    up = np.concatenate([[0.0], held / held[-1]])
    if len(across) > _MAX_CURVE - 1:
        which = np.unique(np.linspace(0, len(across) - 1, _MAX_CURVE - 1).astype(np.intp))
        across, up = across[which], up[which]
    if across[-1] < 1:
        across, up = np.append(across, 1.0), np.append(up, 1.0)
    return across, up


def _find_gini(frequency: _Frequency, n_places: int, *, is_generalised: bool = True) -> float:
    held = np.cumsum(frequency.n_incidents * frequency.n_places).astype(np.float64)
    across = np.cumsum(frequency.n_places) / n_places
    up = held / held[-1]
    width = np.diff(across, prepend=0.0)
    under = float(width @ (up - np.diff(up, prepend=0.0) / 2)) + 1 - float(across[-1])
    gini = 2 * under - 1
    factor = max(n_places / float(held[-1]), 1.0) if is_generalised else 1.0
    return max(1 - factor * (1 - gini), 0.0)
