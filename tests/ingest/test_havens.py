from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotspots.contracts import HAVEN_COLUMNS, HAVEN_DETAIL_COLUMNS
from hotspots.errors import DataError, ParameterError
from hotspots.geography.projection import to_wgs84
from hotspots.ingest.reference.havens import Havens, read_havens
from hotspots.ingest.reference.postcodes import read_postcodes
from hotspots.pipeline.notes import list_left_out

HEADER = "name,kind,opening_hours,easting,northing\n"


def read(tmp_path: Path, text: str, name: str = "havens.csv") -> Havens:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_havens([path])


def test_havens_are_read_with_their_hours(tmp_path: Path) -> None:
    result = read(tmp_path, HEADER + "Library,library,Mo-Fr 09:00-17:00,536560,178413\n")
    assert set(result.havens.columns) == {*HAVEN_COLUMNS, *HAVEN_DETAIL_COLUMNS}
    assert result.havens.index.tolist() == ["H001"]
    assert result.havens["opening_hours"].tolist() == ["Mo-Fr 09:00-17:00"]


def test_files_that_are_not_real_may_be_left_out_wherever_they_lie(tmp_path: Path) -> None:
    """The demonstration's havens do not stop a run abroad, and real ones beside them are kept."""
    header = "name,longitude,latitude,data_status\n"
    (tmp_path / "demonstration.csv").write_text(header + "Library,-0.034481,51.488184,synthetic\n", "utf-8")
    nothing = read_havens([tmp_path], crs="EPSG:32610", only_real=True)
    assert (len(nothing.havens), nothing.inputs, nothing.n_without_location) == (0, (), 0)
    with pytest.raises(DataError, match="None of the 1 safe havens read has a usable location in WGS 84 / UTM zone"):
        read_havens([tmp_path], crs="EPSG:32610")
    (tmp_path / "real.csv").write_text(header + "Equator,-123,0,\n", "utf-8")
    kept = read_havens([tmp_path], crs="EPSG:32610", only_real=True)
    assert kept.havens["name"].tolist() == ["Equator"]
    assert [file.path for file in kept.inputs] == [f"{tmp_path.name}/real.csv"]


def test_degrees_do_as_well(tmp_path: Path) -> None:
    result = read(tmp_path, "name,longitude,latitude\nLibrary,-0.034481,51.488184\n")
    assert round(result.havens.geometry.x.iloc[0]) == 536560


def test_eastings_and_northings_are_in_the_working_crs(tmp_path: Path) -> None:
    """The meridian of zone 10 and the equator cross at 500,000 m east and 0 m north."""
    (tmp_path / "metres.csv").write_text(HEADER + "Library,library,,491059.5,5459122.4\nZero,shop,,0,0\n", "utf-8")
    metres = read_havens([tmp_path / "metres.csv"], crs="EPSG:32610")
    assert metres.havens.crs == "EPSG:32610"
    assert (metres.havens.geometry.x.iloc[0], metres.havens.geometry.y.iloc[0]) == (491059.5, 5459122.4)
    assert metres.n_without_location == 1
    degrees = "name,longitude,latitude\nEquator,-123,0\nLondon,-0.03,51.49\n"
    (tmp_path / "degrees.csv").write_text(degrees, "utf-8")
    havens = read_havens([tmp_path / "degrees.csv"], crs="EPSG:32610")
    assert havens.havens["name"].tolist() == ["Equator"]
    assert havens.havens.geometry.x.iloc[0] == pytest.approx(500_000, abs=0.001)
    assert havens.n_without_location == 1
    frame = gpd.GeoDataFrame(
        {"name": ["A", "B", "C"]}, geometry=[shapely.Point(-123, 0), None, shapely.MultiPoint()], crs=4326
    )
    frame.to_file(tmp_path / "points.geojson")
    points = read_havens([tmp_path / "points.geojson"], crs="EPSG:32610")
    assert points.havens.geometry.iloc[0].equals_exact(shapely.Point(500_000, 0), 0.001)
    assert points.n_without_location == 2


