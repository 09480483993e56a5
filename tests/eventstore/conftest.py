"""A log on a database of its own, and a small kind of stream to write to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eventstore.log.log import Log
from tests.eventstore.samples import recorder_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from eventstore.recorder.recorder import Recorder
    from tests.conftest import Database
    from tests.eventstore.samples import Door


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    """Open the log, and close it afterwards."""
    opened = await Log.open(database.dsn)
    yield opened
    await opened.close()


@pytest.fixture
async def other_log(database: Database) -> AsyncIterator[Log]:
    """Open the same log as another process would."""
    opened = await Log.open(database.dsn)
    yield opened
    await opened.close()


@pytest.fixture
def recorder(log: Log) -> Recorder[Door]:
    """Record what becomes of doors."""
    return recorder_on(log)


@pytest.fixture
def other(other_log: Log) -> Recorder[Door]:
    """Record it as another process would."""
    return recorder_on(other_log)
