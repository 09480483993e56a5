"""Names in a plan: each is given once, and whatever is named is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from domain.plan.findings import Finding, Kind, Severity, finding, unknown
from domain.values import ResponseLevel

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from domain.plan.model import Plan, Post, ResourceNeed, Task

CONTACT_UNKNOWN = Kind(
    "contact-unknown",
    Severity.ERROR,
    "通讯录中没有“{name}”",
    "no contact is called '{name}'",
)
POST_UNKNOWN = Kind(
    "post-unknown",
    Severity.ERROR,
    "没有名为“{name}”的岗位",
    "no post is called '{name}'",
)
GROUP_UNKNOWN = Kind(
    "group-unknown",
    Severity.ERROR,
    "没有名为“{name}”的工作组",
    "no group is called '{name}'",
)
RESOURCE_KIND_UNKNOWN = Kind(
    "resource-kind-unknown",
    Severity.ERROR,
    "没有名为“{name}”的资源类别",
    "no resource kind is called '{name}'",
)
LEVEL_UNKNOWN = Kind(
    "level-unknown",
    Severity.ERROR,
    "预案未规定{name}级响应",
    "the plan has no response level {name}",
)
HAZARD_UNKNOWN = Kind(
    "hazard-unknown",
    Severity.ERROR,
    "预案的适用事件不包括“{name}”",
    "the plan is not for the hazard '{name}'",
)
ID_DUPLICATE = Kind(
    "id-duplicate",
    Severity.ERROR,
    "“{name}”已在 {first} 使用，须换一个名称",
    "'{name}' is already used at {first}; each needs a name of its own",
)
GROUP_CYCLE = Kind(
    "group-cycle",
    Severity.ERROR,
    "工作组“{name}”是自己的上级：{path}",
    "the group '{name}' is above itself: {path}",
)

ALL_LEVELS = tuple(ResponseLevel)
"""What a task or a need says when it says nothing: every level that the plan has."""

Named = tuple[str, str]
"""Where a name stands, and the name."""


def dangling(plan: Plan) -> Iterator[Finding]:
    """Find names of posts, contacts, groups and kinds of unit that nothing in the plan has."""
    groups = {group.id for group in plan.groups}
    yield from _missing(CONTACT_UNKNOWN, contacts_named(plan), plan.people)
    yield from _missing(POST_UNKNOWN, posts_named(plan), plan.posts)
    yield from _missing(GROUP_UNKNOWN, _parents(plan), groups)
    kinds = ((f"/resource_needs/{n}/kind", need.kind) for n, need in enumerate(plan.resource_needs))
    yield from _missing(RESOURCE_KIND_UNKNOWN, kinds, plan.kinds)


def outside(plan: Plan) -> Iterator[Finding]:
    """Find levels and hazards that the plan does not speak of."""
    levels = {rule.level for rule in plan.levels}
    for where, level in _levels_named(plan):
        if level not in levels:
            yield finding(LEVEL_UNKNOWN, where, name=level.name)
    for n, task in enumerate(plan.tasks):
        hazards = ((f"/tasks/{n}/hazards/{k}", hazard) for k, hazard in enumerate(task.hazards))
        yield from _missing(HAZARD_UNKNOWN, hazards, plan.hazards)


def duplicates(plan: Plan) -> Iterator[Finding]:
    """Find names that are given twice."""
    for names in _given(plan):
        first: dict[str, str] = {}
        for where, name in names:
            if name in first:
                yield finding(ID_DUPLICATE, where, name=name, first=first[name])
            first.setdefault(name, where)


def cycles(plan: Plan) -> Iterator[Finding]:
    """Find groups that are above themselves."""
    parents = {group.id: group.parent for group in plan.groups}
    for n, group in enumerate(plan.groups):
        path = [group.id]
        while (above := parents.get(path[-1])) and above not in path:
            path.append(above)
        if above == group.id:
            way = " → ".join([*path, above])
            yield finding(GROUP_CYCLE, f"/groups/{n}/parent", name=group.id, path=way)


def posts_at(plan: Plan) -> Iterator[tuple[str, Post]]:
    """Return each post with where it stands."""
    for n, group in enumerate(plan.groups):
        for k, post in enumerate(group.posts):
            yield f"/groups/{n}/posts/{k}", post


def contacts_named(plan: Plan) -> Iterator[Named]:
    """Return each mention of a contact."""
    for at, post in posts_at(plan):
        yield f"{at}/holder", post.holder
        yield from ((f"{at}/deputies/{n}", person) for n, person in enumerate(post.deputies))
        yield from ((f"{at}/members/{n}", person) for n, person in enumerate(post.members))
    yield from ((f"/notices/channels/{n}", name) for n, name in enumerate(plan.notices.channels))


def posts_named(plan: Plan) -> Iterator[Named]:
    """Return each mention of a post."""
    yield "/command/post", plan.command.post
    yield from ((f"/tasks/{n}/post", task.post) for n, task in enumerate(plan.tasks))
    yield from ((f"/reports/{n}/post", report.post) for n, report in enumerate(plan.reports))
    yield "/notices/post", plan.notices.post
    yield "/resource_post", plan.resource_post
    for n, level in enumerate(plan.levels):
        yield from (
            (f"/levels/{n}/decided_by/{k}", post) for k, post in enumerate(level.decided_by)
        )
    for n, supply in enumerate(plan.supplies):
        yield f"/supplies/{n}/custodian", supply.custodian


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


def _missing(kind: Kind, named: Iterable[Named], known: Collection[str]) -> Iterator[Finding]:
    return (unknown(kind, where, name, known) for where, name in named if name not in known)


def _parents(plan: Plan) -> Iterator[Named]:
    return (
        (f"/groups/{n}/parent", group.parent)
        for n, group in enumerate(plan.groups)
        if group.parent is not None
    )


def _levels_named(plan: Plan) -> Iterator[tuple[str, ResponseLevel]]:
    yield "/alarm/fail_safe_level", plan.alarm.fail_safe_level
    named: dict[str, Sequence[Task | ResourceNeed]] = {
        "tasks": plan.tasks,
        "resource_needs": plan.resource_needs,
    }
    for key, rules in named.items():
        for n, rule in enumerate(rules):
            if rule.levels != ALL_LEVELS:
                yield from ((f"/{key}/{n}/levels/{k}", one) for k, one in enumerate(rule.levels))
    for n, report in enumerate(plan.reports):
        yield from ((f"/reports/{n}/every/{level.name}", level) for level in report.every)


def _given(plan: Plan) -> Iterator[Iterable[Named]]:
    yield ((f"{at}/id", post.id) for at, post in posts_at(plan))
    lists: dict[str, Sequence[_HasId]] = {
        "contacts": plan.contacts,
        "groups": plan.groups,
        "reports": plan.reports,
        "resource_kinds": plan.resource_kinds,
        "supplies": plan.supplies,
        "tasks": plan.tasks,
        "venues": plan.venues,
    }
    for key, things in lists.items():
        yield ((f"/{key}/{n}/id", thing.id) for n, thing in enumerate(things))
    for n, venue in enumerate(plan.venues):
        yield ((f"/venues/{n}/zones/{k}/id", zone.id) for k, zone in enumerate(venue.zones))
    yield ((f"/levels/{n}/level", rule.level.name) for n, rule in enumerate(plan.levels))
    yield ((f"/warnings/{n}/colour", rule.colour) for n, rule in enumerate(plan.warnings))


KINDS = (
    CONTACT_UNKNOWN,
    POST_UNKNOWN,
    GROUP_UNKNOWN,
    RESOURCE_KIND_UNKNOWN,
    LEVEL_UNKNOWN,
    HAZARD_UNKNOWN,
    ID_DUPLICATE,
    GROUP_CYCLE,
)
RULES = (dangling, outside, duplicates, cycles)
