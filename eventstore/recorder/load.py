"""Folding what the log has of a stream, from wherever somebody already is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from domain.decider import Decider, Versioned, decode, start_fold

if TYPE_CHECKING:
    from eventstore.log.log import Log

S = TypeVar("S")


async def load_from(
    log: Log, decider: Decider[S], key: str, known: Versioned[S], *, up_to: int | None = None
) -> Versioned[S]:
    """Return what is known of `<category>/<key>` after what the log has beyond what is known."""
    state, version, position = known
    fold = start_fold(decider, state)
    async for page in log.read_facts(decider.stream(key), after=version, up_to=up_to):
        for version, position, kind, schema_version, data in page:  # noqa: B007 - of the last
            fold.take(decode(decider, kind, schema_version, data))
    return Versioned(fold.state(), version, position)
