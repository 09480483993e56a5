"""A commit whose answer is lost on the way: it is asked again, recognised, and answered once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from eventstore.log.events import Appended
from eventstore.log.log import Log
from eventstore.postgres.errors import LogUnavailable
from eventstore.recorder.recorder import Receipt, Recorder
from tests.eventstore.samples import DOOR, NOON, CountPeople, OpenDoor, asked, events, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import Database


class Wire:
    """Carries bytes between a client and the database, and may lose an answer."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.answers_to_lose = 0
        """Each time: the answer to whatever is sent next, and the connection with it."""

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket)
        back = asyncio.create_task(self._carry_back(far_reader, writer))
        with suppress(ConnectionError):  # a client may break off
            while data := await reader.read(65_536):
                far_writer.write(data)
        far_writer.close()
        await back

    async def _carry_back(
        self, far_reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await far_reader.read(65_536):
            if self.answers_to_lose and b"appended" in data:
                self.answers_to_lose -= 1
                break
            writer.write(data)
        writer.close()


@pytest.fixture
async def wire(database: Database, tmp_path: Path) -> AsyncIterator[Wire]:
    wire = Wire(database.cluster.folder / ".s.PGSQL.5432")
    server = await asyncio.start_unix_server(wire.carry, tmp_path / ".s.PGSQL.5432")
    yield wire
    server.close()


@pytest.fixture
async def far_log(database: Database, wire: Wire, tmp_path: Path) -> AsyncIterator[Log]:
    """Open the log through the wire."""
    del wire
    opened = await Log.open(database.dsn.replace(*_hosts(database, tmp_path)))
    yield opened
    await opened.close()


def _hosts(database: Database, tmp_path: Path) -> tuple[str, str]:
    quoted = str(database.cluster.folder).replace("/", "%2F")
    return quoted, str(tmp_path).replace("/", "%2F")


async def test_an_append_whose_answer_was_lost_is_ours(wire: Wire, far_log: Log) -> None:
    await far_log.append("door/a", 0, events(1))
    wire.answers_to_lose = 1
    answer = await far_log.append("door/a", 1, events(2))
    assert isinstance(answer, Appended)
    assert answer[:2] == (3, 3)
    assert wire.answers_to_lose == 0
    assert await far_log.head() == 3


async def test_a_command_whose_answer_was_lost_has_one_receipt(wire: Wire, far_log: Log) -> None:
    recorder = Recorder(far_log, DOOR, clock=lambda: NOON)
    await recorder.record("a", asked(OpenDoor()))
    for number in range(5):
        wire.answers_to_lose = 1 + number % 2
        asking = [recorder.record("a", asked(CountPeople(count=2))) for _ in range(4)]
        for receipt in await asyncio.gather(*asking):
            assert isinstance(receipt, Receipt)
            assert not receipt.duplicate
    assert (await recorder.known("a")).state.people == 40
    assert [one.version for one in await whole(far_log)] == list(range(1, 42))


async def test_who_gives_up_and_asks_again_gets_the_receipt_of_the_first_time(
    wire: Wire, far_log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.log.append_connection.UNAVAILABLE_AFTER_S", 0)
    recorder = Recorder(far_log, DOOR, clock=lambda: NOON)
    command_id = uuid4()
    wire.answers_to_lose = 1
    with pytest.raises(LogUnavailable):
        await recorder.record("a", asked(OpenDoor(), command_id))
    again = await recorder.record("a", asked(OpenDoor(), command_id))
    assert again == Receipt("door/a", 1, 1, ("DoorOpened",), duplicate=True)
