"""What the tests stand on: one real PostgreSQL, a fresh database for each."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest
import structlog
from hypothesis import HealthCheck, settings

from eventstore.postgres.migrations import migrate
from tests.postgres import Cluster, temporary_cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytest_plugins = ("tests.processes", "tests.scheduling")
TEMPLATE = "muster_template"

# A slow machine is no fault of what is tried.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# What a service says of itself is not part of what a command answers.
structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


@dataclass(frozen=True)
class Database:
    """A migrated database, empty, and of one test only."""

    cluster: Cluster
    name: str

    @property
    def dsn(self) -> str:
        """Its address for the processes."""
        return self.cluster.dsn(self.name, user="muster_runtime")

    @property
    def owner_dsn(self) -> str:
        """Its address for migrations, and for those who tamper."""
        return self.cluster.dsn(self.name)


@pytest.fixture(autouse=True)
def state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have programs keep what outlasts them in a folder of the test's own."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    return folder / "muster"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """Run one server for all tests."""
    with temporary_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def template(postgres: Cluster) -> str:
    """Keep a migrated database to copy from."""

    async def make() -> None:
        await execute(postgres.dsn(), f"CREATE DATABASE {TEMPLATE}")
        await migrate(postgres.dsn(TEMPLATE))

    asyncio.run(make())
    return TEMPLATE


@pytest.fixture
def origin(template: str) -> str:
    """Say which database a test's own is a copy of."""
    return template


@pytest.fixture
async def database(postgres: Cluster, origin: str) -> AsyncIterator[Database]:
    """Give a test a database of its own."""
    name = f"test_{uuid4().hex}"
    await execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE {origin}")
    yield Database(postgres, name)
    await execute(postgres.dsn(), f"DROP DATABASE {name} WITH (FORCE)")


async def execute(dsn: str, *statements: str) -> None:
    """Run statements as somebody."""
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
def fresh_dsn(postgres: Cluster, template: str) -> Iterator[str]:
    """Give a test that runs its own event loops a database of its own."""
    name = f"test_{uuid4().hex}"
    asyncio.run(execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield postgres.dsn(name, user="muster_runtime")
    asyncio.run(execute(postgres.dsn(), f"DROP DATABASE {name} WITH (FORCE)"))
