"""Runs `muster` as people do: the installed command, in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

MUSTER = Path(sys.executable).parent / "muster"
TIMEOUT_S = 120.0


class Answer(NamedTuple):
    """What `muster` returned and said."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Return everything, with the lines that a narrow screen broke made whole."""
        return " ".join((self.out + self.err).split())


def muster(*asked: str, given: Mapping[str, str] | None = None, cwd: Path | None = None) -> Answer:
    inherited = {key: text for key, text in os.environ.items() if not key.startswith("MUSTER_")}
    done = subprocess.run(
        [str(MUSTER), *asked],
        env={**inherited, **(given or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)
