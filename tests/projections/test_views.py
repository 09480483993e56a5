"""The views that people look at: each row is what the facts of its stream fold to."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from compiler.publication import judgement
from domain.decider import CommandEnvelope, encode
from domain.directory.person import PERSONS, Channel, RegisterContact
from domain.incident.events.aftermath import IncidentClosed
from domain.incident.events.duties import TaskAssigned, TaskFinished, TaskOverdue
from domain.incident.events.opening import IncidentOpened, WarningCancelled, WarningRaised
from domain.incident.events.response import (
    PostAccepted,
    ResponseActivated,
    ResponseTerminated,
)
from domain.plan.canonical import pinned
from domain.plan.lifecycle.publication import PUBLICATION
from domain.plan.model.plan import ChannelKind, Plan
from domain.resource.unit import UNITS, PutOutOfService, RegisterUnit, ReserveUnit
from domain.values import Actor, HazardKind, Mode, ResponseLevel, Role, Text, WarningColour
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from eventstore.recorder.recorder import Receipt, Recorder
from projections.queries.lists import ViewReader
from projections.queries.pages import PageTokenInvalid
from projections.registry import VIEWS
from projections.runner import ProjectionRunner
from tests.domain.plan.plans import written
from tests.domain.plan.publishing import bring_into_force

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from domain.values import Command, Event
    from projections.views.incidents import IncidentRow
    from tests.conftest import Database

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PLANNER = Actor("planner", frozenset({Role.PLANNER}))
PLAN = Plan.model_validate(written())
REF = pinned(PLAN).ref
PATIENCE_S = 10.0
SEALED = "sealed:v1:key:" + "A" * 40

OPENED = IncidentOpened(
    venue="shop", hazard=HazardKind.CROWDING, plan=REF, mode=Mode.LIVE, pace=1.0
)
WARNED = WarningRaised(
    colour=WarningColour.ORANGE, starts_at=NOON, scope=("hall",), matters="Crowd", issuer="Desk"
)
ACTIVATED = ResponseActivated(
    level=ResponseLevel.III,
    matters="Crowd",
    expected_duration=timedelta(hours=1),
    automatic=False,
    first_notice_by=NOON,
)
COMMANDED = PostAccepted(post="commander", person="ben")
GUIDED = PostAccepted(post="guide", person="cai")
CLOSED = IncidentClosed()


def assigned(task: str) -> TaskAssigned:
    return TaskAssigned(
        task=task,
        title=Text.of("任务", "Task"),
        post="guide",
        acknowledge_by=NOON,
        start_by=NOON,
        finish_by=NOON,
    )


class Stage:
    """A log, its views, and how to make something happen."""

    def __init__(self, log: Log, reader: ViewReader, keeper: ProjectionRunner) -> None:
        self.log = log
        self.reader = reader
        self.keeper = keeper

    async def happened(self, incident: str, *facts: Event, after: int = 0, minute: int = 0) -> int:
        """Let facts happen to an incident; return the position of the last."""
        at = NOON + timedelta(minutes=minute)
        new = [NewEvent(uuid4(), one.kind, 1, at, encode(one), "{}") for one in facts]
        answer = await self.log.append(f"incident/{incident}", after, new)
        assert isinstance(answer, Appended)
        return answer.position

    async def ask(self, recorder: Recorder[object], key: str, command: Command) -> int:
        """Ask for something; return the position of what it led to."""
        answer = await recorder.record(key, CommandEnvelope(command, uuid4(), PLANNER))
        assert isinstance(answer, Receipt), answer
        return answer.position

    async def incidents(self, position: int, **question: object) -> Sequence[IncidentRow]:
        """List incidents once the view has come to a position."""
        await self.reader.wait_for("incidents", position, PATIENCE_S)
        return (await self.reader.incidents(**question)).rows  # type: ignore[arg-type] # its names


@pytest.fixture
async def stage(database: Database) -> AsyncIterator[Stage]:
    log = await Log.open(database.dsn)
    reader = await ViewReader.open(database.dsn)
    keeper = await ProjectionRunner.open(database.dsn, log, VIEWS, print)
    keeping = asyncio.create_task(keeper.run())
    recorder = Recorder(log, PUBLICATION, clock=lambda: NOON, surroundings=judgement)
    await bring_into_force(recorder, PLAN)
    yield Stage(log, reader, keeper)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await asyncio.gather(keeper.close(), reader.close(), log.close())


async def test_an_incident_is_listed_with_what_matters(stage: Stage) -> None:
    await stage.happened("i-1", OPENED, WARNED)
    at = await stage.happened(
        "i-1", ACTIVATED, COMMANDED, GUIDED, assigned("a"), assigned("b"), after=2, minute=5
    )
    overdue = TaskOverdue(task="a", missed="start")
    at = await stage.happened(
        "i-1", overdue, TaskFinished(task="b", person="cai"), after=7, minute=9
    )
    (row,) = await stage.incidents(at)
    assert (row.incident_id, row.version, row.position) == ("i-1", 9, at)
    assert (row.phase, row.level, row.warning, row.mode) == ("response", 3, "orange", "live")
    assert (row.plan_id, row.plan_version, row.plan_hash) == tuple(REF.model_dump().values())
    assert (row.venue, row.hazard, row.commander) == ("shop", "crowding", "ben")
    assert (row.open_tasks, row.overdue_tasks) == (1, 1)
    assert (row.opened_at, row.changed_at) == (NOON, NOON + timedelta(minutes=9))
    assert row.ended_at is None


async def test_an_incident_that_is_over_says_since_when(stage: Stage) -> None:
    await stage.happened("i-1", OPENED, WARNED, ACTIVATED)
    await stage.happened("i-1", ResponseTerminated(), WarningCancelled(issuer="Desk"),
                         after=3, minute=3)  # fmt: skip
    at = await stage.happened("i-1", CLOSED, after=5, minute=7)
    (row,) = await stage.incidents(at)
    assert (row.phase, row.warning) == ("closed", None)
    assert row.ended_at == NOON + timedelta(minutes=7)


async def test_rows_are_the_same_when_they_are_made_again(stage: Stage) -> None:
    for number in range(5):
        await stage.happened(f"i-{number}", OPENED, WARNED, minute=number)
        at = await stage.happened(f"i-{number}", ACTIVATED, assigned("a"), after=2, minute=9)
    before = await stage.incidents(at)
    await stage.keeper.rebuild("incidents")
    at = await stage.happened("other", OPENED, minute=99)
    _, *after = await stage.incidents(at)
    assert after == before


async def test_pages_hold_every_incident_once_in_order(stage: Stage) -> None:
    for number in range(12):
        facts = [OPENED, WARNED, *([ACTIVATED] if number % 3 else [])]
        at = await stage.happened(f"i-{number:02}", *facts, minute=number % 4)
    await stage.reader.wait_for("incidents", at, PATIENCE_S)
    for order in ("", "opened_at", "level desc, opened_at", "commander, phase desc", "ended_at"):
        seen: list[IncidentRow] = []
        token = ""
        while True:
            page = await stage.reader.incidents(order_by=order, size=5, page_token=token)
            seen += page.rows
            token = page.next_token
            if not token:
                break
        whole = (await stage.reader.incidents(order_by=order)).rows
        assert seen == whole
        assert len({row.incident_id for row in seen}) == 12
    by_level = (await stage.reader.incidents(order_by="level, opened_at desc")).rows
    assert [row.level for row in by_level] == 8 * [3] + 4 * [None]


async def test_a_filter_and_the_venues_of_the_asker_choose(stage: Stage) -> None:
    await stage.happened("warned", OPENED, WARNED)
    await stage.happened("active", OPENED, WARNED, ACTIVATED, minute=10)
    at = await stage.happened("elsewhere", OPENED.model_copy(update={"venue": "mall"}), minute=20)
    rows = await stage.incidents(at, matching="phase = response OR venue = mall", order_by="venue")
    assert [row.incident_id for row in rows] == ["elsewhere", "active"]
    rows = await stage.incidents(at, matching="level != 2", venues=frozenset({"shop"}))
    assert [row.incident_id for row in rows] == ["active", "warned"]
    rows = await stage.incidents(at, matching='opened_at >= "2026-05-01T12:10:00Z"')
    assert [row.incident_id for row in rows] == ["elsewhere", "active"]
    assert await stage.incidents(at, venues=frozenset()) == []


async def test_a_token_goes_with_its_question(stage: Stage) -> None:
    for number in range(3):
        at = await stage.happened(f"i-{number}", OPENED)
    await stage.reader.wait_for("incidents", at, PATIENCE_S)
    page = await stage.reader.incidents(size=2)
    with pytest.raises(PageTokenInvalid):
        await stage.reader.incidents(order_by="venue", page_token=page.next_token)


async def test_units_are_listed_with_where_they_stand(stage: Stage) -> None:
    recorder: Recorder[object] = Recorder(stage.log, UNITS, clock=lambda: NOON)  # type: ignore[arg-type] # any state
    for name, venue in (("guard-1", None), ("guard-2", "shop"), ("guard-3", "mall")):
        register = RegisterUnit(
            unit=name, title=Text.of("保安", "Guard"), resource_kind="guard", venue=venue, x=1
        )
        await stage.ask(recorder, name, register)
    await stage.ask(recorder, "guard-1", ReserveUnit(incident="i-1", request="r-1"))
    at = await stage.ask(recorder, "guard-2", PutOutOfService(cause="Flat tyre"))
    await stage.reader.wait_for("units", at, PATIENCE_S)
    page = await stage.reader.units(resource_kind="guard", venue="shop")
    assert [(row.unit, row.status, row.version) for row in page.rows] == [
        ("guard-1", "assigned", 2),
        ("guard-2", "out_of_service", 2),
    ]
    assert (page.rows[0].incident_id, page.rows[0].request) == ("i-1", "r-1")
    assert (page.rows[1].cause, page.rows[1].title_zh) == ("Flat tyre", "保安")
    first = await stage.reader.units(size=2)
    rest = await stage.reader.units(size=2, page_token=first.next_token)
    assert [row.unit for row in (*first.rows, *rest.rows)] == ["guard-1", "guard-2", "guard-3"]
    assert rest.next_token == ""
    allowed = await stage.reader.units(size=2, venues=frozenset({"mall"}))
    assert [row.unit for row in allowed.rows] == ["guard-1", "guard-3"]
    assert allowed.next_token == ""
    nowhere = await stage.reader.units(venues=frozenset())
    assert [row.unit for row in nowhere.rows] == ["guard-1"]


async def test_plans_are_listed_in_the_version_in_force(stage: Stage) -> None:
    newer = PLAN.model_copy(update={"version": 2})
    recorder = Recorder(stage.log, PUBLICATION, clock=lambda: NOON, surroundings=judgement)
    published = await bring_into_force(recorder, newer)
    await stage.reader.wait_for("plans", published.position, PATIENCE_S)
    (row,) = (await stage.reader.plans()).rows
    assert (row.plan_id, row.version, row.hash) == ("small-plan", 2, pinned(newer).ref.hash)
    assert (row.venues, row.hazards) == (["shop"], ["crowding", "fire"])


async def test_contacts_are_listed_without_names_and_addresses(stage: Stage) -> None:
    recorder: Recorder[object] = Recorder(stage.log, PERSONS, clock=lambda: NOON)  # type: ignore[arg-type] # any state
    live = Channel(kind=ChannelKind.MAIL, address=SEALED)
    practice = Channel(kind=ChannelKind.WEBHOOK, address=SEALED, exercise=True)
    ask = RegisterContact(person="ann", name=SEALED, channels=(live, practice))
    at = await stage.ask(recorder, "ann", ask)
    await stage.reader.wait_for("contacts", at, PATIENCE_S)
    assert (await stage.reader.contacts()).rows == [("ann", ["mail", "webhook"], [False, True], 1)]
