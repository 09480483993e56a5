"""Answers: whoever is silent, somebody is told next, in time, until somebody answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.notation import spelled
from domain.plan.model.organisation import AcknowledgePolicy
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from domain.plan.model.organisation import EscalationStep
    from domain.plan.model.plan import Escalation, Plan, Task

COMMAND_VACANT_MAX = timedelta(minutes=15)
"""Longer than that no venue does without a commander; the first report is due by then."""

CHAINS_MAX = 20
"""Escalations that are followed one after another; nobody waits for more."""

QUORUM_IMPOSSIBLE = Kind(
    "quorum-impossible",
    Severity.ERROR,
    "须有 {quorum} 人应答，但只通知 {told} 人",
    "{quorum} must answer, but only {told} are told",
    why=Text.of(
        "这一步永远达不到人数，每次都会升级到下一步。",
        "The step can never be answered; every time it goes on to the next.",
    ),
    mend=Text.of("减小 quorum，或增加通知的人。", "Ask for fewer answers, or tell more people."),
    example="/escalations/0/steps/1/quorum: 4",
)
QUORUM_MISSING = Kind(
    "quorum-missing",
    Severity.ERROR,
    "应答方式为 quorum，但没有写明人数",
    "the step waits for a quorum, but doesn't say of how many",
    why=Text.of(
        "不写人数就无法判断这一步是否已应答。",
        "Without the number nobody can tell whether the step was answered.",
    ),
    mend=Text.of("写明 quorum: 2（或其他人数）。", "Say `quorum: 2`, or another number."),
    example="/escalations/0/steps/1/quorum: -",
)
QUORUM_UNUSED = Kind(
    "quorum-unused",
    Severity.WARNING,
    "应答方式为 {policy}，quorum 不起作用",
    "the step waits for {policy}, so its quorum is of no account",
    why=Text.of(
        "写的人以为要几个人应答，实际并不是。",
        "Whoever wrote it believes that several must answer, and it isn't so.",
    ),
    mend=Text.of("写 acknowledge: quorum，或删去人数。", "Say `acknowledge: quorum`, or drop it."),
    example="/escalations/0/steps/1/acknowledge: all",
)
ESCALATION_UNUSED = Kind(
    "escalation-unused",
    Severity.WARNING,
    "升级链“{name}”没有任务使用",
    "no task uses the escalation '{name}'",
    why=Text.of(
        "多半是某项任务忘了写 escalation，紧急时走的是另一条链。",
        "A task was meant to name it; in the emergency another chain is followed.",
    ),
    mend=Text.of("在任务上写 escalation，或删去。", "Name it in a task, or take it out."),
    example="/tasks/2/escalation: -",
)
ESCALATION_WITHOUT_COMMAND = Kind(
    "escalation-without-command",
    Severity.WARNING,
    "升级链“{name}”到头也没有通知总指挥或其副职",
    "the escalation '{name}' ends without anybody who commands being told",
    why=Text.of(
        "链上的人都不应答时，能改派任务的人并不知道。",
        "When all of them stay silent, those who could send others never hear of it.",
    ),
    mend=Text.of(
        "最后一步通知总指挥，或用 then 接到通知他的链。",
        "Tell the commander in the last step, or go on with `then` to a chain that does.",
    ),
    source="突发事件应对法 2024, art. 72",
    example="/escalations/0/then: -",
)
ESCALATION_STEP_REPEATS = Kind(
    "escalation-step-repeats",
    Severity.WARNING,
    "这一步只通知前面已经通知过的人：{people}",
    "the step tells only people who were told before: {people}",
    why=Text.of(
        "已经沉默的人再问一遍，只是多等一段时间。",
        "Asking again those who were silent only takes more time.",
    ),
    mend=Text.of("加上新的人，或删去这一步。", "Tell somebody new, or take the step out."),
    example="/escalations/0/steps/1/tell: [guide-deputy]\n/escalations/0/steps/1/quorum: 1",
)
ESCALATION_SLOWER_THAN_TASK = Kind(
    "escalation-slower-than-task",
    Severity.WARNING,
    "任务“{name}”的升级链要到 {told} 才通知到最后一步，晚于其完成时限（{due}）",
    "the task '{name}' is due within {due}, but its escalation tells the last only after {told}",
    why=Text.of(
        "后面几步的人接到通知时，任务早该完成了。",
        "Whoever is told in the last step hears of the task when it should have been done.",
    ),
    mend=Text.of(
        "缩短各步的 within，或放宽任务时限。",
        "Shorten `within` of the steps, or give the task more time.",
    ),
    example="/escalations/0/steps/0/within: 15 min",
)
ESCALATION_ENDS_EARLY = Kind(
    "escalation-ends-early",
    Severity.WARNING,
    "任务“{name}”的升级链 {ends} 就到头且没有总指挥，而任务时限是 {due}",
    "the escalation of '{name}' ends after {ends} without command, the task only after {due}",
    why=Text.of(
        "链走完以后直到任务到期，再没有人会被通知。",
        "From the end of the chain until the task is due nobody else is told of it.",
    ),
    mend=Text.of(
        "用 then 接下一条链，或在最后一步通知总指挥。",
        "Go on with `then`, or let the last step tell the commander.",
    ),
    example="/escalations/0/then: -",
)
ESCALATION_TELLS_THE_PUBLIC = Kind(
    "escalation-tells-the-public",
    Severity.ERROR,
    "升级链会通知“{name}”，而它是对公众发布的渠道",
    "the escalation tells '{name}', which is a channel to the public",
    why=Text.of(
        "没有人应答的内部任务会显示给公众，而且不会有人应答。",
        "A duty that nobody answered would be shown to the public, and stay unanswered.",
    ),
    mend=Text.of("换成一个人。", "Name a person."),
    example="/escalations/0/steps/0/tell: [guide-upstairs, screens]",
)
STAND_IN_ASKED_TOO_LATE = Kind(
    "stand-in-asked-too-late",
    Severity.WARNING,
    "任务“{name}”要到 {told} 才问到最后一名副职“{person}”，晚于完成时限（{due}）",
    "the task '{name}' is due within {due}, but '{person}' is asked only after {told}",
    why=Text.of(
        "每人等一个确认时限；排在后面的人接到时已经来不及。",
        "Each is given the time to acknowledge in turn; for the last of them it is too late.",
    ),
    mend=Text.of(
        "缩短 acknowledge_within，或用 escalation 同时通知几个人。",
        "Shorten `acknowledge_within`, or tell several at once with an `escalation`.",
    ),
    example="/tasks/9/acknowledge_within: 8 min\n/tasks/9/start_within: 9 min",
)
COMMAND_VACANT_LONG = Kind(
    "command-vacant-long",
    Severity.WARNING,
    "指挥权依次征询 {people} 人，最长 {span} 无人指挥",
    "command is offered to {people} in turn: up to {span} without a commander",
    why=Text.of(
        "没有指挥就没有人决定响应级别、请求支援。",
        "Without a commander nobody decides the level or calls for help.",
    ),
    mend=Text.of("缩短 accept_within。", "Shorten `accept_within`."),
    source="突发事件应对法 2024, art. 72",
    example="/command/accept_within: 10 min",
)


def quorums(plan: Plan) -> Iterator[Finding]:
    """Find steps that nobody can tell to be answered, or that never are."""
    for at, step in _steps(plan):
        if step.acknowledge is not AcknowledgePolicy.QUORUM:
            if step.quorum is not None:
                yield finding(QUORUM_UNUSED, f"{at}/quorum", policy=step.acknowledge)
        elif step.quorum is None:
            yield finding(QUORUM_MISSING, at)
        elif step.quorum > len({*step.tell}):
            said = {"quorum": step.quorum, "told": len({*step.tell})}
            yield finding(QUORUM_IMPOSSIBLE, f"{at}/quorum", **said)


def escalations(plan: Plan) -> Iterator[Finding]:
    """Find chains that nobody uses, or that end too low."""
    chains = {chain.id: chain for chain in plan.escalations}
    used = {task.escalation for task in plan.tasks} | {chain.then for chain in plan.escalations}
    for n, chain in enumerate(plan.escalations):
        at = f"/escalations/{n}"
        if chain.id not in used:
            yield finding(ESCALATION_UNUSED, at, name=chain.id)
        if not _reaches_command(plan, _whole(chains, chain)):
            yield finding(ESCALATION_WITHOUT_COMMAND, at, name=chain.id)


def repeated(plan: Plan) -> Iterator[Finding]:
    """Find steps that ask the same people again, or the public."""
    public = {*plan.notices.channels}
    for n, chain in enumerate(plan.escalations):
        told: set[str] = set()
        for k, step in enumerate(chain.steps):
            at = f"/escalations/{n}/steps/{k}/tell"
            for m, name in enumerate(step.tell):
                if name in public:
                    yield finding(ESCALATION_TELLS_THE_PUBLIC, f"{at}/{m}", name=name)
            if {*step.tell} <= told:
                yield finding(ESCALATION_STEP_REPEATS, at, people=", ".join(step.tell))
            told |= {*step.tell}


def in_time(plan: Plan) -> Iterator[Finding]:
    """Find tasks for which the last to be told is told too late, or nobody any more."""
    chains = {chain.id: chain for chain in plan.escalations}
    for n, task in enumerate(plan.tasks):
        if task.finish_within is None:
            continue
        if task.escalation is None:
            yield from _by_the_post(plan, f"/tasks/{n}", task, task.finish_within)
        elif task.escalation in chains:
            steps = _whole(chains, chains[task.escalation])
            yield from _by_the_steps(plan, f"/tasks/{n}", task, steps)


def command(plan: Plan) -> Iterator[Finding]:
    """Find a command that stays vacant too long."""
    post = plan.posts.get(plan.command.post)
    if post is not None:
        people = 1 + len(post.deputies)
        span = plan.command.accept_within * people
        if span > COMMAND_VACANT_MAX:
            said = {"people": people, "span": spelled(span)}
            yield finding(COMMAND_VACANT_LONG, "/command/accept_within", **said)


def _by_the_post(plan: Plan, at: str, task: Task, due: timedelta) -> Iterator[Finding]:
    post = plan.posts.get(task.post)
    people = [*dict.fromkeys((post.holder, *post.members, *post.deputies))] if post else []
    told = task.acknowledge_within * (len(people) - 1)
    if people and told > due:
        said = {"person": people[-1], "told": spelled(told), "due": spelled(due)}
        where = f"{at}/acknowledge_within"
        yield finding(STAND_IN_ASKED_TOO_LATE, where, name=task.id, **said)


def _by_the_steps(
    plan: Plan, at: str, task: Task, steps: Sequence[EscalationStep]
) -> Iterator[Finding]:
    assert task.finish_within is not None, "only tasks with a deadline are looked at"  # noqa: S101 - an invariant
    *earlier, last = [step.within for step in steps]
    told = sum(earlier, task.acknowledge_within)
    due, ends = task.finish_within, told + last
    where = f"{at}/escalation"
    if told > due:
        said = {"told": spelled(told), "due": spelled(due)}
        yield finding(ESCALATION_SLOWER_THAN_TASK, where, name=task.id, **said)
    elif ends < due and not _reaches_command(plan, steps):
        said = {"ends": spelled(ends), "due": spelled(due)}
        yield finding(ESCALATION_ENDS_EARLY, where, name=task.id, **said)


def _whole(chains: Mapping[str, Escalation], chain: Escalation) -> Sequence[EscalationStep]:
    """Return the steps of a chain and of those that follow it, each chain once."""
    seen: dict[str, Escalation] = {}
    following: Escalation | None = chain
    while following is not None and following.id not in seen and len(seen) < CHAINS_MAX:
        seen[following.id] = following
        following = chains.get(following.then or "")
    return [step for one in seen.values() for step in one.steps]


def _reaches_command(plan: Plan, steps: Sequence[EscalationStep]) -> bool:
    post = plan.posts.get(plan.command.post)
    commanders = {post.holder, *post.deputies} if post else set()
    return any(commanders & {*step.tell} for step in steps)


def _steps(plan: Plan) -> Iterator[tuple[str, EscalationStep]]:
    for n, chain in enumerate(plan.escalations):
        for k, step in enumerate(chain.steps):
            yield f"/escalations/{n}/steps/{k}", step


KINDS = (
    QUORUM_IMPOSSIBLE,
    QUORUM_MISSING,
    QUORUM_UNUSED,
    ESCALATION_UNUSED,
    ESCALATION_WITHOUT_COMMAND,
    ESCALATION_STEP_REPEATS,
    ESCALATION_TELLS_THE_PUBLIC,
    ESCALATION_SLOWER_THAN_TASK,
    ESCALATION_ENDS_EARLY,
    STAND_IN_ASKED_TOO_LATE,
    COMMAND_VACANT_LONG,
)
RULES = (quorums, escalations, repeated, in_time, command)
