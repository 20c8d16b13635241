"""Rows can be chosen by the areas that their source names: beats, sectors, wards."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box
from support import call

from hotspots.errors import NotFoundError, TooLittleDataError
from hotspots.ingest.incidents.intake import read_incidents
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Selection, select_incidents
from hotspots.pipeline.study import Study, load_study
from hotspots.settings import Settings

N = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Robberies in two beats, the first in the west ward and the second in both, and a slip in the third ward."""
    path = tmp_path_factory.mktemp("areas")
    rows = ["Crime Ref,Offence,Date From,Easting,Northing,Ward,Beat Code,Policing Sector"]
    for n in range(N):
        first = n % 3 == 0
        easting = 536_100 + 7 * n if first or n % 2 else 536_700 + 5 * n
        ward, sector = ("West" if easting < 536_600 else "east ", "North Sector")
        beat = ("B 12" if first else "B13") if n else "Jo Bloggs"
        at = f"{1 + n % 28:02d}/0{1 + n % 6}/2026 21:05"
        rows.append(f"{n},Personal robbery,{at},{easting},{178_100 + n},{ward},{beat},{sector}")
    (path / "a.csv").write_text("\n".join(rows) + "\n", "utf-8")
    squares = [box(536_000 + 600 * n, 178_000, 536_600 + 600 * n, 178_600) for n in range(3)]
    wards = {"ward_code": ["E05000001", "E05000002", "E05000003"], "ward_name": ["West", "East", "Far"]}
    gpd.GeoDataFrame({**wards, "population": [1000] * 3}, geometry=squares, crs="EPSG:27700").to_file(
        path / "wards.gpkg"
    )
    return path


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return load_study(folder / "a.csv", folder / "wards.gpkg")


def select(study: Study, area: str | None, **asked: object) -> Selection:
    return select_incidents(study, AnalysisRequest(crime="robbery", area=area, **asked))  # type: ignore[arg-type]


def test_columns_of_areas_are_read_and_names_of_people_are_not(folder: Path) -> None:
    intake = read_incidents([folder / "a.csv"])
    (table,) = intake.tables
    assert (table.profile.ward, table.profile.area) == ("Ward", ("Beat Code", "Policing Sector"))
    assert set(intake.incidents["stated_area"]) == {"B 12|North Sector", "B13|North Sector", "North Sector"}


@pytest.mark.parametrize("area", ["B 12", " b  12 "])
def test_rows_of_an_area_in_the_wards_in_which_they_lie(study: Study, area: str) -> None:
    chosen, everything = select(study, area), select(study, None)
    assert chosen.accounts.analysed == N // 3 - 1
    assert chosen.accounts.outside_area == N - chosen.accounts.analysed
    assert chosen.wards["ward_name"].tolist() == ["West"]
    assert everything.accounts.analysed == N
    # those of other areas are left out, and do not count as surroundings
    assert len(chosen.beyond) == int((study.intake.incidents["ward_code"] != "E05000001").sum())


def test_areas_of_every_column_can_be_asked_for(study: Study) -> None:
    assert select(study, "North Sector").accounts.analysed == N
    west = select(study, "west")
    assert west.accounts.analysed == int((study.intake.incidents["ward_code"] == "E05000001").sum())
    assert set(select(study, "B13").wards["ward_name"]) == {"West", "East"}
    assert select(study, "B13", wards=("East",)).wards["ward_name"].tolist() == ["East"]


def test_an_unknown_area_gets_the_list_without_rare_texts(study: Study) -> None:
    with pytest.raises(NotFoundError) as raised:
        select(study, "B14")
    assert str(raised.value).startswith('No row lies in an `area` called "B14". Did you mean "B13"? The sources name: ')
    assert "B 12, B13, North Sector, West" in str(raised.value)
    assert "Bloggs" not in str(raised.value)
    with pytest.raises(TooLittleDataError, match="none of its 19 rows lies in the 1 wards"):
        select(study, "B 12", wards=("Far",))


def test_a_source_without_areas_says_what_to_do(demonstration: Study) -> None:
    with pytest.raises(NotFoundError, match=r'no column names areas such as beats, .* source profile, area = "..."'):
        select(demonstration, "B12")


def test_names_of_wards_are_compared_with_the_boundaries(study: Study) -> None:
    wards = study.quality.wards
    assert wards is not None
    assert (wards.n_stated, wards.n_unknown, wards.n_other) == (N, 0, 0)


def test_a_rare_name_is_that_of_a_ward_where_the_boundaries_have_it(folder: Path, tmp_path: Path) -> None:
    stated = ["far", "Sarah Siddons", "E05000003", "Jo Bloggs", "Near", "Mr Velbirt", "West"]
    rows = [f"Robbery,0{n}/01/2026 21:05,536100,178100,{ward}\n" for n, ward in enumerate(stated, start=1)]
    (tmp_path / "few.csv").write_text("Offence,Date From,Easting,Northing,Ward\n" + "".join(rows), "utf-8")
    wards = gpd.read_file(folder / "wards.gpkg")
    # looks like somebody's name
    wards.assign(ward_name=["West", "Sarah Siddons", "Far"]).to_file(tmp_path / "wards.gpkg")
    settings = Settings(store=tmp_path / "store")
    for _ in range(2):  # the second time from the store, which knows no more than a mark
        study = load_study(tmp_path / "few.csv", tmp_path / "wards.gpkg", settings=settings)
        kept = study.intake.incidents["stated_ward"].astype("object").where(lambda ward: ward.notna(), None)
        assert kept.tolist() == ["Far", "Sarah Siddons", "E05000003", None, None, None, "West"]
    told = [part.read_bytes() for part in (tmp_path / "store").rglob("*") if part.is_file()]
    assert not any(name in part for part in told for name in (b"Siddons", b"Bloggs", b"Velbirt"))
    assert read_incidents([tmp_path / "few.csv"]).incidents["stated_ward"].dropna().tolist() == ["E05000003"]
    code, said, _ = call("check", tmp_path / "few.csv", "--boundaries", tmp_path / "wards.gpkg", "--json")
    assert (code, json.loads(said)["wards"]["n_stated"]) == (0, 4)


def test_products_say_which_area_was_chosen(folder: Path, tmp_path: Path) -> None:
    given = ("--incidents", folder / "a.csv", "--boundaries", folder / "wards.gpkg", "--out", tmp_path)
    code, _, said = call("run", "--crime", "robbery", "--area", "b13", *given)
    assert code == 0, said
    assert 'Note: Only rows that the source puts into "b13" are analysed.' in said
    assert "20 outside the area" in said
    (made,) = (tmp_path / "robbery").iterdir()
    assert made.name.endswith("_area.b13")
    for page in ("map.html", "times.html"):
        assert "b13&#34; of the source, in East" in (made / page).read_text("utf-8")
    summary = json.loads((made / "summary.json").read_text("utf-8"))
    assert summary["study_area"]["stated_area"] == "b13"
    # residents of the wards are not those of a beat
    assert summary["rates"] is None
    code, _, said = call("run", "--crime", "robbery", "--area", "nowhere", *given)
    assert code == 2
    assert 'No row lies in an --area called "nowhere"' in said
