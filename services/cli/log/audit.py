"""`muster replay` and `muster verify`: what happened, how it stood, whether the log proves it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from muster.v1.audit_service_pb2 import (
    ListCaseAccessesResponse,
    StateAtRequest,
    TimeAxis,
    VerifyRequest,
    VerifyResponse,
)
from muster.v1.incident_pb2 import Incident
from rich.console import Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from eventstore.log.events import StoredEvent
from services.cli.incident.accesses import ReasonOption, listed, of_case_if_allowed
from services.cli.incident.queries import state
from services.cli.incident.timeline import corrections, lines, table
from services.cli.incident.watch import said
from services.cli.input import moments
from services.cli.output.answers import Output, plain
from services.cli.output.failure import Failure
from services.cli.session import events
from services.cli.session.session import Session
from services.runtime.exit_codes import Exit

AtOption = Annotated[
    str,
    typer.Option("--at", help="As of a version, such as `12`, or of an instant, such as `14:30`."),
]


class Clock(StrEnum):
    """By which clock an instant is meant."""

    RECORDED = "recorded"
    TRUE = "true"


async def replay(  # noqa: PLR0913 - its options
    session: Session,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="A UUID.")],
    at: AtOption = "",
    clock: Annotated[
        Clock,
        typer.Option(help="As recorded by an instant, or as true then, known today."),
    ] = Clock.RECORDED,
    *,
    step: Annotated[bool, typer.Option("--step", help="One event at a time.")] = False,
    reason: ReasonOption = "",
) -> None:
    """Replay a case from its log: who did what, when and why, and how it stood then."""
    request = _moment(incident, at)
    request.axis = TimeAxis.Value(f"TIME_AXIS_{clock.name}")
    request.reason = reason
    history = await events.of_incident(session.connection, incident, reason)
    stood = await session.connection.audit.StateAt(request, **session.connection.call)
    read_by = await of_case_if_allowed(session.connection, incident)
    shown = [event for event in history if _is_shown(event, request, stood)]
    if step and not session.output.as_json:
        _step_through(shown, session.output)
    session.output.show(
        {"state": plain(stood), "timeline": _as_json(shown), "accesses": plain(read_by.accesses)},
        lambda: _replayed(shown, stood, read_by, session.output),
    )


async def verify(
    session: Session,
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="A UUID; the whole log if left out.")
    ] = "",
) -> None:
    """Check every seal, version and position. Exit code 5 when something is wrong."""
    request = VerifyRequest(stream=f"incident/{incident}" if incident else "")
    last = await _checked(session, request)
    session.output.show(last, lambda: _verified(last, session.output))
    if not last.sound:
        raise Failure(
            Exit.VERIFICATION_FAILED,
            "LOG_NOT_SOUND",
            session.output.said(
                f"发现 {len(last.flaws)} 处问题", f"{len(last.flaws)} flaws were found"
            ),
        )


async def _checked(session: Session, request: VerifyRequest) -> VerifyResponse:
    """Follow a check to its end, with a bar for people, and gather the flaws."""
    answer = VerifyResponse()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    quiet = session.output.as_json
    console = session.output.console
    with Progress(*columns, console=console, transient=True, disable=quiet) as bar:
        task = bar.add_task(session.output.said("核验", "verifying"), total=None)
        connection = session.connection
        async for step in connection.audit.Verify(request):
            flaws = [*answer.flaws, *step.flaws]
            answer.CopyFrom(step)
            del answer.flaws[:]
            answer.flaws.extend(flaws)
            bar.update(task, completed=step.checked, total=step.total)
    return answer


def _verified(answer: VerifyResponse, output: Output) -> RenderableType:
    flaws = [
        Text(f"{flaw.stream} v{flaw.version} @{flaw.position}: {flaw.what}", style="red")
        for flaw in answer.flaws
    ]
    outcome = output.said(
        f"核验 {answer.checked} 条，至位置 {answer.position}：{'完好' if answer.sound else '有误'}",
        f"{answer.checked} events verified up to position {answer.position}: "
        f"{'sound' if answer.sound else 'NOT SOUND'}",
    )
    style = "bold green" if answer.sound else "bold red"
    shown = [*flaws, Text(_compared(answer, output), style="dim"), Text(outcome, style=style)]
    if answer.HasField("divergence"):
        shown.append(Text(_refusing(answer.divergence.divergence, output), style="bold red"))
    return Group(*shown)


def _refusing(divergence: str, output: Output) -> str:
    return output.said(
        f"复核属实，停止记录；管理员可用 `muster acknowledge {divergence}` 确认",
        "found twice, so nothing is recorded any more; "
        f"`muster acknowledge {divergence}` lets the log go on",
    )


def _compared(answer: VerifyResponse, output: Output) -> str:
    """Say which checkpoint the events were compared with."""
    if not answer.HasField("checkpoint"):
        return output.said("尚无签名的检查点可比", "nothing was signed yet to compare it with")
    size, root = answer.checkpoint.size, answer.checkpoint.root.hex()
    return output.said(
        f"与前 {size} 条的签名检查点比对，树根 {root}",
        f"compared with the checkpoint over the first {size} events, root {root}",
    )


def _is_shown(event: StoredEvent, request: StateAtRequest, stood: Incident) -> bool:
    if request.axis == TimeAxis.TIME_AXIS_TRUE:
        return event.occurred_at <= request.instant.ToDatetime(tzinfo=UTC)
    return event.version <= stood.version


def _moment(incident: str, at: str) -> StateAtRequest:
    if not at:
        return StateAtRequest(incident_id=incident)
    if at.isdecimal():
        return StateAtRequest(incident_id=incident, version=int(at))
    request = StateAtRequest(incident_id=incident)
    request.instant.FromDatetime(moments.moment_of(at, datetime.now(UTC).astimezone()))
    return request


def _replayed(
    shown: list[StoredEvent], stood: Incident, read_by: ListCaseAccessesResponse, output: Output
) -> RenderableType:
    title = output.said(f"截至第 {stood.version} 条", f"As of version {stood.version}")
    timeline = table(list(lines(shown, output.language)), output.language)
    parts: list[RenderableType] = [timeline, "", Text(title, style="bold"), state(stood, output)]
    if read_by.accesses:
        heading = output.said("查阅、导出与查看个人信息", "Read, exported and disclosed")
        parts += ["", listed(read_by, output, heading)]
    return Group(*parts)


def _step_through(shown: list[StoredEvent], output: Output) -> None:
    """Show one event after the other, each when somebody presses Enter."""
    console = output.console
    for line in said(shown, output):
        console.print(line)
        try:
            console.input("")
        except EOFError:
            return


def _as_json(shown: Sequence[StoredEvent]) -> list[dict[str, object]]:
    corrected = corrections(shown)
    return [_event(one) | _corrected(corrected.get(one.version)) for one in shown]


def _corrected(by: int | None) -> dict[str, object]:
    return {} if by is None else {"corrected_by": by}


def _event(event: StoredEvent) -> dict[str, object]:
    """Return an event with its data and meta as text, as they were hashed."""
    return {
        "position": event.position,
        "version": event.version,
        "recorded_at": event.recorded_at.isoformat(),
        "occurred_at": event.occurred_at.isoformat(),
        "event_id": str(event.event_id),
        "type": event.type,
        "data": event.data,
        "meta": event.meta,
        "hash": event.hash.hex(),
    }
