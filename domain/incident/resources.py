"""Units: requested, dispatched, arrived, released, returned, or not to be had."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.decider import Decision, Refused
from domain.incident.events.duties import Message
from domain.incident.events.means import (
    ResourceRequestCancelled,
    ResourceRequested,
    ResourceUnavailable,
    UnitArrived,
    UnitDispatched,
    UnitOverdue,
    UnitReleased,
    UnitReturned,
)
from domain.incident.policy.decisions import ALWAYS, RESPONSE, Decisions, Rule
from domain.incident.state.context import Context
from domain.incident.state.incident import RequestStatus, UnitStatus
from domain.plan.model.plan import Span
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Phase, ResponseLevel

QUANTITY_MAX = 100
"""Units in one request."""


class RequestResource(Command):
    """Ask for units of a kind; the nearest suitable ones are sent."""

    kind: Literal["RequestResource"] = "RequestResource"
    request: Id
    resource_kind: Id
    quantity: int = Field(default=1, ge=1, le=QUANTITY_MAX)
    zone: Id
    arrive_within: Span


class CancelResourceRequest(Command):
    """Say that what is still missing of a request is not needed."""

    kind: Literal["CancelResourceRequest"] = "CancelResourceRequest"
    request: Id


class DispatchUnit(Command):
    """Send a unit that is reserved for the request."""

    kind: Literal["DispatchUnit"] = "DispatchUnit"
    request: Id
    unit: Id


class ReportUnitArrived(Command):
    """Say that a unit is at the scene."""

    kind: Literal["ReportUnitArrived"] = "ReportUnitArrived"
    unit: Id


class ReleaseUnit(Command):
    """Say that a unit is not needed any more."""

    kind: Literal["ReleaseUnit"] = "ReleaseUnit"
    unit: Id


class ConfirmUnitReturned(Command):
    """Say that the unit's reservation was given back. Sent by the hands."""

    kind: Literal["ConfirmUnitReturned"] = "ConfirmUnitReturned"
    unit: Id


class DeclareResourceUnavailable(Command):
    """Say that no suitable unit is to be had. Sent by the hands."""

    kind: Literal["DeclareResourceUnavailable"] = "DeclareResourceUnavailable"
    request: Id


def request_resource(on: Context, ask: RequestResource) -> Decision:
    if ask.resource_kind not in on.plan.kinds:
        known = ", ".join(sorted(on.plan.kinds))
        return Refused(Refusal.RESOURCE_KIND_UNKNOWN, {"kinds": known})
    if not on.knows_zone(ask.zone):
        return Refusal.ZONE_UNKNOWN
    if request := on.incident.requests.get(ask.request):
        same = (request.resource_kind, request.quantity, request.zone) == (
            ask.resource_kind,
            ask.quantity,
            ask.zone,
        )
        return [] if same else Refusal.ID_ALREADY_USED
    return [
        ResourceRequested(
            request=ask.request,
            resource_kind=ask.resource_kind,
            quantity=ask.quantity,
            zone=ask.zone,
            arrive_by=on.after(ask.arrive_within),
        )
    ]


def cancel_resource_request(on: Context, ask: CancelResourceRequest) -> Decision:
    request = on.incident.requests.get(ask.request)
    if request is None:
        return Refusal.REQUEST_UNKNOWN
    if request.status is RequestStatus.CANCELLED:
        return []
    if request.status is RequestStatus.FILLED:
        return Refusal.REQUEST_OVER
    return [ResourceRequestCancelled(request=ask.request)]


def dispatch_unit(on: Context, ask: DispatchUnit) -> Decision:
    request = on.incident.requests.get(ask.request)
    if request is None:
        return Refusal.REQUEST_UNKNOWN
    if ask.unit in request.units:
        return []
    if on.incident.phase is not Phase.RESPONSE or request.status is not RequestStatus.OPEN:
        return Refusal.REQUEST_OVER
    if ask.unit in on.incident.units:
        return Refusal.UNIT_NOT_AVAILABLE
    return [UnitDispatched(request=ask.request, unit=ask.unit)]


