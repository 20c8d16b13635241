"""Commands of Hotspots that the service runs for itself, each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from hotspots.service.jobs.job_attempt import tie
from hotspots.service.state import ServiceSettings

HOTSPOTS = (sys.executable, "-P", "-m", "hotspots")
"""What runs Hotspots: the installed one, whatever lies in the workspace, in which it runs."""
_SPEAKS = "hotspots: "
_MOST_LETTERS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRun:
    """How a command ended.

    Attributes:
        printed: To stdout.
        fault: Why it failed, in its own words; empty where it did not.
    """

    printed: bytes
    fault: str


def run_own(arguments: Sequence[str], service: ServiceSettings, *, command: Sequence[str] = HOTSPOTS) -> OwnRun:
    """Run a command in the workspace to its end, which is that of this process at the latest.

    Args:
        arguments: What would be typed after `hotspots`.
        service: Where, and how long it may take.
        command: What runs Hotspots.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            tie([*command, *arguments]),
            cwd=service.workspace,
            env={name: value for name, value in os.environ.items() if not name.startswith("HOTSPOTS_")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=service.max_minutes * 60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return OwnRun(printed=b"", fault=f"It took longer than {service.max_minutes} minutes.")
    if done.returncode == 0:
        return OwnRun(printed=done.stdout, fault="")
    said = done.stderr.decode("utf-8", "replace").replace("\0", " ").strip().splitlines()
    last = said[-1].removeprefix(_SPEAKS) if said else f"It ended with {done.returncode}."
    return OwnRun(printed=done.stdout, fault=last[:_MOST_LETTERS])
