from __future__ import annotations

import gzip
import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import DataError, NotFoundError
from hotspots.ingest.reference.postcodes import Postcodes, read_postcodes

# the official layout of Code-Point Open: no header, postcodes padded to seven characters
CODE_POINT = (
    '"SE135AA",10,538629,175288,"E92000001","E19000003","E18000007","","E09000023","E05000448"\n'
    '"E1  6AN",10,533500,181600,"E92000001","","","","E09000030","E05009317"\n'
    '"SE139ZZ",90,0,0,"E92000001","","","","",""\n'
)
ONSPD_HEADER = "pcd,pcd2,pcds,dointr,doterm,oscty,oseast1m,osnrth1m,osgrdind,ctry\n"
ONSPD_2025_HEADER = "pcd7,pcd8,pcds,dointr,doterm,cty25cd,east1m,north1m,gridind,ctry25cd\n"
ONSPD_ROWS = (
    '"SE135AA","SE13 5AA","SE13 5AA","198001","","E99999999",538629,0175288,1,"E92000001"\n'
    '"E1  6AN","E1   6AN","E1 6AN","198001","","E99999999",533500,0181600,1,"E92000001"\n'
    '"AB1 0AA","AB1  0AA","AB1 0AA","198001","199606","S99999999",385386,0801193,1,"S92000003"\n'
    '"BT1 1AA","BT1  1AA","BT1 1AA","198001","","N99999999",333000,0374000,1,"N92000002"\n'
    '"GY1 1AA","GY1  1AA","GY1 1AA","198001","","L99999999",,,9,"L93000001"\n'
)


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def pack(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def places(postcodes: Postcodes) -> dict[str, tuple[float, float]]:
    return {str(code): (e, n) for code, e, n in postcodes.table.itertuples()}


LONDON = {"SE135AA": (538629.0, 175288.0), "E16AN": (533500.0, 181600.0)}


def test_code_point_open_has_no_header(tmp_path: Path) -> None:
    path = write(tmp_path / "se.csv", CODE_POINT)
    postcodes = read_postcodes(path)
    assert places(postcodes) == LONDON
    assert postcodes.label == "se.csv"
    assert postcodes.sha256 == hashlib.sha256(CODE_POINT.encode()).hexdigest()
    assert postcodes.table.index.name == "postcode"
    assert postcodes.table.dtypes.astype(str).to_dict() == {"easting": "float64", "northing": "float64"}


def test_code_point_open_with_a_header(tmp_path: Path) -> None:
    header = "postcode,quality,easting,northing,country,nhs_ha_reg,nhs_ha,county,district,ward\n"
    assert places(read_postcodes(write(tmp_path / "a.csv", header + CODE_POINT))) == LONDON


@pytest.mark.parametrize("header", [ONSPD_HEADER, ONSPD_2025_HEADER, ONSPD_HEADER.upper()])
def test_the_ons_directory_by_its_names_of_any_year(tmp_path: Path, header: str) -> None:
    """Terminated postcodes have a place; those on the Irish Grid and those without coordinates do not."""
    postcodes = read_postcodes(write(tmp_path / "ONSPD.csv", header + ONSPD_ROWS))
    assert places(postcodes) == {**LONDON, "AB10AA": (385386.0, 801193.0)}


def test_the_archives_as_downloaded(tmp_path: Path) -> None:
    code_point = pack(
        tmp_path / "codepo_gb.zip",
        {
            "Data/CSV/se.csv": CODE_POINT,
            "Data/CSV/ab.csv": '"AB101AB",10,394235,806529,"S92000003","","","","S12000033","S13002842"\n',
            "Doc/Code-Point_Open_Column_Headers.csv": "PC,PQ,EA,NO,CY,RH,LH,CC,DC,WC\n",
            "Doc/licence.txt": "-",
        },
    )
    assert places(read_postcodes(code_point)) == {**LONDON, "AB101AB": (394235.0, 806529.0)}
    directory = pack(
        tmp_path / "onspd.zip",
        {
            "Data/ONSPD_MAY_2025_UK.csv": ONSPD_2025_HEADER + ONSPD_ROWS,
            "Data/multi_csv/ONSPD_MAY_2025_UK_SE.csv": "not read",
            "Documents/Names and codes.csv": "CTRY12CD,CTRY12NM\nE92000001,England\n",
        },
    )
    assert set(places(read_postcodes(directory))) == {*LONDON, "AB10AA"}


def test_the_folder_that_an_archive_unpacks_to(tmp_path: Path) -> None:
    folder = tmp_path / "codepo_gb"
    write(folder / "Data" / "CSV" / "se.csv", CODE_POINT)
    write(folder / "Doc" / "Code-Point_Open_Column_Headers.csv", "PC,PQ,EA,NO\n")
    postcodes = read_postcodes(folder)
    assert places(postcodes) == LONDON
    assert postcodes.label == "codepo_gb"
    lines = "".join(
        f"{hashlib.sha256(content.encode()).hexdigest()}  {name}\n"
        for name, content in (
            ("Data/CSV/se.csv", CODE_POINT),
            ("Doc/Code-Point_Open_Column_Headers.csv", "PC,PQ,EA,NO\n"),
        )
    )
    assert postcodes.sha256 == hashlib.sha256(lines.encode()).hexdigest()


def test_the_folder_that_holds_an_archive_or_packed_tables(tmp_path: Path) -> None:
    pack(tmp_path / "codepo_gb.zip", {"Data/CSV/se.csv": CODE_POINT})
    write(tmp_path / "se.csv.gz", gzip.compress(CODE_POINT.encode()))
    assert places(read_postcodes(tmp_path)) == LONDON
    assert places(read_postcodes(tmp_path / "se.csv.gz")) == LONDON


def test_the_parts_of_the_ons_directory_are_read_if_they_are_what_was_named(tmp_path: Path) -> None:
    folder = tmp_path / "multi_csv"
    write(folder / "ONSPD_SE.csv", ONSPD_HEADER + ONSPD_ROWS)
    assert set(places(read_postcodes(folder))) == {*LONDON, "AB10AA"}


def test_a_bom_and_windows_1252_do_no_harm(tmp_path: Path) -> None:
    header = b"postcode,easting,northing,town\n"
    assert places(read_postcodes(write(tmp_path / "bom.csv", b"\xef\xbb\xbf" + CODE_POINT.encode()))) == LONDON
    rows = b"SE13\xa05AA,538629,175288,Ynys M\xf4n\nE1 6AN,533500,181600,-\n"
    assert places(read_postcodes(write(tmp_path / "cp1252.csv", header + rows))) == LONDON


def test_the_first_of_two_places_counts(tmp_path: Path) -> None:
    rows = "SE13 5AA,538629,175288\nE1 6AN,533500,181600\nse135aa,1,1\nE1 6AN,2,2\n"
    assert places(read_postcodes(write(tmp_path / "a.csv", "Postcode,Easting,Northing\n" + rows))) == LONDON


@pytest.mark.parametrize(
    "row", ["SE13 5AB,0,0", "SE13 5AB,,", "SE13 5AB,538629,", "SE13 5AB,900000,175288", "SE13,538629,175288"]
)
def test_a_row_without_a_postcode_or_a_place_is_not_known(tmp_path: Path, row: str) -> None:
    rows = f"postcode,easting,northing\nSE13 5AA,538629,175288\n{row}\n"
    assert list(places(read_postcodes(write(tmp_path / "a.csv", rows)))) == ["SE135AA"]


@pytest.fixture(scope="module")
def lewisham(tmp_path_factory: pytest.TempPathFactory) -> Postcodes:
    return read_postcodes(write(tmp_path_factory.mktemp("postcodes") / "se.csv", CODE_POINT))


def test_texts_are_located_in_order_and_on_their_index(lewisham: Postcodes) -> None:
    texts = pd.Series(["E1 6AN", None, "SE13 5AA", "SE13", "SE13 9ZZ", "", "E1 6AN", np.nan], index=list("aabcdefg"))
    expected = [533500.0, np.nan, 538629.0, np.nan, np.nan, np.nan, 533500.0, np.nan]
    for form in (texts, texts.astype("category"), texts.astype("string")):
        table = lewisham.locate(form)
        np.testing.assert_array_equal(table["easting"].to_numpy(), expected)
        assert list(table.columns) == ["easting", "northing"]
        assert table.index.tolist() == list("aabcdefg")


def test_no_texts_give_no_places(lewisham: Postcodes) -> None:
    assert lewisham.locate(pd.Series([], dtype=object)).shape == (0, 2)


@given(gaps=st.lists(st.sampled_from(["", " ", "  ", "\t", "\u00a0"]), min_size=8, max_size=8), lower=st.booleans())
def test_spaces_and_case_do_not_matter(lewisham: Postcodes, gaps: list[str], lower: bool) -> None:
    text = "".join(gap + letter for gap, letter in zip(gaps, "SE135AA ", strict=True))
    table = lewisham.locate(pd.Series([text.lower() if lower else text]))
    assert table.to_numpy().tolist() == [[538629.0, 175288.0]]


def test_real_postcodes_come_back(real_data: Path) -> None:
    path = real_data / "places" / "codepoint_open_2014_SE6_SE13.csv"
    rows = pd.read_csv(path)
    spaced = rows["postcode"].str[:-3] + " " + rows["postcode"].str[-3:].str.lower()
    table = read_postcodes(path).locate(spaced)
    assert table["easting"].eq(rows["easting"]).all()
    assert table["northing"].eq(rows["northing"]).all()


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="No file or folder .* to read postcodes from"):
        read_postcodes(tmp_path / "none.csv")


