"""Files of records: what was read of a table and nothing else of it, as GeoParquet.

The store has one for each month of a table. One that takes the place of a file of incidents holds all its tables, and
what is told of them; it is known by its metadata, and read as it stands.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import pyproj.exceptions

from hotspots.crimes import UNRECOGNISED
from hotspots.errors import DataError
from hotspots.geography import project_coordinates
from hotspots.ingest.formats import FoundFile
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.incidents.recognition import name_source
from hotspots.ingest.incidents.record_schema import FIRST_YEAR, LAST_YEAR, RECORDS
from hotspots.ingest.incidents.records import ReadingOptions, TableRecords
from hotspots.ingest.incidents.sources import PassedOver, ReadTable
from hotspots.ingest.texts import mask_label, mask_text

Reading = tuple[ReadTable, TableRecords] | PassedOver
"""A table and its records, or one that is passed over."""

RECORD_FILE_SUFFIX = ".parquet"

_LABEL, _MASKED_LABEL = "\0", "\1"
"""What stands in what is told for the name of the file, and for the name as products show it."""
_TOLD, _VERSION = b"hotspots", 1
_ORDER, _TABLE = pa.field("order", pa.int64()), pa.field("table", pa.int32())
_DAMAGED = (
    *(ValueError, RecursionError, KeyError, TypeError, AttributeError, OverflowError),
    *(pa.ArrowException, pyproj.exceptions.CRSError),
)
_NEEDED = ("category", "started_at", "time_precision", "location_precision", "easting", "northing")
_KNOWN_WORDS = {
    "time_precision": ("minute", "day", "month"),
    "location_precision": ("point", "anonymised", "postcode", "area"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFile:
    """What a file of records holds.

    Attributes:
        readings: Tables, with their records.
        key_mark: Of the store that has hashed the numbers of incidents (`mark_key`).
    """

    readings: list[Reading]
    key_mark: str


def write_record_file(
    path: Path, readings: Sequence[Reading], *, label: str, crs: str, key_mark: str, follows: str
) -> None:
    """Write what was read of a file, to take its place.

    Args:
        path: Where.
        readings: Its tables, with their records and without numbers of incidents as their source has them.
        label: Of the file.
        crs: The working CRS of the records.
        key_mark: Of the store that has hashed the numbers of incidents.
        follows: Digest of the file.
    """
    tables: list[dict[str, Any]] = []
    passed_over: list[dict[str, str]] = []
    parts = [RECORDS.append(_TABLE).append(_ORDER).empty_table()]
    for reading in readings:
        if isinstance(reading, PassedOver):
            passed_over.append(dataclasses.asdict(reading))
            continue
        table, read = reading
        tables.append(describe_table(table) | {"data_status": read.data_status})
        n_rows = read.records.num_rows
        numbers = pa.array(np.full(n_rows, len(tables), dtype=np.int32))
        parts.append(read.records.append_column(_TABLE, numbers).append_column(_ORDER, pa.array(np.arange(n_rows))))
    told = {
        "version": _VERSION,
        "crs": crs,
        "key_mark": key_mark,
        "follows": follows,
        **hide_label({"tables": tables, "passed_over": passed_over}, label),
    }
    write_records(path, pa.concat_tables(parts).unify_dictionaries(), crs=crs, metadata={_TOLD: json.dumps(told)})


def find_followed(path: Path) -> str | None:
    """Digest of the file in whose place a file of records is to come; None where it does not say."""
    try:
        told = (pq.read_metadata(path).metadata or {}).get(_TOLD)
        return str(json.loads(told)["follows"]) if told else None
    except (OSError, *_DAMAGED):
        return None


def read_record_file(file: FoundFile, options: ReadingOptions) -> RecordFile | None:
    """What was read of the file in whose place this one is; None where it is not one of ours.

    Args:
        file: Any file.
        options: How files are read now: the records come in its CRS, and with its crimes.

    Raises:
        DataError: It is one, and is damaged or of a later version.
    """
    if file.path.suffix.lower() != RECORD_FILE_SUFFIX:
        return None
    try:
        with file.start() as opened:
            told = (pq.read_metadata(opened).metadata or {}).get(_TOLD)
    except (OSError, *_DAMAGED):
        return None  # whoever reads Parquet says what is wrong with it
    if told is None:
        return None
    try:
        given = json.loads(told)
        if given["version"] != _VERSION:
            raise DataError(
                f"{file.label} was written by a later version of Hotspots (its form {given['version']}, and this one "
                f"knows {_VERSION}). Install that version."
            )
        given = show_label(given, file.label)
        with file.start() as opened:
            records = restore_records(pq.read_table(opened), _TABLE, _ORDER)
        records = _require_sound(_fit(records, options, crs=given["crs"]), n_tables=len(given["tables"]))
        numbers = records["table"].to_numpy()
        readings: list[Reading] = [
            (
                parse_table(_require_told(told)),
                TableRecords(
                    records=records.filter(pa.array(numbers == number)).drop_columns(["table", "order"]),
                    data_status=told["data_status"],
                ),
            )
            for number, told in enumerate(given["tables"], start=1)
        ]
        passed_over = [
            PassedOver(label=str(told["label"]), reason=str(told["reason"])) for told in given["passed_over"]
        ]
        return RecordFile(readings=[*readings, *passed_over], key_mark=str(given["key_mark"]))
    except DataError:
        raise
    except (OSError, *_DAMAGED) as error:
        raise DataError(
            f"{file.label} says that Hotspots wrote it, and is not as it was written ({type(error).__name__}). Put it "
            "back from a backup, or take it away."
        ) from error


def mark_key(key: bytes | None) -> str:
    """What tells the keys of two stores apart, and neither of them."""
    return "" if key is None else hashlib.blake2b(b"", digest_size=8, key=key, person=b"mark").hexdigest()


def describe_table(table: ReadTable) -> dict[str, Any]:
    """A table for JSON; its profile without what is as usual."""
    told = {spec.name: getattr(table, spec.name) for spec in dataclasses.fields(table)}
    profile = {spec.name: getattr(table.profile, spec.name) for spec in dataclasses.fields(table.profile)}
    usual = {spec.name: spec.default for spec in dataclasses.fields(table.profile)}
    told["profile"] = {
        name: dict(value) if isinstance(value, Mapping) else value
        for name, value in profile.items()
        if (value or value is False)
        and value != usual[name]
        and (name != "name" or value != name_source(table.label))  # words of the name of the file
    }
    return told


def parse_table(told: dict[str, Any]) -> ReadTable:
    """The table that was described."""
    values = {spec.name: told[spec.name] for spec in dataclasses.fields(ReadTable)}
    profile = {"name": name_source(told["label"])} | told["profile"]
    return ReadTable(**_freeze(values) | {"profile": SourceProfile(**_freeze(profile))})


def hide_label(told: Any, label: str) -> Any:
    """What is told with signs in the place of the name of its file."""
    return _replace_texts(told, {mask_label(label): _MASKED_LABEL, label: _LABEL})


def show_label(told: Any, label: str) -> Any:
    """What was told, of a file of this name."""
    return _replace_texts(told, {_LABEL: label, _MASKED_LABEL: mask_label(label)})


def write_records(path: Path, records: pa.Table, *, crs: str, metadata: Mapping[bytes, str] | None = None) -> None:
    """Write records as GeoParquet; columns beside those of `RECORDS` stay as they are."""
    # a part holds the words that it uses, not those of the whole table
    records = records.combine_chunks()
    for position, spec in enumerate(records.schema):
        if pa.types.is_dictionary(spec.type):
            plain = records.column(position).cast(pa.string())
            records = records.set_column(position, spec, plain.dictionary_encode().cast(spec.type))
    points = pa.StructArray.from_arrays([_combine(records["easting"]), _combine(records["northing"])], names=["x", "y"])
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "point",
                "geometry_types": ["Point"],
                "crs": pyproj.CRS.from_user_input(crs).to_json_dict(),
            }
        },
    }
    table = records.drop_columns(["easting", "northing"]).append_column("geometry", points)
    pq.write_table(
        table.replace_schema_metadata({b"geo": json.dumps(geo), **(metadata or {})}), path, compression="zstd"
    )


def restore_records(table: pa.Table, *others: pa.Field) -> pa.Table:
    """Records from what `write_records` wrote, with the columns of others behind them."""
    x, y = _combine(table["geometry"]).flatten()
    table = table.drop_columns(["geometry"]).append_column("easting", x).append_column("northing", y)
    schema = RECORDS
    for other in others:
        schema = schema.append(other)
    # Parquet knows no whole seconds
    return table.select(schema.names).cast(schema)


def _combine(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined


def _replace_texts(told: Any, texts: Mapping[str, str]) -> Any:
    """What is told with some texts replaced, wherever they stand in it."""
    if isinstance(told, str):
        for text, other in texts.items():
            told = told.replace(text, other)
        return told
    if isinstance(told, Mapping):
        return {name: _replace_texts(value, texts) for name, value in told.items()}
    return [_replace_texts(value, texts) for value in told] if isinstance(told, (list, tuple)) else told


def _freeze(values: dict[str, Any]) -> dict[str, Any]:
    """JSON does not have tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _require_told(told: dict[str, Any]) -> dict[str, Any]:
    """What is told of a table, if it is of the kinds that it has to be.

    Raises:
        TypeError: It is not.
    """
    lists = {"header": told["header"], "doubts": told["doubts"]}
    texts = [told["label"], told["kind"], told["sha256"], *(text for texts in lists.values() for text in texts)]
    texts += [told[name] for name in ("crs", "rounded_to", "data_status") if told[name] is not None]
    texts += [told["n_count_rows"]] if isinstance(told["n_count_rows"], str) else []
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(one, list) for one in lists.values()):
        raise TypeError("what is told of a table is not text")
    "".join(texts).encode("utf-8")  # half a character could not be written anywhere
    return told


