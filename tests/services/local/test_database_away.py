"""A busy machine: the database is there, but does not answer in time while the stack starts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from eventstore.postgres.errors import LogUnavailable
from services.local.child import ChildProcess, Recipe
from services.process import is_away
from services.runtime.failures import StackFailed
from services.runtime.readiness import EXIT_AWAY

if TYPE_CHECKING:
    from pathlib import Path

THIRD_TIME = f"""
import os, pathlib, sys, time
starts = pathlib.Path(sys.argv[1])
starts.write_text(starts.read_text() + "x")
if starts.read_text() != "xxx":
    sys.exit({EXIT_AWAY})
pathlib.Path(os.environ["MUSTER_READY_FILE"]).touch()
time.sleep(600)
"""
REFUSES = "import sys; sys.exit('the key is wrong')"


def part(folder: Path, program: str, *arguments: str) -> ChildProcess:
    return ChildProcess(Recipe("one", [sys.executable, "-c", program, *arguments]), folder, folder)


@pytest.mark.processes
async def test_a_process_that_does_not_reach_the_database_is_started_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    starts.touch()
    one = part(tmp_path, THIRD_TIME, str(starts))
    await one.start()
    assert starts.read_text() == "xxx"
    assert one.pid is not None
    await one.stop()


@pytest.mark.processes
async def test_a_process_that_refuses_to_start_is_not(tmp_path: Path) -> None:
    with pytest.raises(StackFailed, match="one ended at once: the key is wrong"):
        await part(tmp_path, REFUSES).start()


@pytest.mark.parametrize(
    "error",
    [TimeoutError(), ConnectionRefusedError(), ConnectionResetError(), LogUnavailable("gone")],
    ids=repr,
)
def test_a_database_that_does_not_answer_is_away(error: Exception) -> None:
    assert is_away(error)


@pytest.mark.parametrize(
    "error", [FileNotFoundError("key"), PermissionError("key"), ValueError("key")], ids=repr
)
def test_what_stays_wrong_is_no_database_that_is_away(error: Exception) -> None:
    assert not is_away(error)
