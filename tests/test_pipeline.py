from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import AnalyseDemonstration

from hotspots.errors import DataError, NotFoundError, ParameterError, TooLittleDataError
from hotspots.ingest.incidents import Oddity, find_default_points
from hotspots.ingest.incidents.intake import read_incidents, set_aside_before
from hotspots.ingest.reference.boundaries import read_boundaries
from hotspots.pipeline.notes import list_notes
from hotspots.pipeline.performance import PerformanceRequest, measure_performance
from hotspots.pipeline.quality import assess_quality
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.selection import Accounts, select_incidents
from hotspots.pipeline.study import Study, load_study, place_in_wards
from hotspots.products.files.bundle import write_products
from hotspots.products.summary import encode, summarise
from hotspots.products.words import say
from hotspots.settings import Settings

DAYS = st.dates(dt.date(2024, 9, 1), dt.date(2026, 10, 31))


def add_up(accounts: Accounts) -> int:
    return (
        sum(accounts.rejected.values())
        + accounts.other_crimes
        + accounts.outside_period
        + accounts.outside_area
        + accounts.analysed
    )


@settings(max_examples=15)
@given(
    crime=st.sampled_from(["robbery", "knife-crime", "burglary", "asb-begging"]),
    days=st.tuples(DAYS, DAYS).map(sorted),
    wards=st.lists(st.sampled_from(["The Lane", "Peckham", "Bellingham", "E05000444"]), max_size=3).map(tuple),
)
@pytest.mark.slow
def test_accounts_add_up_whatever_is_asked(
    demonstration: Study, crime: str, days: list[dt.date], wards: tuple[str, ...]
) -> None:
    request = AnalysisRequest(crime=crime, start=days[0], end=days[1], wards=wards)
    try:
        analysis = analyse(demonstration, request)
    except TooLittleDataError:
        return
    assert add_up(analysis.accounts) == analysis.accounts.read == demonstration.intake.n_read
    assert analysis.accounts.analysed == len(analysis.incidents) == analysis.ward_counts["n_incidents"].sum()
    assert analysis.months.sum() == len(analysis.incidents)


def test_accounts_that_do_not_add_up_cannot_be_made() -> None:
    with pytest.raises(AssertionError, match="do not add up"):
        Accounts(read=2, rejected={}, other_crimes=0, outside_period=0, outside_area=0, analysed=1, rejected_of_crime=0)


def test_one_path_needs_no_list(tmp_path: Path, repository: Path) -> None:
    path, wards = tmp_path / "a.csv", repository / "data" / "boundaries"
    path.write_text("Month,Longitude,Latitude,Crime type\n2026-01,-0.03,51.48,Robbery\n")
    listed = load_study([path], [wards])
    assert listed.intake.n_read == 1
    for one in (load_study(path, wards), load_study(str(path), str(wards))):
        assert one.inputs == listed.inputs


def test_month_only_incidents_count_only_in_whole_months(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Month,Longitude,Latitude,Crime type\n2026-01,-0.03,51.48,Robbery\n2026-02,-0.03,51.48,Robbery\n"
    )
    study = load_study([tmp_path / "a.csv"], [repository / "data" / "boundaries"])

    def analysed(start: str | None, end: str | None) -> int:
        dates = [dt.date.fromisoformat(day) if day else None for day in (start, end)]
        return analyse(study, AnalysisRequest(crime="robbery", start=dates[0], end=dates[1])).accounts.analysed

    assert analysed(None, None) == 2
    assert analysed("2026-01-01", "2026-02-27") == 1
    assert analysed("2026-01-02", None) == 1
    partly = analyse(study, AnalysisRequest(crime="robbery", start=dt.date(2026, 1, 15), end=dt.date(2027, 1, 1)))
    assert (partly.start, partly.end) == (dt.date(2026, 2, 1), dt.date(2026, 2, 28))
    assert partly.notes[0].startswith(
        "The period asked for is 2026-01-15 to 2027-01-01; the incidents cover 2026-02-01 to"
    )
    with pytest.raises(TooLittleDataError, match="Nothing can be said of 2026-01-02 to 2026-01-30"):
        analysed("2026-01-02", "2026-01-30")
    everything = analyse(study, AnalysisRequest(crime="robbery"))
    assert (everything.start, everything.end) == (dt.date(2026, 1, 1), dt.date(2026, 2, 28))


