"""The map of heads in another language, run in a process of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bundle.verifiers import node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.log.events import StoredEvent

SECOND = Path(__file__).parent / "heads.mjs"
TIMEOUT_S = 120


def root_of(events: Sequence[StoredEvent]) -> bytes:
    """Return the root of the map of these events."""
    lines = [
        json.dumps(
            {
                "position": event.position,
                "stream": event.stream,
                "version": event.version,
                "type": event.type,
                "data": event.data,
                "hash": event.hash.hex(),
            }
        )
        for event in events
    ]
    return bytes.fromhex(_asked("\n".join(lines), "map"))


def verdicts(proofs: Sequence[str], vkey: str) -> list[str]:
    """Return of each proof whether it holds under what a key signed."""
    found: list[str] = json.loads(_asked(json.dumps(list(proofs)), "check", vkey))
    return found


def _asked(given: str, *words: str) -> str:
    ran = subprocess.run(
        [node(), SECOND, *words],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT_S,
    )
    return ran.stdout
