"""How a story is played: people act through the service, and what must follow is waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import grpc
from google.protobuf.message import Message
from muster.v1.common_pb2 import CommandContext, Receipt

from domain.incident.state.incident import Incident
from eventstore.log.events import StoredEvent
from eventstore.recorder.event_ids import new_command_id
from services.cli.output.failure import failure_of
from services.cli.session.connection import Connection
from services.cli.session.contract import INCIDENT_SERVICE, Method, commands
from services.demo.case import Case, data_of, looks_like

PATIENCE_S = 30.0
"""How long something that must follow is waited for."""

METHODS: dict[str, Method] = {
    method.request.full_name: method for method in commands(INCIDENT_SERVICE)
}


class StoryBroken(Exception):
    """Something came out otherwise than the story says."""


class Deed(NamedTuple):
    """Something that somebody did, and how it was answered."""

    who: str
    command: str
    on_behalf_of: str
    outcome: str
    refused: bool = False


class Audience(Protocol):
    """Whoever looks on."""

    def begins(self, zh: str, en: str) -> None:
        """Say that an act begins."""

    def hears(self, zh: str, en: str) -> None:
        """Say what the audience should know."""

    def sees(self, deed: Deed) -> None:
        """Show what somebody did."""


@dataclass
class Play:
    """One incident as people play it, each with a connection of their own."""

    cast: Mapping[str, Connection]
    case: Case
    audience: Audience
    incident: str
    pace: float
    receipts: list[Receipt] = field(default_factory=list)

    async def does(
        self, who: str, request: Message, *leads_to: str, speaks_for: str = "", because: str = ""
    ) -> Receipt:
        """Let somebody give a command, which must lead to these facts at least."""
        method = METHODS[request.DESCRIPTOR.full_name]
        try:
            receipt = await self._ask(who, method, request, speaks_for, because)
        except grpc.aio.AioRpcError as error:
            failure = failure_of(error)
            broken = f"{who} could not {method.name}: {failure.reason}: {failure.text}"
            raise StoryBroken(broken) from error
        if missing := set(leads_to) - set(receipt.kinds):
            broken = f"{method.name} of {who} led to {list(receipt.kinds)}, not to {missing}"
            raise StoryBroken(broken)
        self.receipts.append(receipt)
        self.audience.sees(Deed(who, method.name, speaks_for, ", ".join(_brief(receipt.kinds))))
        return receipt

    async def may_not(self, who: str, request: Message, reason: str, because: str = "") -> None:
        """Let somebody give a command that must be refused for this reason, and change nothing."""
        method = METHODS[request.DESCRIPTOR.full_name]
        try:
            receipt = await self._ask(who, method, request, "", because)
        except grpc.aio.AioRpcError as error:
            failure = failure_of(error)
            if failure.reason != reason:
                broken = f"{method.name} of {who}: {failure.reason}, not {reason}"
                raise StoryBroken(broken) from error
            self.audience.sees(
                Deed(who, method.name, "", f"{failure.reason}: {failure.text}", refused=True)
            )
            return
        raise StoryBroken(f"{method.name} of {who} was not refused: {list(receipt.kinds)}")

    async def comes(self, kind: str, **fields: object) -> StoredEvent:
        """Wait for something that must follow by itself: from the clock or from the hands."""
        try:
            return await self.case.until(looks_like(kind, fields), within=PATIENCE_S)
        except TimeoutError:
            raise StoryBroken(f"waited {PATIENCE_S:.0f} s in vain for {kind} {fields}") from None

    async def is_told(self, person: str, about: str) -> None:
        """Wait until somebody's mail or webhook about a duty has left, as a person would.

        One that was withdrawn first does as well: the duty went to another, and may still be done.
        """
        ordered = await self.comes("NotificationOrdered", to=person, about=about)
        named = {"notification": data_of(ordered)["notification"]}
        looks = [looks_like(f"Notification{how}", named) for how in ("Delivered", "Withdrawn")]
        try:
            await self.case.until(
                lambda event: any(look(event) for look in looks), within=PATIENCE_S
            )
        except TimeoutError:
            broken = f"waited {PATIENCE_S:.0f} s in vain until {person} was told of {about}"
            raise StoryBroken(broken) from None

    async def stands(self, so: Callable[[Incident], bool], what: str) -> None:
        """Wait until the incident stands in some way."""
        try:
            await self.case.until_so(so, within=PATIENCE_S)
        except TimeoutError:
            raise StoryBroken(f"waited {PATIENCE_S:.0f} s in vain until {what}") from None

    async def _ask(
        self, who: str, method: Method, request: Message, speaks_for: str, because: str
    ) -> Receipt:
        asked = method.new_request()
        asked.CopyFrom(request)
        asked.incident_id = self.incident  # type: ignore[attr-defined] # as every command of an incident
        context = CommandContext(
            command_id=str(new_command_id()), on_behalf_of=speaks_for, reason=because
        )
        asked.context.CopyFrom(context)  # type: ignore[attr-defined] # as above
        receipt = await self.cast[who].record(method, asked)
        await self._until_seen(receipt)
        return receipt

    async def _until_seen(self, receipt: Receipt) -> None:
        """Wait until the watcher has seen what was answered: nobody acts on what nobody knows."""
        await self.case.until(lambda event: event.version == receipt.version, within=PATIENCE_S)


def _brief(kinds: Iterable[str]) -> list[str]:
    """Return kinds of facts in order, each once, with how often."""
    counted: dict[str, int] = {}
    for kind in kinds:
        counted[kind] = counted.get(kind, 0) + 1
    return [kind if count == 1 else f"{count} × {kind}" for kind, count in counted.items()]
