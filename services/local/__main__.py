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

from services.runtime.absence import absent

with absent("rich"):  # structlog would draw tracebacks with it
    from services.local.folder import Folder
    from services.local.prefork import import_shared
    from services.local.stack import Ports
    from services.local.supervisor import supervise
    from services.runtime.failures import StackFailed

    import_shared()

DIM, RESET = "\x1b[2m", "\x1b[0m"


def main(folder: str, ports: str) -> None:
    """Run the stack of a folder until it is told to stop; end the program with what failed."""
    is_drawn = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    name = f"{DIM}muster{RESET}" if is_drawn else "muster"

    def tell(text: str) -> None:
        sys.stdout.write(f"{name} {text}\n")
        sys.stdout.flush()

    try:
        asyncio.run(supervise(Folder(Path(folder)), Ports(**json.loads(ports)), tell))
    except StackFailed as error:
        from services.cli.stack.processes import complain  # noqa: PLC0415 - as above
        from services.runtime.exit_codes import Exit  # noqa: PLC0415 - only where it failed

        complain(str(error))
        sys.exit(Exit.UNAVAILABLE)


if __name__ == "__main__":
    main(*sys.argv[1:])