def test_a_crs_in_degrees_or_of_another_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "havens.csv").write_text("name,longitude,latitude\nLondon,-0.03,51.49\n", "utf-8")
    with pytest.raises(ParameterError, match="must be projected, in metres"):
        read_havens([tmp_path / "havens.csv"], crs="EPSG:4326")
    with pytest.raises(DataError, match="None of the 1 safe havens read has a usable location in WGS 84 / UTM zone 10"):
        read_havens([tmp_path / "havens.csv"], crs="EPSG:32610")


def test_what_cannot_be_used_is_counted(tmp_path: Path) -> None:
    result = read(tmp_path, HEADER + "A,shop,when I feel like it,536560,178413\nB,shop,24/7,,\nC,shop,,536560,178413\n")
    assert result.havens["name"].tolist() == ["A", "C"]
    assert result.n_without_location == 1
    assert result.n_hours_unreadable == 1
    assert result.havens["opening_hours"].isna().all()


def test_hours_that_are_not_known_are_counted_by_the_reason(tmp_path: Path) -> None:
    texts = [
        "Mo-Fr 9am-5pm", "Mo-Fr", "Sa", '"by appointment"', "16:00+", "ask inside", 'Mo-Fr 09:00-17:00 || "ring"', "",
    ]  # fmt: skip
    quoted = [text.replace('"', '""') for text in texts]
    rows = [f'{number},shop,"{text}",536560,178413\n' for number, text in enumerate(quoted)]
    # One that is left out because it has no place is not counted a second time for its hours.
    result = read(tmp_path, HEADER + "".join(rows) + "Lost,shop,Mo,,\n")
    known = ["Mo-Fr 09:00-17:00", *[None] * 5, "Mo-Fr 09:00-17:00", None]
    assert result.havens["opening_hours"].tolist() == known
    assert result.hours_doubts == {"no times": 2, "remark": 1, "open end": 1, "unreadable": 1}
    assert (result.n_hours_unreadable, result.n_hours_partly_known, result.n_without_location) == (5, 1, 1)


def test_of_an_address_the_street_is_kept(tmp_path: Path) -> None:
    addresses = ["12 Rye Lane, SE15 4ST", "Flat 3, 22 Rye Lane", "The Willows", "Mr John Smith, 4 Elm Grove", ""]
    rows = "".join(f'P{n},shop,,{536560 + 100 * n},178413,"{text}"\n' for n, text in enumerate(addresses))
    result = read(tmp_path, HEADER.replace("\n", ",Address\n") + rows)
    assert result.havens["address"].tolist() == ["Rye Lane", "Rye Lane", None, "Elm Grove", None]


def test_a_haven_that_takes_part_no_more_is_none_and_is_counted(tmp_path: Path) -> None:
    states = ["Active", "Suspended since May 2026", "lapsed", "LAPSED", "Closed", "Pending", "open", ""]
    rows = "".join(f"P{n},shop,24/7,{536560 + 100 * n},178413,{state}\n" for n, state in enumerate(states))
    result = read(tmp_path, HEADER.replace("\n", ",Membership status\n") + rows)
    assert result.havens["name"].tolist() == ["P0", "P6", "P7"]
    assert result.lapsed == {"lapsed": 2, "pending": 1, "suspended": 1}
    assert (result.n_lapsed, result.n_shut) == (4, 1)
    with pytest.raises(DataError, match=r"None of the 1 safe havens .* \(lapsed: 1\)"):
        read(tmp_path, "name,status,easting,northing\nA,Lapsed,536560,178413\n")


