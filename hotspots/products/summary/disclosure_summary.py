"""What the summary says of what is withheld, so that no victim can be found."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from hotspots.geography import MIN_INCIDENTS, MIN_PLACES
from hotspots.pipeline import Analysis
from hotspots.products.summary.encoding import Part
from hotspots.products.words import say


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureSummary(Part):
    """What is withheld because it rests on too few incidents or places.

    Attributes:
        min_incidents, min_places: What a hot spot, a name, a cell or a patch of colour must rest on.
        is_applied: Whether anything is withheld at all; false where finer products were asked for.
        has_shared_points: Whether incidents lie on points of the source, each of which counts as `min_places`.
        n_hotspots: Dense places withheld.
        n_shift_hotspots: The same in parts of the week.
        is_density_drawn, is_density_whole: Whether any of the density may be drawn, and whether all of it may.
        n_tested_cells: Cells whose surroundings are busy or quiet by the test, and are not shown.
        n_expected_cells: Cells among those where most is to be expected that are not shown.
        n_havens: Safe havens whose number of incidents is not shown.
        words: The same in a sentence or two; empty where nothing is withheld.
    """

    min_incidents: int
    min_places: int
    is_applied: bool
    has_shared_points: bool
    n_hotspots: int
    n_shift_hotspots: int
    is_density_drawn: bool
    is_density_whole: bool
    n_tested_cells: int
    n_expected_cells: int
    n_havens: int
    words: str


def summarise_disclosure(analysis: Analysis) -> DisclosureSummary:
    """What is withheld, and why."""
    places, floor = analysis.places, analysis.request.floor
    test, first = places.test, places.first_cells
    shift_areas = [part.areas for part in places.shifts.shifts if part.areas is not None]
    near_havens = None if analysis.havens is None else analysis.havens.coverage.n_incidents_by_haven
    found = DisclosureSummary(
        min_incidents=MIN_INCIDENTS,
        min_places=MIN_PLACES,
        is_applied=floor.is_applied,
        has_shared_points=bool((analysis.incidents["location_precision"] == "anonymised").any()),
        n_hotspots=places.areas.n_withheld,
        n_shift_hotspots=sum(areas.n_withheld for areas in shift_areas),
        is_density_drawn=places.shown.max_per_km2 > 0,
        is_density_whole=places.shown.is_whole,
        n_tested_cells=0
        if test is None
        else int(((test.gi_star.is_hot | test.gi_star.is_cold) & ~test.is_shown).sum()),
        n_expected_cells=0 if first is None else first.n_withheld,
        n_havens=0 if near_havens is None else int(np.sum(~floor.is_met(near_havens, floor.min_places))),
        words="",
    )
    return dataclasses.replace(found, words=say("disclosure.withheld", found) if found.is_applied else "")


def say_not_to_share(analysis: Analysis) -> str | None:
    """Why the products must not be shared, in a sentence; None where they may be."""
    return say("disclosure.too_fine", analysis.request) if analysis.request.is_too_fine else None
