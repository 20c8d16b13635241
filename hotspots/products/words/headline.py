"""Which of many comparisons a product speaks of first."""

from __future__ import annotations

from typing import Any

from hotspots.analysis.change import VERDICTS

NO_CHANGE = VERDICTS[2]


def choose_main_comparison(changes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The comparison to look at first: R12, or else the longest with last year, or else the longest; None of none."""
    able = [change for change in changes if change["available"]]
    return max(
        able,
        key=lambda change: (change["key"] == "r12", change["against"] == "last year", change["days_current"]),
        default=None,
    )


def list_changed(change: dict[str, Any], of: str) -> list[dict[str, Any]]:
    """The wards or hot spots of a comparison that changed by more than chance, the surest first."""
    changed = [row for row in change[of] or [] if row["verdict"] != NO_CHANGE]
    return sorted(changed, key=lambda row: row["p_adjusted"])
