"""What is late: seen from the view, and never better than the view is."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from domain.decider import encode
from domain.incident.events.aftermath import IncidentClosed
from domain.incident.events.duties import (
    Message,
    NotificationDelivered,
    NotificationOrdered,
    ReportExpected,
    SituationReported,
)
from domain.incident.events.means import ResourceRequestCancelled, ResourceRequested
from domain.incident.events.opening import IncidentOpened
from domain.incident.events.response import ResponseActivated
from domain.plan.canonical import pinned
from domain.plan.model.plan import ChannelKind, Plan
from domain.values import HazardKind, Mode, ResponseLevel
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from projections.queries import overdue
from projections.queries.lists import ViewReader
from projections.runner import ProjectionRunner
from projections.views.incidents import VIEW
from tests.conftest import execute
from tests.domain.plan.plans import written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from domain.values import Event
    from projections.views.incidents import IncidentRow
    from tests.conftest import Database

PLAN = pinned(Plan.model_validate(written())).ref
PATIENCE_S = 10.0
A_WHILE_S = 1.2
AN_HOUR = timedelta(hours=1)


def opened(mode: Mode = Mode.LIVE) -> IncidentOpened:
    return IncidentOpened(venue="shop", hazard=HazardKind.FIRE, plan=PLAN, mode=mode, pace=1.0)


def activated() -> ResponseActivated:
    return ResponseActivated(
        level=ResponseLevel.III,
        matters="Crowd",
        expected_duration=AN_HOUR,
        automatic=False,
        first_notice_by=datetime.now(UTC) + AN_HOUR,
    )


def due(report: str, ago: timedelta) -> ReportExpected:
    return ReportExpected(report=report, due_at=datetime.now(UTC) - ago)


def told(number: int) -> NotificationOrdered:
    return NotificationOrdered(
        notification=f"n{number}", to="cai", message=Message.TASK_ASSIGNED, about="task/guide"
    )


def delivered(number: int) -> NotificationDelivered:
    return NotificationDelivered(notification=f"n{number}", channel=ChannelKind.MAIL)


class Record:
    """A log, and who reads its view of incidents."""

    def __init__(self, log: Log, reader: ViewReader, dsn: str) -> None:
        self.log = log
        self.reader = reader
        self.dsn = dsn
        self._versions: dict[str, int] = {}

    async def happened(self, incident: str, *facts: Event) -> int:
        """Let facts happen to an incident; return the position of the last."""
        at, after = datetime.now(UTC), self._versions.get(incident, 0)
        new = [
            NewEvent(uuid4(), one.kind, one.schema_version, at, encode(one), "{}") for one in facts
        ]
        answer = await self.log.append(f"incident/{incident}", after, new)
        assert isinstance(answer, Appended)
        self._versions[incident] = answer.version
        return answer.position

    async def row(self, position: int) -> IncidentRow:
        """Return the row of the one incident, once the view has come to a position."""
        await self.reader.wait_for("incidents", position, PATIENCE_S)
        (row,) = (await self.reader.incidents()).rows
        return row

    async def recorded_at(self, position: int) -> datetime:
        """Return when an event was recorded."""
        return (await self.log.read(position - 1, limit=1))[0].recorded_at

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Keep the view meanwhile."""
        keeper = await ProjectionRunner.open(self.dsn, self.log, [VIEW], print)
        keeping = asyncio.create_task(keeper.run())
        yield
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await keeper.close()


@pytest.fixture
async def record(database: Database) -> AsyncIterator[Record]:
    log, reader = await Log.open(database.dsn), await ViewReader.open(database.dsn)
    yield Record(log, reader, database.dsn)
    await asyncio.gather(reader.close(), log.close())


async def test_a_row_has_the_earliest_deadline_and_none_once_it_is_over(record: Record) -> None:
    late = due("situation", AN_HOUR)
    async with record.followed():
        row = await record.row(await record.happened("i", opened(), activated(), late))
        assert (row.next_deadline_at, row.next_deadline) == (late.due_at, "report/situation")
        row = await record.row(await record.happened("i", IncidentClosed()))
        assert (row.next_deadline_at, row.next_deadline) == (None, None)


async def test_a_row_says_since_when_the_oldest_work_is_owed(record: Record) -> None:
    requested = ResourceRequested(
        request="guards", resource_kind="guard", quantity=1, zone="hall",
        arrive_by=datetime.now(UTC) + AN_HOUR,
    )  # fmt: skip
    async with record.followed():
        await record.happened("i", opened(), activated())
        first = await record.happened("i", told(1))
        second = await record.happened("i", requested)
        third = await record.happened("i", told(2))
        row = await record.row(third)
        assert (row.owed_since, row.owed) == (await record.recorded_at(first), "notify/n1")
        row = await record.row(await record.happened("i", delivered(1)))
        assert (row.owed_since, row.owed) == (await record.recorded_at(second), "dispatch/guards")
        over = ResourceRequestCancelled(request="guards")
        row = await record.row(await record.happened("i", over))
        assert (row.owed_since, row.owed) == (await record.recorded_at(third), "notify/n2")
        row = await record.row(await record.happened("i", delivered(2)))
        assert (row.owed_since, row.owed) == (None, None)


