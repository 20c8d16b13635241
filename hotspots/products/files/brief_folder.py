"""The folder of a brief: one page as HTML, PDF and Word, and its numbers; and that of the pages of several wards."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import get_args

from hotspots.pipeline import Analysis, Brief, BriefRequest, Progress, silent
from hotspots.products.drawing import (
    MAP_WIDTH_MM,
    DrawnBrief,
    describe_brief,
    describe_texts,
    draw_brief_sheet,
    draw_picture,
    join_briefs,
)
from hotspots.products.files.brief_document import choose_map_height, encode_document
from hotspots.products.files.folders import name_folder
from hotspots.products.files.report_formats import ReportFormat, Target, name_keys, write_formats
from hotspots.products.files.word_templates import LOGO_DRAWN_MM
from hotspots.products.pages import draw_brief
from hotspots.products.summary import (
    BRIEF_FOLDER,
    BRIEF_PRODUCTS,
    JOINED_BRIEFS_PRODUCTS,
    BriefSummary,
    JoinedBriefsSummary,
    summarise,
    summarise_brief,
    summarise_joined_briefs,
)
from hotspots.products.words import say

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
    summary, paths, _ = _write(brief, out, formats=formats, template=template, notify=notify)
    return summary, paths


def write_briefs(
    briefs: Sequence[Brief],
    out: Path,
    *,
    of: Analysis,
    formats: Collection[BriefFormat] = get_args(BriefFormat),
    template: Path | None = None,
    notify: Callable[[str], None] = silent,
    progress: Progress = silent,
) -> tuple[list[tuple[BriefSummary, dict[str, Path]]], tuple[JoinedBriefsSummary, dict[str, Path]] | None]:
    """Write the page of each of several wards to a folder of its own, and all as one PDF to another.

    Args:
        briefs: Of one crime and the same weeks, one for each ward.
        out: The folder of all products.
        of: The analysis of these wards together, and those without a page.
        formats: As `write_brief` takes them; without "pdf", and of one page, there is not one of all.
        template: Likewise.
        notify: Likewise.
        progress: Called with each ward.

    Returns:
        What `write_brief` does of each; of all in one file their summary and its products, or None.

    Raises:
        HotspotsError, NotFoundError, DataError, ParameterError: As `write_brief`.
    """
    written, drawn = [], []
    for brief in briefs:
        progress(f"{of.crime.slug}: writing {brief.ground.wards['ward_name'].iloc[0]}")
        summary, paths, sheet = _write(brief, out, formats=formats, template=template, notify=notify)
        written.append((summary, paths))
        drawn += [sheet] if sheet else []
    joined = None
    if len(drawn) > 1:
        joined = _join(briefs, drawn, [summary for summary, _ in written], of=of, out=out, notify=notify)
    return written, joined


def _join(
    briefs: Sequence[Brief],
    drawn: Sequence[DrawnBrief],
    summaries: Sequence[BriefSummary],
    *,
    of: Analysis,
    out: Path,
    notify: Callable[[str], None],
) -> tuple[JoinedBriefsSummary, dict[str, Path]]:
    """All pages in one file, with their headings as bookmarks."""
    summary = summarise_joined_briefs(summaries)
    folder = out / BRIEF_FOLDER / _name_folder(briefs[0], of, "each ward")
    formats: tuple[BriefFormat, ...] = ("pdf",)
    return write_formats(
        Target(out=out, folder=folder, kind="briefs", names=JOINED_BRIEFS_PRODUCTS, formats=formats),
        summary,
        {"pdf": lambda: join_briefs(drawn, title=say("brief.joined_title", summary))},
        parameters={"analysis": of.request, "brief": briefs[0].request},
        notify=notify,
    )


def _write(
    brief: Brief,
    out: Path,
    *,
    formats: Collection[BriefFormat],
    template: Path | None,
    notify: Callable[[str], None],
) -> tuple[BriefSummary, dict[str, Path], DrawnBrief | None]:
    """The folder of one, and its page as it was set."""
    keys = name_keys("brief", formats, what="brief")
    analysis = brief.analysis
    run = summarise(analysis)
    summary = summarise_brief(brief, run, formats=keys)
    sheet = draw_brief_sheet(brief, summary) if "pdf" in formats else None
    make: dict[BriefFormat, Callable[[], str | bytes]] = {
        "html": lambda: draw_brief(brief, summary),
        "docx": lambda: _encode(brief, summary, template),
    }
    if sheet is not None:
        pdf = sheet.pdf
        make["pdf"] = lambda: pdf
    folder = out / BRIEF_FOLDER / _name_folder(brief, analysis)
    _, paths = write_formats(
        Target(out=out, folder=folder, kind="brief", names=BRIEF_PRODUCTS, formats=formats),
        summary,
        make,
        parameters={"analysis": analysis.request, "brief": brief.request},
        notify=notify,
    )
    return summary, paths, sheet


def _name_folder(brief: Brief, analysis: Analysis, *more: str) -> str:
    """Crime, weeks, days and wards, and what else was asked for."""
    asked = brief.request.n_places
    return name_folder(
        f"{analysis.crime.slug}_{brief.first_day}_from_{analysis.start}_{analysis.end}",
        analysis.wards,
        analysis.study.boundaries.wards,
        stated_area=analysis.request.area,
        methods=(
            *analysis.request.methods,
            *([f"{asked} places"] if asked != BriefRequest().n_places else []),
            *more,
        ),
    )


def _encode(brief: Brief, summary: BriefSummary, template: Path | None) -> bytes:
    """The brief as a Word document."""
    has_logo = brief.analysis.study.house.logo is not None
    height_mm = choose_map_height(describe_texts(summary), has_logo=has_logo) if template is None else _OTHER_MM
    texts = describe_brief(brief, summary, map_height_mm=height_mm)
    picture = draw_picture(texts.map, width_mm=MAP_WIDTH_MM)
    logo = draw_picture(texts.logo, width_mm=LOGO_DRAWN_MM, stands_alone=True) if texts.logo else None
    return encode_document(texts, picture, day=brief.first_day, template=template, logo=logo)
