"""How much crime falls where it fell before, and on how few places it lies, beside what chance alone would do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy import optimize
from scipy.spatial import cKDTree

from hotspots.contracts import AREA, require_columns, require_metres
from hotspots.errors import DataError, ParameterError
from hotspots.geography import Cells, UniquePoints, collapse_points

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
PlaceKind = Literal["place", "shared point", "cell"]

_MIN_INCIDENTS = 20
_MIN_REPLICATES = 99
_MIN_POINT_SHARE = 0.5
"""Below this share of incidents at a place of their own, the places are those of the others."""
_CLOSE_M, _AROUND_M = 20.0, 100.0
_MIN_AROUND, _MIN_CLOSE_SHARE = 100, 0.03
"""Of pairs of places within 100 m, 1 in 25 lies within 20 m if places are scattered, more if they cluster as addresses
do (11 to 39% in Chicago and Vancouver); of shared points 0 to 2% (police.uk, San Francisco, Washington, Memphis)."""
_MAX_CURVE = 200


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """Repeats at the same place, and the concentration of incidents on places.

    Everything but the counts of incidents and places is None, or empty, where the result is withheld.

    Attributes:
        available: Whether there is enough to say how concentrated incidents are.
        reason: Where there is not, why, in a word or two; otherwise None.
        explanation: The same in a sentence; otherwise None.
        place_kind: What is counted as one place: coordinates ("place"), coordinates that stand for several addresses
            ("shared point"), or a cell.
        n_incidents: Incidents with a place.
        n_left_out: Incidents without, known to an area only, or in no cell.
        n_places: Places with any incident.
        n_possible_places: Places where one could have been, if that was given or places are cells; otherwise None, and
            all shares are of the places with any.
        n_places_if_even: How many places of equal risk would leave as many with any incident as there are; None where
            the possible places are known or no place has two. Not a number of addresses.
        n_repeat_places: Places with two incidents or more.
        n_at_repeat_places: Incidents at those.
        n_repeats: Incidents at a place that had had one before, `n_incidents` less `n_places`; None where places are
            not single addresses.
        repeat_share: `n_repeats` as a share of `n_incidents`; None likewise.
        repeat_share_by_chance: What it would be if all possible places ran the same risk, exact; None also where those
            are not known, because without them nothing tells few places at risk from many repeats.
        repeats_explanation: Why repeats are withheld though the rest is not, in a sentence; otherwise None.
        curve_place_share, curve_incident_share: float (n_points,), at most 200: the busiest so many places hold so many
            incidents, from (0, 0) to (1, 1).
        chance_place_share, chance_incident_share: The same of one typical draw where all places run the same risk.
        place_shares: For each share asked for.
        gini: Generalised Gini, 0 (as even as so many incidents can lie) to 1 (all at one place).
        gini_by_chance: The median where all places run the same risk.
        p_value: Of so many pairs of incidents at one place, or more, where all places run the same risk.
        n_replicates: Draws behind what is said of chance.
        seed: Of the draws.
        significance_level: At which `p_value` counts.
    """

    available: bool
    reason: str | None
    explanation: str | None
    place_kind: PlaceKind
    n_incidents: int
    n_left_out: int
    n_places: int
    n_possible_places: int | None
    n_places_if_even: float | None
    n_repeat_places: int
    n_at_repeat_places: int
    n_repeats: int | None
    repeat_share: float | None
    repeat_share_by_chance: float | None
    repeats_explanation: str | None
    curve_place_share: Floats | None
    curve_incident_share: Floats | None
    chance_place_share: Floats | None
    chance_incident_share: Floats | None
    place_shares: tuple[PlaceShare, ...]
    gini: float | None
    gini_by_chance: float | None
    p_value: float | None
    n_replicates: int
    seed: int
    significance_level: float

    @property
    def is_concentrated(self) -> bool:
        """Whether incidents share places more than chance allows."""
        return self.p_value is not None and self.p_value <= self.significance_level

    @property
    def words(self) -> str:
        """What was found, in sentences; or why nothing is said."""
        if not self.available:
            return self.explanation or ""
        return " ".join([*self._tell_repeats(), *self._tell_concentration()])

    def _tell_repeats(self) -> list[str]:
        if self.n_repeats is None or self.repeat_share is None:
            return [self.repeats_explanation] if self.repeats_explanation else []
        told = (
            f"{self.n_repeats:,} of {self.n_incidents:,} incidents ({self.repeat_share:.0%}) happened where one had "
            "happened before in the period"
        )
        if self.repeat_share_by_chance is None:
            return [told + "."]
        return [
            told + f"; if all {self.n_possible_places:,} places ran the same risk, {self.repeat_share_by_chance:.0%}."
        ]

    def _tell_concentration(self) -> list[str]:
        def distance_to_half(share: PlaceShare) -> float:
            return abs(share.incident_share - 0.5)

        noun = f"{self.place_kind}s" + ("" if self.n_possible_places else " with any")
        telling = [share for share in self.place_shares if share.place_share < share.by_chance_low]
        share = min(telling if self.is_concentrated and telling else self.place_shares, key=distance_to_half)
        told = [
            f"{share.incident_share:.0%} of incidents lie on {_percent(share.place_share)} of the {noun} "
            f"({share.n_places:,}); by chance alone it would be "
            f"{_percent_range(share.by_chance_low, share.by_chance_high)}."
        ]
        if not self.is_concentrated:
            told.append("All in all they share places no more than chance allows.")
        elif not telling:
            told.append(
                "Some places have more of them than chance allows, but too few places for the shares to show it."
            )
        return told


def measure_repeats(
    incidents: gpd.GeoDataFrame,
    *,
    n_possible_places: int | None = None,
    cells: Cells | None = None,
    incident_shares: Sequence[float] = (0.25, 0.5, 0.8),
    n_replicates: int = 199,
    significance_level: float = 0.05,
    seed: int = 0,
) -> Repeats:
    """Measure repeats at the same place and the concentration of incidents on few places.

    A place is a pair of coordinates, equal to the bit, or a cell. A repeat is an incident at a place that has had one
    in the period; which of two came first does not matter, so month-only data will do. `place_shares` answer "half of
    the incidents at how many places?" by the fewest whole places that hold at least that share.

    *Chance.* A few incidents always lie on few places, so each number stands beside what it would be if all places ran
    the same risk. Where the possible places are known (cells, or `n_possible_places`: households, shops, the shared
    points of the area), the incidents are thrown on them at random. Where only the places with any are known, they are
    thrown on as many places as would leave just so many with any, and shares are of the places with any: that tells
    whether some are busier than the others, but not whether there are more repeats than there should be.

    `p_value` counts pairs of incidents at one place: (1 + draws with as many or more) / (1 + `n_replicates`). Where the
    number of places is worked out from the data, the pairs of every draw are divided by what its own number gives.

    *Repeats are withheld* where fewer than half of the incidents have a place of their own, where places keep apart as
    shared points do, and for cells: nearly everything repeats there because addresses share a point, not because a
    victim is struck again. Concentration is given all the same, by point or cell.

    *Misleads* where places differ in size: a shopping centre and a house are a place each. Known offenders apart, a
    place at greater risk all along shows the same repeats as one that is at risk because it was struck. With one
    address written in two ways repeats are lost. Longer periods show more repeats: compare equal ones. Where places are
    many and incidents few, the generalised Gini is the one to compare; the ordinary one rises as incidents fall.

    Args:
        incidents: The incidents table.
        n_possible_places: Places where an incident could have been, those with any included.
        cells: Count by cell instead; every cell is possible.
        incident_shares: For `place_shares`, above 0 and up to 1.
        n_replicates: Draws, 99 or more.
        significance_level: For `p_value`.
        seed: For the draws.

    Raises:
        DataError: The table lacks columns of its contract, is not in a projected CRS in metres, or has incidents at
            more places than are possible.
        ParameterError: Both cells and a number of places, a number below 1, shares that are not between 0 and 1, too
            few draws, or a level that is not between 0 and 1.

    Source: Bernasco, W. and Steenbeek, W. (2017), "More places than crimes", Journal of Quantitative Criminology 33(3),
    doi:10.1007/s10940-016-9324-7; for the comparison with random places Chalfin, A., Kaplan, J. and Cuellar, M. (2021),
    "Measuring marginal crime concentration", Journal of Research in Crime and Delinquency 58(4),
    doi:10.1177/0022427820984213.
    """
    _check_options(n_possible_places, cells, incident_shares, n_replicates, significance_level)
    require_columns(incidents, ("location_precision", "geometry"), table="incidents")
    require_metres(incidents, table="incidents")

    points = incidents.geometry
    has_place = np.isfinite(points.x.to_numpy()) & np.isfinite(points.y.to_numpy())
    has_place = has_place & (incidents["location_precision"] != AREA).to_numpy(dtype=bool, na_value=True)
    located = incidents[has_place]
    places = collapse_points(located)
    counts = places.n_incidents
    kind, repeats_explanation = _find_kind(located, places)
    if cells is not None:
        kind, n_possible_places = "cell", len(cells)
        repeats_explanation = None
        counts = cells.count(places).astype(np.int64)
        counts = counts[counts > 0]
    n, n_places = int(counts.sum()), len(counts)
    if n_possible_places is not None and n_places > n_possible_places:
        raise DataError(
            f"Incidents lie on {n_places:,} {kind}s, more than the {n_possible_places:,} possible. "
            "Give the number of places of the whole area, in the way in which incidents are placed."
        )
    reason, explanation = _find_obstacle(n, n_places, kind)
    spread = None
    if reason is None:
        spread = _compare_with_chance(
            counts, n_possible_places, incident_shares, n_replicates=int(n_replicates), rng=np.random.default_rng(seed)
        )
    has_repeats = reason is None and kind == "place"
    return Repeats(
        available=reason is None,
        reason=reason,
        explanation=explanation,
        place_kind=kind,
        n_incidents=n,
        n_left_out=len(incidents) - n,
        n_places=n_places,
        n_possible_places=n_possible_places,
        n_places_if_even=None if spread is None or n_possible_places or n == n_places else spread.n_even,
        n_repeat_places=int((counts > 1).sum()),
        n_at_repeat_places=int(counts[counts > 1].sum()),
        n_repeats=n - n_places if has_repeats else None,
        repeat_share=(n - n_places) / n if has_repeats else None,
        repeat_share_by_chance=1 - _expect_occupied(n_possible_places, n) / n
        if has_repeats and n_possible_places
        else None,
        repeats_explanation=repeats_explanation if reason is None else None,
        curve_place_share=None if spread is None else spread.curve[0],
        curve_incident_share=None if spread is None else spread.curve[1],
        chance_place_share=None if spread is None else spread.chance_curve[0],
        chance_incident_share=None if spread is None else spread.chance_curve[1],
        place_shares=() if spread is None else spread.place_shares,
        gini=None if spread is None else spread.gini,
        gini_by_chance=None if spread is None else spread.gini_by_chance,
        p_value=None if spread is None else spread.p_value,
        n_replicates=int(n_replicates),
        seed=seed,
        significance_level=float(significance_level),
    )


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
        ParameterError: Counts that are no whole numbers from 0, none above 0, or more of them than places.

    Source: Bernasco, W. and Steenbeek, W. (2017), "More places than crimes", Journal of Quantitative Criminology 33(3),
    doi:10.1007/s10940-016-9324-7.
    """
    values = np.asarray(counts, dtype=np.float64).ravel()
    is_wrong = ~((values >= 0) & (values == np.round(values)) & np.isfinite(values))
    if is_wrong.any():
        raise ParameterError(
            f"Places are compared by whole counts from 0; {values[is_wrong][0]:g} is none. Give numbers of incidents."
        )
    if not values.any():
        raise ParameterError("No place has an incident, so that nothing is uneven. Give places with incidents.")
    whole = values[values > 0].astype(np.int64)
    n_all = len(values) if n_places is None else n_places
    if n_all < len(whole):
        raise ParameterError(
            f"There are {len(whole):,} places with incidents, more than the {n_all:,} places given. "
            "Give the number of all places."
        )
    return _find_gini(_tabulate(whole), n_all, is_generalised=is_generalised)


