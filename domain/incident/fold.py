"""What each fact changes. A table instead of a `match`, because a fold of 100,000 facts meets it
100,000 times; a test keeps it as complete as a `match` would be.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain.incident.events import aftermath, duties, means, opening, response
from domain.incident.state import (
    AlarmStatus,
    DeadlineKey,
    DeadlineKind,
    Holding,
    Incident,
    Measure,
    Notice,
    NoticeStatus,
    Notification,
    Request,
    RequestStatus,
    Task,
    TaskStatus,
    Unit,
    UnitStatus,
    Warning_,
    Zone,
)
from domain.values import Fact, Phase


def evolve(incident: Incident, fact: Fact) -> Incident:
    """Take a fact into account."""
    return _CHANGES[type(fact)](incident, fact)


def _armed(was: Incident, kind: DeadlineKind, subject: str, at: datetime | None) -> Any:  # noqa: ANN401 - rpds maps are untyped to mypy here
    return was.deadlines.insert(DeadlineKey(kind, subject), at) if at else was.deadlines


def _disarmed(was: Incident, *keys: tuple[DeadlineKind, str]) -> Any:  # noqa: ANN401 - as above
    deadlines = was.deadlines
    for key in keys:
        deadlines = deadlines.discard(DeadlineKey(*key))
    return deadlines


# ------------------------------------------------------------------------------------- opening


def _opened(was: Incident, fact: opening.IncidentOpened) -> Incident:
    return was._replace(
        phase=Phase.NORMAL,
        venue=fact.venue,
        hazard=fact.hazard,
        plan=fact.plan,
        mode=fact.mode,
        pace=fact.pace,
    )


def _warned(was: Incident, fact: opening.WarningRaised) -> Incident:
    warning = Warning_(fact.colour, fact.scope, fact.matters, fact.issuer)
    phase = Phase.WARNING if was.phase is Phase.NORMAL else was.phase
    return was._replace(warning=warning, phase=phase)


def _adjusted(was: Incident, fact: opening.WarningAdjusted) -> Incident:
    return was._replace(
        warning=Warning_(fact.colour, fact.scope, fact.matters, fact.issuer)
    )


def _warning_cancelled(was: Incident, _: opening.WarningCancelled) -> Incident:
    return was._replace(warning=None)


def _alarmed(was: Incident, fact: opening.AlarmReported) -> Incident:
    deadlines = _armed(was, DeadlineKind.ALARM_VERIFICATION, "alarm", fact.verify_by)
    return was._replace(alarm=AlarmStatus.REPORTED, deadlines=deadlines)


def _alarm(status: AlarmStatus) -> Callable[[Incident, Fact], Incident]:
    def change(was: Incident, _: Fact) -> Incident:
        deadlines = _disarmed(was, (DeadlineKind.ALARM_VERIFICATION, "alarm"))
        return was._replace(alarm=status, deadlines=deadlines)

    return change


def _over(phase: Phase) -> Callable[[Incident, Fact], Incident]:
    def change(was: Incident, _: Fact) -> Incident:
        return was._replace(phase=phase, deadlines=type(was.deadlines)())

    return change


# ------------------------------------------------------------------------------------ response


def _activated(was: Incident, fact: response.ResponseActivated) -> Incident:
    deadlines = _armed(was, DeadlineKind.FIRST_NOTICE, "notice", fact.first_notice_by)
    deadlines = deadlines.discard(DeadlineKey(DeadlineKind.ALARM_VERIFICATION, "alarm"))
    return was._replace(phase=Phase.RESPONSE, level=fact.level, deadlines=deadlines)


def _level_changed(was: Incident, fact: response.ResponseLevelChanged) -> Incident:
    return was._replace(level=fact.level)


def _terminated(was: Incident, _: response.ResponseTerminated) -> Incident:
    ended = {
        DeadlineKind.FIRST_NOTICE,
        DeadlineKind.UNIT_ARRIVAL,
        DeadlineKind.POST_ACCEPTANCE,
    }
    gone = [(key.kind, key.subject) for key in was.deadlines if key.kind in ended]
    return was._replace(phase=Phase.AFTERMATH, deadlines=_disarmed(was, *gone))


def _unchanged(was: Incident, _: Fact) -> Incident:
    return was


def _post(
    was: Incident, post: str, holding: Holding, until: datetime | None = None
) -> Incident:
    deadlines = _disarmed(was, (DeadlineKind.POST_ACCEPTANCE, post))
    if until:
        deadlines = deadlines.insert(
            DeadlineKey(DeadlineKind.POST_ACCEPTANCE, post), until
        )
    return was._replace(posts=was.posts.insert(post, holding), deadlines=deadlines)


def _offered(was: Incident, fact: response.PostOffered) -> Incident:
    holding = was.posts.get(fact.post) or Holding()
    return _post(
        was, fact.post, holding._replace(offered_to=fact.person), fact.accept_by
    )


def _accepted(was: Incident, fact: response.PostAccepted) -> Incident:
    return _post(was, fact.post, Holding(held_by=fact.person))


def _passed_over(
    was: Incident, fact: response.PostDeclined | response.PostOfferExpired
) -> Incident:
    holding = was.posts.get(fact.post) or Holding()
    passed = (*holding.passed_over, fact.person)
    return _post(was, fact.post, holding._replace(offered_to=None, passed_over=passed))


def _vacant(was: Incident, fact: response.PostLeftVacant) -> Incident:
    holding = was.posts.get(fact.post) or Holding()
    return _post(was, fact.post, holding._replace(offered_to=None))


def _measure(was: Incident, fact: response.MeasureImposed) -> Incident:
    return was._replace(measures=was.measures.insert(fact.measure, Measure()))


def _lifted(was: Incident, fact: response.MeasureLifted) -> Incident:
    lifted = was.measures[fact.measure]._replace(lifted=True)
    return was._replace(measures=was.measures.insert(fact.measure, lifted))


def _handed_over(was: Incident, fact: response.MeasureHandedOver) -> Incident:
    owned = was.measures[fact.measure]._replace(owner=fact.owner)
    return was._replace(measures=was.measures.insert(fact.measure, owned))


def _evacuating(was: Incident, fact: response.EvacuationOrdered) -> Incident:
    return was._replace(zones=was.zones.insert(fact.zone, Zone()))


def _cleared(was: Incident, fact: response.ZoneCleared) -> Incident:
    zone = was.zones[fact.zone]._replace(cleared=True)
    return was._replace(zones=was.zones.insert(fact.zone, zone))


def _unaccounted(was: Incident, fact: response.UnaccountedReported) -> Incident:
    zone = (was.zones.get(fact.zone) or Zone())._replace(unaccounted=fact.persons)
    return was._replace(zones=was.zones.insert(fact.zone, zone))


def _assistance(was: Incident, fact: response.AssistanceRegistered) -> Incident:
    return was._replace(assistance=was.assistance.insert(fact.assistance, fact.zone))


def _assisted(was: Incident, fact: response.AssistanceGiven) -> Incident:
    return was._replace(
        assistance=was.assistance.discard(fact.assistance),
        assisted=was.assisted.insert(fact.assistance),
    )


# -------------------------------------------------------------------------------------- duties


def _ordered(was: Incident, fact: duties.NotificationOrdered) -> Incident:
    owed = Notification(fact.to, fact.message, fact.about)
    return was._replace(
        notifications=was.notifications.insert(fact.notification, owed),
        notified=was.notified + 1,
    )


def _settled(
    was: Incident,
    fact: duties.NotificationDelivered
    | duties.NotificationFailed
    | duties.NotificationWithdrawn,
) -> Incident:
    return was._replace(notifications=was.notifications.discard(fact.notification))


def _assigned(was: Incident, fact: duties.TaskAssigned) -> Incident:
    deadlines = _armed(
        was, DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task, fact.acknowledge_by
    )
    if fact.start_by:
        deadlines = deadlines.insert(
            DeadlineKey(DeadlineKind.TASK_START, fact.task), fact.start_by
        )
    if fact.finish_by:
        deadlines = deadlines.insert(
            DeadlineKey(DeadlineKind.TASK_FINISH, fact.task), fact.finish_by
        )
    return was._replace(
        tasks=was.tasks.insert(fact.task, Task(fact.post)), deadlines=deadlines
    )


def _acknowledged(was: Incident, fact: duties.TaskAcknowledged) -> Incident:
    task = was.tasks[fact.task]._replace(status=TaskStatus.ACKNOWLEDGED)
    deadlines = _disarmed(was, (DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task))
    return was._replace(tasks=was.tasks.insert(fact.task, task), deadlines=deadlines)


def _escalated(was: Incident, fact: duties.TaskEscalated) -> Incident:
    task = was.tasks[fact.task]
    task = task._replace(step=fact.step, told=(*task.told, fact.to))
    deadlines = _armed(
        was, DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task, fact.acknowledge_by
    )
    return was._replace(tasks=was.tasks.insert(fact.task, task), deadlines=deadlines)


def _unanswered(was: Incident, fact: duties.TaskLeftUnanswered) -> Incident:
    return was._replace(
        deadlines=_disarmed(was, (DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task))
    )


def _started(was: Incident, fact: duties.TaskStarted) -> Incident:
    task = was.tasks[fact.task]._replace(status=TaskStatus.STARTED)
    deadlines = _disarmed(
        was,
        (DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task),
        (DeadlineKind.TASK_START, fact.task),
    )
    return was._replace(tasks=was.tasks.insert(fact.task, task), deadlines=deadlines)


def _task_over(status: TaskStatus) -> Callable[[Incident, Any], Incident]:
    def change(was: Incident, fact: duties.TaskFinished) -> Incident:
        task = was.tasks[fact.task]._replace(status=status)
        deadlines = _disarmed(
            was,
            (DeadlineKind.TASK_ACKNOWLEDGEMENT, fact.task),
            (DeadlineKind.TASK_START, fact.task),
            (DeadlineKind.TASK_FINISH, fact.task),
        )
        return was._replace(
            tasks=was.tasks.insert(fact.task, task), deadlines=deadlines
        )

    return change


def _overdue(was: Incident, fact: duties.TaskOverdue) -> Incident:
    kind = (
        DeadlineKind.TASK_START if fact.missed == "start" else DeadlineKind.TASK_FINISH
    )
    task = was.tasks[fact.task]._replace(overdue=True)
    return was._replace(
        tasks=was.tasks.insert(fact.task, task),
        deadlines=_disarmed(was, (kind, fact.task)),
    )


def _expected(was: Incident, fact: duties.ReportExpected) -> Incident:
    return was._replace(
        deadlines=_armed(was, DeadlineKind.REPORT, fact.report, fact.due_at)
    )


def _reported(was: Incident, fact: duties.SituationReported) -> Incident:
    return was._replace(
        reports=was.reports.insert(fact.report, fact.number),
        filings=was.filings.insert(fact.filing),
        deadlines=_disarmed(was, (DeadlineKind.REPORT, fact.report)),
    )


def _report_off(
    was: Incident, fact: duties.ReportMissed | duties.ReportNoLongerExpected
) -> Incident:
    return was._replace(deadlines=_disarmed(was, (DeadlineKind.REPORT, fact.report)))


# --------------------------------------------------------------------------------------- means


def _requested(was: Incident, fact: means.ResourceRequested) -> Incident:
    request = Request(fact.resource_kind, fact.quantity, fact.zone)
    deadlines = _armed(was, DeadlineKind.UNIT_ARRIVAL, fact.request, fact.arrive_by)
    return was._replace(
        requests=was.requests.insert(fact.request, request), deadlines=deadlines
    )


def _dispatched(was: Incident, fact: means.UnitDispatched) -> Incident:
    request = was.requests[fact.request]
    units = (*request.units, fact.unit)
    status = RequestStatus.FILLED if len(units) >= request.quantity else request.status
    return was._replace(
        requests=was.requests.insert(
            fact.request, request._replace(units=units, status=status)
        ),
        units=was.units.insert(fact.unit, Unit(fact.request)),
    )


def _arrived(was: Incident, fact: means.UnitArrived) -> Incident:
    unit = was.units[fact.unit]._replace(status=UnitStatus.ARRIVED)
    units = was.units.insert(fact.unit, unit)
    request = was.requests[unit.request]
    waiting = request.status is RequestStatus.OPEN or any(
        units[sent].status is UnitStatus.DISPATCHED
        for sent in request.units
        if sent in units
    )
    deadlines = (
        was.deadlines
        if waiting
        else _disarmed(was, (DeadlineKind.UNIT_ARRIVAL, unit.request))
    )
    return was._replace(units=units, deadlines=deadlines)


def _unit_overdue(was: Incident, fact: means.UnitOverdue) -> Incident:
    return was._replace(
        deadlines=_disarmed(was, (DeadlineKind.UNIT_ARRIVAL, fact.request))
    )


def _released(was: Incident, fact: means.UnitReleased) -> Incident:
    unit = was.units[fact.unit]._replace(status=UnitStatus.RELEASED)
    return was._replace(units=was.units.insert(fact.unit, unit))


def _returned(was: Incident, fact: means.UnitReturned) -> Incident:
    return was._replace(units=was.units.discard(fact.unit))


def _request(status: RequestStatus) -> Callable[[Incident, Any], Incident]:
    def change(was: Incident, fact: means.ResourceUnavailable) -> Incident:
        request = was.requests[fact.request]._replace(status=status)
        deadlines = _disarmed(was, (DeadlineKind.UNIT_ARRIVAL, fact.request))
        return was._replace(
            requests=was.requests.insert(fact.request, request), deadlines=deadlines
        )

    return change


def _drafted(was: Incident, fact: means.NoticeDrafted) -> Incident:
    notice = Notice((fact.drafted_by, fact.entered_by), fact.channels)
    return was._replace(notices=was.notices.insert(fact.notice, notice))


def _notice(status: NoticeStatus) -> Callable[[Incident, Any], Incident]:
    def change(was: Incident, fact: means.NoticeApproved) -> Incident:
        notice = was.notices[fact.notice]._replace(status=status)
        return was._replace(notices=was.notices.insert(fact.notice, notice))

    return change


def _published(was: Incident, fact: means.NoticePublished) -> Incident:
    told = _notice(NoticeStatus.PUBLISHED)(was, fact)
    return told._replace(
        deadlines=_disarmed(told, (DeadlineKind.FIRST_NOTICE, "notice"))
    )


def _first_notice_missed(was: Incident, _: means.FirstNoticeMissed) -> Incident:
    return was._replace(deadlines=_disarmed(was, (DeadlineKind.FIRST_NOTICE, "notice")))


# ----------------------------------------------------------------------------------- aftermath


def _damaged(was: Incident, fact: aftermath.DamageRecorded) -> Incident:
    return was._replace(damages=was.damages.insert(fact.damage))


def _evaluated(was: Incident, _: aftermath.EvaluationCompleted) -> Incident:
    return was._replace(evaluated=True)


def _found(was: Incident, fact: aftermath.FindingAdded) -> Incident:
    return was._replace(findings=was.findings.insert(fact.finding))


def _proposed(was: Incident, fact: aftermath.CorrectiveActionProposed) -> Incident:
    return was._replace(actions=was.actions.insert(fact.action))


_CHANGES: dict[type[Fact], Callable[[Incident, Any], Incident]] = {
    opening.IncidentOpened: _opened,
    opening.WarningRaised: _warned,
    opening.WarningAdjusted: _adjusted,
    opening.WarningCancelled: _warning_cancelled,
    opening.AlarmReported: _alarmed,
    opening.AlarmVerified: _alarm(AlarmStatus.VERIFIED),
    opening.AlarmFoundFalse: _alarm(AlarmStatus.FALSE),
    opening.AlarmLeftUnverified: _alarm(AlarmStatus.UNVERIFIED),
    opening.IncidentStoodDown: _over(Phase.STOOD_DOWN),
    response.ResponseActivated: _activated,
    response.ResponseLevelChanged: _level_changed,
    response.ResponseTerminated: _terminated,
    response.GateOverruled: _unchanged,
    response.PostOffered: _offered,
    response.PostAccepted: _accepted,
    response.PostDeclined: _passed_over,
    response.PostOfferExpired: _passed_over,
    response.PostLeftVacant: _vacant,
    response.CommandTransferred: _unchanged,
    response.MeasureImposed: _measure,
    response.MeasureLifted: _lifted,
    response.MeasureHandedOver: _handed_over,
    response.EvacuationOrdered: _evacuating,
    response.ZoneCleared: _cleared,
    response.UnaccountedReported: _unaccounted,
    response.AssistanceRegistered: _assistance,
    response.AssistanceGiven: _assisted,
    duties.NotificationOrdered: _ordered,
    duties.NotificationDelivered: _settled,
    duties.NotificationFailed: _settled,
    duties.NotificationWithdrawn: _settled,
    duties.TaskAssigned: _assigned,
    duties.TaskAcknowledged: _acknowledged,
    duties.TaskEscalated: _escalated,
    duties.TaskLeftUnanswered: _unanswered,
    duties.TaskStarted: _started,
    duties.TaskFinished: _task_over(TaskStatus.FINISHED),
    duties.TaskDeclaredImpossible: _task_over(TaskStatus.IMPOSSIBLE),
    duties.TaskLapsed: _task_over(TaskStatus.LAPSED),
    duties.TaskOverdue: _overdue,
    duties.ReportExpected: _expected,
    duties.SituationReported: _reported,
    duties.ReportMissed: _report_off,
    duties.ReportNoLongerExpected: _report_off,
    means.ResourceRequested: _requested,
    means.UnitDispatched: _dispatched,
    means.UnitArrived: _arrived,
    means.UnitOverdue: _unit_overdue,
    means.UnitReleased: _released,
    means.UnitReturned: _returned,
    means.ResourceUnavailable: _request(RequestStatus.UNAVAILABLE),
    means.ResourceRequestCancelled: _request(RequestStatus.CANCELLED),
    means.NoticeDrafted: _drafted,
    means.NoticeApproved: _notice(NoticeStatus.APPROVED),
    means.NoticeRejected: _notice(NoticeStatus.REJECTED),
    means.NoticePublished: _published,
    means.FirstNoticeMissed: _first_notice_missed,
    aftermath.DamageRecorded: _damaged,
    aftermath.EvaluationCompleted: _evaluated,
    aftermath.FindingAdded: _found,
    aftermath.CorrectiveActionProposed: _proposed,
    aftermath.IncidentClosed: _over(Phase.CLOSED),
}
