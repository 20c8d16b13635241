"""How much one offence weighs beside another: by severity (points) or by cost (pounds), as data.

The table is `harm.toml`: figures that an official body has published for an offence, each with its source and date.
A user's own table has the same form and is laid over it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.crimes import CrimeDefinitions, load_definitions
from hotspots.errors import DataError, ParameterError, suggest_word

Measure = Literal["severity", "cost"]

MAX_HARM = 1_000_000_000
"""Of one offence, in points or pounds: sums of figures beyond it would leave the range of numbers."""

UNITS: Mapping[Measure, str] = {"severity": "points", "cost": "pounds"}

_SOURCE, _AS_OF = "source", "as_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmFigure:
    """What one offence weighs.

    Attributes:
        value: Points or pounds.
        source: Who published it, and where.
        as_of: Its date: of the weights, or of the prices.
    """

    value: float
    source: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmTable:
    """Figures by measure and slug.

    Attributes:
        figures: For each measure, the figure of each category or part that has one.
        definitions: The crimes that the slugs name.
    """

    figures: Mapping[Measure, Mapping[str, HarmFigure]]
    definitions: CrimeDefinitions

    def find_figure(self, measure: Measure, category: str, subcategory: str | None = None) -> HarmFigure | None:
        """The figure of the part, else that of the category; None where neither has one."""
        figures = self.figures[measure]
        return figures.get(subcategory or category) or figures.get(category)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmWeights:
    """What each of some incidents weighs.

    Attributes:
        harm: float on the index of the incidents, missing where no figure fits.
        measure, unit: What it is measured in.
        n_unweighed: Incidents without a figure, by part (by category where no part is known), the most first; empty
            where each has one.
        sources: "Source (date)" of every figure that was used, for the product that shows them.
        dates: The dates of these figures.
    """

    harm: pd.Series
    measure: Measure
    unit: str
    n_unweighed: Mapping[str, int]
    sources: tuple[str, ...]
    dates: tuple[str, ...]

    @property
    def total(self) -> float:
        """Sum over the incidents that have a figure."""
        return float(self.harm.sum())


def load_harm(overrides: Mapping[str, Any] | None = None, *, definitions: CrimeDefinitions | None = None) -> HarmTable:
    """The built-in figures, with a user's own laid over them.

    Args:
        overrides: What stands under `harm` in the user's TOML, in the form of `harm.toml`: tables `severity` and
            `cost` of figures by slug, each table with the `source` and the date (`as_of`) of its figures.
        definitions: The crimes that there are; by default the built-in ones.

    Raises:
        ParameterError: A measure or crime is unknown, a figure is not a number from 0 up, or a table of figures lacks
            its source or date.
    """
    definitions = definitions or load_definitions()
    figures = {measure: dict(table) for measure, table in _read_built_in().items()}
    for measure, table in _parse_tables({} if overrides is None else overrides, definitions).items():
        figures[measure].update(table)
    return HarmTable(figures=figures, definitions=definitions)


def weigh_harm(
    incidents: pd.DataFrame, *, table: HarmTable, measure: Measure = "severity", allow_unweighed: bool = False
) -> HarmWeights:
    """Give each incident the harm of its offence.

    The figure is that of the incident's part where it has one, else that of its category. So both personal and
    business robberies carry the figure for robbery, unless each is given its own.

    A figure is an average over all offences of a kind, not what one incident did to its victim. Severity comes from
    sentences, so it follows what courts do; cost holds for the prices of its year, and for one offence that happened,
    without those that nobody recorded. The two do not add up, nor do figures of different dates compare exactly. A
    handful of homicides outweighs a year of robberies: show the number of incidents beside any sum.

    Categories that mix light and grave offences have no figure, because one for all of them would say what the data
    do not: "Violence and sexual offences" of police.uk holds homicide (7,979 points) and harassment alike.
    Antisocial behaviour is mostly no offence. Incidents of such categories are refused, or left missing on request;
    missing is not 0, and a sum over the others is not the harm of all.

    Args:
        incidents: The incidents table, or any with `category` and `subcategory`.
        table: Of `load_harm`.
        measure: "severity" (points) or "cost" (pounds).
        allow_unweighed: Leave the harm of incidents without a figure missing, and count them, instead of refusing.

    Raises:
        ParameterError: The measure is not known.
        DataError: Incidents have no figure, and that was not allowed.

    Source: Office for National Statistics (2016), Research outputs: developing a Crime Severity Score for England and
    Wales using data on crimes recorded by the police. Heeks, M., Reed, S., Tafsiri, M., Prince, S. (2018), The economic
    and social costs of crime, second edition, Home Office Research Report 99.
    """
    if measure not in get_args(Measure):
        raise ParameterError(f'No measure of harm called "{measure}". Choose one of: {", ".join(get_args(Measure))}.')
    # One figure for each combination of category and part: rows are only looked up by code.
    category_codes, categories = _read_codes(incidents["category"])
    part_codes, parts = _read_codes(incidents["subcategory"])
    combination = category_codes * len(parts) + part_codes
    n_incidents = np.bincount(combination, minlength=len(categories) * len(parts)).reshape(len(categories), len(parts))
    values = np.full(n_incidents.shape, np.nan)
    n_unweighed: dict[str, int] = {}
    sources, dates = set(), set()
    for i, k in zip(*np.nonzero(n_incidents), strict=True):
        category = categories[i]
        figure = table.find_figure(measure, category, parts[k]) if category else None
        if figure:
            values[i, k] = figure.value
            sources.add(f"{figure.source} ({figure.as_of})")
            dates.add(figure.as_of)
        else:
            slug = parts[k] or category or "missing"
            n_unweighed[slug] = n_unweighed.get(slug, 0) + int(n_incidents[i, k])
    n_unweighed = dict(sorted(n_unweighed.items(), key=lambda item: (-item[1], item[0])))
    if n_unweighed and not allow_unweighed:
        raise DataError(_say_unweighed(n_unweighed, len(incidents), table, measure))
    return HarmWeights(
        harm=pd.Series(values.ravel()[combination], index=incidents.index, name="harm"),
        measure=measure,
        unit=UNITS[measure],
        n_unweighed=n_unweighed,
        sources=tuple(sorted(sources)),
        dates=tuple(sorted(dates)),
    )


def _read_codes(column: pd.Series) -> tuple[npt.NDArray[np.int64], list[str | None]]:
    """A code for each row, and what it stands for; the first code stands for missing."""
    values = column.astype("category").cat
    return values.codes.to_numpy().astype(np.int64) + 1, [None, *values.categories]


def _say_unweighed(n_unweighed: Mapping[str, int], n_rows: int, table: HarmTable, measure: Measure) -> str:
    worst, n_worst = next(iter(n_unweighed.items()))
    others = ", ".join(f"{slug} ({n:,})" for slug, n in list(n_unweighed.items())[1:])
    crime = table.definitions.crimes.get(worst)
    parts = [slug for slug, part in table.definitions.crimes.items() if part.part_of == worst]
    weighed = [slug for slug in parts if slug in table.figures[measure]]
    why = f"{crime.label if crime else 'an unknown offence'} ({worst}) has none"
    if parts:
        why += ": it is too broad"
    need = ""
    if weighed:
        need = f"There are figures for {', '.join(weighed)}: a source that names these offences can be weighed. "
    return (
        f"Harm by {measure} needs a figure for each offence, and {why}. It makes up {n_worst:,} of {n_rows:,} "
        f"incidents{f'; also without a figure: {others}' if others else ''}. {need}Weigh the other crimes alone, or "
        f"give your own figure, with its source and as_of, under [harm.{measure}] in hotspots.toml."
    )


@cache
def _read_built_in() -> Mapping[Measure, Mapping[str, HarmFigure]]:
    text = resources.files("hotspots").joinpath("harm.toml").read_text("utf-8")
    return _parse_tables(tomllib.loads(text), load_definitions())


def _parse_tables(content: Mapping[str, Any], definitions: CrimeDefinitions) -> dict[Measure, dict[str, HarmFigure]]:
    if not isinstance(content, Mapping):
        raise ParameterError(f"harm must be tables; it is {content!r}. Begin them with a line such as [harm.severity].")
    tables: dict[Measure, dict[str, HarmFigure]] = {}
    for key in content:
        if key not in get_args(Measure):
            raise ParameterError(
                f'harm has no measure "{key}".{suggest_word(key, get_args(Measure))} '
                f"It takes: {', '.join(get_args(Measure))}."
            )
    measure: Measure
    for measure in get_args(Measure):
        if measure not in content:
            continue
        table = content[measure]
        path = f"harm.{measure}"
        if not isinstance(table, Mapping):
            raise ParameterError(f"{path} must be a table; it is {table!r}. Begin it with the line [{path}].")
        source, as_of = (_read_text(table, key, path) for key in (_SOURCE, _AS_OF))
        tables[measure] = {
            slug: HarmFigure(
                value=_read_value(value, slug, path, UNITS[measure], definitions), source=source, as_of=as_of
            )
            for slug, value in table.items()
            if slug not in (_SOURCE, _AS_OF)
        }
    return tables


def _read_text(table: Mapping[str, Any], key: str, path: str) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not text.strip():
        raise ParameterError(
            f"Each table of figures must state its source and its date; {path}.{key} "
            f"{'is missing' if text is None else f'is {text!r}'}. Add a line such as {key} = "
            f'"{"2024/25 prices" if key == _AS_OF else "Home Office, 2026"}".'
        )
    return text


def _read_value(value: Any, slug: str, path: str, unit: str, definitions: CrimeDefinitions) -> float:
    if slug not in definitions.crimes:
        raise ParameterError(
            f'{path} has a figure for "{slug}", and there is no such crime.'
            f"{suggest_word(slug, definitions.crimes)} Give one of: {', '.join(sorted(definitions.crimes))}; or "
            "define it under [crimes] in hotspots.toml."
        )
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_HARM:
        raise ParameterError(
            f"{path}.{slug} must be a number of {unit}, from 0 to {MAX_HARM:,}; it is {value!r}. Write it without "
            "quotation marks, separators or a currency sign."
        )
    return float(value)
