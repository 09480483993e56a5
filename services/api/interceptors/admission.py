"""Admission: how many calls may wait, and how many may be worked on, of everybody and of each.

A call waits until its first message is there and only then takes a place, so that calls which hold
still can't use up what others need. Where too many wait, the one that has waited longest ends.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from services.api.errors.failures import Failure
from services.api.interceptors.deadlines import Deadlines, end_now
from services.api.interceptors.metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from services.api.contract import Method
    from services.runtime.settings.settings import Api

WAITING_PER_CALLER = 2_048
"""Calls of one caller whose first message is not there yet."""

WAITING_CALLERS = 16_384
"""The same, of all callers."""

ALARMS = frozenset({"RaiseWarning", "ReportAlarm"})
"""What opens an incident: it finds a place when nothing else does."""


class Kind(StrEnum):
    """What a call is, as far as its place is concerned."""

    READ = "read"
    COMMAND = "command"
    ALARM = "alarm"
    WATCH = "watch"
    COMMAND_STREAM = "command_stream"
    READ_STREAM = "read_stream"

    @classmethod
    def of(cls, method: Method) -> Kind:
        """Return the kind of a method."""
        if method.takes_stream:
            return cls.COMMAND_STREAM
        if method.name == "WatchIncidents":
            return cls.WATCH
        if method.gives_stream:
            return cls.READ_STREAM
        if method.name in ALARMS:
            return cls.ALARM
        return cls.COMMAND if method.records or method.name == "Submit" else cls.READ

    @property
    def is_open(self) -> bool:
        """Tell whether such a call stays open."""
        return self not in UNARY


UNARY = (Kind.READ, Kind.COMMAND, Kind.ALARM)
"""They share their places: the later a kind stands here, the more of them it may use."""


class Bound(NamedTuple):
    """How many calls of a kind there may be at once."""

    of_all: int
    of_each: int
    """Of one caller."""


@dataclass(frozen=True)
class Limits:
    """How much at once, and for how long."""

    message_bytes: int
    deadline_s: float
    """Of a call that names none, or a later one."""
    first_message_s: float
    bounds: Mapping[Kind, Bound]
    unauthenticated: Bound

    @classmethod
    def of(cls, api: Api) -> Limits:
        """Return what the settings say."""
        reads = api.max_concurrent_commands
        commands = reads + api.reserved_for_commands
        each, streams = api.max_calls_per_caller, Bound(api.max_streams, api.max_streams_per_caller)
        return cls(
            api.max_message_bytes,
            api.deadline_seconds,
            api.first_message_seconds,
            {
                Kind.READ: Bound(reads, each),
                Kind.COMMAND: Bound(commands, each),
                Kind.ALARM: Bound(commands + api.reserved_for_alarms, each),
                Kind.WATCH: Bound(api.max_watches, api.max_watches_per_caller),
                Kind.COMMAND_STREAM: streams,
                Kind.READ_STREAM: streams,
            },
            Bound(api.max_unauthenticated, api.max_unauthenticated_per_address),
        )


class Places:
    """Counts the calls that are worked on."""

    def __init__(self, bounds: Mapping[Kind, Bound]) -> None:
        self._bounds = bounds
        self._taken = dict.fromkeys((kind.value for kind in Kind), 0)
        self._of_each: dict[tuple[str, str], int] = {}
        """By a kind's value, which is hashed in a tenth of the time that its member takes."""

    def place(self, kind: Kind, caller: str) -> Place:
        """Return what works on a call of a caller. Raises Failure where there is no place left."""
        bound, own = self._bounds[kind], (kind.value, caller)
        if self._of_each.get(own, 0) >= bound.of_each:
            raise overloaded(f"{kind}_per_caller", bound.of_each)
        if self._beside(kind) >= bound.of_all:
            raise overloaded(kind.value, bound.of_all)
        return Place(self._taken, self._of_each, own)

    def taken(self) -> Mapping[Kind, int]:
        """Return how many calls of each kind are worked on."""
        return {kind: self._taken[kind.value] for kind in Kind}

    def _beside(self, kind: Kind) -> int:
        taken = self._taken
        if kind.is_open:
            return taken[kind.value]
        return taken["read"] + taken["command"] + taken["alarm"]


