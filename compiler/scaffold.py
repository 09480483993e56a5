"""A plan of one's own, begun from one that ships: its text, with what the answers change in it.

The text is edited where its values stand, so that comments, order and spelling stay as they were
written. What happened elsewhere (dates of lots, peaks, the review) is moved to days still ahead.
"""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pydantic import Field

from compiler.driver import inspect, shipped
from compiler.syntax import yaml
from compiler.syntax.edit import edited, without
from domain.plan.model.quantities import Persons, Width
from domain.plan.model.space import VenueType
from domain.values import Id, Line, Text, Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from compiler.syntax.yaml import Document, Path
    from domain.plan.model.plan import Plan

REVIEWED_AFTER = timedelta(days=365)
"""When a new plan is looked at again, as the shipped plans say of themselves."""
LATER_MAX_YEARS = 50
"""By how much dates are moved at the most."""

UNUSED = "contact-unused"
"""What is found of contacts that only a venue knew which was left out."""


class Holder(Value):
    """The function that holds a post."""

    id: Id
    title: Text


class VenueAnswers(Value):
    """What is asked of the venue."""

    id: Id
    title: Text
    type: VenueType | None = None
    """As in the plan that it begins from, when left out; so are the three below."""
    address: Line | None = None
    capacities: dict[Id, Persons] = Field(default_factory=dict)
    """Zone → persons at once."""
    widths: dict[Id, Width] = Field(default_factory=dict)
    """Passage → metres, clear, at the narrowest place."""


class Answers(Value):
    """What a new plan must know."""

    begins_from: Id
    """One of the plans that ship."""
    id: Id
    title: Text
    venue: VenueAnswers
    holders: dict[Id, Holder] = Field(default_factory=dict)
    """Post → who holds it; as in the plan that it begins from, when left out."""


class NotThere(Exception):
    """An answer speaks of something that the plan to begin from doesn't have."""

    def __init__(self, key: str, name: str, known: Sequence[str]) -> None:
        """Say which answer, what it names, and what it could name."""
        super().__init__(name)
        self.key, self.name, self.known = key, name, known


def scaffolded(answers: Answers, on: date) -> str:
    """Return the text of the new plan as of a day. NotThere if an answer names what isn't there."""
    texts = shipped()
    if answers.begins_from not in texts:
        raise NotThere("begins_from", answers.begins_from, [*texts])
    text = _without_other_venues(texts[answers.begins_from])
    plan, document = _read(text)
    _all_there(plan, answers)
    scalars = dict(_scalars((), document.plain))
    changes: dict[Path, object] = {
        **dict(_named(plan, answers)),
        **dict(_measured(plan, answers)),
        **dict(_held(plan, scalars, answers)),
        **_dated(plan, scalars, on),
    }
    changed = edited(text, document, changes)
    return _introduced(_scoped(changed, plan, answers), answers)


def plan_of(name: str) -> Plan:
    """Return a shipped plan as it is begun from: with its first venue only."""
    return _read(_without_other_venues(shipped()[name]))[0]


def _all_there(plan: Plan, answers: Answers) -> None:
    venue = plan.venues[0]
    zones, passages = ([one.id for one in several] for several in (venue.zones, venue.passages))
    for key, named, known in (
        ("venue/capacities", answers.venue.capacities, zones),
        ("venue/widths", answers.venue.widths, passages),
        ("holders", answers.holders, [*plan.posts]),
    ):
        for name in named:
            if name not in known:
                raise NotThere(key, name, known)


def _named(plan: Plan, answers: Answers) -> Iterator[tuple[Path, object]]:
    venue, new = plan.venues[0], answers.venue
    yield ("id",), answers.id
    yield from _said(("title",), answers.title)
    yield ("venues", 0, "id"), new.id
    yield from _said(("venues", 0, "title"), new.title)
    if new.type:
        yield ("venues", 0, "type"), new.type.value
    if new.address:
        yield ("venues", 0, "address"), new.address
    for n, unit in enumerate(plan.units):
        if unit.venue == venue.id:
            yield ("units", n, "venue"), new.id


def _measured(plan: Plan, answers: Answers) -> Iterator[tuple[Path, object]]:
    for n, zone in enumerate(plan.venues[0].zones):
        if zone.id in answers.venue.capacities:
            yield ("venues", 0, "zones", n, "capacity"), answers.venue.capacities[zone.id]
    for n, passage in enumerate(plan.venues[0].passages):
        if passage.id in answers.venue.widths:
            yield ("venues", 0, "passages", n, "width_m"), answers.venue.widths[passage.id]


