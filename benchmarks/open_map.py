"""How soon a map opens, and how large it is: `python -m benchmarks.open_map MAP.html [MAP.html ...]`.

Chromium opens each page from disk several times, also on a processor four times as slow, with the network cut. Times
are medians: the first picture is the browser's first contentful paint; the page is ready when its script has run, and
whatever is on it can be clicked. Sizes are held against limits by tests, times are not: they are of a machine.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

N_TIMES = 5
SLOWER = (1, 4)
_MEASURE = """() => ({
  painted: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  ready: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
  heap: performance.memory.usedJSHeapSize,
})"""


def open_map(browser: Any, path: Path, slower: int) -> tuple[float, float, float]:
    """Milliseconds to the first picture and until the page is ready, and megabytes that its script holds."""
    found = []
    for _ in range(N_TIMES):
        page = browser.new_page(viewport={"width": 1366, "height": 768}, offline=True)
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
        page.goto(path.resolve().as_uri(), wait_until="load")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        found.append(page.evaluate(_MEASURE))
        page.close()
    painted, ready, heap = (statistics.median(one[key] for one in found) for key in ("painted", "ready", "heap"))
    return painted, ready, heap / 1e6


def main(paths: Sequence[str]) -> None:
    """Print a line for each map and speed."""
    print(f"{'map':40}{'kB':>8}{'slower':>8}{'picture ms':>12}{'ready ms':>10}{'heap MB':>9}")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for text in paths:
            for slower in SLOWER:
                painted, ready, heap = open_map(browser, Path(text), slower)
                size = Path(text).stat().st_size / 1000
                print(f"{text[-38:]:40}{size:8,.0f}{slower:8}{painted:12,.0f}{ready:10,.0f}{heap:9,.1f}")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
