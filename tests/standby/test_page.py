"""Whoever types what the page about the standby says has what it says."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eventstore.log.log import Log
from eventstore.postgres.migrations import migrate
from tests.conftest import execute
from tests.eventstore.samples import events, whole
from tests.postgres import unprivileged
from tests.postgres_pair import private
from tests.services.running import muster
from tests.standby.shell import Hosts, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.processes

PAGE = (Path(__file__).parents[2] / "docs/how-to/run-with-a-standby.md").read_text("utf-8")
DSN = re.findall(r'^dsn = "(.*)"$', PAGE, re.MULTILINE)[0]
MOMENT = re.findall(r"recovery_target_time = '(.*)'", PAGE)[0]
ARCHIVE = """
ask() { psql -h db-b -U postgres -d postgres -XAtc "$1"; }
last=$(ask "SELECT pg_walfile_name(pg_switch_wal())")
archived() { ask "SELECT last_archived_wal >= '$last' FROM pg_stat_archiver"; }
until [ "$(archived)" = t ]; do sleep 0.1; done
"""
OWNER = "postgresql://postgres@db-a/{}"


@pytest.fixture
def hosts(fresh: None) -> Iterator[Hosts]:
    """Have a PostgreSQL on the first of three hosts."""
    del fresh
    user = unprivileged() if os.geteuid() == 0 else None
    with ExitStack() as held, tempfile.TemporaryDirectory(prefix="muster-page-") as made:
        folder = private(Path(made), user)
        for name in ("db-a", "db-b", "db-c", "archive", "backup"):
            private(folder / name, user)
        sockets = [held.enter_context(socket.socket()) for _ in range(3)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports = {
            f"db-{name}": one.getsockname()[1] for name, one in zip("abc", sockets, strict=True)
        }
        held.close()
        found = Hosts(folder, user, ports)
        found.make("db-a")
        try:
            yield found
        finally:
            found.end()


async def type_in(hosts: Hosts, title: str) -> None:
    for host, script in blocks(PAGE, title):
        await asyncio.to_thread(hosts.run, host, script)


async def states(dsn: str, folder: Path) -> list[str]:
    """Return what `muster doctor` says of the servers."""
    asked = ("doctor", "-o", "json")
    given = {"MUSTER_DATABASE__DSN": dsn}
    answer = await asyncio.to_thread(muster, *asked, given=given, cwd=folder)
    parts = json.loads(answer.out)["parts"]
    return [
        f"{line['state']}, {line['what']}"
        for part, line in parts.items()
        if part.startswith("server ")
    ]


async def test_the_page_holds_from_the_first_standby_to_a_moment_in_the_past(
    hosts: Hosts, tmp_path: Path
) -> None:
    await type_in(hosts, "Prepare the primary")
    await execute(hosts.dsn(OWNER.format("postgres")), "CREATE DATABASE muster")
    await migrate(hosts.dsn(OWNER.format("muster")))
    await type_in(hosts, "Begin the standby")
    dsn = hosts.dsn(DSN)
    assert await states(dsn, tmp_path) == [
        "primary, epoch 1, commits wait for FIRST 1 (db_b)",
        "standby, it takes over when it is promoted",
    ]
    log = await Log.open(dsn)
    await log.append("door/a", 0, events(2))
    await asyncio.to_thread(hosts.kill, "db-a")
    await type_in(hosts, "When the primary is lost")
    await log.append("door/a", 2, events(1))
    assert (await states(dsn, tmp_path))[1].startswith("primary, epoch 2, commits wait for no")
    await type_in(hosts, "Bring the old primary back, as the standby")
    await log.append("door/a", 3, events(1))
    assert [one.partition(",")[0] for one in await states(dsn, tmp_path)] == ["standby", "primary"]
    await asyncio.to_thread(hosts.run, "db-a", "pg_ctl -D /srv/postgres -m fast -w stop")
    waiting = asyncio.create_task(log.append("door/a", 4, events(1)))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await type_in(hosts, "Go on without the standby")
    await waiting
    await back_to_a_moment(hosts, log)


async def back_to_a_moment(hosts: Hosts, log: Log) -> None:
    base, restore = blocks(PAGE, "Go back to a moment")
    await asyncio.to_thread(hosts.run, *base)
    await log.append("door/a", 5, events(1))
    await asyncio.sleep(0.05)
    moment = datetime.now(UTC).isoformat()
    await asyncio.sleep(0.05)
    await log.append("door/a", 6, events(1))
    await asyncio.to_thread(hosts.run, "db-b", ARCHIVE)
    assert len(await whole(log)) == 7
    host, script = restore
    await asyncio.to_thread(hosts.run, host, script.replace(MOMENT, moment))
    await log.close()  # a process that has seen a later primary leaves the one before
    restored = await Log.open(hosts.dsn("postgresql://muster_runtime@db-c/muster"))
    assert len(await whole(restored)) == 6
    await restored.close()
