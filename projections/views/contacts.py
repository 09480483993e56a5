"""The contacts as a list shows them: how they can be reached, without names and addresses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.decider import Versioned
from domain.directory.person import PERSONS, Person
from eventstore.log.events import StoredEvent
from eventstore.postgres.connection import Lent
from projections.stateful import Folding, key_of
from projections.view import Apply, View

TABLE = """
    CREATE TABLE {table} (
        person    text      COLLATE "C" PRIMARY KEY,
        channels  text[]    NOT NULL,
        exercises boolean[] NOT NULL,
        version   bigint    NOT NULL
    )"""

KEEP = """
    INSERT INTO {table} VALUES ($1, $2, $3, $4)
    ON CONFLICT (person) DO UPDATE SET
        channels = excluded.channels, exercises = excluded.exercises, version = excluded.version"""


FORGET = "DELETE FROM {table} WHERE person = ANY ($1)"
"""Who was erased can't be reached any more."""


class ContactRow(NamedTuple):
    """A contact in a list; `channels` and `exercises` go together."""

    person: str
    channels: Sequence[str]
    """The kinds, in the order to try."""
    exercises: Sequence[bool]
    """Whether each is for exercises only."""
    version: int


def begin(table: str) -> Apply:
    """Start with nobody remembered."""
    folding = Folding(PERSONS)
    keep, forget = KEEP.format(table=table), FORGET.format(table=table)

    async def apply(connection: Lent, events: Sequence[StoredEvent]) -> None:
        rows: dict[str, ContactRow] = {}
        for event in events:
            if taken := await folding.take(connection, event):
                row = _row(key_of(event), taken[1])
                rows[row.person] = row
        if kept := [row for row in rows.values() if row.channels]:
            await connection.executemany(keep, kept)
        if gone := [row.person for row in rows.values() if not row.channels]:
            await connection.execute(forget, gone)

    return apply


def _row(key: str, known: Versioned[Person]) -> ContactRow:
    person = known.state
    return ContactRow(
        key,
        [channel.kind for channel in person.channels],
        [channel.exercise for channel in person.channels],
        known.version,
    )


VIEW = View("contacts", TABLE, rules=2, begin=begin, category=PERSONS.category)
