"""The shape of the house: stages in order, rooms with a face, each name once, and no option named outside `cli`."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotspots import pipeline

PACKAGE = Path(__file__).parents[1] / "hotspots"
METHODS = PACKAGE.parent / "docs" / "methods"
TESTS = Path(__file__).parent

STAGES = (
    "hotspots.errors",
    "hotspots.contracts",
    "hotspots.crimes",
    "hotspots.harm",
    "hotspots.distributions",
    "hotspots.logos",
    "hotspots.house",
    "hotspots.geography",
    "hotspots.ingest.texts",
    "hotspots.ingest.formats",
    "hotspots.ingest.incidents",
    "hotspots.ingest.reference",
    "hotspots.ingest.fetch",
    "hotspots.analysis.calendar",
    "hotspots.analysis.hours",
    "hotspots.analysis.surfaces",
    "hotspots.analysis.significance",
    "hotspots.analysis.hotspots",
    "hotspots.analysis.accuracy",
    "hotspots.analysis.rates",
    "hotspots.analysis.change",
    "hotspots.analysis.repeats",
    "hotspots.analysis.network",
    "hotspots.analysis.facilities",
    "hotspots.analysis.safe_havens",
    "hotspots.analysis.perception",
    "hotspots.analysis.patrols",
    "hotspots.analysis.publication",
    "hotspots.settings",
    "hotspots.workspace",
    "hotspots.pipeline",
    "hotspots.products.words",
    "hotspots.products.summary",
    "hotspots.products.drawing",
    "hotspots.products.charts",
    "hotspots.products.pages",
    "hotspots.products.files",
    "hotspots.service.migrations",
    "hotspots.service.migrations.versions",
    "hotspots.service.state",
    "hotspots.service.audit",
    "hotspots.service.people",
    "hotspots.service.shelf",
    "hotspots.service.jobs",
    "hotspots.service.uploads",
    "hotspots.service.notices",
    "hotspots.service.postgis",
    "hotspots.service.retention",
    "hotspots.service.backup",
    "hotspots.service.door",
    "hotspots.service.views",
    "hotspots.service.api",
    "hotspots.service.app",
    "hotspots.cli",
)
"""From the ground floor up: a room may use those before it."""

FLOORS = ("hotspots.ingest", "hotspots.analysis", "hotspots.products", "hotspots.service")
"""Folders of rooms, which hold nothing themselves."""

ENTRANCES = ("hotspots", "hotspots.__main__")
"""What stands in front of the house: the face of the package and its command. Its name is that of a room as well."""

FRONT = "hotspots.*"
"""A name taken from the face of the package, which is for users: it leads to every stage."""


@functools.cache
def parse(text: str) -> tuple[ast.AST, ...]:
    """Every node of a module; of a copy of the package each text is known already."""
    return tuple(ast.walk(ast.parse(text)))


def find_modules(package: Path) -> dict[str, Path]:
    """Every module by its dotted name; a folder is the module that its face is."""
    parts = {path: path.relative_to(package.parent).with_suffix("").parts for path in package.rglob("*.py")}
    return {".".join(names).removesuffix(".__init__"): path for path, names in sorted(parts.items())}


def find_room(module: str, modules: dict[str, Path]) -> str:
    """The folder that a module is in; of what lies loose at the top, itself."""
    if module not in modules:  # a name in a face
        module = module.rpartition(".")[0]
    is_face = modules[module].name == "__init__.py"
    return module if is_face or module.count(".") == 1 else module.rpartition(".")[0]


def find_imports(module: str, modules: dict[str, Path]) -> Iterator[str]:
    """What a module imports of the package: dotted names of modules, a room where it is its face."""
    for node in parse(modules[module].read_text("utf-8")):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            source = find_source(node, module, modules)
            for alias in node.names if source in modules else ():
                name = f"{source}.{alias.name}"
                is_front = source == "hotspots" and name not in modules and alias.name != "__version__"
                yield FRONT if is_front else name if name in modules else source


def find_source(node: ast.ImportFrom, module: str, modules: dict[str, Path]) -> str:
    """The module that names are imported from, whether it is named in full or relative to this one."""
    if not node.level:
        return node.module or ""
    is_face = modules[module].name == "__init__.py"
    parents = module.split(".")[: None if is_face and node.level == 1 else is_face - node.level]
    return ".".join([*parents, *([node.module] if node.module else [])])


def find_wrong_ways(package: Path) -> list[str]:
    """Imports from a later stage."""
    modules = find_modules(package)
    order = {room: index for index, room in enumerate((*STAGES, "hotspots"))}
    return [
        f"{module} imports {name}"
        for module in modules
        if module not in ENTRANCES
        for name in find_imports(module, modules)
        if name != "hotspots" and order[find_room(name, modules)] > order[find_room(module, modules)]
    ]


def find_break_ins(package: Path) -> list[str]:
    """Imports that reach past the face of another room."""
    modules = find_modules(package)
    return [
        f"{module} imports {name}"
        for module in modules
        if module not in ENTRANCES
        for name in find_imports(module, modules)
        if name != find_room(name, modules) != find_room(module, modules)
    ]


def find_namesakes(package: Path) -> list[list[str]]:
    """Files and folders of one name."""
    by_name = defaultdict(list)
    for module in find_modules(package):
        if module not in ENTRANCES:
            by_name[module.rpartition(".")[2]].append(module)
    return [alike for alike in by_name.values() if len(alike) > 1]


def find_options_named(package: Path) -> list[str]:
    """Texts outside the command line that name one of its options."""
    return [
        f"{module}:{node.lineno}: {node.value}"
        for module, path in find_modules(package).items()
        if not module.startswith("hotspots.cli")
        for node in parse(path.read_text("utf-8"))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"(?<![\w-])--[a-z]", node.value)
    ] + [
        f"{path.relative_to(package)}: {line.strip()}"
        for path in sorted(package.rglob("*"))
        if path.suffix in (".html", ".jinja", ".toml")
        for line in path.read_text("utf-8").splitlines()
        if re.search(r"(?<![\w(-])--[a-z]", line)
    ]


def find_private_names(tests: Path) -> list[str]:
    """What tests take of the package by a name that is a module's own: imported, as an attribute, or to replace."""
    found = []
    for path in sorted(tests.rglob("*.py")):
        nodes = parse(path.read_text("utf-8"))
        aliases = [
            alias
            for node in nodes
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "hotspots"
            for alias in node.names
        ]
        taken = {alias.asname or alias.name for alias in aliases}
        names = [alias.name for alias in aliases]
        for node in nodes:
            match node:
                case ast.Attribute(value=ast.Name(id=owner), attr=str(name)) if owner in taken:
                    names.append(name)
                case ast.Call(args=[ast.Name(id=owner), ast.Constant(value=str(name)), *_]) if owner in taken:
                    names.append(name)
                case ast.Constant(value=str(name)) if re.fullmatch(r"hotspots(\.\w+)+", name):
                    names.append(name.rpartition(".")[2])
        found += [f"{path.relative_to(tests)} takes {name}" for name in names if re.match("_(?!_)", name)]
    return found


