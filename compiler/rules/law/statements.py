"""What the law wants said, kept and decided by two: warnings, money, personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.alerting import ActivationField, WarningField
from domain.plan.model.organisation import Duty
from domain.values import Phase, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan

EYES = 2
"""Persons who agree to a payment."""

WARNING_FIELD_MISSING = Kind(
    "warning-field-missing",
    Severity.ERROR,
    "预警缺少法定内容：{fields}",
    "a warning lacks what the law wants in it: {fields}",
    why=Text.of(
        "预警必须写明类别、级别、起始时间、影响范围、警示事项、应采取的措施、发布机关和时间。",
        "Whoever is warned must learn what, how grave, from when, where, what to do, by whom.",
    ),
    mend=Text.of(
        "在 statements/warning 中补全；省略 statements 即为全部。",
        "Add them to `statements/warning`; all of them are meant when `statements` is left out.",
    ),
    source="突发事件应对法 2024, art. 64",
    example="/statements/warning: [category, level, scope]",
)
ACTIVATION_FIELD_MISSING = Kind(
    "activation-field-missing",
    Severity.ERROR,
    "启动响应缺少法定内容：{fields}",
    "an activation lacks what the law wants in it: {fields}",
    why=Text.of(
        "启动应急响应应当明确响应事项、级别、预计期限、应急处置措施。",
        "An activation must say its matters, its level, how long it may last, and its measures.",
    ),
    mend=Text.of(
        "在 statements/activation 中补全；省略 statements 即为全部。",
        "Add them to `statements/activation`; all are meant when `statements` is left out.",
    ),
    source="突发事件应对法 2024, art. 72",
    example="/statements/activation: [level, measures]",
)
COMMAND_CANNOT_DECIDE = Kind(
    "command-cannot-decide",
    Severity.WARNING,
    "{level}级响应不能由总指挥岗位“{post}”决定",
    "the commanding post '{post}' can't decide on level {level}",
    why=Text.of(
        "指挥部统一领导；总指挥决定不了的级别，要另外找人才能启动。",
        "Command is unified; a level that the commander can't begin waits for somebody else.",
    ),
    mend=Text.of("在 decided_by 中加上总指挥岗位。", "Add the commanding post to `decided_by`."),
    source="突发事件应对法 2024, art. 72",
    example="/levels/1/decided_by: [duty]",
)
END_NOT_ANNOUNCED = Kind(
    "end-not-announced",
    Severity.WARNING,
    "善后阶段没有公告，岗位“{post}”也没有善后任务：没有人宣布响应结束",
    "no notice and no task of the post '{post}' in the aftermath: nobody announces the end",
    why=Text.of(
        "响应终止应当公布；不公布，公众会继续回避，谣言会继续传。",
        "That it is over must be said; else people stay away and rumours go on.",
    ),
    mend=Text.of(
        "写一项 phase: aftermath 的公告或任务。",
        "Add a notice or a task with `phase: aftermath`.",
    ),
    source="突发事件应对法 2024, art. 86",
    example="/notices/rules/2: -\n/tasks/15/post: commander\n/tasks/16/post: commander",
)
PERSONAL_DATA_WITHOUT_RULES = Kind(
    "personal-data-without-rules",
    Severity.WARNING,
    "没有规定个人信息何时销毁、由谁负责",
    "the plan doesn't say when personal data is destroyed, and who answers for it",
    why=Text.of(
        "因应急获取的个人信息只能用于应急，结束后应当销毁。",
        "What was learnt of people serves the response only, and must be destroyed after it.",
    ),
    mend=Text.of(
        "写 personal_data：erase_within、basis 和 post。",
        "Say `personal_data`, with `erase_within`, `basis` and `post`.",
    ),
    source="突发事件应对法 2024, art. 84-85",
    example="/personal_data: -",
)
MONEY_WITHOUT_RULES = Kind(
    "money-without-rules",
    Severity.WARNING,
    "有工作组负责赔偿，但没有规定由哪两人审批",
    "a group settles claims, but the plan doesn't say who two decide on them",
    why=Text.of(
        "款物使用要接受审计；一个人说了算，查不清也说不清。",
        "Money and supplies are audited; what one person decides alone can't be justified.",
    ),
    mend=Text.of(
        "写 money，decided_by 至少列两个岗位。", "Say `money`, with two posts in `decided_by`."
    ),
    source="突发事件应对法 2024, art. 93",
    example="/money: -",
)
MONEY_DECIDED_ALONE = Kind(
    "money-decided-alone",
    Severity.ERROR,
    "赔偿须两人审批，但只有“{people}”可以审批",
    "two must agree on a claim, but only '{people}' can",
    why=Text.of(
        "审批永远凑不齐两个人，一笔赔偿也付不出去。",
        "Two who agree are never found; not one claim can be paid.",
    ),
    mend=Text.of(
        "在 decided_by 中加一个由别人任职的岗位。",
        "Add a post to `decided_by` that somebody else holds.",
    ),
    source="突发事件应对法 2024, art. 93",
    example="/money/decided_by: [commander]",
)


def said(plan: Plan) -> Iterator[Finding]:
    """Find what the law wants said and the plan leaves out."""
    if plan.statements is None:
        return
    if lacking := [one for one in WarningField if one not in plan.statements.warning]:
        yield finding(WARNING_FIELD_MISSING, "/statements/warning", fields=", ".join(lacking))
    if unsaid := [one for one in ActivationField if one not in plan.statements.activation]:
        listed = ", ".join(unsaid)
        yield finding(ACTIVATION_FIELD_MISSING, "/statements/activation", fields=listed)


def decisions(plan: Plan) -> Iterator[Finding]:
    """Find levels that the commander can't decide on, and ends that nobody announces."""
    post = plan.command.post
    for n, rule in enumerate(plan.levels):
        if post not in rule.decided_by:
            where = f"/levels/{n}/decided_by"
            yield finding(COMMAND_CANNOT_DECIDE, where, level=rule.level.name, post=post)
    told = any(rule.phase is Phase.AFTERMATH for rule in plan.notices.rules)
    if not told and not any(
        task.phase is Phase.AFTERMATH
        and (task.post == plan.notices.post or task.duty is Duty.INFORMATION)
        for task in plan.tasks
    ):
        yield finding(END_NOT_ANNOUNCED, "/notices", post=plan.notices.post)


def kept_and_paid(plan: Plan) -> Iterator[Finding]:
    """Find personal data that is kept for good, and money that one person gives away."""
    if plan.personal_data is None:
        yield finding(PERSONAL_DATA_WITHOUT_RULES, "")
    if plan.money is None:
        if any(Duty.COMPENSATION in group.covers for group in plan.groups):
            yield finding(MONEY_WITHOUT_RULES, "")
        return
    posts = [plan.posts.get(name) for name in dict.fromkeys(plan.money.decided_by)]
    people = {
        name
        for post in posts
        if post is not None
        for name in (post.holder, *post.deputies, *(shift.holder for shift in post.shifts))
    }
    if None not in posts and (len(posts) < EYES or len(people) < EYES):
        listed = ", ".join(sorted(people))
        yield finding(MONEY_DECIDED_ALONE, "/money/decided_by", people=listed)


KINDS = (
    WARNING_FIELD_MISSING,
    ACTIVATION_FIELD_MISSING,
    COMMAND_CANNOT_DECIDE,
    END_NOT_ANNOUNCED,
    PERSONAL_DATA_WITHOUT_RULES,
    MONEY_WITHOUT_RULES,
    MONEY_DECIDED_ALONE,
)
RULES = (said, decisions, kept_and_paid)
