"""Which deadlines a log armed, which of them passed, and how late: from the events' own moments.

Nothing of Muster is imported: this is a second reading of what the stored events mean, so that a
deadline which the product forgets is not forgotten here, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from benchmarks.torture.evidence import Event

EARLY_TOLERANCE = timedelta(milliseconds=5)
"""What two readings of one clock differ, in two programs; anything earlier is wrong."""

ALARM, POST, ANSWER = "alarm_verification", "post_acceptance", "task_acknowledgement"
START, FINISH, REPEAT = "task_start", "task_finish", "task_repeat"
REPORT, FIRST_NOTICE, NOTICE, ARRIVAL = "report", "first_notice", "notice", "unit_arrival"

SUBJECTS = {POST: "post", REPORT: "report", NOTICE: "rule", ARRIVAL: "request"}
"""The field that names the subject, by kind; a kind of task has `task`, the others a constant."""

CONSTANTS = {ALARM: "alarm", FIRST_NOTICE: "notice"}

ARMS = {
    "AlarmReported": {ALARM: "verify_by"},
    "ResponseActivated": {FIRST_NOTICE: "first_notice_by"},
    "PostOffered": {POST: "accept_by"},
    "TaskAssigned": {ANSWER: "acknowledge_by", START: "start_by", FINISH: "finish_by"},
    "TaskEscalated": {ANSWER: "acknowledge_by"},
    "TaskRepeatExpected": {REPEAT: "assign_at"},
    "ReportExpected": {REPORT: "due_at"},
    "NoticeExpected": {NOTICE: "due_at"},
    "ResourceRequested": {ARRIVAL: "arrive_by"},
}
"""Event → kind → the field with the moment."""

DISARMS = {
    "AlarmVerified": (ALARM,),
    "AlarmFoundFalse": (ALARM,),
    "AlarmLeftUnverified": (ALARM,),
    "ResponseActivated": (ALARM,),
    "PostAccepted": (POST,),
    "PostDeclined": (POST,),
    "PostOfferExpired": (POST,),
    "PostLeftVacant": (POST,),
    "TaskAssigned": (REPEAT,),
    "TaskAcknowledged": (ANSWER,),
    "TaskLeftUnanswered": (ANSWER,),
    "TaskStarted": (ANSWER, START),
    "TaskFinished": (ANSWER, START, FINISH),
    "TaskDeclaredImpossible": (ANSWER, START, FINISH),
    "TaskLapsed": (ANSWER, START, FINISH),
    "SituationReported": (REPORT,),
    "ReportMissed": (REPORT,),
    "ReportNoLongerExpected": (REPORT,),
    "NoticePublished": (FIRST_NOTICE,),
    "FirstNoticeMissed": (FIRST_NOTICE,),
    "NoticeMissed": (NOTICE,),
    "NoticeNoLongerExpected": (NOTICE,),
    "UnitOverdue": (ARRIVAL,),
    "ResourceUnavailable": (ARRIVAL,),
    "ResourceRequestCancelled": (ARRIVAL,),
}

DISARMS_ALL_OF = {
    "ResponseActivated": frozenset({REPEAT}),
    "ResponseTerminated": frozenset({FIRST_NOTICE, ARRIVAL, POST, REPEAT}),
}
OVER = frozenset({"IncidentClosed", "IncidentStoodDown"})

PASSES = {
    "AlarmLeftUnverified": ALARM,
    "PostOfferExpired": POST,
    "TaskEscalated": ANSWER,
    "TaskLeftUnanswered": ANSWER,
    "ReportMissed": REPORT,
    "FirstNoticeMissed": FIRST_NOTICE,
    "NoticeMissed": NOTICE,
    "UnitOverdue": ARRIVAL,
}
"""What is recorded when nobody acted in time; `TaskOverdue` says itself what was missed."""

NOT_THE_CLOCK = frozenset({"ReportDeliveryFailure"})
"""Commands that escalate early, because somebody who was asked can't be reached."""


class Key(NamedTuple):
    """A deadline within an incident."""

    kind: str
    subject: str


class Passed(NamedTuple):
    """A deadline that passed."""

    stream: str
    key: Key
    due_at: datetime
    recorded_at: datetime

    @property
    def late_s(self) -> float:
        """Return how late it was, in seconds."""
        return (self.recorded_at - self.due_at).total_seconds()


class Happened(NamedTuple):
    """An event, as far as deadlines go."""

    stream: str
    type: str
    recorded_at: datetime
    command_id: str
    asked: str
    """The kind of the command that led to it."""
    data: Mapping[str, Any]


