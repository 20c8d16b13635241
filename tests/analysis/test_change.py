from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hotspots.analysis.change.comparisons import Comparison, choose_main, plan_asked, plan_comparisons
from hotspots.analysis.change.dispersion import MIN_PAIRS, measure_dispersion
from hotspots.analysis.change.rolling import roll_twelve_months
from hotspots.analysis.change.verdicts import VERDICTS, ChangeTable, control_family, measure_change
from hotspots.analysis.change.window_counts import WHOLE_AREA, ChangeCounts, count_change
from hotspots.analysis.change.withholding import withhold_selected
from hotspots.errors import DataError, ParameterError

END = dt.date(2026, 9, 30)
KNOWN = dt.date(2024, 7, 1)
ONE_DAY = dt.timedelta(days=1)
NO_CHANGE = "no apparent change"
DATES = st.dates(dt.date(2000, 1, 1), dt.date(2040, 12, 31))


def plan(
    key: str,
    against: str = "before",
    *,
    end: dt.date = END,
    known_from: dt.date = KNOWN,
    missing: Iterable[str] = (),
) -> Comparison:
    is_monthly = "month" in key
    planned = plan_comparisons(end, known_from=known_from, is_monthly=is_monthly, missing_months=missing)
    (one,) = (c for c in planned if (c.key, c.against) == (key, against))
    return one


def days_of(comparison: Comparison) -> list[str]:
    days = (
        comparison.earlier_first,
        comparison.earlier_last,
        comparison.current_first,
        comparison.current_last,
    )
    return [str(day) for day in days]


def happen(days: Sequence[str | dt.date] | np.ndarray, precision: str | list[str] = "day") -> pd.DataFrame:
    started = np.asarray(days, dtype="datetime64[s]")
    return pd.DataFrame({"started_at": started, "time_precision": precision}, index=[f"i{i}" for i in range(len(days))])


def tally(current: Sequence[int], earlier: Sequence[int], comparison: Comparison | None = None) -> ChangeCounts:
    return ChangeCounts(
        table=pd.DataFrame({"n_current": current, "n_earlier": earlier}, index=[f"W{i}" for i in range(len(current))]),
        comparison=comparison or plan("4-weeks"),
        n_month_only=0,
        n_ungrouped=0,
    )


def verdicts(change: ChangeTable) -> list[str]:
    return [str(verdict) for verdict in change.table["verdict"]]


# Planning


def test_the_weeks_of_a_partnership() -> None:
    assert days_of(plan("2-weeks")) == ["2026-09-03", "2026-09-16", "2026-09-17", "2026-09-30"]
    assert days_of(plan("4-weeks")) == ["2026-08-06", "2026-09-02", "2026-09-03", "2026-09-30"]
    assert days_of(plan("4-weeks", "last year")) == ["2025-09-04", "2025-10-01", "2026-09-03", "2026-09-30"]
    assert days_of(plan("12-weeks")) == ["2026-04-16", "2026-07-08", "2026-07-09", "2026-09-30"]
    assert days_of(plan("r12")) == ["2024-10-01", "2025-09-30", "2025-10-01", "2026-09-30"]
    planned = plan_comparisons(END, known_from=KNOWN, is_monthly=False)
    assert [(c.key, c.against) for c in planned] == [
        ("2-weeks", "before"),
        ("2-weeks", "last year"),
        ("4-weeks", "before"),
        ("4-weeks", "last year"),
        ("12-weeks", "before"),
        ("12-weeks", "last year"),
        ("r12", "before"),
    ]
    assert all(c.available and c.reason is None and not c.left_out for c in planned)


@pytest.mark.parametrize("end", [END, dt.date(2026, 10, 30)])
def test_month_only_data_are_compared_by_whole_months(end: dt.date) -> None:
    """October is not over on the 30th."""
    planned = plan_comparisons(end, known_from=KNOWN, is_monthly=True)
    assert [days_of(c) for c in planned] == [
        ["2026-08-01", "2026-08-31", "2026-09-01", "2026-09-30"],
        ["2025-09-01", "2025-09-30", "2026-09-01", "2026-09-30"],
        ["2026-04-01", "2026-06-30", "2026-07-01", "2026-09-30"],
        ["2025-07-01", "2025-09-30", "2026-07-01", "2026-09-30"],
        ["2024-10-01", "2025-09-30", "2025-10-01", "2026-09-30"],
    ]
    assert [(c.days_earlier, c.days_current) for c in planned] == [(31, 30), (30, 30), (91, 92), (92, 92), (365, 365)]
    assert all(c.covers_whole_months for c in planned)


@pytest.mark.parametrize(
    ("end", "first_days", "n_days"),
    [
        ("2028-02-29", ["2026-03-01", "2027-03-01"], (365, 366)),
        ("2028-02-28", ["2026-03-01", "2027-03-01"], (365, 365)),
        ("2029-02-28", ["2027-03-01", "2028-03-01"], (366, 365)),
        ("2026-12-31", ["2025-01-01", "2026-01-01"], (365, 365)),
        ("2026-09-15", ["2024-09-16", "2025-09-16"], (365, 365)),
    ],
)
def test_twelve_months_end_on_any_day(end: str, first_days: list[str], n_days: tuple[int, int]) -> None:
    r12 = plan("r12", end=dt.date.fromisoformat(end), known_from=dt.date(2020, 1, 1))
    assert [str(r12.earlier_first), str(r12.current_first)] == first_days
    assert (r12.days_earlier, r12.days_current) == n_days


