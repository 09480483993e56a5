"""`muster watch`: what happens, as it happens; taken up where it was when the service restarts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from muster.v1.incident_service_pb2 import WatchIncidentsResponse
from rich.console import Console
from rich.text import Text

from eventstore.log.events import StoredEvent
from services.cli.incident.accesses import ReasonOption
from services.cli.incident.timeline import Line, colour_of, lines
from services.cli.output.answers import Output
from services.cli.session import events
from services.cli.session.session import Session
from services.runtime.vocabulary import clock


async def watch(
    session: Session,
    incident: Annotated[
        str, typer.Argument(metavar="[INCIDENT]", help="A UUID; every incident if left out.")
    ] = "",
    resume_token: Annotated[str, typer.Option(help="Continue right after this step.")] = "",
    *,
    snapshot: Annotated[bool, typer.Option("--snapshot", help="Begin with how it stands.")] = False,
    reason: ReasonOption = "",
) -> None:
    """Follow what happens, until Ctrl-C. With `-o json`: one step of the stream a line."""
    console = session.output.console
    async for step in session.connection.watch(
        incident, resume_token=resume_token, include_snapshot=snapshot, reason=reason
    ):
        if session.output.as_json:
            session.output.line(step)
        else:
            _say(step, console, session.output)


def _say(step: WatchIncidentsResponse, console: Console, output: Output) -> None:
    match step.WhichOneof("step"):
        case "events":
            happened = [events.stored(event) for event in step.events.events]
            for text in said(happened, output):
                console.print(text, soft_wrap=True)
        case "snapshot":
            known = step.snapshot
            at = output.said(f"第 {known.version} 条", f"version {known.version}")
            console.print(Text(f"{known.incident_id} {known.venue} {at}", style="dim"))
        case _:
            pass


def said(happened: Sequence[StoredEvent], output: Output) -> list[Text]:
    """Say events, one line each."""
    shown = zip(happened, lines(happened, output.language), strict=True)
    return [_line(event, line) for event, line in shown]


def _line(event: StoredEvent, line: Line) -> Text:
    about = event.stream.partition("/")[2][:8]
    return Text.assemble(
        (f"{clock(line.recorded)} ", "dim"),
        (f"{about} {line.version:>4} ", "dim"),
        (f"{line.who:<20} ", "cyan"),
        (line.what, colour_of(line.kind)),
        (f"  {line.why}" if line.why else "", "dim"),
    )
