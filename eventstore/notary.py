"""The notary: it follows the log, grows the tree, and signs what the log was, outside the database.

One at a time, by a lock of its session and one of its folder. What it signed last is compared with
the log before anything else; if the log is not that any more, the right to append is taken away
until somebody acknowledges it (`domain.record.divergence`), and a new lineage begins after that.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from eventstore.archive import ArchiveInUse, kept_alone
from eventstore.audit import Signed, audit
from eventstore.beginning import (
    FAR,
    Beginning,
    Published,
    begin,
    grown,
    keep_checkpoint,
    last,
    named,
)
from eventstore.checkpoint import Checkpoint
from eventstore.committing import settle
from eventstore.connecting import (
    LOG_SETTINGS,
    Connection,
    close_quietly,
    connect,
    pauses,
    watch_primary,
)
from eventstore.epochs import EPOCHS, Epoch, keep, remember
from eventstore.failures import passes
from eventstore.growing import PAGE_EVENTS, LogDiffers
from eventstore.heads.audit import audit_heads
from eventstore.merkle import EMPTY_ROOT, verify_consistency
from eventstore.proofs import Proofs
from eventstore.refusing import (
    Compared,
    acknowledged,
    is_of,
    is_of_the_tree,
    refuse,
    standing,
    standing_of,
)
from eventstore.tail import CHANNEL, POLL_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eventstore.note import Signer
    from eventstore.verify import Divergence

SESSION_LOCK = 7309940773834519398
"""Held by the one notary of a database."""

SOON_EVENTS = 256
SOON_S = 0.5
"""So many events are signed so soon, without waiting for the pause to end."""

LOCK_POLL_S = REFUSED_POLL_S = 0.5

SETTINGS = {**LOG_SETTINGS, "application_name": "muster notary", "synchronous_commit": "off"}
"""What it writes in the database can be made again; what counts is in the folder."""

WAITED = "SELECT extract(epoch FROM clock_timestamp() - $1)::float8"
"""By the clock that said when an event was recorded."""

TRY_LOCK = "SELECT pg_try_advisory_lock($1)"


class NotaryConfused(Exception):  # noqa: N818 - a state
    """What proofs are made of is not right; it is made again when the notary begins again."""


@dataclass
class Seen:
    """How it goes, for whoever watches."""

    size: int = 0
    """Events that are signed."""
    lag_s: float = 0.0
    """How long the oldest event waited for the last checkpoint."""
    refusing: str | None = None
    """The divergence for which nothing may be appended."""
    published: Published | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set whenever something was published."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the log was compared with what was signed, or found to differ."""