@given(end=DATES, is_monthly=st.booleans())
def test_windows_meet_and_weekdays_match(end: dt.date, is_monthly: bool) -> None:
    for c in plan_comparisons(end, known_from=dt.date(1990, 1, 1), is_monthly=is_monthly):
        assert c.available
        assert c.current_last <= end
        n_current, n_earlier = (c.current_last - c.current_first).days + 1, (c.earlier_last - c.earlier_first).days + 1
        assert (c.days_current, c.days_earlier) == (n_current, n_earlier)
        if c.against == "before":
            assert c.earlier_last + ONE_DAY == c.current_first
        if c.unit == "day":
            assert c.current_last == end
            assert n_current == n_earlier == c.length
            assert c.current_first.weekday() == c.earlier_first.weekday()
        if c.key == "r12":
            assert n_current in (365, 366)
            assert n_earlier in (365, 366)
            assert n_current + n_earlier in (730, 731)


@pytest.mark.parametrize(
    ("key", "against", "words"),
    [
        ("4-weeks", "before", "the 4 weeks to 30 September 2026 against the 4 before"),
        ("4-weeks", "last year", "the 4 weeks to 30 September 2026 against the same weeks a year before"),
        ("1-month", "before", "September 2026 against August 2026"),
        ("1-month", "last year", "September 2026 against September 2025"),
        ("3-months", "before", "the 3 months to September 2026 against the 3 before"),
        ("3-months", "last year", "the 3 months to September 2026 against the same months a year before"),
        ("r12", "before", "the 12 months to September 2026 against the 12 before"),
    ],
)
def test_a_comparison_in_words(key: str, against: str, words: str) -> None:
    assert plan(key, against).words == words


def test_labels_and_the_middle_of_a_month() -> None:
    assert [plan(key).label for key in ("2-weeks", "1-month", "3-months", "r12")] == [
        "2 weeks",
        "1 month",
        "3 months",
        "12 months",
    ]
    middle = plan("r12", end=dt.date(2026, 9, 15), known_from=dt.date(2020, 1, 1))
    assert middle.words == "the 12 months to 15 September 2026 against the 12 before"
    assert not middle.covers_whole_months


def test_what_the_data_do_not_reach_is_told() -> None:
    planned = plan_comparisons(END, known_from=dt.date(2026, 8, 6), is_monthly=False)
    assert [(c.key, c.against) for c in planned if c.available] == [("2-weeks", "before"), ("4-weeks", "before")]
    assert planned[3].reason == "The data begin on 6 August 2026, after the earlier window begins (4 September 2025)."


def test_months_without_data_do_not_count_in_either_year() -> None:
    r12 = plan("r12", missing=["2026-08"])
    assert (r12.days_earlier, r12.days_current) == (334, 334)
    assert r12.left_out == (
        (dt.date(2025, 8, 1), dt.date(2025, 8, 31)),
        (dt.date(2026, 8, 1), dt.date(2026, 8, 31)),
    )
    assert r12.available
    assert plan("r12", missing=["2025-08"]).left_out == r12.left_out
    assert plan("r12", missing=["2025-08", "2026-08"]).left_out == r12.left_out


def test_days_without_data_do_not_count_in_either_window() -> None:
    one = plan("2-weeks", end=dt.date(2026, 9, 13), missing=["2026-08"])
    assert days_of(one) == ["2026-08-17", "2026-08-30", "2026-08-31", "2026-09-13"]
    assert not one.available
    assert one.reason == "Months without data leave only 0% of the days to compare; 80% are needed."
    other = plan("4-weeks", end=dt.date(2026, 10, 26), missing=["2026-08"])
    assert (other.days_current, other.days_earlier) == (28, 28)
    part = plan("12-weeks", end=dt.date(2026, 9, 30), missing=["2026-04"])
    assert part.left_out == (
        (dt.date(2026, 4, 16), dt.date(2026, 4, 30)),
        (dt.date(2026, 7, 9), dt.date(2026, 7, 23)),
    )
    assert (part.days_current, part.days_earlier, part.available) == (69, 69, True)


@given(end=DATES, months=st.lists(st.integers(0, 30), max_size=4))
def test_what_counts_is_what_has_data_in_both(end: dt.date, months: list[int]) -> None:
    missing = [str(pd.Period(end, freq="M") - back) for back in months]
    for c in plan_comparisons(end, known_from=dt.date(1990, 1, 1), is_monthly=False, missing_months=missing):
        n_out = sum((last - first).days + 1 for first, last in c.left_out)
        n_days = (c.current_last - c.current_first).days + (c.earlier_last - c.earlier_first).days + 2
        assert c.days_current + c.days_earlier == n_days - n_out
        if c.unit == "day":
            assert c.days_current == c.days_earlier
        touched = {str(pd.Period(day, freq="M")) for span in c.left_out for day in span}
        assert bool(touched) == any(
            pd.Period(first, freq="M") <= pd.Period(month, freq="M") <= pd.Period(last, freq="M")
            for month in missing
            for first, last in ((c.current_first, c.current_last), (c.earlier_first, c.earlier_last))
        )


def test_a_month_is_named_in_many_ways() -> None:
    named = [
        plan_comparisons(END, known_from=KNOWN, is_monthly=False, missing_months=[month])[-1]
        for month in ("2026-08", dt.date(2026, 8, 3), pd.Period("2026-08", freq="M"))
    ]
    assert named[0] == named[1] == named[2]


@pytest.mark.parametrize(("n_months", "n_compared"), [(23, 11), (17, 5), (16, 4), (15, None), (24, None)])
def test_the_longest_months_that_both_years_have_stand_in_for_twelve(n_months: int, n_compared: int | None) -> None:
    known_from = (pd.Period("2026-09", freq="M") - n_months + 1).start_time.date()
    for is_monthly in (True, False):
        planned = plan_comparisons(END, known_from=known_from, is_monthly=is_monthly)
        found = [one for one in planned if one.key == "longest"]
        assert [one.length for one in found] == ([] if n_compared is None else [n_compared])
        for one in found:
            assert one.words == f"the {n_compared} months to September 2026 against the same months a year before"
            assert (one.earlier_first, one.earlier_last) == (known_from, dt.date(2025, 9, 30))
            main = choose_main(planned)
            assert main is one


