"""A machine whose clock is wrong, but for a program that asks the kernel itself."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from benchmarks.torture.faults.clock import shifted_clock
from services.demo import stage
from services.local.folder import Folder
from services.local.stack import running
from services.runtime.exit_codes import Exit
from tests.services.running import muster

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.processes

DAY_S = 86_400.0
FREE = ("--api-port", "0", "--temporal-port", "0", "--mail-port", "0")


@pytest.fixture
def place() -> Iterator[Folder]:
    with stage.folder(keep=False) as found:
        yield found
        muster("down", "--folder", str(found.root))


@pytest.mark.skipif(
    shutil.which("cc") is None and shutil.which("gcc") is None,
    reason="a clock is shifted by a library that has to be compiled",
)
async def test_a_stack_whose_clock_is_not_temporal_s_does_not_start(place: Folder) -> None:
    async with shifted_clock() as clock:
        clock.step(DAY_S)
        answer = muster("up", "-d", "--folder", str(place.root), *FREE, given=clock.environment)
    assert answer.code == Exit.UNAVAILABLE
    assert "the clocks differ by 86" in answer.text
    assert "Temporal 86" in answer.text
    assert running(place) is None
