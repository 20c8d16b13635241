"""Two runs of a crime side by side, from what their summaries say: nothing is computed but what is in which."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hotspots.products.words import say, say_date, say_list, say_number, say_share, say_status

Summary = Mapping[str, Any]
"""A `summary.json`, read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedPlace:
    """A place of one run or of both: the same where its wards and its name are the same.

    Attributes:
        place: Its name.
        wards: Names of its wards.
        earlier, later: Its number in the order of each run; None where it is not in it.
    """

    place: str
    wards: str
    earlier: int | None
    later: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedPlaces:
    """Places of two runs.

    Attributes:
        n_earlier, n_later: How many there are in each.
        both, new, gone: Those in both, and in the later and the earlier one alone.
    """

    n_earlier: int
    n_later: int
    both: Sequence[MatchedPlace]
    new: Sequence[MatchedPlace]
    gone: Sequence[MatchedPlace]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """What two runs have in common and in what they differ.

    Attributes:
        warnings: Why their numbers cannot be compared as they stand; empty where they can.
        differences: What else differs in what went into them.
        figures: What is compared, then what it is in the earlier and in the later one.
        patrols: Places to patrol.
        hotspots: Hot spots.
    """

    warnings: Sequence[str]
    differences: Sequence[str]
    figures: Sequence[tuple[str, str, str]]
    patrols: MatchedPlaces
    hotspots: MatchedPlaces


def compare_runs(earlier: Summary, later: Summary) -> RunComparison:
    """Put two runs of one crime side by side.

    Numbers of incidents at single places are left out: the difference of two could tell of a few people.
    """
    return RunComparison(
        warnings=_list_warnings(earlier, later),
        differences=_list_differences(earlier, later),
        figures=_list_figures(earlier, later),
        patrols=_match(earlier["patrols"]["places"], later["patrols"]["places"]),
        hotspots=_match(earlier["hotspots"], later["hotspots"]),
    )


def _list_warnings(earlier: Summary, later: Summary) -> list[str]:
    warnings = []
    wards = [{str(ward["code"]): str(ward["name"]) for ward in run["wards"]} for run in (earlier, later)]
    if wards[0].keys() != wards[1].keys() or _name_area(earlier) != _name_area(later):
        gone = sorted(name for code, name in wards[0].items() if code not in wards[1])
        new = sorted(name for code, name in wards[1].items() if code not in wards[0])
        parts = [f"only the {which} has {say_list(_shorten(names))}" for which, names in
                 (("earlier", gone), ("later", new)) if names]  # fmt: skip
        detail = f": {'; '.join(parts)}" if parts else ""
        warnings.append(f"They are of different areas{detail}.")
    days = [int(run["period"]["n_days"]) for run in (earlier, later)]
    if days[0] != days[1]:
        warnings.append(
            f"Their periods are not equally long: {say_number(days[0])} and {say_number(days[1])} days. A longer one "
            "has more incidents, whatever happened."
        )
    readers = [str(run["handling"]["audience"]) for run in (earlier, later)]
    if readers[0] != readers[1]:
        said = " and ".join(say("handling.short", audience).lower() for audience in readers)
        warnings.append(f"They are for different readers, {said}: what one of them withholds the other may show.")
    methods = [[str(method) for method in run.get("methods", ())] for run in (earlier, later)]
    if methods[0] != methods[1]:
        said = " and ".join(", ".join(of_run) or "the usual ones" for of_run in methods)
        warnings.append(f"They were made by different methods: {said}.")
    return warnings


def _list_differences(earlier: Summary, later: Summary) -> list[str]:
    differences = [_say_overlap(*(_read_days(run) for run in (earlier, later)))]
    files = [{str(file["path"]): str(file["sha256"]) for file in run["inputs"]} for run in (earlier, later)]
    new = sorted(files[1].keys() - files[0].keys())
    gone = sorted(files[0].keys() - files[1].keys())
    changed = sorted(path for path in files[0].keys() & files[1].keys() if files[0][path] != files[1][path])
    told = (("Files that only the later one has", new), ("Files that only the earlier one has", gone),
            ("Files that changed between them", changed))  # fmt: skip
    differences += [f"{said}: {say_list(_shorten(paths))}." for said, paths in told if paths]
    if not (new or gone or changed):
        differences.append("Both read the same files, byte for byte.")
    status = [dict(run["data_status"]) for run in (earlier, later)]
    if status[0] != status[1]:
        said = " and ".join(say_status(of_run) or "nothing of that kind" for of_run in status)
        differences.append(f"Data that are not real, in the earlier and in the later one: {said}.")
    versions = [str(run.get("version", "")) for run in (earlier, later)]
    if versions[0] != versions[1]:
        differences.append(f"They were made by Hotspots {versions[0]} and {versions[1]}.")
    return differences


