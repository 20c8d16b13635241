"""Tables for Excel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hotspots.products.summary import (
    ChangeSummary,
    HavenGapsSummary,
    HavenSitesSummary,
    HotspotSummary,
    PatrolPlaceSummary,
    RunSummary,
    WardName,
    encode,
)
from hotspots.products.words import say, say_status, say_sum

if TYPE_CHECKING:  # a run needs nothing of it
    from hotspots.products.summary import PerformanceSummary

ALL_WARDS = "all"
"""The code of all wards together in tables of areas."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a CSV that Excel opens as what it is: with a byte-order mark, and no text taken for a formula."""
    text = frame.select_dtypes(include=["object", "string", "category"]).columns
    guarded = frame.assign(**{column: frame[column].map(_guard, na_action="ignore") for column in text})
    guarded.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def _guard(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def tabulate_patrol_places(summary: RunSummary) -> pd.DataFrame:
    """One row a place to patrol, as the summary states it, in columns that a spreadsheet can hold."""
    measured = ["rank", "place", "n_incidents", "n_places", "share", "area_km2", "expected", "expected_low"]
    measured += ["expected_high", "rank_low", "rank_high", "is_significant", "harm", "certainty"]
    measured += ["easting", "northing", "grid_reference", "latitude", "longitude"]
    return _tabulate(summary.patrols.places if summary.patrols else (), measured, summary)


def tabulate_hotspots(summary: RunSummary) -> pd.DataFrame:
    """One row a hot spot, as the summary states it, in columns that a spreadsheet can hold."""
    measured = ["rank", "place", "n_incidents", "n_places", "share", "area_km2", "density_per_km2"]
    measured += ["expected", "expected_low", "expected_high", "rank_low", "rank_high", "gi_star", "gi_star_p"]
    measured += [
        "is_significant",
        "stability",
        "persistence",
        "ambient",
        "ambient_p",
        "is_excess",
        "harm",
        "residents",
        "rate_per_1000",
    ]
    measured += ["sureness", "certainty", "easting", "northing", "grid_reference", "latitude", "longitude"]
    return _tabulate(summary.hotspots, measured, summary)


def _tabulate(
    places: Sequence[HotspotSummary] | Sequence[PatrolPlaceSummary], measured: list[str], summary: RunSummary
) -> pd.DataFrame:
    """A row for each place: what is measured, its names and hours, and what the run was of."""
    columns = [
        *measured,
        *("ward_codes", "wards", "top_locations", "location_kinds", "peak", "peak_share"),
        *("haven_share_within_reach", "haven_share_open_within_reach"),
        *("crime", "period_start", "period_end", "data_status", "sharing"),
    ]
    rows = [
        {
            **{name: getattr(hotspot, name) for name in measured},
            **_name_wards(hotspot.wards),
            "top_locations": "; ".join(f"{one.location} ({one.n_incidents})" for one in hotspot.locations),
            "location_kinds": "; ".join(f"{one.kind} ({one.n_incidents})" for one in hotspot.location_kinds),
            "peak": hotspot.peak and hotspot.peak.words,
            "peak_share": hotspot.peak and hotspot.peak.share,
            "haven_share_within_reach": hotspot.havens and hotspot.havens.share_within_reach,
            "haven_share_open_within_reach": hotspot.havens and hotspot.havens.share_open_within_reach,
            **describe_run(summary),
        }
        for hotspot in places
    ]
    table = pd.DataFrame(rows, columns=columns)
    texts, numbers = ["grid_reference", "peak", "persistence"], ["harm", "residents", "rate_per_1000", "peak_share"]
    numbers += ["haven_share_within_reach", "haven_share_open_within_reach"]
    kinds = dict.fromkeys(texts, "object") | dict.fromkeys(numbers, "float64")
    return table.astype({name: kind for name, kind in kinds.items() if name in table})


def tabulate_shifts(summary: RunSummary) -> pd.DataFrame:
    """One row a hot spot of a part of the week; a part without one has a row that says how much falls in it, and why.

    Kept apart from the hot spots of the whole week, since their incidents are counted there as well.
    """
    measured = ["rank", "place", "n_incidents", "n_places", "share", "share_of_week", "hours_share", "elsewhere_share"]
    measured += ["ratio", "week_rank", "area_km2", "easting", "northing", "grid_reference", "latitude", "longitude"]
    columns = [
        *("shift", "hours", "week_share", "shift_n_incidents", "shift_share", "shift_pace"),
        *("places_differ", "places_differ_p", *measured, "ward_codes", "wards", "top_locations", "note"),
        *("crime", "period_start", "period_end", "data_status", "sharing"),
    ]
    rows = []
    for part in summary.shifts.parts:
        common = {
            "shift": part.label,
            "hours": part.words,
            "week_share": part.week_share,
            "shift_n_incidents": part.n_incidents,
            "shift_share": part.share,
            "shift_pace": part.pace,
            "places_differ": part.difference and part.difference.is_different,
            "places_differ_p": part.difference and part.difference.p_adjusted,
            **describe_run(summary),
        }
        rows += [
            {
                **common,
                **{name: getattr(hotspot, name) for name in measured},
                **_name_wards(hotspot.wards),
                "top_locations": "; ".join(f"{one.location} ({say_sum(one.n_incidents)})" for one in hotspot.locations),
            }
            for hotspot in part.hotspots
        ] or [{**common, "note": part.reason or "No place is dense enough in these hours to be shown as a hot spot."}]
    whole = ["rank", "n_places", "week_rank", "easting", "northing"]
    texts = ["place", "grid_reference", "ward_codes", "wards", "top_locations", "note"]
    fractions = ["n_incidents", "share", "share_of_week", "hours_share", "elsewhere_share", "ratio", "area_km2"]
    fractions += ["latitude", "longitude"]
    return pd.DataFrame(rows, columns=columns).astype(
        dict.fromkeys(whole, "Int64")
        | dict.fromkeys(texts, "object")
        | dict.fromkeys([*fractions, "places_differ_p"], "float64")
        | {"places_differ": "boolean"}
    )


def tabulate_haven_gaps(found: HavenGapsSummary, summary: RunSummary) -> pd.DataFrame:
    """One row a place to patrol and part of the week without an open safe haven, as the summary states it."""
    measured = ["rank", "place_rank", "place", "part", "part_words", "n_without", "nearest", "nearest_m"]
    columns = [*measured, "reach_m", "crime", "period_start", "period_end", "data_status", "sharing"]
    rows = [
        {**{name: getattr(gap, name) for name in measured}, "reach_m": found.reach_m, **describe_run(summary)}
        for gap in found.gaps
    ]
    table = pd.DataFrame(rows, columns=columns).rename(columns={"part_words": "hours"})
    return table.astype({"n_without": "Float64", "nearest_m": "Float64", "nearest": "object"})


def tabulate_haven_sites(found: HavenSitesSummary, summary: RunSummary) -> pd.DataFrame:
    """One row a candidate that would help most as a safe haven, as the summary states it."""
    measured = ["letter", "label", "kind", "opening_hours", "ward", "n_gained", "covered_share"]
    measured += ["easting", "northing", "grid_reference", "latitude", "longitude"]
    columns = ["id", *measured, "crime", "period_start", "period_end", "data_status", "sharing"]
    rows = [
        {"id": site.site_id, **{name: getattr(site, name) for name in measured}, **describe_run(summary)}
        for site in found.sites
    ]
    texts = dict.fromkeys(("kind", "opening_hours", "ward", "grid_reference"), "object")
    return pd.DataFrame(rows, columns=columns).astype({"n_gained": "Float64", "covered_share": "Float64"} | texts)


def tabulate_facilities(summary: RunSummary) -> pd.DataFrame:
    """One row for each of the premises, stations, schools and parks with enough incidents to be named, by kind."""
    measured = ["rank", "name", "ward", "n_incidents", "share", "expected_low", "expected_high", "is_risky"]
    measured += ["easting", "northing", "latitude", "longitude"]
    columns = ["kind", "id", *measured, "hours", "reach_m", "n_of_kind", "usual"]
    columns += ["crime", "period_start", "period_end", "data_status", "sharing"]
    rows = [
        {
            "kind": say("facilities.kind", kind.kind),
            "id": one.id,
            **{name: getattr(one, name) for name in measured},
            "hours": say("facilities.hours", kind),
            "reach_m": kind.reach_m,
            "n_of_kind": kind.n_facilities,
            "usual": kind.usual,
            **describe_run(summary),
        }
        for kind in summary.facilities
        for one in kind.facilities
    ]
    return pd.DataFrame(rows, columns=columns).astype({"name": "object", "ward": "object"})


def tabulate_hot_streets(summary: RunSummary) -> pd.DataFrame:
    """One row a run of busy streets, as the summary states it."""
    measured = ["rank", "name", "street", "kind", "n_incidents", "share", "n_segments", "length_m", "n_per_km"]
    measured += ["latitude", "longitude"]
    columns = [*measured, "point_means", "crime", "period_start", "period_end", "data_status", "sharing"]
    streets = summary.streets
    rows = [
        {
            **{name: getattr(run, name) for name in measured},
            "point_means": "street" if streets is not None and streets.is_anonymised else "place",
            **describe_run(summary),
        }
        for run in (streets.runs if streets is not None else ())
    ]
    return pd.DataFrame(rows, columns=columns).astype({"street": "object", "kind": "object"})


def tabulate_wards(summary: RunSummary) -> pd.DataFrame:
    """One row a ward, with its busiest hours in words and its change in twelve months; missing where not known."""
    table = pd.DataFrame(map(encode, summary.wards)).drop(columns="profile")
    profiles = [ward.profile for ward in summary.wards]
    peaks = [profile.peaks[0].words if profile and profile.peaks else None for profile in profiles]
    r12 = next((change for change in summary.changes if change.key == "r12" and change.available), None)
    rows = {row.code: encode(row) for row in r12.wards or ()} if r12 else {}
    changed = [rows.get(ward.code, {}) for ward in summary.wards]
    return table.rename(columns={"code": "ward_code", "name": "ward_name"}).assign(
        peak=pd.Series(peaks, dtype="object"),
        r12_current=pd.array([row.get("n_current") for row in changed], dtype="Int64"),
        r12_earlier=pd.array([row.get("n_earlier") for row in changed], dtype="Int64"),
        r12_ratio=pd.array([row.get("ratio") for row in changed], dtype="Float64"),
        r12_verdict=pd.Series([row.get("verdict") for row in changed], dtype="object"),
    )


def tabulate_changes(summary: RunSummary) -> pd.DataFrame:
    """One row a comparison that can be made of all wards together, and one a ward for the comparison to look at first.

    Shorter windows of single wards hold few incidents each, and are told on the page of times where they say something.
    """
    rows = [
        {
            "comparison": change.key,
            "label": change.label,
            "against": change.against,
            "area_code": code,
            "area": name,
            "current_start": change.current[0],
            "current_end": change.current[1],
            "earlier_start": change.earlier[0],
            "earlier_end": change.earlier[1],
            **row,
        }
        for change, code, name, row in _list_changed(summary)
    ]
    columns = ["comparison", "label", "against", "area_code", "area", "current_start", "current_end"]
    columns += ["earlier_start", "earlier_end", "n_current", "n_earlier", "percent", "ratio", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "p_adjusted", "verdict"]).astype(
        {"percent": "Int64"} | dict.fromkeys(("ratio", "low", "high"), "Float64")
    )


