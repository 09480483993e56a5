"""The activities in memory: a log that a test writes, and hands that remember what they did."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.incident.deadlines import LetDeadlinePass
from domain.incident.outstanding import NextDeadline, Order, Standing, Work, WorkKind, standing
from domain.incident.state import NOTHING_YET, DeadlineKind
from domain.values import Phase, ResponseLevel
from workflows.ports import HANDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class World:
    """What the log says of each incident, and what was asked of the hands."""

    def __init__(self) -> None:
        self.standings: dict[str, Standing] = {}
        self.passed: list[tuple[str, NextDeadline]] = []
        self.read = 0
        """How often somebody asked where an incident stands."""
        self.ordered: list[Work] = []
        self.most_at_once: dict[str, int] = defaultdict(int)
        self._busy: dict[str, int] = defaultdict(int)
        self.refusing: set[str] = set()
        """Keys of work that doesn't succeed."""
        self.log_is_away = False
        self.pace = asyncio.Event()
        """Work is only finished while this is set."""
        self.pace.set()

    def say(self, incident: str, **changes: Any) -> int:
        """Let something happen to an incident; return its version after it."""
        before = self.standings.get(incident) or standing(incident, NOTHING_YET, 0)
        self.standings[incident] = before.model_copy(
            update={"version": before.version + 1, **changes}
        )
        return self.standings[incident].version

    def opened(self, incident: str, **changes: Any) -> int:
        """Let an incident begin, with its response under way unless told otherwise."""
        begun = {
            "phase": Phase.RESPONSE,
            "level": ResponseLevel.III,
            "venue": "mall",
            "plan": "general",
        }
        return self.say(incident, **(begun | changes))

    def times(self, work: Work) -> int:
        """Return how often some work was tried."""
        return self.ordered.count(work)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """All of them, behind the names that workflows call."""
        return [self._standing, self._let_deadline_pass, *map(self._hand, WorkKind)]

    @activity.defn(name="standing")
    async def _standing(self, incident: str) -> Standing:
        self.read += 1
        self._reach_the_log()
        return self.standings.get(incident) or standing(incident, NOTHING_YET, 0)

    @activity.defn(name="let_deadline_pass")
    async def _let_deadline_pass(self, incident: str, deadline: NextDeadline) -> Standing:
        self._reach_the_log()
        self.passed.append((incident, deadline))
        if self.standings[incident].next_deadline == deadline:
            self.say(incident, next_deadline=None)
        return self.standings[incident]

    def _reach_the_log(self) -> None:
        if self.log_is_away:
            raise ApplicationError("the log is away")

    def _hand(self, kind: WorkKind) -> Callable[..., Any]:
        @activity.defn(name=HANDS[kind])
        async def hand(order: Order) -> int:
            return await self._do(Work(kind=kind, subject=order.subject), order.incident)

        return hand

    async def _do(self, work: Work, incident: str) -> int:
        self.ordered.append(work)
        self._busy[work.key] += 1
        self.most_at_once[work.key] = max(self.most_at_once[work.key], self._busy[work.key])
        try:
            await self.pace.wait()
            if work.key in self.refusing:
                raise ApplicationError("nobody answers")
            left = tuple(one for one in self.standings[incident].outstanding if one != work)
            return self.say(incident, outstanding=left)
        finally:
            self._busy[work.key] -= 1


def notify(number: int) -> Work:
    """Return the n-th notification."""
    return Work(kind=WorkKind.NOTIFY, subject=f"n{number}")


def due(at: datetime, subject: str = "guide-customers") -> NextDeadline:
    """Return a deadline for acknowledging a task."""
    command = LetDeadlinePass(
        deadline=DeadlineKind.TASK_ACKNOWLEDGEMENT, subject=subject, due_at=at
    )
    return NextDeadline(at=at, command=command)
