from __future__ import annotations

import base64
import copy
import datetime as dt
import html
import json
import re
import struct
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import MakeIncidents, decode

from hotspots.analysis.hours.profile import profile_week
from hotspots.pipeline.request import AnalysisRequest
from hotspots.pipeline.run import analyse
from hotspots.pipeline.study import Study
from hotspots.products.drawing.colours import FEWER, MORE, SEQUENTIAL
from hotspots.products.drawing.concentration import draw_concentration
from hotspots.products.drawing.month_charts import draw_rolling, draw_series
from hotspots.products.drawing.ratio_strips import choose_span, draw_ratio, draw_ratio_scale
from hotspots.products.drawing.week_grid import draw_strip, draw_week
from hotspots.products.pages.times_page import (
    describe_times,
    draw_times,
    group_withheld,
)
from hotspots.products.summary import PRODUCTS, ChangeSummary, RunSummary, encode, summarise
from hotspots.products.summary.hours_summary import choose_cell_hours, summarise_profile
from hotspots.products.words.numbers import (
    say_change,
    say_distance_band,
    say_month,
    say_round_share,
    say_share,
    say_verdict,
)
from hotspots.products.words.sentences import say

Summary = dict[str, Any]
SECTIONS = ("short", "hours", "places", "calendar", "months", "change", "repeats", "made")
ATTACK = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def robbery(demonstration: Study) -> Summary:
    """The robberies of one ward, with the days and hours of nearly all."""
    return encode(summarise(analyse(demonstration, AnalysisRequest(crime="robbery", wards=("Peckham",)))))


@pytest.fixture(scope="module")
def burglary(demonstration: Study) -> Summary:
    """The burglaries of the ward, of which only the months are known."""
    return encode(summarise(analyse(demonstration, AnalysisRequest(crime="burglary", wards=("Peckham",)))))


@pytest.fixture
def summary(robbery: Summary) -> Summary:
    """A copy to change."""
    return copy.deepcopy(robbery)


def draw_page(summary: Summary) -> str:
    return draw_times(decode(RunSummary, summary))


def tell_times(summary: Summary) -> list[tuple[str, str]]:
    return describe_times(decode(RunSummary, summary))


def read(page: str) -> str:
    """What the page says, without marks and pictures."""
    body = page[page.index("<main>") :]
    text = re.sub(r"<svg.*?</svg>", " ", body, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))).replace(" ,", ",").replace(" .", ".")


def section(page: str, name: str) -> str:
    """What one section of the page says."""
    start = page.index(f'<section id="{name}"')
    return read("<main>" + page[start : page.index("</section>", start)])


def test_every_run_has_the_page() -> None:
    assert PRODUCTS["times"] == "times.html"


def test_the_page_has_every_section_and_leads_to_the_others(robbery: Summary) -> None:
    page = draw_page(robbery)
    assert re.findall(r'<section id="(\w+)"', page) == list(SECTIONS)
    assert set(re.findall(r'href="#(\w+)"', page)) <= set(SECTIONS)
    assert {'href="map.html"', 'href="quality.html"'} <= set(re.findall(r'href="\w+\.html"', page))
    assert "Not for decisions." in page
    assert f"Robbery by time <span>{robbery['wards'][0]['name']}</span>" in page


def test_the_page_asks_for_nothing(robbery: Summary, burglary: Summary) -> None:
    for page in (draw_page(summary) for summary in (robbery, burglary)):
        assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
        assert not re.search(
            r"https?:|//\w|<script|<link rel=.style|@import|url\((?!#gap)", page.partition("<body>")[2]
        )
        assert all(source.startswith("data:image/png;base64,") for source in re.findall(r'src="([^"]+)', page))
        assert len(page.encode()) < 400_000


