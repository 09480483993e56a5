"""Commands that lead to many events: none of them may fail its neighbours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from eventstore.recorder import Receipt, Recorder
from tests.eventstore.samples import DOOR, NOON, CloseDoor, CountPeople, Door, OpenDoor, asked

if TYPE_CHECKING:
    from eventstore.log import Log


@pytest.fixture
def recorder(log: Log) -> Recorder[Door]:
    return Recorder(log, DOOR, clock=lambda: NOON)


async def test_commands_that_lead_to_much_together_are_appended_one_after_another(
    log: Log, recorder: Recorder[Door]
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    many = [recorder.record("a", asked(CountPeople(count=600))) for _ in range(5)]
    receipts = await asyncio.gather(*many, recorder.record("a", asked(CloseDoor())))
    assert [one.version for one in receipts if isinstance(one, Receipt)] == [
        *range(601, 3_002, 600),
        3_002,
    ]
    assert await log.head() == 3_002


async def test_a_command_that_leads_to_too_much_fails_alone(recorder: Recorder[Door]) -> None:
    await recorder.record("a", asked(OpenDoor()))
    counts = (3, 1_001, 1_000)
    many = [recorder.record("a", asked(CountPeople(count=count))) for count in counts]
    few, failed, most = await asyncio.gather(*many, return_exceptions=True)
    assert isinstance(failed, ValueError)
    assert "one command led to 1001 events: at most 1000" in str(failed)
    assert isinstance(few, Receipt)
    assert isinstance(most, Receipt)
    assert (few.version, most.version) == (4, 1_004)
