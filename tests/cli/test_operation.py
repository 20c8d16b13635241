from __future__ import annotations

import datetime as dt
import functools
import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hotspots.analysis.change import AreaWeights
from hotspots.errors import DataError, ParameterError
from hotspots.pipeline.operation import evaluate_operation
from hotspots.pipeline.operation_areas import Area, find_area
from hotspots.pipeline.operation_request import OperationRequest
from hotspots.pipeline.study import Study, load_study
from hotspots.products.files.operation_folder import name_operation, write_operation
from hotspots.products.summary import encode, summarise_operation
from hotspots.products.words.sentences import say

HEADER = "Offence,Date From,Easting,Northing"
DATES = ("--from", "2026-04-01", "--to", "2026-06-30")


@pytest.fixture
def call(call: Any) -> Any:
    """`hotspots operation` as a user runs it in an empty folder."""
    return functools.partial(call, "operation")


def write_rows(path: Path, rows: list[tuple[str, float, float]]) -> None:
    path.write_text("\n".join([HEADER, *(f"Robbery,{day},{x:.0f},{y:.0f}" for day, x, y in rows)]))


def save_box(path: Path, *box: float, crs: int = 4326) -> Path:
    gpd.GeoDataFrame(geometry=[shapely.box(*box)], crs=27700).to_crs(crs).to_file(path)
    return path