def test_every_room_is_on_a_floor_and_every_floor_is_in_use() -> None:
    modules = find_modules(PACKAGE)
    rooms = {find_room(module, modules) for module in modules} - {*ENTRANCES, *FLOORS}
    assert rooms == set(STAGES)


def test_a_module_imports_only_from_its_own_stage_and_those_before() -> None:
    assert find_wrong_ways(PACKAGE) == []


def test_nobody_reaches_past_the_face_of_another_room() -> None:
    assert find_break_ins(PACKAGE) == []


def test_no_two_modules_share_a_name() -> None:
    assert find_namesakes(PACKAGE) == []


def test_no_face_gives_a_name_that_is_also_its_module() -> None:
    """Which of the two is given depends on what was imported before."""
    faces = {face: face.read_text("utf-8") for face in PACKAGE.rglob("__init__.pyi")}
    alike = [
        f"{face.parent.name}: {name}"
        for face, text in faces.items()
        for module, name in re.findall(r"from \.(\w+) import (\w+)", text)
        if module == name
    ]
    assert alike == []


def test_messages_of_the_library_name_parameters_and_not_options() -> None:
    assert find_options_named(PACKAGE) == []


def test_the_doors_of_the_pipeline_take_at_most_six_arguments() -> None:
    doors = [getattr(pipeline, name) for name in dir(pipeline)]
    functions = [door for door in doors if inspect.isfunction(door)]
    assert len(functions) > 5
    assert [one.__name__ for one in functions if len(inspect.signature(one).parameters) > 6] == []


