"""Ids that come near each other when what they name does."""

from __future__ import annotations

import time
from itertools import pairwise
from uuid import RFC_4122, UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from eventstore.ids import event_id, new_command_id

NUMBERS = st.integers(0, 2**31 - 1)


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
