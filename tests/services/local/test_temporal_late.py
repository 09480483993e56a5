"""Temporal stands still under a whole stack: deadlines pass without it, and that is shown."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from domain.values import Mode
from services.demo import stage
from services.local.stack import Stack, running
from services.runtime.exit_codes import Exit
from services.worker.second_clock import GRACE
from tests.services.local.test_late import (
    REFUSED_CLOCK,
    alarmed,
    happened,
    left_unverified,
    metrics,
    opened,
    past,
)
from tests.services.local.test_stack import FREE, asked, eventually, free_ports
from tests.services.running import muster

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.processes

METRICS_PORT = free_ports()
PASSED = re.compile(r"^muster_second_clock_deadlines(?:{.*})? ([0-9]+)", re.MULTILINE)
LATE = re.compile(r"^muster_second_clock_late_seconds(?:{.*})? ([0-9.]+)", re.MULTILINE)


@pytest.fixture
def stack() -> Iterator[Stack]:
    with stage.folder(keep=False) as place:
        given = {"MUSTER_METRICS__PORT": str(METRICS_PORT)}
        up = muster("up", "-d", "--folder", str(place.root), *FREE, given=given)
        assert up.code == Exit.OK, up.text
        found = running(place)
        assert found
        yield found
        muster("down", "--folder", str(place.root))


def measures() -> str:
    return metrics("worker", METRICS_PORT)


def measured(pattern: re.Pattern[str]) -> float:
    found = pattern.search(measures())
    return float(found[1]) if found else 0.0


def shown(stack: Stack, command: str) -> tuple[int, str]:
    code, seen = asked(command, stack.folder)
    return code, str(seen["parts"]["second clock"]["state"])


def test_deadlines_that_pass_without_temporal_are_shown_and_counted(stack: Stack) -> None:
    assert shown(stack, "status") == (Exit.OK, "at rest")
    assert measured(PASSED) == 0
    with standing_still(stack):
        asyncio.run(unverified(stack))
    assert eventually(lambda: shown(stack, "status") == (Exit.OK, "acting"))
    assert eventually(lambda: shown(stack, "doctor") == (Exit.OK, "acting"))
    _, seen = asked("status", stack.folder)
    assert "without Temporal in the last 10 min" in seen["parts"]["second clock"]["what"]
    assert measured(PASSED) >= 1
    assert measured(LATE) >= GRACE.total_seconds()
    with standing_still(stack):
        asyncio.run(happened(stack, opened(Mode.LIVE), past()))
        assert eventually(lambda: REFUSED_CLOCK.search(measures()) is not None)


@contextmanager
def standing_still(stack: Stack) -> Iterator[None]:
    """Have Temporal's process stand still."""
    temporal = stack.parts["temporal"]["pid"]
    os.kill(temporal, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(temporal, signal.SIGCONT)


async def unverified(stack: Stack) -> None:
    """Report an alarm, and wait until nobody verified it in time."""
    async with alarmed(stack) as (log, _, incident):
        await left_unverified(log, incident)
