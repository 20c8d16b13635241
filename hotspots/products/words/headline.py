"""Which of many comparisons a product speaks of first."""

from __future__ import annotations

from typing import Any

from hotspots.analysis.change import VERDICTS

NO_CHANGE = VERDICTS[2]
_BESIDE_R12 = ("4-weeks", "1-month", "12-weeks", "3-months")
"""The comparisons with last year shown for wards and hot spots; the first that is available is also in short."""


def choose_main_comparison(changes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The comparison to look at first: R12, or else the longest with last year, or else the longest; None of none."""
    able = [change for change in changes if change["available"]]
    return max(
        able,
        key=lambda change: (change["key"] == "r12", change["against"] == "last year", change["days_current"]),
        default=None,
    )


def choose_comparisons(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The comparisons that wards and hot spots are shown for: R12, and the shorter ones against last year.

    Where none of these can be made, those with the time just before, which hold the season too.
    """
    ordered = sorted(changes, key=lambda change: change["key"] != "r12")
    chosen = [
        change
        for change in ordered
        if change["key"] == "r12" or (change["against"] == "last year" and change["key"] in _BESIDE_R12)
    ]
    if any(change["available"] for change in chosen):
        return chosen
    return [change for change in ordered if change["available"] and change["key"] in _BESIDE_R12] or chosen


def list_changed(change: dict[str, Any], of: str) -> list[dict[str, Any]]:
    """The wards or hot spots of a comparison that changed by more than chance, the surest first."""
    changed = [row for row in change[of] or [] if row["verdict"] != NO_CHANGE]
    return sorted(changed, key=lambda row: row["p_adjusted"])
