"""The brief of a ward's team for two weeks: where to be and when, what to expect, which safe havens are open then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.hotspots import Hotspot, predict_places
from hotspots.analysis.hours import ENGLAND, OpeningCalendar, WeeklyProfile, WeekWindow, find_open_state
from hotspots.analysis.network import find_near, measure_walks
from hotspots.analysis.safe_havens import UsualHours, find_usual_hours
from hotspots.errors import ParameterError
from hotspots.ingest.reference import OpeningRule, list_opening_rules
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.street_names import name_streets
from hotspots.pipeline.surroundings import with_places

HavenState = Literal["open", "partly open", "closed", "not known"]
"""Of a safe haven in some hours: open in all of them, in some, in none, or it is not known."""

MAX_GAP_MINUTES = 120
"""Between two visits of a place."""

WEEKS = (2, 4, 12)
"""As long as windows that are compared."""

_MAX_HAVENS = 6
_MAX_STREETS = 3
_MAX_TEXT = 120
_STEP_MINUTES = 15
_DAY_MINUTES = 1440
_WEEKDAYS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefRequest:
    """What a brief is to say, beyond what was analysed.

    Attributes:
        first_day: Of the weeks that it is for; None for the day after the last of the period analysed.
        n_weeks: How many those are: 2, 4 or 12.
        n_places: At most so many places to patrol.
        most_places: More can be read neither on the map of a page nor in its list.
        contact: Whom to ask, in a line; None for that of the house, or else a line to fill in by hand.
        marking: The protective marking, in a line: "OFFICIAL-SENSITIVE"; None for that of the house.

    Raises:
        ParameterError: There are too many places for a page, the number of weeks is another, or a text is not one line
            that can be printed.
    """

    most_places: ClassVar[int] = 6

    first_day: dt.date | None = None
    n_weeks: int = 2
    n_places: int = 5
    contact: str | None = None
    marking: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.n_places <= self.most_places:
            raise ParameterError(
                f"A page has room for 1 to {self.most_places} places; `n_places` is {self.n_places}. Leave it out for "
                "the usual number."
            )
        if self.n_weeks not in WEEKS:
            raise ParameterError(f"A brief is for 2, 4 or 12 weeks; `n_weeks` is {self.n_weeks}. 4 is usual.")
        for name in ("contact", "marking"):
            text = getattr(self, name)
            if text is not None and not (text.strip() and text.isprintable() and len(text) <= _MAX_TEXT):
                raise ParameterError(
                    f"`{name}` must be one line of 1 to {_MAX_TEXT} printable characters; {text[:40]!r} has "
                    f"{len(text):,}. Shorten it, or leave it out."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefGround:
    """What a page is of: all that was analysed, or one ward of it.

    Attributes:
        wards: Those of the team.
        study_area: Their union, metres.
        n_incidents: Analysed in them.
        profile: When these happen.
        patrol_places: Where to go, by rank.
        expected: Incidents to expect in all of it over a period as long; 0 where nothing could be estimated.
    """

    wards: gpd.GeoDataFrame
    study_area: shapely.Geometry
    n_incidents: int
    profile: WeeklyProfile
    patrol_places: tuple[Hotspot, ...]
    expected: float

    @classmethod
    def of(cls, analysis: Analysis) -> BriefGround:
        """All that was analysed."""
        risk = analysis.places.risk
        return cls(
            wards=analysis.wards,
            study_area=analysis.study_area,
            n_incidents=len(analysis.incidents),
            profile=analysis.times.profile,
            patrol_places=analysis.places.patrol_places,
            expected=0.0 if risk is None else float(risk.expected.sum()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefPlace:
    """A place to patrol.

    Attributes:
        number: On the page, as its rank.
        place: As the analysis has it.
        expected: Incidents to expect in the two weeks.
        expected_low, expected_high: The range that is to hold what will be recorded 9 times in 10.
        window: When to be there: the hours in which its incidents concentrate, or else those of the whole ward, or else
            those of all that was analysed; None where none of these is known.
        is_own_window: Whether these are its own.
        streets: Names of the streets with the longest stretches in it, at most three; none where streets are not known.
    """

    number: int
    place: Hotspot
    expected: float
    expected_low: int
    expected_high: int
    window: WeekWindow | None
    is_own_window: bool
    streets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefHaven:
    """A safe haven near a place to patrol.

    Attributes:
        haven_id, name, kind, address: As the havens table has them; all but the first may be None.
        easting, northing: Where it is, metres.
        place: Number of the place that it is nearest to.
        walk_m: How far it is from the middle of that place, metres.
        is_within_reach: Whether that is within the reach that was asked for.
        state: In the hours of that place, over the two weeks; "not known" where those hours are not known.
        usual: When it is usually open on their days, or on Mondays to Fridays where there are none; None where that is
            not known.
    """

    haven_id: str
    name: str | None
    kind: str | None
    address: str | None
    easting: float
    northing: float
    place: int
    walk_m: float
    is_within_reach: bool
    state: HavenState
    usual: tuple[UsualHours, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a ward's team is told.

    Attributes:
        request: What was asked for.
        analysis: Of the crime in the ward, or in a larger area.
        ground: What of it the page is of.
        first_day, last_day: Of the two weeks.
        places: Where to be, by number.
        expected_share: Of what is expected in all of that ground, what is expected in them.
        area_share: Their area as a share of it.
        havens: Within reach of them, by place and then by the walk; None where none were given.
        nearest: The nearest haven where none is within reach; None where one is, or there is none to walk to.
    """

    request: BriefRequest
    analysis: Analysis
    ground: BriefGround
    first_day: dt.date
    last_day: dt.date
    places: tuple[BriefPlace, ...]
    expected_share: float
    area_share: float
    havens: tuple[BriefHaven, ...] | None
    nearest: BriefHaven | None


