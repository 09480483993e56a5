"""The system's own commands: no caller reaches their ids, and no refusal is the end of one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from activities.record_outcome import command_id, record_outcome
from domain.decider import CommandEnvelope
from domain.incident.closing import CloseIncident, TerminateResponse
from domain.incident.measures import ImposeMeasure
from domain.incident.notification import ConfirmDelivery, ReportDeliveryFailure
from domain.incident.obligations.obligations import WorkOrder
from domain.incident.resources import ReleaseUnit
from domain.plan.model.plan import ChannelKind
from domain.resource.unit import PutOutOfService, ReturnToService, UnitStatus
from domain.values import HANDS
from eventstore.postgres.errors import LogDiverged
from eventstore.recorder.recorder import Receipt
from tests.activities.scene import OFFICER, Scene, by_mail
from tests.conftest import execute

if TYPE_CHECKING:
    from tests.activities.notification.receivers import Mailbox
    from tests.conftest import Database

APPENDS = "ALL FUNCTIONS IN SCHEMA muster"
BROKEN = PutOutOfService(cause="flat tyre")
MENDED = ReturnToService()
ATTEMPTS = range(3)


async def taken_by_a_caller(scene: Scene, incident: str, named: UUID) -> None:
    """Let somebody who knows the source record something harmless under a coming id."""
    harmless = CommandEnvelope(ImposeMeasure(measure=f"m{named.hex}", title="Tape"), named, OFFICER)
    answer = await scene.incidents.record(incident, harmless)
    assert isinstance(answer, Receipt), answer
    assert answer.kinds == ("MeasureImposed",)


async def test_a_delivery_is_recorded_and_sent_once_though_a_caller_took_its_id(
    scene: Scene, mailbox: Mailbox
) -> None:
    await scene.contact("cai", by_mail())
    order = await scene.owed_to("cai", await scene.opened())
    coming = await command_id(
        scene.incidents, order.incident, f"notify/{order.subject}", "ConfirmDelivery"
    )
    await taken_by_a_caller(scene, order.incident, coming)
    notifier = scene.notifier(mailbox)
    for _ in ATTEMPTS:
        await notifier.notify(order)
    assert len(mailbox.kept) == 1
    assert await scene.still_owed(order) is None


async def test_a_unit_is_reserved_sent_and_given_back_though_a_caller_took_all_ids(
    scene: Scene,
) -> None:
    await scene.unit("u1")
    order = await scene.request(await scene.opened())
    works = [
        ("reserve/u1/guards/1", "reserve"),
        ("dispatch/guards", "send-u1"),
        ("dispatch/guards", "unavailable-after-0"),
        ("release/u1/guards/2", "release"),
        ("return/u1/guards", "back"),
    ]
    for work in works:
        coming = await command_id(scene.incidents, order.incident, *work)
        await taken_by_a_caller(scene, order.incident, coming)
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ("u1",)
    await scene.ask(order.incident, ReleaseUnit(unit="u1"))
    await scene.dispatcher().give_back(WorkOrder(incident=order.incident, subject="u1"))
    assert (await scene.kept("u1")).status is UnitStatus.AVAILABLE
    assert "u1" not in (await scene.state(order.incident)).units


async def test_a_unit_is_reserved_though_a_caller_took_the_id_in_the_unit_s_own_stream(
    scene: Scene,
) -> None:
    await scene.unit("u1")
    order = await scene.request(await scene.opened())
    coming = await command_id(scene.incidents, order.incident, "reserve/u1/guards/3", "reserve")
    for command, named in ((BROKEN, coming), (MENDED, uuid4())):
        answer = await scene.units.record("u1", CommandEnvelope(command, named, OFFICER))
        assert isinstance(answer, Receipt)
    await scene.dispatcher().dispatch(order)
    assert await scene.sent(order) == ("u1",)


async def test_what_two_attempts_found_differently_is_recorded_all_the_same(
    scene: Scene,
) -> None:
    order = await scene.owed_to("cai", await scene.opened())
    work = f"notify/{order.subject}"
    owed = (await scene.state(order.incident)).notifications
    (another, *_) = [name for name in owed if name != order.subject]
    other = ReportDeliveryFailure(notification=another, cause="nobody answers")
    first = await record_outcome(scene.incidents, order.incident, work, "told", other)
    told = ConfirmDelivery(notification=order.subject, channel=ChannelKind.MAIL)
    second = await record_outcome(scene.incidents, order.incident, work, "told", told)
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt), second
    assert second.kinds == ("NotificationDelivered",)


async def test_a_mail_is_not_sent_again_while_its_delivery_cannot_be_recorded(
    scene: Scene, mailbox: Mailbox, database: Database
) -> None:
    await scene.contact("cai", by_mail())
    order = await scene.owed_to("cai", await scene.opened())
    notifier = scene.notifier(mailbox)
    await execute(database.owner_dsn, f"REVOKE EXECUTE ON {APPENDS} FROM muster_runtime")
    for _ in ATTEMPTS:
        with pytest.raises(LogDiverged):
            await notifier.notify(order)
    assert len(mailbox.kept) == 1
    await execute(database.owner_dsn, f"GRANT EXECUTE ON {APPENDS} TO muster_runtime")
    await notifier.notify(order)
    assert len(mailbox.kept) == 1
    assert await scene.still_owed(order) is None


async def test_what_was_delivered_before_the_close_is_recorded_after_it(scene: Scene) -> None:
    order = await scene.owed_to("cai", await scene.opened())
    for end in (TerminateResponse(overrule=True), CloseIncident(overrule=True)):
        await scene.ask(order.incident, end)
    (owed, *_) = (await scene.state(order.incident)).notifications
    told = ConfirmDelivery(notification=owed, channel=ChannelKind.MAIL)
    answer = await record_outcome(
        scene.incidents, order.incident, f"notify/{owed}", told.kind, told
    )
    assert isinstance(answer, Receipt), answer
    assert answer.kinds == ("NotificationDelivered",)


async def test_a_hand_s_ids_begin_with_the_moment_at_which_the_incident_began(
    scene: Scene,
) -> None:
    incident = await scene.opened()
    (first, *_) = [page async for page in scene.log.read_stream(f"incident/{incident}", up_to=1)]
    began_ms = int(first[0].recorded_at.timestamp() * 1_000)
    named = await command_id(scene.incidents, incident, "notify/n1", "ConfirmDelivery")
    assert named.int >> 80 == began_ms
    again = await command_id(scene.door_of_incidents(), incident, "notify/n1", "ConfirmDelivery")
    assert named == again
    assert HANDS.id == "hands"
