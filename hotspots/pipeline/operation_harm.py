"""The change of an operation by harm: all crimes that have a figure, each weighed by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import geopandas as gpd

from hotspots.analysis.change import (
    CountDifference,
    WeightedDisplacement,
    measure_displacement,
    measure_harm_difference,
)
from hotspots.crimes import Crime
from hotspots.errors import TooLittleDataError
from hotspots.harm import UNITS, HarmFigure, Measure
from hotspots.pipeline.operation_areas import OperationAreas
from hotspots.pipeline.operation_bins import place_in_areas
from hotspots.pipeline.operation_cover import covers_crime
from hotspots.pipeline.operation_request import OperationRequest
from hotspots.pipeline.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class CrimeHarm:
    """One crime of a difference in harm.

    Attributes:
        crime: Which.
        figure: What one offence of it weighs.
        displacement: Its counts, and their differences as a number.
    """

    crime: Crime
    figure: HarmFigure
    displacement: WeightedDisplacement


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationHarm:
    """The weighted displacement difference of all crimes that have a figure, by harm.

    Attributes:
        measure, unit: What harm is measured in.
        crimes: What it is made of, the one that makes it most uncertain first.
        net, local, displaced: As of `WeightedDisplacement`, in units of harm.
        n_unweighed: Incidents of both periods in these areas without a figure, by crime, the most first.
        uncovered: Crimes that the files do not cover in both periods, which are left out.
    """

    measure: Measure
    unit: str
    crimes: tuple[CrimeHarm, ...]
    net: CountDifference
    local: CountDifference
    displaced: CountDifference | None
    n_unweighed: Mapping[str, int]
    uncovered: tuple[str, ...]

    @property
    def most_uncertain_share(self) -> float:
        """Share of the variance that is of the first of the crimes."""
        first = self.crimes[0]
        return first.figure.value**2 * first.displacement.net.variance / self.net.variance if self.net.variance else 0.0

    @property
    def sources(self) -> tuple[str, ...]:
        """Of every figure that was used: "Source (date)" each."""
        return tuple(sorted({f"{one.figure.source} ({one.figure.as_of})" for one in self.crimes}))


def measure_operation_harm(
    study: Study,
    request: OperationRequest,
    displacement: WeightedDisplacement,
    *,
    wards: gpd.GeoDataFrame,
    areas: OperationAreas,
) -> OperationHarm:
    """Count all crimes where the one of the operation was counted, and weigh them by harm.

    A crime is the part that the source names, or else the category; it needs a figure, and files that cover it in both
    periods.

    Raises:
        TooLittleDataError: No crime that has a figure is covered.
    """
    assert request.harm is not None
    incidents = study.all_incidents
    incidents = incidents[incidents["ward_code"].isin(wards.index).to_numpy()]
    polygons = [areas.treated, areas.control, areas.treated_ring, areas.control_ring]
    before, during = request.periods
    dated = place_in_areas(incidents, polygons)
    is_counted = (dated.part >= 0) & (dated.is_within(*before) | dated.is_within(*during))
    category = incidents["category"].astype("object")
    slugs = incidents["subcategory"].astype("object").fillna(category)
    crimes, unweighed, uncovered = [], {}, []
    for slug, n in slugs[is_counted].value_counts().sort_index().items():
        crime = study.definitions.crimes.get(str(slug))
        is_crime = (slugs == slug).to_numpy()
        of = crime.part_of or crime.slug if crime else str(slug)
        figure = study.harm.find_figure(request.harm, of, str(slug))
        if crime is None or figure is None:
            unweighed[crime.label if crime else str(slug)] = int(n)
            continue
        own = dated.keep(is_crime)
        inside, outside, around, beside = (
            None if polygon is None else own.count(index, before, during) for index, polygon in enumerate(polygons)
        )
        if not covers_crime(study, incidents[is_crime], request):
            uncovered.append(crime.label)
        elif inside and outside and any(inside + outside):
            crimes.append(
                CrimeHarm(
                    crime=crime,
                    figure=figure,
                    displacement=measure_displacement(
                        treated=inside,
                        control=outside,
                        displacement_treated=around,
                        displacement_control=beside,
                        period_days=displacement.period_days,
                        area_weights=displacement.area_weights,
                        confidence=displacement.confidence,
                    ),
                )
            )
    if not crimes:
        raise TooLittleDataError(
            f"A difference in harm by {request.harm} needs crimes that have a figure and data in both periods; there "
            f"are none. {_say_left_out(unweighed, uncovered)}Leave `harm` out, or give figures under "
            f"[harm.{request.harm}] in hotspots.toml."
        )
    crimes.sort(key=lambda one: -(one.figure.value**2) * one.displacement.net.variance)
    harm = {one.crime.slug: one.figure.value for one in crimes}

    def add(read: Callable[[WeightedDisplacement], CountDifference | None]) -> CountDifference | None:
        found = {one.crime.slug: read(one.displacement) for one in crimes}
        known = {slug: difference for slug, difference in found.items() if difference is not None}
        return measure_harm_difference(known, harm, confidence=displacement.confidence) if known else None

    net, local = add(lambda one: one.net), add(lambda one: one.local)
    assert net is not None
    assert local is not None
    return OperationHarm(
        measure=request.harm,
        unit=UNITS[request.harm],
        crimes=tuple(crimes),
        net=net,
        local=local,
        displaced=add(lambda one: one.displaced),
        n_unweighed=dict(sorted(unweighed.items(), key=lambda item: (-item[1], item[0]))),
        uncovered=tuple(uncovered),
    )


def _say_left_out(unweighed: Mapping[str, int], uncovered: list[str]) -> str:
    said = f"Without a figure: {', '.join(unweighed)}. " if unweighed else ""
    return said + (f"Not covered by the files: {', '.join(uncovered)}. " if uncovered else "")
