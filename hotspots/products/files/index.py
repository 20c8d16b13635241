"""The list of every product below a folder, as a page beside them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from hotspots.house import AUDIENCES
from hotspots.products.files.folders import MAX_WARDS_NAMED, replace_file
from hotspots.products.summary import (
    BRIEF_FOLDER,
    BRIEF_PRODUCTS,
    CHART_FOLDER,
    HAVEN_FOLDER,
    HAVEN_PRODUCTS,
    JOINED_BRIEFS_PRODUCTS,
    OPERATION_FOLDER,
    OPERATION_PRODUCTS,
    PACK_FOLDER,
    PACK_PRODUCTS,
    PATROL_PLAN_FOLDER,
    PATROL_PLAN_PRODUCTS,
    PATROLS_DONE_FOLDER,
    PATROLS_DONE_PRODUCTS,
    PERFORMANCE_FOLDER,
    PERFORMANCE_PRODUCTS,
    POSTERS_FOLDER,
    POSTERS_PRODUCTS,
    PROBLEM_FOLDER,
    PROBLEM_PRODUCTS,
    PRODUCTS,
    PUBLIC_FOLDER,
    PUBLIC_PRODUCTS,
    STRATEGIC_FOLDER,
    STRATEGIC_PRODUCTS,
    TACTICAL_FOLDER,
    TACTICAL_PRODUCTS,
)
from hotspots.products.words import make_environment, say

Entry = dict[str, Any]

_SLIDES = "Put on a slide"
_USES = {
    "Read and print": (".html", ".pdf", ".png"),
    "Change in Word": (".docx",),
    _SLIDES: (".svg",),
    "Filter and chart": (".xlsx", ".csv"),
    "Open in a GIS": (".gpkg", ".geojson", ".parquet"),
    "Take along": (".ics", ".gpx"),
    "Mail": (".zip",),
    "Check and reuse": (".json",),
}
"""What people do with files, by how their names end."""
_KINDS_OF_FILE = {
    ".html": "web page",
    ".docx": "Word",
    ".xlsx": "Excel",
    ".gpkg": "GeoPackage",
    ".geojson": "GeoJSON",
    ".parquet": "GeoParquet",
    ".ics": "calendar",
    ".zip": "zip",
}
"""What people call files, by how their names end; others by that itself, in capitals."""
_CALLED = {
    "times": "When: hours, season and change",
    "quality": "Quality and methods",
    "safety": "Safety Maps beside recorded crime",
    "tables": "All tables",
    "hotspots": "Hot spots",
    "shifts": "Parts of the week",
    "hot_streets": "Busy streets",
    "rejected": "Refused rows",
    "premises": "Premises, stations, schools and parks",
    "places": "Places to patrol, hot spots and wards",
    "summary": "All figures",
    "manifest": "What was written, and from what",
    "index": "All maps and pages",
    ".zip": "All of it in one file",
    "performance": "Performance table",
    "operation": "Result of the operation",
    "patrols_done": "Did patrols go?",
    "card": "Patrol card",
    "public": "Page for everybody",
    "coverage": "What safe havens cover",
    "gaps": "Places and hours without a safe haven",
    "sites": "New sites",
    "havens": "Safe havens",
    "strategic": "Strategic assessment",
    "tactical": "Tactical assessment",
    "problem": "Problem profile",
}
"""What files are, by their ending or by their names without it, where the name itself does not say it."""


def write_index(out: Path) -> Path:
    """Write `<out>/index.html`, which lists every product below `out`: runs, performance tables, operations and so on.

    They are grouped by for whom they are. What cannot be read is left out.
    """
    found = {kind: _list(out, pattern, describe) for kind, (pattern, describe) in _KINDS.items()}
    tiers: list[dict[str, Any]] = []
    entries: list[Entry] = []
    for audience in AUDIENCES:
        of_tier = {kind: [one for one in listed if one["audience"] == audience] for kind, listed in found.items()}
        in_tier = [entry for listed in of_tier.values() for entry in listed]
        entries += in_tier
        markings = {entry["marking"] for entry in in_tier}
        if markings:
            tiers.append(
                {"audience": audience, "marking": markings.pop() if len(markings) == 1 else None, "lists": of_tier}
            )
    handling = _handle_all(entries) if entries else None
    page = make_environment().get_template("index.html").render(tiers=tiers, found=found, handling=handling)
    index = out / "index.html"
    replace_file(index, page)
    return index


def _list(out: Path, pattern: str, describe: Callable[[dict[str, Any]], Entry]) -> list[Entry]:
    """Each that can be read, with the links to its files."""
    entries = []
    for path in sorted(out.glob(pattern)):
        try:
            summary = json.loads(path.read_text("utf-8"))
            names = [str(name) for name in summary["products"].values()]
            links = [
                f"{path.parent.relative_to(out).as_posix()}/{name}" for name in names if (path.parent / name).is_file()
            ]
            entries.append(
                {
                    **describe(summary),
                    **_read_handling(summary.get("handling")),
                    "status": dict(summary["data_status"]),
                    "is_kept": bool(summary.get("not_to_share")),
                    "uses": _group_by_use(links),
                }
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
            continue  # half-written, or by another version
    return entries


def _read_handling(handling: Any) -> Entry:
    """For whom products are, and their marking; what does not say so is for those who task patrols."""
    given = handling if isinstance(handling, dict) else {}
    audience = given.get("audience")
    return {
        "audience": audience if audience in AUDIENCES else AUDIENCES[0],
        "marking": str(given.get("marking", "")),
        "house": str(given.get("house") or ""),
        "contact": str(given.get("contact") or ""),
    }


def _handle_all(entries: Sequence[Entry]) -> Entry:
    """How the list itself is marked: as what the fewest may have, since it tells results of that.

    Args:
        entries: At least one; those for the fewest are first.
    """
    audience = entries[0]["audience"]
    narrowest = [entry for entry in entries if entry["audience"] == audience]
    given = {
        name: next((entry[name] for entry in narrowest if entry[name]), "") for name in ("marking", "house", "contact")
    }
    return {**given, "short": say("handling.short", audience), "words": say("handling.audience", audience)}


def _group_by_use(links: list[str]) -> list[tuple[str, list[Entry]]]:
    """The links that there are for each use, with what each leads to."""
    found: dict[str, list[Entry]] = {use: [] for use in (*_USES, "Other")}
    for link in links:
        is_chart = f"/{CHART_FOLDER}/" in link and not link.endswith(".json")
        use = next((use for use, endings in _USES.items() if link.endswith(endings)), "Other")
        file = PurePosixPath(link)
        name = _CALLED.get(file.suffix) or _CALLED.get(file.stem, file.stem.replace("_", " ").capitalize())
        kind = _KINDS_OF_FILE.get(file.suffix, file.suffix.removeprefix(".").upper())
        found[_SLIDES if is_chart else use].append({"address": link, "name": name, "kind": kind})
    return [(use, listed) for use, listed in found.items() if listed]


def _describe_run(summary: dict[str, Any]) -> Entry:
    wards = [ward["name"] for ward in summary["wards"]]
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["period"]),
        "area": ", ".join(
            [
                summary["study_area"].get("stated_area") or _name_area(wards, is_all=summary["study_area"]["is_all"]),
                *map(str, summary.get("methods", [])),
            ]
        ),
        "n_incidents": int(summary["accounts"]["analysed"]),
        "n_hotspots": len(summary["hotspots"]),
    }


def _describe_publication(summary: dict[str, Any]) -> Entry:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["period"]),
        "area": str(summary["area"]),
    }


def _describe_brief(summary: dict[str, Any]) -> Entry:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["weeks"]),
        "area": str(summary["area"]),
        "n_places": len(summary["places"]),
    }


def _describe_joined_briefs(summary: dict[str, Any]) -> Entry:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["weeks"]),
        "area": f"{len(summary['wards'])} wards in one file",
        "n_places": int(summary["n_places"]),
    }


def _describe_tactical(summary: dict[str, Any]) -> Entry:
    crimes = [str(crime["brief"]["crime_label"]) for crime in summary["crimes"]]
    return {
        "label": f"Tactical assessment: {', '.join(crimes)}",
        **_read_period(summary["weeks"]),
        "area": str(summary["area"]),
    }


def _describe_problem(summary: dict[str, Any]) -> Entry:
    return {
        "label": str(summary["words"]["title"]),
        **_read_period(summary["period"]),
        "area": str(summary["area"]),
    }


def _describe_year(summary: dict[str, Any]) -> Entry:
    return {**_read_period(summary["period"]), "area": str(summary["area"]), "n_crimes": len(summary["crimes"])}


def _describe_pack(summary: dict[str, Any]) -> Entry:
    return {
        **_read_period(summary["period"]),
        "area": str(summary["area"]),
        "crimes": [str(crime["label"]) for crime in summary["crimes"]],
        "n_pages": int(summary["n_pages"]),
    }


def _describe_performance(summary: dict[str, Any]) -> Entry:
    area = summary["study_area"]
    return {
        **_read_period(summary["period"]),
        "area": _name_area(list(area["wards"]), is_all=area["is_all"]),
        "n_indicators": len(summary["indicators"]),
    }


def _describe_posters(summary: dict[str, Any]) -> Entry:
    schools = [str(poster["name"]) for poster in summary["posters"] if poster["subject"] == "school"]
    return {
        "paper": " and ".join(sorted({str(poster["sheet"]["paper"]).upper() for poster in summary["posters"]})[::-1]),
        "minutes": float(summary["minutes"]),
        "n_posters": len(summary["posters"]),
        "area": ", ".join(schools) if 0 < len(schools) <= MAX_WARDS_NAMED else f"{len(schools)} schools",
    }


def _describe_operation(summary: dict[str, Any]) -> Entry:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["operation"]),
        "area": str(summary["areas"]["treated"]["name"]),
        "verdict": str(summary["words"][0]),
    }


def _describe_havens(summary: dict[str, Any]) -> Entry:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["period"]),
        "area": str(summary["area"]),
        "finding": str(summary["words"][-1 if summary["siting"] else 0]),
    }


def _describe_patrol_plan(summary: dict[str, Any]) -> Entry:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["period"]),
        "day": dt.date.fromisoformat(summary["day"]),
        "shift": f"{summary['begins']} to {summary['ends']}",
        "result": str(summary["words"][0]),
    }


def _describe_patrols(summary: dict[str, Any]) -> Entry:
    n_places = len(summary["places"])
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["period"]),
        "area": f"{n_places} places" if n_places != 1 else "1 place",
        "verdict": str(summary["words"][0]),
    }


def _read_period(period: dict[str, Any]) -> Entry:
    return {name: dt.date.fromisoformat(period[name]) for name in ("start", "end")}


def _name_area(wards: list[str], *, is_all: bool) -> str:
    if len(wards) <= MAX_WARDS_NAMED:
        return ", ".join(sorted(wards))
    return "all wards" if is_all else f"{len(wards)} wards"


_KINDS: dict[str, tuple[str, Callable[[dict[str, Any]], Entry]]] = {
    "runs": (f"*/*/{PRODUCTS['summary']}", _describe_run),
    "performances": (f"{PERFORMANCE_FOLDER}/*/{PERFORMANCE_PRODUCTS['performance_json']}", _describe_performance),
    "operations": (f"{OPERATION_FOLDER}/*/{OPERATION_PRODUCTS['operation_json']}", _describe_operation),
    "havens": (f"{HAVEN_FOLDER}/*/{HAVEN_PRODUCTS['havens_json']}", _describe_havens),
    "patrol_plans": (f"{PATROL_PLAN_FOLDER}/*/{PATROL_PLAN_PRODUCTS['plan_json']}", _describe_patrol_plan),
    "patrols": (f"{PATROLS_DONE_FOLDER}/*/{PATROLS_DONE_PRODUCTS['patrols_done_json']}", _describe_patrols),
    "joined_briefs": (f"{BRIEF_FOLDER}/*/{JOINED_BRIEFS_PRODUCTS['briefs_json']}", _describe_joined_briefs),
    "briefs": (f"{BRIEF_FOLDER}/*/{BRIEF_PRODUCTS['brief_json']}", _describe_brief),
    "publications": (f"{PUBLIC_FOLDER}/*/{PUBLIC_PRODUCTS['public_json']}", _describe_publication),
    "packs": (f"{PACK_FOLDER}/*/{PACK_PRODUCTS['pack_json']}", _describe_pack),
    "assessments": (f"{STRATEGIC_FOLDER}/*/{STRATEGIC_PRODUCTS['strategic_json']}", _describe_year),
    "tacticals": (f"{TACTICAL_FOLDER}/*/{TACTICAL_PRODUCTS['tactical_json']}", _describe_tactical),
    "problems": (f"{PROBLEM_FOLDER}/*/{PROBLEM_PRODUCTS['problem_json']}", _describe_problem),
    "posters": (f"{POSTERS_FOLDER}/*/{POSTERS_PRODUCTS['posters_json']}", _describe_posters),
}
"""Where the summaries of each kind of product are, and what an entry says of one."""
