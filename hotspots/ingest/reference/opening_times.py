"""Opening hours as people write them, to what is known of them in OpenStreetMap syntax."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

import pandas as pd

SunTime = Literal["dawn", "sunrise", "sunset", "dusk"]
"""What the sun does, each day at another time."""

Doubt = Literal["unreadable", "no times", "remark", "open end", "lapsed"]
"""Why hours are not known, or only some of them: the text is not understood; it gives days without times; it gives a
remark, or says itself that it is not sure; it says when a place opens and not when it closes; or it was last checked
too long ago."""

BANK_HOLIDAY, SCHOOL_HOLIDAY = -1, -2
_HOLIDAYS = {"ph": BANK_HOLIDAY, "sh": SCHOOL_HOLIDAY}
WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY_MINUTES, _NOON = 1440, 720
_SUN_TIMES = frozenset(get_args(SunTime))

_EARLIEST = 8 * 60
"""Before it, hours of a clock face may as well be of the afternoon."""

LATEST_END = 8 * 60
"""Until then an evening without an end may last, by opening_hours.js; what opens before may not be sure."""


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
    r"\b(?:school) ?-?(?:holidays?|hols?|vacations?)\b": "sh",
    r"\b(?:closed|shut)\b": "off",
    r"[,;]? ?\b(?:except|excluding|excl\.?)(?: for| on| in)? ([ps]h)\b": r"; \1 off",
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
_MONTHS = tuple(name[:3] for name in _MONTH_NAMES)
_SUBSTITUTES = [
    *((re.compile(pattern), word) for pattern, word in _WORDS.items()),
    # A digit may follow at once, as in "Mo09:00"; a letter may not.
    *(
        (re.compile(rf"\b(?:{name})\.?(?![^\W\d_])"), day.lower())
        for name, day in zip(_DAY_NAMES, WEEKDAYS, strict=True)
    ),
    *((re.compile(rf"\b(?:{name})\.?(?![^\W\d_])"), month) for name, month in zip(_MONTH_NAMES, _MONTHS, strict=True)),
]
_REMARK = "\N{PILCROW SIGN}"

_TIME = r"(?:\d{4}|\d{1,2}(?:[:.]\d\d(?::00)?)?(?:[ap]m)?|dawn|sunrise|sunset|dusk)(?![\d:.a-z])"
_SPAN = rf"{_TIME}(?: ?- ?{_TIME} ?\+?| ?\+)"
_SPANS = rf"{_SPAN}(?: ?, ?{_SPAN})*"
_DAY = "(?:mo|tu|we|th|fr|sa|su)"
_DAY_ITEM = rf"(?:{_DAY}(?: ?- ?{_DAY})?|ph|sh)"
_DAYS = rf"{_DAY_ITEM}(?: ?[,/] ?{_DAY_ITEM})*"
_MONTH = f"(?:{'|'.join(_MONTHS)})"
_DATE = rf"(?:{_MONTH}(?: \d\d?(?![\d:.ap]))?)"
_DATE_ITEM = rf"{_DATE}(?: ?- ?(?:{_DATE}|\d\d?(?![\d:.ap])))?"
_DATES = rf"{_DATE_ITEM}(?: ?, ?{_DATE_ITEM})*"
_RULE = re.compile(
    rf" ?(?:(?P<off_days>off {_DAYS})|(?P<first_times>{_SPANS}) (?P<last_days>{_DAYS})(?= ?(?:;|$))"
    rf"|(?:(?P<dates>{_DATES}) ?:? ?)?(?P<within>sh:? (?={_DAY}))?(?:(?P<days>{_DAYS}) ?[:,]? ?)?(?P<times>{_SPANS})?"
    rf"(?P<state> ?(?:off|open|unknown)\b)?(?P<remark>(?: ?{_REMARK})+)?)(?= ?(?:[;,]|\|\||$))"
)
_SEPARATOR = re.compile(r" ?(;|,|\|\|)")
_CLOCK_TIME = re.compile(r"(\d{1,2}?)(?:[:.]?(\d\d))?(?::00)?([ap]m)?")
# Two digits that no clock face has; not the minutes of a time.
_HOUR_OF_24 = re.compile(r"(?<![\d:.])(?:1[3-9]|2\d|00)(?:[:.]?\d\d)?(?![\dap])")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRule:
    """When a place is open, or closed, or may be open, on some days. Later rules go before earlier ones.

    Attributes:
        dates: First and last day of each stretch of the year, as 100 x month + day, 1225 being Christmas; empty for the
            whole year. A stretch whose last day is before its first runs over New Year.
        days: Days of the week, Monday being 0; `BANK_HOLIDAY` among them adds bank holidays, and `SCHOOL_HOLIDAY`
            school holidays, whatever day they are.
        spans: First and last minute of each stretch, since midnight at which the day begins: from 0 to 1439, and up to
            1440 later. Empty where the whole day is meant.
        is_off: Whether it is closed then, and not open.
        is_added: Whether the hours are added to those of earlier rules of the day, and do not take their place.
        is_unknown: Whether it is not known whether it is open then.
        open_ends: Minutes from which it is not known how long it stays open.
        is_in_school_holidays: Whether it is for school holidays alone.
        sun_spans: Stretches from or until something that the sun does; the other end may be a minute since midnight.
            One whose end comes before its start lasts into the next morning.
    """

    dates: tuple[tuple[int, int], ...]
    days: frozenset[int]
    spans: tuple[tuple[int, int], ...]
    is_off: bool
    is_added: bool
    is_unknown: bool = False
    open_ends: tuple[int, ...] = ()
    is_in_school_holidays: bool = False
    sun_spans: tuple[tuple[int | SunTime, int | SunTime], ...] = ()

    @property
    def replaces(self) -> bool:
        """Whether earlier rules do not hold on its days."""
        has_hours = self.spans or self.sun_spans or self.open_ends or self.is_unknown
        return not has_hours or not (self.is_off or self.is_added)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHours:
    """What is known of opening hours.

    Attributes:
        opening_hours: On the index of the texts, object: what is known, in OpenStreetMap syntax ("Mo-Fr 09:00-17:00; PH
            off"), None where nothing is.
        doubts: On the same index, object: why they are not known, a `Doubt`. Where hours stand beside a doubt, it is of
            other hours of the same place, of which they say so ("Sa unknown", "18:00+"). None where all is known, or
            nothing was stated.
    """

    opening_hours: pd.Series
    doubts: pd.Series


def read_opening_hours(texts: pd.Series) -> KnownHours:
    """Read opening hours in OpenStreetMap syntax or in plain words.

    Read are days of the week, times of the 24-hour clock or with am and pm, months and days of the year, bank holidays
    ("PH") and school holidays ("SH"), dawn, sunrise, sunset and dusk, what is closed, and what stands beside the rest
    ("||"). Remarks are dropped. A place is never taken to be open where the text leaves a doubt: days without times,
    remarks alone, times that may be of the morning or the evening, and whatever else is not understood (weeks, minutes
    before sunset) are not known.

    Args:
        texts: Text, or missing where nothing is stated.

    Source: the opening hours specification of OpenStreetMap; read as opening_hours.js does, or not known.
    """
    found = [_read_text(text) if isinstance(text, str) and text.strip() else ((), None) for text in texts]
    return KnownHours(
        opening_hours=pd.Series([_say_rules(rules) for rules, _ in found], index=texts.index, dtype="object"),
        doubts=pd.Series([doubt for _, doubt in found], index=texts.index, dtype="object"),
    )


def list_opening_rules(hours: str) -> tuple[OpeningRule, ...]:
    """What is known of opening hours as rules, later ones before earlier ones; none where nothing is known.

    Args:
        hours: As `read_opening_hours` takes and gives them.
    """
    return _read_text(hours)[0]


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
    times = re.findall(_TIME, plain)
    minutes = [minute for time in times if (minute := _read_clock(time)[0]) is not None]
    if len(minutes) < len(times) or not _EARLIEST <= minutes[0] < _NOON + 60 or max(minutes) >= _NOON + 60:
        return words
    for position in range(1, len(minutes)):
        minutes[position] += _NOON * (minutes[position] <= minutes[position - 1])
    if len(minutes) % 2 or any(later <= former for former, later in itertools.pairwise(minutes)):
        return words
    return ",".join(_say_span(*span) for span in zip(minutes[::2], minutes[1::2], strict=True))


@functools.lru_cache(maxsize=4096)
def _read_text(text: str) -> tuple[tuple[OpeningRule, ...], Doubt | None]:
    """What is known, and why not more is."""
    found = _parse_rules(text)
    if found is None:
        return (), "unreadable"
    rules: list[OpeningRule] = []
    doubts: list[Doubt] = []
    for separator, rule, doubt in found:
        if doubt and rule.is_added and any(_may_meet(rule, earlier, separator) for earlier in rules):
            # Doubtful hours that lie over sure ones may take some of them away.
            return (), "unreadable"
        if separator == "||" and (rule.spans or rule.sun_spans) and (doubts or rule.is_off):
            return (), "unreadable"
        if doubt:
            doubts.append(doubt)
        if separator != "||" or rule.spans or rule.sun_spans:
            rules.append(rule)
    spans = [span for rule in rules if not (rule.is_off or rule.is_unknown) for span in rule.spans]
    days = {day for _, rule, _ in found for day in rule.days}
    has_sun = any(rule.sun_spans and not rule.is_off for rule in rules)
    if not (spans or has_sun) and (doubts or not days >= set(range(7))):
        return (), min(doubts, key=get_args(Doubt).index, default="no times")
    if "open end" in doubts and (has_sun or min(spans)[0] < LATEST_END):
        return (), "open end"
    return tuple(rules), min(doubts, key=get_args(Doubt).index, default=None)


def _may_meet(doubtful: OpeningRule, sure: OpeningRule, separator: str) -> bool:
    """Whether two rules may be for the same hours; a holiday may be any day, and "||" is for other hours."""
    if separator == "||":
        return bool(sure.sun_spans) or any(last > _DAY_MINUTES for _, last in sure.spans)
    return bool(doubtful.days & sure.days) or min(doubtful.days | sure.days) < 0


def _substitute(text: str) -> str:
    text = re.sub(r'"[^"]*"', _REMARK, re.sub("[“”„]", '"', text.casefold()))
    for pattern, word in _SUBSTITUTES:
        text = pattern.sub(word, text)
    return text.strip(" ;,.")


def _parse_rules(text: str) -> list[tuple[str, OpeningRule, Doubt | None]] | None:
    """The rules of a text in order, each with what stands before it and the doubt in it; None if not understood."""
    rest = _substitute(text)
    found: list[tuple[str, OpeningRule, Doubt | None]] = []
    separator, position = ";", 0
    while position < len(rest):
        match = _RULE.match(rest, position)
        if not match or not match[0].strip():
            return None
        # Later rules without a day would hold for every day; opening_hours.js and people take them otherwise.
        names_days = any(match[part] for part in ("dates", "days", "last_days", "off_days"))
        if not names_days and found and (separator != "||" or match["times"]):
            return None
        if match["first_times"] and separator == ",":
            return None
        rule = _make_rule(match, is_added=separator != ";", is_of_24_hours=bool(_HOUR_OF_24.search(rest)))
        if rule is None:
            return None
        found.append((separator, *rule))
        between = _SEPARATOR.match(rest, match.end())
        separator, position = (between[1], between.end()) if between else ("", len(rest))
    return found


def _make_rule(
    match: re.Match[str], *, is_added: bool, is_of_24_hours: bool
) -> tuple[OpeningRule, Doubt | None] | None:
    """The rule that a stretch of text is, and the doubt in it; None where its times or days are not clear."""
    days = _read_days((match["days"] or match["last_days"] or match["off_days"] or "").removeprefix("off "))
    dates = _read_dates(match["dates"] or "")
    times = match["times"] or match["first_times"] or ""
    state = "off" if match["off_days"] else (match["state"] or "").strip()
    is_open_ended = "+" in times
    spans = _read_spans(times, is_of_24_hours=is_of_24_hours)
    if spans is None or dates is None or (dates and min(days) < 0) or (state == "off" and is_open_ended):
        return None
    if match["within"] and min(days) < 0:
        return None
    doubt: Doubt | None = None
    open_ends, sun_spans = _read_open_ends(times), _read_sun_spans(times)
    if open_ends is None or sun_spans is None:
        return None
    if state == "unknown" or (match["remark"] and not state):
        spans, open_ends, sun_spans, doubt = (), (), (), "remark"
    elif is_open_ended:
        doubt = "open end"
    elif not times and state != "off":
        doubt = "no times"
    rule = OpeningRule(
        dates=dates,
        days=days,
        spans=spans,
        is_off=state == "off",
        is_added=is_added,
        is_unknown=bool(doubt) and not (spans or open_ends or sun_spans),
        open_ends=open_ends,
        is_in_school_holidays=bool(match["within"]),
        sun_spans=sun_spans,
    )
    return rule, doubt


def _read_dates(text: str) -> tuple[tuple[int, int], ...] | None:
    dates = []
    for item in text.split(",") if text else ():
        first, _, last = (part.split() for part in item.partition("-"))
        if not last:
            last = first
        elif last[0].isdigit():
            last = [first[0], *last]
        if len(first) != len(last) or (len(first) == 1 and first[0].isdigit()):
            return None
        low, high = (100 * (_MONTHS.index(month) + 1) for month in (first[0], last[0]))
        low, high = (low + int(first[1]), high + int(last[1])) if len(first) > 1 else (low + 1, high + 31)
        if not all(1 <= day % 100 <= 31 for day in (low, high)):
            return None
        dates.append((low, high))
    return tuple(dates)


def _read_days(text: str) -> frozenset[int]:
    if not text:
        return frozenset(range(7))
    days: set[int] = set()
    for item in re.split("[,/]", text.replace(" ", "")):
        first, _, last = item.partition("-")
        if first in _HOLIDAYS:
            days.add(_HOLIDAYS[first])
            continue
        low = WEEKDAYS.index(first.title())
        high = WEEKDAYS.index((last or first).title())
        days.update(day % 7 for day in range(low, high + 1 + 7 * (high < low)))
    return frozenset(days)


def _read_spans(text: str, *, is_of_24_hours: bool) -> tuple[tuple[int, int], ...] | None:
    """The spans that have both ends; None where one is not clear."""
    spans = []
    for part in text.split(",") if text else ():
        start, _, end = (time.strip() for time in part.partition("-"))
        if end and not _SUN_TIMES & {start, end.rstrip("+ ")}:
            span = _read_span(start, end.rstrip("+ "), is_of_24_hours=is_of_24_hours)
            if span is None or (end.endswith("+") and span[1] > _DAY_MINUTES):
                return None
            spans.append(span)
    return tuple(spans)


def _read_sun_spans(text: str) -> tuple[tuple[int | SunTime, int | SunTime], ...] | None:
    """The spans of which the sun says an end; None where the other is not clear, or an open end is after it."""
    spans: list[tuple[int | SunTime, int | SunTime]] = []
    for part in text.split(",") if text else ():
        start, _, end = (time.strip() for time in part.partition("-"))
        if not _SUN_TIMES & {start, end.rstrip("+ ")}:
            continue
        first, last = _read_sun_end(start), _read_sun_end(end)
        if first is None or last is None or first == last:
            return None
        spans.append((first, last))
    return tuple(spans)


def _read_sun_end(text: str) -> int | SunTime | None:
    """What the sun does, or minutes since midnight where they are clear: 08:00, 8am, not 8 or 4:00."""
    if text in _SUN_TIMES:
        return cast("SunTime", text)
    minute, half = _read_clock(text)
    is_clear = half or text.startswith("0") or (minute is not None and minute >= _NOON + 60)
    return minute if is_clear and minute is not None and 0 < minute < _DAY_MINUTES else None


def _read_open_ends(text: str) -> tuple[int, ...] | None:
    """From when on it is not known how long it is open; None where that is not clear."""
    ends = []
    for part in text.split(",") if text else ():
        if part.rstrip().endswith("+"):
            minute, _ = _read_clock(part.rstrip("+ ").rpartition("-")[2].strip())
            if minute is None:
                return None
            ends.append(minute)
    return tuple(ends)


def _read_span(start: str, end: str, *, is_of_24_hours: bool) -> tuple[int, int] | None:
    """Minutes since midnight, the second after the first by a day at most; None where they are not clear."""
    (first, first_half), (last, last_half) = _read_clock(start), _read_clock(end)
    if first is None or last is None or first >= _DAY_MINUTES or first == last:
        return None
    if last_half and not first_half:
        # "9-5pm" begins in the morning and "18:00-2am" in the evening; "1-5pm", "7-11pm" and "10-2am" may be either.
        is_clear = first > _NOON if last_half == "am" else first >= max(last - _NOON, _NOON // 2)
    elif first_half and not last_half:
        is_clear = last == 0 or last > _NOON
    elif first_half:
        # "12pm" at the end of an afternoon is meant to be midnight, and "12am" at the start may be noon.
        is_clear = first > 0 and not (last == _NOON <= first)
    else:
        is_clock_face = not (is_of_24_hours or start.startswith("0") or end.startswith("0"))
        is_clear = not is_clock_face or last > _NOON or _EARLIEST <= first < last
    if not is_clear:
        return None
    last += _DAY_MINUTES * (last < first)
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


def _say_rules(rules: Sequence[OpeningRule]) -> str | None:
    """Rules in OpenStreetMap syntax; None for none."""
    said = "".join((", " if rule.is_added else "; ") + _say_rule(rule) for rule in rules)[2:]
    return "24/7" if said == "Mo-Su 00:00-24:00" else said or None


def _say_rule(rule: OpeningRule) -> str:
    dates = ",".join(_say_dates(first, last) for first, last in rule.dates)
    days = "" if dates and rule.days == frozenset(range(7)) else _say_days(rule.days)
    spans = [_say_span(*span) for span in rule.spans]
    spans += ["-".join(end if isinstance(end, str) else _say_minute(end) for end in span) for span in rule.sun_spans]
    ends = [span.rpartition("-")[2] for span in spans]
    for end in map(_say_minute, rule.open_ends):
        if end in ends:
            spans[ends.index(end)] += "+"
        else:
            spans.append(f"{end}+")
    within = "SH" if rule.is_in_school_holidays else ""
    state = "off" if rule.is_off else "unknown" if rule.is_unknown else ""
    return " ".join(part for part in (dates, within, days, ",".join(spans), state) if part)


def _say_dates(first: int, last: int) -> str:
    months = [_MONTHS[day // 100 - 1].title() for day in (first, last)]
    is_of_months = first % 100 == 1 and last % 100 == 31
    ends = months if is_of_months else [f"{months[0]} {first % 100:02d}", f"{months[1]} {last % 100:02d}"]
    return "-".join(dict.fromkeys(ends))


def _say_days(days: frozenset[int]) -> str:
    stretches: list[list[int]] = []
    for day in sorted(day for day in days if day >= 0):
        if stretches and stretches[-1][-1] == day - 1:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    said = [
        f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}" if len(run) > 2 else ",".join(WEEKDAYS[day] for day in run)
        for run in stretches
    ]
    return ",".join(said + [name.upper() for name, day in _HOLIDAYS.items() if day in days])


def _say_span(first: int, last: int) -> str:
    return f"{_say_minute(first)}-{_say_minute(last if last <= _DAY_MINUTES else last - _DAY_MINUTES)}"


def _say_minute(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
