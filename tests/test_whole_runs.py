"""Whole runs beside a script: the data, the script, the tables and charts. Nothing here takes the time of anything."""

from __future__ import annotations

import dataclasses
import json
import runpy
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pytest

from benchmarks import __main__ as command
from benchmarks import growth, report, whole
from benchmarks.charts import Scale
from benchmarks.data import SIZES
from benchmarks.growth import GROWING, NOISE, Course
from benchmarks.police_files import CRIMES, Publication
from benchmarks.process import Cost, TooLongError, measure_process
from benchmarks.report import fill_part
from benchmarks.stages import Clock
from benchmarks.whole import CASES, COLD, FLOOR, SCRIPT, Row, ask, format_losses, format_rows, list_ratios

SMALL = Publication(size=dataclasses.replace(SIZES["tiny"], n_incidents=2_000), n_months=6)
SCRIPT_FILE = Path(whole.__file__).with_name("script.py")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "small"
    SMALL.write(folder)
    return folder


def read_incidents(folder: Path) -> pd.DataFrame:
    files = sorted((folder / "incidents").glob("*.csv"))
    return pd.concat([pd.read_csv(path, dtype=str, keep_default_na=False) for path in files], ignore_index=True)


def cost(cpu_s: float, peak_mb: float = 100.0) -> Cost:
    return Cost(cpu_s=cpu_s, wall_s=2 * cpu_s, peak_mb=peak_mb)


# The data


def test_rows_are_those_of_police_uk(written: Path) -> None:
    rows = read_incidents(written)
    published = "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type"
    assert list(rows) == [*published.split(","), "Last outcome category", "Context"]
    assert len(rows) == 2_000
    assert set(rows["Month"]) == {f"2025-{month:02d}" for month in range(7, 13)}
    assert set(rows["Crime type"]) == {words for words, _ in CRIMES.values()}
    is_asb = rows["Crime type"] == "Anti-social behaviour"
    assert set(rows.loc[is_asb, "Crime ID"]) == {""}
    assert rows.loc[~is_asb, "Crime ID"].is_unique
    assert rows.loc[~is_asb, "Crime ID"].str.fullmatch("[0-9a-f]{64}").all()
    assert len(gpd.read_file(written / "wards.gpkg")) == 6


def test_the_same_is_written_every_time_by_month_or_in_one_file(written: Path, tmp_path: Path) -> None:
    SMALL.write(tmp_path / "again")
    pd.testing.assert_frame_equal(read_incidents(tmp_path / "again"), read_incidents(written))
    for path in (written / "incidents").iterdir():
        assert set(pd.read_csv(path)["Month"]) == {path.name[:7]}
    dataclasses.replace(SMALL, is_one_file=True).write(tmp_path / "one")
    assert [path.name for path in (tmp_path / "one" / "incidents").iterdir()] == ["2025-07-made-up-street.csv"]
    assert len(read_incidents(tmp_path / "one")) == 2_000
    assert sum(share for _, share in CRIMES.values()) == pytest.approx(1)


# The script


@pytest.mark.filterwarnings("ignore")
def test_the_script_counts_every_incident_in_a_ward_once(written: Path, tmp_path: Path) -> None:
    runpy.run_path(str(SCRIPT_FILE))["main"](
        f"{written / 'incidents'}", f"{written / 'wards.gpkg'}", f"{tmp_path}", "Drugs", "Vehicle crime"
    )
    rows = read_incidents(written)
    points = gpd.GeoDataFrame(
        rows[["Crime type"]], geometry=gpd.points_from_xy(rows["Longitude"], rows["Latitude"]), crs=4326
    )
    area = gpd.read_file(written / "wards.gpkg").union_all()
    is_inside = points.to_crs(27700).within(area)
    for crime in ("Drugs", "Vehicle crime"):
        counts = pd.read_csv(tmp_path / crime / "wards.csv")["n_incidents"]
        assert counts.sum() == (is_inside & (rows["Crime type"] == crime)).sum() > 20
        assert pd.read_csv(tmp_path / crime / "clusters.csv")["n_incidents"].sum() <= counts.sum()
        assert "data:image/png" in (tmp_path / crime / "map.html").read_text("utf-8")


# The packages alone


