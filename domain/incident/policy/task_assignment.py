"""What the plan assigns: when a phase begins or grows, and when what came before is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domain.incident.events.duties import Message, TaskAssigned, TaskRepeatExpected
from domain.incident.state.context import Context
from domain.incident.state.incident import TaskStatus
from domain.plan.model import plan
from domain.values import Event, Phase, ResponseLevel


def begin(on: Context, phase: Phase, level: ResponseLevel | None) -> list[Event]:
    """Return the assignment of what the plan asks for now and nobody owes yet."""
    due = on.plan.tasks_of(phase, on.incident.hazard, level)
    return _assigned(on, due, due)


def following(on: Context, over: str) -> list[Event]:
    """Return the assignment of what waited for a task that is finished, or can't be done."""
    phase = on.incident.phase
    assert phase is not None, "an incident with tasks is open"  # noqa: S101 - an invariant
    due = on.plan.tasks_of(phase, on.incident.hazard, on.incident.level)
    done = on.incident.tasks[over]._replace(status=TaskStatus.FINISHED)
    then = on._replace(incident=on.incident._replace(tasks=on.incident.tasks.insert(over, done)))
    return _assigned(then, due, [task for task in due if over in task.after])


def repeat(on: Context, task: str) -> list[Event]:
    """Return when a task that is finished is to be done again, if it is one of those."""
    rule = on.plan.tasks_by_id.get(task)
    if rule is None or rule.repeats_every is None or rule.phase is not on.incident.phase:
        return []
    return [TaskRepeatExpected(task=task, assign_at=on.after(rule.repeats_every))]


def again(on: Context, task: str) -> list[Event]:
    """Return the next assignment of a task that repeats."""
    rule = on.plan.tasks_by_id[task]
    return [_assignment(on, rule), tell_owner(on, task, rule.post)]


def tell_owner(on: Context, task: str, post: str) -> Event:
    """Return the order to tell whoever owes a task first."""
    return on.tell(on.seated(post), Message.TASK_ASSIGNED, f"task/{task}")


def _assigned(on: Context, due: Sequence[plan.Task], wanted: Iterable[plan.Task]) -> list[Event]:
    """Return the assignment of those wanted that nobody owes yet and that needn't wait."""
    facts: list[Event] = []
    known = {task.id for task in due}
    for task in wanted:
        waits = any(_is_awaited(on, before, task.phase, known) for before in task.after)
        if task.id not in on.incident.tasks and not waits:
            facts += [_assignment(on, task), tell_owner(on, task.id, task.post)]
    return facts


def _is_awaited(on: Context, before: str, phase: Phase, due: set[str]) -> bool:
    """Tell whether a task comes first that is not over. One that nobody will owe holds up none."""
    rule = on.plan.tasks_by_id.get(before)
    if rule is None or rule.phase is not phase:
        return False
    owed = on.incident.tasks.get(before)
    return before in due if owed is None else not (owed.status.is_over or owed.rounds)


def _assignment(on: Context, task: plan.Task) -> TaskAssigned:
    return TaskAssigned(
        task=task.id,
        title=task.title,
        post=task.post,
        acknowledge_by=on.after(task.acknowledge_within),
        start_by=on.after(task.start_within) if task.start_within else None,
        finish_by=on.after(task.finish_within) if task.finish_within else None,
    )
