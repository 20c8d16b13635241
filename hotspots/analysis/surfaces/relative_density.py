"""The density of incidents relative to a reference, such as residents or another period."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from hotspots.analysis.surfaces.density import DensitySurface, estimate_density
from hotspots.analysis.surfaces.kernels import KERNELS, Kernel
from hotspots.contracts import require_same_crs
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import Grid

Floats = npt.NDArray[np.float64]

Comparison = Literal["ratio", "log-ratio", "difference", "sum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeDensity:
    """The density of incidents compared with that of a reference, such as residents or another period.

    Attributes:
        grid: The cells.
        values: float (n_rows, n_columns); missing (NaN) where the comparison means nothing and outside the study area.
        comparison: "ratio" (incidents per unit of the reference), "log-ratio" (its natural logarithm), "difference" or
            "sum" (per square kilometre).
        incidents, reference: The two surfaces compared.
        min_expected: Incidents to be expected within the kernel below which a ratio is missing.
        n_without_reference: Cells that are missing because the reference has no density there.
        n_below_floor: Cells that are missing because fewer than `min_expected` incidents are to be expected there.
        n_without_incidents: Cells whose log-ratio is missing because no incident is near.
    """

    grid: Grid
    values: Floats
    comparison: Comparison
    incidents: DensitySurface
    reference: DensitySurface
    min_expected: float
    n_without_reference: int
    n_below_floor: int
    n_without_incidents: int


def estimate_relative_density(
    incidents: gpd.GeoDataFrame,
    reference: gpd.GeoDataFrame,
    *,
    grid: Grid,
    bandwidth_m: float = 300.0,
    reference_bandwidth_m: float | None = None,
    kernel: Kernel = "quartic",
    incident_weights: npt.ArrayLike | None = None,
    reference_weights: npt.ArrayLike | None = None,
    comparison: Comparison = "ratio",
    min_expected: float = 1.0,
    study_area: shapely.Geometry | None = None,
) -> RelativeDensity:
    """Compare the density of incidents with that of a reference: dual kernel density.

    The ratio of burglaries to homes is the risk of a home; the difference of two periods shows where incidents have
    moved. Both surfaces are in their own units per square kilometre, so a difference or a sum means something only
    where these are the same and the two periods are equally long.

    A ratio over next to nothing is noise. It is missing where the reference is nothing, and where the incidents to be
    expected within the kernel, were they spread as the reference is, are fewer than `min_expected`: reference density
    x incidents / total reference x effective area of the kernel (1 / integral of its square). A logarithm is missing
    also where there are no incidents. What is missing is counted. Residents are not the people at risk in a town
    centre, where few live and many pass: a high ratio there says so and no more.

    Args:
        incidents: Points in a projected CRS in metres.
        reference: Points in the same CRS.
        grid: The cells.
        bandwidth_m: Bandwidth of the incidents, metres.
        reference_bandwidth_m: That of the reference, by default the same. With different ones the ratio has a pattern
            of its own, even for two identical tables.
        kernel: The weighting function of both.
        incident_weights: One for each incident, in their order, not negative.
        reference_weights: The same for the reference, such as the residents of an address.
        comparison: "ratio", "log-ratio", "difference" or "sum".
        min_expected: The floor of ratios, in incidents; 0 leaves only the zeros of the reference out.
        study_area: Where both tables end at its edge: see `estimate_density`.

    Raises:
        DataError: The tables are not in one projected CRS in metres.
        ParameterError: The comparison is not known, `min_expected` is negative, or as for `estimate_density`.
        TooLittleDataError: The reference is empty, or all of its weights are 0.

    Source: Bithell, J. F. (1990), "An application of density estimation to geographical epidemiology", Statistics in
    Medicine 9(6), doi:10.1002/sim.4780090616; Kelsall, J. E. and Diggle, P. J. (1995), "Non-parametric estimation of
    spatial variation in relative risk", Statistics in Medicine 14(21-22), doi:10.1002/sim.4780142106.
    """
    require_same_crs(incidents, reference, tables="incidents and reference")
    if comparison not in get_args(Comparison):
        raise ParameterError(f'No comparison called "{comparison}". Choose one of: {", ".join(get_args(Comparison))}.')
    if not (math.isfinite(min_expected) and min_expected >= 0):
        raise ParameterError(
            f"The number of incidents expected must be 0 or more, not {min_expected}. 1 leaves out cells that are "
            "mostly chance."
        )
    over = estimate_density(
        incidents,
        grid=grid,
        bandwidth_m=bandwidth_m,
        kernel=kernel,
        incident_weights=incident_weights,
        study_area=study_area,
    )
    under = estimate_density(
        reference,
        grid=grid,
        bandwidth_m=bandwidth_m if reference_bandwidth_m is None else reference_bandwidth_m,
        kernel=kernel,
        incident_weights=reference_weights,
        study_area=study_area,
    )
    total = under.n_incidents if under.weight_sum is None else under.weight_sum
    if total == 0:
        raise TooLittleDataError(
            f"A comparison needs a reference; none of the {len(reference):,} points given counts, because they lie "
            "outside the study area or have weights of 0. Check that reference and incidents are of the same place."
        )

    top, bottom = over.density_per_km2, under.density_per_km2
    is_missing = np.zeros(grid.shape, dtype=bool) if over.is_inside is None else ~over.is_inside
    n_missing = {"reference": 0, "floor": 0, "incidents": 0}
    if comparison in ("ratio", "log-ratio"):
        effective_km2 = over.bandwidth_m**2 / KERNELS[kernel].roughness / 1e6
        expected = bottom * (over.n_incidents / total) * effective_km2
        for why, empty in (
            ("reference", bottom <= 0),
            ("floor", expected < min_expected),
            ("incidents", (top <= 0) & (comparison == "log-ratio")),
        ):
            n_missing[why] = int((empty & ~is_missing).sum())
            is_missing |= empty
        values = np.divide(top, bottom, out=np.full(grid.shape, np.nan), where=~is_missing)
        if comparison == "log-ratio":
            values = np.log(values)
    else:
        values = np.where(is_missing, np.nan, top - bottom if comparison == "difference" else top + bottom)
    return RelativeDensity(
        grid=grid,
        values=values,
        comparison=comparison,
        incidents=over,
        reference=under,
        min_expected=float(min_expected),
        n_without_reference=n_missing["reference"],
        n_below_floor=n_missing["floor"],
        n_without_incidents=n_missing["incidents"],
    )
