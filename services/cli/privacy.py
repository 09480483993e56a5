"""`muster erase`, `erasures`, `hold`, `disclose`, `disclosures`: what is known of people."""

from __future__ import annotations

from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from muster.v1.privacy_service_pb2 import (
    DisclosePersonalDataRequest,
    DisclosePersonalDataResponse,
    ErasePersonalDataRequest,
    Erasure,
    LegalBasis,
    LiftLegalHoldRequest,
    ListDisclosuresRequest,
    ListDisclosuresResponse,
    ListErasuresRequest,
    ListErasuresResponse,
    PlaceLegalHoldRequest,
)
from rich.console import Group

from services.cli.input.options import number_of
from services.cli.output.answers import grid, named
from services.cli.session.contract_commands import new_context
from services.cli.session.session import Session, action
from services.runtime.vocabulary import Language, date_and_clock, either, heading, word

if TYPE_CHECKING:
    from muster.v1.common_pb2 import Receipt
    from rich.table import Table

hold = typer.Typer(no_args_is_help=True, help="What an authority needs may not be erased.")

PREFIX = "LEGAL_BASIS_"

PAGE = 500

Basis = StrEnum(  # type: ignore[misc] # of the contract's own values
    "Basis",
    {
        name: name.removeprefix(PREFIX).lower().replace("_", "-")
        for name, number in LegalBasis.items()
        if number
    },
)

PersonArgument = Annotated[
    str, typer.Argument(metavar="PERSON", help="As the incident, or plans, name them.")
]
IncidentOption = Annotated[
    str, typer.Option("--incident", help="A UUID; the directory of contacts if left out.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why. It must name nobody.")]


async def erase(
    session: Session,
    basis: Annotated[Basis, typer.Option("--basis", help="Under which law.")],
    reason: ReasonOption,
    person: Annotated[
        str,
        typer.Argument(metavar="[PERSON]", help="Everybody of the incident if left out."),
    ] = "",
    incident: IncidentOption = "",
) -> None:
    """Order to erase what is known of a person: recorded for good; the keys here are destroyed."""
    request = ErasePersonalDataRequest(
        context=new_context(reason), incident_id=incident, person=person or None
    )
    request.basis = number_of(LegalBasis.DESCRIPTOR, basis.name.removeprefix(PREFIX))  # type: ignore[assignment] # one of them
    receipt = await session.connection.privacy.ErasePersonalData(request, **session.connection.call)
    ordered = ListErasuresResponse()
    if not session.output.as_json:
        ordered = await _erasures(session, incident, person)
    session.output.show(receipt, lambda: _ordered(receipt, ordered, session.output.language))


async def erasures(
    session: Session,
    person: Annotated[
        str,
        typer.Argument(metavar="[PERSON]", help="Everybody of the incident if left out."),
    ] = "",
    incident: IncidentOption = "",
) -> None:
    """List what was ordered to be erased, when keys were destroyed, and until when copies last."""
    answer = await _erasures(session, incident, person)
    session.output.show(answer, lambda: _certificates(answer, session.output.language))


async def _erasures(session: Session, incident: str, person: str) -> ListErasuresResponse:
    request = ListErasuresRequest(incident_id=incident, person=person, page_size=PAGE)
    answer = ListErasuresResponse()
    while True:
        page = await session.connection.privacy.ListErasures(request, **session.connection.call)
        answer.erasures.extend(page.erasures)
        request.after = page.next_after
        if not page.next_after:
            return answer


@action(hold, "place", role="administrator")
async def place(  # noqa: PLR0913, PLR0917 - its options
    session: Session,
    name: Annotated[str, typer.Argument(metavar="HOLD", help="A new name for it.")],
    authority: Annotated[str, typer.Option(help="A court, an office; no person's name.")],
    reason: ReasonOption,
    person: Annotated[str, typer.Option(help="Whose data; everybody's of the incident.")] = "",
    incident: IncidentOption = "",
) -> None:
    """Forbid to erase anything while an authority needs it."""
    request = PlaceLegalHoldRequest(
        context=new_context(reason),
        incident_id=incident,
        hold=name,
        person=person or None,
        authority=authority,
    )
    receipt = await session.connection.privacy.PlaceLegalHold(request, **session.connection.call)
    session.output.show(receipt, lambda: _kept(receipt, session.output.language))


@action(hold, "lift", role="administrator")
async def lift(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="HOLD", help="Its name.")],
    reason: ReasonOption,
    person: Annotated[str, typer.Option(help="The contact, where it is about one.")] = "",
    incident: IncidentOption = "",
) -> None:
    """Say that the authority does not need it any more."""
    request = LiftLegalHoldRequest(
        context=new_context(reason), incident_id=incident, hold=name, person=person
    )
    receipt = await session.connection.privacy.LiftLegalHold(request, **session.connection.call)
    session.output.show(receipt, lambda: _kept(receipt, session.output.language))


