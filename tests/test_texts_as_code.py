"""Texts of files and settings are shown and never run: not by a template engine, a browser or a terminal."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from generated_files import make_wards
from support import call

from hotspots.cli.outputs import echo, echo_json
from hotspots.products.words import say

ATTACK = "{{ 6007 * 7 }}{% if %}{# x #}<img src=x onerror=alert(1)>: `${1}` robberies"


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a crime whose words in the settings are an attack, as are those of a part of it."""
    home = tmp_path_factory.mktemp("attack")
    make_wards().to_file(home / "wards.geojson")
    random = np.random.default_rng(1)
    place = random.integers(0, 20, 300)
    pd.DataFrame(
        {
            "Date": pd.Timestamp("2024-01-01 15:20") + pd.to_timedelta(random.integers(0, 700, 300), unit="D"),
            "Offence": "Robbery",
            "Easting": 538_100 + place * 40,
            "Northing": 174_200 + place % 3 * 30,
        }
    ).to_csv(home / "a.csv", index=False)
    words = json.dumps(ATTACK)
    (home / "hotspots.toml").write_text(f"[crimes.robbery]\nlabel = {words}\nplural = {words}\n", "utf-8")
    given = (
        "--incidents",
        home / "a.csv",
        "--boundaries",
        home / "wards.geojson",
        "--settings",
        home / "hotspots.toml",
    )
    code, _, err = call("run", "--crime", "robbery", *given, "--out", home / "maps")
    assert code == 0, err
    days = ("--from", "2025-01-01", "--to", "2025-06-30")
    code, _, err = call(
        "operation", "--crime", "robbery", "--treated-ward", "Ashe", *days, *given, "--out", home / "maps"
    )
    assert code == 0, err
    assert call("performance", *given, "--out", home / "maps")[0] == 0
    return home / "maps"


@pytest.mark.slow
def test_words_of_the_settings_are_shown_and_never_run(products: Path) -> None:
    pages = sorted(products.rglob("*.html"))
    assert {"map.html", "times.html", "operation.html", "performance.html", "index.html"} <= {p.name for p in pages}
    for path in pages:
        page = path.read_text("utf-8")
        assert "42049" not in page, f"{path.name} ran a template"
        assert "<img src=x" not in page, f"{path.name} holds markup of the settings"
        text = html.unescape(re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL))
        assert ATTACK.casefold() in text.casefold() or path.name == "quality.html"


def test_what_a_map_says_at_a_shape_is_plain_text_in_the_data_of_its_script(products: Path) -> None:
    """The script puts it in as text; in its data not one sign begins a tag."""
    (path,) = products.rglob("map.html")
    page = path.read_text("utf-8")
    data = re.search(r"const view = (.*);\n", page)
    assert data is not None
    assert "<" not in data[1]
    view = json.loads(data[1])
    assert ATTACK.casefold() in json.dumps([view["places"], view["wards"], view["clusters"]]).casefold()


@pytest.mark.parametrize("steering", ["\x1b[2J", "\x07", "\r", "\x9b31m", "\u202e", "\x00", "\x7f"])
def test_nothing_steers_a_terminal(steering: str) -> None:
    import click

    @click.command()
    def speak() -> None:
        echo(f"a{steering}b\tc\nd")
        echo_json({"name": f"a{steering}b"})

    shown = CliRunner().invoke(speak, catch_exceptions=False).output
    assert steering not in shown
    first, *rest = shown.split("\n")
    assert first == f"a\N{REPLACEMENT CHARACTER}{steering[1:]}b\tc"
    assert json.loads("".join(rest[1:])) == {"name": f"a{steering}b"}


def test_headers_of_a_file_do_not_steer_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2Jb.csv").write_text("Date,Of\x1b[31mfence,Where\n01/02/2025,Robbery,x\n", "utf-8")
    for arguments in (("check",), ("run", "--crime", "robbery", "--incidents")):
        code, out, err = call(*arguments, tmp_path / "a\x1b[2Jb.csv")
        assert code in (2, 3)
        assert "\x1b" not in out + err


@pytest.mark.parametrize("part", ["\n", "\r", "\v", "\f", "\x85", "\u2028"])
def test_a_text_of_several_lines_is_one_in_a_sentence(part: str) -> None:
    assert "a b" in say("places.name", [f"a{part}b"], [])
