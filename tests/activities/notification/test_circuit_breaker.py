"""Servers that hang: what is owed to them gets an outcome soon, and keeps no other waiting."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from activities.notification import notify
from activities.notification.channels import circuit_breaker
from activities.notification.channels.circuit_breaker import CircuitBreakers
from activities.notification.outcome import Failed, NotTried, Unanswered, Undelivered
from activities.work import work
from domain.incident.obligations.obligations import WorkKind
from domain.plan.model.plan import ChannelKind
from tests.activities.scene import by_hook, by_mail

if TYPE_CHECKING:
    from tests.activities.notification.receivers import Hook, Mailbox, Silence
    from tests.activities.scene import Scene

MANY = 300
TIMEOUT_S = 0.4
ATTEMPT_S = 5.0
"""Less than four attempts at each take, by 48 at a time."""

FOR_EVER_S = 3600.0
PATIENCE_S = 60.0
ALL_MAIL = notify.ONE_HOST_AT_ONCE_MAX[ChannelKind.MAIL]
ONE_WEBHOOK = notify.ONE_HOST_AT_ONCE_MAX[ChannelKind.WEBHOOK]
NOBODY = "nobody.test:25"
REFUSED = Failed("no", was_heard=True), Undelivered("later", was_heard=True)


async def test_all_that_is_owed_to_a_mail_server_that_hangs_comes_by_the_next_channel(
    scene: Scene, silence: Silence, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(work.ATTEMPT_S, WorkKind.NOTIFY, ATTEMPT_S)
    await scene.contact("screens", by_mail("screens@live.test"), by_hook(hook))
    incident = await scene.opened()
    await scene.announce(incident, MANY)
    notifier = scene.notifier(silence, mail_timeout_s=TIMEOUT_S)
    await scene.work_off(incident, {WorkKind.NOTIFY: notifier.notify})
    told = await scene.facts(f"incident/{incident}", "NotificationDelivered")
    assert Counter(json.loads(one)["channel"] for one in told) == {"webhook": MANY}
    assert len(hook.posts) == MANY
    assert silence.calls <= ALL_MAIL + circuit_breaker.UNANSWERED_MAX


async def test_while_the_only_mail_server_hangs_the_next_is_told_and_the_rest_once_it_answers(
    scene: Scene, mailbox: Mailbox, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit_breaker, "OPEN_S", 0.5)
    mailbox.silent = True
    await scene.contact("screens", by_mail("screens@live.test"))
    await scene.contact("cai", by_mail())
    await scene.contact("dan", by_hook(hook))
    incident = await scene.opened()
    await scene.announce(incident, MANY)
    notifier = scene.notifier(mailbox, mail_timeout_s=TIMEOUT_S)
    working = asyncio.create_task(scene.work_off(incident, {WorkKind.NOTIFY: notifier.notify}))
    async with asyncio.timeout(PATIENCE_S):
        while not hook.posts:
            await asyncio.sleep(0.01)
    assert json.loads(hook.posts[0].body)["about"] == "task/guide"
    owed = (await scene.state(incident)).notifications.values()
    assert sum(told.to == "screens" for told in owed) == MANY
    mailbox.silent = False
    await working
    assert not (await scene.state(incident)).notifications
    assert Counter(mailbox.recipients) == {"screens@live.test": MANY}


async def test_what_a_mail_server_leaves_unanswered_to_the_end_is_recorded_as_failed(
    scene: Scene, silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PAUSES_S", (0.0, 0.01))
    await scene.contact("screens", by_mail("screens@live.test"))
    incident = await scene.opened()
    (order,) = await scene.announce(incident, 1)
    await scene.notifier(silence, mail_timeout_s=TIMEOUT_S).notify(order)
    (failed,) = await scene.facts(f"incident/{incident}", "NotificationFailed")
    assert json.loads(failed)["cause"] == f"mail: mail server: no answer within {TIMEOUT_S:g} s"


async def test_a_webhook_that_hangs_keeps_no_other_waiting(
    scene: Scene, mailbox: Mailbox, silence: Silence, hook: Hook
) -> None:
    await scene.contact("screens", (ChannelKind.WEBHOOK, silence.url, False))
    await scene.contact("cai", by_hook(hook))
    incident = await scene.opened()
    orders = await scene.announce(incident, MANY)
    notifier = scene.notifier(mailbox, webhook_timeout_s=FOR_EVER_S)
    hanging = [asyncio.create_task(notifier.notify(order)) for order in orders]
    async with asyncio.timeout(PATIENCE_S):
        while silence.at_once < ONE_WEBHOOK:
            await asyncio.sleep(0.01)
        await notifier.notify(await scene.owed_to("cai", incident))
    assert len(hook.posts) == 1
    assert silence.most_at_once == ONE_WEBHOOK
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.seconds


def leave_unanswered(breakers: CircuitBreakers, times: int) -> None:
    for _ in range(times):
        with suppress(Unanswered), breakers.call(NOBODY):
            raise Unanswered("nothing was said")


def opened(clock: Clock) -> CircuitBreakers:
    breakers = CircuitBreakers(clock)
    leave_unanswered(breakers, circuit_breaker.UNANSWERED_MAX)
    return breakers


def is_open(breakers: CircuitBreakers) -> bool:
    """Tell whether a call fails at once; one that is let through says nothing of the host."""
    calls = list[str]()
    with suppress(Failed), breakers.call(NOBODY):
        calls.append(NOBODY)
        raise Failed("this is no mail address")
    return not calls


def test_a_breaker_opens_after_so_many_in_a_row_and_for_that_host_only() -> None:
    breakers = CircuitBreakers(Clock())
    leave_unanswered(breakers, circuit_breaker.UNANSWERED_MAX - 1)
    assert not is_open(breakers)
    leave_unanswered(breakers, 1)
    assert is_open(breakers)
    with breakers.call("somebody.test:25"):
        pass


@pytest.mark.parametrize("answer", REFUSED)
def test_an_answer_of_any_kind_ends_the_row(answer: Exception) -> None:
    breakers = CircuitBreakers(Clock())
    leave_unanswered(breakers, circuit_breaker.UNANSWERED_MAX - 1)
    with suppress(Failed, Undelivered), breakers.call(NOBODY):
        raise answer
    leave_unanswered(breakers, circuit_breaker.UNANSWERED_MAX - 1)
    assert not is_open(breakers)


def test_what_never_reached_the_host_does_not_end_the_row() -> None:
    breakers = CircuitBreakers(Clock())
    leave_unanswered(breakers, circuit_breaker.UNANSWERED_MAX - 1)
    with suppress(Failed), breakers.call(NOBODY):
        raise Failed("this is no mail address")
    leave_unanswered(breakers, 1)
    assert is_open(breakers)


def test_after_a_pause_one_at_a_time_is_tried_again() -> None:
    clock = Clock()
    breakers = opened(clock)
    clock.seconds += circuit_breaker.OPEN_S
    with suppress(Unanswered), breakers.call(NOBODY):
        assert is_open(breakers)
        raise Unanswered("nothing was said")
    assert is_open(breakers)
    clock.seconds += circuit_breaker.OPEN_S
    with breakers.call(NOBODY):
        assert is_open(breakers)
    assert not is_open(breakers)
    assert not breakers.hanging()


def test_who_is_turned_away_is_told_when_to_come_again() -> None:
    clock = Clock()
    breakers = opened(clock)
    clock.seconds += 10.0
    with pytest.raises(NotTried) as early, breakers.call(NOBODY):
        pass
    clock.seconds += circuit_breaker.OPEN_S
    with breakers.call(NOBODY), pytest.raises(NotTried) as beside, breakers.call(NOBODY):
        pass
    assert early.value.again_after_s == circuit_breaker.OPEN_S - 10.0
    assert beside.value.again_after_s == circuit_breaker.OPEN_S


def test_a_probe_that_says_nothing_of_the_host_leaves_room_for_the_next() -> None:
    clock = Clock()
    breakers = opened(clock)
    clock.seconds += circuit_breaker.OPEN_S
    with suppress(asyncio.CancelledError), breakers.call(NOBODY):
        raise asyncio.CancelledError
    with breakers.call(NOBODY):
        pass
    assert not is_open(breakers)
