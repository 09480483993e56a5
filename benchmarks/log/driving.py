"""Drivers as processes: each store is driven by a program of its own, as its users would."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.local.temporal import listens

if TYPE_CHECKING:
    from benchmarks.log.peers import Peers
    from benchmarks.log.place import Databases

HERE = Path(__file__).parent / "drivers"
ROOT = Path(__file__).parents[2]
UMADB_PORT = 50_651
PATIENCE_S = 60.0
LINE_MAX = 1 << 20


class Driver:
    """A program that drives a store."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, **question: Any) -> dict[str, float]:
        """Ask for one measurement."""
        assert self._process.stdin, "it was started with one"
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        await self._process.stdin.drain()
        return await self.answer()

    async def answer(self) -> dict[str, float]:
        """Wait for the next answer."""
        assert self._process.stdout, "it was started with one"
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a driver ended with {await self._process.wait()}")
        found: dict[str, float] = json.loads(line)
        return found


@asynccontextmanager
async def drivers(databases: Databases, peers: Peers) -> AsyncIterator[Mapping[str, Driver]]:
    """Start a driver for each store that is there."""
    async with AsyncExitStack() as started:
        found = {}
        for name, command in _commands(databases, peers).items():
            if name == "umadb":
                await started.enter_async_context(_umadb(peers))
            found[name] = await started.enter_async_context(_driver(command))
        yield found


def _commands(databases: Databases, peers: Peers) -> dict[str, list[str]]:
    ours = [sys.executable, "-m"]
    drivers = "benchmarks.log.drivers"
    commands = {
        "muster": [*ours, f"{drivers}.muster_log", databases.runtime("muster")],
        "young": [*ours, f"{drivers}.muster_log", databases.runtime("young")],
        "unsealed": [*ours, f"{drivers}.muster_log", databases.runtime("unsealed"), "unsealed"],
        "bare": [*ours, f"{drivers}.bare", databases.owner("bare")],
    }
    if peers.node:
        package = str(peers.modules / "node_modules" / "@eventide" / "message-db")
        commands |= {
            "message_db": [*ours, f"{drivers}.message_db", databases.owner("message_db"), package],
            "emmett": [
                peers.node,
                str(HERE / "emmett.mjs"),
                databases.owner("emmett"),
                str(peers.modules),
            ],
        }
    if peers.python:
        program = [str(peers.python), str(HERE / "eventsourcing_pg.py")]
        commands |= {
            "eventsourcing": [*program, databases.owner("eventsourcing"), "n"],
            "eventsourcing_functions": [*program, databases.owner("eventsourcing_functions"), "y"],
            "umadb": [
                str(peers.python),
                str(HERE / "umadb_server.py"),
                f"http://127.0.0.1:{UMADB_PORT}",
            ],
        }
    return commands


@asynccontextmanager
async def _driver(command: list[str]) -> AsyncIterator[Driver]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}"}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
        limit=LINE_MAX,
    )
    driver = Driver(process)
    try:
        await asyncio.wait_for(driver.answer(), PATIENCE_S)
        yield driver
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def _umadb(peers: Peers) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory(prefix="muster-bench-umadb-") as folder:
        process = await asyncio.create_subprocess_exec(
            peers.umadb,
            *("--listen", f"127.0.0.1:{UMADB_PORT}", "--db-path", f"{folder}/uma.db"),
            stdout=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await listens(UMADB_PORT):
                    await asyncio.sleep(0.05)
            yield
        finally:
            process.terminate()
            await process.wait()
