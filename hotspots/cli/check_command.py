"""`hotspots check`: what is recognised in files of incidents, and how good they are, without analysing them."""

from __future__ import annotations

import dataclasses
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotspots.cli.inputs import settings_option
from hotspots.cli.outputs import echo, echo_json
from hotspots.errors import TooLittleDataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotspots.ingest.incidents import ReadTable, SourceProfile
    from hotspots.products.summary import QualitySummary

_PATH = click.Path(path_type=Path)
_N_SOURCES = 12
_WIDTH = 100
_ROLES = (
    ("What happened", ("offence",)),
    ("When", ("start", "end")),
    ("Where", ("easting", "northing", "longitude", "latitude", "wkt")),
    ("Otherwise by", ("grid_reference", "postcode", "lsoa")),
    ("Place", ("location", "location_kind")),
    ("Number", ("id",)),
    ("Knife", ("knife",)),
    ("Ward", ("ward",)),
    ("Area", ("area",)),
    ("Status", ("status",)),
    ("How many", ("count",)),
)


@click.command()
@click.argument("files", nargs=-1, required=True, type=_PATH)
@click.option("--boundaries", multiple=True, type=_PATH, help="Wards, to compare with those that the source names.")
@click.option("--layer", metavar="NAME", help="Layer of the boundary files.")
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Print the quality report as JSON.")
def check(
    files: tuple[Path, ...],
    boundaries: tuple[Path, ...],
    layer: str | None,
    settings_file: Path | None,
    as_json: bool,
) -> None:
    """Show what is recognised in FILES, and how good the data are.

    Reads incidents as hotspots run does, and lists the rows that it would refuse, with the reasons. Prints the source
    profile of each layout, to be pasted into hotspots.toml and corrected there.
    """
    from hotspots.ingest.incidents import UnknownLayoutError, read_incidents, suggest_crs
    from hotspots.ingest.reference import read_boundaries
    from hotspots.pipeline import assess_quality, gather_status, place_in_wards
    from hotspots.products.summary import encode, summarise_quality
    from hotspots.settings import load_settings

    settings = load_settings(settings_file)
    options = settings.make_reading_options()
    outlines = read_boundaries(boundaries, crs=options.crs, layer=layer) if boundaries else None
    wards = None if outlines is None else outlines.wards
    known = () if wards is None else (*wards.index, *wards["ward_name"])
    try:
        intake = read_incidents(files, options=options, wards=known)
    except UnknownLayoutError as error:
        if error.draft:
            echo(f"Complete this and put it into hotspots.toml:\n\n{error.draft}\n")
        raise
    for other in intake.passed_over[:_N_SOURCES]:
        echo(f"Passed over: {other.label}, {other.reason.removeprefix(other.label).strip()}", err=True)
    if wards is not None:
        intake = place_in_wards(intake, wards)
    quality = summarise_quality(assess_quality(intake, wards=wards))
    advice = suggest_crs(intake, crs=options.crs)
    if as_json:
        said = gather_status(intake.inputs + (outlines.inputs if outlines else ()))
        tables = [_recognise(alike, options.crs) for alike in _group_by_layout(intake.tables)]
        echo_json({**encode(quality), "data_status": said, "tables": tables, "advice": advice})
    else:
        for note in intake.notes:
            echo("\n".join(_wrap(f"Note: {note}")), err=True)
        echo("\n".join(_describe(intake.tables, quality, options.crs, advice)))
    if not quality.n_used:
        raise TooLittleDataError("No row can be used. The reasons are given above.")


def _group_by_layout(tables: Sequence[ReadTable]) -> list[list[ReadTable]]:
    layouts: dict[tuple[Any, ...], list[ReadTable]] = {}
    for table in tables:
        layouts.setdefault((repr(dataclasses.replace(table.profile, name="")), table.header, table.kind), []).append(
            table
        )
    return list(layouts.values())


def _describe(tables: Sequence[ReadTable], quality: QualitySummary, crs: str, advice: str | None) -> list[str]:
    from hotspots.ingest.incidents import format_profile
    from hotspots.products.words import say_each

    layouts = _group_by_layout(tables)
    lines: list[str] = []
    for alike in layouts:
        told = _recognise(alike, crs)
        lines.append(f"{told['name']}: {told['kind']}, {told['how']}")
        lines += [f"  {words:<14} {said}" for words, said in told["columns"].items()]
        lines += [f"  {'Not read':<14} {', '.join(told['not_read'])}"] if told["not_read"] else []
        lines.append("")
    lines += _wrap(advice) if advice else []
    lines += [part for line in say_each("terminal.check", quality) for part in _wrap(line)]
    lines += [part for line in say_each("terminal.refused", quality) for part in _wrap(line, "  ")]
    recognised = [alike[0].profile for alike in layouts if not (alike[0].is_given or alike[0].is_police_uk)]
    lead = "If that is right, there is nothing to do. To change it," if quality.n_used else "To read it otherwise,"
    names: list[str] = []
    for profile in recognised:
        names.append(profile.name)
        again = names.count(profile.name)  # a name is a key, and so can be there once
        text = format_profile(dataclasses.replace(profile, name=f"{profile.name}-{again}") if again > 1 else profile)
        lines += ["", f"{lead} put this into hotspots.toml:", "", text]
    return lines


def _recognise(alike: Sequence[ReadTable], crs: str) -> dict[str, Any]:
    """What is recognised in tables of one layout, in words: which columns hold what, and which are not read."""
    table = alike[0]
    how = f"read by source profile {table.profile.name}" if table.is_given else "recognised by the names of its columns"
    if table.is_police_uk:
        how = "recognised as street-level crime of data.police.uk"
    columns = {}
    profile, header, stated_crs = table.profile, table.header, table.crs
    for words, roles in _ROLES:
        named = [
            (" or " if role == "id" else " + ").join(profile.columns[role]) for role in roles if role in profile.columns
        ]
        said = " to ".join(named) if words == "When" else ", ".join(named)
        if words == "What happened" and profile.every_offence:
            said = f"always {profile.every_offence}"
        if words == "When":
            said = said or f"always {profile.every_date}"
            notes: list[str] = [profile.date_order] if profile.date_order != "day-first" else []
            notes += ["whole months"] if profile.is_monthly else []
            notes += {"stated": [], "local": ["local time"], "utc": ["UTC"]}[profile.clock]
            said += f" ({', '.join(notes)})" if notes else ""
        if words == "Where" and said:
            said += f" ({_say_crs(profile, stated_crs, crs)})"
        if said:
            columns[words] = said
    used = {name for names in profile.columns.values() for name in names}
    return {
        "name": table.label if len(alike) == 1 else f"{len(alike)} tables ({table.label} ...)",
        "kind": table.kind,
        "how": how,
        "columns": columns,
        "not_read": [name for name in header if name not in used],
    }


def _say_crs(profile: SourceProfile, stated_crs: str | None, crs: str) -> str:
    from hotspots.geography import POLICE_UK

    if profile.crs == POLICE_UK:
        return "as police.uk makes them"
    if profile.crs or stated_crs:
        return str(profile.crs or stated_crs)
    return "WGS84" if profile.longitude else f"taken for metres on {crs}"


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
