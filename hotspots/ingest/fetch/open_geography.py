"""Boundaries of the ONS Open Geography Portal, out of its feature services, in the coordinates that it holds."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from hotspots.errors import DataError, NotFoundError, ParameterError
from hotspots.ingest.fetch.download import (
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

_MAX_PAGES = 1000
_MAX_CODES = 50
"""In one question; more of them make an address longer than servers take."""

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
        rows = self._read_rows(
            layer.lookup or layer.service, "1=1", [layer.borough_code, layer.borough_name], returnDistinctValues="true"
        )
        return {str(row[layer.borough_code]): str(row[layer.borough_name]) for row in rows}

    def read_areas(self, layer: BoundaryLayer, borough: str, *, kind: BoundaryKind) -> gpd.GeoDataFrame:
        """The outlines of a local authority, sorted by code."""
        wheres = [f"{layer.borough_code} = '{borough}'"]
        expected: int
        if layer.lookup:
            rows = self._read_rows(layer.lookup, wheres[0], [layer.code])
            codes = sorted({str(row[layer.code]) for row in rows})
            expected = len(codes)
            lists = [codes[begin : begin + _MAX_CODES] for begin in range(0, expected, _MAX_CODES)]
            wheres = [layer.code + " IN ('" + "', '".join(part) + "')" for part in lists]
        else:
            expected = self._count(layer.service, wheres[0])
        pages = [page for where in wheres for page in self._read_pages(layer, where)]
        tables = [_read_outlines(page, self.address(layer.service)) for page in pages]
        columns = {"wards": ("ward_code", "ward_name"), "lsoas": (layer.code.lower(), layer.name.lower())}[kind]
        areas = gpd.GeoDataFrame(
            pd.concat([table[[layer.code, layer.name, "geometry"]] for table in tables], ignore_index=True)
            if tables
            else {layer.code: [], layer.name: [], "geometry": []},
            geometry="geometry",
            crs="EPSG:27700",
        )
        areas = areas.rename(columns=dict(zip((layer.code, layer.name), columns, strict=True)))
        n_codes = areas[columns[0]].nunique()
        if not expected or n_codes != expected or len(areas) != expected:
            raise DataError(
                f"{self.address(layer.service)} says that {borough} has {expected} {kind}, but sent {len(areas)} "
                f"outlines of {n_codes}. Run the same command again later, or take another `vintage`."
            )
        return areas.sort_values(columns[0], ignore_index=True)

    def _read_pages(self, layer: BoundaryLayer, where: str) -> Iterator[dict[str, Any]]:
        return self._read_all(
            layer.service,
            where=where,
            outFields=f"{layer.code},{layer.name}",
            orderByFields=layer.code,
            returnGeometry="true",
            outSR="27700",
        )

    def _read_rows(self, service: str, where: str, columns: list[str], **options: str) -> list[dict[str, Any]]:
        pages = self._read_all(
            service,
            where=where,
            outFields=",".join(columns),
            orderByFields=columns[0],
            returnGeometry="false",
            **options,
        )
        rows = [feature["attributes"] for page in pages for feature in page["features"]]
        for column in columns:
            if any(column not in row for row in rows):
                raise DataError(
                    f"{self.address(service)} has no column {column}: the release has changed. Take another `vintage`."
                )
        return rows

    def _count(self, service: str, where: str) -> int:
        return int(self._ask(service, where=where, returnCountOnly="true").get("count", 0))

    def _read_all(self, service: str, **query: str) -> Iterator[dict[str, Any]]:
        """Page after page, until the service says that there is no more."""
        offset = 0
        for _ in range(_MAX_PAGES):
            page = self._ask(service, **query, resultOffset=str(offset))
            features = page.get("features")
            if not isinstance(features, list):
                raise DataError(f"{self.address(service)} sent no list of features. Run the same command again later.")
            if features:
                yield page
            if not page.get("exceededTransferLimit"):
                return
            if not features:
                break
            offset += len(features)
        raise DataError(f"{self.address(service)} sends pages without end. Run the same command again later.")

    def _ask(self, service: str, **query: str) -> dict[str, Any]:
        answer = self._session.read_json(f"{self.address(service)}/query", {**query, "f": "json"}, is_busy=_is_busy)
        if not isinstance(answer, dict):
            raise DataError(f"{self.address(service)} did not send a JSON object. Run the command again later.")
        if error := answer.get("error"):
            details = "; ".join(map(str, [error.get("message"), *(error.get("details") or [])]))
            raise NotFoundError(
                f"{self.address(service)} refuses the query ({error.get('code')}: {details}). ONS renames its services "
                "with each release, and this one may be gone: take another `vintage`, or download the file from "
                "https://geoportal.statistics.gov.uk/ and give it to hotspots run."
            )
        return answer


def _is_busy(answer: Any) -> bool:
    """Whether an error, which comes as a document like any other, is of the moment."""
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return False
    # under load, questions that are sound get a 400 without a word
    return error.get("code") in _BUSY_CODES or (error.get("code") == 400 and not error.get("message"))


def _read_outlines(page: dict[str, Any], address: str) -> gpd.GeoDataFrame:
    reference = page.get("spatialReference") or {}
    if 27700 not in (reference.get("latestWkid"), reference.get("wkid")):
        raise DataError(
            f"Outlines were asked for on the National Grid (27700); {address} sent them in "
            f"{reference or 'no stated CRS'}. Download the file by hand, and give it to hotspots run."
        )
    # GDAL fetches the next page by itself where it is told that there is one
    whole = {key: value for key, value in page.items() if key != "exceededTransferLimit"}
    try:
        return pyogrio.read_dataframe(json.dumps(whole).encode())
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise DataError(
            f"The outlines that {address} sent cannot be read: {error}. Run the command again later."
        ) from error


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
