"""What is known, as the contract's messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1 import (
    common_pb2,
    incident_commands_pb2,
    incident_pb2,
    plan_service_pb2,
    privacy_service_pb2,
    resource_service_pb2,
)

from domain.privacy import LegalBasis
from domain.resource.unit import UnitStatus
from services.api.commands.request_conversion import EPOCH, enum_names
from services.api.messages.plan_ref import at_most, carried

if TYPE_CHECKING:
    from datetime import datetime
    from enum import Enum

    from domain.decider import Versioned
    from domain.incident.state.incident import Incident, Warning_
    from domain.plan.model.plan import PlanRef
    from domain.privacy import Hold
    from domain.resource.unit import Unit
    from domain.values import Text
    from eventstore.log.events import StoredEvent

_SHOWN = (
    common_pb2.Phase,
    common_pb2.WarningColour,
    common_pb2.ResponseLevel,
    common_pb2.Mode,
    common_pb2.HazardKind,
    common_pb2.DeadlineKind,
    common_pb2.ChannelKind,
    common_pb2.WorkKind,
    incident_pb2.AlarmStatus,
    incident_pb2.TaskStatus,
    incident_pb2.RequestStatus,
    incident_pb2.IncidentUnitStatus,
    incident_pb2.NoticeStatus,
    resource_service_pb2.UnitStatus,
    incident_commands_pb2.PersonConcern,
    plan_service_pb2.PlanState,
    plan_service_pb2.PlanTopic,
    privacy_service_pb2.LegalBasis,
)
_NUMBERS: dict[tuple[type[Enum], Enum], int] = {
    (type(member), member): number
    for shown in _SHOWN
    for number, member in enum_names(shown.DESCRIPTOR).items()
}

_BY_VALUE: dict[tuple[str, object], int] = {
    (shape.__name__, member.value): found for (shape, member), found in _NUMBERS.items()
}


def number(member: Enum | None) -> Any:
    """Return the contract's number of a member; that of UNSPECIFIED for None."""
    return 0 if member is None else _NUMBERS[type(member), member]


def named(enum: str, value: str) -> Any:
    """Return the contract's number of a value as the domain stores it."""
    return _BY_VALUE[enum, value]


def named_unit_status(value: str) -> Any:
    """Return the contract's number of a unit's own status."""
    return number(UnitStatus(value))


def legal_basis(value: str) -> Any:
    """Return the contract's number of a legal basis as the domain stores it."""
    return number(LegalBasis(value))


def moment(instant: datetime) -> Timestamp:
    """Return an instant."""
    since = instant - EPOCH
    seconds = since.days * 86_400 + since.seconds
    return Timestamp(seconds=seconds, nanos=since.microseconds * 1_000)


def event(stored: StoredEvent) -> common_pb2.Event:
    """Return an event with the very texts that were hashed."""
    return common_pb2.Event(
        position=stored.position,
        recorded_at=moment(stored.recorded_at),
        occurred_at=moment(stored.occurred_at),
        stream=stored.stream,
        version=stored.version,
        event_id=str(stored.event_id),
        type=stored.type,
        schema_version=stored.schema_version,
        data=stored.data,
        meta=stored.meta,
        hash=stored.hash,
    )


def actor_of(stored: StoredEvent) -> str:
    """Return whose act an event is."""
    meta = json.loads(stored.meta)
    return str(meta.get("on_behalf_of") or meta.get("actor", ""))


def text(said: Text) -> common_pb2.Text:
    """Return a text in its languages."""
    return common_pb2.Text(zh=said.zh, en=said.en)


def plan_ref(ref: PlanRef | None) -> common_pb2.PlanRef | None:
    """Return what pins a plan."""
    return None if ref is None else carried(ref)