async def disclose(
    session: Session,
    person: PersonArgument,
    reason: ReasonOption,
    incident: IncidentOption = "",
) -> None:
    """Show what is known of a person, or what was ordered erased. Who is shown it is recorded."""
    request = DisclosePersonalDataRequest(
        context=new_context(reason), incident_id=incident, person=person
    )
    answer = await session.connection.privacy.DisclosePersonalData(
        request, **session.connection.call
    )
    session.output.show(answer, lambda: _disclosed(answer, session.output.language))


async def disclosures(
    session: Session,
    person: Annotated[str, typer.Option(help="Only about this person.")] = "",
    actor: Annotated[str, typer.Option(help="Only what this actor was shown.")] = "",
    incident: Annotated[str, typer.Option("--incident", help="Only of this incident.")] = "",
) -> None:
    """List who was shown whose personal data, when and why."""
    request = ListDisclosuresRequest(
        incident_id=incident, person=person, actor=actor, page_size=PAGE
    )
    answer = ListDisclosuresResponse()
    while True:
        page = await session.connection.privacy.ListDisclosures(request, **session.connection.call)
        answer.disclosures.extend(page.disclosures)
        request.after = page.next_after
        if not page.next_after:
            break
    session.output.show(answer, lambda: _listed(answer, session.output.language))


def tombstone(erasure: Erasure, language: Language) -> str:
    """Say what is proven of an erasure: ordered when, carried out here when, copies until when."""
    at = date_and_clock(erasure.erased_at.ToDatetime(UTC))
    law = word("basis", named(erasure, "basis"), language)
    ordered = either(
        language,
        f"已于 {at} 依据{law}命令删除（{erasure.erased_by}，位置 {erasure.position}）",
        f"ordered to be erased on {at} under {law} by {erasure.erased_by}, "
        f"at position {erasure.position}",
    )
    parts = (ordered, _carried_out(erasure, language), _copies(erasure, language))
    return either(language, "；", "; ").join(parts)


def _carried_out(erasure: Erasure, language: Language) -> str:
    if erasure.keys_left:
        left = erasure.keys_left
        return either(language, f"本服务尚有 {left} 个密钥未销毁", f"{left} keys not destroyed yet")
    if not erasure.HasField("carried_out_at"):
        return either(
            language,
            "本服务的密钥库没有这些密钥的记录",
            "the vault here has no record of the keys",
        )
    at = date_and_clock(erasure.carried_out_at.ToDatetime(UTC))
    if erasure.shares_destroyed:
        return either(
            language,
            f"本服务的密钥及其库外分片已于 {at} 销毁",
            f"keys here, and their shares outside the database, destroyed on {at}",
        )
    return either(language, f"本服务的密钥已于 {at} 销毁", f"keys here destroyed on {at}")


def _copies(erasure: Erasure, language: Language) -> str:
    if erasure.HasField("copies_until"):
        until = date_and_clock(erasure.copies_until.ToDatetime(UTC))
        return either(
            language,
            f"密钥备份中可能留有副本，最后一份须在 {until} 前清除，清除前仍可能读出",
            f"backups of the keys may hold them and could be read: the last is to be removed by "
            f"{until}",
        )
    if erasure.keys_unknown:
        return either(language, "备份中的副本情况不明", "of copies in backups nothing is known")
    return either(
        language,
        "本服务没有未到期且含这些密钥的备份",
        "no backup of the keys that was made here and has not expired holds them",
    )


def _disclosed(answer: DisclosePersonalDataResponse, language: Language) -> Table:
    table = grid(("field", "state"), (), language)
    table.add_row(heading("person", language), answer.person)
    if answer.HasField("erasure"):
        table.add_row(heading("state", language), tombstone(answer.erasure, language))
        return table
    left = either(
        language,
        f"位置 {answer.receipt.position}，本小时还可查看 {answer.left} 次",
        f"at position {answer.receipt.position}; {answer.left} more within the hour",
    )
    rows = {
        "concern": word("concern", named(answer, "concern"), language) if answer.concern else "",
        "name": answer.name,
        "contacts": "\n".join(answer.contacts),
        "particulars": answer.particulars,
        "recorded": left,
    }
    for name, value in rows.items():
        if value:
            table.add_row(heading(name, language), value)
    return table


def _listed(answer: ListDisclosuresResponse, language: Language) -> Table:
    rows = [
        [
            date_and_clock(one.at.ToDatetime(UTC)),
            f"{one.on_behalf_of} ({one.actor})" if one.on_behalf_of else one.actor,
            one.person,
            one.incident_id,
            one.reason,
            str(one.position),
        ]
        for one in answer.disclosures
    ]
    return grid(("recorded", "who", "person", "incident", "why", "position"), rows, language)


def _ordered(receipt: Receipt, ordered: ListErasuresResponse, language: Language) -> Group:
    return Group(_kept(receipt, language), _certificates(ordered, language))


def _certificates(answer: ListErasuresResponse, language: Language) -> Table:
    rows = [[one.person, tombstone(one, language)] for one in answer.erasures]
    return grid(("person", "state"), rows, language)


def _kept(receipt: Receipt, language: Language) -> str:
    kinds = ", ".join(receipt.kinds) or either(language, "本已如此", "it is already so")
    return f"{kinds}  {receipt.stream} v{receipt.version} @{receipt.position}"
