"""Commands that were recorded before, recognised for good by the ids of their events."""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

from domain.decider import Refused
from domain.refusals import Refusal
from eventstore.recorder.event_ids import event_id_of
from eventstore.recorder.metadata import comes_from
from eventstore.recorder.queue import PendingCommand, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.decider import CommandEnvelope
    from eventstore.log.events import StoredEvent
    from eventstore.log.log import Log

COMMAND_EVENTS = 64
"""Events read at a time to find the last one of a command."""


class Deduplication:
    """What the log knows of commands that are asked again."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def answer(
        self, stream: str, batch: Sequence[PendingCommand], *, after_reading: bool = False
    ) -> list[PendingCommand]:
        """Answer the commands that were recorded before; return the others.

        What was read before may be acknowledged then, if that is asked for.
        """
        firsts = {event_id_of(one.asked, 0): one for one in batch}
        found = await self._log.find_settled(list(firsts), after_reading=after_reading)
        for first, event in found.items():
            firsts[first].settle(await self._again(stream, firsts[first].asked, event))
        return [one for first, one in firsts.items() if first not in found]

    async def _again(
        self, stream: str, asked: CommandEnvelope, first: StoredEvent
    ) -> Receipt | Refused:
        """Return the receipt of back then, if it is the same command by the same actor."""
        if not comes_from(first, asked, stream):
            return Refused(Refusal.COMMAND_ID_REUSED, {"command_id": str(asked.command_id)})
        together = [first]
        async for page in self._log.read_stream(stream, after=first.version, page=COMMAND_EVENTS):
            more = list(takewhile(partial(_follows, asked, first), page))
            together += more
            if len(more) < len(page):
                break
        last, kinds = together[-1], tuple(event.type for event in together)
        return Receipt(stream, last.version, last.position, kinds, duplicate=True)


def _follows(asked: CommandEnvelope, first: StoredEvent, event: StoredEvent) -> bool:
    """Tell whether an event is one of a command's, by its id: what `meta` says, callers chose."""
    return event.event_id == event_id_of(asked, event.version - first.version)
