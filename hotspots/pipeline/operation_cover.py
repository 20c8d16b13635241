"""Whether the files cover all days that an operation and its comparison need: missing data are not a fall."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.crimes import Crime
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.ingest.incidents import find_days
from hotspots.pipeline.holes import Hole
from hotspots.pipeline.known_time import KnownTime
from hotspots.pipeline.operation_request import Before, OperationRequest
from hotspots.pipeline.selection import Selection
from hotspots.pipeline.study import Study

_UNLIKELY = 0.001
_MAX_UNCOVERED_SHARE = 0.2
_N_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCover:
    """What the files cover of one crime in the two periods.

    Attributes:
        low_months: Months that are incomplete.
        holes: Files, boroughs or wards without any in some months of either period while others go on.
        other_before: The other period before if the files cover it.
        reaches_back: Whether they cover as long a period again before the one compared with.
    """

    low_months: tuple[str, ...]
    holes: tuple[Hole, ...]
    other_before: Before | None
    reaches_back: bool


def require_cover(study: Study, request: OperationRequest) -> None:
    """Refuse periods that the files do not cover: missing data are not a fall in crime."""
    if study.intake.incidents.empty:
        return  # said by the selection
    data_start, data_end, is_covered, gaps = _find_cover(study.known_time, request)
    before, other = request.before_period, _say_other(_find_other(study.known_time, request))
    if not is_covered:
        raise TooLittleDataError(
            f"An operation from {request.start} to {request.end} is compared with {before[0]} to {before[1]}, but the "
            f"incidents run from {data_start} to {data_end}. Give files of all these days{other}."
        )
    if gaps:
        raise TooLittleDataError(
            f"The files hold no rows of any crime for {', '.join(gaps)}, which the comparison needs: a gap in the data "
            f"would look like a change in crime. Give the files of these months{other}."
        )


def _find_cover(known_time: KnownTime, request: OperationRequest) -> tuple[dt.date, dt.date, bool, tuple[str, ...]]:
    """First and last day of the rows of that time, whether they cover both periods, and months of these without any."""
    first, last = known_time.first, known_time.last
    n_days = (last.max() - first.min()).astype(np.int64) + 1
    # days without a row at either end may be quiet days: is it likely, at the usual number a day?
    quiet = dt.timedelta(days=int(-np.log(_UNLIKELY) * n_days / known_time.n_rows.sum()))
    within = (last >= np.datetime64(request.before_period[0])) & (first <= np.datetime64(request.end))
    if within.any():
        first, last = first[within], last[within]
    data_start, data_end = first.min().astype(dt.date), last.max().astype(dt.date)
    is_covered = data_start - quiet <= request.before_period[0] and request.end <= data_end + quiet
    return data_start, data_end, is_covered, list_months(known_time.months.missing, request)


def _find_other(
    known_time: KnownTime,
    request: OperationRequest,
    find_own_gaps: Callable[[OperationRequest], Sequence[str]] = lambda request: (),
) -> Before | None:
    """The other period before, if the operation can be compared with it and the files cover it."""
    try:
        other = dataclasses.replace(request, before="previous" if request.before == "year" else "year")
    except ParameterError:  # longer than a year
        return None
    _, _, is_covered, gaps = _find_cover(known_time, other)
    return other.before if is_covered and not gaps and not find_own_gaps(other) else None


def _say_other(other: Before | None) -> str:
    return f", other dates, or `before` {other}" if other else ", or other dates"


def require_own_cover(study: Study, chosen: Selection, request: OperationRequest) -> OwnCover:
    """Refuse months without data of this crime although the files hold other crimes."""
    columns = ["started_at", "time_precision", "source", "ward_code", "category"]
    own = pd.concat([table[columns] for table in (chosen.earlier, chosen.incidents)])
    known_from = min(request.before_period[0], study.known_time.first_day)
    known = study.known_time.find_months(own, first=known_from, last=request.end)
    reasons = known.gaps
    first, last = find_days(own)
    own_days = (first.min().astype(dt.date), last.max().astype(dt.date))

    def list_gaps(reason: str, asked: OperationRequest) -> tuple[str, ...]:
        return list_months([str(month) for month in reasons.index[reasons == reason]], asked)

    def find_own_gaps(asked: OperationRequest) -> list[str]:
        months, parts = (list_gaps(f"{which} of this crime", asked) for which in ("no data", "part"))
        return sorted([*months, *(month for month in parts if not _is_reached(month, own_days, asked))])

    def find_holes(asked: OperationRequest) -> tuple[Hole, ...]:
        return tuple(hole for hole in known.holes if list_months(list(hole.months.strftime("%Y-%m")), asked))

    gaps = find_own_gaps(request)
    other = _find_other(study.known_time, request, lambda asked: [*find_own_gaps(asked), *map(str, find_holes(asked))])
    if gaps:
        raise TooLittleDataError(
            f"The files hold none, or only a part, of the {chosen.crime.plural} of {', '.join(gaps)}, although they "
            "hold other crimes: a gap in the data would look like a change in crime. Give the files of these "
            f"months{_say_other(other)}."
        )
    _, _, is_covered, missing = _find_cover(study.known_time, request.one_before)
    return OwnCover(
        low_months=list_gaps("incomplete data", request),
        holes=find_holes(request),
        other_before=other,
        reaches_back=is_covered
        and not any([*missing, *find_own_gaps(request.one_before), *find_holes(request.one_before)]),
    )


def covers_crime(study: Study, own: pd.DataFrame, request: OperationRequest) -> bool:
    """Whether the files hold a crime in all of both periods, as far as can be seen from its incidents."""
    known_from = min(request.before_period[0], study.known_time.first_day)
    known = study.known_time.find_months(own, first=known_from, last=request.end)
    holes = [month for hole in known.holes for month in hole.months.strftime("%Y-%m")]
    is_dated = request.is_whole_months or not (own["time_precision"] == "month").all()
    return is_dated and not list_months([*map(str, known.gap_months), *holes], request)


def require_covered(
    area: str, holes: Sequence[Hole], uncovered: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_], crime: Crime
) -> None:
    """Refuse an area of which too much is not covered in both periods: the end of a file is not a fall in crime.

    Args:
        area: What it is called.
        holes: What the files do not cover in one of the periods.
        uncovered: Which incidents are of these parts.
        inside: Which incidents lie in the area.
        crime: What is counted.
    """
    n = int(inside.sum())
    if not n or (uncovered & inside).sum() <= _MAX_UNCOVERED_SHARE * n:
        return
    share = float((uncovered & inside).sum()) / n
    named = "; ".join(f"{hole.name} ({hole.first_month} to {hole.last_month})" for hole in holes[:_N_NAMED])
    more = " and more" if len(holes) > _N_NAMED else ""
    raise TooLittleDataError(
        f"The files must cover {area} in both periods. They do not cover {named}{more}, while they cover others, and "
        f"{100 * share:.0f}% of the {crime.plural} in {area} are of these: data that end would look like a change in "
        "crime. Give the files of these months, or other areas or dates."
    )


def _is_reached(month: str, own_days: tuple[dt.date, dt.date], request: OperationRequest) -> bool:
    """Whether the days of a month that the comparison needs are all between the first and last incident."""
    start, end = pd.Period(month, "M").start_time.date(), pd.Period(month, "M").end_time.date()
    spans = [(max(start, first), min(end, last)) for first, last in request.periods]
    return all(own_days[0] <= first and last <= own_days[1] for first, last in spans if first <= last)


def list_months(months: Sequence[str], request: OperationRequest) -> tuple[str, ...]:
    """Those months that have a day in either period."""
    spans = [(pd.Period(start, "M"), pd.Period(end, "M")) for start, end in request.periods]
    return tuple(month for month in months if any(start <= pd.Period(month, "M") <= end for start, end in spans))


def require_days(incidents: gpd.GeoDataFrame, crime: Crime, request: OperationRequest) -> None:
    """Refuse days for which month-only incidents give no answer."""
    if request.is_whole_months or not (incidents["time_precision"] == "month").all():
        return
    first, last = request.whole_months
    raise ParameterError(
        f"These {crime.plural} are known by month only, so an operation must be of whole months; {request.start} to "
        f"{request.end} is not. Give `start` {first} and `end` {last}, or incidents with their days."
    )
