"""Files of a base map: what is water, a park, a railway or a station, by name of a layer or by tags."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from hotspots.errors import DataError
from hotspots.ingest.reference.base_map_files import BASE_KINDS, read_base_map

X, Y = 536_000.0, 176_000.0
AREA = shapely.box(X, Y, X + 1000, Y + 1000)
RIVER = shapely.box(X - 3000, Y + 400, X + 4000, Y + 600)
PARK = shapely.box(X + 100, Y + 100, X + 300, Y + 300)
TRACK = shapely.LineString([(X - 2500, Y + 50), (X + 500, Y + 50)])
STOP = shapely.Point(X + 500, Y + 500)
FAR = shapely.box(X + 40_000, Y, X + 40_100, Y + 100)

OS_LAYERS = {
    "surfacewater": ([RIVER, FAR], {"type": ["National", "Local"]}),
    "waterlines": ([TRACK], {"type": ["Local"]}),
    "greenspace": ([PARK], {"type": ["Public Park Or Garden"]}),
    "rail": ([TRACK, shapely.LineString([(X, Y), (X + 9, Y)])], {"type": ["Multi Track", "Tunnel"]}),
    "railway_stations": ([STOP], {"name": ["Deptford Bridge"], "type": ["Light Rapid Transit Station"]}),
    "names": (
        [STOP, STOP, STOP],
        {"name1": ["River Made Up", "Southwark Park", "Deptford"], "type": ["Water", "Greenspace", "Suburban Area"]},
    ),
    "local_buildings": ([PARK], {"uuid": ["1"]}),
    "contours": ([TRACK], {"height": [10]}),
}


def write_layers(path: Path, layers: Mapping[str, tuple[list[Any], Any]]) -> Path:
    for name, (shapes, columns) in layers.items():
        gpd.GeoDataFrame(dict(columns), geometry=shapes, crs=27700).to_file(path, layer=name, driver="GPKG")
    return path


def test_layers_of_ordnance_survey_are_told_by_their_names(tmp_path: Path) -> None:
    found = read_base_map([write_layers(tmp_path / "zoomstack.gpkg", OS_LAYERS)], area=AREA)
    kinds = [
        (row.kind, row.name, shapely.get_dimensions(row.geometry)) for row in found.features.itertuples(index=False)
    ]
    assert sorted(kinds, key=str) == sorted(
        [
            *[("water", None, 2), ("water", None, 1), ("water", "River Made Up", 0)],
            *[("green", None, 2), ("green", "Southwark Park", 0)],
            *[("rail", None, 1), ("station", "Deptford Bridge", 0)],
        ],
        key=str,
    )
    assert list(found.unknown_layers) == [f"{name} (zoomstack.gpkg)" for name in ("local_buildings", "contours")]
    assert found.origins == ("Ordnance Survey",)
    assert found.n_broken == 0


def test_shapes_are_cut_a_kilometre_around_the_area(tmp_path: Path) -> None:
    found = read_base_map([write_layers(tmp_path / "zoomstack.gpkg", OS_LAYERS)], area=AREA).features
    river = found[found["kind"].eq("water") & (shapely.get_dimensions(found.geometry.to_numpy()) == 2)]
    assert river.geometry.iloc[0].equals(shapely.box(X - 1000, Y + 400, X + 2000, Y + 600))
    assert found[found["kind"] == "rail"].length.tolist() == [1500]


def test_squares_of_open_map_local(tmp_path: Path) -> None:
    site = {"DISTNAME": ["Ilderton School", "Depot"], "CLASSIFICA": ["Primary Education", "Bus Station"]}
    for name, shapes, columns in [
        ("TQ_SurfaceWater_Area", [RIVER], {"FEATCODE": [1]}),
        ("TQ_RailwayStation", [STOP], {"DISTNAME": ["Deptford"], "CLASSIFICA": ["Railway Station"]}),
        ("TQ_RailwayTunnel", [TRACK], {"FEATCODE": [1]}),
        ("TQ_FunctionalSite", [PARK, PARK.buffer(5)], site),
    ]:
        gpd.GeoDataFrame(columns, geometry=shapes, crs=27700).to_file(tmp_path / f"{name}.shp")
    found = read_base_map([tmp_path], area=AREA)
    assert list(zip(found.features["kind"], found.features["name"], strict=True)) == [
        ("water", None),
        ("station", "Deptford"),
        ("school", "Ilderton School"),
    ]
    assert [name.split()[0] for name in found.unknown_layers] == ["TQ_RailwayTunnel"]


OSM = """<?xml version="1.0"?><osm version="0.6">
{nodes}
<node id="90" lat="51.4725" lon="-0.0400"><tag k="railway" v="station"/><tag k="name" v="New Cross"/></node>
<node id="91" lat="51.4726" lon="-0.0401"><tag k="railway" v="station"/><tag k="name" v="New Cross"/></node>
<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/><tag k="natural" v="water"/>
 <tag k="name" v="Made Pond"/></way>
