"""Charts as SVG, drawn from the summary."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from html import escape
from typing import Any

from hotspots.products.drawing.colours import HOTSPOT, QUIET, SEQUENTIAL, VERDICTS, choose_breaks, colour_of
from hotspots.products.words import say_bound, say_number

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EMPTY = "#f4f4f1"
_BAND, _GAP = "#dfe7ec", "#eceae4"
MORE, FEWER = VERDICTS["clearly deteriorating"], VERDICTS["clearly improving"]
"""Of what rose and fell; a symbol or a word says the same for those who cannot tell them apart."""


def draw_week(profile: dict[str, Any], *, plural: str, with_quiet: bool = False) -> str:
    """The 7 x 24 hours of the week as coloured cells, with totals by day and by hour and the peaks outlined.

    Args:
        profile: The `profile` of a summary, with `available` true.
        plural: What is counted, for the text alternative.
        with_quiet: Whether quiet windows are outlined too, dashed.
    """
    counts: list[list[float]] = profile["counts"]
    left, top, cell, bar = 34, 52, 14.6, 34
    width, height = left + 24 * cell + bar + 26, top + 7 * cell + 46
    breaks = choose_breaks(max(max(day) for day in counts))
    by_hour = [sum(day[hour] for day in counts) for hour in range(24)]
    by_day = [sum(day) for day in counts]
    said = "; ".join(peak["words"] for peak in profile["peaks"]) or "no clear peak"
    parts = [
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" class="chart">',
        f"<title>{escape(plural)} by day and hour: {escape(said)}</title>",
    ]
    highest_hour, highest_day = max(by_hour), max(by_day)
    for hour, n in enumerate(by_hour):
        tall = bar * n / highest_hour if highest_hour else 0
        parts.append(
            f'<rect x="{left + hour * cell + 2:.1f}" y="{top - 6 - tall:.1f}" width="{cell - 4:.1f}" '
            f'height="{tall:.1f}" fill="#8d9aa5"><title>{hour:02d}:00-{hour:02d}:59: {_count(n)}</title></rect>'
        )
    for day, row in enumerate(counts):
        y = top + day * cell
        parts.append(f'<text x="{left - 6}" y="{y + cell * 0.72:.1f}" text-anchor="end">{_DAYS[day]}</text>')
        for hour, n in enumerate(row):
            parts.append(
                f'<rect x="{left + hour * cell:.1f}" y="{y:.1f}" width="{cell - 0.8:.1f}" height="{cell - 0.8:.1f}" '
                f'fill="{colour_of(n, breaks) or _EMPTY}"><title>{_DAYS[day]} {hour:02d}:00-{hour:02d}:59: '
                f"{_count(n)}</title></rect>"
            )
        wide = bar * by_day[day] / highest_day if highest_day else 0
        x = left + 24 * cell + 5
        parts.append(
            f'<rect x="{x:.1f}" y="{y + 2:.1f}" width="{wide:.1f}" height="{cell - 5:.1f}" fill="#8d9aa5">'
            f"<title>{_DAYS[day]}: {_count(by_day[day])}</title></rect>"
        )
    for hour in range(0, 24, 3):
        parts.append(
            f'<text x="{left + hour * cell:.1f}" y="{top + 7 * cell + 12:.1f}" text-anchor="middle">{hour:02d}</text>'
        )
    parts.append(f'<text x="{left + 24 * cell:.1f}" y="{top + 7 * cell + 12:.1f}" text-anchor="middle">24</text>')
    if with_quiet:
        parts += [_outline(quiet, left=left, top=top, cell=cell, is_quiet=True) for quiet in profile["quiet"]]
    parts += [_outline(peak, left=left, top=top, cell=cell) for peak in profile["peaks"]]
    parts.append(_key(breaks, x=left, y=top + 7 * cell + 22, label="per hour of the week"))
    return "".join([*parts, "</svg>"])


def _outline(peak: dict[str, Any], *, left: float, top: float, cell: float, is_quiet: bool = False) -> str:
    """Boxes around the hours of a peak or quiet window; one that runs past midnight continues on the next day."""
    inside = {(day * 24 + peak["start_hour"] + step) % 168 for day in peak["days"] for step in range(peak["n_hours"])}
    lines = []
    for hour in sorted(inside):
        day, column = divmod(hour, 24)
        x0, y0 = left + column * cell - 0.4, top + day * cell - 0.4
        x1, y1 = x0 + cell, y0 + cell
        edges = {
            (x0, y0, x1, y0): day == 0 or hour - 24 not in inside,
            (x0, y1, x1, y1): day == 6 or hour + 24 not in inside,
            (x0, y0, x0, y1): column == 0 or hour - 1 not in inside,
            (x1, y0, x1, y1): column == 23 or hour + 1 not in inside,
        }
        lines += [f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for (a, b, c, d), is_edge in edges.items() if is_edge]
    style = (
        f'stroke="{FEWER}" stroke-width="1.6" stroke-dasharray="3 2.2"'
        if is_quiet
        else f'stroke="{HOTSPOT}" stroke-width="2" stroke-linecap="square"'
    )
    return f'<path d="{"".join(lines)}" {style} fill="none"/>'


def _key(breaks: list[float], *, x: float, y: float, label: str) -> str:
    if not breaks:
        return ""
    colours = (_EMPTY, *SEQUENTIAL[len(SEQUENTIAL) - len(breaks) :])
    bounds = [f"under {say_bound(breaks[0])}", *(f"{say_bound(bound)}+" for bound in breaks)]
    parts = []
    for index, (colour, bound) in enumerate(zip(colours, bounds, strict=True)):
        at = x + (index * 44 + (18 if index else 0))
        parts.append(
            f'<rect x="{at:.1f}" y="{y:.1f}" width="10" height="10" fill="{colour}" stroke="#bbb" stroke-width=".5"/>'
        )
        parts.append(f'<text x="{at + 13:.1f}" y="{y + 9:.1f}">{bound}</text>')
    parts.append(f'<text x="{x + len(bounds) * 44 + 24:.1f}" y="{y + 9:.1f}">{escape(label)}</text>')
    return "".join(parts)


def draw_months(months: list[dict[str, Any]], *, plural: str) -> str:
    """Incidents by month as bars; part months are lighter, and months without any data grey from top to bottom.

    Args:
        months: The `months` of a summary.
        plural: What is counted, for the text alternative.
    """
    highest = max(month["n_incidents"] for month in months) or 1
    bounds = choose_ticks(highest)
    left = 4 + 7 * max([4, *(len(say_bound(bound)) for bound in bounds)])
    top, width, tall = 8, 376, 84
    step = (width - 4) / len(months)
    parts = [
        f'<svg viewBox="0 0 {left + width + 6} {top + tall + 24}" role="img" class="chart">',
        f"<title>{escape(plural)} by month, {months[0]['month']} to {months[-1]['month']}</title>",
    ]
    for bound in bounds:
        y = top + tall * (1 - bound / highest)
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 4}" y="{y + 3:.1f}" text-anchor="end">{say_bound(bound)}</text>')
    every = max(1, -(-len(months) // 8))
    for index, month in enumerate(months):
        x, height = left + 2 + index * step, tall * month["n_incidents"] / highest
        if not month["has_data"]:
            parts.append(
                f'<rect x="{x:.1f}" y="{top}" width="{max(step - 2, 0.6):.1f}" height="{tall}" fill="#e4e2dc">'
                f"<title>{month['month']}: no data of any crime</title></rect>"
            )
        part = "" if month["is_whole"] else " (part of the month)"
        parts.append(
            f'<rect x="{x:.1f}" y="{top + tall - height:.1f}" width="{max(step - 2, 0.6):.1f}" height="{height:.1f}" '
            f'fill="{SEQUENTIAL[3] if month["is_whole"] else SEQUENTIAL[0]}"><title>{month["month"]}{part}: '
            f"{say_number(month['n_incidents'])}</title></rect>"
        )
        if index % every == 0:
            middle, y = x + step / 2 - 1, top + tall + 14
            parts.append(f'<text x="{middle:.1f}" y="{y}" text-anchor="middle">{_short(month["month"])}</text>')
    parts.append(f'<line x1="{left}" x2="{left + width}" y1="{top + tall}" y2="{top + tall}" stroke="#777"/>')
    return "".join([*parts, "</svg>"])


def choose_ticks(highest: int) -> list[int]:
    """Two or three round numbers up to the highest, in steps of 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(max(highest / 3, 1)))
    step = next(factor * power for factor in (1, 2, 5, 10) if 3 * factor * power >= highest)
    return list(range(step, highest + 1, step)) or [highest]


