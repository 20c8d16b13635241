"""The database: SQLite in a file, or PostgreSQL; what is read, what is written, and its version."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from hotspots.errors import HotspotsError, ParameterError
from hotspots.service.state.tables import Base

_WRITES = "hotspots_writes"
"""Option of an execution: the transaction will write, and takes the lock of SQLite at once, not halfway."""
_PATIENCE_S = 30
"""How long a transaction waits for another before it gives up."""
_QUICK = {"connect_timeout": 10, "tcp_user_timeout": 10_000}
"""Seconds, and milliseconds, after which a server of PostgreSQL that does not answer is given up."""
_BOUNDED = text(
    "SELECT set_config('lock_timeout', :ms, true), set_config('idle_in_transaction_session_timeout', :ms, true)"
)
"""For a transaction of PostgreSQL that writes. Without the second, one whose machine is gone or stands still would keep
its locks for hours, that of the audit among them, and with it everybody who does something."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database.

    Attributes:
        engine: Of SQLAlchemy.
    """

    engine: Engine

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that reads one state of the database and keeps nothing."""
        engine = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        with Session(engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are kept when the block ends, all of them or, after an error, none."""
        engine = self.engine.execution_options(**{_WRITES: True})
        with Session(engine, expire_on_commit=False) as session, session.begin():
            if not self.is_sqlite:
                session.execute(_BOUNDED, {"ms": str(_PATIENCE_S * 1000)})
            yield session

    def close(self) -> None:
        """Give up all connections."""
        self.engine.dispose()


def open_database(address: str, *, version: str = "head") -> Database:
    """Open a database, and bring it to the version of this program.

    Args:
        address: As SQLAlchemy takes it: `sqlite:///...` or `postgresql+psycopg://...`.
        version: An earlier one, to put a backup of it back.

    Raises:
        ParameterError: It is not an address, or of a database of another kind.
        HotspotsError: The database does not answer, or is of a later version of this program.
    """
    try:
        url = make_url(address)
        kind = url.get_backend_name()
    except ArgumentError:
        raise ParameterError(
            "`database` is not an address of a database. Write it as postgresql+psycopg://name@host/database, or "
            "leave it out for a file."
        ) from None
    options: dict[str, Any] = {"pool_size": 20, "max_overflow": 20}  # one for each thread that answers
    if kind == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
        options |= {"pool_pre_ping": True, "connect_args": _QUICK}
    elif kind == "sqlite":
        if url.database:
            _make_file(Path(url.database), url.render_as_string())
        options |= {"connect_args": {"timeout": _PATIENCE_S}}
    else:
        raise ParameterError(f"`database` must be of PostgreSQL or SQLite, not {kind}. Leave it out for a file.")
    try:
        engine = create_engine(url, hide_parameters=True, **options)  # an error is logged, and values are of people
    except (ArgumentError, NoSuchModuleError):
        raise ParameterError(
            "`database` names a driver that is not here. Write it as postgresql+psycopg://..."
        ) from None
    if kind == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    database = Database(engine)
    try:
        upgrade_database(database, version=version)
    except OperationalError as error:
        database.close()
        raise HotspotsError(
            f"The database {url.render_as_string(hide_password=True)} does not answer: "
            f"{str(error.orig).strip().splitlines()[0]}. Check that it runs, and its address."
        ) from None
    except BaseException:
        database.close()
        raise
    return database


def upgrade_database(database: Database, *, version: str = "head") -> None:
    """Bring the tables of a database to the version of this program, or change nothing.

    Args:
        database: Open.
        version: An earlier one to stop at; a database that is past it is left as it is.

    Raises:
        HotspotsError: It, or the version asked for, is of a later one that this program does not know.
    """
    config = _configure()
    script = ScriptDirectory.from_config(config)
    with _without_links(database) as connection, connection.begin():
        if not database.is_sqlite:  # one process at a time; SQLite has locked the file already
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('hotspots'))"))
        present = MigrationContext.configure(connection).get_current_revision()
        known = [step.revision for step in script.walk_revisions()]
        for named in (present, None if version == "head" else version):
            if named is not None and named not in known:
                raise HotspotsError(
                    f"The database is of version {named}, which this Hotspots does not know: it was made by a later "
                    "one. Install that version, or restore an earlier backup."
                )
        wanted = known[0] if version == "head" else version
        if present is None or known.index(present) > known.index(wanted):  # the latest comes first
            config.attributes |= {"connection": connection, "metadata": Base.metadata}
            command.upgrade(config, wanted)
            if database.is_sqlite and (loose := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
                raise HotspotsError(
                    f"After the step to {wanted} a row of {loose[0]} would point to one of {loose[2]} that is not "
                    "there. The database is as it was. Tell whoever makes Hotspots."
                )


def find_version(database: Database) -> str | None:
    """The version of a database's tables."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(database: Database) -> bool:
    """Whether the tables are of the version of this program."""
    return find_version(database) == ScriptDirectory.from_config(_configure()).get_current_head()


@contextmanager
def _without_links(database: Database) -> Iterator[Connection]:
    """A connection that will write, on which SQLite does not follow links between tables.

    To change a column it makes a table anew and drops the old one, and with links on, the rows of all tables that point
    to it would go with it. That cannot be said within a transaction.
    """
    with database.engine.connect().execution_options(**{_WRITES: True}) as connection:
        if not database.is_sqlite:
            yield connection
            return
        driver: Any = connection.connection.driver_connection
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            yield connection
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def _make_file(path: Path, address: str) -> None:
    """A file that its owner alone may read, in a folder of which the same is true, if they are not there."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # what SQLite puts beside it is as open as this one
    except OSError as error:
        raise HotspotsError(
            f"The database {address} cannot be written: {error.strerror}. Check its folder, and who may write there."
        ) from None


def _configure() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("hotspots.service.migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    """Transactions are begun by us; readers do not wait for a writer; links between tables hold."""
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {_PATIENCE_S * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    """A transaction that will write takes the lock at the start: one that read first could not get it any more."""
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
