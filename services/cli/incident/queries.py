"""`muster incident`: what may be asked of an incident, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer
from google.protobuf.timestamp_pb2 import Timestamp
from muster.v1.incident_commands_pb2 import PersonConcern
from muster.v1.incident_pb2 import Incident, IncidentSummary
from muster.v1.incident_service_pb2 import (
    GetIncidentRequest,
    GetStandingRequest,
    GetStandingResponse,
    ListIncidentsRequest,
    ListIncidentsResponse,
)
from rich.console import Group, RenderableType
from rich.table import Table

from services.api.messages.plan_ref import edition
from services.cli.incident.accesses import ReasonOption
from services.cli.incident.watch import watch
from services.cli.output.answers import Output, grid, named
from services.cli.session.contract import INCIDENT_SERVICE, commands
from services.cli.session.contract_commands import add_command
from services.cli.session.session import Session, action
from services.runtime.vocabulary import Language, date_and_clock, heading, span, word

app = typer.Typer(no_args_is_help=True, help="Incidents: every command, and what is known.")

IncidentArgument = Annotated[str, typer.Argument(metavar="INCIDENT", help="A UUID.")]

AS_OPERATOR = "operator"


@action(app, "list", role=AS_OPERATOR)
async def list_incidents(
    session: Session,
    filter: Annotated[  # noqa: A002 - as the contract calls it
        str, typer.Option(help='Such as `phase = response AND venue = "riverside-mall"`.')
    ] = "",
    order_by: Annotated[str, typer.Option(help="Such as `opened_at desc, venue`.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
) -> None:
    """List incidents, the newest first."""
    request = ListIncidentsRequest(filter=filter, order_by=order_by)
    answer = ListIncidentsResponse()
    while len(answer.incidents) < limit:
        request.page_size = min(limit - len(answer.incidents), 500)
        page = await session.connection.incidents.ListIncidents(request, **session.connection.call)
        answer.MergeFrom(page)
        answer.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    session.output.show(answer, lambda: _listed(answer.incidents, session.output.language))


@action(app, "get", role=AS_OPERATOR)
async def get_incident(
    session: Session, incident: IncidentArgument, reason: ReasonOption = ""
) -> None:
    """Show an incident as it is now."""
    request = GetIncidentRequest(incident_id=incident, reason=reason)
    answer = await session.connection.incidents.GetIncident(request, **session.connection.call)
    session.output.show(answer, lambda: state(answer, session.output))


@action(app, "standing", role=AS_OPERATOR)
async def standing(session: Session, incident: IncidentArgument) -> None:
    """Ask the running workflow what it knows, waits for and is working on."""
    request = GetStandingRequest(incident_id=incident)
    answer = await session.connection.incidents.GetStanding(request, **session.connection.call)
    session.output.show(answer, lambda: _standing(answer, session.output))


action(app, "watch", role=AS_OPERATOR)(watch)

for method in commands(INCIDENT_SERVICE):
    add_command(app, method, role="commander")


def state(incident: Incident, output: Output) -> RenderableType:
    """Lay out where an incident stands."""
    language = output.language
    parts: list[RenderableType] = [_head(incident, language)]
    for columns, rows in (
        (("post", "person", "status"), _posts(incident, output)),
        (("task", "post", "status"), _tasks(incident, language)),
        (("unit", "work", "status"), _units(incident, language)),
        (("deadline", "due"), _deadlines(incident)),
        (("person", "concern"), _people(incident, language)),
        (("hold", "authority", "person"), _holds(incident)),
    ):
        if listed := list(rows):
            parts += ["", grid(columns, listed, language)]
    return Group(*parts)


def moment(at: Timestamp) -> datetime:
    """Return a moment of the contract."""
    return at.ToDatetime(UTC)


def _listed(incidents: Iterable[IncidentSummary], language: Language) -> Table:
    columns = ("incident", "venue", "hazard", "phase", "level", "mode", "commander", "opened")
    rows = [_summary(one, language) for one in incidents]
    return grid(columns, rows, language)


def _summary(one: IncidentSummary, language: Language) -> list[str]:
    return [
        one.incident_id,
        one.venue,
        word("hazard", named(one, "hazard"), language),
        word("phase", named(one, "phase"), language),
        named(one, "level").upper() if one.HasField("level") else "",
        word("mode", named(one, "mode"), language),
        one.commander,
        date_and_clock(moment(one.opened_at)),
    ]


def _head(incident: Incident, language: Language) -> Table:
    table = grid(("field", "state"), (), language)
    level = named(incident, "level").upper() if incident.HasField("level") else ""
    warned = named(incident.warning, "colour") if incident.HasField("warning") else ""
    rows = {
        "incident": incident.incident_id,
        "phase": word("phase", named(incident, "phase"), language),
        "level": level,
        "colour": word("colour", warned, language),
        "venue": incident.venue,
        "hazard": word("hazard", named(incident, "hazard"), language),
        "mode": f"{word('mode', named(incident, 'mode'), language)} × {incident.pace:g}",
        "plan": f"{incident.plan.id} v{edition(incident.plan)} {incident.plan.hash[:12]}",
        "version": str(incident.version),
        "position": str(incident.position),
    }
    for name, value in rows.items():
        if value:
            table.add_row(heading(name, language), value)
    return table


def _posts(incident: Incident, output: Output) -> Iterator[list[str]]:
    for post, holding in sorted(incident.posts.items()):
        in_vain = ", ".join(holding.passed_over)
        if holding.held_by:
            status = output.said("在任", "holds")
        elif holding.offered_to:
            status = output.said("已请，待答复", "offered")
        else:
            status = output.said("空缺", "vacant")
        if in_vain:
            status += output.said(f"（未应答：{in_vain}）", f" (in vain: {in_vain})")
        yield [post, holding.held_by or holding.offered_to, status]


def _tasks(incident: Incident, language: Language) -> Iterator[list[str]]:
    for name, task in sorted(incident.tasks.items()):
        status = word("status", named(task, "status"), language)
        steps = f" +{task.step}" if task.step else ""
        late = " !" if task.overdue else ""
        yield [name, task.post, f"{status}{steps}{late}"]


def _units(incident: Incident, language: Language) -> Iterator[list[str]]:
    for name, unit in sorted(incident.units.items()):
        yield [name, unit.request, word("status", named(unit, "status"), language)]


def _people(incident: Incident, language: Language) -> Iterator[list[str]]:
    for name, concern in sorted(incident.people.items()):
        known = PersonConcern.Name(concern).removeprefix("PERSON_CONCERN_").lower()
        yield [name, word("concern", known, language)]


def _holds(incident: Incident) -> Iterator[list[str]]:
    for name, hold in sorted(incident.legal_holds.items()):
        yield [name, hold.authority, hold.person]


def _deadlines(incident: Incident) -> Iterator[list[str]]:
    for deadline in incident.deadlines:
        at = moment(deadline.due_at)
        yield [f"{named(deadline, 'kind')}/{deadline.subject}", _in(at)]


def _standing(answer: GetStandingResponse, output: Output) -> RenderableType:
    language = output.language
    behind = output.said(f"落后 {answer.behind}", f"{answer.behind} behind")
    head = grid(("incident", "phase", "version", "state"), (), language)
    phase = word("phase", named(answer, "phase"), language)
    seen = f"{answer.version_seen}/{answer.version} ({behind})"
    head.add_row(answer.incident_id, phase, seen, answer.status)
    parts: list[RenderableType] = [head]
    if answer.HasField("next_deadline"):
        due = answer.next_deadline
        row = [f"{named(due, 'kind')}/{due.subject}", _in(moment(due.due_at))]
        parts += ["", grid(("deadline", "due"), [row], language)]
    if answer.outstanding:
        works: list[list[str]] = [
            [f"{named(one, 'kind')}/{one.subject}"] for one in answer.outstanding
        ]
        parts += ["", grid(("work",), works, language)]
    if answer.pending_activities:
        rows = [
            [one.type, one.state, str(one.attempt), one.last_failure]
            for one in answer.pending_activities
        ]
        parts += ["", grid(("work", "state", "attempts", "why"), rows, language)]
    return Group(*parts)


def _in(at: datetime) -> str:
    left = at - datetime.now(UTC)
    return f"{date_and_clock(at)} ({'-' if left.total_seconds() < 0 else ''}{span(abs(left))})"
