"""A database with a vault, and an empty one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.backup.places import Place
from tests.conftest import execute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import Database
    from tests.postgres import Cluster


@pytest.fixture
def here(database: Database, tmp_path: Path) -> Place:
    owner, runtime = database.owner_dsn, database.dsn
    return Place(database.cluster.programs, owner, runtime, tmp_path / "here")


@pytest.fixture
async def elsewhere(postgres: Cluster, tmp_path: Path) -> AsyncIterator[Place]:
    name = f"other_{uuid4().hex}"
    await execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE template0")
    runtime = postgres.dsn(name, user="muster_runtime")
    yield Place(postgres.programs, postgres.dsn(name), runtime, tmp_path / "elsewhere")
    await execute(postgres.dsn(), f"DROP DATABASE {name} WITH (FORCE)")
