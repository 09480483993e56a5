"""However often who erases is killed: what is ordered is erased, and nothing else."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from domain.privacy import key_of
from eventstore.log.log import Log
from eventstore.postgres.connection import connect_pool
from eventstore.privacy.erasure import OBEYED
from eventstore.privacy.shares import Shares
from eventstore.privacy.vault import Vault
from tests.eventstore.samples import event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import Database

PEOPLE = 240
KILLS = 8
PATIENCE_S = 60.0
ROOT = Path(__file__).parents[2]
NUMBERS = "SELECT key_id::text AS key, share FROM muster_vault.key"
LIVING = "SELECT key_id::text AS key FROM muster_vault.key WHERE wrapped IS NOT NULL"


@pytest.fixture
async def vault(database: Database, tmp_path: Path) -> AsyncIterator[Vault]:
    (tmp_path / "key").write_text("00" * 32)
    shares = tmp_path / "shares"
    opened = await Vault.connect(database.dsn, tmp_path / "key", shares_folder=shares)
    yield opened
    await opened.close()


async def begun(dsn: str, shares: Path) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.privacy.erasing_process", dsn, str(shares)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"follows\n"
    return process


async def test_orders_are_carried_out_however_often_the_follower_is_killed(
    database: Database, vault: Vault, tmp_path: Path
) -> None:
    shares = tmp_path / "shares"
    seed = random.Random(7)  # noqa: S311 - repeatable
    sealing = (vault.seal(f"directory/p{number}", "138") for number in range(PEOPLE))
    keys = [key_of(sealed) for sealed in await asyncio.gather(*sealing)]
    ordered = {key for number, key in enumerate(keys) if number % 3}
    log = await Log.open(database.dsn)

    async def order() -> None:
        for number, key in enumerate(keys):
            what = json.dumps({"person": f"p{number}", "keys": [key], "basis": "other_law"})
            kind = "PersonalDataErased" if key in ordered else "ContactRegistered"
            await log.append(f"person/p{number}", 0, [event(what, kind=kind)])
            await asyncio.sleep(0.01)

    ordering = asyncio.create_task(order())
    for _ in range(KILLS):
        follower = await begun(database.dsn, shares)
        await asyncio.sleep(seed.uniform(0.0, 0.3))
        follower.kill()
        await follower.wait()
    await ordering
    last = await begun(database.dsn, shares)
    pool = await connect_pool(database.dsn, size=1)
    async with asyncio.timeout(PATIENCE_S):
        while {row["key"] for row in await pool.fetch(LIVING)} != set(keys) - ordered:
            await asyncio.sleep(0.1)
    assert await pool.fetchval(OBEYED) <= await log.head()
    numbers = {row["key"]: row["share"] for row in await pool.fetch(NUMBERS)}
    living = Shares(shares).living(numbers.values())
    assert set(living) == {numbers[key] for key in set(keys) - ordered}
    last.kill()
    await last.wait()
    await pool.close()
    await log.close()
