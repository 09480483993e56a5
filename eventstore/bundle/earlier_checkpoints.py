"""Which earlier checkpoints go with a case: those that first covered its events.

They narrow down when an event was there at the latest, and were out of its writer's hands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.proofs.proofs import Proofs
    from eventstore.proofs.stored_checkpoint import StoredCheckpoint

EARLIER_MAX = 64
"""Checkpoints that go with a case, beside the newest one: evenly over its events."""


class Earlier(NamedTuple):
    """Checkpoints, by size."""

    signed: Sequence[StoredCheckpoint]
    stamped: Sequence[StoredCheckpoint]
    """Those with a timestamp of somebody else."""


async def checkpoints(
    proofs: Proofs, latest: StoredCheckpoint, positions: Sequence[int]
) -> Earlier:
    """Return the checkpoints that go with the events at some positions."""
    step = max(1, -(-len(positions) // (EARLIER_MAX - 1)))
    sampled = sorted({*positions[::step], positions[-1]})
    signed = await proofs.first_covering(latest.lineage, sampled)
    ends = sorted({positions[0], positions[-1]})
    stamped = await proofs.first_covering(latest.lineage, ends, stamped=True)
    return Earlier(
        [one for one in signed if one.size < latest.size],
        [one for one in stamped if one.size <= latest.size],
    )