def test_each_room_of_analysis_is_a_page_of_the_methods() -> None:
    rooms = {room.rpartition(".")[2] for room in STAGES if room.startswith("hotspots.analysis.")}
    assert {page.stem for page in METHODS.glob("*.md")} == rooms | {"certainty"}  # words of every room


def test_only_the_map_imports_folium() -> None:
    modules = find_modules(PACKAGE)
    importers = {
        module
        for module, path in modules.items()
        for node in parse(path.read_text("utf-8"))
        if isinstance(node, ast.Import | ast.ImportFrom) and "folium" in ast.unparse(node)
    }
    assert importers == {"hotspots.products.drawing.map_layers"}


def test_tests_take_only_public_names() -> None:
    assert find_private_names(TESTS) == []


@pytest.mark.parametrize(
    "line",
    [
        "from hotspots.analysis.hours.week import _LIMIT",
        "from hotspots.analysis.hours import week\nassert week._LIMIT",
        'from hotspots.analysis.hours import week as other\nmonkeypatch.setattr(other, "_LIMIT", 3)',
        'monkeypatch.setattr("hotspots.analysis.hours.week._LIMIT", 3)',
    ],
)
def test_a_private_name_in_a_test_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "test_week.py").write_text(f"{line}\nfrom hotspots import __version__\n", "utf-8")
    assert find_private_names(tmp_path) == ["test_week.py takes _LIMIT"]


@pytest.mark.parametrize(
    ("place", "line", "find"),
    [
        ("analysis/hours/week.py", "from hotspots.pipeline import load_study", find_wrong_ways),
        ("analysis/hours/week.py", "import hotspots.cli.main", find_wrong_ways),
        ("products/files/folders.py", "from hotspots.analysis.hours.week import DAY_NAMES", find_break_ins),
        ("cli/main.py", "from hotspots.ingest.texts import masking", find_break_ins),
        ("cli/week.py", "", find_namesakes),
        ("pipeline/hours.py", "", find_namesakes),
        ("analysis/hours/week.py", "from hotspots import load_study", find_wrong_ways),
        ("analysis/hours/week.py", "from ...cli import main", find_wrong_ways),
        ("products/files/folders.py", "from ...analysis.hours.week import DAY_NAMES", find_break_ins),
        ("geography/wards.py", 'raise ValueError("Give the outlines with --boundaries.")', find_options_named),
        ("products/templates/words/hours.jinja", "Give another --from.", find_options_named),
    ],
)
def test_what_breaks_the_rules_is_found(place: str, line: str, find: object, tmp_path: Path) -> None:
    before = find(PACKAGE)  # type: ignore[operator]
    house = tmp_path / "hotspots"
    for path in find_modules(PACKAGE).values():
        copy = house / path.relative_to(PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    planted = house / place
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text((planted.read_text("utf-8") if planted.exists() else "") + f"\n{line}\n", "utf-8")
    assert len(find(house)) == len(before) + 1  # type: ignore[operator]