def ask(current: str, earlier: str, **options: Any) -> Comparison:
    spans = [tuple(dt.date.fromisoformat(day) for day in span.split("..")) for span in (current, earlier)]
    return plan_asked(spans[0], spans[1], **{"known_from": KNOWN, "is_monthly": False, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("current", "earlier", "words", "label", "is_same_season"),
    [
        (
            "2026-02-01..2026-06-30",
            "2025-02-01..2025-06-30",
            "February to June 2026 against February to June 2025",
            "5 months",
            True,
        ),
        (
            "2025-11-01..2026-01-31",
            "2025-08-01..2025-10-31",
            "November 2025 to January 2026 against August to October 2025",
            "3 months",
            False,
        ),
        ("2026-03-01..2026-03-31", "2026-02-01..2026-02-28", "March 2026 against February 2026", "1 month", False),
        (
            "2026-05-03..2026-06-11",
            "2025-05-04..2025-06-12",
            "3 May 2026 to 11 June 2026 against 4 May 2025 to 12 June 2025",
            "40 days",
            True,
        ),
        (
            "2025-07-15..2026-07-14",
            "2024-07-15..2025-07-14",
            "15 July 2025 to 14 July 2026 against 15 July 2024 to 14 July 2025",
            "365 days",
            True,
        ),
    ],
)
def test_two_periods_that_were_asked_for(
    current: str, earlier: str, words: str, label: str, is_same_season: bool
) -> None:
    asked = ask(current, earlier)
    assert (asked.key, asked.against, asked.available) == ("asked", "chosen", True)
    assert (asked.words, asked.label, asked.allows_for_season) == (words, label, is_same_season)
    assert f"{asked.current_first}..{asked.current_last}" == current
    usual = plan_comparisons(END, known_from=KNOWN, is_monthly=False)
    assert choose_main([*usual, asked]) is asked


def test_months_without_data_leave_both_periods_that_were_asked_for() -> None:
    asked = ask("2025-11-01..2026-06-30", "2024-11-01..2025-06-30", missing_months=["2026-02"])
    assert (asked.days_current, asked.days_earlier) == (242 - 28, 242 - 28)


@pytest.mark.parametrize(
    ("current", "earlier", "options", "words"),
    [
        (
            "2026-02-01..2026-06-30",
            "2025-12-01..2026-04-30",
            {},
            "must end before the period analysed begins; December 2025 to April 2026 and February to June 2026 were "
            "given. Move one of them: `compare`, or `start` and `end`",
        ),
        ("2025-02-01..2025-06-30", "2026-02-01..2026-06-30", {}, "must end before the period analysed begins"),
        (
            "2026-02-01..2026-06-30",
            "2025-02-01..2025-05-31",
            {},
            "equally long; February to May 2025 is 4 months, and February to June 2026 is 5. Shorten the longer one",
        ),
        (
            "2026-05-03..2026-06-11",
            "2025-05-03..2025-06-12",
            {},
            "equally long; 3 May 2025 to 12 June 2025 is 41 days, and 3 May 2026 to 11 June 2026 is 40. Shorten",
        ),
        (
            "2026-05-03..2026-06-11",
            "2025-05-03..2025-06-11",
            {"is_monthly": True},
            "known by their month can be compared in whole months only; 3 May 2025 to 11 June 2025 and 3 May 2026 to "
            "11 June 2026 were given. Begin and end both with a month: `compare`, and `start` and `end`",
        ),
        (
            "2026-02-01..2026-06-30",
            "2024-02-01..2024-06-30",
            {},
            "must be in the data; February to June 2024 and February to June 2026 were asked for. The data begin on "
            "1 July 2024, after the earlier window begins .1 February 2024.. Choose another period to `compare` with",
        ),
        (
            "2026-02-01..2026-03-31",
            "2025-02-01..2025-03-31",
            {"missing_months": ["2025-03"]},
            "must be in the data.*Months without data leave only 47% of the days to compare",
        ),
    ],
)
def test_periods_that_cannot_be_compared_are_refused(
    current: str, earlier: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ParameterError, match=words):
        ask(current, earlier, **options)


def test_plans_that_make_no_sense_are_refused() -> None:
    with pytest.raises(
        ParameterError, match="on or before the day they end; 2026-10-01 and 2026-09-30 were given. Swap"
    ):
        plan_comparisons(END, known_from=dt.date(2026, 10, 1), is_monthly=False)


@pytest.mark.parametrize("month", ["August", "2026-13", "2026", 202608, None, pd.NaT])
def test_what_is_no_month_is_refused(month: object) -> None:
    with pytest.raises(ParameterError, match=f'"2026-08", or be a date in it or a pandas Period; {month!r} is not one'):
        plan_comparisons(END, known_from=KNOWN, is_monthly=False, missing_months=[month])  # type: ignore[list-item]


# Hot spots


@pytest.mark.parametrize(
    ("drawn_from", "drawn_to", "is_fair"),
    [
        ("2026-08-06", "2026-09-30", True),  # holds both
        ("2026-08-07", "2026-09-30", False),  # holds one a day less
        ("2026-09-03", "2026-09-30", False),  # the later alone
        ("2026-08-06", "2026-09-02", False),  # the earlier alone
        ("2025-01-01", "2026-08-05", True),  # ended before both
        ("2025-01-01", "2026-08-06", False),
        ("2026-10-01", "2026-10-28", True),  # began after both
    ],
)
def test_hot_spots_are_judged_by_days_that_fed_them_alike(drawn_from: str, drawn_to: str, is_fair: bool) -> None:
    days = dt.date.fromisoformat(drawn_from), dt.date.fromisoformat(drawn_to)
    (judged,) = withhold_selected([plan("4-weeks")], drawn_from=days[0], drawn_to=days[1])
    assert judged.available == is_fair
    if not is_fair:
        assert judged.reason is not None
        assert judged.reason.startswith("The hot spots were drawn from incidents of ")
        assert "choice of places alone would make that window look worse" in judged.reason


def test_what_is_withheld_already_keeps_its_reason() -> None:
    out_of_reach = plan("r12", known_from=dt.date(2026, 1, 1))
    assert withhold_selected([out_of_reach], drawn_from=END, drawn_to=END) == (out_of_reach,)
    with pytest.raises(ParameterError, match="2026-09-30 lies after 2024-07-01. Swap them"):
        withhold_selected([], drawn_from=END, drawn_to=KNOWN)


def test_places_chosen_by_one_window_seem_to_change_and_those_chosen_by_both_do_not() -> None:
    rng = np.random.default_rng(5)
    comparison = plan("4-weeks")
    called = {"current": 0, "both": 0}
    for _ in range(200):
        current, earlier = rng.poisson(4, 500), rng.poisson(4, 500)
        for name, by in (("current", current), ("both", current + earlier)):
            top = np.argsort(-by, kind="stable")[:20]
            counts = tally([int(current[top].sum())], [int(earlier[top].sum())], comparison)
            called[name] += verdicts(measure_change(counts)) != [NO_CHANGE]
    assert called["current"] > 190
    assert called["both"] <= 200 * 0.05 + 3 * np.sqrt(200 * 0.05 * 0.95)


# Counting


def test_incidents_count_on_the_day_they_started() -> None:
    times = ["2026-08-05T23:59", "2026-08-06T00:00", "2026-09-02T23:59", "2026-09-03T00:00", "2026-09-30T23:59",
             "2026-10-01T00:00"]  # fmt: skip
    counts = count_change(happen(times, "minute"), plan("4-weeks"))
    assert counts.table.loc[WHOLE_AREA].to_numpy().tolist() == [2, 2]
    assert (counts.n_month_only, counts.n_ungrouped) == (0, 0)


def test_groups_with_and_without_incidents() -> None:
    incidents = happen(["2026-09-10", "2026-09-11", "2026-08-10", "2026-08-11", "2020-01-01"])
    groups = pd.Series(["A", "B", "A", None, "Z"], index=incidents.index)
    counts = count_change(incidents, plan("4-weeks"), groups=groups)
    assert counts.table.to_dict("index") == {
        "A": {"n_current": 1, "n_earlier": 1},
        "B": {"n_current": 1, "n_earlier": 0},
        "Z": {"n_current": 0, "n_earlier": 0},
    }
    assert counts.n_ungrouped == 1
    some = count_change(incidents, plan("4-weeks"), groups=groups, all_groups=["C", "A"])
    assert some.table.to_numpy().tolist() == [[0, 0], [1, 1]]
    assert some.n_ungrouped == 2
    as_categories = groups.where(groups == "A").astype(pd.CategoricalDtype(["C", "A"]))
    pd.testing.assert_frame_equal(
        count_change(incidents, plan("4-weeks"), groups=as_categories).table, some.table, check_index_type=False
    )


def test_incidents_of_a_month_count_in_whole_months_only() -> None:
    incidents = happen(["2026-09-01", "2026-08-01", "2026-06-01", "2026-09-12"], ["month", "month", "month", "day"])
    weeks = count_change(incidents, plan("4-weeks"))
    assert weeks.table.loc[WHOLE_AREA].to_numpy().tolist() == [1, 0]
    assert weeks.n_month_only == 2
    months = count_change(incidents, plan("1-month"))
    assert months.table.loc[WHOLE_AREA].to_numpy().tolist() == [2, 1]
    assert months.n_month_only == 0


def test_days_that_do_not_count_are_left_out() -> None:
    incidents = happen(["2026-08-10", "2025-08-10", "2026-07-10", "2025-07-10", "2025-06-10"])
    assert count_change(incidents, plan("r12", missing=["2026-08"])).table.loc[WHOLE_AREA].to_numpy().tolist() == [1, 2]


@given(days=st.lists(st.integers(-60, 10), max_size=50), seed=st.integers(0, 9))
def test_every_incident_is_counted_once(days: list[int], seed: int) -> None:
    incidents = happen([END + dt.timedelta(days=day) for day in days])
    names = np.array(["A", "B", None], dtype=object)
    groups = pd.Series(
        names[np.random.default_rng(seed).integers(0, 3, len(days))], index=incidents.index, dtype=object
    )
    counts = count_change(incidents, plan("4-weeks"), groups=groups, all_groups=["A", "B"])
    assert counts.table.to_numpy().sum() + counts.n_ungrouped == sum(-56 < day <= 0 for day in days)


@pytest.mark.parametrize("is_monthly", [False, True])
def test_nothing_at_all_is_no_change(is_monthly: bool) -> None:
    nothing = happen([])
    groups = pd.Series([], index=nothing.index, dtype=object)
    known_from = dt.date(2020, 1, 1)
    for comparison in plan_comparisons(END, known_from=known_from, is_monthly=is_monthly):
        spread = measure_dispersion(nothing, comparison, known_from=known_from)
        assert spread.by_group.tolist() == [1]
        change = measure_change(count_change(nothing, comparison), dispersion=spread)
        assert verdicts(change) == [NO_CHANGE]
        assert change.n_compared == 0
        spread = measure_dispersion(nothing, comparison, known_from=known_from, groups=groups)
        assert measure_change(count_change(nothing, comparison, groups=groups), dispersion=spread).table.empty


def test_what_cannot_be_counted_is_refused() -> None:
    incidents = happen(["2026-09-10"])
    with pytest.raises(ParameterError, match="available can be counted; the 12 months.* is not. The data begin on"):
        count_change(incidents, plan("r12", known_from=dt.date(2026, 1, 1)))
    with pytest.raises(DataError, match="have the index of the incidents; those of 1 groups and 1 incidents differ"):
        count_change(incidents, plan("4-weeks"), groups=pd.Series(["A"]))
    with pytest.raises(
        ParameterError, match="needs the group of each incident, and no groups were given. Give `groups` too"
    ):
        count_change(incidents, plan("4-weeks"), all_groups=["A"])
    with pytest.raises(ParameterError, match="named once; 'A' is named twice"):
        count_change(incidents, plan("4-weeks"), groups=pd.Series(["A"], incidents.index), all_groups=["A", "A"])


# Dispersion


def weekly(counts: Sequence[int], last: dt.date) -> list[dt.date]:
    """As many incidents a week, the last week ending with `last`."""
    weeks = enumerate(reversed(counts))
    return [last - dt.timedelta(days=7 * back) for back, n in weeks for _ in range(n)]


def test_a_dispersion_by_hand() -> None:
    """Neighbours of 1 and 9 differ by 8: 64 / 10 each; nine windows of two weeks make eight pairs."""
    comparison = plan("2-weeks")
    before = comparison.current_first - ONE_DAY
    incidents = happen(weekly([1, 0, 9, 0] * 4 + [1, 0], before))
    spread = measure_dispersion(incidents, comparison, known_from=before - dt.timedelta(days=9 * 14 - 1))
    assert (spread.n_pairs, spread.unit, spread.length, spread.stretch) == (8, "day", 14, 1)
    assert spread.overall == pytest.approx(6.4)
    assert spread.by_group.tolist() == pytest.approx([6.4])
    assert spread.explanation == (
        "Allows for how much counts usually differ between neighbouring windows of 2 weeks: "
        "6.4 times as much as independent incidents would, over 8 pairs of windows."
    )


def test_the_current_window_does_not_hide_its_own_change() -> None:
    comparison = plan("2-weeks")
    quiet = weekly([5] * 40, comparison.current_first - ONE_DAY)
    loud = happen([*quiet, *[END] * 500])
    spread = measure_dispersion(loud, comparison, known_from=comparison.current_first - dt.timedelta(days=280))
    assert spread.overall == 0
    assert spread.by_group.tolist() == [1]


def test_where_too_few_windows_fit_shorter_ones_are_stretched() -> None:
    """Ten weeks hold nine pairs of weeks but no nine windows of a fortnight or more."""
    comparison = plan("4-weeks")
    before = comparison.current_first - ONE_DAY
    incidents = happen(weekly([4, 12] * 5, before))
    spread = measure_dispersion(incidents, comparison, known_from=before - dt.timedelta(days=69))
    assert (spread.n_pairs, spread.length, spread.stretch) == (9, 7, 4)
    assert spread.overall == pytest.approx(64 / 16)
    assert spread.by_group.tolist() == pytest.approx([1 + 3 * 4])
    assert "windows of 1 week, extended to 4 weeks" in spread.explanation


def test_without_a_past_what_is_usual_elsewhere_is_allowed_for_and_that_is_said() -> None:
    incidents = happen(["2026-09-01"] * 400 + ["2026-09-30"] * 600)
    spread = measure_dispersion(incidents, plan("4-weeks"), known_from=dt.date(2026, 8, 6))
    assert not spread.available
    assert np.isnan(spread.overall)
    assert np.isinf(spread.n_free).all()
    # 8% a month, of two neighbours of which the later keeps 0.6 of the earlier (a month is 30.4 days)
    excess = 0.08**2 * 2 * (1 - 0.6 ** (28 / 30.4375))
    assert spread.by_group.tolist() == pytest.approx([1 + excess * 1000 / 4])
    assert spread.explanation == (
        "How much crime usually varies is not known, because the data before 3 September 2026 hold fewer than 9 "
        "windows. Allows for as much as in burglary of two London boroughs: months that come and go by 8%."
    )


def test_unequal_months_are_not_taken_for_change() -> None:
    """Ten incidents every day: what months differ by is their length, which is expected."""
    comparison = plan("1-month")
    days = np.arange("2025-01-01", "2026-09-01", dtype="datetime64[D]").repeat(10)
    spread = measure_dispersion(happen(days), comparison, known_from=dt.date(2025, 1, 1))
    assert spread.n_pairs == 19
    assert spread.overall == pytest.approx(0, abs=1e-9)


def test_windows_without_data_are_not_measured() -> None:
    comparison = plan("1-month")
    days = np.arange("2025-01-01", "2026-09-01", dtype="datetime64[D]").repeat(10)
    with_gap = happen(days[days.astype("datetime64[M]") != np.datetime64("2025-06")])
    spread = measure_dispersion(with_gap, comparison, known_from=dt.date(2025, 1, 1), missing_months=["2025-06"])
    assert spread.n_pairs == 17
    assert spread.overall == pytest.approx(0, abs=1e-9)


def test_a_group_is_drawn_to_the_others_by_two_dozen_pairs() -> None:
    comparison = plan("2-weeks")
    before = comparison.current_first - ONE_DAY
    steady, restless = weekly([0, 5] * 9, before), weekly([0, 1, 0, 9] * 4 + [0, 1], before)
    incidents = happen([*steady, *restless])
    groups = pd.Series(["S"] * len(steady) + ["R"] * len(restless), index=incidents.index)
    spread = measure_dispersion(
        incidents, comparison, known_from=before - dt.timedelta(days=9 * 14 - 1), groups=groups, all_groups="RSX"
    )
    assert spread.overall == pytest.approx(3.2)
    # (24 x 3.2 + 8 x own) / 32, as both have ten incidents a pair; the third has none, whose number could vary
    assert spread.by_group.to_dict() == pytest.approx({"R": 4.0, "S": 2.4, "X": 1.0})


@pytest.mark.parametrize("mean", [0.3, 2, 40])
def test_independent_incidents_have_a_dispersion_of_one_however_few(mean: float) -> None:
    rng = np.random.default_rng(3)
    comparison = plan("2-weeks")
    n_groups, n_days = 200, (comparison.current_first - KNOWN).days
    n = rng.poisson(mean * n_groups * n_days / 14)
    incidents = happen(np.datetime64(KNOWN) + rng.integers(0, n_days, n))
    groups = pd.Series(rng.integers(0, n_groups, n), index=incidents.index)
    spread = measure_dispersion(incidents, comparison, known_from=KNOWN, groups=groups)
    assert spread.overall == pytest.approx(1, abs=0.06)


def monthly(counts: Sequence[int]) -> np.ndarray:
    """So many incidents in each month up to September 2026, on its fifth day."""
    months = np.datetime64("2026-09", "M") - np.arange(len(counts))[::-1]
    return (months.astype("datetime64[D]") + 4).repeat(counts)


TWO_YEARS_AGO = dt.date(2024, 10, 1)
"""As much as R12 needs, and not a day more."""


def test_a_season_does_not_pass_for_chance_against_a_year_before() -> None:
    season = [10, 20, 40, 80, 160, 320, 160, 80, 40, 20, 10, 5]
    for factor in (1, 3):  # nor does a change of level
        incidents = happen(monthly(season + [factor * n for n in season]))
        spread = measure_dispersion(incidents, plan("r12", known_from=TWO_YEARS_AGO), known_from=TWO_YEARS_AGO)
        assert (spread.n_pairs, spread.unit, spread.length) == (12, "month", 1)
        assert spread.overall == pytest.approx(0, abs=1e-9)
        assert spread.by_group.tolist() == [1]


def test_an_uneven_change_through_the_year_by_hand() -> None:
    """By turns 6 after 2 and 2 after 6: no change of level, and (2 - 4)^2 / (8 / 4) = 2 each; twelve over eleven."""
    incidents = happen(monthly([2, 6] * 6 + [6, 2] * 6))
    spread = measure_dispersion(incidents, plan("r12", known_from=TWO_YEARS_AGO), known_from=TWO_YEARS_AGO)
    assert spread.overall == pytest.approx(24 / 11)
    assert spread.by_group.tolist() == pytest.approx([1 + 13 / 11 * spread.stretch])
    assert spread.explanation.startswith(
        "Allows for how unevenly counts differ from the same 1 month a year before: 2.2 times as much as independent "
        "incidents would, over 12 pairs. Months resemble their neighbours, so what exceeds 1 is multiplied by "
    )


def test_a_year_that_does_not_end_with_a_month_is_paired_all_the_same() -> None:
    comparison = plan("r12", end=dt.date(2026, 9, 14), known_from=dt.date(2024, 9, 15))
    days = np.arange("2024-09-15", "2026-09-15", dtype="datetime64[D]").repeat(4)
    spread = measure_dispersion(happen(days), comparison, known_from=dt.date(2024, 9, 15))
    assert spread.n_pairs == 12
    assert spread.overall == pytest.approx(0, abs=1e-9)


def test_weeks_are_paired_with_those_of_a_year_before() -> None:
    """Two years leave (728 - 364 - 28) / 28 = 12 pairs of four weeks before the current ones."""
    comparison = plan("4-weeks", "last year", known_from=END - dt.timedelta(days=727))
    n_days = 728
    season = np.tile(5 * (np.arange(364) < 182) + 1, 2)
    days = (np.datetime64(END) - np.arange(n_days)[::-1]).repeat(season)
    spread = measure_dispersion(happen(days), comparison, known_from=END - dt.timedelta(days=n_days - 1))
    assert (spread.n_pairs, spread.unit, spread.length) == (12, "day", 28)
    assert spread.overall == pytest.approx(0, abs=1e-9)
    # longer windows are paired in parts of four weeks too
    longer = plan("12-weeks", "last year", known_from=END - dt.timedelta(days=727))
    spread = measure_dispersion(happen(days), longer, known_from=END - dt.timedelta(days=n_days - 1))
    assert (spread.n_pairs, spread.length) == (10, 28)


def test_pairs_without_data_are_left_out_and_too_few_are_not_used() -> None:
    comparison = plan("r12", known_from=TWO_YEARS_AGO, missing=["2025-01", "2025-12"])
    incidents = happen(monthly([50] * 24))
    spread = measure_dispersion(incidents, comparison, known_from=TWO_YEARS_AGO, missing_months=["2025-01", "2025-12"])
    # each month takes its counterpart with it
    assert spread.n_pairs == 10
    short = plan("4-weeks", "last year", known_from=END - dt.timedelta(days=500))
    spread = measure_dispersion(incidents, short, known_from=END - dt.timedelta(days=500))
    assert "neighbouring windows" in spread.explanation


def test_few_incidents_a_year_apart_have_a_dispersion_of_one_too() -> None:
    rng = np.random.default_rng(5)
    n_groups = 300
    days = np.arange("2024-10-01", "2026-10-01", dtype="datetime64[D]")
    n = rng.poisson(24 * 3 * n_groups)
    incidents = happen(rng.choice(days, n))
    groups = pd.Series(rng.integers(0, n_groups, n), index=incidents.index)
    spread = measure_dispersion(
        incidents, plan("r12", known_from=TWO_YEARS_AGO), known_from=TWO_YEARS_AGO, groups=groups
    )
    assert spread.overall == pytest.approx(1, abs=0.06)


# Change


def test_the_scale_of_verdicts() -> None:
    """One by one, so that no p value is adjusted: 2 P(X <= n) of a binomial with a half."""
    pairs = {(10, 40): 0, (20, 40): 1, (30, 40): 2, (40, 30): 2, (40, 20): 3, (40, 10): 4, (7, 7): 2, (0, 0): 2}
    for (current, earlier), place in pairs.items():
        assert verdicts(measure_change(tally([current], [earlier]))) == [VERDICTS[place]]


def test_many_groups_are_asked_more_of() -> None:
    alone = measure_change(tally([40], [20]))
    among = measure_change(tally([40] + [20] * 41, [20] * 42))
    assert verdicts(alone) == ["deteriorating"]
    assert set(verdicts(among)) == {NO_CHANGE}
    assert among.table["p_adjusted"].iloc[0] == pytest.approx(42 * among.table["p_value"].iloc[0])
    # groups without any incident are not compared
    empty = measure_change(tally([40] + [0] * 41, [20] + [0] * 41))
    assert empty.n_compared == 1
    assert verdicts(empty)[0] == "deteriorating"


def test_percentages_of_few_incidents_are_not_stated() -> None:
    table = measure_change(tally([30, 60, 75, 3], [49, 50, 100, 0])).table
    assert table["percent"].isna().tolist() == [True, False, False, True]
    assert table["percent"].dropna().tolist() == [20, -25]


def test_change_is_that_of_incidents_a_day() -> None:
    change = measure_change(tally([300], [310], plan("1-month")))
    assert change.table["ratio"].iloc[0] == pytest.approx(1)
    assert change.table["percent"].iloc[0] == 0


def test_a_leap_day_does_not_change_a_percentage_of_two_years() -> None:
    """5,752 to 4,813 is -16.3%, though the first year had 366 days."""
    r12 = plan("r12", end=dt.date(2025, 2, 28), known_from=dt.date(2020, 1, 1))
    assert (r12.days_current, r12.days_earlier, r12.exposures) == (365, 366, (365, 365))
    table = measure_change(tally([4813], [5752], r12)).table
    assert table["percent"].tolist() == [-16]
    assert table["ratio"].iloc[0] == pytest.approx(4813 / 5752)
    # of a month a leap day is more than a rounding error
    february = plan("1-month", "last year", end=dt.date(2024, 2, 29), known_from=dt.date(2020, 1, 1))
    assert february.exposures == (29, 28)


def test_a_family_of_comparisons_by_hand() -> None:
    """Half of 5% is the first one's; once that is called, the two others share all of it."""
    changes = [measure_change(tally([40], [n])) for n in (20, 60, 39)]
    p = [float(change.table["p_value"].iloc[0]) for change in changes]
    family = control_family(changes, main=0)
    adjusted = [float(change.table["p_adjusted"].iloc[0]) for change in family]
    assert adjusted == pytest.approx([2 * p[0], max(2 * p[0], 2 * p[1]), 1.0])
    assert str(family[0].table["verdict"].iloc[0]) == "deteriorating"
    (alone,) = control_family(changes[:1])
    assert alone.table["p_adjusted"].iloc[0] == pytest.approx(p[0])
    last = control_family([*changes[1:], changes[0]], main=0)[-1]
    assert last.table["p_adjusted"].iloc[0] == pytest.approx(min(4 * p[0], 1))
    assert str(last.table["verdict"].iloc[0]) == NO_CHANGE
    assert control_family([]) == ()


def test_a_family_in_which_nothing_changed_is_called_as_often_as_is_said() -> None:
    """However alike its members are: here three are one and the same."""
    rng = np.random.default_rng(5)
    n_copies, n_called = 60, 0
    for _ in range(n_copies):
        one, other = (measure_change(tally(*rng.poisson(200, (2, 1)).tolist())) for _ in range(2))
        n_called += any(verdicts(change) != [NO_CHANGE] for change in control_family([one, other, one, one], main=1))
    assert stats.binom.sf(n_called - 1, n_copies, 0.05) > 0.001


@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=20),
)
def test_turning_time_round_turns_verdicts_round(pairs: list[tuple[int, int]]) -> None:
    current, earlier = ([pair[i] for pair in pairs] for i in (0, 1))
    forth, back = measure_change(tally(current, earlier)), measure_change(tally(earlier, current))
    assert verdicts(forth) == [VERDICTS[4 - VERDICTS.index(verdict)] for verdict in verdicts(back)]
    table = forth.table
    assert (table["p_adjusted"] >= table["p_value"] - 1e-12).all()
    assert ((table["verdict"] == NO_CHANGE) == (table["p_adjusted"] > 0.05)).all()


