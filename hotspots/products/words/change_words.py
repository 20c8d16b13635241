"""What changed, in the words of the map, the tables and the terminal."""

from __future__ import annotations

from typing import Any

from hotspots.products.pages import list_changed
from hotspots.products.words.phrases import say_limits, say_list, say_ratio

_N_WARDS_NAMED = 3
_WITH_LAST_YEAR = (("r12", "before"), ("12-weeks", "last year"), ("3-months", "last year"))
_WITH_BEFORE = (("12-weeks", "before"), ("3-months", "before"))
"""The comparisons that a hot spot is shown with: a long and a short one with a year before, or else the one before."""


def choose_main_comparison(changes: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The comparison to look at first: R12, or else the longest with last year, or else the longest; None of none."""
    able = [change for change in changes if change["available"]]
    return max(
        able,
        key=lambda change: (change["key"] == "r12", change["against"] == "last year", change["days_current"]),
        default=None,
    )


def say_counts(row: dict[str, Any], change: dict[str, Any]) -> str:
    """A row of a comparison: "98 against 45, 2.2 times as many (1.4 to 3.6): deteriorating".

    Where the windows are of unequal length it is "times as many a day".
    """
    counts = f"{row['n_current']:,} against {row['n_earlier']:,}"
    ratio, limits = split_ratio(row)
    if not ratio:
        return f"{counts}: {row['verdict']}"
    said = f"{counts}, {ratio} times as many{say_unit(change)}"
    return f"{said} ({limits}): {row['verdict']}" if limits else f"{said}: {row['verdict']}"


def split_ratio(row: dict[str, Any]) -> tuple[str, str]:
    """A ratio and its limits as text, each empty where there is none."""
    said = say_ratio(row)
    return ("", "") if said == "-" else (said.partition(" (")[0], say_limits(row))


def say_unit(change: dict[str, Any]) -> str:
    """What to add to "times as many": " a day" where the windows are of unequal length."""
    return " a day" if change["days_current"] != change["days_earlier"] else ""


def say_label(change: dict[str, Any]) -> str:
    """A comparison in a list of those against the same: "12 months (R12): 1 ward"."""
    n = len(list_changed(change, "wards"))
    label = f"{change['label']} (R12)" if change["key"] == "r12" else change["label"]
    return f"{label}: {n or 'no'} ward{'s' if n != 1 else ''}"


def count_changed(change: dict[str, Any], of: str = "wards") -> str:
    """How many of the wards or hot spots changed, as a sentence without its end."""
    n, n_compared = len(list_changed(change, of)), change[f"n_{of}_compared"]
    noun = {"wards": "ward", "hotspots": "hot spot"}[of]
    if n == 0:
        return f"No {noun} changed by more than chance"
    return f"{n} of {n_compared} {noun}{'s' if n_compared != 1 else ''} changed by more than chance"


def name_changed_wards(change: dict[str, Any]) -> str:
    """The wards of a comparison that changed, the surest first: "Downham improving and 2 more"; empty of none."""
    changed = list_changed(change, "wards")
    names = [f"{row['name']} {row['verdict']}" for row in changed[:_N_WARDS_NAMED]]
    n_more = len(changed) - len(names)
    return say_list([*names, f"{n_more} more"] if n_more else names)


def say_main_change(summary: dict[str, Any]) -> str | None:
    """The area and its wards by the comparison to look at first, in a line; None where nothing can be compared."""
    change = choose_main_comparison(summary["changes"])
    if change is None:
        return None
    area = change["area"]
    counts = f"{area['n_current']:,} against {area['n_earlier']:,}, {area['verdict']}"
    wards = name_changed_wards(change) or "none changed by more than chance"
    return f"{change['words']}: {counts}" + (f"; wards: {wards}" if len(change["wards"]) > 1 else "")


def explain_no_change(summary: dict[str, Any]) -> str:
    """Why nothing can be compared, by the shortest comparison."""
    shortest = summary["changes"][0]
    return f"cannot be told, not even for {shortest['words']}. {shortest['reason']}"


def say_hotspot_change(rank: int, summary: dict[str, Any]) -> str:
    """How one hot spot changed, by the comparisons that are fair to it, the same ones for all; empty of none."""
    by_key = {(change["key"], change["against"]): change for change in summary["changes"] if change["hotspots"]}

    def say(keys: tuple[tuple[str, str], ...]) -> str:
        able = [by_key[key] for key in keys if key in by_key]
        rows = [(change, row) for change in able for row in change["hotspots"] if row["rank"] == rank]
        return "; ".join(f"{change['label']}, {say_counts(row, change)}" for change, row in rows)

    if said := say(_WITH_LAST_YEAR):
        return f"against a year before: {said}"
    said = say(_WITH_BEFORE)
    return f"against the time before: {said}" if said else ""


def say_season(season: dict[str, Any]) -> str:
    """The time of year that stands out, with its limits; empty of none."""
    window = season["window"]
    return f"{window['words']} ({say_limits(window)})" if window else ""