@pytest.mark.filterwarnings("ignore")
def test_the_packages_alone_read_every_row_and_find_the_wards(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floor = runpy.run_path(str(SCRIPT_FILE.with_name("floor.py")))
    table = floor["read_files"](written / "incidents")
    assert table.num_rows == 2_000
    assert floor["find_wards"](table, written / "wards.gpkg") == 6
    floor["main"](f"{written / 'incidents'}", f"{written / 'wards.gpkg'}")
    assert list(json.loads(capsys.readouterr().out)) == ["imports", "reading", "wards"]


@pytest.mark.slow
def test_a_run_imports_all_of_these_packages(written: Path, tmp_path: Path) -> None:
    """Others would be no part of the least that it can take."""
    program = "import sys; from hotspots.cli.main import cli; cli(sys.argv[1:], standalone_mode=False)"
    command = [sys.executable, "-c", f"{program}; print(*sys.modules)", *ask(written, tmp_path, "drugs")]
    imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1].split()
    assert set(runpy.run_path(str(SCRIPT_FILE.with_name("floor.py")))["PACKAGES"]) <= set(imported)


# What is measured


def test_the_cost_of_a_process_is_its_own() -> None:
    held = bytearray(300_000_000)  # by this process, which is not measured
    found = measure_process([sys.executable, "-S", "-c", "bytearray(100_000_000); print('done')"])
    assert found.output == "done\n"
    assert 100 < found.peak_mb < 250
    assert len(held) == 300_000_000


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match="No module named no_such_module$"):
        measure_process([sys.executable, "-m", "no_such_module"])


