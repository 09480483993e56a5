"""The notary: it follows the log, grows the tree, and signs what the log was, outside the database.

One at a time, by a lock of its session and one of its folder. What it signed last is compared with
the log before anything else; if the log is not that any more, the right to append is taken away
until somebody acknowledges it (`domain.record.divergence`), and a new lineage begins after that.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from eventstore.divergence.acknowledgements import report_unreadable
from eventstore.divergence.alarms import FOLDER, KEY, clear_alarms, raise_alarm
from eventstore.divergence.notary_divergences import keep_own
from eventstore.divergence.write_gate import gate, refuse, standing
from eventstore.integrity.archive import ArchiveInUse, EvidenceDiffers, kept_alone
from eventstore.integrity.audit import Signed
from eventstore.integrity.tree_builder import PAGE_EVENTS, LogDiffers
from eventstore.log.subscription import CHANNEL, POLL_S
from eventstore.notary.close_gate import FAR, described
from eventstore.notary.evidence import KeyDiffers, Published, gather, named, require_growth
from eventstore.notary.inspection import Inspection, Seen
from eventstore.notary.resume import (
    FolderLacking,
    ResumePoint,
    keep_checkpoint,
    keep_subtrees,
    require_checkpoint,
    resume,
    until_the_folder_changes,
)
from eventstore.notary.witness_disagreement import Disagreement, examined
from eventstore.postgres.connection import (
    LOG_SETTINGS,
    Connection,
    close_quietly,
    connect,
    pauses,
    watch_primary,
)
from eventstore.postgres.epochs import EPOCHS, Epoch, keep, remember
from eventstore.postgres.errors import is_transient
from eventstore.postgres.replicated_commit import settle
from eventstore.proofs.proofs import Proofs
from eventstore.tlog.checkpoint import Checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from eventstore.integrity.chain_verifier import Divergence
    from eventstore.integrity.tree_builder import Claim
    from eventstore.tlog.note import Signer

SESSION_LOCK = 7309940773834519398
"""Held by the one notary of a database."""

SOON_EVENTS = 256
SOON_S = 0.5
"""So many events are signed so soon, without waiting for the pause to end."""

LOCK_POLL_S = 0.5
REFUSED_POLL_S = 0.5

SETTINGS = {**LOG_SETTINGS, "application_name": "muster notary", "synchronous_commit": "off"}
"""What it writes in the database can be made again; what counts is in the folder."""

WAITED = "SELECT extract(epoch FROM clock_timestamp() - $1)::float8"
"""By the clock that said when an event was recorded."""

TRY_LOCK = "SELECT pg_try_advisory_lock($1)"


class Notary:
    """Signs what the log was, for as long as it runs."""

    def __init__(  # noqa: PLR0913 - each is a thing of its own
        self,
        dsn: str,
        folder: Path,
        signer: Signer,
        proofs: Proofs,
        *,
        pause_s: float = 1.0,
        counts_alone: bool = True,
    ) -> None:
        self.seen = Seen()
        self.inspection = Inspection(dsn, self.seen)
        self._dsn = dsn
        self._folder = folder
        self._signer = signer
        self._proofs = proofs
        self._pause_s = pause_s
        self._counts_alone = counts_alone
        """Whether a checkpoint counts before any witness cosigned it."""
        self._disagreement: Disagreement | None = None
        self._gate = (0, False)
        """How the gate was when the log was compared: others close it, too."""
        self._at: ResumePoint | None = None
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
                    if not is_transient(error):
                        raise
                finally:
                    await close_quietly(connection)
                await asyncio.sleep(next(wait))

    def suspect(self, said: Disagreement) -> None:
        """Have it examined what a witness said."""
        self._disagreement = said
        self._bell.set()

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
                while self.seen.refusing is None and await gate(connection) == self._gate:
                    await self._step(connection)
                    await self._wait()
                    await self._examine(connection)
            except LogDiffers as found:
                if self._at is None:
                    await self._refuse(connection, found.divergence, found.claim)
            except EvidenceDiffers as found:
                await self._refuse(connection, found.at(self.seen.size), None)
            except FolderLacking as found:
                await self._await_folder(connection, found)
            except KeyDiffers as found:
                await raise_alarm(connection, KEY, str(found))
                raise
            self._at = None  # compare all of it, before anything is said or signed

    async def _begin(self, connection: Connection) -> None:
        """Compare all that was signed with the log. Raises LogDiffers and FolderLacking."""
        await self._until_acknowledged(connection)
        self._gate = await gate(connection)
        await report_unreadable(connection)
        evidence = await gather(connection, self._folder, self._signer)
        if self._at is None or not evidence.stands_at(self._at.published):
            counts = self._counts_alone
            self._at = await resume(connection, self._folder, self._signer, counts=counts)
        await self._at.heads.restore(connection)
        await clear_alarms(connection, FOLDER, KEY)
        self.seen.lacking = None
        self.seen.published = self._at.published
        self.seen.size = self._at.growing.size
        self.seen.begun.set()
        if self._at.published:
            self.seen.news.set()  # perhaps nobody cosigned it yet

    async def _step(self, connection: Connection) -> None:
        """Take what is new, and sign it; full pages one after another. Raises LogDiffers."""
        behind = True
        while self._at is not None and behind:
            before, signed = self._at.growing.size, self._at.published
            since = await self._at.growing.read_on(connection, FAR)
            await self._at.heads.read_on(connection, self._at.growing.size)
            behind = self._at.growing.size - before >= PAGE_EVENTS
            if self._at.growing.size > (signed.signed.size if signed else 0):
                self._at = await self._publish(connection, self._at)
            if since is not None:
                self.seen.lag_s = await connection.fetchval(WAITED, since)

    async def _publish(self, connection: Connection, at: ResumePoint) -> ResumePoint:
        """Sign the tree as it is: its tiles first, then the checkpoint over them.

        Raises LogDiffers and EvidenceDiffers if what is kept is not what was signed last.
        """
        await asyncio.to_thread(require_checkpoint, at)
        await keep_subtrees(connection, at.growing.subtrees)
        await at.heads.keep(connection)
        await asyncio.to_thread(at.growing.keep_end)
        signer = named(self._signer, at.archive.lineage)
        signed = Signed(at.growing.size, at.growing.root())
        if at.published is not None:
            await require_growth(self._proofs, at.published.signed, signed)
        note = Checkpoint(signer.name, *signed, at.heads.root()).signed(signer).whole
        published = Published(at.archive, signed, note)
        counts = self._counts_alone
        await keep_checkpoint(
            connection, published, counts=counts
        )  # fails if the lock went with the session
        await settle(connection)  # nothing is signed that a standby may lack
        await asyncio.to_thread(at.archive.keep_checkpoint, note)
        self.seen.published, self.seen.size = published, signed.size
        self.seen.news.set()
        self._signed_at = time.monotonic()
        return ResumePoint(at.archive, at.growing, at.heads, published)

    async def _wait(self) -> None:
        """Wait for news: for many of them a moment, for a few until the pause is over."""
        while True:
            size = self._at.growing.size if self._at else 0
            waited = time.monotonic() - self._signed_at
            due = SOON_S if self._head - size >= SOON_EVENTS else self._pause_s
            if (self._head > size and waited >= due) or self.seen.refusing or self._disagreement:
                return
            self._bell.clear()
            rest = due - waited if self._head > size else POLL_S
            try:
                async with asyncio.timeout(max(min(rest, POLL_S), 0.001)):
                    await self._bell.wait()
            except TimeoutError:
                if self._head <= size:
                    return  # perhaps a bell was not heard

    async def _examine(self, connection: Connection) -> None:
        """Refuse appends if a witness saw another log, by all that is known now."""
        said, self._disagreement = self._disagreement, None
        if said is not None:
            evidence = await gather(connection, self._folder, self._signer)
            key = named(self._signer, said.claim.lineage).verifier
            found = await examined(connection, self._proofs, evidence, said, key)
            if found is not None and evidence.newest is not None:
                await self._refuse(connection, found, evidence.newest.claim)

    async def _refuse(self, connection: Connection, found: Divergence, claim: Claim | None) -> None:
        if claim is None and self.seen.published:
            claim = self.seen.published.claim
        own = await described(connection, found, claim)
        await asyncio.to_thread(keep_own, self._folder, own)
        stands = await refuse(connection, own)
        self.seen.refusing = stands.divergence
        self.seen.begun.set()
        self._bell.set()

    async def _await_folder(self, connection: Connection, found: FolderLacking) -> None:
        """Wait until the folder has what was signed, or somebody acknowledged that it has not."""
        stands = found.standing
        self.seen.lacking = stands.divergence
        self.seen.begun.set()
        await raise_alarm(connection, FOLDER, str(found), stands)
        await until_the_folder_changes(connection, self._folder, self._signer)

    async def _until_acknowledged(self, connection: Connection) -> None:
        while stands := await standing(connection):
            self.seen.refusing = stands.divergence
            self.seen.begun.set()
            await asyncio.sleep(REFUSED_POLL_S)
        self.seen.refusing = None

    def _ring(self, *heard: object) -> None:
        """Take note of where the log ends now, if that was said."""
        said = heard[-1]
        if isinstance(said, str) and said.isdecimal():
            self._head = max(self._head, int(said))
        self._bell.set()
