"""What a server or a process was told of a later primary: neither forgets it, nor goes below it."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import asyncpg
import pytest

from eventstore.postgres.connection import connect, watch_primary
from eventstore.postgres.epochs import Epoch, Epochs, keep
from eventstore.postgres.primary import Answer, NoPrimary, ask, supersede
from services.runtime.readiness import EXIT_AWAY
from tests.eventstore.notarising import checkpoint, notarising, signed_up_to, value
from tests.standby.conftest import TEMPLATE
from tests.standby.test_fence import LOCALLY, append_directly, superseded, two_primaries

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import Cluster
    from tests.postgres_pair import Node
    from tests.standby.conftest import Place

ENDED_WITHIN_S = 60.0
MODULES = (
    "postgres.epochs",
    "postgres.primary",
    "log.log",
    "postgres.replicated_commit",
    "notary.notary",
)


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know of no primary, as a process that begins."""
    known = Epochs()
    for module in MODULES:
        monkeypatch.setattr(f"eventstore.{module}.EPOCHS", known)


async def of(node: Node, place: Place) -> Epoch:
    """Return the epoch of a server."""
    connection = await asyncpg.connect(node.dsn(place.name))
    try:
        row = await connection.fetchrow("SELECT system, epoch FROM muster.server()")
    finally:
        await connection.close()
    assert row is not None
    return Epoch(*row)


async def fenced(place: Place) -> Node:
    """Return an earlier primary that was told of the later one."""
    earlier, _ = await two_primaries(place)
    await (await connect(place.dsn)).close()
    assert await superseded(place, earlier)
    return earlier


async def test_nothing_settles_on_a_fenced_primary(place: Place) -> None:
    """What is so already is acknowledged once this has passed, which it does on no such server."""
    earlier = await fenced(place)
    with pytest.raises(RuntimeError, match="superseded by epoch"):
        earlier.ask(f"{LOCALLY}; SELECT muster.settle()", place.name)


async def test_a_server_that_was_told_of_an_epoch_never_goes_below_it(place: Place) -> None:
    earlier = await fenced(place)
    system, number = await of(earlier, place)
    earlier.execute("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
    tell = "SELECT muster.supersede({}, {}); SELECT highest FROM muster.server()"
    assert earlier.ask(tell.format(system, number + 7), place.name).split() == [str(number + 7)]
    assert earlier.ask(tell.format(system, number), place.name).split() == [str(number + 7)]


async def test_the_watch_of_a_process_alone_fences_a_primary_that_comes_back(place: Place) -> None:
    """Nobody connects anew, and nobody appends."""
    earlier, _ = await two_primaries(place)
    watching = asyncio.create_task(watch_primary(place.dsn))
    async with asyncio.timeout(ENDED_WITHIN_S):
        while not await superseded(place, earlier):
            await asyncio.sleep(0.05)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_a_process_that_knows_nothing_takes_the_word_of_a_fenced_primary(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = await fenced(place)
    forget(monkeypatch)
    with pytest.raises(ConnectionError, match="superseded by epoch"):
        await connect(earlier.dsn(place.name, user="muster_runtime"))


async def test_primaries_of_two_clusters_are_both_refused(
    place: Place, postgres: Cluster, template: str
) -> None:
    """An address that was copied and half changed: no guess is made which log is meant."""
    assert template == TEMPLATE
    hosts = f"{place.pair.primary.folder},{postgres.folder}"
    named = urlencode({"host": hosts, "port": "5432,5432"})
    with pytest.raises(NoPrimary, match="primaries of different clusters"):
        await connect(f"postgresql://muster_runtime@/{TEMPLATE}?{named}")


async def test_a_primary_of_another_cluster_is_told_nothing(place: Place) -> None:
    """It remembers one epoch: that of another cluster would replace its own."""
    primary = place.pair.primary
    answer = Answer(primary.dsn(place.name))
    await ask(answer, asyncpg.connect)
    await supersede([answer], Epoch(1, 99))
    assert answer.connection is not None
    answer.connection.terminate()
    assert await value(primary.dsn(place.name), "SELECT count(*) FROM muster.epoch") == 0


async def test_a_notary_whose_folder_knows_a_later_primary_signs_nothing_of_an_earlier(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier, later = await two_primaries(place)
    async with notarising(later.dsn(place.name, user="muster_runtime"), tmp_path):
        await signed_up_to(tmp_path, 1)
    alone = earlier.dsn(place.name, user="muster_runtime")
    assert await append_directly(alone) == "appended"
    forget(monkeypatch)
    async with notarising(alone, tmp_path), asyncio.timeout(ENDED_WITHIN_S):
        while not await superseded(place, earlier):
            await asyncio.sleep(0.05)
    assert checkpoint(tmp_path).size == 1


async def test_a_process_whose_notary_knew_a_later_primary_does_not_begin_with_an_earlier(
    place: Place, tmp_path: Path
) -> None:
    earlier, later = await two_primaries(place)
    keep(tmp_path, await of(later, place))
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "MUSTER_DATABASE__DSN": earlier.dsn(place.name, user="muster_runtime"),
        "MUSTER_NOTARY__FOLDER": str(tmp_path),
    }
    begun = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.process", "follower"),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(ENDED_WITHIN_S):
            _, said = await begun.communicate()
    finally:
        if begun.returncode is None:
            begun.kill()
    assert begun.returncode == EXIT_AWAY
    assert b"superseded by epoch" in said
