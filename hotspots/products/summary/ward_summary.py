"""What the summary says of wards: how many incidents each has, and how many per resident."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hotspots.analysis.rates import FEW_AREAS, AreaRates
from hotspots.pipeline import Analysis
from hotspots.products.summary.encoding import (
    Hundredths,
    Part,
    PerKm2,
    Quantity,
    Spread,
)
from hotspots.products.summary.hours_summary import WardHours, summarise_ward_hours
from hotspots.products.words import say


@dataclass(frozen=True, slots=True, kw_only=True)
class WardRates(Part):
    """Incidents per `rates.per` residents and year; all null where the ward has no population.

    Attributes:
        population: Residents.
        rate: The plain rate.
        rate_low, rate_high: Its exact limits.
        shrunk_rate: The rate drawn towards those of the other wards, as far as its own number is small.
        shrunk_low, shrunk_high: Its limits.
        ratio_low, ratio_high: Limits of the plain rate over that of all wards together.
        is_small: Whether there are too few incidents for the plain rate to be read.
    """

    population: Annotated[float | None, Quantity(decimals=0)]
    rate: Hundredths | None
    rate_low: Hundredths | None
    rate_high: Hundredths | None
    shrunk_rate: Hundredths | None
    shrunk_low: Hundredths | None
    shrunk_high: Hundredths | None
    ratio_low: Hundredths | None
    ratio_high: Hundredths | None
    is_small: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WardSummary(Part):
    """One ward.

    Attributes:
        code: Its code in the boundaries.
        name: What it is called.
        borough: The local authority that it is of.
        rank: By incidents, 1 has most; equal numbers share the better rank.
        n_incidents: Incidents in it.
        area_km2: Its area.
        density_per_km2: Incidents per square kilometre.
        n_months_uncovered: Months of the period for which the files do not cover it, while they cover others: its
            number, its rate and its rank are lower than they were.
        rates: Left out where no population is known at all.
        profile: Its hours; null without incidents.
    """

    code: str
    name: str
    borough: str | None
    rank: int
    n_incidents: int
    area_km2: Annotated[float, Quantity("km²", decimals=3)]
    density_per_km2: PerKm2
    n_months_uncovered: int
    rates: Annotated[WardRates | None, Spread]
    profile: WardHours | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSummary(Part):
    """What the rates of wards refer to.

    Attributes:
        per: Residents that rates refer to.
        n_years: Length of the period that the files speak for.
        overall_rate: Rate of all wards together of which the residents are known.
        confidence: Of the limits.
        n_without_population: Wards of which they are not known.
        n_incidents_without_population: Incidents in them, which are in no rate.
        shrunk_note: What to know of the limits of the shrunk rates; null where nothing.
    """

    view_of: ClassVar = AreaRates

    per: float
    n_years: Annotated[float, Quantity("years", decimals=3)]
    overall_rate: Hundredths | None
    confidence: Annotated[float, Quantity("share 0-1")]
    prior_shape: Annotated[float | None, Quantity(figures=4)]
    n_without_population: int
    n_incidents_without_population: int
    shrunk_note: str | None


def summarise_wards(analysis: Analysis) -> tuple[WardSummary, ...]:
    """Each ward, by rank."""
    rates = analysis.ward_rates
    return tuple(
        WardSummary(
            code=str(code),
            name=ward["ward_name"],
            borough=ward["borough"],
            rank=ward["rank"],
            n_incidents=ward["n_incidents"],
            area_km2=ward["area_km2"],
            density_per_km2=ward["density_per_km2"],
            n_months_uncovered=ward["n_months_uncovered"],
            rates=None if rates is None else WardRates.of(rates.table.loc[str(code)]),
            profile=summarise_ward_hours(str(code), analysis),
        )
        for code, ward in analysis.ward_counts.iterrows()
    )


def summarise_rates(rates: AreaRates) -> RateSummary:
    """What the rates of wards refer to."""
    return RateSummary.of(rates, shrunk_note=say("places.weak_prior", FEW_AREAS) if rates.is_prior_weak else None)
