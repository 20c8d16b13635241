from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hotspots.analysis.rates.ratios import compare_rates
from hotspots.errors import ParameterError

COUNTS = st.integers(0, 2_000)
EXPOSURES = st.sampled_from([1.0, 28.0, 29.5, 365.0])


def test_a_comparison_by_hand() -> None:
    """Given 3 incidents in all, the chance that all fall in one half is 1/8; both ways, 1/4."""
    compared = compare_rates([3, 0, 2], [0, 3, 1])
    assert compared.p_value == pytest.approx([0.25, 0.25, 1.0])
    assert compared.ratio.tolist() == [np.inf, 0, 2]
    # (1 - s)^3 = 0.025 for the share s that three of three at most leave
    odds = 0.025 ** (1 / 3) / (1 - 0.025 ** (1 / 3))
    assert compared.low[:2] == pytest.approx([odds, 0])
    assert compared.high[:2] == pytest.approx([np.inf, 1 / odds])


def test_longer_exposure_lowers_the_rate() -> None:
    compared = compare_rates(10, 10, exposure_first=20, exposure_second=10)
    assert float(compared.ratio) == pytest.approx(0.5)


@pytest.mark.parametrize(("first", "second", "p"), [(6, 2, 0.1749), (3, 0, 0.0884)])
def test_the_published_e_tests_are_reproduced(first: int, second: int, p: float) -> None:
    assert float(compare_rates(first, second, test="e-test").p_value) == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (5, 0), (1, 1), (34, 21), (210, 300), (4_000, 4_200)])
@pytest.mark.parametrize("odds", [1.0, 2.5])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_limits_are_those_of_the_binomial_by_another_route(
    first: int, second: int, odds: float, confidence: float
) -> None:
    compared = compare_rates(first, second, exposure_first=odds, confidence=confidence)
    limits = stats.binomtest(first, first + second, odds / (1 + odds)).proportion_ci(confidence, method="exact")
    with np.errstate(divide="ignore"):
        expected = [float(np.divide(limit, 1 - limit)) / odds for limit in (limits.low, limits.high)]
    assert [float(compared.low), float(compared.high)] == pytest.approx(expected, rel=1e-6)


@given(first=COUNTS, second=COUNTS)
def test_p_is_that_of_the_sign_test_where_exposures_are_equal(first: int, second: int) -> None:
    """With equal halves both tails are alike, so that doubling one is the exact two-sided test."""
    p = stats.binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert float(compare_rates(first, second).p_value) == pytest.approx(p, rel=1e-6, abs=1e-300)


@given(first=COUNTS, second=COUNTS, time_first=EXPOSURES, time_second=EXPOSURES, spread=st.floats(1, 20))
def test_swapping_turns_ratio_and_limits_over(
    first: int, second: int, time_first: float, time_second: float, spread: float
) -> None:
    one = compare_rates(first, second, exposure_first=time_first, exposure_second=time_second, dispersion=spread)
    other = compare_rates(second, first, exposure_first=time_second, exposure_second=time_first, dispersion=spread)
    with np.errstate(divide="ignore"):
        assert float(one.low) == pytest.approx(float(np.divide(1, other.high)), rel=1e-6)
        assert float(one.high) == pytest.approx(float(np.divide(1, other.low)), rel=1e-6)
    assert float(one.p_value) == pytest.approx(float(other.p_value), rel=1e-6, abs=1e-300)


@given(
    first=COUNTS,
    second=COUNTS,
    time_second=EXPOSURES,
    confidence=st.sampled_from([0.5, 0.95, 0.99]),
    spread=st.floats(1, 20),
)
def test_the_limits_leave_out_1_just_where_p_is_small(
    first: int, second: int, time_second: float, confidence: float, spread: float
) -> None:
    compared = compare_rates(
        first, second, exposure_first=28, exposure_second=time_second, dispersion=spread, confidence=confidence
    )
    if abs(float(compared.p_value) - (1 - confidence)) > 1e-9:
        leaves_out = not float(compared.low) <= 1 <= float(compared.high)
        assert leaves_out == (float(compared.p_value) < 1 - confidence)


