"""A report on pages of A4, set by typst from texts that are data."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import re
from collections.abc import Sequence
from dataclasses import fields
from importlib import resources
from typing import Any

from hotspots.products.drawing.brief_sheets import make_printable, open_compiler
from hotspots.products.drawing.poster_fonts import STANDARD, require_drawable
from hotspots.products.drawing.report_blocks import Report
from hotspots.products.words import say

_PPI = 200.0
_BARE = re.compile(r"<svg\b[^>]*>")
_PICTURE = (
    b"#set page(width: auto, height: auto, margin: 0pt)\n"
    b'#set text(font: ("Lato", "Libertinus Serif"))\n'
    b'#image(bytes(sys.inputs.svg), format: "svg", width: float(sys.inputs.width) * 1mm)'
)


def draw_report_sheets(report: Report) -> bytes:
    """Set a report as PDF, tagged (PDF/UA-1): equal reports give equal bytes.

    Raises:
        HotspotsError: The packages for pages are not installed.
    """
    described = {
        field.name: _describe(getattr(report, field.name)) for field in fields(report) if field.name != "house"
    }
    look = {"logo": require_drawable(report.house.logo), "logo_alt": say("handling.logo", report.handling)}
    look["colour"] = report.house.colour or "#111111"
    data = json.dumps(make_printable(described) | look, ensure_ascii=False)
    made = open_compiler().compile(_read_template(), format="pdf", pdf_standards=STANDARD, sys_inputs={"data": data})
    assert isinstance(made, bytes)
    return made


def draw_picture(svg: str, *, width_mm: float, stands_alone: bool = False) -> bytes:
    """A drawing alone as PNG, for documents that cannot hold SVG.

    Args:
        svg: It.
        width_mm: How wide it is on paper.
        stands_alone: Whether it is a file of its own, as a logo is, and no part of a page.

    Raises:
        HotspotsError: The packages for pages are not installed.
    """
    drawing = svg if stands_alone else let_stand_alone(svg)
    made = open_compiler().compile(
        _PICTURE, format="png", ppi=_PPI, sys_inputs={"svg": drawing, "width": f"{width_mm:g}"}
    )
    assert isinstance(made, bytes)
    return made


def let_stand_alone(svg: str) -> str:
    """A drawing for a page of HTML as one that needs nothing of that page: its namespace, font and size of letters."""
    opening = _BARE.search(svg)
    assert opening is not None
    head = opening.group()
    usual = {
        "xmlns": "http://www.w3.org/2000/svg",
        "font-family": "Lato, Arial, sans-serif",
        "font-size": "10",
        "fill": "#1d2630",
    }
    if "xmlns=" in head:
        return svg[opening.start() :]
    added = "".join(f' {name}="{value}"' for name, value in usual.items() if f" {name}=" not in head)
    return f"<svg{added}{head[4:]}{svg[opening.end() :]}"


def _describe(value: Any) -> Any:
    """Blocks as plain values, each with its kind."""
    if dataclasses.is_dataclass(value):
        kind = getattr(value, "kind", None)
        plain = {field.name: _describe(getattr(value, field.name)) for field in dataclasses.fields(value)}
        if kind == "figure":
            plain = {**plain, "svg": let_stand_alone(plain["svg"]), "narrow": ""}
        return {**plain, "kind": kind}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_describe(one) for one in value]
    return value.isoformat() if isinstance(value, dt.date) else value


@functools.cache
def _read_template() -> bytes:
    # as bytes, since a text would be taken for a path
    return resources.files("hotspots.products").joinpath("templates/report.typ").read_bytes()