class Notary:
    """Signs what the log was, for as long as it runs."""

    def __init__(
        self, dsn: str, folder: Path, signer: Signer, proofs: Proofs, *, pause_s: float = 1.0
    ) -> None:
        self.seen = Seen()
        self._dsn = dsn
        self._folder = folder
        self._signer = signer
        self._proofs = proofs
        self._pause_s = pause_s
        self._at: Beginning | None = None
        """Where it stands; None if that must be compared with the log again."""
        self._bell = asyncio.Event()
        self._head = 0
        self._signed_at = 0.0
        self._epoch: Epoch | None = None
        """The one that is kept in the folder."""

    async def run(self) -> None:
        """Follow and sign, also when the database goes away for a while."""
        wait = pauses()
        async with AsyncExitStack() as held:
            await self._hold_folder(held)
            remember(self._folder)
            watch = asyncio.create_task(watch_primary(self._dsn), name="notary primary")
            held.callback(watch.cancel)
            while True:
                connection: Connection | None = None
                try:
                    connection = await connect(self._dsn, SETTINGS)
                    await self._become_the_one(connection)
                    await self._keep_epoch()
                    wait = pauses()
                    await self._notarise(connection)
                except Exception as error:
                    if not passes(error):
                        raise
                finally:
                    await close_quietly(connection)
                await asyncio.sleep(next(wait))

    async def audit(self) -> Sequence[Divergence]:
        """Verify the whole log beside all else, and refuse appends if it is not sound.

        Returns what is wrong and was not acknowledged.
        """
        published = self.seen.published
        signed, archive = (published.signed, published.archive) if published else (None, None)
        report = await audit(self._dsn, signed, archive, lambda _: None)
        flaws = report.flaws or await audit_heads(self._dsn, published and published.note)
        async with AsyncExitStack() as stack:
            connection = await connect(self._dsn, SETTINGS)
            stack.push_async_callback(close_quietly, connection)
            known = await acknowledged(connection)
            found = [one for one in flaws if not any(is_of(one, what) for what in known)]
            if self._lineage() != (published.archive.lineage if published else 1):
                found = [one for one in found if not is_of_the_tree(one)]
            if found:
                compared = Compared(self._lineage(), signed, Signed(report.size, report.root))
                await self._refuse(connection, found[0], compared)
        return found

    async def _hold_folder(self, held: AsyncExitStack) -> None:
        """Wait until no other process keeps the folder."""
        while True:
            try:
                held.enter_context(kept_alone(self._folder))
            except ArchiveInUse:
                await asyncio.sleep(LOCK_POLL_S)
            else:
                return

    async def _become_the_one(self, connection: Connection) -> None:
        """Wait until no other session is the notary, and listen for news."""
        while not await connection.fetchval(TRY_LOCK, SESSION_LOCK):
            await asyncio.sleep(LOCK_POLL_S)
        await connection.add_listener(CHANNEL, self._ring)
        connection.add_termination_listener(self._ring)

    async def _keep_epoch(self) -> None:
        """Have processes that begin later know which primary was the last."""
        epoch = EPOCHS.now(self._dsn)
        if epoch and epoch.number and epoch != self._epoch:
            await asyncio.to_thread(keep, self._folder, epoch)
            self._epoch = epoch

    async def _notarise(self, connection: Connection) -> None:
        while True:
            try:
                await self._begin(connection)
                while self.seen.refusing is None:
                    await self._step(connection)
                    await self._wait()
            except LogDiffers as found:
                if self._at is None:
                    await self._refuse_for(connection, found.divergence)
            self._at = None  # compare all of it, before anything is said or signed

    async def _begin(self, connection: Connection) -> None:
        """Compare what was signed last with the log. Raises LogDiffers."""
        await self._until_acknowledged(connection)
        if self._at is None or await last(connection, self._folder, self._signer) != (
            self._at.published
        ):
            self._at = await begin(connection, self._folder, self._signer)
        await self._at.heads.restore(connection)
        self.seen.published = self._at.published
        self.seen.size = self._at.growing.size
        self.seen.begun.set()

    async def _step(self, connection: Connection) -> None:
        """Take what is new, and sign it; full pages one after another. Raises LogDiffers."""
        behind = True
        while self._at is not None and behind:
            before, signed = self._at.growing.size, self._at.published
            since = await self._at.read_on(connection)
            behind = self._at.growing.size - before >= PAGE_EVENTS
            if self._at.growing.size > (signed.signed.size if signed else 0):
                self._at = await self._publish(connection, self._at)
            if since is not None:
                self.seen.lag_s = await connection.fetchval(WAITED, since)

    async def _publish(self, connection: Connection, at: Beginning) -> Beginning:
        """Sign the tree as it is: its tiles first, then the checkpoint over them."""
        await at.keep(connection)
        await asyncio.to_thread(at.growing.keep_end)
        signer = named(self._signer, at.archive.lineage)
        signed = Signed(at.growing.size, at.growing.root())
        if at.published is not None:
            await self._see_that_it_grew(at.published.signed, signed)
        note = Checkpoint(signer.name, *signed, at.heads.root()).signed(signer).whole
        published = Published(at.archive, signed, note)
        await keep_checkpoint(connection, published)  # fails if the lock went with the session
        await settle(connection)  # nothing is signed that a standby may lack
        await asyncio.to_thread(at.archive.keep_checkpoint, note)
        self.seen.published, self.seen.size = published, signed.size
        self.seen.news.set()
        self._signed_at = time.monotonic()
        return Beginning(at.archive, at.growing, at.heads, published)

    async def _see_that_it_grew(self, before: Signed, after: Signed) -> None:
        """Check, as any witness would, that what is to be signed begins with what was."""
        proof = await self._proofs.consistency(before.size, after.size)
        if not verify_consistency(*before, *after, proof):
            raise NotaryConfused(f"{after.size} events do not begin with the {before.size} signed")

    async def _wait(self) -> None:
        """Wait for news: for many of them a moment, for a few until the pause is over."""
        while True:
            size = self._at.growing.size if self._at else 0
            waited = time.monotonic() - self._signed_at
            due = SOON_S if self._head - size >= SOON_EVENTS else self._pause_s
            if (self._head > size and waited >= due) or self.seen.refusing is not None:
                return
            self._bell.clear()
            rest = due - waited if self._head > size else POLL_S
            try:
                async with asyncio.timeout(max(min(rest, POLL_S), 0.001)):
                    await self._bell.wait()
            except TimeoutError:
                if self._head <= size:
                    return  # perhaps a bell was not heard

    async def _refuse_for(self, connection: Connection, found: Divergence) -> None:
        """Refuse appends because the log is not what was signed last."""
        published = self.seen.published = await last(connection, self._folder, self._signer)
        try:
            log = await grown(connection, FAR)
            stands = Signed(log.size, log.root())
        except LogDiffers:  # there is a gap, and so no tree
            stands = Signed(found.position - 1, EMPTY_ROOT)
        signed = published.signed if published else None
        await self._refuse(connection, found, Compared(self._lineage(), signed, stands))

    async def _refuse(self, connection: Connection, found: Divergence, compared: Compared) -> None:
        stands = standing_of(found, compared)
        await refuse(connection, stands)
        self.seen.refusing = stands.divergence
        self.seen.begun.set()
        self._bell.set()

    async def _until_acknowledged(self, connection: Connection) -> None:
        while stands := await standing(connection):
            self.seen.refusing = stands.divergence
            self.seen.begun.set()
            await asyncio.sleep(REFUSED_POLL_S)
        self.seen.refusing = None

    def _lineage(self) -> int:
        return self.seen.published.archive.lineage if self.seen.published else 1

    def _ring(self, *heard: object) -> None:
        """Take note of where the log ends now, if that was said."""
        said = heard[-1]
        if isinstance(said, str) and said.isdecimal():
            self._head = max(self._head, int(said))
        self._bell.set()
