"""Deadlines and cadences: what is due in an order that can be kept, and falls due at all."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from domain.plan.findings import Code, Finding, finding
from domain.plan.reading import spelled
from domain.values import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model import Plan, Report, Task

PHASES_WITH_DUTIES = (Phase.WARNING, Phase.RESPONSE, Phase.AFTERMATH)
"""The phases that begin with duties; the others have none."""

OUTSIDE_THE_RESPONSE = {Phase.WARNING, Phase.AFTERMATH}
"""Where `warning_every` is the cadence."""


def deadlines(plan: Plan) -> Iterator[Finding]:
    """Find duties that are due before what must come first."""
    for n, task in enumerate(plan.tasks):
        yield from _in_order(f"/tasks/{n}", task)


def never_due(plan: Plan) -> Iterator[Finding]:
    """Find duties, reports and needs for which the moment never comes."""
    for n, task in enumerate(plan.tasks):
        if task.phase not in PHASES_WITH_DUTIES:
            yield finding(Code.NEVER_DUE, f"/tasks/{n}/phase", name=task.id)
        elif task.phase is Phase.RESPONSE and not task.levels:
            yield finding(Code.NEVER_DUE, f"/tasks/{n}/levels", name=task.id)
    for n, report in enumerate(plan.reports):
        for k, phase in enumerate(report.phases):
            if phase not in PHASES_WITH_DUTIES:
                yield finding(Code.NEVER_DUE, f"/reports/{n}/phases/{k}", name=report.id)
    for n, need in enumerate(plan.resource_needs):
        if not need.levels:
            yield finding(Code.NEVER_DUE, f"/resource_needs/{n}/levels", name=need.kind)


def phases(plan: Plan) -> Iterator[Finding]:
    """Find phases and levels that would begin with nobody having anything to do."""
    busy = {task.phase for task in plan.tasks}
    for phase in PHASES_WITH_DUTIES:
        if phase not in busy:
            yield finding(Code.PHASE_WITHOUT_TASKS, "/tasks", phase=phase)
    if Phase.RESPONSE not in busy:
        return
    for n, rule in enumerate(plan.levels):
        for hazard in plan.hazards:
            if not plan.tasks_of(Phase.RESPONSE, hazard, rule.level):
                level = rule.level.name
                where = f"/levels/{n}"
                yield finding(Code.LEVEL_WITHOUT_TASKS, where, level=level, hazard=hazard)


def cadences(plan: Plan) -> Iterator[Finding]:
    """Find reports whose rhythm has gaps, runs the wrong way, or is for no phase."""
    for n, report in enumerate(plan.reports):
        yield from _rhythm(plan, f"/reports/{n}", report)
        if report.required_to_terminate and Phase.RESPONSE not in report.phases:
            where = f"/reports/{n}/required_to_terminate"
            yield finding(Code.REQUIRED_REPORT_NOT_OWED, where, name=report.id)
    if not any(report.source for report in plan.reports):
        yield finding(Code.NO_STATUTORY_REPORT, "/reports")


def _in_order(at: str, task: Task) -> Iterator[Finding]:
    start, finish = task.start_within, task.finish_within
    said = {
        "acknowledge": spelled(task.acknowledge_within),
        "start": spelled(start) if start else "",
        "finish": spelled(finish) if finish else "",
    }
    if start and start < task.acknowledge_within:
        yield finding(Code.START_BEFORE_ACKNOWLEDGEMENT, f"{at}/start_within", **said)
    if finish and finish < task.acknowledge_within:
        yield finding(Code.FINISH_BEFORE_ACKNOWLEDGEMENT, f"{at}/finish_within", **said)
    if start and finish and finish < start:
        yield finding(Code.FINISH_BEFORE_START, f"{at}/finish_within", **said)


def _rhythm(plan: Plan, at: str, report: Report) -> Iterator[Finding]:
    if report.every and Phase.RESPONSE not in report.phases:
        yield finding(Code.CADENCE_UNUSED, f"{at}/every", name=report.id)
    if report.warning_every and not OUTSIDE_THE_RESPONSE & {*report.phases}:
        yield finding(Code.CADENCE_UNUSED, f"{at}/warning_every", name=report.id)
    if not report.every:
        return
    for rule in plan.levels:
        if rule.level not in report.every:
            yield finding(Code.CADENCE_MISSING, f"{at}/every", level=rule.level.name)
    gravest_first = sorted(report.every.items())
    for (level, span), (lower, lower_span) in pairwise(gravest_first):
        if span > lower_span:
            yield finding(
                Code.CADENCE_SLOWER_WHEN_GRAVER,
                f"{at}/every/{level.name}",
                level=level.name,
                span=spelled(span),
                lower=lower.name,
                lower_span=spelled(lower_span),
            )
