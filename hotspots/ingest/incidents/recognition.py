"""Recognising a layout: which column holds what, from the names of the columns and a look at the first rows."""

from __future__ import annotations

import dataclasses
import fnmatch
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from hotspots.errors import DataError
from hotspots.geography import WGS84, find_crs, project_coordinates
from hotspots.ingest.formats import GEOMETRY_X, GEOMETRY_Y, Table
from hotspots.ingest.incidents.column_words import (
    describe_columns,
    find_clock,
    find_columns_by_words,
    find_pair,
    looks_like_values,
    name_time_beside,
    normalise,
    says_asb,
    says_date,
    says_other_time,
)
from hotspots.ingest.incidents.counted import (
    TOTALS,
    are_counts,
    are_crossed,
    counts_incidents,
    counts_something,
    may_count,
    read_counts,
)
from hotspots.ingest.incidents.date_orders import count_days, find_date_order
from hotspots.ingest.incidents.police_uk import find_police_uk
from hotspots.ingest.incidents.profiles import BLANK, PLACE_ROLES, PlaceColumns, SourceProfile, format_profile
from hotspots.ingest.texts import (
    DateOrder,
    describe_form,
    join_columns,
    mask_label,
    parse_coordinates,
    parse_times,
    read_wkt,
)

_WHEN = ("start", "reported", "month")
"""What holds dates, the likeliest first: when it happened, when it became known, and in which month."""

_COMPONENTS = ("year", "month", "day", "hour", "minute")

_ENOUGH = 0.9
"""The share of the first rows that must fit before a column is taken for what its name does not say."""

_MANY_MONTHS = 3
_FEW_ROWS = 20

_MOST = 0.5
"""The share of the first rows that must fit for a column to be what its name says, if another name says it too."""

_SOME = 0.1

_NEARLY_ALL = 0.99
"""The share of rows that must be in order: a few dates are slips of the pen."""

_MOST_AREAS = 4

_LONG_BEFORE = pd.Timedelta(days=62)
"""Half of all crimes are reported sooner; a date of birth, or of the beginning of a tenancy, is not."""

_LETTERS = re.compile(r"[^\W\d_]{3,}")
"""What may be somebody's name, and is not repeated."""

_COORDINATES = r"(?:POINT\s*)?[(\[]?\s*[-+]?\d+\.\d+\s*[,;\s]\s*[-+]?\d+\.\d+\s*[)\]]?"


def is_header(names: Sequence[str]) -> bool:
    """Whether a row looks like the names of the columns of an incident file."""
    found = find_columns_by_words(names)
    has_date = any(when in found for when in _WHEN) or len(_find_parts(names)) > 1
    return has_date and any(role in found for role in ("easting", "longitude", "x", "offence", "postcode", "wkt"))


def _find_parts(names: Sequence[str]) -> tuple[str, ...]:
    """The columns of year, month, day, hour and minute, up to the first that is not there.

    They may share words in front, as `OCC_YEAR` and `OCC_MONTH` do.
    """
    by_form = {normalise(name): name for name in names}
    found: list[tuple[str, ...]] = [()]
    for form, name in by_form.items():
        if re.search(r"\byear$", form) and not says_other_time(name):
            front = form.removesuffix("year")
            found.append(tuple(itertools.takewhile(by_form.__contains__, (front + part for part in _COMPONENTS))))
    return tuple(by_form[form] for form in max(found, key=len))


class UnknownLayoutError(DataError):
    """A table in which the columns of what happened, when or where are not recognised.

    Attributes:
        draft: A source profile to be completed by hand, as TOML; empty where none would do.
        n_missing: How many of the three are not recognised.
    """

    def __init__(self, message: str, *, draft: str, n_missing: int = 1) -> None:
        super().__init__(message)
        self.draft = draft
        self.n_missing = n_missing

    @property
    def is_alike(self) -> bool:
        """Whether it looks like a table of incidents all the same."""
        return self.n_missing <= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """The layout recognised in a table.

    Attributes:
        profile: Which column holds what.
        doubts: What could be otherwise, in sentences.
    """

    profile: SourceProfile
    doubts: tuple[str, ...] = ()


