"""Incidents on a real log, and the hands that work for them."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from activities.dispatch import Dispatcher
from activities.notification.channels.mail import MailServer
from activities.notification.channels.webhook import WebhookRules
from activities.notification.channels.webhook_signatures import Secrets
from activities.notification.message import Written
from activities.notification.notify import Notifier
from activities.work.shared_reads import SharedReads
from activities.work.subscription import LogSubscription
from activities.work.work import IncidentWork
from compiler.publication import judgement
from domain.decider import CommandEnvelope
from domain.directory.person import PERSONS, Channel, RegisterContact
from domain.incident.activation import ActivateResponse
from domain.incident.decider import INCIDENTS
from domain.incident.events.duties import Message
from domain.incident.information import ApproveNotice, DraftNotice, PublishNotice
from domain.incident.obligations.obligations import WorkKind, WorkOrder
from domain.incident.resources import RequestResource
from domain.incident.warning import ReportAlarm
from domain.plan.lifecycle.publication import PUBLICATION
from domain.plan.model.plan import ChannelKind, Plan
from domain.resource.unit import UNITS, RegisterUnit, Unit
from domain.values import Actor, HazardKind, Mode, ResponseLevel, Role, Text
from eventstore.queries.plans import PlanLibrary
from eventstore.recorder.recorder import Receipt, Recorder
from projections.queries.fleet import FleetView
from tests.domain.plan import plans
from tests.domain.plan.publishing import bring_into_force

if TYPE_CHECKING:
    from collections.abc import Mapping

    from activities.fleet import Fleet
    from activities.work.work import Do
    from domain.incident.state.incident import Incident, Notification
    from domain.values import Command
    from eventstore.log.log import Log
    from eventstore.privacy.vault import Vault
    from tests.activities.notification.receivers import Hook, Mailbox, Silence

PATIENCE_S = 60.0
TIMEOUT_S = 5.0
SECRET = secrets.token_hex()
OFFICER = Actor("officer", frozenset({Role.OPERATOR, Role.COMMANDER, Role.PLANNER}))
CAI = Actor("cai", frozenset({Role.RESPONDER}))
RESPONSE = ActivateResponse(
    level=ResponseLevel.III, matters="Crowding at the door", expected_duration=timedelta(hours=1)
)
MESSAGE = Written(
    key="case/n1",
    to="cai",
    subject="任务 / Task",
    body="请确认\n\nPlease confirm",
    incident="case",
    message=Message.TASK_ASSIGNED,
    about="task/guide",
    exercise=False,
)
LIVE_MAIL = "cai@live.test"
EXERCISE_MAIL = "cai@exercise.test"


def _plan() -> Plan:
    """Return the small plan with zones apart from one another."""
    written: dict[str, Any] = plans.written()
    door, hall = written["venues"][0]["zones"]
    door.update(x=0.0, y=0.0)
    hall.update(x=300.0, y=400.0)
    written["resource_needs"] = []
    return Plan.model_validate(written)


PLAN = _plan()


class Scene:
    """The doors of one log, and hands that send to the receivers of a test."""

    def __init__(self, log: Log, vault: Vault) -> None:
        self.log = log
        self.ahead = timedelta()
        """How far this scene's clock is before the others."""
        self.vault = vault
        self.plans = PlanLibrary(log)
        self.incidents = self.door_of_incidents()
        self.units = Recorder(log, UNITS, clock=now)
        self.people = Recorder(log, PERSONS, clock=now)
        self._publication = Recorder(log, PUBLICATION, clock=now, surroundings=judgement)

    def now(self) -> datetime:
        """Return what time it is in this scene."""
        return now() + self.ahead

    def door_of_incidents(self) -> Recorder[Incident]:
        """Return a door of one's own, as another process has."""
        surroundings = PlanLibrary(self.log).surroundings
        return Recorder(self.log, INCIDENTS, clock=self.now, surroundings=surroundings)

    def dispatcher(self, fleet: Fleet | None = None) -> Dispatcher:
        """Return a hand of one's own, as another worker has."""
        units, fleet = Recorder(self.log, UNITS, clock=now), fleet or FleetView(self.log)
        return Dispatcher(self.door_of_incidents(), units, self.plans, fleet)

    def notifier(
        self,
        mailbox: Mailbox | Silence,
        *,
        private_networks: bool = True,
        mail_timeout_s: float = TIMEOUT_S,
        webhook_timeout_s: float = TIMEOUT_S,
    ) -> Notifier:
        """Return a hand that sends mail to a mailbox and webhooks wherever they go."""
        return Notifier(
            self.log,
            self.incidents,
            self.people,
            self.plans,
            self.vault,
            mail_server=mail_server(mailbox, mail_timeout_s),
            webhooks=rules(private_networks=private_networks, timeout_s=webhook_timeout_s),
        )

    async def publish(self) -> None:
        """Bring the plan into force."""
        await bring_into_force(self._publication, PLAN)

    async def ask(self, incident: str, command: Command, by: Actor = OFFICER) -> Receipt:
        """Record a command that is not refused."""
        answer = await self.incidents.record(incident, asked(command, by))
        assert isinstance(answer, Receipt), answer
        return answer

    async def opened(self, mode: Mode = Mode.LIVE) -> str:
        """Open an incident and activate its response."""
        incident = str(uuid4())
        alarm = ReportAlarm(
            venue="shop",
            plan=PLAN.id,
            hazard=HazardKind.FIRE,
            zone="hall",
            source="button",
            mode=mode,
        )
        await self.ask(incident, alarm)
        await self.ask(incident, RESPONSE)
        return incident

    async def announce(self, incident: str, many: int) -> list[WorkOrder]:
        """Publish many notices on the screens, and return the orders to send them."""

        async def notice(name: str) -> None:
            text = Text.of("请离开。", "Please leave.")
            await self.ask(incident, DraftNotice(notice=name, text=text), CAI)
            await self.ask(incident, ApproveNotice(notice=name))
            await self.ask(incident, PublishNotice(notice=name))

        await asyncio.gather(*(notice(f"leave-{number}") for number in range(many)))
        state = await self.state(incident)
        return [
            WorkOrder(incident=incident, subject=owed, mode=state.mode)
            for owed, told in state.notifications.items()
            if told.to == "screens"
        ]

    async def work_off(self, incident: str, does: Mapping[WorkKind, Do]) -> None:
        """Do what an incident owes until it owes nothing any more."""
        changes = LogSubscription(self.log)
        works = IncidentWork(SharedReads(self.incidents.known), changes, does)
        following = asyncio.create_task(changes.follow())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await ActivityEnvironment().run(works.work, incident)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def state(self, incident: str) -> Incident:
        """Return what is so."""
        return (await self.incidents.known(incident)).state

    async def owed_to(self, person: str, incident: str) -> WorkOrder:
        """Return the order to tell a person the first thing that is owed to them."""
        state = await self.state(incident)
        owed = next(name for name, told in sorted(state.notifications.items()) if told.to == person)
        return WorkOrder(incident=incident, subject=owed, mode=state.mode)

    async def still_owed(self, order: WorkOrder) -> Notification | None:
        """Return a notification that the hands still owe."""
        return (await self.state(order.incident)).notifications.get(order.subject)

    async def facts(self, stream: str, kind: str) -> list[str]:
        """Return the data of a stream's facts of one kind."""
        pages = self.log.read_stream(stream)
        return [event.data async for page in pages for event in page if event.type == kind]

    async def contact(self, person: str, *channels: tuple[ChannelKind, str, bool]) -> None:
        """Say how somebody is reached: channel, address, whether for exercises."""
        sealed = [
            Channel(
                kind=kind, address=await self.vault.seal(f"directory/{person}", to), exercise=only
            )
            for kind, to, only in channels
        ]
        command = RegisterContact(person=person, channels=tuple(sealed))
        assert isinstance(await self.people.record(person, asked(command)), Receipt)

    async def forget(self, person: str) -> None:
        """Destroy the keys that sealed how somebody is reached."""
        known = (await self.people.known(person)).state
        await self.vault.destroy(known.privacy.keys[person])

    async def unit(self, name: str, x: float = 0.0, kind: str = "guard") -> None:
        """Register a unit."""
        command = RegisterUnit(unit=name, title=Text(en=name), resource_kind=kind, x=x)
        assert isinstance(await self.units.record(name, asked(command)), Receipt)

    async def request(self, incident: str, quantity: int = 1, zone: str = "door") -> WorkOrder:
        """Ask for guards, and return the order to send them."""
        command = RequestResource(
            request="guards",
            resource_kind="guard",
            quantity=quantity,
            zone=zone,
            arrive_within=timedelta(minutes=5),
        )
        await self.ask(incident, command)
        return WorkOrder(incident=incident, subject="guards")

    async def kept(self, unit: str) -> Unit:
        """Return what is known of a unit."""
        return (await self.units.known(unit)).state

    async def sent(self, order: WorkOrder) -> tuple[str, ...]:
        """Return the units that were sent for a request."""
        return (await self.state(order.incident)).requests[order.subject].units


