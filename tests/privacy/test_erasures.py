"""Of an erasure it is said what is known: ordered, carried out here, and until when copies last."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from muster.v1 import incident_commands_pb2, privacy_service_pb2

from eventstore.backup.vault_backup import save_vault
from eventstore.privacy.sealed import commitment_of
from eventstore.privacy.shares import Shares
from services.cli.privacy import tombstone
from services.client.client import context
from services.runtime.exit_codes import Exit
from tests.api.conftest import Service, opened, publish, running, settings_of
from tests.api.errors import refused
from tests.conftest import execute
from tests.services.running import muster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from eventstore.backup.manifest import VaultManifest
    from services.client.client import Client
    from tests.conftest import Database

MONTH = timedelta(days=30)
WHY = "The response is over"


@pytest.fixture
async def service(database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    settings = settings_of(database, tmp_path)
    chosen = settings.vault.model_copy(update={"shares_folder": tmp_path / "shares"})
    async with running(settings.model_copy(update={"vault": chosen})) as service:
        await publish(service)
        yield service


@pytest.fixture
async def administrator(service: Service) -> Client:
    return await service.client("administrator")


@pytest.fixture
async def incident(service: Service) -> str:
    """Return an incident with three witnesses on file."""
    found = (await opened(service)).incident_id
    operator = await service.client("operator")
    for name in ("witness-1", "witness-2", "witness-3"):
        request = incident_commands_pb2.RecordPersonRequest(
            context=context(),
            incident_id=found,
            person=name,
            concern=incident_commands_pb2.PERSON_CONCERN_WITNESS,
            name="Zhang Wei",
            contact="138 0000 0000",
        )
        await operator.incidents.RecordPerson(request)
    return found


async def erase(client: Client, incident: str, person: str | None = None) -> Any:
    request = privacy_service_pb2.ErasePersonalDataRequest(
        context=context(reason=WHY),
        incident_id=incident,
        person=person,
        basis=privacy_service_pb2.LEGAL_BASIS_PURPOSE_ACHIEVED,
    )
    return await client.privacy.ErasePersonalData(request)


async def listed(
    client: Client, incident: str, **said: Any
) -> Sequence[privacy_service_pb2.Erasure]:
    request = privacy_service_pb2.ListErasuresRequest(incident_id=incident, **said)
    return list((await client.privacy.ListErasures(request)).erasures)


async def backed_up(database: Database, folder: Path) -> VaultManifest:
    programs, shares = database.cluster.programs, Shares(folder / "shares")
    dsn, into = database.owner_dsn, folder / "keys"
    return (await save_vault(programs, dsn, into, bytes(32), MONTH, shares))[1]


async def test_it_is_said_when_it_was_ordered_and_when_keys_and_shares_were_destroyed(
    incident: str, administrator: Client
) -> None:
    receipt = await erase(administrator, incident, "witness-2")
    (found,) = await listed(administrator, incident)
    assert (found.person, found.position) == ("witness-2", receipt.position)
    assert (found.keys_left, found.keys_unknown, found.shares_destroyed) == (0, 0, True)
    ordered = found.erased_at.ToDatetime(UTC)
    assert ordered <= found.carried_out_at.ToDatetime(UTC) <= datetime.now(UTC)
    assert not found.HasField("copies_until"), "no backup was made"


async def test_it_is_said_until_when_backups_may_hold_the_key(
    incident: str, administrator: Client, database: Database, tmp_path: Path
) -> None:
    saved = await backed_up(database, tmp_path)
    await erase(administrator, incident, "witness-1")
    (found,) = await listed(administrator, incident)
    assert found.copies_until.ToDatetime(UTC) == saved.expires_at
    assert (await disclosed(administrator, incident)).erasure == found


async def test_a_service_whose_folder_is_away_serves_all_that_needs_no_share(
    service: Service, incident: str, tmp_path: Path
) -> None:
    away = service.settings.vault.model_copy(update={"shares_folder": tmp_path / "not-mounted"})
    async with running(service.settings.model_copy(update={"vault": away})) as other:
        assert (await opened(other)).incident_id
        async with refused() as told:
            await disclosed(await other.client("administrator"), incident)
    assert told.reason == "INTERNAL"
    assert (await disclosed(await service.client("administrator"), incident)).name == "Zhang Wei"


async def disclosed(client: Client, incident: str) -> Any:
    request = privacy_service_pb2.DisclosePersonalDataRequest(
        context=context(reason=WHY), incident_id=incident, person="witness-1"
    )
    return await client.privacy.DisclosePersonalData(request)


async def test_what_is_disclosed_comes_with_what_proves_it(
    incident: str, administrator: Client
) -> None:
    found = await disclosed(administrator, incident)
    assert [one.text for one in found.texts] == ["Zhang Wei", "138 0000 0000"]
    for one in found.texts:
        commitment = commitment_of(bytes.fromhex(one.opening), one.subject, one.text)
        assert b64decode(one.sealed.rpartition(":")[2]).startswith(commitment)
        assert one.subject == f"incident/{incident}/witness-1"


async def test_what_the_vault_does_not_know_is_not_claimed(
    incident: str, administrator: Client, database: Database
) -> None:
    await erase(administrator, incident, "witness-1")
    await execute(database.owner_dsn, "TRUNCATE muster_vault.key")
    (found,) = await listed(administrator, incident)
    assert (found.keys_unknown, found.keys_left, found.shares_destroyed) == (1, 0, False)
    assert not found.HasField("carried_out_at")
    assert not found.HasField("copies_until")


async def test_erasures_are_listed_in_their_order_page_by_page_and_of_one_person(
    incident: str, administrator: Client
) -> None:
    await erase(administrator, incident, "witness-3")
    await erase(administrator, incident)
    everybody = [one.person for one in await listed(administrator, incident)]
    assert everybody == ["witness-3", "witness-1", "witness-2"]
    request = privacy_service_pb2.ListErasuresRequest(incident_id=incident, page_size=2)
    first = await administrator.privacy.ListErasures(request)
    request.after = first.next_after
    rest = await administrator.privacy.ListErasures(request)
    assert [one.person for one in (*first.erasures, *rest.erasures)] == everybody
    assert (len(first.erasures), rest.next_after) == (2, 0)
    of_one = await listed(administrator, incident, person="witness-1")
    assert [one.person for one in of_one] == ["witness-1"]


async def test_who_may_act_elsewhere_only_is_told_nothing(service: Service, incident: str) -> None:
    await erase(await service.client("administrator"), incident)
    async with refused() as told:
        await listed(await service.client("elsewhere"), incident)
    assert told.reason == "VENUE_NOT_PERMITTED"


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"after": -1}, ["after"]),
        ({"page_size": 501}, ["page_size"]),
        ({"incident_id": "no uuid"}, ["incident_id"]),
        ({"incident_id": ""}, ["incident_id", "person"]),
    ],
)
async def test_what_can_not_be_listed_says_which_field(
    incident: str, administrator: Client, said: dict[str, Any], fields: list[str]
) -> None:
    request = privacy_service_pb2.ListErasuresRequest(**{"incident_id": incident, **said})
    async with refused() as told:
        await administrator.privacy.ListErasures(request)
    assert list(told.fields) == fields


async def test_who_erases_is_told_what_is_known_and_can_ask_again(
    service: Service, incident: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("administrator")
    where = ("--incident", incident, "--address", service.address, "--token-file", str(token))
    why = ("--basis", "purpose-achieved", "--reason", WHY)
    given = {"MUSTER_LANG": "en", "COLUMNS": "300", "HOME": str(tmp_path)}
    run = partial(muster, given=given, cwd=tmp_path)
    erased = await asyncio.to_thread(run, "erase", "witness-1", *where, *why)
    asked = await asyncio.to_thread(run, "erasures", *where)
    assert (erased.code, asked.code) == (Exit.OK, Exit.OK), erased.text + asked.text
    assert "PersonalDataErased" in erased.out
    for said in (erased.out, asked.out):
        assert "witness-1" in said
        assert "ordered to be erased on" in said
        assert "their shares outside the database, destroyed on" in said
        assert "no backup of the keys that was made here and has not expired holds them" in said


@pytest.mark.parametrize(
    ("language", "never", "says"),
    [
        ("en", ("can never", "nobody can"), ("ordered to be erased", "is to be removed by")),
        ("zh", ("无法再", "再也"), ("命令删除", "最后一份须在")),
    ],
)
async def test_the_certificate_claims_no_more_than_is_known(  # noqa: PLR0913, PLR0917 - in two languages
    incident: str,
    administrator: Client,
    database: Database,
    tmp_path: Path,
    language: str,
    never: tuple[str, ...],
    says: tuple[str, ...],
) -> None:
    await backed_up(database, tmp_path)
    await erase(administrator, incident, "witness-1")
    (found,) = await listed(administrator, incident)
    text = tombstone(found, language)
    assert [one for one in says if one not in text] == []
    assert [one for one in never if one in text] == []
