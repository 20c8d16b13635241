"""What products there are below a folder: of what they are, for whom, and which files they have."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hotspots.house import AUDIENCES, Audience
from hotspots.products.files.folders import MAX_WARDS_NAMED
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

Told = dict[str, Any]

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
FILE_USES = (*_USES, "Other")
"""What people do with files, as it is listed."""
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

_LABELS = {
    "performances": "Performance and priorities",
    "packs": "Every crime and ward",
    "assessments": "Strategic assessment",
    "posters": "Posters of safe havens",
}
"""What products are of that are of several crimes, or of none."""
PRODUCT_HEADINGS: Mapping[str, str] = {
    "patrol_plans": "Patrol plans",
    "runs": "Maps of crime",
    "packs": "Every crime and ward",
    "tacticals": "Tactical assessments and problem profiles",
    "problems": "Tactical assessments and problem profiles",
    "joined_briefs": "Briefs for the teams of wards",
    "briefs": "Briefs for the teams of wards",
    "ward_pages": "Briefs for the teams of wards",
    "assessments": "Strategic assessments",
    "performances": "Performance and priorities",
    "havens": "Safe havens and new sites",
    "operations": "Operations",
    "patrols": "Did patrols go?",
    "publications": "What everybody may be told",
    "posters": "Posters of safe havens",
}
"""Over the products of each kind in a list, in the order of what is looked for first."""
_MANIFEST = PRODUCTS["manifest"]
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueFile:
    """A file of a product.

    Attributes:
        path: Below the folder that was listed, with slashes.
        name: What people call it.
        kind: What they call files of its kind: "web page", "Excel".
        use: What they do with it.
    """

    path: str
    name: str
    kind: str
    use: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueWard:
    """A ward that a product is of.

    Attributes:
        code: In the boundaries.
        name: What it is called; its code where no summary says it.
    """

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A product: one summary, and the files beside it.

    Attributes:
        kind: "runs", "packs", "ward_pages" and so on: the keys of `PRODUCT_KINDS`.
        crime: Slug of the crime that it is of; None where it is of several, or of none.
        label: What it is of, as a heading.
        start, end: First and last day that it is of; None where it is of no period.
        area: What it is of, in words.
        wards: The wards that it is of, as far as its files say them.
        is_whole_area: Whether it is of all wards. What does not say of which it is counts as of all: so it is not
            taken for that of a single ward.
        audience, marking, house, contact: For whom it is, and how it is marked.
        status: What its data say of themselves ("synthetic"), by table; empty for ordinary data.
        is_kept: Whether it is not to be shared.
        details: What else a list says of it, by the names of the summary.
        folder: Below the one that was listed, with slashes.
        files: Those that are there, the one to open first before the others.
    """

    kind: str
    crime: str | None
    label: str
    start: dt.date | None
    end: dt.date | None
    area: str
    wards: tuple[CatalogueWard, ...]
    is_whole_area: bool
    audience: Audience
    marking: str
    house: str
    contact: str
    status: Mapping[str, str]
    is_kept: bool
    details: Mapping[str, Any]
    folder: str
    files: tuple[CatalogueFile, ...]


def list_catalogue(out: Path, *, within_packs: bool = True) -> tuple[CatalogueEntry, ...]:
    """Every product below a folder, by kind and path. What cannot be read is left out.

    Args:
        out: The folder of all products.
        within_packs: Whether the runs and the pages of wards that are within packs are listed as well, after the
            others.
    """
    entries = [entry for kind in PRODUCT_KINDS for entry in _list(out, kind)]
    if not within_packs:
        return tuple(entries)
    entries += _list(out, "runs", pattern=f"{PACK_FOLDER}/*/*/{PRODUCTS['summary']}")
    for pack in [entry for entry in entries if entry.kind == "packs"]:
        entries += _list_ward_pages(out, pack)
    names = {ward.code: ward.name for entry in entries for ward in entry.wards if ward.name != ward.code}
    return tuple(_name_wards(entry, names) for entry in entries)


