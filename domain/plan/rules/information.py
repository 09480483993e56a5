"""Notices: somebody can approve them, and they are not written from nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.plan.findings import Finding, Kind, Severity, finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.plan.model import Plan


APPROVAL_BY_AUTHOR = Kind(
    "approval-by-author",
    Severity.ERROR,
    "岗位“{name}”起草的公告没有第二人可以审批",
    "nobody but its author can approve a notice that the post '{name}' drafts",
)
NOTICE_WITHOUT_TEMPLATE = Kind(
    "notice-without-template",
    Severity.WARNING,
    "没有公告模板，紧急时须从零起草",
    "no notice has a template; in an emergency each is written from nothing",
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
