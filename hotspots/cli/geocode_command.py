"""`hotspots geocode`: every incident with its ward, as one file."""

from __future__ import annotations

from pathlib import Path

import click

from hotspots.cli.inputs import PATH, StudyInputs, open_study, study_options
from hotspots.cli.outputs import echo


@click.command()
@study_options(but="wards")
@click.option(
    "--out",
    type=PATH,
    default=Path("incidents.parquet"),
    show_default=True,
    help="File to write: GeoParquet, GeoPackage (.gpkg) or CSV, by the end of its name.",
)
def geocode(inputs: StudyInputs, out: Path) -> None:
    """Write every incident with the ward that it is in, for QGIS, a database or a spreadsheet.

    Crimes, times and places are as hotspots run understands them; rows that it refuses are left out. The file has
    every incident at its place, and no marking protects it: keep it as you keep the files that it is made from. Inputs
    are those of hotspots run.
    """
    from hotspots.pipeline import list_inputs
    from hotspots.products.files import require_apart, write_incident_file

    settings = inputs.load_settings()
    paths = list_inputs(inputs.incidents, inputs.boundaries, settings=settings)
    require_apart(out, [path for kind in paths.values() for path in kind])
    with open_study(inputs, settings) as (study, progress):
        progress("writing")
        table = write_incident_file(study, out, start=inputs.start, end=inputs.end)
        n_refused = len(study.intake.rejected)
    n_outside = int(table["ward_code"].isna().sum())
    echo(
        f"{out.as_posix()}: {len(table):,} incidents. In no ward: {n_outside:,}. Rows refused: {n_refused:,}; hotspots "
        "check says why. The file has every incident at its place: keep it like the data."
    )
    if (status := table["data_status"].iloc[0] if len(table) else None) is not None:
        echo(f"Not for decisions: made from {status}.")
