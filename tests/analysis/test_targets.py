from __future__ import annotations

import pandas as pd
import pytest

from hotspots.analysis.rates.peer_rates import compare_with_peers
from hotspots.analysis.rates.target_status import judge_target
from hotspots.analysis.rates.targets import Target, choose_indicators
from hotspots.errors import ParameterError

FIVE_PERCENT_LESS = Target(change=-0.05)


@pytest.mark.parametrize(
    ("n_current", "n_previous", "status"),
    [
        (500, 1000, "met"),  # the limits of 0.5 lie below 0.95
        (940, 1000, "met, within chance"),
        (950, 1000, "met, within chance"),
        (980, 1000, "missed, within chance"),
        (1500, 1000, "missed"),
    ],
)
def test_a_target_of_change(n_current: int, n_previous: int, status: str) -> None:
    assert judge_target(n_current, n_previous, target=FIVE_PERCENT_LESS) == status


def test_a_dispersion_that_is_little_known_leaves_more_to_chance() -> None:
    for target, n in ((FIVE_PERCENT_LESS, 850), (Target(n_incidents=920), 850)):
        assert judge_target(n, 1000, target=target) == "met"
        assert judge_target(n, 1000, target=target, n_free=1) == "met, within chance"


@pytest.mark.parametrize(
    # exact limits of a Poisson count of 10: 4.795 to 18.39 (Garwood)
    ("wanted", "status"),
    [(19, "met"), (18, "met, within chance"), (10, "met, within chance"), (5, "missed, within chance"), (4, "missed")],
)
def test_a_target_number(wanted: int, status: str) -> None:
    assert judge_target(10, None, target=Target(n_incidents=wanted)) == status


def test_none_at_all_meets_any_target_number() -> None:
    assert judge_target(0, None, target=Target(n_incidents=4)) == "met"  # up to 3.69 (Garwood)
    assert judge_target(0, None, target=Target(n_incidents=0)) == "met, within chance"


def test_a_target_of_change_needs_something_to_change_from() -> None:
    assert judge_target(10, None, target=FIVE_PERCENT_LESS) is None
    assert judge_target(10, 0, target=FIVE_PERCENT_LESS) is None


def test_missing_days_are_allowed_for() -> None:
    # 500 in half a year are as many as 1,000 in a year
    found = judge_target(500, 1000, target=Target(change=0.0), exposure_current=182.5, exposure_previous=365)
    assert found == "met, within chance"


def peers(*rows: tuple[str, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["area", "n_incidents", "population"])


def test_a_place_among_peers() -> None:
    found = compare_with_peers(
        100, 10_000, peers(("far above", 400, 10_000), ("alike", 102, 10_000), ("far below", 20, 10_000))
    )
    assert (found.rate, found.rank, found.n_areas) == (10.0, 3, 4)
    # one is higher by more than chance, one is lower by more than chance
    assert (found.rank_low, found.rank_high) == (2, 3)
    assert found.peer_rates.to_dict() == pytest.approx({"far above": 40.0, "alike": 10.2, "far below": 2.0})


def test_part_of_a_year_is_made_a_year() -> None:
    found = compare_with_peers(50, 10_000, peers(("alike", 100, 10_000)), n_years=0.5)
    assert (found.rate, found.rank) == (10.0, 1)


def test_mistakes_are_explained() -> None:
    with pytest.raises(
        ParameterError,
        match="either a change or a number of incidents; neither given. Write -0.05 for 5% fewer, or 1200",
    ):
        Target()
    with pytest.raises(ParameterError, match="both given"):
        Target(change=0.0, n_incidents=3)
    with pytest.raises(ParameterError, match="A comparison needs at least one peer"):
        compare_with_peers(1, 10.0, peers())
    with pytest.raises(ParameterError, match="Rates need residents and years above 0, not 0 and 1"):
        compare_with_peers(1, 0.0, peers(("a", 1, 1.0)))


def test_parts_that_are_not_told_apart_are_shown_as_their_category_once() -> None:
    part_of = {"theft-of-vehicle": "vehicle-crime", "theft-from-vehicle": "vehicle-crime", "robbery": None}
    wanted = ["robbery", "theft-of-vehicle", "theft-from-vehicle", "asb"]
    assert choose_indicators(wanted, ["vehicle-crime", "robbery"], part_of) == ["robbery", "vehicle-crime"]
    both = ["theft-of-vehicle", "vehicle-crime", "robbery"]
    assert choose_indicators(wanted, both, part_of) == ["robbery", "theft-of-vehicle", "vehicle-crime"]
