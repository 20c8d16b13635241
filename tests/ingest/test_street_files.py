"""Files of streets as they are published: OS Open Roads, OpenStreetMap in each wrapping, and lines of anybody."""

from __future__ import annotations

import json
import warnings
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely

from hotspots.analysis.network import build_network, count_on_streets, measure_walks
from hotspots.errors import DataError
from hotspots.geography.projection import to_wgs84
from hotspots.ingest.formats import line_layers
from hotspots.ingest.reference import Streets, read_streets

EAST, NORTH = 533000.0, 177000.0


def draw(*vertices: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in vertices])


def make_lines(columns: dict[str, list[Any]], *lines: shapely.Geometry | None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(lines), crs="EPSG:27700")


def list_names(streets: Streets) -> list[str]:
    return sorted(streets.ways["name"].dropna())


def test_os_open_roads_are_read_without_motorways_and_nodes(tmp_path: Path) -> None:
    links = make_lines(
        {
            "road_classification": ["Unclassified", "Motorway", "A Road"],
            "road_function": ["Local Road", "Motorway", "A Road"],
            "form_of_way": ["Single Carriageway", "Dual Carriageway", "Roundabout"],
            "name_1": ["Choumert Road", None, "Rye Lane"],
        },
        draw((0, 0), (100, 0)),
        draw((0, 50), (900, 50)),
        draw((100, 0), (100, 80)),
    )
    path = tmp_path / "oproad_gb.gpkg"
    pyogrio.write_dataframe(links, path, layer="road_link")
    nodes = gpd.GeoDataFrame({"form_of_road_node": ["junction"]}, geometry=[shapely.Point(EAST, NORTH)], crs=27700)
    pyogrio.write_dataframe(nodes, path, layer="road_node")

    streets = read_streets([path])

    assert list(zip(streets.ways["name"], streets.ways["kind"], strict=True)) == [
        ("Choumert Road", "Local Road"),
        ("Rye Lane", "A Road"),
    ]
    assert streets.left_out == {"motorways": 1}
    assert streets.origins == ("Ordnance Survey",)
    assert (streets.inputs[0].table, streets.inputs[0].n_rows) == ("streets", 3)
    assert build_network(streets.ways).n_islands == 1


def test_a_shapefile_beside_that_of_its_nodes_is_read(tmp_path: Path) -> None:
    links = make_lines({"class": ["Unclassified"], "name1": ["Rye Lane"]}, draw((0, 0), (100, 0)))
    links.to_file(tmp_path / "TQ_RoadLink.shp")
    links.assign(geometry=links.centroid).to_file(tmp_path / "TQ_RoadNode.shp")

    assert list_names(read_streets([tmp_path])) == ["Rye Lane"]
    with pytest.raises(DataError, match="Streets must be lines; TQ_RoadNode.shp holds none. Give the layer of road"):
        read_streets([tmp_path / "TQ_RoadNode.shp"])


def test_of_the_tiles_of_a_country_only_those_near_the_area_are_read(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"function": ["Local Road", "Motorway"], "name1": ["Rye Lane", None]}
    links = make_lines(columns, draw((0, 0), (100, 0)), draw((0, 50), (900, 50)))
    for tile, shift in (("TQ", 0), ("TR", 90_000), ("TV", 190_000)):
        moved = links.translate(shift)
        links.set_geometry(moved).to_file(tmp_path / f"{tile}_RoadLink.shp")
        gpd.GeoDataFrame(geometry=moved.centroid).to_file(tmp_path / f"{tile}_RoadNode.shp")
    area = shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)

    for only_real in (False, True):
        streets = read_streets([tmp_path], area=area, only_real=only_real)
        assert [(file.path, file.n_rows) for file in streets.inputs] == [(f"{tmp_path.name}/TQ_RoadLink.shp", 2)]
        assert (list_names(streets), streets.left_out) == (["Rye Lane"], {"motorways": 1})
        with pytest.raises(DataError, match=r"; .*TQ_RoadLink\.shp and 2 more has no line there\. Give"):
            read_streets([tmp_path], area=shapely.box(1000, 1000, 2000, 2000), only_real=only_real)


def test_what_a_shapefile_keeps_of_the_names_of_columns_is_known(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "road_classification": ["Unclassified", "Motorway"],
        "road_function": ["Local Road", "Motorway"],
        "name_1": ["Rye Lane", None],
    }
    with warnings.catch_warnings():  # of the names
        warnings.simplefilter("ignore")
        make_lines(columns, draw((0, 0), (100, 0)), draw((0, 50), (900, 50))).to_file(tmp_path / "cut.shp")

    streets = read_streets([tmp_path / "cut.shp"])
    assert (streets.ways["kind"].tolist(), streets.left_out) == (["Local Road"], {"motorways": 1})
    assert streets.origins == ("Ordnance Survey",)


