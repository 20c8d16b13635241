"""`hotspots.toml`: how the files of a workspace are read, and where they are."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotspots.analysis.rates import CRITERIA, EQUAL_WEIGHTS, MAX_WEIGHT, Target
from hotspots.crimes import KNIFE_CRIME, CrimeDefinitions, load_definitions
from hotspots.errors import NotFoundError, ParameterError
from hotspots.geography import BRITISH_NATIONAL_GRID, name_crs, require_working_crs
from hotspots.harm import HarmTable, load_harm
from hotspots.house import HouseStyle, parse_house
from hotspots.ingest.incidents import ReadingOptions, SourceProfile, parse_profile
from hotspots.ingest.reference import read_areas, read_postcodes
from hotspots.ingest.texts import show_form

FILE_NAME = "hotspots.toml"

PROGRESS_VARIABLE, PROGRESS_MARK = "HOTSPOTS_PROGRESS", "\x1e"
"""Environment variable that makes a command say on stderr what it is doing where that is not a terminal, if it is
"lines"; and what each of these lines begins with. No message can, as characters that steer a terminal are taken out."""

_DEEPEST = 6
"""Tables and lists within each other; the deepest setting is a wording of a source profile."""
_LARGEST = 2**63 - 1
"""What a whole number of TOML reaches to at least; beyond it Python cannot make it a float, nor always write it."""

_ANY_YEAR = 2025
_BESIDE = ("streets", "base_map", "premises", "schools", "candidates", "cameras", "youth_zones", "safety_maps")
_TEXTS = ("crs", "time_zone", "country", "subdivision", "layer", "tiles", "tiles_attribution")
_PATHS = ("store", "postcodes", "population", "term_dates", "peers")
_PATH_LISTS = ("incidents", "boundaries", "havens", "lsoas", *_BESIDE)
_TEXT_LISTS = ("indicators",)
_DAYS = ("checked_since",)
_TABLES = {
    "crimes": "crimes.name",
    "harm": "harm.severity",
    "house": "house",
    "sources": "sources.name",
    "targets": "targets",
    "priorities": "priorities",
    "service": "service",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings from `hotspots.toml`; without one, the defaults.

    Attributes:
        crs: The working CRS.
        time_zone: IANA name of the zone whose wall-clock time is wanted.
        country, subdivision: Codes of the place whose bank holidays count, as package `holidays` has them; without a
            subdivision those of the whole country.
        incidents, boundaries, havens, streets, base_map, premises, schools, candidates, cameras, youth_zones,
            safety_maps: What is read where nothing else is given; empty for `data/...`. Candidates are places that
            could become safe havens, cameras and youth zones those that are there already.
        tiles, tiles_attribution: Address of map tiles to show below the map, and the words that their licence asks for;
            None for none, and a map that asks no server for anything.
        layer: Layer of the boundary files; None for all that have codes.
        store: Folder in which incidents that were read are kept; None for none.
        postcodes: Code-Point Open or ONS Postcode Directory, for rows with a postcode and no coordinates.
        lsoas: Outlines of small areas, for rows with the code of one and nothing more precise.
        population: Table of residents by ward; None for what the boundaries say of themselves.
        term_dates: Table of school terms; None where school days are not known.
        checked_since: Opening hours of havens and of candidates that were last checked before this day are not known;
            None for whenever they were checked.
        peers: Table of what other areas record; None for none.
        indicators: Slugs of the performance table, in order; empty for the usual ones.
        targets: What each is wanted to be, by slug.
        criterion_weights: Of the criteria by which crimes are put in order of priority.
        definitions: What each offence wording stands for.
        harm: What each offence weighs.
        profiles: Source profiles.
        house: In whose name and style products are made, and how they are marked.
        service: What `hotspots serve` is told, as it is written; that command reads it.
        named: Every file and folder that the file of settings names and that cannot be made again: all but the store.
    """

    crs: str = BRITISH_NATIONAL_GRID
    time_zone: str = "Europe/London"
    country: str = "GB"
    subdivision: str | None = "ENG"
    incidents: tuple[Path, ...] = ()
    boundaries: tuple[Path, ...] = ()
    havens: tuple[Path, ...] = ()
    streets: tuple[Path, ...] = ()
    base_map: tuple[Path, ...] = ()
    premises: tuple[Path, ...] = ()
    schools: tuple[Path, ...] = ()
    candidates: tuple[Path, ...] = ()
    cameras: tuple[Path, ...] = ()
    youth_zones: tuple[Path, ...] = ()
    safety_maps: tuple[Path, ...] = ()
    tiles: str | None = None
    tiles_attribution: str | None = None
    layer: str | None = None
    store: Path | None = None
    postcodes: Path | None = None
    lsoas: tuple[Path, ...] = ()
    population: Path | None = None
    term_dates: Path | None = None
    checked_since: dt.date | None = None
    peers: Path | None = None
    indicators: tuple[str, ...] = ()
    targets: Mapping[str, Target] = field(default_factory=dict)
    criterion_weights: Mapping[str, float] = field(default_factory=lambda: EQUAL_WEIGHTS)
    definitions: CrimeDefinitions = field(default_factory=load_definitions)
    harm: HarmTable = field(default_factory=load_harm)
    profiles: tuple[SourceProfile, ...] = ()
    house: HouseStyle = field(default_factory=HouseStyle)
    service: Mapping[str, Any] = field(default_factory=dict)
    named: tuple[Path, ...] = ()

    def make_reading_options(self) -> ReadingOptions:
        """The options for reading incidents, with the lists of places read.

        Raises:
            NotFoundError: A list of places is not where the settings say.
            DataError: A list of places cannot be read as such.
        """
        for path in (*((self.postcodes,) if self.postcodes else ()), *self.lsoas):
            if not path.exists():
                raise NotFoundError(
                    f"hotspots.toml names {path.as_posix()}, which does not exist. Paths in it are relative to the "
                    "folder that it is in."
                )
        return ReadingOptions(
            crs=self.crs,
            time_zone=self.time_zone,
            profiles=self.profiles,
            definitions=self.definitions,
            postcodes=read_postcodes(self.postcodes) if self.postcodes else None,
            areas=read_areas(self.lsoas) if self.lsoas else None,
        )


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings of a workspace.

    Args:
        path: The file; by default `hotspots.toml` in the working directory, if it is there. Paths in it are relative
            to the folder that it is in.

    Raises:
        NotFoundError: The file named is not there, or the logo that it names.
        ParameterError: It is not TOML, has an unknown key, a value of the wrong type, or a country of which no bank
            holidays are known.
        DataError: The logo may not stand on a page.
    """
    if path is None:
        path = Path(FILE_NAME)
        if not path.is_file():
            return Settings()
    elif not path.is_file():
        raise NotFoundError(f"No settings file {path.as_posix()}. hotspots init makes one.")
    try:
        table = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParameterError(
            f"{path.as_posix()} is not valid TOML: {error}. Texts need double quotes, and a backslash in them must be "
            "written twice."
        ) from error
    except RecursionError as error:
        raise _say_deep(path) from error
    except ValueError as error:  # of a number with more digits than Python reads
        raise _say_large(path) from error
    _require_plain(table, path)
    return _parse_settings(table, path)


def _require_plain(table: Mapping[str, Any], path: Path) -> None:
    """Refuse values that no setting can have, of which not every message could be made."""
    values: list[Any] = [table]
    for _ in range(_DEEPEST):
        values = [
            inner
            for value in values
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if any(isinstance(value, int) and abs(value) > _LARGEST for value in values):
            raise _say_large(path)
        if any(isinstance(value, str) and "\0" in value for value in values):
            raise ParameterError(f"{path.as_posix()} has a text with a zero character in it. Remove \\u0000.")
    if any(isinstance(value, dict | list) for value in values):
        raise _say_deep(path)


def _say_deep(path: Path) -> ParameterError:
    return ParameterError(
        f"{path.as_posix()} holds lists or tables within each other, deeper than any setting. Write it as "
        "hotspots init does."
    )


def _say_large(path: Path) -> ParameterError:
    return ParameterError(
        f"A whole number in {path.as_posix()} may have at most 18 digits, and one has more. Correct or remove it."
    )


def _parse_settings(table: Mapping[str, Any], path: Path) -> Settings:
    known = (*_TEXTS, *_PATHS, *_PATH_LISTS, *_TEXT_LISTS, *_DAYS, *_TABLES)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f'Did you mean "{close[0]}"?' if close else f"It takes: {', '.join(known)}."
            raise ParameterError(f'{path.as_posix()} has an unknown key "{key}". {hint}')
        if key in _TABLES:
            if not isinstance(value, Mapping):
                raise ParameterError(f"{path.as_posix()}: {key} must be tables, such as [{_TABLES[key]}].")
        elif key in _PATH_LISTS:
            several = [value] if isinstance(value, str) else value
            if not (isinstance(several, list) and all(isinstance(item, str) and item for item in several)):
                raise ParameterError(f"{path.as_posix()}: {key} must be a path or a list of paths, not {value!r}.")
            values[key] = tuple(path.parent / item for item in several)
        elif key in _TEXT_LISTS:
            if not (isinstance(value, list) and value and all(isinstance(item, str) for item in value)):
                raise ParameterError(f'{path.as_posix()}: {key} must be a list of texts, such as ["robbery"].')
            values[key] = tuple(value)
        elif key in _DAYS:
            values[key] = _parse_day(key, value, path)
        elif not (isinstance(value, str) and value):
            raise ParameterError(f"{path.as_posix()}: {key} must be a text that is not blank, not {value!r}.")
        else:
            values[key] = path.parent / value if key in _PATHS else value
    if "crs" in values:
        values["crs"] = name_crs(require_working_crs(values["crs"]))
    if values.get("country", "GB") != "GB":
        values.setdefault("subdivision", None)
    if values.keys() & {"country", "subdivision"}:
        # a wrong one is told here, as data known by month only never ask for a bank holiday
        from hotspots.analysis.calendar import name_bank_holidays

        place = {"country": values.get("country", "GB"), "subdivision": values.get("subdivision", "ENG")}
        name_bank_holidays(_ANY_YEAR, _ANY_YEAR, **place)
    definitions = load_definitions(table.get("crimes"))
    profiles = []
    for name, content in table.get("sources", {}).items():
        if not isinstance(content, Mapping):
            raise ParameterError(f"{path.as_posix()}: sources.{name} must be a table, [sources.{name}].")
        profiles.append(parse_profile(name, content))
    for slug in (*values.get("indicators", ()), *table.get("targets", {})):
        _require_crime(slug, definitions, path)
    return Settings(
        **values,
        targets={slug: _parse_target(slug, value, path) for slug, value in table.get("targets", {}).items()},
        criterion_weights=_parse_criteria(table.get("priorities", {}), path),
        definitions=definitions,
        harm=load_harm(table.get("harm"), definitions=definitions),
        profiles=tuple(profiles),
        house=parse_house(table.get("house", {}), path),
        service=table.get("service", {}),
        named=tuple(_list_named(values, table, path)),
    )


def _list_named(values: Mapping[str, Any], table: Mapping[str, Any], path: Path) -> Iterator[Path]:
    yield from (values[name] for name in _PATHS if name in values and name != "store")
    yield from (named for name in _PATH_LISTS for named in values.get(name, ()))
    if "logo" in table.get("house", {}):
        yield path.parent / table["house"]["logo"]


def _parse_day(key: str, value: Any, path: Path) -> dt.date:
    """A date of TOML, with quotes or without."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    try:
        if isinstance(value, str) and len(value) == len("2025-01-31"):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    given = show_form(value) if isinstance(value, str) else repr(value)
    raise ParameterError(f"{path.as_posix()}: {key} must be a day, not {given}. Write {key} = 2025-01-31.")


