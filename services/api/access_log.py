"""Readings of whole cases: recorded before anything is shown, as the settings say.

While the log takes no events, because it is not what was signed, cases are shown all the same: that
is when they are looked at. What is read then is kept beside the log, and appended once it can be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import structlog
from muster.v1 import common_pb2

from domain.decider import CommandEnvelope, Refused
from domain.lru import LruCache
from domain.record.case_access import READINGS, ReadCase, ReadKind
from domain.values import IncidentId
from eventstore.postgres.errors import LogDiverged, LogUnavailable, Overloaded
from eventstore.queries.accesses import owe, owed, settle
from eventstore.recorder.event_ids import new_command_id
from eventstore.recorder.recorder import Recorder
from services.api.commands.envelope import CONTEXT, asked
from services.api.errors.failures import Failure, Violation, of_refusal
from services.runtime.clocks import clocks

if TYPE_CHECKING:
    from datetime import datetime

    from domain.record.case_access import Readings as Known
    from domain.values import Actor, Command
    from eventstore.log.log import Log
    from eventstore.postgres.epochs import Epoch
    from services.api.interceptors.chain import Call
    from services.runtime.settings.privacy_settings import Privacy

STANDING_MAX = 20_000
"""Readings that are remembered: one more is asked of the log again."""

FAR = 1_000_000
"""More than one reader may have: what was shown is recorded, however much it is."""

log = structlog.get_logger()


class Read(NamedTuple):
    """What is about to be shown."""

    what: ReadKind
    incident: str | None = None
    """The whole log if None."""
    after: int = 0


class _Alike(NamedTuple):
    """What readings that one record stands for have in common."""

    key: str
    what: ReadKind
    actor: str
    reason: str | None
    venues: tuple[str, ...] | None


class _Standing(NamedTuple):
    after: int
    until: datetime


class AccessLog:
    """Records who reads cases, and why."""

    def __init__(self, store: Log, privacy: Privacy) -> None:
        self.privacy = privacy
        self._log = store
        self._recorder = _recorder(store, privacy.readings_max)
        self._late = _recorder(store, FAR)
        self._standing: LruCache[_Alike, _Standing] = LruCache(STANDING_MAX)
        self._epoch: Epoch | None = None

    async def record(self, call: Call, read: Read, reason: str) -> None:
        """Record that something is read, unless a record stands for it.

        Raises Failure, and LogUnavailable and Overloaded: then nothing is to be shown.
        """
        ask = self._asked(call, read, reason)
        command = ask.command
        assert isinstance(command, ReadCase), command  # noqa: S101 - made just now
        alike = _Alike(command.key, read.what, call.actor.id, ask.reason, command.venues)
        if self._stands(alike, read.after):
            return
        try:
            standing = await self._recorded(ask, command)
        except LogDiverged:
            standing = await self._owed(ask, command)
        if standing is not None:
            self._standing[alike] = standing

    async def record_present(
        self, call: Call, read: Read, reason: str, *, is_over: bool = False
    ) -> None:
        """Record that a case is looked at as it is now, unless it is looked at for work."""
        if is_over or not self.privacy.is_at_work(call.actor):
            await self.record(call, read, reason)

    async def append_owed(self) -> None:
        """Append what was read while the log took no events, if it takes them now."""
        try:
            for ask in await owed(self._log):
                assert isinstance(ask.command, ReadCase), ask  # noqa: S101 - the only command
                answer = await self._late.record(ask.command.key, ask)
                if not isinstance(answer, Refused):
                    await settle(self._log, ask)
        except (LogDiverged, LogUnavailable, Overloaded):
            return

    def _asked(self, call: Call, read: Read, reason: str) -> CommandEnvelope:
        said = common_pb2.CommandContext(command_id=str(new_command_id()), reason=reason)
        context = CONTEXT(said)
        refuse_without_reason(self.privacy, call.actor, context.reason, "reason")
        venues = call.actor.venues if read.incident is None else None
        command = ReadCase(
            incident=IncidentId(read.incident) if read.incident else None,
            what=read.what,
            after=read.after,
            venues=None if venues is None else tuple(sorted(venues)),
            window=int(self.privacy.window(call.actor).total_seconds()),
        )
        return asked(command, context, call)

    async def _recorded(self, ask: CommandEnvelope, command: ReadCase) -> _Standing | None:
        """Record a reading, and return which record stands for it from now on."""
        answer = await self._recorder.record(command.key, ask)
        if isinstance(answer, Refused):
            raise of_refusal(answer, ask, READINGS.stream(command.key))
        known = (await self._recorder.known(command.key)).state
        found = next(known.standing_for(command, ask, clocks.now()), None)
        return _Standing(found.after, found.until) if found else None

    async def _owed(self, ask: CommandEnvelope, command: ReadCase) -> _Standing:
        """Keep a reading until it can be appended: a log that diverged is shown all the same."""
        now = clocks.now()
        if not await owe(self._log, replace(ask, occurred_at=now), self.privacy.readings_max):
            raise Failure("LOG_DIVERGED")
        log.warning("reading_owed", stream=READINGS.stream(command.key), what=command.what)
        return _Standing(command.after, now + self.privacy.window(ask.actor))

    def _stands(self, alike: _Alike, after: int) -> bool:
        """Tell whether this process knows a record that stands for a reading."""
        if self._epoch != self._log.epoch:  # what an earlier primary acknowledged may be lost
            self._epoch = self._log.epoch
            self._standing.clear()
        known = self._standing.get(alike)
        return known is not None and known.after <= after and clocks.now() < known.until


def refuse_without_reason(privacy: Privacy, actor: Actor, reason: str | None, field: str) -> None:
    """Refuse those who must say why they read, and don't. Raises Failure."""
    if not reason and privacy.needs_reason(actor):
        broken = Violation.of(field, "missing")
        raise Failure("REASON_REQUIRED", violations=[broken], subject="reading")


def _recorder(store: Log, most: int) -> Recorder[Known]:
    async def at_most(_state: Known, _command: Command) -> int:
        return most

    return Recorder(store, READINGS, clock=clocks.now, surroundings=at_most)
