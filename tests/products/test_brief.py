"""The page of a ward's team: what is on it, that it is one page, and that nothing of it is under the floor."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import docx
import geopandas as gpd
import jsonschema
import numpy as np
import pandas as pd
import pytest
import shapely
from support import count_pages, read_pdf

from hotspots.analysis.hotspots import predict_places
from hotspots.analysis.hours import OpeningCalendar, WeekWindow
from hotspots.errors import DataError, HotspotsError, NotFoundError, ParameterError
from hotspots.ingest.reference import list_opening_rules
from hotspots.pipeline import AnalysisRequest, Brief, BriefRequest, analyse, load_study, make_brief
from hotspots.pipeline.brief import find_haven_state
from hotspots.pipeline.surroundings import with_places
from hotspots.products.drawing import describe_brief, describe_texts, draw_brief_sheet, draw_picture
from hotspots.products.files import BriefFormat, make_brief_template, require_packages, write_brief, write_template
from hotspots.products.files.brief_document import encode_document
from hotspots.products.summary import BriefSummary, encode, summarise, summarise_brief
from hotspots.products.summary.schema import make_schema
from hotspots.products.words import say, say_each
from hotspots.settings import Settings

EAST, NORTH = 530_000, 180_000
DAYS = pd.date_range("2025-01-01", "2025-12-31")
WEEKDAYS = DAYS[DAYS.day_of_week < 5]
HAVENS = (
    # name, kind, hours, metres east and north of the first place
    ("Always {{ 7 * 7 }} {% if %} #panic()", "convenience_store", "24/7", 40, 0),
    ("<b>Noon & Closed</b>", "library", "Mo-Fr 09:00-12:00", 0, 60),
    ("Half", "cafe", "Mo-Fr 09:00-15:30", -80, 0),
    ("Silent 安全", "shop", "", 0, -100),
    ("Far", "shop", "24/7", 0, 900),
)


def write_inputs(folder: Path, *, has_hours: bool = True) -> None:
    """In Ashe 80 robberies on weekdays after 15:00 in one place and 40 after 21:00 in another; 4 in Brook."""
    squares = [shapely.box(EAST + x, NORTH, EAST + x + 1000, NORTH + 1000) for x in (0, 1000)]
    names = {"ward_code": ["E05000001", "E05000002"], "ward_name": ["Ashe", "Brook"], "borough": ["Vale", "Vale"]}
    gpd.GeoDataFrame(names, geometry=squares, crs=27700).to_file(folder / "wards.geojson")
    rng = np.random.default_rng(1)
    rows = []
    for n, days, hour, x, y in (
        (80, WEEKDAYS, 15, 300, 300),
        (40, DAYS, 21, 700, 700),
        (4, DAYS[[0, 120, 240, 364]], 12, 1500, 500),
    ):
        for i, day in enumerate(days if len(days) == n else rng.choice(days, n)):
            when = pd.Timestamp(day).strftime("%Y-%m-%d" if has_hours else "%Y-%m") + (
                f" {hour}:{(7 * i) % 60:02d}" if has_hours else ""
            )
            rows.append(f"Robbery,{when},{EAST + x + 5 * (i % 8)},{NORTH + y + 5 * (i % 5)},High Street")
    (folder / "robberies.csv").write_text("\n".join(["Offence,Date,Easting,Northing,Location", *rows]), "utf-8")
    ways = {"name": ["High Street", "Mill Lane", "安全路"], "highway": ["primary", "residential", "primary"]}
    lines = [[(0, 300), (300, 300), (1000, 300)], [(300, 0), (300, 300), (300, 1000)], [(0, 500), (1000, 500)]]
    gpd.GeoDataFrame(
        ways, geometry=[shapely.LineString([(EAST + x, NORTH + y) for x, y in line]) for line in lines], crs=27700
    ).to_file(folder / "streets.geojson")
    table = pd.DataFrame(HAVENS, columns=["name", "kind", "opening_hours", "easting", "northing"])
    table["easting"] += EAST + 317
    table["northing"] += NORTH + 310
    table.to_csv(folder / "havens.csv", index=False)


def brief_on(folder: Path, ward: str, *, beside: bool = True, **asked: Any) -> Brief:
    settings = Settings(
        havens=(folder / "havens.csv",) if beside else (), streets=(folder / "streets.geojson",) if beside else ()
    )
    tables: Any = ("havens", "streets") if beside else ()
    study = load_study([folder / "robberies.csv"], [folder / "wards.geojson"], settings=settings, tables=tables)
    return make_brief(analyse(study, AnalysisRequest(crime="robbery", wards=(ward,))), BriefRequest(**asked))


@pytest.fixture(scope="module")
def ashe(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    folder = tmp_path_factory.mktemp("ashe")
    write_inputs(folder)
    return brief_on(folder, "Ashe", marking="OFFICIAL", contact="Analysis, ext. 1234")


@pytest.fixture(scope="module")
def summary(ashe: Brief) -> BriefSummary:
    return summarise_brief(ashe, summarise(ashe.analysis), formats=("brief", "brief_pdf", "brief_docx"))


@pytest.fixture(scope="module")
def written(ashe: Brief, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_brief(ashe, tmp_path_factory.mktemp("maps"))[1]


def zip_up(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return content.getvalue()


def read_document(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_places_are_those_of_the_run_with_their_own_hours(ashe: Brief, summary: BriefSummary) -> None:
    run = summarise(ashe.analysis)
    assert run.patrols is not None
    assert [place.number for place in summary.places] == [place.rank for place in run.patrols.places[:5]]
    assert [place.place for place in summary.places] == [place.place for place in run.patrols.places[:5]]
    assert [place.hours for place in summary.places][:2] == ["Mondays to Fridays 15:00-15:59", "every day 21:00-21:59"]
    assert all(place.is_own_hours for place in summary.places)
    # the first place lies where both streets meet
    assert set(summary.places[0].streets) == {"High Street", "Mill Lane"}
    assert (summary.weeks.start, summary.weeks.end) == (dt.date(2026, 1, 1), dt.date(2026, 1, 14))


def test_a_place_is_called_by_its_texts_or_else_by_its_streets_and_says_what_else_is_there() -> None:
    place = {
        "place": "High Street", "grid_reference": "TQ 302 803", "locations": ("High Street", "Vale station"),
        "streets": ("Mill Lane", "High Street", "Low Road"),
    }  # fmt: skip
    assert say("brief.place_name", place) == "High Street"
    assert say("brief.look", place) == "Also here: Vale station, Mill Lane and Low Road"
    assert say("brief.reference", place) == "TQ 302 803"
    square = {**place, "place": "around TQ 302 803", "locations": ()}
    assert say("brief.place_name", square) == "Mill Lane and High Street"
    assert (say("brief.look", square), say("brief.reference", square)) == ("Also here: Low Road", "TQ 302 803")
    assert say("brief.place_name", {**square, "place": "around 49.2815, -123.1072", "grid_reference": None}) == (
        "Mill Lane and High Street"
    )
    bare = {**square, "streets": ()}
    assert say("brief.place_name", bare) == "Around TQ 302 803"
    assert (say("brief.look", bare), say("brief.reference", bare)) == ("", "")


def test_what_is_expected_is_in_proportion_to_two_weeks(ashe: Brief, summary: BriefSummary) -> None:
    """Of the period, whose length is that of its days."""
    period = (ashe.analysis.end - ashe.analysis.start).days + 1
    for place, found in zip(summary.places, ashe.places, strict=True):
        assert found.expected == pytest.approx(found.place.evidence.expected * 14 / period)
        assert place.expected_low <= found.expected <= place.expected_high


def test_nine_of_ten_counts_with_such_a_rate_lie_in_the_range(ashe: Brief) -> None:
    """A rate drawn from the gamma distribution of the estimate, and a count drawn with it."""
    places, risk = ashe.analysis.places, ashe.analysis.places.risk
    assert risk is not None
    incidents = with_places(ashe.analysis.incidents)
    outlines = [place.outline for place in places.patrol_places]
    whole = predict_places(incidents, outlines, risk=risk)
    assert [(int(low), int(high)) for low, high in zip(whole.low, whole.high, strict=True)] == [
        (place.evidence.expected_low, place.evidence.expected_high) for place in places.patrol_places
    ]
    from hotspots.analysis.hotspots.evidence import share_cells
    from hotspots.geography import collapse_points, find_polygon

    points = collapse_points(incidents)
    home = find_polygon(points, np.array(outlines, dtype=object))
    coming = risk.predict(share_cells(points, home, outlines, risk))
    rng = np.random.default_rng(7)
    for part in (1.0, 14 / 365):
        found = predict_places(incidents, outlines, risk=risk, part=part)
        for index, (mean, variance) in enumerate(zip(coming.mean, coming.variance, strict=True)):
            counts = rng.poisson(rng.gamma(mean**2 / variance, variance / mean, 100_000) * part)
            assert (counts < found.low[index]).mean() <= 0.053
            assert (counts > found.high[index]).mean() <= 0.053
            assert (counts > found.high[index] - 1).mean() >= 0.047
    with pytest.raises(ParameterError, match="above 0 and at most 1, not 1.5"):
        predict_places(incidents, outlines, risk=risk, part=1.5)


@pytest.mark.parametrize(
    ("hours", "window", "state"),
    [
        ("24/7", ((4, 5), 22, 4), "open"),
        ("Fr,Sa 20:00-02:00", ((4, 5), 22, 4), "open"),
        ("Fr,Sa 20:00-01:00", ((4, 5), 22, 4), "partly open"),
        ("Fr 20:00-02:00", ((4, 5), 22, 4), "partly open"),
        ("Mo-Fr 09:00-17:00", ((4, 5), 22, 4), "closed"),
        ("Mo-Fr 09:00-17:00", ((0, 1, 2, 3, 4), 9, 8), "open"),
        # 1 January 2026, a Thursday and a bank holiday, is in the two weeks
        ("Mo-Fr 09:00-17:00; PH off", ((0, 1, 2, 3, 4), 9, 8), "partly open"),
        ("Mo-Fr 09:00-17:00; PH off", ((0, 1), 9, 8), "open"),
        ("Jan 01 off; Feb-Dec 09:00-17:00", ((0,), 9, 8), "closed"),
        ('Mo-Fr 09:00-17:00 "by appointment"', ((0,), 9, 8), "not known"),
        ("", ((0,), 9, 8), "not known"),
    ],
)
def test_a_haven_is_open_in_all_the_hours_in_some_or_in_none(hours: str, window: Any, state: str) -> None:
    days = np.datetime64("2026-01-01") + np.arange(14)
    on, first, length = window
    found = find_haven_state(
        list_opening_rules(hours) if hours else (), WeekWindow(days=on, start_hour=first, n_hours=length), days
    )
    assert found == state


def test_hours_that_follow_the_sun_are_known_where_its_place_is() -> None:
    """In London the sun of early January is up from 8:10 to 16:10, and down at 22:00."""
    days, rules = np.datetime64("2026-01-01") + np.arange(14), list_opening_rules("sunrise-sunset")
    noon, night = (WeekWindow(days=(0,), start_hour=hour, n_hours=3) for hour in (11, 22))
    calendar = OpeningCalendar(place=(-0.1, 51.5))
    assert find_haven_state(rules, noon, days, calendar=calendar) == "open"
    assert find_haven_state(rules, night, days, calendar=calendar) == "closed"
    assert find_haven_state(rules, WeekWindow(days=(0,), start_hour=15, n_hours=3), days, calendar=calendar) == (
        "partly open"
    )
    assert find_haven_state(rules, WeekWindow(days=(0,), start_hour=17, n_hours=1), days) == "not known"


def test_havens_within_reach_are_listed_by_place_with_their_state(summary: BriefSummary) -> None:
    assert summary.havens is not None
    by_name = {haven.name: haven for haven in summary.havens}
    assert "Far" not in by_name
    assert [haven.letter for haven in summary.havens] == ["A", "B", "C", "D"]
    assert {name: haven.state for name, haven in by_name.items()} == {
        HAVENS[0][0]: "open", HAVENS[1][0]: "closed", "Half": "partly open", "Silent 安全": "not known",
    }  # fmt: skip
    assert by_name["Half"].words == "Only in part: 09:00 to 15:30"
    assert by_name[HAVENS[1][0]].words == "Closed then (09:00 to 12:00)"
    assert by_name["Silent 安全"].words == "Not known: ask"
    assert summary.words is not None
    assert (
        summary.words.steps[-1]
        == f"Ask in safe haven {by_name['Silent 安全'].letter} when it is open, and tell the analyst."
    )


def test_every_text_is_in_all_three_and_none_is_read_as_code(summary: BriefSummary, written: dict[str, Path]) -> None:
    page = written["brief"].read_text("utf-8")
    document = read_document(written["brief_docx"].read_bytes())
    texts = describe_texts(summary)
    assert HAVENS[0][0] in document
    assert "<b>Noon & Closed</b>" in document
    assert "&lt;b&gt;Noon &amp; Closed&lt;/b&gt;" in page
    assert "<b>Noon" not in page
    assert "Silent 安全" in page
    assert "Silent 安全" in document
    for text in (texts["title"], texts["when"], *texts["changes"], texts["sure"], texts["tested"], texts["contact"]):
        assert text in document
        assert text.replace("&", "&amp;").replace("'", "&#39;") in page
    for row in texts["place_rows"]:
        assert row["hours"].replace("-", "\N{NON-BREAKING HYPHEN}") in document  # no line breaks them in two
        assert row["hours"] in page.replace('<em class="whole">', "").replace("</em>", "")
    assert texts["contact"] == "Questions: Analysis, ext. 1234"
    header = docx.Document(io.BytesIO(written["brief_docx"].read_bytes())).sections[0].header
    assert header.paragraphs[0].text == "OFFICIAL  |  For tasking"
    assert page.count("OFFICIAL") == 4  # top and foot, on a screen and in the margins of paper


def test_the_page_asks_the_network_for_nothing(written: dict[str, Path]) -> None:
    page = written["brief"].read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|<script|<link rel=\"(?!icon)|@import|url\(", page)


def test_a_street_whose_name_the_fonts_lack_is_named_on_the_screen_alone(
    ashe: Brief, summary: BriefSummary, written: dict[str, Path]
) -> None:
    assert "安全路</text>" in written["brief"].read_text("utf-8")
    drawn = describe_brief(ashe, summary, map_height_mm=85).map
    assert "安全路</text>" not in drawn
    assert "High Street</text>" in drawn


def test_equal_briefs_have_equal_bytes(ashe: Brief, written: dict[str, Path], tmp_path: Path) -> None:
    again = write_brief(ashe, tmp_path)[1]
    assert {key: path.read_bytes() for key, path in again.items()} == {
        key: path.read_bytes() for key, path in written.items()
    }


def test_the_pdf_is_one_tagged_page_with_title_and_language(written: dict[str, Path]) -> None:
    content = written["brief_pdf"].read_bytes()
    unpacked = read_pdf(content)
    assert count_pages(content) == 1
    assert b"/StructTreeRoot" in unpacked
    assert re.search(rb"/Marked true", unpacked)
    assert b"en-GB" in unpacked
    assert b"Robbery: Ashe" in unpacked


def test_the_document_says_what_it_is(written: dict[str, Path]) -> None:
    document = docx.Document(io.BytesIO(written["brief_docx"].read_bytes()))
    core = document.core_properties
    assert (core.title, core.language) == ("Robbery: Ashe", "en-GB")
    assert core.created == core.modified
    assert [p.style.name for p in document.paragraphs if p.style and p.style.name.startswith("Heading")][:2] == [
        "Heading 1",
        "Heading 2",
    ]
    descriptions = re.findall(r'descr="([^"]+)"', document.element.xml)
    assert descriptions == ["Map of Ashe with places 1 to 2 and safe havens A to D, which the lists name."]


def test_the_longest_names_still_leave_one_page(ashe: Brief, summary: BriefSummary) -> None:
    long = "The Very Long Name of the Community Association of Saint Botolph without Aldersgate and its Neighbours"
    assert summary.havens is not None
    assert summary.words is not None
    crowded = dataclasses.replace(
        summary,
        places=tuple(
            dataclasses.replace(
                summary.places[0], number=number, place=long, locations=(long, long[:50], long[:40]), hours="Fridays"
            )
            for number in range(1, 7)
        ),
        havens=tuple(dataclasses.replace(summary.havens[0], name=long, address=long, letter=one) for one in "ABCDEF"),
        words=dataclasses.replace(summary.words, changes=(long + long[:60],) * 4, status=long, sources=(long,) * 4),
    )
    of_six = dataclasses.replace(ashe, places=tuple(ashe.places[:1]) * 6, havens=tuple((ashe.havens or ())[:1]) * 6)
    drawn = draw_brief_sheet(of_six, crowded)
    assert count_pages(drawn.pdf) == 1


@pytest.mark.parametrize(
    ("rank_high", "said"),
    [
        (1, ""),
        (2, " Their order is less sure: place 1 may in truth be the second busiest."),
        (5, " Their order is less sure: place 1 may in truth be the fifth busiest."),
        (22, " Their order is less sure: place 1 may in truth be number 22."),
    ],
)
def test_how_sure_the_order_is_is_said_in_words(rank_high: int, said: str) -> None:
    brief = {"places": [{"rank_high": rank_high}], "crime_plural": "robberies"}
    first = "Nine times in ten the number is in the range given, if robberies go on as they have."
    assert say("brief.sure", brief) == first + said


def test_a_change_is_told_in_numbers_only_where_both_are_ten_or_more() -> None:
    floor = {"min_incidents": 10}
    row = {"ratio": 3.2, "low": 1.4, "high": 7.0, "verdict": "deteriorating"}
    assert say("brief.change", {**row, "n_current": 32, "n_earlier": 10}, {"is_per_day": False}, floor) == (
        "32 against 10, 3.2 times as many (1.4 to 7.0): deteriorating"
    )
    for current, earlier in ((32, 9), (9, 32), (0, 32)):
        said = say("brief.change", {**row, "n_current": current, "n_earlier": earlier}, {"is_per_day": False}, floor)
        assert said == "deteriorating"


def test_only_what_changed_by_more_than_chance_is_told() -> None:
    def compare(label: str, verdict: str) -> dict[str, Any]:
        area = {"n_current": 40, "n_earlier": 20, "ratio": None, "low": None, "high": None, "verdict": verdict}
        return {
            "available": True, "label": label, "words": f"the {label} to 31 May", "is_per_day": False,
            "area": {**area, "is_significant": verdict != "no apparent change"}, "changed_hotspots": [],
        }  # fmt: skip

    run: dict[str, Any] = {"disclosure": {"min_incidents": 10}, "hotspots": [], "shown_changes": []}
    still = [compare("2 weeks", "no apparent change"), compare("12 months", "no apparent change")]
    alike = (
        "the last 2 weeks and 12 months are as chance alone could make them, beside the time before and the year "
        "before."
    )
    assert say_each("brief.changes", {**run, "changes": still}) == [f"No clear change: {alike}"]
    moved = [still[0], compare("12 months", "clearly deteriorating")]
    assert say_each("brief.changes", {**run, "changes": moved}) == [
        "The 12 months to 31 May: 40 against 20: clearly deteriorating."
    ]
    # of the comparisons in which hot spots are shown, the first alone: each more would be a further chance of chance
    first, second = ({"rank": rank, "change": {"verdict": "improving"}} for rank in (2, 1))
    shown = [
        {**change, "changed_hotspots": [row], "hotspots": [row]}
        for change, row in zip(reversed(still), (first, second), strict=True)
    ]
    found = {**run, "hotspots": [{"place": "Mill Lane"}, {"place": "around TQ 302 803"}], "shown_changes": shown}
    assert say_each("brief.changes", {**found, "changes": still}) == [
        f"No clear change in the area as a whole: {alike}",
        "Around TQ 302 803: improving (the 12 months to 31 May).",
    ]


def test_a_ward_without_a_place_that_may_be_shown_has_a_page_that_says_so(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    brief = brief_on(tmp_path, "Brook")
    summary, paths = write_brief(brief, tmp_path / "maps")
    assert summary.places == ()
    assert summary.words is not None
    assert summary.words.nowhere.startswith("No place can be named: none of 150 m across holds 10 robberies")
    assert summary.words.no_havens == "Safe havens are listed by place, and no place is named."
    assert count_pages(paths["brief_pdf"].read_bytes()) == 1
    told = " ".join([json.dumps(encode(summary)["words"]), paths["brief"].read_text("utf-8")])
    assert "fewer than 10 robberies" in told
    assert not re.search(r"\b4 robberies", told)
    assert "could not be tested: too few robberies, or too short a time." in told


def test_data_without_hours_havens_or_streets_name_the_place_by_its_square(tmp_path: Path) -> None:
    write_inputs(tmp_path, has_hours=False)
    brief = brief_on(tmp_path, "Ashe", beside=False)
    summary, paths = write_brief(brief, tmp_path / "maps")
    assert summary.words is not None
    assert [place.hours for place in summary.places] == [None] * len(summary.places)
    assert summary.words.places == "Where to be"
    assert summary.words.hours == "The data do not show at which hours robberies happen here."
    assert summary.words.steps[-1] == "Be back at each place within 2 hours."
    assert summary.words.no_havens == "No safe havens were given, so none can be named here."
    assert summary.havens is None
    page = paths["brief"].read_text("utf-8")
    assert "Brook</text>" in page  # the ward beside it, since there are no streets


def test_a_haven_out_of_reach_is_said_and_not_drawn(tmp_path: Path) -> None:
    write_inputs(tmp_path)
    table = pd.read_csv(tmp_path / "havens.csv")
    table[table["name"] == "Far"].to_csv(tmp_path / "havens.csv", index=False)
    brief = brief_on(tmp_path, "Ashe")
    summary = summarise_brief(brief, summarise(brief.analysis), formats=())
    assert summary.havens == ()
    assert summary.words is not None
    assert summary.words.no_havens.startswith("None within 400 m along streets. The nearest is Far, ")
    assert ">A</text>" not in describe_brief(brief, summary, map_height_mm=80).map


def test_the_json_is_of_its_schema(summary: BriefSummary) -> None:
    jsonschema.validate(encode(summary), make_schema(BriefSummary))


def test_another_question_has_another_folder(ashe: Brief, tmp_path: Path) -> None:
    fewer = make_brief(ashe.analysis, BriefRequest(n_places=1))
    page: tuple[BriefFormat, ...] = ("html",)
    names = [write_brief(one, tmp_path, formats=page)[1]["brief"].parent.name for one in (ashe, fewer)]
    assert names == [
        "robbery_2026-01-01_from_2025-01-01_2025-12-31_ashe",
        "robbery_2026-01-01_from_2025-01-01_2025-12-31_ashe_1-places",
    ]


def test_two_weeks_that_have_been_analysed_are_refused(ashe: Brief) -> None:
    with pytest.raises(ParameterError, match=r"`first_day` is 2025-12-01.*these run to 2025-12-.*Give a later day"):
        make_brief(ashe.analysis, BriefRequest(first_day=dt.date(2025, 12, 1)))
    later = make_brief(ashe.analysis, BriefRequest(first_day=ashe.analysis.end + dt.timedelta(days=29)))
    words = summarise_brief(later, summarise(later.analysis), formats=()).words
    assert words is not None
    assert "The data end 4 weeks before these two weeks begin: nothing since then is in it." in words.sources


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"n_places": 7}, "room for 1 to 6 places; `n_places` is 7"),
        ({"contact": "two\nlines"}, "`contact` must be one line of 1 to 120 printable characters"),
        ({"marking": " "}, "`marking` must be one line"),
    ],
)
def test_what_no_page_can_hold_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        BriefRequest(**asked)


def test_a_template_of_ones_own_is_filled(ashe: Brief, summary: BriefSummary, tmp_path: Path) -> None:
    texts = describe_brief(ashe, summary, map_height_mm=60)
    picture = draw_picture(texts.map, width_mm=186)

    def fill(*lines: str) -> str:
        document = docx.Document()
        for line in lines:
            document.add_paragraph(line)
        path = tmp_path / "ours.docx"
        document.save(str(path))
        return read_document(encode_document(texts, picture, day=ashe.first_day, template=path))

    assert fill("Partnership: {{ title }}", "{%p for one in haven_rows %}", "{{ one.name }}", "{%p endfor %}").split(
        "\n"
    )[:2] == ["Partnership: Robbery: Ashe", (summary.havens or ())[0].name]
    with pytest.raises(DataError, match=r"ours\.docx does not: 'victims' is undefined\. It has: average|blanks"):
        fill("{{ victims }}")
    with pytest.raises(DataError, match=r"ours\.docx does not: access to attribute '__class__'"):
        fill("{{ title.__class__.__mro__ }}")
    with pytest.raises(DataError, match=r"ours\.docx does not: "):
        fill("{{ title")
    for content in (b"not a zip", zip_up({"a.txt": "a"}), zip_up({"[Content_Types].xml": "<broken"})):
        (tmp_path / "none.docx").write_bytes(content)
        with pytest.raises(DataError, match=r"none\.docx cannot be read as one"):
            encode_document(texts, picture, day=ashe.first_day, template=tmp_path / "none.docx")
    with pytest.raises(NotFoundError, match=r"There is no template .*missing\.docx"):
        require_packages(("docx",), template=tmp_path / "missing.docx")


def test_the_plain_template_can_be_written_and_used(ashe: Brief, summary: BriefSummary, tmp_path: Path) -> None:
    path = tmp_path / "plain.docx"
    write_template(path, make_brief_template())
    texts = describe_brief(ashe, summary, map_height_mm=60)
    picture = draw_picture(texts.map, width_mm=186)
    assert encode_document(texts, picture, day=ashe.first_day, template=path) == encode_document(
        texts, picture, day=ashe.first_day
    )
    with pytest.raises(DataError, match=r"plain\.docx is there"):
        write_template(path, make_brief_template())


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docxtpl", None)
    with pytest.raises(
        HotspotsError, match=r'docxtpl is not installed\. Install them: pip install "hotspots\[briefs\]"'
    ):
        require_packages(("docx",))
    require_packages(("html",))
