"""Workers and a command for tests: `hotspots` takes seconds to do anything, and this one does what a test asks for.

`python job_workers.py work <database> <folder> <lease>` is a worker with this command;
`python job_workers.py keep <database> <folder> <lease>` keeps one of these, as the server does;
`python job_workers.py command <asked> --out=<folder>` is the command, of what is asked for as JSON;
`python job_workers.py feed <code> fetch crimes ...` is that of a feed, which fetches a month, or ends with a code.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotspots.service.state import Database

COMMAND = (sys.executable, "-S", __file__, "command")
"""What a worker runs in the place of Hotspots."""
LOG = "commands.log"
"""In the workspace: what each command began and ended, and whether it met another of its job."""


def check_shelf(database: Database, shelf: Path) -> dict[str, list[str]]:
    """What is shown is whole, byte for byte; the paths shown of each job."""
    from sqlalchemy import select  # here, as the command has none of this

    from hotspots.service.state import Job, Product, ProductFile

    shown: dict[str, list[str]] = {}
    with database.read() as session:
        found = session.execute(
            select(ProductFile, Job.status)
            .join(Product, Product.id == ProductFile.product_id)
            .join(Job, Job.id == Product.job_id)
            .order_by(ProductFile.path)
        ).all()
    for file, status in found:
        path = shelf / file.job_id / file.path
        content = path.read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.n_bytes, file.sha256), path
        assert status == "done", (file.job_id, status)
        shown.setdefault(file.job_id, []).append(file.path)
    return shown


def ask(**asked: Any) -> list[str]:
    """Arguments of a job.

    Args:
        asked: `seconds` it takes; `files` it makes, of `size` bytes; the `code` it ends with, or the `signal` that ends
            it; what it `say`s; `megabytes` of memory it takes; `attempts` that fail before one does not.
    """
    return [json.dumps(asked)]


def run_command(asked: dict[str, Any], out: Path) -> int:
    """Do what is asked, and write a product that the catalogue knows."""
    job_id = out.parent.name.partition("-")[0]
    with _be_alone(job_id) as n_before:
        held = b"x" * (asked.get("megabytes", 0) * 2**20)
        print("\x1ehalfway", file=sys.stderr, flush=True)
        for line in asked.get("say", []):
            print(line, file=sys.stderr, flush=True)
        if n_before < asked.get("attempts", 0):
            os.kill(os.getpid(), signal.SIGKILL)
        folder = out / "operation" / "b"
        folder.mkdir(parents=True)
        names = [f"page{number}.html" for number in range(asked.get("files", 3))]
        for name in names:
            (folder / name).write_bytes(os.urandom(asked.get("size", 1_000)))
            time.sleep(asked.get("seconds", 0) / len(names))
        summary = {
            "crime_label": "Robbery",
            "operation": {"start": "2026-04-01", "end": "2026-06-30"},
            "areas": {"treated": {"name": "Peckham"}},
            "words": ["Fell."],
            "data_status": {},
            "products": {name: name for name in names},
        }
        if names:
            (folder / "operation.json").write_text(json.dumps(summary), "utf-8")
        (out / "index.html").write_text("the list", "utf-8")
        if "signal" in asked:
            os.kill(os.getpid(), asked["signal"])
        del held
    return int(asked.get("code", 0))


@contextmanager
def _be_alone(job_id: str) -> Iterator[int]:
    """Write down when a command of a job is at work, and whether another one is; how often one began before."""
    with (Path(f"{job_id}.alone")).open("w") as lock, Path(LOG).open("a+") as log:
        log.seek(0)
        n_before = sum(line.split() == ["began", job_id] for line in log)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            log.write(f"met {job_id}\n")
        log.write(f"began {job_id}\n")
        log.flush()
        yield n_before
        log.write(f"ended {job_id}\n")


def feed(code: int, folder: Path) -> int:
    """Fetch March 2026 of one force, unless it is to fail."""
    if not code:
        (folder / "2026-03").mkdir()
        (folder / "2026-03" / "2026-03-metropolitan-street.csv").touch()
    print("1 files fetched" if not code else "hotspots: data.police.uk does not answer.", file=sys.stderr)
    return code


def work(address: str, folder: str, lease_s: float) -> None:
    """Be a worker until told to end."""
    from hotspots.service.jobs import Worker, WorkRules
    from hotspots.service.state import ServiceSettings, open_database

    settings = ServiceSettings(workspace=Path(folder), folder=Path(folder) / "service")
    database = open_database(address)
    rules = WorkRules(lease_s=lease_s, poll_s=0.1, backoff_s=0.2, max_attempts=9)
    worker = Worker(database, settings, command=COMMAND, rules=rules)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()


def keep(*given: str) -> None:
    """Keep a worker, as the server does, until told to end."""
    from hotspots.service.app import keep_workers

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with keep_workers([sys.executable, __file__, "work", *given], n=1, notify=print):
        time.sleep(600)


def main() -> None:
    """Be what is asked for."""
    role, *rest = sys.argv[1:]
    if role == "command":
        sys.exit(run_command(json.loads(rest[0]), Path(rest[1].partition("=")[2])))
    elif role == "feed":
        sys.exit(feed(int(rest[0]), Path(next(one[6:] for one in rest if one.startswith("--out=")))))
    elif role == "keep":
        keep(*rest)
    else:
        work(rest[0], rest[1], float(rest[2]))


if __name__ == "__main__":
    main()
