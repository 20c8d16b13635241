"""The folder of a brief: one page as HTML, PDF and Word, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import get_args

from hotspots.pipeline import Brief, BriefRequest, silent
from hotspots.products.drawing import MAP_WIDTH_MM, describe_brief, describe_texts, draw_brief_sheet, draw_picture
from hotspots.products.files.brief_document import choose_map_height, encode_document
from hotspots.products.files.folders import name_folder
from hotspots.products.files.report_formats import ReportFormat, Target, name_keys, write_formats
from hotspots.products.files.word_templates import LOGO_DRAWN_MM
from hotspots.products.pages import draw_brief
from hotspots.products.summary import BRIEF_FOLDER, BRIEF_PRODUCTS, BriefSummary, summarise, summarise_brief

BriefFormat = ReportFormat
_OTHER_MM = 85.0
"""Height of the map in a template of somebody else, which is 186 mm wide or as wide as the text there."""


def write_brief(
    brief: Brief,
    out: Path,
    *,
    formats: Collection[BriefFormat] = get_args(BriefFormat),
    template: Path | None = None,
    notify: Callable[[str], None] = silent,
) -> tuple[BriefSummary, dict[str, Path]]:
    """Write the page of a ward's team to one folder below `<out>/briefs/`, all or none.

    Args:
        brief: What is written.
        out: The folder of all products.
        formats: As what: "html" needs nothing, "pdf" and "docx" need the packages of `hotspots[briefs]`.
        template: A Word document with tags, filled in the place of our own; see `docs/briefs.md`.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.

    Raises:
        HotspotsError: The packages for pages or for Word are not installed.
        NotFoundError: The template is not there.
        DataError: The template is no Word document, or asks for what a brief does not have.
        ParameterError: A format is not known, or there is none.
    """
    keys = name_keys("brief", formats, what="brief")
    analysis = brief.analysis
    run = summarise(analysis)
    summary = summarise_brief(brief, run, formats=keys)
    asked = brief.request.n_places
    period = f"{analysis.crime.slug}_{brief.first_day}_from_{analysis.start}_{analysis.end}"
    name = name_folder(
        period,
        analysis.wards,
        analysis.study.boundaries.wards,
        stated_area=analysis.request.area,
        methods=(*run.methods, *([f"{asked} places"] if asked != BriefRequest().n_places else [])),
    )
    make: dict[BriefFormat, Callable[[], str | bytes]] = {
        "html": lambda: draw_brief(brief, summary),
        "pdf": lambda: draw_brief_sheet(brief, summary).pdf,
        "docx": lambda: _encode(brief, summary, template),
    }
    return write_formats(
        Target(out=out, folder=out / BRIEF_FOLDER / name, kind="brief", names=BRIEF_PRODUCTS, formats=formats),
        summary,
        make,
        parameters={"analysis": analysis.request, "brief": brief.request},
        notify=notify,
    )


def _encode(brief: Brief, summary: BriefSummary, template: Path | None) -> bytes:
    """The brief as a Word document."""
    has_logo = brief.analysis.study.house.logo is not None
    height_mm = choose_map_height(describe_texts(summary), has_logo=has_logo) if template is None else _OTHER_MM
    texts = describe_brief(brief, summary, map_height_mm=height_mm)
    picture = draw_picture(texts.map, width_mm=MAP_WIDTH_MM)
    logo = draw_picture(texts.logo, width_mm=LOGO_DRAWN_MM, stands_alone=True) if texts.logo else None
    return encode_document(texts, picture, day=brief.first_day, template=template, logo=logo)
