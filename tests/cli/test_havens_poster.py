"""`hotspots havens poster`, from files to sheets."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from support import call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Wards, havens and a school, where the defaults look for them."""
    monkeypatch.chdir(tmp_path)
    for name in ("boundaries", "havens", "schools"):
        (tmp_path / "data" / name).mkdir(parents=True)
    gpd.GeoDataFrame(
        {"ward_code": ["E05000001"], "ward_name": ["Hill"], "borough": ["Ashford"]},
        geometry=[shapely.box(529000, 179000, 531000, 181000)],
        crs=27700,
    ).to_file(tmp_path / "data/boundaries/wards.gpkg")
    (tmp_path / "data/havens/havens.csv").write_text(
        "name,kind,address,opening_hours,last_checked,easting,northing\n"
        "Hill Library,library,12 High Street,Mo-Fr 09:00-17:00,2026-03-01,530240,180000\n"
        "Vale Pharmacy,pharmacy,3 Low Road,Mo-Fr 09:00-18:00,2019-03-01,530000,180560\n",
        "utf-8",
    )
    (tmp_path / "data/schools/schools.csv").write_text(
        "URN,EstablishmentName,Easting,Northing\n100001,Hill School,530000,180000\n", "utf-8"
    )
    return tmp_path


def test_posters_are_made_without_any_incident(folder: Path) -> None:
    code, out, err = call("havens", "poster", "--address", "https://example.org")
    assert (code, out.strip()) == (0, "maps/posters/10-minutes_15-18/posters.pdf")
    assert "Posters: 2, of 1 school and 1 for boroughs" in err
    assert "in a straight line, since no streets were read near" in err
    assert (folder / "maps/posters/10-minutes_15-18/hill-school.png").read_bytes().startswith(b"\x89PNG")
    assert "Posters of safe havens" in (folder / "maps/index.html").read_text("utf-8")


def test_what_is_on_them_is_printed_as_json(folder: Path) -> None:
    code, out, _ = call("havens", "poster", "--school", "100001", "--checked-since", "2025-01-01", "--json")
    told = json.loads(out)
    assert code == 0
    assert [poster["name"] for poster in told["posters"]] == ["Hill School"]
    assert [(haven["name"], haven["minutes"], haven["has_known_hours"]) for haven in told["posters"][0]["havens"]] == [
        ("Hill Library", 3, True), ("Vale Pharmacy", 7, False),
    ]  # fmt: skip
    assert told["n_hours_unknown"] == 1


def test_the_settings_say_since_when_hours_must_have_been_checked(folder: Path) -> None:
    """As on the command line, which goes before them."""
    with (folder / "hotspots.toml").open("a", encoding="utf-8") as file:
        file.write("checked_since = 2025-01-01\n")
    unknown = [
        json.loads(call("havens", "poster", "--school", "100001", *more, "--json")[1])["n_hours_unknown"]
        for more in ([], ["--checked-since", "2000-01-01"])
    ]
    assert unknown == [1, 0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--address", "tel:999"], '--address begins "tel:"'),
        (["--minutes", "0"], "--minutes is 0"),
        (["--hours", "18-15"], "--hours are 18 to 15"),
        (["--hours", "after school"], "is not a stretch of whole hours"),
        (["--school", "Nobody"], 'No school has the name or number "Nobody"'),
        (["--havens", "nowhere.csv"], "nowhere.csv"),
        (["--out", "data/havens/posters"], "must not be written where files are read"),
    ],
)
def test_mistakes_are_said_with_the_option(folder: Path, arguments: list[str], words: str) -> None:
    code, out, err = call("havens", "poster", *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert not (folder / "maps").exists() or not list((folder / "maps").glob("posters/*"))


def test_without_havens_it_says_where_to_give_them(folder: Path) -> None:
    (folder / "data/havens/havens.csv").unlink()
    code, _, err = call("havens", "poster")
    assert code == 2
    assert (
        "A poster needs safe havens; none were given, and there is no folder data/havens. Give their file with --havens"
        in err
    )
