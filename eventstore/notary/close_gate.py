"""Close the gate for a divergence, with how the log stands when it is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.divergence.write_gate import NOTARY, Compared, refuse, standing_of
from eventstore.integrity.audit import Signed
from eventstore.integrity.tree_builder import LogDiffers
from eventstore.notary.resume import build_tree
from eventstore.tlog.merkle import EMPTY_ROOT

if TYPE_CHECKING:
    from domain.record.divergence import Standing
    from eventstore.integrity.chain_verifier import Divergence
    from eventstore.integrity.tree_builder import Claim
    from eventstore.postgres.connection import Connection

FAR = 2**62


async def close_gate(
    connection: Connection, found: Divergence, claim: Claim | None, found_by: str = NOTARY
) -> Standing:
    """Take the right to append away, and return for which divergence that stands."""
    return await refuse(connection, await described(connection, found, claim), found_by)


async def described(connection: Connection, found: Divergence, claim: Claim | None) -> Standing:
    """Return a divergence with its name, the checkpoint that it is about, and how the log is."""
    try:
        log = await build_tree(connection, FAR)
        stands = Signed(log.size, log.root())
    except LogDiffers:  # there is a gap, and so no tree
        stands = Signed(max(found.position - 1, 0), EMPTY_ROOT)
    signed = Signed(claim.size, claim.root) if claim else None
    return standing_of(found, Compared(claim.lineage if claim else 1, signed, stands))
