"""What goes into the log, what comes out of it, and how it answers."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


def aware(instant: datetime) -> datetime:
    """Return an instant with its zone: the driver gives back none with the first moment there is.

    That moment is stored as `-infinity`. It is refused today, and may stand in an older log.
    """
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


class NewEvent(NamedTuple):
    """An event to append. `data` and `meta` are JSON texts, kept and hashed byte for byte."""

    event_id: UUID
    type: str
    schema_version: int
    occurred_at: datetime
    data: str
    meta: str


class StoredEvent(NamedTuple):
    """An event as the log has it."""

    position: int
    """Its place in the whole log: 1, 2, 3 ... without a gap, in the order of commits."""
    recorded_at: datetime
    occurred_at: datetime
    stream: str
    """`<category>/<id>`."""
    version: int
    """Its place in its stream: 1, 2, 3 ... without a gap."""
    event_id: UUID
    type: str
    schema_version: int
    data: str
    meta: str
    hash: bytes
    """SHA-256, chained to the event before it in the stream: see
    `eventstore.integrity.hash_chain`."""

    @classmethod
    def of(cls, row: Iterable[Any]) -> Self:
        """Return an event of a row."""
        made = cls._make(row)
        if made.occurred_at.tzinfo is None:
            return made._replace(occurred_at=aware(made.occurred_at))
        return made

    @property
    def category(self) -> str:
        """Return what kind of stream it is in."""
        return self.stream.partition("/")[0]


class Appended(NamedTuple):
    """The events are durable. Version and position are those of the last one."""

    version: int
    position: int
    recorded_at: datetime


class Conflict(NamedTuple):
    """The stream is at another version than was expected. Nothing was appended."""

    version: int


class AlreadyThere(NamedTuple):
    """Exactly these events were in the log before. Version and position are those of the last."""

    version: int
    position: int
    recorded_at: datetime


class IdReused(NamedTuple):
    """An id of these events is in the log with other content. Nothing was appended."""


Outcome = Appended | Conflict | AlreadyThere | IdReused
"""How the log answers a request to append."""


def is_of(
    event: StoredEvent,
    categories: frozenset[str] | None,
    streams: frozenset[str] | None,
    types: frozenset[str] | None,
) -> bool:
    """Tell whether an event is of categories, streams and types; None means any."""
    return (
        (categories is None or event.category in categories)
        and (streams is None or event.stream in streams)
        and (types is None or event.type in types)
    )
