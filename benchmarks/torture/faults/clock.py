"""The clock of PostgreSQL's machine is put back, and forth, while everybody works.

The server runs with `shift_clock.c` preloaded: a real server, whose wall clock is ours to set.
"""

from __future__ import annotations

import asyncio
import mmap
import random
import shutil
import struct
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from benchmarks.torture.outcome import Outcome, Tell
from benchmarks.torture.place import place

WRITERS = 2
STEPS_S = (-0.001, -1.0, 3_600.0, -3_600.0, -86_400.0, 30.0, -30.0, -400.0 * 86_400)
"""By how much the clock is moved, each time from where it was, in an order of the seed's."""

STEP_LASTS_S = 2.0
SHIFT_BYTES = 8
SOURCE = Path(__file__).with_name("shift_clock.c")
AHEAD = """
    SELECT extract(epoch FROM (SELECT recorded_at FROM muster.event ORDER BY position DESC LIMIT 1)
                              - clock_timestamp())::float8"""


class NoCompiler(Exception):
    """There is no C compiler, so that the clock can't be shifted."""


class Clock:
    """The wall clock of a server."""

    def __init__(self, library: Path, file: Path, shift: mmap.mmap) -> None:
        self.environment = {"LD_PRELOAD": str(library), "MUSTER_CLOCK_SHIFT": str(file)}
        self.shifted_s = 0.0
        self._shift = shift

    def step(self, seconds: float) -> None:
        """Put the clock forth, or back."""
        self.shifted_s += seconds
        self._shift[:SHIFT_BYTES] = struct.pack("<q", round(self.shifted_s * 1_000_000))


async def clock_steps(seed: str, tell: Tell) -> Outcome:
    """Step the clock under load; positions, versions and recorded_at must only grow."""
    steps = random.Random(f"{seed}/clock").sample(STEPS_S, len(STEPS_S))  # noqa: S311 - repeatable
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(shifted_clock())
        here = await stack.enter_async_context(place(seed, environment=clock.environment))
        for _ in range(WRITERS):
            await here.write()
        await here.watch()
        await here.at_work()
        looking = await asyncpg.connect(here.owner_dsn)
        stack.push_async_callback(looking.close)
        ahead_s = []
        for number, step in enumerate(steps, 1):
            await asyncio.sleep(STEP_LASTS_S)
            clock.step(step)
            ahead_s.append(float(await looking.fetchval(AHEAD)))
            tell(f"{number}/{len(steps)} by {step:+} s: the log is {ahead_s[-1]:.3f} s ahead")
        await asyncio.sleep(STEP_LASTS_S)
        verdict = await here.settle()
    if max(ahead_s) < 1:
        verdict.doubt("the clock was never behind the log: nothing was tried")
    figures: dict[str, object] = {
        "steps": len(steps),
        "steps_back": sum(step < 0 for step in steps),
        "log_ahead_of_clock_s_max": round(max(ahead_s), 3),
    }
    return Outcome("clock", verdict, figures)


@asynccontextmanager
async def shifted_clock() -> AsyncIterator[Clock]:
    """Compile the shim, and give a clock that runs right until it is stepped."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NoCompiler("the clock can't be shifted without a C compiler")
    folder = Path(tempfile.mkdtemp(prefix="muster-clock-"))
    folder.chmod(0o755)  # noqa: ASYNC240 - before anything is measured
    library, file = folder / "shift_clock.so", folder / "shift"
    try:
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
        await asyncio.to_thread(subprocess.run, command, check=True)
        file.write_bytes(bytes(SHIFT_BYTES))
        with file.open("r+b") as opened, mmap.mmap(opened.fileno(), SHIFT_BYTES) as shift:
            yield Clock(library, file, shift)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
