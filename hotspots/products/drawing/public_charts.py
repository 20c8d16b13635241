"""What everybody is shown: a map of wards or squares in classes, and the months of a local authority."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import geopandas as gpd
import shapely

from hotspots.geography import MIN_INCIDENTS
from hotspots.products.drawing.axes import Panel, choose_ticks, leave_room, open_svg, say_short_month
from hotspots.products.drawing.colours import HAVEN, SEQUENTIAL, Classes, choose_classes, colour_of
from hotspots.products.drawing.paper_map import PaperMap
from hotspots.products.summary import PublicMonthSummary, PublicSummary, PublicWardSummary
from hotspots.products.words import say, say_number

_WIDTH = 376
_N_NAMED = 8
_LETTER = 6.0
"""Width of a letter on the map."""
_HATCH = (
    '<defs><pattern id="{name}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="5" height="5" fill="#f3f1ea"/><path d="M0 0V5" stroke="#a9a69c" stroke-width="2"/></pattern></defs>'
)


def choose_ward_classes(wards: Sequence[PublicWardSummary]) -> Classes:
    """The classes of the counts of wards that are told."""
    return choose_classes(max([n for ward in wards if (n := ward.n_incidents) is not None], default=0))


def draw_ward_map(summary: PublicSummary, wards: gpd.GeoDataFrame, havens: gpd.GeoSeries) -> str:
    """The wards of the latest year by how many incidents they had; hatched where that is not told."""
    told = [ward for year in summary.years if year.year == summary.latest_year for ward in year.wards]
    breaks = [bound for bound, _ in choose_ward_classes(told)]
    paper = PaperMap(tuple(wards.total_bounds), foot=34)
    parts = [
        paper.open(f"{summary.crime_plural.capitalize()} by ward in {summary.latest_year}", css="chart map"),
        _HATCH.format(name="kept-ward"),
    ]
    for ward in told:
        n = ward.n_incidents
        fill = (n is not None and colour_of(n, breaks)) or "url(#kept-ward)"
        said = say("public.kept", summary.min_incidents) if n is None else say_number(n)
        shape = paper.trace(wards.geometry[ward.code], fill=fill, stroke="#fff", stroke_width="1")
        parts.append(f"<g><title>{escape(ward.name)}: {escape(said)}</title>{shape}</g>")
    parts += [*_mark_havens(paper, havens), *_name_wards(paper, told, wards), paper.close()]
    return "".join(parts)


def draw_square_map(summary: PublicSummary, wards: gpd.GeoDataFrame, havens: gpd.GeoSeries) -> str:
    """The squares of the latest year by how many incidents they held at least."""
    paper = PaperMap(tuple(wards.total_bounds), foot=34)
    parts = [
        paper.open(
            f"Squares of {summary.square_m:g} metres with many {summary.crime_plural} in {summary.latest_year}",
            css="chart map",
        )
    ]
    parts += [paper.trace(ward, fill="#fff", stroke="none") for ward in wards.geometry]
    colours = dict(list_square_classes(summary))
    for square in summary.squares:
        if square.year == summary.latest_year:
            side, east, north = summary.square_m, square.easting, square.northing
            shape = shapely.box(east, north, east + side, north + side)
            drawn = paper.trace(
                shape, fill=colours[square.least], fill_opacity="0.9", stroke="#fff", stroke_width="0.5"
            )
            parts.append(f"<g><title>at least {say_number(square.least)}</title>{drawn}</g>")
    parts += [paper.trace(ward, fill="none", stroke="#6b7480", stroke_width="0.6") for ward in wards.geometry]
    told = [ward for year in summary.years if year.year == summary.latest_year for ward in year.wards]
    parts += [*_mark_havens(paper, havens), *_name_wards(paper, told, wards), paper.close()]
    return "".join(parts)


def list_square_classes(summary: PublicSummary) -> list[tuple[int, str]]:
    """The classes of squares of the latest year, ascending, with their colours."""
    found = sorted({square.least for square in summary.squares if square.year == summary.latest_year})
    return list(zip(found, SEQUENTIAL[len(SEQUENTIAL) - len(found) :], strict=True))


def _mark_havens(paper: PaperMap, havens: gpd.GeoSeries) -> list[str]:
    marks = []
    for point in havens:
        right, down = paper.find(point.x, point.y)
        marks.append(
            f'<circle cx="{right:.1f}" cy="{down:.1f}" r="2.6" fill="#fff" stroke="{HAVEN}" stroke-width="1.6"/>'
        )
    return marks


def _name_wards(paper: PaperMap, told: Sequence[PublicWardSummary], wards: gpd.GeoDataFrame) -> list[str]:
    """The names of the wards with most, where they do not run into each other."""
    named: list[shapely.Polygon] = []
    parts = []
    for ward in sorted(told, key=lambda ward: -(ward.n_incidents or 0)):
        point = wards.geometry[ward.code].representative_point()
        right, down = paper.find(point.x, point.y)
        half = _LETTER * len(ward.name) / 2
        right = min(max(right, half + 4), paper.width - half - 4)
        box = shapely.box(right - half, down - 11, right + half, down + 7)
        if len(named) < _N_NAMED and not any(box.intersects(other) for other in named):
            named.append(box)
            parts.append(
                f'<text x="{right:.1f}" y="{down:.1f}" text-anchor="middle" font-size="10" font-weight="600" '
                f'paint-order="stroke" stroke="#fff" stroke-width="3" aria-hidden="true">{escape(ward.name)}</text>'
            )
    return parts


def draw_public_months(months: Sequence[PublicMonthSummary], *, plural: str, number: int) -> str:
    """Months of an authority as bars; hatched to ten where the number is not told, empty where nothing is known.

    Args:
        months: Of one authority, at least one.
        plural: What is counted, for the text alternative.
        number: Of the chart on its page.
    """
    highest = max([month.n_incidents or 0 for month in months] + [20])
    ticks = choose_ticks(highest)
    left, top, tall = leave_room(ticks), 8, 84
    panel = Panel(left=left, top=top, width=_WIDTH, tall=tall, highest=highest, ticks=ticks)
    step = (_WIDTH - 4) / len(months)
    parts = [
        open_svg(
            left + _WIDTH + 6,
            panel.bottom + 24,
            f"{plural} in {months[0].borough or 'the area'} by month, {months[0].month} to {months[-1].month}",
        ),
        _HATCH.format(name=f"kept-{number}"),
        panel.draw_grid(),
    ]
    every = max(1, -(-len(months) // 8))
    for index, month in enumerate(months):
        x = left + 2 + index * step
        if month.has_data:
            n = month.n_incidents
            y = panel.y(MIN_INCIDENTS if n is None else n)
            said = say("public.kept", MIN_INCIDENTS) if n is None else say_number(n)
            fill = f"url(#kept-{number})" if n is None else SEQUENTIAL[3]
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(step - 2, 0.6):.1f}" height="{panel.bottom - y:.1f}" '
                f'fill="{fill}"><title>{month.month}: {said}</title></rect>'
            )
        if index % every == 0:
            place = f'x="{x + step / 2 - 1:.1f}" y="{panel.bottom + 14}"'
            parts.append(f'<text {place} text-anchor="middle">{say_short_month(month.month)}</text>')
    return "".join([*parts, panel.draw_base(), "</svg>"])
