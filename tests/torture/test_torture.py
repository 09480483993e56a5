"""A short run of the torture, and what it once found."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from benchmarks.torture.wire import Spot, Way, ends, wire
from eventstore.log.events import AlreadyThere, Appended
from eventstore.log.log import Log
from eventstore.postgres.errors import LogUnavailable
from tests.eventstore.samples import events

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.torture.wire import Wire
    from tests.conftest import Database

pytestmark = pytest.mark.processes

SYNC_BYTES = 5
"""The last message of an append: that this was all."""


def test_a_few_kills_lose_nothing(tmp_path: Path) -> None:
    out = tmp_path / "torture.json"
    own = [
        "--seed",
        "smoke",
        "--faults",
        "kills",
        "--kills",
        "4",
        "--writers",
        "2",
        "--out",
        str(out),
    ]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.torture", *own],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(out.read_text())
    assert figures["kills"] == 4
    assert figures["acknowledged"] > 100
    assert (figures["lost"], figures["duplicated"], figures["divergences"]) == (0, 0, 0)


async def test_a_writer_that_is_cut_off_keeps_nobody_waiting_for_long(database: Database) -> None:
    async with wire(database.cluster.folder / ".s.PGSQL.5432") as line:
        apart, well = await Log.open(line.dsn(database.dsn)), await Log.open(database.dsn)
        line.hold_at = await before_the_end_of_an_append(line, apart)
        asked = events(1)
        late = asyncio.create_task(apart.append("door/apart", 3, asked))
        while not line.held:
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        assert isinstance(await well.append("door/well", 0, events(1)), Appended)
        waited = time.monotonic() - begun
        line.release()
        with contextlib.suppress(LogUnavailable):  # as it may be told, if it waited for too long
            await late
        again = await apart.append("door/apart", 3, asked)
        assert isinstance(again, AlreadyThere | Appended)
        assert (again.version, again.position) == (4, 5)
        await apart.close()
        await well.close()
    assert waited > 1


async def before_the_end_of_an_append(line: Wire, apart: Log) -> Spot:
    """Append three times, and tell where the fourth append will be all but over."""
    await apart.append("door/apart", 0, events(1))
    await apart.append("door/apart", 1, events(1))
    line.heard = {}
    await apart.append("door/apart", 2, events(1))
    ((connection, said),) = ((n, said) for (n, way), said in line.heard.items() if way is Way.TO)
    line.heard = None
    *_, executed, _ = ends(bytes(said))
    assert len(said) - executed == SYNC_BYTES
    return Spot(connection, Way.TO, line.carried[connection, Way.TO] + executed)
