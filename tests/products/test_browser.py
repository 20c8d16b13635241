"""What a person sees, in headless Chromium with the network cut off."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
import re
from pathlib import Path
from typing import Any, Literal

import pytest
from opened_pages import asked_elsewhere, call_a_ward
from support import AnalyseDemonstration, decode, list_violations

from hotspots.analysis.hours.week import WeekWindow
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import Study, load_study
from hotspots.products.drawing.colours import (
    FACILITY,
    GAP,
    HAVEN,
    HOTSPOT,
    PATROL,
    SEQUENTIAL,
    SIGNIFICANT,
    VERDICTS,
)
from hotspots.products.files.bundle import write_products
from hotspots.products.files.index import write_index
from hotspots.products.summary import RunSummary
from hotspots.products.words.numbers import say_verdict
from hotspots.products.words.sentences import say
from hotspots.settings import Settings

PROJECTOR, DESKTOP, LAPTOP, PHONE = (1920, 1080), (1440, 900), (1366, 768), (390, 844)


@pytest.fixture(scope="module")
def products(analyse_demonstration: AnalyseDemonstration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("maps")
    for crime in ("robbery", "burglary"):
        write_products(call_a_ward(analyse_demonstration(crime)), out)
    write_index(out)
    return out


def map_of(products: Path, crime: str) -> Path:
    return products / crime / "2024-10-01_2026-09-30" / "map.html"


def read_summary(path: Path) -> RunSummary:
    """Of the run that a page is of."""
    return decode(RunSummary, json.loads((path.parent / "summary.json").read_text("utf-8")))


@pytest.mark.parametrize("size", [PROJECTOR, DESKTOP, PHONE], ids=["projector", "desktop", "phone"])
def test_the_map_opens_without_a_network(products: Path, open_page: Any, size: tuple[int, int]) -> None:
    path = map_of(products, "robbery")
    opened = open_page(path, size)
    page = opened.page
    assert asked_elsewhere(opened, path) == []
    assert opened.complaints == []
    assert "Not for decisions." in page.inner_text(".banner")
    assert "synthetic incidents, safe havens and term dates, and schematic boundaries" in page.inner_text(".banner")
    assert "Robbery Lewisham and Southwark, 1 October 2024 to 30 September 2026" in page.inner_text("h1")
    hours = "#week" if size != PHONE else ".grid summary"
    for selector in (".leaflet-control-scale-line", ".legend", "#layers-button", hours, "#places"):
        assert page.locator(selector).first.is_visible(), selector
    assert page.evaluate("document.querySelector('.leaflet-image-layer').naturalWidth") > 100
    assert page.locator(".rank").count() == page.locator(".place").count() == 20
    assert page.locator('.leaflet-havens-pane path[fill="#e66100"]').count() == 90
    # nothing is wider than the screen, and on a wide one the map is all in view
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    if size != PHONE:
        box = page.locator(".folium-map").bounding_box()
        assert box["y"] + box["height"] <= size[1] + 1
        assert box["height"] > size[1] / 2


def test_the_answer_is_what_the_summary_says(products: Path, open_page: Any) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    page = open_page(path).page
    assert summary.patrols is not None
    assert summary.patrols.week is not None
    weekly = round(sum(summary.patrols.week))
    assert page.inner_text(".headline") == f"The whole week: about {weekly} robberies a week"
    assert page.inner_text("#answer-send").split("\n")[1::2] == [place.place for place in summary.patrols.places[:3]]
    answer = page.inner_text(".answer")
    assert say("map.changed", summary) in answer
    assert say("map.trust", summary) in answer


def names_in_order(page: Any) -> list[str]:
    found: list[str] = page.locator(".place b").all_text_contents()
    return found


@pytest.mark.parametrize("how", ["drag", "keys", "link"])
def test_hours_are_chosen_by_dragging_by_keys_and_by_a_link(products: Path, open_page: Any, how: str) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    assert summary.patrols is not None
    assert summary.patrols.week is not None
    opened = open_page(path, link="#when=4-4.15-17" if how == "link" else "")
    page = opened.page
    whole = page.evaluate(_IMAGE)
    page.wait_for_timeout(200)  # until all of it is laid out
    if how == "drag":
        first, last = (page.locator(f'[data-hour="{4 * 24 + hour}"]').bounding_box() for hour in (15, 17))
        page.mouse.move(first["x"] + 4, first["y"] + 4)
        page.mouse.down()
        page.mouse.move(last["x"] + 4, last["y"] + 4, steps=4)
        page.mouse.up()
    elif how == "keys":
        page.locator('[data-hour="0"]').focus()
        for key in ["ArrowDown"] * 4 + ["ArrowRight"] * 15 + ["Shift+ArrowRight"] * 2:
            page.keyboard.press(key)
    page.wait_for_url("**#when=4-4.15-17", timeout=5000)
    friday = range(4 * 24 + 15, 4 * 24 + 18)
    expected = round(sum(summary.patrols.week[hour] for hour in friday))
    assert page.inner_text(".headline") == f"Fridays 15:00-17:59: about {expected} robberies a week"
    assert page.locator('[aria-selected="true"][data-hour]').count() == 3
    page.wait_for_function(f"{_IMAGE}.length > 100")
    if how != "link":
        page.wait_for_function("(before) => document.querySelector('.leaflet-image-layer').src !== before", arg=whole)
    assert "per km² in 100 of these hours" in page.inner_text(".legend")
    assert "per km² in the period" not in page.inner_text(".legend")
    # havens that are closed then are hollow
    assert summary.havens is not None
    states = [{haven.week[hour] for hour in friday} for haven in summary.havens.havens]
    n_open = sum(state == {"o"} for state in states)
    assert 0 < n_open < 90
    assert page.locator('.leaflet-havens-pane path[fill="#e66100"]').count() == n_open
    assert opened.complaints == []
    page.click("#whole-week")
    assert page.inner_text(".headline").startswith("The whole week")
    page.go_back()
    assert page.inner_text(".headline").startswith("Fridays 15:00-17:59" if how != "keys" else "Fridays")
    assert opened.complaints == []


def test_the_list_is_in_the_order_of_what_is_expected_in_the_hours(products: Path, open_page: Any) -> None:
    """By hand from the summary: each place's share of the part of the week, spread as the area's week is."""
    path = map_of(products, "robbery")
    summary = read_summary(path)
    assert summary.patrols is not None
    page = open_page(path, link="#when=weekend-night").page
    at = [part.key for part in summary.shifts.parts].index("weekend-night")
    places = sorted(summary.patrols.places, key=lambda place: (-(place.by_part or ())[at], place.rank))
    assert names_in_order(page) == [place.place for place in places]
    rate = (places[0].by_part or ())[at]
    assert page.locator(".place .rate").first.inner_text() == f"1 in {round(1 / rate)} weeks"
    assert page.locator("#named-hours").input_value() == "weekend-night"


def test_a_place_is_opened_from_the_list_the_map_the_answer_and_a_link(products: Path, open_page: Any) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    assert summary.patrols is not None
    place = summary.patrols.places[2]
    opened = open_page(path)
    page = opened.page
    for number, opener in enumerate((".place >> nth=2", ".sent >> nth=2", ".rank[aria-label^='3:']")):
        page.locator(opener).focus()
        page.keyboard.press("Enter")
        card = page.locator("#card")
        assert card.locator("h2").inner_text() == f"3 {place.place}", opener
        assert page.evaluate("document.activeElement.id") == "card-title"
        assert page.url.endswith("#place=3")
        assert page.locator(".place.chosen b").inner_text() == place.place
        assert page.locator(".rank.lit").count() == 1
        page.keyboard.press("Escape")
        assert not card.is_visible()
        assert page.evaluate("document.activeElement.className") == ("place", "sent", "")[number] or number == 2
    text = open_page(path, link="#place=3").page.inner_text("#card")
    assert say("popups.sure", place, summary) in text
    assert opened.complaints == []


def test_every_number_on_the_map_opens_its_place(products: Path, open_page: Any) -> None:
    """Havens lie under the numbers, and a click reaches the number."""
    page = open_page(map_of(products, "robbery"), PROJECTOR).page
    page.evaluate("document.activeElement.blur()")
    covered = page.evaluate(
        """() => [...document.querySelectorAll('.rank')].filter((rank) => { const r = rank.getBoundingClientRect();
          const top = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
          return !top.closest('.rank'); }).length"""
    )
    assert covered == 0


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_names_in_the_list_are_not_cut_off(products: Path, open_page: Any, size: tuple[int, int]) -> None:
    page = open_page(map_of(products, "robbery"), size).page
    cut = """() => [...document.querySelectorAll('.place b')].filter((name) => name.scrollWidth > name.clientWidth + 1
      || getComputedStyle(name).textOverflow === 'ellipsis').map((name) => name.textContent)"""
    assert page.evaluate(cut) == []
    assert max(len(name) for name in names_in_order(page)) > 25


def test_numbers_do_not_cover_each_other_and_the_key_covers_none(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"), LAPTOP)
    page = opened.page
    page.wait_for_timeout(200)
    boxes = [mark.bounding_box() for mark in page.locator(".number").all()]
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    apart = [math.dist(one, other) for at, one in enumerate(middles) for other in middles[:at]]
    assert len(middles) == 20
    assert min(apart) > 20
    key = page.locator(".legend").bounding_box()
    names = [name.bounding_box() for name in page.locator(".ward-name:not([hidden]) span").all()]
    for box in boxes + names:
        is_beside = box["x"] >= key["x"] + key["width"] or box["y"] + box["height"] <= key["y"]
        assert is_beside, box
    for at, (x, y) in enumerate(middles):
        page.mouse.click(x, y)
        assert page.locator("#card h2").inner_text().startswith(page.locator(".number").nth(at).inner_text() + " ")
        page.keyboard.press("Escape")
        page.click("#whole")
        page.wait_for_timeout(50)
    assert opened.complaints == []


@pytest.mark.parametrize("size", [PROJECTOR, LAPTOP, PHONE], ids=["projector", "laptop", "phone"])
def test_from_afar_a_number_stands_beside_its_place(products: Path, open_page: Any, size: tuple[int, int]) -> None:
    """No disc covers the middle of a place, and a line leads from each to its own."""
    page = open_page(map_of(products, "robbery"), size).page
    page.wait_for_timeout(200)
    marks = page.evaluate(
        """() => [...document.querySelectorAll('.rank')].map((mark) => {
          const { x, y } = L.DomUtil.getPosition(mark);
          const [dx, dy] = `${mark.style.translate || 0} 0`.split(' ').map(parseFloat); // a 0 at its end is left out
          const disc = mark.querySelector('.number').getBoundingClientRect();
          const [lead, turn] = ['--lead', '--turn'].map((name) => parseFloat(mark.style.getPropertyValue(name)));
          return { place: [x, y], disc: [x + dx, y + dy], radius: disc.height / 2,
            end: [x + dx + lead * Math.cos(turn), y + dy + lead * Math.sin(turn)] };
        })"""
    )
    assert len(marks) == 20
    for mark in marks:
        assert mark["radius"] < 10
        assert min(math.dist(mark["disc"], other["place"]) for other in marks) > mark["radius"]
        assert math.dist(mark["end"], mark["place"]) < 0.5


_TURNED = """(colours) => {
  const pen = document.createElement('canvas').getContext('2d');
  pen.filter = getComputedStyle(document.querySelector('.folium-map')).filter;
  return colours.map((colour) => {
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  });
}"""
"""What colours of the map become on the screen."""


def luminance(colour: list[int]) -> float:
    """Of WCAG 2."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (n / 255 for n in colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[int], other: list[int]) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_on_a_dark_screen_the_map_is_dark_and_legible_and_on_paper_it_is_light(products: Path, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, offline=True, color_scheme="dark")
    page = context.new_page()
    page.goto(map_of(products, "robbery").as_uri())
    page.wait_for_selector(".leaflet-control-scale-line")
    (ground,) = page.evaluate(_TURNED, ["#ffffff"])
    assert luminance(ground) < 0.02
    marks = ["#333333", "#4a4a45", PATROL, HAVEN, HOTSPOT, GAP, FACILITY, SIGNIFICANT]
    for name, colour in zip(marks, page.evaluate(_TURNED, marks), strict=True):
        assert contrast(colour, ground) > 4.5, name
    streets = ["#dcd7cb", "#cdc7b9", "#bdb5a4"]
    seen = [contrast(colour, ground) for colour in page.evaluate(_TURNED, streets)]
    assert seen == sorted(seen)
    assert seen[0] > 1.4  # on white it is 1.44
    classes = [luminance(colour) for colour in page.evaluate(_TURNED, ["#ffffff", *SEQUENTIAL])]
    assert classes == sorted(classes)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(_TURNED, ["#ffffff"]) == [[255, 255, 255]]
    context.close()


