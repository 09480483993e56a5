"""Real processes, a real PostgreSQL and a real Temporal, whose clocks are the tests' to set."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import pytest

from benchmarks.torture.faults.clock import Clock, shifted_clock
from services.local.stack import Ports
from services.runtime.settings.settings import Clocks, Settings, Temporal
from services.runtime.settings.settings import Database as DatabaseSettings
from tests.api.conftest import settings_of
from tests.workflows.conftest import temporal as temporal  # noqa: PLC0414 - a fixture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from temporalio.testing import WorkflowEnvironment

    from tests.conftest import Database

DAY_S = 86_400.0
STARTED_WITHIN_S = 30.0

needs_a_compiler = pytest.mark.skipif(
    shutil.which("cc") is None and shutil.which("gcc") is None,
    reason="a clock is shifted by a library that has to be compiled",
)


@pytest.fixture
async def clock() -> AsyncIterator[Clock]:
    """A clock for a process to run with; right until it is stepped."""
    async with shifted_clock() as made:
        yield made


@pytest.fixture
def settings(database: Database, temporal: WorkflowEnvironment, tmp_path: Path) -> Settings:
    """What the processes are told."""
    chosen = settings_of(database, tmp_path)
    return chosen.model_copy(
        update={
            "temporal": Temporal(address=temporal.client.service_client.config.target_host),
            "clocks": Clocks(compare_every_seconds=1),
        }
    )


def told(settings: Settings, folder: Path, api_port: int = 0) -> dict[str, str]:
    """Say the same in the environment of a process."""
    (folder / "webhook").write_text(secrets.token_urlsafe(32))
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "MUSTER_DATABASE__DSN": settings.database.dsn.get_secret_value(),
        "MUSTER_TEMPORAL__ADDRESS": settings.temporal.address,
        "MUSTER_CLOCKS__COMPARE_EVERY_SECONDS": "1",
        "MUSTER_API__PORT": str(api_port),
        "MUSTER_API__TOKENS_FILE": str(folder / "tokens.json"),
        "MUSTER_VAULT__KEY_FILE": str(folder / "vault"),
        "MUSTER_WEBHOOK__SECRET_FILE": str(folder / "webhook"),
        "MUSTER_NOTARY__FOLDER": str(folder / "notary"),
        "MUSTER_WORKER__TASK_QUEUE": f"incidents-{uuid4()}",
        "MUSTER_WORKER__HANDS_QUEUE": f"hands-{uuid4()}",
        "MUSTER_READY_FILE": str(folder / "ready"),
    }


class Ended(NamedTuple):
    """How a process ended by itself."""

    code: int | None
    said: str


async def ended(name: str, environment: Mapping[str, str]) -> Ended:
    """Run a process that is to refuse to start."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.process", name),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(STARTED_WITHIN_S):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(process.returncode, said.decode())


@asynccontextmanager
async def serving_process(name: str, environment: Mapping[str, str]) -> AsyncIterator[Path]:
    """Run a process that serves; yield what it says about itself."""
    ready = Path(environment["MUSTER_READY_FILE"])
    said = ready.with_name(f"{name}.log")
    with said.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.process", name), env=environment, stderr=output
        )
    try:
        async with asyncio.timeout(STARTED_WITHIN_S):
            while not ready.exists():  # noqa: ASYNC240 - another process's file
                assert process.returncode is None, said.read_text()
                await asyncio.sleep(0.05)
        yield said
    finally:
        process.terminate()
        await process.wait()


def free_port() -> int:
    """Return a port that nobody is given who does not ask for just that one."""
    return Ports(api=0, temporal=0, mail=0).taken().api


def at(dsn: str, settings: Settings) -> Settings:
    """Return the settings for another database."""
    return settings.model_copy(update={"database": DatabaseSettings(dsn=dsn)})
