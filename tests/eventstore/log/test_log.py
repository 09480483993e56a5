"""Appending, reading, and what the log promises of its order."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from domain.limits import COMMAND_EVENTS_MAX
from eventstore.integrity import hash_chain
from eventstore.log.events import AlreadyThere, Appended, Conflict, IdReused
from eventstore.log.log import Log
from eventstore.log.writer import QUEUE_EVENTS_MAX, WORTH_A_CALL_EVENTS
from eventstore.postgres.errors import LogClosed, LogUnavailable, Overloaded
from tests.conftest import execute
from tests.eventstore.samples import NOON, event, events, whole

if TYPE_CHECKING:
    from tests.conftest import Database


async def test_events_come_back_byte_for_byte(log: Log) -> None:
    text = '{"b": 1.0, "a":2, "a": -0, "text": "楼梯口 \\u0000 🚪"}'
    await log.append("door/a", 0, [event(text)])
    (stored,) = await log.read(limit=10)
    assert stored.data == text
    assert stored[:1] + stored[2:5] == (1, NOON, "door/a", 1)


async def test_an_append_tells_where_its_last_event_is(log: Log) -> None:
    await log.append("door/a", 0, events(2))
    answer = await log.append("door/b", 0, events(3))
    assert isinstance(answer, Appended)
    assert answer[:2] == (3, 5)


async def test_a_stream_at_another_version_is_a_conflict(log: Log) -> None:
    await log.append("door/a", 0, events(2))
    assert await log.append("door/a", 1, events(1)) == Conflict(2)
    assert await log.append("door/b", 1, events(1)) == Conflict(0)
    assert await log.head() == 2


async def test_the_same_events_again_are_already_there(log: Log) -> None:
    same = events(3)
    await log.append("door/a", 0, same)
    await log.append("door/a", 3, events(1))
    again = await log.append("door/a", 0, same)
    assert isinstance(again, AlreadyThere)
    assert again[:2] == (3, 3)


@pytest.mark.parametrize("known", [0, 1, 2])
async def test_every_id_of_a_request_is_looked_for(log: Log, known: int) -> None:
    first = events(3)
    await log.append("door/a", 0, first)
    others = events(3)
    others[known] = others[known]._replace(event_id=first[known].event_id)
    assert await log.append("door/a", 3, others) == IdReused()
    assert await log.head() == 3


@pytest.mark.parametrize(
    "changed", [{"data": '{"other":1}'}, {"type": "DoorClosed"}, {"schema_version": 2}]
)
async def test_an_id_is_not_used_for_other_content(log: Log, changed: dict[str, object]) -> None:
    one = event()
    await log.append("door/a", 0, [one])
    assert await log.append("door/a", 1, [one._replace(**changed)]) == IdReused()  # type: ignore[arg-type] # names of NewEvent
    assert await log.append("door/b", 0, [one]) == IdReused()


async def test_appends_of_many_are_dense_chained_and_in_order(log: Log, other_log: Log) -> None:
    async def write(writer: Log, door: int) -> None:
        for version in range(20):
            await writer.append(f"door/{door}", version, events(1))

    writers = [
        write(writer, 2 * n + k) for n in range(8) for k, writer in enumerate((log, other_log))
    ]
    await asyncio.gather(*writers)
    stored = await whole(log)
    assert [one.position for one in stored] == list(range(1, 321))
    heads: dict[str, tuple[int, bytes]] = {}
    for one in stored:
        version, before = heads.get(one.stream, (0, hash_chain.genesis(one.stream)))
        assert one.version == version + 1
        assert one.hash == hash_chain.event_hash(before, one)
        heads[one.stream] = (one.version, one.hash)
    recorded = [one.recorded_at for one in stored]
    assert recorded == sorted(recorded)


@pytest.mark.parametrize(
    "moment", [hash_chain.FIRST, hash_chain.LAST, hash_chain.LAST - timedelta(microseconds=1)]
)
async def test_moments_without_end_are_hashed_as_the_database_has_them(
    log: Log, moment: datetime
) -> None:
    await log.append("door/1", 0, [event()._replace(occurred_at=moment)])
    (stored,) = await whole(log)
    assert stored.occurred_at == moment
    assert stored.hash == hash_chain.event_hash(hash_chain.genesis("door/1"), stored)


async def test_of_those_who_expect_the_same_version_one_wins(log: Log, other_log: Log) -> None:
    appends = [
        writer.append("door/a", 0, events(1)) for writer in (log, other_log) for _ in range(10)
    ]
    answers = await asyncio.gather(*appends)
    assert sorted(type(answer).__name__ for answer in answers) == ["Appended"] + 19 * ["Conflict"]


async def test_one_bad_request_does_not_hurt_its_neighbours(log: Log) -> None:
    appends = [log.append(f"door/{n}", 0, [event("{" if n == 3 else "{}")]) for n in range(6)]
    answers = await asyncio.gather(*appends, return_exceptions=True)
    assert [isinstance(answer, Appended) for answer in answers] == [n != 3 for n in range(6)]
    assert isinstance(answers[3], asyncpg.InvalidTextRepresentationError)


async def test_a_stream_without_a_category_is_refused(log: Log) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await log.append("door", 0, events(1))


async def test_pages_of_a_stream_hold_all_its_events(log: Log) -> None:
    await log.append("door/a", 0, events(7))
    await log.append("door/b", 0, events(2))
    pages = [page async for page in log.read_stream("door/a", after=1, up_to=6, page=2)]
    assert [[one.version for one in page] for page in pages] == [[2, 3], [4, 5], [6]]


async def test_a_category_can_be_read_alone(log: Log) -> None:
    await log.append("door/a", 0, events(2))
    await log.append("doors/a", 0, events(2))
    await log.append("door/b", 0, events(2))
    assert [one.position for one in await log.read(1, limit=2, category="door")] == [2, 5]


async def test_an_instant_is_a_position(log: Log) -> None:
    before = datetime.now(UTC)
    for version in range(9):
        await log.append("door/a", version, events(1))
    stored = await whole(log)
    assert await log.position_at(before) == 0
    assert await log.position_at(datetime.now(UTC) + timedelta(days=1)) == 9
    assert [await log.position_at(one.recorded_at) for one in stored] == list(range(1, 10))
    almost = stored[4].recorded_at - timedelta(microseconds=1)
    assert await log.position_at(almost) == 4


async def test_events_are_found_by_their_ids(log: Log) -> None:
    one, other = events(2)
    await log.append("door/a", 0, [one])
    found = await log.find([one.event_id, other.event_id, uuid4()])
    assert {key: stored.position for key, stored in found.items()} == {one.event_id: 1}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE muster.event SET data = '{}'",
        "DELETE FROM muster.event",
        "TRUNCATE muster.event",
        "UPDATE muster.event SET data = '{}' WHERE false",
    ],
)
async def test_nobody_changes_the_log(log: Log, database: Database, statement: str) -> None:
    await log.append("door/a", 0, events(1))
    for dsn in (database.dsn, database.owner_dsn):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(dsn, statement)


async def test_the_runtime_role_cannot_insert(database: Database) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(database.dsn, "INSERT INTO muster.event (position) VALUES (1)")


async def test_an_append_outlives_who_asked_for_it(log: Log) -> None:
    asking = asyncio.create_task(log.append("door/a", 0, events(1)))
    await asyncio.sleep(0)
    asking.cancel()
    await log.append("door/b", 0, events(1))
    assert [one.stream for one in await whole(log)] in (["door/b"], ["door/a", "door/b"])


async def test_a_closed_log_takes_nothing_but_finishes_what_it_took(database: Database) -> None:
    log = await Log.open(database.dsn)
    asked_before = [asyncio.create_task(log.append(f"door/{n}", 0, events(1))) for n in range(9)]
    await asyncio.sleep(0)
    await log.close()
    assert all(isinstance(answer, Appended) for answer in await asyncio.gather(*asked_before))
    with pytest.raises(LogClosed):
        await log.append("door/a", 0, events(1))


async def test_what_is_not_answered_in_time_when_the_log_is_closed_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.log.writer.CLOSE_TIMEOUT_S", 0.2)
    log = await Log.open(database.dsn)
    holder = await asyncpg.connect(database.owner_dsn)
    async with holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock(7309940773834519397)")
        asked = [asyncio.create_task(log.append(f"door/{n}", 0, events(10))) for n in range(40)]
        await asyncio.sleep(0.2)
        await log.close()
        async with asyncio.timeout(5):
            answers = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(answer) for answer in answers} == {LogClosed}
    await holder.close()


async def test_a_database_that_is_not_there_is_said_to_be_unavailable() -> None:
    with pytest.raises(LogUnavailable):
        await Log.open("postgresql://nobody@/none?host=/nowhere")


async def test_a_full_queue_turns_away_and_keeps_what_it_took(
    log: Log, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.log.writer.QUEUE_EVENTS_MAX", 50)
    holder = await asyncpg.connect(database.owner_dsn)
    async with holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock(7309940773834519397)")
        asked = [asyncio.create_task(log.append(f"door/{n}", 0, events(10))) for n in range(9)]
        await asyncio.sleep(0.3)
        answers = [one for one in asked if one.done()]
        assert answers
        assert all(isinstance(one.exception(), Overloaded) for one in answers)
    await holder.close()
    taken = [one for one in asked if one not in answers]
    assert all(isinstance(one, Appended) for one in await asyncio.gather(*taken))
    assert await log.head() == 10 * len(taken)


async def test_an_alarm_is_appended_beside_the_largest_command(log: Log) -> None:
    """It waits beside it, and not behind a second one; of large ones only so many wait."""
    first, second, alarm, third = await asyncio.gather(
        log.append("large/first", 0, events(QUEUE_EVENTS_MAX - 1)),
        log.append("large/second", 0, events(COMMAND_EVENTS_MAX)),
        log.append("alarm/1", 0, events(2)),
        log.append("large/third", 0, events(COMMAND_EVENTS_MAX)),
        return_exceptions=True,
    )
    assert isinstance(first, Appended)
    assert isinstance(second, Appended)
    assert isinstance(alarm, Appended)
    assert isinstance(third, Overloaded)
    assert alarm.position < second.position


async def test_what_is_small_waits_for_the_lock_as_long_as_what_is_large_may_hold_it(
    log: Log, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.log.append_connection.APPEND_TIMEOUT_S", 0.1)
    monkeypatch.setattr("eventstore.log.append_connection.UNAVAILABLE_AFTER_S", 0.0)
    holder = await asyncpg.connect(database.owner_dsn)
    async with holder.transaction():
        await holder.execute("SELECT pg_advisory_xact_lock(7309940773834519397)")
        asked = [
            asyncio.create_task(log.append(f"door/{count}", 0, events(count)))
            for count in (COMMAND_EVENTS_MAX, WORTH_A_CALL_EVENTS)
        ]
        ended, _ = await asyncio.wait(asked, timeout=1, return_when=asyncio.FIRST_COMPLETED)
    await holder.close()
    assert not ended
    assert all(isinstance(one, Appended) for one in await asyncio.gather(*asked))


async def test_who_asks_ahead_about_many_streams_is_answered_in_the_order_of_each(log: Log) -> None:
    """More at once than one call takes: calls overlap, and never two about a stream."""
    streams = [f"door/{number}" for number in range(24)]
    asked = [
        log.append(stream, version, events(4)) for version in range(0, 80, 4) for stream in streams
    ]
    done = await asyncio.gather(*asked)
    assert all(isinstance(one, Appended) for one in done)
    for first in range(len(streams)):
        positions = [
            one.position for one in done[first :: len(streams)] if isinstance(one, Appended)
        ]
        assert positions == sorted(positions)
