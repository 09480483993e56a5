"""Silence: who is asked next when nobody acknowledges a task."""

from __future__ import annotations

from datetime import timedelta

from domain.incident.events.duties import Message, TaskEscalated, TaskLeftUnanswered
from domain.incident.situation import Situation
from domain.incident.state import Task
from domain.values import Fact


def acknowledgement_missed(on: Situation, task: str) -> list[Fact]:
    """Return what follows when nobody acknowledged a task: the next of the chain is asked."""
    owed, about = on.incident.tasks[task], f"task/{task}"
    following = _next(on, owed)
    if following is None:
        told = on.tell_commander(Message.TASK_UNANSWERED, about)
        return [TaskLeftUnanswered(task=task), *on.withdrawn(about), told]
    step, until = owed.step + 1, on.after(_patience(on, task))
    return [
        TaskEscalated(task=task, to=following, step=step, acknowledge_by=until),
        *on.withdrawn(about),
        on.tell(following, Message.TASK_ESCALATED, about),
    ]


def is_asked(on: Situation, task: str, person: str) -> bool:
    """Tell whether it is somebody's answer that is awaited."""
    owed = on.incident.tasks[task]
    return person == (owed.told[-1] if owed.told else _first(on, owed))


def _next(on: Situation, owed: Task) -> str | None:
    """Return the first of the chain, as it is at this hour, who was not asked yet."""
    asked = {_first(on, owed), *owed.told}
    return next((person for person in on.chain(owed.post) if person not in asked), None)


def _first(on: Situation, owed: Task) -> str:
    return owed.first or on.seated(owed.post)


def _patience(on: Situation, task: str) -> timedelta:
    rule = on.plan.tasks_by_id.get(task)
    return rule.acknowledge_within if rule else on.plan.command.accept_within