_BROKEN_HOURS = r"""() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const { 0: hours, index } of node.data.matchAll(/\d\d:\d\d-\d\d:\d\d/g)) {
      const text = document.createRange();
      text.setStart(node, index);
      text.setEnd(node, index + hours.length);
      const rows = new Set([...text.getClientRects()].map(({ top }) => Math.round(top)));
      found.push(rows.size);
    }
  }
  return found;
}"""
"""On how many lines each of the hours on a page stands; none of those that are not seen."""


@pytest.mark.parametrize("name", ["map.html#place=1&when=evening", "times.html"])
@pytest.mark.parametrize("width", [1366, 390, 330])
def test_no_line_breaks_hours_in_two(products: Path, open_page: Any, name: str, width: int) -> None:
    file, _, link = name.partition("#")
    page = open_page(map_of(products, "robbery").parent / file, (width, 800), link=f"#{link}").page
    rows = page.evaluate(_BROKEN_HOURS)
    assert max(rows) == 1


def test_places_to_patrol_go_with_their_box(products: Path, open_page: Any) -> None:
    page = open_page(map_of(products, "robbery")).page
    drawn = page.locator(f'path[stroke="{PATROL}"]')
    assert drawn.count() >= 20
    page.click("#layers-button")
    page.locator("#layers input[value=patrols]").uncheck()
    assert drawn.count() == page.locator(".rank").count() == 0


