from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from hotspots.crimes import load_definitions
from hotspots.errors import DataError, NotFoundError
from hotspots.ingest.reference.peers import read_peers

DEFINITIONS = load_definitions()


def read(folder: Path, text: str) -> list[list[object]]:
    path = folder / "peers.csv"
    path.write_text(text, "utf-8")
    return read_peers(path, definitions=DEFINITIONS).table.to_numpy().tolist()


def test_crimes_are_known_by_slug_and_by_wording(tmp_path: Path) -> None:
    text = "Area,Crime,Incidents,Population\nLambeth,robbery,1900,317600\nHackney,Theft from the person,2500,259200\n"
    assert read(tmp_path, text) == [
        ["Lambeth", "robbery", 1900, 317600.0],
        ["Hackney", "theft-from-the-person", 2500, 259200.0],
    ]


def test_blank_rows_and_other_columns_are_passed_over(tmp_path: Path) -> None:
    text = "borough;offence;n;note;residents\nLambeth;Robbery;0;x;317600\n;;;;\n"
    assert read(tmp_path, text) == [["Lambeth", "robbery", 0, 317600.0]]


@pytest.mark.parametrize("crime", ["knife-crime", "Knife crime", "KNIFE  CRIME "])
def test_knife_crime_is_known(tmp_path: Path, crime: str) -> None:
    text = f"area,crime,incidents,population\nA,{crime},7,10\n"
    assert read(tmp_path, text) == [["A", "knife-crime", 7, 10.0]]


def test_areas_are_named_without_blanks_around_them(tmp_path: Path) -> None:
    text = 'area,crime,incidents,population\n"  Tower   Hamlets ",robbery,7,10\n'
    assert read(tmp_path, text) == [["Tower Hamlets", "robbery", 7, 10.0]]


def test_a_note_below_the_table_is_passed_over(tmp_path: Path) -> None:
    text = "area,crime,incidents,population\nA,robbery,7,10\nSource: returns of June,,,\nprovisional\n"
    assert read(tmp_path, text) == [["A", "robbery", 7, 10.0]]


def test_the_file_is_named_with_what_it_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "peers.csv"
    text = "area,crime,incidents,population\nA,robbery,7,10\n"
    path.write_text(text, "utf-8")
    plain = read_peers(path, definitions=DEFINITIONS).input
    assert (plain.path, plain.table, plain.n_rows, plain.data_status) == ("peers.csv", "peers", 1, None)
    assert plain.sha256 == hashlib.sha256(text.encode()).hexdigest()
    path.write_text("area,crime,incidents,population,data_status\nA,robbery,7,10,synthetic\n", "utf-8")
    assert read_peers(path, definitions=DEFINITIONS).input.data_status == "synthetic"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("area,crime,incidents\nA,robbery,1\n", "peers.csv has none of population. Its columns are area, crime"),
        (
            "area,crime,incidents,population\nA,robbery,1.5,10\n",
            'row 1 of peers.csv has text like "9.9" in incidents and',
        ),
        (
            "area,crime,incidents,population\nA,robbery,1,0\n",
            'row 1 of peers.csv has text like "9" in incidents and text like "0"',
        ),
        (
            "area,crime,incidents,population\nA,robbery,,10\n",
            "row 1 of peers.csv has nothing in incidents and",
        ),
        (
            "area,crime,incidents,population\nA,robbery,many,10\n",
            'A number of incidents must be .* in digits alone; row 1 of peers.csv has text like "aaaa" in inc',
        ),
        (
            "area,crime,incidents,population\nA,robbery,-1,10\n",
            'A number of incidents must be .* has text like "-9" in incidents',
        ),
        (
            "area,crime,incidents,population\nA,robbery,1,few\n",
            'population must be .* has text like "aaa" in pop',
        ),
        (
            "area,crime,incidents,population\nA,robbery,1000000001,10\n",
            'A number of incidents must be at most 1,000,000,000; row 1 of peers.csv has text like "9999999999" in inc',
        ),
        (
            "area,crime,incidents,population\nA,robbery,1,1e300\n",
            'A population must be at most 1,000,000,000; row 1 of peers.csv has text like "9a999" in population',
        ),
        ("", "peers.csv is empty"),
        ("area,crime,incidents,population\n", "peers.csv is empty: no row below its header has an area and a crime"),
        (
            "area,crime,incidents,population\nA,robbery,1,10\n,robbery,5,10\n",
            "row 2 of peers.csv has one in incidents and nothing in area, and 1 in all lack one. Fill it in, or remove",
        ),
        (
            "borough,offence,n,residents\nA,robbery,1,10\nTotal,,,50\n, ,7,\n",
            "row 2 of peers.csv has one in residents and nothing in offence, and 2 in all",
        ),
        (
            "area,crime,incidents,population\nLambeth,robbery,1,10\n LAMBETH,Robbery,2,10\n",
            "row 2 of peers.csv gives robbery in the area of row 1 again. Keep one row",
        ),
        ("area,crime,incidents,population\nA,gun running,1,10\n", "Write it as one of: .*, knife-crime, "),
        (
            "area,crime,incidents,population\nA,Knife enabled robbery,1,10\n",
            'with and without a knife, or knife crime; row 1 of peers.csv has text like "Aaaaa aaaaaaa aaaaaaa" in',
        ),
        (
            "area,crime,incidents,population\nA,roberry,1,10\n",
            'row 1 of peers.csv has text like "aaaaaaa" in crime. Write it',
        ),
        (
            "area,crime,incidents,population\nA,robbery,1,10\nA,Robbery,2,10\n",
            "row 2 of peers.csv gives robbery in the area of row 1 again. Keep one row",
        ),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message.replace("(", r"\(")):
        read(tmp_path, text)


def test_one_table_in_one_file_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Peers are read from one file; .* is a folder. Name the file that is meant"):
        read_peers(tmp_path, definitions=DEFINITIONS)
    (tmp_path / "peers.pdf").write_text("x", "utf-8")
    with pytest.raises(DataError, match="a file ending in .*; peers.pdf does not. Save it as CSV"):
        read_peers(tmp_path / "peers.pdf", definitions=DEFINITIONS)
    with zipfile.ZipFile(tmp_path / "peers.zip", "w") as archive:
        archive.writestr("a.csv", "area,crime,incidents,population\nA,robbery,7,10\n")
        archive.writestr("b.csv", "area,crime,incidents,population\nB,robbery,7,10\n")
    with pytest.raises(DataError, match="peers.zip holds 2 that could be meant: .* Save the right one to"):
        read_peers(tmp_path / "peers.zip", definitions=DEFINITIONS)


def test_the_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_peers(tmp_path / "none.csv", definitions=DEFINITIONS)
