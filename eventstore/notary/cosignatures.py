"""What others said of a checkpoint, kept beside it: in the folder, and for those who ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.integrity.archive import COSIGNED
from eventstore.postgres.retry import with_retry

if TYPE_CHECKING:
    from eventstore.notary.evidence import Published
    from eventstore.postgres.connection import Pool
    from eventstore.tlog.note import Note

COSIGN = """
    UPDATE muster.checkpoint SET note = $3, counts = counts OR $4
    WHERE lineage = $1 AND size = $2"""
STAMP = """
    UPDATE muster.checkpoint SET stamped = $3, stamp_of = $4 WHERE lineage = $1 AND size = $2"""


@dataclass(frozen=True)
class Cosignatures:
    """Keeps cosignatures and timestamps."""

    pool: Pool

    async def cosigned(self, published: Published, note: Note, *, counts: bool) -> None:
        """Keep a checkpoint with the cosignatures of witnesses; it counts once they are enough.

        Raises EvidenceDiffers if the folder has a larger one, or another of its size.
        """
        archive, size = published.archive, published.signed.size
        await asyncio.to_thread(archive.keep_checkpoint, note.whole, COSIGNED)
        key = (archive.lineage, size)
        await with_retry(self.pool, lambda lent: lent.execute(COSIGN, *key, note.whole, counts))

    async def stamped(self, published: Published, token: bytes) -> None:
        """Keep an authority's answer about the note of a checkpoint. Raises EvidenceDiffers."""
        archive, size = published.archive, published.signed.size
        await asyncio.to_thread(archive.keep_timestamp, size, published.note, token)
        row = (archive.lineage, size, token, published.note)
        await with_retry(self.pool, lambda lent: lent.execute(STAMP, *row))
