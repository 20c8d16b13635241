"""What the map says at each shape: HTML with the texts of the sources escaped, or plain text."""

from __future__ import annotations

from html import escape
from typing import Any

from hotspots.pipeline import Analysis
from hotspots.products.words import (
    say_count,
    say_harm,
    say_hotspot_change,
    say_hours_ratio,
    say_list,
    say_number,
    say_share,
    say_sum,
    say_why,
)


def describe_shapes(analysis: Analysis, summary: dict[str, Any]) -> dict[str, list[str]]:
    """What the page shows at each shape: HTML with the texts of the sources escaped; ward names as they are."""
    wards = {ward["code"]: ward for ward in summary["wards"]}
    texts = {
        "wards": [_ward_text(wards[code], summary) for code in analysis.wards.index],
        "names": [wards[code]["name"] for code in analysis.wards.index],
        "hotspots": [_hotspot_text(hotspot, summary) for hotspot in summary["hotspots"]],
    }
    if summary["havens"]:
        texts["havens"] = [_haven_text(haven, summary) for haven in summary["havens"]["havens"]]
    return texts


def _ward_text(ward: dict[str, Any], summary: dict[str, Any]) -> str:
    borough = f", {escape(ward['borough'])}" if ward["borough"] else ""
    peaks = (ward["profile"] or {"peaks": []})["peaks"]
    busiest = f"<br>busiest {escape(peaks[0]['words'])} ({say_share(peaks[0]['share'])})" if peaks else ""
    return (
        f"<b>{escape(ward['name'])}</b>{borough}<br>{say_count(ward['n_incidents'], summary)}, rank {ward['rank']} of "
        f"{len(summary['wards'])}<br>{say_number(ward['density_per_km2'], 1)} per km²{busiest}"
    )


def _hotspot_text(hotspot: dict[str, Any], summary: dict[str, Any]) -> str:
    peak, havens = hotspot["peak"], hotspot["havens"]
    if peak:
        when = f"{peak['words']} ({say_share(peak['share'])} of those with a time)"
    elif summary["profile"]["available"]:
        when = "no clear peak"
    else:
        when = f"not known ({summary['profile']['reason']})"
    quiet = next(hours["quiet"] for hours in summary["hotspot_profiles"] if hours["rank"] == hotspot["rank"])
    near = ""
    if havens:
        near = f"{say_share(havens['share_within_reach'])} within {summary['havens']['reach_m']:g} m of one"
        if havens["share_open_within_reach"] is not None:
            near += f", {say_share(havens['share_open_within_reach'])} of one open at the time"
    rows = {
        "Incidents": f"{say_number(hotspot['n_incidents'])} ({say_share(hotspot['share'])} of all), on "
        f"{say_number(hotspot['n_places'])} distinct point{'s' if hotspot['n_places'] != 1 else ''}",
        "Expected": f"{say_number(hotspot['expected_low'])} to {say_number(hotspot['expected_high'])} in another such "
        "period",
        "How sure": say_why(hotspot),
        "Over time": hotspot["persistence"] if hotspot["persistence"] not in (None, "none") else "",
        "Change": say_hotspot_change(hotspot["rank"], summary),
        "Harm": say_harm(hotspot["harm"], summary["harm"]),
        "Per 1,000 residents": f"about {hotspot['rate_per_1000']:g} a year" if hotspot["rate_per_1000"] else "",
        "Area": f"{hotspot['area_km2'] * 100:.1f} hectares",
        "Peak": when,
        "Quiet": "; ".join(f"{window['words']} ({say_share(window['share'])})" for window in quiet),
        "Top streets": "; ".join(f"{x['location']} ({x['n_incidents']})" for x in hotspot["locations"])
        or f"not in the source; {hotspot['place']}",
        "Kinds of place": "; ".join(f"{x['kind']} ({x['n_incidents']})" for x in hotspot["location_kinds"]),
        "Wards": say_list([ward["name"] for ward in hotspot["wards"]]),
        "Safe havens": near,
    }
    lines = "".join(f"<tr><th>{key}</th><td>{escape(value)}</td></tr>" for key, value in rows.items() if value)
    return f'<b class="popup-title">Hot spot {hotspot["rank"]}</b><table class="popup">{lines}</table>'


def _haven_text(haven: dict[str, Any], summary: dict[str, Any]) -> str:
    return (
        f"<b>{escape(haven['name'] or 'Safe haven')}</b><br>{escape(haven['kind'] or 'kind not given')}<br>"
        f"{escape(haven['opening_hours'] or 'hours not known')}<br>"
        f"{say_count(haven['n_incidents'], summary)} within {summary['havens']['reach_m']:g} m"
    )


SHIFT_ROWS = ("Incidents", "Hours", "Whole week", "Area", "Top streets", "Wards")


def list_shift_values(hotspot: dict[str, Any]) -> list[str]:
    """What the page says of `SHIFT_ROWS`, as plain text."""
    points = f"{say_number(hotspot['n_places'])} distinct point{'s' if hotspot['n_places'] != 1 else ''}"
    also = "no hot spot" if hotspot["week_rank"] is None else f"hot spot {hotspot['week_rank']}"
    return [
        f"{say_sum(hotspot['n_incidents'])} in these hours ({say_share(hotspot['share'])} of them), on {points}",
        say_hours_ratio(hotspot),
        f"{say_share(hotspot['share_of_week'])} of all; {also}",
        f"{hotspot['area_km2'] * 100:.1f} hectares",
        "; ".join(f"{x['location']} ({say_sum(x['n_incidents'])})" for x in hotspot["locations"])
        or f"not in the source; {hotspot['place']}",
        say_list([ward["name"] for ward in hotspot["wards"]]),
    ]
