from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from hotspots.contracts import PREMISES_COLUMNS
from hotspots.errors import DataError
from hotspots.geography import unite_wards
from hotspots.ingest.reference.boundaries import read_boundaries
from hotspots.ingest.reference.premises import PREMISES_KINDS, Premises, count_kinds, read_premises

STOPS = "ATCOCode,CommonName,Street,LocalityName,Easting,Northing,StopType,Modification,Status\n"


def read(tmp_path: Path, text: str, name: str = "premises.csv") -> Premises:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return read_premises([path])


def test_a_register_keeps_the_premises_and_nobody(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "Licence number,Premises name,Licence holder name,DPS name,Address,Postcode,Easting,Northing,Licence status\n"
        "LN/2019/0412,The Dog and Bell,Margaret Alice Penhaligon,Jon Smithson,1 Low St,SE8 3JD,536900,177900,Active\n"
        "LN/2020/0007,The Old Anchor,Jane Marigold Doe,,1 High St,SE8 4AA,536950,177950,Surrendered\n",
        "register.csv",
    )
    assert list(found.premises.columns) == list(PREMISES_COLUMNS)
    assert found.premises[["name", "kind"]].to_numpy().tolist() == [["The Dog and Bell", "licensed"]]
    assert found.premises.index.tolist() == ["P0001"]
    assert found.n_shut == 1
    everything = found.premises.to_csv() + repr(found)
    assert not any(name in everything for name in ("Penhaligon", "Smithson", "Marigold", "0412"))


@pytest.mark.parametrize(
    ("column", "text", "kind"),
    [
        ("kind", "licensed", "licensed"),
        ("Premises type", "Public House", "licensed"),
        ("Licence type", "Premises Licence", "licensed"),
        ("type", "Bus Station", "bus_station"),
        ("type", "Police station", None),
        ("type", "Car park", None),
        ("type", "Petrol station", "shop"),
        ("LEGEND", "Railway Station", "station"),
        ("category", "Take-away", "fast_food"),
        ("category", "Parks and Open Spaces", "park"),
        ("StopType", "MET", "station"),
        ("StopType", "BCT", None),
        ("amenity", "nightclub", "licensed"),
        ("amenity", "bench", None),
        ("shop", "alcohol", "licensed"),
        ("shop", "greengrocer", "shop"),
        ("leisure", "garden", None),
        ("railway", "halt", "station"),
    ],
)
def test_the_kind_of_a_place(tmp_path: Path, column: str, text: str, kind: str | None) -> None:
    """Beside a park, so that a file of nothing else is one of premises too."""
    found = read(tmp_path, f"name,{column},easting,northing\nPlace,{text},536900,177900\n", "list.csv")
    assert found.premises["kind"].tolist() == ([kind] if kind else [])
    assert found.n_other_kinds == (kind is None)
    assert kind is None or kind in PREMISES_KINDS


def test_the_name_of_a_file_may_say_the_kind(tmp_path: Path) -> None:
    text = "name,easting,northing\nThe Dog,536900,177900\n"
    assert read(tmp_path, text, "pubs.csv").premises["kind"].tolist() == ["licensed"]
    with pytest.raises(
        DataError,
        match=r"Premises need a name or kind .*; list\.csv does not have them.* Add a column kind with one of",
    ):
        read(tmp_path, text, "list.csv")