def test_hours_that_were_last_checked_too_long_ago_are_not_known(tmp_path: Path) -> None:
    days = ["2026-03-01", "28/02/2026", "May 2020", "", "soon", "01/03/2020"]
    rows = "".join(f"P{n},shop,24/7,{536560 + 100 * n},178413,{day}\n" for n, day in enumerate(days))
    (tmp_path / "havens.csv").write_text(HEADER.replace("\n", ",Last checked\n") + rows, "utf-8")
    result = read_havens([tmp_path / "havens.csv"], checked_since=dt.date(2026, 3, 1))
    checked = [None if pd.isna(day) else f"{day:%Y-%m-%d}" for day in result.havens["checked_on"]]
    assert checked == ["2026-03-01", "2026-02-28", None, None, None, "2020-03-01"]
    assert result.havens["opening_hours"].isna().tolist() == [False, True, False, False, False, True]
    assert result.hours_doubts == {"lapsed": 2}
    assert read_havens([tmp_path / "havens.csv"]).havens["opening_hours"].notna().all()


def test_one_place_as_a_point_and_as_an_outline_is_one_haven_and_one_name_at_two_sites_is_two(tmp_path: Path) -> None:
    """A library is mapped as a node without hours and as an outline with them; its branch is a kilometre away."""
    frame = gpd.GeoDataFrame(
        {
            "name": ["Hill Library", "hill library", "Hill Library", "Hill Library"],
            "amenity": ["library", "library", "library", "cafe"],
            "opening_hours": [None, "Mo-Fr 09:00-17:00", None, None],
        },
        geometry=[
            shapely.Point(536560, 178413),
            shapely.box(536540, 178400, 536600, 178430),
            shapely.Point(537560, 178413),
            shapely.Point(536560, 178413),
        ],
        crs=27700,
    )
    frame.to_file(tmp_path / "havens.gpkg", layer="all")
    result = read_havens([tmp_path / "havens.gpkg"])
    assert result.havens["name"].tolist() == ["hill library", "Hill Library", "Hill Library"]
    assert result.havens["opening_hours"].tolist() == ["Mo-Fr 09:00-17:00", None, None]
    assert result.n_repeated == 1
    given = "haven_id,name,easting,northing\nA1,Hub,536560,178413\nA2,Hub,536560,178413\n"
    assert len(read(tmp_path, given).havens) == 2


