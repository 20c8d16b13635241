from __future__ import annotations

import csv
import dataclasses
import hashlib
import tempfile
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import DataError, NotFoundError
from hotspots.ingest.formats.input_files import InputFile
from hotspots.ingest.reference.boundaries import Boundaries, read_boundaries
from hotspots.ingest.reference.population import Population, read_population
from hotspots.ingest.texts import describe_form

PLAIN = "ward_code,population\nB,200\nA,100\n"


def write(tmp_path: Path, content: str | bytes, name: str = "residents.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(tmp_path: Path, content: str | bytes, name: str = "residents.csv") -> dict[str, float]:
    by_ward = read_population(write(tmp_path, content, name)).by_ward
    assert by_ward.dtype == "float64"
    assert (by_ward.index.name, by_ward.index.is_unique, by_ward.index.is_monotonic_increasing) == (
        "ward_code",
        True,
        True,
    )
    return {str(code): float(number) for code, number in by_ward.items()}


def make_population(by_ward: dict[str, float]) -> Population:
    file = InputFile(path="residents.csv", table="population", sha256="0", n_rows=len(by_ward), layout="population")
    index = pd.Index(by_ward, name="ward_code", dtype="object")
    return Population(by_ward=pd.Series(list(by_ward.values()), index=index, dtype="float64"), input=file)


@pytest.fixture
def boundaries(square_wards: gpd.GeoDataFrame) -> Boundaries:
    file = InputFile(path="wards.gpkg", table="boundaries", sha256="1", n_rows=4, layout="boundaries")
    return Boundaries(wards=square_wards, inputs=(file,), n_repaired=0)


def test_residents_are_read_by_code(tmp_path: Path) -> None:
    assert read(tmp_path, PLAIN) == {"A": 100, "B": 200}
    population = read_population(tmp_path / "residents.csv")
    assert population.input == InputFile(
        path="residents.csv",
        table="population",
        sha256=hashlib.sha256(PLAIN.encode()).hexdigest(),
        n_rows=2,
        layout="population",
    )


@pytest.mark.parametrize("code", ["ward_code", "Ward Code", "WardCode", "GSS_CODE", "WD25CD", "lsoa21cd", " code "])
@pytest.mark.parametrize("residents", ["population", "All usual residents", "census2021_pop_bestfit", "Pop 2024"])
def test_columns_are_known_by_their_usual_names(tmp_path: Path, code: str, residents: str) -> None:
    text = f"Borough,{code},Ward name,{residents},Hectares\nLewisham,A,Ash,100,7\nLewisham,B,Beech,0,8\n"
    assert read(tmp_path, text) == {"A": 100, "B": 0}


def test_of_several_years_the_latest_is_taken(tmp_path: Path) -> None:
    assert read(tmp_path, "code,pop_2011,pop_2021,pop_2001\nA,1,2,3\n") == {"A": 2}
    assert read(tmp_path, "code,pop_2021,population\nA,2,4\n") == {"A": 4}  # one without a year is of now


@pytest.mark.parametrize("code", ["area_code", "Census_Code", "Ward code 2023", "geography code", "Area", "mnemonic"])
@pytest.mark.parametrize(
    "residents",
    ["Persons", "All Persons", "all_ages", "All ages", "Total", "Usual residents", "Observation", "OBS_VALUE"],
)
def test_gss_codes_are_known_under_any_name_and_residents_by_their_total(
    tmp_path: Path, code: str, residents: str
) -> None:
    text = (
        f"Name,Males,Females,{residents},{code},0,1,90+\n"
        "Ash,45,55,100,E05000001,1,2,3\nBeech,100,102,202,E05000002,4,5,6\nAll,145,157,302,,5,7,9\n"
    )
    assert read(tmp_path, text) == {"E05000001": 100, "E05000002": 202}


@given(order=st.permutations(range(6)), rows=st.permutations(range(3)), delimiter=st.sampled_from(",;\t|"))
def test_order_and_delimiters_do_not_count(order: list[int], rows: list[int], delimiter: str) -> None:
    frame = pd.DataFrame(
        {
            "Borough code": ["E09000023", "E09000023", "E09000028"],
            "Census_Code": ["E05000001", "E05000002", "E05000003"],
            "Ward": ["Ash", "Beech", "Cedar"],
            "Males": [40, 50, 60],
            "Females": [41, 51, 61],
            "Persons": [81, 101, 121],
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "residents.csv"
        frame.iloc[rows, order].to_csv(path, index=False, sep=delimiter)
        by_ward = read_population(path).by_ward
    assert by_ward.to_dict() == {"E05000001": 81, "E05000002": 101, "E05000003": 121}


def test_rows_of_one_sex_age_or_earlier_year_are_left_out(tmp_path: Path) -> None:
    rows = [
        f"{year}-06-30,{code},{sex},{age},{number}"
        for code, of_code in (("E05000001", 1000), ("E05000002", 2000))
        for year in (2023, 2024)
        for sex, of_sex in (("Females", 100), ("Males", 200), ("Persons", 300))
        for age, number in (("0-15", 1), ("All ages", of_code + of_sex + year))
    ]
    text = "\n".join(["period,area_code,sex,age,population", *rows])
    assert read(tmp_path, text) == {"E05000001": 3324, "E05000002": 4324}


def test_a_number_beside_nothing_of_residents_is_none(tmp_path: Path) -> None:
    """The density of the census stands under Observation too, and crimes under Total."""
    for name in ("Observation", "Total", "Count", "Value"):
        with pytest.raises(DataError, match="has none of residents"):
            read(tmp_path, f"Area Code,{name}\nE05000001,100.5\n")


def test_of_the_sheets_of_both_sexes_and_of_each_the_one_of_persons_is_read(tmp_path: Path) -> None:
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        for number, sheet in enumerate(("Mid-2020 Persons", "Mid-2020 Males", "Mid-2020 Females")):
            pd.DataFrame({"Ward Code": ["E05000001"], "All Ages": [number]}).to_excel(
                book, sheet_name=sheet, index=False
            )
    assert read_population(tmp_path / "book.xlsx").by_ward.to_dict() == {"E05000001": 0}


def test_of_several_codes_the_one_that_differs_on_every_row_is_taken(tmp_path: Path) -> None:
    text = "WD25CD,LSOA21CD,population\nA,A1,100\nA,A2,200\nB,B1,300\n"
    assert read(tmp_path, text) == {"A1": 100, "A2": 200, "B1": 300}


def test_every_kind_of_table_gives_the_same_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"WD25CD": ["A", "B"], "Ward": ["Ash", "Beech"], "population": [10_950.0, 16_715.0]})
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text(frame.to_csv(index=False, sep=";"), "utf-16")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.xlsx", "folder/a.xlsx")
        archive.writestr("notes.csv", "note,by\nnothing,nobody\n")
    for name in ("a.xlsx", "a.parquet", "a.csv", "a.zip"):
        population = read_population(tmp_path / name)
        assert population.by_ward.to_dict() == {"A": 10_950, "B": 16_715}
        assert (population.input.path, population.input.n_rows) == (name, 2)


def test_titles_totals_and_notes_are_no_wards(tmp_path: Path) -> None:
    text = "Usual residents\n\nward_code,ward_name,population\nA,Ash,100\nB,Beech,\n,Total,100 or so\nSource: Nomis\n"
    assert read(tmp_path, text) == {"A": 100}
    assert read_population(tmp_path / "residents.csv").input.n_rows == 4


def test_of_the_sheets_of_a_workbook_the_one_of_residents_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        pd.DataFrame({"Contents": ["Mid-2024"]}).to_excel(book, sheet_name="Cover", index=False)
        pd.DataFrame({"code": ["A"], "residents": [5]}).to_excel(book, sheet_name="2024", index=False)
    assert read_population(path).by_ward.to_dict() == {"A": 5}
    with pd.ExcelWriter(path, mode="a", engine="openpyxl") as book:
        pd.DataFrame({"code": ["A"], "residents": [6]}).to_excel(book, sheet_name="2023", index=False)
    with pytest.raises(
        DataError,
        match="from one table; book.xlsx holds 2 that could be meant: book.xlsx/2024, book.xlsx/2023. Save the right",
    ):
        read_population(path)


def test_a_code_may_repeat_with_one_number(tmp_path: Path) -> None:
    assert read(tmp_path, "ward_code,population\nA,100\nA,100.0\nA,\n") == {"A": 100}


def test_unfinished_numbers_say_so(tmp_path: Path) -> None:
    path = write(tmp_path, "ward_code,population,Data Status\nA,100,Provisional\nB,100,final\n")
    assert read_population(path).input.data_status == "provisional"


@pytest.mark.parametrize("wrong", ["-5", "about 9000", "10,950", "inf", "[c]"])
def test_a_number_that_is_none_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, f'ward_code,Pop 2024\nA,1\n,total\nB,"{wrong}"\nC,many\n')
    assert str(caught.value) == (
        "A population must be a number from 0 up, in digits alone; row 3 of residents.csv has "
        f'text like "{describe_form(wrong)}" in Pop 2024, and 2 in all are wrong. Correct or clear them.'
    )


