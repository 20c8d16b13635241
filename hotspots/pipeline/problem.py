"""The problem profile of one hot spot: what, when and who is near, for a problem that is to be solved for good."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from hotspots.errors import NotFoundError
from hotspots.ingest.reference import PatrolRecords
from hotspots.pipeline.brief import Brief, BriefGround, BriefPlace, BriefRequest, choose_havens
from hotspots.pipeline.problem_patrols import HotspotPatrols, measure_hotspot_patrols
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.street_names import call_places, name_streets

NEAR_M = 200.0
"""From the outline: what lies further away is seldom what makes a place hot. A convention."""
_MOST_OF_A_KIND = 5
_MAX_STREETS = 6
_N_WEEKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NearFacility:
    """A pub, a station, a school, a park or the like near a hot spot.

    Attributes:
        kind: A word of `hotspots.ingest.reference.PREMISES_KINDS`, or "school".
        name: What it is called; None where its file does not say.
        distance_m: From the outline, in a straight line; 0 in it.
        is_risky: Whether it is among those of its kind that carry more than is usual.
    """

    kind: str
    name: str | None
    distance_m: float
    is_risky: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is known of one hot spot.

    Attributes:
        brief: The hot spot as its only place, with the safe havens near.
        rank: Of the hot spot.
        facilities: Within 200 m, by kind and then the nearest first, at most five of a kind.
        n_facilities: How many of each kind there are within 200 m.
        has_facilities: Whether any such places were given at all.
        patrols: What patrols did in it; None without records of them.
    """

    brief: Brief
    rank: int
    facilities: tuple[NearFacility, ...]
    n_facilities: dict[str, int]
    has_facilities: bool
    patrols: HotspotPatrols | None = None


def make_problem(
    analysis: Analysis, rank: int, request: BriefRequest, *, records: PatrolRecords | None = None
) -> Problem:
    """Find what is known of a hot spot of an analysis.

    Args:
        analysis: Of one crime.
        rank: Of the hot spot.
        request: Whom to ask, the marking, and the first of four weeks for which safe havens are looked at.
        records: Where patrols were, if that is known.

    Raises:
        NotFoundError: There is no such hot spot.
        DataError: The records hold nothing.
    """
    hotspot = next((one for one in analysis.places.hotspots if one.rank == rank), None)
    if hotspot is None:
        raise NotFoundError(
            f"There is no hot spot {rank}: the analysis has {len(analysis.places.hotspots)}. Choose one of these."
        )
    spots = analysis.places.hotspots
    names = call_places(spots, analysis.wards, streets=analysis.study.streets)
    by_rank = {spot.rank: called for spot, called in zip(spots, names, strict=True)}
    called = (str(rank), f"hot spot {rank}", f"place {rank}", *by_rank[rank])
    first_day = request.first_day or analysis.end + dt.timedelta(days=1)
    days = np.datetime64(first_day) + np.arange(7 * _N_WEEKS)
    own = next(iter(hotspot.profile.peaks), None)
    of_all = next(iter(analysis.times.profile.peaks), None)
    place = BriefPlace(
        number=rank,
        place=hotspot,
        expected=hotspot.evidence.expected,
        expected_low=hotspot.evidence.expected_low,
        expected_high=hotspot.evidence.expected_high,
        window=own or of_all,
        is_own_window=own is not None,
        streets=name_streets(analysis.study.streets, hotspot.outline)[:_MAX_STREETS],
    )
    havens = choose_havens(analysis, (place,), days)
    facilities, n_facilities = _find_facilities(analysis, hotspot.outline)
    return Problem(
        brief=Brief(
            request=request,
            analysis=analysis,
            ground=BriefGround.of(analysis),
            first_day=first_day,
            last_day=days[-1].astype(dt.date),
            places=(place,),
            expected_share=hotspot.share,
            area_share=hotspot.area_km2 * 1e6 / analysis.study_area.area,
            havens=havens and tuple(haven for haven in havens if haven.is_within_reach),
            nearest=next((haven for haven in havens or () if not haven.is_within_reach), None),
        ),
        rank=rank,
        facilities=facilities,
        n_facilities=n_facilities,
        has_facilities=bool(analysis.facilities),
        patrols=None if records is None else measure_hotspot_patrols(records, hotspot.outline, names=called),
    )


def _find_facilities(analysis: Analysis, outline: shapely.Geometry) -> tuple[tuple[NearFacility, ...], dict[str, int]]:
    found: list[NearFacility] = []
    n_by_kind: dict[str, int] = {}
    for kind in analysis.facilities:
        distances: npt.NDArray[np.float64] = shapely.distance(kind.facilities.geometry.to_numpy(), outline)
        near = [int(at) for at in np.argsort(distances, kind="stable") if distances[at] <= NEAR_M]
        n_by_kind[kind.kind] = len(near)
        names, shown = kind.facilities["name"], kind.found.table
        found += [
            NearFacility(
                kind=kind.kind,
                name=names.iloc[at] if isinstance(names.iloc[at], str) else None,
                distance_m=float(distances[at]),
                is_risky=kind.found.reason is None and bool(shown["is_risky"].iloc[at] and shown["is_shown"].iloc[at]),
            )
            for at in near[:_MOST_OF_A_KIND]
        ]
    return tuple(found), n_by_kind
