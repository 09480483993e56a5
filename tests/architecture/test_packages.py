"""What packages promise each other: no circles, at any depth, and folders seen at a glance."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = ("activities", "compiler", "domain", "eventstore", "projections", "services", "workflows")

FILES_OF_A_FOLDER_MAX = 17
"""Modules side by side; past it a folder is divided by topic."""


def dotted(file: Path) -> str:
    """Return the name of a module, that of a package for its `__init__.py`."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {dotted(file): file for top in TOP for file in sorted((ROOT / top).rglob("*.py"))}
PACKAGES = ["", *(name for name, file in FILES.items() if file.name == "__init__.py")]


def imported(module: str) -> Iterator[str]:
    """Yield the modules of ours that a module imports, also those it needs for types only."""
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        match node:
            case ast.ImportFrom(module=str(package), level=0, names=names):
                inner = (f"{package}.{name.name}" for name in names)
                yield from (name if name in FILES else package for name in inner)
            case ast.Import(names=names):
                yield from (name.name for name in names)


IMPORTS = {module: {name for name in imported(module) if name in FILES} for module in FILES}


def child(package: str, module: str) -> str:
    """Return what lies directly in a package and holds a module; nothing if it lies elsewhere."""
    inside = f"{package}." if package else ""
    return module.removeprefix(inside).split(".")[0] if module.startswith(inside) else ""


def siblings(package: str) -> Mapping[str, set[str]]:
    """Return which of a package's modules and packages import which others of them."""
    known: dict[str, set[str]] = defaultdict(set)
    for module, others in IMPORTS.items():
        by = child(package, module)
        known[by] |= {child(package, other) for other in others} - {by, ""}
    known.pop("", None)
    return known


def circle(known: Mapping[str, set[str]]) -> list[str]:
    """Return a circle in what imports what; empty where there is none."""
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_each_other_one_way(package: str) -> None:
    assert circle(siblings(package)) == []


def test_a_circle_would_be_found() -> None:
    assert set(circle({"log": {"recorder"}, "recorder": {"queue"}, "queue": {"log"}})) == {
        "log",
        "recorder",
        "queue",
    }
    assert len(IMPORTS["services.process"]) > 0


def test_a_folder_is_taken_in_at_a_glance() -> None:
    crowded = {
        package: len(modules)
        for package in PACKAGES
        if len(modules := [*(ROOT / package.replace(".", "/")).glob("*.py")])
        > FILES_OF_A_FOLDER_MAX
    }
    assert crowded == {}
