"""The quality of the data as sentences that say what to make of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hotspots.ingest.incidents import MALFORMED_ROW, ONLY_LSOA, ONLY_POSTCODE
from hotspots.products.words.phrases import say_date, say_list, say_number, say_share

_WORDS_FOR_PRECISION = {
    "point": "where they happened",
    "anonymised": "at a shared point near where they happened, to which the source moved them",
    "postcode": "at their postcode, for want of coordinates",
    "area": "only to an area, at whose middle they stand",
}
_MANY_ON_THE_HOUR = 0.15
_MANY_SHARED = 0.5
_MANY_A_POINT = 3
_N_OVERLAPS = 3
_ONE_DOES = {
    "are": "is",
    "count": "counts",
    "end": "ends",
    "have": "has",
    "name": "names",
    "repeat": "repeats",
    "span": "spans",
}


def describe_quality(quality: dict[str, Any]) -> list[str]:
    """What to know of the data, most important first; numbers are those of the summary."""
    parts = (_say_rows, _say_overlaps, _say_period, _say_months, _say_times, _say_places, _say_wards, _say_words)
    return [sentence for part in parts for sentence in part(quality)]


def _rows(n: int, do: str | None = None) -> str:
    """A number of rows, and what they do: "1 row has", "5 rows have"."""
    rows = f"{n:,} row{'' if n == 1 else 's'}"
    return rows if do is None else f"{rows} {_ONE_DOES[do] if n == 1 else do}"


def _say_rows(quality: dict[str, Any]) -> list[str]:
    n_aside, n_used = quality["n_set_aside"], quality["n_used"]
    n_read = quality["n_read"] - n_aside
    if n_used == n_read:
        all_of_them = "The one row" if n_read == 1 else f"All {n_read:,} rows"
        said = [f"{all_of_them} can be used."] if n_read else []
        said += [] if quality["n_read"] else ["The files hold no row."]
    else:
        reasons = say_list([f"{group['reason']} ({group['n_rows']:,})" for group in quality["refused"]])
        said = [f"{n_used:,} of {n_read:,} rows ({say_share(n_used / n_read)}) can be used. Refused: {reasons}."]
    why = {group["reason"] for group in quality["refused"]}
    if ONLY_POSTCODE in why:
        said.append("Rows with only a postcode can be placed: name a list with postcodes = ... in hotspots.toml.")
    if MALFORMED_ROW in why:
        said.append(
            "Malformed rows have another number of fields than the header: name every column in it, and put texts that "
            "hold a delimiter in quotes."
        )
    if ONLY_LSOA in why:
        said.append("Rows with only an LSOA can be placed: name their outlines with lsoas = ... in hotspots.toml.")
    if n_aside:
        said.append(f"{_rows(n_aside)} of months that were not asked for are counted, and not looked at.")
    if n_conflicting := quality["n_conflicting_ids"]:
        said.append(
            f"{_rows(n_conflicting, 'repeat')} the ID of an earlier row and say something else; all are kept. In "
            "extracts of several weeks they may be later versions of one incident, which then counts twice."
        )
    if n_placeholders := quality["n_placeholder_ids"]:
        said.append(
            f"{_rows(n_placeholders, 'have')} what is no ID in the place of one (N/A, 5.2E+15, one text on many rows), "
            "so nobody can tell whether they repeat others: all are kept."
        )
    return said


def _say_overlaps(quality: dict[str, Any]) -> list[str]:
    # a crime of one file in the twelve monthly ones of another source is one thing to know, not twelve
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for overlap in quality["overlaps"]:
        grouped.setdefault((overlap["category"], overlap["sources"][0]), []).append(overlap)
    sentences = []
    for (category, source), overlaps in grouped.items():
        others = [overlap["sources"][1] for overlap in overlaps]
        more = f" and {len(others) - 1} more files" if len(others) > 1 else ""
        sentences.append(
            f"{source} holds {category} in the same places and months as {others[0]}{more}, from "
            f"{say_date(min(overlap['start'] for overlap in overlaps))} to "
            f"{say_date(max(overlap['end'] for overlap in overlaps))}: if they are records of the same incidents, "
            "these count twice. Leave one out."
        )
    n_more = len(sentences) - _N_OVERLAPS
    return sentences if n_more <= 0 else [*sentences[:_N_OVERLAPS], f"So it is with {n_more} more crimes and files."]


def _say_period(quality: dict[str, Any]) -> list[str]:
    period = quality["period"]
    if period is None or period["share"] >= 1:
        return []
    asked, covered = period["asked"], period["covered"]
    return [
        f"Asked for {say_date(asked['start'])} to {say_date(asked['end'])}; the rows speak for "
        f"{say_date(covered['start'])} to {say_date(covered['end'])}, {say_share(period['share'])} of it."
    ]


def _say_month(month: str) -> str:
    return f"{dt.date.fromisoformat(f'{month}-01'):%B %Y}"


def _say_months(quality: dict[str, Any]) -> list[str]:
    months, said = quality["months"], []
    if months["missing"]:
        named = say_list([_say_month(month) for month in months["missing"][:6]])
        more = f" and {len(months['missing']) - 6} more months" if len(months["missing"]) > 6 else ""
        said.append(f"No row for {named}{more}: a gap in the data, not a fall in crime.")
    for month, n, usual in months["low"]:
        said.append(
            f"{_say_month(month)} has {n:,} rows where the months beside it have {usual:,.0f}: "
            "perhaps the feed failed. Ask for it again before comparing."
        )
    if months["cut_short"]:
        named = say_list([_say_month(month) for month in months["cut_short"]])
        said.append(f"{named} {'is' if len(months['cut_short']) == 1 else 'are'} not whole, and not to be compared.")
    return said


def say_four_hours(first: int) -> str:
    """The four hours of the day that begin with this one: 22:00-01:59."""
    return f"{first:02d}:00-{(first + 3) % 24:02d}:59"


def _say_times(quality: dict[str, Any]) -> list[str]:
    times, said = quality["times"], []
    n_timed, n_day, n_month = (times["n_by_precision"].get(kind, 0) for kind in ("minute", "day", "month"))
    if not n_timed and quality["n_used"]:
        known = "month" if n_month >= n_day else "day"
        said.append(f"Times are known to the {known} only, so nothing can be said of hours.")
    elif n_untimed := n_day + n_month - times["n_midnight"] - times["n_unreadable_times"]:
        said.append(f"{_rows(n_untimed, 'have')} no time of day; they count, but not for hours.")
    if n_midnight := times["n_midnight"]:
        said.append(
            f'{_rows(n_midnight, "are")} at midnight exactly, which is taken for "time not known"; they count, but not '
            "for hours."
        )
    if n_timed and times["n_on_the_hour"] / n_timed > _MANY_ON_THE_HOUR:
        said.append(
            f"{say_share(times['n_on_the_hour'] / n_timed)} of times are on the full hour: they were rounded, so hours "
            "are good to about an hour."
        )
    if n_converted := times["n_converted"]:
        said.append(
            f"The times of {_rows(n_converted)} say that they are UTC, or of another offset, and were converted. Some "
            'systems write so and mean local time: if the hours look wrong, set clock = "local" in a source profile.'
        )
    if not times["is_night_quietest"]:
        said.append(
            f"The quietest hours are {say_four_hours(times['quietest_hour'])}, where they should be in the night: the "
            'times may be of another zone. Check clock ("local" or "utc") in the source profile, and time_zone.'
        )
    if n_timed and not times["n_with_end"]:
        said.append("No row says when an incident may have ended: each counts fully in the hour it began.")
    elif n_timed and times["n_with_end"] < n_timed:
        said.append(
            f"{_rows(n_timed - times['n_with_end'], 'have')} a time and no end; each counts in the hour it began."
        )
    for key, words in (
        ("n_reversed", "have an end before the start, which is ignored"),
        ("n_unreadable_times", "have a time of day that cannot be read: they count for their day, not for hours"),
        ("n_unreadable_ends", "have an end that is no time; it is ignored"),
        ("n_over_a_week", "span a week or more, without an hour to speak of"),
        ("n_nonexistent", "are at a time that did not exist, when the clock went forward"),
        ("n_ambiguous", "are at a time that came twice, when the clock went back"),
    ):
        if times[key]:
            verb, _, rest = words.partition(" ")
            said.append(f"{_rows(times[key], verb)} {rest}.")
    return said


def _say_places(quality: dict[str, Any]) -> list[str]:
    places, said = quality["places"], []
    precision = {kind: n for kind, n in places["n_by_precision"].items() if n}
    if set(precision) - {"point"}:
        parts = [f"{n:,} {_WORDS_FOR_PRECISION.get(kind, kind)}" for kind, n in precision.items()]
        said.append(f"Located: {'; '.join(parts)}.")
    is_shared = places["shared_share"] is not None and places["shared_share"] > _MANY_SHARED
    if is_shared and quality["n_used"] >= _MANY_A_POINT * places["n_places"]:
        said.append(
            f"{say_share(places['shared_share'])} of rows share their exact point with others "
            f"(distinct points: {say_number(places['n_places'])}): a point stands for a street or more, and nothing "
            "finer can be said."
        )
    if n_outside := quality["n_outside_wards"]:
        said.append(
            f"{n_outside:,} of the {quality['n_used']:,} rows that can be used lie in none of the wards"
            + (": the boundaries are of another place." if n_outside == quality["n_used"] else ".")
        )
    return said


def _say_wards(quality: dict[str, Any]) -> list[str]:
    wards = quality["wards"]
    if wards is None:
        return []
    said = []
    if wards["n_unknown"]:
        said.append(
            f"{wards['n_unknown']:,} of {wards['n_stated']:,} rows that name a ward name one that is not in the "
            f"boundaries ({', '.join(wards['unknown_codes'])}): wards of another year, or of another area. "
            "The place decides, not the code."
        )
    if wards["n_other"]:
        said.append(
            f"{_rows(wards['n_other'], 'name')} another ward than the one their place lies in; the place decides."
        )
    return said


def _say_words(quality: dict[str, Any]) -> list[str]:
    said = []
    if quality["n_unrecognised"]:
        texts = say_list([f'"{text}" ({n:,})' for text, n in quality["unrecognised"].items()])
        said.append(
            f"{_rows(quality['n_unrecognised'], 'have')} an offence text that is in no table, and so a place among "
            f"other crimes, most of all {texts}. Say what they are under [crimes] in hotspots.toml."
        )
    knife_texts = say_list([f'"{text}" ({n:,})' for text, n in quality["unread_knife"].items()])
    if n_unreadable := quality["n_unreadable_knife_flags"]:
        said.append(
            f"{_rows(n_unreadable, 'have')} a knife flag that is neither yes nor no, and taken for not "
            f"known: {knife_texts}. If one says that there was a knife, name all such words, knife_words = [...], in a "
            "source profile."
        )
    if n_taken_for_no := quality["n_knife_taken_for_no"]:
        said.append(
            f"{_rows(n_taken_for_no, 'have')} a text in the knife column that is none of the knife_words, and taken "
            f"for no knife: {knife_texts}. A word counts only if it is the whole text."
        )
    if quality["n_masked"]:
        said.append(
            f"Personal data (names, numbers, dates of birth) were masked in the text of {_rows(quality['n_masked'])}."
        )
    return said
