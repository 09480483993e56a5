"""Size: what begins at once can be recorded at once."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.limits import COMMAND_EVENTS_MAX
from domain.values import Phase, ResponseLevel, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan
    from domain.values import HazardKind

BESIDES = 10
"""Events beside those that are counted, such as that the response is activated."""

TOO_MUCH_AT_ONCE = Kind(
    "too-much-at-once",
    Severity.ERROR,
    "此处一次产生{events}个事件，最多可同时记录{most}个",
    "leads to {events} events at once, and at most {most} can be recorded together",
    why=Text.of(
        "超出后，启动响应的命令会被拒绝；这应当在演练之前发现，而不是在事发时。",
        "The command that begins it would be refused: better found now than in the emergency.",
    ),
    mend=Text.of(
        "减少同时派发的任务（分到不同级别或不同类型），或减少同时通知的联系人和渠道。",
        "Let fewer tasks fall due together, at other levels or for other hazards; tell fewer people"
        " and channels at once.",
    ),
)


def sizes(plan: Plan) -> Iterator[Finding]:
    """Find what leads to more events at once than one command may."""
    yield from _of_phases(plan)
    for n, chain in enumerate(plan.escalations):
        for m, step in enumerate(chain.steps):
            where = f"/escalations/{n}/steps/{m}/tell"
            yield from _found(where, 2 * len({*step.tell}) + BESIDES)
    published = len(plan.notices.channels) + 2 * len(plan.notices.rules)
    yield from _found("/notices/channels", published + BESIDES)


def _of_phases(plan: Plan) -> Iterator[Finding]:
    if _at_most(plan) <= COMMAND_EVENTS_MAX:
        return
    for n, rule in enumerate(plan.levels):
        begins = max(_begins(plan, Phase.RESPONSE, one, rule.level) for one in plan.hazards)
        ends = max(_ends(plan, Phase.WARNING, one, None) for one in plan.hazards)
        yield from _found(f"/levels/{n}", begins + ends)
    levels = [rule.level for rule in plan.levels]
    warned = max(_begins(plan, Phase.WARNING, one, None) for one in plan.hazards)
    ended = max(_ends(plan, Phase.RESPONSE, *one) for one in product(plan.hazards, levels))
    followed = max(_begins(plan, Phase.AFTERMATH, one, None) for one in plan.hazards)
    yield from _found("/tasks", max(warned, ended + followed))


def _at_most(plan: Plan) -> int:
    """Return what no phase can begin with more than, for most plans have far fewer."""
    told = len(plan.reports) + 2 * len(plan.notices.rules)
    return 3 * len(plan.tasks) + 2 * told + len(plan.resource_needs) + 2 * BESIDES


def _begins(plan: Plan, phase: Phase, hazard: HazardKind, level: ResponseLevel | None) -> int:
    """Return how many events a phase begins with: a task is assigned, and its owner is told.

    Those that wait for another task count as well, for it may be that all wait for the same.
    """
    reports = sum(phase in rule.phases for rule in plan.reports)
    notices = sum(rule.phase is phase for rule in plan.notices.rules)
    units = sum(level in need.levels for need in plan.resource_needs)
    return 2 * len(plan.tasks_of(phase, hazard, level)) + reports + notices + units + BESIDES


def _ends(plan: Plan, phase: Phase, hazard: HazardKind, level: ResponseLevel | None) -> int:
    """Return how many events the end of a phase adds, if nobody has begun or been told anything."""
    tasks = plan.tasks_of(phase, hazard, level)
    posts = len({task.post for task in tasks})
    reports = sum(phase in rule.phases for rule in plan.reports)
    notices = sum(rule.phase is phase for rule in plan.notices.rules)
    return 2 * len(tasks) + posts + reports + 2 * notices + len(plan.resource_needs)


def _found(where: str, events: int) -> Iterator[Finding]:
    if events > COMMAND_EVENTS_MAX:
        yield finding(TOO_MUCH_AT_ONCE, where, events=events, most=COMMAND_EVENTS_MAX)


KINDS = (TOO_MUCH_AT_ONCE,)
RULES = (sizes,)
