"""Whether a plan can work: checked before the emergency, as a compiler checks a program.

The model already refuses what has the wrong shape; this looks at what the parts say together.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from domain.plan.findings import Code, Finding, Severity, finding
from domain.plan.references import cycles, dangling, duplicates, outside, posts_at
from domain.plan.timing import cadences, deadlines, never_due, phases
from domain.values import Text, Value, WarningColour

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.plan.model import Plan

__all__ = ["Code", "Finding", "Severity", "check"]


def check(plan: Plan) -> Sequence[Finding]:
    """Return all that is wrong with a plan, rule by rule, errors among warnings."""
    return [*chain.from_iterable(rule(plan) for rule in RULES)]


def deputies(plan: Plan) -> Iterator[Finding]:
    """Find posts that fall silent with one person."""
    for at, post in posts_at(plan):
        if not post.deputies:
            commands = post.id == plan.command.post
            code = Code.COMMAND_WITHOUT_DEPUTY if commands else Code.POST_WITHOUT_DEPUTY
            yield finding(code, f"{at}/deputies", name=post.id)
        named = (post.holder, *post.deputies, *post.members)
        for name in sorted({name for name in named if named.count(name) > 1}):
            yield finding(Code.STAND_IN_REPEATED, at, name=name, post=post.id)


def holders(plan: Plan) -> Iterator[Finding]:
    """Find people who would have to be in two places."""
    held: dict[str, list[str]] = {}
    for at, post in posts_at(plan):
        posts = held.setdefault(post.holder, [])
        posts.append(post.id)
        if len(posts) > 1:
            listed = ", ".join(posts)
            yield finding(
                Code.PERSON_WITH_TWO_POSTS, f"{at}/holder", name=post.holder, posts=listed
            )


def notices(plan: Plan) -> Iterator[Finding]:
    """Find notices that nobody could approve, or that would be written from nothing."""
    rules = plan.notices
    if rules.post in plan.posts and plan.command.post in plan.posts:
        told = plan.chain(rules.post)
        if len(told) == 1:
            yield finding(Code.APPROVAL_BY_AUTHOR, "/notices/post", name=rules.post)
    if not rules.templates:
        yield finding(Code.NOTICE_WITHOUT_TEMPLATE, "/notices")


def colours(plan: Plan) -> Iterator[Finding]:
    """Find warning colours that nobody would know when to announce."""
    said = {rule.colour for rule in plan.warnings}
    for colour in WarningColour:
        if colour not in said:
            yield finding(Code.COLOUR_MISSING, "/warnings", colour=colour)


def supplies(plan: Plan) -> Iterator[Finding]:
    """Find supplies that are short before anything happened."""
    for n, item in enumerate(plan.supplies):
        if item.quantity < item.minimum:
            counted = {"quantity": item.quantity, "minimum": item.minimum}
            yield finding(Code.SUPPLY_BELOW_MINIMUM, f"/supplies/{n}/quantity", **counted)


def languages(plan: Plan) -> Iterator[Finding]:
    """Find texts that say nothing, or not what their neighbours say in the same language."""
    texts = [*_texts("", plan)]
    spoken = {
        language
        for language in ("zh", "en")
        if any(getattr(text, language) is not None for _, text in texts)
    }
    for where, text in texts:
        missing = [language for language in sorted(spoken) if getattr(text, language) is None]
        if text.zh is None and text.en is None:
            yield finding(Code.TEXT_EMPTY, where)
        elif missing:
            yield finding(Code.LANGUAGE_MISSING, where, language=missing[0])


def _texts(at: str, value: object) -> Iterator[tuple[str, Text]]:
    match value:
        case Text():
            yield at, value
        case Value():
            for name in type(value).model_fields:
                yield from _texts(f"{at}/{name}", getattr(value, name))
        case tuple():
            for n, item in enumerate(value):
                yield from _texts(f"{at}/{n}", item)
        case dict():
            for key, item in value.items():
                yield from _texts(f"{at}/{key}", item)
        case _:
            return


RULES = (
    dangling,
    outside,
    duplicates,
    cycles,
    deputies,
    holders,
    notices,
    deadlines,
    never_due,
    phases,
    cadences,
    colours,
    supplies,
    languages,
)
"""Every rule. Each looks at the whole plan and stands alone, whatever else is wrong."""
