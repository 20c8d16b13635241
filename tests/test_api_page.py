"""The page on the Python interface: its examples print what it says, and it leaves no public function out."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[1]
PAGE = REPOSITORY / "docs" / "api.md"
PACKAGE = REPOSITORY / "hotspots"
FACES = [
    PACKAGE / "__init__.pyi",
    PACKAGE / "geography" / "__init__.pyi",
    PACKAGE / "ingest" / "fetch" / "__init__.pyi",
    *sorted(PACKAGE.glob("analysis/*/__init__.pyi")),
]
READERS = [PACKAGE / "ingest" / room / "__init__.pyi" for room in ("incidents", "reference")]
METHODS = sorted(REPOSITORY.glob("docs/methods/*.md"))


def split_page() -> tuple[str, dict[str, str]]:
    """What comes first in every section, and the sections by title, each with blank lines in place of what is before.

    So an example that fails is named with its line of the page.
    """
    introduction, *sections = re.split(r"^(?=## )", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    n_before = introduction.count("\n")
    by_title = {}
    for section in sections:
        by_title[section.splitlines()[0].removeprefix("## ")] = "\n" * n_before + section
        n_before += section.count("\n")
    return introduction, by_title


def keep_code(text: str) -> str:
    """The lines within blocks of Python, blank lines in place of all others."""
    kept, is_code = [], False
    for line in text.splitlines():
        is_fence = line.startswith("```")
        kept.append("" if is_fence or not is_code else line)
        is_code = line == "```python" if is_fence else is_code
    return "\n".join(kept) + "\n"


def list_names(face: Path) -> Iterator[tuple[str, Any]]:
    """The names that a face shows, and what they are."""
    module = importlib.import_module(".".join(face.parent.relative_to(REPOSITORY).parts))
    for statement in ast.parse(face.read_text("utf-8")).body:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                yield alias.name, getattr(module, alias.name)


INTRODUCTION, SECTIONS = split_page()


@pytest.mark.parametrize("title", SECTIONS)
@pytest.mark.slow
def test_every_example_prints_what_the_page_says(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").symlink_to(REPOSITORY / "data")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    runner = doctest.DocTestRunner()
    printed: list[str] = []
    for text in (INTRODUCTION, SECTIONS[title]):
        examples = doctest.DocTestParser().get_doctest(keep_code(text), names, title, str(PAGE), 0)
        runner.run(examples, out=printed.append, clear_globs=False)
        names = examples.globs
    assert runner.failures == 0, "".join(printed)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.parent.relative_to(REPOSITORY).as_posix())
def test_every_public_function_is_on_the_page(face: Path) -> None:
    named = set(re.findall(r"`(\w+)`", PAGE.read_text("utf-8")))
    functions = {name for name, found in list_names(face) if inspect.isfunction(found) and found.__doc__}
    assert functions - named == set()


def test_every_reader_is_on_the_page() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE.read_text("utf-8")))
    readers = {name for face in READERS for name, _ in list_names(face) if name.startswith("read_") or name == "Store"}
    assert {"read_incidents", "read_boundaries", "Store"} <= readers <= named


@pytest.mark.parametrize("page", METHODS, ids=lambda page: page.stem)
def test_what_a_page_of_methods_names_in_python_is_there(page: Path) -> None:
    paragraphs = re.findall(r"^In Python: .*?(?=\n\n)", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert paragraphs, "A page of the methods says which functions are behind it."
    for paragraph in paragraphs:
        named = re.findall(r"`([\w.]+)`", paragraph)
        rooms = [pkgutil.resolve_name(name) for name in named if name.startswith("hotspots")]
        missing = [
            name for name in named if not name.startswith("hotspots") and not any(hasattr(room, name) for room in rooms)
        ]
        assert missing == []
