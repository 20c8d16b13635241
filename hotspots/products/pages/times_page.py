"""The page about time: hours of the week, calendar, season, change and repeats, in words, tables and charts."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from hotspots.house import HouseStyle
from hotspots.products.drawing import (
    Ratio,
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
from hotspots.products.summary import ConditionSummary, RunSummary, choose_main_change
from hotspots.products.words import make_environment, say, say_bound, say_each, say_list

_N_FIRST_WARDS = 15


def draw_times(summary: RunSummary, *, house: HouseStyle | None = None) -> str:
    """The page about when the incidents of a run happen, as HTML."""
    plural, repeats = summary.crime_plural, summary.repeats
    months = summary.series.months
    rolling = [month for month in months if month.rolling is not None]
    ranked = [ward for ward in summary.wards if ward.n_incidents]
    conditions = [split for split in summary.conditions if split.available]
    changes = [change for change in summary.changes if change.available]
    # what is marked safe here was escaped where it was made
    return (
        make_environment()
        .get_template("times.html")
        .render(
            s=summary,
            house=house,
            draw_strip=draw_strip,
            draw_ratio=_draw_ratio,
            draw_scale=_draw_scale,
            say_ticks=_say_ticks,
            place=say("places.area", summary),
            facts=describe_times(summary),
            week=Markup(draw_week(summary.profile, plural=plural)) if summary.profile.available else None,
            first_wards=ranked[:_N_FIRST_WARDS],
            more_wards=ranked[_N_FIRST_WARDS:],
            hotspots=list(zip(summary.hotspots, summary.hotspot_profiles, strict=True)),
            condition_rows=conditions,
            condition_span=choose_span(conditions),
            withheld=group_withheld(summary.conditions),
            months=Markup(draw_series(months, plural=plural))
            if any(month.n_incidents is not None for month in months)
            else None,
            n_part_months=sum(month.n_incidents is None and not month.gap for month in months),
            gap_months=[month for month in months if month.gap],
            rolling_months=rolling,
            # a line takes two points
            rolling=Markup(draw_rolling(months, plural=plural)) if len(rolling) > 1 else None,
            change_rows=changes,
            change_span=choose_span([change.area for change in changes if change.area]),
            whole=choose_main_change(summary.shown_changes),
            curve=Markup(draw_concentration(repeats)) if repeats.curve and repeats.chance_curve else None,
            is_snapped="anonymised" in summary.location_precision,
        )
    )


def group_withheld(conditions: Sequence[ConditionSummary]) -> dict[str | None, list[str]]:
    """The labels of the conditions of which nothing is said, by the reason in a sentence."""
    groups: dict[str | None, list[str]] = {}
    for split in conditions:
        if not split.available:
            groups.setdefault(split.explanation, []).append(split.label)
    return groups


def describe_times(summary: RunSummary) -> list[tuple[str, str]]:
    """What there is to know in short: a heading and a sentence each."""
    return [
        *(("Dates", sentence) for sentence in say_each("times.reported", summary)),
        ("Hours", say("times.hours", summary)),
        ("Calendar", say("times.calendar", summary)),
        ("Season and trend", say("times.months", summary)),
        ("Change", say("times.change", summary)),
        ("Wards", say("times.wards", summary)),
        ("Near repeats", say("times.near_repeats", summary)),
    ]


def _draw_ratio(row: Ratio, span: float) -> Markup:
    return Markup(draw_ratio(row, span=span))


def _draw_scale(span: float) -> Markup:
    return Markup(draw_ratio_scale(span=span))


def _say_ticks(span: float) -> str:
    return say_list([say_bound(tick) for tick in choose_ratio_ticks(span) if tick != 1])
