"""What is older than the rule says is removed everywhere, once a day, and the audit says so; all else stays."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from service_fixtures import PASSWORD
from sqlalchemy import select, update

from hotspots.service.app import make_app
from hotspots.service.audit import check_chain, record, remove_records
from hotspots.service.backup import take_backup
from hotspots.service.jobs import FeedRequest, Worker, hold_incidents
from hotspots.service.retention import keep_to_rule, sweep_shelf
from hotspots.service.state import (
    Account,
    AuditRecord,
    Database,
    Job,
    Product,
    ProductFile,
    RetentionSettings,
    ServiceSettings,
    Upload,
    find_limits,
    load_service_settings,
    make_id,
    read_clock,
)
from hotspots.settings import Settings

HEADER = "Ref,Offence,Date,Easting,Northing\n"
NOON = dt.datetime(2026, 12, 15, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("months", "today", "limit"),
    [
        (1, dt.date(2026, 1, 31), dt.date(2025, 12, 1)),
        (12, dt.date(2026, 12, 1), dt.date(2025, 12, 1)),
        (36, dt.date(2026, 12, 15), dt.date(2023, 12, 1)),
        (1_200, dt.date(2026, 12, 15), dt.date(1926, 12, 1)),
    ],
)
def test_whole_months_stay(months: int, today: dt.date, limit: dt.date) -> None:
    assert find_limits(RetentionSettings(audit_months=months), today).audit == limit
    assert find_limits(RetentionSettings(), today).audit is None


def list_records(database: Database) -> list[tuple[str, str, dict[str, Any]]]:
    with database.read() as session:
        records = session.scalars(select(AuditRecord).order_by(AuditRecord.sequence))
        return [(one.action, one.outcome, one.details) for one in records]


def make_workspace(folder: Path) -> Settings:
    (folder / "hotspots.toml").write_text('store = "store"\n')
    (folder / "data" / "incidents").mkdir(parents=True)
    path = folder / "data" / "incidents" / "all.csv"
    path.write_text(f"{HEADER}1,Robbery,2020-01-02,536560,178413\n2,Robbery,2026-01-02,536560,178413\n")
    os.utime(path, (0, 0))  # what came in the last minute may still be on its way
    return load_service_settings(folder / "hotspots.toml")[0]


@pytest.mark.slow
def test_old_incidents_go_from_files_and_store_and_the_audit_says_so(
    database: Database,
    service: ServiceSettings,
    add_product: Callable[..., Product],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hotspots.service.audit.chain.read_clock", lambda: NOON)
    settings = make_workspace(service.workspace)
    told = service.model_copy(update={"retention": RetentionSettings(incidents_months=13)})
    files = {"map.html": b"map", "rejected.csv": b"rows", "pack.zip": b"rows again", "tables.csv": b"counts"}
    began_before = add_product("Before", files=files)
    add_product("Within", files=files)
    with database.write() as session:
        session.execute(update(Product).where(Product.label == "Within").values(start=dt.date(2025, 11, 1)))
    assert keep_to_rule(database, settings, told, now=NOON)
    names = sorted(path.name for path in (service.workspace / "data" / "incidents").iterdir())
    assert names == ["all.parquet"]
    assert {path.parent.name for path in (service.workspace / "store").rglob("month=*/*.parquet")} <= {"month=2026-01"}
    said = [(action, outcome) for action, outcome, _ in list_records(database)]
    assert said == [("remove lists of rows", "done"), ("remove incidents", "done"), ("apply rule", "done")]
    told_of = list_records(database)[1][2]
    assert (told_of["before"], told_of["n_rows"], told_of["shortened"]) == ("2025-11-01", 1, ["incidents/all.csv"])
    left = sorted(path.name for path in (service.shelf / began_before.job_id).iterdir())
    assert left == ["map.html", "tables.csv"]
    assert len([*service.shelf.rglob("rejected.csv")]) == len([*service.shelf.rglob("pack.zip")]) == 1
    assert not keep_to_rule(database, settings, told, now=NOON)
    assert keep_to_rule(database, settings, told, now=NOON + dt.timedelta(days=1))
    assert list_records(database)[-1][0] == "apply rule"
    assert len(list_records(database)) == 4


def test_a_rule_that_cannot_be_applied_says_why_and_is_tried_again(
    database: Database, service: ServiceSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (service.workspace / "hotspots.toml").write_text("")
    told = service.model_copy(update={"retention": RetentionSettings(incidents_months=14)})
    now = read_clock().replace(hour=12)
    monkeypatch.setattr("hotspots.service.audit.chain.read_clock", lambda: now)
    assert keep_to_rule(database, Settings(), told, now=now)
    (action, outcome, details), (_, applied, _) = list_records(database)
    assert (action, outcome, applied) == ("remove incidents", "failed", "failed")
    assert "hotspots.toml names none" in details["why"]
    assert not keep_to_rule(database, Settings(), told, now=now + dt.timedelta(hours=5))
    assert keep_to_rule(database, Settings(), told, now=now + dt.timedelta(hours=7))


def test_one_step_that_fails_keeps_no_other_from_its_work_and_is_said(
    database: Database, service: ServiceSettings, add_product: Callable[..., Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    product = add_product()

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("hotspots.service.retention.rule.remove_products", refuse)
    with database.write() as session:
        at = read_clock() - dt.timedelta(days=70)
        session.add(Job(id="old", label="x", arguments=[], status="failed", created_at=at, ended_at=at))
    rule = RetentionSettings(products_months=1, audit_months=1)
    told = service.model_copy(update={"retention": rule})
    assert keep_to_rule(database, Settings(), told, now=read_clock().replace(hour=12))
    with database.read() as session:
        assert list(session.scalars(select(Job.id))) == [product.job_id]
    assert [(action, outcome) for action, outcome, _ in list_records(database)][-1] == ("apply rule", "failed")


def test_a_feed_does_not_bring_back_what_the_rule_removes() -> None:
    feed = FeedRequest(kind="fetch", forces=("metropolitan",), first_month="2020-01")
    assert "--from=2023-12" in feed.begin_at(dt.date(2023, 12, 1)).list_arguments(today=dt.date(2026, 12, 15))
    assert "--from=2020-01" in feed.begin_at(None).list_arguments(today=dt.date(2026, 12, 15))
    assert "--from=2020-01" in feed.begin_at(dt.date(2019, 12, 1)).list_arguments(today=dt.date(2026, 12, 15))


def test_whoever_wants_to_be_alone_is_waited_for(service: ServiceSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold_incidents(service) as is_first:
        assert is_first
        with hold_incidents(service, alone=True) as is_alone:
            assert not is_alone
        with hold_incidents(service) as is_second:
            assert not is_second
    os.utime(service.folder / "incidents.wanted", (time.time() - 59.5,) * 2)
    with hold_incidents(service, patience_s=5) as is_patient:
        assert is_patient
    with hold_incidents(service, alone=True) as is_alone:
        assert is_alone
    with hold_incidents(service) as is_third:
        assert is_third


def test_old_products_go_with_their_files_and_later_ones_stay(
    database: Database, service: ServiceSettings, add_product: Callable[..., Product]
) -> None:
    old, later = add_product("Old"), add_product("Later")
    with database.write() as session:
        session.execute(update(Product).where(Product.id == old.id).values(end=dt.date(2024, 11, 30)))
        session.execute(update(Product).where(Product.id == later.id).values(end=dt.date(2024, 12, 1)))
    told = service.model_copy(update={"retention": RetentionSettings(products_months=24)})
    assert keep_to_rule(database, Settings(), told, now=NOON)
    with database.read() as session:
        assert list(session.scalars(select(Product.label))) == ["Later"]
        assert session.get(Job, old.job_id) is not None  # what was asked for is told until the audit is as old
    assert [path.name for path in service.shelf.iterdir()] == [later.job_id]
    action, _, details = list_records(database)[0]
    assert (action, details["products"]) == ("remove products", {old.id: "Old"})


def test_only_what_no_row_names_is_swept(
    database: Database, service: ServiceSettings, add_product: Callable[..., Product]
) -> None:
    product = add_product(files={"a/map.html": b"1", "a/b/rows.csv": b"2"})
    with database.write() as session:
        session.execute(update(ProductFile).where(ProductFile.path == "a/b/rows.csv").values(path="a/rows.csv"))
        running = Job(id=make_id(), label="x", arguments=[], status="running", created_at=read_clock())
        session.add(running)
    (service.shelf / running.id).mkdir()
    (service.shelf / running.id / "map.html").write_bytes(b"not in the database yet")
    assert sweep_shelf(database, service) == 1
    assert sorted(path.relative_to(service.shelf).as_posix() for path in service.shelf.rglob("*.*")) == sorted(
        [f"{product.job_id}/a/map.html", f"{running.id}/map.html"]
    )


def test_files_that_nobody_decided_on_and_jobs_that_nothing_is_left_of_go(
    database: Database, service: ServiceSettings, add_product: Callable[..., Product]
) -> None:
    now = read_clock()
    kept = add_product()
    with database.write() as session:
        for name, status, days in (("a", "checked", 15), ("b", "checked", 13), ("c", "kept", 70), ("d", "kept", 13)):
            at = now - dt.timedelta(days=days)
            decided = at if status == "kept" else None
            session.add(
                Upload(
                    id=name,
                    file_name=f"{name}.csv",
                    n_bytes=1,
                    sha256="",
                    status=status,
                    report={},
                    created_at=at,
                    decided_at=decided,
                )
            )
        for name, days in (("old", 70), ("new", 1)):
            at = now - dt.timedelta(days=days)
            session.add(Job(id=name, label=name, arguments=[], status="failed", created_at=at, ended_at=at))
        session.execute(update(Job).where(Job.id == kept.job_id).values(ended_at=now - dt.timedelta(days=70)))
    for name in "ab":
        (service.incoming / name).mkdir(parents=True)
        (service.incoming / name / f"{name}.csv").write_text("x")
    left_over = service.incoming / "e"
    left_over.mkdir()
    os.utime(left_over, (0, 0))
    rule = RetentionSettings(undecided_days=14, audit_months=1)
    told = service.model_copy(update={"retention": rule})
    assert keep_to_rule(database, Settings(), told, now=now.replace(hour=12))
    assert [path.name for path in service.incoming.iterdir()] == ["b"]
    with database.read() as session:
        assert sorted(session.scalars(select(Upload.id))) == ["a", "b", "d"]
        assert session.get_one(Upload, "a").status == "discarded"
        assert sorted(session.scalars(select(Job.id))) == sorted(["new", kept.job_id])


def add_records(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five records, on five days."""
    for day in range(1, 6):
        at = dt.datetime(2026, 3, day, tzinfo=dt.UTC)
        monkeypatch.setattr("hotspots.service.audit.chain.read_clock", lambda at=at: at)
        with database.write() as session:
            record(session, actor="j", action=f"day {day}")


