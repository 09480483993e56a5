"""Processes import what they need, and nothing beside it that costs memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from services.runtime.absence import absent

pytestmark = pytest.mark.processes

IMPORTED = "print(','.join(sys.modules))"


def imported_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {program}; {IMPORTED}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.strip().split(","))


@pytest.mark.parametrize("name", ["worker", "follower", "notary"])
def test_a_process_that_serves_no_grpc_does_not_import_it(name: str) -> None:
    modules = imported_by(f"from services import process; process._main({name!r})")
    assert f"services.{name}.main" in modules
    assert not modules & {"grpc", "rich"}


def test_a_stack_s_supervisor_imports_nothing_of_the_command_line() -> None:
    modules = imported_by("from services.local import __main__, prefork; prefork.import_shared()")
    assert "temporalio.client" in modules
    assert not modules & {"typer", "rich", "grpc", "services.cli.main"}


def test_what_was_absent_can_be_imported_afterwards() -> None:
    modules = imported_by(
        "from services.runtime.absence import absent\nwith absent('colorsys'):\n"
        " try: import colorsys\n except ImportError: import this\nimport colorsys"
    )
    assert {"this", "colorsys"} <= modules


def test_what_was_imported_before_stays() -> None:
    with absent("pytest"):
        assert sys.modules["pytest"] is pytest
    assert sys.modules["pytest"] is pytest
