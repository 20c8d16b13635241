"""Numbers, dates and shares as a reader in Britain expects them; the filters of the templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import jinja2


def say_number(value: float, digits: int = 0) -> str:
    """With thousands separators: 6,234."""
    return f"{value:,.{digits}f}"


def say_bound(value: float) -> str:
    """A class bound without needless zeros: 0.5, 20, 1,000."""
    return f"{value:,.10f}".rstrip("0").rstrip(".")


def say_share(share: float | None) -> str:
    """A share of 0-1 as a percentage: whole numbers, one decimal below 10%, never 0% for some, nor 100% for fewer."""
    if share is None:
        return "not known"
    percent = 100 * share
    if 0 < percent < 0.1:
        return "under 0.1%"
    if 99.5 <= percent < 100:
        return f"{min(percent, 99.9):.1f}%"
    return f"{percent:.1f}%" if 0 < percent < 9.95 else f"{percent:.0f}%"


def say_count(n: int, summary: dict[str, Any]) -> str:
    """A number of incidents of the crime in the summary: "1 robbery", "6,803 robberies"."""
    return f"{n:,} {summary['crime_label'].lower() if n == 1 else summary['crime_plural']}"


def say_date(iso: str) -> str:
    """1 October 2024."""
    day = dt.date.fromisoformat(iso)
    return f"{day.day} {day:%B %Y}"


def say_list(words: Sequence[str]) -> str:
    """A, B and C."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def say_status(data_status: dict[str, str]) -> str:
    """What the data say of themselves: "synthetic incidents, schematic boundaries"."""
    return say_list([f"{status} {table}" for table, status in data_status.items()])


def make_environment() -> jinja2.Environment:
    """The environment of the page templates: everything is escaped unless marked safe."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hotspots.products"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "number": say_number,
        "bound": say_bound,
        "share": say_share,
        "count": say_count,
        "date": say_date,
        "listed": say_list,
        "status": say_status,
    }
    environment.filters.update(filters)
    return environment