def are_places_shared(places: UniquePoints) -> bool:
    """Whether distinct places keep apart as shared points do, and addresses do not.

    Points to which several addresses are moved (the middle of a block, a rounded coordinate) have hardly a neighbour
    within 20 m, however many within 100 m. Told only where 100 pairs of places lie within 100 m; otherwise False.
    """
    if not len(places.easting):
        return False
    tree = cKDTree(places.coordinates)
    close, around = (np.asarray(tree.count_neighbors(tree, [_CLOSE_M, _AROUND_M])) - len(places.easting)) / 2
    return bool(around >= _MIN_AROUND and close < _MIN_CLOSE_SHARE * around)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frequency:
    """How many places have how many incidents, the busiest first; those without are left out."""

    n_incidents: Integers
    n_places: Integers


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spread:
    """What is measured, beside what chance gives."""

    curve: tuple[Floats, Floats]
    chance_curve: tuple[Floats, Floats]
    place_shares: tuple[PlaceShare, ...]
    gini: float
    gini_by_chance: float
    p_value: float
    n_even: float


def _check_options(
    n_possible_places: int | None,
    cells: Cells | None,
    incident_shares: Sequence[float],
    n_replicates: int,
    significance_level: float,
) -> None:
    if n_possible_places is not None and cells is not None:
        raise ParameterError(
            "Places are coordinates or cells; cells and a number of possible places were both given. Leave one out."
        )
    if n_possible_places is not None and (n_possible_places < 1 or n_possible_places != int(n_possible_places)):
        raise ParameterError(
            f"Possible places must be a whole number above 0, not {n_possible_places}. Leave it out if not known."
        )
    if not incident_shares or not all(0 < share <= 1 for share in incident_shares):
        raise ParameterError(
            f"Shares of incidents lie above 0 and up to 1, not {tuple(incident_shares)}. Usual are (0.25, 0.5, 0.8)."
        )
    if n_replicates != int(n_replicates) or n_replicates < _MIN_REPLICATES:
        raise ParameterError(
            f"Chance needs a whole number of draws, {_MIN_REPLICATES} or more, not {n_replicates}. 199 is usual."
        )
    if not 0 < significance_level < 1:
        raise ParameterError(
            f"The significance level must lie between 0 and 1, not {significance_level}. 0.05 is usual."
        )


