"""What leaves a monitor: checkpoints and alarms, by mail and webhook, until they are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel, ConfigDict

from activities.notification.channels import mail, webhook
from activities.notification.channels.mail import MailServer
from activities.notification.message import Written
from activities.notification.outcome import Failed, Undelivered
from domain.texts import in_a_line, visible
from eventstore.postgres.backoff import Backoff

if TYPE_CHECKING:
    from services.runtime.settings.settings import Settings

log = structlog.get_logger()

AGAIN = Backoff(first_s=1.0, longest_s=300.0)
"""How soon a message that was not taken is sent again."""

Send = Callable[[Written], Awaitable[None]]


class Letter(BaseModel):
    """A message that waits to be taken."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str
    """Names it for good: whoever gets it twice can tell."""
    kind: str
    """`checkpoint`, `alarm` or `recovered`."""
    about: str
    subject: str
    body: str
    channels: tuple[str, ...]
    """Those that did not take it yet."""


@dataclass
class Delivery:
    """Sends messages, each channel as soon as it takes them."""

    channels: Mapping[str, Send]
    receiver: str
    _failures: Counter[str] = field(default_factory=Counter)
    _not_before: dict[str, float] = field(default_factory=dict)

    async def send(self, letter: Letter, now_s: float) -> Letter:
        """Try the channels that did not take it; return it with those that still didn't."""
        left = [one for one in letter.channels if not await self._taken(one, letter, now_s)]
        return letter.model_copy(update={"channels": tuple(left)})

    async def _taken(self, channel: str, letter: Letter, now_s: float) -> bool:
        send = self.channels.get(channel)
        if send is None:
            return True  # it was taken out of the settings
        if now_s < self._not_before.get(channel, 0.0):
            return False
        try:
            await send(_written(letter, self.receiver))
        except (Failed, Undelivered) as cause:
            self._failures[channel] += 1
            pause_s = AGAIN.pause_s(self._failures[channel])
            self._not_before[channel] = now_s + max(pause_s, getattr(cause, "pause_s", 0.0))
            log.warning("not_delivered", channel=channel, about=letter.about, because=str(cause))
            return False
        self._failures.pop(channel, None)
        return True


def delivery_of(settings: Settings) -> Delivery:
    """Return what sends as the settings say. Raises SecretsUnusable."""
    chosen, channels = settings.monitor, dict[str, Send]()
    if chosen.mail_to is not None:
        server, address = MailServer(**dict(settings.mail)), chosen.mail_to
        channels["mail"] = lambda message: mail.send(server, address, message)
    if chosen.webhook_url is not None:
        from services.runtime.webhooks import webhook_rules  # noqa: PLC0415 - a second that others save

        rules, url = webhook_rules(settings), chosen.webhook_url
        channels["webhook"] = lambda message: webhook.send(rules, url, message)
    return Delivery(channels, chosen.webhook_receiver)


def _written(letter: Letter, receiver: str) -> Written:
    return Written(
        key=letter.key,
        to=receiver,
        subject=in_a_line(letter.subject),
        body="\n".join(map(visible, letter.body.split("\n"))),
        incident="",
        message=f"log_{letter.kind}",
        about=letter.about,
        exercise=False,
    )
