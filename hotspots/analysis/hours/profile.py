"""When incidents happen: the 168 hours of the week, of all incidents and of each group."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from hotspots.analysis.hours.aoristic import (
    TIME_KINDS,
    TimeCounts,
    find_time_kinds,
    make_time_counts,
    require_rows,
    weigh_hours,
)
from hotspots.analysis.hours.busy_windows import PeakWindow, QuietWindow, find_windows
from hotspots.distributions import control_false_discoveries
from hotspots.errors import DataError

Floats = npt.NDArray[np.float64]


MAX_FALSE_SHARE = 0.05
"""Of groups said to have a peak, the share that may owe it to chance; of those with a quiet window likewise."""

_MIN_TIMED_SHARE = 0.5
"""Below this share of incidents with a clock time, their hours may not represent the rest."""
_MIN_TIMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyProfile:
    """Incidents by day of the week and hour of the day.

    Attributes:
        available: Whether the data can say anything about hours.
        reason: Where they cannot, why, in a word or two; otherwise None.
        explanation: The same in a sentence; otherwise None.
        counts: float (7, 24), sums of aoristic weights, Monday first; None where not available.
        n_timed: Incidents with a clock time.
        n_untimed: Incidents without one.
        time_counts: On what the hours rest: moments, intervals, intervals of a week or more, nothing.
        peaks: At most three windows, the clearest first; none where the week is not clearly uneven.
        quiet: At most two windows, the clearest first, that share no hour with a peak.
    """

    available: bool
    reason: str | None
    explanation: str | None
    counts: Floats | None
    n_timed: int
    n_untimed: int
    time_counts: TimeCounts
    peaks: tuple[PeakWindow, ...]
    quiet: tuple[QuietWindow, ...]


def profile_week(incidents: pd.DataFrame, *, hours: sparse.csr_array | None = None, seed: int = 0) -> WeeklyProfile:
    """Count incidents by day and hour, and find the windows that are busier and quieter than an even week.

    The profile is withheld where fewer than half of the incidents, or fewer than 20, have a clock time; one of a week
    or more says nothing of the hour, and counts for neither.

    For one profile. Of many, such as one for each ward, a few would have a peak by chance: see `profile_groups`.

    Args:
        incidents: The incidents table, or any with `started_at`, `ended_at` and `time_precision`.
        hours: `weigh_hours(incidents)`, where the caller already has it.
        seed: Of the p values.

    Raises:
        DataError: A column is missing, or times are not naive local times.
        ParameterError: `hours` is of other incidents.
    """
    weights = weigh_hours(incidents) if hours is None else hours
    require_rows(weights, len(incidents))
    n_by_kind = np.bincount(find_time_kinds(incidents), minlength=len(TIME_KINDS))
    n_month_only = int((incidents["time_precision"] == "month").sum())
    counts = np.asarray(weights.sum(axis=0), dtype=np.float64)
    return _describe(counts, make_time_counts(n_by_kind), n_month_only=n_month_only, seed=seed)


def profile_groups(
    incidents: pd.DataFrame, groups: pd.Series, *, hours: sparse.csr_array | None = None, seed: int = 0
) -> dict[str, WeeklyProfile]:
    """Profile each ward, hot spot or other group of incidents.

    Of a hundred groups without any pattern one would have a peak at p = 0.01, and the eye would go to it. So the p
    values of the clearest peak of each group are adjusted by their number (Benjamini and Hochberg), and a group keeps
    its peaks only where its adjusted value is at most 0.05: of the groups said to have a peak, at most one in
    twenty is expected to owe it to chance; where no group has a pattern, the risk that any is said to have one is
    one in twenty. Groups withheld are not counted. Quiet windows are adjusted likewise, by themselves. Each window's
    own `p_value` is as in `find_peaks` and not adjusted.

    No p value is below 0.001, so that one group alone of more than fifty cannot be found, however clear its peak;
    two of a hundred can. Where the whole area has a peak and a group too few incidents to show one, the
    area's is still the best guess for the group: no peak found is not a finding of none.

    Args:
        incidents: The incidents table, or any with `started_at`, `ended_at` and `time_precision`.
        groups: The group of each incident, on the index of the incidents; missing where it is in none.
        hours: `weigh_hours(incidents)`, where the caller already has it.
        seed: Of the p values.

    Returns:
        The profile of each group that has an incident, by its name as text, in the order of the groups when sorted.

    Raises:
        DataError: A column is missing, times are not naive local times, or `groups` is on another index.
        ParameterError: `hours` is of other incidents.

    Source: Benjamini, Y. and Hochberg, Y. (1995), "Controlling the false discovery rate", Journal of the Royal
    Statistical Society B 57(1), doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    if not groups.index.equals(incidents.index):
        raise DataError(
            f"Each incident needs a group, on the index of the incidents; there are {len(groups)} groups for "
            f"{len(incidents)} incidents. Use groups.reindex(incidents.index)."
        )
    weights = weigh_hours(incidents) if hours is None else hours
    require_rows(weights, len(incidents))
    code, names = pd.factorize(groups, sort=True)
    n_groups, inside = len(names), np.flatnonzero(code >= 0)
    is_member = sparse.csr_array((np.ones(len(inside)), (code[inside], inside)), shape=(n_groups, len(incidents)))
    counts = (is_member @ weights).toarray()
    kind = find_time_kinds(incidents)[inside]
    n_by_kind = np.bincount(code[inside] * len(TIME_KINDS) + kind, minlength=n_groups * len(TIME_KINDS))
    is_month_only = (incidents["time_precision"] == "month").to_numpy(dtype=bool)[inside]
    n_month_only = np.bincount(code[inside], is_month_only, minlength=n_groups)
    profiles = [
        _describe(counts[group], make_time_counts(kinds), n_month_only=int(n_month_only[group]), seed=seed)
        for group, kinds in enumerate(n_by_kind.reshape(n_groups, len(TIME_KINDS)))
    ]
    return dict(zip(map(str, names), _keep_discoveries(profiles), strict=True))


