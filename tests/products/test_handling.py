"""For whom products are, and their marking: on every product of every command, and what partners do not have."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from house_files import SVG_LOGO

from hotspots import products
from hotspots.errors import ParameterError
from hotspots.house import AUDIENCES, HouseStyle
from hotspots.logos import Logo
from hotspots.pipeline import (
    AnalysisRequest,
    BriefRequest,
    HavenRequest,
    OperationRequest,
    PatrolPlanRequest,
    PerformanceRequest,
    Study,
    analyse,
    evaluate_operation,
    find_area,
    load_study,
    make_brief,
    measure_performance,
    plan_havens,
    plan_shift,
)
from hotspots.products.files import (
    require_shareable,
    write_brief,
    write_havens,
    write_index,
    write_operation,
    write_patrol_plan,
    write_performance,
    write_products,
)
from hotspots.products.summary import (
    BriefSummary,
    HavenPlanSummary,
    OperationSummary,
    PatrolPlanSummary,
    PatrolsDoneSummary,
    PerformanceSummary,
    PostersSummary,
    RunSummary,
)
from hotspots.settings import Settings

EAST, NORTH = 530_000, 180_000
SECRET = 'MARKED "7\\" <b>&</b> SECRETLY'
"""What a page, a style and a sheet might each take for a sign of their own."""
FILE = "carter_v_jones_extract.csv"
HOUSE = HouseStyle(
    name="Northbank Partnership",
    logo=Logo(content=SVG_LOGO.encode(), form="svg"),
    colour="#1f4e79",
    contact="Ms Quill, ext. 12",
    markings={"tasking": SECRET},
)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Robberies of two years at two places of a ward, some of them refused or not recognised, and a station at one."""
    folder = tmp_path_factory.mktemp("inputs")
    names = {"ward_code": ["E05000001", "E05000002"], "ward_name": ["Ashe", "Brook"], "borough": "Vale"}
    squares = [shapely.box(EAST + x, NORTH, EAST + x + 1000, NORTH + 1000) for x in (0, 1000)]
    gpd.GeoDataFrame(names | {"population": 9_000.0}, geometry=squares, crs=27700).to_file(folder / "wards.geojson")
    rng = np.random.default_rng(1)
    days = np.datetime64("2024-01-01") + np.arange(731)
    rows = [
        f"Robbery,{rng.choice(days)} {hour}:{n % 60:02d},{EAST + x + 6 * (n % 8)},{NORTH + y + 6 * (n % 5)}"
        for hour, x, y, many in ((15, 300, 300, 160), (21, 1700, 700, 80))
        for n in range(many)
    ]
    rows += ["Robbery,never,530100,180100", "Odd word,2025-03-01 10:00,530100,180100"]
    (folder / FILE).write_text("\n".join(["Offence,Date,Easting,Northing", *rows]), "utf-8")
    (folder / "stations.csv").write_text(
        f"name,kind,easting,northing\nThe Quiet Man,railway station,{EAST + 1715},{NORTH + 712}\n"
    )
    (folder / "havens.csv").write_text(
        f"name,kind,opening_hours,easting,northing\nLibrary,library,Mo-Fr 09:00-17:00,{EAST + 350},{NORTH + 350}\n"
    )
    settings = Settings(havens=(folder / "havens.csv",), premises=(folder / "stations.csv",), house=HOUSE)
    return load_study([folder / FILE], [folder / "wards.geojson"], settings=settings, tables=("havens", "premises"))


@pytest.fixture(scope="module")
def written(study: Study, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    return write_all(study, tmp_path_factory.mktemp("maps"))


def write_all(study: Study, out: Path) -> dict[str, dict[str, Path]]:
    """What every command writes of it, and a run for partners."""
    analysis = analyse(study, AnalysisRequest(crime="robbery"))
    operation = OperationRequest(crime="robbery", start=dt.date(2025, 7, 1), end=dt.date(2025, 9, 30))
    treated = find_area(study.boundaries.wards, ward_names=["Ashe"])
    assert treated is not None
    shift = PatrolPlanRequest(crime="robbery", day=dt.date(2026, 1, 5), begin=dt.time(15), end=dt.time(17))
    return {
        "run": write_products(analysis, out)[1],
        "partner": write_products(analysis, out, audience="partner")[1],
        "brief": write_brief(make_brief(analysis, BriefRequest()), out)[1],
        "performance": write_performance(measure_performance(study, PerformanceRequest()), out)[1],
        "operation": write_operation(evaluate_operation(study, operation, treated), out)[1],
        "havens": write_havens(plan_havens(study, HavenRequest(crime="robbery")), out)[1],
        "patrols": write_patrol_plan(plan_shift(study, shift), out)[1],
        "index": {"index": write_index(out)},
    }


@pytest.mark.slow
def test_the_same_study_gives_the_same_bytes_with_a_house_and_for_partners(
    study: Study, written: dict[str, dict[str, Path]], tmp_path: Path
) -> None:
    again = write_all(study, tmp_path)
    assert HOUSE.logo is not None
    assert HOUSE.logo.data_url in again["partner"]["map"].read_text("utf-8")
    assert {".pdf", ".docx", ".xlsx", ".gpkg"} <= {path.suffix for paths in again.values() for path in paths.values()}
    for command, paths in written.items():
        for key, path in paths.items():
            assert path.read_bytes() == again[command][key].read_bytes(), (command, key)


COMMANDS = ("run", "partner", "brief", "performance", "operation", "havens", "patrols", "index")
IN_MANIFEST_ALONE = {".csv", ".geojson", ".parquet", ".ics", ".gpx"}


def read_marks(path: Path) -> list[str]:
    """The texts of a product in which its marking must stand: of a page its top, its foot and the margins of paper."""
    if path.suffix == ".html":
        text = path.read_text("utf-8")
        if path.name == "index.html":
            return [text]
        top = re.search(r'<section class="frame".*?</section>', text, re.DOTALL)
        foot = re.search(r"<footer.*?</footer>", text, re.DOTALL)
        assert top
        assert foot
        return [top[0], foot[0], *re.findall(r'@(?:top|bottom)-center { content: "(.*?)";', text)[:2]]
    if path.suffix == ".json":
        return [json.dumps(json.loads(path.read_text("utf-8")), ensure_ascii=False)]
    if path.suffix == ".gpkg":
        return [str(pyogrio.read_info(path, layer=name)["layer_metadata"]) for name, _ in pyogrio.list_layers(path)]
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode("utf-8") for name in archive.namelist() if name.endswith(".xml")}
    if path.suffix == ".docx":
        return [text for name, text in texts.items() if re.search(r"word/(header|footer)\d", name)][:2]
    sheets = [text for name, text in texts.items() if name.startswith("xl/worksheets/sheet")]
    heads = [re.search(rf"<odd{side}>.*?</odd{side}>", sheet) for sheet in sheets for side in ("Header", "Footer")]
    return [texts["xl/sharedStrings.xml"], *(head[0] if head else "" for head in heads)]