def make_brief(analysis: Analysis, request: BriefRequest, *, ground: BriefGround | None = None) -> Brief:
    """Choose what a ward's team is told for two weeks, or as many as it asks for.

    What is expected of a place in them is what the analysis expects of it in a period as long as its own, in
    proportion; so is the spread of its rate. The range is that of a count with such a rate.

    Args:
        analysis: Of one crime in the ward or wards of the team, or in a larger area.
        request: What is wanted.
        ground: What of it the page is of, as `view_wards` gives it; by default all.

    Raises:
        ParameterError: The weeks begin before the period ends: its incidents would be foretold from themselves.
    """
    first_day = request.first_day or analysis.end + dt.timedelta(days=1)
    if first_day <= analysis.end:
        raise ParameterError(
            f"A brief must begin after the days that it is made from; `first_day` is {first_day}, and these run to "
            f"{analysis.end}. Give a later day, or an earlier `end`."
        )
    n_days = 7 * request.n_weeks
    last_day = first_day + dt.timedelta(days=n_days - 1)
    ground = ground or BriefGround.of(analysis)
    places = _choose_places(analysis, ground, request)
    havens = choose_havens(analysis, places, _list_days(first_day, last_day))
    return Brief(
        request=request,
        analysis=analysis,
        ground=ground,
        first_day=first_day,
        last_day=last_day,
        places=places,
        expected_share=sum(one.place.evidence.expected for one in places) / ground.expected if ground.expected else 0.0,
        area_share=sum(one.place.area_km2 for one in places) * 1e6 / ground.study_area.area,
        havens=havens and tuple(haven for haven in havens if haven.is_within_reach),
        nearest=next((haven for haven in havens or () if not haven.is_within_reach), None),
    )


def _choose_places(analysis: Analysis, ground: BriefGround, request: BriefRequest) -> tuple[BriefPlace, ...]:
    chosen = ground.patrol_places[: request.n_places]
    risk = analysis.places.risk
    if not chosen or risk is None:
        return ()
    outlines = [place.outline for place in chosen]
    part = min(7 * request.n_weeks / ((analysis.end - analysis.start).days + 1), 1.0)
    coming = predict_places(with_places(analysis.incidents), outlines, risk=risk, part=part)
    shared = next(iter((*ground.profile.peaks, *analysis.times.profile.peaks)), None)
    found = []
    for index, place in enumerate(chosen):
        own = next(iter(place.profile.peaks), None)
        found.append(
            BriefPlace(
                number=place.rank,
                place=place,
                expected=float(coming.expected[index]),
                expected_low=int(coming.low[index]),
                expected_high=int(coming.high[index]),
                window=own or shared,
                is_own_window=own is not None,
                streets=name_streets(analysis.study.streets, place.outline)[:_MAX_STREETS],
            )
        )
    return tuple(found)