def test_without_a_place_to_patrol_the_map_shows_wards_and_says_why(
    demonstration: Study, tmp_path: Path, open_page: Any
) -> None:
    """All that the page does without a list of places still works."""
    incidents = demonstration.intake.incidents.assign(location_precision="area")
    study = dataclasses.replace(demonstration, intake=dataclasses.replace(demonstration.intake, incidents=incidents))
    _, paths = write_products(analyse(study, AnalysisRequest(crime="robbery")), tmp_path)
    opened = open_page(paths["map"])
    page = opened.page
    assert opened.complaints == []
    assert page.locator("#layers input[value=wards]").is_checked()
    assert page.locator(".legend [data-layer=wards]").is_visible()
    assert page.locator(".legend [data-layer=density]").count() == 0
    text = page.inner_text("aside")
    assert "Not one incident has a place of its own, so where to go is not known." in text
    assert "Peak: Mondays to Fridays 15:00-17:59" in text
    assert "Hours are not known" not in text
    page.fill("#search", "Peckham")
    page.keyboard.press("Enter")
    assert "Peckham" in page.inner_text("#card h2")
    page.keyboard.press("Escape")
    assert not page.locator("#card").is_visible()
    assert opened.complaints == []


def test_how_we_know_comes_into_view_where_it_is_opened(products: Path, open_page: Any) -> None:
    page = open_page(map_of(products, "robbery"), LAPTOP, link="#place=1").page
    page.click("#card details summary")
    page.wait_for_timeout(100)
    body, first = (page.locator(name).first.bounding_box() for name in ("#card-body", "#card details dd"))
    assert body["y"] <= first["y"] < body["y"] + body["height"] - 20


def test_what_is_known_stands_behind_how_do_we_know(products: Path, open_page: Any) -> None:
    page = open_page(map_of(products, "robbery"), link="#place=1").page
    card = page.locator("#card")
    assert "Gi*" not in card.inner_text()
    assert " p " not in page.inner_text("#places")
    card.locator("summary").click()
    assert "Gi*" in card.inner_text()
    assert "against a year before: 12 months, " in card.inner_text()


