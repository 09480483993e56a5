"""One look after another at a log, and what follows from each: alarms, and checkpoints sent out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from services.client.checkpoints import texts
from services.client.checkpoints.comparison import Finding, Kept, Status
from services.client.checkpoints.log_contact import LogContact, NotCompared
from services.monitor.delivery import Delivery, Letter
from services.monitor.events import EventsDiffer, EventVerification
from services.monitor.state import MonitorFolder, MonitorState
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from services.runtime.settings.monitor_settings import Monitor

UNREACHABLE = "unreachable"
SILENT = "silent"
EVENTS_DIFFER = "events_differ"
PASSING = frozenset({UNREACHABLE, SILENT})
"""Alarms that end by themselves."""

KEY_LETTERS = 32
WAITING_MAX = 1_000
"""Messages that wait to be taken; alarms are few, and only the newest checkpoint waits."""


class Look(NamedTuple):
    """What one look at the log found."""

    size: int
    new: bool
    """Whether a checkpoint was verified that is newer than the one before."""
    events: int
    """Events that were verified one by one."""
    alarms: dict[str, str]
    """Alarms that stand after it, by their kinds."""


@dataclass
class Observation:
    """Follows one log."""

    contact: LogContact
    events: EventVerification
    delivery: Delivery
    folder: MonitorFolder
    chosen: Monitor
    every_event: bool
    state: MonitorState
    now: Callable[[], datetime] = clocks.now
    _kept: Kept | None = None
    _reached_s: float = field(default_factory=time.monotonic)
    _moved_s: float = field(default_factory=time.monotonic)
    """When a new checkpoint came."""
    _beyond_s: float | None = None
    """When an event was first seen that no checkpoint covers."""

    async def look(self) -> Look:
        """Look once: compare, verify, alarm, send. Raises StoreUnusable, MonitorUnusable."""
        verified, new = 0, False
        try:
            finding = await self.contact.check()
            self._reached_s = time.monotonic()
            self._recovered(UNREACHABLE)
            new = self._took(finding)
            if finding.alarm is None and self._kept is not None:
                verified = await self._verify(self._kept)
                await self._listen(self._kept)
        except NotCompared as reason:
            self._unreached(str(reason))
        if EVENTS_DIFFER not in self.state.alarms:
            self._send_checkpoint()
        await self._deliver()
        self.folder.write(self.state)
        size = self._kept.checkpoint.size if self._kept else 0
        return Look(size, new, verified, dict(self.state.alarms))

    def _took(self, finding: Finding) -> bool:
        if finding.alarm is not None:
            self._alarm(finding.alarm, _told(finding), _evidence(finding))
            return False
        headline = texts.headline(finding, "en")
        if headline and finding.status is not Status.SAME:
            kind = "lineage" if finding.status is Status.NEW_LINEAGE else "warning"
            self._write(kind, headline, _told(finding))
        new = finding.status not in {Status.SAME, Status.NOTHING_SIGNED}
        if new:
            self._moved_s, self._beyond_s = time.monotonic(), None
            self._recovered(SILENT)
        self._kept = finding.shown or self._kept
        return new

    async def _verify(self, kept: Kept) -> int:
        """Verify each event up to a checkpoint, if that was asked for."""
        if not self.every_event or EVENTS_DIFFER in self.state.alarms:
            return 0
        try:
            return await self.events.verify(kept.opened)
        except EventsDiffer as reason:
            text = f"日志中的事件与签名不符 / the events are not those that were signed: {reason}"
            self._alarm(EVENTS_DIFFER, text, kept.note)
            return 0

    async def _listen(self, kept: Kept) -> None:
        """Alarm if events wait longer for a checkpoint than they may."""
        now_s, half_s = time.monotonic(), self.chosen.silent_after_seconds / 2
        if now_s - self._moved_s < half_s:
            return
        size = kept.checkpoint.size
        if not await self.events.is_beyond(size):
            self._beyond_s = None
        elif self._beyond_s is None:
            self._beyond_s = now_s
        elif now_s - self._beyond_s >= half_s:
            text = (
                f"有事件已记录但没有新的检查点 / events are recorded, and no checkpoint after "
                f"{size} events was signed for {self.chosen.silent_after_seconds:g} s"
            )
            self._alarm(SILENT, text, kept.note)

    def _unreached(self, reason: str) -> None:
        away_s = time.monotonic() - self._reached_s
        if away_s >= self.chosen.silent_after_seconds:
            text = f"无法比较日志 / the log can't be compared for {away_s:.0f} s: {reason}"
            self._alarm(UNREACHABLE, text, "")

    def _alarm(self, kind: str, text: str, evidence: str) -> None:
        """Raise an alarm once; it stands until it is over, or for good."""
        if kind in self.state.alarms:
            return
        self.state = self.state.model_copy(update={"alarms": {**self.state.alarms, kind: text}})
        self._write("alarm", f"{kind}: {text.splitlines()[0]}", f"{text}\n\n{evidence}")

    def _recovered(self, kind: str) -> None:
        if kind not in self.state.alarms:
            return
        alarms = {one: text for one, text in self.state.alarms.items() if one != kind}
        self.state = self.state.model_copy(update={"alarms": alarms})
        self._write("recovered", f"警报结束 / over: {kind}", kind)

    def _send_checkpoint(self) -> None:
        """Send the newest checkpoint out, if its time has come and it is another one."""
        kept, sent_at = self._kept, self.state.sent_at
        due = timedelta(seconds=self.chosen.export_every_seconds)
        if kept is None or kept.note == self.state.sent_note:
            return
        if sent_at is not None and self.now() - sent_at < due:
            return
        one = kept.checkpoint
        subject = f"日志检查点 / checkpoint of the log: {one.origin}, {one.size}"
        others = [letter for letter in self.state.waiting if letter.kind != "checkpoint"]
        self.state = self.state.model_copy(update={"waiting": tuple(others)})
        self._write("checkpoint", subject, f"{kept.note}\n{kept.key.vkey}\n")
        update = {"sent_note": kept.note, "sent_at": self.now()}
        self.state = self.state.model_copy(update=update)

    def _write(self, kind: str, subject: str, body: str) -> None:
        """Have a message wait for its channels."""
        if not self.delivery.channels:
            return
        about = self.contact.server
        unique = f"{kind}\n{subject}\n{body}\n{self.now().isoformat()}"
        key = f"log/{sha256(unique.encode()).hexdigest()[:KEY_LETTERS]}"
        letter = Letter(
            key=key,
            kind=kind,
            about=about,
            subject=f"Muster {subject}",
            body=body,
            channels=tuple(self.delivery.channels),
        )
        waiting = (*self.state.waiting, letter)[-WAITING_MAX:]
        self.state = self.state.model_copy(update={"waiting": waiting})

    async def _deliver(self) -> None:
        if not self.state.waiting:
            return
        self.folder.write(self.state)  # what is sent is remembered before it leaves
        now_s = time.monotonic()
        tried = [await self.delivery.send(letter, now_s) for letter in self.state.waiting]
        waiting = tuple(letter for letter in tried if letter.channels)
        self.state = self.state.model_copy(update={"waiting": waiting})


def _told(finding: Finding) -> str:
    """Say a finding in both languages."""
    lines = [f"{texts.headline(finding, language)}" for language in ("zh", "en")]
    lines += [f"{name}: {value}" for name, value in texts.details(finding, "en").items()]
    return "\n".join(lines)


def _evidence(finding: Finding) -> str:
    """Return the evidence itself, so that it lies where the message lies."""
    return finding.evidence.read_text(encoding="utf-8") if finding.evidence else ""
