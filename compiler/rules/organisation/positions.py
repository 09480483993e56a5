"""The organisation: each duty with somebody, nobody with too many, no seat left empty."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from compiler.analysis.posts import posts_at
from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.organisation import Duty
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Group, Plan


SPAN_OF_CONTROL_MAX = 7
"""Whom one leader can lead at once (NIMS ICS: three to seven)."""

PARENTS_MAX = 20
"""Groups above a group that are looked at; more have no duties of it."""

SERVED_ELSEWHERE = {Duty.COMMAND, Duty.REPORTING, Duty.INFORMATION}
"""Duties that the plan's command, reports and notices see to, whether a task does or not."""

DUTIES_UNASSIGNED = Kind(
    "duties-unassigned",
    Severity.WARNING,
    "没有工作组说明自己承担哪些规定职责（covers）",
    "no group says which duties of the catalogue are its own (covers)",
    why=Text.of(
        "各单位对工作组的叫法不同；不写明 covers，就无法查出哪项职责没有人管。",
        "Every venue names its groups its own way; without `covers` nobody can tell which duty "
        "is nobody's.",
    ),
    mend=Text.of(
        "在每个工作组写 covers，列出它承担的职责，例如 covers: [guidance, order]。",
        "Give each group `covers` with its duties, such as `covers: [guidance, order]`.",
    ),
    source="突发事件应对法 2024, art. 28",
    example="/groups/0/covers: []\n/groups/1/covers: []\n/groups/2/covers: []",
)
DUTY_WITHOUT_OWNER = Kind(
    "duty-without-owner",
    Severity.WARNING,
    "没有工作组承担“{duty}”职责",
    "the duty '{duty}' is no group's",
    why=Text.of(
        "紧急时人人以为别人在管，这件事就没有人做。",
        "In an emergency everybody thinks that somebody else does it, and nobody does.",
    ),
    mend=Text.of(
        "把这项职责写进一个有岗位的工作组的 covers。",
        "Add the duty to `covers` of a group that has posts.",
    ),
    source="突发事件应对法 2024, art. 28",
    example="/groups/1/covers: [duty_desk, reporting, information, customer_service, damage]",
)
DUTY_WITHOUT_POST = Kind(
    "duty-without-post",
    Severity.WARNING,
    "工作组“{name}”承担职责，但它及其下级都没有岗位",
    "the group '{name}' has duties, but neither it nor a group below it has a post",
    why=Text.of(
        "职责落到没有人的工作组，等于没有落实。",
        "A duty of a group without people is nobody's duty.",
    ),
    mend=Text.of("为该组设岗位，或把职责交给别的组。", "Give it a post, or its duties to others."),
    example="/groups/-: {id: fire-team, title: {zh: 灭火组, en: Fire team}, duties: [{zh: "
    "灭火, en: Fight fires}], covers: [patrol]}",
)
DUTY_OF_ANOTHER_GROUP = Kind(
    "duty-of-another-group",
    Severity.WARNING,
    "任务“{name}”属于“{duty}”职责，但岗位“{post}”所在的组并不承担",
    "the task '{name}' is of the duty '{duty}', which the group of its post '{post}' doesn't cover",
    why=Text.of(
        "组织机构和任务分工说法不一，演练和追责时各执一词。",
        "The organisation and the tasks tell two stories; in the emergency two groups will argue.",
    ),
    mend=Text.of(
        "改任务的 post 或 duty，或在该组的 covers 中补上这项职责。",
        "Change the task's `post` or `duty`, or add the duty to `covers` of the group.",
    ),
    example="/tasks/15/post: guide",
)
DUTY_WITHOUT_TASK = Kind(
    "duty-without-task",
    Severity.WARNING,
    "工作组“{name}”承担“{duty}”职责，但没有一项任务与之对应",
    "the group '{name}' covers the duty '{duty}', but no task is of it",
    why=Text.of(
        "启动后只有任务会派下去；没有任务的职责不会有人被通知。",
        "What is set in motion is tasks; of a duty without a task nobody is told.",
    ),
    mend=Text.of(
        "为这项职责写一项任务，或在已有任务上注明 duty。",
        "Write a task for it, or name the duty in the task that is meant.",
    ),
    example="/tasks/10: -",
)
SPAN_OF_CONTROL_WIDE = Kind(
    "span-of-control-wide",
    Severity.WARNING,
    "“{name}”直接管理 {number} 个下级，超过 {most} 个",
    "'{name}' leads {number} at once, more than {most}",
    why=Text.of(
        "一个人在紧急情况下管不好七个以上的下级：命令会漏，汇报会积压。",
        "In an emergency nobody leads more than seven well: orders get lost and reports pile up.",
    ),
    mend=Text.of(
        "在中间加一级工作组，或把部分下级划给别的组。",
        "Put a group in between, or some of them under another.",
    ),
    source="NIMS Incident Command System: span of control of three to seven",
    example="/groups/2/posts/0/members: [guide-upstairs, day-officer, night-officer, "
    "duty-deputy, branch-guide, branch-deputy, manager, deputy-manager]",
)
PUBLIC_CHANNEL_HOLDS_POST = Kind(
    "public-channel-holds-post",
    Severity.ERROR,
    "“{name}”是对公众发布的渠道，不能在岗位“{post}”任职",
    "'{name}' is a channel to the public and can't sit in the post '{post}'",
    why=Text.of(
        "派给该岗位的任务会直接显示在公众面前，而且不会有人应答。",
        "What the post is told would be shown to the public, and nobody would ever answer.",
    ),
    mend=Text.of("换成一个人。", "Name a person."),
    example="/groups/2/posts/0/members: [screens]",
)
STAND_INS_BUSY = Kind(
    "stand-ins-busy",
    Severity.WARNING,
    "岗位“{name}”的副职都另有岗位：{held}",
    "everybody who stands in for the post '{name}' holds another: {held}",
    why=Text.of(
        "一旦接替，他们原来的岗位就空了。",
        "Once they stand in, the seat that they come from is empty.",
    ),
    mend=Text.of("加一名没有岗位的副职。", "Add a deputy who holds no post of their own."),
    example="/groups/2/posts/0/deputies: [manager]",
)


