"""Opening hours as people write them, to what is known of them in OpenStreetMap syntax."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

import pandas as pd

from hotspots.ingest.reference.opening_dates import DATES, WEEKS, YEARS, read_dates, read_weeks
from hotspots.ingest.reference.opening_rules import (
    DAY_MINUTES,
    HOLIDAYS,
    LATEST_END,
    WEEKDAYS,
    EasterDay,
    OpeningRule,
    SunMoment,
    SunTime,
    say_rules,
    say_span,
)
from hotspots.ingest.reference.opening_words import AFTER, BEFORE, REMARK, substitute

Doubt = Literal["unreadable", "no times", "remark", "open end", "some years", "lapsed"]
"""Why hours are not known, or only some of them: the text is not understood; it gives days without times; it gives a
remark, or says itself that it is not sure; it says when a place opens and not when it closes; it gives the hours of
some years alone; or it was last checked too long ago."""

_NOON = 720

_MOST_SHIFT = 180
"""Minutes before or after something that the sun does, so that it is of the same day."""

_EARLIEST = 8 * 60
"""Before it, hours of a clock face may as well be of the afternoon."""

_SUN = rf"(?:dawn|sunrise|sunset|dusk)(?:[{BEFORE}{AFTER}]\d\d?:\d\d)?"
_TIME = rf"(?:\d{{4}}|\d{{1,2}}(?:[:.]\d\d(?::00)?)?(?:[ap]m)?|{_SUN})(?![\d:.a-z])"
_SPAN = rf"{_TIME}(?: ?- ?{_TIME} ?\+?| ?\+)"
_SPANS = rf"{_SPAN}(?: ?, ?{_SPAN})*"
_DAY = "(?:mo|tu|we|th|fr|sa|su)"
_DAY_ITEM = rf"(?:{_DAY}(?: ?- ?{_DAY})?|ph|sh)"
_DAYS = rf"{_DAY_ITEM}(?: ?[,/] ?{_DAY_ITEM})*"
_STRETCHES = rf"(?:(?P<years>{YEARS}) ?)?(?:(?P<dates>{DATES}) ?)?(?:(?P<weeks>{WEEKS}) ?)?(?:: ?)?"
_RULE = re.compile(
    rf" ?(?:(?P<off_days>off {_DAYS})|(?P<first_times>{_SPANS}) (?P<last_days>{_DAYS})(?= ?(?:;|$))"
    rf"|{_STRETCHES}(?P<within>sh:? (?={_DAY}))?(?:(?P<days>{_DAYS}) ?[:,]? ?)?(?P<times>{_SPANS})?"
    rf"(?P<state> ?(?:off|open|unknown)\b)?(?P<remark>(?: ?{REMARK})+)?)(?= ?(?:[;,]|\|\||$))"
)
_NAMED_DAYS = ("years", "dates", "weeks", "days", "last_days", "off_days")
_SEPARATOR = re.compile(r" ?(;|,|\|\|)")
_CLOCK_TIME = re.compile(r"(\d{1,2}?)(?:[:.]?(\d\d))?(?::00)?([ap]m)?")
# Two digits that no clock face has; not the minutes of a time.
_HOUR_OF_24 = re.compile(rf"(?<![\d:.{BEFORE}{AFTER}])(?:1[3-9]|2\d|00)(?:[:.]?\d\d)?(?![\dap])")
_SUN_END = re.compile(rf"(dawn|sunrise|sunset|dusk)(?:([{BEFORE}{AFTER}])(\d\d?:\d\d))?")
_TWO_YEARS = re.compile(r"20[0-5]\d ?- ?20[0-5]\d")


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

    Read are days of the week, times of the 24-hour clock or with am and pm, months and days of the year or of one year,
    days around Easter, ISO weeks, bank holidays ("PH") and school holidays ("SH"), dawn, sunrise, sunset and dusk and
    minutes before or after them, what is closed, and what stands beside the rest ("||"). Remarks are dropped. A place
    is never taken to be open where the text leaves a doubt: days without times, remarks alone, times that may be of the
    morning or the evening, hours of some years alone, and whatever else is not understood ("Sa[1]") are not known.

    Args:
        texts: Text, or missing where nothing is stated.

    Source: the opening hours specification of OpenStreetMap; read as opening_hours.js does, or not known.
    """
    found = [_read_text(text) if isinstance(text, str) and text.strip() else ((), None) for text in texts]
    return KnownHours(
        opening_hours=pd.Series([say_rules(rules) for rules, _ in found], index=texts.index, dtype="object"),
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
    plain = substitute(words)
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
    return ",".join(say_span(*span) for span in zip(minutes[::2], minutes[1::2], strict=True))


@functools.lru_cache(maxsize=4096)
def _read_text(text: str) -> tuple[tuple[OpeningRule, ...], Doubt | None]:
    """What is known, and why not more is."""
    found = _parse_rules(text)
    if found is None or text.count("(") != text.count(")"):  # as of a text that was cut off
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
    opening = [rule for rule in rules if rule.opens]
    if opening and all(isinstance(first, dt.date) for rule in opening for first, _ in rule.dates or ((101, 1231),)):
        # of other years nothing is said, and those of years that are over may have been changed
        return (), "some years"
    spans = [span for rule in opening for span in rule.spans]
    days = {day for _, rule, _ in found for day in rule.days}
    has_sun = any(rule.sun_spans for rule in opening)
    if not (spans or has_sun) and (doubts or not days >= set(range(7))):
        return (), min(doubts, key=get_args(Doubt).index, default="no times")
    if "open end" in doubts and (has_sun or min(spans)[0] < LATEST_END):
        return (), "open end"
    return tuple(rules), min(doubts, key=get_args(Doubt).index, default=None)


def _may_meet(doubtful: OpeningRule, sure: OpeningRule, separator: str) -> bool:
    """Whether two rules may be for the same hours; a holiday may be any day, and "||" is for other hours."""
    if separator == "||":
        return bool(sure.sun_spans) or any(last > DAY_MINUTES for _, last in sure.spans)
    return bool(doubtful.days & sure.days) or min(doubtful.days | sure.days) < 0


def _parse_rules(text: str) -> list[tuple[str, OpeningRule, Doubt | None]] | None:
    """The rules of a text in order, each with what stands before it and the doubt in it; None if not understood."""
    rest = substitute(text)
    matches: list[tuple[str, re.Match[str]]] = []
    separator, position = ";", 0
    while position < len(rest):
        match = _RULE.match(rest, position)
        if not match or not match[0].strip():
            return None
        # Later rules without a day would hold for every day; opening_hours.js and people take them otherwise.
        names_days = any(match[part] for part in _NAMED_DAYS)
        if not names_days and matches and (separator != "||" or match["times"]):
            return None
        if match["first_times"] and (separator == "," or _TWO_YEARS.fullmatch(match["first_times"])):
            return None
        matches.append((separator, match))
        between = _SEPARATOR.match(rest, match.end())
        separator, position = (between[1], between.end()) if between else ("", len(rest))
    times = " ".join(match["times"] or match["first_times"] or "" for _, match in matches)
    is_of_24_hours = bool(_HOUR_OF_24.search(times))
    found: list[tuple[str, OpeningRule, Doubt | None]] = []
    for separator, match in matches:
        rule = _make_rule(match, is_added=separator != ";", is_of_24_hours=is_of_24_hours)
        if rule is None:
            return None
        found.append((separator, *rule))
    return found


def _make_rule(
    match: re.Match[str], *, is_added: bool, is_of_24_hours: bool
) -> tuple[OpeningRule, Doubt | None] | None:
    """The rule that a stretch of text is, and the doubt in it; None where its times or days are not clear."""
    days = _read_days((match["days"] or match["last_days"] or match["off_days"] or "").removeprefix("off "))
    dates = read_dates(match["years"] or "", match["dates"] or "")
    weeks = read_weeks(match["weeks"] or "", is_of_years=bool(match["years"]))
    times = match["times"] or match["first_times"] or ""
    state = "off" if match["off_days"] else (match["state"] or "").strip()
    is_open_ended = "+" in times
    spans = _read_spans(times, is_of_24_hours=is_of_24_hours)
    if spans is None or dates is None or weeks is None or (state == "off" and is_open_ended):
        return None
    if (dates or weeks) and min(days) < 0:
        return None
    # people close for all of Easter, and the syntax has Easter Sunday
    if state == "off" and (EasterDay(), EasterDay()) in dates:
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
        weeks=weeks,
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


def _read_days(text: str) -> frozenset[int]:
    if not text:
        return frozenset(range(7))
    days: set[int] = set()
    for item in re.split("[,/]", text.replace(" ", "")):
        first, _, last = item.partition("-")
        if first in HOLIDAYS:
            days.add(HOLIDAYS[first])
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
        if end and not _names_sun(part):
            span = _read_span(start, end.rstrip("+ "), is_of_24_hours=is_of_24_hours)
            if span is None or (end.endswith("+") and span[1] > DAY_MINUTES):
                return None
            spans.append(span)
    return tuple(spans)


def _names_sun(part: str) -> bool:
    return any(event in part for event in get_args(SunTime))


def _read_sun_spans(text: str) -> tuple[tuple[int | SunMoment, int | SunMoment], ...] | None:
    """The spans of which the sun says an end; None where the other is not clear, or an open end is after it."""
    spans: list[tuple[int | SunMoment, int | SunMoment]] = []
    for part in text.split(",") if text else ():
        if not _names_sun(part):
            continue
        start, _, end = (time.strip() for time in part.partition("-"))
        # what closes at sunset or dusk opens in the morning
        is_of_day = end.startswith(("sunset", "dusk"))
        first, last = _read_sun_end(start, earliest=_EARLIEST if is_of_day else _NOON), _read_sun_end(end)
        if first is None or last is None or first == last:
            return None
        spans.append((first, last))
    return tuple(spans)


def _read_sun_end(text: str, *, earliest: int = _NOON) -> int | SunMoment | None:
    """What the sun does, or minutes since midnight where they are clear: 08:00, 8am, not 8 or 4:00.

    From `earliest` to noon an hour is of the morning, unless it is a lone digit.
    """
    if sun := _SUN_END.fullmatch(text):
        shift, _ = _read_clock(sun[3] or "0:00")
        if shift is None or shift > _MOST_SHIFT:
            return None
        return SunMoment(event=cast("SunTime", sun[1]), shift_minutes=-shift if sun[2] == BEFORE else shift)
    minute, half = _read_clock(text)
    is_of_morning = earliest <= (minute or 0) < _NOON and len(text) > 1
    is_clear = half or text.startswith("0") or is_of_morning or (minute is not None and minute >= _NOON + 60)
    return minute if is_clear and minute is not None and 0 < minute < DAY_MINUTES else None


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
    if first is None or last is None or first >= DAY_MINUTES or first == last:
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
    last += DAY_MINUTES * (last < first)
    return (first, last) if last - first <= DAY_MINUTES else None


def _read_clock(text: str) -> tuple[int | None, str | None]:
    """Minutes since midnight, and the half of the day that is named."""
    match = _CLOCK_TIME.fullmatch(text)
    if match is None:
        return None, None
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if minute > 59 or (half and not 1 <= hour <= 12) or hour * 60 + minute > 2 * DAY_MINUTES:
        return None, None
    return (hour % 12 + 12 * (half == "pm") if half else hour) * 60 + minute, half
