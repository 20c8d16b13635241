"""`hotspots run`: from files to maps and tables."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotspots.cli.workspace import settings_option
from hotspots.errors import DataError

if TYPE_CHECKING:
    from hotspots.pipeline import Study


class _Day(click.DateTime):
    """A day, in ISO form or as it is written in Britain."""

    name = "day"

    def __init__(self) -> None:
        super().__init__(formats=["%Y-%m-%d", "%d/%m/%Y"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f'"{value}" is no day of the calendar. Write it as 2026-09-30 or 30/09/2026.', param, ctx)


_DATE = _Day()
_METRES: dict[str, Any] = {"type": float, "metavar": "METRES", "show_default": True}
_PATH = click.Path(path_type=Path)


@click.command()
@click.option(
    "--crime",
    "crimes",
    multiple=True,
    required=True,
    metavar="CRIME",
    help="Crime to map: robbery, knife-crime, asb ... May repeat; an unknown one gets the list.",
)
@click.option(
    "--incidents",
    multiple=True,
    type=_PATH,
    help="CSV, Excel, Parquet, GeoPackage, GeoJSON, shapefile, .zip or folder of incidents. May repeat.  "
    "[default: data/incidents]",
)
@click.option(
    "--boundaries",
    multiple=True,
    type=_PATH,
    help="GeoJSON, GeoPackage or (zipped) shapefile of wards. May repeat.  [default: data/boundaries]",
)
@click.option("--layer", metavar="NAME", help="Layer of the boundary files.  [default: all with ward codes]")
@click.option(
    "--havens",
    multiple=True,
    type=_PATH,
    help="CSV, GeoJSON or GeoPackage of safe havens. May repeat.  [default: data/havens, if it is there]",
)
@click.option("--from", "start", type=_DATE, metavar="YYYY-MM-DD", help="First day.  [default: that of the incidents]")
@click.option("--to", "end", type=_DATE, metavar="YYYY-MM-DD", help="Last day.  [default: that of the incidents]")
@click.option(
    "--ward",
    "wards",
    multiple=True,
    metavar="WARD",
    help="Code or name of a ward to analyse. May repeat.  [default: all]",
)
@click.option("--bandwidth", "bandwidth_m", default=300.0, **_METRES, help="Radius of the density kernel.")
@click.option("--cell-size", "cell_size_m", default=50.0, **_METRES, help="Side of a density cell.")
@click.option("--eps", "eps_m", default=125.0, **_METRES, help="Neighbourhood radius of the clusters.")
@click.option(
    "--min-samples",
    type=int,
    metavar="N",
    help="Incidents that make a neighbourhood dense.  "
    "[default: 0.5% of them, or 7 times the average density if that is fewer; at least 10]",
)
@click.option("--reach", "reach_m", default=400.0, **_METRES, help="Distance within reach of a safe haven.")
@click.option(
    "--store", type=_PATH, help="Folder to keep what was read in, so that the next run reads only what is new."
)
@settings_option
@click.option("--out", type=_PATH, default=Path("maps"), show_default=True, help="Folder to write to.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary (of several crimes: a list of them).")
def run(
    crimes: tuple[str, ...],
    incidents: tuple[Path, ...],
    boundaries: tuple[Path, ...],
    havens: tuple[Path, ...],
    start: dt.datetime | None,
    end: dt.datetime | None,
    wards: tuple[str, ...],
    layer: str | None,
    store: Path | None,
    settings_file: Path | None,
    out: Path,
    as_json: bool,
    **methods: Any,
) -> None:
    """Map crimes: write their maps and tables below OUT.

    Without --incidents, --boundaries and --havens what hotspots.toml names is used, or the data/ folder here: in a
    fresh checkout, the synthetic demonstration of Lewisham and Southwark. Real incidents are never laid over its
    schematic wards or made-up havens.
    """
    import json

    from tqdm import tqdm

    from hotspots.ingest import Store
    from hotspots.ingest.files import find_files
    from hotspots.ingest.sources import SUFFIXES
    from hotspots.pipeline import AnalysisRequest, analyse, load_study
    from hotspots.products import write_bundle, write_index
    from hotspots.settings import load_settings

    settings = load_settings(settings_file)
    requests = [
        AnalysisRequest(
            crime=slug,
            start=start.date() if start else None,
            end=end.date() if end else None,
            wards=wards,
            **methods,
        )
        for slug in dict.fromkeys(crimes)
    ]
    read = incidents or settings.incidents or (Path("data/incidents"),)
    outlines = boundaries or settings.boundaries
    places = havens or settings.havens
    folder_here = Path("data/havens")
    havens_here = (folder_here,) if folder_here.is_dir() and any(folder_here.iterdir()) else ()
    folder = store or settings.store
    kept = Store(folder=folder) if folder else None
    n_steps = len(find_files(read, suffixes=SUFFIXES, what="incidents")) + 1 + 4 * len(requests)
    with tqdm(total=n_steps, disable=None, leave=False, file=sys.stderr, bar_format="{l_bar}{bar}| {desc}") as bar:

        def progress(step: str) -> None:
            bar.set_description_str(step)
            bar.update()

        study = load_study(
            read,
            outlines or (Path("data/boundaries"),),
            places or havens_here,
            options=settings.make_reading_options(),
            layer=layer,
            start=start.date() if start else None,
            end=end.date() if end else None,
            store=kept,
            progress=progress,
        )
        study = keep_apart(study, boundaries_given=bool(outlines), havens_given=bool(places))
        # all crimes are analysed before anything is written: a mistake in the last leaves no half set
        analyses = [analyse(study, request, progress=progress) for request in requests]
        written = []
        for analysis in analyses:
            progress(f"{analysis.crime.slug}: writing")
            written.append(write_bundle(analysis, out))
        index = write_index(out)
    summaries = [
        summary | {"products": {key: path.as_posix() for key, path in paths.items()}} for summary, paths in written
    ]
    if kept and kept.problem:
        click.echo(
            f"What was read could not be kept in {kept.folder.as_posix()} ({kept.problem}). "
            "The next run reads it again.",
            err=True,
        )
    if kept and kept.rebuilt:
        click.echo(f"The store was damaged; read again: {', '.join(kept.rebuilt)}", err=True)
    for summary, (_, paths) in zip(summaries, written, strict=True):
        click.echo(describe_run(summary), err=True)
        if not as_json:
            click.echo(paths["map"].as_posix())
    click.echo(f"All products: {index.as_posix()}", err=True)
    if as_json:
        click.echo(json.dumps(summaries[0] if len(summaries) == 1 else summaries, ensure_ascii=False, indent=1))


def keep_apart(study: Study, *, boundaries_given: bool, havens_given: bool) -> Study:
    """Keep real incidents from the demonstration's wards and havens, unless those were asked for by name.

    Raises:
        DataError: Real incidents would be laid over schematic wards.
    """
    import dataclasses

    status = study.data_status
    if "incidents" in status:
        return study
    if "boundaries" in status and not boundaries_given:
        raise DataError(
            f"The wards in data/boundaries are {status['boundaries']}, and these incidents are not: counts in them "
            "would mean nothing. Give the real outlines with --boundaries."
        )
    if "safe havens" in status and not havens_given:
        return dataclasses.replace(study, havens=None)
    return study


def describe_run(summary: dict[str, Any]) -> str:
    """A run in a few lines, for the terminal."""
    from hotspots.products.words import say_count, say_list, say_share, say_status

    accounts, top, total = summary["accounts"], summary["wards"][:3], summary["hotspots_total"]
    reasons = say_list([f"{n:,} {reason}" for reason, n in accounts["rejected"].items()])
    rejected = f"{sum(accounts['rejected'].values()):,} rejected" + (f": {reasons}" if reasons else "")
    lost = accounts["rejected_of_crime"]
    hotspots_words = f"{len(summary['hotspots'])}, with {say_share(total['hit_rate'])} of {summary['crime_plural']}"
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
    profile = summary["profile"]
    if profile["available"]:
        peaks = [f"{peak['words']} ({say_share(peak['share'])})" for peak in profile["peaks"]]
        lines.append("  Peaks: " + ("; ".join(peaks) or "none"))
    else:
        lines.append(f"  Peaks: withheld, {profile['reason']}: {profile['explanation']}")
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