def test_a_process_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(TooLongError, match="^over 1 s of CPU$"):
        measure_process([sys.executable, "-S", "-c", "while True: pass"], limit_s=1)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Has no process started: every contestant costs 3 s, the script 2 s; gives what was to be run."""
    commands: list[list[str]] = []

    def give(arguments: list[str], *, limit_s: int = 0) -> Cost:
        if limit_s == 1 and len(commands) == 2:
            raise TooLongError
        commands.append(arguments)
        return cost(2.0 if "benchmarks/script.py" in arguments else 3.0)

    monkeypatch.setattr(whole, "measure_process", give)
    monkeypatch.setattr(growth, "measure_process", give)
    monkeypatch.setattr(Publication, "write", lambda *_: None)
    return commands


def test_contestants_take_turns_and_ratios_are_to_the_script(
    measured: list[list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "run", "--size", "tiny", "--repeats", "2"])
    assert command.main() == 0
    table = capsys.readouterr().out
    assert "| hotspots | 3.0 | 6.0 | 100 | 1.5 | 1 |\n| script | 2.0 | 4.0 | 100 |  |  |" in table
    assert "* Loses: a handful: 3,000 rows, 24 months, 6 wards (hotspots): 1.5 times the CPU" in table
    assert ["hotspots" in one for one in measured] == [True, False, True, False]


@pytest.mark.parametrize("name", CASES)
def test_every_case_has_a_command_for_each_contestant(name: str, measured: list[list[str]], tmp_path: Path) -> None:
    case = dataclasses.replace(CASES[name], has_steps=False)
    case.write(tmp_path)
    for contestant in case.names:
        words = case.command(contestant, tmp_path, tmp_path / "out")
        if contestant == FLOOR:  # which writes nothing, and is the same for every crime
            assert words[-2:] == [f"{tmp_path / 'incidents'}", f"{tmp_path / 'wards.gpkg'}"]
            continue
        assert f"{tmp_path / 'out'}" in words
        assert sum(word in {*case.crimes, *(CRIMES[crime][0] for crime in case.crimes)} for word in words) == len(
            case.crimes
        )


def test_a_failure_is_told_and_fails_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(arguments: list[str]) -> Cost:
        if "benchmarks/script.py" in arguments:
            raise RuntimeError("script.py failed:\nKeyError: 'Month'")
        return cost(3.0)

    monkeypatch.setattr(whole, "measure_process", fail)
    assert whole.main(["--size", "tiny", "--repeats", "1"]) == 1
    table = capsys.readouterr().out
    assert "| hotspots | 3.0 | 6.0 | 100 |  |  |" in table
    assert "| script: KeyError: 'Month' |" in table


def test_what_is_worst_is_told_first() -> None:
    rows = [
        Row(case="boroughs", name=COLD, runs=[cost(1.0, 50.0)]),
        Row(case="boroughs", name=SCRIPT, runs=[cost(2.0)]),
        Row(case="london", name=COLD, runs=[cost(9.0), cost(8.0), cost(1.0)]),
        Row(case="london", name=SCRIPT, runs=[cost(2.0)]),
        Row(case="demonstration", name=COLD, runs=[cost(2.0)]),
    ]
    assert list_ratios(rows)["london", COLD] == {"cpu_s": 4.0, "wall_s": 4.0, "peak_mb": 1.0}
    losses = format_losses(rows)
    assert [line.split(":")[0] for line in losses] == ["* Loses", "* Wins"]
    assert "a London year" in losses[0]
    assert len(format_rows(rows)) == 2 + 3 + len(rows)


def test_what_was_measured_before_can_be_read_again_and_written(
    measured: list[list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = tmp_path / "performance.md"
    page.write_text("Before\n<!-- whole runs -->\nold\n<!-- end of whole runs -->\nafter\n<!-- growth -->\n", "utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "PICTURES", tmp_path)
    assert whole.main(["--size", "tiny", "--repeats", "1", "--json"]) == 0
    (tmp_path / "found.json").write_text(capsys.readouterr().out, "utf-8")
    n_run = len(measured)
    assert whole.main(["--read", f"{tmp_path / 'found.json'}", "--write"]) == 0
    assert len(measured) == n_run
    text = page.read_text("utf-8")
    assert text.startswith("Before\n<!-- whole runs -->\n\n| |")
    assert text.endswith("<!-- end of whole runs -->\nafter\n<!-- growth -->\n")
    assert "| hotspots | 3.0 |" in text
    assert "old" not in text
    chart = ElementTree.parse(tmp_path / "whole_runs.svg").getroot()
    assert [circle[0].text for circle in chart.iter() if circle.tag.endswith("circle") and len(circle)] == [
        *("Hotspots: 3", "a script: 2"),
        *("Hotspots: 100", "a script: 100"),
    ]


def test_a_page_without_the_part_is_refused() -> None:
    with pytest.raises(ValueError, match="^The page has no part growth\\.$"):
        fill_part("nothing", "growth", [])


def test_time_goes_to_the_step_that_a_run_is_at(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([0.0, 1.0, 3.0, 6.0, 10.0, 15.0, 21.0, 28.0])
    monkeypatch.setattr("time.process_time", lambda: next(seconds))
    clock = Clock()
    clock.begin("2025-01-street.csv")
    clock.begin("wards")
    clock.begin("robbery: places")
    assert clock.apart(lambda one: one + 1, "hold-out")(2) == 3
    clock.begin("robbery: havens")
    clock.begin("end")
    assert dict(clock.spent) == {"reading": 3.0, "wards": 3.0, "places": 4.0 + 6.0 + 7.0, "hold-out": 5.0}


# Growth


def test_the_exponent_is_of_what_is_added() -> None:
    def grow(*cpu_s: float) -> float | None:
        sizes = (0, 10, 100, 1000)
        return Course(unit="rows", sizes=sizes, costs=tuple(map(cost, cpu_s))).fit("cpu_s")

    assert grow(5, 6, 15, 105) == pytest.approx(1)
    assert grow(5, 6, 105, 10_005) == pytest.approx(2)
    assert grow(5, 5, 5, 5 + NOISE["cpu_s"]) is None
    assert Course(unit="crimes", sizes=(1, 2, 5), costs=(cost(5), cost(8), cost(17))).fit("cpu_s") == pytest.approx(1)
    # what cannot be told from noise before counts as noise
    assert grow(5, 5, 5, 5 + 100 * NOISE["cpu_s"]) == pytest.approx(2)


@pytest.mark.parametrize("unit", GROWING)
def test_what_grows_is_what_is_said_to(unit: str) -> None:
    growing = GROWING[unit]
    size = growing.sizes[1]
    data, crimes = growing.publish(size)
    counted = {
        "rows": data.size.n_incidents,
        "places": data.size.n_places,
        "km2": round(data.size.area_km2),
        "wards": data.size.n_columns * data.size.n_rows,
        "crimes": len(crimes),
        "months": data.n_months,
        "files": 0 if data.is_one_file else data.n_months,
    }
    assert counted[unit] == size


def test_growth_prints_a_table(measured: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert growth.main(["--of", "rows", "--sizes", "3"]) == 0
    assert "|  | 100,000 | 3.0 | hardly grows | 100 | hardly grows |" in capsys.readouterr().out
    assert growth.main(["--of", "rows", "--sizes", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["courses"][0]["sizes"] == [1_000, 10_000, 100_000]


def test_growth_ends_where_a_run_takes_too_long(measured: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert growth.main(["--of", "files", "--limit-s", "1"]) == 0
    table = capsys.readouterr().out
    assert "|  | 12 | 3.0 |  | 100 |  |\n|  | 120 | takes too long | | | |" in table
    assert "1,200" not in table


def test_a_scale_puts_powers_of_ten_at_equal_steps() -> None:
    scale = Scale.covering([2.0, 300.0], 0.0, 90.0)
    assert scale.ticks == [1.0, 10.0, 100.0, 1000.0]
    assert [scale.place(tick) for tick in scale.ticks] == pytest.approx([0, 30, 60, 90])
