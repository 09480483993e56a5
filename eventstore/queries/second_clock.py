"""What the second clocks of the workers let pass lately because Temporal was late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from eventstore.log.log import Log

LATELY: Final = timedelta(minutes=10)
KEPT_FOR: Final = timedelta(days=1)

KEEP: Final = """
    WITH gone AS (DELETE FROM muster.second_clock WHERE acted_at < now() - $3::interval)
    INSERT INTO muster.second_clock (deadlines, late_s) VALUES ($1, $2)"""
LATEST: Final = """
    SELECT sum(deadlines)::bigint AS deadlines, max(late_s) AS late_s,
           extract(epoch FROM now() - max(acted_at))::float8 AS age_s
    FROM muster.second_clock WHERE acted_at > now() - $1::interval"""


class Acts(NamedTuple):
    """Deadlines that passed without Temporal."""

    deadlines: int
    late_s: float
    """How late the latest was when it had passed, in seconds."""
    age_s: float = 0.0
    """When a worker last said so, in seconds before now."""

    def __str__(self) -> str:
        """Say it in a line."""
        minutes = LATELY.total_seconds() / 60
        return (
            f"{self.deadlines} deadlines passed without Temporal in the last {minutes:.0f} min, "
            f"up to {self.late_s:.1f} s late, the last {self.age_s:.0f} s ago"
        )


class SecondClockActs:
    """What all workers let pass. Raises LogUnavailable."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def keep(self, deadlines: int, late_s: float) -> None:
        """Add what a worker let pass since it last said so."""
        await self._log.fetch(KEEP, deadlines, late_s, KEPT_FOR)

    async def lately(self) -> Acts | None:
        """Return what passed in the last ten minutes, if anything did."""
        row = (await self._log.fetch(LATEST, LATELY))[0]
        return Acts(row["deadlines"], row["late_s"], row["age_s"]) if row["deadlines"] else None
