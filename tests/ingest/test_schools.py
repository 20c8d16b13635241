"""Schools from registers and other lists."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from hotspots.contracts import SCHOOL_COLUMNS
from hotspots.errors import DataError
from hotspots.ingest.reference.postcodes import read_postcodes
from hotspots.ingest.reference.schools import Schools, read_schools

GIAS = (
    "URN,EstablishmentName,TypeOfEstablishment (name),EstablishmentStatus (name),CloseDate,PhaseOfEducation (name),"
    "Postcode,HeadLastName,Easting,Northing\n"
)


def read(tmp_path: Path, text: str, *, area: shapely.Geometry | None = None, encoding: str = "utf-8") -> Schools:
    path = tmp_path / "schools.csv"
    path.write_bytes(text.encode(encoding))
    return read_schools([path], area=area)


def test_a_register_is_read_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    rows = [
        "100001,St Thomas à Becket Primary,Voluntary aided school,Open,,Primary,SE1 1AA,Bloggs,532000,180000",
        "100002,Old School,Community school,Closed,31-05-2012,Primary,SE1 1AA,Bloggs,532010,180000",
        "100003,Next Academy,Academy,Proposed to open,,Secondary,SE1 1AA,Bloggs,532020,180000",
        'S,Going School,Community school,"Open, but proposed to close",,Secondary,SE1 1AA,Bloggs,532030,180000',
        "100005,Independent School,Other independent school,Open,,Not applicable,SE1 1AA,Bloggs,532040,180000",
        "100006,Nowhere School,Community school,Open,,Primary,SE1 1AA,Bloggs,,",
        "100007,Wide School,Community school,Open,,Primary,SE1 1AA,Bloggs,532050,180000,extra,extra",
        "100001,St Thomas again,Voluntary aided school,Open,,Primary,SE1 1AA,Bloggs,532000,180000",
    ]
    result = read(tmp_path, GIAS + "\n".join(rows) + "\n", encoding="cp1252")
    assert list(result.schools.columns) == list(SCHOOL_COLUMNS)
    assert result.schools.index.tolist() == ["100001", "S001", "100005"]
    assert result.schools["name"].tolist() == ["St Thomas à Becket Primary", "Going School", "Independent School"]
    assert result.schools["phase"].tolist() == ["Primary", "Secondary", "Other independent school"]
    assert result.schools.geometry.x.tolist() == [532000, 532030, 532040]
    assert (result.n_not_open, result.n_malformed, result.n_repeated) == (2, 1, 1)
    assert dict(result.without_location) == {"only a postcode, and no list of postcodes": 1}
    assert result.inputs[0].n_rows == 8
    assert "Bloggs" not in result.schools.to_json()


def test_a_school_may_be_called_after_somebody_and_nothing_else_of_anybody_is_shown(tmp_path: Path) -> None:
    names = ["Peter Hills with St Mary's CofE Primary School", "Oak School (contact Jane Smith)", "Jane Smith"]
    rows = "".join(f"{name},532000,180000\n" for name in names)
    result = read(tmp_path, "name,easting,northing\n" + rows)
    assert result.schools["name"].tolist() == [names[0], "Oak School (contact [name])"]
    assert result.n_unnamed == 1


def test_a_school_may_lie_a_kilometre_beyond_the_study_area(tmp_path: Path) -> None:
    rows = "".join(f"{number},School {number},532000,{180000 + 1000 * number}\n" for number in range(4))
    result = read(tmp_path, "id,name,easting,northing\n" + rows, area=shapely.box(531000, 179000, 533000, 181000))
    assert result.schools["name"].tolist() == ["School 0", "School 1", "School 2"]
    assert result.n_outside == 1
    nothing = read(tmp_path, "id,name,easting,northing\n" + rows, area=shapely.box(0, 0, 1, 1))
    assert (len(nothing.schools), nothing.n_outside) == (0, 4)


def test_a_postcode_will_do_where_there_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("SE135AA,10,538629,175288\n", "utf-8")
    (tmp_path / "schools.csv").write_text("EstablishmentName,Postcode\nHill School,se13 5aa\nB,SE1 9ZZ\n", "utf-8")
    result = read_schools([tmp_path / "schools.csv"], postcodes=read_postcodes(tmp_path / "codes.csv"))
    assert result.schools.geometry.x.tolist() == [538629]
    assert result.n_without_location == 1


def test_an_outline_stands_for_a_point_on_it(tmp_path: Path) -> None:
    horseshoe = shapely.difference(
        shapely.box(532000, 180000, 532090, 180090), shapely.box(532030, 180030, 532090, 180060)
    )
    frame = gpd.GeoDataFrame({"name": ["A"], "amenity": ["school"]}, geometry=[horseshoe], crs=27700)
    frame.to_file(tmp_path / "schools.gpkg")
    result = read_schools([tmp_path / "schools.gpkg"])
    assert horseshoe.covers(result.schools.geometry.iloc[0])
    assert result.schools["phase"].tolist() == ["school"]


def test_files_that_are_not_real_may_be_left_out_wherever_they_lie(tmp_path: Path) -> None:
    path = tmp_path / "schools.csv"
    path.write_text("name,latitude,longitude,data_status\nHill School,51.488184,-0.034481,synthetic\n", "utf-8")
    assert read_schools([path]).inputs[0].data_status == "synthetic"
    nothing = read_schools([path], crs="EPSG:32610", only_real=True)
    assert (len(nothing.schools), nothing.inputs) == (0, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("town,lat,lon\nAshford,51.49,-0.03\n", "does not have a column of names"),
        ("name,town\nA,Ashford\n", "does not have one that says where"),
        ("Offence,Date,School,lat,lon\nTheft,2025-01-01,Hill,51.49,-0.03\n", "looks like a table of incidents"),
        ("name,status,lat,lon\nA,Closed,51.49,-0.03\n", r"None of the 1 schools .* \(not open: 1\)"),
        ("name,postcode\nA,SE1 1AA\n", "Name a list of postcodes in hotspots.toml"),
        ("name,lat,lon\nA,51.49,-0.03,x\n", "other fields than the header: 1.*as many fields as the header"),
    ],
)
def test_bad_files_raise_with_the_next_step(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(tmp_path, text)
