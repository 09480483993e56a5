"""Given these facts, when that is asked, then this follows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from domain.decider import CommandEnvelope, Decider, Refused
from domain.values import Actor, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.refusals import Refusal
    from domain.values import Command, Event

State = TypeVar("State")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OPERATOR = Actor("operator-1", frozenset({Role.OPERATOR}))


@dataclass(frozen=True)
class Given(Generic[State]):
    """What happened before."""

    decider: Decider[State]
    facts: Sequence[Event] = ()
    surroundings: object = None
    now: datetime = NOON

    @property
    def state(self) -> State:
        """What is known after it."""
        return reduce(self.decider.evolve, self.facts, self.decider.initial)

    def found(self, command: Command) -> object:
        """Return what else is known when a command is decided, or finds it."""
        known = self.surroundings
        return known(self.state, command) if callable(known) else known

    def when(
        self,
        command: Command,
        by: Actor = OPERATOR,
        *,
        speaking_for: str | None = None,
        because: str | None = None,
        occurred_at: datetime | None = None,
    ) -> Then:
        """Ask for something."""
        asked = CommandEnvelope(
            command=command,
            command_id=UUID(int=1),
            actor=by,
            on_behalf_of=speaking_for,
            reason=because,
            occurred_at=occurred_at,
        )
        return Then(self.decider.decide(self.state, asked, self.now, self.found(command)))

    def having(
        self,
        command: Command,
        by: Actor = OPERATOR,
        *,
        speaking_for: str | None = None,
        because: str | None = None,
    ) -> Given[State]:
        """Ask for something that is not refused, and go on from what it leads to."""
        answer = self.when(command, by, speaking_for=speaking_for, because=because).answer
        assert not isinstance(answer, Refused), answer
        return replace(self, facts=[*self.facts, *answer])

    def later(self, span: timedelta) -> Given[State]:
        """Let time pass, in which nobody does anything."""
        return replace(self, now=self.now + span)


@dataclass(frozen=True)
class Then:
    """What followed."""

    answer: Sequence[Event] | Refused = field()

    def then(self, *facts: Event) -> None:
        """Expect exactly these facts."""
        assert self.answer == [*facts]

    def then_among_others(self, *facts: Event) -> None:
        """Expect these facts, in this order, whatever else follows."""
        assert not isinstance(self.answer, Refused), self.answer
        rest = iter(self.answer)
        assert all(fact in rest for fact in facts), self.answer

    def then_kinds(self, *kinds: str) -> None:
        """Expect facts of exactly these kinds, in this order."""
        assert not isinstance(self.answer, Refused), self.answer
        assert [fact.kind for fact in self.answer] == [*kinds]

    def then_nothing(self) -> None:
        """Expect that it was already so."""
        assert self.answer == []

    def then_refused(self, reason: Refusal, **details: str) -> None:
        """Expect a refusal, with these among its details."""
        assert isinstance(self.answer, Refused)
        assert self.answer.reason is reason
        assert details.items() <= dict(self.answer.details).items()


def given(decider: Decider[State], *facts: Event) -> Given[State]:
    """Start from these facts."""
    return Given(decider, facts)
