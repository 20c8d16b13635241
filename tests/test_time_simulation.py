"""What has no pattern in time is not said to have one, and what was planted is found."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hotspots.analysis.calendar.periods import count_months
from hotspots.analysis.change.comparisons import plan_comparisons
from hotspots.analysis.change.dispersion import measure_dispersion
from hotspots.analysis.change.season import measure_season
from hotspots.analysis.change.verdicts import CLEAR_LEVEL, measure_change
from hotspots.analysis.change.window_counts import count_change
from hotspots.analysis.hotspots.day_parts import DAY_PARTS, weigh_shifts
from hotspots.analysis.hotspots.place_differences import compare_places
from hotspots.analysis.hours.aoristic import weigh_hours
from hotspots.analysis.hours.profile import profile_week
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.study import Study, load_study
from hotspots.pipeline.times import TimeAnalysis, analyse_times
from hotspots.settings import Settings

N_COPIES = 6
N_THINNED = 500


@pytest.fixture(scope="module")
def study(repository: Path) -> Study:
    """The council's extract with its term dates; the monthly files hold no robberies and no more days."""
    data = repository / "data"
    return load_study(
        [data / "incidents" / "council_extract.csv.gz"],
        [data / "boundaries"],
        settings=Settings(term_dates=data / "calendar" / "term_dates.csv"),
    )


@pytest.fixture(scope="module")
def robbery(study: Study) -> Analysis:
    return analyse(study, AnalysisRequest(crime="robbery"))


@pytest.fixture(scope="module")
def thinned(robbery: Analysis) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(5)
    return robbery.incidents.iloc[np.sort(rng.choice(len(robbery.incidents), N_THINNED, replace=False))]


def find_times(robbery: Analysis, incidents: gpd.GeoDataFrame) -> TimeAnalysis:
    """The time analysis of other incidents in place of those of the demonstration."""
    outlines = [hotspot.outline for hotspot in robbery.places.hotspots]
    chosen = dataclasses.replace(robbery.selection, incidents=incidents)
    hours = weigh_hours(incidents)
    profile = profile_week(incidents, hours=hours)
    return analyse_times(robbery.study, chosen, hours=hours, profile=profile, outlines={"hotspots": outlines})


def scatter_times(incidents: gpd.GeoDataFrame, first: dt.date, last: dt.date, *, seed: int) -> gpd.GeoDataFrame:
    """The same places, each at any minute of the period."""
    rng = np.random.default_rng(seed)
    minute = rng.integers(0, ((last - first).days + 1) * 24 * 60, len(incidents))
    started = pd.Timestamp(first) + pd.to_timedelta(minute, unit="min")
    return incidents.assign(
        started_at=started.to_numpy().astype("datetime64[s]"),
        ended_at=pd.Series(pd.NaT, index=incidents.index, dtype="datetime64[s]"),
        time_precision="minute",
    )


def exchange_times(incidents: gpd.GeoDataFrame, *, seed: int) -> gpd.GeoDataFrame:
    """The same places and the same times, dealt out anew."""
    order = np.random.default_rng(seed).permutation(len(incidents))
    columns = ("started_at", "ended_at", "time_precision")
    return incidents.assign(**{column: incidents[column].to_numpy()[order] for column in columns})


def say_changes(times: TimeAnalysis) -> Iterator[tuple[str, bool]]:
    """Each comparison of the area, its wards and hot spots, and whether any change is told."""
    for change in times.changes:
        for name in ("area", "wards", "hotspots"):
            table = getattr(change, name)
            if table is not None:
                told = bool((table.table["verdict"] != "no apparent change").any())
                yield f"{name}, {change.comparison.key} {change.comparison.against}", told


def is_within_chance(n_told: int, n_copies: int, *, rate: float = 0.05) -> bool:
    """Whether so many of independent copies would not be surprising (one in a thousand) at the stated rate."""
    return bool(stats.binom.sf(n_told - 1, n_copies, rate) > 0.001)


def test_times_without_any_pattern_tell_nothing_more_often_than_stated(
    robbery: Analysis, thinned: gpd.GeoDataFrame
) -> None:
    told: Counter[str] = Counter()
    for seed in range(N_COPIES):
        times = find_times(robbery, scatter_times(thinned, robbery.start, robbery.end, seed=seed))
        assert times.gap_months == ()
        told["peak"] += bool(times.profile.peaks or times.profile.quiet)
        told["ward peak"] += any(profile.peaks for profile in times.ward_profiles.values())
        told["ward quiet"] += any(profile.quiet for profile in times.ward_profiles.values())
        told["condition"] += any(split.is_significant for split in times.conditions)
        told["season"] += times.season.window is not None
        told["trend"] += times.season.year_trend is not None and times.season.year_trend.direction != "none"
        told["month"] += bool(times.control.signals)
        told["near repeat"] += times.near_repeat.is_shown
        for name, is_told in say_changes(times):
            told[name] += is_told
    # seven comparisons, of the area, wards and hot spots each
    assert len(told) == 8 + 21
    assert {name: n for name, n in told.items() if not is_within_chance(n, N_COPIES)} == {}
    # all findings of all copies together, of which hardly one in a hundred depends on another
    assert sum(told.values()) <= 0.1 * len(told) * N_COPIES


def test_times_dealt_out_anew_keep_the_week_and_lose_the_tie_to_places(robbery: Analysis) -> None:
    dealt = exchange_times(robbery.incidents, seed=3)
    times = find_times(robbery, dealt)
    assert [peak.words for peak in times.profile.peaks] == [peak.words for peak in robbery.times.profile.peaks]
    assert not times.near_repeat.is_shown
    told = {name for name, is_told in say_changes(times) if is_told}
    assert len(told) <= 2, told


