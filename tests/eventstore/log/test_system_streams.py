"""What the system alone writes can't be forged by whoever has the password of the runtime role."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from eventstore.log.events import NewEvent
from eventstore.recorder.event_ids import event_id
from tests.eventstore.samples import DIVERGED, NOON, events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from eventstore.log.log import Log
    from tests.conftest import Database

INCIDENT = "0b5c1f9e-6d0f-4c63-9a55-6d2d4c3f7a10"
ANOTHER = "7e5d31a9-e627-490f-ba75-8800be433fd5"
STREAM = f"incident/{INCIDENT}"
HASH, OTHER_HASH = "a1" * 32, "b2" * 32
PLAN = {"id": "mall", "version": 2, "hash": HASH}
OLDER = {"id": "mall", "version": 1, "hash": OTHER_HASH}
WHO = {"actor": "auditor", "reason": "court, file 12"}
APPEND = """
    SELECT status FROM muster.append($1, $2::bigint, $3::uuid, $4, $5::smallint, now(), $6, $7)"""
APPEND_MANY = """
    SELECT status FROM muster.append(ARRAY[$1], ARRAY[$2::bigint], ARRAY[1], ARRAY[$3::uuid],
        ARRAY[$4], ARRAY[$5::smallint], ARRAY[now()], ARRAY[$6::json], ARRAY[$7::json])"""
WAITING = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
READ = """
    SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
    WHERE schemaname = 'muster' AND relname = 'event'"""
OTHER_HASHES = """
    UPDATE muster.event SET hash = $1
    WHERE stream IN ('unit/a1', 'plan/mall') OR (stream, version) = ('unit/c1', 2)"""
EXPORT = "SELECT request, status, at_version, at_position, at FROM muster.export_case($1, $2)"


@pytest.fixture
async def runtime(database: Database) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Connect with the password of the runtime role, and no program in between."""
    connection = await asyncpg.connect(database.dsn)
    yield connection
    await connection.close()


def event(kind: str, **data: Any) -> NewEvent:
    return NewEvent(uuid4(), kind, 1, NOON, json.dumps(data), json.dumps(WHO))


async def case(log: Log) -> None:
    """Have an incident under the second version of a plan, with a unit that it had twice."""
    await log.append("plan/mall", 0, [event("PlanDrafted", ref=OLDER, plan={"of": HASH})])
    await log.append("plan/mall", 1, [event("PlanPublished", ref=OLDER)])
    await log.append("plan/mall", 2, [event("PlanDrafted", ref=PLAN)])
    await log.append("plan/mall", 3, [event("PlanPublished", ref=PLAN)])
    await log.append("plan/mall", 4, [event("PlanPublished", ref=PLAN)])
    mine, other = {"incident": INCIDENT}, {"incident": str(uuid4())}
    unit = [event("UnitRegistered"), event("UnitReserved", **other)]
    unit += [event("UnitReservationReleased", **other), event("UnitReserved", **mine)]
    unit += [event("UnitReservationReleased", **mine), event("UnitPutOutOfService")]
    unit += [event("UnitReserved", **mine), event("UnitReservationReleased", **mine)]
    await log.append("unit/a1", 0, unit)
    await log.append("unit/b1", 0, [event("UnitRegistered"), event("UnitReserved", **mine)])
    await log.append(STREAM, 0, [event("IncidentOpened", plan=PLAN)])
    await log.append(STREAM, 1, [event("UnitDispatched", unit="a1"), event("AlarmVerified")])
    await log.append(STREAM, 3, [event("UnitDispatched", unit="b1")])


def meta(by: UUID, **changes: Any) -> str:
    asked = {"kind": "ExportCase", "incident": INCIDENT}
    return json.dumps({**WHO, "command_id": str(by), "command": asked, **changes})


async def last(log: Log) -> Any:
    return (await log.read(await log.head() - 1, limit=1))[0]


@pytest.mark.parametrize("query", [APPEND, APPEND_MANY], ids=["one", "several"])
@pytest.mark.parametrize(
    ("stream", "kind", "data"),
    [
        (f"export/{ANOTHER}", "CaseExported", {"incident": INCIDENT, "spans": []}),
        (f"export/{ANOTHER}", "Anything", {}),
        (STREAM, "ExportRecorded", {"export": str(uuid4())}),
        (f"log/{ANOTHER}", "DivergenceAcknowledged", {"divergence": "d", "what": {}}),
        ("disclosure/somebody", "PersonalDataDisclosed", {"incident": None}),
        ("disclosure/auditor", "Anything", {"incident": None}),
        ("disclosure/auditor", "PersonalDataDisclosed", {"incident": str(uuid4())}),
    ],
)
async def test_the_runtime_role_can_t_write_what_the_log_does_not_bear_out(
    runtime: asyncpg.Connection[asyncpg.Record],
    query: str,
    stream: str,
    kind: str,
    data: dict[str, object],
) -> None:
    event = (uuid4(), kind, 2, json.dumps(data), json.dumps(WHO))
    with pytest.raises(asyncpg.CheckViolationError, match="written by the system alone"):
        await runtime.fetch(query, stream, 0, *event)
    assert await runtime.fetchval("SELECT count(*) FROM muster.event") == 0


