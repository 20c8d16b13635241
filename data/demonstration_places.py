"""Places of the demonstration beside its safe havens: candidates, schools, premises, and marks on Safety Maps."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import shapely
from convertbng.cutil import convert_lonlat
from demonstration_chance import Floats, Ints, pick, points_in, stream, whole
from demonstration_facts import EVERY_WARD, HAVEN_WORDS, HOT_SPOTS, HUB, LICENSED, HotSpot
from scipy.spatial import cKDTree

Shapes = dict[str, shapely.Polygon]

# --- Candidates for safe havens ---------------------------------------------------------------------------

ORDINARY_CANDIDATES = 57
CANDIDATE_GAP = 450  # metres from a hot spot without a haven, but for the planted one beside it
CANDIDATE_M = 40  # between that hot spot's middle and its candidate
LATE_HOURS, OFFICE_HOURS = "Mo-Su 07:00-23:00", "Mo-Fr 09:00-17:30"

# --- Schools ----------------------------------------------------------------------------------------------

SCHOOLS = {"Primary": 44, "Secondary": 18}
CLOSED_SCHOOLS, SCHOOLS_WITHOUT_POSITION = 3, 2
FIRST_URN = 990001  # no school has a number so high

# --- Premises ---------------------------------------------------------------------------------------------

LICENSED_PREMISES = 90
NIGHTS = ((4, 20), (5, 3)), ((5, 20), (6, 3))  # Friday and Saturday, 20:00 to 03:00
PARKS = ("Alder Park (demo)", "Bramble Fields (demo)", "Cedar Common (demo)", "Dunnock Green (demo)")
PARK_M = 220  # a park is a square

# --- Safety Maps ------------------------------------------------------------------------------------------

# Where it feels unsafe and little happens, and where robbery is high and it feels safe.
FEARED = ("the subway at Red Post Hill (demo)", "Village", (5327, 1745))
TRUSTED = "Canada Water"
SESSION_SCHOOLS = 12
MARKS = {"unsafe at hot spots": 420, "unsafe at the feared place": 90, "unsafe elsewhere": 150,
         "safe at the trusted place": 110, "safe elsewhere": 430}  # fmt: skip
DAY_PARTS = {"after school": 55, "evening": 30, "daytime": 15}


def candidate_rows(shapes: Shapes) -> pd.DataFrame:
    """Shops that could become safe havens: one beside each hot spot that has none, open late; the rest in the day."""
    rng = stream("candidates")
    bare = [spot for spot in HOT_SPOTS if not spot.havens]
    middles = shapely.MultiPoint([np.array(spot.centre) * 100 for spot in bare])
    rows = [
        (f"{word} Late Stores (demo)", "shop", LATE_HOURS, *(np.array(spot.centre) * 100 + [CANDIDATE_M, 0]), spot.ward)
        for word, spot in zip(HAVEN_WORDS, bare, strict=False)
    ]
    wards = [ward.name for _, ward in EVERY_WARD]
    names = (
        f"{word} {noun} (demo)" for noun in ("Newsagents", "Barbers", "Launderette", "Bakery") for word in HAVEN_WORDS
    )
    while len(rows) < len(bare) + ORDINARY_CANDIDATES:
        ward = wards[whole(rng, 0, len(wards) - 1, 1)[0]]
        xy = points_in(rng, shapes[ward], 1)[0]
        if middles.distance(shapely.Point(xy)) > CANDIDATE_GAP:
            rows.append((next(names), "shop", OFFICE_HOURS, *xy, ward))
    columns = ["name", "kind", "opening_hours", "easting", "northing", "ward"]
    found = pd.DataFrame(rows, columns=columns).sort_values("name", ignore_index=True)
    return found.drop(columns="ward").assign(data_status="synthetic")


def school_rows(shapes: Shapes) -> pd.DataFrame:
    """Schools, in columns of the national register; some are closed, and some have no position."""
    rng = stream("schools")
    wards = [ward.name for _, ward in EVERY_WARD]
    nouns = {"Primary": ("Primary School", "Junior School", "Infant School"), "Secondary": ("Academy", "High School")}
    rows = []
    for phase, size in SCHOOLS.items():
        names = [f"{word} {noun} (demo)" for noun in nouns[phase] for word in HAVEN_WORDS]
        for name in names[:size]:
            ward = wards[whole(rng, 0, len(wards) - 1, 1)[0]]
            rows.append((name, phase, *points_in(rng, shapes[ward], 1)[0]))
    schools = pd.DataFrame(rows, columns=["EstablishmentName", "PhaseOfEducation (name)", "Easting", "Northing"])
    schools = schools.astype({"Easting": "Int64", "Northing": "Int64"})
    status = np.full(len(schools), "Open", dtype=object)
    status[5 : 5 + CLOSED_SCHOOLS] = "Closed"
    schools.loc[20 : 19 + SCHOOLS_WITHOUT_POSITION, ["Easting", "Northing"]] = pd.NA
    schools.insert(0, "URN", np.arange(FIRST_URN, FIRST_URN + len(schools)))
    schools.insert(2, "EstablishmentStatus (name)", status)
    return schools.assign(data_status="synthetic")


def premises_rows(shapes: Shapes, placed: pd.DataFrame) -> pd.DataFrame:
    """Stations at hot spots; licensed premises at the busiest such address of each hot spot, and anywhere."""
    rng = stream("premises")
    rows: list[tuple[Any, ...]] = [
        (text, "railway station", "", *(np.array(spot.centre) * 100))
        for spot in HOT_SPOTS
        for text, kind in spot.places
        if kind == HUB and text.endswith("station")
    ]
    names = (f"The {word} {noun} (demo)" for noun in ("Arms", "Tap", "Lounge", "Tavern", "Bar") for word in HAVEN_WORDS)
    asb = placed[(placed["group"] == "asb") & (placed["type"] == LICENSED) & (placed["spot"] != "")]
    for _, here in asb.groupby("spot"):
        busiest = here.iloc[here.groupby(["easting", "northing"])["type"].transform("size").argmax()]
        xy = int(busiest["easting"]), int(busiest["northing"])
        rows.append((next(names), "pub", "Su-Th 12:00-23:00; Fr,Sa 12:00-03:00", *xy))
    wards = [ward.name for _, ward in EVERY_WARD]
    n_licensed = sum(kind == "pub" for _, kind, *_ in rows)
    for index in range(LICENSED_PREMISES - n_licensed):
        ward = wards[whole(rng, 0, len(wards) - 1, 1)[0]]
        hours = ("Mo-Su 11:00-23:00", "Mo-Th 12:00-23:00; Fr,Sa 12:00-02:00; Su 12:00-22:30", "")[index % 3]
        rows.append((next(names), "pub", hours, *points_in(rng, shapes[ward], 1)[0]))
    premises = pd.DataFrame(rows, columns=["name", "kind", "opening_hours", "easting", "northing"])
    return premises.assign(data_status="synthetic").sort_values(["kind", "name"], ignore_index=True)


def parks_geojson(shapes: Shapes) -> str:
    """Parks, as outlines."""
    rng = stream("parks")
    wards = [ward.name for _, ward in EVERY_WARD]
    lines = []
    for name in PARKS:
        ward = wards[whole(rng, 0, len(wards) - 1, 1)[0]]
        west, south = points_in(rng, shapes[ward], 1)[0]
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * PARK_M + [west, south]
        lon, lat = convert_lonlat(*corners.astype(np.float64).T)
        ring = [[round(float(x), 7), round(float(y), 7)] for x, y in zip(lon, lat, strict=True)]
        properties = {"name": name, "leisure": "park", "data_status": "synthetic"}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        lines.append(json.dumps({"type": "Feature", "properties": properties, "geometry": geometry}))
    features = ",\n".join(lines)
    return f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n'


def safety_rows(shapes: Shapes, schools: pd.DataFrame) -> pd.DataFrame:
    """Marks that pupils put on maps: places, feelings, times and schools."""
    rng = stream("safety maps")
    names = schools.loc[
        (schools["PhaseOfEducation (name)"] == "Secondary") & (schools["EstablishmentStatus (name)"] == "Open"),
        "EstablishmentName",
    ].to_list()[:SESSION_SCHOOLS]
    known = {spot.name: spot for spot in HOT_SPOTS}
    weights = [spot.shares[0] if spot.name != TRUSTED else 0 for spot in HOT_SPOTS]
    wards = [ward.name for _, ward in EVERY_WARD]

    def near(middle: tuple[int, int], size: int, sigma: int = 60) -> Ints:
        return np.rint(np.array(middle) * 100 + rng.normal(0.0, sigma, (size, 2))).astype(np.int64)

    def anywhere(size: int) -> Ints:
        chosen = [wards[i] for i in whole(rng, 0, len(wards) - 1, size)]
        return np.vstack([points_in(rng, shapes[ward], 1) for ward in chosen])

    spots: list[HotSpot] = [HOT_SPOTS[i] for i in pick(rng, weights, MARKS["unsafe at hot spots"])]
    parts = [
        ("unsafe", np.vstack([near(spot.centre, 1, 90) for spot in spots])),
        ("unsafe", near(FEARED[2], MARKS["unsafe at the feared place"])),
        ("unsafe", anywhere(MARKS["unsafe elsewhere"])),
        ("safe", near(known[TRUSTED].centre, MARKS["safe at the trusted place"])),
        ("safe", anywhere(MARKS["safe elsewhere"])),
    ]
    feelings = list(itertools.chain.from_iterable([feeling] * len(xy) for feeling, xy in parts))
    rows = pd.DataFrame({"feeling": feelings})
    rows[["easting", "northing"]] = np.vstack([xy for _, xy in parts])
    rows["time"] = [list(DAY_PARTS)[i] for i in pick(rng, DAY_PARTS.values(), len(rows))]
    rows["school"] = [names[i] for i in whole(rng, 0, len(names) - 1, len(rows))]
    rows = rows.iloc[np.argsort(rng.random_sample(len(rows)), kind="stable")].reset_index(drop=True)
    rows.insert(0, "mark", np.arange(1, len(rows) + 1))
    return rows.assign(data_status="synthetic")


def describe_places(
    candidates: pd.DataFrame, havens: pd.DataFrame, premises: pd.DataFrame, placed: pd.DataFrame
) -> dict[str, Any]:
    """Say what was planted."""
    robberies = placed[(placed["group"] == "robbery") & (placed["dirt"] != "midnight_default")]
    late = ("Mo-Su 08:00-22:00", "Mo-Fr 06:30-22:00; Sa,Su 08:00-18:00", "24/7", "Mo-Su 06:00-23:00")
    positions = havens[["easting", "northing"]].to_numpy(dtype=np.float64)
    is_late = havens["opening_hours"].isin(late).to_numpy()
    evening = robberies[(robberies["start"].dt.day_of_week < 5) & robberies["start"].dt.hour.isin([20, 21])]
    gaps = []
    for spot in HOT_SPOTS:
        near = np.hypot(*(positions - np.array(spot.centre) * 100).T) <= 400
        if near.any() and not (near & is_late).any():
            gaps.append({"hot_spot": spot.name, "robberies_weekdays_20_21": int((evening["spot"] == spot.name).sum())})
    return {
        "candidates": {
            "file": "candidates/candidates.csv",
            "rows": len(candidates),
            "best": sorted(candidates.loc[candidates["opening_hours"] == LATE_HOURS, "name"]),
        },
        "hot_spots_with_havens_but_none_open_weekdays_20_21": sorted(
            gaps, key=lambda gap: (-int(gap["robberies_weekdays_20_21"]), str(gap["hot_spot"]))
        ),
        "schools": {
            "file": "schools/schools.csv",
            "rows": sum(SCHOOLS.values()),
            "closed": CLOSED_SCHOOLS,
            "without_position": SCHOOLS_WITHOUT_POSITION,
        },
        "premises": {
            "file": "premises/premises.csv",
            "stations": int((premises["kind"] == "railway station").sum()),
            "licensed": int((premises["kind"] == "pub").sum()),
            "parks": len(PARKS),
            "asb_friday_and_saturday_nights_within_100_m": _count_nights(premises, placed),
        },
        "safety_maps": {
            "file": "safety_maps/marks.csv",
            "marks": MARKS,
            "feels_unsafe_and_little_happens": {
                "place": FEARED[0], "easting": FEARED[2][0] * 100, "northing": FEARED[2][1] * 100,
            },
            "feels_safe_and_robbery_is_high": TRUSTED,
        },
    }  # fmt: skip


def _count_nights(premises: pd.DataFrame, placed: pd.DataFrame) -> list[dict[str, Any]]:
    """The licensed premises with most antisocial behaviour nearest to them on Friday and Saturday nights."""
    pubs = premises[premises["kind"] == "pub"]
    asb = placed[(placed["group"] == "asb") & (placed["dirt"] != "midnight_default") & placed["start"].notna()]
    since = asb["start"] - pd.Timedelta(3, "h")  # a night is of the evening that it began on
    mine = asb[since.dt.day_of_week.isin([4, 5]) & (since.dt.hour >= 17)]
    away, nearest = cKDTree(_positions(pubs)).query(_positions(mine))
    counts = pubs["name"].iloc[np.asarray(nearest)[np.asarray(away) <= 100]].value_counts()
    order: Iterable[Any] = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"name": str(name), "incidents": int(n)} for name, n in itertools.islice(order, 5)]


def _positions(rows: pd.DataFrame) -> Floats:
    return rows[["easting", "northing"]].to_numpy(dtype=np.float64)
