"""Acknowledged divergences, with who answers for each: what ends a lineage and begins the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from domain.aggregate import decode
from domain.record.divergence import DIVERGENCES, Diverged, DivergenceAcknowledged
from eventstore.patience import patiently

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eventstore.connecting import Pool

ACKNOWLEDGEMENTS = """
    SELECT type, schema_version, data, meta, position, recorded_at FROM muster.event
    WHERE stream >= 'log/' AND stream < 'log0' ORDER BY position"""


class Acknowledged(NamedTuple):
    """A divergence that was acknowledged, as the log has it."""

    divergence: str
    what: Diverged
    position: int
    """Of the acknowledgement."""
    actor: str
    reason: str
    recorded_at: datetime


async def acknowledgements(pool: Pool) -> Sequence[Acknowledged]:
    """Return what was acknowledged so far, oldest first."""
    rows = await patiently(pool, lambda lent: lent.fetch(ACKNOWLEDGEMENTS))
    found: list[Acknowledged] = []
    for kind, schema_version, data, meta, position, recorded_at in rows:
        fact = decode(DIVERGENCES, kind, schema_version, data)
        if isinstance(fact, DivergenceAcknowledged):
            said = json.loads(meta)
            who, why = str(said.get("actor", "")), str(said.get("reason") or "")
            found.append(Acknowledged(fact.divergence, fact.what, position, who, why, recorded_at))
    return found