def recognise(table: Table, *, crs: str) -> Recognised:
    """The profile of a table, from the names of its columns and its first rows.

    Args:
        table: The table.
        crs: The working CRS, in which bare x and y are tried.

    Raises:
        UnknownLayoutError: No date, no offence or no location is recognised; the message says which and how to go on.
    """
    header = table.header
    forms = {normalise(name): name for name in header}
    candidates, parts = find_columns_by_words(header), _find_parts(header)
    if police_uk := find_police_uk(table, forms=forms, named=candidates, crs=crs):
        return _read_as_counts(Recognised(profile=police_uk), table)
    # "Crime Number" names one, and "Number of crimes" counts them
    ids = [name for name in candidates.get("id", ()) if not counts_incidents(normalise(name))]
    found = {role: names[0] for role, names in (candidates | {"id": ids}).items() if names}
    missing = {}
    doubts: list[str] = []
    values: dict[str, Any] = {"name": name_source(table.label)}
    if "offence" in found:
        values["offence"] = find_pair(header) or (found["offence"],)
        if len(values["offence"]) == 1 and says_asb(found["offence"]):
            values["offence_group"] = "ASB"
    else:
        missing["what happened (such as Offence or Crime type)"] = (
            f'offence = "{BLANK}"  # or every_offence = "burglary", if all rows are of one crime'
        )
    if times := _find_times(candidates, parts, table, doubts):
        values |= times
    else:
        missing["when (such as Date From or Month)"] = f'start = "{BLANK}"  # or every_date = "2026-01"'
    where = _find_where(found, table, crs)
    if not where:
        missing["where (such as Easting and Northing, or Longitude and Latitude)"] = (
            f'longitude = "{BLANK}"  # or easting and northing; wkt; grid_reference; postcode; lsoa\n'
            f'latitude = "{BLANK}"'
        )
    values |= where
    values |= {role: found[role] for role in ("location_kind", "knife", "status") if role in found}
    values |= {role: (found[role],) for role in ("id",) if role in found}
    values |= _find_areas(candidates, table)
    if location := _find_name_of_place(candidates.get("location", []), table):
        values["location"] = (location,)
    if missing:
        raise UnknownLayoutError(
            f"{table.label} does not have a known layout: no column says {', nor '.join(missing)}. "
            f"{_describe_header(header, found)}",
            draft="" if _has_a_column_a_month(header) else _draft(values, missing.values(), table),
            # many a table says when its rows were written
            n_missing=len(missing) + bool(values.get("is_reported")),
        )
    return _read_as_counts(Recognised(profile=SourceProfile(**values), doubts=tuple(doubts)), table)


def _describe_header(header: Sequence[str], found: Mapping[str, str]) -> str:
    """The names of the columns, unless they are values, which may be somebody's; and what to do with such a table."""
    said = describe_columns(header, lead="It has:")
    if looks_like_values(header):
        return said
    if {"postcode", "easting"} <= found.keys() and not {"offence", "start"} & found.keys():
        return f'{said} It looks like a list of postcodes: name it in hotspots.toml, postcodes = "...".'
    if _has_a_column_a_month(header):
        return f"{said} It looks like a table of counts, a column a month, and not like one of incidents."
    if any(counts_incidents(normalise(name)) for name in header):
        said += (
            " It looks like a table of counts: such a one is read if it says for what crime, month and LSOA each is."
        )
    return (
        f"{said} Write a source profile for it in hotspots.toml (hotspots check prints one to complete), or leave the "
        "file out."
    )


def _has_a_column_a_month(header: Sequence[str]) -> bool:
    """Whether it is that of a table of counts that no profile can read: each row would be one incident."""
    months = (re.fullmatch(r"(19|20)\d\d[-_ ]?(0[1-9]|1[0-2])", name.strip()) for name in header)
    return sum(month is not None for month in months) >= _MANY_MONTHS


def _draft(values: Mapping[str, Any], missing: Iterable[str], table: Table) -> str:
    """What is known of a profile, with lines for what is not."""
    if table.part is not None:
        values = {**values, "layer" if ".gpkg/" in table.label.lower() else "sheet": make_pattern(table.part)}
    blank: dict[str, Any] = {"offence": (BLANK,), "start": (BLANK,)}
    if not values.keys() & PLACE_ROLES:
        blank |= {"longitude": BLANK, "latitude": BLANK}
    profile = SourceProfile(**{**blank, **values})
    profile = dataclasses.replace(profile, count=_find_count(table, profile))
    heading, *known = format_profile(profile).split("\n")
    return "\n".join([heading, *missing, *(line for line in known if not line.endswith(f' = "{BLANK}"'))])


