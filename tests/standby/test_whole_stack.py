"""Api, worker, follower and notary as processes on a pair whose primary is killed under load."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from benchmarks.soak.faults import goes_on
from benchmarks.soak.plans import SHORT
from benchmarks.soak.runs.failover import DATABASE, SUPERUSER, running_on
from benchmarks.soak.runs.kills import furnish, loading, settled
from benchmarks.soak.scene import seen
from eventstore.integrity.archive import newest
from eventstore.integrity.audit import audit
from eventstore.log.log import Log
from eventstore.tlog.checkpoint import open_checkpoint
from services.notary.main import read_key
from tests.eventstore.notarising import until
from tests.postgres_pair import standby_pair

if TYPE_CHECKING:
    from eventstore.tlog.checkpoint import Checkpoint
    from services.local.folder import Folder

pytestmark = pytest.mark.processes

LANES = 2
HELD = {"lost": 0, "doubled": 0, "deadlines_unfired": 0, "complaints_in_all": 0}


async def test_real_processes_follow_the_promoted_standby_and_every_deadline_fires() -> None:
    with standby_pair() as pair:
        async with running_on(pair) as made:
            with seen(made, pair.dsn(DATABASE, user=SUPERUSER)) as at:
                await made.publish(SHORT)
                await furnish(at)
                async with loading(at, "failover", LANES) as journal:
                    await goes_on(journal)
                    await asyncio.to_thread(pair.fail_over)
                    await goes_on(journal)
                    await asyncio.to_thread(pair.rejoin)
                    await goes_on(journal)
                verdict = await settled(at, [journal])
            assert {name: verdict[name] for name in HELD} == HELD, verdict["complaints"]
            assert verdict["acknowledged"] > 0
            assert verdict["deadlines_passed"] > 0
            await assert_signed_as_it_is(pair.dsn(DATABASE), made.stack.folder)


async def assert_signed_as_it_is(dsn: str, folder: Folder) -> None:
    """See chain and tree whole, and the notary's newest checkpoint to be of this log."""
    log = await Log.open(dsn)
    head = await log.head()
    await log.close()
    await until(lambda: signed(folder).size >= head)
    report = await audit(dsn, None, newest(folder.notary), lambda _: None)
    assert report.flaws == []
    last = signed(folder)
    assert (last.size, last.root) == (report.size, report.root)


def signed(folder: Folder) -> Checkpoint:
    """Return what the notary signed last, having checked the signature."""
    archive = newest(folder.notary)
    note = archive.checkpoint() if archive else None
    assert note is not None
    return open_checkpoint(note, read_key(folder.keys / "notary").verifier)
