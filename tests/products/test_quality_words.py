from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import AnalyseDemonstration

from hotspots.pipeline.holes import Hole
from hotspots.pipeline.known_time import MonthQuality
from hotspots.pipeline.overlaps import Overlap
from hotspots.pipeline.quality import (
    CountTable,
    PlaceQuality,
    Quality,
    RefusedRows,
    ResidentsQuality,
    SourceRows,
    TimeQuality,
    WardQuality,
)
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.selection import select_incidents
from hotspots.pipeline.study import Study
from hotspots.pipeline.window_changes import LostPlaces, LostRows
from hotspots.products.summary import encode, summarise, summarise_quality
from hotspots.products.words.numbers import say_four_hours
from hotspots.products.words.sentences import say_each

PERFECT = Quality(
    n_read=1200,
    n_used=1200,
    n_set_aside=0,
    refused=(),
    sources=(
        SourceRows(source="a", n_read=1200, n_used=1200, n_set_aside=0, refused={}, first_day=None, last_day=None),
    ),
    counts=(),
    n_conflicting_ids=0,
    n_placeholder_ids=0,
    n_masked=0,
    n_hidden=0,
    unrecognised={},
    n_unrecognised=0,
    n_unreadable_knife_flags=0,
    n_knife_taken_for_no=0,
    unread_knife={},
    n_outside_wards=0,
    overlaps=(),
    n_by_crime={"robbery": 1200},
    notes=(),
    times=TimeQuality(
        n_by_precision={"minute": 1200},
        n_first_days=0,
        n_midnight=0,
        n_default=0,
        n_half_lost=0,
        n_hour_only=0,
        n_on_the_hour=20,
        n_on_the_half_hour=20,
        n_nonexistent=0,
        n_ambiguous=0,
        n_converted=0,
        quietest_hour=3,
        busiest_hour=18,
        is_night_quietest=True,
        n_with_end=1200,
        n_reversed=0,
        n_reported=0,
        n_unreadable_times=0,
        n_unreadable_ends=0,
        n_over_a_week=0,
    ),
    places=PlaceQuality(n_by_precision={"point": 1200}, n_places=1200, shared_share=0.0, n_rounded=0, rounded_to=()),
    months=MonthQuality(n_by_month={"2026-01": 1200}, missing=(), incomplete=(), low=(), cut_short=()),
    holes=(),
    lost=None,
    wards=WardQuality(n_stated=1200, n_unknown=0, n_other=0, unknown_codes=()),
    residents=ResidentsQuality(
        n_wards=40, n_unknown=0, unknown_share=0.0, unknown_codes=(), n_unmatched=0, unmatched_codes=()
    ),
)


def make_hole(**known: Any) -> Hole:
    """A ward without rows in half a year, with something else said of it."""
    plain: dict[str, Any] = {
        "kind": "ward",
        "name": "Ash",
        "sources": (),
        "ward_codes": ("A",),
        "wards": ("Ash",),
        "resting_codes": ("A",),
        "first_month": "2025-07",
        "last_month": "2025-12",
        "is_start": False,
        "is_end": True,
        "is_of_crime": False,
    }
    return Hole(**(plain | known))


def change(path: str, **values: Any) -> Quality:
    """The perfect quality with something else in it, or in a part of it."""
    if not path:
        return dataclasses.replace(PERFECT, **values)
    return dataclasses.replace(PERFECT, **{path: dataclasses.replace(getattr(PERFECT, path), **values)})


def findings(quality: Quality) -> list[str]:
    return list(encode(summarise_quality(quality))["findings"])


def test_where_nothing_is_odd_nothing_is_said() -> None:
    assert findings(PERFECT) == ["All 1,200 rows can be used."]
    assert findings(change("", wards=None)) == ["All 1,200 rows can be used."]


