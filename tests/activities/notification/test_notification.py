"""Telling people: by their own channels, with one key, as long as it is owed, and no others."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from activities.notification import notify
from activities.notification.channels import mail
from activities.notification.outcome import Undelivered
from domain.incident.closing import CloseIncident, TerminateResponse
from domain.incident.information import ApproveNotice, DraftNotice, PublishNotice
from domain.incident.tasks import AcknowledgeTask, AssignTask
from domain.plan.model.plan import ChannelKind
from domain.values import Mode, Text
from eventstore.privacy.key_wrap import KeyWrap
from eventstore.privacy.sealed import VaultBroken
from tests.activities.scene import (
    CAI,
    EXERCISE_MAIL,
    LIVE_MAIL,
    MESSAGE,
    PLAN,
    by_hook,
    by_mail,
    mail_server,
)

if TYPE_CHECKING:
    from tests.activities.notification.receivers import Hook, Mailbox
    from tests.activities.scene import Scene

ACKNOWLEDGE = AcknowledgeTask(task="guide")
GONE = "410 Gone"
BUSY = "503 Service Unavailable"
FOUR_TIMES = 4
THREE_MINUTES = PLAN.command.accept_within
IN_BOTH = Mode.LIVE, Mode.EXERCISE
BOTH_CHANNELS = (
    (ChannelKind.MAIL, LIVE_MAIL, False),
    (ChannelKind.MAIL, EXERCISE_MAIL, True),
)


async def test_a_duty_comes_by_mail_in_both_languages(scene: Scene, mailbox: Mailbox) -> None:
    await scene.contact("cai", by_mail())
    order = await scene.owed_to("cai", await scene.opened())
    await scene.notifier(mailbox).notify(order)
    (kept,) = mailbox.kept
    assert kept["To"] == LIVE_MAIL
    assert kept["Subject"] == "任务：guide（中文） / Task: guide"
    assert "Shop" in kept.get_content()
    assert await scene.still_owed(order) is None
    (delivered,) = await scene.facts(f"incident/{order.incident}", "NotificationDelivered")
    assert json.loads(delivered) == {"notification": order.subject, "channel": "mail"}


async def test_what_is_sent_twice_has_the_same_key(scene: Scene, mailbox: Mailbox) -> None:
    await scene.contact("cai", by_mail())
    order = await scene.owed_to("cai", await scene.opened())
    await asyncio.gather(*(scene.notifier(mailbox).notify(order) for _ in range(2)))
    assert {kept["Message-ID"] for kept in mailbox.kept} == {mailbox.kept[0]["Message-ID"]}
    assert len(await scene.facts(f"incident/{order.incident}", "NotificationDelivered")) == 1


async def test_what_was_delivered_is_not_sent_again(scene: Scene, mailbox: Mailbox) -> None:
    await scene.contact("cai", by_mail())
    order = await scene.owed_to("cai", await scene.opened())
    notifier = scene.notifier(mailbox)
    assert await notifier.notify(order) == await notifier.notify(order)
    assert len(mailbox.kept) == 1


@pytest.mark.parametrize("mode", IN_BOTH)
async def test_an_exercise_and_an_emergency_reach_each_their_own_mailbox(
    scene: Scene, mailbox: Mailbox, mode: Mode
) -> None:
    await scene.contact("cai", *BOTH_CHANNELS)
    await scene.notifier(mailbox).notify(await scene.owed_to("cai", await scene.opened(mode)))
    assert mailbox.recipients == [{"live": LIVE_MAIL, "exercise": EXERCISE_MAIL}[mode]]


async def test_an_exercise_reaches_nobody_who_has_only_live_channels(
    scene: Scene, mailbox: Mailbox, hook: Hook
) -> None:
    await scene.contact("cai", by_mail(), by_hook(hook))
    order = await scene.owed_to("cai", await scene.opened(Mode.EXERCISE))
    await scene.notifier(mailbox).notify(order)
    assert (mailbox.recipients, hook.posts) == ([], [])
    assert await scene.facts(f"incident/{order.incident}", "NotificationFailed")


async def test_an_exercise_says_so_first(scene: Scene, mailbox: Mailbox) -> None:
    await scene.contact("cai", *BOTH_CHANNELS)
    order = await scene.owed_to("cai", await scene.opened(Mode.EXERCISE))
    await scene.notifier(mailbox).notify(order)
    (kept,) = mailbox.kept
    assert kept["Subject"].startswith("【演练】[EXERCISE]")
    assert kept.get_content().startswith("【演练】[EXERCISE]")
    assert kept["X-Muster-Exercise"] == "yes"


async def test_an_answer_withdraws_what_is_queued(scene: Scene, mailbox: Mailbox) -> None:
    await scene.contact("cai", by_mail())
    incident = await scene.opened()
    order = await scene.owed_to("cai", incident)
    await scene.ask(incident, ACKNOWLEDGE, CAI)
    await scene.notifier(mailbox).notify(order)
    assert mailbox.recipients == []


async def test_an_answer_between_two_attempts_ends_them(
    scene: Scene, mailbox: Mailbox, hook: Hook
) -> None:
    await scene.contact("cai", by_hook(hook), by_mail())
    hook.answers = [BUSY] * FOUR_TIMES
    incident = await scene.opened()
    order = await scene.owed_to("cai", incident)
    telling = asyncio.create_task(scene.notifier(mailbox).notify(order))
    while not hook.posts:
        await asyncio.sleep(0.01)
    answered = await scene.ask(incident, ACKNOWLEDGE, CAI)
    assert await telling == answered.version
    assert (len(hook.posts), mailbox.recipients) == (1, [])


@pytest.mark.usefixtures("in_a_hurry")
@pytest.mark.parametrize(("answer", "attempts"), [(GONE, 1), (BUSY, FOUR_TIMES)])
async def test_the_next_channel_is_tried_when_one_fails(
    scene: Scene, mailbox: Mailbox, hook: Hook, answer: str, attempts: int
) -> None:
    await scene.contact("cai", by_hook(hook), by_mail())
    hook.answers = [answer] * FOUR_TIMES
    order = await scene.owed_to("cai", await scene.opened())
    await scene.notifier(mailbox).notify(order)
    assert (len(hook.posts), mailbox.recipients) == (attempts, [LIVE_MAIL])


async def test_a_receiver_that_never_answers_does_not_keep_the_next_channel_waiting(
    scene: Scene, mailbox: Mailbox, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "DELIVERY_S", 2.0)
    await scene.contact("cai", by_hook(hook), by_mail())
    hook.silent = True
    await scene.notifier(mailbox).notify(await scene.owed_to("cai", await scene.opened()))
    assert (len(hook.posts), mailbox.recipients) == (1, [LIVE_MAIL])


async def test_what_is_told_after_the_case_was_closed_is_recorded_too(
    scene: Scene, mailbox: Mailbox
) -> None:
    await scene.contact("ann", by_mail())
    incident = await scene.opened()
    order = await scene.owed_to("ann", incident)
    await scene.ask(incident, TerminateResponse(overrule=True))
    closed = await scene.ask(incident, CloseIncident(overrule=True))
    assert await scene.notifier(mailbox).notify(order) == closed.version + 1
    assert await scene.still_owed(order) is None


@pytest.mark.usefixtures("in_a_hurry")
async def test_a_mailbox_that_is_busy_is_tried_again(scene: Scene, mailbox: Mailbox) -> None:
    await scene.contact("cai", by_mail())
    mailbox.answers = ["451 later", "421 later still"]
    order = await scene.owed_to("cai", await scene.opened())
    await scene.notifier(mailbox).notify(order)
    assert len(mailbox.kept) == 1


@pytest.mark.usefixtures("in_a_hurry")
async def test_whoever_is_next_is_asked_when_no_channel_works(
    scene: Scene, mailbox: Mailbox
) -> None:
    await scene.contact("cai", by_mail())
    mailbox.answers = ["550 nobody here"]
    incident = await scene.opened()
    await scene.notifier(mailbox).notify(await scene.owed_to("cai", incident))
    (failed,) = await scene.facts(f"incident/{incident}", "NotificationFailed")
    assert json.loads(failed)["cause"] == "mail: mail server answered 550"
    (escalated,) = await scene.facts(f"incident/{incident}", "TaskEscalated")
    assert json.loads(escalated)["to"] == "dan"
    assert mailbox.recipients == [LIVE_MAIL]


async def test_nobody_reads_an_address_in_the_log(scene: Scene, mailbox: Mailbox) -> None:
    await scene.contact("cai", by_mail())
    mailbox.answers = ["550 nobody here"]
    order = await scene.owed_to("cai", await scene.opened())
    await scene.notifier(mailbox).notify(order)
    stored = [event.data + event.meta for event in await scene.log.read(0, limit=1_000)]
    assert not any(LIVE_MAIL in text for text in stored)


async def test_somebody_who_was_forgotten_can_not_be_told(scene: Scene, mailbox: Mailbox) -> None:
    await scene.contact("cai", by_mail())
    await scene.forget("cai")
    order = await scene.owed_to("cai", await scene.opened())
    await scene.notifier(mailbox).notify(order)
    (failed,) = await scene.facts(f"incident/{order.incident}", "NotificationFailed")
    assert json.loads(failed)["cause"] == "mail: the address was erased"


@pytest.mark.parametrize(
    "address",
    ["nobody", "", "cai@live.test\nBcc: all@live.test", "cai@live.test, all@live.test", "<>"],
)
async def test_what_is_no_mail_address_fails_for_good(
    scene: Scene, mailbox: Mailbox, address: str
) -> None:
    await scene.contact("cai", by_mail(address))
    order = await scene.owed_to("cai", await scene.opened())
    await scene.notifier(mailbox).notify(order)
    assert mailbox.recipients == []
    assert await scene.facts(f"incident/{order.incident}", "NotificationFailed")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_no_mail_leaves_in_the_plain_when_tls_was_asked_for(
    mailbox: Mailbox, security: str
) -> None:
    server = mail_server(mailbox).model_copy(update={"security": security})
    with pytest.raises(Undelivered):
        await mail.send(server, LIVE_MAIL, MESSAGE)
    assert (mailbox.recipients, mailbox.kept) == ([], [])


async def test_a_title_of_several_lines_can_be_sent(scene: Scene, mailbox: Mailbox) -> None:
    await scene.contact("ann", by_mail())
    incident = await scene.opened()
    title = Text(en="Close the door\r\nBcc: all@live.test")
    await scene.ask(
        incident,
        AssignTask(task="close", title=title, post="commander", acknowledge_within=THREE_MINUTES),
    )
    notifications = (await scene.state(incident)).notifications
    owed = next(name for name, told in notifications.items() if told.about == "task/close")
    order = (await scene.owed_to("ann", incident)).model_copy(update={"subject": owed})
    await scene.notifier(mailbox).notify(order)
    (kept,) = mailbox.kept
    assert "Close the door Bcc: all@live.test" in kept["Subject"]
    assert kept["Bcc"] is None


async def test_a_public_notice_goes_to_its_channels_word_for_word(
    scene: Scene, mailbox: Mailbox
) -> None:
    await scene.contact("screens", by_mail("screens@live.test"))
    incident = await scene.opened()
    text = Text.of("请从东门离开。", "Please leave by the east door.")
    await scene.ask(incident, DraftNotice(notice="leave", text=text), CAI)
    await scene.ask(incident, ApproveNotice(notice="leave"))
    await scene.ask(incident, PublishNotice(notice="leave"))
    await scene.notifier(mailbox).notify(await scene.owed_to("screens", incident))
    (kept,) = mailbox.kept
    assert kept.get_content().splitlines() == [text.zh, "", text.en]


async def test_a_vault_with_another_key_is_an_operators_matter(
    scene: Scene, mailbox: Mailbox
) -> None:
    await scene.contact("cai", by_mail())
    order = await scene.owed_to("cai", await scene.opened())
    scene.vault._wrap = KeyWrap(bytes(32))  # noqa: SLF001 - as if configured
    with pytest.raises(VaultBroken):
        await scene.notifier(mailbox).notify(order)
    assert await scene.still_owed(order)


async def test_nothing_is_sent_for_an_incident_that_nobody_knows(
    scene: Scene, mailbox: Mailbox
) -> None:
    order = (await scene.owed_to("cai", await scene.opened())).model_copy(
        update={"incident": str(uuid4())}
    )
    assert await scene.notifier(mailbox).notify(order) == 0
