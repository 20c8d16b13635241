"""What files cover in part: a source, a borough or a ward that stops, rows that lose their place, one crime alone."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from hotspots.errors import TooLittleDataError
from hotspots.ingest.incidents.intake import read_incidents
from hotspots.pipeline.holes import name_feeds, tally_parts
from hotspots.pipeline.known_time import find_known_time
from hotspots.pipeline.operation import evaluate_operation
from hotspots.pipeline.operation_areas import find_area
from hotspots.pipeline.operation_request import OperationRequest
from hotspots.pipeline.performance import Indicator, PerformanceRequest, measure_performance
from hotspots.pipeline.quality import assess_quality
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import Study, load_study
from hotspots.products.summary import summarise, summarise_operation, summarise_performance
from hotspots.products.words.sentences import say, say_each

NORTH, SOUTH = ("C", "D"), ("A", "B")
MIDDLES = {"A": (530500, 180500), "B": (531500, 180500), "C": (530500, 181500), "D": (531500, 181500)}
MONTHS = pd.period_range("2024-01", "2025-12", freq="M")
HEADER = "Reference,Offence,Date,Easting,Northing\n"
NEXT_REFERENCE = itertools.count(1)


def write_rows(
    path: Path,
    wards: tuple[str, ...],
    *,
    first: str = "2024-01-01",
    last: str = "2025-12-31",
    every_days: int = 3,
    offence: str = "Robbery",
    n_unplaced: int = 0,
    unplaced: str = ",",
) -> Path:
    """One incident in each ward every few days; of so many in ten the place is blank, or another one."""
    lines = []
    days = pd.date_range("2024-01-01", "2025-12-31", freq=f"{every_days}D")
    # the last day has some, so that windows end with it
    for index, day in enumerate(days.union([pd.Timestamp("2025-12-31")])):
        if pd.Timestamp(first) <= day <= pd.Timestamp(last):
            for ward in wards:
                x, y = MIDDLES[ward]
                is_placed = index % 10 >= n_unplaced or index >= 730
                place = f"{x + index % 7 * 30},{y + index % 5 * 30}" if is_placed else unplaced
                lines.append(f"R{next(NEXT_REFERENCE)},{offence},{day:%d/%m/%Y} 15:{index % 60:02d},{place}\n")
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + "".join(lines))
    return path


@pytest.fixture
def outlines(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "wards.gpkg"
    square_wards.drop(columns="population").reset_index().to_file(path)
    return path


def read(outlines: Path, *files: Path, **options: Any) -> Study:
    return load_study(files, outlines, tables=(), **options)


def measure(study: Study, crime: str = "robbery", **options: Any) -> Indicator:
    (found,) = measure_performance(study, PerformanceRequest(indicators=(crime,), **options)).indicators
    return found


def count_change(indicator: Indicator) -> tuple[int, int, str]:
    assert indicator.change is not None, indicator.comparison.reason
    row = indicator.change.table.iloc[0]
    return int(row["n_earlier"]), int(row["n_current"]), str(row["verdict"])


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2024-01-01", "2025-06-30", ("2025-07", "2025-12")),
        ("2024-01-01", "2025-08-05", ("2025-08", "2025-12")),  # within a month
        ("2024-06-01", "2025-12-31", ("2024-01", "2024-05")),
        ("2024-01-01", "2025-02-28", ("2025-03", "2025-12")),
    ],
)
@pytest.mark.parametrize("is_one_file", [False, True])
def test_a_source_that_stops_or_starts_late_is_no_change(
    first: str, last: str, months: tuple[str, str], is_one_file: bool, outlines: Path, tmp_path: Path
) -> None:
    """Two boroughs with one robbery every third day in each ward, the whole time; the file of one is cut short."""
    files = [
        write_rows(tmp_path / "north.csv", NORTH, first=first, last=last),
        write_rows(tmp_path / "south.csv", SOUTH),
    ]
    if is_one_file:
        lines = [line for file in files for line in file.read_text().splitlines(keepends=True)[1:]]
        (tmp_path / "all.csv").write_text(HEADER + "".join(lines))
        files = [tmp_path / "all.csv"]
    study = read(outlines, *files)
    found = measure(study)
    assert {(hole.first_month, hole.last_month) for hole in found.holes} == {months}
    assert {hole.name for hole in found.holes} == ({"Cedar", "Date"} if is_one_file else {"north.csv"})
    n_earlier, n_current, verdict = count_change(found)
    assert verdict == "no apparent change"
    assert abs(n_earlier - n_current) <= 6
    said = " ".join(summarise_performance(measure_performance(study)).notes)
    assert "It is the data that stop there, not the crime." in said
    assert "robberies are not compared" in said
    assert study.quality.holes  # where files are checked


def test_a_run_names_the_hole_and_compares_what_is_covered(outlines: Path, tmp_path: Path) -> None:
    study = read(
        outlines,
        write_rows(tmp_path / "north.csv", NORTH, last="2025-06-30"),
        write_rows(tmp_path / "south.csv", SOUTH),
    )
    analysis = analyse(study, AnalysisRequest(crime="robbery"))
    (r12,) = [change for change in analysis.times.changes if change.comparison.key == "r12"]
    assert r12.area is not None
    assert str(r12.area.table["verdict"].iloc[0]) == "no apparent change"
    assert any("north.csv does not cover July 2025 to December 2025" in note for note in summarise(analysis).notes)
    # the months are missing from the series of the whole area
    assert analysis.times.months["2025-07":].isna().all()
    assert analysis.empty_months == ()
    # counts and ranks of these wards are too low, and each place that shows them says so
    summary = summarise(analysis)
    assert {ward.code: ward.n_months_uncovered for ward in summary.wards} == {"A": 0, "B": 0, "C": 6, "D": 6}
    (ward, *_) = [ward for ward in summary.wards if ward.code == "C"]
    assert say("gaps.ward", ward, summary) == "no data for 6 of 24 months"
    assert "no data for 6 of 24 months" in say_each("popups.ward", ward, summary)
    assert "The files do not cover 2 of the 4 wards for some months of the period" in say("gaps.wards", summary)


@pytest.mark.slow
def test_files_that_continue_each_other_are_one(outlines: Path, tmp_path: Path) -> None:
    """A month a file, one file a year, another system under another name: none of them ends."""
    files = [
        write_rows(tmp_path / f"{month}-north-street.csv", NORTH, first=str(month.start_time), last=str(month.end_time))
        for month in MONTHS
    ]
    files += [
        write_rows(tmp_path / "old system.csv", SOUTH, last="2025-03-31"),
        write_rows(tmp_path / "niche.csv", SOUTH, first="2025-04-01"),
    ]
    study = read(outlines, *files)
    assert study.known_time.holes == ()
    assert len(set(name_feeds(tally_parts([study.intake.incidents])).values())) == 2
    assert count_change(measure(study))[2] == "no apparent change"
    # a month of one of them that is not there is a hole
    without = read(outlines, *[file for file in files if not file.name.startswith("2025-05")])
    assert [(hole.first_month, hole.last_month, len(hole.sources)) for hole in without.known_time.holes] == [
        ("2025-05", "2025-05", 23)
    ]


def test_one_crime_may_stop_in_one_file_while_its_others_go_on(outlines: Path, tmp_path: Path) -> None:
    study = read(
        outlines,
        write_rows(tmp_path / "north.csv", NORTH, last="2025-06-30"),
        write_rows(tmp_path / "north burglary.csv", NORTH, offence="Burglary - residential"),
        write_rows(tmp_path / "south.csv", SOUTH),
        write_rows(tmp_path / "south burglary.csv", SOUTH, offence="Burglary - residential"),
    )
    robbery, burglary = measure(study), measure(study, "burglary")
    assert count_change(robbery)[2] == count_change(burglary)[2] == "no apparent change"
    assert robbery.n_left_out > 50
    assert burglary.n_left_out == 0


def test_a_ward_in_which_one_crime_ends_is_no_hole(outlines: Path, tmp_path: Path) -> None:
    """What an operation may do; other crime in the ward goes on in the same files."""
    study = read(
        outlines,
        write_rows(tmp_path / "robbery.csv", ("A", "B", "C")),
        write_rows(tmp_path / "robbery of date.csv", ("D",), last="2025-06-30"),
        write_rows(tmp_path / "burglary.csv", tuple("ABCD"), offence="Burglary - residential"),
    )
    kinds = {hole.kind for hole in study.known_time.holes}
    assert "ward" not in kinds
    assert "borough" not in kinds


def test_one_crime_that_ends_in_several_wards_at_once_is_a_hole(outlines: Path, tmp_path: Path) -> None:
    parts = [write_rows(tmp_path / "a.csv", SOUTH), write_rows(tmp_path / "b.csv", NORTH, last="2025-06-30")]
    rows = "".join(part.read_text().removeprefix(HEADER) for part in parts)
    (tmp_path / "robbery.csv").write_text(HEADER + rows)
    burglary = write_rows(tmp_path / "burglary.csv", tuple("ABCD"), offence="Burglary - residential")
    study = read(outlines, tmp_path / "robbery.csv", burglary)
    assert not study.known_time.holes
    found = measure(study)
    assert count_change(found) == (366, 368, "no apparent change")
    assert [hole.name for hole in found.holes] == ["Cedar", "Date"]


def test_too_little_that_both_windows_cover_is_not_compared(outlines: Path, tmp_path: Path) -> None:
    study = read(
        outlines,
        write_rows(tmp_path / "north.csv", NORTH, last="2024-12-31"),
        write_rows(tmp_path / "south.csv", ("A",)),
    )
    found = measure(study)
    assert found.change is None
    assert "what both cover is only 33% of the incidents; 50% are needed" in str(found.comparison.reason)


def test_an_operation_is_not_judged_where_the_files_end(outlines: Path, tmp_path: Path) -> None:
    files = (
        write_rows(tmp_path / "north.csv", NORTH, last="2025-06-30"),
        write_rows(tmp_path / "south.csv", SOUTH),
    )
    study = read(outlines, *files)
    wards = study.boundaries.wards
    request = OperationRequest(crime="robbery", start=dt.date(2025, 7, 1), end=dt.date(2025, 12, 31))
    ash, cedar = find_area(wards, ward_names=("Ash",)), find_area(wards, ward_names=("Cedar",))
    assert ash is not None
    assert cedar is not None
    with pytest.raises(
        TooLittleDataError, match=r"do not cover north.csv \(2025-07 to 2025-12\).*100% of the robberies"
    ):
        evaluate_operation(study, request, cedar)
    with pytest.raises(TooLittleDataError, match="The files must cover the control in both periods"):
        evaluate_operation(study, request, ash, control=cedar)
    # the rest of the study area is a control as far as the files cover it
    found = evaluate_operation(study, request, ash)
    assert (found.displacement.treated, found.displacement.control) == ((61, 62), (61, 62))
    assert any(
        "What one of the two periods lacks is left out of both" in note for note in summarise_operation(found).notes
    )


@pytest.mark.slow
@pytest.mark.parametrize("unplaced", [",", "545000,171000"], ids=["blank", "default point"])
def test_rows_that_lose_their_place_are_no_fall(outlines: Path, tmp_path: Path, unplaced: str) -> None:
    """One incident a day in each ward; in the second year two in ten have no place, or all one outside the wards."""
    files = (
        write_rows(tmp_path / "2024.csv", tuple("ABCD"), every_days=1, last="2024-12-31"),
        write_rows(
            tmp_path / "2025.csv", tuple("ABCD"), every_days=1, first="2025-01-01", n_unplaced=2, unplaced=unplaced
        ),
    )
    study = read(outlines, *files)
    found = measure(study)
    assert count_change(found) == (4 * 366, 4 * 365, "no apparent change")
    assert found.lost is not None
    assert found.lost.is_counted
    assert "have no usable place, and of the later 20%" in summarise_performance(measure_performance(study)).notes[0]
    # part of the wards: nobody knows how many of the rows are theirs
    part = measure(study, wards=("Ash",))
    assert part.change is None
    assert "have no usable place" in str(part.comparison.reason)
    # also where the first year was read for comparison only
    run = analyse(read(outlines, *files, period=(dt.date(2025, 1, 1), None)), AnalysisRequest(crime="robbery"))
    (r12,) = [change for change in run.times.changes if change.comparison.key == "r12"]
    assert r12.area is not None
    assert r12.area.table[["n_earlier", "n_current"]].to_numpy().tolist() == [[4 * 366, 4 * 365]]
    assert (r12.wards, r12.hotspots) == (None, None)
    assert any("wards and hot spots cannot be compared" in note for note in summarise(run).notes)


@pytest.mark.parametrize(
    ("last", "n_unplaced", "windows"),
    [
        ("2025-12-31", 2, "the 12 months to December 2025 against the 12 before"),
        ("2025-06-30", 2, "the 12 weeks to 30 June 2025 against the 12 before"),
        ("2025-12-31", 0, None),
    ],
)
def test_the_quality_tells_of_rows_that_lose_their_place(
    tmp_path: Path, last: str, n_unplaced: int, windows: str | None
) -> None:
    cut = "2025-04-07" if last == "2025-06-30" else "2024-12-31"
    begin = str((pd.Timestamp(cut) + pd.Timedelta(days=1)).date())
    write_rows(tmp_path / "a.csv", ("A",), every_days=1, last=cut)
    write_rows(tmp_path / "b.csv", ("A",), every_days=1, first=begin, last=last, n_unplaced=n_unplaced)
    lost = assess_quality(read_incidents([tmp_path])).lost
    assert (lost and lost.windows) == windows
    if lost:
        assert (lost.lost.share_earlier, lost.lost.is_counted) == (0, False)
        assert lost.lost.share_current == pytest.approx(0.2, abs=0.03)


def test_rows_that_lose_their_place_are_told_of_beside_an_operation(outlines: Path, tmp_path: Path) -> None:
    study = read(
        outlines,
        write_rows(tmp_path / "2024.csv", tuple("ABCD"), every_days=1, last="2024-12-31"),
        write_rows(tmp_path / "2025.csv", tuple("ABCD"), every_days=1, first="2025-01-01", n_unplaced=2),
    )
    treated = find_area(study.boundaries.wards, ward_names=("Ash",))
    assert treated is not None
    request = OperationRequest(crime="robbery", start=dt.date(2025, 4, 1), end=dt.date(2025, 9, 30))
    notes = summarise_operation(evaluate_operation(study, request, treated)).notes
    assert any("Unless the treated area and the control lost the same share" in note for note in notes)


@pytest.mark.parametrize("n_unplaced", [0, 1])
def test_the_same_share_without_a_place_says_nothing(n_unplaced: int, outlines: Path, tmp_path: Path) -> None:
    study = read(outlines, write_rows(tmp_path / "a.csv", tuple("ABCD"), every_days=1, n_unplaced=n_unplaced))
    assert measure(study).lost is None


def happen(n_by_month: list[int], *, precision: str = "day") -> pd.DataFrame:
    """One crime, its incidents dealt out over the days of each month."""
    days = [
        np.datetime64(month.start_time, "D") + index * month.days_in_month // n
        for month, n in zip(MONTHS, n_by_month, strict=True)
        for index in range(n)
    ]
    table = {"started_at": np.array(days, dtype="datetime64[s]"), "time_precision": precision, "category": "robbery"}
    return pd.DataFrame(table)


@pytest.mark.parametrize("precision", ["day", "month"])
@pytest.mark.parametrize("spring", [[45, 60, 80], [10, 15, 25], [3, 5, 9], [1, 0, 2]])
def test_a_fall_in_a_file_of_one_crime_is_counted(spring: list[int], precision: str) -> None:
    """A hundred a month; in three months of spring far fewer, as in 2020. They may be doubted, and are not dropped."""
    n_by_month = [100] * 15 + spring + [100] * 6
    rows = happen(n_by_month, precision=precision)
    time = find_known_time(rows)
    known = time.find_months(rows, first=MONTHS[0].start_time.date(), last=MONTHS[-1].end_time.date())
    assert known.gap_months == ()
    assert known.counts.tolist() == n_by_month
    doubted = say_each("gaps.low", time.months.low)
    assert len(doubted) == sum(n < 50 for n in spring)
    assert all("crime may have fallen, or the feed may have failed. It counts" in line for line in doubted)


def test_a_month_read_while_it_lasted_is_incomplete() -> None:
    rows = happen([100] * 24)
    cut = rows[~((rows["started_at"] >= "2025-04-13") & (rows["started_at"] < "2025-05-01"))]
    assert find_known_time(cut).months.incomplete == ("2025-04",)
    # as few over the whole month are a fall
    assert find_known_time(happen([100] * 15 + [40] + [100] * 8)).months.incomplete == ()


@pytest.mark.slow
def test_the_spring_of_2020_in_a_file_of_burglaries(real_data: Path) -> None:
    """Each of its months counts: the sum of the twelve months is that of the file, by the Month column alone."""
    source = real_data / "police_uk" / "lewisham_southwark_burglary_2010-12_2023-12.csv.gz"
    wards = real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"
    months = pd.read_csv(source, usecols=["Month"])["Month"].str[:4].value_counts()
    study = load_study(source, wards, tables=(), period=(dt.date(2019, 1, 1), dt.date(2020, 12, 31)))
    found = measure(study, "burglary")
    n_earlier, n_current, _ = count_change(found)
    assert found.gap_months == ()
    assert found.holes == ()
    # repeats and rows outside the wards are few
    assert n_earlier == pytest.approx(months["2019"], rel=0.02)
    assert n_current == pytest.approx(months["2020"], rel=0.02)


def test_marylebone_does_not_continue_mayfair() -> None:
    rows = [("Marylebone.csv", 0), ("Mayfair.csv", 0), ("robbery March 2025.csv", 0), ("robbery sept 2025.csv", 30)]
    table = pd.DataFrame(rows, columns=["source", "day"]).assign(time_precision="day")
    table["started_at"] = pd.Timestamp("2025-03-01") + pd.to_timedelta(table["day"], unit="D")
    feeds = name_feeds(tally_parts([table]))
    assert len({feeds["Marylebone.csv"], feeds["Mayfair.csv"], feeds["robbery March 2025.csv"]}) == 3
    assert feeds["robbery sept 2025.csv"] == feeds["robbery March 2025.csv"]


@pytest.mark.parametrize(
    ("sources", "n_feeds"),
    [
        ({"area1.csv": (0, 300), "area2.csv": (0, 700)}, 2),
        ({"beat 12.csv": (0, 300), "beat 14.csv": (0, 700)}, 2),
        ({"area1 2024.csv": (0, 300), "area2 2024.csv": (0, 300), "area1 2025.csv": (400, 700)}, 2),
        ({"part1.csv": (0, 300), "part2.csv": (301, 500), "part3.csv": (501, 700)}, 1),
        ({"part1.csv": (0, 700), "part2.csv": (0, 700)}, 2),
        ({"robbery 23.csv": (0, 300), "robbery 24.csv": (301, 700)}, 1),
    ],
)
def test_numbers_in_names_are_dates_only_if_they_look_so_or_follow_each_other(
    sources: dict[str, tuple[int, int]], n_feeds: int
) -> None:
    rows = [(source, day) for source, (first, last) in sources.items() for day in range(first, last + 1)]
    table = pd.DataFrame(rows, columns=["source", "day"]).assign(time_precision="day")
    table["started_at"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(table["day"], unit="D")
    assert len(set(name_feeds(tally_parts([table])).values())) == n_feeds


def test_parts_that_follow_each_other_in_other_wards_are_two(outlines: Path, tmp_path: Path) -> None:
    write_rows(tmp_path / "area1.csv", NORTH, last="2024-12-31")
    write_rows(tmp_path / "area2.csv", SOUTH, first="2025-01-01")
    study = read(outlines, tmp_path / "area1.csv", tmp_path / "area2.csv")
    assert len(set(name_feeds(tally_parts([study.intake.incidents])).values())) == 2
