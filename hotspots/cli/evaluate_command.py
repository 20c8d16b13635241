"""`hotspots evaluate`: which method, cell size and bandwidth would have done best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hotspots.cli.inputs import METRES, StudyInputs, open_study, study_options

if TYPE_CHECKING:
    from hotspots.pipeline import Evaluation


@click.command()
@click.option("--crime", required=True, metavar="CRIME", help="Crime to forecast; an unknown name prints the list.")
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
    import json

    from hotspots.pipeline import AnalysisRequest
    from hotspots.pipeline import evaluate as evaluate_study
    from hotspots.products.summary import encode, summarise_holdout

    request = AnalysisRequest(
        crime=crime, start=inputs.start, end=inputs.end, wards=inputs.wards, max_extent_m=max_extent_m
    )
    with open_study(inputs, inputs.load_settings()) as (study, progress):
        found = evaluate_study(study, request, cell_sizes_m=cell_sizes_m, bandwidths_m=bandwidths_m, progress=progress)
    scores = encode(summarise_holdout(found.holdout))
    if as_json:
        period = {"start": found.start.isoformat(), "end": found.end.isoformat()}
        recommended = {key: getattr(found.best, key) for key in ("method", "cell_size_m", "bandwidth_m")}
        recommended["is_clear"] = found.is_clear
        said = {"crime": found.crime.slug, "period": period, "recommended": recommended, **scores}
        click.echo(json.dumps(said, indent=1))
    else:
        click.echo("\n".join(_tabulate(found, scores)))
    click.echo("\n".join(_recommend(found, scores)), err=True)


def _tabulate(found: Evaluation, scores: dict[str, Any]) -> list[str]:
    """Hit rates as a table, a line for each method on each size of cell."""
    from hotspots.products.words import say_hit_rate, say_method, say_share

    wanted = scores["area_shares"]
    header = ["Method", "cells", *(f"{say_share(share)} of area" for share in wanted)]
    header.append(f"PEI at {say_share(wanted[found.judged])}")
    rows = [
        [
            say_method(method),
            f"{method['cell_size_m']:g} m",
            *(say_hit_rate(score, share) for score, share in zip(method["scores"], wanted, strict=True)),
            f"{method['scores'][found.judged]['pei']:.2f}",
        ]
        for method in scores["methods"]
    ]
    rows.append(["Chance", "", *(say_share(share) for share in scores["area_shares"]), ""])
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    lines = [f"Share of the {scores['n_incidents']:,} {found.crime.plural} that each method caught", ""]
    if any("-" in row for row in rows):
        lines[1:1] = ["(-: a single cell is more than this share of the area)"]
    for row in [header, *rows]:
        cells = [row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return lines


def _recommend(found: Evaluation, scores: dict[str, Any]) -> list[str]:
    """The recommendation in words."""
    from hotspots.products.summary import encode, summarise_method
    from hotspots.products.words import say_date, say_method, say_share

    best = encode(summarise_method(found.best))
    score = best["scores"][found.judged]
    tests = [f"{say_date(fold['test_start'])} to {say_date(fold['test_end'])}" for fold in scores["folds"]]
    lines = [
        f"Tested on {'; '.join(tests)}, each fitted to the days before it.",
        f"Recommended: {say_method(best)} on cells of {best['cell_size_m']:g} m. "
        f"In {say_share(score['area_share'])} of the area it caught {say_share(score['hit_rate'])} "
        f"({say_share(score['hit_rate_low'])} to {say_share(score['hit_rate_high'])}), "
        + (
            "more than any other method on such cells by more than chance."
            if found.is_clear
            else "not clearly more than each of the others on such cells."
        ),
    ]
    if found.best_density is not None:
        density = encode(summarise_method(found.best_density))
        lines.append(
            f"For the picture: {say_method(density)}, cells of {density['cell_size_m']:g} m, the best of the densities "
            f"({say_share(density['scores'][found.judged]['hit_rate'])})."
        )
    if found.is_snapped:
        lines.append(
            "The incidents are on shared points, so small cells win by holding a point and nothing around it: such a "
            "cell stands for the whole catchment of its point."
        )
    if scores["hotspots"]:
        hotspots = scores["hotspots"]
        lines.append(
            f"Published hot spots would have held {say_share(hotspots['hit_rate'])} in "
            f"{say_share(hotspots['area_share'])} of the area."
        )
    lines.append("The best of many methods looks better than it is; expect less of it next time.")
    return lines
