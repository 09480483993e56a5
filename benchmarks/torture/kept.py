"""A process that is started, killed, and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

RESTART_PAUSE_S = 0.05
STOP_TIMEOUT_S = 180.0
TOO_OFTEN = 200
"""Deaths in a run after which a process is broken, and no fault of ours."""


@dataclass(frozen=True, slots=True)
class Start:
    """How a process is started, and asked to end."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM


class Kept:
    """One process, until it is stopped; its output goes to a file."""

    def __init__(self, start: Start, output: Path) -> None:
        self.name = start.name
        self.deaths = 0
        self._start = start
        self._output = output
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Return its process id while it runs."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    async def start(self) -> None:
        """Start it, and keep it running from now on."""
        self._stopping = False
        await self._spawn()
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    def kill(self, *, family: bool = False) -> bool:
        """Kill it with -9, all its children too if asked for; False if it does not run now."""
        if self.pid is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.pid)
            children = parent.children(recursive=True) if family else []
            parent.kill()
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            return True
        return False

    async def stop(self) -> None:
        """Ask it to end, wait, and end it if it does not. Raises TimeoutError for that."""
        self._stopping = True
        if self._keeping is None:
            return
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, self._start.stop_signal)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._keeping
        except TimeoutError:
            self.kill(family=True)
            raise TimeoutError(f"{self.name} did not end; see {self._output}") from None

    async def _keep(self) -> None:
        while True:
            assert self._process is not None
            await self._process.wait()
            if self._stopping:
                return
            self.deaths += 1
            if self.deaths > TOO_OFTEN:
                raise RuntimeError(f"{self.name} dies all the time; see {self._output}")
            await asyncio.sleep(RESTART_PAUSE_S)
            if not self._stopping:
                await self._spawn()

    async def _spawn(self) -> None:
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._start.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self._start.environment},
                user=self._start.user,
            )