async def test_a_disclosure_is_to_the_one_who_asks_and_says_why(
    runtime: asyncpg.Connection[asyncpg.Record],
) -> None:
    async def append(said: dict[str, str]) -> object:
        data = json.dumps({"incident": None, "person": "p"})
        kind = (uuid4(), "PersonalDataDisclosed", 1)
        return await runtime.fetchval(
            APPEND, "disclosure/auditor", 0, *kind, data, json.dumps(said)
        )

    for said in ({}, {"actor": "auditor"}, {"reason": "why"}, {"actor": "", "reason": "why"}):
        with pytest.raises(asyncpg.CheckViolationError):
            await append(said)
    assert await append(WHO) == "appended"


async def test_a_divergence_is_acknowledged_as_it_stands_and_not_otherwise(
    runtime: asyncpg.Connection[asyncpg.Record],
) -> None:
    await runtime.execute("SELECT muster.refuse('d1', $1)", json.dumps(DIVERGED))
    readmit = (
        "SELECT status FROM muster.readmit('d1', ARRAY['log/d1'], '{0}', '{1}', ARRAY[$1::uuid],"
    )
    readmit += " '{DivergenceAcknowledged}', '{1}', ARRAY[now()], ARRAY[$2::json], ARRAY[$3::json])"
    whole = {"divergence": "d1", "what": DIVERGED}
    for said in (
        {**whole, "what": {**DIVERGED, "position": 6}},
        {**whole, "what": {}},
        {**whole, "what": {**DIVERGED, "more": 1}},
        {**whole, "more": 1},
        {"what": DIVERGED},
    ):
        data = json.dumps(said)
        with pytest.raises(asyncpg.CheckViolationError):
            await runtime.fetchval(readmit, uuid4(), data, json.dumps(WHO))
    data = json.dumps(whole)
    for who in ({**WHO, "actor": 5}, {**WHO, "reason": None}):
        with pytest.raises(asyncpg.CheckViolationError):
            await runtime.fetchval(readmit, uuid4(), data, json.dumps(who))
    assert await runtime.fetchval(readmit, uuid4(), data, json.dumps(WHO)) == "appended"


async def test_an_export_holds_what_the_log_finds_and_the_case_ends_with_it(
    log: Log, runtime: asyncpg.Connection[asyncpg.Record]
) -> None:
    await case(log)
    command = uuid4()
    (row,) = await runtime.fetch(EXPORT, INCIDENT, meta(command))
    exported = await last(log)
    assert (row["status"], row["at_position"]) == ("appended", exported.position)
    assert (exported.stream, exported.type) == (f"export/{command}", "CaseExported")
    assert (exported.schema_version, exported.event_id) == (2, event_id(command, 0))
    data, said = json.loads(exported.data), json.loads(exported.meta)
    spans = [(one["stream"], one["first"], one["last"]) for one in data["spans"]]
    assert spans == [
        (STREAM, 1, 5),
        ("plan/mall", 3, 4),
        ("unit/a1", 1, 1),
        ("unit/a1", 4, 5),
        ("unit/a1", 7, 8),
        ("unit/b1", 1, 2),
    ]
    reference = (await log.read(exported.position - 2, limit=1))[0]
    assert (reference.stream, reference.version) == (STREAM, 5)
    assert (reference.type, reference.event_id) == ("ExportRecorded", event_id(command, 1))
    assert json.loads(reference.data) == {"export": str(command)}
    assert data["spans"][0]["hash"] == reference.hash.hex()
    assert data["as_of"] == reference.position
    assert said == {**json.loads(meta(command)), "database_role": "muster_runtime"}
    assert json.loads(reference.meta)["actor"] == "auditor"


