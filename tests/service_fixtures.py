"""Fixtures of the service: a database of each kind, an application on it, and people with an account."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import mimetypes
import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import psycopg
import pytest
import uvicorn
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from hotspots.house import Audience
from hotspots.service.app import make_app, make_server
from hotspots.service.people import add_account
from hotspots.service.state import (
    Account,
    Database,
    Job,
    Product,
    ProductFile,
    ProductWard,
    ServiceSettings,
    make_id,
    open_database,
    read_clock,
)
from hotspots.settings import Settings

T = TypeVar("T")

PASSWORD = "three odd words of grass"
"""Of every account that a test makes."""
PEOPLE: dict[str, dict[str, Any]] = {
    "viewer": {},
    "partner": {"tier": "partner"},
    "evelyn": {"ward_codes": ["E05000001"]},
    "analyst": {"role": "analyst"},
    "admin": {"role": "admin"},
}
"""One of each sort, by name."""


@pytest.fixture(scope="session")
def postgres_address() -> str:
    """A server of PostgreSQL on which tests may make databases, in HOTSPOTS_TEST_POSTGRES; CI has one."""
    address = os.environ.get("HOTSPOTS_TEST_POSTGRES")
    if not address and os.environ.get("CI"):
        pytest.fail("CI needs a PostgreSQL server; set HOTSPOTS_TEST_POSTGRES to its address")
    if not address:
        pytest.skip("no PostgreSQL server; set HOTSPOTS_TEST_POSTGRES=postgresql://name:password@host/postgres")
    return address


@contextmanager
def making_postgres(address: str) -> Iterator[Callable[..., str]]:
    """Makes databases on a server, empty or as another one is, and drops them when the block ends."""
    made: list[str] = []

    def make(like: str = "template0") -> str:
        made.append(f"hotspots_{secrets.token_hex(6)}")
        server.execute(f'CREATE DATABASE "{made[-1]}" TEMPLATE "{like}"')
        url = make_url(address).set(drivername="postgresql+psycopg", database=made[-1])
        return url.render_as_string(hide_password=False)

    with psycopg.connect(address, autocommit=True) as server:
        yield make
        for name in made:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def make_postgres(postgres_address: str) -> Iterator[Callable[..., str]]:
    """Makes databases, and drops them when the test ends."""
    with making_postgres(postgres_address) as make:
        yield make


@pytest.fixture(scope="session")
def postgres_with_tables(postgres_address: str) -> Iterator[str]:
    """Name of a database with its tables and nothing in them: to copy it takes a tenth of making them."""
    with making_postgres(postgres_address) as make:
        address = make()
        open_database(address).close()
        name = make_url(address).database
        assert name is not None
        yield name


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with tables and nothing in them."""
    path = tmp_path_factory.mktemp("tables") / "hotspots.db"
    open_database(f"sqlite:///{path.as_posix()}").close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]  # all of it is in this one
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of a database of each kind: empty, and with tables where a test opens it by `database`."""
    has_tables = "database" in request.fixturenames
    if request.param == "sqlite":
        path = tmp_path / "service" / "hotspots.db"
        if has_tables:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)  # as the service makes it: a copy keeps the rights of a file that is there
            shutil.copyfile(request.getfixturevalue("sqlite_with_tables"), path)
        return f"sqlite:///{path.as_posix()}"
    make: Callable[..., str] = request.getfixturevalue("make_postgres")
    return make(request.getfixturevalue("postgres_with_tables")) if has_tables else make()


def run_apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine gives, in a thread of its own: a browser of Playwright keeps a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out PostgreSQL where a test is marked to need one database alone: what it tries is the same with both."""
    left = [item for item in items if item.get_closest_marker("one_database") and "postgresql" in item.name]
    if left:
        items[:] = [item for item in items if item not in set(left)]
        config.hook.pytest_deselected(items=left)