@given(first=COUNTS, second=COUNTS, spread=st.floats(1.01, 20))
def test_dispersion_is_only_ever_more_careful(first: int, second: int, spread: float) -> None:
    plain, careful = compare_rates(first, second), compare_rates(first, second, dispersion=spread)
    assert float(careful.low) <= float(plain.low) * (1 + 1e-9)
    assert float(careful.high) >= float(plain.high) * (1 - 1e-9)
    assert np.array_equal(careful.ratio, plain.ratio, equal_nan=True)


def test_dispersion_compares_as_many_incidents_as_vary_that_much() -> None:
    spread, plain = compare_rates(60, 30, dispersion=3), compare_rates(20, 10)
    assert float(spread.p_value) == pytest.approx(float(plain.p_value))
    assert float(spread.high) == pytest.approx(float(plain.high))


def test_two_zeros_say_nothing() -> None:
    compared = compare_rates([0, 0], [0, 0], exposure_first=[1, 9])
    assert np.isnan(compared.ratio).all()
    assert compared.low.tolist() == [0, 0]
    assert np.isinf(compared.high).all()
    assert compared.p_value.tolist() == [1, 1]
    assert float(compare_rates(0, 0, test="e-test").p_value) == 1


def test_huge_counts_keep_their_digits() -> None:
    compared = compare_rates([10_000_000, 1], [1, 10_000_000])
    assert float(compared.low[0] * compared.high[1]) == pytest.approx(1, rel=1e-6)
    assert np.isfinite(compared.high).all()


@pytest.mark.parametrize("test", ["exact", "e-test"])
def test_it_errs_no_more_often_than_it_says(test: str) -> None:
    """Every pair of counts that a mean of 4 can give, weighed by how often it does."""
    n = np.arange(20)
    first, second = (values.ravel() for values in np.meshgrid(n, n))
    chance = stats.poisson.pmf(first, 4) * stats.poisson.pmf(second, 4)
    p = compare_rates(first, second, test="exact" if test == "exact" else "e-test").p_value
    # The e-test is not exact: its level is close to the stated one.
    assert chance[p <= 0.05].sum() <= (0.05 if test == "exact" else 0.055)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n_first": 1.5}, "Counts must be whole numbers, 0 or more; 1.5 is not. Give numbers of incidents"),
        ({"n_first": -1}, "whole numbers, 0 or more; -1 is not"),
        ({"n_second": [1, np.inf]}, "whole numbers, 0 or more; inf is not"),
        ({"n_second": np.nan}, "whole numbers, 0 or more; nan is not"),
        ({"exposure_first": 0}, "An exposure must be above 0; 0 is not. Leave out periods without data."),
        ({"exposure_second": np.inf}, "An exposure must be above 0; inf is not"),
        ({"dispersion": 0.5}, "A dispersion must be 1 or more, not 0.5. Use 1 for counts that vary less"),
        ({"dispersion": np.nan}, "A dispersion must be 1 or more, not nan"),
        ({"dispersion": 2, "test": "e-test"}, "The e-test takes no dispersion; 2 was given"),
        ({"confidence": 95}, "The confidence must lie between 0 and 1, not 95. 0.95 is usual."),
        ({"test": "z"}, 'No test called "z". Choose one of: exact, e-test.'),
        ({"n_free": 0}, "Degrees of freedom must be above 0, not 0. Leave `n_free` out where the dispersion is known"),
        ({"n_first": [1, 2, 3], "n_second": [1, 2]}, r"have one shape.*the shapes are \(3,\) and \(2,\) of counts"),
    ],
)
def test_what_cannot_be_compared_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        compare_rates(**({"n_first": 3, "n_second": 4} | options))  # type: ignore[arg-type]


def test_a_dispersion_that_is_little_known_is_judged_by_students_t() -> None:
    """The p value of 4 degrees of freedom where the normal distribution has 0.05: t of 1.96 is 0.1216 (tables of t)."""
    known = compare_rates(120, 90)
    little = compare_rates(120, 90, n_free=4)
    z = stats.norm.isf(known.p_value / 2)
    assert little.p_value == pytest.approx(2 * stats.t.sf(z, 4))
    assert 2 * stats.t.sf(1.959964, 4) == pytest.approx(0.1216, abs=5e-4)
    assert little.low < known.low < known.high < little.high
    # limits leave out 1 just where p says so
    for n in (100, 150, 160, 170, 200):
        one = compare_rates(n, 90, n_free=4)
        assert (one.low > 1) == (one.p_value < 0.05)
