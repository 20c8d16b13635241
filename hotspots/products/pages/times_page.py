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
    make_environment,
    say_bound,
    say_change,
    say_distance_band,
    say_limits,
    say_list,
    say_month,
    say_p,
    say_place,
    say_ratio,
    say_round_share,
    say_share,
    say_verdict,
)

NO_CHANGE = "no apparent change"
_N_FIRST_WARDS = 15
_N_WARDS_NAMED = 4
_N_RECENT_MONTHS = 3
_N_COMPARISONS_IN_SHORT = 2
_WORD_BEFORE = {"darkness": "in"}
_BESIDE_R12 = ("4-weeks", "1-month", "12-weeks", "3-months")
"""The comparisons with last year shown for wards and hot spots; the first that is available is also in short."""


def draw_times(summary: dict[str, Any]) -> str:
    """The page about when the incidents of a run happen, as HTML.

    Args:
        summary: That of the run.
    """
    plural, series, repeats = summary["crime_plural"], summary["series"], summary["repeats"]
    profile, conditions, changes = summary["profile"], summary["conditions"], summary["changes"]
    chosen = choose_comparisons(changes)
    environment = make_environment()
    environment.filters |= {
        "p": say_p,
        "ratio": say_ratio,
        "limits": say_limits,
        "percent": say_change,
        "month": say_month,
        "strip": draw_strip,
        "round_share": say_round_share,
        "verdict": say_verdict,
        "band": say_distance_band,
    }
    known = [month for month in series["months"] if month["n_incidents"] is not None]
    ranked = [ward for ward in summary["wards"] if ward["n_incidents"]]
    incident_files = [file["path"] for file in summary["inputs"] if file["table"] == "incidents"]
    able_conditions = [split for split in conditions if split["available"]]
    able_changes = [change | change["area"] for change in changes if change["available"]]
    # what is marked safe here was escaped where it was made
    return environment.get_template("times.html").render(
        s=summary,
        place=say_place(summary),
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


def group_withheld(conditions: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The labels of the conditions of which nothing is said, by the reason in a sentence."""
    groups: dict[str, list[str]] = {}
    for split in conditions:
        if not split["available"]:
            groups.setdefault(split["explanation"], []).append(split["label"])
    return groups


def describe_times(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """What there is to know in short: a heading and a sentence each, at most six."""
    parts = (_tell_hours, _tell_calendar, _tell_months, _tell_change, _tell_wards, _tell_repeats)
    return [part(summary) for part in parts]


def _tell_hours(summary: dict[str, Any]) -> tuple[str, str]:
    profile = summary["profile"]
    if not profile["available"]:
        return "Hours", f"withheld ({profile['reason']}). {profile['explanation']}"

    def say(windows: list[dict[str, Any]]) -> str:
        return say_list(
            [
                f"{window['words']} ({say_share(window['share'])} of {summary['crime_plural']} in "
                f"{say_share(window['week_share'])} of the week)"
                for window in windows
            ]
        )

    told = (
        f"busiest {say(profile['peaks'])}" if profile["peaks"] else "none far busier than the rest by more than chance"
    )
    return "Hours", f"{told}; quiet {say(profile['quiet'])}." if profile["quiet"] else f"{told}."


def _tell_calendar(summary: dict[str, Any]) -> tuple[str, str]:
    able = [split for split in summary["conditions"] if split["available"]]
    found = [split for split in able if split["is_significant"]]
    if not able:
        reasons = group_withheld(summary["conditions"])
        more = " Other reasons are given below." if len(reasons) > 1 else ""
        return "Calendar", f"withheld. {max(reasons, key=lambda reason: len(reasons[reason]))}{more}"
    if not found:
        return "Calendar", f"no difference shown for {say_list([split['label'] for split in able])}."
    told = [
        f"{split['ratio']:.2f} times as many {_WORD_BEFORE.get(split['name'], 'on')} {split['label']} as "
        f"{split['against']} ({split['low']:.2f} to {split['high']:.2f})"
        for split in found
    ]
    return "Calendar", f"{'; '.join(told)}."


def _tell_months(summary: dict[str, Any]) -> tuple[str, str]:
    season, series = summary["season"], summary["series"]
    if season["available"]:
        window = season["window"]
        told = "no season shown" if window is None else f"{window['words']} ({say_limits(window)})"
        trend = season["trend"]
        told += "; no trend can be told" if trend is None else f"; {trend['words']}"
        told += f", over {season['n_months']} months with data"
    else:
        told = f"withheld. {season['explanation']}".rstrip(".")
    recent = [month["month"] for month in series["months"][-_N_RECENT_MONTHS:] if month["signal"]]
    if recent:
        told += f"; {say_list([say_month(month) for month in recent])} outside the limits of what was to be expected"
    return "Season and trend", f"{told}."


def _tell_change(summary: dict[str, Any]) -> tuple[str, str]:
    chosen = choose_comparisons(summary["changes"])
    able = [change for change in chosen if change["available"]]
    told = [
        f"{change['area']['verdict']} in {change['words']} ({change['area']['n_current']:,} against "
        f"{change['area']['n_earlier']:,}, {_say_times_as_many(change['area'], change)})"
        for change in able[:_N_COMPARISONS_IN_SHORT]
    ]
    if not told:
        reasons = dict.fromkeys(change["reason"] for change in chosen if change["reason"])
        return "Change", f"cannot be told. {' '.join(reasons)}"
    has_season = all(change["key"] != "r12" and change["against"] == "before" for change in able)
    return "Change", f"{'; '.join(told)}.{' The season is part of such a change.' if has_season else ''}"


def _tell_wards(summary: dict[str, Any]) -> tuple[str, str]:
    able = [change for change in choose_comparisons(summary["changes"]) if change["available"]]
    if not able:
        return "Wards", "change cannot be told, as for the whole area."
    told = []
    for change in able:
        changed = list_changed(change, "wards")
        if changed:
            names = [
                f"{row['name']} {row['verdict']} ({row['n_current']:,} against {row['n_earlier']:,})"
                for row in changed[:_N_WARDS_NAMED]
            ]
            n_more = len(changed) - _N_WARDS_NAMED
            more = [f"{n_more} more"] if n_more > 0 else []
            told.append(f"{say_list([*names, *more])} in {change['words']}")
    if told:
        return "Wards", f"{'; '.join(told)}."
    n_wards = max(change["n_wards_compared"] for change in able)
    return "Wards", (
        f"none of {n_wards} changed by more than chance, over {say_list([change['label'] for change in able])}."
    )


def _tell_repeats(summary: dict[str, Any]) -> tuple[str, str]:
    found = summary["near_repeat"]
    if not found["available"]:
        return "Near repeats", f"withheld ({found['reason']}). {found['explanation']}"
    sentences = found["words"].removesuffix(".").split(". ")
    # pairs of one day may be victims of one offence, and must not stand for offences that follow each other
    told = [sentences[0], *(sentence for sentence in sentences[1:2] if "pairs are of one day" in sentence)]
    said = ". ".join(told)
    return "Near repeats", f"{said[0].lower()}{said[1:]}."


def _say_times_as_many(row: dict[str, Any], change: dict[str, Any]) -> str:
    """How many times as many, with limits, without brackets since it stands in some."""
    a_day = " a day" if change["days_current"] != change["days_earlier"] else ""
    ratio, _, _ = say_ratio(row).partition(" (")
    return f"{ratio} times as many{a_day}" + (f", {say_limits(row)}" if row["ratio"] is not None else "")


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
