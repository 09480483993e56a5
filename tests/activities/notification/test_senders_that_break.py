"""Whatever goes wrong in a sender is written down; the next channel and contact are tried."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Never

import pytest

from activities.notification.channels import mail, webhook
from domain.directory.person import Channel, RegisterContact
from domain.plan.model.plan import ChannelKind
from eventstore.recorder.recorder import Receipt
from tests.activities.scene import LIVE_MAIL, MESSAGE, asked, by_hook, by_mail, mail_server, rules

if TYPE_CHECKING:
    from tests.activities.notification.receivers import Hook, Mailbox
    from tests.activities.scene import Scene

pytestmark = pytest.mark.usefixtures("in_a_hurry")

UNFORESEEN = [
    UnicodeEncodeError("ascii", "例", 0, 1, "of a library"),
    ValueError(f"bad header for {LIVE_MAIL}"),
    RuntimeError("no running loop"),
    AssertionError(),
    RecursionError(),
    MemoryError(),
    TimeoutError(),
    OSError(24, "Too many open files"),
    ExceptionGroup("several", [ValueError(), OSError()]),
]


def breaks(error: Exception) -> object:
    async def send(*_: object) -> Never:
        raise error

    return send


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
async def test_the_next_channel_is_tried_when_a_sender_breaks(
    scene: Scene, mailbox: Mailbox, hook: Hook, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "send", breaks(error))
    await scene.contact("cai", by_hook(hook), by_mail())
    order = await scene.owed_to("cai", await scene.opened())
    await scene.notifier(mailbox).notify(order)
    assert mailbox.recipients == [LIVE_MAIL]
    assert await scene.facts(f"incident/{order.incident}", "NotificationDelivered")


@pytest.mark.parametrize("error", UNFORESEEN, ids=lambda error: type(error).__name__)
async def test_the_next_contact_is_told_when_every_sender_breaks(
    scene: Scene, mailbox: Mailbox, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "send", breaks(error))
    await scene.contact("cai", by_mail())
    incident = await scene.opened()
    await scene.notifier(mailbox).notify(await scene.owed_to("cai", incident))
    (failed,) = await scene.facts(f"incident/{incident}", "NotificationFailed")
    assert json.loads(failed)["cause"] == f"mail: unforeseen {type(error).__name__}"
    (escalated,) = await scene.facts(f"incident/{incident}", "TaskEscalated")
    assert json.loads(escalated)["to"] == "dan"


@pytest.mark.parametrize("url", ["http://☃.test/", "http://a\u200bb.test:x/", "http://-/"])
async def test_a_webhook_whose_host_is_none_is_a_failure_and_the_next_channel_is_tried(
    scene: Scene, mailbox: Mailbox, url: str
) -> None:
    await scene.contact("cai", (ChannelKind.WEBHOOK, url, False), by_mail())
    await scene.notifier(mailbox).notify(await scene.owed_to("cai", await scene.opened()))
    assert mailbox.recipients == [LIVE_MAIL]


async def test_an_international_host_name_is_called_by_its_ascii_name(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    await webhook.send(rules(), f"http://例子.中国:{hook.port}/路?问=1", MESSAGE)
    (post,) = hook.posts
    assert asked == ["xn--fsqu00a.xn--fiqs8s"]
    assert post.headers["host"] == f"xn--fsqu00a.xn--fiqs8s:{hook.port}"
    assert post.path == "/%E8%B7%AF?%E9%97%AE=1"


async def test_an_international_mail_domain_is_reached_by_its_ascii_name(mailbox: Mailbox) -> None:
    await mail.send(mail_server(mailbox), "cai@例子.中国", MESSAGE)
    assert mailbox.recipients == ["cai@xn--fsqu00a.xn--fiqs8s"]


async def test_an_address_that_the_vault_cannot_open_does_not_keep_the_next_from_being_tried(
    scene: Scene, mailbox: Mailbox
) -> None:
    sealed = await scene.vault.seal("directory/cai", LIVE_MAIL)
    foreign = Channel(kind=ChannelKind.MAIL, address=f"{sealed[:-8]}AAAAAAA=")
    good = Channel(kind=ChannelKind.MAIL, address=sealed)
    command = RegisterContact(person="cai", channels=(foreign, good))
    assert isinstance(await scene.people.record("cai", asked(command)), Receipt)
    await scene.notifier(mailbox).notify(await scene.owed_to("cai", await scene.opened()))
    assert mailbox.recipients == [LIVE_MAIL]
