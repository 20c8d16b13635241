from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hotspots.ingest.reference import (
    ListedPlaces,
    read_patrol_plans,
    read_patrol_records,
)
from hotspots.pipeline import AnalysisRequest, measure_patrols
from hotspots.pipeline.study import Study

A, B = (530_500.0, 180_500.0), (531_500.0, 181_500.0)
FIRST = dt.date(2026, 10, 5)
"""Of the records, a Monday."""


@pytest.fixture
def inputs(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> list[str]:
    """A year of robberies at two places of eight points each, all of them on Mondays at 15, and a few elsewhere."""
    rng = np.random.default_rng(2)
    rows = []
    for east, north in (A, B):
        for week in range(48):
            day = dt.date(2025, 10, 6) + dt.timedelta(weeks=week)
            point = week % 8
            rows.append((day, east + 10 * point - 35, north + 5 * (point % 3)))
    for _ in range(30):
        day = dt.date(2025, 10, 6) + dt.timedelta(weeks=int(rng.integers(48)))
        rows.append((day, rng.uniform(530_050, 531_950), rng.uniform(180_050, 181_950)))
    lines = ["Offence,Date From,Time From,Easting,Northing"]
    # at many minutes: an hour that is always the same to the minute is that of a form
    lines += [
        f"Robbery,{day:%d/%m/%Y},15:{7 * row % 60:02d},{east:.0f},{north:.0f}"
        for row, (day, east, north) in enumerate(rows)
    ]
    (tmp_path / "robberies.csv").write_text("\n".join(lines))
    square_wards.to_file(tmp_path / "wards.gpkg")
    return ["--crime", "robbery", "--incidents", "robberies.csv", "--boundaries", "wards.gpkg"]


def write_pings(path: Path, *stays: tuple[dt.datetime, float, tuple[float, float]], status: str = "synthetic") -> None:
    """Pings every half minute of an officer whose name must not be seen again."""
    rows = []
    for start, minutes, (east, north) in stays:
        for step in range(round(2 * minutes) + 1):
            at = start + dt.timedelta(seconds=30 * step)
            rows.append(f"PC 4321 Jones;{at:%d/%m/%Y %H:%M:%S};{east:.0f};{north:.0f};{status}")
    path.write_text("\n".join(["Callsign;Fix Time;Easting;Northing;data_status", *rows]))


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime.combine(FIRST + dt.timedelta(days=day), dt.time(hour, minute))


@pytest.fixture
def records(tmp_path: Path) -> None:
    """Seven days: fifteen minutes at A on six of them at 15, five minutes on the last; never at B."""
    stays = [(at(day, 15), 15.0, A) for day in range(6)] + [(at(6, 15), 5.0, A)]
    write_pings(tmp_path / "pings.csv", *stays)
    plan = [
        f"1,{stop},{name},{at(day, hour).isoformat()},{at(day, hour, 15).isoformat()},{east:.0f},{north:.0f}"
        for day in range(7)
        for stop, (name, hour, (east, north)) in enumerate(
            [("A", 15, A), ("B", 15, B), ("Bus garage", 15, (530_300.0, 181_700.0))]
        )
    ]
    plan.append("1,9,A,soon,later,530500,180500")
    (tmp_path / "plan.csv").write_text("\n".join(["patrol,stop,place,arrive_at,leave_at,easting,northing", *plan]))


def read_summary(tmp_path: Path) -> dict[str, Any]:
    (path,) = (tmp_path / "maps" / "patrols_done").glob("*/patrols_done.json")
    summary: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return summary


@pytest.mark.usefixtures("records")
def test_a_folder_of_records_may_hold_their_plan(call: Any, inputs: list[str], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("pings.csv", "plan.csv"):
        (tmp_path / name).rename(tmp_path / "folder" / name)
    said = call("patrol", "done", *inputs, "--records", "folder", "--plan", "folder")
    assert said.code == 0, said.err
    summary = read_summary(tmp_path)
    assert (summary["visits"]["n_visits"], summary["plan"]["n_planned"], summary["plan"]["n_kept"]) == (7, 21, 7)
    left_out = "folder/plan.csv is left out of the records: it says where patrols are to go, and not where they were."
    assert left_out in summary["notes"]
    assert f"Note: {left_out}" in said.err
    assert any(note.startswith("folder/pings.csv is left out of the plan") for note in summary["notes"])


@pytest.mark.usefixtures("records")
def test_what_was_done_is_said_beside_the_plan(call: Any, inputs: list[str], tmp_path: Path) -> None:
    said = call("patrol", "done", *inputs, "--records", "pings.csv", "--plan", "plan.csv")
    assert said.code == 0, said.err
    assert said.out.endswith("patrols_done.html\n")
    summary = read_summary(tmp_path)
    visits, plan = summary["visits"], summary["plan"]
    assert (visits["n_visits"], visits["n_short"], visits["n_koper"]) == (7, 1, 6)
    # a silence of longer than five minutes begins and ends each stay
    assert visits["median_minutes"] == 15.0
    assert (plan["n_planned"], plan["n_kept"], plan["n_missed"], plan["n_extra"]) == (21, 7, 14, 0)
    assert summary["words"][0].startswith(
        "Patrols made 7 of 21 planned visits; 86% of all 7 visits lasted 10 to 20 minutes; 2 of 3 planned places were "
        "never visited: "
    )
    assert "Bus garage" in summary["words"][0]
    assert plan["refused"] == {"time that cannot be read": 1}
    assert "Rows of the plan that cannot be read: 1 (time that cannot be read)." in summary["notes"]
    assert summary["incident_period"]["end"] < "2026-10-05"
    by_place = {place["number"]: place for place in summary["places"]}
    (patrolled,) = (place for place in summary["places"] if place["visits"]["n_visits"])
    assert patrolled["minutes"] == 6 * 15 + 5
    assert (patrolled["n_days"], patrolled["longest_hours"]) == (7, pytest.approx(23.8))
    # all of its crime comes on Mondays at 15, when it was visited
    assert patrolled["crime_share"] == 1.0
    assert summary["crime_hours"]["share"] == pytest.approx(0.5)
    assert [day["n_visits"] for day in summary["days"]] == [1] * 7
    assert sum(row["minutes"] for row in summary["by_hour"]) == patrolled["minutes"]
    assert np.array(summary["week"])[0].tolist() == [0.0] * 15 + [15.0] + [0.0] * 8
    only_planned = [place for place in summary["places"] if place["is_of_plan"]]
    assert [(place["place"], place["n_incidents"]) for place in only_planned] == [("Bus garage", None)]
    assert set(summary["never_visited"]) == set(by_place) - {patrolled["number"]}


@pytest.mark.usefixtures("records")
def test_nobody_can_be_told_from_what_is_written(call: Any, inputs: list[str], tmp_path: Path) -> None:
    said = call("patrol", "done", *inputs, "--records", "pings.csv")
    products = [path.read_bytes() for path in (tmp_path / "maps").rglob("*") if path.is_file()]
    assert len(products) == 6
    for text in (said.out, said.err, *(content.decode("utf-8") for content in products)):
        assert "Jones" not in text
        assert "4321" not in text
    page = next(content for content in products if b"Did they go?" in content and b"<svg" in content).decode("utf-8")
    assert "synthetic patrol records" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.usefixtures("records")
def test_the_same_records_give_the_same_bytes_and_a_list_of_all_products(
    call: Any, inputs: list[str], tmp_path: Path
) -> None:
    written = []
    for _ in range(2):
        assert call("patrol", "done", *inputs, "--records", "pings.csv").code == 0
        written.append({path.name: path.read_bytes() for path in (tmp_path / "maps" / "patrols_done").rglob("*.*")})
    assert written[0] == written[1]
    assert set(written[0]) == {
        *("patrols_done.html", "patrols_done.csv", "patrol_hours.csv", "patrols_done.json", "manifest.json")
    }
    index = (tmp_path / "maps" / "index.html").read_text("utf-8")
    assert "Did patrols go?" in index
    assert "Patrols made 7 visits; 86% of them lasted 10 to 20 minutes" in index
    table = pd.read_csv(next((tmp_path / "maps" / "patrols_done").glob("*/patrols_done.csv")), encoding="utf-8-sig")
    assert table["visits"].sum() == 7
    assert table["planned_visits"].isna().all()
    hours = pd.read_csv(next((tmp_path / "maps" / "patrols_done").glob("*/patrol_hours.csv")), encoding="utf-8-sig")
    assert hours["patrol_minutes"].sum() == table["patrol_minutes"].sum() == 95


@pytest.mark.usefixtures("records")
def test_places_may_be_listed_and_visits_written_down(call: Any, inputs: list[str], tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text(
        f"rank,place,easting,northing\n1,Ash Road,{A[0]:.0f},{A[1]:.0f}\n2,Nowhere,530100,181900\n"
    )
    visits = ["Officer,Place,Start,End"]
    visits += [f"PC Jones,Ash Road,{at(day, 15).isoformat()},{at(day, 15, 12).isoformat()}" for day in range(3)]
    visits += [f"PC Jones,Town hall,{at(1, 18).isoformat()},{at(1, 19).isoformat()}"]
    (tmp_path / "visits.csv").write_text("\n".join(visits))
    said = call("patrol", "done", *inputs, "--records", "visits.csv", "--places-file", "places.csv")
    assert said.code == 0, said.err
    summary = read_summary(tmp_path)
    assert [(one["place"], one["visits"]["n_koper"]) for one in summary["places"]] == [("Ash Road", 3), ("Nowhere", 0)]
    assert (summary["kind"], summary["is_listed"]) == ("visits", True)
    # three times twelve minutes, and an hour elsewhere
    assert summary["hours"] == {"total": 1.6, "in_places": 0.6, "elsewhere": 1.0, "unknown": 0.0}
    assert summary["places"][1]["n_incidents"] is None
    assert "Nobody measured them" in said.err


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("option", ["--records", "--plan", "--places-file"])
def test_products_are_not_written_where_records_are_read(
    call: Any, inputs: list[str], tmp_path: Path, option: str
) -> None:
    (tmp_path / "given").mkdir()
    asked = {"--records": "pings.csv", "--plan": "plan.csv"} | {option: "given"}
    read = [text for pair in asked.items() for text in pair]
    said = call("patrol", "done", *inputs, *read, "--out", "given/maps")
    assert said.code == 2
    assert "must not be written where files are read" in said.err
    assert not any((tmp_path / "given").iterdir())


def test_records_from_before_all_incidents_take_these(call: Any, inputs: list[str], tmp_path: Path) -> None:
    write_pings(tmp_path / "early.csv", (dt.datetime(2025, 9, 1, 15), 15.0, A), status="")
    said = call("patrol", "done", *inputs, "--records", "early.csv", "--json")
    assert said.code == 0, said.err
    summary = json.loads(said.out)
    assert not summary["is_before"]
    assert "There are no robberies from before the first record" in said.err


def test_what_is_missing_is_said(call: Any, inputs: list[str], tmp_path: Path) -> None:
    assert call("patrol", "done", *inputs).code == 2
    said = call("patrol", "done", *inputs, "--records", "nothing.csv")
    assert (said.code, "No file or folder nothing.csv to read patrol records from" in said.err) == (2, True)
    write_pings(tmp_path / "pings.csv", (at(0, 15), 15.0, A))
    (tmp_path / "few.csv").write_text(
        "Offence,Date From,Easting,Northing\n"
        + "".join(f"Robbery,0{day}/06/2026,530500,180500\n" for day in range(1, 5))
    )
    few = ["--crime", "robbery", "--incidents", "few.csv", "--boundaries", "wards.gpkg"]
    said = call("patrol", "done", *few, "--records", "pings.csv")
    assert (said.code, "Give a longer period with --from, or the places with --places-file" in said.err) == (4, True)


@pytest.mark.usefixtures("records")
def test_an_operation_says_how_much_of_it_was_done_and_keeps_its_verdict(
    call: Any, inputs: list[str], tmp_path: Path
) -> None:
    gpd.GeoDataFrame(geometry=[shapely.box(530_300, 180_300, 530_700, 180_700)], crs=27700).to_file(
        tmp_path / "area.geojson"
    )
    stays = [(dt.datetime(2026, 8, 3, 15) + dt.timedelta(days=day), 30.0, A) for day in range(5)]
    stays += [(dt.datetime(2026, 8, 3, 18), 60.0, B)]
    write_pings(tmp_path / "august.csv", *stays)
    asked = [*inputs, "--treated", "area.geojson", "--from", "2026-08-01", "--to", "2026-08-31", "--before", "previous"]
    said = call("operation", *asked, "--json")
    assert said.code == 0, said.err
    plain = json.loads(said.out)
    done = json.loads(call("operation", *asked, "--records", "august.csv", "--json").out)
    assert plain["patrols"] is None
    assert (done["verdict"], done["results"], done["words"][:-1]) == (
        plain["verdict"],
        plain["results"],
        plain["words"],
    )
    assert done["patrols"] == {
        "treated_hours": 2.5,
        "control_hours": 1.0,
        "around_hours": None,
        "elsewhere_hours": 0.0,
        "unknown_hours": 0.0,
        "n_treated_days": 5,
        "n_control_days": 1,
        "n_days": 31,
        "n_record_days": 5,
        "doubts": [],
    }
    assert done["words"][-1] == (
        "Patrols spent 2.5 hours in the treated area, on 5 of 31 days, and 1.0 hour in the control, on 1. The records "
        "cover 5 of these days."
    )
    assert done["data_status"] == {"patrol records": "synthetic"}
    elsewhere = json.loads(call("operation", *asked, "--records", "pings.csv", "--json").out)
    assert "patrols were in neither area during the operation" in " ".join(elsewhere["notes"])
    (tmp_path / "both").mkdir()
    (tmp_path / "plan.csv").rename(tmp_path / "both" / "plan.csv")
    (tmp_path / "august.csv").rename(tmp_path / "both" / "august.csv")
    beside = json.loads(call("operation", *asked, "--records", "both", "--json").out)
    assert beside["patrols"]["treated_hours"] == 2.5
    (left_out,) = beside["patrols"]["doubts"]
    assert left_out.startswith("both/plan.csv is left out of the records")
    assert left_out in beside["notes"]


@pytest.mark.slow
def test_the_planted_missed_patrols_of_the_demonstration_are_found(demonstration: Study, repository: Path) -> None:
    folder = repository / "data" / "patrols"
    if not folder.is_dir():
        pytest.skip("the demonstration has no patrols here")
    truth = json.loads((repository / "data" / "truth.json").read_text("utf-8"))["patrols"]
    plan = read_patrol_plans([folder / "plan.csv"])
    stops = plan.visits.drop_duplicates("place")
    listed = ListedPlaces(
        outlines=tuple(stops.geometry.buffer(75)),
        names=tuple(stops["place"]),
        numbers=tuple(str(number + 1) for number in range(len(stops))),
        inputs=(),
    )
    records = read_patrol_records([folder / "pings.csv.gz"])
    found = measure_patrols(demonstration, AnalysisRequest(crime="robbery"), records, listed=listed, plan=plan)
    assert found.plan is not None
    by_place = {place.names[0]: place for place in found.places}
    assert {name: (place.n_planned, place.n_kept) for name, place in by_place.items()} == {
        name: (place["planned"], place["made"]) for name, place in truth["by_place"].items()
    }
    assert (found.plan.kept.n_planned, found.plan.kept.n_kept) == (truth["visits_planned"], truth["visits_made"])
    assert [found.places[place].names[0] for place in found.dosage.never_visited] == [truth["never_visited"]]
    # who walks slowly is up to six minutes longer within 90 m of a point than at it
    assert found.lengths.n_koper + found.lengths.n_long == truth["visits_of_10_to_20_minutes"]
    cut = by_place[truth["cut_short"]]
    assert (cut.lengths.n_short, cut.lengths.n_koper) == (cut.lengths.n_visits, 0)
    others = [place for name, place in by_place.items() if name not in (truth["cut_short"], truth["never_visited"])]
    assert all(15 <= (place.lengths.median_minutes or 0) <= 21 for place in others)


def test_a_peak_on_other_days_than_the_records_is_not_said_to_be_missed(
    call: Any, inputs: list[str], tmp_path: Path
) -> None:
    """The peak is on Mondays at 15; the records are of a Sunday alone, then of the Monday after it as well."""
    sunday, monday = dt.datetime(2026, 10, 11, 14), dt.datetime(2026, 10, 12, 15)
    for stays, n_peaks in (([sunday], 0), ([sunday, monday], 1)):
        write_pings(tmp_path / "pings.csv", *((start, 15.0, A) for start in stays))
        said = call("patrol", "done", *inputs, "--records", "pings.csv", "--out", f"of_{n_peaks}")
        assert said.code == 0, said.err
        (path,) = (tmp_path / f"of_{n_peaks}" / "patrols_done").glob("*/patrols_done.json")
        told = json.loads(path.read_text("utf-8"))
        assert sum(word.startswith("Of the peak") for word in told["words"]) == n_peaks, told["words"]
        assert [(peak["n_hours"] > 0, peak["share"] is not None) for peak in told["peaks"]] == [(bool(n_peaks),) * 2]
