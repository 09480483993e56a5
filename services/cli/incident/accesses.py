"""`muster accesses`: who read a case, exported it or was shown personal data of it, and why."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Annotated

import grpc
import typer
from muster.v1.audit_service_pb2 import (
    CaseAccess,
    ListCaseAccessesRequest,
    ListCaseAccessesResponse,
)

from services.cli.output.answers import Output, grid, named
from services.cli.session.session import Session
from services.runtime.vocabulary import date_and_clock, word

if TYPE_CHECKING:
    from rich.table import Table

    from services.cli.session.connection import Connection

PAGE = 500

NOT_FOR_THEM = frozenset({grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNIMPLEMENTED})
"""How it shows that a caller may not list accesses, or that the service is an older one."""

ReasonOption = Annotated[
    str, typer.Option("--reason", envvar="MUSTER_REASON", help="Why you read it: it is recorded.")
]


async def accesses(
    session: Session,
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="A UUID.")],
) -> None:
    """List who read a case, exported it, or was shown personal data of it: when, and why."""
    answer = await of_case(session.connection, incident)
    session.output.show(answer, lambda: listed(answer, session.output))


async def of_case(connection: Connection, incident: str) -> ListCaseAccessesResponse:
    """Return all accesses to a case. Raises AioRpcError."""
    request = ListCaseAccessesRequest(incident_id=incident, page_size=PAGE)
    answer = ListCaseAccessesResponse()
    while True:
        page = await connection.audit.ListCaseAccesses(request, **connection.call)
        answer.accesses.extend(page.accesses)
        request.after = page.next_after
        if not page.next_after:
            return answer


async def of_case_if_allowed(connection: Connection, incident: str) -> ListCaseAccessesResponse:
    """Return all accesses to a case; none for a caller who may not list them."""
    try:
        return await of_case(connection, incident)
    except grpc.aio.AioRpcError as error:
        if error.code() in NOT_FOR_THEM:
            return ListCaseAccessesResponse()
        raise


def listed(answer: ListCaseAccessesResponse, output: Output, title: str | None = None) -> Table:
    """Lay accesses out, the first one first."""
    rows = [
        [
            date_and_clock(one.at.ToDatetime(UTC)),
            f"{one.on_behalf_of} ({one.actor})" if one.on_behalf_of else one.actor,
            _what(one, output),
            one.reason,
            str(one.position) if one.position else output.said("待补记", "to be appended"),
        ]
        for one in answer.accesses
    ]
    return grid(("recorded", "who", "what", "why", "position"), rows, output.language, title)


def _what(one: CaseAccess, output: Output) -> str:
    said = word("access", named(one, "kind"), output.language)
    if one.person:
        return f"{said} ({one.person})"
    if one.HasField("until"):
        until = date_and_clock(one.until.ToDatetime(UTC))
        said += output.said(f"（至 {until}）", f", until {until}")
    return said + output.said("，整个日志", ", of the whole log") if one.whole_log else said
