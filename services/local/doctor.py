"""Whether this machine can run Muster: programs, ports, database, Temporal, clock, disk."""

from __future__ import annotations

import asyncio
import ctypes
import hashlib
import math
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest

from eventstore.log.log import Log
from eventstore.postgres.migrations import check
from eventstore.queries.reconciliations import Reconciliations
from eventstore.queries.second_clock import SecondClockActs
from projections.queries import overdue
from services.local.clock_lines import clock_line
from services.local.folder import Folder
from services.local.health import (
    BAD,
    GOOD,
    WARN,
    Health,
    Line,
    overdue_lines,
    proof_lines,
    second_clock_line,
    workflow_line,
)
from services.local.postgres import find_programs
from services.local.postgres_servers import server_lines
from services.local.stack import Ports, Stack
from services.local.temporal import find_program, listens
from services.runtime.settings.settings import Settings
from services.runtime.temporal.client import come_to_rest, connect

CHECK_TIMEOUT_S = 10.0
DISK_FREE_BYTES_MIN = 1024**3
TIME_ERROR = 5
"""What adjtimex(2) answers for a clock that nobody keeps right."""

TIMEX_BYTES = 208


async def examine(folder: Folder, settings: Settings, stack: Stack | None) -> Health:
    """Look at everything, each for itself: what fails is named, and the rest is looked at too."""
    checks: dict[str, Callable[[], Awaitable[Line]]] = {
        "postgres program": lambda: _program(
            "postgres program", find_programs() / "postgres", "--version"
        ),
        "temporal program": lambda: _program("temporal program", find_program(), "--version"),
        "disk": lambda: _disk(folder),
    }
    ports = await asyncio.gather(*(_port(stack, *port) for port in asdict(Ports()).items()))
    if _names(settings, "database"):
        checks["database"] = lambda: _database(settings)
        checks["clock"] = lambda: clock_line(settings)
        checks["proof"] = lambda: _proof(settings)
        checks["deadlines"] = lambda: _overdue(settings, "deadlines")
        checks["owed work"] = lambda: _overdue(settings, "owed work")
        checks["second clock"] = lambda: _second_clock(settings)
        checks["workflows"] = lambda: _workflows(settings, stack)
    if _names(settings, "temporal"):
        checks["temporal"] = lambda: _temporal(settings)
    lines = [await _looked(part, one) for part, one in checks.items()]
    unasked = [
        Line(part, "not looked at", "no stack runs here, and no setting says where it is", WARN)
        for part in ("database", "temporal")
        if part not in checks
    ]
    servers = await _servers(settings) if "database" in checks else ()
    await come_to_rest()
    return Health((*lines, *servers, *unasked, *(line for line in ports if line), _kept_right()))


async def _looked(part: str, look: Callable[[], Awaitable[Line]]) -> Line:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await look()
    except TimeoutError:
        return Line(part, "not answering", f"within {CHECK_TIMEOUT_S:.0f} s", BAD)
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what is looked for
        return Line(part, "failed", f"{type(error).__name__}: {error}", BAD)


def _names(settings: Settings, section: str) -> bool:
    """Tell whether somebody said where a part is."""
    return section in settings.model_fields_set


async def _program(part: str, file: Path, flag: str) -> Line:
    asked = await asyncio.create_subprocess_exec(
        str(file), flag, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await asked.communicate()
    version = (said.decode(errors="replace").strip().splitlines() or ["says nothing"])[0]
    if asked.returncode:
        return Line(part, "does not run", f"{file}: {version}", BAD)
    digest = await asyncio.to_thread(_sha256, file)
    return Line(part, "runs", f"{version}, {file}, sha256 {digest}")


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


async def _port(stack: Stack | None, name: str, default: int | None) -> Line | None:
    port = default if stack is None else getattr(stack.ports, name)
    if port is None:
        return None
    flag = f"--{name.replace('_', '-')}-port"
    taken = await listens(port)
    if stack is not None:
        state = ("ours", GOOD) if taken else ("not answering", BAD)
        return Line(f"port {port}", state[0], name, state[1])
    if taken:
        return Line(f"port {port}", "taken", f"{name}: choose another with {flag}", BAD)
    return Line(f"port {port}", "free", name)


async def _database(settings: Settings) -> Line:
    dsn = settings.database.dsn.get_secret_value()
    await check(dsn)
    log = await Log.open(dsn)
    try:
        return Line("database", "open", f"schema up to date, position {await log.head()}")
    finally:
        await log.close()


async def _servers(settings: Settings) -> Sequence[Line]:
    """See what each server of the address is, if there are several."""
    return await server_lines(settings.database.dsn.get_secret_value())


async def _proof(settings: Settings) -> Line:
    """See how far the log is signed, and whether it refuses to be written."""
    dsn = settings.database.dsn.get_secret_value()
    log = await Log.open(dsn)
    try:
        head = await log.head()
    finally:
        await log.close()
    return (await proof_lines(dsn, head))[0]


async def _workflows(settings: Settings, stack: Stack | None) -> Line:
    """See that every open incident has a workflow that moves, as a follower last found it."""
    follower_up_s = time.time() - stack.parts["follower"]["since"] if stack else math.inf
    log = await Log.open(settings.database.dsn.get_secret_value())
    try:
        return workflow_line(await Reconciliations(log).latest(), follower_up_s)
    finally:
        await log.close()


async def _second_clock(settings: Settings) -> Line:
    """See whether deadlines had to pass without Temporal lately."""
    log = await Log.open(settings.database.dsn.get_secret_value())
    try:
        return second_clock_line(await SecondClockActs(log).lately())
    finally:
        await log.close()


async def _overdue(settings: Settings, part: str) -> Line:
    """See whether deadlines pass, or work is done, in time."""
    log = await Log.open(settings.database.dsn.get_secret_value())
    try:
        lines = overdue_lines(await overdue.look(log), settings.overdue)
    finally:
        await log.close()
    return next(line for line in lines if line.part == part)


async def _temporal(settings: Settings) -> Line:
    client = await connect(settings.temporal)
    said = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    where = f"{settings.temporal.address}, namespace {settings.temporal.namespace}"
    return Line("temporal", "answers", f"server {said.server_version}, {where}")


async def _disk(folder: Folder) -> Line:
    place = next(path for path in (folder.root, *folder.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    what = f"{free / 1024**3:.1f} GiB free at {place}"
    if not os.access(place, os.W_OK):
        return Line("disk", "read-only", f"{place} can't be written to", BAD)
    if free < DISK_FREE_BYTES_MIN:
        return Line("disk", "short", f"{what}, 1 GiB is needed", BAD)
    return Line("disk", "enough", what)


def _kept_right() -> Line:
    """Ask the kernel whether somebody keeps the clock right; often nobody does in a container."""
    asked = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    if asked == TIME_ERROR:
        return Line("time service", "none", "the kernel says that nobody keeps the clock", WARN)
    return Line("time service", "running", "the kernel says that the clock is kept right")