def _short(month: str) -> str:
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{names[int(month[5:7]) - 1]} {month[2:4]}"


def _count(n: float) -> str:
    return say_number(n, 0 if abs(n - round(n)) < 0.05 else 1)


def draw_series(months: list[dict[str, Any]], *, plural: str) -> str:
    """Incidents by month as points, with what was to be expected, its limits, signals, and gaps hatched.

    Months of which only a part is known have no point, and those before the first known month are not drawn.

    Args:
        months: The `months` of the `series` of a summary, at least one of them with incidents known.
        plural: What is counted, for the text alternative.
    """
    shown = _trim(months)
    values = [month[key] for month in shown for key in ("n_incidents", "high") if month[key] is not None]
    plot = _Plot(shown, highest=max(values), tall=120)
    parts = [
        plot.open(f"{plural} by month, {shown[0]['month']} to {shown[-1]['month']}"),
        f'<defs><pattern id="gap" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        f'<rect width="5" height="5" fill="{_GAP}"/><path d="M0 0V5" stroke="#a9a69c" stroke-width="2"/>'
        "</pattern></defs>",
    ]
    for index, month in enumerate(shown):
        x = plot.left + index * plot.step
        if month["gap"]:
            parts.append(
                f'<rect x="{x:.1f}" y="{plot.top}" width="{plot.step:.1f}" height="{plot.tall}" fill="url(#gap)">'
                f"<title>{month['month']}: {escape(month['gap'])}</title></rect>"
            )
        elif month["low"] is not None:
            top, bottom = plot.y(month["high"]), plot.y(month["low"])
            parts.append(
                f'<rect x="{x:.2f}" y="{top:.1f}" width="{plot.step + 0.05:.2f}" height="{bottom - top:.1f}" '
                f'fill="{_BAND}"/>'
            )
    parts += [plot.grid(), plot.label_months()]
    expected = "".join(
        f"M{plot.left + index * plot.step:.1f} {plot.y(month['expected']):.1f}h{plot.step:.1f}"
        for index, month in enumerate(shown)
        if month["expected"] is not None and not month["gap"]
    )
    parts.append(f'<path d="{expected}" stroke="#5a6470" stroke-width="1.2" stroke-dasharray="4 2" fill="none"/>')
    parts.append(plot.line([month["n_incidents"] for month in shown], stroke="#8d9aa5", stroke_width=1))
    parts += [_mark(month, x=plot.x(i), y=plot.y(month["n_incidents"]))
              for i, month in enumerate(shown) if month["n_incidents"] is not None]  # fmt: skip
    return "".join([*parts, "</svg>"])


