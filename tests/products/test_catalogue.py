"""Products below a folder, as they are told of: each once, of the right wards, and of all where that is not known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hotspots.products.files import (
    PLACE_FILES,
    PRODUCT_HEADINGS,
    SUMMARY_FILES,
    CatalogueEntry,
    find_media_type,
    list_catalogue,
)

PERIOD = {"start": "2025-10-01", "end": "2026-09-30"}
ASH, BEECH = {"code": "E05000001", "name": "Ash"}, {"code": "E05000002", "name": "Beech"}


def put(path: Path, content: dict[str, Any], *files: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for file in files:
        (path.parent / file).write_text("page")
    path.write_text(json.dumps({"data_status": {}, "products": {name: name for name in files}} | content), "utf-8")


def put_run(folder: Path, *wards: dict[str, str], is_all: bool, **more: Any) -> None:
    content = {
        "crime": "robbery",
        "crime_label": "Robbery",
        "period": PERIOD,
        "wards": wards,
        "study_area": {"is_all": is_all},
        "accounts": {"analysed": 12},
        "hotspots": [],
        **more,
    }
    put(folder / "summary.json", content, "map.html", "tables.xlsx")


def put_brief(folder: Path, area: str, asked: list[str] | None) -> None:
    content = {"crime": "robbery", "crime_label": "Robbery", "weeks": PERIOD, "area": area, "places": []}
    put(folder / "brief.json", content, "brief.html")
    if asked is not None:
        (folder / "manifest.json").write_text(json.dumps({"parameters": {"analysis": {"wards": asked}}}))


def put_pack(folder: Path, *, page: str | None) -> None:
    cell = {"crime": "robbery", "n_incidents": 12, "verdict": None, "page": page}
    content = {
        "period": PERIOD,
        "area": "Lewisham",
        "crimes": [{"slug": "robbery", "label": "Robbery", "period": PERIOD}],
        "wards": [{**ASH, "cells": [cell]}, {**BEECH, "cells": [{**cell, "page": None}]}],
        "n_pages": 2,
        "handling": {"audience": "tasking", "marking": "OFFICIAL"},
    }
    put(folder / "pack.json", content, "index.html")
    (folder / "manifest.json").write_text(json.dumps({"parameters": {"wards": []}}))


def list_codes(entry: CatalogueEntry) -> list[str]:
    return [ward.code for ward in entry.wards]


def test_a_run_is_told_with_its_wards_and_files(tmp_path: Path) -> None:
    put_run(tmp_path / "robbery" / "a", ASH, BEECH, is_all=False, data_status={"incidents": "synthetic"})
    (entry,) = list_catalogue(tmp_path)
    assert (entry.kind, entry.crime, entry.label, entry.area) == ("runs", "robbery", "Robbery", "Ash, Beech")
    assert (entry.start and entry.start.isoformat(), entry.end and entry.end.isoformat()) == tuple(PERIOD.values())
    assert (list_codes(entry), entry.is_whole_area) == (["E05000001", "E05000002"], False)
    assert (entry.audience, entry.status, entry.is_kept) == ("tasking", {"incidents": "synthetic"}, False)
    assert entry.details == {"n_incidents": 12, "n_hotspots": 0}
    assert [(file.path, file.kind, file.use) for file in entry.files] == [
        ("robbery/a/map.html", "web page", "Read and print"),
        ("robbery/a/tables.xlsx", "Excel", "Filter and chart"),
    ]


def test_a_pack_is_told_with_its_runs_and_the_pages_of_wards(tmp_path: Path) -> None:
    pack = tmp_path / "pack" / "p"
    put_pack(pack, page="robbery/ash/brief.html")
    put_run(pack / "robbery", ASH, BEECH, is_all=True)
    (pack / "robbery" / "ash").mkdir()
    (pack / "robbery" / "ash" / "brief.html").write_text("page")
    (pack / "robbery" / "ash" / "brief.json").write_text("{}")
    entries = {entry.kind: entry for entry in list_catalogue(tmp_path)}
    assert list(entries) == ["packs", "runs", "ward_pages"]
    assert [entries[kind].is_whole_area for kind in entries] == [True, True, False]
    page = entries["ward_pages"]
    assert (page.crime, page.label, page.area, list_codes(page)) == ("robbery", "Robbery", "Ash", ["E05000001"])
    assert (page.marking, page.folder) == ("OFFICIAL", "pack/p/robbery/ash")
    assert [file.path.rpartition("/")[2] for file in page.files] == ["brief.html", "brief.json"]
    assert [entry.kind for entry in list_catalogue(tmp_path, within_packs=False)] == ["packs"]


@pytest.mark.parametrize("page", [None, "robbery/map.html#ward=E05000001", "robbery/gone/brief.html"])
def test_a_ward_without_a_page_of_its_own_has_none(page: str | None, tmp_path: Path) -> None:
    put_pack(tmp_path / "pack" / "p", page=page)
    assert [entry.kind for entry in list_catalogue(tmp_path)] == ["packs"]


@pytest.mark.parametrize(
    ("asked", "codes", "is_whole_area"),
    [(["E05000001"], ["E05000001"], False), ([], [], True), (None, [], True)],
    ids=["of one", "of all", "not known"],
)
def test_wards_are_those_that_were_asked_for(
    asked: list[str] | None, codes: list[str], is_whole_area: bool, tmp_path: Path
) -> None:
    put_brief(tmp_path / "briefs" / "b", "Ash", asked)
    (entry,) = list_catalogue(tmp_path)
    assert (list_codes(entry), entry.is_whole_area) == (codes, is_whole_area)
    assert [ward.name for ward in entry.wards] == ["Ash"] * len(codes)


def test_wards_have_the_names_that_others_give_them(tmp_path: Path) -> None:
    put_brief(tmp_path / "briefs" / "both", "Ash and Beech", ["E05000001", "E05000002"])
    put_brief(tmp_path / "briefs" / "one", "Ash", ["E05000001"])
    named = {entry.folder: [ward.name for ward in entry.wards] for entry in list_catalogue(tmp_path)}
    assert named == {"briefs/both": ["Ash", "E05000002"], "briefs/one": ["Ash"]}


@pytest.mark.parametrize("text", ["", "[]", '{"products": 5}', '{"products": {}, "wards": [{}]}', "[" * 100_000])
def test_what_cannot_be_read_is_left_out(text: str, tmp_path: Path) -> None:
    for path in ("robbery/a/summary.json", "pack/p/pack.json", "pack/p/robbery/summary.json", "briefs/b/brief.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert list_catalogue(tmp_path) == ()


def test_files_are_what_their_names_say() -> None:
    assert find_media_type(Path("a/b.zip")) == "application/zip"
    assert find_media_type(Path("a/b.exe")) == "application/octet-stream"


def test_each_kind_has_a_heading_and_its_summary_where_it_is_said_to_be(tmp_path: Path) -> None:
    assert PRODUCT_HEADINGS.keys() == SUMMARY_FILES.keys() >= PLACE_FILES.keys()
    pack = tmp_path / "pack" / "p"
    put_pack(pack, page="robbery/ash/brief.html")
    put_run(pack / "robbery", ASH, is_all=True)
    put_brief(tmp_path / "briefs" / "b", "Ash", [])
    ward = pack / "robbery" / "ash"
    put(ward / "brief.json", {}, "brief.html")
    entries = list_catalogue(tmp_path)
    assert {entry.kind for entry in entries} == {"packs", "runs", "briefs", "ward_pages"}
    for entry in entries:
        assert (tmp_path / entry.folder / SUMMARY_FILES[entry.kind]).is_file()
