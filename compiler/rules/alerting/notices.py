"""Notices: in words that exist, in the languages promised, by public ways, for every hazard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from compiler.rules.structure.reachability import PHASES_WITH_DUTIES
from domain.plan.model.duties import Audience
from domain.plan.model.notation import spelled
from domain.values import Phase, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Notice, Plan

PUBLIC = {
    Audience.CUSTOMERS,
    Audience.TENANTS,
    Audience.NEIGHBOURS,
    Audience.FAMILIES,
    Audience.MEDIA,
}
"""Those whom only a public channel reaches."""

NOTICE_LANGUAGE_MISSING = Kind(
    "notice-language-missing",
    Severity.ERROR,
    "公告“{name}”承诺用 {language} 发布，但模板“{template}”没有这种语言",
    "the notice '{name}' is promised in {language}, which its template '{template}' doesn't speak",
    why=Text.of(
        "到发布时才发现没有译文，一部分人就得不到通知。",
        "When it is to be published there are no words, and some people aren't told.",
    ),
    mend=Text.of(
        "补上译文，或从 languages 中去掉这种语言。",
        "Add the words to the template, or take the language out of `languages`.",
    ),
    example="/notices/templates/leave-now: {zh: 请从最近的出口离开。}",
)
CHANNEL_NOT_PUBLIC = Kind(
    "channel-not-public",
    Severity.WARNING,
    "公告“{name}”面向公众，但“{channel}”不在 notices/channels 之列",
    "the notice '{name}' is for the public, but '{channel}' isn't one of notices/channels",
    why=Text.of(
        "通过个人或内部渠道发布，公众看不到，也没有经过统一口径。",
        "By a person or an inner channel the public doesn't see it.",
    ),
    mend=Text.of(
        "把该渠道加入 notices/channels，或换一个公众渠道。",
        "Add the channel to `notices/channels`, or choose a public one.",
    ),
    example="/notices/rules/1/channels: [screens, duty-deputy]",
)
TEMPLATE_UNUSED = Kind(
    "template-unused",
    Severity.WARNING,
    "模板“{name}”没有公告或防护行动使用",
    "no notice and no protective action uses the template '{name}'",
    why=Text.of(
        "写好了却没有人会想起来用。", "It was written, and nothing will ever bring it to mind."
    ),
    mend=Text.of(
        "写一条使用它的公告规则，或删去。", "Use it in a rule of `notices`, or take it out."
    ),
    example="/notices/templates/welcome: {zh: 欢迎光临。, en: Welcome.}",
)
NOTICE_LATER_THAN_PROMISED = Kind(
    "notice-later-than-promised",
    Severity.WARNING,
    "公告“{name}”首发时限 {first}，晚于预案承诺的 {promised}",
    "the notice '{name}' is first due within {first}, later than the promised {promised}",
    why=Text.of(
        "预案对公众承诺了时限，规则却先违背了它。",
        "The plan promises the public a time, and its own rule breaks the promise.",
    ),
    mend=Text.of(
        "缩短该公告的 first_within，或如实修改承诺。",
        "Shorten its `first_within`, or promise honestly.",
    ),
    source="突发事件应对法 2024, art. 64",
    example="/notices/rules/1/first_within: 15 min",
)
NOTICE_NEVER_REFRESHED = Kind(
    "notice-never-refreshed",
    Severity.WARNING,
    "响应阶段的公告“{name}”发布后不再更新",
    "the notice '{name}' of the response is never said again",
    why=Text.of(
        "情况在变，旧公告会误导人；沉默会被谣言填满。",
        "Things change and old news misleads; what isn't said is filled by rumour.",
    ),
    mend=Text.of("写 refresh_every，通常 30 min。", "Say `refresh_every`; 30 min is usual."),
    source="突发事件应对法 2024, art. 70",
    example="/notices/rules/1/refresh_every: -",
)
NOTICE_NEVER_DUE = Kind(
    "notice-never-due",
    Severity.ERROR,
    "公告“{name}”所在的 {phase} 阶段没有公告",
    "the notice '{name}' is for the phase {phase}, in which nothing is published",
    why=Text.of("这条公告永远不会发布。", "It is never published."),
    mend=Text.of(
        "改为 warning、response 或 aftermath。", "Say `warning`, `response` or `aftermath`."
    ),
    example="/notices/rules/2/phase: closed",
)
CUSTOMERS_NOT_TOLD = Kind(
    "customers-not-told",
    Severity.WARNING,
    "发生“{hazard}”时，响应阶段没有面向顾客的公告",
    "when the hazard is '{hazard}', no notice of the response is for customers",
    why=Text.of(
        "最需要知道往哪里走的人没有得到消息。",
        "Those who most need to know where to go aren't told.",
    ),
    mend=Text.of(
        "写一条 phase: response、audiences: [customers] 的公告。",
        "Add a notice with `phase: response` and `audiences: [customers]`.",
    ),
    source="突发事件应对法 2024, art. 78",
    example="/notices/rules/1/hazards: [fire]",
)
STAFF_NOT_TOLD = Kind(
    "staff-not-told",
    Severity.WARNING,
    "没有一条公告面向员工",
    "no notice is for the staff",
    why=Text.of(
        "顾客会问身边的员工；员工不知道，就只能猜。",
        "Customers ask whoever wears the venue's clothes; without news they guess.",
    ),
    mend=Text.of(
        "在一条公告的 audiences 中加上 staff。", "Add `staff` to `audiences` of a notice."
    ),
    example="/notices/rules/1/audiences: [customers]",
)


def rules(plan: Plan) -> Iterator[Finding]:
    """Find notices without words, without a public way, too late, never said again."""
    for n, rule in enumerate(plan.notices.rules):
        at = f"/notices/rules/{n}"
        yield from _words(plan, at, rule)
        yield from _ways(plan, at, rule)
        yield from _times(plan, at, rule)


def told(plan: Plan) -> Iterator[Finding]:
    """Find people whom nobody tells, and words that nobody says."""
    if not plan.notices.rules:
        return
    used = {rule.template for rule in plan.notices.rules}
    used |= {action.template for action in plan.protective_actions if action.template}
    for name in plan.notices.templates:
        if name not in used:
            yield finding(TEMPLATE_UNUSED, f"/notices/templates/{name}", name=name)
    for hazard in dict.fromkeys(plan.hazards):
        if not any(
            rule.phase is Phase.RESPONSE
            and Audience.CUSTOMERS in rule.audiences
            and (not rule.hazards or hazard in rule.hazards)
            for rule in plan.notices.rules
        ):
            yield finding(CUSTOMERS_NOT_TOLD, "/notices/rules", hazard=hazard)
    if not any(Audience.STAFF in rule.audiences for rule in plan.notices.rules):
        yield finding(STAFF_NOT_TOLD, "/notices/rules")


def _words(plan: Plan, at: str, rule: Notice) -> Iterator[Finding]:
    template = plan.notices.templates.get(rule.template)
    for k, language in enumerate(rule.languages):
        if template is not None and getattr(template, language) is None:
            said = {"name": rule.id, "language": language, "template": rule.template}
            yield finding(NOTICE_LANGUAGE_MISSING, f"{at}/languages/{k}", **said)


def _ways(plan: Plan, at: str, rule: Notice) -> Iterator[Finding]:
    if not PUBLIC & {*rule.audiences}:
        return
    public = {*plan.notices.channels}
    for k, channel in enumerate(rule.channels):
        if channel in plan.people and channel not in public:
            where = f"{at}/channels/{k}"
            yield finding(CHANNEL_NOT_PUBLIC, where, name=rule.id, channel=channel)


def _times(plan: Plan, at: str, rule: Notice) -> Iterator[Finding]:
    promised, first = plan.notices.first_within, rule.first_within
    if rule.phase not in PHASES_WITH_DUTIES:
        yield finding(NOTICE_NEVER_DUE, f"{at}/phase", name=rule.id, phase=rule.phase)
    elif rule.phase is Phase.RESPONSE:
        if first and first > promised:
            said = {"first": spelled(first), "promised": spelled(promised)}
            yield finding(NOTICE_LATER_THAN_PROMISED, f"{at}/first_within", name=rule.id, **said)
        if rule.refresh_every is None:
            yield finding(NOTICE_NEVER_REFRESHED, at, name=rule.id)


KINDS = (
    NOTICE_LANGUAGE_MISSING,
    CHANNEL_NOT_PUBLIC,
    TEMPLATE_UNUSED,
    NOTICE_LATER_THAN_PROMISED,
    NOTICE_NEVER_REFRESHED,
    NOTICE_NEVER_DUE,
    CUSTOMERS_NOT_TOLD,
    STAFF_NOT_TOLD,
)
RULES = (rules, told)
