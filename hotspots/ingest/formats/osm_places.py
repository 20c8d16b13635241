"""Places that people may walk into, from extracts of OpenStreetMap, as tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from hotspots.errors import DataError
from hotspots.ingest.formats.bounds import MAX_TABLE_ROWS
from hotspots.ingest.formats.input_files import FoundFile
from hotspots.ingest.formats.layers import explain_reading, locate_layers, read_layer, table_of_places
from hotspots.ingest.formats.table import Table, fingerprint_part

_KINDS: Mapping[str, frozenset[str]] = {
    "amenity": frozenset(
        {
            *(
                "arts_centre",
                "bank",
                "cafe",
                "cinema",
                "clinic",
                "college",
                "community_centre",
                "courthouse",
                "dentist",
            ),
            *("doctors", "fast_food", "fire_station", "food_court", "hospital", "ice_cream", "library", "pharmacy"),
            *("place_of_worship", "police", "post_office", "restaurant", "social_centre", "theatre", "townhall"),
            *("university", "veterinary"),
        }
    ),
    "leisure": frozenset({"fitness_centre", "ice_rink", "sports_centre", "sports_hall"}),
    "tourism": frozenset({"gallery", "guest_house", "hostel", "hotel", "museum"}),
    "healthcare": frozenset({"centre", "clinic", "dentist", "doctor", "hospital", "optometrist", "pharmacy"}),
    "office": frozenset({"charity", "company", "council", "estate_agent", "government", "insurance", "ngo"}),
}
"""Where somebody is who could help a child; no pubs, betting shops or night clubs."""

_NO_SHOPS = frozenset({"vacant", "no", "adult", "erotic", "e-cigarette", "alcohol", "wine", "bookmaker", "lottery"})
_TAGS = ("name", "opening_hours", "opening_hours:signed", "check_date", "check_date:opening_hours", "survey:date")
_READ = (*_TAGS, "addr:street", "shop", *_KINDS)
_LAYERS = ("points", "multipolygons")


def open_osm_places(file: FoundFile, *, what: str) -> list[Table]:
    """Shops, libraries, pharmacies and other places with somebody in them, points and outlines, from an extract.

    An outline stands for a point on it. Tags that are read are columns of their name.

    Args:
        file: `.osm` or `.osm.pbf`.
        what: What its rows are of, for messages.

    Returns:
        A table of points and one of outlines, as far as they hold any such place.

    Raises:
        DataError: The file is not what its name says, is damaged or too large, or holds no such place.

    Source: the keys and values of OpenStreetMap, as its wiki lists them.
    """
    address, layers = locate_layers(file, what=what)
    tables = []
    for name in _LAYERS:
        if name not in {layer for layer, _ in layers}:
            continue
        frame = read_tagged(file, address, name, keys=("shop", *_KINDS), tags=_READ, what=what)
        places = frame[_are_places(frame)]
        if len(places):
            label, sha256 = f"{file.label}/{name}", fingerprint_part(file.sha256, name)
            tables.append(table_of_places(label, places.reset_index(drop=True), sha256, part=name, what=what))
    if not tables:
        raise DataError(
            f"{file.label} holds no place that could be one of the {what}: no shop, library, pharmacy or the like with "
            "a name. Give an extract of the area with all its tags."
        )
    return tables


def read_tagged(
    file: FoundFile, address: str, layer: str, *, keys: Sequence[str], tags: Sequence[str], what: str
) -> gpd.GeoDataFrame:
    """The features of an extract with any of some keys: a city has a million buildings besides.

    Args:
        file: The extract.
        address: How it is named to GDAL.
        layer: One of the layers that GDAL makes of it.
        keys: Of these a feature has one.
        tags: Those wanted.
        what: What its rows are of, for messages.

    Returns:
        The tags as columns, missing where a feature has none, and the geometry.

    Raises:
        DataError: The file is damaged or too large.
    """
    with explain_reading(file, what=what):
        fields = set(pyogrio.read_info(address, layer=layer)["fields"])
    own = [key for key in tags if key in fields]
    frame = read_layer(file, address, layer, what=what, columns=[*own, "other_tags"], where=ask_for_tags(keys, fields))
    if len(frame) > MAX_TABLE_ROWS:
        raise DataError(f"A layer may have {MAX_TABLE_ROWS:,} rows; {file.label} has {len(frame):,}. Cut out the area.")
    others = [read_tags(text) for text in frame["other_tags"]]
    said = {
        key: frame[key] if key in own else pd.Series([one.get(key) for one in others], index=frame.index)
        for key in tags
    }
    return gpd.GeoDataFrame(pd.DataFrame(said, index=frame.index, dtype="object"), geometry=frame.geometry)


def ask_for_tags(keys: Iterable[str], fields: Collection[str]) -> str:
    """That a feature has any of some tags, in the words of GDAL's SQL; some have a column of their own."""
    asked = [f"{key} IS NOT NULL" if key in fields else f"other_tags LIKE '%\"{key}\"=>%'" for key in keys]
    return " OR ".join(asked)


def read_tags(text: object) -> dict[str, str]:
    """Tags as GDAL writes those without a column of their own: "foot"=>"no","lit"=>"yes"."""
    if not isinstance(text, str):
        return {}
    try:  # a list of pairs but for its signs, so that quotes and escapes are JSON's
        pairs: dict[str, str] = json.loads("{" + text.replace('"=>"', '":"') + "}")
    except ValueError:
        return {}
    return pairs


def _are_places(frame: pd.DataFrame) -> Any:
    """Which features are of a kind where somebody is; those with a name alone are known to people who look for them."""
    is_place = frame["shop"].notna() & ~frame["shop"].isin(_NO_SHOPS)
    for key, kinds in _KINDS.items():
        is_place |= frame[key].isin(kinds)
    return is_place & frame["name"].notna()
