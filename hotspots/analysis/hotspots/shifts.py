"""Where the incidents of each part of the week are."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from hotspots.analysis.hotspots.day_parts import Shift, weigh_shifts
from hotspots.analysis.hotspots.hotspot_areas import HotspotAreas, HotspotOptions, draw_hotspots
from hotspots.analysis.hotspots.place_differences import N_PERMUTATIONS, PlaceDifference, compare_places
from hotspots.analysis.hotspots.place_names import find_place_names
from hotspots.analysis.hotspots.ranking import assign_outlines, keep_common, mark_texts
from hotspots.analysis.surfaces import DensitySurface, Kernel, ShownDensity, estimate_density, show_density
from hotspots.contracts import AREA, require_columns
from hotspots.errors import ParameterError
from hotspots.geography import MIN_INCIDENTS, Floor, Grid, collapse_points, keep_parts_told

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


_FEWEST_SAMPLES = 5
"""Where hot spots of fewer incidents than may be shared are asked for."""
_MAX_HOTSPOTS = 10
_FEWEST_PERMUTATIONS = 199
_MAX_DEALT = 10_000_000
"""Incidents dealt out in all permutations together: about a second."""
_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftHotspot:
    """A place that is dense in a shift.

    Attributes:
        rank: 1 holds most incidents of the shift.
        outline: Polygon or MultiPolygon, metres.
        members: int, positions of the incidents inside that can have happened in the shift.
        n_incidents: Sum of their weights.
        n_places: Distinct coordinates that they lie on.
        share: `n_incidents` as a share of those of the shift.
        share_of_week: Incidents with a clock time inside, as a share of all such incidents, whatever their hour.
        hours_share: Of the incidents with a clock time inside, the share that falls in the shift.
        elsewhere_share: The same of all that have a place outside.
        area_km2: Area of the outline.
        week_rank: The hot spot of the whole week, by its rank, in which most of its incidents lie; None where fewer
            than half lie in any one.
        wards: Codes of the wards it lies in, by number of its incidents.
        names: What it may be called: at most two location texts; see `PlaceNames`.
        locations: At most three location texts with their sums of weights, most first, of those that may be shown
            beside the sum of all.
    """

    rank: int
    outline: shapely.Geometry
    members: npt.NDArray[np.intp]
    n_incidents: float
    n_places: int
    share: float
    share_of_week: float
    hours_share: float
    elsewhere_share: float
    area_km2: float
    week_rank: int | None
    wards: tuple[str, ...]
    names: tuple[str, ...]
    locations: tuple[tuple[str, float], ...]

    @property
    def ratio(self) -> float | None:
        """How many times the share of other places' incidents falls in the shift here; None where theirs is 0.

        The place was picked because it is dense in these hours, so the ratio leans upwards.
        """
        return self.hours_share / self.elsewhere_share if self.elsewhere_share > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftPlaces:
    """One part of the week, and where its incidents are.

    Attributes:
        shift: Which part.
        n_incidents: Incidents analysed that fall in it, a sum of aoristic weights.
        share: The same as a share of all with a clock time.
        reason: Why nothing is drawn, in a sentence; None where it is.
        density: Incidents of the shift per square kilometre over the period; None where nothing is drawn.
        shown: The part of the density that may be drawn; None as the density.
        areas: How the hot spots were drawn; None as the density.
        n_found: Hot spots found, of which at most ten are kept.
        hotspots: In order of their incidents.
        difference: The test against the rest of the week; None where nothing is drawn or there is nothing to compare.
    """

    shift: Shift
    n_incidents: float
    share: float
    reason: str | None
    density: DensitySurface | None
    shown: ShownDensity | None
    areas: HotspotAreas | None
    n_found: int
    hotspots: tuple[ShiftHotspot, ...]
    difference: PlaceDifference | None

    @property
    def pace(self) -> float:
        """Incidents an hour, as a multiple of the average hour of the week."""
        return self.share / self.shift.window.week_share


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftAnalysis:
    """The parts of the week.

    Attributes:
        available: Whether the data can say anything about hours, as in `WeeklyProfile`.
        reason, explanation: Why they cannot, in a word or two and in a sentence; otherwise None.
        n_timed: Incidents analysed that have a clock time.
        shifts: Each part; the chosen one first where there is one; empty where not available.
    """

    available: bool
    reason: str | None
    explanation: str | None
    n_timed: int
    shifts: tuple[ShiftPlaces, ...] = ()


def analyse_shifts(
    incidents: gpd.GeoDataFrame,
    surroundings: gpd.GeoDataFrame,
    *,
    shifts: Sequence[Shift],
    hours: sparse.csr_array,
    surrounding_hours: sparse.csr_array,
    week_outlines: Sequence[shapely.Geometry],
    study_area: shapely.Geometry,
    options: HotspotOptions,
    grid: Grid,
    bandwidth_m: float | npt.ArrayLike,
    kernel: Kernel = "quartic",
    density_area: shapely.Geometry | None = None,
    seed: int = 1,
) -> tuple[ShiftPlaces, ...]:
    """Find where the incidents of each part of the week are.

    An incident whose time is known as an interval counts in each shift by the share of the interval's minutes that
    fall in it. The density has the grid, kernel and bandwidth of the whole week's, so that the two can be laid over
    each other. Hot spots are the places that are dense within the shift: DBSCAN on these sums, with the neighbourhood
    of the whole week and, unless it is given, a least number of incidents chosen for the shift's own total by the rule
    for the whole week (one given is scaled by the shift's share, but never below what may be shown). They are cut and
    outlined as those of the whole week are, and ranked by what they recorded, since too little lies in one shift for an
    estimate by cell.

    A shift of few incidents has hot spots that rest on ten or so: the next period may have others. Where
    `difference` shows nothing, the hot spots of the whole week are the better guide to the shift as well, as they rest
    on more. The test compares the whole week's hot spots and the rest of each ward, which were drawn without regard to
    the hour; a place that is hot in the shift alone is seen as far as it moves its ward.

    Args:
        incidents: The incidents analysed, with `ward_code`, `location` and `location_precision`, in metres.
        surroundings: Those of them that have a place, and the incidents near enough beyond: what the whole week's
            density and clusters were made from.
        shifts: Which parts.
        hours: `weigh_hours(incidents)`.
        surrounding_hours: `weigh_hours(surroundings)`.
        week_outlines: Hot spots of the whole week, in the order of their ranks.
        study_area: Polygon or MultiPolygon.
        options: Of the hot spots, with the `eps_m` of the whole week.
        grid: Of the density.
        bandwidth_m: Of the density; one, or one for each of `surroundings`.
        kernel: Of the density.
        density_area: Where the density is corrected at its edge: see `estimate_density`.
        seed: Of the test.

    Raises:
        DataError: A table lacks a column or is not in metres.
        ParameterError: The options have no `eps_m`, or hours are not of the incidents.
    """
    require_columns(incidents, ("ward_code", "location", "location_precision"), table="incidents")
    if options.eps_m is None:
        raise ParameterError("Shifts use the neighbourhood of the whole week; none was given. Give its `eps_m`.")
    if hours.shape[0] != len(incidents) or surrounding_hours.shape[0] != len(surroundings):
        raise ParameterError(
            f"Hours must be those of the incidents; {hours.shape[0]:,} and {surrounding_hours.shape[0]:,} rows were "
            f"given for {len(incidents):,} and {len(surroundings):,} incidents. Call weigh_hours on the same tables."
        )
    shift_shares, around = weigh_shifts(hours, shifts), weigh_shifts(surrounding_hours, shifts)
    is_timed = np.asarray(hours.sum(axis=1)) > 0
    n_timed = int(is_timed.sum())
    has_place = (incidents["location_precision"] != AREA).to_numpy()
    week_index = assign_outlines(incidents, week_outlines)
    tested = np.flatnonzero(is_timed & has_place)
    groups = _group_places(week_index[tested], incidents["ward_code"].iloc[tested], n_outlines=len(week_outlines))
    totals = shift_shares.sum(axis=0)
    drawn = [column for column, total in enumerate(totals) if total >= MIN_INCIDENTS - _SMALLEST]
    differences = dict(
        zip(
            drawn,
            compare_places(
                shift_shares[tested][:, drawn],
                groups,
                n_permutations=int(np.clip(_MAX_DEALT // max(len(tested), 1), _FEWEST_PERMUTATIONS, N_PERMUTATIONS)),
                seed=seed,
            ),
            strict=True,
        )
    )
    bandwidths = np.asarray(bandwidth_m, dtype=np.float64)
    found = []
    for column, shift in enumerate(shifts):
        share = float(totals[column]) / n_timed if n_timed else 0.0
        if column not in differences:
            found.append(_withhold(shift, float(totals[column]), share))
            continue
        some = np.flatnonzero(around[:, column] > 0)
        here, weight = surroundings.iloc[some], around[some, column]
        areas = draw_hotspots(
            here,
            study_area=study_area,
            options=HotspotOptions(
                eps_m=options.eps_m,
                min_samples=_scale_min_samples(options, share),
                max_extent_m=options.max_extent_m,
                floor=options.floor,
            ),
            incident_weights=weight,
        )
        hotspots = _rank_hotspots(
            incidents,
            areas.outlines,
            weight=shift_shares[:, column],
            is_timed=is_timed,
            has_place=has_place,
            week_index=week_index,
            n_incidents=float(totals[column]),
            floor=options.floor,
        )
        smoothed_m = bandwidths[some] if bandwidths.ndim else float(bandwidths)
        density = estimate_density(
            here,
            grid=grid,
            bandwidth_m=smoothed_m,
            kernel=kernel,
            incident_weights=weight,
            study_area=density_area,
        )
        difference = differences[column]
        found.append(
            ShiftPlaces(
                shift=shift,
                n_incidents=float(totals[column]),
                share=share,
                reason=None,
                density=density,
                shown=show_density(
                    density,
                    here,
                    bandwidth_m=smoothed_m,
                    floor=options.floor,
                    incident_weights=weight,
                    study_area=density_area,
                ),
                areas=areas,
                n_found=len(areas.outlines),
                hotspots=hotspots,
                difference=difference if difference.n_groups > 1 else None,
            )
        )
    return tuple(found)


def _withhold(shift: Shift, n_incidents: float, share: float) -> ShiftPlaces:
    reason = (
        f"Fewer than {MIN_INCIDENTS} incidents fall in these hours, so nothing is drawn: a map would show "
        "single incidents."
    )
    return ShiftPlaces(
        shift=shift,
        n_incidents=n_incidents,
        share=share,
        reason=reason,
        density=None,
        shown=None,
        areas=None,
        n_found=0,
        hotspots=(),
        difference=None,
    )


def _scale_min_samples(options: HotspotOptions, share: float) -> int | None:
    """The incidents that make a neighbourhood dense in a shift, where the number for the whole week was given."""
    lowest = max(options.floor.min_incidents, _FEWEST_SAMPLES)
    return None if options.min_samples is None else max(round(options.min_samples * share), lowest)


def _group_places(week_index: Integers, ward_codes: pd.Series, *, n_outlines: int) -> Integers:
    """The group of each incident: its hot spot of the whole week, and after those the rest of its ward."""
    rest, _ = pd.factorize(ward_codes, sort=True, use_na_sentinel=False)
    groups: Integers = np.where(week_index >= 0, week_index, n_outlines + rest).astype(np.int64)
    return groups


def _rank_hotspots(
    incidents: gpd.GeoDataFrame,
    outlines: Sequence[shapely.Geometry],
    *,
    weight: Floats,
    is_timed: npt.NDArray[np.bool_],
    has_place: npt.NDArray[np.bool_],
    week_index: Integers,
    n_incidents: float,
    floor: Floor,
) -> tuple[ShiftHotspot, ...]:
    """At most ten hot spots of a shift with what is known of each, those with most of its incidents first."""
    if not outlines:
        return ()
    place = collapse_points(incidents).inverse
    ward_codes, place_names = incidents["ward_code"], find_place_names(incidents)
    inside = assign_outlines(incidents, outlines)
    n_outlines, held = len(outlines), inside >= 0
    n_inside = np.bincount(inside[held], weight[held], n_outlines)
    n_timed = np.bincount(inside[held], is_timed[held].astype(np.float64), n_outlines)
    elsewhere = float(weight[has_place].sum()) - n_inside
    timed_elsewhere = float((is_timed & has_place).sum()) - n_timed
    shapes = np.array(outlines, dtype=object)
    bounds, area_m2 = shapely.bounds(shapes).reshape(-1, 4).round(), shapely.area(shapes)
    # then the smaller area, then from south to north and west to east: no tie is left to chance
    order = np.lexsort((bounds[:, 0], bounds[:, 1], area_m2.round(), -n_inside.round(6)))
    order = order[n_inside[order] > 0][:_MAX_HOTSPOTS]
    hotspots = []
    for rank, index in enumerate(order.tolist(), start=1):
        members = np.flatnonzero((inside == index) & (weight > 0))
        own = weight[members]
        texts = place_names.listed.iloc[members]
        locations = _sum_by_text(texts, own)
        common = keep_common(locations, floor)
        parts = mark_texts(texts, common)
        in_week = np.bincount(week_index[members] + 1, own)
        in_week[0] = 0.0
        best = int(in_week.argmax())
        hotspots.append(
            ShiftHotspot(
                rank=rank,
                outline=outlines[index],
                members=members,
                n_incidents=float(n_inside[index]),
                n_places=len(np.unique(place[members])),
                share=float(n_inside[index]) / n_incidents,
                share_of_week=float(n_timed[index]) / max(int(is_timed.sum()), 1),
                hours_share=float(n_inside[index] / n_timed[index]),
                elsewhere_share=float(elsewhere[index] / timed_elsewhere[index]) if timed_elsewhere[index] > 0 else 0.0,
                area_km2=float(area_m2[index]) / 1e6,
                week_rank=best if in_week[best] >= own.sum() / 2 else None,
                wards=tuple(code for code, _ in _sum_by_text(ward_codes.iloc[members], own)),
                names=place_names.choose(locations, float(n_inside[index])),
                locations=tuple(itertools.compress(common, keep_parts_told(parts, weight=own, floor=floor))),
            )
        )
    return tuple(hotspots)


def _sum_by_text(texts: pd.Series, weight: Floats) -> list[tuple[str, float]]:
    """The texts with their sums, most first, equal sums in alphabetical order; missing ones left out."""
    code, names = pd.factorize(texts)
    sums = np.bincount(code[code >= 0], weight[code >= 0], len(names))
    counted = [(str(name), float(n)) for name, n in zip(names, sums.tolist(), strict=True)]
    return sorted(counted, key=lambda item: (-round(item[1], 6), item[0]))
