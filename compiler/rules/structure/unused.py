"""Uses: every post has something to do, every contact somebody who turns to it."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from compiler.analysis.posts import posts_at
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from domain.plan.model.plan import Plan, Venue


POST_IDLE = Kind(
    "post-idle",
    Severity.WARNING,
    "岗位“{name}”没有任何任务、报告或职权",
    "the post '{name}' has no task, report or say in anything",
    why=Text.of(
        "只挂名的岗位会让人以为这件事有人管。",
        "A seat for show makes others believe that something is seen to.",
    ),
    mend=Text.of("给它任务，或删去该岗位。", "Give it a task, or leave it out."),
    example="/groups/2/posts/-: {id: greeter, title: {zh: 迎宾, en: Greeter}, holder: "
    "guide-upstairs, deputies: [guide-deputy]}",
)
CONTACT_UNUSED = Kind(
    "contact-unused",
    Severity.WARNING,
    "通讯录中的“{name}”没有在预案任何地方用到",
    "the contact '{name}' is named nowhere in the plan",
    why=Text.of(
        "没有人会联系它；多半是漏写了某处，或是已经离任的人。",
        "Nobody will ever reach out to it: something was forgotten, or somebody has left.",
    ),
    mend=Text.of("在该用的地方写上它，或删去。", "Name it where it is meant, or take it out."),
    example="/contacts/-: {id: former-manager, title: {zh: 前任经理, en: Former manager}, "
    "channels: [mail]}",
)


def idle(plan: Plan) -> Iterator[Finding]:
    """Find posts and contacts that nothing in the plan has a use for."""
    posts, contacts = posts_used(plan), contacts_used(plan)
    for at, post in posts_at(plan):
        if post.id not in posts:
            yield finding(POST_IDLE, at, name=post.id)
    for n, contact in enumerate(plan.contacts):
        if contact.id not in contacts:
            yield finding(CONTACT_UNUSED, f"/contacts/{n}", name=contact.id)


def posts_used(plan: Plan) -> set[str]:
    """Return the posts that have a task, a report, a supply or a say in something."""
    owners: Iterable[str] = (
        *(task.post for task in plan.tasks),
        *(report.post for report in plan.reports),
        *(supply.custodian for supply in plan.supplies),
        *(rule.post for rule in plan.assistance),
        *chain.from_iterable(level.decided_by for level in plan.levels),
        *plan.notices.approved_by,
        *(plan.money.decided_by if plan.money else ()),
        *((plan.personal_data.post,) if plan.personal_data else ()),
        plan.command.post,
        plan.notices.post,
        plan.resource_post,
    )
    return {*owners, *chain.from_iterable(_posted(venue) for venue in plan.venues)}


def contacts_used(plan: Plan) -> set[str]:
    """Return the contacts that somebody may turn to."""
    used = {*plan.notices.channels}
    for _, post in posts_at(plan):
        used |= {post.holder, *post.members, *post.deputies}
        used |= {shift.holder for shift in post.shifts}
    for escalation in plan.escalations:
        used |= {name for step in escalation.steps for name in step.tell}
    used |= {name for notice in plan.notices.rules for name in notice.channels}
    used |= {report.to for report in plan.reports if report.to}
    for venue in plan.venues:
        if venue.overrides is not None:
            used |= {*venue.overrides.holders.values()}
            used |= {*chain.from_iterable(venue.overrides.deputies.values())}
    return used


def _posted(venue: Venue) -> Iterator[str]:
    yield from (refuge.post for refuge in venue.refuges)
    yield from (cordon.post for cordon in venue.cordons)
    yield from (point.post for point in venue.traffic_points)


KINDS = (POST_IDLE, CONTACT_UNUSED)
RULES = (idle,)
