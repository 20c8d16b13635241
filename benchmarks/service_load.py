"""How long readers of the service wait: fifty at once, two analysts at work, and the same files behind nginx.

Readers arrive within half a minute. Each opens a page, reads it for one to three seconds, and opens the next: the
first page, a product, its map and its pages. Two analysts ask for a run, watch it, and look at the list of runs.
Clients and server share the machine.

    python -m benchmarks.service_load                 # two minutes of each, on SQLite
    python -m benchmarks.service_load --seconds 20 --database postgresql://...
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import getpass
import json
import os
import random
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import psutil

from benchmarks.machine import describe_machine, say_machine

_READING_S = (1.0, 3.0)
_ARRIVING_S = 30.0
_READY_S = 240
_TRIES, _AGAIN_S = 10, 5
_SAMPLE_S = 1.0
_FILES = re.compile(r'href="(/files/[^"]+\.html)"')
_PRODUCTS = re.compile(r'href="(/products/[0-9a-f]+)"')
_FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


@dataclass(slots=True, kw_only=True)
class Load:
    """What was seen.

    Attributes:
        waits_ms: Of each page, from asking to its last byte.
        errors: What went wrong.
        memory_mb: Of the server and its workers, each second.
    """

    waits_ms: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)

    def list_waits(self) -> list[float]:
        """Of all pages."""
        return [wait for waits in self.waits_ms.values() for wait in waits]


def find_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def fetch(client: httpx2.AsyncClient, address: str, kind: str, load: Load) -> str:
    """Open a page, and note how long it took."""
    began = time.perf_counter()
    try:
        answer = await client.get(address)
    except httpx2.HTTPError as error:
        load.errors.append(f"{kind}: {type(error).__name__}")
        return ""
    load.waits_ms.setdefault(kind, []).append((time.perf_counter() - began) * 1000)
    if answer.status_code not in (200, 304):
        load.errors.append(f"{kind}: {answer.status_code}")
    return answer.text


@contextlib.asynccontextmanager
async def sign_in(base: str, name: str, password: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that has signed in."""
    async with httpx2.AsyncClient(base_url=base, timeout=30, follow_redirects=True) as client:
        for _ in range(_TRIES):  # fifty people who sign in from one address in the same second wait for one another
            answer = await client.post("/sign-in", data={"name": name, "password": password})
            if answer.status_code != httpx2.codes.TOO_MANY_REQUESTS:
                break
            await asyncio.sleep(_AGAIN_S)
        answer.raise_for_status()
        yield client


async def read_pages(base: str, name: str, password: str, load: Load, until: float) -> None:
    """One reader."""
    chance = random.Random(name)  # noqa: S311 - how long somebody reads
    await asyncio.sleep(chance.uniform(0, _ARRIVING_S))
    async with sign_in(base, name, password) as client:
        while time.perf_counter() < until:
            home = await fetch(client, "/", "first page", load)
            products = sorted(set(_PRODUCTS.findall(home)))
            for product in chance.sample(products, min(2, len(products))):
                await asyncio.sleep(chance.uniform(*_READING_S))
                page = await fetch(client, product, "product", load)
                for file in sorted(set(_FILES.findall(page)))[:3]:
                    await asyncio.sleep(chance.uniform(*_READING_S))
                    await fetch(client, file, "file", load)
            await asyncio.sleep(chance.uniform(*_READING_S))


async def run_analyses(base: str, name: str, password: str, load: Load, until: float) -> None:
    """One analyst."""
    async with sign_in(base, name, password) as client:
        while time.perf_counter() < until:
            form = await fetch(client, "/jobs/new?kind=map", "form of a run", load)
            token = _FORM_TOKEN.search(form)
            if token is None:
                load.errors.append("form of a run: no token")
                return
            asked = {"form_token": token[1], "kind": "map", "crimes": "robbery", "audience": "tasking"}
            answer = await client.post("/jobs", data=asked)
            if answer.status_code != 200:
                load.errors.append(f"ask for a run: {answer.status_code}")
            for _ in range(8):
                await asyncio.sleep(2)
                await fetch(client, "/jobs", "list of runs", load)


async def read_behind_nginx(base: str, paths: list[str], name: str, load: Load, until: float) -> None:
    """One reader of the same files behind nginx, at the same pace."""
    chance = random.Random(name)  # noqa: S311 - how long somebody reads
    await asyncio.sleep(chance.uniform(0, _READING_S[1]))
    async with httpx2.AsyncClient(base_url=base, timeout=30) as client:
        while time.perf_counter() < until:
            await fetch(client, chance.choice(paths), "file", load)
            await asyncio.sleep(chance.uniform(*_READING_S))


async def watch_memory(process: psutil.Process, load: Load, until: float) -> None:
    """What the server holds by itself; the children that run analyses come and go."""
    while time.perf_counter() < until:
        with contextlib.suppress(psutil.Error):
            load.memory_mb.append(process.memory_info().rss / 2**20)
        await asyncio.sleep(_SAMPLE_S)


