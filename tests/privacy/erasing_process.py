"""Carries out what the log at an address orders to erase, until it is killed."""

from __future__ import annotations

import asyncio
import sys

from eventstore.erasure import Eraser
from eventstore.log import Log


async def main(dsn: str) -> None:
    """Follow, endlessly."""
    log = await Log.open(dsn)
    eraser = await Eraser.open(dsn, log)
    sys.stdout.write("follows\n")
    sys.stdout.flush()
    await eraser.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
