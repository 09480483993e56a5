"""Processes of our own, forked from the supervisor: what all of them import is imported once.

Starting each on its own would cost a small machine a second of its time for each, at every start
and after every crash.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import sys
from importlib import import_module
from typing import IO, TYPE_CHECKING, NoReturn

from services.runtime.absence import absent

if TYPE_CHECKING:
    from collections.abc import Mapping

SHARED = (
    "asyncpg",
    "uvloop",
    "domain.incident.decider",
    "domain.plan.lifecycle.publication",
    "domain.resource.unit",
    "domain.directory.person",
    "eventstore.postgres.migrations",
    "eventstore.queries.plans",
    "eventstore.postgres.provision",
    "eventstore.recorder.recorder",
    "eventstore.privacy.vault",
    "projections.checkpoints",
    "services.runtime.logs",
    "services.runtime.metrics",
    "services.process",
    "services.runtime.readiness",
    "temporalio.client",
)
"""What more than one of our processes needs. Nothing that starts threads when it is imported."""

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
"""Of prctl(2)."""


def import_shared() -> None:
    """Import what is to be shared, once; garbage collection leaves its pages alone."""
    with absent("grpc"):
        for name in SHARED:
            import_module(name)
    gc.collect()
    gc.freeze()


class Forked:
    """A forked process, with the words of one that asyncio started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = asyncio.Event()
        self._descriptor = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._end)

    async def wait(self) -> int:
        """Wait until it has ended; return its exit code, negative for a signal."""
        await self._ended.wait()
        assert self.returncode is not None, "it ended"  # noqa: S101 - an invariant
        return self.returncode

    def send_signal(self, sign: signal.Signals) -> None:
        """Send it a signal. Raises ProcessLookupError."""
        if self.returncode is not None:
            raise ProcessLookupError
        signal.pidfd_send_signal(self._descriptor, sign)

    def kill(self) -> None:
        """End it at once. Raises ProcessLookupError."""
        self.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        _, status = os.waitpid(self.pid, 0)
        os.close(self._descriptor)
        self.returncode = os.waitstatus_to_exitcode(status)
        self._ended.set()


def fork(name: str, environment: Mapping[str, str], output: IO[bytes]) -> Forked:
    """Fork one of our processes, to write to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    supervisor, pid = os.getpid(), os.fork()
    if pid == 0:
        _become(name, environment, output, supervisor)
    return Forked(pid)


def _become(
    name: str, environment: Mapping[str, str], output: IO[bytes], supervisor: int
) -> NoReturn:
    """Leave behind what the supervisor was, and be the process until it ends."""
    code = 1
    try:
        os.setsid()
        _be_called(f"muster-{name}")
        _let_go(output)
        os.environ.update(environment)
        if os.getppid() == supervisor:  # else it died before it could take us along
            code = import_module("services.process").run(name)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _be_called(name: str) -> None:
    """Be told apart in lists of processes, and end when the supervisor dies, even if killed."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NAME, name.encode())
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM.value)


def _let_go(output: IO[bytes]) -> None:
    """Let go of the supervisor's signals, loop, locks and files, but for the three usual ones."""
    signal.set_wakeup_fd(-1)
    for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sign, signal.SIG_DFL)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device
        os.dup2(nothing.fileno(), 0)
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
