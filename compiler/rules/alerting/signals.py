"""Signals: what is watched sets something off, in time, and as gravely as it was announced."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from compiler.rules.alerting.triggers import COLOURS, placed
from domain.plan.model.alerting import Metric
from domain.plan.model.notation import spelled
from domain.plan.model.space import EgressRules
from domain.values import ResponseLevel, Text, WarningColour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan

SUSTAINED_TOO_LONG = Kind(
    "sustained-too-long",
    Severity.WARNING,
    "须持续 {sustained} 才触发，晚于 {deadline}（{what}）",
    "it must last {sustained} before anything begins, longer than {what} ({deadline})",
    why=Text.of(
        "等它触发时，预案里别的时限早已过去。",
        "By the time it sets anything off, other deadlines of the plan have passed.",
    ),
    mend=Text.of("缩短 sustained_for。", "Shorten `sustained_for`."),
    example="/warnings/3/triggers/0/sustained_for: 20 min",
)
ALARM_VERIFIED_TOO_LATE = Kind(
    "alarm-verified-too-late",
    Severity.WARNING,
    "警情 {within} 内核实，而全场应在 {limit} 内撤离",
    "an alarm is verified within {within}, but everybody should be out within {limit}",
    why=Text.of(
        "核实之前不会启动响应；核实完，撤离的时间已经用完。",
        "Nothing begins before it was verified, and by then the time to get out is over.",
    ),
    mend=Text.of("缩短 verify_within，通常 2 min。", "Shorten `verify_within`; 2 min are usual."),
    source="GB/T 29639-2020",
    example="/alarm/verify_within: 10 min",
)
AUTHORITY_COLOUR_LOWERED = Kind(
    "authority-colour-lowered",
    Severity.WARNING,
    "政府发布 {announced} 预警时，本预案只发 {own}",
    "when the authority announces {announced}, the plan announces only {own}",
    why=Text.of(
        "同一件事两种颜色，公众不知道该信哪个；降低也没有依据。",
        "Two colours for one danger confuse people, and nobody may play it down.",
    ),
    mend=Text.of(
        "4 红、3 橙、2 黄、1 蓝：写在相应颜色下。",
        "4 is red, 3 orange, 2 yellow, 1 blue: write it under that colour.",
    ),
    source="突发事件应对法 2024, art. 63-64",
    example="/warnings/1/triggers/1/at_least: 3",
)
SIGNAL_UNUSED = Kind(
    "signal-unused",
    Severity.WARNING,
    "监测“{name}”，但没有任何预警或响应级别用到它",
    "'{name}' is watched, but no warning and no level depends on it",
    why=Text.of("读数再高也不会发生任何事。", "However high it rises, nothing follows."),
    mend=Text.of(
        "在 warnings 的 triggers 或 levels 的 automatic 中用到它。",
        "Use it in `triggers` of a warning or `automatic` of a level.",
    ),
    source="突发事件应对法 2024, art. 37",
    example="/signals/-: {id: wind, title: {zh: 风速, en: Wind}, metric: wind}",
)
COLOUR_WITHOUT_TRIGGERS = Kind(
    "colour-without-triggers",
    Severity.WARNING,
    "有监测信号，但 {colour} 预警没有触发条件",
    "signals are watched, but nothing sets off a {colour} warning",
    why=Text.of(
        "只能靠人判断，忙乱时最容易漏掉。",
        "It depends on somebody noticing, when everybody is busy.",
    ),
    mend=Text.of("写 triggers。", "Say its `triggers`."),
    source="突发事件应对法 2024, art. 63",
    example="/warnings/0/triggers: []",
)
LEVEL_NOT_AUTOMATIC = Kind(
    "level-not-automatic",
    Severity.WARNING,
    "有监测信号，但没有一个响应级别会自动启动",
    "signals are watched, but no response level begins by itself",
    why=Text.of(
        "启动有两种方式：领导决定，或达到条件自动启动；只有前一种，就取决于有没有人在。",
        "A response begins by decision or by itself; with the first alone it waits for somebody.",
    ),
    mend=Text.of("至少给一个级别写 automatic。", "Say `automatic` for at least one level."),
    source="GB/T 29639-2020",
    example="/levels/0/automatic: []\n/levels/1/automatic: []",
)


def too_late(plan: Plan) -> Iterator[Finding]:
    """Find triggers that wait until other deadlines have passed."""
    out = min((venue.egress or EgressRules()).limit for venue in plan.venues)
    if plan.alarm.verify_within >= out:
        spans = {"within": spelled(plan.alarm.verify_within), "limit": spelled(out)}
        yield finding(ALARM_VERIFIED_TOO_LATE, "/alarm/verify_within", **spans)
    for one in placed(plan):
        is_level = isinstance(one.sets_off, ResponseLevel)
        deadline = out if is_level else plan.notices.first_within
        sustained = one.trigger.sustained_for or timedelta(0)
        if sustained > deadline:
            what = "/venues/…/egress/limit" if is_level else "/notices/first_within"
            said = {"sustained": spelled(sustained), "deadline": spelled(deadline), "what": what}
            yield finding(SUSTAINED_TOO_LONG, f"{one.where}/sustained_for", **said)


def authority(plan: Plan) -> Iterator[Finding]:
    """Find warnings of an authority that the plan plays down."""
    for one in placed(plan):
        announced = 5 - one.trigger.at_least
        is_colour = one.signal.metric is Metric.AUTHORITY_COLOUR
        if is_colour and isinstance(one.sets_off, WarningColour) and announced in {1, 2, 3}:
            colour = COLOURS[int(announced) - 1]
            if one.rank > announced:
                said = {"announced": colour, "own": one.said}
                yield finding(AUTHORITY_COLOUR_LOWERED, f"{one.where}/at_least", **said)


def watched(plan: Plan) -> Iterator[Finding]:
    """Find signals that nothing depends on, and what nothing sets off."""
    if not plan.signals:
        return
    used = {one.signal.id for one in placed(plan)}
    for n, signal in enumerate(plan.signals):
        if signal.id not in used:
            yield finding(SIGNAL_UNUSED, f"/signals/{n}", name=signal.id)
    for n, rule in enumerate(plan.warnings):
        if not rule.triggers:
            yield finding(COLOUR_WITHOUT_TRIGGERS, f"/warnings/{n}", colour=rule.colour)
    if not any(rule.automatic for rule in plan.levels):
        yield finding(LEVEL_NOT_AUTOMATIC, "/levels")


KINDS = (
    SUSTAINED_TOO_LONG,
    ALARM_VERIFIED_TOO_LATE,
    AUTHORITY_COLOUR_LOWERED,
    SIGNAL_UNUSED,
    COLOUR_WITHOUT_TRIGGERS,
    LEVEL_NOT_AUTOMATIC,
)
RULES = (too_late, authority, watched)
