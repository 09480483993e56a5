"""What a plan hangs on: the one person, channel, exit, lot or unit without which it fails."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from compiler.analysis.critical_exits import critical_passages
from compiler.analysis.demand import supplies_taken
from compiler.analysis.posts import posts_at
from domain.plan.model.organisation import ChannelKind
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from compiler.analysis.egress import Egress
    from domain.plan.model.organisation import Post
    from domain.plan.model.plan import Plan

EYES = 2
"""Who must agree to a notice, or to a payment."""


class FailureKind(StrEnum):
    """What fails."""

    PERSON = "person"
    CHANNEL = "channel"
    EXIT = "exit"
    LOT = "lot"
    UNIT = "unit"


class FailurePoint(NamedTuple):
    """One thing whose loss breaks the plan."""

    kind: FailureKind
    name: str
    where: str
    """A JSON pointer into the plan."""
    breaks: Text
    """What doesn't work any more."""
    witness: Sequence[str]
    """How it comes to that, from what is wanted to what is lost."""


def failure_points(
    plan: Plan, egresses: Mapping[str, Egress] | None = None
) -> Sequence[FailurePoint]:
    """Return what the plan hangs on, each with a witness; nothing where two do the same.

    How the venues empty is reckoned anew, unless the caller already knows it, by venue.
    """
    found = [
        *_people(plan),
        *chain.from_iterable(_people(there) for there in plan.at_venues.values()),
        *_channels(plan),
        *_exits(plan, egresses or {}),
        *_lots(plan),
        *_units(plan),
    ]
    return list({(one.kind, one.name, one.breaks): one for one in found}.values())


def _people(plan: Plan) -> Iterator[FailurePoint]:
    yield from _posts(plan)
    yield from _levels(plan)
    yield from _approvals(plan)


def _posts(plan: Plan) -> Iterator[FailurePoint]:
    """Find posts that one person fills alone."""
    for at, post in posts_at(plan):
        people = _own(post)
        if len(people) > 1:
            continue
        tasks = [f"task/{task.id}" for task in plan.tasks if task.post == post.id]
        lost = Text.of(
            f"岗位“{post.id}”只有一人：失联后 {len(tasks)} 项任务无人接替",
            f"the post '{post.id}' is one person's: without them {len(tasks)} tasks are nobody's",
        )
        witness = (*tasks[:1], f"post/{post.id}", f"person/{post.holder}")
        yield FailurePoint(FailureKind.PERSON, post.holder, f"{at}/holder", lost, witness)


def _levels(plan: Plan) -> Iterator[FailurePoint]:
    """Find levels that one person alone can begin."""
    for n, rule in enumerate(plan.levels):
        people = _in_posts(plan, rule.decided_by)
        if len(people) == 1 and not rule.automatic:
            (name,) = people
            level = rule.level.name
            lost = Text.of(f"只有一人可以启动{level}级响应", f"nobody else can begin level {level}")
            witness = (f"level/{level}", *_posts_named(rule.decided_by), f"person/{name}")
            where = f"/levels/{n}/decided_by"
            yield FailurePoint(FailureKind.PERSON, name, where, lost, witness)


def _approvals(plan: Plan) -> Iterator[FailurePoint]:
    """Find people without whom no two can agree to a notice, or to a payment."""
    approving = plan.notices.approved_by or (plan.command.post,)
    notices = _in_posts(plan, [plan.notices.post, *approving])
    published = Text.of("没有第二人可以审批公告", "no notice can be approved by a second person")
    for name in sorted(notices if len(notices) == EYES else ()):
        witness = ("notices", *_posts_named(approving), f"person/{name}")
        yield FailurePoint(FailureKind.PERSON, name, "/notices", published, witness)
    payers = _in_posts(plan, plan.money.decided_by) if plan.money else set()
    paid = Text.of("凑不齐两人审批赔偿", "no claim can be decided by two")
    for name in sorted(payers if len(payers) == EYES and plan.money else ()):
        witness = ("money", f"person/{name}")
        yield FailurePoint(FailureKind.PERSON, name, "/money/decided_by", paid, witness)


