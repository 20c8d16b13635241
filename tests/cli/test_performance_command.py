from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hotspots", "performance", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def settings(repository: Path, tmp_path: Path) -> Path:
    data = (repository / "data").as_posix()
    (tmp_path / "hotspots.toml").write_text(
        f'incidents = "{data}/incidents"\nboundaries = "{data}/boundaries"\nindicators = ["robbery", "asb"]\n'
        '[targets]\nrobbery = "-5%"\n[priorities]\nharm = 2\n',
        "utf-8",
    )
    return tmp_path


def test_the_settings_are_used_and_the_path_is_printed(settings: Path) -> None:
    done = run(settings)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "maps/performance/2025-10-01_2026-09-30/performance.html\n"
    assert "Twelve months to 30 September 2026 against the twelve before" in done.stderr
    assert "; target -5%: " in done.stderr
    assert "Not for decisions: made from synthetic incidents and schematic boundaries" in done.stderr
    numbers = json.loads((settings / done.stdout.strip()).with_name("performance.json").read_text("utf-8"))
    assert [row["crime"] for row in numbers["indicators"]] == ["robbery", "asb"]
    assert numbers["priorities"]["criterion_weights"]["harm"] == pytest.approx(2 / 6, abs=1e-3)


def test_mistakes_end_with_their_exit_codes(settings: Path) -> None:
    (settings / "peers.csv").write_text("area,crime\nLambeth,robbery\n", "utf-8")
    bad = run(settings, "--peers", "peers.csv")
    assert bad.returncode == 3
    assert "peers.csv has none of n_incidents and population" in bad.stderr
    folder = run(settings, "--peers", ".")
    assert folder.returncode == 3
    assert "Peers are read from one file; . is a folder. Name the file that is meant." in folder.stderr
    unknown = run(settings, "--indicator", "shoplifting")
    assert unknown.returncode == 2
    assert "The files hold none of the indicators shoplifting" in unknown.stderr
