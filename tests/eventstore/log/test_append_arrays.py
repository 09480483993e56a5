"""The append refuses arrays that don't agree: no gap, nothing twice, no gate that just opens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from tests.eventstore.samples import DIVERGED, events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from eventstore.log.log import Log
    from tests.conftest import Database

APPEND = """
    SELECT status FROM muster.append($1::text[], $2::bigint[], $3::int[], $4::uuid[], $5::text[],
        array_fill(1::smallint, ARRAY[cardinality($4::uuid[])]),
        array_fill(now(), ARRAY[cardinality($4::uuid[])]),
        array_fill('{}'::json, ARRAY[cardinality($4::uuid[])]),
        array_fill('{}'::json, ARRAY[cardinality($4::uuid[])]))"""
READMIT = """
    SELECT status FROM muster.readmit($1, ARRAY['log/d1'], '{0}', $2, $3::uuid[], $4::text[],
        array_fill(1::smallint, ARRAY[cardinality($3::uuid[])]),
        array_fill(now(), ARRAY[cardinality($3::uuid[])]),
        array_fill($5::json, ARRAY[cardinality($3::uuid[])]),
        array_fill($6::json, ARRAY[cardinality($3::uuid[])]))"""
SHIFTED = """
    SELECT status FROM muster.append(ARRAY['door/a'], '{0}', '{1}', $1::uuid[], '[2:2]={Seen}',
        '{1}', ARRAY[now()], ARRAY['{}'::json], ARRAY['{}'::json])"""
POSITIONS = "SELECT array_agg(position ORDER BY position) FROM muster.event"


@pytest.fixture
async def runtime(database: Database) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Connect with the password of the runtime role, and no program in between."""
    connection = await asyncpg.connect(database.dsn)
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    ("counts", "number"),
    [
        ([1, -1, 1], 1),
        ([0, 0, 1], 1),
        ([1, None, 1], 2),
        ([1, 1, 1], 2),
        ([1, 1, 1], 4),
        ([1, 1, 2**31 - 1], 3),
        ([1, 1], 2),
        ([1, 1, 1, 1], 4),
        ([], 3),
        ([0, 0, 0], 0),
    ],
)
async def test_counts_that_do_not_fit_the_events_are_refused(
    log: Log, runtime: asyncpg.Connection[asyncpg.Record], counts: list[int], number: int
) -> None:
    await log.append("door/z", 0, events(1))
    streams, ids = ["door/a", "door/b", "door/c"], [uuid4() for _ in range(number)]
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await runtime.fetch(APPEND, streams, [0, 0, 0], counts, ids, ["Seen"] * number)
    await log.append("door/z", 1, events(1))
    assert await runtime.fetchval(POSITIONS) == [1, 2]


async def test_an_array_that_is_longer_or_begins_elsewhere_is_refused(
    runtime: asyncpg.Connection[asyncpg.Record],
) -> None:
    for types in (["Seen"], ["Seen"] * 3, []):
        ids = [uuid4(), uuid4()]
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await runtime.fetch(APPEND, ["door/a"], [0], [2], ids, types)
    with pytest.raises(asyncpg.InvalidParameterValueError):
        await runtime.fetch(SHIFTED, [uuid4()])
    assert await runtime.fetchval(POSITIONS) is None


async def test_counts_that_fit_are_taken(runtime: asyncpg.Connection[asyncpg.Record]) -> None:
    ids = [uuid4() for _ in range(4)]
    asked: tuple[Any, ...] = (["door/a", "door/b"], [0, 0], [1, 3], ids, ["Seen"] * 4)
    rows = await runtime.fetch(APPEND, *asked)
    assert [row["status"] for row in rows] == ["appended"] * 2
    assert await runtime.fetchval(POSITIONS) == [1, 2, 3, 4]


@pytest.mark.parametrize("number", [0, 2])
@pytest.mark.parametrize("counts", [[0], [1], [2], [-1], [None], []])
async def test_the_gate_opens_by_one_event_only(
    runtime: asyncpg.Connection[asyncpg.Record], counts: list[int], number: int
) -> None:
    await runtime.execute("SELECT muster.refuse('d1', $1)", json.dumps(DIVERGED))
    data = json.dumps({"divergence": "d1", "what": DIVERGED})
    who = json.dumps({"actor": "somebody", "reason": "why"})
    for name in ("d1", None):
        ids, types = [uuid4() for _ in range(number)], ["DivergenceAcknowledged"] * number
        with pytest.raises(asyncpg.PostgresError):
            await runtime.fetch(READMIT, name, counts, ids, types, data, who)
    assert await runtime.fetchval("SELECT count(*) FROM muster.refusal") == 1
    assert await runtime.fetchval(POSITIONS) is None
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.fetch(APPEND, ["door/a"], [0], [1], [uuid4()], ["Seen"])
