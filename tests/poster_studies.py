"""Studies for posters: havens around schools in a borough, streets if wanted, and the sheets that they make."""

from __future__ import annotations

import re

import geopandas as gpd
import pandas as pd
import shapely

from hotspots.ingest.reference import Boundaries, Havens, Schools, Streets
from hotspots.pipeline import PosterStudy
from hotspots.products.summary import SheetSummary

EAST, NORTH = 530_000, 180_000
SHEET = SheetSummary(paper="a4", is_by_ward=False, n_named=1, n_unprintable=0, files=("a.pdf", "a.png"))


def make_study(
    places: list[tuple[float, float]],
    *,
    hours: list[str | None] | None = None,
    names: list[str] | None = None,
    schools: tuple[str, ...] = ("Hill School",),
    streets: list[list[tuple[float, float]]] | None = None,
) -> PosterStudy:
    """Havens so far east and north of the schools, which stand in the middle of a borough of 4 km."""
    n = len(places)
    havens = gpd.GeoDataFrame(
        {
            "name": names or [f"Shop {number}" for number in range(n)],
            "kind": ["convenience store"] * n,
            "opening_hours": pd.Series(hours or ["24/7"] * n, dtype="object"),
            "address": ["High Street"] * n,
        },
        geometry=[shapely.Point(EAST + x, NORTH + y) for x, y in places],
        crs=27700,
    ).set_index(pd.Index([f"H{number:03d}" for number in range(n)], name="haven_id"))
    wards = gpd.GeoDataFrame(
        {"ward_name": ["Hill"], "borough": ["Ashford"], "population": [1.0]},
        geometry=[shapely.box(EAST - 2000, NORTH - 2000, EAST + 2000, NORTH + 2000)],
        crs=27700,
        index=pd.Index(["E05000001"], name="ward_code"),
    )
    taught = gpd.GeoDataFrame(
        {"name": pd.Series(schools, dtype="object"), "phase": ["Primary"] * len(schools)},
        geometry=[shapely.Point(EAST, NORTH)] * len(schools),
        crs=27700,
    ).set_index(pd.Index([str(100001 + number) for number in range(len(schools))], name="school_id"))
    ways = gpd.GeoDataFrame(
        {"name": [f"{number} Street" for number in range(len(streets or []))], "kind": "residential"},
        geometry=[shapely.LineString([(EAST + x, NORTH + y) for x, y in line]) for line in streets or []],
        crs=27700,
    )
    return PosterStudy(
        havens=Havens(
            havens=havens,
            inputs=(),
            without_location={},
            n_malformed=0,
            n_shut=0,
            n_unnamed=0,
            hours_doubts={},
            n_hours_partly_known=0,
        ),
        boundaries=Boundaries(wards=wards, inputs=(), n_repaired=0, unmatched_residents=()),
        schools=Schools(schools=taught, inputs=()),
        streets=Streets(ways=ways, inputs=(), left_out={}, n_broken=0, n_unnamed=0) if streets else None,
        terms=None,
        country="GB",
        subdivision="ENG",
    )


def count_sheets(pdf: bytes) -> int:
    """How many pages a PDF has."""
    return len(re.findall(rb"/Type */Page\b", pdf))