def _require_crime(slug: str, definitions: CrimeDefinitions, path: Path) -> None:
    if slug in definitions.crimes or slug == KNIFE_CRIME:
        return
    close = difflib.get_close_matches(slug, [*definitions.crimes, KNIFE_CRIME], n=1)
    hint = f' Did you mean "{close[0]}"?' if close else ""
    raise ParameterError(
        f'{path.as_posix()} names "{slug}", and there is no such crime.{hint} Give one of: '
        f"{', '.join(sorted([*definitions.crimes, KNIFE_CRIME]))}."
    )


def _parse_target(slug: str, value: Any, path: Path) -> Target:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Target(n_incidents=value)
    percent = re.fullmatch(r"([+-]?\d+(?:\.\d+)?) ?%", value) if isinstance(value, str) else None
    if percent is None or float(percent[1]) < -100:
        given = show_form(value) if isinstance(value, str) else repr(value)
        raise ParameterError(
            f"{path.as_posix()}: a target must be a change on the twelve months before, -100% or more and in "
            f"quotes, or a number of incidents, 0 or more; targets.{slug} is {given}. "
            f'Write {slug} = "-5%" or {slug} = 1200.'
        )
    return Target(change=float(percent[1]) / 100)


def _parse_criteria(table: Mapping[str, Any], path: Path) -> Mapping[str, float]:
    for name, value in table.items():
        if name not in CRITERIA:
            raise ParameterError(
                f'{path.as_posix()}: priorities are judged by {", ".join(CRITERIA)}; "{name}" is not one of them. '
                "Correct or remove it."
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_WEIGHT:
            raise ParameterError(
                f"{path.as_posix()}: the weight of a criterion must be a number from 0 to {MAX_WEIGHT:,.0f}; "
                f"priorities.{name} is {value!r}. 1 is usual, 0 leaves it out."
            )
    criterion_weights = {**EQUAL_WEIGHTS, **{name: float(value) for name, value in table.items()}}
    if not any(criterion_weights.values()):
        raise ParameterError(f"{path.as_posix()}: at least one criterion of priorities must have a weight above 0.")
    return criterion_weights
