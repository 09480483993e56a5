"""What is known of people: held for an authority, ordered to be erased."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from muster.v1 import common_pb2, privacy_service_pb2

from domain.privacy import ErasePersonalData, LiftLegalHold, PlaceLegalHold
from services.api.commands.envelope import Order, asked, context_of
from services.api.commands.request_conversion import Converter
from services.api.commands.submission import receipt
from services.api.privacy.person_place import place_of

if TYPE_CHECKING:
    from domain.values import Command
    from eventstore.privacy.vault import Vault
    from eventstore.recorder.recorder import Recorder
    from services.api.interceptors.chain import Call, Unary
    from services.api.resume_tokens import ResumeTokens


class PersonalData:
    """Answers what is asked about people, of incidents and of the directory."""

    def __init__(
        self, recorders: Mapping[str, Recorder[Any]], vault: Vault, tokens: ResumeTokens
    ) -> None:
        self._tokens = tokens
        self._recorders = recorders
        self._vault = vault

    @property
    def unaries(self) -> Mapping[str, Unary]:
        """Return the methods that it answers."""
        return {
            "ErasePersonalData": self.erase,
            "PlaceLegalHold": self.place_hold,
            "LiftLegalHold": self.lift_hold,
        }

    async def erase(self, request: Any, call: Call) -> common_pb2.Receipt:
        """Record the order, and destroy the keys: also those a crash left behind."""
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

    async def _record(self, order: Order) -> common_pb2.Receipt:
        answer = await self._recorders[order.category].record(order.key, order.asked)
        return receipt(order, answer, self._tokens)


def _converter(request: Any, shape: type[Command], besides: Iterable[str]) -> Converter:
    return Converter(request.DESCRIPTOR, shape, besides={"context", "incident_id", *besides})


ERASING = _converter(privacy_service_pb2.ErasePersonalDataRequest, ErasePersonalData, ())
PLACING = _converter(privacy_service_pb2.PlaceLegalHoldRequest, PlaceLegalHold, ())
LIFTING = _converter(privacy_service_pb2.LiftLegalHoldRequest, LiftLegalHold, ("person",))


def _order(convert: Converter, request: Any, call: Call) -> Order:
    stream = place_of(request)
    command: Command = convert(request)
    return Order(stream.category, stream.key, asked(command, context_of(request), call))
