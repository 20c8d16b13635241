"""A file, or a member of an archive, to the tables in it, by what the end of its name says it is."""

from __future__ import annotations

import hashlib
import io

from hotspots.ingest.formats.bounds import bound_table
from hotspots.ingest.formats.delimited_text import open_text_table
from hotspots.ingest.formats.genuine_layers import LAYER_SUFFIXES
from hotspots.ingest.formats.input_files import CSV_SUFFIXES, Member
from hotspots.ingest.formats.json_records import holds_json_records, open_json_records
from hotspots.ingest.formats.layers import PARQUET_SUFFIXES, open_layers, open_parquet
from hotspots.ingest.formats.table import IsHeader, Table
from hotspots.ingest.formats.workbooks import WORKBOOK_SUFFIXES, open_workbook

TABLE_SUFFIXES = (*CSV_SUFFIXES, ".tsv", ".tsv.gz", ".tab", *WORKBOOK_SUFFIXES, *PARQUET_SUFFIXES)
"""Kinds of tables, which are looked for in an archive too."""


def open_tables(
    member: Member,
    *,
    is_header: IsHeader,
    delimiter: str | None = None,
    encoding: str | None = None,
    what: str = "incidents",
    by_point: bool = False,
) -> list[Table]:
    """The tables of a file, by what the end of its name says it is.

    Args:
        member: The file.
        is_header: Whether a row names the columns.
        delimiter: What separates the columns of text; see `open_text_table`.
        encoding: Of text, likewise.
        what: What its rows are of, for messages.
        by_point: Whether lines and outlines are read too; see `open_layers`.

    Raises:
        DataError: It is not what its name says, damaged, or holds more than people write.
    """
    tables = _open(member, is_header, delimiter, encoding, what=what, by_point=by_point)
    return [bound_table(table) for table in tables]


def _open(
    member: Member, is_header: IsHeader, delimiter: str | None, encoding: str | None, *, what: str, by_point: bool
) -> list[Table]:
    if member.suffix in WORKBOOK_SUFFIXES:
        content = member.read()
        return open_workbook(member.label, content, hashlib.sha256(content).hexdigest(), is_header=is_header)
    if member.suffix in PARQUET_SUFFIXES:
        if member.label == member.file.label:
            return [open_parquet(member.label, member.file.path, member.file.sha256, what=what, by_point=by_point)]
        content = member.read()
        digest = hashlib.sha256(content).hexdigest()
        return [open_parquet(member.label, io.BytesIO(content), digest, what=what, by_point=by_point)]
    if member.suffix == ".json" and holds_json_records(member.file):
        return open_json_records(member.file)
    if member.suffix in (*LAYER_SUFFIXES, ".json"):
        return open_layers(member.file, what=what, by_point=by_point)
    return [open_text_table(member.label, member.open, is_header=is_header, delimiter=delimiter, encoding=encoding)]