def test_a_layer_of_points_is_read(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": ["A"]}, geometry=[shapely.Point(536560, 178413)], crs=27700)
    frame.to_file(tmp_path / "havens.gpkg")
    assert read_havens([tmp_path / "havens.gpkg"]).havens["name"].tolist() == ["A"]


def test_rows_of_another_length_are_counted(tmp_path: Path) -> None:
    """Hours with a comma and without quotes: an easy mistake."""
    result = read(
        tmp_path, HEADER + "A,shop,Mo-Fr 08:00-17:00; Sa,Su 09:00-12:00,536560,178413\nB,shop,,536560,178413\n"
    )
    assert result.havens["name"].tolist() == ["B"]
    assert (result.n_malformed, result.n_without_location) == (1, 0)
    assert result.inputs[0].n_rows == 2


def test_layers_of_points_and_names_in_capitals_are_read(tmp_path: Path) -> None:
    points = [shapely.Point(536560, 178413), shapely.MultiPoint([(536600, 178400)])]
    for layer, point in zip(("one", "two"), points, strict=True):
        frame = gpd.GeoDataFrame({"NAME": [layer]}, geometry=[point], crs=27700)
        frame.to_file(tmp_path / "havens.gpkg", layer=layer)
    assert read_havens([tmp_path / "havens.gpkg"]).havens["name"].tolist() == ["one", "two"]


def test_numbers_are_given_around_the_ids_that_are_there(tmp_path: Path) -> None:
    text = "haven_id,name,easting,northing\nH001,A,536560,178413\n,B,536561,178413\n"
    assert read(tmp_path, text).havens.index.tolist() == ["H001", "H002"]
    rows = ("HAVEN001,A,536560,178413", "LEW-0012,B,536561,178413", "07700900123,C,536562,178413")
    text = "\n".join(["haven_id,name,easting,northing", *rows, ""])
    assert read(tmp_path, text).havens.index.tolist() == ["HAVEN001", "LEW-0012", "H001"]


@pytest.mark.parametrize(
    "columns",
    [
        "Crime prevention officer",
        "Reported crime nearby",
        "Hate crime reporting centre",
        "Crimestoppers poster,Date added",
        "Date verified,Offence prevention pack given",
        "Opening hours,Crime type",  # what may be reported there
    ],
)
def test_a_column_about_crime_makes_no_incidents_of_a_list_of_places(tmp_path: Path, columns: str) -> None:
    values = ",".join("x" for _ in columns.split(","))
    havens = read(tmp_path, f"name,lat,lon,{columns}\nLibrary,51.49,-0.03,{values}\n").havens
    assert havens["name"].tolist() == ["Library"]


@pytest.mark.parametrize("columns", ["Offence,Date", "Crime type,Month", "Crime type", "Offence,Hours,Reported on"])
def test_a_table_of_incidents_is_no_list_of_places(tmp_path: Path, columns: str) -> None:
    values = ",".join("x" for _ in columns.split(","))
    with pytest.raises(DataError, match=f'looks like a table of incidents: column "{columns.split(",")[0]}" says what'):
        read(tmp_path, f"Location,lat,lon,{columns}\nHigh Street,51.49,-0.03,{values}\n")


def test_bad_files_raise_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="havens.csv does not have one that says where .* Its columns are name, town"):
        read(tmp_path, "name,town\nA,Ashford\n")
    with pytest.raises(DataError, match="does not have a column of names .* Its columns are town, lat, lon"):
        read(tmp_path, "town,lat,lon\nAshford,51.49,-0.03\n")
    with pytest.raises(DataError, match="looks like values, and not like names of columns") as refused:
        read(tmp_path, "Jo Bloggs,51.49,-0.03\nKim,51.48,-0.03\n")
    assert "Bloggs" not in str(refused.value)
    with pytest.raises(DataError, match="Safe havens are places; havens.csv looks like a table of incidents"):
        read(tmp_path, "Offence,Date,Location,lat,lon\nTheft,2025-01-01,High Street,51.49,-0.03\n")
    with pytest.raises(
        DataError, match=r"\(only a postcode, and no list of postcodes: 1\). Name a list of postcodes in hotspots.toml"
    ):
        read(tmp_path, "name,postcode\nA,SE1 1AA\n")
    with pytest.raises(DataError, match="that in row 1 of havens.csv is given again in row 2 of havens.csv"):
        read(tmp_path, "haven_id,name,easting,northing\nX1,A,536560,178413\nX1,B,536561,178413\n")
    with pytest.raises(DataError, match="None of the 1 safe havens read has a usable location"):
        read(tmp_path, HEADER + "A,shop,,,\n")
    twice = gpd.GeoDataFrame({"name": ["A"], "Name": ["B"]}, geometry=[shapely.Point(-0.03, 51.49)], crs=4326)
    twice.to_file(tmp_path / "twice.geojson")
    with pytest.raises(DataError, match='two columns called "name"'):
        read_havens([tmp_path / "twice.geojson"])
    (tmp_path / "broken.geojson").write_text("{")
    with pytest.raises(DataError, match="broken.geojson cannot be read as safe havens"):
        read_havens([tmp_path / "broken.geojson"])
    lost = gpd.GeoDataFrame({"name": ["A"]}, geometry=[shapely.Point(1, 2)])
    with pytest.warns(UserWarning, match="crs"):
        lost.to_file(tmp_path / "lost.gpkg")
    with pytest.raises(DataError, match="A file of safe havens must state its CRS; lost.gpkg has none"):
        read_havens([tmp_path / "lost.gpkg"])


