"""Posters of safe havens for schools and boroughs: which havens, how far on foot, and when they are open."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.analysis.hours import SureHours, find_sure_hours, list_school_days
from hotspots.analysis.network import WALKING_M_PER_MINUTE, StreetNetwork, measure_walks, snap_to_streets, trace_walk
from hotspots.errors import NotFoundError
from hotspots.geography import unite_wards
from hotspots.pipeline.poster_request import PosterRequest
from hotspots.pipeline.poster_study import PosterStudy
from hotspots.pipeline.study import Progress, silent

MAX_HAVENS = 12
"""On the poster of a school: more can be read neither in the table nor on the map."""

_N_BEYOND = 3
_BEYOND_FACTOR = 3.0
"""Where none is within reach, the nearest are shown up to three times as far away."""

_OFF_STREET_M = 150.0
"""A school further than this from every street lies where the streets given do not reach."""

_MASK = re.compile(r"\[[a-zA-Z -]+\]")
_MASKED_REMARK = re.compile(r"\s*\([^()]*\[[a-zA-Z -]+\][^()]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterHaven:
    """A safe haven on a poster.

    Attributes:
        number: On the map and in the table, 1 being the first.
        haven_id, name, kind, address: As the havens table has them; the last two may be None.
        easting, northing: Where it is, metres.
        walk_m: Length of the walk from the school, metres; None on the poster of a borough.
        minutes: The same in whole minutes, rounded up.
        hours: When it is open after school on Mondays to Fridays, as far as that is sure.
        checked_on: The day on which somebody last checked it; None where that is not known.
        ward: Position of its ward among those of the poster; None on the poster of a school.
        route: The walk along streets, to be drawn; None on the poster of a borough, and where it is as the crow flies.
    """

    number: int
    haven_id: str
    name: str
    kind: str | None
    address: str | None
    easting: float
    northing: float
    walk_m: float | None
    minutes: int | None
    hours: tuple[SureHours, ...]
    checked_on: dt.date | None
    ward: int | None
    route: shapely.LineString | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterWard:
    """A ward on the poster of a borough.

    Attributes:
        number: On a map of wards and in their list, 1 being the furthest north; None where it has no haven.
        name: What it is called.
        outline: Its polygon, metres.
    """

    number: int | None
    name: str
    outline: shapely.Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """One sheet.

    Attributes:
        subject: Whom it is for.
        school_id: Of a school, otherwise None.
        name: Of the school or borough.
        easting, northing: Of the school, metres; None for a borough.
        outline: Of the borough; None for a school.
        wards: Those of the borough, from north to south; none for a school.
        havens: Those shown, by number: from the nearest, or from north to south.
        n_more: Further ones within reach, for which there is no room.
        is_beyond: Whether none is within reach, and the nearest are shown instead.
        is_along_streets: Whether walks are along streets, and not as the crow flies.
    """

    subject: Literal["school", "borough"]
    school_id: str | None
    name: str
    easting: float | None
    northing: float | None
    outline: shapely.Geometry | None
    wards: tuple[PosterWard, ...]
    havens: tuple[PosterHaven, ...]
    n_more: int
    is_beyond: bool
    is_along_streets: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Posters:
    """All sheets, and what they rest on.

    Attributes:
        request: What was wanted.
        study: What they are made from.
        posters: Schools by name, then boroughs.
        n_shut: Havens on no poster, since they are known to be closed after school from Monday to Friday.
    """

    request: PosterRequest
    study: PosterStudy
    posters: tuple[Poster, ...]
    n_shut: int


def make_posters(study: PosterStudy, request: PosterRequest, *, progress: Progress = silent) -> Posters:
    """Choose what each poster shows.

    A haven that is known to be closed after school on all five days is on none; one whose hours are not known is, and
    the poster says that it may be closed. A school without a haven within reach shows the nearest three, up to three
    times as far, and says so. Walks are along streets; from a school or to a haven further than 150 m from every
    street, and where none were given, they are as the crow flies, and no way is drawn.

    Args:
        study: What was read.
        request: What is wanted.
        progress: Called with each step.

    Raises:
        NotFoundError: There is no school of a name or number asked for, or nothing to make a poster of.
    """
    terms = study.terms.stretches if study.terms else None
    days = None
    if terms is not None:
        days = list_school_days(terms, country=study.country, subdivision=study.subdivision)
        days = days if len(days) else None
    first, last = (60 * hour for hour in request.hours)
    havens = study.havens.havens
    hours = [
        find_sure_hours(text if isinstance(text, str) else None, first_minute=first, last_minute=last, school_days=days)
        for text in havens["opening_hours"]
    ]
    is_shut = np.array([all(day.is_known and not day.spans for day in of_haven) for of_haven in hours], dtype=bool)
    kept = havens[~is_shut]
    kept_hours = [of_haven for of_haven, shut in zip(hours, is_shut, strict=True) if not shut]
    schools = _choose_schools(study, request)
    progress("walks")
    network = study.network
    starts = _list_points(schools)
    walks = measure_walks(starts, _list_points(kept))
    has_streets, is_on_street = np.zeros(len(schools), dtype=bool), np.zeros(len(kept), dtype=bool)
    if network is not None and len(schools):
        # the streets may be those of a part of the area alone
        ends = _list_points(kept)
        has_streets, is_on_street = (
            snap_to_streets(points, network).off_street_m <= _OFF_STREET_M for points in (starts, ends)
        )
        walks[np.ix_(has_streets, is_on_street)] = measure_walks(
            starts[has_streets], ends[is_on_street], network=network
        )
    posters = []
    for position, (school_id, school) in enumerate(schools.iterrows()):
        progress(str(school["name"]))
        posters.append(
            _make_school_poster(
                study,
                request,
                str(school_id),
                school,
                kept,
                kept_hours,
                walks=walks[position],
                is_on_street=is_on_street,
                network=network if has_streets[position] else None,
            )
        )
    if not request.schools:
        posters += _make_borough_posters(study, kept, kept_hours)
    if not posters:
        raise NotFoundError(
            "There is nothing to make a poster of: no school was given, and no safe haven lies in the wards. Give "
            "`schools`, or check where the havens are."
        )
    return Posters(
        request=request,
        study=study,
        posters=tuple(posters),
        n_shut=int(is_shut.sum()),
    )


def _list_points(places: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    points: npt.NDArray[np.float64] = shapely.get_coordinates(places.geometry.to_numpy())
    return points


def _choose_schools(study: PosterStudy, request: PosterRequest) -> gpd.GeoDataFrame:
    """The schools asked for, by name and then number."""
    if study.schools is None:
        if request.schools:
            raise NotFoundError(
                "No schools were read, so none can be chosen. Give their file with `schools`, or put it into "
                "data/schools."
            )
        return study.havens.havens.iloc[:0]
    schools = study.schools.schools
    names = schools["name"].str.casefold()
    if request.schools:
        wanted = np.zeros(len(schools), dtype=bool)
        for text in request.schools:
            hits = ((names == text.strip().casefold()) | (schools.index == text.strip())).to_numpy()
            if not hits.any():
                part = names.str.contains(text.strip().casefold(), regex=False).to_numpy()
                others = ", ".join(sorted(schools["name"][part])[:5])
                raise NotFoundError(
                    f'No school has the name or number "{text}" in or near these wards. '
                    + (f"Did you mean {others}?" if others else f"There are {len(schools)}; give one of their names.")
                )
            wanted |= hits
        schools = schools[wanted]
    return schools.iloc[np.lexsort((schools.index.astype(str), schools["name"].str.casefold()))]


def _make_school_poster(
    study: PosterStudy,
    request: PosterRequest,
    school_id: str,
    school: gpd.GeoSeries,
    havens: gpd.GeoDataFrame,
    hours: Sequence[tuple[SureHours, ...]],
    *,
    walks: npt.NDArray[np.float64],
    is_on_street: npt.NDArray[np.bool_],
    network: StreetNetwork | None,
) -> Poster:
    reach_m = request.reach_m
    order = np.lexsort((havens.index.astype(str), walks))
    near = [int(i) for i in order if walks[i] <= reach_m]
    is_beyond = not near
    shown = near[:MAX_HAVENS]
    if is_beyond:
        shown = [int(i) for i in order if walks[i] <= _BEYOND_FACTOR * reach_m][:_N_BEYOND]
    place = school.geometry
    start = np.array([place.x, place.y])
    routes = [
        trace_walk(start, _list_points(havens.iloc[[i]])[0], network=network) if network and is_on_street[i] else None
        for i in shown
    ]
    return Poster(
        subject="school",
        school_id=school_id,
        name=_MASKED_REMARK.sub("", str(school["name"])),
        easting=float(place.x),
        northing=float(place.y),
        outline=None,
        wards=(),
        havens=tuple(
            _describe_haven(number, havens, i, hours, walk_m=float(walks[i]), route=route)
            for number, (i, route) in enumerate(zip(shown, routes, strict=True), 1)
        ),
        n_more=len(near) - len(shown) if near else 0,
        is_beyond=is_beyond,
        is_along_streets=network is not None,
    )


def _describe_haven(
    number: int,
    havens: gpd.GeoDataFrame,
    position: int,
    hours: Sequence[tuple[SureHours, ...]],
    *,
    walk_m: float | None = None,
    ward: int | None = None,
    route: shapely.LineString | None = None,
) -> PosterHaven:
    haven = havens.iloc[position]
    checked_on = haven.get("checked_on")

    def read(name: str) -> str | None:
        value = haven.get(name)
        return value if isinstance(value, str) else None

    return PosterHaven(
        number=number,
        haven_id=str(havens.index[position]),
        name=_show_name(str(haven["name"]), read("kind")),
        kind=read("kind"),
        address=read("address"),
        easting=float(haven.geometry.x),
        northing=float(haven.geometry.y),
        walk_m=walk_m,
        minutes=None if walk_m is None else max(math.ceil(walk_m / WALKING_M_PER_MINUTE), 1),
        hours=hours[position],
        checked_on=None if checked_on is None or pd.isna(checked_on) else pd.Timestamp(checked_on).date(),
        ward=ward,
        route=None if route is None or route.is_empty else route,
    )


def _show_name(name: str, kind: str | None) -> str:
    """A name for a wall: of one in which the name of somebody was masked, the kind of place stands instead."""
    if not _MASK.search(name):
        return name
    return kind.replace("_", " ").strip("()").capitalize() if kind else "Safe place"


def _make_borough_posters(
    study: PosterStudy, havens: gpd.GeoDataFrame, hours: Sequence[tuple[SureHours, ...]]
) -> list[Poster]:
    """One for each borough of the wards that has a haven; for all wards together where they name none."""
    boroughs = study.wards["borough"]
    named = sorted({name for name in boroughs if isinstance(name, str)})
    areas = (
        [(name, unite_wards(study.wards[boroughs == name])) for name in named] if named else [("this area", study.area)]
    )
    posters = []
    for name, outline in areas:
        inside = np.flatnonzero(shapely.covers(outline, havens.geometry.to_numpy()))
        if not len(inside):
            continue
        points = _list_points(havens.iloc[inside])
        order = inside[np.lexsort((havens.index[inside].astype(str), points[:, 0], -points[:, 1]))]
        own, ward_of = _find_wards(study.wards[boroughs == name] if named else study.wards, havens.iloc[order])
        posters.append(
            Poster(
                subject="borough",
                school_id=None,
                name=name,
                easting=None,
                northing=None,
                outline=outline,
                wards=own,
                havens=tuple(
                    _describe_haven(number, havens, int(i), hours, ward=ward)
                    for number, (i, ward) in enumerate(zip(order, ward_of, strict=True), 1)
                ),
                n_more=0,
                is_beyond=False,
                is_along_streets=False,
            )
        )
    return posters


def _find_wards(wards: gpd.GeoDataFrame, havens: gpd.GeoDataFrame) -> tuple[tuple[PosterWard, ...], list[int]]:
    """The wards from north to south, and the position of each haven's among them."""
    middles = shapely.get_coordinates(shapely.point_on_surface(wards.geometry.to_numpy()))
    ordered = wards.iloc[np.lexsort((middles[:, 0], -middles[:, 1]))]
    nearest = shapely.STRtree(ordered.geometry.to_numpy()).nearest(havens.geometry.to_numpy())
    numbers = {int(ward): number for number, ward in enumerate(np.unique(nearest), 1)}
    return (
        tuple(
            PosterWard(number=numbers.get(position), name=str(name), outline=outline)
            for position, (name, outline) in enumerate(zip(ordered["ward_name"], ordered.geometry, strict=True))
        ),
        nearest.tolist(),
    )