def test_dispersion_makes_the_test_more_careful_and_is_told() -> None:
    comparison = plan("2-weeks")
    before = comparison.current_first - ONE_DAY
    days = [*weekly([1, 0, 9, 0] * 4 + [1, 0], before), *[END] * 9]
    spread = measure_dispersion(happen(days), comparison, known_from=before - dt.timedelta(days=9 * 14 - 1))
    counts = count_change(happen(days), comparison)
    plain, careful = measure_change(counts), measure_change(counts, dispersion=spread)
    assert counts.table.loc[WHOLE_AREA].to_numpy().tolist() == [9, 1]
    assert verdicts(plain) == ["deteriorating"]
    assert verdicts(careful) == [NO_CHANGE]
    assert careful.table["dispersion"].tolist() == pytest.approx([6.4])
    assert careful.allowance == spread.explanation
    assert plain.allowance.startswith("Treats incidents as independent of each other")
    with pytest.raises(ParameterError, match="it has none for 'W0'. Measure it with the same `groups`"):
        measure_change(tally([1], [1]), dispersion=spread)


def test_nothing_given_is_altered() -> None:
    incidents = happen(["2026-09-10", "2026-08-10"], ["day", "month"])
    groups = pd.Series(["A", None], index=incidents.index, dtype=object)
    kept, kept_groups = incidents.copy(deep=True), groups.copy(deep=True)
    counts = count_change(incidents, plan("4-weeks"), groups=groups)
    kept_table = counts.table.copy(deep=True)
    measure_change(counts, dispersion=measure_dispersion(incidents, plan("4-weeks"), known_from=KNOWN, groups=groups))
    pd.testing.assert_frame_equal(incidents, kept)
    pd.testing.assert_series_equal(groups, kept_groups)
    pd.testing.assert_frame_equal(counts.table, kept_table)


