"""The gate, as it is closed for what an auditor had verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from eventstore.divergence.write_gate import acknowledged, is_of_the_tree, unacknowledged
from eventstore.notary.close_gate import close_gate
from eventstore.postgres.connection import LOG_SETTINGS, connected
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Note, NoteInvalid, Verifier
from services.api.proof.proofs import LINEAGE_MAX, SIZE_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.record.divergence import Standing
    from eventstore.integrity.chain_verifier import Divergence
    from eventstore.proofs.proofs import Proofs
    from services.api.proof.proofs import Newest

LOOKED_AT = 5
"""Newest checkpoints in the database of which the folder's key must have signed one."""

log = structlog.get_logger()


class WriteGate:
    """Takes the right to append away, as the notary does."""

    def __init__(self, dsn: str, proofs: Proofs) -> None:
        self._dsn = dsn
        self._proofs = proofs

    async def close(
        self, flaws: Sequence[Divergence], known: Newest | None, actor: str
    ) -> Standing | None:
        """Close it for the first flaw that nobody acknowledged; None if there is none.

        Raises LogUnavailable.
        """
        claim = known.claim if known else None
        async with connected(self._dsn, LOG_SETTINGS) as connection:
            found = unacknowledged(flaws, await acknowledged(connection), claim)
            if not await self._is_of_this_log(known):
                found = [one for one in found if not is_of_the_tree(one)]
            if not found:
                return None
            standing = await close_gate(connection, found[0], claim, actor)
        log.error("refusing", divergence=standing.divergence, found_by=standing.found_by)
        return standing

    async def _is_of_this_log(self, known: Newest | None) -> bool:
        """Tell whether the folder's key signed what the database has, too.

        A service that is pointed at the folder of another log must not stop this one.
        """
        if known is None or known.key is None:
            return False
        rows = await self._proofs.before(LINEAGE_MAX, SIZE_MAX, LOOKED_AT)
        return any(_signed(row.note, known.key) for row in rows)


def _signed(note: str, key: Verifier) -> bool:
    """Tell whether a key signed a checkpoint, of whichever lineage."""
    try:
        parsed = Note.parse(note)
        origin = Checkpoint.parse(parsed.text).origin
    except NoteInvalid:
        return False
    return parsed.signed_by(Verifier(origin, key.public)) is not None