def test_a_part_of_a_person_is_no_resident(tmp_path: Path) -> None:
    """Rates per such a number leave the range of numbers."""
    with pytest.raises(DataError, match=r'must be 0, or 1 and more; row 2 of residents.csv has text like "9a-999"'):
        read(tmp_path, "ward_code,Pop 2024\nA,0\nB,1e-320\n")


def test_a_code_with_two_numbers_is_refused(tmp_path: Path) -> None:
    text = "gss_code,survey,population\nA,2023,1000\nB,2023,5\nB,2024,6\nA,2024,1100.5\nC,2024,7\n"
    with pytest.raises(
        DataError,
        match=r"one number of residents; that in row 2 of residents.csv has another in row 3, and 2 in all have "
        "several. Keep one row to a ward: of several years the latest",
    ):
        read(tmp_path, text)
    with pytest.raises(DataError, match="that in row 1 of residents.csv has another in row 2, and 1 in all"):
        read(tmp_path, "code,population\nA,1000\nA,1100.5\n")


def test_columns_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match=r"ward codes \(ward_code, GSS_CODE, WD25CD ...\), because names repeat, .* residents.csv has none of "
        "ward codes. Its columns are ward_name, population. Rename the one that holds the ward codes to ward_code",
    ):
        read(tmp_path, "ward_name,population\nAsh,100\n")
    with pytest.raises(
        DataError,
        match=r"one of residents \(population, pop_2021, all usual residents, census2021_pop ...\); residents.csv has "
        "none of residents. Its columns are ward_code, pop_density. Rename the one that holds the residents to popul",
    ):
        read(tmp_path, "ward_code,pop_density\nA,100\n")
    with pytest.raises(DataError, match='residents.csv has two columns called "population"'):
        read(tmp_path, "ward_code,population,population\nA,100,200\n")


