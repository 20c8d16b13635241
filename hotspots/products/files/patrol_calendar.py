"""A patrol plan as a calendar (iCalendar): one event a visit and break."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from hotspots.errors import HotspotsError
from hotspots.products.summary import PatrolPlanSummary, PlannedPlaceSummary, PlannedRouteSummary, PlannedStopSummary
from hotspots.products.words import say


def encode_calendar(summary: PatrolPlanSummary, *, mark: str) -> bytes:
    """The calendar, with the zone of its times written out; in UTC where the clock shows a time for the second time.

    An event keeps its UID when the plan is made again for the same crime, area and shift, so that it takes the place of
    the last one; `DTSTAMP` is the end of the last day of the data and not the clock, so that equal plans are equal
    files.

    Args:
        summary: The plan.
        mark: Of the wards, as plans of other areas have other events.

    Raises:
        HotspotsError: icalendar is not installed.
    """
    try:
        import icalendar
    except ImportError as error:
        raise HotspotsError(
            'A patrol plan needs icalendar, which is not installed. Install it with: pip install "hotspots[patrols]".'
        ) from error
    places = {place.rank: place for place in summary.places}
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Hotspots//Patrol plan//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{summary.crime_label}: {say('patrol_plan.shift', summary)}")
    zone = ZoneInfo(summary.time_zone)
    stamp = dt.datetime.combine(summary.period.end + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    shift = f"{summary.crime}-{summary.day:%Y%m%d}-{summary.begins[:5]}-{summary.ends[:5]}".replace(":", "")
    for route in summary.routes:
        for position, stop in enumerate(route.stops, 1):
            event = icalendar.Event()
            event.add("uid", f"{shift}-{mark}-patrol{route.patrol}-stop{position}@hotspots")
            event.add("dtstamp", stamp)
            moments = [dt.datetime.fromisoformat(text) for text in (stop.begins_at, stop.ends_at)]
            # a calendar takes a time that the clock shows twice for the first of them
            is_second = any(moment.astimezone(zone).fold for moment in moments)
            for name, moment in zip(("dtstart", "dtend"), moments, strict=True):
                event.add(name, moment.astimezone(dt.UTC if is_second else zone))
            _describe(event, summary, route, stop, None if stop.place_rank is None else places[stop.place_rank])
            calendar.add_component(event)
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content


def _describe(
    event: object,
    summary: PatrolPlanSummary,
    route: PlannedRouteSummary,
    stop: PlannedStopSummary,
    place: PlannedPlaceSummary | None,
) -> None:
    add = event.add  # type: ignore[attr-defined]
    if stop.kind == "break" or place is None:
        add("summary", f"Patrol {route.patrol}: break")
        return
    add("summary", say("patrol_plan.visit_title", route.patrol, place))
    add("location", ", ".join(filter(None, (place.place, place.grid_reference))))
    add("geo", (place.latitude, place.longitude))
    add("description", say("patrol_plan.visit_text", summary, place, stop))
