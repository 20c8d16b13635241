"""Do places to patrol catch more than hot spots and plain circles of the same area? On months that none has seen.

Run `python -m benchmarks.patrol_places FOLDER`, where FOLDER holds files of police.uk and outlines of wards as
`SETS` names them. It prints the table of docs/methods/hotspots.md.
"""

from __future__ import annotations

import datetime as dt
import math
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from hotspots.analysis.hotspots import PatrolOptions, choose_patrol_places, draw_hotspots
from hotspots.analysis.surfaces import estimate_risk
from hotspots.geography import FLOOR, NO_FLOOR, Floor, collapse_points, find_polygon, make_cells
from hotspots.ingest.incidents import read_incidents

SHARE = 0.02
SETS = {
    "Lewisham and Southwark": (
        "police_uk/lewisham_southwark_12types_2018-02_2019-12.csv.gz",
        "boundaries/lewisham_southwark_wards_current_27700.gpkg",
        dt.datetime(2019, 2, 1),
        ("robbery", "burglary", "vehicle-crime", "theft-from-the-person"),
    ),
    "City of London": (
        "police_uk/city_of_london",
        "boundaries/london_wards_2018_27700.gpkg",
        dt.datetime(2024, 9, 1),
        ("asb",),
    ),
    "Brighton and Hove": ("police_uk/sussex_brighton", None, dt.datetime(2025, 5, 1), ("asb",)),
}
"""Files, outlines of wards, the first day that is tested on (all before it is fitted to), and crimes."""
HEADINGS = (
    "hot spots",
    "places, same area",
    "the same, none withheld",
    "places, 2%",
    "circles of 75 m, as many",
    "circles of 100 m, same area",
    "20 places",
)
AROUND_M = 200.0
"""Where no outlines are at hand, the area is what lies this near to a recorded crime."""


def find_area(incidents: gpd.GeoDataFrame, outlines: Path | None) -> shapely.Geometry:
    """The wards that hold nearly all incidents, or the ground around the incidents."""
    places = collapse_points(incidents)
    if outlines is None:
        return shapely.union_all(shapely.buffer(shapely.points(places.coordinates), AROUND_M))
    wards = gpd.read_file(outlines).to_crs(incidents.crs).geometry.to_numpy()
    home = find_polygon(places, wards)
    held = np.bincount(home[home >= 0], places.n_incidents[home >= 0], len(wards))
    return shapely.union_all(wards[held > len(incidents) / 1000])


def take_circles(incidents: gpd.GeoDataFrame, *, radius_m: float, area_m2: float) -> list[shapely.Geometry]:
    """Circles around the points with most incidents, none overlapping another, until the area is full."""
    places = collapse_points(incidents)
    tree, is_free = cKDTree(places.coordinates), np.ones(len(places.easting), dtype=bool)
    taken: list[int] = []
    for index in np.argsort(-places.n_incidents, kind="stable"):
        if (len(taken) + 1) * math.pi * radius_m**2 > area_m2:
            break
        if is_free[index]:
            taken.append(int(index))
            is_free[tree.query_ball_point(places.coordinates[index], 2 * radius_m)] = False
    return list(shapely.buffer(shapely.points(places.coordinates[taken]), radius_m, quad_segs=16))


def score(outlines: npt.ArrayLike, tested: gpd.GeoDataFrame, study_area: shapely.Geometry) -> str:
    """Share of incidents caught, and in what share of the area."""
    flagged = shapely.intersection(shapely.union_all(np.asarray(outlines, dtype=object)), study_area)
    places = collapse_points(tested)
    held = shapely.intersects_xy(flagged, places.easting, places.northing)
    hit_rate = places.n_incidents[held].sum() / len(tested)
    return f"{100 * hit_rate:.1f} in {100 * flagged.area / study_area.area:.1f}"


def score_each(
    fitted: gpd.GeoDataFrame, tested: gpd.GeoDataFrame, others: gpd.GeoDataFrame, area: shapely.Geometry
) -> list[str]:
    """The score under each of `HEADINGS`."""
    cells = make_cells(area, cell_size_m=50)
    risk = estimate_risk(fitted, others, cells=cells)

    def choose(n: int, floor: Floor = FLOOR) -> list[shapely.Geometry]:
        options = PatrolOptions(n_patrol_places=n, floor=floor)
        return list(choose_patrol_places(fitted, risk.expected, cells=cells, study_area=area, options=options).outlines)

    place_m2 = math.pi * 75**2
    drawn = list(draw_hotspots(fitted, study_area=area).outlines)
    n_alike = max(round(sum(outline.area for outline in drawn) / place_m2), 1)
    wide = choose(max(int(SHARE * area.area / place_m2), 1))
    same_m2 = sum(outline.area for outline in wide)
    flagged = [drawn, choose(n_alike), choose(n_alike, NO_FLOOR), wide]
    flagged += [take_circles(fitted, radius_m=radius_m, area_m2=same_m2 + 1) for radius_m in (75.0, 100.0)]
    return [score(outlines, tested, area) for outlines in (*flagged, choose(20))]


def measure(folder: Path) -> None:
    """Print a row for each crime."""
    print("| crime | " + " | ".join(HEADINGS) + " |\n|" + "---|" * (len(HEADINGS) + 1))
    for name, (file, outlines, test_from, crimes) in SETS.items():
        recorded = read_incidents([folder / file]).incidents
        area = find_area(recorded, None if outlines is None else folder / outlines)
        shapely.prepare(area)
        recorded = recorded[shapely.intersects_xy(area, recorded.geometry.x, recorded.geometry.y)]
        is_seen = recorded["started_at"] < test_from
        for crime in crimes:
            is_crime = recorded["category"] == crime
            scores = score_each(
                recorded[is_crime & is_seen], recorded[is_crime & ~is_seen], recorded[~is_crime & is_seen], area
            )
            print(f"| {crime}, {name} | " + " | ".join(scores) + " |")


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
