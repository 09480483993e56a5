"""Send the nearest suitable unit, and give units back.

A unit is first reserved on its own stream, then dispatched on the incident's. Killed at any line,
the next attempt finds the reservation it made and goes on from there; if the incident does not want
the unit any more, the reservation is given back.
"""

from __future__ import annotations

import asyncio

import structlog

from activities.fleet import Fleet, Sought
from activities.record_outcome import command_id, record_outcome, version_of
from activities.system_commands import record_system_command
from domain.decider import CommandEnvelope, Refused
from domain.incident.obligations.obligations import WorkOrder
from domain.incident.resources import (
    ConfirmUnitReturned,
    DeclareResourceUnavailable,
    DispatchUnit,
)
from domain.incident.state.incident import Incident, Request, RequestStatus
from domain.incident.state.incident import UnitStatus as Sent
from domain.refusals import Refusal
from domain.resource.unit import (
    ReleaseReservation,
    Reservation,
    ReserveUnit,
    Unit,
    UnitStatus,
)
from domain.values import HANDS, Phase
from eventstore.queries.plans import PlanLibrary
from eventstore.recorder.recorder import Receipt, Recorder

TAKEN = frozenset({Refusal.UNIT_RESERVED_ELSEWHERE, Refusal.UNIT_NOT_AVAILABLE})
"""Why a unit can't be reserved though nothing is wrong: another incident was first."""

OVER = frozenset({Refusal.REQUEST_OVER, Refusal.UNIT_NOT_AVAILABLE, Refusal.PHASE_OVER})
"""Why a unit can't be sent though nothing is wrong: it is not wanted any more."""

log = structlog.get_logger()


