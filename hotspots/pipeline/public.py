"""What everybody may be told of a crime: fixed blocks of months, years, wards and squares, whatever was asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.change import ChangeCounts, Comparison, measure_change, measure_dispersion
from hotspots.analysis.hotspots import DAY_PARTS
from hotspots.analysis.hours import weigh_hours
from hotspots.analysis.publication import StatedYear, audit_year, state_shares, state_year
from hotspots.crimes import Crime, select_crime
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.geography import FLOOR
from hotspots.pipeline.known_time import is_whole_month
from hotspots.pipeline.public_squares import SquareYear, tell_squares
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Selection, select_incidents
from hotspots.pipeline.study import Study

_PER = 1000.0
_PARTS = {
    "school-hours": ("before-school", "school-day"),
    "after-school": ("after-school",),
    "evening": ("evening", "weekend-evening"),
    "night": ("night", "weekend-night"),
    "weekend-day": ("weekend-day",),
}
"""Broad parts of the week, by the parts of `DAY_PARTS` that they are made of."""
PUBLIC_PARTS = tuple(_PARTS)
_OF_ALL_CRIMES = ("no data", "incomplete data")
"""Gaps of which everybody may know: others are found from the counts of the crime itself, and tell that these are 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicMonth:
    """A calendar month of one local authority.

    Attributes:
        borough: Its name.
        month: "2025-03".
        has_data: Whether the files of all crimes speak for the month.
        n_incidents: Incidents; None where they are fewer than ten, or the files do not speak for it, or not for all of
            the crime.
    """

    borough: str
    month: str
    has_data: bool
    n_incidents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicWard:
    """A ward in a calendar year.

    Attributes:
        code, name, borough: Which it is.
        n_incidents: Incidents; None where they are fewer than ten, or withheld beside such.
        rate: Per 1,000 residents; None where either is not known.
        verdict: Whether they changed on the year before by more than chance; None where either year is withheld.
    """

    code: str
    name: str
    borough: str
    n_incidents: int | None
    rate: float | None
    verdict: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicYear:
    """A calendar year of one local authority.

    Attributes:
        borough: Its name.
        year: Which.
        n_incidents: Incidents; None where they are withheld, or not all of its wards were asked for.
        verdict: As of a ward.
        shares: Shares of the week in whole tenths, by the keys of `PUBLIC_PARTS`; None where they are withheld.
        wards: Those asked for, by name.
    """

    borough: str
    year: int
    n_incidents: int | None
    verdict: str | None
    shares: Mapping[str, float] | None
    wards: tuple[PublicWard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What everybody may be told.

    Attributes:
        study: What was read.
        request: What was asked for.
        selection: Of which crime, wards and days.
        start, end: First day of the first whole month of these days, and last day of the last: the days themselves may
            be those of the first and the last incident in the files.
        months: Whole months of the period, of the authorities of which all wards were asked for.
        years: Calendar years that end in the period and for which the files speak, the latest first.
        squares: `year`, `easting` and `northing` (south-west corner, metres), `least` (int): squares that hold at least
            so many incidents in the year, and lie in the wards asked for.
    """

    study: Study
    request: AnalysisRequest
    selection: Selection
    start: dt.date
    end: dt.date
    months: tuple[PublicMonth, ...]
    years: tuple[PublicYear, ...]
    squares: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authority:
    """All wards of a local authority in the boundaries, and the incidents of the crime in them, month by month.

    Attributes:
        known: Incidents by month; missing for those that the files do not cover.
        has_data: On the same index, whether the files of all crimes cover them.
    """

    borough: str
    wards: gpd.GeoDataFrame
    incidents: gpd.GeoDataFrame
    known: pd.Series
    has_data: pd.Series


@dataclass(frozen=True, slots=True, kw_only=True)
class _ToldYear:
    """A year of an authority, and what may be told of it."""

    n_by_ward: pd.Series
    stated: StatedYear

    @property
    def told_wards(self) -> pd.Series:
        """Of the wards that are told."""
        told: pd.Series = self.n_by_ward[self.stated.wards]
        return told


def publish(study: Study, request: AnalysisRequest) -> Publication:
    """Choose what everybody may be told of a crime.

    Everything that is told is of a block that does not depend on what was asked for: a calendar month of a local
    authority; a calendar year of an authority, of a ward, of a square of the grid. What is withheld of a block is
    decided on all wards of the authority and on nothing later. So publications that overlap repeat each other, and all
    of them together tell what the longest one tells.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        ParameterError: The crime is a part of another, see `require_whole_crime`; or only rows of an area of the source
            are asked for.
        TooLittleDataError: No number may be told. Otherwise the publication itself would tell that there was any.
        HotspotsError: What would be told narrows down a count that is withheld; see `audit_year`.
    """
    if request.area is not None:
        raise ParameterError(
            f'What everybody is told is of whole wards, and only rows of "{request.area}" were asked for. Leave `area` '
            "out, or give `wards`."
        )
    selection = select_incidents(study, request)
    require_whole_crime(selection.crime)
    wards, asked = study.boundaries.wards, selection.wards.index
    start, end = _find_whole_months(selection)
    authorities = _list_authorities(study, selection.crime, end)
    months: list[PublicMonth] = []
    told: dict[tuple[str, int], _ToldYear] = {}
    for one in authorities:
        is_whole = one.wards.index.isin(asked).all()
        months += _tell_months(one, start=start, end=end) if is_whole else []
        for year in range(one.known.index[0].year, end.year + 1):
            ends_within = start <= dt.date(year, 12, 31) <= end
            if (ends_within or year == start.year - 1) and _is_known(study, one, year):
                told[one.borough, year] = _tell_year(one, year)
    years = [
        _describe_year(one, year, told, asked)
        for year in sorted({year for _, year in told}, reverse=True)
        for one in authorities
        if (one.borough, year) in told and start <= dt.date(year, 12, 31) <= end and one.wards.index.isin(asked).any()
    ]
    of_wards = [ward.n_incidents for year in years for ward in year.wards]
    if not any([*of_wards, *(year.n_incidents for year in years), *(month.n_incidents for month in months)]):
        raise TooLittleDataError(
            f"No number of {selection.crime.plural} from {start} to {end} may be told to everybody: of each month of a "
            f"local authority and each calendar year of a ward fewer than {FLOOR.min_incidents} are known, or the "
            "files do not speak for it. Ask for a longer period, or for all wards of an authority."
        )
    return Publication(
        study=study,
        request=request,
        selection=selection,
        start=start,
        end=end,
        months=tuple(months),
        years=tuple(years),
        squares=tell_squares(
            wards, asked, _list_square_years(authorities, told, wards.index, years={year.year for year in years})
        ),
    )


def require_whole_crime(crime: Crime) -> None:
    """Refuse a crime that is a part of another: what is told of both would tell of the rest by subtraction.

    Raises:
        ParameterError: It is one.
    """
    if crime.part_of is not None:
        raise ParameterError(
            f'Everybody is told of whole crimes, and "{crime.slug}" is a part of "{crime.part_of}": the numbers of '
            f'both would tell how few others there were in a ward. Give "{crime.part_of}" as `crime`.'
        )


def _find_whole_months(selection: Selection) -> tuple[dt.date, dt.date]:
    """First day of the first month that lies wholly in the days, and last day of the last such."""
    first, last = selection.start, selection.end
    whole = [month for month in pd.period_range(first, last, freq="M") if is_whole_month(month, start=first, end=last)]
    if not whole:
        raise TooLittleDataError(
            f"Everybody is told of whole months, and none lies in {first} to {last}. Ask for a longer period."
        )
    return whole[0].start_time.date(), whole[-1].end_time.date()


def _list_authorities(study: Study, crime: Crime, end: dt.date) -> list[_Authority]:
    """Each local authority of the boundaries, by name."""
    wards = study.boundaries.wards.sort_index()
    everything = study.all_incidents
    incidents = everything[select_crime(everything, crime).to_numpy()]
    found = []
    for borough, own in wards.groupby(wards["borough"].fillna("").astype(str), sort=True):
        rows = incidents[incidents["ward_code"].isin(own.index)]
        known = study.known_time.find_months(rows, first=study.known_time.first_day, last=end)
        counts = known.counts.where(known.gaps.isna())
        has_data = counts.notna() | (known.gaps.notna() & ~known.gaps.isin(_OF_ALL_CRIMES))
        found.append(_Authority(borough=str(borough), wards=own, incidents=rows, known=counts, has_data=has_data))
    return found


def _is_known(study: Study, one: _Authority, year: int) -> bool:
    """Whether the files speak for each month of a year, as far as that could be known at its end.

    Months without an incident at the end of the files are taken for a gap, and no longer when there are incidents after
    them. A year that were told then only would tell that these months have none.
    """
    last = dt.date(year, 12, 31)
    rows = one.incidents[one.incidents["started_at"] < pd.Timestamp(year + 1, 1, 1)]
    known_time = study.known_time.until(last)
    known = known_time.find_months(rows, first=known_time.first_day, last=last)
    counts = known.counts.where(known.gaps.isna())
    return bool(counts.reindex(_list_months(year)).notna().all())


def _list_months(year: int) -> pd.PeriodIndex:
    return pd.period_range(f"{year}-01", f"{year}-12", freq="M")


def _tell_months(one: _Authority, *, start: dt.date, end: dt.date) -> list[PublicMonth]:
    known = one.known.reindex(pd.period_range(start, end, freq="M"))
    return [
        PublicMonth(
            borough=one.borough,
            month=str(month),
            has_data=bool(one.has_data.get(month, False)),
            n_incidents=int(n) if n >= FLOOR.min_incidents else None,
        )
        for month, n in known.items()
    ]


def _tell_year(one: _Authority, year: int) -> _ToldYear:
    """What may be told of a year, as far as nobody can compute more from it."""
    months = _list_months(year)
    month = months.get_indexer(one.incidents["started_at"].dt.to_period("M"))
    ward = one.wards.index.get_indexer(one.incidents["ward_code"])
    counts = np.zeros((len(one.wards), len(months)), dtype=np.int64)
    np.add.at(counts, (ward[month >= 0], month[month >= 0]), 1)
    stated = state_year(counts)
    audit_year(counts, stated)
    return _ToldYear(n_by_ward=pd.Series(counts.sum(axis=1), index=one.wards.index), stated=stated)


def _describe_year(
    one: _Authority, year: int, told: Mapping[tuple[str, int], _ToldYear], asked: pd.Index
) -> PublicYear:
    own, before = told[one.borough, year], told.get((one.borough, year - 1))
    n_by_ward, population = own.told_wards, one.wards["population"]
    n_all = int(own.n_by_ward.sum()) if own.stated.has_total else None
    verdicts: dict[str, str] = {}
    verdict = None
    if before:
        verdicts = _compare_years(n_by_ward, before.told_wards, year)
        if n_all is not None and before.stated.has_total:
            now, then = (pd.Series([number.n_by_ward.sum()], index=["all"]) for number in (own, before))
            verdict = _compare_years(now, then, year)["all"]
    is_whole = one.wards.index.isin(asked).all()
    wards = [
        PublicWard(
            code=str(code),
            name=str(ward["ward_name"]),
            borough=one.borough,
            n_incidents=int(n_by_ward[code]) if code in n_by_ward else None,
            rate=_PER * n_by_ward[code] / population[code] if code in n_by_ward and population[code] > 0 else None,
            verdict=verdicts.get(str(code)),
        )
        for code, ward in one.wards[one.wards.index.isin(asked)].iterrows()
    ]
    return PublicYear(
        borough=one.borough,
        year=year,
        n_incidents=n_all if is_whole else None,
        verdict=verdict if is_whole else None,
        shares=_tell_shares(one, year) if is_whole and n_all is not None else None,
        wards=tuple(sorted(wards, key=lambda ward: ward.name)),
    )


def _compare_years(current: pd.Series, earlier: pd.Series, year: int) -> dict[str, str]:
    """The verdict on each area that is told in both years, made from what is told alone."""
    both = current.index.intersection(earlier.index)
    if both.empty:
        return {}
    table = pd.DataFrame({"n_current": current[both].astype(np.int64), "n_earlier": earlier[both].astype(np.int64)})
    spans = [(dt.date(y, 1, 1), dt.date(y, 12, 31)) for y in (year, year - 1)]
    comparison = Comparison(
        key="longest",
        against="before",
        unit="month",
        length=12,
        current_first=spans[0][0],
        current_last=spans[0][1],
        earlier_first=spans[1][0],
        earlier_last=spans[1][1],
        days_current=(spans[0][1] - spans[0][0]).days + 1,
        days_earlier=(spans[1][1] - spans[1][0]).days + 1,
        left_out=(),
        available=True,
        reason=None,
    )
    # what varies is assumed from the counts that are told, as if there had been nothing before
    rows = pd.concat(
        [
            pd.DataFrame({"started_at": pd.Timestamp(first), "time_precision": "month", "area": table.index.repeat(n)})
            for (first, _), n in zip(spans, (table["n_current"], table["n_earlier"]), strict=True)
        ],
        ignore_index=True,
    )
    dispersion = measure_dispersion(
        rows, comparison, known_from=comparison.earlier_first, groups=rows["area"], all_groups=table.index
    )
    change = measure_change(
        ChangeCounts(table=table, comparison=comparison, n_month_only=0, n_ungrouped=0), dispersion=dispersion
    )
    return {str(area): str(verdict) for area, verdict in change.table["verdict"].items()}


def _tell_shares(one: _Authority, year: int) -> dict[str, float] | None:
    """Shares of the week in tenths, of incidents whose hours are known."""
    incidents = one.incidents[one.incidents["started_at"].dt.year == year]
    by_hour = np.asarray(weigh_hours(incidents).sum(axis=0), dtype=np.float64).ravel()
    windows = {part.key: part.window.hours for part in DAY_PARTS}
    counts = [sum(by_hour[windows[key]].sum() for key in keys) for keys in _PARTS.values()]
    shares = state_shares(counts)
    return None if shares is None else dict(zip(_PARTS, map(float, shares), strict=True))


def _list_square_years(
    authorities: list[_Authority], told: Mapping[tuple[str, int], _ToldYear], codes: pd.Index, *, years: set[int]
) -> dict[int, SquareYear]:
    """The years that are told of every authority: a square may lie in two."""
    found = {}
    for year in sorted(years):
        if all((one.borough, year) in told for one in authorities):
            areas, sums = _list_areas(authorities, told, year, codes)
            rows = [one.incidents[one.incidents["started_at"].dt.year == year] for one in authorities]
            found[year] = SquareYear(incidents=gpd.GeoDataFrame(pd.concat(rows)), areas=areas, sums=sums)
    return found


def _list_areas(
    authorities: list[_Authority], told: Mapping[tuple[str, int], _ToldYear], year: int, codes: pd.Index
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Areas of which a count can be known: each ward that is told, and all that are withheld of an authority."""
    areas, sums = [], []
    for one in authorities:
        year_told = told[one.borough, year]
        withheld = year_told.n_by_ward[~year_told.stated.wards]
        for code, n in year_told.told_wards.items():
            areas.append(codes == code)
            sums.append(float(n))
        if len(withheld):
            areas.append(codes.isin(withheld.index))
            sums.append(float(withheld.sum()) if year_told.stated.has_total else np.inf)
    return np.array(areas), np.array(sums)
