"""What the service does by itself: jobs at fixed times, and whom it tells."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

_FIRST_YEAR, _LAST_YEAR = 1970, 2100


class Schedule(BaseModel):
    """A job that is asked for by itself, every so many weeks.

    Attributes:
        label: What it is called: unique, as it says which times have been done.
        first: When it is asked for the first time, on the clock of the time zone of the workspace.
        every_weeks: 1 for every week, 2 for every second one ...
        job: What is asked for, as `JobRequest` has it, or `FeedRequest` where its kind is "fetch".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Annotated[str, Field(min_length=1, max_length=80)]
    first: dt.datetime
    every_weeks: Annotated[int, Field(ge=1, le=52)] = 2
    job: dict[str, Any]

    @model_validator(mode="after")
    def _require_local(self) -> Schedule:
        if self.first.tzinfo is not None:
            raise ValueError("`first` is a time on the local clock. Write it without an offset: 2026-12-07T06:00:00")
        if not _FIRST_YEAR <= self.first.year <= _LAST_YEAR:
            raise ValueError(f"`first` is between {_FIRST_YEAR} and {_LAST_YEAR}, and not in {self.first.year}")
        return self

    def find_due(self, now: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
        """The last time at which it was due, in UTC; None before the first.

        Args:
            now: Aware.
            zone: Whose clock is meant: 06:00 stays 06:00 when clocks change. A time that the change leaves out is an
                hour later, one that comes twice is the first.
        """
        n = self._count(now.astimezone(zone).replace(tzinfo=None))
        for count in (n + 1, n, n - 1):  # clocks may have changed since
            due = self._find_time(count, zone)
            if count >= 0 and due <= now:
                return due
        return None

    def find_next(self, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """The next time at which it will be due, in UTC."""
        n = max(0, self._count(now.astimezone(zone).replace(tzinfo=None)) - 1)
        while (due := self._find_time(n, zone)) <= now:
            n += 1
        return due

    def _count(self, local: dt.datetime) -> int:
        return (local - self.first) // dt.timedelta(weeks=self.every_weeks)

    def _find_time(self, n: int, zone: ZoneInfo) -> dt.datetime:
        local = self.first + n * dt.timedelta(weeks=self.every_weeks)
        return local.replace(tzinfo=zone).astimezone(dt.UTC)


class NoticeSettings(BaseModel):
    """Who is told when a scheduled job has ended, or what the service does by itself has failed.

    Attributes:
        mail_to: Addresses.
        mail_from: Address that mail is from; needed for mail.
        smtp_host, smtp_port: The server that takes mail, by TLS from the start on port 465, else by STARTTLS where the
            server offers it. Its password is in the environment variable HOTSPOTS_SMTP_PASSWORD.
        smtp_user: Who signs in there; None for nobody.
        webhook: Address that a JSON message is sent to: HTTPS, and not of this network unless `webhook_is_inside`.
        webhook_is_inside: Whether the address may be of this network or machine.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mail_to: tuple[Annotated[str, Field(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$", max_length=254)], ...] = ()
    mail_from: Annotated[str, Field(pattern=r"^[^\s@<>,;]+@[^\s@<>,;]+$", max_length=254)] | None = None
    smtp_host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$")] | None = None
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_user: str | None = None
    webhook: Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2_000)] | None = None
    webhook_is_inside: bool = False

    @model_validator(mode="after")
    def _require_whole(self) -> NoticeSettings:
        if self.mail_to and not (self.mail_from and self.smtp_host):
            raise ValueError(
                "mail needs a sender and a server. Give `mail_from` and `smtp_host`, or leave out `mail_to`"
            )
        if self.webhook and not self.webhook_is_inside and not self.webhook.startswith("https://"):
            raise ValueError("`webhook` must begin with https://, since the message could be read on its way")
        if self.webhook and not urlsplit(self.webhook).hostname:  # a ValueError of its own where it is none
            raise ValueError("`webhook` names no server")
        return self
