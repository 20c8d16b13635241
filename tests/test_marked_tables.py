"""Marked texts in every column of every table beside incidents, and in none of what is written, kept or said."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner
from marked_texts import BARE, MARKS, assert_clean, assert_files_clean, write

from hotspots.cli.main import cli
from hotspots.crimes import load_definitions
from hotspots.errors import DataError
from hotspots.ingest.reference.boundaries import read_boundaries
from hotspots.ingest.reference.havens import read_havens
from hotspots.ingest.reference.peers import read_peers
from hotspots.ingest.reference.population import read_population
from hotspots.ingest.reference.postcodes import read_postcodes
from hotspots.ingest.reference.small_areas import read_areas
from hotspots.ingest.reference.term_dates import read_term_dates

Rows = list[dict[str, str]]

HAVENS: Rows = [
    {
        "haven_id": f"H{number}",
        "Name": f"Library {number}",
        "Kind": "library",
        "Opening Hours": "Mo-Fr 09:00-17:00",
        "Postcode": "",
        "Easting": str(530500 + number),
        "Northing": "180500",
        "Status": "open",
        "Data Status": "",
    }
    for number in range(3)
]
RESIDENTS: Rows = [
    {
        "ward_code": f"E0500000{number}",
        "population": "100",
        "sex": "all",
        "age": "all",
        "year": "2024",
        "data_status": "",
    }
    for number in range(3)
]
PEERS: Rows = [
    {"area": area, "crime": "robbery", "incidents": "5", "population": "100", "data_status": ""}
    for area in ("Lewisham", "Lambeth", "Hackney")
]
TERMS: Rows = [
    {"name": f"Autumn {number}", "kind": "term", "first_day": first, "last_day": last, "data_status": ""}
    for number, (first, last) in enumerate([("01/09/2025", "24/10/2025"), ("03/11/2025", "19/12/2025")])
]
POSTCODES: Rows = [{"postcode": f"SE15 {number}AB", "easting": "530500", "northing": "180500"} for number in range(3)]
WARDS: Rows = [
    {"ward_code": f"E0500000{number}", "ward_name": name, "borough": "West", "population": "100", "data_status": ""}
    for number, name in enumerate(("Ash", "Beech", "Cedar"))
]


def outline(path: Path, rows: pd.DataFrame) -> Path:
    """Rows as a layer of squares side by side."""
    boxes = [shapely.box(530000 + 1000 * x, 180000, 531000 + 1000 * x, 181000) for x in range(len(rows))]
    gpd.GeoDataFrame(rows, geometry=boxes, crs="EPSG:27700").to_file(path)
    return path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of table: rows in which nothing is wrong, who reads it, and what may stand where as it is."""

    rows: Rows
    read: Callable[[Path], Any]
    formats: tuple[str, ...] = ("csv", "tsv", "xlsx", "parquet", "zip")
    write: Callable[[Path, pd.DataFrame], Path] = write
    may_hold: frozenset[tuple[str, str]] = frozenset()
    """Columns and marks of which nothing tells that they are not what the column is for."""


LAYERS = ("geojson", "gpkg")
HOUSE, NUMBER = MARKS["house"], MARKS["crime number"]
KINDS = {
    "havens": Kind(
        rows=HAVENS,
        read=lambda path: read_havens([path]),
        formats=("csv", "tsv", "xlsx", "parquet", "zip", "json", "kml", *LAYERS),
        may_hold=frozenset({("Name", HOUSE)}),
    ),
    # codes are looked up in the boundaries, and not shown: see the test of products
    "residents": Kind(
        rows=RESIDENTS, read=read_population, may_hold=frozenset(("ward_code", text) for text in MARKS.values())
    ),
    "peers": Kind(
        rows=PEERS,
        read=lambda path: read_peers(path, definitions=load_definitions()),
        may_hold=frozenset({("area", HOUSE)}),
    ),
    "term dates": Kind(rows=TERMS, read=read_term_dates, may_hold=frozenset({("name", HOUSE)})),
    "postcodes": Kind(rows=POSTCODES, read=read_postcodes, formats=("csv", "zip")),
    "boundaries": Kind(
        rows=WARDS,
        read=lambda path: read_boundaries([path]),
        formats=LAYERS,
        write=outline,
        may_hold=frozenset({("ward_name", HOUSE), ("borough", HOUSE), ("ward_code", HOUSE), ("ward_code", NUMBER)}),
    ),
    "small areas": Kind(
        rows=[{"lsoa21cd": row["ward_code"], "lsoa21nm": row["ward_name"]} for row in WARDS],
        read=lambda path: read_areas([path]),
        formats=LAYERS,
        write=outline,
        may_hold=frozenset({("lsoa21cd", HOUSE), ("lsoa21cd", NUMBER)}),
    ),
}


