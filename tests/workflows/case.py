"""An incident on a real log, for workflows that live on a real Temporal server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from activities.record import RecordActivities
from activities.work.shared_reads import SharedReads
from activities.work.subscription import LogSubscription
from activities.work.work import IncidentWork
from compiler.publication import judgement
from domain.decider import CommandEnvelope, encode
from domain.incident.decider import INCIDENTS
from domain.incident.notification import ConfirmDelivery
from domain.incident.obligations.obligations import WorkKind, WorkOrder
from domain.incident.warning import ReportAlarm
from domain.plan.lifecycle.publication import PUBLICATION
from domain.plan.model.plan import ChannelKind
from domain.values import HANDS, Actor, HazardKind, Role
from eventstore.log.events import Appended, NewEvent
from eventstore.queries.plans import PlanLibrary
from eventstore.recorder.recorder import Receipt, Recorder
from tests.domain.plan.plans import SMALL_PLAN
from tests.domain.plan.publishing import bring_into_force

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domain.values import Command, Event
    from eventstore.log.log import Log

OFFICER = Actor("officer", frozenset({Role.OPERATOR, Role.COMMANDER, Role.PLANNER}))
ALARM = ReportAlarm(
    venue="shop", plan=SMALL_PLAN.id, hazard=HazardKind.FIRE, zone="hall", source="button"
)


class Case:
    """The doors to one log, with a clock that can be put forward."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.ahead = timedelta()
        self.told: list[WorkOrder] = []
        plans = PlanLibrary(log)
        self.incidents = Recorder(log, INCIDENTS, clock=self.now, surroundings=plans.surroundings)
        self.record = RecordActivities(self.incidents, self.now)
        self._plans = Recorder(log, PUBLICATION, clock=self.now, surroundings=judgement)

    async def publish(self) -> None:
        """Bring the plan into force."""
        await bring_into_force(self._plans, SMALL_PLAN)

    async def ask(self, incident: str, command: Command) -> Receipt:
        """Record a command that is not refused."""
        answer = await self.incidents.record(incident, _asked(command))
        assert isinstance(answer, Receipt), answer
        return answer

    async def happened(self, incident: str, version: int, fact: Event) -> None:
        """Let a fact be in the log after a version, whatever a decision would say."""
        new = NewEvent(uuid4(), fact.kind, fact.schema_version, self.now(), encode(fact), "{}")
        assert isinstance(await self.log.append(f"incident/{incident}", version, [new]), Appended)

    async def kinds(self, incident: str) -> list[str]:
        """Return what happened to an incident."""
        pages = self.log.read_stream(f"incident/{incident}")
        return [event.type async for page in pages for event in page]

    @property
    def activities(self) -> Sequence[Callable[..., Any]]:
        """The record, and work by which everybody is reached."""
        does = dict.fromkeys(WorkKind, self.notify)
        work = IncidentWork(SharedReads(self.incidents.known), LogSubscription(self.log), does)
        return [self.record.standing, self.record.let_deadline_pass, work.work]

    async def notify(self, order: WorkOrder) -> int:
        """Reach somebody."""
        self.told.append(order)
        delivered = ConfirmDelivery(notification=order.subject, channel=ChannelKind.MAIL)
        asked = CommandEnvelope(command=delivered, command_id=uuid4(), actor=HANDS)
        await self.incidents.record(order.incident, asked)
        return (await self.incidents.known(order.incident)).version

    def now(self) -> datetime:
        """Return what time it is in this case."""
        return datetime.now(UTC) + self.ahead


def _asked(command: Command) -> CommandEnvelope:
    return CommandEnvelope(command=command, command_id=uuid4(), actor=OFFICER)
