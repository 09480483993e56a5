"""What is installed with the product is all that it imports."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
OWN = (
    "activities",
    "compiler",
    "domain",
    "eventstore",
    "plans",
    "projections",
    "services",
    "workflows",
)
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
LOCKED = {found[1].lower() for found in re.finditer(r"^([\w.-]+)==", LOCK, re.MULTILINE)}
"""The distributions of an installation without the developers' tools."""


def imported(file: Path) -> Iterator[str]:
    """Yield the packages that a file imports."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]


def test_the_product_imports_nothing_that_is_not_installed_with_it() -> None:
    known = packages_distributions()
    ours = {*OWN, "muster", *sys.stdlib_module_names}
    foreign = {
        (package, str(file.relative_to(ROOT)))
        for folder in OWN
        for file in (ROOT / folder).rglob("*.py")
        for package in imported(file)
        if package not in ours
    }
    missing = {
        (package, file)
        for package, file in foreign
        if not {name.lower().replace("_", "-") for name in known.get(package, ())} & LOCKED
    }
    assert missing == set()
    assert len(foreign) > 50
