"""A pack holds what single runs of its wards give, whoever made it, and one table leads to all of it."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import re
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from support import Said, call

from hotspots.errors import HotspotsError, ParameterError
from hotspots.pipeline import AnalysisRequest, PackPlan, PackRequest, Study, analyse, load_study, plan_pack
from hotspots.products.files import pack_workers, write_pack, write_products
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


@pytest.mark.slow
def test_a_ward_has_what_a_run_of_it_alone_gives(packed: Path, study: Study, tmp_path: Path) -> None:
    _, paths = write_products(analyse(study, AnalysisRequest(crime="robbery", wards=("E05000001",))), tmp_path)
    alone, together = read_files(paths["map"].parent), read_files(packed / "robbery" / "ashe")
    assert sorted(together) == ["map.html", "quality.html", "summary.json", "tables.xlsx", "times.html"]
    assert all(alone[name] == content for name, content in together.items() if name != "summary.json")
    first, second = (json.loads(files["summary.json"]) for files in (alone, together))
    assert set(second.pop("products").items()) < set(first.pop("products").items())
    assert first == second


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
    assert "6 maps: 2 of the whole area, and one for each ward and crime with ten incidents or more" in err
    assert "Robbery: 53, clearly improving. Too few robberies to analyse, under ten: Coombe." in err


@pytest.mark.slow
def test_the_table_leads_to_every_map_and_names_wards_without(packed: Path) -> None:
    table = json.loads((packed / "pack.json").read_text("utf-8"))
    cells = {(ward["name"], cell["crime"]): cell for ward in table["wards"] for cell in ward["cells"]}
    for (ward, crime), cell in cells.items():
        n = 0 if (ward, crime) == ("Coombe", "burglary") else N_BY_WARD[ward]
        assert cell["n_incidents"] == n
        assert (cell["page"] is not None) == (n >= 10)
    page = (packed / "index.html").read_text("utf-8")
    links = re.findall(r'<a href="([^"]+)"', page)
    assert sorted(links) == sorted(path.relative_to(packed).as_posix() for path in packed.rglob("map.html"))
    assert len(links) == table["n_pages"] == 6
    assert "Too few robberies to analyse, under ten: Coombe." in page


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
def test_two_processes_make_the_same_bytes(plan: PackPlan, packed: Path, tmp_path: Path) -> None:
    _, paths = write_pack(plan, tmp_path, jobs=2)
    assert read_files(paths["pack"].parent) == read_files(packed)


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
    assert [sorted(packed.by_ward) for packed in usual.crimes] == [["E05000001", "E05000002"]] * 2
