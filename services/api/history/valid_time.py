"""Incidents by valid time: each event when it happened, as far as is known by now.

As long as events are recorded in the order in which they happened, and none was corrected, it is
what was known when the last of them was recorded. From the first that was told late, or was
corrected, facts are told anew in their true order; every so many a point is remembered from which
to go on, until something is told that belongs before it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from domain.decider import Versioned, decode
from domain.incident.corrections import Changes, gathered, righted
from domain.incident.decider import INCIDENTS
from domain.incident.events.corrections import (
    NAMED_BY,
    DamageCorrected,
    EntryName,
    ReportCorrected,
    subject_of,
)
from domain.incident.evolution.valid_time import DatedEvent, ValidTimeState
from domain.lru import LruCache
from eventstore.integrity.hash_chain import FIRST
from eventstore.log.subscription import VERSION_MAX
from eventstore.queries.valid_time import Disorder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from domain.incident.state.incident import Incident
    from eventstore.queries.valid_time import ValidTimeEvent, ValidTimeStreams
    from eventstore.recorder.snapshots import Snapshots

PAGE_FACTS = 5_000
EVERY_FACTS = 2_500
"""How far apart the points are that are remembered."""
AT_ONCE_FACTS = 500
"""Told in one go: some 10 ms of everybody's time."""
LIVES_MAX = 64
"""Incidents of which points are remembered."""

CORRECTIONS = (ReportCorrected.__name__, DamageCorrected.__name__)
INSTANT = timedelta(microseconds=1)


class _Point(NamedTuple):
    """What was true after a fact, in the true order."""

    happened: datetime
    version: int
    truth: ValidTimeState


@dataclass
class _Life:
    """What is remembered of an incident, as it was known at a version."""

    order: Disorder = field(default_factory=Disorder)
    changes: Changes = field(default_factory=dict)
    entries: Mapping[str, DatedEvent] = field(default_factory=dict)
    """The entries that were corrected, as they were told."""
    anew_from: datetime | None = None
    """From when on facts are told anew; None if all were told in order and none was corrected."""
    points: list[_Point] = field(default_factory=list)
    """In their order."""
    learning: asyncio.Lock = field(default_factory=asyncio.Lock)

    def righted(
        self, after: tuple[datetime, int], to: tuple[datetime, int]
    ) -> Iterator[DatedEvent]:
        """Return the corrected entries that belong after a moment and up to another."""
        for told in self.entries.values():
            right = righted(told, self.changes)
            if after < right[:2] <= to:
                yield right

    def last(self, instant: datetime) -> _Point | None:
        """Return the last point that is not after an instant."""
        return next((one for one in reversed(self.points) if one.happened <= instant), None)

    def forget(self, since: datetime) -> None:
        """Tell what happened from a moment on anew."""
        self.anew_from = min(filter(None, (self.anew_from, since)))
        self.points = [point for point in self.points if point.happened < since]


