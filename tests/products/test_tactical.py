"""Tactical assessments and problem profiles: what they say follows from planted incidents, and nothing is under ten."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from hotspots.errors import NotFoundError, ParameterError, TooLittleDataError
from hotspots.pipeline import (
    BriefRequest,
    Study,
    Tactical,
    TacticalRequest,
    load_study,
    make_problem,
    make_tactical,
)
from hotspots.products.files import write_problem, write_tactical
from hotspots.products.summary import RunSummary, TacticalSummary, find_hotspot, summarise, summarise_tactical
from hotspots.products.words import say
from hotspots.settings import Settings

EAST, NORTH = 530_000, 180_000
LAST = pd.Timestamp("2025-12-31")
BUSY, SECOND, RARE = (300, 300), (1500, 700), (700, 800)


def write_inputs(folder: Path) -> None:
    """Two years: a robbery a day in one place, every third day in another, 6 in a third, and thrice as many at the end.

    In the last four weeks each day has three at the busy place. Burglaries beside them, one every second day.
    """
    squares = [shapely.box(EAST + x, NORTH, EAST + x + 1000, NORTH + 1000) for x in (0, 1000)]
    names = {"ward_code": ["E05000001", "E05000002"], "ward_name": ["Ashe", "Brook"], "borough": ["Vale", "Vale"]}
    gpd.GeoDataFrame(names, geometry=squares, crs=27700).to_file(folder / "wards.geojson")
    rows = []

    def add(offence: str, day: pd.Timestamp, hour: int, at: tuple[int, int], i: int) -> None:
        when = f"{day:%Y-%m-%d} {hour}:{(7 * i) % 60:02d}"
        rows.append(f"{offence},{when},{EAST + at[0] + 5 * (i % 8)},{NORTH + at[1] + 5 * (i % 5)}")

    for i, day in enumerate(pd.date_range("2024-01-01", LAST)):
        for n in range(3 if (LAST - day).days < 28 else 1):
            add("Robbery", day, 15, BUSY, i + n)
        if i % 3 == 0:
            add("Robbery", day, 21, SECOND, i)
        if i % 2 == 0:
            add("Burglary", day, 12, (500, 100), 3 * i)
        if i % 120 == 0:
            add("Robbery", day, 9, RARE, i)
    (folder / "crimes.csv").write_text("\n".join(["Offence,Date,Easting,Northing", *rows]), "utf-8")
    havens = [("Shut", "Mo-Fr 09:00-12:00", 20), ("Always", "24/7", 150), ("Also always", "24/7", 250)]
    table = pd.DataFrame(
        [(name, hours, EAST + BUSY[0] + 17 + east, NORTH + BUSY[1] + 10) for name, hours, east in havens],
        columns=["name", "opening_hours", "easting", "northing"],
    )
    table.to_csv(folder / "havens.csv", index=False)
    pubs = {"name": ["The Near", "The Far"], "kind": ["pub", "pub"], "easting": [EAST + 320, EAST + 900]}
    pd.DataFrame({**pubs, "northing": [NORTH + 320, NORTH + 900]}).to_csv(folder / "pubs.csv", index=False)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("vale")
    write_inputs(folder)
    settings = Settings(havens=(folder / "havens.csv",), premises=(folder / "pubs.csv",))
    return load_study(
        [folder / "crimes.csv"], [folder / "wards.geojson"], settings=settings, tables=("havens", "premises")
    )


@pytest.fixture(scope="module")
def tactical(study: Study) -> Tactical:
    return make_tactical(study, TacticalRequest(marking="OFFICIAL", contact="Analysis"))


@pytest.fixture(scope="module")
def runs(tactical: Tactical) -> list[RunSummary]:
    return [summarise(crime.brief.analysis) for crime in tactical.crimes]


@pytest.fixture(scope="module")
def summary(tactical: Tactical, runs: list[RunSummary]) -> TacticalSummary:
    return summarise_tactical(tactical, runs, formats=("tactical",))


def test_crimes_come_in_the_order_of_priority_and_places_are_of_twelve_months(
    tactical: Tactical, summary: TacticalSummary
) -> None:
    ranked = tactical.performance.priorities
    assert ranked is not None
    assert [crime.brief.crime for crime in summary.crimes] == list(ranked.table.index)
    robbery = next(crime for crime in summary.crimes if crime.brief.crime == "robbery")
    assert (robbery.brief.period.start.isoformat(), robbery.brief.period.end.isoformat()) == (
        "2025-01-01",
        "2025-12-31",
    )
    assert (summary.weeks.start.isoformat(), summary.weeks.n_days) == ("2026-01-01", 28)
    # a robbery a day and 56 more in a year, of which four weeks are 28 / 365
    assert robbery.brief.places[0].expected == pytest.approx((365 + 56) * 28 / 365, rel=0.1)
    assert len(robbery.brief.places) == 2  # the third has three a year


def test_the_last_weeks_are_counted_by_hand(summary: TacticalSummary) -> None:
    """84 in 28 days at the busy place, every third day at the second, and one at the third."""
    robbery = next(crime for crime in summary.crimes if crime.brief.crime == "robbery")
    days = [day for i, day in enumerate(pd.date_range("2024-01-01", LAST)) if i % 3 == 0]
    now = 84 + 1 + sum((LAST - day).days < 28 for day in days)
    before = 28 + sum(28 <= (LAST - day).days < 56 for day in days)
    assert f"{now} against {before}, " in robbery.words.answer[2]
    assert "clearly deteriorating" in robbery.words.answer[2]
    assert "would fit these numbers" not in robbery.words.answer[2]


def test_a_haven_that_is_open_then_comes_before_a_nearer_one_that_is_closed(summary: TacticalSummary) -> None:
    robbery = next(crime for crime in summary.crimes if crime.brief.crime == "robbery")
    first, second = robbery.havens_by_place
    assert first is not None
    assert (first.name, first.state, second) == ("Always", "open", None)
    assert say("tactical.haven", first) == "A, 3 min: open"
    assert say("tactical.haven", None) == "none near"


def change(key: str, verdict: str, *, now: int, before: int, against: str = "before") -> dict[str, Any]:
    area = {
        "n_current": now, "n_earlier": before, "ratio": 1.1, "low": 0.7, "high": 1.6, "verdict": verdict,
        "is_significant": verdict != "no apparent change",
    }  # fmt: skip
    label = key.replace("-", " ")
    words = f"the {label} to 30 September 2026 against the same"
    day = pd.Timestamp("2026-09-30").date()
    return {
        "key": key, "label": label, "words": words, "available": True, "area": area, "against": against,
        "current": (day, day), "is_per_day": False,
    }  # fmt: skip


def test_a_short_time_without_a_change_says_what_would_fit_and_tells_no_small_count() -> None:
    run = {"disclosure": {"min_incidents": 10}, "crime_plural": "robberies", "crime_label": "Robbery"}
    last_year = change("4-weeks", "no apparent change", now=23, before=25, against="last year")
    calm = [change("4-weeks", "no apparent change", now=23, before=19), last_year]
    assert say("tactical.recent", calm, run) == (
        "No change by more than chance in the 4 weeks to 30 September 2026: 23 robberies, against 19 in the 4 weeks "
        "before and 25 a year before. In 4 weeks only large changes show: 0.7 to 1.6 times as many as in the 4 weeks "
        "before would fit these numbers."
    )
    few = say("tactical.recent", [change("4-weeks", "no apparent change", now=23, before=9), last_year], run)
    assert "23" not in few
    assert few.startswith("No change by more than chance in the 4 weeks to 30 September 2026. In 4 weeks")
    month = say("tactical.recent", [change("1-month", "no apparent change", now=23, before=19)], run)
    assert "in the month to 30 September 2026: 23 robberies, against 19 in the month before. In one month" in month
    assert say("tactical.recent", [{**calm[0], "available": False}], run) == (
        "The last weeks cannot be compared with the time before."
    )


@pytest.mark.slow
def test_what_is_written_is_the_same_twice_and_holds_no_small_place(
    tactical: Tactical, summary: TacticalSummary, tmp_path: Path
) -> None:
    first, paths = write_tactical(tactical, tmp_path / "one")
    _, again = write_tactical(tactical, tmp_path / "two")
    assert {key: path.read_bytes() for key, path in paths.items()} == {
        key: path.read_bytes() for key, path in again.items()
    }
    page = paths["tactical"].read_text("utf-8")
    assert page.count("OFFICIAL") == 4  # top and foot, on a screen and in the margins of paper
    assert "Questions: Analysis" in page
    assert "Robbery: who goes to 1 " in page
    told = json.loads(paths["tactical_json"].read_text("utf-8"))
    assert first.words is not None
    assert told["words"]["title"] == first.words.title == "Tactical assessment: Ashe and Brook"
    assert f"{EAST + RARE[0]}" not in page


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"n_places": 11}, "room for 1 to 10 places; `n_places` is 11"),
        ({"n_weeks": 3}, "2, 4 or 12 weeks; `n_weeks` is 3"),
        ({"crimes": tuple("abcdefghi")}, "8 crimes at most; `crimes` has 9"),
        ({"contact": ""}, "`contact` must be one line"),
    ],
)
def test_what_no_meeting_can_use_is_refused(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        TacticalRequest(**asked)


def test_a_problem_profile_knows_the_hot_spot_its_hours_and_what_is_near(
    tactical: Tactical, runs: list[RunSummary], tmp_path: Path
) -> None:
    at = next(n for n, run in enumerate(runs) if run.crime == "robbery")
    analysis, run = tactical.crimes[at].brief.analysis, runs[at]
    problem = make_problem(analysis, 1, BriefRequest(n_weeks=4))
    assert [(one.name, one.kind) for one in problem.facilities] == [("The Near", "licensed")]
    written, paths = write_problem(problem, run, tmp_path)
    assert written.words is not None
    assert written.hotspot.n_incidents == 365 + 56
    assert written.words.what.startswith("421 robberies were recorded here in 12 months")
    assert "every day 15:00-15:59" in written.words.hours
    assert [haven.name for haven in written.brief.havens or ()] == ["Shut", "Always", "Also always"]
    assert all(row.n_earlier is None or row.n_earlier >= 10 for row in written.changes)
    page = paths["problem"].read_text("utf-8")
    for text in ("The Near", "Side of the triangle", "Did it work?", "Is it growing?"):
        assert text in page
    with pytest.raises(NotFoundError, match="There is no hot spot 99"):
        make_problem(analysis, 99, BriefRequest())


def test_a_hot_spot_is_found_by_its_number_or_its_name() -> None:
    names = ("Rye Lane", "High Street and Mill Lane", "High Street")
    spots = [SimpleNamespace(rank=n + 1, place=place) for n, place in enumerate(names)]
    run: Any = SimpleNamespace(hotspots=spots, crime_plural="robberies")
    assert [find_hotspot(run, text) for text in ("2", "rye  LANE", "rye", "high street", "High Street and")] == [
        2, 1, 1, 3, 2,
    ]  # fmt: skip
    with pytest.raises(NotFoundError, match='Several hot spots are called "high".*1 Rye Lane; 2 High Street and Mill'):
        find_hotspot(run, "high")
    for text in ("9", "", "Low Road"):
        with pytest.raises(NotFoundError, match="No hot spot is called"):
            find_hotspot(run, text)
    with pytest.raises(TooLittleDataError, match="no hot spot of robberies"):
        find_hotspot(SimpleNamespace(hotspots=[], crime_plural="robberies"), "1")  # type: ignore[arg-type]