def draw_rolling(months: list[dict[str, Any]], *, plural: str) -> str:
    """Sums of twelve months (R12) as a line from 0, with the first and the last number beside it.

    Args:
        months: The `months` of the `series` of a summary, at least one with `rolling`.
        plural: What is counted, for the text alternative.
    """
    told = [index for index, month in enumerate(months) if month["rolling"] is not None]
    shown = months[told[0] : told[-1] + 1]
    values = [month["rolling"] for month in shown]
    known = [index for index, value in enumerate(values) if value is not None]
    plot = _Plot(shown, highest=max(values[index] for index in known) * 1.25 or 1, tall=62)
    parts = [
        plot.open(f"{plural} in the twelve months to each month"),
        plot.grid(),
        plot.label_months(),
        plot.line(values, stroke=QUIET, stroke_width=2),
    ]
    for index in dict.fromkeys((known[0], known[-1])):
        x, y = plot.x(index), plot.y(values[index])
        anchor = "start" if x < plot.left + 24 else "end" if x > plot.left + plot.width - 24 else "middle"
        place = (
            f'x="{x:.1f}" y="{y - 6:.1f}" text-anchor="{anchor}" paint-order="stroke" stroke="#fbfaf7" stroke-width="3"'
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{QUIET}"/>')
        parts.append(f"<text {place}>{say_number(values[index])}</text>")
    return "".join([*parts, "</svg>"])


def _trim(months: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The months without those at either end of which nothing is known and which are no gap."""
    told = [index for index, month in enumerate(months) if month["n_incidents"] is not None or month["gap"]]
    return months[told[0] : told[-1] + 1]


class _Plot:
    """Where things are in a chart with months along and numbers from 0 up."""

    def __init__(self, months: list[dict[str, Any]], *, highest: float, tall: int) -> None:
        self.months, self.highest, self.tall = months, max(highest, 1), tall
        self.ticks = _choose_grid(self.highest, n_most=tall // 30)
        self.left = 4 + 8 * max([3, *(len(say_bound(tick)) for tick in self.ticks)])
        self.top, self.width = 10, 376
        self.step = self.width / len(months)

    def x(self, index: int) -> float:
        """The middle of a month."""
        return self.left + (index + 0.5) * self.step

    def y(self, value: float) -> float:
        return self.top + self.tall * (1 - value / self.highest)

    def open(self, title: str) -> str:
        size = f"0 0 {self.left + self.width + 6} {self.top + self.tall + 20}"
        return f'<svg viewBox="{size}" role="img" class="chart"><title>{escape(title)}</title>'

    def grid(self) -> str:
        parts = [
            f'<path d="M{self.left} {self.y(tick):.1f}h{self.width}" stroke="#000" stroke-opacity=".1"/>'
            f'<text x="{self.left - 4}" y="{self.y(tick) + 3.5:.1f}" text-anchor="end">{say_bound(tick)}</text>'
            for tick in self.ticks
        ]
        parts.append(f'<text x="{self.left - 4}" y="{self.top + self.tall + 3.5:.1f}" text-anchor="end">0</text>')
        return "".join([*parts, f'<path d="M{self.left} {self.top + self.tall}h{self.width}" stroke="#777"/>'])

    def label_months(self) -> str:
        """The names of at most seven months: Januaries, or also quarters where there are few years."""
        for every in (1, 3, 6, 12, 24, 36, 60, 120):
            named = [(i, m["month"]) for i, m in enumerate(self.months) if _count_months(m["month"]) % every == 0]
            if len(named) <= 7:
                break
        parts = []
        for index, month in named:
            x, bottom = self.x(index), self.top + self.tall
            anchor = "end" if x > self.left + self.width - 12 else "middle"
            parts.append(
                f'<path d="M{x:.1f} {bottom}v3" stroke="#777"/><text x="{x + 10 * (anchor == "end"):.1f}" '
                f'y="{bottom + 14}" text-anchor="{anchor}">{_short(month)}</text>'
            )
        return "".join(parts)

    def line(self, values: list[float | None], *, stroke: str, stroke_width: float) -> str:
        """A line through what is known, broken where it is not."""
        steps = []
        for index, value in enumerate(values):
            if value is not None:
                is_first = index == 0 or values[index - 1] is None
                steps.append(f"{'M' if is_first else 'L'}{self.x(index):.1f} {self.y(value):.1f}")
        return f'<path d="{"".join(steps)}" stroke="{stroke}" stroke-width="{stroke_width}" fill="none"/>'


def _choose_grid(highest: float, *, n_most: int) -> list[int]:
    """Round numbers up to the highest, at most so many, in steps of 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(max(highest / (n_most + 1), 1)))
    step = next(factor * power for factor in (1, 2, 5, 10) if highest < (n_most + 1) * factor * power)
    return list(range(step, math.floor(highest) + 1, step))


def _count_months(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7]) - 1


