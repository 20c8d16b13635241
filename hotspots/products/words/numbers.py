"""Numbers, dates, shares and lists as a reader in Britain expects them; the filters of the templates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from jinja2.runtime import LoopContext

from hotspots.analysis.hours import DAY_NAMES

_WHOLE_FROM = 20
_MINUS = "\N{MINUS SIGN}"


def say_number(value: float, digits: int = 0) -> str:
    """With thousands separators: 6,234."""
    return f"{value:,.{digits}f}"


def say_signed(value: float) -> str:
    """A whole number with its sign: +1,240, 0, or with a true minus."""
    whole = round(value)
    return f"+{whole:,}" if whole > 0 else f"{whole:,}".replace("-", _MINUS)


def say_bound(value: float) -> str:
    """A class bound without needless zeros: 0.5, 20, 1,000."""
    return f"{value:,.10f}".rstrip("0").rstrip(".")


def say_plain(value: float) -> str:
    """A number that somebody chose, as it was chosen: 400, 0.5."""
    return f"{value:g}"


def say_digits(value: float, digits: int = 3) -> str:
    """Rounded to so many digits that count: 29,800."""
    return f"{float(f'{value:.{digits}g}'):,.0f}"


def say_times(factor: float) -> str:
    """A multiple, no more exact than anyone can use: "4.7", "45", "1,000"."""
    return f"{factor:.1f}" if factor < 10 else say_digits(factor, 2)


def say_sum(n: float) -> str:
    """A sum of weights as a reader wants it: to one decimal below 20, whole from there: 12, 12.5, 3,009."""
    return f"{n:,.1f}".removesuffix(".0") if n < _WHOLE_FROM else f"{n:,.0f}"


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


def say_round_share(share: float) -> str:
    """A share that somebody chose, as it was chosen: 5%, 1%, 99.7%."""
    return f"{100 * share:.3g}%"


def say_change(percent: int | None) -> str:
    """A change in percent with its sign: "+31%", "-14%"; a dash where there were too few for one."""
    if percent is None:
        return "-"
    return f"+{percent}%" if percent > 0 else f"{_MINUS}{-percent}%" if percent else "0%"


def say_p(p: float) -> str:
    """A probability with the precision that anyone can use: "p 0.031", "p under 0.001"."""
    return "p under 0.001" if p < 0.001 else f"p {p:.2g}" if p < 0.1 else f"p {p:.2f}"


def split_estimate(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    """A ratio and its limits: ("1.3", "1.2 to 1.4"), ("over 2.1", ""), or ("", "") where there is nothing to compare.

    One digit where the limits are wide, unless they would run together with no difference.
    """
    if high is None and not low:
        return "", ""
    is_wide = value is None or high is None or high - (low or 0) >= 0.5
    digits = 1 if is_wide and 1.0 not in (round(low or 0, 1), round(high or 0, 1)) else 2
    if value is None or high is None:
        return f"over {low:.{digits}f}", ""
    return f"{value:.{digits}f}", f"{low or 0:.{digits}f} to {high:.{digits}f}"


def say_estimate(value: float | None, low: float | None, high: float | None) -> str:
    """A ratio with its limits: "1.3 (1.2 to 1.4)"; a dash where there is nothing to compare."""
    said, limits = split_estimate(value, low, high)
    return f"{said} ({limits})" if limits else said or "-"


def say_date(day: dt.date) -> str:
    """1 October 2024."""
    return f"{day.day} {day:%B %Y}"


def say_month(month: str) -> str:
    """September 2026."""
    return f"{dt.date.fromisoformat(f'{month}-01'):%B %Y}"


def say_clock(minute: int) -> str:
    """A time of day as children read a clock: 3 pm, 4:30 pm, noon, midnight."""
    hour, rest = divmod(minute % 1440, 60)
    if not rest and hour % 12 == 0:
        return "noon" if hour else "midnight"
    return f"{(hour - 1) % 12 + 1}{f':{rest:02d}' if rest else ''} {'pm' if hour >= 12 else 'am'}"


def say_four_hours(first: int) -> str:
    """The four hours of the day that begin with this one: 22:00-01:59."""
    return f"{first:02d}:00-{(first + 3) % 24:02d}:59"


def say_duration(minutes: int) -> str:
    """Minutes as people plan them: "45 minutes", "1 hour", "5 hours 15 minutes"."""
    hours, rest = divmod(minutes, 60)
    said = [f"{n} {unit}{'s' if n != 1 else ''}" for n, unit in ((hours, "hour"), (rest, "minute")) if n]
    return " ".join(said) or "0 minutes"


def shorten_days(words: str) -> str:
    """The words of a window where there is little room: "Mon to Fri 15:00-17:59"."""
    for name in DAY_NAMES:
        words = words.replace(f"{name}s", name[:3])
    return words


def say_distance_band(edges: list[float], index: int) -> str:
    """One band of distance: "same place", "up to 200 m", "200 to 400 m"."""
    low, high = (edges[index - 1] if index else 0.0), edges[index]
    if index == 0 and high <= 1:
        return "same place"
    return f"{low:g} to {high:g} m" if low > 1 else f"up to {high:g} m"


def say_list(words: Sequence[str]) -> str:
    """A, B and C."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def say_between(loop: LoopContext, n_more: int = 0) -> str:
    """What follows an item of a list that a template writes: a comma, "and", or how many more there are."""
    if loop.last:
        return f" and {n_more:,} more" if n_more > 0 else ""
    return ", " if n_more > 0 or loop.revindex > 2 else " and "


def say_status(data_status: dict[str, str]) -> str:
    """What the data say of themselves: "synthetic incidents and streets, and schematic boundaries"."""
    tables: dict[str, list[str]] = {}
    for table, status in data_status.items():
        tables.setdefault(status, []).append(table)
    groups = [f"{status} {say_list(those)}" for status, those in tables.items()]
    return ", and ".join(groups) if any(len(those) > 1 for those in tables.values()) else say_list(groups)


def say_verdict(verdict: str) -> tuple[str, str]:
    """The class and the symbol of a verdict: fewer point down, more point up, two where it is clear."""
    if "improving" in verdict:
        return "fewer", "▼▼" if "clearly" in verdict else "▼"
    if "deteriorating" in verdict:
        return "more", "▲▲" if "clearly" in verdict else "▲"
    return "same", "="


def capitalise(text: str) -> str:
    """With its first letter large and all others as they are; what is marked safe stays so."""
    return text[:1].upper() + text[1:]
