"""How a process says that it serves: a file that whoever started it can wait for."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "MUSTER_READY_FILE"
"""Names the file in the environment; nothing is written without it."""


def announce(text: str = "serving") -> None:
    """Write the file, whole or not at all."""
    if named := os.environ.get(VARIABLE):
        file = Path(named)
        part = file.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(file)
