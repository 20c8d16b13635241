"""When and what changed: what the composer decides before it asks the analysis."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from hotspots.analysis.hours.aoristic import weigh_hours
from hotspots.analysis.hours.profile import profile_week
from hotspots.errors import ParameterError
from hotspots.pipeline.known_time import find_known_time
from hotspots.pipeline.notes import GAP_WORDS
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import Selection, select_incidents
from hotspots.pipeline.study import Study, load_study
from hotspots.pipeline.times import Change, TimeAnalysis, analyse_times
from hotspots.settings import Settings


def happen(days: np.ndarray, precision: str = "minute") -> pd.DataFrame:
    return pd.DataFrame({"started_at": days.astype("datetime64[s]"), "time_precision": precision})


def every_day(first: str, stop: str, n: int = 10) -> np.ndarray:
    return np.arange(first, stop, dtype="datetime64[D]").repeat(n)


def test_files_speak_for_the_quiet_days_before_their_first_row() -> None:
    def find_first_day(days: np.ndarray, precision: str = "minute") -> dt.date:
        return find_known_time(happen(days, precision)).first_day

    assert find_first_day(every_day("2025-01-01", "2025-07-01")) == dt.date(2025, 1, 1)
    # one incident every three days or so: the first on the second of the month is as good as on the first
    assert find_first_day(np.arange("2025-01-02", "2025-07-01", 3, dtype="datetime64[D]")) == dt.date(2025, 1, 1)
    # ten a day: half a month without any is no quiet spell
    assert find_first_day(every_day("2025-01-15", "2025-07-01")) == dt.date(2025, 1, 15)
    assert find_first_day(every_day("2025-01-01", "2025-01-02"), "month") == dt.date(2025, 1, 1)


def test_months_that_are_known_in_part_and_gaps_are_missing() -> None:
    days = every_day("2025-01-10", "2025-08-20")
    with_hole = days[days.astype("datetime64[M]") != np.datetime64("2025-04")]
    known = find_known_time(happen(with_hole)).find_months(
        happen(with_hole), first=dt.date(2025, 1, 10), last=dt.date(2025, 8, 19)
    )
    gaps = known.gaps
    assert known.counts.dropna().to_dict() == {
        pd.Period(f"2025-{month:02d}", "M"): 10.0 * days_in_month
        for month, days_in_month in ((2, 28), (3, 31), (5, 31), (6, 30), (7, 31))
    }
    assert known.gap_months == (pd.Period("2025-04", "M"),)
    assert gaps["2025-04"] == "no data"
    assert gaps["2025-01"] is None  # a part is known, so nothing failed


def test_the_feed_of_one_crime_can_fail_while_the_others_go_on() -> None:
    others = every_day("2025-01-01", "2025-07-01")
    mine = others[others < np.datetime64("2025-05-01")]
    known = find_known_time(happen(others)).find_months(
        happen(mine), first=dt.date(2025, 1, 1), last=dt.date(2025, 6, 30)
    )
    assert known.gaps.dropna().to_dict() == dict.fromkeys(
        (pd.Period("2025-05", "M"), pd.Period("2025-06", "M")), "no data of this crime"
    )
    assert known.counts.notna().sum() == 4


N_HOTSPOTS = 3


def look(
    study: Study, crime: str, *, compare: tuple[dt.date, dt.date] | None = None, **period: dt.date
) -> tuple[Selection, TimeAnalysis]:
    """The times of a crime, with the first three wards for hot spots."""
    chosen = select_incidents(study, AnalysisRequest(crime=crime, start=period.get("start"), end=period.get("end")))
    outlines = list(chosen.wards.geometry[:N_HOTSPOTS])
    hours = weigh_hours(chosen.incidents)
    profile = profile_week(chosen.incidents, hours=hours)
    return chosen, analyse_times(
        study, chosen, hours=hours, profile=profile, outlines={"hotspots": outlines}, compare=compare
    )


Found = tuple[Selection, TimeAnalysis]


@pytest.fixture(scope="module")
def whole(demonstration: Study) -> Found:
    return look(demonstration, "robbery")


def by_key(times: TimeAnalysis) -> dict[tuple[str, str], Change]:
    return {(change.comparison.key, change.comparison.against): change for change in times.changes}


def test_every_comparison_is_made_for_the_area_its_wards_and_its_hot_spots(whole: Found) -> None:
    chosen, times = whole
    changes = by_key(times)
    assert list(changes) == [
        *((f"{n}-weeks", against) for n in (2, 4, 12) for against in ("before", "last year")),
        ("r12", "before"),
    ]
    for change in changes.values():
        assert change.area is not None
        assert change.wards is not None
        assert change.hotspots is not None
        n_current = int(change.area.table["n_current"].iloc[0])
        assert change.wards.table["n_current"].sum() == n_current
        assert change.hotspots.table["n_current"].sum() <= n_current
        assert len(change.wards.table) == len(chosen.wards)
        assert len(change.hotspots.table) == N_HOTSPOTS


def test_counts_of_a_comparison_can_be_counted_again(whole: Found) -> None:
    chosen, times = whole
    change = by_key(times)[("r12", "before")]
    started = chosen.incidents["started_at"]
    assert change.area is not None
    assert change.area.table[["n_current", "n_earlier"]].to_numpy().tolist() == [
        [int((started >= "2025-10-01").sum()), int((started < "2025-10-01").sum())]
    ]


def test_hot_spots_are_not_compared_with_days_before_those_they_were_drawn_from(
    demonstration: Study, whole: Found
) -> None:
    _, year = look(demonstration, "robbery", start=dt.date(2025, 10, 1), end=dt.date(2026, 9, 30))
    change = by_key(year)[("r12", "before")]
    assert change.area is not None
    assert change.hotspots is None
    assert "choice of places alone would make that window look worse" in str(change.hotspots_reason)
    # the year before is known all the same, and counted as in the run of both years
    both = by_key(whole[1])[("r12", "before")]
    assert both.area is not None
    assert change.area.table["n_earlier"].tolist() == both.area.table["n_earlier"].tolist()
    assert by_key(year)[("12-weeks", "before")].hotspots is not None


def test_what_came_before_the_period_is_read_for_change_and_counted_nowhere_else(repository: Path) -> None:
    data = repository / "data"
    places = ([data / "incidents" / "council_extract.csv.gz"], [data / "boundaries"])
    start, end = dt.date(2026, 9, 1), dt.date(2026, 9, 30)
    study = load_study(*places, period=(start, end))
    chosen, month = look(study, "robbery", start=start, end=end)
    assert chosen.accounts.analysed == len(chosen.incidents) == month.profile.n_timed + month.profile.n_untimed
    changes = by_key(month)
    assert {change.comparison.available for change in changes.values()} == {True}
    assert month.season.n_months == 24
    without = dataclasses.replace(study, earlier=study.earlier.iloc[:0])
    blind = by_key(look(without, "robbery", start=start, end=end)[1])
    assert not blind[("r12", "before")].comparison.available
    assert "The data begin on 1 September 2026" in str(blind[("r12", "before")].comparison.reason)


def test_a_period_that_is_asked_for_is_looked_at_first(demonstration: Study, whole: Found) -> None:
    spring = {"start": dt.date(2026, 3, 1), "end": dt.date(2026, 5, 31)}
    earlier = (dt.date(2025, 3, 1), dt.date(2025, 5, 31))
    _, times = look(demonstration, "robbery", compare=earlier, **spring)
    asked = times.changes[0]
    assert asked.comparison.words == "March to May 2026 against March to May 2025"
    assert [change.is_main for change in times.changes].index(True) == 0
    started = whole[0].incidents["started_at"]
    assert asked.area is not None
    assert asked.area.table[["n_current", "n_earlier"]].to_numpy().tolist() == [
        [
            int(((started >= "2026-03-01") & (started < "2026-06-01")).sum()),
            int(((started >= "2025-03-01") & (started < "2025-06-01")).sum()),
        ]
    ]
    # nothing is compared twice: these three months are those of a usual comparison
    _, months = look(demonstration, "burglary", compare=earlier, **spring)
    words = [change.comparison.words for change in months.changes]
    assert words[0] == asked.comparison.words
    assert "the 3 months to May 2026 against the 3 before" in words
    assert "the 3 months to May 2026 against the same months a year before" not in words
    year = (dt.date(2024, 10, 1), dt.date(2025, 9, 30))
    _, twelve = look(demonstration, "burglary", compare=year, start=dt.date(2025, 10, 1), end=dt.date(2026, 9, 30))
    assert [change.comparison.key for change in twelve.changes if change.is_main] == ["r12"]
    # without it R12 is
    assert [change.comparison.key for change in whole[1].changes if change.is_main] == ["r12"]
    with pytest.raises(ParameterError, match="must end before the period analysed begins"):
        look(demonstration, "robbery", compare=earlier)


def test_verdicts_on_the_area_allow_for_the_number_of_comparisons(whole: Found) -> None:
    tables = [change.area.table for change in whole[1].changes if change.area is not None]
    p, adjusted = (np.array([float(table[name].iloc[0]) for table in tables]) for name in ("p_value", "p_adjusted"))
    # Holm: no p of seven is less than doubled, but for the main one's last turn
    assert (adjusted >= p).all()
    assert adjusted.min() == pytest.approx(min(1.0, min(2 * p[-1], 12 * p[:-1].min())))


def test_month_only_data_are_compared_by_months(demonstration: Study) -> None:
    _, times = look(demonstration, "burglary")
    assert list(by_key(times)) == [
        *((key, against) for key in ("1-month", "3-months") for against in ("before", "last year")),
        ("r12", "before"),
    ]
    assert not times.profile.available
    assert not any(split.available for split in times.conditions)
    assert not times.near_repeat.available
    assert times.near_repeat.reason is not None
    assert times.season.available


def test_a_few_rows_without_a_day_do_not_make_a_table_monthly(demonstration: Study) -> None:
    incidents = demonstration.intake.incidents
    robbery = np.flatnonzero((incidents["category"] == "robbery").to_numpy())
    changed = incidents["time_precision"].to_numpy(dtype=object, copy=True)
    changed[robbery[:100]] = "month"
    intake = dataclasses.replace(
        demonstration.intake,
        incidents=gpd.GeoDataFrame(incidents.assign(time_precision=changed), crs=incidents.crs),
    )
    _, times = look(dataclasses.replace(demonstration, intake=intake), "robbery")
    assert ("4-weeks", "before") in by_key(times)


@pytest.mark.slow
def test_term_dates_reach_the_splits(repository: Path) -> None:
    data = repository / "data"
    study = load_study(
        [data / "incidents" / "council_extract.csv.gz"],
        [data / "boundaries"],
        settings=Settings(term_dates=data / "calendar" / "term_dates.csv"),
    )
    splits = {split.name: split for split in look(study, "robbery")[1].conditions}
    assert splits["after_school"].is_significant
    assert splits["after_school"].low is not None
    assert splits["after_school"].high is not None
    assert splits["after_school"].low < 1.8 < splits["after_school"].high + 0.25
    assert study.data_status["term dates"] == "synthetic"
    assert any(file.table == "term dates" for file in study.inputs)
    without = look(dataclasses.replace(study, calendar=dataclasses.replace(study.calendar, terms=None)), "robbery")[
        1
    ].conditions
    assert not next(split for split in without if split.name == "after_school").available


def test_every_reason_for_a_gap_has_words() -> None:
    days = every_day("2025-01-01", "2025-09-01", n=20)
    month = days.astype("datetime64[M]")
    mine = days[(days < np.datetime64("2025-08-12")) & (month != np.datetime64("2025-03"))]
    mine = np.concatenate(
        [mine[mine.astype("datetime64[M]") != np.datetime64("2025-05")], every_day("2025-05-01", "2025-05-05")]
    )
    others = days[(month != np.datetime64("2025-05")) & (month != np.datetime64("2025-06"))]
    mine = mine[mine.astype("datetime64[M]") != np.datetime64("2025-06")]
    everything = np.concatenate([others.repeat(3), mine])
    known = find_known_time(happen(everything)).find_months(
        happen(mine), first=dt.date(2025, 1, 1), last=dt.date(2025, 8, 31)
    )
    reasons = set(known.gaps.dropna())
    assert reasons == {"no data", "no data of this crime", "part of this crime", "incomplete data"} == set(GAP_WORDS)
