"""Sheets of posters: one each, legible, read aloud, and with a map whose parts keep apart."""

from __future__ import annotations

import html
import math
import re
from dataclasses import replace
from importlib import resources
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from poster_studies import EAST, NORTH, SHEET, count_sheets, make_study

from hotspots.errors import ParameterError
from hotspots.pipeline import Poster, PosterRequest, Posters, PosterStudy, make_posters
from hotspots.products.drawing.poster_fonts import find_unprintable, is_printable
from hotspots.products.drawing.poster_map import draw_poster_map
from hotspots.products.drawing.poster_sheets import DrawnPoster, draw_poster
from hotspots.products.drawing.poster_texts import name_haven, pick_named
from hotspots.products.files.poster_folder import write_posters
from hotspots.products.summary import summarise_posters
from hotspots.products.words import say

LEAST_PT = 8.0
PT_MM = 25.4 / 72


def make_borough(n: int, *, wards: int = 16, tall: float = 2.0, **choices: Any) -> PosterStudy:
    """Havens spread evenly over wards in four columns, in a borough that is `tall` times as high as it is wide."""
    high = 2000 * tall
    at = np.random.default_rng(0).uniform([-1900, -high + 100], [1900, high - 100], (n, 2)).round()
    study = make_study([(float(x), float(y)) for x, y in at], schools=(), **choices)
    rows = math.ceil(wards / 4)
    boxes = [
        shapely.box(
            EAST - 2000 + 1000 * column,
            NORTH - high + 2 * high / rows * row,
            EAST - 1000 + 1000 * column,
            NORTH - high + 2 * high / rows * (row + 1),
        )
        for row in range(rows)
        for column in range(4)
    ]
    parts = gpd.GeoDataFrame(
        {"ward_name": [f"Ward {number}" for number in range(len(boxes))], "borough": "Ashford"},
        geometry=boxes,
        crs=27700,
        index=pd.Index([f"E{number:08d}" for number in range(len(boxes))], name="ward_code"),
    )
    return replace(study, boundaries=replace(study.boundaries, wards=parts))


def draw_borough(study: PosterStudy, **wanted: Any) -> tuple[Posters, Poster, DrawnPoster]:
    posters = make_posters(study, PosterRequest(**wanted))
    return posters, posters.posters[-1], draw_poster(posters.posters[-1], posters)


@pytest.mark.parametrize(
    ("n", "paper", "expected", "is_by_ward"),
    [
        (1, None, "a4", False),
        (12, None, "a4", False),
        (60, None, "a3", False),
        (60, "a4", "a4", True),
        (12, "a3", "a3", False),
        (150, None, "a3", True),
    ],
)
def test_a_borough_has_one_sheet_that_names_each_haven_once(
    n: int, paper: Any, expected: str, is_by_ward: bool
) -> None:
    posters, poster, drawn = draw_borough(make_borough(n), paper=paper, address="https://example.org")
    assert count_sheets(drawn.pdf) == 1
    assert (drawn.paper, drawn.is_by_ward, drawn.n_named) == (expected, is_by_ward, n)
    assert drawn.source["more"] == ""
    listed = drawn.source["havens"] + [haven for ward in drawn.source["wards"] for haven in ward["havens"]]
    assert sorted(haven["number"] for haven in listed) == list(range(1, n + 1))
    assert posters.posters == (poster,)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "wards", "paper"), [(600, 16, None), (300, 16, "a4"), (400, 400, "a4")])
def test_what_a_sheet_cannot_name_is_counted_by_ward_and_said(n: int, wards: int, paper: Any) -> None:
    _, poster, drawn = draw_borough(make_borough(n, wards=wards), paper=paper)
    assert count_sheets(drawn.pdf) == 1
    named = sum(len(ward["havens"]) for ward in drawn.source["wards"])
    assert named == drawn.n_named < n
    assert f"{n - named} of {n}. The map shows all of them as dots. Ask at your school" in drawn.source["more"]
    assert len(re.findall(r'<circle [^>]*r="10"', drawn.source["map"])) == n
    of_wards = [
        len(ward["havens"]) + int((re.findall(r"\d+", ward["more"]) or ["0"])[0]) for ward in drawn.source["wards"]
    ]
    assert sum(of_wards) == (n if of_wards else 0)
    assert bool(of_wards) == (wards == 16), "400 wards are too many for a line each"
    assert sum(ward.number is not None for ward in poster.wards) == len({haven.ward for haven in poster.havens})


