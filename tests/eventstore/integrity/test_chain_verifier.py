"""Tampering: whatever is changed, removed, added or moved is found, and where."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.integrity import hash_chain
from eventstore.integrity.chain_verifier import Doubt, End, verify
from eventstore.log.events import StoredEvent
from eventstore.log.log import Log
from tests.conftest import execute
from tests.eventstore.samples import event, events, whole

if TYPE_CHECKING:
    from tests.conftest import Database

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)


def sealed_log(streams: list[int]) -> list[StoredEvent]:
    """Make a log as the database would: one event per entry, in that stream."""
    rows: list[StoredEvent] = []
    heads: dict[str, tuple[int, bytes]] = {}
    for position, number in enumerate(streams, start=1):
        stream = f"door/{number}"
        version, before = heads.get(stream, (0, hash_chain.genesis(stream)))
        at = BEGAN + timedelta(seconds=position)
        row = StoredEvent(
            position, at, at, stream, version + 1, UUID(int=position), "DoorOpened", 1,
            f'{{"n":{position}}}', '{"actor":"porter"}', b"",
        )  # fmt: skip
        row = row._replace(hash=hash_chain.event_hash(before, row))
        heads[stream] = (row.version, row.hash)
        rows.append(row)
    return rows


LOGS = st.lists(st.integers(0, 3), min_size=2, max_size=12).map(sealed_log)


@given(LOGS)
def test_a_log_that_nobody_touched_is_verified(rows: list[StoredEvent]) -> None:
    verification = verify(rows, ends_at=End(rows[-1].position, rows[-1].hash))
    assert verification.divergence is None
    assert verification.events == len(rows)


def flipped(row: StoredEvent, field: str, bit: int) -> StoredEvent:
    """Change one bit of a field."""
    value = getattr(row, field)
    match value:
        case int():
            changed: object = value ^ 1 << bit % 15
        case datetime():
            changed = value + timedelta(microseconds=1 << bit % 40)
        case UUID():
            changed = UUID(int=value.int ^ 1 << bit % 128)
        case str():
            text = bytearray(value.encode())
            text[bit % len(text)] ^= 1
            changed = text.decode()
        case _:
            content = bytearray(value)
            content[bit // 8 % len(content)] ^= 1 << bit % 8
            changed = bytes(content)
    return row._replace(**{field: changed})  # type: ignore[arg-type] # of the same type


@given(LOGS, st.data())
def test_a_flipped_bit_anywhere_is_found_where_it_is(
    rows: list[StoredEvent], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1), label="row")
    field = data.draw(st.sampled_from(StoredEvent._fields), label="field")
    rows[at] = flipped(rows[at], field, data.draw(st.integers(0, 200), label="bit"))
    divergence = verify(rows).divergence
    assert divergence is not None
    assert divergence.position == rows[at].position


@given(LOGS, st.data())
def test_a_removed_event_is_found(rows: list[StoredEvent], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    ends_at = End(rows[-1].position, rows[-1].hash)
    del rows[at]
    divergence = verify(rows, ends_at=ends_at).divergence
    assert divergence is not None
    assert divergence.doubt in {Doubt.POSITION, Doubt.END}


@given(LOGS, st.data())
def test_removing_an_event_and_closing_the_gap_is_found(
    rows: list[StoredEvent], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    ends_at = End(rows[-1].position, rows[-1].hash)
    del rows[at]
    closed = [row._replace(position=position) for position, row in enumerate(rows, start=1)]
    assert verify(closed, ends_at=ends_at).divergence is not None


@given(LOGS, st.data())
def test_events_that_change_places_are_found(rows: list[StoredEvent], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(rows) - 2))
    rows[at], rows[at + 1] = rows[at + 1], rows[at]
    divergence = verify(rows).divergence
    assert divergence is not None
    assert divergence.doubt is Doubt.POSITION
    assert divergence.position == at + 2


@given(LOGS, st.data())
def test_an_event_that_is_there_twice_is_found(
    rows: list[StoredEvent], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    rows.insert(at, rows[at])
    divergence = verify(rows).divergence
    assert divergence is not None
    assert divergence.doubt is Doubt.POSITION


async def test_one_stream_is_verified_alone(log: Log) -> None:
    await log.append("door/a", 0, events(3))
    await log.append("door/b", 0, events(2))
    await log.append("door/a", 3, events(2))
    pages = [page async for page in log.read_stream("door/a")]
    rows = [row for page in pages for row in page]
    verification = verify(rows, stream="door/a")
    assert (verification.divergence, verification.events) == (None, 5)
    foreign = verify(await whole(log), stream="door/a").divergence
    assert foreign is not None
    assert (foreign.doubt, foreign.position) == (Doubt.STREAM, 4)


@pytest.mark.parametrize(
    ("forgery", "doubt"),
    [
        ("UPDATE muster.event SET data = '{\"number\": 1 }' WHERE position = 5", Doubt.CONTENT),
        ("UPDATE muster.event SET meta = '{}' WHERE position = 5", Doubt.CONTENT),
        ("UPDATE muster.event SET type = 'DoorClosed' WHERE position = 5", Doubt.CONTENT),
        (
            "UPDATE muster.event SET occurred_at = '2026-01-01' WHERE position = 5",
            Doubt.CONTENT,
        ),
        ("UPDATE muster.event SET hash = sha256('') WHERE position = 5", Doubt.CONTENT),
        ("UPDATE muster.event SET stream = 'door/c' WHERE position = 5", Doubt.VERSION),
        ("DELETE FROM muster.event WHERE position = 5", Doubt.POSITION),
    ],
)
async def test_a_forger_with_all_rights_is_found(
    database: Database, log: Log, forgery: str, doubt: Doubt
) -> None:
    for version in range(4):
        await log.append("door/a", version, events(1))
        await log.append("door/b", version, events(1))
    await execute(
        database.owner_dsn, "ALTER TABLE muster.event DISABLE TRIGGER never_changed", forgery
    )
    divergence = verify(await whole_unsorted(log)).divergence
    assert divergence is not None
    assert divergence.doubt is doubt
    assert divergence.position in {5, 6}


async def whole_unsorted(log: Log) -> list[StoredEvent]:
    """Read a log that may have a gap."""
    return list(await log.read(limit=1_000))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 4), st.booleans()), min_size=1, max_size=30
    )
)
def test_whatever_is_appended_in_whatever_order_the_log_is_dense_and_chained(
    fresh_dsn: str, appends: list[tuple[int, int, bool]]
) -> None:
    """Each append: which stream, how many events, and whether it expects what it hopes for."""

    async def play() -> None:
        logs = [await Log.open(fresh_dsn), await Log.open(fresh_dsn)]
        versions = {n: await _version(logs[0], n) for n in range(4)}
        asking = [
            logs[turn % 2].append(
                f"door/{number}",
                versions[number] if hopeful else 99,
                [event() for _ in range(count)],
            )
            for turn, (number, count, hopeful) in enumerate(appends)
        ]
        answers = await asyncio.gather(*asking)
        assert len(answers) == len(appends)
        rows = await whole(logs[0])
        verification = verify(rows)
        assert verification.divergence is None
        assert verification.events == await logs[1].head()
        await asyncio.gather(*(log.close() for log in logs))

    asyncio.run(play())


async def _version(log: Log, number: int) -> int:
    pages = [page async for page in log.read_stream(f"door/{number}")]
    return pages[-1][-1].version if pages else 0