FRAME = pd.DataFrame(
    {
        "name": ["Library", "Chemist", "Cafe"],
        "kind": ["library", "pharmacy", "cafe"],
        "hours": ["Mo-Fr 09:00-17:00", "24/7", None],
        "easting": [536560.0, 536700.0, 536800.0],
        "northing": [178413.0, 178500.0, 178600.0],
    }
)
TRUTH = {
    "name": ["Library", "Chemist", "Cafe"],
    "kind": ["library", "pharmacy", "cafe"],
    "opening_hours": ["Mo-Fr 09:00-17:00", "00:00-24:00", None],
}


def write(frame: pd.DataFrame, path: Path) -> Path:
    """The list in the form that its name says: places as columns, or as geometry."""
    suffix = path.suffix
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    elif suffix == ".tsv":
        frame.to_csv(path, index=False, sep="\t")
    elif suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        points = gpd.points_from_xy(frame["easting"], frame["northing"])
        places = gpd.GeoDataFrame(frame.drop(columns=["easting", "northing"]), geometry=points, crs=27700)
        if suffix == ".geoparquet":
            places.to_parquet(path)
        elif suffix == ".kml":
            to_wgs84(places).to_file(path, driver="LIBKML")
        elif suffix == ".zip":
            places.to_file(path.with_suffix(".shp"))
            with zipfile.ZipFile(path, "w") as archive:
                for part in path.parent.glob(f"{path.stem}.*"):
                    if part != path:
                        archive.write(part, part.name)
        else:
            places.to_file(path)
    return path


def check(result: Havens) -> None:
    got = {name: [None if pd.isna(value) else value for value in result.havens[name]] for name in TRUTH}
    assert got["opening_hours"][1] in ("24/7", "00:00-24:00", "Mo-Su 00:00-24:00")
    got["opening_hours"][1] = "00:00-24:00"
    assert got == TRUTH
    assert result.havens.geometry.x.tolist() == pytest.approx(FRAME["easting"].tolist(), abs=0.1)
    assert result.havens.geometry.y.tolist() == pytest.approx(FRAME["northing"].tolist(), abs=0.1)


@pytest.mark.parametrize(
    "suffix", ["csv", "tsv", "xlsx", "parquet", "geoparquet", "geojson", "gpkg", "zip", "kml", "shp"]
)
def test_every_wrapping_gives_the_same_havens(tmp_path: Path, suffix: str) -> None:
    check(read_havens([write(FRAME, tmp_path / f"havens.{suffix}")]))


@pytest.mark.parametrize(
    ("name", "kind", "hours"),
    [
        ("Name", "Type", "Opening Hours"),
        ("TITLE", "category", "opening_hours"),
        ("Venue", "amenity", "Hours"),
        ("Organisation", "Type of venue", "Opening times"),
        ("Location", "Kind", "Hours of opening"),
        ("Site name", "shop", "OpeningHours"),
        ("pharmacy_name", "classification", "Open"),
    ],
)
def test_columns_are_known_by_their_usual_names_in_any_order(tmp_path: Path, name: str, kind: str, hours: str) -> None:
    renamed = FRAME.rename(columns={"name": name, "kind": kind, "hours": hours})
    address = ["1 High Street", "2 High Street", "3 High Street"]
    turned = renamed.assign(Address=address, **{"Area name": "Ashford"})[
        [*renamed.columns[::-1], "Address", "Area name"]
    ]
    check(read_havens([write(turned, tmp_path / "havens.csv")]))


@pytest.mark.parametrize(("lat", "lon"), [("lat", "lon"), ("@lat", "@lon"), ("Latitude", "Longitude"), ("LAT", "LONG")])
def test_degrees_are_known_as_those_of_incidents_are(tmp_path: Path, lat: str, lon: str) -> None:
    result = read(tmp_path, f"@type,@id,{lat},{lon},name\nnode,1,51.488184,-0.034481,Library\n")
    assert round(result.havens.geometry.x.iloc[0]) == 536560
    assert result.havens["kind"].isna().all()


