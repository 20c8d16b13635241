"""Schedules: due at the right time by the local clock, asked for once, and told of."""

from __future__ import annotations

import dataclasses
import datetime as dt
import http.server
import json
import smtplib
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import job_workers
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import func, select

from hotspots.cli.main import cli
from hotspots.errors import NetworkError, ParameterError
from hotspots.ingest.fetch import Fetched
from hotspots.service.jobs import Worker, WorkRules, ask_scheduled_jobs, list_schedules, require_schedules
from hotspots.service.notices import ForbiddenAddressError, send_notices, send_webhook
from hotspots.service.state import (
    Account,
    AuditRecord,
    Database,
    Job,
    NoticeSettings,
    NoticeTold,
    Product,
    Schedule,
    ScheduledRun,
    ServiceSettings,
    load_service_settings,
)

LONDON = ZoneInfo("Europe/London")
PACK = Schedule(label="Fortnightly pack", first=dt.datetime(2026, 3, 16, 6), every_weeks=2, job={"kind": "pack"})


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("now", "due", "following"),
    [
        (utc(2026, 3, 16, 5, 59), None, utc(2026, 3, 16, 6)),
        (utc(2026, 3, 16, 6), utc(2026, 3, 16, 6), utc(2026, 3, 30, 5)),  # clocks go forward on 29 March
        (utc(2026, 3, 30, 4, 59), utc(2026, 3, 16, 6), utc(2026, 3, 30, 5)),
        (utc(2026, 3, 30, 5, 0), utc(2026, 3, 30, 5), utc(2026, 4, 13, 5)),
        (utc(2026, 10, 26, 5, 59), utc(2026, 10, 12, 5), utc(2026, 10, 26, 6)),  # and back on 25 October
        (utc(2026, 10, 26, 6), utc(2026, 10, 26, 6), utc(2026, 11, 9, 6)),
    ],
)
def test_six_o_clock_stays_six_o_clock(now: dt.datetime, due: dt.datetime | None, following: dt.datetime) -> None:
    assert PACK.find_due(now, LONDON) == due
    assert PACK.find_next(now, LONDON) == following


def test_a_time_that_the_clocks_leave_out_is_not_lost() -> None:
    weekly = Schedule(label="x", first=dt.datetime(2026, 3, 22, 1, 30), every_weeks=1, job={"kind": "pack"})
    assert weekly.find_next(utc(2026, 3, 28), LONDON) == utc(2026, 3, 29, 1, 30)  # 02:30 in summer time


@pytest.fixture
def scheduled(service: ServiceSettings) -> ServiceSettings:
    return service.model_copy(update={"schedules": (PACK,)})


def count_jobs(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0


def test_each_time_is_asked_for_once_however_many_look(database: Database, scheduled: ServiceSettings) -> None:
    def look(now: dt.datetime) -> int:
        return len(ask_scheduled_jobs(database, scheduled, time_zone="Europe/London", now=now))

    assert look(utc(2026, 3, 16, 5)) == 0
    with ThreadPoolExecutor(6) as workers:
        assert sum(workers.map(look, [utc(2026, 3, 16, 6, 0, second) for second in range(12)])) == 1
    assert look(utc(2026, 3, 31)) == 1
    assert look(utc(2026, 4, 12)) == 0
    assert count_jobs(database) == 2
    with database.read() as session:
        assert session.scalars(select(AuditRecord.actor)).all() == ["schedule", "schedule"]
        job = session.scalars(select(Job).limit(1)).one()
        assert (job.arguments, job.status, job.asked_by) == (["pack", "--audience=tasking"], "queued", None)


def test_a_time_long_missed_is_left_out(database: Database, scheduled: ServiceSettings) -> None:
    assert not ask_scheduled_jobs(database, scheduled, time_zone="Europe/London", now=utc(2026, 3, 20))
    assert count_jobs(database) == 0
    (state,) = list_schedules(database, scheduled, time_zone="Europe/London", now=utc(2026, 3, 20))
    assert (state.next_at, state.last) == (utc(2026, 3, 30, 5), None)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('label = "x"\nfirst = 2026-12-07T06:00:00Z\njob = {kind = "pack"}', "Write it without an offset"),
        (
            'label = "x"\nfirst = 2026-12-07T06:00:00\nevery_weeks = 0\njob = {kind = "pack"}',
            "greater than or equal to 1",
        ),
    ],
)
def test_a_wrong_schedule_is_named(written: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "hotspots.toml").write_text(f"[[service.schedules]]\n{written}\n", "utf-8")
    with pytest.raises(ParameterError, match=said):
        load_service_settings(tmp_path / "hotspots.toml")


