"""Street-level crime of data.police.uk, recognised by what a table holds, whatever its columns are called.

It comes as the site's own files, in the columns of its API, as GIS and spreadsheets save either, and with columns that
somebody has renamed. All of them have months and no days, the site's own words for crimes, and shared anonymous points
that were made from whole metres of the National Grid.

Source: https://data.police.uk/about/ (columns, anonymisation), https://data.police.uk/docs/ (the API).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd

from hotspots.crimes import read_words
from hotspots.geography import (
    POLICE_UK,
    WGS84,
    find_crs,
    find_makers,
    is_national_grid,
    lie_on_whole_metres,
    project_coordinates,
)
from hotspots.ingest.formats import GEOMETRY_X, GEOMETRY_Y, Columns, Table
from hotspots.ingest.incidents.locations import list_coordinates, sample_coordinates
from hotspots.ingest.incidents.profiles import SourceProfile
from hotspots.ingest.incidents.record_schema import FIRST_YEAR, LAST_YEAR
from hotspots.ingest.texts import (
    DateOrder,
    join_columns,
    list_distinct,
    parse_coordinates,
    parse_times,
    read_pairs,
    read_wkt,
)

_COLUMNS = {"month", "longitude", "latitude", "crime type"}
"""Columns that every file of the site has."""

_OWN_NAMES = {"falls within", "location subtype", "persistent id"}
"""Columns that nobody else has."""

_TYPES = {
    "all-crime": "All crime",
    "anti-social-behaviour": "Anti-social behaviour",
    "bicycle-theft": "Bicycle theft",
    "burglary": "Burglary",
    "criminal-damage-arson": "Criminal damage and arson",
    "drugs": "Drugs",
    "other-crime": "Other crime",
    "other-theft": "Other theft",
    "possession-of-weapons": "Possession of weapons",
    "public-disorder-weapons": "Public disorder and weapons",
    "public-order": "Public order",
    "robbery": "Robbery",
    "shoplifting": "Shoplifting",
    "theft-from-the-person": "Theft from the person",
    "vehicle-crime": "Vehicle crime",
    "violence-and-sexual-offences": "Violence and sexual offences",
    "violent-crime": "Violent crime",
}
"""Types of crime since December 2010, as the API and as the files write them."""

_VIOLENCE = {"violent-crime": "violence"}
"""What the API calls violence and sexual offences still, which the files called violent crime before that."""

_WORDS_OF_TYPES = {read_words(text) for pair in _TYPES.items() for text in pair}

_KINDS = {
    "airport/airfield": "transport hub",
    "bus/coach station": "transport hub",
    "nightclub": "licensed premises",
    "parking area": "parking area",
    "park/open space": "park",
    "shopping area": "shop",
    "supermarket": "shop",
    "further/higher educational building": "school",
}
"""The words of the site for places that are no streets."""

_STREET = r"On or near\b.*|No Location"
_ID = r"[0-9a-f]{64}"
_LSOA = r"[EW]01\d{6}"
_DECIMALS = r"[-+]?\d+[.,]\d{3,}"

_WEST, _EAST = -9.0, 2.5
_SOUTH, _NORTH = 49.0, 61.0
"""Degrees of Great Britain and Northern Ireland, and of nothing else in a table."""

_MOST_MONTHS = 400

MOST_PLACES = 50
"""Pairs of columns that are tried: a table has few, and one of a thousand columns would have a million."""

_MOST = 0.5
_ENOUGH = 0.9
"""The share of the first rows that must fit for a column to be taken for what its name does not say."""


def find_police_uk(
    table: Table, *, forms: Mapping[str, str], named: Mapping[str, Sequence[str]], crs: str
) -> SourceProfile | None:
    """The profile of a table of street-level crime of data.police.uk, or None for any other table.

    The site's own columns are enough. Otherwise all that the crimes are called must be words of the site, all dates
    months, and one thing more must be as nobody else has it: its points, the names of its streets ("On or near High
    Street"), its numbers of 64 digits, or the name of a column.

    Args:
        table: The table, of which the first rows are read.
        forms: Columns by their normalised names.
        named: The columns whose names say that they have a role, the likeliest first.
        crs: The working CRS.
    """
    if forms.keys() >= _COLUMNS and GEOMETRY_X not in table.header:
        # another table may have these columns beside dates
        is_monthly = not (named.get("start") or named.get("reported") or "year" in forms)
        order = _find_order(table, forms["month"], least=_MOST if "year" in forms else 0)
        if order and (is_monthly or "falls within" in forms):
            return _make_profile(
                date_order=order,
                id=tuple(forms[name] for name in ("crime id",) if name in forms),
                offence=(forms["crime type"],),
                start=(forms["month"],),
                longitude=forms["longitude"],
                latitude=forms["latitude"],
                crs=POLICE_UK,
                lsoa=forms.get("lsoa code"),
                location=forms.get("location"),
                status=forms.get("context"),
            )
    # a column that is there twice cannot be read
    columns = table.sample({name for name in table.header if table.header.count(name) == 1})
    times = [name for role in ("month", "start", "reported") for name in named.get(role, [])]
    offence = _find_offence(columns, named.get("offence", []))
    found = _find_months(columns, times, table, forms) if offence else None
    if not offence or not found:
        return None
    start, order = found
    persistent_id = _find_by_text(columns, _ID, least=0)
    street = _find_by_text(columns, _STREET, least=_MOST)
    values: dict[str, Any] = {
        "date_order": order,
        "id": tuple(_list_ids(columns, offence, persistent_id, forms)),
        "offence": (offence,),
        "start": start,
        "lsoa": _find_by_text(columns, _LSOA, least=_ENOUGH),
        "location": street,
        "status": forms.get("context"),
    }
    if _are_slugs(columns[offence]):
        values["offences"] = _VIOLENCE
    place, is_by_shift = _find_place(table, columns, values, named, crs)
    is_own = persistent_id or street or _OWN_NAMES & forms.keys() or is_by_shift
    if not is_own or not (place or values["lsoa"]):
        return None
    return _make_profile(**values, **place)


def _make_profile(*, location: str | None, **values: Any) -> SourceProfile:
    return SourceProfile(
        name="police-uk",
        is_monthly=True,
        is_anonymised=True,
        location=(location,) if location else (),
        location_kinds=_KINDS if location else {},
        **values,
    )


def _words(values: pd.Series) -> list[str]:
    """The distinct texts of a column, as a list: a table may have thousands of columns, of a few texts each."""
    return [str(text).strip() for text in list_distinct(values)]


def _share(texts: Sequence[str], fits: Callable[[str], object]) -> float:
    """The share of texts that fit; 0 if there are none."""
    return sum(bool(fits(text)) for text in texts) / max(len(texts), 1)


def _find_offence(columns: Columns, named: Sequence[str]) -> str | None:
    """The column of which every text is a type of crime of the site."""
    fitting = [
        name
        for name, values in columns.items()
        if 0 < len(values.cat.categories) <= 2 * len(_TYPES) and {*map(read_words, _words(values))} <= _WORDS_OF_TYPES
    ]
    return next((name for name in (*named, *fitting) if name in fitting), None)


def _find_by_text(columns: Columns, pattern: str, *, least: float) -> str | None:
    """The first column of which more than a share of the texts has a form."""
    return next(
        (name for name, values in columns.items() if _share(_words(values), re.compile(pattern).fullmatch) > least),
        None,
    )


def _list_ids(columns: Columns, offence: str, persistent_id: str | None, forms: Mapping[str, str]) -> Iterator[str]:
    """The number that stays with a crime, and that of the API, which antisocial behaviour has too.

    The latter counts as a number only where the words of the API are: other programs call the numbers of rows so.
    """
    named = (forms[name] for name in ("persistent id", "crime id") if name in forms)
    if first := persistent_id or next(named, None):
        yield first
    number = forms.get("id")
    if number in columns and number != first and _are_slugs(columns[offence]):
        yield number


def _are_slugs(offences: pd.Series) -> bool:
    """Whether types of crime are written as the API writes them."""
    return set(_words(offences)) <= _TYPES.keys()


def _find_months(
    columns: Columns, named: Sequence[str], table: Table, forms: Mapping[str, str]
) -> tuple[tuple[str, ...], DateOrder] | None:
    """The column of months, or those of years and months, and the order of their dates.

    None where there is none, or days are known.
    """
    texts = {name: _words(values) for name, values in columns.items()}
    # numbers may be months by chance
    may_be = [
        name
        for name, distinct in texts.items()
        if name in named or (len(distinct) <= _MOST_MONTHS and not all(map(str.isdecimal, distinct)))
    ]
    # read together, because there may be a thousand columns
    every = sorted({text for name in may_be for text in texts[name]})
    read_once = {order: _read_dates(every, order) for order in get_args(DateOrder)}

    def read(texts: Sequence[str], order: DateOrder) -> pd.Series:
        return read_once[order].reindex(list(texts)).dropna()

    orders = {}
    for name in may_be:
        order = _order_months(texts[name], least=_ENOUGH, read=read)
        if order and "outcome" not in name.casefold():
            orders[name] = order
    others = [read(texts[name], "day-first") for name in named if name in columns and name not in orders]
    if any(len(at) and not _are_months(at) for at in others):
        return None
    # whatever else has months, such as outcomes, has not got them for every row
    likely = sorted(orders, key=lambda name: (name not in named, columns[name].isna().sum()))
    for name in likely:
        if order := _find_order(table, name, least=_ENOUGH):
            return (name,), order
    parts = tuple(forms[part] for part in ("year", "month") if forms.get(part) in columns)
    if len(parts) == 2 and _order_months(_words(join_columns([columns[part] for part in parts])), least=_ENOUGH):
        return parts, "day-first"
    return None


def _find_order(table: Table, column: str, *, least: float) -> DateOrder | None:
    """As `_order_months` for a column, of which all rows are read if the first ones do not say months but days."""
    sample = _words(table.sample({column})[column])
    order = _order_months(sample, least=least)
    if order is None or not len(sample) or _are_iso(sample):
        return order
    chunks = table.read({column})
    return _order_months(sorted({text for chunk in chunks for text in _words(chunk.columns[column])}), least=0)


def _read_dates(texts: Sequence[str], order: DateOrder) -> pd.Series:
    """The dates that can be read, on their texts."""
    at = parse_times(pd.Series(pd.Categorical(list(texts))), date_order=order).at.set_axis(list(texts))
    return at.where(at.dt.year.between(FIRST_YEAR, LAST_YEAR)).dropna()


def _order_months(
    texts: Sequence[str], *, least: float, read: Callable[[Sequence[str], DateOrder], pd.Series] = _read_dates
) -> DateOrder | None:
    """The order of dates in which all are months, or the first or last days of them; None if days are, or few are read.

    A spreadsheet makes a date of 2024-02, and writes it 01/02/2024 or, in America, 2/1/2024. Of the two orders, the one
    in which more can be read is right.
    """
    if _share(texts, re.compile(r"\d").search) < least:
        return None  # every date has a digit, and most columns of a wide table have none
    orders = get_args(DateOrder)
    dates = {order: read(texts, order) for order in (orders[:1] if _are_iso(texts) else orders)}
    most = max(map(len, dates.values()))
    if most < least * len(texts) or (least and not most):
        return None
    return next((order for order, at in dates.items() if len(at) == most and _are_months(at)), None)


def _are_iso(texts: Sequence[str]) -> bool:
    """Whether all are months as the site writes them, which are the same in either order."""
    return all(map(re.compile(r"\d{4}-\d\d").fullmatch, texts))


def _are_months(at: pd.Series) -> bool:
    return bool(at.dt.is_month_start.all() or at.dt.is_month_end.all())


def _find_place(
    table: Table, columns: Columns, values: Mapping[str, Any], named: Mapping[str, Sequence[str]], crs: str
) -> tuple[dict[str, str], bool]:
    """The roles that say where, with their CRS, and whether they are points that the shift made from whole metres.

    Points in metres were converted by another program, by the same shift or by OSTN15; what has come to lie on whole
    metres is right, and what comes to them by way of degrees is led there.
    """
    places = []
    for place in itertools.islice(_list_places(table, columns, named), MOST_PLACES):
        profile = _make_profile(**values, **place)
        one, two, source = sample_coordinates(table, profile, list_coordinates(profile, table.crs, crs)[0])
        is_grid = is_national_grid(find_crs(source))
        known = np.isfinite(one) & np.isfinite(two) & (one != 0)
        one, two = one[known], two[known]
        if is_grid and lie_on_whole_metres(np.unique(np.column_stack([one, two]), axis=0)):
            places.append((place, False))
            continue
        makers = find_makers(*project_coordinates(one, two, source_crs=source, crs=WGS84))
        is_shifted = POLICE_UK in makers
        if is_shifted or (not is_grid and WGS84 not in makers):
            place = {**place, "crs": POLICE_UK}
        if is_shifted:
            return place, True
        places.append((place, False))
    return places[0] if places else ({}, False)


def _list_places(table: Table, columns: Columns, named: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
    """The columns that can say where, those of the site before those that another program has made of them."""

    def are_degrees(values: pd.Series, least: float, most: float) -> bool:
        if _share(_words(values), re.compile(_DECIMALS).fullmatch) < _MOST:
            return False
        degrees = parse_coordinates(values, is_degrees=True).dropna()
        degrees = degrees[degrees != 0]
        return bool(degrees.between(least, most).mean() >= _ENOUGH)

    def sort(names: Iterable[str], likely: Collection[str]) -> list[str]:
        return sorted(names, key=lambda name: name not in likely)

    plain = {name: values for name, values in columns.items() if name not in (GEOMETRY_X, GEOMETRY_Y)}
    east = [name for name, values in plain.items() if are_degrees(values, _WEST, _EAST)]
    north = [name for name, values in plain.items() if are_degrees(values, _SOUTH, _NORTH)]
    for latitude in sort(north, named.get("latitude", [])):
        for longitude in sort(east, named.get("longitude", [])):
            yield {"longitude": longitude, "latitude": latitude}
    if GEOMETRY_X in columns:
        is_metres = table.crs is not None and find_crs(table.crs).is_projected
        axes = ("easting", "northing") if is_metres else ("longitude", "latitude")
        yield dict(zip(axes, (GEOMETRY_X, GEOMETRY_Y), strict=True))
    for name, values in plain.items():
        if _share(_words(values), lambda text: "POINT" in text.upper()) >= _ENOUGH:
            x, y = read_wkt(values)
            if x.between(_WEST, _EAST).mean() >= _ENOUGH and y.between(_SOUTH, _NORTH).mean() >= _ENOUGH:
                yield {"wkt": name, "crs": WGS84}
    for name in named.get("latitude_longitude", []):
        if name in plain:
            first, second = read_pairs(plain[name])
            if first.between(_SOUTH, _NORTH).mean() >= _ENOUGH and second.between(_WEST, _EAST).mean() >= _ENOUGH:
                yield {"longitude": name, "latitude": name}
    for easting, northing in zip(named.get("easting", []), named.get("northing", []), strict=False):
        yield {"easting": easting, "northing": northing}
