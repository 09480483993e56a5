"""A contact with a log: what its service shows now is compared with what was kept of it.

    contact = LogContact(ServiceSource(client), CheckpointStore(folder), "log.example.org:7460")
    finding = await contact.check()

A finding with an alarm leaves what was kept as it is, and evidence in a file; any other keeps the
newer checkpoint. `NotCompared` says that nothing could be compared this time.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from eventstore.tlog.note import NoteInvalid
from services.client.checkpoints.comparison import (
    Alarm,
    Finding,
    Growth,
    Kept,
    Shown,
    Status,
    explained,
    grew,
    unlike,
)
from services.client.checkpoints.log_key import KeyInvalid, LogKey, OtherLog, key_for
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.client.checkpoints.acknowledgement import Ended
    from services.client.checkpoints.log_key import Opened
    from services.client.checkpoints.store import CheckpointStore

PATIENCE_S = 2.0
"""How long a service may show less than it signed: a database that restarts shows the last
checkpoints only once its notary has written them again."""

PAUSE_S = 0.25
RACES_MAX = 20
"""How often it is compared anew since another process kept a newer checkpoint meanwhile."""

PASSING = frozenset({Alarm.SHRUNK, Alarm.VANISHED, Alarm.UNPROVEN, Alarm.LINEAGE_UNEXPLAINED})
"""What may be so for a moment."""


class NotCompared(Exception):
    """What a service shows could not be compared; the text says why."""


class NotProven(Exception):
    """A service refuses to prove what it should be able to prove; the text says how."""


class LogSource(Protocol):
    """Where a log is looked at from outside."""

    async def newest(self) -> Shown | None:
        """Return the newest checkpoint; None if nothing is signed. Raises NotCompared."""

    async def growth(self, first: int, second: int) -> Growth:
        """Return the proof that one tree begins with another. Raises NotProven, NotCompared."""


@dataclass
class LogContact:
    """Compares a log with what was kept of it."""

    source: LogSource
    store: CheckpointStore
    server: str
    """What the service is called; each keeps to one log."""
    pin: str = ""
    """The log's verifier key, of whichever lineage; without it the first one shown is trusted."""
    patience_s: float = PATIENCE_S
    suspicious: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once something is not as it should be."""

    async def check(self) -> Finding:
        """Compare once, and keep what is newer. Raises NotCompared, and StoreUnusable."""
        deadline = time.monotonic() + self.patience_s
        races = 0
        while True:
            finding = await self._found()
            if finding.alarm is not None:
                self.suspicious.set()
                if finding.alarm not in PASSING or time.monotonic() >= deadline:
                    return await self._with_evidence(finding)
                await asyncio.sleep(PAUSE_S)
            elif await self._keep(finding):
                return finding
            else:
                races += 1
                if races > RACES_MAX:
                    raise NotCompared("other processes keep newer checkpoints all the time")

    async def _found(self) -> Finding:
        expected = self.store.key_of(self.server)
        shown = await self.source.newest()
        if shown is None:
            kept = self.store.kept(expected) if expected else None
            if kept is None:
                return Finding(Status.NOTHING_SIGNED)
            return Finding(Status.ALARM, kept=kept, alarm=Alarm.VANISHED)
        key = self._key(expected, shown)
        known = key or expected
        kept = self.store.kept(known) if known else None
        if key is None:
            return self._other_log(kept, shown)
        try:
            opened = key.open(shown.note)
        except NoteInvalid:
            return self._other_log(kept, shown)
        now = Kept(key, shown.note, clocks.now())
        if kept is None:
            return Finding(Status.FIRST, None, now, shown_note=shown.note)
        return await self._compared(kept, now, opened, shown)

    def _key(self, expected: LogKey | None, shown: Shown) -> LogKey | None:
        """Return the key to verify with; None if what is shown is of another log than it should be.

        A key may be read as that of a log `name/2` or of the second lineage of `name`: it is of the
        one of which something is kept, else as the service says. Raises NotCompared if nobody says
        which key it is.
        """
        if not (self.pin or expected or shown.log_key):
            raise NotCompared("the service does not say the log's key, and none was given")
        try:
            if self.pin or expected is None:
                wanted = LogKey.candidates(self.pin or shown.log_key)
            else:
                wanted = [expected]
        except KeyInvalid as error:
            raise NotCompared(f"the log's key can't be used: {error}") from None
        fitting = [key for key in wanted if _lineage_under(key, shown.note) is not None]
        known = [key for key in fitting if key == expected or self.store.kept(key)]
        said = [key for key in fitting if _lineage_under(key, shown.note) == max(shown.lineage, 1)]
        return next(iter((*known, *said, *fitting)), None)

    def _other_log(self, kept: Kept | None, shown: Shown) -> Finding:
        """Say whether another log is shown, or something that no key signed."""
        try:
            other = key_for(shown.log_key, shown.note, shown.lineage)
        except (KeyInvalid, NoteInvalid):
            return _alarm(Alarm.SIGNATURE_INVALID, kept, None, shown)
        now = Kept(other, shown.note, clocks.now())
        return _alarm(Alarm.KEY_CHANGED, kept, now, shown)

    async def _compared(self, kept: Kept, now: Kept, opened: Opened, shown: Shown) -> Finding:
        before = kept.opened
        if opened.lineage > before.lineage:
            return await self._of_new_lineage(kept, now, opened, shown)
        was, is_now = before.checkpoint, opened.checkpoint
        if opened.lineage < before.lineage or is_now.size < was.size:
            return _alarm(Alarm.SHRUNK, kept, now, shown)
        if is_now.size == was.size:
            if unlike(was, is_now):
                return _alarm(Alarm.FORKED, kept, now, shown)
            return Finding(Status.SAME, kept, now, shown_note=shown.note)
        return await self._grown(kept, now, shown, Status.GROWN)

    async def _grown(
        self, kept: Kept, now: Kept, shown: Shown, status: Status, ended: Sequence[Ended] = ()
    ) -> Finding:
        """Demand the proof that the log begins with what was kept."""
        was, is_now = kept.checkpoint, now.checkpoint
        try:
            growth = await self.source.growth(was.size, is_now.size)
        except NotProven:
            return _alarm(Alarm.UNPROVEN, kept, now, shown)
        if grew(was, is_now, growth):
            return Finding(status, kept, now, growth=growth, ended=ended, shown_note=shown.note)
        found = replace(_alarm(Alarm.FORKED, kept, now, shown), growth=growth, ended=ended)
        return found if found.conclusive else replace(found, alarm=Alarm.UNPROVEN)

    async def _of_new_lineage(self, kept: Kept, now: Kept, opened: Opened, shown: Shown) -> Finding:
        """Compare across acknowledged divergences: all that was kept must still be proven.

        What was kept and lies behind where the log differs can't be, and who acknowledged that may
        be who wrote the other log: that is for the user to judge.
        """
        before = kept.opened
        ended = explained(before, opened, shown.acknowledged)
        if ended is None:
            return _alarm(Alarm.LINEAGE_UNEXPLAINED, kept, now, shown)
        if before.checkpoint.size >= min(one.differs_from for one in ended):
            return replace(_alarm(Alarm.LINEAGE_DIFFERS, kept, now, shown), ended=ended)
        if opened.checkpoint.size < before.checkpoint.size:
            return _alarm(Alarm.SHRUNK, kept, now, shown)
        return await self._grown(kept, now, shown, Status.NEW_LINEAGE, ended)

    async def _keep(self, finding: Finding) -> bool:
        """Keep what is newer; False if another process kept something else meanwhile.

        In a thread, since it may wait for a lock and for the disk.
        """
        shown, before = finding.shown, finding.kept
        if shown is None:
            return True
        if finding.status is Status.NEW_LINEAGE:
            await self._with_evidence(finding)
        if finding.status is Status.SAME and finding.lacks_heads:
            shown = before or shown  # what says more
        keep = partial(self.store.keep, self.server, shown, instead_of=before)
        return await asyncio.to_thread(keep)

    async def _with_evidence(self, finding: Finding) -> Finding:
        file = await asyncio.to_thread(self.store.keep_evidence, self.server, finding)
        return replace(finding, evidence=file)


def _lineage_under(key: LogKey, note: str) -> int | None:
    """Return of which lineage a note says that it is; None if it is of another log."""
    try:
        return key.open(note).lineage
    except OtherLog:
        return None
    except NoteInvalid:
        return 0  # of this log by its name, and not signed by its key


def _alarm(alarm: Alarm, kept: Kept | None, now: Kept | None, shown: Shown) -> Finding:
    return Finding(Status.ALARM, kept, now, alarm=alarm, shown_note=shown.note)
