"""What a view is: a table that people look at, made from the log alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from eventstore.log.events import StoredEvent
from eventstore.postgres.connection import Lent

Apply = Callable[[Lent, Sequence[StoredEvent]], Awaitable[None]]
"""Takes the next events of the log into the rows, within a transaction."""


class View(NamedTuple):
    """A view, and how its rows come about."""

    name: str
    """Of the table in the schema `muster_view`."""
    table: str
    """The statements that make the table, which they call `{table}`."""
    rules: int
    """To be raised when the same facts are to give other rows: the view is then made again."""
    begin: Callable[[str], Apply]
    """Starts to apply events to the table of a name, with nothing remembered."""
    category: str | None = None
    """Of the streams whose events it takes in; None if that is for the view to see."""

    @property
    def shape(self) -> str:
        """Return what tells whether rows were made by these statements and rules."""
        return sha256(f"{self.rules}\n{self.table}".encode()).hexdigest()

    def is_about(self, events: Sequence[StoredEvent]) -> bool:
        """Tell whether events may change any row."""
        return self.category is None or any(one.category == self.category for one in events)

    @property
    def live(self) -> str:
        """Return the table that is read."""
        return f"muster_view.{self.name}"

    @property
    def beside(self) -> str:
        """Return the table that is being made, and takes the place of the live one."""
        return f"{self.live}_next"

    def key(self, part: str) -> int:
        """Return the lock of whoever does a part of the work for this view, by these rules."""
        digest = sha256(f"{part} {self.name} {self.shape}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


class Stopped(NamedTuple):
    """A view that met something it cannot take in. The others go on."""

    view: str
    position: int
    """It holds everything up to here."""
    because: Exception


class Rewound(Exception):
    """A table is not where it was left: somebody began it again, or by other rules."""