def test_the_page_says_the_numbers_of_the_summary(robbery: Summary) -> None:
    page = draw_page(robbery)
    hours, calendar, change = (section(page, name) for name in ("hours", "calendar", "change"))
    for window in [*robbery["profile"]["peaks"], *robbery["profile"]["quiet"]]:
        assert f"{window['words']} {window['n_incidents']:,.0f} {say_share(window['share'])}" in hours
    assert f"{robbery['profile']['n_point']} incidents with one time" in hours
    assert f"{robbery['profile']['n_interval']} known to lie between two times" in hours
    able = [split for split in robbery["conditions"] if split["available"]]
    assert able
    for split in able:
        label = split["label"][0].upper() + split["label"][1:]
        assert f"{label} compared with those {split['against']} {split['rate_with']:g} a" in calendar
        assert say("change.ratio", split) in calendar
    for split in robbery["conditions"]:
        assert split["available"] or split["explanation"] in calendar
    for comparison in robbery["changes"]:
        words = comparison["words"][0].upper() + comparison["words"][1:]
        area = comparison["area"]
        words += "" if comparison["allows_for_season"] else " season not allowed for"
        assert f"{words} {area['n_current']} {area['n_earlier']} {say('change.ratio', area)}" in change
        assert comparison["allowance"] in change
    assert f"{robbery['change_scale']['clear_p']:.0%} of cases at most" in change


def test_rates_are_incidents_by_the_time_that_they_had(robbery: Summary) -> None:
    for split in robbery["conditions"]:
        for side in ("with", "without"):
            if split[f"exposure_{side}"]:
                expected = split[f"n_{side}"] / split[f"exposure_{side}"]
                assert split[f"rate_{side}"] == pytest.approx(expected, rel=5e-3, abs=1e-9)
    assert all(len(json.dumps(split)) < 1000 for split in robbery["conditions"])


def test_in_short_there_are_six_sentences_at_most(robbery: Summary, burglary: Summary) -> None:
    for summary in (robbery, burglary):
        facts = tell_times(summary)
        assert [lead for lead, _ in facts] == [
            *("Hours", "Calendar", "Season and trend", "Change", "Wards", "Near repeats")
        ]
        assert all(fact.endswith(".") and not fact.endswith("..") for _, fact in facts)
        said = section(draw_page(summary), "short")
        assert all(f"{lead}: {fact}" in said for lead, fact in facts)


def test_a_peak_and_a_change_are_in_short(summary: Summary) -> None:
    peak = {"words": "Fridays 20:00-22:59", "share": 0.2, "week_share": 0.0179, "ratio": 11.2}
    peak |= {"days": [4], "start_hour": 20, "n_hours": 3, "n_incidents": 15.8, "p": 0.001}
    summary["profile"] |= {"peaks": [peak], "quiet": []}
    split = summary["conditions"][0]
    split |= {"available": True, "is_significant": True, "ratio": 1.27, "low": 1.16, "high": 1.4}
    split |= {"rate_with": 2.0, "rate_without": 1.6, "p_adjusted": 0.001}
    rolling = next(change for change in summary["changes"] if change["key"] == "r12")
    fell = {"n_current": 20, "n_earlier": 60, "ratio": 0.33, "low": 0.19, "high": 0.56, "verdict": "clearly improving"}
    rolling["area"] |= fell
    rolling["wards"] = [rolling["wards"][0] | fell | {"p_adjusted": 0.001}]
    facts = dict(tell_times(summary))
    assert facts["Hours"] == "busiest Fridays 20:00-22:59 (20% of robberies in 1.8% of the week)."
    assert facts["Calendar"].startswith(
        "1.27 times as many on school days as on weekdays of the holidays (1.16 to 1.40)"
    )
    assert facts["Change"].startswith(
        f"clearly improving in {rolling['words']} (20 against 60, 0.33 times as many, 0.19 to 0.56)"
    )
    assert facts["Wards"] == f"Peckham clearly improving (20 against 60) in {rolling['words']}."
    page = draw_page(summary)
    assert '<span class="verdict fewer"><span aria-hidden="true">▼▼</span> clearly improving</span>' in page
    assert "Peckham 20 60 0.33 (0.19 to 0.56)" in section(page, "change")
    assert f'fill="{FEWER}"' in page


def test_where_no_ward_changed_it_says_of_how_many(summary: Summary) -> None:
    for comparison in summary["changes"]:
        comparison["wards"] = [row | {"verdict": "no apparent change"} for row in comparison["wards"]]
        comparison["n_wards_compared"] = 42
        comparison["hotspots"], comparison["hotspots_reason"] = None, "The hot spots were drawn from other days."
    page = draw_page(summary)
    assert "Wards: none of 42 changed by more than chance, over 12 months, 4 weeks and 12 weeks." in read(page)
    change = section(page, "change")
    assert change.count("Wards: none of 42 changed by more than chance.") == 3
    assert change.count("Hot spots: not compared. The hot spots were drawn from other days.") == 3


