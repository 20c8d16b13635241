"""A whole service killed at random during runs and uploads: `python tests/killed_services.py 50 [postgresql]`.

People send files, keep some and discard others meanwhile (`killed_uploads.py`), and commands are real ones. What is
killed, with SIGKILL, is in turn a worker, the server, and the database where that is a server of its own: then
a cluster of PostgreSQL is made for it, whose programs are found through HOTSPOTS_POSTGRES_PROGRAMS (by default
`/usr/lib/postgresql/15/bin`), and which belongs to the user "postgres" where this is run by root. Meanwhile everything
that the service shows is read again and again, and has to be whole.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO

import psutil
from job_workers import check_shelf
from killed_uploads import Sender, Sending, check_incidents, hash_file, list_shown, make_senders, require_uploads
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from hotspots.errors import HotspotsError
from hotspots.service.audit import check_chain
from hotspots.service.jobs import clear_bench
from hotspots.service.state import AuditRecord, Database, Job, ServiceSettings, Upload, open_database, read_clock
from hotspots.workspace import make_workspace

_ARGUMENTS = (
    ["run", "--crime=robbery", "--from=2026-07-01", "--audience=partner"],
    ["patrol", "plan", "--crime=robbery", "--date=2026-12-04", "--shift=14:00-22:00", "--patrols=2"],
    ["performance"],
    ["havens", "siting", "--crime=robbery", "--new=2"],
)
_PROGRAMS = Path(os.environ.get("HOTSPOTS_POSTGRES_PROGRAMS", "/usr/lib/postgresql/15/bin"))
_N_WORKERS = 2
_N_SENDERS, _N_ACCOUNTS = 3, 6
_LONGEST_PAUSE_S = 10.0


def find_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


class Cluster:
    """A server of PostgreSQL that may be killed."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, find_port()
        self._call("initdb", "-D", str(folder), "-U", "hotspots", "-A", "trust")
        self.start()
        self._call("createdb", "-h", "127.0.0.1", "-p", str(self._port), "-U", "hotspots", "hotspots")

    @property
    def address(self) -> str:
        """Of the database."""
        return f"postgresql+psycopg://hotspots@127.0.0.1:{self._port}/hotspots"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        log = str(self._folder / "log")
        self._call("pg_ctl", "-D", str(self._folder), "-w", "-l", log, "-o", options, "start")

    def kill(self) -> None:
        """Kill all of its processes at once."""
        first = psutil.Process(int((self._folder / "postmaster.pid").read_text().split()[0]))
        for process in [first, *first.children(recursive=True)]:
            process.kill()
        first.wait(10)

    def stop(self) -> None:
        """End it in order."""
        self._call("pg_ctl", "-D", str(self._folder), "-m", "fast", "stop")

    def _call(self, program: str, *arguments: str) -> None:
        is_root = os.getuid() == 0
        if is_root:
            self._folder.mkdir(exist_ok=True)
            shutil.chown(self._folder, "postgres", "postgres")
        command = [str(_PROGRAMS / program), *arguments]
        subprocess.run(
            command,
            check=True,
            stdout=subprocess.DEVNULL,
            user="postgres" if is_root else None,
            cwd=self._folder.parent,
        )


class Service:
    """The service as people start it."""

    def __init__(self, workspace: Path, log: IO[bytes]) -> None:
        self._workspace, self._log = workspace, log
        self._server: subprocess.Popen[bytes] | None = None
        self._port = 0

    def find_address(self) -> str:
        """Where it is now: elsewhere each time it is started."""
        return f"http://127.0.0.1:{self._port}"

    def keep(self) -> None:
        """Start it, with its workers, if it is not there: it does not begin while the database is away."""
        if self._server is not None and self._server.poll() is None:
            return
        self._port = find_port()
        command = [sys.executable, "-m", "hotspots", "serve", f"--port={self._port}"]
        self._server = subprocess.Popen(command, cwd=self._workspace, stdout=self._log, stderr=self._log)

    def is_up(self) -> bool:
        """Whether it answers."""
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self._port)) == 0

    def kill(self) -> int:
        """Kill the server; how many of its processes are left two seconds later."""
        assert self._server is not None
        below = psutil.Process(self._server.pid).children(recursive=True) if self._server.poll() is None else []
        self._server.kill()
        self._server.wait()
        _, left = psutil.wait_procs(below, timeout=2)
        return len([process for process in left if process.status() != psutil.STATUS_ZOMBIE])

    def kill_worker(self) -> bool:
        """Kill one of its workers; whether there was one."""
        assert self._server is not None
        workers = psutil.Process(self._server.pid).children() if self._server.poll() is None else []
        if workers:
            random.choice(workers).send_signal(signal.SIGKILL)
        return bool(workers)

    def stop(self) -> None:
        """End it in order."""
        assert self._server is not None
        self._server.terminate()
        self._server.wait(30)


def watch(
    database: Database, settings: ServiceSettings, *, known: set[str], seconds: float, until: Callable[[], bool]
) -> int:
    """Read all that is shown for some time, or until something is so; how often.

    Args:
        database: Open.
        settings: Of the service.
        known: SHA-256 of all files that may be among the incidents.
        seconds: For how long, at most.
        until: What ends it.
    """
    end, n_looks = time.monotonic() + seconds, 0
    while time.monotonic() < end and not until():
        check_incidents(settings.workspace / "data" / "incidents", known)
        try:
            check_shelf(database, settings.shelf)
            n_looks += 1
        except OperationalError:
            pass  # the database is down
        time.sleep(0.2)
    return n_looks


