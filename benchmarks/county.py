"""A county as police.uk would publish it, made up: towns and villages, shared points, a year of months, square wards.

`python -m benchmarks.county FOLDER` writes `incidents.csv` and `wards.geojson`, to see what `hotspots run` makes of a
force area: how long it takes, how large its products are, and whether a map with so many places can be read.
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

WIDTH_M, HEIGHT_M, WARD_M = 60_000, 50_000, 3_000
WEST, SOUTH = 350_000, 420_000
N_TOWNS, N_POINTS, N_ROWS = 60, 40_000, 160_000
CRIMES = {"Anti-social behaviour": 0.35, "Violence and sexual offences": 0.45, "Vehicle crime": 0.12, "Robbery": 0.08}


def make_county(folder: Path, *, seed: int = 1) -> None:
    """Write the two files."""
    rng = np.random.default_rng(seed)
    corner, size = np.array([WEST, SOUTH]), np.array([WIDTH_M, HEIGHT_M])
    centres = corner + rng.uniform(0.04, 0.96, (N_TOWNS, 2)) * size
    residents = 1 / np.arange(1, N_TOWNS + 1)
    town = rng.choice(N_TOWNS, N_POINTS, p=residents / residents.sum())
    spread_m = 400 + 2_600 * np.sqrt(residents[town])[:, None]
    points = np.clip(centres[town] + rng.normal(0, 1, (N_POINTS, 2)) * spread_m, corner + 1, corner + size - 1).round()
    # a few points hold hundreds, most hold a handful
    weights = rng.pareto(1.3, N_POINTS) + 0.2
    row = rng.choice(N_POINTS, N_ROWS, p=weights / weights.sum())
    degrees = gpd.GeoSeries(shapely.points(points), crs=27700).to_crs(4326)
    incidents = pd.DataFrame(
        {
            "Crime ID": [f"{number:064x}" for number in range(N_ROWS)],
            "Month": rng.choice([f"2024-{month:02d}" for month in range(1, 13)], N_ROWS),
            "Reported by": "Made-up Constabulary",
            "Falls within": "Made-up Constabulary",
            "Longitude": degrees.x.to_numpy()[row].round(6),
            "Latitude": degrees.y.to_numpy()[row].round(6),
            "Location": [f"On or near Street {number}" for number in row],
            "LSOA code": "E01000001",
            "LSOA name": "Made-up 001A",
            "Crime type": rng.choice(list(CRIMES), N_ROWS, p=list(CRIMES.values())),
            "Last outcome category": "",
            "Context": "",
        }
    )
    incidents.to_csv(folder / "incidents.csv", index=False)
    west, south = np.meshgrid(np.arange(WEST, WEST + WIDTH_M, WARD_M), np.arange(SOUTH, SOUTH + HEIGHT_M, WARD_M))
    outlines = shapely.box(west, south, west + WARD_M, np.minimum(south + WARD_M, SOUTH + HEIGHT_M)).ravel()
    wards = gpd.GeoDataFrame(
        {
            "ward_code": [f"E0500{number:04d}" for number in range(len(outlines))],
            "ward_name": [f"Ward {number}" for number in range(len(outlines))],
        },
        geometry=outlines,
        crs=27700,
    )
    wards.to_file(folder / "wards.geojson", driver="GeoJSON")


if __name__ == "__main__":
    make_county(Path(sys.argv[1]))
