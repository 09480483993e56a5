"""The one door: every command is decided on what is true, and recorded once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from domain.decider import Refused, Versioned, encode
from domain.refusals import Refusal
from eventstore.log.events import NewEvent
from eventstore.postgres.errors import Overloaded
from eventstore.recorder.event_ids import event_id
from eventstore.recorder.metadata import meta_texts
from eventstore.recorder.recorder import Receipt, Recorder
from tests.eventstore.samples import (
    DOOR,
    GUARD,
    NOON,
    NOW,
    CloseDoor,
    CountPeople,
    Door,
    DoorOpened,
    OpenDoor,
    Stumble,
    asked,
    events,
    recorder_on,
    whole,
)

if TYPE_CHECKING:
    from eventstore.log.log import Log


async def test_a_receipt_tells_where_the_last_event_is(log: Log, recorder: Recorder[Door]) -> None:
    await log.append("gate/x", 0, events(5))
    opened = await recorder.record("a", asked(OpenDoor()))
    assert opened == Receipt("door/a", 1, 6, ("DoorOpened",), duplicate=False)
    counted = await recorder.record("a", asked(CountPeople(count=3)))
    assert counted == Receipt("door/a", 4, 9, ("PersonCounted",) * 3, duplicate=False)


async def test_who_why_and_the_command_are_kept_beside_the_facts(
    log: Log, recorder: Recorder[Door]
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    ask = asked(
        CountPeople(count=2), on_behalf_of="guest", reason="到场", trace="00-1", occurred_at=NOON
    )
    await recorder.record("a", ask)
    _, first, second = await whole(log)
    rest = {
        "actor": "porter",
        "roles": ["responder"],
        "command_id": str(ask.command_id),
        "on_behalf_of": "guest",
        "reason": "到场",
        "trace": "00-1",
    }
    assert json.loads(first.meta) == {**rest, "command": {"kind": "CountPeople", "count": 2}}
    assert json.loads(second.meta) == rest
    assert (first.occurred_at, first.type, first.data) == (NOON, "PersonCounted", "{}")


async def test_what_is_already_so_is_answered_with_where_it_stands(
    log: Log, recorder: Recorder[Door]
) -> None:
    await log.append("gate/x", 0, events(5))
    await recorder.record("a", asked(OpenDoor()))
    again = await recorder.record("a", asked(OpenDoor()))
    assert again == Receipt("door/a", 1, 6, (), duplicate=False)
    assert await log.head() == 6


async def test_a_refusal_is_an_answer(log: Log, recorder: Recorder[Door]) -> None:
    answer = await recorder.record("a", asked(CountPeople()))
    assert answer == Refused(Refusal.ZONE_UNKNOWN)
    assert await log.head() == 0


async def test_the_same_command_again_gets_the_same_receipt(recorder: Recorder[Door]) -> None:
    await recorder.record("a", asked(OpenDoor()))
    ask = asked(CountPeople(count=3))
    first = await recorder.record("a", ask)
    await recorder.record("a", asked(CountPeople()))
    assert isinstance(first, Receipt)
    assert await recorder.record("a", ask) == first._replace(duplicate=True)


async def test_a_command_is_recognised_after_a_restart_and_elsewhere(
    recorder: Recorder[Door], other: Recorder[Door]
) -> None:
    opening, closing = asked(OpenDoor()), asked(CloseDoor())
    opened = await recorder.record("a", opening)
    closed = await recorder.record("a", closing)
    assert isinstance(opened, Receipt)
    assert isinstance(closed, Receipt)
    assert await other.record("a", opening) == opened._replace(duplicate=True)
    assert await other.record("a", closing) == closed._replace(duplicate=True)


async def test_a_command_that_would_be_refused_now_was_still_recorded(
    recorder: Recorder[Door], other: Recorder[Door]
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    counting = asked(CountPeople(), expected_version=1)
    counted = await recorder.record("a", counting)
    await recorder.record("a", asked(CloseDoor()))
    assert isinstance(counted, Receipt)
    assert await other.record("a", counting) == counted._replace(duplicate=True)


async def test_a_command_asked_before_its_kind_gained_a_field_is_still_the_same(
    log: Log, recorder: Recorder[Door]
) -> None:
    opening = asked(OpenDoor())
    first, _ = meta_texts(opening)
    meta = json.loads(first)
    del meta["command"]["by"]
    fact = DoorOpened(by=OpenDoor().by)
    first_id = event_id(opening.command_id, 0)
    event = NewEvent(first_id, fact.kind, 1, NOON, encode(fact), json.dumps(meta))
    await log.append("door/a", 0, [event])
    again = await recorder.record("a", opening)
    assert isinstance(again, Receipt)
    assert again.duplicate


async def test_nothing_is_recorded_before_it_happens(recorder: Recorder[Door]) -> None:
    later = replace(asked(OpenDoor()), occurred_at=NOW + timedelta(hours=1))
    answer = await recorder.record("a", later)
    assert isinstance(answer, Refused)
    assert answer.reason is Refusal.INSTANT_IN_FUTURE


@pytest.mark.parametrize("how", ["other command", "other actor", "other stream"])
async def test_a_command_id_is_not_used_twice(recorder: Recorder[Door], how: str) -> None:
    first = asked(OpenDoor())
    await recorder.record("a", first)
    again = {
        "other command": ("a", asked(OpenDoor(by="guest"), first.command_id)),
        "other actor": ("a", asked(OpenDoor(), first.command_id, actor=GUARD)),
        "other stream": ("b", first),
    }
    answer = await recorder.record(*again[how])
    assert answer == Refused(Refusal.COMMAND_ID_REUSED, {"command_id": str(first.command_id)})


async def test_the_same_command_many_times_at_once_is_recorded_once(
    log: Log, recorder: Recorder[Door], other: Recorder[Door]
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    counting = asked(CountPeople(count=2))
    asking = [one.record("a", counting) for one in (recorder, other) for _ in range(20)]
    answers = await asyncio.gather(*asking)
    assert {answer[:4] for answer in answers} == {("door/a", 3, 3, ("PersonCounted",) * 2)}
    assert sum(isinstance(one, Receipt) and not one.duplicate for one in answers) == 1
    assert await log.head() == 3


async def test_two_processes_write_one_stream_and_lose_nothing(
    log: Log, recorder: Recorder[Door], other: Recorder[Door]
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    asking = [
        one.record("a", asked(CountPeople())) for _ in range(100) for one in (recorder, other)
    ]
    answers = [one for one in await asyncio.gather(*asking) if isinstance(one, Receipt)]
    assert sorted(one.version for one in answers) == list(range(2, 202))
    assert all(one.version == one.position for one in answers)
    assert [one.version for one in await whole(log)] == list(range(1, 202))
    assert (await recorder.known("a")).state.people == 200


async def test_what_another_process_wrote_is_known_before_a_refusal(
    recorder: Recorder[Door], other: Recorder[Door]
) -> None:
    assert await recorder.record("a", asked(CountPeople())) == Refused(Refusal.ZONE_UNKNOWN)
    await other.record("a", asked(OpenDoor()))
    assert isinstance(await recorder.record("a", asked(CountPeople())), Receipt)


async def test_in_a_batch_every_command_has_its_own_answer(
    log: Log, recorder: Recorder[Door]
) -> None:
    await log.append("gate/x", 0, events(3))
    first = asyncio.create_task(recorder.record("a", asked(OpenDoor())))
    await asyncio.sleep(0.001)
    answers = await asyncio.gather(
        first,
        recorder.record("a", asked(CountPeople(count=2))),
        recorder.record("a", asked(OpenDoor())),
        recorder.record("a", asked(Stumble())),
        recorder.record("a", asked(CountPeople(), expected_version=1)),
        recorder.record("a", asked(CountPeople(), validate_only=True)),
        recorder.record("a", asked(CloseDoor())),
        recorder.record("a", asked(CountPeople())),
        return_exceptions=True,
    )
    counted, stumbled = answers[1], answers[3]
    assert counted == Receipt("door/a", 3, 6, ("PersonCounted",) * 2, duplicate=False)
    assert answers[2] == Receipt("door/a", 3, 6, (), duplicate=False)
    assert isinstance(stumbled, ZeroDivisionError)
    assert answers[4] == Refused(Refusal.VERSION_STALE, {"expected": "1", "actual": "3"})
    assert answers[5] == Receipt("door/a", 4, 6, ("PersonCounted",), duplicate=False)
    assert answers[6] == Receipt("door/a", 4, 7, ("DoorClosed",), duplicate=False)
    assert answers[7] == Refused(Refusal.ZONE_UNKNOWN)


async def test_validating_changes_nothing(log: Log, recorder: Recorder[Door]) -> None:
    would = await recorder.record("a", asked(OpenDoor(), validate_only=True))
    assert would == Receipt("door/a", 1, 0, ("DoorOpened",), duplicate=False)
    refused = await recorder.record("a", asked(CountPeople(), validate_only=True))
    assert refused == Refused(Refusal.ZONE_UNKNOWN)
    assert await log.head() == 0


async def test_an_expected_version_must_be_the_one(recorder: Recorder[Door]) -> None:
    await recorder.record("a", asked(OpenDoor(), expected_version=0))
    stale = await recorder.record("a", asked(CountPeople(), expected_version=0))
    assert stale == Refused(Refusal.VERSION_STALE, {"expected": "0", "actual": "1"})
    assert isinstance(await recorder.record("a", asked(CountPeople(), expected_version=1)), Receipt)


async def test_a_commit_outlives_who_asked_for_it(log: Log, recorder: Recorder[Door]) -> None:
    asking = asyncio.create_task(recorder.record("a", asked(OpenDoor())))
    while not recorder._queues or recorder._queues["a"].waiting:  # noqa: SLF001 - in flight
        await asyncio.sleep(0)
    asking.cancel()
    counted = await recorder.record("a", asked(CountPeople()))
    assert isinstance(counted, Receipt)
    assert [one.type for one in await whole(log)] == ["DoorOpened", "PersonCounted"]


async def test_what_is_known_is_what_was_folded_up_to_a_version(recorder: Recorder[Door]) -> None:
    await recorder.record("a", asked(OpenDoor()))
    await recorder.record("a", asked(CountPeople(count=4)))
    assert await recorder.known("a") == Versioned(Door(open=True, people=4), 5, 5)
    assert await recorder.known_at("a", version=3) == Versioned(Door(open=True, people=2), 3, 3)
    assert await recorder.known_at("a", version=0) == Versioned(Door())
    assert await recorder.known("b") == Versioned(Door())


async def test_what_is_known_is_fresh(recorder: Recorder[Door], other: Recorder[Door]) -> None:
    await recorder.record("a", asked(OpenDoor()))
    await other.record("a", asked(CountPeople(count=4)))
    assert await recorder.known("a") == Versioned(Door(open=True, people=4), 5, 5)


async def test_what_is_known_of_many_is_fresh_for_each(
    recorder: Recorder[Door], other: Recorder[Door]
) -> None:
    await recorder.record("a", asked(OpenDoor()))
    await recorder.record("b", asked(OpenDoor()))
    await other.record("b", asked(CountPeople(count=4)))
    found = await recorder.known_all(["a", "b", "none"])
    assert found["a"] == Versioned(Door(open=True), 1, 1)
    assert found["b"] == Versioned(Door(open=True, people=4), 5, 6)
    assert found["none"] == Versioned(Door())


async def test_states_that_are_forgotten_are_read_again(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.recorder.recorder.STATES_MAX", 2)
    recorder = recorder_on(log)
    for door in "abcabc":
        await recorder.record(door, asked(OpenDoor()))
        await recorder.record(door, asked(CountPeople()))
    assert [(await recorder.known(door)).state.people for door in "abc"] == [2, 2, 2]
    assert len(recorder._states) == 2  # noqa: SLF001 - the limit is the point


async def test_too_many_are_turned_away(
    recorder: Recorder[Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.recorder.recorder.QUEUE_COMMANDS_MAX", 5)
    asking = [recorder.record("a", asked(OpenDoor())) for _ in range(50)]
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(answer, Overloaded) for answer in answers) == 45
    assert sum(isinstance(answer, Receipt) for answer in answers) == 5


async def test_surroundings_are_looked_up_for_every_decision(log: Log) -> None:
    looked: list[str] = []

    async def around(_: Door, command: object) -> object:
        looked.append(type(command).__name__)
        return None

    recorder = Recorder(log, DOOR, clock=lambda: NOW, surroundings=around)
    await recorder.record("a", asked(OpenDoor()))
    await recorder.record("a", asked(CountPeople()))
    assert looked == ["OpenDoor", "CountPeople"]