def test_month_only_incidents_get_no_hours_and_the_reason(burglary: Summary) -> None:
    page = draw_page(burglary)
    why = "The source gives the month of each incident, not its day or hour."
    assert f"Hours: withheld (month-only). {why}" in section(page, "short")
    assert f"Withheld: month-only. {why}" in section(page, "hours")
    assert "Withheld, as for the whole area." in section(page, "places")
    splits = "school days, school days 15:00-17:59, bank holidays, pay-day and the 2 days after it and darkness"
    assert f"Withheld: {splits}. {why}" in section(page, "calendar")
    assert f"Calendar: withheld. {why}" in section(page, "short")
    assert "Withheld: month-only." in section(page, "repeats")
    assert 'class="strip" src' not in page
    assert "September 2026 against September 2025" in section(page, "change")  # months can be compared


def test_comparisons_that_cannot_be_made_say_why(summary: Summary) -> None:
    for comparison in summary["changes"]:
        comparison |= {"available": False, "reason": "The data begin too late.", "area": None, "wards": None}
        comparison |= {"hotspots": None, "allowance": None, "confidence": None}
    page = draw_page(summary)
    assert "Change: cannot be measured. The data begin too late." in section(page, "short")
    assert "Wards: change cannot be measured, as for the whole area." in section(page, "short")
    change = section(page, "change")
    assert change.count("The data begin too late.") == 1  # one reason for all of them
    assert "Not compared: the 2 weeks to 30 September 2026 against the 2 before," in change
    assert "Every ward" not in change


def test_without_last_year_the_time_before_is_told(summary: Summary) -> None:
    for comparison in summary["changes"]:
        if comparison["against"] == "last year" or comparison["key"] == "r12":
            comparison |= {"available": False, "reason": "The data begin too late.", "area": None, "wards": None}
        comparison["is_main"] = (comparison["key"], comparison["against"]) == ("12-weeks", "before")
    chosen = decode(RunSummary, summary).shown_changes
    assert [(change.key, change.against) for change in chosen] == [("12-weeks", "before"), ("4-weeks", "before")]
    page = draw_page(summary)
    told = dict(tell_times(summary))["Change"]
    assert "in the 4 weeks to 30 September 2026 against the 4 before (season not allowed for) (" in told
    assert "Every ward, the 12 weeks to 30 September 2026 against the 12 before" in section(page, "change")


def test_one_sum_of_twelve_months_is_said_and_not_drawn(summary: Summary) -> None:
    months = summary["series"]["months"]
    for month in months[:-1]:
        month["rolling"] = None
    months[-1]["rolling"] = 1234.0
    assert "R12, the twelve months to September 2026: 1,234." in section(draw_page(summary), "months")


def test_names_from_a_file_are_shown_and_never_run(summary: Summary) -> None:
    for ward in summary["wards"]:
        ward["name"] = ATTACK
    for comparison in summary["changes"]:
        for row in comparison["wards"]:
            row |= {"name": ATTACK, "verdict": "deteriorating"}
    for hotspot in summary["hotspots"]:
        hotspot["place"] = ATTACK
    summary["inputs"][0]["path"] = ATTACK
    summary["series"]["months"][0] |= {"gap": ATTACK, "n_incidents": None}
    summary["series"]["signals"] = [ATTACK]
    summary["crime_plural"] = ATTACK
    page = draw_page(summary)
    assert "<script" not in page
    assert read(page).count(ATTACK) >= 4


def test_without_hot_spots_or_term_dates_or_months_there_is_a_page(summary: Summary) -> None:
    summary["hotspots"], summary["hotspot_profiles"] = [], []
    for comparison in summary["changes"]:
        comparison["hotspots"] = None
    for split in summary["conditions"]:
        split |= {"available": False, "ratio": None, "low": None, "high": None, "explanation": f"No {split['name']}."}
    for month in summary["series"]["months"]:
        month |= {"n_incidents": None, "rolling": None, "expected": None, "low": None, "high": None, "signal": None}
    page = draw_page(summary)
    assert "Hot spots" not in section(page, "places").replace("the same holds for hot spots", "").replace(
        "hot spot by hot spot", ""
    )
    assert "No month is complete, so none is drawn." in section(page, "months")
    assert "R12, the sum of twelve months, needs twelve complete months" in section(page, "months")
    assert "Withheld: school days. No school_days." in section(page, "calendar")
    assert "Other reasons are given below." in section(page, "short")


