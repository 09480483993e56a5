"""Situation reports and statutory reports: expected, filed, missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from domain.decider import Decision
from domain.incident.events.duties import (
    Message,
    ReportExpected,
    ReportMissed,
    ReportNoLongerExpected,
    SituationReported,
)
from domain.incident.policy.decisions import Decisions, Rule
from domain.incident.state.context import Context
from domain.incident.state.incident import DeadlineKey, DeadlineKind
from domain.limits import Count
from domain.plan.model.plan import Report
from domain.refusals import Refusal
from domain.values import Command, Event, Id, Phase, Prose


class SubmitSituationReport(Command):
    """File one of the plan's reports."""

    kind: Literal["SubmitSituationReport"] = "SubmitSituationReport"
    report: Id
    filing: Id
    """The caller's name for this filing; the same name again is the same filing."""
    summary: Prose
    headcount: Count | None = None
    casualties: Count | None = None


def submit_situation_report(on: Context, ask: SubmitSituationReport) -> Decision:
    rule = on.plan.report(ask.report)
    if rule is None:
        return Refusal.REPORT_UNKNOWN
    if ask.filing in on.incident.filings:
        return []
    filed = SituationReported(
        report=ask.report,
        filing=ask.filing,
        number=(on.incident.reports.get(ask.report) or 0) + 1,
        summary=ask.summary,
        headcount=ask.headcount,
        casualties=ask.casualties,
    )
    return [filed, *on.withdrawn(f"report/{ask.report}"), *_next(on, rule)]


def begin(on: Context, phase: Phase) -> list[Event]:
    """Return the reports that a phase begins with."""
    armed = {key.subject for key in on.incident.deadlines if key.kind is DeadlineKind.REPORT}
    return [
        ReportExpected(report=rule.id, due_at=on.after(rule.first_within))
        for rule in on.plan.reports
        if phase in rule.phases and rule.id not in armed and not _filed_for_good(on, rule)
    ]


def end(on: Context, following: Phase) -> list[Event]:
    """Return the reports that nobody owes in the phase that follows."""
    return [
        ReportNoLongerExpected(report=rule.id)
        for rule in on.plan.reports
        if following not in rule.phases
        and DeadlineKey(DeadlineKind.REPORT, rule.id) in on.incident.deadlines
    ]


def missed(on: Context, report: str) -> list[Event]:
    """Return what follows when a report is late; a cadence goes on from now."""
    due_at = on.incident.deadlines[DeadlineKey(DeadlineKind.REPORT, report)]
    rule = on.plan.report(report)
    assert rule, "a report is due that the pinned plan knows"  # noqa: S101 - an invariant
    about = f"report/{report}"
    told = dict.fromkeys((on.seated(rule.post), on.commander))
    return [
        ReportMissed(report=report, due_at=due_at),
        *(on.tell(person, Message.REPORT_OVERDUE, about) for person in told),
        *_next(on, rule),
    ]


def _next(on: Context, rule: Report) -> list[Event]:
    every = _cadence(on, rule)
    if every is None or on.incident.phase not in rule.phases:
        return []
    return [ReportExpected(report=rule.id, due_at=on.after(every))]


def _cadence(on: Context, rule: Report) -> timedelta | None:
    if on.incident.phase is Phase.RESPONSE and on.incident.level is not None:
        return rule.every.get(on.incident.level)
    return rule.warning_every


def _filed_for_good(on: Context, rule: Report) -> bool:
    once = not rule.every and rule.warning_every is None
    return once and bool(on.incident.reports.get(rule.id))


DECISIONS: Decisions = {
    SubmitSituationReport: Rule(submit_situation_report),
}
