"""Ids that come near each other when what they name does."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import pairwise
from uuid import RFC_4122, UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.decider import CommandEnvelope
from domain.resource.unit import ReturnToService
from domain.values import CLOCK, HANDS, Actor, Role
from eventstore.recorder.event_ids import (
    event_id,
    event_id_of,
    new_command_id,
    system_command_id,
    system_event_id,
)
from services.runtime.token_file import Entry

NUMBERS = st.integers(0, 2**31 - 1)
ASK = ReturnToService()
CALLER = Actor("clock", frozenset(Role) - {Role.SYSTEM})
"""Whoever may do everything that can be allowed, and is even called as the clock is."""


def moment_ms(of: UUID) -> int:
    return of.int >> 80


def test_a_command_s_id_says_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    made = new_command_id()
    assert before <= moment_ms(made) <= time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, RFC_4122)


def test_no_two_commands_have_one_id() -> None:
    assert len({new_command_id() for _ in range(100_000)}) == 100_000


def test_commands_come_in_the_order_of_their_ids_as_far_as_milliseconds_tell() -> None:
    made = [new_command_id() for _ in range(1_000)]
    assert all(moment_ms(one) <= moment_ms(other) for one, other in pairwise(made))


@given(st.uuids(), NUMBERS)
def test_an_event_s_id_begins_as_its_command_s_and_is_the_same_again(
    command: UUID, number: int
) -> None:
    made = event_id(command, number)
    assert made == event_id(UUID(str(command)), number)
    assert moment_ms(made) == moment_ms(command)
    assert (made.version, made.variant) == (8, RFC_4122)


@given(st.lists(st.tuples(st.uuids(), NUMBERS), unique=True, max_size=50))
def test_no_two_events_have_one_id(named: list[tuple[UUID, int]]) -> None:
    assert len({event_id(command, number) for command, number in named}) == len(named)


def test_commands_of_one_millisecond_have_events_with_ids_of_their_own() -> None:
    moment = new_command_id().bytes[:6]
    commands = [UUID(bytes=moment + uuid4().bytes[6:]) for _ in range(10_000)]
    assert len({event_id(command, 0) for command in commands}) == 10_000


def test_an_event_s_id_is_what_it_always_was() -> None:
    command = UUID("01a2098f-214c-7f92-af51-8ec164b2a330")
    assert [str(event_id(command, number)) for number in (0, 1)] == [
        "01a2098f-214c-8cce-8fce-0aba20e937ca",
        "01a2098f-214c-8550-b899-639d8d2edc4e",
    ]


@given(st.uuids(), NUMBERS, st.uuids(), NUMBERS)
def test_no_caller_s_event_ever_has_an_id_of_the_system_s(
    command: UUID, number: int, own: UUID, own_number: int
) -> None:
    theirs = event_id_of(CommandEnvelope(ASK, command, CALLER), number)
    ours = [event_id_of(CommandEnvelope(ASK, own, actor), own_number) for actor in (CLOCK, HANDS)]
    assert theirs == event_id(command, number)
    assert ours == [system_event_id(own, own_number)] * 2
    assert {theirs.version, *(one.version for one in ours)} == {7, 8}
    assert {one.variant for one in (theirs, *ours)} == {RFC_4122}
    assert moment_ms(ours[0]) == moment_ms(own)


@given(st.uuids(), NUMBERS)
def test_the_two_spaces_differ_in_more_than_their_mark(command: UUID, number: int) -> None:
    theirs, ours = event_id(command, number), system_event_id(command, number)
    assert theirs.bytes[9:] != ours.bytes[9:]


def test_nobody_from_outside_carries_the_role_that_opens_the_system_s_space() -> None:
    entry = {"sha256": "0" * 64, "actor": "clock", "roles": ["system"], "venues": None}
    with pytest.raises(ValidationError, match="system"):
        Entry.model_validate(entry)


@given(st.datetimes(datetime(1971, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - made aware below
def test_a_system_s_command_id_begins_with_its_moment_and_is_the_same_again(at: datetime) -> None:
    moment = at.replace(tzinfo=UTC)
    made = system_command_id(moment, "clock/x")
    assert made == system_command_id(moment, "clock/x")
    assert made != system_command_id(moment, "clock/y")
    assert moment_ms(made) == int(moment.timestamp() * 1_000)


def test_a_system_s_ids_are_what_they_always_were() -> None:
    command = system_command_id(datetime(2026, 5, 1, 12, tzinfo=UTC), "clock/case/report/first")
    assert [str(command), str(system_event_id(command, 0)), str(system_event_id(command, 1))] == [
        "019de368-f600-85c9-8d1c-021398c8e50a",
        "019de368-f600-753a-8081-0bacdcfcb0be",
        "019de368-f600-7507-8bd4-0d162e2d2d57",
    ]
