"""What is asked for on a form is a command that the command line takes, with everything that the form has."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner

from hotspots.cli.main import cli
from hotspots.errors import NotFoundError
from hotspots.service.jobs import FIELDS, HOTSPOTS, JobKind, JobRequest

FILLED: dict[str, Any] = {
    "crimes": ("robbery",),
    "start": dt.date(2025, 10, 1),
    "end": dt.date(2026, 9, 30),
    "wards": ("E05000442", "E05000540"),
    "audience": "partner",
    "each_ward": True,
    "weeks": 12,
    "day": dt.date(2026, 10, 2),
    "shift": "22:00-06:00",
    "patrols": 3,
    "new_sites": 2,
}


@pytest.mark.parametrize("kind", get_args(JobKind))
def test_every_field_is_an_option_of_its_command(kind: JobKind, tmp_path: Path) -> None:
    request = JobRequest(kind=kind, **{name: FILLED[name] for name in FIELDS[kind]})
    arguments = request.list_arguments(today=dt.date(2026, 10, 1))
    nowhere = tmp_path / "nowhere"
    result = CliRunner().invoke(cli, [*arguments, f"--incidents={nowhere}", f"--out={tmp_path}"])
    assert isinstance(result.exception, NotFoundError), result.output  # all was understood, and the files are not there
    assert nowhere.as_posix() in str(result.exception)


@pytest.mark.parametrize(
    ("today", "day"), [("2026-10-01", "2026-10-02"), ("2026-10-02", "2026-10-02"), ("2026-10-03", "2026-10-09")]
)
def test_a_plan_without_a_day_is_for_the_next_friday(today: str, day: str) -> None:
    arguments = JobRequest(kind="patrol plan", crimes=("robbery",)).list_arguments(today=dt.date.fromisoformat(today))
    assert f"--date={day}" in arguments


def test_a_file_in_the_workspace_is_not_taken_for_a_module(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(99)", "utf-8")
    assert subprocess.run([*HOTSPOTS, "--version"], cwd=tmp_path, check=False, capture_output=True).returncode == 0
