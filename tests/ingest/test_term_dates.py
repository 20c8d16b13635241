from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from hotspots.errors import DataError, NotFoundError
from hotspots.ingest.term_dates import read_term_dates

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
        ("start,end\n1/9/2025,24/10/2025\nsoon,2/11/2025\n", 'row 2 of terms.csv has "soon" in start, and 1 in all'),
        ("start,end\n31/9/2025,24/10/2025\n", 'row 1 of terms.csv has "31/9/2025" in start'),
        ("start,end\n2025-09,2025-10\n", '"2025-09" in start, and 1 in all cannot be read. Write 1/9/2025'),
        ("start,end\n,24/10/2025\n", "row 1 of terms.csv has nothing in start"),
        ("start,end\n24/10/2025,1/9/2025\n", "runs from 2025-10-24 to 2025-09-01, and 1 in all end before they start"),
        ("start,end\n1/9/2025,\n", "row 1 of terms.csv has no last day. Give it, or say by its kind"),
        (
            "start,end\n1/9/2025,24/10/2025\n24/10/2025,19/12/2025\n",
            "rows 1 and 2 of terms.csv do: 2025-09-01 to 2025-10-24 and 2025-10-24 to 2025-12-19. Keep the terms",
        ),
        ("kind,start,end\nholiday,1/9/2025,24/10/2025\n", "the 1 rows of terms.csv leave none. Give a row to each"),
        ("start,end\n1/9/2025,24/10/2025,x\n", "row 1 of terms.csv has 3. Put texts that hold a comma in quotes"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_row(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_term_dates(write(tmp_path, content))


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
