from __future__ import annotations

import datetime as dt

import pytest

from hotspots.analysis.change.comparisons import Comparison, plan_asked, plan_comparisons
from hotspots.analysis.change.season_windows import SeasonWindow
from hotspots.analysis.change.withholding import withhold_seasonal

WINTER = SeasonWindow(first_month=11, n_months=4, ratio=1.3, low=1.1, high=1.5, p_value=0.01)
KNOWN = dt.date(2023, 1, 1)


def plan(last: dt.date, key: str, against: str) -> Comparison:
    planned = plan_comparisons(last, known_from=KNOWN, is_monthly=True)
    (one,) = (c for c in planned if (c.key, c.against) == (key, against))
    return one


@pytest.mark.parametrize(
    ("last", "key", "against", "is_made"),
    [
        ("2025-12-31", "1-month", "before", True),  # December against November, both of the winter
        ("2025-11-30", "1-month", "before", False),  # November against October
        ("2025-11-30", "1-month", "last year", True),
        ("2025-11-30", "3-months", "before", False),  # a third of it: 1.1
        ("2025-12-31", "r12", "before", True),
    ],
)
def test_a_season_that_is_known_does_not_pass_for_a_change(last: str, key: str, against: str, is_made: bool) -> None:
    one = plan(dt.date.fromisoformat(last), key, against)
    (judged,) = withhold_seasonal([one], WINTER)
    assert judged.available == is_made
    assert withhold_seasonal([one], None) == (one,)
    if is_made:
        assert judged == one
    elif key == "1-month":
        assert judged.reason == "The season alone would change it by a factor of about 1.30 (November-February)."


def test_what_was_asked_for_is_made_whatever_the_season() -> None:
    november, october = ((dt.date(2025, 11, 1), dt.date(2025, 11, 30)), (dt.date(2025, 10, 1), dt.date(2025, 10, 31)))
    asked = plan_asked(november, october, known_from=KNOWN, is_monthly=True)
    assert not asked.allows_for_season
    assert withhold_seasonal([asked], WINTER) == (asked,)
