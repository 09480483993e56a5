"""Logs that append through a function of the schema of their own: what the system alone writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from eventstore.log.append_request import outcome
from eventstore.log.log import Log
from eventstore.log.writer import Writer
from eventstore.postgres.errors import append_error
from eventstore.postgres.replicated_commit import SETTLE, commit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.log.events import NewEvent, Outcome
    from eventstore.postgres.connection import Pool
    from eventstore.postgres.epochs import Epoch

EXPORT = "SELECT request, status, at_version, at_position, at FROM muster.export_case($1, $2)"
READMIT = """
    SELECT request, status, at_version, at_position, at
    FROM muster.readmit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"""


class SystemLog(Log):
    """A log that appends by one function, over a connection of its own for each call."""

    def __init__(self, dsn: str, pool: Pool) -> None:
        super().__init__(dsn, pool, Writer(dsn))
        self._address = dsn

    async def settled(self) -> None:
        """Wait until all that was read is where commits are to be. Raises LogUnavailable."""
        await commit(self._address, SETTLE)

    async def _call(self, function: str, *arguments: object) -> Outcome:
        """Append by a function that answers as the append does. Raises LogUnavailable."""
        return outcome((await commit(self._address, function, *arguments))[0])


class ExportLog(SystemLog):
    """A log that takes nothing but exports; it finds by itself what belongs to the case."""

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
        try:
            return await self._call(EXPORT, json.loads(event.data)["incident"], event.meta)
        except Exception as error:
            raise append_error(error) from error


class ReopeningLog(SystemLog):
    """A log whose appends also open it again. It takes nothing but acknowledgements."""

    async def append(
        self,
        stream: str,
        expected_version: int,
        events: Sequence[NewEvent],
        epoch: Epoch | None = None,
    ) -> Outcome:
        """Append the acknowledgement of a divergence to its stream, and open the log with it.

        Raises LogUnavailable.
        """
        del epoch  # a divergence stands in one log only
        divergence = stream.partition("/")[2]
        columns = [list(column) for column in zip(*events, strict=True)]
        asked = ([stream], [expected_version], [len(events)], *columns)
        return await self._call(READMIT, divergence, *asked)
