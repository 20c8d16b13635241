"""What the map shows and says of change, for each comparison of two windows of time."""

from __future__ import annotations

from typing import Any

from hotspots.analysis.change import VERDICTS
from hotspots.pipeline import Analysis
from hotspots.products.drawing import VERDICTS as COLOURS
from hotspots.products.words import count_changed, list_changed, say_unit, say_verdict, split_ratio

_N_CHANGED_TOLD = 5


def list_verdicts() -> list[dict[str, Any]]:
    """Each verdict with its colour, None for no change, and its sign."""
    return [{"words": word, "colour": COLOURS.get(word), "sign": say_verdict(word)[1]} for word in VERDICTS]


def view_change(change: dict[str, Any], analysis: Analysis) -> dict[str, Any]:
    """What the map shows of a comparison: numbers and verdict of each ward, in the order of their shapes.

    Put into words by the page, as `say_counts` does, since the words of many wards and comparisons would be long.
    """
    index = {verdict["words"]: position for position, verdict in enumerate(list_verdicts())}
    rows = {row["code"]: row for row in change["wards"]}
    return {
        "words": change["words"],
        "unit": say_unit(change),
        "told": count_changed(change),
        "rows": [
            [row["n_current"], row["n_earlier"], *split_ratio(row), index[row["verdict"]]]
            for row in (rows[code] for code in analysis.wards.index)
        ],
    }


def tell_changes(comparisons: list[dict[str, Any]], chosen: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the panel says of the comparisons that wards are shown for: the longest first, with wards that changed."""
    told = []
    able = [change for change in chosen if change["available"]]
    for change in sorted(able, key=lambda change: -change["days_current"]):
        changed = list_changed(change, "wards")
        n_more = len(changed) - _N_CHANGED_TOLD
        rest = f"and {n_more} more ward{'s' if n_more > 1 else ''}" if n_more > 0 else ""
        told.append(
            {
                "position": comparisons.index(change),
                "words": change["words"],
                "unit": say_unit(change),
                "rows": [{"name": "All together"} | change["area"], *changed[:_N_CHANGED_TOLD]],
                "rest": rest if changed else count_changed(change),
            }
        )
    return told
