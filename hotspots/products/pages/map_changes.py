"""What the map shows of change, for each comparison of two windows of time."""

from __future__ import annotations

from typing import Any

from hotspots.analysis.change import VERDICTS
from hotspots.pipeline import Analysis
from hotspots.products.drawing import VERDICTS as COLOURS
from hotspots.products.summary import ChangeSummary
from hotspots.products.words import say, say_verdict, split_estimate


def list_verdicts() -> list[dict[str, Any]]:
    """Each verdict with its colour, None for no change, and its sign."""
    return [{"words": word, "colour": COLOURS.get(word), "sign": say_verdict(word)[1]} for word in VERDICTS]


def view_change(change: ChangeSummary, analysis: Analysis) -> dict[str, Any]:
    """What the map shows of a comparison: numbers and verdict of each ward, in the order of their shapes.

    Put into words by the page, as `change.counts` does, since the words of many wards and comparisons would be long.
    """
    changes = {row.code: row.change for row in change.wards or ()}
    unit = say("change.unit", change)
    return {
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