class Dispatcher:
    """Sends units."""

    def __init__(
        self,
        incidents: Recorder[Incident],
        units: Recorder[Unit],
        plans: PlanLibrary,
        fleet: Fleet,
    ) -> None:
        self._fleet = fleet
        self._incidents = incidents
        self._units = units
        self._plans = plans

    async def dispatch(self, order: WorkOrder) -> int:
        """Send units until a request is filled, or say that none is to be had."""
        reservation = Reservation(order.incident, order.subject)
        try:
            return await self._fill(order, reservation)
        except asyncio.CancelledError:  # owed no more, or the worker stops and another goes on
            known = await self._incidents.known(order.incident)
            request = known.state.requests.get(order.subject)
            if request is None or not _is_open(known.state, request):
                await self._give_back_leftovers(reservation, request)
            raise

    async def give_back(self, order: WorkOrder) -> int:
        """Free a unit that an incident released."""
        known = await self._incidents.known(order.incident)
        sent = known.state.units.get(order.subject)
        if sent is None or sent.status is not Sent.RELEASED:
            return known.version
        await self._release(order.subject, Reservation(order.incident, sent.request))
        returned = ConfirmUnitReturned(unit=order.subject)
        work = f"return/{order.subject}/{sent.request}"
        answer = await record_outcome(self._incidents, order.incident, work, "back", returned)
        return version_of(answer, known.version)

    async def _fill(self, order: WorkOrder, reservation: Reservation) -> int:
        while True:
            known = await self._incidents.known(order.incident)
            request = known.state.requests.get(order.subject)
            if request is None or not _is_open(known.state, request):
                await self._give_back_leftovers(reservation, request)
                return known.version
            unit = await self._reserved_or_reserve(reservation, known.state, request)
            if unit is None and await self._reclaim(await self._sought(known.state, request)):
                continue
            if unit is None:
                unavailable = DeclareResourceUnavailable(request=order.subject)
                work = f"dispatch/{order.subject}"
                what = f"unavailable-after-{len(request.units)}"
                answer = await record_outcome(
                    self._incidents, order.incident, work, what, unavailable
                )
                return version_of(answer, known.version)
            await self._send(order, unit)

    async def _send(self, order: WorkOrder, unit: str) -> None:
        """Dispatch a reserved unit; if the incident refuses it, give the reservation back."""
        command = DispatchUnit(request=order.subject, unit=unit)
        work = f"dispatch/{order.subject}"
        answer = await record_outcome(
            self._incidents, order.incident, work, f"send-{unit}", command
        )
        if isinstance(answer, Refused):
            log.info("the incident refused a unit", reason=answer.reason)
            await self._release(unit, Reservation(order.incident, order.subject))
            if answer.reason not in OVER:  # else it would be reserved and released in a circle
                version_of(answer, 0)

    async def _reserved_or_reserve(
        self, reservation: Reservation, incident: Incident, request: Request
    ) -> str | None:
        """Return a unit that is kept for this request and not sent yet, if one can be had."""
        for name in await self._fleet.kept_for(reservation):
            unit = (await self._units.known(name)).state
            if name not in request.units and unit.reserved_for == reservation:
                if unit.status is UnitStatus.ASSIGNED:
                    return name
                await self._release(name, reservation)  # it broke down before it was sent
        sought = await self._sought(incident, request)
        besides = {*request.units, *incident.units}  # sent before, or still on its way back
        while near := await self._fleet.nearest(sought, besides):
            for name in near:
                if await self._reserve(name, reservation):
                    return name
            besides.update(near)
        return None

    async def _reserve(self, unit: str, reservation: Reservation) -> bool:
        """Keep a unit for a request; false when another incident was first."""
        command = ReserveUnit(incident=reservation.incident, request=reservation.request)
        version = (await self._units.known(unit)).version
        work = f"reserve/{unit}/{reservation.request}/{version}"
        named = await command_id(self._incidents, reservation.incident, work, "reserve")
        answer = await record_system_command(
            self._units, unit, CommandEnvelope(command, named, HANDS)
        )
        if isinstance(answer, Refused) and answer.reason in TAKEN:
            return False
        version_of(answer, version)
        return True

    async def _release(self, unit: str, reservation: Reservation) -> bool:
        """Give a unit back; false if it was not kept for the request."""
        command = ReleaseReservation(incident=reservation.incident, request=reservation.request)
        version = (await self._units.known(unit)).version
        work = f"release/{unit}/{reservation.request}/{version}"
        named = await command_id(self._incidents, reservation.incident, work, "release")
        answer = await record_system_command(
            self._units, unit, CommandEnvelope(command, named, HANDS)
        )
        return isinstance(answer, Receipt) and bool(answer.kinds)

    async def _give_back_leftovers(self, reservation: Reservation, request: Request | None) -> None:
        """Give back what an earlier attempt reserved for a request that is over."""
        sent = request.units if request else ()
        for name in await self._fleet.kept_for(reservation):
            if name not in sent:
                await self._release(name, reservation)

    async def _reclaim(self, sought: Sought) -> bool:
        """Give back units that are kept for what is over; tell whether there were any.

        A hand that died between reserving and dispatching left them, and its request was cancelled
        before another could go on from there.
        """
        reclaimed = False
        for kept_for in await self._fleet.reservations(sought):
            incident = (await self._incidents.known(kept_for.incident)).state
            if _may_be_wanted(incident, kept_for):
                continue
            for name in await self._fleet.kept_for(kept_for):
                if _is_forgotten(name, incident):
                    reclaimed |= await self._release(name, kept_for)
        return reclaimed

    async def _sought(self, incident: Incident, request: Request) -> Sought:
        assert incident.plan, "an incident that dispatches is pinned to a plan"  # noqa: S101 - an invariant
        pinned = await self._plans.pinned(incident.plan)
        assert pinned, "a pinned plan is in the log"  # noqa: S101 - an invariant
        zone = pinned.plan.zones[incident.venue][request.zone]
        return Sought(request.resource_kind, incident.venue, zone.x, zone.y)


def _may_be_wanted(incident: Incident, kept_for: Reservation) -> bool:
    """Tell whether a request is open, or its incident not known yet: over, it opens no more."""
    request = incident.requests.get(kept_for.request)
    return request is None or incident.phase is None or _is_open(incident, request)


def _is_forgotten(unit: str, incident: Incident) -> bool:
    """Tell whether nobody will send or return a unit any more that was kept for what is over."""
    assert incident.phase, "what is over has begun"  # noqa: S101 - an invariant
    return incident.phase.is_over or unit not in incident.units


def _is_open(incident: Incident, request: Request) -> bool:
    return incident.phase is Phase.RESPONSE and request.status is RequestStatus.OPEN
