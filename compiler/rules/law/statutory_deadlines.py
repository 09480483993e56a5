"""The law's clocks: what must be reported by when, how often, with what in it, to whom."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.duties import ReportField
from domain.plan.model.notation import spelled
from domain.values import Phase, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan, Report

DECREE = "493"
"""The State Council decree on reports of accidents, as a source names it."""
DECREE_WITHIN = timedelta(hours=1)
"""The head of the unit reports within one hour (Decree 493, art. 9)."""

REPORT_LATER_THAN_LAW = Kind(
    "report-later-than-law",
    Severity.ERROR,
    "“{name}”在 {first} 内首报，而法定时限是 {law}",
    "'{name}' is first due within {first}, but the law wants it within {law}",
    why=Text.of(
        "按预案做也会迟报；迟报、漏报、谎报、瞒报都要承担法律责任。",
        "Whoever keeps to the plan breaks the law; late reports are punished.",
    ),
    mend=Text.of(
        "把 first_within 缩短到法定时限以内。", "Make `first_within` no longer than the law's."
    ),
    source="突发事件应对法 2024, art. 61",
    example="/reports/1/first_within: 2 h",
)
CADENCE_SLOWER_THAN_LAW = Kind(
    "cadence-slower-than-law",
    Severity.ERROR,
    "“{name}”{when}每 {every} 续报，而法定间隔是 {law}",
    "'{name}' comes every {every} ({when}), but the law wants it every {law}",
    why=Text.of(
        "按预案续报也会违法。", "Whoever keeps to the plan reports less often than they must."
    ),
    mend=Text.of("把间隔缩短到法定间隔以内。", "Report at least as often as the law wants."),
    source="突发事件应对法 2024, art. 61",
    example="/reports/1/every: {II: 2 h, III: 4 h}",
)
CADENCE_OF_LAW_MISSING = Kind(
    "cadence-of-law-missing",
    Severity.ERROR,
    "法律要求“{name}”每 {law} 续报，但{when}没有规定间隔",
    "the law wants '{name}' every {law}, but it is owed only once ({when})",
    why=Text.of("首报之后没有人会被提醒续报。", "After the first nobody is reminded of the next."),
    mend=Text.of(
        "为每个级别写 every；响应以外的阶段写 warning_every。",
        "Say `every` for each level, and `warning_every` for other phases.",
    ),
    source="突发事件应对法 2024, art. 61",
    example="/reports/1/every: {}",
)
STATUTORY_CLOCK_MISSING = Kind(
    "statutory-clock-missing",
    Severity.WARNING,
    "“{name}”注明了法律依据，但没有写法定时限",
    "'{name}' names its law, but not by when the law wants it",
    why=Text.of(
        "不写 statutory_within，就没有办法检查预案的时限是否合法。",
        "Without `statutory_within` nothing can tell whether the plan's own deadline is lawful.",
    ),
    mend=Text.of("写 statutory_within，例如 1 h。", "Say `statutory_within`, such as `1 h`."),
    source="国务院令第493号 (2007), art. 9",
    example="/reports/1/statutory_within: -",
)
STATUTORY_WITHOUT_SOURCE = Kind(
    "statutory-without-source",
    Severity.WARNING,
    "“{name}”有法定时限，但没有注明依据",
    "'{name}' has a deadline by law, but doesn't name the law",
    why=Text.of(
        "依据不明，修法之后没有人知道要改哪里。",
        "When the law changes nobody knows that this is to change with it.",
    ),
    mend=Text.of("在 source 中写明法律条款。", "Name the article in `source`."),
    example="/reports/1/source: -",
)
HOUR_EXCEEDED = Kind(
    "hour-exceeded",
    Severity.ERROR,
    "“{name}”依据第493号令，法定时限却写为 {law}，超过一小时",
    "'{name}' is owed by Decree 493, yet its statutory deadline is {law}, more than one hour",
    why=Text.of(
        "单位负责人接报后应在一小时内上报；写长了就是把违法写进预案。",
        "The head of the unit must report within one hour; a longer clock breaks the law by plan.",
    ),
    mend=Text.of("把 statutory_within 改为 1 h 或更短。", "Say `statutory_within: 1 h` or less."),
    source="国务院令第493号 (2007), art. 9",
    example="/reports/1/statutory_within: 2 h",
)
REPORT_FIELD_MISSING = Kind(
    "report-field-missing",
    Severity.ERROR,
    "“{name}”缺少法定内容：{fields}",
    "'{name}' lacks what the law wants in it: {fields}",
    why=Text.of(
        "内容不全的报告会被退回，等于没有按时报。",
        "A report that lacks it is sent back, and then it is late.",
    ),
    mend=Text.of("在 fields 中补全。", "Add them to `fields`."),
    source="国务院令第493号 (2007), art. 12",
    example="/reports/1/fields: [unit, time_and_place, measures]",
)
REPORT_FIELDS_UNSTATED = Kind(
    "report-fields-unstated",
    Severity.WARNING,
    "法定报告“{name}”没有写明包含哪些内容",
    "the statutory report '{name}' doesn't say what it holds",
    why=Text.of(
        "写报告的人要在紧急时自己回想法律要求什么。",
        "Whoever writes it must remember what the law wants, in the middle of it all.",
    ),
    mend=Text.of(
        "写 fields: [unit, time_and_place, course, casualties, losses, measures, other]。",
        "Say `fields: [unit, time_and_place, course, casualties, losses, measures, other]`.",
    ),
    source="国务院令第493号 (2007), art. 12",
    example="/reports/1/fields: []",
)
REPORT_WITHOUT_RECIPIENT = Kind(
    "report-without-recipient",
    Severity.WARNING,
    "法定报告“{name}”没有写明报给谁",
    "the statutory report '{name}' doesn't say who receives it",
    why=Text.of(
        "一小时之内还要先查该报给哪个部门、怎么联系。",
        "Within that one hour somebody must first find out whom to send it to, and how.",
    ),
    mend=Text.of("在 to 中写上通讯录里的收件单位。", "Name the contact in `to`."),
    source="国务院令第493号 (2007), art. 9",
    example="/reports/1/to: -",
)
SUPPLEMENTARY_REPORT_MISSING = Kind(
    "supplementary-report-missing",
    Severity.WARNING,
    "善后阶段没有补报：伤亡人数变化须在 30 日内（火灾 7 日内）补报",
    "nobody reports anew in the aftermath, as casualties change within 30 days (fire: 7 days)",
    why=Text.of(
        "响应结束后伤员死亡或新发现伤亡，也必须补报。",
        "When somebody dies of their injuries after the response, that must be reported, too.",
    ),
    mend=Text.of(
        "写一项 phases: [aftermath]、注明依据的报告。",
        "Add a report with `phases: [aftermath]` and its source.",
    ),
    source="国务院令第493号 (2007), art. 13",
    example="/reports/2: -",
)


def deadlines(plan: Plan) -> Iterator[Finding]:
    """Find reports that come later or less often than the law wants them."""
    for n, report in enumerate(plan.reports):
        at, law = f"/reports/{n}", report.statutory_within
        if law and report.first_within > law:
            said = {"name": report.id, "first": spelled(report.first_within), "law": spelled(law)}
            yield finding(REPORT_LATER_THAN_LAW, f"{at}/first_within", **said)
        if law and _is_of_the_decree(report) and law > DECREE_WITHIN:
            said = {"name": report.id, "law": spelled(law)}
            yield finding(HOUR_EXCEEDED, f"{at}/statutory_within", **said)
        if report.statutory_every:
            yield from _rhythm(plan, at, report, report.statutory_every)


def contents(plan: Plan) -> Iterator[Finding]:
    """Find reports that lack what makes them a statutory one."""
    for n, report in enumerate(plan.reports):
        at = f"/reports/{n}"
        if not report.source:
            if report.statutory_within or report.statutory_every:
                yield finding(STATUTORY_WITHOUT_SOURCE, at, name=report.id)
            continue
        if not report.statutory_within:
            yield finding(STATUTORY_CLOCK_MISSING, at, name=report.id)
        if not report.to:
            yield finding(REPORT_WITHOUT_RECIPIENT, at, name=report.id)
        if not report.fields:
            yield finding(REPORT_FIELDS_UNSTATED, at, name=report.id)
        elif _is_of_the_decree(report):
            lacking = [field for field in ReportField if field not in report.fields]
            if lacking:
                listed = ", ".join(lacking)
                yield finding(REPORT_FIELD_MISSING, f"{at}/fields", name=report.id, fields=listed)


def aftermath(plan: Plan) -> Iterator[Finding]:
    """Find plans that report nothing of what changes after the response."""
    sourced = [report for report in plan.reports if report.source]
    if sourced and not any(Phase.AFTERMATH in report.phases for report in sourced):
        yield finding(SUPPLEMENTARY_REPORT_MISSING, "/reports")


def _rhythm(plan: Plan, at: str, report: Report, law: timedelta) -> Iterator[Finding]:
    rhythms = [
        (f"{at}/every/{level.name}", level.name, report.every.get(level))
        for level in sorted({rule.level for rule in plan.levels})
        if Phase.RESPONSE in report.phases
    ]
    if {*report.phases} - {Phase.RESPONSE}:
        others = ", ".join(phase for phase in report.phases if phase is not Phase.RESPONSE)
        rhythms.append((f"{at}/warning_every", others, report.warning_every))
    for where, when, every in rhythms:
        said = {"name": report.id, "law": spelled(law), "when": when}
        if every is None:
            yield finding(CADENCE_OF_LAW_MISSING, at, **said)
        elif every > law:
            yield finding(CADENCE_SLOWER_THAN_LAW, where, **said, every=spelled(every))


def _is_of_the_decree(report: Report) -> bool:
    """Tell whether a report is the one of Decree 493's hour, not the later one of art. 13."""
    return DECREE in (report.source or "") and Phase.RESPONSE in report.phases


KINDS = (
    REPORT_LATER_THAN_LAW,
    CADENCE_SLOWER_THAN_LAW,
    CADENCE_OF_LAW_MISSING,
    STATUTORY_CLOCK_MISSING,
    STATUTORY_WITHOUT_SOURCE,
    HOUR_EXCEEDED,
    REPORT_FIELD_MISSING,
    REPORT_FIELDS_UNSTATED,
    REPORT_WITHOUT_RECIPIENT,
    SUPPLEMENTARY_REPORT_MISSING,
)
RULES = (deadlines, contents, aftermath)
