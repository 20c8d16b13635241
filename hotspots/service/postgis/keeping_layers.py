"""The layers kept like the files and products that they are made of."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pyproj
import shapely
import structlog
from geoalchemy2 import WKBElement
from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import DatabaseError

import hotspots
from hotspots.geography import project_coordinates
from hotspots.pipeline import list_inputs
from hotspots.products.summary import PRODUCTS
from hotspots.service.jobs import HOTSPOTS, hold_incidents, run_own, take_lock
from hotspots.service.postgis.layer_tables import SCHEMA, LayerTables, describe_layers, has_postgis, make_layers
from hotspots.service.state import Database, Product, ProductFile, ServiceSettings
from hotspots.settings import FILE_NAME, Settings

PLACES_FILE = PRODUCTS["places_geojson"]
_INCIDENTS = "incidents"
_DEGREES = "EPSG:4326"
_LOCK = "layers"
_AT_ONCE = 5_000
_log = structlog.get_logger(__name__)


def keep_layers(
    database: Database, settings: Settings, service: ServiceSettings, *, command: Sequence[str] = HOTSPOTS
) -> bool:
    """Bring the schema `hotspots_layers` up to date where the database has PostGIS; called again it does nothing.

    It holds what files and products hold, and nothing reads it but programs of others: it is in no backup, and may be
    removed at any time.

    Args:
        database: Open.
        settings: Of the workspace.
        service: Of the service.
        command: What runs Hotspots.

    Returns:
        Whether anything was changed.
    """
    srid = pyproj.CRS.from_user_input(settings.crs).to_epsg()
    if database.is_sqlite or srid is None:
        return False
    tables = describe_layers(srid)
    with database.engine.begin() as connection:
        if not has_postgis(connection) or not _take_turn(connection):
            return False
        make_layers(connection, tables)
        is_changed = _keep_places(connection, tables, service)
    return _keep_incidents(database, tables, settings, service, command) or is_changed


def forget_layers(database: Database, before: dt.date) -> int:
    """Remove incidents that ended before a day; how many. There may be none, nor a layer."""
    if database.is_sqlite:
        return 0
    with database.engine.begin() as connection:
        if connection.scalar(text("SELECT to_regclass(:name)"), {"name": f"{SCHEMA}.{_INCIDENTS}"}) is None:
            return 0
        found = text(f"DELETE FROM {SCHEMA}.{_INCIDENTS} WHERE coalesce(ended_at, started_at) < :before")  # noqa: S608
        return connection.execute(found, {"before": before}).rowcount


def _take_turn(connection: Connection) -> bool:
    """Whether no other worker is at it."""
    return connection.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext('hotspots layers'))")) is True


def _keep_places(connection: Connection, tables: LayerTables, service: ServiceSettings) -> bool:
    """Add the places of products that are new, and remove those of products that are not there any more."""
    has_places = ProductFile.path.endswith(PLACES_FILE, autoescape=True)
    wanted = select(Product.id).join(ProductFile, ProductFile.product_id == Product.id).where(has_places)
    gone = connection.execute(delete(tables.products).where(~tables.products.c.product_id.in_(wanted))).rowcount
    known = select(tables.products.c.product_id)
    columns = (Product.id, Product.kind, Product.label, Product.crime, Product.start, Product.end, Product.audience)
    new = (
        select(*columns, Product.created_at, ProductFile.job_id, ProductFile.path)
        .join(ProductFile, ProductFile.product_id == Product.id)
        .where(has_places, ~Product.id.in_(known))
        .order_by(Product.id, ProductFile.position)
    )
    found = {one.id: one for one in reversed(connection.execute(new).all())}  # of several files the first
    for one in found.values():
        connection.execute(
            insert(tables.products).values(
                product_id=one.id,
                kind=one.kind,
                label=one.label,
                crime=one.crime,
                period_start=one.start,
                period_end=one.end,
                audience=one.audience,
                created_at=one.created_at,
            )
        )
        _add_places(connection, tables, service.shelf / one.job_id / one.path, product_id=one.id)
    return bool(gone or found)


def _add_places(connection: Connection, tables: LayerTables, path: Path, *, product_id: str) -> None:
    """Add the places of a product, all of them or, where one cannot be, none."""
    try:
        places = list(_read_places(path, product_id, srid=tables.srid))
        with connection.begin_nested():
            if places:
                connection.execute(insert(tables.places), places)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, shapely.GEOSException, DatabaseError) as error:
        _log.error("places cannot be read", product=product_id, kind=type(error).__name__)


def _read_places(path: Path, product_id: str, *, srid: int) -> Iterator[dict[str, Any]]:
    for number, feature in enumerate(json.loads(path.read_text("utf-8"))["features"], start=1):
        properties = feature["properties"]
        yield {
            "product_id": product_id,
            "place_id": str(feature.get("id", number)),
            "kind": str(properties.get("kind", "")),
            "properties": properties,
            "geometry": WKBElement(shapely.to_wkb(_project(feature["geometry"], srid)), srid=srid),
        }


def _project(geometry: dict[str, Any], srid: int) -> shapely.Geometry:
    """A shape in degrees as it is in the working CRS: PostGIS would be metres off where it has no grid of OSTN15."""

    def project(points: Any) -> Any:
        return np.column_stack(project_coordinates(*points.T, source_crs=_DEGREES, crs=f"EPSG:{srid}"))

    return shapely.transform(shapely.from_geojson(json.dumps(geometry)), project)


def _keep_incidents(
    database: Database, tables: LayerTables, settings: Settings, service: ServiceSettings, command: Sequence[str]
) -> bool:
    """Put all incidents in place of those that are there, once a file of incidents or of wards has changed."""
    versions = tables.versions
    version = _fingerprint(settings, service)
    with database.engine.connect() as connection:
        if connection.scalar(select(versions.c.version).where(versions.c.name == _INCIDENTS)) == version:
            return False
    with _hold_bench(service) as folder, hold_incidents(service) as is_held:
        if folder is None or not is_held:
            return False
        path = folder / "incidents.parquet"
        options = (("out", str(path)),)
        done = run_own(["geocode", *(f"--{name}={value}" for name, value in options)], service, command=command)
        with database.engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '30s'"))
            connection.execute(delete(versions).where(versions.c.name == _INCIDENTS))
            connection.execute(insert(versions).values(name=_INCIDENTS, version=version, message=done.fault))
            connection.execute(delete(tables.incidents))
            for rows in () if done.fault else _read_incidents(path, tables):
                connection.execute(insert(tables.incidents), rows)
    _log.info("layer of incidents made", failed=bool(done.fault))
    return True


@contextmanager
def _hold_bench(service: ServiceSettings) -> Iterator[Path | None]:
    """A folder on the bench, which is cleared of it should this process be killed; None where another one has it."""
    service.make_folder()
    service.bench.mkdir(exist_ok=True)
    lock = take_lock(service, _LOCK)
    if lock is None:
        yield None
        return
    try:
        with tempfile.TemporaryDirectory(prefix=f"{_LOCK}-", dir=service.bench) as made:
            yield Path(made)
    finally:
        os.close(lock)


def _read_incidents(path: Path, tables: LayerTables) -> Iterator[list[dict[str, Any]]]:
    names = [column.name for column in tables.incidents.columns]
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_AT_ONCE, columns=names):
            rows = batch.to_pylist()
            for row in rows:
                row["geometry"] = WKBElement(row["geometry"], srid=tables.srid)
            yield rows


def _fingerprint(settings: Settings, service: ServiceSettings) -> str:
    """What changes when any file does that incidents and their wards are read from."""
    paths = list_inputs(settings=settings)
    digest = hashlib.sha256(f"{hotspots.__version__} {sys.version_info[:2]}".encode())
    given = [Path(FILE_NAME), *paths["incidents"], *paths["boundaries"]]
    for path in (service.workspace / one for one in given):
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in below:
            if file.is_file() and not file.name.startswith("."):
                state = file.stat()
                digest.update(f"{file.as_posix()}\0{state.st_size}\0{state.st_mtime_ns}\n".encode("utf-8", "replace"))
    return digest.hexdigest()
