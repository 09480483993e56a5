"""What is acknowledged is on both servers; what perhaps is not, is not acknowledged."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from eventstore.log.events import AlreadyThere, Appended
from eventstore.log.log import Log
from eventstore.postgres.errors import LogUnavailable
from eventstore.postgres.replicated_commit import NotReplicated, ReplicatedCommit
from eventstore.recorder.recorder import Receipt, Recorder
from tests.eventstore.notarising import PAUSE_S, checkpoint, notarising, signed_up_to, value
from tests.eventstore.samples import DOOR, NOON, OpenDoor, asked, event, events, whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from tests.standby.conftest import Place

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = '{name}'"
COUNT = "SELECT count(*) FROM muster.event"


async def waiting(place: Place) -> int:
    """Wait until a commit waits for the standby, and return whose it is."""
    async with asyncio.timeout(15):
        while not (pid := place.pair.primary.ask(WAITING.format(name=place.name))):
            await asyncio.sleep(0.02)
    return int(pid.split()[0])


async def there(place: Place) -> int:
    """Return how many events can be seen on the primary."""
    found = await value(place.owner_dsn, COUNT)
    assert isinstance(found, int)
    return found


async def on_standby(place: Place, count: int) -> None:
    """See that the standby, which has flushed an acknowledged event, shows it in a moment."""
    async with asyncio.timeout(15):
        while await _shown(place.on(place.pair.standby.name)) != count:
            await asyncio.sleep(0.01)


def both(place: Place) -> str:
    """Return an address that names both servers."""
    return place.dsn


def one(place: Place) -> str:
    """Return an address that names the primary only, as where it stands behind a proxy."""
    return place.on(place.pair.primary.name)


async def _shown(dsn: str) -> object:
    try:
        return await value(dsn, COUNT)
    except asyncpg.InvalidCatalogNameError:  # the database itself is yet to be shown
        return None


async def test_what_is_acknowledged_is_on_the_standby(place: Place, log: Log) -> None:
    for version in range(5):
        assert isinstance(await log.append("door/a", version, events(1)), Appended)
        await on_standby(place, version + 1)


async def test_an_append_waits_for_a_standby_that_is_away_and_is_answered_when_it_is_back(
    place: Place, log: Log
) -> None:
    place.pair.standby.pause()
    appending = asyncio.create_task(log.append("door/a", 0, events(1)))
    await waiting(place)
    await asyncio.sleep(3.5)  # longer than a transaction may last
    assert not appending.done()
    assert await there(place) == 0
    place.pair.standby.resume()
    assert isinstance(await appending, Appended)
    await on_standby(place, 1)


async def test_an_append_that_took_too_long_is_not_acknowledged_nor_shown_and_comes_once(
    place: Place, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.log.append_connection.UNAVAILABLE_AFTER_S", 0)
    monkeypatch.setattr("eventstore.log.append_connection.APPEND_TIMEOUT_S", 0.5)
    place.pair.standby.pause()
    new = events(1)
    with pytest.raises(LogUnavailable, match="no answer"):
        await log.append("door/a", 0, new)
    await waiting(place)  # still: it was not cancelled
    assert await there(place) == 0
    place.pair.standby.resume()
    monkeypatch.undo()
    again = await log.append("door/a", 0, new)
    assert isinstance(again, AlreadyThere)
    assert again[:2] == (1, 1)
    assert len(await whole(log)) == 1


async def test_a_wait_that_was_cancelled_is_no_acknowledgement(place: Place) -> None:
    """PostgreSQL says INSERT 0 1 with a warning, and everybody sees the row."""
    committing = ReplicatedCommit(place.dsn)
    place.pair.standby.pause()
    one = event()
    call = ("door/a", 0, one.event_id, one.type, 1, NOON, "{}", "{}")
    appending = asyncio.create_task(
        committing.fetch("SELECT * FROM muster.append($1,$2,$3,$4,$5,$6,$7,$8)", *call)
    )
    place.pair.primary.ask(f"SELECT pg_cancel_backend({await waiting(place)})")
    with pytest.raises(NotReplicated):
        await appending
    await committing.close()
    assert await there(place) == 1


async def test_an_append_whose_wait_was_cancelled_is_asked_again_until_the_standby_has_it(
    place: Place, log: Log
) -> None:
    place.pair.standby.pause()
    appending = asyncio.create_task(log.append("door/a", 0, events(1)))
    first = await waiting(place)
    place.pair.primary.ask(f"SELECT pg_cancel_backend({first})")
    await asyncio.sleep(0.5)
    assert await there(place) == 1
    assert await waiting(place) != first  # the repeat waits as well: a duplicate, not yet ours
    assert not appending.done()
    place.pair.standby.resume()
    assert isinstance(await appending, Appended)
    await on_standby(place, 1)


@pytest.mark.parametrize("servers", [both, one], ids=["both servers", "the primary alone"])
@pytest.mark.parametrize("command_id", [uuid4(), None], ids=["the same command", "another one"])
async def test_nothing_is_acknowledged_because_it_is_there_while_the_standby_lacks_it(
    place: Place,
    log: Log,
    command_id: UUID | None,
    servers: Callable[[Place], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a crash of the primary everybody sees what was waiting for the standby."""
    monkeypatch.setattr("eventstore.log.append_connection.UNAVAILABLE_AFTER_S", 0)
    monkeypatch.setattr("eventstore.postgres.barrier.PATIENCE_S", 0.5)
    first = Recorder(log, DOOR, clock=lambda: NOON)
    await log.append("door/b", 0, events(1))
    place.pair.standby.kill()
    recording = asyncio.create_task(first.record("a", asked(OpenDoor(), command_id)))
    await waiting(place)
    place.pair.primary.kill()
    place.pair.primary.start()
    assert await there(place) == 2
    other_log = await Log.open(servers(place))
    again = Recorder(other_log, DOOR, clock=lambda: NOON)
    with pytest.raises(LogUnavailable):
        await again.record("a", asked(OpenDoor(), command_id))
    assert isinstance((await asyncio.gather(recording, return_exceptions=True))[0], LogUnavailable)
    place.pair.standby.start()
    monkeypatch.undo()
    receipt = await again.record("a", asked(OpenDoor(), command_id))
    assert isinstance(receipt, Receipt)
    assert (receipt.version, len(await whole(other_log))) == (1, 2)
    await other_log.close()


