from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import MakeIncidents

from hotspots.crimes import load_definitions
from hotspots.errors import DataError, ParameterError
from hotspots.harm import UNITS, load_harm, weigh_harm

TABLE = load_harm()
OWN = {"severity": {"source": "Force analysts", "as_of": "2026", "violence": 100, "business-robbery": 800}}


def of_crimes(*crimes: tuple[str, str | None]) -> pd.DataFrame:
    """Incidents of (category, part) as the reader gives them, with an index of their own."""
    table = pd.DataFrame(list(crimes), columns=["category", "subcategory"], index=[f"i{n}" for n in range(len(crimes))])
    return table.astype("category")


@pytest.mark.parametrize(
    ("measure", "slug", "value"),
    [
        ("severity", "robbery", 746),
        ("severity", "homicide", 7978.8),
        ("severity", "residential-burglary", 438),
        ("severity", "theft-from-the-person", 86),
        ("severity", "shoplifting", 13),
        ("cost", "robbery", 11_320),
        ("cost", "violence-with-injury", 14_050),
        ("cost", "rape", 39_360),
        ("cost", "homicide", 3_217_740),
        ("cost", "theft-of-vehicle", 10_290),
        ("cost", "theft-from-vehicle", 870),
        ("cost", "arson", 8_420),
        ("cost", "other-sexual-offences", 6_520),
        ("cost", "criminal-damage", 1_350),
    ],
)
def test_the_published_figures(measure: str, slug: str, value: float) -> None:
    figure = TABLE.figures[measure][slug]  # type: ignore[index]
    assert figure.value == value
    assert figure.source.startswith({"severity": "Office for National Statistics", "cost": "Home Office"}[measure])
    assert ("2016" if measure == "severity" else "2015/16 prices") in figure.as_of


def test_every_figure_stands_under_a_crime_that_there_is() -> None:
    assert set(TABLE.figures) == set(UNITS)
    for figures in TABLE.figures.values():
        assert set(figures) <= set(load_definitions().crimes)


def test_a_figure_for_robbery_holds_for_personal_and_business_robbery() -> None:
    incidents = of_crimes(("robbery", None), ("robbery", "personal-robbery"), ("robbery", "business-robbery"))
    weights = weigh_harm(incidents, table=TABLE)
    assert weights.harm.tolist() == [746, 746, 746]
    assert weights.harm.index.equals(incidents.index)
    assert (weights.total, weights.unit, weights.n_unweighed) == (3 * 746, "points", {})
    assert weights.sources == (
        "Office for National Statistics, Crime Severity Score data tool (experimental statistics) (weights of 2016)",
    )


def test_a_part_has_its_own_figure_before_that_of_its_category() -> None:
    table = load_harm(OWN)
    incidents = of_crimes(
        ("robbery", "business-robbery"), ("robbery", "personal-robbery"), ("violence", "homicide"), ("violence", None)
    )
    weights = weigh_harm(incidents, table=table)
    assert weights.harm.tolist() == [800, 746, 7978.8, 100]
    assert [source.split(" (")[0].split(",")[0] for source in weights.sources] == [
        "Force analysts",
        "Office for National Statistics",
    ]
    assert weigh_harm(incidents.iloc[:1], table=table, measure="cost").harm.tolist() == [11_320]


def test_a_users_table_leaves_the_built_in_one_as_it_was() -> None:
    load_harm({"severity": {"source": "x", "as_of": "y", "robbery": 1}})
    assert load_harm().figures["severity"]["robbery"].value == 746


def test_a_crime_of_the_users_own_can_have_a_figure() -> None:
    definitions = load_definitions({"phone-snatching": {"offences": ["Snatch"]}})
    own = {"cost": {"source": "x", "as_of": "2026 prices", "phone-snatching": 900.5}}
    table = load_harm(own, definitions=definitions)
    assert weigh_harm(of_crimes(("phone-snatching", None)), table=table, measure="cost").harm.tolist() == [900.5]


def test_categories_that_are_too_broad_are_refused_with_what_would_do() -> None:
    incidents = of_crimes(*[("violence", None)] * 3, ("asb", None), ("robbery", None))
    with pytest.raises(
        DataError,
        match=r"by cost needs a figure for each offence, and Violence and sexual offences \(violence\) has none: it is "
        r"too broad. It makes up 3 of 5 incidents; also without a figure: asb \(1\). There are figures for homicide, "
        r"other-sexual-offences, rape, violence-with-injury: a source that names these offences can be weighed. "
        r"Weigh the other .* under \[harm.cost\]",
    ):
        weigh_harm(incidents, table=TABLE, measure="cost")


