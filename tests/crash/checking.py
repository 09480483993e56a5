"""What must hold afterwards, read from the database and from those who received something."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from muster.v1.common_pb2 import Receipt

from domain.decider import decode
from domain.incident.decider import INCIDENTS
from domain.incident.state.incident import Incident
from eventstore.integrity.chain_verifier import verify
from eventstore.log.events import StoredEvent
from eventstore.log.log import Log
from eventstore.recorder.event_ids import event_id

PAGE = 5_000
LATE = timedelta(seconds=10)
"""A deadline that is over for longer and still armed was forgotten."""

ONCE = {
    "TaskEscalated": ("task", "step", "to"),
    "TaskLeftUnanswered": ("task",),
    "TaskOverdue": ("task", "missed"),
    "PostOfferExpired": ("post", "person"),
    "ReportMissed": ("report", "due_at"),
    "FirstNoticeMissed": (),
    "NoticeMissed": ("rule", "due_at"),
    "UnitOverdue": ("request",),
    "AlarmLeftUnverified": (),
    "NotificationDelivered": ("notification",),
    "NotificationFailed": ("notification",),
    "UnitDispatched": ("request", "unit"),
    "EvaluationCompleted": (),
}
"""What names the passing of a deadline, or a hand's result: each may be in a case once."""


async def everything(dsn: str) -> list[StoredEvent]:
    """Read the whole log."""
    log = await Log.open(dsn)
    try:
        events: list[StoredEvent] = []
        while page := await log.read(len(events), limit=PAGE):
            events += page
        return events
    finally:
        await log.close()


def refuse_gaps_and_breaks(events: Sequence[StoredEvent]) -> None:
    """Positions are 1..N, versions 1..n of each stream, and every hash is that of its event."""
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    versions: Counter[str] = Counter()
    for event in events:
        versions[event.stream] += 1
        assert event.version == versions[event.stream], event
    assert verify(events).divergence is None


def refuse_loss(events: Sequence[StoredEvent], acknowledged: Mapping[str, Receipt]) -> None:
    """Every acknowledged command is in the log once, where its receipt says."""
    by_id = {event.event_id: event for event in events}
    assert len(by_id) == len(events)
    of_command: Counter[str] = Counter(
        meta["command_id"] for event in events if "command" in (meta := json.loads(event.meta))
    )
    for command_id, receipt in acknowledged.items():
        if not receipt.kinds:
            continue  # it was already so
        first = by_id.get(event_id(UUID(command_id), 0))
        assert first is not None, f"acknowledged and lost: {command_id} {receipt}"
        assert first.stream == receipt.stream
        assert first.version == receipt.version - len(receipt.kinds) + 1
        assert of_command[command_id] == 1


def refuse_twice(events: Sequence[StoredEvent]) -> None:
    """Each deadline passed once, and each hand reported once."""
    seen: Counter[tuple[object, ...]] = Counter()
    for event in events:
        if event.type in ONCE:
            data = json.loads(event.data)
            seen[(event.stream, event.type, *(data[name] for name in ONCE[event.type]))] += 1
    assert not [key for key, times in seen.items() if times > 1]


def folded(events: Sequence[StoredEvent]) -> dict[str, Incident]:
    """Return where every incident stands."""
    states: dict[str, Incident] = defaultdict(lambda: INCIDENTS.initial)
    for event in events:
        if event.stream.startswith("incident/"):
            fact = decode(INCIDENTS, event.type, event.schema_version, event.data)
            states[event.stream] = INCIDENTS.evolve(states[event.stream], fact)
    return states


def forgotten(states: Mapping[str, Incident]) -> list[str]:
    """Return what somebody should have done by now: late deadlines, owed notifications."""
    now = datetime.now(UTC)
    late = [
        f"{stream} {key} {at}"
        for stream, state in states.items()
        for key, at in state.deadlines.items()
        if at < now - LATE
    ]
    owed = [f"{stream} {name}" for stream, state in states.items() for name in state.notifications]
    return late + owed


def refuse_undelivered(events: Sequence[StoredEvent], mails: set[str], hooks: set[str]) -> int:
    """Whatever the log calls delivered was received, under its one key. Return how many."""
    received = {"mail": mails, "webhook": hooks}
    count = 0
    for event in events:
        if event.type == "NotificationDelivered":
            data = json.loads(event.data)
            incident = event.stream.partition("/")[2]
            key = f"{incident}/{data['notification']}"
            assert key in received[data["channel"]], f"delivered, says the log: {key}"
            count += 1
    return count
