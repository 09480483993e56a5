"""What a judgement of the log rests on: its rows, by SQL, and the journals of who used it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

READ = """
    SELECT position, recorded_at, occurred_at, stream, version, event_id, type, schema_version,
           data::text AS data, meta::text AS meta, hash
    FROM muster.event ORDER BY position"""
READ_NOTES = "SELECT note FROM muster.checkpoint ORDER BY lineage, size"
READ_AT_ONCE = 5_000


class Event(NamedTuple):
    """A row of the log."""

    position: int
    recorded_at: datetime
    occurred_at: datetime
    stream: str
    version: int
    event_id: UUID
    type: str
    schema_version: int
    data: str
    meta: str
    hash: bytes


class Answer(NamedTuple):
    """What a writer was told, as often as it asked."""

    stream: str
    version: int
    position: int
    events: int
    at: int


@dataclass
class Promise:
    """A command that was asked, and all answers to it."""

    stream: str
    texts: list[str]
    at: int
    answers: list[Answer] = field(default_factory=list)


@dataclass
class Journals:
    """What was written down outside the database."""

    promises: dict[str, Promise] = field(default_factory=dict)
    pages: dict[str, list[list[tuple[int, str, str, int]]]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Every checkpoint that was seen, and who should have signed them."""
    vkey: str = ""

    @classmethod
    def read(cls, writers: Iterable[Path], watchers: Iterable[Path]) -> Journals:
        """Read the files. Half a line at the end of one was never written."""
        found = cls()
        for path in writers:
            for entry in _lines(path):
                found.take(path.name, entry)
        for path in watchers:
            found.pages[path.name] = []
            for entry in _lines(path):
                found.take(path.name, entry)
        return found

    def take(self, name: str, entry: Mapping[str, Any]) -> None:
        """Take one line of a file."""
        match entry:
            case {"asked": command_id, "stream": stream, "texts": texts, "at": at}:
                if command_id in self.promises:
                    self.wrong.append(f"{name} asked {command_id} as if it were new")
                self.promises[command_id] = Promise(stream, texts, at)
            case {"acknowledged": command_id, **told}:
                self.promises[command_id].answers.append(Answer(**told))
            case {"saw": seen}:
                self.pages[name].append([tuple(one) for one in seen])
            case {"wrong": what}:
                self.wrong.append(f"{name}: {what}")


async def read_notes(dsn: str) -> list[str]:
    """Read every checkpoint that the database knows."""
    connection = await asyncpg.connect(dsn)
    try:
        return [row["note"] for row in await connection.fetch(READ_NOTES)]
    finally:
        await connection.close()


async def read_log(dsn: str) -> list[Event]:
    """Read every row of the log, in the order of positions."""
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        async with connection.transaction(readonly=True):
            rows = connection.cursor(READ, prefetch=READ_AT_ONCE)
            return [Event(**row) async for row in rows]
    finally:
        await connection.close()


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
