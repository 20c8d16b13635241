"""What everybody is told, published again and again over overlapping days and wards."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import jsonschema
import numpy as np
import pandas as pd
import pytest
import shapely
from opened_pages import SIZES, find_unlisted, list_dead_links, walk_by_keys
from support import call, list_violations

from hotspots.analysis.publication import find_ranges
from hotspots.crimes import Crime
from hotspots.errors import ParameterError, TooLittleDataError
from hotspots.pipeline import AnalysisRequest, Study, load_study, publish, require_whole_crime
from hotspots.products.files import write_index
from hotspots.products.files.public_folder import tabulate_public
from hotspots.products.pages import draw_public
from hotspots.products.summary import PUBLIC_FOLDER, PUBLIC_PRODUCTS, PublicSummary, encode, summarise_public
from hotspots.products.summary.schema import make_schema
from hotspots.settings import Settings

EAST, NORTH, SIDE = 530_000, 180_000, 1000
WARDS = {"Ashe": "Vale", "Brook": "Vale", "Copse": "Vale", "Dene": "Vale", "Edge": "Hill", "Ford": "Hill"}
MEANS = {"Ashe": 6.0, "Brook": 3.0, "Copse": 0.4, "Dene": 1.5, "Edge": 7.0, "Ford": 0.5}
MONTHS = pd.period_range("2023-01", "2025-06", freq="M")
"""Robberies a month; the middle of Ward `Ashe` has most of its own."""
ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"start": dt.date(2024, 2, 15), "end": dt.date(2025, 6, 30), "wards": ("Ashe", "Brook", "Copse", "Dene")},
    {"start": dt.date(2023, 7, 1), "end": dt.date(2024, 12, 31), "wards": ("Ashe", "Edge", "Ford")},
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Robberies of two local authorities, few in some wards, and burglaries that show that files go on."""
    folder = tmp_path_factory.mktemp("public")
    squares = [shapely.box(EAST + SIDE * i, NORTH, EAST + SIDE * (i + 1), NORTH + SIDE) for i in range(len(WARDS))]
    names = {
        "ward_code": [f"E0500000{i}" for i in range(len(WARDS))],
        "ward_name": list(WARDS),
        "borough": list(WARDS.values()),
    }
    gpd.GeoDataFrame(names, geometry=squares, crs=27700).to_file(folder / "wards.geojson")
    rng = np.random.default_rng(3)
    rows = []
    for month in MONTHS:
        for i, name in enumerate(WARDS):
            for offence, n in (("Robbery", rng.poisson(MEANS[name])), ("Burglary", 5)):
                minutes = rng.integers(0, month.days_in_month * 1440, n)
                minutes[-1:] = month.days_in_month * 1440 - 60 if offence == "Burglary" else minutes[-1:]
                for day in month.to_timestamp() + pd.to_timedelta(minutes, "min"):
                    x, y = EAST + SIDE * i + 100 + 10 * rng.integers(0, 80), NORTH + 100 + 10 * rng.integers(0, 80)
                    rows.append(f"{offence},{day:%Y-%m-%d %H:%M},{x},{y}")
    (folder / "crime.csv").write_text("\n".join(["Offence,Date,Easting,Northing", *rows]), "utf-8")
    return folder


def read(inputs: Path, asked: dict[str, Any]) -> Study:
    return load_study(
        [inputs / "crime.csv"],
        [inputs / "wards.geojson"],
        settings=Settings(),
        period=(asked.get("start"), asked.get("end")),
        tables=(),
    )


def tell(study: Study, asked: dict[str, Any]) -> PublicSummary:
    return summarise_public(publish(study, AnalysisRequest(crime="robbery", **asked)))


@pytest.fixture(scope="module")
def told(inputs: Path) -> list[PublicSummary]:
    """The same publication asked for in several ways, each read from the files anew."""
    return [tell(read(inputs, asked), asked) for asked in ASKED]


def list_told(summary: PublicSummary) -> dict[tuple[str, str, str], tuple[Any, str]]:
    """Count and what is said of each block."""
    table = tabulate_public(summary).astype("object")
    return {
        (row["area_kind"], row["area"], row["block"]): (None if pd.isna(row["count"]) else row["count"], row["told"])
        for row in table.to_dict("records")
    }


def test_publications_that_overlap_repeat_each_other(told: list[PublicSummary]) -> None:
    everything = list_told(told[0])
    squares = set(told[0].squares)
    assert len(everything) > 50
    assert len(squares) > 3
    for summary in told[1:]:
        assert list_told(summary).items() <= everything.items()
        assert set(summary.squares) <= squares
        assert summary.months or summary.years
    shares = {(year.borough, year.year): year.shares for year in told[0].years}
    assert all(shares[year.borough, year.year] == year.shares for year in told[1].years)
    assert [year.year for year in told[1].years] == [2024]


