"""The one append that is possible while the log refuses to be written: the acknowledgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventstore.committing import SETTLE, commit
from eventstore.log import Log
from eventstore.requests import outcome
from eventstore.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.connecting import Pool
    from eventstore.epochs import Epoch
    from eventstore.events import NewEvent, Outcome

READMIT = """
    SELECT request, status, at_version, at_position, at
    FROM muster.readmit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""


class ReadmittingLog(Log):
    """A log whose appends also open it again. It takes nothing but acknowledgements."""

    def __init__(self, dsn: str, pool: Pool) -> None:
        super().__init__(dsn, pool, Writer(dsn))
        self._address = dsn

    async def settled(self) -> None:
        """Wait until all that was read is where commits are to be. Raises LogUnavailable."""
        await commit(self._address, SETTLE)

    async def append(
        self,
        stream: str,
        expected_version: int,
        events: Sequence[NewEvent],
        epoch: Epoch | None = None,
    ) -> Outcome:
        """Append the acknowledgement of a divergence to its stream, and open the log with it."""
        del epoch  # a divergence stands in one log only
        divergence = stream.partition("/")[2]
        columns = [list(column) for column in zip(*events, strict=True)]
        asked = ([stream], [expected_version], [len(events)], *columns)
        row = (await commit(self._address, READMIT, divergence, *asked))[0]
        return outcome(row)
