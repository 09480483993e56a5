"""A process that keeps one view until it is killed: `python -m tests.projections.keeping DSN`."""

from __future__ import annotations

import asyncio
import sys

from eventstore.log.log import Log
from projections.runner import ProjectionRunner
from tests.projections.test_rebuild import Hand


async def main(dsn: str) -> None:
    """Keep the view of a `Hand`."""
    log = await Log.open(dsn)
    keeper = await ProjectionRunner.open(dsn, log, [Hand().view], print)
    await keeper.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