def test_grid_references_and_pairs_do_as_well(tmp_path: Path) -> None:
    assert read(tmp_path, "name,grid ref\nA,TQ 36560 78413\n").havens.geometry.x.tolist() == [536560.5]
    coarse = read(tmp_path, "name,grid ref\nA,TQ 36560 78413\nB,TQ 36 78\nC,TQ 365 784\n")
    assert dict(coarse.without_location) == {"grid reference of a large square": 1}
    pair = read(tmp_path, 'name,coordinates\nA,"51.488184, -0.034481"\n')
    assert round(pair.havens.geometry.x.iloc[0]) == 536560


def test_a_postcode_will_do_where_there_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text("SE135AA,10,538629,175288\n", "utf-8")
    postcodes = read_postcodes(tmp_path / "codes.csv")
    (tmp_path / "havens.csv").write_text("Name,Postcode\nA,se13 5aa\nB,SE13 9ZZ\n", "utf-8")
    result = read_havens([tmp_path / "havens.csv"], postcodes=postcodes)
    assert result.havens.geometry.x.tolist() == [538629]
    assert dict(result.without_location) == {"postcode not in the list": 1}


@pytest.mark.parametrize("suffix", ["geojson", "gpkg", "kml", "geoparquet"])
def test_an_outline_is_read_by_a_point_on_it(tmp_path: Path, suffix: str) -> None:
    """A U, whose middle is outside it; two buildings of one place; a line; a point."""
    u = shapely.box(536500, 178400, 536560, 178460) - shapely.box(536510, 178410, 536550, 178460)
    two = shapely.MultiPolygon(
        [shapely.box(536600, 178400, 536620, 178420), shapely.box(536640, 178400, 536645, 178405)]
    )
    shapes = [u, two, shapely.LineString([(536700, 178400), (536710, 178410)]), shapely.Point(536800, 178400)]
    frame = gpd.GeoDataFrame({"name": ["U", "Two", "Line", "Point"]}, geometry=shapes, crs=27700)
    path = tmp_path / f"havens.{suffix}"
    if suffix == "geoparquet":
        frame.to_parquet(path)
    elif suffix == "kml":
        to_wgs84(frame).to_file(path, driver="LIBKML")
    else:
        frame.to_file(path)
    havens = read_havens([path]).havens.set_index("name")
    assert havens.index.tolist() == ["U", "Two", "Line", "Point"]
    for name, shape in zip(havens.index, shapes, strict=True):
        assert havens.geometry[name].distance(shape) < 0.1


def test_a_haven_without_a_name_is_called_by_its_kind(tmp_path: Path) -> None:
    text = (
        "name,amenity,shop,lat,lon\n,,convenience,51.48,-0.03\nUnknown,place_of_worship,,51.48,-0.03\n,,,51.48,-0.03\n"
    )
    result = read(tmp_path, text)
    assert result.havens["name"].tolist() == ["Unnamed convenience", "Unnamed place of worship", "Unnamed"]
    assert result.n_unnamed == 3


