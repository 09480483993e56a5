"""How a hand tells what came of its work: through the same door as everybody."""

from __future__ import annotations

from uuid import UUID, uuid5

from temporalio.exceptions import ApplicationError

from domain.aggregate import Asked, Refused
from domain.incident.state import Incident
from domain.refusals import Refusal
from domain.values import HANDS, Command
from eventstore.recorder import Receipt, Recorder

HANDS_NAMESPACE = UUID("6d757374-6572-5000-8000-68616e647300")
"""Names the commands that the hands send; never changes."""


def command_id(incident: str, work: str, what: str) -> UUID:
    """Return the id of what a hand reports about a piece of work: the same for every attempt."""
    return uuid5(HANDS_NAMESPACE, f"{incident}/{work}/{what}")


async def report(
    recorder: Recorder[Incident], incident: str, work: str, what: str, command: Command
) -> Receipt | Refused:
    """Record what came of a piece of work; said again by every attempt, recorded once."""
    asked = Asked(command=command, command_id=command_id(incident, work, what), actor=HANDS)
    return await recorder.record(incident, asked)


def version_of(answer: Receipt | Refused, known: int) -> int:
    """Return the version that shows what was reported; the known one if the case is over.

    Any other refusal of what a hand found is a bug of ours: it is raised, so that operators see it.
    """
    if isinstance(answer, Refused):
        if answer.reason is Refusal.PHASE_OVER:
            return known
        details = ", ".join(f"{key}={value}" for key, value in answer.details.items())
        raise ApplicationError(f"{answer.reason} {details}", type=answer.reason)
    return answer.version
