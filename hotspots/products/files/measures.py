"""`measures.csv`: a row for each area, measure and time, as programs that draw charts of their own want them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pandas as pd

from hotspots.products.files.spreadsheets import ALL_WARDS, describe_run, tabulate_changes, tabulate_months
from hotspots.products.summary import RunSummary

Row = dict[str, Any]

_COLUMNS = ("series", "area_kind", "area_code", "area", "measure", "unit", "start", "end", "weekday", "hour")
_COUNT = {"measure": "incidents", "unit": "incidents"}
_PER_DAY = {"measure": "ratio to earlier", "unit": "ratio a day"}
_WHOLE = {"area_kind": "all wards", "area_code": ALL_WARDS, "area": "All wards"}


def tabulate_measures(summary: RunSummary) -> pd.DataFrame:
    """One row an area, measure and time, so that a chart or a pivot table needs no reshaping.

    Areas are wards, and all of them together; places have tables of their own. `series` says which rows belong to one
    chart: "period" (the whole period), "months", "rolling 12 months", "hours of the week", and "change " with the key
    of a comparison and what it is against, whose windows are told apart by `start` and `end`. Together with area,
    measure, `start`, `end`, `weekday` and `hour` it is the key of a row.

    Returns:
        Columns `series`, `area_kind`, `area_code` (GSS code, or "all"), `area`, `measure`, `unit`, `start` and `end`
        (first and last day, ISO 8601), `weekday` (1 is Monday) and `hour` (0-23) of hours of the week, `value`, `low`
        and `high` (limits, where there are any), `verdict` of a change, and what the run was of.
    """
    rows = [*_list_period(summary), *_list_months(summary), *_list_hours(summary), *_list_changes(summary)]
    columns = [*_COLUMNS, "value", "low", "high", "verdict"]
    table = pd.DataFrame(rows, columns=columns).assign(**describe_run(summary))
    whole, numbers, texts = ("weekday", "hour"), ("value", "low", "high"), ("start", "end", "verdict")
    return table.astype(
        dict.fromkeys(whole, "Int64") | dict.fromkeys(numbers, "Float64") | dict.fromkeys(texts, "object")
    )


def _list_period(summary: RunSummary) -> Iterator[Row]:
    days = {"series": "period", "start": summary.period.start.isoformat(), "end": summary.period.end.isoformat()}
    yield {**days, **_WHOLE, **_COUNT, "value": summary.accounts.analysed}
    for ward in summary.wards:
        where = {**days, "area_kind": "ward", "area_code": ward.code, "area": ward.name}
        yield {**where, **_COUNT, "value": ward.n_incidents}
        yield {**where, "measure": "density", "unit": "incidents per km²", "value": ward.density_per_km2}
        if summary.rates is not None and ward.rates is not None and ward.rates.rate is not None:
            yield {
                **where,
                "measure": "rate",
                "unit": f"incidents per {summary.rates.per:g} residents and year",
                "value": ward.rates.rate,
                "low": ward.rates.rate_low,
                "high": ward.rates.rate_high,
            }


def _list_months(summary: RunSummary) -> Iterator[Row]:
    """Incidents of each month, what was to be expected, and of the twelve months to its end, where these are known."""
    first, last = summary.series.known_from, summary.period.end
    for month in tabulate_months(summary).to_dict("records"):
        begins, ends = month["month"], _last_day(month["month"])
        days = {"start": max(begins, first).isoformat(), "end": min(ends, last).isoformat()}
        expected = {"measure": "expected incidents", "unit": "incidents", "low": month["low"], "high": month["high"]}
        year = {"start": _go_back(begins, months=11).isoformat(), "end": ends.isoformat()}
        told = [
            ({"series": "months", **days, **_COUNT}, month["n_incidents"]),
            ({"series": "months", **days, **expected}, month["expected"]),
            ({"series": "rolling 12 months", **year, **_COUNT}, month["rolling"]),
        ]
        yield from ({**row, **_WHOLE, "value": value} for row, value in told if not pd.isna(value))


def _list_hours(summary: RunSummary) -> Iterator[Row]:
    days = {"start": summary.period.start.isoformat(), "end": summary.period.end.isoformat()}
    for weekday, hours in enumerate(summary.profile.counts or (), start=1):
        for hour, n in enumerate(hours):
            when = {"series": "hours of the week", **days, "weekday": weekday, "hour": hour}
            yield {**when, **_WHOLE, **_COUNT, "value": n}


def _list_changes(summary: RunSummary) -> Iterator[Row]:
    for row in tabulate_changes(summary).to_dict("records"):
        kind = "all wards" if row["area_code"] == ALL_WARDS else "ward"
        area = {"area_kind": kind, "area_code": row["area_code"], "area": row["area"]}
        common = {"series": f"change {row['comparison']} ({row['against']})", **area}
        for window in ("earlier", "current"):
            days = {"start": row[f"{window}_start"].isoformat(), "end": row[f"{window}_end"].isoformat()}
            yield {**common, **_COUNT, **days, "value": row[f"n_{window}"]}
        if not pd.isna(row["ratio"]):
            limits = {"value": row["ratio"], "low": row["low"], "high": row["high"], "verdict": row["verdict"]}
            yield {**common, **_PER_DAY, **days, **limits}


def _last_day(first: dt.date) -> dt.date:
    """The last day of the month that begins with a day."""
    return _go_back(first, months=-1) - dt.timedelta(days=1)


def _go_back(first: dt.date, *, months: int) -> dt.date:
    """The first day of the month so many months before."""
    n = first.year * 12 + first.month - 1 - months
    return dt.date(n // 12, n % 12 + 1, 1)
