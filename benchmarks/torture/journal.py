"""What the load writes down, outside the database: one JSON object per line, in its own file.

A writer, before it asks and once it is answered (`at` is the monotonic clock of the machine, ns):

    {"asked": <command id>, "stream": ..., "texts": [...], "at": ...}
    {"acknowledged": <command id>, "stream": ..., "version": ..., "position": ..., "events": ...,
     "at": ...}
    {"wrong": <what no caller should ever be told>}

A watcher, for every page it was shown (`recorded` in microseconds of Unix):

    {"saw": [[<position>, <event id>, <hash>, <recorded>], ...]}

A kill may leave half a line at the end: it was not written, and is cut off by who goes on.
What was asked is written before it is asked; an acknowledgement is on the disk (fsync) before
its writer counts on it.
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class Journal:
    """A file that is only appended to; those who wait for the disk at once share one fsync."""

    def __init__(self, path: Path) -> None:
        self.past = _past(path)
        """What was written before, by a process that may have been killed."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._written = 0
        self._kept = 0
        self._keeping = asyncio.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def note(self, entry: dict[str, object]) -> None:
        """Write a line: it outlasts the process from now on."""
        os.write(self._file, json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        self._written += 1

    async def keep(self, entry: dict[str, object]) -> None:
        """Write a line and wait until it is on the disk."""
        self.note(entry)
        mine = self._written
        async with self._keeping:
            if self._kept < mine:
                written = self._written
                await asyncio.to_thread(os.fsync, self._file)
                self._kept = written


def _past(path: Path) -> list[dict[str, object]]:
    """Read a journal, cutting off half a line at its end."""
    if not path.exists():
        return []
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if len(whole) < len(text):
        os.truncate(path, len(whole))
    return [json.loads(line) for line in whole.splitlines()]
