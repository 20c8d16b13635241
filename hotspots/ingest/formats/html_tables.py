"""Fields that stand in a table of HTML within a text, as programs write them into the descriptions of KML."""

from __future__ import annotations

from collections.abc import Collection
from html.parser import HTMLParser

import pandas as pd

_MOST = 0.5
"""The share of texts that must be tables of fields."""

_LEAST_FIELDS = 2
_MOST_FIELDS = 200
_NOTHING = frozenset({"", "<null>"})


class _FieldParser(HTMLParser):
    """Collects the rows of two cells, of which the first names a field. A table may stand in a cell of another."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._rows: list[list[str]] = []
        self._is_in_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th") and self._rows:
            self._rows[-1].append("")
        self._is_in_cell = tag in ("td", "th") or (self._is_in_cell and tag not in ("table", "tr"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr" and self._rows:
            cells = [" ".join(cell.split()) for cell in self._rows.pop()]
            if len(cells) == 2 and cells[0] and len(self.fields) < _MOST_FIELDS:
                self.fields.setdefault(cells[0].removesuffix(":"), cells[1])
        if tag in ("td", "th", "tr", "table"):
            self._is_in_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_in_cell and self._rows and self._rows[-1]:
            self._rows[-1][-1] += data


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
    parser = _FieldParser()
    parser.feed(text)
    parser.close()
    return parser.fields
