"""`hotspots brief`: one page for the team of a ward."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotspots.cli.inputs import METRES, PATH, StudyInputs, day_option, open_study, out_option, study_options
from hotspots.cli.outputs import echo, echo_products, warn
from hotspots.cli.strategic_brief import brief_on_year, refuse_of_year

if TYPE_CHECKING:
    from hotspots.pipeline import BesideTable
    from hotspots.products.files import BriefFormat

_FORMATS = ("html", "pdf", "docx")
_TABLES: tuple[BesideTable, ...] = ("havens", "streets", "term_dates")


def _write_template(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    """Write the template and do nothing else."""
    if value is None or ctx.resilient_parsing:
        return
    from hotspots.products.files import make_brief_template, write_template

    write_template(value, make_brief_template())
    echo(value.as_posix())
    ctx.exit()


@click.command()
@click.option(
    "--crime",
    "crimes",
    multiple=True,
    metavar="CRIME",
    help="Crime to brief on; an unknown name prints the list. Repeatable: each has a page of its own.",
)
@study_options("population", "havens", "streets", "term_dates", "checked_since")
@click.option(
    "--area",
    metavar="TEXT",
    help="Beat, sector or ward as the incident files call it: only rows that they put there. An unknown one prints "
    "the list.",
)
@click.option(
    "--each-ward",
    is_flag=True,
    help="A page for each ward, of those given with --ward or of all.  [default: one for those given together]",
)
@day_option(
    "--first-day", help="First of the 14 days that the page is for.  [default: the day after the last of the period]"
)
@click.option(
    "--places", "n_places", type=int, default=5, metavar="N", show_default=True, help="Places to patrol, at most."
)
@click.option("--reach", "reach_m", default=400.0, **METRES, help="Distance within reach of a safe haven.")
@click.option("--contact", metavar="TEXT", help="Whom to ask.  [default: a line to fill in by hand]")
@click.option("--marking", metavar="TEXT", help="Protective marking, such as OFFICIAL-SENSITIVE.  [default: none]")
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(_FORMATS),
    default=_FORMATS,
    show_default=True,
    help="What to write. Repeatable.",
)
@click.option(
    "--template",
    type=PATH,
    help="Word document (.docx) of your own to fill, with the tags of docs/briefs.md.  [default: a plain one]",
)
@click.option(
    "--new-template",
    type=PATH,
    is_eager=True,
    expose_value=False,
    callback=_write_template,
    help="Write the plain template to this file, to be changed in Word, and do nothing else.",
)
@out_option
@click.option("--json", "as_json", is_flag=True, help="Print what is on each page.")
@click.option(
    "--strategic",
    "is_strategic",
    is_flag=True,
    help="The yearly assessment in place of a page: every crime, the years that there are, wards, seasons and costs.",
)
def brief(
    inputs: StudyInputs,
    crimes: tuple[str, ...],
    area: str | None,
    each_ward: bool,
    first_day: dt.date | None,
    n_places: int,
    reach_m: float,
    contact: str | None,
    marking: str | None,
    formats: tuple[BriefFormat, ...],
    template: Path | None,
    out: Path,
    as_json: bool,
    is_strategic: bool,
) -> None:
    """Write one A4 page for the team of a ward: where to be and when in the next two weeks, and what is open near.

    Places, numbers and words are those of `hotspots run` for the same ward. HTML, PDF and Word are written to
    OUT/briefs. PDF and Word take packages of their own: pip install "hotspots[briefs]".
    """
    from hotspots.errors import TooLittleDataError
    from hotspots.pipeline import AnalysisRequest, BriefRequest, StrategicRequest, analyse, make_brief
    from hotspots.products.files import require_packages, write_brief

    if is_strategic:
        refuse_of_year({"--crime": crimes, "--area": area, "--each-ward": each_ward, "--first-day": first_day})
        of_year = StrategicRequest(end=inputs.end, wards=inputs.wards, contact=contact, marking=marking)
        brief_on_year(inputs, of_year, formats=formats, template=template, out=out, as_json=as_json)
        return
    if not (inputs.wards or each_ward or area):
        raise click.UsageError("A page is for the team of a ward. Name it with --ward, or give --each-ward.")
    if not crimes:
        raise click.UsageError("A page is on a crime. Name it with --crime.")
    wanted = BriefRequest(first_day=first_day, n_places=n_places, contact=contact, marking=marking)
    require_packages(formats, template=template)
    requests = [
        AnalysisRequest(crime=slug, start=inputs.start, end=inputs.end, wards=inputs.wards, area=area, reach_m=reach_m)
        for slug in dict.fromkeys(crimes)
    ]
    with open_study(inputs, inputs.load_settings(), out=out, tables=_TABLES) as (study, progress):
        briefs, thin = [], []
        for request in requests:
            analysis = analyse(study, request, progress=progress)
            if not each_ward:
                briefs.append(make_brief(analysis, wanted))
                continue
            for code, name in analysis.wards["ward_name"].items():
                progress(f"{analysis.crime.slug}: {name}")
                try:
                    of_ward = analyse(study, dataclasses.replace(request, wards=(code,)))
                except TooLittleDataError:
                    thin.append(f"{name} ({analysis.crime.plural})")
                    continue
                briefs.append(make_brief(of_ward, wanted))
        if thin and not briefs:
            raise TooLittleDataError("Not one ward has an incident to write a page about. Give a longer period.")
        written = []
        for one in briefs:
            progress(f"{one.analysis.crime.slug}: writing")
            written.append(write_brief(one, out, formats=formats, template=template, notify=warn))
    if thin:
        warn(f"Without a page, as not one incident is theirs: {', '.join(thin)}.")
    page = {"html": "brief", "pdf": "brief_pdf", "docx": "brief_docx"}["pdf" if "pdf" in formats else formats[0]]
    echo_products(written, out, sentences="terminal.brief", page=page, as_json=as_json)
