"""A very long incident, read and folded."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import uuid4

from domain.decider import encode
from domain.incident.decider import INCIDENTS
from domain.incident.events import aftermath, duties, opening
from domain.plan.model.plan import PlanRef
from domain.values import Event, HazardKind, Mode, Text
from eventstore.log.events import Appended, NewEvent
from eventstore.log.log import Log
from eventstore.recorder.recorder import Recorder

FOLD_EVENTS = 100_000
FOLD_PAGE = 1_000
FOLD_ROUNDS = 3


async def fold_100k_s(dsn: str) -> float:
    """Return the best of some folds of a long incident that no cache knows."""
    log = await Log.open(dsn)
    incident = str(uuid4())
    try:
        await lived(log, incident, FOLD_EVENTS)
        times = []
        for _ in range(FOLD_ROUNDS):
            recorder = Recorder(log, INCIDENTS, clock=lambda: datetime.now(UTC))
            begun = time.perf_counter()
            known = await recorder.known(incident)
            times.append(time.perf_counter() - begun)
            assert known.version == FOLD_EVENTS
        return min(times)
    finally:
        await log.close()


async def lived(log: Log, incident: str, count: int) -> list[NewEvent]:
    """Append the life of a very long incident, and return its events."""
    events = [stored(fact) for fact in long_life(count)]
    for first in range(0, count, FOLD_PAGE):
        page = events[first : first + FOLD_PAGE]
        kept = await log.append(INCIDENTS.stream(incident), first, page)
        assert isinstance(kept, Appended), kept
    return events


def long_life(events: int) -> list[Event]:
    """Return the facts of a very long incident: tasks, reports, deliveries and damage."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    ref = PlanRef(id="bench", version=1, hash="0" * 64)
    facts: list[Event] = [
        opening.IncidentOpened(
            venue="mall", hazard=HazardKind.CROWDING, plan=ref, mode=Mode.EXERCISE, pace=1.0
        )
    ]
    number = 0
    while len(facts) < events:
        number += 1
        facts += _a_duty_and_a_report(number, at)
    return facts[:events]


def _a_duty_and_a_report(number: int, at: datetime) -> list[Event]:
    task, told = f"task-{number}", f"n{number}"
    return [
        duties.TaskAssigned(
            task=task,
            title=Text.of("引导顾客", "Guide customers"),
            post="guidance",
            acknowledge_by=at,
            start_by=None,
            finish_by=at,
        ),
        duties.NotificationOrdered(
            notification=told,
            to="lead",
            message=duties.Message.TASK_ASSIGNED,
            about=f"task/{task}",
        ),
        duties.NotificationDelivered(notification=told, channel="mail"),
        duties.TaskAcknowledged(task=task, person="lead"),
        duties.TaskStarted(task=task, person="lead"),
        duties.TaskFinished(task=task, person="lead"),
        duties.SituationReported(
            report="sitrep",
            filing=f"sitrep-{number}",
            number=number,
            summary="About 540 people at the north entrance, rising slowly.",
            headcount=540,
            casualties=0,
        ),
        aftermath.DamageRecorded(
            damage=f"d-{number}", asset="barrier", description="Bent.", estimate_fen=None
        ),
    ]


def stored(fact: Event) -> NewEvent:
    """Return an event that happens now."""
    now = datetime.now(UTC)
    return NewEvent(uuid4(), fact.kind, fact.schema_version, now, encode(fact), '{"actor":"x"}')