@pytest.mark.parametrize(
    ("schedules", "said"),
    [
        ((PACK, PACK), 'two are called "Fortnightly pack"'),
        ((PACK.model_copy(update={"job": {"kind": "map"}}),), "Map of a crime is of a crime"),
        ((PACK.model_copy(update={"job": {"kind": "nonsense"}}),), "kind"),
    ],
)
def test_a_schedule_that_could_not_be_done_is_refused_at_the_start(
    schedules: tuple[Schedule, ...], said: str, service: ServiceSettings
) -> None:
    with pytest.raises(ParameterError, match=said):
        require_schedules(service.model_copy(update={"schedules": schedules}))


def test_the_page_says_when_and_what_came_of_it(
    database: Database,
    add_person: Callable[..., Account],
    open_client: Callable[..., TestClient],
    scheduled: ServiceSettings,
) -> None:
    add_person("analyst", role="analyst")
    add_person("reader")
    client = open_client("analyst")
    assert "Nothing yet" in client.get("/schedules").text
    app: Any = client.app
    app.state.context = dataclasses.replace(app.state.context, service=scheduled)
    page = client.get("/schedules").text
    assert "Every second week, on Monday at 06:00" in page
    assert "Nobody is told" in page
    assert open_client("reader").get("/schedules").status_code == 403


