"""What the next decision needs to know of an incident, and nothing else: screens get views."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from rpds import HashTrieMap, HashTrieSet

from domain.incident.events.duties import Message
from domain.incident.events.people import PersonConcern
from domain.plan.model.plan import PlanRef
from domain.privacy import Privacy
from domain.values import HazardKind, Mode, Phase, ResponseLevel, WarningColour

# Named tuples and persistent maps: a fact changes one field in about 2 µs and shares the rest, so
# that 100,000 facts fold in well under a second and every earlier state stays what it was.


class DeadlineKind(StrEnum):
    """What is due."""

    ALARM_VERIFICATION = "alarm_verification"
    POST_ACCEPTANCE = "post_acceptance"
    TASK_ACKNOWLEDGEMENT = "task_acknowledgement"
    TASK_START = "task_start"
    TASK_FINISH = "task_finish"
    TASK_REPEAT = "task_repeat"
    REPORT = "report"
    FIRST_NOTICE = "first_notice"
    NOTICE = "notice"
    UNIT_ARRIVAL = "unit_arrival"


class DeadlineKey(NamedTuple):
    """Names a deadline within an incident: what is due, and for which task or post."""

    kind: DeadlineKind
    subject: str

    def __str__(self) -> str:
        """Return `<kind>/<subject>`."""
        return f"{self.kind}/{self.subject}"


class AlarmStatus(StrEnum):
    """What is known of the alarm that opened an incident."""

    NONE = "none"
    REPORTED = "reported"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    FALSE = "false"


class TaskStatus(StrEnum):
    """How far a task is."""

    ASSIGNED = "assigned"
    ACKNOWLEDGED = "acknowledged"
    STARTED = "started"
    FINISHED = "finished"
    IMPOSSIBLE = "impossible"
    LAPSED = "lapsed"

    @property
    def is_over(self) -> bool:
        """Tell whether nobody owes anything any more."""
        return self in {TaskStatus.FINISHED, TaskStatus.IMPOSSIBLE, TaskStatus.LAPSED}


class NoticeStatus(StrEnum):
    """How far a notice is."""

    DRAFTED = "drafted"
    APPROVED = "approved"
    REJECTED = "rejected"
    PUBLISHED = "published"


class UnitStatus(StrEnum):
    """Where a unit is, as this incident sees it."""

    DISPATCHED = "dispatched"
    ARRIVED = "arrived"
    RELEASED = "released"


class RequestStatus(StrEnum):
    """What became of a request for units."""

    OPEN = "open"
    FILLED = "filled"
    UNAVAILABLE = "unavailable"
    CANCELLED = "cancelled"


class Warning_(NamedTuple):  # noqa: N801 - `Warning` is a builtin
    """The warning in force."""

    colour: WarningColour
    scope: tuple[str, ...]
    matters: str
    issuer: str


class Holding(NamedTuple):
    """A post: who holds it, who was offered it, and who was asked in vain."""

    held_by: str | None = None
    offered_to: str | None = None
    passed_over: tuple[str, ...] = ()


class Task(NamedTuple):
    """A duty that was assigned."""

    post: str
    status: TaskStatus = TaskStatus.ASSIGNED
    step: int = 0
    """How often it was escalated."""
    told: tuple[str, ...] = ()
    """Who was asked after that, in order."""
    overdue: bool = False
    first: str = ""
    """Who was told when it was assigned: the hour decides where a post has shifts."""
    rounds: int = 0
    """How often it was finished before."""
    answered: tuple[str, ...] = ()
    """Who answered, where several must."""
    unreached: tuple[str, ...] = ()
    """Who of those asked last can't be reached."""


class Notification(NamedTuple):
    """Something that somebody must still be told."""

    to: str
    message: Message
    about: str


class Request(NamedTuple):
    """Units that were asked for."""

    resource_kind: str
    quantity: int
    zone: str
    status: RequestStatus = RequestStatus.OPEN
    units: tuple[str, ...] = ()


class Unit(NamedTuple):
    """A unit that was sent."""

    request: str
    status: UnitStatus = UnitStatus.DISPATCHED


class Notice(NamedTuple):
    """A notice to the public."""

    authors: tuple[str, ...]
    channels: tuple[str, ...]
    status: NoticeStatus = NoticeStatus.DRAFTED


class Measure(NamedTuple):
    """A restriction that was imposed."""

    lifted: bool = False
    owner: str | None = None


class Zone(NamedTuple):
    """A zone that was ordered to be evacuated."""

    cleared: bool = False
    unaccounted: int = 0


class OnFile(NamedTuple):
    """What is known of a person, sealed."""

    concern: PersonConcern
    name: str | None = None
    contact: str | None = None
    particulars: str | None = None

    @property
    def sealed(self) -> tuple[str | None, ...]:
        """Return what is personal."""
        return self[1:]


class Incident(NamedTuple):
    """An incident as far as its facts tell; `phase` is None before the first one."""

    phase: Phase | None = None
    venue: str = ""
    hazard: HazardKind = HazardKind.OTHER
    plan: PlanRef | None = None
    mode: Mode = Mode.LIVE
    pace: float = 1.0
    warning: Warning_ | None = None
    alarm: AlarmStatus = AlarmStatus.NONE
    level: ResponseLevel | None = None
    posts: HashTrieMap[str, Holding] = HashTrieMap()
    tasks: HashTrieMap[str, Task] = HashTrieMap()
    reports: HashTrieMap[str, int] = HashTrieMap()
    """How many of each were filed."""
    filings: HashTrieSet[str] = HashTrieSet()
    requests: HashTrieMap[str, Request] = HashTrieMap()
    units: HashTrieMap[str, Unit] = HashTrieMap()
    notices: HashTrieMap[str, Notice] = HashTrieMap()
    measures: HashTrieMap[str, Measure] = HashTrieMap()
    zones: HashTrieMap[str, Zone] = HashTrieMap()
    assistance: HashTrieMap[str, str] = HashTrieMap()
    """The zone of each case that is still open."""
    assisted: HashTrieSet[str] = HashTrieSet()
    deadlines: HashTrieMap[DeadlineKey, datetime] = HashTrieMap()
    """Those that are armed."""
    notifications: HashTrieMap[str, Notification] = HashTrieMap()
    """Those that the hands still owe."""
    notified: int = 0
    """How many were ever ordered."""
    damages: HashTrieSet[str] = HashTrieSet()
    findings: HashTrieSet[str] = HashTrieSet()
    actions: HashTrieSet[str] = HashTrieSet()
    evaluated: bool = False
    people: HashTrieMap[str, OnFile] = HashTrieMap()
    """Those on file whose data was not erased."""
    privacy: Privacy = Privacy()
    corrections: HashTrieMap[str, str] = HashTrieMap()
    """The last correction of each entry, as it was told."""


NOTHING_YET = Incident()
"""The state before the first fact."""