def plain(text: str) -> str:
    """A text with its letters and digits alone, whatever signs it was written with."""
    named = re.sub(r"\\+([0-9a-f]{2}) |&#\d+;|&\w+;|&&", "", text)
    return re.sub(r"[^a-zA-Z0-9]", "", named)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_marking_stands_on_every_product(command: str, written: dict[str, dict[str, Path]]) -> None:
    marking = "OFFICIAL" if command == "partner" else "MARKED7b"
    for key, path in written[command].items():
        if path.suffix in IN_MANIFEST_ALONE or path.suffix == ".pdf" or key == "quality_json":
            continue
        marks = read_marks(path)
        assert marks, path
        for text in marks:
            assert plain(marking) in plain(text), (key, text[:300])
    if command != "index":
        manifest = json.loads(written[command]["manifest"].read_text("utf-8"))
        names = {one["file"] for one in manifest["products"].values()}
        assert names == {path.name for path in written[command]["manifest"].parent.iterdir()} - {"manifest.json"}
        assert manifest["handling"]["marking"] == ("OFFICIAL" if command == "partner" else SECRET)
        assert manifest["handling"]["audience"] == ("partner" if command == "partner" else "tasking")
        assert manifest["handling"]["contact"] == HOUSE.contact


@pytest.mark.slow
def test_a_marking_is_a_text_and_nothing_else(written: dict[str, dict[str, Path]]) -> None:
    page = written["run"]["map"].read_text("utf-8")
    assert "<b>&</b>" not in page
    assert "MARKED &#34;7" in page


@pytest.mark.slow
def test_partners_have_nothing_of_rows_files_or_premises(written: dict[str, dict[str, Path]]) -> None:
    kept, all_of_it = written["partner"], written["run"]
    assert kept["map"].parent != all_of_it["map"].parent
    assert all_of_it.keys() - kept.keys() == {"rejected", "premises_csv"}
    words = ("carter_v_jones", "stations.csv", "Quiet Man")
    held = {key: read_all(path) for key, path in kept.items()}
    for word in words:
        assert any(word in read_all(path) for path in all_of_it.values()), f"the test looks for {word} in vain"
        # the search of the map leads to stations and schools by name, as any map does, with nothing of crime at them
        allowed = ["map"] if word == "Quiet Man" else []
        assert [key for key, text in held.items() if word in text] == allowed
    assert '"facilities": []' in held["map"]
    assert "partners only" in held["hotspots_csv"]
    assert "rejected.csv" not in "".join(held.values())
    assert "Rows refused" in held["quality"]
    numbers = json.loads(held["summary"])
    assert [file["path"] for file in numbers["inputs"]][:2] == ["incident file", "boundary file"]
    assert numbers["hotspots"] == json.loads(read_all(all_of_it["summary"]))["hotspots"]


def read_all(path: Path) -> str:
    """Everything in a file, unpacked."""
    content = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            content = b"\n".join(archive.read(name) for name in archive.namelist())
    return content.decode("utf-8", errors="ignore")


def test_what_is_too_fine_is_for_nobody_else() -> None:
    fine: Any = AnalysisRequest(crime="robbery", min_samples=5)
    require_shareable(fine, "tasking")
    for audience in AUDIENCES[1:]:
        with pytest.raises(ParameterError, match=f"Products for {audience} readers must not be so fine"):
            require_shareable(fine, audience)


def test_every_page_has_its_frame_and_every_summary_says_for_whom_it_is() -> None:
    templates = Path(products.__file__).parent / "templates"
    for page in templates.glob("*.html"):
        text = page.read_text("utf-8")
        if "<!DOCTYPE html>" in text:
            assert text.count('{% include "frame_') == 2, page
            assert '{% include "frame.css" %}' in text
        else:
            assert "<body" not in text
    for summary in (
        RunSummary, BriefSummary, PerformanceSummary, OperationSummary, HavenPlanSummary, PatrolPlanSummary,
        PatrolsDoneSummary, PostersSummary,
    ):  # fmt: skip
        assert "handling" in {field.name for field in dataclasses.fields(summary)}
