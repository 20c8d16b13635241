"""What the map says of places, wards, safe havens and hours, as data for its script."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from hotspots.pipeline import Analysis
from hotspots.products.drawing import MapDrawing, draw_stretches, to_degrees
from hotspots.products.summary import PatrolPlaceSummary, RunSummary, ShiftHotspotSummary
from hotspots.products.words import say, say_each, say_verdict

SHIFT_ROWS = ("Incidents", "Hours", "Whole week", "Area", "Top streets", "Middle", "Wards")
"""What is said of a hot spot of a part of the week."""

Fact = tuple[str, str]
"""A heading and what is said under it."""

_NOT_COMPARED = "\N{MIDDLE DOT}"
_DEGREE_DIGITS, _RATE_DIGITS, _HOUR_DIGITS = 5, 3, 4
_SPOT_WORDS = {"school": "School", "station": "Station", "green": "Park", "water": "Water"}
_FAIR = (("r12", "before"), ("longest", "last year"), ("12-weeks", "last year"), ("3-months", "last year"))
"""Comparisons by which a place may be said to have changed, the longest first."""


def split_facts(lines: list[str]) -> list[Fact]:
    """Lines as "Heading: text" to their two parts."""
    pairs = (line.partition(":") for line in lines)
    return [(heading.strip(), text.strip()) for heading, _, text in pairs]


def list_shift_values(hotspot: ShiftHotspotSummary) -> list[str]:
    """What the map says of `SHIFT_ROWS`."""
    return [text for _, text in split_facts(say_each("popups.shift_hotspot", hotspot))]


def view_week(summary: RunSummary) -> dict[str, Any] | None:
    """What to expect by hour, and the parts of the week; None where hours are not known.

    `number` is the position of a part among those that divide the week, or None of the hours that were asked for.
    """
    patrols = summary.patrols
    if patrols is None or patrols.week is None or not summary.shifts.parts:
        return None
    parts: list[dict[str, Any]] = []
    part_of_hour = [0] * len(patrols.week)
    for part in summary.shifts.parts:
        hours = [
            ((day * 24 + part.start_hour) + at) % len(patrols.week) for day in part.days for at in range(part.n_hours)
        ]
        number = None if part.key == "chosen" else sum(one["number"] is not None for one in parts)
        parts.append({"key": part.key, "label": part.label, "words": part.words, "hours": hours, "number": number})
        if number is not None:
            for hour in hours:
                part_of_hour[hour] = number
    return {"expected": [round(one, _HOUR_DIGITS) for one in patrols.week], "part": part_of_hour, "parts": parts}


def view_places(analysis: Analysis, summary: RunSummary, drawing: MapDrawing) -> list[dict[str, Any]]:
    """Each place to patrol: what it is called, what is expected there, and what its card says."""
    places = summary.patrols.places if summary.patrols else ()
    outlines = [place.outline for place in analysis.places.patrol_places]
    network = analysis.study.network
    stretches = draw_stretches(network, outlines, analysis.wards.crs) if network and outlines else [[]] * len(places)
    positions = {haven.id: at for at, haven in enumerate(summary.havens.havens)} if summary.havens else {}
    return [
        {
            "rank": place.rank,
            "name": say("map.place_name", place),
            "wards": [ward.code for ward in place.wards],
            "at": [round(number, _DEGREE_DIGITS) for number in at],
            "weekly": round(place.expected / _count_weeks(analysis), _RATE_DIGITS),
            "byPart": None if place.by_part is None else [round(one, _RATE_DIGITS) for one in place.by_part],
            "near": None
            if place.near_havens is None
            else [[positions[near.id], near.distance_m] for near in place.near_havens],
            "trend": _view_trend(place, summary),
            "facts": split_facts(say_each("popups.patrol", place, summary)),
            "known": split_facts(say_each("popups.patrol_known", place, summary)),
            "stretch": stretch,
        }
        for place, at, stretch in zip(places, drawing.numbers, stretches, strict=True)
    ]


def count_weekly(analysis: Analysis) -> float:
    """Incidents analysed in a week of those that the files speak for."""
    return len(analysis.incidents) / _count_weeks(analysis)


def _count_weeks(analysis: Analysis) -> float:
    return max(analysis.n_years * 365.25 / 7, 1 / 7)


def _view_trend(place: PatrolPlaceSummary, summary: RunSummary) -> dict[str, str]:
    """Whether it rose or fell, by the longest comparison that is fair to it."""
    for key, against in _FAIR:
        for change in summary.changes:
            if (change.key, change.against) == (key, against) and change.patrols:
                verdict = change.patrols[place.rank - 1].change.verdict
                return {"sign": say_verdict(verdict)[1], "words": say("map.trend", verdict)}
    return {"sign": _NOT_COMPARED, "words": say("map.trend", None)}


def say_no_trend(places: list[dict[str, Any]]) -> str | None:
    """What to say in place of a column of changes; None where a place has one to show."""
    told = {place["trend"]["words"] for place in places}
    is_compared = say("map.trend", "no apparent change") in told
    is_shown = told - {say("map.trend", None), say("map.trend", "no apparent change")}
    return None if is_shown else say("map.no_trend", is_compared)


def view_wards(analysis: Analysis, summary: RunSummary, drawing: MapDrawing) -> list[dict[str, Any]]:
    """Each ward in the order of the shapes: its name, where that goes, and what there is to say of it."""
    by_code = {ward.code: ward for ward in summary.wards}
    return [
        {
            "code": ward.code,
            "name": ward.name,
            "borough": ward.borough,
            "rank": ward.rank,
            "weekly": round(ward.n_incidents / _count_weeks(analysis), _RATE_DIGITS),
            "at": [round(number, _DEGREE_DIGITS) for number in at],
            "lines": say_each("popups.ward", ward, summary),
        }
        for ward, at in zip((by_code[code] for code in analysis.wards.index), drawing.names, strict=True)
    ]


def view_havens(summary: RunSummary) -> list[dict[str, Any]]:
    """Each safe haven: what it is called, what there is to say of it, and when it is open."""
    return [
        {
            "name": haven.name or say("map.unnamed_haven", summary),
            "lines": say_each("popups.haven", haven, summary),
            "week": haven.week,
        }
        for haven in (summary.havens.havens if summary.havens else ())
    ]


def view_clusters(summary: RunSummary) -> list[dict[str, Any]]:
    """What the card says of each hot spot that is drawn."""
    pairs = zip(summary.hotspots, summary.hotspot_profiles, strict=True)
    return [
        {
            "title": f"Hot spot {hotspot.rank}: {hotspot.place}",
            "facts": split_facts(say_each("popups.hotspot", hotspot, hours, summary)),
            "known": split_facts(say_each("popups.hotspot_known", hotspot, summary)),
        }
        for hotspot, hours in list(pairs)[: summary.published.n_hotspots_drawn]
    ]


def view_streets(summary: RunSummary) -> list[dict[str, Any]]:
    """What the card says of each busy street."""
    return [
        {"title": run.name, "facts": split_facts(say_each("popups.street", run, summary)), "known": []}
        for run in (summary.streets.runs if summary.streets else ())
    ]


def view_gaps(summary: RunSummary) -> list[dict[str, Any]]:
    """What the map says at each place that has hours without an open haven, in the order of its rings."""
    if summary.haven_gaps is None:
        return []
    by_place = [
        [gap for gap in summary.haven_gaps.gaps if gap.place_rank == rank] for rank in summary.haven_gaps.place_ranks
    ]
    return [
        {
            "title": f"No haven open: {gaps[0].place}",
            "facts": split_facts(say_each("run_havens.gap_popup", gaps, summary.crime_plural)),
            "known": [],
        }
        for gaps in by_place
    ]


def view_sites(summary: RunSummary) -> list[dict[str, Any]]:
    """What the map says at each suggested new haven."""
    return [
        {
            "title": f"Suggested new haven {site.letter}",
            "letter": site.letter,
            "facts": [("", line) for line in say_each("run_havens.site_popup", site, summary)],
            "known": [],
        }
        for site in (summary.haven_sites.sites if summary.haven_sites else ())
    ]


def view_facilities(summary: RunSummary) -> list[dict[str, Any]]:
    """What the map says at premises, stations, schools and parks."""
    return [
        {
            "title": say("facilities.name", one, kind),
            "lines": say_each("facilities.popup", one, kind, summary),
        }
        for kind in summary.facilities
        for one in kind.facilities
    ]


_APART_M = 200.0
"""Parts of one park, or two points for one school, lie nearer."""


def view_spots(analysis: Analysis, summary: RunSummary) -> list[dict[str, Any]]:
    """Schools, stations, parks and water of the area, to be found by name.

    `facility` is the position among `view_facilities` of what is said of it, or None.
    """
    features = analysis.study.base_features
    named = features[features["kind"].isin(list(_SPOT_WORDS)) & features["name"].notna()]
    kept = named[shapely.intersects(analysis.study_area, named.geometry.to_numpy())]
    group = kept.groupby(["kind", "name"], sort=False).ngroup().to_numpy()
    first = kept.drop_duplicates(["kind", "name"])
    # of two of a name that lie apart, it is not known which of them is told of
    apart = shapely.distance(kept.geometry.to_numpy(), first.geometry.to_numpy()[group]) > _APART_M
    kept = first.assign(is_alone=~np.isin(np.arange(len(first)), group[apart]))
    middles = to_degrees([shape.representative_point() for shape in kept.geometry], analysis.wards.crs)
    told = [(kind.kind, one.name) for kind in summary.facilities for one in kind.facilities]
    facilities = {key: at for at, key in reversed(list(enumerate(told)))}
    return [
        {
            "kind": _SPOT_WORDS[kind],
            "name": name,
            "at": [round(at.y, _DEGREE_DIGITS), round(at.x, _DEGREE_DIGITS)],
            "facility": facilities.get(("park" if kind == "green" else kind, name)) if is_alone else None,
        }
        for kind, name, at, is_alone in zip(kept["kind"], kept["name"], middles, kept["is_alone"], strict=True)
    ]


def list_words(summary: RunSummary) -> dict[str, Any]:
    """What the script says, with the names of what it fills in in braces."""

    def group(prefix: str, *names: str) -> dict[str, str]:
        return {name: say(f"map.{prefix}_{name}", summary) for name in names}

    states = ("any", "open", "part", "closed", "unknown")
    words: dict[str, Any] = {
        "week": say("map.week", summary),
        "everyDay": say("map.every_day", summary),
        "rate": group("rate", "often", "weekly", "seldom", "never"),
        "shortRate": group("short", "often", "weekly", "seldom", "never"),
        "answer": group("answer", "often", "weekly", "seldom", "never"),
        "ward": group("ward", "often", "weekly", "seldom", "never"),
        "wardChanged": say("map.ward_changed", summary),
        "partOf": say("map.part_of", summary),
        "notTheseHours": say("map.not_these_hours", summary),
        "density": {"earlier": say("map.before", summary), "current": say("map.now", summary)},
        "divided": say("map.divided", summary),
        "numbered": say("map.numbered", summary),
        "expected": say("map.expected", summary),
        "change": say("map.change", summary),
        "nearest": say("map.nearest", summary),
        "nearestOpen": say("map.nearest_open", summary),
        "nearPlaces": say("map.near_places", summary),
        "away": say("map.away", summary),
        "here": say("map.here", summary),
        "kind": say("map.kind", summary),
        "inHours": say("map.in_hours", summary),
        "in": group("in", *states[1:]),
        "then": group("then", *states),
        "haven": group("haven", *states, "none"),
        "howKnown": say("map.how_known", summary),
        "inWard": say("map.in_ward", summary),
        "noneToSend": say("map.none_to_send", summary),
        "noneInWard": say("map.none_in_ward", summary),
        "noMatch": say("map.no_match", summary),
        "byNumber": say("map.by_number", summary),
        "kinds": {"place": "Place to patrol", "ward": "Ward", "haven": "Safe haven", "street": "Street"},
    }
    if summary.havens:
        words |= {
            "nearHaven": group("near", *states),
            "notOneHaven": say("map.not_one_haven", summary),
            "notOneOpenHaven": say("map.not_one_open_haven", summary),
            "noHaven": say("map.no_haven", summary),
            "ofTheFirst": say("map.of_the_first", summary),
            "noOpenHaven": say("map.no_open_haven", summary),
            "allHavens": say("map.all_havens", summary),
            "allOpenHavens": say("map.all_open_havens", summary),
            "unknownHavens": say("map.unknown_havens", summary),
        }
    return words
