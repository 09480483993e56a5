"""Histories in which every stored shape of an incident comes last once: what reads are tried on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from domain.decider import NotYet, decode, encode
from domain.incident.decider import INCIDENTS
from domain.incident.evolution.evolve import evolve
from domain.incident.state.incident import NOTHING_YET
from eventstore.log.events import StoredEvent
from tests.domain.incident.test_golden import FOLDER, OPENED, released

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from domain.incident.state.incident import Incident
    from domain.values import Event

BEGUN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def golden() -> dict[str, Event]:
    """Return every fact of an incident that was ever released, by its file's name."""
    found = {}
    for name in released():
        kind, _, version = name.rpartition(".v")
        if kind in INCIDENTS.facts:
            stored = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
            found[name] = numbered(decode(INCIDENTS, kind, int(version), stored))
    return found


def numbered(fact: Event) -> Event:
    """Return a fact with the name that a notification has in an incident: it is a number."""
    fields = type(fact).model_fields
    return fact.model_copy(update={"notification": "n1"} if "notification" in fields else {})


def history(last: str, facts: dict[str, Event]) -> list[Event]:
    """Return all other facts forwards and backwards, so that much is armed; then the last one."""
    others = [fact for name, fact in facts.items() if name != last]
    told: list[Event] = [OPENED]
    state = evolve(NOTHING_YET, OPENED)
    for fact in (*others, *reversed(others), facts[last]):
        try:
            state = evolve(state, fact)
        except NotYet:
            continue
        told.append(fact)
    assert told[-1] is facts[last]
    return told


def states(facts: Iterable[Event]) -> list[Incident]:
    """Return what is known before the first fact, and after each."""
    known = [NOTHING_YET]
    for fact in facts:
        known.append(evolve(known[-1], fact))
    return known


def events(facts: Sequence[Event], stream: str = "incident/case") -> list[StoredEvent]:
    """Return facts as the log would have them, one a second."""
    return [
        StoredEvent(
            position=number,
            recorded_at=BEGUN + timedelta(seconds=number),
            occurred_at=BEGUN + timedelta(seconds=number),
            stream=stream,
            version=number,
            event_id=UUID(int=number),
            type=fact.kind,
            schema_version=fact.schema_version,
            data=encode(fact),
            meta='{"actor":"boss","command_id":"c"}',
            hash=b"\0" * 32,
        )
        for number, fact in enumerate(facts, start=1)
    ]


FACTS = golden()
HISTORIES = {name: history(name, FACTS) for name in FACTS}
"""By the shape that comes last."""
