"""Crimes as pages call and list them."""

from __future__ import annotations

from hotspots.analysis.rates import choose_indicators
from hotspots.crimes import Crime
from hotspots.pipeline import USUAL_INDICATORS
from hotspots.service.jobs import list_crimes
from hotspots.settings import Settings


def name_crime(settings: Settings, slug: str) -> str:
    """The heading of a crime; of one that the settings do not have any more, its slug."""
    crime = list_crimes(settings).get(slug)
    return crime.label if crime else slug


def list_crimes_to_ask(settings: Settings) -> tuple[list[Crime], list[Crime]]:
    """The crimes that a form offers: the usual ones in their order, and all others by their names."""
    known = list_crimes(settings)
    part_of = {slug: crime.part_of for slug, crime in known.items()}
    usual = choose_indicators(settings.indicators or USUAL_INDICATORS, list(known), part_of)
    others = [crime for slug, crime in known.items() if slug not in usual]
    return [known[slug] for slug in usual], sorted(others, key=lambda crime: crime.label.casefold())
