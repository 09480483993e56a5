"""Texts that the state does not hold: of tasks, which may be given by hand, and public notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from activities.work.shared_reads import BatchedReads
from domain.incident.events.duties import TaskAssigned
from domain.incident.events.means import NoticeDrafted
from domain.lru import LruCache
from eventstore.queries.wordings import Wording, read_wordings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.values import Event, Text
    from eventstore.log.log import Log

TEXTS_MAX: Final = 5_000
"""Texts that are remembered: one is sent to many, and what was said once stays as it was."""

SAID_BY: Final = {"task": TaskAssigned.__name__, "notice": NoticeDrafted.__name__}


class Texts:
    """Finds them in the log, many in one read."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: LruCache[Wording, Text] = LruCache(TEXTS_MAX)
        self._reads = BatchedReads(self._read)

    async def of(self, incident: str, about: str) -> Text | None:
        """Return the text of `task/<id>` or `notice/<id>`, if the log has it."""
        topic, _, subject = about.partition("/")
        wording = Wording(incident, SAID_BY[topic], subject)
        text = self._known.get(wording)
        if text is None:
            text = await self._reads.get(wording)
            if text is not None:
                self._known[wording] = text
        return text

    async def _read(self, sought: Sequence[Wording]) -> Mapping[Wording, Text | Exception | None]:
        found = await read_wordings(self._log, sought)
        return {one: _text(found.get(one)) for one in sought}


def _text(fact: Event | None) -> Text | None:
    match fact:
        case TaskAssigned():
            return fact.title
        case NoticeDrafted():
            return fact.text
        case _:
            return None
