"""Texts that the state does not hold: of tasks, which may be given by hand, and public notices."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from activities.work.reads import SharedReads
from domain.aggregate import decode
from domain.incident.decider import INCIDENTS
from domain.incident.events.duties import TaskAssigned
from domain.incident.events.means import NoticeDrafted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.values import Text
    from eventstore.log import Log

INCIDENTS_MAX: Final = 256
"""Incidents whose texts are remembered."""

TEXTS_MAX: Final = 5_000
"""Different texts among them: most are the same for all incidents of a plan."""

TOLD_BY: Final = frozenset({TaskAssigned.__name__, NoticeDrafted.__name__})


class _Read(NamedTuple):
    """What was found in a log up to a version: texts by what they are about."""

    version: int
    texts: dict[str, Text]


class Texts:
    """Finds them in the log, each incident's read once and on from there."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: OrderedDict[str, _Read] = OrderedDict()
        self._same: dict[Text, Text] = {}
        self._reads = SharedReads(self._read_on)

    async def of(self, incident: str, about: str) -> Text | None:
        """Return the text of `task/<id>` or `notice/<id>`, if the log has it."""
        known = self._known.get(incident)
        if known is None or about not in known.texts:
            known = await self._reads.get(incident)
        return known.texts.get(about)

    async def _read_on(self, incident: str) -> _Read:
        version, texts = self._known.get(incident) or _Read(0, {})
        async for page in self._log.read_facts(f"incident/{incident}", after=version):
            version = page[-1].version
            for fact in page:
                if fact.type in TOLD_BY:
                    read = decode(INCIDENTS, fact.type, fact.schema_version, fact.data)
                    for about, text in _told_by(read):
                        texts.setdefault(about, self._once(text))
        self._known[incident] = known = _Read(version, texts)
        self._known.move_to_end(incident)
        if len(self._known) > INCIDENTS_MAX:
            self._known.popitem(last=False)
        return known

    def _once(self, text: Text) -> Text:
        """Return the same text as before, if it was met before."""
        if len(self._same) >= TEXTS_MAX:
            self._same.clear()
        return self._same.setdefault(text, text)


def _told_by(fact: object) -> Iterator[tuple[str, Text]]:
    match fact:
        case TaskAssigned():
            yield f"task/{fact.task}", fact.title
        case NoticeDrafted():
            yield f"notice/{fact.notice}", fact.text
