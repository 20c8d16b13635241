"""The surface that ranks: a cell's own record, shrunk towards what its surroundings suggest."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from scipy import sparse
from threadpoolctl import threadpool_limits

from hotspots.analysis.surfaces.cell_records import CellRecords, locate_incidents
from hotspots.analysis.surfaces.cell_surroundings import measure_surroundings
from hotspots.analysis.surfaces.drift import Drift, expect, halve, measure_drift
from hotspots.analysis.surfaces.shrinkage import START, fit_shrinkage
from hotspots.contracts import require_metres
from hotspots.distributions import negative_binomial_ppf
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import Cells

Floats = npt.NDArray[np.float64]


RISK_BANDWIDTHS_M = (300.0, 500.0, 1000.0)
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskEstimate:
    """Incidents to expect in each cell, over a period as long as the one given.

    Attributes:
        cells: The cells.
        expected: float (n_cells,), the estimate; it orders the cells.
        n_incidents: float (n_cells,), what each cell has recorded itself.
        prior: float (n_cells,), what its surroundings lead one to expect: `coefficients` times the covariates.
        shape: float (n_cells,), of the gamma distribution around `prior`: a x prior^p x the factor of the drift. Large
            where places alike in their surroundings are, and stay, alike in their crime.
        possible: float (n_cells,), how likely a cell can hold crime at all; 1 where it has held some.
        variance: float (n_cells,), of the distribution of each cell's rate around `expected`, if nothing changes.
        coefficients: b1, b2 and b3: of other crime in the cell x local share of this crime, of the local level of this
            crime, and of what is the same everywhere.
        shape_scale, shape_power: a and p.
        possible_share: Of the cells without other crime, those that can hold crime.
        drift: How rates change to the next period, as far as the halves of this one show; None where it cannot be
            divided.
        bandwidth_m: Reach of "local", metres, of those tried the one under which the data are likeliest.
        log_likelihood: By bandwidth tried.
        used_other_crime: Whether other crime was given.
    """

    cells: Cells
    expected: Floats
    n_incidents: Floats
    prior: Floats
    shape: Floats
    possible: Floats
    variance: Floats
    coefficients: tuple[float, float, float]
    shape_scale: float
    shape_power: float
    possible_share: float
    drift: Drift | None
    bandwidth_m: float
    log_likelihood: dict[float, float]
    used_other_crime: bool

    @property
    def own_share(self) -> Floats:
        """Float (n_cells,), the weight of a cell's own count in its estimate; the rest is its surroundings'."""
        return self.prior / (self.shape + self.prior)

    def predict(self, shares: sparse.csr_array) -> PredictedIncidents:
        """What to expect in places made of cells, with what nobody can know of it.

        Args:
            shares: float (n_places, n_cells), how much of each cell belongs to each place, 0-1.
        """
        mean = np.maximum(shares @ self.expected, _NOTHING)
        variance = np.maximum(shares.power(2) @ self.variance, _NOTHING)
        of_places, of_area = (0.0, 0.0) if self.drift is None else (self.drift.of_places, self.drift.of_area)
        return PredictedIncidents(
            mean=mean, variance=variance + (of_places + of_area) * mean**2, rank_variance=variance + of_places * mean**2
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedIncidents:
    """The rates of places in the next period, which nobody knows.

    Attributes:
        mean: float (n_places,), incidents to expect.
        variance: float (n_places,), of the rate around it: what is not known of it now, and how far it may drift.
        rank_variance: The same without the drift of the whole area, which does not change the order of places.
    """

    mean: Floats
    variance: Floats
    rank_variance: Floats


def predict_counts(
    mean: Floats, variance: Floats, *, confidence: float = 0.9
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The range of a Poisson count whose mean is gamma distributed, and which is therefore negative binomial.

    For several cells together, add their `expected` and their `variance`: the sum of gamma distributions is taken for
    the gamma distribution with the same mean and variance.

    Args:
        mean: float (n,), of the gamma distribution, above 0.
        variance: float (n,), of the gamma distribution, above 0.
        confidence: Share of such counts inside the range.

    Returns:
        Lowest and highest count, int (n,) each. No more than half of the rest lies on either side.

    Raises:
        ParameterError: A mean or variance is not above 0, or the confidence not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ParameterError(f"The confidence must lie between 0 and 1, not {confidence:g}. 0.9 is usual.")
    wrong = np.flatnonzero(~((mean > 0) & (variance > 0)))
    if len(wrong):
        raise ParameterError(
            f"A gamma distribution needs a mean and a variance above 0; {len(wrong):,} of {len(mean):,} do not have "
            f"them, the first {mean[wrong[0]]:g} and {variance[wrong[0]]:g}. Give those of an estimate of risk."
        )
    size = mean**2 / variance
    ends = np.array([[(1 - confidence) / 2], [(1 + confidence) / 2]])
    low, high = negative_binomial_ppf(ends, size, size / (size + mean)).astype(np.int64)
    return low, high


def estimate_risk(
    incidents: gpd.GeoDataFrame | CellRecords,
    other_incidents: gpd.GeoDataFrame | CellRecords | None = None,
    *,
    cells: Cells,
    bandwidths_m: tuple[float, ...] = RISK_BANDWIDTHS_M,
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> RiskEstimate:
    """Estimate the incidents to expect in each cell from its own record and from its surroundings.

    A smooth density forgets what a place itself has recorded; raw counts forget its neighbourhood, and that a place
    with much other crime and no robbery so far is likelier to see the next robbery than an empty field. Here the
    number y of a cell is Poisson around a rate that is gamma distributed around a prior m:

        m = b1 x (other crime in the cell) x (local share of this crime) + b2 x (local level of this crime) + b3
        rate ~ Gamma(shape s, mean m), s = a m^p
        expected = m (s + y) / (s + m)

    where the local level is this crime a cell, and the local share this crime over other crime, both weighed by a
    quartic kernel over the cells around and both without the cell itself, so that its own count is not used twice. To
    the share is added one incident, and the other crime that goes with one everywhere: where little is recorded around,
    a single robbery beside a lone shop does not make every crime in the shop a robbery.

    On data snapped to shared points most cells can hold no crime at all, since none of the points lies in them. Nothing
    says which they are, but a cell with other crime can, and of those without a share can that is estimated too: counts
    are zero-inflated. What is expected in the others is nothing.

    The six numbers b1, b2, b3, a, p and that share, and the reach of the kernel, are those that make the counts given
    likeliest (marginal likelihood, zero-inflated negative binomial with a mean-dependent shape). The one incident added
    to the share is a convention. If the period can be divided, the shape is then made larger by as much as one half
    forecasts the other better with, and `measure_drift` says how far rates drift.

    It is an estimate of where incidents will be *recorded*, at the precision of the source: on data snapped to shared
    points a cell stands for the catchments of the points in it. It takes the recent past for the near future: no
    season, no trend, no operation under way; the drift says how wrong that tends to be. Other crime recorded at other
    points than this crime (another source) says little, and gets little weight. It is not for comparing people or for
    places without recording.

    Args:
        incidents: Points of the crime, in metres, with `started_at` for the drift; or `locate_incidents` of them on
            these cells.
        other_incidents: All other recorded crime of the same area and time, likewise; without it the surroundings are
            this crime's only.
        cells: Of the study area; points outside are left out.
        bandwidths_m: Reaches to try; each must hold at least the neighbouring cells.
        start: First day of the period; by default that of the incidents.
        end: Last day, included; the same.

    Raises:
        DataError: The points are not in a projected CRS in metres.
        ParameterError: No bandwidth, or one that does not reach the next cell.
        TooLittleDataError: No incident lies in a cell.

    Source: Clayton, D. and Kaldor, J. (1987), "Empirical Bayes estimates of age-standardized relative risks for use in
    disease mapping", Biometrics 43(3), doi:10.2307/2532003; shape by mean after Greene, W. (2008), "Functional forms
    for the negative binomial model for count data", Economics Letters 99(3), doi:10.1016/j.econlet.2007.10.015; zeros
    after Lambert, D. (1992), "Zero-inflated Poisson regression, with an application to defects in manufacturing",
    Technometrics 34(1), doi:10.2307/1269547.
    """
    own_records = _locate(incidents, cells, table="incidents")
    other_records = None if other_incidents is None else _locate(other_incidents, cells, table="other incidents")
    if not bandwidths_m or not all(math.isfinite(h) and h > cells.cell_size_m for h in bandwidths_m):
        raise ParameterError(
            f"A bandwidth must reach the next cell, so it must be above {cells.cell_size_m:g} m; the bandwidths given "
            f"are {', '.join(f'{h:g}' for h in bandwidths_m) or 'none'}. Choose larger ones, or smaller cells."
        )
    own = own_records.count()
    if not own.any():
        raise TooLittleDataError(
            f"A risk needs incidents to be estimated from; none of the {len(incidents):,} given lies in the "
            f"{len(cells):,} cells. Check that both are of the same place."
        )
    other = np.zeros(len(cells)) if other_records is None else other_records.count()
    log_likelihood: dict[float, float] = {}
    begin: Sequence[float] = START
    with threadpool_limits(limits=1, user_api="blas"):  # which would wake its threads at each step of six numbers
        for h in map(float, bandwidths_m):  # each search begins where the last one ended
            around = measure_surroundings(own, other, cells, h)
            fit = fit_shrinkage(own, around, other > 0, begin=begin)
            begin, log_likelihood[h] = fit.found, fit.log_likelihood
            if log_likelihood[h] == max(log_likelihood.values()):  # only one is kept: of a city each is large
                bandwidth_m, best, best_around = h, fit, around
            del around
        priors = best.find_priors(own, best_around, other > 0)
        del best_around
        halves = halve(own_records, other_records, start=start, end=end)
        drift = None
        if halves is not None:
            drift = measure_drift(halves, cells=cells, bandwidth_m=bandwidth_m)
    shape_factor = 1.0 if drift is None else drift.shape_factor
    expected, variance = expect(priors, own, shape_factor)
    if drift is not None:  # what passes at one place comes up at others, so the whole is as much as it was
        growth = own.sum() / expected.sum()
        expected, variance = growth * expected, growth**2 * variance
    return RiskEstimate(
        cells=cells,
        expected=expected,
        n_incidents=own,
        prior=priors.prior,
        shape=shape_factor * priors.shape,
        possible=priors.possible,
        variance=variance,
        coefficients=best.coefficients,
        shape_scale=best.shape_scale,
        shape_power=best.shape_power,
        possible_share=best.possible_share,
        drift=drift,
        bandwidth_m=bandwidth_m,
        log_likelihood=log_likelihood,
        used_other_crime=bool(other.any()),
    )


def _locate(incidents: gpd.GeoDataFrame | CellRecords, cells: Cells, *, table: str) -> CellRecords:
    if isinstance(incidents, CellRecords):
        return incidents
    require_metres(incidents, table=table)
    return locate_incidents(incidents, cells)
