"""The after-action report: Markdown and HTML, both languages, the same from the same events."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from activities.evaluation.figures import Entry, Figure, entries, figures
from domain.incident.events import aftermath, opening
from domain.plan.model.plan import PinnedPlan
from domain.texts import shown, visible
from domain.values import Mode
from eventstore.log.events import StoredEvent
from eventstore.privacy.erasure import Tombstone, erased_in, tombstones

CITES_SHOWN = 12
"""Events named beside a figure; all of them are in the case."""

Say = Callable[[str, str, str], str]
"""Says a stored fact as a sentence: kind, data text, language."""

_MARKUP = re.compile(r"[\\`*_\[\]<>|]")
"""What begins markup within a line of Markdown; HTML, too."""

MINUTE = 60
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Report:
    """An after-action report."""

    markdown: str
    html: str
    figures: tuple[Figure, ...]
    up_to_version: int

    @property
    def sha256(self) -> str:
        """Return the digest of the Markdown text, in hexadecimal."""
        return hashlib.sha256(self.markdown.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Line:
    """An event as the timeline shows it."""

    version: int
    occurred_at: str
    recorded_at: str
    who: str
    zh: str
    en: str
    kind: str


def report(events: Sequence[StoredEvent], pinned: PinnedPlan, say: Say) -> Report:
    """Return the report about the events of one incident, from its first to the last one given."""
    case = entries(events)
    taken = tuple(figures(case))
    opened = next(entry.fact for entry in case if isinstance(entry.fact, opening.IncidentOpened))
    found = {
        "incident": events[0].stream.partition("/")[2],
        "opened": opened,
        "exercise": opened.mode is Mode.EXERCISE,
        "plan": pinned.plan,
        "ref": pinned.ref,
        "venue": next(venue for venue in pinned.plan.venues if venue.id == opened.venue),
        "begun": _moment(events[0].occurred_at),
        "up_to": events[-1].version,
        "last_hash": events[-1].hash.hex(),
        "figures": taken,
        "lines": _lines(events, say),
        "damages": _of(case, aftermath.DamageRecorded),
        "findings": _of(case, aftermath.FindingAdded),
        "actions": _of(case, aftermath.CorrectiveActionProposed),
    }
    html = _TEMPLATES.get_template("report.html.j2").render(found)
    edition = hashlib.sha256(html.encode()).hexdigest()
    markdown = _TEMPLATES.get_template("report.md.j2").render(found, edition=edition)
    return Report(
        markdown=markdown,
        html=html + _enclosed(markdown),
        figures=taken,
        up_to_version=events[-1].version,
    )


def _enclosed(markdown: str) -> str:
    """Return the text whose digest the log holds, which itself holds that of the page before it.

    `verify.py --report` proves a page by it.
    """
    return f"\n<!-- muster-report-text {b64encode(markdown.encode()).decode()} -->\n"


def _of(case: Sequence[Entry], kind: type[object]) -> list[Entry]:
    return [entry for entry in case if isinstance(entry.fact, kind)]


def _lines(events: Sequence[StoredEvent], say: Say) -> list[Line]:
    stones = tombstones(events)
    return [_line(event, erased_in(event, stones), say) for event in events]


def _line(event: StoredEvent, stone: Tombstone | None, say: Say) -> Line:
    meta = json.loads(event.meta)
    who = meta.get("on_behalf_of") or meta.get("actor", "")
    return Line(
        version=event.version,
        occurred_at=_moment(event.occurred_at),
        recorded_at=_moment(event.recorded_at),
        who=who,
        zh=_said(event, stone, say, "zh"),
        en=_said(event, stone, say, "en"),
        kind=event.type,
    )


def _said(event: StoredEvent, stone: Tombstone | None, say: Say, language: str) -> str:
    """Say an event; if erasing what it sealed was ordered since, say when and under which law."""
    text = say(event.type, event.data, language)
    if stone is None:
        return text
    because = say(stone.event.type, stone.event.data, language)
    return f"{text} ({because}, {_moment(stone.event.recorded_at)})"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def _value(figure: Figure) -> str:
    """Return a figure for people: `1 h 02 min`, `3 min 20 s`, `4.2 s`, `7`, or a dash."""
    if figure.value is None:
        return "—"
    if not figure.is_span:
        return str(figure.value)
    seconds = float(figure.value)
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE):02d} s"
    return f"{int(seconds // HOUR)} h {int(seconds % HOUR // MINUTE):02d} min"


def _cites(figure: Figure) -> str:
    shown = ", ".join(f"#{version}" for version in figure.cites[:CITES_SHOWN])
    return shown + (" …" if len(figure.cites) > CITES_SHOWN else "")


def _cell(text: str) -> str:
    """Return a text that can't break out of its line, or of a cell, and is no markup."""
    return " ".join(_MARKUP.sub(r"\\\g<0>", visible(text)).split())


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("activities.evaluation"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=shown,
    )
    made.filters.update(value=_value, cites=_cites, cell=_cell)
    return made


_TEMPLATES = _environment()