def incident(key: str, known: Versioned[Incident]) -> incident_pb2.Incident:
    """Return an incident as it is known."""
    state = known.state
    return incident_pb2.Incident(
        incident_id=key,
        version=known.version,
        position=known.position,
        phase=number(state.phase),
        venue=state.venue,
        hazard=number(state.hazard) if state.phase else 0,  # type: ignore[arg-type] # 0 is a value
        plan=plan_ref(state.plan),
        mode=number(state.mode) if state.phase else 0,  # type: ignore[arg-type] # as above
        pace=state.pace,
        warning=_warning(state.warning),
        alarm=number(state.alarm),
        level=number(state.level) or None,
        posts={name: incident_pb2.Holding(**one._asdict()) for name, one in state.posts.items()},
        tasks={name: _task(one) for name, one in state.tasks.items()},
        reports=dict(state.reports.items()),
        requests={name: _request(one) for name, one in state.requests.items()},
        units={
            name: incident_pb2.IncidentUnit(request=one.request, status=number(one.status))
            for name, one in state.units.items()
        },
        notices={name: _notice(one) for name, one in state.notices.items()},
        measures={
            name: incident_pb2.Measure(**one._asdict()) for name, one in state.measures.items()
        },
        zones={name: _zone(one) for name, one in state.zones.items()},
        assistance=dict(state.assistance.items()),
        deadlines=_deadlines(state),
        notifications={name: _notification(one) for name, one in state.notifications.items()},
        damages=sorted(state.damages),
        findings=sorted(state.findings),
        actions=sorted(state.actions),
        evaluated=state.evaluated,
        people={name: number(file.concern) for name, file in state.people.items()},
        legal_holds={
            name: _hold(one) for name, one in state.privacy.holds.items() if not one.lifted
        },
    )


def unit(key: str, known: Versioned[Unit]) -> resource_service_pb2.Unit:
    """Return a unit that is registered."""
    state = known.state
    registered = state.registered
    assert registered is not None, "only registered units are shown"  # noqa: S101 - an invariant
    return resource_service_pb2.Unit(
        unit=key,
        title=text(registered.title),
        resource_kind=registered.resource_kind,
        venue=registered.venue,
        x=registered.x,
        y=registered.y,
        capacity=None if registered.capacity is None else at_most(registered.capacity),
        status=number(state.status),
        incident_id=state.reserved_for.incident if state.reserved_for else "",
        request=state.reserved_for.request if state.reserved_for else "",
        cause=state.out_of_service or "",
        version=known.version,
    )


def _hold(hold: Hold) -> incident_pb2.LegalHold:
    return incident_pb2.LegalHold(
        person=hold.person,
        authority=hold.authority,
        placed_by=hold.placed_by,
        placed_at=moment(hold.placed_at),
    )


def _warning(warning: Warning_ | None) -> incident_pb2.Warning | None:
    if warning is None:
        return None
    return incident_pb2.Warning(
        colour=number(warning.colour),
        scope=warning.scope,
        matters=warning.matters,
        issuer=warning.issuer,
    )


def _task(task: Any) -> incident_pb2.Task:
    return incident_pb2.Task(
        post=task.post,
        status=number(task.status),
        step=task.step,
        told=task.told,
        overdue=task.overdue,
    )


def _request(request: Any) -> incident_pb2.ResourceRequest:
    carried = {"status": number(request.status), "quantity": at_most(request.quantity)}
    return incident_pb2.ResourceRequest(**request._asdict() | carried)


def _notice(notice: Any) -> incident_pb2.Notice:
    return incident_pb2.Notice(**notice._asdict() | {"status": number(notice.status)})


def _zone(zone: Any) -> incident_pb2.ZoneEvacuation:
    unaccounted = at_most(zone.unaccounted)
    return incident_pb2.ZoneEvacuation(cleared=zone.cleared, unaccounted=unaccounted)


def _notification(owed: Any) -> incident_pb2.PendingNotification:
    return incident_pb2.PendingNotification(
        to=owed.to, message=owed.message.value, about=owed.about
    )


def _deadlines(state: Incident) -> list[incident_pb2.Deadline]:
    return [
        incident_pb2.Deadline(kind=number(key.kind), subject=key.subject, due_at=moment(at))
        for key, at in sorted(state.deadlines.items(), key=lambda one: (one[1], one[0]))
    ]
