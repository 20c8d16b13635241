from __future__ import annotations

import contextlib
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hotspots.errors import DataError, NotFoundError, ParameterError
from hotspots.geography.wards import assign_wards
from hotspots.ingest.reference.boundaries import read_boundaries
from hotspots.ingest.texts import describe_form


def write(wards: gpd.GeoDataFrame, path: Path, **options: object) -> Path:
    wards.reset_index().to_file(path, **options)
    return path


def test_every_format_gives_the_same_wards(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    geopackage = write(square_wards, tmp_path / "wards.gpkg")
    degrees = gpd.GeoDataFrame(square_wards.reset_index())
    from hotspots.geography.projection import to_wgs84

    geojson = tmp_path / "wards.geojson"
    to_wgs84(degrees).to_file(geojson, COORDINATE_PRECISION=9)
    shapefile = write(square_wards.rename(columns={"ward_name": "NAME"}).rename_axis("GSS_CODE"), tmp_path / "w.shp")
    archive = tmp_path / "wards.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for part in sorted(tmp_path.glob("w.*")):
            file.write(part, part.name)
    for path in (geopackage, geojson, shapefile, archive):
        wards = read_boundaries([path]).wards
        assert wards.index.tolist() == ["A", "B", "C", "D"]
        assert wards["ward_name"].tolist() == ["Ash", "Beech", "Cedar", "Date"]
        assert wards.crs.to_epsg() == 27700
        assert (
            wards.geometry.geom_equals_exact(square_wards.geometry, 0.02).all()
            or (wards.geometry.hausdorff_distance(square_wards.geometry) < 0.05).all()
        )


def test_two_files_make_one_table(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write(square_wards.iloc[:2], tmp_path / "one.gpkg")
    write(square_wards.iloc[2:], tmp_path / "two.gpkg")
    boundaries = read_boundaries([tmp_path / "two.gpkg", tmp_path / "one.gpkg"])
    assert boundaries.wards.index.tolist() == ["A", "B", "C", "D"]
    assert [file.n_rows for file in boundaries.inputs] == [2, 2]


def test_all_polygon_layers_of_a_file_are_read(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "wards.gpkg"
    write(square_wards.iloc[:2], path, layer="west")
    write(square_wards.iloc[2:], path, layer="east")
    assert len(read_boundaries([path]).wards) == 4


def test_parts_of_one_ward_are_joined(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    parts = square_wards.reset_index()
    parts.loc[3, ["ward_code", "ward_name", "borough"]] = ["A", "Ash", "West"]
    parts.to_file(tmp_path / "wards.gpkg")
    wards = read_boundaries([tmp_path / "wards.gpkg"]).wards
    assert wards.index.tolist() == ["A", "B", "C"]
    assert wards.geometry["A"].area == pytest.approx(2e6)


def test_an_outline_that_crosses_itself_is_repaired_and_counted(tmp_path: Path) -> None:
    bow = shapely.Polygon([(530000, 180000), (531000, 181000), (531000, 180000), (530000, 181000)])
    frame = gpd.GeoDataFrame({"ward_code": ["A"]}, geometry=[bow], crs=27700)
    boundaries = read_boundaries([write(frame, tmp_path / "wards.gpkg", index=False)])
    assert boundaries.n_repaired == 1
    assert boundaries.wards.geometry.is_valid.all()
    assert boundaries.wards["ward_name"].tolist() == ["A"]


def test_boundaries_without_a_crs_are_refused(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "wards.shp"
    square_wards.reset_index().to_file(path)
    path.with_suffix(".prj").unlink()
    with pytest.raises(DataError, match=r"must state its CRS; wards\.shp has none.*add the \.prj file"):
        read_boundaries([path])


def test_a_layer_without_polygons_is_refused(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    centres = square_wards.set_geometry(square_wards.centroid)
    with pytest.raises(DataError, match=r"must be polygons; .*centres\.gpkg holds Point"):
        read_boundaries([write(centres, tmp_path / "centres.gpkg")])
    with pytest.raises(DataError, match=r"must be polygons; .*c\.geojson holds Point"):
        read_boundaries([write(centres.to_crs(4326), tmp_path / "c.geojson")])


def test_a_mixed_layer_names_the_first_feature_that_is_no_polygon(
    square_wards: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    mixed = square_wards.to_crs(4326)
    mixed.loc["C", "geometry"] = shapely.Point(0, 51.5)
    with pytest.raises(DataError, match="feature 3 of .* is not, and 1 in all"):
        read_boundaries([write(mixed, tmp_path / "mixed.geojson")])


def test_wards_need_codes(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    named = square_wards.reset_index(drop=True)
    named.to_file(tmp_path / "named.gpkg")
    with pytest.raises(DataError, match="need a column of ward codes .* has none. Its columns are ward_name, borough"):
        read_boundaries([tmp_path / "named.gpkg"])
    holes = square_wards.reset_index()
    holes.loc[1, "ward_code"] = None
    holes.to_file(tmp_path / "holes.gpkg")
    with pytest.raises(DataError, match="feature 2 of .* has none in ward_code"):
        read_boundaries([tmp_path / "holes.gpkg"])


def gss(wards: gpd.GeoDataFrame, prefix: str = "E05") -> list[str]:
    return [f"{prefix}{number:06d}" for number in range(1, len(wards) + 1)]


@pytest.mark.parametrize(
    "name", ["area_code", "Census_Code", "Ward code 2023", "geography code", "CODE_1", "Ward", "WD", "identifier"]
)
@pytest.mark.parametrize("prefix", ["E05", "W05", "S13", "N08"])
def test_gss_codes_are_known_under_any_name(
    square_wards: gpd.GeoDataFrame, tmp_path: Path, name: str, prefix: str
) -> None:
    """The borough and the region, whose codes are GSS codes too, stand before the ward."""
    codes = gss(square_wards, prefix)
    frame = square_wards.reset_index(drop=True).assign(LA="E09000023", Region="E12000007", **{name: codes})
    frame[[name, *frame.columns.drop(name)][::-1]].to_file(tmp_path / "wards.gpkg")
    wards = read_boundaries([tmp_path / "wards.gpkg"]).wards
    assert wards.index.tolist() == codes
    assert wards["ward_name"].tolist() == ["Ash", "Beech", "Cedar", "Date"]


def test_a_layer_with_a_usual_code_comes_before_one_of_boroughs(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    square_wards.reset_index().to_file(tmp_path / "all.gpkg", layer="wards")
    borough = square_wards.dissolve().assign(area_code="E09000023")[["area_code", "geometry"]]
    borough.to_file(tmp_path / "all.gpkg", layer="borough")
    assert read_boundaries([tmp_path / "all.gpkg"]).wards.index.tolist() == ["A", "B", "C", "D"]


def test_the_name_of_a_borough_is_not_that_of_a_ward(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    frame = square_wards.reset_index(drop=True)[["geometry"]]
    frame = frame.assign(WD22CD=gss(frame), LAD22NM="Lewisham", region_name="London")
    frame.to_file(tmp_path / "wards.gpkg")
    wards = read_boundaries([tmp_path / "wards.gpkg"]).wards
    assert wards["ward_name"].tolist() == wards.index.tolist()
    assert set(wards["borough"]) == {"Lewisham"}


def test_of_several_codes_that_differ_the_one_of_wards_is_taken(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    one = square_wards.iloc[:1].reset_index(drop=True).assign(LA="E09000023", Ward="E05000001", Region="E12000007")
    one.to_file(tmp_path / "one.gpkg")
    assert read_boundaries([tmp_path / "one.gpkg"]).wards.index.tolist() == ["E05000001"]
    two = square_wards.reset_index(drop=True).assign(Old=gss(square_wards), New=gss(square_wards)[::-1])
    two.to_file(tmp_path / "two.gpkg")
    with pytest.raises(DataError, match="has several whose codes differ on every row: Old, New. Rename the right one"):
        read_boundaries([tmp_path / "two.gpkg"])


@pytest.mark.parametrize(
    "name",
    ["beat_code", "Beat", "Beat Name", "SECTOR", "Sector_ID", "Neighbourhood", "NPT code", "Policing area", "Name"],
)
def test_police_areas_are_known_by_their_codes(square_wards: gpd.GeoDataFrame, tmp_path: Path, name: str) -> None:
    codes = ["PK1", "PK2", "PK3", "PK4"]
    frame = square_wards.reset_index(drop=True)[["borough", "geometry"]].assign(**{name: codes})
    frame.to_file(tmp_path / "beats.gpkg")
    assert read_boundaries([tmp_path / "beats.gpkg"]).wards.index.tolist() == codes


def test_beats_in_a_ward_are_beats(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    frame = square_wards.reset_index(drop=True)[["geometry"]].assign(
        ward_code="E05000001", beat_code=["PK1", "PK2", "PK3", "PK4"], beat_name=["Ash", "Beech", "Cedar", "Date"]
    )
    frame.to_file(tmp_path / "beats.gpkg")
    wards = read_boundaries([tmp_path / "beats.gpkg"]).wards
    assert wards["ward_name"].to_dict() == {"PK1": "Ash", "PK2": "Beech", "PK3": "Cedar", "PK4": "Date"}


@pytest.mark.parametrize("suffix", ["kml", "kmz"])
def test_kml_gives_the_same_wards(square_wards: gpd.GeoDataFrame, tmp_path: Path, suffix: str) -> None:
    """Names of placemarks, and data beside them."""
    from hotspots.geography.projection import to_wgs84

    frame = gpd.GeoDataFrame(square_wards.reset_index().rename(columns={"ward_name": "Name"}))
    path = tmp_path / f"wards.{suffix}"
    to_wgs84(frame).to_file(path, driver="LIBKML")
    wards = read_boundaries([path]).wards
    assert wards["ward_name"].to_dict() == {"A": "Ash", "B": "Beech", "C": "Cedar", "D": "Date"}
    assert (wards.geometry.hausdorff_distance(square_wards.geometry) < 0.05).all()


KML = '<?xml version="1.0"?>{}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
PLACEMARK = (
    "<Placemark><name>PK1</name><Polygon><outerBoundaryIs><LinearRing><coordinates>0,51.5 0.01,51.5 0.01,51.51 0,51.5"
    "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
)
LINK = "<NetworkLink><Link><href>http://127.0.0.1:9/a.kml</href></Link></NetworkLink>"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (KML.format("", LINK), "only a link to where the places are"),
        (KML.format('<!DOCTYPE kml [<!ENTITY a "b">]>', PLACEMARK), "not that of a .kml file"),
        (KML.format("<!-- <OGRVRTDataSource> -->", PLACEMARK), "not that of a .kml file"),
        ("<gpx></gpx>", "not that of a .kml file"),
        ("{}", "not that of a .kml file"),
    ],
)
def test_kml_that_leads_elsewhere_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "beats.kml").write_text(content, "utf-8")
    with pytest.raises(DataError, match=f"beats.kml cannot be read as boundaries: .*{said}"):
        read_boundaries([tmp_path / "beats.kml"])


def test_what_kml_links_to_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "beats.kml").write_text(KML.format("", PLACEMARK + LINK), "utf-8")
    assert read_boundaries([tmp_path / "beats.kml"]).wards.index.tolist() == ["PK1"]


def test_kmz_holds_places(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "beats.kmz", "w") as archive:
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(DataError, match="beats.kmz cannot be read as boundaries: it holds no places"):
        read_boundaries([tmp_path / "beats.kmz"])
    with zipfile.ZipFile(tmp_path / "beats.kmz", "w") as archive:
        archive.writestr("a.kml", KML.format("", PLACEMARK))
        archive.writestr("b.kml", KML.format("", PLACEMARK))
    with pytest.raises(DataError, match="it holds several KML files. Unpack it, and give them."):
        read_boundaries([tmp_path / "beats.kmz"])


def test_two_vintages_are_refused(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write(square_wards, tmp_path / "new.gpkg")
    write(square_wards.rename(index=str.lower), tmp_path / "old.gpkg")
    with pytest.raises(
        DataError, match=r"must not overlap; 4 pairs do, most of all A Ash and a Ash, over 1 km².*Give one vintage"
    ):
        read_boundaries([tmp_path / "new.gpkg", tmp_path / "old.gpkg"])


def test_one_code_for_two_wards_is_refused(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    twice = square_wards.rename(index={"D": "A"})
    with pytest.raises(DataError, match="A stands for Ash and Date"):
        read_boundaries([write(twice, tmp_path / "twice.gpkg")])


def test_a_wrong_crs_is_noticed(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    wrong = square_wards.set_crs(3857, allow_override=True)
    with pytest.raises(DataError, match=r"must lie in Great Britain; A in .* does not, read as WGS 84 / Pseudo"):
        read_boundaries([write(wrong, tmp_path / "wrong.gpkg")])


def test_overlap_is_judged_ward_by_ward(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    many = [shapely.box(500_000 + 1000 * x, 150_000 + 1000 * y, 501_000 + 1000 * x, 151_000 + 1000 * y)
            for x in range(40) for y in range(20)]  # fmt: skip
    small = shapely.box(500_100, 150_100, 500_200, 150_200)
    codes = [f"W{i}" for i in range(801)]
    frame = gpd.GeoDataFrame({"ward_code": codes}, geometry=[*many, small], crs=27700)
    with pytest.raises(DataError, match="1 pairs do, most of all W0 W0 and W800 W800"):
        read_boundaries([write(frame, tmp_path / "wards.gpkg", index=False)])


def test_small_areas_are_not_taken_for_the_wards_they_lie_in(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    areas = square_wards.reset_index(drop=True).rename(columns={"ward_name": "lsoa21nm"})
    areas["wd22cd"], areas["wd22nm"], areas["lsoa21cd"] = ["X", "X", "Y", "Y"], "Name", ["P", "Q", "R", "S"]
    areas.to_file(tmp_path / "lsoa.gpkg")
    wards = read_boundaries([tmp_path / "lsoa.gpkg"]).wards
    assert wards["ward_name"].to_dict() == {"P": "Ash", "Q": "Beech", "R": "Cedar", "S": "Date"}


def test_a_missing_name_is_the_code_and_a_blank_code_is_refused(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    nameless = square_wards.reset_index()
    nameless.loc[2, "ward_name"] = None
    assert read_boundaries([write(nameless.set_index("ward_code"), tmp_path / "a.gpkg")]).wards["ward_name"]["C"] == "C"
    nameless.loc[2, "ward_code"] = " "
    with pytest.raises(DataError, match="feature 3 of b.gpkg has none in ward_code"):
        read_boundaries([write(nameless.set_index("ward_code"), tmp_path / "b.gpkg")])


def test_slivers_between_two_surveys_are_let_pass(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    wider = square_wards.set_geometry(square_wards.buffer(3, join_style="mitre"))
    assert len(read_boundaries([write(wider, tmp_path / "wards.gpkg")]).wards) == 4


def test_layers_without_codes_beside_one_with_are_of_something_else(
    square_wards: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    write(square_wards, tmp_path / "a.gpkg", layer="wards")
    parks = gpd.GeoDataFrame({"park": ["P"]}, geometry=[shapely.box(530000, 180000, 530500, 180500)], crs=27700)
    parks.to_file(tmp_path / "a.gpkg", layer="parks")
    assert read_boundaries([tmp_path / "a.gpkg"]).wards.index.tolist() == ["A", "B", "C", "D"]


def test_codes_of_an_odd_kind_are_no_traceback(tmp_path: Path) -> None:
    ring = [[-0.1, 51.4], [-0.09, 51.4], [-0.09, 51.41], [-0.1, 51.4]]
    feature = {
        "type": "Feature",
        "properties": {"ward_code": ["a"], "ward_name": {"x": 1}},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = tmp_path / "odd.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with contextlib.suppress(DataError):  # by older GDAL, which leaves such a column out
        assert len(read_boundaries([path]).wards) == 1


def test_a_file_is_what_its_name_says(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    """GDAL would take the content for a pointer, and read another file or ask another host."""
    write(square_wards, tmp_path / "wards.gpkg")
    pointer = f"<OGRVRTDataSource><OGRVRTLayer name='wards'><SrcDataSource>{tmp_path}/wards.gpkg</SrcDataSource>"
    for name in ("a.json", "a.gpkg", "a.shp", "a.zip"):
        (tmp_path / name).write_text(pointer + "</OGRVRTLayer></OGRVRTDataSource>")
        with pytest.raises(DataError, match="cannot be read as boundaries"):
            read_boundaries([tmp_path / name])
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as file:
        file.writestr("wards.shp", pointer + "</OGRVRTLayer></OGRVRTDataSource>")
    pipeline = {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {tmp_path}/wards.gpkg"}
    (tmp_path / "b.geojson").write_text(json.dumps(pipeline))
    for name in ("b.zip", "b.geojson"):
        with pytest.raises(DataError, match="its content is not that of a"):
            read_boundaries([tmp_path / name])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("wards.csv", "ward_code,ward_name\nE05011095,Borough\n", "it is not a geographic file"),
        ("wards.txt", "E05011095", "it is not a geographic file"),
        ("overpass.json", '{"version": 0.6, "elements": []}', "it is JSON, but not GeoJSON"),
        ("wards.geojson", '["E05011095"]', "it is JSON, but not GeoJSON"),
        ("wards.geojson", '{"type": ["Feature"]}', "it is JSON, but not GeoJSON"),
        ("wards.geojson", '{"type": {"a": 1}, "features": []}', "it is JSON, but not GeoJSON"),
    ],
)
def test_what_holds_no_outlines_is_said(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(DataError, match=rf"{name} cannot be read as boundaries: {said}\. Give GeoJSON"):
        read_boundaries([tmp_path / name])


def test_outlines_of_nothing_are_refused(tmp_path: Path) -> None:
    flat = gpd.GeoDataFrame({"ward_code": ["A"]}, geometry=[shapely.Polygon([(530000, 180000)] * 4)], crs=27700)
    with pytest.raises(DataError, match="must enclose an area; A does not"):
        read_boundaries([write(flat, tmp_path / "flat.gpkg", index=False)])
    far = gpd.GeoDataFrame({"ward_code": ["A"]}, geometry=[shapely.box(5e6, 0, 5.1e6, 100)], crs=27700)
    with pytest.raises(DataError, match="must lie in Great Britain; A in far.gpkg does not"):
        read_boundaries([write(far, tmp_path / "far.gpkg", index=False)])


def test_outlines_in_degrees_of_the_same_datum_are_not_shifted(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    wards = read_boundaries([write(square_wards.to_crs(4277), tmp_path / "wards.gpkg")]).wards
    assert wards.geometry.hausdorff_distance(square_wards.geometry).max() < 0.01


def test_files_that_are_no_boundaries_are_refused(tmp_path: Path) -> None:
    (tmp_path / "wards.geojson").write_text("not json")
    for content in ("not json", '{"type": "FeatureCollection", "features": 7}'):
        (tmp_path / "wards.geojson").write_text(content)
        with pytest.raises(DataError, match="wards.geojson cannot be read as boundaries|holds no features|no geometry"):
            read_boundaries([tmp_path / "wards.geojson"])
    with pytest.raises(NotFoundError, match="to read boundaries from"):
        read_boundaries([tmp_path / "nowhere.gpkg"])


def test_wards_are_brought_to_another_working_crs(tmp_path: Path) -> None:
    """The meridian of zone 10 and the equator cross at 500,000 m east and 0 m north."""
    degrees = shapely.box(-123.0, 0.0, -122.99, 0.01)
    frame = gpd.GeoDataFrame({"ward_code": ["A"]}, geometry=[degrees], crs=4326)
    path = write(frame, tmp_path / "wards.geojson", index=False)
    wards = read_boundaries([path], crs="EPSG:32610").wards
    assert wards.crs == "EPSG:32610"
    assert wards.geometry["A"].bounds[:2] == pytest.approx((500_000, 0), abs=0.001)
    assert wards.geometry["A"].equals_exact(frame.to_crs(32610).geometry[0], 0.001)
    again = read_boundaries([write(wards, tmp_path / "utm.gpkg")], crs="EPSG:32610").wards
    assert again.geometry["A"].equals(wards.geometry["A"])


def test_boundaries_outside_the_working_crs_are_refused(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = write(square_wards, tmp_path / "london.gpkg")
    with pytest.raises(
        DataError,
        match="must lie in WGS 84 / UTM zone 10N; A in london.gpkg does not, read as .*British National Grid.*"
        "give a CRS of that place",
    ):
        read_boundaries([path], crs="EPSG:32610")
    with pytest.raises(ParameterError, match="must be projected, in metres"):
        read_boundaries([path], crs="EPSG:4326")
    with pytest.raises(ParameterError, match="must be true to scale where the study is; in WGS 84 / Pseudo-Mercator"):
        read_boundaries([path], crs="EPSG:3857")


@pytest.mark.parametrize(
    "column",
    [
        *("population", "Pop", "POP_2021", "pop2021", "Total_Population", "census2021_pop_bestfit"),
        *("usual residents", "USUALRES", "All usual residents", "all_people"),
    ],
)
def test_population_is_known_by_its_usual_names(square_wards: gpd.GeoDataFrame, tmp_path: Path, column: str) -> None:
    wards = square_wards.drop(columns="population").assign(**{column: [10_950, 0, np.nan, 16_715]})
    population = read_boundaries([write(wards, tmp_path / "wards.gpkg")]).wards["population"]
    assert population.dtype == "float64"
    assert population.to_dict() == pytest.approx({"A": 10_950, "B": 0, "C": np.nan, "D": 16_715}, nan_ok=True)


def test_of_several_populations_the_latest_is_taken(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    wards = square_wards.drop(columns="population")
    wards = wards.assign(pop_2011=["1", "2", "3", "4"], pop_2021=["5", " 6", "", None], pop_density=7, hectares=8)
    population = read_boundaries([write(wards, tmp_path / "wards.gpkg")]).wards["population"]
    assert population.to_dict() == pytest.approx({"A": 5, "B": 6, "C": np.nan, "D": np.nan}, nan_ok=True)
    wards = wards.drop(columns=["pop_2011", "pop_2021"])
    assert read_boundaries([write(wards, tmp_path / "none.gpkg")]).wards["population"].isna().all()


@pytest.mark.parametrize("wrong", ["-5", "about 9000", "10,950", "inf"])
def test_a_population_that_is_no_number_is_refused(square_wards: gpd.GeoDataFrame, tmp_path: Path, wrong: str) -> None:
    wards = square_wards.assign(population=["1", "2", wrong, None])
    with pytest.raises(
        DataError,
        match=f'in digits alone; feature 3 of wards.gpkg has text like "{describe_form(wrong)}" in population',
    ):
        read_boundaries([write(wards, tmp_path / "wards.gpkg")])


def test_wards_that_all_lie_over_each_other_are_refused_before_each_pair_is_compared(
    square_wards: gpd.GeoDataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(square_wards, tmp_path / "wards.gpkg")  # all four meet in a corner
    monkeypatch.setattr("hotspots.ingest.reference.boundaries.MOST_NEAR", 3)
    assert len(read_boundaries([path]).wards) == 4
    monkeypatch.setattr("hotspots.ingest.reference.boundaries.MOST_NEAR", 2)
    with pytest.raises(DataError, match="must not overlap; each of these 4 has 3 others in its extent"):
        read_boundaries([path])


def test_parts_of_one_ward_share_its_population(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    parts = square_wards.reset_index().assign(population=[100.0, 200.0, 300.0, 100.0])
    parts.loc[3, ["ward_code", "ward_name"]] = ["A", "Ash"]
    parts.to_file(tmp_path / "wards.gpkg")
    assert read_boundaries([tmp_path / "wards.gpkg"]).wards["population"].tolist() == [100, 200, 300]
    parts.assign(population=[1000.0, 200.0, 300.0, 50.0]).to_file(tmp_path / "shares.gpkg")
    with pytest.raises(DataError, match="one population; the parts of A have 2 of them. Give each part that of"):
        read_boundaries([tmp_path / "shares.gpkg"])


def test_of_wards_and_boroughs_in_one_file_a_layer_is_chosen(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = write(square_wards, tmp_path / "areas.gpkg", layer="wards")
    boroughs = square_wards.dissolve(by="borough").reset_index().rename_axis("gss_code")
    boroughs.index = pd.Index(["X", "Y"], name="gss_code")
    write(boroughs.assign(ward_name=["East", "West"]), path, layer="boroughs")
    with pytest.raises(
        DataError,
        match="must not overlap; 4 pairs do, most of all .* They are of the layers boroughs and wards of areas.gpkg: "
        "give one as `layer`",
    ):
        read_boundaries([path])
    assert read_boundaries([path], layer="wards").wards.index.tolist() == ["A", "B", "C", "D"]
    assert read_boundaries([path], layer="boroughs").wards.index.tolist() == ["X", "Y"]
    with pytest.raises(NotFoundError, match='no layer "Wards" in areas.gpkg; it has .*wards.* Choose one of those'):
        read_boundaries([path], layer="Wards")


def test_the_neighbourhoods_of_vancouver_hold_the_incidents_that_name_them(real_data: Path, tmp_path: Path) -> None:
    """The police give eastings and northings in UTM zone 10N, moved to the middle of the block, and a neighbourhood."""
    published = real_data / "timestamped" / "vancouver_neighbourhoods.geojson"
    with pytest.raises(
        DataError, match="vancouver_neighbourhoods.geojson has none. Its columns are name, mapid.* Rename"
    ):
        read_boundaries([published], crs="EPSG:32610")
    coded = gpd.read_file(published)[["mapid", "name", "geometry"]].rename(columns={"mapid": "ward_code"})
    wards = read_boundaries([write(coded, tmp_path / "v.geojson", index=False)], crs="EPSG:32610").wards
    with zipfile.ZipFile(real_data / "timestamped" / "vancouver_crimes_2020.zip") as archive:
        rows = pd.read_csv(archive.open("crimedata_csv_AllNeighbourhoods_2020.csv"))
    rows["said"] = rows["NEIGHBOURHOOD"].replace({"Central Business District": "Downtown"})
    rows = rows[(rows["X"] > 0) & rows["said"].isin(wards["ward_name"])]
    points = gpd.GeoDataFrame(rows, geometry=gpd.points_from_xy(rows["X"], rows["Y"]), crs=32610)
    found = assign_wards(points, wards).astype("object").map(wards["ward_name"])
    assert len(rows) > 30_000
    assert (found == rows["said"]).mean() > 0.97


@pytest.mark.slow
def test_real_boundaries_of_every_kind_are_read(real_data: Path) -> None:
    folder = real_data / "boundaries"
    expected = {
        "lewisham_southwark_wards_current_27700.gpkg": 42,
        "lewisham_southwark_wards_current_4326.geojson": 42,
        "london_wards_2014_shp.zip": 654,
        "london_wards_2018_27700.gpkg": 657,
        "london_boroughs.gpkg": 33,
    }
    assert {name: len(read_boundaries([folder / name]).wards) for name in expected} == expected


def test_grid_and_degrees_of_the_same_wards_agree(real_data: Path) -> None:
    """The publisher of the GeoJSON converted it by another route, so the outlines agree to metres, not less."""
    grid, degrees = (
        read_boundaries([real_data / "boundaries" / f"lewisham_southwark_wards_current_{name}"]).wards
        for name in ("27700.gpkg", "4326.geojson")
    )
    pd.testing.assert_index_equal(grid.index, degrees.index)
    assert grid.geometry.hausdorff_distance(degrees.geometry).max() < 5
