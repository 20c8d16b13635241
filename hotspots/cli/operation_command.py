"""`hotspots operation`: did it work, and did crime move next door."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from hotspots.cli.inputs import (
    PATH,
    StudyInputs,
    crime_option,
    json_option,
    open_study,
    out_option,
    records_option,
    study_options,
)
from hotspots.cli.outputs import echo_products, warn

if TYPE_CHECKING:
    from hotspots.analysis.change import AreaWeights
    from hotspots.harm import Measure


@click.command()
@crime_option
@click.option(
    "--treated",
    "treated_files",
    multiple=True,
    type=PATH,
    help="GeoJSON, GeoPackage, KML or (zipped) shapefile of the area where something was done. Repeatable.",
)
@click.option(
    "--treated-ward",
    "treated_wards",
    multiple=True,
    metavar="WARD",
    help="The same by ward: a code or name. Repeatable.",
)
@click.option(
    "--control",
    "control_files",
    multiple=True,
    type=PATH,
    help="File of the area to compare with. Repeatable.  [default: the rest of the study area]",
)
@click.option(
    "--control-ward",
    "control_wards",
    multiple=True,
    metavar="WARD",
    help="The same by ward. Repeatable.",
)
@click.option(
    "--buffer",
    "buffer_m",
    type=float,
    metavar="METRES",
    default=0.0,
    help="Width of the areas around both in which to look for displacement.  [default: none]",
)
@click.option(
    "--before",
    type=click.Choice(["year", "previous"]),
    default="year",
    show_default=True,
    help="Compare with the same dates of the year before, or with as long a period just before, which misleads after "
    "a rise.",
)
@click.option(
    "--area-weights",
    metavar="area|none|SIZES",
    default="area",
    show_default=True,
    help="What counts are divided by in the weighted displacement difference: the areas, nothing, or sizes of the "
    "treated area and the control, such as 1.2,0.9, and with --buffer of what is around each.",
)
@click.option(
    "--harm",
    type=click.Choice(["severity", "cost"]),
    help="Compare all crimes that have a figure too, each weighed by its harm.",
)
@records_option()
@study_options()
@out_option
@json_option
def operation(
    inputs: StudyInputs,
    crime: str,
    treated_files: tuple[Path, ...],
    treated_wards: tuple[str, ...],
    control_files: tuple[Path, ...],
    control_wards: tuple[str, ...],
    buffer_m: float,
    before: Literal["year", "previous"],
    area_weights: str,
    harm: Measure | None,
    record_files: tuple[Path, ...],
    out: Path,
    as_json: bool,
) -> None:
    """Judge an operation: compare crime where something was done with crime in a control area.

    --from and --to are the first and last day of the operation. Incidents of the period before are read too. With
    --buffer, displacement of crime to the areas around is measured.
    """
    from hotspots.errors import ParameterError
    from hotspots.ingest.reference import read_patrol_records
    from hotspots.pipeline import OperationRequest, evaluate_operation, find_area
    from hotspots.products.files import write_operation

    if inputs.start is None or inputs.end is None:
        raise ParameterError(
            "An operation needs a first and a last day; not both were given. Give --from and --to, such as --from "
            "2026-04-01 --to 2026-06-30."
        )
    if not treated_files and not treated_wards:
        raise ParameterError(
            "An operation needs an area; none was given. Give --treated with a file of its outline, or --treated-ward."
        )
    request = OperationRequest(
        crime=crime,
        start=inputs.start,
        end=inputs.end,
        before=before,
        buffer_m=buffer_m,
        wards=inputs.wards,
        area_weights=_parse_sizes(area_weights, has_buffer=buffer_m > 0),
        harm=harm,
    )
    settings, start = inputs.load_settings(), request.before_period[0]
    others = (*treated_files, *control_files, *record_files)
    with open_study(inputs, settings, out=out, start=start, others=others) as (study, progress):
        known = study.boundaries.wards
        treated = find_area(known, files=treated_files, ward_names=treated_wards)
        control = find_area(known, files=control_files, ward_names=control_wards, what="control")
        assert treated is not None  # files or wards were given
        records = (
            read_patrol_records(record_files, crs=known.crs, time_zone=study.calendar.time_zone, area=study.area)
            if record_files
            else None
        )
        found = evaluate_operation(study, request, treated, control=control, records=records, progress=progress)
        progress("writing")
        written = write_operation(found, out, notify=warn)
    echo_products([written], out, sentences="terminal.operation", page="operation", as_json=as_json)


def _parse_sizes(text: str, *, has_buffer: bool) -> AreaWeights | None:
    """Sizes of areas, or None for those that they have on the map."""
    from hotspots.analysis.change import AreaWeights
    from hotspots.errors import ParameterError

    if text in ("area", "none"):
        return None if text == "area" else AreaWeights()
    try:
        sizes = [float(size) for size in text.split(",")]
    except ValueError:
        sizes = []
    if len(sizes) != (4 if has_buffer else 2):
        wanted = (
            "four sizes (treated area, control, around the one, around the other), such as 1.2,0.9,1.5,1.6"
            if has_buffer
            else "two sizes (treated area, control), such as 1.2,0.9"
        )
        raise ParameterError(f'`area_weights` must be area, none or {wanted}; "{text}" is not. Leave it out for area.')
    around = {"displacement_treated": sizes[2], "displacement_control": sizes[3]} if has_buffer else {}
    return AreaWeights(treated=sizes[0], control=sizes[1], **around)
