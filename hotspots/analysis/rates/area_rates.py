"""Rates per resident: the risk of an area, and its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import special

from hotspots.distributions import binomial_cdf, binomial_sf, fit_gamma
from hotspots.errors import DataError, ParameterError

Floats = npt.NDArray[np.float64]

SMALL_NUMBER = 20
"""Chance alone moves a rate of 20 incidents by 22% of itself (one standard deviation): 44% in one year of twenty."""

PER_RESIDENTS = 1000.0
CONFIDENCE = 0.95
FEW_AREAS = 10
"""From fewer, the distribution of rates is known too badly to be taken as exact, as the shrunk limits take it."""
_MIN_AREAS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaRates:
    """Rates of several areas.

    Attributes:
        table: On the index of the incidents, float where not said otherwise, missing for an area without population:
            `n_incidents` (int), `population`; `rate`, `rate_low`, `rate_high`: incidents per `per` residents and
            year, with their exact interval; `ratio`, `ratio_low`, `ratio_high`: that rate over the rate of all areas
            together; `p_value`: of both being the same; `shrunk_rate`, `shrunk_low`, `shrunk_high`: the rate drawn
            towards those of the other areas, as far as its own number is small; `is_small` (bool): fewer than 20
            incidents, too few for the plain rate to be read.
        overall_rate: Rate of all areas with a population together.
        prior_shape: Shape of the gamma distribution of the areas' rates, whose mean is `prior_mean`; the larger, the
            more alike they are (standard deviation / mean = 1 / sqrt(shape)). None where nothing was shrunk.
        prior_mean: Mean of that distribution. None where nothing was shrunk.
        n_without_population: Areas whose population is missing or 0.
        n_incidents_without_population: Incidents in them, which are in no rate.
        per: Residents to which rates refer.
        n_years: As asked.
        confidence: Of all intervals, 0-1.
    """

    table: pd.DataFrame
    overall_rate: float
    prior_shape: float | None
    prior_mean: float | None
    n_without_population: int
    n_incidents_without_population: int
    per: float
    n_years: float
    confidence: float

    @property
    def is_prior_weak(self) -> bool:
        """Whether rates were drawn towards those of so few areas that the shrunk limits are too narrow."""
        return self.prior_shape is not None and int(self.table["shrunk_rate"].notna().sum()) < FEW_AREAS


def estimate_rates(
    n_incidents: pd.Series,
    population: pd.Series,
    *,
    n_years: float = 1.0,
) -> AreaRates:
    """Estimate the rate of incidents per resident of each area, with its uncertainty.

    Three answers to three questions. *What was recorded here?* The plain rate, with the exact interval of a Poisson
    count (Garwood). *Is it other than elsewhere?* The ratio to the rate of all areas together; given their total,
    an area's number is binomial with its share of the population, which gives the exact interval (Clopper-Pearson)
    and a p-value (twice the smaller tail). *What is the best guess of the risk here?* The shrunk rate: the areas'
    rates are taken as drawn from one gamma distribution, fitted by maximum marginal likelihood (the counts are then
    negative binomial); each area gets its posterior mean and interval. Rank areas by this one: the highest and the
    lowest plain rates are those of the smallest areas, because they vary most.

    **Residents are the wrong denominator for town centres.** Robbery, shoplifting and violence happen to those who
    are there, and a ward with a station, a market or a night-time economy holds many times its residents; its rate
    per resident says that people come, not that each is in danger. Use it for burglary of homes and for comparing
    residential areas, and say beside any other that visitors are not counted.

    Intervals are of chance alone, for incidents that come singly; series and repeat victims make them too narrow. The
    population is taken as exact, and so is the fitted distribution, which makes the shrunk intervals too narrow where
    areas are few (`is_prior_weak`) or hardly differ: those of 95% held 73% and 50% of the rates of three areas, 93% and
    79% of nine, 95% and 93% of forty-two, where rates differed by a half and by a fifth (simulated). Recording practice
    is not in them. With many areas some p-values are small by chance: adjust them
    (`scipy.stats.false_discovery_control`) before calling areas different.

    Args:
        n_incidents: int for each area, index `ward_code` or another unique code.
        population: Residents, by the same codes in any order; an area missing from it, or with 0, has no rate.
        n_years: Length of the period of the incidents.

    Raises:
        DataError: A code is repeated, a count is not a whole number, a population is negative, or no area has one.
        ParameterError: `n_years` is not above 0.

    Source: Garwood, F. (1936), "Fiducial limits for the Poisson distribution", Biometrika 28,
    doi:10.1093/biomet/28.3-4.437. Clayton, D., Kaldor, J. (1987), "Empirical Bayes estimates of age-standardized
    relative risks for use in disease mapping", Biometrics 43, doi:10.2307/2532003.
    """
    if not (math.isfinite(n_years) and n_years > 0):
        raise ParameterError(f"`n_years` must be above 0, not {n_years:g}. A rate is per 1,000 residents and 1 year.")
    counts, residents = _read_areas(n_incidents, population)
    known = residents > 0
    n = counts[known]
    exposure = residents[known] * n_years / PER_RESIDENTS
    total, total_exposure = n.sum(), exposure.sum()
    overall = total / total_exposure
    tail = (1 - CONFIDENCE) / 2

    columns = {"rate": n / exposure}
    low, high = _find_poisson_limits(n, tail)
    columns |= {"rate_low": low / exposure, "rate_high": high / exposure}
    if total:
        share = exposure / total_exposure
        low, high = _find_binomial_limits(n, total, tail)
        smaller = np.minimum(binomial_cdf(n, total, share), binomial_sf(n - 1, total, share))
        columns |= {"ratio": n / total / share, "ratio_low": low / share, "ratio_high": high / share}
        columns["p_value"] = np.minimum(2 * smaller, 1)
    prior = fit_gamma(n, exposure) if total and len(n) >= _MIN_AREAS else None
    if prior:
        shape, mean = prior
        scale = 1 / (shape / mean + exposure)
        columns["shrunk_rate"] = (shape + n) * scale
        columns["shrunk_low"] = special.gammaincinv(shape + n, tail) * scale
        columns["shrunk_high"] = special.gammainccinv(shape + n, tail) * scale

    table = pd.DataFrame({"n_incidents": counts.astype(np.int64), "population": residents}, index=n_incidents.index)
    for column in (
        *("rate", "rate_low", "rate_high", "ratio", "ratio_low", "ratio_high", "p_value"),
        *("shrunk_rate", "shrunk_low", "shrunk_high"),
    ):
        values = np.full(len(counts), np.nan)
        if column in columns:
            values[known] = columns[column]
        table[column] = values
    table["is_small"] = counts < SMALL_NUMBER
    return AreaRates(
        table=table,
        overall_rate=float(overall),
        prior_shape=prior[0] if prior else None,
        prior_mean=prior[1] if prior else None,
        n_without_population=int((~known).sum()),
        n_incidents_without_population=int(counts[~known].sum()),
        per=PER_RESIDENTS,
        n_years=float(n_years),
        confidence=CONFIDENCE,
    )


def _find_poisson_limits(n: Floats, tail: float) -> tuple[Floats, Floats]:
    """Garwood's limits of the mean of a Poisson count; the lower is 0 for none."""
    low = special.gammaincinv(np.maximum(n, 1), tail)
    return np.where(n > 0, low, 0.0), np.asarray(special.gammainccinv(n + 1, tail))


