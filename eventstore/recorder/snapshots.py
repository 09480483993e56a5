"""States of long streams, kept beside the log: a fold begins at the last that is known to hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog

from domain.decider import Decider, Versioned
from domain.lru import LruCache
from eventstore.log.subscription import VERSION_MAX
from eventstore.recorder.load import load_from

if TYPE_CHECKING:
    from domain.state_codec import StateCodec
    from eventstore.log.log import Log
    from eventstore.postgres.epochs import Epoch

S = TypeVar("S")

EVERY_VERSIONS = 2_500
"""How far apart the snapshots of a stream are: what is left to fold takes some 30 ms."""

REMEMBERED_MAX = 64
"""Snapshots that a process remembers as states."""
ASKED_MAX = 32
"""Streams of which it remembers the state that was asked for last: the next is often near."""

log_line = structlog.get_logger()


@dataclass
class Snapshots(Generic[S]):
    """The snapshots of one category of streams; without any of them everything works as well."""

    log: Log
    decider: Decider[S]
    packing: StateCodec[S]
    fold: str
    """Names the code that folds; what other code made is not used."""
    _remembered: LruCache[tuple[str, int], Versioned[S]] = field(
        default_factory=lambda: LruCache(REMEMBERED_MAX)
    )
    _asked: LruCache[str, Versioned[S]] = field(default_factory=lambda: LruCache(ASKED_MAX))
    _epoch: Epoch | None = None
    """When they were told: what an earlier primary said is forgotten."""

    async def known_at(self, key: str, version: int | None = None) -> Versioned[S]:
        """Return what was known of a stream at a version, or is now."""
        begun = await self.newest(key, version)
        asked = self._asked.get(key) or begun
        if begun.version < asked.version and (version is None or asked.version <= version):
            begun = asked
        if begun.version == version:
            return begun
        known = await load_from(self.log, self.decider, key, begun, up_to=version)
        self._asked[key] = known
        return known

    async def newest(self, key: str, up_to: int | None = None) -> Versioned[S]:
        """Return what the newest snapshot that holds tells, up to a version; else the beginning."""
        if self._epoch != self.log.epoch:
            self._epoch = self.log.epoch
            self._remembered.clear()
            self._asked.clear()
        stream = self.decider.stream(key)
        last = VERSION_MAX if up_to is None else up_to
        found = await self.log.find_snapshot(stream, self.fold, last)
        if found is None:
            return Versioned(self.decider.initial)
        version, position = found
        remembered = self._remembered.get((stream, version))
        if remembered is not None and remembered.position == position:
            return remembered
        state = await self._read(stream, version)
        if state is None:
            await self.log.drop_snapshot(stream, version)
            return await self.newest(key, version - 1)
        known = Versioned(state, version, position)
        self._remembered[stream, version] = known
        return known

    async def catch_up(self, key: str, version: int) -> None:
        """Make the snapshots that a stream should have at a version and has not."""
        known = await self.newest(key, version)
        last = version - version % EVERY_VERSIONS
        for due in range(_next(known.version), last + 1, EVERY_VERSIONS):
            known = await load_from(self.log, self.decider, key, known, up_to=due)
            stream, text = self.decider.stream(key), self.packing.pack(known.state)
            digest = _digest(stream, due, self.fold, text)
            await self.log.keep_snapshot(stream, due, self.fold, text, digest)

    async def _read(self, stream: str, version: int) -> S | None:
        """Return the state that a snapshot holds, unless it is not what was kept."""
        found = await self.log.read_snapshot(stream, version)
        if found is None:
            return None
        text, digest = found
        if _digest(stream, version, self.fold, text) != digest:
            log_line.error("snapshot_altered", stream=stream, version=version)
            return None
        try:
            return self.packing.unpack(text)
        except (ValueError, TypeError, KeyError):
            log_line.exception("snapshot_unreadable", stream=stream, version=version)
            return None


def _digest(stream: str, version: int, fold: str, state: str) -> bytes:
    return sha256(f"{stream}\n{version}\n{fold}\n{state}".encode()).digest()


def _next(version: int) -> int:
    return version - version % EVERY_VERSIONS + EVERY_VERSIONS
