"""Incidents as police.uk publishes them, in files, and wards beside them: what a whole run reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.data import Floats, Size, make_places, make_wards

if TYPE_CHECKING:
    import pyarrow as pa

CRIMES = {
    "robbery": ("Robbery", 0.03),
    "burglary": ("Burglary", 0.06),
    "vehicle-crime": ("Vehicle crime", 0.11),
    "theft-from-the-person": ("Theft from the person", 0.05),
    "shoplifting": ("Shoplifting", 0.03),
    "drugs": ("Drugs", 0.05),
    "asb": ("Anti-social behaviour", 0.25),
    "violence": ("Violence and sexual offences", 0.22),
    "other-theft": ("Other theft", 0.10),
    "public-order": ("Public order", 0.05),
    "criminal-damage-and-arson": ("Criminal damage and arson", 0.05),
}
"""By the names that Hotspots is asked for: what police.uk calls them, and their shares of all rows."""
_WORDS, _SHARES = zip(*CRIMES.values(), strict=True)
_NO_ID = list(CRIMES).index("asb")
_OUTCOMES = ("Under investigation", "Status update unavailable", "Awaiting court outcome", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is written: so many rows at the places of a `Size`, by month.

    Attributes:
        size: The places and the wards.
        n_months: Months up to `last_month`.
        is_one_file: Whether they are all in one file, not in one for each month.
        seed: Where chance begins.
        last_month: The last.
    """

    size: Size
    n_months: int
    is_one_file: bool = False
    seed: int = 20261126
    last_month: str = "2025-12"

    def write(self, folder: Path) -> None:
        """Write `incidents/*.csv` and `wards.gpkg`, the same for the same numbers."""
        (folder / "incidents").mkdir(parents=True)
        rng = np.random.default_rng(self.seed)
        easting_northing, share = make_places(self.size, rng)
        places = _describe_places(easting_northing)
        months = pd.period_range(end=pd.Period(self.last_month, "M"), periods=self.n_months, freq="M").astype(str)
        of_month = np.sort(rng.integers(self.n_months, size=self.size.n_incidents))
        n_files = 1 if self.is_one_file else self.n_months
        for rows in np.split(of_month, np.searchsorted(of_month, np.arange(1, n_files))):
            if len(rows):
                self._write_file(folder / "incidents", months[rows].to_numpy(), places, share, rng)
        wards = make_wards(self.size)
        wards.drop(columns="population").reset_index().to_file(folder / "wards.gpkg", driver="GPKG")

    def _write_file(
        self,
        folder: Path,
        month: npt.NDArray[np.object_],
        places: dict[str, pa.Array],
        share: Floats,
        rng: np.random.Generator,
    ) -> None:
        import pyarrow as pa
        from pyarrow import csv

        n = len(month)
        where = pa.array(rng.choice(len(share), n, p=share))
        crime = rng.choice(len(CRIMES), n, p=_SHARES)
        ids = pd.Series(np.frombuffer(rng.bytes(32 * n).hex().encode(), "S64").astype(str))
        force = pa.array(["Made-up Constabulary"]).take(pa.array(np.zeros(n, dtype=np.int8)))
        columns = {
            "Crime ID": ids.mask(crime == _NO_ID, ""),
            "Month": month,
            "Reported by": force,
            "Falls within": force,
            **{name: values.take(where) for name, values in places.items()},
            "Crime type": pa.array(_WORDS).take(pa.array(crime)),
            "Last outcome category": pa.array(_OUTCOMES).take(pa.array(rng.integers(len(_OUTCOMES), size=n))),
            "Context": pa.array([""]).take(pa.array(np.zeros(n, dtype=np.int8))),
        }
        options = csv.WriteOptions(quoting_style="none")
        path = folder / f"{month[0]}-made-up-street.csv"
        csv.write_csv(pa.table({name: pa.array(values) for name, values in columns.items()}), path, options)


def _describe_places(easting_northing: Floats) -> dict[str, pa.Array]:
    """What police.uk says of each shared point, as text."""
    import geopandas as gpd
    import pyarrow as pa

    degrees = gpd.GeoSeries(gpd.points_from_xy(*easting_northing.T), crs=27700).to_crs(4326)
    number = np.arange(len(degrees))
    return {
        "Longitude": pa.array([f"{value:.6f}" for value in degrees.x]),
        "Latitude": pa.array([f"{value:.6f}" for value in degrees.y]),
        "Location": pa.array([f"On or near Street {one}" for one in number // 3]),
        "LSOA code": pa.array([f"E01{one:06d}" for one in number // 20]),
        "LSOA name": pa.array([f"Made up {one:04d}" for one in number // 20]),
    }
