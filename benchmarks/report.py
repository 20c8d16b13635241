"""The page of the documentation that benchmarks write: `docs/performance.md`, each part between two marks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.process import REPOSITORY

PAGE = REPOSITORY / "docs" / "performance.md"
PICTURES = PAGE.parent / "pictures"


def fill_part(text: str, part: str, lines: Sequence[str]) -> str:
    """The page with these lines between the marks of a part.

    Raises:
        ValueError: The page has no such part.
    """
    found, n = re.subn(
        rf"(<!-- {part} -->\n).*(<!-- end of {part} -->)",
        lambda marks: marks[1] + "\n".join(lines) + "\n" + marks[2],
        text,
        flags=re.DOTALL,
    )
    if n != 1:
        raise ValueError(f"The page has no part {part}.")
    return found


def write_part(part: str, lines: Sequence[str], chart: str) -> None:
    """Write a part of the page, and the chart that the page shows beside it, `docs/pictures/<part>.svg`."""
    PAGE.write_text(fill_part(PAGE.read_text("utf-8"), part, lines), "utf-8")
    (PICTURES / f"{part.replace(' ', '_')}.svg").write_text(chart, "utf-8")
