"""A unit of somebody's own choice: kept for the request first, so that no two incidents send it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain.decider import Refused
from domain.incident.resources import DispatchUnit
from domain.refusals import Refusal
from domain.resource.unit import ReleaseReservation, ReserveUnit
from eventstore.recorder.event_ids import new_command_id

if TYPE_CHECKING:
    from domain.values import Command
    from eventstore.recorder.recorder import Receipt, Recorder
    from services.api.commands.envelope import Order


class UnitReservation:
    """Reserves a unit on its own stream, then dispatches it; gives it back if that is refused."""

    METHOD = "dispatch_unit"
    """How a batch calls the command."""

    def __init__(self, incidents: Recorder[Any], units: Recorder[Any]) -> None:
        self._incidents = incidents
        self._units = units

    async def record(self, order: Order) -> Receipt | Refused:
        """Record a dispatch. Safe to repeat: a reservation for the same request is the same one."""
        asked = order.asked
        command = asked.command
        assert isinstance(command, DispatchUnit), command  # noqa: S101 - nothing else is sent here
        would = await self._incidents.record(order.key, replace(asked, validate_only=True))
        if isinstance(would, Refused) or would.duplicate or asked.validate_only or not would.kinds:
            return would
        if refused := await self._refuse_elsewhere(order, command):
            return refused
        wanted = {"incident": order.key, "request": command.request}
        kept = await self._ask(order, command.unit, ReserveUnit(**wanted))
        if isinstance(kept, Refused):
            return kept
        answer = await self._incidents.record(order.key, asked)
        if isinstance(answer, Refused) and kept.kinds:
            await self._ask(order, command.unit, ReleaseReservation(**wanted))
        return answer

    async def _refuse_elsewhere(self, order: Order, command: DispatchUnit) -> Refused | None:
        """Refuse a unit that serves another venue only."""
        unit = (await self._units.known(command.unit)).state
        incident = (await self._incidents.known(order.key)).state
        if unit.registered is None:
            return Refused(Refusal.UNIT_UNKNOWN)
        if unit.registered.venue not in {None, incident.venue}:
            return Refused(Refusal.UNIT_NOT_AVAILABLE)
        return None

    async def _ask(self, order: Order, unit: str, command: Command) -> Receipt | Refused:
        asked = replace(
            order.asked,
            command=command,
            command_id=new_command_id(),
            causation_id=str(order.asked.command_id),
            occurred_at=None,
            on_behalf_of=None,
            reason=None,
            expected_version=None,
        )
        return await self._units.record(unit, asked)