def test_a_row_of_another_length_is_refused(tmp_path: Path) -> None:
    """A comma in a number, without quotes."""
    with pytest.raises(
        DataError, match="the fields of the header, 2; row 2 of residents.csv has 3. Write numbers in digits alone"
    ):
        read(tmp_path, "ward_code,population\nA,100\nB,10,950\n")


def test_a_table_without_a_number_is_refused(tmp_path: Path) -> None:
    for text in ("WD25CD,residents\n", "WD25CD,residents\nA,\n,5\n"):
        with pytest.raises(
            DataError, match="residents.csv gives no ward its residents: no row has both a WD25CD and a residents. Fill"
        ):
            read(tmp_path, text)


def test_files_that_are_no_tables_are_refused(square_wards: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nowhere.csv to read residents from"):
        read_population(tmp_path / "nowhere.csv")
    square_wards.reset_index().to_file(tmp_path / "wards.gpkg")
    with pytest.raises(DataError, match=r"a file ending in .csv, .*; wards.gpkg does not. Save it as CSV. If it holds"):
        read_population(tmp_path / "wards.gpkg")
    with pytest.raises(DataError, match="empty"):
        read(tmp_path, "")
    pd.DataFrame().to_excel(tmp_path / "empty.xlsx", index=False)
    with pytest.raises(DataError, match="empty.xlsx is empty: it holds no table with anything in it. Give the table"):
        read_population(tmp_path / "empty.xlsx")
    with pytest.raises(DataError, match="damaged.csv.gz cannot be unpacked"):
        read(tmp_path, b"\x1f\x8bnothing", "damaged.csv.gz")


def test_wards_take_their_residents_by_code(boundaries: Boundaries) -> None:
    """A and D from the table, B from the boundaries; nobody knows C, and E is elsewhere."""
    wards = boundaries.wards.assign(population=[1.0, 2.0, np.nan, 4.0])
    before = dataclasses.replace(boundaries, wards=wards.copy())
    population = make_population({"E": 50, "D": 40, "A": 0})
    after = before.with_population(population)
    assert after.wards["population"].to_dict() == pytest.approx({"A": 0, "B": 2, "C": np.nan, "D": 40}, nan_ok=True)
    assert after.wards["population"].dtype == "float64"
    assert after.inputs == (*before.inputs, population.input)
    assert after.n_repaired == before.n_repaired
    assert isinstance(after.wards, gpd.GeoDataFrame)
    assert after.wards.crs == wards.crs
    pd.testing.assert_frame_equal(after.wards.drop(columns="population"), wards.drop(columns="population"))
    pd.testing.assert_frame_equal(before.wards, wards)  # the boundaries given are as they were


def test_codes_of_another_year_are_refused(boundaries: Boundaries) -> None:
    with pytest.raises(
        DataError,
        match=r"no code is in both the boundaries and residents.csv: the boundaries have A, B ..., the table has a, "
        "E05000001. They may be of different years or areas",
    ):
        boundaries.with_population(make_population({"x": 1, "E05000001": 2}))


@given(
    numbers=st.dictionaries(st.from_regex(r"E05\d{6}", fullmatch=True), st.integers(0, 10**9), min_size=1),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_order_of_rows_does_not_count(
    tmp_path_factory: pytest.TempPathFactory, numbers: dict[str, int], seed: int
) -> None:
    rows = [f"{code},{number}\n" for code, number in numbers.items()]
    np.random.default_rng(seed).shuffle(rows)
    path = write(tmp_path_factory.mktemp("rows"), "".join(["ward_code,population\n", *rows]))
    assert read_population(path).by_ward.to_dict() == numbers


def test_the_census_of_two_boroughs(real_data: Path) -> None:
    """Southwark had 307,600 residents on Census Day 2021, as its council has published, to the nearest hundred."""
    path = real_data / "population" / "lewisham_southwark_ward25_census2021_pop_bestfit.csv"
    with path.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    population = read_population(path)
    assert population.by_ward.to_dict() == {row["WD25CD"]: float(row["census2021_pop_bestfit"]) for row in rows}
    assert population.input.n_rows == len(population.by_ward) == 42
    outlines = read_boundaries([real_data / "boundaries" / "lewisham_southwark_wards_current_27700.gpkg"])
    assert outlines.wards["population"].isna().all()
    wards = outlines.with_population(population).wards
    assert wards["population"].notna().all()
    assert wards.groupby("borough")["population"].sum()["Southwark"] == pytest.approx(307_600, abs=50)


def test_other_tables_of_a_folder_are_not_taken_for_residents(real_data: Path) -> None:
    """Beside the census lies a table of crimes by ward and month."""
    with pytest.raises(
        DataError, match="mps_ward_level_crime_202403_202603.csv has none of residents. Its columns are"
    ):
        read_population(real_data / "population" / "mps_ward_level_crime_202403_202603.csv")
    assert len(read_population(real_data / "population").by_ward) == 42


def test_wards_of_2014_are_not_those_of_today(real_data: Path) -> None:
    old = read_boundaries([real_data / "boundaries" / "london_wards_2014_shp.zip"])
    lewisham = old.wards[old.wards["borough"] == "Lewisham"]
    today = real_data / "population" / "lewisham_southwark_ward25_census2021_pop_bestfit.csv"
    with pytest.raises(
        DataError, match=r"the boundaries have E05000\d+, E05000\d+ ..., the table has E05011095, E05011096 ..."
    ):
        dataclasses.replace(old, wards=lewisham).with_population(read_population(today))
