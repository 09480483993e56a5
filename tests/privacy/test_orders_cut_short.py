"""An order to erase that a crash cut short is carried out all the same."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from eventstore.log.log import Log
from eventstore.postgres.connection import connect_pool
from eventstore.privacy.erasure import OBEYED, Eraser
from tests.conftest import execute
from tests.privacy.people import (
    PATIENCE_S,
    disclosed,
    erasing,
    living,
    obeyed,
    ordered,
)

if TYPE_CHECKING:
    from services.client.client import Client
    from tests.conftest import Database


async def test_an_order_that_a_crash_cut_short_is_carried_out_by_the_follower(
    incident: str, operator: Client, database: Database, log: Log
) -> None:
    await ordered(log, incident)
    assert await living(database) == 1, "killed between the order and the key"
    await obeyed(database, log)
    assert (await disclosed(operator, incident=incident)).HasField("erasure")


async def test_what_was_remembered_of_an_incident_is_forgotten_with_the_key(
    incident: str, administrator: Client, database: Database, log: Log
) -> None:
    keep = """INSERT INTO muster.snapshot (stream, version, fold, hash, state, digest)
        VALUES ('incident/{}', 1, 'fold', sha256(''), 'sealed:v1:…', sha256(''))"""
    other = "00000000-0000-4000-8000-000000000000"
    await execute(database.owner_dsn, keep.format(incident), keep.format(other))
    await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    pool = await connect_pool(database.dsn, size=1)
    eraser = await Eraser.open(database.dsn, log)
    following = asyncio.create_task(eraser.run())
    async with asyncio.timeout(PATIENCE_S):
        while await pool.fetchval(OBEYED) < await log.head():
            await asyncio.sleep(0.02)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    left = [row["stream"] for row in await pool.fetch("SELECT stream FROM muster.snapshot")]
    assert left == [f"incident/{other}"]
    await eraser.close()
    await pool.close()


async def test_an_order_that_a_crash_cut_short_is_carried_out_by_asking_again(
    incident: str, administrator: Client, database: Database, log: Log
) -> None:
    await ordered(log, incident)
    receipt = await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    assert list(receipt.kinds) == []
    assert await living(database) == 0


async def test_a_vault_from_before_the_order_carries_it_out_again(
    incident: str, administrator: Client, database: Database, log: Log
) -> None:
    saved = "CREATE TABLE saved AS SELECT * FROM muster_vault.key"
    await execute(database.owner_dsn, saved)
    await administrator.privacy.ErasePersonalData(erasing(incident=incident))
    await obeyed(database, log)
    back = ["TRUNCATE muster_vault.key", "INSERT INTO muster_vault.key SELECT * FROM saved"]
    await execute(database.owner_dsn, *back, "UPDATE muster_vault.obeyed SET position = 0")
    assert await living(database) == 1
    await obeyed(database, log)


async def test_a_vault_that_has_seen_a_longer_log_begins_anew(
    incident: str, database: Database, log: Log
) -> None:
    await execute(database.owner_dsn, "UPDATE muster_vault.obeyed SET position = 1000000")
    await ordered(log, incident)
    await obeyed(database, log)
    pool = await connect_pool(database.dsn, size=1)
    assert await pool.fetchval(OBEYED) == await log.head()
    await pool.close()
