"""The handbook as one page: self-contained, for the screen, the telephone and the printer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from compiler.drawing.flowchart.chart import flowchart
from compiler.drawing.localized import Localizer
from compiler.drawing.picture import STYLE
from compiler.drawing.route_map.maps import route_maps
from compiler.drawing.vocabulary import AUDIENCES, COLOURS, PHASES
from compiler.handbook.contact_directory import Numbers, contact_rows
from compiler.handbook.position_cards import cards, conditions, deadlines
from compiler.handbook.supplies import supply_rows
from domain.plan.canonical import pinned
from domain.plan.model.organisation import Group
from domain.plan.model.plan import Plan
from domain.texts import shown


class Edition(NamedTuple):
    """Which handbook is wanted."""

    language: str
    on: date
    venue: str | None = None
    """Only this venue's maps, and its own people and stock; all of them when left out."""
    numbers: Numbers | None = None
    """Addresses of contacts; an edition without personal numbers when left out."""


class Branch(NamedTuple):
    """A group, with those below it."""

    title: str
    duties: Sequence[str]
    posts: Sequence[tuple[str, str]]
    below: Sequence[Branch]


def handbook(plan: Plan, edition: Edition) -> str:
    """Return the handbook as HTML that fetches nothing."""
    here = plan.at(edition.venue) if edition.venue else plan
    say = Localizer(here, edition.language)
    page: str = _template().render(
        say=say,
        plan=here,
        ref=pinned(plan).ref,
        edition=edition,
        drawing_style=Markup(STYLE),  # noqa: S704 - a constant of ours
        branches=_branches(say, None),
        levels=[*_levels(say)],
        colours=[*_colours(say)],
        flowchart=_drawn(flowchart(here, edition.language).svg(alone=False)),
        phases=[*_phases(say)],
        notices=[*_notices(say)],
        supplies=supply_rows(say, edition.on),
        venues=[*_venues(here, edition)],
        contacts=contact_rows(say, edition.numbers),
        cards=cards(say, edition.venue),
    )
    return page


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("compiler.handbook"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    return environment.get_template("handbook.html.j2")


def _drawn(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - every text in a picture is escaped where it is drawn


def _branches(say: Localizer, parent: str | None) -> Sequence[Branch]:
    known = {group.id for group in say.plan.groups}

    def is_below(group: Group) -> bool:
        return (group.parent if group.parent in known else None) == parent

    return [
        Branch(
            say.text(group.title),
            [say.text(duty) for duty in group.duties],
            [(say.text(post.title), say.contact(post.holder)) for post in group.posts],
            _branches(say, group.id),
        )
        for group in say.plan.groups
        if is_below(group)
    ]


def _levels(say: Localizer) -> Iterator[Sequence[str]]:
    for rule in sorted(say.plan.levels, key=lambda rule: rule.level):
        automatic = say.of("；", "; ").join(say.trigger(one) for one in rule.automatic)
        yield rule.level.name, say.text(rule.criteria), say.posts(rule.decided_by), automatic


def _colours(say: Localizer) -> Iterator[Sequence[str]]:
    for rule in say.plan.warnings:
        triggers = say.of("；", "; ").join(say.trigger(one) for one in rule.triggers)
        yield str(rule.colour), say.text(COLOURS[rule.colour]), say.text(rule.criteria), triggers


def _phases(say: Localizer) -> Iterator[tuple[str, Sequence[Sequence[str]]]]:
    """Return the tasks of each phase: title, post, deadlines, conditions."""
    for phase, name in PHASES.items():
        rows = [
            (
                say.text(task.title),
                say.post(task.post),
                say.of("；", "; ").join(deadlines(say, task)),
                say.of("；", "; ").join(conditions(say, task)),
            )
            for task in say.plan.tasks
            if task.phase is phase
        ]
        yield say.text(name), rows


def _notices(say: Localizer) -> Iterator[Sequence[str]]:
    """Return what the public is told: title, phase, to whom, by what, by when, the words."""
    rules = say.plan.notices
    for rule in rules.rules:
        by = say.span(rule.first_within or rules.first_within)
        often = [say.of(f"{by}内", f"within {by}")]
        if rule.refresh_every:
            again = say.span(rule.refresh_every)
            often.append(say.of(f"每 {again}更新", f"again every {again}"))
        words = rules.templates.get(rule.template)
        yield (
            say.text(rule.title),
            say.text(PHASES[rule.phase]) if rule.phase in PHASES else str(rule.phase),
            say.listed(say.text(AUDIENCES[one]) for one in rule.audiences),
            say.contacts(rule.channels),
            say.listed(often),
            " / ".join(text for text in (words.zh, words.en) if text) if words else "",
        )


def _venues(plan: Plan, edition: Edition) -> Iterator[tuple[str, Sequence[tuple[str, Markup]]]]:
    """Return each venue's maps."""
    for venue in plan.venues:
        if edition.venue in {None, venue.id}:
            maps = route_maps(plan, venue, edition.language)
            drawn = [(one.title, _drawn(one.picture.svg(alone=False))) for one in maps]
            yield venue.title.said_in(edition.language), drawn