def test_one_incident_makes_a_page_that_shows_no_curve(demonstration: Study) -> None:
    day = dt.date(2026, 9, 12)
    few = analyse(demonstration, AnalysisRequest(crime="knife-crime", start=day, end=day))
    assert 0 < len(few.incidents) < 10
    page = draw_times(summarise(few))
    assert "withheld (too few)" in section(page, "short")
    assert "of places, busiest first" not in page
    assert 'class="strip" src' not in page
    assert "Months before the period are used here" in section(page, "months")


def test_no_curve_is_drawn_of_few_incidents(summary: Summary) -> None:
    summary["repeats"] |= {"curve": None, "chance_curve": None}
    assert "The curve is not drawn for few incidents, because it would show each one." in draw_times(
        decode(RunSummary, summary)
    )


def test_places_where_one_followed_another_are_outlined(summary: Summary) -> None:
    found = [[False] * 3 for _ in range(4)]
    found[1][0] = True
    values = [[1.25 + i + j / 10 for j in range(3)] for i in range(4)]
    near = summary["near_repeat"]
    near |= {"available": True, "reason": None, "explanation": None, "words": "One follows another. And more."}
    near |= {"ratio": values, "chance_low": values, "chance_high": values, "is_near_repeat": found}
    page = draw_page(summary)
    assert page.count('<td class="n found">') == 1
    assert '<td class="n found">2.25<small>2.25 to 2.25</small></td>' in page
    assert "Near repeats: one follows another." in section(page, "short")
    assert "One follows another. And more." in section(page, "repeats")
    for words in ("same place", "up to 200 m", "200 to 400 m", "0 to 6 days", "14 to 20 days"):
        assert words in section(page, "repeats")


def test_wards_beyond_the_first_are_folded_away(summary: Summary) -> None:
    ward = summary["wards"][0]
    summary["wards"] = [ward | {"name": f"Ward {rank}", "rank": rank} for rank in range(1, 43)]
    page = draw_page(summary)
    first, folded = page.split("The other 27 wards with incidents")
    assert "Ward 15<" in first
    assert "Ward 16<" not in first
    assert "Ward 42<" in folded
    assert len(page.encode()) < 400_000


# Charts


def make_profile(counts: list[list[float]], **changes: Any) -> Any:
    n_timed = changes.get("n_timed", sum(map(sum, counts)))
    plain = {"available": True, "counts": counts, "cell_hours": choose_cell_hours(n_timed), "peaks": [], "quiet": []}
    return SimpleNamespace(**{**plain, "n_timed": n_timed, **changes})


def unpack(uri: str) -> tuple[tuple[int, int], list[list[int]], int]:
    """Size, rows of colour numbers, and how many colours a picture has."""
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks[data[at + 4 : at + 8]] = data[at + 8 : at + 8 + length]
        at += 12 + length
    wide, tall = struct.unpack(">II", chunks[b"IHDR"][:8])
    raw = zlib.decompress(chunks[b"IDAT"])
    rows = [list(raw[row * (wide + 1) + 1 : (row + 1) * (wide + 1)]) for row in range(tall)]
    return (wide, tall), rows, len(chunks[b"PLTE"]) // 3


def test_a_strip_has_a_cell_for_each_hour_and_darker_ones_where_there_is_more() -> None:
    counts = [[1.0] * 24 for _ in range(7)]
    counts[2][15] = 40.0
    strip = draw_strip(make_profile(counts))
    assert strip is not None
    size, rows, n_colours = unpack(strip)
    assert size == (24, 7)
    assert rows[2][15] == n_colours - 1 == len(SEQUENTIAL)
    assert all(rows[day][hour] < rows[2][15] for day in range(7) for hour in range(24) if (day, hour) != (2, 15))