def test_a_station_is_one_place_however_often_it_is_listed(tmp_path: Path) -> None:
    """Rail and Underground with an entrance and two platforms; another of the name far away; bays; a row deleted."""
    found = read(
        tmp_path,
        STOPS
        + "1,Foxhill Rail Station,-,X,536000,177000,RLY,revise,active\n"
        + "2,Foxhill Underground Station,-,X,536100,177000,MET,revise,active\n"
        + "3,Foxhill Underground Station,-,X,536150,177050,TMU,revise,active\n"
        + "4,Foxhill Underground Station,-,X,536160,177000,PLT,revise,active\n"
        + "5,Foxhill Rail Station,-,X,539000,177000,RLY,revise,active\n"
        + "6,Market Square,-,X,536300,177000,BCS,revise,active\n"
        + "7,Town Bus Station,-,X,536400,177000,BST,revise,active\n"
        + "8,Town Bus Station,-,X,536410,177000,BCS,revise,active\n"
        + "9,High Street,-,X,536410,177100,BCT,revise,active\n"
        + "10,Old Rail Station,-,X,536500,177000,RLY,delete,inactive\n",
        "stops.csv",
    )
    assert found.premises[["name", "kind"]].to_numpy().tolist() == [
        ["Foxhill station", "station"],
        ["Foxhill Rail Station", "station"],
        ["Town Bus Station", "bus_station"],
    ]
    assert found.premises.geometry.iloc[0].equals(
        shapely.MultiPoint([(536000, 177000), (536100, 177000), (536150, 177050)])
    )
    assert found.premises.geometry.iloc[2].equals(shapely.Point(536400, 177000))
    assert (found.n_shut, found.n_other_kinds) == (1, 1)
    # of nine rows of stations in use, three places are left: three rows of Foxhill, one bay with its station, one alone
    assert found.n_merged == 5
    assert count_kinds(found.premises) == {"station": 2, "bus_station": 1}


def test_a_second_licence_of_a_door_is_no_second_place(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "name,kind,easting,northing\n"
        "The Dog & Bell,licensed,536900,177900\n"
        "Dog and Bell,licensed,536910,177900\n"
        "Dog and Bell,licensed,536990,177900\n"
        "Dog and Bell,shop,536910,177900\n",
    )
    assert found.premises["name"].tolist() == ["The Dog & Bell", "Dog and Bell", "Dog and Bell"]
    assert found.n_merged == 1


def test_parks_keep_their_outline_and_pubs_are_a_point_on_theirs(tmp_path: Path) -> None:
    park, pub = shapely.box(536000, 177000, 536300, 177200), shapely.box(536400, 177000, 536420, 177010)
    frame = gpd.GeoDataFrame(
        {"name": ["Deptford Park", "The Dog"], "leisure": ["park", None], "amenity": [None, "pub"]},
        geometry=[park, pub],
        crs=27700,
    )
    frame.to_crs(4326).to_file(tmp_path / "osm.geojson")
    found = read_premises([tmp_path / "osm.geojson"]).premises
    assert found["kind"].tolist() == ["park", "licensed"]
    assert shapely.area(found.geometry.iloc[0]) == pytest.approx(60_000, rel=1e-3)
    assert pub.buffer(0.5).contains(found.geometry.iloc[1])


def test_rows_are_counted_and_what_is_far_away_left_out(tmp_path: Path) -> None:
    (tmp_path / "pubs.csv").write_text(
        "name,kind,easting,northing\nNear,pub,536900,177900\nBeyond,pub,538001,177900\nNowhere,pub,,\nZero,pub,0,0\n"
        "Half,pub\n",
        "utf-8",
    )
    found = read_premises([tmp_path], area=shapely.box(536000, 177000, 537500, 178000))
    assert found.premises["name"].tolist() == ["Near"]
    assert found.without_location == {"location at 0, 0": 1, "no location": 1}
    assert (found.n_beyond, found.n_malformed) == (1, 1)
    assert found.inputs[0].n_rows == 5
    with pytest.raises(DataError, match=r"None of the 2 premises read has a usable location .*location at 0, 0: 1"):
        read(tmp_path, "name,kind,easting,northing\nNowhere,pub,,\nZero,pub,0,0\n", "none.csv")


def test_files_that_are_not_real_are_marked_and_may_be_left_out(tmp_path: Path) -> None:
    text = "name,kind,easting,northing,data_status\nThe Dog,licensed,536900,177900,synthetic\n"
    found = read(tmp_path, text)
    assert [file.data_status for file in found.inputs] == ["synthetic"]
    nothing = read_premises([tmp_path], only_real=True)
    assert (len(nothing.premises), nothing.inputs) == (0, ())
    assert list(nothing.premises.columns) == list(PREMISES_COLUMNS)


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    text = "name,kind,easting,northing\nThe Dog,licensed,536900,177900\n"
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "b.csv").write_text(text)
    with pytest.raises(DataError, match="hold the same data"):
        read_premises([tmp_path])