@pytest.fixture
def inputs(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> list[str]:
    """Robberies over two years, even over four wards; of 2026 from April, three of four in the middle of A are gone."""
    rng = np.random.default_rng(1)
    n = 4_000
    days = np.datetime64("2024-07-01") + rng.integers(0, 730, n)
    days[:2] = np.array(["2024-07-01", "2026-06-30"], dtype="datetime64[D]")
    east, north = rng.uniform(530_000, 532_000, n), rng.uniform(180_000, 182_000, n)
    treated = (abs(east - 530_500) < 300) & (abs(north - 180_500) < 300)
    kept = ~(treated & (days >= np.datetime64("2026-04-01")) & (rng.random(n) < 0.75)) | (np.arange(n) < 2)
    rows = [(f"{d.item():%d/%m/%Y}", x, y) for d, x, y in zip(days[kept], east[kept], north[kept], strict=True)]
    write_rows(tmp_path / "a.csv", rows)
    square_wards.to_file(tmp_path / "wards.gpkg")
    save_box(tmp_path / "area.geojson", 530_200, 180_200, 530_800, 180_800)
    save_box(tmp_path / "control.gpkg", 531_200, 181_200, 531_800, 181_800)
    return ["--incidents", str(tmp_path / "a.csv"), "--boundaries", str(tmp_path / "wards.gpkg"), "--crime", "robbery"]


def count(path: Path, box: tuple[float, ...], start: str, end: str) -> int:
    rows = pd.read_csv(path)
    day = pd.to_datetime(rows["Date From"], format="%d/%m/%Y")
    west, south, east, north = box
    return int(
        (
            day.between(start, end)
            & rows["Easting"].between(west, east, inclusive="neither")
            & rows["Northing"].between(south, north, inclusive="neither")
        ).sum()
    )


def test_a_fall_is_found_counted_and_written(call: Any, inputs: list[str], tmp_path: Path) -> None:
    said = call(*inputs, *DATES, "--treated", "area.geojson", "--control", "control.gpkg", "--buffer", 100)
    assert said.code == 0, said.err
    path = tmp_path / said.out.strip()
    assert path.parent.parent == tmp_path / "maps" / "operation"
    assert re.fullmatch("robbery_2026-04-01_2026-06-30_area_[0-9a-f]{8}", path.parent.name)
    assert path.name == "operation.html"
    found = json.loads((path.parent / "operation.json").read_text("utf-8"))
    assert found["before"] | {"n_days": 91} == found["before"]
    assert (found["before"]["start"], found["before"]["end"]) == ("2025-04-01", "2025-06-30")
    counts = {row["area"]: (row["before"], row["after"]) for row in found["counts"]}
    for area, box in (
        ("treated", (530_200, 180_200, 530_800, 180_800)),
        ("control", (531_200, 181_200, 531_800, 181_800)),
    ):
        for got, period in zip(counts[area], (("2025-04-01", "2025-06-30"), ("2026-04-01", "2026-06-30")), strict=True):
            assert abs(got - count(tmp_path / "a.csv", box, *period)) <= 2  # an edge moves when it is projected back
    treated, control = counts["treated"], counts["control"]
    around, beside = counts["displacement_treated"], counts["displacement_control"]
    wdd = found["results"]["net"]["weighted_displacement_difference"]
    change = [after - before for before, after in (treated, around, control, beside)]
    assert wdd["difference"] == change[0] + change[1] - change[2] - change[3]
    assert wdd["variance"] == sum(map(sum, (treated, around, control, beside)))
    assert found["results"]["local"]["verdict"] == "better"
    assert "In the treated area alone: better than the control, by more than chance." in said.err
    assert found["verdict"] == found["results"]["net"]["verdict"]
    assert sum(one["n_treated"] for one in found["bins"][-3:]) == treated[1]
    assert [one["start"] for one in found["bins"]][::14] == ["2025-04-01", "2026-06-01"]
    page = path.read_text("utf-8")
    for word in ("Did it work?", "Weighted displacement", "Around the control", "Before you rely on it"):
        assert word.lower() in page.lower()
    assert not re.search(r"https?://", page.replace("http://www.w3.org", ""))
    assert sorted(one.name for one in path.parent.iterdir()) == [*("manifest.json", "operation.html", "operation.json")]
    assert sorted(one.name for one in (tmp_path / "maps").iterdir()) == ["index.html", "operation"]


def test_json_is_what_was_written_and_the_run_is_repeatable(call: Any, inputs: list[str], tmp_path: Path) -> None:
    arguments = (*inputs, *DATES, "--treated", "area.geojson")
    one = json.loads(call(*arguments, "--json").out)
    folder = (tmp_path / one["products"]["operation"]).parent
    first = (folder / "operation.html").read_bytes(), (folder / "operation.json").read_bytes()
    assert json.loads(first[1]) | {"products": None} == one | {"products": None}
    call(*arguments)
    assert first == ((folder / "operation.html").read_bytes(), (folder / "operation.json").read_bytes())


def test_the_rest_of_the_study_area_is_the_control_by_default(call: Any, inputs: list[str], tmp_path: Path) -> None:
    found = json.loads(call(*inputs, *DATES, "--treated-ward", "Ash", "--json").out)
    assert found["areas"]["treated"]["name"] == "Ash"
    assert found["areas"]["control"]["is_rest"]
    assert found["areas"]["control"]["area_km2"] == pytest.approx(3)
    for index, dates in enumerate((("2025-04-01", "2025-06-30"), ("2026-04-01", "2026-06-30"))):
        total = sum(row[("before", "after")[index]] for row in found["counts"])
        everywhere = count(tmp_path / "a.csv", (529_999, 179_999, 532_001, 182_001), *dates)
        assert abs(total - everywhere) <= 2  # on the very edge
    # the control has three times the area, and is brought to that of the ward
    change = {row["area"]: row["change"] for row in found["counts"]}
    difference = found["results"]["local"]["weighted_displacement_difference"]["difference"]
    assert difference == pytest.approx(change["treated"] - change["control"] / 3, abs=0.01)
    assert found["area_weights"]["words"] == (
        "Weighed by area: the control has 3.0 times the area of the treated area, and its counts are divided by that. "
        "The difference is in incidents of the treated area."
    )
    assert "control had" not in " ".join(found["notes"])
    plain = json.loads(call(*inputs, *DATES, "--treated-ward", "Ash", "--area-weights", "none", "--json").out)
    difference = plain["results"]["local"]["weighted_displacement_difference"]["difference"]
    assert difference == change["treated"] - change["control"]
    assert plain["area_weights"]["words"] is None
    assert "control had" in " ".join(plain["notes"])
    assert "Whether crime moved next door was not looked at: a buffer around the areas would show it." in " ".join(
        found["notes"]
    )
    with_buffer = json.loads(call(*inputs, *DATES, "--treated-ward", "Ash", "--buffer", 200, "--json").out)
    assert [row["area"] for row in with_buffer["counts"]] == ["treated", "displacement_treated", "control"]
    assert sum(row["after"] for row in with_buffer["counts"]) == sum(row["after"] for row in found["counts"])


def test_no_incident_counts_in_two_areas(call: Any, inputs: list[str], tmp_path: Path) -> None:
    """Control and buffers overlap in every way; together they hold no more than there is."""
    save_box(tmp_path / "near.geojson", 530_600, 180_000, 531_500, 181_000)
    found = json.loads(
        call(*inputs, *DATES, "--treated", "area.geojson", "--control", "near.geojson", "--buffer", 300, "--json").out
    )
    total = sum(row["after"] for row in found["counts"])
    assert total <= count(tmp_path / "a.csv", (529_999, 179_999, 532_001, 182_001), "2026-04-01", "2026-06-30")
    assert found["areas"]["control"]["overlap_share"] == pytest.approx(0.2 * 0.6 / 0.9, rel=0.01)
    notes = " ".join(found["notes"])
    assert "of the control was treated too, and is left out of it." in notes
    assert "The control lies next to the treated area" in notes


def test_a_control_by_ward_and_days_that_are_no_months(call: Any, inputs: list[str]) -> None:
    said = call(
        *inputs, "--treated", "area.geojson", "--control-ward", "Date", "--from", "2026-05-04", "--to", "2026-06-14",
        "--before", "previous", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert (found["before"]["start"], found["before"]["end"]) == ("2026-03-23", "2026-05-03")
    assert found["bin_unit"] == "week"
    assert len(found["bins"]) == 12
    assert all(one["is_whole"] for one in found["bins"])
    assert sum(one["n_control"] for one in found["bins"][6:]) == next(
        row["after"] for row in found["counts"] if row["area"] == "control"
    )
    assert "The period before is from another time of year" in said.err
    assert "counts as an effect. Comparing with the year before avoids that." in said.err


def test_a_year_before_that_the_files_lack_is_not_advised(call: Any, inputs: list[str]) -> None:
    said = call(
        *inputs, "--treated", "area.geojson", "--from", "2025-01-01", "--to", "2025-03-31", "--before", "previous"
    )
    assert said.code == 0, said.err
    assert "between here and the control counts as an effect.\n" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--treated", "area.geojson"], 2, "An operation needs a first and a last day; not both were given"),
        ([*DATES], 2, "An operation needs an area; none was given. Give --treated"),
        ([*DATES, "--treated", "none.geojson"], 2, "No file or folder none.geojson to read the treated area from"),
        ([*DATES, "--treated-ward", "Narnia"], 2, 'No ward called "Narnia"'),
        ([*DATES, "--treated", "a.csv"], 3, "cannot be read as the treated area"),
        ([*DATES, "--treated", "lines.geojson"], 3, "An area must be a polygon; lines.geojson holds LineString"),
        ([*DATES, "--treated", "far.geojson"], 3, "The treated area must lie in the wards of the study; far lies in"),
        ([*DATES, "--treated", "area.geojson", "--control", "far.geojson"], 3, "The control must lie in the wards of"),
        ([*DATES, "--treated", "area.geojson", "--control", "area.geojson"], 3, "none are left of area. Give another"),
        ([*DATES, "--treated-ward", "Ash", "--ward", "Ash"], 3, "none are left of the study area"),
        (
            [*DATES, "--treated-ward", "Ash", "--area-weights", "1.2"],
            2,
            '--area-weights must be area, none or two sizes (treated area, control), such as 1.2,0.9; "1.2" is not.',
        ),
        (
            [*DATES, "--treated-ward", "Ash", "--buffer", "100", "--area-weights", "1,2"],
            2,
            "four sizes (treated area, control, around the one, around the other), such as 1.2,0.9,1.5,1.6",
        ),
        (
            [*DATES, "--treated-ward", "Ash", "--area-weights", "1,0"],
            2,
            "above 0; `control` has 0.0. Give the",
        ),
        ([*DATES, "--treated-ward", "Ash", "--buffer", "-5"], 2, "from 0 m to 5,000 m wide, not -5 m. 200 m is usual"),
        ([*DATES, "--treated-ward", "Ash", "--buffer", "nan"], 2, "from 0 m to 5,000 m wide, not nan"),
        (
            ["--from", "2026-06-30", "--to", "2026-04-01", "--treated-ward", "Ash"],
            2,
            "An operation must end on or after its first day; this one runs from 2026-06-30 to 2026-04-01. Swap them",
        ),
        (
            ["--from", "2025-04-01", "--to", "2026-06-30", "--treated-ward", "Ash"],
            2,
            "An operation longer than a year, 2025-04-01 to 2026-06-30, cannot be compared with the same dates",
        ),
        (
            ["--from", "2025-04-01", "--to", "2025-06-30", "--treated-ward", "Ash"],
            4,
            "but the incidents run from 2024-07-01 to 2025-06-30. "
            "Give files of all these days, other dates, or --before previous.",
        ),
        (
            ["--from", "2026-07-01", "--to", "2026-09-30", "--treated-ward", "Ash", "--before", "previous"],
            4,
            "incidents run from 2026-04-01 to 2026-06-30. Give files of all these days, or other dates.",
        ),
        (
            ["--from", "2025-09-01", "--to", "2026-12-31", "--treated-ward", "Ash", "--before", "previous"],
            4,
            "Give files of all these days, or other dates.",
        ),
        (
            ["--from", "2024-10-01", "--to", "2025-03-31", "--treated-ward", "Ash", "--before", "previous"],
            4,
            "Give files of all these days, or other dates.",
        ),
        (
            ["--from", "0001-01-01", "--to", "0001-03-31", "--treated-ward", "Ash"],
            2,
            "0001-",
        ),
        ([*DATES, "--treated-ward", "Ash", "--crime", "piracy"], 2, "Ask for one of: robbery"),
    ],
)
def test_a_mistake_has_its_exit_code_and_writes_nothing(
    call: Any, inputs: list[str], tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    line = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 51), (0.1, 51)])], crs=4326)
    line.to_file(tmp_path / "lines.geojson")
    save_box(tmp_path / "far.geojson", 400_000, 300_000, 401_000, 301_000)
    said = call(*inputs, *arguments)
    assert said.code == code, said.err
    assert said.out == ""
    assert message in said.err
    assert not (tmp_path / "maps").exists()