def test_a_month_without_rows_of_any_crime_is_a_gap_and_not_a_fall(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Month,Longitude,Latitude,Crime type\n2026-01,-0.03,51.48,Robbery\n2026-04,-0.03,51.48,Robbery\n"
        + "".join(f"2026-{month},-0.03,51.48,Drugs\n" for month in ("01", "02", "04") for _ in range(20))
    )
    study = load_study([tmp_path / "a.csv"], [repository / "data" / "boundaries"])
    analysis = analyse(study, AnalysisRequest(crime="robbery"))
    assert analysis.months.tolist() == [1, 0, 0, 1]
    assert [str(month) for month in analysis.empty_months] == ["2026-03"]
    assert "no rows of any crime for March 2026: a gap in the data" in analysis.notes[0]


def test_days_asked_for_are_inclusive(demonstration: Study) -> None:
    day = dt.date(2026, 7, 4)
    analysis = analyse(demonstration, AnalysisRequest(crime="asb", start=day, end=day))
    assert set(analysis.incidents["started_at"].dt.date) == {day}


def test_wards_are_chosen_by_code_or_name(demonstration: Study) -> None:
    wards = demonstration.boundaries.wards
    code = wards.index[wards["ward_name"] == "The Lane"][0]
    for word in (code, "The Lane", "the lane"):
        found = select_incidents(demonstration, AnalysisRequest(crime="robbery", wards=(word,)))
        assert found.wards.index.tolist() == [code]
        assert found.accounts.outside_area > 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"crime": "piracy"}, NotFoundError, 'No crime called "piracy".*Ask for one of: asb, .*robbery'),
        ({"wards": ("Narnia",)}, NotFoundError, 'No ward called "Narnia".*Give a code or a name, such as'),
        ({"start": dt.date(2026, 2, 1), "end": dt.date(2026, 1, 1)}, ParameterError, "runs from 2026-02-01 to"),
        ({"start": dt.date(1999, 1, 1), "end": dt.date(1999, 2, 1)}, TooLittleDataError, "Widen `start` and `end`"),
        ({"wards": ("Peckam",)}, NotFoundError, r"such as .*Peckham \("),
        ({"bandwidth_m": -1.0}, ParameterError, "bandwidth must be above 0 m"),
        ({"cell_size_m": 0.0}, ParameterError, "cell size must be above 0 m"),
        ({"eps_m": 0.0}, ParameterError, "eps must be above 0 m"),
        ({"min_samples": 1}, ParameterError, "`min_samples` must be 2 or more"),
        ({"reach_m": float("nan")}, ParameterError, "reach must be above 0 m"),
    ],
)
def test_bad_requests_are_refused_with_the_next_step(
    demonstration: Study, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        analyse(demonstration, AnalysisRequest(**{"crime": "robbery", **options}))


@pytest.mark.slow
def test_one_ward_alone_looks_like_its_part_of_the_whole(analyse_demonstration: AnalyseDemonstration) -> None:
    """Incidents beyond the boundary are known, so density and clusters do not stop at it."""
    whole = analyse_demonstration("robbery")
    alone = analyse_demonstration("robbery", wards=("East Walworth",), min_samples=35)
    east, north = (
        np.array(axis) for axis in zip(*(h.outline.centroid.coords[0] for h in alone.places.hotspots), strict=True)
    )

    def density_at(analysis: Analysis) -> np.ndarray:
        rows, columns = analysis.places.density.grid.locate(east, north)
        return analysis.places.density.density_per_km2[rows, columns]

    np.testing.assert_allclose(density_at(alone), density_at(whole), rtol=1e-9)
    assert alone.places.n_beyond > 0
    assert alone.accounts.analysed == whole.ward_counts["n_incidents"][alone.wards.index[0]]


def test_boundaries_far_beyond_the_data_are_pointed_out(demonstration: Study, tmp_path: Path) -> None:
    here = demonstration.boundaries.wards.index[demonstration.boundaries.wards["ward_name"] == "Peckham"][0]
    few = demonstration.intake.incidents[demonstration.intake.incidents["ward_code"] == here]
    study = dataclasses.replace(demonstration, intake=dataclasses.replace(demonstration.intake, incidents=few))
    notes = analyse(study, AnalysisRequest(crime="robbery")).notes
    assert any(note.startswith("38 of the 39 wards have no rows of any crime") for note in notes)


@pytest.mark.slow
def test_knife_crime_comes_with_its_definition(demonstration: Study) -> None:
    notes = analyse(demonstration, AnalysisRequest(crime="knife-crime", start=dt.date(2026, 7, 1))).notes
    assert any("the two must not be added" in note for note in notes)
    assert any("do not say whether there was a knife" in note for note in notes)


def test_a_name_that_two_wards_share_is_refused(demonstration: Study) -> None:
    boundaries = demonstration.boundaries
    wards = boundaries.wards.assign(ward_name="Alexandra")
    twice = type(boundaries)(wards=wards, inputs=boundaries.inputs, n_repaired=0)
    study = dataclasses.replace(demonstration, boundaries=twice, havens=None)
    with pytest.raises(ParameterError, match='39 wards are called "Alexandra": E05.*Lewisham.*Give the code instead'):
        analyse(study, AnalysisRequest(crime="robbery", wards=("Alexandra",)))


@pytest.mark.slow
def test_months_that_are_not_asked_for_are_counted_and_change_no_result(
    repository: Path, analyse_demonstration: AnalyseDemonstration
) -> None:
    data = repository / "data"
    start, end = dt.date(2026, 7, 1), dt.date(2026, 9, 30)
    havens = Settings(havens=(data / "havens",))
    study = load_study([data / "incidents"], [data / "boundaries"], settings=havens, period=(start, end))
    whole = analyse_demonstration("robbery", start=start, end=end)
    pruned = analyse(study, AnalysisRequest(crime="robbery", start=start, end=end))
    assert pruned.study.intake.n_set_aside > 0
    assert len(pruned.study.intake.incidents) < len(whole.study.intake.incidents)
    for count in ("read", "outside_area", "analysed"):
        assert getattr(pruned.accounts, count) == getattr(whole.accounts, count)
    assert pruned.accounts.rejected_of_crime == whole.accounts.rejected_of_crime
    assert (pruned.start, pruned.end) == (whole.start, whole.end)
    pd.testing.assert_frame_equal(
        # a row that takes an ID of an earlier one is named after its file and row, if somebody looked at the earlier
        pd.DataFrame(pruned.incidents).reset_index(drop=True),
        pd.DataFrame(whole.incidents).reset_index(drop=True),
        check_categorical=False,
    )
    assert [crime.slug for crime in pruned.study.crimes] == [crime.slug for crime in whole.study.crimes]


def test_rows_whose_easting_and_northing_changed_places_are_named(
    repository: Path, tmp_path: Path, square_wards: gpd.GeoDataFrame
) -> None:
    """Swapped, they lie off the coast of Scotland, which is on the National Grid too."""
    (tmp_path / "a.csv").write_text(
        "Offence,Date From,Easting,Northing\n"
        "Robbery,05/01/2026 15:30,530500,180500\nRobbery,05/01/2026 15:30,180500,530500\n"
        "Robbery,05/01/2026 15:30,520500,180500\n"
    )
    square_wards.to_file(tmp_path / "wards.gpkg")
    intake = load_study([tmp_path / "a.csv"], [tmp_path / "wards.gpkg"]).intake
    (refused,) = intake.rejected.to_dict("records")
    assert (refused["source_row"], refused["reason"]) == (2, "coordinates swapped")
    assert refused["detail"] == "easting 999999, northing 999999"
    assert intake.n_read == 3


@pytest.mark.parametrize(
    ("n_here", "n_inside", "n_next", "is_default"),
    [(40, 400, 2, True), (19, 400, 0, False), (40, 4_000, 2, False), (40, 400, 9, False), (40, 0, 0, False)],
)
def test_many_rows_at_one_point_outside_are_a_default_of_a_file_of_the_area(
    n_here: int, n_inside: int, n_next: int, is_default: bool
) -> None:
    outside = pd.DataFrame({"source": "a.csv", "easting": [545_000] * n_here + [546_000] * n_next, "northing": 180_500})
    found = find_default_points(outside, pd.Series({"a.csv": n_here + n_inside + n_next}))
    assert found.sum() == (n_here if is_default else 0)
    assert not found[n_here:].any()


def write_noons(folder: Path, wards: gpd.GeoDataFrame, havens: list[str]) -> list[Path]:
    """Two robberies at noon on Easter Monday and on the Tuesday after it, beside havens of these hours."""
    row = "Robbery,{}/04/2025 12:00,530500,180500\n"
    (folder / "a.csv").write_text("Offence,Date From,Easting,Northing\n" + 2 * row.format(21) + 2 * row.format(22))
    quoted = [hours.replace('"', '""') for hours in havens]
    rows = [f'Haven {number},"{hours}",530500,180500\n' for number, hours in enumerate(quoted)]
    (folder / "havens.csv").write_text("name,opening_hours,easting,northing\n" + "".join(rows), "utf-8")
    wards.to_file(folder / "wards.gpkg")
    return [folder / "a.csv"]


@pytest.mark.parametrize(("subdivision", "share"), [("ENG", 0.5), ("SCT", 1.0)])
def test_havens_keep_the_bank_holidays_of_the_settings(
    tmp_path: Path, square_wards: gpd.GeoDataFrame, subdivision: str, share: float
) -> None:
    incidents = write_noons(tmp_path, square_wards, ["Mo-Su 09:00-17:00; PH off"])
    here = Settings(subdivision=subdivision, havens=(tmp_path / "havens.csv",), boundaries=(tmp_path / "wards.gpkg",))
    havens = analyse(load_study(incidents, settings=here), AnalysisRequest(crime="robbery")).havens
    assert havens is not None
    assert havens.coverage.share_open_within_reach == share


def test_havens_follow_the_sun_of_the_wards(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> None:
    """At noon it is light over London in April."""
    incidents = write_noons(tmp_path, square_wards, ["Mo-Su sunrise-sunset"])
    here = Settings(havens=(tmp_path / "havens.csv",), boundaries=(tmp_path / "wards.gpkg",))
    havens = analyse(load_study(incidents, settings=here), AnalysisRequest(crime="robbery")).havens
    assert havens is not None
    assert (havens.coverage.share_open_within_reach, havens.shares.open_share) == (1, 1)


@pytest.mark.parametrize(
    ("hours", "notes"),
    [
        (["24/7"], []),
        (["", ""], ["No safe haven states its opening hours, so it is not known which are open."]),
        (
            ["Mo-Fr", '"by appointment"', ""],
            ["The opening hours of no safe haven are known, so it is not known which are open (days without times: 1, "
             "a remark alone: 1, not stated: 1)."],
        ),
        (
            ["Mo-Fr", "ask inside", "24/7", "", 'Mo 09:00-17:00 || "ring"'],
            ["Safe havens whose opening hours are stated but not known, and which count as closed: 2 (days without "
             "times: 1, not understood: 1).",
             "Safe havens that state no opening hours, and count as closed: 1.",
             "Safe havens of whose opening hours some are in doubt (a remark, no closing time or days without times), "
             "and count as closed then: 1."],
        ),
    ],
)  # fmt: skip
def test_a_run_says_whose_opening_hours_are_not_known(
    tmp_path: Path, square_wards: gpd.GeoDataFrame, hours: list[str], notes: list[str]
) -> None:
    incidents = write_noons(tmp_path, square_wards, hours)
    here = Settings(havens=(tmp_path / "havens.csv",), boundaries=(tmp_path / "wards.gpkg",))
    analysis = analyse(load_study(incidents, settings=here), AnalysisRequest(crime="robbery"))
    assert [note for note in analysis.notes if "haven" in note] == notes


def test_what_is_located_to_an_area_only_counts_for_wards_and_not_for_places(
    tmp_path: Path, square_wards: gpd.GeoDataFrame
) -> None:
    precise = "".join(f"Robbery,05/01/2026 15:30,TQ 305{door % 6}0 80500\n" for door in range(12))
    coarse = "Robbery,05/01/2026 15:30,TQ 30 80\n" * 5
    (tmp_path / "a.csv").write_text("Offence,Date From,Grid Ref\n" + precise + coarse)
    square_wards.to_file(tmp_path / "wards.gpkg")
    study = load_study([tmp_path / "a.csv"], [tmp_path / "wards.gpkg"])
    assert study.intake.incidents["location_precision"].value_counts().to_dict() == {"point": 12, "area": 5}
    analysis = analyse(study, AnalysisRequest(crime="robbery"))
    assert analysis.ward_counts["n_incidents"].max() == 17
    assert [hotspot.n_incidents for hotspot in analysis.places.hotspots] == [12]
    assert analysis.places.density.n_incidents == 12
    assert any("5 of the 17 robberies are located only to an area" in note for note in analysis.notes)
    only = dataclasses.replace(study, intake=dataclasses.replace(study.intake, incidents=study.intake.incidents[12:]))
    analysis = analyse(only, AnalysisRequest(crime="robbery"))
    assert analysis.ward_counts["n_incidents"].max() == 5
    assert (analysis.places.hotspots, analysis.places.density.n_incidents) == ((), 0)
    summary, paths = write_products(analysis, tmp_path / "out")
    assert summary.accounts.analysed == 5
    assert paths["map"].stat().st_size


@pytest.mark.slow
def test_the_map_of_a_fortnight_is_tested_by_that_of_the_fortnight_before(demonstration: Study) -> None:
    start, end = dt.date(2026, 9, 16), dt.date(2026, 9, 29)
    places = analyse(demonstration, AnalysisRequest(crime="robbery", start=start, end=end)).places
    assert places.holdout is not None
    assert places.holdout.last_hotspots is not None
    (fold,) = places.holdout.folds
    assert (fold.fit_start, fold.fit_end) == (dt.date(2026, 9, 2), dt.date(2026, 9, 15))
    before = analyse(demonstration, AnalysisRequest(crime="robbery", start=fold.fit_start, end=fold.fit_end))
    tested = analyse(demonstration, AnalysisRequest(crime="robbery", start=start, end=end)).incidents
    inside = sum(int(tested.geometry.intersects(hotspot.outline).sum()) for hotspot in before.places.hotspots)
    assert places.holdout.last_hotspots.n_hits == inside
    first = analyse(
        demonstration, AnalysisRequest(crime="robbery", start=dt.date(2024, 10, 1), end=dt.date(2024, 10, 14))
    )
    assert first.places.holdout is None
    assert "the data begin with the period" in str(first.places.holdout_reason)


@pytest.mark.slow
def test_looking_back_changes_no_account_and_no_quality(repository: Path) -> None:
    data = repository / "data"
    places = ([data / "incidents"], [data / "boundaries"])
    start = dt.date(2026, 9, 1)
    back = load_study(*places, period=(start, None))
    wards = read_boundaries(places[1]).wards
    intake = place_in_wards(read_incidents(places[0], start=start), wards)
    plain = dataclasses.replace(
        back, intake=intake, earlier=back.earlier.iloc[:0], quality=assess_quality(intake, wards=wards)
    )
    months = back.earlier["started_at"].dt.strftime("%Y-%m")
    assert sorted(months.unique()) == [str(month) for month in pd.period_range("2024-10", "2026-08", freq="M")]
    assert back.quality == plain.quality
    assert back.intake.n_read == plain.intake.n_read
    assert back.intake.n_set_aside == plain.intake.n_set_aside
    assert len(back.intake.rejected) == len(plain.intake.rejected)
    assert back.intake.incidents.index.equals(plain.intake.incidents.index)
    request = AnalysisRequest(crime="robbery", start=start, end=dt.date(2026, 9, 14))
    short, long = analyse(plain, request), analyse(back, request)
    assert short.accounts == long.accounts
    assert short.places.holdout is None
    assert "the data begin with the period. Read earlier files too" in str(short.places.holdout_reason)
    assert long.places.holdout is not None
    assert long.places.holdout.folds[0].fit_start == dt.date(2026, 8, 18)


def test_rates_are_of_the_months_that_have_data(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> None:
    rows = [f"2026-{month:02},530500,180500,Robbery" for month in (1, 2, 5, 6) for _ in range(10)]
    (tmp_path / "a.csv").write_text("\n".join(["Month,Easting,Northing,Crime type", *rows]))
    square_wards.assign(population=1000.0).to_file(tmp_path / "wards.gpkg")
    analysis = analyse(load_study([tmp_path / "a.csv"], [tmp_path / "wards.gpkg"]), AnalysisRequest(crime="robbery"))
    assert [str(month) for month in analysis.empty_months] == ["2026-03", "2026-04"]
    assert analysis.n_years == pytest.approx((31 + 28 + 31 + 30) / 365.25)
    assert analysis.ward_rates is not None
    assert analysis.ward_rates.table.loc["A", "rate"] == pytest.approx(40 / analysis.n_years)


@pytest.mark.parametrize(
    ("codes", "n_known", "share"), [("ABCD", 4, None), ("ABCX", 3, "90%"), ("AXYZ", 1, "40%"), ("XBYZ", 1, "30%")]
)
def test_wards_that_the_residents_do_not_match_are_told_of(
    tmp_path: Path, square_wards: gpd.GeoDataFrame, codes: str, n_known: int, share: str | None
) -> None:
    """Of ten robberies four are in ward A, three in B, two in C and one in D."""
    places = [(530500, 180500)] * 4 + [(531500, 180500)] * 3 + [(530500, 181500)] * 2 + [(531500, 181500)]
    rows = [f"2026-01,{east},{north},Robbery" for east, north in places]
    (tmp_path / "a.csv").write_text("\n".join(["Month,Easting,Northing,Crime type", *rows]))
    (tmp_path / "residents.csv").write_text("ward_code,population\n" + "".join(f"{code},1000\n" for code in codes))
    square_wards.to_file(tmp_path / "wards.gpkg")
    chosen = Settings(population=tmp_path / "residents.csv")
    study = load_study([tmp_path / "a.csv"], [tmp_path / "wards.gpkg"], settings=chosen)
    analysis = analyse(study, AnalysisRequest(crime="robbery"))
    summary = encode(summarise(analysis))
    together = say("places.overall_rate", summary)
    said = [note for note in summary["notes"] if "residents" in note]
    if share is None:
        assert together.startswith("All wards together: ")
        assert not said
        return
    n_known_incidents = int(share[0])
    assert together.startswith(
        f"The {n_known} of 4 wards whose residents are known, with {share} of the incidents, together"
    )
    assert summary["rates"]["n_incidents_without_population"] == 10 - n_known_incidents
    assert summary["rates"]["overall_rate"] == pytest.approx(n_known_incidents / n_known / analysis.n_years, abs=0.006)
    (note,) = said
    unknown = [code for code in "ABCD" if code not in codes]
    assert note.startswith(
        f"The residents of {4 - n_known} of the 4 wards are not known ({', '.join(unknown)}), where "
    )
    assert f"{100 - 10 * n_known_incidents}% of the robberies lie" in note
    assert "that no ward has (" in note
    assert any("of the rows lie" in finding for finding in summary["quality"]["findings"])


def write_real(folder: Path) -> Path:
    """Incidents that do not say that they are made up, where the demonstration is."""
    path = folder / "real.csv"
    path.write_text("Month,Longitude,Latitude,Crime type\n" + "2026-01,-0.05,51.47,Robbery\n" * 12)
    return path


@pytest.mark.slow
def test_real_incidents_are_kept_apart_from_the_demonstration_in_python_too(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    incidents = write_real(tmp_path)
    with pytest.raises(DataError, match="wards in data/boundaries are schematic.*real outlines with `boundaries`"):
        load_study([incidents])
    study = load_study([incidents], ["data/boundaries"])
    assert (study.havens, study.calendar.terms) == (None, None)
    assert study.data_status == {"boundaries": "schematic"}
    named = Settings(boundaries=(Path("data/boundaries"),), havens=(Path("data/havens"),))
    assert load_study([incidents], settings=named).havens is not None


def test_havens_of_the_demonstration_do_not_stop_a_study_abroad(
    tmp_path: Path, square_wards: gpd.GeoDataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "havens").mkdir(parents=True)
    havens = "name,longitude,latitude,data_status\nLibrary,-0.034481,51.488184,synthetic\n"
    (tmp_path / "data" / "havens" / "havens.csv").write_text(havens)
    (tmp_path / "a.csv").write_text("Offence,Date,Easting,Northing\nRobbery,05/01/2026 15:30,530500,180500\n")
    square_wards.set_crs("EPSG:32610", allow_override=True).to_file(tmp_path / "wards.gpkg")
    monkeypatch.chdir(tmp_path)
    study = load_study("a.csv", "wards.gpkg", settings=Settings(crs="EPSG:32610"))
    assert study.havens is None
    assert len(study.intake.incidents) == 1


@pytest.mark.slow
def test_without_paths_the_folders_here_are_read_and_the_settings_come_first(
    tmp_path: Path, square_wards: gpd.GeoDataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("incidents", "boundaries", "havens", "calendar"):
        (tmp_path / "data" / folder).mkdir(parents=True)
    square_wards.to_file(tmp_path / "data" / "boundaries" / "wards.gpkg")
    rows = "Offence,Date From,Easting,Northing\nRobbery,05/01/2026 15:30,530500,180500\n"
    (tmp_path / "data" / "incidents" / "a.csv").write_text(rows)
    (tmp_path / "b.csv").write_text(rows * 2)
    (tmp_path / "data" / "calendar" / "term_dates.csv").write_text("name,start,end\nSpring,2026-01-05,2026-03-27\n")
    monkeypatch.chdir(tmp_path)
    study = load_study()
    assert [file.path for file in study.inputs] == ["incidents/a.csv", "boundaries/wards.gpkg", "term_dates.csv"]
    assert study.havens is None  # the folder is empty
    assert load_study(tables=()).calendar.terms is None
    (tmp_path / "hotspots.toml").write_text('incidents = "b.csv"\nstore = "kept"\n')
    settled = load_study()
    assert settled.intake.inputs[0].path == "b.csv"
    assert settled.store is not None
    assert settled.store.folder == Path("kept")
    assert load_study([tmp_path / "data" / "incidents"]).intake.inputs[0].path == "incidents/a.csv"


def test_performance_counts_what_was_read_before_the_period(demonstration: Study) -> None:
    """Of a period of twelve months the twelve before are known by the look-back, and are no rise."""
    cut = dt.date(2025, 10, 1)
    intake, earlier = set_aside_before(demonstration.intake, cut)
    looked_back = dataclasses.replace(demonstration, intake=intake, earlier=earlier)
    request = PerformanceRequest(indicators=("robbery",))
    (whole,), (part,) = (measure_performance(study, request).indicators for study in (demonstration, looked_back))
    assert part.n_current == whole.n_current
    assert part.change is not None
    assert whole.change is not None
    pd.testing.assert_frame_equal(part.change.table, whole.change.table)


@pytest.mark.slow
def test_odd_rows_of_the_crime_alone_are_noted(analyse_demonstration: AnalyseDemonstration) -> None:
    analysis = analyse_demonstration("robbery")
    study = analysis.study
    remarks = study.intake.remarks
    is_robbery = remarks.index.isin(analysis.incidents.index)
    oddities = remarks["oddities"].to_numpy().copy()
    oddities[np.flatnonzero(is_robbery)[:2]] |= Oddity.HIDDEN.value
    oddities[np.flatnonzero(~is_robbery)[:5]] |= (Oddity.HIDDEN | Oddity.FIRST_OF_MONTH).value
    remarks = remarks.assign(oddities=oddities)
    marked = dataclasses.replace(study, intake=dataclasses.replace(study.intake, remarks=remarks))
    told = {*list_notes(dataclasses.replace(analysis, study=marked))} - {*list_notes(analysis)}
    assert told == {
        f"2 of the {len(analysis.incidents):,} robberies are rows that are hidden in their workbook, as by a filter. "
        "They count like the others: if they are not meant, delete them from the file."
    }