def test_the_address_is_where_the_whole_list_is() -> None:
    poster = make_borough(3)
    shown = make_posters(poster, PosterRequest()).posters[0]
    assert say("poster.more", shown, 2, True).endswith("The whole list is at the address beside the code.")
    assert say("poster.more", shown, 0, True) == ""


def test_havens_open_throughout_are_named_before_others_of_their_ward() -> None:
    hours = [None, "Mo-Fr 09:00-17:00", "24/7", "Mo-Fr 15:00-18:00"]
    study = make_study([(0, 400), (0, 300), (0, 200), (0, 100)], hours=hours, schools=())
    poster = make_posters(study, PosterRequest()).posters[0]
    assert [pick_named(poster, most, (15, 18))[0] for most in (0, 1, 2, 3, None)] == [
        ([], 4), ([2], 3), ([2, 3], 2), ([1, 2, 3], 1), ([0, 1, 2, 3], 0),
    ]  # fmt: skip


def test_wards_are_numbered_from_north_to_south_and_only_those_with_a_haven() -> None:
    """Four columns, four rows of 2,000 m: havens in the second column of the first row and the first of the last."""
    study = make_borough(2)
    havens = study.havens.havens.set_geometry(
        gpd.GeoSeries(
            [shapely.Point(EAST - 1500, NORTH - 3500), shapely.Point(EAST - 500, NORTH + 3500)], crs=27700
        ).values
    )
    poster = make_posters(replace(study, havens=replace(study.havens, havens=havens)), PosterRequest()).posters[0]
    assert [(ward.number, ward.name) for ward in poster.wards if ward.number] == [(1, "Ward 13"), (2, "Ward 0")]
    assert [(haven.haven_id, poster.wards[haven.ward or 0].name) for haven in poster.havens] == [
        ("H001", "Ward 13"), ("H000", "Ward 0"),
    ]  # fmt: skip


@pytest.mark.parametrize(("n", "paper"), [(1, "a4"), (12, "a4"), (20, "a4"), (46, None), (150, None), (300, "a4")])
def test_no_type_is_smaller_than_eight_points(n: int, paper: Any) -> None:
    _, _, drawn = draw_borough(make_borough(n, streets=[[(-1500.0, 0.0), (1500.0, 0.0)]]), paper=paper)
    times = math.sqrt(2) if drawn.paper == "a3" else 1
    sizes = [float(size) / 10 * times / PT_MM for size in re.findall(r'font-size="([\d.]+)"', drawn.source["map"])]
    assert min(sizes) >= LEAST_PT
    assert min(drawn.source["name_pt"], drawn.source["about_pt"] if not drawn.is_by_ward else LEAST_PT) >= LEAST_PT
    template = resources.files("hotspots.products").joinpath("templates/poster.typ").read_text("utf-8")
    assert min(float(size) for size in re.findall(r"size: ([\d.]+)pt \* [uk]", template)) >= LEAST_PT


def test_a_poster_can_be_read_aloud() -> None:
    """Tagged by PDF/UA, with a title, a language, a heading and words for its map and its code."""
    _, _, drawn = draw_borough(make_borough(3), address="https://example.org")
    for pattern in (
        rb"/MarkInfo",
        rb"/StructTreeRoot",
        rb"/Lang\(en-GB\)",
        rb"/Title\(Safe places in Ashford\)",
        rb"/H1",
    ):
        assert re.search(pattern, drawn.pdf), pattern
    assert b"/Alt(Map of Ashford with north at the top. 3 safe places have their numbers of the list.)" in drawn.pdf
    assert b"/Alt(https://example.org)" in drawn.pdf
    assert b"pdfuaid:part" in drawn.pdf


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café Łódź", True), ("Аптека", True), ("Ελλάδα", True), ("مكتبة", True), ("שלום", True),
        ("老舍茶馆", False), ("বাংলা", False), ("a\x80b", False),
    ],
)  # fmt: skip
def test_what_the_fonts_can_print_is_known(text: str, expected: bool) -> None:
    assert is_printable(text) is expected
    assert find_unprintable(["Oak", text, "Łódź"]) == (set() if expected else {text})


