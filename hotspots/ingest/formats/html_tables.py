"""Fields that stand in a table of HTML within a text, as programs write them into the descriptions of KML."""

from __future__ import annotations

import html
import re
from collections.abc import Collection

import pandas as pd

_MOST = 0.5
"""The share of texts that must be tables of fields."""

_TOKEN = re.compile(r"<(/?)(table|tr|td|th)\b[^<>]*>|</?[a-z!?][^<>]*>|[^<]+|<", re.IGNORECASE)
"""A tag that makes a table, any other tag, and text. None is looked for beyond the next bracket, so that a text of
brackets alone is read in the time of any other; the parser of Python takes the square of it."""

_LEAST_FIELDS = 2
_MOST_FIELDS = 200
_NOTHING = frozenset({"", "<null>"})


def spread_fields(texts: pd.Series, *, besides: Collection[str]) -> pd.DataFrame:
    """The fields of texts as columns, if most texts are tables of them; no columns if not.

    Args:
        texts: HTML, may be missing.
        besides: Names that other columns have, which are left to these.

    Returns:
        Text or missing, on the same index.
    """
    given = texts.dropna().astype(str)
    read = {index: _read_fields(text) for index, text in given.items()}
    if not read or sum(len(fields) >= _LEAST_FIELDS for fields in read.values()) < _MOST * len(read):
        return pd.DataFrame(index=texts.index)
    taken = {name.strip().casefold() for name in besides}
    names = dict.fromkeys(name for fields in read.values() for name in fields if name.casefold() not in taken)
    return pd.DataFrame(
        {
            name: [
                None if (value := read.get(index, {}).get(name, "")).casefold() in _NOTHING else value
                for index in texts.index
            ]
            for name in list(names)[:_MOST_FIELDS]
        },
        index=texts.index,
        dtype="object",
    )


def _read_fields(text: str) -> dict[str, str]:
    """The rows of two cells, of which the first names a field. A table may stand in a cell of another."""
    fields: dict[str, str] = {}
    rows: list[list[str]] = []
    is_in_cell = False
    for token in _TOKEN.finditer(text):
        is_end, tag = bool(token[1]), (token[2] or "").lower()
        if tag == "tr" and is_end and rows:
            cells = [" ".join(html.unescape(cell).split()) for cell in rows.pop()]
            if len(cells) == 2 and cells[0] and len(fields) < _MOST_FIELDS:
                fields.setdefault(cells[0].removesuffix(":"), cells[1])
        elif tag == "tr" and not is_end:
            rows.append([])
        elif tag in ("td", "th") and not is_end and rows:
            rows[-1].append("")
        elif not tag and is_in_cell and rows and rows[-1] and (token[0] == "<" or token[0][0] != "<"):
            rows[-1][-1] += token[0]
        if tag:
            is_in_cell = tag in ("td", "th") and not is_end
    return fields