class Place:
    """A call is worked on for as long as this is entered."""

    __slots__ = ("_of_each", "_own", "_taken")

    def __init__(
        self, taken: dict[str, int], of_each: dict[tuple[str, str], int], own: tuple[str, str]
    ) -> None:
        self._taken = taken
        self._of_each = of_each
        self._own = own

    def __enter__(self) -> None:
        own = self._own
        self._taken[own[0]] += 1
        self._of_each[own] = self._of_each.get(own, 0) + 1

    def __exit__(self, *_: object) -> None:
        own = self._own
        self._taken[own[0]] -= 1
        left = self._of_each[own] - 1
        if left:
            self._of_each[own] = left
        else:
            del self._of_each[own]  # nothing is kept of a caller who has no call here


class Room:
    """Holds calls that may have to go: with too many of a peer, or in all, the oldest ends."""

    def __init__(self, name: str, bound: Bound) -> None:
        self._name = name
        self._bound = bound
        self._all: dict[asyncio.Timeout, str] = {}
        self._of_each: dict[str, dict[asyncio.Timeout, None]] = {}
        self.pushed_out: set[asyncio.Timeout] = set()
        self._expiries: dict[float, Deadlines] = {}
        """By their time in seconds: there are few."""

    def __len__(self) -> int:
        return len(self._all)

    def hold(self, peer: str, timeout_s: float | None) -> Held:
        """Return what holds a call for so long at most; it raises Failure when it has to go."""
        return Held(self, peer, timeout_s)

    def enter(self, limit: asyncio.Timeout, peer: str, timeout_s: float | None) -> None:
        """Take a call in; another one has to go where there are too many."""
        own = self._of_each.setdefault(peer, {})
        if len(own) >= self._bound.of_each:
            self._push_out(next(iter(own)), peer)
        elif len(self._all) >= self._bound.of_all:
            oldest = next(iter(self._all))
            self._push_out(oldest, self._all[oldest])
        self._all[limit] = peer
        self._of_each.setdefault(peer, {})[limit] = None
        if expiry := self._expiry(timeout_s):
            expiry.begin(limit)

    def leave(self, limit: asyncio.Timeout, peer: str, timeout_s: float | None) -> None:
        """Let a call go."""
        self._forget(limit, peer)
        if expiry := self._expiry(timeout_s):
            expiry.leave(limit)

    def why(self, limit: asyncio.Timeout, timeout_s: float | None) -> Failure:
        """Return why a call had to go."""
        if limit in self.pushed_out:
            return overloaded(self._name, self._bound.of_each)
        return too_late(timeout_s or 0)

    def _expiry(self, timeout_s: float | None) -> Deadlines | None:
        if timeout_s is None:
            return None
        if timeout_s not in self._expiries:
            self._expiries[timeout_s] = Deadlines(timeout_s)
        return self._expiries[timeout_s]

    def _push_out(self, limit: asyncio.Timeout, peer: str) -> None:
        """Have a call go, unless it is going already: a limit ends once, for one reason."""
        self._forget(limit, peer)
        for expiry in self._expiries.values():
            expiry.leave(limit)
        if end_now(limit):
            self.pushed_out.add(limit)

    def _forget(self, limit: asyncio.Timeout, peer: str) -> None:
        self._all.pop(limit, None)
        own = self._of_each.get(peer, {})
        own.pop(limit, None)
        if not own:
            self._of_each.pop(peer, None)


class Held:
    """Holds a call in a room for as long as this is entered. No generator: every call has one."""

    __slots__ = ("_limit", "_peer", "_room", "_timeout_s")

    def __init__(self, room: Room, peer: str, timeout_s: float | None) -> None:
        self._room = room
        self._peer = peer
        self._timeout_s = timeout_s
        self._limit = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()
        self._room.enter(self._limit, self._peer, self._timeout_s)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._room.leave(self._limit, self._peer, self._timeout_s)
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            raise self._room.why(self._limit, self._timeout_s) from None
        finally:
            self._room.pushed_out.discard(self._limit)


class Admission:
    """Everything that bounds calls."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.places = Places(limits.bounds)
        self.waiting = Room("waiting_per_caller", Bound(WAITING_CALLERS, WAITING_PER_CALLER))
        self.unauthenticated = Room("unauthenticated_per_address", limits.unauthenticated)


def overloaded(bound: str, limit: int) -> Failure:
    """Return that a bound was reached, and count it."""
    METRICS.turned_away[bound] += 1
    return Failure("OVERLOADED", {"bound": bound, "limit": str(limit)})


def too_late(seconds: float) -> Failure:
    """Return that no message came, and count it."""
    METRICS.turned_away["first_message"] += 1
    return Failure("MESSAGE_NOT_SENT", {"seconds": f"{seconds:g}"})
