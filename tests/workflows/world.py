"""The activities in memory: a log that a test writes, and work that is remembered."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from domain.incident.obligations.deadlines import LetDeadlinePass
from domain.incident.obligations.obligations import (
    NextDeadline,
    Obligation,
    WorkflowView,
    WorkKind,
    workflow_view,
)
from domain.incident.state.incident import NOTHING_YET, DeadlineKind
from domain.values import Phase, ResponseLevel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

LOOK_S = 0.02


class World:
    """What the log says of each incident, and what was asked of it."""

    def __init__(self) -> None:
        self.standings: dict[str, WorkflowView] = {}
        self.passed: list[tuple[str, NextDeadline]] = []
        self.read = 0
        """How often somebody asked where an incident stands."""
        self.outstanding: dict[str, tuple[Obligation, ...]] = defaultdict(tuple)
        self.done: list[Obligation] = []
        self.works: dict[str, int] = defaultdict(int)
        """How often an incident's work was begun."""
        self.most_at_once: dict[str, int] = defaultdict(int)
        self._busy: dict[str, int] = defaultdict(int)
        self.stuck: set[NextDeadline] = set()
        """Deadlines that don't pass."""
        self.log_is_away = False
        self.pace = asyncio.Event()
        """Work is only finished while this is set."""
        self.pace.set()

    def say(
        self, incident: str, outstanding: Sequence[Obligation] | None = None, **changes: Any
    ) -> int:
        """Let something happen to an incident; return its version after it."""
        if outstanding is not None:
            self.outstanding[incident] = tuple(outstanding)
            kinds = {work.kind for work in outstanding}
            changes["owed"] = tuple(kind for kind in WorkKind if kind in kinds)
        before = self.standings.get(incident) or workflow_view(incident, NOTHING_YET, 0)
        self.standings[incident] = before.model_copy(
            update={"version": before.version + 1, **changes}
        )
        return self.standings[incident].version

    def opened(self, incident: str, **changes: Any) -> int:
        """Let an incident begin, with its response under way unless told otherwise."""
        begun: dict[str, Any] = {
            "phase": Phase.RESPONSE,
            "level": ResponseLevel.III,
            "venue": "mall",
            "plan": "general",
        }
        return self.say(incident, **(begun | changes))

    def pass_(self, incident: str, deadline: NextDeadline) -> None:
        """Let a deadline pass."""
        del deadline
        self.say(incident, next_deadline=None)

    def times(self, work: Obligation) -> int:
        """Return how often some work was done."""
        return self.done.count(work)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """All of them, behind the names that workflows call."""
        return [self._standing, self._let_deadline_pass, self._work]

    @activity.defn(name="standing")
    async def _standing(self, incident: str) -> WorkflowView:
        self.read += 1
        self._reach_the_log()
        return self.standings.get(incident) or workflow_view(incident, NOTHING_YET, 0)

    @activity.defn(name="let_deadline_pass")
    async def _let_deadline_pass(self, incident: str, deadline: NextDeadline) -> WorkflowView:
        self._reach_the_log()
        assert deadline.asked_at, "it tells by which clock the deadline came"
        deadline = deadline.model_copy(update={"asked_at": None})
        self.passed.append((incident, deadline))
        if self.standings[incident].next_deadline == deadline not in self.stuck:
            self.pass_(incident, deadline)
        return self.standings[incident]

    def _reach_the_log(self) -> None:
        if self.log_is_away:
            raise ApplicationError("the log is away")

    @activity.defn(name="work")
    async def _work(self, incident: str) -> WorkflowView:
        """Do what is owed while any is, and take up what is owed meanwhile."""
        self.works[incident] += 1
        self._busy[incident] += 1
        self.most_at_once[incident] = max(self.most_at_once[incident], self._busy[incident])
        try:
            while self.outstanding[incident]:
                await self._until_paced()
                first, *rest = self.outstanding[incident]
                self.done.append(first)
                self.say(incident, outstanding=rest)
        finally:
            self._busy[incident] -= 1
        return self.standings[incident]

    async def _until_paced(self) -> None:
        while not self.pace.is_set():
            activity.heartbeat()
            await asyncio.sleep(LOOK_S)


def notify(number: int) -> Obligation:
    """Return the n-th notification."""
    return Obligation(kind=WorkKind.NOTIFY, subject=f"n{number}")


def due(at: datetime, subject: str = "guide-customers") -> NextDeadline:
    """Return a deadline for acknowledging a task."""
    command = LetDeadlinePass(
        deadline=DeadlineKind.TASK_ACKNOWLEDGEMENT, subject=subject, due_at=at
    )
    return NextDeadline(at=at, command=command)
