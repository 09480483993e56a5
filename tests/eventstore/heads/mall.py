"""A log of many streams and two venues, and its map as others see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.heads.audit import heads_root
from eventstore.heads.hashes import Leaf, Space, key_of
from eventstore.heads.prover import HeadProver, Signed
from eventstore.postgres.connection import LOG_SETTINGS, close_quietly, connect
from eventstore.proofs.proofs import Proofs
from eventstore.tlog.checkpoint import Checkpoint
from tests.eventstore.samples import event, events, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.heads.hashes import Opened
    from eventstore.log.events import NewEvent
    from eventstore.log.log import Log


STREAMS = 600
"""So many that every bucket has some."""


MALL = [f"incident/{number}" for number in range(3)]


async def filled(log: Log) -> None:
    """Append to many streams, and open incidents at two venues."""
    for number in range(STREAMS):
        await log.append(f"door/{number}", 0, events(1))
    for stream in MALL:
        await log.append(stream, 0, [opened("mall"), event()])
    await log.append("incident/elsewhere", 0, [opened("station")])
    await log.append("incident/late", 0, [event(), opened("mall")])
    await log.append("door/mall", 0, [opened("mall")])
    await log.append("incident/nowhere", 0, [event("[7]", kind="IncidentOpened")])


def opened(venue: str) -> NewEvent:
    return event(f'{{"venue":"{venue}"}}', kind="IncidentOpened")


async def newest_of(log: Log, stream: str, size: int) -> Leaf | None:
    """Return the entry of a stream as whoever reads the log up to a size says it is."""
    rows = [row for row in (await whole(log))[:size] if row.stream == stream]
    key = key_of(Space.STREAM, stream)
    return Leaf(key, rows[-1].version, rows[-1].hash) if rows else None


async def recomputed(dsn: str, size: int) -> bytes:
    connection = await connect(dsn, LOG_SETTINGS)
    try:
        return await heads_root(connection, size)
    finally:
        await close_quietly(connection)


class Prover:
    """Proves under what is in a folder, with connections of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def stream(self, under: Checkpoint, stream: str) -> Leaf | None:
        proofs = await Proofs.open(self._dsn)
        try:
            signed = Signed(1, under.size, under.heads or b"")
            return (await HeadProver(proofs.pool).stream(signed, stream)).leaf
        finally:
            await proofs.close()

    async def venue(self, under: Checkpoint, venue: str) -> Sequence[Opened]:
        proofs = await Proofs.open(self._dsn)
        try:
            signed = Signed(1, under.size, under.heads or b"")
            return (await HeadProver(proofs.pool).venue(signed, venue)).incidents
        finally:
            await proofs.close()
