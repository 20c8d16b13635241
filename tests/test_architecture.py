"""The shape of the package: a stage imports only from stages before it, and folium has one importer."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

STAGES = [
    "errors",
    "contracts",
    "crimes",
    "harm",
    "geography",
    "ingest",
    "analysis",
    "selection",
    "quality",
    "settings",
    "workspace",
    "request",
    "study",
    "places",
    "times",
    "pipeline",
    "evaluation",
    "operation",
    "performance",
    "products",
    "cli",
]
PACKAGE = Path(__file__).parents[1] / "hotspots"
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported_modules(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def stage_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_its_own_stage_and_those_before(path: Path) -> None:
    stage = stage_of(path)
    if stage in ("__init__", "__main__"):
        pytest.skip("the package itself and its entry point stand outside the stages")
    allowed = STAGES[: STAGES.index(stage) + 1]
    used = {name.split(".")[1] for name in imported_modules(path) if name.startswith("hotspots.")}
    assert used - {"__version__"} <= set(allowed)


def test_every_module_belongs_to_a_stage() -> None:
    assert {stage_of(path) for path in MODULES} - {"__init__", "__main__"} == set(STAGES)


def test_only_maps_imports_folium() -> None:
    importers = {p.name for p in MODULES if any(n.split(".")[0] == "folium" for n in imported_modules(p))}
    assert importers == {"maps.py"}
