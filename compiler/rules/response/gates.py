"""Gates: no phase ends with something open, and each can end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.duties import GateCondition, GatePhase
from domain.values import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Gate, Plan

AFTERMATH_ONLY = {GateCondition.CASE_EVALUATED, GateCondition.ACTION_PROPOSED}
"""What can only become so after the response."""

GATE_LEAVES_MEASURES = Kind(
    "gate-leaves-measures",
    Severity.ERROR,
    "终止响应的条件不包括解除或移交全部措施（measures_lifted）",
    "the response can end while measures are in force that nobody owns (measures_lifted)",
    why=Text.of(
        "警戒、管制和关闭措施没有人解除，会一直限制公众。",
        "Cordons, closures and controls that nobody lifts go on restricting people.",
    ),
    mend=Text.of("在 requires 中加上 measures_lifted。", "Add `measures_lifted` to `requires`."),
    source="突发事件应对法 2024, art. 70, 86",
    example="/gates/0/requires: [zones_cleared, nobody_unaccounted, assistance_finished, "
    "reports_filed]",
)
GATE_IGNORES_PEOPLE = Kind(
    "gate-ignores-people",
    Severity.WARNING,
    "终止响应的条件不包括“{condition}”",
    "the response can end without '{condition}'",
    why=Text.of(
        "还有人失联或等待帮助时，响应可能就结束了。",
        "It may end while somebody is missing, or waits for help.",
    ),
    mend=Text.of("在 requires 中加上这一条件。", "Add the condition to `requires`."),
    source="突发事件应对法 2024, art. 86",
    example="/gates/0/requires: [measures_lifted, assistance_finished, reports_filed]",
)
GATE_IGNORES_REPORTS = Kind(
    "gate-ignores-reports",
    Severity.WARNING,
    "“{name}”须在终止前报送，但终止条件不包括 reports_filed",
    "'{name}' is required to terminate, but the gate doesn't ask for reports_filed",
    why=Text.of(
        "两处说法不一：报告没有报，响应也能终止。",
        "The plan says both: the response would end without the report.",
    ),
    mend=Text.of("在 requires 中加上 reports_filed。", "Add `reports_filed` to `requires`."),
    source="突发事件应对法 2024, art. 61",
    example="/gates/0/requires: [measures_lifted, nobody_unaccounted, assistance_finished]",
)
GATE_NEVER_OPENS = Kind(
    "gate-never-opens",
    Severity.ERROR,
    "终止响应要求“{condition}”，而这只能在善后阶段完成",
    "the response can end only with '{condition}', which becomes so only in the aftermath",
    why=Text.of(
        "响应永远无法正常终止，只能每次由总指挥强行放行。",
        "The response never ends but by the commander's overruling the gate.",
    ),
    mend=Text.of(
        "把这一条件移到 phase: aftermath 的关口。",
        "Move the condition to the gate of the aftermath.",
    ),
    example="/gates/0/requires/-: case_evaluated",
)
GATE_WITHOUT_EVALUATION = Kind(
    "gate-without-evaluation",
    Severity.WARNING,
    "结案条件不包括完成总结评估（case_evaluated）",
    "a case can be closed without having been evaluated (case_evaluated)",
    why=Text.of(
        "不总结就结案，同样的错误会再犯。",
        "What isn't evaluated happens again.",
    ),
    mend=Text.of("在 requires 中加上 case_evaluated。", "Add `case_evaluated` to `requires`."),
    source="突发事件应对法 2024, art. 92",
    example="/gates/1/requires: [units_returned]",
)


def gates(plan: Plan) -> Iterator[Finding]:
    """Find gates that let a phase end too soon, or never."""
    first = {gate.phase: n for n, gate in reversed([*enumerate(plan.gates)])}
    for n in first.values():
        gate = plan.gates[n]
        where = f"/gates/{n}/requires"
        if gate.phase is GatePhase.RESPONSE:
            yield from _termination(plan, where, gate)
        elif GateCondition.CASE_EVALUATED not in gate.requires:
            yield finding(GATE_WITHOUT_EVALUATION, where)


def _termination(plan: Plan, where: str, gate: Gate) -> Iterator[Finding]:
    if GateCondition.MEASURES_LIFTED not in gate.requires:
        yield finding(GATE_LEAVES_MEASURES, where)
    for condition in (GateCondition.NOBODY_UNACCOUNTED, GateCondition.ASSISTANCE_FINISHED):
        if condition not in gate.requires:
            yield finding(GATE_IGNORES_PEOPLE, where, condition=condition)
    for k, condition in enumerate(gate.requires):
        if condition in AFTERMATH_ONLY:
            yield finding(GATE_NEVER_OPENS, f"{where}/{k}", condition=condition)
    if GateCondition.REPORTS_FILED not in gate.requires:
        for report in plan.reports:
            if report.required_to_terminate:
                yield finding(GATE_IGNORES_REPORTS, where, name=report.id)


KINDS = (
    GATE_LEAVES_MEASURES,
    GATE_IGNORES_PEOPLE,
    GATE_IGNORES_REPORTS,
    GATE_NEVER_OPENS,
    GATE_WITHOUT_EVALUATION,
)
RULES = (gates,)
