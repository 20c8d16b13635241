"""A pack holds a run of each crime, and pages of wards that agree with it; one table leads to all."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import multiprocessing
import re
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from opened_pages import SIZES, find_unlisted, list_dead_links, walk_by_keys
from support import Said, call

from hotspots.analysis.hotspots import PATROL_WIDTH_M
from hotspots.errors import HotspotsError, ParameterError
from hotspots.pipeline import (
    Analysis,
    AnalysisRequest,
    PackPlan,
    PackRequest,
    Study,
    analyse,
    load_study,
    plan_pack,
    view_wards,
)
from hotspots.products.files import pack_workers, write_pack, write_products
from hotspots.products.summary import summarise
from hotspots.settings import Settings

N_BY_WARD = {"Ashe": 40, "Brook": 12, "Coombe": 1}
PERIOD = "2025-03-01_2025-03-28"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three wards beside each other, with robberies in all, and burglaries in the first two."""
    folder = tmp_path_factory.mktemp("pack")
    squares = [shapely.box(530_000 + x, 170_000, 531_000 + x, 171_000) for x in (0, 1_000, 2_000)]
    wards = {"ward_code": ["E05000001", "E05000002", "E05000003"], "ward_name": list(N_BY_WARD)}
    gpd.GeoDataFrame(wards, geometry=squares, crs=27700).to_file(folder / "wards.geojson")
    rows = [
        f"{crime},2025-03-{1 + i % 28:02d} {8 + i % 14:02d}:{7 * i % 60:02d},{530_100 + 1_000 * number + 7 * i},"
        f"{170_100 + 11 * i}"
        for crime, n_wards in (("Robbery", 3), ("Burglary", 2))
        for number, n in enumerate(list(N_BY_WARD.values())[:n_wards])
        for i in range(n)
    ]
    (folder / "crimes.csv").write_text("\n".join(["Offence,Date,Easting,Northing", *rows]), "utf-8")
    return folder


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return load_study(folder / "crimes.csv", folder / "wards.geojson", settings=Settings(), tables=())


@pytest.fixture(scope="module")
def plan(study: Study) -> PackPlan:
    return plan_pack(study, PackRequest(crimes=("robbery", "burglary")))