async def test_what_is_long_is_found_before_the_lock_and_what_came_since_under_it(
    log: Log, database: Database, runtime: asyncpg.Connection[asyncpg.Record]
) -> None:
    await case(log)
    later, mine = event("UnitRegistered"), {"incident": INCIDENT}
    await log.append("unit/c1", 0, [later, event("UnitReserved", **mine)])
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("ALTER TABLE muster.event DISABLE TRIGGER never_changed")
    command = uuid4()
    async with owner.transaction():
        await owner.execute("SELECT pg_advisory_xact_lock(7309940773834519397)")
        exporting = asyncio.create_task(runtime.fetch(EXPORT, INCIDENT, meta(command)))
        while not await owner.fetchval(WAITING):
            await asyncio.sleep(0.01)
        for stream, version, kind, data in (
            ("unit/b1", 2, "UnitReservationReleased", mine),
            ("unit/b1", 3, "UnitReserved", {"incident": str(uuid4())}),
            (STREAM, 4, "UnitDispatched", {"unit": "c1"}),
            ("unit/d1", 0, "UnitRegistered", {}),
        ):
            said = (uuid4(), kind, 1, json.dumps(data), json.dumps(WHO))
            assert await owner.fetchval(APPEND, stream, version, *said) == "appended"
        await owner.execute(OTHER_HASHES, b"\1" * 32)
    assert [row["status"] for row in await exporting] == ["appended"]
    await owner.close()
    spans = json.loads((await last(log)).data)["spans"]
    assert [(one["stream"], one["first"], one["last"]) for one in spans] == [
        (STREAM, 1, 6),
        ("plan/mall", 3, 4),
        ("unit/a1", 1, 1),
        ("unit/a1", 4, 5),
        ("unit/a1", 7, 8),
        ("unit/b1", 1, 3),
        ("unit/c1", 1, 2),
    ]
    changed = [one["stream"] for one in spans if one["hash"] == "01" * 32]
    assert changed == ["unit/c1"]  # it was dispatched since; a1 and the plan were read before


async def test_an_export_does_not_read_what_is_of_no_concern_to_its_case(
    log: Log, database: Database
) -> None:
    await case(log)
    owner = await asyncpg.connect(database.owner_dsn)
    for number in range(40):
        await log.append(f"door/{number}", 0, events(250))
    await owner.execute("ANALYZE muster.event")
    async with owner.transaction():
        before = await owner.fetchval(READ)
        await owner.fetch(EXPORT, INCIDENT, meta(uuid4()))
        assert 0 < await owner.fetchval(READ) - before < 1_000
    await owner.close()


async def test_an_export_asked_again_is_the_same_and_an_id_is_taken_once(
    log: Log, runtime: asyncpg.Connection[asyncpg.Record]
) -> None:
    await case(log)
    command = uuid4()
    (first,) = await runtime.fetch(EXPORT, INCIDENT, meta(command))
    (again,) = await runtime.fetch(EXPORT, INCIDENT, meta(command))
    assert dict(again) == {**first, "status": "duplicate"}
    for number in (0, 1):
        taken = uuid4()
        one = events(1)[0]._replace(event_id=event_id(taken, number))
        await log.append("door/a", number, [one])
        (refused,) = await runtime.fetch(EXPORT, INCIDENT, meta(taken))
        assert refused["status"] == "id_reused"
    assert await log.head() == first["at_position"] + 2


@pytest.mark.parametrize(
    "changes",
    [
        {"command": {"kind": "ExportCase", "incident": str(uuid4())}},
        {"command": {"kind": "Other", "incident": INCIDENT}},
        {"command": None},
        {"command_id": None},
        {"actor": None},
        {"actor": ""},
    ],
)
async def test_an_export_says_who_asks_for_what(
    log: Log, runtime: asyncpg.Connection[asyncpg.Record], changes: dict[str, object]
) -> None:
    await case(log)
    before = await log.head()
    with pytest.raises(asyncpg.CheckViolationError):
        await runtime.fetch(EXPORT, INCIDENT, meta(uuid4(), **changes))
    assert await log.head() == before


async def test_what_is_no_incident_is_not_exported(
    runtime: asyncpg.Connection[asyncpg.Record],
) -> None:
    with pytest.raises(asyncpg.NoDataFoundError):
        await runtime.fetch(EXPORT, INCIDENT, meta(uuid4()))


async def test_nothing_is_exported_while_the_log_takes_nothing(
    log: Log, runtime: asyncpg.Connection[asyncpg.Record]
) -> None:
    await case(log)
    await runtime.execute("SELECT muster.refuse('d1', $1)", json.dumps(DIVERGED))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.fetch(EXPORT, INCIDENT, meta(uuid4()))


async def test_the_runtime_role_can_t_say_that_it_is_the_system(
    runtime: asyncpg.Connection[asyncpg.Record],
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await runtime.execute("INSERT INTO muster.system_append VALUES ('export/1')")