def test_one_picture_is_shown_and_the_key_follows(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"))
    page = opened.page
    assert not page.locator("#layers").is_visible()
    page.click("#layers-button")
    pictures = page.locator("#layers fieldset").first.locator("label").all_inner_texts()
    assert pictures == [
        "Density",
        "Where incidents cluster",
        "Wards by incidents per km²",
        "Change by ward",
        "Two periods compared",
        "Most incidents expected",
        "More than its surroundings",
        "None",
    ]
    boxes = page.locator("#layers fieldset").nth(1).locator("label").all_inner_texts()
    assert boxes == [
        "Patrol first",
        "Safe havens",
        "No haven open then",
        "Within 400 m of a safe haven",
        "Ward borders",
        "Ward names",
        "Around the densest half",
    ]
    for key in ("hotspots", "wards", "change", "compare", "expected", "significant", "density"):
        page.check(f"#layers input[value={key}]")
        shown = page.locator(".legend > [data-layer]:not([hidden])").evaluate_all(
            "all => all.map(e => e.dataset.layer)"
        )
        assert key in shown
        pictures = {"hotspots", "wards", "change", "compare", "expected", "significant", "density"}
        assert not pictures & ({*shown} - {key})
        assert page.locator(".leaflet-image-layer").count() == {"density": 1, "expected": 1, "compare": 2}.get(key, 0)
    page.check("#layers input[value=none]")
    assert page.url.endswith("#picture=none")
    for key in ("half", "reach"):
        page.check(f"#layers input[value={key}]")
        assert page.locator(f'.legend [data-layer="{key}"]').is_visible()
    page.uncheck("#layers input[value=patrols]")
    assert page.locator(".rank").count() == 0  # the numbers go with their outlines
    page.keyboard.press("Escape")
    assert not page.locator("#layers").is_visible()
    assert page.evaluate("document.activeElement.id") == "layers-button"
    assert opened.complaints == []


_IMAGE = "document.querySelector('.leaflet-image-layer').src"
_FILLS = ", ".join(f'.leaflet-overlay-pane path[fill="{colour}"]' for colour in VERDICTS.values())


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_only_wards_that_changed_are_filled_and_signed(products: Path, open_page: Any, size: tuple[int, int]) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    opened = open_page(path, size)
    page = opened.page
    page.locator(".legend").evaluate("(legend) => { legend.open = true; }")
    assert not page.locator(".legend .change").is_visible()
    assert page.locator(_FILLS).count() == page.locator(".change-sign").count() == 0
    page.locator("summary", has_text="What changed").click()
    page.locator("[data-show-change]").first.click()
    assert page.locator(".leaflet-image-layer").count() == 0  # one picture at a time
    chooser = page.locator(".change select")
    assert page.locator(".change option").count() == len(summary.changes)
    for position, change in enumerate(summary.changes):
        chooser.select_option(str(position))
        changed = change.changed_wards
        assert page.locator(_FILLS).count() == len(changed)
        signs = page.locator(".change-sign").all_text_contents()
        assert sorted(signs) == sorted(say_verdict(row.change.verdict)[1] for row in changed)
        assert say("change.windows", change) in page.inner_text(".legend")
        assert f"{say('change.n_changed', change)}." in page.inner_text(".legend")
    # by the keyboard alone, onto another comparison
    chooser.focus()
    before = page.inner_text(".change p")
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(100)
    assert page.inner_text(".change p") != before
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert opened.complaints == []
    assert asked_elsewhere(opened, path) == []


def test_a_ward_says_how_it_changed(products: Path, open_page: Any) -> None:
    """The page puts the numbers into the same words as the summary's readers in Python do."""
    path = map_of(products, "robbery")
    summary = read_summary(path)
    opened = open_page(path, link="#picture=change")
    page = opened.page
    change = summary.main_change
    assert change is not None
    assert change.wards is not None
    page.evaluate(
        """() => { window.told = [];
        for (const path of document.querySelectorAll('path.ward-hit')) {
          const at = { bubbles: true, clientX: 400, clientY: 400 };
          path.dispatchEvent(new MouseEvent('mouseover', at));
          for (const tip of document.querySelectorAll('.leaflet-tooltip.wide')) window.told.push(tip.innerText);
          path.dispatchEvent(new MouseEvent('mouseout', at));
        } }"""
    )
    told = {*page.evaluate("window.told")}
    assert len(told) == len(change.wards)
    for row in change.wards:
        assert any(
            tip.startswith(row.name)
            and tip.strip().endswith(
                f"{say('change.counts', row.change, change, is_everyday=True)}\n{say('change.windows', change)}"
            )
            for tip in told
        ), row.name
    assert opened.complaints == []


def test_a_ward_is_opened_and_leads_to_its_places(products: Path, open_page: Any) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    assert summary.patrols is not None
    place = summary.patrols.places[0]
    opened = open_page(path)
    page = opened.page
    page.locator("summary", has_text="Wards").first.click()
    page.locator(".wards button", has_text=place.wards[0].name).first.click()
    card = page.locator("#card")
    assert place.wards[0].name in card.locator("h2").inner_text()
    card.locator(".sent", has_text=place.place).first.click()
    assert card.locator("h2").inner_text() == f"1 {place.place}"
    assert opened.complaints == []


def test_a_ward_narrows_the_list_and_the_answer_and_there_is_a_way_back(products: Path, open_page: Any) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    assert summary.patrols is not None
    assert summary.main_change is not None
    ward = summary.patrols.places[0].wards[0]
    inside = [place.place for place in summary.patrols.places if ward in place.wards]
    n = next(one.n_incidents for one in summary.wards if one.code == ward.code)
    row = next(one.change for one in summary.main_change.wards or () if one.code == ward.code)
    opened = open_page(path, link=f"#ward={ward.code}&when=evening")
    page = opened.page
    assert sorted(names_in_order(page)) == sorted(inside)
    assert page.inner_text(".headline") == f"{ward.name}: about {round(n / 730 * 7)} robberies a week, at all hours"
    assert page.locator("#answer-send .sent").count() == min(len(inside), 3)
    told = say("change.counts", row, summary.main_change, is_everyday=True)
    assert page.inner_text("#answer-changed").endswith(f", in {ward.name}: {told}.")
    assert ward.name in page.inner_text(".where h2")
    page.keyboard.press("Escape")  # the card goes, the ward stays
    assert not page.locator("#card").is_visible()
    assert len(names_in_order(page)) == len(inside)
    page.click("#all-wards")
    assert len(names_in_order(page)) == 20
    assert page.inner_text(".headline").startswith("Evening, ")
    page.go_back()
    assert len(names_in_order(page)) == len(inside)
    assert opened.complaints == []


def test_what_changed_follows_the_hours(products: Path, open_page: Any) -> None:
    """Of a part of the week it is that part's change; of other hours that of the part that holds most of them."""
    path = map_of(products, "robbery")
    summary = read_summary(path)
    assert summary.part_changes is not None
    assert summary.part_changes.parts is not None
    page = open_page(path).page
    whole = page.inner_text("#answer-changed")
    parts = {part.key: part for part in summary.shifts.parts}
    said = {
        one.key: say("map.changed_in_part", parts[one.key], one.change, summary) for one in summary.part_changes.parts
    }
    for key, text in said.items():
        page.select_option("#named-hours", key)
        assert page.inner_text("#answer-changed") == text
    page.goto(f"{path.as_uri()}#when=4-4.15-17")
    page.wait_for_function("document.querySelector('.headline').innerText.startsWith('Fridays')")
    told = page.inner_text("#answer-changed")
    assert told == f"Change is measured by parts of the week; of the one nearest to these hours: {said['after-school']}"
    page.click("#whole-week")
    assert page.inner_text("#answer-changed") == whole == say("map.changed", summary)


_CUT = """() => ['earlier', 'current'].map((side) => {
  const pane = document.querySelector(`.leaflet-${side}-pane`), box = pane.getBoundingClientRect();
  const xs = [...pane.style.clipPath.matchAll(/(-?[\\d.]+)px -?[\\d.]+px/g)].map((one) => Number(one[1]));
  const left = document.querySelector('.folium-map').getBoundingClientRect().left;
  return [Math.min(...xs), Math.max(...xs)].map((x) => Math.round(x + box.left - left));
})"""
"""From where to where each of two periods is seen, in pixels of the map."""


@pytest.mark.parametrize("size", [PROJECTOR, LAPTOP, PHONE], ids=["projector", "laptop", "phone"])
def test_two_periods_are_compared_by_a_divider_by_keys_and_by_a_link(
    products: Path, open_page: Any, size: tuple[int, int]
) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    assert summary.periods is not None
    opened = open_page(path, size)
    page = opened.page
    panel, grip = page.locator("#compare"), page.locator("#grip")
    assert not panel.is_visible()
    page.click("#compare-button")
    assert page.url.endswith("#compare=r12-before")
    assert panel.is_visible()
    assert say("map.compared", summary.main_change, summary) == page.inner_text("#compare p")
    assert "1 October 2024 to 30 September 2025" in page.inner_text("#periods [data-side=earlier]")
    page.locator(".legend").evaluate("(legend) => { legend.open = true; }")
    assert "Robberies per km² in 28 days" in page.inner_text(".legend")
    below, drawn = page.locator("#periods").bounding_box(), page.locator(".folium-map").bounding_box()
    assert below["y"] >= drawn["y"] + drawn["height"] - 1  # the days cover nothing of the map
    width = round(drawn["width"])
    assert page.evaluate(_CUT) == [[0, round(width / 2)], [round(width / 2), width]]
    grip.focus()
    page.keyboard.press("ArrowRight")
    assert grip.get_attribute("aria-valuenow") == "55"
    page.keyboard.press("Home")
    assert page.evaluate(_CUT) == [[0, 0], [0, width]]
    page.keyboard.press("PageUp")
    page.locator(".legend").evaluate("(legend) => { legend.open = false; }")
    grip.scroll_into_view_if_needed()
    box, whole = grip.bounding_box(), page.locator(".folium-map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(whole["x"] + whole["width"] * 0.6, box["y"] + 40, steps=3)
    page.mouse.up()
    assert grip.get_attribute("aria-valuenow") == "60"
    page.locator("#compare input:checked").focus()
    page.keyboard.press("ArrowRight")
    assert page.url.endswith("&side=current")
    assert page.evaluate(_CUT)[1] == [0, width]
    assert not grip.is_visible()
    pictures = page.locator(".leaflet-image-layer")
    before = pictures.last.get_attribute("src")
    assert page.locator("#compare option").count() == len(summary.periods.compared)
    page.select_option("#compare select", index=1)
    assert page.url.endswith("#compare=12-weeks-before&side=current")
    assert pictures.last.get_attribute("src") != before
    page.go_back()
    assert pictures.last.get_attribute("src") == before
    page.click("#compare > button")
    assert not panel.is_visible()
    assert pictures.count() == 1
    assert page.evaluate("document.activeElement.id") == "compare-button"
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert opened.complaints == []


def test_two_periods_lie_side_by_side_on_paper(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"), LAPTOP, link="#compare=r12-before&side=current")
    page = opened.page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": round(186 / 25.4 * 96), "height": round(273 / 25.4 * 96)})
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    boxes = [figure.bounding_box() for figure in page.locator(".pair figure").all()]
    assert len(boxes) == 2
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    assert page.locator(".pair .leaflet-image-layer").count() == 2
    assert page.locator(".pair figcaption").all_inner_texts() == [
        "Before: 1 October 2024 to 30 September 2025", "Now: 1 October 2025 to 30 September 2026",
    ]  # fmt: skip
    assert not page.locator(".folium-map").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator(".pair").count() == 0
    fresh = open_page(map_of(products, "robbery"), LAPTOP, link="#compare=r12-before")
    printed = fresh.page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    assert opened.complaints == []


def test_a_phone_is_used_by_touch(products: Path, open_page: Any) -> None:
    """A finger taps a place, pulls its sheet down, draws over the hours and moves the divider."""
    opened = open_page(map_of(products, "robbery"), PHONE, has_touch=True)
    page = opened.page
    finger = page.context.new_cdp_session(page)

    def draw(*points: tuple[float, float]) -> None:
        kinds = ["touchStart", *["touchMove"] * (len(points) - 1)]
        for kind, (x, y) in zip(kinds, points, strict=True):
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        page.wait_for_timeout(200)  # lifted in motion it would be a fling, and Chromium swallows the tap after one
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def middle_of(selector: str) -> tuple[float, float]:
        box = page.locator(selector).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    page.locator(".place").first.tap()
    assert page.locator("#card").is_visible()
    x, y = middle_of("#card h2")
    draw((x, y), (x, y + 20))
    assert page.locator("#card").is_visible()  # by too little to close it
    draw((x, y), (x, y + 60), (x, y + 120))
    page.locator("#card").wait_for(state="hidden")
    page.locator(".grid summary").tap()
    page.locator("#week").scroll_into_view_if_needed()
    draw(*(middle_of(f'[data-hour="{4 * 24 + hour}"]') for hour in (15, 16, 17)))
    page.wait_for_url("**#when=4-4.15-17", timeout=5000)
    page.locator("#compare-button").tap()
    page.locator("#grip").scroll_into_view_if_needed()
    x, y = middle_of("#grip")
    draw((x, y), (x - 50, y), (x - 97.5, y))
    assert page.locator("#grip").get_attribute("aria-valuenow") == "25"
    assert opened.complaints == []


def test_on_a_phone_keys_reach_things_in_the_order_in_which_they_are_seen(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"), PHONE, link="#compare=r12-before")
    seen = """() => [...document.querySelectorAll('a, button, select, input, summary, [tabindex="0"]')]
      .filter((one) => one.closest('.answer, .hours, .where, #compare, aside > ul') && one.checkVisibility())
      .map((one) => one.getBoundingClientRect()).filter((box) => box.height).map((box) => Math.round(box.bottom))"""
    bottoms = opened.page.evaluate(seen)
    assert len(bottoms) > 15
    assert bottoms == sorted(bottoms)


def test_search_finds_places_wards_and_havens_by_the_keyboard(products: Path, open_page: Any) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    assert summary.havens is not None
    assert summary.patrols is not None
    opened = open_page(path)
    page = opened.page
    page.fill("#search", summary.wards[3].name[:5])
    assert page.locator("#suggestions [role=option]").count() >= 1
    page.fill("#search", summary.wards[3].name)
    page.keyboard.press("ArrowDown")
    assert page.locator("#search").get_attribute("aria-activedescendant") == "match-0"
    page.keyboard.press("Enter")
    assert summary.wards[3].name in page.locator("#card h2").inner_text()
    page.fill("#search", summary.havens.havens[0].name)
    page.keyboard.press("Enter")
    assert not page.locator("#suggestions").is_visible()
    haven = summary.havens.havens[0]
    assert page.locator("#card h2").inner_text() == haven.name
    assert "What it is\nSafe haven" in page.inner_text("#card")
    assert "In these hours" not in page.inner_text("#card")
    page.select_option("#named-hours", "evening")
    part = next(part for part in summary.shifts.parts if part.key == "evening")
    letters = {haven.week[(24 * day + part.start_hour + at) % 168] for day in part.days for at in range(part.n_hours)}
    told = {"o": "open", "c": "closed"}.get("".join(letters), "open in some of them")
    assert f"In these hours\n{told}" in page.inner_text("#card")
    ring = page.locator('path[stroke="#b3005e"][stroke-width="3"]')
    assert ring.count() == 1
    page.keyboard.press("Escape")
    assert ring.count() == 0
    page.fill("#search", "nothing is called so")
    assert page.inner_text("#suggestions") == "Nothing on this map is called so"
    page.keyboard.press("Escape")
    assert not page.locator("#suggestions").is_visible()
    assert opened.complaints == []


def test_a_card_is_no_taller_than_the_screen(products: Path, open_page: Any) -> None:
    for size in (DESKTOP, PHONE):
        opened = open_page(map_of(products, "robbery"), size, link="#place=11")
        box = opened.page.locator("#card").bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= size[1] + 1
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
        assert opened.complaints == []


def test_on_a_phone_the_list_comes_first_and_a_card_leads_to_the_map(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"), PHONE)
    page = opened.page
    first, whole = (page.locator(name).first.bounding_box() for name in (".place", ".folium-map"))
    assert first["y"] < whole["y"]
    # the first place is on the first screen: the hours are folded up until they are asked for
    assert first["y"] + first["height"] < PHONE[1]
    assert not page.locator("#week").is_visible()
    page.click(".grid summary")
    assert page.locator("#week").is_visible()
    assert page.locator(".place:visible").count() == 10
    page.click("#all-places")
    assert page.locator(".place:visible").count() == 20
    for row in page.locator(".place").all()[:3]:
        assert row.bounding_box()["height"] >= 44
    page.locator(".place").nth(4).click()
    page.click("#card-map")
    page.wait_for_timeout(200)
    whole = page.locator(".folium-map").bounding_box()
    assert abs(whole["y"]) < 80
    assert opened.complaints == []


def test_large_type_for_a_projector(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"), PROJECTOR)
    page = opened.page
    page.click("#projector")
    size = "parseFloat(getComputedStyle(document.querySelector('.place b')).fontSize)"
    assert page.evaluate(size) >= 18
    assert page.evaluate("document.documentElement.scrollWidth") <= PROJECTOR[0]
    box = page.locator(".folium-map").bounding_box()
    assert box["height"] > 400
    assert opened.complaints == []


def test_at_200_percent_the_map_is_no_thumbnail(products: Path, open_page: Any) -> None:
    """A laptop of 1366 by 768 has half of that each way then."""
    page = open_page(map_of(products, "robbery"), (683, 384)).page
    box = page.locator(".folium-map").bounding_box()
    assert box["width"] > 600
    assert box["height"] >= 300
    assert page.evaluate("document.documentElement.scrollWidth") <= 683


def test_gaps_follow_the_hours_and_open_from_their_rows(products: Path, open_page: Any) -> None:
    path = map_of(products, "robbery")
    found = read_summary(path).haven_gaps
    assert found is not None
    opened = open_page(path)
    page = opened.page
    ring = page.locator('.leaflet-havens-pane path[stroke-dasharray="6 4"]')
    assert ring.count() == 0
    page.click("#layers-button")
    page.check("#layers input[value=gaps]")
    assert ring.count() == found.n_places
    assert "No open haven at times" in page.inner_text(".legend")
    for key in ("evening", "night", "week"):
        page.select_option("#named-hours", key)
        in_part = {gap.place_rank for gap in found.gaps if key in {gap.part_key, "week"}}
        assert ring.count() == len(in_part) > 0
    page.select_option("#named-hours", "night")
    assert "No open haven then" in page.inner_text(".legend")
    first = found.gaps[0]
    page.locator("summary", has_text="Where havens are missing").click()
    page.locator("[data-gap]").first.click()  # a gap after school, while the night is shown
    said = page.inner_text("#card")
    assert f"No haven open: {first.place}" in said
    assert f"{first.n_without:.0f} robberies (Mon to Fri 15:00-17:59)" in said
    assert opened.complaints == []


def test_clusters_follow_the_hours(products: Path, open_page: Any) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    part = next(part for part in summary.shifts.parts if part.key == "after-school")
    opened = open_page(path, link="#when=after-school&picture=hotspots")
    page = opened.page
    clusters = page.locator('.leaflet-overlay-pane path[stroke="#b3005e"]')
    assert clusters.count() == len(part.hotspots)
    clusters.nth(1).dispatch_event("click")
    assert page.inner_text("#card h2").startswith("After school, hot spot")
    page.click("#whole-week")
    assert clusters.count() == len(summary.hotspots)
    assert opened.complaints == []


def test_a_map_of_chosen_hours_opens_on_them(
    analyse_demonstration: AnalyseDemonstration, tmp_path: Path, open_page: Any
) -> None:
    window = WeekWindow(days=(4, 5), start_hour=20, n_hours=6)
    _, paths = write_products(analyse_demonstration("robbery", window=window), tmp_path)
    opened = open_page(paths["map"])
    page = opened.page
    assert page.locator("#named-hours").input_value() == "chosen"
    assert page.inner_text(".headline").startswith("Chosen hours, Fridays and Saturdays 20:00-01:59: about ")
    assert page.locator('[aria-selected="true"][data-hour]').count() == 12
    assert opened.complaints == []


def test_month_only_data_show_why_there_are_no_hours(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "burglary"))
    page = opened.page
    assert "The source gives the month of each incident" in page.inner_text("aside")
    assert page.locator("#week").count() == 0
    assert page.locator(".place").count() == 20
    page.locator(".place").first.click()
    assert page.locator("#card").is_visible()
    assert opened.complaints == []


_CROWDED = """() => [...document.querySelectorAll('.place .rate')].filter((rate) => {
  const text = document.createRange();
  text.selectNodeContents(rate);
  return text.getBoundingClientRect().right > rate.nextElementSibling.nextElementSibling.getBoundingClientRect().left;
}).map((rate) => rate.textContent)"""
"""Rates in the list that run into the column of havens."""


@pytest.mark.parametrize("size", [PROJECTOR, LAPTOP, PHONE], ids=["projector", "laptop", "phone"])
def test_what_is_expected_of_one_hour_does_not_run_into_the_havens(
    products: Path, open_page: Any, size: tuple[int, int]
) -> None:
    page = open_page(map_of(products, "robbery"), size, link="#when=4-4.15-15").page
    assert "weeks" in page.locator(".place .rate").first.inner_text()
    assert page.evaluate(_CROWDED) == []


def test_the_map_and_every_place_on_it_are_on_one_sheet_of_a4(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"))
    page = opened.page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": round(186 / 25.4 * 96), "height": round(273 / 25.4 * 96)})
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(200)
    box = page.locator(".folium-map").bounding_box()
    assert box["width"] <= 186 / 25.4 * 96 + 1
    inside = page.evaluate(
        """() => { const box = document.querySelector('.folium-map').getBoundingClientRect();
        return [...document.querySelectorAll('.rank')].every((rank) => { const r = rank.getBoundingClientRect();
          return r.left >= box.left && r.right <= box.right && r.top >= box.top && r.bottom <= box.bottom; }); }"""
    )
    assert inside
    assert page.locator(".place:visible").count() == page.locator(".rank").count() == 20
    lowest = max(box["y"] + box["height"] for box in (place.bounding_box() for place in page.locator(".place").all()))
    assert lowest < 273 / 25.4 * 96
    assert page.evaluate(_CROWDED) == []
    assert not page.locator("#week").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert opened.complaints == []
    printed = open_page(map_of(products, "robbery"), LAPTOP).page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


@pytest.mark.parametrize(
    ("link", "size", "dark"),
    [
        ("", PROJECTOR, False),
        ("#place=2&when=evening", DESKTOP, False),
        ("#picture=change", DESKTOP, False),
        ("#compare=r12-before", LAPTOP, True),
        ("#compare=r12-before&side=current", PHONE, False),
        ("#picture=hotspots&when=4-4.15-17&place=1", DESKTOP, True),
        ("", PHONE, True),
        ("#place=3", PHONE, False),
    ],
)
def test_the_map_can_be_used_by_everybody(
    products: Path, browser: Any, link: str, size: tuple[int, int], dark: bool
) -> None:
    colours = "dark" if dark else "light"
    # what the page allows itself is tested elsewhere: here axe-core must come in
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, offline=True, bypass_csp=True, color_scheme=colours
    )
    page = context.new_page()
    page.goto(map_of(products, "robbery").as_uri() + link)
    page.wait_for_selector(".leaflet-control-scale-line")
    page.wait_for_timeout(300)
    assert list_violations(page) == []
    page.click("#layers-button", force=True)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert list_violations(page) == []
    context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("name", ["times.html", "quality.html", "../../index.html"])
def test_other_pages_can_be_used_by_everybody(
    products: Path, browser: Any, name: str, colours: Literal["dark", "light"]
) -> None:
    context = browser.new_context(
        viewport={"width": 1366, "height": 768}, offline=True, bypass_csp=True, color_scheme=colours
    )
    page = context.new_page()
    page.goto((map_of(products, "robbery").parent / name).resolve().as_uri())
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert list_violations(page) == []
    context.close()


def test_whether_maps_were_right_is_told_in_everyday_words_first(products: Path) -> None:
    """By hand: what the cells where most was expected held in all tests, beside chance and the period before."""
    page = (map_of(products, "robbery").parent / "quality.html").read_text("utf-8")
    found = read_summary(map_of(products, "robbery")).holdout
    assert found is not None
    first = page[page.index('id="tested"') :].partition("<table")[0]
    risk, last = (
        next(m for m in found.methods if m.method == name).scores[found.judged] for name in ("risk", "last period")
    )
    assert f"held {risk.n_hits / risk.n_incidents:.0%} of the robberies that came" in first
    assert f"a map of the period just before {last.n_hits / last.n_incidents:.0%}" in first
    assert f"Chance would have held {100 * risk.area_share:.1f}%" in first
    assert "PAI" not in first


def test_the_index_leads_to_every_map(products: Path, open_page: Any) -> None:
    path = products / "index.html"
    opened = open_page(path, PHONE)
    assert asked_elsewhere(opened, path) == []
    assert opened.complaints == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    opened.page.click('a[href="burglary/2024-10-01_2026-09-30/map.html"]')
    opened.page.wait_for_selector(".leaflet-control-scale-line")
    assert "Burglary" in opened.page.inner_text("h1")


TEMPLATES = ("{{7*7}}", "{% raw %}", "{# lost #}", "{{ oops", "{{cycler.__init__.__globals__.os.mkdir('pwned')}}")
"""folium's own rendering would run these as templates."""

ATTACKS = (
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script>",
    "`${alert(3)}`",
    "</script><script>alert(4)</script>",
    "'\"><svg onload=alert(5)> {{7*7}} \\u0060",
)


@pytest.mark.parametrize("attacks", [ATTACKS, TEMPLATES], ids=["markup", "templates"])
def test_text_from_a_file_is_shown_and_never_run(
    tmp_path: Path, repository: Path, open_page: Any, monkeypatch: pytest.MonkeyPatch, attacks: tuple[str, ...]
) -> None:
    """In a street, a ward, a borough, and a haven's name, kind and (unreadable) hours."""
    monkeypatch.chdir(tmp_path)
    boundaries = (repository / "data" / "boundaries" / "wards.geojson").read_text("utf-8")
    for name, attack in zip(("The Lane", "Peckham", "Nunhead", "Livesey", "Faraday"), attacks, strict=True):
        boundaries = boundaries.replace(f'"{name}"', _json(attack))
    (tmp_path / "wards.geojson").write_text(boundaries.replace('"Southwark"', _json(attacks[0])), "utf-8")
    lines = gzip.decompress((repository / "data/incidents/council_extract.csv.gz").read_bytes()).decode().splitlines()
    kept = [line for line in lines if ",Rye Lane," in line]
    rows = [lines[0], *(line.replace("Rye Lane", _csv(attacks[i % 5])) for i, line in enumerate(kept))]
    (tmp_path / "crimes.csv").write_text("\n".join(rows) + "\n", "utf-8")
    point = next(line for line in kept if "robbery" in line).split(",")[4:6]
    havens = [f"{_csv(a)},{_csv(a)},{_csv(a)},{point[0]},{point[1]}" for a in attacks]
    (tmp_path / "havens.csv").write_text(
        "\n".join(["name,kind,opening_hours,easting,northing", *havens]) + "\n", "utf-8"
    )
    study = load_study(
        [tmp_path / "crimes.csv"], [tmp_path / "wards.geojson"], settings=Settings(havens=(tmp_path / "havens.csv",))
    )
    analysis = analyse(study, AnalysisRequest(crime="robbery"))
    _, paths = write_products(analysis, tmp_path / "maps")
    write_index(tmp_path / "maps")

    opened = open_page(paths["map"])
    page = opened.page
    page.locator(".place").first.click()
    card = page.inner_text("#card")
    assert any(attack in card for attack in attacks)  # its ward, to the letter; of streets only what may be a name
    names = page.locator(".ward-name").all_text_contents()
    assert all(attack in names for attack in attacks)
    page.locator("summary", has_text="Wards").first.click()
    page.locator(".wards button").first.click()
    assert any(attack in page.inner_text("#card") for attack in attacks)
    for attack in attacks:
        page.fill("#search", attack)
        assert attack in page.inner_text("#suggestions")
    page.keyboard.press("Enter")
    assert not (tmp_path / "pwned").exists()
    for index in range(page.locator("path.leaflet-interactive").count()):
        page.locator("path.leaflet-interactive").nth(index).dispatch_event("mouseover")
    tooltips = " ".join(page.locator(".leaflet-tooltip").all_inner_texts())
    assert all(attack in tooltips for attack in attacks)
    assert opened.complaints == []
    assert page.locator("img[src=x]").count() == 0
    assert asked_elsewhere(opened, paths["map"]) == []


def _json(text: str) -> str:
    return json.dumps(text)


def _csv(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