def _say_overlap(earlier: tuple[dt.date, dt.date], later: tuple[dt.date, dt.date]) -> str:
    if earlier == later:
        return "Both are of the same days."
    start, end = max(earlier[0], later[0]), min(earlier[1], later[1])
    if start > end:
        return "Their periods do not overlap."
    return f"Both hold the days from {say_date(start)} to {say_date(end)}: what happened then is in both."


def _list_figures(earlier: Summary, later: Summary) -> list[tuple[str, str, str]]:
    runs = (earlier, later)
    rows = [("Period", *(" to ".join(say_date(day) for day in _read_days(run)) for run in runs))]
    rows.append(("Area", *(_name_area(run) for run in runs)))
    rows.append(("Incidents", *(say_number(run["accounts"]["analysed"]) for run in runs)))
    rows.append(("Hot spots", *(say_number(len(run["hotspots"])) for run in runs)))
    rows.append(("Places to patrol", *(say_number(len(run["patrols"]["places"])) for run in runs)))
    rows.append(("Share of what is expected at these", *(say_share(run["patrols"]["expected_share"]) for run in runs)))
    rows.append(("Change", *(_say_change(run) for run in runs)))
    return [(name, before, after) for name, before, after in rows]


def _say_change(run: Summary) -> str:
    """What a run says of change, by the comparison that it puts first."""
    main = next((change for change in run["changes"] if change["is_main"] and change["available"]), None)
    if main is None:
        return "not measured"
    return f"{say('change.windows', main)}: {say('change.counts', main['area'], main)}"


def _match(earlier: Sequence[Summary], later: Sequence[Summary]) -> MatchedPlaces:
    left: dict[tuple[str, str], list[int]] = {}
    for place in earlier:
        left.setdefault(_identify(place), []).append(int(place["rank"]))
    both: list[MatchedPlace] = []
    new: list[MatchedPlace] = []
    for place in later:
        ranks = left.get(_identify(place), [])
        matched = _describe(place, earlier=ranks.pop(0) if ranks else None, later=int(place["rank"]))
        (new if matched.earlier is None else both).append(matched)
    unmatched = {rank for ranks in left.values() for rank in ranks}
    gone = [_describe(place, earlier=int(place["rank"]), later=None) for place in earlier if place["rank"] in unmatched]
    return MatchedPlaces(n_earlier=len(earlier), n_later=len(later), both=both, new=new, gone=gone)


def _identify(place: Summary) -> tuple[str, str]:
    return ",".join(sorted(str(ward["code"]) for ward in place["wards"])), str(place["place"]).casefold()


def _describe(place: Summary, *, earlier: int | None, later: int | None) -> MatchedPlace:
    wards = say_list([str(ward["name"]) for ward in place["wards"]])
    return MatchedPlace(place=str(place["place"]), wards=wards, earlier=earlier, later=later)


def _read_days(run: Summary) -> tuple[dt.date, dt.date]:
    return dt.date.fromisoformat(run["period"]["start"]), dt.date.fromisoformat(run["period"]["end"])


def _name_area(run: Summary) -> str:
    area, names = run["study_area"], [str(ward["name"]) for ward in run["wards"]]
    if area["stated_area"]:
        return str(area["stated_area"])
    return f"all {len(names)} wards" if area["is_all"] else say_list(_shorten(sorted(names)))


def _shorten(names: Sequence[str], n_most: int = 6) -> list[str]:
    """The first of many names, and how many more there are."""
    rest = len(names) - n_most
    return [*names[:n_most], f"{rest} more"] if rest > 0 else list(names)