@dataclass(frozen=True)
class ValidTimeHistory:
    """Tells how incidents truly were."""

    happened: ValidTimeStreams
    snapshots: Snapshots[Incident]
    lives: LruCache[str, _Life] = field(default_factory=lambda: LruCache(LIVES_MAX))

    async def at(self, key: str, instant: datetime, current: Versioned[Incident]) -> Incident:
        """Return how an incident was at an instant, by what is known of it now."""
        life = self._life(key)
        async with life.learning:
            await self._learn(key, life, current)
            if life.anew_from is None or instant < life.anew_from:
                return (await self._recorded(key, life, instant)).state
            return await self._told_anew(key, life, instant)

    def _life(self, key: str) -> _Life:
        life = self.lives.get(key)
        if life is None:
            life = self.lives[key] = _Life()
        return life

    async def _learn(self, key: str, life: _Life, current: Versioned[Incident]) -> None:
        """Take in what was recorded since."""
        if current.version <= life.order.version:
            return
        stream = INCIDENTS.stream(key)
        beyond = await self.happened.disorder(stream, life.order, current.version)
        changes, entries = life.changes, life.entries
        if current.state.corrections:
            changes, entries = await self._corrected(stream, life, current.version)
        since = [
            told.happened
            for entry in entries
            if changes.get(entry) != life.changes.get(entry)
            for told in _places(entries[entry], life.changes, changes)
        ]
        life.order, life.changes, life.entries = life.order.and_then(beyond), changes, entries
        if since := [*since, *filter(None, [beyond.earliest])]:
            life.forget(min(since))

    async def _corrected(
        self, stream: str, life: _Life, up_to: int
    ) -> tuple[Changes, Mapping[str, DatedEvent]]:
        """Return what all corrections say by now, and the entries that they are of."""
        rows = await self.happened.read_types(
            stream, CORRECTIONS, after=life.order.version, up_to=up_to
        )
        found = [told.fact for told in _told(rows)]
        wanted: dict[str, set[str]] = defaultdict(set)
        for fact in found:
            assert isinstance(fact, ReportCorrected | DamageCorrected), fact  # noqa: S101 - asked for
            if subject_of(fact) not in life.entries:
                kind, name = EntryName.of(fact)
                wanted[kind].add(name)
        entries = dict(life.entries)
        for kind, names in wanted.items():
            rows = await self.happened.find_named(stream, kind, NAMED_BY[kind], [*names])
            entries |= {subject_of(told.fact): told for told in _told(rows)}
        return gathered(found, life.changes), entries

    async def _recorded(self, key: str, life: _Life, instant: datetime) -> Versioned[Incident]:
        """Return what was known when the last was recorded of what happened by an instant.

        All of it must have been told in order.
        """
        in_order = life.order.first or life.order.version + 1
        version = await self.happened.happened_by(INCIDENTS.stream(key), in_order, instant)
        if version == 0:
            return Versioned(INCIDENTS.initial)
        return await self.snapshots.known_at(key, version)

    async def _told_anew(self, key: str, life: _Life, instant: datetime) -> Incident:
        """Return what is true by an instant, from the last point before it on."""
        stream, point = INCIDENTS.stream(key), life.last(instant)
        if point is None:
            assert life.anew_from is not None  # noqa: S101 - the caller's
            point = await self._before(key, life, life.anew_from)
            life.points.append(point)
        while True:
            rows = await self.happened.read_happened(
                stream, after=point[:2], by=instant, up_to=life.order.version, limit=PAGE_FACTS
            )
            is_last = len(rows) < PAGE_FACTS
            end = (instant, VERSION_MAX) if is_last else rows[-1][:2]
            told = _in_place(life, rows, point[:2], end)
            while len(told) > EVERY_FACTS:
                some, told = told[:EVERY_FACTS], told[EVERY_FACTS:]
                point = _Point(*some[-1][:2], await _after(point.truth, some))
                life.points.append(point)
            truth = await _after(point.truth, told)
            if is_last:
                return truth.state
            point = _Point(*end, truth)
            life.points.append(point)

    async def _before(self, key: str, life: _Life, instant: datetime) -> _Point:
        """Return what was known right before an instant; nothing before the first there is."""
        if instant <= FIRST:
            return _Point(FIRST, 0, ValidTimeState(INCIDENTS.initial))
        before = instant - INSTANT
        known = await self._recorded(key, life, before)
        return _Point(before, known.version, ValidTimeState(known.state))


def _told(rows: Sequence[ValidTimeEvent]) -> list[DatedEvent]:
    return [
        DatedEvent(at, version, decode(INCIDENTS, kind, shape, data))
        for at, version, kind, shape, data in rows
    ]


def _places(told: DatedEvent, *known: Changes) -> Iterator[DatedEvent]:
    """Return an entry where it was told to belong, and where it was known to from time to time."""
    yield told
    for changes in known:
        yield righted(told, changes)


def _in_place(
    life: _Life,
    rows: Sequence[ValidTimeEvent],
    after: tuple[datetime, int],
    to: tuple[datetime, int],
) -> list[DatedEvent]:
    """Return what belongs after a moment and up to another: as it was corrected, and in order."""
    told = _told(rows)
    if not life.entries:
        return told
    wrong = {entry.version for entry in life.entries.values()}
    right = [one for one in told if one.version not in wrong]
    return sorted([*right, *life.righted(after, to)], key=itemgetter(0, 1))


async def _after(truth: ValidTimeState, told: Sequence[DatedEvent]) -> ValidTimeState:
    for first in range(0, len(told), AT_ONCE_FACTS):
        truth = truth.after(one.fact for one in told[first : first + AT_ONCE_FACTS])
        await asyncio.sleep(0)
    return truth
