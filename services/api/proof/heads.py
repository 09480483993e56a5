"""What is signed of a stream or of a venue: proofs out of the map of heads."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from muster.v1 import audit_service_pb2

from eventstore.heads.prover import WAITING_MAX, HeadProver, Proven, ProverBusy, Signed
from eventstore.proofs.proofs import ProofUnavailable
from eventstore.proofs.stored_checkpoint import StoredCheckpoint
from eventstore.tlog.checkpoint import heads_of
from services.api.errors.failures import Failure, Violation
from services.api.history.audit import checked_stream
from services.api.interceptors.admission import overloaded
from services.api.proof.proofs import kept_message, not_negative, not_signed, refuse_in_part

if TYPE_CHECKING:
    from eventstore.proofs.proofs import Proofs
    from services.api.interceptors.chain import Call

PAGE_INCIDENTS = 1_000
VENUE_LENGTH_MAX = 2_000

VenueStep = audit_service_pb2.ListVenueIncidentsResponse


class Heads:
    """Answers what is asked about the map of heads."""

    def __init__(self, proofs: Proofs, prover: HeadProver) -> None:
        self._proofs = proofs
        self._prover = prover

    async def stream(self, request: Any, call: Call) -> audit_service_pb2.GetStreamHeadResponse:
        """Prove which version of a stream is the newest."""
        refuse_in_part(call)
        stream = checked_stream(request.stream)
        row, signed = await self._signed(request)
        with answering_for(signed):
            proven = await self._prover.stream(signed, stream)
        return audit_service_pb2.GetStreamHeadResponse(
            stream=stream, head=_head(proven, signed), checkpoint=kept_message(row)
        )

    async def venue(self, request: Any, call: Call) -> AsyncGenerator[VenueStep, None]:
        """Prove which incidents were opened at a venue, and list them."""
        refuse_in_part(call)
        venue = request.venue
        if not 0 < len(venue) <= VENUE_LENGTH_MAX:
            said = "too_long_for_a_line" if venue else "missing"
            raise Failure("FIELD_INVALID", violations=[Violation.of("venue", said)])
        row, signed = await self._signed(request)
        with answering_for(signed):
            proven = await self._prover.venue(signed, venue)
        yield VenueStep(head=_head(proven, signed), checkpoint=kept_message(row))
        for first in range(0, len(proven.incidents), PAGE_INCIDENTS):
            page = proven.incidents[first : first + PAGE_INCIDENTS]
            yield VenueStep(
                incidents=[
                    audit_service_pb2.OpenedIncident(
                        stream=one.stream, position=one.position, event_hash=one.hash
                    )
                    for one in page
                ]
            )

    async def _signed(self, request: Any) -> tuple[StoredCheckpoint, Signed]:
        """Return the checkpoint that is asked about, and the map that it signs."""
        size = not_negative(request.size, "size")
        latest = await self._proofs.latest()
        if latest is None or size > latest.size:
            raise not_signed(size or 1, latest.size if latest else 0)
        rows = await self._proofs.before(latest.lineage, size + 1, 1) if size else [latest]
        row = rows[0] if rows else latest
        root = heads_of(row.note)
        if row.lineage != latest.lineage or (size and row.size != size) or root is None:
            raise Failure("HEADS_NOT_SIGNED", {"size": str(size or latest.size)})
        return row, Signed(row.lineage, row.size, root)


@contextmanager
def answering_for(signed: Signed) -> Iterator[None]:
    """Say to the caller why nothing can be proven now."""
    try:
        yield
    except ProofUnavailable:
        raise not_signed(signed.size, 0) from None
    except ProverBusy:
        raise overloaded("maps_made_again", 1 + WAITING_MAX) from None


def _head(proven: Proven, signed: Signed) -> audit_service_pb2.HeadProof:
    leaf, other = proven.leaf, proven.proof.other
    return audit_service_pb2.HeadProof(
        number=leaf.number if leaf else 0,
        hash=leaf.hash if leaf else b"",
        path=proven.proof.path,
        other=audit_service_pb2.HeadLeaf(**other._asdict()) if other else None,
        root=signed.root,
    )
