"""What a GeoJSON file must be before GDAL sees it, which takes a file for what its content says and follows links."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

_TYPES = {
    "FeatureCollection",
    "Feature",
    "Polygon",
    "MultiPolygon",
    "Point",
    "MultiPoint",
    "LineString",
    "MultiLineString",
    "GeometryCollection",
}
_OTHER_PROGRAM = b"gdal_streamed_alg"

_CRS_BY_NAME = ("name", "epsg", "ogc")
"""Kinds of a CRS that name one; others are a link, to which GDAL goes. Source: GeoJSON 2008, section 3."""


class _LinkedCRSError(ValueError):
    """The CRS of an object is at an address."""


def require_genuine_geojson(content: bytes, wrong: ValueError) -> None:
    """Require that a file is GeoJSON by its content, and sends its reader nowhere.

    Args:
        content: The whole of it.
        wrong: Raised where it is no JSON, or for another program.

    Raises:
        ValueError: It is not, a feature in it is none, or a CRS in it is a link.
    """
    # a key may be written with escapes
    may_say_crs = b"crs" in content or b"\\u" in content
    try:
        found = json.loads(content, object_pairs_hook=_make_object if may_say_crs else None)
    except _LinkedCRSError:
        raise ValueError("its CRS is a link to another host or file. Save it with a CRS by its EPSG code.") from None
    except (ValueError, RecursionError) as error:
        raise wrong from error
    if _OTHER_PROGRAM in content:
        raise wrong
    kind = found.get("type") if isinstance(found, dict) else None
    if not (isinstance(kind, str) and kind in _TYPES):
        raise ValueError("it is JSON, but not GeoJSON.")
    features = found.get("features") if kind == "FeatureCollection" else []
    for number, feature in enumerate(features if isinstance(features, list) else [None], start=1):
        # GDAL would leave it out without a word
        if not (isinstance(feature, dict) and feature.get("type") == "Feature"):
            raise ValueError(f"feature {number} in it is not a GeoJSON feature.")


def _make_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object, of which each CRS is looked at, also one that is there twice."""
    for key, value in pairs:
        if key == "crs" and isinstance(value, dict) and str(value.get("type")).casefold() not in _CRS_BY_NAME:
            raise _LinkedCRSError
    return dict(pairs)