def _find_binomial_limits(n: Floats, total: float, tail: float) -> tuple[Floats, Floats]:
    """Clopper and Pearson's limits of the share that n of a total are; 0 and 1 where none and all are."""
    low = special.betaincinv(np.maximum(n, 1), total - n + 1, tail)
    high = special.betainccinv(n + 1, np.maximum(total - n, 1), tail)
    return np.where(n > 0, low, 0.0), np.where(n < total, high, 1.0)


def _read_areas(n_incidents: pd.Series, population: pd.Series) -> tuple[Floats, Floats]:
    for name, series in (("incidents", n_incidents), ("population", population)):
        repeated = series.index[series.index.duplicated()]
        if len(repeated):
            raise DataError(
                f"Each area needs one number; {repeated[0]} has several in the {name}. Add them up, or use codes: "
                "names of wards repeat across boroughs."
            )
    counts = n_incidents.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~((counts >= 0) & (counts == np.floor(counts)) & np.isfinite(counts)))
    if len(wrong):
        raise DataError(
            f"A rate needs whole numbers of incidents, 0 or more; {len(wrong):,} of {len(counts):,} are not, the first "
            f"that of {n_incidents.index[wrong[0]]} ({counts[wrong[0]]:g}). Count incidents; an area without any has 0."
        )
    residents = population.reindex(n_incidents.index).to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero((residents < 0) | np.isinf(residents))
    if len(wrong):
        raise DataError(
            f"A population must be a number of residents, 0 or more; that of {n_incidents.index[wrong[0]]} is "
            f"{residents[wrong[0]]:g}. Correct it, or leave it empty: the area then has no rate."
        )
    if not (residents > 0).any():
        raise DataError(
            f"A rate needs the population of at least one area; none of the {len(counts):,} areas has one. The codes "
            f"of the incidents begin {', '.join(map(str, n_incidents.index[:2])) or '(none)'}, those of the population "
            f"{', '.join(map(str, population.index[:2])) or '(none)'}. Check that both are of the same year."
        )
    return counts, residents


def estimate_residents(outlines: Sequence[shapely.Geometry], wards: gpd.GeoDataFrame) -> Floats:
    """Residents inside each outline, if those of a ward lived evenly all over it.

    They do not: a park has none, and an estate as many as the rest of its ward. It tells tens from hundreds and
    thousands, and no more.

    Args:
        outlines: Polygons in the CRS of the wards.
        wards: The wards table; a ward without population makes the outlines in it unknown.

    Returns:
        float (n_outlines,), missing where an outline lies in no ward, or in one without a known population.
    """
    polygons = np.array(outlines, dtype=object)
    wards_geometry = wards.geometry.to_numpy()
    outline, ward = shapely.STRtree(wards_geometry).query(polygons, predicate="intersects")
    overlap = shapely.area(shapely.intersection(polygons[outline], wards_geometry[ward]))
    outline, ward, overlap = (values[overlap > 0] for values in (outline, ward, overlap))  # one that touches is not in
    held = wards["population"].to_numpy(dtype=np.float64)[ward] * overlap / shapely.area(wards_geometry[ward])
    residents = np.bincount(outline, held, len(polygons)).astype(np.float64)
    residents[np.setdiff1d(np.arange(len(polygons)), outline)] = np.nan
    return residents
