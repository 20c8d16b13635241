"""A table of counts is read as counts, or refused; it is never one incident a row."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.errors import DataError
from hotspots.ingest.incidents.counted import counts_incidents, counts_something, read_counts
from hotspots.ingest.incidents.intake import Intake, read_incidents
from hotspots.ingest.incidents.records import ReadingOptions
from hotspots.ingest.incidents.store import Store
from hotspots.ingest.reference.small_areas import Areas, read_areas
from hotspots.pipeline.quality import assess_quality
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import load_study
from hotspots.products.summary import encode, summarise_quality
from hotspots.settings import Settings

CODES = ("E01003244", "E01003245", "E01003246", "E01003247")
CRIMES = ("Robbery", "Burglary", "Drugs")
MONTHS = ("2025-01", "2025-02", "2025-03")
KEYS = list(itertools.product(CODES, MONTHS, CRIMES))
COUNTS = [(7 * row) % 5 for row in range(len(KEYS))]  # 0 to 4


@pytest.fixture(scope="module")
def outlines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("areas") / "lsoas.gpkg"
    boxes = [shapely.box(530100 + 1000 * x, 180100 + 1000 * y, 530900 + 1000 * x, 180900 + 1000 * y)
             for y in (0, 1) for x in (0, 1)]  # fmt: skip
    gpd.GeoDataFrame({"LSOA21CD": CODES}, geometry=boxes, crs="EPSG:27700").to_file(path)
    return path


@pytest.fixture(scope="module")
def areas(outlines: Path) -> Areas:
    return read_areas([outlines])


def write(folder: Path, counts: Sequence[Any], *, name: str = "crime_count", **columns: Any) -> Path:
    frame = pd.DataFrame(KEYS, columns=["LSOA code", "Month", "Crime type"]).assign(**columns)
    frame[name] = list(counts)
    frame.to_csv(folder / "counts.csv", index=False)
    return folder / "counts.csv"


def read(path: Path, areas: Areas, **options: Any) -> Intake:
    intake = read_incidents([path], options=ReadingOptions(areas=areas), **options)
    assert intake.n_read == len(intake.incidents) + len(intake.rejected) + intake.n_set_aside
    return intake


@pytest.mark.parametrize(
    "name",
    [
        *("crime_count", "Crime Count", "Count", "count", "COUNTS", "Number of crimes", "Number of Offences", "n"),
        *("No. of incidents", "Total", "Total crimes", "Frequency", "Freq", "Offences", "Incidents", "n_crimes"),
        *("Value", "Cnt", "Count of Crime ID", "Number recorded"),
        *("Crimes", "Recorded crimes", "Offence Count", "IncidentCount", "Count of offences", "Total number of crimes"),
    ],
)
def test_a_row_counts_as_many_incidents_as_it_says(tmp_path: Path, areas: Areas, name: str) -> None:
    intake = read(write(tmp_path, COUNTS, name=name), areas)
    assert len(intake.incidents) == sum(COUNTS)
    assert set(intake.incidents["location_precision"]) == {"area"}
    assert set(intake.incidents["time_precision"]) == {"month"}
    assert intake.incidents.index.is_unique
    rows = intake.incidents["source_row"].value_counts()
    assert [int(rows.get(row, 0)) for row in range(1, len(KEYS) + 1)] == COUNTS
    assert intake.tables[0].n_count_rows == len(KEYS)
    assert f'"{name}" is read as the number of incidents' in " ".join(intake.notes)
    found = encode(summarise_quality(assess_quality(intake)))
    assert found["counts"] == [{"source": "counts.csv", "n_rows": 36, "n_incidents": sum(COUNTS)}]
    said = f"its 36 rows stand for {sum(COUNTS)} incidents, each of which counts as a row here"
    assert said in " ".join(found["findings"])


@pytest.mark.parametrize("name", ["crime_count", "Count", "Total"])
def test_columns_in_another_order_and_rows_in_another_are_the_same(tmp_path: Path, areas: Areas, name: str) -> None:
    frame = pd.read_csv(write(tmp_path, COUNTS, name=name), dtype=str)
    frame.iloc[::-1, ::-1].to_csv(tmp_path / "counts.csv", index=False)
    assert len(read(tmp_path / "counts.csv", areas).incidents) == sum(COUNTS)


@pytest.mark.parametrize(
    "name", ["count", "Number of victims", "Number of offenders", "Number", "Crime Number", "Score"]
)
def test_other_numbers_do_not_count_rows(tmp_path: Path, areas: Areas, name: str) -> None:
    counts = [1] * len(KEYS) if name == "count" else COUNTS
    intake = read(write(tmp_path, counts, name=name), areas)
    assert len(intake.incidents) == len(KEYS)
    # but as each row is alone in its month, area and crime, they may
    assert ("as in a table of counts" in " ".join(intake.notes)) == (name not in ("count", "Crime Number"))


def test_rows_that_share_month_place_and_crime_are_incidents(tmp_path: Path, areas: Areas) -> None:
    frame = pd.read_csv(write(tmp_path, COUNTS, name="Value"), dtype=str)
    pd.concat([frame, frame[:2]]).to_csv(tmp_path / "counts.csv", index=False)
    intake = read(tmp_path / "counts.csv", areas)
    assert len(intake.incidents) == len(KEYS) + 2
    assert not intake.notes


def test_year_and_month_in_two_columns_are_no_time_of_day(tmp_path: Path, areas: Areas) -> None:
    frame = pd.read_csv(write(tmp_path, COUNTS, name="Total"), dtype=str)
    frame["Year"], frame["Month"] = frame["Month"].str[:4], frame["Month"].str[5:]
    frame.to_csv(tmp_path / "counts.csv", index=False)
    assert len(read(tmp_path / "counts.csv", areas).incidents) == sum(COUNTS)


def test_counts_at_the_points_of_police_uk_are_counts(tmp_path: Path) -> None:
    rows = [f"2025-01,-0.05{row % 7}123,51.47{row % 5}321,Burglary,{row % 4}" for row in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["Month,Longitude,Latitude,Crime type,n", *rows]))
    assert len(read_incidents([tmp_path / "a.csv"]).incidents) == sum(row % 4 for row in range(40))


def test_a_row_with_a_number_of_its_own_is_one_incident(tmp_path: Path, areas: Areas) -> None:
    refs = [f"R{row:04}" for row in range(len(KEYS))]
    for name in ("Crime Ref", "Crime Number"):
        path = write(tmp_path, COUNTS, name="Number of offences", **{name: refs})
        assert len(read(path, areas).incidents) == len(refs)


def test_a_row_with_a_time_of_day_is_one_incident_unless_its_column_says_otherwise(
    tmp_path: Path, areas: Areas
) -> None:
    times = [f"{row % 28 + 1:02}/01/2025 {row % 24:02}:17" for row in range(len(KEYS))]
    for name, n in (("Total", len(KEYS)), ("Crime count", sum(COUNTS))):
        path = write(tmp_path, COUNTS, name=name, **{"Date From": times})
        frame = pd.read_csv(path).drop(columns="Month")
        frame.to_csv(path, index=False)
        assert len(read(path, areas).incidents) == n


def test_rows_without_a_number_are_refused_and_told(tmp_path: Path, areas: Areas) -> None:
    counts: list[Any] = list(COUNTS)
    counts[:6] = ["<5", "", "-1", "2.5", "1,204", "3.0"]
    intake = read(write(tmp_path, counts), areas)
    assert len(intake.incidents) == 1204 + 3 + sum(COUNTS[6:])
    assert intake.rejected["reason"].tolist() == ["no number of incidents"] * 4
    assert intake.rejected["source_row"].tolist() == [1, 2, 3, 4]
    assert intake.rejected["detail"].iloc[0] == "crime_count <9"


def test_an_absurd_number_is_refused(tmp_path: Path, areas: Areas) -> None:
    intake = read(write(tmp_path, [*COUNTS[:-1], 10**12]), areas)
    assert intake.rejected["reason"].tolist() == ["no number of incidents"]


def test_what_counts_more_than_memory_holds_is_refused(
    tmp_path: Path, areas: Areas, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, COUNTS)
    monkeypatch.setattr("hotspots.ingest.incidents.records.MAX_COUNTED", sum(COUNTS))
    assert read(path, areas).n_read == sum(COUNTS)
    monkeypatch.setattr("hotspots.ingest.incidents.records.MAX_COUNTED", sum(COUNTS) - 1)
    with pytest.raises(DataError, match='counts.csv counts more in its column "crime_count". Name the right column'):
        read(path, areas)


def test_without_outlines_of_lsoas_no_incident_is_lost(tmp_path: Path) -> None:
    intake = read_incidents([write(tmp_path, COUNTS)])
    assert (len(intake.incidents), len(intake.rejected)) == (0, sum(COUNTS))


def test_the_store_gives_the_same_counts(tmp_path: Path, areas: Areas) -> None:
    store, path = Store(folder=tmp_path / "store"), write(tmp_path, COUNTS)
    first, again = read(path, areas, store=store), read(path, areas, store=store)
    assert first.incidents.index.equals(again.incidents.index)
    assert first.tables == again.tables


def test_wards_are_counted_and_no_place_is_made_up(
    tmp_path: Path, outlines: Path, square_wards: gpd.GeoDataFrame
) -> None:
    square_wards.to_file(tmp_path / "wards.gpkg")
    study = load_study([write(tmp_path, COUNTS)], [tmp_path / "wards.gpkg"], settings=Settings(lsoas=(outlines,)))
    analysis = analyse(study, AnalysisRequest(crime="robbery"))
    by_hand = {
        ward: sum(n for (code, _, crime), n in zip(KEYS, COUNTS, strict=True) if (code, crime) == (lsoa, "Robbery"))
        for ward, lsoa in zip("ABCD", CODES, strict=True)
    }
    assert analysis.ward_counts["n_incidents"].to_dict() == by_hand
    assert analysis.places.hotspots == ()
    accounts = analysis.accounts
    assert accounts.read == sum(COUNTS)
    assert accounts.analysed == sum(by_hand.values())


def test_a_month_a_column_is_refused(tmp_path: Path, areas: Areas) -> None:
    frame = pd.DataFrame({"LSOA code": CODES, "Crime type": "Robbery", **{f"20250{k}": k for k in range(1, 7)}})
    frame.to_csv(tmp_path / "wide.csv", index=False)
    with pytest.raises(Exception, match="looks like a table of counts, a column a month"):
        read(tmp_path / "wide.csv", areas)


def test_names_of_columns() -> None:
    for form in (
        "crime count",
        "num offences",
        "number of recorded crimes",
        "no of offences",
        "offences",
        "all crimes total",
        "total number of crimes",
        "crimes recorded",
        "monthly incident count",
        "count of reported crime",
    ):
        assert counts_incidents(form), form
    for form in (
        "crime number",
        "crime no",
        "number",
        "incident",
        "number of suspects",
        "crime",
        "report number",
        "no crime",
    ):
        assert not counts_incidents(form), form
        assert not counts_something(form), form
    assert counts_something("total")


@given(st.lists(st.one_of(st.integers(-5, 10**9), st.floats(), st.text(max_size=6)), min_size=1))
@settings(max_examples=40)
def test_any_text_is_a_number_or_nothing(values: list[Any]) -> None:
    texts = [str(value) for value in values]
    counts = read_counts(pd.Series(pd.Categorical(texts)))
    assert ((counts >= -1) & (counts <= 1_000_000)).all()
    for value, count in zip(values, counts.tolist(), strict=True):
        if isinstance(value, int):
            assert count == (value if 0 <= value <= 1_000_000 else -1)


def test_a_column_that_says_where_is_no_count(tmp_path: Path) -> None:
    rows = [f"Robbery,{1 + n:02d}/02/2025,{533_000 + 7 * n},{175_000 + 3 * n}\n" for n in range(20)]
    (tmp_path / "a.csv").write_text("Offence,Date,E,N\n" + "".join(rows), "utf-8")
    intake = read_incidents([tmp_path / "a.csv"])
    assert (len(intake.incidents), intake.tables[0].profile.count) == (20, None)


def test_a_total_beside_a_day_and_a_point_is_no_count(tmp_path: Path) -> None:
    rows = [f"Theft,{1 + n:02d}/02/2025,{533_000 + 7 * n},{175_000 + 3 * n},{n * 25}\n" for n in range(20)]
    (tmp_path / "a.csv").write_text("Offence,Date,Easting,Northing,Total\n" + "".join(rows), "utf-8")
    intake = read_incidents([tmp_path / "a.csv"])
    assert (len(intake.incidents), intake.tables[0].profile.count) == (20, None)
