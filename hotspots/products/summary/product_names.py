"""What the files and folders of the products are called: the list of all products needs no more of them."""

from __future__ import annotations

PRODUCTS = {
    "map": "map.html",
    "times": "times.html",
    "summary": "summary.json",
    "tables": "tables.xlsx",
    "hotspots_gpkg": "hotspots.gpkg",
    "places_geojson": "places.geojson",
    "places_parquet": "places.parquet",
    "measures_csv": "measures.csv",
    "places_to_patrol_csv": "places_to_patrol.csv",
    "hotspots_csv": "hotspots.csv",
    "shifts_csv": "shifts.csv",
    "hot_streets_csv": "hot_streets.csv",
    "quality": "quality.html",
    "quality_json": "quality.json",
    "rejected": "rejected.csv",
    "manifest": "manifest.json",
}
FACILITY_PRODUCTS = {"premises_csv": "premises.csv"}
"""Those of a run with premises, stations, schools or parks."""
SAFETY_PRODUCTS = {"safety": "safety.html"}
"""Those of a run with Safety Maps."""

CHART_FOLDER = "charts"
"""Of a run or of safe havens, where charts were asked for: an SVG and a PNG each, and `charts.json`."""

OF_STREETS = frozenset({"hot_streets_csv"})
"""Those that a run writes only if streets are known."""

PACK_FOLDER = "pack"
PACK_PRODUCTS = {"pack": "index.html", "pack_json": "pack.json", "manifest": "manifest.json"}
"""Beside a folder for each crime, and the zip of all, which is called like the pack."""

PERFORMANCE_FOLDER = "performance"
PERFORMANCE_PRODUCTS = {
    "performance": "performance.html",
    "performance_csv": "performance.csv",
    "performance_json": "performance.json",
    "manifest": "manifest.json",
}

OPERATION_FOLDER = "operation"
OPERATION_PRODUCTS = {
    "operation": "operation.html",
    "operation_json": "operation.json",
    "manifest": "manifest.json",
}

PATROLS_DONE_FOLDER = "patrols_done"
PATROLS_DONE_PRODUCTS = {
    "patrols_done": "patrols_done.html",
    "patrols_done_csv": "patrols_done.csv",
    "patrol_hours_csv": "patrol_hours.csv",
    "patrols_done_json": "patrols_done.json",
    "manifest": "manifest.json",
}

PATROL_PLAN_FOLDER = "patrols"
PATROL_PLAN_PRODUCTS = {
    "card": "card.html",
    "patrols_ics": "patrols.ics",
    "patrols_csv": "patrols.csv",
    "plan_json": "plan.json",
    "manifest": "manifest.json",
}
"""Beside a GPX file for each patrol."""

PUBLIC_FOLDER = "public"
PUBLIC_PRODUCTS = {
    "public": "public.html",
    "public_csv": "public.csv",
    "public_geojson": "public.geojson",
    "public_json": "public.json",
    "manifest": "manifest.json",
}

HAVEN_FOLDER = "havens"
HAVEN_PRODUCTS = {
    "havens": "havens.html",
    "coverage_csv": "coverage.csv",
    "gaps_csv": "gaps.csv",
    "sites_csv": "sites.csv",
    "havens_json": "havens.json",
    "manifest": "manifest.json",
}

STRATEGIC_FOLDER = "strategic"
STRATEGIC_PRODUCTS = {
    "strategic": "strategic.html",
    "strategic_pdf": "strategic.pdf",
    "strategic_docx": "strategic.docx",
    "strategic_json": "strategic.json",
    "manifest": "manifest.json",
}

BRIEF_FOLDER = "briefs"
BRIEF_PRODUCTS = {
    "brief": "brief.html",
    "brief_pdf": "brief.pdf",
    "brief_docx": "brief.docx",
    "brief_json": "brief.json",
    "manifest": "manifest.json",
}
JOINED_BRIEFS_PRODUCTS = {"briefs_pdf": "briefs.pdf", "briefs_json": "briefs.json", "manifest": "manifest.json"}
"""Those of a folder with the pages of several wards in one file."""

TACTICAL_FOLDER = "tactical"
TACTICAL_PRODUCTS = {
    "tactical": "tactical.html",
    "tactical_pdf": "tactical.pdf",
    "tactical_docx": "tactical.docx",
    "tactical_json": "tactical.json",
    "manifest": "manifest.json",
}

PROBLEM_FOLDER = "problems"
PROBLEM_PRODUCTS = {
    "problem": "problem.html",
    "problem_pdf": "problem.pdf",
    "problem_docx": "problem.docx",
    "problem_json": "problem.json",
    "manifest": "manifest.json",
}