def call_wards(rng: np.random.Generator, mean: float, *, boost: float = 1.0) -> list[str]:
    """Verdicts on 42 wards of independent incidents at a constant rate, the first with more in the last four weeks."""
    comparison = plan("4-weeks")
    n_days = (END - KNOWN).days + 1
    n = rng.poisson(42 * mean * n_days / 28)
    n_more = rng.poisson(mean * (boost - 1))
    back = np.concatenate([rng.integers(0, n_days, n), rng.integers(0, 28, n_more)])
    incidents = happen(np.datetime64(END) - back)
    groups = pd.Series(np.concatenate([rng.integers(0, 42, n), np.zeros(n_more, int)]), index=incidents.index)
    spread = measure_dispersion(incidents, comparison, known_from=KNOWN, groups=groups, all_groups=range(42))
    counts = count_change(incidents, comparison, groups=groups, all_groups=range(42))
    return verdicts(measure_change(counts, dispersion=spread))


@pytest.mark.parametrize("mean", [1, 10])
def test_where_nothing_changes_no_more_is_called_than_is_said(mean: float) -> None:
    rng = np.random.default_rng(11)
    n_false = sum(set(call_wards(rng, mean)) != {NO_CHANGE} for _ in range(100))
    assert n_false <= 100 * 0.05 + 3 * np.sqrt(100 * 0.05 * 0.95)