def test_an_archive_of_several_shapefiles_is_to_be_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "oproad_essh_gb.zip", "w") as archive:
        for tile in ("TQ", "TR"):
            archive.writestr(f"data/{tile}_RoadLink.shp", b"")

    with pytest.raises(DataError, match="it holds 2 shapefiles where one is needed. Unpack it first. Give"):
        read_streets([tmp_path])


WAYS = [
    ({"highway": "residential", "name": "Rye Lane"}, [1, 2]),
    ({"highway": "footway"}, [2, 3]),
    ({"highway": "motorway", "name": "M1"}, [1, 3]),
    ({"highway": "trunk", "foot": "no"}, [1, 4]),
    ({"highway": "service", "access": "private"}, [2, 4]),
    ({"highway": "service", "access": "private", "foot": "yes", "name": "Mill Walk"}, [2, 4]),
    ({"highway": "construction"}, [3, 4]),
    ({"highway": "platform"}, [3, 4]),
    ({"railway": "rail"}, [3, 4]),
]
LEFT_OUT = {
    "closed to people on foot": 1,
    "motorways": 1,
    "not a street": 1,
    "planned, being built or gone": 1,
    "private": 1,
}
NODES = {1: (51.47, -0.07), 2: (51.471, -0.07), 3: (51.472, -0.071), 4: (51.473, -0.07)}


def write_osm(path: Path) -> None:
    nodes = [f'<node id="{n}" version="1" lat="{lat}" lon="{lon}"/>' for n, (lat, lon) in NODES.items()]
    ways = [
        f'<way id="{n}" version="1">'
        + "".join(f'<nd ref="{node}"/>' for node in through)
        + "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        + "</way>"
        for n, (tags, through) in enumerate(WAYS, start=1)
    ]
    path.write_text(f'<?xml version="1.0"?>\n<osm version="0.6">{"".join(nodes + ways)}</osm>', "utf-8")


def write_overpass(path: Path, *, is_within: bool) -> None:
    def draw_way(through: list[int]) -> dict[str, Any]:
        here = [{"lat": NODES[n][0], "lon": NODES[n][1]} for n in through]
        return {"geometry": here} if is_within else {"nodes": through}

    nodes = [{"type": "node", "id": n, "lat": lat, "lon": lon} for n, (lat, lon) in NODES.items()]
    ways = [{"type": "way", "id": n, "tags": tags, **draw_way(on)} for n, (tags, on) in enumerate(WAYS, start=1)]
    path.write_text(json.dumps({"version": 0.6, "elements": ways + ([] if is_within else nodes)}), "utf-8")


def test_the_outline_of_a_pedestrian_square_is_a_street(tmp_path: Path) -> None:
    corners = [(51.47, -0.07), (51.47, -0.069), (51.471, -0.069), (51.471, -0.07), (51.469, -0.07), (51.472, -0.069)]
    nodes = "".join(f'<node id="{n}" version="1" lat="{y}" lon="{x}"/>' for n, (y, x) in enumerate(corners, start=1))
    through = "".join(f'<nd ref="{n}"/>' for n in (1, 2, 3, 4, 1))
    tags = {"highway": "pedestrian", "area": "yes", "name": "Market Square"}
    said = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
    ways = f'<way id="1" version="1">{through}{said}</way>' + "".join(
        f'<way id="{number}" version="1"><nd ref="{first}"/><nd ref="{last}"/><tag k="highway" v="path"/></way>'
        for number, first, last in ((2, 5, 1), (3, 3, 6))  # to two corners that face each other
    )
    (tmp_path / "map.osm").write_text(f'<osm version="0.6">{nodes}{ways}</osm>', "utf-8")

    streets = read_streets([tmp_path / "map.osm"])
    assert list_names(streets) == ["Market Square"]
    square = streets.ways[streets.ways["kind"] == "pedestrian"]
    assert square.length.tolist() == pytest.approx([2 * (111 + 69.5)], abs=1)
    paths = streets.ways[streets.ways["kind"] == "path"].geometry
    ends = shapely.get_coordinates([shapely.get_point(paths.iloc[0], 0), shapely.get_point(paths.iloc[1], -1)])
    walked_m = measure_walks(ends[:1], ends[1:], network=build_network(streets.ways))
    assert walked_m.item() == pytest.approx(111 + (111 + 69.5) + 111, abs=1)


