"""Which column holds the codes of areas: wards, small areas, or the beats and sectors of a force.

Source: ONS, "Register of geographic codes": a letter for the country, two digits for the kind of area, six for itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from hotspots.errors import DataError
from hotspots.ingest.incidents import normalise, release_columns
from hotspots.ingest.reference.reference_tables import find_columns

# Names in order of preference: those that nobody gives to anything else, and those that are often a borough's.
_USUAL_NAMES = ("ward_?code", "gss_?code", r"wd\d\d_?cd", r"lsoa\d\d_?cd", r"msoa\d\d_?cd", "code")
_NAMES = (
    *_USUAL_NAMES,
    r"(ward|lsoa|msoa)(_\d{2,4})?_(code|cd)(_\d{2,4})?",
    r"(area|geography|census|ons|small_area)_?code(_\d{2,4})?",
)
_GSS = re.compile(r"\s*[A-Z]\d{8}\s*")
_WARDS = ("E05", "W05", "S13", "N08")
_MOST = 0.5
"""The share of the texts in a column that must be codes: below a table there may be notes."""

_LOCAL = r"(beat|sector|neighbourhood|neighborhood|nbhd|npt|npa|snt|policing|patrol|precinct|cluster|division)"
_LOCAL_CODES = (
    re.compile(rf"(.* )?{_LOCAL}( .*)? (code|id|no|num|number|ref|reference|cd)"),
    re.compile(rf"(police )?{_LOCAL}( team| area)?( \d{{4}})?"),
    re.compile(rf"(.* )?{_LOCAL}( team| area)?( name| nm)"),
)
"""Names of columns of police areas, in order of preference: that of codes comes first, that of names last."""

_SHORT_CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9]+([-_/. ]?[A-Za-z0-9]+){0,2}")
_LONGEST_CODE = 10


def find_codes(header: Sequence[str]) -> list[str]:
    """The columns whose names say that they hold codes of areas, the likeliest first."""
    return find_columns(header, _NAMES)


def has_usual_code(header: Sequence[str]) -> bool:
    """Whether a column has a name that says no more and no less than that it holds codes of wards or small areas."""
    return bool(find_columns(header, _USUAL_NAMES))


def list_codes(texts: Mapping[str, pd.Series]) -> list[str]:
    """The columns that may hold codes of areas, by their names or by what is in them, the likeliest first.

    Args:
        texts: Columns of text, blanks missing.
    """
    forms = {name: normalise(name) for name in texts}
    gss = [name for name, values in texts.items() if _share(values, _GSS) > _MOST]
    # wards before the boroughs and regions that they lie in
    gss.sort(key=lambda name: not _is_of_wards(texts[name]))
    local = [name for pattern in _LOCAL_CODES for name, form in forms.items() if pattern.fullmatch(form)]
    named = [name for name, form in forms.items() if form == "name" and _holds_short_codes(texts[name])]
    return [*dict.fromkeys([*find_codes([*texts]), *gss, *local, *named])]


def choose_code(texts: Mapping[str, pd.Series], *, label: str) -> str | None:
    """The column of codes: of several, the first that differs on every row; None where there is none.

    Args:
        texts: Columns of text, blanks missing.
        label: What to call the file in a message.

    Raises:
        DataError: Several columns without a usual name hold GSS codes that differ on every row, and none or several
            are of wards.
    """
    listed = list_codes(texts)
    unique = [name for name in listed if texts[name].notna().any() and texts[name].dropna().is_unique]
    if not unique:
        return listed[0] if listed else None
    if unique[0] in find_codes([*texts]):
        return unique[0]
    gss = [name for name in unique if _share(texts[name], _GSS) > _MOST]
    wards = [name for name in gss if _is_of_wards(texts[name])]
    if len(gss) > 1 and len(wards) != 1:
        shown = dict(zip(texts, release_columns([*texts]), strict=True))
        raise DataError(
            f"One column of codes is needed; {label} has several whose codes differ on every row: "
            f"{', '.join(shown[name] for name in wards or gss)}. Rename the right one to ward_code."
        )
    return unique[0]


def _share(values: pd.Series, pattern: re.Pattern[str]) -> float:
    known = values.astype("object").dropna()
    return float(known.map(lambda value: bool(pattern.fullmatch(str(value)))).mean()) if len(known) else 0.0


def _is_of_wards(values: pd.Series) -> bool:
    return bool(values.dropna().astype(str).str.strip().str.startswith(_WARDS).any())


def _holds_short_codes(values: pd.Series) -> bool:
    """Whether each text is short and has both letters and digits, as PK3 has."""
    known = values.dropna().astype(str).str.strip()
    return len(known) > 0 and bool((known.str.fullmatch(_SHORT_CODE) & (known.str.len() <= _LONGEST_CODE)).all())
