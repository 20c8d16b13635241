"""What the map says at each shape: HTML with the texts of the sources escaped, or plain text."""

from __future__ import annotations

from html import escape

from hotspots.pipeline import Analysis
from hotspots.products.summary import RunSummary, ShiftHotspotSummary
from hotspots.products.words import say, say_each

SHIFT_ROWS = ("Incidents", "Hours", "Whole week", "Area", "Top streets", "Middle", "Wards")


def describe_shapes(analysis: Analysis, summary: RunSummary) -> dict[str, list[str]]:
    """What the page shows at each shape: HTML with the texts of the sources escaped; ward names as they are."""
    by_code = {ward.code: ward for ward in summary.wards}
    wards = [by_code[code] for code in analysis.wards.index]
    texts = {
        "wards": [
            _list_lines(ward.name, say_each("popups.ward", ward, summary), beside=ward.borough) for ward in wards
        ],
        "names": [ward.name for ward in wards],
        "patrols": [
            _tabulate(f"Place to patrol {place.rank}", say_each("popups.patrol", place, summary))
            for place in (summary.patrols.places if summary.patrols else ())
        ],
        "hotspots": [
            _tabulate(f"Hot spot {hotspot.rank}", say_each("popups.hotspot", hotspot, hours, summary))
            for hotspot, hours in list(zip(summary.hotspots, summary.hotspot_profiles, strict=True))[
                : summary.published.n_hotspots_drawn
            ]
        ],
    }
    if summary.streets:
        texts["streets"] = [
            _tabulate(f"Busy street {run.rank}", say_each("popups.street", run, summary))
            for run in summary.streets.runs
        ]
    if summary.havens:
        texts["havens"] = [
            _list_lines(haven.name or "Safe haven", say_each("popups.haven", haven, summary))
            for haven in summary.havens.havens
        ]
    if gaps := summary.haven_gaps:
        texts["gaps"] = [
            _tabulate(
                f"No haven open: place {rank}",
                say_each(
                    "run_havens.gap_popup", [gap for gap in gaps.gaps if gap.place_rank == rank], summary.crime_plural
                ),
            )
            for rank in gaps.place_ranks
        ]
    if summary.haven_sites:
        texts["sites"] = [
            _list_lines(f"Suggested new haven {site.letter}", say_each("run_havens.site_popup", site, summary))
            for site in summary.haven_sites.sites
        ]
    if summary.facilities:
        texts["facilities"] = [
            _list_lines(say("facilities.name", one, kind), say_each("facilities.popup", one, kind, summary))
            for kind in summary.facilities
            for one in kind.facilities
        ]
    return texts


def list_shift_values(hotspot: ShiftHotspotSummary) -> list[str]:
    """What the page says of `SHIFT_ROWS`, as plain text."""
    return [_split(line)[1] for line in say_each("popups.shift_hotspot", hotspot)]


def _list_lines(name: str, lines: list[str], *, beside: str | None = None) -> str:
    head = f"<b>{escape(name)}</b>" + (f", {escape(beside)}" if beside else "")
    return "<br>".join([head, *map(escape, lines)])


def _tabulate(title: str, lines: list[str]) -> str:
    rows = "".join(f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in map(_split, lines))
    return f'<b class="popup-title">{escape(title)}</b><table class="popup">{rows}</table>'


def _split(line: str) -> tuple[str, str]:
    heading, _, text = line.partition(":")
    return heading, text.strip()
