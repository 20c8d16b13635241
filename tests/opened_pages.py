"""Pages in headless Chromium with the network cut off: opened, walked through by keys, and their links followed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hotspots.pipeline.results import Analysis
from hotspots.pipeline.times import Change

SIZES = {"projector": (1920, 1080), "desktop": (1366, 768), "phone": (390, 844)}
CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex], .leaflet-interactive"
"""Whatever can be used, by keys or by a pointer alone."""


@dataclass
class Opened:
    """A page that was opened, with all it asked for and all it complained of."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def open_pages(browser: Any) -> Iterator[Any]:
    """Gives a function that opens a page at a size, and closes what it opened at the end."""
    contexts = []

    def open_at(path: Path, size: tuple[int, int] = (1440, 900), *, link: str = "", has_touch: bool = False) -> Opened:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, offline=True, has_touch=has_touch, is_mobile=has_touch
        )
        contexts.append(context)
        opened = Opened(context.new_page())
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.on("console", lambda message: opened.complaints.append(message.text))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("dialog", lambda dialog: dismiss(dialog, opened))
        opened.page.goto(path.as_uri() + link)
        opened.page.wait_for_selector(".leaflet-control-scale-line" if path.name == "map.html" else "h1")
        return opened

    yield open_at
    for context in contexts:
        context.close()


def dismiss(dialog: Any, opened: Opened) -> None:
    opened.complaints.append(f"a dialog: {dialog.message}")
    dialog.dismiss()


def asked_elsewhere(opened: Opened, path: Path) -> list[str]:
    return [url for url in opened.requests if url.partition("#")[0] != path.as_uri() and not url.startswith("data:")]


def find_unlisted(page: Any, listed: Iterable[str]) -> list[str]:
    """What on a page can be used and is not among these selectors."""
    unlisted: list[str] = page.evaluate(
        """([controls, listed]) => [...document.querySelectorAll(controls)]
          .filter((one) => one.getAttribute('tabindex') !== '-1' && !listed.some((selector) => one.matches(selector)))
          .map((one) => one.outerHTML.slice(0, 120))""",
        [CONTROLS, list(listed)],
    )
    return unlisted


_STOP = """() => {
  const one = document.activeElement;
  if (one === document.body) return '';
  if (window.stops.includes(one)) return null;
  window.stops.push(one);
  const shown = one.closest('label') || one, box = shown.getBoundingClientRect(), said = one.outerHTML.slice(0, 90);
  const tops = [0.1, 0.5, 0.9].flatMap((right) => [0.1, 0.5, 0.9].map((down) => (
    document.elementFromPoint(box.x + right * box.width, box.y + down * box.height)))).filter(Boolean);
  if (!tops.length) return `is not in view: ${said}`;
  const isBehindPanel = tops.some((top) => top.closest('#layers')); // which the key Escape closes
  if (!isBehindPanel && !tops.some((top) => shown.contains(top))) {
    return `is covered by ${tops[0].outerHTML.slice(0, 60)}: ${said}`;
  }
  const styles = [one, ...shown.querySelectorAll('*')].map((element) => getComputedStyle(element));
  return styles.some(({ outlineStyle }) => outlineStyle !== 'none')
    ? '' : `does not show that it has the focus: ${said}`;
}"""


def walk_by_keys(page: Any) -> list[str]:
    """What is wrong with the way through a page by the key Tab: what is missed, out of view, covered or not marked."""
    page.evaluate("window.stops = []; document.activeElement.blur(); window.scrollTo(0, 0)")
    faults: list[str] = []
    while True:
        page.keyboard.press("Tab")
        fault = page.evaluate(_STOP)
        if fault is None:
            break
        faults += [fault] if fault else []
    missed: list[str] = page.evaluate(
        """(controls) => [...document.querySelectorAll(controls)].filter((one) => one.tabIndex >= 0
          && one.checkVisibility({ visibilityProperty: true }) && !window.stops.includes(one)
          && !(one.type === 'radio' && window.stops.some((stop) => stop.name === one.name)))
          .map((one) => `is not reached: ${one.outerHTML.slice(0, 90)}`)""",
        CONTROLS,
    )
    return faults + missed


def list_dead_links(path: Path) -> list[str]:
    """The links of a page that lead to nothing: not a file beside it, or not a part of that file."""
    dead = []
    text = re.sub("<script>.*?</script>", "", path.read_text("utf-8"), flags=re.DOTALL)
    for link in sorted(set(re.findall(r'<a [^>]*?href="([^"]+)"', text))):
        name, _, part = unquote(link).partition("#")
        led_to = path.parent / name if name else path
        if not led_to.is_file() or (part and f'id="{part}"' not in led_to.read_text("utf-8")):
            dead.append(link)
    return dead


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
