"""The commands and the Python that the documentation shows do what it says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hotspots import cli

REPOSITORY = Path(__file__).parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
PAGE_IDS = [page.name for page in PAGES]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def shown_commands() -> list[str]:
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("hotspots ")]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    shutil.copytree(REPOSITORY / "data", tmp_path / "data")
    return tmp_path


@pytest.mark.parametrize("command", shown_commands())
def test_every_command_shown_runs(command: str, workspace: Path) -> None:
    arguments = shlex.split(command.partition(">")[0])[1:]
    done = subprocess.run(
        [sys.executable, "-m", "hotspots", *arguments], cwd=workspace, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_commands_are_shown() -> None:
    assert len(shown_commands()) >= 3


def test_the_python_shown_runs(workspace: Path) -> None:
    (code,) = blocks(REPOSITORY / "README.md", "python")
    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=True)
    assert "weekdays 15:00-17:59" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_every_local_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_every_option_named_exists(page: Path) -> None:
    known = {option for parameter in cli.run.params for option in parameter.opts} | {"--help"}
    named = set(
        re.findall(r"(?<![\w-])--[a-z][a-z-]+", re.sub(r"pip install.*|python3? .*", "", page.read_text("utf-8")))
    )
    assert named <= known


def test_the_readme_names_the_default_parameters() -> None:
    text = (REPOSITORY / "docs" / "methods.md").read_text("utf-8")
    defaults = {parameter.name: parameter.default for parameter in cli.run.params}
    for name in ("bandwidth_m", "cell_size_m", "eps_m", "reach_m"):
        assert f"{defaults[name]:g} m" in text
