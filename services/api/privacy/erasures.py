"""What was ordered to be erased, when that was carried out here, and until when copies last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from muster.v1 import privacy_service_pb2

from eventstore.privacy.erasure import ERASED, Tombstone, keys_of, tombstone_of
from services.api.messages import from_domain
from services.api.privacy.person_place import place_of
from services.api.queries.incidents import (
    PAGE_SIZE_MAX,
    check_page_after,
    refuse_elsewhere,
    refuse_unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from eventstore.privacy.vault import KeyFate, Vault
    from eventstore.recorder.recorder import Recorder
    from services.api.interceptors.chain import Call, Unary

PAGE_SIZE = 50

Listed = privacy_service_pb2.ListErasuresResponse


class Erasures:
    """Says of orders to erase what is known of them, and no more."""

    def __init__(self, recorders: Mapping[str, Recorder[Any]], vault: Vault, log: Log) -> None:
        self._recorders = recorders
        self._vault = vault
        self._log = log

    @property
    def unaries(self) -> Mapping[str, Unary]:
        """Return the methods that it answers."""
        return {"ListErasures": self.list}

    async def list(self, request: Any, call: Call) -> Listed:
        """List the orders to erase of an incident or a contact, with what became of their keys."""
        check_page_after(request)
        place = place_of(request)
        known = await self._recorders[place.category].known(place.key)
        if place.category == "incident":
            refuse_unknown(place.key, known.version)
            refuse_elsewhere(place.key, known.state.venue, call)
        orders = await self._orders(place.name, request)
        answer = Listed(erasures=await self.certificates(map(tombstone_of, orders)))
        if len(orders) == (request.page_size or PAGE_SIZE):
            answer.next_after = orders[-1].version
        return answer

    async def _orders(self, stream: str, request: Any) -> Sequence[StoredEvent]:
        found: list[StoredEvent] = []
        async for page in self._log.read_stream(stream, after=request.after, page=PAGE_SIZE_MAX):
            found += [event for event in page if _is_wanted(event, request.person)]
            if len(found) >= (request.page_size or PAGE_SIZE):
                break
        return found[: request.page_size or PAGE_SIZE]

    async def certificates(
        self, stones: Iterable[Tombstone]
    ) -> Sequence[privacy_service_pb2.Erasure]:
        """Return what is known of orders to erase."""
        orders = [(stone, [str(key) for key in keys_of([stone.event])]) for stone in stones]
        fates = await self._vault.fates({key for _, keys in orders for key in keys})
        return [certificate(stone, [fates.get(key) for key in keys]) for stone, keys in orders]


def certificate(stone: Tombstone, of_keys: Sequence[KeyFate | None]) -> privacy_service_pb2.Erasure:
    """Say of an order to erase what the log and this vault know, and no more."""
    fates = [fate for fate in of_keys if fate is not None]
    unknown = len(of_keys) - len(fates)
    destroyed = [fate.destroyed_at for fate in fates if fate.destroyed_at is not None]
    said = privacy_service_pb2.Erasure(
        erased_at=from_domain.moment(stone.event.recorded_at),
        basis=from_domain.legal_basis(stone.basis),
        erased_by=from_domain.actor_of(stone.event),
        position=stone.event.position,
        person=stone.person,
        keys_left=len(fates) - len(destroyed),
        keys_unknown=unknown,
        shares_destroyed=len(destroyed) == len(of_keys) and all(one.had_share for one in fates),
    )
    if len(destroyed) == len(of_keys):
        said.carried_out_at.CopyFrom(from_domain.moment(max(destroyed)))
    if expiries := [fate.copies_until for fate in fates if fate.copies_until is not None]:
        said.copies_until.CopyFrom(from_domain.moment(max(expiries)))
    return said


def _is_wanted(event: StoredEvent, person: str) -> bool:
    return event.type == ERASED and (not person or tombstone_of(event).person == person)
