"""Boundaries of the ONS Open Geography Portal, out of its feature services, in the coordinates that it holds."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio

from hotspots.errors import DataError, NotFoundError, ParameterError
from hotspots.ingest.fetch.answers import COUNT, FLAG, NAME, TEXT, Kind, Shape, shorten, take_shape
from hotspots.ingest.fetch.download import (
    MAX_JSON_BYTES,
    Connection,
    Fetched,
    FetchedFile,
    Progress,
    describe_present,
    read_record,
    replace_whole,
    write_record,
)
from hotspots.ingest.fetch.services import LAYERS, LICENCE, ONS_ATTRIBUTION, BoundaryKind, BoundaryLayer, Services

MAX_PAGES = 1000
MAX_ROWS = 100_000
"""Of one table, which is held in memory until it is whole: more than there are wards and LSOAs."""

MAX_RINGS = 20_000
"""Of one area. A ward of many islands has a few thousand; the time to sort rings out goes with their square."""

_MAX_CODES = 50
"""In one question; more of them make an address longer than servers take."""

_GRID = 27700
_FARTHEST_M = 1e7
"""From the origin of the National Grid: beyond any place on it."""

_BUSY_CODES = frozenset({408, 429, 500, 502, 503, 504})


def fetch_boundaries(
    boroughs: Sequence[str],
    *,
    kind: BoundaryKind = "wards",
    vintage: int | None = None,
    out: Path,
    refresh: bool = False,
    services: Services | None = None,
    connection: Connection | None = None,
    progress: Progress = lambda step: None,
) -> Fetched:
    """Fetch the full-resolution outlines of wards or LSOAs, a GeoPackage for each local authority, in EPSG:27700.

    Args:
        boroughs: Names or GSS codes of local authorities: `Lewisham`, `E09000028` ...
        kind: Wards, or lower layer super output areas.
        vintage: Year of the release, or None for the newest known.
        out: Folder to write to; a file becomes `<out>/wards-2026-lewisham.gpkg`, with a record beside it.
        refresh: Fetch again files that are there already.
        services: Where to fetch from.
        connection: The session to use.
        progress: Called with what is being done.

    Raises:
        ParameterError: The vintage is not known here, or the folder holds another.
        NotFoundError: A borough is not known, or the service is no longer there.
        DataError: The outlines are not all there, or not on the National Grid.
        NetworkError: A server cannot be reached or does not give what it should.
    """
    services = services or Services()
    vintages = LAYERS[kind]
    year = max(vintages) if vintage is None else vintage
    if year not in vintages:
        raise ParameterError(
            f"The {kind} of {year} are not known to this version; those of {', '.join(map(str, vintages))} are. Choose "
            "one of these, or download the file from https://geoportal.statistics.gov.uk/ and give it to hotspots run."
        )
    other = [path for path in out.glob(f"{kind}-*.gpkg") if not path.name.startswith(f"{kind}-{year}-")]
    if other:
        raise ParameterError(
            f"A folder can hold the {kind} of one year only, because those of two years overlap; {other[0].as_posix()} "
            f"is not of {year}. Give its year as `vintage`, or move it away."
        )
    layer = vintages[year]
    there = {} if refresh else _find_boroughs(out, kind, year)
    asked = list(dict.fromkeys(borough.strip().casefold() for borough in boroughs))
    files: dict[str, FetchedFile] = {borough: there[borough] for borough in asked if borough in there}
    if todo := [borough for borough in boroughs if borough.strip().casefold() not in files]:
        with contextlib.nullcontext(connection) if connection else Connection() as session:
            portal = _Portal(session, services)
            progress("reading the list of local authorities")
            known_boroughs = portal.list_boroughs(layer)
            matches = {borough: _match_borough(borough, known_boroughs) for borough in todo}
            for borough, (code, name) in matches.items():
                progress(f"{name}: outlines of {kind}")
                areas = portal.read_areas(layer, code, kind=kind)
                areas.insert(2, "borough", name)
                path = out / f"{kind}-{year}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.gpkg"
                _write_geopackage(areas, path, layer=kind, year=year)
                attribution = ONS_ATTRIBUTION.format(year=year)
                write_record(
                    path,
                    {
                        "title": f"{kind} of {name}, {year}, full resolution, clipped to the coastline",
                        "address": portal.address(layer.service),
                        "lookup": portal.address(layer.lookup) if layer.lookup else None,
                        "kind": kind,
                        "vintage": year,
                        "borough": name,
                        "borough_code": code,
                        "n_areas": len(areas),
                        "licence": LICENCE,
                        "attribution": attribution,
                    },
                )
                files[borough.strip().casefold()] = FetchedFile(
                    path=path, n_bytes=path.stat().st_size, is_new=True, attribution=attribution
                )
    by_path = {files[borough].path: files[borough] for borough in asked}  # a name and a code may be of one borough
    return Fetched(files=tuple(by_path.values()))


def _find_boroughs(out: Path, kind: BoundaryKind, year: int) -> dict[str, FetchedFile]:
    """The boundary files that are there, as they were fetched, by name and by code of their borough."""
    files = {}
    for path in sorted(out.glob(f"{kind}-{year}-*.gpkg")):
        if record := read_record(path):
            for key in ("borough", "borough_code"):
                files[str(record.get(key)).casefold()] = describe_present(path, record)
    return files


def _match_borough(asked: str, boroughs: dict[str, str]) -> tuple[str, str]:
    """Code and name of the local authority that a name or code stands for."""
    key = asked.strip().casefold()
    for code, name in boroughs.items():
        if key in (code.casefold(), name.casefold()):
            return code, name
    by_key = {name.casefold(): name for name in boroughs.values()} | {code.casefold(): code for code in boroughs}
    close = [by_key[match] for match in difflib.get_close_matches(key, by_key, n=3, cutoff=0.6)]
    hint = (
        f"Did you mean {', '.join(close)}?" if close else "Give a name such as Lewisham, or a code such as E09000023."
    )
    raise NotFoundError(
        f"No local authority called {asked.strip()} is among the {len(boroughs)} of this release. {hint}"
    )


class _Portal:
    """Questions to the feature services of Open Geography."""

    def __init__(self, session: Connection, services: Services) -> None:
        self._session = session
        self._base = services.open_geography

    def address(self, service: str) -> str:
        return f"{self._base}/{service}/FeatureServer/0"

    def list_boroughs(self, layer: BoundaryLayer) -> dict[str, str]:
        """Names of all local authorities by their codes."""
        columns = [layer.borough_code, layer.borough_name]
        rows = self._read_rows(layer.lookup or layer.service, "1=1", columns, returnDistinctValues="true")
        return {row[layer.borough_code]: row[layer.borough_name] for row in rows}

    def read_areas(self, layer: BoundaryLayer, borough: str, *, kind: BoundaryKind) -> gpd.GeoDataFrame:
        """The outlines of a local authority, sorted by code."""
        where = f"{layer.borough_code} = '{borough}'"
        if layer.lookup:
            codes = sorted({row[layer.code] for row in self._read_rows(layer.lookup, where, [layer.code])})
            expected = len(codes)
            lists = [codes[begin : begin + _MAX_CODES] for begin in range(0, expected, _MAX_CODES)]
            wheres = [layer.code + " IN ('" + "', '".join(part) + "')" for part in lists]
        else:
            answer, _ = self._ask(layer.service, {"count": COUNT}, where=where, returnCountOnly="true")
            expected, wheres = answer["count"], [where]
        features = self._read_features(
            layer.service,
            wheres,
            [layer.code, layer.name],
            {"geometry": {"rings": _RINGS}},
            returnGeometry="true",
            outSR=str(_GRID),
        )
        n_codes = len({feature["attributes"][layer.code] for feature in features})
        if not expected or n_codes != expected or len(features) != expected:
            raise DataError(
                f"{self.address(layer.service)} says that {borough} has {expected} {kind}, but sent {len(features)} "
                f"outlines of {n_codes}. Run the same command again later, or take another `vintage`."
            )
        areas = _make_outlines(features, [layer.code, layer.name])
        columns = {"wards": ("ward_code", "ward_name"), "lsoas": (layer.code.lower(), layer.name.lower())}[kind]
        areas.columns = [*columns, "geometry"]
        return areas.sort_values(columns[0], ignore_index=True)

    def _read_rows(self, service: str, where: str, columns: list[str], **options: str) -> list[dict[str, str]]:
        features = self._read_features(service, [where], columns, {}, returnGeometry="false", **options)
        return [feature["attributes"] for feature in features]

    def _read_features(
        self, service: str, wheres: Sequence[str], columns: list[str], more: dict[str, Shape], **options: str
    ) -> list[dict[str, Any]]:
        """All features that meet one of some conditions, with their texts in some columns and whatever more they hold.

        Of each condition, page after page is asked for until the service says that there is no more.
        """
        shape: Shape = {
            "features": [{"attributes": dict.fromkeys(columns, NAME), **more}],
            "exceededTransferLimit?": FLAG,
            "spatialReference?": {"wkid?": COUNT, "latestWkid?": COUNT},
        }
        features: list[dict[str, Any]] = []
        seen: set[tuple[str, ...]] = set()
        n_pages = n_bytes = 0
        for where in wheres:
            n_before, goes_on = len(features), True
            while goes_on:
                page, size = self._ask(
                    service,
                    shape,
                    where=where,
                    outFields=",".join(columns),
                    orderByFields=columns[0],
                    resultOffset=str(len(features) - n_before),
                    **options,
                )
                n_pages, n_bytes = n_pages + 1, n_bytes + size
                n_rows = len(features) + len(page["features"])
                if n_pages > MAX_PAGES or n_rows > MAX_ROWS or n_bytes > MAX_JSON_BYTES:
                    raise DataError(
                        f"A table may have {MAX_ROWS:,} rows and come in {MAX_PAGES:,} pages and {MAX_JSON_BYTES:,} "
                        f"bytes; {self.address(service)} sends more. Run the same command again later, or take another "
                        "`vintage`."
                    )
                goes_on = page["exceededTransferLimit"]
                found = {tuple(feature["attributes"].values()) for feature in page["features"]}
                if found <= seen and (found or goes_on):
                    raise DataError(
                        f"Each page must bring something new; page {n_pages} of {self.address(service)} does not. Run "
                        "the same command again later, or take another `vintage`."
                    )
                if found and more:
                    self._require_grid(service, page["spatialReference"] or {})
                seen |= found
                features += page["features"]
        return features

    def _require_grid(self, service: str, reference: dict[str, int | None]) -> None:
        if _GRID not in reference.values():
            stated = " or ".join({str(number) for number in reference.values() if number is not None})
            raise DataError(
                f"Outlines were asked for on the National Grid ({_GRID}); {self.address(service)} sent them in "
                f"{stated or 'no stated CRS'}. Download the file by hand, and give it to hotspots run."
            )

    def _ask(self, service: str, shape: Shape, **query: str) -> tuple[Any, int]:
        """What an answer must hold, and its size in bytes."""
        address = self.address(service)

        def read_error(answer: Any) -> dict[str, Any] | None:
            error: dict[str, Any] | None = take_shape(answer, _ERROR, address=address)["error"]
            return error

        answer, n_bytes = self._session.read_json(
            f"{address}/query", {**query, "f": "json"}, is_busy=lambda answer: _is_busy(read_error(answer))
        )
        if error := read_error(answer):
            words = "; ".join([error["message"] or "", *(error["details"] or [])])
            raise NotFoundError(
                f"{address} refuses the query ({error['code']}: {shorten(words)}). ONS renames its services with each "
                "release, and this one may be gone: take another `vintage`, or download the file from "
                "https://geoportal.statistics.gov.uk/ and give it to hotspots run."
            )
        return take_shape(answer, shape, address=address), n_bytes


def _is_busy(error: dict[str, Any] | None) -> bool:
    """Whether an error, which comes as a document like any other, is of the moment."""
    if error is None:
        return False
    # under load, questions that are sound get a 400 without a word
    return error["code"] in _BUSY_CODES or (error["code"] == 400 and not error["message"])


def _hold_outline(rings: Any) -> bool:
    return isinstance(rings, list) and 0 < len(rings) <= MAX_RINGS and all(map(_is_ring, rings))


def _is_ring(ring: Any) -> bool:
    return (
        isinstance(ring, list)
        and len(ring) >= 4
        and all(
            isinstance(position, list)
            and len(position) == 2
            and all(type(number) in (int, float) and abs(number) < _FARTHEST_M for number in position)
            for position in ring
        )
        and ring[0] == ring[-1]
    )


_RINGS = Kind(f"1 to {MAX_RINGS:,} closed rings of positions in metres", _hold_outline)
_ERROR: Shape = {"error?": {"code?": COUNT, "message?": TEXT, "details?": [TEXT]}}


def _make_outlines(features: list[dict[str, Any]], columns: list[str]) -> gpd.GeoDataFrame:
    # a document of ours: with one as it came, GDAL would fetch further pages by itself
    document = {
        "geometryType": "esriGeometryPolygon",
        "spatialReference": {"wkid": _GRID},
        "fields": [{"name": column, "type": "esriFieldTypeString"} for column in columns],
        "features": features,
    }
    return pyogrio.read_dataframe(json.dumps(document).encode())


def _write_geopackage(areas: gpd.GeoDataFrame, path: Path, *, layer: str, year: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # GDAL stamps the date of writing into the file; the same outlines must give the same bytes
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{year}-01-01T00:00:00.000Z"})
    try:
        with replace_whole(path) as part:
            pyogrio.write_dataframe(
                areas,
                part,
                layer=layer,
                driver="GPKG",
                geometry_type="MultiPolygon",
                promote_to_multi=True,
                VERSION="1.2",
            )
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
