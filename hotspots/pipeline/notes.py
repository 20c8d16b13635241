"""Notes particular to a run, in sentences for every product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from hotspots.contracts import AREA
from hotspots.crimes import KNIFE_CRIME
from hotspots.errors import say_rows, say_texts
from hotspots.ingest.incidents import Oddity

if TYPE_CHECKING:
    from hotspots.ingest.reference import Havens, Premises, Schools
    from hotspots.pipeline.results import Analysis
    from hotspots.pipeline.study import Study

_LARGE_AREA_SHARE = 0.15
_N_NAMED = 5
_MOST_MONTHS_NAMED = 6
GAP_WORDS = {
    "no data": "no rows of any crime",
    "no data of this crime": "no {}, which is very unlikely by chance,",
    "part of this crime": "only a part of the {}",
    "incomplete data": "only a part of the rows",
}
"""What is missing in a month that is a gap, by its reason."""

_DOUBTS = {
    "unreadable": "not understood",
    "no times": "days without times",
    "remark": "a remark alone",
    "open end": "no closing time",
    "some years": "of some years alone",
    "lapsed": "last checked too long ago",
}
"""What is the matter with opening hours that are not known."""


def list_notes(analysis: Analysis) -> tuple[str, ...]:
    """The notes particular to this run."""
    return (
        *_note_days(analysis),
        *_note_rows(analysis),
        *_note_places(analysis),
        *_note_knife_crime(analysis),
        *_note_other_tables(analysis.study),
    )


def _note_days(analysis: Analysis) -> Iterator[str]:
    request, start, end = analysis.request, analysis.start, analysis.end
    asked = (request.start or start, request.end or end)
    if asked != (start, end):
        yield (
            f"The period asked for is {asked[0]} to {asked[1]}; the incidents cover {start} to {end}, in whole months "
            "where they give no days."
        )
    if passed_over := [table.label for table in analysis.study.intake.passed_over]:
        more = " ..." if len(passed_over) > _N_NAMED else ""
        yield (
            f"Passed over, because they are not tables of incidents ({len(passed_over)}): "
            f"{', '.join(passed_over[:_N_NAMED])}{more}."
        )
    failed = analysis.times.gaps[analysis.times.gaps.index.isin(list(analysis.empty_months))]
    for reason, said in GAP_WORDS.items():
        named = pd.PeriodIndex(failed.index[failed == reason]).strftime("%B %Y").tolist()
        if named:
            listed = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
            several = f"{len(named)} months between {named[0]} and {named[-1]}"
            yield (
                f"The files hold {said.format(analysis.crime.plural)} for "
                f"{listed if len(named) <= _MOST_MONTHS_NAMED else several}: a gap in the data, not a fall in crime."
            )


def _note_rows(analysis: Analysis) -> Iterator[str]:
    remarks, n = analysis.study.intake.remarks, len(analysis.incidents)
    # few rows have any of these, and all would take long to look up
    odd = remarks["oddities"][(remarks["oddities"].to_numpy() & (Oddity.HIDDEN | Oddity.FIRST_OF_MONTH).value) != 0]
    oddities = odd.to_numpy()[odd.index.isin(analysis.incidents.index)]
    if n_hidden := int((oddities & Oddity.HIDDEN.value).astype(bool).sum()):
        yield (
            f"{n_hidden:,} of the {n:,} {analysis.crime.plural} are rows that are hidden in their workbook, as by a "
            "filter. They count like the others: if they are not meant, delete them from the file."
        )
    if n_first_days := int((oddities & Oddity.FIRST_OF_MONTH.value).astype(bool).sum()):
        yield (
            f"{n_first_days:,} of the {n:,} {analysis.crime.plural} are dated the first of a month, as all rows of "
            "their file, which is read as the month."
        )


def _note_places(analysis: Analysis) -> Iterator[str]:
    wards, n = analysis.wards, len(analysis.incidents)
    covered = set(analysis.study.intake.incidents["ward_code"].unique())
    n_bare = int((~wards.index.isin(covered)).sum())
    if n_bare > len(wards) / 2:
        yield (
            f"{n_bare} of the {len(wards)} wards have no rows of any crime: the boundaries reach beyond the data, so "
            "shares of the area mean little. Give the boundaries of the area that the data cover."
        )
    hot_share = sum(hotspot.area_km2 for hotspot in analysis.places.hotspots) * 1e6 / analysis.study_area.area
    if hot_share > _LARGE_AREA_SHARE:
        yield (
            f"The hot spots take up {hot_share:.0%} of the area, too much to single out places. A smaller radius, or "
            "more incidents to make a hot spot, gives fewer and smaller ones."
        )
    precision = analysis.incidents["location_precision"]
    if n_area := int((precision == AREA).sum()):
        rounded_to = analysis.study.quality.places.rounded_to
        why = f", or by coordinates rounded to {', '.join(rounded_to)}" if rounded_to else ""
        yield (
            f"{n_area:,} of the {n:,} {analysis.crime.plural} are located only to an area{why}: they count for "
            "wards and hours, not for density, hot spots and what is near."
        )
    if n_postcode := int((precision == "postcode").sum()):
        yield (
            f"{n_postcode:,} of the {n:,} {analysis.crime.plural} are placed at the point of their postcode, which "
            "stands for some fifteen addresses. A hot spot of a few such points is no more exact than their postcodes."
        )


def _note_knife_crime(analysis: Analysis) -> Iterator[str]:
    if analysis.crime.slug != KNIFE_CRIME:
        return
    quality = analysis.study.quality
    yield (
        "Knife crime is every incident that the source flags as involving a knife. Robberies among them are in "
        "robbery too, so the two must not be added."
    )
    if n_silent := int(analysis.study.intake.incidents["is_knife"].isna().sum()):
        yield f"Rows that do not say whether there was a knife, and are counted as other crimes: {n_silent:,}."
    if quality.unread_knife:
        taken_for = "no" if quality.n_knife_taken_for_no else "not known"
        yield (
            f"Texts in the knife column that are read as {taken_for}, with their rows: "
            f"{say_texts(quality.unread_knife)}."
        )


def _note_other_tables(study: Study) -> Iterator[str]:
    if n_repaired := study.boundaries.n_repaired:
        yield f"Ward outlines that crossed themselves and were made valid: {n_repaired}."
    if base := study.base_map:
        if base.unknown_layers:
            more = " ..." if len(base.unknown_layers) > _N_NAMED else ""
            yield (
                f"Layers of the base map passed over, because it is not known what they hold: "
                f"{', '.join(base.unknown_layers[:_N_NAMED])}{more}."
            )
        if base.n_broken:
            yield f"Shapes of the base map left out because they are broken: {base.n_broken:,} ({base.first_broken})."
    yield from list_left_out(havens=study.havens, candidates=study.candidates)
    if havens := study.havens:
        yield from _note_opening_hours(havens)
    if premises := study.premises:
        yield from _note_lost_premises(premises)
    yield from list_left_out(schools=study.schools)
    if n_unrecognised := study.quality.n_unrecognised:
        yield (
            f"{say_rows(n_unrecognised, 'has', 'have')} an offence text that is in no table. Such rows count among "
            f"other crimes: {say_texts(study.quality.unrecognised)}."
        )


def list_left_out(
    *,
    havens: Havens | None = None,
    candidates: Havens | None = None,
    schools: Schools | None = None,
    cameras: Havens | None = None,
    youth_zones: Havens | None = None,
) -> tuple[str, ...]:
    """What is not used of the tables that say where safe havens, candidates for them, and schools are.

    Args:
        havens: Safe havens.
        candidates: Places that could become one.
        schools: Schools.
        cameras: Cameras.
        youth_zones: Youth zones.
    """
    notes: list[str] = []
    for places, name in (
        (havens, "safe havens"),
        (candidates, "candidates"),
        (cameras, "cameras"),
        (youth_zones, "youth zones"),
    ):
        if places is not None:
            notes += _note_lost_havens(places, name)
    if schools is not None:
        notes += _note_lost_schools(schools)
    return tuple(notes)


def _note_lost_havens(havens: Havens, name: str) -> Iterator[str]:
    called = name.capitalize()
    if n_lost := havens.n_without_location:
        why = _list_counts(havens.without_location)
        yield f"{called} left out because they have no usable location: {n_lost:,} ({why})."
    if havens.n_malformed:
        yield f"Rows of {name} left out because they have other fields than the header: {havens.n_malformed:,}."
    if havens.n_shut:
        yield f"{called} left out because their file says that they are closed for good: {havens.n_shut:,}."
    if havens.n_lapsed:
        yield (
            f"{called} left out because they take part no more, or not yet: {havens.n_lapsed:,} "
            f"({_list_counts(havens.lapsed)})."
        )
    if havens.n_repeated:
        yield f"Rows of {name} left out because the same place is in another row: {havens.n_repeated:,}."
    if havens.of_two_hours:
        named, n_more = "; ".join(havens.of_two_hours[:_N_NAMED]), len(havens.of_two_hours) - _N_NAMED
        yield (
            f"{called} listed twice with different opening hours, of which the first are taken: {named}"
            f"{f'; and {n_more:,} more' if n_more > 0 else ''}. Ask them which are right."
        )
    if havens.n_unnamed:
        yield f"{called} without a name, which are called by their kind: {havens.n_unnamed:,}."


def _note_lost_schools(schools: Schools) -> Iterator[str]:
    if n_lost := schools.n_without_location:
        why = _list_counts(schools.without_location)
        yield f"Schools left out because they have no usable location: {n_lost:,} ({why})."
    if schools.n_malformed:
        yield f"Rows of schools left out because they have other fields than the header: {schools.n_malformed:,}."
    if schools.n_not_open:
        yield (
            f"Schools left out because their file says that they are closed, or not open yet: {schools.n_not_open:,}."
        )
    if schools.n_outside:
        yield f"Schools left out because they lie further than 1 km from the wards: {schools.n_outside:,}."
    if schools.n_repeated:
        yield f"Rows of schools left out because the school is in another row: {schools.n_repeated:,}."
    if schools.n_unnamed:
        yield f"Schools left out because they have no name that may be shown: {schools.n_unnamed:,}."


def _note_lost_premises(premises: Premises) -> Iterator[str]:
    if n_lost := sum(premises.without_location.values()):
        why = _list_counts(premises.without_location)
        yield f"Premises left out because they have no usable location: {n_lost:,} ({why})."
    if premises.n_malformed:
        yield f"Rows of premises left out because they have other fields than the header: {premises.n_malformed:,}."
    if premises.n_other_kinds:
        yield f"Rows of premises left out because they are of another kind of place: {premises.n_other_kinds:,}."
    if premises.n_shut:
        yield f"Premises left out because their file says that they or their licence are no more: {premises.n_shut:,}."


def say_hours_doubts(havens: Havens) -> str:
    """Why it is not known when some safe havens are open, with their numbers: "a remark alone: 1, not stated: 3"."""
    n_silent = int(havens.havens["opening_hours"].isna().sum()) - havens.n_hours_unreadable
    return _list_counts(_list_doubts(havens) | ({"not stated": n_silent} if n_silent else {}))


def _list_doubts(havens: Havens) -> dict[str, int]:
    return {_DOUBTS[doubt]: n for doubt, n in sorted(havens.hours_doubts.items())}


def _note_opening_hours(havens: Havens) -> Iterator[str]:
    """Say of which safe havens it is not known when they are open: what is said of open ones rests on the others."""
    n_unknown = int(havens.havens["opening_hours"].isna().sum())
    n_silent = n_unknown - havens.n_hours_unreadable
    reasons = _list_doubts(havens)
    if n_unknown == len(havens.havens):
        yield (
            "The opening hours of no safe haven are known, so it is not known which are open "
            f"({say_hours_doubts(havens)})."
            if reasons
            else "No safe haven states its opening hours, so it is not known which are open."
        )
    else:
        if reasons:
            yield (
                "Safe havens whose opening hours are stated but not known, and which count as closed: "
                f"{havens.n_hours_unreadable:,} ({_list_counts(reasons)})."
            )
        if n_silent:
            yield f"Safe havens that state no opening hours, and count as closed: {n_silent:,}."
    if havens.n_hours_partly_known:
        yield (
            "Safe havens of whose opening hours some are in doubt (a remark, no closing time or days without times), "
            f"and count as closed then: {havens.n_hours_partly_known:,}."
        )


def _list_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{words}: {n:,}" for words, n in counts.items())