def test_a_chain_that_the_rule_has_cut_is_whole(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    add_records(database, monkeypatch)
    for limit, n_gone, n_left in ((3, 2, 4), (3, 0, 4), (4, 1, 4)):
        with database.write() as session:
            assert remove_records(session, dt.datetime(2026, 3, limit, tzinfo=dt.UTC), actor="rule") == n_gone
        with database.read() as session:
            check = check_chain(session)
        assert (check.fault, check.n_records) == (None, n_left)
    assert [action for action, _, _ in list_records(database)] == [
        *("day 4", "day 5"),
        *["remove records of the audit"] * 2,
    ]


@pytest.mark.parametrize("cut_before", [True, False])
def test_a_beginning_that_somebody_else_has_cut_off_shows(
    database: Database, cut_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_records(database, monkeypatch)
    with database.write() as session:
        if cut_before:
            remove_records(session, dt.datetime(2026, 3, 2, tzinfo=dt.UTC), actor="rule")
        session.execute(AuditRecord.__table__.delete().where(AuditRecord.sequence <= 3))  # type: ignore[attr-defined]
    with database.read() as session:
        assert check_chain(session).fault == "Records before 4 are missing, and no rule has removed them."


def test_the_last_records_stay_however_old(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    add_records(database, monkeypatch)
    with database.write() as session:
        assert remove_records(session, dt.datetime(2030, 1, 1, tzinfo=dt.UTC), actor="rule") == 0


def test_without_a_rule_nothing_is_removed(database: Database, service: ServiceSettings) -> None:
    assert not keep_to_rule(database, Settings(), service, now=NOON)
    assert list_records(database) == []


def test_at_night_it_waits_until_three_on_the_local_clock(database: Database, service: ServiceSettings) -> None:
    told = service.model_copy(update={"retention": RetentionSettings(products_months=1)})
    assert not keep_to_rule(database, Settings(), told, now=dt.datetime(2026, 7, 1, 1, 59, tzinfo=dt.UTC))
    assert keep_to_rule(database, Settings(), told, now=dt.datetime(2026, 7, 1, 2, 0, tzinfo=dt.UTC))


def test_nothing_is_removed_beside_a_run_or_a_backup_and_no_run_begins_meanwhile(
    database: Database, service: ServiceSettings
) -> None:
    told = service.model_copy(update={"retention": RetentionSettings(products_months=1)})
    with hold_incidents(told) as is_held:
        assert is_held
        with hold_incidents(told) as is_shared:
            assert is_shared
        assert not keep_to_rule(database, Settings(), told, now=NOON)
    with database.write() as session:
        session.add(Job(id="asked", label="x", arguments=["--version"], status="queued", created_at=read_clock()))
    with hold_incidents(told, alone=True):
        Worker(database, told).run(until_empty=True)
    with database.read() as session:
        job = session.get_one(Job, "asked")
        assert (job.status, job.n_attempts) == ("queued", 0)
        assert job.message == "Incidents that are too old are being removed."


@pytest.mark.one_database
def test_a_backup_holds_the_key_of_the_store_and_what_a_killed_removal_has_left(
    database: Database, service: ServiceSettings, tmp_path: Path
) -> None:
    make_workspace(service.workspace)
    (service.workspace / "store").mkdir()
    (service.workspace / "store" / "key").write_bytes(b"k" * 32)
    (service.workspace / "data" / "incidents" / ".old.csv.hotspots-ready").write_bytes(b"the only copy")
    backed_up = take_backup(database, service, tmp_path.parent / f"{tmp_path.name}.zip")
    digest = {file.path: file.sha256 for file in backed_up.files}
    assert "workspace/data/incidents/.old.csv.hotspots-ready" in digest
    assert digest["workspace/store/key"] == hashlib.sha256(b"k" * 32).hexdigest()


def test_a_rule_is_of_whole_months_from_one_on() -> None:
    with pytest.raises(ValidationError):
        RetentionSettings(incidents_months=0)


def test_pages_say_what_is_removed_and_only_where_something_is(
    database: Database, service: ServiceSettings, add_person: Callable[..., Account]
) -> None:
    add_person("j", role="admin")
    rule = RetentionSettings(incidents_months=1, products_months=1, audit_months=1, undecided_days=1)
    said = {"/uploads": ("Incidents that ended before", "nobody has decided on"), "/audit": ("Records made before",)}
    said["/history"] = ("Products whose period ended before",)
    for told, is_said in ((service, False), (service.model_copy(update={"retention": rule}), True)):
        client = TestClient(make_app(Settings(), told, database), base_url="http://127.0.0.1:8765")
        client.post("/sign-in", data={"name": "j", "password": PASSWORD})
        for page, sentences in said.items():
            text = client.get(page).text
            assert "<h1>" in text
            assert [sentence in text for sentence in sentences] == [is_said] * len(sentences)