@pytest.mark.parametrize(("n", "columns"), [(168, 24), (167, 8), (56, 8), (55, 4), (28, 4)])
def test_the_cells_of_a_strip_are_coarser_where_incidents_are_few(n: int, columns: int) -> None:
    strip = draw_strip(make_profile([[n / 168] * 24 for _ in range(7)], n_timed=n))
    assert strip is not None
    size, rows, _ = unpack(strip)
    assert size == (columns, 7)
    assert len({colour for row in rows for colour in row}) == 1


def test_no_strip_shows_single_incidents() -> None:
    assert draw_strip(make_profile([[27 / 168] * 24 for _ in range(7)], n_timed=27)) is None
    assert draw_strip(make_profile([], available=False)) is None


@pytest.mark.parametrize(("n", "cell_hours"), [(168, 1), (167, 3), (56, 3), (55, 6), (20, 6)])
def test_the_hours_of_few_incidents_are_told_in_coarser_cells(
    make_incidents: MakeIncidents, n: int, cell_hours: int
) -> None:
    at = pd.Timestamp("2026-01-05 15:30")  # a Monday
    incidents = make_incidents([530000] * n, [180000] * n, started_at=at)
    told = encode(summarise_profile(profile_week(incidents)))
    assert told["cell_hours"] == cell_hours
    assert sum(map(sum, told["counts"])) == pytest.approx(n, abs=0.1)
    first = 15 // cell_hours * cell_hours
    assert [hour for hour in range(24) if told["counts"][0][hour]] == list(range(first, first + cell_hours))


def test_quiet_hours_are_outlined() -> None:
    quiet = SimpleNamespace(days=[0, 1], start_hour=2, n_hours=4, words="Mondays and Tuesdays 02:00-05:59")
    counts = [[1.0] * 24 for _ in range(7)]
    assert "stroke-dasharray" not in draw_week(make_profile(counts), plural="robberies")
    with_quiet = draw_week(make_profile(counts, quiet=[quiet]), plural="robberies")
    assert with_quiet.count("stroke-dasharray") == 1
    outline = re.search(r'<path d="([^"]+)" stroke="#2166ac"', with_quiet)
    assert outline is not None
    assert outline[1].count("M") == 2 * (4 + 2)  # round two days of four hours


def make_months(*values: int | None, **changes: Any) -> list[Any]:
    blank = {"gap": None, "rolling": None, "expected": None, "low": None, "high": None, "signal": None}
    return [
        SimpleNamespace(**blank | {"month": f"{2024 + i // 12}-{i % 12 + 1:02d}", "n_incidents": value} | changes)
        for i, value in enumerate(values)
    ]


