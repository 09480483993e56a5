"""A witness says that it saw another log: whether that is so, by all that is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from eventstore.beginning import grown
from eventstore.merkle import verify_consistency
from eventstore.verify import Divergence, Doubt

if TYPE_CHECKING:
    from eventstore.connecting import Connection
    from eventstore.evidence import Evidence
    from eventstore.growing import Claim
    from eventstore.proofs import Proofs


class Disagreement(NamedTuple):
    """What a witness answered, twice."""

    witness: str
    claim: Claim
    """The checkpoint that it was shown."""
    size: int
    """Of the log that it knows."""

    @property
    def is_larger(self) -> bool:
        """Tell whether it knows more events than it was shown."""
        return self.size > self.claim.size


async def examined(
    connection: Connection, proofs: Proofs, evidence: Evidence, said: Disagreement
) -> Divergence | None:
    """Return the divergence that a witness saw; None if it is out of date, or our proof was wrong.

    A proof from the database is not believed here: the tree is made anew of the events.
    """
    newest = evidence.newest
    if newest is None or newest.archive.lineage != said.claim.lineage:
        return None
    signed = newest.claim
    if said.is_larger and said.size <= signed.size:
        return None  # more was signed since: it is asked again, with a proof
    if not said.is_larger:
        growing = await grown(connection, signed.size, {said.size})
        before = growing.roots.get(said.size)
        proof = await proofs.consistency(said.size, signed.size)
        proven = before is not None and verify_consistency(
            said.size, before, signed.size, signed.root, proof
        )
        if growing.root() != signed.root or not proven:
            return None
    cosigned = f"the log of {said.size} events that {said.witness} cosigned"
    return Divergence(said.size, "", 0, Doubt.WITNESS, cosigned, "another log")
