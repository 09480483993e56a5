"""A small log that was written, acknowledged, watched and signed as the torture does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid5

import pytest

from benchmarks.torture.checker import Verdict, check
from benchmarks.torture.evidence import Event, Journals, read_log
from benchmarks.torture.journal import Journal
from benchmarks.torture.ledger import BOOKS
from benchmarks.torture.watcher import seen
from benchmarks.torture.writer import NAMESPACE, Wanted, Writer
from eventstore.log.log import Log
from eventstore.recorder.recorder import Recorder
from eventstore.tlog.checkpoint import Checkpoint
from eventstore.tlog.merkle import leaf_hash, root_of
from eventstore.tlog.note import Signer
from tests.eventstore.samples import NOON

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database

COMMANDS = 12
BOOKS_WRITTEN = 3
SIGNER = Signer.generate("muster.test/torture")


@dataclass
class Scene:
    """What is known of a log, to be judged, and to be tampered with before."""

    database: Database
    log: list[Event]
    journals: Journals

    def verdict(self) -> Verdict:
        """Judge."""
        return check(self.log, self.journals)

    async def read_again(self) -> None:
        """See what became of the database."""
        self.log = await read_log(self.database.owner_dsn)


def note_over(log: list[Event], size: int) -> str:
    """Sign what a log was."""
    root = root_of([leaf_hash(event.hash) for event in log[:size]])
    return Checkpoint(SIGNER.name, size, root).signed(SIGNER).whole


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    """Write some books, watch, and sign twice."""
    asked, watched = tmp_path / "asked", tmp_path / "watched"
    log = await Log.open(database.dsn)
    with Journal(asked) as journal, Journal(watched) as sight:
        recorder = Recorder(log, BOOKS, clock=lambda: NOON)
        writer = Writer(recorder, journal, "clerk", "test")
        for number in range(COMMANDS):
            texts = tuple(f"{number}/{line}" for line in range(number % 3 + 1))
            name = uuid5(NAMESPACE, str(number))
            wanted = Wanted(name, f"book-{number % BOOKS_WRITTEN}", texts)
            journal.note(wanted.entry)
            await writer.ask(wanted)
            if number % 4 == 0:
                await writer.ask(wanted)
            page = await log.read(sight_end(sight), limit=100)
            await sight.keep({"saw": [seen(event) for event in page]})
            sight.past.append({"end": page[-1].position})
    await log.close()
    journals = Journals.read([asked], [watched])
    found = await read_log(database.owner_dsn)
    journals.notes = [note_over(found, 7), note_over(found, len(found))]
    journals.vkey = SIGNER.verifier.vkey
    return Scene(database, found, journals)


def sight_end(sight: Journal) -> int:
    """Return how far was seen."""
    return int(str(sight.past[-1]["end"])) if sight.past else 0
