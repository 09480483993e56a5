"""People: every duty somebody's, nobody in two places, nobody alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.plan.findings import Finding, Kind, Severity, finding
from domain.plan.rules.names import posts_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model import Plan


COMMAND_WITHOUT_DEPUTY = Kind(
    "command-without-deputy",
    Severity.ERROR,
    "指挥岗位“{name}”没有副职：无人应答时指挥权无人接替",
    "the commanding post '{name}' has no deputy: if its holder is silent, nobody commands",
)
POST_WITHOUT_DEPUTY = Kind(
    "post-without-deputy",
    Severity.WARNING,
    "岗位“{name}”没有副职，缺岗时只能由总指挥接替",
    "the post '{name}' has no deputy; its duties fall to the commander at once",
)
STAND_IN_REPEATED = Kind(
    "stand-in-repeated",
    Severity.WARNING,
    "“{name}”在岗位“{post}”中出现两次",
    "'{name}' is named twice in the post '{post}'",
)
PERSON_WITH_TWO_POSTS = Kind(
    "person-with-two-posts",
    Severity.WARNING,
    "“{name}”同时担任多个岗位：{posts}",
    "'{name}' holds more than one post: {posts}",
)


def deputies(plan: Plan) -> Iterator[Finding]:
    """Find posts that fall silent with one person."""
    for at, post in posts_at(plan):
        if not post.deputies:
            commands = post.id == plan.command.post
            code = COMMAND_WITHOUT_DEPUTY if commands else POST_WITHOUT_DEPUTY
            yield finding(code, f"{at}/deputies", name=post.id)
        named = (post.holder, *post.deputies, *post.members)
        for name in sorted({name for name in named if named.count(name) > 1}):
            yield finding(STAND_IN_REPEATED, at, name=name, post=post.id)


def holders(plan: Plan) -> Iterator[Finding]:
    """Find people who would have to be in two places."""
    held: dict[str, list[str]] = {}
    for at, post in posts_at(plan):
        posts = held.setdefault(post.holder, [])
        posts.append(post.id)
        if len(posts) > 1:
            listed = ", ".join(posts)
            yield finding(PERSON_WITH_TWO_POSTS, f"{at}/holder", name=post.holder, posts=listed)


KINDS = (COMMAND_WITHOUT_DEPUTY, POST_WITHOUT_DEPUTY, STAND_IN_REPEATED, PERSON_WITH_TWO_POSTS)
RULES = (deputies, holders)
