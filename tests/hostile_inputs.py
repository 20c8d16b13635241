"""Broken and hostile files tried by chance through the command line, and what must hold whatever they are.

`hostile_contents.py` makes them. However one is spoiled, the command ends in time and within memory, with products or
with one sentence, and no traceback; rows are accounted for, those of a file beside it too; nothing is written outside
the folder of products, the files read stay as they are, nothing printed steers a terminal, and nobody is called.
`python tests/hostile_inputs.py 10000 SEED` tries as many (with a role after it, of that alone), and prints what came of
each way of spoiling; a fault is printed by its seed. The test tries a few.
"""

from __future__ import annotations

import collections
import contextlib
import csv
import faulthandler
import hashlib
import json
import re
import shutil
import socket
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
from generated_files import EAST_M, NORTH_M, SLOWEST_S, make_truth, make_wards
from hostile_contents import MARKUP, RAN, ROLES, Content, Lures, Role, make_content
from support import call, has_live_cells

MOST_BYTES = 1024**3
"""By which memory may grow."""
SLOW_S = 5
"""Of the processor. Longer is told of, and no fault yet."""
STUCK_S = 300
"""After which the process is ended, and says where it was."""
N_GOOD = 40
ENDED_WELL = (0, 2, 3, 4)
NO_SUCH_PATH = "File name too long"
"""What the system says of a path in the settings that it cannot have; the command says it in one line."""
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")

HOW_OFTEN: Mapping[Role, float] = {
    "incidents": 0.46,
    "boundaries": 0.12,
    "settings": 0.14,
    "havens": 0.09,
    "residents": 0.04,
    "terms": 0.04,
    "peers": 0.04,
    "postcodes": 0.04,
    "lsoas": 0.03,
    # these only where they are asked for, as a run with them takes longer
    **dict.fromkeys(("streets", "premises", "schools", "marks", "records", "plan", "places"), 0.0),
}

Arguments = tuple[str | Path, ...]


@dataclass(kw_only=True)
class Found:
    """What came of inputs.

    Attributes:
        outcomes: How often each way of spoiling ended how.
        faults: What must not be, with the seed of the input.
        slow: What took longer than `SLOW_S`, and what took much memory.
    """

    n_inputs: int = 0
    n_commands: int = 0
    outcomes: collections.Counter[tuple[str, str]] = field(default_factory=collections.Counter)
    faults: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)


