"""What tasks and notices say: found by an index, in the words of the log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from domain.decider import encode
from domain.incident.events.duties import TaskAcknowledged, TaskAssigned
from domain.incident.events.means import NoticeDrafted
from domain.values import Text
from eventstore.log.events import NewEvent
from eventstore.log.log import Log
from eventstore.queries import wordings
from eventstore.queries.wordings import Wording, read_wordings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from domain.values import Event
    from tests.conftest import Database

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MANY = 3_000
QUOTED = Text.of("请说“是”。", 'Say "yes", \\ and nothing else.')
GUIDE = Wording("i-1", "TaskAssigned", "guide")
LEAVE = Wording("i-1", "NoticeDrafted", "leave")


def task(name: str, title: Text) -> TaskAssigned:
    return TaskAssigned(
        task=name,
        title=title,
        post="guides",
        acknowledge_by=NOON + timedelta(minutes=1),
        start_by=None,
        finish_by=None,
    )


def notice(name: str, text: Text) -> NoticeDrafted:
    return NoticeDrafted(notice=name, text=text, channels=(), drafted_by="cai", entered_by="cai")


@pytest.fixture
async def log(database: Database) -> AsyncIterator[Log]:
    opened = await Log.open(database.dsn)
    yield opened
    await opened.close()


async def happened(log: Log, stream: str, *facts: Event, after: int = 0) -> None:
    events = [NewEvent(uuid4(), one.kind, 1, NOON, encode(one), "{}") for one in facts]
    await log.append(stream, after, events)


async def test_each_is_found_by_what_it_is_about(log: Log) -> None:
    guide, leave = task("guide", QUOTED), notice("leave", QUOTED)
    other = task("guide", Text(en="Elsewhere"))
    acknowledged = TaskAcknowledged(task="guide", person="cai")
    await happened(log, "incident/i-1", acknowledged, guide, leave, notice("guide", Text(en="x")))
    await happened(log, "incident/i-2", other)
    elsewhere = GUIDE._replace(incident="i-2")
    unknown = GUIDE._replace(subject="leave")
    found = await read_wordings(log, [GUIDE, LEAVE, elsewhere, unknown])
    assert found == {GUIDE: guide, LEAVE: leave, elsewhere: other}


async def test_a_task_that_was_given_again_says_what_it_said_first(log: Log) -> None:
    first = task("guide", Text(en="First"))
    await happened(log, "incident/i-1", first, task("guide", Text(en="Second")))
    assert await read_wordings(log, [GUIDE]) == {GUIDE: first}


async def test_the_stream_is_not_read_for_it(log: Log) -> None:
    acknowledged = TaskAcknowledged(task="guide", person="cai")
    await happened(log, "incident/i-1", task("guide", QUOTED), *[acknowledged] * MANY)
    columns = (["incident/i-1"], ["TaskAssigned"], ["guide"])
    plan = await log.fetch(f"EXPLAIN (FORMAT JSON) {wordings.READ}", *columns)
    assert "event_wording" in indexes(json.loads(plan[0][0]))


def indexes(plan: object) -> set[str]:
    """Return the indexes that a plan of PostgreSQL goes by."""
    match plan:
        case list():
            return set[str]().union(*map(indexes, plan))
        case dict():
            named = {plan["Index Name"]} if "Index Name" in plan else set[str]()
            return named.union(*map(indexes, plan.values()))
        case _:
            return set()