def test_of_a_square_with_a_hole_both_outlines_are_streets(tmp_path: Path) -> None:
    corners = [(x, y) for far in (0.002, 0.001) for x, y in ((-far, -far), (far, -far), (far, far), (-far, far))]
    nodes = "".join(f'<node id="{n}" lat="{51.5 + y}" lon="{-0.1 + x}"/>' for n, (x, y) in enumerate(corners, start=1))
    rings = "".join(
        f'<way id="{way}">' + "".join(f'<nd ref="{n}"/>' for n in (*ring, ring[0])) + "</way>"
        for way, ring in ((1, (1, 2, 3, 4)), (2, (5, 6, 7, 8)))
    )
    members = '<member type="way" ref="1" role="outer"/><member type="way" ref="2" role="inner"/>'
    tags = '<tag k="type" v="multipolygon"/><tag k="highway" v="pedestrian"/>'
    area = f'<relation id="1">{members}{tags}</relation>'
    (tmp_path / "map.osm").write_text(f'<osm version="0.6">{nodes}{rings}{area}</osm>', "utf-8")

    ways = read_streets([tmp_path / "map.osm"]).ways
    m_per_degree = 111_250 + 69_400  # up and across at this latitude
    assert sorted(ways.length) == pytest.approx([2 * 0.002 * m_per_degree, 2 * 0.004 * m_per_degree], rel=0.005)


@pytest.mark.parametrize("kind", ["osm", "overpass", "overpass with geometry", "layer", "parquet"])
def test_openstreetmap_is_the_same_in_each_wrapping(tmp_path: Path, kind: str) -> None:
    path = tmp_path / {"osm": "map.osm", "layer": "map.geojson", "parquet": "map.parquet"}.get(kind, "map.json")
    if kind == "osm":
        write_osm(path)
    elif kind.startswith("overpass"):
        write_overpass(path, is_within="geometry" in kind)
    else:
        lines = [shapely.LineString([NODES[n][::-1] for n in through]) for _, through in WAYS[:-1]]
        frame = gpd.GeoDataFrame(pd.DataFrame([tags for tags, _ in WAYS[:-1]]), geometry=lines, crs="EPSG:4326")
        frame.to_parquet(path) if kind == "parquet" else frame.to_file(path)

    streets = read_streets([path])

    assert list_names(streets) == ["Mill Walk", "Rye Lane"]
    assert streets.left_out == LEFT_OUT
    assert streets.origins == ("OpenStreetMap",)
    assert (streets.n_unnamed, streets.n_broken) == (1, 0)
    network = build_network(streets.ways)
    assert (len(network.segments), len(network.nodes), network.n_islands) == (3, 4, 1)


@pytest.mark.parametrize("name", ["streets.gpkg", "streets.parquet", "streets.geojson"])
def test_only_streets_near_the_area_are_kept(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_layers, "BATCH_ROWS", 1)
    lines = make_lines(
        {"name": ["Near Lane", "Across Road", "Far Lane", "Corner Lane"]},
        draw((1990, 0), (2500, 0)),
        draw((500, 500), (500, 9000)),
        draw((2010, 0), (2500, 0)),
        draw((1900, 1900), (1990, 1990)),  # within the extent of the margin, and not within a kilometre of the corner
    )
    path = tmp_path / name
    placed = lines.to_crs("EPSG:4326")
    placed.to_parquet(path) if name.endswith("parquet") else placed.to_file(path)
    area = shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)

    assert list_names(read_streets([path], area=area)) == ["Across Road", "Near Lane"]
    with pytest.raises(
        DataError, match=r"must lie within a kilometre of the wards .*; .*streets\.\w+ has no line there\. Give"
    ):
        read_streets([path], area=shapely.box(EAST + 90000, NORTH, EAST + 91000, NORTH + 1000))


def test_a_line_that_is_there_twice_is_one_street(tmp_path: Path) -> None:
    line = draw((0, 0), (50, 0), (100, 0))
    make_lines({"name": ["Rye Lane"] * 2}, line, shapely.reverse(line)).to_file(tmp_path / "edges.gpkg")

    streets = read_streets([tmp_path / "edges.gpkg"])
    assert (len(streets.ways), streets.left_out) == (1, {"the same line again": 1})


