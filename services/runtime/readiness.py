"""How a process says that it serves: a file that whoever started it can wait for."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

VARIABLE = "MUSTER_READY_FILE"
"""Names the file in the environment; nothing is written without it."""


START_VARIABLE = "MUSTER_START_FILE"
"""Names a file that must be there before the process uses the database; it gets ready meanwhile."""

START_POLL_S = 0.02

EXIT_AWAY = 3
"""How a process ends that did not reach the database: it is right to start it again. The same as
`Exit.UNAVAILABLE` of the command line."""


async def may_begin() -> None:
    """Wait until whoever started the process says that it may begin; at once if nobody asked."""
    if named := os.environ.get(START_VARIABLE):
        while not Path(named).exists():  # noqa: ASYNC240 - once, before anything else is done
            await asyncio.sleep(START_POLL_S)


def announce(text: str = "serving") -> None:
    """Write the file, whole or not at all."""
    if named := os.environ.get(VARIABLE):
        file = Path(named)
        part = file.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(file)