def report_unit_arrived(on: Context, ask: ReportUnitArrived) -> Decision:
    unit = on.incident.units.get(ask.unit)
    if unit is None:
        return Refusal.UNIT_NOT_DISPATCHED
    if unit.status is UnitStatus.RELEASED:
        return Refusal.UNIT_NOT_DISPATCHED
    return [] if unit.status is UnitStatus.ARRIVED else [UnitArrived(unit=ask.unit)]


def release_unit(on: Context, ask: ReleaseUnit) -> Decision:
    unit = on.incident.units.get(ask.unit)
    if unit is None:
        return Refusal.UNIT_NOT_DISPATCHED
    return [] if unit.status is UnitStatus.RELEASED else [UnitReleased(unit=ask.unit)]


def confirm_unit_returned(on: Context, ask: ConfirmUnitReturned) -> Decision:
    unit = on.incident.units.get(ask.unit)
    if unit is None:
        return []
    if unit.status is not UnitStatus.RELEASED:
        return Refusal.UNIT_NOT_AVAILABLE
    return [UnitReturned(unit=ask.unit)]


def declare_resource_unavailable(on: Context, ask: DeclareResourceUnavailable) -> Decision:
    request = on.incident.requests.get(ask.request)
    if request is None:
        return Refusal.REQUEST_UNKNOWN
    if request.status is not RequestStatus.OPEN:
        return []
    missing = request.quantity - len(request.units)
    about = f"request/{ask.request}"
    told = dict.fromkeys((on.seated(on.plan.resource_post), on.commander))
    return [
        ResourceUnavailable(request=ask.request, missing=missing),
        *(on.tell(person, Message.RESOURCE_UNAVAILABLE, about) for person in told),
    ]


def begin(on: Context, level: ResponseLevel, was: ResponseLevel | None) -> list[Event]:
    """Return the requests that a level begins with and the one before did not."""
    zone = _scene(on)
    return [
        ResourceRequested(
            request=f"plan.{need.kind}.{number}",
            resource_kind=need.kind,
            quantity=need.quantity,
            zone=zone,
            arrive_by=on.after(need.arrive_within),
        )
        for number, need in enumerate(on.plan.resource_needs, start=1)
        if level in need.levels and f"plan.{need.kind}.{number}" not in on.incident.requests
        if was is None or was not in need.levels
    ]


def end(on: Context) -> list[Event]:
    """Return the end of the requests that are still open."""
    return [
        ResourceRequestCancelled(request=request)
        for request, state in sorted(on.incident.requests.items())
        if state.status is RequestStatus.OPEN
    ]


def overdue(on: Context, request: str) -> list[Event]:
    """Return what follows when units are late: whoever is in charge of units is told."""
    told = dict.fromkeys((on.seated(on.plan.resource_post), on.commander))
    about = f"request/{request}"
    late = UnitOverdue(request=request)
    return [late, *(on.tell(person, Message.UNIT_OVERDUE, about) for person in told)]


def _scene(on: Context) -> str:
    """Return the first zone of the warning, else the first of the venue."""
    if on.incident.warning:
        return on.incident.warning.scope[0]
    return next(iter(on.plan.zones[on.incident.venue]))


DECISIONS: Decisions = {
    RequestResource: Rule(request_resource, phases=RESPONSE),
    CancelResourceRequest: Rule(cancel_resource_request),
    DispatchUnit: Rule(dispatch_unit),
    ReportUnitArrived: Rule(report_unit_arrived),
    ReleaseUnit: Rule(release_unit),
    ConfirmUnitReturned: Rule(confirm_unit_returned, phases=ALWAYS),
    DeclareResourceUnavailable: Rule(declare_resource_unavailable),
}