class Post(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers as it is told to."""

    status = 204
    location = ""
    kept: list[tuple[str, dict[str, Any]]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.kept.append((self.headers["Host"], json.loads(body)))
        self.send_response(self.status)
        if self.location:
            self.send_header("Location", self.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    subject = ["-subj", "/CN=hooks.example.org", "-addext", "subjectAltName=DNS:hooks.example.org"]
    files = ["-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


@pytest.fixture
def hook(certificate: tuple[Path, Path]) -> Iterator[tuple[int, type[Post]]]:
    """A server on this machine that speaks HTTPS in the name of hooks.example.org."""
    handler = type("Kept", (Post,), {"kept": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_goes_to_the_address_that_was_checked(
    hook: tuple[int, type[Post]], certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, handler = hook
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    notices = NoticeSettings(webhook=f"https://hooks.example.org:{port}/x")
    with pytest.raises(ForbiddenAddressError, match="not known|of this network"):
        send_webhook(notices, {"text": "a"})
    monkeypatch.setattr("hotspots.service.notices.webhook.find_public_address", lambda host: "127.0.0.1")
    send_webhook(notices, {"text": "a"})
    assert handler.kept == [(f"hooks.example.org:{port}", {"text": "a"})]
    handler.status, handler.location = 302, "http://127.0.0.1/inside"
    with pytest.raises(NetworkError, match="status 302"):
        send_webhook(notices, {"text": "a"})
    other = NoticeSettings(webhook=f"https://other.example.org:{port}/x")
    with pytest.raises(NetworkError, match="SSLError"):
        send_webhook(other, {"text": "a"})


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "169.254.169.254",
        "10.1.2.3",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "0.0.0.0",
        "2130706433",
        "[64:ff9b::a01:203]",  # NAT64, to 10.1.2.3
        "[2002:a01:203::1]",  # 6to4
        "224.0.0.1",
    ],
)
def test_a_webhook_does_not_lead_into_this_network(host: str) -> None:
    with pytest.raises(ForbiddenAddressError):
        send_webhook(NoticeSettings(webhook=f"https://{host}/"), {"text": "a"})


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://hooks.example.org/", "must begin with https"),
        ("https://[hooks/", "Invalid IPv6 URL"),
        ("https:///x", "names no server"),
    ],
)
def test_a_webhook_in_the_clear_or_to_nowhere_is_refused(address: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        NoticeSettings(webhook=address)


class Mailbox:
    """Stands for the connection to a mail server."""

    sent: ClassVar[list[Any]]
    fails = False
    refused: tuple[str, ...] = ()

    def __init__(self, *_: Any, **__: Any) -> None:
        if self.fails:
            raise smtplib.SMTPServerDisconnected("gone")
        self.sock = None

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def ehlo(self) -> None:
        pass

    def has_extn(self, name: str) -> bool:
        return False

    def send_message(self, message: Any) -> dict[str, Any]:
        self.sent.append(message)
        return {address: (450, b"later") for address in self.refused if address in message["To"]}


def make_mailbox() -> type[Mailbox]:
    class Box(Mailbox):
        sent: ClassVar[list[Any]] = []

    return Box


def end_jobs(database: Database, status: str) -> None:
    with database.write() as session:
        for job in session.scalars(select(Job)):
            job.status = status  # type: ignore[assignment]
            job.ended_at = utc(2026, 3, 16, 6, 30)


def test_a_notice_is_sent_once_after_the_end_and_again_after_a_fault(
    database: Database, scheduled: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = make_mailbox()
    monkeypatch.setattr(smtplib, "SMTP", box)
    notices = NoticeSettings(mail_to=("a@example.org",), mail_from="b@example.org", smtp_host="mail.example.org")
    told = scheduled.model_copy(update={"notices": notices})
    ask_scheduled_jobs(database, told, time_zone="Europe/London", now=utc(2026, 3, 16, 6))
    now = utc(2026, 3, 16, 7)
    assert send_notices(database, told, now=now) == 0
    end_jobs(database, "failed")
    box.fails = True
    assert send_notices(database, told, now=now) == 0
    box.fails = False
    assert send_notices(database, told, now=now) == 0  # it waits a minute before it tries again
    assert send_notices(database, told, now=now + dt.timedelta(minutes=2)) == 1
    assert send_notices(database, told, now=now + dt.timedelta(days=1)) == 0
    (mail,) = box.sent
    assert mail["Subject"] == "Hotspots: Fortnightly pack has failed"
    assert "/jobs/" in mail.get_content()
    with database.read() as session:
        assert session.scalars(select(ScheduledRun)).one().told_at is not None


def test_a_password_is_not_sent_in_the_clear(
    database: Database, scheduled: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = make_mailbox()
    monkeypatch.setattr(smtplib, "SMTP", box)
    notices = NoticeSettings(
        mail_to=("a@example.org",), mail_from="b@example.org", smtp_host="mail.example.org", smtp_user="b"
    )
    told = scheduled.model_copy(update={"notices": notices})
    ask_scheduled_jobs(database, told, time_zone="Europe/London", now=utc(2026, 3, 16, 6))
    end_jobs(database, "done")
    assert send_notices(database, told, now=utc(2026, 3, 16, 7)) == 0
    assert box.sent == []


TWO_WAYS = NoticeSettings(
    mail_to=("a@example.org", "c@example.org"),
    mail_from="b@example.org",
    smtp_host="mail.example.org",
    webhook="https://hooks.example.org/x",
)


@pytest.fixture
def ended(database: Database, scheduled: ServiceSettings) -> ServiceSettings:
    """A service of which two people and a webhook are to be told that the pack is ready."""
    told = scheduled.model_copy(update={"notices": TWO_WAYS})
    ask_scheduled_jobs(database, told, time_zone="Europe/London", now=utc(2026, 3, 16, 6))
    end_jobs(database, "done")
    return told


@pytest.mark.parametrize("failing", ["mail", "webhook", "one address"])
def test_whoever_was_told_is_not_told_again_when_somebody_else_could_not_be(
    failing: str, database: Database, ended: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, hooked = make_mailbox(), []
    box.fails, box.refused = failing == "mail", ("c@example.org",) if failing == "one address" else ()

    def hook(_: NoticeSettings, message: dict[str, Any]) -> None:
        if failing == "webhook":
            raise NetworkError("The webhook answers with status 500. Check its address.")
        hooked.append(message)

    monkeypatch.setattr(smtplib, "SMTP", box)
    monkeypatch.setattr("hotspots.service.notices.outbox.send_webhook", hook)
    now = utc(2026, 3, 16, 7)
    assert send_notices(database, ended, now=now) == 0
    failing, box.fails, box.refused = "nothing", False, ()
    assert send_notices(database, ended, now=now + dt.timedelta(minutes=2)) == 1
    assert send_notices(database, ended, now=now + dt.timedelta(minutes=9)) == 0
    assert len(hooked) == 1
    to = [mail["To"] for mail in box.sent]
    assert to in (["a@example.org, c@example.org"], ["a@example.org, c@example.org", "c@example.org"])
    with database.read() as session:
        assert "@" not in str(session.scalars(select(NoticeTold.way)).all())


def test_a_fault_that_no_server_says_is_a_failure_like_any_other(
    database: Database, ended: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(*_: Any, **__: Any) -> None:
        raise UnicodeEncodeError("ascii", "passwörd", 5, 6, "ordinal not in range")

    monkeypatch.setattr("hotspots.service.notices.outbox.send_mail", send)
    monkeypatch.setattr("hotspots.service.notices.outbox.send_webhook", send)
    now = utc(2026, 3, 16, 7)
    assert [send_notices(database, ended, now=now + dt.timedelta(hours=n)) for n in range(7)] == [0] * 7
    with database.read() as session:
        (said,) = session.scalars(select(AuditRecord).where(AuditRecord.action == "send notice"))
        assert said.outcome == "failed"


def test_whoever_begins_to_be_told_is_not_told_of_all_that_was_before(
    database: Database, ended: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtplib, "SMTP", make_mailbox())
    monkeypatch.setattr("hotspots.service.notices.outbox.send_webhook", lambda *_: None)
    assert send_notices(database, ended, now=utc(2026, 3, 19, 7)) == 0
    assert send_notices(database, ended, now=utc(2026, 3, 19, 6)) == 1


def test_a_webhook_that_answers_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Post):
        kept: list[tuple[str, dict[str, Any]]] = []  # noqa: RUF012 - of the class
        status = 200

        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 2**16)
            except OSError:
                self.kept.append(("ended", {}))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever).start()
    try:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        send_webhook(NoticeSettings(webhook=address, webhook_is_inside=True), {"text": "a"})
    finally:
        server.shutdown()
        server.server_close()
    assert Endless.kept == [("ended", {})]


FEED = Schedule(
    label="Crime of the month",
    first=dt.datetime(2026, 3, 16, 6),
    every_weeks=4,
    job={"kind": "fetch", "forces": ["metropolitan", "kent"], "first_month": "2024-01"},
)


@pytest.fixture
def feeding(service: ServiceSettings) -> ServiceSettings:
    return service.model_copy(update={"schedules": (FEED,), "notices": TWO_WAYS})


def test_a_feed_is_a_command_that_the_command_line_takes(
    database: Database, feeding: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_schedules(feeding)
    (job_id,) = ask_scheduled_jobs(database, feeding, time_zone="Europe/London", now=utc(2026, 3, 16, 6))
    with database.read() as session:
        job = session.get_one(Job, job_id)
    asked: dict[str, Any] = {}

    def fetch(forces: Any, **given: Any) -> Fetched:
        asked.update({"forces": forces, **given})
        return Fetched(files=())

    monkeypatch.setattr("hotspots.ingest.fetch.fetch_crimes", fetch)
    result = CliRunner().invoke(cli, job.arguments)
    assert result.exit_code == 0, result.output
    assert (asked["forces"], asked["first_month"]) == (("metropolitan", "kent"), "2024-01")
    assert (asked["last_month"], asked["out"], asked["refresh"]) == (None, Path("data/incidents"), False)


@pytest.mark.parametrize(
    "job",
    [
        {"kind": "fetch", "forces": [], "first_month": "2024-01"},
        {"kind": "fetch", "forces": ["--out=x"], "first_month": "2024-01"},
        {"kind": "fetch", "forces": ["kent"], "first_month": "2024-13"},
        {"kind": "fetch", "forces": ["kent"], "first_month": "2024-01", "folder": "../elsewhere"},
        {"kind": "fetch", "forces": ["kent"], "first_month": "2024-01", "folder": "/etc"},
    ],
)
def test_a_feed_that_cannot_be_is_refused_at_the_start(job: dict[str, Any], service: ServiceSettings) -> None:
    wrong = FEED.model_copy(update={"job": job})
    with pytest.raises(ParameterError, match='the job of "Crime of the month" cannot be'):
        require_schedules(service.model_copy(update={"schedules": (wrong,)}))


@pytest.mark.parametrize(
    ("code", "n_attempts", "subject", "said"),
    [
        (0, 1, "Crime of the month is done", "The data of metropolitan reach to 31 March 2026."),
        (
            1,
            3,
            "Crime of the month has failed: the data were not refreshed",
            "The data of metropolitan reach to 29 February 2024. The data of kent are not there at all.",
        ),
    ],
)
def test_a_feed_makes_no_product_and_its_failure_says_until_when_the_data_reach(
    code: int,
    n_attempts: int,
    subject: str,
    said: str,
    database: Database,
    feeding: ServiceSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = feeding.workspace / "data" / "incidents"
    for month in ("2024-01", "2024-02"):
        (there / month).mkdir(parents=True)
        (there / month / f"{month}-metropolitan-street.csv").touch()
    command = (sys.executable, "-S", job_workers.__file__, "feed", str(code))
    ask_scheduled_jobs(database, feeding, time_zone="Europe/London", now=utc(2026, 3, 16, 6))
    worker = Worker(database, feeding, command=command, rules=WorkRules(backoff_s=0.01, poll_s=0.01))
    for _ in range(3):
        worker.run(until_empty=True)
        time.sleep(0.05)
    with database.read() as session:
        job = session.scalars(select(Job)).one()
        assert (job.status, job.n_attempts) == ("failed" if code else "done", n_attempts)
        assert session.query(Product).count() == 0
    box, hooked = make_mailbox(), []
    monkeypatch.setattr(smtplib, "SMTP", box)
    monkeypatch.setattr("hotspots.service.notices.outbox.send_webhook", lambda _, message: hooked.append(message))
    assert send_notices(database, feeding) == 1
    (mail,), (message,) = box.sent, hooked
    assert mail["Subject"] == f"Hotspots: {subject}"
    assert said in mail.get_content()
    reach = "2024-02-29" if code else "2026-03-31"
    assert message["reaches_to"] == {"metropolitan": reach, "kent": None}