@pytest.mark.parametrize(
    "category",
    ["violence", "violent-crime", "asb", "other-crime", "other-theft", "vehicle-crime", "public-order", "drugs",
     "burglary", "possession-of-weapons", "criminal-damage-and-arson", "unrecognised"],
)  # fmt: skip
@pytest.mark.parametrize("measure", ["severity", "cost"])
def test_no_broad_category_of_police_uk_has_a_figure(category: str, measure: str) -> None:
    with pytest.raises(DataError, match=rf"\({category}\) has none.* 1 of 1 incidents"):
        weigh_harm(of_crimes((category, None)), table=TABLE, measure=measure)  # type: ignore[arg-type]


def test_a_part_without_a_figure_is_named_itself() -> None:
    with pytest.raises(
        DataError, match=r"and Stalking and harassment \(stalking-and-harassment\) has none. It makes up 1 of 1"
    ):
        weigh_harm(of_crimes(("violence", "stalking-and-harassment")), table=TABLE)


def test_incidents_without_a_figure_are_missing_and_counted_where_that_is_allowed() -> None:
    incidents = of_crimes(("violence", None), ("shoplifting", None), ("violence", None), ("drugs", "drug-possession"))
    weights = weigh_harm(incidents, table=TABLE, allow_unweighed=True)
    assert weights.harm.isna().tolist() == [True, False, True, True]
    assert weights.total == 13
    assert list(weights.n_unweighed.items()) == [("violence", 2), ("drug-possession", 1)]


@given(
    crimes=st.lists(
        st.sampled_from(
            [("robbery", None), ("robbery", "business-robbery"), ("shoplifting", None), ("violence", "homicide"),
             ("violence", None), ("violence", "rape"), ("asb", None)]
        )
    )
)  # fmt: skip
def test_rows_are_weighed_one_by_one_whatever_their_order_and_type(crimes: list[tuple[str, str | None]]) -> None:
    incidents = of_crimes(*crimes)
    weights = weigh_harm(incidents, table=TABLE, allow_unweighed=True)
    figures = [TABLE.find_figure("severity", category, part) for category, part in crimes]
    expected = [np.nan if figure is None else figure.value for figure in figures]
    np.testing.assert_array_equal(weights.harm.to_numpy(), np.array(expected, dtype=np.float64))
    assert sum(weights.n_unweighed.values()) == sum(figure is None for figure in figures)
    texts = weigh_harm(incidents.astype(object), table=TABLE, allow_unweighed=True)
    pd.testing.assert_series_equal(texts.harm, weights.harm)


def test_it_takes_the_incidents_table(make_incidents: MakeIncidents) -> None:
    incidents = make_incidents([530_000.0] * 2, [180_000.0] * 2)
    before = incidents.copy()
    assert weigh_harm(incidents, table=TABLE).harm.tolist() == [746, 746]
    pd.testing.assert_frame_equal(incidents, before)


def test_what_is_no_table_of_figures_is_refused() -> None:
    dated = {"source": "x", "as_of": "y"}
    with pytest.raises(ParameterError, match=r"harm must be tables; it is 3. Begin them with .* \[harm.severity\]"):
        load_harm(3)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match='no measure "costs". Did you mean "cost"[?] It takes: severity, cost'):
        load_harm({"costs": dated})
    with pytest.raises(
        ParameterError, match=r"harm.cost must be a table; it is 5. Begin it with the line \[harm.cost\]"
    ):
        load_harm({"cost": 5})
    with pytest.raises(ParameterError, match='harm.cost.source is missing. Add a line such as source = "Home Office'):
        load_harm({"cost": {"as_of": "2026", "robbery": 1}})
    with pytest.raises(ParameterError, match='harm.cost.as_of is 2026. Add a line such as as_of = "2024/25 prices"'):
        load_harm({"cost": {"source": "x", "as_of": 2026, "robbery": 1}})
    with pytest.raises(
        ParameterError, match='"robery", and there is no such crime. Did you mean "robbery"[?] Give one'
    ):
        load_harm({"cost": {**dated, "robery": 1}})
    for value in (-1, "746", True, float("nan"), float("inf"), 1_000_000_001, 10**400):
        with pytest.raises(
            ParameterError, match="harm.severity.robbery must be a number of points, from 0 to 1,000,000,000; it is"
        ):
            load_harm({"severity": {**dated, "robbery": value}})
    with pytest.raises(ParameterError, match='No measure of harm called "pain". Choose one of: severity, cost'):
        weigh_harm(of_crimes(("robbery", None)), table=TABLE, measure="pain")  # type: ignore[arg-type]
