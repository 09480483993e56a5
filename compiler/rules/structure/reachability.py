"""What begins at all: phases, levels and duties for which the moment comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Phase, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan


NEVER_DUE = Kind(
    "never-due",
    Severity.ERROR,
    "“{name}”永远不会触发：所在阶段没有任务，或未规定响应级别",
    "'{name}' never falls due: no phase that begins with duties, or no response level",
    why=Text.of(
        "写了却永远不发生的职责，演练和检查都发现不了。",
        "A duty that never begins looks like one that is done: no drill will miss it.",
    ),
    mend=Text.of(
        "写一个有任务的阶段（warning、response、aftermath），并至少列一个级别。",
        "Name a phase that has duties (warning, response, aftermath), and at least one level.",
    ),
    example="/tasks/0/phase: normal",
)
PHASE_WITHOUT_TASKS = Kind(
    "phase-without-tasks",
    Severity.ERROR,
    "{phase}阶段没有任何任务",
    "nobody has a task in the phase {phase}",
    why=Text.of(
        "阶段开始了，却没有人知道自己该做什么。",
        "The phase begins, and nobody knows what is theirs to do.",
    ),
    mend=Text.of("为该阶段写明任务和负责岗位。", "Say who does what in that phase."),
    example="/tasks/0: -\n/tasks/0: -",
)
LEVEL_WITHOUT_TASKS = Kind(
    "level-without-tasks",
    Severity.ERROR,
    "发生“{hazard}”时，{level}级响应没有任何任务",
    "at level {level} nobody has a task when the hazard is '{hazard}'",
    why=Text.of(
        "启动了这个级别，却不会有任何人行动。", "The level is activated, and nobody moves."
    ),
    mend=Text.of(
        "给该级别、该类事件至少安排一项任务，或删去这个级别。",
        "Give it a task at that level for that hazard, or leave the level out.",
    ),
    example=(
        "/tasks: [{id: watch, title: {zh: 监测客流, en: Watch the crowd}, phase: warning, "
        "post: duty}, {id: guide-out, title: {zh: 引导疏散, en: Lead people out}, phase: "
        "response, levels: [II], post: guide}, {id: evaluate, title: {zh: 总结评估, en: "
        "Evaluate}, phase: aftermath, post: commander}]"
    ),
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
