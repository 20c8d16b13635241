from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner, Result
from support import call

import hotspots
from hotspots.cli import main as command_line
from hotspots.cli.inputs import Period, StudyInputs
from hotspots.pipeline import AnalysisRequest, BriefRequest, OperationRequest, PerformanceRequest, evaluate

HEAVY = ("pandas", "numpy", "geopandas", "sklearn", "folium", "shapely", "scipy", "pyproj", "pyarrow")


COUNCIL = "incidents/council_extract.csv.gz"
FEW = "Month,Longitude,Latitude,Crime type\n" + "2026-01,-0.0720,51.4772,Robbery\n" * 12
"""Robberies in Peckham."""
MONTHS = tuple(f"incidents/police_uk/2026-{month:02d}" for month in (1, 2, 3))


def run_on_demonstration(
    repository: Path, out: Path, *arguments: str, incidents: tuple[str, ...] = (COUNCIL,)
) -> Result:
    data = repository / "data"
    inputs = [option for name in incidents for option in ("--incidents", str(data / name))]
    inputs += ["--boundaries", str(data / "boundaries"), "--out", str(out)]
    return CliRunner().invoke(command_line.cli, ["run", *inputs, *arguments], catch_exceptions=False)


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_stream_is_no_reason_to_stop(
    closed: str, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, closed, None)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    incidents = tmp_path / "incidents.csv"
    incidents.write_text(FEW)
    given = [("--incidents", incidents), ("--boundaries", repository / "data" / "boundaries"), ("--out", tmp_path)]
    little = ["hotspots", "run", "--crime", "robbery", "--ward", "Peckham"]
    monkeypatch.setattr(sys, "argv", [*little, *(str(part) for pair in given for part in pair)])
    command_line.main()
    assert (tmp_path / "index.html").exists()


