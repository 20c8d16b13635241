"""Make the demonstration data: schematic wards, synthetic incidents, and all that lies and happens beside them.

    python data/make_demonstration.py [--out DIR]

Nothing here is a record of a real event. The yearly totals, peak hours and busiest wards follow what the two
boroughs' partnerships have published; all else, the shares of the hot spots among it, is invented or drawn at
random. What was planted, down to the number of dirty rows, is written to ``truth.json``, so that a method can
be judged by whether it finds it.

The facts are in ``demonstration_facts.py``; school days, streets, base map, places, patrols and what was planted have
files of their own beside it.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from convertbng.cutil import convert_lonlat
from demonstration_base_map import base_map_geojson
from demonstration_calendar import change_windows, is_school_day, term_dates_csv
from demonstration_chance import (
    Floats,
    Ints,
    pick,
    points_in,
    points_near,
    sample,
    stream,
    whole,
)
from demonstration_facts import (
    AFTER_SCHOOL,
    ASB,
    BACK_STREET_TYPES,
    BETTER_TIMES,
    BETTER_WARD,
    BORDER,
    BOROUGH_OF,
    CALMER_TIMES,
    CALMER_WARD,
    CLOCKS_FORWARD,
    DIRT,
    EVERY_WARD,
    FOLLOWING_DAYS,
    FOLLOWING_M,
    FOLLOWING_SHARE,
    GROUPS,
    HAVEN_GAP,
    HAVEN_KINDS,
    HAVEN_SIGMA,
    HAVEN_WORDS,
    HAVENS,
    HAVENS_NEAR,
    HOT_SPOT_ADDRESSES,
    HOT_SPOTS,
    KINDS,
    KNIFE_CRIMES,
    KNIFE_MIX,
    KNIFE_ROBBERY_SHARE,
    MONTHLY,
    NO_LOCATION_ROWS,
    ORDINARY_DAY,
    OUTCOMES,
    OUTLINES,
    REPEATED_MONTHLY_ROWS,
    RHYTHMS,
    ROBBERIES,
    ROBBERY_MIX,
    SAME_PLACE_SHARE,
    SNAP_POINTS_PER_WARD,
    SUMMER,
    WARD_ADDRESSES,
    WARDS,
    WORSE_TIMES,
    WORSE_WARD,
    YEARS,
    Rhythm,
    Ward,
)
from demonstration_patrols import describe_patrols, pings_csv, plan_csv, plan_visits
from demonstration_places import (
    candidate_rows,
    describe_places,
    parks_geojson,
    premises_rows,
    safety_rows,
    school_rows,
)
from demonstration_streets import describe_streets, draw_streets, streets_geojson
from demonstration_truth import describe_incidents, find_placed

# --- Wards ------------------------------------------------------------------------------------------------


def draw_wards() -> dict[str, shapely.Polygon]:
    """Draw the wards: the ground nearest to a ward's points, within the outline of its borough.

    All the lines are put on one grid of whole metres and cut where they meet before any ward is put together,
    so neighbours have every point of a shared edge in common. Returns National Grid polygons by ward name.
    """
    outlines = {b: shapely.Polygon(np.array(BORDER + rest) * 100) for b, rest in OUTLINES.items()}
    lines = [outline.exterior for outline in outlines.values()]
    for borough, outline in outlines.items():
        points = shapely.MultiPoint(np.array([p for w in WARDS[borough] for p in w.points]) * 100)
        edges = shapely.voronoi_polygons(points, extend_to=outline, only_edges=True)
        lines.append(shapely.intersection(edges, outline))
    cells = shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=1)]))

    pieces: dict[str, list[shapely.Polygon]] = {ward.name: [] for _, ward in EVERY_WARD}
    for cell in cells:
        inside = shapely.point_on_surface(cell)
        borough = next(b for b, outline in outlines.items() if outline.contains(inside))
        here = (inside.x / 100, inside.y / 100)
        _, nearest = min((math.dist(point, here), w.name) for w in WARDS[borough] for point in w.points)
        pieces[nearest].append(cell)
    wards = {name: shapely.normalize(shapely.coverage_union_all(cells)) for name, cells in pieces.items()}
    assert all(ward.geom_type == "Polygon" for ward in wards.values())
    assert shapely.coverage_is_valid(list(wards.values()))
    return wards


def wards_geojson(shapes: dict[str, shapely.Polygon]) -> str:
    """Write the wards as GeoJSON (RFC 7946), one feature to a line."""
    lines = []
    for borough, ward in EVERY_WARD:
        ring = shapely.get_coordinates(shapely.orient_polygons(shapes[ward.name]))
        lon, lat = convert_lonlat(ring[:, 0], ring[:, 1])
        corners = [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]
        properties = {"ward_code": ward.code, "ward_name": ward.name, "borough": borough}
        feature = {
            "type": "Feature",
            "properties": properties | {"data_status": "schematic"},
            "geometry": {"type": "Polygon", "coordinates": [corners]},
        }
        lines.append(json.dumps(feature))
    features = ",\n".join(lines)
    return f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n'


# --- Incidents with times: the council's extract ----------------------------------------------------------

PLACE = ["location", "type", "easting", "northing", "spot", "ward", "borough"]
KIND = ["group", "offence", "knife"]  # rows of a kind are spread over the places in the same way


def addresses(shapes: dict[str, shapely.Polygon]) -> pd.DataFrame:
    """List the distinct places where incidents happen: some at each hot spot, the rest in back streets.

    ``part`` is a place's share of its hot spot or back streets: a few places have most of the crime.
    """
    tables = []

    def add(spot: str, ward: str, xy: Ints, texts: Sequence[tuple[str, str]]) -> None:
        rows = pd.DataFrame(texts, columns=["location", "type"])
        rows[["easting", "northing"]] = xy
        part = 1 / np.sqrt(np.arange(1, len(xy) + 1))
        tables.append(rows.assign(spot=spot, ward=ward, borough=BOROUGH_OF[ward], part=part / part.sum()))

    for spot in HOT_SPOTS:
        rng = stream(f"addresses {spot.name}")
        xy = points_near(rng, shapes[spot.ward], spot, spot.sigma, HOT_SPOT_ADDRESSES)
        add(spot.name, spot.ward, xy, [spot.places[i] for i in whole(rng, 0, len(spot.places) - 1, len(xy))])
    for _, ward in EVERY_WARD:
        rng = stream(f"addresses {ward.name}")
        xy = points_in(rng, shapes[ward.name], WARD_ADDRESSES)
        streets = whole(rng, 0, len(ward.streets) - 1, len(xy))
        kinds = pick(rng, BACK_STREET_TYPES.values(), len(xy))
        types = list(BACK_STREET_TYPES)
        add("", ward.name, xy, [(ward.streets[i], types[k]) for i, k in zip(streets, kinds, strict=True)])
    return pd.concat(tables, ignore_index=True)


def place_weights(places: pd.DataFrame, kind: str) -> Floats:
    """Weigh a borough's places by their share of a kind of crime; back streets take what hot spots leave."""
    hot = {s.name: float(s.shares[KINDS.index(kind)]) if kind else 0.0 for s in HOT_SPOTS}
    busy = {ward.name: ward.busy for _, ward in EVERY_WARD}
    left = 100 - sum(hot[spot] for spot in places["spot"].unique() if spot)
    total = sum(busy[ward] for ward in places["ward"].unique())
    share = places["spot"].map(hot).fillna(places["ward"].map(busy) * left / total)
    return (share * places["part"]).to_numpy(dtype=np.float64)


