"""What the tree promises to whoever opens it."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "activities",
    "benchmarks",
    "compiler",
    "domain",
    "eventstore",
    "projections",
    "services",
    "workflows",
)
SOURCES = sorted(
    file
    for package in PACKAGES
    for file in (ROOT / package).rglob("*.py")
    if not any(part.startswith(".") for part in file.relative_to(ROOT).parts)
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LOCKS = ("requirements.lock", "requirements-dev.lock")

LINES_OF_A_FILE_MAX = 300
LINES_OF_A_FUNCTION_MAX = 40

LONG_FUNCTIONS = {"incident", "warning"}
"""One line a field of the contract; one act of a story."""

LONG_FILES = {
    "services/demo/story.py",
    "compiler/diagnostics/faults.py",
    "eventstore/bundle/verify.py",
    "tests/backup/test_backup.py",
    "tests/bundle/oddities.py",
    "tests/bundle/vectors.py",
}
"""A story, told once; a table of faults; a verifier that runs alone; backups, and two tables of
what bundles are verified by, which are yet to be cut."""


def functions(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions of a file."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def test_no_file_is_too_long_to_read_at_a_sitting() -> None:
    long = {
        str(file.relative_to(ROOT))
        for file in (*SOURCES, *TESTS)
        if len(file.read_text(encoding="utf-8").splitlines()) > LINES_OF_A_FILE_MAX
    }
    assert long <= LONG_FILES


def test_no_function_is_too_long_for_a_glance() -> None:
    long = [
        f"{file.relative_to(ROOT)}:{function.name}"
        for file in SOURCES
        for function in functions(file)
        if (function.end_lineno or 0) - function.lineno >= LINES_OF_A_FUNCTION_MAX
        and function.name not in LONG_FUNCTIONS
    ]
    assert not long


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_what_it_is(package: str) -> None:
    for file in SOURCES:
        if file.name != "__init__.py" or not file.is_relative_to(ROOT / package):
            continue
        assert ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))), file


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--index-url|file:", text)


def test_the_readme_names_every_folder() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not [package for package in PACKAGES if f"`{package}/`" not in readme]


def test_links_in_the_documents_lead_somewhere() -> None:
    assert not [
        f"{file.relative_to(ROOT)} → {target}"
        for file in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
        for target in re.findall(r"\]\(([^)#]+)", file.read_text(encoding="utf-8"))
        if "://" not in target and not (file.parent / target).exists()
    ]


def test_every_exception_to_a_rule_has_its_reason() -> None:
    bare = [
        f"{file.relative_to(ROOT)}:{number}"
        for file in SOURCES
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"# (noqa|type: ignore)", line)
        and not re.search(r"# (noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\])( # | - ).+", line)
    ]
    assert not bare


@pytest.mark.processes
def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    ask = ["make", "--no-print-directory", "help"]  # make may be what runs this test
    listed = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True)
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    assert {line.split()[0] for line in listed.stdout.splitlines()} == set(phony[1].split())
