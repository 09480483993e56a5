"""How the workflows of open incidents compared with the log when a follower last looked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eventstore.log.log import Log

STALE_S = 60.0
"""A comparison that is older says nothing any more: nobody compares, or Temporal is away."""

KEEP: Final = """
    INSERT INTO muster.reconciliation (open, running, faults) VALUES ($1, $2, $3)
    ON CONFLICT (only_one) DO UPDATE
    SET open = $1, running = $2, faults = $3, compared_at = now()"""
LATEST: Final = """
    SELECT open, running, faults, extract(epoch FROM now() - compared_at)::float8 AS age_s
    FROM muster.reconciliation"""


class Comparison(NamedTuple):
    """What was found when open incidents were compared with running workflows."""

    open: int
    running: int
    faults: Mapping[str, int]
    """How many incidents were found at fault, by kind, whether or not it could be mended."""
    age_s: float = 0.0

    @property
    def is_stale(self) -> bool:
        """Tell whether it is too old to say anything."""
        return self.age_s > STALE_S

    @property
    def is_well(self) -> bool:
        """Tell whether every open incident has a workflow that moves, as far as is known."""
        return not self.is_stale and not self.faults

    def __str__(self) -> str:
        """Say it in a line."""
        found = ", ".join(f"{count} {fault}" for fault, count in sorted(self.faults.items()))
        seen = f"{self.running} of {self.open} open incidents have a running workflow"
        return f"{seen}{f', {found}' if found else ''}, compared {self.age_s:.0f} s ago"


class Reconciliations:
    """The latest comparison, for whoever tells how the system is. Raises LogUnavailable."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def keep(self, found: Comparison) -> None:
        """Replace the latest one."""
        await self._log.fetch(KEEP, found.open, found.running, json.dumps(found.faults))

    async def latest(self) -> Comparison | None:
        """Return it, if anybody ever compared."""
        rows = await self._log.fetch(LATEST)
        if not rows:
            return None
        row = rows[0]
        return Comparison(row["open"], row["running"], json.loads(row["faults"]), row["age_s"])