def choose_havens(
    analysis: Analysis, places: Sequence[BriefPlace], days: npt.NDArray[np.datetime64]
) -> tuple[BriefHaven, ...] | None:
    """Safe havens to list for places, at most six; None where none were given.

    They are the nearest of each place, then the second nearest of each, and so on; the nearest of all where none is
    within reach.

    Args:
        analysis: It has the havens, the streets and the reach.
        places: These.
        days: datetime64[D] (n_days,), on which it is asked whether they are open.
    """
    walks = measure_haven_walks(analysis, places)
    if walks is None:
        return None
    is_within_reach = bool((walks <= analysis.request.reach_m).any())
    if is_within_reach:
        walks = np.where(walks <= analysis.request.reach_m, walks, np.inf)
    order = np.argsort(walks, axis=1, kind="stable")
    chosen: dict[int, None] = {}
    for column in order.T[: _MAX_HAVENS if is_within_reach else 1]:
        chosen |= {int(target): None for row, target in enumerate(column) if np.isfinite(walks[row, target])}
    kept = list(chosen)[: _MAX_HAVENS if is_within_reach else 1]
    nearest = {target: int(np.argmin(walks[:, target])) for target in kept}
    table = require_havens(analysis)
    kept.sort(key=lambda target: (nearest[target], walks[nearest[target], target], str(table.index[target])))
    return tuple(
        describe_haven(
            analysis, target, places[nearest[target]], walk_m=float(walks[nearest[target], target]), days=days
        )
        for target in kept
    )


def measure_haven_walks(analysis: Analysis, places: Sequence[BriefPlace]) -> npt.NDArray[np.float64] | None:
    """How far it is from the middle of each place to each safe haven.

    Returns:
        float (n_places, n_havens), metres, not finite beyond reach; where none is within reach of any place, the walks
        however long they are. None where no havens were given.
    """
    if analysis.study.havens is None:
        return None
    points = shapely.get_coordinates(analysis.study.havens.havens.geometry.to_numpy())
    walks = np.full((len(places), len(points)), np.inf)
    if not walks.size:
        return walks
    middles = shapely.get_coordinates(shapely.point_on_surface([one.place.outline for one in places]))
    network = analysis.study.network
    near = find_near(middles, points, reach_m=analysis.request.reach_m, network=network)
    walks[near.origin, near.target] = near.distance_m
    return walks if len(near.origin) else measure_walks(middles, points, network=network)


def require_havens(analysis: Analysis) -> gpd.GeoDataFrame:
    """The table of safe havens, which were given."""
    assert analysis.study.havens is not None
    return analysis.study.havens.havens


def describe_haven(
    analysis: Analysis, position: int, place: BriefPlace, *, walk_m: float, days: npt.NDArray[np.datetime64]
) -> BriefHaven:
    """A safe haven beside a place, and whether it is open in the place's hours on some days.

    Args:
        analysis: It has the havens.
        position: Of it in their table.
        place: In whose hours.
        walk_m: From its middle.
        days: datetime64[D] (n_days,).
    """
    haven = require_havens(analysis).iloc[position]

    def read(name: str) -> str | None:
        value = haven.get(name)
        return value if isinstance(value, str) else None

    hours = read("opening_hours")
    rules = tuple(list_opening_rules(hours)) if hours else ()
    calendar = analysis.study.opening_calendar
    weekdays = _WEEKDAYS if place.window is None else place.window.days
    return BriefHaven(
        haven_id=str(haven.name),
        name=read("name"),
        kind=read("kind"),
        address=read("address"),
        easting=float(haven.geometry.x),
        northing=float(haven.geometry.y),
        place=place.number,
        walk_m=walk_m,
        is_within_reach=walk_m <= analysis.request.reach_m,
        state="not known" if place.window is None else find_haven_state(rules, place.window, days, calendar=calendar),
        usual=find_usual_hours(rules, days, weekdays, calendar=calendar) if rules else None,
    )


def _list_days(first_day: dt.date, last_day: dt.date) -> npt.NDArray[np.datetime64]:
    return np.arange(np.datetime64(first_day), np.datetime64(last_day) + 1)


def find_haven_state(
    rules: Sequence[OpeningRule],
    window: WeekWindow,
    days: npt.NDArray[np.datetime64],
    *,
    calendar: OpeningCalendar = ENGLAND,
) -> HavenState:
    """Whether a place is open in a window of the week on all days of it among some.

    Args:
        rules: Of the place, as `list_opening_rules` gives them; none where it is not known when it is open.
        window: Days and hours; looked at every 15 minutes.
        days: datetime64[D] (n_days,), in order.
        calendar: Bank holidays, school terms and the place of the sun, as far as they are known.
    """
    weekday = (days.astype(np.int64) + 3) % 7
    started = days[np.isin(weekday, window.days)]
    minutes = 60 * window.start_hour + np.arange(0, 60 * window.n_hours, _STEP_MINUTES) + _STEP_MINUTES / 2
    on_day = (started[:, None] + (minutes // _DAY_MINUTES).astype(np.int64)).ravel()
    at_minute = np.tile(minutes % _DAY_MINUTES, len(started))
    state = find_open_state(rules, on_day, at_minute, calendar=calendar)
    if state.is_open.all():
        return "open"
    if not state.is_known.all():
        return "not known"
    return "partly open" if state.is_open.any() else "closed"