def name_source(label: str) -> str:
    """A name for the source of a file: the words of its own name."""
    masked = mask_label(label)
    # the last part of the label of a sheet is the sheet, which has no suffix
    stem = PurePosixPath(masked).name.lower().removesuffix(".gz").rpartition(".")[0] or masked
    return re.sub(r"[^a-z]+", "-", stem.lower()).strip("-") or "source"


def make_pattern(name: str) -> str:
    """The pattern that a file, a sheet or a layer fits by its name, with anything in the place of what is masked."""
    masked = mask_label(name)
    pattern = re.sub(r"\[[^\]]*\]", "*", masked)
    if fnmatch.fnmatchcase(name.casefold(), pattern.casefold()):
        return pattern
    return re.sub(r"[ *]+", "*", pattern)  # where words were parted by other signs, or by capitals alone


def name_part(name: str, others: Iterable[str]) -> str:
    """What a profile calls a sheet or layer: its pattern, unless others of the file fit that too."""
    pattern = make_pattern(name)
    is_alone = not any(fnmatch.fnmatchcase(other.casefold(), pattern.casefold()) for other in others if other != name)
    return pattern if is_alone else name


def _find_name_of_place(candidates: Sequence[str], table: Table) -> str | None:
    """The first column that does not hold coordinates, which some sources give as a location beside its name."""
    for name in candidates:
        texts = table.sample({name})[name].dropna().astype(str)
        if texts.empty or texts.str.fullmatch(_COORDINATES, case=False).mean() < _MOST:
            return name
    return None


def _read_as_counts(found: Recognised, table: Table) -> Recognised:
    """The same layout, with the column that says how many incidents a row stands for if the table is one of counts."""
    count = _find_count(table, found.profile)
    others = [] if count else _list_crossed_numbers(table, found.profile)
    count = count or next((name for name in others if may_count(normalise(name))), None)
    if count is None:
        return dataclasses.replace(found, doubts=(*found.doubts, *_doubt_crossed(table, others)))
    doubt = (
        f'{table.label}: column "{count}" is read as the number of incidents that a row stands for. If each row is one '
        "incident, write a source profile without count."
    )
    # "Offences" beside "Crime type" says how many, and not which
    offence = tuple(name for name in found.profile.offence if name != count) or found.profile.offence
    ids = tuple(name for name in found.profile.id if name != count)
    profile = dataclasses.replace(found.profile, count=count, offence=offence, id=ids)
    return Recognised(profile=profile, doubts=(*found.doubts, doubt))


def _find_count(table: Table, profile: SourceProfile) -> str | None:
    """The column of counts. A table with a number of each incident has none, and one with times of day hardly."""
    if profile.id:
        return None
    axes = (profile.easting, profile.northing, profile.longitude, profile.latitude)  # "N" may be the northing
    forms = {name: normalise(name) for name in table.header if name not in axes}
    named = [name for name, form in forms.items() if counts_incidents(form)]
    if not named and BLANK not in profile.start and not _says_hours(profile.start, table):
        named = [name for name, form in forms.items() if counts_something(form)]
        if any(form in TOTALS for form in forms.values()) and _says_day_and_point(profile, table):
            named = [name for name in named if forms[name] not in TOTALS]
    return next((name for name in named if are_counts(chunk.columns[name] for chunk in table.read({name}))), None)


