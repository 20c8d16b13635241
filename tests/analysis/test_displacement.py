from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats.contingency import odds_ratio

from hotspots.analysis.change.displacement import AreaWeights, measure_displacement, measure_harm_difference
from hotspots.analysis.change.ratio_scatter import count_areas_needed, measure_scatter
from hotspots.analysis.change.relative_change import compare_changes
from hotspots.errors import ParameterError, TooLittleDataError

counts = st.tuples(st.integers(0, 400), st.integers(0, 400))
some = st.tuples(st.integers(1, 400), st.integers(1, 400))


# --- the weighted displacement difference


def test_the_published_example_is_reproduced() -> None:
    """Wheeler and Ratcliffe (2018): -118, variance 1,568, Z -2.98, 95% limits -196 to -40."""
    found = measure_displacement(
        control=(308, 318), treated=(207, 110), displacement_control=(150, 140), displacement_treated=(178, 157)
    )
    assert (found.net.difference, found.net.variance) == (-118, 1_568)
    assert round(found.net.z, 2) == -2.98
    assert (round(found.net.low), round(found.net.high)) == (-196, -40)
    assert found.net.p_value == pytest.approx(2 * found.net.p_fall)
    assert found.net.p_fall + found.net.p_rise == pytest.approx(1)
    assert found.displaced is not None
    assert found.local.difference + found.displaced.difference == found.net.difference
    assert found.local.variance + found.displaced.variance == found.net.variance
    assert found.is_alike
    assert not found.is_small


def test_periods_of_other_lengths_as_published() -> None:
    """Wheeler (2021): 100 to 50 against 80 to 20, the period before twice as long: -20, variance 115."""
    found = measure_displacement(control=(100, 50), treated=(80, 20), period_days=(2, 1))
    assert (found.net.difference, found.net.variance) == (-20, 115)


PUBLISHED: dict[str, Any] = {
    "control": (308, 318),
    "treated": (207, 110),
    "displacement_control": (150, 140),
    "displacement_treated": (178, 157),
}


def test_areas_of_other_sizes_as_published() -> None:
    """Wheeler (2021): sizes .9, 1.2, 1.6 and 1.5 give -99.694, 35.428, Z -2.814, -169.13 to -30.26; -91.9 locally."""
    sizes = AreaWeights(control=0.9, treated=1.2, displacement_control=1.6, displacement_treated=1.5)
    found = measure_displacement(**PUBLISHED, area_weights=sizes)
    assert found.net.difference == pytest.approx(-99.69444444, abs=5e-9)
    assert math.sqrt(found.net.variance) == pytest.approx(35.4280755, abs=5e-8)
    assert found.net.z == pytest.approx(-2.813995483, abs=5e-10)
    assert (found.net.low, found.net.high) == pytest.approx((-169.1321965, -30.25669241), abs=5e-8)
    assert found.local.difference == pytest.approx(-91.9, abs=0.05)
    assert math.sqrt(found.local.variance) == pytest.approx(31.5, abs=0.05)
    assert found.size_ratio == pytest.approx(308 / 0.9 / (207 / 1.2))
    # the ratios of ratios need no sizes
    assert found.net_ratio == measure_displacement(**PUBLISHED).net_ratio


def test_a_control_of_ten_times_the_size_is_brought_to_one() -> None:
    found = measure_displacement(treated=(1_000, 900), control=(10_000, 9_000), area_weights=AreaWeights(control=10))
    assert found.net.difference == 0
    assert found.net.variance == pytest.approx(1_900 + 19_000 / 100)
    assert found.size_ratio == 1
    assert found.is_alike


def test_crimes_are_added_up_by_harm() -> None:
    """Wheeler's (2020) three crimes and their weights of 10, 5 and 1: -10, -5 and -30, variances 70, 105 and 230."""
    counts = {"rob": ((20, 20), (20, 10)), "burg": ((30, 30), (25, 20)), "theft": ((80, 60), (70, 20))}
    differences = {
        crime: measure_displacement(control=control, treated=treated).local
        for crime, (control, treated) in counts.items()
    }
    assert [found.variance for found in differences.values()] == [70, 105, 230]
    found = measure_harm_difference(differences, {"rob": 10, "burg": 5, "theft": 1})
    assert found.difference == 10 * -10 + 5 * -5 + -30
    assert found.variance == 100 * 70 + 25 * 105 + 230
    assert found.z == pytest.approx(-155 / math.sqrt(9_855))


