"""Given these facts, when that is asked, then this follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from domain.aggregate import Asked, Decider, Refused
from domain.values import Actor, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.refusals import Refusal
    from domain.values import Command, Fact

State = TypeVar("State")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OPERATOR = Actor("operator-1", frozenset({Role.OPERATOR}))


@dataclass(frozen=True)
class Given(Generic[State]):
    """What happened before."""

    decider: Decider[State]
    facts: Sequence[Fact] = ()

    @property
    def state(self) -> State:
        """What is known after it."""
        return reduce(self.decider.evolve, self.facts, self.decider.initial)

    def when(self, command: Command) -> Then:
        """Ask for something."""
        asked = Asked(command=command, command_id=UUID(int=1), actor=OPERATOR)
        return Then(self.decider.decide(self.state, asked, NOON, None))


@dataclass(frozen=True)
class Then:
    """What followed."""

    answer: Sequence[Fact] | Refused = field()

    def then(self, *facts: Fact) -> None:
        """Expect exactly these facts."""
        assert self.answer == [*facts]

    def then_nothing(self) -> None:
        """Expect that it was already so."""
        assert self.answer == []

    def then_refused(self, reason: Refusal, **details: str) -> None:
        """Expect a refusal, with these among its details."""
        assert isinstance(self.answer, Refused)
        assert self.answer.reason is reason
        assert details.items() <= dict(self.answer.details).items()


def given(decider: Decider[State], *facts: Fact) -> Given[State]:
    """Start from these facts."""
    return Given(decider, facts)