def _list_crossed_numbers(table: Table, profile: SourceProfile) -> list[str]:
    """Columns of whole numbers that may be counts, in a table of which each row is alone in its time, place and crime.

    What is the same for all rows of a place, a time or a crime is a property of that, and what is different in every
    row is a number of the row.
    """
    if any(_are_distinct(name, table) for name in profile.id) or _says_hours(profile.start, table):
        return []
    where = [getattr(profile, role) for role in sorted(PLACE_ROLES)]
    groups = [
        [name for name in names if name in table.header]
        for names in (profile.start, profile.offence, dict.fromkeys([*filter(None, [*where, profile.ward])]))
    ]
    taken = {*itertools.chain(*groups), *profile.end, *profile.area, *profile.location, profile.location_kind}
    columns = table.sample(
        {name for name in table.header if table.header.count(name) == 1} | {*itertools.chain(*groups)}
    )
    keys = [
        pd.factorize(join_columns([columns[name] for name in names]).astype("object"))[0] for names in groups if names
    ]
    if not are_crossed(keys):
        return []
    found = []
    for name, texts in columns.items():
        if name in taken or name in (GEOMETRY_X, GEOMETRY_Y) or not are_counts([texts]):
            continue
        numbers = pd.Series(read_counts(texts))
        is_own = numbers.nunique() == len(numbers) or (name in profile.id and not may_count(normalise(name)))
        if not is_own and all((numbers.groupby(key).nunique() > 1).any() for key in keys):
            found.append(name)
    return found


def _are_distinct(name: str, table: Table) -> bool:
    """Whether most texts of a column stand on one row alone, as a number of each incident does."""
    texts = table.sample({name})[name].dropna()
    return bool(len(texts)) and texts.nunique() >= _MOST * len(texts)


def _doubt_crossed(table: Table, numbers: Sequence[str]) -> tuple[str, ...]:
    if not numbers:
        return ()
    return (
        f"{table.label}: each row counts as one incident, but no two rows have the same time, place and crime, as in a "
        f'table of counts. If "{numbers[0]}" says how many incidents a row stands for, set count = "{numbers[0]}" in a '
        "source profile.",
    )


def _says_hours(start: Sequence[str], table: Table) -> bool:
    """Whether the columns of a start say the time of day."""
    if normalise(start[0]) == _COMPONENTS[0]:
        return len(start) > _COMPONENTS.index("hour")
    return len(start) > 1 or _has_times(start[0], table)


def _says_day_and_point(profile: SourceProfile, table: Table) -> bool:
    """Whether rows say the day and the point: a total beside them is of money or of goods."""
    if not (profile.easting or profile.longitude or profile.wkt):
        return False
    days = [at.dropna().dt.day for at in _sample_times(profile.start, table)]
    return all((day != 1).any() for day in days if len(day))


def _find_areas(candidates: Mapping[str, Sequence[str]], table: Table) -> dict[str, Any]:
    """The column of wards by code or name, and those of other areas; wards by bare number are areas of the source."""
    wards = list(candidates.get("ward", ()))
    ward = next((name for name in wards if not _is_number(table.sample({name})[name]).any()), None)
    areas = [*(name for name in wards if name != ward), *candidates.get("area", ())][:_MOST_AREAS]
    return ({"ward": ward} if ward else {}) | ({"area": tuple(areas)} if areas else {})


def _find_times(
    candidates: Mapping[str, Sequence[str]], parts: tuple[str, ...], table: Table, doubts: list[str]
) -> dict[str, Any]:
    """What a profile says of times; nothing where no column holds dates."""
    reported = next((name for name in candidates.get("reported", ()) if _can_read((name,), table)), None)
    start = next((name for name in candidates.get("start", ()) if _can_read((name,), table)), None)
    if start is None and len(parts) > (1 if reported is None else 2):
        return {"start": parts}
    own = [name for name in candidates.get("start_time", ()) if name not in parts]
    if start is not None and len(parts) > _COMPONENTS.index("hour") and not own and not _has_times(start, table):
        return {"start": parts}  # a date alone says less
    if start is None and reported is not None:
        start = _find_by_contents(candidates, reported, table, doubts)
    if start is None and reported is not None:
        return {"start": (reported,), "is_reported": True} | find_date_order((reported,), table, doubts, is_timed=False)
    if start is None:
        start = next((name for name in candidates.get("month", ()) if _can_read((name,), table)), None)
    if start is None:
        # where none can be read, each row is refused with what it gave
        start = next(
            (name for role in _WHEN for name in candidates.get(role, ()) if says_date(name) or _is_blank(name, table)),
            None,
        )
    if start is None:
        return {}
    ends = [name for name in candidates.get("end", ()) if says_date(name) or _is_blank(name, table)]
    end = next((name for name in candidates.get("end", ()) if _can_read((name,), table)), ends[0] if ends else None)
    values: dict[str, Any] = {}
    for role, date in (("start", start), ("end", end)):
        if date is None:
            continue
        own = name_time_beside(date, table.header)  # "Time Committed From" beside "Date Committed From"
        times = [] if _has_times(date, table) else [*own, *candidates.get(f"{role}_time", [])]
        # where a time of day is not known, others may be: a row without one keeps its day
        time = next((name for name in times if name != date and _can_read((date, name), table, least=_SOME)), None)
        values[role] = (date, time) if time else (date,)
        if times and time is None and _can_read((date,), table):
            column = times[0]
            shown = [str(text) for text in table.sample({column})[column].dropna()]
            if shown:
                example = "" if _LETTERS.search(shown[0]) else f', such as "{describe_form(shown[0])[:20]}"'
                doubts.append(
                    f'{table.label}: column "{column}" is not read, because it does not hold times of day{example}. '
                    f'Write it as 18:05, or name the right column in a source profile, {role} = ["{date}", "..."].'
                )
    if clock := find_clock(start):
        values["clock"] = "local" if clock == "local" else "utc"
    dates = [values[role][0] for role in ("start", "end") if role in values]
    is_timed = any(len(values.get(role, ())) > 1 for role in ("start", "end"))
    return values | find_date_order(dates, table, doubts, is_timed=is_timed)