def _held(
    plan: Plan, scalars: Mapping[Path, object], answers: Answers
) -> Iterator[tuple[Path, object]]:
    """Yield what follows from who holds posts: the contact's entry, and each mention of it."""
    renamed = {plan.posts[post].holder: holder for post, holder in answers.holders.items()}
    for n, contact in enumerate(plan.contacts):
        if contact.id in renamed:
            yield from _said(("contacts", n, "title"), renamed[contact.id].title)
    for path, value in scalars.items():
        if value in renamed and _names_a_contact(path):
            yield path, renamed[str(value)].id


def _names_a_contact(path: Path) -> bool:
    match path:
        case ("contacts", _, "id") | ("reports", _, "to"):
            return True
        case ("groups", _, "posts", _, "holder") | ("escalations", _, "steps", _, "tell", _):
            return True
        case ("groups", _, "posts", _, "deputies" | "members", _):
            return True
        case ("groups", _, "posts", _, "shifts", _, "holder"):
            return True
        case _:
            return False


def _dated(plan: Plan, scalars: Mapping[Path, object], on: date) -> Mapping[Path, object]:
    """Return the dates that are moved: whole years, so that holidays stay what they are."""
    looked_at = on + REVIEWED_AFTER
    needed = [
        *(_years(one.expires_on, looked_at) for item in plan.supplies for one in item.lots),
        *(_years(peak.last_day, on) for peak in plan.peaks),
    ]
    years = max(needed, default=0)
    moved = {
        path: _later(date.fromisoformat(str(value)), years)
        for path, value in scalars.items()
        if path[-1] in {"expires_on", "first_day", "last_day"}
    }
    return {**moved, ("review", "next_on"): looked_at}


def _years(day: date | None, reached: date) -> int:
    """Return by how many years a day must move so that another isn't after it."""
    if day is None:
        return 0
    return next((n for n in range(LATER_MAX_YEARS) if _later(day, n) >= reached), LATER_MAX_YEARS)


def _later(day: date, years: int) -> date:
    leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if leap else day.day)


def _said(path: Path, text: Text) -> Iterator[tuple[Path, object]]:
    """Yield a text in both languages; what is given in one stands for the other, too."""
    yield (*path, "zh"), text.said_in("zh")
    yield (*path, "en"), text.said_in("en")


def _scalars(path: Path, value: object) -> Iterator[tuple[Path, object]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _scalars((*path, key), inner)
        case list():
            for n, inner in enumerate(value):
                yield from _scalars((*path, n), inner)
        case _:
            yield path, value


def _scoped(text: str, plan: Plan, answers: Answers) -> str:
    """Return the text with the new venue's name in its scope."""
    old, new = plan.venues[0].title, answers.venue.title
    zh, en = (
        plan.scope.said_in(one).replace(old.said_in(one), new.said_in(one)) for one in ("zh", "en")
    )
    said = f"scope:\n  zh: {_quoted(zh)}\n  en: {_quoted(en)}\n"
    return _block("scope").sub(lambda _: said, text, count=1)


def _introduced(text: str, answers: Answers) -> str:
    """Return the text with an introduction of its own."""
    body = text[text.index("\nid: ") + 1 :]
    return (
        f"# {answers.title.said_in('en')}\n# {answers.title.said_in('zh')}\n#\n"
        f"# Begun from the plan {answers.begins_from} that ships with Muster. What it says of the\n"
        "# building, the people and the stock is to be made true before anybody relies on it.\n"
        f"# Check it with: muster plan check {answers.id}.yaml\n\n{body}"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _block(key: str) -> re.Pattern[str]:
    """Return what finds a key of the plan with all that is indented below it."""
    return re.compile(rf"^{key}:.*\n(?:[ ]+.*\n)*", re.MULTILINE)


def _without_other_venues(text: str) -> str:
    """Return a plan with its first venue only, and without whom only the others knew."""
    _, document = _read(text)
    others = len(_list(document, "venues"))
    text = without(text, document, [("venues", n) for n in range(1, others)])
    found = inspect(text, "").diagnostics
    unused = [one.path for one in found if one.code == UNUSED]
    _, document = _read(text)
    units = [n for n, unit in enumerate(_list(document, "units")) if _is_elsewhere(unit, document)]
    gone = [*(document.path(path) for path in unused), *(("units", n) for n in units)]
    return without(text, document, gone)


def _is_elsewhere(unit: object, document: Document) -> bool:
    venues = {venue["id"] for venue in _list(document, "venues") if isinstance(venue, dict)}
    return isinstance(unit, dict) and unit.get("venue") not in {*venues, None}


def _list(document: Document, key: str) -> Sequence[object]:
    plain = document.plain
    found = plain.get(key) if isinstance(plain, dict) else None
    return found if isinstance(found, list) else []


def _read(text: str) -> tuple[Plan, Document]:
    found = inspect(text, "")
    assert found.plan is not None, "a shipped plan can be read"  # noqa: S101 - tested for each
    return found.plan, yaml.read(text)
