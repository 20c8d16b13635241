"""What a person sees, in headless Chromium with the network cut off."""

from __future__ import annotations

import dataclasses
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from support import AnalyseDemonstration, decode

from hotspots.analysis.hours.week import WeekWindow
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.results import Analysis
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import load_study
from hotspots.pipeline.times import Change
from hotspots.products.drawing.colours import VERDICTS
from hotspots.products.files.bundle import write_products
from hotspots.products.files.index import write_index
from hotspots.products.summary import RunSummary
from hotspots.products.words.numbers import say_verdict
from hotspots.products.words.sentences import say
from hotspots.settings import Settings

DESKTOP, PHONE = (1440, 900), (390, 844)


@dataclass
class Opened:
    """A page that was opened, with all it asked for and all it complained of."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def dismiss(dialog: Any, opened: Opened) -> None:
    opened.complaints.append(f"a dialog: {dialog.message}")
    dialog.dismiss()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    contexts = []

    def open_at(path: Path, size: tuple[int, int] = DESKTOP) -> Opened:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("dialog", lambda dialog: dismiss(dialog, opened))
        opened.page.goto(path.as_uri())
        opened.page.wait_for_selector(".leaflet-control-scale-line" if path.name == "map.html" else "h1")
        return opened

    yield open_at
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def products(analyse_demonstration: AnalyseDemonstration, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("maps")
    for crime in ("robbery", "burglary"):
        write_products(call_a_ward(analyse_demonstration(crime)), out)
    write_index(out)
    return out


def call_a_ward(analysis: Analysis) -> Analysis:
    """The same with one ward that changed in twelve months, so that the map has one to fill and to sign."""

    def call(change: Change) -> Change:
        if change.wards is None or change.comparison.key != "r12":
            return change
        verdict = change.wards.table["verdict"].copy()
        verdict.iloc[:] = "no apparent change"
        verdict.iloc[0] = "clearly deteriorating"
        table = change.wards.table.assign(verdict=verdict)
        return dataclasses.replace(change, wards=dataclasses.replace(change.wards, table=table))

    times = dataclasses.replace(analysis.times, changes=tuple(map(call, analysis.times.changes)))
    return dataclasses.replace(analysis, times=times)


def map_of(products: Path, crime: str) -> Path:
    return products / crime / "2024-10-01_2026-09-30" / "map.html"


def read_summary(path: Path) -> RunSummary:
    """Of the run that a page is of."""
    return decode(RunSummary, json.loads((path.parent / "summary.json").read_text("utf-8")))


def asked_elsewhere(opened: Opened, path: Path) -> list[str]:
    return [url for url in opened.requests if url != path.as_uri() and not url.startswith("data:")]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_map_opens_without_a_network(products: Path, open_page: Any, size: tuple[int, int]) -> None:
    path = map_of(products, "robbery")
    opened = open_page(path, size)
    page = opened.page
    assert asked_elsewhere(opened, path) == []
    assert opened.complaints == []
    assert "Not for decisions." in page.inner_text(".banner")
    assert (
        "synthetic incidents, schematic boundaries, synthetic safe havens and synthetic term dates"
        in page.inner_text(".banner")
    )
    assert "Robbery hot spots Lewisham and Southwark" in page.inner_text("h1")
    assert "1 October 2024 to 30 September 2026" in page.inner_text("header")
    for selector in (".north", ".leaflet-control-scale-line", ".legend", ".leaflet-control-layers", "svg.chart"):
        assert page.locator(selector).first.is_visible(), selector
    assert page.evaluate("document.querySelector('.leaflet-image-layer').naturalWidth") > 100
    assert page.locator(".leaflet-overlay-pane path").count() > 39
    assert page.locator(".rank").count() == 20
    assert page.locator('.leaflet-overlay-pane path[fill="#e66100"]').count() == 90  # the havens
    # nothing is wider than the screen
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def open_hotspots(page: Any) -> None:
    """The list of hot spots, which is folded below that of places to patrol."""
    page.locator("summary", has_text="hot spot").click()


def test_a_click_on_a_place_to_patrol_opens_it(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"))
    opened.page.click('[data-place="3"]')
    popup = opened.page.locator(".leaflet-popup-content")
    popup.wait_for()
    text = popup.inner_text()
    for word in (
        "Place to patrol 3",
        "in the next period as long, 9 times in 10",
        "Surroundings",
        "Top streets",
        "Peak",
        "Middle",
    ):
        assert word in text
    assert opened.page.locator(".rank.patrol").count() == opened.page.locator("[data-place]").count() == 20
    assert opened.complaints == []


def test_a_click_on_a_rank_opens_its_hot_spot(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"))
    open_hotspots(opened.page)
    opened.page.click('[data-rank="3"]')
    popup = opened.page.locator(".leaflet-popup-content")
    popup.wait_for()
    text = popup.inner_text()
    for word in (
        "Hot spot 3",
        "Incidents",
        "of all",
        "Expected",
        "in the next period as long, 9 times in 10",
        "more than its other crime explains",
        "sure to be found again",
        "Top streets",
        "Peak",
        "Mondays to Fridays 15:00-17:59",
        "Wards",
    ):
        assert word in text
    assert opened.complaints == []


def test_gaps_follow_the_hours_that_are_chosen(products: Path, open_page: Any) -> None:
    path = map_of(products, "robbery")
    opened = open_page(path)
    page = opened.page
    found = read_summary(path).haven_gaps
    assert found is not None
    ring = page.locator('.leaflet-overlay-pane path[stroke-dasharray="6 4"]')
    assert ring.count() == 0
    entry = page.locator('.legend [data-layer="gaps"]')
    assert not entry.is_visible()
    page.locator(".leaflet-control-layers").hover()
    page.locator("label", has_text="Places without a haven open then").locator("input").check()
    assert ring.count() == found.n_places
    assert entry.inner_text().strip() == "No open haven at times"
    for key in ("evening", "night", "week"):
        page.locator(f".when input[value={key}]").check()
        in_part = {gap.place_rank for gap in found.gaps if key in {gap.part_key, "week"}}
        assert ring.count() == len(in_part) > 0
    page.locator(".when input[value=night]").check()
    assert entry.inner_text().strip() == "No open haven then"
    first = found.gaps[0]
    page.locator("[data-gap]").first.click()  # a gap after school, while the night is shown
    said = page.locator(".leaflet-popup-content").inner_text()
    assert f"No haven open: place {first.place_rank}" in said
    assert f"{first.n_without:.0f} robberies (Mon to Fri 15:00-17:59)" in said
    assert opened.complaints == []


def test_layers_can_be_switched_and_the_legend_follows(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"))
    page = opened.page
    page.locator(".leaflet-control-layers").hover()
    page.wait_for_timeout(200)
    labels = page.locator(".leaflet-control-layers-overlays label").all_inner_texts()
    assert [label.strip() for label in labels] == [
        "Density of incidents",
        "Most incidents expected",
        "Wards by incidents per km²",
        "Change by ward",
        "Densest half",
        "Busy surroundings (Gi*)",
        "Within 400 m of a safe haven",
        "Hot spots",
        "Places to patrol",
        "Places without a haven open then",
        "Ward names",
        "Safe havens",
    ]
    assert not page.locator('.legend [data-layer="wards"]').is_visible()
    page.locator("label", has_text="Wards by incidents").locator("input").check()
    page.locator("label", has_text="Within 400 m").locator("input").check()
    page.wait_for_timeout(100)
    assert not page.locator("label", has_text="Density of").locator("input").is_checked()  # they share their colours
    assert page.locator('.legend [data-layer="wards"]').is_visible()
    assert page.locator('.legend [data-layer="reach"]').is_visible()
    assert not page.locator('.legend [data-layer="density"]').is_visible()
    for name, layer in (
        ("Densest half", "half"),
        ("Busy surroundings", "significant"),
        ("Most incidents expected", "expected"),
    ):
        page.locator("label", has_text=name).locator("input").check()
        page.wait_for_timeout(100)
        assert page.locator(f'.legend [data-layer="{layer}"]').is_visible()
    assert not page.locator("label", has_text="Wards by incidents").locator("input").is_checked()
    page.locator("label", has_text="Places to patrol").locator("input").uncheck()
    assert page.locator(".rank").count() == 0  # the numbers go with their outlines
    assert opened.complaints == []


_FILLS = ", ".join(f'.leaflet-overlay-pane path[fill="{colour}"]' for colour in VERDICTS.values())


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_only_wards_that_changed_are_filled_and_signed(products: Path, open_page: Any, size: tuple[int, int]) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    opened = open_page(path, size)
    page = opened.page
    assert not page.locator(".legend .change").is_visible()
    assert page.locator(_FILLS).count() == page.locator(".change-sign").count() == 0
    page.locator("[data-show-change]").first.click()
    assert page.locator(".leaflet-image-layer").count() == 0  # one fill at a time
    chooser = page.locator(".change select")
    assert chooser.bounding_box()["height"] >= 44
    assert page.locator(".change option").count() == len(summary.changes)
    page.evaluate("document.activeElement.blur()")
    for position, change in enumerate(summary.changes):
        chooser.select_option(str(position))
        changed = change.changed_wards
        assert page.locator(_FILLS).count() == len(changed)
        signs = page.locator(".change-sign").all_text_contents()
        assert sorted(signs) == sorted(say_verdict(row.change.verdict)[1] for row in changed)
        assert say("change.windows", change) in page.inner_text(".legend")
        assert f"{say('change.n_changed', change)}." in page.inner_text(".legend")
        nothing = page.locator('[data-change="nothing"]')
        assert nothing.is_visible() == (not changed)
        if not changed:
            assert nothing.inner_text() == f"No ward changed by more than chance: {say('change.windows', change)}."
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
    opened = open_page(path)
    page = opened.page
    page.locator("[data-show-change]").first.click()
    change = summary.main_change
    assert change is not None
    assert change.wards is not None
    said = {
        f"{row.name}\n{say('change.counts', row.change, change)}\n{say('change.windows', change)}"
        for row in change.wards
    }
    page.evaluate(
        """() => { window.told = [];
        for (const path of document.querySelectorAll('.leaflet-overlay-pane path.leaflet-interactive')) {
          const at = { bubbles: true, clientX: 400, clientY: 400 };
          path.dispatchEvent(new MouseEvent('mouseover', at));
          for (const tip of document.querySelectorAll('.leaflet-tooltip.wide')) window.told.push(tip.innerText);
          path.dispatchEvent(new MouseEvent('mouseout', at));
        } }"""
    )
    assert {tip.strip() for tip in page.evaluate("window.told")} == said
    assert opened.complaints == []


def test_change_follows_the_layers_and_prints(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"))
    page = opened.page
    page.locator(".leaflet-control-layers").hover()
    page.locator("label", has_text="Change by ward").locator("input").check()
    page.wait_for_timeout(100)
    assert not page.locator("label", has_text="Density of").locator("input").is_checked()
    assert page.locator(".change-sign").count() == 1  # in twelve months one ward is made to change
    page.locator(".when label", has_text="After school").click()
    assert "Change by ward, whole week" in page.inner_text(".legend")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(_FILLS).count() == 1
    assert page.locator(".change").is_visible()
    assert not page.locator(".change select").is_visible()
    assert not page.locator("[data-show-change]").first.is_visible()
    # map, legend and heading on one page of A4
    assert page.locator("section.map").bounding_box()["height"] + 120 < (297 - 24) / 25.4 * 96
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    page.locator(".leaflet-control-layers").hover()
    page.locator("label", has_text="Wards by incidents").locator("input").check()
    page.wait_for_timeout(100)
    assert page.locator(".change-sign").count() == 0
    assert not page.locator(".change").is_visible()
    assert opened.complaints == []


def test_a_popup_is_no_taller_than_the_map(products: Path, open_page: Any) -> None:
    for size in (DESKTOP, PHONE):
        opened = open_page(map_of(products, "robbery"), size)
        page = opened.page
        open_hotspots(page)
        page.click('[data-rank="11"]')
        page.locator(".leaflet-popup-content").wait_for()
        page.wait_for_timeout(400)
        popup, whole = (page.locator(name).bounding_box() for name in (".leaflet-popup", ".folium-map"))
        assert popup["y"] >= whole["y"]
        assert popup["y"] + popup["height"] <= whole["y"] + whole["height"] + 1
        assert "against a year before: 12 months, " in page.inner_text(".leaflet-popup-content")
        assert opened.complaints == []


def now_shown(page: Any) -> list[str]:
    """What is visible of all that belongs to some hours only."""
    shown = "[...document.querySelectorAll('[data-when]')].filter((e) => !e.hidden).map((e) => e.dataset.when)"
    return sorted(set(page.evaluate(shown)))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_hours_switch_picture_places_and_list(products: Path, open_page: Any, size: tuple[int, int]) -> None:
    path = map_of(products, "robbery")
    summary = read_summary(path)
    opened = open_page(path, size)
    page = opened.page
    image = "document.querySelector('.leaflet-image-layer').src"
    of_week, n_week = page.evaluate(image), page.locator(".rank").count()
    assert now_shown(page) == ["week"]
    assert page.locator('.when input[value="week"]').is_checked()
    part = next(part for part in summary.shifts.parts if part.key == "after-school")
    label = page.locator(".when label", has_text="After school")
    assert label.bounding_box()["height"] >= 44
    label.click()
    assert now_shown(page) == ["after-school", "part"]
    assert page.evaluate(image) != of_week
    page.wait_for_function("document.querySelector('.leaflet-image-layer').naturalWidth > 100")
    assert page.locator(".rank").count() == len(part.hotspots)
    assert part.words in page.inner_text(".legend")
    assert "per km² in 100 such hours" in page.inner_text(".legend")
    assert "per km² in the period" not in page.inner_text(".legend")
    rows = page.locator('section[data-when="after-school"] tbody tr')
    assert rows.count() == len(part.hotspots)
    rows.nth(1).locator("button").click()
    popup = page.locator(".leaflet-popup-content")
    popup.wait_for()
    assert "After school, hot spot 2" in popup.inner_text()
    assert part.hotspots[1].locations[0].location in popup.inner_text()
    # by the keyboard alone, onto the next part
    page.locator('.when input[value="after-school"]').focus()
    page.keyboard.press("ArrowRight")
    assert now_shown(page) == ["part", "weekend-day"]
    page.locator('.when input[value="week"]').check()
    assert now_shown(page) == ["week"]
    assert page.evaluate(image) == of_week
    assert page.locator(".rank").count() == n_week
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert opened.complaints == []
    assert asked_elsewhere(opened, path) == []


def test_hours_and_layers_go_together(products: Path, open_page: Any) -> None:
    """Hot spots that are switched off stay off, and what is of the whole week says so."""
    opened = open_page(map_of(products, "robbery"))
    page = opened.page
    page.locator(".leaflet-control-layers").hover()
    page.locator("label", has_text="Hot spots").locator("input").uncheck()
    page.locator("label", has_text="Wards by incidents").locator("input").check()
    page.wait_for_timeout(100)
    page.locator(".when label", has_text="After school").click()
    assert page.locator(".rank").count() == 0
    assert page.locator(".leaflet-image-layer").count() == 0
    assert "in the period, whole week" in page.inner_text(".legend")
    page.locator(".leaflet-control-layers").hover()
    page.locator("label", has_text="Hot spots").locator("input").check()
    page.wait_for_timeout(100)
    assert page.locator(".rank").count() == 10
    assert opened.complaints == []


def test_a_map_of_chosen_hours_opens_and_prints_them(
    analyse_demonstration: AnalyseDemonstration, tmp_path: Path, open_page: Any
) -> None:
    window = WeekWindow(days=(4, 5), start_hour=20, n_hours=6)
    _, paths = write_products(analyse_demonstration("robbery", window=window), tmp_path)
    opened = open_page(paths["map"])
    page = opened.page
    assert now_shown(page) == ["chosen", "part"]
    assert page.locator('.when input[value="chosen"]').is_checked()
    assert "shown: Chosen hours, Fridays and Saturdays 20:00-01:59" in page.inner_text("header")
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert not page.locator(".when").is_visible()
    assert page.locator('section[data-when="chosen"]').is_visible()
    # map, legend and heading on one page of A4
    assert page.locator("section.map").bounding_box()["height"] + 120 < (297 - 24) / 25.4 * 96
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert opened.complaints == []


def test_month_only_data_show_why_there_are_no_hours(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "burglary"))
    assert "Withheld: month-only." in opened.page.inner_text("aside")
    assert opened.page.locator("svg.chart").count() == 1  # the months
    assert opened.page.locator(".when").count() == 0


def test_the_map_fits_on_a4(products: Path, open_page: Any) -> None:
    opened = open_page(map_of(products, "robbery"))
    page = opened.page
    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    box = page.locator(".folium-map").bounding_box()
    assert box["width"] <= 186 / 25.4 * 96 + 1
    inside = page.evaluate(
        """() => { const box = document.querySelector('.folium-map').getBoundingClientRect();
        return [...document.querySelectorAll('.rank')].every((rank) => { const r = rank.getBoundingClientRect();
          return r.left >= box.left && r.right <= box.right && r.top >= box.top && r.bottom <= box.bottom; }); }"""
    )
    assert inside
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert opened.complaints == []


def test_the_index_leads_to_every_map(products: Path, open_page: Any) -> None:
    path = products / "index.html"
    opened = open_page(path, PHONE)
    assert asked_elsewhere(opened, path) == []
    assert opened.complaints == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    opened.page.click('a[href="burglary/2024-10-01_2026-09-30/map.html"]')
    opened.page.wait_for_selector(".leaflet-control-scale-line")
    assert "Burglary hot spots" in opened.page.inner_text("h1")


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
    open_hotspots(page)
    page.click('[data-rank="1"]')
    page.locator(".leaflet-popup-content").wait_for()
    popup = page.inner_text(".leaflet-popup-content")
    assert any(attack in popup for attack in attacks)  # its ward, to the letter; of streets only what may be a name
    page.locator(".leaflet-control-zoom-in").click(click_count=4, delay=120)
    page.wait_for_timeout(500)
    names = page.locator(".ward-name").all_text_contents()
    assert all(attack in names for attack in attacks)
    shown = page.inner_text("body")
    assert attacks[0] in shown
    page.locator(".leaflet-popup-close-button").click()
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
