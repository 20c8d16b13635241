"""Minutes of patrol are places to patrol."""

from __future__ import annotations

from support import call


def test_minutes_and_places_are_not_given_together() -> None:
    code, _, err = call("run", "--crime", "robbery", "--places", "5", "--patrol-minutes", "60")
    assert code == 2
    assert "Give --places or --patrol-minutes, not both: the second is a number of places too." in err


def test_minutes_that_hold_no_visit_name_their_option() -> None:
    code, _, err = call("run", "--crime", "robbery", "--patrol-minutes", "10")
    assert (code, err) == (
        2,
        "hotspots: A visit takes 15 minutes, so --patrol-minutes must be from 15 to 7,500, not 10. Eight hours "
        "are 480.\n",
    )


def test_too_many_places_name_their_option() -> None:
    code, _, err = call("run", "--crime", "robbery", "--places", "501")
    assert code == 2
    assert "must be from 1 to 500, not 501. Leave --places out for 20." in err
