"""Callers as they should be: each asks again with the same command id until it is answered."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid4

from eventstore.log.log import Log
from eventstore.postgres.errors import LogUnavailable
from eventstore.recorder.event_ids import event_id
from eventstore.recorder.recorder import Receipt, Recorder
from tests.eventstore.samples import DOOR, NOON, CountPeople, Door, OpenDoor, asked

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

CALLERS = 4
AGAIN_S = 0.05


class Acknowledged(NamedTuple):
    """A command, and where its one event is said to be."""

    command_id: UUID
    receipt: Receipt


class Load:
    """Some processes that record, each with its own connections and callers."""

    def __init__(self, logs: Sequence[Log]) -> None:
        self.acknowledged: list[Acknowledged] = []
        self._recorders = [Recorder(log, DOOR, clock=lambda: NOON) for log in logs]
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        for number, recorder in enumerate(self._recorders):
            for caller in range(CALLERS):
                own, shared = f"own-{number}-{caller}", f"shared-{caller}"
                self._tasks.append(asyncio.create_task(self._call(recorder, (own, shared))))

    async def until(self, more: int) -> None:
        """Wait until so many more are acknowledged."""
        wanted = len(self.acknowledged) + more
        async with asyncio.timeout(60):
            while len(self.acknowledged) < wanted:
                await asyncio.gather(*(one for one in self._tasks if one.done()))
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        """Have everybody finish, answered."""
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def _call(self, recorder: Recorder[Door], doors: Sequence[str]) -> None:
        for door in doors:
            await self._insist(recorder, door, OpenDoor())
        turn = 0
        while not self._stopping:
            turn += 1
            await self._insist(recorder, doors[turn % len(doors)], CountPeople())

    async def _insist(
        self, recorder: Recorder[Door], door: str, command: OpenDoor | CountPeople
    ) -> None:
        command_id = uuid4()
        while True:
            try:
                receipt = await recorder.record(door, asked(command, command_id))
            except LogUnavailable:
                await asyncio.sleep(AGAIN_S)
                continue
            assert isinstance(receipt, Receipt)
            self.acknowledged += [Acknowledged(command_id, receipt)] * len(receipt.kinds)
            return


@asynccontextmanager
async def loading(dsn: str, processes: int = 2) -> AsyncIterator[Load]:
    """Open logs as so many processes would, and close them afterwards."""
    logs = [await Log.open(dsn) for _ in range(processes)]
    try:
        yield Load(logs)
    finally:
        for log in logs:
            await log.close()


def first_event(one: Acknowledged) -> UUID:
    return event_id(one.command_id, 0)
