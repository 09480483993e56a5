"""A proof out of the map of heads as one JSON file, which anybody verifies without the log.

    {"format": "muster-head-proof/1", "space": "stream" or "venue", "name": …,
     "number": …, "hash": …, "path": [hash, …], "other": null or {"key", "number", "hash"},
     "incidents": [{"position", "stream", "hash"}, …], "checkpoint": the note}

Hashes are in hexadecimal, in lower case. Number 0 with an empty hash says that there is no entry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from eventstore.heads.hashes import (
    HASH_BYTES,
    Leaf,
    Opened,
    Proof,
    Space,
    key_of,
    venue_chain,
    verify_absence,
    verify_presence,
)
from eventstore.tlog.checkpoint import Checkpoint, open_checkpoint
from eventstore.tlog.note import Note, NoteInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eventstore.tlog.note import Verifier

FORMAT = "muster-head-proof/1"
NUMBER_MAX = 2**53 - 1
"""What every language reads as a whole number; no log has as many events."""
FIELDS = {
    "format": str, "space": str, "name": str, "number": int, "hash": str, "path": list,
    "other": (dict, type(None)), "incidents": list, "checkpoint": str,
}  # fmt: skip
LEAF = {"key": str, "number": int, "hash": str}
INCIDENT = {"position": int, "stream": str, "hash": str}


class DocumentInvalid(ValueError):
    """The text is no proof, or it does not hold; the text says why."""


@dataclass(frozen=True, slots=True)
class HeadDocument:
    """What a proof says; nothing is checked by having one."""

    space: Space
    name: str
    number: int
    hash: bytes
    proof: Proof
    incidents: Sequence[Opened]
    note: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a proof. Raises DocumentInvalid."""
        try:
            read = json.loads(text, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise DocumentInvalid(f"the file is no JSON: {error}") from None
        _check(read, FIELDS, "the proof")
        if read["format"] != FORMAT or read["space"] not in set(Space):
            raise DocumentInvalid(f"the format is not {FORMAT}, or its space is not known")
        other = read["other"]
        number = _number(read["number"], "number")
        return cls(
            Space(read["space"]),
            read["name"],
            number,
            _hash(read["hash"], "hash") if number or read["hash"] else b"",
            Proof(
                [_hash(one, "path") for one in read["path"]],
                None if other is None else _leaf(other),
            ),
            [_incident(one) for one in read["incidents"]],
            read["checkpoint"],
        )

    @property
    def text(self) -> str:
        """Return it as a file."""
        other = self.proof.other
        fields = {
            "format": FORMAT,
            "space": self.space,
            "name": self.name,
            "number": self.number,
            "hash": self.hash.hex(),
            "path": [one.hex() for one in self.proof.path],
            "other": other
            and {"key": other.key.hex(), "number": other.number, "hash": other.hash.hex()},
            "incidents": [
                {"position": one.position, "stream": one.stream, "hash": one.hash.hex()}
                for one in self.incidents
            ],
            "checkpoint": self.note,
        }
        return json.dumps(fields, ensure_ascii=False, indent=1) + "\n"

    def verify(self, log: Verifier | None) -> Checkpoint:
        """Return the checkpoint under which it holds. Raises DocumentInvalid.

        Without the key of the log nothing is said about who signed that.
        """
        try:
            checkpoint = (
                open_checkpoint(self.note, log)
                if log
                else Checkpoint.parse(Note.parse(self.note).text)
            )
        except NoteInvalid as error:
            raise DocumentInvalid(f"checkpoint: {error}") from None
        if checkpoint.heads is None:
            raise DocumentInvalid("the checkpoint has no map of heads")
        if not self._holds(checkpoint.heads):
            raise DocumentInvalid("the path does not lead to the map that was signed")
        if not self._is_complete():
            raise DocumentInvalid("the incidents are not those of the venue, or not all of them")
        return checkpoint

    def _holds(self, root: bytes) -> bool:
        key = key_of(self.space, self.name)
        if self.number == 0:
            return not self.hash and verify_absence(root, key, self.proof)
        leaf = Leaf(key, self.number, self.hash)
        return self.proof.other is None and verify_presence(root, leaf, self.proof.path)

    def _is_complete(self) -> bool:
        if self.space is Space.STREAM or not self.number:
            return not self.incidents
        end = venue_chain(self.name, self.incidents)
        return (len(self.incidents), end) == (self.number, self.hash)


def _once(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DocumentInvalid("a field is there twice")
    return found


def _check(read: object, fields: Mapping[str, Any], what: str) -> None:
    if not isinstance(read, dict) or read.keys() != fields.keys():
        raise DocumentInvalid(f"{what} has the fields {', '.join(fields)}")
    for name, kind in fields.items():
        if not isinstance(read[name], kind) or isinstance(read[name], bool):
            raise DocumentInvalid(f"{name}: not of its kind")
        if isinstance(read[name], str) and not _is_text(read[name]):
            raise DocumentInvalid(f"{name}: half of a surrogate pair")


def _is_text(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text)


def _leaf(read: Mapping[str, Any]) -> Leaf:
    _check(read, LEAF, "other")
    number = _number(read["number"], "number")
    return Leaf(_hash(read["key"], "key"), number, _hash(read["hash"], "hash"))


def _incident(read: Mapping[str, Any]) -> Opened:
    _check(read, INCIDENT, "an incident")
    position = _number(read["position"], "position")
    return Opened(position, read["stream"], _hash(read["hash"], "hash"))


def _number(number: int, field: str) -> int:
    if not 0 <= number <= NUMBER_MAX:
        raise DocumentInvalid(f"{field}: from 0 to {NUMBER_MAX}")
    return number


def _hash(text: object, field: str) -> bytes:
    if not isinstance(text, str) or len(text) != 2 * HASH_BYTES or text.strip("0123456789abcdef"):
        raise DocumentInvalid(f"{field}: {2 * HASH_BYTES} hexadecimal digits in lower case")
    return bytes.fromhex(text)
