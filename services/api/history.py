"""Incidents as they were: at a version, at a place in the log, at an instant of either clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from domain.aggregate import Known, decode
from domain.incident.corrections import corrected
from domain.incident.decider import INCIDENTS
from domain.incident.truth import true_state
from eventstore.events import Disorder
from services.api.failures import Failure, Violation

if TYPE_CHECKING:
    from domain.incident.state import Incident
    from eventstore.log import Log
    from eventstore.snapshots import Snapshots


ORDERS_MAX = 1_000
"""Incidents of which it is remembered how far they are in order."""


@dataclass(frozen=True)
class History:
    """What was known of incidents, and what is known now of how they were."""

    log: Log
    snapshots: Snapshots[Incident]
    orders: dict[str, Disorder] = field(default_factory=dict)

    async def at(self, key: str, version: int) -> Known[Incident]:
        """Return what was known at a version."""
        if version == 0:
            return Known(INCIDENTS.initial)
        return await self.snapshots.known_at(key, version)

    async def at_position(self, key: str, position: int) -> Known[Incident]:
        """Return what was known when the log ended at a position."""
        return await self.at(key, await self.log.version_at(_stream(key), position))

    async def version(self, key: str, current: int, moment: Any, which: str) -> int:
        """Return at which version an incident was at a moment of a request. Raises Failure."""
        match moment.WhichOneof(which):
            case "version":
                if not 0 <= moment.version <= current:
                    found = {"version": str(moment.version), "current": str(current)}
                    raise Failure("VERSION_UNKNOWN", found, subject=_stream(key))
                return int(moment.version)
            case "position":
                return await self._version_at(key, moment.position)
            case "instant":
                return await self._version_at(key, await self.log.position_at(instant_of(moment)))
            case _:
                return current

    async def true_at(
        self, key: str, instant: datetime, current: Known[Incident]
    ) -> Known[Incident]:
        """Return how an incident truly was at an instant, as far as it is known now.

        As long as events were recorded in the order in which they happened, it is what was known
        when the last of them was recorded; from there on each takes its place by when it happened.
        """
        if current.state.corrections:
            return current._replace(state=await self._corrected_at(key, instant))
        stream, order = _stream(key), await self._order(key)
        in_order = order.version + 1 if order.first is None else order.first
        by = min(filter(None, (instant, order.earliest)))
        version = await self.log.happened_by(stream, in_order, by)
        state = (await self.at(key, version)).state
        if order.first is not None:
            rows = await self.log.read_happened(stream, after=version, by=instant)
            told = [(at, decode(INCIDENTS, kind, shape, data)) for at, kind, shape, data in rows]
            state = true_state(told, instant, state)
        if state.phase is None:
            raise Failure("MOMENT_TOO_EARLY", subject=stream)
        return current._replace(state=state)

    async def _corrected_at(self, key: str, instant: datetime) -> Incident:
        """Return the same where entries were corrected: that may have moved them."""
        told = [
            (event.occurred_at, decode(INCIDENTS, event.type, event.schema_version, event.data))
            async for page in self.log.read_stream(_stream(key))
            for event in page
        ]
        state = true_state(corrected(told), instant)
        if state.phase is None:
            raise Failure("MOMENT_TOO_EARLY", subject=_stream(key))
        return state

    async def _order(self, key: str) -> Disorder:
        """Return how far the record is in the order of what happened; only what is new is read."""
        order = await self.log.disorder(_stream(key), self.orders.get(key, Disorder()))
        self.orders[key] = order
        if len(self.orders) > ORDERS_MAX:
            self.orders.pop(next(iter(self.orders)))
        return order

    async def _version_at(self, key: str, position: int) -> int:
        head = await self.log.head()
        if not 0 <= position <= head:
            found = {"position": str(position), "head": str(head)}
            raise Failure("POSITION_UNKNOWN", found, subject=_stream(key))
        version = await self.log.version_at(_stream(key), position)
        if version == 0:
            raise Failure("MOMENT_TOO_EARLY", subject=_stream(key))
        return version


def instant_of(moment: Any) -> datetime:
    """Return the instant that a message names. Raises Failure."""
    try:
        instant: datetime = moment.instant.ToDatetime(tzinfo=UTC)
    except ValueError:
        broken = Violation.of("instant", "moment_out_of_range")
        raise Failure("FIELD_INVALID", violations=[broken]) from None
    return instant


def _stream(key: str) -> str:
    return f"{INCIDENTS.category}/{key}"
