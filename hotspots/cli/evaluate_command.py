"""`hotspots evaluate`: which method, cell size and bandwidth would have done best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hotspots.cli.inputs import METRES, StudyInputs, crime_option, open_study, study_options
from hotspots.cli.outputs import echo, echo_json

if TYPE_CHECKING:
    from hotspots.pipeline import Evaluation
    from hotspots.products.summary import HoldoutSummary


@click.command()
@crime_option
@study_options()
@click.option(
    "--cell-size",
    "cell_sizes_m",
    multiple=True,
    default=(50.0, 100.0, 200.0),
    **METRES,
    help="Size to try. Repeatable.",
)
@click.option(
    "--bandwidth",
    "bandwidths_m",
    multiple=True,
    default=(100.0, 200.0, 300.0, 500.0),
    **METRES,
    help="Radius of the density kernel to try. Repeatable.",
)
@click.option("--max-extent", "max_extent_m", default=400.0, **METRES, help="Greatest extent of a hot spot.")
@click.option("--json", "as_json", is_flag=True, help="Print every score.")
def evaluate(
    inputs: StudyInputs,
    crime: str,
    cell_sizes_m: tuple[float, ...],
    bandwidths_m: tuple[float, ...],
    max_extent_m: float,
    as_json: bool,
) -> None:
    """Compare methods, cell sizes and bandwidths on later incidents, and recommend one.

    Each method is fitted to the days before a test window at the end of the period, and scored on the incidents in it.
    Up to three windows follow one another. Inputs are those of hotspots run.
    """
    from hotspots.pipeline import AnalysisRequest
    from hotspots.pipeline import evaluate as evaluate_study
    from hotspots.products.summary import encode, summarise_holdout, summarise_method
    from hotspots.products.words import say_each

    request = AnalysisRequest(
        crime=crime, start=inputs.start, end=inputs.end, wards=inputs.wards, max_extent_m=max_extent_m
    )
    with open_study(inputs, inputs.load_settings()) as (study, progress):
        found = evaluate_study(study, request, cell_sizes_m=cell_sizes_m, bandwidths_m=bandwidths_m, progress=progress)
    scores = summarise_holdout(found.holdout)
    best, density = summarise_method(found.best), found.best_density and summarise_method(found.best_density)
    if as_json:
        recommended = {name: getattr(best, name) for name in ("method", "cell_size_m", "bandwidth_m")}
        echo_json(
            {
                "crime": found.crime.slug,
                "period": {"start": found.start.isoformat(), "end": found.end.isoformat()},
                "recommended": recommended | {"is_clear": found.is_clear},
                **encode(scores),
            }
        )
    else:
        echo("\n".join(_tabulate(found, scores)))
    echo("\n".join(say_each("terminal.evaluation", found, scores, best, density)), err=True)


def _tabulate(found: Evaluation, scores: HoldoutSummary) -> list[str]:
    """Hit rates as a table, a line for each method on each size of cell."""
    from hotspots.products.words import say, say_share

    wanted = scores.area_shares
    shares = [say_share(share) for share in wanted]
    rows = [
        [
            *("Method", "cells", *(f"{share} of area" for share in shares)),
            *(f"{what} at {shares[found.judged]}" for what in ("ground", "PEI")),
        ],
        *(
            [
                say("score.method", method),
                f"{method.cell_size_m:g} m",
                *(say("score.hit_rate", *pair) for pair in zip(method.scores, wanted, strict=True)),
                say("score.ground_share", method.scores[found.judged]),
                f"{method.scores[found.judged].pei:.2f}",
            ]
            for method in scores.methods
        ),
        ["Chance", "", *shares, "", ""],
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"Share of the {scores.n_incidents:,} {found.crime.plural} that each method caught"]
    if any("-" in row for row in rows):
        lines.append("(-: a single cell is more than this share of the area)")
    lines.append("")
    for name, *cells in rows:
        aligned = [name.ljust(widths[0]), *(text.rjust(width) for text, width in zip(cells, widths[1:], strict=True))]
        lines.append("  ".join(aligned).rstrip())
    return lines