def test_what_all_publications_tell_leaves_small_counts_open(inputs: Path, told: list[PublicSummary]) -> None:
    """By linear programming on each ward in each month, with the sums of all publications together."""
    study = read(inputs, {})
    rows = study.all_incidents[study.all_incidents["category"] == "robbery"]
    codes, names = study.boundaries.wards.index, list(study.boundaries.wards["ward_name"])
    at = np.zeros((len(codes), len(MONTHS)))
    np.add.at(at, (codes.get_indexer(rows["ward_code"]), MONTHS.get_indexer(rows["started_at"].dt.to_period("M"))), 1)
    boroughs = study.boundaries.wards["borough"].to_numpy()
    sums, values, hidden = [], [], {}
    for (kind, area, block), (count, _) in {k: v for one in told for k, v in list_told(one).items()}.items():
        inside = np.zeros(at.shape)
        in_area = [names.index(area)] if kind == "ward" else np.flatnonzero(boroughs == area)
        inside[np.ix_(np.asarray(in_area), np.array([str(month).startswith(block) for month in MONTHS]))] = 1
        if count is not None:
            assert count == (inside * at).sum()
            assert count >= 10
            sums.append(inside.ravel())
            values.append(count)
        elif (inside * at).sum() < 10:
            hidden[area, block] = inside.ravel()
    assert len(hidden) > 5
    low, high = find_ranges(sums, values, values, list(hidden.values()))
    assert (high - low >= 10).all()
    # published as they are, two periods give the month between them away
    copse = np.zeros(at.shape)
    copse[names.index("Copse")] = 1
    shorter = copse.copy()
    shorter[:, -1] = 0
    naive = np.array([copse.ravel(), shorter.ravel()])
    low, high = find_ranges(naive, naive @ at.ravel(), naive @ at.ravel(), [(copse - shorter).ravel()])
    assert low == pytest.approx(high)


def test_nothing_is_told_beside_what_is_withheld(inputs: Path, told: list[PublicSummary]) -> None:
    summary = told[0]
    jsonschema.validate(encode(summary), make_schema(PublicSummary))
    withheld = [ward for year in summary.years for ward in year.wards if ward.n_incidents is None]
    assert withheld
    assert all(ward.rate is None and ward.verdict is None for ward in withheld)
    told_wards = [ward for year in summary.years[:-1] for ward in year.wards if ward.n_incidents is not None]
    assert any(ward.verdict for ward in told_wards)
    study = read(inputs, {})
    page = draw_public(publish(study, AnalysisRequest(crime="robbery")), summary)
    assert len(page) < 400_000
    assert "http" not in page.replace("http-equiv", "")
    assert json.dumps(encode(summary)).count("geometry") == 0


def test_days_of_incidents_and_hashes_of_files_are_not_told(told: list[PublicSummary]) -> None:
    """The first and last day asked for may be those of the first and last incident that the files hold."""
    assert (told[1].period.start, told[1].period.end) == (dt.date(2024, 3, 1), dt.date(2025, 6, 30))
    assert "sha256" not in json.dumps(encode(told[0]))


def test_a_crime_that_pauses_at_the_end_of_a_publication_is_not_known_to_pause(tmp_path: Path) -> None:
    """Months without any at the end of the files look like a gap until there are incidents after them.

    If one publication said so and a later one told the year, months that are withheld would be known to have none: of
    the other two months under ten with 18 together each would have nine.
    """
    gpd.GeoDataFrame(
        {"ward_code": ["E05000001"], "ward_name": ["Ashe"], "borough": ["Vale"]},
        geometry=[shapely.box(EAST, NORTH, EAST + SIDE, NORTH + SIDE)],
        crs=27700,
    ).to_file(tmp_path / "wards.geojson")
    rows = ["Offence,Date,Easting,Northing"]
    for at, month in enumerate(pd.period_range("2023-01", "2025-03", freq="M")):
        pauses = pd.Period("2024-08", "M") <= month <= pd.Period("2024-12", "M")
        for offence, n in (("Burglary", 40), ("Robbery", 0 if pauses else 9 + at % 3)):
            day = [1 + (at + 3 * i) % month.days_in_month for i in range(n)]
            day[:2] = [1, month.days_in_month][: len(day)]
            rows += [f"{offence},{month}-{one:02d} 12:00,{EAST + 30 * i + 5},{NORTH + 50}" for i, one in enumerate(day)]
    (tmp_path / "crime.csv").write_text("\n".join(rows), "utf-8")
    shorter = {"end": dt.date(2024, 12, 31)}
    told = [tell(read(tmp_path, asked), asked) for asked in (shorter, {})]
    for summary in told:
        assert {month.month: month.has_data for month in summary.months}["2024-10"]
        assert [year.year for year in summary.years] == [2023]
    assert list_told(told[0]).items() <= list_told(told[1]).items()


