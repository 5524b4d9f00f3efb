"""The floors of the house: imports go down only, and what must be pure is pure."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tco

PACKAGE = Path(tco.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = [
    "errors units show",
    "catalog",
    "engine",
    "analysis",
    "usage",
    "ask",
    "render",
    "api",
    "cli __main__",
]
FLOOR = {name: i for i, names in enumerate(FLOORS) for name in names.split()}

PURE = ("engine", "analysis")
IMPURE = {"os", "pathlib", "yaml", "rich", "typer", "time", "random", "logging", "sys", "io"}
DISK_FREE_CATALOG = "tco.catalog.load"

MOST_LINES = 600


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(("tco", *parts))


def imports(path: Path) -> list[tuple[str, bool]]:
    """Return what a module imports, and whether only a type checker sees it."""
    found = []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in typing_only) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, id(node) in typing_only))
    return found


def floor_of(module: str) -> int | None:
    parts = module.split(".")
    return FLOOR.get(parts[1]) if len(parts) > 1 and parts[0] == "tco" else None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_only_go_down(path: Path) -> None:
    here = floor_of(name_of(path))
    for module, _ in imports(path):
        there = floor_of(module)
        if here is not None and there is not None:
            assert there <= here, f"{name_of(path)} imports {module}, which is a floor above"


@pytest.mark.parametrize(
    "path", [p for p in MODULES if name_of(p).split(".")[1] in PURE], ids=name_of
)
def test_engine_and_analysis_touch_nothing_outside(path: Path) -> None:
    for module, typing_only in imports(path):
        assert module.split(".")[0] not in IMPURE, f"{name_of(path)} imports {module}"
        reads_disk = module == DISK_FREE_CATALOG and not typing_only
        assert not reads_disk, f"{name_of(path)} loads the catalog itself"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_stay_small(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{name_of(path)} has {lines} lines: is it one room or two?"


def test_the_command_line_prints_and_nothing_else_does() -> None:
    for path in MODULES:
        if name_of(path).split(".")[1] in {"cli", "__main__"}:
            continue
        calls = [
            node.lineno
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ]
        assert not calls, f"{name_of(path)} prints at lines {calls}"
