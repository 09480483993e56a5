"""Protection: for each hazard something that people can do, and help for those who can't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.alerting import ProtectiveKind, ProtectiveMode
from domain.plan.model.duties import SpecialNeed
from domain.plan.model.notation import spelled
from domain.plan.model.space import EgressRules
from domain.values import HazardKind, Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from domain.plan.model.alerting import ProtectiveAction
    from domain.plan.model.plan import Plan

EXPECTED = (
    SpecialNeed.ELDERLY,
    SpecialNeed.PREGNANT,
    SpecialNeed.CHILD,
    SpecialNeed.WHEELCHAIR,
    SpecialNeed.VISION,
    SpecialNeed.HEARING,
)
"""Needs that every crowd has."""

PROTECTION_MISSING = Kind(
    "protection-missing",
    Severity.WARNING,
    "没有规定可以下令的防护行动（疏散、入内避险、封闭、通告）",
    "no protective action can be ordered: evacuation, invacuation, lockdown, communication",
    why=Text.of(
        "下令的人要当场想该让人往外走、往里走还是原地不动。",
        "Whoever orders it has to think up on the spot whether people go out, in, or stay.",
    ),
    mend=Text.of("写 protective_actions。", "Say `protective_actions`."),
    source="突发事件应对法 2024, art. 73; UK Terrorism (Protection of Premises) Act 2025",
    example="/protective_actions: []",
)
HAZARD_WITHOUT_PROTECTION = Kind(
    "hazard-without-protection",
    Severity.WARNING,
    "没有一项防护行动适用于“{hazard}”",
    "no protective action is for the hazard '{hazard}'",
    why=Text.of(
        "发生这类事件时，没有一道事先写好的命令可下。",
        "When it happens there is no order that was thought through beforehand.",
    ),
    mend=Text.of(
        "在一项行动的 hazards 中加上它，或留空表示都适用。",
        "Add it to `hazards` of an action; empty means all.",
    ),
    source="突发事件应对法 2024, art. 73",
    example="/protective_actions/0/hazards: [fire, crowding, security]",
)
FIRE_WITHOUT_EVACUATION = Kind(
    "fire-without-evacuation",
    Severity.ERROR,
    "有防护行动，但火灾时没有疏散可以下令",
    "actions can be ordered, but no evacuation when there is a fire",
    why=Text.of(
        "人员密集场所发生火灾，现场工作人员应当立即组织、引导在场人员疏散。",
        "In a fire the staff of a crowded place must at once lead everybody out.",
    ),
    mend=Text.of(
        "写一项 kind: evacuate、适用于 fire 的行动。",
        "Add an action with `kind: evacuate` for fire.",
    ),
    source="消防法, art. 44",
    example="/protective_actions/0/kind: communicate\n/protective_actions/0/mode: -",
)
SECURITY_ONLY_EVACUATION = Kind(
    "security-only-evacuation",
    Severity.WARNING,
    "发生“{hazard}”时只能疏散，没有入内避险或封闭",
    "when the hazard is '{hazard}', people can only be sent out: no invacuation, no lockdown",
    why=Text.of(
        "危险在外面时，疏散会把人送进危险里。",
        "When the danger is outside, an evacuation leads people into it.",
    ),
    mend=Text.of(
        "加一项 kind: invacuate 或 lockdown 的行动。",
        "Add an action with `kind: invacuate` or `lockdown`.",
    ),
    source="UK Terrorism (Protection of Premises) Act 2025",
    example="/protective_actions/1: -",
)
MODE_WITHOUT_EVACUATION = Kind(
    "mode-without-evacuation",
    Severity.WARNING,
    "“{name}”不是疏散，mode 不起作用",
    "'{name}' is no evacuation, so its mode is of no account",
    why=Text.of("写的人以为它规定了先后次序。", "Whoever wrote it believes that it sets an order."),
    mend=Text.of("删去 mode，或改为 kind: evacuate。", "Drop `mode`, or say `kind: evacuate`."),
    example="/protective_actions/1/mode: full",
)
PHASED_WITHOUT_ORDER = Kind(
    "phased-without-order",
    Severity.WARNING,
    "“{name}”分批疏散，但没有写出先后的区域",
    "'{name}' is phased, but doesn't say which zones go first",
    why=Text.of(
        "不写次序，所有人会同时涌向出口，等于不分批。",
        "Without an order everybody leaves at once: it isn't phased.",
    ),
    mend=Text.of("在 zones 中按先后列出至少两个区域。", "List at least two `zones`, in order."),
    example="/protective_actions/0/zones: []",
)
ACTION_WITHOUT_WORDS = Kind(
    "action-without-words",
    Severity.WARNING,
    "防护行动“{name}”没有广播词模板",
    "the protective action '{name}' has no template of what is announced",
    why=Text.of(
        "广播的人临时组织语言，容易说错，也容易引起恐慌。",
        "Whoever announces it makes up the words; they may be wrong, and cause panic.",
    ),
    mend=Text.of("写 template。", "Say its `template`."),
    example="/protective_actions/1/template: -",
)
HELP_NOT_PLANNED = Kind(
    "help-not-planned",
    Severity.WARNING,
    "没有规定如何帮助特殊客户（assistance）",
    "the plan doesn't say how special customers are helped (assistance)",
    why=Text.of(
        "老人、孕妇、儿童、残障人士自己走不了；没有安排就会被落下。",
        "Who can't leave alone is left behind when nobody was meant to come for them.",
    ),
    mend=Text.of(
        "写 assistance：哪些人、怎么帮、谁去、多久到。",
        "Say in `assistance` who needs what, who comes, and how soon.",
    ),
    source="突发事件应对法 2024, art. 67",
    example="/assistance: []",
)
NEED_WITHOUT_HELP = Kind(
    "need-without-help",
    Severity.WARNING,
    "没有规定如何帮助：{needs}",
    "nobody is meant to help: {needs}",
    why=Text.of(
        "人群中总有这样的人；只安排一部分，其余的就靠运气。",
        "Every crowd has them; those whom the plan forgets depend on luck.",
    ),
    mend=Text.of("各写一条 assistance。", "Add a rule of `assistance` for each."),
    source="突发事件应对法 2024, art. 67",
    example="/assistance/2: -",
)
HELP_TOO_LATE = Kind(
    "help-too-late",
    Severity.WARNING,
    "“{name}”：帮助 {reach} 才到，而全场应在 {limit} 内撤离",
    "'{name}': help comes within {reach}, but everybody should be out within {limit}",
    why=Text.of(
        "帮助还没到，疏散已经结束，留下的人独自等待。",
        "The evacuation is over before help comes; whoever can't walk waits alone.",
    ),
    mend=Text.of(
        "缩短 reach_within；通常 3 分钟。", "Shorten `reach_within`; three minutes are usual."
    ),
    example="/assistance/0/reach_within: 10 min",
)
AID_NOT_IN_STOCK = Kind(
    "aid-not-in-stock",
    Severity.WARNING,
    "“{name}”需要 {needed} 件“{supply}”，现有 {quantity}",
    "'{name}' takes {needed} of '{supply}', {quantity} are in stock",
    why=Text.of("承诺的帮助没有器材可用。", "The help that is promised has nothing to do it with."),
    mend=Text.of("补足器材。", "Buy what is missing."),
    example="/assistance/3/supplies: {evacuation-chairs: 4}",
)


def actions(plan: Plan) -> Iterator[Finding]:
    """Find hazards for which nothing can be ordered, or the wrong thing only."""
    if not plan.protective_actions:
        yield finding(PROTECTION_MISSING, "")
        return
    for hazard in dict.fromkeys(plan.hazards):
        kinds = {one.kind for one in plan.protective_actions if _is_for(one, hazard)}
        moving = kinds - {ProtectiveKind.COMMUNICATE}
        if not kinds:
            yield finding(HAZARD_WITHOUT_PROTECTION, "/protective_actions", hazard=hazard)
        elif hazard is HazardKind.FIRE and ProtectiveKind.EVACUATE not in kinds:
            yield finding(FIRE_WITHOUT_EVACUATION, "/protective_actions")
        elif hazard is HazardKind.SECURITY and moving <= {ProtectiveKind.EVACUATE}:
            yield finding(SECURITY_ONLY_EVACUATION, "/protective_actions", hazard=hazard)


def orders(plan: Plan) -> Iterator[Finding]:
    """Find actions that say too little to be carried out."""
    for n, action in enumerate(plan.protective_actions):
        at = f"/protective_actions/{n}"
        evacuates = action.kind is ProtectiveKind.EVACUATE
        if action.mode is not None and not evacuates:
            yield finding(MODE_WITHOUT_EVACUATION, f"{at}/mode", name=action.id)
        is_phased = evacuates and action.mode is ProtectiveMode.PHASED
        if is_phased and len({*action.zones}) < 2:  # noqa: PLR2004 - one after another
            yield finding(PHASED_WITHOUT_ORDER, at, name=action.id)
        if action.template is None:
            yield finding(ACTION_WITHOUT_WORDS, at, name=action.id)


def helped(plan: Plan) -> Iterator[Finding]:
    """Find special customers for whom nobody comes, or comes too late."""
    if not plan.assistance:
        yield finding(HELP_NOT_PLANNED, "")
        return
    helped = {rule.need for rule in plan.assistance}
    if forgotten := [need for need in EXPECTED if need not in helped]:
        yield finding(NEED_WITHOUT_HELP, "/assistance", needs=", ".join(forgotten))
    limit, stock = _limit(plan), {supply.id: supply.quantity for supply in plan.supplies}
    for n, rule in enumerate(plan.assistance):
        if rule.reach_within > limit:
            said = {"reach": spelled(rule.reach_within), "limit": spelled(limit)}
            yield finding(HELP_TOO_LATE, f"/assistance/{n}/reach_within", name=rule.id, **said)
        for supply, needed in rule.supplies.items():
            if needed > stock.get(supply, needed):
                counted = {"supply": supply, "needed": needed, "quantity": stock[supply]}
                where = f"/assistance/{n}/supplies/{supply}"
                yield finding(AID_NOT_IN_STOCK, where, name=rule.id, **counted)


def _limit(plan: Plan) -> timedelta:
    return min((venue.egress or EgressRules()).limit for venue in plan.venues)


def _is_for(action: ProtectiveAction, hazard: HazardKind) -> bool:
    return not action.hazards or hazard in action.hazards


KINDS = (
    PROTECTION_MISSING,
    HAZARD_WITHOUT_PROTECTION,
    FIRE_WITHOUT_EVACUATION,
    SECURITY_ONLY_EVACUATION,
    MODE_WITHOUT_EVACUATION,
    PHASED_WITHOUT_ORDER,
    ACTION_WITHOUT_WORDS,
    HELP_NOT_PLANNED,
    NEED_WITHOUT_HELP,
    HELP_TOO_LATE,
    AID_NOT_IN_STOCK,
)
RULES = (actions, orders, helped)
