"""Colours and class breaks: one sequential scale that colour-blind readers can tell apart, in round numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

INK, SOFT = "#1d2630", "#5a6470"
"""Of letters and of what stands out; of what is beside it, such as what chance gives."""
BARS = "#8d9aa5"
"""Of totals, and of lines between points."""
EMPTY, GAP_FILL, GAP_LINES = "#f4f4f1", "#eceae4", "#a9a69c"
"""Below the lowest class; and hatched, where nothing is known."""
BAND = "#dfe7ec"
"""Between the limits of what is expected."""

# YlGnBu, five classes, light to dark. Source: Brewer, C. A., ColorBrewer 2.0 (Apache 2.0).
SEQUENTIAL = ("#c7e9b4", "#7fcdbb", "#41b6c4", "#2c7fb8", "#253494")
HOTSPOT = "#b3005e"
PATROL = "#14213d"
HAVEN = "#e66100"
GAP = "#a63f00"
FACILITY = "#00695c"
OUTSIDE = "#eceae4"
HALF = "#1a1a1a"
SIGNIFICANT = "#6a3d9a"
QUIET = "#2c7fb8"
EXPECTED = ("#fdae61", "#d94701", "#7f0000")
"""Of the widest share of the area first; brighter where less is to be expected."""
# Blues and oranges of PuOr and RdBu. Source: Brewer, C. A., ColorBrewer 2.0 (Apache 2.0).
VERDICTS = {
    "clearly improving": "#2166ac",
    "improving": "#92c5de",
    "deteriorating": "#fdb863",
    "clearly deteriorating": "#b35806",
}
"""Of a change by more than chance; anything else has no colour."""
MORE, FEWER = VERDICTS["clearly deteriorating"], VERDICTS["clearly improving"]
"""Of what rose and fell; a symbol or a word says the same for those who cannot tell them apart."""
RINGS = {"treated": "#f0c3da", "control": "#bcd9ee"}
"""Around the areas of an operation."""

STREETS = ("#fd8d3c", "#d94701", "#7f2704")
STREET_WIDTHS = (3.5, 5.0, 7.0)
"""Of busy streets, by incidents per kilometre: darker and wider for more. Oranges of Brewer, ColorBrewer 2.0."""

StreetClasses = list[tuple[float, str, float]]
"""Lower bounds, colours and widths (pixels) of the classes of streets, ascending."""

# PuOr. Source: Brewer, C. A., ColorBrewer 2.0 (Apache 2.0).
FEELINGS = {"unsafe": "#b35806", "safe": "#542788"}
RECORDED = {"much": "#b3005e", "little": "#c7dbe8"}
AGREEMENT_COLOURS = {
    "feels unsafe, little crime": "#fdb863",
    "feels safe, much crime": "#8073ac",
    "feels unsafe, much crime": "#7f3b08",
    "feels safe, little crime": "#d8daeb",
}
"""Of what young people marked, of what is recorded, and of both: the two that differ are neither dark nor pale."""
UNCLEAR = "#b9bab5"

Classes = list[tuple[float, str]]
"""Lower bounds and colours of the classes of a map, ascending."""


def choose_breaks(highest: float) -> list[float]:
    """Lower bounds of the classes, from the series 1, 2, 5, 10 ..., so that the top class is in use.

    Roughly doubling steps suit crime, which is thin almost everywhere and thick in a few places; equal steps
    would colour one cell in a thousand.

    Returns:
        Ascending lower bounds, at most one a colour; empty where `highest` is not above 0.
    """
    if not highest > 0:
        return []
    n_classes = len(SEQUENTIAL)
    exponent = math.floor(math.log10(highest)) + 1
    series = [step * 10.0**power for power in range(exponent - n_classes, exponent + 1) for step in (1, 2, 5)]
    return [round(value, 10) for value in series if value < highest][-n_classes:]


def choose_colours(breaks: list[float]) -> tuple[str, ...]:
    """The colours of the classes: the darkest is for the highest."""
    return SEQUENTIAL[len(SEQUENTIAL) - len(breaks) :]


def colour_of(value: float, breaks: list[float]) -> str | None:
    """The colour of the class that holds a value; None below the lowest class."""
    position = sum(value >= bound for bound in breaks)
    return choose_colours(breaks)[position - 1] if position else None


def choose_classes(highest: float) -> Classes:
    """Classes in roughly doubling steps; none where there is nothing to show."""
    breaks = choose_breaks(highest)
    return list(zip(breaks, choose_colours(breaks), strict=True))


def choose_street_classes(rates: Sequence[float]) -> StreetClasses:
    """Classes of streets, at most three, in roughly doubling steps from below the lowest rate; none without streets.

    Args:
        rates: Of the streets that are drawn, above 0.
    """
    if not rates:
        return []
    breaks = [bound for bound in choose_breaks(max(rates)) if bound <= max(rates)][-len(STREETS) :]
    first = [0.0, *breaks[1:]]
    styles = list(zip(STREETS, STREET_WIDTHS, strict=True))[len(STREETS) - len(first) :]
    return [(bound, colour, width) for bound, (colour, width) in zip(first, styles, strict=True)]


def choose_wide_classes(highest: float | None) -> Classes:
    """Classes in steps of about three: the quiet parts of the week share them with the busy ones."""
    if not highest:
        return []
    exponent = math.floor(math.log10(highest))
    series = [step * 10.0**power for power in range(exponent - len(SEQUENTIAL), exponent + 1) for step in (1, 3)]
    breaks = [round(value, 10) for value in series if value < highest][-len(SEQUENTIAL) :]
    return list(zip(breaks, SEQUENTIAL, strict=True))
