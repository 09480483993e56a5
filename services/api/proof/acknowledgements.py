"""Acknowledged divergences as the contract lists them, each with the proof of its event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from muster.v1 import audit_service_pb2

from eventstore.proofs.proofs import ProofUnavailable
from services.api.messages import from_domain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.divergence.acknowledgements import Acknowledged
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log
    from eventstore.proofs.proofs import Proofs


async def acknowledged_messages(
    log: Log, proofs: Proofs, found: Sequence[Acknowledged], size: int
) -> list[audit_service_pb2.AcknowledgedDivergence]:
    """List divergences with their acknowledgements, proven in the tree of a size as far as it goes.

    Without its proof a client believes none: so it is no failure that a proof can't be made now.
    """
    covered = [one.position for one in found if one.position <= size]
    try:
        proven = await proofs.inclusions(covered, size) if covered else {}
    except ProofUnavailable:
        proven = {}
    return [
        _message(one, await log.read(one.position - 1, limit=1), proven.get(one.position, ()))
        for one in found
    ]


def _message(
    one: Acknowledged, stored: Sequence[StoredEvent], proof: Sequence[bytes]
) -> audit_service_pb2.AcknowledgedDivergence:
    message = audit_service_pb2.AcknowledgedDivergence(
        divergence=one.divergence,
        lineage=one.what.lineage,
        signed_size=one.what.signed_size,
        signed_root=bytes.fromhex(one.what.signed_root),
        differs_from=one.what.position,
        position=one.position,
        actor=one.actor,
        reason=one.reason,
        event=from_domain.event(stored[0]) if stored else None,
        proof=proof,
    )
    message.recorded_at.FromDatetime(one.recorded_at)
    return message
