"""The house of a partnership: what its settings may say, and which pictures may stand on a page."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from house_files import SVG_LOGO, make_logo, write_house

from hotspots.errors import DataError, HotspotsError, NotFoundError, ParameterError
from hotspots.house import HouseStyle, Thresholds, measure_contrast, require_audience
from hotspots.logos import read_logo
from hotspots.pipeline.request import AnalysisRequest
from hotspots.settings import Settings, load_settings


def test_a_house_is_read_with_the_usual_marking_where_it_has_none(tmp_path: Path) -> None:
    house = load_settings(write_house(tmp_path)).house
    assert (house.name, house.colour) == ("Northbank Safety Partnership", "#1f4e79")
    assert house.logo is not None
    assert house.logo.content.decode() == SVG_LOGO
    assert house.markings == {
        "tasking": "OFFICIAL-SENSITIVE",
        "partner": "OFFICIAL, PARTNERS ONLY",
        "public": "OFFICIAL",
    }
    assert pickle.loads(pickle.dumps(house)) == house
    assert HouseStyle(markings={"public": ""}).markings["public"] == ""


def test_without_one_nothing_is_named() -> None:
    house = Settings().house
    assert (house.name, house.logo, house.colour, house.contact) == (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("house = 3", r"house must be tables, such as \[house\]"),
        ("[house]\nnme = 'A'", r'unknown key "nme" in \[house\]. Did you mean "name"\?'),
        (
            "[house]\nfont = 'A'",
            r'unknown key "font" in \[house\]. It takes: name, logo, colour, contact, markings, thresholds',
        ),
        ("[house]\nname = 3", r"house.name must be a text that is not blank, not 3"),
        ("[house]\nname = ' '", r"house.name must be a text that is not blank"),
        ('[house]\nname = "A\\nB"', r"`name` must be one line of 1 to 60 printable characters"),
        (f"[house]\ncontact = '{'a' * 121}'", r"`contact` must be one line of 1 to 120 .* has 121"),
        ("[house]\ncolour = 'blue'", r"`colour` must be a colour as \"#1f4e79\".* not 'blue'"),
        ("[house]\nmarkings = 'OFFICIAL'", r"house.markings must be a table, \[house.markings\]"),
        ("[house.markings]\npartners = 'A'", r'"partners" is not one of them. Did you mean "partner"\?'),
        ("[house]\nthresholds = 3", r"house.thresholds must be a table, \[house.thresholds\]"),
        (
            "[house.thresholds]\nplace = 3",
            r'Thresholds are places, reach_m; "place" is not one .* Did you mean "places"',
        ),
        ("[house.thresholds]\nplaces = 0", r"`thresholds.places` must be a whole number .* from 1 to 500, not 0"),
        ("[house.thresholds]\nplaces = 2.5", r"`thresholds.places` must be a whole number .* not 2.5"),
        ("[house.thresholds]\nreach_m = true", r"`thresholds.reach_m` must be a number of metres .* not True"),
        ("[house.thresholds]\nreach_m = nan", r"`thresholds.reach_m` must be .* at most 20,000, not nan"),
        ("[house.markings]\npublic = 3", r"`markings.public` must be one line .* 3 was given"),
    ],
)
def test_a_wrong_setting_is_told(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=message):
        load_settings(write_house(tmp_path, text))


def test_a_threshold_may_be_what_an_analysis_may_be_asked_for() -> None:
    for given in (Thresholds(n_patrol_places=500, reach_m=20_000), Thresholds(n_patrol_places=1, reach_m=0.5)):
        assert given.n_patrol_places is not None
        assert given.reach_m is not None
        asked = AnalysisRequest(crime="robbery", n_patrol_places=given.n_patrol_places, reach_m=given.reach_m)
        assert (asked.n_patrol_places, asked.reach_m) == (given.n_patrol_places, given.reach_m)


def test_a_colour_that_cannot_be_read_is_refused_with_one_that_can() -> None:
    # contrasts of known pairs: https://webaim.org/resources/contrastchecker gives 21, 1 and 4.54 of #767676
    assert measure_contrast("#000000") == pytest.approx(21)
    assert measure_contrast("#ffffff") == pytest.approx(1)
    assert measure_contrast("#767676") == pytest.approx(4.54, abs=0.005)
    with pytest.raises(ParameterError, match=r"at least 4.5.* of #ff9900 is 2.14") as refused:
        HouseStyle(colour="#ff9900")
    offered = str(refused.value).split(". ")[-1].split()[0]
    assert HouseStyle(colour=offered).colour == offered
    red, green, blue = (int(offered[at : at + 2], 16) for at in (1, 3, 5))
    assert red > green > blue == 0
    assert green / red == pytest.approx(0x99 / 0xFF, abs=0.01)  # of the same hue
    lighter = f"#{red + 1:02x}{green + 1:02x}{blue:02x}"
    assert measure_contrast(lighter) < 4.5 + 0.1


def test_an_audience_that_there_is_not_is_told() -> None:
    assert require_audience("partner") == "partner"
    with pytest.raises(ParameterError, match=r'one of tasking, partner, public; "publc" .* Did you mean "public"\?'):
        require_audience("publc")


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        ("<script>alert(1)</script>", "an element <script>"),
        ('<x:script xmlns:x="http://www.w3.org/1999/xhtml">1</x:script>', "an element <script>"),
        ("<foreignObject/>", "an element <foreignobject>"),
        ('<animate attributeName="x"/>', "an element <animate>"),
        ('<rect onload="alert(1)"/>', "an attribute onload"),
        ('<image href="https://example.org/a.png"/>', 'a reference to "https://example.org/a.png"'),
        ('<image xmlns:l="http://www.w3.org/1999/xlink" l:href="//example.org/a"/>', "a reference to"),
        ('<use href="data:image/svg+xml,%3Csvg/%3E"/>', "a reference to"),
        ("<style>@import 'a.css';</style>", "a style that refers to another file"),
        ("<style><g/>@import 'a.css';</style>", "a style that refers to another file"),
        ("<style>rect{fill:ur<!-- -->l(https://example.org/a)}</style>", "a style that refers to another file"),
        (r'<rect style="fill:\75rl(https://example.org/a)"/>', "a style that refers to another file"),
        ("<rect fill=\"url( 'https://example.org/a' )\"/>", "a style that refers to another file"),
        ("<?php echo 1 ?>", r"an instruction <\?php\?>"),
    ],
)
def test_an_svg_logo_that_does_more_than_draw_is_refused(inside: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "logo.svg"
    path.write_text(SVG_LOGO.replace("</svg>", f"{inside}</svg>"), "utf-8")
    with pytest.raises(DataError, match=f"drawing alone.*logo.svg has {told}"):
        read_logo(path)


def test_entities_of_an_svg_logo_are_refused_and_the_usual_head_is_not(tmp_path: Path) -> None:
    path = tmp_path / "logo.svg"
    head = '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd"'
    embedded = SVG_LOGO.replace("</svg>", '<image href="data:image/png;base64,AAAA"/><style>a{fill:red}</style></svg>')
    path.write_text(f"{head}>{embedded}", "utf-8")
    assert read_logo(path).form == "svg"
    path.write_text(f'{head} [<!ENTITY a "b">]>{SVG_LOGO}', "utf-8")
    with pytest.raises(DataError, match="has an entity"):
        read_logo(path)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (None, NotFoundError, "is not there. Correct its path"),
        (b"GIF89a", DataError, "must be a PNG or SVG file; .* is neither"),
        (b"<html></html>", DataError, "must be a PNG or SVG file; .* is neither"),
        (b"<svg", DataError, "must be a PNG or SVG file; .* is neither"),
        (make_logo()[:-12], DataError, "is cut off"),
        (make_logo(2001, 1), DataError, r"at most 2,000 pixels a side; .* has 2,001 by 1"),
        (make_logo() + bytes(200_000), DataError, r"at most 200,000 bytes.* has 200,0"),
    ],
)
def test_a_file_that_is_no_logo_is_told(
    content: bytes | None, error: type[HotspotsError], message: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "logo.png").write_bytes(content)
    with pytest.raises(error, match=message):
        read_logo(tmp_path / "logo.png")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("cut.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="-4"/>', "viewbox is invalid"),
        (
            "deep.svg",
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>{'<g>' * 6000}{'</g>' * 6000}</svg>",
            "limit",
        ),
        ("damaged.png", None, "deflate"),
    ],
)
def test_a_logo_that_cannot_be_printed_is_told(name: str, content: str | None, told: str, tmp_path: Path) -> None:
    pytest.importorskip("typst")
    from hotspots.products.drawing import require_drawable

    path = tmp_path / name
    if content is None:
        head, data = make_logo(8, 8).split(b"IDAT", 1)
        path.write_bytes(head + b"IDAT" + b"rubbish" + data[7:])
    else:
        path.write_text(content, "utf-8")
    with pytest.raises(DataError, match=f"logo of the house cannot be drawn.*{told}"):
        require_drawable(read_logo(path))


@pytest.mark.parametrize(
    "logo",
    [
        '<s:svg xmlns:s="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><s:rect width="5" height="5"/></s:svg>',
        '<!-- <svg> --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="5" height="5"/></svg>',
    ],
)
def test_a_logo_is_drawn_as_it_is_whatever_its_head(logo: str, tmp_path: Path) -> None:
    pytest.importorskip("typst")
    from hotspots.products.drawing import draw_picture, require_drawable

    path = tmp_path / "logo.svg"
    path.write_text(logo, "utf-8")
    assert draw_picture(require_drawable(read_logo(path)), width_mm=9, stands_alone=True).startswith(b"\x89PNG")
