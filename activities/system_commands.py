"""Record the system's own commands so that no refusal of one is the end of it.

Their ids are out of callers' reach (`eventstore.recorder.event_ids`). Should one be taken all the
same, the command goes under another; every refusal is counted, and logged where an operator looks.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from temporalio import activity
from temporalio.common import MetricMeter

from domain.decider import CommandEnvelope, Refused
from domain.refusals import Refusal
from eventstore.recorder.event_ids import new_command_id

if TYPE_CHECKING:
    from eventstore.recorder.recorder import Receipt, Recorder

S = TypeVar("S")

REFUSED = "muster_own_commands_refused"
"""Counts commands of the clock and of activities that were refused, by actor, command, reason."""

METER: ContextVar[MetricMeter] = ContextVar("METER", default=MetricMeter.noop)
"""Counts outside of activities, where the second clock speaks."""


async def record_system_command(
    recorder: Recorder[S], key: str, asked: CommandEnvelope
) -> Receipt | Refused:
    """Record a command of the system's own, under another id if its own is taken."""
    answer = await recorder.record(key, asked)
    if isinstance(answer, Refused) and answer.reason is Refusal.COMMAND_ID_REUSED:
        count(asked, answer.reason)
        answer = await recorder.record(key, replace(asked, command_id=new_command_id()))
    if isinstance(answer, Refused):
        count(asked, answer.reason)
        activity.logger.warning("%s refused: %s", asked.command.kind, answer.reason)
    return answer


def count(asked: CommandEnvelope, reason: str) -> None:
    """Count a command of the system's own that came to nothing, and why."""
    meter = activity.metric_meter() if activity.in_activity() else METER.get()
    labels = {"actor": asked.actor.id, "command": asked.command.kind, "reason": reason}
    meter.create_counter(REFUSED, "Own commands refused.").add(1, labels)