def test_a_part_of_a_crime_is_not_told_beside_the_whole() -> None:
    """By hand: of 30 robberies 28 were personal, so two shops of the ward were robbed."""
    whole = Crime(slug="robbery", label="Robbery", plural="robberies")
    require_whole_crime(whole)
    with pytest.raises(ParameterError, match='"personal-robbery" is a part of "robbery"'):
        require_whole_crime(Crime(slug="personal-robbery", label="", plural="", part_of="robbery"))


def test_that_there_is_a_publication_does_not_tell_of_any_incident(inputs: Path) -> None:
    for asked in (
        {"wards": ("Copse",)},  # it has about five a year
        {"wards": ("Ashe",), "start": dt.date(2024, 3, 2), "end": dt.date(2024, 3, 30)},
    ):
        with pytest.raises(TooLittleDataError, match=r"Everybody is told of whole months|No number of robberies"):
            tell(read(inputs, asked), asked)


def test_the_list_of_products_has_what_is_for_everybody(told: list[PublicSummary], tmp_path: Path) -> None:
    folder = tmp_path / PUBLIC_FOLDER / "robbery"
    folder.mkdir(parents=True)
    (folder / PUBLIC_PRODUCTS["public_json"]).write_text(json.dumps(encode(told[0])), "utf-8")
    (folder / PUBLIC_PRODUCTS["public"]).write_text("", "utf-8")
    page = write_index(tmp_path).read_text("utf-8")
    assert "For everybody" in page
    assert f'href="{PUBLIC_FOLDER}/robbery/public.html"' in page


def test_a_period_without_a_calendar_year_tells_months(inputs: Path) -> None:
    asked = {"start": dt.date(2025, 1, 1), "end": dt.date(2025, 6, 30)}
    summary = tell(read(inputs, asked), asked)
    assert not summary.years
    assert not summary.squares
    assert {month.borough for month in summary.months} == {"Vale", "Hill"}


@pytest.mark.slow
def test_the_page_shows_one_picture_at_a_time_and_can_be_used_by_everybody(
    inputs: Path, told: list[PublicSummary], browser: Any, tmp_path: Path
) -> None:
    study = read(inputs, {})
    path = tmp_path / "public.html"
    path.write_text(draw_public(publish(study, AnalysisRequest(crime="robbery")), told[0]))
    for size, colours in zip(SIZES.values(), ("light", "light", "dark"), strict=True):
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, offline=True, bypass_csp=True, color_scheme=colours
        )  # axe-core must come in
        page = context.new_page()
        requests: list[str] = []
        page.on("request", lambda request, seen=requests: seen.append(request.url))
        page.goto(path.as_uri())
        assert find_unlisted(page, ["a[href]", "summary", ".pictures input"]) == list_dead_links(path) == []
        assert walk_by_keys(page) == []
        assert page.locator(".picture:visible").count() == 1
        page.check("#show-squares")
        assert page.locator(".squares-picture").is_visible()
        assert not page.locator(".wards-picture").is_visible()
        page.keyboard.press("ArrowUp")
        assert page.locator(".wards-picture").is_visible()
        page.locator("summary").first.press("Enter")
        assert page.locator("details[open] > :not(summary)").first.is_visible()
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert list_violations(page) == []
        assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
        context.close()


def test_of_several_crimes_all_are_checked_before_any_is_written(inputs: Path, tmp_path: Path) -> None:
    """A part of a crime, and one of which nothing may be told, after one that may be."""
    rows = (inputs / "crime.csv").read_text("utf-8")
    few = [
        f"{offence},2024-05-05 12:00,{EAST + 100},{NORTH + 100}" for offence in ("Bicycle theft", "Personal robbery")
    ]
    (tmp_path / "crime.csv").write_text("\n".join([rows, *few]), "utf-8")
    files = ("--incidents", tmp_path / "crime.csv", "--boundaries", inputs / "wards.geojson")
    for other, code, why in (
        ("personal-robbery", 2, '"personal-robbery" is a part of "robbery"'),
        ("bicycle-theft", 4, "No number of"),
    ):
        crimes = ("--crime", "robbery", "--crime", other)
        said = call("run", *crimes, *files, "--out", tmp_path / "out", "--audience", "public")
        assert said[0] == code, said[2]
        assert why in said[2]
        assert not list((tmp_path / "out").rglob("*.html"))
    code, _, told = call("run", "--crime", "robbery", *files, "--out", tmp_path / "out", "--audience", "public")
    assert code == 0, told
    assert [path.name for path in (tmp_path / "out" / PUBLIC_FOLDER).rglob("public.html")] == ["public.html"]
