"""A case as people read it: when, who, what, why; and where it stood at any moment of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from domain.decider import decode
from domain.incident.decider import INCIDENTS
from domain.incident.events.corrections import NAMED_BY
from domain.incident.state.incident import Incident
from eventstore.log.events import StoredEvent
from eventstore.privacy.erasure import Tombstone, erased_in, tombstones
from services.runtime.sentences import sentence
from services.runtime.vocabulary import Language, date_and_clock, either, heading

COLOURS = {
    "opening": "bright_yellow",
    "response": "bright_red",
    "means": "bright_magenta",
    "aftermath": "bright_blue",
}
"""How the topics of facts are told apart, beside their words."""

WHO_WIDTH = 20
WHY_WIDTH = 16
"""Columns."""


class Line(NamedTuple):
    """One event of a timeline."""

    version: int
    recorded: datetime
    occurred: datetime
    who: str
    what: str
    why: str
    kind: str
    corrected_by: int = 0
    """The version of what corrects it, if something does."""


def lines(events: Iterable[StoredEvent], language: Language) -> Iterator[Line]:
    """Say events in a language; the events of one command share its reason."""
    told = list(events)
    stones, corrected = tombstones(told), corrections(told)
    asked: dict[str, str] = {}
    for event in told:
        meta = json.loads(event.meta)
        by = meta.get("command_id", "")
        if command := meta.get("command"):
            asked[by] = in_words(command["kind"])
        yield Line(
            event.version,
            event.recorded_at,
            event.occurred_at,
            who(event, language),
            _what(event, erased_in(event, stones), language),
            meta.get("reason") or asked.get(by, ""),
            event.type,
            corrected.get(event.version, 0),
        )


def corrections(events: Iterable[StoredEvent]) -> Mapping[int, int]:
    """Return by which later version each entry was corrected last, itself a correction or not."""
    versions: dict[tuple[str, str], list[int]] = {}
    for event in events:
        if field := NAMED_BY.get(event.type):
            entry = field, json.loads(event.data)[field]
            versions.setdefault(entry, []).append(event.version)
    return {one: told[-1] for told in versions.values() for one in told[:-1]}


def _what(event: StoredEvent, stone: Tombstone | None, language: Language) -> str:
    """Say an event; if erasing what it sealed was ordered since, say when and under which law."""
    text = sentence(event.type, event.data, language)
    if stone is None:
        return text
    because = sentence(stone.event.type, stone.event.data, language)
    at = date_and_clock(stone.event.recorded_at)
    return either(language, f"{text}【{because}，{at}】", f"{text} [{because}, {at}]")


def who(event: StoredEvent, language: Language) -> str:
    """Return whose act an event is, and who entered it if that is somebody else."""
    meta = json.loads(event.meta)
    actor = str(meta.get("actor", ""))
    spoken_for = meta.get("on_behalf_of")
    if not spoken_for or spoken_for == actor:
        return actor
    return either(language, f"{spoken_for}（{actor} 代录）", f"{spoken_for} (by {actor})")


def in_words(name: str) -> str:
    """Return a name in words: `TaskEscalated` is `task escalated`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def table(shown: Sequence[Line], language: Language, title: str | None = None) -> Table:
    """Lay a timeline out; what is the same in every line is left out."""
    one_day = len({line.recorded.astimezone().date() for line in shown}) == 1
    told_late = any(_since(line) for line in shown)
    made = Table(
        title=title,
        title_justify="left",
        box=None,
        header_style="bold",
        pad_edge=False,
        expand=True,
    )
    made.add_column(heading("version", language), justify="right", style="dim")
    made.add_column(heading("recorded", language), no_wrap=True)
    if told_late:
        made.add_column(heading("occurred", language), no_wrap=True, style="dim")
    made.add_column(heading("who", language), style="cyan", overflow="fold", max_width=WHO_WIDTH)
    made.add_column(heading("what", language), overflow="fold", ratio=1)
    made.add_column(heading("why", language), style="dim", overflow="fold", max_width=WHY_WIDTH)
    for line in shown:
        recorded = date_and_clock(line.recorded)
        made.add_row(
            str(line.version),
            recorded.partition(" ")[2] if one_day else recorded,
            *([_since(line)] if told_late else ()),
            line.who,
            _told(line, language),
            line.why,
        )
    return made


def _told(line: Line, language: Language) -> Text:
    """Say what happened; struck through, and by what it was corrected, if it was."""
    text = Text(line.what, style=colour_of(line.kind))
    if not line.corrected_by:
        return text
    text.stylize("strike")
    by = either(
        language, f"（见第 {line.corrected_by} 条更正）", f" (corrected by {line.corrected_by})"
    )
    return text.append(by, style="dim not strike")


def colour_of(kind: str) -> str:
    """Return how a kind of fact is told apart; most are not."""
    shape = INCIDENTS.facts.get(kind)
    topic = shape.__module__.rpartition(".")[2] if shape else ""
    return COLOURS.get(topic, "")


def fold(events: Iterable[StoredEvent], state: Incident = INCIDENTS.initial) -> Incident:
    """Return where an incident stood after these events of it."""
    for event in events:
        fact = decode(INCIDENTS, event.type, event.schema_version, event.data)
        state = INCIDENTS.evolve(state, fact)
    return state


def _since(line: Line) -> str:
    """Write when it occurred, if that is not when it was recorded."""
    apart = abs((line.recorded - line.occurred).total_seconds())
    return "" if apart < 1 else date_and_clock(line.occurred)