def test_what_is_closed_for_good_is_left_out_and_counted(tmp_path: Path) -> None:
    result = read(tmp_path, "CommonName,Status,Easting,Northing\nA,active,536560,178413\nB,inactive,536560,178413\n")
    assert (result.havens["name"].tolist(), result.n_shut) == (["A"], 1)
    result = read(tmp_path, "Library name,Year closed,Easting,Northing\nA,,536560,178413\nB,2012,536560,178413\n")
    assert (result.havens["name"].tolist(), result.n_shut) == (["A"], 1)
    school = "EstablishmentName,EstablishmentStatus (name),CloseDate,Easting,Northing\n"
    result = read(tmp_path, school + "A,Open,31-08-2027,536560,178413\nB,Closed,31-08-2020,536560,178413\n")
    assert (result.havens["name"].tolist(), result.n_shut) == (["A"], 1)


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@pytest.mark.parametrize(
    "column",
    ["{}", "Opening Hours {}", "opening_hours_{}", "{} staffed hours", "{:.3}", "{} (hours)", "Opening times - {}"],
)
def test_hours_may_have_a_column_for_each_weekday(tmp_path: Path, column: str) -> None:
    names = [column.format(day) for day in DAYS]
    hours = ["09:00-17:00"] * 5 + ["10:00-13:00", "Closed"]
    row = {"name": "A", **dict(zip(names, hours, strict=True)), "easting": 536560, "northing": 178413}
    pd.DataFrame([row]).to_csv(tmp_path / "havens.csv", index=False)
    (read_hours,) = read_havens([tmp_path / "havens.csv"]).havens["opening_hours"]
    assert read_hours.startswith("Mo-Fr 09:00-17:00; Sa 10:00-13:00")


def test_hours_may_have_two_columns_for_each_weekday(tmp_path: Path) -> None:
    pairs = {f"{day:.3} {word}": time for day in DAYS[:6] for word, time in (("open", "09:00"), ("close", "17:30"))}
    row = {"name": "A", **pairs, "Monday unstaffed hours": "00:00-24:00", "easting": 536560, "northing": 178413}
    pd.DataFrame([row]).to_csv(tmp_path / "havens.csv", index=False)
    (read_hours,) = read_havens([tmp_path / "havens.csv"]).havens["opening_hours"]
    assert read_hours.startswith("Mo-Sa 09:00-17:30")


def test_every_sheet_with_havens_is_read(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "havens.xlsx") as book:
        pd.DataFrame({"Notes": ["Of 2026"]}).to_excel(book, sheet_name="Cover", index=False)
        FRAME.iloc[:2].to_excel(book, sheet_name="One", index=False)
        FRAME.iloc[2:].to_excel(book, sheet_name="Two", index=False, startrow=2)
    check(read_havens([tmp_path / "havens.xlsx"]))


