"""Incidents as they were: at a version, at a place in the log, at an instant of either clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from domain.decider import Versioned
from domain.incident.decider import INCIDENTS
from eventstore.queries.valid_time import ValidTimeStreams
from services.api.errors.failures import Failure, Violation
from services.api.history.valid_time import ValidTimeHistory

if TYPE_CHECKING:
    from domain.incident.state.incident import Incident
    from eventstore.log.log import Log
    from eventstore.recorder.snapshots import Snapshots


@dataclass(frozen=True)
class History:
    """What was known of incidents, and what is known now of how they were."""

    log: Log
    snapshots: Snapshots[Incident]
    truths: ValidTimeHistory

    @classmethod
    def of(cls, log: Log, snapshots: Snapshots[Incident]) -> Self:
        """Return the history of a log's incidents, of which nothing was asked yet."""
        return cls(log, snapshots, ValidTimeHistory(ValidTimeStreams(log), snapshots))

    async def at(self, key: str, version: int) -> Versioned[Incident]:
        """Return what was known at a version."""
        if version == 0:
            return Versioned(INCIDENTS.initial)
        return await self.snapshots.known_at(key, version)

    async def at_position(self, key: str, position: int) -> Versioned[Incident]:
        """Return what was known when the log ended at a position."""
        return await self.at(key, await self.log.version_at(INCIDENTS.stream(key), position))

    async def version(self, key: str, current: int, moment: Any, which: str) -> int:
        """Return at which version an incident was at a moment of a request. Raises Failure."""
        match moment.WhichOneof(which):
            case "version":
                if not 0 <= moment.version <= current:
                    found = {"version": str(moment.version), "current": str(current)}
                    raise Failure("VERSION_UNKNOWN", found, subject=INCIDENTS.stream(key))
                return int(moment.version)
            case "position":
                return await self._version_at(key, moment.position)
            case "instant":
                return await self._version_at(key, await self.log.position_at(instant_of(moment)))
            case _:
                return current

    async def true_at(
        self, key: str, instant: datetime, current: Versioned[Incident]
    ) -> Versioned[Incident]:
        """Return how an incident truly was at an instant, as far as it is known now."""
        state = await self.truths.at(key, instant, current)
        if state.phase is None:
            raise Failure("MOMENT_TOO_EARLY", subject=INCIDENTS.stream(key))
        return current._replace(state=state)

    async def _version_at(self, key: str, position: int) -> int:
        head = await self.log.head()
        if not 0 <= position <= head:
            found = {"position": str(position), "head": str(head)}
            raise Failure("POSITION_UNKNOWN", found, subject=INCIDENTS.stream(key))
        version = await self.log.version_at(INCIDENTS.stream(key), position)
        if version == 0:
            raise Failure("MOMENT_TOO_EARLY", subject=INCIDENTS.stream(key))
        return version


def instant_of(moment: Any) -> datetime:
    """Return the instant that a message names. Raises Failure."""
    try:
        instant: datetime = moment.instant.ToDatetime(tzinfo=UTC)
    except ValueError:
        broken = Violation.of("instant", "moment_out_of_range")
        raise Failure("FIELD_INVALID", violations=[broken]) from None
    return instant