def _mark(month: dict[str, Any], *, x: float, y: float) -> str:
    """A dot for a month, or a triangle pointing to where it stands out."""
    said = f"{month['month']}: {say_number(month['n_incidents'])}"
    if month["expected"] is not None:
        said += f", expected {_count(month['low'])} to {_count(month['high'])}"
    if month["signal"] is None:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.2" fill="#1d2630"><title>{said}</title></circle>'
    turned, colour = (1, MORE) if "above" in month["signal"] else (-1, FEWER)
    return (
        f'<path d="M{x:.1f} {y - 6 * turned:.1f}l5.5 {9 * turned}h-11z" fill="{colour}" stroke="#fff">'
        f"<title>{said}: {escape(month['signal'])} the limits</title></path>"
    )


def choose_span(rows: list[dict[str, Any]]) -> float:
    """How many times more or fewer a scale of ratios reaches: 2, 4 or 8, as the limits of the rows ask for."""
    limits = [row[key] for row in rows for key in ("ratio", "low", "high") if row[key]]
    farthest = max((max(limit, 1 / limit) for limit in limits), default=2.0)
    return next((span for span in (2.0, 4.0) if farthest <= span), 8.0)


def draw_ratio(row: dict[str, Any], *, span: float, is_found: bool) -> str:
    """A ratio as a dot and its limits as a whisker on a logarithmic scale with a line at 1.

    What reaches beyond the scale ends in an arrow head.

    Args:
        row: `ratio`, `low` and `high`; the first or the last missing where it is without bound.
        span: From 1 / span to span.
        is_found: Whether more than chance is in it: the dot is then filled.
    """
    wide, middle = 120.0, 9.0
    low = 0.0 if row["low"] is None else row["low"]
    high = math.inf if row["high"] is None else row["high"]
    if row["ratio"] is None and row["low"] is None:
        return ""

    def at(value: float) -> float:
        place = math.log(value) / math.log(span) if 0 < value < math.inf else math.copysign(2, value - 1)
        return 5 + (wide - 10) * (min(max(place, -1), 1) + 1) / 2

    ticks = "".join(
        f'<path d="M{at(tick):.1f} 1v16" stroke="#d9d9d3"/>' for tick in choose_ratio_ticks(span) if tick != 1
    )
    parts = [
        f'<svg viewBox="0 0 {wide:.0f} 18" class="ratio" aria-hidden="true">{ticks}',
        f'<path d="M{at(1):.1f} 0v18" stroke="#1d2630" stroke-width="1.2"/>',
        f'<path d="M{at(low):.1f} {middle}H{at(high):.1f}" stroke="#1d2630" stroke-width="2"/>',
    ]
    if low < 1 / span:
        parts.append(f'<path d="M0 {middle}l6 -4v8z" fill="#1d2630"/>')
    if high > span:
        parts.append(f'<path d="M{wide:.0f} {middle}l-6 -4v8z" fill="#1d2630"/>')
    if row["ratio"] and 1 / span <= row["ratio"] <= span:
        colour = "#fff" if not is_found else MORE if row["ratio"] > 1 else FEWER
        parts.append(
            f'<circle cx="{at(row["ratio"]):.1f}" cy="{middle}" r="4" fill="{colour}" stroke="#1d2630" '
            'stroke-width="1.5"/>'
        )
    return "".join([*parts, "</svg>"])


