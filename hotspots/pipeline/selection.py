"""The part of a study that a request asks for, with an account of every row."""

from __future__ import annotations

import datetime as dt
import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from hotspots.crimes import KNIFE_CRIME, Crime, find_crime, select_crime
from hotspots.errors import NotFoundError, ParameterError, TooLittleDataError, say_rows, say_texts, suggest_word
from hotspots.geography import unite_wards
from hotspots.ingest.incidents import AREA_SIGN, REPEATED_ROW, find_days
from hotspots.ingest.texts import MANY_ROWS
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.study import Study
from hotspots.pipeline.surroundings import RING_M, is_near

_MIN_SHARE_OF_AREA = 0.01
_MOST_AREAS_NAMED = 40
_WHEREABOUTS = ["started_at", "time_precision", "location_precision", "geometry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Where every row went: `read` is the sum of all the others.

    Attributes:
        read: Rows in the incident files.
        rejected: Rows refused, by reason, whatever their crime.
        other_crimes: Rows of other crimes than the one asked for.
        outside_period: Rows of the crime outside the days analysed.
        outside_area: Rows of the crime in the period, outside the wards analysed.
        analysed: Rows that every count in the analysis is made from.
        rejected_of_crime: How many of the rejected are known to be of the crime asked for, and not known to be of
            another period, or repeats of a row that counts.
    """

    read: int
    rejected: dict[str, int]
    other_crimes: int
    outside_period: int
    outside_area: int
    analysed: int
    rejected_of_crime: int

    def __post_init__(self) -> None:
        parts = sum(self.rejected.values()) + self.other_crimes + self.outside_period + self.outside_area
        if self.read != parts + self.analysed:
            raise AssertionError(f"accounts do not add up: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The part of a study that a request asks for.

    Attributes:
        crime: What is analysed.
        wards: The wards analysed.
        study_area: Their union, metres.
        start, end: First and last day, inclusive.
        accounts: Where every row went.
        n_reported: How many of the incidents have a source that says only when they became known.
        incidents: Of the crime and period, in the wards.
        beyond: Of the crime and period, outside all of them.
        others: Of other crimes and the period, in the wards: where and when they were, and nothing else, not even IDs
            of incidents, which would be most of their memory.
        others_beyond: Of other crimes and the period, just beyond all of them; likewise.
        earlier: Of the crime, wholly before the period, in the wards; as far as they were read.
        earlier_beyond: Of the crime, wholly before the period, outside all of them.
        earlier_others: Of other crimes, wholly before the period, in the wards.
    """

    crime: Crime
    wards: gpd.GeoDataFrame
    study_area: shapely.Geometry
    start: dt.date
    end: dt.date
    accounts: Accounts
    n_reported: int
    incidents: gpd.GeoDataFrame
    beyond: gpd.GeoDataFrame
    others: gpd.GeoDataFrame
    others_beyond: gpd.GeoDataFrame
    earlier: gpd.GeoDataFrame
    earlier_beyond: gpd.GeoDataFrame
    earlier_others: gpd.GeoDataFrame


def require_usable_rows(study: Study) -> None:
    """Require that any row of a study can be used.

    Raises:
        TooLittleDataError: All are refused; the message says why.
    """
    intake = study.intake
    if intake.incidents.empty and intake.set_aside.empty:
        reasons = ", ".join(f"{reason} ({n:,})" for reason, n in intake.rejected["reason"].value_counts().items())
        raise TooLittleDataError(
            f"No row of the {intake.n_read:,} read can be used{f': {reasons}' if reasons else ''}. "
            "Check that these are the right files."
        )


def select_incidents(study: Study, request: AnalysisRequest) -> Selection:
    """Select the part of a study that a request asks for.

    Raises:
        NotFoundError: The crime or a ward is not in the data.
        TooLittleDataError: No incident is left to analyse.
    """
    require_usable_rows(study)
    incidents, rejected, set_aside = study.intake.incidents, study.intake.rejected, study.intake.set_aside
    crime = _find_crime(study, request.crime)
    wards = select_wards(study.boundaries.wards, request.wards)
    in_stated = np.ones(len(incidents), dtype=bool)
    if request.area is not None:
        in_stated = _lies_in_stated(incidents, request.area)
        if not in_stated.any():
            raise NotFoundError(_say_areas(incidents, request.area))
        wards = _select_wards_of(incidents[in_stated], wards)
    is_crime = select_crime(incidents, crime).to_numpy()
    first, last = find_days(incidents)
    n_aside = int(set_aside["n_rows"][select_crime(set_aside, crime)].sum())
    days = np.concatenate(
        [first, last, *(set_aside[day].to_numpy().astype(first.dtype) for day in ("first_day", "last_day"))]
    )
    start, end = find_period(
        incidents[is_crime], covered=(days.min(), days.max()), start=request.start, end=request.end
    )

    in_period = (first >= np.datetime64(start)) & (last <= np.datetime64(end))
    in_wards = incidents["ward_code"].isin(wards.index).to_numpy()
    in_area = in_wards & in_stated
    analysed = incidents[is_crime & in_period & in_area]
    accounts = Accounts(
        read=study.intake.n_read,
        rejected={str(k): int(v) for k, v in sorted(rejected["reason"].value_counts().items())},
        other_crimes=int((~is_crime).sum()) + study.intake.n_set_aside - n_aside,
        outside_period=int((is_crime & ~in_period).sum()) + n_aside,
        outside_area=int((is_crime & in_period & ~in_area).sum()),
        analysed=len(analysed),
        rejected_of_crime=int((select_crime(rejected, crime) & _is_loss(rejected, start, end)).sum()),
    )
    if analysed.empty:
        raise TooLittleDataError(
            f"No {crime.plural} are left to analyse from {start} to {end} in {len(wards)} wards: of "
            f"{int(is_crime.sum()) + n_aside:,} read, {accounts.outside_period:,} lie outside the period and "
            f"{accounts.outside_area:,} outside the wards. Widen `start` and `end`, or `wards`; "
            "or check that incidents and boundaries are of the same place."
        )
    beyond = in_period & ~in_wards
    others_beyond = np.flatnonzero(beyond & ~is_crime)  # most of all rows, where one ward of many is analysed
    study_area = study.area if len(wards) == len(study.boundaries.wards) else unite_wards(wards)
    others_beyond = others_beyond[is_near(incidents.geometry.iloc[others_beyond], study_area.bounds, RING_M)]
    # other crime is most of all, and little is asked of it
    whereabouts = incidents[_WHEREABOUTS].reset_index(drop=True)
    before = incidents[last < np.datetime64(start)]
    past = gpd.GeoDataFrame(pd.concat([study.earlier, before]), crs=incidents.crs) if len(study.earlier) else before
    was_crime, was_in_wards = select_crime(past, crime).to_numpy(), past["ward_code"].isin(wards.index).to_numpy()
    was_in_area = was_in_wards if request.area is None else was_in_wards & _lies_in_stated(past, request.area)
    return Selection(
        crime=crime,
        wards=wards,
        study_area=study_area,
        start=start,
        end=end,
        accounts=accounts,
        n_reported=int(analysed["source"].isin(study.intake.reported_sources).sum()),
        incidents=analysed,
        beyond=incidents[beyond & is_crime],
        others=whereabouts[~is_crime & in_period & in_area].reset_index(drop=True),
        others_beyond=whereabouts.iloc[others_beyond].reset_index(drop=True),
        earlier=past[was_crime & was_in_area],
        earlier_beyond=past[was_crime & ~was_in_wards],
        earlier_others=past[_WHEREABOUTS][~was_crime & was_in_area],
    )


def _lies_in_stated(incidents: gpd.GeoDataFrame, area: str) -> npt.NDArray[np.bool_]:
    """Which incidents their source puts into an area, case and blanks aside."""
    wanted = _fold(area)
    lies = np.zeros(len(incidents), dtype=bool)
    for column in ("stated_ward", "stated_area"):
        texts = incidents[column].astype("category")
        fits = [wanted in map(_fold, str(text).split(AREA_SIGN)) for text in texts.cat.categories]
        lies |= np.append(np.array(fits, dtype=bool), False)[texts.cat.codes.to_numpy()]
    return lies


def _fold(area: str) -> str:
    return " ".join(area.casefold().split())


def _select_wards_of(incidents: gpd.GeoDataFrame, wards: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The wards in which incidents lie, but for those of a few slips.

    Raises:
        TooLittleDataError: None lies in any of these wards.
    """
    shares = incidents["ward_code"].value_counts(normalize=True)
    chosen = wards[wards.index.isin(shares.index[shares >= _MIN_SHARE_OF_AREA])]
    if chosen.empty:
        raise TooLittleDataError(
            f"No ward holds rows of the `area` asked for: none of its {len(incidents):,} rows lies in the "
            f"{len(wards)} wards. Check that incidents and boundaries are of the same place."
        )
    return chosen


def _say_areas(incidents: gpd.GeoDataFrame, area: str) -> str:
    """What areas there are, instead of one that there is not."""
    counts: Counter[str] = Counter()
    for column in ("stated_ward", "stated_area"):
        for text, n in incidents[column].value_counts().items():
            for one in str(text).split(AREA_SIGN):
                counts[one] += int(n)
    names = sorted(name for name, n in counts.items() if n >= MANY_ROWS)
    if not names:
        return (
            f'No row lies in an `area` called "{area}": no column names areas such as beats, sectors or wards on '
            f'{MANY_ROWS} rows or more. Name the column in a source profile, area = "...".'
        )
    listed = ", ".join(names[:_MOST_AREAS_NAMED]) + (" ..." if len(names) > _MOST_AREAS_NAMED else "")
    return f'No row lies in an `area` called "{area}".{suggest_word(area, names)} The sources name: {listed}.'


def find_period(
    incidents: gpd.GeoDataFrame,
    *,
    covered: tuple[np.datetime64, np.datetime64],
    start: dt.date | None = None,
    end: dt.date | None = None,
) -> tuple[dt.date, dt.date]:
    """The first and last day to analyse: those asked for, as far as the incidents cover them.

    Month-only incidents count only where their whole month lies in the period, since nobody knows on which side of a
    day inside it they fell; where all incidents of the crime are such, the period is of whole months.

    Args:
        incidents: Those of the crime.
        covered: First and last day of the incidents of all crimes: the days that the files cover.
        start: First day asked for; by default the first covered.
        end: Last day asked for; by default the last covered.

    Raises:
        TooLittleDataError: No day is left.
    """
    data_start, data_end = (day.astype(dt.date) for day in covered)
    asked = (start or data_start, end or data_end)
    first, last = max(asked[0], data_start), min(asked[1], data_end)
    if len(incidents) and (incidents["time_precision"] == "month").all():
        if first.day > 1:
            first = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        if (last + dt.timedelta(days=1)).day > 1:
            last = last.replace(day=1) - dt.timedelta(days=1)
    if last < first:
        raise TooLittleDataError(
            f"Nothing can be said of {asked[0]} to {asked[1]}: the incidents run from {data_start} to {data_end}, and "
            "incidents known by month only count in whole months. Widen `start` and `end`."
        )
    return first, last


def select_wards(wards: gpd.GeoDataFrame, wanted: Sequence[str]) -> gpd.GeoDataFrame:
    """The wards with these codes or names; all wards if none are given.

    Raises:
        NotFoundError: No ward has such a code or name; the message gives the closest.
        ParameterError: Several wards have such a name.
    """
    if not wanted:
        return wards
    names = wards["ward_name"].astype("str").str.casefold()
    codes: set[str] = set()
    for word in wanted:
        if word in wards.index:
            codes.add(word)
            continue
        matches = wards[names == word.strip().casefold()]
        if matches.empty:
            close = difflib.get_close_matches(word.casefold(), names.unique(), n=5, cutoff=0.5)
            like = wards[names.isin(close)] if close else wards.head(5)
            listed = ", ".join(f"{name} ({code})" for code, name in like["ward_name"].items())
            raise NotFoundError(f'No ward called "{word}" in the boundaries. Give a code or a name, such as {listed}.')
        if len(matches) > 1:
            listed = ", ".join(f"{code} ({borough})" for code, borough in matches["borough"].items())
            raise ParameterError(f'{len(matches)} wards are called "{word}": {listed}. Give the code instead.')
        codes.add(str(matches.index[0]))
    return wards[wards.index.isin(codes)]


def _is_loss(rejected: pd.DataFrame, start: dt.date, end: dt.date) -> pd.Series:
    """Which rejected rows may be of the period, and repeat none that counts."""
    day = rejected["started_at"].dt.normalize()
    elsewhere = (day < pd.Timestamp(start)) | (day > pd.Timestamp(end))
    is_loss: pd.Series = ~elsewhere & (rejected["reason"] != REPEATED_ROW)
    return is_loss


def _find_crime(study: Study, slug: str) -> Crime:
    incidents = study.intake.incidents
    try:
        return find_crime(slug, among=study.crimes, knife_is_flagged=bool(incidents["is_knife"].notna().any()))
    except NotFoundError as error:
        quality = study.quality
        if slug == KNIFE_CRIME and quality.unread_knife:
            raise NotFoundError(
                "No row is known to be knife crime: the knife column says neither yes nor no, but "
                f"{say_texts(quality.unread_knife)}. Name all of its words for a knife, knife_words = [...], in a "
                "source profile."
            ) from error
        if not quality.unrecognised:
            raise
        raise NotFoundError(
            f"{error} {say_rows(quality.n_unrecognised, 'has', 'have')} an offence text that is in no table, most of "
            f"all {say_texts(quality.unrecognised)}. Say what they mean in hotspots.toml, under "
            "[sources.NAME.offences]."
        ) from error
