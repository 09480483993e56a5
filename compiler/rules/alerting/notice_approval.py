"""Notices: somebody can approve them, and they are not written from nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.plan.model.plan import Plan


APPROVAL_BY_AUTHOR = Kind(
    "approval-by-author",
    Severity.ERROR,
    "岗位“{name}”起草的公告没有第二人可以审批",
    "nobody but its author can approve a notice that the post '{name}' drafts",
    why=Text.of(
        "公告发错没有第二双眼睛看过，收不回来。",
        "A notice that nobody else has read can't be called back from ten thousand phones.",
    ),
    mend=Text.of(
        "在 approved_by 写另一人担任的岗位。",
        "Name in `approved_by` a post that somebody else holds.",
    ),
    example="/notices/approved_by: [duty]\n/groups/1/posts/0/deputies: -",
)
NOTICE_WITHOUT_TEMPLATE = Kind(
    "notice-without-template",
    Severity.WARNING,
    "没有公告模板，紧急时须从零起草",
    "no notice has a template; in an emergency each is written from nothing",
    why=Text.of(
        "紧急时现写，容易慢、错、引起恐慌。",
        "Written in a hurry, it comes late, is wrong, or frightens people.",
    ),
    mend=Text.of("事先写好模板（templates）。", "Write templates now, while there is time."),
    example="/notices/templates: -",
)


def notices(plan: Plan) -> Iterator[Finding]:
    """Find notices that nobody could approve, or that would be written from nothing."""
    rules = plan.notices
    if rules.post in plan.posts and plan.command.post in plan.posts:
        told = {*plan.chain(rules.post)}
        if rules.approved_by:
            told = {name for one in rules.approved_by for name in _seated(plan, one)}
        where = "/notices/approved_by" if rules.approved_by else "/notices/post"
        if told and told <= {plan.posts[rules.post].holder}:
            yield finding(APPROVAL_BY_AUTHOR, where, name=rules.post)
    if not rules.templates:
        yield finding(NOTICE_WITHOUT_TEMPLATE, "/notices")


def _seated(plan: Plan, name: str) -> Sequence[str]:
    """Return who may speak for a post; nobody when there is no such post."""
    post = plan.posts.get(name)
    return (post.holder, *post.members, *post.deputies) if post else ()


KINDS = (APPROVAL_BY_AUTHOR, NOTICE_WITHOUT_TEMPLATE)
RULES = (notices,)
