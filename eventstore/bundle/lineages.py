"""What a bundle says of the lineages before its own, and why they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.log.log import Log
    from eventstore.proofs.stored_checkpoint import StoredCheckpoint

ENDS = """
    SELECT DISTINCT ON (lineage) lineage, note FROM muster.checkpoint
    WHERE lineage < $1 ORDER BY lineage, size DESC"""
ACKNOWLEDGEMENT_STREAMS = """
    SELECT stream, max(version) AS last FROM muster.event
    WHERE stream >= 'log/' AND stream < 'log0' AND position <= $1 GROUP BY stream ORDER BY stream"""


class Ended(NamedTuple):
    """A lineage that ended, and the last checkpoint that was signed in it."""

    lineage: int
    note: str


async def ended(log: Log, latest: StoredCheckpoint) -> Sequence[Ended]:
    """Return the lineages before that of a checkpoint, oldest first."""
    return [Ended(*row) for row in await log.fetch(ENDS, latest.lineage)]


async def acknowledgement_streams(
    log: Log, latest: StoredCheckpoint
) -> Sequence[tuple[str, int, int]]:
    """Return the streams of the divergences that a checkpoint covers: stream, first, last."""
    rows = await log.fetch(ACKNOWLEDGEMENT_STREAMS, latest.size)
    return [(row["stream"], 1, row["last"]) for row in rows]
