"""The commands and the Python that the documentation shows do what it says."""

from __future__ import annotations

import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from support import call
from test_architecture import STAGES

from hotspots.cli.main import cli
from hotspots.crimes import KNIFE_CRIME, load_definitions
from hotspots.pipeline import AnalysisRequest
from hotspots.products.summary import PRODUCTS
from hotspots.settings import FILE_NAME, load_settings

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "hotspots"
ARCHITECTURE = (REPOSITORY / "docs" / "architecture.md").read_text("utf-8")
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
PAGE_IDS = [page.name for page in PAGES]
LINKING = [*PAGES, *sorted(REPOSITORY.glob("[A-Z]*.md")), *sorted(REPOSITORY.glob("[!.]*/**/README.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def list_package() -> dict[str, str]:
    """The text of each file of the package but for the faces, by its path in it."""
    files = [path for path in PACKAGE.rglob("*.*") if "__pycache__" not in path.parts and path.name != "py.typed"]
    named = [path for path in files if path.stem != "__init__"]
    return {path.relative_to(PACKAGE).as_posix(): path.read_text("utf-8") for path in named}


def shown_commands() -> list[str]:
    lines = [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("hotspots ")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tables of the demonstration are kept once they were read."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def workspace(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the demonstration data, which is the working one."""
    shutil.copytree(REPOSITORY / "data", tmp_path / "data")
    (tmp_path / FILE_NAME).write_text(f"store = '{store.as_posix()}'\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("command", shown_commands())
def test_every_command_shown_runs(command: str) -> None:
    code, _, stderr = call(*shlex.split(command.partition(">")[0])[1:])
    assert code == 0, stderr


def test_commands_are_shown() -> None:
    assert len(shown_commands()) >= 3


def test_the_python_shown_runs(workspace: Path) -> None:
    code = "\n".join(blocks(REPOSITORY / "README.md", "python"))
    done = subprocess.run([sys.executable, "-c", code], cwd=workspace, capture_output=True, text=True, check=True)
    assert "Mondays to Fridays 15:00-17:59" in done.stdout
    assert "'risk': 0." in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_every_settings_example_is_valid(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "toml"):
        (tmp_path / "hotspots.toml").write_text(block, "utf-8")
        load_settings(tmp_path / "hotspots.toml")


@pytest.mark.parametrize("page", sorted(set(LINKING)), ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_local_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("picture", sorted(REPOSITORY.glob("docs/pictures/*")), ids=lambda picture: picture.stem)
def test_every_picture_is_small_and_shown(picture: Path) -> None:
    assert picture.stat().st_size <= 150_000
    assert any(f"pictures/{picture.name})" in page.read_text("utf-8") for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_every_option_named_exists(page: Path) -> None:
    groups = [group.commands for group in cli.commands.values() if isinstance(group, click.Group)]
    commands = [cli, *cli.commands.values(), *(command for group in groups for command in group.values())]
    known = {option for command in commands for parameter in command.params for option in parameter.opts} | {"--help"}
    named = set(
        re.findall(
            r"(?<![\w-])--[a-z][a-z-]+",
            re.sub(r"pip install.*|python3? .*|docker compose run --rm", "", page.read_text("utf-8")),
        )
    )
    assert named <= known


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_every_module_and_every_test_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    files = {*PRODUCTS.values(), FILE_NAME, *(Path(path).name for path in list_package())}
    for name in set(re.findall(r"`(hotspots(?:\.\w+)+)`", text)) - files:
        pkgutil.resolve_name(name)
    for path, test in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", text):
        assert (REPOSITORY / path).exists(), path
        assert not test or f"def {test}(" in (REPOSITORY / path).read_text("utf-8"), test


def test_the_page_of_commands_is_what_help_prints() -> None:
    # in a process of its own, because click remembers the help option of a command that a test has called by itself
    code = "import runpy, sys; sys.stdout.write(runpy.run_path('docs/make_commands.py')['render_commands']())"
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code], cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True
    )
    rendered = done.stdout
    assert (REPOSITORY / "docs" / "commands.md").read_text("utf-8") == rendered, "Run: python docs/make_commands.py"


def test_the_readme_names_the_default_parameters() -> None:
    text = (REPOSITORY / "docs" / "methods.md").read_text("utf-8")
    usual = AnalysisRequest(crime="robbery")
    for name in ("bandwidth_m", "cell_size_m", "max_extent_m", "reach_m"):
        assert f"{getattr(usual, name):g} m" in text


def test_every_crime_is_listed() -> None:
    text = (REPOSITORY / "docs" / "crimes.md").read_text("utf-8")
    table = text[text.index("## The crimes that can be asked for") : text.index("## Your own wordings")]
    assert set(re.findall(r"`([a-z-]+)`", table)) == {*load_definitions().crimes, KNIFE_CRIME}


def test_the_architecture_names_every_file_in_its_room() -> None:
    rooms = ARCHITECTURE[ARCHITECTURE.index("## Every room") : ARCHITECTURE.index("## The way of one incident")]
    named = [
        (Path(room) / name).as_posix()
        for room, row in re.findall(r"^\| `([^`]+)` \|(.*)\|$", rooms, flags=re.MULTILINE)
        for name in re.findall(r"`(\w+\.\w+)`", row)
    ]
    assert sorted(named) == sorted(list_package())


def test_the_architecture_draws_the_stages_in_their_order() -> None:
    rooms = [stage.rpartition(".")[2] for stage in STAGES]
    (diagram,) = blocks(REPOSITORY / "docs" / "architecture.md", "text")
    drawn = [line[:65] for line in diagram.splitlines()]  # what comes behind is said of them
    assert [word for line in drawn for word in re.findall(r"\w+", line) if word in rooms] == rooms


def test_every_path_in_the_architecture_exists() -> None:
    products = {*PRODUCTS.values(), FILE_NAME}
    paths = {path for path in re.findall(r"`([\w/.*]*\w/?)`", ARCHITECTURE) if re.search(r"/|\.[a-z]+$", path)}
    assert len(paths) > 100
    found = {path for path in paths if any(PACKAGE.glob(path)) or any(REPOSITORY.glob(path))}
    names = {Path(path).name for path in list_package()}  # each is there once, so it needs no folder
    assert paths - products - found - names == set()


def test_every_name_in_the_architecture_exists() -> None:
    package = list_package()
    in_files = re.findall(r"`(?:[\w/]+/)?(\w+\.py)`,?\s`(\w+)\(\)`", ARCHITECTURE)
    assert len(in_files) > 30
    for name, function in in_files:
        (text,) = [text for path, text in package.items() if Path(path).name == name]
        assert f"\ndef {function}(" in text, f"{name} {function}()"
    texts = "\n".join([*package.values(), (REPOSITORY / "tests" / "test_architecture.py").read_text("utf-8")])
    for name in re.findall(r"`(\w+)\(\)`", ARCHITECTURE):
        assert f"def {name}(" in texts, name
    for name in re.findall(r"`([A-Z]\w+)`", ARCHITECTURE):
        assert re.search(rf"^(class {name}\b|{name} = )", texts, flags=re.MULTILINE), name
