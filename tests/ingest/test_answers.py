from __future__ import annotations

import re
from typing import Any

import pytest

from hotspots.errors import DataError
from hotspots.ingest.fetch.answers import COUNT, FLAG, NAME, TEXT, Shape, shorten, take_shape

SHAPE: Shape = {"rows": [{"name": NAME, "n?": COUNT}], "more?": FLAG}


def test_what_a_shape_names_is_taken_and_nothing_else() -> None:
    answer = {
        "rows": [{"name": "Ynys M\u00f4n", "n": 5, "other": [[[]]]}, {"name": "St\xa0Ives", "n": None}],
        "other": {},
    }
    assert take_shape(answer, SHAPE, address="https://a.example") == {
        "rows": [{"name": "Ynys M\u00f4n", "n": 5}, {"name": "St\xa0Ives", "n": None}],
        "more": None,
    }


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([], "should send an object as its answer; it sent a list."),
        ({}, "should send a list as rows; it sent nothing."),
        ({"rows": [{"name": "a"}, {"name": 1.5}]}, "up to 200 letters that print as rows[1].name; it sent a number."),
        ({"rows": [{"name": "a", "n": True}]}, "a whole number from 0 as rows[0].n; it sent true or false."),
        ({"rows": [], "more": "yes"}, "should send true or false as more; it sent a text."),
    ],
)
def test_what_is_not_as_it_should_be_is_named(answer: Any, said: str) -> None:
    with pytest.raises(
        DataError, match=rf"^https://a\.example .*{re.escape(said)} Run the same command again later\. If"
    ):
        take_shape(answer, SHAPE, address="https://a.example")


def test_any_text_is_one_that_a_message_may_cut() -> None:
    assert take_shape("\x1b[2J" * 1000, TEXT, address="") == "\x1b[2J" * 1000


def test_what_others_say_is_cut_short_and_steers_nothing() -> None:
    assert shorten("Bad\x1b[2J \u202e\r\n\t query") == "Bad [2J query"
    assert shorten("x" * 200) == "x" * 200
    assert shorten("x" * 201) == "x" * 200 + "\N{HORIZONTAL ELLIPSIS}"
