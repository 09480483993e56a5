"""`muster resource` and `muster contact`: what an emergency draws on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer
from muster.v1.common_pb2 import ChannelKind
from muster.v1.resource_service_pb2 import (
    Channel,
    ListContactsRequest,
    ListContactsResponse,
    ListUnitsRequest,
    ListUnitsResponse,
    RegisterContactRequest,
    Unit,
)
from rich.table import Table

from services.cli.input import personal_text
from services.cli.input.options import number_of
from services.cli.input.personal_text import text_of
from services.cli.output.answers import grid, named
from services.cli.session.contract import RESOURCE_SERVICE, commands
from services.cli.session.contract_commands import add_command, kebab, new_context
from services.cli.session.session import Session, action
from services.runtime.vocabulary import Language, word

app = typer.Typer(no_args_is_help=True, help="Units that can be sent.")
contacts = typer.Typer(no_args_is_help=True, help="People and channels that can be reached.")

NAMES = {"PutUnitOutOfService": "out-of-service", "ReturnUnitToService": "in-service"}
"""Shorter than the methods' own."""

BY_HAND = frozenset({"RegisterContact"})
"""Methods whose command is written below, because its fields read badly as options."""

PAGE = 500

for method in commands(RESOURCE_SERVICE):
    if method.name not in BY_HAND:
        name = NAMES.get(method.name, kebab(method.name))
        add_command(app, method, role="logistics", name=name)


@action(app, "list", role="operator")
async def list_units(
    session: Session,
    kind: Annotated[str, typer.Option(help="Only of this kind.")] = "",
    venue: Annotated[str, typer.Option(help="Only those that serve this venue.")] = "",
) -> None:
    """List the units: where they wait, and for whom they are reserved."""
    request = ListUnitsRequest(resource_kind=kind, venue=venue, page_size=PAGE)
    answer = ListUnitsResponse()
    while True:
        page = await session.connection.resources.ListUnits(request, **session.connection.call)
        answer.MergeFrom(page)
        answer.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    session.output.show(answer, lambda: _units(answer.units, session.output.language))


@action(contacts, "register", role="planner")
async def register_contact(  # noqa: PLR0913, PLR0917 - its options
    session: Session,
    person: Annotated[str, typer.Argument(metavar="PERSON", help="As plans name them.")],
    name: Annotated[
        str,
        typer.Option(help=f"Sealed before it is recorded. {personal_text.HINT}", parser=text_of),
    ] = "",
    channel: Annotated[
        list[str] | None,
        typer.Option(
            help="As `mail=who@example.org`, or `mail=@FILE`; may be given several times."
        ),
    ] = None,
    exercise_channel: Annotated[
        list[str] | None, typer.Option(help="As `channel`, for exercises only.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Say how a person or a public channel is reached, in the order to try."""
    request = RegisterContactRequest(
        context=new_context(reason),
        person=person,
        name=name or None,
        channels=[
            *(_channel(text, exercise=False) for text in channel or ()),
            *(_channel(text, exercise=True) for text in exercise_channel or ()),
        ],
    )
    answer = await session.connection.resources.RegisterContact(request, **session.connection.call)
    session.output.show(answer, lambda: f"{person}: {', '.join(answer.kinds) or '—'}")


@action(contacts, "list", role="operator")
async def list_contacts(session: Session) -> None:
    """List the contacts, without names and addresses."""
    request, answer = ListContactsRequest(page_size=PAGE), ListContactsResponse()
    while True:
        page = await session.connection.resources.ListContacts(request, **session.connection.call)
        answer.MergeFrom(page)
        answer.next_page_token = request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    session.output.show(answer, lambda: _contacts(answer, session.output.language))


def _channel(text: str, *, exercise: bool) -> Channel:
    kind, mark, address = text.partition("=")
    kinds = ChannelKind.DESCRIPTOR
    try:
        number = number_of(kinds, kind.strip())
    except KeyError:
        number = 0
    if not mark or not number:
        raise typer.BadParameter(f"{text!r} is no channel; write mail=ADDRESS or webhook=URL")
    channel = Channel(address=text_of(address.strip()), exercise=exercise)
    channel.kind = number  # type: ignore[assignment] # just looked up
    return channel


def _units(units: Iterable[Unit], language: Language) -> Table:
    rows = [
        [
            unit.unit,
            unit.resource_kind,
            (unit.title.zh if language == "zh" else unit.title.en) or unit.title.zh,
            unit.venue,
            f"{unit.x:g}, {unit.y:g}",
            word("status", named(unit, "status"), language),
            unit.incident_id or unit.cause,
        ]
        for unit in units
    ]
    columns = ("unit", "kind", "title", "venue", "place", "status", "incident")
    return grid(columns, rows, language)


def _contacts(answer: ListContactsResponse, language: Language) -> Table:
    rows = []
    for contact in answer.contacts:
        ways = [
            word("channel", named(one, "kind"), language)
            + (f" ({word('mode', 'exercise', language)})" if one.exercise else "")
            for one in contact.channels
        ]
        rows.append([contact.person, ", ".join(ways)])
    return grid(("person", "channels"), rows, language)
