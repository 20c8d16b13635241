"""`hotspots brief`: a page for the team of a ward, an assessment for a tasking meeting, the profile of a hot spot."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotspots.cli.inputs import (
    PATH,
    StudyInputs,
    choose_thresholds,
    day_option,
    open_study,
    out_option,
    reach_option,
    records_option,
    study_options,
)
from hotspots.cli.outputs import echo, echo_products, warn

if TYPE_CHECKING:
    from hotspots.cli.outputs import Written
    from hotspots.pipeline import Analysis, BesideTable, Brief

_FORMATS = ("html", "pdf", "docx")
_TABLES: tuple[BesideTable, ...] = ("havens", "streets", "base_map", "term_dates")
_NEAR: tuple[BesideTable, ...] = ("premises", "schools")
_USUAL_PLACES = 5
_NAMES = {"ward": "brief", "tasking": "tactical", "problem": "problem", "strategic": "strategic"}


@click.command()
@click.option(
    "--crime",
    "crimes",
    multiple=True,
    metavar="CRIME",
    help="Crime to brief on; an unknown name prints the list. Repeatable: each has a page of its own.  "
    "[default with --tasking: the first three priorities]",
)
@study_options("havens", "streets", "base_map", "premises", "schools", "population", "term_dates", "checked_since")
@click.option(
    "--area",
    metavar="TEXT",
    help="Beat, sector or ward as the incident files call it: only rows that they put there. An unknown one prints "
    "the list.",
)
@click.option(
    "--each-ward",
    is_flag=True,
    help="A page for each ward, of those given with --ward or of all, and all pages in one PDF to print.  [default: "
    "one for those given together]",
)
@click.option(
    "--tasking",
    is_flag=True,
    help="The tactical assessment of a tasking meeting: a page on all crimes, and one on each that comes first.",
)
@click.option(
    "--problem",
    metavar="HOTSPOT",
    help="The problem profile of a hot spot, by its number or name in `hotspots run`; an unknown one prints the list.",
)
@records_option()
@click.option(
    "--operation",
    "operation_files",
    multiple=True,
    type=PATH,
    help="What came of an operation at the hot spot of --problem: operation.json of hotspots operation. Repeatable.  "
    "[default: none]",
)
@click.option(
    "--strategic",
    is_flag=True,
    help="The yearly assessment: every crime, up to five years, wards, seasons and costs.",
)
@click.option(
    "--weeks",
    "n_weeks",
    type=click.Choice(("2", "4", "12")),
    help="Weeks that a tasking meeting looks back upon and plans for.  [default: 4]",
)
@day_option("--first-day", help="First of the days to come.  [default: the day after the last of the period]")
@click.option(
    "--places",
    "n_places",
    type=int,
    metavar="N",
    help=f"Places to patrol, at most.  [default: {_USUAL_PLACES}, or 10 with --tasking]",
)
@reach_option
@click.option(
    "--contact", metavar="TEXT", help="Whom to ask.  [default: contact of [house], or a line to fill in by hand]"
)
@click.option(
    "--marking",
    metavar="TEXT",
    help="Protective marking.  [default: that of [house] for tasking, or else OFFICIAL-SENSITIVE]",
)
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
    help="Write the plain template, that of reports with --tasking or --problem, to this file, to be changed in Word, "
    "and do nothing else.",
)
@out_option
@click.option("--json", "as_json", is_flag=True, help="Print what is on each page.")
def brief(
    inputs: StudyInputs,
    crimes: tuple[str, ...],
    area: str | None,
    each_ward: bool,
    tasking: bool,
    problem: str | None,
    strategic: bool,
    n_weeks: str | None,
    new_template: Path | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Write one A4 page for the team of a ward, or a report: for a tasking meeting, on a hot spot, or on a year.

    By default: where the team of a ward is to be and when in the next two weeks, and what is open near. Places, numbers
    and words are those of `hotspots run` for the same wards. HTML, PDF and Word are written to OUT/briefs,
    OUT/tactical, OUT/problems or OUT/strategic. PDF and Word take packages of their own: pip install
    "hotspots[briefs]".
    """
    reports = {"tasking": tasking, "problem": problem is not None, "strategic": strategic}
    wanted = [name for name, is_wanted in reports.items() if is_wanted]
    if len(wanted) > 1:
        raise click.UsageError(f"--{wanted[0]} does not go with --{wanted[1]}. Leave one of them out.")
    kind = wanted[0] if wanted else "ward"
    if new_template is not None:
        _write_template(new_template, kind=kind)
        return
    crimes = tuple(dict.fromkeys(crimes))
    _require_compatible(
        kind,
        {
            "--crime": strategic and bool(crimes),
            "--each-ward": kind != "ward" and each_ward,
            "--area": kind in {"tasking", "strategic"} and area is not None,
            "--from": kind in {"tasking", "strategic"} and inputs.start is not None,
            "--first-day": strategic and asked["first_day"] is not None,
            "--weeks": not tasking and n_weeks is not None,
            "--places": kind in {"problem", "strategic"} and asked["n_places"] is not None,
            "--records": problem is None and bool(asked["record_files"]),
            "--operation": problem is None and bool(asked["operation_files"]),
        },
    )
    if not (crimes or tasking or strategic):
        raise click.UsageError("Missing option '--crime'. Name a crime; an unknown name prints the list.")
    if kind == "problem" and len(crimes) > 1:
        raise click.UsageError("A problem profile is of one crime; several were given with --crime. Give one.")
    if kind == "ward" and not (inputs.wards or each_ward or area):
        raise click.UsageError("A page is for the team of a ward. Name it with --ward, or give --each-ward.")
    if tasking:
        written = _write_tasking(inputs, crimes, asked, n_weeks=int(n_weeks or 4))
    elif strategic:
        written = _write_year(inputs, asked)
    elif problem is not None:
        written = _write_profile(inputs, crimes[0], asked, area=area, wanted=problem)
    else:
        written = _write_wards(inputs, crimes, asked, area=area, each_ward=each_ward)
    name = _NAMES[kind]
    formats = asked["formats"]
    page = {"html": name, "pdf": f"{name}_pdf", "docx": f"{name}_docx"}["pdf" if "pdf" in formats else formats[0]]
    echo_products(written, asked["out"], sentences=f"terminal.{name}", page=page, as_json=as_json)


