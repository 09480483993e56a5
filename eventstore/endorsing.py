"""What others said of a checkpoint, kept beside it: in the folder, and for those who ask."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eventstore.archive import COSIGNED, TIMESTAMPS
from eventstore.patience import patiently

if TYPE_CHECKING:
    from eventstore.beginning import Published
    from eventstore.connecting import Pool
    from eventstore.note import Note

COSIGN = "UPDATE muster.checkpoint SET note = $3 WHERE lineage = $1 AND size = $2"
STAMP = """
    UPDATE muster.checkpoint SET stamped = $3, stamp_of = $4 WHERE lineage = $1 AND size = $2"""


@dataclass(frozen=True)
class Endorsements:
    """Keeps cosignatures and timestamps."""

    pool: Pool

    async def cosigned(self, published: Published, note: Note) -> None:
        """Keep a checkpoint with the cosignatures of witnesses."""
        archive, size = published.archive, published.signed.size
        await asyncio.to_thread(archive.keep_checkpoint, note.whole, COSIGNED)
        key = (archive.lineage, size)
        await patiently(self.pool, lambda lent: lent.execute(COSIGN, *key, note.whole))

    async def stamped(self, published: Published, token: bytes) -> None:
        """Keep an authority's answer about the note of a checkpoint."""
        archive, size = published.archive, published.signed.size
        place = f"{TIMESTAMPS}/{size}"
        await asyncio.to_thread(archive.keep, f"{place}.note", published.note.encode())
        await asyncio.to_thread(archive.keep, f"{place}.tsr", token, durably=True)
        row = (archive.lineage, size, token, published.note)
        await patiently(self.pool, lambda lent: lent.execute(STAMP, *row))
