"""Every sentence of the products: the macros of `templates/words`, said as plain text, which pages escape."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jinja2

from hotspots.ingest.incidents import MALFORMED_ROW, ONLY_LSOA, ONLY_POSTCODE
from hotspots.products.words import numbers
from hotspots.products.words.bytecode import BytecodeCache
from hotspots.products.words.whole_words import PageTemplate

_TEMPLATES = Path(__file__).parents[1] / "templates"


def _quote_css(text: str) -> str:
    """A text within the quotes of a style: whatever could end it is escaped."""
    return "".join(sign if sign.isalnum() or sign == " " else f"\\{ord(sign):x} " for sign in text)


_FILTERS: dict[str, Any] = {
    "band": numbers.say_distance_band,
    "between": numbers.say_between,
    "bound": numbers.say_bound,
    "capitalised": numbers.capitalise,
    "clock": numbers.say_clock,
    "css_text": _quote_css,
    "date": numbers.say_date,
    "digits": numbers.say_digits,
    "duration": numbers.say_duration,
    "estimate": numbers.say_estimate,
    "four_hours": numbers.say_four_hours,
    "listed": numbers.say_list,
    "month": numbers.say_month,
    "number": numbers.say_number,
    "p": numbers.say_p,
    "percent": numbers.say_change,
    "plain": numbers.say_plain,
    "round_share": numbers.say_round_share,
    "share": numbers.say_share,
    "signed": numbers.say_signed,
    "shortened": numbers.shorten_days,
    "split_estimate": numbers.split_estimate,
    "status": numbers.say_status,
    "times": numbers.say_times,
    "verdict": numbers.say_verdict,
    "weighted": numbers.say_sum,
}


@functools.cache
def make_environment(*, is_escaped: bool = True) -> jinja2.Environment:
    """The environment of the templates, with the filters for numbers and `say` for the sentences.

    It is the same one each time, so that each template is loaded once in a process. Nobody may change it. Most of
    them are rendered once, so they are not optimised, which takes a fifth of the time to compile one.

    Args:
        is_escaped: Whether everything is escaped that is not marked safe, as on a page.
    """
    options: dict[str, Any] = {
        "autoescape": is_escaped,  # plain text is for terminal and JSON, and pages escape it in their turn
        "undefined": jinja2.StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "optimized": False,
    }
    environment = jinja2.Environment(  # noqa: S701 - the options say it
        loader=jinja2.PackageLoader("hotspots.products"),
        bytecode_cache=BytecodeCache(_TEMPLATES, "page" if is_escaped else "text", options),
        auto_reload=False,
        finalize=None if is_escaped else _on_one_line,
        **options,
    )
    environment.template_class = PageTemplate
    environment.filters |= _FILTERS
    environment.globals |= {
        "MALFORMED_ROW": MALFORMED_ROW,
        "ONLY_LSOA": ONLY_LSOA,
        "ONLY_POSTCODE": ONLY_POSTCODE,
        "say": say,
    }
    return environment


def say(sentence: str, *about: Any, **choices: Any) -> str:
    """A sentence as plain text on one line, for the terminal and the summary.

    Templates say the same with `{{ say("certainty.why", hotspot) }}`, and escape it like any text where it is a page.

    Args:
        sentence: Subject and name: "certainty.why" is the macro `why` in `templates/words/certainty.jinja`.
        about: What it is about: objects, or dictionaries with the same names.
        choices: Further arguments of the macro.
    """
    # a macro is written over several lines, and what it says is one
    return " ".join(_find_macro(sentence)(*about, **choices).split())


def say_each(sentences: str, *about: Any) -> list[str]:
    """The sentences of a macro that has several, one on each of its lines, as plain text."""
    lines = _find_macro(sentences)(*about).split("\n")
    return [" ".join(line.split()) for line in lines if line.strip()]


@functools.cache
def _find_macro(name: str) -> Any:
    subject, _, macro = name.partition(".")
    return getattr(make_environment(is_escaped=False).get_template(f"words/{subject}.jinja").module, macro)


def _on_one_line(value: Any) -> Any:
    """A text of the sources that has several lines must not look like several sentences."""
    return " ".join(value.splitlines()) if isinstance(value, str) else value
