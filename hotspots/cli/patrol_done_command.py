"""`hotspots patrol done`: did patrols go where they were to go."""

from __future__ import annotations

from pathlib import Path

import click

from hotspots.cli.inputs import (
    PATH,
    StudyInputs,
    choose_thresholds,
    crime_option,
    json_option,
    open_study,
    out_option,
    records_option,
    study_options,
)
from hotspots.cli.outputs import echo_products, warn


@click.command()
@crime_option
@records_option(required=True)
@click.option(
    "--plan",
    "plan_files",
    multiple=True,
    type=PATH,
    help="Plan to compare with: patrols.csv of hotspots patrol plan, or any table with place, arrive_at and leave_at. "
    "Repeatable.  [default: none]",
)
@click.option(
    "--places-file",
    "places_files",
    multiple=True,
    type=PATH,
    help="The places: hotspots.gpkg or places_to_patrol.csv of a run, or outlines. Repeatable.  [default: those that a "
    "run finds in the incidents before the first record]",
)
@click.option(
    "--places",
    "n_patrol_places",
    type=int,
    metavar="N",
    help="Places to patrol, at most, where no file lists them.  [default: that of hotspots.toml, or 20]",
)
@study_options()
@out_option
@json_option
def done(
    inputs: StudyInputs,
    crime: str,
    record_files: tuple[Path, ...],
    plan_files: tuple[Path, ...],
    places_files: tuple[Path, ...],
    n_patrol_places: int | None,
    out: Path,
    as_json: bool,
) -> None:
    """Did they go: minutes and visits of patrols by place, day and hour, beside the plan and the hours of crime.

    --from and --to are of the incidents that the places are from; by default these end before the first record.
    Officers, callsigns and devices are never kept.
    """
    from hotspots.ingest.reference import read_listed_places, read_patrol_plans, read_patrol_records
    from hotspots.pipeline import AnalysisRequest, measure_patrols
    from hotspots.products.files import write_patrols_done

    settings = inputs.load_settings()
    request = AnalysisRequest(
        crime=crime,
        start=inputs.start,
        end=inputs.end,
        wards=inputs.wards,
        **choose_thresholds(settings, n_patrol_places=n_patrol_places),
    )
    others = (*record_files, *plan_files, *places_files)
    with open_study(inputs, settings, out=out, others=others) as (study, progress):
        crs, time_zone = study.boundaries.wards.crs, study.calendar.time_zone
        progress("patrol records")
        records = read_patrol_records(record_files, crs=crs, time_zone=time_zone, area=study.area)
        plan = read_patrol_plans(plan_files, crs=crs, time_zone=time_zone) if plan_files else None
        listed = read_listed_places(places_files, crs=crs) if places_files else None
        found = measure_patrols(study, request, records, listed=listed, plan=plan, progress=progress)
        progress("writing")
        written = write_patrols_done(found, out, notify=warn)
    echo_products([written], out, sentences="terminal.patrols_done", page="patrols_done", as_json=as_json)