def test_a_table_of_something_else(tmp_path: Path) -> None:
    path = write(tmp_path / "crimes.csv", "Month,Longitude,Latitude\n2026-01,0,51\n")
    with pytest.raises(
        DataError,
        match="needs postcode, easting and northing; postcode, easting, northing missing from crimes.csv. Its columns "
        "are Month, Longitude, Latitude. Give OS Code-Point Open",
    ):
        read_postcodes(path)


def test_files_that_are_no_csv(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing from empty.csv. Its columns are none. Give"):
        read_postcodes(write(tmp_path / "empty.csv", ""))
    with pytest.raises(DataError, match=r"missing from gazetteer.gpkg. Its columns are column 1"):
        read_postcodes(write(tmp_path / "gazetteer.gpkg", b"SQLite format 3\x00" + bytes(range(256))))


def test_a_row_that_does_not_fit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a.csv cannot be read .*: a row has other fields than the first"):
        read_postcodes(write(tmp_path / "a.csv", "postcode,easting,northing\nSE13 5AA,538629\n"))
    with pytest.raises(DataError, match="b.csv cannot be read .* or other text than a number in east"):
        read_postcodes(write(tmp_path / "b.csv", "postcode,easting,northing\nSE13 5AA,east,175288\n"))


def test_archives_without_postcodes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a.zip holds no table of postcodes. Give OS Code-Point Open"):
        read_postcodes(pack(tmp_path / "a.zip", {"Doc/readme.csv": "-", "a.txt": "-"}))
    with pytest.raises(DataError, match="b.zip cannot be unpacked: .*Download or copy it again"):
        read_postcodes(write(tmp_path / "b.zip", "no archive"))
    with pytest.raises(DataError, match="c.csv.gz cannot be unpacked"):
        read_postcodes(write(tmp_path / "c.csv.gz", "no archive"))


def test_a_damaged_archive(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"se.csv": CODE_POINT * 50})
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="a.zip/se.csv cannot be unpacked"):
        read_postcodes(path)


def test_a_table_in_which_no_postcode_has_a_place(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No postcode in a.csv has a location on the National Grid. Give OS Code"):
        read_postcodes(write(tmp_path / "a.csv", "postcode,easting,northing\nBT1 1AA,333000,374000\n"))
    with pytest.raises(DataError, match="No postcode in b.csv has a location"):
        read_postcodes(write(tmp_path / "b.csv", "postcode,easting,northing\n"))
