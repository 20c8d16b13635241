"""The folder of a strategic assessment: one report as HTML, PDF and Word, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import get_args

from hotspots.errors import ParameterError
from hotspots.pipeline import StrategicAssessment, silent
from hotspots.products.drawing import draw_report_sheets, make_strategic_report
from hotspots.products.files.brief_folder import BriefFormat
from hotspots.products.files.folders import encode_json, name_folder, replace_folder, say_replaced, write_text
from hotspots.products.files.report_document import encode_report
from hotspots.products.pages import draw_report
from hotspots.products.summary import (
    STRATEGIC_FOLDER,
    STRATEGIC_PRODUCTS,
    StrategicSummary,
    encode,
    summarise_strategic,
)

_KEYS: dict[BriefFormat, str] = {"html": "strategic", "pdf": "strategic_pdf", "docx": "strategic_docx"}


def write_strategic(
    assessment: StrategicAssessment,
    out: Path,
    *,
    formats: Collection[BriefFormat] = get_args(BriefFormat),
    template: Path | None = None,
    notify: Callable[[str], None] = silent,
) -> tuple[StrategicSummary, dict[str, Path]]:
    """Write the yearly assessment to one folder below `<out>/strategic/`, all or none.

    Args:
        assessment: What is written.
        out: The folder of all products.
        formats: As what: "html" needs nothing, "pdf" and "docx" need the packages of `hotspots[briefs]`.
        template: A Word document with tags, filled in the place of our own; see `docs/briefs.md`.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.

    Raises:
        HotspotsError: The packages for pages or for Word are not installed.
        NotFoundError: The template is not there.
        DataError: The template is no Word document, or asks for what a report does not have.
        ParameterError: A format is not known, or there is none.
    """
    unknown = [one for one in formats if one not in get_args(BriefFormat)]
    if unknown or not formats:
        given = f'"{unknown[0]}" is not one' if unknown else "none was given"
        raise ParameterError(f"A report is written as html, pdf or docx; {given}. Give some of these as `formats`.")
    summary = summarise_strategic(assessment, formats=tuple(key for name, key in _KEYS.items() if name in formats))
    report = make_strategic_report(summary)
    performance = assessment.performance
    period = f"{performance.start}_{performance.end}"
    folder = out / STRATEGIC_FOLDER / name_folder(period, performance.wards, performance.study.boundaries.wards)
    replaced = say_replaced(folder, STRATEGIC_PRODUCTS["strategic_json"], summary.inputs)
    with replace_folder(folder, out=out) as draft:
        if "html" in formats:
            write_text(draft / STRATEGIC_PRODUCTS["strategic"], draw_report(report))
        if "pdf" in formats:
            (draft / STRATEGIC_PRODUCTS["strategic_pdf"]).write_bytes(draw_report_sheets(report))
        if "docx" in formats:
            (draft / STRATEGIC_PRODUCTS["strategic_docx"]).write_bytes(encode_report(report, template=template))
        write_text(draft / STRATEGIC_PRODUCTS["strategic_json"], encode_json(encode(summary)))
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in summary.products.items()}