def _list(out: Path, kind: str, *, pattern: str | None = None) -> list[CatalogueEntry]:
    """Each of a kind that can be read."""
    usual, describe = PRODUCT_KINDS[kind]
    entries = []
    for path in sorted(out.glob(pattern or usual)):
        try:
            summary = json.loads(path.read_text("utf-8"))
            folder = path.parent.relative_to(out).as_posix()
            names = [str(name) for name in summary["products"].values()]
            told = describe(summary)
            wards, is_whole_area = _find_wards(summary, path.parent)
            entries.append(
                CatalogueEntry(
                    kind=kind,
                    crime=summary["crime"] if isinstance(summary.get("crime"), str) else None,
                    label=told.pop("label", _LABELS.get(kind, "")),
                    start=told.pop("start", None),
                    end=told.pop("end", None),
                    area=told.pop("area", None)
                    or _name_area([ward.name for ward in wards], is_all=is_whole_area)
                    or "all wards",
                    wards=wards,
                    is_whole_area=is_whole_area,
                    **_read_handling(summary.get("handling")),
                    status=dict(summary["data_status"]),
                    is_kept=bool(summary.get("not_to_share")),
                    details=told,
                    folder=folder,
                    files=tuple(_name_file(f"{folder}/{name}") for name in names if (path.parent / name).is_file()),
                )
            )
        except _UNREADABLE:
            continue  # half-written, or by another version
    return entries


def _list_ward_pages(out: Path, pack: CatalogueEntry) -> list[CatalogueEntry]:
    """The page of each ward's team in a pack; partners have none."""
    entries = []
    try:
        summary = json.loads((out / pack.folder / PACK_PRODUCTS["pack_json"]).read_text("utf-8"))
        crimes = {crime["slug"]: crime for crime in summary["crimes"]}
        for ward in summary["wards"]:
            for cell in ward["cells"]:
                page = out / pack.folder / str(cell["page"])
                if page.name != BRIEF_PRODUCTS["brief"] or not page.is_file():
                    continue
                folder = page.parent.relative_to(out).as_posix()
                names = [BRIEF_PRODUCTS[name] for name in ("brief", "brief_json")]
                entries.append(
                    dataclasses.replace(
                        pack,
                        kind="ward_pages",
                        crime=str(cell["crime"]),
                        label=str(crimes[cell["crime"]]["label"]),
                        **_read_period(crimes[cell["crime"]]["period"]),
                        area=str(ward["name"]),
                        wards=(CatalogueWard(code=str(ward["code"]), name=str(ward["name"])),),
                        is_whole_area=False,
                        details={name: cell[name] for name in ("n_incidents", "verdict")},
                        folder=folder,
                        files=tuple(_name_file(f"{folder}/{name}") for name in names if (page.parent / name).is_file()),
                    )
                )
    except _UNREADABLE:
        return []
    return entries


def _find_wards(summary: Told, folder: Path) -> tuple[tuple[CatalogueWard, ...], bool]:
    """Of which wards a product is, and whether of all: by its summary, or else by what was asked for."""
    wards = [ward for ward in summary.get("wards", []) if isinstance(ward, dict)]
    area = summary.get("study_area")
    asked = [] if wards and area else _read_asked_wards(folder)
    if not wards:
        name = summary.get("area") if len(asked) == 1 else None
        wards = [{"code": code, "name": name or code} for code in asked]
    found = tuple(CatalogueWard(code=str(ward["code"]), name=str(ward["name"])) for ward in wards)
    return found, bool(area["is_all"]) if area else not asked


def _read_asked_wards(folder: Path) -> list[str]:
    """The wards that were asked for, by the manifest; empty for all, and where it does not say."""
    try:
        asked = json.loads((folder / _MANIFEST).read_text("utf-8"))["parameters"]
        return [str(code) for code in asked.get("analysis", asked)["wards"]]
    except _UNREADABLE:
        return []


def _name_wards(entry: CatalogueEntry, names: Mapping[str, str]) -> CatalogueEntry:
    """An entry whose wards have the names that other summaries give them."""
    wards = tuple(CatalogueWard(code=ward.code, name=names.get(ward.code, ward.name)) for ward in entry.wards)
    return entry if wards == entry.wards else dataclasses.replace(entry, wards=wards)


def _read_handling(handling: Any) -> Told:
    """For whom products are, and their marking; what does not say so is for those who task patrols."""
    given = handling if isinstance(handling, dict) else {}
    audience = given.get("audience")
    return {
        "audience": audience if audience in AUDIENCES else AUDIENCES[0],
        "marking": str(given.get("marking", "")),
        "house": str(given.get("house") or ""),
        "contact": str(given.get("contact") or ""),
    }


def _name_file(path: str) -> CatalogueFile:
    """A file by what people call it, and do with it."""
    file = PurePosixPath(path)
    is_chart = CHART_FOLDER in file.parts[:-1] and file.suffix != ".json"
    use = next((use for use, endings in _USES.items() if path.endswith(endings)), FILE_USES[-1])
    return CatalogueFile(
        path=path,
        name=_CALLED.get(file.suffix) or _CALLED.get(file.stem, file.stem.replace("_", " ").capitalize()),
        kind=_KINDS_OF_FILE.get(file.suffix, file.suffix.removeprefix(".").upper()),
        use=_SLIDES if is_chart else use,
    )