def catalogue(plan: Plan) -> Iterator[Finding]:
    """Find duties of the catalogue that are nobody's."""
    covered = {duty for group in plan.groups for duty in group.covers}
    if not covered:
        yield finding(DUTIES_UNASSIGNED, "/groups")
        return
    for duty in Duty:
        if duty not in covered:
            yield finding(DUTY_WITHOUT_OWNER, "/groups", duty=duty)
    staffed = _staffed(plan)
    for n, group in enumerate(plan.groups):
        if group.covers and group.id not in staffed:
            yield finding(DUTY_WITHOUT_POST, f"/groups/{n}/covers", name=group.id)


def duties_of_tasks(plan: Plan) -> Iterator[Finding]:
    """Find tasks of other groups' duties, and duties without tasks."""
    covered = _covered_by_post(plan)
    for n, task in enumerate(plan.tasks):
        if task.duty and task.duty not in covered.get(task.post, {task.duty}):
            said = {"name": task.id, "duty": task.duty, "post": task.post}
            yield finding(DUTY_OF_ANOTHER_GROUP, f"/tasks/{n}/duty", **said)
    served = {task.duty for task in plan.tasks if task.duty}
    for n, group in enumerate(plan.groups if served else ()):
        for k, duty in enumerate(group.covers):
            if duty not in served | SERVED_ELSEWHERE:
                where = f"/groups/{n}/covers/{k}"
                yield finding(DUTY_WITHOUT_TASK, where, name=group.id, duty=duty)


def spans_of_control(plan: Plan) -> Iterator[Finding]:
    """Find groups whose leader has more under them than one can lead."""
    children = Counter(group.parent for group in plan.groups)
    for n, group in enumerate(plan.groups):
        below = children[group.id]
        members = len(group.posts[0].members) if len(group.posts) == 1 else 0
        number = below + max(0, len(group.posts) - 1) + members
        if number > SPAN_OF_CONTROL_MAX:
            said = {"name": group.id, "number": number, "most": SPAN_OF_CONTROL_MAX}
            yield finding(SPAN_OF_CONTROL_WIDE, f"/groups/{n}", **said)


def seats(plan: Plan) -> Iterator[Finding]:
    """Find seats that a public channel sits in, or from which standing in empties another."""
    held = {post.holder: post.id for _, post in posts_at(plan)}
    public = {*plan.notices.channels}
    for at, post in posts_at(plan):
        shifts = (shift.holder for shift in post.shifts)
        for name in (post.holder, *post.members, *post.deputies, *shifts):
            if name in public:
                yield finding(PUBLIC_CHANNEL_HOLDS_POST, at, name=name, post=post.id)
        if post.deputies and all(name in held for name in post.deputies):
            listed = ", ".join(f"{name}: {held[name]}" for name in post.deputies)
            yield finding(STAND_INS_BUSY, f"{at}/deputies", name=post.id, held=listed)


def _staffed(plan: Plan) -> set[str]:
    """Return the groups that have a post, themselves or below."""
    parents = {group.id: group.parent for group in plan.groups}
    staffed: set[str] = set()
    for group in plan.groups:
        above: str | None = group.id if group.posts else None
        while above is not None and above not in staffed:
            staffed.add(above)
            above = parents.get(above)
    return staffed


def _covered_by_post(plan: Plan) -> dict[str, set[Duty]]:
    """Return what the groups of a post cover, up to the top; only where somebody says so."""
    groups = {group.id: group for group in plan.groups}
    covered = {post.id: _covered(group, groups) for group in plan.groups for post in group.posts}
    return {post: duties for post, duties in covered.items() if duties}


def _covered(group: Group, groups: dict[str, Group]) -> set[Duty]:
    duties: set[Duty] = set()
    above: Group | None = group
    for _ in range(PARENTS_MAX):
        if above is None:
            break
        duties |= {*above.covers}
        above = groups.get(above.parent or "")
    return duties


KINDS = (
    DUTIES_UNASSIGNED,
    DUTY_WITHOUT_OWNER,
    DUTY_WITHOUT_POST,
    DUTY_OF_ANOTHER_GROUP,
    DUTY_WITHOUT_TASK,
    SPAN_OF_CONTROL_WIDE,
    PUBLIC_CHANNEL_HOLDS_POST,
    STAND_INS_BUSY,
)
RULES = (catalogue, duties_of_tasks, spans_of_control, seats)