@pytest.fixture
def database(database_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database with its tables, of each kind. Passwords are hashed as quickly as can be."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("hotspots.service.people.passwords.hasher", quick)
    opened = open_database(database_address)
    yield opened
    opened.close()


@pytest.fixture
def service(tmp_path: Path) -> ServiceSettings:
    """What the service is told: all its files below the folder of the test."""
    return ServiceSettings(workspace=tmp_path, folder=tmp_path / "service")


@pytest.fixture
def add_person(database: Database) -> Callable[..., Account]:
    """Makes an account whose password is `PASSWORD`."""

    def add(name: str, **options: Any) -> Account:
        with database.write() as session:
            return add_account(session, name, password=PASSWORD, must_change_password=False, **options)

    return add


@pytest.fixture
def add_product(database: Database, service: ServiceSettings) -> Callable[..., Product]:
    """Puts a product on the shelf, with a job of its own: files by their paths, of wards by code, or of all wards."""

    def add(
        label: str = "Robbery",
        *,
        files: dict[str, bytes] | None = None,
        wards: dict[str, str] | None = None,
        audience: Audience = "tasking",
        **details: Any,
    ) -> Product:
        content = {"map.html": b"<h1>Map</h1>"} if files is None else files
        now = read_clock()
        job = Job(id=make_id(), label=label, arguments=["run", "--crime=robbery"], status="done", created_at=now)
        job.started_at = job.ended_at = now
        product = Product(
            id=make_id(),
            **{
                "kind": "runs",
                "crime": "robbery",
                "area": "all wards",
                "marking": "OFFICIAL",
                "details": {},
                "folder": "",
                **details,
            },
            position=0,
            label=label,
            start=dt.date(2025, 10, 1),
            end=dt.date(2026, 9, 30),
            is_whole_area=wards is None,
            audience=audience,
            main_path=next(iter(content)),
            created_at=now,
        )
        product.wards = [ProductWard(ward_code=code, ward_name=name) for code, name in (wards or {}).items()]
        for position, (path, held) in enumerate(content.items()):
            place = service.shelf / job.id / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(held)
            product.files.append(
                ProductFile(
                    path=path,
                    job_id=job.id,
                    position=position,
                    name=path,
                    use="Read and print",
                    media_type=mimetypes.guess_type(path)[0] or "application/octet-stream",
                    n_bytes=len(held),
                    sha256=hashlib.sha256(held).hexdigest(),
                )
            )
        job.products = [product]
        with database.write() as session:
            session.add(job)
        return product

    return add


@pytest.fixture
def put_wards(service: ServiceSettings, square_wards: gpd.GeoDataFrame) -> dict[str, str]:
    """Puts four wards into the workspace; their names by code, from "E05000001", which is Ash."""
    codes = square_wards.index.map(lambda code: f"E0500000{ord(code) - 64}")
    folder = service.workspace / "data" / "boundaries"
    folder.mkdir(parents=True)
    square_wards.set_index(codes).reset_index().to_file(folder / "wards.gpkg")
    return dict(zip(codes, square_wards["ward_name"], strict=True))


@pytest.fixture
def serve(database: Database, service: ServiceSettings) -> Iterator[Callable[..., str]]:
    """Runs the service on a free port as `hotspots serve` does; gives its address. Settings may be changed by name."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(settings: Settings | None = None, **changes: Any) -> str:
        told = service.model_copy(update=changes)
        server = make_server(settings or Settings(), told, database)
        listening = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        running.append((server, thread))
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        scheme = "https" if told.tls_certificate else "http"
        return f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=20)


@pytest.fixture
def open_client(database: Database, service: ServiceSettings) -> Iterator[Callable[..., TestClient]]:
    """Browsers at the service, each with cookies of its own; signed in where a name is given."""
    app = make_app(Settings(), service, database)
    opened: list[TestClient] = []

    def open_one(name: str | None = None, **options: Any) -> TestClient:
        client = TestClient(app, base_url="http://127.0.0.1:8765", follow_redirects=False, **options)
        opened.append(client)
        if name is not None:
            said = client.post("/sign-in", data={"name": name, "password": PASSWORD})
            assert said.status_code == 303, said.text
        return client

    yield open_one
    for client in opened:
        client.close()


@pytest.fixture
def arrive(add_person: Callable[..., Account], open_client: Callable[..., TestClient]) -> Callable[[str], TestClient]:
    """The browser of one of `PEOPLE`, signed in; their account is made when they first come."""
    known: set[str] = set()

    def come(name: str) -> TestClient:
        if name not in known:
            known.add(name)
            add_person(name, **PEOPLE[name])
        return open_client(name)

    return come
