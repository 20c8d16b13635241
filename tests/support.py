"""What tests share that is not a fixture."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import re
import struct
import sys
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args, get_origin
from unittest import mock

import geopandas as gpd
import numpy as np
import openpyxl
import pytest

from hotspots.analysis.hotspots.evidence import Evidence
from hotspots.cli.main import main
from hotspots.pipeline.results import Analysis
from hotspots.products.summary.encoding import Spread, find_types, strip

MakeIncidents = Callable[..., gpd.GeoDataFrame]
"""Builds an incidents table from eastings and northings; see the fixture `make_incidents`."""

AnalyseDemonstration = Callable[..., Analysis]
"""Analyses a crime of the demonstration; see the fixture `analyse_demonstration`."""

Record = TypeVar("Record")


def decode(part: type[Record], values: dict[str, Any]) -> Record:
    """A part of a summary from its plain JSON values, which a test can change more easily."""
    read = {}
    for name, hint in find_types(part).items():
        if Spread not in strip(hint)[1]:
            read[name] = _decode(hint, values[name])
        else:
            kind, _, _ = strip(hint)
            read[name] = decode(kind, values) if set(find_types(kind)) <= set(values) else None
    return part(**read)


def _decode(hint: Any, value: Any) -> Any:
    kind, _, _ = strip(hint)
    if value is None:
        return None
    if kind is dt.date:
        return dt.date.fromisoformat(value)
    if get_origin(kind) is tuple:
        arms = get_args(kind)
        each = [arms[0]] * len(value) if arms[-1] is Ellipsis else arms
        return tuple(_decode(arm, item) for arm, item in zip(each, value, strict=True))
    if get_origin(kind) is dict:
        return {key: _decode(get_args(kind)[1], item) for key, item in value.items()}
    return decode(kind, value) if isinstance(kind, type) and dataclasses.is_dataclass(kind) else value


def decode_line(letters: str) -> list[tuple[float, float]]:
    """A line of the map, by the published description of its format, a letter at a time: (latitude, longitude)."""
    numbers, value, shift = [], 0, 0
    for letter in letters:
        bits = ord(letter) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value, shift = 0, 0
    steps = np.array(numbers).reshape(-1, 2)
    return [tuple(place) for place in (steps.cumsum(axis=0) / 1e5).tolist()]


def open_quietly(path: Path) -> openpyxl.Workbook:
    """An Excel workbook."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl says that it does not read bars behind numbers
        return openpyxl.load_workbook(path)


def read_workbook(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """The values of each sheet of an Excel workbook, row by row."""
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in open_quietly(path)}


def has_live_cells(path: Path) -> bool:
    """Whether a workbook holds a formula, or a link that leads out of it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist() if "media" not in name}
    is_formula = any(re.search(r"<f[ >/]", text) for name, text in parts.items() if "worksheets/" in name)
    return is_formula or any("External" in text for name, text in parts.items() if name.endswith(".rels"))


class Said(NamedTuple):
    code: int
    out: str
    err: str


def call(*arguments: object) -> Said:
    """Exit code, stdout and stderr of the command as its entry point runs it, without a process of its own."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        mock.patch.object(sys, "argv", ["hotspots", *map(str, arguments)]),
        mock.patch("signal.signal"),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    assert isinstance(code, int)
    return Said(code, out.getvalue(), err.getvalue())


def make_evidence(**known: Any) -> Evidence:
    """Evidence of which only what is given matters."""
    plain: dict[str, Any] = {
        "expected": 1.0,
        "expected_low": 0,
        "expected_high": 3,
        "rank_low": 1,
        "rank_high": 1,
        "z": 0.0,
        "p_adjusted": 1.0,
        "is_significant": False,
        "stability": 0.0,
        "persistence": None,
        "ambient": None,
        "ambient_p": None,
        "is_excess": None,
    }
    return Evidence(**(plain | known))


def make_old_workbook(rows: Sequence[Sequence[Any]], *, is_1904: bool) -> bytes:
    """The smallest .xls of one sheet: records of [MS-XLS] in one stream of a compound file, after [MS-CFB]."""

    def record(kind: int, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return struct.pack("<HH", kind, len(body)) + body

    begin = [record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6)) for kind in (0x0005, 0x0010)]
    end = record(0x000A)
    # Date1904, then CalcPrecision
    settings = record(0x0022, struct.pack("<H", is_1904)) + record(0x000E, struct.pack("<H", 1))
    sheet_name = record(0x0085, struct.pack("<IBBBB", 0, 0, 0, 1, 0), b"A")
    at_sheet = len(begin[0]) + len(settings) + len(sheet_name) + len(end)
    sheet_name = record(0x0085, struct.pack("<IBBBB", at_sheet, 0, 0, 1, 0), b"A")
    cells = []
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            where = struct.pack("<HHH", row, column, 0)
            if isinstance(value, str):
                cells.append(record(0x0204, where, struct.pack("<HB", len(value), 0), value.encode("latin-1")))
            else:
                cells.append(record(0x0203, where, struct.pack("<d", value)))
    stream = b"".join([begin[0], settings, sheet_name, end, begin[1], *cells, end])
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    free, chain_end, fat = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    n_sectors = len(stream) // 512
    start = struct.pack("<8s16xHHHHH6x", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6)
    header = start + struct.pack("<9I109I", 0, 1, 1, 0, 4096, chain_end, 0, chain_end, 0, 0, *[free] * 108)

    def entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        numbers = struct.pack("<HBBIII36xIQ", len(text), kind, 1, free, free, child, first, size)
        return text.ljust(64, b"\0") + numbers

    empty = bytes(68) + struct.pack("<III", free, free, free) + bytes(48)
    entries = [entry("Root Entry", 5, 1, chain_end, 0), entry("Workbook", 2, free, 2, len(stream)), empty, empty]
    links = [fat, chain_end, *range(3, 2 + n_sectors), chain_end]
    table = struct.pack("<128I", *links, *[free] * (128 - len(links)))
    return header + table + b"".join(entries) + stream


def read_pdf(content: bytes) -> bytes:
    """All of a PDF with its streams unpacked."""
    parts = [content]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, flags=re.DOTALL):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"\n".join(parts)


def count_pages(content: bytes) -> int:
    """Of a PDF."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", read_pdf(content)))


def list_violations(page: Any) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA and good practice."""
    axe_playwright_python = pytest.importorskip("axe_playwright_python")
    script = Path(axe_playwright_python.__file__).with_name("axe.min.js")
    page.evaluate(script.read_text("utf-8"))
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    # to find a selector for each element that is as it should be takes twice as long as all the rest
    found = page.evaluate(
        """(rules) => axe.run(document, { runOnly: rules, resultTypes: ['violations'], selectors: false })
          .then(({ violations }) => violations.map(({ id, help, nodes }) => `${id}: ${nodes[0].html} ${help}`))""",
        rules,
    )
    return list(found)


def list_faults(browser: Any, path: Path) -> list[str]:
    """Of a page with all of it open, light and dark, wide and on a phone: violations, and whether it is too wide."""
    found = []
    for colours, width in (("light", 390), ("dark", 1366)):
        context = browser.new_context(
            viewport={"width": width, "height": 844}, offline=True, bypass_csp=True, color_scheme=colours
        )
        page = context.new_page()
        page.goto(path.as_uri())
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        found += [f"{colours}: {fault}" for fault in list_violations(page)]
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{wide} pixels wide on a screen of {width}")
        context.close()
    return found
