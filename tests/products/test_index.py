from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hotspots.products.files.folders import replace_file, replace_folder
from hotspots.products.files.index import write_index


def put(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")


PERFORMANCE: dict[str, Any] = {
    "period": {"start": "2025-10-01", "end": "2026-09-30"},
    "study_area": {"wards": ["Ash", "<b>Beech</b>"], "is_all": False},
    "indicators": [{}, {}],
    "data_status": {"incidents": "synthetic"},
    "products": {"performance": "performance.html", "performance_json": "performance.json"},
}
OPERATION: dict[str, Any] = {
    "crime_label": "Robbery",
    "operation": {"start": "2026-04-01", "end": "2026-06-30"},
    "areas": {"treated": {"name": "Peckham"}},
    "words": ["Robberies fell more than in the control."],
    "data_status": {},
    "products": {"operation": "operation.html", "operation_json": "operation.json"},
}


def test_performance_tables_and_operations_are_listed_with_the_files_that_are_there(tmp_path: Path) -> None:
    put(tmp_path / "performance" / "a" / "performance.json", PERFORMANCE)
    put(tmp_path / "performance" / "broken" / "performance.json", {"period": {}})
    put(tmp_path / "operation" / "b" / "operation.json", OPERATION)
    (tmp_path / "operation" / "b" / "operation.html").write_text("page")
    page = write_index(tmp_path).read_text("utf-8")
    assert 'href="performance/a/performance.json"' in page
    assert "performance/a/performance.html" not in page  # it is not there
    assert "broken" not in page
    assert 'href="operation/b/operation.html"' in page
    assert "Robberies fell more than in the control." in page
    assert "1 October 2025 to 30 September 2026" in page
    assert "&lt;b&gt;Beech&lt;/b&gt;" in page
    assert "Nothing yet" not in page
    assert "made from made-up or unfinished data" in page


def test_files_are_listed_by_what_people_do_with_them(tmp_path: Path) -> None:
    names = ["plan.json", "card.html", "patrols.csv", "patrol_1.gpx", "places.geojson", "tables.xlsx", "a.unknown"]
    products = {name: name for name in names}
    put(tmp_path / "operation" / "b" / "operation.json", OPERATION | {"products": products})
    for name in names:
        (tmp_path / "operation" / "b" / name).write_text("x")
    page = write_index(tmp_path).read_text("utf-8")
    uses = re.findall(r'<div class="use"><span>(.*?)</span><div>(.*?)</div>', page)
    assert [(use, re.findall(r'href="operation/b/(.*?)">(.*?) <span>(.*?)</span>', links)) for use, links in uses] == [
        ("Read and print", [("card.html", "Patrol card", "web page")]),
        ("Filter and chart", [("patrols.csv", "Patrols", "CSV"), ("tables.xlsx", "All tables", "Excel")]),
        ("Open in a GIS", [("places.geojson", "Places to patrol, hot spots and wards", "GeoJSON")]),
        ("Take along", [("patrol_1.gpx", "Patrol 1", "GPX")]),
        ("Check and reuse", [("plan.json", "Plan", "JSON")]),
        ("Other", [("a.unknown", "A", "UNKNOWN")]),
    ]


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    assert "Nothing yet: <code>hotspots run</code> writes the first map." in write_index(tmp_path).read_text("utf-8")


def test_a_folder_that_fails_leaves_the_last_one(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with replace_folder(folder, out=tmp_path) as draft:
        (draft / "page.html").write_text("good")
    try:
        with replace_folder(folder, out=tmp_path) as draft:
            (draft / "page.html").write_text("half")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert (folder / "page.html").read_text() == "good"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    replace_file(tmp_path / "index.html", "é\n")
    assert (tmp_path / "index.html").read_bytes() == "é\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
