"""Deadlines and cadences: what is due in an order that can be kept."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from compiler.diagnostics.findings import Finding, Kind, Severity, finding
from domain.plan.model.notation import spelled
from domain.values import Phase, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.plan.model.plan import Plan, Report, Task


START_BEFORE_ACKNOWLEDGEMENT = Kind(
    "start-before-acknowledgement",
    Severity.ERROR,
    "开始时限（{start}）早于确认时限（{acknowledge}）",
    "due to start within {start}, sooner than to be acknowledged ({acknowledge})",
    why=Text.of(
        "还没到必须确认的时候，就已经算作未按时开始。",
        "It counts as started late before anybody had to say that they know of it.",
    ),
    mend=Text.of(
        "让确认时限不晚于开始时限。", "Let it be acknowledged no later than it is to be started."
    ),
    example="/tasks/2/acknowledge_within: 5 min",
)
FINISH_BEFORE_ACKNOWLEDGEMENT = Kind(
    "finish-before-acknowledgement",
    Severity.ERROR,
    "完成时限（{finish}）早于确认时限（{acknowledge}）",
    "due to be finished within {finish}, sooner than to be acknowledged ({acknowledge})",
    why=Text.of(
        "还没到必须确认的时候，就已经算作未按时完成。",
        "It counts as finished late before anybody had to say that they know of it.",
    ),
    mend=Text.of(
        "让确认时限不晚于完成时限。", "Let it be acknowledged no later than it is to be finished."
    ),
    example="/tasks/2/acknowledge_within: 20 min",
)
FINISH_BEFORE_START = Kind(
    "finish-before-start",
    Severity.ERROR,
    "完成时限（{finish}）早于开始时限（{start}）",
    "due to be finished within {finish}, sooner than to be started ({start})",
    why=Text.of(
        "还没到必须开始的时候，就已经算作未按时完成。",
        "It counts as finished late before anybody had to begin.",
    ),
    mend=Text.of(
        "让开始时限不晚于完成时限。", "Let it be started no later than it is to be finished."
    ),
    example="/tasks/2/finish_within: 2 min",
)
CADENCE_SLOWER_WHEN_GRAVER = Kind(
    "cadence-slower-when-graver",
    Severity.WARNING,
    "{level}级的报送间隔（{span}）比较低的{lower}级（{lower_span}）还长",
    "at level {level} every {span}, less often than at the lower level {lower} ({lower_span})",
    why=Text.of("事态越重，上面知道得越慢。", "The graver it gets, the less is heard of it."),
    mend=Text.of("级别越高，间隔越短。", "Report more often at the graver level."),
    example="/reports/0/every: {II: 45 min, III: 30 min}",
)
CADENCE_MISSING = Kind(
    "cadence-missing",
    Severity.WARNING,
    "未规定{level}级的报送间隔：该级别下只报送一次",
    "no cadence for level {level}: there the report is owed only once",
    why=Text.of(
        "升到这个级别后，第一份报告之后再无消息。",
        "At that level nothing is heard after the first report.",
    ),
    mend=Text.of("为该级别写明间隔（every）。", "Say how often under `every`."),
    example="/reports/0/every: {II: 15 min}",
)
CADENCE_UNUSED = Kind(
    "cadence-unused",
    Severity.WARNING,
    "报告“{name}”不在该报送间隔适用的阶段内",
    "the report '{name}' is not owed in any phase that this cadence is for",
    why=Text.of(
        "写了间隔却从不生效，读预案的人会以为有报告。",
        "Whoever reads the plan expects reports that never come.",
    ),
    mend=Text.of(
        "补上对应的阶段，或删去间隔。", "Add the phase to the report, or leave the cadence out."
    ),
    example="/reports/0/phases: [response]",
)


OUTSIDE_THE_RESPONSE = {Phase.WARNING, Phase.AFTERMATH}
"""Where `warning_every` is the cadence."""


def deadlines(plan: Plan) -> Iterator[Finding]:
    """Find duties that are due before what must come first."""
    for n, task in enumerate(plan.tasks):
        yield from _in_order(f"/tasks/{n}", task)


def cadences(plan: Plan) -> Iterator[Finding]:
    """Find reports whose rhythm has gaps, runs the wrong way, or is for no phase."""
    for n, report in enumerate(plan.reports):
        yield from _rhythm(plan, f"/reports/{n}", report)


def _in_order(at: str, task: Task) -> Iterator[Finding]:
    start, finish = task.start_within, task.finish_within
    said = {
        "acknowledge": spelled(task.acknowledge_within),
        "start": spelled(start) if start else "",
        "finish": spelled(finish) if finish else "",
    }
    if start and start < task.acknowledge_within:
        yield finding(START_BEFORE_ACKNOWLEDGEMENT, f"{at}/start_within", **said)
    if finish and finish < task.acknowledge_within:
        yield finding(FINISH_BEFORE_ACKNOWLEDGEMENT, f"{at}/finish_within", **said)
    if start and finish and finish < start:
        yield finding(FINISH_BEFORE_START, f"{at}/finish_within", **said)


def _rhythm(plan: Plan, at: str, report: Report) -> Iterator[Finding]:
    if report.every and Phase.RESPONSE not in report.phases:
        yield finding(CADENCE_UNUSED, f"{at}/every", name=report.id)
    if report.warning_every and not OUTSIDE_THE_RESPONSE & {*report.phases}:
        yield finding(CADENCE_UNUSED, f"{at}/warning_every", name=report.id)
    if not report.every:
        return
    for rule in plan.levels:
        if rule.level not in report.every:
            yield finding(CADENCE_MISSING, f"{at}/every", level=rule.level.name)
    gravest_first = sorted(report.every.items())
    for (level, span), (lower, lower_span) in pairwise(gravest_first):
        if span > lower_span:
            yield finding(
                CADENCE_SLOWER_WHEN_GRAVER,
                f"{at}/every/{level.name}",
                level=level.name,
                span=spelled(span),
                lower=lower.name,
                lower_span=spelled(lower_span),
            )


KINDS = (
    START_BEFORE_ACKNOWLEDGEMENT,
    FINISH_BEFORE_ACKNOWLEDGEMENT,
    FINISH_BEFORE_START,
    CADENCE_SLOWER_WHEN_GRAVER,
    CADENCE_MISSING,
    CADENCE_UNUSED,
)
RULES = (deadlines, cadences)