def kill_service(n_kills: int, home: Path, *, cluster: Cluster | None) -> str:
    """Kill at random, let the service end its work, and look whether all is there once; what was seen."""
    workspace = home / "workspace"
    make_workspace(workspace, demonstration=True)
    settings = ServiceSettings(workspace=workspace, folder=workspace / "service", workers=_N_WORKERS)
    table = [f"workers = {_N_WORKERS}", *([f'database = "{cluster.address}"'] if cluster else [])]
    with (workspace / "hotspots.toml").open("a", encoding="utf-8") as file:
        file.write("\n[service]\n" + "\n".join(table) + "\n")
    database = open_database(cluster.address if cluster else settings.database_address)
    kinds = ["worker", "server", *(["database"] if cluster else [])]
    sending = Sending(sent={hash_file(path) for path in list_shown(workspace / "data" / "incidents")})
    tokens = make_senders(database, _N_ACCOUNTS)
    asked: list[str] = []
    killed: Counter[str] = Counter()
    n_looks = n_left = 0
    with (home / "service.log").open("wb") as log:
        service = Service(workspace, log)
        senders = [Sender(tokens, service.find_address, sending) for _ in range(_N_SENDERS)]
        for sender in senders:
            sender.start()
        while sum(killed.values()) < n_kills:
            service.keep()
            while len(asked) < 4 + sum(killed.values()) // 5:
                try:
                    with database.write() as session:
                        arguments = random.choice(_ARGUMENTS)
                        job = Job(label=arguments[0], arguments=arguments, status="queued", created_at=read_clock())
                        session.add(job)
                        session.flush()
                    asked.append(job.id)
                except OperationalError:
                    time.sleep(0.5)
            n_looks += watch(database, settings, known=sending.sent, seconds=30, until=service.is_up)
            pause_s = random.uniform(0.2, _LONGEST_PAUSE_S)
            n_looks += watch(database, settings, known=sending.sent, seconds=pause_s, until=lambda: False)
            kind = kinds[sum(killed.values()) % len(kinds)]
            if kind == "worker" and not service.kill_worker():
                continue
            if kind == "server":
                n_left += service.kill()
            if kind == "database" and cluster:
                cluster.kill()
                time.sleep(random.uniform(0.0, 3.0))
                cluster.start()
            killed[kind] += 1
            print(f"{sum(killed.values())} of {n_kills}: {kind} after {pause_s:.1f} s", flush=True)

        for sender in senders:
            sender.end()

        def is_over() -> bool:
            service.keep()
            with database.read() as session:
                waiting = select(Job.id).where(Job.status.in_(("queued", "running"))).limit(1)
                unchecked = select(Upload.id).where(Upload.status == "received").limit(1)
                return session.scalar(waiting) is session.scalar(unchecked) is None and not any(
                    sender.is_alive() for sender in senders
                )

        n_looks += watch(database, settings, known=sending.sent, seconds=1800, until=is_over)
        service.stop()
    told = f"{require_all(database, settings, asked)}; {require_uploads(database, settings, sending)}"
    database.close()
    return f"killed {dict(killed)}; {n_looks} looks at all that is shown; {n_left} processes left alone; {told}"


def require_all(database: Database, settings: ServiceSettings, asked: list[str]) -> str:
    """Every job has ended once, what each made is there once and whole, and nothing else is."""
    shown = check_shelf(database, settings.shelf)
    with database.read() as session:
        jobs = {job.id: job for job in session.scalars(select(Job))}
        ends = Counter(session.scalars(select(AuditRecord.subject).where(AuditRecord.action == "end job")))
        assert check_chain(session).fault is None
    assert set(jobs) == set(asked), "a job was lost"
    statuses = Counter(job.status for job in jobs.values())
    assert set(statuses) <= {"done", "failed"}, statuses
    done = {job.id for job in jobs.values() if job.status == "done"}
    assert ends == dict.fromkeys(asked, 1), "a job ended twice, or never"
    assert set(shown) == done, "a product is missing, or shown without its job"
    assert all(len(paths) == len(set(paths)) for paths in shown.values()), "a file is shown twice"
    assert all(job.n_attempts == 3 for job in jobs.values() if job.status == "failed"), "a job failed too early"
    clear_bench(database, settings)
    assert {path.name for path in settings.shelf.iterdir()} == done
    assert list(settings.bench.glob("*-*")) == []
    attempts = Counter(job.n_attempts for job in jobs.values())
    return f"jobs {dict(statuses)}, by attempts {dict(sorted(attempts.items()))}"


def main() -> None:
    """Kill as often as asked for."""
    n_kills, has_cluster = int(sys.argv[1]), sys.argv[2:] == ["postgresql"]
    home = Path(tempfile.mkdtemp(prefix="hotspots-killed-"))
    home.chmod(0o755)
    cluster = Cluster(home / "cluster") if has_cluster else None
    try:
        print(kill_service(n_kills, home, cluster=cluster))
    except (AssertionError, HotspotsError):
        print(f"What is left is in {home}.", file=sys.stderr)
        raise
    finally:
        if cluster:
            cluster.stop()
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
