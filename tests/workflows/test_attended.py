"""Whether anybody works on a queue is told by the agreed time, not by a clock that was set."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from services.follower import executions
from services.runtime.clocks.clocks import AGREED
from tests.workflows.conftest import Stage, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from temporalio.testing import WorkflowEnvironment

    from tests.workflows.case import Case

DAY_S = 86_400.0


async def test_a_clock_that_is_set_ahead_makes_no_worker_disappear(
    temporal: WorkflowEnvironment, case: Case, agreed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    del agreed
    stage = Stage(temporal, cached=1_000)
    async with stage.worker(case.activities):
        await eventually(lambda: executions.is_attended(stage.client, stage.lives.queue))
        right = time.time
        monkeypatch.setattr(time, "time", lambda: right() + DAY_S)
        assert await executions.is_attended(stage.client, stage.lives.queue)


@pytest.fixture
def agreed() -> Iterator[None]:
    """Let the clocks have agreed before."""
    AGREED.agree()
    yield
    AGREED.forget()
