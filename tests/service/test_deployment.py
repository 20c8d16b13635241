"""What an IT department is handed: commands in units and containers exist, and every setting is told of."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hotspots.cli.main import find_command
from hotspots.service.state import NoticeSettings, Schedule, ServiceSettings, SignInElsewhere

REPOSITORY = Path(__file__).parents[2]
DEPLOY = REPOSITORY / "deploy"
PAGE = (REPOSITORY / "docs" / "service.md").read_text("utf-8")


def list_started() -> list[list[str]]:
    """What is typed after `hotspots`, of every unit and container."""
    units = "\n".join(path.read_text("utf-8") for path in sorted((DEPLOY / "systemd").glob("*.service")))
    typed = [line.split() for line in re.findall(r"/bin/hotspots ([a-z -]+)", units)]
    containers = (DEPLOY / "Dockerfile").read_text("utf-8") + (DEPLOY / "compose.yaml").read_text("utf-8")
    found = re.findall(r'^(?:CMD|    command:) (\["(?:serve|work).*\])', containers, re.MULTILINE)
    return [*typed, *map(json.loads, found)]


def test_every_command_that_is_started_exists() -> None:
    started = list_started()
    assert {words[0] for words in started} == {"serve", "work", "backup"}
    for words in started:
        command = find_command(words)
        known = {option for parameter in command.params for option in parameter.opts}
        assert command.name == words[0]
        assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("name", sorted(set(ServiceSettings.model_fields) - {"workspace"}))
def test_every_setting_is_told_of(name: str) -> None:
    table = PAGE[PAGE.index("### All settings") : PAGE.index("### What is made by itself")]
    assert re.search(rf"`\[?\[?(service\.)?{name}\]?\]?`", table)


@pytest.mark.parametrize(
    ("kind", "block"),
    [
        (Schedule, "[[service.schedules]]"),
        (NoticeSettings, "[service.notices]"),
        (SignInElsewhere, "[service.sign_in_elsewhere]"),
    ],
)
def test_examples_name_settings_that_there_are(kind: type[Schedule], block: str) -> None:
    example = PAGE[PAGE.index(f"{block}\n") + len(block) :]
    named = re.findall(r"^(\w+) = ", example[: re.search(r"\n(\[|```)", example).start()], re.MULTILINE)  # type: ignore[union-attr]
    assert named
    assert set(named) <= set(kind.model_fields)


def test_units_are_valid() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not here; on Debian it is in the package systemd")
    # what they start is not installed here, which is all that may be wrong with them
    said = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted((DEPLOY / "systemd").iterdir()))],
        capture_output=True,
        text=True,
        check=False,
    ).stderr
    assert [line for line in said.splitlines() if "/opt/hotspots/bin/hotspots" not in line] == []
