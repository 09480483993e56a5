"""A monitor as its own process, beside a service whose log is forked under its eyes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE, Process
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.checkpoints.conftest import Forkable
from tests.checkpoints.conftest import forkable as forkable_service
from tests.checkpoints.conftest import kept as kept_folder
from tests.checkpoints.conftest import proving as proving_service
from tests.services.running import MUSTER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

kept = kept_folder
proving = proving_service
forkable = forkable_service
PATIENCE_S = 60.0


@dataclass
class Monitor:
    """A monitor's folder and settings, and its process while it runs."""

    forkable: Forkable
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def running(self, *options: str) -> AsyncIterator[Process]:
        """Run it, and kill it if it does not end."""
        process = await asyncio.create_subprocess_exec(
            *(str(MUSTER), "monitor", "-o", "json", *options),
            env=self.environment(),
            stdout=PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def once(self, *options: str) -> tuple[int, dict[str, Any]]:
        """Look once; return how it ended and what it said."""
        async with self.running("--once", *options) as process:
            async with asyncio.timeout(PATIENCE_S):
                said, _ = await process.communicate()
            return process.returncode or 0, json.loads(said)

    def environment(self) -> dict[str, str]:
        """Return what tells it where everything is."""
        return {
            **os.environ,
            **self.forkable.environment("auditor"),
            "MUSTER_MONITOR__FOLDER": str(self.folder),
            "MUSTER_MONITOR__EVERY_SECONDS": "0.1",
            "MUSTER_MONITOR__EXPORT_EVERY_SECONDS": "0.1",
            **self.settings,
        }


async def said(process: Process) -> dict[str, Any]:
    """Return the next line."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        return dict(json.loads(await process.stdout.readline()))


async def ended(process: Process) -> int:
    """Ask it to end, and return how it did."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_S):
        return await process.wait()


@pytest.fixture
async def monitor(forkable: Forkable, tmp_path: Path) -> Monitor:
    """Set up a monitor."""
    return Monitor(forkable, tmp_path / "monitor")
