"""Rows of a workbook that a filter, or a person, has hidden: whoever sent it did not see them."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from xml.etree import ElementTree

_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_NUMBER = re.compile(rb"\br\s*=\s*[\"']\s*(\d+)")
_HIDDEN = re.compile(rb"\bhidden\s*=\s*[\"']\s*(?:1|true|on)\b|\bht\s*=\s*[\"']\s*0+(?:\.0*)?\s*[\"']")
"""Hidden by a filter or by hand, or drawn with a height of nothing, which looks the same."""


def find_hidden_rows(content: bytes) -> dict[str, frozenset[int]]:
    """The hidden rows of each sheet of a workbook by its name; 1 is the first row of the sheet.

    Nothing is known of the older `.xls`.

    Source: ECMA-376-1, 18.3.1.73 (`row`), 18.2.19 (`sheet`).
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return {}
    found = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name.lower(): name for name in archive.namelist()}
        for sheet, path in _find_sheets(archive, members).items():
            hidden, number = set(), 0
            for row in _ROW.finditer(archive.read(path)):
                stated = _NUMBER.search(row[1])
                number = int(stated[1]) if stated else number + 1
                if _HIDDEN.search(row[1]):
                    hidden.add(number)
            found[sheet] = frozenset(hidden)
    return found


def _find_sheets(archive: zipfile.ZipFile, members: dict[str, str]) -> dict[str, str]:
    """The member of the archive that holds each sheet, by the name of the sheet."""
    try:
        workbook, links = (
            ElementTree.fromstring(archive.read(members[name]))  # noqa: S314 - expat refuses entities that multiply
            for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
        )
    except (KeyError, ElementTree.ParseError):
        return {}
    targets = {link.get("Id"): posixpath.join("/xl", link.get("Target", "")) for link in links}
    sheets = {}
    for element in workbook.iter():
        if element.tag.rpartition("}")[2] == "sheet":
            link = next((value for key, value in element.items() if key.rpartition("}")[2] == "id"), None)
            path = posixpath.normpath(targets.get(link, "")).lstrip("/").lower()
            if path in members:
                sheets[element.get("name", "")] = members[path]
    return sheets