@dataclass
class Requested:
    """A request for units, which is met when enough were sent and none is under way any more."""

    quantity: int
    sent: set[str] = field(default_factory=set)
    under_way: set[str] = field(default_factory=set)

    @property
    def is_met(self) -> bool:
        """Tell whether nobody is waited for."""
        return len(self.sent) >= self.quantity and not self.under_way


@dataclass
class Deadlines:
    """The deadlines of one incident."""

    stream: str
    armed: dict[Key, datetime] = field(default_factory=dict)
    passed: list[Passed] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    twice: int = 0
    _last: dict[Key, str] = field(default_factory=dict)
    """By which command a deadline passed last: one passing may be several events."""
    _requests: dict[str, Requested] = field(default_factory=dict)

    def take(self, event: Happened) -> None:
        """Take the next event of the incident."""
        self._pass(event)
        self._units(event)
        if event.type in OVER:
            self.armed.clear()
        gone = DISARMS_ALL_OF.get(event.type, frozenset())
        self.armed = {key: at for key, at in self.armed.items() if key.kind not in gone}
        for kind in (*DISARMS.get(event.type, ()), *_missed(event)):
            self.armed.pop(_key(kind, event.data), None)
        for kind, name in ARMS.get(event.type, {}).items():
            if moment := event.data.get(name):
                self.armed[_key(kind, event.data)] = datetime.fromisoformat(moment)

    def _pass(self, event: Happened) -> None:
        for kind in _passing(event, self.armed):
            key = _key(kind, event.data)
            if self._last.get(key) == event.command_id or event.asked in NOT_THE_CLOCK:
                continue
            self._last[key] = event.command_id
            due_at = self.armed.get(key)
            if due_at is None:
                self.twice += 1
                self.wrong.append(f"{self.stream} {'/'.join(key)} passed and was not armed")
                continue
            self.passed.append(Passed(self.stream, key, due_at, event.recorded_at))
            if event.recorded_at < due_at - EARLY_TOLERANCE:
                self.wrong.append(
                    f"{self.stream} {'/'.join(key)} passed {-self.passed[-1].late_s:.3f} s early"
                )

    def _units(self, event: Happened) -> None:
        """See which requests are met: their deadline goes with the last arrival."""
        match event.type:
            case "ResourceRequested":
                self._requests[event.data["request"]] = Requested(event.data["quantity"])
            case "UnitDispatched":
                request = self._requests[event.data["request"]]
                request.sent.add(event.data["unit"])
                request.under_way.add(event.data["unit"])
            case "UnitArrived" | "UnitReleased" | "UnitReturned":
                for name, request in self._requests.items():
                    if event.data["unit"] in request.under_way:
                        request.under_way.discard(event.data["unit"])
                        if request.is_met and event.type == "UnitArrived":
                            self.armed.pop(Key(ARRIVAL, name), None)


def happened(log: Iterable[Event]) -> list[Happened]:
    """Return the rows of a log as far as deadlines go; a command is told with its first event."""
    asked: dict[str, str] = {}
    found = []
    for event in log:
        meta = json.loads(event.meta)
        command_id = str(meta.get("command_id"))
        match meta.get("command"):
            case {"kind": str(kind)}:
                asked[command_id] = kind
        row = (event.stream, event.type, event.recorded_at, command_id, asked.get(command_id, ""))
        found.append(Happened(*row, json.loads(event.data)))
    return found


def read(events: Iterable[Happened]) -> dict[str, Deadlines]:
    """Return the deadlines of every incident, by its stream."""
    found: dict[str, Deadlines] = {}
    for event in events:
        if event.stream.startswith("incident/"):
            found.setdefault(event.stream, Deadlines(event.stream)).take(event)
    return found


def _passing(event: Happened, armed: Mapping[Key, datetime]) -> tuple[str, ...]:
    """Return which kinds of deadline an event says have passed."""
    if event.type == "TaskAssigned":  # again, because it repeats
        return (REPEAT,) if _key(REPEAT, event.data) in armed else ()
    kind = PASSES.get(event.type)
    return (*((kind,) if kind else ()), *_missed(event))


def _missed(event: Happened) -> tuple[str, ...]:
    if event.type != "TaskOverdue":
        return ()
    return (START if event.data["missed"] == "start" else FINISH,)


def _key(kind: str, data: Mapping[str, Any]) -> Key:
    return Key(kind, CONSTANTS.get(kind) or data[SUBJECTS.get(kind, "task")])