def make_workspace(folder: Path, database: str | None, names: list[tuple[str, str]], password: str) -> dict[str, str]:
    """A workspace with the demonstration and accounts."""
    from hotspots.service.people import add_account
    from hotspots.service.state import load_service_settings, open_database
    from hotspots.workspace import make_workspace as make

    make(folder, demonstration=True)
    environment = {**os.environ, **({"HOTSPOTS_DATABASE": database} if database else {})}
    os.environ.update(environment)
    _, service = load_service_settings(folder / "hotspots.toml")
    opened = open_database(service.database_address)
    with opened.write() as session:
        for name, role in names:
            add_account(session, name, password=password, role=role, must_change_password=False)  # type: ignore[arg-type]
    opened.close()
    return environment


@contextlib.contextmanager
def start_service(folder: Path, port: int, environment: dict[str, str]) -> Iterator[psutil.Process]:
    """The service, with its worker."""
    command = [sys.executable, "-m", "hotspots", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def start_nginx(folder: Path, files: Path, port: int) -> Iterator[None]:
    """Nginx, which gives files to whoever asks."""
    folder.mkdir()
    settings = (
        f"user {getpass.getuser()}; daemon off; pid {folder}/pid; error_log {folder}/log;\n"
        "worker_processes auto; events {}\n"
        f"http {{ access_log off; types {{ text/html html; }}\n"
        f" client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;\n"
        f" uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n"
        f" server {{ listen 127.0.0.1:{port}; root {files}; }} }}\n"
    )
    (folder / "nginx.conf").write_text(settings, "utf-8")
    process = subprocess.Popen([str(shutil.which("nginx")), "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield
    finally:
        process.terminate()
        process.wait(10)


async def wait_for_products(base: str, password: str) -> None:
    """Ask for a run and wait until it is on the shelf."""
    deadline = time.perf_counter() + _READY_S
    while True:
        try:
            async with sign_in(base, "analyst1", password) as client:
                form = await client.get("/jobs/new?kind=map")
                token = _FORM_TOKEN.search(form.text)
                assert token, form.text
                asked = {"form_token": token[1], "kind": "map", "crimes": "robbery", "audience": "tasking"}
                (await client.post("/jobs", data=asked)).raise_for_status()
                while not _PRODUCTS.search((await client.get("/")).text):
                    if time.perf_counter() > deadline:
                        raise SystemExit("The first run did not end.")
                    await asyncio.sleep(1)
                return
        except httpx2.TransportError:
            if time.perf_counter() > deadline:
                raise SystemExit("The service did not start.") from None
            await asyncio.sleep(0.5)


def describe(load: Load) -> dict[str, object]:
    """The figures of a load."""
    waits = sorted(load.list_waits())
    third = max(1, len(load.memory_mb) // 3)
    return {
        "pages": len(waits),
        "median_ms": round(statistics.median(waits), 1),
        "p95_ms": round(waits[int(len(waits) * 0.95)], 1),
        "longest_ms": round(waits[-1], 1),
        "median_ms_by_kind": {kind: round(statistics.median(of), 1) for kind, of in sorted(load.waits_ms.items())},
        "errors": load.errors[:10],
        "n_errors": len(load.errors),
        **(
            {
                "memory_mb_first_third": round(statistics.median(load.memory_mb[:third])),
                "memory_mb_last_third": round(statistics.median(load.memory_mb[-third:])),
            }
            if load.memory_mb
            else {}
        ),
    }


async def load_service(base: str, process: psutil.Process, readers: int, password: str, seconds: float) -> Load:
    """All readers and analysts at once."""
    load, until = Load(), time.perf_counter() + seconds
    await asyncio.gather(
        watch_memory(process, load, until),
        *(read_pages(base, f"reader{number}", password, load, until) for number in range(1, readers + 1)),
        *(run_analyses(base, f"analyst{number}", password, load, until) for number in (1, 2)),
    )
    return load


async def load_nginx(base: str, paths: list[str], readers: int, seconds: float) -> Load:
    """As many readers of the same files."""
    load, until = Load(), time.perf_counter() + seconds
    readers_of_files = (read_behind_nginx(base, paths, f"reader{number}", load, until) for number in range(readers))
    await asyncio.gather(*readers_of_files)
    return load


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--database", help="Address of an empty PostgreSQL database; a file of SQLite by default")
    options = parser.parse_args()
    password = secrets.token_urlsafe(18)
    names = [(f"reader{number}", "viewer") for number in range(1, options.readers + 1)]
    names += [("analyst1", "analyst"), ("analyst2", "analyst")]
    found: dict[str, object] = {"machine": say_machine(describe_machine()), "seconds": options.seconds}
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Path(scratch) / "workspace"
        environment = make_workspace(workspace, options.database, names, password)
        port = find_port()
        base = f"http://127.0.0.1:{port}"
        with start_service(workspace, port, environment) as process:
            asyncio.run(wait_for_products(base, password))
            loaded = asyncio.run(load_service(base, process, options.readers, password, options.seconds))
        found["service"] = describe(loaded)
        shelf = workspace / "service" / "shelf"
        if shutil.which("nginx"):
            paths = sorted(urljoin("/", path.relative_to(shelf).as_posix()) for path in shelf.rglob("*.html"))[:12]
            port = find_port()
            with start_nginx(Path(scratch) / "nginx", shelf, port):
                base = f"http://127.0.0.1:{port}"
                beside = asyncio.run(load_nginx(base, paths, options.readers, options.seconds / 4))
            found["nginx"] = describe(beside)
            files = statistics.median(loaded.waits_ms["file"])
            found["file_beside_nginx"] = round(files / statistics.median(beside.list_waits()), 1)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
