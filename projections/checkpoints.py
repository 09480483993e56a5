"""How far those have come who follow the log outside the database, such as the relay."""

from __future__ import annotations

from typing import Self

from eventstore.postgres.connection import Pool, close_pool, connect_pool
from eventstore.postgres.retry import with_retry

BOOKMARK_CONNECTIONS = 2

READ = "SELECT position FROM muster.bookmark WHERE name = $1"
ALL = """
    SELECT name, position FROM muster.bookmark
    UNION ALL SELECT 'view ' || view, position FROM muster_view.checkpoint
    ORDER BY 1"""
MOVE = """
    INSERT INTO muster.bookmark (name, position) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET position = $2, moved_at = now()"""


class Checkpoints:
    """Named places in the log. Moving one is durable before it returns. Raises LogUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str) -> Self:
        """Connect."""
        return cls(await connect_pool(dsn, size=BOOKMARK_CONNECTIONS))

    async def close(self) -> None:
        """Disconnect."""
        await close_pool(self._pool)

    async def read_bookmark(self, name: str) -> int:
        """Return the position up to which everything was seen to; 0 at first."""
        found = await with_retry(self._pool, lambda lent: lent.fetchval(READ, name))
        return int(found or 0)

    async def positions(self) -> dict[str, int]:
        """Return how far every follower has come, the views among them."""
        rows = await with_retry(self._pool, lambda lent: lent.fetch(ALL))
        return {row["name"]: row["position"] for row in rows}

    async def move_bookmark(self, name: str, position: int) -> None:
        """Say that everything up to a position was seen to; back, to have it seen to again."""
        await with_retry(self._pool, lambda lent: lent.execute(MOVE, name, position))