def test_places_of_a_part_of_the_week_do_not_differ_once_times_are_dealt_out_anew(robbery: Analysis) -> None:
    codes, _ = pd.factorize(robbery.incidents["ward_code"], sort=True)
    n_told = 0
    for seed in range(10):
        weights = weigh_shifts(weigh_hours(exchange_times(robbery.incidents, seed=seed)), DAY_PARTS)
        found = compare_places(weights, codes.astype(np.int64), n_permutations=199, seed=seed)
        n_told += any(difference.is_different for difference in found)
    assert is_within_chance(n_told, 10)


@pytest.fixture(scope="module")
def truth(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((repository / "data" / "truth.json").read_text("utf-8"))
    return found


def test_planted_peaks_are_found_to_the_hour(robbery: Analysis, truth: dict[str, Any]) -> None:
    found = robbery.times.profile.peaks
    for peak, planted in zip(found, truth["council_extract"]["peaks"]["robbery"], strict=True):
        assert planted["days"] == "weekdays"
        assert peak.days == (0, 1, 2, 3, 4)
        assert peak.start_hour == planted["first_hour"]
        assert peak.start_hour + peak.n_hours - 1 == planted["last_hour"]


@pytest.mark.parametrize("crime", ["robbery", "asb"])
def test_planted_changes_are_found_in_their_wards_and_windows(study: Study, truth: dict[str, Any], crime: str) -> None:
    incidents = select_incidents(study, AnalysisRequest(crime=crime)).incidents
    wards = study.boundaries.wards
    planned = plan_comparisons(dt.date(2026, 9, 30), known_from=dt.date(2024, 10, 1), is_monthly=False)
    names = {"before": "12-weeks before", "last_year": "12-weeks last year", "r12_before": "r12 before"}
    for planted in truth["changes"]:
        if planted["crime"] != crime:
            continue
        (code,) = wards.index[wards["ward_name"] == planted["ward"]]
        for key in names.keys() & planted["incidents"].keys():
            (comparison,) = (each for each in planned if f"{each.key} {each.against}" == names[key])
            groups: dict[str, Any] = {"groups": incidents["ward_code"], "all_groups": wards.index}
            dispersion = measure_dispersion(incidents, comparison, known_from=dt.date(2024, 10, 1), **groups)
            table = measure_change(count_change(incidents, comparison, **groups), dispersion=dispersion).table
            now = "r12" if key == "r12_before" else "current"
            assert table.loc[code, ["n_current", "n_earlier"]].tolist() == [
                planted["incidents"][now],
                planted["incidents"][key],
            ]
            # the twelve months of New Cross hold its rise of the last twelve weeks only in part
            if (planted["ward"], now) != ("New Cross", "r12"):
                assert table.loc[code, "p_value"] <= CLEAR_LEVEL, (planted["ward"], key)
                assert (table.loc[code, "ratio"] > 1) == (planted["planted_times"] > 1)
                # the surest of all, whether or not that is enough among so many wards
                assert table["p_value"].idxmin() == code


def test_planted_school_days_and_no_season_of_robbery(robbery: Analysis, truth: dict[str, Any]) -> None:
    splits = {split.name: split for split in robbery.times.conditions}
    after_school = splits["after_school"]
    assert after_school.is_significant
    assert after_school.low is not None
    assert after_school.high is not None
    assert after_school.low < truth["school_days"]["planted_times"] < after_school.high
    assert not splits["darkness"].is_significant
    assert not splits["pay_days"].is_significant
    assert truth["seasons"]["robbery"]["planted_times"] == 1
    assert robbery.times.season.window is None


def test_the_planted_summer_of_antisocial_behaviour_is_found(study: Study, truth: dict[str, Any]) -> None:
    incidents = select_incidents(study, AnalysisRequest(crime="asb")).incidents
    months = count_months(incidents, months=pd.period_range("2024-10", "2026-09", freq="M"))
    window = measure_season(months).window
    assert window is not None
    assert window.months == (6, 7, 8)
    assert window.low < truth["seasons"]["asb"]["planted_times"] < window.high


def test_planted_near_repeats_are_found_at_the_same_place_within_a_week(
    robbery: Analysis, truth: dict[str, Any]
) -> None:
    near = robbery.times.near_repeat
    assert near.is_near_repeat is not None
    assert near.n_pairs is not None
    assert near.is_near_repeat[0].tolist() == [True, False, False]
    assert near.day_bands[0] == truth["near_repeats"]["fewer_days_than"]
    assert near.n_pairs[0, 0] == truth["near_repeats"]["all_pairs_at_the_same_place"]["found"]


def test_a_crime_whose_file_ends_earlier_than_the_others_is_not_called_improving(robbery: Analysis) -> None:
    incidents = robbery.incidents
    times = find_times(robbery, incidents[incidents["started_at"] < "2026-09-12"])
    assert times.gaps.dropna().to_dict() == {pd.Period("2026-09", "M"): "part of this crime"}
    assert times.control.signals == ()
    told = [change.area.table["verdict"].iloc[0] for change in times.changes if change.area is not None]
    assert told == ["no apparent change"]


def test_a_rare_crime_whose_file_ends_months_before_the_others_is_not_called_improving(
    robbery: Analysis, thinned: gpd.GeoDataFrame
) -> None:
    rare = thinned.iloc[::3]
    times = find_times(robbery, rare[rare["started_at"] < "2026-06-01"])
    assert set(times.gaps.dropna().index.astype(str)) == {"2026-06", "2026-07", "2026-08", "2026-09"}
    told = [change.area.table["verdict"].iloc[0] for change in times.changes if change.area is not None]
    assert set(told) <= {"no apparent change"}
