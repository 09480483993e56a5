"""What is asked of a service beside a notary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from muster.v1 import audit_service_pb2 as audit

from eventstore.log.log import Log
from tests.api.errors import Told, refused
from tests.eventstore.notarising import (
    signed_up_to,
)
from tests.eventstore.samples import events

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from services.client.client import Client
    from tests.conftest import Database


async def signed(database: Database, kept: Path, count: int) -> None:
    """Have events of two doors signed."""
    log = await Log.open(database.dsn)
    for version in range(count // 2):
        await log.append("door/a", version, events(1))
        await log.append("door/b", version, events(1))
    await log.close()
    await signed_up_to(kept, count)


async def why(asking: Awaitable[object]) -> Told:
    """Ask, and return why that was refused."""
    async with refused() as told:
        await asking
    return told


async def verified(client: Client, stream: str = "") -> audit.VerifyResponse:
    """Verify, and return the last step."""
    steps = [step async for step in client.audit.Verify(audit.VerifyRequest(stream=stream))]
    assert [step.done for step in steps[:-1]] == [False] * (len(steps) - 1)
    return steps[-1]
