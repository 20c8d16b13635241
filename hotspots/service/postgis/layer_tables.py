"""The tables of the schema `hotspots_layers`: made from files and products, and made anew whenever that is simpler."""

from __future__ import annotations

from dataclasses import dataclass

from geoalchemy2 import Geometry
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import CreateSchema

SCHEMA = "hotspots_layers"
_FORM = "1"
"""Of the tables: with another one they are made anew."""
STRUCTURE = "structure"
"""What the table of versions calls their form."""


@dataclass(frozen=True, slots=True)
class LayerTables:
    """The tables of one CRS.

    Attributes:
        metadata: All of them.
        srid: EPSG code of the working CRS, in which all shapes are.
        incidents: A row for each incident: times are on the local clock, as in every product.
        products: Products that have places on a map.
        places: Their hot spots, places to patrol and wards.
        versions: Of what each of the others was made.
    """

    metadata: MetaData
    srid: int
    incidents: Table
    products: Table
    places: Table
    versions: Table


def describe_layers(srid: int) -> LayerTables:
    """The tables as they are for a working CRS."""
    metadata = MetaData(schema=SCHEMA)
    incidents = Table(
        "incidents",
        metadata,
        Column("incident_id", Text, primary_key=True),
        Column("category", Text, nullable=False, index=True),
        Column("subcategory", Text),
        Column("is_knife", Boolean),
        Column("started_at", DateTime, nullable=False, index=True),
        Column("ended_at", DateTime),
        Column("time_precision", Text, nullable=False),
        Column("location", Text),
        Column("location_kind", Text),
        Column("location_precision", Text, nullable=False),
        Column("ward_code", Text, index=True),
        Column("ward_name", Text),
        Column("source", Text, nullable=False),
        Column("source_row", Integer, nullable=False),
        Column("data_status", Text),
        Column("geometry", Geometry("POINT", srid=srid), nullable=False),
    )
    products = Table(
        "products",
        metadata,
        Column("product_id", String(32), primary_key=True),
        Column("kind", Text, nullable=False),
        Column("label", Text, nullable=False),
        Column("crime", Text, index=True),
        Column("period_start", Date, nullable=False),
        Column("period_end", Date, nullable=False),
        Column("audience", Text, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
    )
    places = Table(
        "places",
        metadata,
        Column("product_id", ForeignKey(products.c.product_id, ondelete="CASCADE"), primary_key=True),
        Column("place_id", Text, primary_key=True),
        Column("kind", Text, nullable=False, index=True),
        Column("properties", JSONB, nullable=False),
        Column("geometry", Geometry("GEOMETRY", srid=srid), nullable=False),
    )
    versions = Table(
        "versions",
        metadata,
        Column("name", Text, primary_key=True),
        Column("version", Text, nullable=False),
        Column("message", Text, nullable=False, default=""),
        Column("made_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    )
    return LayerTables(metadata, srid, incidents, products, places, versions)


def has_postgis(connection: Connection) -> bool:
    """Whether a database has PostGIS: whoever administers it says so by `CREATE EXTENSION postgis`."""
    if connection.dialect.name != "postgresql":
        return False
    return connection.scalar(text("SELECT true FROM pg_extension WHERE extname = 'postgis'")) is True


def make_layers(connection: Connection, tables: LayerTables) -> None:
    """Make the tables where they are not there, or are of another form or CRS.

    Raises:
        DatabaseError: Tables of another form cannot be removed, as somebody has made a view on them.
    """
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))  # somebody may be reading them
    form = f"{_FORM} EPSG:{tables.srid}"
    present = None
    if inspect(connection).has_table("versions", schema=SCHEMA):
        versions = tables.versions
        present = connection.scalar(select(versions.c.version).where(versions.c.name == STRUCTURE))
    if present == form:
        return
    connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
    for table in reversed(tables.metadata.sorted_tables):
        connection.execute(text(f"DROP TABLE IF EXISTS {SCHEMA}.{table.name}"))
    tables.metadata.create_all(connection)
    connection.execute(tables.versions.insert().values(name=STRUCTURE, version=form))