def test_names_that_cannot_be_printed_give_way_to_the_kind_and_are_told(tmp_path: Any) -> None:
    study = make_study([(100, 0), (200, 0)], names=["老舍茶馆", "Oak Café"], schools=("বাংলা স্কুল",))
    street = [shapely.LineString([(EAST - 300, NORTH), (EAST + 300, NORTH)])]
    ways = gpd.GeoDataFrame({"name": ["老街"], "kind": "residential"}, geometry=street, crs=27700)
    streets = make_study([], streets=[[(0, 0), (1, 0)]]).streets
    assert streets is not None
    told: list[str] = []
    posters = make_posters(replace(study, streets=replace(streets, ways=ways)), PosterRequest())
    summary, _ = write_posters(posters, tmp_path, notify=told.append)
    drawn = draw_poster(posters.posters[0], posters)
    assert drawn.source["title"] == "Safe places near your school"
    assert [haven["name"] for haven in drawn.source["havens"]] == ["Convenience store", "Oak Café"]
    assert "老" not in drawn.source["map"]
    assert told == [
        "2 names have signs that the fonts of posters lack, so that the kind of place stands instead; the first is "
        "বাংলা স্কুল. Give names in Latin, Greek, Cyrillic, Hebrew or Arabic letters."
    ]
    assert [poster.sheet.n_unprintable for poster in summary.posters] == [2, 1]
    assert summary.posters[0].havens[0].name == "老舍茶馆"


@pytest.mark.parametrize("name", ["address", "credit"])
def test_an_address_that_cannot_be_printed_is_refused(name: str) -> None:
    posters = make_posters(make_study([(100, 0)]), PosterRequest(**{name: "图书馆"}))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=f"must have every sign of `{name}`; they cannot print '图书馆'"):
        draw_poster(posters.posters[0], posters)


def test_long_names_are_cut_at_a_word_with_an_ellipsis() -> None:
    long = "Saint Botolph without Aldersgate and All Hallows by the Tower Church of England Library"
    assert name_haven(long, None) == "Saint Botolph without Aldersgate and All Hallows by the Tower Church of England…"
    assert name_haven("x" * 90, None) == "x" * 79 + "…"
    assert name_haven("x" * 80, None) == "x" * 80
    study = make_study([(40.0 * n, 0) for n in range(12)], names=[long * 9] * 12, schools=(long * 9,))
    posters = make_posters(study, PosterRequest(address="https://example.org/" + "x" * 180, credit="y " * 80))
    for poster in posters.posters:
        assert count_sheets(draw_poster(poster, posters).pdf) == 1


def test_a_haven_at_the_school_is_here() -> None:
    posters = make_posters(make_study([(0, 0), (0, 19), (0, 20)]), PosterRequest())
    drawn = draw_poster(posters.posters[0], posters)
    assert [haven["walk"] for haven in drawn.source["havens"]] == ["here", "here", "about 1 min"]


def test_when_hours_were_last_checked_is_printed_and_counted() -> None:
    study = make_study([(100, 0), (200, 0), (300, 0)])
    assert "checked" not in draw_poster(*_first(study)).source["notes"]
    days = pd.DatetimeIndex(["2026-03-01", "NaT", "2025-11-20"])
    dated = replace(study, havens=replace(study.havens, havens=study.havens.havens.assign(checked_on=days)))
    drawn = draw_poster(*_first(dated))
    assert (
        "Times are for school days, and were last checked between 20 November 2025 and 1 March 2026."
        in (drawn.source["notes"])
    )
    assert summarise_posters(_first(dated)[1], [SHEET] * 2).n_checks_unknown == 1


def _first(study: PosterStudy) -> tuple[Poster, Posters]:
    posters = make_posters(study, PosterRequest())
    return posters.posters[0], posters


@pytest.mark.parametrize("corner", [(-400, -300), (400, -300), (-400, 300), (400, 300)])
def test_neither_scale_nor_arrow_lies_on_the_school_or_a_haven(corner: tuple[float, float]) -> None:
    """The only haven is in one corner of the map and the school in the opposite one."""
    poster, _ = _first(make_study([corner]))
    svg = draw_poster_map(poster, None, width_mm=186, height_mm=120, here="Here", minutes="{minutes} {metres}")
    boxes = [
        shapely.box(
            float(x) + float(dx), float(y) + float(dy), float(x) + float(dx) + float(w), float(y) + float(dy) + float(h)
        )
        for x, y, dx, dy, w, h in re.findall(
            r'translate\((\S+) (\S+)\)"><rect (?:x="(\S+)" y="(\S+)" )?width="(\S+)" height="(\S+)"',
            svg.replace('"><rect width', '"><rect x="0" y="0" width'),
        )
    ]
    assert len(boxes) == 2
    places = [shapely.Point(float(x), float(y)) for x, y in re.findall(r'<circle cx="(\S+)" cy="(\S+)" r="33.0"', svg)]
    places += [
        shapely.Point(float(x), float(y)) for x, y in re.findall(r'translate\((\S+) (\S+)\)"><circle r="40"', svg)
    ]
    assert len(places) == 2
    assert min(box.distance(place) for box in boxes for place in places) >= 33
    assert boxes[0].distance(boxes[1]) > 0