def _list_changed(summary: RunSummary) -> list[tuple[ChangeSummary, str, str, dict[str, Any]]]:
    """The comparison, and code, name and change of the area: all wards first."""
    changes = [(one, ALL_WARDS, "All wards", encode(one.area)) for one in summary.changes if one.area is not None]
    if (main := summary.main_change) is not None:
        changes += [(main, ward.code, ward.name, encode(ward.change)) for ward in main.wards or ()]
    return changes


def tabulate_months(summary: RunSummary) -> pd.DataFrame:
    """One row a month that is known, by its first day, with those before the period."""
    rows = [{**encode(month), "month": dt.date.fromisoformat(f"{month.month}-01")} for month in summary.series.months]
    columns = ["month", "n_incidents", "gap", "rolling", "trend", "expected", "low", "high", "signal"]
    kinds = {"n_incidents": "Int64"} | dict.fromkeys(("rolling", "trend", "expected", "low", "high"), "Float64")
    return pd.DataFrame(rows, columns=columns).astype(kinds | dict.fromkeys(("gap", "signal"), "object"))


def tabulate_havens(summary: RunSummary) -> pd.DataFrame:
    """One row a safe haven; its number of incidents is missing where it is too small to be shown."""
    columns = ["id", "name", "kind", "opening_hours", "n_incidents"]
    rows = map(encode, summary.havens.havens if summary.havens else ())
    return pd.DataFrame(rows, columns=columns).astype({"n_incidents": "Int64"})


