"""The route of one patrol as GPX, for phones and radios: stops in order, times in UTC."""

from __future__ import annotations

import datetime as dt

from hotspots.errors import HotspotsError
from hotspots.products.summary import PatrolPlanSummary, PlannedRouteSummary
from hotspots.products.words import say


def encode_track(summary: PatrolPlanSummary, route: PlannedRouteSummary) -> str:
    """GPX 1.1 with a route: one point a visit, with the time at which it begins, in UTC as GPX wants it.

    Raises:
        HotspotsError: gpxpy is not installed.
    """
    try:
        from gpxpy import gpx
    except ImportError as error:
        raise HotspotsError(
            'A patrol plan needs gpxpy, which is not installed. Install it with: pip install "hotspots[patrols]".'
        ) from error
    places = {place.rank: place for place in summary.places}
    track = gpx.GPX()
    track.creator = f"Hotspots {summary.version}"
    track.name = f"{summary.crime_label}, patrol {route.patrol}: {say('patrol_plan.shift', summary)}"
    if summary.data_status:
        track.description = say("places.not_for_decisions", summary)
    planned = gpx.GPXRoute(name=f"Patrol {route.patrol}")
    for stop in route.stops:
        if stop.kind == "visit" and stop.place_rank is not None:
            place = places[stop.place_rank]
            planned.points.append(
                gpx.GPXRoutePoint(
                    latitude=place.latitude,
                    longitude=place.longitude,
                    time=dt.datetime.fromisoformat(stop.begins_utc),
                    name=f"{stop.begins} to {stop.ends}: {place.rank} {place.place}",
                    description=say("patrol_plan.visit_text", summary, place, stop),
                )
            )
    track.routes.append(planned)
    text: str = track.to_xml(version="1.1")
    return text + "\n"
