"""Opening hours as people write them, to what is known of them in OpenStreetMap syntax."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

Doubt = Literal["unreadable", "no times", "remark", "open end"]
"""Why hours are not known, or only some of them: the text is not understood; it gives days without times; it gives a
remark, or says itself that it is not sure; or it says when a place opens and not when it closes."""

WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY_MINUTES = 1440

_EARLIEST = 8 * 60
"""Before it, hours of a clock face may as well be of the afternoon."""


# What people write, as the letters that the grammar below knows. In order: later words stand in what earlier ones left.
_WORDS = {
    r"<br\s*/?>|[\r\n]+": " ; ",
    r"[_()\s]+": " ",
    r"[\u2010-\u2015\u2212~]": "-",
    r"\b24 ?(?:hours|hrs)(?: a day)?,? ?(?:7|seven) days a week\b": "00:00-24:00",
    r"\b24 ?/ ?7\b|\b24 ?(?:hours|hrs)(?: a day)?\b": "00:00-24:00",
    r"\b(?:daily|every ?day|(?:7|seven) days a week)\b": "mo-su",
    r"\bweekdays?\b": "mo-fr",
    r"\bweekends?\b": "sa,su",
    r"\b(?:bank|public) ?-?(?:holidays?|hols?)\b": "ph",
    r"\b(?:closed|shut)\b": "off",
    r"[,;]? ?\b(?:except|excluding|excl\.?)(?: for| on)? ph\b": "; ph off",
    r"\boff on\b": "off",
    r"\b(?:12 ?)?(?:noon|midday)\b": "12pm",
    r"\b(?:12 ?)?midnight\b": "00:00",
    r"(?<=\d) ?([ap])\.? ?m\b\.?": r"\1m",
    r"(?<=\d) ?hrs?\b": "",
    r" ?-? ?\b(?:till?|until)? ?\blate\b": "+",
    r" ?\b(?:to|till?|until|through|thru)\b ?": "-",
    r" ?(?:\band\b|&) ?": ",",
    r"^open(?:ing)?\b(?: (?:hours|times)\b)? ?:?": "",
}
_DAY_NAMES = (
    r"mo(?:n|ndays?)?",
    r"tu(?:es?|esdays?)?",
    r"we(?:ds?|dnesdays?)?",
    r"th(?:u|urs?|ursdays?)?",
    r"fr(?:i|idays?)?",
    r"sa(?:t|turdays?)?",
    r"su(?:n|ndays?)?",
)
_MONTH_NAMES = (
    *(r"jan(?:uary)?", r"feb(?:ruary)?", r"mar(?:ch)?", r"apr(?:il)?", "may", "june?", "july?", r"aug(?:ust)?"),
    *(r"sept?(?:ember)?", r"oct(?:ober)?", r"nov(?:ember)?", r"dec(?:ember)?"),
)
_SUBSTITUTES = [
    *((re.compile(pattern), word) for pattern, word in _WORDS.items()),
    # A digit may follow at once, as in "Mo09:00"; a letter may not.
    *(
        (re.compile(rf"\b(?:{name})\.?(?![^\W\d_])"), day.lower())
        for name, day in zip(_DAY_NAMES, WEEKDAYS, strict=True)
    ),
    *((re.compile(rf"\b(?:{name})\.?(?![^\W\d_])"), name[:3]) for name in _MONTH_NAMES),
]
_REMARK = "\N{PILCROW SIGN}"

_TIME = r"(?:\d{4}|\d{1,2}(?:[:.]\d\d(?::00)?)?(?:[ap]m)?)(?![\d:.a-z])"
_SPAN = rf"{_TIME}(?: ?- ?{_TIME} ?\+?| ?\+)"
_SPANS = rf"{_SPAN}(?: ?, ?{_SPAN})*"
_DAY = "(?:mo|tu|we|th|fr|sa|su)"
_DAY_ITEM = rf"(?:{_DAY}(?: ?- ?{_DAY})?|ph)"
_DAYS = rf"{_DAY_ITEM}(?: ?[,/] ?{_DAY_ITEM})*"
_DATE = rf"(?:{'|'.join(name[:3] for name in _MONTH_NAMES)})(?: \d\d?(?![\d:.ap]))?"
_DATES = rf"{_DATE}(?: ?- ?{_DATE})?(?: ?, ?{_DATE}(?: ?- ?{_DATE})?)*"
_END = r"(?= ?(?:[;,]|\|\||$))"
_RULE = re.compile(
    rf" ?(?:(?P<off_days>off {_DAYS})|(?P<first_times>{_SPANS}) (?P<last_days>{_DAYS})"
    rf"|(?:(?P<dates>{_DATES}) ?:? ?)?(?:(?P<days>{_DAYS}) ?[:,]? ?)?(?P<times>{_SPANS})?"
    rf"(?P<state> ?(?:off|open|unknown)\b)?(?P<remark>(?: ?{_REMARK})+)?){_END}"
)
_SEPARATOR = re.compile(r" ?(;|,|\|\|)")
_CLOCK_TIME = re.compile(r"(\d{1,2}?)(?:[:.]?(\d\d))?(?::00)?([ap]m)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHours:
    """What is known of opening hours.

    Attributes:
        opening_hours: On the index of the texts, object: what is known, in OpenStreetMap syntax ("Mo-Fr 09:00-17:00; PH
            off"), None where nothing is.
        doubts: On the same index, object: why they are not known, a `Doubt`. Where hours stand beside a doubt, it is of
            other hours of the same place, which are left out as if it were closed then. None where all is known, or
            nothing was stated.
    """

    opening_hours: pd.Series
    doubts: pd.Series


def read_opening_hours(texts: pd.Series) -> KnownHours:
    """Read opening hours in OpenStreetMap syntax or in plain words.

    Read are days of the week, times of the 24-hour clock or with am and pm, months and days of the year, bank holidays
    ("PH"), what is closed, and what stands beside the rest ("||"). Remarks are dropped. A place is never taken to be
    open where the text leaves a doubt: days without times, remarks alone, times that may be of the morning or the
    evening, and whatever else is not understood (weeks, school holidays, the sun) are not known.

    Args:
        texts: Text, or missing where nothing is stated.

    Source: the opening hours specification of OpenStreetMap; read as opening_hours.js does, or not known.
    """
    found = [_read_text(text) if isinstance(text, str) and text.strip() else (None, None) for text in texts]
    hours, doubts = (pd.Series([pair[part] for pair in found], index=texts.index, dtype="object") for part in (0, 1))
    return KnownHours(opening_hours=hours, doubts=doubts)


def join_weekday_hours(days: Mapping[int, pd.Series]) -> pd.Series:
    """Join hours that have a column for each weekday to one text, which `read_opening_hours` takes.

    Args:
        days: Text by day of the week, Monday being 0, on one index: "9am-5pm", "09:00 - 17:00", "Closed", "24 hours",
            or blank where the place does not open that day. Whole hours without am and pm that are of a clock face
            ("9-5.30", "9-1, 2-5") follow each other through one day.

    Returns:
        Text on the same index, object; None where all days are blank.
    """
    columns = [series.astype("object") for _, series in sorted(days.items())]
    names = [WEEKDAYS[day] for day in sorted(days)]
    return pd.Series(
        [_join_days(dict(zip(names, cells, strict=True))) for cells in zip(*columns, strict=True)],
        index=columns[0].index,
        dtype="object",
    )


def _join_days(cells: Mapping[str, object]) -> str | None:
    days_of: dict[str, list[str]] = {}
    for day, cell in cells.items():
        if isinstance(cell, str) and cell.strip():
            days_of.setdefault(_say_day_hours(cell), []).append(day)
    return "; ".join(f"{','.join(days)} {hours}" for hours, days in days_of.items()) or None


def _say_day_hours(cell: str) -> str:
    """The hours of one day as those of a rule; what is not understood leaves the other days what they are."""
    hours = _say_half_of_day(cell.replace(";", ","))
    return hours if _read_text(f"mo {hours}")[1] != "unreadable" else "unknown"


def _say_half_of_day(words: str) -> str:
    """Hours of a clock face as those of one day: each is the next after the one before, the first of a morning."""
    plain = _substitute(words)
    if not re.fullmatch(_SPANS, plain) or re.search(r"[ap]m|\+|(?<![\d:.])0|\d{4}", plain):
        return words
    minutes = [minute for time in re.findall(_TIME, plain) if (minute := _read_clock(time)[0]) is not None]
    if not _EARLIEST <= minutes[0] < 13 * 60 or max(minutes) >= 13 * 60:
        return words
    for position in range(1, len(minutes)):
        minutes[position] += 12 * 60 * (minutes[position] <= minutes[position - 1])
    if len(minutes) % 2 or any(later <= former for former, later in itertools.pairwise(minutes)):
        return words
    return ",".join(_say_span(*span) for span in zip(minutes[::2], minutes[1::2], strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One stretch of the text: on these days, open in these spans of minutes, or shut.

    `days` are weekdays, -1 being bank holidays; empty for every day. Without spans it is shut all day.
    """

    separator: str
    dates: str
    days: frozenset[int]
    spans: tuple[tuple[int, int], ...]
    is_off: bool
    doubt: Doubt | None


@functools.lru_cache(maxsize=4096)
def _read_text(text: str) -> tuple[str | None, Doubt | None]:
    """What is known, and why not more is."""
    rules = _parse_rules(text)
    if not rules:
        return None, "no times" if rules == [] else "unreadable"
    doubts = [rule.doubt for rule in rules if rule.doubt]
    doubt = min(doubts, key=get_args(Doubt).index, default=None)
    said: list[str] = []
    covered: set[int] = set()
    for rule in rules:
        is_beside = rule.separator in (",", "||")
        days = set(rule.days) or set(range(-1, 7))
        if not (is_beside and not rule.spans and (rule.doubt or rule.separator == "||")):
            said.append(_say_rule(rule, is_first=not said))
        elif rule.separator == "," and days & covered:
            # Doubtful hours that lie over sure ones may take some of them away.
            return None, "unreadable"
        covered |= days
    if not any(rule.spans and not rule.is_off for rule in rules) and (doubts or not covered >= set(range(7))):
        return None, doubt or "no times"
    hours = "".join(said)
    return ("24/7" if hours == "Mo-Su 00:00-24:00" else hours), doubt


def _substitute(text: str) -> str:
    text = re.sub(r'"[^"]*"', _REMARK, re.sub("[“”„]", '"', text.casefold()))
    for pattern, word in _SUBSTITUTES:
        text = pattern.sub(word, text)
    return text.strip(" ;,.")


def _parse_rules(text: str) -> list[_Rule] | None:
    """The rules of a text in order; None if it is not understood."""
    rest = _substitute(text)
    is_of_24_hours = re.search(r"(?<![\d:.])(?:1[3-9]|2\d|00)(?:[:.]?\d\d)?(?![\dap])", rest) is not None
    rules: list[_Rule] = []
    separator, position = ";", 0
    while position < len(rest):
        match = _RULE.match(rest, position)
        rule = _make_rule(match, separator, is_of_24_hours=is_of_24_hours) if match and match[0].strip() else None
        # Later rules without a day would hold for every day; opening_hours.js and people take them otherwise.
        if rule is None or (rules and not rule.days and not rule.dates and (separator != "||" or rule.spans)):
            return None
        rules.append(rule)
        between = _SEPARATOR.match(rest, match.end())
        separator, position = (between[1].strip(), between.end()) if between else (";", len(rest))
    return rules


def _make_rule(match: re.Match[str], separator: str, *, is_of_24_hours: bool) -> _Rule | None:
    """The rule that a stretch of text is; None where its times or its days are not clear."""
    named = match["days"] or match["last_days"] or match["off_days"] or ""
    days = _read_days(named.removeprefix("off "))
    dates = (match["dates"] or "").strip()
    times = match["times"] or match["first_times"] or ""
    state = "off" if match["off_days"] else (match["state"] or "").strip()
    if dates and -1 in days:
        return None
    spans: list[tuple[int, int]] = []
    is_open_ended = "+" in times
    for span in times.split(",") if times else ():
        start, _, end = span.replace("+", "").partition("-")
        if not end:
            continue
        minutes = _read_span(start.strip(), end.strip(), is_of_24_hours=is_of_24_hours)
        if minutes is None:
            return None
        spans.append(minutes)
    doubt: Doubt | None = None
    if state == "off":
        if is_open_ended:
            return None
    elif state == "unknown" or (match["remark"] and state != "open"):
        spans, doubt = [], "remark"
    elif is_open_ended:
        doubt = "open end"
    elif not times:
        doubt = "no times"
    return _Rule(separator=separator, dates=dates, days=days, spans=tuple(spans), is_off=state == "off", doubt=doubt)


def _read_days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for item in re.split("[,/]", text.replace(" ", "")) if text else ():
        first, _, last = item.partition("-")
        if first == "ph":
            days.add(-1)
            continue
        low = WEEKDAYS.index(first.title())
        high = WEEKDAYS.index((last or first).title())
        days.update(day % 7 for day in range(low, high + 1 + 7 * (high < low)))
    return frozenset(days)


def _read_span(start: str, end: str, *, is_of_24_hours: bool) -> tuple[int, int] | None:
    """Minutes since midnight, the second after the first by a day at most; None where they are not clear."""
    (first, first_half), (last, last_half) = _read_clock(start), _read_clock(end)
    if first is None or last is None or first >= _DAY_MINUTES:
        return None
    noon = 12 * 60
    if last_half and not first_half and not (last_half == "pm" and (first >= last - noon) and first >= noon // 2):
        return None
    if first_half and not last_half and 0 < last <= noon:
        return None
    if (last_half and last == noon and first >= noon) or (first_half and first == 0):
        # "12 pm" at the end of an afternoon is meant to be midnight; "12 am" at the start may be noon.
        return None
    is_clock_face = not (first_half or last_half or is_of_24_hours or start.startswith("0") or end.startswith("0"))
    if is_clock_face and last <= noon and (last < first or first < _EARLIEST):
        return None
    if last == first:
        return None
    if last < first:
        last += _DAY_MINUTES
    return (first, last) if last - first <= _DAY_MINUTES else None


def _read_clock(text: str) -> tuple[int | None, str | None]:
    """Minutes since midnight, and the half of the day that is named."""
    match = _CLOCK_TIME.fullmatch(text)
    if match is None:
        return None, None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if minute > 59 or (half and not 1 <= hour <= 12) or hour * 60 + minute > 2 * _DAY_MINUTES:
        return None, None
    return (hour % 12 + 12 * (half == "pm") if half else hour) * 60 + minute, half


def _say_rule(rule: _Rule, *, is_first: bool) -> str:
    """A rule in OpenStreetMap syntax; bank holidays get one of their own, so that dates can be put in their place."""
    separator = "" if is_first else "; " if rule.separator == ";" else ", "
    spans = ",".join(_say_span(*span) for span in rule.spans)
    times = f"{spans} off".strip() if rule.is_off or not spans else spans
    weekdays = _say_days(rule.days - {-1})
    whose = [weekdays] if weekdays else [] if rule.days or rule.dates else ["Mo-Su"]
    if -1 in rule.days:
        whose.append("PH")
    dates = [rule.dates.title()] if rule.dates else []
    parts = [" ".join([*dates, days, times]) for days in whose] or [" ".join([*dates, times])]
    return separator + ("; " if rule.separator == ";" else ", ").join(parts)


def _say_days(days: frozenset[int]) -> str:
    stretches: list[list[int]] = []
    for day in sorted(days):
        if stretches and stretches[-1][-1] == day - 1:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    return ",".join(
        f"{WEEKDAYS[days[0]]}-{WEEKDAYS[days[-1]]}" if len(days) > 2 else ",".join(WEEKDAYS[day] for day in days)
        for days in stretches
    )


def _say_span(first: int, last: int) -> str:
    last = last if last <= _DAY_MINUTES else last - _DAY_MINUTES
    return f"{first // 60:02d}:{first % 60:02d}-{last // 60:02d}:{last % 60:02d}"
