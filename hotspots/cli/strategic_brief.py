"""What `hotspots brief --strategic` does."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotspots.cli.inputs import StudyInputs, open_study
from hotspots.cli.outputs import echo_products, warn

if TYPE_CHECKING:
    from hotspots.pipeline import StrategicRequest
    from hotspots.products.files import BriefFormat


def refuse_of_year(given: Mapping[str, object]) -> None:
    """Refuse options of the page of a ward: those that were given have a value."""
    named = [name for name, value in given.items() if value]
    if named:
        raise click.UsageError(f"--strategic is on every crime of a year, and takes no {named[0]}. Leave one out.")


def brief_on_year(
    inputs: StudyInputs,
    request: StrategicRequest,
    *,
    formats: Sequence[BriefFormat],
    template: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    """Assess the year and write the report."""
    from hotspots.pipeline import assess_year
    from hotspots.products.files import require_packages, write_strategic

    refuse_of_year({"--from": inputs.start})
    require_packages(formats, template=template)
    settings = inputs.load_settings()
    with open_study(inputs, settings, out=out, tables=()) as (study, progress):
        found = assess_year(
            study, dataclasses.replace(request, criterion_weights=settings.criterion_weights), progress=progress
        )
        progress("writing")
        written = write_strategic(found, out, formats=formats, template=template, notify=warn)
    page = {"html": "strategic", "pdf": "strategic_pdf", "docx": "strategic_docx"}
    first = page["pdf" if "pdf" in formats else formats[0]]
    echo_products([written], out, sentences="terminal.strategic", page=first, as_json=as_json)
