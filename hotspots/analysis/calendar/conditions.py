"""Whether more incidents happen on school days, bank holidays, around pay-day or in the dark, like against like."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.analysis.calendar.condition_splits import (
    CONFIDENCE,
    SIGNIFICANCE_LEVEL,
    ConditionName,
    ConditionSplit,
    ExposureUnit,
    adjust_splits,
    fill_split,
    withhold,
    withhold_few,
)
from hotspots.analysis.calendar.darkness import fit_season, measure_darkness
from hotspots.analysis.calendar.days import PAY_WINDOW_DAYS, Calendar
from hotspots.analysis.calendar.incident_times import AFTER_SCHOOL_HOURS, IncidentTimes, read_times
from hotspots.analysis.calendar.missing_months import Month, is_missing, read_months
from hotspots.analysis.calendar.strata import compare_strata

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


_MIN_KNOWN_SHARE = 0.5
"""Below this share of incidents with a known day (or hour), these may not represent the rest."""


def compare_conditions(
    incidents: pd.DataFrame,
    calendar: Calendar,
    *,
    missing_months: Iterable[Month] = (),
) -> tuple[ConditionSplit, ...]:
    """Compare how much happens with and without each of five conditions.

    | split | with | without | strata |
    |---|---|---|---|
    | `school_days` | school days | Mondays to Fridays of the holidays | weekday, month |
    | `after_school` | the same, 15:00 to 17:59 alone | the same | weekday, month |
    | `bank_holidays` | bank holidays | other days | weekday, month |
    | `pay_days` | pay-day and the days after it | other days | weekday, month |
    | `darkness` | clock hours dark throughout | clock hours light throughout | hour; the season is fitted |

    Bank holidays are left out of all but their own split. A stratum is one weekday in one month of one year, so that
    neither the season nor a trend passes for the condition: a month of holidays alone (August) says nothing about
    school days and is not compared.

    **Day splits.** The ratio is that of Mantel and Haenszel; p and limits are exact, conditional on the number in each
    stratum (a sum of binomials).

    **Darkness.** Only whole hours are compared, and only at hours of the clock that are dark throughout on some dates
    and light throughout on others; the hour in which the light changes is left out, because times are rounded and dusk
    is gradual. Dark evenings are winter evenings, so that hour strata alone would show the season. The season is
    therefore taken from all hours, those in daylight or dark all year too: a Poisson regression on month, clock hour
    and darkness, whose ratio is that of darkness, with Wald limits. It takes the season to move all hours alike; where
    it does not (summer evenings outdoors), the rest is put down to darkness.

    **Overdispersion.** Offences come in series and some days are busy, so that counts vary more than independent ones.
    The dispersion is the Pearson statistic by its degrees of freedom, about the fitted counts, of days and of weeks
    (for darkness also of the regression's cells), whichever is largest, and at least 1. Scores are divided by, and
    limits widened on the log scale by, its square root (quasi-Poisson).

    Splits are found significant at `p_adjusted`, which keeps the share of false ones among those found.

    **What counts.** An incident counts for days where the whole interval in which it can have happened lies within one
    day; for the hours after school, within those hours; for darkness, within one clock hour. Others are left out of
    that split and counted in `n_uncertain`; shared out over hours they would pull every ratio towards 1. Burglaries
    found after a holiday are of this kind: the splits apply to incidents whose time is known. Where less than half of
    the incidents are, the split is withheld. Month-only incidents are in none.

    A ratio is an association and no cause: on school days other things differ too. Of the 31st, the 1st and midnight
    records have more than happened, where the day or time was not known; around pay-day that would look like an
    effect. About eight bank holidays a year are few, unlike each other, and no school days, so that what comes with
    school is missing then.

    Args:
        incidents: The incidents table, or any with `started_at`, `ended_at` and `time_precision`.
        calendar: `make_calendar` over the days that the data cover; incidents on other days are not compared.
        missing_months: Months without data, or without all ("2026-08", a date in it or a pandas Period): their days are
            left out.

    Returns:
        Five splits, in the order above; one that cannot be made is not available and says why.

    Raises:
        ParameterError: A missing month cannot be read.

    Source: Mantel, N. and Haenszel, W. (1959), Journal of the National Cancer Institute 22, as extended to rates in
    Rothman, K. J., Greenland, S. and Lash, T. L. (2008), Modern Epidemiology, chapter 15; McCullagh, P. and Nelder,
    J. A. (1989), Generalized Linear Models, sections 4.5 and 6.2 (overdispersion); Benjamini, Y. and Hochberg, Y.
    (1995), Journal of the Royal Statistical Society B 57, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    days = calendar.days
    has_data = ~is_missing(days.index.to_numpy(), read_months(missing_months))
    times = read_times(incidents, calendar, has_data)
    split = _Splitter(calendar=calendar, times=times, has_data=has_data)
    is_holiday = days["is_bank_holiday"].to_numpy(dtype=bool)
    is_school = days["is_school_day"].fillna(False).to_numpy(dtype=bool)
    is_out = days["is_school_holiday"].fillna(False).to_numpy(dtype=bool)
    is_pay = days["is_in_pay_window"].to_numpy(dtype=bool)
    pay_label = f"pay-day and the {PAY_WINDOW_DAYS - 1} days after it"
    everything = times.day >= 0
    after = AFTER_SCHOOL_HOURS
    hours = f"{after[0]:02d}:00-{after[1] - 1:02d}:59"
    holidays = "on weekdays of the holidays"
    same_weekday = "on other days of the same weekday"
    splits = (
        split.compare_days("school_days", "school days", holidays, is_school, is_out, everything, everything),
        split.compare_days(
            "after_school",
            f"school days {hours}",
            f"in the same hours {holidays}",
            is_school,
            is_out,
            times.part == 1,
            times.part >= 0,
        ),
        split.compare_days(
            "bank_holidays", "bank holidays", same_weekday, is_holiday, ~is_holiday, everything, everything
        ),
        split.compare_days(
            "pay_days", pay_label, same_weekday, is_pay & ~is_holiday, ~is_pay & ~is_holiday, everything, everything
        ),
        split.compare_darkness(),
    )
    return adjust_splits(splits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Splitter:
    """What all splits of one call share."""

    calendar: Calendar
    times: IncidentTimes
    has_data: Flags

    @property
    def month(self) -> Integers:
        """Month of each day."""
        days = pd.DatetimeIndex(self.calendar.days.index)
        return days.year.to_numpy(dtype=np.int64) * 12 + days.month.to_numpy(dtype=np.int64)

    @property
    def week(self) -> Integers:
        """Week of each day, Monday to Sunday."""
        day = self.calendar.days.index.to_numpy().astype("datetime64[D]").astype(np.int64)
        return np.asarray((day + 3) // 7, dtype=np.int64)

    def compare_days(
        self,
        name: ConditionName,
        label: str,
        against: str,
        is_with: Flags,
        is_without: Flags,
        is_counted: Flags,
        is_certain: Flags,
    ) -> ConditionSplit:
        """One split by days: of the incidents counted, those on days with the condition and those on days without.

        Args:
            name: Which.
            label: In words.
            against: What it is compared with.
            is_with: bool (n_days,).
            is_without: bool (n_days,), apart from `is_with`.
            is_counted: bool (n_incidents,), those that the split is about.
            is_certain: bool (n_incidents,), those known closely enough to tell.
        """
        times = self.times
        n_days = len(self.has_data)
        counts = np.bincount(times.day[is_counted], minlength=n_days)
        used = self.has_data & (is_with | is_without)
        weekday = self.calendar.days["day_of_week"].to_numpy()
        _, stratum = np.unique(self.month[used] * 7 + weekday[used], return_inverse=True)
        stratum = stratum.ravel()
        side = is_with[used]
        n_strata = int(stratum.max(initial=-1)) + 1

        def add_up(values: Floats, which: Flags) -> Floats:
            return np.bincount(stratum[which], weights=values[which], minlength=n_strata).astype(np.float64)

        n = counts[used].astype(np.int64)
        days, tallies = np.ones(len(n)), n.astype(np.float64)
        table = (add_up(tallies, side), add_up(tallies, ~side), add_up(days, side), add_up(days, ~side))
        blank = self._begin(name, label, against, "days", is_certain)
        withheld = self._withhold_uncertain(blank, needs="day" if is_certain is is_counted else "time of day")
        has_terms = self.calendar.first_term_day is not None
        # Of months alone term dates would say no more.
        is_month_only = withheld is not None and withheld.reason == "month-only"
        if name in ("school_days", "after_school") and not has_terms and not is_month_only:
            return withhold(blank, "no term dates", "School days are not known, because no term dates were given.")
        if withheld:
            return withheld
        if not ((table[2] > 0) & (table[3] > 0)).any():
            return withhold(
                blank,
                "no contrast",
                f"The period does not hold both kinds of days to compare: {label}, and {against.partition(' ')[2]}.",
            )
        return self._conclude(blank, table, used, n, stratum, side)

    def _conclude(
        self,
        blank: ConditionSplit,
        table: tuple[Floats, Floats, Floats, Floats],
        used: Flags,
        n: Integers,
        stratum: Integers,
        side: Flags,
    ) -> ConditionSplit:
        """The split by days, or why there are too few."""
        first, second, time_first, time_second = table
        is_compared = (time_first > 0) & (time_second > 0)
        filled = dataclasses.replace(
            blank,
            n_with=int(first[is_compared].sum()),
            n_without=int(second[is_compared].sum()),
            exposure_with=float(time_first[is_compared].sum()),
            exposure_without=float(time_second[is_compared].sum()),
        )
        total = (first + second)[is_compared]
        share = (time_first / np.maximum(time_first + time_second, 1))[is_compared]
        expected = float((total * share).sum())
        if few := withhold_few(filled, expected_with=expected):
            return few
        compared = compare_strata(
            first, second, exposure_with=time_first, exposure_without=time_second, confidence=CONFIDENCE
        )
        # Where one side of the ratio is nothing it has no logarithm; the counts are fitted without a difference.
        ratio = compared.ratio if 0 < compared.ratio < math.inf else 1.0
        level = (first + second) / (time_first * ratio + time_second)
        fitted = level[stratum] * np.where(side, ratio, 1.0)
        totals = first + second
        dispersion = max(
            1.0,
            *(
                measure_pearson_dispersion(n, fitted, unit=unit, stratum=stratum, totals=totals)
                for unit in (np.arange(len(n)), self.week[used])
            ),
        )
        return fill_split(filled, compared, dispersion)

    def compare_darkness(self) -> ConditionSplit:
        """The split by darkness."""
        times = self.times
        against = "in daylight at the same hours"
        blank = self._begin("darkness", "darkness", against, "hours", times.hour >= 0)
        if withheld := self._withhold_uncertain(blank, needs="clock hour"):
            return withheld
        dark = measure_darkness(self.calendar)
        has_data = self.has_data[:, None]
        is_dark: Flags = np.asarray(has_data & (dark > 1 - 1e-9), dtype=bool)
        is_light: Flags = np.asarray(has_data & (dark < 1e-9), dtype=bool)
        n_days = len(dark)
        known = (times.hour >= 0) & (times.day >= 0)
        counts = np.bincount(times.day[known] * 24 + times.hour[known], minlength=24 * n_days).reshape(n_days, 24)
        changes: Flags = np.asarray(is_dark.any(axis=0) & is_light.any(axis=0), dtype=bool)
        if not changes.any():
            return withhold(
                blank, "no contrast", "No hour is dark throughout on some days and light throughout on others."
            )
        first, second = ((counts * part).sum(axis=0) for part in (is_dark, is_light))
        time_first, time_second = (part.sum(axis=0).astype(np.float64) for part in (is_dark, is_light))
        filled = dataclasses.replace(
            blank,
            n_with=int(first[changes].sum()),
            n_without=int(second[changes].sum()),
            exposure_with=float(time_first[changes].sum()),
            exposure_without=float(time_second[changes].sum()),
        )
        share = time_first / np.maximum(time_first + time_second, 1)
        expected = float(((first + second) * share)[changes].sum())
        if few := withhold_few(filled, expected_with=expected):
            return few
        day, hour = np.nonzero(is_dark | is_light)
        month = np.unique(self.month, return_inverse=True)[1].ravel()[day]
        in_dark, n = is_dark[day, hour], counts[day, hour].astype(np.int64)
        fit = fit_season(n, month, hour, in_dark, confidence=CONFIDENCE)
        if fit is None and 0 in (filled.n_with, filled.n_without):
            side = "dark" if filled.n_with else "light"
            return withhold(
                filled,
                "all on one side",
                f"All {filled.n_with + filled.n_without:,} incidents in hours that can be dark or light happened when "
                f"it was {side}. That is a difference, but a ratio within months cannot measure it.",
            )
        if fit is None:
            return withhold(
                filled,
                "no contrast",
                "Within each month, darkness cannot be separated from the hour. Give a longer period.",
            )
        compared, fitted, dispersion = fit
        totals = np.bincount(month, weights=n).astype(np.float64)
        dispersion = max(
            1.0,
            dispersion,
            *(
                measure_pearson_dispersion(n, fitted, unit=unit, stratum=month, totals=totals)
                for unit in (day, self.week[day])
            ),
        )
        return fill_split(filled, compared, dispersion)

    def _begin(
        self, name: ConditionName, label: str, against: str, unit: ExposureUnit, is_certain: Flags
    ) -> ConditionSplit:
        """A split of which nothing is known yet."""
        return ConditionSplit(
            name=name,
            label=label,
            against=against,
            available=False,
            reason=None,
            explanation=None,
            n_with=0,
            n_without=0,
            n_uncertain=int((self.times.is_inside & ~is_certain).sum()),
            exposure_with=0.0,
            exposure_without=0.0,
            exposure_unit=unit,
            ratio=None,
            low=None,
            high=None,
            p_value=None,
            p_adjusted=None,
            is_significant=False,
            dispersion=None,
            confidence=CONFIDENCE,
            significance_level=SIGNIFICANCE_LEVEL,
        )

    def _withhold_uncertain(self, blank: ConditionSplit, *, needs: str) -> ConditionSplit | None:
        n = int(self.times.is_inside.sum())
        n_known, n_month = n - blank.n_uncertain, self.times.n_month_only
        if n and n_month == n:
            return withhold(blank, "month-only", "The source gives the month of each incident, not its day or hour.")
        if n_known < _MIN_KNOWN_SHARE * n:
            return withhold(
                blank,
                "month-only" if n_month > n / 2 else "times unknown",
                f"Only {n_known:,} of {n:,} incidents have a known {needs}; the rest may differ from them.",
            )
        return None


def measure_pearson_dispersion(
    n: Integers, fitted: Floats, *, unit: Integers, stratum: Integers, totals: Floats
) -> float:
    """Pearson dispersion of the counts of units, given the total of each stratum; 1 for independent incidents.

    A unit's count then has the variance of a sum of binomials, which stands where degrees of freedom usually do: it
    holds for units that are few in their stratum, too.

    Args:
        n: int (n,), incidents.
        fitted: float (n,), the same to be expected.
        unit: int (n,), the day or week of each.
        stratum: int (n,), from 0.
        totals: float (n_strata,), incidents in each stratum.

    Source: McCullagh, P. and Nelder, J. A. (1989), Generalized Linear Models, section 4.5.
    """
    kept = fitted > 0
    pairs, place = np.unique(unit[kept] * (stratum.max() + 1) + stratum[kept], return_inverse=True)
    in_unit, position = np.unique(pairs // (stratum.max() + 1), return_inverse=True)
    expected = np.bincount(place.ravel(), weights=fitted[kept])
    rest = 1 - expected / totals[pairs % (stratum.max() + 1)]
    variance = np.bincount(position.ravel(), weights=expected * rest)
    expected_unit = np.bincount(position.ravel(), weights=expected)
    observed = np.bincount(position.ravel()[place.ravel()], weights=n[kept], minlength=len(in_unit))
    freedom = float((variance / expected_unit).sum())
    if freedom < 1:
        return 1.0
    return float(((observed - expected_unit) ** 2 / expected_unit).sum() / freedom)