def test_a_ring_around_the_whole_map_is_not_drawn() -> None:
    poster, _ = _first(make_study([(0, 2600)]))
    assert poster.havens == ()
    shown = [
        draw_poster_map(poster, None, width_mm=186, height_mm=120, here="", minutes="", ring_m=radius)
        for radius in (240.0, 800.0)
    ]
    assert ["stroke-dasharray" in svg for svg in shown] == [True, False]


def test_names_stand_within_the_border_of_the_borough() -> None:
    """Streets every 200 m run far beyond the border, and each has a name."""
    steps = range(-30, 31)
    lines = [[(200.0 * x, 200.0 * y) for x in steps] for y in steps]
    lines += [[(200.0 * x, 200.0 * y) for y in steps] for x in steps]
    study = make_borough(5, streets=lines)
    assert study.streets is not None
    ways = study.streets.ways.assign(kind="primary", name=[f"Street of the {n}th" for n in range(len(lines))])
    poster = make_posters(replace(study, streets=None), PosterRequest()).posters[-1]
    svg = draw_poster_map(poster, ways, width_mm=126, height_mm=170, here="", minutes="{minutes}")
    dashed = re.search(r'<path d="M([^"]*)Z" fill="none" stroke="[^"]*" stroke-width="8"', svg)
    assert dashed is not None
    border = shapely.Polygon([tuple(map(float, pair.split())) for pair in dashed[1].split("L")])
    names = re.findall(r'translate\((\S+) (\S+)\) rotate\((\S+)\)" y="[^"]*" font-size="(\S+)"[^>]*>([^<]+)<', svg)
    assert len(names) > 5
    for x, y, angle, size, name in names:
        half = len(name) * 0.5 * float(size) / 2
        turn = math.radians(float(angle))
        step = np.array([math.cos(turn), math.sin(turn)]) * half
        for end in (np.array([float(x), float(y)]) + step, np.array([float(x), float(y)]) - step):
            assert border.contains(shapely.Point(end)), name
    wards = re.findall(r'<text x="(\S+)" y="(\S+)" font-size="30.0" font-weight="700"[^>]*>(Ward \d+)<', svg)
    assert wards
    assert all(border.contains(shapely.Point(float(x), float(y))) for x, y, _ in wards)


@pytest.mark.parametrize(("shift", "n_wide"), [(0.0, 1), (150.0, 0)])
def test_larger_streets_of_a_borough_stand_out_where_they_hang_together(shift: float, n_wide: int) -> None:
    """Three main streets of 1 km end to end, or, each moved aside, in pieces that would look torn; and a small one."""
    study = make_borough(5)
    lines = [[(-1500 + 1000 * n, n * shift), (-500 + 1000 * n, n * shift)] for n in range(3)] + [[(0, -900), (0, -500)]]
    ways = gpd.GeoDataFrame(
        {"name": None, "kind": ["secondary"] * 3 + ["residential"]},
        geometry=[shapely.LineString([(EAST + x, NORTH + y) for x, y in line]) for line in lines],
        crs=27700,
    )
    poster = make_posters(study, PosterRequest()).posters[-1]
    svg = draw_poster_map(poster, ways, width_mm=126, height_mm=100, here="", minutes="{minutes}")
    hairs = re.findall(r'<path d="([^"]*)" fill="none" stroke="#d3cdbf"', svg)
    assert [path.count("M") for path in hairs] == [1 if n_wide else 4]
    assert len(re.findall(r'fill="none" stroke="#ffffff"', svg)) == n_wide


def test_texts_of_the_map_are_escaped() -> None:
    study = make_borough(3)
    wards = study.wards.assign(ward_name="<b>&'\"")
    poster = make_posters(replace(study, boundaries=replace(study.boundaries, wards=wards)), PosterRequest()).posters[
        -1
    ]
    svg = draw_poster_map(poster, None, width_mm=126, height_mm=170, here="", minutes="{minutes}")
    assert "<b>" not in svg
    assert html.escape("<b>&'\"") in svg