@pytest.mark.parametrize(
    ("quality", "words"),
    [
        (change("", n_set_aside=200), "200 rows of months that were not asked for are counted but not analysed"),
        (
            change("", n_conflicting_ids=5),
            "5 rows repeat the ID of an earlier row with different contents; all are kept",
        ),
        (change("months", missing=("2025-12",)), "No rows for December 2025: a gap in the data, not a fall in crime"),
        (
            change("months", missing=tuple(f"2025-{month:02d}" for month in range(1, 9))),
            "June 2025 and 2 more months: a gap",
        ),
        (
            change("months", low=(("2026-03", 40, 1000.0),)),
            "March 2026 has 40 rows, and the months beside it 1,000: crime may have fallen, or the feed may",
        ),
        (
            change("months", incomplete=("2026-02",)),
            "February 2026: whole days are missing, or about the same share of every crime",
        ),
        (
            change("", holes=(make_hole(kind="source", name="north.csv", sources=("north.csv",)),)),
            "north.csv does not cover July 2025 to December 2025, while other files do: it ends. Ash rests on it. It "
            "is the data that stop there, not the crime",
        ),
        (
            change("", holes=(make_hole(), make_hole(name="Beech"))),
            "The files do not cover Ash and Beech for July 2025 to December 2025, while they cover other wards",
        ),
        (
            change(
                "",
                lost=LostRows(
                    windows="the 12 months to December 2025 against the 12 before",
                    lost=LostPlaces(
                        n_earlier=12, n_current=240, share_earlier=0.01, share_current=0.2, is_counted=False
                    ),
                ),
            ),
            "Rows without a place bear on the 12 months to December 2025 against the 12 before. Of the rows of the "
            "earlier window 1.0% have no usable place, and of the later 20% (12 and 240 rows). Whether they lie in the "
            "area is not known, so its change is less sure than it says; wards and hot spots cannot be compared",
        ),
        (change("months", cut_short=("2026-01",)), "January 2026 is incomplete and cannot be compared"),
        (
            change("months", cut_short=("2026-01", "2026-03")),
            "January 2026 and March 2026 are incomplete and cannot be compared",
        ),
        (
            change("times", n_by_precision={"month": 1200}),
            "Times are known to the month only, so hours cannot be analysed",
        ),
        (change("times", n_by_precision={"day": 1200}), "Times are known to the day only, so hours cannot be analysed"),
        (
            change("times", n_by_precision={"minute": 1000, "day": 200}, n_with_end=1000),
            "200 rows have no time of day and are left out of the hours, but counted elsewhere",
        ),
        (
            change("times", n_by_precision={"minute": 1000, "day": 200}, n_with_end=1000, n_midnight=200),
            "200 rows are at exactly midnight, which is read as",
        ),
        (change("times", n_on_the_hour=600), "50% of times are on the full hour: they were rounded"),
        (change("times", n_on_the_hour=600, n_on_the_half_hour=480), "90% of times are on the full or the half hour"),
        (change("times", n_hour_only=1200, n_on_the_hour=0), "1,200 rows give the hour and not the minute"),
        (change("times", n_converted=300), "The times of 300 rows are marked as UTC or another offset"),
        (
            change("times", quietest_hour=22, is_night_quietest=False),
            "The quietest hours are 22:00-01:59, where the night or morning would be expected",
        ),
        (
            change("times", n_with_end=0),
            "No row says when an incident may have ended, so each counts fully in the hour",
        ),
        (change("times", n_with_end=1000), "200 rows have a time but no end; each counts in the hour it began"),
        (change("times", n_reversed=1), "1 row has an end before the start; the end is ignored"),
        (change("times", n_unreadable_ends=2), "2 rows have an end that is not a time; the end is ignored"),
        (change("times", n_over_a_week=3), "3 rows span a week or more and say nothing about the hour"),
        (change("times", n_nonexistent=1), "1 row is at a time that did not exist, when the clocks went forward"),
        (
            change("places", n_by_precision={"point": 700, "postcode": 400, "area": 100}),
            "Located: 700 where they happened; 400 at their postcode, because they lack coordinates; 100 only to an "
            "area",
        ),
        (
            change("places", n_places=300, shared_share=0.9),
            "90% of rows share their exact point with others (300 distinct points",
        ),
        (
            change("wards", n_unknown=30, unknown_codes=("E05000448", "E05000451")),
            "30 of 1,200 rows with a ward name one that is not in the boundaries (E05000448, E05000451)",
        ),
        (change("wards", n_other=1), "1 row names a ward other than the one its location is in"),
        (
            change("", n_unrecognised=70, unrecognised={"Yodelling": 50, "Humming": 20}),
            "70 rows have an offence text that is not in any table and count as other crimes: mostly "
            '"Yodelling" (50) and "Humming" (20)',
        ),
        (change("", n_unreadable_knife_flags=2), "2 rows have a knife flag that is neither yes nor no"),
        (
            change("", n_hidden=12),
            "12 rows used are hidden in their workbook, as by a filter. Hidden rows are read like",
        ),
        (change("", n_hidden=1), "1 row used is hidden in its workbook, as by a filter"),
        (
            change("times", n_first_days=1200),
            "1,200 rows have the first of a month as the date, as all rows of their file have, which is read as",
        ),
        (
            change("places", n_rounded=300, rounded_to=("1 km",)),
            "300 rows have coordinates rounded to 1 km: an area, not a point. They count for hours and for the ward of",
        ),
        (
            change("", counts=(CountTable(source="a.csv", n_rows=90, n_incidents=1200),)),
            "a.csv is a table of counts: its 90 rows stand for 1,200 incidents, each of which counts as a row here",
        ),
        (
            change("residents", n_wards=271, n_unknown=26, unknown_share=0.11, unknown_codes=tuple("ABCDE")),
            "The residents of 26 of the 271 wards are not known (A, B, C ...), where 11% of the rows lie: rates per "
            "resident leave these wards out.",
        ),
        (
            change("residents", n_unknown=1, unknown_codes=("A",), n_unmatched=1, unmatched_codes=("Z",)),
            "leave this ward out. The table of residents has 1 code that no ward has (Z): it may be of another year",
        ),
        (change("", n_masked=2), "Personal data (names, numbers, dates of birth) were masked in the text of 2 rows"),
    ],
)
def test_each_oddity_has_its_sentence(quality: Quality, words: str) -> None:
    first, *rest = findings(quality)
    assert "can be used" in first
    assert len(rest) == 1
    assert words in rest[0]


