"""The summary of what patrols did: visits, minutes and hours of crime covered, beside the plan."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
import shapely

import hotspots
from hotspots.analysis.patrols import KOPER_MINUTES, CrimeHours, KeptPlan, StayOptions, VisitLengths
from hotspots.geography import format_grid_reference
from hotspots.pipeline import PatrolledPlace, PatrolsDone, PeakCover
from hotspots.products.summary.encoding import Metres, Part, Quantity, Share, Source, Tenths
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.hours_summary import WindowSummary
from hotspots.products.summary.place_summary import locate_hotspots
from hotspots.products.summary.product_names import PATROLS_DONE_PRODUCTS
from hotspots.products.summary.run_summary import AccountSummary, InputSummary, Period, count_period
from hotspots.products.words import say, say_each

Minutes = Annotated[float, Quantity("minutes", decimals=1)]
Hours = Annotated[float, Quantity("hours", decimals=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthsSummary(Part):
    """How long visits were.

    Attributes:
        koper_share: Share of visits of 10 to 20 minutes; null without any.
    """

    view_of: ClassVar = VisitLengths

    n_visits: int
    n_short: int
    n_koper: int
    n_long: int
    n_passing: int
    median_minutes: Minutes | None
    koper_share: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolHours(Part):
    """Where the time of patrols went.

    Attributes:
        total: Of all patrols on duty; of visits that were written down, the sum of these.
        in_places: At the places to patrol.
        elsewhere: In none of them.
        unknown: Without a ping for longer than is bridged.
    """

    total: Hours
    in_places: Hours
    elsewhere: Hours
    unknown: Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSummary(Part):
    """The plan beside what was done.

    Attributes:
        kept_share: Share of the planned visits that were made; null where none can be judged.
        n_missed: Planned visits that were not made.
        n_extra: Visits that were not planned, on days for which there is a plan.
        n_days: Days of the records for which there is a plan.
        n_outside: Planned visits before the first record or after the last, which cannot be judged.
        n_elsewhere: Planned visits without a position or a name that is known.
        refused: Rows of the plan that cannot be read, by reason.
    """

    view_of: ClassVar = KeptPlan

    n_planned: int
    n_kept: int
    n_missed: int
    n_extra: int
    n_days: int
    kept_share: Share | None
    slack_minutes: Annotated[float, Quantity("minutes")]
    n_outside: int
    n_elsewhere: int
    refused: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolledPlaceSummary(Part):
    """A place to patrol, and what it saw.

    Attributes:
        place: What it is called.
        easting, northing: A point in it, in the coordinate reference system of the study area.
        minutes: Of patrols: two that are there together count twice.
        visits: Of them, those of several patrols together as one.
        longest_hours: The longest time between two visits; null with fewer than two.
    """

    view_of: ClassVar = PatrolledPlace

    number: str
    place: str
    easting: Annotated[int, Quantity("m")]
    northing: Annotated[int, Quantity("m")]
    is_of_plan: bool
    n_incidents: int | None
    minutes: Minutes
    visits: Annotated[LengthsSummary, Source("lengths")]
    n_days: int
    median_hours: Hours | None
    longest_hours: Hours | None
    crime_share: Share | None
    n_planned: int | None
    n_kept: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolDay(Part):
    """A day of the records.

    Attributes:
        day: The day.
        n_visits: Visits that begin on it, at all places.
        minutes: Of patrols at the places.
        n_planned, n_kept: Of the plan; null without one.
    """

    day: dt.date
    n_visits: int
    minutes: Minutes
    n_planned: int | None
    n_kept: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolHour(Part):
    """An hour of a day at a place, of those in which a patrol was there.

    Attributes:
        number: Of the place.
        day: The day.
        hour: Of the local clock, 0 to 23.
        minutes: Of patrols.
    """

    number: str
    day: dt.date
    hour: int
    minutes: Minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeHoursSummary(Part):
    """How much of the hours of crime was covered."""

    view_of: ClassVar = CrimeHours

    share: Share | None
    hours_share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakCoverSummary(Part):
    """How much of a peak of the crime was covered.

    Attributes:
        window: The peak.
        share: Share of its hours at the places in which a visit was there; null where the records hold none of them.
    """

    view_of: ClassVar = PeakCover

    window: Annotated[WindowSummary, Source("peak")]
    n_hours: int
    n_covered: int
    share: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StayRules(Part):
    """What counts as being in a place."""

    view_of: ClassVar = StayOptions

    tolerance_m: Metres
    bridge_minutes: Annotated[float, Quantity("minutes")]
    off_minutes: Annotated[float, Quantity("minutes")]
    passing_minutes: Annotated[float, Quantity("minutes")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolsDoneSummary(Part):
    """What patrols did, with the sentences that the page and the terminal say.

    Attributes:
        crime: Short name of the crime, as on the command line.
        crime_label: The crime as a heading.
        crime_plural: The incidents in the middle of a sentence.
        data_status: What files say of themselves ("synthetic"), by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        period: First and last day of the records.
        incident_period: Days of the incidents that places and hours of crime are from.
        is_listed: Whether a file listed the places; otherwise they are those that a run finds.
        is_before: Whether these incidents are from before the first record alone.
        kind: Of the records.
        n_patrols: Devices in them, or whoever wrote down visits.
        hours: Where the time of patrols went.
        visits: How long visits were.
        plan: The plan beside them; null without one.
        crime_hours: How much of the hours of crime was covered.
        peaks: How much of each peak of the crime's week was covered.
        places: Those to patrol, in their order.
        never_visited: Numbers of the places without a visit.
        days: Every day of the records.
        by_hour: Minutes by place, day and hour, where there are any.
        week: Patrol minutes at the places by day of the week, Monday first, and hour.
        ping_seconds: Median time between two pings; null for visits.
        rules: What counts as being in a place.
        refused: Records left out, by reason.
        n_malformed: Rows with other fields than the header, left out too.
        n_outside: Pings outside the study area, which are time elsewhere.
        n_open_hours: Records of the hour that the clock shows twice of which nothing tells which it is.
        doubts: What could be otherwise in how records and plan were read, and which files were left out.
        accounts: Where every row of the incidents went.
        inputs: Every file that was read.
        products: File names beside the summary, by what they are.
        version: Of the package that wrote it.
        words: The result in sentences, the first of them the shortest.
        notes: What to know before the result is believed.
    """

    view_of: ClassVar = PatrolsDone

    crime: Annotated[str, Source("crime.slug")]
    crime_label: Annotated[str, Source("crime.label")]
    crime_plural: Annotated[str, Source("crime.plural")]
    data_status: dict[str, str]
    handling: HandlingSummary
    period: Period
    incident_period: Period
    is_listed: bool
    is_before: bool
    kind: Literal["pings", "visits"]
    n_patrols: Annotated[int, Source("records.n_patrols")]
    hours: PatrolHours
    visits: Annotated[LengthsSummary, Source("lengths")]
    plan: PlanSummary | None
    crime_hours: CrimeHoursSummary
    peaks: tuple[PeakCoverSummary, ...]
    places: tuple[PatrolledPlaceSummary, ...]
    never_visited: tuple[str, ...]
    days: tuple[PatrolDay, ...]
    by_hour: tuple[PatrolHour, ...]
    week: tuple[tuple[Tenths, ...], ...]
    ping_seconds: Annotated[float | None, Quantity("seconds", decimals=0), Source("stays.ping_seconds")]
    rules: Annotated[StayRules, Source("stays.options")]
    refused: Annotated[dict[str, int], Source("records.refused")]
    n_malformed: Annotated[int, Source("records.n_malformed")]
    n_outside: Annotated[int, Source("records.n_outside")]
    n_open_hours: Annotated[int, Source("records.n_open_hours")]
    doubts: tuple[str, ...]
    accounts: Annotated[AccountSummary, Source("selection.accounts")]
    inputs: tuple[InputSummary, ...]
    products: dict[str, str]
    version: str
    words: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def koper_minutes(self) -> tuple[float, float]:
        """How long a visit should be."""
        return KOPER_MINUTES


def summarise_patrols_done(found: PatrolsDone) -> PatrolsDoneSummary:
    """What patrols did, with the sentences that the page and the terminal say."""
    stays, dosage, chosen = found.stays, found.dosage, found.selection
    places = _summarise_places(found)
    summary = PatrolsDoneSummary.of(
        found,
        period=count_period(dosage.start, dosage.end),
        incident_period=count_period(chosen.start, chosen.end),
        kind="pings" if len(found.records.pings) else "visits",
        hours=PatrolHours(
            total=stays.total_minutes / 60,
            in_places=stays.place_minutes / 60,
            elsewhere=stays.elsewhere_minutes / 60,
            unknown=stays.unknown_minutes / 60,
        ),
        plan=_summarise_plan(found),
        peaks=tuple(
            PeakCoverSummary.of(one, share=one.n_covered / one.n_hours if one.n_hours else None) for one in found.peaks
        ),
        places=places,
        never_visited=tuple(places[place].number for place in dosage.never_visited),
        days=_summarise_days(found),
        by_hour=_list_hours(found),
        week=_sum_week(found),
        inputs=tuple(map(InputSummary.of, (*found.study.inputs, *found.files))),
        handling=summarise_handling(found.study.house, "tasking"),
        products=PATROLS_DONE_PRODUCTS,
        version=hotspots.__version__,
        words=(),
        notes=(),
    )
    return dataclasses.replace(
        summary,
        words=tuple(say_each("patrols_done.findings", summary)),
        notes=tuple(say_each("patrols_done.notes", summary)),
    )


def _summarise_places(found: PatrolsDone) -> tuple[PatrolledPlaceSummary, ...]:
    crs = found.selection.wards.crs
    points = shapely.get_coordinates(shapely.point_on_surface([place.outline for place in found.places]))
    # those that a run finds are called as the run calls them
    located = locate_hotspots(found.analysis.places.patrol_places, found.analysis) if found.analysis else []
    names = [str(where["place"]) for where in located]
    for place, (easting, northing) in list(zip(found.places, points.tolist(), strict=True))[len(names) :]:
        reference = format_grid_reference(easting, northing, crs=crs)
        names.append(place.names[0] if place.names else say("patrols_done.unnamed", reference))
    return tuple(
        PatrolledPlaceSummary.of(place, place=name, easting=round(easting), northing=round(northing))
        for place, name, (easting, northing) in zip(found.places, names, points.tolist(), strict=True)
    )


def _summarise_plan(found: PatrolsDone) -> PlanSummary | None:
    if found.plan is None:
        return None
    kept = found.plan.kept
    return PlanSummary.of(
        kept,
        n_missed=kept.n_planned - kept.n_kept,
        kept_share=kept.n_kept / kept.n_planned if kept.n_planned else None,
        n_extra=found.plan.n_extra,
        n_days=found.plan.n_days,
        n_outside=found.plan.n_outside,
        n_elsewhere=found.plan.n_elsewhere,
        refused=found.plan.refused,
    )


def _summarise_days(found: PatrolsDone) -> tuple[PatrolDay, ...]:
    dosage, plan = found.dosage, found.plan
    visits, minutes = dosage.count_visits_by_day().sum(axis=0), dosage.minutes.sum(axis=(0, 2))
    planned = kept = None
    if plan is not None:
        day = (plan.planned["arrive_at"].to_numpy().astype("datetime64[D]") - np.datetime64(dosage.start, "D")).astype(
            np.int64
        )
        is_in = (day >= 0) & (day < dosage.n_days)
        planned = np.bincount(day[is_in], minlength=dosage.n_days)
        kept = np.bincount(day[is_in & plan.kept.is_kept], minlength=dosage.n_days)
    return tuple(
        PatrolDay(
            day=dosage.start + dt.timedelta(days=index),
            n_visits=int(visits[index]),
            minutes=float(minutes[index]),
            n_planned=None if planned is None else int(planned[index]),
            n_kept=None if kept is None else int(kept[index]),
        )
        for index in range(dosage.n_days)
    )


def _list_hours(found: PatrolsDone) -> tuple[PatrolHour, ...]:
    minutes = found.dosage.minutes
    return tuple(
        PatrolHour(
            number=found.places[place].number,
            day=found.dosage.start + dt.timedelta(days=day),
            hour=hour,
            minutes=float(minutes[place, day, hour]),
        )
        for place, day, hour in np.argwhere(minutes >= 0.05).tolist()
    )


def _sum_week(found: PatrolsDone) -> tuple[tuple[float, ...], ...]:
    by_day = found.dosage.minutes.sum(axis=0)
    weekday = (np.arange(len(by_day)) + found.dosage.start.weekday()) % 7
    week = np.zeros((7, 24))
    np.add.at(week, weekday, by_day)
    return tuple(tuple(row) for row in week.tolist())