def test_lines_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    several = shapely.MultiLineString([draw((0, 0), (9, 0)), draw((0, 9), (9, 9))])
    lines = [draw((0, 0), (0, 9)), several, None, shapely.LineString(), draw((5, 5), (5, 5))]
    make_lines({"name": list("ABCDE")}, *lines).to_parquet(tmp_path / "streets.parquet")

    streets = read_streets([tmp_path / "streets.parquet"])
    assert (len(streets.ways), streets.n_broken) == (3, 3)


def test_a_name_of_somebody_is_not_kept_and_a_street_called_after_one_is(tmp_path: Path) -> None:
    names = ["Martin Luther King Way", "Poultry", "Mr John Smith", "Flat 3", "['Rye Lane', 'A2215']", " "]
    lines = [draw((0, n), (9, n)) for n in range(len(names))]
    make_lines({"name": names}, *lines).to_file(tmp_path / "streets.gpkg")

    assert list_names(read_streets([tmp_path / "streets.gpkg"])) == [
        "Martin Luther King Way",
        "Mr [name]",
        "Poultry",
        "Rye Lane",
    ]


def test_streets_that_are_not_real_are_left_out_where_asked(tmp_path: Path) -> None:
    lines = make_lines({"name": ["Rye Lane"], "data_status": ["synthetic"]}, draw((0, 0), (100, 0)))
    lines.to_file(tmp_path / "streets.gpkg")
    elsewhere = shapely.box(0, 0, 1000, 1000)

    assert read_streets([tmp_path]).inputs[0].data_status == "synthetic"
    left = read_streets([tmp_path], only_real=True)
    assert (len(left.ways), left.inputs) == (0, ())
    assert read_streets([tmp_path], area=elsewhere, only_real=True).inputs == ()


def test_streets_without_a_crs_are_refused(tmp_path: Path) -> None:
    make_lines({"name": ["Rye Lane"]}, draw((0, 0), (100, 0))).to_file(tmp_path / "streets.shp")
    (tmp_path / "streets.prj").unlink()

    with pytest.raises(DataError, match="A file of streets must state its CRS; .*streets.shp has none."):
        read_streets([tmp_path])


def test_a_graph_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "drive.graphml").write_text("<graphml/>", "utf-8")

    with pytest.raises(DataError, match=r"drive.graphml is a graph. Save it as GeoPackage \(osmnx.save_graph_geopack"):
        read_streets([tmp_path])


def test_ways_without_coordinates_are_refused(tmp_path: Path) -> None:
    way = {"type": "way", "id": 1, "nodes": [1, 2], "tags": {"highway": "residential"}}
    (tmp_path / "map.json").write_text(json.dumps({"elements": [way]}), "utf-8")

    with pytest.raises(DataError, match="map.json names the nodes of its ways and not where they are. End the query"):
        read_streets([tmp_path])


def test_a_broken_answer_of_overpass_is_read_as_far_as_it_is_whole(tmp_path: Path) -> None:
    nodes: list[Any] = [{"type": "node", "id": n, "lat": 51.47, "lon": -0.07 + n / 1000} for n in range(4)]
    nodes += [
        {"type": "node", "id": [9], "lat": 51.47, "lon": -0.07},
        {"type": "node", "id": 10, "lat": 10**400, "lon": -0.07},
        {"type": "node", "id": 11, "lat": 151.47, "lon": -0.07},
        {"type": "node", "id": 12, "lat": float("nan"), "lon": -0.07},
        {"type": "node", "id": 13, "lat": "51.47", "lon": None},
        {"type": ["node"]},
    ]
    ways: list[dict[str, Any]] = [
        {"name": "Rye Lane", "nodes": [0, 1, 2, 3]},
        {"name": "Mill Walk", "nodes": [0, 10, 11, 12, 13, 99, None, [1], {"a": 1}, 1]},
        *({"name": "Nowhere", "nodes": nodes} for nodes in (None, 5, "abc", {"a": 1}, [], [0])),
        *({"name": "Nowhere", "geometry": geometry} for geometry in ("abc", {"a": 1}, 7, [1, None, {"lat": 51}])),
    ]
    elements = [
        {"type": "way", "id": n, "tags": {"highway": "residential", "foot": 7, "name": way.pop("name")}, **way}
        for n, way in enumerate(ways)
    ]
    elements += [{"type": "way", "tags": tags} for tags in (None, [1], {"highway": ["path"]})]
    (tmp_path / "map.json").write_text(json.dumps({"elements": [*nodes, *elements, 5]}), "utf-8")

    streets = read_streets([tmp_path / "map.json"])
    assert list_names(streets) == ["Mill Walk", "Rye Lane"]
    assert streets.ways.set_index("name").length.to_dict() == pytest.approx(
        {"Mill Walk": 69.5, "Rye Lane": 208.5}, abs=1
    )
    assert streets.n_broken == 10