<way id="2"><nd ref="1"/><nd ref="2"/><tag k="waterway" v="river"/></way>
<way id="3"><nd ref="2"/><nd ref="3"/><tag k="waterway" v="river"/><tag k="tunnel" v="culvert"/></way>
<way id="4"><nd ref="4"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><tag k="leisure" v="park"/></way>
<way id="5"><nd ref="4"/><nd ref="1"/><tag k="railway" v="rail"/></way>
<way id="6"><nd ref="4"/><nd ref="2"/><tag k="railway" v="rail"/><tag k="service" v="siding"/></way>
<way id="7"><nd ref="4"/><nd ref="3"/><tag k="highway" v="residential"/></way>
<way id="8"><nd ref="1"/><nd ref="4"/><nd ref="3"/><nd ref="1"/><tag k="building" v="yes"/></way>
</osm>"""


def test_openstreetmap_is_told_by_its_tags(tmp_path: Path) -> None:
    places = [(51.47, -0.04), (51.47, -0.03), (51.475, -0.03), (51.475, -0.04)]
    nodes = "\n".join(f'<node id="{n}" lat="{y}" lon="{x}"/>' for n, (y, x) in enumerate(places, start=1))
    (tmp_path / "area.osm").write_text(OSM.format(nodes=nodes), "utf-8")
    found = read_base_map([tmp_path / "area.osm"])
    kinds = [
        (row.kind, row.name, shapely.get_dimensions(row.geometry)) for row in found.features.itertuples(index=False)
    ]
    assert sorted(kinds, key=str) == sorted(
        [
            *[("water", "Made Pond", 2), ("water", None, 1), ("green", None, 2)],
            *[("rail", None, 1), ("station", "New Cross", 0)],
        ],
        key=str,
    )
    assert found.origins == ("OpenStreetMap",)


def test_what_is_broken_is_counted_and_an_outline_that_crosses_itself_is_mended(tmp_path: Path) -> None:
    bow = shapely.Polygon([(X, Y), (X + 100, Y + 100), (X + 100, Y), (X, Y + 100)])
    path = write_layers(tmp_path / "parks.gpkg", {"parks": ([bow, shapely.Polygon(), None], {})})
    found = read_base_map([path])
    assert found.features.area.sum() == pytest.approx(5000)
    assert found.n_broken == 2
    assert found.first_broken == "ID 2 in parks.gpkg"
    assert found.origins == ()  # anybody has parks


def test_a_shape_with_one_place_that_is_none_is_broken(tmp_path: Path) -> None:
    """Its bounds are those of the other places, so that they do not show it."""
    with np.errstate(invalid="ignore"):
        torn = shapely.Polygon([(X, Y), (X + 10, np.nan), (X + 20, Y + 20)])
    found = read_base_map([write_layers(tmp_path / "water.gpkg", {"water": ([torn, PARK], {})})], area=AREA)
    assert (len(found.features), found.n_broken, found.first_broken) == (1, 1, "ID 1 in water.gpkg")


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"buildings": ([PARK], {})}, r"buildings \(wrong.gpkg\) is none that is known"),
        ({"water": ([shapely.box(X + 90_000, Y, X + 90_001, Y + 1)], {})}, "within a kilometre of the wards"),
        ({"water": ([shapely.Polygon()], {})}, "within a kilometre of the wards"),
    ],
)
def test_a_file_of_something_else_is_refused(
    tmp_path: Path, layers: Mapping[str, tuple[list[shapely.Geometry], dict[str, list[object]]]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_base_map([write_layers(tmp_path / "wrong.gpkg", layers)], area=AREA)


def test_what_is_not_real_can_be_left_out(tmp_path: Path) -> None:
    path = write_layers(tmp_path / "parks.gpkg", {"parks": ([PARK], {"data_status": ["synthetic"]})})
    assert [file.data_status for file in read_base_map([path]).inputs] == ["synthetic"]
    left = read_base_map([path], area=AREA, only_real=True)
    assert left.inputs == ()
    assert left.features.empty


def test_real_extracts(real_data: Path) -> None:
    found = read_base_map(sorted((real_data / "streets").glob("*.osm.pbf")))
    assert set(found.features["kind"]) <= set(BASE_KINDS)
    assert len(found.features)
