"""Figures of an incident, each with the versions of the events that it was taken from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.decider import decode
from domain.incident.decider import INCIDENTS
from domain.incident.events import duties, means, opening, response
from domain.values import Event, Text
from eventstore.log.events import StoredEvent


class Entry(NamedTuple):
    """An event of the case, decoded."""

    version: int
    occurred_at: datetime
    fact: Event


class Figure(NamedTuple):
    """A figure, and the events that show it. A span is counted in seconds, all else in pieces."""

    name: str
    title: Text
    value: float | int | None
    """None when it never came to it."""
    is_span: bool
    cites: tuple[int, ...]
    """Versions of the incident's events."""


def entries(events: Iterable[StoredEvent]) -> list[Entry]:
    """Decode the events of one incident."""
    return [
        Entry(
            event.version,
            event.occurred_at,
            decode(INCIDENTS, event.type, event.schema_version, event.data),
        )
        for event in events
    ]


def figures(case: Sequence[Entry]) -> list[Figure]:
    """Return what the case's log says of how it went, spans first."""
    return [*_spans(case), *_counts(case)]


_ACKNOWLEDGED = (duties.TaskAcknowledged, duties.TaskStarted)
_SPANS: tuple[tuple[str, Text, tuple[type[Event], ...], tuple[type[Event], ...]], ...] = (
    (
        "to_first_acknowledgement",
        Text.of("首次任务确认用时", "Time to first acknowledgement"),
        (duties.TaskAssigned,),
        _ACKNOWLEDGED,
    ),
    (
        "to_activation",
        Text.of("启动响应用时", "Time to activation"),
        (opening.IncidentOpened,),
        (response.ResponseActivated,),
    ),
    (
        "to_command",
        Text.of("指挥到位用时", "Time until somebody took command"),
        (response.PostOffered,),
        (response.PostAccepted,),
    ),
    (
        "to_first_arrival",
        Text.of("首支力量到达用时", "Time to first arrival"),
        (means.ResourceRequested,),
        (means.UnitArrived,),
    ),
    (
        "to_first_notice",
        Text.of("首次公告用时", "Time to first public notice"),
        (response.ResponseActivated,),
        (means.NoticePublished,),
    ),
    (
        "response_lasted",
        Text.of("响应持续时间", "The response lasted"),
        (response.ResponseActivated,),
        (response.ResponseTerminated,),
    ),
)

_COUNTS: tuple[tuple[str, Text, tuple[type[Event], ...]], ...] = (
    ("tasks_assigned", Text.of("下达任务", "Tasks assigned"), (duties.TaskAssigned,)),
    ("tasks_finished", Text.of("完成任务", "Tasks finished"), (duties.TaskFinished,)),
    ("tasks_late", Text.of("逾期任务", "Tasks late"), (duties.TaskOverdue,)),
    ("tasks_impossible", Text.of("无法完成", "Impossible"), (duties.TaskDeclaredImpossible,)),
    ("tasks_lapsed", Text.of("任务终止", "Tasks lapsed"), (duties.TaskLapsed,)),
    ("tasks_unanswered", Text.of("无人应答", "Unanswered"), (duties.TaskLeftUnanswered,)),
    ("escalations", Text.of("任务升级", "Escalations"), (duties.TaskEscalated,)),
    ("offers_expired", Text.of("任职逾时", "Offers expired"), (response.PostOfferExpired,)),
    ("reports_filed", Text.of("报送次数", "Reports filed"), (duties.SituationReported,)),
    ("reports_missed", Text.of("报送逾期", "Reports missed"), (duties.ReportMissed,)),
    ("delivered", Text.of("通知送达", "Notifications delivered"), (duties.NotificationDelivered,)),
    ("not_delivered", Text.of("通知失败", "Not delivered"), (duties.NotificationFailed,)),
    ("units_arrived", Text.of("力量到达", "Units arrived"), (means.UnitArrived,)),
    ("units_late", Text.of("力量逾期", "Units late"), (means.UnitOverdue,)),
    ("gates_overruled", Text.of("越过关口", "Gates overruled"), (response.GateOverruled,)),
)


def _spans(case: Sequence[Entry]) -> list[Figure]:
    found = []
    for name, title, begins, ends in _SPANS:
        first = _first(case, lambda entry, kinds=begins: isinstance(entry.fact, kinds))  # type: ignore[misc] # mypy can't infer the default
        last = first and _first(
            case,
            lambda entry, kinds=ends, after=first.version: (  # type: ignore[misc] # as above
                entry.version > after and isinstance(entry.fact, kinds)
            ),
        )
        if first and last:
            span: timedelta = last.occurred_at - first.occurred_at
            cites = (first.version, last.version)
            found.append(Figure(name, title, span.total_seconds(), is_span=True, cites=cites))
        else:
            found.append(Figure(name, title, None, is_span=True, cites=()))
    return found


def _counts(case: Sequence[Entry]) -> list[Figure]:
    found = []
    for name, title, kinds in _COUNTS:
        cites = tuple(entry.version for entry in case if isinstance(entry.fact, kinds))
        found.append(Figure(name, title, len(cites), is_span=False, cites=cites))
    return found


def _first(case: Sequence[Entry], matches: Callable[[Entry], bool]) -> Entry | None:
    return next((entry for entry in case if matches(entry)), None)
