from __future__ import annotations

from pathlib import Path

import pytest

from hotspots.crimes import load_definitions
from hotspots.errors import DataError, NotFoundError
from hotspots.ingest.peers import read_peers

DEFINITIONS = load_definitions()


def read(folder: Path, text: str) -> list[list[object]]:
    path = folder / "peers.csv"
    path.write_text(text, "utf-8")
    return read_peers(path, definitions=DEFINITIONS).to_numpy().tolist()


def test_crimes_are_known_by_slug_and_by_wording(tmp_path: Path) -> None:
    text = "Area,Crime,Incidents,Population\nLambeth,robbery,1900,317600\nHackney,Theft from the person,2500,259200\n"
    assert read(tmp_path, text) == [
        ["Lambeth", "robbery", 1900, 317600.0],
        ["Hackney", "theft-from-the-person", 2500, 259200.0],
    ]


def test_blank_rows_and_other_columns_are_passed_over(tmp_path: Path) -> None:
    text = "borough;offence;n;note;residents\nLambeth;Robbery;0;x;317600\n;;;;\n"
    assert read(tmp_path, text) == [["Lambeth", "robbery", 0, 317600.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("area,crime,incidents\nA,robbery,1\n", "peers.csv has none of population. Its columns are area, crime"),
        ("area,crime,incidents,population\nA,robbery,1.5,10\n", 'row 1 of peers.csv has "1.5" and "10"'),
        ("area,crime,incidents,population\nA,robbery,1,0\n", 'row 1 of peers.csv has "1" and "0"'),
        ("area,crime,incidents,population\nA,robbery,,10\n", "row 1 of peers.csv has"),
        ("area,crime,incidents,population\nA,robbery,many,10\n", "must be a number from 0 up"),
        ("area,crime,incidents,population\nA,roberry,1,10\n", 'row 1 of peers.csv has "roberry". Write it as one of'),
        (
            "area,crime,incidents,population\nA,robbery,1,10\nA,Robbery,2,10\n",
            "row 2 of peers.csv gives robbery in A again. Keep one row",
        ),
    ],
)
def test_mistakes_are_explained(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message.replace("(", r"\(")):
        read(tmp_path, text)


def test_the_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_peers(tmp_path / "none.csv", definitions=DEFINITIONS)
