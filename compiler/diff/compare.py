"""Two texts of a plan, compared part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from compiler.diff.change import Change, Topic, otherwise, said
from compiler.diff.egress_times import clear_times
from compiler.diff.labels import label
from compiler.diff.parts import PARTS, POST, SUPPLY, Part, everybody_at, holders
from domain.values import Text

if TYPE_CHECKING:
    from domain.plan.model.plan import Plan, Venue
    from domain.values import Value

PLAIN = ("title", "purpose", "scope", "hazards", "effective_from", "resource_post")
"""Fields of the plan itself; its id and its version are no change."""


def difference(was: Plan, becomes: Plan) -> Sequence[Change]:
    """Return what changes for whom, by topic; nothing if the texts say the same."""
    if was == becomes:
        return []
    changes = [
        *_plain(was, becomes),
        *(change for part in PARTS for change in _parts(part, was, becomes)),
        *_elsewhere(was, becomes),
        *_templates(was, becomes),
        *clear_times(was, becomes),
    ]
    topics = list(Topic)
    return sorted(changes, key=lambda change: topics.index(change.topic))


def _plain(was: Plan, becomes: Plan) -> Iterator[Change]:
    plan = Text.of("预案", "the plan")
    for field in PLAIN:
        before, after = said(getattr(was, field)), said(getattr(becomes, field))
        if getattr(was, field) != getattr(becomes, field):
            what = otherwise(plan, label(field), before, after)
            yield Change(Topic.SCOPE, field, what, (), before, after)


def _parts(part: Part, was: Plan, becomes: Plan) -> Iterator[Change]:
    """Return what is gone, what is new, and what is otherwise of one kind of part."""
    before, after = part.named(was), part.named(becomes)
    for name, gone in before.items():
        if name not in after:
            what = _about(part, name, gone)
            told = Text.of(f"取消{what.zh}", f"{what.en} is gone")
            yield Change(part.topic, name, told, _people(part, was, gone), said(gone))
    for name, one in after.items():
        if name not in before:
            what = _about(part, name, one)
            told = Text.of(f"新增{what.zh}", f"{what.en} is new")
            yield Change(part.topic, name, told, _people(part, becomes, one), None, said(one))
        elif before[name] != one:
            people = (*_people(part, was, before[name]), *_people(part, becomes, one))
            for change in _fields(part, name, before[name], one):
                yield _with_duties(change, becomes, people)


def _fields(part: Part, name: str, was: Value, becomes: Value) -> Iterator[tuple[str, Change]]:
    """Return which fields of a part are otherwise."""
    for field in type(becomes).model_fields:
        before, after = getattr(was, field), getattr(becomes, field)
        if field in part.besides or before == after:
            continue
        topic = Topic.DEADLINE if _is_deadline(field) else part.topic
        old, new = said(before), said(after)
        what = otherwise(_about(part, name, becomes), label(field), old, new)
        yield field, Change(topic, name, what, (), old, new)


def _with_duties(told: tuple[str, Change], plan: Plan, people: Sequence[str]) -> Change:
    """Return a change with whom it is for; a new holder learns which duties come with a post."""
    field, change = told
    change = change._replace(people=tuple(dict.fromkeys(people)))
    if field != "holder":
        return change
    tasks = sum(task.post == change.about for task in plan.tasks)
    reports = sum(report.post == change.about for report in plan.reports)
    what = Text.of(
        f"{change.what.zh}（任务 {tasks} 项、报告 {reports} 项随之移交）",
        f"{change.what.en} (tasks: {tasks}, reports: {reports} go with it)",
    )
    return change._replace(what=what)


def _elsewhere(was: Plan, becomes: Plan) -> Iterator[Change]:
    """Return what is otherwise at one venue, where it is not as in the rest of the plan."""
    after = {venue.id for venue in becomes.venues}
    for venue in was.venues:
        there, then = was.at(venue.id), becomes.at(venue.id)
        if venue.id not in after or (there is was and then is becomes):
            continue
        for name in there.posts.keys() & then.posts.keys():
            old, new = there.posts[name], then.posts[name]
            known = was.posts[name], becomes.posts[name]
            people = (*everybody_at(there, name), *everybody_at(then, name))
            yield from _at(POST, venue, (old, new), known, people)
        stock = ({one.id: one for one in plan.supplies} for plan in (was, becomes, there, then))
        base_was, base_becomes, old_stock, new_stock = stock
        for name in old_stock.keys() & new_stock.keys():
            held = base_was[name], base_becomes[name]
            yield from _at(SUPPLY, venue, (old_stock[name], new_stock[name]), held, ())


def _at(
    part: Part,
    venue: Venue,
    there: tuple[Any, Any],
    known: tuple[Any, Any],
    people: Sequence[str],
) -> Iterator[Change]:
    """Return the fields of a part that change at a venue otherwise than in the whole plan."""
    name = f"{venue.id}/{there[0].id}"
    for field, change in _fields(part, name, *there):
        values = [getattr(one, field) for one in (*there, *known)]
        if values[:2] != values[2:]:
            what = Text.of(
                f"在场所“{venue.title.said_in('zh')}”，{change.what.zh}",
                f"at {venue.title.said_in('en')}, {change.what.en}",
            )
            yield change._replace(what=what, people=tuple(dict.fromkeys(people)))


def _templates(was: Plan, becomes: Plan) -> Iterator[Change]:
    """Return which announcements are gone, new, or worded otherwise."""
    before, after = was.notices.templates, becomes.notices.templates
    people = holders(becomes, becomes.notices.post)
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if old != new:
            was_said, is_said = said(old), said(new)
            template = Text.of(f"公告模板“{name}”", f"announcement {name!r}")
            what = otherwise(template, label("text"), was_said, is_said)
            of = Topic.INFORMATION
            yield Change(of, name, what, people, old and was_said, new and is_said)


def _people(part: Part, plan: Plan, one: Value) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.concerns(plan, one)))


def _about(part: Part, name: str, one: Value) -> Text:
    """Return how a part is called: by its title, else by its name."""
    title = getattr(one, "title", None) or Text.of(name, name)
    return Text.of(
        f"{part.name.zh}“{title.said_in('zh') or name}”",
        f"{part.name.en} '{title.said_in('en') or name}'",
    )


def _is_deadline(field: str) -> bool:
    return field in {"within", "every"} or field.endswith(("_within", "_every"))