def _find_by_contents(
    candidates: Mapping[str, Sequence[str]], reported: str, table: Table, doubts: list[str]
) -> str | None:
    """The column that holds when it happened although its name does not say so.

    Source: nothing is reported before it happens, and most of it soon after.
    """
    taken = {name for role, names in candidates.items() if role != "start" for name in names}
    others = [name for name in table.header if name not in taken and not says_other_time(name)]
    found = _find_not_after(others, reported, table)
    if found is not None:
        doubts.append(
            f'{table.label}: no name of a column says when it happened. "{found}" is read so, because it holds dates '
            f'that are not after "{reported}". If that is wrong, name the right column in a source profile, '
            'start = "...".'
        )
    return found


def _find_not_after(names: Sequence[str], reported: str, table: Table) -> str | None:
    """The first column of dates that are not after the dates of another, but for slips, and mostly not long before."""
    columns = {name: count_days(texts, table) for name, texts in table.sample({*names, reported}).items()}
    for order in get_args(DateOrder):
        known = parse_times(columns[reported], date_order=order, clock="local").at
        for name in names:
            texts = columns[name]
            times = parse_times(texts, date_order=order, clock="local")
            is_date = np.isin(times.precision.astype(str), ("day", "minute")) & ~_is_number(texts)
            is_given = texts.notna().to_numpy()
            if not is_given.any() or is_given.mean() < _MOST or is_date[is_given].mean() < _ENOUGH:
                continue
            both = is_date & known.notna().to_numpy()
            is_whole_day = both & ((times.precision == "day") | (known == known.dt.normalize()).to_numpy())
            lag = known.where(~is_whole_day, known.dt.normalize()) - times.at.where(
                ~is_whole_day, times.at.dt.normalize()
            )
            lag = lag[both]
            is_not_after = len(lag) > 0 and (lag >= pd.Timedelta(0)).mean() >= _NEARLY_ALL
            if is_not_after and (lag > pd.Timedelta(0)).any() and (lag <= _LONG_BEFORE).mean() >= _MOST:
                return name
    return None


def _is_number(texts: pd.Series) -> npt.NDArray[np.bool_]:
    """Which texts are bare numbers, that may be anything."""
    is_number = texts.cat.categories.astype(str).str.fullmatch(r"\s*[\d.,]+\s*")
    return np.append(np.asarray(is_number, dtype=bool), False)[texts.cat.codes.to_numpy()]


def _is_blank(name: str, table: Table) -> bool:
    return bool(table.sample({name})[name].isna().all())


def _sample_times(names: Sequence[str], table: Table) -> list[pd.Series]:
    """The times in the first rows, with days first and with months first; rows without any text are left out."""
    columns = table.sample(set(names))
    texts = join_columns([columns[name] for name in names]).dropna()
    return [parse_times(texts, date_order=order, clock="local").at for order in get_args(DateOrder)]


