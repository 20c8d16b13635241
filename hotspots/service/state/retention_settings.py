"""How long things are kept: the table `[service.retention]`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Months = Annotated[int, Field(ge=1, le=1_200)]


class RetentionSettings(BaseModel):
    """How long things are kept; None for until somebody removes them by hand.

    A number of months is that of whole months before the running one, so that no month is cut in two.

    Attributes:
        incidents_months: Incidents, by when they ended: in files, in the store, in the database, and in the files of
            products that list rows.
        products_months: Products, by the end of their period.
        audit_months: Records of the audit, and jobs and files sent that nothing else is left of.
        undecided_days: Files that were sent and that nobody has decided on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    incidents_months: Months | None = None
    products_months: Months | None = None
    audit_months: Months | None = None
    undecided_days: Annotated[int, Field(ge=1, le=3_650)] | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is removed by itself."""
        return not any(value is not None for value in self.model_dump().values())


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionLimits:
    """First days that stay; None for whatever is not removed by itself.

    Attributes:
        incidents: Incidents that ended before it go.
        products: Products whose period ended before it go.
        audit: Records made before it go.
        undecided: Files sent before it that nobody has decided on go.
    """

    incidents: dt.date | None
    products: dt.date | None
    audit: dt.date | None
    undecided: dt.date | None


def find_limits(rule: RetentionSettings, today: dt.date) -> RetentionLimits:
    """What a rule means on a day."""
    days = rule.undecided_days
    return RetentionLimits(
        incidents=_go_back(today, rule.incidents_months),
        products=_go_back(today, rule.products_months),
        audit=_go_back(today, rule.audit_months),
        undecided=None if days is None else today - dt.timedelta(days=days),
    )


def _go_back(today: dt.date, months: int | None) -> dt.date | None:
    """The first day of the month so many whole months before the running one."""
    if months is None:
        return None
    count = today.year * 12 + today.month - 1 - months
    return dt.date(count // 12, count % 12 + 1, 1)