def test_twice_as_many_in_one_ward_of_42_are_found_where_counts_allow() -> None:
    rng = np.random.default_rng(12)
    assert sum("deteriorating" in call_wards(rng, 100, boost=2)[0] for _ in range(20)) >= 19


def test_neighbouring_months_of_burglary_are_seldom_called_with_the_allowance(real_data: Path) -> None:
    """Without it, more than one pair in ten of Lewisham and Southwark, 2010 to 2023."""
    source = real_data / "police_uk" / "lewisham_southwark_burglary_2010-12_2023-12.csv.gz"
    incidents = happen(pd.to_datetime(pd.read_csv(source, usecols=["Month"])["Month"]).to_numpy(), "month")
    known = dt.date(2010, 12, 1)
    n_called = np.zeros(2)
    ends = [month.end_time.date() for month in pd.period_range("2011-10", "2023-12", freq="M")]
    for end in ends:
        comparison = plan("1-month", end=end, known_from=known)
        counts = count_change(incidents, comparison)
        spread = measure_dispersion(incidents, comparison, known_from=known)
        assert spread.n_pairs >= MIN_PAIRS
        called = [verdicts(measure_change(counts, dispersion=with_it)) != [NO_CHANGE] for with_it in (None, spread)]
        n_called += called
    assert n_called[0] / len(ends) > 0.1
    assert n_called[1] / len(ends) < 0.07