def _describe(counts: Floats, times: TimeCounts, *, n_month_only: int, seed: int) -> WeeklyProfile:
    reason, explanation = _find_reason(times, n_month_only)
    peaks, quiet = find_windows(counts, seed=seed) if reason is None else ((), ())
    return WeeklyProfile(
        available=reason is None,
        reason=reason,
        explanation=explanation,
        counts=counts.reshape(7, 24) if reason is None else None,
        n_timed=times.n_timed,
        n_untimed=times.n_untimed,
        time_counts=times,
        peaks=peaks,
        quiet=quiet,
    )


def _find_reason(times: TimeCounts, n_month_only: int) -> tuple[str | None, str | None]:
    """Why a profile is withheld, in a word or two and in a sentence."""
    n, n_telling = times.n_timed + times.n_untimed, times.n_telling
    but = " (an interval of a week or more does not count as one)" if times.n_week_or_more else ""
    if n and n_month_only == n:
        return "month-only", "The source gives the month of each incident, not its day or hour."
    if n_telling < _MIN_TIMED_SHARE * n:
        return (
            "month-only" if n_month_only > n / 2 else "times unknown",
            f"Only {n_telling:,} of {n:,} incidents have a clock time{but}; the hours of the rest may differ."
            if n_telling
            else f"None of {n:,} incidents has a clock time{but}.",
        )
    if n_telling < _MIN_TIMED:
        return (
            "too few",
            f"{n_telling} incidents with a clock time{but} are too few for 168 hours; {_MIN_TIMED} are needed."
            if n_telling != 1
            else f"One incident with a clock time{but} is too few for 168 hours; {_MIN_TIMED} are needed.",
        )
    return None, None


def _keep_discoveries(profiles: list[WeeklyProfile]) -> list[WeeklyProfile]:
    """The profiles without the windows that so many of them would have by chance."""
    available = [index for index, profile in enumerate(profiles) if profile.available]
    keeps_peaks = _is_discovery([profiles[index].peaks for index in available])
    keeps_quiet = _is_discovery([profiles[index].quiet for index in available])
    kept = list(profiles)
    for index, with_peaks, with_quiet in zip(available, keeps_peaks, keeps_quiet, strict=True):
        kept[index] = dataclasses.replace(
            profiles[index],
            peaks=profiles[index].peaks if with_peaks else (),
            quiet=profiles[index].quiet if with_quiet else (),
        )
    return kept


def _is_discovery(windows: list[tuple[PeakWindow, ...]] | list[tuple[QuietWindow, ...]]) -> list[bool]:
    """Whether each group keeps its windows, by the p value of its clearest; a group without any has p = 1."""
    p_values = [found[0].p_value if found else 1.0 for found in windows]
    if not p_values:
        return []
    is_kept: list[bool] = (control_false_discoveries(p_values) <= MAX_FALSE_SHARE).tolist()
    return is_kept