@pytest.fixture(scope="module")
def asb(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """What a run of antisocial behaviour prints, and its folder."""
    out = tmp_path_factory.mktemp("asb")
    hours = ("--hours", "15-18", "--days", "Mon-Fri")
    return run_on_demonstration(repository, out, "--crime", "asb", *hours, "--json"), out


@pytest.fixture(scope="module")
def quarter(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """What a run of two crimes prints, of which one has no days, and its folder."""
    out = tmp_path_factory.mktemp("quarter")
    period = ("--from", "2026-01-01", "--to", "2026-03-31", "--days", "weekend")
    return run_on_demonstration(
        repository, out, "--crime", "robbery", "--crime", "burglary", *period, "--json", incidents=(COUNCIL, *MONTHS)
    ), out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026", '"2026" is not a period. Write it as 2025-02..2025-12 or 2025-02-03..2025-03-09.'),
        ("2025-02..2025-13", '"2025-13" is not a month of the calendar. Write it as 2025-02.'),
        ("2025-02-30..2025-03-09", '"2025-02-30" is not a day of the calendar.'),
    ],
)
def test_what_is_not_a_period_is_refused(text: str, words: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        Period().convert(text, None, None)
    assert words in str(refused.value)


def test_a_period_is_two_months_or_two_days_or_a_month() -> None:
    found = [Period().convert(text, None, None) for text in ("2025-02..2025-12", "03/02/2025..2025-03-09", "2025-12")]
    assert [tuple(map(str, span)) for span in found] == [
        ("2025-02-01", "2025-12-31"),
        ("2025-02-03", "2025-03-09"),
        ("2025-12-01", "2025-12-31"),
    ]


def test_a_period_that_cannot_be_compared_names_its_option() -> None:
    message = "Move one of them: `compare`, or `start` and `end`."
    command = command_line.find_command(["run"])
    assert command_line.name_options(message, command) == "Move one of them: --compare, or --from and --to."


def test_help_loads_nothing_heavy() -> None:
    """What keeps `hotspots --help` quick, as a fact that does not depend on the machine."""
    code = f"import sys; import hotspots.cli.main; print([m for m in {HEAVY!r} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_help_and_version() -> None:
    done = subprocess.run([sys.executable, "-m", "hotspots", "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "run" in done.stdout
    assert call("--version")[1].strip() == f"hotspots, version {hotspots.__version__}"
    assert "--crime" in call("run", "--help")[1]


def test_json_is_the_summary_with_the_paths_of_the_products(asb: tuple[Result, Path]) -> None:
    result, out = asb
    summary = json.loads(result.stdout)
    assert summary["crime"] == "asb"
    assert set(summary["products"]) == {
        "map",
        "times",
        "summary",
        "tables",
        "hotspots_gpkg",
        "places_geojson",
        "places_parquet",
        "measures_csv",
        "places_to_patrol_csv",
        "hotspots_csv",
        "shifts_csv",
        "quality",
        "quality_json",
        "rejected",
        "hot_streets_csv",
        "premises_csv",
        "safety",
        "manifest",
    }
    (folder,) = (out / "asb").glob("2024-10-01_2026-09-30_*")
    assert all(Path(path).parent == folder and Path(path).is_file() for path in summary["products"].values())
    stored = json.loads((folder / "summary.json").read_text("utf-8"))
    assert stored | {"products": None} == summary | {"products": None}
    assert stored["products"]["map"] == "map.html"
    assert "Antisocial behaviour, 2024-10-01 to 2026-09-30" in result.stderr
    assert "Not for decisions" in result.stderr


def test_hours_that_are_asked_for_come_first_and_are_told(asb: tuple[Result, Path]) -> None:
    result, _ = asb
    shifts = json.loads(result.stdout)["shifts"]
    assert shifts["chosen"] == {"key": "chosen", "words": "Mondays to Fridays 15:00-17:59"}
    assert [part["key"] for part in shifts["parts"][:2]] == ["chosen", "before-school"]
    chosen, after_school = shifts["parts"][0], next(part for part in shifts["parts"] if part["key"] == "after-school")
    same = ("words", "n_incidents", "share", "pace", "max_per_km2", "hotspots", "hotspots_total")
    assert all(chosen[key] == after_school[key] for key in same)
    told = next(line for line in result.stderr.splitlines() if "Mondays to Fridays 15:00-17:59: " in line)
    assert "in 8.9% of the week; hot spots in these hours: " in told
    assert "those of the whole week" in told


def test_hours_are_withheld_where_the_data_have_none(quarter: tuple[Result, Path]) -> None:
    result, _ = quarter
    assert result.exit_code == 0
    assert "Saturdays and Sundays all day: withheld, month-only: The source gives the month" in result.stderr


def test_a_run_tells_change_season_and_quiet_hours(asb: tuple[Result, Path]) -> None:
    result, _ = asb
    told = [line.strip() for line in result.stderr.splitlines()]
    (change,) = [line for line in told if line.startswith("Change: ")]
    assert change.startswith("Change: the 12 months to September 2026 against the 12 before: ")
    assert change.endswith("no apparent change; wards: Rushey Green clearly improving")  # as the demonstration is made
    assert any(line.startswith("Season: summer: June-August") for line in told)
    assert any(line.startswith("Quiet: every day 00:00-") for line in told)


def test_several_crimes_make_a_list_and_one_index(quarter: tuple[Result, Path]) -> None:
    result, out = quarter
    assert [summary["crime"] for summary in json.loads(result.stdout)] == ["robbery", "burglary"]
    index = (out / "index.html").read_text("utf-8")
    for crime in ("robbery", "burglary"):
        assert f'href="{crime}/2026-01-01_2026-03-31_saturdays-and-sundays-all-day/map.html"' in index
    assert "Do not base decisions on them" in index


@pytest.mark.slow
def test_without_json_stdout_holds_the_paths_of_the_maps(repository: Path, tmp_path: Path) -> None:
    result = run_on_demonstration(repository, tmp_path, "--crime", "robbery", "--ward", "The Lane")
    assert result.stdout.splitlines() == [(tmp_path / "robbery/2024-10-01_2026-09-30_the-lane/map.html").as_posix()]


def test_real_incidents_are_kept_apart_from_the_demonstration(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run where data/ is the demonstration, without naming boundaries or havens."""
    incidents = tmp_path / "real.csv"
    incidents.write_text(FEW)
    monkeypatch.chdir(repository)
    command = ("run", "--crime", "robbery", "--incidents", incidents, "--out", tmp_path / "maps", "--json")
    code, _, stderr = call(*command)
    assert code == 3
    assert "The wards in data/boundaries are schematic, and these incidents are not" in stderr
    code, stdout, stderr = call(*command, "--boundaries", "data/boundaries")
    assert code == 0, stderr
    summary = json.loads(stdout)
    assert summary["havens"] is None
    assert summary["data_status"] == {"boundaries": "schematic"}


@pytest.mark.slow
def test_names_beyond_the_code_page_are_printed(repository: Path, tmp_path: Path) -> None:
    wards = (repository / "data/boundaries/wards.geojson").read_text("utf-8").replace('"Peckham"', '"Pŵckham"')
    (tmp_path / "wards.geojson").write_text(wards, "utf-8")
    command = [sys.executable, "-m", "hotspots", "run", "--crime", "robbery", "--json", "--ward", "Pŵckham"]
    (tmp_path / "incidents.csv").write_text(FEW)
    command += ["--incidents", str(tmp_path / "incidents.csv"), "--boundaries", str(tmp_path / "wards.geojson")]
    environment = os.environ | {"PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "maps")], cwd=repository, capture_output=True, check=True, env=environment
    )
    assert "Pŵckham" in done.stdout.decode("utf-8")


@pytest.fixture(scope="module")
def bad_calls(
    tmp_path_factory: pytest.TempPathFactory, repository: Path
) -> dict[str, tuple[list[str | Path], int, str]]:
    tmp_path = tmp_path_factory.mktemp("bad")
    boundaries = repository / "data" / "boundaries" / "wards.geojson"
    incidents = tmp_path / "crimes.csv"
    incidents.write_text("Month,Longitude,Latitude,Crime type\n2026-01,-0.05,51.47,Robbery\n")
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("Month,Longitude,Latitude,Crime type\n2026-01,-2.24,53.48,Robbery\n")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n")
    useless = tmp_path / "useless.csv"
    useless.write_text("Month,Longitude,Latitude,Crime type\nsoon,-0.05,51.47,Robbery\n")
    strange = tmp_path / "strange.csv"
    strange.write_text("Offence,Date From,Easting,Northing\nPiracy,2026-01-01 10:00,534000,176000\n")
    points = tmp_path / "points.gpkg"
    gpd.GeoDataFrame({"ward_code": ["A"]}, geometry=[shapely.Point(1, 2)], crs=27700).to_file(points)
    unlabelled = tmp_path / "unlabelled.shp"
    gpd.GeoDataFrame({"ward_code": ["A"]}, geometry=[shapely.box(0, 0, 9, 9)], crs=27700).to_file(unlabelled)
    unlabelled.with_suffix(".prj").unlink()

    def asks(crime: str = "robbery", read: Path = incidents, wards: Path = boundaries) -> list[str | Path]:
        return ["--crime", crime, "--incidents", read, "--boundaries", wards]

    return {
        "missing file": (asks(read=tmp_path / "no.csv"), 2, "Check the path"),
        "no needed columns": (asks(read=wrong), 3, "Write a source profile"),
        "no crs": (asks(wards=unlabelled), 3, "add the .prj file"),
        "no polygons": (asks(wards=points), 3, "Give the file of outlines"),
        "nothing left": (asks(read=elsewhere), 4, "of the same place"),
        "unknown crime": (asks("piracy"), 2, "Ask for one of: robbery"),
        "knife crime unknowable": (asks("knife-crime"), 2, "flags knives"),
        "unknown ward": ([*asks(), "--ward", "Narnia"], 2, "Give a code or a name"),
        "bad bandwidth": ([*asks(), "--bandwidth", "-3"], 2, "bandwidth must be above 0 m"),
        "period beyond the data": (
            [*asks(), "--from", "2031-01-01"],
            4,
            "the incidents run from 2026-01-01 to 2026-01-31",
        ),
        "every row refused": (asks(read=useless), 4, "Check that these are the right files"),
        "unknown wording": (asks(read=strange), 2, 'most of all "(other texts)" (1)'),
        "bandwidth not a number": (
            [*asks(), "--bandwidth", "nan"],
            2,
            "must be above 0 m and at most 20,000 m, not nan",
        ),
        "too large an eps": ([*asks(), "--eps", "1e300"], 2, "eps must be above 0 m and at most 2,000 m"),
        "bandwidth below a cell": ([*asks(), "--bandwidth", "20"], 2, "must be at least a cell"),
        "too fine a grid": ([*asks(), "--cell-size", "2"], 2, "Choose larger cells"),
        "not a file": (asks(read=Path(os.devnull)), 3, "neither a file nor a folder"),
        "period backwards": ([*asks(), "--from", "2026-02-01", "--to", "2026-01-01"], 2, "Swap them"),
        "hours with minutes": ([*asks(), "--hours", "15:30-18"], 2, "Write 15-18 for 15:00 to 17:59"),
        "no such day": (
            [*asks(), "--hours", "15-18", "--days", "Mon-Someday"],
            2,
            '"someday" in "Mon-Someday" is not',
        ),
    }


CASES = (
    "period beyond the data",
    "every row refused",
    "unknown wording",
    "bandwidth not a number",
    "too large an eps",
    "bandwidth below a cell",
    "too fine a grid",
    "not a file",
    "missing file",
    "no needed columns",
    "no crs",
    "no polygons",
    "nothing left",
    "unknown crime",
    "knife crime unknowable",
    "unknown ward",
    "bad bandwidth",
    "period backwards",
    "hours with minutes",
    "no such day",
)


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_one_line_with_its_exit_code_and_writes_nothing(
    tmp_path: Path, bad_calls: dict[str, tuple[list[str | Path], int, str]], case: str
) -> None:
    arguments, code, next_step = bad_calls[case]
    out = tmp_path / "maps"
    found, stdout, stderr = call("run", *arguments, "--out", out)
    assert found == code, stderr
    assert stdout == ""
    assert next_step in stderr
    assert stderr.startswith("hotspots: ")
    assert stderr.count("\n") == 1
    assert not out.exists()


def test_an_error_names_the_options_of_the_command_that_runs(
    bad_calls: dict[str, tuple[list[str | Path], int, str]], tmp_path: Path
) -> None:
    arguments, _, _ = bad_calls["nothing left"]
    _, _, stderr = call("run", *arguments, "--out", tmp_path / "maps")
    assert "Widen --from and --to, or --ward; or check" in stderr
    assert "`" not in stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--crime", "start"], "--bandwidth, --cell-size, --ward, --from, `first_month` or `kernel`"),
        (["performance"], "`bandwidth_m`, `cell_size_m`, --ward, `start`, `first_month` or `kernel`"),
        (["fetch", "crimes"], "`bandwidth_m`, `cell_size_m`, `wards`, `start`, --from or `kernel`"),
        ([], "`bandwidth_m`, `cell_size_m`, `wards`, `start`, `first_month` or `kernel`"),
    ],
)
def test_a_parameter_in_backticks_is_the_option_that_the_command_has_for_it(words: list[str], said: str) -> None:
    message = "`bandwidth_m`, `cell_size_m`, `wards`, `start`, `first_month` or `kernel`"
    assert command_line.name_options(message, command_line.find_command(words)) == said


def test_what_is_fetched_names_no_parameter_that_no_fetching_command_has(repository: Path) -> None:
    fetching = command_line.cli.commands["fetch"]
    assert isinstance(fetching, click.Group)
    options = {parameter.name for command in fetching.commands.values() for parameter in command.params}
    texts = [
        node.value
        for path in (repository / "hotspots" / "ingest" / "fetch").glob("*.py")
        for raised in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(raised, ast.Raise)
        for node in ast.walk(raised)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    named = {name for text in texts for name in re.findall(r"`(\w+)`", text)}
    assert "vintage" in named
    assert named <= options


def test_every_option_is_named_like_a_field_of_what_it_fills() -> None:
    """Otherwise a message that names the field could not say which option that is."""
    options = {
        name: {option.name for option in command_line.cli.commands[name].params}
        for name in ("run", "brief", "evaluate", "operation", "performance")
    }
    own = {"out", "as_json"}
    inputs = {field.name for field in dataclasses.fields(StudyInputs)}
    request = {field.name for field in dataclasses.fields(AnalysisRequest)}
    assert options["run"] - own - inputs - request == {
        *("crimes", "hours", "days", "patrol_minutes", "each_ward", "audience", "charts")
    }
    asked = request | {field.name for field in dataclasses.fields(BriefRequest)}
    own_of_brief = {
        *("crimes", "each_ward", "formats", "template", "new_template", "tasking", "problem", "strategic"),
        *("record_files", "operation_files"),
    }
    assert options["brief"] - own - inputs - asked == own_of_brief
    assert options["evaluate"] - own - inputs - request == set(inspect.signature(evaluate).parameters) & {
        "cell_sizes_m",
        "bandwidths_m",
    }
    asked = {field.name for field in dataclasses.fields(OperationRequest)}
    files = {"treated_files", "treated_wards", "control_files", "control_wards", "record_files"}
    assert options["operation"] - own - inputs - asked == files
    asked = {field.name for field in dataclasses.fields(PerformanceRequest)}
    assert options["performance"] - own - inputs - asked == {"peers"}


def test_every_case_is_tried(bad_calls: dict[str, tuple[list[str | Path], int, str]]) -> None:
    assert set(bad_calls) == set(CASES)


def test_usage_errors_are_told_by_click() -> None:
    code, _, stderr = call("run")
    assert code == 2
    assert "Missing option '--crime'" in stderr
    assert call("run", "--crime", "robbery", "--from", "yesterday")[0] == 2


def test_a_folder_that_cannot_be_written_is_a_failure(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    boundaries = repository / "data" / "boundaries"
    incidents = tmp_path / "crimes.csv"
    incidents.write_text("Month,Longitude,Latitude,Crime type\n2026-01,-0.05,51.47,Robbery\n")
    command = ("run", "--crime", "robbery", "--incidents", incidents, "--boundaries", boundaries)
    code, _, stderr = call(*command, "--out", tmp_path / "file")
    assert code == 1
    assert stderr.startswith("hotspots: ")
    assert "Traceback" not in stderr


def test_an_interrupt_says_that_nothing_was_lost(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["hotspots", "run", "--crime", "robbery"])
    monkeypatch.setattr(command_line.cli.commands["run"], "callback", interrupted)
    with pytest.raises(SystemExit) as stopped:
        command_line.main()
    assert stopped.value.code == 1
    assert "the last good products are untouched" in capsys.readouterr().err
