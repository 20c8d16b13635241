"""Points, lines and outlines near an area, from every layer of a file that may be of a base map."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import geopandas as gpd
import pyogrio

from hotspots.ingest.formats.genuine_layers import LAYER_SUFFIXES, OSM_SUFFIXES
from hotspots.ingest.formats.input_files import FoundFile
from hotspots.ingest.formats.layers import PARQUET_SUFFIXES, explain_reading, locate_layers
from hotspots.ingest.formats.line_layers import read_near_layer, read_near_parquet
from hotspots.ingest.formats.osm_places import ask_for_tags

BASE_SUFFIXES = (*LAYER_SUFFIXES, ".json", *PARQUET_SUFFIXES, *OSM_SUFFIXES, ".zip")

_OSM_LAYERS = ("points", "lines", "multipolygons")
"""Of those that GDAL makes of OpenStreetMap; the others hold routes and other relations."""


def read_base_layers(
    file: FoundFile,
    *,
    is_known: Callable[[str, Collection[str]], bool],
    wanted: Callable[[str], bool],
    near: gpd.GeoSeries | None,
    tags: Sequence[str],
    what: str,
) -> tuple[dict[str, gpd.GeoDataFrame], list[str]]:
    """The layers of a file that are known, and the names of those that are not.

    A layer that is not known is not read: the buildings of a county are many.

    Args:
        file: The file.
        is_known: Whether a layer is, by its name and its columns.
        wanted: Whether a column, or a tag of OpenStreetMap, is wanted, by its name.
        near: An outline; only features whose extent meets its extent are read. All by default.
        tags: Of OpenStreetMap a feature has one of these.
        what: What its rows are of, for messages.

    Raises:
        DataError: The file is not what its name says, is damaged, or states no CRS.
    """
    name = file.path.name.lower()
    if name.endswith(PARQUET_SUFFIXES):
        frames = read_near_parquet(file, wanted, near, what=what)
        stem = file.path.name.split(".")[0]
        if frames and is_known(stem, list(frames[0].columns)):
            return {stem: frames[0]}, []
        return {}, [stem]
    address, layers = locate_layers(file, what=what)
    found: dict[str, gpd.GeoDataFrame] = {}
    unknown = []
    for layer, kind in layers:
        if kind is None:
            continue
        with explain_reading(file, what=what):
            fields = set(pyogrio.read_info(address, layer=layer)["fields"])
        is_osm = name.endswith(OSM_SUFFIXES)
        if is_osm and layer not in _OSM_LAYERS:
            continue
        if not (is_osm or is_known(layer, fields)):
            unknown.append(layer)
            continue
        where = ask_for_tags(tags, fields) if is_osm else None
        found[layer] = read_near_layer(file, address, layer, wanted, near, where=where, what=what)
    return found, unknown
