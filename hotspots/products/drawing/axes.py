"""What charts as SVG have in common: the picture's frame, round numbers, and a panel with numbers from 0 up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from hotspots.products.words import say_bound, say_number

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def open_svg(width: float, height: float, title: str, *, css: str = "chart") -> str:
    """The beginning of a picture, with its text alternative."""
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" class="{css}"><title>{escape(title)}</title>'


def choose_ticks(highest: float, *, n_most: int = 3) -> list[int]:
    """Round numbers up to the highest, at most so many, in steps of 1, 2 or 5 times a power of ten."""
    power = 10 ** math.floor(math.log10(max(highest / n_most, 1)))
    step = next(factor * power for factor in (1, 2, 5, 10) if n_most * factor * power >= highest)
    return list(range(step, math.floor(highest) + 1, step))


def leave_room(ticks: Sequence[int]) -> int:
    """How wide the numbers beside an axis are."""
    return 4 + 8 * max([3, *(len(say_bound(tick)) for tick in ticks)])


class Panel:
    """The part of a chart that a series is drawn in, with numbers from 0 up on its left.

    Args:
        left, top, width, tall: Where it is in the picture.
        highest: The number at its top.
        ticks: The numbers that have a line.
    """

    def __init__(
        self, *, left: float, top: float, width: float, tall: float, highest: float, ticks: Sequence[int]
    ) -> None:
        self.left, self.top, self.width, self.tall = left, top, width, tall
        self.highest, self.ticks = highest, ticks
        self.bottom = top + tall

    def y(self, value: float) -> float:
        """How far down a number is."""
        return self.top + self.tall * (1 - value / self.highest)

    def draw_grid(self) -> str:
        """A line for each tick, with its number."""
        return "".join(
            f'<path d="M{self.left} {self.y(tick):.1f}h{self.width}" stroke="#000" stroke-opacity=".1"/>'
            f'<text x="{self.left - 4}" y="{self.y(tick) + 3.5:.1f}" text-anchor="end">{say_bound(tick)}</text>'
            for tick in self.ticks
        )

    def draw_base(self) -> str:
        """The line at 0."""
        return f'<path d="M{self.left} {self.bottom}h{self.width}" stroke="#777"/>'


def say_short_month(month: str) -> str:
    """A month beside an axis: "Jan 26"."""
    return f"{_MONTHS[int(month[5:7]) - 1]} {month[2:4]}"


def say_tenth(n: float) -> str:
    """A number in the hint of a mark: whole where it is, else to a tenth."""
    return say_number(n, 0 if abs(n - round(n)) < 0.05 else 1)
