"""Incidents in every phase, opened as people open them, with deadlines that are yet to come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1 import incident_commands_pb2 as ask
from muster.v1.common_pb2 import (
    CHANNEL_KIND_MAIL,
    HAZARD_KIND_CROWDING,
    MODE_EXERCISE,
    RESPONSE_LEVEL_III,
    WARNING_COLOUR_BLUE,
    CommandContext,
)
from muster.v1.plan_service_pb2 import PlanDocument
from muster.v1.resource_service_pb2 import Channel, RegisterContactRequest

from compiler import driver
from domain.incident.state.incident import DeadlineKey, Incident
from domain.plan.model.plan import Plan
from services.cli.session.connection import Connection, metadata_of
from services.client.client import open_channel
from services.client.plan_publication import bring_into_force
from services.demo.play import METHODS
from services.demo.story import NORTH, PLAN, VENUE
from services.local.stack import Stack
from tests.crash import checking

PACE, PACE_AFTER = 6.0, 120.0
"""Of the exercises: two minutes last twenty seconds; after the response an hour lasts thirty."""

SOON = timedelta(seconds=40)
"""What comes later than that is not waited for."""

STANDS_STILL_S = 45.0
"""For so long no deadline passes, though some are over, only where a workflow stands still."""

LOOK_S = 1.0

ROLES = ("planner", "administrator", "operator", "commander")
Cast = dict[str, Connection]


class Armed(NamedTuple):
    """A deadline that is yet to come, or came while nobody was there."""

    stream: str
    key: DeadlineKey
    at: datetime


@asynccontextmanager
async def cast_of(stack: Stack) -> AsyncIterator[Cast]:
    """Connect to a stack once in each role."""
    async with AsyncExitStack() as opened:
        yield {
            role: Connection(
                await opened.enter_async_context(open_channel(stack.api)),
                metadata_of(stack.token(role), "en"),
            )
            for role in ROLES
        }


async def prepare(cast: Cast, tree: Path) -> None:
    """Bring a plan into force as the program in a tree ships it, and register its contacts."""
    text = (tree / "plans" / f"{PLAN}.yaml").read_text(encoding="utf-8")
    plan = driver.read_plan(text, f"{PLAN}.yaml")
    assert isinstance(plan, Plan)
    planner = cast["planner"]
    document = PlanDocument(yaml=text)
    await bring_into_force(document, planner, cast["administrator"], **planner.call)
    for contact in plan.contacts:
        address = f"{contact.id}@drill.example"
        mail = Channel(kind=CHANNEL_KIND_MAIL, address=address, exercise=True)
        live = Channel(kind=CHANNEL_KIND_MAIL, address=address)
        request = RegisterContactRequest(context=_new(), person=contact.id, channels=[live, mail])
        await planner.resources.RegisterContact(request, **planner.call)


async def open_in_every_phase(cast: Cast, each: int) -> list[str]:
    """Open some incidents and leave as many in each phase; return their ids."""
    ways = (alarmed, _warned, _responding, _settling)
    at_once = [way(cast) for way in ways for _ in range(each)]
    return list(await asyncio.gather(*at_once))


async def alarmed(cast: Cast, pace: float = PACE) -> str:
    """Open an incident by an alarm that nobody has verified."""
    incident = str(uuid4())
    await _give(
        cast["operator"],
        incident,
        ask.ReportAlarmRequest(
            venue=VENUE,
            plan=PLAN,
            hazard=HAZARD_KIND_CROWDING,
            mode=MODE_EXERCISE,
            pace=pace,
            zone=NORTH,
            source="button",
        ),
    )
    return incident


async def _warned(cast: Cast, pace: float = PACE) -> str:
    incident = str(uuid4())
    now = Timestamp()
    now.GetCurrentTime()
    await _give(
        cast["operator"],
        incident,
        ask.RaiseWarningRequest(
            venue=VENUE,
            plan=PLAN,
            hazard=HAZARD_KIND_CROWDING,
            mode=MODE_EXERCISE,
            pace=pace,
            colour=WARNING_COLOUR_BLUE,
            starts_at=now,
            scope=[NORTH],
            matters="Mind the step.",
            measures=[ask.NewMeasure(measure="one-way", title="One way")],
            issuer="desk",
        ),
    )
    return incident


async def _responding(cast: Cast, pace: float = PACE) -> str:
    incident = await _warned(cast, pace)
    activation = ask.ActivateResponseRequest(level=RESPONSE_LEVEL_III, matters="Exit only.")
    activation.expected_duration.FromSeconds(2 * 3_600)
    await _give(cast["commander"], incident, activation)
    return incident


async def _settling(cast: Cast) -> str:
    incident = await _responding(cast, PACE_AFTER)
    await _give(cast["commander"], incident, ask.TerminateResponseRequest(overrule=True))
    return incident


async def _give(desk: Connection, incident: str, request: Any) -> None:
    request.incident_id = incident
    request.context.CopyFrom(_new())
    await desk.record(METHODS[request.DESCRIPTOR.full_name], request)


def _new() -> CommandContext:
    return CommandContext(command_id=str(uuid4()), reason="upgrade test")


async def states(dsn: str) -> dict[str, Incident]:
    """Return where every incident stands by the log."""
    return dict(checking.folded(await checking.everything(dsn)))


def armed(incidents: dict[str, Incident], within: timedelta = SOON) -> list[Armed]:
    """Return every deadline that has come, or will soon."""
    soon = datetime.now(UTC) + within
    return [
        Armed(stream, key, at)
        for stream, incident in incidents.items()
        for key, at in incident.deadlines.items()
        if at < soon
    ]


async def passed(dsn: str, deadlines: Sequence[Armed]) -> float:
    """Wait until each of these deadlines has passed; fail if some are over and none passes.

    A busy machine is slow, and what stands still never passes. Return how long after its time the
    last was seen to have passed, at most.
    """
    last = max(one.at for one in deadlines)
    waiting, since = list(deadlines), time.monotonic()
    while waiting:
        await asyncio.sleep(LOOK_S)
        now = await states(dsn)
        still = [one for one in waiting if now[one.stream].deadlines.get(one.key) == one.at]
        over = [one for one in still if one.at < datetime.now(UTC)]
        if len(still) < len(waiting) or not over:
            since = time.monotonic()
        stands_still = time.monotonic() - since > STANDS_STILL_S
        assert not stands_still, f"{len(over)} of {len(deadlines)} do not pass: {over[:5]}"
        waiting = still
    return (datetime.now(UTC) - last).total_seconds()


async def eventually(look: Callable[[], Awaitable[Any]], patience_s: float) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(patience_s):
        while not await look():
            await asyncio.sleep(0.25)
