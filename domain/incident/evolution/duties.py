"""What tasks, reports and notifications change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.decider import existing
from domain.incident.events import duties
from domain.incident.evolution.armed_deadlines import armed, disarmed
from domain.incident.evolution.changes import Changes
from domain.incident.state.incident import (
    DeadlineKey,
    DeadlineKind,
    Incident,
    Notification,
    Task,
    TaskStatus,
)

_ASKING = frozenset({duties.Message.TASK_ASSIGNED, duties.Message.TASK_ESCALATED})
"""Messages that want an answer to a task."""


def _ordered(was: Incident, fact: duties.NotificationOrdered) -> Incident:
    owed = Notification(fact.to, fact.message, fact.about)
    tasks = was.tasks
    if fact.message is duties.Message.TASK_ASSIGNED:
        name = fact.about.removeprefix("task/")
        if task := tasks.get(name):
            tasks = tasks.insert(name, task._replace(first=fact.to))
    return was._replace(
        tasks=tasks,
        notifications=was.notifications.insert(fact.notification, owed),
        notified=was.notified + 1,
    )


def _settled(
    was: Incident,
    fact: duties.NotificationDelivered | duties.NotificationFailed | duties.NotificationWithdrawn,
) -> Incident:
    return was._replace(notifications=was.notifications.discard(fact.notification))


def _failed(was: Incident, fact: duties.NotificationFailed) -> Incident:
    owed = was.notifications.get(fact.notification)
    told = _settled(was, fact)
    if owed is None or owed.message not in _ASKING:
        return told
    name = owed.about.removeprefix("task/")
    task = told.tasks.get(name)
    if task is None:
        return told
    task = task._replace(unreached=(*task.unreached, owed.to))
    return told._replace(tasks=told.tasks.insert(name, task))


def _assigned(was: Incident, fact: duties.TaskAssigned) -> Incident:
    deadlines = armed(was, DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task, fact.acknowledge_by)
    if fact.start_by:
        deadlines = deadlines.insert(DeadlineKey(DeadlineKind.TASK_START, fact.task), fact.start_by)
    if fact.finish_by:
        deadlines = deadlines.insert(
            DeadlineKey(DeadlineKind.TASK_FINISH, fact.task), fact.finish_by
        )
    rounds = 0
    if before := was.tasks.get(fact.task):
        rounds = before.rounds + 1
        deadlines = deadlines.discard(DeadlineKey(DeadlineKind.TASK_REPEAT, fact.task))
    task = Task(fact.post, rounds=rounds)
    return was._replace(tasks=was.tasks.insert(fact.task, task), deadlines=deadlines)


def _acknowledged(was: Incident, fact: duties.TaskAcknowledged) -> Incident:
    task = _moved(existing(was.tasks, fact.task), TaskStatus.ACKNOWLEDGED)
    deadlines = disarmed(was, (DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task))
    return was._replace(tasks=was.tasks.insert(fact.task, task), deadlines=deadlines)


def _escalated(was: Incident, fact: duties.TaskEscalated) -> Incident:
    task = existing(was.tasks, fact.task)
    unreached = task.unreached if fact.step == task.step else ()
    task = task._replace(step=fact.step, told=(*task.told, fact.to), unreached=unreached)
    deadlines = armed(was, DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task, fact.acknowledge_by)
    return was._replace(tasks=was.tasks.insert(fact.task, task), deadlines=deadlines)


def _answered(was: Incident, fact: duties.EscalationAnswered) -> Incident:
    task = existing(was.tasks, fact.task)
    task = task._replace(answered=(*task.answered, fact.person))
    return was._replace(tasks=was.tasks.insert(fact.task, task))


def _unanswered(was: Incident, fact: duties.TaskLeftUnanswered) -> Incident:
    return was._replace(deadlines=disarmed(was, (DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task)))


def _started(was: Incident, fact: duties.TaskStarted) -> Incident:
    task = _moved(existing(was.tasks, fact.task), TaskStatus.STARTED)
    deadlines = disarmed(
        was,
        (DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task),
        (DeadlineKind.TASK_START, fact.task),
    )
    return was._replace(tasks=was.tasks.insert(fact.task, task), deadlines=deadlines)


def _task_over(status: TaskStatus) -> Callable[[Incident, Any], Incident]:
    def change(was: Incident, fact: duties.TaskFinished) -> Incident:
        task = _moved(existing(was.tasks, fact.task), status)
        deadlines = disarmed(
            was,
            (DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task),
            (DeadlineKind.TASK_START, fact.task),
            (DeadlineKind.TASK_FINISH, fact.task),
        )
        return was._replace(tasks=was.tasks.insert(fact.task, task), deadlines=deadlines)

    return change


def _overdue(was: Incident, fact: duties.TaskOverdue) -> Incident:
    kind = DeadlineKind.TASK_START if fact.missed == "start" else DeadlineKind.TASK_FINISH
    task = existing(was.tasks, fact.task)._replace(overdue=True)
    return was._replace(
        tasks=was.tasks.insert(fact.task, task),
        deadlines=disarmed(was, (kind, fact.task)),
    )


def _repeated(was: Incident, fact: duties.TaskRepeatExpected) -> Incident:
    return was._replace(deadlines=armed(was, DeadlineKind.TASK_REPEAT, fact.task, fact.assign_at))


def _expected(was: Incident, fact: duties.ReportExpected) -> Incident:
    return was._replace(deadlines=armed(was, DeadlineKind.REPORT, fact.report, fact.due_at))


def _reported(was: Incident, fact: duties.SituationReported) -> Incident:
    return was._replace(
        reports=was.reports.insert(fact.report, fact.number),
        filings=was.filings.insert(fact.filing),
        deadlines=disarmed(was, (DeadlineKind.REPORT, fact.report)),
    )


def _report_off(
    was: Incident, fact: duties.ReportMissed | duties.ReportNoLongerExpected
) -> Incident:
    return was._replace(deadlines=disarmed(was, (DeadlineKind.REPORT, fact.report)))


def _moved(task: Task, status: TaskStatus) -> Task:
    """Return a task in another status; a third of the time of `_replace`."""
    return Task(task.post, status, *task[2:])


CHANGES: Changes = {
    duties.NotificationOrdered: _ordered,
    duties.NotificationDelivered: _settled,
    duties.NotificationFailed: _failed,
    duties.NotificationWithdrawn: _settled,
    duties.TaskAssigned: _assigned,
    duties.TaskAcknowledged: _acknowledged,
    duties.TaskEscalated: _escalated,
    duties.EscalationAnswered: _answered,
    duties.TaskLeftUnanswered: _unanswered,
    duties.TaskStarted: _started,
    duties.TaskFinished: _task_over(TaskStatus.FINISHED),
    duties.TaskDeclaredImpossible: _task_over(TaskStatus.IMPOSSIBLE),
    duties.TaskLapsed: _task_over(TaskStatus.LAPSED),
    duties.TaskOverdue: _overdue,
    duties.TaskRepeatExpected: _repeated,
    duties.ReportExpected: _expected,
    duties.SituationReported: _reported,
    duties.ReportMissed: _report_off,
    duties.ReportNoLongerExpected: _report_off,
}
