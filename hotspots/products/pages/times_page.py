"""The page about time: hours of the week, calendar, season, change and repeats, in words, tables and charts."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from hotspots.products.drawing import (
    choose_ratio_ticks,
    choose_span,
    draw_concentration,
    draw_ratio,
    draw_ratio_scale,
    draw_rolling,
    draw_series,
    draw_strip,
    draw_week,
)
from hotspots.products.words import (
    NO_CHANGE,
    choose_comparisons,
    make_environment,
    say,
    say_bound,
)

_N_FIRST_WARDS = 15


def draw_times(summary: dict[str, Any]) -> str:
    """The page about when the incidents of a run happen, as HTML.

    Args:
        summary: That of the run.
    """
    plural, series, repeats = summary["crime_plural"], summary["series"], summary["repeats"]
    profile, conditions, changes = summary["profile"], summary["conditions"], summary["changes"]
    chosen = choose_comparisons(changes)
    environment = make_environment()
    environment.filters["strip"] = draw_strip
    known = [month for month in series["months"] if month["n_incidents"] is not None]
    ranked = [ward for ward in summary["wards"] if ward["n_incidents"]]
    incident_files = [file["path"] for file in summary["inputs"] if file["table"] == "incidents"]
    able_conditions = [split for split in conditions if split["available"]]
    able_changes = [change | change["area"] for change in changes if change["available"]]
    # what is marked safe here was escaped where it was made
    return environment.get_template("times.html").render(
        s=summary,
        place=say("places.area", summary),
        facts=describe_times(summary),
        week=Markup(draw_week(profile, plural=plural)) if profile["available"] else None,
        first_wards=ranked[:_N_FIRST_WARDS],
        more_wards=ranked[_N_FIRST_WARDS:],
        hotspots=_join_hotspots(summary),
        condition_rows=_draw_ratios(able_conditions),
        condition_scale=Markup(draw_ratio_scale(span=choose_span(able_conditions))),
        withheld=group_withheld(conditions),
        condition_ticks=_say_ticks(able_conditions),
        months=Markup(draw_series(series["months"], plural=plural)) if known else None,
        n_part_months=sum(month["n_incidents"] is None and not month["gap"] for month in series["months"]),
        gap_months=[month for month in series["months"] if month["gap"]],
        rolling_months=[month for month in series["months"] if month["rolling"] is not None],
        rolling=_draw_rolling(series["months"], plural=plural),
        change_rows=_draw_ratios(able_changes),
        change_scale=Markup(draw_ratio_scale(span=choose_span(able_changes))),
        change_ticks=_say_ticks(able_changes),
        chosen=chosen,
        whole=_choose_whole(chosen),
        no_change=NO_CHANGE,
        curve=Markup(draw_concentration(repeats)) if repeats["curve"] and repeats["chance_curve"] else None,
        sources=[
            incident_files[0] if len(incident_files) == 1 else f"{len(incident_files)} files from {incident_files[0]}",
            *(file["path"] for file in summary["inputs"] if file["table"] not in ("incidents", "safe havens")),
        ],
        is_snapped="anonymised" in summary["location_precision"],
    )


def group_withheld(conditions: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The labels of the conditions of which nothing is said, by the reason in a sentence."""
    groups: dict[str, list[str]] = {}
    for split in conditions:
        if not split["available"]:
            groups.setdefault(split["explanation"], []).append(split["label"])
    return groups


def describe_times(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """What there is to know in short: a heading and a sentence each."""
    chosen = choose_comparisons(summary["changes"])
    return [
        ("Hours", say("times.hours", summary)),
        ("Calendar", say("times.calendar", summary)),
        ("Season and trend", say("times.months", summary)),
        ("Change", say("times.change", summary, chosen)),
        ("Wards", say("times.wards", chosen)),
        ("Near repeats", say("times.near_repeats", summary)),
    ]


def _choose_whole(chosen: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The comparison of which every ward is listed: R12, or else the longest that is available."""
    able = [change for change in chosen if change["available"]]
    return max(able, key=lambda change: (change["key"] == "r12", change["days_current"])) if able else None


def _join_hotspots(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Each hot spot with its hours."""
    profiles = {profile["rank"]: profile for profile in summary["hotspot_profiles"]}
    return [hotspot | {"profile": profiles.get(hotspot["rank"])} for hotspot in summary["hotspots"]]


def _draw_ratios(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    span = choose_span(rows)
    return [row | {"picture": Markup(draw_ratio(row, span=span, is_found=_is_found(row)))} for row in rows]


def _is_found(row: dict[str, Any]) -> bool:
    """Whether a condition or a comparison shows more than chance."""
    return bool(row["verdict"] != NO_CHANGE if "verdict" in row else row["is_significant"])


def _say_ticks(rows: list[dict[str, Any]]) -> list[str]:
    return [say_bound(tick) for tick in choose_ratio_ticks(choose_span(rows)) if tick != 1]


def _draw_rolling(months: list[dict[str, Any]], *, plural: str) -> Markup | None:
    """A line, where there are two points or more to draw it through."""
    n_known = sum(month["rolling"] is not None for month in months)
    return Markup(draw_rolling(months, plural=plural)) if n_known > 1 else None