def hour_weights(rhythm: Rhythm, days: pd.DatetimeIndex) -> Floats:
    """Weigh every hour of the days given, so that the average day of summer has ``lift`` times the rest.

    School days then take from the other weekdays what they have more after school: the average week stays as it is.
    """
    weights = np.empty((len(days), 24))
    is_summer = days.month.isin(SUMMER)
    for windows, season, lift in ((rhythm.summer, is_summer, rhythm.lift), (rhythm.rest, ~is_summer, 1.0)):
        week = np.tile(ORDINARY_DAY, (7, 1))
        for window in windows:
            week[window.days.start : window.days.stop, window.hours.start : window.hours.stop] = window.rate
        weights[season] = (lift * week / week.sum())[days.day_of_week[season]]
    is_weekday, is_school = days.day_of_week < 5, is_school_day(days)
    other = is_weekday.sum() / (is_weekday.sum() + (rhythm.school - 1) * is_school.sum())
    after_school = slice(AFTER_SCHOOL.start, AFTER_SCHOOL.stop)
    weights[is_weekday, after_school] *= other
    weights[is_school, after_school] *= rhythm.school
    # No event in the hour that the clocks skip, nor in the hour before it: its end might fall in the gap.
    weights[days.isin(pd.to_datetime(list(CLOCKS_FORWARD))), :2] = 0
    return weights.ravel()


