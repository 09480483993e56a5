"""`muster diff`: what changed in an incident between two moments, and which events changed it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from muster.v1.audit_service_pb2 import Change, DiffRequest, DiffResponse, Moment
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from services.cli.incident.accesses import ReasonOption
from services.cli.input import moments
from services.cli.output.answers import Output, plain
from services.cli.session.session import Session
from services.runtime.vocabulary import date_and_clock

MOMENT = "A version, such as `12`, or an instant, such as `14:30`."
VALUE_WIDTH = 44


async def diff(
    session: Session,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="A UUID.")],
    first: Annotated[str, typer.Argument(metavar="FROM", help=MOMENT)] = "",
    last: Annotated[str, typer.Argument(metavar="TO", help=f"{MOMENT} Now if left out.")] = "",
    reason: ReasonOption = "",
) -> None:
    """Say what changed between two moments of a case, by whom and why."""
    moments = {"from": _moment(first), "to": _moment(last)}
    request = DiffRequest(incident_id=incident, reason=reason, **moments)
    found = DiffResponse()
    async for step in session.connection.audit.Diff(request):
        found.MergeFrom(step)
    session.output.show(
        {
            "from_version": found.from_version,
            "to_version": found.to_version,
            "changes": [_as_json(change) for change in found.changes],
        },
        lambda: _compared(found, session.output),
    )


def _moment(text: str) -> Moment:
    if not text:
        return Moment()
    if text.isdecimal():
        return Moment(version=int(text))
    moment = Moment()
    moment.instant.FromDatetime(moments.moment_of(text, datetime.now(UTC).astimezone()))
    return moment


def _as_json(change: Change) -> dict[str, object]:
    values = {"before": change.before, "after": change.after}
    said = {name: json.loads(value) for name, value in values.items() if value}
    causes = [plain(cause) for cause in change.causes]
    return {"path": change.path, **said, "times": change.times, "causes": causes}


def _compared(found: DiffResponse, output: Output) -> RenderableType:
    columns = output.said("位置 原为 现为 经由", "where was is by").split()
    table = Table(*columns, title_justify="left")
    for change in found.changes:
        before, after = (_short(value) for value in (change.before, change.after))
        table.add_row(change.path, before, after, Text("\n").join(_causes(change, output)))
    outcome = output.said(
        f"第 {found.from_version} 条之后至第 {found.to_version} 条：{len(found.changes)} 处变化",
        f"{len(found.changes)} changes after version {found.from_version}, "
        f"up to version {found.to_version}",
    )
    return Group(table, Text(outcome, style="bold"))


def _causes(change: Change, output: Output) -> Iterator[Text]:
    """Say the newest event that changed a place, and how many others did."""
    cause = change.causes[0]
    at = date_and_clock(cause.recorded_at.ToDatetime(tzinfo=UTC))
    line = Text(f"v{cause.version} {cause.type} · {cause.actor} · {at}")
    yield line.append(f" · {cause.reason}", style="dim") if cause.reason else line
    if change.times > 1:
        more = output.said(f"此前 {change.times - 1} 条", f"and {change.times - 1} before")
        yield Text(more, style="dim")


def _short(value: str) -> str:
    return value if len(value) <= VALUE_WIDTH else f"{value[: VALUE_WIDTH - 1]}…"
