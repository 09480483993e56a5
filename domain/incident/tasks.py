"""Tasks: assigned, acknowledged, started, finished, impossible; overdue and escalated."""

from __future__ import annotations

from typing import Literal

from domain.decider import Decision
from domain.incident.events.duties import (
    Message,
    TaskAssigned,
    TaskDeclaredImpossible,
    TaskFinished,
    TaskLapsed,
    TaskOverdue,
    TaskStarted,
)
from domain.incident.policy import acknowledgements, task_assignment
from domain.incident.policy.decisions import Decisions, Rule
from domain.incident.state import roster
from domain.incident.state.context import Context
from domain.incident.state.incident import Task, TaskStatus
from domain.plan.model import plan
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Role, Text

MAY_ACT_FOR_OTHERS = frozenset({Role.COMMANDER, Role.OPERATOR})
"""Who may say that a task was acknowledged or done, whoever's task it is."""


class AssignTask(Command):
    """Give a post a task that the plan does not foresee."""

    kind: Literal["AssignTask"] = "AssignTask"
    task: Id
    title: Text
    post: Id
    acknowledge_within: plan.Span
    start_within: plan.Span | None = None
    finish_within: plan.Span | None = None


class AcknowledgeTask(Command):
    """Say that the task was noticed. What is still queued about it is not sent any more."""

    kind: Literal["AcknowledgeTask"] = "AcknowledgeTask"
    task: Id


class StartTask(Command):
    """Say that work on the task began."""

    kind: Literal["StartTask"] = "StartTask"
    task: Id


class FinishTask(Command):
    """Say that the task is done."""

    kind: Literal["FinishTask"] = "FinishTask"
    task: Id


class DeclareTaskImpossible(Command):
    """Say that the task can't be done, and why (the context's reason)."""

    kind: Literal["DeclareTaskImpossible"] = "DeclareTaskImpossible"
    task: Id


def assign_task(on: Context, ask: AssignTask) -> Decision:
    if ask.post not in on.plan.posts:
        return Refusal.POST_UNKNOWN
    if ask.task in on.incident.tasks:
        return Refusal.TASK_ALREADY_ASSIGNED
    assigned = TaskAssigned(
        task=ask.task,
        title=ask.title,
        post=ask.post,
        acknowledge_by=on.after(ask.acknowledge_within),
        start_by=on.after(ask.start_within) if ask.start_within else None,
        finish_by=on.after(ask.finish_within) if ask.finish_within else None,
    )
    return [assigned, task_assignment.tell_owner(on, ask.task, ask.post)]


def acknowledge_task(on: Context, ask: AcknowledgeTask) -> Decision:
    match _mine(on, ask.task):
        case Refusal() as refusal:
            return refusal
        case Task(status=TaskStatus.ASSIGNED):
            return acknowledgements.acknowledged(on, ask.task)
        case Task(status=TaskStatus.LAPSED):
            return Refusal.TASK_OVER
        case _:
            return []


def start_task(on: Context, ask: StartTask) -> Decision:
    match _mine(on, ask.task):
        case Refusal() as refusal:
            return refusal
        case Task(status=TaskStatus.ASSIGNED | TaskStatus.ACKNOWLEDGED):
            started = TaskStarted(task=ask.task, person=on.who)
            return [started, *on.withdrawn(f"task/{ask.task}")]
        case Task(status=TaskStatus.LAPSED | TaskStatus.IMPOSSIBLE):
            return Refusal.TASK_OVER
        case _:
            return []


def finish_task(on: Context, ask: FinishTask) -> Decision:
    match _mine(on, ask.task):
        case Refusal() as refusal:
            return refusal
        case Task(status=TaskStatus.STARTED):
            finished = TaskFinished(task=ask.task, person=on.who)
            return [
                finished,
                *on.withdrawn(f"task/{ask.task}"),
                *task_assignment.repeat(on, ask.task),
                *task_assignment.following(on, ask.task),
            ]
        case Task(status=TaskStatus.FINISHED):
            return []
        case Task(status=TaskStatus.LAPSED | TaskStatus.IMPOSSIBLE):
            return Refusal.TASK_OVER
        case _:
            return Refusal.TASK_NOT_STARTED


def declare_task_impossible(on: Context, ask: DeclareTaskImpossible) -> Decision:
    match _mine(on, ask.task):
        case Refusal() as refusal:
            return refusal
        case Task(status=TaskStatus.IMPOSSIBLE):
            return []
        case Task(status=TaskStatus.LAPSED | TaskStatus.FINISHED):
            return Refusal.TASK_OVER
        case _ if not on.asked.reason:
            return Refusal.REASON_REQUIRED
        case _:
            about = f"task/{ask.task}"
            return [
                TaskDeclaredImpossible(task=ask.task, person=on.who),
                *on.withdrawn(about),
                on.tell_commander(Message.TASK_IMPOSSIBLE, about),
                *task_assignment.following(on, ask.task),
            ]


def end(on: Context) -> list[Event]:
    """Return the lapse of every task that is still open when its phase ends."""
    open_tasks = [task for task, owed in on.incident.tasks.items() if not owed.status.is_over]
    withdrawn = on.withdrawn(*(f"task/{task}" for task in open_tasks))
    return [*(TaskLapsed(task=task) for task in sorted(open_tasks)), *withdrawn]


def overdue(on: Context, task: str, missed: Literal["start", "finish"]) -> list[Event]:
    """Return what follows when a task is late: its owner and the commander are told."""
    about = f"task/{task}"
    told = dict.fromkeys((on.seated(on.incident.tasks[task].post), on.commander))
    late = TaskOverdue(task=task, missed=missed)
    return [late, *(on.tell(person, Message.TASK_OVERDUE, about) for person in told)]


def _mine(on: Context, task: str) -> Task | Refusal:
    owed = on.incident.tasks.get(task)
    if owed is None:
        return Refusal.TASK_UNKNOWN
    may_act = {*owed.told, *roster.may_act(on.plan, owed.post)}
    if on.asked.actor.roles & MAY_ACT_FOR_OTHERS or on.who in may_act:
        return owed
    return Refusal.PERSON_NOT_ASSIGNED


DECISIONS: Decisions = {
    AssignTask: Rule(assign_task),
    AcknowledgeTask: Rule(acknowledge_task),
    StartTask: Rule(start_task),
    FinishTask: Rule(finish_task),
    DeclareTaskImpossible: Rule(declare_task_impossible),
}
