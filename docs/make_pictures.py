"""Take the pictures of the documentation: run the demonstration and photograph its pages in Chromium.

python docs/make_pictures.py
"""

from __future__ import annotations

import io
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Page, sync_playwright

REPOSITORY = Path(__file__).parents[1]
PICTURES = Path(__file__).with_name("pictures")
MAX_BYTES = 150_000
N_COLOURS = 256

COMMANDS = (
    "run --crime robbery",
    "run --crime robbery --audience public",
    "performance",
    "operation --crime robbery --treated-ward 'Lewisham Central' --from 2025-10-01 --to 2026-09-30 --buffer 300",
    "havens siting --crime robbery --new 3",
    "brief --crime robbery --ward 'Lewisham Central'",
    "brief --tasking",
    "patrol plan --crime robbery --date 2026-10-02 --shift 14:00-22:00 --patrols 4 --by car",
)


class Picture(NamedTuple):
    """What is photographed: a page of the products, from one of its elements down."""

    name: str
    page: str
    anchor: str = "body"
    width_px: int = 1000
    height_px: int = 640


SHOWN = (
    Picture("map", "robbery/*/map.html#when=4-4.15-17", width_px=1440, height_px=900),
    Picture("hours", "robbery/*/times.html", "#hours"),
    Picture("change", "robbery/*/times.html", "#change", height_px=540),
    Picture("quality", "robbery/*/quality.html"),
    Picture("performance", "performance/*/performance.html"),
    Picture("operation", "operation/*/operation.html"),
    Picture("havens", "havens/*/havens.html"),
    Picture("brief", "briefs/*/brief.html"),
    Picture("compare", "robbery/*/map.html#compare=r12-before&side=both", width_px=1440, height_px=900),
    Picture("tactical", "tactical/*/tactical.html", "#part-2"),
    Picture("public", "public/*/public.html", width_px=1180, height_px=760),
    Picture("patrol", "patrols/*/card.html", "#patrol-1"),
)


def make_products(out: Path) -> None:
    """Run the demonstration as a user would."""
    for command in COMMANDS:
        arguments = [sys.executable, "-m", "hotspots", *shlex.split(command), "--out", str(out)]
        subprocess.run(arguments, cwd=REPOSITORY, check=True)  # noqa: S603 - what is run is the list above


def take(page: Page, picture: Picture, products: Path) -> bytes:
    """One picture as PNG."""
    name, _, link = picture.page.partition("#")
    (path,) = products.glob(name)
    page.goto(f"{path.as_uri()}#{link}" if link else path.as_uri(), wait_until="networkidle")
    page.wait_for_timeout(500)  # the map fits itself to its wards
    page.locator(picture.anchor).first.evaluate("element => element.scrollIntoView()")
    return page.screenshot()


def write_picture(png: bytes, path: Path) -> int:
    """Write a picture in as few colours as its pages use, but for the edges of letters; its size in bytes."""
    with Image.open(io.BytesIO(png)) as image:
        small = image.convert("RGB").quantize(N_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    return path.stat().st_size


def main() -> None:
    """Write every picture, and fail if one is too large for a page that is read over a slow network."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        make_products(Path(folder))
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        sizes = {}
        for picture in SHOWN:
            page = chromium.new_page(viewport={"width": picture.width_px, "height": picture.height_px})
            png = take(page, picture, Path(folder))
            sizes[picture.name] = write_picture(png, PICTURES / f"{picture.name}.png")
        chromium.close()
    if too_large := [name for name, size in sizes.items() if size > MAX_BYTES]:
        sys.exit(f"Larger than {MAX_BYTES:,} bytes: {', '.join(too_large)}. Give them a smaller width_px or height_px.")


if __name__ == "__main__":
    main()
