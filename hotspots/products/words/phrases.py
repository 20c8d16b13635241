"""Sentences by the names that pages and commands still know them by; each becomes `say` where it is called."""

from __future__ import annotations

import functools
from typing import Any

from hotspots.products.words.numbers import split_estimate
from hotspots.products.words.sentences import say, say_each

count_changed = functools.partial(say, "change.n_changed")
describe_operation = functools.partial(say_each, "operation.findings")
describe_quality = functools.partial(say_each, "quality.findings")
explain_no_change = functools.partial(say, "change.incomparable")
name_changed_wards = functools.partial(say, "change.wards")
note_operation = functools.partial(say_each, "operation.notes")
say_certainty = functools.partial(say, "certainty.sentence")
say_count = functools.partial(say, "places.count")
say_harm = functools.partial(say, "places.harm")
say_hit_rate = functools.partial(say, "score.hit_rate")
say_hotspot_change = functools.partial(say, "change.hotspot")
say_hours_ratio = functools.partial(say, "hours.against_elsewhere")
say_method = functools.partial(say, "score.method")
say_predecessor = functools.partial(say, "score.predecessor")
say_ratio_as_change = functools.partial(say, "operation.change")
say_ratio_limits = functools.partial(say, "operation.limits")
say_season = functools.partial(say, "change.season")
say_why = functools.partial(say, "certainty.why")


def say_main_change(summary: dict[str, Any]) -> str | None:
    """The area and its wards by the comparison to look at first, in a line; None where nothing can be compared."""
    return say("change.headline", summary) or None


def say_unit(change: dict[str, Any]) -> str:
    """What to add to "times as many": " a day" where the windows are of unequal length."""
    return f" {unit}" if (unit := say("change.unit", change)) else ""


def split_ratio(row: dict[str, Any]) -> tuple[str, str]:
    """A ratio and its limits as text, each empty where there is none."""
    return split_estimate(row["ratio"], row["low"], row["high"])
