"""What is known of people, shown to whoever may see it: recorded first who is shown it, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from muster.v1 import common_pb2, privacy_service_pb2

from domain.record.disclosure import DISCLOSURES, DisclosePersonalData, Disclosures
from domain.values import IncidentId
from eventstore.privacy.erasure import Tombstone, tombstones
from eventstore.recorder.recorder import Recorder
from services.api.commands.envelope import Order, asked, context_of, incident_id, named
from services.api.commands.submission import receipt
from services.api.errors.failures import Failure
from services.api.messages import from_domain
from services.api.privacy.erasures import Erasures
from services.api.privacy.person_place import Place, place_of
from services.api.queries.incidents import (
    PAGE_SIZE_MAX,
    check_page_after,
    refuse_elsewhere,
    refuse_unknown,
)
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from domain.decider import Versioned
    from domain.directory.person import Person
    from domain.incident.state.incident import Incident, OnFile
    from domain.privacy import Privacy
    from domain.values import Command
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from eventstore.privacy.vault import Vault
    from services.api.interceptors.chain import Call, Unary
    from services.api.resume_tokens import ResumeTokens
    from services.api.venue_access import VenueAccess

REPEAT_WITHIN = timedelta(minutes=5)
"""How long a call that is sent again is answered again without being recorded again."""

PAGE_SIZE = 50
SCANNED_MAX = 5_000
"""Disclosures that one call looks through, those that were not asked for counted."""

Disclosed = privacy_service_pb2.DisclosePersonalDataResponse
Listed = privacy_service_pb2.ListDisclosuresResponse


class _OnFile(NamedTuple):
    """What is known of a person, sealed."""

    concern: int = 0
    name: str | None = None
    contacts: Sequence[str | None] = ()
    particulars: str | None = None


class Shown(NamedTuple):
    """Where it is recorded who is shown what, and how often in an hour one caller is."""

    log: Log
    places: VenueAccess
    limit: int


class PersonalDataReader:
    """Shows what is known of people, and who was shown it."""

    def __init__(
        self,
        recorders: Mapping[str, Recorder[Any]],
        vault: Vault,
        shown: Shown,
        tokens: ResumeTokens,
    ) -> None:
        async def at_most(_state: Disclosures, _command: Command) -> int:
            return shown.limit

        self._recorders = recorders
        self._readers = Recorder(shown.log, DISCLOSURES, clock=clocks.now, surroundings=at_most)
        self._vault = vault
        self._tokens = tokens
        self._log, self._places, self._limit = shown
        self._erasures = Erasures(recorders, vault, shown.log)

    @property
    def unaries(self) -> Mapping[str, Unary]:
        """Return the methods that it answers."""
        mine = {"DisclosePersonalData": self.disclose, "ListDisclosures": self.list}
        return {**mine, **self._erasures.unaries}

    async def disclose(self, request: Any, call: Call) -> Disclosed:
        """Open what is sealed about a person, or say when it was ordered to be erased, and why."""
        person, place = named(request.person, "person"), place_of(request)
        context = context_of(request)
        known = await self._recorders[place.category].known(place.key)
        if place.category == "incident":
            refuse_unknown(place.key, known.version)
            refuse_elsewhere(place.key, known.state.venue, call)
            found = _of_incident(known, person)
        else:
            found = _of_directory(known)
        if found is None:
            return await self._erased(place, known.state.privacy, person)
        incident = IncidentId(place.key) if place.category == "incident" else None
        command = DisclosePersonalData(incident=incident, person=person)
        order = Order(DISCLOSURES.category, call.actor.id, asked(command, context, call))
        recorded = await self._record(order)
        only_asked = context.validate_only
        shown = Disclosed(person=person) if only_asked else await self._opened(person, found)
        shown.receipt.CopyFrom(recorded)
        shown.left = await self._left(order.key)
        return shown

    async def _record(self, order: Order) -> common_pb2.Receipt:
        """Record who is shown what; nothing is opened before that. Raises Failure."""
        recorded = receipt(order, await self._readers.record(order.key, order.asked), self._tokens)
        if recorded.duplicate:
            await self._refuse_late(order, recorded.position)
        return recorded

    async def _left(self, reader: str) -> int:
        recent = (await self._readers.known(reader)).state.within(clocks.now())
        return max(self._limit - len(recent), 0)

    async def _refuse_late(self, order: Order, position: int) -> None:
        """Refuse to show anew what was recorded as shown some time ago."""
        (event,) = await self._log.read(position - 1, limit=1)
        if clocks.now() - event.recorded_at > REPEAT_WITHIN:
            found = {"command_id": str(order.asked.command_id)}
            raise Failure("COMMAND_ID_REUSED", found, subject=order.stream)

    async def _opened(self, person: str, found: _OnFile) -> Disclosed:
        shown = Disclosed(
            person=person,
            concern=found.concern,  # type: ignore[arg-type] # a number of the contract
        )
        for field, sealed in (("name", found.name), ("particulars", found.particulars)):
            if (text := await self._open(sealed, shown)) is not None:
                setattr(shown, field, text)
        contacts = [await self._open(one, shown) for one in found.contacts]
        shown.contacts.extend(one for one in contacts if one is not None)
        return shown

    async def _open(self, sealed: str | None, shown: Disclosed) -> str | None:
        """Open a text, and say beside it what proves that it was this one."""
        found = None if sealed is None else await self._vault.disclose(sealed)
        if found is None:
            return None
        opening = "" if found.opening is None else found.opening.hex()
        shown.texts.add(sealed=sealed, subject=found.subject, text=found.text, opening=opening)
        return found.text

    async def _erased(self, place: Place, privacy: Privacy, person: str) -> Disclosed:
        if person not in privacy.erased:
            raise Failure("PERSONAL_DATA_UNKNOWN", {"person": person}, subject=place.name)
        stones: dict[str, Tombstone] = {}
        async for page in self._log.read_stream(place.name):
            stones |= {stone.person: stone for stone in tombstones(page).values()}
        (erasure,) = await self._erasures.certificates([stones[person]])
        return Disclosed(person=person, erasure=erasure)

    async def list(self, request: Any, call: Call) -> Listed:
        """Return who was shown whose data, as the log has it."""
        check_page_after(request)
        wanted = incident_id(request.incident_id) if request.incident_id else ""
        after, scanned, listed = request.after, 0, Listed()
        while scanned < SCANNED_MAX:
            events = await self._log.read(after, limit=PAGE_SIZE_MAX, category=DISCLOSURES.category)
            if not events:
                return listed
            for event in events:
                after, scanned = event.position, scanned + 1
                one = _disclosure(event)
                if _is_wanted(one, request, wanted) and await self._may_see(call, one):
                    listed.disclosures.append(one)
                if len(listed.disclosures) == (request.page_size or PAGE_SIZE):
                    listed.next_after = after
                    return listed
        listed.next_after = after
        return listed

    async def _may_see(self, call: Call, one: privacy_service_pb2.Disclosure) -> bool:
        """Tell whether a caller may see it: at all venues, or at that of the incident."""
        if call.actor.venues is None:
            return True
        venue = await self._places.venue(f"incident/{one.incident_id}") if one.incident_id else None
        return venue is not None and call.actor.may_act_at(venue)


def _of_incident(known: Versioned[Incident], person: str) -> _OnFile | None:
    file: OnFile | None = known.state.people.get(person)
    if file is None:
        return None
    contacts = [file.contact] if file.contact is not None else []
    return _OnFile(from_domain.number(file.concern), file.name, contacts, file.particulars)


def _of_directory(known: Versioned[Person]) -> _OnFile | None:
    if not known.state.channels:
        return None
    contacts = [channel.address for channel in known.state.channels]
    return _OnFile(name=known.state.name, contacts=contacts)


def _disclosure(event: StoredEvent) -> privacy_service_pb2.Disclosure:
    data, meta = json.loads(event.data), json.loads(event.meta)
    return privacy_service_pb2.Disclosure(
        position=event.position,
        at=from_domain.moment(event.recorded_at),
        actor=meta["actor"],
        on_behalf_of=meta.get("on_behalf_of", ""),
        reason=meta.get("reason", ""),
        incident_id=data["incident"] or "",
        person=data["person"],
    )


def _is_wanted(one: privacy_service_pb2.Disclosure, request: Any, incident: str) -> bool:
    return (
        (not incident or one.incident_id == incident)
        and (not request.person or one.person == request.person)
        and (not request.actor or one.actor == request.actor)
    )
