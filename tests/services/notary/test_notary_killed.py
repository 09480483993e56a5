"""The notary's process, killed again and again: it never signs two logs."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from typing import TYPE_CHECKING

from eventstore.heads.audit import audit_heads
from eventstore.integrity.archive import newest
from eventstore.integrity.audit import audit
from eventstore.log.log import Log
from eventstore.proofs.proofs import Proofs
from eventstore.tlog.merkle import leaf_hash, root_of, verify_consistency
from tests.eventstore.notarising import (
    SIGNER,
    archive_of,
    checkpoint,
    notarising,
    signed_up_to,
)
from tests.eventstore.samples import events, whole

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database

KILLS = 5
STARTS_WITHIN_S = 60
CHANCE = random.Random(7)  # noqa: S311 - not for secrets


async def test_a_notary_that_is_killed_again_and_again_never_signs_two_logs(
    database: Database, tmp_path: Path
) -> None:
    """Every checkpoint that was ever seen is noted down, and all of them are of one log."""
    folder = tmp_path / "notary"
    (tmp_path / "key").write_text(SIGNER.skey)
    log = await Log.open(database.dsn)
    appending = asyncio.create_task(append_on_and_on(log))
    seen: dict[int, bytes] = {}
    for _ in range(KILLS):
        await notarise_until_killed(database.dsn, tmp_path, seen)
    appending.cancel()
    await asyncio.gather(appending, return_exceptions=True)
    async with notarising(database.dsn, folder):
        last = await signed_up_to(folder, await log.head())
    leaves = [leaf_hash(event.hash) for event in await whole(log)]
    await log.close()
    assert len(seen) > KILLS
    assert all(
        root == root_of(leaves[:size]) for size, root in (seen | {last.size: last.root}).items()
    )
    report = await audit(database.dsn, None, archive_of(folder), lambda _: None)
    assert not report.flaws
    assert await audit_heads(database.dsn, archive_of(folder).checkpoint()) == []
    proofs = await Proofs.open(database.dsn)
    for size in sorted(seen)[-3:]:
        proof = await proofs.consistency(size, last.size)
        assert verify_consistency(size, seen[size], last.size, last.root, proof)
    await proofs.close()


async def notarise_until_killed(dsn: str, place: Path, seen: dict[int, bytes]) -> None:
    """Run the process until it signed more than was seen, and a moment longer."""
    folder = place / "notary"
    environment = {
        **os.environ,
        "MUSTER_DATABASE__DSN": dsn,
        "MUSTER_NOTARY__FOLDER": str(folder),
        "MUSTER_NOTARY__KEY_FILE": str(place / "key"),
        "MUSTER_NOTARY__PAUSE_SECONDS": "0.05",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.process", "notary", env=environment
    )
    before = max(seen, default=0)
    async with asyncio.timeout(STARTS_WITHIN_S):
        while max(seen, default=0) <= before:
            note_down(folder, seen)
            await asyncio.sleep(0.02)
    await asyncio.sleep(CHANCE.random() * 0.3)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    note_down(folder, seen)


def note_down(folder: Path, seen: dict[int, bytes]) -> None:
    """Remember what is signed now, as somebody outside would."""
    if newest(folder):
        found = checkpoint(folder)
        assert seen.setdefault(found.size, found.root) == found.root


async def append_on_and_on(log: Log) -> None:
    version = 0
    while True:
        await log.append("door/a", version, events(7))
        version += 7
        await asyncio.sleep(0.01)