def _can_read(names: Sequence[str], table: Table, *, least: float = _MOST) -> bool:
    return any(len(at) > 0 and at.notna().mean() >= least for at in _sample_times(names, table))


def _has_times(name: str, table: Table) -> bool:
    """Whether a column of dates says the time of day too: then a column of times only repeats it.

    It says none if all have the same, in winter and in summer: midnight elsewhere.
    """
    for at in _sample_times((name,), table):
        times = (at - at.dt.normalize()).dropna()
        is_told = len(times) < _FEW_ROWS or times.nunique() > len(("winter", "summer"))
        if is_told and (times > pd.Timedelta(0)).mean() >= _MOST:
            return True
    return False


def _find_coordinates(found: Mapping[str, str], table: Table, crs: str) -> dict[str, Any]:
    if GEOMETRY_X in table.header:
        axes = ("easting", "northing") if _is_projected(table.crs) else ("longitude", "latitude")
        return dict(zip(axes, (GEOMETRY_X, GEOMETRY_Y), strict=True))
    pairs = [pair for pair in (("easting", "northing"), ("longitude", "latitude")) if set(pair) <= found.keys()]
    if pairs:
        return {role: found[role] for pair in pairs for role in pair}
    if "latitude_longitude" in found:
        both = found["latitude_longitude"]
        sample = table.sample({both})[both].dropna().astype(str)
        if len(sample) and sample.str.fullmatch(_COORDINATES, case=False).mean() >= _MOST:
            return {"longitude": both, "latitude": both}
    if "wkt" in found:
        sample = table.sample({found["wkt"]})[found["wkt"]].dropna()
        if len(sample) and sample.astype(str).str.contains(r"POINT", case=False).mean() >= _ENOUGH:
            x, y = (axis.to_numpy() for axis in read_wkt(sample))
            source = _find_crs(x, y, (crs, WGS84), crs)
            return {"wkt": found["wkt"]} | ({"crs": source} if source == WGS84 else {})
    if {"x", "y"} <= found.keys():
        columns = table.sample({found["x"], found["y"]})
        x, y = (parse_coordinates(columns[found[axis]]).to_numpy() for axis in ("x", "y"))
        axes = ("longitude", "latitude") if _find_crs(x, y, (crs, WGS84), crs) == WGS84 else ("easting", "northing")
        return dict(zip(axes, (found["x"], found["y"]), strict=True))
    return {}


def _find_crs(x: Any, y: Any, trials: Sequence[str], crs: str) -> str | None:
    """The first CRS in which most of the places lie in the area of the working CRS, or None."""
    known = np.isfinite(x) & np.isfinite(y) & ((x != 0) | (y != 0))
    for source in trials:
        easting, _ = project_coordinates(x[known], y[known], source_crs=source, crs=crs)
        if known.any() and np.isfinite(easting).mean() >= _ENOUGH:
            return source
    return None


def find_places(table: Table, *, crs: str) -> PlaceColumns | None:
    """Which columns of any table say where its rows are, as those of incidents do; None where none does.

    Args:
        table: The table.
        crs: The working CRS, in which bare x and y are tried.
    """
    found = {role: names[0] for role, names in find_columns_by_words(table.header).items()}
    where = _find_where(found, table, crs)
    return PlaceColumns(**where) if where else None


def says_where(names: Sequence[str]) -> bool:
    """Whether columns of such names say where, in any way that places of incidents are written."""
    return bool((PLACE_ROLES | {"x", "latitude_longitude"}) & find_columns_by_words(names).keys())


def find_offences(names: Sequence[str]) -> tuple[list[str], bool]:
    """The columns whose names say what happened, and whether others say when, as in a table of incidents."""
    found = find_columns_by_words(names)
    return found.get("offence", []), any(when in found for when in _WHEN) or len(_find_parts(names)) > 1


def _find_where(found: Mapping[str, str], table: Table, crs: str) -> dict[str, Any]:
    roles = ("grid_reference", "postcode", "lsoa")
    return _find_coordinates(found, table, crs) | {role: found[role] for role in roles if role in found}


def _is_projected(crs: str | None) -> bool:
    return crs is not None and find_crs(crs).is_projected
