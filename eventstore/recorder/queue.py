"""Commands that wait to be recorded, one queue per stream, and how each is answered."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from domain.decider import CommandEnvelope, Refused

if TYPE_CHECKING:
    from uuid import UUID

BATCH_COMMANDS_MAX = 128
"""Commands that are appended to one stream as one."""


class Receipt(NamedTuple):
    """A command is recorded: where its last event is, and what kinds of facts it led to.

    If nothing changed: where the stream stands. If it was only validated: what would be.
    """

    stream: str
    version: int
    position: int
    kinds: tuple[str, ...]
    duplicate: bool
    """Whether this very command was recorded before, and is now only answered again."""


class PendingCommand(NamedTuple):
    """A command, and the answer that somebody waits for."""

    asked: CommandEnvelope
    answer: asyncio.Future[Receipt | Refused]

    def settle(self, answer: Receipt | Refused) -> None:
        """Answer, if anybody still listens."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: BaseException) -> None:
        """Say that there is no answer."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Queue:
    """The commands that wait for one stream, and the task that works on them."""

    __slots__ = ("waiting", "work")

    def __init__(self) -> None:
        self.waiting: deque[PendingCommand] = deque()
        self.work: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, asked: CommandEnvelope) -> asyncio.Future[Receipt | Refused]:
        """Let a command wait for its answer."""
        answer: asyncio.Future[Receipt | Refused] = asyncio.get_running_loop().create_future()
        self.waiting.append(PendingCommand(asked, answer))
        return answer

    def take(self) -> list[PendingCommand]:
        """Take the next batch; a command asked twice is in two, so the second finds the first."""
        batch: list[PendingCommand] = []
        ids: set[UUID] = set()
        while self.waiting and len(batch) < BATCH_COMMANDS_MAX:
            if self.waiting[0].asked.command_id in ids:
                break
            one = self.waiting.popleft()
            if not one.answer.done():  # whoever gave up before it began is not obeyed
                batch.append(one)
                ids.add(one.asked.command_id)
        return batch
