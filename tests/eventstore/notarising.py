"""A notary on a log of its own, and what somebody with all rights does to that log."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg

from domain.decider import CommandEnvelope, Refused
from domain.record.divergence import DIVERGENCES, AcknowledgeDivergence
from domain.values import Actor, Role
from eventstore.divergence.alarms import Alarms
from eventstore.integrity.archive import Archive, newest
from eventstore.log.system_log import ReopeningLog
from eventstore.notary.evidence import named
from eventstore.notary.notary import Notary
from eventstore.proofs.proofs import Proofs
from eventstore.recorder.recorder import Receipt, Recorder
from eventstore.tlog.checkpoint import Checkpoint, open_checkpoint
from eventstore.tlog.note import Signer
from tests.conftest import execute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from domain.record.divergence import Diverged
    from domain.refusals import Refusal
    from eventstore.divergence.alarms import Alarm

SIGNER = Signer("example.org/log", bytes(range(32)))
ADMINISTRATOR = Actor("administrator", frozenset({Role.ADMINISTRATOR}))
NOW = datetime(2026, 5, 1, tzinfo=UTC)
PAUSE_S = 0.05
PATIENCE_S = 15.0


@asynccontextmanager
async def notarising(
    dsn: str,
    folder: Path,
    *,
    signer: Signer = SIGNER,
    pause_s: float = PAUSE_S,
    counts_alone: bool = True,
) -> AsyncIterator[Notary]:
    """Run a notary, as far as its process would."""
    proofs = await Proofs.open(dsn)
    notary = Notary(dsn, folder, signer, proofs, pause_s=pause_s, counts_alone=counts_alone)
    running = asyncio.create_task(notary.run())
    try:
        yield notary
    finally:
        running.cancel()
        ended = await asyncio.gather(running, return_exceptions=True)
        await proofs.close()
    if not isinstance(ended[0], asyncio.CancelledError):
        raise ended[0] or AssertionError("the notary ended by itself")


async def signed_up_to(folder: Path, size: int) -> Checkpoint:
    """Wait until so many events are signed, and return the checkpoint."""
    await until(lambda: newest_checkpoint(folder) is not None and checkpoint(folder).size >= size)
    return checkpoint(folder)


def checkpoint(folder: Path) -> Checkpoint:
    """Return what was signed last, having checked the signature."""
    found = newest_checkpoint(folder)
    assert found is not None
    return found


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    archive = newest(folder)
    note = archive.checkpoint() if archive else None
    if archive is None or note is None:
        return None
    return open_checkpoint(note, named(SIGNER, archive.lineage).verifier)


def archive_of(folder: Path) -> Archive:
    archive = newest(folder)
    assert archive is not None
    return archive


async def until(what: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(patience_s):
        while not what():
            await asyncio.sleep(0.01)


async def tamper(owner_dsn: str, *statements: str) -> None:
    """Do to the log what only somebody with all rights can."""
    await execute(
        owner_dsn,
        "ALTER TABLE muster.event DISABLE TRIGGER never_changed",
        *statements,
        "ALTER TABLE muster.event ENABLE ALWAYS TRIGGER never_changed",
    )


async def refused_because(dsn: str) -> tuple[str, Diverged]:
    """Wait until the log refuses to be written, and return why."""
    proofs = await Proofs.open(dsn)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (standing := await proofs.standing()) is None:
                await asyncio.sleep(0.02)
        return standing.divergence, standing.what
    finally:
        await proofs.close()


async def alarm(dsn: str, kind: str) -> str:
    """Wait for an alarm, and return what it says."""
    return next(one.says for one in await alarms_when(dsn, lambda kinds: kind in kinds)
                if one.kind == kind)  # fmt: skip


async def alarms_when(dsn: str, what: Callable[[set[str]], bool]) -> Sequence[Alarm]:
    """Wait until the kinds of the alarms are so, and return the alarms."""
    proofs = await Proofs.open(dsn)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not what({one.kind for one in await Alarms(proofs.pool).raised()}):
                await asyncio.sleep(0.02)
        return await Alarms(proofs.pool).raised()
    finally:
        await proofs.close()


async def value(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def acknowledge(dsn: str, divergence: str, reason: str | None) -> Receipt | Refusal:
    """Acknowledge as the service does."""
    proofs = await Proofs.open(dsn)

    async def standing(_state: object, _command: object) -> object:
        return await proofs.acknowledgeable(divergence)

    log = ReopeningLog(dsn, proofs.pool)
    recorder = Recorder(log, DIVERGENCES, clock=lambda: NOW, surroundings=standing)
    command = AcknowledgeDivergence(divergence=divergence)
    asked = CommandEnvelope(command, uuid4(), ADMINISTRATOR, reason=reason)
    try:
        answer = await recorder.record(divergence, asked)
    finally:
        await proofs.close()
    return answer.reason if isinstance(answer, Refused) else answer