def incidents(
    rng: np.random.RandomState, places: pd.DataFrame, kind: str, rhythm: str, year: str, size: int
) -> pd.DataFrame:
    """Draw the places and the times of one series. Half of the minutes are rounded to five, as people do."""
    days = pd.date_range(*YEARS[year], freq="D")
    hours = pick(rng, hour_weights(RHYTHMS[rhythm], days), size)
    minutes = whole(rng, 0, 59, size)
    minutes = np.where(rng.random_sample(size) < 0.5, minutes // 5 * 5, minutes)
    minutes = np.where((hours % 24 == 0) & (minutes == 0), 5, minutes)  # 00:00 is kept for "time unknown"
    rows = places.iloc[pick(rng, place_weights(places, kind), size)].reset_index(drop=True)
    rows["start"] = days[0] + pd.to_timedelta(hours * 60 + minutes, unit="min")
    longest = 30 if rhythm in ("asb", "begging") else 10
    lasted = pd.Series(pd.to_timedelta(whole(rng, 1, longest, size), unit="min"))
    rows["end"] = (rows["start"] + lasted).where(rng.random_sample(size) < 0.45)
    rows["year"] = year
    return rows


def all_incidents(places: pd.DataFrame) -> pd.DataFrame:
    """Draw every series of every borough and year; the yearly totals are exact."""
    tables = []
    for borough in sorted(WARDS):
        here = places[places["borough"] == borough]
        knives, robberies = KNIFE_CRIMES[borough], ROBBERIES[borough]
        both = round(knives * KNIFE_ROBBERY_SHARE)
        # Offences and their weights, group, knife flag, number a year, where (a column of KINDS) and when.
        series: list[tuple[dict[str, int], str, str, int, str, str]] = [
            (ROBBERY_MIX, "robbery", "N", robberies - both, "robbery", "robbery"),
            (ROBBERY_MIX, "robbery", "Y", both, "knife", "knife robbery"),
            (KNIFE_MIX, "knife_not_robbery", "Y", knives - both, "knife", "knife"),
            *(({text: 1}, "asb", "", calls[borough], kind, rhythm) for text, calls, kind, rhythm in ASB),
        ]
        for (mix, group, knife, size, kind, rhythm), year in itertools.product(series, YEARS):
            rng = stream(f"{borough} {year} {group} {knife} {' '.join(mix)}")
            rows = incidents(rng, here, kind, rhythm, year, size)
            offences = [list(mix)[i] for i in pick(rng, mix.values(), size)]
            tables.append(rows.assign(offence=offences, group=group, knife=knife))
    return pd.concat(tables, ignore_index=True).assign(dirt="")


def plant_near_repeats(rows: pd.DataFrame) -> None:
    """Let some robberies be followed by another of the same year and hot spot, or back streets of the ward.

    The one that follows keeps its weekday and its time of day: it is put on the first such day after the other, at the
    same place or one not far off. So no total of a ward, hot spot or hour of the week changes. The two get a number
    in common, ``pair``; others have -1.
    """
    rng = stream("near repeats")
    rows["pair"] = -1
    skipped = pd.to_datetime(list(CLOCKS_FORWARD))
    robberies = np.flatnonzero(rows["group"] == "robbery")
    patches = rows.iloc[robberies].groupby(["ward", "spot", "year"]).indices
    last = rows["year"].map({year: pd.Timestamp(end) for year, (_, end) in YEARS.items()})
    early = robberies[(rows["start"] < last - pd.Timedelta(FOLLOWING_DAYS, "D")).iloc[robberies]]
    pair = itertools.count()
    for first in sample(rng, early, len(early)):
        if rows["pair"].max() + 1 == round(FOLLOWING_SHARE * len(robberies)):
            break
        there = rows.loc[first]
        patch = robberies[patches[there["ward"], there["spot"], there["year"]]]
        here = rows.loc[patch, ["start", "pair", "easting", "northing"]]
        start = there["start"] + (here["start"] - there["start"]) % pd.Timedelta(7, "D")
        is_soon = start.dt.normalize() - there["start"].normalize() < pd.Timedelta(FOLLOWING_DAYS, "D")
        is_skipped = start.dt.normalize().isin(skipped) & (start.dt.hour < 2)
        found = here.index[(here["pair"] < 0) & is_soon & ~is_skipped & (here.index != first)].to_numpy()
        if there["pair"] >= 0 or not len(found):
            continue
        second = sample(rng, found, 1)[0]
        away = np.hypot(here["easting"] - there["easting"], here["northing"] - there["northing"])
        near = here.index[(away > 0) & (away <= FOLLOWING_M)].to_numpy()
        is_same = rng.random_sample() < SAME_PLACE_SHARE or not len(near)
        rows.loc[second, PLACE] = rows.loc[first if is_same else sample(rng, near, 1)[0], PLACE]
        put_off(rows, np.array([second]), start[[second]])
        rows.loc[[first, second], "pair"] = next(pair)


def put_off(rows: pd.DataFrame, moved: Ints, start: pd.Series) -> None:
    """Give rows other starts; how long they lasted stays."""
    rows.loc[moved, "end"] += start.to_numpy() - rows.loc[moved, "start"]
    rows.loc[moved, "start"] = start.to_numpy()


def resettle(rng: np.random.RandomState, rows: pd.DataFrame, moved: Ints, wards: Iterable[str]) -> None:
    """Give rows the places of others of the same kind that are in some wards."""
    others = rows[rows["ward"].isin(list(wards))].groupby(KIND).indices
    positions = np.flatnonzero(rows["ward"].isin(list(wards)))
    for kind, mine in rows.loc[moved].groupby(KIND).groups.items():
        found = positions[others[kind]]
        chosen = found[whole(rng, 0, len(found) - 1, len(mine))]
        rows.loc[mine, PLACE] = rows.loc[chosen, PLACE].to_numpy()


def count_windows(rows: pd.DataFrame) -> dict[str, int]:
    """Count rows in each of those windows."""
    days = rows["start"].dt.normalize()
    return {name: int(days.between(*window).sum()) for name, window in change_windows().items()}


def plant_changes(rows: pd.DataFrame) -> None:
    """Let robbery rise in one ward and fall in another, and antisocial behaviour fall in a third.

    What one ward loses, others of the borough get, so that the yearly totals of the borough stay.
    """
    rng = stream("changes")
    first, second = YEARS
    is_free = (rows["pair"] < 0) & (rows["year"] == second)
    wards = {ward.name for ward in WARDS["Lewisham"]}

    def leave(ward: str, group: str, times: float) -> Ints:
        mine = (rows["ward"] == ward) & (rows["group"] == group)
        n_first, n_second = ((mine & (rows["year"] == year)).sum() for year in (first, second))
        return sample(rng, np.flatnonzero(mine & is_free), n_second - round(times * n_first))

    calmer = leave(CALMER_WARD, "asb", CALMER_TIMES)
    resettle(rng, rows, calmer, wards - {CALMER_WARD})

    leaving = leave(BETTER_WARD, "robbery", BETTER_TIMES)
    counts = count_windows(rows[(rows["ward"] == WORSE_WARD) & (rows["group"] == "robbery")])
    n_more = round(WORSE_TIMES * max(counts["before"], counts["last_year"])) - counts["current"]
    elsewhere = wards - {BETTER_WARD, WORSE_WARD}
    others = is_free & rows["ward"].isin(list(elsewhere)) & (rows["group"] == "robbery")
    joining = sample(rng, np.flatnonzero(others), max(0, n_more - len(leaving)))
    coming = np.concatenate([leaving[:n_more], joining])
    resettle(rng, rows, leaving[n_more:], elsewhere)
    resettle(rng, rows, coming, {WORSE_WARD})

    # those that come get another date in the window, with the weekday and the time of day that they had
    days = pd.date_range(*YEARS[second], freq="D")
    start, end = change_windows()["current"]
    rhythms = {"N": "robbery", "Y": "knife robbery"}
    weights = {flag: hour_weights(RHYTHMS[name], days).reshape(-1, 24) for flag, name in rhythms.items()}
    for row in coming:
        old = rows.loc[row, "start"]
        fit = np.flatnonzero((days >= start) & (days <= end) & (days.day_of_week == old.day_of_week))
        new = days[fit[pick(rng, weights[rows.loc[row, "knife"]][fit, old.hour], 1)[0]]]
        put_off(rows, np.array([row]), pd.Series([new + (old - old.normalize())]))


def spoil(rng: np.random.RandomState, rows: pd.DataFrame, kind: str) -> Ints:
    """Choose clean rows of every group for one kind of dirt, and mark them. Returns their positions."""
    clean = [np.flatnonzero((rows["dirt"] == "") & (rows["group"] == group)) for group in GROUPS]
    chosen = np.concatenate([sample(rng, found, n) for found, n in zip(clean, DIRT[kind], strict=True)])
    rows.loc[chosen, "dirt"] = kind
    return chosen


def plant_dirt(rows: pd.DataFrame, wards: Iterable[shapely.Polygon]) -> pd.DataFrame:
    """Add what real extracts get wrong. Rows are numbered on the way, in order of time."""
    rng = stream("dirt")
    rows = rows.astype({"easting": "Int64", "northing": "Int64"})

    # Rows on top of the yearly totals: copies of others, moved out of the boroughs or stripped of their date.
    land = shapely.union_all(list(wards))
    ring = land.buffer(600).difference(land.buffer(200))
    strays = rows.iloc[spoil(rng, rows.copy(), "outside_study_area")].assign(dirt="outside_study_area")
    strays[["easting", "northing"]] = points_in(rng, ring, len(strays))
    strays = strays.assign(location="Neighbouring borough", ward="", borough="outside", spot="")
    undated = rows.iloc[spoil(rng, rows.copy(), "blank_date_from")].assign(dirt="blank_date_from", year="")
    undated[["start", "end"]] = pd.NaT
    rows = pd.concat([rows, strays, undated], ignore_index=True)

    rows.loc[spoil(rng, rows, "missing_coordinates"), ["easting", "northing"]] = pd.NA
    rows.loc[spoil(rng, rows, "zero_coordinates"), ["easting", "northing"]] = 0
    reversed_dates = spoil(rng, rows, "reversed_dates")
    early = pd.to_timedelta(whole(rng, 5, 600, len(reversed_dates)), unit="min")
    rows.loc[reversed_dates, "end"] = rows.loc[reversed_dates, "start"] - early
    midnight = spoil(rng, rows, "midnight_default")
    rows.loc[midnight, "start"] = rows.loc[midnight, "start"].dt.normalize()
    rows.loc[midnight, "end"] = rows.loc[midnight, "start"]

    rows = rows.sort_values("start", kind="stable", na_position="first", ignore_index=True)
    rows["ref"] = [f"DEMO-{n:07d}" for n in range(1, len(rows) + 1)]
    owners = spoil(rng, rows, "conflicting_ref")
    rows.loc[spoil(rng, rows, "conflicting_ref"), "ref"] = rows.loc[owners, "ref"].to_numpy()
    repeats = rows.iloc[spoil(rng, rows.copy(), "exact_repeat")].assign(dirt="exact_repeat")
    rows = pd.concat([rows, repeats], ignore_index=True)
    return rows.sort_values(["start", "ref"], kind="stable", na_position="first", ignore_index=True)


def council_csv(rows: pd.DataFrame) -> str:
    """Write incidents in the layout of the extract that a council gets from its police."""
    columns = {
        "Crime Ref": rows["ref"],
        "Offence": rows["offence"],
        "Date From": rows["start"].dt.strftime("%d/%m/%Y %H:%M"),
        "Date To": rows["end"].dt.strftime("%d/%m/%Y %H:%M"),
        "Easting": rows["easting"],
        "Northing": rows["northing"],
        "Location": rows["location"],
        "Location Type": rows["type"],
        "Knife Flag": rows["knife"],
        "Data Status": "synthetic",
    }
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")


# --- Crime without times: the monthly files ---------------------------------------------------------------


def unproject_as_police_uk(easting: Floats, northing: Floats) -> tuple[Floats, Floats]:
    """National Grid metres to degrees by the seven-parameter shift (EPSG:1314), as police.uk does, not by OSTN15."""
    transformer = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 "
        "+ellps=airy +step +proj=cart +ellps=airy +step +proj=helmert +x=446.448 +y=-125.157 +z=542.06 "
        "+rx=0.15 +ry=0.247 +rz=0.842 +s=-20.489 +convention=position_vector "
        "+step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    longitude, latitude, _ = transformer.transform(easting, northing, np.zeros(len(easting)))
    return longitude, latitude


def monthly_rows(shapes: dict[str, shapely.Polygon]) -> pd.DataFrame:
    """Draw the background crime of two years at a limited set of shared points, as police.uk publishes it."""
    tables = []
    for _, ward in EVERY_WARD:
        rng = stream(f"snap points {ward.name}")
        xy = points_in(rng, shapes[ward.name], SNAP_POINTS_PER_WARD)
        streets = [ward.streets[i] for i in whole(rng, 0, len(ward.streets) - 1, len(xy))]
        weight = ward.busy / np.sqrt(np.arange(1, len(xy) + 1))
        tables.append(pd.DataFrame({"e": xy[:, 0], "n": xy[:, 1], "street": streets, "weight": weight}))
    points = pd.concat(tables, ignore_index=True)
    lon, lat = unproject_as_police_uk(points["e"].to_numpy(np.float64), points["n"].to_numpy(np.float64))
    points["Longitude"] = [f"{x:.6f}" for x in lon]
    points["Latitude"] = [f"{y:.6f}" for y in lat]
    points["Location"] = "On or near " + points["street"]

    tables = []
    for (first, last), (crime, size) in itertools.product(YEARS.values(), MONTHLY.items()):
        rng = stream(f"{crime} {first}")
        rows = points.iloc[pick(rng, points["weight"], size)][["Longitude", "Latitude", "Location"]]
        months = pd.period_range(first, last, freq="M").astype(str)
        rows["Month"] = months[whole(rng, 0, 11, size)]
        rows["Crime type"] = crime
        rows["Last outcome category"] = [list(OUTCOMES)[i] for i in pick(rng, OUTCOMES.values(), size)]
        tables.append(rows)
    rows = pd.concat(tables, ignore_index=True)
    rows["Crime ID"] = [hashlib.sha256(f"demonstration {n}".encode()).hexdigest() for n in range(len(rows))]

    rng = stream("monthly dirt")
    order = sample(rng, np.arange(len(rows)), NO_LOCATION_ROWS + REPEATED_MONTHLY_ROWS)
    rows.loc[order[:NO_LOCATION_ROWS], ["Longitude", "Latitude", "Location"]] = ["", "", "No Location"]
    rows = pd.concat([rows, rows.iloc[order[NO_LOCATION_ROWS:]]], ignore_index=True)
    return rows.sort_values(["Month", "Crime type", "Crime ID"], kind="stable", ignore_index=True)


def monthly_csv(rows: pd.DataFrame) -> str:
    """Write one month in the twelve columns of police.uk."""
    force = "Demonstration (synthetic)"
    full = rows.assign(**{"Reported by": force, "Falls within": force, "LSOA code": "", "LSOA name": ""})
    columns = [
        "Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code",
        "LSOA name", "Crime type", "Last outcome category", "Context",
    ]  # fmt: skip
    return full.assign(Context="synthetic")[columns].to_csv(index=False, lineterminator="\n")


# --- Safe havens ------------------------------------------------------------------------------------------


def haven_rows(shapes: dict[str, shapely.Polygon]) -> pd.DataFrame:
    """Place safe havens beside most hot spots and here and there elsewhere, far from those left without."""
    rng = stream("havens")
    bare = shapely.MultiPoint([np.array(spot.centre) * 100 for spot in HOT_SPOTS if not spot.havens])
    sites: list[tuple[Ints, Ward, str]] = []
    for borough, wards in WARDS.items():
        found: list[tuple[Ints, Ward, str]] = []
        for spot, ward in ((s, w) for s in HOT_SPOTS for w in wards if s.havens and s.ward == w.name):
            beside = points_near(rng, shapes[spot.ward], spot, HAVEN_SIGMA, HAVENS_NEAR[borough])
            found += [(xy, ward, borough) for xy in beside]
        while len(found) < HAVENS[borough]:
            ward = wards[whole(rng, 0, len(wards) - 1, 1)[0]]
            xy = points_in(rng, shapes[ward.name], 1)[0]
            if bare.distance(shapely.Point(xy)) > HAVEN_GAP:
                found.append((xy, ward, borough))
        sites += found

    havens = [
        (f"{word} {noun} (demo)", kind, hours[i % len(hours)])
        for kind, (size, noun, hours) in HAVEN_KINDS.items()
        for i, word in enumerate(HAVEN_WORDS[:size])
    ]
    order = sample(rng, np.arange(len(havens)), len(havens))
    rows = pd.DataFrame([havens[i] for i in order], columns=["name", "kind", "opening_hours"])
    rows[["easting", "northing"]] = np.array([xy for xy, _, _ in sites])
    streets = [ward.streets[whole(rng, 0, len(ward.streets) - 1, 1)[0]] for _, ward, _ in sites]
    rows["address"] = [f"{street}, {site[2]}" for street, site in zip(streets, sites, strict=True)]
    return rows.assign(data_status="synthetic").sort_values("name", ignore_index=True)


# --- Files ------------------------------------------------------------------------------------------------


def write(path: Path, text: str) -> None:
    """Write a file, packed if its name ends in .gz; the pack holds no time and no file name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8")
    if path.suffix == ".gz":
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
            packed.write(data)
    else:
        path.write_bytes(data)


def make_surroundings(
    out: Path, shapes: dict[str, shapely.Polygon], havens: pd.DataFrame, placed: pd.DataFrame
) -> dict[str, Any]:
    """Make what lies around the incidents, from streets to patrols; return what was planted in it."""
    streets, visits = draw_streets(shapes), plan_visits()
    candidates, schools = candidate_rows(shapes), school_rows(shapes)
    premises, marks = premises_rows(shapes, placed), safety_rows(shapes, schools)
    write(out / "streets/streets.geojson", streets_geojson(streets))
    write(out / "base_map/base_map.geojson", base_map_geojson())
    write(out / "premises/parks.geojson", parks_geojson(shapes))
    write(out / "patrols/plan.csv", plan_csv(visits))
    write(out / "patrols/pings.csv.gz", pings_csv(visits))
    tables = {"candidates/candidates": candidates, "schools/schools": schools, "premises/premises": premises,
              "safety_maps/marks": marks}  # fmt: skip
    for name, table in tables.items():
        write(out / f"{name}.csv", table.to_csv(index=False, lineterminator="\n"))
    return {
        "streets": describe_streets(streets, havens),
        "patrols": describe_patrols(visits),
        **describe_places(candidates, havens, premises, placed),
    }


def make_all(out: Path) -> None:
    """Make every data file below a folder."""
    write(out / "calendar/term_dates.csv", term_dates_csv())
    shapes = draw_wards()
    write(out / "boundaries/wards.geojson", wards_geojson(shapes))

    rows = all_incidents(addresses(shapes))
    plant_near_repeats(rows)
    plant_changes(rows)
    rows = plant_dirt(rows, shapes.values())
    write(out / "incidents/council_extract.csv.gz", council_csv(rows))

    monthly = monthly_rows(shapes)
    for month, mine in monthly.groupby("Month"):
        write(out / f"incidents/police_uk/{month}/{month}-demonstration-street.csv.gz", monthly_csv(mine))

    havens = haven_rows(shapes)
    write(out / "havens/havens.csv", havens.to_csv(index=False, lineterminator="\n"))
    planted = describe_incidents(rows, monthly, havens) | make_surroundings(out, shapes, havens, find_placed(rows))
    write(out / "truth.json", json.dumps(planted, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Make the demonstration data.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    make_all(parser.parse_args().out)


if __name__ == "__main__":
    main()