def test_what_cannot_be_seen_is_not_in_a_name(tmp_path: Path) -> None:
    tags = [{"highway": "path", "name": name} for name in ("Rye\x1b Lane", "Elm\ud83d Grove", "Mill\u202e Walk")]
    at = [[{"lat": 51.47 + n / 1000, "lon": lon} for lon in (-0.07, -0.06)] for n in range(len(tags))]
    ways = [{"type": "way", "id": n, "tags": tags[n], "geometry": at[n]} for n in range(len(tags))]
    (tmp_path / "map.json").write_text(json.dumps({"elements": ways}), "utf-8")

    # half a character is read as the mark of one that is missing
    assert list_names(read_streets([tmp_path / "map.json"])) == ["Elm\ufffd Grove", "Mill Walk", "Rye Lane"]


def test_a_list_of_names_without_end_is_no_name(tmp_path: Path) -> None:
    lines = [draw((0, n), (9, n)) for n in range(3)]
    make_lines({"name": ["[" * 1900, "[" * 90_000, "Rye Lane"]}, *lines).to_file(tmp_path / "streets.gpkg")

    assert list_names(read_streets([tmp_path / "streets.gpkg"])) == ["Rye Lane"]


@pytest.mark.parametrize("name", ["map.osm", "map.osm.pbf"])
def test_what_is_no_extract_is_refused(tmp_path: Path, name: str) -> None:
    source = '<OGRVRTDataSource><OGRVRTLayer name="lines"><SrcDataSource>/etc/x.csv</SrcDataSource></OGRVRTLayer>'
    (tmp_path / name).write_text(f"{source}<osm></OGRVRTDataSource>", "utf-8")

    with pytest.raises(DataError, match=f"{name} cannot be read as streets: its content is not that of a"):
        read_streets([tmp_path])


def test_streets_elsewhere_are_refused(tmp_path: Path) -> None:
    paris = gpd.GeoDataFrame({"name": ["Rue"]}, geometry=[shapely.LineString([(2.3, 48.8), (2.4, 48.8)])], crs=4326)
    paris.to_file(tmp_path / "streets.gpkg")

    with pytest.raises(
        DataError, match="Streets must lie in Great Britain.*; none of .*streets.gpkg does, read as WGS"
    ):
        read_streets([tmp_path])


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    to_wgs84(make_lines({"name": ["Rye Lane"]}, draw((0, 0), (100, 0)))).to_file(tmp_path / "one.geojson")
    (tmp_path / "two.geojson").write_bytes((tmp_path / "one.geojson").read_bytes())

    with pytest.raises(DataError, match="hold the same data"):
        read_streets([tmp_path])


def test_real_extracts_become_networks(real_data: Path) -> None:
    files = sorted(path for path in (real_data / "streets").glob("*.osm*") if path.suffix != ".graphml")
    by_file = {path.name: read_streets([path]) for path in files}

    assert len(by_file) == 6
    for streets in by_file.values():
        network = build_network(streets.ways)
        assert network.length_m == pytest.approx(streets.ways.length.sum(), rel=1e-4)
        assert network.off_main_share < 0.2
    assert "Borough High Street" in set(by_file["osm_borough_sausage_links.osm"].ways["name"])


def test_robberies_by_real_street_are_those_counted_another_way(real_data: Path) -> None:
    streets = read_streets([real_data / "streets" / "osm_city_bankside_drive_2024-02-17.overpass.json"])
    network = build_network(streets.ways)
    source = real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz"
    rows = pd.read_csv(source).query("`Crime type` == 'Robbery'")
    points = gpd.GeoSeries(gpd.points_from_xy(rows["Longitude"], rows["Latitude"], crs=4326)).to_crs(27700)
    incidents = gpd.GeoDataFrame(geometry=points)
    area = shapely.box(*network.segments.total_bounds)
    counts = count_on_streets(incidents, network, study_area=area, limit_m=50)
    near = gpd.sjoin_nearest(incidents, network.segments, max_distance=50)

    assert counts.n_on_streets == near.index.nunique() > 200
    assert counts.n_on_streets + counts.n_too_far == len(rows)
    # those that have one nearest street, with a name, are on it
    sure = near[~near.index.duplicated(keep=False) & near["name"].notna()]
    assert (counts.segment[sure.index] == sure["segment_id"]).all()
