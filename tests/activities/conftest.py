"""A scene on a database of its own, and receivers on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from activities.notification import notify
from eventstore.log.log import Log
from eventstore.privacy.vault import Vault
from tests.activities.attempts import Hands
from tests.activities.notification import receivers
from tests.activities.scene import Scene

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.activities.notification.receivers import Hook, Mailbox, Silence
    from tests.conftest import Database

KEY = bytes(range(32))


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    """A log with the plan in force."""
    key_file = tmp_path / "vault.key"
    key_file.write_text(KEY.hex())
    log = await Log.open(database.dsn)
    vault = await Vault.connect(database.dsn, key_file)
    made = Scene(log, vault)
    await made.publish()
    yield made
    await vault.close()
    await log.close()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with receivers.mailbox() as made:
        yield made


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with receivers.hook() as made:
        yield made


@pytest.fixture
async def silence() -> AsyncIterator[Silence]:
    async with receivers.silence() as made:
        yield made


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once, as often as ever."""
    monkeypatch.setattr(notify, "PAUSES_S", (0.0, 0.01, 0.01, 0.01))


@pytest.fixture
def hands(scene: Scene) -> Hands:
    return Hands(scene)