def test_a_gap_in_the_data_is_not_taken_for_a_fall(call: Any, inputs: list[str], tmp_path: Path) -> None:
    rows = (tmp_path / "a.csv").read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join(row for row in rows if "/05/2025" not in row))
    said = call(*inputs, *DATES, "--treated", "area.geojson")
    assert said.code == 4
    assert (
        "The files hold no rows of any crime for 2025-05, which the comparison needs: a gap in the data would look"
        in said.err
    )
    assert "Give the files of these months, other dates, or --before previous." in said.err


def add_burglaries(path: Path) -> None:
    """As many again of another crime, which goes on throughout."""
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *rows, *(row.replace("Robbery", "Burglary in a dwelling") for row in rows)]))


@pytest.mark.parametrize(
    ("gone", "months", "next_step"),
    [
        (r"Robbery,../05/2025", "2025-05", "other dates, or --before previous."),
        (r"Robbery,../06/2026", "2026-06", "or other dates."),
        (r"Robbery,([12].|3.)/06/2026", "2026-06", "or other dates."),
        (r"Robbery,.*(2024|0[1-3]/2025|04/2025)", "2025-04", "other dates, or --before previous."),
    ],
)
def test_a_gap_in_the_data_of_this_crime_alone_is_not_taken_for_a_fall(
    call: Any, inputs: list[str], tmp_path: Path, gone: str, months: str, next_step: str
) -> None:
    add_burglaries(tmp_path / "a.csv")
    rows = (tmp_path / "a.csv").read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join(row for row in rows if not re.match(gone, row)))
    said = call(*inputs, *DATES, "--treated", "area.geojson")
    assert said.code == 4, said.err
    assert f"The files hold none, or only a part, of the robberies of {months}, although they hold other" in said.err
    assert f"Give the files of these months, {next_step}" in said.err


def test_days_beside_a_gap_can_be_compared(call: Any, inputs: list[str], tmp_path: Path) -> None:
    """The file of the crime ends on 20 June; the operation on the 14th."""
    add_burglaries(tmp_path / "a.csv")
    rows = (tmp_path / "a.csv").read_text().splitlines()
    kept = [row for row in rows if not re.match(r"Robbery,(2[1-9]|3.)/06/2026", row)]
    (tmp_path / "a.csv").write_text("\n".join(kept))
    said = call(*inputs, "--treated", "area.geojson", "--from", "2026-05-04", "--to", "2026-06-14")
    assert said.code == 0, said.err


