"""Attempts to work off what an incident owes, and whoever does the work."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from temporalio.testing import ActivityEnvironment

from activities.work.shared_reads import SharedReads
from activities.work.subscription import LogSubscription
from activities.work.work import IncidentWork
from domain.incident.notification import ConfirmDelivery
from domain.incident.obligations.obligations import WorkflowView, WorkKind, WorkOrder, subjects
from domain.plan.model.plan import ChannelKind
from domain.values import HANDS, Mode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.activities.scene import Scene


PATIENCE_S = 10.0


class Hands:
    """Whoever does the work; whether it succeeds, and when, is up to the test."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.begun: Counter[str] = Counter()
        self.modes: set[Mode] = set()
        self.at_once: Counter[str] = Counter()
        self.most_at_once = 0
        self.failing: set[str] = set()
        self.held: dict[WorkKind, asyncio.Event] = {}

    async def notify(self, order: WorkOrder) -> None:
        """Deliver a notification."""
        async with self._working(WorkKind.NOTIFY, order):
            command = ConfirmDelivery(notification=order.subject, channel=ChannelKind.MAIL)
            await self.scene.ask(order.incident, command, HANDS)

    async def dispatch(self, order: WorkOrder) -> None:
        """Send a unit."""
        async with self._working(WorkKind.DISPATCH, order):
            await self.scene.dispatcher().dispatch(order)

    async def evaluate(self, order: WorkOrder) -> None:
        """Begin an evaluation that comes to no end."""
        async with self._working(WorkKind.EVALUATE, order):
            pass

    def hold(self, kind: WorkKind) -> asyncio.Event:
        """Let work of a kind wait until it is set."""
        return self.held.setdefault(kind, asyncio.Event())

    @asynccontextmanager
    async def _working(self, kind: WorkKind, order: WorkOrder) -> AsyncIterator[None]:
        self.begun[order.subject] += 1
        self.modes.add(order.mode)
        self.at_once[order.subject] += 1
        self.most_at_once = max(self.most_at_once, *self.at_once.values())
        try:
            if kind in self.held:
                await self.held[kind].wait()
            if order.subject in self.failing:
                raise ConnectionError
            yield
        finally:
            self.at_once[order.subject] -= 1


@asynccontextmanager
async def working(
    hands: Hands, incident: str, attempts: int = 1, environment: ActivityEnvironment | None = None
) -> AsyncIterator[list[asyncio.Task[WorkflowView]]]:
    """Work for an incident, by several attempts in one process if need be."""
    does = {
        WorkKind.NOTIFY: hands.notify,
        WorkKind.DISPATCH: hands.dispatch,
        WorkKind.EVALUATE: hands.evaluate,
    }
    changes = LogSubscription(hands.scene.log)
    works = IncidentWork(SharedReads(hands.scene.incidents.known), changes, does)
    following = asyncio.create_task(changes.follow())
    environments = [environment or ActivityEnvironment() for _ in range(attempts)]
    tasks = [asyncio.create_task(one.run(works.work, incident)) for one in environments]
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield tasks
    finally:
        for task in (following, *tasks):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(following, *tasks, return_exceptions=True)


async def until_begun(hands: Hands, subject: str, times: int = 1) -> None:
    while hands.begun[subject] < times:
        await asyncio.sleep(0.01)


async def owed(scene: Scene, incident: str) -> list[str]:
    return subjects(await scene.state(incident), WorkKind.NOTIFY)