@pytest.fixture(scope="module")
def said(folder: Path) -> Said:
    """What the command says that makes a pack in its own process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return call(
            *("pack", "--crime", "robbery", "--crime", "burglary", "--jobs", 1),
            *("--incidents", "crimes.csv", "--boundaries", "wards.geojson"),
        )


@pytest.fixture(scope="module")
def packed(said: Said, folder: Path) -> Path:
    """The folder of that pack."""
    assert said[0] == 0
    return folder / "maps" / "pack" / f"{PERIOD}_only-burglary-robbery"


def read_files(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def analysis(study: Study) -> Analysis:
    """The robberies of all wards, as the pack analyses them."""
    return analyse(study, AnalysisRequest(crime="robbery"))


def read_brief(packed: Path, ward: str) -> dict[str, Any]:
    brief: dict[str, Any] = json.loads((packed / "robbery" / ward / "brief.json").read_text("utf-8"))
    return brief


@pytest.mark.slow
def test_the_page_of_a_ward_says_the_numbers_of_the_ward(packed: Path, analysis: Analysis) -> None:
    run = summarise(analysis)
    assert run.main_change
    assert run.main_change.wards
    for ward in ("Ashe", "Brook"):
        brief = read_brief(packed, ward.lower())
        assert brief["area"] == ward
        assert f"Made from {N_BY_WARD[ward]} robberies" in " ".join(brief["words"]["sources"])
        (row,) = (row for row in run.main_change.wards if row.name == ward)
        (said,) = brief["words"]["changes"]
        assert row.change.verdict in said


@pytest.mark.slow
def test_the_page_of_a_ward_leads_to_the_ward_on_the_map_and_back(packed: Path) -> None:
    folder = packed / "robbery" / "ashe"
    page = (folder / "brief.html").read_text("utf-8")
    links = re.findall(r'<a href="([^"]+)"', page)
    assert links == ["../../index.html", "../map.html#ward=E05000001"]
    assert all((folder / link.partition("#")[0]).resolve().is_file() for link in links)
    assert "E05000001" in (packed / "robbery" / "map.html").read_text("utf-8")
    assert sorted(read_files(folder)) == ["brief.html", "brief.json"]


@pytest.mark.slow
def test_places_of_a_ward_lie_in_it_and_hold_ten_incidents_at_five_places(packed: Path, study: Study) -> None:
    incidents = study.intake.incidents
    robberies = incidents[incidents["category"] == "robbery"]
    outlines = study.boundaries.wards.set_index("ward_name").geometry
    n_places = {ward: len(read_brief(packed, ward.lower())["places"]) for ward in ("Ashe", "Brook")}
    assert n_places["Ashe"] > 0
    for ward in n_places:
        own = robberies[robberies.within(outlines[ward])]
        for place in read_brief(packed, ward.lower())["places"]:
            middle = shapely.Point(place["easting"], place["northing"])
            assert outlines[ward].contains(middle)
            near = own[own.distance(middle) <= PATROL_WIDTH_M / 2]
            assert len(near) >= 10
            assert near.geometry.nunique() >= 5


def test_wards_share_out_what_is_expected_of_the_whole_area(analysis: Analysis) -> None:
    risk = analysis.places.risk
    assert risk is not None
    views = dict(view_wards(analysis, set(analysis.wards.index)))
    assert sum(view.expected for view in views.values()) == pytest.approx(risk.expected.sum(), rel=0.02)
    assert [view.n_incidents for view in views.values()] == list(N_BY_WARD.values())
    # the more a ward has recorded, the more of the estimate is its own
    assert [view.expected for view in views.values()] == sorted(
        (view.expected for view in views.values()), reverse=True
    )


def test_a_place_at_a_border_stands_on_the_incidents_of_its_ward(study: Study) -> None:
    """Six in each of two wards are near one point of their border: neither ward may show them."""
    wards = study.boundaries.wards
    points = [
        shapely.Point(531_000 + side * (5 + n), 170_500 + 9 * n) for side in (-1, 1) for n in range(6)
    ]  # fmt: skip
    incidents = study.intake.incidents.iloc[: len(points)].copy()
    incidents = incidents.set_geometry(gpd.GeoSeries(points, index=incidents.index, crs=incidents.crs))
    incidents["ward_code"] = ["E05000001"] * 6 + ["E05000002"] * 6
    moved = dataclasses.replace(study, intake=dataclasses.replace(study.intake, incidents=incidents))
    together = analyse(moved, AnalysisRequest(crime="robbery"))
    assert together.places.patrol_places
    assert [view.patrol_places for _, view in view_wards(together, set(wards.index))] == [(), (), ()]


@pytest.mark.slow
def test_the_whole_area_has_everything(packed: Path, study: Study, tmp_path: Path) -> None:
    _, paths = write_products(analyse(study, AnalysisRequest(crime="burglary")), tmp_path)
    together = {name: content for name, content in read_files(packed / "burglary").items() if "/" not in name}
    assert together == read_files(paths["map"].parent)


@pytest.mark.slow
def test_the_command_says_where_the_table_is_and_which_wards_have_too_few(said: Said) -> None:
    code, out, err = said
    assert code == 0
    assert out == f"maps/pack/{PERIOD}_only-burglary-robbery/index.html\n"
    assert "2 maps of the whole area, and 4 pages for teams of wards: one for each ward and crime with ten" in err
    assert "Robbery: 53, clearly improving. Too few robberies for a page, under ten: Coombe." in err


@pytest.mark.slow
def test_the_table_leads_to_every_page_and_names_wards_without(packed: Path) -> None:
    table = json.loads((packed / "pack.json").read_text("utf-8"))
    cells = {(ward["name"], cell["crime"]): cell for ward in table["wards"] for cell in ward["cells"]}
    for (ward, crime), cell in cells.items():
        n = 0 if (ward, crime) == ("Coombe", "burglary") else N_BY_WARD[ward]
        assert cell["n_incidents"] == n
        assert (cell["page"] is not None) == (n >= 10)
    page = (packed / "index.html").read_text("utf-8")
    links = re.findall(r'<a href="([^"]+)"', page)
    pages = [*packed.rglob("map.html"), *packed.rglob("brief.html")]
    assert sorted(links) == sorted(path.relative_to(packed).as_posix() for path in pages)
    assert len(links) == table["n_pages"] == 6
    assert "Too few robberies for a page, under ten: Coombe." in page


@pytest.mark.slow
def test_the_manifest_and_the_zip_have_every_file(packed: Path) -> None:
    files = read_files(packed)
    with zipfile.ZipFile(packed / f"{packed.name}.zip") as zipped:
        content = {name.partition("/")[2]: zipped.read(name) for name in zipped.namelist()}
        assert {entry.date_time for entry in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert content == {name: one for name, one in files.items() if not name.endswith(".zip")}
    listed = json.loads(content.pop("manifest.json"))["products"]
    assert {name: file["sha256"] for name, file in listed.items()} == {
        name: hashlib.sha256(one).hexdigest() for name, one in content.items()
    }


@pytest.mark.slow
def test_two_processes_make_the_same_bytes_and_say_which_wards_they_are_at(
    plan: PackPlan, packed: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    _, paths = write_pack(plan, tmp_path, jobs=2, progress=told.append)
    assert read_files(paths["pack"].parent) == read_files(packed)
    steps = [step.partition("crimes, ")[2] for step in told]
    assert {f"{crime}: {n} of 2 wards" for crime in ("robbery", "burglary") for n in (0, 1)} <= set(steps)


@pytest.mark.slow
def test_partners_have_maps_and_the_table_without_pages_of_teams_or_names_of_files(
    study: Study, tmp_path: Path
) -> None:
    plan = plan_pack(study, PackRequest(crimes=("robbery",), audience="partner"))
    summary, paths = write_pack(plan, tmp_path)
    packed = paths["pack"].parent
    assert packed.name == f"{PERIOD}_only-robbery_for-partner"
    of_run = write_products(analyse(study, AnalysisRequest(crime="robbery")), tmp_path, audience="partner")[1]["map"]
    assert read_files(packed / "robbery") == read_files(of_run.parent)
    assert (summary.n_pages, summary.handling.audience) == (1, "partner")
    page = paths["pack"].read_text("utf-8")
    links = re.findall(r'<a href="([^"]+)"', page)
    assert links == ["robbery/map.html", *(f"robbery/map.html#ward=E0500000{n}" for n in (1, 2, 3))]
    assert "team" not in page
    assert "too few" not in page
    texts = [content for name, content in read_files(packed).items() if name.endswith((".html", ".json", ".csv"))]
    assert not any(b"crimes.csv" in text or b"wards.geojson" in text for text in texts)


def test_a_pack_for_everybody_is_refused_with_the_way_to_their_page() -> None:
    code, _, err = call("pack", "--audience", "public")
    assert code == 2
    assert "--audience is public. Write that page with hotspots run and the same --audience" in err


@pytest.mark.slow
def test_a_process_that_is_killed_is_told_of_and_the_last_pack_stays(plan: PackPlan, tmp_path: Path) -> None:
    last = tmp_path / "pack" / f"{PERIOD}_only-burglary-robbery" / "index.html"
    last.parent.mkdir(parents=True)
    last.write_text("the last one", "utf-8")

    def kill_once_at_work(_message: str) -> None:
        for child in multiprocessing.active_children():
            child.kill()

    with pytest.raises(HotspotsError, match=r"ended from outside while it was at .*(robbery|burglary)"):
        write_pack(plan, tmp_path, jobs=2, progress=kill_once_at_work)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["index.html"]
    assert last.read_text("utf-8") == "the last one"


def test_an_analysis_that_fails_is_named(plan: PackPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise HotspotsError("The disk is full.")

    monkeypatch.setattr(pack_workers, "fill_folder", fail)
    with pytest.raises(HotspotsError, match=r"^robbery: The disk is full\.$"):
        write_pack(plan, tmp_path)
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_a_pack_is_of_several_wards(study: Study) -> None:
    with pytest.raises(ParameterError, match="Ashe is one: it would hold everything twice"):
        plan_pack(study, PackRequest(crimes=("robbery",), wards=("Ashe",)))


def test_the_usual_crimes_are_those_of_the_performance_table(study: Study) -> None:
    usual = plan_pack(study, PackRequest())
    assert [packed.crime.slug for packed in usual.crimes] == ["robbery", "burglary"]
    assert usual.request.methods == ()
    assert [packed.pages for packed in usual.crimes] == [("E05000001", "E05000002")] * 2


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_table_is_searched_and_leads_on_by_pointer_and_by_keys(
    packed: Path, open_page: Any, size: tuple[int, int]
) -> None:
    path = packed / "index.html"
    opened = open_page(path, size)
    page = opened.page
    rows = page.locator("tr[data-name]:visible")
    assert find_unlisted(page, ["#find", "td a"]) == list_dead_links(path) == walk_by_keys(page) == []
    page.locator("#find").click()
    page.keyboard.type("bro")
    assert rows.locator("th").all_inner_texts() == ["Brook"]
    assert page.inner_text("#found") == "1 ward"
    page.keyboard.press("Escape")
    assert rows.count() == len(N_BY_WARD)
    page.locator("td a:visible").nth(2).press("Enter")
    page.wait_for_url("**/brief.html")
    page.go_back()
    assert rows.count() == len(N_BY_WARD)
    assert opened.complaints == []