def tabulate_marked_places(summary: RunSummary) -> pd.DataFrame:
    """One row a place of Safety Maps where both feeling and crime are clear."""
    columns = ["rank", "place", "ward", "agreement", "n_marks", "n_unsafe", "unsafe_share", "n_incidents"]
    columns += ["usual_incidents", "latitude", "longitude"]
    rows = map(encode, summary.perception.places if summary.perception else ())
    return pd.DataFrame(rows, columns=columns).astype({"n_incidents": "Int64"})


_SHARING = {"tasking": "ordinary", "partner": "partners only", "public": "public"}


def describe_run(summary: RunSummary) -> dict[str, str]:
    """What a row of any table is of: crime, days, and whether it may be relied on and shared."""
    return {
        "crime": summary.crime,
        "period_start": summary.period.start.isoformat(),
        "period_end": summary.period.end.isoformat(),
        "data_status": say_status(summary.data_status) or "ordinary",
        "sharing": "not to be shared" if summary.not_to_share else _SHARING[summary.handling.audience],
    }


def _name_wards(wards: Sequence[WardName]) -> dict[str, str]:
    return {
        "ward_codes": "; ".join(ward.code for ward in wards),
        "wards": "; ".join(ward.name for ward in wards),
    }


def tabulate_indicators(summary: PerformanceSummary) -> pd.DataFrame:
    """One row an indicator, in the columns that partnerships print."""
    rows = []
    for indicator in summary.indicators:
        change, peers = indicator.change, indicator.peers
        rows.append(
            {
                "indicator": indicator.label,
                "previous_12_months": change and change.n_previous,
                "current_12_months": indicator.n_current,
                "months_with_data": indicator.n_months,
                "change_percent": change and change.percent,
                "ratio": change and change.ratio,
                "ratio_low": change and change.low,
                "ratio_high": change and change.high,
                "verdict": change and change.verdict,
                "target": indicator.target,
                "status": indicator.status,
                "rate": peers and peers.rate,
                "rank_among_peers": peers and peers.rank,
                "rank_low": peers and peers.rank_low,
                "rank_high": peers and peers.rank_high,
                "n_areas": peers and peers.n_areas,
                "explanation": indicator.reason,
                "crime": indicator.crime,
                "period_start": indicator.current[0].isoformat(),
                "period_end": indicator.current[1].isoformat(),
                "data_status": say_status(summary.data_status) or "ordinary",
            }
        )
    counts = dict.fromkeys(
        ("previous_12_months", "change_percent", "rank_among_peers", "rank_low", "rank_high", "n_areas"), "Int64"
    )
    return pd.DataFrame(rows).astype(counts)
