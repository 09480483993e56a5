"""The gate: closed when the log is not what was signed, opened by whoever acknowledges that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid5

from pydantic import ValidationError

from domain.decider import ShapeUnknown, decode
from domain.record.divergence import (
    DIVERGENCES,
    Diverged,
    DivergenceAcknowledged,
    Standing,
)
from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.tlog.merkle import EMPTY_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from eventstore.integrity.audit import Signed
    from eventstore.integrity.tree_builder import Claim
    from eventstore.postgres.connection import Connection

NAMESPACE = UUID("0d3a0b5e-5d0c-5c5c-9a53-6a3c6f0a4c11")
"""What the names of divergences are derived in: the same one is found again under its name."""

OF_THE_TREE = frozenset({Doubt.LEAF, Doubt.ROOT, Doubt.END})
"""The log is not what a checkpoint says."""

ENDING = OF_THE_TREE | {Doubt.WITNESS, Doubt.ARCHIVE}
"""Doubts after whose acknowledgement another lineage begins."""

REFUSE = "SELECT muster.refuse($1, $2, $3)"
STANDING = "SELECT divergence, what, found_by FROM muster.refusal"
ACKNOWLEDGEABLE = """
    SELECT divergence, what FROM muster.refusal WHERE divergence = $1
    UNION ALL SELECT divergence, what FROM muster.alarm WHERE divergence = $1"""
GATE = """
    SELECT (SELECT count(*) FROM muster.event WHERE stream >= 'log/' AND stream < 'log0') AS known,
           EXISTS (SELECT FROM muster.refusal) AS closed"""
ACKNOWLEDGED = """
    SELECT type, schema_version, data FROM muster.event
    WHERE stream >= 'log/' AND stream < 'log0' ORDER BY position"""

NOTARY = "notary"

UNREADABLE = Diverged(
    doubt=Doubt.CONTENT,
    position=0,
    stream="",
    version=0,
    expected="a divergence that can be read",
    found="what the database has in its place",
    lineage=1,
    signed_size=0,
    signed_root="",
    size=0,
    root=EMPTY_ROOT.hex(),
)
"""In the place of a standing divergence that can't be read: it is acknowledged as this."""


class Compared(NamedTuple):
    """What a log is compared with, and how it stands itself."""

    lineage: int
    signed: Signed | None
    log: Signed
    """Its size and root as it is."""


def standing_of(found: Divergence, compared: Compared) -> Standing:
    """Return a divergence with its name."""
    signed = compared.signed
    what = Diverged(
        doubt=found.doubt,
        position=found.position,
        stream=found.stream,
        version=found.version,
        expected=found.expected,
        found=found.found,
        lineage=compared.lineage,
        signed_size=signed.size if signed else 0,
        signed_root=signed.root.hex() if signed else "",
        size=compared.log.size,
        root=compared.log.root.hex(),
    )
    return Standing(name_of(what), what)


def name_of(what: Diverged) -> str:
    """Return the name of a divergence: it follows from what it says."""
    return str(uuid5(NAMESPACE, what.model_dump_json()))


async def refuse(connection: Connection, found: Standing, found_by: str = NOTARY) -> Standing:
    """Take the right to append away, and return for what: the first divergence that stands.

    Saying so again changes nothing, nor does a later divergence before the first is acknowledged.
    """
    await connection.execute(REFUSE, found.divergence, found.what.model_dump_json(), found_by)
    return await standing(connection) or found


async def standing(connection: Connection) -> Standing | None:
    """Return for which divergence nothing may be appended; None if all is well."""
    row = await connection.fetchrow(STANDING)
    return None if row is None else standing_in(row)


def standing_in(row: asyncpg.Record) -> Standing:
    """Read the divergence in a row."""
    try:
        what = Diverged.model_validate_json(row["what"])
    except ValidationError:
        what = UNREADABLE
    return Standing(row["divergence"], what, row.get("found_by") or NOTARY)


async def gate(connection: Connection) -> tuple[int, bool]:
    """Return how many divergences were acknowledged, and whether one stands: whoever closed it."""
    row = await connection.fetchrow(GATE)
    assert row is not None  # noqa: S101 - it always has a row
    return int(row["known"]), bool(row["closed"])


async def acknowledged(connection: Connection) -> Sequence[Diverged]:
    """Return what was acknowledged so far, oldest first, as far as it can be read."""
    rows = await connection.fetch(ACKNOWLEDGED)
    facts = [readable(*row) for row in rows]
    return [fact.what for fact in facts if fact]


def readable(kind: str, schema_version: int, data: str) -> DivergenceAcknowledged | None:
    """Read an acknowledgement; None if no program of ours wrote it."""
    try:
        fact = decode(DIVERGENCES, kind, schema_version, data)
    except (KeyError, ShapeUnknown, ValidationError):
        return None
    return fact if isinstance(fact, DivergenceAcknowledged) else None


def is_of(found: Divergence, what: Diverged) -> bool:
    """Tell whether a divergence is the one that was acknowledged."""
    said = (what.doubt, what.position, what.stream, what.version, what.expected, what.found)
    one = (found.doubt, found.position, found.stream, found.version, found.expected, found.found)
    return said == one


def unacknowledged(
    flaws: Sequence[Divergence], known: Sequence[Diverged], claim: Claim | None
) -> Sequence[Divergence]:
    """Return the flaws that nobody acknowledged, found by comparing with a checkpoint."""
    left = [flaw for flaw in flaws if not any(is_of(flaw, what) for what in known)]
    ended = claim is not None and any(
        (what.lineage, what.signed_size, what.signed_root) == (*claim[:2], claim.root.hex())
        for what in known
        if what.doubt in OF_THE_TREE
    )
    return [flaw for flaw in left if not (ended and is_of_the_tree(flaw))]


def is_of_the_tree(found: Divergence) -> bool:
    """Tell whether it is about what was signed, and so ends with the lineage."""
    return found.doubt in OF_THE_TREE | {Doubt.CHECKPOINT, Doubt.HEADS}
