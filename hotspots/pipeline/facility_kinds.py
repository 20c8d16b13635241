"""Premises, stations, schools and parks of a study: each kind measured at its own hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar import make_calendar
from hotspots.analysis.facilities import FACILITY_RULES, RiskyFacilities, measure_facilities
from hotspots.geography import Floor, to_wgs84
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.study import CalendarOptions, Study

Flags = npt.NDArray[np.bool_]
_SEED = 20_240_601


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityKind:
    """Places of one kind, and the crime at them.

    Attributes:
        kind: A word of `hotspots.ingest.reference.PREMISES_KINDS`.
        facilities: Those in the study area, the busiest first, on the index of `found.table`: `name`, `geometry`.
        found: What is known of them.
        on_school_days: Whether only school days count.
    """

    kind: str
    facilities: gpd.GeoDataFrame
    found: RiskyFacilities
    on_school_days: bool


def analyse_facilities(study: Study, chosen: Selection, *, floor: Floor, seed: int = _SEED) -> tuple[FacilityKind, ...]:
    """Measure each kind of place that was given, in the order of the rules; none where there are no such files.

    Args:
        study: What was read.
        chosen: The incidents.
        floor: What a place must hold to be named.
        seed: Of what chance would give.
    """
    by_kind = _gather(study)
    if not by_kind:
        return ()
    is_school_day = _find_school_days(chosen, study.calendar) if "school" in by_kind else None
    kinds = []
    for kind, rule in FACILITY_RULES.items():
        if kind not in by_kind:
            continue
        is_counted = is_school_day if rule.on_school_days else None
        found = measure_facilities(
            chosen.incidents,
            by_kind[kind],
            study_area=chosen.study_area,
            reach_m=rule.reach_m,
            window=rule.window,
            needs_door=rule.needs_door,
            is_counted=is_counted,
            floor=floor,
            seed=seed,
        )
        kinds.append(
            FacilityKind(
                kind=kind,
                facilities=by_kind[kind].loc[found.table.index],
                found=found,
                on_school_days=is_counted is not None,
            )
        )
    return tuple(kinds)


def _gather(study: Study) -> Mapping[str, gpd.GeoDataFrame]:
    """The places of each kind; schools of their own list, if there is one, and not of the premises."""
    by_kind: dict[str, gpd.GeoDataFrame] = {}
    if study.premises:
        table = study.premises.premises[["name", "kind", "geometry"]]
        by_kind = {str(kind): rows[["name", "geometry"]] for kind, rows in table.groupby("kind", sort=False)}
    if study.schools:
        by_kind["school"] = study.schools.schools[["name", "geometry"]]
    return by_kind


def _find_school_days(chosen: Selection, options: CalendarOptions) -> Flags | None:
    """Which incidents began on a school day; None where it is not known of each weekday whether it was one."""
    if options.terms is None:
        return None
    centre = to_wgs84(gpd.GeoDataFrame(geometry=[chosen.study_area.centroid], crs=chosen.wards.crs)).geometry.iloc[0]
    days = make_calendar(
        chosen.start,
        chosen.end,
        longitude=centre.x,
        latitude=centre.y,
        time_zone=options.time_zone,
        country=options.country,
        subdivision=options.subdivision,
        terms=options.terms.stretches,
        with_sun=False,
    ).days["is_school_day"]
    weekdays = days[pd.DatetimeIndex(days.index).day_of_week < 5]
    if weekdays.isna().any() or not weekdays.any():
        return None
    is_one = days.fillna(value=False).to_numpy(dtype=bool)
    school_days = days.index.to_numpy()[is_one].astype("datetime64[D]")
    began = chosen.incidents["started_at"].to_numpy().astype("datetime64[D]")
    return np.isin(began, school_days)
