from __future__ import annotations

import datetime as dt
import itertools
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.errors import DataError, NotFoundError
from hotspots.ingest.reference.term_dates import read_term_dates

PLAIN = "first_day,last_day,name\n2025-09-01,2025-10-24,Autumn 1\n2025-11-03,2025-12-19,Autumn 2\n"


def write(tmp_path: Path, content: str, name: str = "terms.csv") -> Path:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    return path


def read(tmp_path: Path, content: str) -> list[tuple[str, str]]:
    terms = read_term_dates(write(tmp_path, content)).stretches
    assert list(terms.columns) == ["first_day", "last_day", "name"]
    assert terms["first_day"].dtype == terms["last_day"].dtype == "datetime64[s]"
    return [(f"{a:%d %b %Y}", f"{b:%d %b %Y}") for a, b in zip(terms["first_day"], terms["last_day"], strict=True)]


AUTUMN = [("01 Sep 2025", "24 Oct 2025"), ("03 Nov 2025", "19 Dec 2025")]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        "Start,End\n01/09/2025,24/10/2025\n03/11/2025,19/12/2025\n",
        "Term;From;To\nAutumn;Monday 1 September 2025;Friday 24 October 2025\nAutumn;3 Nov 2025;19 Dec 2025\n",
        "Term,Start date,End date\nlate,03/11/25,19/12/25\nearly,01/09/25,24/10/25\n",
        "name,first day,last day\nAutumn term,1/9/2025,19/12/2025\nAutumn half term,25/10/2025,2/11/2025\n",
        "kind,first day,last day\nterm,1/9/2025,19/12/2025\nholiday,25/10/2025,2/11/2025\n",
        "name,start,end\nHalf term 1,1/9/2025,24/10/2025\nHalf term 2,3/11/2025,19/12/2025\n",
        "name,start,end\nFirst half-term,1/9/2025,24/10/2025\n,,\nSecond half-term,3/11/2025,19/12/2025\n",
        "name,kind,start,end\nAutumn term,term,1/9/2025,19/12/2025\nbreak,half term,25/10/2025,2/11/2025\n",
    ],
)
def test_terms_are_read_however_they_are_written(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == AUTUMN


def test_days_without_pupils_are_taken_out_of_the_term_around_them(tmp_path: Path) -> None:
    content = (
        "name,type,start,end\nAutumn,term,1/9/2025,24/10/2025\nINSET day,,1/9/2025,\n"
        "Staff training,,2/9/2025,2/9/2025\nx,INSET,10/10/2025,\nOccasional day,,24/10/2025,24/10/2025\n"
    )
    assert read(tmp_path, content) == [("03 Sep 2025", "09 Oct 2025"), ("11 Oct 2025", "23 Oct 2025")]


def test_holidays_that_overlap_each_other_are_taken_out_once(tmp_path: Path) -> None:
    content = "kind,from,to\nterm,1/9/2025,30/9/2025\nholiday,5/9/2025,12/9/2025\ninset,8/9/2025,9/9/2025\n"
    assert read(tmp_path, content) == [("01 Sep 2025", "04 Sep 2025"), ("13 Sep 2025", "30 Sep 2025")]


def test_the_name_of_each_stretch_is_kept(tmp_path: Path) -> None:
    assert read_term_dates(write(tmp_path, PLAIN)).stretches["name"].tolist() == ["Autumn 1", "Autumn 2"]


def test_a_workbook_is_read_like_text(tmp_path: Path) -> None:
    path = tmp_path / "terms.xlsx"
    days = pd.to_datetime(["2025-09-01", "2025-10-24", "2025-11-03", "2025-12-19"])
    pd.DataFrame({"Term": ["a", "b"], "Starts": days[::2], "Ends": days[1::2]}).to_excel(path, index=False)
    terms = read_term_dates(path).stretches
    assert terms["last_day"].tolist() == [pd.Timestamp("2025-10-24"), pd.Timestamp("2025-12-19")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("first_day,last_day\n", "terms.csv is empty: no row is below its header. Give a row to each term"),
        ("term,start\nx,1/9/2025\n", "terms.csv has none of last days. Its columns are term, start. Rename the one"),
        ("term,end\nx,1/9/2025\n", "has none of first days.*to first_day"),
        (
            "start,end\n1/9/2025,24/10/2025\nsoon,2/11/2025\n",
            'row 2 of terms.csv has text like "aaaa" in start, and 1',
        ),
        ("start,end\n31/9/2025,24/10/2025\n", 'row 1 of terms.csv has text like "99/9/9999" in start'),
        ("start,end\n2025-09,2025-10\n", 'like "9999-99" in start, and 1 in all cannot be read. Write 1/9/2025'),
        ("start,end\n,24/10/2025\n", "row 1 of terms.csv has nothing in start"),
        ("start,end\n24/10/2025,1/9/2025\n", "row 1 of terms.csv ends before, and 1 in all do"),
        (
            "start,end\n1/9/2025,\n",
            "row 1 of terms.csv has no last day. Give it, or mark it as a day without pupils by its kind",
        ),
        (
            "start,end\n1/9/2025,24/10/2025\n24/10/2025,19/12/2025\n",
            "rows 1 and 2 of terms.csv do. Keep the terms",
        ),
        ("kind,start,end\nholiday,1/9/2025,24/10/2025\n", "the 1 rows of terms.csv leave none. Give a row to each"),
        (
            "start,end\n1/9/2025,24/10/2025,x\n",
            "row 1 of terms.csv has 3. Write .* put texts that hold a comma in quotes",
        ),
        (
            "start,end\n2025-09-01,2205-12-19\n",
            'in the years 1900 to 2100; row 1 of terms.csv has text like "9999-99-99" in end, and 1 in all lie outside',
        ),
        (
            "start,end\n1/9/2025,24/10/2025\n3/11/1025,19/12/2025\n",
            'row 2 of terms.csv has text like "9/99/9999"',
        ),
        (
            "start,end\n2025-09-01,2026-12-19\n",
            "row 1 of terms.csv lasts 475, and 1 in all are longer. Correct the",
        ),
        (
            "start,end\n9/3/2025,12/19/2025\n",
            "row 1 of terms.csv has the month first in end, and 1 in all.*as 2025-09-01",
        ),
        ("start,end\n9/15/25,12/19/25\n", "have the day first; row 1 of terms.csv has the month first in start"),
        (
            "name,start,end\nSpring term 1 to February break,5/1/2026,13/2/2026\n",
            "row 1 of terms.csv, of 40 days, may be either by its name, and 1",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_row(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_term_dates(write(tmp_path, content))


@pytest.mark.parametrize(
    "name",
    [
        "Staffordshire autumn term",
        "Autumn term to Christmas holiday",
        "Autumn (break 27-31 Oct)",
        "Autumn (INSET 1 September)",
        "Breakspear School, autumn",
    ],
)
def test_a_word_in_its_name_takes_no_term_away(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, f'name,start,end\n"{name}",1/9/2025,19/12/2025\n') == [("01 Sep 2025", "19 Dec 2025")]


@pytest.mark.parametrize("name", ["Staffordshire, spring 1", "Spring 1 (INSET 5 January)", "Spring 1, staff day 5/1"])
def test_a_word_in_its_name_takes_no_half_of_a_term_away(tmp_path: Path, name: str) -> None:
    content = f'name,start,end\n"{name}",5/1/2026,13/2/2026\nSpring 2,23/2/2026,27/3/2026\n'
    assert read(tmp_path, content) == [("05 Jan 2026", "13 Feb 2026"), ("23 Feb 2026", "27 Mar 2026")]


@pytest.mark.parametrize(
    ("name", "last_day", "next_day"),
    [
        ("Summer holidays", "20/7/2025", "21 Jul 2025"),  # 50 days
        ("summer_holiday", "20/7/2025", "21 Jul 2025"),
        ("Break", "21/6/2025", "22 Jun 2025"),
        ("Half-term", "21/6/2025", "22 Jun 2025"),  # 21 days
        ("INSET2", "2/6/2025", "03 Jun 2025"),
        ("In service day", "2/6/2025", "03 Jun 2025"),
    ],
)
def test_a_name_says_that_a_short_stretch_is_no_term(tmp_path: Path, name: str, last_day: str, next_day: str) -> None:
    content = f"name,start,end\nSummer term,1/4/2025,19/8/2025\n{name},1/6/2025,{last_day}\n"
    assert read(tmp_path, content) == [("01 Apr 2025", "31 May 2025"), (next_day, "19 Aug 2025")]


def test_a_kind_says_what_a_stretch_is_whatever_its_length(tmp_path: Path) -> None:
    content = "name,kind,start,end\na,term,1/9/2025,31/7/2026\nb,closed,1/12/2025,28/2/2026\n"
    assert read(tmp_path, content) == [("01 Sep 2025", "30 Nov 2025"), ("01 Mar 2026", "31 Jul 2026")]


def test_a_year_is_the_longest_stretch(tmp_path: Path) -> None:
    assert read(tmp_path, "start,end\n2025-09-01,2026-09-01\n") == [("01 Sep 2025", "01 Sep 2026")]


HOLIDAYS = (
    "name,start,end\nOctober,25/10/2025,2/11/2025\nChristmas,20/12/2025,4/1/2026\nFebruary,14/2/2026,22/2/2026\n"
    "Easter,28/3/2026,12/4/2026\nSummer,22/7/2026,1/9/2026\n"
)


def test_a_list_of_holidays_is_not_taken_for_one_of_terms(tmp_path: Path) -> None:
    # 9 + 16 + 9 + 16 + 42 = 92 days of the 312 from 25 October to 1 September
    words = (
        "none is longer than 42 days, and they hold 92 days and leave out 220; the first is row 1. "
        'Give a row to each term, and write "holiday" in a column "kind" for each holiday; if these are'
    )
    with pytest.raises(DataError, match=words):
        read(tmp_path, HOLIDAYS)
    with pytest.raises(DataError, match="none is longer than 42 days, and they hold 42 days and leave out 270"):
        read(tmp_path, re.sub(r"(October|Christmas|February|Easter)", r"\1 holiday", HOLIDAYS))


def test_short_terms_far_apart_are_read_if_their_kind_says_so(tmp_path: Path) -> None:
    content = "kind,start,end\nterm,1/9/2025,10/10/2025\nterm,1/4/2026,30/4/2026\n"
    assert read(tmp_path, content) == [("01 Sep 2025", "10 Oct 2025"), ("01 Apr 2026", "30 Apr 2026")]


def test_terms_and_holidays_together_are_read(tmp_path: Path) -> None:
    rows = HOLIDAYS.removeprefix("name,start,end\n").splitlines()
    content = "name,kind,start,end\nYear,term,1/9/2025,21/7/2026\n" + "".join(
        f"{row.replace(',', ',holiday,', 1)}\n" for row in rows
    )
    assert read(tmp_path, content) == [
        ("01 Sep 2025", "24 Oct 2025"),
        ("03 Nov 2025", "19 Dec 2025"),
        ("05 Jan 2026", "13 Feb 2026"),
        ("23 Feb 2026", "27 Mar 2026"),
        ("13 Apr 2026", "21 Jul 2026"),
    ]


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(25, 60), st.integers(3, 24)), min_size=1, max_size=12),
    st.dates(dt.date(1950, 1, 1), dt.date(2090, 1, 1)),
)
def test_halves_of_terms_with_shorter_holidays_between_them_are_all_read(
    tmp_path_factory: pytest.TempPathFactory, halves: list[tuple[int, int]], first: dt.date
) -> None:
    n_days = list(itertools.accumulate((n for half in halves for n in half), initial=0))
    stretches = [
        (first + dt.timedelta(days=a), first + dt.timedelta(days=b - 1))
        for a, b in zip(n_days[:-1:2], n_days[1::2], strict=True)
    ]
    content = "first_day,last_day\n" + "".join(f"{a},{b}\n" for a, b in stretches)
    terms = read_term_dates(write(tmp_path_factory.mktemp("terms"), content)).stretches
    assert [(a.date(), b.date()) for a, b in zip(terms["first_day"], terms["last_day"], strict=True)] == stretches


def test_a_file_that_is_not_there_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="to read term dates from"):
        read_term_dates(tmp_path / "none.csv")
    with pytest.raises(DataError, match="Term dates are read from a table, a file ending in .*; terms.pdf does not"):
        read_term_dates(write(tmp_path, "x", "terms.pdf"))


def test_the_file_is_named_with_what_it_says_of_itself(tmp_path: Path) -> None:
    plain = read_term_dates(write(tmp_path, PLAIN)).input
    assert (plain.path, plain.table, plain.n_rows, plain.data_status) == ("terms.csv", "term dates", 2, None)
    made_up = "first_day,last_day,data_status\n2025-09-01,2025-10-24,synthetic\n"
    assert read_term_dates(write(tmp_path, made_up)).input.data_status == "synthetic"
