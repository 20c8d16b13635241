"""A patrol plan as a calendar (iCalendar): one event a visit and break."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hotspots.errors import HotspotsError
from hotspots.products.summary import PatrolPlanSummary, PlannedPlaceSummary, PlannedRouteSummary, PlannedStopSummary
from hotspots.products.words import say

_MAX_BYTES = 4 * 1024**2
"""Of a calendar made before; a shift of the most patrols has a tenth of it."""
_CANCELLED = "Cancelled: "
_OF_REVISION = ("SEQUENCE", "DTSTAMP")
"""What an event says of its revision, and not of what is to be done."""


def encode_calendar(summary: PatrolPlanSummary, *, mark: str, before: Iterable[Path] = ()) -> tuple[bytes, int]:
    """The calendar, with the zone of its times written out; in UTC where the clock shows a time for the second time.

    An event is a stop of a patrol, and keeps its UID when the plan is made again for the same crime, area and shift.
    What differs from the newest of the calendars made before has a higher `SEQUENCE`, so that it takes the place of the
    last one (RFC 5546, 2.1.5). A stop that those have and this plan has not is `CANCELLED`; one file has one method,
    and `PUBLISH` may hold such events (RFC 5546, 3.2.1). They are called cancelled and take no time, as some programs
    show them all the same. There is no `ORGANIZER`: these are events of one calendar and not of a group (RFC 5545,
    3.8.4.3).

    `DTSTAMP` is the end of the last day of the data and not the clock, so that equal plans are equal files.

    Args:
        summary: The plan.
        mark: Of the wards, as plans of other areas have other events.
        before: Calendars of plans made before, of whatever shift; what cannot be read is passed over.

    Returns:
        The file, and how many stops of plans before it cancels.

    Raises:
        HotspotsError: icalendar is not installed.
    """
    try:
        import icalendar
    except ImportError as error:
        raise HotspotsError(
            'A patrol plan needs icalendar, which is not installed. Install it with: pip install "hotspots[patrols]".'
        ) from error
    shift = f"{summary.crime}-{summary.day:%Y%m%d}-{summary.begins[:5]}-{summary.ends[:5]}".replace(":", "")
    series = f"{shift}-{mark}-"
    known = _read_newest(before, series)
    events = _list_events(summary, series)
    cancelled = [_cancel(known[uid], summary) for uid in sorted(known.keys() - events.keys(), key=_order_uid)]
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Hotspots//Patrol plan//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{summary.crime_label}: {say('patrol_plan.shift', summary)}")
    for uid, event in events.items():
        event.add("sequence", _count_revision(event, known.get(uid, ())))
        calendar.add_component(event)
    for event in cancelled:
        calendar.add_component(event)
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content, len(cancelled)


def _list_events(summary: PatrolPlanSummary, series: str) -> dict[str, Any]:
    """An event for each stop, by its UID."""
    import icalendar

    places = {place.rank: place for place in summary.places}
    zone = ZoneInfo(summary.time_zone)
    events = {}
    for route in summary.routes:
        for position, stop in enumerate(route.stops, 1):
            event = icalendar.Event()
            uid = f"{series}patrol{route.patrol}-stop{position}@hotspots"
            event.add("uid", uid)
            event.add("dtstamp", _find_stamp(summary))
            event.add("status", "CONFIRMED")
            moments = [dt.datetime.fromisoformat(text) for text in (stop.begins_at, stop.ends_at)]
            # a calendar takes a time that the clock shows twice for the first of them
            is_second = any(moment.astimezone(zone).fold for moment in moments)
            for name, moment in zip(("dtstart", "dtend"), moments, strict=True):
                event.add(name, moment.astimezone(dt.UTC if is_second else zone))
            _describe(event, summary, route, stop, None if stop.place_rank is None else places[stop.place_rank])
            events[uid] = event
    return events


def _find_stamp(summary: PatrolPlanSummary) -> dt.datetime:
    return dt.datetime.combine(summary.period.end + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)


def _read_newest(paths: Iterable[Path], series: str) -> Mapping[str, tuple[Any, ...]]:
    """Events of a series by UID: those of the highest revision, of which several plans may have different ones."""
    import icalendar

    newest: dict[str, tuple[Any, ...]] = {}
    for path in paths:
        try:
            if path.stat().st_size > _MAX_BYTES:
                continue
            events = icalendar.Calendar.from_ical(path.read_bytes()).walk("VEVENT")
        except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
            continue  # none there, or not written here
        for event in events:
            uid = str(event.get("UID", ""))
            if not (uid.startswith(series) and "DTSTART" in event):
                continue
            others = newest.get(uid, ())
            ahead = _find_revision(event) - (_find_revision(others[0]) if others else -1)
            if ahead >= 0:
                newest[uid] = (event,) if ahead else (*others, event)
    return newest


def _find_revision(event: Any) -> int:
    try:
        return max(int(event.get("SEQUENCE", 0)), 0)
    except (TypeError, ValueError):
        return 0


def _count_revision(event: Any, newest: tuple[Any, ...]) -> int:
    """The number of the revision that an event is: that of equal ones, or one more than that of others."""
    if not newest:
        return 0
    is_same = all(_tell_apart(event) == _tell_apart(other) for other in newest)
    return _find_revision(newest[0]) + (not is_same)


def _tell_apart(event: Any) -> bytes:
    """What is to be done, without what is said of the revision."""
    told = event.copy()
    for name in _OF_REVISION:
        told.pop(name, None)
    content: bytes = told.to_ical()
    return content


def _order_uid(uid: str) -> tuple[int, str]:
    return len(uid), uid


def _cancel(newest: tuple[Any, ...], summary: PatrolPlanSummary) -> Any:
    """The event that takes the place of one that is no more; of one that was cancelled before, itself."""
    import icalendar

    if all(str(other.get("STATUS", "")) == "CANCELLED" for other in newest):
        return newest[0]
    event = icalendar.Event()
    for name in ("UID", "DTSTART", "DTEND"):
        if name in newest[0]:
            event[name] = newest[0][name]
    title = str(newest[0].get("SUMMARY", "")).removeprefix(_CANCELLED)
    event.add("summary", f"{_CANCELLED}{title}")
    event.add("dtstamp", _find_stamp(summary))
    event.add("status", "CANCELLED")
    event.add("transp", "TRANSPARENT")
    event.add("sequence", _find_revision(newest[0]) + 1)
    return event


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
