"""The typed summary: what its parts make of values, and the schema that is made from them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal

import jsonschema
import numpy as np
import pandas as pd
import pytest

from hotspots.analysis.hours import parse_window
from hotspots.pipeline import AnalysisRequest, PerformanceRequest, Study, analyse, measure_performance
from hotspots.products.summary import PerformanceSummary, RunSummary, encode, summarise, summarise_performance
from hotspots.products.summary.encoding import OneOf, Part, Quantity, Share, Source, Spread
from hotspots.products.summary.schema import encode_schema, make_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A result.

    Attributes:
        share: Of all.
    """

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates(Part):
    """Rates.

    Attributes:
        rate: The plain one.
        is_small: Whether it rests on few.
    """

    rate: Annotated[float | None, Quantity("per 1,000", decimals=1)]
    is_small: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Example(Part):
    """A part of every kind of field.

    Attributes:
        n, day: A number and a day.
    """

    view_of: ClassVar = Found

    share: Share
    n: int
    level: Annotated[float | None, Quantity("per km²", figures=2), Source("found.levels.1")]
    day: dt.date
    name: str | None
    kind: Literal["a", "b"]
    mark: Annotated[str | None, OneOf(("x", "y"))]
    pairs: tuple[tuple[int, Share | None], ...]
    by_name: dict[str, int]
    rates: Annotated[Rates | None, Spread]
    last: Rates | None


def make_example(**changed: Any) -> Example:
    values: dict[str, Any] = {
        "share": np.float64(0.123456),
        "n": np.int64(3),
        "level": 0.01234,
        "day": dt.date(2026, 1, 5),
        "name": "A",
        "kind": "a",
        "mark": None,
        "pairs": np.array([[1.0, 0.33333], [2.0, np.nan]]),
        "by_name": {"a": np.int64(1)},
        "rates": SimpleNamespace(rate=1.25, is_small=np.bool_(True)),
        "last": None,
    }
    return Example(**values | changed)


def test_numbers_are_rounded_and_plain_as_soon_as_a_part_is_made() -> None:
    example = make_example()
    assert (example.share, example.n, example.level) == (0.1235, 3, 0.012)
    assert [type(value) for value in (example.share, example.n, example.level)] == [float, int, float]
    assert example.pairs == ((1, 0.3333), (2, None))
    assert example.rates is not None
    assert example.rates.is_small is True


def test_a_part_becomes_plain_json_in_the_order_of_its_fields() -> None:
    assert json.dumps(encode(make_example()), ensure_ascii=False) == (
        '{"share": 0.1235, "n": 3, "level": 0.012, "day": "2026-01-05", "name": "A", "kind": "a", "mark": null, '
        '"pairs": [[1, 0.3333], [2, null]], "by_name": {"a": 1}, "rate": 1.2, "is_small": true, "last": null}'
    )


def test_a_part_that_is_spread_is_left_out_where_there_is_none() -> None:
    without = encode(make_example(rates=None))
    assert list(encode(make_example())) == [*list(without)[:-1], "rate", "is_small", "last"]


@pytest.mark.parametrize("missing", [None, float("nan"), np.float64("inf"), pd.NA])
def test_what_is_missing_or_infinite_is_null_where_that_is_allowed(missing: Any) -> None:
    example = make_example(level=missing, name=missing)
    assert example.level is None
    assert example.name is None
    assert encode(Rates(rate=-0.04, is_small=False))["rate"] == 0.0
    assert str(encode(Rates(rate=-0.04, is_small=False))["rate"]) == "0.0"


def test_a_number_that_may_not_be_missing_is_refused() -> None:
    with pytest.raises(ValueError, match="must be finite, and nan was given") as refused:
        make_example(share=float("nan"))
    assert refused.value.__notes__ == ["In field share of Example."]


def test_a_part_is_read_from_what_was_found_and_from_parts_within_it() -> None:
    rates = SimpleNamespace(rate=2.06, is_small=False)
    found = SimpleNamespace(**encode(make_example()), found=SimpleNamespace(levels=(1.0, 5.55)), rates=rates)
    found.day, found.last = dt.date(2026, 1, 6), rates
    example = Example.of(found, kind="b")
    assert (example.kind, example.level, example.day) == ("b", 5.5, dt.date(2026, 1, 6))
    assert example.last == example.rates == Rates(rate=2.1, is_small=False)
    assert Example.of(example, level=1.0) == make_example(kind="b", level=1.0, rates=rates, last=rates, day=found.day)


def test_the_schema_says_types_units_descriptions_and_what_may_be_null() -> None:
    schema = make_schema(Example)
    described = schema["properties"]
    assert described["share"] == {"type": "number", "unit": "share 0-1", "decimals": 4, "description": "Of all."}
    assert described["level"] == {"type": ["number", "null"], "unit": "per km²", "figures": 2}
    assert described["day"] == {"type": "string", "format": "date", "description": "A number and a day."}
    assert described["kind"] == {"type": "string", "enum": ["a", "b"]}
    assert described["mark"] == {"type": ["string", "null"], "enum": ["x", "y", None]}
    assert described["last"] == {"anyOf": [{"$ref": "#/$defs/Rates"}, {"type": "null"}]}
    assert described["rate"]["description"] == "The plain one."
    assert schema["required"] == [name for name in described if name not in ("rate", "is_small")]
    assert schema["dependentRequired"] == {"rate": ["is_small"]}
    assert list(schema["$defs"]) == ["Rates"]
    jsonschema.validate(encode(make_example()), schema)
    jsonschema.validate(encode(make_example(rates=None)), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(encode(make_example()) | {"mark": "z"}, schema)


def test_the_committed_schema_is_that_of_the_summary(repository: Path) -> None:
    committed = (repository / "docs" / "summary.schema.json").read_text("utf-8")
    assert committed == encode_schema(), "python -m hotspots.products.summary.schema > docs/summary.schema.json"


def test_every_property_of_the_schema_is_described() -> None:
    schema = make_schema(RunSummary)
    bare = [
        f"{name or 'RunSummary'}.{key}"
        for name, part in {"": schema, **schema["$defs"]}.items()
        for key, described in part["properties"].items()
        if not described.get("description")
    ]
    assert bare == []


@pytest.mark.parametrize(
    "options",
    [{"crime": "robbery", "window": parse_window("15-18", "Mon-Fri"), "harm": "cost"}, {"crime": "asb"}],
    ids=["robbery", "asb"],
)
@pytest.mark.slow
def test_the_summary_of_a_run_is_as_the_schema_says(demonstration: Study, options: dict[str, Any]) -> None:
    summary = encode(summarise(analyse(demonstration, AnalysisRequest(wards=("Peckham", "The Lane"), **options))))
    assert next(iter(summary.items())) == ("schema_version", "1")
    assert find_errors(RunSummary, summary) == []
    assert find_errors(RunSummary, summary | {"wards": None}) == ["None is not of type 'array'"]


def test_the_summary_of_performance_is_as_its_schema_says(demonstration: Study) -> None:
    request = PerformanceRequest(wards=("Peckham", "The Lane"))
    summary = summarise_performance(measure_performance(demonstration, request))
    assert find_errors(PerformanceSummary, encode(summary)) == []


def find_errors(part: type[Part], summary: dict[str, Any]) -> list[str]:
    validator = jsonschema.Draft202012Validator(make_schema(part))
    validator.check_schema(validator.schema)
    return [str(error.message) for error in validator.iter_errors(summary)]
