"""A log's key: one key, under the log's name and under the names of its later lineages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from eventstore.tlog.checkpoint import Checkpoint, CheckpointInvalid, open_checkpoint
from eventstore.tlog.note import ED25519, Note, NoteInvalid, Verifier

if TYPE_CHECKING:
    from collections.abc import Sequence

LINEAGE = re.compile(r"(?P<name>.+)/(?P<lineage>[1-9][0-9]{0,9})")
"""What a log is called after a divergence was acknowledged: `<name>/2` and so on."""


class KeyInvalid(ValueError):
    """A text is no verifier key of a log."""


class OtherLog(CheckpointInvalid):
    """A checkpoint is of a log of another name."""


class Opened(NamedTuple):
    """A checkpoint whose signature was verified."""

    lineage: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class LogKey:
    """Verifies the checkpoints of a log, of whichever lineage."""

    name: str
    """Of the first lineage."""
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read the verifier key of a first lineage. Raises KeyInvalid."""
        try:
            verifier = Verifier.parse(vkey)
        except NoteInvalid as error:
            raise KeyInvalid(str(error)) from None
        if verifier.type != ED25519:
            raise KeyInvalid("the key is a witness's, not a log's")
        return cls(verifier.name, verifier.public)

    @classmethod
    def candidates(cls, vkey: str) -> Sequence[Self]:
        """Return whose key it may be: a log's, or a later lineage's of one. Raises KeyInvalid."""
        key = cls.parse(vkey)
        found = LINEAGE.fullmatch(key.name)
        later = found is not None and int(found["lineage"]) > 1
        return (key, cls(found["name"], key.public)) if found and later else (key,)

    @property
    def vkey(self) -> str:
        """Return the verifier key of the first lineage, which names the log."""
        return Verifier(self.name, self.public).vkey

    def open(self, note: str) -> Opened:
        """Verify a checkpoint. Raises OtherLog, CheckpointInvalid and NoteInvalid."""
        origin = Checkpoint.parse(Note.parse(note).text).origin
        lineage = self._lineage(origin)
        return Opened(lineage, open_checkpoint(note, Verifier(origin, self.public)))

    def _lineage(self, origin: str) -> int:
        if origin == self.name:
            return 1
        found = LINEAGE.fullmatch(origin)
        if found is None or found["name"] != self.name or found["lineage"] == "1":
            raise OtherLog(f"the checkpoint is of {origin}, not of {self.name}")
        return int(found["lineage"])


def key_for(vkey: str, note: str, lineage: int) -> LogKey:
    """Return the key of a log from that of the lineage that signed a note.

    Raises KeyInvalid, and as `open` does.
    """
    suffix = f"/{lineage}" if lineage > 1 else ""
    for key in LogKey.candidates(vkey):
        try:
            opened = key.open(note)
        except OtherLog:
            continue
        if opened.lineage == max(lineage, 1) and opened.checkpoint.origin == key.name + suffix:
            return key
    raise OtherLog("the checkpoint is not of the log that the key names")