def test_refusals_are_named_most_first() -> None:
    refused = tuple(RefusedRows(reason=reason, n_rows=n, examples=(("a", 1, None),)) for reason, n in
                    (("no location", 250), ("no date", 50)))  # fmt: skip
    assert findings(change("", n_used=900, refused=refused))[0] == (
        "900 of 1,200 rows (75%) can be used. Refused: no location (250) and no date (50)."
    )


def test_no_rows_at_all() -> None:
    nothing = dataclasses.replace(
        PERFECT,
        n_read=0,
        n_used=0,
        sources=(),
        n_by_crime={},
        times=dataclasses.replace(PERFECT.times, n_by_precision={}, n_on_the_hour=0, n_with_end=0),
        places=PlaceQuality(n_by_precision={}, n_places=0, shared_share=None, n_rounded=0, rounded_to=()),
        months=MonthQuality(n_by_month={}, missing=(), incomplete=(), low=(), cut_short=()),
    )
    assert findings(nothing) == ["The files hold no rows."]


@pytest.mark.parametrize(("first", "words"), [(3, "03:00-06:59"), (20, "20:00-23:59"), (22, "22:00-01:59")])
def test_four_hours_may_go_past_midnight(first: int, words: str) -> None:
    assert say_four_hours(first) == words


def test_the_summary_is_json_and_its_sentences_are_those_of_its_numbers() -> None:
    quality = change(
        "", n_used=1100, refused=(RefusedRows(reason="no date", n_rows=100, examples=(("a", 7, "soon"),)),)
    )
    summary = encode(summarise_quality(quality))
    again = json.loads(json.dumps(summary))
    assert again["refused"] == [
        {"reason": "no date", "n_rows": 100, "examples": [{"source": "a", "row": 7, "gave": "soon"}]}
    ]
    assert again["period"] is None
    assert say_each("quality.findings", again) == again["findings"]


