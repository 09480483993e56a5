"""An export's own stream: which events of a case left the house, on whose request.

It is recorded before the bundle is made and goes with it, under the same signature: so a bundle
from which events were taken out, at its end too, is not the one that the log speaks of. Which
events those are, the log itself finds as it records this (`muster.export_case`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, StringConstraints

from domain.decider import CommandEnvelope, Decider, Refused
from domain.delegation import may_not_speak
from domain.values import Command, Event, IncidentId, Value

Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, in hexadecimal."""


class Span(Value):
    """Some events of one stream, without a gap: from one version to another."""

    stream: str
    first: int = Field(ge=1)
    last: int = Field(ge=1)
    hash: Hash
    """Of the last one, which by its chain stands for all before it."""


class CaseExported(Event):
    """The events of a case were handed out as a bundle that can be verified by itself."""

    schema_version: ClassVar[int] = 2
    kind: Literal["CaseExported"] = "CaseExported"
    incident: str
    spans: tuple[Span, ...] = ()
    """As the log found them; none before it is recorded."""
    as_of: int | None = None
    """The position that the case is whole up to: that of the reference in its own stream, just
    before this. None for an export of schema version 1, which a caller composed."""


class ExportCase(Command):
    """Hand out the events of a case."""

    kind: Literal["ExportCase"] = "ExportCase"
    incident: IncidentId


class Export(NamedTuple):
    """What was exported; nothing yet if None."""

    exported: CaseExported | None = None


def evolve(_state: Export, fact: Event) -> Export:
    """Take a fact into account."""
    assert isinstance(fact, CaseExported), fact  # noqa: S101 - no other kind
    return Export(fact)


def decide(
    state: Export, asked: CommandEnvelope, _now: datetime, _surroundings: object
) -> Sequence[Event] | Refused:
    """Decide whether a case is exported. What goes with it, the log finds."""
    ask = asked.command
    assert isinstance(ask, ExportCase), ask  # noqa: S101 - the only command
    if refusal := may_not_speak(asked):
        return refusal
    if state.exported is not None:
        return []
    return [CaseExported(incident=ask.incident)]


EXPORTS = Decider[Export](
    category="export",
    initial=Export(),
    facts={"CaseExported": CaseExported},
    evolve=evolve,
    decide=decide,
    upcasts={("CaseExported", 1): lambda text: text},
)