def test_a_layer_in_degrees_for_a_layer_in_metres_is_counted(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"name": ["Here", "There"], "kind": "licensed"},
        geometry=[shapely.Point(536900, 177900), shapely.Point(-0.03, 51.4)],
        crs=27700,
    )
    frame.to_file(tmp_path / "a.gpkg")
    found = read_premises([tmp_path / "a.gpkg"])
    assert found.premises["name"].tolist() == ["Here"]
    assert sum(found.without_location.values()) == 1


def test_stations_of_naptan_in_two_boroughs(real_data: Path) -> None:
    """What the maps of the operators show: London Bridge and Lewisham are one station each."""
    wards = read_boundaries([real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"]).wards
    found = read_premises(sorted((real_data / "stops").glob("*.csv")), area=unite_wards(wards))
    names = pd.Series(found.premises["name"]).str.casefold()
    assert set(found.premises["kind"]) == {"station"}
    for name in ("london bridge station", "lewisham station", "canada water station", "elephant & castle station"):
        assert (names == name).sum() == 1
    assert not names.str.contains("platform").any()


def test_of_an_extract_of_openstreetmap_what_has_a_tag_that_is_asked_for_is_read(tmp_path: Path) -> None:
    """A house and a tree are not; the tags of a station stand among those without a column of their own."""

    def tag(**tags: str) -> str:
        return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())

    def outline(way: int, tags: str) -> str:
        return f'<way id="{way}"><nd ref="11"/><nd ref="12"/><nd ref="13"/><nd ref="11"/>{tags}</way>'

    corners = "".join(
        f'<node id="{n}" lat="{y}" lon="{x}"/>'
        for n, y, x in ((11, 51.5, -0.09), (12, 51.5, -0.08), (13, 51.51, -0.08))
    )
    nodes = [
        tag(amenity="pub", name="The Crown", opening_hours="Mo-Su 12:00-23:00"),
        tag(public_transport="station", name="Lewisham"),
        tag(amenity="bench"),
        tag(natural="tree", name="An Oak"),
    ]
    points = "".join(f'<node id="{n}" lat="51.52" lon="-0.0{n}">{tags}</node>' for n, tags in enumerate(nodes, start=1))
    ways = outline(20, tag(building="house", name="Sunnyside")) + outline(21, tag(leisure="park", name="Hill Park"))
    (tmp_path / "area.osm").write_text(f'<osm version="0.6">{points}{corners}{ways}</osm>', "utf-8")

    found = read_premises([tmp_path / "area.osm"])
    assert found.premises[["name", "kind"]].to_numpy().tolist() == [
        ["The Crown", "licensed"], ["Lewisham", "station"], ["Hill Park", "park"],
    ]  # fmt: skip
    assert found.premises["opening_hours"].iloc[0] == "Mo-Su 12:00-23:00"
    assert found.premises.geometry.iloc[2].area > 100_000
    assert (found.inputs[0].n_rows, found.n_other_kinds) == (4, 1)


def test_an_extract_of_openstreetmap_gives_its_pubs_and_stations(real_data: Path) -> None:
    """The Elephant & Castle: the Prince of Wales is a pub there, and the station has several entrances."""
    found = read_premises([real_data / "streets" / "osm_st_georges_cycletrack.osm"])
    assert "Prince of Wales" in found.premises["name"][found.premises["kind"] == "licensed"].tolist()
    stations = found.premises[found.premises["kind"] == "station"]
    assert stations["name"].tolist() == ["Elephant & Castle"]
    assert shapely.get_num_geometries(stations.geometry.iloc[0]) > 1
    assert found.n_other_kinds > len(found.premises)
