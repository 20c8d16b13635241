"""Quality of the data before analysis: refusals, times, places, months, wards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from hotspots.crimes import UNRECOGNISED
from hotspots.geography import collapse_points
from hotspots.ingest.incidents import Intake, Oddity, find_days
from hotspots.pipeline.holes import Hole
from hotspots.pipeline.known_time import MonthQuality, find_known_time
from hotspots.pipeline.overlaps import Overlap, find_overlaps
from hotspots.pipeline.window_changes import LostRows, find_lost_rows

_N_EXAMPLES = 3
_N_TEXTS = 5
_WEEK = pd.Timedelta(days=7)
_MANY_TIMES = 500
_QUIET = range(10)
"""Hours at which the four quietest of a day begin; if they begin at another, the clock is likely wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRows:
    """Rows that were refused for one reason.

    Attributes:
        reason: Why.
        n_rows: How many.
        examples: Source, row and what the row gave, of the first few.
    """

    reason: str
    n_rows: int
    examples: tuple[tuple[str, int, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRows:
    """Where the rows of one table went.

    Attributes:
        source: The table.
        n_read: Rows in it.
        n_used: Rows that can be analysed.
        n_set_aside: Rows in months that were not asked for.
        refused: Rows refused, by reason.
        first_day, last_day: Of the rows that can be used; None where there are none.
    """

    source: str
    n_read: int
    n_used: int
    n_set_aside: int
    refused: dict[str, int]
    first_day: dt.date | None
    last_day: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTable:
    """A table of counts, in which a row stands for several incidents, or for none.

    Attributes:
        source: The table.
        n_rows: Rows in it.
        n_incidents: Incidents that they stand for, which are called rows elsewhere; one for each that cannot be read.
    """

    source: str
    n_rows: int
    n_incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeQuality:
    """How far the times can be trusted.

    Attributes:
        n_by_precision: Rows whose time is known to the `minute`, the `day` or the `month`.
        n_reported: Rows whose source says only when they became known, and not when they happened.
        n_first_days: Rows whose date was the first of a month, as those of all rows of their table, read as the month.
        n_midnight: Rows at midnight, taken for "time not known".
        n_default: Rows at a time that a form seems to fill in, such as noon, taken for "time not known".
        n_half_lost: Rows whose time lost its am or pm, taken for "time not known".
        n_hour_only: Rows whose source gives the hour and not the minute.
        n_on_the_hour: Rows known to the minute at which the clock showed a full hour.
        n_on_the_half_hour: Rows at which it showed half past.
        n_nonexistent: Rows at a time that the clock went forward over.
        n_ambiguous: Rows at a time that the clock showed twice.
        n_converted: Rows whose times said that they were UTC, or of another offset.
        quietest_hour: The first of the four hours of the day with the fewest rows; None where too few have a time.
        busiest_hour: The first of the four with the most.
        is_night_quietest: Whether the quietest hours are in the night or morning; if not, times may be of another zone.
        n_with_end: Rows with an end, of those known to the minute.
        n_reversed: Rows whose end came before their start, and was ignored.
        n_unreadable_times: Rows whose time of day cannot be read; they keep their day.
        n_unreadable_ends: Rows whose end cannot be read as a time.
        n_over_a_week: Rows whose interval is a week or longer: they say nothing of the hour.
    """

    n_by_precision: dict[str, int]
    n_reported: int
    n_first_days: int
    n_midnight: int
    n_default: int
    n_half_lost: int
    n_hour_only: int
    n_on_the_hour: int
    n_on_the_half_hour: int
    n_nonexistent: int
    n_ambiguous: int
    n_converted: int
    quietest_hour: int | None
    busiest_hour: int | None
    is_night_quietest: bool
    n_with_end: int
    n_reversed: int
    n_unreadable_times: int
    n_unreadable_ends: int
    n_over_a_week: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceQuality:
    """How far the places can be trusted.

    Attributes:
        n_by_precision: Rows by `location_precision`.
        n_places: Distinct coordinates.
        shared_share: Share of the rows that lie on a coordinate with others: near 1 where they were moved to shared
            points.
        n_rounded: Rows whose coordinates are rounded to 100 m or more, among those known only to an `area`.
        rounded_to: What they are rounded to.
    """

    n_by_precision: dict[str, int]
    n_places: int
    shared_share: float | None
    n_rounded: int
    rounded_to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WardQuality:
    """Whether the wards that the source names are those of the boundaries.

    Attributes:
        n_stated: Rows whose source names a ward, by code or name.
        n_unknown: Rows whose ward is not in the boundaries: another vintage, or another area.
        n_other: Rows whose ward is in the boundaries, and whose place lies in another one.
        unknown_codes: The most common unknown codes and names.
    """

    n_stated: int
    n_unknown: int
    n_other: int
    unknown_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentsQuality:
    """Of how many wards the residents are known, where those of any are.

    Attributes:
        n_wards: Wards of the boundaries.
        n_unknown: Those without residents, which are in no rate per resident.
        unknown_share: Share of the rows in wards that lie in those; None where no row lies in a ward.
        unknown_codes: Their codes.
        n_unmatched: Codes of the table of residents that no ward has, as where it is of another year.
        unmatched_codes: The first few of them.
    """

    n_wards: int
    n_unknown: int
    unknown_share: float | None
    unknown_codes: tuple[str, ...]
    n_unmatched: int
    unmatched_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The quality of what was read.

    Attributes:
        n_read, n_used: Rows read, and rows that can be analysed.
        n_set_aside: Rows in months that were not asked for, and at which nobody looked.
        refused: Rows that cannot, by reason, most first.
        sources: Each table.
        counts: Those that are of counts.
        n_conflicting_ids: Rows kept whose ID an earlier, different row has too.
        n_placeholder_ids: Rows with a placeholder for an ID, so that it is not known whether they repeat others.
        n_masked: Rows in whose text personal data were masked.
        n_hidden: Rows that a filter or a person has hidden in their workbook, and that are used all the same.
        unrecognised: The most common offence texts that are in no table, with their rows.
        n_unrecognised: Rows with any such text.
        n_unreadable_knife_flags: Rows with a knife flag that is neither yes nor no.
        n_knife_taken_for_no: Rows whose knife column holds a text that is not a word of its source profile.
        unread_knife: The most common of both kinds of text, with their rows.
        n_outside_wards: Rows that lie outside the wards; None where there are no boundaries.
        overlaps: Sources that seem to hold the same incidents.
        n_by_crime: Rows by category.
        notes: What to know about the reading, in sentences.
        times, places, months: See there.
        holes: Files, boroughs or wards without a row in some months while others go on.
        lost: Rows without a place, where the widest two windows that can be compared have unequal shares; else None.
        wards: None where there are no boundaries, or the source names no wards.
        residents: None where there are no boundaries, or no ward has any residents.
    """

    n_read: int
    n_used: int
    n_set_aside: int
    refused: tuple[RefusedRows, ...]
    sources: tuple[SourceRows, ...]
    counts: tuple[CountTable, ...]
    n_conflicting_ids: int
    n_placeholder_ids: int
    n_masked: int
    n_hidden: int
    unrecognised: dict[str, int]
    n_unrecognised: int
    n_unreadable_knife_flags: int
    n_knife_taken_for_no: int
    unread_knife: dict[str, int]
    n_outside_wards: int | None
    overlaps: tuple[Overlap, ...]
    n_by_crime: dict[str, int]
    notes: tuple[str, ...]
    times: TimeQuality
    places: PlaceQuality
    months: MonthQuality
    holes: tuple[Hole, ...]
    lost: LostRows | None
    wards: WardQuality | None
    residents: ResidentsQuality | None


def assess_quality(
    intake: Intake, *, wards: gpd.GeoDataFrame | None = None, unmatched_residents: Sequence[str] = ()
) -> Quality:
    """Assess the quality of the data read.

    Args:
        intake: What was read; with `wards`, its incidents carry `ward_code`.
        wards: The wards table, to compare with the wards that the source names.
        unmatched_residents: Codes of a table of residents that no ward has.
    """
    incidents = intake.incidents
    categories = incidents["category"].value_counts()
    known_time = find_known_time(incidents, wards=wards)
    unread_knife = intake.remarks["unread_knife"].notna().to_numpy()
    is_known = incidents["is_knife"].notna().to_numpy()
    return Quality(
        n_read=intake.n_read,
        n_used=len(incidents),
        n_set_aside=intake.n_set_aside,
        refused=_group_refused(intake.rejected),
        sources=(sources := _count_sources(intake)),
        counts=_list_counts(intake, sources),
        n_conflicting_ids=intake.count(Oddity.CONFLICTING_ID),
        n_placeholder_ids=intake.count(Oddity.PLACEHOLDER_ID),
        n_masked=intake.count(Oddity.MASKED),
        n_hidden=intake.count(Oddity.HIDDEN),
        unrecognised=_most_common(intake.count_texts("unrecognised_offence")),
        n_unrecognised=int((incidents["category"] == UNRECOGNISED).sum()),
        n_unreadable_knife_flags=int((unread_knife & ~is_known).sum()),
        n_knife_taken_for_no=int((unread_knife & is_known).sum()),
        unread_knife=_most_common(intake.count_texts("unread_knife")),
        n_outside_wards=int(incidents["ward_code"].isna().sum()) if wards is not None else None,
        overlaps=find_overlaps(incidents),
        n_by_crime={str(name): int(n) for name, n in categories.items() if n and name != UNRECOGNISED},
        notes=intake.notes,
        times=_assess_times(intake),
        places=_assess_places(intake),
        months=known_time.months,
        holes=known_time.holes,
        lost=find_lost_rows(incidents, intake.rejected, known_time),
        wards=_assess_wards(incidents, wards) if wards is not None else None,
        residents=_assess_residents(incidents, wards, unmatched_residents) if wards is not None else None,
    )


def _most_common(texts: dict[str, int]) -> dict[str, int]:
    return dict(list(texts.items())[:_N_TEXTS])


def _group_refused(rejected: pd.DataFrame) -> tuple[RefusedRows, ...]:
    groups = []
    for reason, rows in rejected.groupby("reason", observed=True):
        first = rows.head(_N_EXAMPLES)
        gave = [text if isinstance(text, str) else None for text in first["detail"]]
        where = zip(first["source"].astype(str), first["source_row"].astype(int), gave, strict=True)
        groups.append(RefusedRows(reason=str(reason), n_rows=len(rows), examples=tuple(where)))
    return tuple(sorted(groups, key=lambda group: (-group.n_rows, group.reason)))


def _count_sources(intake: Intake) -> tuple[SourceRows, ...]:
    incidents, rejected = intake.incidents, intake.rejected
    first, last = find_days(incidents)
    days = pd.DataFrame({"source": incidents["source"].array, "first": first, "last": last})
    used = {str(source): rows for source, rows in days.groupby("source", observed=True)}
    refused = {str(source): rows["reason"] for source, rows in rejected.groupby("source", observed=True)}
    aside = intake.set_aside.groupby("source")["n_rows"].sum()
    n_aside = {str(source): int(n) for source, n in aside.items()}
    counted = []
    for source in sorted({*used, *refused, *n_aside}):
        why = refused[source].value_counts() if source in refused else pd.Series(dtype="int64")
        reasons = {str(reason): int(n) for reason, n in why.items() if n}
        rows = used.get(source)
        counted.append(
            SourceRows(
                source=source,
                n_read=sum(reasons.values()) + n_aside.get(source, 0) + (0 if rows is None else len(rows)),
                n_set_aside=n_aside.get(source, 0),
                n_used=0 if rows is None else len(rows),
                refused=reasons,
                first_day=None if rows is None else rows["first"].min().date(),
                last_day=None if rows is None else rows["last"].max().date(),
            )
        )
    return tuple(counted)


def _list_counts(intake: Intake, sources: Sequence[SourceRows]) -> tuple[CountTable, ...]:
    n_read = {rows.source: rows.n_read for rows in sources}
    return tuple(
        CountTable(source=table.label, n_rows=table.n_count_rows, n_incidents=n_read.get(table.label, 0))
        for table in intake.tables
        if table.n_count_rows is not None
    )


def _assess_times(intake: Intake) -> TimeQuality:
    incidents = intake.incidents
    precision = incidents["time_precision"].value_counts()
    is_timed = (incidents["time_precision"] == "minute").to_numpy()
    timed = incidents.loc[is_timed, ["started_at", "ended_at"]]
    is_hour = (intake.remarks["oddities"].to_numpy()[is_timed] & Oddity.HOUR_ONLY.value).astype(bool)
    hours = np.bincount(timed["started_at"].dt.hour, minlength=24)
    of_four_hours = np.convolve(np.tile(hours, 2), np.ones(4), mode="valid")[:24]
    is_enough = len(timed) >= _MANY_TIMES
    quietest = int(np.argmin(of_four_hours)) if is_enough else None
    return TimeQuality(
        n_by_precision={str(name): int(n) for name, n in precision.items() if n},
        n_reported=int(incidents["source"].isin(intake.reported_sources).sum()),
        n_first_days=intake.count(Oddity.FIRST_OF_MONTH),
        n_midnight=intake.count(Oddity.MIDNIGHT),
        n_default=intake.count(Oddity.DEFAULT_TIME),
        n_half_lost=intake.count(Oddity.HALF_LOST),
        n_hour_only=int(is_hour.sum()),
        n_on_the_hour=int(((timed["started_at"].dt.minute == 0) & ~is_hour).sum()),
        n_on_the_half_hour=int((timed["started_at"].dt.minute == 30).sum()),
        n_nonexistent=intake.count(Oddity.NONEXISTENT_TIME),
        n_ambiguous=intake.count(Oddity.AMBIGUOUS_TIME),
        n_converted=intake.count(Oddity.CONVERTED_TIME),
        quietest_hour=quietest,
        busiest_hour=int(np.argmax(of_four_hours)) if is_enough else None,
        is_night_quietest=quietest is None or quietest in _QUIET,
        n_with_end=int(timed["ended_at"].notna().sum()),
        n_reversed=intake.count(Oddity.REVERSED),
        n_unreadable_times=intake.count(Oddity.TIME_UNREADABLE),
        n_unreadable_ends=intake.count(Oddity.END_UNREADABLE),
        n_over_a_week=int((timed["ended_at"] - timed["started_at"] >= _WEEK).sum()),
    )


def _assess_places(intake: Intake) -> PlaceQuality:
    incidents = intake.incidents
    precision = incidents["location_precision"].value_counts()
    places = collapse_points(incidents)
    shared = places.n_incidents[places.n_incidents > 1].sum()
    return PlaceQuality(
        n_by_precision={str(name): int(n) for name, n in precision.items() if n},
        n_places=len(places.n_incidents),
        shared_share=float(shared / len(incidents)) if len(incidents) else None,
        n_rounded=intake.count(Oddity.ROUNDED),
        rounded_to=tuple(dict.fromkeys(table.rounded_to for table in intake.tables if table.rounded_to)),
    )


def _assess_wards(incidents: gpd.GeoDataFrame, wards: gpd.GeoDataFrame) -> WardQuality | None:
    stated = incidents["stated_ward"].astype("object")
    said = stated.notna().to_numpy()
    if not said.any():
        return None
    names = wards["ward_name"].astype("object").str.strip().str.casefold()
    # several wards may have one name, and then it does not say which is meant
    found = incidents["ward_code"].astype("object")
    found_name = found.map(names)
    is_code = stated.isin(wards.index).to_numpy()
    folded = stated.str.strip().str.casefold()
    is_name = ~is_code & folded.isin(set(names)).to_numpy()
    known = said & (is_code | is_name)
    differs = np.where(is_code, found != stated, found_name != folded)
    unknown = stated[said & ~known].value_counts()
    return WardQuality(
        n_stated=int(said.sum()),
        n_unknown=int((said & ~known).sum()),
        n_other=int((known & found.notna().to_numpy() & differs).sum()),
        unknown_codes=tuple(map(str, unknown.index[:_N_EXAMPLES])),
    )


def _assess_residents(
    incidents: gpd.GeoDataFrame, wards: gpd.GeoDataFrame, unmatched: Sequence[str]
) -> ResidentsQuality | None:
    is_known = wards["population"] > 0
    if not is_known.any():
        return None
    unknown = wards.index[~is_known]
    ward_code = incidents["ward_code"].dropna()
    return ResidentsQuality(
        n_wards=len(wards),
        n_unknown=len(unknown),
        unknown_share=float(ward_code.isin(unknown).mean()) if len(ward_code) else None,
        unknown_codes=tuple(map(str, unknown)),
        n_unmatched=len(unmatched),
        unmatched_codes=tuple(unmatched[:_N_EXAMPLES]),
    )
