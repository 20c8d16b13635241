"""What a reader should know that is particular to a run, in sentences for every product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from hotspots.contracts import AREA
from hotspots.crimes import KNIFE_CRIME

if TYPE_CHECKING:
    from hotspots.pipeline.run import Analysis

_LARGE_AREA_SHARE = 0.15
_N_NAMED = 5
GAP_WORDS = {
    "no data": "no row of any crime",
    "no data of this crime": "no {}, which chance alone would hardly do,",
    "part of this crime": "only a part of the {}",
    "incomplete data": "less than half of the usual rows of all crimes",
}
"""What is missing in a month that is a gap, by its reason."""


def list_notes(analysis: Analysis) -> list[str]:
    """What a reader should know that is particular to this run."""
    study, request, crime = analysis.study, analysis.request, analysis.crime
    incidents, havens = study.intake.incidents, study.havens
    notes = []
    asked = (request.start or analysis.start, request.end or analysis.end)
    if asked != (analysis.start, analysis.end):
        notes.append(
            f"Asked for {asked[0]} to {asked[1]}; the incidents can answer for {analysis.start} to {analysis.end}, "
            "in whole months where they give no days."
        )
    if passed_over := [table.label for table in study.intake.passed_over]:
        more = " ..." if len(passed_over) > _N_NAMED else ""
        notes.append(
            f"Passed over, since they are no tables of incidents ({len(passed_over)}): "
            f"{', '.join(passed_over[:_N_NAMED])}{more}."
        )
    failed = analysis.times.gaps[analysis.times.gaps.index.isin(list(analysis.empty_months))]
    for reason, said in GAP_WORDS.items():
        named = pd.PeriodIndex(failed.index[failed == reason]).strftime("%B %Y").tolist()
        if named:
            listed = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
            months = listed if len(named) <= 6 else f"{len(named)} months between {named[0]} and {named[-1]}"
            notes.append(
                f"The files hold {said.format(crime.plural)} for {months}: a gap in the data, not a fall in crime."
            )
    covered = set(incidents["ward_code"].dropna().unique())
    n_bare = int((~analysis.wards.index.isin(covered)).sum())
    if n_bare > len(analysis.wards) / 2:
        notes.append(
            f"{n_bare} of the {len(analysis.wards)} wards have no row of any crime: the boundaries reach beyond the "
            "data, so shares of the area mean little. Give the boundaries of the area that the data cover."
        )
    hot_share = sum(hotspot.area_km2 for hotspot in analysis.places.hotspots) * 1e6 / analysis.study_area.area
    if hot_share > _LARGE_AREA_SHARE:
        notes.append(
            f"The hot spots take up {hot_share:.0%} of the area, too much to single out places: take hot "
            "spots of more incidents, or of incidents closer together."
        )
    if n_area := int((analysis.incidents["location_precision"] == AREA).sum()):
        notes.append(
            f"{n_area:,} of the {len(analysis.incidents):,} {crime.plural} are located only to an area: they count for "
            "wards and hours, not for density and hot spots."
        )
    if n_postcode := int((analysis.incidents["location_precision"] == "postcode").sum()):
        notes.append(
            f"{n_postcode:,} of the {len(analysis.incidents):,} {crime.plural} stand at the point of their postcode, "
            "some fifteen addresses at once: a hot spot of a few such points is no more exact than their postcodes."
        )
    if crime.slug == KNIFE_CRIME:
        notes.append(
            "Knife crime is every incident that the source flags as involving a knife. Robberies among them are in "
            "robbery too, so the two must not be added."
        )
        if silent := int(incidents["is_knife"].isna().sum()):
            notes.append(f"Rows that do not say whether there was a knife, and are taken for other crimes: {silent:,}.")
    quality = study.quality
    if crime.slug == KNIFE_CRIME and quality.unread_knife:
        taken_for = "no" if quality.n_knife_taken_for_no else "not known"
        notes.append(
            f"Texts in the knife column that are taken for {taken_for}, with their rows: "
            f"{say_texts(quality.unread_knife)}."
        )
    categories = set(analysis.incidents["category"].unique())
    if overlaps := [overlap for overlap in quality.overlaps if overlap.category in categories]:
        one, other = overlaps[0].sources
        more = f" (and {len(overlaps) - 1} more pairs of files)" if len(overlaps) > 1 else ""
        notes.append(
            f"{one} and {other}{more} hold this crime in the same places and months: if they are records of the same "
            "incidents, these count twice. Leave one out."
        )
    if n_repaired := study.boundaries.n_repaired:
        notes.append(f"Ward outlines that crossed themselves and were made valid: {n_repaired}.")
    if havens and havens.n_without_location:
        notes.append(f"Safe havens left out for want of a usable location: {havens.n_without_location}.")
    if havens and havens.n_hours_unreadable:
        notes.append(
            "Safe havens whose opening hours are not in OpenStreetMap syntax, which count as closed: "
            f"{havens.n_hours_unreadable}."
        )
    if havens and (n_silent := int(havens.havens["opening_hours"].isna().sum()) - havens.n_hours_unreadable):
        every = n_silent == len(havens.havens)
        notes.append(
            "No safe haven states its opening hours, so nothing is said of which are open."
            if every
            else f"Safe havens that state no opening hours, and count as closed: {n_silent}."
        )
    if n_unrecognised := quality.n_unrecognised:
        notes.append(
            f"{say_rows(n_unrecognised, 'has', 'have')} an offence text that is in no table, and so a place among "
            f"other crimes: {say_texts(quality.unrecognised)}."
        )
    return notes


def say_rows(n: int, one: str, several: str) -> str:
    """1 row has, 2 rows have."""
    return f"1 row {one}" if n == 1 else f"{n:,} rows {several}"


def say_texts(texts: dict[str, int]) -> str:
    """Texts with their rows."""
    return ", ".join(f'"{text}" ({n:,})' for text, n in texts.items())