def _find_kind(located: gpd.GeoDataFrame, places: UniquePoints) -> tuple[PlaceKind, str | None]:
    """What the coordinates stand for, and why they show no repeats."""
    n_exact = int((located["location_precision"] == "point").to_numpy(dtype=bool, na_value=False).sum())
    if n_exact < _MIN_POINT_SHARE * len(located):
        return "shared point", (
            f"{n_exact:,} of {len(located):,} incidents have a place of their own; at points that stand for several "
            "addresses, repeats are not repeats of one address."
        )
    if are_places_shared(places):
        return "shared point", (
            f"The places keep apart as shared points do (hardly any two within {_CLOSE_M:g} m): one of them need not "
            "be one address, so repeats are not told."
        )
    return "place", None


def _find_obstacle(n: int, n_places: int, kind: PlaceKind) -> tuple[str, str] | tuple[None, None]:
    if n < _MIN_INCIDENTS:
        return "too few", f"{n} incidents with a place are too few to show repeats; {_MIN_INCIDENTS} are needed."
    if n_places == 1:
        return "one place", f"All {n:,} incidents lie on one {kind}, so that nothing can be compared."
    return None, None


def _compare_with_chance(
    counts: Integers,
    n_possible: int | None,
    incident_shares: Sequence[float],
    *,
    n_replicates: int,
    rng: np.random.Generator,
) -> _Spread:
    n, n_places = int(counts.sum()), len(counts)
    n_even = float(n_possible) if n_possible else _find_even_places(n_places, n)
    observed = _tabulate(counts)
    drawn = [_throw(n, n_even, rng) for _ in range(n_replicates)]

    def count_places(frequency: _Frequency) -> int:
        return n_possible if n_possible else int(frequency.n_places.sum())

    def measure_pairs(frequency: _Frequency) -> float:
        pairs = float((frequency.n_places * frequency.n_incidents * (frequency.n_incidents - 1)).sum())
        return pairs if n_possible or not pairs else pairs * _find_even_places(int(frequency.n_places.sum()), n)

    n_pairs = measure_pairs(observed)
    n_at_least = sum(measure_pairs(frequency) >= n_pairs for frequency in drawn)
    ginis = [_find_gini(frequency, count_places(frequency)) for frequency in drawn]
    typical = drawn[int(np.argsort(ginis, kind="stable")[n_replicates // 2])]
    shares = []
    for share in incident_shares:
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
    return _Spread(
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
    return _tabulate(np.unique(rng.integers(whole, size=n), return_counts=True)[1])


def _tabulate(counts: npt.NDArray[np.integer]) -> _Frequency:
    values, n_places = np.unique(counts[counts > 0], return_counts=True)
    return _Frequency(n_incidents=values[::-1].astype(np.int64), n_places=n_places[::-1].astype(np.int64))


def _expect_occupied(n_places: float, n: int) -> float:
    """How many of so many places have any incident, on average, if all run the same risk."""
    if n_places <= 1:
        return float(n_places)
    return float(-n_places * np.expm1(n * np.log1p(-1 / n_places)))


def _find_even_places(n_occupied: int, n: int) -> float:
    """How many places of equal risk leave so many with any; infinite where no place has two."""
    if n_occupied >= n:
        return math.inf
    if n_occupied == 1:
        return 1.0
    # One repeat among n incidents stands for some n^2 / 2 places.
    return float(optimize.brentq(lambda places: _expect_occupied(places, n) - n_occupied, n_occupied, float(n) * n + 2))


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


def _percent(share: float) -> str:
    """A share in per cent, with a decimal only where it is small."""
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def _percent_range(low: float, high: float) -> str:
    texts = list(dict.fromkeys([_percent(low), _percent(high)]))
    return " to ".join(texts)
