"""The summary of a patrol plan: who goes where and when, what it rests on, and what it cannot do."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import hotspots
from hotspots.analysis.network import WALKING_M_PER_MINUTE
from hotspots.analysis.patrols import BREAK_LEEWAY_MINUTES, PatrolRoute, PatrolStop
from hotspots.geography import format_grid_reference
from hotspots.pipeline import DETOUR, ShiftPlan, TravelBy
from hotspots.products.summary.encoding import Degrees, Part, Quantity, Share, Source, Thousandths
from hotspots.products.summary.handling_summary import HandlingSummary, summarise_handling
from hotspots.products.summary.patrol_summary import PatrolPlaceSummary, summarise_patrols
from hotspots.products.summary.place_hours import PlaceWindow
from hotspots.products.summary.place_summary import LocationCount, LocationKindCount, WardName
from hotspots.products.summary.product_names import PATROL_PLAN_PRODUCTS
from hotspots.products.summary.run_summary import InputSummary, Period, count_period
from hotspots.products.words import say_each

Minutes = Annotated[int, Quantity("minutes")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStopSummary(Part):
    """A visit or a break.

    Attributes:
        kind: Which of them.
        begins, ends: On the local clock, such as "14:29"; where that shows a time twice, with its zone: "01:14 BST".
        begins_at, ends_at: The same with the day and the difference from UTC.
        begins_utc, ends_utc: The same in UTC.
        place_rank: Number of the place; of a break, of the one at which the patrol is, or null at its start.
        travel_minutes: On the way to it.
        wait_minutes: Before it.
    """

    kind: Literal["visit", "break"]
    begins: str
    ends: str
    begins_at: str
    ends_at: str
    begins_utc: str
    ends_utc: str
    place_rank: int | None
    travel_minutes: Minutes
    wait_minutes: Minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRouteSummary(Part):
    """What one patrol does. Its minutes add up to the shift.

    Attributes:
        patrol: Its number.
        stops: In order.
        n_visits: How many of them are visits.
        travel_minutes, visit_minutes, break_minutes, wait_minutes: Of all; waiting is also what is left at the end.
        home_minutes: Of the way to where it ends.
        leaves_last: When it must leave the last place to be at the end in time, on the local clock.
    """

    patrol: int
    stops: tuple[PlannedStopSummary, ...]
    n_visits: int
    travel_minutes: Minutes
    visit_minutes: Minutes
    break_minutes: Minutes
    wait_minutes: Minutes
    home_minutes: Minutes
    leaves_last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPlaceSummary(Part):
    """A place to patrol, and the visits to it.

    Attributes:
        rank: Its number on the map of the run: 1 is where most is expected in all hours.
        place: What it is called.
        grid_reference: The square of 100 m of the British National Grid that holds its middle; null elsewhere.
        easting, northing: Its middle, in the coordinate reference system of the study area.
        latitude, longitude: The same in WGS84 degrees, to about 10 m.
        wards: It lies in, by number of its incidents.
        locations, location_kinds: Those that may be told beside the number of all.
        peak: The hours in which its incidents concentrate most clearly.
        expected: Incidents expected in the shift.
        own_hours_share: The weight of its own hours in that; the rest is the week of the whole area.
        visits: When they begin, on the local clock.
        longest_gap_minutes: Between two visits; null where there are fewer than two.
        is_spaced: Whether no two visits are further apart than promised.
        is_kept: Whether it is never left for longer than promised, from the beginning of the shift to its end.
        held_share: Of what is expected there in the shift, the part in the time that visits hold for.
        is_reachable: Whether it can be visited in the shift at all.
    """

    rank: int
    place: str
    grid_reference: str | None
    easting: Annotated[int, Quantity("m")]
    northing: Annotated[int, Quantity("m")]
    latitude: Degrees
    longitude: Degrees
    wards: tuple[WardName, ...]
    locations: tuple[LocationCount, ...]
    location_kinds: tuple[LocationKindCount, ...]
    peak: PlaceWindow | None
    expected: Annotated[float, Quantity("incidents", decimals=3)]
    own_hours_share: Share
    visits: tuple[str, ...]
    longest_gap_minutes: Annotated[int | None, Quantity("minutes")]
    is_spaced: bool
    is_kept: bool
    held_share: Share
    is_reachable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelSummary(Part):
    """How patrols go from place to place.

    Attributes:
        by: On foot or by car.
        is_along_streets: Whether ways are along streets; else they are as the crow flies, times `detour`.
        n_off_streets: Places that the streets given do not reach, so that ways to them are too long.
        detour: How much longer a way is taken to be than as the crow flies; 1 along streets.
        km_per_hour: How fast they go.
        parking_minutes: By car: added to each way; else 0.
        start, end: Where they begin and end: its grid reference, or easting and northing; null where that is open.
    """

    by: TravelBy
    is_along_streets: bool
    n_off_streets: int
    detour: float
    km_per_hour: float
    parking_minutes: float
    start: str | None
    end: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatrolPlanSummary(Part):
    """A plan for one shift, with the sentences that card and terminal say.

    Attributes:
        crime: Short name of the crime, as on the command line.
        crime_label: The crime as a heading.
        crime_plural: The incidents in the middle of a sentence.
        data_status: What files say of themselves ("synthetic"), by table; empty for ordinary data.
        handling: For whom the products are, and how they are marked.
        period: Days of the incidents that the estimate rests on.
        day: On which the shift begins.
        begins, ends: On the local clock.
        begins_at, ends_at: The same with the day and the difference from UTC.
        shift_minutes: How long it is; on a night on which the clocks change, not what the clock shows.
        has_clock_change: Whether the clocks change in it.
        time_zone: Of the local clock.
        n_patrols: How many there are.
        visit_minutes, max_gap_minutes: Of one visit, and the longest that a place may be left between two.
        break_leeway_minutes: How much later than asked for a break may begin.
        travel: How they go from place to place.
        is_flat: Whether the hours of incidents are not known, and every hour counts the same.
        routes: One for each patrol.
        places: By rank.
        n_visits: Of all patrols.
        expected: Incidents expected at all places in the shift.
        held: Of these, in the time that visits hold for: until the next visit, or the longest gap after it.
        held_share: The same as a share.
        by_rank_share: The same share if the patrols went by rank.
        most_share: The share that no plan for these patrols could pass.
        is_by_rank: Whether going by rank is the plan, as nothing better was found.
        least_minutes: Without so many minutes of all patrols no plan keeps every place.
        available_minutes: The patrols have, without breaks.
        seed: Of the solver's random draws.
        inputs: Every file that was read.
        products: File names beside the summary, by what they are.
        version: Of the package that wrote it.
        words: The plan in sentences.
        notes: What to know of it.
    """

    view_of: ClassVar = ShiftPlan

    crime: str
    crime_label: str
    crime_plural: str
    data_status: Annotated[dict[str, str], Source("study.data_status")]
    handling: HandlingSummary
    period: Period
    day: Annotated[dt.date, Source("request.day")]
    begins: str
    ends: str
    begins_at: str
    ends_at: str
    shift_minutes: Minutes
    has_clock_change: bool
    time_zone: Annotated[str, Source("clock.zone.key")]
    n_patrols: Annotated[int, Source("request.n_patrols")]
    visit_minutes: Annotated[int, Quantity("minutes"), Source("request.visit_minutes")]
    max_gap_minutes: Annotated[int, Quantity("minutes"), Source("request.max_gap_minutes")]
    break_leeway_minutes: Minutes
    travel: TravelSummary
    is_flat: Annotated[bool, Source("estimate.is_flat")]
    routes: tuple[PlannedRouteSummary, ...]
    places: tuple[PlannedPlaceSummary, ...]
    n_visits: int
    expected: Annotated[Thousandths, Source("plan.expected")]
    held: Annotated[Thousandths, Source("plan.worth")]
    held_share: Annotated[Share, Source("plan.share")]
    by_rank_share: Annotated[Share, Source("plan.by_rank_share")]
    most_share: Annotated[Share, Source("plan.bound_share")]
    is_by_rank: Annotated[bool, Source("plan.is_by_rank")]
    least_minutes: Annotated[int, Quantity("minutes"), Source("plan.least_minutes")]
    available_minutes: Annotated[int, Quantity("minutes"), Source("plan.available_minutes")]
    seed: Annotated[int, Source("request.seed")]
    inputs: tuple[InputSummary, ...]
    products: dict[str, str]
    version: str
    words: tuple[str, ...]
    notes: tuple[str, ...]


def summarise_patrol_plan(shift_plan: ShiftPlan) -> PatrolPlanSummary:
    """Everything of a plan, with the sentences that card and terminal say."""
    analysis, clock, plan = shift_plan.analysis, shift_plan.clock, shift_plan.plan
    first, last = clock.tell(0), clock.tell(clock.length_s)
    tracks = {f"patrol_{number}_gpx": f"patrol_{number}.gpx" for number in range(1, len(plan.routes) + 1)}
    found = summarise_patrols(analysis)
    assert found is not None  # there are places
    summary = PatrolPlanSummary.of(
        shift_plan,
        crime=analysis.crime.slug,
        crime_label=analysis.crime.label,
        crime_plural=analysis.crime.plural,
        period=count_period(analysis.start, analysis.end),
        begins=_say_clock(first),
        ends=_say_clock(last),
        begins_at=first.isoformat(),
        ends_at=last.isoformat(),
        shift_minutes=clock.length_s // 60,
        has_clock_change=first.utcoffset() != last.utcoffset(),
        break_leeway_minutes=BREAK_LEEWAY_MINUTES,
        travel=_summarise_travel(shift_plan),
        routes=tuple(
            _summarise_route(route, number, shift_plan)
            for number, route in enumerate(plan.routes, 1)
        ),
        places=tuple(_summarise_place(at, place, shift_plan) for at, place in enumerate(found.places)),
        n_visits=sum(len(route.visits) for route in plan.routes),
        inputs=tuple(map(InputSummary.of, shift_plan.study.inputs)),
        handling=summarise_handling(shift_plan.study.house, "tasking"),
        products={**PATROL_PLAN_PRODUCTS, **tracks},
        version=hotspots.__version__,
        words=(),
        notes=(),
    )  # fmt: skip
    return dataclasses.replace(
        summary,
        words=tuple(say_each("patrol_plan.findings", summary)),
        notes=tuple(say_each("patrol_plan.notes", summary)),
    )


def _summarise_route(route: PatrolRoute, number: int, shift_plan: ShiftPlan) -> PlannedRouteSummary:
    clock = shift_plan.clock
    return PlannedRouteSummary(
        patrol=number,
        stops=tuple(_summarise_stop(stop, shift_plan) for stop in route.stops),
        n_visits=len(route.visits),
        travel_minutes=route.travel_s // 60,
        visit_minutes=route.visit_s // 60,
        break_minutes=route.break_s // 60,
        wait_minutes=route.wait_s // 60,
        home_minutes=route.home_s // 60,
        leaves_last=_say_clock(clock.tell(clock.length_s - route.home_s)),
    )


def _summarise_stop(stop: PatrolStop, shift_plan: ShiftPlan) -> PlannedStopSummary:
    begin, end = (shift_plan.clock.tell(seconds) for seconds in (stop.begin_s, stop.end_s))
    return PlannedStopSummary(
        kind=stop.kind,
        begins=_say_clock(begin),
        ends=_say_clock(end),
        begins_at=begin.isoformat(),
        ends_at=end.isoformat(),
        begins_utc=_say_utc(begin),
        ends_utc=_say_utc(end),
        place_rank=None if stop.place is None else shift_plan.analysis.places.patrol_places[stop.place].rank,
        travel_minutes=stop.travel_s // 60,
        wait_minutes=stop.wait_s // 60,
    )


def _say_clock(moment: dt.datetime) -> str:
    """A time of the local clock: "14:29"; with its zone where the clock shows it twice: "01:14 BST"."""
    is_shown_twice = moment.replace(fold=1 - moment.fold).utcoffset() != moment.utcoffset()
    return f"{moment:%H:%M %Z}" if is_shown_twice else f"{moment:%H:%M}"


def _say_utc(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _summarise_place(at: int, place: PatrolPlaceSummary, shift_plan: ShiftPlan) -> PlannedPlaceSummary:
    visits, clock = shift_plan.plan.places[at], shift_plan.clock
    return PlannedPlaceSummary.of(
        place,
        expected=visits.expected,
        own_hours_share=shift_plan.estimate.own_weight[at],
        visits=tuple(_say_clock(clock.tell(seconds)) for seconds in visits.begin_s),
        longest_gap_minutes=None if visits.longest_gap_s is None else visits.longest_gap_s // 60,
        is_spaced=visits.is_spaced,
        is_kept=visits.is_kept,
        held_share=visits.worth / visits.expected if visits.expected else 0.0,
        is_reachable=at not in shift_plan.plan.unreachable,
    )


def _summarise_travel(shift_plan: ShiftPlan) -> TravelSummary:
    request, crs = shift_plan.request, shift_plan.analysis.wards.crs
    is_car = request.by == "car"

    def name(point: tuple[float, float] | None) -> str | None:
        return point and (format_grid_reference(*point, crs=crs) or f"{point[0]:.0f},{point[1]:.0f}")

    return TravelSummary(
        by=request.by,
        is_along_streets=shift_plan.is_along_streets,
        n_off_streets=shift_plan.n_off_streets,
        detour=1.0 if shift_plan.is_along_streets else DETOUR,
        km_per_hour=request.car_kmh if is_car else WALKING_M_PER_MINUTE * 0.06,
        parking_minutes=request.parking_minutes if is_car else 0.0,
        start=name(shift_plan.start),
        end=name(shift_plan.end),
    )
