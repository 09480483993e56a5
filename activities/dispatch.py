"""Send the nearest suitable unit, and give units back.

A unit is first reserved on its own stream, then dispatched on the incident's. Killed at any line,
the next attempt finds the reservation it made and goes on from there; if the incident does not want
the unit any more, the reservation is given back.
"""

from __future__ import annotations

import asyncio
import math
from typing import NamedTuple

import structlog

from activities.own_commands import record_own
from activities.reporting_back import command_id, report, version_of
from domain.aggregate import Asked, Refused, decode
from domain.incident.outstanding import Order
from domain.incident.resources import (
    ConfirmUnitReturned,
    DeclareResourceUnavailable,
    DispatchUnit,
)
from domain.incident.state import Incident, Request, RequestStatus
from domain.incident.state import UnitStatus as Sent
from domain.plan.model import Zone
from domain.refusals import Refusal
from domain.resource.unit import (
    UNITS,
    ReleaseReservation,
    Reservation,
    ReserveUnit,
    Unit,
    UnitStatus,
)
from domain.values import HANDS, Phase
from eventstore.log import Log
from eventstore.plans import PlanLibrary
from eventstore.recorder import Recorder

PAGE_EVENTS = 2_000

TAKEN = frozenset({Refusal.UNIT_RESERVED_ELSEWHERE, Refusal.UNIT_NOT_AVAILABLE})
"""Why a unit can't be reserved though nothing is wrong: another incident was first."""

OVER = frozenset({Refusal.REQUEST_OVER, Refusal.UNIT_NOT_AVAILABLE, Refusal.PHASE_OVER})
"""Why a unit can't be sent though nothing is wrong: it is not wanted any more."""

log = structlog.get_logger()


class Candidate(NamedTuple):
    """A unit that could be sent, and how far it is."""

    metres: float
    unit: str


