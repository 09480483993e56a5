"""Outcomes of an incident that has many: recorded together."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from activities.notification import notify
from activities.record_outcome import BURST_S
from domain.plan.model.plan import ChannelKind
from domain.values import Mode
from tests.activities.scene import EXERCISE_MAIL, LIVE_MAIL, by_mail

if TYPE_CHECKING:
    import pytest

    from tests.activities.notification.receivers import Mailbox
    from tests.activities.scene import Scene


async def test_an_emergency_is_prepared_before_many_exercises(
    scene: Scene, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PREPARED_AT_ONCE_MAX", 1)
    many = 20
    await scene.contact("cai", by_mail(), (ChannelKind.MAIL, EXERCISE_MAIL, True))
    practised = [await scene.owed_to("cai", await scene.opened(Mode.EXERCISE)) for _ in range(many)]
    order = await scene.owed_to("cai", await scene.opened())
    notifier = scene.notifier(mailbox)
    await asyncio.gather(*map(notifier.notify, practised), notifier.notify(order))
    assert len(mailbox.recipients) == many + 1
    assert mailbox.recipients.index(LIVE_MAIL) < many / 2


async def test_the_many_outcomes_of_an_incident_are_recorded_together(
    scene: Scene, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever else writes to the incident finds room between its appends."""
    many = 60  # more than are recorded one by one
    await scene.contact("screens", by_mail("screens@live.test"))
    incident = await scene.opened()
    orders = await scene.announce(incident, many)
    monkeypatch.setitem(notify.SENDS_AT_ONCE_MAX, ChannelKind.MAIL, 1)
    notifier, begun = scene.notifier(mailbox), time.monotonic()
    await asyncio.gather(*map(notifier.notify, orders))
    took_s = time.monotonic() - begun
    pages = scene.log.read_stream(f"incident/{incident}")
    events = [event async for page in pages for event in page]
    told = [event for event in events if event.type == "NotificationDelivered"]
    assert len(told) == many
    appends = {event.recorded_at for event in told}
    assert len(appends) <= took_s / BURST_S + 2
    assert len(appends) < many
