"""A divergence's own stream: the log is not what was signed, and an operator answers for that.

Until then nothing is recorded. The acknowledgement is itself the next event: it says what was found
and who goes on from there, and undoes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from domain.decider import CommandEnvelope, Decider, Refused
from domain.delegation import may_not_speak
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Value


class Diverged(Value):
    """Where the log is not what was signed, and how both stood when that was found."""

    doubt: str
    """What differs: a name of `eventstore.integrity.chain_verifier.Doubt`."""
    position: int
    stream: str
    version: int
    expected: str
    found: str
    lineage: int
    """Whose checkpoint it is compared with."""
    signed_size: int
    signed_root: str
    """Of that checkpoint, in hexadecimal; empty before the first."""
    size: int
    root: str
    """Of the log as it was found."""


class DivergenceAcknowledged(Event):
    """Somebody knows that the log is not what was signed, and lets it go on."""

    kind: Literal["DivergenceAcknowledged"] = "DivergenceAcknowledged"
    divergence: Id
    what: Diverged


class AcknowledgeDivergence(Command):
    """Let the log be written again, knowing in what it differs from what was signed."""

    kind: Literal["AcknowledgeDivergence"] = "AcknowledgeDivergence"
    divergence: Id


class Standing(NamedTuple):
    """The divergence for which the log refuses to be written."""

    divergence: str
    what: Diverged
    found_by: str = "notary"
    """The notary, or the actor who had the log verified."""


class Acknowledgement(NamedTuple):
    """What was acknowledged; nothing yet if None."""

    what: Diverged | None = None


def evolve(_state: Acknowledgement, fact: Event) -> Acknowledgement:
    """Take a fact into account."""
    assert isinstance(fact, DivergenceAcknowledged), fact  # noqa: S101 - no other kind
    return Acknowledgement(fact.what)


def decide(
    state: Acknowledgement, asked: CommandEnvelope, _now: datetime, surroundings: object
) -> Sequence[Event] | Refused:
    """Decide whether this divergence is the one that stands, and why the log may go on."""
    ask = asked.command
    assert isinstance(ask, AcknowledgeDivergence), ask  # noqa: S101 - the only command
    if refusal := may_not_speak(asked):
        return refusal
    if state.what is not None:
        return []
    if not isinstance(surroundings, Standing) or surroundings.divergence != ask.divergence:
        return Refused(Refusal.DIVERGENCE_UNKNOWN, {"divergence": ask.divergence})
    if not asked.reason:
        return Refused(Refusal.REASON_REQUIRED)
    return [DivergenceAcknowledged(divergence=ask.divergence, what=surroundings.what)]


DIVERGENCES = Decider[Acknowledgement](
    category="log",
    initial=Acknowledgement(),
    facts={"DivergenceAcknowledged": DivergenceAcknowledged},
    evolve=evolve,
    decide=decide,
)