class Home:
    """A folder with a good file, its wards and the folders of one input, below others where nothing may come to be."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.folder = base / "one" / "two" / "three"
        self.read, self.out = self.folder / "read", self.folder / "maps"
        self.read.mkdir(parents=True)
        self.good, self.wards = self.read / "good.csv", self.read / "wards.geojson"
        self.havens, self.pings = self.read / "havens.csv", self.read / "pings.csv"
        make_wards().to_file(self.wards)
        truth = make_truth(np.random.default_rng(5), N_GOOD)
        pd.DataFrame(
            {
                "Crime Ref": [f"G{number}" for number in range(N_GOOD)],
                "Offence": "Robbery",
                "Date From": truth["started_at"].dt.strftime("%d/%m/%Y %H:%M"),
                "Easting": truth["easting"],
                "Northing": truth["northing"],
                "Location": "High Street",
            }
        ).to_csv(self.good, index=False)
        self.havens.write_text(
            f"name,opening_hours,easting,northing\nLibrary,24/7,{EAST_M + 200},{NORTH_M + 200}\n", "utf-8"
        )
        self.pings.write_text(
            "timestamp,easting,northing\n"
            + "".join(f"2025-10-26 10:{minute}:00,{EAST_M + 300},{NORTH_M + 300}\n" for minute in range(10, 40)),
            "utf-8",
        )
        # for the rows that have no other place
        pd.DataFrame(
            {
                "Crime Ref": [f"P{number}" for number in range(5)],
                "Offence": "Robbery",
                "Date From": "01/02/2025 10:00",
                "Postcode": "SE15 4ST",
                "LSOA code": "E05090001",
            }
        ).to_csv(self.read / "unlocated.csv", index=False)

    def list_files(self) -> dict[str, str]:
        """Everything below, without products, and its digest."""
        return {
            path.relative_to(self.base).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            if path.is_file()
            else ""
            for path in self.base.rglob("*")
            if not path.is_relative_to(self.out)
        }

    def write(self, content: Content) -> Path:
        """The file of an input, by a plain name where this system has not the one it wants."""
        path = self.read / content.name
        try:
            path.write_bytes(content.data)
        except (OSError, ValueError):
            path = self.read / f"input{re.sub(r'[^a-z.]', '', Path(content.name).suffix)}"
            path.write_bytes(content.data)
        return path


class Judge:
    """Tries inputs, and says what must not be."""

    def __init__(self, home: Home, listener: socket.socket, found: Found) -> None:
        self.home, self.listener, self.found = home, listener, found
        self.label = ""
        self.kinds: list[str] = []

    def try_input(self, seed: int, role: Role | None = None) -> None:
        """Make an input and give it to commands that read such a one."""
        random = np.random.default_rng(seed)
        role = role or ROLES[random.choice(len(ROLES), p=[HOW_OFTEN[name] for name in ROLES])]
        lures = Lures(address=f"http://127.0.0.1:{self.listener.getsockname()[1]}/x", folder=self.home.base)
        content = make_content(random, role, lures)
        before = self.home.list_files()
        path = self.home.write(content)
        given = {path.relative_to(self.home.base).as_posix(): hashlib.sha256(content.data).hexdigest()}
        self.label = f"seed {seed}, {role}, {path.suffix} {content.kinds}"
        self.kinds = content.kinds
        n_faults = len(self.found.faults)
        code = self.try_commands(content, path, random)
        if content.is_sound and code != 0:
            self.blame(f"a sound file is refused: {code}")
        after = self.home.list_files()
        if {name: after.get(name) for name in before | given} != before | given:
            self.blame("a file that is read was changed")
        if role != "settings" and (more := sorted(after.keys() - before.keys() - given.keys())):
            self.blame(f"written outside of products: {more}")
        outcome = "fault" if len(self.found.faults) > n_faults else "read" if code == 0 else "refused"
        for kind in dict.fromkeys(content.kinds):
            for part in re.split(r" (?=in a |as )", kind):
                self.found.outcomes[part, outcome] += 1
        self.found.outcomes[f"({role})", outcome] += 1
        self.found.n_inputs += 1
        for name in after.keys() - before.keys():
            gone = self.home.base / name
            shutil.rmtree(gone) if gone.is_dir() else gone.unlink(missing_ok=True)
        shutil.rmtree(self.home.out, ignore_errors=True)

    def try_commands(self, content: Content, path: Path, random: np.random.Generator) -> int:
        """The exit code of the first command that reads it, after others that do."""
        home = self.home
        good: Arguments = ("--incidents", home.good)
        wards: Arguments = ("--boundaries", home.wards)
        out: Arguments = ("--out", home.out)
        run: Arguments = ("run", "--crime", "robbery", "--json", *out)
        match content.role:
            case "incidents":
                return self.try_incidents(content, path, random)
            case "boundaries":
                code, _ = self.run(*run, *good, "--boundaries", path)
            case "lsoas" | "postcodes":
                settings = home.folder / "settings.toml"
                settings.write_text(f"{content.role} = {json.dumps(str(path))}\n", "utf-8", errors="surrogateescape")
                code, said = self.call("check", home.read / "unlocated.csv", "--settings", settings, "--json")
                settings.unlink()
                self.require_sum(said)
                code = 0 if code == 4 else code  # it was read, and places nobody
            case "havens":
                code, _ = self.run(*run, *good, *wards, "--havens", path)
            case "residents":
                code, _ = self.run(*run, *good, *wards, "--population", path)
            case "terms":
                code, _ = self.run(*run, *good, *wards, "--term-dates", path)
            case "peers":
                code, _ = self.call("performance", *good, *wards, "--peers", path, *out)
            case "streets":
                beside: Arguments = ("--havens", home.havens, "--streets", path)
                if random.random() < 0.5:
                    code, _ = self.call(
                        "havens", "coverage", "--crime", "robbery", "--json", *good, *wards, *beside, *out
                    )
                    self.look_into_products()
                else:
                    code, _ = self.run(*run, *good, *wards, *beside)
            case "schools":
                if random.random() < 0.5:
                    code, _ = self.call("havens", "poster", *wards, "--havens", home.havens, "--schools", path, *out)
                    self.look_into_products()
                else:
                    code, _ = self.run(*run, *good, *wards, "--schools", path)
            case "premises" | "marks":
                option = {"premises": "--premises", "marks": "--safety-maps"}[content.role]
                code, _ = self.run(*run, *good, *wards, option, path)
            case "records" | "plan" | "places":
                option = {"records": "--records", "plan": "--plan", "places": "--places-file"}[content.role]
                records = () if content.role == "records" else ("--records", home.pings)
                asked: Arguments = ("--crime", "robbery", *good, *wards, *out, *records, option, path)
                code, _ = self.call("patrol", "done", "--json", *asked)
                code = 0 if code == 4 else code  # it was read, and there are too few places
                self.look_into_products()
            case "settings":
                settled: Arguments = ("--settings", path)
                code, said = self.call("check", home.good, *settled, "--json")
                self.require_sum(said)
                second, _ = (
                    self.run(*run, *settled, *good, *wards)
                    if random.random() < 0.5
                    else (self.call("performance", *good, *wards, *out, *settled))
                )
                code = max(code, second)
        return code

    def try_incidents(self, content: Content, path: Path, random: np.random.Generator) -> int:
        home = self.home
        code, said = self.call("check", path, "--json", "--boundaries", home.wards)
        self.require_sum(said)
        n_read = said["n_read"] if said else 0
        if said and content.n_rows is not None and n_read != content.n_rows:
            self.blame(f"{n_read} of {content.n_rows} rows read")
        if random.random() < 0.3:
            self.call("check", path)
        both: Arguments = ("--incidents", path, "--incidents", home.good, "--boundaries", home.wards)
        out: Arguments = ("--out", home.out)
        if code in (0, 4) and random.random() < 0.35:
            store = ("--store", home.out / "store") if random.random() < 0.3 else ()
            for _ in range(2 if store else 1):
                ended, summary = self.run("run", "--crime", "robbery", "--json", *both, *out, *store)
                if summary and summary["accounts"]["read"] != N_GOOD + n_read:
                    self.blame(f"{summary['accounts']['read']} of {N_GOOD} + {n_read} rows read by a run")
                if not summary and code == 0 and ended not in (3, 4):
                    self.blame(f"a run ended with {ended}")
        elif code in (0, 4) and random.random() < 0.2:
            days = ("--from", "2025-01-01", "--to", "2025-06-30")
            self.call("performance", *both, *out)
            self.call("operation", "--crime", "robbery", "--treated-ward", "Ashe", *days, *both, *out)
        elif random.random() < 0.1:
            ended, _ = self.run("run", "--crime", "robbery", "--json", *both, *out)
            if code not in (0, 4) and ended == 0:
                self.blame("a file that was refused is passed over beside another")
        return code

    def run(self, *arguments: str | Path) -> tuple[int, Any]:
        """A run, whose products are looked into, and whose accounts are added up."""
        code, summary = self.call(*arguments)
        if code != 0:
            return code, None
        accounts = summary["accounts"]
        parts = ("analysed", "other_crimes", "outside_area", "outside_period")
        if accounts["read"] != sum(accounts[part] for part in parts) + sum(accounts["rejected"].values()):
            self.blame(f"the accounts do not add up: {accounts}")
        rows = {read["path"]: read.get("rows") for read in summary["inputs"]}
        if rows.get("good.csv") != N_GOOD:
            self.blame(f"{rows.get('good.csv')} of {N_GOOD} rows of the file beside it")
        self.look_into_products()
        return code, summary

    def look_into_products(self) -> None:
        """No text of a file runs in a page or starts a formula."""
        for path in self.home.out.rglob("*"):
            if path.suffix == ".html":
                page = path.read_text("utf-8")
                if MARKUP in page:
                    self.blame(f"markup in {path.name}")
                if any(kind.startswith("template") for kind in self.kinds) and RAN in page:
                    self.blame(f"a template ran in {path.name}")
            elif path.suffix == ".csv":
                with path.open(encoding="utf-8-sig", newline="") as opened:
                    cells = [cell for row in csv.reader(opened) for cell in row]
                if any(
                    cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not NUMBER.fullmatch(cell) for cell in cells
                ):
                    self.blame(f"a formula in {path.name}")
            elif path.suffix == ".xlsx":
                if has_live_cells(path):
                    self.blame(f"a formula or a link in {path.name}")
            elif path.suffix in (".json", ".geojson"):
                self.read_json(path.read_text("utf-8"), path.name)

    def read_json(self, text: str, where: str) -> Any:
        """JSON, of which each number must be one that every program knows."""
        return json.loads(text, parse_constant=lambda word: self.blame(f"{word} in {where}"))

    def require_sum(self, said: Any) -> None:
        """The rows that `check` tells of are those it read."""
        if (
            said
            and said["n_read"] != said["n_used"] + sum(one["n_rows"] for one in said["refused"]) + said["n_set_aside"]
        ):
            self.blame("the accounts of check do not add up")

    def call(self, *arguments: str | Path) -> tuple[int, Any]:
        """Exit code of a command, and the JSON that it prints, if it does."""
        called: list[object] = []
        began, high = time.process_time(), _reset_peak()
        with (
            warnings.catch_warnings(record=True) as warned,
            mock.patch("socket.socket.connect", lambda _, address: called.append(address)),
        ):
            warnings.simplefilter("always")
            faulthandler.dump_traceback_later(STUCK_S, exit=True)
            try:
                code, out, err = call(*arguments)
            except BaseException as error:  # a parser in Rust panics with one that is no Exception
                if isinstance(error, KeyboardInterrupt):
                    raise
                where = traceback.extract_tb(error.__traceback__)
                at = [f"{Path(step.filename).name}:{step.lineno}" for step in where if "hotspots" in step.filename][-1:]
                self.blame(f"{type(error).__name__}: {str(error)[:150]} at {at}")
                code, out, err = 99, "", ""
            finally:
                faulthandler.cancel_dump_traceback_later()
        taken, grown = time.process_time() - began, _read_peak() - high
        self.found.n_commands += 1
        doing = arguments[0]
        if taken > SLOW_S:
            self.found.slow.append(f"{self.label}: {doing} took {taken:.0f} s")
        if taken > SLOWEST_S:
            self.blame(f"{doing} took {taken:.0f} s")
        if grown > MOST_BYTES:
            self.blame(f"{doing} took {grown / 1024**2:.0f} MB")
        if code not in (*ENDED_WELL, 99) and NO_SUCH_PATH not in err:
            self.blame(f"{doing} ended with {code}: {err[-300:]}")
        if STEERING.search(out + err):
            self.blame(f"{doing} prints {STEERING.search(out + err)}")
        for warning in warned:
            said = f"{warning.category.__name__}: {str(warning.message)[:120]} ({warning.filename}:{warning.lineno})"
            self.blame(f"{doing} warns: {said}")
        if called or _was_called(self.listener):
            self.blame(f"{doing} called {called or 'the address in it'}")
        is_json = "--json" in arguments and out.startswith("{")
        return code, self.read_json(out, f"what {doing} prints") if is_json else None

    def blame(self, fault: str) -> None:
        """Note a fault of this input."""
        self.found.faults.append(f"{self.label}: {fault}")


def _was_called(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _read_peak() -> int:
    """The most memory that this process has taken; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _reset_peak() -> int:
    """The same, from now on where Linux lets it be forgotten."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _read_peak()


@contextmanager
def open_judge(found: Found) -> Iterator[Judge]:
    """A judge with a folder of its own, and somebody who listens."""
    with tempfile.TemporaryDirectory() as base, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield Judge(Home(Path(base)), listener, found)


def try_many(
    n: int,
    *,
    first_seed: int = 0,
    role: Role | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Found:
    """Make and try so many inputs, of one role if it is given."""
    found = Found()
    with open_judge(found) as judge:
        for seed in range(first_seed, first_seed + n):
            n_faults = len(found.faults)
            judge.try_input(seed, role)
            for fault in found.faults[n_faults:]:
                progress(fault)
    return found


def main(n: str, first_seed: str = "0", role: Any = None) -> None:
    """Try as many inputs as asked for, and print what came of them."""
    found = try_many(
        int(n),
        first_seed=int(first_seed),
        role=role,
        progress=lambda text: print(text.encode("ascii", "backslashreplace").decode(), flush=True),
    )
    print(f"{found.n_inputs} inputs, {found.n_commands} commands, {len(found.faults)} faults")
    print(*found.slow, sep="\n")
    print(f"{'':36}   read refused  fault")
    for kind in sorted({kind for kind, _ in found.outcomes}):
        counts = (found.outcomes[kind, outcome] for outcome in ("read", "refused", "fault"))
        print(f"{kind:36}" + "".join(f"{n:7}" for n in counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
