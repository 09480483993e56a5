"""Cycles: nothing in a plan is above itself, waits for itself, or comes back to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from domain.plan.model.plan import Plan

GROUP_CYCLE = Kind(
    "group-cycle",
    Severity.ERROR,
    "工作组“{name}”是自己的上级：{path}",
    "the group '{name}' is above itself: {path}",
    why=Text.of("没有人在最上面，也就没有人指挥。", "Nobody is at the top: nobody commands."),
    mend=Text.of("改正 parent。", "Mend `parent`."),
    example="/groups/0/parent: desk",
)
TASK_CYCLE = Kind(
    "task-cycle",
    Severity.ERROR,
    "任务“{name}”在等自己：{path}",
    "the task '{name}' waits for itself: {path}",
    why=Text.of(
        "这些任务互相等待，一个也不会派发。", "They wait for each other, and none is ever assigned."
    ),
    mend=Text.of("去掉其中一个 after。", "Leave out one of the `after`."),
    example="/tasks/2/after: [search]",
)
ESCALATION_CYCLE = Kind(
    "escalation-cycle",
    Severity.ERROR,
    "升级链“{name}”回到自己：{path}",
    "the escalation '{name}' comes back to itself: {path}",
    why=Text.of(
        "没有人应答时会一直绕圈，到不了有权决定的人。",
        "When nobody answers it goes in circles, and never comes to whoever can decide.",
    ),
    mend=Text.of("去掉 then，或让它指向另一条链。", "Leave out `then`, or let it go on elsewhere."),
    example="/escalations/1/then: guides-silent",
)


def cycles(plan: Plan) -> Iterator[Finding]:
    """Find groups that are above themselves, tasks and escalations that wait for themselves."""
    parents = {group.id: [group.parent] if group.parent else [] for group in plan.groups}
    for n, path in _circles(parents):
        yield finding(GROUP_CYCLE, f"/groups/{n}/parent", name=path[0], path=" → ".join(path))
    for n, path in _circles({task.id: task.after for task in plan.tasks}):
        yield finding(TASK_CYCLE, f"/tasks/{n}/after", name=path[0], path=" → ".join(path))
    then = {chain.id: [chain.then] if chain.then else [] for chain in plan.escalations}
    for n, path in _circles(then):
        where, way = f"/escalations/{n}/then", " → ".join(path)
        yield finding(ESCALATION_CYCLE, where, name=path[0], path=way)


def _circles(following: Mapping[str, Sequence[str]]) -> Iterator[tuple[int, Sequence[str]]]:
    """Return, by number, each that comes back to itself, with a shortest way round."""
    for number, start in enumerate(following):
        came_from: dict[str, str] = {}
        waiting = [start]
        for here in waiting:
            for name in following.get(here, ()):
                if name not in came_from:
                    came_from[name] = here
                    waiting.append(name)
        if start in came_from:
            path = [start]
            while (before := came_from[path[-1]]) != start:
                path.append(before)
            yield number, [start, *reversed(path[1:]), start]


KINDS = (GROUP_CYCLE, TASK_CYCLE, ESCALATION_CYCLE)
RULES = (cycles,)
