"""The test vectors are what the log computes, and both verifiers meet every one."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from eventstore.bundle import verify
from tests.bundle import vectors
from tests.bundle.verifiers import SECOND, VECTORS, VERIFY, node

FORMAT = Path(verify.__file__).with_name("FORMAT.md")
KINDS = sorted(vectors.vectors())


def test_the_file_is_what_the_log_computes() -> None:
    assert VECTORS.read_text(encoding="ascii") == vectors.text()


@pytest.mark.processes
def test_the_first_verifier_meets_all() -> None:
    asked = [sys.executable, "-I", "-S", str(VERIFY), "--vectors", str(VECTORS)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "every test vector is met\n")


@pytest.mark.processes
def test_the_second_verifier_meets_all() -> None:
    asked = [node(), str(SECOND), "--vectors", str(VECTORS)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["divergences"]) == (0, [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_vector_that_were_otherwise_would_be_told(kind: str) -> None:
    told = json.loads(VECTORS.read_text(encoding="ascii"))
    turned = {name: ones[:1] for name, ones in told.items()}
    expected = turned[kind][0]["expected"]
    turned[kind][0]["expected"] = not expected if isinstance(expected, bool) else expected[::-1]
    (told,) = verify.check_vectors(turned)
    assert told.startswith(f"{kind} 0: expected ")


def test_the_page_shows_the_first_vector_byte_by_byte() -> None:
    page = FORMAT.read_text(encoding="utf-8")
    shown = page[page.index("The first vector, byte by byte:") : page.index("## The tree")]
    lines = [line for line in shown.splitlines() if line.startswith("    ")]
    columns = [re.match(r"    ((?:[0-9a-f]{2,} )?[0-9a-f]{4,})(?= |$)", line) for line in lines]
    *parts, digest = [column[1].replace(" ", "") for column in columns if column]
    made = json.loads(VECTORS.read_text(encoding="ascii"))
    assert "".join(parts) == made["preimage"][0]["expected"]
    assert digest == made["event"][0]["expected"]


def test_the_verifier_needs_the_standard_library_of_python_3_9_only() -> None:
    tree = ast.parse(VERIFY.read_text(encoding="utf-8"), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {
        name.partition(".")[0]
        for one in imports
        for name in ([one.module or ""] if isinstance(one, ast.ImportFrom) else _names(one))
    }
    assert names <= sys.stdlib_module_names


def _names(one: ast.Import) -> list[str]:
    return [alias.name for alias in one.names]