def test_a_month_in_which_all_crime_and_this_one_are_few_is_told(call: Any, inputs: list[str], tmp_path: Path) -> None:
    add_burglaries(tmp_path / "a.csv")
    rows = (tmp_path / "a.csv").read_text().splitlines()
    kept = [row for row in rows if not re.search(r",(0[5-9]|[12].|3.)/05/2025", row)]
    (tmp_path / "a.csv").write_text("\n".join(kept))
    said = call(*inputs, *DATES, "--treated", "area.geojson")
    assert said.code == 0, said.err
    assert "2025-05 has far fewer rows than the months beside" in said.err


@pytest.fixture
def month_only(tmp_path: Path, square_wards: gpd.GeoDataFrame) -> list[str]:
    """Two years in the layout of police.uk, at four shared points."""
    wards = square_wards.set_geometry(square_wards.translate(4_000, -4_000))
    wards.to_file(tmp_path / "wards.gpkg")
    points = wards.geometry.representative_point().to_crs(4326)
    rows = [
        f"2025-{month:02},Metropolitan Police Service,{point.x:.6f},{point.y:.6f},On or near High Street,Robbery"
        for month in range(1, 13)
        for point in points
        for _ in range(10)
    ]
    header = "Month,Falls within,Longitude,Latitude,Location,Crime type"
    (tmp_path / "a.csv").write_text("\n".join([header, *rows]))
    return ["--incidents", str(tmp_path / "a.csv"), "--boundaries", str(tmp_path / "wards.gpkg"), "--crime", "robbery"]


