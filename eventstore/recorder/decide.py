"""Commands decided one after another in memory, before any of it is in the log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from domain.decider import CommandEnvelope, Decider, Refused, Versioned, encode
from domain.limits import COMMAND_EVENTS_MAX
from domain.refusals import Refusal
from domain.values import Command, Role
from eventstore.log.events import NewEvent
from eventstore.recorder.event_ids import event_id_of
from eventstore.recorder.metadata import meta_texts
from eventstore.recorder.queue import Receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from domain.values import Event

S = TypeVar("S")

BATCH_EVENTS_MAX = 1_000
"""Events that commands lead to which are appended as one; a command that leads to more is alone."""

CLOCK_SKEW = timedelta(minutes=1)
"""How much a caller's clock may be ahead of ours."""


class Draft(NamedTuple, Generic[S]):
    """What a command leads to, if the log stands where it is believed to."""

    before: Versioned[S]
    facts: Sequence[Event] = ()
    events: Sequence[NewEvent] = ()
    """What is to be appended: none for a command that is only to be validated."""
    refused: Refused | None = None
    failed: Exception | None = None

    @property
    def version(self) -> int:
        """Return at which version the stream is then, or would be."""
        return self.before.version + len(self.facts)

    def receipt(self, stream: str, position: int) -> Receipt:
        """Return what to answer, knowing where the last event of the stream is then."""
        kinds = tuple(fact.kind for fact in self.facts)
        return Receipt(stream, self.version, position, kinds, duplicate=False)


@dataclass(frozen=True, slots=True)
class BatchDecider(Generic[S]):
    """A decider with the clock and the surroundings that it needs."""

    decider: Decider[S]
    clock: Callable[[], datetime]
    surroundings: Callable[[S, Command], Awaitable[object]] | None

    async def in_order(
        self, known: Versioned[S], commands: Sequence[CommandEnvelope]
    ) -> tuple[list[Draft[S]], Versioned[S]]:
        """Decide commands, each on what the ones before it lead to; return that state too.

        As many as fit into one append: those that are left are to be decided on what follows.
        """
        drafts: list[Draft[S]] = []
        room = BATCH_EVENTS_MAX
        for asked in commands:
            draft, after = await self._decide(known, asked)
            if len(draft.events) > room and drafts:
                break
            room -= len(draft.events)
            drafts.append(draft)
            known = after
        return drafts, known

    async def _decide(
        self, known: Versioned[S], asked: CommandEnvelope
    ) -> tuple[Draft[S], Versioned[S]]:
        try:
            now = self.clock()
            refusal = _stale(known, asked) or _yet_to_come(asked, now)
            decision = refusal or await self._decision(known, asked, now)
            decision = _too_many(asked, decision) or decision
            if isinstance(decision, Refused):
                return Draft(known, refused=decision), known
            state = known.state
            for fact in decision:
                state = self.decider.evolve(state, fact)
        except Exception as error:  # noqa: BLE001 - a bug met by one must not fail its neighbours
            return Draft(known, failed=error), known
        if asked.validate_only:
            return Draft(known, decision), known
        events = _events(asked, decision, asked.occurred_at or now)
        after = Versioned(state, known.version + len(events), known.position)
        return Draft(known, decision, events), after

    async def _decision(
        self, known: Versioned[S], asked: CommandEnvelope, now: datetime
    ) -> Sequence[Event] | Refused:
        around = None
        if self.surroundings is not None:
            around = await self.surroundings(known.state, asked.command)
        return self.decider.decide(known.state, asked, now, around)


def _too_many(asked: CommandEnvelope, decision: Sequence[Event] | Refused) -> Refused | None:
    """Refuse a command that leads to more events than one may; never the system's own.

    Nobody is there to ask the clock for less: a deadline would stay armed for good.
    """
    if isinstance(decision, Refused) or Role.SYSTEM in asked.actor.roles:
        return None
    if len(decision) <= COMMAND_EVENTS_MAX:
        return None
    found = {"events": str(len(decision)), "most": str(COMMAND_EVENTS_MAX)}
    return Refused(Refusal.EVENTS_TOO_MANY, found)


def _stale(known: Versioned[S], asked: CommandEnvelope) -> Refused | None:
    """Refuse a command that was meant for another version of the stream."""
    expected = asked.expected_version
    if expected is not None and expected != known.version:
        found = {"expected": str(expected), "actual": str(known.version)}
        return Refused(Refusal.VERSION_STALE, found)
    return None


def _yet_to_come(asked: CommandEnvelope, now: datetime) -> Refused | None:
    """Refuse what is said to have happened later than now."""
    if asked.occurred_at is None or asked.occurred_at <= now + CLOCK_SKEW:
        return None
    return Refused(Refusal.INSTANT_IN_FUTURE, {"now": now.isoformat()})


def _events(
    asked: CommandEnvelope, facts: Sequence[Event], occurred_at: datetime
) -> Sequence[NewEvent]:
    if not facts:
        return ()
    first, rest = meta_texts(asked)
    return [
        NewEvent(
            event_id_of(asked, number),
            fact.kind,
            fact.schema_version,
            occurred_at,
            encode(fact),
            rest if number else first,
        )
        for number, fact in enumerate(facts)
    ]
