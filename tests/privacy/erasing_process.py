"""Carries out what the log at an address orders to erase, until it is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from eventstore.log.log import Log
from eventstore.privacy.erasure import Eraser


async def main(dsn: str, shares: Path) -> None:
    """Follow, endlessly."""
    log = await Log.open(dsn)
    eraser = await Eraser.open(dsn, log, shares)
    sys.stdout.write("follows\n")
    sys.stdout.flush()
    await eraser.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
