"""Incidents as they were: at a version, at a place in the log, at an instant of either clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from domain.aggregate import Known, decode
from domain.incident.decider import INCIDENTS
from domain.incident.truth import true_state
from services.api.failures import Failure, Violation

if TYPE_CHECKING:
    from domain.incident.state import Incident
    from eventstore.log import Log
    from eventstore.snapshots import Snapshots


class History(NamedTuple):
    """What was known of incidents, and what is known now of how they were."""

    log: Log
    snapshots: Snapshots[Incident]

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

    async def true_at(self, key: str, instant: datetime) -> Known[Incident]:
        """Return how an incident truly was at an instant, as far as it is known now."""
        events = [
            (event, decode(INCIDENTS, event.type, event.schema_version, event.data))
            async for page in self.log.read_stream(_stream(key))
            for event in page
        ]
        if not events or min(event.occurred_at for event, _ in events) > instant:
            raise Failure("MOMENT_TOO_EARLY", subject=_stream(key))
        state = true_state([(event.occurred_at, fact) for event, fact in events], instant)
        last, _ = events[-1]
        return Known(state, last.version, last.position)

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
