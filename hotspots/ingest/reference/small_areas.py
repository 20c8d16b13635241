"""Small areas: locations of rows that state only their LSOA."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hotspots.geography import BRITISH_NATIONAL_GRID
from hotspots.ingest.reference.boundaries import read_boundaries


@dataclass(frozen=True, slots=True, kw_only=True)
class Areas:
    """A point inside each small area.

    Attributes:
        points: `easting` and `northing`, National Grid metres, by the code of the area.
        sha256: Fingerprint of the files that they were read from.
    """

    points: pd.DataFrame
    sha256: str

    def locate(self, texts: pd.Series) -> pd.DataFrame:
        """`easting` and `northing` of each code, on the index of `texts`; NaN where the code is not known."""
        codes = texts.astype("object").str.strip().str.upper()
        return self.points.reindex(codes).set_axis(texts.index)


def read_areas(paths: Sequence[Path]) -> Areas:
    """Read the outlines of small areas, as `hotspots.ingest.reference.boundaries` reads wards.

    Raises:
        NotFoundError: A path does not exist.
        DataError: A file does not hold outlines with codes.
    """
    read = read_boundaries(paths, crs=BRITISH_NATIONAL_GRID)
    inside = read.wards.geometry.representative_point()
    points = pd.DataFrame(
        {"easting": inside.x.to_numpy(), "northing": inside.y.to_numpy()}, index=read.wards.index.str.upper()
    )
    digest = hashlib.sha256("".join(file.sha256 for file in read.inputs).encode())
    return Areas(points=points, sha256=digest.hexdigest())
