"""What begins at all: phases, levels and duties for which the moment comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.plan.findings import Finding, Kind, Severity, finding
from domain.values import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model import Plan


NEVER_DUE = Kind(
    "never-due",
    Severity.ERROR,
    "“{name}”永远不会触发：所在阶段没有任务，或未规定响应级别",
    "'{name}' never falls due: no phase that begins with duties, or no response level",
)
PHASE_WITHOUT_TASKS = Kind(
    "phase-without-tasks",
    Severity.ERROR,
    "{phase}阶段没有任何任务",
    "nobody has a task in the phase {phase}",
)
LEVEL_WITHOUT_TASKS = Kind(
    "level-without-tasks",
    Severity.ERROR,
    "发生“{hazard}”时，{level}级响应没有任何任务",
    "at level {level} nobody has a task when the hazard is '{hazard}'",
)


PHASES_WITH_DUTIES = (Phase.WARNING, Phase.RESPONSE, Phase.AFTERMATH)
"""The phases that begin with duties; the others have none."""


def never_due(plan: Plan) -> Iterator[Finding]:
    """Find duties, reports and needs for which the moment never comes."""
    for n, task in enumerate(plan.tasks):
        if task.phase not in PHASES_WITH_DUTIES:
            yield finding(NEVER_DUE, f"/tasks/{n}/phase", name=task.id)
        elif task.phase is Phase.RESPONSE and not task.levels:
            yield finding(NEVER_DUE, f"/tasks/{n}/levels", name=task.id)
    for n, report in enumerate(plan.reports):
        for k, phase in enumerate(report.phases):
            if phase not in PHASES_WITH_DUTIES:
                yield finding(NEVER_DUE, f"/reports/{n}/phases/{k}", name=report.id)
    for n, need in enumerate(plan.resource_needs):
        if not need.levels:
            yield finding(NEVER_DUE, f"/resource_needs/{n}/levels", name=need.kind)


def phases(plan: Plan) -> Iterator[Finding]:
    """Find phases and levels that would begin with nobody having anything to do."""
    busy = {task.phase for task in plan.tasks}
    for phase in PHASES_WITH_DUTIES:
        if phase not in busy:
            yield finding(PHASE_WITHOUT_TASKS, "/tasks", phase=phase)
    if Phase.RESPONSE not in busy:
        return
    for n, rule in enumerate(plan.levels):
        for hazard in plan.hazards:
            if not plan.tasks_of(Phase.RESPONSE, hazard, rule.level):
                level = rule.level.name
                where = f"/levels/{n}"
                yield finding(LEVEL_WITHOUT_TASKS, where, level=level, hazard=hazard)


KINDS = (NEVER_DUE, PHASE_WITHOUT_TASKS, LEVEL_WITHOUT_TASKS)
RULES = (never_due, phases)