def draw_ratio_scale(*, span: float) -> str:
    """The scale over a column of ratios."""
    labels = "".join(
        f'<text x="{min(max(5 + 110 * (math.log(tick) / math.log(span) + 1) / 2, 8), 114):.1f}" y="10" '
        f'text-anchor="middle">{say_bound(tick)}</text>'
        for tick in choose_ratio_ticks(span)
    )
    return f'<svg viewBox="0 0 120 13" class="ratio" role="img"><title>Scale of the ratio</title>{labels}</svg>'


def choose_ratio_ticks(span: float) -> list[float]:
    """What is marked on a scale from 1 / span to span."""
    return [0.5, 1, 2] if span == 2 else [0.25, 1, 4]


def draw_concentration(repeats: dict[str, Any]) -> str:
    """The share of incidents at the busiest places against their share of places, beside what chance gives.

    Args:
        repeats: The `repeats` of a summary, with a `curve`.
    """
    left, top, side = 34, 8, 190

    def trace(points: list[list[float]]) -> str:
        return "M" + "L".join(f"{left + side * x:.1f} {top + side * (1 - y):.1f}" for x, y in points)

    parts = [
        f'<svg viewBox="0 0 {left + side + 16} {top + side + 34}" role="img" class="chart">',
        "<title>Share of incidents at the busiest places</title>",
        f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="#fff" stroke="#d9d9d3"/>',
    ]
    for percent in (0, 25, 50, 75, 100):
        x, y = left + side * percent / 100, top + side * (1 - percent / 100)
        if 0 < percent < 100:
            parts.append(f'<path d="M{x} {top}v{side}M{left} {y}h{side}" stroke="#eceae4"/>')
        parts.append(f'<text x="{left - 4}" y="{y + 3.5}" text-anchor="end">{percent}%</text>')
        parts.append(f'<text x="{x}" y="{top + side + 13}" text-anchor="middle">{percent}%</text>')
    parts.append(
        f'<text x="{left + side / 2}" y="{top + side + 28}" text-anchor="middle">of places, busiest first</text>'
    )
    parts.append(f'<path d="{trace(repeats["chance_curve"])}" fill="none" stroke="#5a6470" stroke-dasharray="4 3"/>')
    parts.append(f'<path d="{trace(repeats["curve"])}" fill="none" stroke="{HOTSPOT}" stroke-width="2"/>')
    for share in repeats["place_shares"]:
        x, y = left + side * share["place_share"], top + side * (1 - share["incident_share"])
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{HOTSPOT}" stroke="#fff"/>')
    return "".join([*parts, "</svg>"])


def draw_strip(profile: dict[str, Any]) -> str | None:
    """The hours of the week as a picture of a few pixels, Monday on top, as a data URI; its scale is its own.

    Nothing is drawn of fewer incidents than cells, each of which would be seen.

    Args:
        profile: That of a ward or the like.
    """
    hours = profile["cell_hours"]
    if not profile["available"] or profile["n_timed"] < 168 / hours:
        return None
    cells = [[sum(day[start : start + hours]) for start in range(0, 24, hours)] for day in profile["counts"]]
    breaks = choose_breaks(max(max(day) for day in cells))
    colours = [_EMPTY, *SEQUENTIAL[len(SEQUENTIAL) - len(breaks) :]]
    rows = b"".join(bytes([0, *(sum(n >= bound for bound in breaks) for n in day)]) for day in cells)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 24 // hours, 7, 8, 3, 0, 0, 0)),
        (b"PLTE", b"".join(bytes.fromhex(colour[1:]) for colour in colours)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
