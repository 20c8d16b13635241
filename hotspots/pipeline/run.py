"""A study and a request to an analysis."""

from __future__ import annotations

import dataclasses

import pandas as pd

from hotspots.analysis.calendar import count_months
from hotspots.analysis.hotspots import count_wards
from hotspots.analysis.hours import profile_week, weigh_hours
from hotspots.analysis.rates import estimate_rates
from hotspots.harm import weigh_harm
from hotspots.pipeline.facility_kinds import analyse_facilities
from hotspots.pipeline.felt_places import analyse_perception
from hotspots.pipeline.holes import count_uncovered_months
from hotspots.pipeline.notes import list_notes
from hotspots.pipeline.part_changes import compare_parts
from hotspots.pipeline.patrol_week import estimate_patrol_week
from hotspots.pipeline.period_densities import estimate_periods
from hotspots.pipeline.places import analyse_places
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run_havens import analyse_havens, suggest_havens
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.street_analysis import analyse_streets
from hotspots.pipeline.study import Progress, Study, silent
from hotspots.pipeline.times import analyse_times, count_known_days


def analyse(study: Study, request: AnalysisRequest, *, progress: Progress = silent) -> Analysis:
    """Run every analysis of one crime.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: An option is out of range.
        DataError: Incidents are to be weighed by harm, and some have none.
        TooLittleDataError: No incident is left to analyse.
    """
    chosen = select_incidents(study, request)
    crime, incidents = chosen.crime, chosen.incidents
    progress(f"{crime.slug}: places")
    weighed = weigh_harm(
        pd.concat([incidents, chosen.beyond]) if len(chosen.beyond) else incidents,
        table=study.harm,
        measure=request.harm or "severity",
        allow_unweighed=request.harm is None,
    )
    hours = weigh_hours(incidents)
    profile = profile_week(incidents, hours=hours)
    places = analyse_places(
        chosen, request, hours=hours, profile=profile, harm=weighed.harm if not weighed.n_unweighed else None
    )
    progress(f"{crime.slug}: times")
    times = analyse_times(
        study,
        chosen,
        hours=hours,
        profile=profile,
        outlines={
            "hotspots": [hotspot.outline for hotspot in places.hotspots],
            "patrols": [place.outline for place in places.patrol_places],
        },
        compare=request.compare,
    )
    months = pd.period_range(chosen.start, chosen.end, freq="M")
    ward_counts, population = count_wards(incidents, chosen.wards), chosen.wards["population"]
    uncovered = count_uncovered_months(times.holes, ward_counts.index, months=months)
    ward_counts = ward_counts.assign(n_months_uncovered=uncovered)
    if study.streets is not None:
        progress(f"{crime.slug}: streets")
    streets = analyse_streets(study.network, chosen, request, holdout=places.holdout)
    progress(f"{crime.slug}: havens")
    empty_months = tuple(month for month in times.gap_months if month in months)
    n_years = count_known_days(chosen.start, chosen.end, empty_months) / 365.25
    analysis = Analysis(
        request=request,
        study=study,
        selection=chosen,
        places=places,
        times=times,
        ward_counts=ward_counts,
        ward_rates=estimate_rates(ward_counts["n_incidents"], population, n_years=n_years)
        # the residents of a ward are not those of a beat in it
        if (population > 0).any() and request.area is None
        else None,
        n_years=n_years,
        harm=weighed,
        months=count_months(incidents, months=months),
        empty_months=empty_months,
        patrol_week=estimate_patrol_week(
            places.patrol_places,
            hours,
            n_incidents=len(incidents),
            n_weeks=n_years * 365.25 / 7,
            floor=request.floor,
        )
        if profile.available and n_years
        else None,
        periods=estimate_periods(chosen, times.rows, times.changes, like=places.density, floor=request.floor),
        part_changes=compare_parts(chosen, times.rows, times.changes, hours=hours)
        if profile.available and request.area is None
        else None,
        havens=analyse_havens(study, chosen, profile, places.patrol_places, request),
        new_havens=suggest_havens(study, chosen, reach_m=request.reach_m),
        facilities=analyse_facilities(study, chosen, floor=request.floor),
        streets=streets,
        perception=analyse_perception(study, chosen, floor=request.floor),
    )
    return dataclasses.replace(analysis, notes=(*study.intake.notes, *list_notes(analysis)))
