"""`hotspots serve` and `hotspots work`: started, tried out, and ended by order."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
import requests
from click.testing import CliRunner, Result
from sqlalchemy import select

from hotspots.cli.main import cli
from hotspots.errors import HotspotsError, ParameterError
from hotspots.service.app import prepare_demonstration
from hotspots.service.people import sign_in
from hotspots.service.state import Account, AuditRecord, Database, Job, ServiceSettings


def find_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@contextmanager
def start(*arguments: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A command as people start it, which is killed at the end, and what it says."""
    command = [sys.executable, "-m", "hotspots", *arguments]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            yield process, process.stderr
        finally:
            process.kill()


def read_until(stream: IO[str], words: str) -> str:
    said = ""
    while words not in said:
        line = stream.readline()
        assert line, said
        said += line
    return said


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_is_there_and_ends_by_order(number: int, tmp_path: Path) -> None:
    port = find_port()
    with start("serve", "--no-worker", f"--port={port}", folder=tmp_path) as (process, said):
        read_until(said, f"Hotspots is at http://127.0.0.1:{port} ")
        until = time.monotonic() + 10
        while True:
            try:
                answer = requests.get(f"http://127.0.0.1:{port}/sign-in", timeout=5)
                break
            except requests.ConnectionError:
                assert time.monotonic() < until
                time.sleep(0.05)
        assert answer.status_code == 200
        process.send_signal(number)
        assert process.wait(15) == 0
        lines = [json.loads(line) for line in said.read().splitlines()]  # the log alone
        assert {line["level"] for line in lines} == {"info"}


@pytest.mark.slow
def test_a_worker_ends_by_order(tmp_path: Path) -> None:
    with start("work", folder=tmp_path) as (process, said):
        assert re.search(r"^Worker \S+ is ready\.$", read_until(said, "is ready."), re.M)
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.slow
def test_a_newcomer_finds_accounts_and_products_on_their_way(tmp_path: Path) -> None:
    port = find_port()
    with start("serve", "--no-worker", "--demonstration", f"--port={port}", folder=tmp_path) as (_, said):
        printed = read_until(said, "Hotspots is at")
    assert re.findall(r"^  (\w+) +\S{16}  \((.*)\)$", printed, re.M) == [
        ("analyst", "runs analyses"),
        ("reader", "opens products"),
        ("partner", "opens products that are made for partners"),
        ("admin", "gives accounts, and sees who did what"),
    ]
    workspace = tmp_path / "hotspots-demonstration"
    assert (workspace / "data" / "incidents").is_dir()
    assert (workspace / "service").stat().st_mode & 0o777 == 0o700  # what is in it is for this account alone
    with start("serve", "--no-worker", "--demonstration", f"--port={port}", folder=tmp_path) as (_, said):
        printed = read_until(said, "Hotspots is at")
    assert "The accounts are those of the first time." in printed


def test_each_demonstration_account_signs_in_and_the_plan_comes_first(
    database: Database, service: ServiceSettings
) -> None:
    made = prepare_demonstration(database, time_zone="Europe/London")
    assert [(one.name, one.role, one.tier) for one in made] == [
        ("analyst", "analyst", "tasking"),
        ("reader", "viewer", "tasking"),
        ("partner", "viewer", "partner"),
        ("admin", "admin", "tasking"),
    ]
    for one in made:
        assert sign_in(database, one.name, one.password, address="127.0.0.1", settings=service)
    assert prepare_demonstration(database, time_zone="Europe/London") == []
    with database.read() as session:
        jobs = session.scalars(select(Job).order_by(Job.created_at)).all()
        assert [job.arguments[0] for job in jobs] == ["patrol", "run", "run", "brief", "pack"]
        assert session.query(Account).count() == len(made)
        assert {one.action for one in session.scalars(select(AuditRecord))} == {"add account", "ask for job", "sign in"}


def test_a_port_that_is_taken_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = call("serve", f"--port={other.getsockname()[1]}")
    assert isinstance(result.exception, ParameterError)
    assert "Give another `port`, or end the program that is there." in str(result.exception)


def test_the_demonstration_has_settings_of_its_own() -> None:
    result = call("serve", "--demonstration", "--settings=a.toml")
    assert result.exit_code == 2
    assert "Leave out --settings." in result.output


@pytest.mark.parametrize("command", ["serve", "work"])
@pytest.mark.parametrize("package", ["sqlalchemy", "uvicorn"])
def test_a_package_that_is_missing_is_named(command: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    result = call(command)
    assert isinstance(result.exception, HotspotsError)
    assert f'{package} is not installed. Install them: pip install "hotspots[service]".' in str(result.exception)
