"""What the map shows of change, for each comparison of two windows of time."""

from __future__ import annotations

from typing import Any

from hotspots.analysis.change import VERDICTS
from hotspots.pipeline import Analysis
from hotspots.products.drawing import VERDICTS as COLOURS
from hotspots.products.summary import ChangeSummary, RunSummary
from hotspots.products.words import say, say_verdict, split_estimate


def list_verdicts() -> list[dict[str, Any]]:
    """Each verdict with its colour, None for no change, and its sign."""
    return [
        {"words": say("map.direction", word), "colour": COLOURS.get(word), "sign": say_verdict(word)[1]}
        for word in VERDICTS
    ]


def view_change(change: ChangeSummary, analysis: Analysis) -> dict[str, Any]:
    """What the map shows of a comparison: numbers and verdict of each ward, in the order of their shapes.

    Put into words by the page, as `change.counts` does, since the words of many wards and comparisons would be long.
    """
    changes = {row.code: row.change for row in change.wards or ()}
    unit = say("change.unit", change)
    return {
        "key": _name(change),
        "words": say("change.windows", change),
        "unit": f" {unit}" if unit else "",
        "told": say("change.n_changed", change),
        "rows": [
            [
                row.n_current,
                row.n_earlier,
                *split_estimate(row.ratio, row.low, row.high),
                VERDICTS.index(row.verdict),
            ]
            for row in (changes[code] for code in analysis.wards.index)
        ],
    }


def view_periods(
    comparisons: list[ChangeSummary], drawn: list[dict[str, str]], summary: RunSummary
) -> list[dict[str, Any]]:
    """The pictures of both periods of each comparison that is drawn, and what is said beside them.

    `change` is the position of the comparison among those whose change by ward is shown.
    """
    if summary.periods is None:
        return []
    positions = {(change.key, change.against): at for at, change in enumerate(comparisons)}
    compared = [positions[one.key, one.against] for one in summary.periods.compared]
    return [
        {
            **images,
            "change": at,
            "label": say("map.pair", comparisons[at]),
            "words": say("map.compared", comparisons[at], summary),
            "days": {side: say("map.days", getattr(comparisons[at], side)) for side in images},
        }
        for at, images in zip(compared, drawn, strict=True)
    ]


def say_changed(summary: RunSummary) -> dict[str, Any]:
    """What the answer says of change: in the whole week, and in each part of it where that is known."""
    found = summary.part_changes
    parts = {part.key: part for part in summary.shifts.parts}
    return {
        "week": say("map.changed", summary),
        "parts": {
            one.key: say("map.changed_in_part", parts[one.key], one.change, summary)
            for one in (found.parts if found and found.parts else ())
            if one.key in parts  # not one is, where incidents are known to an area only
        },
    }


def _name(change: ChangeSummary) -> str:
    """What an address calls it: "r12-before"."""
    return f"{change.key}-{change.against.replace(' ', '-')}"
