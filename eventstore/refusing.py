"""The gate: closed when the log is not what was signed, opened by whoever acknowledges that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID, uuid5

from domain.aggregate import decode
from domain.record.divergence import (
    DIVERGENCES,
    Diverged,
    DivergenceAcknowledged,
    Standing,
)
from eventstore.verify import Divergence, Doubt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from eventstore.audit import Signed
    from eventstore.connecting import Connection

NAMESPACE = UUID("0d3a0b5e-5d0c-5c5c-9a53-6a3c6f0a4c11")
"""What the names of divergences are derived in: the same one is found again under its name."""

REFUSE = "SELECT muster.refuse($1, $2)"
STANDING = "SELECT divergence, what FROM muster.refusal"
ACKNOWLEDGED = """
    SELECT type, schema_version, data FROM muster.event
    WHERE stream >= 'log/' AND stream < 'log0' ORDER BY position"""


OF_THE_TREE = {Doubt.LEAF, Doubt.ROOT, Doubt.END, Doubt.CHECKPOINT, Doubt.HEADS}


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
    return Standing(str(uuid5(NAMESPACE, what.model_dump_json())), what)


async def refuse(connection: Connection, standing: Standing) -> None:
    """Take the right to append away. Saying so again changes nothing."""
    await connection.execute(REFUSE, standing.divergence, standing.what.model_dump_json())


async def standing(connection: Connection) -> Standing | None:
    """Return for which divergence nothing may be appended; None if all is well."""
    row = await connection.fetchrow(STANDING)
    return None if row is None else standing_in(row)


def standing_in(row: asyncpg.Record) -> Standing:
    """Read the divergence in a row."""
    return Standing(row["divergence"], Diverged.model_validate_json(row["what"]))


async def acknowledged(connection: Connection) -> Sequence[Diverged]:
    """Return what was acknowledged so far, oldest first."""
    rows = await connection.fetch(ACKNOWLEDGED)
    facts = [decode(DIVERGENCES, *row) for row in rows]
    return [fact.what for fact in facts if isinstance(fact, DivergenceAcknowledged)]


def is_of(found: Divergence, what: Diverged) -> bool:
    """Tell whether a divergence is the one that was acknowledged."""
    said = (what.doubt, what.position, what.stream, what.version, what.expected, what.found)
    one = (found.doubt, found.position, found.stream, found.version, found.expected, found.found)
    return said == one


def is_of_the_tree(found: Divergence) -> bool:
    """Tell whether it is about what was signed, and so ends with the lineage."""
    return found.doubt in OF_THE_TREE