@given(treated=some, control=some, harm=st.floats(0.1, 1_000))
def test_harm_of_one_crime_changes_the_unit_and_nothing_else(treated: Any, control: Any, harm: float) -> None:
    plain = measure_displacement(treated=treated, control=control).net
    found = measure_harm_difference({"robbery": plain}, {"robbery": harm})
    assert found.difference == pytest.approx(harm * plain.difference)
    assert found.p_value == pytest.approx(plain.p_value)


def test_only_the_proportion_of_the_lengths_matters() -> None:
    one = measure_displacement(control=(100, 50), treated=(80, 20), period_days=(182, 91))
    other = measure_displacement(control=(100, 50), treated=(80, 20), period_days=(2, 1))
    assert one.net == other.net


@pytest.mark.parametrize(
    ("areas", "difference"),
    [
        ({"control": (20, 20), "treated": (20, 10)}, -10),
        (
            {
                "control": (20, 20),
                "treated": (20, 20),
                "displacement_control": (20, 20),
                "displacement_treated": (20, 10),
            },
            -10,
        ),
        ({"control": (20, 20), "treated": (20, 10), "displacement_treated": (5, 15)}, 0),
    ],
)
def test_differences_by_hand(areas: dict[str, Any], difference: int) -> None:
    assert measure_displacement(**areas).net.difference == difference


@given(treated=some, control=some)
def test_treated_and_control_swapped_are_the_other_way_round(treated: Any, control: Any) -> None:
    one, other = (measure_displacement(treated=a, control=b) for a, b in ((treated, control), (control, treated)))
    assert one.net.difference == -other.net.difference
    assert one.net.variance == other.net.variance
    assert one.net.p_fall == pytest.approx(other.net.p_rise)
    assert one.net_ratio.low == pytest.approx(1 / other.net_ratio.high if other.net_ratio.high else math.inf)
    assert one.net_ratio.p_value == pytest.approx(other.net_ratio.p_value)


def test_an_even_fall_everywhere_is_no_effect_by_share_though_it_is_one_by_number() -> None:
    """A tenth less in both: the difference, against a control of ten times the incidents, takes it for a rise."""
    found = measure_displacement(treated=(1_000, 900), control=(10_000, 9_000))
    assert found.net_ratio.ratio == 1
    assert found.net_ratio.direction == "no apparent effect"
    assert found.net.difference == 900
    assert found.net.p_rise < 1e-6
    assert not found.is_alike
    assert found.size_ratio == 10


def test_small_numbers_are_marked() -> None:
    assert measure_displacement(treated=(3, 1), control=(40, 41)).is_small
    found = measure_displacement(treated=(40, 20), control=(40, 41), displacement_treated=(1, 2))
    assert found.is_small
    assert found.least_expected == pytest.approx(3 * 41 / 84)  # three around, against a control of 81


def test_nothing_around_is_no_displacement() -> None:
    found = measure_displacement(
        treated=(40, 20), control=(40, 41), displacement_treated=(0, 0), displacement_control=(0, 0)
    )
    assert found.displaced is not None
    assert (found.displaced.difference, found.displaced.variance, found.displaced.p_value) == (0, 0, 1)
    assert math.isnan(found.displaced.low)
    assert found.displaced_ratio is not None
    assert (found.displaced_ratio.low, found.displaced_ratio.high) == (0, math.inf)


# --- the ratio of ratios


def test_the_ratio_is_that_of_a_published_comparison() -> None:
    """Wheeler on Wilson's estimator: 50 to 30 against 60 to 55 is exp(-0.4238142) = 0.6545455."""
    change = compare_changes((50, 30), (60, 55))
    assert change.ratio == pytest.approx(0.6545455, abs=5e-8)
    assert math.log(change.ratio) == pytest.approx(-0.4238142, abs=5e-8)
    assert change.n_expected == pytest.approx(50 * 55 / 60)
    assert change.n_more == pytest.approx(30 - 50 * 55 / 60)
    assert change.direction == "no apparent effect"


