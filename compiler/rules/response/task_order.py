"""Order: what waits for something waits for what comes, and repeats what ends."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from compiler.analysis.demand import beginnings
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.notation import spelled
from domain.plan.model.organisation import Duty
from domain.plan.model.space import EgressRules
from domain.values import HazardKind, Phase, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan, Task

FIRST_FORCE_WITHIN = timedelta(minutes=1)
"""Those nearest to a fire fight it one minute after it was confirmed (GB/T 38315-2019)."""
ORDER_SHOWN_MAX = 5
"""Hazards or levels that one finding lists."""

PREDECESSOR_OF_ANOTHER_PHASE = Kind(
    "predecessor-of-another-phase",
    Severity.ERROR,
    "任务“{name}”（{phase}阶段）要等“{before}”（{other}阶段）",
    "the task '{name}' of the phase {phase} waits for '{before}' of the phase {other}",
    why=Text.of(
        "一个阶段结束时，未完成的任务随之终止；跨阶段等待的任务可能永远派不下去。",
        "What isn't finished when a phase ends lapses with it; who waits for it may wait for good.",
    ),
    mend=Text.of(
        "只在 after 中写同一阶段的任务。", "Name in `after` only tasks of the same phase."
    ),
    example="/tasks/3/after: [ready]",
)
PREDECESSOR_NOT_DUE = Kind(
    "predecessor-not-due",
    Severity.WARNING,
    "任务“{name}”要等“{before}”，而后者在 {cases} 时并不派发",
    "the task '{name}' waits for '{before}', which isn't assigned when it is {cases}",
    why=Text.of(
        "写的人以为前一项总会先做；在这种情况下它根本没有派发。",
        "Whoever wrote it believes that the other always comes first; here it never comes.",
    ),
    mend=Text.of(
        "让两项任务的 levels 和 hazards 一致，或去掉这个 after。",
        "Give both the same levels and hazards, or don't wait for it.",
    ),
    example="/tasks/3/levels: [II, III]\n/tasks/2/levels: [II]",
)
PREDECESSOR_OPEN_ENDED = Kind(
    "predecessor-open-ended",
    Severity.WARNING,
    "任务“{name}”要等“{before}”完成，而后者没有完成时限",
    "the task '{name}' waits until '{before}' is finished, which has no deadline for that",
    why=Text.of(
        "前一项可以一直做下去，后一项就一直不会派发，而没有人会被提醒。",
        "The first may go on for good; the second is never assigned, and nobody is reminded.",
    ),
    mend=Text.of("给前一项写 finish_within。", "Give the first a deadline: `finish_within`."),
    example="/tasks/2/finish_within: -",
)
REPEAT_OPEN_ENDED = Kind(
    "repeat-open-ended",
    Severity.WARNING,
    "任务“{name}”每 {every} 重复，但没有完成时限",
    "the task '{name}' repeats every {every}, but has no deadline to be finished by",
    why=Text.of(
        "重复从完成时起算；一次没有报完成，就再也不会派发。",
        "It comes again that long after it was finished; if one time isn't, it never does.",
    ),
    mend=Text.of("加上 finish_within。", "Say by when it is finished: `finish_within`."),
    example="/tasks/0/finish_within: -",
)
REPEAT_AS_PREDECESSOR = Kind(
    "repeat-as-predecessor",
    Severity.WARNING,
    "任务“{name}”要等会不断重复的“{before}”",
    "the task '{name}' waits for '{before}', which comes again and again",
    why=Text.of(
        "重复的任务没有终点；后一项在第一次完成后就会派发，未必是本意。",
        "It has no end; the other begins once it was done the first time, which may not be meant.",
    ),
    mend=Text.of(
        "把首次要做的事写成单独的任务。", "Make what must be done first a task of its own."
    ),
    example="/tasks/2/repeats_every: 30 min",
)
TASK_WITHOUT_DEADLINE = Kind(
    "task-without-deadline",
    Severity.WARNING,
    "任务“{name}”既没有开始时限也没有完成时限，又不重复",
    "the task '{name}' must neither be started nor finished by any time, nor does it repeat",
    why=Text.of(
        "一旦有人确认，就再没有时限提醒；“及时”无法考核。",
        "Once acknowledged nothing ever reminds of it; nobody can be held to 'in time'.",
    ),
    mend=Text.of(
        "写 start_within 或 finish_within；持续性工作写 repeats_every。",
        "Give it `start_within` or `finish_within`; to lasting work `repeats_every`.",
    ),
    example="/tasks/12/start_within: -",
)
FIRST_FORCE_LATE = Kind(
    "first-force-late",
    Severity.WARNING,
    "预案适用于火灾，但没有一项响应任务须在 {most} 内开始灭火",
    "the plan is for fire, but no task of the response has to begin within {most}",
    why=Text.of(
        "火在最初几分钟最容易扑灭；附近的人一分钟内应形成第一灭火力量。",
        "A fire is put out in its first minutes or not at all: those nearest must be on it.",
    ),
    mend=Text.of(
        "写一项 hazards: [fire]、start_within: 1 min 的任务。",
        "Write a task with `hazards: [fire]` and `start_within: 1 min`.",
    ),
    source="GB/T 38315-2019",
    example="/tasks/5/start_within: 3 min",
)
NOTICE_NOT_PREPARED = Kind(
    "notice-not-prepared",
    Severity.WARNING,
    "首次公告须在 {within} 内发布，但岗位“{post}”没有任务在此之前完成",
    "the first notice is due within {within}, but no task of the post '{post}' is done by then",
    why=Text.of(
        "没有任务就没有人被提醒起草和送审，公告会晚于预案的承诺。",
        "Without a task nobody is told to draft it and have it approved; it comes too late.",
    ),
    mend=Text.of(
        "在响应阶段给该岗位写一项任务，finish_within 不超过公告时限。",
        "Give the post a task of the response with `finish_within` no longer than that.",
    ),
    source="突发事件应对法 2024, art. 64",
    example="/tasks/11/finish_within: 15 min",
)

GUIDES_TOO_LATE = Kind(
    "guides-too-late",
    Severity.WARNING,
    "引导任务“{name}”{within} 后才开始，而全场应在 {limit} 内撤离",
    "the task '{name}' guides people from {within} on, but all should be out within {limit}",
    why=Text.of(
        "引导的人到位时，人群已经自己选了路，或者堵在了门口。",
        "When the guides begin, the crowd has chosen its own way, or is stuck in it.",
    ),
    mend=Text.of("缩短 start_within。", "Shorten `start_within`."),
    source="消防法, art. 44",
    example="/tasks/2/start_within: 10 min",
)


def predecessors(plan: Plan) -> Iterator[Finding]:
    """Find tasks that wait for what doesn't come, or doesn't end."""
    for n, task in enumerate(plan.tasks):
        for k, name in enumerate(task.after):
            before = plan.tasks_by_id.get(name)
            if before is not None and before is not task:
                yield from _waits(plan, f"/tasks/{n}/after/{k}", task, before)


def endings(plan: Plan) -> Iterator[Finding]:
    """Find tasks that nobody is ever reminded of."""
    for n, task in enumerate(plan.tasks):
        if task.repeats_every and not task.finish_within:
            every = spelled(task.repeats_every)
            yield finding(REPEAT_OPEN_ENDED, f"/tasks/{n}", name=task.id, every=every)
        elif not task.start_within and not task.finish_within:
            yield finding(TASK_WITHOUT_DEADLINE, f"/tasks/{n}", name=task.id)


def first_minutes(plan: Plan) -> Iterator[Finding]:
    """Find plans in which nobody fights a fire at once, or drafts the first notice in time."""
    response = [task for task in plan.tasks if task.phase is Phase.RESPONSE]
    if HazardKind.FIRE in plan.hazards and not any(map(_fights_fire, response)):
        yield finding(FIRST_FORCE_LATE, "/tasks", most=spelled(FIRST_FORCE_WITHIN))
    within, begins = plan.notices.first_within, beginnings(response)
    if not any(
        begins[one.id] + one.finish_within <= within
        for one in response
        if one.finish_within and _is_of_notices(plan, one)
    ):
        said = {"post": plan.notices.post, "within": spelled(within)}
        yield finding(NOTICE_NOT_PREPARED, "/notices/first_within", **said)


def guides(plan: Plan) -> Iterator[Finding]:
    """Find guides who begin when everybody should be out."""
    limit = min((venue.egress or EgressRules()).limit for venue in plan.venues)
    for n, task in enumerate(plan.tasks):
        within = task.start_within
        guiding = task.duty is Duty.GUIDANCE and task.phase is Phase.RESPONSE
        if guiding and within is not None and within >= limit:
            said = {"within": spelled(within), "limit": spelled(limit)}
            yield finding(GUIDES_TOO_LATE, f"/tasks/{n}/start_within", name=task.id, **said)


def _waits(plan: Plan, at: str, task: Task, before: Task) -> Iterator[Finding]:
    said = {"name": task.id, "before": before.id}
    if before.phase is not task.phase:
        phases = {"phase": task.phase, "other": before.phase}
        yield finding(PREDECESSOR_OF_ANOTHER_PHASE, at, **said, **phases)
        return
    if absent := _absent(plan, task, before):
        yield finding(PREDECESSOR_NOT_DUE, at, **said, cases=absent)
    if before.repeats_every:
        yield finding(REPEAT_AS_PREDECESSOR, at, **said)
    elif not before.finish_within:
        yield finding(PREDECESSOR_OPEN_ENDED, at, **said)


def _absent(plan: Plan, task: Task, before: Task) -> str:
    """Return for which hazards and levels a task is assigned, and the one before it is not."""
    hazards = [*(task.hazards or plan.hazards)]
    missing = [one.value for one in hazards if before.hazards and one not in before.hazards]
    if task.phase is Phase.RESPONSE:
        planned = {rule.level for rule in plan.levels}
        lacking = sorted(planned & ({*task.levels} - {*before.levels}))
        missing += [level.name for level in lacking]
    return ", ".join(missing[:ORDER_SHOWN_MAX])


def _fights_fire(task: Task) -> bool:
    begins = task.start_within
    return HazardKind.FIRE in task.hazards and begins is not None and begins <= FIRST_FORCE_WITHIN


def _is_of_notices(plan: Plan, task: Task) -> bool:
    return task.post == plan.notices.post or task.duty is Duty.INFORMATION


KINDS = (
    PREDECESSOR_OF_ANOTHER_PHASE,
    PREDECESSOR_NOT_DUE,
    PREDECESSOR_OPEN_ENDED,
    REPEAT_OPEN_ENDED,
    REPEAT_AS_PREDECESSOR,
    TASK_WITHOUT_DEADLINE,
    FIRST_FORCE_LATE,
    NOTICE_NOT_PREPARED,
    GUIDES_TOO_LATE,
)
RULES = (predecessors, endings, first_minutes, guides)
