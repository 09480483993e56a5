"""Logs in memory that are seen by contacts."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.proof.forgery import MemoryLog, sealed, written
from eventstore.tlog.note import Signer
from services.client.checkpoints.log_contact import LogContact

if TYPE_CHECKING:
    from eventstore.log.events import StoredEvent
    from services.client.checkpoints.comparison import Growth, Shown
    from services.client.checkpoints.store import CheckpointStore

SERVER = "log.example.org:7460"
SIGNER = Signer("contacts.test/log", bytes(range(32)))
ROWS = sealed(written(random.Random(1), 40))  # noqa: S311 - a seed repeats what was found


def log(count: int, signer: Signer = SIGNER) -> MemoryLog:
    """Return the log as it was when it had so many events."""
    return MemoryLog(ROWS[:count], signer)


def another(count: int, signer: Signer = SIGNER) -> MemoryLog:
    """Return a log that differs from the third event on."""
    changed: list[StoredEvent] = [*ROWS]
    changed[2] = changed[2]._replace(data='{"number": -1}')
    return MemoryLog(sealed(changed)[:count], signer)


def contact(
    source: object, store: CheckpointStore, pin: str = "", patience_s: float = 0.0
) -> LogContact:
    """Return a contact that waits for nothing."""
    return LogContact(source, store, SERVER, pin, patience_s)  # type: ignore[arg-type] # as it comes


@dataclass
class Turns:
    """A source that shows one log after another, and the last one for good."""

    logs: list[MemoryLog]
    asked: int = field(default=0)

    async def newest(self) -> Shown | None:
        """Show the next one."""
        self.asked += 1
        return self._now().shown()

    async def growth(self, first: int, second: int) -> Growth:
        """Prove by the one that was shown."""
        return await self._now().growth(first, second)

    def _now(self) -> MemoryLog:
        return self.logs[min(self.asked, len(self.logs)) - 1]