async def test_what_is_found_is_not_told_of_while_the_standby_lacks_it(
    place: Place, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventstore.postgres.barrier.PATIENCE_S", 0.5)
    one = event()
    await log.append("door/b", 0, events(1))
    place.pair.standby.kill()
    appending = asyncio.create_task(log.append("door/a", 0, [one]))
    await waiting(place)
    place.pair.primary.kill()
    place.pair.primary.start()
    assert await there(place) == 2
    other = await Log.open(place.dsn)
    assert set(await other.find([one.event_id])) == {one.event_id}
    with pytest.raises(LogUnavailable):
        await other.find_settled([one.event_id])
    await other.close()
    await asyncio.gather(appending, return_exceptions=True)


async def test_reading_goes_on_while_the_standby_is_away(place: Place, log: Log) -> None:
    await log.append("door/a", 0, events(3))
    place.pair.standby.kill()
    appending = asyncio.create_task(log.append("door/a", 3, events(1)))
    await waiting(place)
    async with asyncio.timeout(2):
        assert len(await whole(log)) == 3
    place.pair.stand_alone()
    assert isinstance(await appending, Appended)


async def test_a_notary_signs_nothing_that_the_standby_lacks(
    place: Place, log: Log, tmp_path: Path
) -> None:
    await log.append("door/a", 0, events(1))
    async with notarising(place.dsn, tmp_path):
        await signed_up_to(tmp_path, 1)
    place.pair.standby.kill()
    appending = asyncio.create_task(log.append("door/a", 1, events(1)))
    await waiting(place)
    place.pair.primary.kill()
    place.pair.primary.start()
    assert await there(place) == 2
    async with notarising(place.dsn, tmp_path) as notary:
        await notary.seen.begun.wait()
        await asyncio.sleep(10 * PAUSE_S)
        assert checkpoint(tmp_path).size == 1
        place.pair.standby.start()
        await signed_up_to(tmp_path, 2)
    await asyncio.gather(appending, return_exceptions=True)
