"""Everybody who acts while things are killed: each asks again until they are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from secrets import token_hex

from activities.notification.channels.webhook_signatures import Secrets
from services.cli.session.connection import metadata_of
from services.demo import stage, story
from services.demo.receiver import Received, receiving
from services.local.folder import Folder
from services.local.stack import KEY_BYTES
from tests.crash.patience import Acknowledged, PatientConnection, patient_channel


@asynccontextmanager
async def played(
    place: Folder, acknowledged: Acknowledged
) -> AsyncIterator[tuple[dict[str, PatientConnection], Received]]:
    """Run a stack on which the stage is set; yield the cast, and what the webhook receives."""
    given = stage.let_in(place, story.CAST)
    place.secret(place.keys / "webhooks", token_hex(KEY_BYTES).encode())
    with receiving(Secrets(place.keys / "webhooks", None)) as received:
        async with stage.stack(place, print) as stack, AsyncExitStack() as opened:
            cast = {}
            for who, token in given.items():
                channel = await opened.enter_async_context(patient_channel(stack.api))
                cast[who] = PatientConnection(channel, metadata_of(token, "en"), acknowledged)
            await stage.prepare(cast, received)
            yield cast, received
