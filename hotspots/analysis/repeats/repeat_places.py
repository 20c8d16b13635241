"""How much crime repeats at the same places, and how few places hold it, compared with chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from hotspots.analysis.repeats.place_concentration import PlaceShare, compare_with_chance, expect_occupied
from hotspots.analysis.repeats.shared_points import CLOSE_M, are_places_shared
from hotspots.contracts import AREA, require_columns, require_metres
from hotspots.errors import DataError, ParameterError
from hotspots.geography import Cells, UniquePoints, collapse_points

Floats = npt.NDArray[np.float64]

PlaceKind = Literal["place", "shared point", "cell"]

_MIN_INCIDENTS = 20
_MIN_REPLICATES = 99
SIGNIFICANCE_LEVEL = 0.05
_MIN_POINT_SHARE = 0.5
"""Below this share of incidents at a place of their own, the places are those of the others."""


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
        place_shares: For a quarter, half and four fifths of the incidents.
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
            told.append("Overall they share places no more than chance allows.")
        elif not telling:
            told.append(
                "Some places have more of them than chance allows, but too few such places for the shares to show it."
            )
        return told


def measure_repeats(
    incidents: gpd.GeoDataFrame,
    *,
    n_possible_places: int | None = None,
    cells: Cells | None = None,
    n_replicates: int = 199,
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
        n_replicates: Draws, 99 or more.
        seed: For the draws.

    Raises:
        DataError: The table lacks columns of its contract, is not in a projected CRS in metres, or has incidents at
            more places than are possible.
        ParameterError: Both cells and a number of places, a number below 1, or too few draws.

    Source: Bernasco, W. and Steenbeek, W. (2017), "More places than crimes", Journal of Quantitative Criminology 33(3),
    doi:10.1007/s10940-016-9324-7; for the comparison with random places Chalfin, A., Kaplan, J. and Cuellar, M. (2021),
    "Measuring marginal crime concentration", Journal of Research in Crime and Delinquency 58(4),
    doi:10.1177/0022427820984213.
    """
    _check_options(n_possible_places, cells, n_replicates)
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
            f"Incidents lie on {n_places:,} {kind}s, more than the {n_possible_places:,} possible. Give the number of "
            "places of the whole area, counted in the way in which incidents are placed."
        )
    reason, explanation = _find_obstacle(n, n_places, kind)
    spread = None
    if reason is None:
        spread = compare_with_chance(
            counts, n_possible_places, n_replicates=int(n_replicates), rng=np.random.default_rng(seed)
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
        repeat_share_by_chance=1 - expect_occupied(n_possible_places, n) / n
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
        significance_level=SIGNIFICANCE_LEVEL,
    )


def _check_options(
    n_possible_places: int | None,
    cells: Cells | None,
    n_replicates: int,
) -> None:
    if n_possible_places is not None and cells is not None:
        raise ParameterError(
            "Places must be coordinates or cells; cells and a number of possible places were both given. Leave one out."
        )
    if n_possible_places is not None and (n_possible_places < 1 or n_possible_places != int(n_possible_places)):
        raise ParameterError(
            f"Possible places must be a whole number above 0, not {n_possible_places}. Leave it out if not known."
        )
    if n_replicates != int(n_replicates) or n_replicates < _MIN_REPLICATES:
        raise ParameterError(
            f"Chance needs a whole number of draws, {_MIN_REPLICATES} or more, not {n_replicates}. 199 is usual."
        )


def _find_kind(located: gpd.GeoDataFrame, places: UniquePoints) -> tuple[PlaceKind, str | None]:
    """What the coordinates stand for, and why they show no repeats."""
    n_exact = int((located["location_precision"] == "point").to_numpy(dtype=bool, na_value=False).sum())
    if n_exact < _MIN_POINT_SHARE * len(located):
        return "shared point", (
            f"Only {n_exact:,} of {len(located):,} incidents have a place of their own. At a point that stands for "
            "several addresses, a repeat need not be at the same address."
        )
    if are_places_shared(places):
        return "shared point", (
            f"The places are spaced as shared points are (hardly any two within {CLOSE_M:g} m). One place need not be "
            "one address, so repeats are not reported."
        )
    return "place", None


def _find_obstacle(n: int, n_places: int, kind: PlaceKind) -> tuple[str, str] | tuple[None, None]:
    if n < _MIN_INCIDENTS:
        return "too few", f"{n} incidents with a place are too few to show repeats; {_MIN_INCIDENTS} are needed."
    if n_places == 1:
        return "one place", f"All {n:,} incidents lie on one {kind}, so nothing can be compared."
    return None, None


def _percent(share: float) -> str:
    """A share in per cent, with a decimal only where it is small."""
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"


def _percent_range(low: float, high: float) -> str:
    texts = list(dict.fromkeys([_percent(low), _percent(high)]))
    return " to ".join(texts)
