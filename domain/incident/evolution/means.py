"""What units and notices change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain.decider import existing
from domain.incident.events import means
from domain.incident.evolution.armed_deadlines import armed, disarmed
from domain.incident.evolution.changes import Changes
from domain.incident.state.incident import (
    DeadlineKind,
    Incident,
    Notice,
    NoticeStatus,
    Request,
    RequestStatus,
    Unit,
    UnitStatus,
)


def _requested(was: Incident, fact: means.ResourceRequested) -> Incident:
    request = Request(fact.resource_kind, fact.quantity, fact.zone)
    deadlines = armed(was, DeadlineKind.UNIT_ARRIVAL, fact.request, fact.arrive_by)
    return was._replace(requests=was.requests.insert(fact.request, request), deadlines=deadlines)


def _dispatched(was: Incident, fact: means.UnitDispatched) -> Incident:
    request = existing(was.requests, fact.request)
    units = (*request.units, fact.unit)
    status = RequestStatus.FILLED if len(units) >= request.quantity else request.status
    return was._replace(
        requests=was.requests.insert(fact.request, request._replace(units=units, status=status)),
        units=was.units.insert(fact.unit, Unit(fact.request)),
    )


def _arrived(was: Incident, fact: means.UnitArrived) -> Incident:
    unit = existing(was.units, fact.unit)
    request = existing(was.requests, unit.request)
    units = was.units.insert(fact.unit, unit._replace(status=UnitStatus.ARRIVED))
    waiting = request.status is RequestStatus.OPEN or any(
        units[sent].status is UnitStatus.DISPATCHED for sent in request.units if sent in units
    )
    deadlines = (
        was.deadlines if waiting else disarmed(was, (DeadlineKind.UNIT_ARRIVAL, unit.request))
    )
    return was._replace(units=units, deadlines=deadlines)


def _unit_overdue(was: Incident, fact: means.UnitOverdue) -> Incident:
    return was._replace(deadlines=disarmed(was, (DeadlineKind.UNIT_ARRIVAL, fact.request)))


def _released(was: Incident, fact: means.UnitReleased) -> Incident:
    unit = existing(was.units, fact.unit)._replace(status=UnitStatus.RELEASED)
    return was._replace(units=was.units.insert(fact.unit, unit))


def _returned(was: Incident, fact: means.UnitReturned) -> Incident:
    return was._replace(units=was.units.discard(fact.unit))


def _request(status: RequestStatus) -> Callable[[Incident, Any], Incident]:
    def change(was: Incident, fact: means.ResourceUnavailable) -> Incident:
        request = existing(was.requests, fact.request)._replace(status=status)
        deadlines = disarmed(was, (DeadlineKind.UNIT_ARRIVAL, fact.request))
        return was._replace(
            requests=was.requests.insert(fact.request, request), deadlines=deadlines
        )

    return change


def _drafted(was: Incident, fact: means.NoticeDrafted) -> Incident:
    notice = Notice((fact.drafted_by, fact.entered_by), fact.channels)
    return was._replace(notices=was.notices.insert(fact.notice, notice))


def _notice(status: NoticeStatus) -> Callable[[Incident, Any], Incident]:
    def change(was: Incident, fact: means.NoticeApproved) -> Incident:
        notice = existing(was.notices, fact.notice)._replace(status=status)
        return was._replace(notices=was.notices.insert(fact.notice, notice))

    return change


def _published(was: Incident, fact: means.NoticePublished) -> Incident:
    told = _notice(NoticeStatus.PUBLISHED)(was, fact)
    return told._replace(deadlines=disarmed(told, (DeadlineKind.FIRST_NOTICE, "notice")))


def _first_notice_missed(was: Incident, _: means.FirstNoticeMissed) -> Incident:
    return was._replace(deadlines=disarmed(was, (DeadlineKind.FIRST_NOTICE, "notice")))


def _notice_expected(was: Incident, fact: means.NoticeExpected) -> Incident:
    return was._replace(deadlines=armed(was, DeadlineKind.NOTICE, fact.rule, fact.due_at))


def _notice_off(was: Incident, fact: means.NoticeMissed | means.NoticeNoLongerExpected) -> Incident:
    return was._replace(deadlines=disarmed(was, (DeadlineKind.NOTICE, fact.rule)))


CHANGES: Changes = {
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
    means.NoticeExpected: _notice_expected,
    means.NoticeMissed: _notice_off,
    means.NoticeNoLongerExpected: _notice_off,
}
