"""A service whose log is forked under the eyes of the command line."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from benchmarks.proof.forgery import Kind
from benchmarks.proof.served_forks import acknowledge_other_log, forge
from eventstore.log.log import Log
from tests.api.conftest import PLAN_EVENTS, Service, publish
from tests.api.conftest import kept as kept_folder
from tests.api.conftest import proving as proving_service
from tests.eventstore.notarising import notarising, signed_up_to, tamper
from tests.eventstore.samples import events
from tests.services.running import Answer, muster

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database

kept = kept_folder
proving = proving_service


@dataclass
class Forkable:
    """A service beside a log, and the command line."""

    service: Service
    database: Database
    notary: Path
    folder: Path

    async def record(self, more: int) -> int:
        """Record some events, which nobody signs yet; return how many there are."""
        log = await Log.open(self.database.dsn)
        head = await log.head()
        if more:
            await log.append(f"door/{head}", 0, events(more))
        await log.close()
        return head + more

    async def sign(self, more: int = 0) -> int:
        """Record some events and have all signed; return how many there are."""
        count = await self.record(more)
        async with notarising(self.database.dsn, self.notary):
            return (await signed_up_to(self.notary, count)).size

    async def fork(self, kind: Kind = Kind.CHANGED) -> None:
        """Rewrite the log from its first events on, and have that signed by the same key."""
        await forge(self.database, self.notary, kind, random.Random(3))  # noqa: S311 - a seed

    async def lose(self, after: int) -> None:
        """Lose the events after a place, and have an administrator acknowledge that."""
        deleted = f"DELETE FROM muster.event WHERE position > {after}"  # noqa: S608 - a number
        await tamper(self.database.owner_dsn, deleted)
        await acknowledge_other_log(self.database, self.notary, after + 1)

    async def muster(self, *words: str, role: str = "operator", **given: str) -> Answer:
        """Run the command line against the service."""
        environment = {**self.environment(role), **given}
        return await asyncio.to_thread(muster, *words, given=environment)

    def environment(self, role: str) -> dict[str, str]:
        """Return what tells the command line where the service is, and who asks."""
        (self.folder / "token").write_text(role)
        return {
            "MUSTER_ADDRESS": self.service.address,
            "MUSTER_FOLDER": str(self.folder / "no-stack"),
            "MUSTER_TOKEN_FILE": str(self.folder / "token"),
        }


@pytest.fixture
async def forkable(proving: Service, database: Database, kept: Path, tmp_path: Path) -> Forkable:
    """Have a plan in force, and everything signed."""
    await publish(proving)
    made = Forkable(proving, database, kept, tmp_path)
    assert await made.sign() == PLAN_EVENTS
    return made
