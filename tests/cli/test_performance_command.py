from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import call


@pytest.fixture
def settings(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, which is the working one."""
    data = (repository / "data").as_posix()
    (tmp_path / "hotspots.toml").write_text(
        f'incidents = "{data}/incidents"\nboundaries = "{data}/boundaries"\nindicators = ["robbery", "asb"]\n'
        '[targets]\nrobbery = "-5%"\n[priorities]\nharm = 2\n',
        "utf-8",
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_settings_are_used_and_the_path_is_printed(settings: Path) -> None:
    code, stdout, stderr = call("performance")
    assert code == 0, stderr
    assert stdout == "maps/performance/2025-10-01_2026-09-30/performance.html\n"
    assert "Twelve months to 30 September 2026 against the twelve before" in stderr
    assert "; target -5%: " in stderr
    assert "Not for decisions: made from synthetic incidents and schematic boundaries" in stderr
    numbers = json.loads((settings / stdout.strip()).with_name("performance.json").read_text("utf-8"))
    assert [row["crime"] for row in numbers["indicators"]] == ["robbery", "asb"]
    assert numbers["priorities"]["criterion_weights"]["harm"] == pytest.approx(2 / 6, abs=1e-3)


@pytest.mark.slow
def test_mistakes_end_with_their_exit_codes(settings: Path) -> None:
    (settings / "peers.csv").write_text("area,crime\nLambeth,robbery\n", "utf-8")
    code, _, stderr = call("performance", "--peers", "peers.csv")
    assert code == 3
    assert "peers.csv has none of incidents, population" in stderr
    code, _, stderr = call("performance", "--peers", ".")
    assert code == 3
    assert "Peers are read from one file; . is a folder. Name the file that is meant." in stderr
    code, _, stderr = call("performance", "--indicator", "shoplifting")
    assert code == 2
    assert "The files hold none of the indicators shoplifting" in stderr
