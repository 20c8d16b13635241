"""Premises, stations, schools and parks of a study: each kind measured at its own hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from hotspots.analysis.facilities import FACILITY_RULES, RiskyFacilities, measure_facilities
from hotspots.geography import Floor
from hotspots.pipeline.school_days import find_school_days
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.study import Study

_SEED = 20_240_601


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityKind:
    """Places of one kind, and the crime at them.

    Attributes:
        kind: A word of `hotspots.ingest.reference.PREMISES_KINDS`.
        facilities: Those in the study area, the busiest first, on the index of `found.table`: `name`, `geometry`.
        found: What is known of them.
        on_school_days: Whether only school days count, and it is known which these are.
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
    school_days = find_school_days(study.calendar, start=chosen.start, end=chosen.end)
    is_school_day = np.isin(chosen.incidents["started_at"].to_numpy().astype("datetime64[D]"), school_days.days)
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
                on_school_days=rule.on_school_days and not school_days.is_without_terms,
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
