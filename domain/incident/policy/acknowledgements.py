"""Answers to a task, and silence: whose answer counts, and who is asked next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from domain.incident.events.duties import (
    EscalationAnswered,
    Message,
    NotificationWithdrawn,
    TaskAcknowledged,
    TaskEscalated,
    TaskLeftUnanswered,
)
from domain.incident.state.context import Context
from domain.incident.state.incident import Task
from domain.plan.model.organisation import AcknowledgePolicy, EscalationStep
from domain.plan.model.plan import Escalation, Plan
from domain.values import Event


class Step(NamedTuple):
    """Who is asked together, how many of them must answer, and by when."""

    asked: tuple[str, ...]
    needed: int
    within: timedelta


def acknowledged(on: Context, task: str) -> list[Event]:
    """Return what an answer leads to: it is enough, or it is one of several that are wanted."""
    owed, about = on.incident.tasks[task], f"task/{task}"
    if on.who in owed.answered:
        return []
    if _is_enough(on, task, owed):
        return [TaskAcknowledged(task=task, person=on.who), *on.withdrawn(about)]
    answered = EscalationAnswered(task=task, person=on.who)
    theirs = [
        NotificationWithdrawn(notification=notification)
        for notification, told in on.incident.notifications.items()
        if (told.about, told.to) == (about, on.who)
    ]
    return [answered, *theirs]


def acknowledgement_missed(on: Context, task: str) -> list[Event]:
    """Return what follows when nobody acknowledged a task, or too few: the next are asked."""
    owed, about = on.incident.tasks[task], f"task/{task}"
    following = _following(on, task, owed)
    if following is None:
        told = on.tell_commander(Message.TASK_UNANSWERED, about)
        return [TaskLeftUnanswered(task=task), *on.withdrawn(about), told]
    number, until = owed.step + 1, on.after(following.within)
    return [
        *(
            TaskEscalated(task=task, to=person, step=number, acknowledge_by=until)
            for person in following.asked
        ),
        *(() if _steps(on.plan, task) else on.withdrawn(about)),  # the first asked may answer yet
        *(on.tell(person, Message.TASK_ESCALATED, about) for person in following.asked),
    ]


def is_lost(on: Context, task: str, unreached: str) -> bool:
    """Tell whether too few are left to answer, now that somebody can't be reached either."""
    owed = on.incident.tasks[task]
    step = _present(on, task, owed)
    lost = {*owed.unreached, unreached} - {*owed.answered}
    return unreached in step.asked and len({*step.asked} - lost) < step.needed


def _is_enough(on: Context, task: str, owed: Task) -> bool:
    """Tell whether an answer settles it: nobody asked them, or they were the last it wanted."""
    asked = [step for step in _steps(on.plan, task)[: owed.step] if on.who in step.asked]
    answered = {*owed.answered, on.who}
    return not asked or any(len(answered & {*step.asked}) >= step.needed for step in asked)


def _present(on: Context, task: str, owed: Task) -> Step:
    steps = _steps(on.plan, task)
    if steps and owed.step:
        return steps[owed.step - 1]
    person = owed.told[-1] if owed.told else _first(on, owed)
    return Step((person,), 1, _patience(on, task))


def _following(on: Context, task: str, owed: Task) -> Step | None:
    """Return who is asked next, by the plan's escalation or else by the post's chain."""
    if steps := _steps(on.plan, task):
        return steps[owed.step] if owed.step < len(steps) else None
    asked = {_first(on, owed), *owed.told}
    person = next((one for one in on.chain(owed.post) if one not in asked), None)
    return Step((person,), 1, _patience(on, task)) if person else None


def _steps(plan: Plan, task: str) -> Sequence[Step]:
    """Return the steps of a task's escalation and of those that follow it, each once."""
    rule = plan.tasks_by_id.get(task)
    chains = {chain.id: chain for chain in plan.escalations}
    seen: dict[str, Escalation] = {}
    following = chains.get(rule.escalation) if rule and rule.escalation else None
    while following is not None and following.id not in seen:
        seen[following.id] = following
        following = chains.get(following.then) if following.then else None
    return [_step(step) for chain in seen.values() for step in chain.steps]


def _step(step: EscalationStep) -> Step:
    asked = tuple(dict.fromkeys(step.tell))
    match step.acknowledge:
        case AcknowledgePolicy.ANY:
            return Step(asked, 1, step.within)
        case AcknowledgePolicy.ALL:
            return Step(asked, len(asked), step.within)
        case AcknowledgePolicy.QUORUM:
            return Step(asked, step.quorum or len(asked), step.within)


def _first(on: Context, owed: Task) -> str:
    return owed.first or on.seated(owed.post)


def _patience(on: Context, task: str) -> timedelta:
    rule = on.plan.tasks_by_id.get(task)
    return rule.acknowledge_within if rule else on.plan.command.accept_within
