"""What is known of people: disclosed, held for an authority, erased."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from muster.v1 import common_pb2, privacy_service_pb2

from domain.privacy import ErasePersonalData, LegalBasis, LiftLegalHold, PlaceLegalHold
from eventstore.erasure import Tombstone, tombstones
from services.api import present
from services.api.commands import Order, asked, context_of, incident_id, named
from services.api.convert import Converter
from services.api.failures import Failure, Violation
from services.api.incidents import refuse_elsewhere, refuse_unknown
from services.api.recording import receipt

if TYPE_CHECKING:
    from domain.aggregate import Known
    from domain.directory.person import Person
    from domain.incident.state import Incident, OnFile
    from domain.privacy import Privacy
    from domain.values import Command
    from eventstore.log import Log
    from eventstore.recorder import Recorder
    from eventstore.vault import Vault
    from services.api.edge import Call, Unary
    from services.api.resume_tokens import ResumeTokens

log_line = structlog.get_logger()

Disclosed = privacy_service_pb2.DisclosePersonalDataResponse


class _Stream(NamedTuple):
    """Where somebody is known: an incident, or their own entry in the directory."""

    category: str
    key: str

    @property
    def name(self) -> str:
        return f"{self.category}/{self.key}"


class PersonalData:
    """Answers what is asked about people, of incidents and of the directory."""

    def __init__(
        self,
        recorders: Mapping[str, Recorder[Any]],
        vault: Vault,
        log: Log,
        tokens: ResumeTokens,
    ) -> None:
        self._recorders = recorders
        self._tokens = tokens
        self._vault = vault
        self._log = log

    @property
    def unaries(self) -> Mapping[str, Unary]:
        """Return the methods that it answers."""
        return {
            "DisclosePersonalData": self.disclose,
            "ErasePersonalData": self.erase,
            "PlaceLegalHold": self.place_hold,
            "LiftLegalHold": self.lift_hold,
        }

    async def erase(self, request: Any, call: Call) -> common_pb2.Receipt:
        """Record that it is erased, and destroy the keys: also those a crash left behind."""
        order = _order(ERASING, request, call)
        recorded = await self._record(order)
        if not order.asked.validate_only:
            known = await self._recorders[order.category].known(order.key)
            await self._vault.destroy(known.state.privacy.destroyed)
        return recorded

    async def place_hold(self, request: Any, call: Call) -> common_pb2.Receipt:
        """Record that an authority needs what is known."""
        return await self._record(_order(PLACING, request, call))

    async def lift_hold(self, request: Any, call: Call) -> common_pb2.Receipt:
        """Record that an authority does not need it any more."""
        return await self._record(_order(LIFTING, request, call))

    async def disclose(self, request: Any, call: Call) -> Disclosed:
        """Open what is sealed about a person, or say when and why it was erased."""
        person = named(request.person, "person")
        stream = _stream(request)
        known = await self._recorders[stream.category].known(stream.key)
        if stream.category == "incident":
            refuse_unknown(stream.key, known.version)
            refuse_elsewhere(stream.key, known.state.venue, call)
            found = await self._of_incident(known, person)
        else:
            found = await self._of_directory(known, person)
        if found is None:
            found = await self._erased(stream, known.state.privacy, person)
        log_line.info("disclosed", actor=call.actor.id, stream=stream.name, person=person)
        return found

    async def _record(self, order: Order) -> common_pb2.Receipt:
        answer = await self._recorders[order.category].record(order.key, order.asked)
        return receipt(order, answer, self._tokens)

    async def _of_incident(self, known: Known[Incident], person: str) -> Disclosed | None:
        file: OnFile | None = known.state.people.get(person)
        if file is None:
            return None
        contact = await self._open(file.contact)
        return Disclosed(
            person=person,
            concern=present.number(file.concern),
            name=await self._open(file.name),
            contacts=[contact] if contact is not None else [],
            particulars=await self._open(file.particulars),
        )

    async def _of_directory(self, known: Known[Person], person: str) -> Disclosed | None:
        if not known.state.channels:
            return None
        opened = [await self._open(channel.address) for channel in known.state.channels]
        contacts = [address for address in opened if address is not None]
        return Disclosed(person=person, name=await self._open(known.state.name), contacts=contacts)

    async def _open(self, sealed: str | None) -> str | None:
        return None if sealed is None else await self._vault.open(sealed)

    async def _erased(self, stream: _Stream, privacy: Privacy, person: str) -> Disclosed:
        if person not in privacy.erased:
            raise Failure("PERSONAL_DATA_UNKNOWN", {"person": person}, subject=stream.name)
        stones: dict[str, Tombstone] = {}
        async for page in self._log.read_stream(stream.name):
            stones |= {stone.person: stone for stone in tombstones(page).values()}
        return Disclosed(person=person, erasure=_erasure(stones[person]))


def _erasure(stone: Tombstone) -> privacy_service_pb2.Erasure:
    return privacy_service_pb2.Erasure(
        erased_at=present.moment(stone.event.recorded_at),
        basis=present.number(LegalBasis(stone.basis)),
        erased_by=present.actor_of(stone.event),
        position=stone.event.position,
    )


def _converter(request: Any, shape: type[Command], besides: Iterable[str]) -> Converter:
    return Converter(request.DESCRIPTOR, shape, besides={"context", "incident_id", *besides})


ERASING = _converter(privacy_service_pb2.ErasePersonalDataRequest, ErasePersonalData, ())
PLACING = _converter(privacy_service_pb2.PlaceLegalHoldRequest, PlaceLegalHold, ())
LIFTING = _converter(privacy_service_pb2.LiftLegalHoldRequest, LiftLegalHold, ("person",))


def _order(convert: Converter, request: Any, call: Call) -> Order:
    stream = _stream(request)
    command: Command = convert(request)
    return Order(stream.category, stream.key, asked(command, context_of(request), call))


def _stream(request: Any) -> _Stream:
    """Return what a request is about. Raises Failure."""
    if request.incident_id:
        return _Stream("incident", incident_id(request.incident_id))
    if not request.person:
        broken = [Violation.of("incident_id", "missing"), Violation.of("person", "missing")]
        raise Failure("FIELD_INVALID", violations=broken)
    return _Stream("person", named(request.person, "person"))
