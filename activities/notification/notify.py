"""Tell somebody something, by the first of their channels that takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import NamedTuple

import structlog

from activities.notification.channels import mail, webhook
from activities.notification.channels.circuit_breaker import CircuitBreakers
from activities.notification.channels.mail import MailServer
from activities.notification.channels.webhook import WebhookRules
from activities.notification.message import Wanted, Written, written
from activities.notification.outcome import Failed, NotTried, Unanswered, Undelivered
from activities.notification.texts import Texts
from activities.record_outcome import Bursts, OutcomeUnrecorded, record_outcome, version_of
from activities.work.backlog import NotYet
from activities.work.shared_reads import BatchedReads, SharedReads
from activities.work.slots import Slots
from domain.directory.person import Channel, Person
from domain.incident.notification import ConfirmDelivery, ReportDeliveryFailure
from domain.incident.obligations.obligations import WorkOrder
from domain.incident.state.incident import Incident, Notification
from domain.plan.model.plan import ChannelKind
from domain.values import Mode
from eventstore.log.log import Log
from eventstore.privacy.sealed import VaultBroken
from eventstore.privacy.vault import Vault
from eventstore.queries.plans import PlanLibrary
from eventstore.recorder.recorder import Receipt, Recorder

PAUSES_S = (0.0, 0.5, 2.0, 5.0)
"""Before each attempt on one channel; then the next channel is tried."""

PAUSE_MAX_S = 20.0
"""The longest pause that a receiver can ask for."""

DELIVERY_S = 90.0
"""For all channels together, so that the last one is tried within one attempt at the work."""

SENDS_AT_ONCE_MAX = {ChannelKind.MAIL: 48, ChannelKind.WEBHOOK: 256}
"""Messages that a process hands over at once. Postfix takes 50 connections of one client unless
told otherwise (smtpd_client_connection_count_limit)."""

ONE_HOST_AT_ONCE_MAX = {ChannelKind.MAIL: 48, ChannelKind.WEBHOOK: 64}
"""Of those, messages to one host: the mail server is one, webhooks have many."""

PREPARED_AT_ONCE_MAX = 64
"""Messages that a process writes at once: what a deadline needs of the log waits for no more.
Emergencies go before exercises."""

FEW = 32
"""Notifications that an incident may owe and yet have each outcome recorded at once."""

Send = Callable[[str, Written], Awaitable[None]]

log = structlog.get_logger()


class Route(NamedTuple):
    """One message by one channel."""

    host: str
    slot: Callable[[], AbstractAsyncContextManager[None]]
    send: Callable[[float], Awaitable[None]]
    """Sends it within so many seconds."""


async def _sent(send: Send, address: str, message: Written, within_s: float) -> None:
    """Send a message; whatever goes wrong in a sender is Failed or Undelivered, and nothing else.

    What nobody foresaw may not keep somebody from being told by the next channel. Its text may
    hold an address, so only its kind is written down.
    """
    limit = asyncio.timeout(within_s)
    try:
        async with limit:
            await send(address, message)
    except (Failed, Undelivered):
        raise
    except Exception as error:  # noqa: BLE001 - the edge to libraries, servers and networks
        if limit.expired():
            raise Unanswered("it took too long") from None
        kind = type(error).__name__
        log.error("sender broke", kind=kind, notification=message.key)  # noqa: TRY400 - as above
        raise Undelivered(f"unforeseen {kind}") from None


class NotTaken(NamedTuple):
    """No channel took a message."""

    cause: str
    again_after_s: float | None = None
    """When a server may be tried again that was left alone; None if there is none."""


class Outcome(NamedTuple):
    """What is to be reported of a notification."""

    command: ConfirmDelivery | ReportDeliveryFailure
    again_after_s: float | None = None
    """When to try again, if it stays owed."""


class _OwedNoMore(Exception):
    """Somebody answered, or the duty is over."""


class Notifier:
    """Tells people."""

    def __init__(  # noqa: PLR0913 - what a hand needs is given to it, each by its name
        self,
        log: Log,
        incidents: Recorder[Incident],
        people: Recorder[Person],
        plans: PlanLibrary,
        vault: Vault,
        *,
        mail_server: MailServer,
        webhooks: WebhookRules,
    ) -> None:
        self._incidents = incidents
        self._known = SharedReads(incidents.known)
        self._begun = SharedReads(incidents.begun_at)
        self._people = BatchedReads(people.known_all)
        self._addresses = BatchedReads(vault.open_all)
        self._bursts = Bursts()
        self._texts = Texts(log)
        self._plans = plans
        self._preparing = Slots(PREPARED_AT_ONCE_MAX)
        self._breakers = CircuitBreakers()
        self._slots = {
            kind: Slots(
                most,
                most_per_host=ONE_HOST_AT_ONCE_MAX[kind],
                hanging=self._breakers.hanging,
            )
            for kind, most in SENDS_AT_ONCE_MAX.items()
        }
        self._mail_host = mail.host_of(mail_server)
        self._unreported = OutcomeUnrecorded()
        self._senders: dict[ChannelKind, Send] = {
            ChannelKind.MAIL: lambda to, message: mail.send(mail_server, to, message),
            ChannelKind.WEBHOOK: lambda to, message: webhook.send(webhooks, to, message),
        }

    async def notify(self, order: WorkOrder) -> int:
        """Deliver a notification, unless it was answered or withdrawn meanwhile.

        Raises NotYet if it stays owed, since a server that hangs is left alone for now.
        """
        work = f"notify/{order.subject}"
        async with self._preparing.one(order.incident, live=order.mode is Mode.LIVE):
            await self._begun.get(order.incident)  # once, for the reports of all
            known = await self._known.get(order.incident)
        owed = known.state.notifications.get(order.subject)
        if owed is None:
            self._unreported.drop(order.incident, work)
            return known.version
        try:
            outcome = self._unreported.get(order.incident, work)
            if outcome is None:
                outcome = await self._outcome(order, known.state, owed)
        except _OwedNoMore:
            return (await self._known.get(order.incident)).version
        self._unreported.keep(order.incident, work, outcome)
        if len(known.state.notifications) > FEW:
            await self._bursts.next(order.incident)
        command, again_after_s = outcome
        answer = await record_outcome(self._incidents, order.incident, work, command.kind, command)
        version = version_of(answer, known.version)
        self._unreported.drop(order.incident, work)
        if again_after_s is not None and isinstance(answer, Receipt) and not answer.kinds:
            raise NotYet(again_after_s)
        return version

    async def _outcome(self, order: WorkOrder, incident: Incident, owed: Notification) -> Outcome:
        """Send the message and return what is to be reported of it. Raises _OwedNoMore."""
        async with self._preparing.one(order.incident, live=order.mode is Mode.LIVE):
            message = await self._written(order, incident, owed)
            person = (await self._people.get(owed.to)).state
        channels = person.reachable_in(incident.mode)
        taken = await self._by_first_channel(channels, order, message)
        if isinstance(taken, ChannelKind):
            return Outcome(ConfirmDelivery(notification=order.subject, channel=taken))
        cause, again_after_s = taken
        failure = ReportDeliveryFailure(
            notification=order.subject, cause=cause, may_recover=again_after_s is not None
        )
        return Outcome(failure, again_after_s)

    async def _by_first_channel(
        self, channels: tuple[Channel, ...], order: WorkOrder, message: Written
    ) -> ChannelKind | NotTaken:
        """Return the channel that took the message, or why none did. Raises _OwedNoMore.

        Raises VaultBroken if none did and the vault opens not every address: that can be mended.
        """
        causes: list[NotTaken] = []
        broken: VaultBroken | None = None
        for channel in channels:
            try:
                address = await self._addresses.get(channel.address)
            except VaultBroken as error:
                broken = error
                continue
            if address is None:
                causes.append(NotTaken(f"{channel.kind}: the address was erased"))
                continue
            route = self._route(channel.kind, address, message)
            failed = await self._patiently(route, order, DELIVERY_S / len(channels))
            if failed is None:
                return channel.kind
            causes.append(failed._replace(cause=f"{channel.kind}: {failed.cause}"))
        if broken is not None:
            raise broken
        return _of_all(causes)

    def _route(self, kind: ChannelKind, address: str, message: Written) -> Route:
        host = self._mail_host if kind is ChannelKind.MAIL else webhook.host_of(address)
        slot = partial(self._slots[kind].one, message.incident, host, live=not message.exercise)
        return Route(host, slot, partial(_sent, self._senders[kind], address, message))

    async def _patiently(
        self, route: Route, order: WorkOrder, patience_s: float
    ) -> NotTaken | None:
        """Return None once a channel took the message, else why it did not.

        The wait for a slot is no fault of the receiver, and takes none of its time.
        """
        cause, asked_s, left_s = "it took too long", 0.0, patience_s
        now = asyncio.get_running_loop().time
        for pause in PAUSES_S:
            pause_s = max(pause, min(asked_s, PAUSE_MAX_S))
            left_s -= pause_s
            if left_s <= 0:
                break
            await asyncio.sleep(pause_s)
            try:
                async with route.slot():
                    begun = now()
                    with self._breakers.call(route.host):
                        await self._look_again(order)
                        await route.send(left_s)
            except NotTried as kept_back:
                return NotTaken(str(kept_back), kept_back.again_after_s)
            except Failed as failed:
                return NotTaken(str(failed))
            except Undelivered as undelivered:
                cause, asked_s = str(undelivered), undelivered.pause_s
            else:
                return None
            left_s -= now() - begun
        return NotTaken(cause)

    async def _look_again(self, order: WorkOrder) -> None:
        """Raise _OwedNoMore if an answer withdrew meanwhile what was to be sent."""
        known = await self._known.get(order.incident)
        if order.subject not in known.state.notifications:
            raise _OwedNoMore

    async def _written(self, order: WorkOrder, incident: Incident, owed: Notification) -> Written:
        assert incident.plan, "an incident that notifies is pinned to a plan"  # noqa: S101 - an invariant
        pinned = await self._plans.pinned(incident.plan)
        assert pinned, "a pinned plan is in the log"  # noqa: S101 - an invariant
        found = None
        if owed.about.startswith(("task/", "notice/")):
            found = await self._texts.of(order.incident, owed.about)
        is_notice = owed.about.startswith("notice/")
        wanted = Wanted(
            incident_id=order.incident,
            notification=order.subject,
            to=owed.to,
            message=owed.message,
            about=owed.about,
            titles={owed.about: found} if found and not is_notice else {},
            notice=found if is_notice else None,
        )
        return written(wanted, incident, pinned.plan)


def _of_all(causes: Sequence[NotTaken]) -> NotTaken:
    """Return why no channel took a message, and when the first of them may be tried again."""
    text = "; ".join(one.cause for one in causes)[:500]
    again = [one.again_after_s for one in causes if one.again_after_s is not None]
    return NotTaken(
        text or "no channel is registered for this kind of incident", min(again, default=None)
    )