def test_the_limits_are_those_published_for_the_lady_who_tasted_tea() -> None:
    """Fisher's 3, 1, 1, 3: R's documentation of fisher.test has 0.3135693 (from a search to about 1e-5)."""
    low = compare_changes((1, 3), (3, 1), confidence=0.90).low
    assert low == pytest.approx(0.3135693, rel=2e-5)
    ways = [1, 16, 36, 16, 1]  # in which 0 to 4 of the four cups named are right
    likely = [n * low**right for right, n in enumerate(ways)]
    assert sum(likely[3:]) / sum(likely) == pytest.approx(0.05)
    assert compare_changes((1, 3), (3, 1)).p_value == pytest.approx(34 / 70)


@settings(max_examples=25)
@given(first=some, second=some)
def test_limits_agree_with_scipy(first: Any, second: Any) -> None:
    interval = odds_ratio([[first[1], first[0]], [second[1], second[0]]]).confidence_interval(0.95)
    change = compare_changes(first, second)
    assert (change.low, change.high) == pytest.approx((interval.low, interval.high), rel=1e-6)


@given(first=counts, second=counts)
def test_the_p_value_and_the_limits_say_the_same(first: Any, second: Any) -> None:
    change = compare_changes(first, second)
    assert (change.p_value <= 0.05 + 1e-12) == (not change.low <= 1 <= change.high) or math.isclose(
        change.p_value, 0.05, rel_tol=1e-6
    )
    if math.isfinite(change.ratio):
        assert change.low <= change.ratio <= change.high


@given(first=some, second=some, factor=st.integers(2, 5))
def test_the_size_of_the_control_does_not_move_the_ratio(first: Any, second: Any, factor: int) -> None:
    larger = (second[0] * factor, second[1] * factor)
    assert compare_changes(first, larger).ratio == pytest.approx(compare_changes(first, second).ratio)


@given(first=some, second=some, spread=st.floats(1.01, 3))
def test_a_spread_widens_the_limits_and_raises_the_p_value(first: Any, second: Any, spread: float) -> None:
    one, other = compare_changes(first, second), compare_changes(first, second, spread=spread)
    assert other.low <= one.low
    assert one.high <= other.high
    assert other.p_value >= one.p_value - 1e-12
    assert other.ratio == one.ratio


def test_counts_of_none_leave_the_ratio_open() -> None:
    gone = compare_changes((12, 0), (30, 30))
    assert (gone.ratio, gone.low) == (0, 0)
    assert gone.high < 1
    assert (gone.n_more, gone.n_more_low) == (-12, -12)
    new = compare_changes((0, 12), (30, 30))
    assert (new.ratio, new.high) == (math.inf, math.inf)
    assert new.low > 1
    nothing = compare_changes((0, 0), (30, 30))
    assert math.isnan(nothing.ratio)
    assert (nothing.low, nothing.high) == (0, math.inf)
    assert nothing.direction == "nothing can be said"
    assert compare_changes((5, 0), (30, 0)).direction == "nothing can be said"


def test_a_rise_by_less_than_the_other_is_better_and_a_fall_by_less_is_worse() -> None:
    assert compare_changes((200, 220), (200, 340)).direction == "better"
    assert compare_changes((200, 180), (200, 100)).direction == "worse"


def test_a_london_year_is_quick() -> None:
    change = compare_changes((40_000, 38_000), (490_000, 495_000))
    assert change.direction == "better"
    normal = math.exp(1.959964 * math.sqrt(1 / 40_000 + 1 / 38_000 + 1 / 490_000 + 1 / 495_000))
    assert change.high / change.ratio == pytest.approx(normal, rel=1e-4)


