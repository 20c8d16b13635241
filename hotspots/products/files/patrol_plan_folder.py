"""The folder of a patrol plan: its cards, calendar, routes, table and numbers."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from hotspots.pipeline import ShiftPlan, silent
from hotspots.products.files.folders import encode_json, replace_folder, say_replaced, write_text
from hotspots.products.files.manifest import write_manifest
from hotspots.products.files.patrol_calendar import encode_calendar
from hotspots.products.files.patrol_tracks import encode_track
from hotspots.products.files.spreadsheets import write_csv
from hotspots.products.pages import draw_patrol_card
from hotspots.products.summary import (
    PATROL_PLAN_FOLDER,
    PATROL_PLAN_PRODUCTS,
    PatrolPlanSummary,
    encode,
    summarise_patrol_plan,
)
from hotspots.products.words import say, say_status


def write_patrol_plan(
    shift_plan: ShiftPlan, out: Path, *, notify: Callable[[str], None] = silent
) -> tuple[PatrolPlanSummary, dict[str, Path]]:
    """Write cards, calendar, routes, table and numbers of a plan to one folder below `<out>/patrols/`, all or none.

    Args:
        shift_plan: What is written.
        out: The folder of all products.
        notify: Told, in a sentence, if products of other files were replaced, or stops of a plan made before are
            cancelled in the calendar.

    Returns:
        The summary, and the path of each product by its key.
    """
    summary = summarise_patrol_plan(shift_plan)
    folder = out / PATROL_PLAN_FOLDER / name_patrol_plan(shift_plan)
    replaced = say_replaced(folder, PATROL_PLAN_PRODUCTS["plan_json"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        write_text(draft / PATROL_PLAN_PRODUCTS["card"], draw_patrol_card(shift_plan, summary))
        # also those of plans with other answers, which calendars may hold
        before = sorted((out / PATROL_PLAN_FOLDER).glob(f"*/{PATROL_PLAN_PRODUCTS['patrols_ics']}"))
        calendar, n_cancelled = encode_calendar(summary, mark=_mark_wards(shift_plan), before=before)
        (draft / PATROL_PLAN_PRODUCTS["patrols_ics"]).write_bytes(calendar)
        write_csv(tabulate_visits(summary), draft / PATROL_PLAN_PRODUCTS["patrols_csv"])
        for route in summary.routes:
            write_text(draft / summary.products[f"patrol_{route.patrol}_gpx"], encode_track(summary, route))
        write_text(draft / PATROL_PLAN_PRODUCTS["plan_json"], encode_json(encode(summary)))
        write_manifest(summary, draft, parameters=shift_plan.request)
    if replaced:
        notify(replaced)
    if n_cancelled:
        notify(say("patrol_plan.cancelled", n_cancelled))
    return summary, {key: folder / name for key, name in summary.products.items()}


def name_patrol_plan(shift_plan: ShiftPlan) -> str:
    """Crime, day, shift and number of patrols, as the name of a folder, and a mark of all else that was asked."""
    request = shift_plan.request
    asked = (
        *(request.by, request.visit_minutes, request.max_gap_minutes, request.n_patrol_places),
        *(shift_plan.start, shift_plan.end, request.breaks, request.car_kmh, request.parking_minutes),
        *(request.first_day, request.last_day, request.seed, shift_plan.is_along_streets, _mark_wards(shift_plan)),
    )
    mark = hashlib.sha256(repr(asked).encode()).hexdigest()[:8]
    shift = f"{request.begin:%H%M}-{request.end:%H%M}"
    n = request.n_patrols
    patrols = f"{n}-{'patrol' if n == 1 else 'patrols'}"
    return f"{shift_plan.analysis.crime.slug}_{request.day}_{shift}_{patrols}_{mark}"


def tabulate_visits(summary: PatrolPlanSummary) -> pd.DataFrame:
    """One row a visit, in the order of patrols and times; breaks are in the row of the visit that follows them.

    It names no crime, as what reads records of patrols would take it for a table of incidents.
    """
    places = {place.rank: place for place in summary.places}
    rows = []
    for route in summary.routes:
        visits, rest, wait = 0, 0, 0
        for stop in route.stops:
            wait += stop.wait_minutes
            if stop.kind == "break" or stop.place_rank is None:
                rest += _count_minutes(stop.begins_at, stop.ends_at)
                continue
            visits += 1
            place = places[stop.place_rank]
            rows.append(
                {
                    "patrol": route.patrol,
                    "stop": visits,
                    "arrive_at": stop.begins_at,
                    "leave_at": stop.ends_at,
                    "rank": place.rank,
                    "place": place.place,
                    "easting": place.easting,
                    "northing": place.northing,
                    "grid_reference": place.grid_reference,
                    "latitude": place.latitude,
                    "longitude": place.longitude,
                    "wards": "; ".join(ward.name for ward in place.wards),
                    "travel_minutes": stop.travel_minutes,
                    "break_minutes": rest,
                    "wait_minutes": wait,
                    "data_status": say_status(summary.data_status) or "ordinary",
                }
            )
            rest, wait = 0, 0
    columns = ["patrol", "stop", "arrive_at", "leave_at", "rank", "place", "easting", "northing", "grid_reference"]
    columns += ["latitude", "longitude", "wards", "travel_minutes", "break_minutes", "wait_minutes"]
    return pd.DataFrame(rows, columns=[*columns, "data_status"])


def _count_minutes(begin: str, end: str) -> int:
    return round((dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(begin)) / dt.timedelta(minutes=1))


def _mark_wards(shift_plan: ShiftPlan) -> str:
    return hashlib.sha256("\n".join(sorted(map(str, shift_plan.analysis.wards.index))).encode()).hexdigest()[:8]
