"""Spans of less than a second last as long as they say: fast exercises are full of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from domain.incident.obligations.obligations import NextDeadline
from tests.workflows.conftest import eventually
from tests.workflows.world import World, due

if TYPE_CHECKING:
    from tests.workflows.conftest import Stage

SPAN = timedelta(milliseconds=250)
SPANS = 12
LATE_S = 0.4
"""How late most may be on a busy machine; each is 0.75 s late unless the server is told."""


class Round(World):
    """A world where each deadline that passes arms the next."""

    def __init__(self) -> None:
        super().__init__()
        self.late_s: list[float] = []

    def pass_(self, incident: str, deadline: NextDeadline) -> None:
        """Note how late a deadline passes, and arm the next."""
        self.late_s.append(time.time() - deadline.at.timestamp())
        left = len(self.late_s) < SPANS
        self.say(incident, next_deadline=due(datetime.now(UTC) + SPAN) if left else None)


async def test_timers_under_a_second_do_not_last_a_second(stage: Stage, incident: str) -> None:
    world = Round()
    async with stage.worker(world.activities):
        version = world.opened(incident, next_deadline=due(datetime.now(UTC) + SPAN))
        await stage.lives.tell(incident, version)
        await eventually(lambda: len(world.late_s) == SPANS)
    assert sorted(world.late_s)[SPANS // 2] < LATE_S, world.late_s
