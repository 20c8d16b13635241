"""Charts of costs as SVG, on scales of powers of ten: what takes a second stands beside what takes an hour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from hotspots.products.drawing.colours import HOTSPOT, QUIET

_GREY = "#777"
_COLOURS = (HOTSPOT, QUIET, _GREY, "#000")
_ROW, _LABEL, _TOP = 24, 270, 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Values to places in a picture, by their logarithms, from one power of ten to another.

    Attributes:
        low, high: Exponents of ten.
        first, last: Where they are.
    """

    low: int
    high: int
    first: float
    last: float

    @classmethod
    def covering(cls, values: Sequence[float], first: float, last: float) -> Scale:
        """One that holds these values, all above 0."""
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls(low=low, high=max(high, low + 1), first=first, last=last)

    def place(self, value: float) -> float:
        """Where a value is."""
        return self.first + (math.log10(value) - self.low) / (self.high - self.low) * (self.last - self.first)

    @property
    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [10.0**power for power in range(self.low, self.high + 1)]


def draw_dots(titles: Sequence[str], rows: Sequence[tuple[str, Sequence[Mapping[str, float]]]]) -> str:
    """A row of dots for each label, in a panel for each title; names of dots are told by their colour.

    Args:
        titles: Of the panels.
        rows: A label, and for each panel the values by name.
    """
    names = list(dict.fromkeys(name for _, panels in rows for values in panels for name in values))
    width, bottom = 230, _TOP + _ROW * len(rows)
    parts = []
    for index, title in enumerate(titles):
        left = _LABEL + index * (width + 40)
        values = [value for _, panels in rows for value in panels[index].values()]
        scale = Scale.covering(values, left, left + width)
        parts.append(f'<text x="{left}" y="{_TOP - 22}" font-weight="600">{escape(title)}</text>')
        for tick in scale.ticks:
            x = scale.place(tick)
            parts.append(f'<path d="M{x:.1f} {_TOP - 4}V{bottom}" stroke="#000" stroke-opacity=".12"/>')
            parts.append(f'<text x="{x:.1f}" y="{_TOP - 8}" text-anchor="middle" fill="{_GREY}">{_say(tick)}</text>')
        for number, (_, panels) in enumerate(rows):
            y = _TOP + _ROW * (number + 0.5)
            places = [scale.place(value) for value in panels[index].values()]
            parts.append(f'<path d="M{min(places):.1f} {y}H{max(places):.1f}" stroke="{_GREY}" stroke-width="1.5"/>')
            for name, value in panels[index].items():
                parts.append(
                    f'<circle cx="{scale.place(value):.1f}" cy="{y}" r="5" fill="{_COLOURS[names.index(name)]}">'
                    f"<title>{escape(name)}: {value:,.3g}</title></circle>"
                )
    for number, (label, _) in enumerate(rows):
        parts.append(f'<text x="0" y="{_TOP + _ROW * (number + 0.5) + 4}">{escape(label)}</text>')
    for number, name in enumerate(names):
        x = 190 * number
        parts.append(f'<circle cx="{x + 5}" cy="{bottom + 18}" r="5" fill="{_COLOURS[number]}"/>')
        parts.append(f'<text x="{x + 16}" y="{bottom + 22}">{escape(name)}</text>')
    return _frame(_LABEL + len(titles) * (width + 40), bottom + 32, ", ".join(titles), parts)


def draw_lines(titles: Sequence[str], columns: Sequence[tuple[str, Sequence[float], Sequence[Sequence[float]]]]) -> str:
    """Small charts side by side: a column for each thing that grows, a row for each title, all rows on one scale.

    Args:
        titles: What is measured: of the rows.
        columns: The name of what grows, how much there is of it, and for each row what that costs.
    """
    width, tall, gap, left = 120, 110, 44, 64
    parts = []
    for row, title in enumerate(titles):
        top = 34 + row * (tall + 66)
        costs = [value for _, _, rows in columns for value in rows[row]]
        up = Scale.covering(costs, top + tall, top)
        parts.append(f'<text x="0" y="{top - 12}" font-weight="600">{escape(title)}</text>')
        for tick in up.ticks:
            y = up.place(tick)
            parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{_GREY}">{_say(tick)}</text>')
        for index, (name, sizes, rows) in enumerate(columns):
            start = left + index * (width + gap)
            across = Scale.covering(sizes, start, start + width)
            for tick in up.ticks:
                y = up.place(tick)
                parts.append(f'<path d="M{start} {y:.1f}h{width}" stroke="#000" stroke-opacity=".12"/>')
            points = [(across.place(size), up.place(cost)) for size, cost in zip(sizes, rows[row], strict=True)]
            line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            parts.append(f'<polyline points="{line}" fill="none" stroke="{HOTSPOT}" stroke-width="2"/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{HOTSPOT}"/>' for x, y in points]
            for size in (sizes[0], sizes[-1]):
                x = across.place(size)
                parts.append(
                    f'<text x="{x:.1f}" y="{top + tall + 15}" text-anchor="middle" fill="{_GREY}">{_say(size)}</text>'
                )
            middle = start + width / 2
            parts.append(f'<text x="{middle}" y="{top + tall + 29}" text-anchor="middle">{escape(name)}</text>')
    return _frame(left + len(columns) * (width + gap), 34 + len(titles) * (tall + 66) - 24, "How costs grow", parts)


def _say(value: float) -> str:
    """A number of an axis in full, as far as it has digits."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _frame(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """A picture that can be read on a dark page as well."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-12 -4 {width + 24:.0f} {height + 8:.0f}" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>{escape(title)}</title>'
        f'<rect x="-12" y="-4" width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )
