from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np

from hotspots.ingest.reference.term_dates import read_term_dates
from hotspots.pipeline.school_days import find_school_days
from hotspots.pipeline.study import CalendarOptions


def test_without_terms_school_days_are_weekdays_that_are_no_bank_holidays() -> None:
    """The week of Easter Monday 2026, and the week after it, into which an interval may go on."""
    found = find_school_days(CalendarOptions(), start=dt.date(2026, 4, 6), end=dt.date(2026, 4, 12))
    wanted = [*range(7, 11), *range(13, 18)]
    assert found.days.tolist() == [dt.date(2026, 4, day) for day in wanted]
    assert found.is_without_terms


def test_where_terms_are_known_only_their_days_are_school_days(tmp_path: Path) -> None:
    rows = "first_day,last_day\n2026-01-05,2026-03-27\n2026-04-13,2026-05-22\n"
    (tmp_path / "terms.csv").write_text(rows, "utf-8")
    options = CalendarOptions(terms=read_term_dates(tmp_path / "terms.csv"))
    found = find_school_days(options, start=dt.date(2026, 4, 6), end=dt.date(2026, 4, 12))
    assert found.days.tolist() == [dt.date(2026, 4, day) for day in range(13, 18)]
    assert not found.is_without_terms
    # after the last term it is not known
    beyond = find_school_days(options, start=dt.date(2026, 5, 18), end=dt.date(2026, 5, 24))
    assert beyond.is_without_terms
    assert np.datetime64("2026-05-26") in beyond.days  # a Tuesday; the Monday is a bank holiday
    assert np.datetime64("2026-05-25") not in beyond.days
