"""A log that its operator forges: rewritten at a place, sealed and signed again by the same key."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from eventstore.checkpoint import Checkpoint
from eventstore.events import StoredEvent
from eventstore.merkle import consistency_spans, leaf_hash, prove, root_of, wanted
from eventstore.note import Signer
from eventstore.seal import event_hash, genesis
from services.checkpoints.comparison import Growth, Shown
from services.checkpoints.contact import NotProven

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
STREAMS = ("door/a", "door/b", "incident/c", "unit/d")


class Kind(StrEnum):
    """What is done to a log."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    CUT = "cut"
    REPLACED = "replaced"
    """Another log, under the same name and key."""


class Answers(StrEnum):
    """How the operator's service answers when it is asked for a proof."""

    HONEST = "honest"
    """As the program does, from the log that it has now."""
    LYING = "lying"
    """With the root that was kept, and hashes that lead elsewhere."""
    REFUSING = "refusing"


def written(chance: random.Random, count: int, first: int = 1) -> list[StoredEvent]:
    """Write events, in streams by chance; they are not sealed yet."""
    return [
        StoredEvent(
            position,
            BEGAN + timedelta(seconds=position),
            BEGAN + timedelta(seconds=position),
            chance.choice(STREAMS),
            0,
            UUID(int=chance.getrandbits(128), version=4),
            "DoorOpened",
            1,
            f'{{"number": {chance.randrange(1_000_000)}}}',
            '{"actor":"porter"}',
            b"",
        )
        for position in range(first, first + count)
    ]


def sealed(rows: Sequence[StoredEvent]) -> list[StoredEvent]:
    """Seal events as the database would, in the order that they are in."""
    heads: dict[str, tuple[int, bytes]] = {}
    made: list[StoredEvent] = []
    for position, row in enumerate(rows, start=1):
        version, before = heads.get(row.stream, (0, genesis(row.stream)))
        at = BEGAN + timedelta(seconds=position)
        numbered = row._replace(position=position, version=version + 1, recorded_at=at)
        one = numbered._replace(hash=event_hash(before, numbered))
        heads[row.stream] = one.version, one.hash
        made.append(one)
    return made


def forged(rows: Sequence[StoredEvent], kind: Kind, chance: random.Random) -> list[StoredEvent]:
    """Rewrite a log at a place by chance, and seal it again."""
    at = chance.randrange(len(rows))
    made = list(rows)
    match kind:
        case Kind.CHANGED:
            made[at] = made[at]._replace(data='{"number": -1}')
        case Kind.REMOVED:
            del made[at]
        case Kind.INSERTED:
            made[at:at] = written(chance, 1)
        case Kind.SWAPPED:
            other = (at + 1) % len(rows)
            made[at], made[other] = made[other], made[at]
        case Kind.CUT:
            del made[at:]
        case Kind.REPLACED:
            made = written(chance, len(rows))
    return sealed(made)


@dataclass(frozen=True)
class MemoryLog:
    """A log in memory, signed as a notary signs, and shown as a service shows it."""

    rows: Sequence[StoredEvent]
    signer: Signer
    answers: Answers = Answers.HONEST
    claimed_root: bytes = b""
    """What a service that lies says was the root at the size that was kept."""

    @cached_property
    def leaves(self) -> list[bytes]:
        """Return the leaves of its tree."""
        return [leaf_hash(row.hash) for row in self.rows]

    def shown(self) -> Shown | None:
        """Return its newest checkpoint."""
        if not self.rows:
            return None
        checkpoint = Checkpoint(self.signer.name, len(self.rows), root_of(self.leaves))
        note = checkpoint.signed(self.signer).whole
        return Shown(note, 1, self.signer.verifier.vkey)

    async def newest(self) -> Shown | None:
        """Return its newest checkpoint, as a source of a contact."""
        return self.shown()

    async def growth(self, first: int, second: int) -> Growth:
        """Return the proof that one tree begins with another. Raises NotProven."""
        if self.answers is Answers.REFUSING or not first <= second <= len(self.rows):
            raise NotProven("NOT_SIGNED_YET")
        spans = consistency_spans(first, second)
        roots = {
            node: root_of(self.leaves[node.number << node.level : (node.number + 1) << node.level])
            for node in wanted(spans)
        }
        proof = tuple(prove(spans, roots))
        second_root = root_of(self.leaves[:second])
        first_root = root_of(self.leaves[:first])
        if self.answers is Answers.LYING:
            first_root = self.claimed_root
        return Growth(first, first_root, second, second_root, proof)