def collect_numbers(value: Any) -> set[float]:
    """All numbers in JSON values, also those in its texts."""
    if isinstance(value, dict):
        return set().union(*map(collect_numbers, value.values()), *map(collect_numbers, value))
    if isinstance(value, (list, tuple)):
        return set().union(*map(collect_numbers, value))
    if isinstance(value, str):
        return {float(number) for number in re.findall(r"\d+", value)}
    return {float(value)} if isinstance(value, (int, float)) else set()


counts = st.integers(0, 10**6)


@given(n=st.lists(counts, min_size=9, max_size=9), months=st.dictionaries(st.integers(1, 12), counts, max_size=3))
def test_every_number_in_a_sentence_is_in_the_summary(n: list[int], months: dict[int, int]) -> None:
    quality = dataclasses.replace(
        PERFECT,
        n_conflicting_ids=n[0],
        n_masked=n[1],
        n_unreadable_knife_flags=n[2],
        times=dataclasses.replace(
            PERFECT.times,
            n_converted=n[3],
            n_reversed=n[4],
            n_unreadable_ends=n[5],
            n_over_a_week=n[6],
            n_nonexistent=n[7],
        ),
        wards=WardQuality(n_stated=1200, n_unknown=0, n_other=n[8], unknown_codes=()),
        months=MonthQuality(
            n_by_month={},
            missing=(),
            incomplete=(),
            low=tuple((f"2026-{month:02d}", few, 4.0 * few) for month, few in months.items()),
            cut_short=(),
        ),
    )
    summary = encode(summarise_quality(quality))
    sentences = summary.pop("findings")
    said = {float(number.replace(",", "")) for text in sentences for number in re.findall(r"\d[\d,]*", text)}
    assert said <= collect_numbers(summary)


def test_what_may_count_twice_is_a_finding_and_a_note_of_its_crime(analyse_demonstration: AnalyseDemonstration) -> None:
    analysis = analyse_demonstration("robbery")
    days: dict[str, Any] = {"start": dt.date(2026, 1, 1), "end": dt.date(2026, 3, 31), "unit": "day"}
    days |= {"n_rows": 90, "n_matching": 89, "n_by_chance": 21, "examples": ((1, 4), (2, 5), (7, 9))}
    robbery = [Overlap(category="robbery", sources=("a.csv", f"{month}.csv"), **days) for month in ("one", "two")]
    burglary = Overlap(category="burglary", sources=("a.csv", "b.csv"), **days)
    quality = dataclasses.replace(analysis.study.quality, overlaps=(*robbery, burglary))
    summary = summarise(dataclasses.replace(analysis, study=dataclasses.replace(analysis.study, quality=quality)))
    said = (
        "178 of 180 robbery rows match, one to one by place and day, between a.csv and one.csv and 1 more file "
        "(1 January 2026 to 31 March 2026); by chance 42 would. Rows of a.csv and one.csv that match: 1 and 4; 2 and "
        "5; 7 and 9. Compare these rows: if they are the same incidents, they count twice."
    )
    assert summary.notes == (*analysis.notes, said)
    assert said in summary.quality.findings
    assert any(finding.startswith("89 of 90 burglary rows match") for finding in summary.quality.findings)


def test_the_period_asked_for_and_covered(demonstration: Study, analyse_demonstration: AnalyseDemonstration) -> None:
    analysis = analyse_demonstration("robbery")
    quality = demonstration.quality
    summary = encode(summarise_quality(quality, analysis))
    assert summary["period"]["share"] == 1
    assert summary["period"]["asked"] == summary["period"]["covered"]
    early = analysis.start.replace(year=analysis.start.year - 1)
    request = AnalysisRequest(crime="robbery", start=early)
    chosen = select_incidents(demonstration, request)
    analysis = dataclasses.replace(analysis, request=request, selection=chosen)
    period = encode(summarise_quality(quality, analysis))["period"]
    n_asked, n_covered = (analysis.end - early).days + 1, (analysis.end - analysis.start).days + 1
    assert period["asked"]["start"] == early.isoformat()
    assert period["covered"]["start"] == analysis.start.isoformat()
    assert period["share"] == pytest.approx(n_covered / n_asked, abs=5e-5)
