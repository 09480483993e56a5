"""Is what is stored still what was recorded? Verified all the time, a little at a time.

The whole log is verified at a start and once a day; between these a sweep verifies it in slices, in
an order that nobody can foresee. What is found is looked for again before the gate is closed: what
a server that is going away answered is no divergence.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING

from eventstore.divergence.alarms import ARCHIVE, clear_alarms, raise_alarm
from eventstore.divergence.write_gate import acknowledged, is_of_the_tree, unacknowledged
from eventstore.heads.audit import audit_heads
from eventstore.integrity.audit import Report, audit
from eventstore.integrity.chain_verifier import Divergence, Doubt
from eventstore.integrity.range_verifier import Range, VerifiedRange, verify_range
from eventstore.notary.close_gate import close_gate
from eventstore.postgres.connection import LOG_SETTINGS, connected
from eventstore.postgres.errors import LogUnavailable, is_transient
from eventstore.tlog.merkle import leaf_hash
from eventstore.tlog.tiles import WIDTH, Tile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eventstore.notary.evidence import Published

SLICE_EVENTS = 16 * WIDTH
"""Verified at a time: some 30 ms."""

SWEEP_S = 600.0
"""In so many seconds every event is verified once, as long as that takes no larger share."""

SHARE_MAX = 0.05
"""Share of the time that verifying takes, of one core here and one of the database."""

AGAIN_S = 1.0
"""How soon a sweep is tried again when the database was away or nothing may be recorded."""


@dataclass
class Seen:
    """How the notary goes, for whoever watches."""

    size: int = 0
    """Events that are signed."""
    lag_s: float = 0.0
    """How long the oldest event waited for the last checkpoint."""
    refusing: str | None = None
    """The divergence for which nothing may be appended."""
    lacking: str | None = None
    """What the folder lacks, for which nothing is signed."""
    published: Published | None = None
    swept_at: float | None = None
    """When the last whole sweep began, by the monotonic clock: all since then was verified."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever something was published."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the log was compared with what was signed, or found to differ."""


class Inspection:
    """Verifies what is stored beside all else, and closes the gate for what it finds twice."""

    def __init__(self, dsn: str, seen: Seen) -> None:
        self._dsn = dsn
        self._seen = seen

    async def whole(self) -> Sequence[Divergence]:
        """Verify the whole log, and refuse appends if it is not sound.

        Returns what is wrong and was not acknowledged.
        """
        first = await self._audited()
        found = confirmed(first, await self._audited()) if first else []
        if found:
            published = self._seen.published
            claim = published.claim if published else None
            async with connected(self._dsn, LOG_SETTINGS) as connection:
                standing = await close_gate(connection, found[0], claim)
                self._seen.refusing = standing.divergence
                self._seen.begun.set()
        return found

    async def sweep(self, period_s: float = SWEEP_S, share: float = SHARE_MAX) -> None:
        """Verify the log slice by slice, for as long as the notary runs.

        It takes at most some share of the time, and so longer than the period if it must.
        """
        await self._seen.begun.wait()
        while True:
            began = time.monotonic()
            slices = list(range(-(-self._seen.size // SLICE_EVENTS)))
            SystemRandom().shuffle(slices)
            for number in slices:
                await self._slice(number, period_s / len(slices), share)
            if slices:
                self._seen.swept_at = began
            else:
                await asyncio.sleep(AGAIN_S)

    async def _slice(self, number: int, pause_s: float, share: float) -> None:
        """Verify a slice, again and again until that was possible, and give way for a while."""
        while True:
            try:
                if self._seen.refusing is None:
                    took = await self._look(number)
                    await asyncio.sleep(max(pause_s - took, took * (1 / share - 1)))
                    return
            except LogUnavailable:
                pass
            except Exception as error:
                if not is_transient(error):
                    raise
            await asyncio.sleep(AGAIN_S)

    async def _look(self, number: int) -> float:
        """Verify a slice, and the whole log if it is not right; return how long the slice took."""
        began = time.monotonic()
        first = number * SLICE_EVENTS + 1
        last = min(first + SLICE_EVENTS - 1, self._seen.size)
        if last < first:
            return 0.0
        published = self._seen.published
        scanned = await verify_range(self._dsn, Range(first, last), lambda _: None)
        took = time.monotonic() - began
        other = _other_tile(published, first, scanned) if published else None
        async with connected(self._dsn, LOG_SETTINGS) as connection:
            known = await acknowledged(connection)
            claim = published.claim if published else None
            flaws = [*scanned.flaws, *([other] if other else ())]
            if unacknowledged(flaws, known, claim):
                sound = not await self.whole()
                if sound and other:
                    await raise_alarm(connection, ARCHIVE, _damaged(other))
            elif other is None:
                await clear_alarms(connection, ARCHIVE)
        return took

    async def _audited(self) -> Sequence[Divergence]:
        """Return what is wrong and was not acknowledged."""
        published = self._seen.published
        signed, archive = (published.signed, published.archive) if published else (None, None)
        report: Report = await audit(self._dsn, signed, archive, lambda _: None)
        flaws = report.flaws or await audit_heads(self._dsn, published and published.note)
        async with connected(self._dsn, LOG_SETTINGS) as connection:
            known = await acknowledged(connection)
        return unacknowledged(flaws, known, published.claim if published else None)


def confirmed(first: Sequence[Divergence], again: Sequence[Divergence]) -> Sequence[Divergence]:
    """Return what was found twice; a log that grew meanwhile ends elsewhere than before."""
    known = {_place(flaw) for flaw in first}
    return [flaw for flaw in again if _place(flaw) in known]


def _place(flaw: Divergence) -> tuple[object, ...]:
    where = () if is_of_the_tree(flaw) else (flaw.position, flaw.stream, flaw.version)
    return (flaw.doubt, *where)


def _other_tile(published: Published, first: int, scanned: VerifiedRange) -> Divergence | None:
    """Return the first tile, or leaf after the whole ones, that is another one in the folder."""
    whole = published.signed.size // WIDTH
    for number, root in enumerate(scanned.tiles, (first - 1) // WIDTH):
        above, at = divmod(number, WIDTH)
        width = min(whole - above * WIDTH, WIDTH)
        hashes = published.archive.tile(Tile(1, above, width)) if at < width else None
        if hashes is not None and hashes[at] != root:
            where = number * WIDTH + 1
            return Divergence(where, "", 0, Doubt.LEAF, hashes[at].hex(), root.hex())
    number = (first - 1) // WIDTH + len(scanned.tiles)
    leaves = published.archive.leaves(number, published.signed.size) or ()
    for where, (entry, leaf) in enumerate(
        zip(scanned.tail, leaves, strict=False), number * WIDTH + 1
    ):
        if leaf_hash(entry) != leaf:
            return Divergence(where, "", 0, Doubt.LEAF, leaf.hex(), leaf_hash(entry).hex())
    return None


def _damaged(other: Divergence) -> str:
    return (
        f"the tile in the notary's folder over the events from {other.position} on is not the one "
        "that was signed; the log is: restore the folder from a copy"
    )
