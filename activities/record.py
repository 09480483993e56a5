"""The log, for workflows: where an incident stands, and what follows when a deadline comes."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from temporalio import activity

from domain.aggregate import Asked, Refused
from domain.incident import outstanding
from domain.incident.outstanding import NextDeadline, Standing
from domain.values import CLOCK

if TYPE_CHECKING:
    from domain.incident.state import Incident
    from eventstore.recorder import Recorder

CLOCK_COMMANDS: Final = UUID("7f0c0d1e-5d3b-4c0a-9f57-3d2a6f2b8e11")
"""The namespace of the ids of the clock's commands."""


class RecordActivities:
    """Reads an incident's log and speaks for the clock."""

    def __init__(self, incidents: Recorder[Incident]) -> None:
        self._incidents = incidents

    @activity.defn(name="standing")
    async def standing(self, incident: str) -> Standing:
        """Return where an incident stands now. Raises LogUnavailable."""
        known = await self._incidents.known(incident)
        return outstanding.standing(incident, known.state, known.version)

    @activity.defn(name="let_deadline_pass")
    async def let_deadline_pass(self, incident: str, deadline: NextDeadline) -> Standing:
        """Say that a deadline came, once however often it is said. Raises LogUnavailable."""
        command_id = command_id_of(incident, deadline)
        asked = Asked(command=deadline.command, command_id=command_id, actor=CLOCK)
        answer = await self._incidents.record(incident, asked)
        if isinstance(answer, Refused):
            activity.logger.warning("the clock was refused: %s %s", answer.reason, answer.details)
        return await self.standing(incident)


def command_id_of(incident: str, deadline: NextDeadline) -> UUID:
    """Return the id of what the clock says: the same whoever says it, and when."""
    command = deadline.command
    due_at = command.due_at.astimezone(UTC).isoformat()
    name = f"{incident}/{command.deadline}/{command.subject}/{due_at}"
    return uuid5(CLOCK_COMMANDS, name)