def say_all(found: object) -> Iterator[str]:
    """All that was read, as text."""
    for spec in dataclasses.fields(found):  # type: ignore[arg-type]
        value = getattr(found, spec.name)
        if isinstance(value, pd.DataFrame):
            value = value.drop(columns="geometry", errors="ignore").reset_index().to_dict("list")
        yield repr(value)


def assert_reading_clean(kind: Kind, path: Path, where: object) -> None:
    try:
        found = kind.read(path)
    except DataError as error:
        assert_clean(str(error), where)
    else:
        for said in say_all(found):
            assert_clean(said, where)


def mark(rows: Rows, column: str, text: str) -> pd.DataFrame:
    return pd.DataFrame([rows[0], {**rows[1], column: text}, *rows[2:]])


@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_mark_of_any_column_is_read_or_said(kind: Kind, is_whole: bool, tmp_path: Path) -> None:
    """Of each column a mark; or of each column every mark, and in every format one."""
    texts = itertools.cycle(MARKS.items())
    cases = [(kind.formats[0], column, *next(texts)) for column in kind.rows[0]]
    if is_whole:
        cases = [(kind.formats[0], column, *mark) for column in kind.rows[0] for mark in MARKS.items()]
        cases += [(suffix, column, *next(texts)) for suffix in kind.formats[1:] for column in kind.rows[0]]
    for suffix, column, name, text in cases:
        is_geometry = suffix in LAYERS and column in ("Easting", "Northing")
        if (column, text) not in kind.may_hold and not is_geometry:
            path = kind.write(tmp_path / f"a.{suffix}", mark(kind.rows, column, text))
            assert_reading_clean(kind, path, (suffix, column, name))


def spoil(rows: Rows) -> dict[str, str]:
    """Text in a wrong layout, by what is wrong with it."""
    marked = [*MARKS.values(), *BARE.values()]
    header, plain = ",".join(rows[0]), ",".join(rows[0].values())
    return {
        "no header": "\n".join([plain.rsplit(",", 1)[0] + "," + text for text in marked]),
        "no header, and names alone": "\n".join(["~".join(marked)] * 3),
        "another delimiter": "\n".join([header.replace(",", "~"), *["~".join(marked)] * 3]),
        "marks for names of columns": f"{header},{','.join(marked)}\n{plain}\n",
        "marks alone for names of columns": f"{';'.join(marked)}\n{';'.join(marked)}\n",
        "rows too long": f"{header}\n" + "\n".join([f"{plain},{','.join(marked)}"] * 3),
        "rows too short": f"{header}\n" + "\n".join(marked),
        "a quote that is not closed": f'{header}\n"{plain}\n' + "\n".join(marked),
        "a note in each column": f"{header}\n" + "\n".join(",".join([text.replace(",", "")] * 9) for text in marked),
        "one column": "\n".join(marked),
    }


TABLES = {name: kind for name, kind in KINDS.items() if "csv" in kind.formats}


@pytest.mark.parametrize("kind", TABLES.values(), ids=TABLES)
def test_no_mark_of_a_wrong_layout_is_read_or_said(kind: Kind, tmp_path: Path) -> None:
    for wrong, content in spoil(kind.rows).items():
        (tmp_path / "a.csv").write_text(content, "utf-8")
        assert_reading_clean(kind, tmp_path / "a.csv", wrong)