def test_chance_is_called_an_effect_as_often_as_stated_or_less() -> None:
    """Poisson counts of 30 and 300, and a fall of a fifth everywhere: 5% or fewer, within three standard errors."""
    rng = np.random.default_rng(0)
    n = 800
    first, second = rng.poisson((30, 24), (n, 2)), rng.poisson((300, 240), (n, 2))
    scatter = measure_scatter(first, second)
    assert 0.02 < scatter.called_share < 0.05 + 3 * math.sqrt(0.05 * 0.95 / n)
    assert 1 <= scatter.spread < 1.1
    called = np.mean([compare_changes(tuple(a), tuple(b)).direction != "no apparent effect"
                      for a, b in zip(first.tolist(), second.tolist(), strict=True)])  # fmt: skip
    assert called == pytest.approx(scatter.called_share, abs=1e-9)


def test_limits_widened_by_the_scatter_are_right_for_counts_that_vary_more() -> None:
    """Negative binomial counts of twice and more the variance: the exact test errs often, the widened limits do not."""
    rng = np.random.default_rng(1)
    n = 1_600
    first = rng.negative_binomial(20, 20 / (20 + 40), (n, 2))  # mean 40, variance 120
    second = np.full((n, 2), 2_000)
    scatter = measure_scatter(first[:1_000], second[:1_000])
    assert scatter.called_share > 0.15
    assert scatter.spread == pytest.approx(math.sqrt(3), rel=0.1)
    called = np.mean(
        [
            compare_changes((a, b), (2_000, 2_000), spread=scatter.spread).direction != "no apparent effect"
            for a, b in first[1_000:].tolist()
        ]
    )
    assert called < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 600)


def test_a_halving_is_found() -> None:
    rng = np.random.default_rng(2)
    found = [
        compare_changes((int(a), int(b)), (1_000, 1_000)).direction
        for a, b in zip(rng.poisson(80, 200), rng.poisson(40, 200), strict=True)
    ]
    assert found.count("better") > 180


def test_areas_that_overlap_widen_the_limits_further() -> None:
    """Of 100 areas the quantile at .95 x 101 / 100; were they worth 19 only, the largest of them."""
    rng = np.random.default_rng(4)
    first, second = rng.poisson(30, (100, 2)), np.full((100, 2), 10**6)
    first = np.column_stack([first[:, 0], 3 * first[:, 1]])  # so that they scatter by more than Poisson counts
    z = np.abs(np.log((first[:, 1] + 0.5) / (first[:, 0] + 0.5))) / np.sqrt((1 / (first + 0.5)).sum(axis=1))
    all_apart, few_apart = measure_scatter(first, second), measure_scatter(first, second, n_independent=19)
    assert all_apart.spread == pytest.approx(np.quantile(z, 0.95 * 1.01) / 1.959964, rel=1e-4)
    assert few_apart.spread == pytest.approx(z.max() / 1.959964, rel=1e-4)
    assert measure_scatter(first, second, n_independent=5_000) == all_apart


@pytest.mark.parametrize(("confidence", "n"), [(0.95, 19), (0.9, 9), (0.99, 99), (0.8, 4), (0.5, 1)])
def test_as_many_areas_are_needed_as_the_confidence_takes(confidence: float, n: int) -> None:
    """One more area is beyond all of n like it once in n + 1 times: 1 / (n + 1) must be 1 - confidence or less."""
    assert count_areas_needed(confidence) == n
    areas = np.full((n, 2), 30), np.full((n, 2), 300)
    assert measure_scatter(*areas, confidence=confidence).n_areas == n
    if n > 1:
        with pytest.raises(TooLittleDataError, match=f"can be widened from {n} independent areas or more"):
            measure_scatter(areas[0][1:], areas[1][1:], confidence=confidence)


def test_widened_limits_hold_as_often_as_stated_with_the_fewest_areas() -> None:
    """With 19 areas one more lies beyond them once in 20 times, however they are distributed; with 10, once in 11."""
    rng = np.random.default_rng(5)
    n, called = 400, 0
    for _ in range(n):
        first = rng.negative_binomial(5, 5 / (5 + 40), (20, 2))  # mean 40, variance 360
        second = np.full((19, 2), 100_000)
        spread = measure_scatter(first[:19], second).spread
        last = (int(first[19, 0]), int(first[19, 1]))
        called += compare_changes(last, (100_000, 100_000), spread=spread).direction != "no apparent effect"
    assert called / n < 0.05 + 3 * math.sqrt(0.05 * 0.95 / n)


# --- mistakes


