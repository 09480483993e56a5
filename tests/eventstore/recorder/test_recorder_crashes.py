"""What was acknowledged outlasts crashes of the database, and who asked for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

from domain.decider import Refused
from eventstore.postgres.errors import LogUnavailable
from eventstore.recorder.recorder import Receipt, Recorder
from tests.eventstore.samples import (
    CountPeople,
    Door,
    OpenDoor,
    asked,
    whole,
)

if TYPE_CHECKING:
    from eventstore.log.log import Log
    from tests.conftest import Database


async def test_acknowledged_commands_outlast_crashes_of_the_database(
    database: Database, log: Log, recorder: Recorder[Door], other: Recorder[Door]
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    asking = [asyncio.create_task(_count(one, 40)) for one in (recorder, other) for _ in range(3)]
    for _ in range(3):
        await asyncio.sleep(0.15)
        await asyncio.to_thread(database.cluster.kill)
        await asyncio.to_thread(database.cluster.start)
    acknowledged = [answer for answers in await asyncio.gather(*asking) for answer in answers]
    stored = await whole(log)
    assert [one.version for one in stored] == list(range(1, 242))
    assert sorted(answer.version for answer in acknowledged) == list(range(2, 242))


async def _count(recorder: Recorder[Door], times: int) -> list[Receipt]:
    answers = []
    for _ in range(times):
        answer = await _until_available(recorder, CountPeople())
        assert isinstance(answer, Receipt)
        answers.append(answer)
    return answers


async def _until_available(recorder: Recorder[Door], command: CountPeople) -> Receipt | Refused:
    command_id = uuid4()
    while True:
        try:
            answer = await recorder.record("a", asked(command, command_id))
        except LogUnavailable:
            continue
        await asyncio.sleep(0.01)
        return answer
