"""What somebody with all rights to the database, and the program, does to a log and its proof."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from uuid import uuid4

from eventstore.integrity import hash_chain
from eventstore.notary.evidence import named
from eventstore.postgres.errors import LogDiverged
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.merkle import leaf_hash, root_of
from tests.conftest import execute
from tests.eventstore.notarising import SIGNER, notarising, signed_up_to
from tests.eventstore.samples import events, whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from eventstore.tlog.note import Signer
    from tests.conftest import Database

STREAMS = ("door/a", "door/b")
NO_CHECKPOINTS = "DELETE FROM muster.checkpoint"


async def signed(database: Database, log: Log, folder: Path) -> None:
    """Have twenty events signed, of two streams in turn."""
    async with notarising(database.dsn, folder):
        for version in range(10):
            for stream in STREAMS:
                await log.append(stream, version, events(1))
        await signed_up_to(folder, 20)


def rewritten(rows: Sequence[StoredEvent], at: int) -> list[StoredEvent]:
    """Change an event, and make the whole chain again, as whoever has the program can."""
    heads: dict[str, bytes] = {}
    made = []
    for row in rows:
        data = '{"number":666}' if row.position == at else row.data
        changed = row._replace(data=data)
        sealed = hash_chain.event_hash(
            heads.get(row.stream, hash_chain.genesis(row.stream)), changed
        )
        heads[row.stream] = sealed
        made.append(changed._replace(hash=sealed))
    return made


def writing(rows: Sequence[StoredEvent]) -> list[str]:
    """Return how rows are written over those that are there."""
    return [
        f"UPDATE muster.event SET data = '{row.data}', hash = '\\x{row.hash.hex()}'"  # noqa: S608 - a forger's
        f" WHERE position = {row.position}"
        for row in rows
    ]


async def refuses(log: Log) -> bool:
    """Tell whether an append is refused for good."""
    try:
        await log.append(f"door/{uuid4()}", 0, events(1))
    except LogDiverged:
        return True
    return False


def inserting(lineage: int, size: int, root: bytes, note: str) -> str:
    """Return how a checkpoint is put among those in the database."""
    values = f"{lineage}, {size}, '\\x{root.hex()}', '{note}'"
    return f"INSERT INTO muster.checkpoint (lineage, size, root, note) VALUES ({values})"  # noqa: S608 - a forger's


async def sign_as_it_is(
    database: Database, log: Log, *, lineage: int = 1, signer: Signer = SIGNER
) -> Checkpoint:
    """Put a checkpoint over the log as it is into the database, as whoever has the key can."""
    rows = await whole(log)
    root = root_of([leaf_hash(row.hash) for row in rows])
    key = named(signer, lineage)
    signed = Checkpoint(key.name, len(rows), root)
    note = signed.signed(key).whole
    await execute(database.owner_dsn, inserting(lineage, len(rows), root, note))
    return signed


def put_in_place_of(folder: Path, other: Path) -> None:
    """Put another folder where one was."""
    shutil.rmtree(folder)
    shutil.copytree(other, folder)
