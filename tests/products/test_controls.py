"""Every control of the map at a projector, a desktop and on a phone: by pointer or finger, by keys, and the way back.

What is shown is read from the page as it is drawn, in parts that have names. A control changes the parts that its row
names, and no other. What can be used and stands in no row is a fault.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from opened_pages import (
    SIZES,
    Opened,
    asked_elsewhere,
    call_a_ward,
    find_unlisted,
    list_dead_links,
    walk_by_keys,
)

from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import load_study
from hotspots.products.files.bundle import write_products
from hotspots.products.files.index import write_index
from hotspots.settings import Settings

WIDE, PHONE = ("projector", "desktop"), ("phone",)
LEAST_PX = 24
"""Source: W3C (2023), Web Content Accessibility Guidelines 2.2, success criterion 2.5.8 (AA)."""

Drawn = dict[str, Any]
Act = Callable[[Any, Any], None]
"""What somebody does on a page with one of its elements."""


def is_phone(page: Any) -> bool:
    return bool(page.viewport_size["width"] == SIZES["phone"][0])


def tap(page: Any, element: Any) -> None:
    """With the pointer or a finger; refused where something else lies over the element."""
    if is_phone(page):
        box = element.evaluate("(one) => (one.closest('label') || one).getBoundingClientRect().toJSON()")
        assert min(box["width"], box["height"]) >= LEAST_PX, f"{box} is small for a finger"
        element.tap(timeout=2000)
    else:
        element.click(timeout=2000)


def zoom(page: Any, element: Any) -> None:
    tap(page, element)
    page.wait_for_timeout(300)  # the map comes to rest


def find_free(page: Any, selector: str) -> tuple[float, float]:
    """A point of one of several shapes that nothing covers."""
    point = page.evaluate(
        """(selector) => {
          document.querySelector('.folium-map').scrollIntoView({ block: 'center' });
          const parts = [...Array(19).keys()].map((part) => (part + 1) / 20);
          for (const shape of document.querySelectorAll(selector)) {
            const box = shape.getBoundingClientRect();
            for (const right of parts) for (const down of parts) {
              const [x, y] = [box.x + right * box.width, box.y + down * box.height];
              const near = [[0, 0], [-2, -2], [2, 2], [-2, 2], [2, -2]];
              if (near.every(([a, b]) => document.elementFromPoint(x + a, y + b) === shape)) return [x, y];
            }
          }
          return null;
        }""",
        selector,
    )
    assert point is not None, "no point of it can be reached"
    return point[0], point[1]


def point_at(page: Any, selector: str) -> None:
    page.mouse.move(*find_free(page, selector), steps=3)


def tap_shape(page: Any, selector: str) -> None:
    point = find_free(page, selector)
    if is_phone(page):
        page.wait_for_timeout(350)  # two taps on one point would be a double one
        page.touchscreen.tap(*point)
    else:
        page.mouse.click(*point)


def press(*keys: str, wait_ms: int = 0) -> Act:
    def act(page: Any, element: Any) -> None:
        element.focus()
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_timeout(wait_ms)

    return act


def choose(index: int) -> Act:
    return lambda _, element: element.select_option(index=index)


def search(text: str, *keys: str) -> Act:
    """Of what is found the first is chosen, by keys if there are any."""

    def act(page: Any, element: Any) -> None:
        element.fill(text)
        for key in keys:
            page.keyboard.press(key)
        if not keys:
            tap(page, page.locator("#suggestions [role=option]").first)

    return act


def drag(right: float, down: float) -> Act:
    """From its middle, by so many of its widths and heights."""

    def act(page: Any, element: Any) -> None:
        x, y, width, height = _find_middle(element)
        _move(page, (x, y), (x + right * width, y + down * height))

    return act


def drag_hours(page: Any, element: Any) -> None:
    """Fridays 15:00-17:59."""
    places = [_find_middle(page.locator(f'[data-hour="{4 * 24 + hour}"]'))[:2] for hour in (15, 17)]
    _move(page, *places)


def _find_middle(element: Any) -> tuple[float, float, float, float]:
    """And its width and height."""
    element.evaluate("(one) => one.scrollIntoView({ block: 'center' })")
    box = element.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"], box["height"]


def _move(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    (x, y), (to_x, to_y) = start, end
    ways = [(x + (to_x - x) * step / 4, y + (to_y - y) * step / 4) for step in range(5)]
    if is_phone(page):
        _touch(page, [[{"x": x, "y": y}] for x, y in ways])
        return
    page.mouse.move(x, y)
    page.mouse.down()
    for way in ways:
        page.mouse.move(*way)
    page.wait_for_timeout(100)  # let go in motion, the map would go on
    page.mouse.up()


def _touch(page: Any, moments: list[list[dict[str, float]]]) -> None:
    finger = page.context.new_cdp_session(page)
    for kind, points in zip(["touchStart", *["touchMove"] * len(moments)], moments, strict=False):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_timeout(200)  # lifted in motion it would be a fling, and Chromium swallows the tap after one
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    finger.detach()
    page.wait_for_timeout(50)


def pinch(page: Any, element: Any) -> None:
    x, y, *_ = _find_middle(element)
    moments = [[{"x": x + side * apart, "y": y, "id": side + 1} for side in (-1, 1)] for apart in (30, 50, 70, 90)]
    _touch(page, moments)
    page.wait_for_timeout(300)  # the map comes to rest


def turn_wheel(page: Any, element: Any) -> None:
    page.mouse.move(*_find_middle(element)[:2])
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(350)  # turns of 40 ms are taken together, and the map comes to rest


@dataclasses.dataclass(frozen=True)
class Control:
    """One control of the map.

    Attributes:
        selector: Which elements it is; the first that can be seen is used.
        changes: Names of the parts of what is drawn that it changes, in brackets those of wide screens alone: on a
            phone the key is folded up, and the map stays where it is behind a card.
        then: What some of them are then, at every size.
        link: What is shown before.
        first: What is tapped before; a summary only where what it opens is folded up.
        on: The sizes at which it is there.
        pointer: What is done by a pointer or a finger, if anything.
        keys: What is done by keys alone, if anything.
        is_linked: Whether the address leads to what it shows.
    """

    selector: str
    changes: str
    then: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    link: str = ""
    first: tuple[str, ...] = ()
    on: tuple[str, ...] = tuple(SIZES)
    pointer: Act | None = tap
    keys: Act | None = dataclasses.field(default_factory=lambda: press("Enter"))
    is_linked: bool = True


def in_panel(value: str, changes: str, **then: Any) -> Control:
    """A picture, or a box of what is shown with it."""
    return Control(f"#layers input[value={value}]", changes, then, first=("#layers-button",), keys=press("Space"))


def of_pair(selector: str, changes: str, *, side: str = "", **ways: Any) -> Control:
    """A control of two periods compared."""
    return Control(f"#compare {selector}", changes, link=f"#compare=r12-before{side}", **ways)


def of_shape(selector: str, changes: str, *, is_tapped: bool = True, **ways: Any) -> Control:
    """A shape that says what it is of when it is tapped or pointed at; by keys a row of a table, or the list, does."""

    act = tap_shape if is_tapped else point_at
    return Control(selector, changes, pointer=lambda page, _: act(page, selector), keys=None, **ways)


def in_rows(heading: str, selector: str, changes: str, **ways: Any) -> Control:
    """A button in a table that is folded up."""
    return Control(selector, changes, first=(folded(heading),), **ways)


def folded(heading: str) -> str:
    return f"aside > details > summary:has-text('{heading}')"


PLACE = "card chosen (view)"
WARD = "card headline nearest places rates sent told ward (view)"
HOURS = "closed headline hours (key) nearest open picture rates told"
PAIR = "compared cut divider (key) picture side signs"
HEADINGS = (
    *("What changed", "Wards", "Busiest streets", "Premises, stations, schools and parks", "Where havens are missing"),
    *("Safe havens", "What to know"),
)
CLUSTER = 'path[stroke="#b3005e"]'
CONTROLS = (
    # the top
    Control("#search", PLACE, pointer=search("Newington Butts and"), keys=search("Newington Butts and", "Enter")),
    Control(
        "#search", "card ring (view)", pointer=search("Alder Chapel"), keys=search("Alder Chapel", "ArrowDown", "Enter")
    ),
    Control("#projector", "type view", {"type": "21px"}, on=WIDE),
    Control("#print", "printed", {"printed": 1}),
    # the answer
    Control(".answer .sent", PLACE),
    # on the map
    Control(".leaflet-control-zoom-in", "view", pointer=zoom, keys=press("Enter", wait_ms=300)),
    Control(".leaflet-control-zoom-out", "view", pointer=zoom, keys=press("Enter", wait_ms=300)),
    Control(".folium-map", "view", pointer=drag(0.1, 0.1), keys=press("ArrowRight", wait_ms=350)),
    Control(".folium-map", "view", pointer=turn_wheel, keys=press("+", wait_ms=300), on=WIDE),
    Control(".folium-map", "view", pointer=pinch, keys=None, on=PHONE),
    Control(".rank", PLACE),
    Control("#whole", "view", link="#place=1", on=WIDE),
    Control("#whole", "view", link="#place=1", first=("#card-map", "#card-close"), on=PHONE),
    Control("#compare-button", PAIR),
    Control("#layers-button", "panel"),
    in_panel("hotspots", "clusters (key) picture", picture=[]),
    in_panel("wards", "(key) picture wards", picture=[]),
    in_panel("change", "(key) picture signs wards", picture=[]),
    in_panel("compare", PAIR),
    in_panel("expected", "(key) picture"),
    in_panel("significant", "(key) picture significant", picture=[]),
    in_panel("none", "(key) picture", picture=[]),
    dataclasses.replace(in_panel("density", "(key) picture"), link="#picture=none"),
    in_panel("patrols", "(key) numbers patrols", numbers=0, patrols=0),
    in_panel("havens", "(key) open", open=0),
    in_panel("gaps", "gaps (key)"),
    in_panel("sites", "(key) letters sites", letters=["A", "B", "C"], sites=3),
    in_panel("reach", "(key) reach"),
    in_panel("streetlines", "ground (marks)", ground=False),
    in_panel("outlines", "borders"),
    in_panel("names", "names", names=0),
    in_panel("streets", "(key) streets"),
    in_panel("half", "half (key)", half=1),
    in_panel("facilities", "(key) premises"),
    in_panel("felt", "felt (key)", felt=2),
    Control("#grip", "cut divider", link="#compare=r12-before", pointer=drag(2, 0), keys=press("ArrowRight")),
    Control(".legend > summary", "key"),
    Control(
        *(".legend select", "key signs wards", {"signs": []}, "#picture=change", (".legend > summary",)),
        pointer=choose(0),
        keys=press("ArrowUp"),
    ),
    Control("#card-close", "card chosen", {"card": [], "chosen": []}, "#place=1"),
    Control("#card-body summary", "known", link="#place=1"),
    Control("#card-body", "", link="#place=1", pointer=None, keys=press("ArrowDown")),
    Control("#card-map", "view", link="#place=1", on=PHONE),
    Control("#card .sent", PLACE, link="#ward={ward}"),
    of_shape(".ward-hit", WARD),
    of_shape(".ward-hit", WARD, link="#picture=wards"),
    of_shape(".ward-hit", WARD, link="#picture=change"),
    of_shape(".ward-hit", "tip", on=WIDE, is_tapped=False),
    of_shape('path[stroke="#14213d"]', "card chosen", link="#place=1", first=("#card-close",), on=WIDE),
    of_shape(CLUSTER, "card", link="#picture=hotspots&show=", is_linked=False),
    of_shape(CLUSTER, "card", link="#picture=hotspots&when=evening&show=", is_linked=False),
    of_shape('path[stroke-dasharray="6 4"]', "card", link="#show=gaps", is_linked=False),
    of_shape('path[stroke="#a63f00"]:not([stroke-dasharray])', "card", link="#show=sites", is_linked=False),
    of_shape(".busy-street", "card", link="#show=streets", is_linked=False),
    of_shape('path[fill="#e66100"]', "tip", on=WIDE, is_tapped=False),
    of_shape('path[stroke="#e66100"]', "tip", link="#when=night", on=WIDE, is_tapped=False),
    of_shape('path[fill="#00695c"]', "tip", link="#show=facilities", on=WIDE, is_tapped=False),
    of_shape('path[stroke="#00695c"]', "tip", link="#show=facilities", on=WIDE, is_tapped=False),
    # beside it
    of_pair("> button", PAIR),
    of_pair("select", "compared picture side signs", pointer=choose(1), keys=press("ArrowDown")),
    of_pair("input[value=earlier]", "cut divider side", keys=press("Space")),
    of_pair("input[value=current]", "cut divider side", keys=press("Space")),
    of_pair("input[value=both]", "cut divider side", side="&side=current", keys=press("Space")),
    Control("#named-hours", HOURS, pointer=choose(3), keys=press("ArrowDown")),
    Control("#whole-week", HOURS, link="#when=evening", on=WIDE),
    Control(".grid > summary", "folded", {"folded": True}, on=PHONE),
    Control(
        *("#week [data-hour]", HOURS, {}, "", (".grid > summary",)),
        pointer=drag_hours,
        keys=press("ArrowDown", "Shift+ArrowRight"),
    ),
    Control("#all-wards", WARD, {"card": []}, link="#ward={ward}"),
    Control(".place", PLACE),
    Control("#all-places", "places", on=PHONE),
    *(Control(folded(heading), "opened", {"opened": [heading]}, keys=press("Space")) for heading in HEADINGS),
    in_rows("What changed", "[data-show-change]", "(key) picture signs wards"),
    in_rows("Wards", "[data-ward]", WARD),
    in_rows("Busiest streets", "[data-street]", "card (key) streets view", is_linked=False),
    in_rows("Where havens are missing", "[data-gap]", "card gaps (key) view", is_linked=False),
    in_rows("Where havens are missing", "[data-site]", "card (key) letters sites view", is_linked=False),
)

BY_KEYS = ("desktop",)
"""What a key does is the same at every size. That keys reach each control, and it shows, is tested at all of them."""
LISTED = [*(control.selector.partition(":has-text")[0] for control in CONTROLS), "a[href*='.html']", "#card-title"]
SWAYS = {"names", "tip", "marks"}
"""How many names of wards there is room for, what the pointer happens to rest on, and what of the ground is drawn at
this scale, and so is in the key, are asked of rows that say so."""
UNSAID = {
    *("view", "panel", "opened", "folded", "known", "found", "type", "printed", "ring", "divider", "cut"),
    *SWAYS,
}
"""What no address says."""

STYLES = {
    "patrols": 'path[stroke="#14213d"]',
    "open": '.leaflet-havens-pane path[fill="#e66100"]',
    "closed": '.leaflet-havens-pane path[stroke="#e66100"]',
    "gaps": 'path[stroke-dasharray="6 4"]',
    "sites": 'path[stroke="#a63f00"]:not([stroke-dasharray])',
    "reach": '.leaflet-overlay-pane path[fill="#e66100"]',
    "clusters": 'path[stroke="#b3005e"][fill="#b3005e"]',
    "ring": 'path[stroke="#b3005e"][fill="none"]',
    "half": 'path[stroke-dasharray="5 3"]',
    "significant": 'path[stroke="#6a3d9a"]',
    "streets": "path.busy-street",
    "premises": '[fill="#00695c"], [stroke="#00695c"]',
    "felt": 'path[fill-opacity="0.35"]',
    "borders": '.leaflet-overlay-pane path[stroke="#5a6470"][fill="none"]',
    "wards": 'path[fill-opacity="0.8"]',
}
"""How each kind of shape is drawn."""

DRAWN = """async (styles) => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise((done) => requestAnimationFrame(done));
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const seen = (selector) => all(selector).filter((one) => one.checkVisibility({ visibilityProperty: true }));
  const texts = (selector) => seen(selector).map((one) => one.innerText.trim());
  const written = (selector) => all(selector).map((one) => one.textContent);
  const isInked = (canvas) => {
    const pen = new OffscreenCanvas(40, 40).getContext('2d');
    pen.drawImage(canvas, 0, 0, 40, 40);
    return pen.getImageData(0, 0, 40, 40).data.some((value) => value);
  };
  const [x, y, , zoom] = find('.leaflet-proxy').style.transform.match(/-?[\\d.]+(e\\+\\d+)?(?=px|\\))/g).map(Number);
  const numbers = seen('.rank'), frame = find('.folium-map').getBoundingClientRect();
  const open = ':not([style*="opacity: 0;"])'; // not one that fades
  const drawn = {
    headline: texts('.headline'), sent: texts('#answer-send .sent'), told: texts('.answer ul li, aside > ul li'),
    places: texts('.place b'), rates: written('.place .rate'), nearest: written('.place .haven'),
    ward: texts('#all-wards'), chosen: texts('.place.chosen b'), numbers: numbers.length,
    hours: [all('#week .chosen').length, find('#named-hours').selectedOptions[0].text],
    names: seen('.ward-name span').length, signs: texts('.change-sign'),
    letters: texts(`.site-letter${open}`),
    ground: all('.leaflet-streets-pane canvas').some(isInked),
    picture: all('.leaflet-image-layer').map((image) => [image.naturalWidth, image.src.length, image.src.slice(-60)]),
    cut: seen('#divider').length && all('.leaflet-image-layer').map((image) => image.parentElement.style.clipPath),
    view: [Math.log2(zoom), x / zoom, y / zoom],
    marks: texts('.legend [data-ground]'),
    key: texts('.legend > [data-layer]:not(:has([data-ground]))').map((text) => text.split('\\n')[0])
      .concat(texts('.change p')),
    card: texts('#card h2'), known: seen('#card details[open] dt').length, panel: seen('#layers').length,
    tip: texts(`.leaflet-tooltip:not(.site-letter)${open} b`),
    compared: texts('#compare p'), side: texts('#periods span'),
    divider: seen('#grip').map((one) => Math.round(one.getBoundingClientRect().x)),
    opened: texts('aside details[open]:not(.grid) > summary'), folded: find('.grid').open,
    found: texts('#suggestions li'), type: getComputedStyle(document.documentElement).fontSize, printed: window.printed,
  };
  for (const [name, style] of Object.entries(styles)) drawn[name] = all(style).length;
  return drawn;
}"""
"""What is on the page, by the names that rows use."""

RESET = """async ([folds, link]) => {
  const find = (selector) => document.querySelector(selector);
  if (!find('#layers').hidden) find('#layers-button').click();
  find('#search').value = '';
  find('#search').dispatchEvent(new Event('input'));
  if (document.documentElement.classList.contains('projector')) find('#projector').click();
  find('#places').classList.remove('all');
  for (const key of ['Home', 'PageUp', 'PageUp']) find('#grip').dispatchEvent(new KeyboardEvent('keydown', { key }));
  for (const one of document.querySelectorAll('details')) one.open = folds.includes(one.className);
  await window.follow('');
  find('#whole').click();
  document.activeElement.blur();
  window.scrollTo(0, 0);
  find('aside').scrollTop = 0;
  window.printed = window.steps = 0;
  if (link) await window.follow(link);
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Of a run of the demonstration with all that there is beside the incidents."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository)
        study = load_study(settings=Settings())
    out = tmp_path_factory.mktemp("maps")
    analysis = call_a_ward(analyse(study, AnalysisRequest(crime="robbery")))
    folder = write_products(analysis, out)[1]["map"].parent
    write_index(out)
    return folder


class Map:
    """A map that is opened once, and set back between its controls."""

    def __init__(self, opened: Opened) -> None:
        self.page = page = opened.page
        page.evaluate(
            """() => {
              window.print = () => { window.printed += 1; };
              const push = window.history.pushState.bind(window.history);
              window.steps = 0;
              window.history.pushState = (...asked) => { window.steps += 1; push(...asked); };
              const goBy = (how) => new Promise((done) => {
                window.addEventListener('popstate', done, { once: true });
                how();
              });
              window.follow = (link) => goBy(() => {
                if (link) window.location.hash = link;
                else {
                  window.history.replaceState(null, '', window.location.pathname);
                  window.dispatchEvent(new PopStateEvent('popstate'));
                }
              }).then(() => null);
              window.goBack = () => goBy(() => window.history.back()).then(() => null);
            }"""
        )
        page.wait_for_timeout(200)  # until all of it is laid out
        self.folds = page.evaluate("[...document.querySelectorAll('details[open]')].map((one) => one.className)")
        self.ward = page.locator("[data-ward]").first.get_attribute("data-ward")
        self.show("")
        self.opening = self.draw()

    def draw(self) -> Drawn:
        drawn: Drawn = self.page.evaluate(DRAWN, STYLES)
        return drawn

    def show(self, link: str) -> None:
        if not is_phone(self.page):
            self.page.mouse.move(0, 0)
        self.page.evaluate(RESET, [self.folds, link.format(ward=self.ward)])

    def use(self, control: Control, act: Act) -> None:
        """Does it change what it should, and do the button for going back and a link lead where they should?"""
        page = self.page
        self.show(control.link)
        for one in control.first:
            opener = page.locator(one).first
            if not opener.evaluate("(one) => one.matches('details[open] > summary')"):
                tap(page, opener)
        before = self.draw()
        page.evaluate("window.steps = 0")
        act(page, page.locator(control.selector).locator("visible=true").first)
        if "picture" in control.changes:
            page.wait_for_timeout(100)  # a picture is read before it is drawn
        after = self.draw()
        parts = control.changes.replace("(", "").replace(")", "") if not is_phone(page) else control.changes
        wanted = {part for part in parts.split() if "(" not in part}
        assert find_changed(before, after) - (SWAYS - wanted) == wanted
        assert {key: after[key] for key in control.then} == control.then
        if act is control.pointer:
            assert find_unlisted(page, LISTED) == []
        if page.evaluate("window.steps") == 0:
            return
        link, unsaid = page.evaluate("window.location.hash"), UNSAID if control.is_linked else UNSAID | {"card"}
        page.evaluate("window.goBack()")
        assert find_changed(before, self.draw()) - UNSAID == set(), "the button for going back"
        page.evaluate("window.follow", link)
        assert find_changed(after, self.draw()) - unsaid == set(), "the link"


def find_changed(before: Drawn, after: Drawn) -> set[str]:
    return {key for key in before if differs(before[key], after[key], least=0.01 if key == "view" else None)}


def differs(one: Any, other: Any, *, least: float | None) -> bool:
    if least is None:
        return bool(one != other)
    return any(abs(a - b) > least for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("size", SIZES)
def test_every_control_changes_what_it_says_and_nothing_else(folder: Path, open_page: Any, size: str) -> None:
    path = folder / "map.html"
    opened = open_page(path, SIZES[size], has_touch=size == "phone")
    shown = Map(opened)
    for control in CONTROLS:
        ways = {"pointer": control.pointer, "keys": control.keys if size in BY_KEYS else None}
        for way, act in ways.items():
            if act is None or size not in control.on:
                continue
            try:
                shown.use(control, act)
            except Exception as error:
                error.add_note(f"{size}, {way}: {control.selector} {control.link}")
                raise
    shown.show("")
    assert find_changed(shown.opening, shown.draw()) == set()
    assert opened.complaints == []
    assert asked_elsewhere(opened, path) == []


@pytest.mark.parametrize("size", SIZES)
def test_keys_alone_lead_to_every_control_and_show_where_they_are(folder: Path, open_page: Any, size: str) -> None:
    page = open_page(folder / "map.html", SIZES[size]).page
    assert walk_by_keys(page) == []
    page.locator("#layers-button").press("Enter")
    assert walk_by_keys(page) == []
    page.keyboard.press("Escape")
    page.goto(f"{page.url}#compare=r12-before&place=1")
    page.evaluate("for (const one of document.querySelectorAll('aside details')) one.open = true")
    for part in ("html", "aside"):
        assert (
            page.evaluate("(part) => ((e) => e.scrollWidth - e.clientWidth)(document.querySelector(part))", part) <= 0
        )
    assert walk_by_keys(page) == []


@pytest.mark.parametrize("size", SIZES)
def test_it_prints_on_one_sheet_and_the_screen_is_as_before(folder: Path, open_page: Any, size: str) -> None:
    shown = Map(open_page(folder / "map.html", SIZES[size]))
    printed = shown.page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    shown.page.wait_for_timeout(100)
    assert find_changed(shown.opening, shown.draw()) == set()


@pytest.mark.parametrize("name", ["map.html", "times.html", "quality.html", "safety.html", "../../index.html"])
def test_every_link_leads_somewhere(folder: Path, name: str) -> None:
    assert list_dead_links(folder / name) == []


@pytest.mark.parametrize("size", SIZES)
def test_other_pages_are_used_by_pointer_and_by_keys(folder: Path, open_page: Any, size: str) -> None:
    """They have links, and parts that are folded up."""
    for name in ("times.html", "quality.html", "safety.html", "../../index.html"):
        opened = open_page((folder / name).resolve(), SIZES[size], has_touch=size == "phone")
        page = opened.page
        assert find_unlisted(page, ["a[href]", "summary"]) == []
        assert walk_by_keys(page) == [], name
        for summary in page.locator("summary").all():
            for act in (tap, press("Enter")):
                is_open = summary.evaluate("(one) => one.parentElement.open")
                act(page, summary)
                assert summary.evaluate("(one) => one.nextElementSibling.checkVisibility()") != is_open, name
        for link in page.locator("nav a[href^='#']").all():
            tap(page, link)
            assert page.locator(":target").evaluate("(part) => part.getBoundingClientRect().top < window.innerHeight")
        assert opened.complaints == []
