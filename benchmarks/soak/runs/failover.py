"""The primary killed under load and the standby promoted: what was acknowledged is on both."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from benchmarks.place import HERE, Place
from benchmarks.soak.faults import goes_on
from benchmarks.soak.options import Options
from benchmarks.soak.plans import SHORT
from benchmarks.soak.runs.kills import furnish, keep_if_wrong, loading, settled
from benchmarks.soak.scene import seen
from benchmarks.torture.kept import Kept, Start
from benchmarks.torture.outcome import Tell
from eventstore.postgres.migrations import migrate
from eventstore.postgres.provision import create_database
from services.local.folder import Folder
from services.local.stack import PROCESSES, Ports, Stack, environment, make_secrets
from services.local.temporal import Temporal, listens
from tests.postgres_pair import StandbyPair, standby_pair

FAILOVERS = 3
BETWEEN_S = 5.0
DATABASE = "muster"
SERVED_WITHIN_S = 60.0
POLL_S = 0.05
SUPERUSER = "postgres"


async def failover(options: Options, tell: Tell) -> dict[str, Any]:
    """Fail over some times under load, then let everything settle, and judge."""
    took: list[float] = []
    with standby_pair() as pair:
        async with running_on(pair) as made:
            with seen(made, pair.dsn(DATABASE, user=SUPERUSER)) as at:
                await made.publish(SHORT)
                await furnish(at)
                async with loading(at, options.seed, options.lanes) as journal:
                    for number in range(1, FAILOVERS + 1):
                        await asyncio.sleep(BETWEEN_S)
                        await goes_on(journal)
                        took.append(await _fail_over(pair, journal))
                        tell(f"{number}/{FAILOVERS} failed over, served after {took[-1]:.1f} s")
                        await asyncio.to_thread(pair.rejoin)
                verdict = await settled(at, [journal])
                await keep_if_wrong(verdict, at, [journal], options.evidence)
    return {
        **verdict,
        "failovers": FAILOVERS,
        "failover_lost": verdict["lost"],
        "served_again_s_max": round(max(took), 3),
    }


async def _fail_over(pair: StandbyPair, journal: Path) -> float:
    """Kill the primary, promote the standby; return after how long the load was served again."""
    begun = time.monotonic()
    await asyncio.to_thread(pair.fail_over)
    await goes_on(journal)
    return time.monotonic() - begun


@asynccontextmanager
async def running_on(pair: StandbyPair) -> AsyncIterator[Place]:
    """Run every process of Muster on a database that is on either of two servers."""
    primary = pair.primary.dsn
    await create_database(primary(), DATABASE)
    await migrate(primary(DATABASE))
    root = Path(tempfile.mkdtemp(prefix="muster-failover-"))
    folder = Folder.at(root)
    folder.make()
    ports = Ports(api=0, temporal=0, mail=0).taken()
    make_secrets(folder)
    settings = {
        **environment(folder, ports),
        "MUSTER_DATABASE__DSN": pair.dsn(DATABASE),
        "MUSTER_DATABASE__OWNER_DSN": pair.dsn(DATABASE, user=SUPERUSER),
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE / "protos")]),
    }
    try:
        async with AsyncExitStack() as stack:
            for start in _starts(folder, ports, settings):
                kept = Kept(start, folder.logs / f"{start.name}.log")
                stack.push_async_callback(_end, kept)
                await kept.start()
            async with asyncio.timeout(SERVED_WITHIN_S):
                while not await listens(ports.api):
                    await asyncio.sleep(POLL_S)
            found = Stack(folder, os.getpid(), ports, {})
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(found.api))
            yield Place(found, channel, 0.0)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _starts(folder: Folder, ports: Ports, settings: Mapping[str, str]) -> list[Start]:
    sink = [sys.executable, "-m", "services.local.mail_sink", str(folder.mail), str(ports.mail)]
    return [
        Start("temporal", Temporal(folder, ports.temporal).command),
        Start("mail", sink, settings),
        *(
            Start(
                name,
                [sys.executable, "-m", "services.process", name],
                {**settings, "MUSTER_METRICS__OFFSET": str(index)},
            )
            for index, name in enumerate(PROCESSES)
        ),
    ]


async def _end(kept: Kept) -> None:
    stopping = asyncio.create_task(kept.stop())
    await asyncio.sleep(0)
    kept.kill(family=True)
    await asyncio.gather(stopping, return_exceptions=True)
