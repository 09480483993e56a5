"""The one way to append an export: the log itself finds what belongs to the case, and says so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from eventstore.committing import SETTLE, commit
from eventstore.failures import of_append
from eventstore.log import Log
from eventstore.requests import outcome
from eventstore.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.connecting import Pool
    from eventstore.epochs import Epoch
    from eventstore.events import NewEvent, Outcome

EXPORT = "SELECT request, status, at_version, at_position, at FROM muster.export_case($1, $2)"


class ExportLog(Log):
    """A log that takes nothing but exports."""

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
        """Export a case: of what was decided only who asks, and why, is taken.

        Raises LogUnavailable and LogDiverged.
        """
        del stream, expected_version, epoch  # the log derives the stream, which is a new one
        (event,) = events
        incident = json.loads(event.data)["incident"]
        try:
            rows = await commit(self._address, EXPORT, incident, event.meta)
        except Exception as error:
            raise of_append(error) from error
        return outcome(rows[0])
