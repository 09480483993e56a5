"""A unit's own stream: registered, reserved, given back, out of service.

The reservation lives here and not with the incidents: two incidents that reach for the same unit
meet on its stream, and the second is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from pydantic import Field, FiniteFloat

from domain.decider import CommandEnvelope, Decider, Decision, Refused, refused
from domain.delegation import may_not_speak
from domain.limits import INT32_MAX
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Line, Text


class UnitStatus(StrEnum):
    """Where a unit stands, in the words of NIMS (ICS-219): exactly one of three."""

    ASSIGNED = "assigned"
    AVAILABLE = "available"
    OUT_OF_SERVICE = "out_of_service"


class UnitRegistered(Event):
    """A unit can be sent from now on."""

    kind: Literal["UnitRegistered"] = "UnitRegistered"
    unit: Id
    title: Text
    resource_kind: Id
    venue: Id | None = None
    x: FiniteFloat
    y: FiniteFloat
    capacity: int | None = None


class UnitReserved(Event):
    """The unit belongs to one request of one incident, until it is given back."""

    kind: Literal["UnitReserved"] = "UnitReserved"
    incident: Id
    request: Id


class UnitReservationReleased(Event):
    """The incident gave the unit back."""

    kind: Literal["UnitReservationReleased"] = "UnitReservationReleased"
    incident: Id
    request: Id


class UnitPutOutOfService(Event):
    """The unit can't be sent: it broke down, is staffed by nobody, or rests."""

    kind: Literal["UnitPutOutOfService"] = "UnitPutOutOfService"
    cause: Line


class UnitReturnedToService(Event):
    """The unit can be sent again."""

    kind: Literal["UnitReturnedToService"] = "UnitReturnedToService"


class RegisterUnit(Command):
    """Say that there is a unit, of what kind, and where it waits."""

    kind: Literal["RegisterUnit"] = "RegisterUnit"
    unit: Id
    title: Text
    resource_kind: Id
    venue: Id | None = None
    """The only venue that it serves; None when it serves every venue."""
    x: FiniteFloat = 0.0
    """Metres east of the venue's origin."""
    y: FiniteFloat = 0.0
    """Metres north of the venue's origin."""
    capacity: int | None = Field(default=None, gt=0, le=INT32_MAX)
    """Persons that it carries or treats at a time."""


class ReserveUnit(Command):
    """Keep the unit for one request of one incident. Sent by the hands."""

    kind: Literal["ReserveUnit"] = "ReserveUnit"
    incident: Id
    request: Id


class ReleaseReservation(Command):
    """Give the unit back. Sent by the hands."""

    kind: Literal["ReleaseReservation"] = "ReleaseReservation"
    incident: Id
    request: Id


class PutOutOfService(Command):
    """Say that the unit can't be sent, and why."""

    kind: Literal["PutOutOfService"] = "PutOutOfService"
    cause: Line


class ReturnToService(Command):
    """Say that the unit can be sent again."""

    kind: Literal["ReturnToService"] = "ReturnToService"


class Reservation(NamedTuple):
    """Whom a unit is kept for."""

    incident: str
    request: str


class Unit(NamedTuple):
    """What is known of a unit; nothing before it is registered."""

    registered: UnitRegistered | None = None
    reserved_for: Reservation | None = None
    out_of_service: str | None = None
    """Why it can't be sent."""

    @property
    def status(self) -> UnitStatus:
        """Return where it stands; a unit that breaks down on duty is out of service."""
        if self.out_of_service is not None:
            return UnitStatus.OUT_OF_SERVICE
        return UnitStatus.ASSIGNED if self.reserved_for else UnitStatus.AVAILABLE


def evolve(state: Unit, fact: Event) -> Unit:
    """Take a fact into account."""
    match fact:
        case UnitRegistered():
            return state._replace(registered=fact)
        case UnitReserved():
            return state._replace(reserved_for=Reservation(fact.incident, fact.request))
        case UnitReservationReleased():
            return state._replace(reserved_for=None)
        case UnitPutOutOfService():
            return state._replace(out_of_service=fact.cause)
        case UnitReturnedToService():
            return state._replace(out_of_service=None)
        case _:
            raise AssertionError(fact)


def decide(
    state: Unit, asked: CommandEnvelope, _now: datetime, _surroundings: object
) -> Sequence[Event] | Refused:
    """Decide about a command; only registering makes a unit known."""
    decision = may_not_speak(asked) or _decision(state, asked.command)
    return refused(decision) or [fact for fact in decision if isinstance(fact, Event)]


def _decision(state: Unit, ask: Command) -> Decision:
    if isinstance(ask, RegisterUnit):
        return _register(state, ask)
    if state.registered is None:
        return Refusal.UNIT_UNKNOWN
    match ask:
        case ReserveUnit():
            return _reserve(state, state.registered.unit, ask)
        case ReleaseReservation():
            mine = state.reserved_for == (ask.incident, ask.request)
            released = UnitReservationReleased(incident=ask.incident, request=ask.request)
            return [released] if mine else []
        case PutOutOfService():
            known = state.out_of_service == ask.cause
            return [] if known else [UnitPutOutOfService(cause=ask.cause)]
        case ReturnToService():
            return [] if state.out_of_service is None else [UnitReturnedToService()]
        case _:
            raise AssertionError(ask)


def _register(state: Unit, ask: RegisterUnit) -> Decision:
    registered = UnitRegistered(**ask.model_dump(exclude={"kind"}))
    if state.registered is None:
        return [registered]
    if state.registered == registered:
        return []
    return Refused(Refusal.UNIT_ALREADY_REGISTERED, {"unit": ask.unit})


def _reserve(state: Unit, unit: str, ask: ReserveUnit) -> Decision:
    if state.reserved_for == (ask.incident, ask.request):
        return []
    if state.reserved_for is not None:
        return Refused(
            Refusal.UNIT_RESERVED_ELSEWHERE, {"unit": unit, **state.reserved_for._asdict()}
        )
    if state.out_of_service is not None:
        return Refused(Refusal.UNIT_NOT_AVAILABLE, {"unit": unit, "cause": state.out_of_service})
    return [UnitReserved(incident=ask.incident, request=ask.request)]


UNITS = Decider[Unit](
    category="unit",
    initial=Unit(),
    facts={
        shape.__name__: shape
        for shape in (
            UnitRegistered,
            UnitReserved,
            UnitReservationReleased,
            UnitPutOutOfService,
            UnitReturnedToService,
        )
    },
    evolve=evolve,
    decide=decide,
)
