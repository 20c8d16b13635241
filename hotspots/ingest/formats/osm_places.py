"""Places that people may walk into, from extracts of OpenStreetMap, as tables."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from hotspots.errors import DataError
from hotspots.ingest.formats.bounds import MAX_TABLE_ROWS
from hotspots.ingest.formats.input_files import FoundFile
from hotspots.ingest.formats.layers import READING_ERRORS, locate_layers, table_of_places
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
        frame = _read_layer(file, address, name, what=what)
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


def _read_layer(file: FoundFile, address: str, layer: str, *, what: str) -> gpd.GeoDataFrame:
    """The features with any of the tags that say what a place is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fields = set(pyogrio.read_info(address, layer=layer)["fields"])
            asked = [
                f"{key} IS NOT NULL" if key in fields else f"other_tags LIKE '%\"{key}\"=>%'"
                for key in ("shop", *_KINDS)
            ]
            frame = pyogrio.read_dataframe(
                address,
                layer=layer,
                columns=[*(key for key in _READ if key in fields), "other_tags"],
                where=" OR ".join(asked),
                on_invalid="ignore",
            )
    except READING_ERRORS as error:
        raise DataError(
            f"{file.label} cannot be read as {what}: {str(error).splitlines()[0]}. Download the extract again."
        ) from error
    if len(frame) > MAX_TABLE_ROWS:
        raise DataError(f"A layer may have {MAX_TABLE_ROWS:,} rows; {file.label} has {len(frame):,}. Cut out the area.")
    tags = [read_tags(text) for text in frame["other_tags"]]
    spread = {
        key: pd.Series([one.get(key) for one in tags], index=frame.index, dtype="object")
        for key in _READ
        if key not in frame.columns
    }
    return frame.drop(columns="other_tags").assign(**spread)


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
