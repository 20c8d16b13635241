from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.analysis.rates.priorities import CRITERIA, EQUAL_WEIGHTS, rank_priorities
from hotspots.errors import ParameterError, TooLittleDataError


def measures(rows: dict[str, list[float]], columns: tuple[str, ...] = ("volume", "harm")) -> pd.DataFrame:
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(columns), dtype="float64")


def test_scores_go_by_order_in_even_steps() -> None:
    found = rank_priorities(measures({"a": [1, 10], "b": [100, 30], "c": [2, 20]}))
    # volume: a 0, c 5, b 10; harm: a 0, c 5, b 10
    assert found.table["score"].to_dict() == {"b": 10, "c": 5, "a": 0}
    assert found.table["rank"].tolist() == [1, 2, 3]
    assert found.criterion_weights == {"volume": 0.5, "harm": 0.5}


def test_crimes_that_are_alike_share_the_better_rank() -> None:
    found = rank_priorities(measures({"a": [5, 1], "b": [1, 5]}))
    assert found.table["score"].tolist() == [5, 5]
    assert found.table["rank"].tolist() == [1, 1]


def test_weights_decide_and_the_range_of_ranks_says_how_much() -> None:
    rows = measures({"many": [100, 1], "grave": [1, 100]})
    found = rank_priorities(rows, criterion_weights={"volume": 3, "harm": 2})
    assert found.table.index.tolist() == ["many", "grave"]
    # doubling the weight of harm turns the order round
    assert found.table[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [1, 2]]
    certain = rank_priorities(rows, criterion_weights={"volume": 9, "harm": 2})
    assert certain.table[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 1], [2, 2]]


def test_a_criterion_that_is_not_known_is_left_out_of_the_mean() -> None:
    found = rank_priorities(measures({"a": [3, np.nan], "b": [2, 1], "c": [1, 2]}))
    assert found.table.loc["a", "score"] == 10
    assert found.unknown == {"a": ("harm",), "b": (), "c": ()}
    assert found.table["harm"].isna().to_dict() == {"a": True, "b": False, "c": False}


def test_a_criterion_without_weight_counts_for_nothing() -> None:
    found = rank_priorities(measures({"a": [1, 9], "b": [2, 1]}), criterion_weights={"volume": 1, "harm": 0})
    assert found.table["score"].to_dict() == {"b": 10, "a": 0}
    found = rank_priorities(measures({"a": [1, np.nan], "b": [2, 1]}), criterion_weights={"volume": 1, "harm": 0})
    assert found.unknown == {"a": (), "b": ()}
    assert found.table[["score_low", "score_high"]].to_dict("index")["a"] == {"score_low": 0, "score_high": 0}


def test_what_is_not_known_of_a_crime_widens_its_score_and_the_ranks_of_all() -> None:
    """Volume: a 10, b 5, c 0. Harm: b 0, c 10, a anything: its score 5 to 10 where b has 2.5 and c 5."""
    found = rank_priorities(measures({"a": [3, np.nan], "b": [2, 1], "c": [1, 2]}))
    columns = ["score", "score_low", "score_high", "rank_low", "rank_high"]
    rows = dict(zip(found.table.index, found.table[columns].to_numpy().tolist(), strict=True))
    assert rows["a"] == [10, 5, 10, 1, 1]  # as good as c at the least
    # with four times as much weight on volume as on harm b has 4 and c 2
    assert rows["b"] == [2.5, 2.5, 2.5, 2, 3]
    assert rows["c"] == [5, 5, 5, 1, 3]
    # a criterion of which nothing is known of any crime tells nothing apart
    bare = rank_priorities(measures({"a": [3, np.nan], "b": [2, np.nan]}))
    assert bare.unknown == {"a": (), "b": ()}
    assert bare.table[["score_low", "score_high"]].to_numpy().tolist() == [[10, 10], [0, 0]]


def test_a_crime_of_which_nothing_is_known_is_not_put_in_order() -> None:
    found = rank_priorities(measures({"a": [np.nan, np.nan], "b": [2, 1], "c": [1, 2]}))
    assert set(found.table.index) == {"b", "c"}
    assert found.unranked == ("a",)
    # nor one of which only what has no weight is known
    found = rank_priorities(measures({"a": [9, np.nan], "b": [2, 1]}), criterion_weights={"volume": 0, "harm": 1})
    assert (list(found.table.index), found.unranked) == (["b"], ("a",))


def test_a_criterion_known_of_one_crime_tells_nothing_apart() -> None:
    found = rank_priorities(measures({"a": [1, 7], "b": [2, np.nan]}))
    assert found.table.loc["a", "harm"] == 5


@given(st.lists(st.lists(st.integers(0, 50), min_size=5, max_size=5), min_size=2, max_size=8), st.integers(1, 100))
def test_units_do_not_matter(rows: list[list[int]], factor: int) -> None:
    plain = pd.DataFrame(rows, columns=list(CRITERIA), dtype="float64")
    one, other = rank_priorities(plain), rank_priorities(plain * factor)
    pd.testing.assert_frame_equal(one.table, other.table)
    assert ((one.table["rank_low"] <= one.table["rank"]) & (one.table["rank"] <= one.table["rank_high"])).all()
    assert one.table["score"].between(0, 10).all()
    assert (one.table["score_low"] == one.table["score"]).all()


@given(st.lists(st.lists(st.none() | st.integers(0, 9), min_size=5, max_size=5), min_size=2, max_size=6))
def test_the_score_and_the_rank_lie_within_their_ranges(rows: list[list[int | None]]) -> None:
    table = rank_priorities(pd.DataFrame(rows, columns=list(CRITERIA), dtype="float64")).table
    assert table["score"].between(table["score_low"] - 1e-9, table["score_high"] + 1e-9).all()
    assert table["rank"].between(table["rank_low"], table["rank_high"]).all()


def test_mistakes_are_explained() -> None:
    two = measures({"a": [1, 2], "b": [2, 1]})
    with pytest.raises(TooLittleDataError, match="there is only one. Read more kinds of crime"):
        rank_priorities(two.iloc[:1])
    with pytest.raises(TooLittleDataError, match="there are none. Read more kinds of crime"):
        rank_priorities(two.iloc[:0])
    with pytest.raises(
        ParameterError, match='needs a weight from 0 to 1,000; "harm" has None. 0 leaves a criterion out'
    ):
        rank_priorities(two, criterion_weights={"volume": 1})
    with pytest.raises(ParameterError, match='"volume" has -1'):
        rank_priorities(two, criterion_weights={"volume": -1, "harm": 1})
    with pytest.raises(ParameterError, match="At least one criterion must have a weight above 0"):
        rank_priorities(two, criterion_weights={"volume": 0, "harm": 0})
    assert set(EQUAL_WEIGHTS.values()) == {1.0}