def _write_template(path: Path, *, kind: str) -> None:
    """Write the template and do nothing else."""
    from hotspots.products.files import make_brief_template, make_report_template, write_template

    write_template(path, make_brief_template() if kind == "ward" else make_report_template())
    echo(path.as_posix())


def _require_compatible(kind: str, unfit: Mapping[str, bool]) -> None:
    what = "the page of a ward" if kind == "ward" else f"--{kind}"
    for option, is_unfit in unfit.items():
        if is_unfit:
            raise click.UsageError(f"{option} does not go with {what}. Leave one of them out.")


def _read_details(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the page is to say, as far as it was given."""
    names = ("first_day", "n_places", "contact", "marking")
    return {name: asked[name] for name in names if asked[name] is not None}


def _write_tasking(
    inputs: StudyInputs, crimes: tuple[str, ...], asked: Mapping[str, Any], *, n_weeks: int
) -> list[Written]:
    from hotspots.pipeline import TacticalRequest, make_tactical
    from hotspots.products.files import REPORT_TAGS, require_packages, write_tactical

    settings = inputs.load_settings()
    request = TacticalRequest(
        n_weeks=n_weeks,
        crimes=crimes,
        wards=inputs.wards,
        end=inputs.end,
        **choose_thresholds(settings, reach_m=asked["reach_m"]),
        indicators=settings.indicators,
        targets=settings.targets,
        criterion_weights=settings.criterion_weights,
        **_read_details(asked),
    )
    require_packages(asked["formats"], template=asked["template"], tags=REPORT_TAGS, what="a report")
    with open_study(inputs, settings, out=asked["out"], tables=_TABLES) as (study, progress):
        found = make_tactical(study, request, progress=progress)
        progress("writing")
        return [write_tactical(found, asked["out"], formats=asked["formats"], template=asked["template"], notify=warn)]


def _write_year(inputs: StudyInputs, asked: Mapping[str, Any]) -> list[Written]:
    from hotspots.pipeline import StrategicRequest, assess_year
    from hotspots.products.files import REPORT_TAGS, require_packages, write_strategic

    settings = inputs.load_settings()
    request = StrategicRequest(
        end=inputs.end,
        wards=inputs.wards,
        criterion_weights=settings.criterion_weights,
        contact=asked["contact"],
        marking=asked["marking"],
    )
    require_packages(asked["formats"], template=asked["template"], tags=REPORT_TAGS, what="a report")
    with open_study(inputs, settings, out=asked["out"], tables=()) as (study, progress):
        found = assess_year(study, request, progress=progress)
        progress("writing")
        return [write_strategic(found, asked["out"], formats=asked["formats"], template=asked["template"], notify=warn)]


def _write_profile(
    inputs: StudyInputs, crime: str, asked: Mapping[str, Any], *, area: str | None, wanted: str
) -> list[Written]:
    from hotspots.ingest.reference import read_patrol_records
    from hotspots.pipeline import AnalysisRequest, BriefRequest, analyse, make_problem
    from hotspots.products.files import REPORT_TAGS, require_packages, write_problem
    from hotspots.products.summary import find_hotspot, read_operation, summarise

    details = BriefRequest(n_weeks=4, **_read_details(asked))
    require_packages(asked["formats"], template=asked["template"], tags=REPORT_TAGS, what="a report")
    settings = inputs.load_settings()
    request = AnalysisRequest(
        crime=crime,
        start=inputs.start,
        end=inputs.end,
        wards=inputs.wards,
        area=area,
        **choose_thresholds(settings, reach_m=asked["reach_m"]),
    )
    files = asked["record_files"]
    tables = (*_TABLES, *_NEAR)
    with open_study(inputs, settings, out=asked["out"], tables=tables, others=files) as (study, progress):
        crs, time_zone = study.boundaries.wards.crs, study.calendar.time_zone
        records = read_patrol_records(files, crs=crs, time_zone=time_zone, area=study.area) if files else None
        of_crime = study.definitions.crimes.get(crime)  # the analysis refuses what is not one
        operations = tuple(read_operation(path, of_crime) for path in asked["operation_files"] if of_crime)
        analysis = analyse(study, request, progress=progress)
        run = summarise(analysis)
        found = make_problem(analysis, find_hotspot(run, wanted), details, records=records)
        progress("writing")
        options = {"formats": asked["formats"], "template": asked["template"], "notify": warn}
        return [write_problem(found, run, asked["out"], operations=operations, **options)]


def _write_wards(
    inputs: StudyInputs, crimes: tuple[str, ...], asked: Mapping[str, Any], *, area: str | None, each_ward: bool
) -> list[Written]:
    from hotspots.errors import TooLittleDataError
    from hotspots.pipeline import AnalysisRequest, BriefRequest, analyse, make_brief
    from hotspots.products.files import BRIEF_TAGS, require_packages, write_briefs
    from hotspots.products.words import say

    wanted = BriefRequest(**_read_details(asked))
    require_packages(asked["formats"], template=asked["template"], tags=BRIEF_TAGS)
    settings = inputs.load_settings()
    requests = [
        AnalysisRequest(
            crime=slug,
            start=inputs.start,
            end=inputs.end,
            wards=inputs.wards,
            area=area,
            **choose_thresholds(settings, reach_m=asked["reach_m"]),
        )
        for slug in crimes
    ]
    with open_study(inputs, settings, out=asked["out"], tables=_TABLES) as (study, progress):
        pages: list[tuple[Analysis, list[Brief]]] = []
        thin = []
        for request in requests:
            analysis = analyse(study, request, progress=progress)
            briefs = [] if each_ward else [make_brief(analysis, wanted)]
            pages.append((analysis, briefs))
            for code, name in analysis.wards["ward_name"].items() if each_ward else ():
                progress(f"{analysis.crime.slug}: {name}")
                try:
                    of_ward = analyse(study, dataclasses.replace(request, wards=(code,)))
                except TooLittleDataError:
                    thin.append(f"{name} ({analysis.crime.plural})")
                    continue
                briefs.append(make_brief(of_ward, wanted))
        if not any(briefs for _, briefs in pages):
            raise TooLittleDataError("Not one ward has an incident to write a page about. Give a longer period.")
        written: list[Written] = []
        joined: list[str] = []
        for analysis, briefs in pages:
            each, together = write_briefs(
                briefs,
                asked["out"],
                of=analysis,
                formats=asked["formats"],
                template=asked["template"],
                notify=warn,
                progress=progress,
            )
            written += each
            if together:
                joined.append(say("brief.joined", together[0], together[1]["briefs_pdf"].as_posix()))
    for sentence in joined:
        warn(sentence)
    if thin:
        warn(f"Without a page, as not one incident is theirs: {', '.join(thin)}.")
    return written