@pytest.mark.parametrize("columns", [["Qzarnow", "Velbirt"], ["ward_code", "Qzarnow"], ["area", "Flumdiddle"]])
def test_columns_that_nobody_knows_are_said_by_their_number(columns: list[str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(columns) + "\n1,2\n", "utf-8")
    for kind in TABLES.values():
        with pytest.raises(DataError, match=r"column \d") as caught:
            kind.read(path)
        assert_clean(str(caught.value), columns)


def test_an_error_calls_a_file_as_its_owner_does(tmp_path: Path) -> None:
    """Who reads it has to find the file; products call it otherwise."""
    path = tmp_path / f"{OWNER}.csv"
    path.write_text("area,crime\n", "utf-8")
    with pytest.raises(DataError, match=OWNER):
        read_population(path)


OWNER = "Statement of Mr Velbirt"
"""In the name of every file: products mask it, and what is said without an error repeats products."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every kind in each column of which that may hold any text there are marks."""
    folder = tmp_path_factory.mktemp("tables")
    place = [(530_100 + 37 * (number % 20), 180_100 + 41 * (number % 7)) for number in range(900)]
    days = pd.Timestamp("2024-01-02 18:05") + pd.to_timedelta([number % 700 for number in range(900)], unit="D")
    frame = pd.DataFrame({"Offence": "Robbery", "Date": days, "Easting": [x for x, _ in place]})
    frame.assign(Northing=[y for _, y in place]).to_csv(folder / f"{OWNER} incidents.csv", index=False)
    texts = [text for text in MARKS.values() if text != HOUSE]
    # the first wards hold what is analysed
    wards = pd.DataFrame(
        [*WARDS, *({**WARDS[0], "ward_code": f"E051{n:05}", "ward_name": t} for n, t in enumerate(texts))]
    )
    outline(folder / f"{OWNER} wards.gpkg", wards.drop(columns="data_status"))
    residents = [*RESIDENTS, *({**RESIDENTS[0], "ward_code": text} for text in (*texts, HOUSE, *BARE.values()))]
    write(folder / f"{OWNER} residents.csv", pd.DataFrame(residents))
    write(folder / f"{OWNER} peers.csv", pd.DataFrame([*PEERS, *({**PEERS[0], "area": text} for text in texts)]))
    write(folder / f"{OWNER} terms.csv", pd.DataFrame([{**row, "name": texts[0]} for row in TERMS]))
    havens = [{**HAVENS[0], column: text, "Contact": text} for column in ("haven_id", "Name", "Kind", "Opening Hours")
              for text in texts]  # fmt: skip
    for number, row in enumerate(havens):
        row["haven_id"] = row["haven_id"] if row["haven_id"] != "H0" else f"H{number}"
    write(folder / f"{OWNER} havens.csv", pd.DataFrame([*havens, {**HAVENS[1], "Kind": BARE["name"]}]))
    outline(folder / f"{OWNER} treated.geojson", pd.DataFrame([{"name": BARE["name"]}]))
    return folder


@pytest.mark.slow
def test_no_mark_is_written_or_said_by_any_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    given = ("incidents", "boundaries", "population")
    common = [part for name, kind in zip(given, ("incidents.csv", "wards.gpkg", "residents.csv"), strict=True)
              for part in (f"--{name}", f"{OWNER} {kind}")]  # fmt: skip
    common += ["--store", "kept", "--out", "maps"]
    period = ["--from", "2025-01-01", "--to", "2025-06-30"]
    for arguments in (
        ["check", f"{OWNER} incidents.csv", "--boundaries", f"{OWNER} wards.gpkg"],
        ["run", "--crime", "robbery", *common, "--havens", f"{OWNER} havens.csv", "--term-dates", f"{OWNER} terms.csv"],
        ["performance", *common, "--peers", f"{OWNER} peers.csv"],
        ["operation", "--crime", "robbery", "--treated", f"{OWNER} treated.geojson", *period, *common[:4], *common[6:]],
    ):
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert_clean(result.output, arguments[0])
    (summary,) = Path("maps").rglob("summary.json")
    assert {f"Statement of Mr [name] {name}.csv" for name in ("incidents", "residents", "havens", "terms")} <= {
        file["path"] for file in json.loads(summary.read_text("utf-8"))["inputs"]
    }
    assert assert_files_clean(Path("maps"), Path("kept")) >= {".html", ".csv", ".json", ".gpkg", ".parquet"}
