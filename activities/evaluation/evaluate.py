"""Take the figures of a case from its log and say that they were taken."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from activities.evaluation.process import EvaluationProcess
from activities.record_outcome import record_outcome as report_back
from activities.record_outcome import version_of
from domain.incident.aftermath import CompleteEvaluation
from domain.incident.obligations.obligations import WorkOrder
from domain.incident.state.incident import Incident
from domain.plan.model.plan import PinnedPlan
from domain.values import Mode
from eventstore.log.events import StoredEvent
from eventstore.log.log import Log
from eventstore.queries.plans import PlanLibrary
from eventstore.recorder.recorder import Recorder

if TYPE_CHECKING:
    from activities.evaluation.report import Report, Say


class Evaluator:
    """Evaluates cases.

    The figures are taken in another process: the worker's own must never be kept busy, or Temporal
    takes its workflows for dead.
    """

    def __init__(
        self,
        log: Log,
        incidents: Recorder[Incident],
        plans: PlanLibrary,
        evaluations: EvaluationProcess,
        say: Say,
    ) -> None:
        self._log = log
        self._incidents = incidents
        self._plans = plans
        self._evaluations = evaluations
        self._say = say

    async def evaluate(self, order: WorkOrder) -> int:
        """Evaluate a case up to where it stands now."""
        known = await self._incidents.known(order.incident)
        if known.state.evaluated or known.state.plan is None:
            return known.version
        pinned = await self._plans.pinned(known.state.plan)
        assert pinned, "a pinned plan is in the log"  # noqa: S101 - an invariant
        events = await case_of(self._log, order.incident, known.version)
        made = await self._evaluations.run(
            partial(_report, events, pinned, self._say),
            order.incident,
            live=order.mode is Mode.LIVE,
        )
        completed = CompleteEvaluation(up_to_version=made.up_to_version, report_sha256=made.sha256)
        work = f"evaluate/{order.subject}"
        answer = await report_back(self._incidents, order.incident, work, "done", completed)
        return version_of(answer, known.version)


async def case_of(log: Log, incident: str, up_to: int | None = None) -> list[StoredEvent]:
    """Read the events of a case, up to a version if one is given."""
    pages = log.read_stream(f"incident/{incident}", up_to=up_to)
    return [event async for page in pages for event in page]


def _report(events: Sequence[StoredEvent], pinned: PinnedPlan, say: Say) -> Report:
    """Write the report, in the process that evaluates: only there its templates are needed."""
    from activities.evaluation.report import report  # noqa: PLC0415 - as the docstring says

    return report(events, pinned, say)
