from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jinja2
import pytest

from hotspots.products.words.bytecode import BytecodeCache
from hotspots.products.words.sentences import make_environment

OPTIONS: dict[str, Any] = {"autoescape": True, "trim_blocks": True}


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "greeting.html").write_text("Good morning, {{ name }}", "utf-8")
    return folder


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that were compiled since."""
    texts: list[str] = []
    compile_template = jinja2.Environment.compile

    def note(environment: jinja2.Environment, source: Any, *others: Any, **more: Any) -> Any:
        texts.append(source)
        return compile_template(environment, source, *others, **more)

    monkeypatch.setattr(jinja2.Environment, "compile", note)
    return texts


def render(templates: Path, name: str = "page", **more: object) -> str:
    """What a new process would render."""
    options = OPTIONS | more
    cache = BytecodeCache(templates, name, options)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(templates), bytecode_cache=cache, **options)
    return environment.get_template("greeting.html").render(name="Sergeant <Li>")


def test_a_template_is_compiled_once_for_all_runs(templates: Path, compiled: list[str]) -> None:
    texts = [render(templates) for _ in range(3)]
    assert texts == ["Good morning, Sergeant &lt;Li&gt;"] * 3
    assert len(compiled) == 1
    assert [path.name[:5] for path in (templates / "__pycache__").iterdir()] == ["page-"]


def test_a_changed_template_is_compiled_again(templates: Path, compiled: list[str]) -> None:
    render(templates)
    (templates / "greeting.html").write_text("Good evening, {{ name }}", "utf-8")
    assert render(templates) == "Good evening, Sergeant &lt;Li&gt;"
    assert len(compiled) == 2
    assert len(list((templates / "__pycache__").iterdir())) == 1


def test_what_was_compiled_with_other_options_is_not_taken(templates: Path, compiled: list[str]) -> None:
    (templates / "greeting.html").write_text("{% if name %}\nGood morning{% endif %}", "utf-8")
    assert render(templates) == "Good morning"
    assert render(templates, trim_blocks=False) == "\nGood morning"
    assert len(compiled) == 2


def test_environments_of_two_names_do_not_take_turns(templates: Path, compiled: list[str]) -> None:
    texts = [render(templates, name, autoescape=name == "page") for name in ("page", "text") * 2]
    assert texts == ["Good morning, Sergeant &lt;Li&gt;", "Good morning, Sergeant <Li>"] * 2
    assert len(compiled) == 2


def test_python_told_to_write_no_bytecode_is_obeyed(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert render(templates) == "Good morning, Sergeant &lt;Li&gt;"
    assert not (templates / "__pycache__").exists()


def test_bytecode_goes_where_python_puts_its_own(
    templates: Path, tmp_path: Path, compiled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "elsewhere"))
    render(templates)
    render(templates)
    assert len(compiled) == 1
    assert not (templates / "__pycache__").exists()
    assert list((tmp_path / "elsewhere").rglob("page-*"))


def test_a_folder_that_cannot_be_written_is_no_error(templates: Path) -> None:
    (templates / "__pycache__").write_text("a file, which holds no others", "utf-8")
    assert render(templates) == "Good morning, Sergeant &lt;Li&gt;"


@pytest.mark.parametrize("length", [0, 1, 30, 60])
def test_a_file_cut_short_is_written_again(templates: Path, compiled: list[str], length: int) -> None:
    render(templates)
    (file,) = (templates / "__pycache__").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:length])
    assert render(templates) == "Good morning, Sergeant &lt;Li&gt;"
    assert file.read_bytes() == whole
    assert len(compiled) == 2


@pytest.mark.parametrize("is_escaped", [True, False])
def test_the_environments_of_the_package_keep_theirs(is_escaped: bool) -> None:
    assert isinstance(make_environment(is_escaped=is_escaped).bytecode_cache, BytecodeCache)
