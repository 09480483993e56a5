"""What the law asks of every plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.plan.findings import Finding, Kind, Severity, finding
from domain.values import Phase, WarningColour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model import Plan


REQUIRED_REPORT_NOT_OWED = Kind(
    "required-report-not-owed",
    Severity.ERROR,
    "终止响应前须提交“{name}”，但响应阶段没有人负责报送",
    "'{name}' must be filed before the response ends, but nobody owes it in the response",
)
NO_STATUTORY_REPORT = Kind(
    "no-statutory-report",
    Severity.WARNING,
    "没有注明依据的法定报告（国务院令第493号第九条：一小时内上报）",
    "no report names the law that asks for it (State Council Decree 493, art. 9: in one hour)",
)
COLOUR_MISSING = Kind(
    "colour-missing",
    Severity.WARNING,
    "未规定{colour}预警的条件（突发事件应对法第六十三条：四级预警）",
    "no criteria for a {colour} warning (Emergency Response Law, art. 63: four colours)",
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
