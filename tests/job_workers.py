"""Workers and a command for tests: `hotspots` takes seconds to do anything, and this one does what a test asks for.

`python job_workers.py work <database> <folder> <lease>` is a worker with this command;
`python job_workers.py command <asked> --out=<folder>` is the command, of what is asked for as JSON.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-S", __file__, "command")
"""What a worker runs in the place of Hotspots."""
LOG = "commands.log"
"""In the workspace: what each command began and ended, and whether it met another of its job."""


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


def main() -> None:
    """Be a worker, or the command."""
    role, *rest = sys.argv[1:]
    if role == "command":
        sys.exit(run_command(json.loads(rest[0]), Path(rest[1].partition("=")[2])))
    from hotspots.service.jobs import Worker, WorkRules
    from hotspots.service.state import ServiceSettings, open_database

    address, folder, lease_s = rest
    settings = ServiceSettings(workspace=Path(folder), folder=Path(folder) / "service")
    database = open_database(address)
    rules = WorkRules(lease_s=float(lease_s), poll_s=0.1, backoff_s=0.2)
    worker = Worker(database, settings, command=COMMAND, rules=rules)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    print(worker.name, flush=True)
    worker.run()


if __name__ == "__main__":
    main()
