"""`hotspots run`: from files to maps and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hotspots.cli.inputs import METRES, StudyInputs, open_study, out_option, study_options

_RULES = ("likelihood", "scott", "silverman", "adaptive")


def _parse_bandwidth(_ctx: click.Context, _parameter: click.Parameter, value: str) -> float | str:
    """Metres, or the name of a rule."""
    if value in _RULES:
        return value
    try:
        return float(value)
    except ValueError:
        raise click.BadParameter(
            f'"{value}" is neither a number of metres nor a rule. Give one of {", ".join(_RULES)}, or metres such as '
            "300."
        ) from None


@click.command()
@click.option(
    "--crime",
    "crimes",
    multiple=True,
    required=True,
    metavar="CRIME",
    help="Crime to map: robbery, knife-crime, asb ... Repeatable; an unknown name prints the list.",
)
@study_options("havens", "term_dates", "population")
@click.option(
    "--bandwidth",
    "bandwidth_m",
    metavar="METRES|RULE",
    callback=_parse_bandwidth,
    default="300",
    show_default=True,
    help="Radius of the density kernel, or how to choose it: likelihood, scott, silverman, adaptive.",
)
@click.option("--cell-size", "cell_size_m", default=50.0, **METRES, help="Side of a cell of density and estimate.")
@click.option(
    "--eps", "eps_m", type=float, metavar="METRES", help="Neighbourhood radius of the clusters.  [default: chosen]"
)
@click.option(
    "--min-samples", type=int, metavar="N", help="Incidents that make a neighbourhood dense.  [default: chosen]"
)
@click.option("--max-extent", "max_extent_m", default=400.0, **METRES, help="Greatest extent of a hot spot.")
@click.option(
    "--cells",
    "cell_shape",
    type=click.Choice(["square", "hexagon"]),
    default="square",
    show_default=True,
    help="Shape of the cells that are tested.",
)
@click.option(
    "--harm",
    type=click.Choice(["severity", "cost"]),
    help="Weigh incidents in density and ranking by their harm.  [default: each counts as one]",
)
@click.option("--reach", "reach_m", default=400.0, **METRES, help="Distance within reach of a safe haven.")
@click.option(
    "--hours",
    metavar="HOURS",
    help="Hours to analyse besides the usual parts of the week: 15-18, or 22-2 past midnight.",
)
@click.option("--days", metavar="DAYS", help="Days on which these start: Mon-Fri, Sat,Sun, weekend.")
@out_option
@click.option("--json", "as_json", is_flag=True, help="Print the summary (of several crimes: a list of them).")
def run(
    inputs: StudyInputs,
    crimes: tuple[str, ...],
    bandwidth_m: float | str,
    hours: str | None,
    days: str | None,
    out: Path,
    as_json: bool,
    **methods: Any,
) -> None:
    """Map crimes: write maps and tables to OUT.

    Inputs that are not given are those named in hotspots.toml, or else those of the data/ folder here: in a fresh
    checkout, the synthetic demonstration of Lewisham and Southwark. Real incidents are never combined with its
    schematic wards or synthetic havens.
    """
    import json

    from hotspots.analysis.hours import parse_window
    from hotspots.pipeline import AnalysisRequest, analyse
    from hotspots.products.files import write_index, write_products

    is_rule = isinstance(bandwidth_m, str)
    methods |= {"bandwidth_m": None, "bandwidth_rule": bandwidth_m} if is_rule else {"bandwidth_m": bandwidth_m}
    window = None if hours is None and days is None else parse_window(hours, days)
    requests = [
        AnalysisRequest(crime=slug, start=inputs.start, end=inputs.end, wards=inputs.wards, window=window, **methods)
        for slug in dict.fromkeys(crimes)
    ]
    with open_study(inputs, inputs.load_settings(), context=True) as (study, progress):
        # all crimes are analysed before anything is written: a mistake in the last leaves no half set
        analyses = [analyse(study, request, progress=progress) for request in requests]
        written = []
        for analysis in analyses:
            progress(f"{analysis.crime.slug}: writing")
            written.append(write_products(analysis, out))
        index = write_index(out)
    summaries = [
        summary | {"products": {key: path.as_posix() for key, path in paths.items()}} for summary, paths in written
    ]
    for summary, (_, paths) in zip(summaries, written, strict=True):
        click.echo(describe_run(summary), err=True)
        if not as_json:
            click.echo(paths["map"].as_posix())
    click.echo(f"All products: {index.as_posix()}", err=True)
    if as_json:
        click.echo(json.dumps(summaries[0] if len(summaries) == 1 else summaries, ensure_ascii=False, indent=1))


def describe_run(summary: dict[str, Any]) -> str:
    """A run in a few lines, for the terminal."""
    from hotspots.products.words import (
        explain_no_change,
        say_count,
        say_list,
        say_main_change,
        say_predecessor,
        say_season,
        say_share,
        say_status,
    )

    accounts, top, total = summary["accounts"], summary["wards"][:3], summary["hotspots_total"]
    reasons = say_list([f"{n:,} {reason}" for reason, n in accounts["rejected"].items() if n])
    rejected = f"{sum(accounts['rejected'].values()):,} rejected" + (f": {reasons}" if reasons else "")
    lost = accounts["rejected_of_crime"]
    hotspots_words = (
        f"{len(summary['hotspots'])}, with {say_share(total['hit_rate'])} of {summary['crime_plural']} in "
        f"{say_share(total['area_share'])} of the area; {total['n_significant']} in surroundings busier than by chance"
    )
    lines = [
        f"{summary['crime_label']}, {summary['period']['start']} to {summary['period']['end']}: "
        f"{accounts['analysed']:,} of {accounts['read']:,} rows analysed "
        f"({accounts['other_crimes']:,} other crimes, {accounts['outside_period']:,} outside the period, "
        f"{accounts['outside_area']:,} outside the wards, {rejected})",
        *(
            [f"  Missing from the map: {say_count(lost, summary)} that may be of this period were rejected"]
            if lost
            else []
        ),
        "  Top wards: "
        + say_list([f"{ward['name']} ({ward['n_incidents']:,})" for ward in top if ward["n_incidents"]]),
        "  Hot spots: " + (hotspots_words if summary["hotspots"] else "none"),
    ]
    if summary["holdout"] and summary["holdout"]["last_hotspots"]:
        lines.append(f"  Last map: {say_predecessor(summary['holdout'], summary)}")
    elif not summary["holdout"]:
        lines.append(f"  Last map: not tested. {summary['holdout_reason']}")
    profile = summary["profile"]
    if profile["available"]:
        peaks = [f"{peak['words']} ({say_share(peak['share'])})" for peak in profile["peaks"]]
        lines.append("  Peaks: " + ("; ".join(peaks) or "none"))
        lines += [f"  Quiet: {_describe_quiet(profile)}"] if profile["quiet"] else []
    else:
        lines.append(f"  Peaks: withheld, {profile['reason']}: {profile['explanation']}")
    lines.append(f"  Change: {say_main_change(summary) or explain_no_change(summary)}")
    if summary["season"]["window"]:
        lines.append(f"  Season: {say_season(summary['season'])}")
    if summary["shifts"]["chosen"]:
        lines.append(f"  {_describe_window(summary['shifts'])}")
    if summary["havens"]:
        havens = summary["havens"]
        nearby = f"{say_share(havens['share_within_reach'])} happened within {havens['reach_m']:g} m of one"
        if havens["share_open_within_reach"] is not None:
            nearby += f", {say_share(havens['share_open_within_reach'])} of one open at the time"
        lines.append(f"  Safe havens: {nearby}")
    lines += [f"  Note: {note}" for note in summary["notes"]]
    if summary["data_status"]:
        lines.append(f"  Not for decisions: made from {say_status(summary['data_status'])}")
    return "\n".join(lines)


def _describe_quiet(profile: dict[str, Any]) -> str:
    """The hours with least, in words."""
    from hotspots.products.words import say_share

    return "; ".join(
        f"{window['words']} ({say_share(window['share'])} in {say_share(window['week_share'])} of the week)"
        for window in profile["quiet"]
    )


def _describe_window(shifts: dict[str, Any]) -> str:
    """The hours that were asked for: how much falls in them, and whether it is elsewhere then."""
    from hotspots.products.words import say_share, say_sum

    words = shifts["chosen"]["words"]
    words = words[0].upper() + words[1:]
    if not shifts["available"]:
        return f"{words}: withheld, {shifts['reason']}: {shifts['explanation']}"
    part = shifts["parts"][0]
    found = f"{words}: {say_sum(part['n_incidents'])} incidents, {say_share(part['share'])}"
    if part["reason"]:
        return f"{found}. {part['reason']}"
    said = f"; hot spots in these hours: {part['n_hotspots_found'] or 'none'}."
    return f"{found} in {say_share(part['week_share'])} of the week{said} " + (
        part["difference"]["words"] if part["difference"] else ""
    )
