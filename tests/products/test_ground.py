"""What a map lies on, in headless Chromium: drawn from the file without a request, and tiles only where asked for."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from support import AnalyseDemonstration

from hotspots.pipeline.map_tiles import MapTiles
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.study import BesideTable, load_study
from hotspots.products.pages.map_page import draw_map
from hotspots.products.summary import summarise
from hotspots.settings import Settings

DATA = Path(__file__).parents[2] / "data"
SERVER = "https://tiles.example.org"
TILES = MapTiles(address=f"{SERVER}/{{z}}/{{x}}/{{y}}.png", attribution="© <b>Somebody</b>", server=SERVER)
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
IN_RIVER, IN_LAKE = (51.4875, 0.0), (51.4583, -0.0813)
COLOUR = """([map, latitude, longitude]) => {
  const canvas = document.querySelector(".leaflet-streets-pane canvas");
  const shown = window[map];
  const at = shown.latLngToContainerPoint([latitude, longitude]).multiplyBy(window.devicePixelRatio);
  return [...canvas.getContext("2d").getImageData(at.x, at.y, 1, 1).data].slice(0, 3);
}"""
WATER = [0xC2, 0xD8, 0xE6]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def analysis(analyse_demonstration: AnalyseDemonstration) -> Analysis:
    analysis = analyse_demonstration("robbery")
    settings = Settings(streets=(DATA / "streets",), base_map=(DATA / "base_map",), schools=(DATA / "schools",))
    tables: tuple[BesideTable, ...] = ("streets", "base_map", "schools")
    ground = load_study([DATA / "incidents"], [DATA / "boundaries"], settings=settings, tables=tables)
    study = dataclasses.replace(
        analysis.study, streets=ground.streets, base_map=ground.base_map, schools=ground.schools
    )
    return dataclasses.replace(analysis, study=study)


@pytest.fixture(scope="module")
def pages(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    summary = summarise(analysis)
    folder = tmp_path_factory.mktemp("ground")
    asked = dataclasses.replace(analysis, study=dataclasses.replace(analysis.study, tiles=TILES))
    found = {"plain": folder / "map.html", "tiles": folder / "tiles.html"}
    found["plain"].write_text(draw_map(analysis, summary), "utf-8")
    found["tiles"].write_text(draw_map(asked, summary), "utf-8")
    return found


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    yield context.new_page()
    context.close()


def open_map(page: Any, path: Path) -> str:
    page.goto(path.as_uri())
    page.wait_for_selector(".leaflet-control-scale-line")
    page.wait_for_timeout(300)
    name: str = page.evaluate("document.querySelector('.folium-map').id")
    return name


def pick_colour(page: Any, name: str, place: tuple[float, float]) -> list[int]:
    found: list[int] = page.evaluate(COLOUR, [name, *place])
    return found


def test_a_map_of_two_boroughs_is_within_its_size(pages: dict[str, Path]) -> None:
    assert pages["plain"].stat().st_size < 1_500_000


def test_the_ground_of_the_file_is_drawn_at_every_zoom_without_a_request(pages: dict[str, Path], page: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    name = open_map(page, pages["plain"])
    for zoom in (12, 14, 16):
        page.evaluate(f"void {name}.setView({[*IN_RIVER]}, {zoom}, {{animate: false}})")
        assert pick_colour(page, name, IN_RIVER) == WATER
    page.evaluate(f"void {name}.setView({[*IN_LAKE]}, 15, {{animate: false}})")
    assert pick_colour(page, name, IN_LAKE) == WATER
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    page.locator("#layers-button").click()
    page.get_by_label("Streets, water and parks").uncheck()
    assert page.locator(".leaflet-streets-pane canvas").count() == 0


def test_tiles_are_asked_of_one_server_without_a_referrer_and_can_be_switched_off(
    pages: dict[str, Path], page: Any
) -> None:
    asked: list[Any] = []

    def answer(route: Any) -> None:
        asked.append(route.request)
        route.fulfill(body=PIXEL, content_type="image/png")

    page.route(f"{SERVER}/**", answer)
    name = open_map(page, pages["tiles"])
    page.wait_for_selector(".leaflet-tile-loaded")
    page.wait_for_selector("section.map.tiled")
    assert asked
    assert all("referer" not in request.headers for request in asked)
    assert page.locator(".tile-credit").inner_text() == "© <b>Somebody</b>"  # as text, and nowhere as HTML
    assert page.locator(".tile-note").is_hidden()
    page.evaluate(f"void {name}.setView({[*IN_RIVER]}, 14, {{animate: false}})")
    page.wait_for_selector("section.map.tiled")
    page.locator("#layers-button").click()
    page.get_by_label("Background of tiles.example.org").uncheck()
    assert page.locator(".tile-credit").count() == 0
    assert page.locator(".leaflet-tile").count() == 0
    assert pick_colour(page, name, IN_RIVER) == WATER


def test_where_tiles_do_not_come_the_map_says_so_and_draws_its_own_ground(pages: dict[str, Path], page: Any) -> None:
    page.route(f"{SERVER}/**", lambda route: route.abort())
    name = open_map(page, pages["tiles"])
    page.locator(".tile-note").wait_for(state="visible")
    assert "could not be loaded" in page.locator(".tile-note").inner_text()
    page.evaluate(f"void {name}.setView({[*IN_RIVER]}, 14, {{animate: false}})")
    page.wait_for_timeout(300)
    page.locator(".tile-note").wait_for(state="visible")
    assert pick_colour(page, name, IN_RIVER) == WATER


def say_metres(metres: float) -> str:
    return f"{10 * round(metres / 10)}\u00a0m" if metres < 995 else f"{metres / 1000:.1f}\u00a0km"


def test_a_school_and_a_street_have_a_card_with_what_is_near(
    pages: dict[str, Path], page: Any, analysis: Analysis
) -> None:
    """By hand, on the National Grid: the nearest haven, and the nearest place to patrol."""
    assert analysis.study.schools is not None
    assert analysis.study.streets is not None
    assert analysis.havens is not None
    schools, havens = analysis.study.schools.schools, analysis.havens.havens
    places = [shapely.point_on_surface(place.outline) for place in analysis.places.patrol_places]
    near = [
        havens.distance(point).min() < 900 and shapely.distance(places, point).min() < 900 for point in schools.geometry
    ]
    school = schools[near].iloc[0]
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    open_map(page, pages["plain"])
    assert "School" not in page.inner_text(".legend .ground")  # they are not drawn so small
    page.fill("#search", school["name"])
    page.keyboard.press("Enter")
    assert page.locator("#card h2").inner_text() == school["name"]
    said = page.inner_text("#card")
    assert "What it is\nSchool" in said
    nearest = havens.loc[havens.distance(school.geometry).idxmin()]
    away = say_metres(nearest.geometry.distance(school.geometry))
    assert f"Safe haven\n{nearest['name']}, {away} away in a straight line" in said
    distance = shapely.distance(places, school.geometry).min()
    assert page.locator("#card .sent small").first.inner_text() == ("here" if distance <= 75 else say_metres(distance))
    assert "School" in page.inner_text(".legend .ground")
    page.select_option("#named-hours", "night")
    assert "in these hours" in page.inner_text("#card") or "in some of these hours" in page.inner_text("#card")
    page.locator("#card .sent").first.click()
    assert page.url.rpartition("#")[2].endswith(f"place={1 + int(shapely.distance(places, school.geometry).argmin())}")

    ways = analysis.study.streets.ways
    name = str(ways["name"].dropna().iloc[0])
    street = ways[ways["name"] == name].union_all()
    page.fill("#search", name)
    page.locator("#suggestions li", has_text=f"{name}Street").first.dispatch_event("pointerdown")
    assert page.locator("#card h2").inner_text() == name
    distance = shapely.distance(places, street).min()
    assert page.locator("#card .sent small").first.inner_text() == ("here" if distance <= 75 else say_metres(distance))
    assert complaints == []
