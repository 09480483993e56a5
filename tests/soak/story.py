"""A small incident as a log and a journal hold it, to be judged, and tampered with before."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from benchmarks.soak.checker import Verdict, check
from benchmarks.soak.promises import Promises
from benchmarks.torture.evidence import Event
from benchmarks.torture.hashes import genesis, seal

Told = tuple[str, dict[str, object]]
"""A kind of fact, and what it says."""

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STREAM = "incident/5a1f6e1e-0000-4000-8000-000000000000"
OPERATOR, CLOCK, HANDS = "operator", "clock", "hands"
SYSTEM = frozenset({CLOCK, HANDS})


def after(seconds: float) -> datetime:
    """Return a moment of the story."""
    return NOON + timedelta(seconds=seconds)


@dataclass
class Story:
    """What was recorded, and what a client was told."""

    log: list[Event] = field(default_factory=list)
    promises: Promises = field(default_factory=Promises)

    def records(
        self,
        actor: str,
        command: str,
        at_s: float,
        *facts: Told,
        command_id: str = "",
    ) -> str:
        """Let a command lead to facts; return its id."""
        command_id = command_id or str(uuid4())
        roles = ["system"] if actor in SYSTEM else [actor]
        for number, (kind, data) in enumerate(facts):
            meta: dict[str, object] = {"actor": actor, "roles": roles, "command_id": command_id}
            first = {"command": {"kind": command}} if number == 0 else {}
            self._append(kind, at_s, data, meta | first)
        return command_id

    def asks(self, command: str, at_s: float, *facts: Told, command_id: str = "") -> str:
        """Let a client give a command that is acknowledged."""
        command_id = self.records(OPERATOR, command, at_s, *facts, command_id=command_id)
        self.promises.take("load", {"asked": command_id, "method": command})
        self.acknowledge(command_id, [kind for kind, _ in facts])
        return command_id

    def acknowledge(self, command_id: str, kinds: list[str], position: int | None = None) -> None:
        """Tell the client that a command is recorded."""
        at = position or len(self.log)
        said = {"stream": STREAM, "version": at, "position": at, "kinds": kinds}
        self.promises.take("load", {"acknowledged": command_id, **said})

    def verdict(self, at_s: float) -> Verdict:
        """Judge, at a moment."""
        return check(self.log, self.promises, after(at_s))

    def seal_anew(self) -> None:
        """Number and chain the log as it is now, as somebody would who knows how."""
        rows, self.log = self.log, []
        for row in rows:
            self._chain(row)

    def _append(
        self, kind: str, at_s: float, data: dict[str, object], meta: dict[str, object]
    ) -> None:
        text, what = json.dumps(data), json.dumps(meta)
        row = (0, after(at_s), after(at_s), STREAM, 0, uuid4(), kind, 1, text, what, b"")
        self._chain(Event(*row))

    def _chain(self, row: Event) -> None:
        at = len(self.log) + 1
        placed = row._replace(position=at, version=at)
        head = self.log[-1].hash if self.log else genesis(STREAM)
        self.log.append(placed._replace(hash=seal(head, placed)))


def alarm(verify_by_s: float) -> Told:
    """Return an alarm that must be verified by some second of the story."""
    return "AlarmReported", {"zone": "hall", "verify_by": after(verify_by_s).isoformat()}


def ordered(name: str) -> Told:
    """Return the order to tell somebody something."""
    return "NotificationOrdered", {"notification": name, "to": "one"}


OPENED: Told = ("IncidentOpened", {"venue": "mall"})
LEFT: Told = ("AlarmLeftUnverified", {})
VERIFIED: Told = ("AlarmVerified", {})
DELIVERED: Told = ("NotificationDelivered", {"notification": "n1"})
ONE_ID = str(UUID(int=7))