@given(
    order=st.permutations(range(len(FRAME.columns))),
    forms=st.lists(
        st.sampled_from([str.upper, str.title, lambda name: f" {name} ", lambda name: f"{name}:"]), min_size=5
    ),
    delimiter=st.sampled_from(",;\t|"),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_case_signs_and_delimiters_do_not_count(
    tmp_path: Path, order: list[int], forms: list[Callable[[str], str]], delimiter: str
) -> None:
    names = [form(name) for form, name in zip(forms, FRAME.columns, strict=False)]
    turned = FRAME.set_axis(names, axis="columns").iloc[:, order]
    turned.to_csv(tmp_path / "havens.csv", index=False, sep=delimiter)
    check(read_havens([tmp_path / "havens.csv"]))


def test_personal_columns_are_not_read(tmp_path: Path) -> None:
    text = "name,contact name,address,telephone,lat,lon\n,Jo Bloggs,1 High Street,0123,51.48,-0.03\n"
    havens = read(tmp_path, text).havens
    assert havens["name"].tolist() == ["Unnamed"]
    assert "Bloggs" not in havens.to_json()


OSM = """<?xml version="1.0"?><osm version="0.6">
<node id="1" lat="51.50" lon="-0.09"><tag k="amenity" v="pharmacy"/><tag k="name" v="Hill Pharmacy"/>
 <tag k="opening_hours" v="Mo-Fr 09:00-18:00; PH off"/><tag k="addr:street" v="High Street"/>
 <tag k="check_date:opening_hours" v="2026-05-01"/></node>
<node id="2" lat="51.50" lon="-0.08"><tag k="amenity" v="bench"/><tag k="name" v="A Bench"/></node>
<node id="3" lat="51.50" lon="-0.07"><tag k="amenity" v="pub"/><tag k="name" v="The Crown"/></node>
<node id="4" lat="51.50" lon="-0.06"><tag k="shop" v="convenience"/><tag k="name" v="Say &quot;Hi&quot; Shop"/></node>
<node id="5" lat="51.50" lon="-0.05"><tag k="shop" v="vacant"/><tag k="name" v="Empty"/></node>
<node id="6" lat="51.50" lon="-0.04"><tag k="shop" v="books"/></node>
<node id="11" lat="51.510" lon="-0.090"/><node id="12" lat="51.510" lon="-0.089"/>
<node id="13" lat="51.511" lon="-0.089"/><node id="14" lat="51.511" lon="-0.090"/>
<way id="20"><nd ref="11"/><nd ref="12"/><nd ref="13"/><nd ref="14"/><nd ref="11"/>
 <tag k="building" v="yes"/><tag k="amenity" v="library"/><tag k="name" v="Hill Library"/></way></osm>"""


def test_of_an_extract_of_openstreetmap_places_with_somebody_in_them_are_read(tmp_path: Path) -> None:
    """A bench, a pub, an empty shop and one without a name are none."""
    (tmp_path / "area.osm").write_text(OSM, "utf-8")
    result = read_havens([tmp_path / "area.osm"])
    assert result.havens[["name", "kind"]].to_numpy().tolist() == [
        ["Hill Pharmacy", "pharmacy"], ['Say "Hi" Shop', "convenience"], ["Hill Library", "library"],
    ]  # fmt: skip
    first = result.havens.iloc[0]
    assert (first["opening_hours"], first["address"]) == ("Mo-Fr 09:00-18:00; PH off", "High Street")
    assert first["checked_on"] == pd.Timestamp("2026-05-01")
    none = OSM.replace('"pharmacy"', '"bench"').replace('"library"', '"x"').replace('"convenience"', '"vacant"')
    (tmp_path / "none.osm").write_text(none, "utf-8")
    with pytest.raises(DataError, match="none.osm holds no place that could be one of the safe havens"):
        read_havens([tmp_path / "none.osm"])


def test_what_is_read_like_havens_is_called_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "cameras.csv"
    path.write_text("name,easting,northing\nA,0,0\n", "utf-8")
    with pytest.raises(DataError, match="None of the 1 cameras read has a usable location"):
        read_havens([path], what="cameras")
    path.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(DataError, match="A list of cameras needs a name or kind"):
        read_havens([path], what="cameras")
    path.write_text("name,easting,northing\nA,536560,178413\n", "utf-8")
    assert [file.table for file in read_havens([path], what="cameras").inputs] == ["cameras"]


def test_a_header_without_a_row_is_said(tmp_path: Path) -> None:
    path = tmp_path / "candidates.csv"
    path.write_text(HEADER, "utf-8")
    with pytest.raises(DataError, match="A file of candidates must hold at least one place; there are only headers"):
        read_havens([path], what="candidates")


def test_a_place_listed_twice_with_other_hours_is_named(tmp_path: Path) -> None:
    """The first hours are taken; those written otherwise that mean the same are the same."""
    rows = [
        "Library,library,Mo-Fr 09:00-17:00,536560,178413",
        "library,library,Mo-Sa 10:00-18:00,536570,178413",
        "Cafe,cafe,Mo-Fr 09:00-17:00,537560,178413",
        "Cafe,cafe,weekdays 9am-5pm,537560,178413",
        "Cafe,cafe,,537560,178413",
    ]
    result = read(tmp_path, HEADER + "\n".join(rows) + "\n")
    assert (result.n_repeated, result.of_two_hours) == (3, ("Library",))
    assert result.havens["opening_hours"].tolist() == ["Mo-Fr 09:00-17:00"] * 2
    notes = list_left_out(havens=result)
    said = "Safe havens listed twice with different opening hours, of which the first are taken: Library. Ask them"
    assert any(note.startswith(said) for note in notes)