def test_a_month_stands_as_high_as_it_has_incidents() -> None:
    chart = draw_series(make_months(0, 50, 100), plural="robberies")
    heights = [float(y) for y in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', chart)]
    assert heights == [130, 70, 10]  # from the line at 0 to the top


def test_gaps_are_hatched_with_their_reason_and_part_months_left_out() -> None:
    months = make_months(None, 10, None, 12, None, 11)
    months[2].gap = "no data"
    chart = draw_series(months, plural="robberies")
    assert "2024-01" not in chart  # before the first month that is known
    assert chart.count('fill="url(#gap-robberies)"') == 1
    assert "<title>2024-03: no data</title>" in chart
    assert chart.count("<circle") == 3
    line = re.search(r'<path d="(M[^"]*)" stroke="#8d9aa5"', chart)
    assert line is not None
    assert line[1].count("M") == 3  # broken wherever a month is not known


def test_months_outside_the_limits_point_to_where_they_are() -> None:
    months = make_months(30, 10, 19, expected=20.0, low=12.0, high=28.0)
    months[0].signal, months[1].signal = "above", "below"
    chart = draw_series(months, plural="robberies")
    assert f'9h-11z" fill="{MORE}"' in chart
    assert f'-9h-11z" fill="{FEWER}"' in chart
    assert "2024-01: 30, expected 12 to 28: above the limits" in chart
    assert chart.count("<circle") == 1


def test_twelve_months_are_drawn_from_nought_with_the_first_and_last_number() -> None:
    months = make_months(*[10] * 14)
    months[11].rolling, months[12].rolling, months[13].rolling = 120.0, None, 130.0
    chart = draw_rolling(months, plural="robberies")
    assert re.findall(r">([\d,]+)</text>", chart)[-2:] == ["120", "130"]
    assert "2024" not in re.sub(r"<title>.*?</title>", "", chart)
    one = draw_rolling(months[:12], plural="robberies")
    assert one.count("<circle") == 1


def make_ratio(ratio: float | None, low: float | None, high: float | None, *, is_found: bool = False) -> Any:
    return SimpleNamespace(ratio=ratio, low=low, high=high, is_significant=is_found)


def place_dot(picture: str) -> float:
    dot = re.search(r'<circle cx="([\d.]+)"', picture)
    assert dot is not None
    return float(dot[1])


def test_ratios_stand_on_a_logarithmic_scale() -> None:
    def draw(ratio: float) -> float:
        return place_dot(draw_ratio(make_ratio(ratio, ratio, ratio, is_found=True), span=4))

    assert [draw(ratio) for ratio in (0.25, 0.5, 1, 2, 4)] == [5, 32.5, 60, 87.5, 115]


def test_a_ratio_is_filled_only_where_it_is_more_than_chance() -> None:
    assert f'fill="{MORE}"' in draw_ratio(make_ratio(1.5, 1.2, 1.9, is_found=True), span=2)
    assert f'fill="{MORE}"' not in draw_ratio(make_ratio(1.5, 1.2, 1.9), span=2)
    assert f'fill="{FEWER}"' in draw_ratio(make_ratio(0.5, 0.4, 0.8, is_found=True), span=4)


def test_what_reaches_beyond_the_scale_ends_in_an_arrow() -> None:
    inside = draw_ratio(make_ratio(1.0, 0.6, 1.7, is_found=False), span=2)
    assert "v8z" not in inside
    unbounded = draw_ratio(make_ratio(None, 1.4, None, is_found=True), span=2)
    assert unbounded.count("v8z") == 1
    assert "<circle" not in unbounded
    none_now = draw_ratio(make_ratio(0.0, 0.0, 0.7, is_found=True), span=2)
    assert none_now.count("v8z") == 1
    assert draw_ratio(make_ratio(None, None, None, is_found=False), span=2) == ""


@given(
    st.floats(0, 50, allow_nan=False), st.floats(1, 9), st.floats(1, 9), st.sampled_from([2.0, 4.0, 8.0]), st.booleans()
)
def test_no_ratio_leaves_its_picture(ratio: float, below: float, above: float, span: float, is_found: bool) -> None:
    picture = draw_ratio(make_ratio(ratio, ratio / below, ratio * above, is_found=is_found), span=span)
    assert "nan" not in picture
    assert "inf" not in picture
    places = [float(x) for pair in re.findall(r'cx="([\d.-]+)"|M([\d.-]+) 9\.0H', picture) for x in pair if x]
    assert all(0 <= x <= 120 for x in places)


def test_the_scale_reaches_as_far_as_the_limits_and_no_further_than_eight() -> None:
    assert choose_span([]) == 2
    assert choose_span([make_ratio(1.2, 0.6, 1.9)]) == 2
    assert choose_span([make_ratio(1.2, 0.3, 1.9)]) == 4
    assert choose_span([make_ratio(0.0, 0.0, 30.0)]) == 8
    assert re.findall(r">([\d.]+)</text>", draw_ratio_scale(span=2)) == ["0.5", "1", "2"]


def test_the_curve_of_even_places_is_the_diagonal() -> None:
    diagonal = [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]
    share = SimpleNamespace(incident_share=0.5, place_share=0.5)
    repeats: Any = SimpleNamespace(curve=diagonal, chance_curve=diagonal, place_shares=[share])
    chart = draw_concentration(repeats)
    paths = re.findall(r'<path d="(M[\d.L ]+)" fill="none"', chart)
    assert paths == ["M34.0 198.0L129.0 103.0L224.0 8.0"] * 2
    assert place_dot(chart) == 129


# Words


@pytest.mark.parametrize(
    ("ratio", "low", "high", "said"),
    [
        (1.27, 1.16, 1.4, "1.27 (1.16 to 1.40)"),
        (2.18, 1.42, 3.61, "2.2 (1.4 to 3.6)"),
        (1.31, 0.98, 1.75, "1.31 (0.98 to 1.75)"),  # 0.98 would read as no difference
        (0.0, 0.0, 0.74, "0.0 (0.0 to 0.7)"),
        (None, 1.44, None, "over 1.4"),
        (None, None, None, "-"),
        (None, 0.0, None, "-"),  # none against none
    ],
)
def test_a_ratio_is_said_no_more_exactly_than_it_is_known(
    ratio: float | None, low: float | None, high: float | None, said: str
) -> None:
    row = {"ratio": ratio, "low": low, "high": high}
    assert say("change.ratio", row) == said
    assert say("change.limits", row) == said.partition(" (")[2].rstrip(")")


def test_words_of_change() -> None:
    assert [say_change(n) for n in (31, -14, 0, None)] == ["+31%", "\N{MINUS SIGN}14%", "0%", "-"]
    assert say_verdict("clearly improving") == ("fewer", "▼▼")
    assert say_verdict("improving") == ("fewer", "▼")
    assert say_verdict("no apparent change") == ("same", "=")
    assert say_verdict("deteriorating") == ("more", "▲")
    assert say_verdict("clearly deteriorating") == ("more", "▲▲")


def test_other_words() -> None:
    assert say_month("2026-09") == "September 2026"
    assert [say_round_share(share) for share in (0.05, 0.01, 0.9973)] == ["5%", "1%", "99.7%"]
    edges = [0.1, 200.0, 400.0]
    assert [say_distance_band(edges, i) for i in range(3)] == ["same place", "up to 200 m", "200 to 400 m"]
    assert [say_distance_band([100.0, 200.0], i) for i in range(2)] == ["up to 100 m", "100 to 200 m"]
    wards = [{"name": f"Ward {i}", "borough": "West", "n_incidents": 1} for i in range(4)]
    place = {"wards": wards, "study_area": {"stated_area": None}}
    assert say("places.area", place | {"wards": wards[:2]}) == "Ward 0 and Ward 1"
    assert say("places.area", place) == "West"
    assert say("places.area", place | {"wards": [ward | {"borough": None} for ward in wards]}) == "4 areas"


def test_the_surest_change_comes_first_and_conditions_share_their_reason(summary: Summary) -> None:
    change = summary["changes"][0]
    change["wards"] = [
        change["wards"][0] | {"name": name, "verdict": verdict, "p_adjusted": p}
        for name, verdict, p in (
            ("a", "improving", 0.04),
            ("b", "no apparent change", 0.3),
            ("c", "clearly deteriorating", 0.001),
        )
    ]
    found = decode(ChangeSummary, change | {"hotspots": None})
    assert [row.name for row in found.changed_wards] == ["c", "a"]
    assert found.changed_hotspots == []
    splits: Any = [
        SimpleNamespace(label="x", available=False, explanation="Too few."),
        SimpleNamespace(label="y", available=True, explanation=None),
        SimpleNamespace(label="z", available=False, explanation="Too few."),
    ]
    assert group_withheld(splits) == {"Too few.": ["x", "z"]}


# What a person sees


@pytest.mark.parametrize("size", [(1280, 900), (700, 900), (390, 844)], ids=["desktop", "narrow", "phone"])
@pytest.mark.parametrize("crime", ["robbery", "burglary"])
def test_the_page_opens_without_a_network_and_fits(
    crime: str, size: tuple[int, int], tmp_path: Path, browser: Any, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "times.html"
    path.write_text(draw_times(decode(RunSummary, request.getfixturevalue(crime))), "utf-8")
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=True)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda made: asked.append(made.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((part) => part.open = true)")
    assert [url for url in asked if url != path.as_uri() and not url.startswith("data:")] == []
    assert complaints == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert "by time" in page.inner_text("h1")
    assert all(image.evaluate("image => image.naturalWidth") > 0 for image in page.locator("img").all())
    # no cell of a table hides behind the next one
    clipped = page.evaluate(
        "[...document.querySelectorAll('td, th')].filter((cell) => cell.scrollWidth > cell.clientWidth + 1)"
        ".map((cell) => cell.textContent)"
    )
    assert clipped == []
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    context.close()