def _require_sound(records: pa.Table, *, n_tables: int) -> pa.Table:
    """Records of a file that anybody may have made: usable rows have what they need, and texts no names of people.

    Raises:
        ValueError: A row is none that could have been written.
    """
    numbers = records["table"].to_numpy(zero_copy_only=False) if records.num_rows else np.ones(0)
    if records["table"].null_count or records["source_row"].null_count:
        raise ValueError("a row of no table, or without its number")
    if len(numbers) and not 1 <= numbers.min() <= numbers.max() <= n_tables:
        raise ValueError("a row of a table that is not described")
    usable = records.filter(pc.is_null(records["reason"]))
    for name in _NEEDED:
        if usable[name].null_count:
            raise ValueError(f"a row without {name}")
    for name, words in _KNOWN_WORDS.items():
        if not pc.all(pc.is_in(usable[name].cast(pa.string()), pa.array(words))).as_py() and usable.num_rows:
            raise ValueError(f"an unknown word of {name}")
    for name in ("easting", "northing"):
        if usable.num_rows and not pc.all(pc.is_finite(usable[name])).as_py():
            raise ValueError(f"a row without {name}")
    for name in ("started_at", "ended_at"):
        years = pc.year(records[name].drop_null())
        if len(years) and not FIRST_YEAR <= pc.min(years).as_py() <= pc.max(years).as_py() <= LAST_YEAR + 1:
            raise ValueError(f"{name} in no year that is read")
    for position, spec in enumerate(records.schema):
        if pa.types.is_dictionary(spec.type) and spec.name not in _KNOWN_WORDS:
            coded = _combine(records.column(position).unify_dictionaries())
            words = pa.array([mask_text(str(word)) for word in coded.dictionary.to_pylist()], pa.string())
            masked = pa.DictionaryArray.from_arrays(coded.indices, words).cast(pa.string())
            records = records.set_column(position, spec, masked.dictionary_encode().cast(spec.type))
    return records


def _fit(records: pa.Table, options: ReadingOptions, *, crs: str) -> pa.Table:
    """Records as they would be read now: in the working CRS, and with the crimes that there are."""
    if not pyproj.CRS.from_user_input(crs).equals(pyproj.CRS.from_user_input(options.crs), ignore_axis_order=True):
        placed = project_coordinates(
            records["easting"].to_numpy(), records["northing"].to_numpy(), source_crs=crs, crs=options.crs
        )
        for name, values in zip(("easting", "northing"), placed, strict=True):
            position = records.schema.get_field_index(name)
            records = records.set_column(position, records.schema.field(position), pa.array(values))
    known = pa.array([*options.definitions.crimes, UNRECOGNISED])
    for name in ("category", "subcategory"):
        position = records.schema.get_field_index(name)
        spec = records.schema.field(position)
        texts = records.column(position).cast(pa.string())
        is_known = pc.or_(pc.is_in(texts, known), pc.is_null(texts))
        if not pc.all(is_known).as_py():
            other = UNRECOGNISED if name == "category" else None
            kept = pc.if_else(is_known, texts, pa.scalar(other, pa.string()))
            records = records.set_column(position, spec, kept.dictionary_encode().cast(spec.type))
    return records
