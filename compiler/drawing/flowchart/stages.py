"""What the flowchart says: the stages of a plan's life, in the order in which they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from compiler.drawing.localized import Localizer
from compiler.drawing.vocabulary import COLOURS, CONDITIONS, HAZARDS, PHASES
from domain.plan.model.duties import GatePhase
from domain.plan.model.plan import Plan
from domain.values import Phase


class Chip(NamedTuple):
    """A coloured word, what it means, and what follows."""

    word: str
    look: str
    says: str
    notes: str = ""


class Detour(NamedTuple):
    """A way past the next stage."""

    side: Literal["left", "right"]
    target: str
    text: str


class Stage(NamedTuple):
    """A box of the flowchart."""

    name: str
    title: str
    look: Literal["panel", "gate", "end"] = "panel"
    chips: Sequence[Chip] = ()
    lines: Sequence[str] = ()
    notes: Sequence[str] = ()
    then: str = ""
    """What is said beside the arrow to the next."""
    detours: Sequence[Detour] = ()


def stages(plan: Plan, language: str) -> Sequence[Stage]:
    """Return a plan's stages, from its beginning to the closed case."""
    say = Localizer(plan, language)
    return [
        _beginning(say),
        _warning(say),
        _decision(say),
        _response(say),
        _gate(say, GatePhase.RESPONSE),
        _aftermath(say),
        _gate(say, GatePhase.AFTERMATH),
        Stage("closed", say.of("结案归档", "Case closed, and archived"), "end"),
    ]


def _tasks(say: Localizer, phase: Phase) -> str:
    """Say how many tasks a phase begins with, and by when the first must be answered."""
    tasks = [task for task in say.plan.tasks if task.phase is phase]
    posts = {task.post for task in tasks}
    if not tasks:
        return say.of("没有任务", "no tasks")
    first = say.span(min(task.acknowledge_within for task in tasks))
    return say.of(
        f"{len(tasks)} 项任务，{len(posts)} 个岗位；最早 {first}内签收",
        f"{len(tasks)} tasks of {len(posts)} posts; the first acknowledged within {first}",
    )


def _beginning(say: Localizer) -> Stage:
    plan = say.plan
    hazards = say.of("、", ", ").join(say.text(HAZARDS[one]) for one in plan.hazards)
    level = plan.alarm.fail_safe_level.name
    verify = say.span(plan.alarm.verify_within)
    signals = say.of("、", ", ").join(say.text(signal.title) for signal in plan.signals)
    lines = [say.of(f"适用：{hazards}", f"For: {hazards}")]
    if signals:
        lines.append(say.of(f"监测：{signals}", f"Watched: {signals}"))
    lines.append(
        say.of(
            f"警情须在 {verify}内核实；未核实则自动启动{level}级响应",
            f"An alarm is verified within {verify}; else the response begins at level {level}",
        )
    )
    return Stage(
        "begin",
        say.of("发现、报警或监测触发", "A signal, an alarm, or a report"),
        lines=lines,
        then=say.of("可能影响秩序：预警", "order may be affected: warning"),
        detours=[
            Detour("right", "response", say.of("已发生：直接响应", "it has happened: respond"))
        ],
    )


def _warning(say: Localizer) -> Stage:
    chips = [
        Chip(say.text(COLOURS[rule.colour]), str(rule.colour), say.text(rule.criteria))
        for rule in say.plan.warnings
    ]
    cadence = [_cadence(say, Phase.WARNING)]
    notes = [line for line in cadence if line]
    return Stage(
        Phase.WARNING,
        say.text(PHASES[Phase.WARNING]),
        chips=chips,
        lines=[_tasks(say, Phase.WARNING)],
        notes=notes,
    )


def _decision(say: Localizer) -> Stage:
    command = say.plan.posts[say.plan.command.post]
    chain = say.of("，其次 ", ", then ").join(
        say.text(say.plan.people[name].title) for name in (command.holder, *command.deputies)
    )
    accept = say.span(say.plan.command.accept_within)
    return Stage(
        "decision",
        say.of("是否启动响应？", "Does the response begin?"),
        "gate",
        lines=[say.of(f"指挥：{chain}", f"In command: {chain}")],
        notes=[
            say.of(
                f"{accept}内不应答，由下一位接替指挥",
                f"Who doesn't answer within {accept} is succeeded by the next",
            )
        ],
        then=say.of("启动", "yes"),
        detours=[
            Detour("left", "closed", say.of("危险消除：解除预警", "the danger is over: stood down"))
        ],
    )


def _response(say: Localizer) -> Stage:
    plan = say.plan
    chips = [
        Chip(
            f"{rule.level.name}",
            "level",
            say.text(rule.criteria),
            say.of(
                f"决定：{say.posts(rule.decided_by)}", f"Decided by: {say.posts(rule.decided_by)}"
            )
            + (
                say.of("；达到条件自动启动", "; begins by itself when met")
                if rule.automatic
                else ""
            ),
        )
        for rule in sorted(plan.levels, key=lambda rule: rule.level)
    ]
    notice = say.span(plan.notices.first_within)
    return Stage(
        Phase.RESPONSE,
        say.text(PHASES[Phase.RESPONSE]),
        chips=chips,
        lines=[
            _tasks(say, Phase.RESPONSE),
            say.of(f"{notice}内发布首次公告", f"The first public notice within {notice}"),
        ],
        notes=[line for line in (_cadence(say, Phase.RESPONSE),) if line],
    )


def _aftermath(say: Localizer) -> Stage:
    titles = [say.text(task.title) for task in say.plan.tasks if task.phase is Phase.AFTERMATH]
    return Stage(
        Phase.AFTERMATH,
        say.text(PHASES[Phase.AFTERMATH]),
        lines=[_tasks(say, Phase.AFTERMATH)],
        notes=[f"· {title}" for title in titles],
    )


def _gate(say: Localizer, phase: GatePhase) -> Stage:
    title = {
        GatePhase.RESPONSE: say.of("能否终止响应？", "May the response end?"),
        GatePhase.AFTERMATH: say.of("能否结案？", "May the case be closed?"),
    }[phase]
    return Stage(
        f"gate-{phase}",
        title,
        "gate",
        lines=[f"□ {say.text(CONDITIONS[one])}" for one in say.plan.gate(phase)],
        notes=[
            say.of(
                "条件未满足时，指挥须说明理由方可越过，并记录在案",
                "Whoever commands may overrule it, with a reason that is recorded",
            )
        ],
        then=say.of("条件满足", "all of it is so"),
    )


def _cadence(say: Localizer, phase: Phase) -> str:
    """Say how often is reported in a phase."""
    return say.of("；", "; ").join(_rhythms(say, phase))


def _rhythms(say: Localizer, phase: Phase) -> Iterator[str]:
    for report in say.plan.reports:
        if phase not in report.phases:
            continue
        first, title = say.span(report.first_within), say.text(report.title)
        often = ""
        if phase is Phase.RESPONSE and report.every:
            each = ", ".join(f"{one.name} {say.span(span)}" for one, span in report.every.items())
            often = say.of(f"，此后每隔 {each}", f", then every {each}")
        elif phase is not Phase.RESPONSE and report.warning_every:
            span = say.span(report.warning_every)
            often = say.of(f"，此后每隔 {span}", f", then every {span}")
        yield say.of(f"{title}：{first}内{often}", f"{title}: within {first}{often}")