async def test_a_follower_that_starts_anew_still_knows_since_when(record: Record) -> None:
    async with record.followed():
        await record.happened("i", opened(), activated())
        first = await record.happened("i", told(1), told(2))
        before = await record.row(first)
    async with record.followed():
        after = await record.row(await record.happened("i", told(3)))
    assert (after.owed_since, after.owed) == (before.owed_since, "notify/n1")


async def test_the_oldest_deadline_in_the_past_is_told_live_and_exercises_apart(
    record: Record,
) -> None:
    async with record.followed():
        await record.happened("soon", opened(), due("situation", -AN_HOUR))
        await record.happened("late", opened(), due("situation", timedelta(minutes=2)))
        await record.happened("later", opened(), due("situation", timedelta(minutes=1)))
        drill = opened(Mode.EXERCISE)
        at = await record.happened("drill", drill, due("situation", AN_HOUR), told(1))
        await record.reader.wait_for("incidents", at, PATIENCE_S)
        seen = await overdue.look(record.log)
    live, drilled = seen.deadlines[Mode.LIVE], seen.deadlines[Mode.EXERCISE]
    assert (live.incidents, live.which) == (2, "late report/situation")
    assert 120 <= live.seconds < 130
    assert (drilled.incidents, drilled.which) == (1, "drill report/situation")
    assert 3_600 <= drilled.seconds < 3_610
    assert seen.owed[Mode.LIVE] == overdue.Age()
    assert seen.owed[Mode.EXERCISE].which == "drill notify/n1"
    assert seen.unseen_seconds == 0


async def test_nothing_is_late_once_the_deadline_is_met(record: Record) -> None:
    async with record.followed():
        await record.happened("i", opened(), due("situation", AN_HOUR))
        met = SituationReported(
            report="situation",
            filing="f1",
            number=1,
            summary="Calm",
            headcount=None,
            casualties=None,
        )
        at = await record.happened("i", met)
        await record.reader.wait_for("incidents", at, PATIENCE_S)
        assert (await overdue.look(record.log)).deadlines[Mode.LIVE] == overdue.Age()


async def test_a_follower_that_is_dead_is_late_by_what_it_has_not_seen(record: Record) -> None:
    async with record.followed():
        at = await record.happened("i", opened())
        await record.reader.wait_for("incidents", at, PATIENCE_S)
    assert (await overdue.look(record.log)).deadlines[Mode.LIVE] == overdue.Age()
    await record.happened("i", due("situation", AN_HOUR))  # a deadline that nobody sees
    await asyncio.sleep(A_WHILE_S)
    seen = await overdue.look(record.log)
    assert seen.unseen_seconds >= A_WHILE_S
    assert seen.deadlines[Mode.LIVE] == overdue.Age(seen.unseen_seconds)
    assert seen.owed[Mode.LIVE] == overdue.Age(seen.unseen_seconds)


async def test_a_deadline_that_passes_behind_a_dead_follower_s_back_stays_late(
    record: Record,
) -> None:
    async with record.followed():
        at = await record.happened("i", opened(), due("situation", -timedelta(seconds=1)))
        await record.reader.wait_for("incidents", at, PATIENCE_S)
    await asyncio.sleep(A_WHILE_S)
    assert (await overdue.look(record.log)).deadlines[Mode.LIVE].which == "i report/situation"


MADE_BY_OTHERS = """
    INSERT INTO muster_view.checkpoint (view, shape, position)
    VALUES ('incidents', 'of another program', 1)"""


@pytest.mark.parametrize("before", [(), (MADE_BY_OTHERS,)], ids=["missing", "by other rules"])
async def test_a_view_that_is_missing_or_made_by_other_rules_is_late_from_the_first_event_on(
    record: Record, database: Database, before: tuple[str, ...]
) -> None:
    await record.happened("i", opened())
    await execute(database.owner_dsn, *before)
    await asyncio.sleep(A_WHILE_S)
    assert (await overdue.look(record.log)).deadlines[Mode.LIVE].seconds >= A_WHILE_S


async def test_an_empty_log_owes_nothing(record: Record) -> None:
    seen = await overdue.look(record.log)
    assert seen.unseen_seconds == 0
    assert set(seen.deadlines.values()) == set(seen.owed.values()) == {overdue.Age()}
