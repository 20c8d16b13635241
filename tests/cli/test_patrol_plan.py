"""`hotspots patrol plan`: from the demonstration to cards, calendar, GPX and table, over the end of summer time."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import gpxpy
import icalendar
import jsonschema
import pandas as pd
import pytest
import shapely
from support import call, list_faults

from hotspots.analysis.patrols import plan_patrols
from hotspots.cli.inputs import StudyInputs
from hotspots.cli.patrol_plan_command import plan as plan_command
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.ingest.reference import Streets, read_patrol_plans
from hotspots.pipeline import PatrolPlanRequest, ShiftPlan, Study, plan_shift
from hotspots.products.files import write_index, write_patrol_plan
from hotspots.products.summary import PatrolPlanSummary, encode, summarise_patrol_plan
from hotspots.products.summary.schema import make_schema
from hotspots.products.words import say_each

NIGHT = PatrolPlanRequest(
    crime="robbery",
    day=dt.date(2026, 10, 24),
    begin=dt.time(22),
    end=dt.time(6),
    n_patrols=2,
    n_patrol_places=8,
    start_point="TQ 342 768",
    breaks=((30, dt.time(2, 0)),),
)
"""The night on which the clocks go back: nine hours."""


@pytest.fixture(scope="module")
def night(demonstration: Study) -> ShiftPlan:
    return plan_shift(demonstration, NIGHT)


@pytest.fixture(scope="module")
def written(night: ShiftPlan, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    _, paths = write_patrol_plan(night, tmp_path_factory.mktemp("maps"))
    return paths


@pytest.fixture(scope="module")
def numbers(written: dict[str, Path]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written["plan_json"].read_text("utf-8"))
    return found


def test_the_night_has_nine_hours_and_all_minutes_add_up(numbers: dict[str, Any]) -> None:
    assert numbers["shift_minutes"] == 9 * 60
    assert numbers["has_clock_change"]
    assert (numbers["begins_at"], numbers["ends_at"]) == ("2026-10-24T22:00:00+01:00", "2026-10-25T06:00:00+00:00")
    for route in numbers["routes"]:
        parts = [route[f"{part}_minutes"] for part in ("travel", "visit", "break", "wait")]
        assert sum(parts) == 9 * 60
        assert route["break_minutes"] == 30
    twice = [
        (stop["begins"], stop["begins_at"])
        for route in numbers["routes"]
        for stop in route["stops"]
        if stop["begins_at"].startswith("2026-10-25T01")
    ]
    assert twice
    for shown, moment in twice:
        assert shown.endswith("BST" if moment.endswith("+01:00") else "GMT")
    assert any("The clocks change in this shift: it is 9 hours long" in note for note in numbers["notes"])


def test_the_plan_is_worth_more_than_going_by_rank(night: ShiftPlan, numbers: dict[str, Any]) -> None:
    assert numbers["held_share"] >= numbers["by_rank_share"]
    assert any("by rank" in line for line in numbers["words"])
    assert night.plan.worth <= night.plan.expected
    assert night.plan.worth <= night.plan.bound
    assert numbers["most_share"] >= numbers["held_share"]
    assert any(line.startswith("No plan for these patrols could hold for ") for line in numbers["words"])


def test_what_is_expected_is_that_of_the_run_in_these_hours(night: ShiftPlan) -> None:
    places, analysis = night.analysis.places.patrol_places, night.analysis
    n_days = (analysis.end - analysis.start).days + 1
    for at, place in enumerate(places):
        weekly = place.evidence.expected / n_days * 7
        assert night.estimate.expected[at].sum() == pytest.approx(weekly)
        in_shift = night.estimate.expected[at, night.clock.hour_of_week]
        assert night.plan.shift.expected[at].tolist() == pytest.approx(in_shift.tolist())


def test_the_numbers_follow_their_schema(numbers: dict[str, Any]) -> None:
    jsonschema.validate(numbers, make_schema(PatrolPlanSummary))


def test_gpx_times_are_utc(written: dict[str, Path], numbers: dict[str, Any]) -> None:
    for route in numbers["routes"]:
        track = gpxpy.parse(written[f"patrol_{route['patrol']}_gpx"].read_text("utf-8"))
        (planned,) = track.routes
        visits = [stop for stop in route["stops"] if stop["kind"] == "visit"]
        assert len(planned.points) == len(visits)
        for point, stop in zip(planned.points, visits, strict=True):
            assert point.time == dt.datetime.fromisoformat(stop["begins_at"])
            assert point.time.utcoffset() == dt.timedelta(0)
            assert point.name is not None
            assert point.name.startswith(f"{stop['begins']} to {stop['ends']}: {stop['place_rank']} ")
        assert "synthetic" in (track.description or "")


def test_the_calendar_states_its_zone_and_keeps_its_events(
    written: dict[str, Path], numbers: dict[str, Any], night: ShiftPlan
) -> None:
    content = written["patrols_ics"].read_bytes()
    calendar: Any = icalendar.Calendar.from_ical(content)
    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == "Europe/London"
    events = calendar.walk("VEVENT")
    stops = [stop for route in numbers["routes"] for stop in route["stops"]]
    assert len(events) == len(stops)
    assert len({str(event["UID"]) for event in events}) == len(events)
    for event, stop in zip(events, stops, strict=True):
        for name, moment in (("DTSTART", "begins_at"), ("DTEND", "ends_at")):
            # times that the clock shows twice are never equal to those of another zone
            assert event[name].dt.astimezone(dt.UTC) == dt.datetime.fromisoformat(stop[moment]).astimezone(dt.UTC)
        is_second = any(
            stop[moment].startswith("2026-10-25T01") and "+00:00" in stop[moment] for moment in ("begins_at", "ends_at")
        )
        assert event["DTSTART"].params.get("TZID") == (None if is_second else "Europe/London")
    after = dt.datetime.combine(night.analysis.end + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)
    assert {event["DTSTAMP"].dt for event in events} == {after}


def test_a_plan_made_again_replaces_the_events_of_the_last(
    night: ShiftPlan, written: dict[str, Path], tmp_path: Path
) -> None:
    plan = plan_patrols(dataclasses.replace(night.plan.shift, visit_s=12 * 60))
    again = dataclasses.replace(night, request=dataclasses.replace(NIGHT, visit_minutes=12), plan=plan)
    _, paths = write_patrol_plan(again, tmp_path)
    found = [
        {
            str(event["UID"])
            for event in icalendar.Calendar.from_ical(folder["patrols_ics"].read_bytes()).walk("VEVENT")
        }
        for folder in (written, paths)
    ]  # fmt: skip
    assert len(found[0] & found[1]) == min(map(len, found))
    assert paths["card"].parent.name != written["card"].parent.name  # another question keeps its place


def read_events(paths: dict[str, Path]) -> dict[str, Any]:
    calendar: Any = icalendar.Calendar.from_ical(paths["patrols_ics"].read_bytes())
    assert calendar["METHOD"] == "PUBLISH"
    return {str(event["UID"]): event for event in calendar.walk("VEVENT")}


def test_a_plan_with_fewer_stops_cancels_those_that_are_gone(night: ShiftPlan, tmp_path: Path) -> None:
    """Two patrols, then one in the same folder of maps, then one again, then two again."""
    _, first = write_patrol_plan(night, tmp_path)
    before = read_events(first)
    assert {int(event["SEQUENCE"]) for event in before.values()} == {0}
    fewer = dataclasses.replace(
        night,
        request=dataclasses.replace(NIGHT, n_patrols=1),
        plan=plan_patrols(dataclasses.replace(night.plan.shift, n_patrols=1)),
    )
    told: list[str] = []
    _, second = write_patrol_plan(fewer, tmp_path, notify=told.append)
    after = read_events(second)
    n_stops = len(fewer.plan.routes[0].stops)
    gone = {uid for uid, event in after.items() if event["STATUS"] == "CANCELLED"}
    # nothing that a calendar holds is left as it was, and nothing is cancelled that is to be done
    assert before.keys() <= after.keys()
    assert len(after) - len(gone) == n_stops
    assert gone == before.keys() - {uid for uid, event in after.items() if event["STATUS"] == "CONFIRMED"}
    assert any("patrol2-" in uid for uid in gone)
    assert told == [
        f"The plan made before for this shift has {len(gone)} stops that this one has not. patrols.ics cancels them: "
        "import it into the same calendar, and see that they are gone."
    ]
    for uid in gone:
        event = after[uid]
        assert (int(event["SEQUENCE"]), event["TRANSP"]) == (1, "TRANSPARENT")
        assert str(event["SUMMARY"]) == f"Cancelled: {before[uid]['SUMMARY']}"
        assert event["DTSTART"].dt == before[uid]["DTSTART"].dt
    for uid in after.keys() - gone:
        same = uid in before and all(
            before[uid].get(name) == after[uid].get(name)
            for name in ("DTSTART", "DTEND", "SUMMARY", "LOCATION", "DESCRIPTION", "GEO")
        )
        assert int(after[uid]["SEQUENCE"]) == (0 if same or uid not in before else 1)
    # the same plan made again is the same file, and still cancels what an older calendar may hold
    content = second["patrols_ics"].read_bytes()
    _, third = write_patrol_plan(fewer, tmp_path)
    assert third["patrols_ics"].read_bytes() == content
    _, fourth = write_patrol_plan(night, tmp_path)
    back = read_events(fourth)
    assert {event["STATUS"] for uid, event in back.items() if uid in before} == {"CONFIRMED"}
    assert {int(back[uid]["SEQUENCE"]) for uid in gone} == {2}


def test_what_is_no_calendar_is_passed_over(night: ShiftPlan, written: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "patrols" / "older"
    folder.mkdir(parents=True)
    (folder / "patrols.ics").write_bytes(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID")
    _, paths = write_patrol_plan(night, tmp_path)
    assert paths["patrols_ics"].read_bytes() == written["patrols_ics"].read_bytes()


def test_the_table_has_a_row_for_each_visit(written: dict[str, Path], numbers: dict[str, Any]) -> None:
    with written["patrols_csv"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    visits = [stop for route in numbers["routes"] for stop in route["stops"] if stop["kind"] == "visit"]
    assert [row["arrive_at"] for row in rows] == [stop["begins_at"] for stop in visits]
    assert [int(row["rank"]) for row in rows] == [stop["place_rank"] for stop in visits]
    assert all("synthetic incidents" in row["data_status"] for row in rows)
    for patrol in ("1", "2"):
        assert sum(int(row["break_minutes"]) for row in rows if row["patrol"] == patrol) in (0, 30)


def test_what_reads_plans_reads_the_table(written: dict[str, Path], numbers: dict[str, Any]) -> None:
    plan = read_patrol_plans([written["patrols_csv"]], crs="EPSG:27700", time_zone="Europe/London")
    visits = [stop for route in numbers["routes"] for stop in route["stops"] if stop["kind"] == "visit"]
    told = sorted((stop["begins_utc"], stop["ends_utc"]) for stop in visits)
    found = zip(plan.visits["started_instant"], plan.visits["ended_instant"], strict=True)
    assert sorted((f"{begin:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}") for begin, end in found) == told
    assert plan.n_patrols == 2


def test_the_card_has_a_sheet_for_each_patrol(written: dict[str, Path], numbers: dict[str, Any]) -> None:
    page = written["card"].read_text("utf-8")
    assert page.count('class="card"') == 2
    assert page.count('<svg viewBox="0 0 440') == 2
    assert "Not for decisions" in page
    for line in (*numbers["words"], *numbers["notes"]):
        assert line.replace("'", "&#39;") in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_same_plan_gives_the_same_bytes(night: ShiftPlan, written: dict[str, Path], tmp_path: Path) -> None:
    _, paths = write_patrol_plan(night, tmp_path)
    for key, path in paths.items():
        assert path.read_bytes() == written[key].read_bytes(), key


def test_the_list_of_products_names_the_plan(written: dict[str, Path]) -> None:
    out = written["card"].parents[2]
    page = write_index(out).read_text("utf-8")
    assert "Patrol plans" in page
    assert "card.html" in page
    assert "patrol_2.gpx" in page
    assert "22:00 to 06:00" in page


def test_without_hours_every_hour_counts_the_same(night: ShiftPlan) -> None:
    summary = dataclasses.replace(summarise_patrol_plan(night), is_flat=True)
    assert any("do not say at which hour robberies happen" in line for line in say_each("patrol_plan.notes", summary))
    assert encode(summary)["is_flat"]


def test_a_piece_of_the_streets_is_not_enough(night: ShiftPlan) -> None:
    travel = dataclasses.replace(summarise_patrol_plan(night).travel, is_along_streets=True)
    for n_off, said in ((0, None), (1, "1 of 8 places lies further than 250 m"), (5, "5 of 8 places lie further")):
        partly = dataclasses.replace(travel, n_off_streets=n_off)
        summary = dataclasses.replace(summarise_patrol_plan(night), travel=partly)
        lines = [line for line in say_each("patrol_plan.notes", summary) if "Give all streets" in line]
        assert bool(lines) == bool(said)
        assert all(line.startswith(said or "") for line in lines)


@pytest.mark.slow
def test_places_that_streets_do_not_reach_are_counted(demonstration: Study) -> None:
    """Streets are a square of one kilometre: a place is off them if it lies further than 250 m from its edge."""
    square = shapely.LineString(shapely.box(532000, 178000, 533000, 179000).exterior)
    ways = gpd.GeoDataFrame(
        {"name": ["Ring Road"], "kind": ["residential"]},
        geometry=[square],
        crs=27700,
        index=pd.Index(["1"], name="way_id"),
    )
    streets = Streets(ways=ways, inputs=(), left_out={}, n_broken=0, n_unnamed=0)
    plan = plan_shift(dataclasses.replace(demonstration, streets=streets), NIGHT)
    outlines = [place.outline for place in plan.analysis.places.patrol_places]
    away = [square.distance(outline.point_on_surface()) for outline in outlines]
    assert 0 < plan.n_off_streets < len(outlines)
    assert plan.n_off_streets == sum(m > 250 for m in away)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start_point": "0.5,51.4"}, "Write latitude first|within 30 km"),
        ({"start_point": "TQ 342 968", "end_point": "SU 342 768"}, "`end_point` must lie within 30 km"),
        ({"visit_minutes": 600, "max_gap_minutes": 600}, "does not fit into a shift of 540 minutes"),
        ({"breaks": ((540, dt.time(22)),)}, "with 540 minutes of breaks. Give a longer `shift` or fewer `breaks`"),
        ({"breaks": ((30, dt.time(12)),)}, "begin in the shift, 22:00 to 06:00"),
    ],
)
def test_what_cannot_be_followed_is_refused(demonstration: Study, change: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        plan_shift(demonstration, dataclasses.replace(NIGHT, **change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"by": "horse"}, 'by foot or by car, not "horse"'),
        ({"car_kmh": 0.0}, "speed of a car must be from 1 to 120 km/h, not 0"),
        ({"parking_minutes": 90.0}, "time to park must be from 0 to 60 minutes"),
        ({"n_patrol_places": 0}, "number of places to patrol must be from 1"),
        ({"n_patrols": 21}, "number of patrols must be from 1 to 20, not 21"),
        ({"n_patrols": 10**400}, "number of patrols must be from 1 to 20, not 10,000,"),
        ({"visit_minutes": 0}, "length of a visit must be from 1 to 1440 minutes, not 0"),
        ({"visit_minutes": 600}, "120 minutes are less than 600"),
    ],
)
def test_a_request_that_cannot_be_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        dataclasses.replace(NIGHT, **change)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--shift", "14-22"), '"14-22" is not a shift. Write it as 14:00-22:00'),
        (("--shift", "14:00-22:00", "--break", "18:00"), '"18:00" is not a break. Write minutes and time as 30@18:00'),
        (("--shift", "14:00-22:00", "--patrols", "0"), "number of patrols must be from 1 to 20, not 0"),
    ],
)
def test_options_are_refused_with_their_form(arguments: tuple[str, ...], said: str, repository: Path) -> None:
    options = ["--crime", "robbery", "--date", "2026-10-24", "--incidents", str(repository / "nothing")]
    code, _, err = call("patrol", "plan", *options, *arguments)
    assert code == 2
    assert said in err.replace("\n", " ")


def test_every_option_is_named_like_what_it_fills() -> None:
    options = {option.name for option in plan_command.params}
    known = {field.name for kind in (PatrolPlanRequest, StudyInputs) for field in dataclasses.fields(kind)}
    assert options - known == {"shift", "out", "as_json"}


@pytest.mark.slow
def test_the_command_writes_all_of_it(repository: Path, tmp_path: Path) -> None:
    data = repository / "data"
    code, out, err = call(
        *("patrol", "plan", "--crime", "robbery", "--date", "2026-10-24", "--shift", "14:00-22:00", "--by", "car"),
        *("--places", "6", "--incidents", data / "incidents", "--boundaries", data / "boundaries"),
        *("--out", tmp_path / "maps"),
    )
    assert code == 0, err
    card = Path(out.strip())
    assert sorted(one.name for one in card.parent.iterdir()) == [
        *("card.html", "manifest.json", "patrol_1.gpx", "patrols.csv", "patrols.ics", "plan.json")
    ]
    assert "1 patrol by car makes" in err
    assert "at 20 km an hour with 2 minutes to park, and one-way streets are not known" in err


def test_too_little_for_a_place_is_said(demonstration: Study) -> None:
    with pytest.raises(TooLittleDataError):
        plan_shift(demonstration, dataclasses.replace(NIGHT, first_day=dt.date(2026, 9, 30)))


def test_the_card_can_be_used_by_everybody(written: dict[str, Path], browser: Any) -> None:
    assert list_faults(browser, written["card"]) == []
