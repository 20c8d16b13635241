"""The errors that Hotspots raises on purpose.

Each message states the rule, what was given, the first offender and the next step. The command line turns
the class into an exit code, so the class says whose turn it is: the caller's (`ParameterError`,
`NotFoundError`), the data's (`DataError`), the network's (`NetworkError`), or nobody's (`TooLittleDataError`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HotspotsError(Exception):
    """Anything that Hotspots refuses to do, with a message meant for the person who asked."""


class ParameterError(HotspotsError, ValueError):
    """An option or argument lies outside what the method allows."""


class NotFoundError(HotspotsError, LookupError):
    """A file, ward or crime was named that is not there."""


class DataError(HotspotsError, ValueError):
    """A file or table cannot be read as what it should hold."""


class TooLittleDataError(DataError):
    """The data are sound, but nothing is left of them to analyse."""


class NetworkError(HotspotsError):
    """A server could not be reached, or did not give what it should."""


def suggest_word(word: str, known: Iterable[str]) -> str:
    """The question whether a word like it was meant, as a sentence to go after another; empty where none is like it."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f' Did you mean "{close[0]}"?' if close else ""


def say_rows(n: int, one: str, several: str) -> str:
    """1 row has, 2 rows have."""
    return f"1 row {one}" if n == 1 else f"{n:,} rows {several}"


def say_of_all_rows(label: str, n: int, one: str, several: str) -> str:
    """What so many rows of a table are, for readers who chose a crime and a period: all rows of the table count."""
    return f"{label}: of all its rows, of whatever crime and date, {n:,} {one if n == 1 else several}"


def say_texts(texts: dict[str, int]) -> str:
    """Texts with their rows."""
    return ", ".join(f'"{text}" ({n:,})' for text, n in texts.items())
