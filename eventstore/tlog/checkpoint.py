"""Checkpoints: what the log was, in lines that are signed (c2sp.org/tlog-checkpoint).

<origin: the name of the log>
<size: how many events it had>
<root of the tree over them, in base64>
muster-heads/1 <root of the map of heads, in base64>

The fourth is an extension line; checkpoints of earlier programs don't have it. Extension lines of
other kinds are passed over.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from eventstore.tlog.merkle import HASH_BYTES
from eventstore.tlog.note import Note, NoteInvalid, Verifier, sign

if TYPE_CHECKING:
    from eventstore.tlog.note import Signer

SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
LINES_LEAST = 3
HEADS = "muster-heads/1 "
"""Begins the line of the map of heads (`eventstore.heads`)."""


class CheckpointInvalid(NoteInvalid):
    """The text is no checkpoint, or not one of the log's."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's size and root, and the root of its map of heads."""

    origin: str
    size: int
    root: bytes
    heads: bytes | None = None
    """None if it was signed by a program that had no such map."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a checkpoint's note. Raises CheckpointInvalid."""
        lines = text.split("\n")
        if len(lines) <= LINES_LEAST or lines[-1] or not all(lines[:-1]):
            raise CheckpointInvalid("a checkpoint has an origin, a size and a root")
        origin, size, encoded = lines[:LINES_LEAST]
        if not SIZE.fullmatch(size):
            raise CheckpointInvalid("a checkpoint's size is a number")
        heads = [line.removeprefix(HEADS) for line in lines[LINES_LEAST:] if line.startswith(HEADS)]
        if len(heads) > 1:
            raise CheckpointInvalid("a checkpoint has one map of heads")
        return cls(origin, int(size), _root(encoded), _root(heads[0]) if heads else None)

    @property
    def text(self) -> str:
        """Return what is signed."""
        lines = [self.origin, str(self.size), b64encode(self.root).decode()]
        if self.heads is not None:
            lines.append(HEADS + b64encode(self.heads).decode())
        return "".join(f"{line}\n" for line in lines)

    def signed(self, signer: Signer) -> Note:
        """Return the checkpoint as a note, signed by the log, whose name is the origin."""
        if signer.name != self.origin:
            raise CheckpointInvalid("a checkpoint is signed under its origin's name")
        return sign(self.text, [signer])


def open_checkpoint(note: str, log: Verifier) -> Checkpoint:
    """Return what a log signed. Raises CheckpointInvalid or NoteInvalid."""
    parsed = Note.parse(note)
    checkpoint = Checkpoint.parse(parsed.text)
    if checkpoint.origin != log.name:
        raise CheckpointInvalid(f"the checkpoint is of {checkpoint.origin}, not of {log.name}")
    if parsed.signed_by(log) is None:
        raise CheckpointInvalid(f"the checkpoint is not signed by {log.name}")
    return checkpoint


def heads_of(note: str) -> bytes | None:
    """Return the root of the map of heads that a checkpoint's note has. Raises NoteInvalid."""
    return Checkpoint.parse(Note.parse(note).text).heads


def _root(encoded: str) -> bytes:
    try:
        root = b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointInvalid("a checkpoint's root is base64") from None
    if len(root) != HASH_BYTES or b64encode(root).decode() != encoded:
        raise CheckpointInvalid(f"a checkpoint's root has {HASH_BYTES} bytes")
    return root
