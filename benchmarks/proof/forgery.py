"""A log that its operator forges: rewritten at a place, sealed and signed again by the same key."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from domain.decider import encode
from domain.record.divergence import Diverged, DivergenceAcknowledged
from eventstore.integrity.hash_chain import event_hash, genesis
from eventstore.log.events import StoredEvent
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.merkle import (
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    prove,
    root_of,
    wanted,
)
from eventstore.tlog.note import Signer
from services.client.checkpoints.acknowledgement import Ended
from services.client.checkpoints.comparison import Growth, Shown
from services.client.checkpoints.log_contact import NotProven

if TYPE_CHECKING:
    from eventstore.tlog.merkle import Span

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
    RELABELLED = "relabelled"
    """Another log that calls itself the next lineage, with an acknowledgement of its own making."""


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
        case Kind.REPLACED | Kind.RELABELLED:
            made = written(chance, len(rows))
    return sealed(made)


def acknowledgement(
    signed: Checkpoint, differs_from: int, chance: random.Random, lineage: int = 1
) -> StoredEvent:
    """Write that an administrator answers for what differs from a place on; it is not sealed."""
    what = Diverged(
        doubt="leaf",
        position=differs_from,
        stream="",
        version=0,
        expected="what was signed",
        found="another event",
        lineage=lineage,
        signed_size=signed.size,
        signed_root=signed.root.hex(),
        size=signed.size,
        root=signed.root.hex(),
    )
    divergence = str(UUID(int=chance.getrandbits(128), version=4))
    fact = DivergenceAcknowledged(divergence=divergence, what=what)
    (blank,) = written(chance, 1)
    return blank._replace(
        stream=f"log/{divergence}",
        type=fact.kind,
        data=encode(fact),
        meta='{"actor":"admin","reason":"a disk was lost"}',
    )


@dataclass(frozen=True)
class MemoryLog:
    """A log in memory, signed as a notary signs, and shown as a service shows it."""

    rows: Sequence[StoredEvent]
    signer: Signer
    answers: Answers = Answers.HONEST
    claimed_root: bytes = b""
    """What a service that lies says was the root at the size that was kept."""
    lineage: int = 1
    heads: bytes | None = None
    """The root of the map of heads that it signs."""

    @cached_property
    def leaves(self) -> list[bytes]:
        """Return the leaves of its tree."""
        return [leaf_hash(row.hash) for row in self.rows]

    def shown(self) -> Shown | None:
        """Return its newest checkpoint."""
        if not self.rows:
            return None
        key = self._signer.verifier.vkey
        return Shown(self.note(), self.lineage, key, tuple(self.acknowledged()))

    def note(self) -> str:
        """Return its newest checkpoint as it is signed."""
        signer = self._signer
        checkpoint = Checkpoint(signer.name, len(self.rows), root_of(self.leaves), self.heads)
        return checkpoint.signed(signer).whole

    @property
    def _signer(self) -> Signer:
        suffix = f"/{self.lineage}" if self.lineage > 1 else ""
        return self.signer.named(self.signer.name + suffix)

    def acknowledged(self) -> Iterator[Ended]:
        """List the acknowledgements in it as a service does, with the proofs."""
        for row in self.rows:
            if row.type == "DivergenceAcknowledged":
                fact = DivergenceAcknowledged.model_validate_json(row.data)
                what, meta = fact.what, json.loads(row.meta)
                yield Ended(
                    fact.divergence,
                    what.lineage,
                    what.signed_size,
                    bytes.fromhex(what.signed_root),
                    what.position,
                    row.position,
                    meta["actor"],
                    meta["reason"],
                    StoredEvent._make(row),
                    self._prove(inclusion_spans(row.position - 1, len(self.rows))),
                )

    async def newest(self) -> Shown | None:
        """Return its newest checkpoint, as a source of a contact."""
        return self.shown()

    async def growth(self, first: int, second: int) -> Growth:
        """Return the proof that one tree begins with another. Raises NotProven."""
        if self.answers is Answers.REFUSING or not first <= second <= len(self.rows):
            raise NotProven("NOT_SIGNED_YET")
        proof = self._prove(consistency_spans(first, second))
        second_root = root_of(self.leaves[:second])
        first_root = root_of(self.leaves[:first])
        if self.answers is Answers.LYING:
            first_root = self.claimed_root
        return Growth(first, first_root, second, second_root, proof)

    def _prove(self, spans: Sequence[Span]) -> tuple[bytes, ...]:
        roots = {
            node: root_of(self.leaves[node.number << node.level : (node.number + 1) << node.level])
            for node in wanted(spans)
        }
        return tuple(prove(spans, roots))