class Dispatcher:
    """Sends units."""

    def __init__(
        self,
        log: Log,
        incidents: Recorder[Incident],
        units: Recorder[Unit],
        plans: PlanLibrary,
    ) -> None:
        self._log = log
        self._incidents = incidents
        self._units = units
        self._plans = plans

    async def dispatch(self, order: Order) -> int:
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

    async def give_back(self, order: Order) -> int:
        """Free a unit that an incident released."""
        known = await self._incidents.known(order.incident)
        sent = known.state.units.get(order.subject)
        if sent is None or sent.status is not Sent.RELEASED:
            return known.version
        await self._release(order.subject, Reservation(order.incident, sent.request))
        returned = ConfirmUnitReturned(unit=order.subject)
        work = f"return/{order.subject}/{sent.request}"
        answer = await report(self._incidents, order.incident, work, "back", returned)
        return version_of(answer, known.version)

    async def _fill(self, order: Order, reservation: Reservation) -> int:
        while True:
            known = await self._incidents.known(order.incident)
            request = known.state.requests.get(order.subject)
            if request is None or not _is_open(known.state, request):
                await self._give_back_leftovers(reservation, request)
                return known.version
            unit = await self._reserved_or_reserve(reservation, known.state, request)
            if unit is None and await self._reclaim():
                continue
            if unit is None:
                unavailable = DeclareResourceUnavailable(request=order.subject)
                work = f"dispatch/{order.subject}"
                what = f"unavailable-after-{len(request.units)}"
                answer = await report(self._incidents, order.incident, work, what, unavailable)
                return version_of(answer, known.version)
            await self._send(order, unit)

    async def _send(self, order: Order, unit: str) -> None:
        """Dispatch a reserved unit; if the incident refuses it, give the reservation back."""
        command = DispatchUnit(request=order.subject, unit=unit)
        work = f"dispatch/{order.subject}"
        answer = await report(self._incidents, order.incident, work, f"send-{unit}", command)
        if isinstance(answer, Refused):
            log.info("the incident refused a unit", reason=answer.reason)
            await self._release(unit, Reservation(order.incident, order.subject))
            if answer.reason not in OVER:  # else it would be reserved and released in a circle
                version_of(answer, 0)

    async def _reserved_or_reserve(
        self, reservation: Reservation, incident: Incident, request: Request
    ) -> str | None:
        """Return a unit that is kept for this request and not sent yet, if one can be had."""
        units = await self._all_units()
        for name, unit in units.items():
            if unit.reserved_for == reservation and name not in request.units:
                if unit.status is UnitStatus.ASSIGNED:
                    return name
                await self._release(name, reservation)  # it broke down before it was sent
        zone = await self._zone(incident, request)
        mine = {*request.units, *incident.units}  # sent before, or still on its way back
        for candidate in candidates(units, incident.venue, request.resource_kind, zone):
            if candidate.unit not in mine and await self._reserve(candidate.unit, reservation):
                return candidate.unit
        return None

    async def _reserve(self, unit: str, reservation: Reservation) -> bool:
        """Keep a unit for a request; false when another incident was first."""
        command = ReserveUnit(incident=reservation.incident, request=reservation.request)
        version = (await self._units.known(unit)).version
        work = f"reserve/{unit}/{reservation.request}/{version}"
        named = await command_id(self._incidents, reservation.incident, work, "reserve")
        answer = await record_own(self._units, unit, Asked(command, named, HANDS))
        if isinstance(answer, Refused) and answer.reason in TAKEN:
            return False
        version_of(answer, version)
        return True

    async def _release(self, unit: str, reservation: Reservation) -> None:
        command = ReleaseReservation(incident=reservation.incident, request=reservation.request)
        version = (await self._units.known(unit)).version
        work = f"release/{unit}/{reservation.request}/{version}"
        named = await command_id(self._incidents, reservation.incident, work, "release")
        await record_own(self._units, unit, Asked(command, named, HANDS))

    async def _give_back_leftovers(self, reservation: Reservation, request: Request | None) -> None:
        """Give back what an earlier attempt reserved for a request that is over."""
        sent = request.units if request else ()
        for name, unit in (await self._all_units()).items():
            if unit.reserved_for == reservation and name not in sent:
                await self._release(name, reservation)

    async def _reclaim(self) -> bool:
        """Give back units that are kept for what is over; tell whether there were any.

        A hand that died between reserving and dispatching left them, and its request was cancelled
        before another could go on from there.
        """
        reclaimed = False
        for name, unit in (await self._all_units()).items():
            if unit.reserved_for and await self._is_forgotten(name, unit.reserved_for):
                await self._release(name, unit.reserved_for)
                reclaimed = True
        return reclaimed

    async def _is_forgotten(self, unit: str, kept_for: Reservation) -> bool:
        """Tell whether nobody will send or return a unit any more: no request opens again."""
        incident = (await self._incidents.known(kept_for.incident)).state
        request = incident.requests.get(kept_for.request)
        if request is None or incident.phase is None or _is_open(incident, request):
            return False
        return incident.phase.is_over or unit not in incident.units

    async def _all_units(self) -> dict[str, Unit]:
        """Fold every unit from the log itself: a view could be behind."""
        units: dict[str, Unit] = {}
        after = 0
        while page := await self._log.read(after, limit=PAGE_EVENTS, category=UNITS.category):
            for event in page:
                name = event.stream.removeprefix("unit/")
                fact = decode(UNITS, event.type, event.schema_version, event.data)
                units[name] = UNITS.evolve(units.get(name, UNITS.initial), fact)
            after = page[-1].position
        return units

    async def _zone(self, incident: Incident, request: Request) -> Zone:
        assert incident.plan, "an incident that dispatches is pinned to a plan"  # noqa: S101 - an invariant
        pinned = await self._plans.pinned(incident.plan)
        assert pinned, "a pinned plan is in the log"  # noqa: S101 - an invariant
        return pinned.plan.zones[incident.venue][request.zone]


def candidates(
    units: dict[str, Unit], venue: str, resource_kind: str, zone: Zone
) -> list[Candidate]:
    """Return the units that could be sent to a zone, the nearest first (metres, straight line)."""
    found = [
        Candidate(math.hypot(unit.registered.x - zone.x, unit.registered.y - zone.y), name)
        for name, unit in units.items()
        if unit.registered
        and unit.status is UnitStatus.AVAILABLE
        and unit.registered.resource_kind == resource_kind
        and unit.registered.venue in {None, venue}
    ]
    return sorted(found)


def _is_open(incident: Incident, request: Request) -> bool:
    return incident.phase is Phase.RESPONSE and request.status is RequestStatus.OPEN
