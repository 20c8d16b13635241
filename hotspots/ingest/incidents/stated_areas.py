"""The areas that a source names itself, such as beats, sectors and wards, without what may be somebody's name."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd
import pyarrow as pa

from hotspots.ingest.incidents.record_schema import replace_columns
from hotspots.ingest.texts import (
    MANY_ROWS,
    find_addresses,
    is_area_code,
    is_personal,
    map_texts,
    mask_personal_data,
    names_house,
)

AREA_SIGN = "|"
"""What parts several areas of one row."""

_AREA = re.compile(r"\w[\w /&'.,()-]{0,39}")
_CODE = re.compile(r"(?=.*\d)[\w/-]{1,12}")
_MOST_ROWS_A_CASE = 20
"""Rows that one number of a crime can be on: several victims, several offences, several versions."""

_MARK_SIGN = "#"
"""What begins the mark of an area, and no name of one."""


def keep_areas(texts: pd.Series) -> pd.Series:
    """Codes and names of areas: short texts, and the mark of one that looks like somebody's name or address.

    Whatever else stands there is missing, since products name areas.
    """

    def keep(text: pd.Series) -> pd.Series:
        is_plain = (mask_personal_data(text) == text) & ~find_addresses(text)
        return text.where(is_plain, text.map(_mark_name)).where(text.str.fullmatch(_AREA))

    return map_texts(texts.astype("category"), keep)


def join_areas(columns: Sequence[pd.Series], nothing: pd.Series) -> pd.Series:
    """The areas of each row as one text, parted by `AREA_SIGN`; missing where it has none."""
    if len(columns) < 2:
        return columns[0] if columns else nothing
    joined = nothing.astype("object")
    for column in columns:
        more = column.astype("object")
        joined = joined.where(more.isna(), (joined + AREA_SIGN + more).where(joined.notna(), more))
    return joined


def mark_rare_areas(records: pa.Table) -> pa.Table:
    """The records with a mark for names and long codes that few rows have: such a text may be somebody's.

    The mark is so short that nobody finds a name by it. Another table, in which the area has many rows, gives it back,
    and so do boundaries: see `name_marked_areas`.
    """

    def mark(n_rows: Mapping[str, int]) -> dict[str, str | None]:
        return {
            one: _mark_name(one) for one, n in n_rows.items() if not (one.startswith(_MARK_SIGN) or _is_area(one, n))
        }

    return _rename_areas(records, mark)


def name_marked_areas(records: pa.Table, *, known: Iterable[str] = ()) -> pa.Table:
    """The records of all tables with the areas by name that many rows of one table have, and without other marks.

    Args:
        records: Of all tables.
        known: Codes and names of wards, which are named however few rows have them.
    """
    of_wards = {_mark_name(one): one for one in known}

    def name(n_rows: Mapping[str, int]) -> dict[str, str | None]:
        named = of_wards | {_mark_name(one): one for one in n_rows if not one.startswith(_MARK_SIGN)}
        return {one: named.get(one) for one in n_rows if one.startswith(_MARK_SIGN)}

    return _rename_areas(records, name)


def _rename_areas(records: pa.Table, list_new: Callable[[Mapping[str, int]], dict[str, str | None]]) -> pa.Table:
    """The records with other names for some wards and areas, which are listed from the rows of each."""
    for column in ("stated_ward", "stated_area"):
        texts = records[column]
        counted = {
            one["values"]: one["counts"] for one in texts.value_counts().to_pylist() if one["values"] is not None
        }
        n_rows: Counter[str] = Counter()
        for text, n in counted.items():
            for one in text.split(AREA_SIGN):
                n_rows[one] += n
        if new := list_new(n_rows):
            meant = {
                text: AREA_SIGN.join(filter(None, (new.get(one, one) for one in text.split(AREA_SIGN)))) or None
                for text in counted
            }
            renamed = pd.Series(texts.to_pandas()).astype("object").map(meant)
            records = replace_columns(records, **{column: renamed})
    return records


def _is_area(text: str, n_rows: int) -> bool:
    """Whether a text is the code or the name of an area, and not something about somebody."""
    if is_area_code(text):
        return True
    if _CODE.fullmatch(text):
        return n_rows >= MANY_ROWS and (n_rows > _MOST_ROWS_A_CASE or not is_personal(text))
    # "Rose Cottage, Mill Lane"
    return n_rows >= MANY_ROWS and not is_personal(text) and not ("," in text and names_house(text))


def _mark_name(area: str) -> str:
    return _MARK_SIGN + hashlib.sha256(" ".join(area.casefold().split()).encode()).hexdigest()[:6]
