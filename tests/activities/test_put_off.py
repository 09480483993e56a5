"""Work that says when it may be done: it is put back until then, and no failure is counted."""

from __future__ import annotations

import asyncio
import time

from rpds import HashTrieMap

from activities.work.backlog import Backlog
from domain.incident.events.duties import Message
from domain.incident.obligations.obligations import WorkKind
from domain.incident.state.incident import Incident, Notification
from domain.values import Mode, Phase

TOLD = Notification("cai", Message.TASK_ASSIGNED, "task/guide")
OWING = Incident(phase=Phase.RESPONSE, notifications=HashTrieMap({"n1": TOLD}), notified=1)
IN_AN_HOUR_S = 3600.0
AT_ONCE_S = 0.0


class Hands:
    """Whoever does the work: the pauses are up to the test, and without one it is a failure."""

    def __init__(self, *pauses: float | None) -> None:
        self.pauses = [*pauses]
        self.changed = asyncio.Event()
        self.backlog = Backlog(WorkKind.NOTIFY, self.do, self.changed)

    async def do(self, _subject: str, _mode: Mode) -> float | None:
        return self.pauses.pop(0)

    async def work(self, times: int) -> float:
        """Work so many times; return in how many seconds the next is due, about."""
        self.backlog.look(OWING)
        for _ in range(times):
            await self.changed.wait()
            self.changed.clear()
            self.backlog.settle()
            self.backlog.look(OWING)
        return self.backlog.next_due_at - time.monotonic()


async def test_it_is_put_back_until_then() -> None:
    hands = Hands(IN_AN_HOUR_S)
    assert round(await hands.work(1), -1) == IN_AN_HOUR_S
    assert hands.backlog.counts()["put_back"] == 1


async def test_what_waits_for_its_moment_has_not_failed() -> None:
    hands = Hands(AT_ONCE_S, AT_ONCE_S, AT_ONCE_S, None)
    assert await hands.work(4) <= 1.0
