"""A witness says that it saw another log: whether that is so, by all that is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.notary.resume import build_tree
from eventstore.tlog.checkpoint import open_checkpoint
from eventstore.tlog.merkle import verify_consistency
from eventstore.tlog.note import NoteInvalid

if TYPE_CHECKING:
    from eventstore.integrity.tree_builder import Claim
    from eventstore.notary.evidence import Evidence
    from eventstore.postgres.connection import Connection
    from eventstore.proofs.proofs import Proofs
    from eventstore.tlog.note import Verifier


class Disagreement(NamedTuple):
    """What a witness answered, twice."""

    witness: str
    claim: Claim
    """The checkpoint that it was shown."""
    size: int
    """Of the log that it knows."""
    note: str = ""
    """The checkpoint that it shows, if it does: its word alone proves no larger log."""

    @property
    def is_larger(self) -> bool:
        """Tell whether it knows more events than it was shown."""
        return self.size > self.claim.size


async def examined(
    connection: Connection, proofs: Proofs, evidence: Evidence, said: Disagreement, key: Verifier
) -> Divergence | None:
    """Return the divergence that a witness saw; None if it is out of date, or our proof was wrong.

    A proof from the database is not believed here: the tree is made anew of the events. Nor is a
    number: a larger log is one that the log's own key signed.
    """
    newest = evidence.newest
    if newest is None or newest.archive.lineage != said.claim.lineage:
        return None
    signed = newest.claim
    if said.is_larger:
        return _signed_elsewhere(said, key, signed.size)
    growing = await build_tree(connection, signed.size, {said.size})
    before = growing.roots.get(said.size)
    proof = await proofs.consistency(said.size, signed.size)
    proven = before is not None and verify_consistency(
        said.size, before, signed.size, signed.root, proof
    )
    if growing.root() != signed.root or not proven:
        return None
    cosigned = f"the log of {said.size} events that {said.witness} cosigned"
    return Divergence(said.size, "", 0, Doubt.WITNESS, cosigned, "another log")


def _signed_elsewhere(said: Disagreement, key: Verifier, size: int) -> Divergence | None:
    """Return what a witness shows, if the log's key signed it and it is more than is known here."""
    try:
        shown = open_checkpoint(said.note, key)
    except NoteInvalid:
        return None
    if shown.size <= size:
        return None  # more was signed since: it is asked again, with a proof
    expected = f"the log of {shown.size} events that {said.witness} shows as signed by this key"
    return Divergence(shown.size, "", 0, Doubt.WITNESS, expected, f"{size} events")
