"""Jobs at work: how each ends, what is shown of it, and what becomes of those cancelled, too long or too large."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from job_workers import COMMAND, LOG, ask
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hotspots.service.audit import check_chain
from hotspots.service.jobs import (
    LostClaimError,
    Worker,
    WorkRules,
    cancel_job,
    claim_job,
    clear_bench,
    end_job,
    renew_claim,
    return_job,
    take_back_lapsed,
)
from hotspots.service.people import Person
from hotspots.service.state import AuditRecord, Database, Job, Product, ProductFile, ServiceSettings, read_clock

RULES = WorkRules(lease_s=30.0, poll_s=0.05, backoff_s=0.05)
ANALYST = Person(account_id="x", name="x", full_name="X", role="analyst", tier="tasking")


def put_in_queue(database: Database, **asked: Any) -> str:
    with database.write() as session:
        session.add(job := Job(label="A job", arguments=ask(**asked), status="queued", created_at=read_clock()))
        session.flush()
        return job.id


def read_job(database: Database, job_id: str) -> Job:
    with database.read() as session:
        return session.get_one(Job, job_id)


def list_files(database: Database, job_id: str) -> list[ProductFile]:
    with database.read() as session:
        return list(
            session.scalars(select(ProductFile).where(ProductFile.job_id == job_id).order_by(ProductFile.position))
        )


def do_jobs(
    database: Database, service: ServiceSettings, *, meanwhile: Callable[[Worker], object] | None = None, **limits: Any
) -> None:
    """All jobs that wait; and what is done beside as soon as one is at work."""
    settings = service.model_copy(update=limits)
    worker = Worker(database, settings, command=COMMAND, rules=RULES)

    def watch() -> None:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with database.read() as session:
                if session.scalar(select(Job.id).where(Job.progress == "halfway")):
                    break
            time.sleep(0.02)
        assert meanwhile is not None
        meanwhile(worker)

    thread = threading.Thread(target=watch) if meanwhile else None
    if thread:
        thread.start()
    for _ in range(10):
        worker.run(until_empty=True)
        with database.read() as session:
            if not session.scalar(select(Job.id).where(Job.status == "queued")) or meanwhile:
                break
        time.sleep(0.1)
    if thread:
        thread.join()


def test_what_a_command_made_is_on_the_shelf(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database, files=2, say=["Found it.", "\x1b[31mred"])
    do_jobs(database, service)
    job = read_job(database, job_id)
    assert (job.status, job.n_attempts, job.progress) == ("done", 1, "")
    assert job.message == "Found it.\n\ufffd[31mred"
    files = list_files(database, job_id)
    assert [file.path for file in files] == [
        "operation/b/page0.html", "operation/b/page1.html", "operation/b/operation.json"
    ]  # fmt: skip
    folder = service.shelf / job_id
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == sorted(
        file.path for file in files
    )
    assert [file.media_type for file in files] == ["text/html", "text/html", "application/json"]
    with database.read() as session:
        product = session.scalar(select(Product))
        assert product is not None
        assert (product.kind, product.label, product.area) == ("operations", "Robbery", "Peckham")
        assert (product.main_path, product.is_whole_area) == ("operation/b/page0.html", True)
        records = session.scalars(select(AuditRecord).order_by(AuditRecord.sequence)).all()
        assert [(one.actor, one.action, one.outcome) for one in records] == [
            ("worker", "start job", "done"), ("worker", "end job", "done")
        ]  # fmt: skip
        assert check_chain(session).fault is None
    assert list(service.bench.glob("*-*")) == []


@pytest.mark.parametrize("code", [2, 3, 4])
def test_what_the_asker_has_to_correct_is_not_tried_again(
    code: int, database: Database, service: ServiceSettings
) -> None:
    job_id = put_in_queue(database, code=code, say=["hotspots: No such ward."])
    do_jobs(database, service)
    job = read_job(database, job_id)
    assert (job.status, job.n_attempts, job.message) == ("failed", 1, "No such ward.")
    assert list_files(database, job_id) == []
    assert not (service.shelf / job_id).exists()


def test_a_command_that_is_killed_is_tried_again(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database, attempts=2)
    do_jobs(database, service)
    job = read_job(database, job_id)
    assert (job.status, job.n_attempts, len(list_files(database, job_id))) == ("done", 3, 4)


def test_three_times_is_enough(database: Database, service: ServiceSettings) -> None:
    poison = put_in_queue(database, attempts=99)
    after = put_in_queue(database)
    do_jobs(database, service)
    job = read_job(database, poison)
    assert (job.status, job.n_attempts) == ("failed", 3)
    assert "signal 9" in job.message
    assert read_job(database, after).status == "done"


def test_a_job_without_products_has_failed(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database, files=0)
    do_jobs(database, service)
    job = read_job(database, job_id)
    assert (job.status, job.message) == ("failed", "The command made nothing that can be shown.\n")


def test_what_is_said_is_kept_within_bounds(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database, say=["a" * 50_000, *(f"line {number}" for number in range(100))])
    do_jobs(database, service)
    message = read_job(database, job_id).message
    assert message.endswith("line 99")
    assert len(message) < 8_001


def test_cancelling_ends_a_command_at_once(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database, seconds=20)
    cancelled_at = []

    def cancel(_: Worker) -> None:
        with database.write() as session:
            cancel_job(session, ANALYST, job_id)
        cancelled_at.append(read_clock())

    do_jobs(database, service, meanwhile=cancel)
    job = read_job(database, job_id)
    assert job.status == "cancelled"
    assert job.ended_at is not None
    assert (job.ended_at - cancelled_at[0]).total_seconds() < 1.5
    assert (service.workspace / LOG).read_text().split() == ["began", job_id]


def test_a_command_may_take_only_so_long(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database, seconds=20)
    do_jobs(database, service, max_minutes=0.01)
    job = read_job(database, job_id)
    assert (job.status, job.n_attempts) == ("failed", 1)
    assert job.message.startswith("The job took longer than 0.01 minutes")
    assert job.started_at is not None
    assert job.ended_at is not None
    assert 0.6 < (job.ended_at - job.started_at).total_seconds() < 5


def test_a_command_may_take_only_so_much_memory(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database, seconds=20, megabytes=200)
    do_jobs(database, service, max_memory_mb=100)
    job = read_job(database, job_id)
    assert (job.status, job.n_attempts) == ("failed", 1)
    assert job.message.startswith("The job needed more than 100 MB")
    assert (job.peak_memory_bytes or 0) > 100 * 2**20


def test_a_worker_that_is_told_to_end_gives_its_job_back(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database, seconds=20)
    do_jobs(database, service, meanwhile=Worker.stop)
    job = read_job(database, job_id)
    assert (job.status, job.n_attempts, job.attempt_token) == ("queued", 0, None)
    assert list(service.bench.glob("*-*")) == []
    claim = claim_job(database, "another", RULES)
    assert claim is not None
    assert (claim.job_id, claim.n_attempts) == (job_id, 1)


def test_only_the_attempt_that_holds_a_job_ends_it(database: Database) -> None:
    job_id = put_in_queue(database)
    first = claim_job(database, "first", WorkRules(lease_s=0.0))
    assert first is not None
    assert claim_job(database, "second", RULES) is None
    time.sleep(0.01)
    assert take_back_lapsed(database, RULES) == 1
    second = claim_job(database, "second", RULES)
    assert second is not None
    assert (second.job_id, second.n_attempts) == (job_id, 2)
    assert take_back_lapsed(database, RULES) == 0
    assert renew_claim(database, first, RULES, progress="late") == "lost"
    return_job(database, first)
    with pytest.raises(LostClaimError), database.write() as session:
        end_job(session, first, "done")
    assert read_job(database, job_id).status == "running"
    with database.write() as session:
        end_job(session, second, "done")
    assert read_job(database, job_id).status == "done"


@pytest.mark.parametrize(
    ("is_cancelled", "status", "said"),
    [(True, "cancelled", ""), (False, "failed", "The worker died 3 times at this job. Ask for less.")],
)
def test_a_job_whose_worker_died_ends_at_last(is_cancelled: bool, status: str, said: str, database: Database) -> None:
    job_id = put_in_queue(database)
    for _ in range(1 if is_cancelled else 3):
        assert claim_job(database, "one", WorkRules(lease_s=0.0)) is not None
        if is_cancelled:
            with database.write() as session:
                cancel_job(session, ANALYST, job_id)
        time.sleep(0.01)
        assert take_back_lapsed(database, RULES) == 1
    job = read_job(database, job_id)
    assert (job.status, job.message) == (status, said)
    with database.read() as session:
        last = session.scalars(select(AuditRecord).order_by(AuditRecord.sequence.desc()).limit(1)).one()
        assert (last.action, last.details["status"]) == ("end job", status)


def leave_half(service: ServiceSettings, job_id: str) -> Path:
    """What an attempt leaves that is killed between putting its folder in place and keeping the rows."""
    left = service.shelf / job_id / "operation" / "b" / "half.html"
    left.parent.mkdir(parents=True)
    left.write_text("half")
    return left


def test_a_folder_that_no_row_names_is_cleared_away(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database)
    leave_half(service, job_id)
    kept = service.shelf / "of somebody else"
    kept.mkdir()
    (removed,) = clear_bench(database, service)
    assert removed.startswith("aside-")
    assert [path.name for path in service.shelf.iterdir()] == [kept.name]
    left = leave_half(service, job_id)
    assert claim_job(database, "one", RULES) is not None
    assert clear_bench(database, service) == []  # it may be put there at this very moment
    assert left.exists()


def test_a_folder_that_no_row_names_gives_way(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database, seconds=1.0)
    do_jobs(database, service, meanwhile=lambda _: leave_half(service, job_id))
    assert read_job(database, job_id).status == "done"
    found = {path.name for path in (service.shelf / job_id).rglob("*.html")}
    assert found == {"page0.html", "page1.html", "page2.html"}
    assert len(list_files(database, job_id)) == 4
    assert list(service.bench.glob("*-*")) == []


@pytest.mark.parametrize("is_kept", [False, True], ids=["nothing was kept", "only the answer is lost"])
def test_a_transaction_that_breaks_is_tried_again(is_kept: bool, database: Database, service: ServiceSettings) -> None:
    """With the folder in its place already: the database goes away after that, or when all is kept."""
    job_id = put_in_queue(database)
    broken: list[str] = []

    def break_once(what: str) -> None:
        if not broken:
            broken.append(what)
            raise OperationalError(what, {}, Exception("away"))

    def break_statement(*event_of: Any) -> None:
        if event_of[2].startswith("INSERT INTO products"):
            assert (service.shelf / job_id).is_dir()
            break_once("statement")

    def break_answer(_: Session) -> None:
        if read_job(database, job_id).status == "done":
            break_once("answer")

    where: tuple[Any, str, Any] = (
        (Session, "after_commit", break_answer)
        if is_kept
        else (database.engine, "before_cursor_execute", break_statement)
    )
    event.listen(*where)
    try:
        do_jobs(database, service)
    finally:
        event.remove(*where)
    assert broken == ["answer" if is_kept else "statement"]
    job = read_job(database, job_id)
    assert (job.status, job.n_attempts, len(list_files(database, job_id))) == ("done", 1, 4)
    assert (service.shelf / job_id / "operation" / "b" / "page0.html").is_file()
    with database.read() as session:
        ends = session.scalars(select(AuditRecord).where(AuditRecord.action == "end job")).all()
    assert len(ends) == 1


def test_a_link_is_not_followed(database: Database, service: ServiceSettings, tmp_path: Path) -> None:
    from hotspots.service.shelf import describe_products

    out = tmp_path / "out" / "operation" / "b"
    out.mkdir(parents=True)
    (tmp_path / "secret.html").write_text("secret")
    (out / "page.html").symlink_to(tmp_path / "secret.html")
    (out / "real.html").write_text("real")
    (out / "extra.css").write_text("extra")
    summary = (
        '{"crime_label": "R", "operation": {"start": "2026-04-01", "end": "2026-06-30"}, "words": ["x"], '
        '"areas": {"treated": {"name": "P"}}, "data_status": {}, "products": {"a": "page.html", "b": "real.html"}}'
    )
    (out / "operation.json").write_text(summary)
    (product,) = describe_products(tmp_path / "out", job_id="x")
    assert [file.path.rpartition("/")[2] for file in product.files] == ["real.html", "extra.css", "operation.json"]
    assert product.main_path == "operation/b/real.html"


def test_a_chore_that_fails_keeps_nobody_from_work(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database)
    done: list[str] = []

    def break_off() -> None:
        raise ValueError("of a notice that cannot be written")

    chores = (break_off, lambda: done.append("the other"))
    Worker(database, service, command=COMMAND, rules=RULES, chores=chores).run(until_empty=True)
    assert (done, read_job(database, job_id).status) == (["the other"], "done")


@pytest.mark.parametrize(
    ("broken", "said"), [("workspace", "could not be started: No such file"), ("shelf", "could not be kept: ")]
)
def test_a_machine_that_cannot_fails_the_job_and_not_the_worker(
    broken: str, said: str, database: Database, service: ServiceSettings
) -> None:
    job_id = put_in_queue(database)
    if broken == "shelf":
        service.make_folder()
        service.shelf.write_text("a file where a folder should be", "utf-8")
        do_jobs(database, service)
    else:
        do_jobs(database, service, workspace=service.workspace / "gone")
    job = read_job(database, job_id)
    assert (job.status, job.n_attempts, said in job.message) == ("failed", 3, True), job.message
    assert list(service.bench.glob("*-*")) == []


def test_what_two_killed_workers_have_left_is_removed(database: Database, service: ServiceSettings) -> None:
    job_id = put_in_queue(database)
    for left in (service.shelf / job_id, service.bench / f"aside-{job_id}"):
        left.mkdir(parents=True)
        (left / "map.html").write_text("half", "utf-8")
    clear_bench(database, service)
    assert not list(service.shelf.iterdir())
    assert not list(service.bench.glob("*-*"))


def test_what_is_shown_is_not_locked_to_clear_the_bench(
    database: Database, service: ServiceSettings, add_product: Callable[..., Product]
) -> None:
    shown = add_product()
    begun: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: begun.append(given[2]))
    clear_bench(database, service)
    assert (service.shelf / shown.job_id).is_dir()
    assert not any("FOR UPDATE" in statement or "set_config" in statement for statement in begun)
