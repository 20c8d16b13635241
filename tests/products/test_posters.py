"""Posters of safe havens: what each shows, that it is on one sheet, and that nothing else can be on it."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from poster_studies import SHEET, count_sheets, make_study

from hotspots.errors import HotspotsError, NotFoundError, ParameterError
from hotspots.ingest.formats import InputFile, InputTable
from hotspots.pipeline import Poster, PosterRequest, Posters, PosterStudy, make_posters
from hotspots.products.drawing.poster_map import draw_poster_map
from hotspots.products.drawing.poster_sheets import draw_poster
from hotspots.products.drawing.qr_codes import draw_qr_code
from hotspots.products.files.poster_folder import write_posters
from hotspots.products.summary import summarise_posters
from hotspots.products.words import say


def draw(study: PosterStudy, request: PosterRequest | None = None) -> tuple[Posters, Poster, dict[str, Any]]:
    posters = make_posters(study, request or PosterRequest())
    return posters, posters.posters[0], draw_poster(posters.posters[0], posters).source


def test_havens_within_the_walk_are_shown_from_the_nearest(tmp_path: Path) -> None:
    """80 m are a minute: 240 m are 3 minutes, 241 m are 4, 800 m are 10, and 801 m are too far."""
    posters = make_posters(make_study([(0, 801), (240, 0), (0, -800), (-241, 0)]), PosterRequest())
    school, borough = posters.posters
    assert [(haven.name, haven.number, haven.minutes) for haven in school.havens] == [
        ("Shop 1", 1, 3), ("Shop 3", 2, 4), ("Shop 2", 3, 10),
    ]  # fmt: skip
    assert (school.is_beyond, school.n_more, school.is_along_streets) == (False, 0, False)
    # those of a borough from north to south, without a walk
    assert [haven.name for haven in borough.havens] == ["Shop 0", "Shop 3", "Shop 1", "Shop 2"]
    assert (borough.name, borough.havens[0].minutes) == ("Ashford", None)


def test_walks_are_along_streets_where_they_are_known() -> None:
    """300 m east and 400 m north are 700 m round the corner, 9 minutes, and 500 m as the crow flies, 7 minutes."""
    corner = [[(-50.0, 0.0), (300.0, 0.0), (300.0, 450.0)]]
    _, along, _ = draw(make_study([(300, 400)], streets=corner))
    assert along.is_along_streets
    assert along.havens[0].walk_m == pytest.approx(700, abs=0.5)
    assert along.havens[0].minutes == 9
    assert along.havens[0].route is not None
    assert along.havens[0].route.length == pytest.approx(700, abs=0.5)
    crow = draw(make_study([(300, 400)]))[1].havens[0]
    assert (crow.minutes, crow.route) == (7, None)
    # streets of another part of the borough tell nothing of the walk
    _, apart, source = draw(make_study([(300, 400)], streets=[[(251.0, -900.0), (251.0, -10.0)]]))
    assert (apart.is_along_streets, apart.havens[0].minutes) == (False, 7)
    assert (source["havens"][0]["walk"], "straight line" in source["notes"]) == ("about 7 min", True)


def test_a_haven_that_streets_do_not_reach_is_measured_straight() -> None:
    """The street ends 100 m east of the school: one haven is on it, the other 300 m north of it."""
    study = make_study([(100, 0), (0, 300)], streets=[[(-50, 0), (100, 0)]])
    _, poster, source = draw(study)
    assert [(haven.name, haven.walk_m) for haven in poster.havens] == [("Shop 0", 100), ("Shop 1", 300)]
    assert [haven.route is None for haven in poster.havens] == [False, True]
    assert [haven["walk"] for haven in source["havens"]] == ["2 min", "about 4 min"]
    assert "A walk without a line is measured straight" in source["notes"]


def test_a_school_without_a_haven_shows_the_nearest_three_up_to_thirty_minutes_away() -> None:
    _, poster, source = draw(make_study([(0, 900), (0, 1200), (0, 1500), (0, 1800), (0, 2500)]))
    assert [haven.minutes for haven in poster.havens] == [12, 15, 19]
    assert poster.is_beyond
    assert "a longer walk away" in source["lead"]
    _, alone, said = draw(make_study([(0, 2500)]))
    assert alone.havens == ()
    assert "No safe place is known near here" in said["lead"]


def test_no_more_than_twelve_are_shown_and_the_others_are_counted() -> None:
    _, poster, source = draw(make_study([(10.0 * number, 0) for number in range(14)]))
    assert (len(poster.havens), poster.n_more) == (12, 2)
    assert source["more"] == "There are 2 more safe places near here."


def test_what_is_closed_after_school_is_left_out_and_what_is_not_known_says_to_ask() -> None:
    hours = ["Mo-Fr 09:00-15:00", None, "Mo-Fr 09:00-17:00", "Mo 09:00-16:30; Tu-Fr 15:30-20:00", "Mo-Fr 09:00-16:00+"]
    posters, _, source = draw(make_study([(100.0 * number, 0) for number in range(1, 6)], hours=hours))
    assert posters.n_shut == 1
    assert [haven["open"] for haven in source["havens"]] == [
        "may be closed",
        "until 5 pm",
        "Mon until 4:30 pm; Tue\N{EN DASH}Fri 3:30 pm to 6 pm or later",
        "until 4 pm, otherwise may be closed",
    ]


def test_a_name_that_is_masked_gives_way_to_the_kind_of_place() -> None:
    study = make_study([(100, 0), (200, 0)], names=["Mr [name]", "The Crown"], schools=("Oak School (ask [name])",))
    _, poster, _ = draw(study)
    assert [haven.name for haven in poster.havens] == ["Convenience store", "The Crown"]
    assert poster.name == "Oak School"


@pytest.mark.parametrize(
    "address", ["https://example.org/havens", "http://example.org", "Town Hall, 1 High Street", "Open: ask inside "]
)
def test_an_address_is_of_a_page_or_a_plain_text(address: str) -> None:
    if address.startswith("Open:"):
        with pytest.raises(ParameterError, match='begins "Open:"'):
            PosterRequest(address=address)
    else:
        assert PosterRequest(address=address).address == address


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "tel:999", "WIFI:T:WPA;S:x;;", "BEGIN:VCARD", "mailto:a@example.org", "geo:51,0",
        "https://user@example.org", "https://user:word@example.org", "http://[x", "http://a\u2100b.org",
        "https:", "http://exa mple.org", "two\nlines", " ", "x" * 201, "right\u202eleft",
    ],
)  # fmt: skip
def test_an_address_that_a_phone_would_do_something_with_is_refused(address: str) -> None:
    with pytest.raises(ParameterError, match="`address`"):
        PosterRequest(address=address)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"minutes": 0.5}, "`minutes` is 0.5"),
        ({"hours": (18, 15)}, "`hours` are 18 to 15"),
        ({"credit": "a\nb"}, "`credit`"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        PosterRequest(**values)


def test_a_school_is_chosen_by_name_or_number_and_an_unknown_one_is_refused() -> None:
    study = make_study([(100, 0)], schools=("Hill School", "Vale School"))
    for text in ("vale school", "100002"):
        assert [poster.name for poster in make_posters(study, PosterRequest(schools=(text,))).posters] == [
            "Vale School"
        ]
    with pytest.raises(NotFoundError, match=r'"Vale" in or near these wards. Did you mean Vale School\?'):
        make_posters(study, PosterRequest(schools=("Vale",)))


def test_texts_of_files_are_never_code() -> None:
    """Each of these would stop the setting, read a file or hide what follows, if it were read as typst or as SVG."""
    names = ['#panic("ran")', '#read("/etc/passwd")', "$ x", "// gone", "</svg><script>", "*bold* _x_ `y` \\", "&amp;"]
    study = make_study(
        [(50.0 * number, 50) for number in range(1, 8)],
        names=names,
        schools=('#panic("school")',),
        streets=[[(-900.0, 0.0), (900.0, 0.0)]],
    )
    assert study.streets is not None
    named = study.streets.ways.assign(name='</text><script>#panic("x")</script>')
    posters = make_posters(replace(study, streets=replace(study.streets, ways=named)), PosterRequest())
    drawn = draw_poster(posters.posters[0], posters)
    assert [haven["name"] for haven in drawn.source["havens"]] == names
    assert "<script>" not in drawn.source["map"]
    assert "&lt;script&gt;" in drawn.source["map"]


@pytest.mark.parametrize("paper", ["a4", "a3"])
def test_every_poster_of_a_school_is_on_one_sheet_and_equal_ones_have_equal_bytes(paper: Any) -> None:
    long = "The Very Long Name of the Community Association of Saint Botolph without Al"
    study = make_study([(30.0 * number, 40) for number in range(14)], names=[long] * 14, schools=(long,))
    posters = make_posters(study, PosterRequest(paper=paper, address="https://example.org"))
    one, other = (draw_poster(posters.posters[0], posters) for _ in range(2))
    assert (one.paper, count_sheets(one.pdf)) == (paper, 1)
    assert (one.pdf, one.picture) == (other.pdf, other.picture)
    assert one.pdf.startswith(b"%PDF")
    assert one.source["more"]


def test_nothing_about_crime_is_on_a_poster() -> None:
    for places in ([(100.0, 0.0)], [(0.0, 900.0)], [(0.0, 2500.0)]):
        _, _, source = draw(make_study(places))
        texts = json.dumps({key: value for key, value in source.items() if key != "map"})
        assert not re.search("crime|incident|robber|knife|police|victim|hot ?spot", texts, re.IGNORECASE)


@settings(max_examples=25, deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=12).map(
        lambda cells: [(60.0 * x, 60.0 * y) for x, y in cells]
    )
)
def test_no_number_lies_on_another_or_off_the_map(places: list[tuple[float, float]]) -> None:
    """Several havens may share a place, and lie at the school."""
    poster = make_posters(make_study(places), PosterRequest()).posters[0]
    svg = draw_poster_map(poster, None, width_mm=186, height_mm=120, here="Here", minutes="{minutes} {metres}")
    circles = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="33.0"', svg)
    points = np.array(circles, dtype=float)
    assert len(points) == len(places)
    gaps = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    assert gaps[~np.eye(len(points), dtype=bool)].min(initial=np.inf) > 2 * 33 * 0.9
    assert ((points >= 33) & (points <= np.array([1860, 1200]) - 33)).all()


def test_a_map_of_more_numbers_than_it_has_room_for_comes_to_an_end() -> None:
    places = [(3.0 * (number % 40), 3.0 * (number // 40)) for number in range(1500)]
    poster = make_posters(make_study(places), PosterRequest()).posters[-1]
    assert (poster.subject, len(poster.havens)) == ("borough", 1500)
    svg = draw_poster_map(poster, None, width_mm=186, height_mm=120, here="Here", minutes="{minutes} {metres}")
    assert len(re.findall(r">\d+</text>", svg)) == 1500


def test_the_code_is_the_same_each_time_and_has_a_quiet_zone() -> None:
    code = draw_qr_code("https://example.org")
    assert code == draw_qr_code("https://example.org")
    # version 2 has 25 modules a side, and four around are blank
    assert 'viewBox="0 0 33 33"' in code
    assert min(int(x) for x, _ in re.findall(r"M(\d+) (\d+)h1", code)) == 4


def test_what_is_left_out_of_lists_is_said() -> None:
    study = make_study([(100, 0)])
    assert study.schools is not None
    listed = replace(
        study,
        havens=replace(study.havens, n_shut=2),
        schools=replace(study.schools, without_location={"no location": 1}, n_outside=1200),
    )
    summary = summarise_posters(make_posters(listed, PosterRequest()), [SHEET, SHEET])
    assert summary.notes == (
        "Safe havens left out because their file says that they are closed for good: 2.",
        "Schools left out because they have no usable location: 1 (no location: 1).",
        "Schools left out because they lie further than 1 km from the wards: 1,200.",
    )
    assert "Note: Schools left out because they have no usable location: 1 (no location: 1)." in say(
        "terminal.posters", summary
    )


@pytest.mark.parametrize(
    ("origins", "credit", "printed"),
    [
        (("OpenStreetMap",), None, "Streets: © OpenStreetMap contributors, under the Open Database License."),
        (("Ordnance Survey",), None, "Streets: contains OS data © Crown copyright and database right."),
        (("OpenStreetMap",), "Map: the borough, from OpenStreetMap", "Map: the borough, from OpenStreetMap"),
        ((), None, ""),
    ],
)
def test_whose_streets_they_are_is_printed(
    monkeypatch: pytest.MonkeyPatch, origins: Any, credit: str | None, printed: str
) -> None:
    from hotspots.products.drawing import poster_sheets as module

    class Compiler:
        def compile(self, template: bytes, *, sys_inputs: dict[str, str], **options: Any) -> bytes:
            seen.append(json.loads(sys_inputs["data"])["credit"])
            return b""

    seen: list[str] = []
    monkeypatch.setattr(module, "make_compiler", Compiler)
    study = make_study([(100, 0)], streets=[[(-50, 0), (100, 0)]])
    assert study.streets is not None
    study = replace(study, streets=replace(study.streets, origins=origins))
    posters = make_posters(study, PosterRequest(credit=credit))
    module.join_posters([], posters)
    assert seen == [printed]


def test_posters_are_written_to_one_folder_all_or_none(tmp_path: Path) -> None:
    posters = make_posters(make_study([(100, 0)], schools=("Hill School", "hill school")), PosterRequest())
    summary, paths = write_posters(posters, tmp_path)
    folder = paths["posters"].parent
    assert folder == tmp_path / "posters" / "10-minutes_15-18"
    assert {path.name for path in folder.iterdir()} == {
        *("hill-school-100001.pdf", "hill-school-100001.png", "hill-school-100002.pdf", "hill-school-100002.png"),
        *("ashford.pdf", "ashford.png", "posters.pdf", "posters.json", "manifest.json"),
    }
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    told = json.loads(before["posters.json"])
    assert [poster["sheet"]["files"][0] for poster in told["posters"]] == [
        poster.sheet.files[0] for poster in summary.posters
    ]
    assert told["posters"][0]["havens"][0]["walk_m"] == 100
    write_posters(posters, tmp_path)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_poster_is_for_everybody_and_names_no_file_that_was_read(tmp_path: Path) -> None:
    """Names of files may tell of systems, cases and officers."""

    def name_file(table: InputTable) -> tuple[InputFile, ...]:
        return (InputFile(path=f"secret/op-{table}.csv", table=table, sha256="0" * 64, n_rows=1, layout=""),)

    study = make_study([(100, 0)])
    assert study.schools is not None
    study = replace(
        study,
        havens=replace(study.havens, inputs=name_file("safe havens")),
        schools=replace(study.schools, inputs=name_file("schools")),
        boundaries=replace(study.boundaries, inputs=name_file("boundaries")),
    )
    _, paths = write_posters(make_posters(study, PosterRequest()), tmp_path)
    written = [path for path in paths["posters"].parent.iterdir() if path.suffix == ".json"]
    assert {path.name for path in written} == {"posters.json", "manifest.json"}
    for path in written:
        assert "op-" not in path.read_text("utf-8")
        called = {file["path"] for file in json.loads(path.read_text("utf-8"))["inputs"]}
        assert called == {"file of safe havens", "file of schools", "boundary file"}


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from hotspots.products.drawing import poster_fonts as module

    posters = make_posters(make_study([(100, 0)]), PosterRequest())
    monkeypatch.setitem(sys.modules, "segno", None)
    module.make_compiler.cache_clear()
    with pytest.raises(HotspotsError, match=r'segno is not installed. Install them: pip install "hotspots\[posters\]"'):
        draw_poster(posters.posters[0], posters)
