"""The folder of what patrols did: its page, its tables and its numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import shapely

from hotspots.pipeline import PatrolsDone, silent
from hotspots.products.files.folders import encode_json, replace_folder, say_replaced, write_text
from hotspots.products.files.manifest import write_manifest
from hotspots.products.files.spreadsheets import write_csv
from hotspots.products.pages import draw_patrols_done
from hotspots.products.summary import (
    PATROLS_DONE_FOLDER,
    PATROLS_DONE_PRODUCTS,
    PatrolsDoneSummary,
    encode,
    summarise_patrols_done,
)
from hotspots.products.words import say_status


def write_patrols_done(
    found: PatrolsDone, out: Path, *, notify: Callable[[str], None] = silent
) -> tuple[PatrolsDoneSummary, dict[str, Path]]:
    """Write the page, the tables and the numbers to one folder below `<out>/patrols_done/`, all or none.

    Args:
        found: What is written.
        out: The folder of all products.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.
    """
    summary = summarise_patrols_done(found)
    folder = out / PATROLS_DONE_FOLDER / name_patrols_done(found)
    replaced = say_replaced(folder, PATROLS_DONE_PRODUCTS["patrols_done_json"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        write_text(draft / PATROLS_DONE_PRODUCTS["patrols_done"], draw_patrols_done(summary, house=found.study.house))
        write_csv(tabulate_patrolled_places(summary), draft / PATROLS_DONE_PRODUCTS["patrols_done_csv"])
        write_csv(tabulate_patrol_hours(summary), draft / PATROLS_DONE_PRODUCTS["patrol_hours_csv"])
        write_text(draft / PATROLS_DONE_PRODUCTS["patrols_done_json"], encode_json(encode(summary)))
        write_manifest(summary, draft, parameters=found.request)
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in PATROLS_DONE_PRODUCTS.items()}


def name_patrols_done(found: PatrolsDone) -> str:
    """Crime and days, as the name of a folder, and a mark of the places and of whether there was a plan."""
    outlines = [shapely.to_wkb(shapely.normalize(shapely.force_2d(place.outline))) for place in found.places]
    asked = (sorted(map(str, found.selection.wards.index)), found.plan is not None)
    mark = hashlib.sha256(b"".join([*outlines, repr(asked).encode()])).hexdigest()[:8]
    return f"{found.crime.slug}_{found.dosage.start}_{found.dosage.end}_{mark}"


def tabulate_patrolled_places(summary: PatrolsDoneSummary) -> pd.DataFrame:
    """One row a place, as the summary states it."""
    rows = [
        {
            "number": place.number,
            "place": place.place,
            "visits": place.visits.n_visits,
            "visits_under_10_minutes": place.visits.n_short,
            "visits_10_to_20_minutes": place.visits.n_koper,
            "visits_over_20_minutes": place.visits.n_long,
            "passing_by": place.visits.n_passing,
            "patrol_minutes": place.minutes,
            "median_visit_minutes": place.visits.median_minutes,
            "days_with_a_visit": place.n_days,
            "median_hours_between_visits": place.median_hours,
            "longest_hours_between_visits": place.longest_hours,
            "crime_hours_covered_share": place.crime_share,
            "planned_visits": place.n_planned,
            "planned_visits_made": place.n_kept,
            "easting": place.easting,
            "northing": place.northing,
            "crime": summary.crime,
            "period_start": summary.period.start.isoformat(),
            "period_end": summary.period.end.isoformat(),
            "data_status": say_status(summary.data_status) or "ordinary",
        }
        for place in summary.places
    ]
    whole = dict.fromkeys(("planned_visits", "planned_visits_made"), "Int64")
    parts = ("median_visit_minutes", "median_hours_between_visits", "longest_hours_between_visits")
    return pd.DataFrame(rows).astype(whole | dict.fromkeys((*parts, "crime_hours_covered_share"), "float64"))


def tabulate_patrol_hours(summary: PatrolsDoneSummary) -> pd.DataFrame:
    """One row for each hour of a day in which a patrol was at a place."""
    names = {place.number: place.place for place in summary.places}
    return pd.DataFrame(
        [
            {
                "number": one.number,
                "place": names[one.number],
                "day": one.day.isoformat(),
                "hour": one.hour,
                "patrol_minutes": one.minutes,
            }
            for one in summary.by_hour
        ],
        columns=["number", "place", "day", "hour", "patrol_minutes"],
    )
