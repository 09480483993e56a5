"""How many of which witnesses must have cosigned a checkpoint before it is shown as a proof.

The database's own flag is an index only: whoever has the runtime role's password can set it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.note import Note, NoteInvalid, Verifier

if TYPE_CHECKING:
    from eventstore.proofs.stored_checkpoint import StoredCheckpoint


class Quorum(NamedTuple):
    """Witnesses, and how many of them are required; none by default."""

    witnesses: Sequence[Verifier] = ()
    required: int = 0

    def counts(self, kept: StoredCheckpoint) -> bool:
        """Tell whether enough of them cosigned just this checkpoint."""
        if not self.required:
            return True
        try:
            note = Note.parse(kept.note)
            signed = Checkpoint.parse(note.text)
        except NoteInvalid:
            return False
        if (signed.size, signed.root) != (kept.size, kept.root):
            return False
        cosigned = [witness for witness in self.witnesses if note.signed_by(witness)]
        return len(cosigned) >= self.required