def mail_server(mailbox: Mailbox | Silence, timeout_s: float = TIMEOUT_S) -> MailServer:
    """Return how a mailbox is reached."""
    return MailServer(
        host="127.0.0.1",
        port=mailbox.port,
        security="none",
        username=None,
        password=None,
        from_address="muster@shop.test",
        timeout_seconds=timeout_s,
    )


def rules(*, private_networks: bool = True, timeout_s: float = TIMEOUT_S) -> WebhookRules:
    """Return how webhooks are sent: signed with the one secret of all, as before."""
    return WebhookRules(Secrets(None, None), private_networks, timeout_s, SecretStr(SECRET))


def asked(command: Command, by: Actor = OFFICER) -> CommandEnvelope:
    """Return a command as somebody asks it."""
    return CommandEnvelope(command=command, command_id=uuid4(), actor=by, reason="it is so")


def now() -> datetime:
    """Return what time it is."""
    return datetime.now(UTC)


def by_mail(address: str = LIVE_MAIL) -> tuple[ChannelKind, str, bool]:
    """Return a live mail channel."""
    return ChannelKind.MAIL, address, False


def by_hook(hook: Hook) -> tuple[ChannelKind, str, bool]:
    """Return a live webhook channel."""
    return ChannelKind.WEBHOOK, hook.url, False
