"""The folder of a report: its pages as HTML, PDF and Word, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

from hotspots.errors import ParameterError
from hotspots.pipeline import Problem, StrategicAssessment, Study, Tactical, silent
from hotspots.products.drawing import (
    Report,
    draw_report_sheets,
    find_unprintable,
    make_problem_report,
    make_strategic_report,
    make_tactical_report,
)
from hotspots.products.files.folders import encode_json, name_folder, replace_folder, say_replaced, write_text
from hotspots.products.files.manifest import write_manifest
from hotspots.products.files.report_document import encode_report
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
    encode,
    summarise,
    summarise_problem,
    summarise_strategic,
    summarise_tactical,
)

ReportFormat = Literal["html", "pdf", "docx"]
_ENDINGS: dict[ReportFormat, str] = {"html": "", "pdf": "_pdf", "docx": "_docx"}


AnyReport = TypeVar("AnyReport", TacticalSummary, ProblemSummary, StrategicSummary)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where a report goes, and what its files are called."""

    out: Path
    folder: Path
    kind: str
    names: Mapping[str, str]


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
    keys = _name_keys("tactical", formats)
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

    target = _Target(out=out, folder=out / TACTICAL_FOLDER / name, kind="tactical", names=TACTICAL_PRODUCTS)
    return _write(
        target,
        summary,
        make,
        study=tactical.performance.study,
        parameters=request,
        formats=formats,
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
    keys = _name_keys("problem", formats)
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

    target = _Target(out=out, folder=out / PROBLEM_FOLDER / name, kind="problem", names=PROBLEM_PRODUCTS)
    return _write(
        target,
        summary,
        make,
        study=analysis.study,
        parameters={"analysis": analysis.request, "profile": problem.brief.request, "hotspot": problem.rank},
        formats=formats,
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
    summary = summarise_strategic(assessment, formats=_name_keys("strategic", formats))
    performance = assessment.performance
    name = name_folder(f"{performance.start}_{performance.end}", performance.wards, performance.study.boundaries.wards)

    def make(_left_out: Collection[str]) -> Report:
        return make_strategic_report(summary, performance.study.house)

    target = _Target(out=out, folder=out / STRATEGIC_FOLDER / name, kind="strategic", names=STRATEGIC_PRODUCTS)
    return _write(
        target,
        summary,
        make,
        study=performance.study,
        parameters=assessment.request,
        formats=formats,
        template=template,
        notify=notify,
    )


def _name_keys(kind: str, formats: Collection[ReportFormat]) -> tuple[str, ...]:
    """The key of each format among the products."""
    unknown = [one for one in formats if one not in get_args(ReportFormat)]
    if unknown or not formats:
        given = f'"{unknown[0]}" is not one' if unknown else "none was given"
        raise ParameterError(f"A report is written as html, pdf or docx; {given}. Give some of these as `formats`.")
    return tuple(f"{kind}{ending}" for name, ending in _ENDINGS.items() if name in formats)


def _write(
    target: _Target,
    summary: AnyReport,
    make: Callable[[Collection[str]], Report],
    *,
    study: Study,
    parameters: object,
    formats: Collection[ReportFormat],
    template: Path | None,
    notify: Callable[[str], None],
) -> tuple[AnyReport, dict[str, Path]]:
    """Write a report, which is made without the names that cannot be printed."""
    folder, kind, names = target.folder, target.kind, target.names
    replaced = say_replaced(folder, names[f"{kind}_json"], summary.inputs)
    with replace_folder(folder, out=target.out) as draft:
        if "html" in formats:
            write_text(draft / names[kind], draw_report(make(())))
        if "pdf" in formats or "docx" in formats:
            report = make(_find_left_out(study))
            if "pdf" in formats:
                (draft / names[f"{kind}_pdf"]).write_bytes(draw_report_sheets(report))
            if "docx" in formats:
                (draft / names[f"{kind}_docx"]).write_bytes(encode_report(report, template=template))
        write_text(draft / names[f"{kind}_json"], encode_json(encode(summary)))
        write_manifest(summary, draft, parameters=parameters)
    if replaced:
        notify(replaced)
    return summary, {key: folder / name for key, name in summary.products.items()}


def _find_left_out(study: Study) -> set[str]:
    """Names of streets and wards that the fonts of pages lack signs for."""
    names = set(map(str, study.boundaries.wards["ward_name"]))
    if study.streets:
        names |= set(map(str, study.streets.ways["name"].dropna()))
    return find_unprintable(names)