def test_month_only_incidents_need_whole_months(call: Any, month_only: list[str]) -> None:
    arguments = ("--treated-ward", "Ash", "--before", "previous")
    said = call(*month_only, *arguments, "--from", "2025-04-10", "--to", "2025-06-30")
    assert said.code == 2
    assert "These robberies are known by month only, so an operation must be of whole months" in said.err
    assert "Give --from 2025-04-01 and --to 2025-06-30, or incidents with their days." in said.err
    said = call(*month_only, *arguments, "--from", "2025-04-01", "--to", "2025-06-30", "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert (found["before"]["start"], found["before"]["end"]) == ("2025-01-01", "2025-03-31")
    assert [(row["before"], row["after"]) for row in found["counts"]] == [(30, 30), (90, 90)]
    assert found["verdict"] == "no apparent effect"
    assert found["results"]["net"]["elsewhere"] is None
    notes = " ".join(found["notes"])
    assert "Incidents are at shared points near where they happened" in notes
    assert "which matters in an area this small" in notes
    assert "The area is too large to place elsewhere: the study area has room for 4 of its size side by side" in notes
    assert "limits of 95% need 19. The result could therefore not be tested where nothing was done" in notes


def test_names_are_escaped(call: Any, inputs: list[str], tmp_path: Path) -> None:
    (tmp_path / "area.geojson").rename(tmp_path / "<b>&'x.geojson")
    said = call(*inputs, *DATES, "--treated", "<b>&'x.geojson")
    assert said.code == 0, said.err
    page = (tmp_path / said.out.strip()).read_text("utf-8")
    assert "<b>&'x" not in page
    assert "&lt;b&gt;&amp;" in page


# --- what is said, from counts that are known


TREATED = (530_200, 180_200, 530_800, 180_800)
RING = (530_120, 180_300, 530_180, 180_700)
CONTROL = (531_200, 181_200, 531_800, 181_800)
CONTROL_RING = (531_120, 181_300, 531_180, 181_700)


@pytest.fixture
def call_with(call: Any, inputs: list[str], tmp_path: Path) -> Any:
    """Runs the command on so many robberies before and during the operation in each box."""

    def run(counts: dict[tuple[int, int, int, int], tuple[int, int]], *arguments: object) -> dict[str, Any]:
        rng = np.random.default_rng(2)
        rows = []
        for (west, south, east, north), periods in counts.items():
            for n, first in zip(periods, ("2025-04-01", "2026-04-01"), strict=True):
                days = np.datetime64(first) + np.arange(n) * 91 // max(n, 1)
                xs, ys = rng.uniform(west + 5, east - 5, n), rng.uniform(south + 5, north - 5, n)
                rows += [(f"{day.item():%d/%m/%Y}", x, y) for day, x, y in zip(days, xs, ys, strict=True)]
        write_rows(tmp_path / "a.csv", rows)
        said = call(*inputs, *DATES, "--treated", "area.geojson", "--json", *arguments)
        assert said.code == 0, said.err
        found: dict[str, Any] = json.loads(said.out)
        for row in found["counts"]:
            box = {"treated": TREATED, "displacement_treated": RING, "displacement_control": CONTROL_RING}
            wanted = counts.get(box.get(row["area"], CONTROL))
            assert (row["before"], row["after"]) == (wanted or (0, 0))
        return found

    return run


def test_crime_that_rose_by_less_than_in_the_control_is_not_said_to_have_fallen(call_with: Any, tmp_path: Path) -> None:
    found = call_with({TREATED: (200, 220), CONTROL: (200, 340)}, "--control", "control.gpkg")
    assert found["verdict"] == "better"
    assert found["words"][0] == "Robberies in the treated area did better than in the control, by more than chance."
    page = (tmp_path / found["products"]["operation"]).read_text("utf-8")
    assert "better than the control" in page
    assert "verdict better" in page
    for text in (" ".join(found["words"]), page):
        assert not re.search(r"\bfell\b|\brose\b", text)


def test_an_area_drawn_around_few_incidents_is_not_to_be_shared(call: Any, inputs: list[str], tmp_path: Path) -> None:
    save_box(tmp_path / "house.geojson", 531_500, 181_500, 531_590, 181_590)  # 250 incidents per km² in all
    said = call(*inputs, *DATES, "--treated", "house.geojson")
    words = "An area drawn in a file holds so few incidents or places that single victims can be found."
    assert f"Not to be shared. {words}" in said.err
    page = next((tmp_path / "maps").rglob("operation.html"))
    assert f"<b>Not to be shared.</b> {words}<" in page.read_text("utf-8")
    assert ">not to be shared</span>" in (tmp_path / "maps" / "index.html").read_text("utf-8")
    assert "Not to be shared" not in call(*inputs, *DATES, "--treated-ward", "Ash").err


@pytest.mark.slow
def test_an_effect_spreads_only_from_an_area_that_did_better_itself(call_with: Any) -> None:
    found = call_with({TREATED: (200, 330), RING: (200, 210), CONTROL: (400, 660)}, "--buffer", 100)
    ring = found["words"][-1]
    assert found["results"]["local"]["verdict"] == "no apparent effect"
    assert ring.startswith(
        "In the 100 m around it: they did better there than in the control, by more than chance: no sign that they "
        "moved there. 36% fewer than if they had changed as in the control: 210 where 330 were expected"
    )
    assert "spread" not in ring
    found = call_with({TREATED: (200, 210), RING: (200, 210), CONTROL: (400, 660)}, "--buffer", 100)
    assert "no sign that they moved there; the effect may have spread." in found["words"][-1]
    assert "around the control" not in " ".join(found["words"])


@pytest.mark.slow
def test_crime_moved_only_out_of_an_area_that_did_better(call_with: Any) -> None:
    control = ("--control", "control.gpkg", "--buffer", 100)
    found = call_with({TREATED: (200, 100), RING: (100, 200), CONTROL: (200, 200), CONTROL_RING: (100, 100)}, *control)
    ring = found["words"][-1]
    assert "they did worse there than around the control, by more than chance: some may have moved there." in ring
    assert "if they had changed as around the control: 200 where 100 were expected" in ring
    assert "as in the control and 100 m around it: 300 where 300 were expected" in found["words"][1]
    found = call_with({TREATED: (200, 200), RING: (100, 200), CONTROL: (200, 200), CONTROL_RING: (100, 100)}, *control)
    assert (
        "but they did not do better in the treated area, so this is not a sign that they moved from it."
        in (found["words"][-1])
    )


@pytest.mark.slow
def test_no_incident_before_or_during_says_nothing(call_with: Any) -> None:
    found = call_with({CONTROL: (200, 180)}, "--control", "control.gpkg")
    assert found["words"] == ["Nothing can be said: the treated area had no robberies before or during the operation."]
    assert found["verdict"] == "nothing can be said"
    assert found["untried"] == "none before"
    found = call_with({RING: (100, 20), CONTROL: (200, 180)}, "--buffer", 100)
    assert found["verdict"] == "nothing can be said"
    assert found["words"][0] == "Nothing can be said: the treated area had no robberies before or during the operation."
    assert found["words"][1].startswith("In the 100 m around it: they did better there than in the control")
    assert len(found["words"]) == 2


def test_areas_elsewhere_are_not_chosen_by_what_came_after(call_with: Any) -> None:
    """Of areas without any incident before, only those with some after would be left: each of them a rise."""
    found = call_with({TREATED: (0, 9), CONTROL: (2_000, 2_000)})
    assert found["untried"] == "none before"
    assert found["results"]["net"]["elsewhere"] is None
    notes = " ".join(found["notes"])
    assert (
        "The treated area had no robberies before, so there is nothing to match elsewhere. "
        "The result could therefore not be tested"
    ) in notes
    assert "the treated area had no robberies before. The verdict compares shares." in notes


def test_many_times_are_written_as_whole_numbers(call_with: Any) -> None:
    notes = " ".join(call_with({TREATED: (10, 8), CONTROL: (2_140, 2_000)}, "--area-weights", "none")["notes"])
    assert "the control had 214 times the robberies of the treated area before." in notes
    notes = " ".join(call_with({TREATED: (900, 800), CONTROL: (300, 300)}, "--area-weights", "1,3")["notes"])
    assert "the control had 0.11 times the robberies of the treated area before, for its size." in notes


def test_the_published_example_of_sizes_from_the_command_line(call_with: Any, tmp_path: Path) -> None:
    """Wheeler (2021): sizes of 1.2, .9, 1.5 and 1.6 give -99.694."""
    counts = {TREATED: (207, 110), CONTROL: (308, 318), RING: (178, 157), CONTROL_RING: (150, 140)}
    found = call_with(
        counts, "--control", "control.gpkg", "--buffer", 100, "--area-weights", "1.2,0.9,1.5,1.6", "--harm", "severity"
    )
    assert found["results"]["net"]["weighted_displacement_difference"]["difference"] == -99.69
    assert found["area_weights"]["words"] == (
        "Weighed by the sizes given: counts are divided by 1.2 in the treated area and 0.9 in the control, 1.5 and 1.6 "
        "around them. The difference is in incidents of an area of size 1."
    )
    # 746 points a robbery, and no other crime
    assert found["harm"]["net"]["difference"] == pytest.approx(746 * -99.69444444, abs=0.01)
    assert found["harm"]["net"]["p_value"] == found["results"]["net"]["weighted_displacement_difference"]["p_value"]
    assert (
        "By harm (severity), over the 1 crime that has a figure: \N{MINUS SIGN}74,400 points against the control ("
        in (found["words"][-1])
    )
    page = (tmp_path / found["products"]["operation"]).read_text("utf-8")
    assert "All crimes, by harm" in page
    assert "Weighed by the sizes given" in page


@pytest.mark.slow
def test_crimes_are_weighed_by_harm_and_what_has_no_figure_is_named(
    call: Any, inputs: list[str], tmp_path: Path
) -> None:
    """As many burglaries and drug offences as robberies: 746 and 438 points, and no figure."""
    path = tmp_path / "a.csv"
    header, *rows = path.read_text().splitlines()
    others = [row.replace("Robbery", crime) for crime in ("Burglary in a dwelling", "Drugs") for row in rows]
    path.write_text("\n".join([header, *rows, *others]))
    found = json.loads(call(*inputs, *DATES, "--treated", "area.geojson", "--harm", "severity", "--json").out)
    robbery = found["results"]["net"]["weighted_displacement_difference"]
    harm = found["harm"]["net"]
    assert harm["difference"] == pytest.approx((746 + 438) * robbery["difference"], rel=1e-3)
    assert harm["variance"] == pytest.approx((746**2 + 438**2) * robbery["variance"], rel=1e-3)
    assert [(one["harm"], one["treated"]) for one in found["harm"]["crimes"]] == [
        (figure, [found["counts"][0]["before"], found["counts"][0]["after"]]) for figure in (746.0, 438.0)
    ]
    assert found["harm"]["n_unweighed"] == {"Drugs": sum(row["before"] + row["after"] for row in found["counts"])}
    assert found["harm"]["most_uncertain_share"] == pytest.approx(746**2 / (746**2 + 438**2), abs=1e-4)
    assert "74% of the uncertainty (variance) is of robbery alone." in found["words"][-1]


def test_a_crime_of_which_a_month_is_not_in_the_files_is_left_out_of_harm_and_named(
    call: Any, inputs: list[str], tmp_path: Path
) -> None:
    add_burglaries(tmp_path / "a.csv")
    rows = (tmp_path / "a.csv").read_text().splitlines()
    (tmp_path / "a.csv").write_text("\n".join(row for row in rows if not re.match(r"Burgl.*,../05/2025", row)))
    found = json.loads(call(*inputs, *DATES, "--treated", "area.geojson", "--harm", "severity", "--json").out)
    assert [one["crime"] for one in found["harm"]["crimes"]] == ["robbery"]
    assert found["harm"]["uncovered"] == ["Residential burglary"]


def test_harm_without_any_figure_is_refused(call: Any, inputs: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(path.read_text().replace("Robbery", "Drugs"))
    arguments = [*inputs[:-1], "drugs", *DATES, "--treated", "area.geojson", "--harm", "cost"]
    said = call(*arguments)
    assert said.code == 4
    assert (
        "A difference in harm by cost needs crimes that have a figure and data in both periods; there are none. "
        "Without a figure: Drugs. Leave --harm out, or give figures under [harm.cost] in hotspots.toml."
    ) in said.err


@pytest.mark.parametrize(("earlier", "is_told"), [(20, True), (60, False)])
def test_a_period_before_that_had_risen_is_advised_against(
    call: Any, inputs: list[str], tmp_path: Path, earlier: int, is_told: bool
) -> None:
    rng = np.random.default_rng(3)
    rows = []
    quarters = {"2025-10-01": (earlier, 400), "2026-01-01": (60, 400), "2026-04-01": (30, 400)}
    for first, counts in quarters.items():
        for n, (west, south, east, north) in zip(counts, (TREATED, CONTROL), strict=True):
            days = np.datetime64(first) + np.arange(n) * 90 // n
            xs, ys = rng.uniform(west + 5, east - 5, n), rng.uniform(south + 5, north - 5, n)
            rows += [(f"{day.item():%d/%m/%Y}", x, y) for day, x, y in zip(days, xs, ys, strict=True)]
    write_rows(tmp_path / "a.csv", rows)
    said = call(*inputs, *DATES, "--treated", "area.geojson", "--before", "previous", "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    told = (
        "Do not rely on the period just before here. In the treated area robberies had risen to 60, from 20 in as long "
        "a period before that, by more than in the control (400 from 400). As far as such a rise is chance it ends "
        "anyway, and its end looks like success (regression to the mean)."
    )
    assert (found["notes"][0] == told) is is_told
    assert (found["rise"] is not None) is is_told
    if is_told:
        assert found["rise"] == {"start": "2025-10-01", "end": "2025-12-31", "treated": [20, 60], "control": [400, 400]}


@pytest.mark.slow
def test_too_few_like_areas_are_told_from_an_area_too_large(call: Any, inputs: list[str], tmp_path: Path) -> None:
    def ask(*control: str) -> tuple[dict[str, Any], str]:
        found = json.loads(call(*inputs, *DATES, "--treated", "area.geojson", *control, "--json").out)
        return found, " ".join(found["notes"])

    found, notes = ask()  # 4 km2 over 0.36 is 11.1
    assert found["untried"] == "area too large"
    assert found["results"]["net"]["spread"] == 1
    assert "The area is too large to place elsewhere: the study area has room for 11 of its size side by side" in notes

    save_box(tmp_path / "area.geojson", 530_400, 180_400, 530_600, 180_600)
    found, notes = ask()
    assert found["untried"] is None
    assert found["areas"]["n_apart"] in (99, 100)  # 4 km2 over 0.04, as good as it comes back from degrees
    assert found["results"]["net"]["elsewhere"]["n_areas"] >= 40
    assert "Tested elsewhere" in notes
    found, notes = ask("--control-ward", "Beech", "--control-ward", "Cedar", "--control-ward", "Date")
    assert "The control is too large to place elsewhere in the study area. The result could therefore not be" in notes

    days = [f"{day:02}/{month:02}/{year}" for year in (2025, 2026) for month in (4, 5, 6) for day in range(1, 31)]
    elsewhere = [(day, 531_500, 181_500) for day in days for _ in range(10)]
    write_rows(tmp_path / "a.csv", [*((day, 530_500, 180_500) for day in days), *elsewhere])
    found, notes = ask()
    assert found["untried"] == "too few alike"
    assert "Too few areas of this shape elsewhere in the study area had similar numbers before. The result" in notes


# --- a control around the treated area


def test_a_control_that_encloses_the_treated_area_leaves_nothing_to_look_in(
    call: Any, inputs: list[str], tmp_path: Path
) -> None:
    save_box(tmp_path / "around.geojson", 530_000, 180_000, 531_500, 181_500)
    said = call(*inputs, *DATES, "--treated", "area.geojson", "--control", "around.geojson", "--buffer", 200, "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    assert [row["area"] for row in found["counts"]] == ["treated", "control"]
    assert found["results"]["displaced"] is None
    assert (
        "Displacement cannot be measured: the control begins at the edge of the treated area. "
        "Choose a control further away."
    ) in found["notes"]
    page = (tmp_path / found["products"]["operation"]).read_text("utf-8")
    assert "200 m around" not in page


def test_a_sliver_between_outlines_is_no_place_for_displacement(call: Any, inputs: list[str], tmp_path: Path) -> None:
    """The control has a hole for the treated area, half a metre wider than it."""
    hole = shapely.box(530_199.5, 180_199.5, 530_800.5, 180_800.5)
    outline = shapely.difference(shapely.box(530_000, 180_000, 531_500, 181_500), hole)
    gpd.GeoDataFrame(geometry=[outline], crs=27700).to_file(tmp_path / "around.gpkg")
    found = json.loads(
        call(*inputs, *DATES, "--treated", "area.geojson", "--control", "around.gpkg", "--buffer", 200, "--json").out
    )
    assert [row["area"] for row in found["counts"]] == ["treated", "control"]


def test_an_area_that_nothing_of_the_study_is_near_is_told_so(call: Any, inputs: list[str], tmp_path: Path) -> None:
    wards = gpd.read_file(tmp_path / "wards.gpkg")
    wards.loc[wards["ward_name"] == "Ash", "geometry"] = shapely.box(530_000, 180_000, 530_500, 180_500)
    wards.to_file(tmp_path / "wards.gpkg")
    found = json.loads(
        call(*inputs, *DATES, "--treated-ward", "Ash", "--control-ward", "Date", "--buffer", 200, "--json").out
    )
    assert (
        "Displacement cannot be measured: no part of the study area is left within 200 m of the treated area."
        in (found["notes"])
    )
    assert "begins at the edge" not in " ".join(found["notes"])


# --- folders


def test_products_of_another_question_have_a_folder_of_their_own(inputs: list[str], tmp_path: Path) -> None:
    study = load_study([tmp_path / "a.csv"], [tmp_path / "wards.gpkg"])
    area, other, control = (
        Area(name="area", geometry=shapely.box(*box))
        for box in (
            (530_200, 180_200, 530_800, 180_800),
            (530_300, 180_200, 530_800, 180_800),
            (531_200, 180_200, 531_800, 180_800),
        )
    )

    def name(treated: Area = area, control: Area | None = None, **asked: Any) -> str:
        request = OperationRequest(crime="robbery", start=dt.date(2026, 4, 1), end=dt.date(2026, 6, 30), **asked)
        return name_operation(evaluate_operation(study, request, treated, control=control))

    names = [
        name(),
        name(other),
        name(control=control),
        name(buffer_m=100),
        name(before="previous"),
        name(area_weights=AreaWeights()),
        name(harm="cost"),
        name(wards=("Ash", "Beech")),
        name(control=control, wards=("Ash", "Beech")),
    ]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("robbery_2026-04-01_2026-06-30_area_[0-9a-f]{8}", one) for one in names)
    assert name(wards=("Beech", "A")) == names[7]


# --- the planted changes of the demonstration data


def test_what_was_planted_is_found(demonstration: Study, repository: Path, tmp_path: Path) -> None:
    truth = {one["ward"]: one for one in json.loads((repository / "data" / "truth.json").read_text())["changes"]
             if one["crime"] == "robbery"}  # fmt: skip
    wards = demonstration.boundaries.wards
    for name, window, against, verdict in (
        ("New Cross", "current", "last_year", "worse"),
        ("Lewisham Central", "r12", "r12_before", "better"),
    ):
        start, end = map(dt.date.fromisoformat, truth[name]["windows"][window])
        request = OperationRequest(crime="robbery", start=start, end=end)
        assert [day.isoformat() for day in request.before_period] == truth[name]["windows"][against]
        area = find_area(wards, ward_names=[name])
        assert area is not None
        found = evaluate_operation(demonstration, request, area)
        planted = truth[name]["incidents"]
        assert found.displacement.treated == (planted[against], planted[window])
        assert found.net.change.direction == verdict
    summary, paths = write_operation(found, tmp_path)
    assert summary.data_status
    assert "Not for decisions." in paths["operation"].read_text("utf-8")


@pytest.mark.slow
def test_areas_where_nothing_was_done_are_seldom_called(demonstration: Study) -> None:
    """Circles at random on the burglaries of the demonstration, which were spread by chance alone."""
    rng = np.random.default_rng(3)
    west, south, east, north = demonstration.boundaries.wards.total_bounds
    called: list[bool] = []
    while len(called) < 8:
        circle = shapely.Point(rng.uniform(west, east), rng.uniform(south, north)).buffer(700)
        request = OperationRequest(crime="burglary", start=dt.date(2026, 4, 1), end=dt.date(2026, 6, 30))
        try:
            found = evaluate_operation(demonstration, request, Area(name="circle", geometry=circle))
        except DataError:
            continue
        called.append(found.net.change.direction != "no apparent effect")
    assert sum(called) <= 2  # at 5% more happens once in 170 times


# --- dates and words


@given(
    start=st.dates(dt.date(2015, 1, 1), dt.date(2030, 1, 1)),
    n_days=st.integers(1, 364),
    before=st.sampled_from(["year", "previous"]),
)
def test_the_period_before_is_as_long_and_of_the_same_weekdays(start: dt.date, n_days: int, before: Any) -> None:
    request = OperationRequest(crime="robbery", start=start, end=start + dt.timedelta(days=n_days - 1), before=before)
    first, last = request.before_period
    assert last < start
    if request.is_whole_months:
        assert first.day == (last + dt.timedelta(days=1)).day == 1
    else:
        assert last - first == request.end - start
        if before == "year":
            assert first.weekday() == start.weekday()
        else:
            assert last + dt.timedelta(days=1) == start


@pytest.mark.parametrize(
    ("start", "end", "before", "expected"),
    [
        ("2024-02-01", "2024-02-29", "year", ("2023-02-01", "2023-02-28")),
        ("2024-02-01", "2024-02-29", "previous", ("2024-01-01", "2024-01-31")),
        ("2026-01-01", "2026-12-31", "year", ("2025-01-01", "2025-12-31")),
        ("2026-01-01", "2026-03-31", "previous", ("2025-10-01", "2025-12-31")),
        ("2026-04-01", "2026-06-29", "year", ("2025-04-02", "2025-06-30")),
    ],
)
def test_dates_by_hand(start: str, end: str, before: Any, expected: tuple[str, str]) -> None:
    request = OperationRequest(
        crime="robbery", start=dt.date.fromisoformat(start), end=dt.date.fromisoformat(end), before=before
    )
    assert tuple(day.isoformat() for day in request.before_period) == expected


@pytest.mark.parametrize(("start", "end"), [("0001-01-01", "0001-03-31"), ("2026-04-01", "9999-12-31")])
def test_days_of_no_likely_year_are_refused(start: str, end: str) -> None:
    words = f"of the years 1900 to 2100; this one runs from {start} to {end}. Check the year of `start` and `end`."
    with pytest.raises(ParameterError, match=re.escape(words)):
        OperationRequest(crime="robbery", start=dt.date.fromisoformat(start), end=dt.date.fromisoformat(end))


def test_an_unknown_comparison_is_named() -> None:
    with pytest.raises(ParameterError, match='`harm` must be one of severity, cost, not "sorrow"'):
        OperationRequest(crime="robbery", start=dt.date(2026, 4, 1), end=dt.date(2026, 4, 30), harm="sorrow")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='`before` must be one of year, previous, not "decade"'):
        OperationRequest(crime="robbery", start=dt.date(2026, 1, 1), end=dt.date(2026, 1, 31), before="decade")  # type: ignore[arg-type]


def test_changes_in_words() -> None:
    ratios = (0.0, 0.72, 1.0, 1.03, 2.0, 3.21, 9.96, 214.3, 1234.5, None, float("nan"))
    assert [say("operation.change", ratio) for ratio in ratios] == [
        "100% fewer", "28% fewer", "as many", "3% more", "2.0 times as many", "3.2 times as many", "10 times as many",
        "214 times as many", "1,234 times as many", "not known", "not known",
    ]  # fmt: skip
    assert say("operation.limits", {"low": 0.45, "high": 0.8}) == "55% to 20% fewer"
    assert say("operation.limits", {"low": 1.1, "high": 1.3}) == "10% to 30% more"
    assert say("operation.limits", {"low": 0.5, "high": None}) == "50% fewer to no upper limit"


def test_an_area_without_a_file_or_ward_is_none(square_wards: gpd.GeoDataFrame) -> None:
    assert find_area(square_wards) is None


# --- real data


@pytest.mark.slow
def test_an_operation_on_police_uk_data(real_data: Path) -> None:
    source = real_data / "police_uk" / "lewisham_southwark_12types_2018-02_2019-12.csv.gz"
    outlines = real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"
    study = load_study([source], [outlines])
    ward = find_area(study.boundaries.wards, ward_names=["Rye Lane"])
    assert ward is not None
    request = OperationRequest(crime="robbery", start=dt.date(2019, 4, 1), end=dt.date(2019, 9, 30), buffer_m=200)
    found = evaluate_operation(study, request, ward)
    rows = pd.read_csv(source)
    rows = rows[rows["Crime type"] == "Robbery"]
    points = gpd.GeoSeries(gpd.points_from_xy(rows["Longitude"], rows["Latitude"]), crs=4326).to_crs(27700)
    inside = points.within(ward.geometry).to_numpy()
    for got, year in zip(found.displacement.treated, (2018, 2019), strict=True):
        months = rows["Month"].between(f"{year}-04", f"{year}-09").to_numpy()
        assert got == (inside & months).sum()
    assert found.local.elsewhere is not None
    assert found.local.elsewhere.spread > 1
    assert encode(summarise_operation(found))["n_points"] > 0


@pytest.mark.slow
def test_the_page_opens_without_a_network(browser: Any, call: Any, inputs: list[str], tmp_path: Path) -> None:
    said = call(*inputs, *DATES, "--treated", "area.geojson", "--control", "control.gpkg", "--buffer", 100)
    for width in (1280, 390):
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message, heard=complaints: heard.append(message.text))
        page.goto((tmp_path / said.out.strip()).as_uri())
        assert complaints == []
        assert page.locator("svg.chart").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()
