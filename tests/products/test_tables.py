"""The workbook, measures, shapes in degrees and manifest of a run: their values, and what programs make of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
import json
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from support import AnalyseDemonstration, has_live_cells, open_quietly, read_workbook

from hotspots.analysis.hours import DAY_NAMES
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import Study
from hotspots.products.files.bundle import write_products
from hotspots.products.files.excel_sheets import Column, open_workbook
from hotspots.products.files.tables_workbook import write_workbook
from hotspots.products.summary import RunSummary
from hotspots.products.words import say

Written = tuple[RunSummary, dict[str, Path]]

NASTY = ["=1+1", "+44 20", "-x", "@cmd", "http://example.org/a", "mailto:a@example.org", "internal:'About'!A1", "{=1}"]
KEY = ["series", "area_code", "measure", "start", "end", "weekday", "hour"]


@pytest.fixture(scope="module")
def analysis(analyse_demonstration: AnalyseDemonstration) -> Analysis:
    return analyse_demonstration("robbery")


@pytest.fixture(scope="module")
def written(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write_products(analysis, tmp_path_factory.mktemp("maps"))


@pytest.fixture(scope="module")
def sheets(written: Written) -> dict[str, list[tuple[Any, ...]]]:
    return read_workbook(written[1]["tables"])


@pytest.fixture(scope="module")
def measures(written: Written) -> pd.DataFrame:
    return pd.read_csv(written[1]["measures_csv"], encoding="utf-8-sig")


def list_columns(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    headings, *values = rows
    return {str(heading): [row[position] for row in values] for position, heading in enumerate(headings)}


def test_the_workbook_has_the_tables_of_the_run_behind_a_sheet_that_says_what_they_are(
    written: Written, sheets: dict[str, list[tuple[Any, ...]]]
) -> None:
    summary, _ = written
    assert list(sheets) == [
        *("About", "Places to patrol", "Hot spots", "Parts of the week", "Wards", "Change", "Hours", "Months"),
        *("Safe havens", "Haven gaps"),
    ]
    said = {label: text for label, text in sheets["About"] if label}
    assert said["Robbery, 1 October 2024 to 30 September 2026"] is None
    assert next(label for label in said if label.startswith("Not for decisions: made from synthetic incidents"))
    assert said["Crime"] == "Robbery"
    assert said["Area"] == "Lewisham and Southwark"
    assert said["Period"] == "1 October 2024 to 30 September 2026, 730 days"
    assert said["Rows"].startswith("6,803 of 82,743 rows that were read are analysed; 75,593 are of other crimes")
    assert said["Sharing"].startswith("A place is shown where it holds 10 incidents at 5 places or more.")
    assert said["Withheld"] == summary.disclosure.words
    assert set(sheets) - {"About"} <= set(said)
    places = list_columns(sheets["Places to patrol"])
    assert summary.patrols is not None
    assert places["Place"] == [place.place for place in summary.patrols.places]
    assert places["Recorded incidents"] == [place.n_incidents for place in summary.patrols.places]
    assert places["Share of all incidents (%)"] == [place.share for place in summary.patrols.places]
    wards = list_columns(sheets["Wards"])
    assert wards["Incidents"] == [ward.n_incidents for ward in summary.wards]
    assert wards["Ward code"] == [ward.code for ward in summary.wards]
    assert "Residents" not in wards  # of which nothing is known
    days, counts = zip(*((row[0], row[1:]) for row in sheets["Hours"][1:]), strict=True)
    assert days == DAY_NAMES
    assert counts == summary.profile.counts
    months = list_columns(sheets["Months"])
    assert months["Month"][0] == dt.datetime(2024, 10, 1)
    assert months["Incidents"] == [month.n_incidents for month in summary.series.months]
    assert months["Upper limit"] == [month.high for month in summary.series.months]
    change = list_columns(sheets["Change"])
    assert change["Area"].count("All wards") == sum(change.area is not None for change in summary.changes)
    assert change["Change"][: change["Area"].count("All wards")] == [
        one.area.verdict for one in summary.changes if one.area
    ]


def test_hours_that_are_counted_together_say_so(written: Written) -> None:
    summary = written[0]
    together = "They are so few that 3 hours are counted together, of which each has an equal part."
    assert together not in say("tables.hours", summary)
    profile = dataclasses.replace(summary.profile, cell_hours=3, peaks=())
    said = say("tables.hours", dataclasses.replace(summary, profile=profile))
    assert said.endswith(f"counts in part in each. {together}")


def test_each_sheet_is_set_up_to_be_filtered_and_printed(written: Written) -> None:
    book = open_quietly(written[1]["tables"])
    for sheet in book:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.oddHeader.left.text == "&BRobbery, 1 October 2024 to 30 September 2026"
        assert sheet.oddFooter.left.text == "Not for decisions: made-up or unfinished data."
        if sheet.title == "About":
            continue
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.freeze_panes in ("B2", "C2")
        assert sheet.title == "Hours" or sheet.auto_filter.ref == sheet.dimensions
    (chart,) = book["Months"]._charts
    assert len(chart.series) == 4
    assert [sheet.title for sheet in book if sheet._charts] == ["Months"]
    (grid,) = book["Hours"].conditional_formatting
    assert str(grid.sqref) == "B2:Y8"
    assert grid.rules[0].type == "colorScale"
    formats = {cell.value: book["Places to patrol"].cell(2, cell.column).number_format for cell in book["Hot spots"][1]}
    assert formats["Share of all incidents (%)"] == "0.0%"
    assert formats["Recorded incidents"] == "#,##0"


def test_no_text_of_a_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    texts = [*NASTY, "a\x00b\x0bc", "\ufffe", "_x0041_", "&L&P", "</t>", "x" * 40_000, "", None]
    table = pd.DataFrame({"text": texts, "n": range(len(texts))})
    columns = [Column(name="text", heading="=Heading"), Column(name="n", heading="@n", form="whole")]
    title = "Theft & handling: &P" + "x" * 300
    for name in ("one.xlsx", "two.xlsx"):
        with open_workbook(tmp_path / name, title=title, status="+&D", created=dt.date(2026, 9, 30)) as book:
            book.add_table("Texts", table, columns)
            book.put_text(book.add_sheet("About"), 0, 0, "=HYPERLINK(1)", "title")
    path = tmp_path / "one.xlsx"
    assert not has_live_cells(path)
    read = read_workbook(path)
    assert read["Texts"][0] == ("=Heading", "@n")
    assert [text for text, _ in read["Texts"][1:9]] == NASTY
    assert [text for text, _ in read["Texts"][9:14]] == ["a\ufffdb\ufffdc", "\ufffd", "_x0041_", "&L&P", "</t>"]
    assert read["About"] == [("=HYPERLINK(1)",)]
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        strings = archive.read("xl/sharedStrings.xml").decode()
        made = archive.read("docProps/core.xml").decode()
        stamps = {entry.date_time for entry in archive.infolist()}
    assert "_x005F_x0041_" in strings  # which Excel would else show as "A"
    (header,) = re.findall(r"<oddHeader>(.*?)</oddHeader>", sheet)
    assert header.startswith("&amp;L&amp;BTheft &amp;&amp; handling: &amp;&amp;P")
    assert len(header.replace("&amp;", "&")) < 255
    assert "&amp;L+&amp;&amp;D&amp;R" in sheet
    # no time of the clock
    assert set(re.findall(r"\d{4}-\d\d-\d\dT[\d:]+Z", made)) == {"2026-09-30T00:00:00Z"}
    assert stamps == {(1980, 1, 1, 0, 0, 0)}
    assert path.read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_a_workbook_that_cannot_be_written_is_said(written: Written, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"tables\.xlsx cannot be written: .* The disk may be full"):
        write_workbook(written[0], tmp_path / "missing" / "tables.xlsx")


def test_months_of_which_nothing_is_known_have_no_chart(written: Written, tmp_path: Path) -> None:
    summary = written[0]
    unknown = tuple(dataclasses.replace(month, n_incidents=None, gap="no data") for month in summary.series.months)
    bare = dataclasses.replace(summary, series=dataclasses.replace(summary.series, months=unknown))
    write_workbook(bare, tmp_path / "tables.xlsx")
    sheet = open_quietly(tmp_path / "tables.xlsx")["Months"]
    assert [cell.value for cell in sheet[1]][-1] == "Why it is not known"
    assert not sheet._charts


def test_tables_of_few_incidents_leave_out_what_may_not_be_shown(demonstration: Study, tmp_path: Path) -> None:
    day = dt.date(2026, 9, 12)
    few = analyse(demonstration, AnalysisRequest(crime="knife-crime", start=day, end=day))
    assert 0 < len(few.incidents) < 10
    _, paths = write_products(few, tmp_path)
    sheets = read_workbook(paths["tables"])
    assert {"Places to patrol", "Hot spots", "Hours"}.isdisjoint(sheets)
    assert set(gpd.read_parquet(paths["places_parquet"])["kind"]) == {"ward"}
    assert {one["properties"]["kind"] for one in json.loads(paths["places_geojson"].read_text())["features"]} == {
        "ward"
    }
    assert not pd.read_csv(paths["measures_csv"])["series"].str.startswith("hours").any()


def test_no_place_below_the_floor_is_in_a_table(written: Written, sheets: dict[str, list[tuple[Any, ...]]]) -> None:
    for sheet, heading in (
        ("Places to patrol", "Recorded incidents"),
        ("Hot spots", "Recorded incidents"),
        ("Parts of the week", "Incidents in this part"),
        ("Safe havens", "Incidents within reach"),
    ):
        counts = [n for n in list_columns(sheets[sheet])[heading] if n is not None]
        assert counts
        assert min(counts) >= 10, sheet
    shapes = gpd.read_parquet(written[1]["places_parquet"])
    assert shapes["n_incidents"][shapes["kind"] != "ward"].min() >= 10


def test_measures_have_one_row_a_key_and_the_values_of_the_summary(written: Written, measures: pd.DataFrame) -> None:
    summary, _ = written
    assert not measures[KEY].duplicated().any()
    for column in ("start", "end", "period_start", "period_end"):
        assert measures[column].map(dt.date.fromisoformat).notna().all()
    assert (measures["start"] <= measures["end"]).all()
    whole = measures[(measures["series"] == "period") & (measures["measure"] == "incidents")]
    assert whole["value"][whole["area_code"] == "all"].tolist() == [summary.accounts.analysed]
    by_ward = whole[whole["area_kind"] == "ward"]
    assert dict(zip(by_ward["area_code"], by_ward["value"], strict=True)) == {
        ward.code: ward.n_incidents for ward in summary.wards
    }
    hours = measures[measures["series"] == "hours of the week"]
    grid = hours.pivot_table(index="weekday", columns="hour", values="value")
    assert grid.to_numpy().tolist() == [list(day) for day in summary.profile.counts or ()]
    assert [*grid.index, *grid.columns] == [*range(1, 8), *range(24)]
    r12 = next(change for change in summary.changes if change.key == "r12")
    told = measures[(measures["series"] == "change r12 (before)") & (measures["area_code"] == "all")]
    counts, (ratio,) = told[told["measure"] == "incidents"], told[told["measure"] != "incidents"].to_dict("records")
    assert r12.area is not None
    assert counts[["value", "start", "end"]].to_numpy().tolist() == [
        [r12.area.n_earlier, "2024-10-01", "2025-09-30"],
        [r12.area.n_current, "2025-10-01", "2026-09-30"],
    ]
    assert (ratio["measure"], ratio["unit"]) == ("ratio to earlier", "ratio a day")
    assert [ratio[name] for name in ("value", "low", "high", "verdict")] == [
        *(r12.area.ratio, r12.area.low, r12.area.high, r12.area.verdict)
    ]


def test_twelve_months_are_the_sum_of_the_months_that_they_name(measures: pd.DataFrame) -> None:
    rolling = measures[measures["series"] == "rolling 12 months"]
    months = measures[(measures["series"] == "months") & (measures["measure"] == "incidents")]
    assert len(rolling) == 13
    for start, end, value in zip(rolling["start"], rolling["end"], rolling["value"], strict=True):
        within = months[(months["start"] >= start) & (months["end"] <= end)]
        assert len(within) == 12
        assert within["value"].sum() == value


def test_months_that_the_period_cuts_end_with_it(demonstration: Study, tmp_path: Path) -> None:
    request = AnalysisRequest(crime="robbery", start=dt.date(2026, 1, 10), end=dt.date(2026, 2, 20))
    _, paths = write_products(analyse(demonstration, request), tmp_path)
    months = pd.read_csv(paths["measures_csv"]).query("series == 'months' and measure == 'incidents'")
    assert months["end"].max() <= "2026-02-20"
    leap = months[months["start"] == "2025-02-01"]
    assert leap["end"].tolist() == ["2025-02-28"]


def test_geojson_is_what_rfc_7946_asks_for(analysis: Analysis, written: Written) -> None:
    summary, paths = written
    text = paths["places_geojson"].read_text("utf-8")
    content = json.loads(text)
    assert set(content) == {"type", "features"}  # nor a CRS, which the standard took out
    features = content["features"]
    assert summary.patrols is not None
    assert len(features) == len(summary.patrols.places) + len(summary.hotspots) + len(summary.wards)
    assert len({feature["id"] for feature in features}) == len(features)
    assert max(len(digits) for digits in re.findall(r"-?\d+\.(\d+)(?=[,\]])", text)) <= 6
    n_rings = 0
    for feature in features:
        parts = feature["geometry"]["coordinates"]
        for polygon in parts if feature["geometry"]["type"] == "MultiPolygon" else [parts]:
            for position, ring in enumerate(polygon):
                assert ring[0] == ring[-1]
                assert all(-0.2 < x < 0.1 and 51.3 < y < 51.6 for x, y in ring)
                # twice the area by the shoelace formula is above 0 where a ring is anticlockwise, as outer rings are
                doubled = sum(x * v - u * y for (x, y), (u, v) in itertools.pairwise(ring))
                assert (doubled > 0) == (position == 0)
                n_rings += 1
    assert n_rings >= len(features)
    first = features[0]["properties"]
    place = summary.patrols.places[0]
    assert (first["kind"], first["rank"], first["name"]) == ("place to patrol", 1, place.place)
    assert (first["n_incidents"], first["expected"], first["share"]) == (place.n_incidents, place.expected, place.share)
    assert first["data_status"].startswith("synthetic incidents")
    read = gpd.read_file(paths["places_geojson"])
    assert read.crs.to_epsg() == 4326
    assert read.geometry.is_valid.all()
    outlines = [*analysis.places.patrol_places, *analysis.places.hotspots]
    again = read.geometry.to_crs("EPSG:27700")
    for found, wanted in zip(again, outlines, strict=False):
        # PROJ's own shift to the National Grid is 2 m off in London, whatever was rounded
        assert found.hausdorff_distance(wanted.outline) < 2.5


def test_geoparquet_holds_the_same_shapes(written: Written) -> None:
    path = written[1]["places_parquet"]
    told = json.loads(pq.read_schema(path).metadata[b"geo"])
    assert told["version"] == "1.1.0"
    column = told["columns"][told["primary_column"]]
    assert column["encoding"] == "WKB"
    assert (column["crs"]["id"]["authority"], column["crs"]["id"]["code"]) == ("OGC", "CRS84")
    shapes, beside = gpd.read_parquet(path), gpd.read_file(written[1]["places_geojson"])
    assert shapely.equals_exact(shapes.geometry.to_numpy(), beside.geometry.to_numpy(), 1e-9).all()
    for name in ("id", "kind", "rank", "name", "n_incidents", "crime"):
        assert shapes[name].tolist() == beside[name].tolist(), name


def test_the_manifest_names_every_file_by_its_bytes_and_what_it_was_made_from(
    analysis: Analysis, written: Written
) -> None:
    summary, paths = written
    text = paths["manifest"].read_text("utf-8")
    manifest = json.loads(text)
    folder = paths["manifest"].parent
    told = {one["file"]: one for one in manifest["products"].values()}
    assert set(told) | {"manifest.json"} == {path.name for path in folder.iterdir()}
    for name, one in told.items():
        content = (folder / name).read_bytes()
        assert (one["bytes"], one["sha256"]) == (len(content), hashlib.sha256(content).hexdigest()), name
    assert told["tables.xlsx"]["media_type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert told["places.geojson"]["media_type"] == "application/geo+json"
    assert all(one["media_type"] != "application/octet-stream" for one in told.values())
    assert manifest["parameters"]["crime"] == "robbery"
    assert manifest["parameters"]["bandwidth_m"] == analysis.request.bandwidth_m
    assert [file["sha256"] for file in manifest["inputs"]] == [file.sha256 for file in summary.inputs]
    assert manifest["versions"]["pandas"] == pd.__version__
    # neither where it was made, nor when
    assert str(folder.parents[1]) not in text
    assert str(Path.home()) not in text
    assert not re.search(r"\d\d:\d\d", text)


def test_parameters_of_every_kind_are_in_the_manifest(demonstration: Study, tmp_path: Path) -> None:
    from hotspots.analysis.hours import WeekWindow

    request = AnalysisRequest(
        crime="robbery",
        start=dt.date(2026, 1, 1),
        end=dt.date(2026, 6, 30),
        wards=("Peckham", "The Lane"),
        window=WeekWindow(days=(4, 5), start_hour=22, n_hours=4),
        compare=(dt.date(2025, 1, 1), dt.date(2025, 6, 30)),
    )
    _, paths = write_products(analyse(demonstration, request), tmp_path)
    told = json.loads(paths["manifest"].read_text("utf-8"))["parameters"]
    assert (told["start"], told["wards"]) == ("2026-01-01", ["Peckham", "The Lane"])
    assert told["window"] == {"days": [4, 5], "start_hour": 22, "n_hours": 4}
    assert told["compare"] == ["2025-01-01", "2025-06-30"]


def test_styles_are_in_the_table_that_qgis_writes(written: Written) -> None:
    """Names, types and registration as QGIS 3.22 leaves them when it saves a style to a GeoPackage."""
    with sqlite3.connect(written[1]["hotspots_gpkg"]) as database:
        columns = database.execute("SELECT name, type FROM pragma_table_info('layer_styles')").fetchall()
        registered = database.execute(
            "SELECT data_type, identifier, srs_id FROM gpkg_contents WHERE table_name = 'layer_styles'"
        ).fetchall()
        styles = database.execute("SELECT f_table_name, f_geometry_column, useAsDefault FROM layer_styles").fetchall()
        layers = database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall()
    database.close()
    assert columns == [
        ("id", "INTEGER"),
        *((name, "TEXT(256)") for name in ("f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column")),
        ("styleName", "TEXT(30)"),
        ("styleQML", "TEXT"),
        ("styleSLD", "TEXT"),
        ("useAsDefault", "BOOLEAN"),
        ("description", "TEXT"),
        ("owner", "TEXT(30)"),
        ("ui", "TEXT(30)"),
        ("update_time", "DATETIME"),
    ]
    assert registered == [("attributes", "layer_styles", 0)]
    assert sorted(styles) == sorted((*layer, 1) for layer in layers)
