"""Commands that lead to many events: none of them may fail its neighbours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from domain.decider import Refused
from domain.limits import COMMAND_EVENTS_MAX
from domain.refusals import Refusal
from domain.values import CLOCK
from eventstore.recorder.recorder import Receipt, Recorder
from tests.eventstore.samples import DOOR, NOON, CloseDoor, CountPeople, Door, OpenDoor, asked

if TYPE_CHECKING:
    from eventstore.log.log import Log


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


async def test_a_command_that_leads_to_much_is_recorded_whole_and_recognised(
    log: Log, recorder: Recorder[Door]
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    much = asked(CountPeople(count=COMMAND_EVENTS_MAX))
    few = [recorder.record("a", asked(CountPeople(count=count))) for count in (3, 4)]
    receipts = await asyncio.gather(few[0], recorder.record("a", much), few[1])
    last = COMMAND_EVENTS_MAX + 8
    assert [one.version for one in receipts if isinstance(one, Receipt)] == [4, last - 4, last]
    again = await recorder.record("a", much)
    assert isinstance(again, Receipt)
    assert (again.version, len(again.kinds)) == (last - 4, COMMAND_EVENTS_MAX)
    assert again.duplicate
    assert await log.head() == last


@pytest.mark.parametrize("validate_only", [False, True])
async def test_a_command_that_leads_to_too_much_is_refused_alone(
    log: Log,
    recorder: Recorder[Door],
    validate_only: bool,  # noqa: FBT001 - as asked
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    too_much = asked(CountPeople(count=COMMAND_EVENTS_MAX + 1), validate_only=validate_only)
    few, refused, last = await asyncio.gather(
        recorder.record("a", asked(CountPeople(count=3))),
        recorder.record("a", too_much),
        recorder.record("a", asked(CloseDoor())),
    )
    found = {"events": str(COMMAND_EVENTS_MAX + 1), "most": str(COMMAND_EVENTS_MAX)}
    assert refused == Refused(Refusal.EVENTS_TOO_MANY, found)
    assert [one.version for one in (few, last) if isinstance(one, Receipt)] == [4, 5]
    assert await log.head() == 5


async def test_what_the_clock_says_is_recorded_however_much_it_leads_to(
    log: Log, recorder: Recorder[Door]
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    passed = asked(CountPeople(count=COMMAND_EVENTS_MAX + 1), actor=CLOCK)
    receipt = await recorder.record("a", passed)
    assert isinstance(receipt, Receipt)
    assert await log.head() == COMMAND_EVENTS_MAX + 2


async def test_what_is_so_already_waits_for_nobody_where_there_is_no_standby(
    log: Log, recorder: Recorder[Door]
) -> None:
    first, second = asked(OpenDoor()), asked(OpenDoor())
    await recorder.record("a", first)
    receipts = [await recorder.record("a", one) for one in (second, first, second)]
    assert [one.duplicate for one in receipts if isinstance(one, Receipt)] == [False, True, False]
    assert log._barrier._committing._connection is None  # noqa: SLF001 - nothing was committed