def _channels(plan: Plan) -> Iterator[FailurePoint]:
    """Find ways of telling without which a post, or the public, hears nothing."""
    commanders = _in_posts(plan, [plan.command.post])
    posts = {post.id: _own(post) | commanders for _, post in posts_at(plan)}
    for channel in ChannelKind:
        deaf = [post for post, people in posts.items() if _only_by(plan, people, channel)]
        if deaf:
            lost = Text.of(
                f"{len(deaf)} 个岗位只能通过它联系", f"{len(deaf)} posts are told by it alone"
            )
            witness = (f"post/{deaf[0]}", *(f"person/{one}" for one in sorted(posts[deaf[0]])))
            yield FailurePoint(FailureKind.CHANNEL, channel, "/contacts", lost, witness)
        public = {*plan.notices.channels}
        if len(public) > 1 and _only_by(plan, public, channel):
            lost = Text.of("公众只能通过它得到通知", "the public is told by it alone")
            witness = ("notices", *(f"contact/{one}" for one in plan.notices.channels))
            yield FailurePoint(FailureKind.CHANNEL, channel, "/notices/channels", lost, witness)
    if len({*plan.notices.channels}) == 1:
        name = plan.notices.channels[0]
        lost = Text.of("对公众只有这一个发布渠道", "there is no other way to tell the public")
        witness = ("notices", f"contact/{name}")
        yield FailurePoint(FailureKind.CHANNEL, name, "/notices/channels/0", lost, witness)


def _exits(plan: Plan, egresses: Mapping[str, Egress]) -> Iterator[FailurePoint]:
    """Find exits and passages whose loss strands people, or keeps them inside too long."""
    for n, venue in enumerate(plan.venues):
        numbers = {passage.id: k for k, passage in enumerate(venue.passages)}
        for one in critical_passages(venue, egresses.get(venue.id)):
            where = f"/venues/{n}/passages/{numbers[one.passage]}"
            witness = (f"venue/{venue.id}", *one.witness)
            yield FailurePoint(FailureKind.EXIT, one.passage, where, one.breaks, witness)


def _lots(plan: Plan) -> Iterator[FailurePoint]:
    """Find lots without which a response has too little."""
    taken = supplies_taken(plan)
    for n, item in enumerate(plan.supplies):
        most = taken.get(item.id)
        if most is None or most.pieces > item.quantity:
            continue
        for k, lot in enumerate(item.lots):
            left = item.quantity - lot.quantity
            if left < most.pieces:
                lost = Text.of(
                    f"“{item.id}”只剩 {left}，{most.level.name}级响应需要 {most.pieces}",
                    f"{left} of '{item.id}' are left, level {most.level.name} takes {most.pieces}",
                )
                where = f"/supplies/{n}/lots/{k}"
                witness = (f"level/{most.level.name}", *most.by, f"lot/{lot.id}")
                yield FailurePoint(FailureKind.LOT, lot.id, where, lost, witness)


def _units(plan: Plan) -> Iterator[FailurePoint]:
    """Find units without which fewer come than are asked for."""
    held = Counter(unit.kind for unit in plan.units)
    for kind in held:
        needs = [need for need in plan.resource_needs if need.kind == kind]
        most = max(needs, key=lambda need: need.quantity, default=None)
        if most is None or held[kind] != most.quantity:
            continue
        for n, unit in enumerate(plan.units):
            if unit.kind == kind:
                left = held[kind] - 1
                lost = Text.of(
                    f"“{kind}”需要 {most.quantity} 个，只剩 {left} 个",
                    f"{most.quantity} of '{kind}' are asked for, {left} are left",
                )
                levels = (f"level/{level.name}" for level in most.levels[:1])
                witness = (*levels, f"kind/{kind}", f"unit/{unit.id}")
                yield FailurePoint(FailureKind.UNIT, unit.id, f"/units/{n}", lost, witness)


def _own(post: Post) -> set[str]:
    """Return who fills a post, before it falls to whoever commands."""
    shifts = (shift.holder for shift in post.shifts)
    return {post.holder, *post.members, *post.deputies, *shifts}


def _in_posts(plan: Plan, posts: Sequence[str]) -> set[str]:
    return {name for post in posts if post in plan.posts for name in _own(plan.posts[post])}


def _posts_named(posts: Sequence[str]) -> Sequence[str]:
    return [f"post/{post}" for post in posts]


def _only_by(plan: Plan, people: set[str], channel: ChannelKind) -> bool:
    """Tell whether none of some contacts can be reached in any other way."""
    known = [plan.people[name] for name in people if name in plan.people]
    return bool(known) and all({*contact.channels} == {channel} for contact in known)
