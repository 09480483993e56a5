"""One process of the stack: started, waited for, started again when it dies, and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import structlog

from services.local.prefork import PR_SET_PDEATHSIG, Forked, fork
from services.runtime import readiness
from services.runtime.failures import StackFailed
from services.runtime.readiness import EXIT_AWAY

STOP_TIMEOUT_S = 20.0
RESTART_PAUSES_S = (0.05, 0.1, 0.1, 0.2, 0.2, 0.5, 0.5, 1.0)
SOON_S = 5.0
"""A process that lived longer than this before it died is started again at once."""

RESTARTS_MAX = 60
RESTARTS_WINDOW_S = 60.0
"""A process that dies more often than this is broken, and the stack says so and stops."""

NICENESS = 5
"""Of what gives way: a third of what others get while all want more than there is."""

READY_TIMEOUT_S = 60.0
READY_POLL_S = 0.02

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a process is run."""

    name: str
    command: list[str] | None = None
    """What is started; one of our own processes is forked when None."""
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    gives_way: bool = False
    """Whether others go first when the machine has too much to do."""
    ready: Callable[[], Awaitable[None]] | None = None
    """How to find out that it serves; by its readiness file when None."""
    passing: Mapping[int, float] = field(default_factory=lambda: {EXIT_AWAY: READY_TIMEOUT_S})
    """How it ends for what passes, before it serves: it is started again, for so many seconds."""


class ChildProcess:
    """A process that is kept running."""

    def __init__(self, recipe: Recipe, run: Path, logs: Path) -> None:
        self.recipe = recipe
        self.restarts = 0
        self.started_at, self._begun_at = 0.0, 0.0
        self._ready_file = run / f"{recipe.name}.ready"
        self._log_file = logs / f"{recipe.name}.log"
        self._process: asyncio.subprocess.Process | Forked | None = None
        self._stopping = False
        self._died: deque[float] = deque(maxlen=RESTARTS_MAX)
        self._in_a_row = 0

    @property
    def pid(self) -> int | None:
        """Return its process id, while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and running else None

    async def start(self) -> None:
        """Start it, and wait until it serves; again after what passes. Raises StackFailed.

        On a busy machine a database that is there may take longer to answer than is waited for, and
        the one of a supervisor that was killed may still be ending.
        """
        begun = time.monotonic()
        while (code := await self._serve_or_end()) is not None:
            if time.monotonic() - begun > self.recipe.passing.get(code, 0.0):
                raise StackFailed(f"{self.recipe.name} ended at once: {self._last_words()}")
            log.warning("ended", part=self.recipe.name, code=code, again_in_s=RESTART_PAUSES_S[-1])
            await asyncio.sleep(RESTART_PAUSES_S[-1])
        self._give_way()

    async def _serve_or_end(self) -> int | None:
        """Start it once; return its exit code if it ended before it served."""
        await self._spawn()
        ready = asyncio.ensure_future(self._served())
        process = self._process
        assert process is not None, "just spawned"  # noqa: S101 - an invariant
        ended = asyncio.create_task(process.wait())
        done, _ = await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ready in done:
            ended.cancel()
            ready.result()
            return None
        ready.cancel()
        return ended.result()

    async def keep(self, changed: Callable[[], None]) -> None:
        """Start it again whenever it dies. Raises StackFailed when that happens all the time."""
        while not self._stopping:
            assert self._process is not None, "kept parts were started"  # noqa: S101 - an invariant
            code = await self._process.wait()
            if self._stopping:
                return
            self._died.append(time.monotonic())
            self._refuse_to_go_on_for_ever()
            lived_long = time.monotonic() - self._begun_at > SOON_S
            self._in_a_row = 0 if lived_long else self._in_a_row + 1
            pause = RESTART_PAUSES_S[min(self._in_a_row, len(RESTART_PAUSES_S) - 1)]
            log.warning("died", part=self.recipe.name, code=code, again_in_s=pause)
            await asyncio.sleep(pause)
            self.restarts += 1
            await self._spawn()
            self._give_way()
            changed()

    async def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.recipe.stop_signal)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            log.warning("killed", part=self.recipe.name, after_s=STOP_TIMEOUT_S)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _spawn(self) -> None:
        self._ready_file.unlink(missing_ok=True)
        environment = {
            **os.environ,
            **self.recipe.environment,
            readiness.VARIABLE: str(self._ready_file),
        }
        with self._log_file.open("ab") as output:
            if self.recipe.command is None:
                self._process = fork(self.recipe.name, environment, output)
            else:
                self._process = await self._started(self.recipe.command, environment, output)
        self.started_at, self._begun_at = time.time(), time.monotonic()

    async def _started(
        self, command: list[str], environment: Mapping[str, str], output: IO[bytes]
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            user=self.recipe.user,
            extra_groups=[] if self.recipe.user else None,
            start_new_session=True,
            preexec_fn=_die_with_parent(self.recipe.stop_signal),
            cwd="/" if self.recipe.user else None,
        )

    def _give_way(self) -> None:
        if self.recipe.gives_way and (pid := self.pid):
            _lower(pid)

    async def _served(self) -> None:
        if self.recipe.ready is not None:
            return await self.recipe.ready()
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while not self._ready_file.exists():
                    await asyncio.sleep(READY_POLL_S)
        except TimeoutError:
            raise StackFailed(f"{self.recipe.name} does not serve; see {self._log_file}") from None

    def _recent_deaths(self) -> int:
        since = time.monotonic() - RESTARTS_WINDOW_S
        return sum(1 for died in self._died if died > since)

    def _refuse_to_go_on_for_ever(self) -> None:
        if self._recent_deaths() >= RESTARTS_MAX:
            raise StackFailed(
                f"{self.recipe.name} died {RESTARTS_MAX} times within {RESTARTS_WINDOW_S:.0f} s; "
                f"see {self._log_file}"
            )

    def _last_words(self) -> str:
        lines = self._log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else f"see {self._log_file}"


def _die_with_parent(sign: signal.Signals) -> Callable[[], None]:
    """Have the kernel stop the process when the supervisor dies, even if that was killed."""
    libc = ctypes.CDLL(None)

    def ask() -> None:
        libc.prctl(PR_SET_PDEATHSIG, sign.value)

    return ask


def _lower(pid: int) -> None:
    """Let others go first: among processes, and among sessions where the kernel shares by those."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
        Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS), encoding="ascii")
