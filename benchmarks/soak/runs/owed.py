"""One incident that owes thousands of notifications, and what else of it must not wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from typing import Any

import temporalio.client
from google.protobuf.duration_pb2 import Duration
from muster.v1 import common_pb2
from muster.v1 import incident_commands_pb2 as ask
from muster.v1.resource_service_pb2 import Channel

from benchmarks.hall import ZONE
from benchmarks.soak.checker import look
from benchmarks.soak.deadlines import Passed, happened, read
from benchmarks.soak.openings import warning
from benchmarks.soak.plans import BROAD, CHANNELS, KIND
from benchmarks.soak.receiver import receiving
from benchmarks.soak.scene import Scene, scene
from benchmarks.torture.evidence import Event
from benchmarks.torture.outcome import Tell

CALL_S = 0.05
"""What each call takes at the receiver."""

TICK_S = 2.0
DUE_IN_MS = 1_000
"""While the notifications go out, a deadline every two seconds that nobody meets."""

BEFORE_A_DISPATCH = 2
"""Notices on five hundred channels each."""

DONE_WITHIN_S = 280.0
QUIET_WITHIN_S = 60.0
HELD = ("acknowledged", "lost", "doubled", "deadlines_unfired", "complaints", "complaints_in_all")
OUTCOMES = frozenset({"NotificationDelivered", "NotificationFailed"})


async def owed(notices: int, channels: int, dispatches: int, tell: Tell) -> dict[str, Any]:
    """Publish notices on many channels; return how long all, and what is urgent, took."""
    async with receiving(CALL_S) as url, scene(BROAD) as at:
        await at.reach(
            {
                name: Channel(kind=common_pb2.CHANNEL_KIND_WEBHOOK, address=f"{url}/{name}")
                for name in CHANNELS[:channels]
            }
        )
        await at.station(KIND, dispatches)
        behind = [await dispatch_behind(at, channels, tell) for _ in range(dispatches)]
        figures = await many(at, notices, channels, tell)
        verdict = await at.judge()
        held = {key: verdict[key] for key in HELD}
        return {**held, **figures, "dispatch_behind_1000_s": max(behind), "dispatches_s": behind}


async def dispatch_behind(at: Scene, channels: int, tell: Tell) -> float:
    """Return how long a unit's dispatch takes right after a thousand notifications were ordered."""
    incident = await opened(at)
    await approved(at, incident, BEFORE_A_DISPATCH, channels)
    await at.until_told(incident, within_s=QUIET_WITHIN_S)
    await published(at, incident, BEFORE_A_DISPATCH)
    request = ask.RequestResourceRequest(
        incident_id=incident, request="guards", resource_kind=KIND, quantity=1, zone=ZONE
    )
    request.arrive_within.FromSeconds(3_600)
    await at.caller.ask("commander", request)
    await at.until_told(incident, within_s=DONE_WITHIN_S)
    _, log = await look(at.dsn)
    times = {event.type: event.recorded_at for event in log if _is_of(event, incident)}
    if "UnitDispatched" not in times:
        tell("a unit was never dispatched")
        return DONE_WITHIN_S
    return round((times["UnitDispatched"] - times["ResourceRequested"]).total_seconds(), 3)


async def many(at: Scene, notices: int, channels: int, tell: Tell) -> dict[str, Any]:
    """Return how long an incident's many notifications take, and how late its deadlines are."""
    incident = await opened(at)
    await approved(at, incident, notices, channels)
    await at.until_told(incident, within_s=QUIET_WITHIN_S)
    begun, used = datetime.now(UTC), at.cpu_s()
    async with deadlines_of(at, incident):
        await published(at, incident, notices)
        done = await at.until_told(incident, within_s=DONE_WITHIN_S)
    if not done:
        tell(f"{await at.owed(incident)} are still owed after {DONE_WITHIN_S:.0f} s")
    _, log = await look(at.dsn)
    mine = [event for event in log if _is_of(event, incident) and event.recorded_at >= begun]
    late = [one.late_s for one in _passed(log, incident) if one.recorded_at >= begun]
    return {
        "owed_10k_s": _took(mine) if done else DONE_WITHIN_S,
        "owed_10k_events": await history_events(at, incident),
        "owed_10k_deadline_late_s": round(max(late, default=0.0), 3),
        "owed_deadlines": len(late),
        "owed_delivered": sum(event.type == "NotificationDelivered" for event in mine),
        "owed_left": await at.owed(incident),
        "owed_cpu_s": at.cpu_s(used),
    }


async def opened(at: Scene) -> str:
    """Open an incident whose own deadlines are a month away, in its response."""
    opening = warning(BROAD["id"])
    incident = (await at.caller.ask("commander", opening)).incident_id
    response = ask.ActivateResponseRequest(
        incident_id=incident,
        level=common_pb2.RESPONSE_LEVEL_IV,
        matters="Crowding.",
        expected_duration=Duration(seconds=3_600),
    )
    await at.caller.ask("commander", response)
    return incident


async def approved(at: Scene, incident: str, notices: int, channels: int) -> None:
    """Draft notices on all channels, and have another person approve them."""
    text = common_pb2.Text(en="Please leave by the south entrance.")
    for number in map(str, range(notices)):
        draft = ask.DraftNoticeRequest(
            incident_id=incident, notice=number, text=text, channels=CHANNELS[:channels]
        )
        await at.caller.ask("information_officer", draft)
        approve = ask.ApproveNoticeRequest(incident_id=incident, notice=number)
        await at.caller.ask("commander", approve)


async def published(at: Scene, incident: str, notices: int) -> None:
    """Send approved notices out, all at once."""
    requests = (
        ask.PublishNoticeRequest(incident_id=incident, notice=str(number))
        for number in range(notices)
    )
    await at.ask_all("commander", requests)


@asynccontextmanager
async def deadlines_of(at: Scene, incident: str) -> AsyncIterator[None]:
    """Let a deadline of an incident come every now and then, until left."""

    async def tick() -> None:
        for number in count():
            task = ask.AssignTaskRequest(
                incident_id=incident,
                task=f"tick-{number}",
                title=common_pb2.Text(en="Something"),
                post="boss",
                acknowledge_within=Duration(seconds=30 * 86_400),
            )
            task.start_within.FromMilliseconds(DUE_IN_MS)
            await at.caller.ask("commander", task)
            await asyncio.sleep(TICK_S)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking


async def history_events(at: Scene, incident: str) -> int:
    """Return how many events the histories of an incident's workflow have, of all its runs."""
    client = await temporalio.client.Client.connect(f"127.0.0.1:{at.stack.ports.temporal}")
    runs = [one async for one in client.list_workflows(f"WorkflowId = 'incident/{incident}'")]
    described = [
        await client.get_workflow_handle(run.id, run_id=run.run_id).describe() for run in runs
    ]
    return sum(one.history_length for one in described)


def _took(events: Sequence[Event]) -> float:
    ordered = [one.recorded_at for one in events if one.type == "NoticePublished"]
    told = [one.recorded_at for one in events if one.type in OUTCOMES]
    return round((max(told) - min(ordered)).total_seconds(), 3)


def _passed(log: Sequence[Event], incident: str) -> list[Passed]:
    stream = f"incident/{incident}"
    return read(happened([event for event in log if event.stream == stream]))[stream].passed


def _is_of(event: Event, incident: str) -> bool:
    return event.stream == f"incident/{incident}"
