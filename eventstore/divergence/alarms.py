"""Alarms about the evidence: what is not right with it while appends go on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from eventstore.postgres.retry import with_retry

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from domain.record.divergence import Standing
    from eventstore.postgres.connection import Connection, Pool

FOLDER = "folder"
"""The notary's folder lacks what was signed: nothing is signed until an administrator knows."""
KEY = "key"
"""What is in the notary's folder is signed by another key than the notary's."""
ACKNOWLEDGEMENT = "acknowledgement"
"""An acknowledgement in the log can't be read: it counts for nothing."""
ARCHIVE = "archive"
"""A tile in the notary's folder is not what was signed, while the log is."""
QUORUM = "quorum"
"""Fewer witnesses cosigned than are required: newer checkpoints don't count."""
WITNESS = "witness "
"""What the kind of an alarm about one witness begins with; its name follows."""

RAISE = """
    INSERT INTO muster.alarm (kind, says, divergence, what) VALUES ($1, $2, $3, $4)
    ON CONFLICT (kind) DO UPDATE
    SET says = excluded.says, divergence = excluded.divergence, what = excluded.what"""
CLEAR = "DELETE FROM muster.alarm WHERE kind = ANY ($1)"
CLEAR_OTHER_WITNESSES = """
    DELETE FROM muster.alarm WHERE starts_with(kind, 'witness ') AND NOT kind = ANY ($1)"""
RAISED = "SELECT kind, says, since FROM muster.alarm ORDER BY kind"


class Alarm(NamedTuple):
    """One of them."""

    kind: str
    says: str
    since: datetime

    @property
    def is_grave(self) -> bool:
        """Tell whether proofs are affected, and not just one of several witnesses away."""
        return not self.kind.startswith(WITNESS)


async def raise_alarm(
    connection: Connection, kind: str, says: str, standing: Standing | None = None
) -> None:
    """Raise an alarm, or say what it says now; with a name if it is to be acknowledged."""
    name, what = (standing.divergence, standing.what.model_dump_json()) if standing else (None,) * 2
    await connection.execute(RAISE, kind, says, name, what)


async def clear_alarms(connection: Connection, *kinds: str) -> None:
    """End alarms. Ending one that is not raised changes nothing."""
    await connection.execute(CLEAR, kinds)


class Alarms:
    """The alarms as others than the notary's own session raise and read them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def raised(self) -> Sequence[Alarm]:
        """Return those that are raised now."""
        rows = await with_retry(self._pool, lambda lent: lent.fetch(RAISED))
        return [Alarm(*row) for row in rows]

    async def say(self, kind: str, says: str) -> None:
        """Raise one, or say what it says now."""
        await with_retry(self._pool, lambda lent: lent.execute(RAISE, kind, says, None, None))

    async def clear(self, kind: str) -> None:
        """End one."""
        await with_retry(self._pool, lambda lent: lent.execute(CLEAR, [kind]))

    async def keep_witnesses(self, names: Collection[str]) -> None:
        """End the alarms about witnesses that are not asked any more."""
        kinds = [f"{WITNESS}{name}" for name in names]
        await with_retry(self._pool, lambda lent: lent.execute(CLEAR_OTHER_WITNESSES, kinds))
