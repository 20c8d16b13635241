"""The folder of a report: its pages as HTML, PDF and Word, and its numbers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection
from pathlib import Path
from typing import get_args

from hotspots.pipeline import Problem, StrategicAssessment, Study, Tactical, silent
from hotspots.products.drawing import (
    Report,
    draw_report_sheets,
    find_unprintable,
    make_problem_report,
    make_strategic_report,
    make_tactical_report,
)
from hotspots.products.files.folders import name_folder
from hotspots.products.files.report_document import encode_report
from hotspots.products.files.report_formats import ReportFormat, Target, Told, name_keys, write_formats
from hotspots.products.pages import draw_report
from hotspots.products.summary import (
    PROBLEM_FOLDER,
    PROBLEM_PRODUCTS,
    STRATEGIC_FOLDER,
    STRATEGIC_PRODUCTS,
    TACTICAL_FOLDER,
    TACTICAL_PRODUCTS,
    ProblemSummary,
    RunSummary,
    StrategicSummary,
    TacticalSummary,
    TriedOperation,
    summarise,
    summarise_problem,
    summarise_strategic,
    summarise_tactical,
)


def write_tactical(
    tactical: Tactical,
    out: Path,
    *,
    formats: Collection[ReportFormat] = get_args(ReportFormat),
    template: Path | None = None,
    notify: Callable[[str], None] = silent,
) -> tuple[TacticalSummary, dict[str, Path]]:
    """Write a tactical assessment to one folder below `<out>/tactical/`, all or none.

    Args:
        tactical: What is written.
        out: The folder of all products.
        formats: As what: "html" needs nothing, "pdf" and "docx" need the packages of `hotspots[briefs]`.
        template: A Word document with tags, filled in the place of our own; see `docs/briefs.md`.
        notify: Told, in a sentence, if products of other files were replaced.

    Returns:
        The summary, and the path of each product by its key.

    Raises:
        HotspotsError: The packages for pages or for Word are not installed.
        NotFoundError: The template is not there.
        DataError: The template is no Word document, or asks for what a report does not have; or the logo cannot be
            printed.
        ParameterError: A format is not known, or there is none.
    """
    keys = name_keys("tactical", formats)
    runs = [summarise(crime.brief.analysis) for crime in tactical.crimes]
    summary = summarise_tactical(tactical, runs, formats=keys)
    first, request = tactical.crimes[0].brief, tactical.request
    crimes = (f"only {' '.join(request.crimes)}",) if request.crimes else ()
    usual = request.n_places == type(request)().n_places
    name = name_folder(
        f"{first.first_day}_{request.n_weeks}-weeks_from_{first.analysis.start}_{first.analysis.end}",
        first.analysis.wards,
        first.analysis.study.boundaries.wards,
        methods=(*first.analysis.request.methods, *crimes, *([] if usual else [f"{request.n_places} places"])),
    )

    def make(left_out: Collection[str]) -> Report:
        return make_tactical_report(tactical, summary, runs, left_out=left_out)

    target = Target(
        out=out, folder=out / TACTICAL_FOLDER / name, kind="tactical", names=TACTICAL_PRODUCTS, formats=formats
    )
    return _write(
        target,
        summary,
        make,
        study=tactical.performance.study,
        parameters=request,
        template=template,
        notify=notify,
    )


def write_problem(
    problem: Problem,
    run: RunSummary,
    out: Path,
    *,
    operations: tuple[TriedOperation, ...] = (),
    formats: Collection[ReportFormat] = get_args(ReportFormat),
    template: Path | None = None,
    notify: Callable[[str], None] = silent,
) -> tuple[ProblemSummary, dict[str, Path]]:
    """Write the problem profile of a hot spot to one folder below `<out>/problems/`, all or none.

    Args:
        problem: What is written.
        run: The summary of the analysis that the hot spot is of.
        out: The folder of all products.
        operations: Evaluated before, to be told with it.
        formats: As what, as of `write_tactical`.
        template: As there.
        notify: As there.

    Returns:
        The summary, and the path of each product by its key.

    Raises:
        HotspotsError: The packages for pages or for Word are not installed.
        NotFoundError: The template is not there.
        DataError: The template is no Word document, or asks for what a report does not have; or the logo cannot be
            printed.
        ParameterError: A format is not known, or there is none.
    """
    keys = name_keys("problem", formats)
    summary = summarise_problem(problem, run, formats=keys, operations=operations)
    analysis = problem.brief.analysis
    name = name_folder(
        f"{analysis.crime.slug}_hotspot-{problem.rank}_{analysis.start}_{analysis.end}",
        analysis.wards,
        analysis.study.boundaries.wards,
        stated_area=analysis.request.area,
        methods=run.methods,
    )

    def make(left_out: Collection[str]) -> Report:
        return make_problem_report(problem, summary, run, left_out=left_out)

    target = Target(
        out=out, folder=out / PROBLEM_FOLDER / name, kind="problem", names=PROBLEM_PRODUCTS, formats=formats
    )
    return _write(
        target,
        summary,
        make,
        study=analysis.study,
        parameters={"analysis": analysis.request, "profile": problem.brief.request, "hotspot": problem.rank},
        template=template,
        notify=notify,
    )


def write_strategic(
    assessment: StrategicAssessment,
    out: Path,
    *,
    formats: Collection[ReportFormat] = get_args(ReportFormat),
    template: Path | None = None,
    notify: Callable[[str], None] = silent,
) -> tuple[StrategicSummary, dict[str, Path]]:
    """Write the yearly assessment to one folder below `<out>/strategic/`, all or none.

    Args:
        assessment: What is written.
        out: The folder of all products.
        formats: As what, as of `write_tactical`.
        template: As there.
        notify: As there.

    Returns:
        The summary, and the path of each product by its key.

    Raises:
        HotspotsError: The packages for pages or for Word are not installed.
        NotFoundError: The template is not there.
        DataError: The template is no Word document, or asks for what a report does not have; or the logo cannot be
            printed.
        ParameterError: A format is not known, or there is none.
    """
    summary = summarise_strategic(assessment, formats=name_keys("strategic", formats))
    performance = assessment.performance
    name = name_folder(f"{performance.start}_{performance.end}", performance.wards, performance.study.boundaries.wards)

    def make(_left_out: Collection[str]) -> Report:
        return make_strategic_report(summary, performance.study.house)

    target = Target(
        out=out, folder=out / STRATEGIC_FOLDER / name, kind="strategic", names=STRATEGIC_PRODUCTS, formats=formats
    )
    return _write(
        target,
        summary,
        make,
        study=performance.study,
        parameters=assessment.request,
        template=template,
        notify=notify,
    )


def _write(
    target: Target,
    summary: Told,
    make: Callable[[Collection[str]], Report],
    *,
    study: Study,
    parameters: object,
    template: Path | None,
    notify: Callable[[str], None],
) -> tuple[Told, dict[str, Path]]:
    """Write a report, which is printed without the names that cannot be."""

    @functools.cache
    def make_printed() -> Report:
        return make(_find_left_out(study))

    formats: dict[ReportFormat, Callable[[], str | bytes]] = {
        "html": lambda: draw_report(make(())),
        "pdf": lambda: draw_report_sheets(make_printed()),
        "docx": lambda: encode_report(make_printed(), template=template),
    }
    return write_formats(target, summary, formats, parameters=parameters, notify=notify)


def _find_left_out(study: Study) -> set[str]:
    """Names of streets and wards that the fonts of pages lack signs for."""
    names = set(map(str, study.boundaries.wards["ward_name"]))
    if study.streets:
        names |= set(map(str, study.streets.ways["name"].dropna()))
    return find_unprintable(names)
