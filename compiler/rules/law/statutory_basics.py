"""What the law asks of every plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.values import Phase, Text, WarningColour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan


REQUIRED_REPORT_NOT_OWED = Kind(
    "required-report-not-owed",
    Severity.ERROR,
    "终止响应前须提交“{name}”，但响应阶段没有人负责报送",
    "'{name}' must be filed before the response ends, but nobody owes it in the response",
    why=Text.of(
        "没有人报送，响应就永远不能终止。",
        "Nobody files it, and so the response can never be ended.",
    ),
    mend=Text.of("把 response 加入该报告的 phases。", "Add `response` to the report's phases."),
    example="/reports/1/phases: [aftermath]",
)
NO_STATUTORY_REPORT = Kind(
    "no-statutory-report",
    Severity.WARNING,
    "没有注明依据的法定报告（国务院令第493号第九条：一小时内上报）",
    "no report names the law that asks for it (State Council Decree 493, art. 9: in one hour)",
    why=Text.of(
        "迟报、漏报要追究责任；没有写进预案，就没有人盯着时限。",
        "Late reports are an offence; what isn't in the plan has no clock.",
    ),
    mend=Text.of(
        "写明法定报告、依据（source）和时限。",
        "State the report that the law asks for, with its `source` and clock.",
    ),
    source="国务院令第493号 (2007), art. 9",
    example="/reports/1/source: -\n/reports/2/source: -",
)
COLOUR_MISSING = Kind(
    "colour-missing",
    Severity.WARNING,
    "未规定{colour}预警的条件（突发事件应对法第六十三条：四级预警）",
    "no criteria for a {colour} warning (Emergency Response Law, art. 63: four colours)",
    why=Text.of(
        "到了那个程度，没有人知道该不该发布。",
        "When it comes to that, nobody knows whether to announce it.",
    ),
    mend=Text.of("写明该颜色的发布条件。", "State when that colour is announced."),
    source="突发事件应对法 2024, art. 63",
    example="/warnings/0: -",
)


def colours(plan: Plan) -> Iterator[Finding]:
    """Find warning colours that nobody would know when to announce."""
    said = {rule.colour for rule in plan.warnings}
    for colour in WarningColour:
        if colour not in said:
            yield finding(COLOUR_MISSING, "/warnings", colour=colour)


def statutory_reports(plan: Plan) -> Iterator[Finding]:
    """Find reports that the law asks for and nobody owes in time."""
    for n, report in enumerate(plan.reports):
        if report.required_to_terminate and Phase.RESPONSE not in report.phases:
            where = f"/reports/{n}/required_to_terminate"
            yield finding(REQUIRED_REPORT_NOT_OWED, where, name=report.id)
    if not any(report.source for report in plan.reports):
        yield finding(NO_STATUTORY_REPORT, "/reports")


KINDS = (REQUIRED_REPORT_NOT_OWED, NO_STATUTORY_REPORT, COLOUR_MISSING)
RULES = (colours, statutory_reports)
