"""Long incidents to fold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from benchmarks.folding import long_life
from domain.decider import encode
from eventstore.log.events import Appended, NewEvent

if TYPE_CHECKING:
    from eventstore.log.log import Log

META = '{"actor":"desk","reason":"It was so."}'


async def a_life(log: Log, key: str, events: int) -> None:
    """Append the events of a long incident."""
    now = datetime.now(UTC)
    page = [
        NewEvent(uuid4(), fact.kind, fact.schema_version, now, encode(fact), META)
        for fact in long_life(events)
    ]
    assert isinstance(await log.append(f"incident/{key}", 0, page), Appended)
