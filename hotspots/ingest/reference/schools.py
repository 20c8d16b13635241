"""Files of schools, to the schools table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pyproj
import shapely

from hotspots.geography import BRITISH_NATIONAL_GRID
from hotspots.ingest.formats import InputFile
from hotspots.ingest.incidents import Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Schools:
    """Schools read from files.

    Attributes:
        schools: The schools table.
        inputs: The files read.
    """

    schools: gpd.GeoDataFrame
    inputs: tuple[InputFile, ...]


def read_schools(
    paths: Sequence[Path],
    *,
    crs: str | pyproj.CRS = BRITISH_NATIONAL_GRID,
    area: shapely.Geometry | None = None,
    postcodes: Places | None = None,
    only_real: bool = False,
) -> Schools:
    """Read schools.

    Args:
        paths: Files, and folders of them.
        crs: The working CRS.
        area: The study area, metres; what lies far from it is left out.
        postcodes: Where postcodes are.
        only_real: Whether to leave out files that say of themselves that they are not real.
    """
    raise NotImplementedError