def _describe_run(summary: dict[str, Any]) -> Told:
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


def _describe_publication(summary: dict[str, Any]) -> Told:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["period"]),
        "area": str(summary["area"]),
    }


def _describe_brief(summary: dict[str, Any]) -> Told:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["weeks"]),
        "area": str(summary["area"]),
        "n_places": len(summary["places"]),
    }


def _describe_joined_briefs(summary: dict[str, Any]) -> Told:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["weeks"]),
        "area": f"{len(summary['wards'])} wards in one file",
        "n_places": int(summary["n_places"]),
    }


def _describe_tactical(summary: dict[str, Any]) -> Told:
    crimes = [str(crime["brief"]["crime_label"]) for crime in summary["crimes"]]
    return {
        "label": f"Tactical assessment: {', '.join(crimes)}",
        **_read_period(summary["weeks"]),
        "area": str(summary["area"]),
    }


def _describe_problem(summary: dict[str, Any]) -> Told:
    return {
        "label": str(summary["words"]["title"]),
        **_read_period(summary["period"]),
        "area": str(summary["area"]),
    }


def _describe_year(summary: dict[str, Any]) -> Told:
    return {**_read_period(summary["period"]), "area": str(summary["area"]), "n_crimes": len(summary["crimes"])}


def _describe_pack(summary: dict[str, Any]) -> Told:
    return {
        **_read_period(summary["period"]),
        "area": str(summary["area"]),
        "crimes": [str(crime["label"]) for crime in summary["crimes"]],
        "n_pages": int(summary["n_pages"]),
    }


def _describe_performance(summary: dict[str, Any]) -> Told:
    area = summary["study_area"]
    return {
        **_read_period(summary["period"]),
        "area": _name_area(list(area["wards"]), is_all=area["is_all"]),
        "n_indicators": len(summary["indicators"]),
    }


def _describe_posters(summary: dict[str, Any]) -> Told:
    schools = [str(poster["name"]) for poster in summary["posters"] if poster["subject"] == "school"]
    return {
        "paper": " and ".join(sorted({str(poster["sheet"]["paper"]).upper() for poster in summary["posters"]})[::-1]),
        "minutes": float(summary["minutes"]),
        "n_posters": len(summary["posters"]),
        "area": ", ".join(schools) if 0 < len(schools) <= MAX_WARDS_NAMED else f"{len(schools)} schools",
    }


def _describe_operation(summary: dict[str, Any]) -> Told:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["operation"]),
        "area": str(summary["areas"]["treated"]["name"]),
        "verdict": str(summary["words"][0]),
    }


def _describe_havens(summary: dict[str, Any]) -> Told:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["period"]),
        "area": str(summary["area"]),
        "finding": str(summary["words"][-1 if summary["siting"] else 0]),
    }


def _describe_patrol_plan(summary: dict[str, Any]) -> Told:
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["period"]),
        "day": dt.date.fromisoformat(summary["day"]),
        "shift": f"{summary['begins']} to {summary['ends']}",
        "result": str(summary["words"][0]),
    }


def _describe_patrols(summary: dict[str, Any]) -> Told:
    n_places = len(summary["places"])
    return {
        "label": str(summary["crime_label"]),
        **_read_period(summary["period"]),
        "area": f"{n_places} places" if n_places != 1 else "1 place",
        "verdict": str(summary["words"][0]),
    }


def _read_period(period: dict[str, Any]) -> Told:
    return {name: dt.date.fromisoformat(period[name]) for name in ("start", "end")}


def _name_area(wards: list[str], *, is_all: bool) -> str:
    if 0 < len(wards) <= MAX_WARDS_NAMED:
        return ", ".join(sorted(wards))
    return "all wards" if is_all else f"{len(wards)} wards"


PRODUCT_KINDS: Mapping[str, tuple[str, Callable[[dict[str, Any]], Told]]] = {
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

SUMMARY_FILES: Mapping[str, str] = {
    **{kind: PurePosixPath(pattern).name for kind, (pattern, _) in PRODUCT_KINDS.items()},
    "ward_pages": BRIEF_PRODUCTS["brief_json"],
}
"""What the summary of each kind of product is called, in its folder."""
PLACE_FILES: Mapping[str, str] = {
    "runs": PRODUCTS["places_geojson"],
    "publications": PUBLIC_PRODUCTS["public_geojson"],
}
"""The same of its places as GeoJSON, where a kind has such."""
