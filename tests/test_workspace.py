from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from house_files import make_logo

from hotspots import workspace
from hotspots.cli.main import cli
from hotspots.errors import NotFoundError, ParameterError
from hotspots.house import HouseStyle
from hotspots.settings import load_settings
from hotspots.workspace import make_workspace


def test_a_workspace_has_settings_that_can_be_read_and_places_for_files(tmp_path: Path) -> None:
    made = make_workspace(tmp_path / "new")
    assert {path.relative_to(tmp_path / "new").as_posix() for path in made} == {
        "data/incidents", "data/boundaries", "data/havens", "data/calendar", "data/streets", "data/premises",
        "data/base_map", "data/schools", "data/candidates", "data/safety_maps", "data/patrols", "maps", "hotspots.toml",
    }  # fmt: skip
    settings = load_settings(tmp_path / "new" / "hotspots.toml")
    assert (settings.crs, settings.time_zone) == ("EPSG:27700", "Europe/London")
    assert settings.store == tmp_path / "new" / "store"


def test_every_setting_that_is_commented_out_is_valid_too(tmp_path: Path) -> None:
    make_workspace(tmp_path)
    path = tmp_path / "hotspots.toml"
    lines = [
        line.removeprefix("# ") if line.startswith(("# [", "# ")) and ("=" in line or "[" in line) else line
        for line in path.read_text("utf-8").splitlines()
    ]
    path.write_text("\n".join(lines), "utf-8")
    (tmp_path / "data" / "logo.png").write_bytes(make_logo())
    settings = load_settings(path)
    assert settings.house.name is not None
    assert settings.house.markings == HouseStyle().markings
    assert settings.postcodes == tmp_path / "data" / "places" / "ONSPD.zip"
    assert settings.checked_since is not None
    assert [profile.name for profile in settings.profiles] == ["wardens"]
    assert settings.profiles[0].offences == {"Group drinking": "asb-street-drinking"}


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "hotspots.toml").write_text("time_zone = 'UTC'")
    with pytest.raises(ParameterError, match=r"hotspots.toml is there already, and is left as it is. Name another"):
        make_workspace(tmp_path)
    assert (tmp_path / "hotspots.toml").read_text() == "time_zone = 'UTC'"


def test_the_demonstration_does_not_mix_with_other_files(tmp_path: Path) -> None:
    (tmp_path / "data" / "incidents").mkdir(parents=True)
    (tmp_path / "data" / "incidents" / "mine.csv").write_text("x")
    with pytest.raises(ParameterError, match="must not mix with other data; .*data/incidents holds some"):
        make_workspace(tmp_path, demonstration=True)
    assert not (tmp_path / "hotspots.toml").exists()
    make_workspace(tmp_path)


def test_an_installation_without_the_demonstration_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "DEMONSTRATED", ("incidents", "no such"))
    with pytest.raises(
        NotFoundError, match="does not include the demonstration data. Install it from a wheel or a checkout"
    ):
        make_workspace(tmp_path, demonstration=True)


@pytest.mark.slow
def test_a_workspace_with_the_demonstration_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli, ["init", "--demonstration"], catch_exceptions=False).exit_code == 0
    result = CliRunner().invoke(cli, ["run", "--crime", "robbery", "--from", "2026-09-01"], catch_exceptions=False)
    assert result.exit_code == 0
    assert (tmp_path / "maps" / "index.html").exists()
    assert list((tmp_path / "store").glob("file=*/table=*/month=2026-01/incidents.parquet"))


def test_the_wheel_carries_the_demonstration(tmp_path: Path, repository: Path) -> None:
    """Built without isolation, so that no network is needed; skips where the build backend is not installed."""
    pytest.importorskip("hatchling")
    code = (
        "from hatchling.builders.wheel import WheelBuilder; import sys; "
        "print(next(WheelBuilder(sys.argv[1]).build(directory=sys.argv[2], versions=['standard'])))"
    )
    subprocess.run([sys.executable, "-c", code, str(repository), str(tmp_path)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(tmp_path / "installed")
    code = (
        "import sys; from pathlib import Path; from hotspots.workspace import make_workspace; "
        "make_workspace(Path(sys.argv[1]), demonstration=True)"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "ws")], check=True, cwd=tmp_path, env=environment)
    for name in workspace.DEMONSTRATED:
        made, kept = (
            sorted(path.name for path in (at / "data" / name).iterdir()) for at in (tmp_path / "ws", repository)
        )
        assert made == kept
