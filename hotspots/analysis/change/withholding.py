"""Comparisons that would mislead, and are therefore not made."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Iterable

import pandas as pd

from hotspots.analysis.change.comparisons import Comparison, say_day
from hotspots.analysis.change.season_windows import SeasonWindow
from hotspots.errors import ParameterError

_LEAST_SEASON = 1.05


def withhold_selected(
    comparisons: Iterable[Comparison], *, drawn_from: dt.date, drawn_to: dt.date
) -> tuple[Comparison, ...]:
    """Withhold the comparisons that would mislead within hot spots drawn from incidents of given days.

    A hot spot is drawn where incidents were many, and part of that is chance. Days that it was drawn from therefore
    look busier in it than any other days: compared with the time before they seem to have risen, and the time after
    seems to fall, with nothing changed and nothing done (regression to the mean). A comparison is fair

    * if both windows lie within the days that the outlines were drawn from: they were drawn from where the incidents
      of both were, whichever window each was in, so that the share of either is not selected;
    * if neither window touches those days: neither was selected.

    Anything else comes back as not available, with the reason. The safe way to judge a recent change in hot spots is
    to draw them from a long period that holds both windows, or from one that ended before both. Fair here means fair
    to chance: what was a short-lived flare when outlines were drawn has died down truly by the time after.

    Args:
        comparisons: As planned.
        drawn_from: First day of the incidents that the outlines were drawn from; those must not have been weighed by
            how recent they are.
        drawn_to: Last day, included.

    Raises:
        ParameterError: `drawn_from` lies after `drawn_to`.

    Source: Barnett, A. G., van der Pols, J. C. and Dobson, A. J. (2005), "Regression to the mean: what it is and how
    to deal with it", International Journal of Epidemiology 34(1), doi:10.1093/ije/dyh299.
    """
    if drawn_from > drawn_to:
        raise ParameterError(
            f"Outlines must be drawn from a first day to a later or the same day; {drawn_from} lies after {drawn_to}. "
            "Swap them."
        )
    return tuple(
        comparison
        if not comparison.available or _is_fair(comparison, drawn_from, drawn_to)
        else dataclasses.replace(
            comparison,
            available=False,
            reason=(
                f"The hot spots were drawn from incidents of {say_day(drawn_from)} to {say_day(drawn_to)}, which holds "
                "more of one window than of the other. The choice of places alone would make that window look worse."
            ),
        )
        for comparison in comparisons
    )


def _is_fair(comparison: Comparison, drawn_from: dt.date, drawn_to: dt.date) -> bool:
    inside = all(drawn_from <= first and last <= drawn_to for first, last in comparison.windows)
    outside = all(last < drawn_from or first > drawn_to for first, last in comparison.windows)
    return inside or outside


def withhold_seasonal(comparisons: Iterable[Comparison], season: SeasonWindow | None) -> tuple[Comparison, ...]:
    """Withhold the comparisons in which a season that is known would pass for a change.

    Where burglary is a third higher in winter, winter against autumn says that it is winter. A comparison of different
    times of year is withheld if the season alone would change the number of incidents a day by 5% or more. One that
    was asked for is not.

    Args:
        comparisons: As planned.
        season: Months that differ from the rest of the year by more than chance, from `measure_season`; None of none.
    """
    if season is None:
        return tuple(comparisons)
    return tuple(
        comparison
        if not comparison.available
        or comparison.allows_for_season
        or comparison.key == "asked"
        or abs(math.log(_expect(comparison, season))) < math.log(_LEAST_SEASON)
        else dataclasses.replace(
            comparison,
            available=False,
            reason=(
                f"The season alone would change it by a factor of about {_expect(comparison, season):.2f} "
                f"({season.name})."
            ),
        )
        for comparison in comparisons
    )


def _expect(comparison: Comparison, season: SeasonWindow) -> float:
    """How many times the earlier incidents a day there are in the later window, if nothing changes but the season."""
    current, earlier = (
        1 + (season.ratio - 1) * _share_months(first, last, season.months) for first, last in comparison.windows
    )
    return current / earlier


def _share_months(first: dt.date, last: dt.date, months: Iterable[int]) -> float:
    """The share of days that lie in some calendar months."""
    days = pd.date_range(first, last)
    return float(days.month.isin(list(months)).mean())
