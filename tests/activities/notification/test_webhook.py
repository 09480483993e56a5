"""Webhooks: signed, recognisable, patient, and never sent to where they must not go."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING

import pytest

from activities.notification.channels import webhook
from activities.notification.outcome import Failed, Undelivered
from tests.activities.scene import MESSAGE, SECRET, by_hook, rules

if TYPE_CHECKING:
    from tests.activities.notification.receivers import Hook, Mailbox
    from tests.activities.scene import Scene

A_SECOND = 1.0


async def test_a_receiver_can_check_who_sent_it_and_when(hook: Hook) -> None:
    await webhook.send(rules(), hook.url, MESSAGE)
    (post,) = hook.posts
    timestamp = post.headers["muster-timestamp"]
    signed = timestamp.encode() + b"." + post.body
    expected = "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(post.headers["muster-signature"], expected)
    assert abs(int(timestamp) - time.time()) < A_SECOND * 60


async def test_a_receiver_can_tell_a_repeat(hook: Hook) -> None:
    await webhook.send(rules(), hook.url, MESSAGE)
    await webhook.send(rules(), hook.url, MESSAGE)
    assert [post.headers["idempotency-key"] for post in hook.posts] == ["case/n1", "case/n1"]
    assert hook.posts[0].body == hook.posts[1].body


async def test_the_whole_address_and_the_host_name_arrive(hook: Hook) -> None:
    await webhook.send(rules(), hook.url, MESSAGE)
    (post,) = hook.posts
    assert post.path == "/hook?key=1"
    assert post.headers["host"] == f"localhost:{hook.port}"
    assert json.loads(post.body)["body"] == MESSAGE.body


@pytest.mark.parametrize("answer", ["400 Bad", "401 No", "404 Where", "410 Gone", "301 Moved"])
async def test_what_will_not_change_fails_for_good(hook: Hook, answer: str) -> None:
    hook.answers = [answer]
    with pytest.raises(Failed, match=answer[:3]):
        await webhook.send(rules(), hook.url, MESSAGE)


async def test_a_redirect_is_not_followed(hook: Hook) -> None:
    hook.answers = [f"307 There\r\nLocation: {hook.url}"]
    with pytest.raises(Failed):
        await webhook.send(rules(), hook.url, MESSAGE)
    assert len(hook.posts) == 1


@pytest.mark.parametrize("answer", ["408 Slow", "429 Many", "500 Oops", "502 Bad", "503 Busy"])
async def test_what_may_change_can_be_tried_again(hook: Hook, answer: str) -> None:
    hook.answers = [answer]
    with pytest.raises(Undelivered, match=answer[:3]):
        await webhook.send(rules(), hook.url, MESSAGE)


@pytest.mark.parametrize(
    ("asked_for", "pause_s"), [("7", 7.0), ("soon", 0.0), ("-3", 0.0), ("²", 0.0)]
)
async def test_a_receiver_says_when_to_come_back(
    hook: Hook, asked_for: str, pause_s: float
) -> None:
    hook.answers = [f"429 Many\r\nRetry-After: {asked_for}"]
    with pytest.raises(Undelivered) as undelivered:
        await webhook.send(rules(), hook.url, MESSAGE)
    assert undelivered.value.pause_s == pause_s


@pytest.mark.usefixtures("in_a_hurry")
async def test_the_next_attempt_waits_as_long_as_it_was_asked_to(
    scene: Scene, mailbox: Mailbox, hook: Hook
) -> None:
    await scene.contact("cai", by_hook(hook))
    hook.answers = ["429 Many\r\nRetry-After: 1"]
    await scene.notifier(mailbox).notify(await scene.owed_to("cai", await scene.opened()))
    first, second = hook.posts
    assert second.at - first.at >= A_SECOND


async def test_a_receiver_that_is_away_may_come_back(hook: Hook) -> None:
    closed = await asyncio.start_server(hook.take, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()
    with pytest.raises(Undelivered):
        await webhook.send(rules(), f"http://127.0.0.1:{port}/", MESSAGE)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433"])
async def test_nothing_goes_to_this_machine_unless_allowed(hook: Hook, host: str) -> None:
    with pytest.raises(Failed, match="private network"):
        await webhook.send(rules(private_networks=False), f"http://{host}:{hook.port}/", MESSAGE)
    assert hook.posts == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://localhost/",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://localhost:99999999/",
        "http://localhost:0/",
        "http://a..b/",
        f"http://{'a' * 80}.test/",
        "http://127.0.0.1/\x00",
    ],
)
async def test_what_is_no_address_fails_for_good(url: str) -> None:
    with pytest.raises(Failed):
        await webhook.send(rules(), url, MESSAGE)
