"""`python -m services.local FOLDER PORTS`: a stack's supervisor, as `muster up` starts it.

A process of its own: all that is imported here each of the stack's processes has in its memory,
and none of them needs what reads a command line and draws tables.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TextIO

from domain.texts import visible
from services.runtime.absence import absent
from services.runtime.exit_codes import Exit

with absent("rich"):  # structlog would draw tracebacks with it
    from services.local.folder import Folder
    from services.local.stack import Ports
    from services.local.supervisor import supervise
    from services.runtime.failures import StackFailed

DIM, RED, RESET = "\x1b[2m", "\x1b[31m", "\x1b[0m"


def main(folder: str, ports: str) -> None:
    """Run the stack of a folder until it is told to stop; end the program with what failed."""
    name = _drawn("muster", DIM, sys.stdout)

    def tell(text: str) -> None:
        sys.stdout.write(f"{name} {text}\n")
        sys.stdout.flush()

    try:
        asyncio.run(supervise(Folder(Path(folder)), Ports(**json.loads(ports)), tell))
    except StackFailed as error:
        label = _drawn("muster:", RED, sys.stderr)
        sys.stderr.write(f"{label} {visible(str(error))}\n")
        sys.exit(Exit.UNAVAILABLE)


def _drawn(text: str, colour: str, where: TextIO) -> str:
    """Return a text as a terminal shows it in a colour; as it is for anything else."""
    return f"{colour}{text}{RESET}" if where.isatty() and "NO_COLOR" not in os.environ else text


if __name__ == "__main__":
    main(*sys.argv[1:])
