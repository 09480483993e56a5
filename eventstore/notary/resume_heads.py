"""The map of heads that a notary goes on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.divergence.write_gate import is_of
from eventstore.heads.audit import heads_differ
from eventstore.heads.index import HeadIndex
from eventstore.integrity.tree_builder import LogDiffers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.record.divergence import Diverged
    from eventstore.notary.evidence import Published
    from eventstore.postgres.connection import Connection


async def index_under(
    connection: Connection, published: Published, known: Sequence[Diverged]
) -> HeadIndex:
    """Return the map under a checkpoint. Raises LogDiffers if that signed another one."""
    lineage, size, signed = published.archive.lineage, published.signed.size, published.heads
    heads = await HeadIndex.begin(connection, lineage, size, signed)
    if signed is not None and signed != heads.root():
        found = heads_differ(size, signed, heads.root())
        if not any(is_of(found, what) for what in known):
            raise LogDiffers(found)
    return heads
