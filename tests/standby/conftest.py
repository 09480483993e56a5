"""A pair of servers for all tests of a file, a fresh log for each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.log.log import Log
from eventstore.postgres.epochs import Epochs
from eventstore.postgres.migrations import migrate
from tests.conftest import execute
from tests.postgres_pair import StandbyPair, standby_pair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

TEMPLATE = "muster_template"


@dataclass(frozen=True)
class Place:
    """A migrated, empty database of one test, on a pair."""

    pair: StandbyPair
    name: str

    @property
    def dsn(self) -> str:
        """Its address on whichever is the primary."""
        return self.pair.dsn(self.name)

    @property
    def owner_dsn(self) -> str:
        return self.pair.dsn(self.name, user="postgres")

    def on(self, name: str, *, user: str = "muster_runtime") -> str:
        """Its address on one of the servers."""
        return self.pair.nodes[name].dsn(self.name, user=user)


@pytest.fixture(scope="module")
def two() -> Iterator[StandbyPair]:
    """Run two servers, of which the tests of one file change what is what."""
    with standby_pair() as pair:
        asyncio.run(_make_template(pair))
        yield pair


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what this process knows of primaries, as one that begins does."""
    known = Epochs()
    for module in (
        "postgres.epochs",
        "postgres.primary",
        "log.log",
        "postgres.replicated_commit",
        "notary.notary",
    ):
        monkeypatch.setattr(f"eventstore.{module}.EPOCHS", known)


@pytest.fixture
async def place(two: StandbyPair, fresh: None) -> Place:
    """Give a test a database of its own, on a primary whose standby follows."""
    del fresh
    await asyncio.to_thread(two.mend)
    name = f"test_{uuid4().hex}"
    await execute(two.primary.dsn(), f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    await asyncio.to_thread(two.catch_up)
    return Place(two, name)


@pytest.fixture
async def log(place: Place) -> AsyncIterator[Log]:
    opened = await Log.open(place.dsn)
    yield opened
    await opened.close()


async def _make_template(pair: StandbyPair) -> None:
    await execute(pair.primary.dsn(), f"CREATE DATABASE {TEMPLATE}")
    await migrate(pair.primary.dsn(TEMPLATE))