@pytest.mark.parametrize(
    ("areas", "message"),
    [
        ({"treated": (-1, 2)}, r"the treated area has \(-1, 2\). Give numbers of incidents"),
        ({"treated": (1.5, 2)}, r"two whole counts, 0 or more, before and after; the treated area has \(1.5, 2\)"),
        ({"treated": (math.nan, 2)}, r"the treated area has \(nan, 2\)"),
        ({"treated": (math.inf, 2)}, r"the treated area has \(inf, 2\)"),
        ({"treated": (1, 2, 3)}, r"the treated area has \(1, 2, 3\)"),
        ({"treated": 7}, "the treated area has 7"),
        ({"control": ("a", 2)}, r"the control has \('a', 2\)"),
        ({"displacement_treated": (1, -2)}, r"the area around the treated one has \(1, -2\)"),
        ({"displacement_treated": (1, 2), "displacement_control": (1, None)}, "the area around the control has"),
        ({"displacement_control": (1, 2)}, "Give `displacement_treated` too, or leave `displacement_control` out"),
        ({"period_days": (0, 1)}, r"two lengths above 0, not \(0, 1\). Give the days of each"),
        ({"period_days": (math.nan, 1)}, r"two lengths above 0, not \(nan, 1\)"),
        ({"period_days": 3}, "two lengths above 0, not 3"),
        ({"confidence": 95}, "The confidence must lie between 0 and 1, not 95. 0.95 is usual"),
    ],
)
def test_a_mistake_is_named(areas: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        measure_displacement(**{"treated": (10, 5), "control": (10, 11)} | areas)


def test_mistakes_about_sizes_and_harm_are_named() -> None:
    with pytest.raises(
        ParameterError, match="a number above 0; `control` has 0. Give the km², homes or people of each"
    ):
        AreaWeights(control=0)
    with pytest.raises(ParameterError, match="`treated` has '2 km²'"):
        AreaWeights(treated="2 km²")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="`displacement_treated` has nan"):
        AreaWeights(displacement_treated=math.nan)
    found = measure_displacement(treated=(10, 5), control=(10, 11)).net
    with pytest.raises(ParameterError, match="robbery has None. Give one, or leave the crime out"):
        measure_harm_difference({"robbery": found}, {"burglary": 438})
    with pytest.raises(ParameterError, match="a number from 0 up; robbery has -1"):
        measure_harm_difference({"robbery": found}, {"robbery": -1})
    with pytest.raises(TooLittleDataError, match="needs one crime or more; there is none. Take crimes that have a fig"):
        measure_harm_difference({}, {})


def test_no_incident_at_all_is_too_little() -> None:
    with pytest.raises(TooLittleDataError, match="nothing can be compared. Take a longer period"):
        measure_displacement(treated=(0, 0), control=(0, 0), displacement_treated=(3, 4))


def test_mistakes_about_scatter_are_named() -> None:
    with pytest.raises(
        ParameterError, match=r"A spread must be 1 or more, .* 0.5 was given. Take the spread from measure_scatter"
    ):
        compare_changes((1, 2), (3, 4), spread=0.5)
    with pytest.raises(ParameterError, match="A spread must be 1 or more, .* nan was given"):
        compare_changes((1, 2), (3, 4), spread=math.nan)
    with pytest.raises(TooLittleDataError, match="there are none. Take a larger study area"):
        measure_scatter(np.empty((0, 2)), np.empty((0, 2)))
    with pytest.raises(ParameterError, match="worth at least one independent area, not 0.5. Leave `n_independent` out"):
        measure_scatter([[1, 2]], [[3, 4]], n_independent=0.5)
    with pytest.raises(
        TooLittleDataError,
        match=r"Limits of 95% can be widened from .*; these areas are worth 10. Take a larger study area",
    ):
        measure_scatter(np.full((40, 2), 9), np.full((40, 2), 9), n_independent=10.9)
    for first, second in (([[1, 2]], [[1, 2], [3, 4]]), ([1, 2], [3, 4]), ([[1, -2]], [[1, 2]]), ([[1]], [[1]])):
        with pytest.raises(ParameterError, match="Give two arrays of two columns"):
            measure_scatter(first, second)