# Rolling twelve months


def months_from(first: str, values: Sequence[float]) -> pd.Series:
    return pd.Series(values, index=pd.period_range(first, periods=len(values), freq="M"))


def test_rolling_twelve_months_by_hand() -> None:
    rolled = roll_twelve_months(months_from("2025-01", range(1, 15)))
    assert rolled.isna().tolist() == [True] * 11 + [False] * 3
    assert rolled.dropna().tolist() == [78, 90, 102]
    assert str(rolled.index[-1]) == "2026-02"


def test_a_missing_month_leaves_a_year_of_gaps() -> None:
    whole = months_from("2025-01", [1.0] * 26)
    gap = whole.copy()
    gap.iloc[3] = np.nan
    absent = whole.drop(whole.index[3]).sample(frac=1, random_state=1)
    for series in (gap, absent):
        rolled = roll_twelve_months(series)
        assert rolled.notna().tolist() == [False] * 15 + [True] * 11
    assert roll_twelve_months(whole.iloc[:0]).empty


@given(st.lists(st.integers(0, 10_000), min_size=12, max_size=60))
def test_each_sum_is_of_twelve(values: list[int]) -> None:
    rolled = roll_twelve_months(months_from("2020-03", values))
    assert rolled.iloc[11:].tolist() == [sum(values[i - 11 : i + 1]) for i in range(11, len(values))]


def test_series_that_are_not_of_months_are_refused() -> None:
    with pytest.raises(DataError, match="PeriodIndex of months; the index is int64. Count with count_months"):
        roll_twelve_months(pd.Series([1, 2]))
    days = pd.Series([1], index=pd.period_range("2026-01-01", periods=1, freq="D"))
    with pytest.raises(DataError, match=r"the index is period\[D\]"):
        roll_twelve_months(days)
    twice = pd.Series([1, 2], index=pd.PeriodIndex(["2026-01", "2026-01"], freq="M"))
    with pytest.raises(DataError, match="one count for each month; 2026-01 occurs twice"):
        roll_twelve_months(twice)
