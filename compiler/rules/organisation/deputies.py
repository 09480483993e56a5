"""People: every duty somebody's, nobody in two places, nobody alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.analysis.posts import posts_at
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan


COMMAND_WITHOUT_DEPUTY = Kind(
    "command-without-deputy",
    Severity.ERROR,
    "指挥岗位“{name}”没有副职：无人应答时指挥权无人接替",
    "the commanding post '{name}' has no deputy: if its holder is silent, nobody commands",
    why=Text.of(
        "总指挥联系不上时，没有人可以下令疏散。",
        "While the commander can't be reached, nobody may order people out.",
    ),
    mend=Text.of(
        "为指挥岗位至少写一名副职（deputies）。", "Name at least one deputy of the commanding post."
    ),
    example="/groups/0/posts/0/deputies: -",
)
POST_WITHOUT_DEPUTY = Kind(
    "post-without-deputy",
    Severity.WARNING,
    "岗位“{name}”没有副职，缺岗时只能由总指挥接替",
    "the post '{name}' has no deputy; its duties fall to the commander at once",
    why=Text.of(
        "总指挥最忙的时候，还要兼做缺岗人员的事。",
        "The commander, busiest of all, has to do the missing person's work as well.",
    ),
    mend=Text.of("至少写一名副职（deputies）。", "Name at least one deputy."),
    example="/groups/2/posts/0/deputies: -",
)
STAND_IN_REPEATED = Kind(
    "stand-in-repeated",
    Severity.WARNING,
    "“{name}”在岗位“{post}”中出现两次",
    "'{name}' is named twice in the post '{post}'",
    why=Text.of(
        "多等一轮应答时限，找的还是同一个人。",
        "One more answer is waited for, of somebody who was asked already.",
    ),
    mend=Text.of("同一人只写一次，换上另一个人。", "Name each person once; add somebody else."),
    example="/groups/2/posts/0/deputies: [guide-deputy, guide-deputy]",
)
PERSON_WITH_TWO_POSTS = Kind(
    "person-with-two-posts",
    Severity.WARNING,
    "“{name}”同时担任多个岗位：{posts}",
    "'{name}' holds more than one post: {posts}",
    why=Text.of(
        "两个岗位同时要他，必有一个落空。",
        "When both posts are needed at once, one of them is empty.",
    ),
    mend=Text.of("其中一个岗位换人担任。", "Give one of the posts to somebody else."),
    example="/groups/2/posts/0/holder: manager",
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
