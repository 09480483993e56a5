"""An acknowledged command is in the log once, whatever was killed when."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1 import incident_commands_pb2 as ask
from muster.v1.common_pb2 import (
    HAZARD_KIND_CROWDING,
    MODE_EXERCISE,
    WARNING_COLOUR_BLUE,
    CommandContext,
)

from eventstore.log.events import StoredEvent
from services.cli.session import events as watched
from services.demo import play as play_module
from services.demo import stage, story
from services.demo.case import Case
from services.demo.play import METHODS, Deed, Play
from services.local import mail_sink
from services.local.postgres import RUNTIME, Postgres
from tests.crash import checking
from tests.crash.cast import played
from tests.crash.killing import PARTS, Killer
from tests.crash.patience import Acknowledged, PatientConnection

pytestmark = pytest.mark.processes

ROUNDS = int(os.environ.get("MUSTER_CRASH_ROUNDS", "3"))
SEED = int(os.environ.get("MUSTER_CRASH_SEED") or random.SystemRandom().randrange(10**6))
STREAMS = 3
STORY_PATIENCE_S = 180.0
SETTLE_TIMEOUT_S = 120.0
PACE = 10.0


class Silence:
    """An audience that says nothing."""

    def begins(self, zh: str, en: str) -> None: ...

    def hears(self, zh: str, en: str) -> None: ...

    def sees(self, deed: Deed) -> None: ...


async def test_nothing_acknowledged_is_lost_or_doubled_whatever_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(play_module, "PATIENCE_S", STORY_PATIENCE_S)
    acknowledged = Acknowledged()
    with stage.folder(keep=False) as place:
        async with played(place, acknowledged) as (cast, received):
            case, incident = Case(), str(uuid4())
            watching = asyncio.create_task(case.follow(of_incident(cast[stage.AUDITOR], incident)))
            killer = Killer(place, ROUNDS, SEED)
            killing = asyncio.create_task(killer.run())
            streaming = [
                asyncio.create_task(stream(cast["duty-manager"], killing)) for _ in range(STREAMS)
            ]
            await story.tell(Play(cast, case, Silence(), incident, PACE))
            await killing
            await asyncio.gather(*streaming)
            everything = await settled(Postgres(place).dsn(RUNTIME))
            watching.cancel()
        mails = {str(mail["X-Muster-Notification"]) for mail in mail_sink.kept(place.mail)}
        hooks = set(received.by_key)
    print(f"seed {SEED}, killed {len(killer.killed)}, asked again {acknowledged.asked_again}")
    assert set(killer.killed) == set(PARTS)
    checking.refuse_gaps_and_breaks(everything)
    checking.refuse_loss(everything, acknowledged.receipts)
    checking.refuse_twice(everything)
    delivered = checking.refuse_undelivered(everything, mails, hooks)
    own = [event for event in everything if event.stream == f"incident/{incident}"]
    assert case.events == own[: len(case.events)]
    assert own[-1].type == "IncidentClosed"
    print(f"{len(acknowledged.receipts)} acknowledged, {len(everything)} events, {delivered} told")


async def of_incident(
    auditor: PatientConnection, incident: str
) -> AsyncIterator[list[StoredEvent]]:
    """Follow one incident from its first event on, across every restart."""
    async for batch in watched.batches(auditor.watch(include_snapshot=True)):
        if own := [event for event in batch if event.stream == f"incident/{incident}"]:
            yield own


async def stream(desk: PatientConnection, until: asyncio.Task[None]) -> None:
    """Give one command after another about an incident of one's own."""
    incident = str(uuid4())
    now = Timestamp()
    now.GetCurrentTime()
    await give(
        desk,
        incident,
        ask.RaiseWarningRequest(
            venue=story.VENUE,
            plan=story.PLAN,
            hazard=HAZARD_KIND_CROWDING,
            mode=MODE_EXERCISE,
            pace=PACE,
            colour=WARNING_COLOUR_BLUE,
            starts_at=now,
            scope=[story.NORTH],
            matters="Mind the step.",
            measures=[ask.NewMeasure(measure="one-way", title="One way")],
            issuer="desk",
        ),
    )
    number = 0
    while not until.done():
        number += 1
        await give(desk, incident, ask.ImposeMeasureRequest(measure=f"m-{number}", title="One way"))
        await asyncio.sleep(0.02)


async def give(
    desk: PatientConnection,
    incident: str,
    request: ask.RaiseWarningRequest | ask.ImposeMeasureRequest,
) -> None:
    request.incident_id = incident
    request.context.CopyFrom(CommandContext(command_id=str(uuid4()), reason="crash test"))
    await desk.record(METHODS[request.DESCRIPTOR.full_name], request)


async def settled(dsn: str) -> list[StoredEvent]:
    """Read the log once nobody owes anything that is late."""
    async with asyncio.timeout(SETTLE_TIMEOUT_S):
        while True:
            everything = await checking.everything(dsn)
            if not checking.forgotten(checking.folded(everything)):
                return everything
            await asyncio.sleep(1)
